# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter redash.ecs.settings_problems. The knowledge is in core/redash_settings.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.redash_settings import problems_of


def settings_problems(settings: Any, unknown: str = "refuse", version: Any = "") -> list[str]:
    """Everything that is wrong with redash_settings, one line each; no line holds a value."""
    if unknown not in ("refuse", "allow"):
        return [f"redash_settings_unknown: {unknown} is neither refuse nor allow."]
    if not isinstance(settings, Mapping):
        return ["redash_settings: not a mapping. Write NAME: value for each setting."]
    return [str(problem) for problem in problems_of(settings, "allow" if unknown == "allow" else "refuse", str(version))]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"settings_problems": settings_problems}
