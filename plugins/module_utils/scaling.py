# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_ecs_scaling: the scalable targets and target tracking policies of ECS services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import services as ecs_services
from ansible_collections.redash.ecs.plugins.module_utils.aws.autoscaling import DIMENSION, NONE, NOT_OFFERED, resource_id
from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code, is_local_endpoint
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import scaling as core
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

ARGUMENT_SPEC: dict[str, Any] = {
    "cluster": {"type": "str", "required": True},
    "services": {"type": "dict", "required": True},
    "load_balancer_arn": {"type": "str"},
    "target_group_arn": {"type": "str"},
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring the autoscaling of each service to what is asked for.

    Returns ``changed``, ``differences`` (a line each) and ``diff``. What others made (policies by other names,
    what is suspended) stays, and so does a scalable target that holds some of theirs.
    """
    client, cluster = context.client("application-autoscaling"), params["cluster"]
    label = ""
    if any(settings and settings.get("requests_per_target") for settings in params["services"].values()):
        if not (params["load_balancer_arn"] and params["target_group_arn"]):
            raise RedashError(Problem("requests_per_target needs load_balancer_arn and target_group_arn", "redash_ecs_scaling"))
        label = core.resource_label(params["load_balancer_arn"], params["target_group_arn"])
    changes = _Changes(context)
    for service, settings in params["services"].items():
        now = _State(client, cluster, service, offered=not settings)
        if settings:
            _bring(client, context, now, settings, label, changes)
            if not now.scaling_is_suspended:
                _into_range(context, cluster, service, settings, changes)
        else:
            _remove(client, now, changes)
    return {"changed": bool(changes.lines), "differences": changes.lines, "diff": {"before": changes.before, "after": changes.after}}


class _Changes:
    """What differs, by service; whether it may be changed."""

    def __init__(self, context: Context) -> None:
        self.context, self.lines = context, list[str]()
        self.before: dict[str, dict[str, Any]] = {}
        self.after: dict[str, dict[str, Any]] = {}

    def add(self, service: str, field: str, before: Any, after: Any) -> bool:
        """Note one; True when it is to be made now."""
        self.before.setdefault(service, {})[field] = before
        self.after.setdefault(service, {})[field] = after
        line = f"{service}: {field} {before} -> {after}"
        self.lines.append(line)
        if not self.context.check_mode:
            self.context.report(f"changed {line}")
        return not self.context.check_mode


class _State:
    """The autoscaling that a service has. ``offered``: on an emulator without this service there simply is none."""

    def __init__(self, client: Any, cluster: str, service: str, *, offered: bool) -> None:
        self.service = service
        self.key = {"ServiceNamespace": "ecs", "ResourceId": resource_id(cluster, service), "ScalableDimension": DIMENSION}
        self.target: dict[str, Any] | None = None
        self.policies: dict[str, dict[str, Any]] = {}
        with aws_errors(f"read the autoscaling of {service}"):
            try:
                found = client.describe_scalable_targets(
                    ServiceNamespace="ecs", ResourceIds=[self.key["ResourceId"]], ScalableDimension=DIMENSION
                )["ScalableTargets"]
                if found:
                    self.target = found[0]
                    pages = client.get_paginator("describe_scaling_policies").paginate(**self.key)
                    self.policies = {policy["PolicyName"]: policy for page in pages for policy in page["ScalingPolicies"]}
            except client.exceptions.ClientError as error:
                if not (offered and is_local_endpoint(client.meta.endpoint_url) and error_code(error) in NOT_OFFERED):
                    raise

    @property
    def own_policies(self) -> set[str]:
        return {name for name in self.policies if name.startswith(core.POLICY_PREFIX)}

    @property
    def scaling_is_suspended(self) -> bool:
        return any({**NONE, **(self.target or {}).get("SuspendedState", {})}.values())


def _bring(client: Any, context: Context, now: _State, settings: Mapping[str, Any], label: str, changes: _Changes) -> None:
    limits = f"{settings['min']} to {settings['max']} tasks"
    before = f"{now.target['MinCapacity']} to {now.target['MaxCapacity']} tasks" if now.target else "none"
    if before != limits and changes.add(now.service, "limits", before, limits):
        # SuspendedState is not sent: what is suspended stays so.
        with aws_errors(f"set the limits of {now.service}"):
            client.register_scalable_target(**now.key, MinCapacity=settings["min"], MaxCapacity=settings["max"])
    wanted = core.policies(settings, label)
    for name, configuration in wanted.items():
        existing = now.policies.get(name, {}).get("TargetTrackingScalingPolicyConfiguration")
        if not _drifted(existing, configuration):
            continue
        if changes.add(now.service, name, _in_words(existing, configuration), _in_words(configuration, existing)):
            with aws_errors(f"set the policy {name} of {now.service}"):
                client.put_scaling_policy(
                    **now.key, PolicyName=name, PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=configuration
                )
    _delete_policies(client, now, now.own_policies - set(wanted), changes)


def _drifted(existing: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    # AWS may leave out what is false.
    return existing is None or any(existing.get(field, False) != value for field, value in wanted.items())


def _in_words(configuration: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> str:
    """A policy as its target; where the target is the same, as whatever differs."""
    if configuration is None:
        return "none"
    if other is None or configuration["TargetValue"] != other["TargetValue"]:
        return f"{configuration['TargetValue']:g}"
    fields = sorted(field for field in {*configuration, *other} if configuration.get(field, False) != other.get(field, False))
    return ", ".join(f"{field} {configuration.get(field)}" for field in fields)


def _into_range(context: Context, cluster: str, service: str, settings: Mapping[str, Any], changes: _Changes) -> None:
    """Autoscaling itself acts on alarms only, so a number outside the limits could stay for long."""
    ecs = context.client("ecs")
    found = ecs_services.describe(ecs, cluster, service, cluster_may_lack=context.check_mode)
    count = int((found or {}).get("desiredCount", settings["min"]))
    wanted = min(max(count, settings["min"]), settings["max"])
    if count != wanted and changes.add(service, "desired count", count, wanted):
        ecs_services.update(ecs, {"cluster": cluster, "service": service, "desiredCount": wanted})


def _remove(client: Any, now: _State, changes: _Changes) -> None:
    if now.target is None or not now.own_policies:
        return
    if set(now.policies) - now.own_policies:
        _delete_policies(client, now, now.own_policies, changes)
    elif changes.add(now.service, "limits", f"{now.target['MinCapacity']} to {now.target['MaxCapacity']} tasks", "none"):
        # Its policies and their alarms go with it.
        with aws_errors(f"end the autoscaling of {now.service}"):
            client.deregister_scalable_target(**now.key)


def _delete_policies(client: Any, now: _State, names: set[str], changes: _Changes) -> None:
    for name in sorted(names):
        configuration = now.policies[name].get("TargetTrackingScalingPolicyConfiguration")
        if changes.add(now.service, name, _in_words(configuration, None), "none"):
            with aws_errors(f"delete the policy {name} of {now.service}"):
                client.delete_scaling_policy(**now.key, PolicyName=name)
