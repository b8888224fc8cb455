# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which version of the encryption key opens the rows of this database.

A restored database is encrypted with the key of the snapshot's time. After a rotation the store's newest version is another one,
and Redash says nothing: each data source fails only when a query runs. The store keeps the older versions, so they are tried:

    a version opens at least half of the rows      it is the key; what it does not open was unreadable before
    the newest version does not                    the version of the snapshot's time is tried, then the others, newest first
    no version opens half of them                  the one that opens the most is the key
    no version opens any row                       the first one is put back, and everything stays stopped
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import Stored

# The number of a key that a person gives (redash_secrets.secret_key): the store has no version of it.
GIVEN = 0
# Names of rows in a message; the rest is counted.
NAMED = 20


@dataclass(frozen=True)
class Tried:
    """What one version was seen to open.

    ``version``     its number in the store; GIVEN for the key that a person gives
    ``opened``      rows that it opens
    ``unreadable``  names of the data sources and destinations that it does not open
    """

    version: int
    opened: int
    unreadable: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether it is the key. Rows that no key opens are known (docs/secrets.md); most rows under another key are not."""
        return self.opened >= len(self.unreadable)

    def as_dict(self) -> dict[str, Any]:
        return {"version": self.version, "opened": self.opened, "unreadable": list(self.unreadable)}


@dataclass(frozen=True)
class Decision:
    """What follows from the last look at the rows.

    ``look``      the key that was put back has to be tried: run the task again
    ``version``   the version that is the key, or that is to be tried
    ``put_back``  its value, where the store's newest version has another one; None where nothing is to be written
    ``note``      what a person should know; "" where all is as expected
    ``problem``   no version fits: everything stays stopped
    """

    look: bool
    version: int
    put_back: str | None = field(default=None, repr=False)
    note: str = ""
    problem: Problem | None = None


def tried_from(items: Iterable[Mapping[str, Any]]) -> list[Tried]:
    """What the module returned as ``tried``, read again."""
    return [Tried(int(item["version"]), int(item["opened"]), tuple(item["unreadable"])) for item in items]


def decide(history: Sequence[Stored], given: str | None, tried: Sequence[Tried], taken: float | None, path: str) -> Decision:
    """Decide from everything that was tried so far.

    ``history``  every version of the key in the store, values included; the newest one is what tasks get
    ``given``    the key in redash_secrets.secret_key, None where there is none
    ``tried``    in the order of the looks; the last one was at the newest version
    ``taken``    when the snapshot was taken (seconds since the epoch), None where it is not known
    ``path``     of the secret, for messages
    """
    newest = max(history, key=lambda one: one.version)
    values = {one.version: one.value for one in history} | ({GIVEN: given} if given else {})
    last = tried[-1]
    if last.fits:
        return Decision(False, last.version, note=_told(tried, path))
    seen = {values.get(one.version) for one in tried}
    for version in _order(history, given, taken):
        if values[version] not in seen:
            return Decision(True, version, put_back=values[version])
    # max() takes the first of equals: the version that was there at the beginning.
    best = max(tried, key=lambda one: one.opened)
    back = values.get(best.version)
    put_back = None if back == newest.value else back
    if best.opened == 0:
        return Decision(False, best.version, put_back, problem=_none_fits(best, len(seen), path))
    return Decision(False, best.version, put_back, _unreadable(best, path))


def _order(history: Sequence[Stored], given: str | None, taken: float | None) -> list[int]:
    """The versions in the order in which they are tried."""
    newest_first = sorted(history, key=lambda one: -one.version)
    of_that_time = [one for one in newest_first if taken is not None and one.modified is not None and one.modified <= taken]
    numbers = [one.version for one in of_that_time[:1]] + ([GIVEN] if given else []) + [one.version for one in newest_first]
    return list(dict.fromkeys(numbers))


def _told(tried: Sequence[Tried], path: str) -> str:
    first, last = tried[0], tried[-1]
    if last.unreadable:
        return _unreadable(last, path)
    if len(tried) > 1:
        rows = f"all {last.opened} encrypted rows"
        return f"{path}: {_title(last)} opens {rows} and is the newest version again; {_title(first)} did not"
    return "" if last.opened else f"{path}: the database has no encrypted row, so nothing proves the key"


def _title(tried: Tried) -> str:
    return "the key of redash_secrets.secret_key" if tried.version == GIVEN else f"version {tried.version}"


def _unreadable(best: Tried, path: str) -> str:
    rows = f"{best.opened} encrypted rows, but not {_named(best.unreadable)}"
    return f"{path}: {_title(best)} opens {rows}. No key opens those: docs/secrets.md, A row that no key opens."


def _none_fits(first: Tried, keys: int, path: str) -> Problem:
    which = "the only key that the store has" if keys == 1 else f"none of the {keys} keys that the store has"
    verb = "opens no encrypted row" if keys == 1 else "opens an encrypted row"
    todo = (
        "Find the key of that time (a vault, a backup, another store), give it as redash_secrets.secret_key,"
        " and run the same command again."
    )
    return Problem(f"{which} {verb}: {_named(first.unreadable)}", path, todo)


def _named(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def mismatch(last: Tried, path: str) -> Problem | None:
    """The problem of a key that does not fit, for a look that must not write; None where it fits."""
    if last.fits:
        return None
    todo = "Older versions may: site.yml -e ssm_secrets_put_back=secret_key tries each one and puts the fitting one back."
    opens = f"opens {last.opened} encrypted rows, but not" if last.opened else "opens no encrypted row:"
    return Problem(f"version {last.version} {opens} {_named(last.unreadable)}", path, todo)
