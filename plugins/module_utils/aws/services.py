# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ECS services: describe, create, update, tag, delete. Each function is given its client."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code, problem_of
from ansible_collections.redash.ecs.plugins.module_utils.aws.logs import masked_lines
from ansible_collections.redash.ecs.plugins.module_utils.core.deployment import Target
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.service import revision, tag_list

with contextlib.suppress(ImportError):  # amazon.aws says so before any of this runs
    from botocore.exceptions import BotoCoreError, ClientError

# DescribeTasks takes a hundred.
BATCH = 100
# By so much may the record of a deployment be older than the deployment. More would find the one before it, which ours has stopped.
RECORD_MARGIN = timedelta(seconds=5)


class AlreadyExists(Exception):
    """Somebody else made the service between our look and our write."""


def describe(ecs: Any, cluster: str, name: str, *, cluster_may_lack: bool = False) -> dict[str, Any] | None:
    """The service with its tags; None when there is none (or only the remains of a deleted one).

    ``cluster_may_lack``: a cluster that does not exist has no services, and that is no error.
    """
    try:
        answer = ecs.describe_services(cluster=cluster, services=[name], include=["TAGS"])
    except (ClientError, BotoCoreError) as error:
        if cluster_may_lack and error_code(error) == "ClusterNotFoundException":
            return None
        raise RedashError(_problem(error, f"read service {name} in cluster {cluster}")) from error
    service = next(iter(answer["services"]), None)
    return None if service is None or service["status"] == "INACTIVE" else service


def full_task_definition(ecs: Any, task_definition: str) -> str | None:
    """The ARN of a task definition given as ARN, ``family:revision`` or ``family`` (its newest revision); None when there is none."""
    if task_definition.startswith("arn:"):
        return task_definition
    try:
        answer = ecs.describe_task_definition(taskDefinition=task_definition)
    except (ClientError, BotoCoreError) as error:
        if error_code(error) == "ClientException":
            return None
        raise RedashError(problem_of(error, f"read task definition {task_definition}")) from error
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def containers_in_use(ecs: Any, cluster: str, names: Iterable[str], families: Iterable[str]) -> list[dict[str, Any]]:
    """The container definitions that the services run, and those of the families' newest revisions.

    Those of a service have ``deployedAt``: since when (seconds since the epoch) they are deployed. What does not exist
    is left out: before the first set-up there is no cluster, service or family.
    """
    definitions: dict[str, float | None] = {}
    try:
        answer = ecs.describe_services(cluster=cluster, services=list(names))
        for service in answer["services"]:
            if service["status"] != "INACTIVE":
                primary = next((one for one in service.get("deployments") or [] if one["status"] == "PRIMARY"), None)
                definitions[service["taskDefinition"]] = primary["createdAt"].timestamp() if primary else None
    except (ClientError, BotoCoreError) as error:
        if error_code(error) != "ClusterNotFoundException":
            raise RedashError(problem_of(error, f"read the services of cluster {cluster}")) from error
    found: list[dict[str, Any]] = []
    for definition, deployed_at in [*definitions.items(), *((family, None) for family in families)]:
        try:
            containers = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["containerDefinitions"]
            found += [{**container, "deployedAt": deployed_at} for container in containers]
        except (ClientError, BotoCoreError) as error:
            if error_code(error) != "ClientException":
                raise RedashError(problem_of(error, f"read task definition {revision(definition)}")) from error
    return found


def create(ecs: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """CreateService; the service. Raises AlreadyExists when somebody was quicker."""
    try:
        return dict(ecs.create_service(**request)["service"])
    except (ClientError, BotoCoreError) as error:
        if "not idempotent" in str(error):
            raise AlreadyExists from None
        raise RedashError(_problem(error, f"create service {request['serviceName']}")) from error


def update(ecs: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateService; the service as it is from now on."""
    try:
        return dict(ecs.update_service(**request)["service"])
    except (ClientError, BotoCoreError) as error:
        raise RedashError(_problem(error, f"update service {request['service']}")) from error


# What ECS says in words that hide the cure.
REFUSALS = (
    (
        "does not have an associated load balancer",
        "The target group has no listener that leads to it: attach it to the load balancer first.",
    ),
    ("taskRoleArn", "ECS Exec needs a task role: give the task definition one, or set enable_execute_command to false."),
    ("incompatible with awsvpc network mode", "The target group must have the target type ip for Fargate."),
    ("does not exist in the task definition", "Name a container (and its port) of the task definition in load_balancers."),
    ("service-linked role", "Create it once per account: aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com"),
)


def _problem(error: Exception, doing: str) -> Problem:
    problem = problem_of(error, doing)
    code = error_code(error)
    if code == "ClusterNotFoundException":
        return Problem(problem.what, todo="Create the cluster first (site.yml does), or correct its name.")
    for words, todo in REFUSALS:
        if words in problem.what:
            return Problem(problem.what, todo=todo)
    if code == "AccessDeniedException" and "PassRole" in problem.what:
        return Problem(problem.what, todo="Allow iam:PassRole on the task's roles to the role or user that runs this playbook.")
    return problem


def change_tags(ecs: Any, arn: str, to_set: Mapping[str, str], to_remove: Iterable[str]) -> None:
    with aws_errors(f"change the tags of {arn}"):
        if to_set:
            ecs.tag_resource(resourceArn=arn, tags=tag_list(to_set))
        if to_remove:
            ecs.untag_resource(resourceArn=arn, tagKeys=sorted(to_remove))


def delete(ecs: Any, cluster: str, name: str) -> None:
    with aws_errors(f"delete service {name}"):
        ecs.delete_service(cluster=cluster, service=name)


def tasks(ecs: Any, cluster: str, name: str, known: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The service's tasks by ARN, running and stopped. Those of ``known`` that are stopped are not asked for again."""
    arns: list[str] = []
    with aws_errors(f"list the tasks of service {name}"):
        for desired_status in ("RUNNING", "STOPPED"):
            pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=name, desiredStatus=desired_status)
            arns += [arn for page in pages for arn in page["taskArns"]]
    stopped = {arn: task for arn, task in known.items() if task.get("lastStatus") == "STOPPED"}
    # A task that left the list is asked for once more: how it ended is the news.
    unknown = [arn for arn in dict.fromkeys([*arns, *known]) if arn not in stopped]
    found = dict(stopped)
    for start in range(0, len(unknown), BATCH):
        with aws_errors(f"read the tasks of service {name}"):
            answer = ecs.describe_tasks(cluster=cluster, tasks=unknown[start : start + BATCH])
        found.update({task["taskArn"]: task for task in answer["tasks"]})
    return found


def targets(elbv2: Any, target_group_arns: Iterable[str]) -> tuple[Target, ...]:
    """Health of all targets of the target groups. Those on their way out (draining) are left out."""
    found = []
    for arn in target_group_arns:
        with aws_errors(f"read the targets' health of {arn.rsplit(':', 1)[-1]}"):
            answer = elbv2.describe_target_health(TargetGroupArn=arn)
        for description in answer["TargetHealthDescriptions"]:
            health = description["TargetHealth"]
            if health["State"] == "draining":
                continue
            address = f"{description['Target']['Id']}:{description['Target'].get('Port', '')}"
            reason = ", ".join(text for text in (health.get("Reason"), health.get("Description")) if text)
            found.append(Target(address, health["State"], reason))
    return tuple(found)


def service_deployment_arn(ecs: Any, service: Mapping[str, Any], created_at: datetime) -> str | None:
    """The record (DescribeServiceDeployments) of the deployment that was created at ``created_at``.

    None when there is none: MiniStack keeps no such records, and a policy may not allow reading them.
    """
    try:
        answer = ecs.list_service_deployments(
            service=service["serviceName"], cluster=service["clusterArn"], createdAt={"after": created_at - RECORD_MARGIN}
        )
    except (ClientError, BotoCoreError):
        return None
    records = sorted(answer.get("serviceDeployments") or [], key=lambda record: record["createdAt"])
    return str(records[-1]["serviceDeploymentArn"]) if records else None


def service_deployment(ecs: Any, arn: str) -> dict[str, Any] | None:
    with aws_errors(f"read the deployment {arn.rsplit('/', 1)[-1]}"):
        records = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    return records[0] if records else None


def last_log_lines(ecs: Any, logs: Any, task: Mapping[str, Any], container: str | None, count: int) -> tuple[list[str], str]:
    """The last lines of the container that failed, secrets masked, and why they could not be read, empty where they were.

    A missing log must not hide why a task failed, so nothing is raised.
    """
    try:
        definition = ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
        for one in definition["containerDefinitions"]:
            options = (one.get("logConfiguration") or {}).get("options") or {}
            if container not in (None, one["name"]) or "awslogs-stream-prefix" not in options:
                continue
            task_id = task["taskArn"].rsplit("/", 1)[-1]
            answer = logs.get_log_events(
                logGroupName=options["awslogs-group"],
                logStreamName=f"{options['awslogs-stream-prefix']}/{one['name']}/{task_id}",
                startFromHead=False,
                limit=count,
            )
            if answer["events"]:
                return [f"{one['name']}: {line}" for line in masked_lines(answer["events"])], ""
    except (ClientError, BotoCoreError) as error:
        return [], problem_of(error, "read its log").what
    return [], ""


def name_of(service: Mapping[str, Any]) -> str:
    return f"service {service['serviceName']} ({revision(service['taskDefinition'])})"
