# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Switches as they arrive: AWX's surveys and ``-e name=false`` hand over texts, and a text that is not empty counts as true."""

from __future__ import annotations

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problems

# Ansible's own words (module_utils.parsing.convert_bool).
YES = ("1", "on", "t", "true", "y", "yes")
NO = ("0", "f", "false", "n", "no", "off")


def boolean(value: Any, where: str, problems: Problems) -> bool:
    """``value`` as a switch; what is neither is added to ``problems`` and counts as off."""
    text = str(value).strip().lower()
    if text not in (*YES, *NO):
        problems.add(f"{value!r} is neither true nor false", where=where, todo="Write true or false.")
    return text in YES
