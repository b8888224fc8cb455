# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one installation runs: its services, their task definitions, its task runner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
SERVICES_PER_CALL = 10

# What the official compose files call their services, whatever the release.
PARTS = {service.name for release in RELEASES.values() for service in release.services}


def services(ecs: Any, cluster: str, name: str) -> list[dict[str, Any]]:
    """The installation's services, described: ``<name>`` itself, or ``<name>-...`` of the split topology. Empty without the cluster."""
    with aws_errors(f"read the services of cluster {cluster}"):
        try:
            arns = [arn for page in ecs.get_paginator("list_services").paginate(cluster=cluster) for arn in page["serviceArns"]]
        except ecs.exceptions.ClientError as error:
            if error_code(error) == "ClusterNotFoundException":
                return []
            raise
        names = sorted(each for each in (arn.rpartition("/")[2] for arn in arns) if each == name or each.startswith(f"{name}-"))
        found = []
        for start in range(0, len(names), SERVICES_PER_CALL):
            found += ecs.describe_services(cluster=cluster, services=names[start : start + SERVICES_PER_CALL])["services"]
    return [service for service in found if service["status"] == "ACTIVE" and _is_part(ecs, service, name)]


def _is_part(ecs: Any, service: Mapping[str, Any], name: str) -> bool:
    """Whether a service is the installation's own: another one, ``<name>-staging``, may live in the same cluster.

    Of the split topology, each service has the name of its container.
    """
    part = service["serviceName"].removeprefix(f"{name}-")
    if service["serviceName"] == name or part in PARTS:
        return True
    definition = task_definition(ecs, service["taskDefinition"])
    return definition is not None and any(container["name"] == part for container in definition["containerDefinitions"])


def task_definition(ecs: Any, name: str) -> dict[str, Any] | None:
    """A task definition, by ARN, ``family:revision`` or family (its newest active revision); None where there is none."""
    with aws_errors(f"read task definition {name}"):
        try:
            return dict(ecs.describe_task_definition(taskDefinition=name)["taskDefinition"])
        except ecs.exceptions.ClientError as error:
            # ECS says ClientException: Unable to describe task definition.
            if error_code(error) in ("ClientException", "InvalidParameterException"):
                return None
            raise


def deregister(ecs: Any, arns: list[str]) -> None:
    """Make task definitions INACTIVE, so that their family means the revision before again. Done twice, it changes nothing."""
    for arn in arns:
        with aws_errors(f"deregister {arn}"):
            try:
                ecs.deregister_task_definition(taskDefinition=arn)
            except ecs.exceptions.ClientError as error:
                if error_code(error) not in ("ClientException", "InvalidParameterException"):
                    raise


def images(definition: Mapping[str, Any]) -> list[str]:
    return [str(container["image"]) for container in definition["containerDefinitions"]]


def secrets(definition: Mapping[str, Any]) -> dict[str, str]:
    """Environment variable -> parameter (ARN or name) of all containers."""
    return {
        str(secret["name"]): str(secret["valueFrom"])
        for container in definition["containerDefinitions"]
        for secret in container.get("secrets", [])
    }


def revisions(ecs: Any, family: str) -> list[str]:
    """ARNs of the active revisions of one family, newest first."""
    with aws_errors(f"list the revisions of {family}"):
        pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE", sort="DESC")
        # familyPrefix is the whole family's name despite its own; emulators take it at its word.
        return [arn for page in pages for arn in page["taskDefinitionArns"] if arn.rpartition("/")[2].rpartition(":")[0] == family]
