# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ECS should never show, and the small judgements; the stories are in ../test_service.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.deployment import (
    ORDINARY,
    Snapshot,
    State,
    Target,
    Verdict,
    Watch,
    addresses,
    is_failure,
    primary_of,
    task_id,
)

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


def deployment(number: int, **fields: Any) -> dict[str, Any]:
    """One of a service's list; the PRIMARY one has number 1."""
    status = "PRIMARY" if number == 1 else "ACTIVE"
    return {"id": f"ecs-svc/{number}", "status": status, "taskDefinition": f"arn:aws:ecs:x:1:task-definition/redash:{9 - number}", **fields}


def task(arn: str, status: str = "RUNNING", *, at: int = 0, of: int = 1, **fields: Any) -> dict[str, Any]:
    """``at`` is when it was made, in seconds; ``of`` the number of its deployment."""
    return {
        "taskArn": f"arn:aws:ecs:x:1:task/redash/{arn}",
        "taskDefinitionArn": f"arn:aws:ecs:x:1:task-definition/redash:{9 - of}",
        "startedBy": f"ecs-svc/{of}",
        "createdAt": NOW + timedelta(seconds=at),
        "lastStatus": status,
        **fields,
    }


def stopped(arn: str, *, at: int = 0, of: int = 1, reason: str = "CannotPullContainerError: pull image", **fields: Any) -> dict[str, Any]:
    fields = {"stopCode": "TaskFailedToStart", "stoppedReason": reason, "stoppedAt": NOW + timedelta(seconds=at + 5), **fields}
    return task(arn, "STOPPED", at=at, of=of, **fields)


def crashed(arn: str, *, at: int = 0, **fields: Any) -> dict[str, Any]:
    """It ran, and its container exited."""
    return stopped(
        arn,
        at=at,
        reason="Essential container in task exited",
        **{
            "stopCode": "EssentialContainerExited",
            "startedAt": NOW + timedelta(seconds=at + 1),
            "containers": [{"name": "server", "exitCode": 1, "lastStatus": "STOPPED"}],
            **fields,
        },
    )


def test_the_deployment_is_told_with_its_counts_and_those_that_still_have_tasks_and_once() -> None:
    full = {"runningCount": 1, "desiredCount": 3, "pendingCount": 2, "failedTasks": 4, "rolloutState": "IN_PROGRESS"}
    shown = {
        "deployments": [
            deployment(1, **full),
            deployment(2, runningCount=2, desiredCount=0, pendingCount=0),
            deployment(3, runningCount=0, pendingCount=0, desiredCount=1),
            deployment(4, pendingCount=1, desiredCount=1),
        ]
    }
    following, line = (
        watch(),
        (
            "redash:8: 1 of 3 running, 2 pending, 4 failed, IN_PROGRESS; other deployment redash:7: 2 of 0 running;"
            " other deployment redash:5: 0 of 1 running, 1 pending"
        ),
    )
    assert following.news(Snapshot(shown)) == [line]
    assert following.news(Snapshot(shown)) == []
    assert following.standing(Snapshot(shown)) == line
    assert following.news(Snapshot({"deployments": [deployment(1)]})) == ["redash:8: 0 of 0 running"]
    assert following.news(Snapshot({"deployments": None})) == []


def test_a_deployment_that_has_not_come_yet_is_no_line() -> None:
    assert watch().news(Snapshot({})) == []
    assert watch().standing(Snapshot({})) == ""


@pytest.mark.parametrize(
    ("is_new", "first", "then"),
    [
        (
            True,
            [
                "task bbbbbbbb of redash:8 is PENDING",
                "task aaaaaaaa of redash:8 stopped: the task never started: CannotPullContainerError: x",
            ],
            [
                "task bbbbbbbb of redash:8 stopped: Task stopped by a person",
                "task cccccccc of redash:7 stopped: Scaling activity initiated by (deployment ecs-svc/1)",
                "task eeeeeeee of redash:8 is RUNNING, UNHEALTHY",
                "task ffffffff of redash:8 stopped: the task never started: CannotPullContainerError: y",
            ],
        ),
        (
            False,
            [],
            [
                "task bbbbbbbb of redash:8 stopped: Task stopped by a person",
                "task cccccccc of redash:7 stopped: Scaling activity initiated by (deployment ecs-svc/1)",
                "task eeeeeeee of redash:8 is RUNNING, UNHEALTHY",
                "task ffffffff of redash:8 stopped: the task never started: CannotPullContainerError: y",
            ],
        ),
    ],
)
def test_tasks_are_told_in_the_order_in_which_they_were_made(is_new: bool, first: list[str], then: list[str]) -> None:
    following = Watch("ecs-svc/1", "redash:8", NOW, is_new=is_new)
    failed = stopped("aaaaaaaa-1", at=3, reason="CannotPullContainerError: x")
    old = task("cccccccc-1", at=1, of=2)
    gone_before = stopped("dddddddd-1", at=0, of=2)
    assert following.news(Snapshot({}, (failed, task("bbbbbbbb-1", "PENDING", at=2), old, gone_before))) == first
    now = (
        stopped("ffffffff-1", at=9, reason="CannotPullContainerError: y"),
        task("eeeeeeee-1", at=5, healthStatus="UNHEALTHY"),
        {**old, "lastStatus": "STOPPED", "stoppedReason": "Scaling activity initiated by (deployment ecs-svc/1)"},
        stopped("bbbbbbbb-1", at=0, stopCode="UserInitiated", reason="Task stopped by a person"),
        stopped("gggggggg-1", at=9, of=2),
        failed,
        gone_before,
    )
    assert following.news(Snapshot({}, now)) == then
    assert following.news(Snapshot({}, now)) == []


def test_a_task_that_was_unhealthy_and_stopped_is_just_stopped() -> None:
    following = watch()
    following.news(Snapshot({}, (task("aaaaaaaa", healthStatus="HEALTHY"),)))
    ill = stopped("aaaaaaaa", healthStatus="UNHEALTHY", stopCode="UserInitiated", reason="by hand")
    assert following.news(Snapshot({}, (ill,))) == ["task aaaaaaaa of redash:8 stopped: by hand"]
    # ECS may leave out why.
    bare = {name: value for name, value in stopped("bbbbbbbb", stopCode="UserInitiated").items() if name != "stoppedReason"}
    assert following.news(Snapshot({}, (ill, bare))) == ["task bbbbbbbb of redash:8 stopped: "]


@pytest.mark.parametrize(("is_new", "first"), [(True, ["target 10.0.0.2:5000 is initial (Elb.RegistrationInProgress)"]), (False, [])])
def test_targets_are_told_when_they_change_and_when_they_go(is_new: bool, first: list[str]) -> None:
    following = Watch("ecs-svc/1", "redash:8", NOW, is_new=is_new)
    well, coming = Target("10.0.0.1:5000", "healthy"), Target("10.0.0.2:5000", "initial", "Elb.RegistrationInProgress")
    assert following.news(Snapshot({}, (), (well, coming))) == first
    assert following.news(Snapshot({}, (), (well, coming))) == []
    arrived, new = Target("10.0.0.2:5000", "healthy"), Target("10.0.0.3:5000", "initial")
    assert following.news(Snapshot({}, (), (arrived, new))) == [
        "target 10.0.0.2:5000 is healthy",
        "target 10.0.0.3:5000 is initial",
        "target 10.0.0.1:5000 is deregistered",
    ]
    assert following.news(Snapshot({}, (), (arrived, new))) == []


@pytest.mark.parametrize(("is_new", "first"), [(True, ["event: as it began", "event: later"]), (False, [])])
def test_events_are_told_once_the_oldest_first_and_none_from_before(is_new: bool, first: list[str]) -> None:
    following = Watch("ecs-svc/1", "redash:8", NOW, is_new=is_new)
    events = [
        {"id": "3", "createdAt": NOW + timedelta(seconds=1), "message": "later"},
        {"id": "2", "createdAt": NOW, "message": "as it began"},
        {"id": "1", "createdAt": NOW - timedelta(seconds=1), "message": "before"},
    ]
    assert following.news(Snapshot({"events": events})) == first
    new = {"id": "4", "createdAt": NOW - timedelta(seconds=1), "message": "late to come"}
    assert following.news(Snapshot({"events": [new, *events]})) == ["event: late to come"]
    assert following.news(Snapshot({"events": [new, *events]})) == []


@pytest.mark.parametrize(
    ("shown", "targets", "line"),
    [
        ({"desiredCount": 0}, (), ""),
        ({}, (), ""),
        ({"desiredCount": 1}, None, ""),
        ({"desiredCount": 1}, (), "no target is registered with the load balancer"),
        (
            {"events": [{"message": "(service x) was unable to place a task."}, {"message": "an older one"}]},
            (Target("a:1", "healthy"), Target("b:1", "unhealthy", "Target.Timeout"), Target("c:1", "initial")),
            "target b:1 is unhealthy (Target.Timeout); target c:1 is initial; last event: (service x) was unable to place a task",
        ),
    ],
)
def test_where_things_stand_is_one_line(shown: dict[str, Any], targets: tuple[Target, ...] | None, line: str) -> None:
    assert watch().standing(Snapshot(shown, (), targets)) == line


def moving(*others: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A service whose PRIMARY deployment ``fields`` describe."""
    shown = service(**fields)
    return {**shown, "deployments": [*shown["deployments"], *others]}


FAILED_ROLLOUT = {"rolloutState": "FAILED", "rolloutStateReason": "circuit breaker: tasks failed to start."}
ANOTHER = {"id": "ecs-svc/2", "taskDefinition": "td/redash:9"}
OURS = {"id": "ecs-svc/1", "status": "ACTIVE", "taskDefinition": "redash:8"}


@pytest.mark.parametrize(
    ("shown", "record", "reason", "todo"),
    [
        ({**service(), "status": "INACTIVE"}, None, "the service became INACTIVE: somebody deleted it", "Find out who, and rerun."),
        ({}, None, "the service became None: somebody deleted it", "Find out who, and rerun."),
        (
            service(),
            {"status": "ROLLBACK_SUCCESSFUL", "statusReason": "an alarm", "rollback": {"reason": "x"}},
            "ECS rolled the deployment back: an alarm",
            "",
        ),
        (
            service(),
            {"status": "ROLLBACK_REQUESTED", "rollback": {"reason": "by hand"}},
            "ECS rolled the deployment back: by hand",
            "",
        ),
        (service(), {"status": "ROLLBACK_IN_PROGRESS"}, "ECS rolled the deployment back: ROLLBACK_IN_PROGRESS", ""),
        (service(), {"status": "ROLLBACK_FAILED"}, "ECS rolled the deployment back: ROLLBACK_FAILED", ""),
        (service(), {"status": "STOPPED"}, "the deployment was stopped", "Rerun when nobody else deploys."),
        (
            service(),
            {"status": "STOP_REQUESTED", "statusReason": "a person"},
            "the deployment was stopped: a person",
            "Rerun when nobody else deploys.",
        ),
        (service(**FAILED_ROLLOUT), None, "circuit breaker: tasks failed to start", ""),
        (service(rolloutState="FAILED"), None, "ECS gave the deployment up", ""),
        (
            moving({**OURS, **FAILED_ROLLOUT}, **ANOTHER),
            None,
            "circuit breaker: tasks failed to start; ECS is going back to redash:9",
            "",
        ),
        (
            moving(OURS, **ANOTHER, rolloutStateReason="ECS deployment circuit breaker: Rolling Back to x"),
            None,
            "ECS rolled the deployment back to redash:9: ECS deployment circuit breaker: Rolling Back to x",
            "",
        ),
        (
            moving(OURS, **ANOTHER, rolloutStateReason="rolling forward"),
            None,
            "another deployment (redash:9, ecs-svc/2) took the place of ours",
            "Somebody else deploys this service: find out who, and rerun.",
        ),
        (
            moving(OURS, **ANOTHER, rolloutStateReason="back to what it was"),
            None,
            "another deployment (redash:9, ecs-svc/2) took the place of ours",
            "Somebody else deploys this service: find out who, and rerun.",
        ),
        # Also where nothing is to run.
        (
            {**moving(OURS, **ANOTHER), "desiredCount": 0},
            None,
            "another deployment (redash:9, ecs-svc/2) took the place of ours",
            "Somebody else deploys this service: find out who, and rerun.",
        ),
        ({**service(), "deployments": [{**OURS, **FAILED_ROLLOUT}]}, None, "circuit breaker: tasks failed to start", ""),
        (
            moving(OURS, **ANOTHER),
            None,
            "another deployment (redash:9, ecs-svc/2) took the place of ours",
            "Somebody else deploys this service: find out who, and rerun.",
        ),
        (
            service(taskDefinition="td/redash:7"),
            None,
            "the primary deployment runs redash:7, not redash:8",
            "Somebody else deploys this service: find out who, and rerun.",
        ),
    ],
)
def test_what_went_wrong_is_said_with_what_to_do(shown: dict[str, Any], record: dict[str, Any] | None, reason: str, todo: str) -> None:
    verdict = watch().verdict(Snapshot(shown, (), None, record))
    assert verdict == Verdict(State.FAILED, reason, todo)


@pytest.mark.parametrize("record", [{"status": "ROLLBACK_SUCCESSFUL"}, {"status": "STOPPED"}])
def test_the_first_task_that_failed_comes_with_what_went_wrong(record: dict[str, Any]) -> None:
    tasks = (stopped("later", at=20), stopped("first", at=10), stopped("another", at=0, of=2), task("well"))
    assert watch().verdict(Snapshot(service(), tasks, None, record)).task == tasks[1]
    assert watch().verdict(Snapshot(service(**FAILED_ROLLOUT), tasks)).task == tasks[1]
    back = moving(OURS, **ANOTHER, rolloutStateReason="rolled back")
    assert watch().verdict(Snapshot(back, tasks)).task == tasks[1]


@pytest.mark.parametrize("shown", [service(**ANOTHER), {**service(), "deployments": []}, {"status": "ACTIVE"}])
def test_a_deployment_that_was_never_seen_is_waited_for(shown: dict[str, Any]) -> None:
    verdict = watch().verdict(Snapshot(shown))
    assert (verdict.state.value, verdict.reason) == ("going", "ECS to show the deployment")


def test_a_deployment_that_was_seen_once_and_is_not_there_any_more_was_replaced() -> None:
    following = watch()
    assert following.verdict(Snapshot(service(rolloutState="IN_PROGRESS"))).state is State.GOING
    assert following.verdict(Snapshot(service(**ANOTHER))).reason == "another deployment (redash:9, ecs-svc/2) took the place of ours"


NO_RECORD: dict[str, Any] = {"status": None}


@pytest.mark.parametrize(
    ("shown", "tasks", "targets", "record", "awaited"),
    [
        ({**service(), "runningCount": 0}, (), None, None, "its tasks to run"),
        ({**service(), "pendingCount": 1}, (), None, None, "its tasks to run"),
        # With another deployment's tasks, the service's count says nothing of ours.
        ({**moving({**OURS, "id": "ecs-svc/3", "runningCount": 1}, runningCount=0), "runningCount": 1}, (), None, None, "its tasks to run"),
        ({**moving({**OURS, "id": "ecs-svc/3", "runningCount": 0}, runningCount=0)}, (), None, None, ""),
        (service(), (task("a", healthStatus="UNHEALTHY"),), None, None, "its containers to pass their health checks"),
        (service(), (task("a", healthStatus="UNHEALTHY", of=2),), None, None, ""),
        (service(), (task("a", "DEPROVISIONING", healthStatus="UNHEALTHY"),), None, None, ""),
        (service(), (), (), None, "the load balancer to find its tasks healthy"),
        (service(), (), (Target("10.0.0.1:5000", "initial"),), None, "the load balancer to find its tasks healthy"),
        (service(), (), (Target("10.0.0.1:5000", "healthy"),), None, ""),
        ({**service(), "runningCount": 2}, (), None, None, "the old tasks to end their connections and stop"),
        (moving({**OURS, "id": "ecs-svc/3", "pendingCount": 1}), (), None, None, "the old tasks to end their connections and stop"),
        (service(rolloutState="IN_PROGRESS"), (), None, None, "ECS to call the deployment complete"),
        (service(), (), None, {"status": "IN_PROGRESS"}, "ECS to call the deployment complete"),
        (service(), (), None, {"status": "SUCCESSFUL"}, ""),
        (service(), (), None, NO_RECORD, ""),
        ({**service(rolloutState="IN_PROGRESS", runningCount=0), "desiredCount": 0, "runningCount": 0}, (), (), None, ""),
        (
            {**service(runningCount=0), "desiredCount": 0, "runningCount": 1},
            (),
            None,
            None,
            "the old tasks to end their connections and stop",
        ),
    ],
)
def test_what_is_still_waited_for_is_said_in_the_order_in_which_it_comes(
    shown: dict[str, Any],
    tasks: tuple[dict[str, Any], ...],
    targets: tuple[Target, ...] | None,
    record: dict[str, Any] | None,
    awaited: str,
) -> None:
    expected = Verdict(State.GOING, awaited) if awaited else Verdict(State.DONE)
    assert watch().verdict(Snapshot(shown, tasks, targets, record)) == expected


@pytest.mark.parametrize("shown", [{}, {"rolloutState": "FAILED"}, {"rolloutState": "FAILED", "desiredCount": 1}])
def test_where_ecs_tells_no_count_nothing_is_to_run_and_nothing_runs(shown: dict[str, Any]) -> None:
    bare = {"status": "ACTIVE", "deployments": [{**OURS, "status": "PRIMARY", **shown}]}
    tasks = tuple(crashed(arn, at=at) for at, arn in enumerate("abc"))
    assert watch().verdict(Snapshot(bare, tasks)).state is State.DONE
    # Of a deployment whose state ECS does not tell, the tasks say enough.
    one = {**bare, "desiredCount": 1, "runningCount": 1, "deployments": [{**OURS, "status": "PRIMARY"}]}
    assert watch().verdict(Snapshot(one)).state is State.DONE
    assert watch().verdict(Snapshot({**one, "runningCount": 0})).reason == "its tasks to run"
    other = {**OURS, "id": "ecs-svc/3", "runningCount": 1}
    assert watch().verdict(Snapshot({**one, "deployments": [*one["deployments"], other]})).reason == "its tasks to run"


def test_only_the_targets_of_its_own_tasks_count_where_their_addresses_are_known() -> None:
    details = [{"name": "subnetId", "value": "subnet-1"}, {"name": "privateIPv4Address", "value": "10.0.0.1"}]
    details += [{"name": "privateIPv6Address", "value": "fd00::1"}]
    mine = task("a", attachments=[{"details": details}, {}])
    assert addresses(mine) == ["10.0.0.1", "fd00::1"]
    assert addresses({}) == []
    another = task("b", of=2, attachments=[{"details": [{"name": "privateIPv4Address", "value": "10.0.0.2"}]}])
    tasks, well = (mine, another), Target("10.0.0.2:5000", "healthy")
    assert watch().verdict(Snapshot(service(), tasks, (well,))).state is State.GOING
    assert watch().verdict(Snapshot(service(), tasks, (well, Target("10.0.0.1:5000", "initial")))).state is State.GOING
    assert watch().verdict(Snapshot(service(), tasks, (well, Target("10.0.0.1:5000", "healthy")))).state is State.DONE
    assert watch().verdict(Snapshot(service(), tasks, (Target("fd00::1:5000", "healthy"),))).state is State.DONE


HEALTH = "Task failed container health checks"


@pytest.mark.parametrize(
    ("tasks", "shown", "reason", "first"),
    [
        ([crashed(arn, at=at) for at, arn in enumerate("abc")], {"runningCount": 0, "desiredCount": 1}, "3 tasks stopped", "a"),
        ([crashed(arn, at=at) for at, arn in enumerate("ab")], {"runningCount": 0, "desiredCount": 1}, None, ""),
        # The number that is wanted runs.
        ([crashed(arn, at=at) for at, arn in enumerate("abc")], {"runningCount": 1, "desiredCount": 1}, None, ""),
        ([crashed(arn, at=at) for at, arn in enumerate("abc")], {}, None, ""),
        # Nothing ran, and another try does not help.
        ([stopped(arn, at=at) for at, arn in enumerate("ab")], {"runningCount": 0, "desiredCount": 1}, "2 tasks stopped", "a"),
        ([stopped("a")], {"runningCount": 0, "desiredCount": 1}, None, ""),
        # It passes by itself.
        (
            [stopped(arn, reason="Capacity is unavailable at this time. Please try again later") for arn in "abcd"],
            {"runningCount": 0, "desiredCount": 1},
            None,
            "",
        ),
        (
            [crashed(arn, at=at, stoppedReason=HEALTH, stopCode="ServiceSchedulerInitiated") for at, arn in enumerate("ab")],
            {"runningCount": 0, "desiredCount": 1},
            "2 tasks stopped",
            "a",
        ),
        # Two of one cause and two of another are no three of one.
        (
            [crashed("a"), crashed("b", at=1), stopped("c", at=2)],
            {"runningCount": 0, "desiredCount": 1},
            None,
            "",
        ),
        (
            [crashed("a"), stopped("b", at=1), stopped("c", at=2)],
            {"runningCount": 0, "desiredCount": 1},
            "2 tasks stopped",
            "b",
        ),
    ],
)
def test_tasks_that_stop_for_one_cause_are_a_crash_loop(
    tasks: list[dict[str, Any]], shown: dict[str, Any], reason: str | None, first: str
) -> None:
    verdict = watch().verdict(Snapshot({**service(**{"runningCount": 0, **shown}), "runningCount": 0}, tuple(reversed(tasks))))
    if reason is None:
        assert (verdict.state, verdict.task) == (State.GOING, None)
        return
    assert verdict.state is State.FAILED
    assert verdict.reason.startswith(f"{reason} for the same cause: ")
    assert verdict.todo
    assert verdict.task and verdict.task["taskArn"].endswith(f"/{first}")


def test_a_loop_goes_on_when_tasks_fail_between_any_two_looks_although_one_runs() -> None:
    shown = service(runningCount=1, desiredCount=1)
    tasks = [crashed(arn, at=at) for at, arn in enumerate("abcde")]

    def looks(*counts: int) -> list[State]:
        following = watch()
        return [following.verdict(Snapshot(shown, tuple(tasks[:count]))).state for count in counts]

    assert looks(3, 4) == [State.DONE, State.FAILED]
    assert looks(3, 3, 4, 5) == [State.DONE, State.DONE, State.DONE, State.FAILED]


@pytest.mark.parametrize(
    ("is_new", "is_ours", "states"),
    [
        (True, True, [State.FAILED, State.FAILED]),
        # What failed before is a loop only if it goes on.
        (True, False, [State.GOING, State.FAILED]),
        # What stopped before is old news.
        (False, True, [State.GOING, State.GOING]),
    ],
)
def test_what_failed_before_the_first_look_counts_where_the_deployment_is_ours(is_new: bool, is_ours: bool, states: list[State]) -> None:
    following = Watch("ecs-svc/1", "redash:8", NOW, is_new=is_new, is_ours=is_ours)
    shown = {**service(runningCount=0, desiredCount=1), "runningCount": 0}
    tasks = [crashed(arn, at=at) for at, arn in enumerate("abcd")]
    seen = []
    for count in (3, 4):
        snapshot = Snapshot(shown, tuple(tasks[:count]))
        following.news(snapshot)
        seen.append(following.verdict(snapshot).state)
    assert seen == states


@pytest.mark.parametrize("reason", ORDINARY)
def test_what_ecs_stops_itself_is_no_failure(reason: str) -> None:
    assert not is_failure({"lastStatus": "STOPPED", "stopCode": "ServiceSchedulerInitiated", "stoppedReason": f"{reason} (x)"})
    assert is_failure({"lastStatus": "STOPPED", "stoppedReason": f"not so: {reason}"})


def test_the_small_judgements() -> None:
    assert ORDINARY[0] == "Scaling activity initiated by" and len(ORDINARY) == 5
    assert is_failure({"lastStatus": "STOPPED"})
    assert not is_failure({})
    assert task_id("arn:aws:ecs:x:1:task/redash/0123456789abcdef") == "01234567"
    assert primary_of({}) is None
    assert primary_of({"deployments": [{}, {"status": "ACTIVE"}]}) is None
    assert primary_of({"deployments": [{"status": "ACTIVE"}, {"status": "PRIMARY", "id": 1}]}) == {"status": "PRIMARY", "id": 1}
    assert watch().is_mine(task("a", startedBy="ecs-svc/1", taskDefinitionArn="any other"))
    assert not watch().is_mine(task("a", startedBy="ecs-svc/11", taskDefinitionArn="redash:8"))
    without = {"taskArn": "a", "taskDefinitionArn": "redash:8", "createdAt": NOW}
    assert watch().is_mine(without)
    assert not watch().is_mine({**without, "createdAt": NOW - timedelta(seconds=1)})
    assert Target("a:1", "unhealthy", "why").text == "unhealthy (why)"
    assert Target("a:1", "healthy").text == "healthy"
