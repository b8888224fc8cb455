#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_release_record
short_description: Keep the record of an upgrade, and let one run at a time work
version_added: 0.1.0
author:
  - The redash.ecs authors (@redash-ecs)
description:
  - An upgrade is a transaction of steps. Which are done, what they found and what undoing needs is kept in Parameter Store,
    in C(<prefix>/releases/<number>); so a run that was killed at any instant is continued by the next one.
  - V(opened) takes the lock and begins a record, or goes on with the unfinished one. V(advanced) notes the step that was done and says
    which is next. V(failed) turns back, so that the next steps undo. V(released) gives the lock back. V(listed) reads.
    V(planned) says what an upgrade would do, from what the running release saw; with O(kind=restore), what a restore brings back.
    V(concluded) says how the newest record ended.
  - The lock belongs to the process of ansible-playbook. It ends when that process is dead (on the same machine), when it has been in a
    step for longer than that step may take, or when it is given back.
  - Where a dead run left the lock, what is left of that run (workers of a killed ansible-playbook) gets five seconds to end.
options:
  prefix:
    description: Path of the installation's parameters, such as V(/redash/redash-prod).
    type: str
    required: true
  state:
    description:
      - What to do.
      - V(abandoned) closes the unfinished record O(number) and does nothing else, V(destroyed) closes whatever is unfinished and notes
        that the installation is gone, where anything was ever released.
      - V(learnt) reads what C(facts.py) said in the image of O(to_version). It fails where the image holds another release.
      - V(judged) reads what the task of the step O(done) said for the release O(to_version), without a record; it fails where an upgrade
        would turn back.
    type: str
    required: true
    choices: [listed, planned, opened, advanced, failed, released, abandoned, destroyed, judged, learnt, concluded]
  name:
    description:
      - Name of the installation, as its services bear it.
      - The default is the last part of O(prefix).
    type: str
  kind:
    description: What the record is of.
    type: str
    choices: [upgrade, rollback, backup, restore]
    default: upgrade
  to_version:
    description: The release to come to. Required to open an upgrade.
    type: str
    default: ""
  from_version:
    description: The release that runs, as far as it is known.
    type: str
    default: ""
  by:
    description: Who runs this, for people. Empty for the user that ansible-playbook runs as or, where the system has no name for it
      (a container run under a number), for the caller as AWS knows it.
    type: str
    default: ""
  restore:
    description: When the database was migrated and the new release fails, restore the snapshot and bring the old release up.
    type: bool
    default: false
  undo:
    description: Take an unfinished upgrade back instead of going on with it.
    type: bool
    default: false
  take_lock:
    description: Take the lock from a run that is known to be dead.
    type: bool
    default: false
  alone:
    description: With O(state=listed), fail where another run is at work, and say whose, unless O(take_lock) is set.
    type: bool
    default: false
  number:
    description: The record's number, as V(opened) returned it.
    type: int
  lock:
    description: The lock's number, as V(opened) returned it.
    type: int
  done:
    description: The step that has been done; empty to ask for the first.
    type: str
    default: ""
  facts:
    description: What that step found, what is to be kept when a record is opened, or what V(judged) has to know. Nothing secret.
    type: dict
    default: {}
  lines:
    description: The log lines of the task that the step ran; what they say is judged here.
    type: list
    elements: str
    default: []
  rc:
    description: Exit code of that task.
    type: int
  error:
    description: Why the upgrade failed.
    type: str
    default: ""
  undo_error:
    description: With O(state=concluded), what failed on the way back.
    type: str
    default: ""
  going_back:
    description: With O(state=concluded), whether going back is what was asked for. A release that was taken back is a success then.
    type: bool
    default: false
  running:
    description: What runs, as M(redash.ecs.redash_ecs_verify) returned it. Required to plan a restore.
    type: dict
  snapshot:
    description:
      - The snapshot to restore, to plan a restore.
      - Empty, it is that of the restore that was cut off, else the newest one of a release.
    type: str
    default: ""
  limits:
    description: Seconds that steps may take, by step, where they differ from the usual.
    type: dict
    default: {}
  process:
    description: Host, machine, number and start of the process that holds the lock. Filled in by the action plugin.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    details: Writes nothing; V(opened) returns the plan.
  diff_mode:
    support: none
    details: The record is a log, not a state to compare.
extends_documentation_fragment:
  - redash.ecs.options.releases
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Show what was released
  redash.ecs.redash_release_record:
    prefix: /redash/redash-prod
    state: listed
    region: ap-northeast-1
  register: history

- name: Begin an upgrade, or go on with the one that was begun
  redash.ecs.redash_release_record:
    prefix: /redash/redash-prod
    state: opened
    to_version: 25.8.0
    by: jane
    region: ap-northeast-1
  register: release
"""

RETURN = r"""
last:
  description: The newest record; empty when there is none.
  returned: O(state=listed)
  type: dict
  sample: {number: 12, kind: upgrade, state: running, direction: forward, to_version: 25.8.0}
unfinished:
  description: Whether the newest record waits to be gone on with.
  returned: O(state=listed)
  type: bool
next_command:
  description: What a person types to go on with the newest record.
  returned: O(state=listed)
  type: str
  sample: upgrade.yml -e redash_version=25.8.0
goes_back:
  description: Whether the newest record only undoes.
  returned: O(state=listed)
  type: bool
version:
  description:
    - The release that the records tell to be there; empty where they can't.
    - Of O(state=concluded), the one that runs after going back.
  returned: O(state=listed), O(state=concluded)
  type: str
  sample: 25.8.0
version_since:
  description: Number of the record that RV(version) comes from; 0 when there is none.
  returned: O(state=listed)
  type: int
  sample: 12
releases:
  description: What images told of releases that no table knew, by version, in the form of O(releases).
  returned: O(state=listed)
  type: dict
  sample: {26.9.0: {like: 26.3.0}}
succeeded:
  description: Whether what was asked for is there.
  returned: O(state=concluded)
  type: bool
verdict:
  description: What is there now, and what to do.
  returned: O(state=concluded)
  type: str
  sample: Redash is 25.8.0 (release 12). Set redash_version 25.8.0 in the inventory.
went_back:
  description: Whether an older release runs again, and the rendered files may be those of the other one.
  returned: O(state=concluded)
  type: bool
restoration:
  description:
    - What a restore brings back. C(snapshot) is the one that is restored, C(to_version) the release of that time.
    - C(facts) is what the record of the restore keeps, C(ends_upgrade) whether it ends an upgrade that waits.
    - C(looks_for_snapshot) is false where a run before this one has restored it.
  returned: O(state=planned) with O(kind=restore)
  type: dict
  sample: {snapshot: redash-prod-release-12, to_version: 25.1.0, facts: {}, ends_upgrade: true, looks_for_snapshot: true}
server:
  description: The service that answers the load balancer.
  returned: with RV(step)
  type: str
  sample: redash-prod-server
workers:
  description: The other services, in the order to stop them; the scheduler is the first.
  returned: with RV(step)
  type: list
  elements: str
  sample: [redash-prod-scheduler, redash-prod-worker]
snapshot:
  description: Identifier of the record's snapshot, whether it is taken or not.
  returned: with RV(step)
  type: str
  sample: redash-prod-release-12
number:
  description: The record's number.
  returned: when there is a record
  type: int
  sample: 12
lock:
  description: The lock's number.
  returned: O(state=opened)
  type: int
  sample: 7
record:
  description: The record.
  returned: when there is a record
  type: dict
  sample: {number: 12, kind: upgrade, state: running, direction: forward, to_version: 25.8.0}
step:
  description: The step to do now; empty when nothing is left to do.
  returned: O(state=opened), O(state=advanced), O(state=failed)
  type: str
  sample: snapshot
title:
  description: What that step does.
  returned: with RV(step)
  type: str
  sample: Take a snapshot of the database cluster
heading:
  description: The same with its number on the way.
  returned: with RV(step)
  type: str
  sample: "Step 4 of 13: Take a snapshot of the database cluster"
queues:
  description: Every queue of the release to come to.
  returned: with RV(step)
  type: list
  elements: str
  sample: [periodic, emails, default, scheduled_queries, queries, schemas]
downtime:
  description: Seconds without Redash to expect, the migrations' own work apart.
  returned: with RV(step)
  type: int
  sample: 330
trials:
  description: What C(roles/upgrade/files/foresee.py) is to try on the rows for the pending migrations, as its argument (JSON).
  returned: with RV(step)
  type: str
plan:
  description: The steps still to do, one a line.
  returned: with RV(step)
  type: list
  elements: str
  sample: ["Take a snapshot of the database cluster (snapshot)"]
by:
  description: Who runs this.
  returned: O(state=opened)
  type: str
  sample: jane
resumed:
  description: Whether an unfinished record was found and is continued.
  returned: O(state=opened)
  type: bool
facts:
  description: What the step found.
  returned: O(state=judged)
  type: dict
  sample: {queues: [default, emails, periodic]}
records:
  description: All records, newest first.
  returned: O(state=listed)
  type: list
  elements: dict
lines:
  description: All records, one a line, newest first.
  returned: O(state=listed)
  type: list
  elements: str
"""

import dataclasses
import getpass
import json
import platform
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import release_records
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import foresight, given_releases, migration, release_history, upgrade
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release_record import GRACE, Lock, Record, held, line, refusal
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module
from ansible_collections.redash.ecs.plugins.module_utils.process import started

SPECIFICATION: dict[str, Any] = {
    "argument_spec": {
        "prefix": {"type": "str", "required": True},
        "state": {
            "type": "str",
            "required": True,
            "choices": [
                "listed",
                "planned",
                "opened",
                "advanced",
                "failed",
                "released",
                "abandoned",
                "destroyed",
                "judged",
                "learnt",
                "concluded",
            ],
        },
        "name": {"type": "str"},
        "kind": {"type": "str", "choices": ["upgrade", "rollback", "backup", "restore"], "default": "upgrade"},
        "to_version": {"type": "str", "default": ""},
        "from_version": {"type": "str", "default": ""},
        "by": {"type": "str", "default": ""},
        "restore": {"type": "bool", "default": False},
        "undo": {"type": "bool", "default": False},
        "take_lock": {"type": "bool", "default": False},
        "alone": {"type": "bool", "default": False},
        "number": {"type": "int"},
        "lock": {"type": "int"},
        "done": {"type": "str", "default": ""},
        "facts": {"type": "dict", "default": {}},
        "lines": {"type": "list", "elements": "str", "default": []},
        "rc": {"type": "int"},
        "error": {"type": "str", "default": ""},
        "undo_error": {"type": "str", "default": ""},
        "going_back": {"type": "bool", "default": False},
        "running": {"type": "dict"},
        "snapshot": {"type": "str", "default": ""},
        "limits": {"type": "dict", "default": {}},
        "process": {"type": "dict", "default": {}},
        "releases": {"type": "dict", "default": {}},
    },
    "required_if": [
        ("state", "advanced", ["number", "lock"]),
        ("state", "failed", ["number", "lock", "error"]),
        ("state", "released", ["lock"]),
        ("state", "abandoned", ["number"]),
    ],
}

# Seconds for the time between two steps, and for the first one to begin.
BETWEEN = 300
# Seconds that the workers of a killed ansible-playbook get to end. They live in sessions of their own: a task that waits
# notices within two seconds that nobody is left to wait for it; a module ends the one call that it is in.
ORPHANS = 5


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    state: str = params["state"]
    if state == "listed":
        ssm, now = context.client("ssm"), context.clock.now()
        records = release_records.read(ssm, params["prefix"])
        if params["alone"]:
            _alone(ssm, params, now)
        return _listed(records, _name(params))
    if state == "planned":
        return _plan_restore(params, context) if params["kind"] == "restore" else _plan(params)
    if state == "concluded":
        return _conclude(params, context)
    if state == "judged":
        record = Record(number=0, kind=params["kind"], to_version=params["to_version"], facts=dict(params["facts"]))
        return {"changed": False, "facts": upgrade.found(record, params["done"], params["lines"], params["rc"], params["releases"])}
    if state == "learnt":
        return _learn(params)
    if state == "opened":
        return _open(params, context)
    if state in ("abandoned", "destroyed"):
        return _close(params, context)
    if context.check_mode:
        return {"changed": False, "step": "", "title": "", "plan": []}
    if state == "released":
        return _release(params, context)
    return _advance(params, context)


def _name(params: dict[str, Any]) -> str:
    return params["name"] or str(params["prefix"]).rstrip("/").rpartition("/")[2]


def _learn(params: dict[str, Any]) -> dict[str, Any]:
    """What an image said of itself: that it holds the release, and the facts of one that neither the table nor a person told."""
    version = params["to_version"]
    seen = migration.result(params["lines"], "read the facts of the new image")
    if not seen.get("version"):
        why = seen.get("not_read", {}).get("version", "it did not say")
        raise RedashError(
            Problem(f"does not say which Redash it holds: {why}", "the new image", "Name an image of Redash as redash_image.")
        )
    upgrade.right_version(seen["version"], version)
    if given_releases.is_known(version, params["releases"]):
        return {"changed": False, "facts": {}, "lines": []}
    told = given_releases.learnt(seen, version)
    line = f"No table knew {version}. Its image says: {given_releases.entry_text(version, told.facts)}"
    return {"changed": False, "facts": {"release": told.facts}, "lines": [line, *told.notes]}


def _listed(records: list[Record], name: str) -> dict[str, Any]:
    last = records[-1] if records else None
    version, number = release_history.released(records)
    return {
        "changed": False,
        "records": [dataclasses.asdict(record) for record in reversed(records)],
        "lines": [line(record) for record in reversed(records)],
        "last": dataclasses.asdict(last) if last else {},
        "unfinished": upgrade.unfinished(last),
        "next_command": release_history.next_command(last, name) if last else "",
        "goes_back": release_history.goes_back(last),
        "version": version,
        "version_since": number,
        "releases": upgrade.learnt_by(records),
    }


def _conclude(params: dict[str, Any], context: Context) -> dict[str, Any]:
    records = release_records.read(context.client("ssm"), params["prefix"])
    if not records:
        raise RedashError(Problem("holds no release record", params["prefix"], "Somebody deleted it from Parameter Store."))
    ending = release_history.ending(
        records[-1], _name(params), error=params["error"], undo_error=params["undo_error"], going_back=params["going_back"]
    )
    return {"changed": False, **dataclasses.asdict(ending)}


def _plan_restore(params: dict[str, Any], context: Context) -> dict[str, Any]:
    if params["running"] is None:
        raise RedashError(Problem("not given", "running", "Give what redash_ecs_verify returned."))
    records = release_records.read(context.client("ssm"), params["prefix"])
    restoration = release_history.restoration(records, params["running"], params["snapshot"])
    return {"changed": False, "restoration": dataclasses.asdict(restoration)}


def _plan(params: dict[str, Any]) -> dict[str, Any]:
    record = Record(number=0, kind=params["kind"], to_version=params["to_version"], facts=dict(params["facts"]))
    upgrade.outlook(record, migration.result(params["lines"], "read the database's revision"), params["releases"])
    return {"changed": True, **_told(record, params)}


def _open(params: dict[str, Any], context: Context) -> dict[str, Any]:
    ssm, prefix, now = context.client("ssm"), params["prefix"], context.clock.now()
    params = {**params, "by": params["by"] or _person(context)}
    newest = _alone(ssm, params, now)
    lock = _mine(params, number=newest.number + 1 if newest else 1, expires=int(now) + BETWEEN)
    if not context.check_mode and not release_records.take(ssm, prefix, lock):
        taken = release_records.newest_lock(ssm, prefix) or lock
        raise RedashError(refusal(taken, now))
    if newest and not newest.released and not context.check_mode:
        context.report(f"the run before ({newest.doing or newest.by}) was cut off; what is left of it gets {ORPHANS} s to end")
        context.clock.sleep(ORPHANS)

    # Read after the lock was taken: what the run before wrote last is in it.
    try:
        record, resumed = _record(params, release_records.read(ssm, prefix), int(now))
        if not context.check_mode:
            release_records.write(ssm, prefix, record, new=not resumed)
    except RedashError:
        if not context.check_mode:
            release_records.renew(ssm, prefix, lock, expires=int(now), doing="", released=True)
        raise
    return {"changed": True, "lock": lock.number, "by": params["by"], "resumed": resumed, **_told(record, params)}


def _record(params: dict[str, Any], records: list[Record], now: int) -> tuple[Record, bool]:
    """The unfinished record, reopened, or a new one; and which of the two."""
    last = records[-1] if records else None
    if last is not None and upgrade.unfinished(last):
        if last.kind != params["kind"]:
            article = "an" if last.kind == "upgrade" else "a"
            raise RedashError(
                Problem(
                    f"release {last.number}, {article} {last.kind}, is unfinished at step {last.step or 'none'}",
                    f"{params['kind']}.yml",
                    "Finish it first: "
                    + (f"upgrade.yml -e redash_version={last.to_version}" if last.kind == "upgrade" else f"{last.kind}.yml"),
                )
            )
        if params["undo"]:
            upgrade.undo(last, params["restore"])
        else:
            upgrade.reopen(last, params["to_version"], params["restore"])
        return last, True
    if params["undo"]:
        raise RedashError(Problem("no upgrade is unfinished", "upgrade_undo", "history.yml shows what was done."))
    record = Record(
        number=last.number + 1 if last else 1,
        kind=params["kind"],
        to_version=params["to_version"],
        from_version=params["from_version"],
        by=params["by"],
        started=now,
        restore=params["restore"],
        facts=dict(params["facts"]),
    )
    return record, False


def _close(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Nothing is left to go on with: a person says so of one record, or the installation is gone."""
    ssm, prefix, now = context.client("ssm"), params["prefix"], context.clock.now()
    _alone(ssm, params, now)
    records = release_records.read(ssm, prefix)
    last = records[-1] if records else None
    by = params["by"] or _person(context)
    writes: list[tuple[Record, bool]] = []
    if params["state"] == "abandoned":
        if last is None or last.number != params["number"] or not upgrade.unfinished(last):
            unfinished = f"Release {last.number} is." if last and upgrade.unfinished(last) else "None is: history.yml shows them."
            raise RedashError(Problem("is not unfinished", f"release {params['number']}", unfinished))
        upgrade.abandon(last, f"closed by {by}")
        writes.append((last, False))
    elif last is not None and last.kind != "destroy":
        if upgrade.unfinished(last):
            upgrade.abandon(last, f"destroyed by {by}")
            writes.append((last, False))
        gone = Record(number=last.number + 1, kind="destroy", by=by, started=int(now), state="succeeded")
        writes.append((gone, True))
    for record, new in writes:
        record.ended = int(now)
        if not context.check_mode:
            release_records.write(ssm, prefix, record, new=new)
    return {"changed": bool(writes)}


def _advance(params: dict[str, Any], context: Context) -> dict[str, Any]:
    ssm, prefix, now = context.client("ssm"), params["prefix"], int(context.clock.now())
    record = _read_one(ssm, params)
    if params["state"] == "failed":
        upgrade.fail(record, params["error"])
    else:
        if params["done"]:
            facts = {**params["facts"], **upgrade.found(record, params["done"], params["lines"], params["rc"], params["releases"])}
            upgrade.complete(record, params["done"], facts)
        step = upgrade.next_step(record)
        if step:
            upgrade.begin(record, step.name)
    step = upgrade.next_step(record)
    if step is None and record.state == "running":
        record.state = upgrade.outcome(record)
    if record.state != "running":
        record.ended = now
    # The lock first: a run that has lost it must not write the record either.
    limit = int(params["limits"].get(step.name, step.limit)) + GRACE if step else BETWEEN
    doing = f"release {record.number}, step {step.name}" if step else f"release {record.number}"
    release_records.renew(ssm, prefix, _mine(params, number=params["lock"], expires=0), expires=now + limit, doing=doing)
    release_records.write(ssm, prefix, record, new=False)
    return {"changed": True, **_told(record, params)}


def _release(params: dict[str, Any], context: Context) -> dict[str, Any]:
    ssm, now = context.client("ssm"), int(context.clock.now())
    lock = _mine(params, number=params["lock"], expires=0)
    try:
        release_records.renew(ssm, params["prefix"], lock, expires=now, doing="", released=True)
    except RedashError as error:
        # Somebody else has it: then it is theirs to give back.
        context.report(str(error))
    return {"changed": True}


def _read_one(ssm: Any, params: dict[str, Any]) -> Record:
    for record in release_records.read(ssm, params["prefix"]):
        if record.number == params["number"]:
            return record
    raise RedashError(Problem(f"release record {params['number']} is gone", params["prefix"], "Somebody deleted it from Parameter Store."))


def _told(record: Record, params: dict[str, Any]) -> dict[str, Any]:
    name, releases = _name(params), params["releases"]
    step = upgrade.next_step(record)
    server, workers = release_history.stop_order(record.facts.get("services", {}), name)
    return {
        "number": record.number,
        "record": dataclasses.asdict(record),
        "step": step.name if step else "",
        "title": step.title if step else "",
        "heading": upgrade.heading(record),
        "plan": upgrade.plan(record),
        "downtime": upgrade.downtime(record, releases),
        "server": server,
        "workers": workers,
        "snapshot": release_history.snapshot_name(record, name),
        "trials": json.dumps(foresight.asked(record.facts.get("migrations", []), hashes=record.number > 0)),
        "queues": list(upgrade.goal(record, releases).queues) if given_releases.like(record.to_version) else [],
    }


def _person(context: Context) -> str:
    """Who runs this, as the system knows it, else as AWS does (``assumed-role/deploy/jane``)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # KeyError before Python 3.13.
        return str(context.client("sts").get_caller_identity()["Arn"]).rpartition(":")[2]


def _mine(params: dict[str, Any], *, number: int, expires: int) -> Lock:
    process = params["process"]
    return Lock(
        number=number,
        by=params["by"],
        host=str(process.get("host", platform.node())),
        machine=str(process.get("machine", "")),
        pid=int(process.get("pid", 0)),
        process_started=str(process.get("started", "")),
        expires=expires,
    )


def _alone(ssm: Any, params: dict[str, Any], now: float) -> Lock | None:
    """The newest lock. Raises RedashError where another run holds it, unless it is to be taken."""
    newest = release_records.newest_lock(ssm, params["prefix"])
    if newest and not params["take_lock"] and held(newest, now, alive=_alive(newest, params["process"])):
        raise RedashError(refusal(newest, now))
    return newest


def _alive(lock: Lock, process: dict[str, Any]) -> bool | None:
    """Whether the process that took the lock still runs; None where this machine cannot know."""
    if not lock.pid or (lock.host, lock.machine) != (process.get("host"), process.get("machine", "")):
        return None
    return started(lock.pid) == lock.process_started


def main() -> None:
    run_aws_module(run, **SPECIFICATION)


if __name__ == "__main__":
    main()
