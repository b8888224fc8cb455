# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter redash.ecs.access_plan; the thinking is plugins/module_utils/core/access.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.redash.ecs.plugins.module_utils.core.access import plan
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError


def access_plan(
    wanted: dict[str, Any],
    groups: list[dict[str, Any]] | None,
    users: list[dict[str, Any]] | None,
    inviter: str = "",
    administrators: bool = True,
) -> dict[str, list[Any]]:
    """``wanted`` is {groups, users}; ``administrators`` whether anybody may become one.

    Returns {group_commands, user_commands, changes, impossible}. What could not be read is no list: nothing is planned on it.
    """
    for what, read in (("groups", groups), ("users", users)):
        if not isinstance(read, list):
            raise AnsibleFilterError(f"the {what} of Redash are not known: their list could not be read. Nothing was planned; run again.")
    try:
        known = (groups or [], users or [])
        return asdict(plan(wanted.get("groups") or [], wanted.get("users") or [], *known, inviter, administrators))
    except RedashError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"access_plan": access_plan}
