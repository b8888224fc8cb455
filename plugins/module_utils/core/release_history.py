# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the release records say together: what waits, which release Redash is, what a restore brings back, how a release ended.

One record is a transaction (upgrade.py). Here the questions are answered that need the newest record as a person reads it, or all
of them. ``records`` is oldest first, as Parameter Store numbers them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core import upgrade
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release_record import Record


def next_command(record: Record, name: str) -> str:
    """What a person types to go on with an unfinished record of the installation ``name``."""
    if record.kind == "upgrade":
        return f"upgrade.yml -e redash_version={record.to_version}"
    return f"{record.kind}.yml" + (f" -e redash_restore={name}" if record.kind == "restore" else "")


def goes_back(record: Record | None) -> bool:
    """Whether a run was killed while it undid: the next one only undoes, too."""
    return record is not None and record.state == "running" and record.direction == "back"


def released(records: Sequence[Record]) -> tuple[str, int]:
    """The release that Redash is since the last record that changed it, and that record's number.

    That is the new version where it succeeded, the old one where it was taken back. The version is empty after a record that a
    person closed and after destroy.yml: the records do not know it. The number is 0 where no record tells of a release.
    """
    for record in reversed(records):
        if record.kind == "backup" or record.state not in ("succeeded", "undone", "restored", "abandoned"):
            continue
        if record.state == "abandoned":
            return "", record.number
        return record.to_version if record.state == "succeeded" else record.from_version, record.number
    return "", 0


def stop_order(services: Mapping[str, Any], name: str) -> tuple[str, list[str]]:
    """Of an installation's ECS services: the one that answers the load balancer, and the others in the order to stop them.

    The scheduler is the first, so that nothing new is queued. The consolidated topology has one service, by the installation's name.
    """
    server = name if name in services else f"{name}-server"
    return server, sorted(set(services) - {server}, key=lambda service: (not service.endswith("scheduler"), service))


def snapshot_name(record: Record, name: str) -> str:
    """The identifier of a record's snapshot: a run that goes on finds the one that was begun."""
    return f"{name}-{'release' if record.kind == 'upgrade' else record.kind}-{record.number}"


@dataclass(frozen=True)
class Restoration:
    """What ``restore.yml`` does.

    ``snapshot``             identifier of the database cluster's snapshot
    ``to_version``           the release that ran when it was taken; empty where no record tells
    ``facts``                what the record of the restore keeps: the services to bring up, and what runs now
    ``ends_upgrade``         an upgrade waits, and this snapshot is its own: the restore ends that upgrade
    ``looks_for_snapshot``   the snapshot must be there: no run before this one has restored it
    """

    snapshot: str
    to_version: str
    facts: dict[str, Any]
    ends_upgrade: bool
    looks_for_snapshot: bool


def restoration(records: Sequence[Record], running: Mapping[str, Any], snapshot: str = "") -> Restoration:
    """Decide what a restore brings back.

    ``running``   what redash_ecs_verify found: ``version``, ``services`` by name with ``task_definition`` and ``desired_count``,
                  ``task_runner``, ``autoscaling``
    ``snapshot``  the one that a person named; else a restore that was cut off goes on with its own, and a new one takes the newest

    Raises RedashError where there is no snapshot, or another one than that of a restore that was cut off.
    """
    last = records[-1] if records else None
    waits = upgrade.unfinished(last)
    begun = str(last.facts.get("snapshot", "")) if last and waits and last.kind == "restore" else ""
    with_snapshots = [record for record in reversed(records) if record.kind in ("upgrade", "backup") and record.facts.get("snapshot")]
    wanted = snapshot or begun or (str(with_snapshots[0].facts["snapshot"]) if with_snapshots else "")
    if not wanted:
        raise RedashError(Problem("no release has one", "snapshot", "Name it: -e snapshot=<identifier>."))
    if last and begun and wanted != begun:
        raise RedashError(
            Problem(
                f"{wanted}, but release {last.number} is in the middle of restoring {begun}",
                "snapshot",
                "Leave snapshot out to end that first.",
            )
        )
    # The release that took the snapshot knows what ran then; of a snapshot from elsewhere, no record tells, and what runs now stays.
    source = next((record for record in with_snapshots if record.facts["snapshot"] == wanted), None)
    then: Mapping[str, Any] = source.facts if source else {}
    now = running["services"]
    # Of the same release in another topology, what runs stays, too: only the database is another.
    if source and source.from_version == running["version"] and set(then["services"]) != set(now):
        then = {}
    return Restoration(
        snapshot=wanted,
        to_version=source.from_version if source else "",
        facts={
            "snapshot": wanted,
            "services": then.get("services", now),
            "task_runner": then.get("task_runner", running["task_runner"]),
            # What runs now: it is stopped, and what the release of the snapshot had not is removed.
            "task_definitions": {service: now[service]["task_definition"] for service in now},
            "autoscaling": running["autoscaling"],
        },
        # Of an upgrade that is kept stopped; or that was killed while restore.yml, or upgrade_on_failure: restore, took it back.
        ends_upgrade=bool(
            last
            and last.kind == "upgrade"
            and last.facts.get("snapshot") == wanted
            and (last.state == "stopped" or (goes_back(last) and last.restore))
        ),
        looks_for_snapshot=not (last and waits and "restore" in last.done),
    )


@dataclass(frozen=True)
class Ending:
    """How a release ended.

    ``succeeded``  what was asked for is there
    ``verdict``    what a person reads: what is there now, and what to do
    ``went_back``  an older release runs again, and the rendered files may be those of the other one
    ``version``    the release that runs after going back; empty where no record tells
    """

    succeeded: bool
    verdict: str
    went_back: bool
    version: str


def ending(record: Record, name: str, *, error: str = "", undo_error: str = "", going_back: bool = False) -> Ending:
    """How the newest record ended, in the installation ``name``.

    ``error``       what failed in this run; else the record's own counts
    ``undo_error``  what failed on the way back
    ``going_back``  going back is what was asked for: a release that was taken back is a success
    """
    version = record.from_version if record.kind == "upgrade" else record.to_version
    if record.kind == "upgrade":
        went_back = record.state in ("refused", "undone", "restored") and "register" in record.begun
    else:
        went_back = record.state == "succeeded" and record.kind in ("rollback", "restore")
    succeeded = record.state == "succeeded" or (going_back and record.state in ("restored", "undone"))
    verdict = _success(record, version) if succeeded else _failure(record, name, error or record.error, undo_error)
    return Ending(succeeded=succeeded, verdict=" ".join(sentence for sentence in verdict if sentence), went_back=went_back, version=version)


def _success(record: Record, version: str) -> list[str]:
    snapshot = record.facts.get("snapshot", "")
    if record.state == "succeeded" and record.kind == "upgrade":
        return [
            f"Redash is {record.to_version} (release {record.number}).",
            f"Set redash_version: {record.to_version} in the inventory.",
        ]
    if record.kind == "backup":
        return [f"Snapshot {snapshot} is there."]
    if record.kind == "rollback":
        return [
            f"Redash is back at {version} (release {record.number}).",
            f"Set redash_version: {version} in the inventory, else the next site.yml brings the other one again.",
        ]
    kept = record.facts.get("kept_cluster")
    in_inventory = f"Set redash_version: {version} in the inventory." if version else ""
    if record.state == "undone":
        return [f"The database was not changed, so nothing was restored, and Redash is {version}.", in_inventory]
    return [
        f"The database is the one of {snapshot}{f', and Redash is {version}' if version else ''}.",
        f"The database of before is kept as {kept}; delete it when you do not need it any more." if kept else "",
        in_inventory,
    ]


def _failure(record: Record, name: str, error: str, undo_error: str) -> list[str]:
    snapshot, again = record.facts.get("snapshot", ""), next_command(record, name)
    if record.state == "refused":
        return [f"Refused, nothing was touched: {error}."]
    if record.state == "undone":
        return [f"The {record.kind} failed and everything is as it was: {error}."]
    if record.state == "restored":
        return [f"The upgrade failed; the database was restored from {snapshot}, and the old release runs: {error}."]
    if record.state == "stopped":
        return [
            f"The database is migrated, and {record.to_version} failed and is kept stopped (nobody can use Redash): {error}.",
            f"Fix it and run {again} again, or go back to {record.from_version}:",
            f"restore.yml -e redash_restore={name} (snapshot {snapshot})."
            if snapshot
            else f"bring back your own backup of the database, then run {again} -e upgrade_undo=true.",
        ]
    if record.state == "abandoned":
        return [f"Release {record.number} was closed meanwhile: {record.error}. history.yml shows it."]
    return [f"Unfinished at step {record.step}: {undo_error or error}.", f"Run {again} again: it goes on there."]
