# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How two descriptions of one service become one: a second file over a first, a service over what it extends.

Version 3 and the Specification follow https://docs.docker.com/reference/compose-file/merge/. Version 1 and 2
follow libcompose, which appends lists and goes no deeper than one level, except where libcompose loses
something: it drops the whole base environment under a map, and appends to a command instead of replacing it.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.compose_schema import V1, V2, V3
from ansible_collections.redash.ecs.plugins.module_utils.core.env_files import GO_SPACE
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problems
from ansible_collections.redash.ecs.plugins.module_utils.core.units import float_text
from ansible_collections.redash.ecs.plugins.module_utils.core.yaml_tree import Map, Seq, is_reset, where_of

# The tag of a list of ports that was merged from several files.
MERGED = "merged"
REPLACED = frozenset(("command", "entrypoint"))
_NAMED = frozenset(("environment", "labels", "annotations", "sysctls"))
_TEXT_OR_LIST = frozenset(("dns", "dns_search", "env_file", "tmpfs"))
_DEPENDENCY = "service_started"


def scalar_text(value: Any, *, exponent: bool) -> str:
    """A scalar as text, as Go writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value, exponent=exponent)
    return "" if value is None else str(value)


def environment_entries(value: Any) -> list[str]:
    """``environment`` of version 1 and 2 as libcompose keeps it: ``NAME=value``, or ``NAME`` without a value."""
    if isinstance(value, Map):
        return [name if item is None else f"{name}={scalar_text(item, exponent=False)}" for name, item in value.items()]
    return list(value or [])


def environment_values(value: Any, *, exponent: bool) -> dict[str, str | None]:
    """Names and values (None without a value) of a map or a list of ``NAME=value``."""
    if isinstance(value, Map):
        return {name: None if item is None else scalar_text(item, exponent=exponent) for name, item in value.items()}
    values: dict[str, str | None] = {}
    for entry in value or []:
        name, equals, text = entry.partition("=")
        values[name] = text if equals else None
    return values


def override(base: Map, over: Map, version: str, problems: Problems) -> Map:
    """``over`` is the same service in a later file."""
    if version in (V1, V2):
        # libcompose has turned the first file's service into lists by now.
        return _merge_v2(_as_lists(base), over)
    merged = _merge(base, over, problems, ())
    if version == V3 and isinstance(base.get("ports"), Seq):
        # docker/cli orders them by host port as soon as a second file has the service, but not where only that file has ports.
        merged["ports"].tag = MERGED
    return merged


def extend(base: Map, service: Map, version: str, problems: Problems) -> Map:
    """``service`` extends ``base``."""
    merged = _merge_v2(base, service) if version in (V1, V2) else _merge(base, service, problems, ())
    merged.pop("extends", None)
    return merged


def without_resets(service: Map) -> Map:
    """The first file's service: there is nothing that its ``!reset`` could remove."""
    if not any(map(is_reset, service.values())):
        return service
    result = service.like()
    result.update({key: value for key, value in service.items() if not is_reset(value)})
    return result


def _copy(base: Map) -> Map:
    result = base.like()
    result.update(base)
    return result


def _as_lists(service: Map) -> Map:
    result = _copy(service)
    for key in _TEXT_OR_LIST & set(service):
        if isinstance(service[key], str):
            items = Seq(service.source, service.line)
            items.put(service[key], service.where(key))
            result[key] = items
    if isinstance(service.get("environment"), Map):
        entries = Seq(service.source, service.line)
        for entry in environment_entries(service["environment"]):
            entries.put(entry, service["environment"].where(entry.partition("=")[0]))
        result["environment"] = entries
    return result


def _merge_v2(base: Map, over: Map) -> Map:
    result = _copy(base)
    for key, value in over.items():
        before = result.get(key)
        where = over.where(key)
        if before is None or key in REPLACED:
            merged = value
        elif key == "environment":
            merged = _environment_v2(before, value)
        elif key == "labels":
            merged = _labels_v2(before)
            for name, label in _labels_v2(value).items():
                merged.put(name, label, where_of(value, where))
        elif isinstance(before, Seq) and isinstance(value, Seq):
            merged = _joined(before, value)
        elif isinstance(before, Map) and isinstance(value, Map):
            merged = _copy(before)
            for name, item in value.items():
                merged.put(name, item, value.where(name))
        else:
            merged = value
        result.put(key, merged, where)
    return result


def _joined(first: Seq, second: Seq) -> Seq:
    result = Seq(first.source, first.line)
    for part in (first, second):
        for index, item in enumerate(part):
            result.put(item, part.where(index))
    return result


def _environment_v2(before: Any, value: Any) -> Any:
    """Two lists are joined, as libcompose does; otherwise a later value replaces an earlier one of the same name."""
    if isinstance(before, Seq) and isinstance(value, Seq) and "env_file" not in (before.tag, value.tag):
        return _joined(before, value)
    if isinstance(before, Map) and isinstance(value, Map):
        result = _copy(before)
        for name, item in value.items():
            result.put(name, item, value.where(name))
        return result
    later = environment_entries(value)
    names = {entry.partition("=")[0] for entry in later}
    entries = Seq(where_of(value).rpartition(":")[0], getattr(value, "line", 1), tag="env_file")
    for entry in environment_entries(before):
        if entry.partition("=")[0] not in names:
            entries.put(entry, where_of(before))
    for entry in later:
        entries.put(entry, where_of(value))
    return entries


def _labels_v2(value: Any) -> Map:
    """Labels as a map. libcompose takes an entry of a list without ``=`` for a blank label, and refuses a map's entry without a value."""
    if isinstance(value, Map):
        return _copy(value)
    result = Map(value.source, value.line)
    for index, entry in enumerate(value):
        name, _equals, text = entry.strip(GO_SPACE).partition("=")
        result.put(name, text, value.where(index))
    return result


def _as_map(value: Any, *, exponent: bool) -> Map:
    if isinstance(value, Map):
        return _copy(value)
    source, line = (value.source, value.line) if isinstance(value, Seq) else ("", 1)
    result = Map(source, line)
    for name, item in environment_values(value, exponent=exponent).items():
        result.put(name, item, where_of(value))
    return result


def _dependencies(value: Any) -> Map:
    if isinstance(value, Map):
        return _copy(value)
    result = Map(value.source, value.line)
    for index, name in enumerate(value):
        entry = Map(value.source, value.line)
        entry.put("condition", _DEPENDENCY, value.where(index))
        result.put(str(name), entry, value.where(index))
    return result


def _merge(base: Map, over: Map, problems: Problems, path: tuple[str, ...]) -> Map:
    """The Specification's rules: maps are merged, lists joined, anything else replaced."""
    result = _copy(base)
    for key, value in over.items():
        where = over.where(key)
        before = result.get(key)
        if is_reset(value):
            result.pop(key, None)
            continue
        whole = (*path, key)
        replaced = getattr(value, "tag", "") == "!override" or whole == ("healthcheck", "test") or (not path and key in REPLACED)
        if before is None or replaced:
            merged = value
        elif not path and key in _NAMED and isinstance(value, Map | Seq) and isinstance(before, Map | Seq):
            merged = _as_map(before, exponent=True)
            names = _as_map(value, exponent=True)
            for name, item in names.items():
                merged.put(name, item, names.where(name))
        elif not path and key == "depends_on" and isinstance(value, Map | Seq) and isinstance(before, Map | Seq):
            merged = _merge(_dependencies(before), _dependencies(value), problems, (key,))
        elif not path and key == "logging" and isinstance(value, Map) and isinstance(before, Map) and _other_driver(before, value):
            merged = value
        elif isinstance(before, Map) and isinstance(value, Map):
            merged = _merge(before, value, problems, (*path, key))
        elif not path and key in _TEXT_OR_LIST:
            merged = _unique(_joined(_listed(base, key, before), _listed(over, key, value)), key)
        elif isinstance(before, Seq) and isinstance(value, Seq):
            merged = _unique(_joined(before, value), key if not path else "")
        else:
            merged = value
        result.put(key, merged, where)
    return result


def _other_driver(before: Map, value: Map) -> bool:
    return bool(before.get("driver")) and bool(value.get("driver")) and before["driver"] != value["driver"]


def _listed(service: Map, key: str, value: Any) -> Seq:
    if isinstance(value, Seq):
        return value
    result = Seq(service.source, service.line)
    result.put(value, service.where(key))
    return result


def _unique(items: Seq, key: str) -> Seq:
    """A later entry replaces an earlier one that is about the same thing, in its place."""
    result = Seq(items.source, items.line)
    positions: dict[Any, int] = {}
    for index, item in enumerate(items):
        identity = _identity(item, key)
        if identity in positions:
            result[positions[identity]] = item
            result.lines[positions[identity]] = items.where(index)
        else:
            positions[identity] = len(result)
            result.put(item, items.where(index))
    return result


def _identity(item: Any, key: str) -> Any:
    if key == "volumes":
        if isinstance(item, Map):
            return str(item.get("target"))
        parts = str(item).split(":")
        return parts[0] if len(parts) == 1 else parts[1]
    if key in ("secrets", "configs"):
        name = (item.get("target") or item.get("source")) if isinstance(item, Map) else item
        return str(name).removeprefix("/run/secrets/")
    return repr(item)
