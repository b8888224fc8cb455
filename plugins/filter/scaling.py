# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of redash_autoscaling and of scale.yml; the thinking is plugins/module_utils/core/scaling.py and service_count.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core import scaling
from ansible_collections.redash.ecs.plugins.module_utils.core.service_count import service_count as judge


def autoscaling_problems(autoscaling: Any, topology: str, services: Sequence[Mapping[str, Any]] | None = None) -> list[str]:
    """Everything that is wrong with ``redash_autoscaling``, a line each; empty when nothing is."""
    return [str(problem) for problem in scaling.problems(autoscaling, topology, services)]


def autoscaling_by_service(autoscaling: Mapping[str, Any], services: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """By the name of each ECS service what is wanted of its autoscaling; an empty dictionary for none."""
    return scaling.by_family(autoscaling, services)


def service_count(services: Mapping[str, Mapping[str, Any]], *, count: Any, **given: Any) -> dict[str, Any]:
    """The service that is meant, how long its number of tasks holds, and a line for everything that is against it."""
    judged = judge(services, count=str(count), **given)
    return {"service": judged.service, "note": judged.note, "problems": [str(problem) for problem in judged.problems]}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "autoscaling_problems": autoscaling_problems,
            "autoscaling_by_service": autoscaling_by_service,
            "service_count": service_count,
        }
