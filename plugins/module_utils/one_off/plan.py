# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is going to run: read, checked whole, and put into a RunTask request, before anything has been started."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import tasks as aws_tasks
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import batch, manage
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.given_releases import expected, told

# The beginning of every task's startedBy.
STARTED_BY = "redash-ecs"


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
            if self.program:
                # It says in its first comment what it does.
                return re.split(r"[.:]\s|\n#\s*\n|\n(?!#)", self.program, maxsplit=1)[0].replace("\n#", "").removeprefix("# ")
            first, _, more = shlex.join(self.argv).partition("\n")
            return f"{first} ..." if more else first
        if len(self.commands) == 1:
            return self.commands[0].shown
        return f"{len(self.commands)} commands"

    @property
    def program(self) -> str:
        """The program of several lines among the words of the command, where it is one; else empty."""
        return next((word for word in self.argv if word.startswith("# ") and "\n" in word), "")

    @property
    def reads(self) -> bool:
        return bool(self.commands) and all(command.reads for command in self.commands)

    @property
    def essential(self) -> list[str]:
        return [str(one["name"]) for one in self.task_definition["containerDefinitions"] if one.get("essential", True)]


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
    if not definition or not container:
        raise AssertionError("whatever could not be read is a problem by now")
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
    spelling = _spelling(params.get("redash_version"), str(container.get("image") or ""), params.get("releases"), problems)
    commands: list[manage.Command] = []
    for where, typed in _typed(params):
        try:
            commands.append(manage.command(typed, spelling=spelling, secrets=secrets, where=where))
        except RedashError as error:
            problems.extend(error)
    return commands


def _spelling(version: str | None, image: str, releases: Mapping[str, Any] | None, problems: Problems) -> Callable[[str], str] | None:
    """How this release spells its commands; by the image's tag when the version isn't given."""
    if version:
        found = _attempt(problems, lambda: expected(str(version), releases))
        return found.command if found else None
    # An image of one's own: its tag need not be a version of Redash.
    version = told(image, releases)
    return expected(version, releases).command if version else None


def _argv(params: Mapping[str, Any], commands: Sequence[manage.Command], mark: str) -> list[str]:
    if params.get("command") is not None:
        return list(params["command"])
    if mark or commands[0].secrets or commands[0].shows_secrets:
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


def digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _started_by(params: Mapping[str, Any], definition: Mapping[str, Any], argv: Sequence[str], lock: str | None) -> str:
    """The same for the same work, whoever starts it: a relaunched job finds the task of the one before.

    With a lock it is the same for all that take the lock. AWS allows 128 letters, digits, ``-``, ``/``, ``_``.
    """
    if lock:
        return f"{STARTED_BY}/lock/{digest(definition['family'], lock)[:32]}"
    return f"{STARTED_BY}/run/{digest(definition['family'], batch.unmarked(argv), params.get('job_id'))[:32]}"


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
