# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Container health as ECS counts it."""

from __future__ import annotations

from demo.local_aws.health import HEALTHY, UNHEALTHY, UNKNOWN, Check, Health, of_task


def test_no_check_and_none_are_no_check() -> None:
    assert Check.from_definition({}) is None
    assert Check.from_definition({"healthCheck": {"command": ["NONE"]}}) is None


def test_ecs_defaults() -> None:
    check = Check.from_definition({"healthCheck": {"command": ["CMD-SHELL", "curl -f localhost || exit 1"]}})
    assert check == Check(("/bin/sh", "-c", "curl -f localhost || exit 1"), 30, 5, 3, 0)


def test_cmd_is_run_as_it_is() -> None:
    check = Check.from_definition({"healthCheck": {"command": ["CMD", "python", "-c", "x y"], "interval": 5, "startPeriod": 60}})
    assert check is not None
    assert (check.command, check.interval, check.start_period) == (("python", "-c", "x y"), 5, 60)


def test_one_success_is_healthy_and_so_many_failures_in_a_row_are_not() -> None:
    health = Health(Check(("true",), retries=2))
    assert [health.observe(result, 100) for result in (True, False, True, False, False, True)] == [
        HEALTHY,
        HEALTHY,
        HEALTHY,
        HEALTHY,
        UNHEALTHY,
        HEALTHY,
    ]


def test_failures_in_the_start_period_do_not_count_until_it_was_healthy_once() -> None:
    health = Health(Check(("true",), retries=1, start_period=60))
    assert health.observe(False, 59) == UNKNOWN
    assert health.observe(True, 59) == HEALTHY
    assert health.observe(False, 59) == UNHEALTHY


def test_a_task_is_as_healthy_as_its_essential_containers() -> None:
    assert of_task([(True, HEALTHY), (True, HEALTHY)]) == HEALTHY
    assert of_task([(True, HEALTHY), (True, UNHEALTHY)]) == UNHEALTHY
    assert of_task([(True, HEALTHY), (True, UNKNOWN)]) == UNKNOWN
    assert of_task([(True, HEALTHY), (False, UNHEALTHY)]) == HEALTHY
    assert of_task([(True, HEALTHY), (True, None)]) == HEALTHY
    assert of_task([(True, None)]) == UNKNOWN
