# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The release record: what an upgrade did so far, kept in Parameter Store; and the lock that lets one run at a time work.

Parameter Store cannot compare and swap, but ``PutParameter`` without ``Overwrite`` succeeds for one caller
only. So a lock is a numbered parameter: taking it is creating the next number, and the highest number is
the one that counts. A run that slept through its own expiry finds a higher number than its own before its
next write, and stops.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

# running    begun and not ended, whether somebody works on it or was killed
# stopped    the database is migrated, the new release failed and is kept stopped: a person decides
# succeeded, undone, restored, refused: ended
# abandoned  closed by a person, or with the installation; what it had begun is no longer anybody's
STATES = ("running", "stopped", "succeeded", "undone", "restored", "refused", "abandoned")

# Seconds added to a step's limit before its lock counts as abandoned: clocks differ, answers are slow.
GRACE = 120


@dataclass
class Record:
    """One release. ``facts`` is what the steps found and what undoing needs; nothing in it is secret.

    ``begun`` and ``done`` name steps in the order they happened. ``kind`` is ``upgrade``, ``rollback``,
    ``backup``, ``restore`` or ``destroy``. ``started`` and ``ended`` are seconds since the epoch.
    """

    number: int
    kind: str
    to_version: str = ""
    from_version: str = ""
    by: str = ""
    started: int = 0
    ended: int = 0
    state: str = "running"
    direction: str = "forward"
    path: str = ""
    step: str = ""
    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    restore: bool = False
    error: str = ""

    def text(self) -> str:
        """The parameter's value. An error's text is cut: the whole of it was shown when it happened."""
        values = {name: value for name, value in asdict(self).items() if value not in ("", [], {}, False, 0)}
        if len(self.error) > 600:
            values["error"] = self.error[:600] + " ..."
        return json.dumps(values, separators=(",", ":"), sort_keys=True)


def parse(text: str, where: str) -> Record:
    """The record in a parameter's value. Raises RedashError where it is none."""
    try:
        values = json.loads(text)
        known = {each.name for each in fields(Record)}
        record = Record(**{name: value for name, value in values.items() if name in known})
    except (ValueError, TypeError, AttributeError) as error:
        raise RedashError(
            Problem(f"is no release record: {error}", where, "Somebody wrote into it; look at its earlier versions in Parameter Store.")
        ) from error
    if record.state not in STATES:
        raise RedashError(Problem(f"unknown state {record.state!r}", where, "A newer version of this collection wrote it; use that one."))
    return record


def time_of(seconds: float) -> str:
    """``2026-11-23 00:31 UTC``"""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC") if seconds else ""


def line(record: Record) -> str:
    """One line of history."""
    versions = f"{record.from_version or '?'} -> {record.to_version}" if record.to_version else record.from_version
    details = [f"by {record.by}" if record.by else ""]
    if record.facts.get("snapshot"):
        details.append(f"snapshot {record.facts['snapshot']}")
    if record.state in ("running", "stopped") and record.step:
        details.append(f"at step {record.step}")
    if record.error:
        details.append(record.error)
    shown = "; ".join(detail for detail in details if detail)
    return f"{record.number:>4}  {time_of(record.started)}  {record.kind:<8}  {versions:<20}  {record.state:<9}  {shown}".rstrip()


@dataclass(frozen=True)
class Lock:
    """Who works on an installation. ``machine``, ``pid`` and ``process_started`` find the process again that took it.

    ``host`` is for people. Two machines, or a machine and a container on it, may bear the same name: ``machine`` tells them
    apart (process.py); one of before it was noted has none.
    """

    number: int
    by: str
    host: str
    pid: int
    process_started: str
    expires: int
    doing: str = ""
    released: bool = False
    machine: str = ""

    def text(self) -> str:
        values = asdict(self)
        del values["number"]
        return json.dumps(values, separators=(",", ":"), sort_keys=True)


def parse_lock(number: int, text: str) -> Lock:
    """A lock's value; an unreadable one counts as abandoned since the beginning of time."""
    try:
        values: Mapping[str, Any] = json.loads(text)
        known = {each.name for each in fields(Lock)} - {"number"}
        return Lock(number=number, **{name: value for name, value in values.items() if name in known})
    except (ValueError, AttributeError, TypeError):
        return Lock(number, "unknown", "", 0, "", 0)


def held(lock: Lock | None, now: float, *, alive: bool | None) -> bool:
    """Whether the newest lock keeps others out.

    ``alive`` is whether the process that took it still runs: None where that cannot be known, because it
    ran on another machine. A process known to be dead holds nothing; a living one holds even past its time.
    """
    if lock is None or lock.released:
        return False
    if alive is not None:
        return alive
    return now < lock.expires


def refusal(lock: Lock, now: float) -> Problem:
    """Why a second run stops."""
    wait = max(0, int(lock.expires - now))
    return Problem(
        f"{lock.by} is working on this installation (on {lock.host}, process {lock.pid}, {lock.doing or 'since a moment'})",
        "upgrade lock",
        f"Wait for its end. Should that run be dead, its lock ends by itself in {wait // 60 + 1} min, "
        "or at once with -e upgrade_take_lock=true.",
    )
