# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter of the role task_runner: the commands that a list of allowed ones leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.redash.ecs.plugins.module_utils.core.allowed import refused
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError


def refused_commands(commands: Iterable[str | Sequence[Any]], patterns: str | Iterable[str]) -> list[str]:
    """One line for each of ``commands`` that no pattern allows."""
    try:
        return refused(commands, patterns)
    except RedashError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"refused_commands": refused_commands}
