# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many tasks one service has, when a person asks for it (scale.yml): which service is meant, and whether it may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem
from ansible_collections.redash.ecs.plugins.module_utils.core.release_history import stop_order


@dataclass(frozen=True)
class ServiceCount:
    """``service`` is the ECS service that is meant. ``note`` says how long its number of tasks holds; empty where it stays.

    ``problems`` are all the reasons against it; empty where there are none.
    """

    service: str
    note: str
    problems: list[Problem]


def service_count(
    services: Mapping[str, Mapping[str, Any]],
    *,
    name: str,
    count: str,
    service: str = "",
    sizes: Mapping[str, Mapping[str, Any]],
    desired_count: int,
    autoscaling: Mapping[str, Mapping[str, bool]],
    history: Mapping[str, Any],
) -> ServiceCount:
    """Judge what a person asks for.

    ``services``       the installation's ECS services by name, with ``has_scheduler``
    ``name``           the installation
    ``count``          the tasks that are asked for, as it was typed; empty where nothing was given
    ``service``        by its whole name or by that of its container; empty for the one that answers the load balancer
    ``sizes``          ``redash_service_sizes``
    ``desired_count``  ``redash_desired_count``, which counts for the server
    ``autoscaling``    by service, which of its parts are suspended
    ``history``        what redash_release_record lists: ``unfinished``, ``last``, ``next_command``
    """
    asked = service or stop_order(services, name)[0]
    meant = asked if asked in services else f"{name}-{asked}"
    part = meant.removeprefix(name).removeprefix("-")
    is_number = re.fullmatch(r"[0-9]{1,4}", count) is not None
    problems: list[Problem] = []
    if not is_number:
        problems.append(Problem(f"{count or 'not set'} is not a number of tasks", "count", "Give -e count=2."))
    if meant not in services:
        problems.append(Problem(f"{asked} is no service of {name}; there are {', '.join(services)}.", "service"))
    elif is_number and int(count) > 1 and services[meant].get("has_scheduler"):
        way_out = "" if part else "Set redash_topology: split in the inventory to scale server and workers."
        problems.append(Problem(f"{count} tasks of {meant} would be as many schedulers, and each queues everything.", "count", way_out))
    # All parts suspended: then it does not decide.
    if meant in autoscaling and not all(autoscaling[meant].values()):
        change = f"Change min and max of redash_autoscaling.{part}, and run site.yml."
        problems.append(Problem(f"autoscaling decides how many tasks {meant} has", "service", change))
    last = history["last"]
    if history["unfinished"] and last["kind"] != "backup":
        what = (
            f"release {last['number']} ({last['kind']}) is unfinished at step {last['step'] or 'none'}, and starts what it stopped itself"
        )
        problems.append(Problem(what, todo=f"Finish it first: {history['next_command']}"))
    in_inventory = _in_inventory(part, sizes, desired_count)
    note = ""
    if is_number and int(count) != in_inventory:
        note = f"The next site.yml brings {meant} back to {in_inventory}, as the inventory says."
        if part:
            note += f" To keep {count}, set redash_service_sizes: {{{part}: {{desired_count: {count}}}}}."
    return ServiceCount(service=meant, note=note, problems=problems)


def _in_inventory(part: str, sizes: Mapping[str, Mapping[str, Any]], desired_count: int) -> int:
    """How many tasks the inventory gives a service; the consolidated one has no part, and holds the scheduler."""
    if not part:
        return 1
    given = (sizes.get(part) or {}).get("desired_count")
    if given is not None:
        return int(given)
    return int(desired_count) if part == "server" else 1
