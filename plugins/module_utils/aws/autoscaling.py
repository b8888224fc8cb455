# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Application Auto Scaling of ECS services: what is suspended, suspending it, putting it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code, is_local_endpoint

DIMENSION = "ecs:service:DesiredCount"
ALL = {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": True, "ScheduledScalingSuspended": True}
NONE = dict.fromkeys(ALL, False)

# What an emulator without this service answers.
NOT_OFFERED = ("400", "404", "501", "InvalidAction", "UnknownOperationException")


def resource_id(cluster: str, service: str) -> str:
    """What Application Auto Scaling calls a service of ECS; ``cluster`` is a name or an ARN."""
    return f"service/{cluster.rpartition('/')[2]}/{service}"


def suspended(client: Any, cluster: str, services: Iterable[str]) -> dict[str, dict[str, bool]]:
    """By service, what of its autoscaling is suspended. Services without autoscaling are left out."""
    resources = {resource_id(cluster, service): service for service in services}
    if not resources:
        return {}
    found: dict[str, dict[str, bool]] = {}
    with aws_errors("read the autoscaling of the services"):
        try:
            pages = client.get_paginator("describe_scalable_targets").paginate(
                ServiceNamespace="ecs", ResourceIds=sorted(resources), ScalableDimension=DIMENSION
            )
            for page in pages:
                for target in page["ScalableTargets"]:
                    found[resources[target["ResourceId"]]] = {**NONE, **target.get("SuspendedState", {})}
        except client.exceptions.ClientError as error:
            if not (is_local_endpoint(client.meta.endpoint_url) and error_code(error) in NOT_OFFERED):
                raise
    return found


def suspend(client: Any, cluster: str, states: Mapping[str, Mapping[str, bool]]) -> None:
    """Set what is suspended, service by service. The rest of a scalable target (minimum, maximum, role) stays."""
    for service, state in states.items():
        with aws_errors(f"set the autoscaling of {service}"):
            client.register_scalable_target(
                ServiceNamespace="ecs",
                ResourceId=resource_id(cluster, service),
                ScalableDimension=DIMENSION,
                SuspendedState={**NONE, **state},
            )
