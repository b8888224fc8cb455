#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ecs_rollback_info
short_description: Find the task definitions that an installation can be rolled back to
version_added: 0.1.0
author:
  - The redash.ecs authors (@redash-ecs)
description:
  - For each service of the installation, the active revision that ran before the one that runs, or the one named; and the task runner's
    newest revision with the same image and settings.
  - A deployment that failed leaves its revision. It is passed over where ECS has a record of a deployment that succeeded, which takes
    C(ecs:ListServiceDeployments) and C(ecs:DescribeServiceRevisions); ECS keeps such records for 90 days.
options:
  name:
    description: Name of the installation.
    type: str
    required: true
  revision:
    description: The revision to go back to, of an installation with one service. Left out, the one that ran before.
    type: int
  version:
    description: The release to go back to. Required where its image's tag does not say it.
    type: str
extends_documentation_fragment:
  - redash.ecs.attributes.info
  - redash.ecs.attributes.aws
  - redash.ecs.options.cluster
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Find what there was before
  redash.ecs.redash_ecs_rollback_info:
    cluster: redash-prod
    name: redash-prod
    region: ap-northeast-1
  register: before
"""

RETURN = r"""
services:
  description: By name, C(task_definition) to go back to and the present C(desired_count).
  returned: success
  type: dict
  sample:
    redash-prod:
      task_definition: arn:aws:ecs:ap-northeast-1:123456789012:task-definition/redash-prod:6
      desired_count: 1
task_runner:
  description: ARN of the task runner's revision with the same image and settings.
  returned: success
  type: str
  sample: arn:aws:ecs:ap-northeast-1:123456789012:task-definition/redash-prod-task-runner:6
version:
  description: The release.
  returned: success
  type: str
  sample: 25.1.0
"""

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import installation
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module
from ansible_collections.redash.ecs.plugins.module_utils.verify import version_of


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Choose a revision for each service; RedashError where one has none, or where they are of different releases."""
    ecs, name = context.client("ecs"), params["name"]
    services = installation.services(ecs, params["cluster"], name)
    if not services:
        raise RedashError(Problem(f"no service {name} or {name}-... in cluster {params['cluster']}", name, "Run site.yml first."))
    if params["revision"] is not None and len(services) > 1:
        raise RedashError(Problem(f"{len(services)} services have revisions of their own", "revision", "Leave it out: each goes back one."))
    problems = Problems()
    chosen: dict[str, dict[str, Any]] = {}
    definitions: list[dict[str, Any]] = []
    for service in services:
        arn = _before(ecs, service, params["revision"], problems)
        definition = installation.task_definition(ecs, arn) if arn else None
        if arn and definition:
            definitions.append(definition)
            chosen[service["serviceName"]] = {"task_definition": arn, "desired_count": service["desiredCount"]}
    problems.raise_if_any()
    images = {image for definition in definitions for image in installation.images(definition)}
    versions = {params["version"]} if params["version"] else {version_of(image) for image in images}
    if len(versions) != 1 or "" in versions:
        problems.add(
            f"cannot tell which release {', '.join(sorted(images))} is", where="rollback", todo="Say it: -e rollback_version=25.1.0."
        )
    runner = installation.newest_runner(ecs, name, definitions)
    if not runner:
        problems.add(f"no revision of it has the image {', '.join(sorted(images))}", where=f"{name}-task-runner", todo="Use upgrade.yml.")
    problems.raise_if_any()
    return {"changed": False, "services": chosen, "task_runner": runner, "version": versions.pop()}


def _before(ecs: Any, service: dict[str, Any], revision: int | None, problems: Problems) -> str:
    family, _colon, present = service["taskDefinition"].rpartition("/")[2].rpartition(":")
    if revision is None:
        arn = installation.revision_before(ecs, service, service["taskDefinition"])
        if not arn:
            problems.add("there is no active revision before it", where=f"{family}:{present}", todo="upgrade.yml deploys any release.")
        return arn
    found = {int(each.rpartition(":")[2]): each for each in installation.revisions(ecs, family)}
    if revision not in found:
        problems.add(
            f"{family}:{revision} is not an active revision",
            where="revision",
            todo=f"There are {', '.join(map(str, sorted(found))) or 'none'}.",
        )
    return found.get(revision, "")


def main() -> None:
    run_aws_module(
        run,
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "revision": {"type": "int"},
            "version": {"type": "str"},
        },
    )


if __name__ == "__main__":
    main()
