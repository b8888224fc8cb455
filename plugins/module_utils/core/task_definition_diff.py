# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether two task definitions are the same, and if not, what differs, in words.

``canonical`` brings a RegisterTaskDefinition request and what DescribeTaskDefinition returns for it to the same
form: ECS's own fields and defaults are left out, sizes are numbers, lists without an order are sorted.
"""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.fargate import parse_cpu, parse_memory
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import HIDDEN, is_secret_name, mask, mask_arguments, mask_value


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What ECS adds to a registered revision.
_OF_ECS = _words(
    "taskDefinitionArn revision status requiresAttributes compatibilities registeredAt registeredBy deregisteredAt deleteRequestedAt"
)
# Lists whose order means nothing, and what their entries are told apart by. Entries with the same key keep
# their order, because the last of two variables of one name counts.
_UNORDERED: dict[str, tuple[str, ...]] = {
    "containerDefinitions": ("name",),
    "environment": ("name",),
    "secrets": ("name",),
    "secretOptions": ("name",),
    "ulimits": ("name",),
    "volumes": ("name",),
    "tags": ("key",),
    "mountPoints": ("containerPath",),
    "portMappings": ("containerPort", "hostPort", "protocol", "name", "containerPortRange"),
    "volumesFrom": ("sourceContainer",),
    "dependsOn": ("containerName",),
    "extraHosts": ("hostname",),
    "systemControls": ("namespace",),
    "resourceRequirements": ("type",),
    "inferenceAccelerators": ("deviceName",),
    "placementConstraints": ("type", "expression"),
    "devices": ("hostPath", "containerPath"),
    "tmpfs": ("containerPath",),
    "properties": ("name",),
}
# Lists of plain values whose order means nothing.
_SETS = frozenset(("requiresCompatibilities", "add", "drop", "permissions", "links", "dockerSecurityOptions"))
# Maps of a person's own names: nothing in them is a default of ECS.
_FREE = frozenset(("options", "dockerLabels", "driverOpts", "labels"))
_HEALTH_CHECK = {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}
# Values that mean the same as nothing, wherever they stand.
_FALSE_BY_DEFAULT = _words(
    "privileged pseudoTerminal readonlyRootFilesystem interactive disableNetworking readOnly initProcessEnabled "
    "autoprovision enableFaultInjection"
)
_EMPTY_BY_DEFAULT = _words("taskRoleArn executionRoleArn pidMode ipcMode cpu memory networkMode hostname user workingDirectory")


def canonical(task_definition: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical form of a request or of what ECS returned; canonical forms are equal when both mean the same.

    One thing needs both sides: a role may be given by name and comes back as an ARN. ``differences`` knows it.
    """
    result = {key: value for key, value in task_definition.items() if key not in _OF_ECS}
    for key, parse in (("cpu", parse_cpu), ("memory", parse_memory)):
        if result.get(key) not in (None, ""):
            with contextlib.suppress(RedashError):
                result[key] = parse(result[key])
    network_mode = result.get("networkMode") or "bridge"
    result["containerDefinitions"] = [_container(container, network_mode) for container in result.get("containerDefinitions") or ()]
    result["volumes"] = [_volume(volume) for volume in result.get("volumes") or ()]
    if result.get("networkMode") == "bridge":
        del result["networkMode"]
    platform = result.get("runtimePlatform")
    if platform:
        platform = {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX", **platform}
        result["runtimePlatform"] = {} if platform == {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"} else platform
    return _pruned(result)


def _container(container: Mapping[str, Any], network_mode: str) -> dict[str, Any]:
    result = dict(container)
    result.setdefault("essential", True)
    if result.get("cpu") == 0:
        del result["cpu"]
    if result.get("versionConsistency") == "enabled":
        del result["versionConsistency"]
    ports = []
    for port in result.get("portMappings") or ():
        port = {"protocol": "tcp", **{key: value for key, value in port.items() if value is not None}}
        if "containerPort" in port:
            same_port = network_mode in ("awsvpc", "host")
            port["hostPort"] = port.get("hostPort") or (port["containerPort"] if same_port else 0)
        ports.append(port)
    result["portMappings"] = ports
    result["environment"] = [{"value": "", **entry} for entry in result.get("environment") or ()]
    if result.get("healthCheck"):
        check = {**_HEALTH_CHECK, **{key: value for key, value in result["healthCheck"].items() if value is not None}}
        result["healthCheck"] = check
    restart = result.get("restartPolicy")
    if restart and not restart.get("enabled"):
        del result["restartPolicy"]
    return result


def _volume(volume: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(volume)
    efs = result.get("efsVolumeConfiguration")
    if efs:
        efs = {
            "rootDirectory": "/",
            "transitEncryption": "DISABLED",
            **{key: value for key, value in efs.items() if value not in (None, "")},
        }
        authorization = {key: value for key, value in (efs.get("authorizationConfig") or {}).items() if (key, value) != ("iam", "DISABLED")}
        result["efsVolumeConfiguration"] = {**efs, "authorizationConfig": authorization}
    docker = result.get("dockerVolumeConfiguration")
    if docker is not None:
        result["dockerVolumeConfiguration"] = {"scope": "task", "driver": "local", **{k: v for k, v in docker.items() if v is not None}}
    host = result.get("host")
    if host is not None and not host.get("sourcePath"):
        del result["host"]
    return result


def _pruned(value: Any, key: str = "") -> Any:
    """A copy without empty values and defaults, with lists that have no order sorted."""
    if isinstance(value, Mapping):
        if key in _FREE:
            return dict(sorted(value.items()))
        result = {}
        for name, item in sorted(value.items()):
            item = _pruned(item, name)
            if item is None or (isinstance(item, dict | list) and not item):
                continue
            if (name in _FALSE_BY_DEFAULT and item is False) or (name in _EMPTY_BY_DEFAULT and item == ""):
                continue
            result[name] = item
        return result
    if isinstance(value, list | tuple):
        items = [_pruned(item) for item in value]
        if key in _SETS:
            return sorted(items, key=str)
        if key in _UNORDERED and all(isinstance(item, dict) for item in items):
            names = _UNORDERED[key]
            # Whole entries decide between entries that a name doesn't tell apart, except variables: there the last one counts.
            return sorted(
                items, key=lambda item: ([str(item.get(name, "")) for name in names], "" if key == "environment" else _json(item))
            )
        return items
    return value


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


# ---- differences -------------------------------------------------------------------------------------

# The name below which each entry of a list is shown.
_ENTRY_NAMES = {**{key: names[0] for key, names in _UNORDERED.items()}, "containerDefinitions": "name"}
_VALUE_OF = {"environment": "value", "secrets": "valueFrom", "secretOptions": "valueFrom", "tags": "value"}
_WORDS = {
    "containerDefinitions": "",
    "environment": "",
    "secrets": "secret",
    "secretOptions": "logging secret",
    "portMappings": "port",
    "mountPoints": "mount",
    "dependsOn": "depends on",
    "logConfiguration": "logging",
    "dockerLabels": "label",
    "linuxParameters": "",
    "entryPoint": "entrypoint",
    "tags": "tag",
    "volumes": "volume",
    "healthCheck": "health check",
}
Path = tuple[str, ...]


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[str]:
    """What changes from ``before`` to ``after``, one line each: ``server: REDASH_WEB_WORKERS 4 -> 2``.

    Empty when both mean the same. ``before`` is None when there is nothing registered yet. Values that look
    secret are hidden.
    """
    new = canonical(after)
    if before is None:
        names = [container.get("name", "?") for container in new.get("containerDefinitions", [])]
        return [f"task: new, with {', '.join(names)}"]
    old = _aligned(canonical(before), new)
    old_leaves, new_leaves = dict(_leaves(old)), dict(_leaves(new))
    lines = []
    gone = _whole(old, new)
    come = _whole(new, old)
    lines += [f"{name}: container removed" for name in gone]
    lines += [f"{name}: container added" for name in come]
    for path in [*new_leaves, *(path for path in old_leaves if path not in new_leaves)]:
        if path[0] == "containerDefinitions" and path[1] in (*gone, *come):
            continue
        if old_leaves.get(path) != new_leaves.get(path):
            lines.append(_line(path, old_leaves.get(path), new_leaves.get(path)))
    return lines


def _whole(some: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Names of containers that only ``some`` has."""
    names = {str(container.get("name", "?")) for container in other.get("containerDefinitions", [])}
    return [name for container in some.get("containerDefinitions", []) if (name := str(container.get("name", "?"))) not in names]


def _aligned(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """``old`` with a role's ARN replaced by the bare name that ``new`` gives for the same role, or the other way round."""
    result = dict(old)
    for key in ("executionRoleArn", "taskRoleArn"):
        a, b = str(old.get(key, "")), str(new.get(key, ""))
        if a and b and a != b and (_is_name_of(a, b) or _is_name_of(b, a)):
            result[key] = b
    return result


def _is_name_of(name: str, arn: str) -> bool:
    return (
        not name.startswith("arn:") and arn.startswith("arn:") and arn.partition(":role/")[2].rpartition("/")[2] == name.rpartition("/")[2]
    )


def _leaves(value: Any, path: Path = (), key: str = "") -> Iterator[tuple[Path, Any]]:
    """Every value of a canonical form with its path; entries of lists go by their names."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _leaves(item, (*path, name), name)
    elif isinstance(value, list) and key in _ENTRY_NAMES and all(isinstance(item, Mapping) for item in value):
        seen: dict[str, int] = {}
        for item in value:
            name = str(item.get(_ENTRY_NAMES[key], "?"))
            seen[name] = seen.get(name, 0) + 1
            label = name if seen[name] == 1 else f"{name} #{seen[name]}"
            if key in _VALUE_OF and set(item) <= {_ENTRY_NAMES[key], _VALUE_OF[key]}:
                yield (*path, label), item.get(_VALUE_OF[key], "")
            elif key == "containerDefinitions" or set(item) == {_ENTRY_NAMES[key]}:
                yield from _leaves(item, (*path, label), key if key != "containerDefinitions" else "")
            else:
                yield from _leaves({k: v for k, v in item.items() if k != _ENTRY_NAMES[key]}, (*path, label))
    elif path:
        yield path, value


def _line(path: Path, old: Any, new: Any) -> str:
    if path[0] == "containerDefinitions":
        scope, rest = path[1], path[2:]
    else:
        scope, rest = "task", path
    subject = " ".join(word for word in (_WORDS.get(part, part) for part in rest) if word)
    hidden = _is_secret(path, old) or _is_secret(path, new)
    if old is None:
        return f"{scope}: {subject} {_shown(new, hidden)} added"
    if new is None:
        return f"{scope}: {subject} removed (was {_shown(old, hidden)})"
    if hidden:
        return f"{scope}: {subject} changed (values hidden)"
    before, after = _shown(old, False), _shown(new, False)
    if before == after:
        before, after = _json(old), _json(new)
    return f"{scope}: {subject} {before} -> {after}"


def _is_secret(path: Path, value: Any) -> bool:
    named = any(part in ("environment", "options", "dockerLabels", "driverOpts", "labels") for part in path[:-1]) and bool(
        is_secret_name(path[-1])
    )
    return named or (isinstance(value, str) and mask(value) != value) or (isinstance(value, list) and _masked_list(value) != value)


def _shown(value: Any, hidden: bool) -> str:
    if hidden:
        return HIDDEN
    if isinstance(value, str):
        return value if value and value == " ".join(value.split()) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return shlex.join(value)
    return _json(value)


def masked(task_definition: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which values that look secret are hidden, for results and diffs."""
    return _masked(task_definition, "")


def _masked(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        if key in _FREE:
            return {name: HIDDEN if is_secret_name(str(name)) and item else _masked(item, "") for name, item in value.items()}
        return {name: _masked(item, name) for name, item in value.items()}
    if isinstance(value, list | tuple):
        if key == "environment":
            return [_masked_variable(entry) for entry in value]
        return _masked_list(value)
    if isinstance(value, str):
        return mask(value)
    return value


def _masked_list(values: Sequence[Any]) -> list[Any]:
    if all(isinstance(value, str) for value in values):
        return mask_arguments(values)
    return [_masked(value, "") for value in values]


def _masked_variable(entry: Mapping[str, Any]) -> dict[str, Any]:
    if entry.get("value"):
        return {**entry, "value": mask_value(str(entry.get("name", "")), str(entry["value"]))}
    return dict(entry)
