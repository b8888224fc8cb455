#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ecs_scaling
short_description: The autoscaling of ECS services
version_added: 0.1.0
author:
  - The redash.ecs authors (@redash-ecs)
description:
  - Makes, changes and removes the scalable target and the target tracking policies of ECS services.
  - Policies whose name does not begin with C(redash-) are somebody else's and stay, as does what is suspended.
  - A number of tasks outside the limits is brought to the nearest one at once, unless autoscaling is suspended.
options:
  services:
    description:
      - By service, C(min) and C(max) (tasks), and one or more of C(cpu_percent), C(memory_percent) and C(requests_per_target) (a minute),
        the averages to keep.
      - An empty dictionary removes the autoscaling that this module made. A service that is not named is left alone.
    type: dict
    required: true
  load_balancer_arn:
    description: The load balancer's ARN, for C(requests_per_target).
    type: str
  target_group_arn:
    description: The target group's ARN, for C(requests_per_target).
    type: str
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows by service what differs, before and after.
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - redash.ecs.options.cluster
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Two to six workers, kept at 60 percent CPU
  redash.ecs.redash_ecs_scaling:
    cluster: redash-prod
    services:
      redash-prod-adhoc_worker: {min: 2, max: 6, cpu_percent: 60}
    region: ap-northeast-1

- name: Leave the number of workers alone again
  redash.ecs.redash_ecs_scaling:
    cluster: redash-prod
    services:
      redash-prod-adhoc_worker: {}
    region: ap-northeast-1
"""

RETURN = r"""
differences:
  description: What differed, a line each.
  returned: success
  type: list
  elements: str
  sample: ["redash-prod-adhoc_worker: limits none -> 2 to 6 tasks", "redash-prod-adhoc_worker: redash-cpu_percent none -> 60"]
"""

from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module
from ansible_collections.redash.ecs.plugins.module_utils.scaling import ARGUMENT_SPEC, run


def main() -> None:
    run_aws_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
