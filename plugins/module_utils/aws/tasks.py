# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ECS calls around one task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, botocore_exceptions, error_code, problem_of
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

DESCRIBE_AT_ONCE = 100  # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html

THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException")


def is_throttled(error: BaseException) -> bool:
    return error_code(error) in THROTTLED


def was_throttled(answer: dict[str, Any]) -> bool:
    """Whether botocore had to try more than once for this answer: the API is near its limit."""
    return bool(answer.get("ResponseMetadata", {}).get("RetryAttempts"))


def task_id(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def check_cluster(ecs: Any, cluster: str) -> None:
    """Raise RedashError unless ``cluster`` exists and is active."""
    todo = "Check its name and the region, or run site.yml first."
    with aws_errors(f"read cluster {cluster}"):
        try:
            answer = ecs.describe_clusters(clusters=[cluster])
        except botocore_exceptions.ClientError as error:
            if error_code(error) == "ClusterNotFoundException":
                raise RedashError(Problem(f"there is no cluster {cluster}", "cluster", todo)) from error
            raise
    found = answer["clusters"]
    if not found:
        raise RedashError(Problem(f"there is no cluster {cluster}", "cluster", todo))
    if found[0].get("status") != "ACTIVE":
        raise RedashError(Problem(f"cluster {cluster} is {found[0].get('status')}", "cluster", todo))


def task_definition(ecs: Any, name: str) -> dict[str, Any]:
    """The task definition by family, family:revision or ARN. Raises RedashError when there is none."""
    with aws_errors(f"read task definition {name}"):
        try:
            found: dict[str, Any] = ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
        except botocore_exceptions.ClientError as error:
            if error_code(error) in ("ClientException", "InvalidParameterException"):
                problem = Problem(
                    f"there is no task definition {name}", "task_definition", "Check its name and the region, or run site.yml first."
                )
                raise RedashError(problem) from error
            raise
    if found.get("status") == "INACTIVE":
        raise RedashError(Problem(f"task definition {name} is inactive", "task_definition", "Name an active revision."))
    return found


def check_subnets(ec2: Any, subnets: Sequence[str]) -> None:
    """Raise RedashError when a subnet does not exist, or none of them has a free address.

    A convenience before starting: whoever may run tasks but not look at subnets is let through, ECS itself
    will tell.
    """
    try:
        found = ec2.describe_subnets(SubnetIds=list(subnets))["Subnets"]
    except botocore_exceptions.ClientError as error:
        if error_code(error) in ("InvalidSubnetID.NotFound", "InvalidSubnetId.Malformed", "InvalidSubnetID.Malformed"):
            raise RedashError(
                Problem(str(error.response["Error"].get("Message", "unknown subnet")), "subnets", "Correct the subnets.")
            ) from error
        return
    except botocore_exceptions.BotoCoreError:
        return
    if found and all(subnet.get("AvailableIpAddressCount") == 0 for subnet in found):
        raise RedashError(
            Problem(f"no free address is left in {', '.join(subnets)}", "subnets", "Free some, or use a larger or another subnet.")
        )


def network_of(ecs: Any, cluster: str, services: Sequence[str]) -> dict[str, Any] | None:
    """The awsvpcConfiguration of the first of these services that exists; None when none does."""
    with aws_errors(f"read the services of cluster {cluster}"):
        found = ecs.describe_services(cluster=cluster, services=list(services))["services"]
    by_name = {service["serviceName"]: service for service in found if service.get("status") == "ACTIVE"}
    networks = (by_name[name].get("networkConfiguration", {}).get("awsvpcConfiguration") for name in services if name in by_name)
    return next((dict(network) for network in networks if network), None)


def started_by(ecs: Any, cluster: str, name: str) -> list[str]:
    """ARNs of the tasks with this ``startedBy`` that are to run, as ListTasks lists without a status.

    ``startedBy`` must be the only filter: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
    A task that was started some seconds ago may be missing.
    """
    return _list(ecs, cluster, startedBy=name)


def to_stop(ecs: Any, cluster: str, name: str, family: str) -> list[dict[str, Any]]:
    """Tasks of ``family`` with this ``startedBy`` that are to stop or have stopped (kept for an hour).

    Since ``startedBy`` is no filter beside a status, each is described.
    """
    arns = _list(ecs, cluster, family=family, desiredStatus="STOPPED")
    return [task for task in describe(ecs, cluster, arns) if task.get("startedBy") == name]


def _list(ecs: Any, cluster: str, **filters: str) -> list[str]:
    with aws_errors(f"list the tasks of cluster {cluster}"):
        pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, **filters)
        return [arn for page in pages for arn in page["taskArns"]]


def describe(ecs: Any, cluster: str, arns: Iterable[str]) -> list[dict[str, Any]]:
    """Tasks by ARN, a hundred in a call. Those that ECS does not know (yet, or any more) are left out."""
    wanted = list(arns)
    found: list[dict[str, Any]] = []
    for start in range(0, len(wanted), DESCRIBE_AT_ONCE):
        with aws_errors(f"describe tasks of cluster {cluster}"):
            found += ecs.describe_tasks(cluster=cluster, tasks=wanted[start : start + DESCRIBE_AT_ONCE])["tasks"]
    return found


def run_task_problem(error: Exception, request: dict[str, Any], roles: Sequence[str]) -> Problem:
    """Why RunTask was refused, in one line."""
    message = str(getattr(error, "response", {}).get("Error", {}).get("Message", ""))
    if "PassRole" in message:
        return Problem(
            f"AWS refused to run the task: {message}", "", f"Allow iam:PassRole on {' and '.join(roles)} to whoever runs this playbook."
        )
    if error_code(error) == "ClusterNotFoundException":
        return Problem(f"there is no cluster {request['cluster']}", "cluster", "Check its name and the region, or run site.yml first.")
    return problem_of(error, "run the task")


def stop(ecs: Any, cluster: str, arn: str, reason: str) -> None:
    """Ask ECS to stop the task. Stopping one that has stopped is no error."""
    with aws_errors(f"stop task {task_id(arn)}"):
        ecs.stop_task(cluster=cluster, task=arn, reason=reason[:255])
