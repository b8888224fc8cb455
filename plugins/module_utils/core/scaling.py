# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ``redash_autoscaling`` asks for: checked, and as Application Auto Scaling's own requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems

# By our key, AWS's name of the metric that a target is kept at.
METRICS = {
    "cpu_percent": "ECSServiceAverageCPUUtilization",
    "memory_percent": "ECSServiceAverageMemoryUtilization",
    "requests_per_target": "ALBRequestCountPerTarget",
}
KEYS = ("min", "max", *METRICS)

# Ours begin so; a policy by another name is somebody else's and stays.
POLICY_PREFIX = "redash-"

# Seconds. More tasks are wanted soon; a task that goes takes what it is doing with it, so fewer only after a while.
SCALE_OUT_COOLDOWN = 60
SCALE_IN_COOLDOWN = 300


def problems(autoscaling: Any, topology: str, services: Sequence[Mapping[str, Any]] | None = None) -> list[Problem]:
    """Everything that is wrong with ``redash_autoscaling``.

    ``services`` is what rendering told of each service (``name``, ``family``, ``has_scheduler``, ``load_balancer``, ...)
    once it is known, with ``containers`` naming it; without it, the names themselves are not looked at.
    """
    found = Problems()
    if not isinstance(autoscaling, Mapping):
        return [Problem(f"{autoscaling!r} is no dictionary", "redash_autoscaling", "Give min, max and a target by service.")]
    if autoscaling and topology != "split":
        return [
            Problem(
                "the topology consolidated can't scale: its one task holds the scheduler, which must be exactly one",
                "redash_autoscaling",
                "Set redash_topology: split, or leave redash_autoscaling out.",
            )
        ]
    known = None if services is None else {str(service["containers"][0]): service for service in services}
    for name, given in autoscaling.items():
        where = f"redash_autoscaling.{name}"
        if known is not None and name not in known:
            found.add(f"{name} is not a service", where=where, todo=f"Services: {', '.join(known)}.")
            continue
        if name == "scheduler" or (known is not None and known[name]["has_scheduler"]):
            found.add("there must be exactly one scheduler; two would queue everything twice", where=where, todo="Leave it out.")
            continue
        if not isinstance(given, Mapping):
            found.add(f"{given!r} is no dictionary", where=where, todo="Give min, max and a target.")
            continue
        _check_settings(given, where, found)
        if known is not None and "requests_per_target" in given and not known[name]["load_balancer"]:
            found.add("no load balancer sends it requests", where=f"{where}.requests_per_target", todo="Use cpu_percent.")
    return found.found


def _check_settings(given: Mapping[str, Any], where: str, found: Problems) -> None:
    for key in given:
        if key not in KEYS:
            found.add(f"{key} is not a setting of autoscaling", where=where, todo=f"Settings: {', '.join(KEYS)}.")
    fewest, most = given.get("min"), given.get("max")
    for key, value in (("min", fewest), ("max", most)):
        if not _is_whole(value) or value < 1:
            found.add(f"{value!r} is not a number of tasks from 1 on", where=f"{where}.{key}")
    if _is_whole(fewest) and _is_whole(most) and most < fewest:
        found.add(f"max {most} is less than min {fewest}", where=where)
    if not any(key in given for key in METRICS):
        found.add("nothing says when to scale", where=where, todo=f"Give one or more of {', '.join(METRICS)}.")
    for key in METRICS:
        if key not in given:
            continue
        if not _is_whole(given[key]) or given[key] < 1:
            found.add(f"{given[key]!r} is not a whole number from 1 on", where=f"{where}.{key}")
        elif key.endswith("_percent") and given[key] > 100:
            found.add(f"{given[key]} is more than 100 percent", where=f"{where}.{key}")


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def by_family(autoscaling: Mapping[str, Any], services: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """By the name of each ECS service what is wanted of its autoscaling; an empty dictionary for none."""
    return {str(service["family"]): dict(autoscaling.get(service["containers"][0], {})) for service in services}


def resource_label(load_balancer_arn: str, target_group_arn: str) -> str:
    """What names a target group to ALBRequestCountPerTarget: ``app/<name>/<id>/targetgroup/<name>/<id>``."""
    return f"{load_balancer_arn.partition(':loadbalancer/')[2]}/{target_group_arn.rpartition(':')[2]}"


def policies(settings: Mapping[str, Any], label: str) -> dict[str, dict[str, Any]]:
    """By name, the TargetTrackingScalingPolicyConfiguration of each policy that ``settings`` asks for.

    Several of them on one service: AWS scales out when one wants it, in when all do.
    """
    wanted: dict[str, dict[str, Any]] = {}
    for key, metric in METRICS.items():
        if settings.get(key) is None:
            continue
        specification = {"PredefinedMetricType": metric}
        if key == "requests_per_target":
            specification["ResourceLabel"] = label
        wanted[f"{POLICY_PREFIX}{key}"] = {
            "TargetValue": float(settings[key]),
            "PredefinedMetricSpecification": specification,
            "ScaleOutCooldown": SCALE_OUT_COOLDOWN,
            "ScaleInCooldown": SCALE_IN_COOLDOWN,
            "DisableScaleIn": False,
        }
    return wanted
