# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_ecs_service against an ECS of our own, whose story is told along a clock of our own.

Only a stub shows most of these states: a real circuit breaker takes minutes, and MiniStack has no
deployment records, no failing targets and no health checks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context, Interrupted
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.service import ARGUMENT_SPEC, INTERVAL, run

START = datetime(2026, 1, 1, tzinfo=UTC)
TD = "arn:aws:ecs:eu-west-1:1:task-definition/redash:{}"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/redash/1"
DEPLOYMENT = "arn:aws:ecs:eu-west-1:1:service-deployment/redash/redash/{}"
WRITES = {"CreateService", "UpdateService", "DeleteService", "TagResource", "UntagResource"}


class FakeClock:
    """Time passes only while the work sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.seconds, sleep=self.sleep, now=lambda: START.timestamp() + self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


class FakeEcs:
    """One service of ECS. ``at`` tells what happens when; every call is written down."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.service: dict[str, Any] | None = None
        self.tasks: dict[str, dict[str, Any]] = {}
        self.records: list[dict[str, Any]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.story: list[tuple[float, Callable[[], None]]] = []
        self.targets: list[tuple[str, str, str]] = []
        self.log: dict[str, list[str]] = {}
        self.denied: set[str] = set()
        self.numbers = iter(range(1, 1000))

    def at(self, seconds: float, happening: Callable[[], None]) -> None:
        """``seconds`` after the next write."""
        self.story.append((seconds, happening))

    def _begin(self) -> None:
        self.pending = sorted(((self.clock.seconds + after, happening) for after, happening in self.story), key=lambda item: item[0])
        self.story = []

    def _called(self, operation: str, request: dict[str, Any]) -> None:
        self.calls.append((operation, request))
        if operation in self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, operation)
        while getattr(self, "pending", []) and self.pending[0][0] <= self.clock.seconds:
            self.pending.pop(0)[1]()

    @property
    def writes(self) -> list[tuple[str, dict[str, Any]]]:
        return [call for call in self.calls if call[0] in WRITES]

    # --- what the story is told with

    def deployment(self, task_definition: int, state: str = "IN_PROGRESS", **fields: Any) -> dict[str, Any]:
        return {
            "id": f"ecs-svc/{next(self.numbers)}",
            "status": "PRIMARY",
            "taskDefinition": TD.format(task_definition),
            "desiredCount": 1,
            "runningCount": 0,
            "pendingCount": 0,
            "failedTasks": 0,
            "rolloutState": state,
            "createdAt": self.clock.now(),
            **fields,
        }

    def running_service(self, task_definition: int = 7, load_balancer: bool = True, **fields: Any) -> None:
        """A service that has been steady for long."""
        primary = self.deployment(task_definition, "COMPLETED", runningCount=1)
        self.service = {
            "serviceArn": "arn:aws:ecs:eu-west-1:1:service/redash/redash",
            "serviceName": "redash",
            "clusterArn": "arn:aws:ecs:eu-west-1:1:cluster/redash",
            "status": "ACTIVE",
            "taskDefinition": TD.format(task_definition),
            "desiredCount": 1,
            "runningCount": 1,
            "pendingCount": 0,
            "launchType": "FARGATE",
            "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "server", "containerPort": 5000}] if load_balancer else [],
            "deployments": [primary],
            "events": [{"id": "e0", "createdAt": START - timedelta(days=1), "message": "(service redash) has reached a steady state."}],
            "tags": [],
            **fields,
        }
        if load_balancer:
            self.targets = [("10.0.0.1", "healthy", "")]
        self.task("old", deployment=primary)

    @property
    def ours(self) -> dict[str, Any]:
        assert self.service is not None
        return next(one for one in self.service["deployments"] if one["id"] == self.our_id)

    def task(self, name: str, status: str = "RUNNING", deployment: dict[str, Any] | None = None, **fields: Any) -> None:
        arn = f"arn:aws:ecs:eu-west-1:1:task/redash/{name:0<32}"
        deployment = deployment or self.ours
        base = self.tasks.get(
            arn,
            {
                "taskArn": arn,
                "taskDefinitionArn": deployment["taskDefinition"],
                "startedBy": deployment["id"],
                "createdAt": self.clock.now(),
                "containers": [{"name": "server"}],
            },
        )
        self.tasks[arn] = {**base, "lastStatus": status, **fields}
        if status == "STOPPED":
            self.tasks[arn]["stoppedAt"] = self.clock.now()

    def crash(self, name: str, exit_code: int = 1, **fields: Any) -> None:
        self.task(
            name,
            "STOPPED",
            stopCode="EssentialContainerExited",
            stoppedReason="Essential container in task exited",
            startedAt=self.clock.now(),
            containers=[{"name": "worker", "exitCode": 0}, {"name": "server", "exitCode": exit_code}],
            **fields,
        )

    def steady(self, address: str = "10.0.0.2") -> None:
        assert self.service is not None
        self.ours.update(rolloutState="COMPLETED", runningCount=1, pendingCount=0)
        self.service.update(deployments=[self.ours], runningCount=1, pendingCount=0)
        self.targets = [(address, "healthy", "")]

    def event(self, message: str) -> None:
        assert self.service is not None
        identity = f"e{next(self.numbers)}"
        self.service["events"].insert(0, {"id": identity, "createdAt": self.clock.now(), "message": f"(service redash) {message}"})

    # --- boto3's side

    def describe_services(self, **request: Any) -> dict[str, Any]:
        self._called("DescribeServices", request)
        if request["cluster"] == "missing":
            raise ClientError({"Error": {"Code": "ClusterNotFoundException", "Message": "Cluster not found."}}, "DescribeServices")
        if self.service is None:
            return {"services": [], "failures": [{"reason": "MISSING"}]}
        return {"services": [{**self.service, "deployments": [dict(one) for one in self.service["deployments"]]}], "failures": []}

    def describe_task_definition(self, **request: Any) -> dict[str, Any]:
        self._called("DescribeTaskDefinition", request)
        asked = request["taskDefinition"]
        if asked == "unknown":
            raise ClientError(
                {"Error": {"Code": "ClientException", "Message": "Unable to describe task definition."}}, "DescribeTaskDefinition"
            )
        arn = asked if asked.startswith("arn:") else TD.format(asked.split(":")[1] if ":" in asked else 8)
        containers = [
            {"name": name, "logConfiguration": {"options": {"awslogs-group": "/redash", "awslogs-stream-prefix": name}}}
            for name in ("worker", "server")
        ]
        return {"taskDefinition": {"taskDefinitionArn": arn, "containerDefinitions": containers}}

    def create_service(self, **request: Any) -> dict[str, Any]:
        self._called("CreateService", request)
        if self.service is not None and self.service["status"] == "ACTIVE":
            message = "Creation of service was not idempotent."
            raise ClientError({"Error": {"Code": "InvalidParameterException", "Message": message}}, "CreateService")
        self.running_service(8)
        assert self.service is not None
        self.tasks, self.targets = {}, []
        primary = self.deployment(8)
        self.our_id = primary["id"]
        self.service.update(deployments=[primary], runningCount=0, events=[])
        self._begin()
        return {"service": dict(self.service)}

    def update_service(self, **request: Any) -> dict[str, Any]:
        self._called("UpdateService", request)
        assert self.service is not None
        if "taskDefinition" in request or "forceNewDeployment" in request:
            old = self.service["deployments"][0]
            old["status"] = "ACTIVE"
            primary = self.deployment(0, taskDefinition=request.get("taskDefinition", old["taskDefinition"]))
            self.service.update(taskDefinition=primary["taskDefinition"], deployments=[primary, old])
        if "desiredCount" in request:
            self.service["desiredCount"] = request["desiredCount"]
        self.our_id = self.service["deployments"][0]["id"]
        self._begin()
        return {"service": {**self.service, "deployments": [dict(one) for one in self.service["deployments"]]}}

    def delete_service(self, **request: Any) -> None:
        self._called("DeleteService", request)
        assert self.service is not None
        assert self.service["runningCount"] == 0, "deleted while tasks run"
        self.service["status"] = "DRAINING"
        self._begin()

    def tag_resource(self, **request: Any) -> None:
        self._called("TagResource", request)

    def untag_resource(self, **request: Any) -> None:
        self._called("UntagResource", request)

    def get_paginator(self, name: str) -> Any:
        assert name == "list_tasks"
        ecs = self

        class Pages:
            def paginate(self, **request: Any) -> list[dict[str, Any]]:
                ecs._called("ListTasks", request)
                stopped = request["desiredStatus"] == "STOPPED"
                return [{"taskArns": [arn for arn, task in ecs.tasks.items() if (task["lastStatus"] == "STOPPED") == stopped]}]

        return Pages()

    def describe_tasks(self, **request: Any) -> dict[str, Any]:
        self._called("DescribeTasks", request)
        return {"tasks": [dict(self.tasks[arn]) for arn in request["tasks"]]}

    def list_service_deployments(self, **request: Any) -> dict[str, Any]:
        self._called("ListServiceDeployments", request)
        return {"serviceDeployments": self.records}

    def describe_service_deployments(self, **request: Any) -> dict[str, Any]:
        self._called("DescribeServiceDeployments", request)
        return {"serviceDeployments": [one for one in self.records if one["serviceDeploymentArn"] in request["serviceDeploymentArns"]]}

    # --- elbv2 and logs

    def describe_target_health(self, **request: Any) -> dict[str, Any]:
        self.calls.append(("DescribeTargetHealth", request))
        return {
            "TargetHealthDescriptions": [
                {"Target": {"Id": address, "Port": 5000}, "TargetHealth": {"State": state, **({"Reason": reason} if reason else {})}}
                for address, state, reason in self.targets
            ]
        }

    def get_log_events(self, **request: Any) -> dict[str, Any]:
        self.calls.append(("GetLogEvents", request))
        return {"events": [{"message": line} for line in self.log.get(request["logStreamName"], [])]}


class Stage:
    def __init__(self) -> None:
        self.time = FakeClock()
        self.ecs = FakeEcs(self.time)
        self.lines: list[str] = []

    def run(self, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        defaults = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
        context = Context(
            client=lambda service: self.ecs,
            report=self.lines.append,
            check_mode=check_mode,
            diff_mode=True,
            clock=self.time.clock(),
        )
        given = {"name": "redash", "cluster": "redash", "task_definition": TD.format(8), **params}
        return run({**defaults, **given}, context)

    def fails(self, **params: Any) -> RedashError:
        with pytest.raises(RedashError) as caught:
            self.run(**params)
        assert "\n" not in str(caught.value)
        return caught.value


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def ecs(stage: Stage) -> FakeEcs:
    return stage.ecs


# --- nothing to do


@pytest.mark.parametrize("task_definition", [TD.format(8), "redash:8", "redash"])
def test_nothing_to_change_means_no_write_and_at_most_four_ecs_calls(stage: Stage, ecs: FakeEcs, task_definition: str) -> None:
    ecs.running_service(8)
    result = stage.run(task_definition=task_definition, desired_count=1)
    assert (result["changed"], result["differences"]) == (False, [])
    assert ecs.writes == []
    assert len([call for call in ecs.calls if call[0] not in ("DescribeTargetHealth", "GetLogEvents")]) <= 4
    assert stage.lines == []
    assert stage.time.seconds == 0


@pytest.mark.parametrize(("written", "replaced"), [(60, True), (-60, False)])
def test_containers_older_than_their_newest_secret_are_replaced(stage: Stage, ecs: FakeEcs, written: int, replaced: bool) -> None:
    ecs.running_service(8)
    result = stage.run(redeploy_after=START.timestamp() + written, wait=False)
    assert result["changed"] is replaced
    forced = [request.get("forceNewDeployment") for operation, request in ecs.calls if operation == "UpdateService"]
    assert forced == ([True] if replaced else [])


def test_nothing_to_change_but_a_deployment_still_under_way_is_followed(stage: Stage, ecs: FakeEcs) -> None:
    """A run that was killed in the middle of a deployment, and its rerun."""
    ecs.running_service(8)
    ecs.our_id = ecs.service["deployments"][0]["id"]
    ecs.ours.update(rolloutState="IN_PROGRESS", runningCount=0)
    ecs.service["runningCount"] = 0
    ecs.at(30, ecs.steady)
    ecs._begin()
    result = stage.run()
    assert result["changed"] is False
    assert stage.time.seconds >= 30


def test_nothing_to_change_but_unhealthy_targets_is_not_success(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8)
    ecs.targets = [("10.0.0.1", "unhealthy", "Target.Timeout")]
    error = stage.fails(timeout=30)
    assert "not steady after 30 s" in str(error)
    assert "target 10.0.0.1:5000 is unhealthy (Target.Timeout)" in str(error)


# --- deploying


def test_a_new_service_is_created_and_followed_and_only_what_changes_is_told(stage: Stage, ecs: FakeEcs) -> None:
    ecs.at(3, lambda: ecs.task("new", "PROVISIONING"))
    ecs.at(3, lambda: ecs.event("has started 1 tasks: (task new)."))
    ecs.at(12, lambda: ecs.task("new", "PENDING"))
    ecs.at(30, lambda: ecs.task("new", "RUNNING"))
    ecs.at(30, lambda: ecs.targets.append(("10.0.0.2", "initial", "Elb.RegistrationInProgress")))
    ecs.at(60, ecs.steady)
    ecs.at(60, lambda: ecs.event("has reached a steady state."))
    result = stage.run(subnets=["subnet-a"], launch_type="FARGATE")
    assert result["changed"] is True
    assert result["service"]["running_count"] == 1
    assert [line for line in stage.lines if "running" not in line] == [
        "created service redash (redash:8)",
        "task new00000 of redash:8 is PROVISIONING",
        "event: (service redash) has started 1 tasks: (task new).",
        "task new00000 of redash:8 is PENDING",
        "task new00000 of redash:8 is RUNNING",
        "target 10.0.0.2:5000 is initial (Elb.RegistrationInProgress)",
        "still waiting for its tasks to run ... 21 s",
        "target 10.0.0.2:5000 is healthy",
        "event: (service redash) has reached a steady state.",
    ]
    assert len(stage.lines) == len(set(stage.lines)), "something was said twice"


def test_an_update_is_named_written_once_and_old_news_is_not_told(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    ecs.at(3, lambda: ecs.task("new", "RUNNING"))
    ecs.at(20, ecs.steady)
    old = ecs.service["deployments"][0]
    ecs.at(20, lambda: ecs.task("old", "STOPPED", deployment=old, stoppedReason="Scaling activity initiated by (deployment ecs-svc/2)"))
    result = stage.run()
    assert result["differences"] == ["taskDefinition: redash:7 -> redash:8"]
    assert ecs.writes == [("UpdateService", {"cluster": "redash", "service": "redash", "taskDefinition": TD.format(8)})]
    assert "changed taskDefinition: redash:7 -> redash:8" in stage.lines
    assert "task old00000 of redash:7 stopped: Scaling activity initiated by (deployment ecs-svc/2)" in stage.lines
    assert not any("reached a steady state" in line for line in stage.lines), "yesterday's event"


def test_success_waits_for_healthy_targets_after_ecs_is_content(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    ecs.at(10, ecs.steady)
    ecs.at(10, lambda: setattr(ecs, "targets", [("10.0.0.2", "initial", "")]))
    ecs.at(90, lambda: setattr(ecs, "targets", [("10.0.0.2", "healthy", "")]))
    stage.run()
    assert stage.time.seconds >= 90
    assert "still waiting for the load balancer to find its tasks healthy ... 21 s" in stage.lines


def test_a_wait_for_connections_of_the_old_tasks_is_said_soon_and_then_once_a_minute(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7, load_balancer=False)
    ecs.at(3, lambda: ecs.ours.update(runningCount=1))
    ecs.at(150, ecs.steady)
    stage.run()
    waits = [line.removeprefix("still waiting for ") for line in stage.lines if line.startswith("still waiting")]
    assert waits == [f"the old tasks to end their connections and stop ... {seconds} s" for seconds in (21, 81, 141)]


def test_healthy_targets_of_another_service_in_the_target_group_are_not_its_own(stage: Stage, ecs: FakeEcs) -> None:
    """As while an installation changes its topology: the old service answers until the new one does."""

    def up() -> None:
        interface = {"type": "ElasticNetworkInterface", "details": [{"name": "privateIPv4Address", "value": "10.0.0.2"}]}
        ecs.task("new", attachments=[interface])
        ecs.steady()
        ecs.targets = [("10.0.0.1", "healthy", ""), ("10.0.0.2", "initial", "")]

    ecs.at(5, up)
    ecs.at(60, lambda: setattr(ecs, "targets", [("10.0.0.1", "healthy", ""), ("10.0.0.2", "healthy", "")]))
    stage.run(subnets=["subnet-a"], launch_type="FARGATE")
    assert stage.time.seconds >= 60


def test_a_container_that_runs_for_two_seconds_is_no_success(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7, load_balancer=False)

    def up() -> None:
        ecs.task("a")
        ecs.steady()

    def down() -> None:
        ecs.crash("a")
        ecs.ours.update(runningCount=0)
        ecs.service["runningCount"] = 0

    ecs.at(3, up)
    ecs.at(8, down)
    assert "not steady after 60 s" in str(stage.fails(timeout=60))


def test_scaling_alone_starts_no_deployment_and_waits_for_the_count(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8, load_balancer=False)
    ecs.at(20, lambda: ecs.service.update(runningCount=2) or ecs.ours.update(runningCount=2))
    result = stage.run(desired_count=2)
    assert result["differences"] == ["desiredCount: 1 -> 2"]
    assert stage.time.seconds >= 20


def test_a_count_of_zero_is_steady_when_nothing_runs_though_no_target_is_healthy(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8)

    def empty() -> None:
        ecs.service.update(runningCount=0)
        ecs.ours.update(runningCount=0, desiredCount=0)
        ecs.targets = []

    ecs.at(20, empty)
    result = stage.run(desired_count=0)
    assert result["service"]["running_count"] == 0
    assert stage.time.seconds >= 20


def test_a_count_that_autoscaling_owns_is_left_alone(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8, desiredCount=4, runningCount=4)
    ecs.targets = [(f"10.0.0.{number}", "healthy", "") for number in range(4)]
    assert stage.run(desired_count=None)["changed"] is False
    assert ecs.writes == []


def test_only_tags_differ_then_only_tags_are_written(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8, tags=[{"key": "Old", "value": "1"}])
    result = stage.run(tags={"Team": "data"})
    assert result["differences"] == ["tags.Old: 1 -> none", "tags.Team: none -> data"]
    assert [call for call, _ in ecs.writes] == ["TagResource", "UntagResource"]


def test_check_mode_names_the_drift_and_does_nothing(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    result = stage.run(check_mode=True, desired_count=3)
    assert result["changed"] is True
    assert result["differences"] == ["taskDefinition: redash:7 -> redash:8", "desiredCount: 1 -> 3"]
    assert result["diff"]["before"] == {"taskDefinition": TD.format(7), "desiredCount": 1}
    assert result["diff"]["after"] == {"taskDefinition": TD.format(8), "desiredCount": 3}
    assert ecs.writes == []
    ecs.service = None
    assert stage.run(check_mode=True)["changed"] is True
    assert ecs.writes == []


def test_check_mode_before_anything_is_made_says_that_the_service_would_be(stage: Stage, ecs: FakeEcs) -> None:
    result = stage.run(check_mode=True, cluster="missing", task_definition="unknown")
    assert (result["changed"], result["differences"]) == (True, ["the service does not exist"])
    assert stage.run(state="absent", cluster="missing")["changed"] is False
    assert "Create the cluster first" in str(stage.fails(cluster="missing"))
    assert ecs.writes == []


def test_without_waiting_the_write_is_all(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    result = stage.run(wait=False)
    assert result["changed"] is True
    assert stage.time.seconds == 0


def test_a_service_that_somebody_makes_at_the_same_moment_is_updated_instead(stage: Stage, ecs: FakeEcs) -> None:
    original = ecs.describe_services
    looks = iter([{"services": [], "failures": []}])
    ecs.running_service(7)
    ecs.describe_services = lambda **request: next(looks, None) or original(**request)  # type: ignore[method-assign]
    ecs.at(5, ecs.steady)
    stage.run(subnets=["subnet-a"])
    assert [call for call, _ in ecs.writes] == ["CreateService", "UpdateService"]


def test_attributes_that_only_new_tasks_get_are_said_to(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8)
    stage.run(enable_execute_command=True)
    assert any(line.startswith("enableExecuteCommand holds for tasks that start from now on") for line in stage.lines)


# --- failing


def roll_back(ecs: FakeEcs) -> None:
    """As ECS shows a rollback: a new PRIMARY deployment of the old revision, ours FAILED beside it."""
    ours = ecs.ours
    ours.update(status="ACTIVE", rolloutState="FAILED", rolloutStateReason="ECS deployment circuit breaker: tasks failed to start.")
    back = ecs.deployment(7, rolloutStateReason="ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.")
    ecs.service.update(deployments=[back, ours], taskDefinition=TD.format(7))


def test_a_rollback_is_a_failure_with_the_first_task_s_reason_and_its_last_lines(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    ecs.at(5, lambda: ecs.crash("one"))
    ecs.at(20, lambda: ecs.crash("two", exit_code=3))
    ecs.at(30, lambda: roll_back(ecs))
    ecs.log[f"server/server/{'one':0<32}"] = [
        "Traceback (most recent call last):",
        "psycopg2.OperationalError: could not translate host name",
    ]
    error = stage.fails()
    assert "ECS deployment circuit breaker: tasks failed to start; ECS is going back to redash:7" in str(error)
    assert "First task: server exited with 1: psycopg2.OperationalError: could not translate host name" in str(error)
    assert "The database was not reached" in str(error)
    assert error.result["stopped"]["cause"] == "database"
    assert error.result["stopped"]["task_arn"].endswith(f"/{'one':0<32}")
    assert error.result["changed"] is True
    assert "  server: psycopg2.OperationalError: could not translate host name" in stage.lines
    assert stage.time.seconds < 40


def test_a_rollback_seen_only_when_our_deployment_is_already_gone_is_a_failure(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)

    def rolled_back_and_over() -> None:
        roll_back(ecs)
        ecs.service["deployments"][0].update(rolloutState="COMPLETED", runningCount=1)
        ecs.service.update(deployments=[ecs.service["deployments"][0]], runningCount=1)

    ecs.at(10, rolled_back_and_over)
    assert "ECS rolled the deployment back to redash:7" in str(stage.fails())


@pytest.mark.parametrize("status", ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"])
def test_the_deployment_s_own_record_says_it_was_rolled_back(stage: Stage, ecs: FakeEcs, status: str) -> None:
    ecs.running_service(7)
    ecs.records = [{"serviceDeploymentArn": DEPLOYMENT.format("a"), "createdAt": START, "status": "IN_PROGRESS"}]
    ecs.at(10, lambda: ecs.records[0].update(status=status, statusReason="Service deployment rolled back because of alarm errors."))
    ecs.at(10, ecs.steady)
    assert "ECS rolled the deployment back: Service deployment rolled back because of alarm errors." in str(stage.fails())


def test_success_also_waits_for_the_deployment_s_own_record(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    ecs.records = [
        {"serviceDeploymentArn": DEPLOYMENT.format("older"), "createdAt": START - timedelta(seconds=20), "status": "STOPPED"},
        {"serviceDeploymentArn": DEPLOYMENT.format("ours"), "createdAt": START, "status": "IN_PROGRESS"},
    ]
    ecs.at(10, ecs.steady)
    ecs.at(60, lambda: ecs.records[1].update(status="SUCCESSFUL"))
    stage.run()
    assert stage.time.seconds >= 60


def test_a_policy_without_the_deployment_records_is_enough(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    ecs.denied = {"ListServiceDeployments"}
    ecs.at(10, ecs.steady)
    assert stage.run()["changed"] is True


def test_a_deployment_that_somebody_stopped_is_a_failure(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    ecs.records = [{"serviceDeploymentArn": DEPLOYMENT.format("a"), "createdAt": START, "status": "STOPPED"}]
    assert "the deployment was stopped" in str(stage.fails())


def test_a_deployment_that_another_took_the_place_of_is_a_failure(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)

    def somebody_else() -> None:
        theirs = ecs.deployment(9)
        ecs.ours["status"] = "ACTIVE"
        ecs.service["deployments"].insert(0, theirs)

    ecs.at(10, somebody_else)
    assert "another deployment (redash:9, ecs-svc/3) took the place of ours" in str(stage.fails())


def test_a_crash_loop_is_recognised_from_its_first_three_tasks(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    for number in range(10):
        ecs.at(10 + 30 * number, lambda number=number: ecs.crash(f"t{number}"))
    ecs.log[f"server/server/{'t0':0<32}"] = ["ValueError: Invalid boolean value ''"]
    error = stage.fails()
    assert "3 tasks stopped for the same cause: server exited with 1" in str(error)
    assert "A setting is empty" in str(error)
    assert 70 <= stage.time.seconds <= 70 + 2 * INTERVAL


def test_a_start_that_no_retry_mends_is_recognised_from_two_tasks(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found"
    for number in range(5):
        ecs.at(
            10 + 30 * number,
            lambda number=number: ecs.task(f"t{number}", "STOPPED", stopCode="TaskFailedToStart", stoppedReason=reason),
        )
    error = stage.fails()
    assert "2 tasks stopped for the same cause" in str(error)
    assert "Correct the image's name and tag" in str(error)
    assert stage.time.seconds <= 40 + 2 * INTERVAL


def test_a_lack_of_capacity_that_passes_is_sat_out(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    reason = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
    for number in range(4):
        ecs.at(
            10 + 10 * number,
            lambda number=number: ecs.task(f"t{number}", "STOPPED", stopCode="TaskFailedToStart", stoppedReason=reason),
        )
    ecs.at(100, ecs.steady)
    assert stage.run()["changed"] is True


def test_tasks_that_fail_the_load_balancer_s_check_are_a_crash_loop_too(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    for number in range(3):
        ecs.at(
            60 + 60 * number,
            lambda number=number: ecs.task(
                f"t{number}",
                "STOPPED",
                stopCode="ServiceSchedulerInitiated",
                stoppedReason="Task failed ELB health checks in (target-group redash)",
                startedAt=START,
            ),
        )
    error = stage.fails()
    assert stage.time.seconds < 150, "the third need not be waited for"
    assert "2 tasks stopped for the same cause: Task failed ELB health checks" in str(error)
    assert error.result["stopped"]["cause"] == "health_check"


def test_a_rerun_recognises_the_crash_loop_that_the_killed_run_left_from_its_next_task(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8)
    ecs.our_id = ecs.service["deployments"][0]["id"]
    ecs.ours.update(rolloutState="IN_PROGRESS", runningCount=0)
    for number in range(3):
        ecs.crash(f"t{number}")
    ecs.at(20, lambda: ecs.crash("t3"))
    ecs._begin()
    assert "4 tasks stopped for the same cause" in str(stage.fails())
    assert stage.time.seconds <= 20 + 2 * INTERVAL


def test_a_rerun_after_the_cause_was_mended_is_not_told_of_the_old_crashes(stage: Stage, ecs: FakeEcs) -> None:
    """The database was away, is back, and ECS still tries."""
    ecs.running_service(8)
    ecs.our_id = ecs.service["deployments"][0]["id"]
    ecs.ours.update(rolloutState="IN_PROGRESS", runningCount=0)
    ecs.service["runningCount"] = 0
    for number in range(5):
        ecs.crash(f"t{number}")
    ecs.at(30, ecs.steady)
    ecs._begin()
    assert stage.run()["changed"] is False


def given_up(ecs: FakeEcs) -> None:
    """As ECS shows a deployment that its circuit breaker gave up and could not roll back."""
    ecs.running_service(8)
    ecs.service["deployments"][0].update(rolloutState="FAILED", rolloutStateReason="tasks failed to start.", runningCount=0)
    ecs.service["runningCount"] = 0


@pytest.mark.parametrize("before", [0, 1])
def test_a_deployment_that_ecs_gave_up_is_begun_anew(stage: Stage, ecs: FakeEcs, before: int) -> None:
    """Run again once the cause is mended, or started again after it was kept stopped: ECS would start nothing of it."""
    given_up(ecs)
    ecs.service["desiredCount"] = before
    ecs.at(10, ecs.steady)
    result = stage.run(desired_count=1)
    assert result["changed"] is True
    assert "forceNewDeployment: false -> true" in result["differences"]
    assert [request.get("forceNewDeployment") for operation, request in ecs.writes] == [True]
    assert any(line.startswith("ECS gave the newest deployment up") for line in stage.lines)


def test_check_mode_says_that_a_deployment_that_ecs_gave_up_would_be_begun_anew(stage: Stage, ecs: FakeEcs) -> None:
    given_up(ecs)
    assert stage.run(check_mode=True)["differences"] == ["forceNewDeployment: false -> true"]
    assert ecs.writes == []


@pytest.mark.parametrize("asked", [{"desired_count": 0}, {"restart_failed_deployment": False, "timeout": 10}])
def test_a_deployment_that_ecs_gave_up_is_left_alone_where_nothing_is_to_run_or_it_is_only_watched(
    stage: Stage, ecs: FakeEcs, asked: dict[str, Any]
) -> None:
    given_up(ecs)
    if "timeout" in asked:
        assert "tasks failed to start" in str(stage.fails(**asked))
    else:
        stage.run(**asked)
    assert not any("forceNewDeployment" in request for _, request in ecs.writes)


def test_the_deployment_s_record_that_comes_a_moment_late_is_waited_for(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    ecs.at(5, lambda: ecs.records.append({"serviceDeploymentArn": DEPLOYMENT.format("a"), "createdAt": START, "status": "IN_PROGRESS"}))
    ecs.at(10, ecs.steady)
    ecs.at(40, lambda: ecs.records[0].update(status="ROLLBACK_SUCCESSFUL"))
    assert "ECS rolled the deployment back" in str(stage.fails())


def test_three_crashes_while_the_wanted_number_runs_are_no_crash_loop_yet(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    for number in range(3):
        ecs.at(5, lambda number=number: ecs.crash(f"t{number}"))
    ecs.at(5, lambda: ecs.ours.update(runningCount=1))
    ecs.at(40, ecs.steady)
    assert stage.run()["changed"] is True


def test_a_loop_so_quick_that_a_task_is_always_running_is_recognised(stage: Stage, ecs: FakeEcs) -> None:
    """Seen on the local AWS: a container that ends after a second, and the next one started at once."""
    ecs.running_service(7)
    ecs.at(2, lambda: ecs.ours.update(runningCount=1))
    for number in range(60):
        ecs.at(2 + 2 * number, lambda number=number: ecs.crash(f"t{number}"))
    assert "tasks stopped for the same cause: server exited with 1" in str(stage.fails())
    assert stage.time.seconds <= 4 * INTERVAL


def test_what_is_well_at_the_first_look_is_no_news(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    ecs.at(10, ecs.steady)
    stage.run()
    told = [line for line in stage.lines if line.startswith("target")]
    assert told == ["target 10.0.0.2:5000 is healthy", "target 10.0.0.1:5000 is deregistered"]


def test_ecs_may_show_the_service_as_it_was_for_a_moment_after_the_write(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    before = {**ecs.service, "deployments": [dict(ecs.service["deployments"][0])]}
    now = ecs.describe_services
    ecs.describe_services = lambda **request: (  # type: ignore[method-assign]
        {"services": [before], "failures": []} if stage.time.seconds < 5 else now(**request)
    )
    ecs.at(10, ecs.steady)
    assert stage.run()["changed"] is True
    assert stage.time.seconds >= 10


def test_old_tasks_still_draining_are_waited_for(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)

    def new_ones_run() -> None:
        ecs.ours.update(rolloutState="COMPLETED", runningCount=1)
        ecs.service.update(runningCount=1)

    ecs.at(5, new_ones_run)
    ecs.at(60, ecs.steady)
    stage.run()
    assert stage.time.seconds >= 60


def test_deployments_that_failed_earlier_stay_in_ecs_s_list_and_do_not_matter(stage: Stage, ecs: FakeEcs) -> None:
    """Seen on MiniStack; a failed deployment is listed until a later one replaces it on ECS, too."""
    ecs.running_service(7)
    failed = ecs.deployment(6, "FAILED", status="ACTIVE", failedTasks=3)
    ecs.service["deployments"].append(failed)

    def done() -> None:
        ecs.steady()
        ecs.service["deployments"].append(failed)

    ecs.at(5, done)
    assert stage.run()["changed"] is True
    assert not any("redash:6" in line for line in stage.lines)


def test_two_crashes_and_then_success_is_success(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    ecs.at(5, lambda: ecs.crash("a"))
    ecs.at(10, lambda: ecs.crash("b"))
    ecs.at(40, ecs.steady)
    assert stage.run()["changed"] is True


def test_old_tasks_that_are_replaced_and_tasks_that_a_person_stops_are_no_crash_loop(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    old = ecs.service["deployments"][0]
    for number in range(5):
        ecs.at(5, lambda number=number: ecs.crash(f"old{number}", deployment=old))
        ecs.at(5, lambda number=number: ecs.task(f"p{number}", "STOPPED", stopCode="UserInitiated", stoppedReason="by hand"))
    ecs.at(40, ecs.steady)
    assert stage.run()["changed"] is True


def test_failures_of_last_night_do_not_fail_today_s_scaling(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8, load_balancer=False)
    primary = ecs.service["deployments"][0]
    for number in range(5):
        ecs.crash(f"night{number}", deployment=primary)
    ecs.at(20, lambda: ecs.service.update(runningCount=2) or ecs.ours.update(runningCount=2, desiredCount=2))
    primary["desiredCount"] = 2
    assert stage.run(desired_count=2)["changed"] is True
    assert not any("night" in line for line in stage.lines)


def test_a_time_limit_says_where_things_stand(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    ecs.at(3, lambda: ecs.event("was unable to place a task."))
    ecs.at(3, lambda: setattr(ecs, "targets", [("10.0.0.2", "unhealthy", "Target.ResponseCodeMismatch")]))
    error = stage.fails(timeout=30)
    assert str(error).startswith("service redash: not steady after 30 s: redash:8: 0 of 1 running, IN_PROGRESS; other deployment redash:7")
    assert "last event: (service redash) was unable to place a task." in str(error)
    assert "target 10.0.0.2:5000 is unhealthy (Target.ResponseCodeMismatch)" in str(error)
    assert 30 <= stage.time.seconds <= 30 + INTERVAL


def test_a_service_that_somebody_deletes_meanwhile_is_a_failure(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    ecs.at(10, lambda: ecs.service.update(status="DRAINING"))
    assert "somebody deleted it" in str(stage.fails())


def test_an_interruption_says_that_ecs_goes_on(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)

    def ctrl_c() -> None:
        raise Interrupted(2)

    ecs.at(10, ctrl_c)
    with pytest.raises(Interrupted):
        stage.run()
    assert stage.lines[-1] == "interrupted: ECS goes on with the deployment; a rerun follows it again"


def test_an_unknown_task_definition_is_one_line_and_nothing_is_written(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(7)
    assert str(stage.fails(task_definition="unknown")) == "unknown: there is no such task definition. Register it first."
    assert ecs.writes == []


@pytest.mark.parametrize(
    ("code", "message", "todo"),
    [
        ("ClusterNotFoundException", "Cluster not found.", "Create the cluster first"),
        (
            "InvalidParameterException",
            "The target group with targetGroupArn x does not have an associated load balancer.",
            "has no listener",
        ),
        ("InvalidParameterException", "The container sever does not exist in the task definition.", "Name a container"),
        ("InvalidParameterException", "a valid taskRoleArn is not being used", "ECS Exec needs a task role"),
        ("AccessDeniedException", "not authorized to perform: iam:PassRole on resource x", "Allow iam:PassRole"),
    ],
)
def test_ecs_s_refusals_say_what_to_do(stage: Stage, ecs: FakeEcs, code: str, message: str, todo: str) -> None:
    def refuse(**request: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": message}}, "CreateService")

    ecs.create_service = refuse  # type: ignore[assignment, method-assign]
    assert todo in str(stage.fails(subnets=["subnet-a"]))


# --- deleting


def test_deleting_scales_to_zero_waits_deletes_and_waits(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8)
    old = ecs.service["deployments"][0]

    def stopped() -> None:
        ecs.task("old", "STOPPED", deployment=old)
        ecs.story = [(20, lambda: ecs.service.update(status="INACTIVE"))]

    # It leaves the count when it is told to stop; its containers may be a while about it.
    ecs.at(10, lambda: ecs.service.update(runningCount=0) or ecs.task("old", "DEPROVISIONING", deployment=old))
    ecs.at(30, stopped)
    assert stage.run(state="absent")["changed"] is True
    assert [call for call, _ in ecs.writes] == ["UpdateService", "DeleteService"]
    assert stage.time.seconds >= 50
    assert stage.run(state="absent")["changed"] is False


def test_deleting_in_check_mode_deletes_nothing(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8)
    assert stage.run(state="absent", check_mode=True)["changed"] is True
    assert ecs.writes == []


def test_tasks_that_do_not_stop_are_said_and_the_service_is_not_deleted(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8)
    assert "its tasks did not stop within 60 s" in str(stage.fails(state="absent", timeout=60))
    assert [call for call, _ in ecs.writes] == ["UpdateService"]


def test_a_service_still_draining_is_waited_for_before_it_is_made_anew(stage: Stage, ecs: FakeEcs) -> None:
    ecs.running_service(8, status="DRAINING", runningCount=0)
    ecs.at(20, lambda: ecs.service.update(status="INACTIVE"))
    ecs._begin()
    ecs.at(5, ecs.steady)
    stage.run(subnets=["subnet-a"])
    assert [call for call, _ in ecs.writes] == ["CreateService"]
    assert stage.time.seconds >= 20
