# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redash's database migrations: which are to run, what makes them fail, and whether they did run.

What the programs in roles/upgrade/files saw in an image and its database is judged here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.last_words import why
from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import FOR_PLAYBOOKS

# The programs' last word, on a line of its own among whatever else Redash logs.
RESULT = re.compile(re.escape(FOR_PLAYBOOKS) + r"(\{.*\})\s*$")

# alembic's own line, on standard error: INFO  [alembic.runtime.migration] Running upgrade a, b -> c, title
RUNNING = re.compile(r"Running upgrade (?P<before>[0-9a-f, ]*?) -> (?P<after>[0-9a-f]+)(?:, (?P<title>.*))?")

# Every revision from the head of 5.0.0 on, in the order in which alembic runs them, with what it does.
# From migrations/versions of getredash/redash; two of them branch from e5c7a4e2df4d and are joined again.
MIGRATIONS: tuple[tuple[str, str], ...] = (
    ("71477dadd6ef", "each favorite once"),
    ("640888ce445d", "schedules of queries as a mapping"),
    ("e7f8a917aa8e", "details of users"),
    ("73beceabb948", "no schedule is null again"),
    ("98af61feea92", "encrypt options of data sources"),
    ("e5c7a4e2df4d", "remove query tracker keys"),
    ("0ec979123ba4", "options of dashboards"),
    ("d7d747033183", "encrypt alert destinations"),
    ("89bc7873a3e0", "fix multiple heads"),
    ("fd4fc850d7ea", "user details to jsonb, profile picture into them"),
    ("1038c2174f5d", "case sensitive hashes of query texts"),
    ("7ce5925f832b", "expressions of the full text search"),
    ("7205816877ec", "json columns from text to jsonb"),
    ("9e8c841d1a30", "hashes of queries by their data source's type"),
    ("1655999df5e3", "default selector of alerts"),
    ("db0aca1ebd32", "dashboards of 12 columns"),
)
ORDER = [revision for revision, _title in MIGRATIONS]

# Migrations that change the type of columns: PostgreSQL writes each such table a second time before it drops the first.
REWRITING = {"fd4fc850d7ea", "7205816877ec"}

# Above this share of its connections in use, a migration may not get one, nor the new release start.
BUSY = 0.9

Position = Literal["equal", "behind", "ahead", "unknown"]


def result(lines: Sequence[str], doing: str) -> dict[str, Any]:
    """What the program said among a task's log lines. Raises RedashError where it said nothing."""
    found = None
    for line in lines:
        match = RESULT.search(line)
        if match:
            found = match.group(1)
    if found is None:
        words = why(list(lines))
        said = f": {words.said}" if words else ""
        todo = (words.todo if words else "") or "Its log lines above say why."
        raise RedashError(Problem(f"cannot {doing}: the task ended without saying what it saw{said}", todo=todo))
    try:
        seen = json.loads(found)
    except ValueError as error:
        raise RedashError(Problem(f"cannot {doing}: the task's answer was cut off: {error}", todo="Run again.")) from error
    return dict(seen)


def pending(before: str, after: str) -> list[tuple[str, str]] | None:
    """The migrations between two revisions by the table above, without asking an image; None where it knows one of them not."""
    if before == after:
        return []
    if before not in ORDER or after not in ORDER or ORDER.index(after) < ORDER.index(before):
        return None
    return list(MIGRATIONS[ORDER.index(before) + 1 : ORDER.index(after) + 1])


@dataclass(frozen=True)
class Judgement:
    """Where the database's schema stands, seen from a release.

    ``migrations`` revision and title of each that ``db upgrade`` would run, in their order.
    """

    position: Position
    before: str
    after: str
    migrations: tuple[tuple[str, str], ...] = ()


def revision_of(revisions: Sequence[str]) -> str:
    """alembic_version as one word. Two rows are two branches: a migration that was interrupted between them."""
    return "+".join(sorted(revisions))


def position(seen: Mapping[str, Any]) -> Judgement:
    """Judge what ``look.py`` saw in the new release's image."""
    before = revision_of(seen["revisions"])
    after = revision_of(seen["heads"])
    if before == after:
        return Judgement("equal", before, after)
    if not before:
        return Judgement("unknown", before, after)
    if seen["pending"] is None:
        # The image lacks it: a later release made it, or none that is known.
        ahead = before in ORDER and after in ORDER and ORDER.index(before) > ORDER.index(after)
        return Judgement("ahead" if ahead else "unknown", before, after)
    return Judgement("behind", before, after, tuple((revision, title or "") for revision, title in seen["pending"]))


def compare(old: Mapping[str, Any], new: Mapping[str, Any], to_version: str) -> Judgement:
    """Decide the path from what ``look.py`` saw in the running release (``old``) and in the new one (``new``).

    Raises RedashError with everything that forbids the upgrade.
    """
    problems = Problems()
    judgement = position(new)
    if judgement.position == "ahead":
        problems.add(
            f"revision {judgement.before} is newer than {to_version}'s {judgement.after}",
            where="database",
            todo="An older Redash cannot use it, nor can alembic go back. Restore a snapshot of that time: restore.yml.",
        )
    elif judgement.position == "unknown" and not judgement.before:
        problems.add("has no revision (table alembic_version is empty)", where="database", todo="Was create_db cut off? Run site.yml.")
    elif judgement.position == "unknown":
        problems.add(
            f"revision {judgement.before} is unknown to {to_version}, whose newest is {judgement.after}",
            where="database",
            todo="It was made by a fork or a development version: upgrade to the release that it came from.",
        )
    problems.found += traps(old, new, judgement, to_version)
    problems.raise_if_any()
    return judgement


def traps(old: Mapping[str, Any], new: Mapping[str, Any], judgement: Judgement, to_version: str) -> list[Problem]:
    """What is known to break the release on this database, found before anything is touched. Its rows are judged in foresight.py."""
    problems = Problems()
    running = {revision for revision, _title in judgement.migrations}
    if new["wrong_key"]:
        names = ", ".join(new["wrong_key"])
        if old["wrong_key"]:
            todo = "The running release cannot read them either: give the key they were saved with as secret_key, or save them again."
        elif not old["key_given"]:
            todo = (
                "The running release has no REDASH_SECRET_KEY and used its cookie secret instead: "
                "store that same value as the secret secret_key, then run again."
            )
        else:
            todo = "The running release can: its REDASH_SECRET_KEY is another one than the secret secret_key. Put the running one there."
        problems.add(f"{to_version} cannot decrypt {names}", where="secret_key", todo=todo)
    if "d7d747033183" in running and not new["key_given"]:
        problems.add(
            "REDASH_SECRET_KEY is not set, and migration d7d747033183 would encrypt alert destinations with the cookie secret",
            where="secret_key",
            todo="Store the secret secret_key first (site.yml makes it).",
        )
    if new["cookie_secret_default"]:
        problems.add(
            "is the one that stands in Redash's source (the default up to 10.0.0): anyone can forge a session",
            where="cookie_secret",
            todo="Set another. If secret_key was never set, set it to the old cookie secret first: data was encrypted with that.",
        )
    if new["connections"] >= BUSY * new["max_connections"]:
        problems.add(
            f"{new['connections']} of {new['max_connections']} connections are in use",
            where="database",
            todo="Raise the cluster's capacity or max_connections, or find who holds them (pg_stat_activity).",
        )
    return problems.found


def notes(new: Mapping[str, Any], judgement: Judgement) -> list[str]:
    """What a person should know though nothing forbids the upgrade."""
    running = {revision for revision, _title in judgement.migrations}
    lines = []
    if "fd4fc850d7ea" in running and new["without_picture"]:
        lost = f"the details (open invitations) of {new['without_picture']} users without a picture"
        lines.append(f"migration fd4fc850d7ea would lose {lost}; this is prevented")
    rewriting = sorted(running & REWRITING)
    if rewriting and new.get("bytes"):
        size = f"{new['bytes'] / 1024**2:,.0f} MiB"
        lines.append(
            f"migration {', '.join(rewriting)} writes whole tables anew: while it runs the database ({size}) may need as much room again,"
            " which Aurora's storage gives by itself"
        )
    return lines


def migrated(lines: Sequence[str]) -> list[str]:
    """The revisions that ``db upgrade`` reached by its log, in their order."""
    return [match.group("after") for line in lines if (match := RUNNING.search(line))]


def judge_migration(lines: Sequence[str], rc: int | None, revision_after: str) -> dict[str, Any]:
    """What the migrating task did; raises RedashError unless the database is where it should be now.

    Exit 0 alone proves nothing: what counts is the revision read afterwards. A rerun of a migration that had
    ended finds nothing to run and is as good.
    """
    seen = result(lines, "migrate the database")
    now = revision_of(seen["revisions"])
    ran = migrated(lines)
    facts = {"revision_now": now, "migrations": ran}
    if now == revision_after and rc == 0:
        return facts
    words = why(lines)
    reason = words.said if words else "no reason was logged"
    what = f"the migration ended with exit code {rc} at revision {now}, expected {revision_after}"
    raise RedashError(Problem(f"{what}: {reason}", "migrate", words.todo if words else ""), result=facts)
