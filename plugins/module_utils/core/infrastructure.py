# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shape of ``redash_infrastructure``: what Terraform outputs, and what a person gives instead.

The later steps read nothing else, so both are held to the same.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem

WHERE = "redash_infrastructure"


@dataclass(frozen=True)
class Field:
    """One value. ``pattern`` must match whole; ``example`` is what a right one looks like."""

    pattern: str
    example: str
    required: bool = True

    def problem(self, value: Any) -> str | None:
        if isinstance(value, bool | list | dict) or not re.fullmatch(self.pattern, str(value)):
            return f"{value!r} does not look like {self.example}"
        return None


@dataclass(frozen=True)
class Flag:
    """True or false."""

    required: bool = True


@dataclass(frozen=True)
class Fields:
    """A list of values, of at least ``least``."""

    field: Field
    least: int
    required: bool = True


def _arn(service: str, resource: str, example: str, required: bool = True) -> Field:
    return Field(rf"arn:aws[\w-]*:{service}:[\w-]*:\d{{12}}:{resource}", example, required)


NAME = Field(r"\S+", "a name")
HOST = Field(r"[A-Za-z0-9._-]+", "a host name without scheme and port")
PORT = Field(r"[1-9]\d{0,4}", "a port number")
SUBNET = Field(r"subnet-[0-9a-z]+", "subnet-0123456789abcdef0")
ROLE = "arn:aws:iam::123456789012:role/redash-prod"

SHAPE: dict[str, Any] = {
    "name": Field(r"[a-z][a-z0-9-]*", "redash-prod"),
    "region": Field(r"[a-z]{2}(-[a-z]+)+-\d", "ap-northeast-1"),
    "account_id": Field(r"\d{12}", "123456789012 (in quotes: an account may begin with 0)"),
    "vpc_id": Field(r"vpc-[0-9a-z]+", "vpc-0123456789abcdef0"),
    "private_subnet_ids": Fields(SUBNET, least=1),
    "public_subnet_ids": Fields(SUBNET, least=0),
    "task_security_group_ids": Fields(Field(r"sg-[0-9a-z]+", "sg-0123456789abcdef0"), least=1),
    "assign_public_ip": Field(r"ENABLED|DISABLED", "ENABLED or DISABLED"),
    "cluster_name": NAME,
    "cluster_arn": _arn("ecs", r"cluster/\S+", "arn:aws:ecs:ap-northeast-1:123456789012:cluster/redash-prod"),
    "execution_role_arn": _arn("iam", r"role/\S+", ROLE),
    "task_role_arn": _arn("iam", r"role/\S+", ROLE, required=False),
    "log_group_name": NAME,
    "target_group_arn": _arn("elasticloadbalancing", r"targetgroup/\S+", "the ARN of a target group"),
    "load_balancer_arn": _arn("elasticloadbalancing", r"loadbalancer/app/\S+", "the ARN of an application load balancer"),
    "load_balancer_dns_name": HOST,
    "load_balancer_zone_id": Field(r"Z[A-Z0-9]+", "Z14GRHDCWA56QT", required=False),
    "url": Field(r"https?://[^/\s]+", "https://redash.example.com (without a path)"),
    "database": {
        "endpoint": HOST,
        "port": PORT,
        "name": NAME,
        "username": NAME,
        "cluster_identifier": Field(r"[A-Za-z][A-Za-z0-9-]*", "redash-prod", required=False),
    },
    "redis": {
        "endpoint": HOST,
        "port": PORT,
        "tls": Flag(),
        "auth_token": Flag(required=False),
        "replication_group_id": Field(r"[A-Za-z][A-Za-z0-9-]*", "redash-prod", required=False),
    },
    "kms_key_arn": _arn("kms", r"key/\S+", "arn:aws:kms:ap-northeast-1:123456789012:key/..."),
    "nat_public_ips": Fields(Field(r"\d{1,3}(\.\d{1,3}){3}", "198.51.100.7"), least=0, required=False),
}


def problems(infrastructure: Any) -> list[Problem]:
    """Everything that is wrong with ``infrastructure``; empty when the later steps can work with it."""
    found = [Problem(what, where, todo) for where, what, todo in _check(WHERE, SHAPE, infrastructure)]
    if not found and infrastructure["assign_public_ip"] == "ENABLED" and not infrastructure["public_subnet_ids"]:
        todo = "A task with a public address needs a subnet with a route to the internet: name one, or set assign_public_ip to DISABLED."
        found.append(Problem("has no entry, and assign_public_ip is ENABLED", f"{WHERE}.public_subnet_ids", todo))
    return found


def _check(where: str, shape: Any, value: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(shape, dict):
        if not isinstance(value, Mapping):
            yield where, f"{value!r} is not a mapping", f"It needs {', '.join(shape)}."
            return
        for key in value:
            if key not in shape:
                near = difflib.get_close_matches(str(key), shape, n=1)
                yield f"{where}.{key}", "is not known", f"Is {near[0]} meant?" if near else "Leave it out."
        for key, part in shape.items():
            if value.get(key) is not None:
                yield from _check(f"{where}.{key}", part, value[key])
            elif getattr(part, "required", True):
                yield f"{where}.{key}", "is missing", _wanted(part)
    elif isinstance(shape, Fields):
        if not isinstance(value, list | tuple):
            yield where, f"{value!r} is not a list", _wanted(shape)
            return
        if len(value) < shape.least:
            yield where, f"has {len(value)} entries", f"It needs at least {shape.least}, such as {shape.field.example}."
        for index, item in enumerate(value):
            if problem := shape.field.problem(item):
                yield f"{where}[{index}]", problem, ""
    elif isinstance(shape, Flag):
        if not isinstance(value, bool):
            yield where, f"{value!r} is neither true nor false", ""
    elif problem := shape.problem(value):
        yield where, problem, ""


def _wanted(shape: Any) -> str:
    if isinstance(shape, dict):
        return f"It needs {', '.join(shape)}."
    if isinstance(shape, Fields):
        return f"Give a list, such as [{shape.field.example}]."
    return "Give true or false." if isinstance(shape, Flag) else f"Give {shape.example}."
