# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Terraform plan in words: what it changes, what it must not, with secrets masked.

Reads the JSON of ``terraform show -json <plan>``, format version 1:
https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem

SECRET = "(secret)"  # noqa: S105 - what is shown instead of one
UNKNOWN = "(known after apply)"
# A policy document or a long list would fill the screen; its beginning says which one it is.
LONGEST_VALUE = 120

CUT_OFF = ("a creation that failed half-way (it is tainted)",)

# The module's output that needs every other resource (roles/terraform_apply/files/outputs.tf).
LAST_OUTPUT = "redash"

VERBS = {
    "create": "will be created",
    "update": "will be changed in place",
    "delete": "will be DESTROYED",
    "replace": "will be DESTROYED and made anew",
    "forget": "will no longer be managed; it stays as it is",
    "import": "exists already and will be taken over",
}


@dataclass(frozen=True)
class Change:
    """One resource that a plan changes.

    ``action``      create, update, delete, replace, forget or import
    ``attributes``  lines such as ``idle_timeout: 60 -> 120``, secrets masked; empty for a creation or a deletion
    ``forced_by``   attributes whose change makes a replacement necessary
    ``tainted``     its creation was begun and never ended
    ``undeletable`` AWS protects it against deletion, so that it can't be replaced
    """

    address: str
    type: str
    action: str
    attributes: tuple[str, ...] = ()
    forced_by: tuple[str, ...] = ()
    tainted: bool = False
    undeletable: bool = False

    @property
    def destroys(self) -> bool:
        return self.action in ("delete", "replace")

    def lines(self) -> Iterator[str]:
        forced = f" because of {', '.join(self.forced_by)}" if self.forced_by else ""
        yield f"{self.address} {VERBS[self.action]}{forced}"
        for attribute in self.attributes:
            yield f"    {attribute}"


@dataclass(frozen=True)
class Plan:
    """What a plan does. ``outputs`` are lines like those of a change's attributes.

    ``first`` no apply has ever come to its end: the output that is known last is not in the state yet.
    """

    changes: tuple[Change, ...]
    outputs: tuple[str, ...]
    first: bool = False

    @property
    def summary(self) -> str:
        """``3 to create, 1 to change``; every replacement counts as one to destroy and one to create."""
        counts = {
            "to create": sum(change.action in ("create", "replace") for change in self.changes),
            "to take over": sum(change.action == "import" for change in self.changes),
            "to change": sum(change.action == "update" for change in self.changes),
            "to destroy": sum(change.destroys for change in self.changes),
            "to forget": sum(change.action == "forget" for change in self.changes),
        }
        said = [f"{count} {what}" for what, count in counts.items() if count]
        if self.outputs and not said:
            return "only outputs change"
        return ", ".join(said) or "nothing to change"

    def without(self, addresses: Iterable[str]) -> Plan:
        """The plan as it would be if nothing happened to ``addresses``."""
        left_out = set(addresses)
        return replace(self, changes=tuple(change for change in self.changes if change.address not in left_out))

    def text(self) -> str:
        """The whole plan in words, for ``--diff``."""
        lines = [line for change in self.changes for line in change.lines()]
        if self.outputs:
            lines += ["outputs:", *(f"    {line}" for line in self.outputs)]
        return "".join(f"{line}\n" for line in [*lines, self.summary])


def read_plan(plan: Mapping[str, Any]) -> Plan:
    """The parsed JSON of ``terraform show -json`` as a Plan. Data sources that are only read are left out."""
    changes = tuple(change for entry in plan.get("resource_changes", []) if (change := _change(entry)))
    outputs = []
    for name, change in sorted(plan.get("output_changes", {}).items()):
        if change["actions"] != ["no-op"]:
            outputs += [f"{name}{line}" for line in _differences(change, ())]
    return Plan(changes, tuple(outputs), first="create" in plan.get("output_changes", {}).get(LAST_OUTPUT, {}).get("actions", ()))


def refused(plan: Plan, protected: Iterable[str], allowed: Iterable[str], half_made: Iterable[str] = ()) -> list[Problem]:
    """A problem for every protected resource that the plan destroys without leave.

    ``protected`` and ``allowed`` hold resource types (``aws_rds_cluster``) or addresses
    (``aws_rds_cluster.this``); ``all`` in ``allowed`` allows everything.

    A resource whose creation was cut off by a kill is tainted, and Terraform makes it anew. Before any apply has
    come to its end nothing was ever put into it, so that needs no leave: the next run converges. Nor does what
    ``half_made`` holds, of which the caller knows the same.
    """
    protected, allowed, half_made = set(protected), set(allowed), set(half_made)
    problems = []
    for change in plan.changes:
        names = {change.type, change.address, change.address.split("[")[0]}
        if change.tainted and (plan.first or names & half_made):
            continue
        if change.destroys and names & protected and not (names | {"all"}) & allowed:
            problems.append(
                Problem(
                    next(change.lines()) + ", and it is protected",
                    todo=f"Change what asks for it, or allow it: -e '{json.dumps({'redash_allow_replacement': [change.address]})}'.",
                )
            )
    return problems


def cut_off(plan: Plan) -> list[str]:
    """The addresses that Terraform would replace for nothing but a creation that was cut off, and that AWS would not delete.

    They are there, and what their creation left undone is a change like any other: ``terraform untaint`` is the way.
    """
    return [change.address for change in plan.changes if change.forced_by == CUT_OFF and change.undeletable]


def masked(value: Any, sensitive: Any) -> Any:
    """``value`` with every part replaced that ``sensitive`` marks: true, or the same structure with true inside."""
    if sensitive is True:
        return None if value is None else SECRET
    if isinstance(value, Mapping) and isinstance(sensitive, Mapping):
        return {key: masked(item, sensitive.get(key)) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str) and isinstance(sensitive, Sequence):
        marks = [*sensitive, *[None] * len(value)]
        return [masked(item, mark) for item, mark in zip(value, marks, strict=False)]
    return value


def _change(entry: Mapping[str, Any]) -> Change | None:
    change = entry["change"]
    actions = change["actions"]
    if entry.get("mode") == "data" or actions == ["read"]:
        return None
    if actions == ["no-op"]:
        if "importing" not in change:
            return None
        action = "import"
    elif len(actions) == 2:
        action = "replace"
    else:
        action = "import" if "importing" in change and actions == ["update"] else actions[0]
    shown = _differences(change, (), action == "replace") if action in ("update", "replace", "import") else []
    forced = tuple(sorted({_path(path) for path in change.get("replace_paths", [])}))
    tainted = action == "replace" and entry.get("action_reason") == "replace_because_tainted"
    if tainted and not forced:
        forced = CUT_OFF
    before = change.get("before") or {}
    return Change(
        entry["address"],
        entry["type"],
        action,
        tuple(line.removeprefix(".").removeprefix(": ") for line in shown),
        forced,
        tainted,
        bool(before.get("deletion_protection") or before.get("enable_deletion_protection")),
    )


def _differences(change: Mapping[str, Any], path: tuple[Any, ...], replaced: bool = False) -> list[str]:
    before = masked(change.get("before"), change.get("before_sensitive"))
    after = masked(_with_unknown(change.get("after"), change.get("after_unknown")), change.get("after_sensitive"))
    # Two different secrets look alike once masked: that they differ is said, how is not.
    hidden = before == after and change.get("before") != change.get("after")
    lines = list(_compare(before, after, path, replaced))
    return lines or ([f": {SECRET} changes"] if hidden else [])


def _with_unknown(value: Any, unknown: Any) -> Any:
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, Mapping):
        known = value if isinstance(value, Mapping) else {}
        return {key: _with_unknown(known.get(key), unknown.get(key)) for key in [*known, *(key for key in unknown if key not in known)]}
    if isinstance(unknown, Sequence) and not isinstance(unknown, str) and isinstance(value, Sequence):
        marks = [*unknown, *[None] * len(value)]
        return [_with_unknown(item, mark) for item, mark in zip(value, marks, strict=False)]
    return value


def _compare(before: Any, after: Any, path: tuple[Any, ...], replaced: bool) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _compare(before.get(key), after.get(key), (*path, key), replaced)
        return
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _compare(old, new, (*path, index), replaced)
        return
    # A computed attribute without a value before says nothing, whatever it will be.
    if before is None and after == UNKNOWN:
        return
    # What is made anew has all its computed attributes anew, and those that were nothing are nothing: that says nothing, either.
    if replaced and (after == UNKNOWN or (after is None and not before)):
        return
    yield f"{'.' if path and not isinstance(path[0], int) else ''}{_path(path)}: {_shown(before)} -> {_shown(after)}"


def _path(path: Iterable[Any]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _shown(value: Any) -> str:
    if value in (SECRET, UNKNOWN):
        return str(value)
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) and value and value.isprintable() else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
