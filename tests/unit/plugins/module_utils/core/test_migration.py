# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import migration, upgrade
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES
from ansible_collections.redash.ecs.plugins.module_utils.core.release_record import Record

HEALTHY: dict[str, Any] = {
    "version": "25.8.0",
    "revisions": ["db0aca1ebd32"],
    "heads": ["db0aca1ebd32"],
    "pending": [],
    "key_given": True,
    "cookie_secret_default": False,
    "wrong_key": [],
    "users": 3,
    "without_picture": 0,
    "queries": 12,
    "max_connections": 100,
    "connections": 10,
    "bytes": 9000000,
}
OLD = {"wrong_key": [], "key_given": True}


def seen(**values: Any) -> dict[str, Any]:
    return {**HEALTHY, **values}


def behind(**values: Any) -> dict[str, Any]:
    """10.1.0's database seen from 25.8.0."""
    chain = [list(each) for each in migration.pending("89bc7873a3e0", "db0aca1ebd32") or []]
    return seen(revisions=["89bc7873a3e0"], pending=chain, **values)


def said(value: dict[str, Any]) -> list[str]:
    return ["[2026-11-23][PID:1][INFO][xmlschema] Include schema", f"redash-ecs-result: {json.dumps(value)}", ""]


def test_the_result_is_found_among_other_lines() -> None:
    assert migration.result(said({"a": 1}), "look") == {"a": 1}


def test_the_last_result_counts() -> None:
    assert migration.result([*said({"a": 1}), *said({"a": 2})], "look") == {"a": 2}


@pytest.mark.parametrize("lines", [[], ["Traceback (most recent call last):"], ["redash-ecs-result: {"]])
def test_a_task_that_said_nothing_is_a_failure(lines: list[str]) -> None:
    with pytest.raises(RedashError, match="cannot look: the task ended without saying what it saw"):
        migration.result(lines, "look")


def test_an_answer_that_was_cut_off_is_a_failure_with_a_way_out() -> None:
    with pytest.raises(RedashError, match=r"cannot look: the task's answer was cut off: .*Run again") as caught:
        migration.result(['redash-ecs-result: {"revisions": ["db0a}'], "look")
    assert caught.value.problems[0].todo == "Run again."


def test_a_task_that_said_nothing_points_to_its_log() -> None:
    with pytest.raises(RedashError) as caught:
        migration.result([], "look")
    assert "log lines" in caught.value.problems[0].todo


def test_every_migration_is_known_in_the_order_in_which_alembic_runs_it() -> None:
    """From migrations/versions of the releases; those between two heads are what an upgrade announces."""
    assert migration.ORDER == [
        "71477dadd6ef", "640888ce445d", "e7f8a917aa8e", "73beceabb948", "98af61feea92", "e5c7a4e2df4d", "0ec979123ba4", "d7d747033183",
        "89bc7873a3e0", "fd4fc850d7ea", "1038c2174f5d", "7ce5925f832b", "7205816877ec", "9e8c841d1a30", "1655999df5e3", "db0aca1ebd32",
    ]  # fmt: skip
    assert all(title for _, title in migration.MIGRATIONS)
    assert migration.pending("e5c7a4e2df4d", "0ec979123ba4") == [("0ec979123ba4", "options of dashboards")]


def test_the_table_of_migrations_ends_at_every_known_head() -> None:
    for release in RELEASES.values():
        assert release.alembic_head in migration.ORDER


def test_the_migrations_between_two_releases() -> None:
    ran = migration.pending("89bc7873a3e0", "db0aca1ebd32")
    assert ran is not None
    # Seen in a real upgrade from 10.1.0 to 25.8.0: seven, of which two come after 25.1.0's head.
    assert [revision for revision, _ in ran][:2] == ["fd4fc850d7ea", "1038c2174f5d"]
    assert len(ran) == 7
    assert [revision for revision, _ in migration.pending("9e8c841d1a30", "db0aca1ebd32") or []] == ["1655999df5e3", "db0aca1ebd32"]


def test_no_way_back_and_none_from_the_unknown() -> None:
    assert migration.pending("db0aca1ebd32", "89bc7873a3e0") is None
    assert migration.pending("0123456789ab", "89bc7873a3e0") is None
    assert migration.pending("89bc7873a3e0", "0123456789ab") is None
    assert migration.pending("db0aca1ebd32", "db0aca1ebd32") == []


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (seen(), "equal"),
        (behind(), "behind"),
        (seen(revisions=["db0aca1ebd32"], heads=["89bc7873a3e0"], pending=None), "ahead"),
        (seen(revisions=["0123456789ab"], pending=None), "unknown"),
        (seen(revisions=[]), "unknown"),
        (seen(revisions=["0ec979123ba4", "d7d747033183"], pending=[["89bc7873a3e0", "fix"]]), "behind"),
    ],
)
def test_where_the_database_stands(there: dict[str, Any], expected: str) -> None:
    judged = migration.position(there)
    assert judged.position == expected
    assert (judged.before, judged.after) == ("+".join(there["revisions"]), there["heads"][0])
    assert list(judged.migrations) == ([tuple(each) for each in there["pending"]] if expected == "behind" else [])


def test_two_branches_are_one_revision_whatever_their_order() -> None:
    assert migration.revision_of(["d7d747033183", "0ec979123ba4"]) == "0ec979123ba4+d7d747033183"
    assert migration.revision_of(["d7d747033183"]) == "d7d747033183"
    assert migration.revision_of([]) == ""


def test_a_migration_without_a_title_has_an_empty_one() -> None:
    assert migration.position(seen(revisions=["89bc7873a3e0"], pending=[["fd4fc850d7ea", None]])).migrations == (("fd4fc850d7ea", ""),)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("89bc7873a3e0", "0123456789ab", "unknown"), ("0123456789ab", "89bc7873a3e0", "unknown"), ("89bc7873a3e0", "db0aca1ebd32", "unknown")],
)
def test_only_a_revision_that_is_known_to_be_newer_is_ahead(before: str, after: str, expected: str) -> None:
    assert migration.position(seen(revisions=[before], heads=[after], pending=None)).position == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (OLD, seen(connections=90), "90 of 100 connections are in use"),
        (OLD, seen(heads=["89bc7873a3e0"], pending=None), "revision db0aca1ebd32 is newer than 25.8.0's 89bc7873a3e0"),
        (OLD, seen(revisions=["0123456789ab"], pending=None), "revision 0123456789ab is unknown to 25.8.0"),
        (OLD, seen(revisions=[], pending=None), "has no revision"),
        (OLD, seen(wrong_key=["sales"]), "cannot decrypt sales. The running release can: its REDASH_SECRET_KEY is another one"),
        ({"wrong_key": ["sales"], "key_given": True}, seen(wrong_key=["sales"]), "The running release cannot read them either"),
        ({"wrong_key": [], "key_given": False}, seen(wrong_key=["sales"]), "used its cookie secret instead"),
        (OLD, seen(cookie_secret_default=True), "anyone can forge a session"),
        (OLD, seen(connections=95), "95 of 100 connections are in use"),
        (
            OLD,
            seen(revisions=["e5c7a4e2df4d"], heads=["89bc7873a3e0"], pending=[["d7d747033183", ""]], key_given=False),
            "would encrypt alert destinations with the cookie secret",
        ),
    ],
)
def test_what_forbids_an_upgrade_is_said(old: dict[str, Any], new: dict[str, Any], expected: str) -> None:
    with pytest.raises(RedashError, match=expected):
        migration.compare(old, new, "25.8.0")


@pytest.mark.parametrize(
    ("new", "where", "todo"),
    [
        (seen(heads=["89bc7873a3e0"], pending=None), "database", "restore.yml"),
        (seen(revisions=["0123456789ab"], pending=None), "database", "fork"),
        (seen(revisions=[], pending=None), "database", "site.yml"),
        (seen(wrong_key=["sales"]), "secret_key", "secret_key"),
        (seen(revisions=["e5c7a4e2df4d"], pending=[["d7d747033183", ""]], key_given=False), "secret_key", "site.yml"),
        (seen(cookie_secret_default=True), "cookie_secret", "Set another"),
        (seen(connections=95), "database", "max_connections"),
    ],
)
def test_each_obstacle_names_its_place_and_the_way_out(new: dict[str, Any], where: str, todo: str) -> None:
    with pytest.raises(RedashError) as caught:
        migration.compare(OLD, new, "25.8.0")
    (problem,) = caught.value.problems
    assert problem.where == where
    assert todo in problem.todo


@pytest.mark.parametrize(
    "harmless",
    [
        seen(revisions=["e5c7a4e2df4d"], pending=[["d7d747033183", ""]], key_given=True),
        behind(key_given=False),
        seen(connections=89),
    ],
)
def test_what_no_migration_stumbles_over_forbids_nothing(harmless: dict[str, Any]) -> None:
    migration.compare(OLD, harmless, "25.8.0")


def test_everything_that_forbids_it_is_said_at_once() -> None:
    with pytest.raises(RedashError) as caught:
        migration.compare(OLD, behind(wrong_key=["sales"], connections=95, cookie_secret_default=True), "25.8.0")
    assert len(caught.value.problems) == 3


def test_traps_of_migrations_that_will_not_run_forbid_nothing() -> None:
    harmless = seen(without_picture=3)
    assert migration.compare(OLD, harmless, "25.8.0").position == "equal"
    assert migration.notes(harmless, migration.position(harmless)) == []


def test_lost_invitations_are_announced_as_prevented() -> None:
    there = behind(without_picture=3)
    assert "details (open invitations) of 3 users" in migration.notes(there, migration.position(there))[0]


def test_the_room_that_rewritten_tables_need_is_said_with_the_databases_size() -> None:
    there = behind(bytes=5 * 1024**3)
    (note,) = migration.notes(there, migration.position(there))
    assert note.startswith("migration 7205816877ec, fd4fc850d7ea writes whole tables anew: while it runs the database (5,120 MiB) may need")
    unknown = behind(bytes=0)
    assert migration.notes(unknown, migration.position(unknown)) == []
    last = seen(revisions=["1655999df5e3"], pending=[["db0aca1ebd32", "dashboards of 12 columns"]])
    assert migration.notes(last, migration.position(last)) == []


LOG = [
    "INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.",
    "INFO  [alembic.runtime.migration] Running upgrade 9e8c841d1a30 -> 1655999df5e3, set default alert selector",
    "INFO  [alembic.runtime.migration] Running upgrade 1655999df5e3 -> db0aca1ebd32, 12-column dashboard layout",
]


def test_a_migration_that_ran_is_read_from_log_and_revision() -> None:
    facts = migration.judge_migration([*LOG, *said({"revisions": ["db0aca1ebd32"]})], 0, "db0aca1ebd32")
    assert facts == {"revision_now": "db0aca1ebd32", "migrations": ["1655999df5e3", "db0aca1ebd32"]}


def test_a_rerun_of_a_migration_that_had_ended_is_as_good() -> None:
    assert migration.judge_migration(said({"revisions": ["db0aca1ebd32"]}), 0, "db0aca1ebd32")["migrations"] == []


def test_exit_0_with_the_old_revision_is_a_failure() -> None:
    with pytest.raises(RedashError) as caught:
        migration.judge_migration(said({"revisions": ["89bc7873a3e0"]}), 0, "db0aca1ebd32")
    (problem,) = caught.value.problems
    assert problem.where == "migrate"
    assert problem.what == ("the migration ended with exit code 0 at revision 89bc7873a3e0, expected db0aca1ebd32: no reason was logged")


def test_a_migration_that_failed_for_a_known_cause_says_what_to_do() -> None:
    lines = ["cryptography.fernet.InvalidToken", *said({"revisions": ["89bc7873a3e0"]})]
    with pytest.raises(RedashError) as caught:
        migration.judge_migration(lines, 1, "db0aca1ebd32")
    assert "REDASH_SECRET_KEY" in caught.value.problems[0].todo
    with pytest.raises(RedashError) as caught:
        migration.judge_migration(["something new", *said({"revisions": ["89bc7873a3e0"]})], 1, "db0aca1ebd32")
    assert caught.value.problems[0].todo == ""
    with pytest.raises(RedashError) as caught:
        migration.result(["cryptography.fernet.InvalidToken"], "look")
    (problem,) = caught.value.problems
    assert "InvalidToken" in problem.what
    assert "REDASH_SECRET_KEY" in problem.todo


def test_a_migration_that_was_killed_before_it_could_look_is_a_failure() -> None:
    with pytest.raises(RedashError, match="cannot migrate the database: the task ended without saying"):
        migration.judge_migration(LOG, 137, "db0aca1ebd32")


def test_a_failed_migration_gives_the_last_thing_that_it_logged_as_its_reason() -> None:
    lines = [*LOG, "AttributeError: 'NoneType' object has no attribute 'gen_query_hash'", *said({"revisions": ["89bc7873a3e0"]})]
    with pytest.raises(RedashError, match="exit code 1 at revision 89bc7873a3e0.*gen_query_hash"):
        migration.judge_migration(lines, 1, "db0aca1ebd32")


@pytest.mark.parametrize("rc", [1, 137, None])
def test_the_right_revision_is_no_success_where_the_migration_did_not_exit_with_0(rc: int | None) -> None:
    lines = [*LOG, "sqlalchemy.exc.OperationalError: the connection was lost", *said({"revisions": ["db0aca1ebd32"]})]
    with pytest.raises(RedashError, match=f"exit code {rc} at revision db0aca1ebd32.*the connection was lost") as caught:
        migration.judge_migration(lines, rc, "db0aca1ebd32")
    assert caught.value.result == {"revision_now": "db0aca1ebd32", "migrations": ["1655999df5e3", "db0aca1ebd32"]}


def test_the_facts_of_each_step() -> None:
    record = Record(number=1, kind="upgrade", to_version="25.8.0")
    record.facts.update(upgrade.found(record, "read", said(seen(version="10.1.0", revisions=["89bc7873a3e0"])), 0))
    assert record.facts["revision_before"] == "89bc7873a3e0"
    record.facts.update(upgrade.found(record, "check", said(behind()), 0))
    assert record.facts["revision_after"] == "db0aca1ebd32"
    assert len(record.facts["migrations"]) == 7
    assert upgrade.found(record, "inspect", said(seen()), 0) == {"revision_now": "db0aca1ebd32"}
    assert upgrade.found(record, "drain", said({"running": 2, "waited": 300}), 0) == {"still_running": 2}
    queues = dict.fromkeys(RELEASES["25.8.0"].queues, "done")
    assert upgrade.found(record, "smoke", said({"version": "25.8.0", "queues": queues}), 0) == {"queues": sorted(queues)}
    del queues["emails"]
    with pytest.raises(RedashError, match="nobody took a job from emails"):
        upgrade.found(record, "smoke", said({"version": "25.8.0", "queues": queues}), 0)
    assert upgrade.found(record, "suspend", [], None) == {}


def test_an_image_that_holds_another_release_is_refused_before_anything_is_stopped() -> None:
    record = Record(number=1, kind="upgrade", to_version="25.8.0", facts={"old": OLD})
    with pytest.raises(RedashError, match=r"holds Redash 25.1.0, not 25.8.0"):
        upgrade.found(record, "check", said(seen(version="25.1.0")), 0)


def test_check_mode_knows_the_whole_plan_from_the_running_release() -> None:
    record = Record(number=0, kind="upgrade", to_version="25.8.0")
    upgrade.outlook(record, seen(version="10.1.0", revisions=["89bc7873a3e0"], without_picture=1))
    assert record.path == "full"
    assert len(record.facts["migrations"]) == 7
    assert record.facts["notes"]
    assert [line.rpartition("(")[2].rstrip(")") for line in upgrade.plan(record)] == list(upgrade.FULL)
    assert upgrade.downtime(record) > 0


def test_check_mode_announces_a_rolling_deployment() -> None:
    record = Record(number=0, kind="upgrade", to_version="26.3.0")
    upgrade.outlook(record, seen())
    assert record.path == "rolling"
    assert upgrade.downtime(record) == 0
