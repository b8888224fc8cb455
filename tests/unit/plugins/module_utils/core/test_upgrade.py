# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core import upgrade
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release_record import Record, parse
from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import FOR_PLAYBOOKS

OLD, NEW = "89bc7873a3e0", "db0aca1ebd32"


class World:
    """A Redash whose steps are acted out in memory: what an interrupted or failed step leaves behind is seen here.

    ``down_since_stopped`` etc. are not simulated in time; what counts is what is there at the end.
    """

    def __init__(self, behind: bool = True) -> None:
        self.schema = OLD if behind else NEW
        self.server = self.workers = "old"
        self.autoscaling = True
        self.registered = False
        self.snapshot: str | None = None
        self.was_mixed = False
        # Of the rows, and of the store. A database that comes from a backup has the key of its time.
        self.key_of_rows = self.key = "key 1"

    def state(self) -> tuple[object, ...]:
        return (self.schema, self.server, self.workers, self.autoscaling, self.registered)

    def do(self, name: str, record: Record) -> dict[str, object]:
        """One step's effect; each is idempotent, as the real ones are."""
        if name == "read":
            return {"revision_before": self.schema, "from_version": "10.1.0"}
        if name == "check":
            return {"revision_before": record.facts["revision_before"] if record.path else self.schema, "revision_after": NEW}
        if name == "register":
            self.registered = True
        elif name == "snapshot":
            self.snapshot = self.snapshot or self.schema
            return {"snapshot": "redash-release-1"}
        elif name == "suspend":
            self.autoscaling = False
        elif name in ("drain", "stop_workers"):
            self.workers = "none" if name == "stop_workers" else self.workers
        elif name == "stop_server":
            self.server = "none"
        elif name == "migrate":
            assert self.server == self.workers == "none", "migrated under a running Redash"
            assert self.snapshot == OLD, "migrated without a snapshot"
            self.schema = NEW
        elif name == "deploy":
            self.server = self.workers = "new"
        elif name in ("resume", "resume_old"):
            self.autoscaling = True
        elif name == "inspect":
            return {"revision_now": self.schema}
        elif name == "halt":
            self.server = self.workers = "none"
        elif name == "restore":
            assert self.snapshot
            self.schema, self.key_of_rows = self.snapshot, "key of the snapshot's time"
        elif name == "key":
            assert self.server == self.workers == "none", "a key was tried under a running Redash"
            self.key = self.key_of_rows
        elif name == "start_old":
            assert self.key == self.key_of_rows, "opened to people with a key that opens nothing"
            self.server = self.workers = "old"
        elif name == "deregister":
            self.registered = False
        fits = {"old": OLD, "new": NEW, "none": self.schema}
        if self.schema == OLD or record.path == "full":
            self.was_mixed |= fits[self.server] != self.schema
        return {}


class Store:
    """Parameter Store: the record as the next run reads it, also after a kill."""

    def __init__(self, record: Record) -> None:
        self.text = record.text()

    def write(self, record: Record) -> None:
        self.text = record.text()

    def read(self) -> Record:
        return parse(self.text, "test")


def drive(record: Record, world: World, at: Callable[[str, str], None] = lambda step, moment: None, store: Store | None = None) -> Record:
    """Run until nothing is left to do, turning back at the first failure, as the playbook does.

    ``at`` is called before and after each step's effect; a RuntimeError from it is a failure of the step.
    """
    store = store or Store(record)
    while True:
        step = upgrade.next_step(record)
        if step is None:
            return record
        upgrade.begin(record, step.name)
        store.write(record)
        record = store.read()
        try:
            at(step.name, "before")
            facts = world.do(step.name, record)
            at(step.name, "after")
        except RuntimeError as error:
            turned = record.direction
            upgrade.fail(record, str(error))
            if record.direction == turned:
                store.write(record)
                return record
        else:
            upgrade.complete(record, step.name, facts)
        store.write(record)
        record = store.read()


def new_record(**values: object) -> Record:
    return Record(number=1, kind="upgrade", to_version="25.8.0", **values)  # type: ignore[arg-type]


ALL_FORWARD = upgrade.LOOKING + upgrade.FULL


def test_a_schema_that_fits_is_deployed_without_stopping_anything() -> None:
    record = drive(new_record(), world := World(behind=False))
    assert record.state == "succeeded"
    assert record.done == ["read", "register", "check", "deploy", "smoke", "tidy"]
    assert upgrade.downtime(record) == 0
    assert world.state() == (NEW, "new", "new", True, True)


def test_a_schema_that_is_behind_takes_the_full_path_in_its_order() -> None:
    record = drive(new_record(), world := World())
    assert record.state == "succeeded"
    assert record.done == list(ALL_FORWARD)
    assert world.state() == (NEW, "new", "new", True, True)
    assert not world.was_mixed


@pytest.mark.parametrize("name", [name for name in ALL_FORWARD if ALL_FORWARD.index(name) < ALL_FORWARD.index("migrate")])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_failure_before_the_migration_puts_everything_back(name: str, moment: str) -> None:
    def at(step: str, when: str) -> None:
        if (step, when) == (name, moment):
            raise RuntimeError("an AWS error")

    world = World()
    was = world.state()
    record = drive(new_record(), world, at)
    assert record.state == ("refused" if name in (*upgrade.LOOKING, "foresee") else "undone")
    assert world.state() == was
    assert record.error == "an AWS error"


def test_a_migration_that_was_rolled_back_by_the_database_puts_everything_back() -> None:
    def at(step: str, when: str) -> None:
        if (step, when) == ("migrate", "before"):
            raise RuntimeError("migration failed")

    world = World()
    was = world.state()
    record = drive(new_record(), world, at)
    assert record.state == "undone"
    assert world.state() == was


@pytest.mark.parametrize("name", ["migrate", "deploy", "smoke"])
def test_a_failure_after_the_migration_keeps_the_new_release_stopped(name: str) -> None:
    def at(step: str, when: str) -> None:
        if (step, when) == (name, "after"):
            raise RuntimeError("crash loop")

    record = drive(new_record(), world := World(), at)
    assert record.state == "stopped"
    assert (world.schema, world.server, world.workers) == (NEW, "none", "none")
    assert not world.was_mixed


@pytest.mark.parametrize("name", ["migrate", "deploy", "smoke"])
def test_a_failure_after_the_migration_restores_where_that_is_wanted(name: str) -> None:
    def at(step: str, when: str) -> None:
        if (step, when) == (name, "after"):
            raise RuntimeError("crash loop")

    world = World()
    was = world.state()
    record = drive(new_record(restore=True), world, at)
    assert record.state == "restored"
    assert world.state() == was
    assert not world.was_mixed


@pytest.mark.parametrize("name", ["resume", "tidy"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_fails_after_the_smoke_test_is_done_by_the_next_run(name: str, moment: str) -> None:
    def at(step: str, when: str) -> None:
        if (step, when) == (name, moment):
            raise RuntimeError("an AWS error")

    record = drive(new_record(restore=True), world := World(), at)
    assert (record.state, record.direction, record.error) == ("running", "forward", "an AWS error")
    assert (world.server, world.workers) == ("new", "new")
    record = drive(record, world)
    assert record.state == "succeeded"
    assert world.state() == (NEW, "new", "new", True, True)


def test_a_stopped_upgrade_is_tried_again_with_what_is_asked_for_now_when_it_is_run_again() -> None:
    def at(step: str, when: str) -> None:
        if (step, when) == ("deploy", "before"):
            raise RuntimeError("crash loop")

    record = drive(new_record(), world := World(), at)
    upgrade.reopen(record, "25.8.0", restore=False)
    assert upgrade.next_step(record) == upgrade.STEPS["register"]
    record = drive(record, world)
    assert record.state == "succeeded"
    assert world.state() == (NEW, "new", "new", True, True)


def test_a_stopped_upgrade_is_restored_at_a_later_wish() -> None:
    def at(step: str, when: str) -> None:
        if (step, when) == ("smoke", "before"):
            raise RuntimeError("no worker")

    world = World()
    was = world.state()
    record = drive(new_record(), world, at)
    upgrade.reopen(record, "25.8.0", restore=True)
    record = drive(record, world)
    assert record.state == "restored"
    assert world.state() == was


def stopped(world: World) -> Record:
    """An upgrade whose new release failed its test on the migrated database."""

    def at(step: str, when: str) -> None:
        if (step, when) == ("smoke", "before"):
            raise RuntimeError("no worker")

    record = drive(new_record(), world, at)
    assert record.state == "stopped"
    return record


def test_without_a_snapshot_nothing_is_restored_whatever_was_asked_for() -> None:
    """An empty name would have Terraform make an empty database."""
    record = stopped(World())
    record.facts["snapshot"] = ""
    upgrade.reopen(record, "25.8.0", restore=True)
    assert upgrade.next_step(record) is None


def test_a_stopped_upgrade_whose_database_a_person_brought_back_is_taken_back() -> None:
    world = World()
    was = world.state()
    record = stopped(world)
    world.schema, world.key_of_rows = OLD, "key of the backup's time"
    upgrade.undo(record)
    record = drive(record, world)
    assert (record.state, record.error) == ("undone", "no worker")
    assert world.state() == was


def test_a_stopped_upgrade_that_is_taken_back_on_a_migrated_database_stays_stopped() -> None:
    world = World()
    record = stopped(world)
    upgrade.undo(record)
    assert upgrade.next_step(record) == upgrade.STEPS["inspect"]
    assert drive(record, world).state == "stopped"
    assert world.server == world.workers == "none"


def test_a_stopped_upgrade_can_be_taken_back_and_restored_in_one() -> None:
    world = World()
    was = world.state()
    record = stopped(world)
    upgrade.undo(record, restore=True)
    assert drive(record, world).state == "restored"
    assert world.state() == was


@pytest.mark.parametrize("step", ["roll_back", "smoke"])
def test_a_rollback_that_fails_deploys_again_what_ran(step: str) -> None:
    record = Record(number=1, kind="rollback", facts={"before": {"redash": {"task_definition": "redash:8", "desired_count": 1}}})
    for name in upgrade.OTHERS["rollback"][: upgrade.OTHERS["rollback"].index(step)]:
        upgrade.complete(record, name, {})
    upgrade.begin(record, step)
    upgrade.fail(record, "crash loop")
    assert upgrade.next_step(record) == upgrade.STEPS["put_back"]
    assert upgrade.heading(record) == "Back, step 1 of 1: Deploy again what ran when the rollback began"
    upgrade.complete(record, "put_back", {})
    assert (record.state, record.error) == ("undone", "crash loop")


def test_a_rollback_that_was_tested_is_only_finished() -> None:
    record = Record(number=1, kind="rollback", facts={"before": {"redash": {}}})
    for name in ("fit", "roll_back", "smoke"):
        upgrade.complete(record, name, {})
    upgrade.begin(record, "deregister")
    upgrade.fail(record, "AccessDenied")
    assert upgrade.next_step(record) == upgrade.STEPS["deregister"]


@pytest.mark.parametrize(
    ("state", "where", "or_else"),
    [
        ("running", "running, at step read", "take it back with -e upgrade_undo=true"),
        ("stopped", "stopped, at step read", "go back with restore.yml"),
    ],
)
def test_another_version_is_refused_while_one_is_unfinished(state: str, where: str, or_else: str) -> None:
    record = new_record()
    upgrade.begin(record, "read")
    record.state = state
    todo = f"Finish it with -e redash_version=25.8.0, or {or_else}"
    with pytest.raises(RedashError, match=rf"upgrade to 25.8.0, is unfinished \({where}\)\. {todo}\."):
        upgrade.reopen(record, "26.3.0", restore=False)


@pytest.mark.parametrize(("error", "kept"), [("", "taken back by request"), ("crash loop", "crash loop")])
def test_what_is_taken_back_by_request_keeps_the_error_that_it_had(error: str, kept: str) -> None:
    record = new_record(error=error)
    upgrade.begin(record, "read")
    upgrade.undo(record)
    assert (record.error, record.state) == (kept, "refused")


def test_a_restore_that_was_asked_for_once_stays_asked_for() -> None:
    record = new_record(restore=True)
    upgrade.begin(record, "read")
    upgrade.reopen(record, "25.8.0", restore=False)
    assert record.restore


@pytest.mark.parametrize("name", ["register", "migrate", "inspect"])
def test_no_step_is_begun_or_completed_out_of_its_order(name: str) -> None:
    for note in (lambda record: upgrade.begin(record, name), lambda record: upgrade.complete(record, name, {})):
        with pytest.raises(ValueError, match=f"{name} is not the next step: read is"):
            note(new_record())


def test_what_ended_has_no_next_step() -> None:
    record = drive(new_record(), World())
    with pytest.raises(ValueError, match="tidy is not the next step: none is"):
        upgrade.begin(record, "tidy")


class Killed(BaseException):
    pass


@given(
    behind=st.booleans(),
    kills=st.lists(st.tuples(st.sampled_from(sorted(upgrade.STEPS)), st.sampled_from(["before", "after"])), max_size=5),
    failures=st.lists(st.tuples(st.sampled_from(sorted(upgrade.STEPS)), st.sampled_from(["before", "after"])), max_size=3),
    restore=st.booleans(),
)
def test_killed_anywhere_any_number_of_times_it_ends_whole(
    behind: bool, kills: list[tuple[str, str]], failures: list[tuple[str, str]], restore: bool
) -> None:
    """kill -9 and errors at any moments of any steps: the last run always ends in one of the four whole states."""
    world = World(behind)
    was = world.state()
    kills, failures = list(kills), list(failures)

    def at(step: str, when: str) -> None:
        if (step, when) in kills:
            kills.remove((step, when))
            raise Killed
        if (step, when) in failures:
            failures.remove((step, when))
            raise RuntimeError("an AWS error")

    store = Store(new_record(restore=restore))
    for _run in range(len(kills) + len(failures) + 1):
        try:
            record = drive(store.read(), world, at, store)
        except Killed:
            record = store.read()
        if record.state != "running":
            break
        upgrade.reopen(record, "25.8.0", restore)
        store.write(record)
    assert record.state in ("succeeded", "stopped", "undone", "restored", "refused")
    if record.state == "succeeded":
        assert world.state() == (NEW, "new", "new", True, True)
    elif record.state in ("undone", "refused", "restored"):
        assert world.state() == was
    elif record.state == "stopped":
        assert (world.schema, world.server, world.workers) == (NEW, "none", "none")
    assert not world.was_mixed


@pytest.mark.parametrize(
    ("current", "target", "said"),
    [
        (
            "8.0.0",
            "25.8.0",
            "redash_version: from 8.0.0 to 25.8.0 is too far: one major version at a time. First -e redash_version=10.1.0;"
            " the whole way is 8.0.0 -> 10.1.0 -> 25.8.0.",
        ),
        (
            "5.0.0",
            "8.0.0",
            "redash_version: from 5.0.0 to 8.0.0 is too far: one major version at a time. First -e redash_version=7.0.0;"
            " the whole way is 5.0.0 -> 7.0.0 -> 8.0.0.",
        ),
        (
            "25.8.0",
            "25.1.0",
            "redash_version: Redash 25.8.0 cannot be brought back to 25.1.0 by an upgrade: its database schema is newer."
            " If 25.8.0 is to stay, set redash_version: 25.8.0 in the inventory. To go back, restore the snapshot that was"
            " taken before the upgrade: restore.yml.",
        ),
    ],
)
def test_a_hop_that_is_not_allowed_says_the_way(current: str, target: str, said: str) -> None:
    with pytest.raises(RedashError) as caught:
        upgrade.next_hop(current, target)
    assert str(caught.value) == said


def test_one_major_at_a_time_is_allowed() -> None:
    for current, target in (("8.0.0", "10.1.0"), ("10.1.0", "25.8.0"), ("25.1.0", "25.8.0"), ("25.8.0", "26.3.0")):
        upgrade.next_hop(current, target)


def test_every_queue_that_took_no_job_is_named() -> None:
    with pytest.raises(RedashError) as caught:
        upgrade.judge_queues({"schemas": "waiting", "queries": "failed", "emails": "waiting", "default": "done", "a": "failed"})
    assert [str(problem) for problem in caught.value.problems] == [
        "queues: nobody took a job from emails, schemas. Look at the workers: ansible-playbook logs.yml",
        "queues: a job failed in a, queries. Look at the workers: ansible-playbook logs.yml",
    ]
    assert upgrade.judge_queues({"queries": "done", "default": "done"}) == ["default", "queries"]


def test_expected_downtime_counts_the_steps_without_redash_that_are_still_to_do() -> None:
    looked = ["read", "register", "check"]
    assert upgrade.downtime(new_record(path="full", done=looked)) == 60 + 90 + 180  # stop_server, migrate, deploy
    assert upgrade.downtime(new_record(path="full", done=[*ALL_FORWARD[: ALL_FORWARD.index("migrate") + 1]])) == 180
    assert upgrade.downtime(new_record(path="rolling", done=looked)) == 0
    # Its scheduler must not meet another: a service that holds one is stopped before the next starts.
    beta = Record(number=1, kind="upgrade", to_version="9.0.0-beta", path="rolling", done=looked)
    assert upgrade.downtime(beta) == 180
    assert upgrade.downtime(replace(beta, done=[*looked, "deploy"])) == 0


def test_each_step_says_where_on_its_way_it_is_as_soon_as_that_is_decided() -> None:
    record = new_record()
    assert upgrade.heading(record) == "Step 1: Read the database's revision with the running release"
    record = new_record(path="full", done=["read", "register", "check"])
    assert upgrade.heading(record) == "Step 4 of 14: Try on the rows what the migrations will do to them"
    record.done += ["foresee", "snapshot", "suspend", "drain", "stop_workers"]
    assert upgrade.heading(record) == "Step 9 of 14: Stop the server (nobody can use Redash)"
    record = new_record(path="rolling", done=["read", "register", "check"])
    assert upgrade.heading(record) == "Step 4 of 6: Deploy the new release"
    assert upgrade.heading(Record(number=1, kind="backup")) == "Step 1 of 1: Take a snapshot of the database cluster"

    turned = new_record(path="full", direction="back", begun=["register", "drain", "migrate"])
    assert upgrade.heading(turned) == "Back, step 1: Look whether the migration changed the database"
    turned.done, turned.facts = ["inspect"], {"revision_before": OLD, "revision_now": OLD}
    assert upgrade.heading(turned) == "Back, step 2 of 3: Bring the old release up again"
    turned.state = "undone"
    assert upgrade.heading(turned) == ""


@pytest.mark.parametrize("kind", sorted(upgrade.OTHERS))
def test_the_smaller_transactions_run_their_steps_in_order(kind: str) -> None:
    record = Record(number=1, kind=kind)
    for name in upgrade.OTHERS[kind]:
        assert upgrade.next_step(record) == upgrade.STEPS[name]
        upgrade.complete(record, name, {})
    assert record.state == "succeeded"


def test_a_restore_that_failed_half_way_is_gone_on_with() -> None:
    record = Record(number=1, kind="restore")
    upgrade.complete(record, "suspend", {})
    upgrade.begin(record, "halt")
    upgrade.fail(record, "an AWS error")
    assert record.state == "running"
    assert upgrade.next_step(record) == upgrade.STEPS["halt"]


@pytest.mark.parametrize(("kind", "step"), [("backup", "snapshot"), ("rollback", "fit")])
def test_a_smaller_transaction_that_touched_nothing_is_refused_at_once(kind: str, step: str) -> None:
    record = Record(number=1, kind=kind)
    upgrade.begin(record, step)
    upgrade.fail(record, "AccessDenied")
    assert record.state == "refused"


def test_going_back_is_refused_where_the_schema_does_not_fit() -> None:
    assert upgrade.fits(OLD, "10.1.0") == OLD
    with pytest.raises(RedashError, match=f"the database is at revision {NEW}, and 10.1.0 needs {OLD}"):
        upgrade.fits(NEW, "10.1.0")
    assert upgrade.fits("e5c7a4e2df4d", "7.0.0") == upgrade.fits("e5c7a4e2df4d", "9.0.0-beta")


def said(**values: Any) -> list[str]:
    """A task's log, as the programs in roles/upgrade/files leave it among Redash's own lines."""
    return ["[2026-11-23 00:31:48,000][PID:7][INFO][root] loading", FOR_PLAYBOOKS + json.dumps(values)]


OF_AN_UPGRADE = {"revision_before": OLD, "revision_after": NEW, "migrations": [NEW], "old": {"wrong_key": [], "key_given": True}}
IN_THE_NEW_IMAGE = {
    "revisions": [OLD],
    "heads": [NEW],
    "pending": [[NEW, "dashboards of 12 columns"]],
    "key_given": True,
    "wrong_key": [],
    "cookie_secret_default": False,
    "without_picture": 0,
    "connections": 1,
    "max_connections": 100,
    "users": 2,
    "queries": 3,
}
QUEUES = ["default", "emails", "periodic", "queries", "scheduled_queries", "schemas"]


@pytest.mark.parametrize(
    ("name", "lines", "facts"),
    [
        (
            "read",
            said(version="10.1.0+b50633", revisions=[OLD], wrong_key=["queries"], key_given=False),
            {"from_version": "10.1.0", "revision_before": OLD, "old": {"wrong_key": ["queries"], "key_given": False}},
        ),
        (
            "check",
            said(version="25.8.0", **IN_THE_NEW_IMAGE),
            {"revision_before": OLD, "revision_after": NEW, "migrations": [NEW], "notes": [], "counts": {"users": 2, "queries": 3}},
        ),
        (
            "foresee",
            said(
                refused=[],
                lacking=[],
                lacking_count=0,
                hashes=[],
                hashes_failed=0,
                dependents=[],
                foreign=[],
                holders=[],
                server=[150004, False],
                unread=[["locks", "x"]],
            ),
            {"notes": ["locks could not be looked at: x"]},
        ),
        ("drain", said(running=4), {"still_running": 4}),
        ("migrate", [f"Running upgrade {OLD} -> {NEW}, dashboards", *said(revisions=[NEW])], {"revision_now": NEW, "migrations": [NEW]}),
        ("inspect", said(revisions=[OLD]), {"revision_now": OLD}),
        ("fit", said(revisions=[NEW], wrong_key=[], opened=2), {"revision_now": NEW}),
        # A row that no key opens is known from before.
        ("fit", said(revisions=[NEW], wrong_key=["lost"], opened=1), {"revision_now": NEW}),
        ("smoke", said(version="25.8.0", queues=dict.fromkeys(QUEUES, "done")), {"queues": QUEUES}),
        # Steps whose effect is their result have nothing to say.
        ("deploy", [], {}),
    ],
)
def test_a_step_s_facts_are_read_from_what_its_task_said(name: str, lines: list[str], facts: dict[str, object]) -> None:
    assert upgrade.found(new_record(facts=dict(OF_AN_UPGRADE)), name, lines, 0) == facts


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        (
            "read",
            said(version="8.0.0", revisions=[OLD], wrong_key=[], key_given=True),
            "redash_version: from 8.0.0 to 25.8.0 is too far: one major version at a time. First -e redash_version=10.1.0;"
            " the whole way is 8.0.0 -> 10.1.0 -> 25.8.0.",
        ),
        (
            "check",
            said(version="25.1.0", **IN_THE_NEW_IMAGE),
            "the new image: holds Redash 25.1.0, not 25.8.0. Name an image of 25.8.0 in redash_image. If 25.1.0 runs"
            " already, set redash_version: 25.1.0. To come to it: upgrade.yml -e redash_version=25.1.0.",
        ),
        (
            "check",
            said(version="25.8.0", **{**IN_THE_NEW_IMAGE, "wrong_key": ["queries"]}),
            "secret_key: 25.8.0 cannot decrypt queries. The running release can: its REDASH_SECRET_KEY is another one than"
            " the secret secret_key. Put the running one there.",
        ),
        (
            "migrate",
            said(revisions=[OLD]),
            "migrate: the migration ended with exit code 0 at revision 89bc7873a3e0, expected db0aca1ebd32: no reason was logged",
        ),
        (
            "fit",
            said(revisions=[NEW], wrong_key=["sales", "lost"], opened=1),
            "secret_key: the key that 25.8.0 gets does not open sales, lost. Nothing was changed. Put the fitting key back"
            " first: site.yml -e ssm_secrets_put_back=secret_key.",
        ),
        (
            "fit",
            said(revisions=[OLD], wrong_key=[], opened=0),
            "rollback: the database is at revision 89bc7873a3e0, and 25.8.0 needs db0aca1ebd32. An older Redash cannot"
            " work on a newer schema. Restore the snapshot of that time: restore.yml.",
        ),
        (
            "smoke",
            said(version="10.1.0", queues={}),
            "the new image: holds Redash 10.1.0, not 25.8.0. Name an image of 25.8.0 in redash_image. If 10.1.0 runs"
            " already, set redash_version: 10.1.0. To come to it: upgrade.yml -e redash_version=10.1.0.",
        ),
        (
            "smoke",
            said(version="25.8.0", queues=dict.fromkeys(QUEUES[1:], "done")),
            "queues: nobody took a job from default. Look at the workers: ansible-playbook logs.yml",
        ),
    ],
)
def test_what_a_task_said_stops_an_upgrade_that_must_not_go_on(name: str, lines: list[str], message: str) -> None:
    with pytest.raises(RedashError) as caught:
        upgrade.found(new_record(facts=dict(OF_AN_UPGRADE)), name, lines, 0)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("read", "read the database's revision"),
        ("check", "compare the database with the new release"),
        ("foresee", "try the migrations"),
        ("drain", "let running queries end"),
        ("migrate", "migrate the database"),
        ("fit", "read the database's revision"),
        ("inspect", "read the database's revision"),
        ("smoke", "send a job through every queue"),
    ],
)
def test_a_task_that_says_nothing_is_told_by_what_it_was_to_do(name: str, what: str) -> None:
    with pytest.raises(RedashError) as caught:
        upgrade.found(new_record(facts=dict(OF_AN_UPGRADE)), name, ["Killed"], 0)
    assert str(caught.value).startswith(f"cannot {what}: the task ended without saying what it saw: Killed. ")


def test_in_a_second_try_the_revision_before_stays_the_one_of_the_first() -> None:
    """The first try has migrated: what the database says now is no way back."""
    lines = said(version="25.8.0", **{**IN_THE_NEW_IMAGE, "revisions": [NEW], "pending": []})
    again = upgrade.found(new_record(path="full", facts=dict(OF_AN_UPGRADE)), "check", lines, 0)
    assert (again["revision_before"], again["revision_after"]) == (OLD, NEW)


@pytest.mark.parametrize("holds", ["25.8.0", "25.8.0-build.9", "25.8.0+ours", "25.8.0.b1234"])
def test_a_build_s_suffix_is_no_other_release(holds: str) -> None:
    upgrade.right_version(holds, "25.8.0")


@pytest.mark.parametrize("holds", ["25.8.01", "25.80.0", "125.8.0"])
def test_another_release_of_a_similar_name_is_noticed(holds: str) -> None:
    with pytest.raises(RedashError, match=f"holds Redash {holds}, not 25.8.0"):
        upgrade.right_version(holds, "25.8.0")


def test_check_mode_refuses_a_hop_that_is_too_far_as_the_run_would() -> None:
    with pytest.raises(RedashError, match="from 8.0.0 to 25.8.0 is too far"):
        upgrade.outlook(new_record(), {**IN_THE_NEW_IMAGE, "version": "8.0.0"})


# What a person is told of a step's length, and how long the lock is held for it, in seconds: limit, usual; x where Redash is down.
SECONDS = """
    read 900 60, register 300 10, check 900 60, foresee 1800 60, snapshot 7200 300, suspend 300 5, drain 1800 60, stop_workers 1200 60,
    stop_server 1200 60 x, migrate 7200 90 x, deploy 3600 180 x, smoke 1800 60, resume 300 5, tidy 1800 10, inspect 900 60, halt 1200 60,
    restore 10800 1800, key 3600 60, start_old 3600 180, resume_old 300 5, deregister 300 10, fit 900 60, roll_back 3600 180,
    put_back 3600 180
"""


def test_each_step_has_its_time() -> None:
    steps = [f"{step.name} {step.limit} {step.usual}{' x' if step.downtime else ''}" for step in upgrade.STEPS.values()]
    assert steps == [" ".join(step.split()) for step in SECONDS.split(",")]
    assert [name for name, step in upgrade.STEPS.items() if step.name != name] == []


@pytest.mark.parametrize(
    ("values", "steps"),
    [
        ({"begun": []}, ()),
        ({"begun": ["read"]}, ()),
        ({"begun": ["register"]}, ("deregister",)),
        ({"begun": ["register", "suspend"]}, ("resume_old", "deregister")),
        *(
            ({"begun": ["register", "suspend", name]}, ("start_old", "resume_old", "deregister"))
            for name in sorted(upgrade.TOUCHES_SERVICES)
        ),
        ({"begun": ["register", "suspend", "migrate"]}, ("inspect",)),
        (
            {
                "begun": ["register", "suspend", "drain", "migrate"],
                "done": ["inspect"],
                "facts": {"revision_now": OLD, "revision_before": OLD},
            },
            ("inspect", "start_old", "resume_old", "deregister"),
        ),
        (
            {
                "begun": ["register", "drain", "migrate", "halt"],
                "done": ["inspect"],
                "facts": {"revision_now": OLD, "revision_before": OLD},
            },
            ("inspect", "key", "start_old", "deregister"),
        ),
        (
            {"begun": ["register", "drain", "migrate"], "done": ["inspect"], "facts": {"revision_now": NEW, "revision_before": OLD}},
            ("inspect", "halt"),
        ),
        (
            {
                "begun": ["register", "drain", "migrate"],
                "done": ["inspect"],
                "facts": {"revision_now": NEW, "revision_before": OLD, "snapshot": "one"},
            },
            ("inspect", "halt"),
        ),
        (
            {
                "begun": ["register", "drain", "migrate"],
                "done": ["inspect"],
                "restore": True,
                "facts": {"revision_now": NEW, "revision_before": OLD, "snapshot": "one"},
            },
            ("inspect", "halt", "restore", "key", "start_old", "deregister"),
        ),
    ],
)
def test_only_what_was_begun_is_undone(values: dict[str, Any], steps: tuple[str, ...]) -> None:
    assert upgrade.back(new_record(direction="back", **values)) == steps


@pytest.mark.parametrize(
    ("kind", "begun", "steps"),
    [
        ("rollback", ["fit"], ()),
        ("rollback", ["fit", "roll_back"], ("put_back",)),
        ("restore", ["suspend", "halt"], ()),
        ("backup", ["snapshot"], ()),
    ],
)
def test_of_the_smaller_transactions_only_a_rollback_is_undone(kind: str, begun: list[str], steps: tuple[str, ...]) -> None:
    assert upgrade.back(Record(number=1, kind=kind, begun=begun)) == steps


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"direction": "forward"}, "succeeded"),
        ({"direction": "forward", "done": ["halt"]}, "succeeded"),
        ({"direction": "back", "done": ["halt"]}, "stopped"),
        ({"direction": "back", "done": ["halt", "restore"]}, "restored"),
        ({"direction": "back", "done": ["restore"]}, "restored"),
        ({"direction": "back", "begun": ["read", "register", "check", "foresee", "deregister"]}, "refused"),
        ({"direction": "back", "begun": ["read", "register", "check", "foresee", "snapshot"]}, "undone"),
    ],
)
def test_how_a_record_ends_is_told_by_what_was_done(values: dict[str, Any], state: str) -> None:
    assert upgrade.outcome(new_record(**values)) == state


def test_a_step_that_is_begun_twice_is_noted_once_and_the_last_is_the_current_one() -> None:
    record = new_record()
    upgrade.begin(record, "read")
    upgrade.begin(record, "read")
    upgrade.complete(record, "read", {"from_version": "10.1.0", "revision_before": OLD})
    assert (record.step, record.begun, record.done) == ("read", ["read"], ["read"])
    assert (record.from_version, record.facts) == ("10.1.0", {"revision_before": OLD})
    upgrade.complete(record, "register", {})
    assert (record.step, record.begun, record.from_version) == ("register", ["read", "register"], "10.1.0")
    assert record.path == ""
    # The path that was decided in a first try stays.
    again = new_record(path="full", done=["read", "register"], facts={"revision_before": NEW})
    upgrade.complete(again, "check", {"revision_after": NEW})
    assert again.path == "full"


def test_a_record_that_a_person_closed_is_over() -> None:
    record = new_record()
    assert upgrade.unfinished(record)
    assert upgrade.unfinished(replace(record, state="stopped"))
    assert not upgrade.unfinished(None)
    upgrade.abandon(record, "closed by jane")
    assert (record.state, record.error) == ("abandoned", "closed by jane")
    assert not upgrade.unfinished(record)


@pytest.mark.parametrize("state", ["succeeded", "undone", "restored", "refused", "abandoned"])
def test_what_is_over_is_not_unfinished(state: str) -> None:
    assert not upgrade.unfinished(new_record(state=state))
    assert upgrade.next_step(new_record(state=state)) is None


def test_the_plan_lists_what_is_still_to_do_in_its_order() -> None:
    assert upgrade.plan(new_record(path="rolling", done=["read", "register", "check"])) == [
        "Deploy the new release (deploy)",
        "Test the new release (smoke)",
        "Remove what only the old release had (tidy)",
    ]
    assert upgrade.plan(new_record(direction="back", begun=["register", "suspend"], done=["resume_old"])) == [
        "Withdraw the newer task definitions (deregister)"
    ]


NEXT = {"26.9.0": {"like": "26.3.0", "queues": [*QUEUES, "exports"], "alembic_head": "0123456789ab"}}


def test_a_release_that_was_given_or_that_an_image_told_counts() -> None:
    record = Record(number=1, kind="upgrade", to_version="26.9.0", facts={"release": NEXT["26.9.0"]})
    assert upgrade.learnt_by([record, new_record(facts={"release": {"like": "x"}})]) == NEXT
    later = replace(record, facts={"release": {"like": "25.8.0"}})
    assert upgrade.learnt_by([record, later]) == {"26.9.0": {"like": "25.8.0"}}
    assert upgrade.learnt_by([replace(record, facts={})]) == {}
    assert upgrade.goal(record, {}).alembic_head == "0123456789ab"
    assert upgrade.goal(record, {"26.9.0": {"alembic_head": "ba9876543210"}}).alembic_head == "ba9876543210"

    queues = dict.fromkeys([*QUEUES, "exports"], "done")
    assert upgrade.found(record, "smoke", said(version="26.9.0", queues=queues), 0)["queues"] == sorted(queues)
    plain = replace(record, facts={})
    assert upgrade.found(plain, "smoke", said(version="26.9.0", queues=queues), 0, NEXT)["queues"] == sorted(queues)
    assert upgrade.found(plain, "smoke", said(version="26.9.0", queues=queues), 0)["queues"] == sorted(QUEUES)
    fit = said(revisions=["0123456789ab"], wrong_key=[], opened=0)
    assert upgrade.found(record, "fit", fit, 0) == upgrade.found(plain, "fit", fit, 0, NEXT) == {"revision_now": "0123456789ab"}


def test_a_rollback_is_smoke_tested_like_an_upgrade() -> None:
    record = Record(number=1, kind="rollback", to_version="25.8.0")
    assert upgrade.found(record, "smoke", said(version="25.8.0", queues=dict.fromkeys(QUEUES, "done")), 0) == {"queues": QUEUES}


def test_what_no_table_knows_is_said_in_the_plan() -> None:
    assert upgrade.assumptions("25.8.0", {}) == upgrade.assumptions("26.9.0", NEXT) == []
    assert upgrade.assumptions("26.9.0", {}) == [
        "No table knows 26.9.0: its queues, migrations, Python and commands are taken as in 26.3.0 here. A real run asks its image"
        " before it stops anything. To say them: redash_releases: {26.9.0: {like: 26.3.0}}"
    ]


RUNNING = {**IN_THE_NEW_IMAGE, "version": "10.1.0+b50633"}


def test_check_mode_shows_what_a_run_would_do_as_far_as_it_is_known() -> None:
    record = new_record()
    upgrade.outlook(record, dict(RUNNING))
    assert (record.from_version, record.path, record.done) == ("10.1.0", "full", ["read", "register", "check"])
    assert (record.facts["revision_before"], record.facts["revision_after"]) == (OLD, NEW)
    assert [line.split()[0] for line in record.facts["migrations"]][-1] == NEW
    assert all(len(line.split()) > 1 for line in record.facts["migrations"])
    assert record.facts["notes"] == []

    record = new_record()
    upgrade.outlook(record, {**RUNNING, "version": "25.8.0", "revisions": [NEW]})
    assert (record.path, record.facts["migrations"]) == ("rolling", [])

    record = Record(number=1, kind="upgrade", to_version="26.9.0")
    upgrade.outlook(record, {**RUNNING, "version": "26.3.0", "revisions": [NEW]})
    assert record.facts["notes"] == upgrade.assumptions("26.9.0", {})
    upgrade.outlook(record, {**RUNNING, "version": "26.3.0", "revisions": [NEW]}, {"26.9.0": {}})
    assert record.facts["notes"] == []


def test_check_mode_knows_no_migrations_of_revisions_before_5() -> None:
    record = Record(number=1, kind="upgrade", to_version="5.0.0")
    upgrade.outlook(record, {**RUNNING, "version": "4.0.0", "revisions": ["0123456789ab"]})
    assert (record.path, record.facts["migrations"]) == ("full", [])
