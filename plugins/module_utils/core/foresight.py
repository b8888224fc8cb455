# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What would make migrations fail on the rows of this database, found while Redash still runs.

The table says what each migration does to values, in SQL; roles/upgrade/files/foresee.py tries that on every row and changes nothing.
What it saw is judged here. Read in migrations/versions of getredash/redash, and in its issues #7290, #7561, #7272, #7287, #7451, #7345.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problems

HASHES = "9e8c841d1a30"


@dataclass(frozen=True)
class Trial:
    """What a migration makes of one column.

    ``expression``  SQL of the new value; ``v`` is the old one as text. An error, or null, is what the migration would end with.
    ``todo``        what a person does about the rows
    """

    revision: str
    table: str
    column: str
    expression: str
    todo: str


_CAST = "Correct the text of those rows first: it has to be JSON that PostgreSQL's jsonb takes, without \\u0000."
_WIDGET = "Give those widgets a position (whole numbers for col and sizeX), or delete them."


def _casts(revision: str, *columns: str) -> tuple[Trial, ...]:
    return tuple(Trial(revision, table, column, "v::jsonb", _CAST) for table, _dot, column in (name.partition(".") for name in columns))


def _doubled(value: str, key: str) -> str:
    """Redash 25.8 has dashboards of 12 columns, twice as many as before."""
    return f"jsonb_set({value}, '{{position,{key}}}', to_json((v::jsonb->'position'->>'{key}')::int * 2)::jsonb)"


TRIALS: tuple[Trial, ...] = (
    Trial("fd4fc850d7ea", "users", "details", "v::jsonb", _CAST),
    Trial(
        "fd4fc850d7ea",
        "users",
        "profile_image_url",
        """('{"profile_image_url": "' || v || '"}')::jsonb""",
        "Change users.profile_image_url of those: no quote, backslash or line break.",
    ),
    *_casts(
        "7205816877ec",
        "queries.options",
        "queries.schedule",
        "events.additional_properties",
        "organizations.settings",
        "alerts.options",
        "dashboards.options",
        "dashboards.layout",
        "changes.change",
        "visualizations.options",
        "widgets.options",
    ),
    Trial(
        "1655999df5e3",
        "alerts",
        "options",
        "case when v::jsonb->>'selector' is null then jsonb_set(v::jsonb, '{selector}', '\"first\"') else v::jsonb end",
        "Make those options a JSON object, or delete the alerts.",
    ),
    Trial("db0aca1ebd32", "widgets", "options", _doubled(_doubled("v::jsonb", "col"), "sizeX"), _WIDGET),
)

# Columns whose type a migration changes, or that it drops. PostgreSQL refuses either while a view, a rule, a policy or a trigger uses them.
ALTERED: dict[str, tuple[str, ...]] = {
    "fd4fc850d7ea": ("users.details", "users.profile_image_url"),
    "7205816877ec": tuple(f"{one.table}.{one.column}" for one in TRIALS if one.revision == "7205816877ec"),
}

# server_version_num from which on PostgreSQL has what a migration uses: jsonb || jsonb and jsonb_set came with 9.5.
SERVER: dict[str, int] = dict.fromkeys(("fd4fc850d7ea", "1655999df5e3", "db0aca1ebd32"), 90500)


def asked(revisions: Iterable[str], hashes: bool) -> dict[str, Any]:
    """What foresee.py is to try for these migrations, as its argument.

    ``hashes``  whether it runs in the new release's image, whose query runners compute them
    """
    running = _revisions(revisions)
    altered = [column for revision in ALTERED if revision in running for column in ALTERED[revision]]
    trials = [one for one in TRIALS if one.revision in running]
    return {
        "trials": [[one.revision, one.table, one.column, one.expression] for one in trials],
        "altered": altered,
        "tables": sorted({column.partition(".")[0] for column in altered} | {one.table for one in trials}),
        "hashes": hashes and HASHES in running,
    }


def _revisions(revisions: Iterable[str]) -> set[str]:
    """The plan writes ``revision title``."""
    return {revision.partition(" ")[0] for revision in revisions}


def judge(seen: Mapping[str, Any], revisions: Iterable[str]) -> list[str]:
    """What a person should know though nothing forbids the migrations. Raises RedashError with everything that does."""
    running = _revisions(revisions)
    problems = Problems()
    told = set()
    for revision, table, column, count, first in seen["refused"]:
        # A later migration that fails on the same rows for the same reason is no further problem.
        same = f"{table}.{column} {first}"
        if same not in told:
            what = f"migration {revision} fails on {_counted(count, 'row', 'rows')}: {_named(first, count)}"
            problems.add(what, where=f"{table}.{column}", todo=_todo(revision, table, column))
        told.add(same)
    if seen["lacking"]:
        listed = ", ".join(f"{name} (type {kind}, {_counted(count, 'query', 'queries')})" for name, kind, count in seen["lacking"])
        rest = seen["lacking_count"] - len(seen["lacking"])
        problems.add(
            f"migration {HASHES} fails on queries of data sources whose type the new release lacks: {listed}{_more(rest)}",
            where="data_sources",
            todo="Enable the type (REDASH_ADDITIONAL_QUERY_RUNNERS in redash_settings), or delete the data source, which frees its queries."
            " Archived queries count.",
        )
    if seen["hashes"]:
        failing = ", ".join(
            f"{number} {name!r}{' (archived)' if archived else ''} ({error})" for number, name, archived, error in seen["hashes"]
        )
        rest = seen["hashes_failed"] - len(seen["hashes"])
        problems.add(
            f"migration {HASHES} fails on queries: {failing}{_more(rest)}",
            where="queries",
            todo="Correct their text or parameters, or delete them. Archived queries count.",
        )
    for column, what in seen["dependents"]:
        problems.add(
            f"is used by {what}, so that no migration can change it", where=column, todo="Drop that first, and make it again after."
        )
    for table in seen["foreign"]:
        problems.add(
            "belongs to another role, so that Redash's may not alter it", where=table, todo=f"ALTER TABLE {table} OWNER TO redash's role."
        )
    for pid, user, application, state, seconds in seen["holders"]:
        who = (
            f"prepared transaction {application}" if state == "prepared" else f"process {pid} ({user}, {application or 'no name'}, {state})"
        )
        problems.add(
            f"{who} holds a lock on Redash's tables for {seconds} s, and a migration would wait for it",
            where="database",
            todo="End that transaction first: pg_stat_activity, pg_prepared_xacts.",
        )
    if seen["server"]:
        _judge_server(problems, running, *seen["server"])
    problems.raise_if_any()
    return [f"{what} could not be looked at: {why}" for what, why in seen["unread"]]


def _judge_server(problems: Problems, running: set[str], number: int, read_only: bool) -> None:
    if read_only:
        problems.add(
            "is read-only: a reader's endpoint, or a replica", where="database", todo="Give the writer's endpoint in redash_infrastructure."
        )
    too_old = sorted(revision for revision in running if number < SERVER.get(revision, 0))
    if too_old:
        needed = max(SERVER[revision] for revision in too_old)
        problems.add(
            f"is PostgreSQL {_version(number)}, and migration {', '.join(too_old)} needs {_version(needed)}",
            where="database",
            todo="Upgrade the database first.",
        )


def _version(number: int) -> str:
    """90603 is 9.6, 150004 is 15."""
    return f"{number // 10000}" if number >= 100000 else f"{number // 10000}.{number // 100 % 100}"


def _todo(revision: str, table: str, column: str) -> str:
    return next(one.todo for one in TRIALS if (one.revision, one.table, one.column) == (revision, table, column))


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _more(rest: int) -> str:
    return f" and {rest} more" if rest > 0 else ""


def _named(first: Sequence[Sequence[Any]], count: int) -> str:
    rest = count - len(first)
    return "; ".join(f"id {number} ({error})" for number, error in first) + (f"; and {rest} more" if rest > 0 else "")
