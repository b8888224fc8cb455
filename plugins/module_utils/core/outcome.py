# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a task is, whether its command has ended, and whether it ended well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.stopped import Stopped, anything_ran, explain, reasons

# Containers that ECS stops because another one ended get SIGTERM, then SIGKILL; a well-behaved one exits 0.
_STOPPED_BY_ECS = (0, 137, 143)


def phase(task: Mapping[str, Any] | None) -> str:
    """What is happening, in words, while no command runs yet; ``running`` and ``stopped`` after."""
    status = (task or {}).get("lastStatus")
    match status:
        case "RUNNING":
            return "running"
        case "DEACTIVATING" | "STOPPING" | "DEPROVISIONING" | "STOPPED":
            return "stopped"
        case "PENDING" | "ACTIVATING":
            if (task or {}).get("pullStoppedAt"):
                return "starting"
            return "pulling the image" if (task or {}).get("pullStartedAt") else "preparing"
    return "provisioning"


def find(task: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    return next((container for container in task.get("containers") or [] if container.get("name") == name), None)


def exit_code(task: Mapping[str, Any], name: str) -> int | None:
    code = (find(task, name) or {}).get("exitCode")
    return None if code is None else int(code)


def ended(task: Mapping[str, Any], name: str) -> bool:
    """True as soon as nothing more is to come: the command's exit code is there, or the task has stopped without one.

    On Fargate the exit code shows while the task is DEPROVISIONING, 10 to 20 s before it is STOPPED.
    """
    return exit_code(task, name) is not None or task.get("lastStatus") == "STOPPED"


def dead_sidecars(task: Mapping[str, Any], name: str, essential: Sequence[str]) -> list[str]:
    """Essential containers other than ``name`` that have ended."""
    return [
        str(container["name"])
        for container in task.get("containers") or []
        if container.get("name") != name and container.get("name") in essential and container.get("exitCode") is not None
    ]


def judge(
    task: Mapping[str, Any],
    name: str,
    *,
    essential: Sequence[str] = (),
    died_first: Sequence[str] = (),
    lines: Sequence[str] = (),
) -> Stopped | None:
    """Why the task counts as failed; None when its command ended well.

    ``died_first`` are the essential sidecars that were seen to end while the command still ran. When all
    ended between two looks, a sidecar's exit code decides: what ECS's own stop does not explain was its death.
    """
    code = exit_code(task, name)
    if code is None:
        return explain(task, lines, name)
    culprits = list(died_first) or [
        sidecar
        for sidecar in dead_sidecars(task, name, essential)
        if exit_code(task, sidecar) not in _STOPPED_BY_ECS or "OutOfMemory" in str((find(task, sidecar) or {}).get("reason"))
    ]
    if culprits and (died_first or code == 0):
        what = ", ".join(f"{sidecar} exited with {exit_code(task, sidecar)}" for sidecar in culprits)
        reason = "; ".join(filter(None, (str((find(task, sidecar) or {}).get("reason") or "") for sidecar in culprits)))
        return Stopped(
            "sidecar",
            f"essential container {what}{f' ({reason})' if reason else ''}, so ECS stopped the task while {name} ran",
            anything_ran(task),
            False,
            f"Read the log of {culprits[0]}.",
        )
    if code != 0:
        return explain(task, lines, name)
    if task.get("stopCode") not in (None, "", "EssentialContainerExited"):
        # It exited 0 because it was told to end, not because it was done.
        return explain(task, lines, name)
    return None


def containers(task: Mapping[str, Any], essential: Sequence[str]) -> list[dict[str, Any]]:
    """The containers of a task as a result shows them."""
    return [
        {
            "name": container.get("name"),
            "image": container.get("image"),
            "essential": container.get("name") in essential,
            "last_status": container.get("lastStatus"),
            "exit_code": container.get("exitCode"),
            "reason": container.get("reason"),
        }
        for container in task.get("containers") or []
    ]


__all__ = ["containers", "dead_sidecars", "ended", "exit_code", "find", "judge", "phase", "reasons"]
