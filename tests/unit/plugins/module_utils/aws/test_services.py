# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ECS calls around services."""

from __future__ import annotations

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.services import targets


class LoadBalancer:
    """DescribeTargetHealth's answers, by target group."""

    def __init__(self, **groups: list[dict[str, Any]]) -> None:
        self.groups = groups

    def describe_target_health(self, *, TargetGroupArn: str) -> dict[str, Any]:
        return {"TargetHealthDescriptions": self.groups[TargetGroupArn]}


def target(address: str, state: str, **health: str) -> dict[str, Any]:
    return {"Target": {"Id": address, "Port": 5000}, "TargetHealth": {"State": state, **health}}


def test_a_target_on_its_way_out_is_no_target_of_the_service() -> None:
    """It answers still, but the load balancer sends it nothing new: counted, an old task would stand for a new one."""
    elbv2 = LoadBalancer(
        old=[target("10.0.0.1", "draining", Reason="Target.DeregistrationInProgress")],
        new=[target("10.0.0.2", "healthy"), target("10.0.0.3", "unhealthy", Reason="Target.Timeout", Description="Request timed out")],
    )
    found = targets(elbv2, ["old", "new"])
    assert [(each.address, each.state, each.reason) for each in found] == [
        ("10.0.0.2:5000", "healthy", ""),
        ("10.0.0.3:5000", "unhealthy", "Target.Timeout, Request timed out"),
    ]
    assert targets(elbv2, []) == ()
