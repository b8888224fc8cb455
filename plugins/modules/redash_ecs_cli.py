#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ecs_cli
short_description: Run ecs-cli in the account of the other modules
version_added: 0.1.0
description:
  - Runs the archived ecs-cli once, and shows its output as it comes.
  - ecs-cli gets the credentials that the other modules use, and no other C(AWS_*) or C(ECS_*) variable of the shell. An inherited
    C(AWS_PROFILE) would lead it to another account.
  - The credentials are in the environment of the process only, never on a command line.
  - An error line of ecs-cli is a failure, whatever its exit code.
author:
  - The redash.ecs authors (@redash-ecs)
options:
  argv:
    description: The command line of ecs-cli, the path of the program first.
    type: list
    elements: str
    required: true
  home:
    description: Folder of ecs-cli's configuration and cache. It stands in the place of a home folder.
    type: path
    required: true
  chdir:
    description: The folder to run in. Compose files name their env files from there.
    type: path
  timeout:
    description: Seconds that ecs-cli may take. Then it is stopped, and the task fails.
    type: int
    default: 600
attributes:
  check_mode:
    support: partial
    details: ecs-cli has no check mode. It is not run, and no change is reported.
  diff_mode:
    support: none
    details: ecs-cli does not say what it changes.
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Deploy a Compose file
  redash.ecs.redash_ecs_cli:
    argv: [/opt/ecs-cli, compose, --project-name, redash-prod, service, up, --cluster, redash-prod, --launch-type, FARGATE]
    home: /srv/redash-prod/ecs-cli
    chdir: /srv/redash-prod
    region: ap-northeast-1
"""

RETURN = r"""
output:
  description: What ecs-cli said, line by line.
  returned: success
  type: list
  elements: str
  sample: ['time="x" level=info msg="Using ECS task definition" TaskDefinition="redash-prod:3"']
task_definition:
  description: The task definition that ecs-cli used.
  returned: after C(create) and C(service up)
  type: str
  sample: redash-prod:3
"""

from ansible_collections.redash.ecs.plugins.module_utils.ecs_cli import SPECIFICATION, run
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module


def main() -> None:
    run_aws_module(run, **SPECIFICATION)


if __name__ == "__main__":
    main()
