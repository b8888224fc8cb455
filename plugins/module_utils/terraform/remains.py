# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks AWS for the remains of a killed run: what core.terraform_remains can't tell from the plan alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code
from ansible_collections.redash.ecs.plugins.module_utils.core import terraform_remains as core
from ansible_collections.redash.ecs.plugins.module_utils.core.terraform_remains import Planned

# EC2 takes 200 values in a filter.
MOST_VALUES = 200
# What is on its way out is still listed, a deleted NAT gateway for an hour.
GONE = ("deleting", "deleted", "failed")

Client = Callable[..., Any]


def find(plan: Mapping[str, Any], refused: set[str], client: Client) -> dict[str, str]:
    """Address -> import id of what ``plan`` would create and is there already.

    ``refused``  addresses of which AWS has said so; EC2's are looked for by their tags besides

    Raises RedashError when AWS can't be asked.
    """
    planned = core.planned(plan)
    with aws_errors("look for what a killed run left behind"):
        imports = core.by_tags(planned, _tagged(planned, client("ec2")), core.known_ids(plan))
        for resource in planned:
            if resource.address in refused and resource.address not in imports:
                found = core.import_id(resource) or _looked_up(resource, client)
                if found:
                    imports[resource.address] = found
    return imports


def _looked_up(resource: Planned, client: Client) -> str | None:
    lookup = LOOKUPS.get(resource.type)
    try:
        return lookup(resource, client) if lookup else None
    except Exception as error:
        # Between the refusal and the question it may have gone, or it never bore that name.
        if "NotFound" in error_code(error):
            return None
        raise


def _tagged(planned: list[Planned], ec2: Any) -> dict[str, dict[str, dict[str, str]]]:
    """Type -> id -> tags, of everything with the type and the Name of something planned."""
    names: dict[str, set[str]] = {}
    for resource in planned:
        if resource.type in core.TAGGED and resource.tags.get("Name"):
            names.setdefault(resource.type, set()).add(resource.tags["Name"])
    found: dict[str, dict[str, dict[str, str]]] = {}
    for kind, wanted in names.items():
        method, items, id_ = core.TAGGED[kind]
        filters = [{"Name": "tag:Name", "Values": sorted(wanted)[:MOST_VALUES]}]
        if ec2.can_paginate(method):
            pages = list(ec2.get_paginator(method).paginate(Filters=filters))
        else:
            pages = [getattr(ec2, method)(Filters=filters)]
        found[kind] = {
            item[id_]: {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
            for page in pages
            for item in page[items]
            if str(item.get("State", "")).lower() not in GONE
        }
    return found


def _load_balancer(resource: Planned, client: Client) -> str | None:
    answer = client("elbv2").describe_load_balancers(Names=[resource.values["name"]])
    return str(answer["LoadBalancers"][0]["LoadBalancerArn"])


def _target_group(resource: Planned, client: Client) -> str | None:
    answer = client("elbv2").describe_target_groups(Names=[resource.values["name"]])
    return str(answer["TargetGroups"][0]["TargetGroupArn"])


def _listener(resource: Planned, client: Client) -> str | None:
    load_balancer = resource.values.get("load_balancer_arn")
    if not load_balancer:
        return None
    listeners = client("elbv2").describe_listeners(LoadBalancerArn=load_balancer)["Listeners"]
    return next((str(listener["ListenerArn"]) for listener in listeners if listener["Port"] == resource.values["port"]), None)


def _web_acl(resource: Planned, client: Client) -> str | None:
    name, scope = resource.values["name"], resource.values["scope"]
    acls = client("wafv2").list_web_acls(Scope=scope)["WebACLs"]
    return next((f"{acl['Id']}/{name}/{scope}" for acl in acls if acl["Name"] == name), None)


def _security_group_rule(resource: Planned, client: Client) -> str | None:
    group = resource.values.get("security_group_id")
    if not group:
        return None
    wanted = {
        "IsEgress": resource.type == "aws_vpc_security_group_egress_rule",
        "IpProtocol": resource.values.get("ip_protocol"),
        "CidrIpv4": resource.values.get("cidr_ipv4"),
        "CidrIpv6": resource.values.get("cidr_ipv6"),
        "GroupId": resource.values.get("referenced_security_group_id"),
    }
    for rule in client("ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]:
        has = {**rule, "GroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId")}
        ports = wanted["IpProtocol"] == "-1" or (
            (rule.get("FromPort"), rule.get("ToPort")) == (resource.values.get("from_port"), resource.values.get("to_port"))
        )
        if ports and all(has.get(name) == value for name, value in wanted.items()):
            return str(rule["SecurityGroupRuleId"])
    return None


LOOKUPS: dict[str, Callable[[Planned, Client], str | None]] = {
    "aws_lb": _load_balancer,
    "aws_lb_listener": _listener,
    "aws_lb_target_group": _target_group,
    "aws_vpc_security_group_egress_rule": _security_group_rule,
    "aws_vpc_security_group_ingress_rule": _security_group_rule,
    "aws_wafv2_web_acl": _web_acl,
}
