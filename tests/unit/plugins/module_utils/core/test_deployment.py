# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ECS should never show, and the small judgements; the stories are in ../test_service.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.deployment import Snapshot, State, Target, Watch, is_failure

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def service(**primary: Any) -> dict[str, Any]:
    deployment = {"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": "redash:8", "rolloutState": "COMPLETED", "runningCount": 1}
    return {"status": "ACTIVE", "desiredCount": 1, "runningCount": 1, "pendingCount": 0, "deployments": [{**deployment, **primary}]}


def watch() -> Watch:
    return Watch("ecs-svc/1", "redash:8", NOW)


def test_a_steady_service_is_done() -> None:
    assert watch().verdict(Snapshot(service())).state is State.DONE


def test_success_is_the_task_definition_asked_for_and_no_other() -> None:
    verdict = watch().verdict(Snapshot(service(taskDefinition="redash:7")))
    assert (verdict.state, verdict.reason) == (State.FAILED, "the primary deployment runs redash:7, not redash:8")


def test_a_container_that_is_unhealthy_is_no_success() -> None:
    task = {"taskArn": "a", "taskDefinitionArn": "redash:8", "createdAt": NOW, "lastStatus": "RUNNING", "healthStatus": "UNHEALTHY"}
    assert watch().verdict(Snapshot(service(), (task,))).state is State.GOING
    assert watch().verdict(Snapshot(service(), ({**task, "healthStatus": "HEALTHY"},))).state is State.DONE


def test_pending_tasks_are_waited_for() -> None:
    assert watch().verdict(Snapshot({**service(), "pendingCount": 1})).state is State.GOING


def test_a_service_is_stopped_when_nothing_runs_however_its_deployment_went() -> None:
    """The circuit breaker gave it up; that a person then stops it makes no new deployment, and this one stays FAILED."""
    gave_up = service(rolloutState="FAILED", rolloutStateReason="circuit breaker was triggered", runningCount=0)
    record = {"status": "ROLLBACK_FAILED"}
    crashed = tuple(
        {"taskArn": arn, "taskDefinitionArn": "redash:8", "createdAt": NOW, "startedBy": "ecs-svc/1", "lastStatus": "STOPPED"}
        for arn in "abcd"
    )
    stopped = {**gave_up, "desiredCount": 0, "runningCount": 0}
    assert watch().verdict(Snapshot(stopped, crashed, (), record)).state is State.DONE
    assert watch().verdict(Snapshot({**stopped, "runningCount": 1}, crashed, (), record)).state is State.GOING
    # Where something is to run, it is a failure.
    assert watch().verdict(Snapshot({**stopped, "desiredCount": 1}, crashed, (), record)).state is State.FAILED


def test_as_many_healthy_targets_as_tasks_are_needed() -> None:
    one, ill = Target("10.0.0.1:5000", "healthy"), Target("10.0.0.2:5000", "initial")
    two = {**service(runningCount=2), "desiredCount": 2, "runningCount": 2}
    assert watch().verdict(Snapshot(two, (), (one, ill))).state is State.GOING
    assert watch().verdict(Snapshot(two, (), (one, Target("10.0.0.2:5000", "healthy")))).state is State.DONE


def test_a_load_balancer_without_any_target_is_said() -> None:
    snapshot = Snapshot(service(), (), ())
    assert watch().verdict(snapshot).state is State.GOING
    assert watch().standing(snapshot) == "no target is registered with the load balancer"


@pytest.mark.parametrize(
    ("task", "failed"),
    [
        ({"lastStatus": "RUNNING"}, False),
        ({"lastStatus": "STOPPED", "stopCode": "EssentialContainerExited"}, True),
        ({"lastStatus": "STOPPED", "stopCode": "TaskFailedToStart"}, True),
        ({"lastStatus": "STOPPED", "stopCode": "UserInitiated"}, False),
        ({"lastStatus": "STOPPED", "stopCode": "ServiceSchedulerInitiated", "stoppedReason": "Scaling activity initiated by (x)"}, False),
        ({"lastStatus": "STOPPED", "stopCode": "ServiceSchedulerInitiated", "stoppedReason": "Task failed ELB health checks in (x)"}, True),
    ],
)
def test_a_task_that_ecs_or_a_person_wanted_gone_did_not_fail(task: dict[str, Any], failed: bool) -> None:
    assert is_failure(task) is failed


def test_tasks_whose_starter_does_not_name_a_deployment_belong_by_revision_and_time() -> None:
    """MiniStack writes the service's name into startedBy."""
    task = {"taskArn": "a", "startedBy": "redash", "taskDefinitionArn": "redash:8", "createdAt": NOW}
    assert watch().is_mine(task)
    assert not watch().is_mine({**task, "taskDefinitionArn": "redash:7"})
    assert not watch().is_mine({**task, "createdAt": datetime(2025, 12, 31, tzinfo=UTC)})
