# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan written down: docker-compose.yml, ecs-params.yml and env, with a word on what each part is for.

Written line by line and not dumped, for the comments, and so that an unchanged plan is the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible_collections.redash.ecs.plugins.module_utils.core.render import Container, Options, TaskPlan

# The first line of every file; what begins with it is ours to overwrite and to remove.
HEADER = "# Rendered by redash.ecs.redash_compose_render. Changes here are lost: the next run writes this file anew."

# Plain scalars that every YAML reader takes for text: letters first, and none of YAML 1.1's words.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))

# What the settings are that Redash's own set-up writes, and those that are asked for most.
_ABOUT = {
    "PYTHONUNBUFFERED": "Log lines leave at once; any value but none means yes.",
    "REDASH_COOKIES_SECURE": "Browsers send the session's cookie by HTTPS only.",
    "REDASH_ENFORCE_HTTPS": "A request by HTTP is redirected.",
    "REDASH_HSTS_ENABLED": "Browsers keep to HTTPS ...",
    "REDASH_HSTS_MAX_AGE": "... for so many seconds; they cannot be told otherwise before.",
    "REDASH_ENFORCE_CSRF": "Forms are accepted from Redash's own pages only.",
    "REDASH_GUNICORN_TIMEOUT": "Seconds until gunicorn ends a request.",
    "REDASH_HOST": "The address people use; links in mails are made from it.",
    "REDASH_LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR.",
    "REDASH_MAIL_DEFAULT_SENDER": "Mail does not leave without a sender.",
    "REDASH_MAIL_SERVER": "The SMTP server.",
}


def quoted(text: str) -> str:
    """``text`` as a YAML scalar that is text to every reader."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    # JSON's strings are YAML's.
    return json.dumps(text, ensure_ascii=False)


def _comment(lines: Iterable[str], indent: int = 0) -> list[str]:
    return [f"{' ' * indent}# {line}".rstrip() for line in lines]


def _join(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"


def compose_text(task: TaskPlan, head: Sequence[str], left_out: Sequence[str], image: str, options: Options) -> str:
    """The Compose file of ``task``. ``head`` says what is rendered, ``left_out`` what of the source is not in it."""
    lines = [
        HEADER,
        "# Your own additions go into a Compose file of your own: redash_compose_overrides.",
        "#",
        *_comment((*head, task.about, f"Project name (family of the task definition): {task.family}")),
        *_comment(("", "Left out of the source:", *(f"- {item}" for item in left_out)) if left_out else ()),
        "",
        "# ecs-cli takes 2 and 3. With 3 an override's environment is merged key by key, as Compose does it; with 2 it",
        "# would replace the whole of it, QUEUES included. Health checks, secrets and sizes are in the ecs-params file.",
        'version: "3"',
        "",
        "services:",
    ]
    for container in task.containers:
        lines += _compose_service(container, image, options)
    return _join(lines)


def _compose_service(container: Container, image: str, options: Options) -> list[str]:
    lines = [
        *_comment([container.about], 2),
        f"  {container.name}:",
        f"    image: {quoted(image)}",
        f"    command: [{', '.join(quoted(word) for word in container.argv)}]",
        # Relative to this file.
        "    env_file: env",
    ]
    if container.environment:
        lines.append("    environment:")
        lines += [f"      {name}: {quoted(value)}" for name, value in sorted(container.environment.items())]
    if container.port:
        # In a task's own network (awsvpc) the two are the same by necessity.
        lines += ["    ports:", f'      - "{container.port}:{container.port}"']
    if container.stop_grace_period:
        lines += [
            "    # Running queries are finished on a stop; 120 s are the most that Fargate waits.",
            f"    stop_grace_period: {container.stop_grace_period}s",
        ]
    lines += [
        "    logging:",
        "      driver: awslogs",
        "      options:",
        f"        awslogs-group: {quoted(options.log_group)}",
        f"        awslogs-region: {quoted(options.region)}",
        f"        awslogs-stream-prefix: {container.name}",
    ]
    if container.blocking_log:
        lines += [
            "        # What a command says must arrive whole; ECS's default drops lines when it cannot keep up.",
            "        mode: blocking",
        ]
    return lines


def ecs_params_text(task: TaskPlan, head: Sequence[str], options: Options) -> str:
    """The ecs-params.yml of ``task``: what ECS needs to know and Compose has no word for."""
    needed = ", ".join(f"{container.name} {container.memory}" for container in task.containers)
    lines = [
        HEADER,
        f"# What ECS needs beside {task.compose_file}.",
        *_comment(head),
        "",
        "version: 1",
        "task_definition:",
        "  # Each task has a network interface and security groups of its own.",
        "  ecs_network_mode: awsvpc",
        "  # Used by ECS to pull the image, read the secrets and write the logs.",
        f"  task_execution_role: {quoted(options.execution_role_arn)}",
    ]
    if options.task_role_arn:
        lines += ["  # What Redash itself may do on AWS.", f"  task_role_arn: {quoted(options.task_role_arn)}"]
    lines += [
        f"  # CPU units (1024 = 1 vCPU) and MiB. The processes need about {sum(c.memory for c in task.containers)} MiB: {needed}.",
        "  task_size:",
        f'    cpu_limit: "{task.cpu}"',
        f'    mem_limit: "{task.memory}"',
    ]
    if options.cpu_architecture != "X86_64":
        lines += [
            "  # Read by redash.ecs only: ecs-cli does not know it, and would register the task for x86.",
            "  runtime_platform:",
            f"    cpu_architecture: {options.cpu_architecture}",
            "    operating_system_family: LINUX",
        ]
    lines += [
        "  services:",
    ]
    for container in task.containers:
        lines += _ecs_params_service(container, task.secrets)
    lines += [
        "run_params:",
        "  network_configuration:",
        "    awsvpc_configuration:",
        "      subnets:",
        *(f"        - {quoted(subnet)}" for subnet in options.subnets),
    ]
    if options.security_groups:
        lines += ["      security_groups:", *(f"        - {quoted(group)}" for group in options.security_groups)]
    lines.append(f"      assign_public_ip: {options.assign_public_ip}")
    return _join(lines)


def _ecs_params_service(container: Container, secrets: Mapping[str, str]) -> list[str]:
    lines = [
        f"    {container.name}:",
        "      essential: true",
    ]
    if container.health:
        check = container.health
        lines += [
            *_comment(check.why, 6),
            "      healthcheck:",
            "        test:",
        ]
        for word in check.test:
            if "\n" in word:
                lines += ["          - |", *(f"            {line}" for line in word.rstrip("\n").split("\n"))]
            else:
                lines.append(f"          - {quoted(word)}")
        lines += [
            f"        interval: {check.interval}s",
            f"        timeout: {check.timeout}s",
            f"        retries: {check.retries}",
            f"        start_period: {check.start_period}s",
        ]
    if container.depends_on:
        lines.append("      depends_on:")
        for name, condition in container.depends_on:
            lines += [f"        - container_name: {name}", f"          condition: {condition}"]
    lines += ["      # References only; ECS puts the values into the container's environment.", "      secrets:"]
    for name, reference in sorted(secrets.items()):
        lines += [f"        - name: {name}", f"          value_from: {quoted(reference)}"]
    return lines


def env_text(settings: Mapping[str, str], head: Sequence[str]) -> str:
    """The env file: the settings of every container, none of them secret, none of them empty."""
    lines = [HEADER, *_comment(head), "# Settings of every container: redash_settings. No secret stands here, and nothing empty.", ""]
    for name, value in settings.items():
        if name in _ABOUT:
            lines.append(f"# {_ABOUT[name]}")
        lines.append(f"{name}={value}")
    return _join(lines)
