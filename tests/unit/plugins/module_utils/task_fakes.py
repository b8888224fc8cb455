# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stand-in for ECS and CloudWatch Logs with a time of its own, for states that no emulator shows.

MiniStack never shows DEPROVISIONING, never throttles, never answers MISSING, and forgets no log line on
purpose. Here each of them can be arranged, and every call is counted.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import botocore.exceptions

from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context

CLUSTER = "redash-test"
FAMILY = "redash-test-task-runner"
DEFINITION = f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{FAMILY}:7"


def client_error(code: str, message: str = "", **more: Any) -> botocore.exceptions.ClientError:
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": message}, **more}, "Operation")


class Time:
    """A clock that only sleeping moves on; ``at`` runs something at a time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.plans: list[tuple[float, Callable[[], None]]] = []

    def at(self, time: float, what: Callable[[], None]) -> None:
        self.plans.append((time, what))
        self.plans.sort(key=lambda plan: plan[0])

    def sleep(self, seconds: float) -> None:
        end = self.now + max(0.0, seconds)
        while self.plans and self.plans[0][0] <= end:
            time, what = self.plans.pop(0)
            self.now = max(self.now, time)
            what()
        self.now = max(self.now, end)

    @property
    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now, sleep=self.sleep, now=lambda: self.now)


def when(time: float) -> datetime:
    return datetime.fromtimestamp(time, UTC)


class Stream:
    """A log stream: events have a time of their own and a time from which on they can be read."""

    def __init__(self) -> None:
        self.events: list[tuple[int, int, float, str]] = []  # timestamp, sequence, visible from, message

    def put(self, timestamp: int, visible: float, message: str) -> None:
        self.events.append((timestamp, len(self.events), visible, message))

    def page(self, now: float, token: str | None, start_time: int | None, limit: int) -> tuple[list[dict[str, Any]], str]:
        """Reads on from a place in the order of time, as CloudWatch does: what comes late before it is passed by."""
        marker = tuple(int(part) for part in token.split("/")[1:]) if token else (-1, -1)
        visible = sorted(
            (event for event in self.events if event[2] <= now and event[:2] > marker and event[0] >= (start_time or 0)),
            key=lambda event: event[:2],
        )[:limit]
        if not visible:
            return [], token or "f/-1/-1"
        last = visible[-1]
        return [{"timestamp": event[0], "message": event[3], "ingestionTime": int(event[2] * 1000)} for event in visible], (
            f"f/{last[0]}/{last[1]}"
        )


class Bucket:
    """AWS's limit of a kind of call: so many at once, so many a second."""

    def __init__(self, time: Time, burst: float, rate: float) -> None:
        self.time, self.burst, self.rate = time, burst, rate
        self.left, self.filled = burst, time.now

    def take(self) -> None:
        self.left = min(self.burst, self.left + (self.time.now - self.filled) * self.rate)
        self.filled = self.time.now
        if self.left < 1:
            raise client_error("ThrottlingException", "Rate exceeded")
        self.left -= 1


class Aws:
    """``task(seconds)`` gives the fields of a task that was started so many seconds ago."""

    def __init__(self, time: Time | None = None) -> None:
        self.time = time or Time()
        self.calls: Counter[str] = Counter()
        self.tasks: dict[str, dict[str, Any]] = {}
        self.started: dict[str, float] = {}
        self.stopped: dict[str, str] = {}
        self.requests: list[dict[str, Any]] = []
        self.tokens: dict[str, str] = {}
        self.streams: dict[str, Stream] = {}
        self.missing_for = 0.0
        self.unlisted_for = 0.0  # seconds after RunTask in which ListTasks does not tell of a task
        self.failures: list[dict[str, Any]] = []
        self.run_task_errors: list[Exception] = []
        self.limits: dict[str, Bucket] = {}
        self.log_errors: list[Exception] = []
        self.invalid_tokens: set[str] = set()
        self.page_limit = 10_000
        self.life: Callable[[float], dict[str, Any]] = ran
        self.on_start: Callable[[str], None] = lambda arn: None
        self.services: list[dict[str, Any]] = []
        self.subnets: list[dict[str, Any]] | None = None
        self.definition: dict[str, Any] = {
            "taskDefinitionArn": DEFINITION,
            "family": FAMILY,
            "revision": 7,
            "status": "ACTIVE",
            "networkMode": "awsvpc",
            "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
            "containerDefinitions": [container()],
        }
        self.meta = type("Meta", (), {"region_name": "eu-west-1"})()
        self.cluster_status: str | None = "ACTIVE"

    def context(self, **more: Any) -> Context:
        self.reported: list[str] = []
        return Context(
            client=lambda service, **_: self, report=self.reported.append, clock=self.time.clock, random=random.Random(7), **more
        )

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        if name in self.limits:
            self.limits[name].take()

    # ECS

    def describe_clusters(self, *, clusters: list[str]) -> dict[str, Any]:
        self._called("DescribeClusters")
        known = clusters == [CLUSTER] and self.cluster_status
        return {"clusters": [{"clusterName": CLUSTER, "status": self.cluster_status}] if known else [], "failures": []}

    def describe_services(self, *, cluster: str, services: list[str]) -> dict[str, Any]:
        self._called("DescribeServices")
        return {"services": [service for service in self.services if service["serviceName"] in services]}

    def describe_subnets(self, *, SubnetIds: list[str]) -> dict[str, Any]:
        if self.subnets is None:
            raise client_error("UnauthorizedOperation")
        known = [subnet["SubnetId"] for subnet in self.subnets]
        for subnet in SubnetIds:
            if subnet not in known:
                raise client_error("InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist")
        return {"Subnets": [subnet for subnet in self.subnets if subnet["SubnetId"] in SubnetIds]}

    def describe_task_definition(self, *, taskDefinition: str) -> dict[str, Any]:
        self._called("DescribeTaskDefinition")
        if taskDefinition not in (FAMILY, f"{FAMILY}:7", DEFINITION):
            raise client_error("ClientException", "Unable to describe task definition.")
        return {"taskDefinition": self.definition}

    def run_task(self, **request: Any) -> dict[str, Any]:
        self._called("RunTask")
        self.requests.append(request)
        if self.run_task_errors:
            raise self.run_task_errors.pop(0)
        if self.failures:
            return {"tasks": [], "failures": [self.failures.pop(0)]}
        token = request["clientToken"]
        if token in self.tokens:
            arn = self.tokens[token]
            original = self.tasks[arn]["request"]
            if {**original, "clientToken": ""} != {**request, "clientToken": ""}:
                raise client_error("ConflictException", "clientToken is in use", resourceIds=[arn])
            task = self.seen(arn)
            if task["lastStatus"] == "STOPPED":  # AWS tells no more of a stopped one
                return {"tasks": [{key: task[key] for key in ("taskArn", "lastStatus", "desiredStatus")}], "failures": []}
            return {"tasks": [task], "failures": []}
        arn = f"arn:aws:ecs:eu-west-1:123456789012:task/{CLUSTER}/{len(self.tasks):032x}"
        self.tokens[token] = arn
        self.tasks[arn] = {"request": request}
        self.started[arn] = self.time.now
        for one in self.definition["containerDefinitions"]:
            # The driver makes it before the program starts, whether that says anything or not.
            self.stream(arn, one["name"])
        self.on_start(arn)
        return {"tasks": [self.seen(arn)], "failures": []}

    def seen(self, arn: str) -> dict[str, Any]:
        request = self.tasks[arn]["request"]
        began = self.started[arn]
        fields = self.tasks[arn].get("life", self.life)(self.time.now - began)
        task = {
            "taskArn": arn,
            "taskDefinitionArn": request["taskDefinition"],
            "startedBy": request["startedBy"],
            "overrides": request["overrides"],
            "createdAt": when(began),
            "launchType": "FARGATE",
            "cpu": "256",
            "memory": "512",
            "desiredStatus": "STOPPED" if fields.get("lastStatus") == "STOPPED" else "RUNNING",
            **{key: when(began + value) if key.endswith("At") else value for key, value in fields.items()},
        }
        if arn in self.stopped and task["lastStatus"] != "STOPPED":
            task["desiredStatus"] = "STOPPED"
        return task

    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> dict[str, Any]:
        self._called("DescribeTasks")
        assert len(tasks) <= 100
        known = [arn for arn in tasks if arn in self.tasks and self.time.now - self.started[arn] >= self.missing_for]
        return {
            "tasks": [self.seen(arn) for arn in known],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn in tasks if arn not in known],
            # AWS tells its time in whole seconds.
            "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(when(int(self.time.now)), usegmt=True)}},
        }

    def get_paginator(self, name: str) -> Aws:
        assert name == "list_tasks"
        return self

    def paginate(self, *, cluster: str, **filters: str) -> list[dict[str, Any]]:
        self._called("ListTasks")
        # "When you specify startedBy as the filter, it must be the only filter that you use." (service model)
        if not filters or ("startedBy" in filters and len(filters) > 1) or not filters.keys() <= {"startedBy", "family", "desiredStatus"}:
            raise client_error("InvalidParameterException", f"Invalid combination of filters: {', '.join(filters)}")
        tasks = [self.seen(arn) for arn in self.tasks if self.time.now - self.started[arn] >= self.unlisted_for]
        found = [
            task["taskArn"]
            for task in tasks
            if filters.get("startedBy") in (None, task["startedBy"])
            and task["desiredStatus"] == filters.get("desiredStatus", "RUNNING")
            and f"/{filters.get('family', '')}" in task["taskDefinitionArn"]
        ]
        return [{"taskArns": found[index : index + 2]} for index in range(0, max(1, len(found)), 2)]

    def stop_task(self, *, cluster: str, task: str, reason: str) -> dict[str, Any]:
        self._called("StopTask")
        self.stopped[task] = reason
        return {}

    # CloudWatch Logs

    def stream(self, arn: str, name: str = "task-runner") -> Stream:
        return self.streams.setdefault(f"{name}/{name}/{arn.rsplit('/', 1)[-1]}", Stream())

    def arn_of(self, stream: str) -> str:
        return next(arn for arn in self.tasks if arn.endswith(stream.rpartition("/")[2]))

    def get_log_events(
        self,
        *,
        logGroupName: str,
        logStreamName: str,
        startFromHead: bool = False,
        nextToken: str | None = None,
        startTime: int | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        self._called("GetLogEvents")
        if self.log_errors:
            raise self.log_errors.pop(0)
        stream = self.streams.get(logStreamName)
        if stream is not None and not stream.events and self.seen(self.arn_of(logStreamName))["lastStatus"] in ("PROVISIONING", "PENDING"):
            stream = None
        if nextToken is not None and nextToken in self.invalid_tokens:
            raise client_error("InvalidParameterException", "The specified nextToken is invalid.")
        if stream is None or (stream.events and not any(event[2] <= self.time.now for event in stream.events)):
            raise client_error("ResourceNotFoundException", "The specified log stream does not exist.")
        events, token = stream.page(self.time.now, nextToken, startTime, self.page_limit)
        return {"events": events, "nextForwardToken": token}


def container(name: str = "task-runner", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "image": "redash/redash:25.8.0",
        "essential": True,
        "secrets": [{"name": "REDASH_ADMIN_PASSWORD", "valueFrom": "/redash/test/admin_password"}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "/redash/test", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": name},
        },
        **more,
    }


def ran(
    seconds: float,
    *,
    pending: float = 6.0,
    runs: float = 10.0,
    exit_code: int | None = 0,
    deprovisioning: float = 15.0,
    **more: Any,
) -> dict[str, Any]:
    """A Fargate task's life: provisioning, pulling, running, DEPROVISIONING with its exit code, STOPPED."""
    if seconds < pending / 3:
        return {"lastStatus": "PROVISIONING", "containers": [{"name": "task-runner", "lastStatus": "PENDING"}]}
    if seconds < pending:
        return {"lastStatus": "PENDING", "pullStartedAt": pending / 3, "containers": [{"name": "task-runner", "lastStatus": "PENDING"}]}
    times = {"pullStartedAt": pending / 3, "pullStoppedAt": pending - 1, "startedAt": pending}
    if seconds < pending + runs:
        return {"lastStatus": "RUNNING", **times, "containers": [{"name": "task-runner", "lastStatus": "RUNNING"}]}
    ended = {"name": "task-runner", "lastStatus": "STOPPED", **({} if exit_code is None else {"exitCode": exit_code})}
    return {
        "lastStatus": "DEPROVISIONING" if seconds < pending + runs + deprovisioning else "STOPPED",
        "desiredStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        **times,
        "executionStoppedAt": pending + runs,
        "containers": [ended],
        **more,
    }


def params(**more: Any) -> dict[str, Any]:
    """redash_ecs_task's options with their defaults, as Ansible hands them over."""
    from ansible_collections.redash.ecs.plugins.module_utils.task import ARGUMENTS

    given: dict[str, Any] = {name: option.get("default") for name, option in ARGUMENTS.items()}
    given.update(cluster=CLUSTER, task_definition=FAMILY, subnets=["subnet-1"], security_groups=["sg-1"])
    if not {"cmd", "cmds", "command"} & set(more):
        given["cmd"] = "groups list"
    return {**given, **more}
