# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.account import cost, phases, sentence

START = datetime(2026, 1, 1, tzinfo=UTC)


def task(**seconds: float | None) -> dict[str, Any]:
    """A task's times, in seconds after START; none for what has not come."""
    return {f"{name}At": None if after is None else START + timedelta(seconds=after) for name, after in seconds.items()}


WHOLE = task(created=0, pullStarted=12.34, pullStopped=20.0, started=21.0, executionStopped=61.0, stopped=75.0)


@pytest.mark.parametrize(
    ("shown", "ran_for", "waited", "pulled", "ran"),
    [
        (WHOLE, None, 12.3, 7.7, 40.0),
        # What ECS says counts more than what was measured here.
        (WHOLE, 39.0, 12.3, 7.7, 40.0),
        # ECS has not said yet when it stopped.
        (WHOLE | task(executionStopped=None), None, 12.3, 7.7, 54.0),
        (WHOLE | task(executionStopped=None, stopped=None), 39.5, 12.3, 7.7, 39.5),
        (WHOLE | task(executionStopped=None, stopped=None), None, 12.3, 7.7, None),
        # An image that was there already is not pulled.
        (task(created=0, started=5.0, stopped=9.0), None, 5.0, None, 4.0),
        # It never started: it waited until it was stopped.
        (task(created=0, stopped=9.0), 3.0, 9.0, None, None),
        (task(created=0), 3.0, None, None, None),
        (task(created=0, pullStarted=2.0), 3.0, 2.0, None, None),
        ({}, None, None, None, None),
        # Two of AWS's clocks.
        (task(created=3.0, pullStarted=2.0), None, 0.0, None, None),
        # A time that is no time.
        ({"createdAt": "2026-01-01T00:00:00Z"} | task(started=5.0, stopped=6.0), None, None, None, 1.0),
    ],
)
def test_where_the_time_went(
    shown: dict[str, Any], ran_for: float | None, waited: float | None, pulled: float | None, ran: float | None
) -> None:
    assert phases(shown, ran_for) == {"waited": waited, "pulled": pulled, "ran": ran}


SIZE = {"launchType": "FARGATE", "cpu": "512", "memory": "2048"}
LONG = task(pullStarted=10.0, started=20.0, executionStopped=130.06, stopped=150.0)


@pytest.mark.parametrize(
    ("shown", "ran_for", "seconds"),
    [
        (SIZE | LONG, None, 120.0),
        (SIZE | LONG, 999.0, 120.0),
        (SIZE | LONG | task(executionStopped=None), None, 140.0),
        # Until ECS says when it stopped: up to now, as measured here.
        (SIZE | LONG | task(executionStopped=None, stopped=None), 100.0, 110.0),
        (SIZE | LONG | task(started=None, executionStopped=None, stopped=None), 100.0, 100.0),
        (SIZE | LONG | task(started=110.0, executionStopped=None, stopped=None), None, 100.0),
        # A minute is billed at least.
        (SIZE | task(pullStarted=0, started=1, stopped=59), None, 60.0),
        (SIZE | task(pullStarted=0, started=1, stopped=61), None, 61.0),
        (SIZE | task(pullStarted=0), None, 60.0),
        (SIZE | {"launchType": None, "capacityProviderName": "FARGATE_SPOT"} | LONG, None, 120.0),
    ],
)
def test_fargate_bills_from_the_pull_to_the_end_a_minute_at_least(shown: dict[str, Any], ran_for: float | None, seconds: float) -> None:
    costs = cost(shown, ran_for)
    assert costs is not None
    assert costs == {"vcpu_seconds": pytest.approx(seconds / 2, abs=0.06), "gb_seconds": pytest.approx(seconds * 2, abs=0.3)}
    assert [round(each, 1) for each in costs.values()] == list(costs.values())


@pytest.mark.parametrize(
    "shown",
    [
        SIZE | {"launchType": "EC2"} | LONG,
        SIZE | {"launchType": "EC2", "capacityProviderName": "machines"} | LONG,
        {"cpu": "512"} | LONG,
        SIZE | LONG | task(pullStarted=None),
    ],
)
def test_a_task_on_machines_or_one_that_was_never_pulled_costs_nothing_by_itself(shown: dict[str, Any]) -> None:
    assert cost(shown) is None


def test_what_is_billed_is_told_in_tenths() -> None:
    small = {"launchType": "FARGATE", "cpu": "256", "memory": "512"} | task(pullStarted=0, stopped=120.36)
    assert cost(small) == {"vcpu_seconds": 30.1, "gb_seconds": 60.2}


def test_a_size_that_ecs_does_not_tell_is_no_size() -> None:
    assert cost({"launchType": "FARGATE", "cpu": None} | LONG) == {"vcpu_seconds": 0.0, "gb_seconds": 0.0}


@pytest.mark.parametrize(
    ("spent", "costs", "told"),
    [
        (
            {"waited": 12.34, "pulled": 8.0, "ran": 2.1},
            {"vcpu_seconds": 15.0, "gb_seconds": 30.5},
            "waited 12.3 s, pulled 8.0 s, ran 2.1 s; cost 15 vCPU-seconds, 30.5 GB-seconds",
        ),
        ({"waited": 0.0, "pulled": None, "ran": 2.0}, None, "waited 0.0 s, ran 2.0 s"),
        ({"waited": None}, {}, ""),
    ],
)
def test_it_is_told_in_one_line(spent: dict[str, float | None], costs: dict[str, float] | None, told: str) -> None:
    assert sentence(spent, costs) == told
