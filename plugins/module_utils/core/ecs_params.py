# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ecs-params.yml: what ECS wants to know and a Compose file cannot say.

The format is ecs-cli's (https://github.com/aws/amazon-ecs-cli#using-ecs-parameters), with two keys of our own
below ``task_definition``: ``runtime_platform`` and ``ephemeral_storage``. ecs-cli ignores keys that it does not
know, so that a misplaced block goes unnoticed; here such a key is an error that names the right place.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.interpolation import expand_env
from ansible_collections.redash.ecs.plugins.module_utils.core.units import size_in_bytes
from ansible_collections.redash.ecs.plugins.module_utils.core.yaml_tree import YES_AND_NO, Map, Seq, Text, load, resolve

# A schema is the name of a type, a list of one schema, or a dict of keys; "*" stands for any key.
Schema = str | list[Any] | dict[str, Any]

_SECRETS = [{"value_from": "text", "name": "text"}]
_CONSTRAINT = {"type": "text", "expression": "text"}
_SERVICE: dict[str, Schema] = {
    "essential": "yes or no",
    "init_process_enabled": "yes or no",
    "repository_credentials": {"credentials_parameter": "text"},
    "cpu_shares": "whole number",
    "mem_limit": "size",
    "mem_reservation": "size",
    "gpu": "text",
    "healthcheck": {
        "test": "text or list",
        "command": "text or list",
        "interval": "text",
        "timeout": "text",
        "start_period": "text",
        "retries": "whole number",
    },
    "firelens_configuration": {"type": "text", "options": {"*": "text"}},
    "secrets": _SECRETS,
    "logging": {"secret_options": _SECRETS},
    "depends_on": [{"container_name": "text", "condition": "text"}],
}
SCHEMA: dict[str, Schema] = {
    "version": "anything",
    "task_definition": {
        "ecs_network_mode": "text",
        "task_role_arn": "text",
        "task_execution_role": "text",
        "task_size": {"cpu_limit": "text", "mem_limit": "text"},
        "pid_mode": "text",
        "ipc_mode": "text",
        "placement_constraints": [_CONSTRAINT],
        "services": {"*": _SERVICE},
        "docker_volumes": [
            {
                "name": "text",
                "scope": "text",
                "autoprovision": "yes or no",
                "driver": "text",
                "driver_opts": {"*": "text"},
                "labels": {"*": "text"},
            }
        ],
        "efs_volumes": [
            {
                "name": "text",
                "filesystem_id": "text",
                "root_directory": "text",
                "transit_encryption": "text",
                "transit_encryption_port": "whole number",
                "access_point": "text",
                "iam": "text",
            }
        ],
        # Ours: API_RuntimePlatform and API_EphemeralStorage, which are younger than ecs-cli.
        "runtime_platform": {"cpu_architecture": "text", "operating_system_family": "text"},
        "ephemeral_storage": {"size_in_gib": "whole number"},
    },
    "run_params": {
        "network_configuration": {
            "awsvpc_configuration": {"subnets": ["text"], "security_groups": ["text"], "assign_public_ip": "text"},
        },
        "task_placement": {"strategy": [{"type": "text", "field": "text"}], "constraints": [_CONSTRAINT]},
        "service_discovery": {
            "container_name": "text",
            "container_port": "whole number",
            "private_dns_namespace": {"id": "text", "name": "text", "vpc": "text", "description": "text"},
            "public_dns_namespace": {"id": "text", "name": "text"},
            "service_discovery_service": {
                "name": "text",
                "description": "text",
                "dns_config": {"type": "text", "ttl": "whole number"},
                "healthcheck_custom_config": {"failure_threshold": "whole number"},
            },
        },
    },
}

# Names from Compose files and from ECS's own API that people write here, and what they are called here.
_OTHER_NAMES = {
    "network_mode": "ecs_network_mode",
    "networkMode": "ecs_network_mode",
    "execution_role_arn": "task_execution_role",
    "execution_role": "task_execution_role",
    "task_execution_role_arn": "task_execution_role",
    "executionRoleArn": "task_execution_role",
    "task_role": "task_role_arn",
    "taskRoleArn": "task_role_arn",
    "cpu": "cpu_limit",
    "memory": "mem_limit",
    "valueFrom": "value_from",
    "runtimePlatform": "runtime_platform",
    "ephemeralStorage": "ephemeral_storage",
    "container_definitions": "services",
    "health_check": "healthcheck",
    "startPeriod": "start_period",
    "dependsOn": "depends_on",
    "assignPublicIp": "assign_public_ip",
}


@dataclass
class EcsParams:
    """``task_definition`` and ``run_params`` of the file, with every value of the type that the schema names.

    What is not in the file is not in the maps. A service without a body is ``None``: to ecs-cli that is a
    container which is not essential.
    """

    task_definition: Map
    run_params: Map
    warnings: list[str] = field(default_factory=list)

    @property
    def services(self) -> Map:
        services: Map = self.task_definition.get("services") or Map(self.task_definition.source, self.task_definition.line)
        return services


def parse(text: str, source: str, environ: Mapping[str, str]) -> EcsParams:
    """Read the text of an ecs-params.yml; ``source`` is its name, for messages.

    ``$NAME`` and ``${NAME}`` are taken from ``environ``, anywhere in the text, as ecs-cli does.
    Raises RedashError with all unknown keys and wrong types.
    """
    warnings: list[str] = []

    def unset(name: str, line: int) -> None:
        if not text.splitlines()[line - 1].lstrip().startswith("#"):
            warnings.append(f"{source}:{line}: the variable {name} is not set; it becomes blank")

    def on_duplicate(path: tuple[str, ...], first: str, second: str) -> bool:
        # ecs-cli reads into one structure, so that a second block adds to the first; only services replace each other.
        merge = not (len(path) == 3 and path[:2] == ("task_definition", "services"))
        warnings.append(f"{second}: {'.'.join(path)} stands twice (first in {first}); {'both count' if merge else 'the last one counts'}")
        return merge

    document, more = load(expand_env(text, environ, unset), source, keep_text=True, on_duplicate=on_duplicate)
    if more:
        warnings.append(f"{source}: only the first YAML document of the file is read")
    if document is None:
        document = Map(source, 1)
    if not isinstance(document, Map):
        raise RedashError(Problem("the file is not a map of keys", f"{source}:1", "Write task_definition: and its keys below it."))
    problems = Problems()
    typed = _typed(document, SCHEMA, "", (), f"{source}:1", problems)
    problems.raise_if_any()
    params = EcsParams(typed.get("task_definition") or Map(source, 1), typed.get("run_params") or Map(source, 1), warnings)
    for name, settings in params.services.items():
        # To ecs-cli an empty value is false here, and "not said" everywhere else.
        if settings is not None and "essential" in settings.lines and "essential" not in settings:
            settings["essential"] = False
            warnings.append(f"{settings.where('essential')}: essential of {name} has no value, which means false")
    return params


def _typed(value: Any, schema: Schema, name: str, path: tuple[str, ...], where: str, problems: Problems) -> Any:
    """``value`` with its scalars turned into what ``schema`` says; problems are collected."""
    if value is None:
        return None
    if isinstance(schema, dict):
        if not isinstance(value, Map):
            problems.add(f"{name} is not a map", where=where, todo=_keys_in_words(schema))
            return None
        return _typed_map(value, schema, path, problems)
    if isinstance(schema, list):
        if not isinstance(value, Seq):
            problems.add(f"{name} is not a list", where=where, todo="Begin each entry with a dash.")
            return None
        items = value.like()
        for index, item in enumerate(value):
            typed = _typed(item, schema[0], f"{name}[{index}]", path, value.where(index), problems)
            items.put(typed if typed is not None else ("" if schema[0] == "text" else Map(value.source, value.line)), value.where(index))
        return items
    return _scalar(value, schema, name, where, problems)


def _typed_map(value: Map, schema: dict[str, Any], path: tuple[str, ...], problems: Problems) -> Map:
    result = value.like()
    for key, item in value.items():
        where = value.where(key)
        expected = schema.get(key, schema.get("*"))
        if expected is None and key.startswith("x-"):
            # Compose's extension keys: ecs-cli passes over them, and an alias below may use what they hold.
            continue
        if expected is None:
            problems.found.append(_unknown(key, path, schema, where))
            continue
        typed = _typed(item, expected, key, (*path, key), where, problems)
        if typed is not None or path == ("task_definition", "services"):
            result[key] = typed
        elif schema.get("*") == "text":
            result[key] = ""
    return result


def _scalar(value: Any, kind: str, name: str, where: str, problems: Problems) -> Any:
    if kind == "anything":
        return None
    if kind == "text or list" and isinstance(value, Seq):
        if any(not isinstance(item, Text) or (item.plain and not isinstance(resolve(item), str)) for item in value):
            problems.add(f"{name} has an item that is not text", where=where, todo="Put numbers and true or false in quotes.")
        return [str(item) for item in value]
    if not isinstance(value, Text):
        problems.add(
            f"{name} is a {'map' if isinstance(value, Map) else 'list'}, not {_IN_WORDS[kind]}", where=where, todo="Write one value."
        )
        return None
    if kind == "text":
        return str(value)
    if kind == "text or list":
        return [str(value)]
    meaning = resolve(value) if value.plain else str(value)
    if kind == "yes or no":
        if value.plain and value in YES_AND_NO:
            return meaning
    elif kind == "whole number":
        if isinstance(meaning, int | float) and not isinstance(meaning, bool) and abs(meaning) < 1 << 63:
            return int(meaning)
    elif isinstance(meaning, int | float) and not isinstance(meaning, bool) and abs(meaning) < 1 << 63:
        return int(meaning)
    else:
        try:
            return size_in_bytes(str(value))
        except ValueError:
            pass
    problems.add(f"{name} is {str(value)[:80]!r}, not {_IN_WORDS[kind]}", where=where, todo=_EXAMPLES[kind])
    return None


_IN_WORDS = {
    "text": "text",
    "text or list": "text or a list of texts",
    "yes or no": "true or false",
    "whole number": "a whole number",
    "size": "a size",
}
_EXAMPLES = {
    "yes or no": "Write true or false without quotes.",
    "whole number": "Write a number without quotes.",
    "size": "Write a size such as 512m or 2GB.",
}


def _keys_in_words(schema: dict[str, Any]) -> str:
    return "Write one key per service below it." if "*" in schema else f"Its keys are {', '.join(schema)}."


def _unknown(key: str, path: tuple[str, ...], schema: dict[str, Any], where: str) -> Problem:
    """What to say about a key that has no meaning at ``path``: the key or the place that was probably meant."""
    at = ".".join(path) or "the top level"
    known = _OTHER_NAMES.get(key, key)
    if known in schema:
        return Problem(f"unknown key {key} in {at}", where, f"It is called {known} here.")
    places = [".".join(place) or "the top level" for place in _places(SCHEMA, known)]
    if places:
        block = " block" if key in ("services", "secrets", "task_definition", "run_params") else ""
        return Problem(f"{key} has no meaning in {at}", where, f"Move the{block or ' key'} to {places[0]}.")
    close = difflib.get_close_matches(key, schema, n=1)
    if close:
        return Problem(f"unknown key {key} in {at}", where, f"Did you mean {close[0]}?")
    anywhere = difflib.get_close_matches(key, {name for place in _all_keys(SCHEMA) for name in place[-1:]} - {"*"}, n=1)
    if anywhere:
        place = next(iter(_places(SCHEMA, anywhere[0])))
        return Problem(f"unknown key {key} in {at}", where, f"Did you mean {'.'.join((*place, anywhere[0]))}?")
    return Problem(f"unknown key {key} in {at}", where, f"Remove it; the keys here are {', '.join(schema)}.")


def _all_keys(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(schema, list):
        yield from _all_keys(schema[0], path)
    elif isinstance(schema, dict):
        for key, below in schema.items():
            yield (*path, key)
            yield from _all_keys(below, (*path, key))


def _places(schema: Any, key: str) -> Iterator[tuple[str, ...]]:
    """The paths below which ``key`` has a meaning (empty for the top level); ``*`` reads ``<service>``."""
    for path in _all_keys(schema):
        if path[-1] == key:
            yield tuple("<service>" if part == "*" else part for part in path[:-1])
