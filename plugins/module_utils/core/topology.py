# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In which order an installation's services are deployed, and those go that its topology no longer has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SCHEDULER = "scheduler"


def has_scheduler(task_definition: Mapping[str, Any]) -> bool:
    """Whether a task definition, as DescribeTaskDefinition shows it, runs a scheduler."""
    return any(
        container["name"] == SCHEDULER or (container.get("command") or [""])[0] == SCHEDULER
        for container in task_definition["containerDefinitions"]
    )


def deployment_order(wanted: Sequence[Mapping[str, Any]], present: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The four parts of a deployment, to be done in this order; what fails stops all that comes after it.

    ``first``   services to deploy that hold no scheduler. Workers come before what gives them work: a new server may queue a
                job that an old worker does not know, while a new worker knows the old server's jobs. What people see changes
                last of these, when everything behind it runs
    ``stop``    names of services to delete that hold a scheduler: two schedulers queue everything twice
    ``then``    services to deploy that hold the scheduler
    ``remove``  names of the other services to delete, which answered and worked until here

    ``wanted`` is what rendering told of each service (``family``, ``has_scheduler``, ``load_balancer``), ``present`` says by name
    of each that exists whether it holds a scheduler. So a change of topology is without a gap for people, either way: from
    consolidated to split the one old service goes between server and scheduler; back, the scheduler goes, then the one
    service comes, then the rest goes.
    """
    families = {service["family"] for service in wanted}
    obsolete = {name: bool(service["has_scheduler"]) for name, service in sorted(present.items()) if name not in families}
    working = [service for service in wanted if not service.get("has_scheduler")]
    return {
        "first": sorted(working, key=lambda service: bool(service.get("load_balancer"))),
        "stop": [name for name, schedules in obsolete.items() if schedules],
        "then": [service for service in wanted if service.get("has_scheduler")],
        "remove": [name for name, schedules in obsolete.items() if not schedules],
    }
