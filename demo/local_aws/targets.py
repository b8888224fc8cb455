# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A load balancer's health check of one target: one HTTP request, judged as an ALB judges it."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Seconds; an ALB waits up to two minutes, a local target answers at once or is busy starting.
LONGEST_WAIT = 5


def matches(code: int, matcher: str) -> bool:
    """Whether ``matcher`` allows an HTTP code: ``200``, ``200,302`` or ``200-399``."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= code <= int(high or low):
            return True
    return False


@dataclass(frozen=True)
class Answer:
    """What a target answered; ``reason`` and ``description`` in ELB's words when that is not healthy."""

    healthy: bool
    reason: str = ""
    description: str = ""


def probe(address: str, port: int, group: Mapping[str, Any]) -> Answer:
    """Ask a target for its health check's path. ``group`` is MiniStack's record of the target group."""
    wait = min(int(group.get("HealthCheckTimeoutSeconds") or LONGEST_WAIT), LONGEST_WAIT)
    matcher = group.get("Matcher") or {}
    codes = str((matcher.get("HttpCode") if isinstance(matcher, Mapping) else matcher) or group.get("MatcherHttpCode") or "200")
    connection = http.client.HTTPConnection(address, port, timeout=wait)
    try:
        connection.request("GET", group.get("HealthCheckPath") or "/", headers={"User-Agent": "ELB-HealthChecker/2.0"})
        code = connection.getresponse().status
    except TimeoutError:
        return Answer(False, "Target.Timeout", "Request timed out")
    except (OSError, http.client.HTTPException):
        return Answer(False, "Target.FailedHealthChecks", "Health checks failed")
    finally:
        connection.close()
    if matches(code, codes):
        return Answer(True)
    return Answer(False, "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{code}]")
