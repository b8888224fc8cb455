# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""redash_ecs_task: one command as one ECS task, followed to its true end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.one_off.plan import prepare
from ansible_collections.redash.ecs.plugins.module_utils.one_off.work import Work

ARGUMENTS: dict[str, Any] = {
    "cluster": {"type": "str", "required": True},
    "task_definition": {"type": "str", "required": True},
    "container": {"type": "str"},
    "cmd": {"type": "raw"},
    "cmds": {"type": "list", "elements": "raw"},
    "command": {"type": "list", "elements": "str"},
    "keep_going": {"type": "bool", "default": False},
    "redash_version": {"type": "str"},
    "releases": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "no_log": False},
    "subnets": {"type": "list", "elements": "str", "default": []},
    "security_groups": {"type": "list", "elements": "str", "default": []},
    "assign_public_ip": {"type": "str", "choices": ["ENABLED", "DISABLED"]},
    "network_from": {"type": "list", "elements": "str", "default": []},
    "launch_type": {"type": "str", "choices": ["FARGATE", "EC2", "EXTERNAL"]},
    "capacity_provider_strategy": {
        "type": "list",
        "elements": "dict",
        "options": {
            "capacity_provider": {"type": "str", "required": True},
            "weight": {"type": "int"},
            "base": {"type": "int"},
        },
    },
    "platform_version": {"type": "str"},
    "enable_execute_command": {"type": "bool", "default": False},
    "propagate_tags": {"type": "str", "choices": ["TASK_DEFINITION", "NONE"]},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "timeout": {"type": "int", "default": 3600},
    "on_interrupt": {"type": "str", "choices": ["stop", "leave"], "default": "stop"},
    "retries": {"type": "int", "default": 3},
    "lock": {"type": "str"},
    "job_id": {"type": "str"},
    "stream": {"type": "bool", "default": True},
    "show_lines": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": True},
    "log_lines_max": {"type": "int", "default": 10000},
    "failure_details": {"type": "bool", "default": True},
}

SPECIFICATION: dict[str, Any] = {
    "mutually_exclusive": [("cmd", "cmds", "command"), ("launch_type", "capacity_provider_strategy")],
    "required_one_of": [("cmd", "cmds", "command")],
}


def run(params: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Run the task that ``params`` describe (redash_ecs_task's options). Raises RedashError when it failed."""
    plan = prepare(params, context)
    if context.check_mode:
        for shown in [command.shown for command in plan.commands] or [plan.shown]:
            context.report(f"would run: {shown}")
        return {
            "changed": not plan.reads,
            "task_definition": plan.task_definition["taskDefinitionArn"],
            "container": plan.container,
            "stopped": None,
            "msg": f"would run: {plan.shown}",
        }
    for command in plan.commands:
        for note in command.notes:
            context.report(note)
    try:
        return Work(params, context, plan).run()
    except RedashError as error:
        if not params["failure_details"]:
            error.result = {name: error.result[name] for name in ("task_arn", "rc") if name in error.result}
        raise
