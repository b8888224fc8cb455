# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Watching one deployment of an ECS service: what is new to say, and whether it is over.

Pure: it is handed what AWS showed at one moment (a Snapshot) and keeps what it has already said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.service import revision
from ansible_collections.redash.ecs.plugins.module_utils.core.stopped import explain

# So many tasks of one deployment that ended for the same cause are a crash loop. ECS's circuit breaker
# waits for three at least and for half of the desired count; without it ECS tries for ever.
CRASH_LOOP = 3
# A start that failed for what no retry mends (an image or secret that isn't there) need not fail thrice, nor
# need a task that ran and never got healthy: that takes minutes each time.
HOPELESS = 2
# After the numbers are right they have to stay so for a moment: a container that crashes after two seconds
# was RUNNING before. Seconds.
SETTLE = 6.0

# Why ECS itself stops tasks of a deployment that is well: these are no failures.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
ORDINARY = ("Scaling activity initiated by", "Deployment completed", "Task definition updated", "Service scaling down", "Service deleted")
ROLLED_BACK = ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
STOPPED_BY_SOMEBODY = ("STOPPED", "STOP_REQUESTED")


@dataclass(frozen=True)
class Target:
    """One target of a load balancer's target group, as DescribeTargetHealth shows it."""

    address: str
    state: str
    reason: str = ""

    @property
    def text(self) -> str:
        return f"{self.state} ({self.reason})" if self.reason else self.state


@dataclass(frozen=True)
class Snapshot:
    """What AWS showed at one moment.

    ``service``             the service of DescribeServices
    ``tasks``               tasks of the service, running and stopped, of DescribeTasks
    ``targets``             of all target groups; None where there is no load balancer
    ``service_deployment``  of DescribeServiceDeployments; None where there is no such record
    """

    service: Mapping[str, Any]
    tasks: tuple[Mapping[str, Any], ...] = ()
    targets: tuple[Target, ...] | None = None
    service_deployment: Mapping[str, Any] | None = None


class State(Enum):
    GOING = "going"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Verdict:
    """Whether the deployment is over. ``reason`` is why it failed, or what it still waits for; ``task`` the first that failed."""

    state: State
    reason: str = ""
    todo: str = ""
    task: Mapping[str, Any] | None = None


GOING = Verdict(State.GOING, "ECS to show the deployment")


def primary_of(service: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((deployment for deployment in service.get("deployments") or [] if deployment.get("status") == "PRIMARY"), None)


@dataclass
class Watch:
    """One deployment under observation.

    ``deployment_id``    ours: the PRIMARY one after our write
    ``task_definition``  the ARN that was asked for
    ``started_at``       when the deployment was created
    ``is_new``           it was in progress when watching began; otherwise what stopped before is old news
    ``is_ours``          our write began it; otherwise what failed before is a crash loop only if it goes on: its cause may
                         be mended, which is why people run this again
    """

    deployment_id: str
    task_definition: str
    started_at: datetime
    is_new: bool = True
    is_ours: bool = True
    _events: set[str] = field(default_factory=set)
    _states: dict[str, str] = field(default_factory=dict)
    _targets: dict[str, str] = field(default_factory=dict)
    _old: set[str] = field(default_factory=set)
    _before: set[str] = field(default_factory=set)
    _line: str = ""
    _seen_ours: bool = False
    _first: bool = True
    _failures: int = 0
    _looks_in_a_row: int = 0

    def news(self, snapshot: Snapshot) -> list[str]:
        """What changed since the last snapshot, in lines for people. The first one only says where things stand."""
        if self._first:
            stopped = {task["taskArn"] for task in snapshot.tasks if task.get("lastStatus") == "STOPPED"}
            self._old = set() if self.is_new else stopped
            self._before = set() if self.is_ours else stopped
        lines = self._deployment_news(snapshot)
        lines += self._task_news(snapshot)
        lines += self._target_news(snapshot)
        lines += self._event_news(snapshot)
        self._first = False
        return lines

    def _deployment_news(self, snapshot: Snapshot) -> list[str]:
        parts = []
        for deployment in snapshot.service.get("deployments") or []:
            ours = deployment["id"] == self.deployment_id
            if not ours and not _has_tasks(deployment):
                continue
            counts = f"{deployment.get('runningCount', 0)} of {deployment.get('desiredCount', 0)} running"
            if deployment.get("pendingCount"):
                counts += f", {deployment['pendingCount']} pending"
            if deployment.get("failedTasks"):
                counts += f", {deployment['failedTasks']} failed"
            state = deployment.get("rolloutState", "")
            parts.append(
                f"{'' if ours else 'other deployment '}{revision(deployment['taskDefinition'])}: {counts}" + (f", {state}" if state else "")
            )
        line = "; ".join(parts)
        if line == self._line:
            return []
        self._line = line
        return [line] if line else []

    def _task_news(self, snapshot: Snapshot) -> list[str]:
        lines = []
        for task in sorted(snapshot.tasks, key=lambda task: str(task.get("createdAt", ""))):
            arn, status = task["taskArn"], task.get("lastStatus", "")
            if task.get("healthStatus") == "UNHEALTHY" and status != "STOPPED":
                status += ", UNHEALTHY"
            if self._states.get(arn) == status:
                continue
            known = arn in self._states
            self._states[arn] = status
            mine = self.is_mine(task)
            name = f"task {task_id(arn)} of {revision(task['taskDefinitionArn'])}"
            if status == "STOPPED":
                # What had stopped before we looked is old news, unless it belongs to the deployment that we watch.
                if known or (mine and (self.is_new or not self._first)):
                    lines.append(f"{name} stopped: {explain(task).what if is_failure(task) else task.get('stoppedReason', '')}")
            elif mine and not (self._first and not self.is_new):
                lines.append(f"{name} is {status}")
        return lines

    def _target_news(self, snapshot: Snapshot) -> list[str]:
        lines = []
        now = {target.address: target.text for target in snapshot.targets or ()}
        for address, text in now.items():
            # At the first look, those that are well are the old tasks'.
            if self._targets.get(address) != text and not (self._first and (text == "healthy" or not self.is_new)):
                lines.append(f"target {address} is {text}")
        lines += [f"target {address} is deregistered" for address in self._targets if address not in now]
        self._targets = now
        return lines

    def _event_news(self, snapshot: Snapshot) -> list[str]:
        lines = []
        for event in reversed(snapshot.service.get("events") or []):  # newest first, as ECS lists them
            if event["id"] in self._events:
                continue
            self._events.add(event["id"])
            if not self._first or (self.is_new and event["createdAt"] >= self.started_at):
                lines.append(f"event: {event['message']}")
        return lines

    def is_mine(self, task: Mapping[str, Any]) -> bool:
        """Whether a task belongs to the deployment under observation."""
        started_by = str(task.get("startedBy", ""))
        if started_by.startswith("ecs-svc/"):
            return started_by == self.deployment_id
        # MiniStack puts the service's name there.
        return bool(task["taskDefinitionArn"] == self.task_definition and task["createdAt"] >= self.started_at)

    def verdict(self, snapshot: Snapshot) -> Verdict:
        """Whether it is over, and how. To be asked after ``news`` of the same snapshot."""
        service = snapshot.service
        if service.get("status") != "ACTIVE":
            return Verdict(State.FAILED, f"the service became {service.get('status')}: somebody deleted it", "Find out who, and rerun.")
        failures = [
            task
            for task in sorted(snapshot.tasks, key=lambda task: str(task.get("stoppedAt", "")))
            if task["taskArn"] not in self._old and self.is_mine(task) and is_failure(task)
        ]
        first = failures[0] if failures else None
        primary = primary_of(service)
        is_ours = primary is not None and primary["id"] == self.deployment_id
        # Where nothing is to run, how the deployment went is no matter: one that the circuit breaker gave up stays FAILED for ever.
        is_to_run = bool(int(service.get("desiredCount", 0)))
        gone = self._gone_wrong(snapshot, first) if is_to_run or not is_ours else None
        if gone is not None:
            return gone
        if primary is None or not is_ours:
            return GOING  # DescribeServices may lag behind UpdateService for a moment
        return (self._crash_loop(primary, failures) if is_to_run else None) or self._done(snapshot, primary)

    def _gone_wrong(self, snapshot: Snapshot, first: Mapping[str, Any] | None) -> Verdict | None:
        record = snapshot.service_deployment or {}
        status = record.get("status", "")
        if status in ROLLED_BACK:
            reason = record.get("statusReason") or (record.get("rollback") or {}).get("reason") or status
            return Verdict(State.FAILED, f"ECS rolled the deployment back: {reason}", task=first)
        if status in STOPPED_BY_SOMEBODY:
            why = f": {record['statusReason']}" if record.get("statusReason") else ""
            return Verdict(State.FAILED, f"the deployment was stopped{why}", "Rerun when nobody else deploys.", first)
        deployments = snapshot.service.get("deployments") or []
        ours = next((deployment for deployment in deployments if deployment["id"] == self.deployment_id), None)
        primary = primary_of(snapshot.service)
        if ours is not None:
            self._seen_ours = True
            if ours.get("rolloutState") == "FAILED":
                back = f"; ECS is going back to {revision(primary['taskDefinition'])}" if primary and primary["id"] != ours["id"] else ""
                reason = str(ours.get("rolloutStateReason") or "ECS gave the deployment up").rstrip(".")
                return Verdict(State.FAILED, f"{reason}{back}", task=first)
        if primary is None or primary["id"] == self.deployment_id or not self._seen_ours:
            return None
        reason = str(primary.get("rolloutStateReason", ""))
        if "roll" in reason.lower() and "back" in reason.lower():
            return Verdict(State.FAILED, f"ECS rolled the deployment back to {revision(primary['taskDefinition'])}: {reason}", task=first)
        return Verdict(
            State.FAILED,
            f"another deployment ({revision(primary['taskDefinition'])}, {primary['id']}) took the place of ours",
            "Somebody else deploys this service: find out who, and rerun.",
        )

    def _crash_loop(self, primary: Mapping[str, Any], failures: list[Mapping[str, Any]]) -> Verdict | None:
        # That all run says nothing while some fail between any two looks: in a quick loop the next one always runs.
        self._looks_in_a_row = self._looks_in_a_row + 1 if len(failures) > self._failures else 0
        self._failures = len(failures)
        if int(primary.get("runningCount", 0)) >= int(primary.get("desiredCount", 0)) and self._looks_in_a_row < 2:
            return None
        alike: dict[str, list[Mapping[str, Any]]] = {}
        for task in failures:
            alike.setdefault(explain(task).cause, []).append(task)
        for tasks in alike.values():
            why = explain(tasks[0])
            # A cause that passes by itself (no capacity for the moment) is ECS's to sit out, up to our time limit.
            enough = CRASH_LOOP if why.ran and why.cause != "health_check" else HOPELESS
            goes_on = any(task["taskArn"] not in self._before for task in tasks)
            if not why.retry and len(tasks) >= enough and goes_on:
                return Verdict(State.FAILED, f"{len(tasks)} tasks stopped for the same cause: {why.what}", why.todo, tasks[0])
        return None

    def _done(self, snapshot: Snapshot, primary: Mapping[str, Any]) -> Verdict:
        desired = int(snapshot.service.get("desiredCount", 0))
        if primary["taskDefinition"] != self.task_definition:
            return Verdict(
                State.FAILED,
                f"the primary deployment runs {revision(primary['taskDefinition'])}, not {revision(self.task_definition)}",
                "Somebody else deploys this service: find out who, and rerun.",
            )
        awaited = self._awaited(snapshot, primary, desired)
        return Verdict(State.GOING, awaited) if awaited else Verdict(State.DONE)

    def _awaited(self, snapshot: Snapshot, primary: Mapping[str, Any], desired: int) -> str:
        """What the deployment still waits for, in the order in which it comes about; nothing when all is there."""
        service = snapshot.service
        running = int(service.get("runningCount", 0))
        # A deployment that failed stays in the list, empty; one that still has tasks is being replaced by ours.
        others = any(other["id"] != primary["id"] and _has_tasks(other) for other in service["deployments"])
        started = int(primary.get("runningCount", 0)) if others else running
        if started < desired or int(service.get("pendingCount", 0)):
            return "its tasks to run"
        if any(
            self.is_mine(task) and task.get("healthStatus") == "UNHEALTHY" and task.get("lastStatus") == "RUNNING"
            for task in snapshot.tasks
        ):
            return "its containers to pass their health checks"
        if snapshot.targets is not None and desired and self._healthy(snapshot) < desired:
            return "the load balancer to find its tasks healthy"
        if others or running > desired:
            return "the old tasks to end their connections and stop"
        record = snapshot.service_deployment
        if desired and (
            primary.get("rolloutState", "COMPLETED") != "COMPLETED" or (record and record.get("status") not in ("SUCCESSFUL", None))
        ):
            return "ECS to call the deployment complete"
        return ""

    def _healthy(self, snapshot: Snapshot) -> int:
        """How many targets are healthy; of this deployment's own tasks, where their addresses are known.

        While an installation changes its topology, another service's targets are in the same target group.
        """
        own = {address for task in snapshot.tasks if self.is_mine(task) for address in addresses(task)}
        return sum(target.state == "healthy" and (not own or target.address.rpartition(":")[0] in own) for target in snapshot.targets or ())

    def standing(self, snapshot: Snapshot) -> str:
        """Where things stand, in one line: what a time limit's message ends with."""
        parts = [self._line] if self._line else []
        ill = [f"target {target.address} is {target.text}" for target in snapshot.targets or () if target.state != "healthy"]
        if snapshot.targets == () and int(snapshot.service.get("desiredCount", 0)):
            ill = ["no target is registered with the load balancer"]
        events = [f"last event: {event['message'].rstrip('.')}" for event in (snapshot.service.get("events") or [])[:1]]
        return "; ".join(parts + ill + events)


def _has_tasks(deployment: Mapping[str, Any]) -> bool:
    return bool(deployment.get("runningCount") or deployment.get("pendingCount"))


def addresses(task: Mapping[str, Any]) -> list[str]:
    """The addresses of a task in awsvpc mode."""
    return [
        detail["value"]
        for attachment in task.get("attachments") or []
        for detail in attachment.get("details") or []
        if detail.get("name") in ("privateIPv4Address", "privateIPv6Address")
    ]


def is_failure(task: Mapping[str, Any]) -> bool:
    """Whether a task stopped by itself or for being ill, and not because ECS or a person wanted it to."""
    if task.get("lastStatus") != "STOPPED":
        return False
    if str(task.get("stopCode", "")) == "UserInitiated":
        return False
    return not str(task.get("stoppedReason", "")).startswith(ORDINARY)


def task_id(arn: str) -> str:
    """The first eight characters of a task's id: enough for people to tell tasks apart."""
    return arn.rsplit("/", 1)[-1][:8]
