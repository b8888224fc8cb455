# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""upgrade.yml, rollback.yml and restore.yml killed with SIGKILL in and after each of their steps, on the local AWS."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.e2e_upgrade.installation import NAME, NEW, OLD, STEPS, Installation, as_it_was

BACK = ["inspect", "start_old", "resume_old", "deregister"]
# How a run dies: its first process alone, or everything that it has started.
DEATHS = ("ssh lost", "power lost")


def kill_through(redash: Installation, steps: list[str], people: Any, playbook: str = "upgrade.yml", **variables: Any) -> list[str]:
    """Kill run after run of one transaction: in the middle of each of ``steps``, and after it. The table's rows.

    Whatever dies, users, groups and queries are whole in every row: so many of each are counted there.
    """
    rows: list[str] = []
    for number, step in enumerate(steps):
        for moment, how in (("in", DEATHS[number % 2]), ("after", DEATHS[1 - number % 2])):
            killed = redash.kill(moment, step, how, playbook, **variables)
            assert redash.people() == people, f"{moment} {step}, {how}: not all of them is there"
            if rows:
                rows[-1] += redash.went_on() or "began anew"
            if not killed:
                # The last step: it was over before it could be hit.
                return rows
            count = "+".join(str(len(each)) for each in people)
            rows.append(f"{moment:<5} {step:<12} {how:<10} | {found(redash)}, {count} whole | ")
            print(rows[-1], flush=True)
    return rows


def found(redash: Installation) -> str:
    """What a run that died has left."""
    record = redash.record()
    desired, running = redash.services()[NAME][1:]
    try:
        schema = redash.schema()
    except RuntimeError:
        schema = "no database"
    state = f"{record['state']}, {record['direction']}, {len(record.get('done', []))} steps done"
    return f"{state:<32} {schema:<12} {running}/{desired} tasks"


def show(rows: list[str], end: str) -> None:
    rows[-1] += end
    found_title = f"{'state found: record, schema, tasks; users+groups+queries':<69}"
    title = f"{'killed':<5} {'at step':<12} {'how':<9} | {found_title} | the next run went on at"
    print("\n".join(["", title, *rows]))


def only_the_service_runs(redash: Installation) -> None:
    """No task of a run that died is left."""
    tasks = redash.client("ecs").describe_tasks(cluster=NAME, tasks=redash.running_tasks())["tasks"]
    assert [task["group"] for task in tasks] == [f"service:{NAME}"]


def test_killed_in_and_after_each_step_it_goes_on_and_succeeds(redash: Installation) -> None:
    people, began = redash.people(), time.time()
    rows = kill_through(redash, STEPS, people, **redash.to("25.8.0"))
    last = redash.upgrade("25.8.0")
    show(rows, redash.record()["state"])
    assert len(rows) >= 2 * (len(STEPS) - 1)
    assert last.rc == 0, last.output
    assert redash.record()["state"] == "succeeded"
    assert len(redash.records()) == 1
    assert redash.services()[NAME][1:] == (1, 1)
    assert redash.schema() == NEW
    assert redash.people() == people
    assert redash.sql("select details->>'is_invitation_pending' from users where email = 'invited@example.com'") == ["true"]
    # One migration, of which the runs after a kill took hold.
    assert len(redash.logged(f"Running upgrade {OLD} ->", began)) == 1
    only_the_service_runs(redash)


def test_killed_in_and_after_each_step_back_it_ends_undone(redash: Installation) -> None:
    people, to = redash.people(), redash.to("25.8.0", "migration")
    rows = kill_through(redash, BACK, people, **to)
    last = redash.run("upgrade.yml", **to) if redash.record()["state"] == "running" else None
    show(rows, redash.record()["state"])
    assert len(rows) >= 2 * (len(BACK) - 1)
    assert last is None or "everything is as it was" in last.message, last.output
    assert redash.record()["state"] == "undone"
    assert len(redash.records()) == 1
    as_it_was(redash, people)
    only_the_service_runs(redash)


@pytest.mark.parametrize(("step", "how"), [("drain", "power lost"), ("stop_server", "ssh lost")])
def test_killed_and_taken_back_at_a_persons_wish_everything_is_as_it_was(redash: Installation, step: str, how: str) -> None:
    people = redash.people()
    assert redash.kill("in", step, how, "upgrade.yml", **redash.to("25.8.0"))
    back = redash.upgrade("25.8.0", upgrade_undo=True)
    assert "everything is as it was: taken back by request" in back.message, back.output
    assert redash.record()["state"] == "undone"
    as_it_was(redash, people)
    only_the_service_runs(redash)


def test_killed_in_the_migration_and_taken_back_the_old_release_never_meets_the_new_schema(redash: Installation) -> None:
    people = redash.people()
    assert redash.kill("in", "migrate", "power lost", "upgrade.yml", **redash.to("25.8.0"))
    back = redash.upgrade("25.8.0", upgrade_undo=True)
    assert back.rc != 0
    if redash.schema() == OLD:
        # Killed before the migration was asked for.
        as_it_was(redash, people)
        return
    # Left to itself, it went to its end, which was waited for.
    assert "25.8.0 failed and is kept stopped (nobody can use Redash): taken back by request." in back.message, back.output
    assert redash.record()["state"] == "stopped"
    assert redash.services()[NAME][1:] == (0, 0)
    again = redash.upgrade("25.8.0")
    assert again.rc == 0, again.output
    assert redash.people() == people
    only_the_service_runs(redash)


def test_a_rollback_killed_in_and_after_each_step_goes_on_to_where_it_was_going(redash: Installation) -> None:
    people = redash.people()
    redash.deploy_another_revision()
    rows = kill_through(redash, ["fit", "roll_back", "smoke", "deregister"], people, "rollback.yml")
    last = redash.run("rollback.yml") if redash.record()["state"] == "running" else None
    show(rows, redash.record()["state"])
    assert len(rows) >= 2 * 2
    assert last is None or last.rc == 0, last.output
    assert redash.record()["state"] == "succeeded"
    assert len(redash.records()) == 1
    # Not to one before that, and not nowhere, when the service had come back already.
    as_it_was(redash, people)
    only_the_service_runs(redash)


def test_a_restore_killed_again_and_again_loses_neither_database(redash: Installation) -> None:
    people = redash.people()
    backup = redash.run("backup.yml")
    assert backup.rc == 0, backup.output
    redash.sql("insert into queries (org_id, name, query, query_hash, user_id) values (1, 'Written since', 'select 3', 'z', 1)")
    rows: list[str] = []
    # Renaming the cluster, Terraform's work, and what comes after it.
    for moment, step, delay in (
        ("in", "halt", 2.0),
        ("in", "restore", 1.0),
        ("in", "restore", 5.0),
        ("in", "restore", 15.0),
        ("in", "restore", 30.0),
        ("after", "restore", 0.0),
        ("in", "start_old", 2.0),
        ("in", "start_old", 6.0),
    ):
        how = DEATHS[len(rows) % 2]
        killed = redash.kill(moment, step, how, "restore.yml", delay=delay, redash_restore=NAME)
        if rows:
            rows[-1] += redash.went_on()
        if not killed:
            # On a fast machine what was left to do was less than the delay.
            break
        rows.append(f"{moment:<5} {step:<12} {how:<10} | {found(redash)} | ")
        print(rows[-1], flush=True)
    last = redash.run("restore.yml", redash_restore=NAME) if redash.record()["state"] == "running" else None
    show(rows, redash.record()["state"])
    assert len(rows) >= 4
    assert last is None or last.rc == 0, last.output
    assert [record["state"] for record in redash.records()] == ["succeeded", "succeeded"]
    as_it_was(redash, people)
    number = redash.record()["number"]
    kept = redash.sql("select datname from pg_database where datname like 'redash.before.%'", "postgres")
    assert len(kept) == 1
    assert redash.sql("select count(*) from queries where name = 'Written since'", kept[0]) == ["1"]
    clusters = {one["DBClusterIdentifier"] for one in redash.client("rds").describe_db_clusters()["DBClusters"]}
    assert clusters == {NAME, f"{NAME}-before-{number}"}
    only_the_service_runs(redash)
