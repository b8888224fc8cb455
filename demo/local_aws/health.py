# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Container health checks as ECS counts them: a start period that forgives, then so many failures in a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HEALTHY, UNHEALTHY, UNKNOWN = "HEALTHY", "UNHEALTHY", "UNKNOWN"


@dataclass(frozen=True)
class Check:
    """A container definition's healthCheck with ECS's defaults. Times are in seconds.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """

    command: tuple[str, ...]
    interval: int = 30
    timeout: int = 5
    retries: int = 3
    start_period: int = 0

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> Check | None:
        check = definition.get("healthCheck") or {}
        kind, *words = check.get("command") or ["NONE"]
        if kind == "NONE":
            return None
        command = ("/bin/sh", "-c", " ".join(words)) if kind == "CMD-SHELL" else tuple(words if kind == "CMD" else [kind, *words])
        return cls(
            command,
            int(check.get("interval") or cls.interval),
            int(check.get("timeout") or cls.timeout),
            int(check.get("retries") or cls.retries),
            int(check.get("startPeriod") or cls.start_period),
        )


@dataclass
class Health:
    """One container's health, from what its checks said so far."""

    check: Check
    status: str = UNKNOWN
    failures: int = 0

    def observe(self, succeeded: bool, age: float) -> str:
        """Take in one result; ``age`` is the container's, in seconds. Returns the status."""
        if succeeded:
            self.failures, self.status = 0, HEALTHY
        elif self.status != UNKNOWN or age > self.check.start_period:
            self.failures += 1
            if self.failures >= self.check.retries:
                self.status = UNHEALTHY
        return self.status


def of_task(containers: Iterable[tuple[bool, str | None]]) -> str:
    """A task's health from its containers': (essential, status), status None for one without a check."""
    checked = [status for essential, status in containers if essential and status is not None]
    if UNHEALTHY in checked:
        return UNHEALTHY
    return HEALTHY if checked and all(status == HEALTHY for status in checked) else UNKNOWN
