# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Groups and users as somebody wants them, and as they are -> the management commands that bring it about.

Redash's commands can create groups and users, change a group's permissions and make somebody an
administrator. They can't delete a group, rename anything, or change whom a group holds; that is said, not
tried. Group names are not unique in Redash: ``groups create`` twice makes two, so what exists is compared first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.booleans import boolean
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problems
from ansible_collections.redash.ecs.plugins.module_utils.core.groups import ADMINISTRATORS, built_in_group
from ansible_collections.redash.ecs.plugins.module_utils.core.manage import is_reference

_GROUP_KEYS = {"name", "permissions"}
# Redash's permissions are lower-case words; a comma in one would be two of them (groups create --permissions a,b).
_PERMISSION = re.compile(r"[a-z][a-z0-9_]*")
_EMAIL = re.compile(r"[^@\s-][^@\s]*@[^@\s]+")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]|\$\{?[A-Za-z_]")
_TEXTS = ("name", "email", "password", "invited_by")
_LISTS = ("groups", "permissions")
_USER_KEYS = {"email", "name", "groups", "admin", "google", "password", "invited_by"}


@dataclass
class Plan:
    """``group_commands`` come first; ``user_commands`` name groups by id, so they are planned again after them.

    ``changes`` and ``impossible`` are lines for people.
    """

    group_commands: list[list[str]] = field(default_factory=list)
    user_commands: list[list[str]] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)


def plan(
    wanted_groups: Sequence[Mapping[str, Any]],
    wanted_users: Sequence[Mapping[str, Any]],
    groups: Sequence[Mapping[str, Any]],
    users: Sequence[Mapping[str, Any]],
    inviter: str = "",
    administrators: bool | str = True,
) -> Plan:
    """``groups`` and ``users`` are what ``groups list`` and ``users list`` say (manage.parse).

    ``inviter`` is the address in whose name people are invited who get neither a password nor Google.
    ``administrators`` is whether this may make somebody an administrator, or give a group what makes its members such.
    Raises RedashError with everything that is wrong with what is wanted.
    """
    problems = Problems()
    may_make_administrators = boolean(administrators, "access_administrators", problems)
    wanted_groups = _shaped(wanted_groups, "redash_groups", "group", "name and permissions", problems)
    shaped_users = _shaped(wanted_users, "redash_users", "user", "email, name and the rest", problems)
    wanted_users = [_with_switches(user, f"redash_users[{index}]", problems) for index, user in enumerate(shaped_users)]
    problems.raise_if_any()
    _check(wanted_groups, wanted_users, groups, inviter, problems)
    if not may_make_administrators:
        _check_powers(wanted_groups, wanted_users, groups, users)
    made = Plan()
    ids = {str(group["name"]): str(group["id"]) for group in groups}
    by_id = {str(group["id"]): group for group in groups}
    for wanted in wanted_groups:
        _plan_group(made, wanted, by_id.get(ids.get(str(wanted["name"]), "")))
    present = {str(user["email"]).lower(): user for user in users}
    for user in wanted_users:
        _plan_user(made, user, present.get(str(user["email"]).lower()), ids, inviter)
    return made


def _shaped(wanted: Any, where: str, what: str, has: str, problems: Problems) -> list[dict[str, Any]]:
    """``wanted`` as texts and lists of texts. A text where a list belongs is one with commas between, as Ansible's type ``list`` has it.

    A role's argument spec accepts such values and hands them on as they came.
    """
    if not isinstance(wanted, list | tuple):
        problems.add(f"a {type(wanted).__name__} is not a list", where=where, todo="Write one.")
        return []
    made = []
    for index, one in enumerate(wanted):
        place = f"{where}[{index}]"
        if not isinstance(one, Mapping):
            problems.add(f"a {type(one).__name__} is not a {what}", where=place, todo=f"Write {has}.")
        shaped = dict(one) if isinstance(one, Mapping) else {}
        for key in (key for key in _TEXTS if key in shaped):
            if _is_text(shaped[key]):
                shaped[key] = str(shaped[key])
            elif shaped[key] is not None:
                problems.add(f"a {type(shaped[key]).__name__} is not one text", where=f"{place}.{key}", todo="Write one.")
        for key in _LISTS:
            if shaped.get(key) is not None:
                shaped[key] = _listed(shaped[key], key, f"{place}.{key}", problems)
        made.append(shaped)
    return made


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _listed(value: Any, key: str, where: str, problems: Problems) -> list[str]:
    if isinstance(value, str):
        # An empty list of permissions takes all of them away; a text that was left empty does not ask for that.
        return [] if key == "groups" and not value.strip() else [one.strip() for one in value.split(",")]
    if not isinstance(value, list | tuple):
        problems.add(f"a {type(value).__name__} is not a list of texts", where=where, todo="Write one.")
        return []
    for one in value:
        if not _is_text(one):
            problems.add(f"it holds a {type(one).__name__}", where=where, todo="Write texts.")
    return [str(one) for one in value]


def _with_switches(user: Mapping[str, Any], where: str, problems: Problems) -> dict[str, Any]:
    switches = {name: boolean(user[name], f"{where}.{name}", problems) for name in ("admin", "google") if user.get(name) is not None}
    return {**user, **switches}


def _check_name(what: str, name: Any, where: str, problems: Problems) -> None:
    """A name becomes a word of a command: not an option of it, no second line of its output, no reference to a secret."""
    text = str(name)
    if text.startswith("-"):
        problems.add(f"{what} {text!r} begins with -, and Redash would take it for an option", where=where, todo="Correct it.")
    elif text != text.strip() or _UNSAFE.search(text):
        problems.add(
            f"{what} {text!r} has a blank at an end, a control character or a reference such as $NAME", where=where, todo="Correct it."
        )


def _is_id(name: str) -> bool:
    """Whether Redash would read ``name`` as a group's id: ``01``, ``+1`` and digits of other scripts are numbers, too."""
    try:
        int(name)
    except ValueError:
        return False
    return True


def _check_new_name(name: str, where: str, problems: Problems) -> None:
    """``--groups`` takes ids with commas between, and ``users list`` parts names by commas: no name of a group may look like either."""
    if "," in name or _is_id(name):
        problems.add(
            f"group {name!r} would be read as {'several groups' if ',' in name else 'the id of another group'}",
            where=where,
            todo="Give a name without commas that is no number.",
        )


def _check_duplicates(wanted: Iterable[tuple[str, str]], groups: Sequence[Mapping[str, Any]], problems: Problems) -> None:
    """``groups create`` takes a name twice, and the inventory's name would then stand for either group."""
    ids: dict[str, list[str]] = {}
    for group in sorted(groups, key=lambda one: int(one["id"])):
        ids.setdefault(str(group["name"]), []).append(str(group["id"]))
    for where, name in wanted:
        if len(ids.get(name, [])) > 1:
            problems.add(
                f"group {name} exists more than once (ids {', '.join(ids[name])})",
                where=where,
                todo="Rename or delete all but one on Redash's Groups page.",
            )


def _check(
    wanted_groups: Sequence[Mapping[str, Any]],
    wanted_users: Sequence[Mapping[str, Any]],
    groups: Sequence[Mapping[str, Any]],
    inviter: str,
    problems: Problems,
) -> None:
    existing = {str(group["name"]) for group in groups}
    named = [(f"redash_groups[{index}]", str(group.get("name"))) for index, group in enumerate(wanted_groups)]
    for index, user in enumerate(wanted_users):
        of_user = [*(user.get("groups") or []), *(["admin"] if user.get("admin") is not None else [])]
        named += [(f"redash_users[{index}]", str(name)) for name in dict.fromkeys(of_user)]
    _check_duplicates(named, groups, problems)
    known = {str(group["name"]) for group in groups} | {str(group.get("name")) for group in wanted_groups}
    seen: set[str] = set()
    for index, group in enumerate(wanted_groups):
        where = f"redash_groups[{index}]"
        if not group.get("name"):
            problems.add("a group without a name", where=where, todo="Give it one.")
        elif group["name"] in seen:
            problems.add(f"group {group['name']} stands twice", where=where, todo="Keep one.")
        seen.add(str(group.get("name")))
        if group.get("name"):
            _check_name("group", group["name"], where, problems)
            if str(group["name"]) not in existing:
                _check_new_name(str(group["name"]), where, problems)
            _check_built_in(group, where, str(group["name"]) in existing, problems)
        for permission in group.get("permissions") or []:
            if not _PERMISSION.fullmatch(str(permission)):
                problems.add(f"{permission!r} is not a permission", where=where, todo="Write one such as view_query for each.")
        for key in sorted(set(group) - _GROUP_KEYS):
            problems.add(f"{key} is nothing that a group has", where=where, todo=f"It has {', '.join(sorted(_GROUP_KEYS))}.")
    emails: set[str] = set()
    for index, user in enumerate(wanted_users):
        where = f"redash_users[{index}]"
        email = str(user.get("email") or "").lower()
        if not _EMAIL.fullmatch(email):
            problems.add(f"{user.get('email')!r} is no mail address", where=where, todo="Give email.")
        elif email in emails:
            problems.add(f"{email} stands twice", where=where, todo="Keep one.")
        emails.add(email)
        _check_name("mail address", user.get("email") or "", where, problems)
        for what, key in (("name", "name"), ("inviter", "invited_by")):
            if user.get(key):
                _check_name(what, user[key], where, problems)
        for key in sorted(set(user) - _USER_KEYS):
            problems.add(f"{key} is nothing that a user has", where=where, todo=f"It has {', '.join(sorted(_USER_KEYS))}.")
        for name in user.get("groups") or []:
            if name not in known:
                problems.add(f"there is no group {name}", where=where, todo="Add it to redash_groups, or correct the name.")
        if user.get("password") and not is_reference(str(user["password"])):
            problems.add(
                f"the password of {email} is given in plain text",
                where=where,
                todo="Name a secret that the task runner carries: $NAME. Or leave it out: then the person is invited by mail.",
            )
        if not (user.get("password") or user.get("google") or user.get("invited_by") or inviter):
            problems.add(
                f"nobody invites {email or 'this user'}",
                where=where,
                todo="Give password, google or invited_by, or set redash_admin.email.",
            )
    if inviter:
        _check_name("inviter", inviter, "redash_admin.email", problems)
    problems.raise_if_any()


def _check_built_in(group: Mapping[str, Any], where: str, exists: bool, problems: Problems) -> None:
    name = str(group["name"])
    if built_in_group(name) and not exists:
        problems.add(f"{name} is the name of a group that Redash makes itself", where=where, todo="Give another name.")
    gone = sorted(ADMINISTRATORS - set(map(str, group.get("permissions") or [])))
    if name == "admin" and exists and group.get("permissions") is not None and gone:
        problems.add(
            f"group admin would lose {', '.join(gone)}, and with it every administrator",
            where=where,
            todo="Leave its permissions out, or make a group of another name.",
        )


def _check_powers(
    wanted_groups: Sequence[Mapping[str, Any]],
    wanted_users: Sequence[Mapping[str, Any]],
    groups: Sequence[Mapping[str, Any]],
    users: Sequence[Mapping[str, Any]],
) -> None:
    """Refuse whatever would make an administrator of somebody who is none yet, or take an administrator's rights away."""
    problems = Problems()
    todo = "Somebody who may do that runs access.yml."
    powers: dict[str, set[str]] = {}
    for group in groups:  # names are not unique: what one of them can, the name can
        powers.setdefault(str(group["name"]), set()).update(set(map(str, group.get("permissions") or [])) & ADMINISTRATORS)
    held = {str(user["email"]).lower(): {str(name) for name in user.get("groups") or []} for user in users}
    for index, group in enumerate(wanted_groups):
        name = str(group["name"])
        given = set(map(str, group.get("permissions") or [])) & ADMINISTRATORS
        new = given - powers.get(name, set())
        gone = powers.get(name, set()) - given if group.get("permissions") is not None else set()
        if gone:
            problems.add(
                f"{', '.join(sorted(gone))} would be taken from the administrators in {name}", where=f"redash_groups[{index}]", todo=todo
            )
        powers[name] = powers.get(name, set()) | new
        if new:
            problems.add(f"{', '.join(sorted(new))} would make administrators of {name}", where=f"redash_groups[{index}]", todo=todo)
    for index, user in enumerate(wanted_users):
        where, email = f"redash_users[{index}]", str(user["email"])
        has = held.get(email.lower())
        if user.get("admin") and "admin" not in (has or set()):
            problems.add(f"{email} would become an administrator", where=where, todo=todo)
        for name in user.get("groups") or []:
            if has is None and powers.get(str(name)):
                problems.add(f"{email} would become an administrator by group {name}", where=where, todo=todo)
    problems.raise_if_any()


def _plan_group(made: Plan, wanted: Mapping[str, Any], present: Mapping[str, Any] | None) -> None:
    name = str(wanted["name"])
    permissions = wanted.get("permissions")
    listed = ",".join(str(one) for one in permissions or [])
    if present is None:
        made.group_commands.append(["groups", "create", name, *(["--permissions", listed] if permissions is not None else [])])
        made.changes.append(f"create group {name}" + (f" with {listed or 'no permission'}" if permissions is not None else ""))
    # Without --permissions, change_permissions would reset them to Redash's own.
    elif permissions is not None and set(map(str, permissions)) != set(map(str, present.get("permissions") or [])):
        made.group_commands.append(["groups", "change_permissions", str(present["id"]), "--permissions", listed])
        gone = sorted(set(map(str, present.get("permissions") or [])) - set(map(str, permissions)))
        new = sorted(set(map(str, permissions)) - set(map(str, present.get("permissions") or [])))
        made.changes.append(f"group {name}: " + ", ".join([*(f"+{one}" for one in new), *(f"-{one}" for one in gone)]))


def _plan_user(made: Plan, wanted: Mapping[str, Any], present: Mapping[str, Any] | None, ids: Mapping[str, str], inviter: str) -> None:
    email = str(wanted["email"])
    groups = [str(name) for name in wanted.get("groups") or []]
    if present is not None:
        held = {str(name) for name in present.get("groups") or []}
        if wanted.get("admin") and "admin" not in held:
            made.user_commands.append(["users", "grant_admin", str(present["email"])])
            made.changes.append(f"make {email} an administrator")
        if wanted.get("admin") is False and "admin" in held:
            made.impossible.append(f"{email} is an administrator: Redash has no command to take that away, use its Users page")
        if wanted.get("groups") is not None:
            missing = sorted(set(groups) - held)
            # `admin` comes with admin: true, everybody else is in `default` or not as it was when they came.
            more = sorted(held - set(groups) - {"admin"})
            if missing or more:
                change = ", ".join([*(f"+{name}" for name in missing), *(f"-{name}" for name in more)])
                made.impossible.append(f"{email}, groups {change}: Redash has no command to change members, use its Groups page")
        if wanted.get("name") and wanted["name"] != present.get("name"):
            made.impossible.append(f"{email} is called {present.get('name')}: Redash has no command to rename, use its Users page")
        return
    # A group that is still to be made has no id yet; its name stands for it until then.
    listed = "".join(f"{ids.get(name, name)}," for name in groups)
    where = ["--groups", listed] if groups else []
    name = str(wanted.get("name") or email.partition("@")[0])
    if wanted.get("password") or wanted.get("google"):
        how = ["--google"] if wanted.get("google") else ["--password", str(wanted["password"])]
        made.user_commands.append(["users", "create", email, name, *how, *(["--admin"] if wanted.get("admin") else []), *where])
        made.changes.append(f"create user {email}" + (f" in {', '.join(groups)}" if groups else ""))
    else:
        by = str(wanted.get("invited_by") or inviter)
        admin = ["--admin", "true"] if wanted.get("admin") else []
        made.user_commands.append(["users", "invite", email, name, by, *admin, *where])
        made.changes.append(f"invite {email}" + (f" to {', '.join(groups)}" if groups else ""))
