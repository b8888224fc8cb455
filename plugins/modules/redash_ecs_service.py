#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ecs_service
short_description: Deploy an ECS service and see the deployment through
version_added: 0.1.0
description:
  - Creates or updates a service with ECS's rolling update. Every field that differs from what is asked for is named; options that are not
    given are left as they are, so that an O(desired_count) left out stays autoscaling's.
  - What ECS can't change in place is refused with what to do instead.
  - With nothing to change, nothing is written, and one or two calls to ECS are made.
  - With O(wait), succeeds when the primary deployment runs the task definition asked for, all its tasks run, and the load balancer's
    targets are healthy. Events, starts and stops of tasks with their reasons, and the targets' health are shown as they change.
  - A rollback by ECS's circuit breaker is a failure. A crash loop is recognised from the first tasks that stop for the same cause,
    before ECS gives up. Both fail with the first task's reason and the last lines of its log.
author:
  - The redash.ecs authors (@redash-ecs)
options:
  name:
    description: Name of the service.
    type: str
    required: true
  state:
    description: V(absent) scales the service to 0, waits for its tasks to stop, and deletes it.
    type: str
    choices: [present, absent]
    default: present
  task_definition:
    description: ARN, C(family:revision), or family (its newest revision). Required with O(state=present).
    type: str
  desired_count:
    description: How many tasks to run. Left out, an existing service keeps its number and a new one gets 1.
    type: int
  subnets:
    description: Subnets of the tasks.
    type: list
    elements: str
  security_groups:
    description: Security groups of the tasks.
    type: list
    elements: str
  assign_public_ip:
    description: Whether the tasks get public addresses.
    type: str
    choices: [ENABLED, DISABLED]
  load_balancers:
    description: Target groups that the tasks are registered with. An empty list removes them.
    type: list
    elements: dict
    suboptions:
      target_group_arn:
        description: ARN of the target group.
        type: str
        required: true
      container_name:
        description: The container that answers.
        type: str
        required: true
      container_port:
        description: The port it answers on.
        type: int
        required: true
  health_check_grace_period_seconds:
    description: Seconds for which failing health checks of a starting task are ignored.
    type: int
  deployment_configuration:
    description: How a deployment goes. What is left out stays as it is.
    type: dict
    suboptions:
      minimum_healthy_percent:
        description: Tasks that keep running during a deployment, in percent of the desired count, rounded up.
        type: int
      maximum_percent:
        description: Tasks that may run during a deployment, in percent of the desired count, rounded down.
        type: int
      deployment_circuit_breaker:
        description: Whether ECS gives a failing deployment up.
        type: dict
        aliases: [circuit_breaker]
        suboptions:
          enable:
            description: Whether it does.
            type: bool
            required: true
          rollback:
            description: Whether it then goes back to the last deployment that was completed.
            type: bool
            required: true
      alarms:
        description: CloudWatch alarms that fail a deployment.
        type: dict
        suboptions:
          alarm_names:
            description: Their names.
            type: list
            elements: str
            required: true
          enable:
            description: Whether they are heeded.
            type: bool
            default: true
          rollback:
            description: Whether ECS then goes back to the last deployment that was completed.
            type: bool
            default: true
  platform_version:
    description: Fargate's platform version, such as V(LATEST) or V(1.4.0).
    type: str
  launch_type:
    description: Where the tasks run. Excludes O(capacity_provider_strategy).
    type: str
    choices: [FARGATE, EC2]
  capacity_provider_strategy:
    description: Capacity providers that the tasks run on.
    type: list
    elements: dict
    suboptions:
      capacity_provider:
        description: Its name, such as V(FARGATE) or V(FARGATE_SPOT).
        type: str
        required: true
      weight:
        description: Its share of the tasks beyond all bases.
        type: int
        default: 0
      base:
        description: How many tasks it gets first.
        type: int
        default: 0
  enable_execute_command:
    description: Whether ECS Exec works in the tasks.
    type: bool
  enable_ecs_managed_tags:
    description: Whether ECS tags the tasks with the names of cluster and service.
    type: bool
  propagate_tags:
    description: Whose tags the tasks get.
    type: str
    choices: [TASK_DEFINITION, SERVICE, NONE]
  availability_zone_rebalancing:
    description: Whether ECS moves tasks when one zone has more than another.
    type: str
    choices: [ENABLED, DISABLED]
  tags:
    description: Tags of the service. Left out, they stay as they are.
    type: dict
  purge_tags:
    description: Whether tags that O(tags) does not hold are removed.
    type: bool
    default: true
  force_new_deployment:
    description: Replace the running tasks even if nothing else changes. Such a run always reports a change.
    type: bool
    default: false
  redeploy_after:
    description:
      - Seconds since the epoch. Running tasks whose deployment began before are replaced, even if nothing else changes.
      - Give when the newest of the containers' secrets was written (see M(redash.ecs.redash_ssm_secrets)). ECS hands a secret to
        a container when it starts and never again.
    type: float
  restart_failed_deployment:
    description:
      - Begin the newest deployment anew where ECS gave it up (C(rolloutState) C(FAILED)) and tasks of that task definition are to run.
      - ECS starts no more tasks of such a deployment, whatever is mended meanwhile.
    type: bool
    default: true
  wait:
    description: Whether to follow the deployment to its end. Without it, a deployment that fails later goes unseen.
    type: bool
    default: true
  timeout:
    description: Seconds that the deployment (or the deletion) may take.
    type: int
    default: 900
attributes:
  check_mode:
    support: full
    details: Names every difference, writes nothing, waits for nothing.
  diff_mode:
    support: full
    details: Shows the differing fields before and after.
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - redash.ecs.options.cluster
  - redash.ecs.options.stream
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Run Redash behind the load balancer
  redash.ecs.redash_ecs_service:
    cluster: redash-prod
    name: redash-prod
    task_definition: redash-prod
    desired_count: 1
    launch_type: FARGATE
    subnets: [subnet-0a1b2c3d, subnet-1a2b3c4d]
    security_groups: [sg-0a1b2c3d]
    assign_public_ip: DISABLED
    load_balancers:
      - target_group_arn: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/redash-prod/0123456789abcdef
        container_name: server
        container_port: 5000
    health_check_grace_period_seconds: 120
    deployment_configuration:
      minimum_healthy_percent: 100
      maximum_percent: 200
      deployment_circuit_breaker: {enable: true, rollback: true}

- name: Deploy another revision, leave everything else alone
  redash.ecs.redash_ecs_service:
    cluster: redash-prod
    name: redash-prod
    task_definition: redash-prod:42

- name: Delete the service
  redash.ecs.redash_ecs_service:
    cluster: redash-prod
    name: redash-prod
    state: absent
"""

RETURN = r"""
differences:
  description: One line for each field that differed, and so was (or would be) changed.
  returned: always
  type: list
  elements: str
  sample: ["taskDefinition: redash-prod:41 -> redash-prod:42"]
service:
  description: The service after the last look at it.
  returned: when it exists
  type: dict
  contains:
    arn: {description: Its ARN., type: str}
    name: {description: Its name., type: str}
    cluster_arn: {description: Its cluster's ARN., type: str}
    status: {description: ACTIVE or DRAINING., type: str}
    task_definition: {description: ARN of its task definition., type: str}
    desired_count: {description: Tasks wanted., type: int}
    running_count: {description: Tasks running., type: int}
    pending_count: {description: Tasks starting., type: int}
    deployment_id: {description: ID of its primary deployment., type: str}
    rollout_state: {description: COMPLETED or IN_PROGRESS or FAILED., type: str}
stopped:
  description: Why the first task of a failed deployment stopped.
  returned: when the deployment failed and a task had stopped
  type: dict
  contains:
    cause: {description: One word for programs., type: str}
    what: {description: One line for people., type: str}
    todo: {description: What to do about it., type: str}
    ran: {description: Whether anything of it ran., type: bool}
    retry: {description: Whether trying again may help., type: bool}
    task_arn: {description: The task's ARN., type: str}
    lines: {description: The last lines of its log., type: list, elements: str}
reported:
  description: The lines that a run with live output shows while it works.
  returned: when there is no live output
  type: list
  elements: str
"""

from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module
from ansible_collections.redash.ecs.plugins.module_utils.service import SPECIFICATION, run


def main() -> None:
    run_aws_module(run, **SPECIFICATION)


if __name__ == "__main__":
    main()
