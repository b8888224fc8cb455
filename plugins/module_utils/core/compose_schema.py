# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys a service may have in each version of the Compose format, and of which type.

Versions 1 and 2 are those of libcompose's schemas, version 3 that of schema 3.0, for these are what ecs-cli
accepts; the Compose Specification is https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems
from ansible_collections.redash.ecs.plugins.module_utils.core.yaml_tree import Map, Seq, is_reset, where_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


V1, V2, V3, SPECIFICATION = "1", "2", "3", ""

# What a person reads when the type is wrong.
_WORDS = {
    "any": "anything",
    "text": "text",
    "text or null": "text",
    "duration": "a duration",
    "yes or no": "true or false",
    "whole number": "a whole number",
    "number or text": "a number or text",
    "list of texts": "a list of texts",
    "text or list of texts": "text or a list of texts",
    "list or map": "a map of names and values, or a list of NAME=value",
    "list or map of scalars": "a map of names and values, or a list of NAME=value",
    "literal yes or no": "true or false",
    "ports": "a list of ports",
    "ulimits": "a map of names and limits",
    "list": "a list",
    "map": "a map",
    "text or map": "text or a map",
    "list of texts or map": "a list of texts or a map",
    "text or list": "text or a list",
}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _all_text(value: Any) -> bool:
    return isinstance(value, Seq) and all(map(_is_text, value))


def _is_ulimit(limit: Any) -> bool:
    return _is_whole(limit) or (isinstance(limit, Map) and set(limit) == {"soft", "hard"} and all(map(_is_whole, limit.values())))


def _is_ulimits(value: Any) -> bool:
    return isinstance(value, Map) and all(map(_is_ulimit, value.values()))


def _is_list_or_map(value: Any) -> bool:
    return _all_text(value) or (isinstance(value, Map) and all(v is None or _is_text(v) or _is_number(v) for v in value.values()))


# What the Compose Specification casts to a boolean where a text stands: https://docs.docker.com/reference/compose-file/fragments/
_TRUTHS = {"true": True, "y": True, "yes": True, "on": True, "false": False, "n": False, "no": False, "off": False}


def truth(value: Any) -> bool | None:
    """``value`` as a boolean, from a text such as ``"true"``, too; None when it is neither."""
    if isinstance(value, bool):
        return value
    return _TRUTHS.get(value.lower()) if isinstance(value, str) else None


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "any": lambda value: True,
    "text": _is_text,
    "text or null": lambda value: value is None or _is_text(value),
    "duration": _is_text,
    "yes or no": lambda value: isinstance(value, bool),
    "whole number": _is_whole,
    "number or text": lambda value: _is_number(value) or _is_text(value),
    "list of texts": _all_text,
    "text or list of texts": lambda value: _is_text(value) or _all_text(value),
    "list or map": _is_list_or_map,
    "list or map of scalars": lambda value: (
        _all_text(value) or (isinstance(value, Map) and not any(isinstance(item, Map | Seq) for item in value.values()))
    ),
    "literal yes or no": lambda value: truth(value) is not None,
    "ports": lambda value: isinstance(value, Seq) and all(_is_text(port) or _is_number(port) for port in value),
    "ulimits": _is_ulimits,
    "list": lambda value: isinstance(value, Seq),
    "map": lambda value: isinstance(value, Map),
    "text or map": lambda value: _is_text(value) or isinstance(value, Map),
    "list of texts or map": lambda value: _all_text(value) or isinstance(value, Map),
    "text or list": lambda value: _is_text(value) or isinstance(value, Seq),
}
# What one entry of a list, or one value of a map, has to be; where a file has another one, that entry is named.
_IN_LIST: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("list of texts", "text or list of texts", "list or map", "list or map of scalars", "list of texts or map"), _is_text),
    "ports": lambda port: _is_text(port) or _is_number(port),
}
_IN_MAP: dict[str, Callable[[Any], bool]] = {
    "list or map": lambda item: item is None or _is_text(item) or _is_number(item),
    "list or map of scalars": lambda item: not isinstance(item, Map | Seq),
    "ulimits": _is_ulimit,
}
_ENTRY_WORDS = {"ports": "[HOST:]CONTAINER", "list or map": "NAME=value", "list or map of scalars": "NAME=value"}
# Lists in which schemas 1 to 3 want each item once. A command may well repeat a word.
_UNIQUE = frozenset(("list of texts", "text or list of texts", "list or map", "ports"))

_COMMON = {
    "cap_add": "list of texts",
    "cap_drop": "list of texts",
    "cgroup_parent": "text",
    "command": "text or list of texts",
    "container_name": "text",
    "devices": "list of texts",
    "dns": "text or list of texts",
    "dns_search": "text or list of texts",
    "domainname": "text",
    "entrypoint": "text or list of texts",
    "env_file": "text or list of texts",
    "environment": "list or map",
    "expose": "ports",
    "external_links": "list of texts",
    "extra_hosts": "list or map",
    "hostname": "text",
    "image": "text",
    "ipc": "text",
    "labels": "list or map",
    "links": "list of texts",
    "mac_address": "text",
    "pid": "text or null",
    "ports": "ports",
    "privileged": "yes or no",
    "read_only": "yes or no",
    "restart": "text",
    "security_opt": "list of texts",
    "shm_size": "number or text",
    "stdin_open": "yes or no",
    "stop_signal": "text",
    "tty": "yes or no",
    "ulimits": "ulimits",
    "user": "text",
    "volumes": "list of texts",
    "working_dir": "text",
}
_COMMON_1_2 = {
    "cpu_quota": "number or text",
    "cpu_shares": "number or text",
    "cpuset": "text",
    "extends": "text or map",
    "mem_limit": "number or text",
    "mem_swappiness": "whole number",
    "memswap_limit": "number or text",
    "volume_driver": "text",
    "volumes_from": "list of texts",
}
_COMMON_2_3 = {
    "build": "text or map",
    "depends_on": "list of texts",
    "logging": "map",
    "network_mode": "text",
    "networks": "list of texts or map",
    "stop_grace_period": "duration",
    "tmpfs": "text or list of texts",
}

KEYS: dict[str, dict[str, str]] = {
    V1: {
        **_COMMON,
        **_COMMON_1_2,
        "build": "text",
        "dockerfile": "text",
        "log_driver": "text",
        "log_opt": "map",
        "net": "text",
    },
    V2: {
        **_COMMON,
        **_COMMON_1_2,
        **_COMMON_2_3,
        "dns_opt": "list of texts",
        "group_add": "list",
        "isolation": "text",
        "mem_reservation": "number or text",
        "oom_kill_disable": "yes or no",
        "oom_score_adj": "whole number",
    },
    V3: {
        **_COMMON,
        **_COMMON_2_3,
        "deploy": "map",
        "healthcheck": "map",
        "shm_size": "number or text",
        "sysctls": "list of texts",
        "userns_mode": "text",
    },
    SPECIFICATION: {
        **_COMMON,
        **_COMMON_1_2,
        **_COMMON_2_3,
        **dict.fromkeys(
            _words(
                "annotations attach blkio_config cgroup configs cpu_count cpu_percent cpu_period cpu_rt_period cpu_rt_runtime "
                "cpus credential_spec develop device_cgroup_rules dns_opt driver_opts gpus group_add isolation label_file "
                "models oom_kill_disable oom_score_adj pids_limit post_start pre_stop provider pull_policy runtime scale "
                "storage_opt use_api_socket userns_mode uts"
            ),
            "any",
        ),
        # Read with more shapes than the older schemas know; their readers check them.
        **dict.fromkeys(("command", "entrypoint", "healthcheck", "ulimits", "extra_hosts"), "any"),
        # The Specification reads any scalar as text here, and a text as the boolean that it spells there.
        **dict.fromkeys(("environment", "labels", "sysctls"), "list or map of scalars"),
        **dict.fromkeys(("init", "privileged", "read_only", "stdin_open", "tty"), "literal yes or no"),
        "depends_on": "list of texts or map",
        "deploy": "map",
        "devices": "list",
        "env_file": "text or list",
        "mem_reservation": "number or text",
        "platform": "text",
        "ports": "list",
        "profiles": "list of texts",
        "secrets": "list",
        "volumes": "list",
    },
}
KEYS[SPECIFICATION].pop("net", None)

# What ends up in a task definition. Other keys of KEYS are accepted without effect.
_EFFECTIVE = _words(
    "cap_add cap_drop command devices dns dns_search entrypoint env_file environment extra_hosts hostname image "
    "labels links logging ports privileged read_only security_opt stop_grace_period tmpfs tty ulimits user volumes "
    "working_dir"
)
EFFECTIVE: dict[str, frozenset[str]] = {
    V1: _EFFECTIVE | _words("cpu_shares extends log_driver log_opt mem_limit shm_size volumes_from"),
    V2: _EFFECTIVE | _words("cpu_shares extends mem_limit mem_reservation shm_size volumes_from"),
    V3: _EFFECTIVE | frozenset(("healthcheck",)),
    SPECIFICATION: _EFFECTIVE
    | _words(
        "cpu_shares cpus depends_on deploy extends healthcheck init mem_limit mem_reservation platform profiles secrets "
        "shm_size stdin_open sysctls volumes_from"
    ),
}

# https://docs.docker.com/reference/compose-file/legacy-versions/: ecs-cli calls these "forbidden properties" in version 3.
FORBIDDEN_IN_V3 = _words("cpu_quota cpu_shares cpuset extends mem_limit memswap_limit volume_driver volumes_from")

_SERVICE_NAME = re.compile(r"[a-zA-Z0-9._-]+", re.ASCII)
_MODERN = "Remove the version line: the file is then read as the current Compose Specification."


def check_services(services: Any, version: str, problems: Problems) -> None:
    """Check names, keys and types of all services of one file."""
    if services is None:
        return
    if not isinstance(services, Map):
        problems.add("services is not a map", where=where_of(services), todo="Write one key per service below it.")
        return
    for name, service in services.items():
        where = services.where(name)
        if not _SERVICE_NAME.fullmatch(name):
            problems.add(f"invalid service name {name!r}", where=where, todo="Use letters, digits, dots, dashes and underscores only.")
        elif not isinstance(service, Map):
            problems.add(f"service {name} is not a map", where=where, todo="Write its keys (image, command, ...) below it.")
        else:
            _check_service(name, service, version, problems)


def _check_service(name: str, service: Map, version: str, problems: Problems) -> None:
    if version != SPECIFICATION:
        _check_keys_are_text(name, service, problems)
    for key, value in service.items():
        where = service.where(key)
        kind = KEYS[version].get(key)
        if version == SPECIFICATION and is_reset(value):
            continue
        if kind is None:
            if version == SPECIFICATION and key.startswith("x-"):
                continue
            problems.found.append(Problem(f"service {name}: unknown key {key}", where, _what_to_do(key, version)))
        elif not _CHECKS[kind](value):
            wrong = _wrong_entries(key, value, kind, version)
            for what, place, todo in wrong or [(f"{key} is {_shown(value, key)}, not {_WORDS[kind]}", where, _quote_hint(value, kind))]:
                problems.add(f"service {name}: {what}", where=place, todo=todo)
        elif version != SPECIFICATION and kind in _UNIQUE and key not in ("command", "entrypoint") and isinstance(value, Seq):
            seen: set[str] = set()
            for index, item in enumerate(value):
                # JSON Schema's uniqueItems: the text "80" and the number 80 differ.
                if repr(item) in seen:
                    problems.add(f"service {name}: {key} has {item!r} twice", where=value.where(index), todo="Remove one of the two.")
                seen.add(repr(item))
    if version in (V1, V2) and "memswap_limit" in service and "mem_limit" not in service:
        problems.add(f"service {name}: memswap_limit without mem_limit", where=service.where("memswap_limit"), todo="Set mem_limit too.")


def _wrong_entries(key: str, value: Any, kind: str, version: str) -> list[tuple[str, str, str]]:
    """What is wrong, where and what to do, for each entry that has the wrong type; none where the value itself has."""
    found = []
    if isinstance(value, Seq) and kind in _IN_LIST:
        words = _ENTRY_WORDS.get(kind, "text")
        for index, item in enumerate(value):
            if not _IN_LIST[kind](item):
                what = f"entry {index + 1} of {key} is {_shown(item)}, not {words}"
                found.append((what, value.where(index), _entry_hint(key, item, kind, version)))
    elif isinstance(value, Map) and kind in _IN_MAP:
        words = "a whole number or {soft, hard}" if kind == "ulimits" else "text"
        for name, item in value.items():
            if not _IN_MAP[kind](item):
                todo = "Write nofile: {soft: 1024, hard: 2048}." if kind == "ulimits" else _text_hint(item)
                found.append((f"{name} of {key} is {_shown(item)}, not {words}", value.where(name), todo))
    return found


def _entry_hint(key: str, item: Any, kind: str, version: str) -> str:
    """What to write in the place of an entry. No value of a variable is repeated: it may be secret."""
    if kind in ("list or map", "list or map of scalars"):
        names = [str(item["name"])] if isinstance(item, Map) and "name" in item else list(item) if isinstance(item, Map) else []
        return f"Write {names[0]}: and its value without the dash, or - {names[0]}=value." if names else "Write NAME=value."
    short = _short_form(key, item) if isinstance(item, Map) else ""
    if short and version != SPECIFICATION:
        return f"Write {short}, or remove the version line: the file is then read as the current Compose Specification."
    return 'Write "5000:5000".' if kind == "ports" else _text_hint(item)


def _text_hint(item: Any) -> str:
    return f"Put {_shown(item)} in quotes." if isinstance(item, bool | int | float) else _quote_hint(item, "text")


def _short_form(key: str, item: Map) -> str:
    """A port, mount or env file of the Specification's long form, in the short one that all versions have."""
    if key == "ports" and "target" in item:
        published = f"{item['published']}:" if item.get("published") not in (None, "") else ""
        protocol = f"/{item['protocol']}" if item.get("protocol") not in (None, "", "tcp") else ""
        return f'"{published}{item["target"]}{protocol}"'
    if key == "volumes" and item.get("source") and item.get("target"):
        return f"{item['source']}:{item['target']}{':ro' if item.get('read_only') is True else ''}"
    return str(item["path"]) if key == "env_file" and item.get("path") else ""


def _check_keys_are_text(name: str, value: Any, problems: Problems) -> None:
    if isinstance(value, Map):
        for key, meaning in value.odd.items():
            if key in value:
                problems.add(
                    f"service {name}: the key {key} is read as {meaning!r} by YAML",
                    where=value.where(key),
                    todo=f'Write "{key}" in quotes.',
                )
        for item in value.values():
            _check_keys_are_text(name, item, problems)
    elif isinstance(value, Seq):
        for item in value:
            _check_keys_are_text(name, item, problems)


def _what_to_do(key: str, version: str) -> str:
    if version == V3 and key in (FORBIDDEN_IN_V3 | {"mem_reservation"}):
        return (
            f"Compose files of version 3 have no {key}; use the service's {_in_params(key)} in ecs-params.yml, or remove the version line."
        )
    if version != SPECIFICATION and (key in KEYS[SPECIFICATION] or key.startswith("x-")):
        return _MODERN
    close = difflib.get_close_matches(key, KEYS[version], n=1)
    return f"Did you mean {close[0]}?" if close else "Remove it."


def _in_params(key: str) -> str:
    return key if key in ("cpu_shares", "mem_limit", "mem_reservation") else "settings"


def _shown(value: Any, key: str = "") -> str:
    if value is None:
        return "empty"
    if key == "environment" and isinstance(value, str):
        return "text"  # which may hold a secret
    if isinstance(value, Map):
        return "a map"
    if isinstance(value, Seq):
        return "a list"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _quote_hint(value: Any, kind: str) -> str:
    if value is None:
        return "Give it a value or remove the key."
    if kind == "duration":
        return "Write its unit too, such as 30s."
    if ("text" in kind or kind == "list or map") and isinstance(value, bool | int | float):
        return "Put the value in quotes."
    return f"Write {_WORDS[kind]}."
