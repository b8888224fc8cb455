#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs in an ECS cluster, by service."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ecs_info
short_description: Read what an installation runs on ECS
version_added: 0.1.0
author:
  - The redash.ecs authors (@redash-ecs)
description:
  - Reads the services named, or all of an installation, and their deployments, with one DescribeServices call for each ten of them.
  - A cluster or service that does not exist is no error; it is missing from the result.
options:
  services:
    description: Names of the services to read. Either this or O(installation) is required.
    type: list
    elements: str
  installation:
    description: Name of an installation, whose active services are read, whatever its topology.
    type: str
  failures:
    description: Whether to say why the newest task failed of each service that runs fewer tasks than it should; reads its log.
    type: bool
    default: false
extends_documentation_fragment:
  - redash.ecs.attributes.info
  - redash.ecs.attributes.aws
  - redash.ecs.options.cluster
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Read the service of an installation
  redash.ecs.redash_ecs_info:
    cluster: redash-prod
    services: [redash-prod]
    region: ap-northeast-1
  register: running

- name: Read all services of an installation
  redash.ecs.redash_ecs_info:
    cluster: redash-prod
    installation: redash-prod
    region: ap-northeast-1
  register: installation
"""

RETURN = r"""
services:
  description: The services that exist and are not deleted, by name.
  returned: success
  type: dict
  contains:
    status:
      description: V(ACTIVE) or V(DRAINING).
      type: str
    task_definition:
      description: ARN of the task definition that the service runs.
      type: str
    desired_count:
      description: Tasks that should run.
      type: int
    running_count:
      description: Tasks that run.
      type: int
    pending_count:
      description: Tasks that are starting.
      type: int
    rollout_state:
      description: State of the newest deployment - V(COMPLETED), V(IN_PROGRESS) or V(FAILED).
      type: str
    events:
      description: The five newest messages of the service with their time, newest first.
      type: list
      elements: str
    failure:
      description: Why the newest of its tasks that failed did, in one line with what to do; empty where nothing is amiss.
      returned: with O(failures)
      type: str
    containers:
      description: The names of its containers.
      returned: with O(installation)
      type: list
      elements: str
    tasks_before_rotation:
      description: How many tasks it had when a rotation of the encryption key last stopped it; 0 where none did.
      returned: with O(installation)
      type: int
    has_scheduler:
      description: Whether a scheduler is among them.
      returned: with O(installation)
      type: bool
    images:
      description: The images of its containers.
      returned: with O(installation)
      type: list
      elements: str
  sample:
    redash-prod:
      status: ACTIVE
      task_definition: arn:aws:ecs:ap-northeast-1:123456789012:task-definition/redash-prod:7
      desired_count: 1
      running_count: 1
      pending_count: 0
      rollout_state: COMPLETED
      events: ["2026-11-23 00:31 UTC  (service redash-prod) has reached a steady state."]
"""

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils import failures
from ansible_collections.redash.ecs.plugins.module_utils.aws import installation
from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release_record import time_of
from ansible_collections.redash.ecs.plugins.module_utils.core.topology import has_scheduler
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
SERVICES_PER_CALL = 10


# On a service whose tasks were stopped for a rotation: how many it had. It outlives a run that is killed meanwhile.
TASKS_BEFORE = "redash:tasks-before-rotation"


def _tasks_before(service: dict[str, Any]) -> int:
    value = next((tag["value"] for tag in service.get("tags") or [] if tag["key"] == TASKS_BEFORE), "")
    return int(value) if value.isdecimal() else 0


def _described(service: dict[str, Any]) -> dict[str, Any]:
    primary: dict[str, Any] = next((each for each in service.get("deployments", []) if each.get("status") == "PRIMARY"), {})
    return {
        "status": service["status"],
        "task_definition": service["taskDefinition"],
        "desired_count": service["desiredCount"],
        "running_count": service["runningCount"],
        "pending_count": service["pendingCount"],
        "rollout_state": primary.get("rolloutState", ""),
        "events": [f"{time_of(event['createdAt'].timestamp())}  {event['message']}" for event in service.get("events", [])[:5]],
    }


def _of_installation(ecs: Any, cluster: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for service in installation.services(ecs, cluster, name, tags=True):
        definition = installation.task_definition(ecs, service["taskDefinition"]) or {"containerDefinitions": []}
        found[service["serviceName"]] = {
            **_described(service),
            "tasks_before_rotation": _tasks_before(service),
            "containers": [container["name"] for container in definition["containerDefinitions"]],
            "has_scheduler": has_scheduler(definition),
            "images": sorted(set(installation.images(definition))),
        }
    return found


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Describe the services; ``services`` maps the name of each that exists to what it runs."""
    ecs = context.client("ecs")
    found = _of_installation(ecs, params["cluster"], params["installation"]) if params["installation"] else _named(ecs, params)
    if params.get("failures"):
        for name, service in found.items():
            service["failure"] = ""
            if service["running_count"] < service["desired_count"]:
                try:
                    service["failure"] = failures.newest(ecs, context.client("logs"), params["cluster"], name)
                except RedashError as error:  # what is known of the service is told all the same
                    service["failure"] = f"why tasks are missing is not known: {error}"
    return {"changed": False, "services": found}


def _named(ecs: Any, params: dict[str, Any]) -> dict[str, Any]:
    names: list[str] = params["services"]
    found: dict[str, Any] = {}
    with aws_errors(f"read the services of cluster {params['cluster']}"):
        for start in range(0, len(names), SERVICES_PER_CALL):
            try:
                answer = ecs.describe_services(cluster=params["cluster"], services=names[start : start + SERVICES_PER_CALL])
            except ecs.exceptions.ClientError as error:
                if error_code(error) == "ClusterNotFoundException":
                    break
                raise
            for service in answer["services"]:
                # A deleted service stays visible as INACTIVE for a while.
                if service["status"] != "INACTIVE":
                    found[service["serviceName"]] = _described(service)
    return found


def main() -> None:
    run_aws_module(
        run,
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "services": {"type": "list", "elements": "str"},
            "installation": {"type": "str"},
            "failures": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("services", "installation")],
        required_one_of=[("services", "installation")],
    )


if __name__ == "__main__":
    main()
