# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An upgrade as a transaction: which step comes next, what a failure undoes, where a killed run goes on.

The whole state is the release record (release_record.py). ``next_step(record)`` decides from it alone, so
a run that was killed at any instant is continued by asking again: a step that was begun and not
completed is simply done again, which every step can bear.

Forward, a database whose schema already fits the new release is given a rolling deployment::

    read register check | deploy smoke tidy

and one whose schema is behind takes the full path::

    read register check | foresee snapshot suspend drain stop_workers stop_server migrate deploy smoke resume tidy

Back, only what was begun is undone. Once ``migrate`` was begun, the database is looked at first:
unchanged (PostgreSQL rolls a failed migration back as a whole) means that everything can be put back as
it was; changed means that the old release must not run on it. The new release then stays stopped, or the
snapshot is restored and the old release comes up on that. Once ``smoke`` was passed, the new release
works, and nothing turns back any more: what is left is done by the next run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core import foresight, given_releases, migration
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release import Release, hops, plain
from ansible_collections.redash.ecs.plugins.module_utils.core.release_record import Record


@dataclass(frozen=True)
class Step:
    """One step of the transaction.

    ``title``    what it does, for people
    ``limit``    seconds after which the step counts as dead: as long is the lock held for it
    ``usual``    seconds that it usually takes on AWS, for the expected downtime
    ``downtime`` nobody can use Redash while it runs (full path only)
    """

    name: str
    title: str
    limit: int
    usual: int = 0
    downtime: bool = False


def _by_name(*steps: Step) -> dict[str, Step]:
    return {step.name: step for step in steps}


# The limits are what the roles give their tasks as timeouts; roles/upgrade/defaults/main.yml can lengthen them.
STEPS = _by_name(
    Step("read", "Read the database's revision with the running release", 900, 60),
    Step("register", "Register the new release's task definitions; nothing runs them yet", 300, 10),
    Step("check", "Compare the database with the new release", 900, 60),
    Step("foresee", "Try on the rows what the migrations will do to them", 1800, 60),
    Step("snapshot", "Take a snapshot of the database cluster", 7200, 300),
    Step("suspend", "Suspend autoscaling", 300, 5),
    Step("drain", "Let running queries end", 1800, 60),
    Step("stop_workers", "Stop the scheduler and the workers", 1200, 60),
    Step("stop_server", "Stop the server", 1200, 60, downtime=True),
    Step("migrate", "Migrate the database", 7200, 90, downtime=True),
    Step("deploy", "Deploy the new release", 3600, 180, downtime=True),
    Step("smoke", "Test the new release", 1800, 60),
    Step("resume", "Put autoscaling back", 300, 5),
    Step("tidy", "Remove what only the old release had", 1800, 10),
    # Back.
    Step("inspect", "Look whether the migration changed the database", 900, 60),
    Step("halt", "Keep the new release stopped", 1200, 60),
    Step("restore", "Restore the database from the snapshot", 10800, 1800),
    # One look for each version that is tried.
    Step("key", "Prove that the encryption key opens the database's rows", 3600, 60),
    Step("start_old", "Bring the old release up again", 3600, 180),
    Step("resume_old", "Put autoscaling back", 300, 5),
    Step("deregister", "Withdraw the newer task definitions", 300, 10),
    # Of the smaller transactions.
    Step("fit", "Look whether the schema fits the release to go back to", 900, 60),
    Step("roll_back", "Deploy the task definitions of before", 3600, 180),
    Step("put_back", "Deploy again what ran when the rollback began", 3600, 180),
)

LOOKING = ("read", "register", "check")
ROLLING = ("deploy", "smoke", "tidy")
FULL = ("foresee", "snapshot", "suspend", "drain", "stop_workers", "stop_server", "migrate", "deploy", "smoke", "resume", "tidy")

# What else is recorded and locked like an upgrade. Of it only a rollback is undone; else the next run goes on.
OTHERS: dict[str, tuple[str, ...]] = {
    "backup": ("snapshot",),
    "rollback": ("fit", "roll_back", "smoke", "deregister"),
    "restore": ("suspend", "halt", "restore", "key", "start_old", "resume_old", "deregister"),
}

# After any of these was begun, services may not be what they were.
TOUCHES_SERVICES = {"drain", "stop_workers", "stop_server", "deploy"}


def forward(record: Record) -> tuple[str, ...]:
    """The steps of the way forward, as far as they are decided: ``check`` decides the path."""
    if record.kind in OTHERS:
        return OTHERS[record.kind]
    if record.path == "rolling":
        return LOOKING + ROLLING
    if record.path == "full":
        return LOOKING + FULL
    return LOOKING


def back(record: Record) -> tuple[str, ...]:
    """The steps that undo what was begun, as far as they are decided: ``inspect`` decides the rest."""
    begun = set(record.begun)
    if record.kind in OTHERS:
        return ("put_back",) if "roll_back" in begun else ()
    steps: list[str] = []
    if "migrate" in begun:
        steps.append("inspect")
        if "inspect" in record.done and not unchanged(record):
            steps.append("halt")
            if not (record.restore and record.facts.get("snapshot")):
                return tuple(steps)
            steps += ["restore", "key"]
        elif "inspect" not in record.done:
            return tuple(steps)
        elif "halt" in begun:
            # A person brought the database back: from a backup of any age, under the key of that time.
            steps.append("key")
    if begun & TOUCHES_SERVICES:
        steps.append("start_old")
    if "suspend" in begun:
        steps.append("resume_old")
    if "register" in begun:
        steps.append("deregister")
    return tuple(steps)


def unchanged(record: Record) -> bool:
    """Whether ``inspect`` found the database at the revision that it had before."""
    return record.facts.get("revision_now") == record.facts.get("revision_before")


def next_step(record: Record) -> Step | None:
    """The step to do now; None where nothing is left to do in the record's direction."""
    if record.state != "running":
        return None
    steps = forward(record) if record.direction == "forward" else back(record)
    for name in steps:
        if name not in record.done:
            return STEPS[name]
    return None


def begin(record: Record, name: str) -> None:
    """Note that a step is being done. Raises ValueError for any step but the next one."""
    step = next_step(record)
    if step is None or step.name != name:
        raise ValueError(f"{name} is not the next step: {step.name if step else 'none'} is")
    record.step = name
    if name not in record.begun:
        record.begun.append(name)


def complete(record: Record, name: str, facts: dict[str, object]) -> None:
    """Note that a step is done, and what it found. Ends the transaction after the last one."""
    begin(record, name)
    record.facts.update(facts)
    record.from_version = str(record.facts.pop("from_version", record.from_version))
    record.done.append(name)
    if name == "check" and not record.path:
        record.path = "rolling" if record.facts["revision_before"] == record.facts["revision_after"] else "full"
    if next_step(record) is None:
        record.state = outcome(record)


def goal(record: Record, given: Mapping[str, Any]) -> Release:
    """The release that a record goes to: by the table, by ``given`` (``redash_releases``), or by what its image told."""
    return given_releases.expected(record.to_version, {**learnt_by([record]), **given})


def learnt_by(records: Sequence[Record]) -> dict[str, Any]:
    """What images told of releases that no table knew, as ``redash_releases``: version -> facts. A later record's word counts."""
    told = {record.to_version: record.facts["release"] for record in records if record.facts.get("release")}
    # The table of a newer collection knows better than what an image said of itself.
    return {version: facts for version, facts in told.items() if not given_releases.is_known(version)}


def found(record: Record, name: str, lines: Sequence[str], rc: int | None, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The facts in a step's log lines. ``given`` is ``redash_releases``.

    Raises RedashError where they say that the upgrade must not go on.
    """
    if name == "read":
        seen = migration.result(lines, "read the database's revision")
        next_hop(plain(seen["version"]), record.to_version, goal(record, given or {}))
        return {
            "from_version": plain(seen["version"]),
            "revision_before": migration.revision_of(seen["revisions"]),
            "old": {key: seen[key] for key in ("wrong_key", "key_given")},
        }
    if name == "check":
        seen = migration.result(lines, "compare the database with the new release")
        right_version(seen["version"], record.to_version)
        judgement = migration.compare(record.facts["old"], seen, record.to_version)
        return {
            # Read anew: somebody may have migrated by hand since. But in a second try this very upgrade has.
            "revision_before": record.facts["revision_before"] if record.path else judgement.before,
            "revision_after": judgement.after,
            "migrations": [revision for revision, _title in judgement.migrations],
            "notes": migration.notes(seen, judgement),
            "counts": {"users": seen["users"], "queries": seen["queries"]},
        }
    if name == "foresee":
        seen = migration.result(lines, "try the migrations")
        return {"notes": [*record.facts.get("notes", []), *foresight.judge(seen, record.facts["migrations"])]}
    if name == "drain":
        seen = migration.result(lines, "let running queries end")
        return {"still_running": seen["running"]}
    if name == "migrate":
        return migration.judge_migration(lines, rc, record.facts["revision_after"])
    if name == "fit":
        seen = migration.result(lines, "read the database's revision")
        key_fits(seen, record.to_version)
        given = {**learnt_by([record]), **(given or {})}
        return {"revision_now": fits(migration.revision_of(seen["revisions"]), record.to_version, given)}
    if name == "inspect":
        seen = migration.result(lines, "read the database's revision")
        return {"revision_now": migration.revision_of(seen["revisions"])}
    if name == "smoke":
        seen = migration.result(lines, "send a job through every queue")
        if record.to_version:
            right_version(seen["version"], record.to_version)
        return {"queues": judge_queues({name: seen["queues"].get(name, "waiting") for name in goal(record, given or {}).queues})}
    return {}


def key_fits(seen: dict[str, Any], version: str) -> None:
    """Raises RedashError where the release of ``version`` opens fewer encrypted rows than it leaves unreadable (look.py counts them)."""
    unreadable = seen["wrong_key"]
    if len(unreadable) > seen["opened"]:
        raise RedashError(
            Problem(
                f"the key that {version} gets does not open {', '.join(unreadable)}",
                "secret_key",
                "Nothing was changed. Put the fitting key back first: site.yml -e ssm_secrets_put_back=secret_key.",
            )
        )


def fits(revision: str, version: str, given: Mapping[str, Any] | None = None) -> str:
    """The database's revision, where the release of ``version`` can work on it. Raises RedashError where it cannot."""
    head = given_releases.known(version, given).alembic_head
    if head != revision:
        raise RedashError(
            Problem(
                f"the database is at revision {revision}, and {version} needs {head}",
                "rollback",
                "An older Redash cannot work on a newer schema. Restore the snapshot of that time: restore.yml.",
            )
        )
    return revision


def judge_queues(states: dict[str, str]) -> list[str]:
    """The queues that took a job to its end. Raises RedashError naming each that did not."""
    without = sorted(name for name, state in states.items() if state == "waiting")
    broken = sorted(name for name, state in states.items() if state == "failed")
    problems = []
    if without:
        problems.append(Problem(f"nobody took a job from {', '.join(without)}", "queues", "Look at the workers: ansible-playbook logs.yml"))
    if broken:
        problems.append(Problem(f"a job failed in {', '.join(broken)}", "queues", "Look at the workers: ansible-playbook logs.yml"))
    if problems:
        raise RedashError(problems)
    return sorted(states)


def right_version(seen: str, wanted: str) -> None:
    """Raises RedashError when the image holds another release than it is said to; a build's suffix is no difference."""
    if not given_releases.same_release(seen, wanted):
        raise RedashError(Problem(f"holds Redash {seen}, not {wanted}", "the new image", _fitting(seen, wanted)))


def _fitting(seen: str, wanted: str) -> str:
    other = plain(seen)
    return (
        f"Name an image of {wanted} in redash_image. If {other} runs already, set redash_version: {other}."
        f" To come to it: upgrade.yml -e redash_version={other}."
    )


def next_hop(current: str, target: str, goal: Release | None = None) -> None:
    """Raises RedashError unless ``target`` is one allowed step from ``current``."""
    way = hops(current, target, goal)
    if len(way) > 1:
        raise RedashError(
            Problem(
                f"from {current} to {target} is too far: one major version at a time",
                "redash_version",
                f"First -e redash_version={way[0]}; the whole way is {' -> '.join([current, *way])}.",
            )
        )


def outcome(record: Record) -> str:
    """The state of a record in whose direction nothing is left to do."""
    if record.direction == "forward":
        return "succeeded"
    if "halt" in record.done and "restore" not in record.done:
        return "stopped"
    if "restore" in record.done:
        return "restored"
    return "undone" if set(record.begun) - set(LOOKING) - {"foresee", "deregister"} else "refused"


def fail(record: Record, error: str) -> None:
    """Turn back: ``next_step`` now undoes.

    A failure on the way back changes nothing, nor does one after the new release was found working: the next
    run tries that step again.
    """
    record.error = error
    if record.kind in OTHERS:
        # Begun and not ended: what touched nothing is over, a rollback goes back to what ran, the rest is for the next run.
        if not set(record.begun) - {"fit", "snapshot"}:
            record.state = "refused"
        elif record.kind == "rollback" and "smoke" not in record.done and record.facts.get("before"):
            record.direction = "back"
        return
    if record.direction == "forward" and "smoke" not in record.done:
        record.direction = "back"
        if next_step(record) is None:
            record.state = outcome(record)


def reopen(record: Record, to_version: str, restore: bool) -> None:
    """Go on with an unfinished record: one that was killed on its way, or one whose new release stays stopped.

    Raises RedashError when another version is asked for: the transaction that was begun has to end first.
    """
    if record.kind in OTHERS:
        return
    if record.to_version != to_version:
        where = f"{record.state}, at step {record.step or 'none'}"
        raise RedashError(
            Problem(
                f"release {record.number}, the upgrade to {record.to_version}, is unfinished ({where})",
                "redash_version",
                f"Finish it with -e redash_version={record.to_version}"
                + (", or go back with restore.yml." if record.state == "stopped" else ", or take it back with -e upgrade_undo=true."),
            )
        )
    record.restore = record.restore or restore
    if record.state == "stopped":
        record.state = "running"
        if restore:
            # Already on the way back: ``halt`` was the last step of it, ``restore`` is the next.
            return
        # Try again what comes after the point of no return, with the image that is asked for now. A migration that
        # is complete says so at once.
        record.direction = "forward"
        record.error = ""
        again = {"register", "check", "migrate", "deploy", "smoke", "inspect", "halt"}
        record.done = [name for name in record.done if name not in again]


def undo(record: Record, restore: bool = False) -> None:
    """Take a begun upgrade back at a person's wish.

    One whose new release stays stopped is looked at anew: somebody may have brought the database back by other means than ours.
    """
    record.restore = record.restore or restore
    if record.state == "stopped":
        record.state = "running"
        record.done = [name for name in record.done if name not in ("inspect", "halt")]
        return
    fail(record, record.error or "taken back by request")


def abandon(record: Record, why: str) -> None:
    """Close an unfinished record without doing anything: a person has put right by hand what it would have done."""
    record.state, record.error = "abandoned", why


def unfinished(record: Record | None) -> bool:
    return record is not None and record.state in ("running", "stopped")


def downtime(record: Record, given: Mapping[str, Any] | None = None) -> int:
    """Seconds without Redash to expect of the steps still to do, the migrations' own work apart.

    None on the rolling path, unless the release's schedulers must not meet: the service that holds one is then stopped first.
    """
    if record.path == "rolling" and not goal(record, given or {}).schedulers_may_overlap:
        return STEPS["deploy"].usual if "deploy" not in record.done else 0
    if record.path != "full":
        return 0
    return sum(STEPS[name].usual for name in forward(record) if name not in record.done and STEPS[name].downtime)


def assumptions(version: str, given: Mapping[str, Any]) -> list[str]:
    """What a plan says of a release that no table knows: its image is not asked before a real run."""
    if given_releases.is_known(version, given):
        return []
    like = given_releases.like(version)
    return [
        f"No table knows {version}: its queues, migrations, Python and commands are taken as in {like} here. A real run asks its image"
        f" before it stops anything. To say them: redash_releases: {{{version}: {{like: {like}}}}}"
    ]


def outlook(record: Record, seen: dict[str, Any], given: Mapping[str, Any] | None = None) -> None:
    """Complete the looking steps of a record that is never written, as far as the running release and the tables can tell.

    ``seen`` what ``look.py`` saw in the running release. For check mode, which registers nothing and so cannot
    ask the new image. Raises RedashError as the steps would.
    """
    new_release = goal(record, given or {})
    next_hop(plain(seen["version"]), record.to_version, new_release)
    before = migration.revision_of(seen["revisions"])
    after = new_release.alembic_head
    chain = migration.pending(before, after)
    if before and not {before, after} <= set(migration.ORDER):
        # Before 5.0.0 the table knows no migrations. The image does, and a real run asks it before anything is stopped.
        chain = []
    # The new image, as far as it can be known: it has the key that the secrets give it, and the table's migrations.
    new = {**seen, "heads": [after], "pending": chain}
    judgement = migration.compare({key: seen[key] for key in ("wrong_key", "key_given")}, new, record.to_version)
    record.from_version = plain(seen["version"])
    record.done = list(LOOKING)
    record.path = "rolling" if judgement.position == "equal" else "full"
    record.facts.update(
        revision_before=before,
        revision_after=after,
        migrations=[f"{revision} {title}" for revision, title in judgement.migrations],
        notes=[*assumptions(record.to_version, given or {}), *migration.notes(new, judgement)],
    )


def heading(record: Record) -> str:
    """The step to do now as people read it: ``Step 4 of 13: Take a snapshot of the database cluster``; empty where none is left.

    Without a total while a step that decides the path is still to come.
    """
    step = next_step(record)
    if step is None:
        return ""
    if record.direction == "forward":
        steps, decided = forward(record), record.kind in OTHERS or bool(record.path)
    else:
        steps, decided = back(record), "migrate" not in record.begun or "inspect" in record.done
    number = f"{steps.index(step.name) + 1} of {len(steps)}" if decided else str(steps.index(step.name) + 1)
    way = "Step" if record.direction == "forward" else "Back, step"
    down = " (nobody can use Redash)" if step.downtime and record.path == "full" else ""
    return f"{way} {number}: {step.title}{down}"


def plan(record: Record) -> list[str]:
    """The steps still to do, for people, one a line. What ``check`` decides is shown as decided by the facts known so far."""
    steps = forward(record) if record.direction == "forward" else back(record)
    return [f"{STEPS[name].title} ({name})" for name in steps if name not in record.done]
