# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Task definitions, where MiniStack 1.5.33 differs from AWS (services/ecs.py, _resolve_td_key).

A family without a revision is its newest *active* one on AWS; MiniStack takes the newest, though it was
deregistered. What an upgrade registered and withdrew would be run by the next command.
"""

from __future__ import annotations

from collections.abc import Callable

from ministack.services import ecs


def apply() -> None:
    ecs._resolve_td_key = _newest_active(ecs._resolve_td_key)


def _newest_active(resolve: Callable[[str], str | None]) -> Callable[[str], str | None]:
    def key(reference: str) -> str | None:
        found = resolve(reference)
        family, _colon, revision = (found or "").rpartition(":")
        if not family or f":{revision}" in reference or not revision.isdigit():
            return found
        for number in range(int(revision), 0, -1):
            if ecs._task_defs.get(f"{family}:{number}", {}).get("status") == "ACTIVE":
                return f"{family}:{number}"
        # AWS: Unable to describe task definition.
        return family

    return key
