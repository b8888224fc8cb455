# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.auth_token import TAG, Accepted, Mark, Strategy, accepted, read_mark, steps


def test_the_tag_s_name_stays_what_earlier_runs_wrote() -> None:
    assert TAG == "AuthTokenVersion"


@pytest.mark.parametrize(
    ("tag", "mark"),
    [
        ("3@1767225600 rotating since 0", Mark("3@1767225600", "rotating", 0)),
        ("3@1767225600 rotating since 17", Mark("3@1767225600", "rotating", 17)),
        ("3@1767225600 rotated", Mark("3@1767225600", "rotated")),
        ("12@5 setting since 99", Mark("12@5", "setting", 99)),
        ("12@5 set", Mark("12@5", "set")),
    ],
)
def test_a_mark_is_read_as_it_was_written(tag: str, mark: Mark) -> None:
    assert read_mark(tag) == mark
    assert str(mark) == tag


@pytest.mark.parametrize(
    "tag", [None, "", "3 rotated", "3@5", "3@5 rotate", "3@5 unset", "x 3@5 set", "3@5 set by hand", "3@5 set since", "3@5 SET", "a@b set"]
)
def test_a_tag_that_is_not_ours_is_no_mark(tag: str | None) -> None:
    assert read_mark(tag) is None


@pytest.mark.parametrize(
    ("mark", "enabled", "modified", "now"),
    [
        (None, True, 5, "no"),
        (Mark("2@9", "set"), True, 5, "no"),
        # A run was killed in the middle of a step: the group was changed since then, or not.
        (Mark("3@9", "rotating", 5), True, 5, "no"),
        (Mark("3@9", "rotating", 5), True, 6, "beside"),
        (Mark("3@9", "rotating", 0), False, 7, "beside"),
        (Mark("3@9", "rotated"), True, 5, "beside"),
        (Mark("3@9", "rotated"), False, 5, "beside"),
        (Mark("3@9", "setting", 5), True, 5, "beside"),
        (Mark("3@9", "setting", 5), True, 6, "only"),
        (Mark("3@9", "setting", 5), False, 6, "no"),
        (Mark("3@9", "set"), True, 5, "only"),
        (Mark("3@9", "set"), False, 5, "no"),
    ],
)
def test_what_the_group_accepts_follows_from_its_mark_and_its_times(mark: Mark | None, enabled: bool, modified: int, now: Accepted) -> None:
    assert accepted(mark, "3@9", enabled=enabled, modified=modified) == now


@pytest.mark.parametrize(
    ("now", "wanted", "left"),
    [
        ("no", "ROTATE", ["ROTATE"]),
        ("no", "SET", ["ROTATE", "SET"]),
        ("beside", "ROTATE", []),
        ("beside", "SET", ["SET"]),
        ("only", "ROTATE", []),
        ("only", "SET", []),
    ],
)
def test_set_comes_after_rotate_and_nothing_is_done_twice(now: Accepted, wanted: Strategy, left: list[Strategy]) -> None:
    assert steps(now, wanted) == left
