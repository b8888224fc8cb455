# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An ECS service: what is asked for against what is there, field by field, and the request that mends it.

Both sides are normalised first: sets sorted, defaults filled in, numbers as numbers. A field that was
not asked for (``None``) is left alone; that is how autoscaling keeps its ``desiredCount``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems

FARGATE_PROVIDERS = {"FARGATE", "FARGATE_SPOT"}

# Their change alone makes ECS replace the tasks. From the UpdateService reference:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
STARTS_DEPLOYMENT = ("taskDefinition", "networkConfiguration", "platformVersion", "loadBalancers")

# ECS takes these at once but only tasks that start later have them.
NEW_TASKS_ONLY = ("enableExecuteCommand", "enableECSManagedTags", "propagateTags")


@dataclass(frozen=True)
class Difference:
    """One drifted field. ``field`` is AWS's name with its path: ``deploymentConfiguration.maximumPercent``."""

    field: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if isinstance(self.before, list) and isinstance(self.after, list):
            removed = [f"-{_text(item)}" for item in self.before if item not in self.after]
            added = [f"+{_text(item)}" for item in self.after if item not in self.before]
            return f"{self.field}: {' '.join(removed + added)}"
        before, after = _text(self.before), _text(self.after)
        if self.field == "taskDefinition":
            before, after = revision(before), revision(after)
        return f"{self.field}: {before} -> {after}"


def _text(value: Any) -> str:
    if value is None or value == [] or value == {}:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_text(item)}" for name, item in value.items()) + ")"
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return str(value)


def revision(task_definition: str) -> str:
    """``family:revision`` of a task definition's ARN, for people."""
    return task_definition.rsplit("/", 1)[-1]


def wanted(params: Mapping[str, Any]) -> dict[str, Any]:
    """What the module's parameters ask for, in CreateService's words, normalised; only what was given.

    ``params["task_definition"]`` is a full ARN by now.
    """
    fields: dict[str, Any] = {
        "taskDefinition": params["task_definition"],
        "desiredCount": params["desired_count"],
        "launchType": params["launch_type"],
        "platformVersion": params["platform_version"],
        "healthCheckGracePeriodSeconds": params["health_check_grace_period_seconds"],
        "enableExecuteCommand": params["enable_execute_command"],
        "enableECSManagedTags": params["enable_ecs_managed_tags"],
        "propagateTags": params["propagate_tags"],
        "availabilityZoneRebalancing": params["availability_zone_rebalancing"],
    }
    network = {
        "subnets": _sorted(params["subnets"]),
        "securityGroups": _sorted(params["security_groups"]),
        "assignPublicIp": params["assign_public_ip"],
    }
    fields["networkConfiguration"] = _given(network) or None
    if params["capacity_provider_strategy"] is not None:
        fields["capacityProviderStrategy"] = _strategy(
            {"capacityProvider": item["capacity_provider"], "weight": item["weight"], "base": item["base"]}
            for item in params["capacity_provider_strategy"]
        )
    if params["load_balancers"] is not None:
        fields["loadBalancers"] = _load_balancers(
            {"targetGroupArn": item["target_group_arn"], "containerName": item["container_name"], "containerPort": item["container_port"]}
            for item in params["load_balancers"]
        )
    deployment = params["deployment_configuration"]
    if deployment is not None:
        alarms = deployment.get("alarms")
        fields["deploymentConfiguration"] = _given(
            {
                "minimumHealthyPercent": deployment.get("minimum_healthy_percent"),
                "maximumPercent": deployment.get("maximum_percent"),
                "deploymentCircuitBreaker": _given(deployment.get("deployment_circuit_breaker") or {}) or None,
                "alarms": alarms
                and {"alarmNames": sorted(alarms["alarm_names"]), "enable": alarms["enable"], "rollback": alarms["rollback"]},
            }
        )
    return _given(fields)


def current(service: Mapping[str, Any]) -> dict[str, Any]:
    """A service as DescribeServices shows it, normalised to compare with ``wanted``."""
    network = service.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    deployment = dict(service.get("deploymentConfiguration") or {})
    deployment.setdefault("minimumHealthyPercent", 100)
    deployment.setdefault("maximumPercent", 200)
    deployment["deploymentCircuitBreaker"] = {
        "enable": False,
        "rollback": False,
        **(deployment.get("deploymentCircuitBreaker") or {}),
    }
    alarms = deployment.get("alarms") or {}
    deployment["alarms"] = {"enable": False, "rollback": False, **alarms, "alarmNames": sorted(alarms.get("alarmNames", []))}
    return {
        "taskDefinition": service["taskDefinition"],
        "desiredCount": int(service.get("desiredCount", 0)),
        "launchType": service.get("launchType"),
        "capacityProviderStrategy": _strategy(service.get("capacityProviderStrategy") or []),
        "platformVersion": service.get("platformVersion") or "LATEST",
        "healthCheckGracePeriodSeconds": int(service.get("healthCheckGracePeriodSeconds") or 0),
        "enableExecuteCommand": bool(service.get("enableExecuteCommand", False)),
        "enableECSManagedTags": bool(service.get("enableECSManagedTags", False)),
        "propagateTags": service.get("propagateTags") or "NONE",
        "availabilityZoneRebalancing": service.get("availabilityZoneRebalancing") or "DISABLED",
        "networkConfiguration": {
            "subnets": _sorted(network.get("subnets") or []),
            "securityGroups": _sorted(network.get("securityGroups") or []),
            "assignPublicIp": network.get("assignPublicIp") or "DISABLED",
        },
        "loadBalancers": _load_balancers(service.get("loadBalancers") or []),
        "deploymentConfiguration": deployment,
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[Difference]:
    """Every field of ``after`` that ``before`` (normalised, too) holds differently. What ``after`` lacks is left alone."""
    found: list[Difference] = []
    for name, value in after.items():
        field = f"{path}.{name}" if path else name
        now = before.get(name)
        if isinstance(value, dict) and isinstance(now, dict):
            found += differences(now, value, field)
        elif value != now:
            found.append(Difference(field, now, value))
    return found


def check(params: Mapping[str, Any], existing: Mapping[str, Any] | None) -> None:
    """Refuse what ECS would refuse, or would take and then never finish. All problems at once.

    ``existing`` is the service as DescribeServices shows it, None when there is none.
    """
    problems = Problems()
    where = f"service {params['name']}"
    now = current(existing) if existing else {}
    if existing is None and params["launch_type"] == "FARGATE" and not params["subnets"]:
        problems.add("Fargate tasks need a network", where=where, todo="Give subnets.")
    asked = wanted(params)
    deployment = {**now.get("deploymentConfiguration", {}), **asked.get("deploymentConfiguration", {})}
    least, most = deployment.get("minimumHealthyPercent", 100), deployment.get("maximumPercent", 200)
    count = asked.get("desiredCount", now.get("desiredCount", 1))
    if asked.get("deploymentConfiguration") and count > 0 and math.floor(count * most / 100) <= math.ceil(count * least / 100):
        # ECS rounds the one up and the other down: with 1 task, 50 and 150 leave no room either.
        problems.add(
            f"with {count} task(s), minimumHealthyPercent {least} and maximumPercent {most} leave no room to replace one",
            where=where,
            todo="Lower the one to 0 or raise the other to 200.",
        )
    if existing:
        problems.found += _impossible(where, existing, now, asked)
    problems.raise_if_any()


def _impossible(where: str, existing: Mapping[str, Any], now: Mapping[str, Any], asked: Mapping[str, Any]) -> list[Problem]:
    """What UpdateService can't change in place."""
    anew = "Delete the service (state: absent) and rerun: there is no other way, and it is down in between."
    problems = []
    controller = (existing.get("deploymentController") or {}).get("type", "ECS")
    if controller != "ECS":
        problems.append(Problem(f"its deployments are made by {controller}, not by ECS's rolling update", where, anew))
    if existing.get("schedulingStrategy", "REPLICA") != "REPLICA":
        problems.append(Problem(f"its schedulingStrategy is {existing['schedulingStrategy']}, not REPLICA", where, anew))
    launch_type = asked.get("launchType")
    providers = {item["capacityProvider"] for item in now["capacityProviderStrategy"]}
    if launch_type and now["launchType"] and launch_type != now["launchType"]:
        problems.append(
            Problem(
                f"launchType can't change from {now['launchType']} to {launch_type} in place",
                where,
                f"Use a capacity_provider_strategy with {'FARGATE' if launch_type == 'FARGATE' else 'a provider of yours'}, or delete it.",
            )
        )
    elif launch_type and providers and (launch_type == "FARGATE") != (providers <= FARGATE_PROVIDERS):
        problems.append(
            Problem(f"it can't go from the capacity providers {', '.join(sorted(providers))} to launchType {launch_type}", where, anew)
        )
    if any(balancer.get("loadBalancerName") for balancer in existing.get("loadBalancers") or []) and "loadBalancers" in asked:
        problems.append(Problem("it uses a Classic Load Balancer, which can't be replaced in place", where, anew))
    return problems


def create_request(params: Mapping[str, Any]) -> dict[str, Any]:
    """The CreateService request."""
    fields = wanted(params)
    if "networkConfiguration" in fields:
        fields["networkConfiguration"] = {"awsvpcConfiguration": fields["networkConfiguration"]}
    fields.setdefault("desiredCount", 1)
    if params["tags"]:
        fields["tags"] = tag_list(params["tags"])
    return {"cluster": params["cluster"], "serviceName": params["name"], **fields}


def update_request(params: Mapping[str, Any], existing: Mapping[str, Any]) -> dict[str, Any] | None:
    """The UpdateService request that makes ``existing`` what is asked for; None when nothing differs."""
    now, asked = current(existing), wanted(params)
    if "launchType" in asked and not now["launchType"]:
        # "Pass an empty list to go back to the launch type." There is no launchType in UpdateService.
        asked["capacityProviderStrategy"] = []
    asked.pop("launchType", None)
    drifted = {difference.field.split(".")[0] for difference in differences(now, asked)}
    request = {name: asked[name] for name in asked if name in drifted}
    if "networkConfiguration" in request:
        request["networkConfiguration"] = {"awsvpcConfiguration": {**now["networkConfiguration"], **request["networkConfiguration"]}}
    if "deploymentConfiguration" in request:
        request["deploymentConfiguration"] = _merged(existing.get("deploymentConfiguration") or {}, request["deploymentConfiguration"])
    if params["force_new_deployment"] or "capacityProviderStrategy" in request:
        # Without it ECS would leave the running tasks on the old capacity.
        request["forceNewDeployment"] = True
    if not request:
        return None
    return {"cluster": params["cluster"], "service": params["name"], **request}


def is_outdated(redeploy_after: float | None, primary: Mapping[str, Any] | None) -> bool:
    """Whether the newest deployment began before ``redeploy_after`` (seconds since the epoch).

    ECS hands a secret to a container when it starts and never again, and a reference to a parameter does not
    change with its value: without this a new password would wait for the next deployment.
    """
    if redeploy_after is None or primary is None or "createdAt" not in primary:
        return False
    return bool(primary["createdAt"].timestamp() < redeploy_after)


def gave_up(params: Mapping[str, Any], existing: Mapping[str, Any], primary: Mapping[str, Any] | None) -> bool:
    """Whether the newest deployment is the one that is asked for, and ECS will never start a task of it again.

    "A deployment in the FAILED state doesn't launch any new tasks": once the circuit breaker gave up and had nothing to roll
    back to, neither a higher count nor a mended database brings it to life; only a new deployment does.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html (rolloutState)
    """
    asked = wanted(params)
    count = asked.get("desiredCount", int(existing.get("desiredCount", 0)))
    failed = primary is not None and primary.get("rolloutState") == "FAILED"
    return failed and count > 0 and asked["taskDefinition"] == existing["taskDefinition"]


def drift(params: Mapping[str, Any], existing: Mapping[str, Any]) -> list[Difference]:
    """Every field in which ``existing`` differs from what is asked for, tags included."""
    now, asked = current(existing), wanted(params)
    if "launchType" in asked and now["launchType"] is None and now["capacityProviderStrategy"]:
        asked["capacityProviderStrategy"] = []
    found = differences(now, asked)
    tags = tags_of(existing)
    to_set, to_remove = tag_changes(params, existing)
    found += [Difference(f"tags.{key}", tags.get(key), to_set.get(key)) for key in sorted([*to_set, *to_remove])]
    if params["force_new_deployment"]:
        found.append(Difference("forceNewDeployment", False, True))
    return found


def tags_of(service: Mapping[str, Any]) -> dict[str, str]:
    """A service's tags without AWS's own, which nobody can change."""
    return {tag["key"]: tag["value"] for tag in service.get("tags") or [] if not tag["key"].startswith("aws:")}


def tag_changes(params: Mapping[str, Any], existing: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """The tags to set and the keys to remove."""
    if params["tags"] is None:
        return {}, []
    now = tags_of(existing)
    asked = {str(key): str(value) for key, value in params["tags"].items()}
    to_set = {key: value for key, value in asked.items() if now.get(key) != value}
    return to_set, [key for key in now if key not in asked] if params["purge_tags"] else []


def tag_list(tags: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"key": str(key), "value": str(value)} for key, value in sorted(tags.items())]


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _sorted(items: Any) -> list[str] | None:
    return None if items is None else sorted(items)


def _strategy(items: Any) -> list[dict[str, Any]]:
    normalised = [
        {"capacityProvider": item["capacityProvider"], "weight": int(item.get("weight") or 0), "base": int(item.get("base") or 0)}
        for item in items
    ]
    return sorted(normalised, key=lambda item: item["capacityProvider"])


def _load_balancers(items: Any) -> list[dict[str, Any]]:
    normalised = [
        {"targetGroupArn": item["targetGroupArn"], "containerName": item["containerName"], "containerPort": int(item["containerPort"])}
        for item in items
        if item.get("targetGroupArn")
    ]
    return sorted(normalised, key=lambda item: (item["targetGroupArn"], item["containerName"], item["containerPort"]))


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for name, value in over.items():
        result[name] = _merged(result[name], value) if isinstance(value, dict) and isinstance(result.get(name), dict) else value
    return result
