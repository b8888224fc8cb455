# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How soon the end of a command is told, and with how many calls, for commands of a second to half an hour.

On the stand-in for AWS whose time is its own (task_fakes.py): a process ends, a second later ECS shows its exit code, and
what it printed last can be read 0.6 s after its end. What a real playbook adds, about 0.3 s, tests/benchmark measures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.task import run
from tests.unit.plugins.module_utils.task_fakes import Aws, params, ran

SHOWN_AFTER = 1.0
READABLE_AFTER = 0.6
# Redash logs such a line while it loads; it is folded, but it is a line.
NOISE = "[2026-11-23 00:00:00,000][PID:1][INFO][xmlschema] Include schema"
PLAYBOOK = 0.3
# Provisioning, pulling and starting: on the local AWS, on a good day, on a usual one.
PENDING = (2.0, 9.0, 30.0)


@dataclass
class Timed:
    told_after: float  # seconds from the exit code being visible to the result
    looks: list[float]  # when ECS was asked for the task, in seconds after RunTask
    reads: list[float]  # when the log was read
    ecs: int
    logs: int


def timed(pending: float, runs: float, lines: Sequence[float]) -> Timed:
    """Run a command that takes ``runs`` seconds and prints at these seconds of its life."""
    aws = Aws()
    end = pending + runs

    def life(second: float) -> dict[str, Any]:
        task = ran(second, pending=pending, runs=runs + SHOWN_AFTER)
        return {**task, "executionStoppedAt": end} if "executionStoppedAt" in task else task

    def on_start(arn: str) -> None:
        for second in lines:
            visible = aws.time.now + pending + second + READABLE_AFTER
            message = NOISE if second == lines[0] else f"line {second}"
            aws.stream(arn).put(int((visible - READABLE_AFTER) * 1000), visible, message)

    def noted(call: Callable[..., Any], times: list[float]) -> Callable[..., Any]:
        def noting(**request: Any) -> Any:
            times.append(aws.time.now - began)
            return call(**request)

        return noting

    aws.life, aws.on_start = life, on_start
    began = aws.time.now
    looks: list[float] = []
    reads: list[float] = []
    aws.describe_tasks = noted(aws.describe_tasks, looks)  # type: ignore[method-assign]
    aws.get_log_events = noted(aws.get_log_events, reads)  # type: ignore[method-assign]
    result = run(params(timeout=7200), aws.context())
    assert result["rc"] == 0
    assert result["lines_total"] + result["lines_folded"] == len(lines)
    ecs = sum(count for name, count in aws.calls.items() if name != "GetLogEvents")
    return Timed(aws.time.now - began - end - SHOWN_AFTER, looks, reads, ecs, aws.calls["GetLogEvents"])


def calls_in_two_minutes(times: Sequence[float]) -> int:
    return max(sum(1 for time in times if start <= time < start + 120) for start in times)


@pytest.mark.parametrize("pending", PENDING)
def test_a_command_that_ends_with_a_line_is_told_within_two_seconds_whatever_its_length_up_to_two_minutes(pending: float) -> None:
    for tenths in range(10, 1200, 13):
        runs = tenths / 10
        told = timed(pending, runs, [0.9, runs - 0.1])
        assert told.told_after + PLAYBOOK <= 2.0, runs
        assert told.ecs <= 60, runs
        if pending + runs <= 120:
            assert told.logs <= 70, runs


@pytest.mark.parametrize("runs", [150.3, 299.9, 431.7, 600.0, 1013.1, 1799.2])
def test_up_to_half_an_hour_as_well(runs: float) -> None:
    assert timed(9.0, runs, [0.9, runs - 0.1]).told_after + PLAYBOOK <= 2.0


@pytest.mark.parametrize("pending", PENDING)
def test_of_a_command_that_falls_silent_the_end_is_told_within_two_seconds_at_first_and_on_the_average_later(pending: float) -> None:
    """Without a line nothing but asking tells the end. When it is asked does not depend on the length, so one run tells all."""
    silent = timed(pending, 1800.0, [0.9])

    def delay(visible: float) -> float:
        return next(look for look in silent.looks if look >= visible) - visible

    # No command of Redash's ends within the first three seconds: that long it loads.
    ends = [pending + SHOWN_AFTER + tenths / 10 for tenths in range(30, 17_900)]
    assert max(delay(end) for end in ends if end <= pending + 6) <= 1.5
    assert max(delay(end) for end in ends) <= 3.3
    assert sum(map(delay, ends)) / len(ends) <= 1.65


@pytest.mark.parametrize("every", [0.7, 2.0, 5.0, 20.0])
def test_whatever_a_command_prints_the_calls_stay_within_their_limits(every: float) -> None:
    for pending in PENDING:
        speaks = timed(pending, 120.0, [every * step for step in range(int(120 / every))])
        assert speaks.ecs <= 60, pending
        assert speaks.logs <= (70 if pending < 3 else 85), pending
    long = timed(9.0, 1800.0, [every * step for step in range(int(1800 / every))])
    assert calls_in_two_minutes(long.looks) <= 60
    assert calls_in_two_minutes(long.reads) <= 70


def test_the_first_line_is_shown_within_two_seconds_however_soon_it_comes() -> None:
    for pending in PENDING:
        for tenths in range(1, 40):
            aws = Aws()
            aws.life = lambda seconds, pending=pending: ran(seconds, pending=pending, runs=20.0)
            visible = aws.time.now + pending + tenths / 10
            aws.on_start = lambda arn, aws=aws, visible=visible: aws.stream(arn).put(int(visible * 1000), visible, "first")
            shown: list[float] = []
            context = aws.context()
            context.report = lambda line, aws=aws, shown=shown: shown.append(aws.time.now) if line == "first" else None
            run(params(), context)
            assert shown[0] - visible <= 2.0, (pending, tenths)
