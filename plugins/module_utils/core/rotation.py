# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rotating a secret: which step comes next, derived from what there is.

The new value lies beside the old one as ``<name>_next`` until it is in use and proven. So what is in the
store and in the database tells how far an interrupted rotation came, and no record of it is kept:

    no _next               nothing has begun
    _next, another value   it is made; for secret_key the database may be encrypted with either
    _next, the same value  it is the secret now; what runs may still hold the old one
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

What = Literal["cookie_secret", "secret_key", "database_password", "redis_token"]
# How far the store says it is: nothing has begun; the new value lies beside the old one; it is the secret.
State = Literal["untouched", "made", "adopted"]
Step = Literal["make", "look", "stop", "reencrypt", "adopt", "accept", "deploy", "prove", "refuse", "retire", "end"]

WHAT: tuple[What, ...] = get_args(What)
STEPS: tuple[Step, ...] = ("make", "look", "stop", "reencrypt", "adopt", "accept", "deploy", "prove", "refuse", "retire")
# Where there is no secret_key, the cookie secret encrypts the data: these two are rotated under the key's own rules.
OF_THE_KEYS: tuple[What, ...] = ("cookie_secret", "secret_key")
# What a run remembers only for itself: a rerun does these again, which changes nothing that is right.
OF_THIS_RUN = frozenset({"stop", "reencrypt", "accept", "deploy", "prove", "refuse", "retire"})

WHY: dict[Step, str] = {
    "make": "a new value is made beside the old one",
    "look": "the database is read: which key encrypts what",
    "stop": "every service is stopped, so that nothing is written with the old key",
    "reencrypt": "the database is encrypted with the new key",
    "adopt": "the new value becomes the secret; the old one stays in its history",
    "accept": "Redis accepts the new token beside the old one",
    "deploy": "everything is deployed with it",
    "prove": "a task with it reads the database and decrypts",
    "refuse": "Redis accepts the old token no longer",
    "retire": "the copy beside it is removed",
    "end": "nothing is left to do",
}


@dataclass(frozen=True)
class Rows:
    """How many encrypted rows each key opens, and the names of those that neither does."""

    old: int
    new: int
    neither: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observed:
    """What there is.

    ``made``     ``<name>_next`` exists
    ``adopted``  and its value is the secret's
    ``rows``     of the database; None where it was not read since it was last changed
    ``done``     the steps that this run has done
    """

    what: What
    made: bool
    adopted: bool
    rows: Rows | None = None
    done: frozenset[str] = frozenset()

    @property
    def state(self) -> State:
        return "adopted" if self.adopted else "made" if self.made else "untouched"


def why(observed: Observed, step: Step) -> str:
    """What ``step`` does, with what the database was seen to hold: ``... (encrypted rows: 2 with the old key, 1 with the new one)``."""
    rows = observed.rows
    if rows is None or step in ("look", "end"):
        return WHY[step]
    # Once it is adopted there is one key, and it is what the containers have.
    named = [(rows.old + rows.new, "the key in use")] if observed.adopted else [(rows.old, "the old key"), (rows.new, "the new one")]
    counts = [f"{count} with {key}" for count, key in named if count] + ([f"{len(rows.neither)} with neither"] if rows.neither else [])
    return f"{WHY[step]} (encrypted rows: {', '.join(counts) or 'none'})"


def next_step(observed: Observed) -> Step:
    """The next step. Raises RedashError where going on could lose something."""
    done = observed.done
    if not observed.made:
        return "end" if "retire" in done else _before_anything(observed)
    if not observed.adopted:
        return _before_adoption(observed)
    if observed.what == "redis_token" and "accept" not in done:
        return "accept"
    if "deploy" not in done:
        return "deploy"
    if "prove" not in done or observed.rows is None:
        return "prove"
    if observed.what == "secret_key":  # another secret's rotation has no part in a row that was unreadable before
        _refuse_unreadable(observed.rows)
    if observed.what == "redis_token" and "refuse" not in done:
        return "refuse"
    return "retire"


def _before_anything(observed: Observed) -> Step:
    """A key that can't be rotated is refused here: once the new one lies beside it, every other playbook stops."""
    if observed.what != "secret_key":
        return "make"
    if observed.rows is None:
        return "look"
    _refuse_unreadable(observed.rows)
    return "make"


def _before_adoption(observed: Observed) -> Step:
    if observed.what != "secret_key":
        return "adopt"
    if observed.rows is None:
        return "look"
    _refuse_unreadable(observed.rows)
    if "stop" not in observed.done:
        return "stop"
    if not observed.rows.old:
        return "adopt"
    if "reencrypt" not in observed.done:
        return "reencrypt"
    # It exits 0 whatever happened, so this look is what tells.
    raise RedashError(
        Problem(
            f"{observed.rows.old} rows are still encrypted with the old key after `database reencrypt`",
            "database",
            "Mend what it complained of above.",
        )
    )


def _refuse_unreadable(rows: Rows) -> None:
    if not rows.neither:
        return
    names = ", ".join(rows.neither[:20])
    if rows.old + rows.new == 0:
        raise RedashError(
            Problem(
                f"no encrypted row opens with the secret_key that the store holds: {names}",
                "database",
                "It is not the key of this data. Find the one that is (the secret's history first), give it as redash_secrets.secret_key,"
                " and run site.yml -e ssm_secrets_allow_change=secret_key",
            )
        )
    raise RedashError(
        Problem(
            f"no key that the store holds opens these encrypted rows: {names}",
            "database",
            "Without the key that they were encrypted with, their settings are lost to Redash already: empty them, so that they can be"
            " filled in anew (docs/secrets.md, A row that no key opens).",
        )
    )


def remembered(done: Iterable[str], step: Step) -> frozenset[str]:
    """What this run has done, after ``step``."""
    return frozenset(done) | ({step} & OF_THIS_RUN)


def given_value(what: What, given: str | None, *, now: str | None, new: str | None) -> str | None:
    """The new value that a person gives in redash_secrets; None where one is made.

    ``now`` and ``new``  the stored secret and the one beside it
    Raises RedashError where the next site.yml would go back to what is given, or where it is the one in use.
    """
    where = f"redash_secrets.{what}"
    if given is None or given == new:
        return None
    if new is not None:
        raise RedashError(
            Problem(
                f"an unfinished rotation brings another value into use than the {what} given",
                where,
                "Leave it out until this rotation has finished: the next site.yml would go back to it.",
            )
        )
    if given == now:
        raise RedashError(
            Problem(f"the {what} given is the one in use", where, "Remove it there to have a new one made, or give the new one.")
        )
    return given


def check_may_rotate(what: What, *, key_stored: bool, key_used: bool | None, has_reencrypt: bool) -> None:
    """Refuse a rotation that would lose something.

    ``key_stored``     the store holds a secret_key
    ``key_used``       the containers get it as REDASH_SECRET_KEY; None where none are known
    ``has_reencrypt``  of this release
    """
    if what == "secret_key" and not has_reencrypt:
        raise RedashError(
            Problem("this release of Redash has no `database reencrypt`", "rotate=secret_key", "Upgrade to 9 or later first: upgrade.yml.")
        )
    if what in OF_THE_KEYS and not key_stored:
        loses = "The cookie secret is what encrypts the data then. " if what == "cookie_secret" else ""
        raise RedashError(
            Problem("there is no secret_key in the store", f"rotate={what}", f"{loses}Run site.yml first: it carries the key in use over.")
        )
    if what in OF_THE_KEYS and key_used is False:
        raise RedashError(
            Problem(
                "containers run without REDASH_SECRET_KEY, so that the cookie secret encrypts the data",
                f"rotate={what}",
                "Run site.yml first: it gives them the stored key.",
            )
        )
