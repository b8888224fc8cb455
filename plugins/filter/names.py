# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter redash.ecs.name_problems. The rules are in core/names.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core import names


def name_problems(name: Any, host: Any, secret_prefix: Any = "", kms_alias: Any = "") -> list[str]:
    """What AWS would refuse of an installation's names, one line each."""
    return [str(problem) for problem in names.problems(str(name), str(host), str(secret_prefix or ""), str(kms_alias or ""))]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"name_problems": name_problems}
