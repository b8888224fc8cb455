# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why an ECS task stopped or never started: the cause, whether anything ran, whether to try again, what to do.

ECS says it in four places: ``stopCode``, ``stoppedReason``, each container's ``reason`` and ``exitCode``,
and, for a task that was never made, RunTask's ``failures``. The last lines of the log say the rest.
The texts are AWS's own, from the developer guide's pages on stopped tasks:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Stopped:
    """Why a task is not running any more, or never was.

    ``cause``  one word for programs: ``image``, ``secret``, ``capacity``, ...
    ``what``   one line for people, with AWS's own words
    ``ran``    True as soon as a process of this task may have started; then nothing is ever run again
    ``retry``  trying again is safe (nothing ran) and promising (the cause passes by itself)
    ``todo``   what to do about it
    """

    cause: str
    what: str
    ran: bool
    retry: bool
    todo: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class _Rule:
    pattern: re.Pattern[str]
    cause: str
    passing: bool  # the cause goes away by itself
    todo: str


def _rule(pattern: str, cause: str, todo: str, *, passing: bool = False) -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE | re.DOTALL), cause, passing, todo)


_TIMEOUT = r"(i/o timeout|deadline exceeded|context canceled|connection timed out|request canceled|no route to host|network is unreachable)"

# The first that matches wins, so the narrow ones stand before the wide ones.
REASONS = (
    _rule(
        r"unable to (retrieve|pull) secrets?.*" + _TIMEOUT,
        "no_route",
        "The subnets have no way to the secret store: give them a NAT gateway, VPC endpoints, or the task a public IP.",
    ),
    _rule(
        r"(registry auth|ecr).*" + _TIMEOUT,
        "no_route",
        "The subnets have no way to ECR: give them a NAT gateway, VPC endpoints, or the task a public IP.",
    ),
    _rule(
        r"(secret|parameter|ssm|secretsmanager|kms).*(AccessDenied|not authorized)",
        "secret",
        "Allow the execution role ssm:GetParameters on these parameters and kms:Decrypt on their key.",
    ),
    _rule(
        r"(invalid parameters|ParameterNotFound|can't find the specified secret|secrets?.*ResourceNotFoundException)",
        "secret",
        "Create the parameter (site.yml does), or correct its name in the task definition.",
    ),
    _rule(
        r"log group does not exist", "log_group", "Create the log group (site.yml does), or correct awslogs-group in the task definition."
    ),
    _rule(
        r"logger args.*(AccessDenied|not authorized)",
        "log_group",
        "Allow the execution role logs:CreateLogStream and logs:PutLogEvents on that log group.",
    ),
    _rule(r"logger args.*" + _TIMEOUT, "no_route", "The subnets have no way to CloudWatch Logs: NAT gateway, VPC endpoint, or public IP."),
    _rule(r"unable to pull secrets or registry auth", "secret", "Check the secrets that the task definition names and the execution role."),
    _rule(r"toomanyrequests|pull rate limit", "image", "Docker Hub limits anonymous pulls: use an ECR pull-through cache."),
    _rule(
        r"(descriptor matching platform|exec format error|does not match the specified platform)",
        "architecture",
        "The image is built for another processor: match runtimePlatform.cpuArchitecture to it.",
    ),
    _rule(
        r"CannotPullContainer.*\b(50[0-9]|unexpected EOF|TLS handshake timeout|connection reset)",
        "image",
        "The registry was briefly unwell.",
        passing=True,
    ),
    _rule(
        r"CannotPullContainer.*" + _TIMEOUT,
        "no_route",
        "The subnets have no way to the registry: give them a NAT gateway, or the task a public IP.",
    ),
    _rule(
        r"CannotPullContainer.*(not authorized|AccessDenied|authorization failed|\b40[13]\b)",
        "image",
        "Allow the execution role to pull from that registry, or correct the image's name.",
    ),
    _rule(r"CannotPullContainer|no such image|pull access denied|manifest unknown", "image", "Correct the image's name and tag."),
    _rule(
        r"Capacity is unavailable|RESOURCE:(FARGATE|CPU|MEMORY|GPU)|InsufficientCapacity",
        "capacity",
        "AWS has no capacity for this size in these zones now: try later, or name subnets in more zones.",
        passing=True,
    ),
    _rule(
        r"reached the limit on the number of (vCPUs|tasks)|vCPU limit",
        "quota",
        "This account's Fargate quota is used up: stop something, or ask for more in Service Quotas.",
        passing=True,
    ),
    _rule(
        r"InsufficientFreeAddressesInSubnet|free addresses", "addresses", "The subnet has no free address: use a larger or another subnet."
    ),
    _rule(
        r"(InvalidSubnet|InvalidSecurityGroup|InvalidGroup|subnet ID .* does not exist|security group .* does not exist)",
        "network",
        "Correct the subnets and security groups.",
    ),
    _rule(
        r"network interface provisioning|RESOURCE:ENI|Create ?Network ?Interface|ElasticNetworkInterface",
        "network_interface",
        "AWS could not attach the network interface.",
        passing=True,
    ),
    _rule(
        r"OutOfMemory|out of memory|oom[- ]?kill",
        "out_of_memory",
        "Give the task more memory (redash_task_runner_size or redash_task_size).",
    ),
    _rule(r"(ContainerRuntimeTimeout|DockerTimeout)", "runtime", "The host was slow to start the container.", passing=True),
    _rule(
        r"executable file not found|no such file or directory|OCI runtime.*exec",
        "command",
        "Check the command: the image holds no such program.",
    ),
    _rule(
        r"CannotStartContainer|CannotCreateContainer|CannotInspectContainer",
        "start",
        "Read the reason; the task definition and image disagree.",
    ),
    _rule(
        r"ELB health checks", "health_check", "Look at what the container answers on the health check's path and at the security groups."
    ),
    _rule(r"container health checks", "health_check", "Run the health check's command by hand; give a slow start a startPeriod."),
    _rule(r"no space left", "disk", "Give the task more ephemeral storage."),
    _rule(r"EFS|volume", "volume", "Check the file system's mount targets and security groups."),
    _rule(
        r"assume the (role|service role)|ECS was unable to assume",
        "role",
        "Let ecs-tasks.amazonaws.com assume the role; a new role needs some seconds.",
        passing=True,
    ),
    _rule(r"ResourceInitializationError", "resources", "Read the reason: AWS could not prepare what the task needs."),
)

# What the log says when the reason is only "Essential container in task exited".
LINES = (
    _rule(
        r"password authentication failed for user",
        "database",
        "The database knows another password: rerun site.yml, which composes the database URL anew.",
    ),
    _rule(r'FATAL: +database "[^"]*" does not exist', "database", "Create that database, or correct the database URL."),
    _rule(
        r"no pg_hba\.conf entry",
        "database",
        "The server refuses this client, mostly because TLS is required: add ?sslmode=require to the database URL.",
    ),
    _rule(
        r"(could not (connect to server|translate host name)|connection to server at .* failed"
        r"|psycopg2\.OperationalError|FATAL: +the database system is"
        r"|terminating connection due to|server closed the connection unexpectedly|SSL connection has been closed unexpectedly)",
        "database",
        "The database was not reached: check that it runs, its security group, and the database URL.",
    ),
    _rule(
        r"(redis\.exceptions\.(ConnectionError|TimeoutError)|Error -?\d+ connecting to|Error while reading from socket)",
        "redis",
        "Redis was not reached: check that it runs, its security group, and the Redis URL.",
    ),
    _rule(r'relation "[^"]*" does not exist|UndefinedTable', "tables", "The tables are missing: run cmd=create_db first."),
    _rule(
        r"UndefinedColumn|column [^ ]+ does not exist",
        "schema",
        "The database's schema is older than the image: run cmd='db upgrade' (upgrade.yml does).",
    ),
    _rule(
        r"Can't locate revision identified by",
        "schema",
        "The database was migrated by a newer Redash: run that version, or restore the database.",
    ),
    _rule(r"InvalidToken", "key", "REDASH_SECRET_KEY is not the key this database was encrypted with: give back the old one."),
    _rule(r"(COOKIE_SECRET|SECRET_KEY).*(not set|must|required)", "settings", "Set the secret in the task definition (site.yml does)."),
    _rule(
        r"Invalid boolean value|invalid literal for int\(\) with base 10: ''",
        "settings",
        "A setting is empty: remove it, or give it a value.",
    ),
    _rule(r"exec format error", "architecture", "The image is built for another processor: match runtimePlatform.cpuArchitecture to it."),
    _rule(r"MemoryError|Cannot allocate memory", "out_of_memory", "Give the task more memory (redash_task_runner_size)."),
)

_EXIT_CODES = {
    126: ("command", "The program is not executable in this image."),
    127: ("command", "Check the command: the image holds no such program."),
    137: ("killed", "The process was killed (SIGKILL), mostly for lack of memory: give the task more (redash_task_runner_size)."),
    139: ("crash", "The process crashed (SIGSEGV): read its last lines."),
    143: ("terminated", "The process was told to end (SIGTERM) by whoever stopped the task."),
}

_STOP_CODES = {
    "UserInitiated": ("stopped", "Somebody stopped the task; rerun when that is settled."),
    "SpotInterruption": ("spot", "AWS took the Spot capacity back: rerun, or use FARGATE for work that must not be cut off."),
    "TerminationNotice": ("infrastructure", "AWS took the host away: rerun."),
    "InfrastructureHealth": ("infrastructure", "The host was unwell: rerun."),
    "ServiceSchedulerInitiated": ("stopped", "The ECS service replaced this task; a one-off task belongs to no service."),
}


def _first(rules: Iterable[_Rule], text: str) -> _Rule | None:
    return next((rule for rule in rules if rule.pattern.search(text)), None)


def anything_ran(task: Mapping[str, Any]) -> bool:
    """True unless ECS makes it plain that no process of this task ever started.

    ``startedAt`` is set when the task reaches RUNNING; a container that ran before that (``dependsOn``)
    shows by its exit code or by having been RUNNING.
    """
    if task.get("startedAt"):
        return True
    return any(
        container.get("exitCode") is not None or container.get("lastStatus") == "RUNNING" for container in task.get("containers") or []
    )


def reasons(task: Mapping[str, Any]) -> str:
    """All that ECS gives as reason, the task's and the containers', in one line, nothing said twice."""
    said: list[str] = []
    for reason in (task.get("stoppedReason"), *(container.get("reason") for container in task.get("containers") or [])):
        reason = " ".join(str(reason or "").split())
        if reason and not any(reason in other for other in said):
            said.append(reason)
    return "; ".join(said)


def explain(task: Mapping[str, Any], lines: Sequence[str] = (), container: str | None = None) -> Stopped:
    """Why ``task`` (one of DescribeTasks' answers) stopped.

    ``lines`` are the last lines of its log, oldest first; ``container`` is the one that mattered, by name
    (default: the first that exited with something else than 0).
    """
    ran = anything_ran(task)
    reason = reasons(task)
    stop_code = str(task.get("stopCode") or "")
    containers = list(task.get("containers") or [])
    mattered = next((one for one in containers if one.get("name") == container), None) or next(
        (one for one in containers if one.get("exitCode")), None
    )
    exit_code = (mattered or {}).get("exitCode")
    ended = f"{mattered['name']} exited with {exit_code}" if mattered and exit_code is not None else ""
    said = reason or stop_code or "no reason given"

    rule = _first(REASONS, reason)
    if rule and rule.cause in ("out_of_memory", "health_check"):
        return Stopped(rule.cause, f"{ended}: {reason}" if ended else reason, ran, False, rule.todo)
    if not ran:
        if rule:
            return Stopped(rule.cause, f"the task never started: {said}", False, rule.passing, rule.todo)
        if stop_code in _STOP_CODES:
            cause, todo = _STOP_CODES[stop_code]
            return Stopped(cause, f"the task was stopped before it started: {said}", False, cause in ("spot", "infrastructure"), todo)
        return Stopped("never_started", f"the task never started: {said}", False, False, "Look at the task in the ECS console.")
    if stop_code in _STOP_CODES:
        cause, todo = _STOP_CODES[stop_code]
        return Stopped(cause, f"{said} ({stop_code})", True, False, todo)

    in_log = _first(LINES, "\n".join(lines[-100:]))
    if in_log and exit_code != 0:
        return Stopped(in_log.cause, ended or said, True, False, in_log.todo)
    if rule:
        return Stopped(rule.cause, f"{ended}: {reason}" if ended else said, True, False, rule.todo)
    if exit_code is not None:
        cause, todo = _EXIT_CODES.get(exit_code, ("exit_code", "Read the lines above."))
        return Stopped(cause, ended, True, False, todo)
    return Stopped("no_exit_code", f"the task stopped without an exit code: {said}", True, False, "Look at the task in the ECS console.")


_FAILURES = {
    "MISSING": ("missing", "Check cluster and task definition."),
    "INACTIVE": ("inactive", "The cluster or the capacity provider is inactive."),
    "AGENT": ("agent", "The container instance's agent is not connected."),
}


def explain_failure(failure: Mapping[str, Any]) -> Stopped:
    """Why RunTask made no task: one of its ``failures`` ({arn, reason, detail}). Nothing ran, by definition."""
    said = " ".join(f"{failure.get('reason') or 'no reason given'} {failure.get('detail') or ''}".split())
    what = f"ECS started no task: {said}"
    rule = _first(REASONS, said)
    if rule:
        return Stopped(rule.cause, what, False, rule.passing, rule.todo)
    cause, todo = _FAILURES.get(str(failure.get("reason")), ("not_placed", "Look at the cluster's capacity and the task's constraints."))
    return Stopped(cause, what, False, False, todo)
