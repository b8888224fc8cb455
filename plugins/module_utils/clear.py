# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_ecs_clear: an ECS cluster without services and tasks, so that it can be deleted."""

from __future__ import annotations

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

ARGUMENT_SPEC: dict[str, Any] = {
    "cluster": {"type": "str", "required": True},
    "timeout": {"type": "int", "default": 600},
}
SPECIFICATION: dict[str, Any] = {"argument_spec": ARGUMENT_SPEC}

# Seconds between two looks.
INTERVAL = 3.0


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Delete every service of the cluster, stop every task, wait until none is left.

    Returns ``changed``, ``services`` and ``tasks`` (the ARNs that were there) and ``diff``. A cluster that does
    not exist is clear. Raises RedashError when tasks are left after ``timeout`` seconds.
    """
    cluster, ecs = params["cluster"], context.client("ecs")
    with aws_errors(f"clear the cluster {cluster}"):
        services = _arns(ecs, "list_services", "serviceArns", cluster)
        tasks = _arns(ecs, "list_tasks", "taskArns", cluster)
        if not context.check_mode:
            for service in services:
                context.report(f"deleting the service {_name(service)}")
                ecs.delete_service(cluster=cluster, service=service, force=True)
            _stop_tasks(ecs, cluster, params["timeout"], context)
    return {
        "changed": bool(services or tasks),
        "services": services,
        "tasks": tasks,
        "diff": {"before": "".join(f"{_name(arn)}\n" for arn in [*services, *tasks]), "after": ""},
    }


def _stop_tasks(ecs: Any, cluster: str, timeout: int, context: Context) -> None:
    deadline = context.clock.monotonic() + timeout
    asked: set[str] = set()
    while tasks := _arns(ecs, "list_tasks", "taskArns", cluster):
        # A service that is being deleted may have started one more since the last look.
        for task in tasks:
            if task not in asked:
                context.report(f"stopping the task {_name(task)}")
                ecs.stop_task(cluster=cluster, task=task, reason="redash destroy.yml")
                asked.add(task)
        if context.clock.monotonic() >= deadline:
            raise RedashError(
                Problem(
                    f"{len(tasks)} tasks still run {timeout} s after they were told to stop: {', '.join(map(_name, tasks))}",
                    cluster,
                    "Rerun.",
                )
            )
        context.clock.sleep(INTERVAL)


def _arns(ecs: Any, operation: str, key: str, cluster: str) -> list[str]:
    try:
        return [arn for page in ecs.get_paginator(operation).paginate(cluster=cluster) for arn in page[key]]
    except ecs.exceptions.ClientError as error:
        if error_code(error) == "ClusterNotFoundException":
            return []
        raise


def _name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
