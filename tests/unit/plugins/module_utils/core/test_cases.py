# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real messages, from tests/unit/fixtures/cases, and what a person must be told of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.redash.ecs.plugins.module_utils.core.last_words import why
from ansible_collections.redash.ecs.plugins.module_utils.core.stopped import explain, explain_failure

CASES = Path(__file__).parents[4] / "unit" / "fixtures" / "cases"


def cases(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((CASES / name).read_text(encoding="utf-8")))


STOPPED = cases("stopped_reasons.yml")
LAST_WORDS = cases("last_words.yml")


def task_of(case: dict[str, Any]) -> dict[str, Any]:
    container = {"name": "server", "lastStatus": "STOPPED", "reason": case.get("reason_of_container"), "exitCode": case.get("exit_code")}
    started = {"startedAt": "2026-01-01T00:00:00Z"} if case.get("started") else {}
    return {"stopCode": case.get("stop_code", "TaskFailedToStart"), "stoppedReason": case["reason"], "containers": [container], **started}


@pytest.mark.parametrize("case", STOPPED, ids=[case["reason"][-60:] for case in STOPPED])
def test_a_stopped_reason_has_its_cause_its_retry_and_its_remedy(case: dict[str, Any]) -> None:
    stopped = explain(task_of(case), case.get("log", ()))
    assert (stopped.cause, stopped.retry) == (case["cause"], case["retry"])
    assert case.get("todo", "") in stopped.todo
    assert stopped.todo


# As other hands pass it on: another case, typographic quotes, broken lines.
@pytest.mark.parametrize(
    "change",
    [str.upper, lambda text: text.replace("'", "\u2019"), lambda text: text.replace(" ", "\n  "), lambda text: f"  {text}\r\n"],
    ids=["upper case", "quotes", "lines", "edges"],
)
def test_how_a_reason_is_written_does_not_matter(change: Callable[[str], str]) -> None:
    wrong = {}
    for case in STOPPED:
        stopped = explain(task_of({**case, "reason": change(case["reason"])}), case.get("log", ()))
        if (stopped.cause, stopped.retry) != (case["cause"], case["retry"]):
            wrong[case["reason"]] = stopped.cause
    assert not wrong


@pytest.mark.parametrize("length", range(150, 256, 15))
def test_a_cut_reason_is_judged_by_what_is_left_and_never_contradicts_the_whole(length: int) -> None:
    # Without its end a reason may tell less; it must not tell something else, nor promise that a retry helps.
    vague = {"secret", "image", "log_group", "resources", "never_started", "env_file", "volume", "start", "no_route"}
    for case in STOPPED:
        if case.get("started") or len(case["reason"]) <= length or case.get("stop_code"):
            continue
        stopped = explain(task_of({**case, "reason": case["reason"][:length] + "..."}))
        assert stopped.cause == case["cause"] or stopped.cause in vague, case["reason"][:length]
        assert not stopped.retry or case["retry"], case["reason"][:length]


def test_what_is_not_recognised_shows_awss_sentence_and_where_it_is_documented() -> None:
    sentence = "ResourceInitializationError: the moon is full"
    stopped = explain(task_of({"reason": sentence}))
    assert sentence in stopped.what
    assert "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html" in stopped.todo


@pytest.mark.parametrize("case", [case for case in STOPPED if not case.get("started") and not case.get("stop_code")][::5])
def test_run_tasks_failures_are_told_by_the_same_table(case: dict[str, Any]) -> None:
    if case["cause"] != "never_started":
        assert explain_failure({"reason": case["reason"]}).cause == case["cause"]


@pytest.mark.parametrize("case", LAST_WORDS, ids=[case["says"][:50] for case in LAST_WORDS])
def test_the_sentence_names_the_cause(case: dict[str, Any]) -> None:
    words = why(case["lines"])
    assert words is not None
    assert case["says"] in words.said
    assert words.cause == case["cause"]
    assert case.get("todo", "") in words.todo
    assert bool(words.cause) == bool(words.todo)
    for never in ("Background on this error", "[SQL:", "[parameters:", "Traceback", "exit status", case.get("never", "Background")):
        assert never not in words.said


@pytest.mark.parametrize("case", LAST_WORDS, ids=[case["says"][:50] for case in LAST_WORDS])
def test_what_comes_after_the_exception_hides_it_from_nobody(case: dict[str, Any]) -> None:
    after = [
        "2026-01-01 00:00:00,000 INFO exited: worker-0 (exit status 1; not expected)",
        "2026-01-01 00:00:01,000 WARN received SIGTERM indicating exit request",
        "[2026-01-01 00:00:02 +0000] [1] [INFO] Handling signal: term",
        "[2026-01-01 00:00:03 +0000] [1] [ERROR] Reason: Worker failed to boot.",
        "No processes in state RUNNING found",
        'redash-ecs-result: {"rc": 1}',
        "",
    ]
    before = ["[2026-01-01 00:00:00,000][PID:1][INFO][alembic.runtime.migration] Running upgrade a -> b, lock timeout of widgets"]
    words = why([*before, *case["lines"], *after])
    assert words is not None
    assert case["says"] in words.said
    assert words.cause == case["cause"]


def test_a_task_that_failed_says_so_in_one_sentence() -> None:
    for case in LAST_WORDS:
        task = {"startedAt": "x", "stopCode": "EssentialContainerExited", "containers": [{"name": "task-runner", "exitCode": 1}]}
        stopped = explain(task, case["lines"])
        assert stopped.what.startswith("task-runner exited with 1: ")
        assert case["says"] in stopped.what
        assert "\n" not in stopped.what
        assert stopped.said and stopped.said in stopped.what


def test_a_secret_in_an_exception_is_masked() -> None:
    secret = "hunter2-hunter2"
    for line in (
        f"sqlalchemy.exc.ArgumentError: Could not parse SQLAlchemy URL from string 'postgresql://redash:{secret}@db:x/redash'",
        f"redis.exceptions.ConnectionError: Error 111 connecting to rediss://:{secret}@redis:6379/0",
        f"ValueError: bad option 'password': '{secret}'",
        f'psycopg2.ProgrammingError: invalid dsn: missing "=" in connection info string "host=db password={secret} dbname"',
    ):
        words = why([line])
        assert words is not None
        assert secret not in words.said
        assert secret not in explain({"startedAt": "x", "containers": [{"name": "a", "exitCode": 1}]}, [line]).what


def test_silence_is_not_made_into_a_cause() -> None:
    assert why([]) is None
    assert why(["", "   ", "Traceback (most recent call last):", '  File "x", line 1, in y']) is None
    assert why(["a" * 5000]).said.endswith(" ...")  # type: ignore[union-attr]
