# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the encryption key that is about to be used is the one that the data is encrypted with.

Redash encrypts every data source's password with REDASH_SECRET_KEY, or with the cookie secret where there
is none. A database with the wrong key is lost without any error at the time, so every doubt stops the play.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

KEY, COOKIE = "REDASH_SECRET_KEY", "REDASH_COOKIE_SECRET"


class Way(Enum):
    KEEP = "use the stored key"
    STORE = "store the key that is given or in use"
    GENERATE = "make a key"
    ROTATE = "encrypt everything with a new key"
    STOP = "stop"


@dataclass(frozen=True)
class InUse:
    """The key of the containers as they run. ``where`` names the variable and the container."""

    value: str = field(repr=False)
    where: str


@dataclass(frozen=True)
class Decision:
    """What to do. ``value`` is the key to store (STORE) or to change to (ROTATE, None for a generated one)."""

    way: Way
    why: str = ""
    todo: str = ""
    value: str | None = field(default=None, repr=False)


def decide(action: str, *, given: str | None, stored: str | None, in_use: InUse | None, put_back: bool = False) -> Decision:
    """What happens to the key.

    ``action``  ``setup``, ``upgrade``, ``mail`` or ``rotate``
    ``given``   by a person: redash_secrets.secret_key, an env file that is adopted
    ``stored``  in the secret store
    ``in_use``  by the containers as they run (or ran last); None where none are known
    ``put_back``  a person asks for the key in use to be stored where the stored one differs
    """
    if in_use is not None and stored is not None and stored != in_use.value:
        if put_back and given in (None, in_use.value):
            return Decision(Way.STORE, f"put back from {in_use.where}", value=in_use.value)
        return Decision(
            Way.STOP,
            f"the stored secret_key is not the key in use ({in_use.where})",
            "The data is encrypted with the one in use; to store that one again: -e ssm_secrets_put_back=secret_key (site.yml).",
        )
    if action == "rotate":
        return _rotate(given, stored, in_use)
    known = stored if stored is not None else in_use.value if in_use is not None else None
    if given is not None and known is not None and given != known:
        where = "stored" if stored is not None else in_use.where if in_use is not None else ""
        return Decision(
            Way.STOP,
            f"the secret_key given differs from the one that encrypts the data ({where})",
            "Leave it out of redash_secrets to keep what is in use, or change it by rotate_secrets.yml.",
        )
    if stored is not None:
        return Decision(Way.KEEP)
    if in_use is not None:
        return Decision(Way.STORE, f"carried over from {in_use.where}", value=in_use.value)
    if action != "setup":
        return Decision(Way.STOP, "there is no installation: no key is stored or in use", "Run site.yml first.")
    if given is not None:
        return Decision(Way.STORE, "given", value=given)
    return Decision(Way.GENERATE)


def _rotate(given: str | None, stored: str | None, in_use: InUse | None) -> Decision:
    if stored is None and in_use is None:
        return Decision(Way.STOP, "there is no installation: no key is stored or in use", "Run site.yml first.")
    if stored is None:
        return Decision(
            Way.STOP,
            "the key in use is not in the store",
            "Run site.yml first: it carries the key over, so that the old one can't be lost.",
        )
    if given is not None and given == stored:
        return Decision(Way.STOP, "the secret_key given is the one in use", "Give another, or none to have one made.")
    return Decision(Way.ROTATE, value=given)


Read = Callable[[str, float | None], tuple[str, str] | None]


def key_in_use(containers: Iterable[Mapping[str, Any]], read: Read) -> InUse | None:
    """The key that the containers (of one or more task definitions) use.

    ``read`` is given a ``valueFrom`` and the container's ``deployedAt`` (seconds since the epoch, None where it starts anew
    each time). It returns the value that the container got and a word about it for people (or ""); None when it is gone.
    Containers that hold neither variable have no part in it (a sidecar). Raises RedashError when two differ or a value is gone.
    """
    found: list[InUse] = []
    for container in containers:
        environment = {item["name"]: item.get("value", "") for item in container.get("environment") or []}
        references = {item["name"]: item["valueFrom"] for item in container.get("secrets") or []}
        for variable in (KEY, COOKIE):
            where = f"{variable} of the container {container['name']}"
            if variable in references:
                got = read(references[variable], container.get("deployedAt"))
                if got is None:
                    raise RedashError(gone(variable, references[variable], container["name"]))
                value, word = got
                found.append(InUse(value, f"{where}, {word}" if word else where))
                break
            if environment.get(variable):
                found.append(InUse(environment[variable], where))
                break
    for other in found[1:]:
        if other.value != found[0].value:
            raise RedashError(
                Problem(
                    f"it is another key than {found[0].where}",
                    other.where,
                    "All containers, the task runner's too, need the same: find out which one decrypts the data sources, and give it as"
                    " redash_secrets.secret_key.",
                )
            )
    return found[0] if found else None


def gone(variable: str, reference: str, container: str) -> Problem:
    """A secret that containers refer to and that the store has lost, with the one place where it still is."""
    return Problem(
        f"its value, {reference}, is gone from the secret store",
        f"{variable} of the container {container}",
        "Containers that run still hold it: don't stop them. Read it"
        f" (aws ecs execute-command --interactive --command 'printenv {variable}', where ECS Exec is on) or find it in a backup,"
        f" and give it as redash_secrets.{variable.removeprefix('REDASH_').lower()}.",
    )
