# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWS is asked about the remains of a killed run; AWS itself is played by answers written down here."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform import remains

TAGS = {"Installation": "redash-prod", "Name": "redash-prod"}


class Client:
    """Answers by method name; an exception is raised."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def can_paginate(self, method: str) -> bool:
        return False

    def __getattr__(self, method: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.asked.append((method, parameters))
            answer = self.answers[method]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def plan(kind: str, **values: Any) -> dict[str, Any]:
    return {"resource_changes": [{"address": f"{kind}.this", "type": kind, "change": {"actions": ["create"], "after": values}}]}


def find(kind: str, client: Client, **values: Any) -> dict[str, str]:
    return remains.find(plan(kind, **values), {f"{kind}.this"}, lambda service: client)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said AWS"}}, "Describe")


def test_a_load_balancer_and_its_target_group_are_found_by_name() -> None:
    client = Client(
        describe_load_balancers={"LoadBalancers": [{"LoadBalancerArn": "arn:lb"}]},
        describe_target_groups={"TargetGroups": [{"TargetGroupArn": "arn:tg"}]},
    )
    assert find("aws_lb", client, name="redash-prod") == {"aws_lb.this": "arn:lb"}
    assert find("aws_lb_target_group", client, name="redash-prod-server") == {"aws_lb_target_group.this": "arn:tg"}
    assert client.asked == [
        ("describe_load_balancers", {"Names": ["redash-prod"]}),
        ("describe_target_groups", {"Names": ["redash-prod-server"]}),
    ]


def test_a_listener_is_found_by_its_port_once_its_load_balancer_is_known() -> None:
    client = Client(describe_listeners={"Listeners": [{"Port": 80, "ListenerArn": "arn:80"}, {"Port": 443, "ListenerArn": "arn:443"}]})
    assert find("aws_lb_listener", client, load_balancer_arn="arn:lb", port=443) == {"aws_lb_listener.this": "arn:443"}
    assert find("aws_lb_listener", client, port=443) == {}


def test_a_web_acl_is_found_by_name_and_scope() -> None:
    client = Client(list_web_acls={"WebACLs": [{"Name": "other", "Id": "1"}, {"Name": "redash-prod", "Id": "2"}]})
    assert find("aws_wafv2_web_acl", client, name="redash-prod", scope="REGIONAL") == {"aws_wafv2_web_acl.this": "2/redash-prod/REGIONAL"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"cidr_ipv4": "10.0.0.0/16", "ip_protocol": "tcp", "from_port": 80, "to_port": 80}, "sgr-http"),
        ({"cidr_ipv4": "10.0.0.0/16", "ip_protocol": "tcp", "from_port": 443, "to_port": 443}, None),
        ({"referenced_security_group_id": "sg-2", "ip_protocol": "tcp", "from_port": 5000, "to_port": 5000}, "sgr-group"),
    ],
)
def test_a_rule_is_found_by_all_that_it_says(values: dict[str, Any], expected: str | None) -> None:
    rules = [
        {"SecurityGroupRuleId": "sgr-out", "IsEgress": True, "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIpv4": "10.0.0.0/16"},
        {
            "SecurityGroupRuleId": "sgr-http",
            "IsEgress": False,
            "IpProtocol": "tcp",
            "FromPort": 80,
            "ToPort": 80,
            "CidrIpv4": "10.0.0.0/16",
        },
        {
            "SecurityGroupRuleId": "sgr-group",
            "IsEgress": False,
            "IpProtocol": "tcp",
            "FromPort": 5000,
            "ToPort": 5000,
            "ReferencedGroupInfo": {"GroupId": "sg-2"},
        },
    ]
    kind = "aws_vpc_security_group_ingress_rule"
    found = find(kind, Client(describe_security_group_rules={"SecurityGroupRules": rules}), security_group_id="sg-1", **values)
    assert found == ({f"{kind}.this": expected} if expected else {})


def test_all_traffic_out_has_no_ports() -> None:
    kind = "aws_vpc_security_group_egress_rule"
    rule = {"SecurityGroupRuleId": "sgr-all", "IsEgress": True, "IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": "0.0.0.0/0"}
    client = Client(describe_security_group_rules={"SecurityGroupRules": [rule]})
    assert find(kind, client, security_group_id="sg-1", ip_protocol="-1", cidr_ipv4="0.0.0.0/0") == {f"{kind}.this": "sgr-all"}


def test_a_nat_gateway_that_is_on_its_way_out_is_none() -> None:
    tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
    gateways = [{"NatGatewayId": "nat-1", "State": "deleted", "Tags": tags}, {"NatGatewayId": "nat-2", "State": "available", "Tags": tags}]
    client = Client(describe_nat_gateways={"NatGateways": gateways})
    assert find("aws_nat_gateway", client, tags_all=TAGS) == {"aws_nat_gateway.this": "nat-2"}
    assert client.asked == [("describe_nat_gateways", {"Filters": [{"Name": "tag:Name", "Values": ["redash-prod"]}]})]


def test_what_is_gone_when_it_is_looked_for_is_not_taken_over() -> None:
    assert find("aws_lb", Client(describe_load_balancers=refusal("LoadBalancerNotFound")), name="redash-prod") == {}


def test_not_being_allowed_to_look_is_said() -> None:
    with pytest.raises(RedashError, match="AWS refused to look for what a killed run left behind: AccessDenied"):
        find("aws_lb", Client(describe_load_balancers=refusal("AccessDenied")), name="redash-prod")
