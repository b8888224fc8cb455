#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ecs_logs
short_description: Read the newest log lines of an installation's tasks
version_added: 0.1.0
author:
  - The redash.ecs authors (@redash-ecs)
description:
  - Reads the newest lines of each container of each running task, from CloudWatch Logs; where none runs, of the task that stopped last.
options:
  name:
    description: Name of the installation.
    type: str
    required: true
  container:
    description: This container only.
    type: str
  lines:
    description: How many lines of each.
    type: int
    default: 50
  health_checks:
    description:
      - Whether lines are shown that only say that a health check went well, a dozen each minute.
      - Folded, each run of them is one line that tells how many they were, and O(lines) counts the others.
    type: bool
    default: true
extends_documentation_fragment:
  - redash.ecs.attributes.info
  - redash.ecs.attributes.aws
  - redash.ecs.options.cluster
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Read what the worker said last
  redash.ecs.redash_ecs_logs:
    cluster: redash-prod
    name: redash-prod
    container: worker
    region: ap-northeast-1
  register: said
"""

RETURN = r"""
streams:
  description: One entry for each container of each task.
  returned: success
  type: list
  elements: dict
  contains:
    task:
      description: ID of the task.
      type: str
    task_definition:
      description: Its task definition.
      type: str
    container:
      description: Name of the container.
      type: str
    running:
      description: Whether the task runs.
      type: bool
    lines:
      description: Its newest lines, oldest first.
      type: list
      elements: str
  sample:
    - task: 183964cb
      task_definition: redash-prod:7
      container: worker
      running: true
      lines: ["Worker started"]
"""

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import installation, logs
from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import health_lines
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
TASKS_PER_CALL = 100
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
LINES_PER_CALL = 10_000

SHOW = "-e health_checks=true shows them"


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """The newest lines, by task and container."""
    ecs, cluster, name = context.client("ecs"), params["cluster"], params["name"]
    services = installation.services(ecs, cluster, name)
    if not services:
        raise RedashError(Problem(f"no service {name} or {name}-... in cluster {cluster}", name, "Run site.yml first."))
    streams: list[dict[str, Any]] = []
    known: set[str] = set()
    for service in services:
        for task in _tasks(ecs, cluster, service["serviceName"]):
            definition = installation.task_definition(ecs, task["taskDefinitionArn"]) or {"containerDefinitions": []}
            for container in definition["containerDefinitions"]:
                known.add(container["name"])
                if params["container"] in (None, container["name"]):
                    streams.append(_stream(context.client("logs"), task, container, params["lines"], params["health_checks"]))
    if params["container"] is not None and known and params["container"] not in known:
        raise RedashError(Problem(f"no container {params['container']}", "container", f"There are {', '.join(sorted(known))}."))
    return {"changed": False, "streams": streams}


def _tasks(ecs: Any, cluster: str, service: str) -> list[dict[str, Any]]:
    """The running tasks of a service; where there are none, the one that stopped last."""
    with aws_errors(f"read the tasks of {service}"):
        for status in ("RUNNING", "STOPPED"):
            arns = ecs.list_tasks(cluster=cluster, serviceName=service, desiredStatus=status, maxResults=TASKS_PER_CALL)["taskArns"]
            if arns:
                found = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
                if status == "RUNNING":
                    return list(found)
                return [max(found, key=lambda task: task.get("stoppedAt") or task["createdAt"])] if found else []
    return []


def _stream(client: Any, task: dict[str, Any], container: dict[str, Any], count: int, health_checks: bool) -> dict[str, Any]:
    configuration = container.get("logConfiguration", {})
    options = configuration.get("options", {})
    identifier = task["taskArn"].rpartition("/")[2]
    lines = ["(this container's log driver is not awslogs)"]
    if configuration.get("logDriver") == "awslogs":
        stream = f"{options.get('awslogs-stream-prefix', '')}/{container['name']}/{identifier}"
        with aws_errors(f"read the log stream {stream}"):
            # Of two hundred lines of an idle worker, one says something.
            asked = count if health_checks else min(LINES_PER_CALL, count * 200)
            found = logs.last_lines(client, options["awslogs-group"], stream, asked)
            if found is None:
                lines = [f"({logs.absence(client, options['awslogs-group'], stream)})"]
            else:
                lines = found if health_checks else health_lines.newest(found, count, SHOW)
    return {
        "task": identifier,
        "task_definition": task["taskDefinitionArn"].rpartition("/")[2],
        "container": container["name"],
        "running": task["lastStatus"] != "STOPPED",
        "lines": lines,
    }


def main() -> None:
    run_aws_module(
        run,
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "container": {"type": "str"},
            "lines": {"type": "int", "default": 50},
            "health_checks": {"type": "bool", "default": True},
        },
    )


if __name__ == "__main__":
    main()
