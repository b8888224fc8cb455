#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ecs_clear
short_description: Empty an ECS cluster before it is deleted
version_added: 0.1.0
description:
  - Deletes every service of the cluster, stops every task in it, and waits until none is left. ECS refuses to delete a cluster before.
  - A cluster that does not exist is clear already.
author:
  - The redash.ecs authors (@redash-ecs)
options:
  cluster:
    description: Name or ARN of the cluster. Everything in it goes.
    type: str
    required: true
  timeout:
    description: Seconds to wait for the tasks to stop.
    type: int
    default: 600
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Empty the cluster
  redash.ecs.redash_ecs_clear:
    cluster: redash-prod
    region: ap-northeast-1
"""

RETURN = r"""
services:
  description: ARNs of the services that were there.
  returned: success
  type: list
  elements: str
  sample: ["arn:aws:ecs:ap-northeast-1:123456789012:service/redash-prod/redash-prod"]
tasks:
  description: ARNs of the tasks that were there.
  returned: success
  type: list
  elements: str
  sample: ["arn:aws:ecs:ap-northeast-1:123456789012:task/redash-prod/0123456789abcdef0123456789abcdef"]
"""

from ansible_collections.redash.ecs.plugins.module_utils.clear import SPECIFICATION, run
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module


def main() -> None:
    run_aws_module(run, **SPECIFICATION)


if __name__ == "__main__":
    main()
