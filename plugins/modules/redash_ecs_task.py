#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: redash_ecs_task
short_description: Run one command as an ECS task and follow it to its end
version_added: 0.1.0
description:
  - Runs a command in a task of its own, shows its log lines while it runs, and fails if the command failed.
  - O(cmd) and O(cmds) know Redash's management commands. O(command) runs anything.
  - The same work is never started twice. A task that does it already is followed instead, so a relaunched job
    attaches to the task of the job before.
  - A start is tried again only when no process ran, and only for causes that pass by themselves.
options:
  task_definition:
    description: Family, C(family:revision) or ARN. A family stands for its newest active revision.
    type: str
    required: true
  container:
    description:
      - The container that gets the command. Its exit code is RV(rc).
      - The default is the only container, or C(task-runner) when there are several.
    type: str
  cmd:
    description:
      - A Redash management command, for instance V(groups list), as a string or a list of words.
      - A string is split as a shell would, and nothing in it is expanded. The words reach Redash unchanged.
      - Command names that differ between releases (C(send_test_mail), C(send-test-mail)) work either way.
      - Commands that would ask something are refused, as nobody could answer.
      - C($NAME) as a word, or inside a data source's JSON options, stands for a secret that the container
        carries. The value is put in inside the container, so it is neither in the task's overrides nor in a
        process list. Passwords in plain text are refused.
    type: raw
  cmds:
    description:
      - Several such commands, run one after the other in one task, with one start.
      - Each has its own entry in RV(results).
    type: list
    elements: raw
  command:
    description: Any command as a list of words. It replaces the C(command) of the container; the image's entry point stays.
    type: list
    elements: str
  keep_going:
    description: With O(cmds), whether to go on after a command that failed. The task fails either way.
    type: bool
    default: false
  redash_version:
    description: The release, for its command names. By default the image's tag tells.
    type: str
  secrets:
    description:
      - Names for secrets, for use in a command as C($NAME). The value is the name of an environment
        variable that the task definition carries as a secret.
      - Every secret that the container carries can be used by its own name without being listed here.
    type: dict
  subnets:
    description: Subnets of the task; needed with network mode C(awsvpc), so always on Fargate.
    type: list
    elements: str
    default: []
  security_groups:
    description: Security groups of the task.
    type: list
    elements: str
    default: []
  assign_public_ip:
    description: Whether the task gets a public address; with O(subnets), V(DISABLED) is the default.
    type: str
    choices: [ENABLED, DISABLED]
  network_from:
    description:
      - Names of services in the same cluster. Without O(subnets), the task runs in the network of the first of
        them that exists.
    type: list
    elements: str
    default: []
  launch_type:
    description: Where the task runs. The default is V(FARGATE), unless O(capacity_provider_strategy) says otherwise.
    type: str
    choices: [FARGATE, EC2, EXTERNAL]
  capacity_provider_strategy:
    description: Capacity providers instead of a launch type.
    type: list
    elements: dict
    suboptions:
      capacity_provider:
        description: Name of the provider, for instance C(FARGATE_SPOT).
        type: str
        required: true
      weight:
        description: Its share.
        type: int
      base:
        description: How many tasks it takes before shares count.
        type: int
  platform_version:
    description: Fargate platform version, C(LATEST) by default.
    type: str
  enable_execute_command:
    description: Whether ECS Exec may be used on the task.
    type: bool
    default: false
  propagate_tags:
    description: Whether the task gets the tags of its task definition.
    type: str
    choices: [TASK_DEFINITION, NONE]
  tags:
    description: Tags of the task.
    type: dict
    aliases: [resource_tags]
  timeout:
    description: Seconds after which the task counts as hanging. What then happens is up to O(on_interrupt).
    type: int
    default: 3600
  on_interrupt:
    description:
      - Whether the task is stopped or left running on Ctrl-C, a cancelled job, or the time-out.
      - A task that another run started, and this one only attached to, is never stopped.
    type: str
    choices: [stop, leave]
    default: stop
  retries:
    description: How often a start is tried again when no process ran and the cause passes by itself.
    type: int
    default: 3
  lock:
    description:
      - Work of the same task definition family with the same lock never runs at the same time.
      - The same command attaches to the task that holds the lock. Any other is refused.
      - Commands of C(db) and C(database) that change something take the lock V(database) by themselves.
    type: str
  job_id:
    description:
      - Makes the work different from the same command of another job.
      - Leave it empty (also in AWX, where a relaunched job has a new number) to attach to a task that runs
        the same command already. It has no meaning with O(lock).
    type: str
  show_lines:
    description:
      - Whether the command's lines are among what is shown, besides its phases and its account.
      - The result holds them either way, and of a command that failed the last ones are shown.
    type: bool
    default: true
  wait:
    description: Whether to wait for the end. Without, only the start can fail.
    type: bool
    default: true
  log_lines_max:
    description: How many lines the result holds at most, the last ones. All lines are shown, and are in the log stream.
    type: int
    default: 10000
  failure_details:
    description:
      - Whether a failure returns everything that a success does. Ansible prints a failure's result whole; where the lines were shown
        live and the message says why, V(false) leaves the task's ARN and the exit code beside the message.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    details: Checks everything that can be checked without a task, and says what would run.
  diff_mode:
    support: none
    details: A command has no before and after.
notes:
  - Needs C(ecs:DescribeTaskDefinition), C(ecs:DescribeClusters), C(ecs:ListTasks), C(ecs:DescribeTasks), C(ecs:RunTask),
    C(ecs:StopTask), C(iam:PassRole) on the task's roles, C(logs:GetLogEvents), with O(network_from) C(ecs:DescribeServices);
    C(ec2:DescribeSubnets) is used when allowed.
  - Lines are shown for containers that log through C(awslogs) with a stream prefix.
  - Ctrl-C and a cancelled job reach the task only while live output is on, because a module is not told of them.
seealso:
  - module: redash.ecs.redash_ecs_service
author:
  - The redash.ecs authors (@redash-ecs)
extends_documentation_fragment:
  - redash.ecs.options.releases
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - redash.ecs.options.cluster
  - redash.ecs.options.stream
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: List the groups
  redash.ecs.redash_ecs_task:
    cluster: redash-prod
    task_definition: redash-prod-task-runner
    subnets: [subnet-0a1b2c3d]
    security_groups: [sg-0a1b2c3d]
    cmd: groups list
  register: groups

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ groups.parsed | map(attribute='name') }}"

- name: Make the administrator; the password is a secret that the task carries
  redash.ecs.redash_ecs_task:
    cluster: redash-prod
    task_definition: redash-prod-task-runner
    subnets: [subnet-0a1b2c3d]
    cmd: [users, create_root, admin@example.com, Admin, --password, $REDASH_ADMIN_PASSWORD]

- name: Migrate, and never twice at the same time
  redash.ecs.redash_ecs_task:
    cluster: redash-prod
    task_definition: redash-prod-task-runner:42
    subnets: [subnet-0a1b2c3d]
    cmd: db upgrade
    lock: migration
    on_interrupt: leave

- name: Several commands in one task
  redash.ecs.redash_ecs_task:
    cluster: redash-prod
    task_definition: redash-prod-task-runner
    subnets: [subnet-0a1b2c3d]
    cmds:
      - groups create 'Data Science'
      - users create ada@example.com Ada --google
    keep_going: true
"""

RETURN = r"""
rc:
  description: Exit code of the container that got the command; null when there was none.
  returned: when a task was started
  type: int
  sample: 0
stdout_lines:
  description: The lines as they were shown, at most O(log_lines_max).
  returned: when a task was started
  type: list
  elements: str
lines_total:
  description: How many lines were shown.
  returned: when a task was started
  type: int
lines_folded:
  description: How many lines of Redash's own noise were left out.
  returned: when a task was started
  type: int
log_streams:
  description: Where the log is.
  returned: when a task was started
  type: list
  elements: dict
  contains:
    container: {description: The container., type: str}
    log_group: {description: The log group., type: str}
    log_stream: {description: The log stream., type: str}
log_problem:
  description:
    - Why the log could not be read whole; null when it was.
    - A command that is run for its output (a listing) fails then, with the exit code in RV(rc). One that changes something ends as
      its exit code says.
  returned: when a task was started
  type: str
task_arn:
  description: The task.
  returned: when a task was started
  type: str
task_definition:
  description: ARN of the task definition.
  returned: always
  type: str
container:
  description: The container that got the command.
  returned: always
  type: str
containers:
  description: All containers of the task.
  returned: when a task was started
  type: list
  elements: dict
  contains:
    name: {description: Its name., type: str}
    image: {description: Its image., type: str}
    essential: {description: Whether its end ends the task., type: bool}
    last_status: {description: Its last known state., type: str}
    exit_code: {description: Its exit code., type: int}
    reason: {description: What ECS says about its end., type: str}
attached:
  description: Whether a task was followed that had been started before.
  returned: when a task was started
  type: bool
attempts:
  description: How many starts it took.
  returned: when a task was started
  type: int
phases:
  description: Seconds that the task waited, pulled its image, and ran.
  returned: when a task was started
  type: dict
  sample: {waited: 12.3, pulled: 8.1, ran: 4.0}
cost:
  description: What Fargate bills for it, up to its end; null elsewhere.
  returned: when a task was started
  type: dict
  sample: {vcpu_seconds: 15.0, gb_seconds: 30.0}
parsed:
  description:
    - The output of C(groups list), C(users list), C(org list), C(ds list), C(status) or C(version) as data.
    - Null for any other command.
    - Absent when the log could not be read whole; then RV(log_problem) says why. It is never a part of the output.
  returned: when the command ended well and its whole log was read
  type: raw
results:
  description: With O(cmds), what became of each command.
  returned: when a task was started
  type: list
  elements: dict
  contains:
    cmd: {description: The command., type: str}
    rc: {description: Its exit code., type: int}
    stdout_lines: {description: Its output., type: list, elements: str}
    parsed: {description: "Its output as data, for listing commands; absent where its log could not be read whole.", type: raw}
    failed: {description: Whether it failed., type: bool}
    skipped: {description: Whether it was never reached., type: bool}
    msg: {description: Why it failed., type: str}
stopped:
  description: Why the task failed; null when it did not.
  returned: when the task has ended
  type: dict
  contains:
    cause: {description: 'One word: image, secret, capacity, exit_code, ...', type: str}
    what: {description: One line with AWS's own words., type: str}
    ran: {description: Whether a process may have run., type: bool}
    retry: {description: Whether trying again is safe and promising., type: bool}
    todo: {description: What to do about it., type: str}
interrupted:
  description: True when the run was cut off.
  returned: when it was
  type: bool
reported:
  description: What would have been shown live.
  returned: when O(stream=false), or when the module runs on another machine
  type: list
  elements: str
"""

from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module
from ansible_collections.redash.ecs.plugins.module_utils.task import ARGUMENTS, SPECIFICATION, run


def main() -> None:
    run_aws_module(run, argument_spec=ARGUMENTS, **SPECIFICATION)


if __name__ == "__main__":
    main()
