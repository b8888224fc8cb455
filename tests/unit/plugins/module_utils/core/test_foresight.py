# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import foresight
from ansible_collections.redash.ecs.plugins.module_utils.core.batch import OVERRIDES_MAX
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.migration import MIGRATIONS, ORDER

ALL = [f"{revision} {title}" for revision, title in MIGRATIONS]


def seen(**values: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "refused": [],
        "lacking": [],
        "lacking_count": 0,
        "hashes": [],
        "hashes_failed": 0,
        "dependents": [],
        "foreign": [],
        "holders": [],
        "unread": [],
    }
    return {**nothing, "server": [150004, False], **values}


def problems(found: dict[str, Any], revisions: list[str] = ALL) -> list[str]:
    with pytest.raises(RedashError) as raised:
        foresight.judge(found, revisions)
    return [str(problem) for problem in raised.value.problems]


def test_a_database_that_bears_every_migration_has_no_problem() -> None:
    assert foresight.judge(seen(), ALL) == []


def test_only_what_the_pending_migrations_do_is_tried() -> None:
    assert foresight.asked([], hashes=True) == {"trials": [], "altered": [], "tables": [], "hashes": False}
    last = foresight.asked(["db0aca1ebd32 dashboards of 12 columns"], hashes=True)
    assert [trial[:3] for trial in last["trials"]] == [["db0aca1ebd32", "widgets", "options"]]
    assert (last["altered"], last["tables"], last["hashes"]) == ([], ["widgets"], False)
    # Only the new release's image has its query runners.
    assert [foresight.asked(["9e8c841d1a30"], hashes=hashes)["hashes"] for hashes in (True, False)] == [True, False]


def test_the_ten_columns_that_become_jsonb_are_tried_and_looked_at_for_views() -> None:
    asked = foresight.asked(["7205816877ec"], hashes=False)
    assert len(asked["trials"]) == len(asked["altered"]) == 10
    assert {f"{table}.{column}" for _revision, table, column, _expression in asked["trials"]} == set(asked["altered"])


def test_every_migration_of_the_tables_is_one_that_alembic_knows() -> None:
    assert {one.revision for one in foresight.TRIALS} | set(foresight.ALTERED) | set(foresight.SERVER) | {foresight.HASHES} <= set(ORDER)


def test_all_of_it_fits_into_the_overrides_of_a_task_together_with_the_program() -> None:
    from tests.unit.plugins.modules.test_upgrade_programs import FILES

    command = ["python", "-c", (FILES / "foresee.py").read_text(), json.dumps(foresight.asked(ALL, hashes=True))]
    overrides = {"containerOverrides": [{"name": "task-runner", "command": command}]}
    assert len(json.dumps(overrides, separators=(",", ":"))) < OVERRIDES_MAX


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            {"refused": [["7205816877ec", "queries", "options", 7, [[12, "unsupported Unicode escape sequence"], [14, "invalid input"]]]]},
            "queries.options: migration 7205816877ec fails on 7 rows: id 12 (unsupported Unicode escape sequence); id 14"
            " (invalid input); and 5 more. Correct the text of those rows first: it has to be JSON that PostgreSQL's jsonb"
            " takes, without \\u0000.",
        ),
        (
            {"refused": [["db0aca1ebd32", "widgets", "options", 1, [[7, "the new value would be null"]]]]},
            "widgets.options: migration db0aca1ebd32 fails on 1 row: id 7 (the new value would be null). Give those"
            " widgets a position (whole numbers for col and sizeX), or delete them.",
        ),
        (
            {"hashes": [[3, "Old one", True, "IndexError: string index out of range"]], "hashes_failed": 4},
            "queries: migration 9e8c841d1a30 fails on queries: 3 'Old one' (archived) (IndexError: string index out of"
            " range) and 3 more. Correct their text or parameters, or delete them. Archived queries count.",
        ),
        (
            {"lacking": [["old", "treasuredata", 4], ["older", "rockset", 1]], "lacking_count": 2},
            "data_sources: migration 9e8c841d1a30 fails on queries of data sources whose type the new release lacks:"
            " old (type treasuredata, 4 queries), older (type rockset, 1 query). Enable the type (REDASH_ADDITIONAL_QUERY_RUNNERS in"
            " redash_settings), or delete the data source, which frees its queries. Archived queries count.",
        ),
        (
            {"lacking": [["old", "treasuredata", 4]], "lacking_count": 3},
            "data_sources: migration 9e8c841d1a30 fails on queries of data sources whose type the new release lacks:"
            " old (type treasuredata, 4 queries) and 2 more. Enable the type (REDASH_ADDITIONAL_QUERY_RUNNERS in"
            " redash_settings), or delete the data source, which frees its queries. Archived queries count.",
        ),
        (
            {"dependents": [["widgets.options", "rule _RETURN on view report"]]},
            "widgets.options: is used by rule _RETURN on view report, so that no migration can change it. Drop that first,"
            " and make it again after.",
        ),
        (
            {"foreign": ["events"]},
            "events: belongs to another role, so that Redash's may not alter it. ALTER TABLE events OWNER TO redash's role.",
        ),
        (
            {"holders": [[71, "bi", "psql", "idle in transaction", 4000]]},
            "database: process 71 (bi, psql, idle in transaction) holds a lock on Redash's tables for 4000 s, and a"
            " migration would wait for it. End that transaction first: pg_stat_activity, pg_prepared_xacts.",
        ),
        (
            {"holders": [[0, "bi", "payroll-7", "prepared", 90]]},
            "database: prepared transaction payroll-7 holds a lock on Redash's tables for 90 s, and a migration would wait"
            " for it. End that transaction first: pg_stat_activity, pg_prepared_xacts.",
        ),
        (
            {"holders": [[71, "bi", "", "active", 0]]},
            "database: process 71 (bi, no name, active) holds a lock on Redash's tables for 0 s, and a migration would wait for it."
            " End that transaction first: pg_stat_activity, pg_prepared_xacts.",
        ),
        (
            {"hashes": [[3, "a", False, "E"], [4, "b", True, "F"]], "hashes_failed": 2},
            "queries: migration 9e8c841d1a30 fails on queries: 3 'a' (E), 4 'b' (archived) (F)."
            " Correct their text or parameters, or delete them. Archived queries count.",
        ),
        (
            {"refused": [["7205816877ec", "queries", "options", 2, [[12, "a"], [14, "b"]]]]},
            "queries.options: migration 7205816877ec fails on 2 rows: id 12 (a); id 14 (b). Correct the text of those rows first:"
            " it has to be JSON that PostgreSQL's jsonb takes, without \\u0000.",
        ),
        (
            {"refused": [["fd4fc850d7ea", "users", "profile_image_url", 2, [[12, "a"]]]]},
            "users.profile_image_url: migration fd4fc850d7ea fails on 2 rows: id 12 (a); and 1 more."
            " Change users.profile_image_url of those: no quote, backslash or line break.",
        ),
        (
            {"server": [150004, True]},
            "database: is read-only: a reader's endpoint, or a replica. Give the writer's endpoint in redash_infrastructure.",
        ),
        (
            {"server": [90403, False]},
            "database: is PostgreSQL 9.4, and migration 1655999df5e3, db0aca1ebd32, fd4fc850d7ea needs 9.5. Upgrade the database first.",
        ),
    ],
)
def test_each_trap_is_one_line_with_the_thing_and_the_way_out(found: dict[str, Any], said: str) -> None:
    (line,) = problems(seen(**found))
    assert line == said


def test_all_traps_come_at_once() -> None:
    found = seen(
        refused=[["fd4fc850d7ea", "users", "profile_image_url", 1, [[12, "a"]]]],
        lacking=[["old", "treasuredata", 4]],
        lacking_count=1,
        foreign=["events"],
        dependents=[["users.details", "policy p on users"]],
        server=[90403, True],
    )
    assert len(problems(found)) == 6


def test_what_two_migrations_fail_on_for_one_reason_is_said_once() -> None:
    first = [[7, "the new value would be null"]]
    twice = [["db0aca1ebd32", "widgets", "options", 1, first], ["db0aca1ebd32", "widgets", "options", 1, first]]
    assert len(problems(seen(refused=twice))) == 1
    other = [["7205816877ec", "widgets", "options", 1, [[7, "invalid input"]]], *twice]
    assert len(problems(seen(refused=other))) == 2


@pytest.mark.parametrize(
    ("number", "revision", "named"),
    [
        (90499, "fd4fc850d7ea", "9.4"),
        (90403, "1655999df5e3", "9.4"),
        (90210, "db0aca1ebd32", "9.2"),
        (90500, "fd4fc850d7ea", None),
        (100001, "db0aca1ebd32", None),
        (90403, "7205816877ec", None),
    ],
)
def test_a_server_is_too_old_only_below_what_the_migration_uses(number: int, revision: str, named: str | None) -> None:
    if named is None:
        assert foresight.judge(seen(server=[number, False]), [revision]) == []
    else:
        assert problems(seen(server=[number, False]), [revision]) == [
            f"database: is PostgreSQL {named}, and migration {revision} needs 9.5. Upgrade the database first."
        ]


def test_a_migration_is_tried_on_each_column_that_it_changes_with_its_own_expression() -> None:
    asked = foresight.asked(ALL, hashes=True)
    assert asked["hashes"] is True
    assert asked["altered"][:2] == ["users.details", "users.profile_image_url"]
    assert asked["tables"] == [
        "alerts",
        "changes",
        "dashboards",
        "events",
        "organizations",
        "queries",
        "users",
        "visualizations",
        "widgets",
    ]
    casts = [
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
    ]
    assert asked["altered"][2:] == casts
    assert asked["trials"] == [
        ["fd4fc850d7ea", "users", "details", "v::jsonb"],
        ["fd4fc850d7ea", "users", "profile_image_url", """('{"profile_image_url": "' || v || '"}')::jsonb"""],
        *(["7205816877ec", *name.split("."), "v::jsonb"] for name in casts),
        [
            "1655999df5e3",
            "alerts",
            "options",
            "case when v::jsonb->>'selector' is null then jsonb_set(v::jsonb, '{selector}', '\"first\"') else v::jsonb end",
        ],
        [
            "db0aca1ebd32",
            "widgets",
            "options",
            "jsonb_set(jsonb_set(v::jsonb, '{position,col}', to_json((v::jsonb->'position'->>'col')::int * 2)::jsonb),"
            " '{position,sizeX}', to_json((v::jsonb->'position'->>'sizeX')::int * 2)::jsonb)",
        ],
    ]


def test_an_old_server_matters_only_for_migrations_that_need_more() -> None:
    assert foresight.judge(seen(server=[90403, False]), ["9e8c841d1a30"]) == []


def test_what_could_not_be_looked_at_is_said_and_is_not_nothing() -> None:
    found = seen(unread=[["events.additional_properties", "canceling statement due to statement timeout"]], server=None)
    assert foresight.judge(found, ALL) == [
        "events.additional_properties could not be looked at: canceling statement due to statement timeout"
    ]
