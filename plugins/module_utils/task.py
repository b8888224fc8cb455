# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""redash_ecs_task: one command as one ECS task, followed to its true end."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import logs as aws_logs
from ansible_collections.redash.ecs.plugins.module_utils.aws import tasks as aws_tasks
from ansible_collections.redash.ecs.plugins.module_utils.aws.client import botocore_exceptions, error_code, problem_of
from ansible_collections.redash.ecs.plugins.module_utils.context import Context, Interrupted
from ansible_collections.redash.ecs.plugins.module_utils.core import account, batch, manage, outcome, pace, task_log
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release import release
from ansible_collections.redash.ecs.plugins.module_utils.core.stopped import REASONS, Stopped, anything_ran, explain_failure

ARGUMENTS: dict[str, Any] = {
    "cluster": {"type": "str", "required": True},
    "task_definition": {"type": "str", "required": True},
    "container": {"type": "str"},
    "cmd": {"type": "raw"},
    "cmds": {"type": "list", "elements": "raw"},
    "command": {"type": "list", "elements": "str"},
    "keep_going": {"type": "bool", "default": False},
    "redash_version": {"type": "str"},
    "secrets": {"type": "dict", "no_log": False},
    "subnets": {"type": "list", "elements": "str", "default": []},
    "security_groups": {"type": "list", "elements": "str", "default": []},
    "assign_public_ip": {"type": "str", "choices": ["ENABLED", "DISABLED"]},
    "network_from": {"type": "list", "elements": "str", "default": []},
    "launch_type": {"type": "str", "choices": ["FARGATE", "EC2", "EXTERNAL"]},
    "capacity_provider_strategy": {
        "type": "list",
        "elements": "dict",
        "options": {
            "capacity_provider": {"type": "str", "required": True},
            "weight": {"type": "int"},
            "base": {"type": "int"},
        },
    },
    "platform_version": {"type": "str"},
    "enable_execute_command": {"type": "bool", "default": False},
    "propagate_tags": {"type": "str", "choices": ["TASK_DEFINITION", "NONE"]},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "timeout": {"type": "int", "default": 3600},
    "on_interrupt": {"type": "str", "choices": ["stop", "leave"], "default": "stop"},
    "retries": {"type": "int", "default": 3},
    "lock": {"type": "str"},
    "job_id": {"type": "str"},
    "stream": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": True},
    "log_lines_max": {"type": "int", "default": 10000},
}

SPECIFICATION: dict[str, Any] = {
    "mutually_exclusive": [("cmd", "cmds", "command"), ("launch_type", "capacity_provider_strategy")],
    "required_one_of": [("cmd", "cmds", "command")],
}

# After the exit code shows, the log counts as complete once it has been quiet for this long. The log
# driver sends its rest when the container ends, before or while ECS learns of the end; what remains is
# the second or so until CloudWatch shows it.
QUIET = 1.2
# Nothing at all in the log is suspicious: a start of Redash always leaves some lines. So it gets longer.
QUIET_WHEN_EMPTY = 5.0
# When ECS's own clock says that the process ended this long ago, one more look is enough.
SETTLED = 2.0
DRAIN_MAX = 300.0  # it still grows, or AWS throttles that hard
# ECS is eventually consistent: right after RunTask a task may be MISSING.
MISSING_MAX = 60.0
STARTED_BY = "redash-ecs"
HEARTBEAT = 10.0


class _TimedOut(Exception):
    pass


@dataclass
class Plan:
    """What is going to run, checked, before anything has been started."""

    cluster: str
    task_definition: dict[str, Any]
    container: str
    argv: list[str]
    commands: list[manage.Command]  # empty for a raw command
    mark: str  # of a batch; empty otherwise
    started_by: str
    request: dict[str, Any]
    lock: str | None

    @property
    def shown(self) -> str:
        if not self.commands:
            # A program in the command is named by its first line.
            first, _, more = shlex.join(self.argv).partition("\n")
            return f"{first} ..." if more else first
        if len(self.commands) == 1:
            return self.commands[0].shown
        return f"{len(self.commands)} commands"

    @property
    def reads(self) -> bool:
        return bool(self.commands) and all(command.reads for command in self.commands)

    @property
    def essential(self) -> list[str]:
        return [str(one["name"]) for one in self.task_definition["containerDefinitions"] if one.get("essential", True)]


def run(params: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Run the task that ``params`` describe (redash_ecs_task's options). Raises RedashError when it failed."""
    plan = prepare(params, context)
    if context.check_mode:
        for shown in [command.shown for command in plan.commands] or [plan.shown]:
            context.report(f"would run: {shown}")
        return {
            "changed": not plan.reads,
            "task_definition": plan.task_definition["taskDefinitionArn"],
            "container": plan.container,
            "stopped": None,
            "msg": f"would run: {plan.shown}",
        }
    for command in plan.commands:
        for note in command.notes:
            context.report(note)
    return _Work(params, context, plan).run()


# Before anything starts.


def prepare(params: Mapping[str, Any], context: Context) -> Plan:
    """Read the task definition and check everything that can be checked without starting a task."""
    ecs = context.client("ecs")
    cluster = params["cluster"]
    problems = Problems()
    commands = _given(params, problems)
    # All that is wrong is said at once, so reading goes on with what is right.
    definition = _attempt(problems, lambda: aws_tasks.task_definition(ecs, params["task_definition"]))
    _attempt(problems, lambda: aws_tasks.check_cluster(ecs, cluster))
    container = _attempt(problems, lambda: _container(definition, params.get("container"))) if definition else None
    if definition and container:
        commands = _commands(params, container, problems)
    network = _network(params, ecs, problems)
    if definition and not network and definition.get("networkMode") == "awsvpc" and not problems:
        problems.add(
            "no subnet is known" + (f", as there is no service {' or '.join(params['network_from'])}" if params["network_from"] else ""),
            where="subnets",
            todo="Give subnets, or run site.yml first.",
        )
    problems.raise_if_any()
    assert definition and container
    if network:
        aws_tasks.check_subnets(context.client("ec2"), network["subnets"])

    mark = f"{context.random.getrandbits(96):024x}" if params.get("cmds") is not None else ""
    argv = _argv(params, commands, mark)
    lock = params["lock"] or next((command.lock for command in commands if command.lock), None)
    plan = Plan(
        cluster=cluster,
        task_definition=definition,
        container=str(container["name"]),
        argv=argv,
        commands=commands,
        mark=mark,
        started_by=_started_by(params, definition, argv, lock),
        request={},
        lock=lock,
    )
    plan.request = _request(params, plan, network)
    batch.check_size(plan.request["overrides"], "cmds" if mark else "cmd")
    return plan


def _attempt(problems: Problems, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except RedashError as error:
        problems.extend(error)
        return None


def _given(params: Mapping[str, Any], problems: Problems) -> list[manage.Command]:
    """Empty commands and open quotes, seen before anything is asked of AWS."""
    if params.get("command") is not None and not any(word.strip() for word in params["command"]):
        problems.add("the command is empty", where="command", todo="Give its words.")
    if params.get("cmds") is not None and not params["cmds"]:
        problems.add("the list of commands is empty", where="cmds", todo="Give at least one.")
    for where, command in _typed(params):
        _attempt(problems, lambda: manage.split(command, where))  # noqa: B023 - called at once
    problems.raise_if_any()
    return []


def _typed(params: Mapping[str, Any]) -> list[tuple[str, Any]]:
    if params.get("cmd") is not None:
        return [("cmd", params["cmd"])]
    return [(f"cmds[{index}]", command) for index, command in enumerate(params.get("cmds") or [])]


def _container(definition: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    """The container that gets the command: the one named, the only one, or ``task-runner``."""
    found = {str(container["name"]): container for container in definition["containerDefinitions"]}
    if name is None:
        name = next(iter(found)) if len(found) == 1 else "task-runner"
    if name not in found:
        raise RedashError(
            Problem(
                f"task definition {definition['family']}:{definition['revision']} has no container {name}",
                "container",
                f"It has {', '.join(found)}.",
            )
        )
    return dict(found[name])


def _commands(params: Mapping[str, Any], container: Mapping[str, Any], problems: Problems) -> list[manage.Command]:
    carried = [str(secret["name"]) for secret in container.get("secrets") or []]
    secrets = {name: name for name in carried}
    for name, variable in (params.get("secrets") or {}).items():
        if variable in carried:
            secrets[name] = variable
        else:
            problems.add(
                f"the task carries no secret {variable}",
                where=f"secrets: {name}",
                todo=f"Known: {', '.join(carried) or 'none'}. Add it to the task definition.",
            )
    spelling = _spelling(params.get("redash_version"), str(container.get("image") or ""), problems)
    commands: list[manage.Command] = []
    for where, typed in _typed(params):
        try:
            commands.append(manage.command(typed, spelling=spelling, secrets=secrets, where=where))
        except RedashError as error:
            problems.extend(error)
    return commands


def _spelling(version: str | None, image: str, problems: Problems) -> Callable[[str], str] | None:
    """How this release spells its commands; by the image's tag when the version isn't given."""
    if version:
        found = _attempt(problems, lambda: release(version))
        return found.command if found else None
    tag = re.search(r":(\d+\.\d+\.\d+)", image)
    if tag is None:
        return None
    try:
        return release(tag[1]).command
    except RedashError:  # an image of one's own: its tag need not be a version of Redash
        return None


def _argv(params: Mapping[str, Any], commands: Sequence[manage.Command], mark: str) -> list[str]:
    if params.get("command") is not None:
        return list(params["command"])
    if mark or commands[0].secrets:
        return batch.argv(commands, mark, keep_going=params["keep_going"])
    return commands[0].argv


def _network(params: Mapping[str, Any], ecs: Any, problems: Problems) -> dict[str, Any] | None:
    """The awsvpcConfiguration: as given, else that of the first of the services named that exists."""
    if params["subnets"]:
        return {
            "subnets": list(params["subnets"]),
            "securityGroups": list(params["security_groups"]),
            "assignPublicIp": params["assign_public_ip"] or "DISABLED",
        }
    if not params["network_from"] or problems:
        return None
    return _attempt(problems, lambda: aws_tasks.network_of(ecs, params["cluster"], params["network_from"]))


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _started_by(params: Mapping[str, Any], definition: Mapping[str, Any], argv: Sequence[str], lock: str | None) -> str:
    """The same for the same work, whoever starts it: a relaunched job finds the task of the one before.

    With a lock it is the same for all that take the lock. AWS allows 128 letters, digits, ``-``, ``/``, ``_``.
    """
    if lock:
        return f"{STARTED_BY}/lock/{_digest(definition['family'], lock)[:32]}"
    return f"{STARTED_BY}/run/{_digest(definition['family'], batch.unmarked(argv), params.get('job_id'))[:32]}"


def _request(params: Mapping[str, Any], plan: Plan, network: Mapping[str, Any] | None) -> dict[str, Any]:
    request: dict[str, Any] = {
        "cluster": plan.cluster,
        "taskDefinition": plan.task_definition["taskDefinitionArn"],
        "count": 1,
        "startedBy": plan.started_by,
        "overrides": {"containerOverrides": [{"name": plan.container, "command": plan.argv}]},
    }
    if params.get("capacity_provider_strategy"):
        request["capacityProviderStrategy"] = [
            {
                "capacityProvider": item["capacity_provider"],
                **{key: item[key] for key in ("weight", "base") if item.get(key) is not None},
            }
            for item in params["capacity_provider_strategy"]
        ]
    else:
        request["launchType"] = params.get("launch_type") or "FARGATE"
    if network:
        request["networkConfiguration"] = {"awsvpcConfiguration": dict(network)}
    if params.get("platform_version"):
        request["platformVersion"] = params["platform_version"]
    if params.get("enable_execute_command"):
        request["enableExecuteCommand"] = True
    if params.get("propagate_tags") and params["propagate_tags"] != "NONE":
        request["propagateTags"] = params["propagate_tags"]
    if params.get("tags"):
        request["tags"] = [{"key": str(key), "value": str(value)} for key, value in sorted(params["tags"].items())]
    return request


# What the person sees and what the result holds.


class _Output:
    """Lines as they come: folded, masked, sorted by command, shown, and kept up to a maximum."""

    def __init__(self, plan: Plan, report: Callable[[str], None], maximum: int) -> None:
        self._plan = plan
        self._report = report
        self._several = len(plan.task_definition["containerDefinitions"]) > 1
        self._splitter = batch.Splitter(plan.mark, len(plan.commands)) if plan.mark else None
        self.lines: deque[str] = deque(maxlen=maximum)
        self.command_lines: deque[str] = deque(maxlen=maximum)
        self.total = 0
        self.folded = 0

    def add(self, container: str, message: str) -> None:
        for line in message.splitlines() or [""]:
            self._add(container, line)

    def _add(self, container: str, line: str) -> None:
        if self._plan.commands:
            if manage.NOISE.match(line):
                self.folded += 1
                return
            line = manage.mask(line)
        if container == self._plan.container:
            if self._splitter is not None:
                fed = self._splitter.feed(line)
                if isinstance(fed, tuple):
                    self._mark(*fed)
                    return
            self.command_lines.append(line)
        shown = f"{container}: {line}" if self._several else line
        self.lines.append(shown)
        self.total += 1
        self._report(shown)

    def _mark(self, what: str, index: int) -> None:
        assert self._splitter is not None
        command = self._plan.commands[index]
        if what == "begin":
            self._report(f"[{index + 1}/{len(self._plan.commands)}] {command.shown}")
        elif self._splitter.results[index].rc:
            self._report(f"[{index + 1}/{len(self._plan.commands)}] exited with {self._splitter.results[index].rc}")

    def results(self) -> list[dict[str, Any]]:
        """Each command of a batch: ``skipped`` when it was never reached."""
        if self._splitter is None:
            return []
        results = []
        for command, result in zip(self._plan.commands, self._splitter.results, strict=True):
            silent = manage.failure_in(command.failed_though_0, result.lines) if result.rc == 0 else None
            failed = result.begun and (result.rc != 0 or silent is not None)
            results.append(
                {
                    "cmd": command.shown,
                    "rc": result.rc,
                    "stdout_lines": result.lines,
                    "parsed": manage.parse(command.words, result.lines) if result.begun and not failed else None,
                    "failed": failed,
                    "skipped": not result.begun,
                    "msg": silent or (f"exited with {result.rc}" if result.rc else "cut off" if failed else ""),
                }
            )
        return results


class _Work:
    """One run: start or attach, follow, try again, judge."""

    def __init__(self, params: Mapping[str, Any], context: Context, plan: Plan) -> None:
        self.params = params
        self.context = context
        self.plan = plan
        self.clock = context.clock
        self.ecs = context.client("ecs")
        self.task_pace = pace.Pace(context.random)
        self.log_pace = pace.Pace(context.random)
        self.deadline = self.clock.monotonic() + params["timeout"]
        self.finished: set[str] = set()  # tasks of this work that ended before: they make the client token new
        self.attempt = 1
        self.attached = False

    def run(self) -> dict[str, Any]:
        while True:
            following = _Following(self)
            stopped = following.run_guarded()
            if stopped is None or stopped.ran or not stopped.retry or self.attempt > self.params["retries"]:
                return following.result(stopped)
            delay = pace.retry_delay(self.attempt, self.context.random)
            self.context.report(
                f"{stopped.what}; nothing ran, trying again in {delay:.0f} s ({self.attempt} of {self.params['retries']} retries)"
            )
            if following.arn:
                self.finished.add(following.arn)
            if self.clock.monotonic() + delay >= self.deadline:
                return following.result(stopped)
            self.clock.sleep(delay)
            self.attempt += 1

    # Starting.

    def attach_or_start(self, following: _Following) -> Stopped | None:
        """Set ``following.arn``: the task that does this work already, or a new one. Returns why there is none."""
        running = self._running()
        if running is not None:
            self.attached = True
            following.arn = running["taskArn"]
            following.adopt(running)
            return None
        self.attached = False
        self.finished |= set(aws_tasks.started_by(self.ecs, self.plan.cluster, self.plan.started_by, "STOPPED"))
        while True:
            failure, task = self._run_task()
            if failure is not None or task is None:
                return failure
            # A token that belonged to a task which has ended: for an hour ECS answers with that one, and
            # with no more of it than its ARN and status.
            if task.get("lastStatus") != "STOPPED" or "createdAt" in task:
                break
            self.finished.add(task["taskArn"])
        following.arn = task["taskArn"]
        if self.plan.lock:
            self._hold_lock(following)
        return None

    def _run_task(self) -> tuple[Stopped | None, dict[str, Any] | None]:
        # The same request, after the same tasks have ended, has the same token: two controllers that start
        # the same work at the same moment get the same task.
        token = _digest(self.plan.request | {"overrides": batch.unmarked(self.plan.argv)}, sorted(self.finished), self.attempt)[:64]
        try:
            answer = self.ecs.run_task(**self.plan.request, clientToken=token)
        except botocore_exceptions.ClientError as error:
            existing = error.response.get("resourceIds") if error_code(error) == "ConflictException" else None
            if existing:  # the same work with another random mark, started at the same moment
                found = aws_tasks.describe(self.ecs, self.plan.cluster, existing[:1])
                if found and found[0].get("lastStatus") == "STOPPED":
                    return None, {key: found[0][key] for key in ("taskArn", "lastStatus")}
                return None, found[0] if found else {"taskArn": existing[0]}
            message = str(error.response.get("Error", {}).get("Message", ""))
            if any(rule.passing and rule.pattern.search(message) for rule in REASONS):
                return explain_failure({"reason": message}), None
            roles = [self.plan.task_definition[key] for key in ("executionRoleArn", "taskRoleArn") if self.plan.task_definition.get(key)]
            raise RedashError(aws_tasks.run_task_problem(error, self.plan.request, roles)) from error
        except botocore_exceptions.BotoCoreError as error:
            raise RedashError(problem_of(error, "run the task")) from error
        if answer.get("failures"):
            return explain_failure(answer["failures"][0]), None
        if not answer.get("tasks"):
            return explain_failure({"reason": "an empty answer"}), None
        return None, dict(answer["tasks"][0])

    def _holders(self) -> list[dict[str, Any]]:
        """Tasks with our ``startedBy`` that have not stopped, the oldest first."""
        cluster, name = self.plan.cluster, self.plan.started_by
        arns = aws_tasks.started_by(self.ecs, cluster, name, "RUNNING")
        if self.plan.lock:
            # A task that was told to stop may still be migrating.
            arns += aws_tasks.started_by(self.ecs, cluster, name, "STOPPED")
        if not arns:
            return []
        tasks = [task for task in aws_tasks.describe(self.ecs, cluster, dict.fromkeys(arns)) if task.get("lastStatus") != "STOPPED"]
        return sorted(tasks, key=lambda task: (_created(task), task["taskArn"]))

    def _command_of(self, task: Mapping[str, Any]) -> list[str]:
        overrides = (task.get("overrides") or {}).get("containerOverrides") or []
        return next((list(one.get("command") or []) for one in overrides if one.get("name") == self.plan.container), [])

    def _is_this_work(self, task: Mapping[str, Any]) -> bool:
        same_family = f"/{self.plan.task_definition['family']}:" in str(task.get("taskDefinitionArn"))
        return same_family and batch.same_work(self._command_of(task), self.plan.argv)

    def _running(self) -> dict[str, Any] | None:
        """The task that does this work already. With a lock: RedashError when another work holds it."""
        while True:
            holders = self._holders()
            ending = [task for task in holders if task.get("desiredStatus") == "STOPPED"]
            staying = [task for task in holders if task.get("desiredStatus") != "STOPPED"]
            for task in staying:
                if self._is_this_work(task):
                    return task
                if self.plan.lock:
                    raise self._locked(task)
            if not ending or not self.plan.lock:
                return None
            self.context.report(f"waiting for task {aws_tasks.task_id(ending[0]['taskArn'])}, which is stopping")
            self._check_deadline()
            self.clock.sleep(pace.PENDING)

    def _locked(self, task: Mapping[str, Any]) -> RedashError:
        command = self._command_of(task)
        shown = shlex.join(command[1:]) if command[:1] == [manage.MANAGE] else "another command"
        return RedashError(
            Problem(
                f"task {aws_tasks.task_id(task['taskArn'])} holds the lock {self.plan.lock}: it runs {shown}",
                "lock",
                "Wait until it has ended, or stop it in the ECS console.",
            ),
            result={"task_arn": task["taskArn"]},
        )

    def _hold_lock(self, following: _Following) -> None:
        """Two that started at the same moment see each other now: the older one keeps the lock."""
        holders = [task for task in self._holders() if task.get("desiredStatus") != "STOPPED"]
        if not holders or holders[0]["taskArn"] == following.arn:
            return
        oldest = holders[0]
        if following.arn in [task["taskArn"] for task in holders]:
            aws_tasks.stop(self.ecs, self.plan.cluster, str(following.arn), f"lock {self.plan.lock} is held by {oldest['taskArn']}")
            following.arn = None
            raise self._locked(oldest)

    def _check_deadline(self) -> None:
        if self.clock.monotonic() >= self.deadline:
            raise _TimedOut


def _created(task: Mapping[str, Any]) -> float:
    created = task.get("createdAt")
    return created.timestamp() if isinstance(created, datetime) else 0.0


@dataclass
class _Source:
    """One container's log and how far it has been read."""

    stream: task_log.Stream
    reader: task_log.Reader


@dataclass
class _Moments:
    """Times on our own clock (monotonic seconds)."""

    began: float
    asked: float = 0.0  # RunTask was answered
    running: float | None = None
    ended: float | None = None
    last_line: float = 0.0
    said: float = 0.0
    said_phase: str = ""


class _Following:
    """One task, from its start to its end."""

    def __init__(self, work: _Work) -> None:
        self.work = work
        self.plan = work.plan
        self.clock = work.clock
        self.context = work.context
        self.output = _Output(work.plan, work.context.report, work.params["log_lines_max"])
        self.arn: str | None = None
        self.task: dict[str, Any] = {}
        self.sources: list[_Source] = []
        self.log_problem: str | None = None
        self.died_first: list[str] = []
        self.aws_date: datetime | None = None
        self.at = _Moments(began=self.clock.monotonic())

    def adopt(self, task: dict[str, Any]) -> None:
        """Follow a task that somebody started before."""
        mark = batch.mark_of(self.work._command_of(task))
        if mark != self.plan.mark:
            self.plan.mark = mark
            self.output = _Output(self.plan, self.context.report, self.work.params["log_lines_max"])
        since = f", for {max(0.0, self.clock.now() - _created(task)):.0f} s" if _created(task) else ""
        self.context.report(f"attached to task {aws_tasks.task_id(task['taskArn'])}, which runs this already{since}")

    # The frame around: interrupts and time-outs.

    def run_guarded(self) -> Stopped | None:
        """Start and follow. Returns why it failed, None when it went well; raises RedashError when it was cut off."""
        try:
            stopped = self.work.attach_or_start(self)
            if stopped is not None:
                return stopped
            if not self.work.attached:
                self.context.report(f"started task {aws_tasks.task_id(str(self.arn))}: {self.plan.shown}")
            if not self.work.params["wait"]:
                return None
            return self.follow()
        except _TimedOut:
            raise self._cut_off(f"timed out after {self.work.params['timeout']} s") from None
        except Interrupted as interrupted:
            raise self._cut_off(f"interrupted by {interrupted.signal_name}") from None
        except RedashError as error:
            raise RedashError(error.problems, result={**self._facts(), **error.result}) from error
        except Exception:
            raise
        except BaseException as cause:  # Ansible's own task timeout, KeyboardInterrupt
            self.context.report(str(self._cut_off(type(cause).__name__)))
            raise

    def _cut_off(self, why: str) -> RedashError:
        """Stop the task, or leave it, and say which."""
        arn = self.arn or self._started_unseen()
        if arn is None:
            return RedashError(Problem(f"{why}; no task was started"), result=self._facts())
        self.arn = arn
        name = aws_tasks.task_id(arn)
        if self.work.params["on_interrupt"] == "leave":
            what, todo = f"{why}; task {name} goes on", "Run the same again to attach to it."
        else:
            self.context.report(f"{why}; stopping task {name}")
            try:
                aws_tasks.stop(self.work.ecs, self.plan.cluster, arn, f"redash_ecs_task: {why}")
                what, todo = f"{why}; task {name} was stopped", ""
            except RedashError as error:
                what, todo = f"{why}; task {name} could not be stopped and may go on: {error}", "Stop it in the ECS console."
        self.context.report(what)
        return RedashError(Problem(what, todo=todo), result={**self._facts(), "interrupted": True})

    def _started_unseen(self) -> str | None:
        """The task of a RunTask whose answer never arrived."""
        try:
            arns = aws_tasks.started_by(self.work.ecs, self.plan.cluster, self.plan.started_by, "RUNNING")
            mine = [task for task in aws_tasks.describe(self.work.ecs, self.plan.cluster, arns) if self.work._is_this_work(task)]
        except RedashError:
            return None
        return str(mine[-1]["taskArn"]) if mine else None

    # Following.

    def follow(self) -> Stopped | None:
        self.at.asked = self.clock.monotonic()
        streams, without = task_log.streams(self.plan.task_definition, aws_tasks.task_id(str(self.arn)))
        self.sources = [_Source(stream, task_log.Reader(self._page_reader(stream))) for stream in streams]
        for line in without:
            self.context.report(line)
        next_task = next_log = self.clock.monotonic()
        while True:
            self.work._check_deadline()
            now = self.clock.monotonic()
            if now >= next_task:
                self._look()
                if self.at.ended is not None:
                    break
                next_task = self.clock.monotonic() + self.work.task_pace.of(self._task_interval())
            self._say_phase()
            if self.at.running is not None and now >= next_log:
                self._show(lambda reader: reader.read())
                next_log = self.clock.monotonic() + self.work.log_pace.of(pace.LOG)
            upcoming = min(next_task, next_log if self.at.running is not None and self.sources else next_task, self.work.deadline)
            self.clock.sleep(max(0.0, upcoming - self.clock.monotonic()))
        if self.at.running is not None:
            self._drain()
        return self._judge()

    def _task_interval(self) -> float:
        now = self.clock.monotonic()
        running_for = None if self.at.running is None else now - self.at.running
        return pace.task_interval(running_for=running_for, pending_for=now - self.at.asked)

    def _look(self) -> None:
        """One DescribeTasks."""
        try:
            answer = self.work.ecs.describe_tasks(cluster=self.plan.cluster, tasks=[self.arn])
        except botocore_exceptions.ClientError as error:
            if aws_tasks.is_throttled(error):
                self.work.task_pace.throttled()
                return
            raise RedashError(problem_of(error, f"follow task {self.arn}")) from error
        except botocore_exceptions.BotoCoreError as error:
            raise RedashError(problem_of(error, f"follow task {self.arn}, which goes on")) from error
        if aws_tasks.was_throttled(answer):
            self.work.task_pace.throttled()
        else:
            self.work.task_pace.answered()
        self.aws_date = _date(answer)
        now = self.clock.monotonic()
        if not answer["tasks"]:
            if self.task or now - self.at.asked > MISSING_MAX:
                raise RedashError(
                    Problem(f"ECS does not know task {self.arn}", todo="Look into its log: it may have ended more than an hour ago.")
                )
            return
        self.task = dict(answer["tasks"][0])
        if self.at.running is None and (self.task.get("lastStatus") == "RUNNING" or anything_ran(self.task)):
            self.at.running = now
        if outcome.ended(self.task, self.plan.container):
            self.at.ended = now
        else:
            for sidecar in outcome.dead_sidecars(self.task, self.plan.container, self.plan.essential):
                if sidecar not in self.died_first:
                    self.died_first.append(sidecar)
                    self.context.report(f"essential container {sidecar} has ended: ECS stops the task")

    def _say_phase(self) -> None:
        """What is happening, at each change and every ten seconds, until the command runs."""
        phase = outcome.phase(self.task or None)
        now = self.clock.monotonic()
        if phase == self.at.said_phase and (phase in ("running", "stopped") or now - self.at.said < HEARTBEAT):
            return
        self.at.said_phase, self.at.said = phase, now
        if phase != "stopped":
            self.context.report(f"{phase} ({now - self.at.asked:.0f} s)")

    # The log.

    def _page_reader(self, stream: task_log.Stream) -> task_log.ReadPage:
        own_region = self.work.ecs.meta.region_name
        client = self.context.client("logs") if stream.region in (None, own_region) else self.context.client("logs", region=stream.region)

        def read(token: str | None, start_time: int | None) -> task_log.Page | None:
            page = aws_logs.read_page(client, stream.group, stream.name, token, start_time)
            if page is not None and page.throttled:
                self.work.log_pace.throttled()
            else:
                self.work.log_pace.answered()
            return page

        return read

    def _show(self, read: Callable[[task_log.Reader], list[task_log.Event]]) -> bool:
        """Read every stream and show what is new. False when something stood in the way (throttling)."""
        batches: list[tuple[str, list[task_log.Event]]] = []
        complete = True
        for source in self.sources:
            try:
                batches.append((source.stream.container, read(source.reader)))
            except botocore_exceptions.ClientError as error:
                if aws_tasks.is_throttled(error):
                    self.work.log_pace.throttled()
                    complete = False
                    continue
                # Without the right to read it, the command is still run, followed and judged.
                self.log_problem = str(problem_of(error, f"read log stream {source.stream.name}"))
                self.context.report(self.log_problem)
                self.sources = [other for other in self.sources if other is not source]
            except botocore_exceptions.BotoCoreError:
                complete = False
        for container, event in task_log.merge(batches):
            self.at.last_line = self.clock.monotonic()
            self.output.add(container, event.message)
        return complete

    def _drain(self) -> None:
        """Read on until the log is complete: quiet for long enough after the end."""
        assert self.at.ended is not None
        quiet_since = self.at.ended
        while self.sources:
            shown = self.output.total + self.output.folded
            began = self.clock.monotonic()
            settled = self._settled(began)
            empty = all(source.reader.empty for source in self.sources)
            long_enough = began - quiet_since >= (QUIET_WHEN_EMPTY if empty else QUIET) or (settled and not empty)
            complete = self._show((lambda reader: reader.confirm()) if long_enough else (lambda reader: reader.read(to_the_end=True)))
            if self.output.total + self.output.folded > shown:
                quiet_since = self.clock.monotonic()
            elif complete and long_enough:
                return
            if self.clock.monotonic() - self.at.ended > DRAIN_MAX:
                self.log_problem = f"the log was not complete {DRAIN_MAX:.0f} s after the end; read the rest in CloudWatch"
                self.context.report(self.log_problem)
                return
            self.clock.sleep(self.work.log_pace.of(pace.DRAIN))

    def _settled(self, now: float) -> bool:
        """Whether the process ended some time ago by AWS's own clock (ours may be wrong)."""
        stopped = self.task.get("executionStoppedAt")
        if self.aws_date is None or not isinstance(stopped, datetime) or self.at.ended is None:
            return False
        return (self.aws_date - stopped).total_seconds() + (now - self.at.ended) >= SETTLED

    # The end.

    def _judge(self) -> Stopped | None:
        lines = list(self.output.command_lines)
        stopped = outcome.judge(self.task, self.plan.container, essential=self.plan.essential, died_first=self.died_first, lines=lines)
        if stopped is not None:
            return stopped
        if self.plan.mark:
            missing = [result for result in self.output.results() if result["rc"] is None]
            if missing and not self.log_problem:
                return Stopped("no_effect", f"the log does not tell the end of {missing[0]['cmd']}", True, False, "Read the lines above.")
        elif self.plan.commands:
            said = manage.failure_in(self.plan.commands[0].failed_though_0, lines)
            if said:
                return Stopped("no_effect", f"Redash exited with 0 but did nothing: {said}", True, False, "Correct the command.")
        return None

    def _facts(self) -> dict[str, Any]:
        """What is known of the task, whatever became of it."""
        ran_for = (self.at.ended or self.clock.monotonic()) - self.at.running if self.at.running is not None else None
        return {
            "task_arn": self.arn,
            "task_definition": self.plan.task_definition["taskDefinitionArn"],
            "container": self.plan.container,
            "attached": self.work.attached,
            "attempts": self.work.attempt,
            "rc": outcome.exit_code(self.task, self.plan.container),
            "stdout_lines": list(self.output.lines),
            "lines_total": self.output.total,
            "lines_folded": self.output.folded,
            "log_streams": [
                {"container": source.stream.container, "log_group": source.stream.group, "log_stream": source.stream.name}
                for source in self.sources
            ],
            "log_problem": self.log_problem,
            "containers": outcome.containers(self.task, self.plan.essential),
            "phases": account.phases(self.task, round(ran_for, 1) if ran_for is not None else None),
            "cost": account.cost(self.task, ran_for),
            "results": self.output.results(),
        }

    def result(self, stopped: Stopped | None) -> dict[str, Any]:
        """The module's result; raises RedashError with it when the run failed."""
        facts = {
            **self._facts(),
            "changed": not self.plan.reads and (stopped is None or stopped.ran),
            "stopped": stopped.as_dict() if stopped else None,
            "parsed": None,
        }
        if not self.work.params["wait"]:
            return {**facts, "msg": f"started task {aws_tasks.task_id(str(self.arn))}; not waiting for it"}
        if self.task:
            self.context.report(account.sentence(facts["phases"], facts["cost"]))
        if self.output.total > len(self.output.lines):
            self.context.report(
                f"the result holds the last {len(self.output.lines)} of {self.output.total} lines; all are in the log stream"
            )
        if stopped is None:
            if len(self.plan.commands) == 1 and not self.plan.mark:
                facts["parsed"] = manage.parse(self.plan.commands[0].words, list(self.output.command_lines))
            return {**facts, "msg": f"{self.plan.shown}: done"}
        failed = [one for one in facts["results"] if one["failed"]]
        if failed:
            said = f"{failed[0]['cmd']}: {failed[0]['msg']}" + (f" (and {len(failed) - 1} more)" if len(failed) > 1 else "")
            raise RedashError(Problem(f"{len(failed)} of {self.plan.shown} failed: {said}", todo=stopped.todo), result=facts)
        what = f"{self.plan.shown}: {stopped.what}"
        said = self._last_words(stopped)
        raise RedashError(Problem(f"{what}: {said}" if said else what, todo=stopped.todo), result=facts)

    def _last_words(self, stopped: Stopped) -> str:
        """The last line of a command that exited with an error says mostly why."""
        if not stopped.ran or stopped.cause in ("no_effect", "sidecar"):
            return ""
        return next((line.strip() for line in reversed(self.output.command_lines) if line.strip()), "")


def _date(answer: Mapping[str, Any]) -> datetime | None:
    """AWS's own time, from the answer's Date header (whole seconds, rounded down)."""
    text = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
