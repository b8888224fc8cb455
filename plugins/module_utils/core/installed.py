# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether what exists is what is wanted: the name, the region, the account and the partition of an installation.

Terraform replaces what has another name or region: it destroys the old one, or forgets it where it is. None of these
four can change in place, so a difference is refused before Terraform plans.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem
from ansible_collections.redash.ecs.plugins.module_utils.core.terraform_remains import by_hand

# Types of which an installation has one, in its own region and account. A peering may lie in another.
ANCHORS = ("aws_ecs_cluster", "aws_lb", "aws_rds_cluster", "aws_vpc")

# What each fact is called in a message, the variable that decides it, and what a person does who wants the old one.
FACTS = {
    "name": ("name", "redash_name", "Set redash_name to {is_}"),
    "region": ("region", "redash_region", "Set redash_region to {is_}"),
    "account_id": ("AWS account", "redash_aws_profile", "Sign in to account {is_}"),
    "partition": ("AWS partition", "redash_region", "Sign in to partition {is_}"),
}
MOVE = "A move needs a new installation with its own redash_name and state, and the data from a snapshot (docs/disaster-recovery.md)."


@dataclass(frozen=True)
class Installed:
    """Name and place of an installation; an empty string is what nothing says."""

    name: str = ""
    region: str = ""
    account_id: str = ""
    partition: str = ""


def of_output(infrastructure: Any) -> Installed:
    """The place that the output ``redash``, or infrastructure.json, says. Empty for anything but a mapping."""
    if not isinstance(infrastructure, Mapping):
        return Installed()
    partition = of_arn(infrastructure.get("cluster_arn")).partition
    values = {key: str(infrastructure.get(key) or "") for key in ("name", "region", "account_id")}
    return Installed(**values, partition=partition)


def of_arn(arn: Any) -> Installed:
    """Region, account and partition of an ARN; empty for anything else."""
    parts = str(arn or "").split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        return Installed()
    return Installed(region=parts[3], account_id=parts[4], partition=parts[1])


def of_state(state: Mapping[str, Any]) -> Installed:
    """The place that Terraform's state says: of its output ``redash``, otherwise of what it holds.

    ``state``  the parsed JSON of ``terraform state pull``. An apply that was cut off has left no outputs there.
    """
    said = of_output(state.get("outputs", {}).get("redash", {}).get("value"))
    found = [said, *(of_arn(attributes.get("arn")) for kind, attributes in _managed(state) if kind in ANCHORS)]
    return Installed(**{fact: next((value for place in found if (value := getattr(place, fact))), "") for fact in FACTS})


def is_empty(state: Mapping[str, Any]) -> bool:
    """Whether the state holds no resource."""
    return not _managed(state)


def moved(source: str, exists: Installed, wanted: Installed) -> list[Problem]:
    """A problem for each fact in which ``wanted`` differs from what ``exists``.

    ``source``  what says that it exists, such as ``Terraform's state``. What one of the two does not say is not compared.
    """
    found = []
    for fact, (called, variable, back) in FACTS.items():
        is_, is_wanted = getattr(exists, fact), getattr(wanted, fact)
        if is_ and is_wanted and is_ != is_wanted:
            found.append(
                Problem(
                    f"the installation exists with the {called} {is_}, as {source} says; {is_wanted} would destroy or forget it",
                    variable,
                    f"{back.format(is_=is_)}. {MOVE}",
                )
            )
    return found


def lost_state(name: str, region: str, seen: Mapping[str, str], where: str, workspaces: Collection[str] = ()) -> list[Problem]:
    """A problem for each thing that exists on AWS although the state is empty.

    ``seen``        address in the module -> import ID, such as ``aws_rds_cluster.this``
    ``where``       the state that is empty: its backend and workspace
    ``workspaces``  the other workspaces of this backend
    """
    others = f" This backend has other workspaces: {', '.join(sorted(workspaces))}." if workspaces else ""
    return [
        Problem(
            f"{identifier} exists in {region}, and Terraform's state ({where}) holds nothing of {name}",
            address,
            f"Give the redash_terraform_backend and redash_terraform_workspace that made it, or restore that state.{others}"
            f" If the state is lost, import what exists: {by_hand(address, identifier)}. Otherwise choose another redash_name.",
        )
        for address, identifier in sorted(seen.items())
    ]


def _managed(state: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Type and attributes of each resource that the state holds."""
    return [
        (str(resource.get("type")), instance.get("attributes") or {})
        for resource in state.get("resources") or []
        if resource.get("mode") == "managed"
        for instance in resource.get("instances") or []
    ]
