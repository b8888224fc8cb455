# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of the role ecs_cli_service with redash_engine: ecs-cli. Their documentation is beside this file, one .yml each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.redash.ecs.plugins.module_utils.core import ecs_cli
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError


def ecs_cli_command(service: Mapping[str, Any], action: str, *, binary: str, **options: Any) -> list[str]:
    """The argument list of ``create``, ``service_up`` or ``service_rm`` for one rendered service."""
    commands: dict[str, Callable[..., list[str]]] = {
        "create": ecs_cli.create,
        "service_up": ecs_cli.service_up,
        "service_rm": ecs_cli.service_rm,
    }
    if action not in commands:
        raise AnsibleFilterError(f"ecs_cli_command: {action!r} is none of {', '.join(commands)}")
    try:
        return commands[action](binary, service["family"], service["compose_files"], service.get("ecs_params"), **options)
    except RedashError as error:
        raise AnsibleFilterError(str(error)) from error


def ecs_cli_configure(cluster: str, *, binary: str, region: str) -> list[str]:
    """The argument list of ``ecs-cli configure``."""
    return ecs_cli.configure(binary, cluster, region)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "ecs_cli_command": ecs_cli_command,
            "ecs_cli_configure": ecs_cli_configure,
        }
