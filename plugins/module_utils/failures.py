# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a task of a service failed, with its log: for the service's deployment and for the status alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import services
from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors
from ansible_collections.redash.ecs.plugins.module_utils.aws.tasks import DESCRIBE_AT_ONCE
from ansible_collections.redash.ecs.plugins.module_utils.core.deployment import is_failure, task_id
from ansible_collections.redash.ecs.plugins.module_utils.core.last_words import LAST
from ansible_collections.redash.ecs.plugins.module_utils.core.stopped import Stopped, explain


@dataclass(frozen=True)
class Failure:
    """``lines`` are the log's last, each behind its container's name; ``unread`` why they could not be read, empty where they were."""

    why: Stopped
    lines: list[str]
    unread: str


def of_task(ecs: Any, logs: Any, task: Mapping[str, Any]) -> Failure:
    """Why a stopped task (one of DescribeTasks' answers) failed."""
    guilty = next((one["name"] for one in task.get("containers") or [] if one.get("exitCode")), None)
    lines, unread = services.last_log_lines(ecs, logs, task, guilty, LAST)
    return Failure(explain(task, [line.split(": ", 1)[1] for line in lines], guilty), lines, unread)


def newest(ecs: Any, logs: Any, cluster: str, service: str) -> str:
    """What the task of a service that failed last says, in one line; empty where none failed within the hour that ECS remembers."""
    with aws_errors(f"read the stopped tasks of {service}"):
        arns = ecs.list_tasks(cluster=cluster, serviceName=service, desiredStatus="STOPPED", maxResults=DESCRIBE_AT_ONCE)["taskArns"]
        tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    failed = [task for task in tasks if is_failure(task)]
    if not failed:
        return ""
    task = max(failed, key=lambda one: one.get("stoppedAt") or one["createdAt"])
    failure = of_task(ecs, logs, task)
    unread = f" ({failure.unread})" if failure.unread and failure.why.ran else ""
    return f"task {task_id(task['taskArn'])} failed: {failure.why.what.rstrip('.')}{unread}. {failure.why.todo}"
