# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DescribeTargetHealth said "healthy" of every target without looking at one. Seen with MiniStack 1.5.33."""

from __future__ import annotations

import time
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import alb

from demo.local_aws.targets import probe

# (target group, address, port) -> when it was first asked after, and whether it was ever healthy.
_first_seen: dict[tuple[str, str, int], float] = {}
_was_healthy: set[tuple[str, str, int]] = set()


def apply() -> None:
    describe = alb._describe_target_health

    def describe_what_answers(parameters: Any) -> Any:
        arn = alb._p(parameters, "TargetGroupArn")
        group = alb._tgs.get(arn)
        if not group or group.get("TargetType") != "ip":
            return describe(parameters)
        asked = {target["Id"] for target in alb._parse_targets_param(parameters)}
        members = "".join(
            _member(arn, group, target["Id"], int(target.get("Port") or group.get("Port") or 80))
            for target in alb._targets.get(arn, [])
            if not asked or target["Id"] in asked
        )
        return alb._xml(200, "DescribeTargetHealth", f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>")

    alb._ACTION_MAP["DescribeTargetHealth"] = describe_what_answers


def _member(arn: str, group: dict[str, Any], address: str, port: int) -> str:
    answer = probe(address, port, group)
    key = (arn, address, port)
    seen = _first_seen.setdefault(key, time.monotonic())
    if answer.healthy:
        _was_healthy.add(key)
        health = "<State>healthy</State>"
    else:
        patience = int(group.get("HealthCheckIntervalSeconds") or 30) * int(group.get("UnhealthyThresholdCount") or 2)
        if key not in _was_healthy and time.monotonic() - seen < patience:
            state, reason, words = "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"
        else:
            state, reason, words = "unhealthy", answer.reason, answer.description
        health = f"<State>{state}</State><Reason>{reason}</Reason><Description>{escape(words)}</Description>"
    target = f"<Target><Id>{escape(address)}</Id><Port>{port}</Port></Target>"
    return f"<member>{target}<HealthCheckPort>{port}</HealthCheckPort><TargetHealth>{health}</TargetHealth></member>"
