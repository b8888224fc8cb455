#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ecs_revisions
short_description: Deregister task definitions that are no longer wanted
version_added: 0.1.0
author:
  - The redash.ecs authors (@redash-ecs)
description:
  - Deregistering makes a revision INACTIVE. Tasks that run it go on; a family's name then means the newest revision that is left.
options:
  newer_than:
    description: Task definitions, by ARN; every newer revision of the same family is deregistered. This takes a registration back.
    type: list
    elements: str
    default: []
  task_definitions:
    description: Task definitions to deregister, by ARN or C(family:revision).
    type: list
    elements: str
    default: []
  installation:
    description:
      - Name of an installation whose families are pruned, those of its services and of its task runner, to the newest O(keep) revisions.
      - What a service runs is kept whatever its age, and so is the revision before, to which C(rollback.yml) goes; of the task runner,
        the newest revision of each image that a kept revision of a service has.
    type: str
  cluster:
    description: Name or ARN of the ECS cluster of O(installation).
    type: str
  keep:
    description: How many revisions of each family of O(installation) to keep, from 1 on.
    type: int
    default: 10
  in_use:
    description: Task definitions that are never deregistered, by ARN.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    details: Says what would be deregistered.
  diff_mode:
    support: none
    details: The list of what is deregistered is the difference.
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the newest ten revisions
  redash.ecs.redash_ecs_revisions:
    cluster: redash-prod
    installation: redash-prod
    keep: 10
    region: ap-northeast-1
"""

RETURN = r"""
deregistered:
  description: ARNs of what was deregistered (in check mode - would be).
  returned: success
  type: list
  elements: str
  sample: ["arn:aws:ecs:ap-northeast-1:123456789012:task-definition/redash-prod:3"]
"""

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import installation
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module


def _parts(arn: str) -> tuple[str, int]:
    family, _colon, revision = arn.rpartition("/")[2].rpartition(":")
    if not revision.isdigit():
        raise RedashError(Problem(f"{arn!r} names no revision", "newer_than", "Give ARNs or family:revision."))
    return family, int(revision)


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Choose and deregister; ``deregistered`` lists the ARNs."""
    ecs = context.client("ecs")
    if params["installation"] and params["keep"] < 1:
        raise RedashError(Problem(f"{params['keep']} is too few", "keep", "Keep at least one revision."))
    chosen: list[str] = []
    for arn in params["newer_than"]:
        family, revision = _parts(arn)
        chosen += [each for each in installation.revisions(ecs, family) if _parts(each)[1] > revision]
    for arn in params["task_definitions"]:
        family, revision = _parts(arn)
        chosen += [each for each in installation.revisions(ecs, family) if _parts(each)[1] == revision]
    if params["installation"]:
        chosen += _surplus(ecs, params["cluster"], params["installation"], params["keep"])
    unwanted = sorted(set(chosen) - set(params["in_use"]), key=_parts)
    if not context.check_mode:
        installation.deregister(ecs, unwanted)
    return {"changed": bool(unwanted), "deregistered": unwanted}


def _surplus(ecs: Any, cluster: str, name: str, keep: int) -> list[str]:
    """Revisions of the installation's families beyond the newest ``keep`` that nobody needs."""
    surplus: list[str] = []
    kept: list[str] = []
    for service in installation.services(ecs, cluster, name):
        # During a deployment the old revision runs, too.
        runs = {service["taskDefinition"], *(each["taskDefinition"] for each in service.get("deployments") or [])}
        for family in {_parts(arn)[0] for arn in runs}:
            active = installation.revisions(ecs, family)
            oldest = min((arn for arn in runs if _parts(arn)[0] == family), key=_parts)
            before = installation.revision_before(ecs, service, oldest)
            needed = {*active[:keep], *runs, before}
            kept += [arn for arn in active if arn in needed]
            surplus += [arn for arn in active if arn not in needed]
    runners = installation.revisions(ecs, f"{name}-task-runner")
    # Without a service nobody knows which images are needed: the first set-up, or the last service was deleted.
    if kept and runners[keep:]:
        images = {image for arn in kept for image in _images(ecs, arn)}
        for arn in runners:
            found = images & _images(ecs, arn)
            images -= found
            if not found and arn not in runners[:keep]:
                surplus.append(arn)
    return surplus


def _images(ecs: Any, arn: str) -> set[str]:
    definition = installation.task_definition(ecs, arn)
    return set(installation.images(definition)) if definition else set()


def main() -> None:
    run_aws_module(
        run,
        argument_spec={
            "newer_than": {"type": "list", "elements": "str", "default": []},
            "task_definitions": {"type": "list", "elements": "str", "default": []},
            "installation": {"type": "str"},
            "cluster": {"type": "str"},
            "keep": {"type": "int", "default": 10},
            "in_use": {"type": "list", "elements": "str", "default": []},
        },
        required_by={"installation": ["cluster"]},
    )


if __name__ == "__main__":
    main()
