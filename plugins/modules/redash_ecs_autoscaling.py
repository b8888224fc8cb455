#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ecs_autoscaling
short_description: Suspend the autoscaling of ECS services, and put it back
version_added: 0.1.0
author:
  - The redash.ecs authors (@redash-ecs)
description:
  - While something else decides how many tasks run, Application Auto Scaling must not; it would start what was stopped.
  - Services without autoscaling are left out.
options:
  services:
    description:
      - By service, what is to be suspended, as booleans by AWS's own names; a missing one is V(false).
      - An empty dictionary suspends nothing.
    type: dict
    required: true
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows by service what is suspended before and after.
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - redash.ecs.options.cluster
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Suspend all autoscaling of a service
  redash.ecs.redash_ecs_autoscaling:
    cluster: redash-prod
    services:
      redash-prod:
        DynamicScalingInSuspended: true
        DynamicScalingOutSuspended: true
        ScheduledScalingSuspended: true
    region: ap-northeast-1
  register: autoscaling

- name: Put it back
  redash.ecs.redash_ecs_autoscaling:
    cluster: redash-prod
    services: "{{ autoscaling.before }}"
    region: ap-northeast-1
"""

RETURN = r"""
before:
  description: By service, what was suspended before.
  returned: success
  type: dict
  sample: {redash-prod: {DynamicScalingInSuspended: false, DynamicScalingOutSuspended: false, ScheduledScalingSuspended: false}}
"""

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import autoscaling
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring what is suspended to what is asked for; ``before`` is how it was."""
    client = context.client("application-autoscaling")
    before = autoscaling.suspended(client, params["cluster"], params["services"])
    wanted = {service: {**autoscaling.NONE, **params["services"][service]} for service in before}
    drifted = {service: state for service, state in wanted.items() if before[service] != state}
    if drifted and not context.check_mode:
        autoscaling.suspend(client, params["cluster"], drifted)
    return {"changed": bool(drifted), "before": before, "diff": {"before": before, "after": wanted}}


def main() -> None:
    run_aws_module(run, argument_spec={"cluster": {"type": "str", "required": True}, "services": {"type": "dict", "required": True}})


if __name__ == "__main__":
    main()
