# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a task's time went, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

# Fargate bills from the start of the image pull to the end of the task, by the second, a minute at least.
# https://aws.amazon.com/fargate/pricing/
BILLED_AT_LEAST = 60.0


def phases(task: Mapping[str, Any], ran_for: float | None = None) -> dict[str, float | None]:
    """Seconds ``waited`` (until the pull), ``pulled`` and ``ran``; None for what never came.

    ``ran_for`` is what was measured here, used while ECS hasn't said yet when the execution stopped.
    """
    created, pull, pulled, started = (_time(task, name) for name in ("createdAt", "pullStartedAt", "pullStoppedAt", "startedAt"))
    stopped = _time(task, "executionStoppedAt") or _time(task, "stoppedAt")
    return {
        "waited": _between(created, pull or started or stopped),
        "pulled": _between(pull, pulled),
        "ran": _between(started, stopped) if stopped else (ran_for if started else None),
    }


def cost(task: Mapping[str, Any], ran_for: float | None = None) -> dict[str, float] | None:
    """vCPU-seconds and GB-seconds that Fargate bills; None where the task costs nothing by itself (EC2, never pulled).

    Up to the moment the command ended: the seconds that AWS takes to clear the task away are not known yet.
    """
    provider = str(task.get("capacityProviderName") or "")
    if task.get("launchType") != "FARGATE" and not provider.startswith("FARGATE"):
        return None
    pull = _time(task, "pullStartedAt")
    if pull is None:
        return None
    stopped = _time(task, "executionStoppedAt") or _time(task, "stoppedAt")
    started = _time(task, "startedAt")
    so_far = _between(pull, stopped) if stopped else (_between(pull, started) or 0.0) + (ran_for or 0.0)
    seconds = max(BILLED_AT_LEAST, so_far or 0.0)
    return {
        "vcpu_seconds": round(int(task.get("cpu") or 0) / 1024 * seconds, 1),
        "gb_seconds": round(int(task.get("memory") or 0) / 1024 * seconds, 1),
    }


def sentence(spent: Mapping[str, float | None], costs: Mapping[str, float] | None) -> str:
    """``waited 12.3 s, pulled 8.0 s, ran 2.1 s; cost 15 vCPU-seconds, 30 GB-seconds``."""
    text = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in spent.items() if seconds is not None)
    if costs:
        text += f"; cost {costs['vcpu_seconds']:g} vCPU-seconds, {costs['gb_seconds']:g} GB-seconds"
    return text


def _time(task: Mapping[str, Any], name: str) -> datetime | None:
    value = task.get(name)
    return value if isinstance(value, datetime) else None


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return round(max(0.0, (end - start).total_seconds()), 1) if start and end else None
