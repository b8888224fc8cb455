# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.terraform_events import HELPS_NOBODY, Events


def read(*events: Any) -> tuple[Events, list[str]]:
    shown: list[str] = []
    reader = Events(shown.append)
    for event in events:
        reader.read(event if isinstance(event, str) else json.dumps(event))
    return reader, shown


def hook(kind: str, action: str, elapsed: int, address: str = "aws_vpc.this") -> dict[str, Any]:
    return {"type": kind, "hook": {"resource": {"addr": address}, "action": action, "elapsed_seconds": elapsed}}


def diagnostic(summary: str, detail: str = "", severity: str = "error", **more: Any) -> dict[str, Any]:
    return {"type": "diagnostic", "diagnostic": {"severity": severity, "summary": summary, "detail": detail, **more}}


def test_each_completion_is_one_line() -> None:
    _, shown = read(hook("apply_complete", "create", 12), hook("apply_complete", "delete", 0), hook("apply_complete", "update", 1))
    assert shown == ["created aws_vpc.this  12 s", "destroyed aws_vpc.this", "changed aws_vpc.this  1 s"]
    assert read(hook("apply_complete", "replace", 0), hook("apply_complete", "noop", 2))[1] == [
        "replaced aws_vpc.this",
        "noop aws_vpc.this  2 s",
    ]
    _, shown = read(hook("apply_errored", "create", 0), hook("apply_errored", "create", 1))
    assert shown == ["failed aws_vpc.this", "failed aws_vpc.this  after 1 s"]
    event = hook("apply_complete", "create", 3)
    del event["hook"]["elapsed_seconds"]
    assert read(event)[1] == ["created aws_vpc.this"]
    # Of a second that has not ended nothing is said.
    assert read({**event, "hook": {**event["hook"], "elapsed_seconds": 0.6}})[1] == ["created aws_vpc.this"]


@pytest.mark.parametrize(
    ("action", "doing"),
    [("create", "creating"), ("update", "changing"), ("delete", "destroying"), ("replace", "replacing"), ("noop", "noop")],
)
def test_what_still_goes_on_is_said_by_its_verb(action: str, doing: str) -> None:
    assert read(hook("apply_progress", action, 20))[1] == [f"still {doing} aws_vpc.this ... 20 s"]


def test_slow_things_are_mentioned_at_twenty_seconds_and_then_once_a_minute() -> None:
    _, shown = read(*(hook("apply_progress", "create", seconds) for seconds in range(10, 200, 10)))
    assert shown == [f"still creating aws_vpc.this ... {seconds} s" for seconds in (20, 80, 140)]


def test_two_slow_things_do_not_hide_each_other() -> None:
    _, shown = read(hook("apply_progress", "create", 20, "a.b"), hook("apply_progress", "delete", 20, "c.d"))
    assert shown == ["still creating a.b ... 20 s", "still destroying c.d ... 20 s"]


def test_what_is_only_read_is_not_shown() -> None:
    assert read(hook("apply_complete", "read", 3), hook("apply_start", "create", 3))[1] == []


def test_an_error_becomes_a_problem_with_its_address_and_one_line() -> None:
    reader, _ = read(diagnostic("creating ECS Cluster", "AccessDenied:\n  not yours", address="aws_ecs_cluster.this"))
    assert [str(problem) for problem in reader.problems] == ["aws_ecs_cluster.this: creating ECS Cluster: AccessDenied: not yours"]


def test_what_aws_says_is_said_without_the_sdks_wrapping() -> None:
    said = (
        "creating IAM Role (x): operation error IAM: CreateRole, https response error StatusCode: 409, RequestID: QRId-55,"
        " EntityAlreadyExists: Role with name x already exists."
    )
    reader, _ = read(diagnostic(said, address="aws_iam_role.x"))
    (problem,) = reader.problems
    assert str(problem) == "aws_iam_role.x: creating IAM Role (x): EntityAlreadyExists: Role with name x already exists."


def test_an_error_without_an_address_names_file_and_line() -> None:
    place = {"filename": "variables.tf", "start": {"line": 7, "column": 1}}
    reader, _ = read(diagnostic("No value for required variable", "region is not set.", range=place))
    assert str(reader.problems[0]) == "variables.tf line 7: No value for required variable: region is not set."
    reader, _ = read(diagnostic("Error: Backend initialization required"), diagnostic("x", "y", address="", range=None))
    assert [str(problem) for problem in reader.problems] == ["terraform: Backend initialization required", "terraform: x: y"]


def test_a_failed_check_speaks_for_itself() -> None:
    detail = "az_count 5: 2 or 3.\n\nThis was checked by the validation rule at variables.tf:1,1-2."
    reader, _ = read(diagnostic("Invalid value for variable", detail, address="var.network"))
    assert str(reader.problems[0]) == "var.network: az_count 5: 2 or 3."


@pytest.mark.parametrize("title", ["Invalid value for variable", "Resource precondition failed", "Resource postcondition failed"])
def test_the_title_of_a_failed_check_is_left_out(title: str) -> None:
    reader, _ = read(diagnostic(f"Error: {title}", "it has to be small", address="a.b"))
    assert str(reader.problems[0]) == "a.b: it has to be small"


def test_the_wrapping_is_left_out_of_the_detail_too_and_after_more_attempts() -> None:
    wrapped = (
        "operation error Elastic Load Balancing v2: CreateLoadBalancer, exceeded maximum number of attempts, 3,"
        " https response error StatusCode: 400, RequestID: 1-2, DuplicateLoadBalancerName: x"
    )
    reader, _ = read(diagnostic("creating", wrapped, address="aws_lb.this"))
    assert str(reader.problems[0]) == "aws_lb.this: creating: DuplicateLoadBalancerName: x"


def test_a_lock_is_read_whole() -> None:
    detail = (
        "Error message: state blob is already locked\nLock Info:\n  ID:        0e7b-1\n  Path:      bucket/key\n"
        "  Operation: OperationTypeApply\n  Who:       ci@runner\n  Version:   1.11.4\n  Created:   2026-01-01 10:00:00 UTC\n"
    )
    reader, _ = read(diagnostic("Error acquiring the state lock", detail))
    assert reader.lock == {
        "ID": "0e7b-1",
        "Path": "bucket/key",
        "Operation": "OperationTypeApply",
        "Who": "ci@runner",
        "Created": "2026-01-01 10:00:00 UTC",
    }
    assert len(reader.problems) == 1 and reader.problems[0].what.startswith("Error acquiring the state lock: Error message: state blob")
    assert read(diagnostic("Error releasing the state lock", detail))[0].lock == {}


def test_warnings_are_shown_except_those_that_help_nobody() -> None:
    _, shown = read(
        diagnostic("Argument is deprecated", "Use\n  b.", "warning"),
        *(diagnostic(summary, "...", "warning") for summary in HELPS_NOBODY),
        {"type": "diagnostic", "diagnostic": {"severity": "warning", "summary": "Short"}},
    )
    assert shown == ["warning: Argument is deprecated. Use b.", "warning: Short."]
    assert len(HELPS_NOBODY) == 3 and read(diagnostic("a", severity="warning"))[0].problems == []


def test_lines_that_are_no_json_are_kept() -> None:
    reader, shown = read("panic: runtime error", "[1, 2]", '{"type": "version"}')
    assert reader.other == ["panic: runtime error", "[1, 2]"] and shown == []
