# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run made before it was killed, and could not write into its state any more.

Between AWS's answer and Terraform's note of it lie seconds (it waits until a role is known everywhere, until a
load balancer is active). A machine that dies then leaves resources that the next run would make a second time:
AWS refuses those with a name of their own and silently doubles the others, a NAT gateway included. Terraform
takes such resources over with ``import`` blocks: https://developer.hashicorp.com/terraform/language/import

Only what carries every tag that the plan gives it is taken over: somebody else's is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem

# How AWS's services say that something is there: EntityAlreadyExists, DuplicateLoadBalancerName,
# InvalidPermission.Duplicate, Resource.AlreadyAssociated, InvalidSubnet.Conflict, and the provider's own words.
THERE = re.compile(r"already[ _]?exist|Duplicate|AlreadyAssociated|InvalidSubnet\.Conflict", re.IGNORECASE)

# Types of EC2 that the plan names by a tag ``Name``: how to list them, where the list stands in the answer, what
# the id is called. Their creation is never refused, so they are looked for whenever the run before was killed.
TAGGED = {
    "aws_eip": ("describe_addresses", "Addresses", "AllocationId"),
    "aws_internet_gateway": ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    "aws_nat_gateway": ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
    "aws_route_table": ("describe_route_tables", "RouteTables", "RouteTableId"),
    "aws_security_group": ("describe_security_groups", "SecurityGroups", "GroupId"),
    "aws_subnet": ("describe_subnets", "Subnets", "SubnetId"),
    "aws_vpc": ("describe_vpcs", "Vpcs", "VpcId"),
    "aws_vpc_endpoint": ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
}

# What ``terraform import`` wants as id, where the plan says all of it (each resource's page, section "Import").
NAMED = {
    "aws_backup_vault": "{name}",
    "aws_cloudwatch_log_group": "{name}",
    "aws_db_subnet_group": "{name}",
    "aws_ecr_pull_through_cache_rule": "{ecr_repository_prefix}",
    "aws_ecs_cluster": "{name}",
    "aws_elasticache_parameter_group": "{name}",
    "aws_elasticache_replication_group": "{replication_group_id}",
    "aws_elasticache_subnet_group": "{name}",
    "aws_iam_role": "{name}",
    "aws_kms_alias": "{name}",
    "aws_rds_cluster": "{cluster_identifier}",
    "aws_rds_cluster_instance": "{identifier}",
    "aws_rds_cluster_parameter_group": "{name}",
    "aws_route": "{route_table_id}_{destination_cidr_block}",
    "aws_route53_record": "{zone_id}_{name}_{type}",
    "aws_route_table_association": "{subnet_id}/{route_table_id}",
}


@dataclass(frozen=True)
class Planned:
    """A resource that a plan creates; ``values`` are those known before the apply."""

    address: str
    type: str
    values: Mapping[str, Any]

    @property
    def tags(self) -> dict[str, str]:
        return dict(self.values.get("tags_all") or {})


def planned(plan: Mapping[str, Any]) -> list[Planned]:
    """What the parsed JSON of ``terraform show -json <plan>`` creates."""
    return [
        Planned(entry["address"], entry["type"], entry["change"].get("after") or {})
        for entry in plan.get("resource_changes", [])
        if entry["change"]["actions"] == ["create"] and entry.get("mode") != "data"
    ]


def known_ids(plan: Mapping[str, Any]) -> set[str]:
    """The ids of everything that the state holds already."""
    module = plan.get("prior_state", {}).get("values", {}).get("root_module", {})
    return {str(resource["values"].get("id")) for resource in module.get("resources", []) if resource.get("mode") != "data"}


def there_already(problems: Iterable[Problem]) -> set[str]:
    """The addresses of the resources whose creation was refused because they exist."""
    return {problem.where for problem in problems if problem.where and THERE.search(problem.what)}


def import_id(resource: Planned) -> str | None:
    """The id to import ``resource`` by, from its planned values alone; None when they don't tell."""
    template = NAMED.get(resource.type)
    if template is None:
        return None
    known = {name: value for name, value in resource.values.items() if value not in (None, "")}
    try:
        return template.format_map(known)
    except KeyError:
        return None


def by_tags(resources: Iterable[Planned], found: Mapping[str, Mapping[str, Mapping[str, str]]], known: set[str]) -> dict[str, str]:
    """Address -> id of every planned EC2 resource that is there with all of its tags.

    ``found``  type -> id -> tags
    ``known``  ids that the state holds: they belong to other addresses

    Two that look the same are left alone: nobody could say which one the rest was built on.
    """
    imports = {}
    for resource in resources:
        if not resource.tags.get("Name"):
            continue
        there = found.get(resource.type, {})
        ids = [id_ for id_, tags in there.items() if id_ not in known and tags.items() >= resource.tags.items()]
        if len(ids) == 1:
            imports[resource.address] = ids[0]
    return imports


def with_way_out(problems: Iterable[Problem], plan: Mapping[str, Any]) -> list[Problem]:
    """``problems`` of an apply; what exists, and was not found or not recognised, is said with what takes it over."""
    resources = {resource.address: resource for resource in planned(plan)}
    found = []
    for problem in problems:
        if problem.where in resources and THERE.search(problem.what):
            id_ = import_id(resources[problem.where]) or "<its import ID>"
            problem = Problem(
                f"exists already on AWS, and Terraform's state does not know it: {problem.what}",
                problem.where,
                f"If it is this installation's, take it over: {by_hand(problem.where, id_)}. Otherwise choose another name, or delete it.",
            )
        found.append(problem)
    return found


def by_hand(address: str, id_: str) -> str:
    """The extra variable that takes one resource over."""
    return f"-e '{json.dumps({'redash_terraform_import': {address: id_}})}'"


def foreign(plan: Mapping[str, Any], wanted_by_hand: Collection[str] = ()) -> Iterator[Problem]:
    """A problem for everything that a plan would import though its tags are not this installation's.

    ``wanted_by_hand``  addresses that a person has asked for, whatever their tags
    """
    for entry in plan.get("resource_changes", []):
        change = entry["change"]
        if "importing" not in change or entry["address"] in wanted_by_hand:
            continue
        wanted = (change.get("after") or {}).get("tags_all")
        if wanted is None:
            continue  # a type without tags: a route, an association. It is named by what it belongs to.
        tags = (change.get("before") or {}).get("tags_all") or {}
        missing = {name: value for name, value in wanted.items() if tags.get(name) != value}
        if missing or not wanted:
            lacks = (
                f"no tag {', '.join(f'{name}={value}' for name, value in sorted(missing.items()))}" if missing else "no tag to know it by"
            )
            id_ = change["importing"].get("id", "")
            yield Problem(
                f"{id_} exists already on AWS, and nothing says that it is this installation's: it has {lacks}",
                entry["address"],
                f"Choose another redash_name, or delete it, or take it over all the same: {by_hand(entry['address'], id_)}.",
            )
