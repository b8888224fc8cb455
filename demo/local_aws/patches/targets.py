# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DescribeTargetHealth said "healthy" of every target without looking at one, and requests went to those that only start.

Seen with MiniStack 1.5.33.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import alb

from demo.local_aws.targets import probe

# (target group, address, port) -> when it was first asked after, and whether it was ever healthy.
_first_seen: dict[tuple[str, str, int], float] = {}
_was_healthy: set[tuple[str, str, int]] = set()


def apply() -> None:
    _health_is_looked_at()
    _requests_go_to_the_healthy()


def _requests_go_to_the_healthy() -> None:
    forward = alb._forward_to_tg

    async def forward_to_the_healthy(
        arn: str, method: str, path: str, headers: Any, body: Any, query: Any, raw_query: Any = None, raw_path: Any = None
    ) -> Any:
        group, targets = alb._tgs.get(arn), alb._targets.get(arn, [])
        if not group or group.get("TargetType") != "ip" or len(targets) < 2:
            return await forward(arn, method, path, headers, body, query, raw_query, raw_path)
        port = int(group.get("Port") or 80)
        answers = await asyncio.gather(
            *(asyncio.to_thread(probe, target["Id"], int(target.get("Port") or port), group) for target in targets)
        )
        # Where none is healthy, a load balancer asks them all:
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health.html
        healthy = [target for target, answer in zip(targets, answers, strict=True) if answer.healthy] or targets
        target = random.choice(healthy)  # noqa: S311  nothing secret
        return await alb._proxy_http_target(target, group, method, raw_path or path, headers, body, query, raw_query)

    alb._forward_to_tg = forward_to_the_healthy


def _health_is_looked_at() -> None:
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
