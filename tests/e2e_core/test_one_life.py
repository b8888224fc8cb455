# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the project is known for, once each, on real containers and a real PostgreSQL: one life, in this order.

tests/e2e_upgrade and tests/e2e_rotation have every failure, every kill, all hops and both stores.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Demo
from tests.e2e.watch import Watch, answered
from tests.e2e_rotation.encrypted import decrypts, rotate_hunted, rows, value
from tests.e2e_upgrade.installation import NAME, NEW, OLD, PREFIX, REPOSITORY, STEPS, Installation, Run, calm, unchanged
from tools import matrix

OLDEST = next(iter(matrix.CORES))


def good(run: Run) -> Run:
    assert run.rc == 0, run.output[-6000:]
    return run


def test_a_failing_migration_puts_everything_back(redash: Installation) -> None:
    people, services, task_runner = redash.people(), redash.services(), redash.task_runner()
    failed = redash.upgrade("25.8.0", fault="migration")
    assert failed.rc != 0
    assert "The upgrade failed and everything is as it was" in failed.message, failed.output
    record = redash.record()
    assert (record["state"], record["path"]) == ("undone", "full")
    assert {"snapshot", "drain", "stop_server", "migrate", "inspect", "start_old"} <= set(record["done"]) | set(record["begun"])
    assert redash.services() == services
    assert redash.task_runner() == task_runner, "manage.yml would run the new release on the old database"
    assert (redash.schema(), redash.people()) == (OLD, people)
    # The pictures that were filled in for the migration are empty again.
    assert redash.sql("select count(*) from users where profile_image_url = ''") == ["0"]
    # Workers that were told to take nothing new work again.
    assert set(redash.jobs_done("10.1.0").values()) == {"done"}


def kept(record: dict[str, Any]) -> dict[str, tuple[str, int, int]]:
    """The services that a record says ran before it, as ``Installation.services`` tells them."""
    return {
        name: (service["task_definition"].rpartition("/")[2], service["desired_count"], service["desired_count"])
        for name, service in record["facts"]["services"].items()
    }


def test_an_upgrade_migrates_the_database_and_keeps_what_is_in_it(redash: Installation) -> None:
    people, services = redash.people(), redash.services()
    done = good(redash.upgrade("25.8.0"))
    assert "Redash is 25.8.0 (release 2)" in done.message
    calm(done)
    assert redash.services()[NAME][1:] == (1, 1)
    assert (redash.schema(), redash.people()) == (NEW, people)
    # Migration fd4fc850d7ea alone would have emptied it.
    assert redash.sql("select details->>'is_invitation_pending' from users where email = 'invited@example.com'") == ["true"]
    record = redash.record()
    assert (record["state"], record["path"], record["done"]) == ("succeeded", "full", STEPS)
    assert kept(record) == services
    snapshots = {one["DBClusterSnapshotIdentifier"] for one in redash.client("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"]}
    assert record["facts"]["snapshot"] == f"{NAME}-release-2"
    assert snapshots == {f"{NAME}-release-1", f"{NAME}-release-2"}


def test_the_oldest_ansible_core_upgrades_without_a_gap_and_rolls_back(redash: Installation) -> None:
    """Nothing is to be migrated from 25.8.0 to 26.3.0. Where the oldest core has no Python, the one of the tests does it."""
    made = matrix.environment(OLDEST)
    old = Installation(redash.home, redash.port, programs=made[0].parent if made else redash.programs)
    old.inventory = redash.inventory
    assert not made or f"core {OLDEST}." in old.version()
    demo = Demo(redash.home, redash.port)
    before = redash.services(), redash.task_runner(), redash.people()
    plan = good(redash.run("upgrade.yml", "--check", **redash.to("26.3.0"))).output
    assert f"The database is at revision {NEW}, which fits: a rolling deployment without downtime." in " ".join(plan.split())
    assert (redash.services(), redash.task_runner(), redash.people()) == before

    with Watch(redash, demo) as there:
        done = good(old.upgrade("26.3.0"))
    record = redash.record()
    number = record["number"]
    assert done.message == f"Redash is 26.3.0 (release {number}). Set redash_version: 26.3.0 in the inventory."
    assert (record["state"], record["path"]) == ("succeeded", "rolling")
    assert record["done"] == ["read", "register", "check", "deploy", "smoke", "tidy"]
    assert redash.images() == {f"{REPOSITORY}:26.3.0"}
    # What the inventory still says would take it back without a word.
    refused = redash.run("site.yml", redash_version="25.8.0")
    assert refused.message.startswith(f"redash_version: 25.8.0, but Redash is 26.3.0 since release {number}."), refused.output

    with Watch(redash, demo) as back:
        assert "Redash is back at 25.8.0" in good(old.run("rollback.yml", redash_version="26.3.0")).message
    assert (redash.services(), redash.task_runner(), redash.people()) == before
    history = " ".join(good(redash.run("history.yml")).output.split())
    assert all(said in history for said in ("25.8.0 -> 26.3.0", "rollback")), history
    # The rendered files, too, are those of what runs.
    unchanged(redash.run("site.yml", redash_version="25.8.0", redash_terraform_skip_unchanged=True))
    for watch in (there, back):
        assert answered(watch), Counter(watch.pings)


def test_the_encryption_key_is_rotated_and_nobody_else_learns_it(redash: Installation, tmp_path: Path) -> None:
    old, encrypted, people = value(redash, "secret_key"), rows(redash), redash.people()
    rotate_hunted(redash, tmp_path, rotate="secret_key", redash_version="25.8.0")
    new = value(redash, "secret_key")
    assert new not in (old, None)
    assert value(redash, "secret_key_next") is None
    assert rows(redash) != encrypted
    assert redash.people() == people
    assert set(redash.held("REDASH_SECRET_KEY").values()) == {new}
    decrypts(redash)


def test_a_restore_brings_back_the_database_the_release_and_the_key_of_before(redash: Installation) -> None:
    """The key was rotated since the snapshot: with the stored one, no data source could be read."""
    people, rotated = redash.people(), value(redash, "secret_key")
    versions = redash.client("ssm").get_parameter_history(Name=f"{PREFIX}/secret_key", WithDecryption=True)["Parameters"]
    of_that_time = min(versions, key=lambda version: version["Version"])["Value"]
    assert rotated != of_that_time
    upgrade = next(
        record for record in redash.records() if (record["kind"], record["path"], record["state"]) == ("upgrade", "full", "succeeded")
    )
    snapshot = upgrade["facts"]["snapshot"]
    redash.sql("insert into queries (org_id, name, query, query_hash, user_id) values (1, 'Written since', 'select 3', 'z', 1)")
    restored = good(redash.run("restore.yml", redash_restore=NAME, redash_version="25.8.0"))
    assert f"The database is the one of {snapshot}, and Redash is 10.1.0." in restored.message
    calm(restored)
    assert redash.services() == kept(upgrade)
    assert (redash.schema(), redash.people()) == (OLD, people)
    assert redash.sql("select count(*) from queries where name = 'Written since'", f"redash.before.{snapshot}") == ["1"]
    assert value(redash, "secret_key") == of_that_time
    assert set(redash.held("REDASH_SECRET_KEY").values()) == {of_that_time}
    assert "version 1 opens all 1 encrypted rows and is the newest version again" in " ".join(restored.output.split())
    assert of_that_time not in restored.output
    decrypts(redash)
    # Nothing is left to put right, in the rendered files neither.
    unchanged(redash.run("site.yml"))
