# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter of the role terraform_apply: what is wrong with an infrastructure object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core import infrastructure


def infrastructure_problems(value: Any) -> list[str]:
    """Everything that is wrong with ``redash_infrastructure``, a line each; empty when nothing is."""
    return [str(problem) for problem in infrastructure.problems(value)]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"infrastructure_problems": infrastructure_problems}
