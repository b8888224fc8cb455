# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem("cpu 300 is no size"), "cpu 300 is no size"),
        (Problem("cpu 300 is no size."), "cpu 300 is no size."),
        (Problem("cpu 300 is no size", "redash_task_size"), "redash_task_size: cpu 300 is no size"),
        (Problem("cpu 300 is no size", todo="Use 256."), "cpu 300 is no size. Use 256."),
        (Problem("cpu 300 is no size...", "redash_task_size", "Use 256."), "redash_task_size: cpu 300 is no size. Use 256."),
        (Problem("line 1\n  line 2\t\tend", "a\nb", "Do\r\nthat."), "a b: line 1 line 2 end. Do that."),
    ],
)
def test_a_problem_is_one_line_with_its_place_and_what_to_do(problem: Problem, line: str) -> None:
    assert str(problem) == line
    assert str(RedashError(problem)) == line


ONE, TWO = Problem("one", "here", "Do it."), Problem("two")


@pytest.mark.parametrize(
    ("given", "problems", "text"),
    [
        ("it is down", [Problem("it is down")], "it is down"),
        (ONE, [ONE], "here: one. Do it."),
        ([ONE], [ONE], "here: one. Do it."),
        (iter([ONE, TWO]), [ONE, TWO], "2 problems:\n- here: one. Do it.\n- two"),
    ],
)
def test_an_error_says_all_its_problems(given: Any, problems: list[Problem], text: str) -> None:
    error = RedashError(given)
    assert error.problems == problems
    assert str(error) == text
    assert error.args == (text,)
    assert error.result == {}


def test_an_error_without_a_problem_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="^RedashError needs at least one problem$"):
        raise RedashError([])


def test_an_error_keeps_what_is_known_so_far() -> None:
    known = {"task_arn": "x"}
    error = RedashError("failed", result=known)
    known.clear()
    assert error.result == {"task_arn": "x"}


def test_problems_are_collected_and_raised_together_in_their_order() -> None:
    problems = Problems()
    assert not problems
    problems.raise_if_any()
    problems.add("two")
    problems.extend(RedashError([ONE, TWO]))
    problems.add("three", where="there", todo="Go.")
    assert problems
    with pytest.raises(RedashError) as caught:
        problems.raise_if_any()
    assert caught.value.problems == [TWO, ONE, TWO, Problem("three", "there", "Go.")]
    assert Problems().found == [], "two collections share nothing"
