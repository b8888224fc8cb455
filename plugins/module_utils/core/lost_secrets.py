# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A secret that the store does not hold although the installation has it: where else its value is, or that it is lost.

A deleted parameter takes its history with it, and AWS shows nobody what a container was given. What can be found again:

    database_password   in the database URL, which holds it
    any other           in a container that got it as a plain variable, or from another place than the store
    anything deleted    in Secrets Manager, for as long as its recovery lasts (the store restores it by itself)

What is in none of these is asked for, never invented: a new value would pass for the old one and be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems
from ansible_collections.redash.ecs.plugins.module_utils.core.key_safety import InUse, gone
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import Secret, Stored

# Nothing but the creation of the first administrator ever reads it.
EXPENDABLE = ("admin_password",)
# Has rules of its own (key_safety.py).
KEY = "secret_key"

# What is lost with a new value, for those who would rather have one.
COSTS = {"cookie_secret": "then everybody logs in again"}


def variable(name: str) -> str:
    """The containers' variable of a secret: ``saml_key`` is ``REDASH_SAML_KEY``."""
    return f"REDASH_{name.upper()}"


def password_of(url: str | None) -> str | None:
    """The password in a database URL."""
    password = urlsplit(url or "").password
    return unquote(password) if password else None


@dataclass(frozen=True)
class _Held:
    """What one container has under a variable."""

    container: str
    value: str = ""
    reference: str = ""


def _held(containers: Iterable[Mapping[str, Any]], name: str) -> list[_Held]:
    found = []
    for container in containers:
        for item in container.get("environment") or []:
            if item["name"] == name and item.get("value"):
                found.append(_Held(container["name"], value=item["value"]))
        for item in container.get("secrets") or []:
            if item["name"] == name:
                found.append(_Held(container["name"], reference=item["valueFrom"]))
    return found


def find_again(
    wanted: Iterable[Secret],
    stored: Mapping[str, Stored],
    containers: Iterable[Mapping[str, Any]],
    *,
    ours: Callable[[str], str],
    read: Callable[[str], str | None],
    allow_change: Iterable[str],
) -> list[Secret]:
    """``wanted``, with the value of each missing secret that is found elsewhere.

    ``ours``  the name below the installation's prefix that a ``valueFrom`` leads to, "" for one that leads elsewhere
    ``read``  the value behind a ``valueFrom``, None when it is gone
    Raises RedashError with each secret that is lost, unless ``allow_change`` names it: then a new one may be made.
    """
    containers = list(containers)
    problems = Problems()
    result = []
    for secret in wanted:
        known = secret.name in stored or secret.value is not None or secret.compose is not None
        if known or secret.name == KEY:
            result.append(secret)
            continue
        found, lost = _found(secret.name, stored, containers, ours, read)
        if found is not None:
            result.append(replace(secret, value=found.value, origin=f"found in {found.where}"))
            continue
        if lost is not None and secret.name not in (*EXPENDABLE, *allow_change):
            problems.add(lost.what, where=lost.where, todo=lost.todo + _or_anew(secret.name))
        result.append(secret)
    problems.raise_if_any()
    return result


def _or_anew(name: str) -> str:
    return f" Or have a new one made, {COSTS[name]}: -e ssm_secrets_allow_change={name}" if name in COSTS else ""


def _found(
    name: str,
    stored: Mapping[str, Stored],
    containers: list[Mapping[str, Any]],
    ours: Callable[[str], str],
    read: Callable[[str], str | None],
) -> tuple[InUse | None, Problem | None]:
    """The value and where it is; else, for a secret that containers got from here, that it is lost."""
    of_password = name == "database_password"
    if of_password and (password := password_of(stored["database_url"].value if "database_url" in stored else None)):
        return InUse(password, "database_url"), None
    held = _held(containers, variable("database_url" if of_password else name))
    for one in held:
        value = one.value or (None if ours(one.reference) else read(one.reference))
        value = password_of(value) if of_password else value
        if value:
            return InUse(value, f"{variable('database_url' if of_password else name)} of the container {one.container}"), None
    for one in held:
        if ours(one.reference):
            problem = gone(variable("database_url" if of_password else name), one.reference, one.container)
            if of_password:
                return None, Problem(problem.what, problem.where, _OF_THE_DATABASE)
            return None, problem
    return None, None


_OF_THE_DATABASE = (
    "database_password is gone, too. Give the one that is between : and @ in the containers' REDASH_DATABASE_URL (ECS Exec, printenv) as"
    " redash_secrets.database_password; or set a new one on the cluster (aws rds modify-db-cluster) and give that."
)
