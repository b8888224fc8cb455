# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import os
import pwd
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.redash.ecs.plugins.module_utils.aws import release_records
from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.given_releases import known
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES
from ansible_collections.redash.ecs.plugins.module_utils.core.release_record import (
    Lock,
    Record,
    held,
    line,
    parse,
    parse_lock,
    refusal,
    time_of,
)
from ansible_collections.redash.ecs.plugins.module_utils.process import started
from ansible_collections.redash.ecs.plugins.modules.redash_release_record import run

PREFIX = "/redash/prod"


class FakeSsm:
    """Parameter Store, as far as records and locks touch it."""

    class exceptions:
        ClientError = ClientError

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.writes = 0

    def get_paginator(self, operation: str) -> Any:
        assert operation == "get_parameters_by_path"
        return self

    def paginate(self, Path: str, Recursive: bool) -> list[dict[str, Any]]:
        names = [name for name in self.values if name.rpartition("/")[0] == Path]
        # A page each: paging that is forgotten shows.
        return [{"Parameters": [{"Name": name, "Value": self.values[name]}]} for name in names]

    def put_parameter(self, Name: str, Value: str, Overwrite: bool = False, **_other: Any) -> None:
        if Name in self.values and not Overwrite:
            raise ClientError({"Error": {"Code": "ParameterAlreadyExists", "Message": "exists"}}, "PutParameter")
        self.values[Name] = Value
        self.writes += 1

    def delete_parameter(self, Name: str) -> None:
        if Name not in self.values:
            raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": "not there"}}, "DeleteParameter")
        del self.values[Name]


class FakeSts:
    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": "arn:aws:sts::123456789012:assumed-role/deploy/pipeline-12"}


class World:
    """One Parameter Store, several runs of ansible-playbook on one or several machines."""

    def __init__(self) -> None:
        self.ssm = FakeSsm()
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def call(self, state: str, *, process: dict[str, Any] | None = None, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        context = Context(
            client={"ssm": self.ssm, "sts": FakeSts()}.__getitem__,
            check_mode=check_mode,
            clock=Clock(now=lambda: self.now, sleep=self.slept.append),
        )
        defaults: dict[str, Any] = {
            "prefix": PREFIX,
            "state": state,
            "name": None,
            "kind": "upgrade",
            "to_version": "25.8.0",
            "from_version": "",
            "by": "jane",
            "restore": False,
            "undo": False,
            "take_lock": False,
            "alone": False,
            "number": None,
            "lock": None,
            "done": "",
            "facts": {},
            "lines": [],
            "rc": None,
            "error": "",
            "undo_error": "",
            "going_back": False,
            "running": None,
            "snapshot": "",
            "limits": {},
            "releases": {},
            "process": process or HERE,
        }
        return run({**defaults, **params}, context)


# This test process stands for an ansible-playbook that lives; one with a wrong start is dead.
HERE = {"host": "laptop", "pid": os.getpid(), "started": started(os.getpid())}
DEAD = {**HERE, "started": "long ago"}
ELSEWHERE = {"host": "other-machine", "pid": 17, "started": "1"}


@pytest.fixture
def world() -> World:
    return World()


def look(version: str, revision: str) -> list[str]:
    seen = {
        "version": version,
        "revisions": [revision],
        "heads": ["db0aca1ebd32"],
        "pending": [] if revision == "db0aca1ebd32" else [["db0aca1ebd32", "twelve columns"]],
        "key_given": True,
        "cookie_secret_default": False,
        "wrong_key": [],
        "users": 1,
        "without_picture": 0,
        "queries": 1,
        "max_connections": 100,
        "connections": 1,
        "bytes": 1,
    }
    return [f"redash-ecs-result: {json.dumps(seen)}"]


def test_a_first_upgrade_begins_with_its_facts_kept(world: World) -> None:
    opened = world.call("opened", facts={"services": {"prod": {"desired_count": 2}}})
    assert (opened["number"], opened["lock"], opened["resumed"], opened["step"]) == (1, 1, False, "read")
    stored = parse(world.ssm.values[f"{PREFIX}/releases/0001"], "test")
    assert stored.facts == {"services": {"prod": {"desired_count": 2}}}
    assert stored.by == "jane"


def test_who_is_not_told_is_asked_of_the_system_and_then_of_aws(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    opened = world.call("opened", by="")
    assert opened["by"] == pwd.getpwuid(os.getuid()).pw_name
    assert parse(world.ssm.values[f"{PREFIX}/releases/0001"], "test").by == opened["by"]
    world.call("released", by=opened["by"], lock=opened["lock"])

    # A container that runs as a number which its /etc/passwd lacks.
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 2)
    assert world.call("opened", by="")["by"] == "assumed-role/deploy/pipeline-12"


def test_steps_advance_in_one_write_of_the_record_each(world: World) -> None:
    opened = world.call("opened")
    mine = {"number": opened["number"], "lock": opened["lock"]}
    assert world.call("advanced", **mine)["step"] == "read"
    assert world.call("advanced", **mine, done="read", lines=look("25.1.0", "9e8c841d1a30"), rc=0)["step"] == "register"
    assert world.call("advanced", **mine, done="register", facts={"task_definitions": {"prod": "arn"}})["step"] == "check"
    last = world.call("advanced", **mine, done="check", lines=look("25.8.0", "9e8c841d1a30"), rc=0)
    assert last["step"] == "foresee"
    # What is to be tried on the rows, with the hashes that only the new release's image computes.
    assert [trial[:3] for trial in json.loads(last["trials"])["trials"]] == [
        ["db0aca1ebd32", "widgets", "options"],
    ]
    assert last["record"]["path"] == "full"
    assert last["record"]["from_version"] == "25.1.0"


def test_a_second_run_at_the_same_time_is_refused_by_name(world: World) -> None:
    world.call("opened", by="jane")
    with pytest.raises(RedashError, match=r"jane is working on this installation \(on laptop"):
        world.call("opened", by="joe", process=ELSEWHERE)
    assert len(world.ssm.values) == 2


def test_who_is_at_work_is_told_before_anything_else_is_looked_at(world: World) -> None:
    assert world.call("listed", alone=True)["records"] == []
    lock = world.call("opened", process=ELSEWHERE, by="jane")["lock"]
    with pytest.raises(RedashError, match=r"^upgrade lock: jane is working on this installation \(on other-machine, process 17"):
        world.call("listed", alone=True)
    # Who only wants to see may look, and who knows that run to be dead goes on.
    assert len(world.call("listed")["records"]) == len(world.call("listed", alone=True, take_lock=True)["records"]) == 1
    world.call("released", process=ELSEWHERE, lock=lock)
    assert len(world.call("listed", alone=True)["records"]) == 1


def test_a_run_whose_process_is_dead_is_taken_over_at_once(world: World) -> None:
    world.call("opened", process=DEAD)
    again = world.call("opened")
    assert (again["number"], again["lock"], again["resumed"]) == (1, 2, True)


def test_what_is_left_of_a_killed_run_gets_time_to_end_and_a_run_after_one_that_ended_does_not_wait(world: World) -> None:
    opened = world.call("opened", process=DEAD)
    assert world.slept == []
    again = world.call("opened")
    assert world.slept == [5]
    world.call("released", lock=again["lock"])
    world.call("opened", number=opened["number"])
    assert world.slept == [5]


def test_a_dead_run_of_another_machine_is_waited_for_until_its_step_is_over(world: World) -> None:
    opened = world.call("opened", process=ELSEWHERE)
    world.call("advanced", process=ELSEWHERE, number=1, lock=opened["lock"], limits={"read": 600})
    world.now += 600
    with pytest.raises(RedashError, match=r"step read.*ends by itself in 3 min"):
        world.call("opened")
    world.now += 121
    assert world.call("opened")["resumed"]


def test_a_lock_can_be_taken_by_hand(world: World) -> None:
    world.call("opened", process=ELSEWHERE)
    assert world.call("opened", take_lock=True)["lock"] == 2


def test_a_run_that_lost_its_lock_stops_before_it_writes(world: World) -> None:
    opened = world.call("opened", process=ELSEWHERE)
    world.call("opened", take_lock=True, by="joe")
    before = dict(world.ssm.values)
    with pytest.raises(RedashError, match="this run lost its lock to joe"):
        world.call("advanced", process=ELSEWHERE, number=opened["number"], lock=opened["lock"])
    assert world.ssm.values == before


def test_a_released_lock_lets_the_next_run_begin(world: World) -> None:
    opened = world.call("opened", process=ELSEWHERE)
    world.call("released", process=ELSEWHERE, lock=opened["lock"])
    assert world.call("opened")["lock"] == 2


def test_releasing_what_somebody_else_took_leaves_it_theirs(world: World) -> None:
    opened = world.call("opened", process=ELSEWHERE)
    world.call("opened", take_lock=True)
    before = dict(world.ssm.values)
    world.call("released", process=ELSEWHERE, lock=opened["lock"])
    assert world.ssm.values == before


def test_of_two_that_take_the_same_number_one_gets_it(world: World) -> None:
    lock = Lock(1, "jane", "laptop", 1, "1", 2_000_000)
    assert release_records.take(world.ssm, PREFIX, lock)
    assert not release_records.take(world.ssm, PREFIX, lock)


def test_who_slept_since_reading_and_creates_a_lower_number_gives_way(world: World) -> None:
    for number in (7, 8):
        assert release_records.take(world.ssm, PREFIX, Lock(number, "jane", "laptop", 1, "1", 2_000_000))
    assert list(world.ssm.values) == [f"{PREFIX}/releases/lock/0008"]
    assert not release_records.take(world.ssm, PREFIX, Lock(7, "late", "other", 2, "2", 2_000_000))
    assert list(world.ssm.values) == [f"{PREFIX}/releases/lock/0008"]


def test_an_upgrade_to_another_version_is_refused_and_gives_the_lock_back(world: World) -> None:
    opened = world.call("opened")
    world.call("released", lock=opened["lock"])
    with pytest.raises(RedashError, match=r"upgrade to 25.8.0, is unfinished"):
        world.call("opened", to_version="26.3.0")
    newest = release_records.newest_lock(world.ssm, PREFIX)
    assert newest is not None
    assert newest.released


def test_another_kind_of_release_waits_for_the_unfinished_one(world: World) -> None:
    opened = world.call("opened")
    world.call("released", lock=opened["lock"])
    with pytest.raises(RedashError, match=r"release 1, an upgrade, is unfinished .*Finish it first: upgrade.yml -e redash_version=25.8.0"):
        world.call("opened", kind="backup", to_version="")


def test_a_failure_turns_back_and_ends_refused_where_nothing_was_touched(world: World) -> None:
    mine = {"number": 1, "lock": world.call("opened")["lock"]}
    world.call("advanced", **mine)
    failed = world.call("failed", **mine, error="no such image")
    assert (failed["record"]["state"], failed["step"]) == ("refused", "")
    assert failed["record"]["error"] == "no such image"


def test_an_unfinished_upgrade_can_be_taken_back(world: World) -> None:
    mine = {"number": 1, "lock": world.call("opened", process=DEAD)["lock"]}
    world.call("advanced", process=DEAD, **mine)
    world.call("advanced", process=DEAD, **mine, done="read", lines=look("25.1.0", "9e8c841d1a30"))
    opened = world.call("opened", undo=True)
    assert opened["step"] == "deregister"
    with pytest.raises(RedashError, match="no upgrade is unfinished"):
        world.call("advanced", number=1, lock=opened["lock"])
        world.call("advanced", number=1, lock=opened["lock"], done="deregister")
        world.call("released", lock=opened["lock"])
        world.call("opened", undo=True)


def test_an_unfinished_record_is_closed_at_a_persons_word_and_nothing_else_is_done(world: World) -> None:
    world.call("opened", process=DEAD)
    assert world.call("abandoned", number=1, check_mode=True)["changed"] is True
    assert world.call("abandoned", number=1)["changed"] is True
    assert world.call("listed")["records"][0]["state"] == "abandoned"
    assert world.call("listed")["records"][0]["error"] == "closed by jane"
    with pytest.raises(RedashError, match=r"release 1: is not unfinished\. None is: history.yml shows them"):
        world.call("abandoned", number=1)
    assert world.call("opened")["resumed"] is False


def test_closing_another_record_than_the_unfinished_one_is_refused(world: World) -> None:
    world.call("opened", process=DEAD)
    with pytest.raises(RedashError, match=r"release 7: is not unfinished\. Release 1 is"):
        world.call("abandoned", number=7)


def test_what_somebody_works_on_is_not_closed(world: World) -> None:
    world.call("opened")
    for state in ("abandoned", "destroyed"):
        with pytest.raises(RedashError, match="is working on this installation"):
            world.call(state, number=1)


def test_a_destroyed_installation_leaves_nothing_unfinished_and_says_so_once(world: World) -> None:
    assert world.call("destroyed")["changed"] is False, "nothing was ever released"
    world.call("opened", process=DEAD)
    assert world.call("destroyed", check_mode=True)["changed"] is True
    assert world.call("destroyed")["changed"] is True
    assert world.call("destroyed")["changed"] is False
    assert [(one["kind"], one["state"]) for one in world.call("listed")["records"]] == [("destroy", "succeeded"), ("upgrade", "abandoned")]


def test_a_process_of_the_same_number_on_another_machine_of_that_name_is_not_taken_for_dead(world: World) -> None:
    """Two containers that AWX or CI calls localhost."""
    world.call("opened", process={**DEAD, "machine": "boot-1/pid:[1]"})
    with pytest.raises(RedashError, match="is working on this installation"):
        world.call("opened", process={**HERE, "machine": "boot-2/pid:[1]"})
    assert world.call("opened", process={**HERE, "machine": "boot-1/pid:[1]"})["resumed"] is True


def test_check_mode_writes_nothing(world: World) -> None:
    assert world.call("opened", check_mode=True)["step"] == "read"
    world.call("advanced", check_mode=True, number=1, lock=1)
    world.call("released", check_mode=True, lock=1)
    assert world.ssm.values == {}


def test_what_a_smoke_tests_task_said_is_judged_without_a_record(world: World) -> None:
    def told(state: str) -> list[str]:
        queues = dict.fromkeys(RELEASES["25.8.0"].queues, "done") | {"emails": state}
        return [f"redash-ecs-result: {json.dumps({'version': '25.8.0', 'queues': queues})}"]

    assert "emails" in world.call("judged", done="smoke", lines=told("done"))["facts"]["queues"]
    with pytest.raises(RedashError, match="queues: nobody took a job from emails"):
        world.call("judged", done="smoke", lines=told("waiting"))
    with pytest.raises(RedashError, match=r"holds Redash 25.8.0, not 26.3.0"):
        world.call("judged", done="smoke", to_version="26.3.0", lines=told("done"))
    assert world.ssm.values == {}


def test_planning_needs_no_record(world: World) -> None:
    planned = world.call("planned", lines=look("25.1.0", "9e8c841d1a30"))
    assert planned["plan"][:2] == [
        "Try on the rows what the migrations will do to them (foresee)",
        "Take a snapshot of the database cluster (snapshot)",
    ]
    assert planned["record"]["facts"]["migrations"] == ["1655999df5e3 default selector of alerts", "db0aca1ebd32 dashboards of 12 columns"]
    assert world.ssm.values == {}


@pytest.mark.parametrize(("running", "target"), [("5.0.0+b4754", "7.0.0"), ("7.0.0+b18042", "8.0.0")])
def test_before_5_the_plan_leaves_the_migrations_to_the_image(world: World, running: str, target: str) -> None:
    # A revision of 4.0, which an installation that was never migrated to the end is at.
    planned = world.call("planned", to_version=target, lines=look(running, "d4c798575877"))
    assert planned["record"]["from_version"] == running.partition("+")[0]
    assert planned["record"]["path"] == "full"
    assert planned["record"]["facts"]["migrations"] == []
    assert "Take a snapshot of the database cluster (snapshot)" in planned["plan"]


@pytest.mark.parametrize(("running", "target", "path"), [("5.0.2+b5486", "6.0.0", "rolling"), ("6.0.0+b8537", "7.0.0", "full")])
def test_from_5_on_the_plan_knows_the_migrations(world: World, running: str, target: str, path: str) -> None:
    planned = world.call("planned", to_version=target, lines=look(running, "71477dadd6ef"))
    assert planned["record"]["path"] == path
    assert ("98af61feea92 encrypt options of data sources" in planned["record"]["facts"]["migrations"]) == (path == "full")


def test_from_8_to_10_the_plan_knows_the_migrations(world: World) -> None:
    planned = world.call("planned", to_version="10.1.0", lines=look("8.0.0+b32245", "e5c7a4e2df4d"))
    assert [line.split()[0] for line in planned["record"]["facts"]["migrations"]] == ["0ec979123ba4", "d7d747033183", "89bc7873a3e0"]


def test_a_new_record_is_never_written_over_another(world: World) -> None:
    """A run that lost the lock and does not know it yet must not replace another run's record."""
    first = Record(number=12, kind="upgrade", to_version="25.8.0", by="jane")
    release_records.write(world.ssm, PREFIX, first, new=True)
    with pytest.raises(RedashError, match="write .*/releases/0012"):
        release_records.write(world.ssm, PREFIX, Record(number=12, kind="backup", by="ann"), new=True)
    assert release_records.read(world.ssm, PREFIX)[-1] == first
    first.state = "succeeded"
    release_records.write(world.ssm, PREFIX, first, new=False)
    assert release_records.read(world.ssm, PREFIX)[-1].state == "succeeded"


def test_history_is_newest_first_and_one_line_each(world: World) -> None:
    for number in (1, 2):
        record = Record(
            number, "upgrade", "25.8.0", "25.1.0", "jane", 1_764_000_000, state="succeeded", facts={"snapshot": f"prod-release-{number}"}
        )
        release_records.write(world.ssm, PREFIX, record, new=True)
    lines = world.call("listed")["lines"]
    assert lines[0].split() == [
        "2", "2025-11-24", "16:00", "UTC", "upgrade", "25.1.0", "->", "25.8.0", "succeeded", "by", "jane;", "snapshot", "prod-release-2",
    ]  # fmt: skip
    assert len(lines) == 2


def test_a_broken_record_is_one_line() -> None:
    with pytest.raises(RedashError, match=r"/x/0001: is no release record"):
        parse("hello", "/x/0001")
    with pytest.raises(RedashError, match="unknown state 'new'"):
        parse('{"number":1,"kind":"upgrade","state":"new"}', "/x/0001")


def test_an_unreadable_lock_holds_nothing() -> None:
    assert not held(parse_lock(3, "hello"), 1_000_000, alive=None)


def test_a_process_that_lives_keeps_its_lock_past_its_time() -> None:
    lock = Lock(1, "jane", "laptop", 1, "1", expires=10)
    assert held(lock, 1_000_000, alive=True)
    assert not held(lock, 1_000_000, alive=None)


def test_a_long_error_is_cut_so_that_the_record_stays_small() -> None:
    assert len(Record(1, "upgrade", error="x" * 5000).text()) < 1000


def test_one_line_of_history_without_a_version() -> None:
    assert line(Record(3, "backup", state="running", step="snapshot")).endswith("at step snapshot")


def test_the_start_of_a_process_names_it() -> None:
    assert started(os.getpid()) == started(os.getpid()) != ""
    assert started(2**22 + 1) == ""


def test_what_the_records_say_together_is_listed(world: World) -> None:
    nothing = {"last": {}, "unfinished": False, "next_command": "", "goes_back": False, "version": "", "version_since": 0}
    assert {name: value for name, value in world.call("listed").items() if name in nothing} == nothing
    opened = world.call("opened")
    listed = world.call("listed")
    assert listed["last"] == listed["records"][0]
    assert (listed["unfinished"], listed["goes_back"]) == (True, False)
    assert listed["next_command"] == "upgrade.yml -e redash_version=25.8.0"
    world.call("released", lock=opened["lock"])
    world.call("abandoned", number=opened["number"])
    assert world.call("listed")["version_since"] == opened["number"]


@pytest.mark.parametrize(("name", "begins"), [(None, "prod"), ("redash-prod", "redash-prod")])
def test_the_installations_name_is_given_or_the_prefixs_last_part(world: World, name: str | None, begins: str) -> None:
    services = {f"{begins}-{part}": {"desired_count": 1} for part in ("worker", "server", "scheduler")}
    opened = world.call("opened", name=name, facts={"services": services})
    assert opened["server"] == f"{begins}-server"
    assert opened["workers"] == [f"{begins}-scheduler", f"{begins}-worker"]
    assert opened["snapshot"] == f"{begins}-release-{opened['number']}"
    mine = {"number": opened["number"], "lock": opened["lock"]}
    assert world.call("advanced", name=name, **mine)["workers"] == opened["workers"]


def test_a_restore_is_planned_from_all_records_and_writes_nothing(world: World) -> None:
    services = {"prod": {"task_definition": "prod:1", "desired_count": 1}}
    opened = world.call(
        "opened", kind="backup", to_version="", from_version="25.8.0", facts={"services": services, "task_runner": "runner:1"}
    )
    mine = {"kind": "backup", "number": opened["number"], "lock": opened["lock"]}
    assert world.call("advanced", **mine)["step"] == "snapshot"
    world.call("advanced", **mine, done="snapshot", facts={"snapshot": "prod-backup-1"})
    world.call("released", lock=opened["lock"])
    running = {"version": "26.3.0", "services": {"prod": {"task_definition": "prod:2"}}, "task_runner": "runner:2", "autoscaling": {}}
    writes = world.ssm.writes
    for check_mode in (False, True):
        planned = world.call("planned", kind="restore", running=running, check_mode=check_mode)
        assert planned["changed"] is False
        assert planned["restoration"]["facts"]["services"] == services
        assert (planned["restoration"]["snapshot"], planned["restoration"]["to_version"]) == ("prod-backup-1", "25.8.0")
    assert world.call("planned", kind="restore", running=running, snapshot="of-another")["restoration"]["snapshot"] == "of-another"
    assert world.ssm.writes == writes
    with pytest.raises(RedashError, match="running: not given"):
        world.call("planned", kind="restore")


def test_how_the_newest_release_ended_is_concluded(world: World) -> None:
    opened = world.call("opened", facts={"services": {}})
    mine = {"number": opened["number"], "lock": opened["lock"]}
    world.call("advanced", **mine)
    world.call("failed", **mine, error="no such image")
    concluded = world.call("concluded")
    assert concluded == {
        "changed": False,
        "succeeded": False,
        "verdict": "Refused, nothing was touched: no such image.",
        "went_back": False,
        "version": "",
    }
    assert world.call("concluded", error="the whole of it")["verdict"].endswith("the whole of it.")
    assert world.call("concluded", undo_error="no way back")["verdict"].startswith("Refused")

    name = f"{PREFIX}/releases/{opened['number']:04}"
    record = parse(world.ssm.values[name], "test")
    for state, given, succeeded in (
        ("undone", {}, False),
        ("undone", {"going_back": True}, True),
        ("running", {"undo_error": "cut off"}, False),
    ):
        record.state = state
        world.ssm.values[name] = record.text()
        concluded = world.call("concluded", **given)
        assert concluded["succeeded"] is succeeded
        assert ("cut off" in concluded["verdict"]) is (state == "running")


def test_a_record_that_is_gone_is_no_success(world: World) -> None:
    with pytest.raises(RedashError, match="/redash/prod: holds no release record"):
        world.call("concluded")


@pytest.mark.parametrize("state", ["running", "stopped", "succeeded", "undone", "restored", "refused", "abandoned"])
def test_a_record_comes_back_as_it_was_written(state: str) -> None:
    record = Record(3, "upgrade", "25.8.0", "25.1.0", "jane", 1_764_000_000, 1_764_000_600, state, "back", "full", "halt")
    record.begun, record.done, record.facts, record.restore, record.error = ["read"], ["read"], {"snapshot": "x"}, True, "no"
    assert parse(record.text(), "x") == record


def test_a_record_is_short_and_the_same_each_time() -> None:
    """A free parameter holds 4 KB: what is empty is left out, and nothing is written for looks."""
    assert Record(3, "backup", by="jane").text() == '{"by":"jane","direction":"forward","kind":"backup","number":3,"state":"running"}'
    lock = Lock(7, "jane", "laptop", 12, "1", 2_000_000, machine="m")
    assert lock.text() == (
        '{"by":"jane","doing":"","expires":2000000,"host":"laptop","machine":"m","pid":12,"process_started":"1","released":false}'
    )
    assert parse_lock(7, lock.text()) == lock


@pytest.mark.parametrize(("length", "kept"), [(600, "x" * 600), (601, "x" * 600 + " ..."), (5000, "x" * 600 + " ...")])
def test_a_long_error_is_cut(length: int, kept: str) -> None:
    assert parse(Record(3, "backup", error="x" * length).text(), "x").error == kept


def test_a_number_in_a_locks_value_does_not_count() -> None:
    """The parameter's name is its number."""
    lock = parse_lock(7, '{"number":9,"by":"jane","host":"h","pid":1,"process_started":"1","expires":5,"later":1}')
    assert (lock.number, lock.by, lock.expires) == (7, "jane", 5)


@pytest.mark.parametrize("text", ["hello", "[]", "{}", '{"by":"jane"}', "7"])
def test_an_unreadable_lock_is_one_that_has_long_ended(text: str) -> None:
    assert parse_lock(7, text) == Lock(7, "unknown", "", 0, "", 0)


@pytest.mark.parametrize(
    ("lock", "now", "alive", "expected"),
    [
        (None, 100, None, False),
        (Lock(1, "jane", "h", 1, "1", 100), 99, None, True),
        (Lock(1, "jane", "h", 1, "1", 100), 100, None, False),
        (Lock(1, "jane", "h", 1, "1", 100), 99, False, False),
        (Lock(1, "jane", "h", 1, "1", 100), 101, True, True),
        (Lock(1, "jane", "h", 1, "1", 100, released=True), 99, True, False),
    ],
)
def test_who_holds_a_lock(lock: Lock | None, now: float, alive: bool | None, expected: bool) -> None:
    assert held(lock, now, alive=alive) is expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (Record(3, "upgrade", "25.8.0", started=1_764_000_000, state="stopped", step="halt", error="no worker", by="jane"),
         "   3  2025-11-24 16:00 UTC  upgrade   ? -> 25.8.0           stopped    by jane; at step halt; no worker"),
        (Record(12, "backup", from_version="25.8.0", state="succeeded", step="snapshot", facts={"snapshot": "prod-12"}),
         "  12    backup    25.8.0                succeeded  snapshot prod-12"),
        (Record(1, "destroy", state="running"), "   1    destroy                         running"),
    ],
)  # fmt: skip
def test_a_line_of_history_leaves_out_what_is_not_known(record: Record, expected: str) -> None:
    assert line(record) == expected


@pytest.mark.parametrize(("expires", "minutes"), [(1000, 1), (1059, 1), (1060, 2), (2800, 31), (500, 1)])
def test_a_refusal_says_who_works_and_when_a_dead_runs_lock_ends(expires: int, minutes: int) -> None:
    problem = refusal(Lock(7, "jane", "laptop", 12, "1", expires, doing="migrate"), 1000)
    assert problem.what == "jane is working on this installation (on laptop, process 12, migrate)"
    assert problem.where == "upgrade lock"
    assert f"in {minutes} min" in problem.todo
    assert "upgrade_take_lock=true" in problem.todo
    assert "since a moment" in refusal(Lock(7, "jane", "laptop", 12, "1", expires), 1000).what


@pytest.mark.parametrize("text", ["hello", "[]", '{"kind":"upgrade"}', '{"number":1,"kind":"upgrade","state":"new"}'])
def test_what_is_no_record_names_its_parameter_and_the_way_out(text: str) -> None:
    with pytest.raises(RedashError) as caught:
        parse(text, "/x/releases/0001")
    (problem,) = caught.value.problems
    assert problem.where == "/x/releases/0001"
    assert problem.todo


def test_a_time_is_told_in_utc_wherever_the_controller_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert time_of(1_764_000_000) == "2025-11-24 16:00 UTC"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert time_of(0) == ""


def answer(**seen: Any) -> list[str]:
    """The last line of facts.py in an image that is like 26.3.0 but for ``seen``."""
    queues = ["periodic", "emails", "default", "scheduled_queries", "queries", "schemas"]
    like = {"entrypoint": ["server", "scheduler", "worker", "create_db", "manage"], "queue_system": "rq", "queues": queues}
    return ["noise", "redash-ecs-result: " + json.dumps({"version": "26.9.0", **like, "not_read": {}, **seen})]


def test_what_an_image_told_of_a_release_that_no_table_knows_is_kept_for_later_runs(world: World) -> None:
    told = world.call("learnt", to_version="26.9.0", lines=answer(python="3.14"))
    assert told["facts"] == {"release": {"like": "26.3.0", "python": "3.14"}}
    assert 'redash_releases: {"26.9.0": {"like": "26.3.0", "python": "3.14"}}' in told["lines"][0]
    assert "alembic_head of 26.9.0 could not be learnt (not said), and is taken as in 26.3.0" in told["lines"]
    world.call("opened", to_version="26.9.0", facts=told["facts"])
    listed = world.call("listed")
    assert listed["releases"] == {"26.9.0": told["facts"]["release"]}
    assert known("26.9.0", listed["releases"]).python == "3.14"


def test_an_image_is_asked_for_its_version_alone_where_the_release_is_known(world: World) -> None:
    assert world.call("learnt", to_version="26.3.0", lines=answer(version="26.3.0+b1"))["facts"] == {}
    given = {"26.9.0": {"like": "26.3.0"}}
    assert world.call("learnt", to_version="26.9.0", lines=answer(python="3.14"), releases=given)["facts"] == {}


@pytest.mark.parametrize("version", ["25.8.0", "26.9.0"])
def test_an_image_that_holds_another_release_or_none_is_refused_with_what_to_type(world: World, version: str) -> None:
    with pytest.raises(RedashError, match=rf"holds Redash 26\.3\.0\+b9, not {version}.*upgrade\.yml -e redash_version=26\.3\.0") as caught:
        world.call("learnt", to_version=version, lines=answer(version="26.3.0+b9"))
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(RedashError, match="does not say which Redash it holds: OSError: no file"):
        world.call("learnt", to_version=version, lines=answer(version=None, not_read={"version": "OSError: no file"}))
    with pytest.raises(RedashError, match="ended without saying what it saw"):
        world.call("learnt", to_version=version, lines=["nothing"])
