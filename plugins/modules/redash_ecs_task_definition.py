#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ecs_task_definition
short_description: Register a task definition from Compose files and an ecs-params.yml
version_added: 0.1.0
author:
  - The redash.ecs authors (@redash-ecs)
description:
  - Translates Compose files and an C(ecs-params.yml) into an ECS task definition, as C(ecs-cli compose create) does, and registers a
    new revision only if it differs from the newest one.
  - Compose files with C(version) 2 or 3, or with none and the services at the top level, are read as ecs-cli reads them. All others
    follow the current Compose Specification.
  - What ECS would refuse is refused before anything is called, all of it at once, with file, line and remedy.
options:
  compose_files:
    description:
      - The Compose files, later ones over earlier ones. Relative paths are below the current directory.
      - An C(env_file) and a C(.env) are looked for beside the Compose file.
    type: list
    elements: path
    required: true
  ecs_params:
    description: The C(ecs-params.yml). Without one there is no task size, role or secret.
    type: path
  contents:
    description:
      - The texts of files that are not written, by path, as M(redash.ecs.redash_compose_render) returns them in check mode. They are
        taken instead of what lies there.
    type: dict
    default: {}
  project_name:
    description: The task definition's family.
    type: str
    required: true
  launch_type:
    description: What the task definition must be fit for. The sizes and settings that Fargate knows are checked for V(FARGATE).
    type: str
    choices: [FARGATE, EC2, EXTERNAL]
    default: FARGATE
  environment:
    description:
      - Variables for C($NAME) and C(${NAME}) in the Compose files and the C(ecs-params.yml), and for variables without a value.
      - The environment of the Ansible process is not used, so that the same files always give the same task definition.
    type: dict
    default: {}
  task_role_arn:
    description: Name or ARN of the role that the containers have. It wins over C(task_role_arn) in the C(ecs-params.yml).
    type: str
  tags:
    description:
      - The tags of the task definition. Tags that are not named here are removed. Without this option, tags are left alone.
      - When nothing but tags changes, the newest revision is tagged and none is registered.
    type: dict
attributes:
  check_mode:
    support: full
    details: Checks everything and registers nothing.
  diff_mode:
    support: full
    details: Shows the task definition before and after in its canonical form. Values that look secret are hidden.
notes:
  - Needs C(ecs:DescribeTaskDefinition), C(ecs:RegisterTaskDefinition), C(iam:PassRole) on the roles, and with O(tags) C(ecs:TagResource)
    and C(ecs:UntagResource). Before it registers, it looks whether log groups and roles exist, if C(logs:DescribeLogGroups) and
    C(iam:GetRole) are allowed.
  - Where the translation differs from ecs-cli on purpose is listed in C(docs/ecs-cli-differences.md).
seealso:
  - module: redash.ecs.redash_compose_render
  - module: redash.ecs.redash_ecs_service
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Register the server's task definition if it changed
  redash.ecs.redash_ecs_task_definition:
    compose_files:
      - .redash/redash-prod/compose/docker-compose.yml
      - files/docker-compose.override.yml
    ecs_params: .redash/redash-prod/compose/ecs-params.yml
    project_name: redash-prod
    tags:
      service: redash
    region: ap-northeast-1
  register: server

- name: Say what changed
  ansible.builtin.debug:
    var: server.differences
"""

RETURN = r"""
task_definition_arn:
  description: The newest revision. In check mode, when one would be registered, the one before it; empty when there is none.
  returned: always
  type: str
  sample: arn:aws:ecs:ap-northeast-1:000000000000:task-definition/redash-prod:4
registered:
  description: Whether a revision was registered (in check mode - would be).
  returned: always
  type: bool
family:
  description: The family.
  returned: always
  type: str
  sample: redash-prod
revision:
  description: The revision of RV(task_definition_arn); 0 when there is none.
  returned: always
  type: int
  sample: 4
task_definition:
  description: The request for C(RegisterTaskDefinition). Values that look secret are hidden.
  returned: always
  type: dict
  sample: {family: redash-prod, cpu: "1024", memory: "2048"}
differences:
  description: What is different from the newest revision, in words.
  returned: always
  type: list
  elements: str
  sample: ["server: REDASH_WEB_WORKERS 4 -> 2"]
"""

import re
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.redash.ecs.plugins.module_utils.aws import task_definitions
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.compose import read_file
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems
from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition import Translation, canonical, differences, masked, translate
from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition_checks import validate
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module

ARGUMENTS: dict[str, Any] = {
    "compose_files": {"type": "list", "elements": "path", "required": True},
    "ecs_params": {"type": "path"},
    "contents": {"type": "dict", "default": {}},
    "project_name": {"type": "str", "required": True},
    "launch_type": {"type": "str", "choices": ["FARGATE", "EC2", "EXTERNAL"], "default": "FARGATE"},
    "environment": {"type": "dict", "default": {}},
    "task_role_arn": {"type": "str"},
    "tags": {"type": "dict"},
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Register what the files say, if it is not registered already."""
    environ = {str(name): str(value) for name, value in params["environment"].items() if value is not None}
    contents: dict[str, str] = params["contents"]

    def read(path: Path) -> bytes:
        return contents[str(path)].encode() if str(path) in contents else read_file(path)

    translation = translate(
        params["compose_files"], params["ecs_params"] or "", params["project_name"], params["launch_type"], environ, Path.cwd(), read=read
    )
    request = translation.request
    if params["task_role_arn"]:
        request["taskRoleArn"] = params["task_role_arn"]
    problems = Problems(validate(request, params["launch_type"], translation.places))
    problems.raise_if_any()
    for warning in translation.warnings:
        context.report(f"warning: {warning}")

    ecs = context.client("ecs")
    registered = task_definitions.newest_revision(ecs, request["family"])
    before, tags_before = _without_tags(registered)
    changes = differences(before, request)
    tags = params["tags"]
    tag_changes: list[str] = []
    if tags is not None:
        tags = {str(key): str(value) for key, value in tags.items()}
        request["tags"] = [{"key": key, "value": tags[key]} for key in sorted(tags)]
        tag_changes = _tag_changes(tags_before, tags) if registered else []
    if changes:
        for warning in _check_references(context, translation):
            context.report(f"warning: {warning}")
    if not context.check_mode:
        if changes:
            registered = task_definitions.register(ecs, _register_form(request, tags), context)
        elif tag_changes and registered:
            task_definitions.retag(ecs, registered["taskDefinitionArn"], tags_before, tags)
    result = {
        "changed": bool(changes or tag_changes),
        "registered": bool(changes),
        "task_definition_arn": registered["taskDefinitionArn"] if registered else "",
        "family": request["family"],
        "revision": registered["revision"] if registered else 0,
        "task_definition": masked(request),
        "differences": [*changes, *tag_changes],
    }
    if context.diff_mode:
        result["diff"] = {
            "before_header": f"{request['family']} (registered)",
            "after_header": f"{request['family']} (from the files)",
            "before": _text({**before, "tags": _pairs(tags_before)} if before else {}),
            "after": _text({"tags": _pairs(tags_before), **request}),
        }
    return result


def _without_tags(registered: dict[str, Any] | None) -> tuple[dict[str, Any] | None, dict[str, str]]:
    if registered is None:
        return None, {}
    # AWS's own tags can be neither set nor removed.
    tags = {tag["key"]: tag["value"] for tag in registered["tags"] if not tag["key"].startswith("aws:")}
    return {key: value for key, value in registered.items() if key != "tags"}, tags


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _tag_changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    lines = [f"task: tag {key} {after[key]} added" for key in after if key not in before]
    lines += [f"task: tag {key} {before[key]} -> {after[key]}" for key in after if key in before and before[key] != after[key]]
    return lines + [f"task: tag {key} removed (was {before[key]})" for key in before if key not in after]


def _register_form(request: dict[str, Any], tags: dict[str, str] | None) -> dict[str, Any]:
    """ECS refuses an empty list of tags."""
    return {key: value for key, value in request.items() if key != "tags" or tags}


def _text(task_definition: dict[str, Any]) -> str:
    return str(yaml.safe_dump(masked(canonical(task_definition)), sort_keys=True, allow_unicode=True)) if task_definition else ""


def _check_references(context: Context, translation: Translation) -> list[str]:
    """Whether the log groups and roles that the request names exist. Raises RedashError; returns what could not be checked."""
    request, problems, warnings = translation.request, Problems(), []
    for key in ("executionRoleArn", "taskRoleArn"):
        role = request.get(key)
        if not role:
            continue
        exists = task_definitions.role_exists(context.client("iam"), role)
        if exists is None:
            warnings.append(f"iam:GetRole is not allowed, so nobody checked that the role {role} exists")
        elif not exists:
            problems.found.append(
                Problem(f"there is no role {role}", translation.places.get(("", key), "task_role_arn"), "Create it or correct the name.")
            )
    seen: set[tuple[str, str]] = set()
    for container in request["containerDefinitions"]:
        logging = container.get("logConfiguration") or {}
        options = logging.get("options") or {}
        group, region = options.get("awslogs-group"), options.get("awslogs-region", "")
        creates = str(options.get("awslogs-create-group", "")).lower() == "true"
        if logging.get("logDriver") != "awslogs" or not group or creates or (group, region) in seen:
            continue
        seen.add((group, region))
        if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", region):
            problems.add(
                f"{region!r} is not a region",
                where=translation.places.get((container["name"], "logConfiguration"), ""),
                todo="Correct awslogs-region.",
            )
            continue
        exists = task_definitions.log_group_exists(context.client("logs", region=region), group)
        if exists is None:
            warnings.append(f"logs:DescribeLogGroups is not allowed, so nobody checked that the log group {group} exists")
        elif not exists:
            problems.add(
                f"there is no log group {group} in {region}",
                where=translation.places.get((container["name"], "logConfiguration"), ""),
                todo='Create it, or set awslogs-create-group: "true".',
            )
    problems.raise_if_any()
    return warnings


def main() -> None:
    run_aws_module(run, argument_spec=ARGUMENTS)


if __name__ == "__main__":
    main()
