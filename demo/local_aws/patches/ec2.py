# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""EC2, where MiniStack 1.5.33 differs from AWS (services/ec2.py).

- A rule for every protocol (-1) has no ports, but MiniStack compares them: RevokeSecurityGroupEgress with
  the ports 0 to 0, as Terraform sends it, leaves a new group's default rule in place. The rule that
  Terraform makes afterwards is then taken for that one, and its description and tags are lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import ec2

Rule = dict[str, Any]


def apply() -> None:
    ec2._rules_match = _without_ports_for_every_protocol(ec2._rules_match)


def _without_ports_for_every_protocol(match: Callable[[Rule, Rule], bool]) -> Callable[[Rule, Rule], bool]:
    def rules_match(one: Rule, other: Rule) -> bool:
        return match(_portless(one), _portless(other))

    return rules_match


def _portless(rule: Rule) -> Rule:
    if str(rule.get("IpProtocol")) != "-1":
        return rule
    return {key: value for key, value in rule.items() if key not in ("FromPort", "ToPort", "SecurityGroupRuleId")}
