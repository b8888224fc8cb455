# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one installation runs: its services, their task definitions, its task runner."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES

with contextlib.suppress(ImportError):  # amazon.aws says so before any of this runs
    from botocore.exceptions import BotoCoreError, ClientError

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
SERVICES_PER_CALL = 10
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
SERVICE_REVISIONS_PER_CALL = 20

# What the official compose files call their services, whatever the release.
PARTS = {service.name for release in RELEASES.values() for service in release.services}


def services(ecs: Any, cluster: str, name: str, tags: bool = False) -> list[dict[str, Any]]:
    """The installation's services, described: ``<name>`` itself, or ``<name>-...`` of the split topology. Empty without the cluster.

    ``tags`` asks for those, too.
    """
    more = {"include": ["TAGS"]} if tags else {}
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
            found += ecs.describe_services(cluster=cluster, services=names[start : start + SERVICES_PER_CALL], **more)["services"]
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


def revision_before(ecs: Any, service: Mapping[str, Any], arn: str) -> str:
    """The newest active revision before ``arn`` that a deployment of ``service`` brought to its end; empty without any.

    A deployment that failed leaves its revision active, and going back must not meet that. Where ECS knows of none that ran (it keeps
    its records for 90 days), it is the newest one before.
    """
    family, _colon, present = arn.rpartition("/")[2].rpartition(":")
    before = [each for each in revisions(ecs, family) if int(each.rpartition(":")[2]) < int(present)]
    ran = deployed(ecs, service) if len(before) > 1 else set()
    return next((each for each in before if each in ran), before[0] if before else "")


def deployed(ecs: Any, service: Mapping[str, Any]) -> set[str]:
    """Task definitions that deployments of a service brought to its end, as far as ECS keeps records of them.

    Empty where it keeps none (MiniStack) or a policy does not allow reading them.
    """
    found: set[str] = set()
    try:
        targets: list[str] = []
        request = {"service": service["serviceName"], "cluster": service["clusterArn"], "status": ["SUCCESSFUL"]}
        while True:
            answer = ecs.list_service_deployments(**request)
            targets += [each["targetServiceRevisionArn"] for each in answer.get("serviceDeployments") or []]
            if not answer.get("nextToken"):
                break
            request["nextToken"] = answer["nextToken"]
        for start in range(0, len(targets), SERVICE_REVISIONS_PER_CALL):
            answer = ecs.describe_service_revisions(serviceRevisionArns=targets[start : start + SERVICE_REVISIONS_PER_CALL])
            found |= {each["taskDefinition"] for each in answer["serviceRevisions"]}
    except (ClientError, BotoCoreError):
        return set()
    return found


def newest_runner(ecs: Any, name: str, definitions: Collection[Mapping[str, Any]]) -> str:
    """The task runner's revision that belongs to the services' task definitions; empty without one of their image.

    That is the newest one of their image whose variables are theirs; where none has them (they were changed by hand), the newest of
    their image.
    """
    used = {image for definition in definitions for image in images(definition)}
    theirs = {variable for definition in definitions for variable in variables(definition)}
    of_image = ""
    for arn in revisions(ecs, f"{name}-task-runner"):
        runner = task_definition(ecs, arn)
        if runner and used & set(images(runner)):
            if variables(runner) <= theirs:
                return arn
            of_image = of_image or arn
    return of_image


def variables(definition: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Name and value of all variables of all containers; what is a secret is none of them."""
    return {
        (str(variable["name"]), str(variable["value"]))
        for container in definition["containerDefinitions"]
        for variable in container.get("environment", [])
    }
