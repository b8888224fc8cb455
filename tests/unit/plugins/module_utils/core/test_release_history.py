# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import release_history
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release_record import Record

NAME = "redash-prod"
UPGRADE = Record(
    number=3,
    kind="upgrade",
    from_version="10.1.0",
    to_version="25.8.0",
    step="deploy",
    begun=["read", "register"],
    facts={"snapshot": "redash-prod-release-3"},
    error="the server crashes",
)
ROLLBACK = replace(UPGRADE, kind="rollback", from_version="25.8.0", to_version="10.1.0", begun=["roll_back"])
RESTORE = replace(ROLLBACK, kind="restore", begun=["suspend"])
BACKUP = replace(UPGRADE, kind="backup", to_version="", begun=["snapshot"])


@pytest.mark.parametrize(
    ("record", "command"),
    [
        (UPGRADE, "upgrade.yml -e redash_version=25.8.0"),
        (RESTORE, "restore.yml -e redash_restore=redash-prod"),
        (ROLLBACK, "rollback.yml"),
        (BACKUP, "backup.yml"),
    ],
)
def test_an_unfinished_release_is_gone_on_with_by_its_own_command(record: Record, command: str) -> None:
    assert release_history.next_command(record, NAME) == command


@pytest.mark.parametrize(
    ("record", "goes_back"),
    [
        (None, False),
        (UPGRADE, False),
        (replace(UPGRADE, direction="back"), True),
        # It has been taken back, and nothing is left to undo.
        (replace(UPGRADE, direction="back", state="undone"), False),
        (replace(UPGRADE, direction="back", state="stopped"), False),
    ],
)
def test_a_run_that_was_killed_while_it_undid_only_goes_back(record: Record | None, goes_back: bool) -> None:
    assert release_history.goes_back(record) is goes_back


@pytest.mark.parametrize(
    ("records", "version", "number"),
    [
        ([], "", 0),
        ([replace(UPGRADE, state="succeeded")], "25.8.0", 3),
        ([replace(UPGRADE, state="undone")], "10.1.0", 3),
        ([replace(UPGRADE, state="restored")], "10.1.0", 3),
        # A person closed it: the records do not know what runs.
        ([replace(UPGRADE, state="succeeded"), replace(UPGRADE, number=4, state="abandoned")], "", 4),
        # What changed nothing, or is not over, tells nothing: the one before counts.
        ([replace(UPGRADE, state="succeeded"), replace(UPGRADE, number=4, to_version="26.3.0", state="refused")], "25.8.0", 3),
        ([replace(UPGRADE, state="succeeded"), replace(UPGRADE, number=4, to_version="26.3.0", state="running")], "25.8.0", 3),
        ([replace(UPGRADE, state="succeeded"), replace(UPGRADE, number=4, to_version="26.3.0", state="stopped")], "25.8.0", 3),
        ([replace(UPGRADE, state="succeeded"), replace(BACKUP, number=4, state="succeeded")], "25.8.0", 3),
        ([replace(UPGRADE, state="succeeded"), replace(BACKUP, number=4, state="abandoned")], "25.8.0", 3),
        ([replace(UPGRADE, state="succeeded"), replace(ROLLBACK, number=4, state="succeeded")], "10.1.0", 4),
        ([replace(UPGRADE, state="succeeded"), replace(ROLLBACK, number=4, state="undone")], "25.8.0", 4),
        ([replace(UPGRADE, state="succeeded"), Record(number=4, kind="destroy", state="succeeded")], "", 4),
    ],
)
def test_redash_is_what_the_last_release_that_ended_left(records: list[Record], version: str, number: int) -> None:
    assert release_history.released(records) == (version, number)


@pytest.mark.parametrize(
    ("services", "server", "workers"),
    [
        (["redash-prod"], "redash-prod", []),
        (
            [
                "redash-prod-adhoc_worker",
                "redash-prod-server",
                "redash-prod-worker",
                "redash-prod-scheduler",
                "redash-prod-scheduled_worker",
            ],
            "redash-prod-server",
            ["redash-prod-scheduler", "redash-prod-adhoc_worker", "redash-prod-scheduled_worker", "redash-prod-worker"],
        ),
        # The scheduler of 9 and before has workers of its name's beginning.
        (
            ["redash-prod-a-scheduler-worker", "redash-prod-scheduler", "redash-prod-server"],
            "redash-prod-server",
            ["redash-prod-scheduler", "redash-prod-a-scheduler-worker"],
        ),
        ([], "redash-prod-server", []),
    ],
)
def test_the_scheduler_is_stopped_first_and_the_server_is_no_worker(services: list[str], server: str, workers: list[str]) -> None:
    assert release_history.stop_order(dict.fromkeys(services), NAME) == (server, workers)


@pytest.mark.parametrize(
    ("record", "snapshot"), [(UPGRADE, "redash-prod-release-3"), (BACKUP, "redash-prod-backup-3"), (RESTORE, "redash-prod-restore-3")]
)
def test_a_snapshot_bears_its_records_name(record: Record, snapshot: str) -> None:
    assert release_history.snapshot_name(record, NAME) == snapshot


THEN = {"redash-prod": {"task_definition": "redash-prod:1", "desired_count": 1}}
NEWER = {"redash-prod": {"task_definition": "redash-prod:9", "desired_count": 1}}
SPLIT = {"redash-prod-server": {"task_definition": "redash-prod-server:1", "desired_count": 2}}
SAVED = Record(
    number=1,
    kind="backup",
    state="succeeded",
    from_version="25.8.0",
    facts={"snapshot": "one", "services": THEN, "task_runner": "runner:1"},
)


def running(services: dict[str, Any], version: str = "25.8.0") -> dict[str, Any]:
    return {"services": services, "version": version, "task_runner": "runner:9", "autoscaling": {"redash-prod-server": {"in": True}}}


@pytest.mark.parametrize(
    ("now", "version", "snapshot", "wanted", "task_runner", "to_version"),
    [
        (THEN, "25.8.0", "one", THEN, "runner:1", "25.8.0"),
        (NEWER, "25.8.0", "one", THEN, "runner:1", "25.8.0"),
        (NEWER, "26.3.0", "one", THEN, "runner:1", "25.8.0"),
        # The same release, in another topology since: what runs fits that database, too.
        (SPLIT, "25.8.0", "one", SPLIT, "runner:9", "25.8.0"),
        # Another release in another topology: the services of then are made again.
        (SPLIT, "26.3.0", "one", THEN, "runner:1", "25.8.0"),
        # No record tells of it.
        (SPLIT, "25.8.0", "another's", SPLIT, "runner:9", ""),
        (SPLIT, "", "another's", SPLIT, "runner:9", ""),
    ],
)
def test_the_services_of_the_snapshots_time_are_brought_up_unless_only_the_topology_was_changed(
    now: dict[str, Any], version: str, snapshot: str, wanted: dict[str, Any], task_runner: str, to_version: str
) -> None:
    restoration = release_history.restoration([SAVED], running(now, version), snapshot)
    assert restoration.facts == {
        "snapshot": snapshot,
        "services": wanted,
        "task_runner": task_runner,
        "task_definitions": {service: now[service]["task_definition"] for service in now},
        "autoscaling": {"redash-prod-server": {"in": True}},
    }
    assert (restoration.snapshot, restoration.to_version) == (snapshot, to_version)
    assert (restoration.ends_upgrade, restoration.looks_for_snapshot) == (False, True)


def saved(number: int, kind: str, snapshot: str, state: str = "succeeded", **other: Any) -> Record:
    return replace(SAVED, number=number, kind=kind, state=state, facts={**SAVED.facts, "snapshot": snapshot}, **other)


@pytest.mark.parametrize(
    ("records", "asked", "snapshot"),
    [
        ([saved(1, "upgrade", "one"), saved(2, "backup", "two")], "", "two"),
        ([saved(1, "upgrade", "one"), saved(2, "backup", "two")], "one", "one"),
        ([saved(1, "backup", "one"), saved(2, "upgrade", "two", "stopped")], "", "two"),
        # Taken without a snapshot: that of the record before.
        ([saved(1, "backup", "one"), saved(2, "upgrade", "")], "", "one"),
        # A restore has a snapshot, but took none. One that was cut off goes on with its own.
        ([saved(1, "backup", "one"), saved(2, "backup", "two"), saved(3, "restore", "one")], "", "two"),
        ([saved(1, "backup", "one"), saved(2, "backup", "two"), saved(3, "restore", "one", "running")], "", "one"),
        ([saved(1, "backup", "one"), saved(2, "backup", "two"), saved(3, "restore", "one", "running")], "one", "one"),
        ([saved(1, "backup", "one"), saved(2, "backup", "two"), saved(3, "restore", "one", "abandoned")], "", "two"),
    ],
)
def test_the_newest_snapshot_is_restored_unless_another_is_named_or_was_begun(records: list[Record], asked: str, snapshot: str) -> None:
    assert release_history.restoration(records, running(THEN), asked).snapshot == snapshot


@pytest.mark.parametrize("records", [[], [saved(1, "upgrade", "")], [saved(1, "restore", "one")]])
def test_without_a_snapshot_there_is_nothing_to_restore(records: list[Record]) -> None:
    with pytest.raises(RedashError) as caught:
        release_history.restoration(records, running(THEN))
    assert str(caught.value) == "snapshot: no release has one. Name it: -e snapshot=<identifier>."


@pytest.mark.parametrize("records", [[], [replace(RESTORE, facts={"services": THEN})]])
def test_a_snapshot_that_is_named_needs_no_record(records: list[Record]) -> None:
    restoration = release_history.restoration(records, running(THEN), "another's")
    assert (restoration.snapshot, restoration.to_version, restoration.facts["services"]) == ("another's", "", THEN)
    assert (restoration.ends_upgrade, restoration.looks_for_snapshot) == (False, True)


def test_a_restore_that_was_cut_off_is_ended_before_another_begins() -> None:
    with pytest.raises(RedashError) as caught:
        release_history.restoration([SAVED, saved(2, "restore", "two", "running")], running(THEN), "one")
    assert str(caught.value) == ("snapshot: one, but release 2 is in the middle of restoring two. Leave snapshot out to end that first.")


@pytest.mark.parametrize(
    ("last", "looks"),
    [
        (saved(2, "restore", "one", "running", done=["suspend"]), True),
        # The database is there; the snapshot may be gone since.
        (saved(2, "restore", "one", "running", done=["suspend", "restore"]), False),
        (saved(2, "restore", "one", "succeeded", done=["suspend", "restore"]), True),
    ],
)
def test_the_snapshot_must_be_there_until_it_is_restored(last: Record, looks: bool) -> None:
    assert release_history.restoration([SAVED, last], running(THEN)).looks_for_snapshot is looks


@pytest.mark.parametrize(
    ("last", "snapshot", "ends"),
    [
        (saved(2, "upgrade", "two", "stopped"), "", True),
        (saved(2, "upgrade", "two", "stopped"), "one", False),
        # Killed while restore.yml, or upgrade_on_failure: restore, took it back.
        (saved(2, "upgrade", "two", "running", direction="back", restore=True), "", True),
        (saved(2, "upgrade", "two", "running", direction="back"), "", False),
        (saved(2, "upgrade", "two", "running", restore=True), "", False),
        (saved(2, "upgrade", "two", "restored", direction="back", restore=True), "", False),
        (saved(2, "upgrade", "two", "succeeded"), "", False),
        (saved(2, "backup", "two", "running"), "", False),
        (saved(2, "restore", "two", "running", direction="back", restore=True), "", False),
    ],
)
def test_the_snapshot_of_an_upgrade_that_waits_ends_that_upgrade(last: Record, snapshot: str, ends: bool) -> None:
    assert release_history.restoration([SAVED, last], running(THEN), snapshot).ends_upgrade is ends


@pytest.mark.parametrize(
    ("record", "given", "succeeded", "went_back", "verdict"),
    [
        (
            replace(UPGRADE, state="succeeded"),
            {},
            True,
            False,
            "Redash is 25.8.0 (release 3). Set redash_version: 25.8.0 in the inventory.",
        ),
        (replace(BACKUP, state="succeeded"), {}, True, False, "Snapshot redash-prod-release-3 is there."),
        (
            replace(ROLLBACK, state="succeeded"),
            {},
            True,
            True,
            "Redash is back at 10.1.0 (release 3)."
            " Set redash_version: 10.1.0 in the inventory, else the next site.yml brings the other one again.",
        ),
        (
            replace(RESTORE, state="succeeded", facts={"snapshot": "one", "kept_cluster": "redash-prod-before-3"}),
            {},
            True,
            True,
            "The database is the one of one, and Redash is 10.1.0. The database of before is kept as redash-prod-before-3;"
            " delete it when you do not need it any more. Set redash_version: 10.1.0 in the inventory.",
        ),
        # Of a snapshot from elsewhere.
        (
            replace(RESTORE, state="succeeded", to_version="", facts={"snapshot": "one", "kept_cluster": "redash-prod-before-3"}),
            {},
            True,
            True,
            "The database is the one of one. The database of before is kept as redash-prod-before-3;"
            " delete it when you do not need it any more.",
        ),
        (
            replace(RESTORE, state="succeeded", facts={"snapshot": "one"}),
            {},
            True,
            True,
            "The database is the one of one, and Redash is 10.1.0. Set redash_version: 10.1.0 in the inventory.",
        ),
        # restore.yml took an upgrade back.
        (
            replace(UPGRADE, state="restored", facts={"snapshot": "one", "kept_cluster": "redash-prod-before-3"}),
            {"going_back": True, "error": "an old one"},
            True,
            True,
            "The database is the one of one, and Redash is 10.1.0. The database of before is kept as redash-prod-before-3;"
            " delete it when you do not need it any more. Set redash_version: 10.1.0 in the inventory.",
        ),
        # There is no other database then, and none that is kept.
        (
            replace(UPGRADE, state="undone"),
            {"going_back": True},
            True,
            True,
            "The database was not changed, so nothing was restored, and Redash is 10.1.0. Set redash_version: 10.1.0 in the inventory.",
        ),
        (
            replace(UPGRADE, state="restored"),
            {},
            False,
            True,
            "The upgrade failed; the database was restored from redash-prod-release-3, and the old release runs: the server crashes.",
        ),
        (
            replace(UPGRADE, state="stopped"),
            {},
            False,
            False,
            "The database is migrated, and 25.8.0 failed and is kept stopped (nobody can use Redash): the server crashes."
            " Fix it and run upgrade.yml -e redash_version=25.8.0 again, or go back to 10.1.0:"
            " restore.yml -e redash_restore=redash-prod (snapshot redash-prod-release-3).",
        ),
        # No snapshot was taken.
        (
            replace(UPGRADE, state="stopped", facts={}),
            {"going_back": True},
            False,
            False,
            "The database is migrated, and 25.8.0 failed and is kept stopped (nobody can use Redash): the server crashes."
            " Fix it and run upgrade.yml -e redash_version=25.8.0 again, or go back to 10.1.0:"
            " bring back your own backup of the database, then run upgrade.yml -e redash_version=25.8.0 -e upgrade_undo=true.",
        ),
        (replace(UPGRADE, state="undone"), {}, False, True, "The upgrade failed and everything is as it was: the server crashes."),
        (replace(ROLLBACK, state="undone"), {}, False, False, "The rollback failed and everything is as it was: the server crashes."),
        (replace(UPGRADE, state="refused"), {}, False, True, "Refused, nothing was touched: the server crashes."),
        (replace(UPGRADE, state="refused", begun=["read"]), {}, False, False, "Refused, nothing was touched: the server crashes."),
        (
            replace(UPGRADE, state="refused", begun=["read"]),
            {"error": "this run's"},
            False,
            False,
            "Refused, nothing was touched: this run's.",
        ),
        (
            replace(UPGRADE, step="start_old"),
            {"undo_error": "no connection"},
            False,
            False,
            "Unfinished at step start_old: no connection. Run upgrade.yml -e redash_version=25.8.0 again: it goes on there.",
        ),
        (
            replace(RESTORE, step="restore"),
            {},
            False,
            False,
            "Unfinished at step restore: the server crashes. Run restore.yml -e redash_restore=redash-prod again: it goes on there.",
        ),
        (
            replace(UPGRADE, state="abandoned", error="closed by jane"),
            {"going_back": True, "error": "the lock is another run's"},
            False,
            False,
            "Release 3 was closed meanwhile: closed by jane. history.yml shows it.",
        ),
    ],
)
def test_the_verdict_says_what_is_there_and_the_commands_that_are_left(
    record: Record, given: dict[str, Any], succeeded: bool, went_back: bool, verdict: str
) -> None:
    ending = release_history.ending(record, NAME, **given)
    assert (ending.succeeded, ending.went_back, ending.verdict) == (succeeded, went_back, verdict)
    assert ending.version == "10.1.0" or record.to_version == ""
