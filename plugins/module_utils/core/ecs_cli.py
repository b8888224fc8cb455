# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ecs-cli 1.21's command lines, and what its output says. For redash_engine: ecs-cli.

ecs-cli is archived; its options were observed on the real binary. Two of them surprise: the compose
options stand before the subcommand, ``--cluster`` and ``--launch-type`` after it; and a space anywhere in
``--target-groups`` is fatal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError

USING = re.compile(r'TaskDefinition="?([A-Za-z0-9_-]+:[0-9]+)"?')
FATAL = re.compile(r'level=(?:fatal|error) msg="((?:[^"\\]|\\.)*)"(?: error="((?:[^"\\]|\\.)*)")?')


def configure(binary: str, cluster: str, region: str) -> list[str]:
    """Write ecs-cli's cluster configuration. The launch type's default is what its run commands lack otherwise."""
    return [
        binary,
        "configure",
        "--cluster",
        cluster,
        "--region",
        region,
        "--default-launch-type",
        "FARGATE",
        "--config-name",
        cluster,
    ]


def compose(binary: str, family: str, compose_files: Sequence[str], ecs_params: str | None) -> list[str]:
    """The beginning that all ``compose`` commands share."""
    command = [binary, "compose", "--project-name", family]
    for path in compose_files:
        command += ["--file", path]
    return [*command, "--ecs-params", ecs_params] if ecs_params else command


def create(binary: str, family: str, compose_files: Sequence[str], ecs_params: str | None) -> list[str]:
    """Register the task definition, unless ecs-cli's cache knows the same one."""
    return [*compose(binary, family, compose_files, ecs_params), "create", "--launch-type", "FARGATE"]


def service_up(
    binary: str,
    family: str,
    compose_files: Sequence[str],
    ecs_params: str | None,
    *,
    cluster: str,
    target_groups: Sequence[Mapping[str, Any]] = (),
    health_check_grace_period: int | None = None,
    deployment: Mapping[str, Any] | None = None,
    force: bool = False,
) -> list[str]:
    """Create or update the service; ``target_groups`` are dictionaries of target_group_arn, container_name, container_port.

    ``--timeout 0``: ecs-cli does not wait. Its own waiting counts from the last change of the running
    count, so that a service that crashes in a loop may never time out; redash_ecs_service watches instead.
    """
    problems = Problems()
    for group in target_groups:
        for key, value in group.items():
            if value in (None, "") or re.search(r"[\s,=]", str(value)):
                problems.add(
                    f"{key} {value!r} can't be given to --target-groups", where=f"service {family}", todo="No spaces, commas, '='."
                )
    problems.raise_if_any()
    command = [*compose(binary, family, compose_files, ecs_params), "service", "up", "--cluster", cluster, "--launch-type", "FARGATE"]
    command += ["--timeout", "0"]
    for group in target_groups:
        command += [
            "--target-groups",
            f"targetGroupArn={group['target_group_arn']},containerName={group['container_name']},containerPort={group['container_port']}",
        ]
    if target_groups and health_check_grace_period is not None:
        # Without a load balancer ecs-cli refuses it.
        command += ["--health-check-grace-period", str(health_check_grace_period)]
    deployment = deployment or {}
    if deployment.get("maximum_percent") is not None:
        command += ["--deployment-max-percent", str(deployment["maximum_percent"])]
    if deployment.get("minimum_healthy_percent") is not None:
        command += ["--deployment-min-healthy-percent", str(deployment["minimum_healthy_percent"])]
    return [*command, "--force-deployment"] if force else command


def service_rm(binary: str, family: str, compose_files: Sequence[str], ecs_params: str | None, *, cluster: str) -> list[str]:
    """Delete the service. ecs-cli does it by force, without scaling down first."""
    return [*compose(binary, family, compose_files, ecs_params), "service", "rm", "--cluster", cluster]


# What ecs-cli says when it made or changed something; it updates a service on every run, and says that with other words.
CHANGES = (
    "Created an ECS service",
    "Updated the ECS service with a new task definition",
    "Deleted ECS service",
)


def changed(output: str) -> bool:
    """Whether ecs-cli said that it changed a service."""
    return any(words in output for words in CHANGES)


def registers(argv: Sequence[str]) -> bool:
    """Whether this command line makes ecs-cli register a task definition, or find the same one in its cache."""
    return any(tuple(argv[at : at + 2]) == ("service", "up") for at in range(len(argv))) or "create" in argv[5:]


def used_task_definition(output: str) -> str:
    """``family:revision`` that ecs-cli said it uses. Raises RedashError when it said none.

    The newest revision need not be the one: ecs-cli's cache goes back to an older one when the same
    request was registered before.
    """
    found = USING.findall(output)
    if not found:
        raise RedashError(Problem("did not say which task definition it uses", "ecs-cli", f"It said: {output.strip()[-500:]}"))
    return str(found[-1])


def complaint(output: str) -> str:
    """What went wrong, in ecs-cli's own words: its first error, not its last, which only says that it gives up.

    ecs-cli writes everything to stdout, and even "Created an ECS service" when creating failed.
    """
    errors = [" ".join(part.replace('\\"', '"') for part in match if part) for match in FATAL.findall(output)]
    return errors[0] if errors else " ".join(output.split())[-500:]
