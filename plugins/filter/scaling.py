# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of redash_autoscaling: what is wrong with it, and what it means service by service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core import scaling


def autoscaling_problems(autoscaling: Any, topology: str, services: Sequence[Mapping[str, Any]] | None = None) -> list[str]:
    """Everything that is wrong with ``redash_autoscaling``, a line each; empty when nothing is."""
    return [str(problem) for problem in scaling.problems(autoscaling, topology, services)]


def autoscaling_by_service(autoscaling: Mapping[str, Any], services: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """By the name of each ECS service what is wanted of its autoscaling; an empty dictionary for none."""
    return scaling.by_family(autoscaling, services)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"autoscaling_problems": autoscaling_problems, "autoscaling_by_service": autoscaling_by_service}
