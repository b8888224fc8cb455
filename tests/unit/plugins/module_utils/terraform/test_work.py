# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole work, with a script in terraform's place that answers as it was told and writes down what it was asked."""

from __future__ import annotations

import ast
import contextlib
import errno
import fcntl
import json
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context, Interrupted, interruptible
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.process import started
from ansible_collections.redash.ecs.plugins.module_utils.terraform import binary, command, provider, running, work

# It is started five times in each test: so it imports nothing that takes long to load, and JSON is ready to be printed.
FAKE = """#!{python} -IS
import _signal, os, sys, time
home = {home!r}
def path(file):
    return home + "/" + file
with open(path("tell")) as file:
    tell = eval(file.read())
words = sys.argv[1:]
name = words[0]
def write(file, text):
    # Who waits for the file finds it whole.
    with open(path(file + ".new"), "w") as new:
        new.write(text)
    os.rename(path(file + ".new"), path(file))
def wait_for(file):
    end = time.monotonic() + 60  # nothing outlives a test that fails
    while not os.path.exists(path(file)) and time.monotonic() < end:
        time.sleep(0.005)
with open(path("asked"), "a") as file:
    file.write(repr({{"words": words, "environ": dict(os.environ), "folder": os.getcwd(), "files": sorted(os.listdir())}}) + "\\n")
if name == "version":
    print(tell.get("title", "Terraform") + " v" + tell.get("version", "1.11.4") + "\\non linux_amd64")
elif name == "state":
    print(tell["state"])
elif name == "show":
    print(tell["plan"])
elif name == "output":
    print(tell["outputs"])
elif name == "workspace":
    print("default")
else:
    if name == "plan":
        [out] = [word[5:] for word in words if word.startswith("-out=")]
        with open(out, "w") as file:
            file.write("plan")
    def interrupted(number, frame):
        with open(path("signals"), "a") as file:
            file.write("SIGINT\\n")
        write("interrupted", "")
        wait_for("may-end")
        write("saved", "")
        sys.exit(1)
    _signal.signal(_signal.SIGINT, interrupted)
    write(f"began-{{name}}", str(os.getpid()))
    for event in tell.get("events", {{}}).get(name, []):
        print(event, flush=True)
    if name in tell.get("held", []):
        wait_for("may-end")
    print('{{"padding": "' + "x" * 100000 + '"}}', flush=True)
    sys.exit(tell.get("codes", {{}}).get(name, 0))
"""

CHANGE = {"address": "aws_vpc.this", "type": "aws_vpc", "mode": "managed", "change": {"actions": ["create"], "before": None, "after": {}}}
DELETE = {
    "address": "aws_rds_cluster.this",
    "type": "aws_rds_cluster",
    "mode": "managed",
    "change": {"actions": ["delete"], "before": {}, "after": None},
}


def look_again_soon(seconds: float) -> None:
    """In place of the clock's ``sleep``: the script is a real process, so it is waited for; but it never takes ``seconds``."""
    time.sleep(0.005)


class Fake:
    """The script, what it is told, what it was asked, and the options of a run with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        self.install("terraform")
        (folder / "module").mkdir()
        (folder / "module" / "main.tf").write_text("# the module\n")
        (folder / "module" / "terraform.tfstate").write_text("somebody's state")
        self.tell()
        self.reported: list[str] = []
        self.params: dict[str, Any] = {name: option.get("default") for name, option in work.ARGUMENT_SPEC.items()} | {
            "project_path": str(folder / "module"),
            "work_dir": str(folder / "work"),
            "backend": {"type": "local", "config": {}},
        }

    def install(self, name: str) -> None:
        script = self.folder / "bin" / name
        script.write_text(FAKE.format(python=sys.executable, home=str(self.folder)))
        script.chmod(0o755)

    def tell(self, **told: Any) -> None:
        answers = {name: json.dumps(told.get(name, {})) for name in ("plan", "outputs", "state")}
        events = {
            name: [event if isinstance(event, str) else json.dumps(event) for event in each]
            for name, each in told.get("events", {}).items()
        }
        (self.folder / "tell").write_text(repr({**told, **answers, "events": events}))

    def run(
        self,
        *,
        check_mode: bool = False,
        client: Callable[[str], Any] = lambda name: None,
        sleep: Callable[[float], None] = look_again_soon,
        **params: Any,
    ) -> dict[str, Any]:
        context = Context(client=client, report=self.reported.append, check_mode=check_mode, clock=Clock(sleep=sleep))
        return work.run({**self.params, **params}, context)

    def let_end(self, seconds: float = 0) -> None:
        """What is held, or was interrupted, may end: handed to a run as its ``sleep``, as soon as that run waits."""
        (self.folder / "may-end").touch()
        look_again_soon(seconds)

    @property
    def asked(self) -> list[dict[str, Any]]:
        path = self.folder / "asked"
        return [ast.literal_eval(line) for line in path.read_text().splitlines()] if path.exists() else []

    def commands(self) -> list[str]:
        return [call["words"][0] for call in self.asked if call["words"][0] != "version"]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    # A Terraform that `make setup` fetched is not to be found here.
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(provider, "find", lambda environ, work_dir, kind: provider.Source("from the test"))
    return fake


def until(happened: Callable[[], Any], what: str) -> None:
    """Wait for what another process does. A minute is for a machine under load."""
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.005)


def wait_for(path: Path) -> None:
    until(path.exists, f"{path.name} appears")


def noted(fake: Fake) -> int:
    """Wait until the run in another thread or process has noted the Terraform that applies; its pid."""
    wait_for(fake.folder / "began-apply")
    pid = int((fake.folder / "began-apply").read_text())
    record = fake.folder / "work" / running.FILE
    until(lambda: f'"pid": {pid},' in record.read_text(), "the note of the run")
    return pid


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until(lambda: not started(pid), "the end of the killed process")


def test_the_plan_that_was_shown_is_the_one_that_is_applied_and_it_is_gone_afterwards(fake: Fake) -> None:
    fake.tell(plan={"resource_changes": [CHANGE]}, codes={"plan": 2}, outputs={"redash": {"value": {"name": "x"}, "sensitive": False}})
    result = fake.run()
    planned = next(word[5:] for call in fake.asked if call["words"][0] == "plan" for word in call["words"] if word.startswith("-out="))
    applied = next(call["words"][-1] for call in fake.asked if call["words"][0] == "apply")
    assert result["changed"] and result["outputs"] == {"redash": {"name": "x"}}
    assert planned == applied and not Path(planned).exists() and not Path(planned).parent.exists()


def test_nothing_to_change_applies_nothing(fake: Fake) -> None:
    assert fake.run()["changed"] is False
    assert "apply" not in fake.commands()


def test_check_mode_plans_without_a_lock_and_applies_nothing(fake: Fake) -> None:
    fake.tell(plan={"resource_changes": [CHANGE]}, codes={"plan": 2})
    result = fake.run(check_mode=True)
    assert result["changed"] and "aws_vpc.this will be created" in result["diff"]["prepared"]
    assert "apply" not in fake.commands()
    assert "-lock=false" in next(call["words"] for call in fake.asked if call["words"][0] == "plan")


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_protected_resource_stops_the_run_before_anything_is_applied(fake: Fake, check_mode: bool) -> None:
    fake.tell(plan={"resource_changes": [DELETE]}, codes={"plan": 2})
    with pytest.raises(RedashError, match="aws_rds_cluster.this will be DESTROYED") as caught:
        fake.run(check_mode=check_mode)
    assert caught.value.result == {}, "nothing but what matters"
    whole = fake.folder / "work" / "refused.txt"
    assert whole.read_text() == "aws_rds_cluster.this will be DESTROYED\n1 to destroy\n" and fake.reported[-1].endswith(str(whole))
    assert "apply" not in fake.commands() and not list((fake.folder / "work").glob(".plan-*"))


TAINTED = {
    **DELETE,
    "action_reason": "replace_because_tainted",
    "change": {"actions": ["delete", "create"], "before": {"deletion_protection": True}, "after": {"deletion_protection": True}},
}


def test_what_was_cut_off_and_cant_be_deleted_is_kept_and_planned_again(fake: Fake) -> None:
    fake.tell(plan={"resource_changes": [TAINTED]}, codes={"plan": 2})
    with pytest.raises(RedashError, match="protected"):
        fake.run()  # the second plan is as the first here; what matters is what was asked in between
    assert fake.commands() == ["init", "workspace", "state", "plan", "show", "untaint", "plan", "show"]
    assert fake.asked[-3]["words"][-1] == "aws_rds_cluster.this"


def test_check_mode_says_that_it_would_be_kept(fake: Fake) -> None:
    fake.tell(plan={"resource_changes": [TAINTED, CHANGE]}, codes={"plan": 2})
    assert fake.run(check_mode=True)["summary"] == "1 to create"
    assert "untaint" not in fake.commands() and any("it stays and is completed" in line for line in fake.reported)


def test_it_goes_on_when_that_is_allowed(fake: Fake) -> None:
    fake.tell(plan={"resource_changes": [DELETE]}, codes={"plan": 2})
    fake.run(allow_replacement=["aws_rds_cluster"])
    assert "apply" in fake.commands()


def test_errors_come_one_line_each_and_the_plan_file_is_gone(fake: Fake) -> None:
    def error(number: int) -> dict[str, Any]:
        return {
            "type": "diagnostic",
            "diagnostic": {"severity": "error", "summary": f"creating {number}", "detail": "no\nway", "address": "a.b"},
        }

    fake.tell(plan={"resource_changes": [CHANGE]}, codes={"plan": 2, "apply": 1}, events={"apply": [error(1), error(2)]})
    with pytest.raises(RedashError) as caught:
        fake.run()
    assert [str(problem) for problem in caught.value.problems] == ["a.b: creating 1: no way", "a.b: creating 2: no way"]
    assert not list((fake.folder / "work").glob(".plan-*"))


def test_a_crash_shows_its_last_words_and_where_the_rest_is(fake: Fake) -> None:
    fake.tell(codes={"init": 2}, events={"init": ["panic: runtime error", "goroutine 1"]})
    with pytest.raises(RedashError, match=r"terraform init ended with code 2: panic: runtime error goroutine 1\. See .*terraform\.log"):
        fake.run()


def test_a_lock_is_named_with_its_holder_at_once_waited_for_and_has_a_way_out(fake: Fake) -> None:
    detail = "Lock Info:\n  ID:        0e7b-1\n  Operation: OperationTypeApply\n  Who:       ci@runner\n  Created:   yesterday\n"
    event = {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "Error acquiring the state lock", "detail": detail}}
    fake.tell(codes={"plan": 1}, events={"plan": [event]})
    with pytest.raises(RedashError) as caught:
        fake.run(lock_timeout=7)
    assert "ci@runner" in str(caught.value) and "redash_terraform_force_unlock=0e7b-1" in str(caught.value) and "7 s" in str(caught.value)
    assert "the state is locked by ci@runner since yesterday (OperationTypeApply): waiting for it, up to 7 s" in fake.reported
    assert [word for call in fake.asked for word in call["words"] if "-lock-timeout" in word] == ["-lock-timeout=0s", "-lock-timeout=7s"]


def test_force_unlock_releases_that_lock_first(fake: Fake) -> None:
    fake.run(force_unlock="0e7b-1")
    assert fake.commands().index("force-unlock") < fake.commands().index("plan")


def test_sensitive_outputs_are_left_out(fake: Fake) -> None:
    fake.tell(outputs={"a": {"value": 1, "sensitive": False}, "b": {"value": "s3cr3t", "sensitive": True}})
    assert fake.run()["outputs"] == {"a": 1}


def test_variables_go_by_a_file_that_only_its_owner_reads(fake: Fake) -> None:
    fake.run(variables={"name": "redash-prod", "text": "${not} a template"})
    path = fake.folder / "work" / "terraform.tfvars.json"
    assert json.loads(path.read_text()) == {"name": "redash-prod", "text": "${not} a template"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any("redash-prod" in word for call in fake.asked for word in call["words"])


def test_the_module_is_copied_and_its_own_folder_untouched(fake: Fake) -> None:
    before = sorted(path.name for path in (fake.folder / "module").iterdir())
    fake.run()
    assert sorted(path.name for path in (fake.folder / "module").iterdir()) == before
    assert {call["folder"] for call in fake.asked if call["words"][0] != "version"} == {str(fake.folder / "work")}
    assert not (fake.folder / "work" / "terraform.tfstate").exists()


def test_a_file_that_left_the_module_leaves_the_copy_and_the_state_stays(fake: Fake) -> None:
    (fake.folder / "module" / "old.tf").touch()
    fake.run()
    (fake.folder / "module" / "old.tf").unlink()
    (fake.folder / "work" / "terraform.tfstate").write_text("state")
    fake.run()
    assert not (fake.folder / "work" / "old.tf").exists() and (fake.folder / "work" / "terraform.tfstate").read_text() == "state"


def test_a_read_only_module_is_no_obstacle(fake: Fake) -> None:
    (fake.folder / "module" / "main.tf").chmod(0o444)
    fake.run()
    fake.run()


def test_working_in_the_modules_own_folder_is_refused(fake: Fake) -> None:
    with pytest.raises(RedashError, match="own folder"):
        fake.run(work_dir=fake.params["project_path"])


def test_a_folder_without_a_module_is_refused(fake: Fake) -> None:
    with pytest.raises(RedashError, match="holds no Terraform module"):
        fake.run(project_path=str(fake.folder / "bin"))


def test_the_backend_is_written_down(fake: Fake) -> None:
    fake.run(backend={"type": "s3", "config": {"bucket": "b", "use_lockfile": True}})
    written = json.loads((fake.folder / "work" / "backend_override.tf.json").read_text())
    assert written == {"terraform": {"backend": {"s3": {"bucket": "b", "use_lockfile": True}}}}


def test_what_is_to_be_taken_over_is_written_down_for_this_run_alone(fake: Fake) -> None:
    fake.run(imports={"aws_iam_role.execution": "redash-prod"})
    written = fake.folder / "work" / "redash_imports.tf.json"
    assert json.loads(written.read_text()) == {"import": [{"to": "aws_iam_role.execution", "id": "redash-prod"}]}
    fake.run()
    assert not written.exists()
    fake.run(state="absent", imports={"aws_iam_role.execution": "redash-prod"})
    assert not written.exists()


def test_an_old_terraform_is_refused(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fake.folder / "bin"))
    fake.tell(version="1.9.8")
    with pytest.raises(RedashError, match=r"Terraform 1\.9\.8, too old"):
        fake.run()


def test_no_terraform_is_one_line(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fake.folder / "nowhere"))
    with pytest.raises(RedashError, match="neither terraform nor tofu was found on PATH"):
        fake.run()


def test_skip_unchanged_leaves_terraform_out_until_something_changes(fake: Fake) -> None:
    fake.run(variables={"a": 1})
    seen = len(fake.asked)
    fake.run(variables={"a": 1}, skip_unchanged=True)
    assert [call["words"][0] for call in fake.asked[seen:]] == ["version", "output"]
    fake.run(variables={"a": 2}, skip_unchanged=True)
    assert fake.commands()[-1] == "output" and fake.commands().count("plan") == 2


def test_it_never_skips_unasked(fake: Fake) -> None:
    fake.run()
    fake.run()
    assert fake.commands().count("plan") == 2


def test_it_does_not_skip_after_an_apply_that_failed(fake: Fake) -> None:
    fake.run()
    fake.tell(plan={"resource_changes": [CHANGE]}, codes={"plan": 2, "apply": 1})
    with pytest.raises(RedashError):
        fake.run()
    fake.tell()
    fake.run(skip_unchanged=True)
    assert fake.commands().count("plan") == 3


def test_an_interruption_reaches_terraform_once_and_is_awaited(fake: Fake) -> None:
    fake.tell(plan={"resource_changes": [CHANGE]}, codes={"plan": 2}, held=["apply"])

    def interrupt_twice() -> None:
        noted(fake)
        os.kill(os.getpid(), signal.SIGINT)
        wait_for(fake.folder / "interrupted")
        os.kill(os.getpid(), signal.SIGINT)
        fake.let_end()

    thread = threading.Thread(target=interrupt_twice)
    thread.start()
    with pytest.raises(Interrupted), interruptible():
        fake.run()
    thread.join()
    assert (fake.folder / "saved").exists() and (fake.folder / "signals").read_text() == "SIGINT\n"
    assert not list((fake.folder / "work").glob(".plan-*"))


def test_an_interruption_while_the_process_is_noted_is_awaited_too(fake: Fake) -> None:
    def interrupt(name: str, pid: int) -> None:
        wait_for(fake.folder / "began-apply")
        raise Interrupted(signal.SIGINT)

    def let_end() -> None:
        wait_for(fake.folder / "interrupted")
        fake.let_end()

    fake.tell(held=["apply"])
    thread = threading.Thread(target=let_end)
    thread.start()
    terraform = command.Terraform(binary.find(os.environ), fake.folder, dict(os.environ), Clock(), fake.reported.append, began=interrupt)
    with pytest.raises(Interrupted):
        terraform.run("apply")
    thread.join()
    assert (fake.folder / "saved").exists() and (fake.folder / "signals").read_text() == "SIGINT\n"


def killed(fake: Fake) -> int:
    """A run is killed outright in the middle of its apply; Terraform's pid."""
    fake.tell(plan={"resource_changes": [CHANGE]}, codes={"plan": 2}, held=["apply"])
    child = os.fork()
    if child == 0:
        try:
            fake.run()
        finally:
            os._exit(1)  # it is killed before; and no second pytest must go on from here
    pid = noted(fake)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    fake.tell()
    return pid


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died; elsewhere Terraform finishes alone")
def test_killed_outright_terraform_is_interrupted_and_the_next_run_waits_for_its_end(fake: Fake) -> None:
    pid = killed(fake)
    fake.run(sleep=fake.let_end)
    assert (fake.folder / "saved").exists() and (fake.folder / "signals").read_text() == "SIGINT\n"
    assert f"(terraform apply, pid {pid}, on " in fake.reported[0] and "its Ansible is gone" in fake.reported[0]
    assert fake.reported[1] == "it has ended: going on"
    fake.reported.clear()
    fake.run()
    assert not any("run" in line for line in fake.reported)


def test_if_terraform_was_killed_too_the_next_run_says_so_and_goes_on_at_once(fake: Fake) -> None:
    pid = killed(fake)
    kill(pid)
    fake.run()
    assert fake.reported[0].startswith(f"a run before this one was killed (terraform apply, pid {pid}, on ")
    assert "plan" in fake.commands()


TAGS = {"Name": "redash-prod", "Installation": "redash-prod"}
VPC = {**CHANGE, "change": {"actions": ["create"], "before": None, "after": {"tags_all": TAGS}}}


class Ec2:
    """An account with one VPC that carries the installation's tags, as a killed run leaves it; counts who looks."""

    def __init__(self) -> None:
        self.looks = 0

    def can_paginate(self, method: str) -> bool:
        return False

    def describe_vpcs(self, Filters: list[dict[str, Any]]) -> dict[str, Any]:
        self.looks += 1
        return {"Vpcs": [{"VpcId": "vpc-1", "Tags": [{"Key": key, "Value": value} for key, value in TAGS.items()]}]}


def imported(fake: Fake) -> list[bool]:
    """Of each plan since the kill, whether it takes something over."""
    return ["redash_imports.tf.json" in call["files"] for call in fake.asked if call["words"][0] == "plan"]


IN_BETWEEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "Terraform can't start": ({"codes": {"init": 1}}, {}),
    "a variable is missing": ({"codes": {"plan": 1}}, {}),
    "no module": ({}, {"project_path": "/nowhere"}),
    "only looked": ({"plan": {"resource_changes": [VPC]}, "codes": {"plan": 2}}, {"check_mode": True}),
    "only a part": ({"plan": {"resource_changes": [VPC]}, "codes": {"plan": 2}}, {"targets": ["aws_lb.this"]}),
    "taken down": ({"plan": {"resource_changes": []}}, {"state": "absent"}),
    "the apply fails": ({"plan": {"resource_changes": [VPC]}, "codes": {"plan": 2, "apply": 1}}, {}),
}


@pytest.mark.parametrize("between", IN_BETWEEN)
def test_that_a_run_was_killed_is_forgotten_only_once_its_remains_were_looked_for_and_all_is_applied(fake: Fake, between: str) -> None:
    pid = killed(fake)
    kill(pid)
    ec2 = Ec2()
    told, params = IN_BETWEEN[between]
    if between != "nothing":
        fake.tell(**told)
        with contextlib.suppress(RedashError):
            fake.run(client=lambda name: ec2, **params)

    seen, looks = len(imported(fake)), ec2.looks
    fake.reported.clear()
    fake.tell(plan={"resource_changes": [VPC]}, codes={"plan": 2})
    fake.run(client=lambda name: ec2)
    assert fake.reported[0].startswith(f"a run before this one was killed (terraform apply, pid {pid}, on ")
    assert "aws_vpc.this is there already (vpc-1), made by a run that was killed: taking it over" in fake.reported
    assert imported(fake)[seen:] == [False, True] and ec2.looks > looks

    looks = ec2.looks
    fake.reported.clear()
    fake.run(client=lambda name: ec2)
    assert ec2.looks == looks and not any("killed" in line for line in fake.reported)


@pytest.mark.parametrize(
    ("params", "said"), [({"state": "absent"}, "stays on AWS"), ({"targets": ["aws_lb.this"]}, "is looked for by a whole run")]
)
def test_a_run_that_does_not_look_for_remains_says_what_becomes_of_them(fake: Fake, params: dict[str, Any], said: str) -> None:
    pid = killed(fake)
    kill(pid)
    fake.run(**params)
    assert [line for line in fake.reported if "is in no state" in line and said in line]


def test_a_terraform_that_was_killed_alone_leaves_remains_too(fake: Fake) -> None:
    fake.tell(plan={"resource_changes": [VPC]}, codes={"plan": 2}, held=["apply"])
    thread = threading.Thread(target=lambda: os.kill(noted(fake), signal.SIGKILL))
    thread.start()
    with pytest.raises(RedashError, match="ended with code -9"):
        fake.run()
    thread.join()
    fake.tell(plan={"resource_changes": [VPC]}, codes={"plan": 2})
    fake.run(client=lambda name: Ec2())
    assert "aws_vpc.this is there already (vpc-1), made by a run that was killed: taking it over" in fake.reported


def test_a_lock_released_by_force_says_that_somebody_died_until_a_run_got_through(fake: Fake) -> None:
    fake.tell(codes={"plan": 1})
    with pytest.raises(RedashError):
        fake.run(force_unlock="0e7b-1")
    fake.tell(plan={"resource_changes": [VPC]}, codes={"plan": 2})
    fake.run(client=lambda name: Ec2())
    assert "aws_vpc.this is there already (vpc-1), made by a run that was killed: taking it over" in fake.reported


def test_a_run_that_is_killed_while_it_writes_its_record_leaves_one_that_can_be_read(fake: Fake) -> None:
    work_dir = fake.folder / "work"
    fake.run()
    short, long = ({"host": host, "run": 1, "since": "yesterday"} for host in ("here", "somewhere-with-a-long-name"))
    # As it is when the new line was written and the end of the old one not cut off yet.
    (work_dir / running.FILE).write_text(f"{json.dumps(short)}\n{(json.dumps(long) + chr(10))[len(json.dumps(short)) + 1 :]}")
    fake.reported.clear()
    fake.run()
    assert fake.reported[0].startswith("a run before this one was killed (pid 1, on here, since yesterday)")


def test_a_run_that_goes_on_for_too_long_is_named_with_what_to_do(fake: Fake) -> None:
    pid = killed(fake)
    seen = len(fake.asked)
    with pytest.raises(RedashError) as caught:
        fake.run(lock_timeout=0)
    assert f"terraform apply, pid {pid}" in str(caught.value) and f"`kill -INT {pid}`" in str(caught.value)
    assert len(fake.asked) == seen, "nothing is done in a folder that somebody else uses"
    fake.let_end()
    wait_for(fake.folder / "saved")


def test_a_file_system_without_locks_is_said_and_no_obstacle(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(file: Any, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    fake.run()
    assert "file system without locks (No locks available)" in fake.reported[0] and "plan" in fake.commands()


def test_two_runs_at_once_in_one_folder_come_one_after_the_other(fake: Fake) -> None:
    fake.tell(held=["plan"])
    first = threading.Thread(target=fake.run)
    first.start()
    wait_for(fake.folder / "began-plan")
    fake.run(sleep=fake.let_end)
    first.join()
    assert fake.commands() == ["init", "workspace", "state", "plan", "show", "output"] * 2


def test_existing_targets_are_those_in_the_state(fake: Fake) -> None:
    fake.tell(plan={"values": {"root_module": {"resources": [{"address": "aws_lb.this"}]}}})
    fake.run(targets=["aws_lb.this", "aws_rds_cluster.this"], existing_only=True)
    words = next(call["words"] for call in fake.asked if call["words"][0] == "plan")
    assert "-target=aws_lb.this" in words and "-target=aws_rds_cluster.this" not in words


def test_no_existing_target_is_nothing_to_do(fake: Fake) -> None:
    assert fake.run(targets=["aws_lb.this"], existing_only=True)["changed"] is False
    assert "plan" not in fake.commands()


def test_an_emulator_shuts_out_the_shells_credentials() -> None:
    shell = {"PATH": "/bin", "AWS_PROFILE": "production", "AWS_ACCESS_KEY_ID": "real", "AWS_SESSION_TOKEN": "real", "AWS_CA_BUNDLE": "/x"}
    result = command.environment(
        shell, {"endpoint_url": "http://127.0.0.1:4566", "access_key": "test", "secret_key": "test", "region": "eu-west-1"}, {}
    )
    assert "AWS_PROFILE" not in result and "real" not in result.values() and "AWS_CA_BUNDLE" not in result
    assert result["AWS_ACCESS_KEY_ID"] == "test" and result["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert result["AWS_CONFIG_FILE"] == os.devnull and result["AWS_MAX_ATTEMPTS"] == "2"


def test_a_profile_reaches_terraform() -> None:
    result = command.environment({"AWS_PROFILE": "other"}, {"profile": "production", "region": "eu-west-1"}, {})
    assert result["AWS_PROFILE"] == "production" and result["AWS_REGION"] == "eu-west-1"


def test_given_keys_win_over_the_shells_profile() -> None:
    result = command.environment({"AWS_PROFILE": "other", "AWS_SESSION_TOKEN": "old"}, {"access_key": "a", "secret_key": "b"}, {})
    assert "AWS_PROFILE" not in result and "AWS_SESSION_TOKEN" not in result


@pytest.mark.parametrize("name", ["TF_VAR_name", "TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_WORKSPACE", "TF_DATA_DIR"])
def test_what_would_change_the_plan_unseen_is_left_out(name: str) -> None:
    assert name not in command.environment({name: "x"}, {}, {})


def test_the_tasks_own_environment_wins() -> None:
    assert command.environment({"HTTPS_PROXY": "a"}, {}, {"HTTPS_PROXY": "b"})["HTTPS_PROXY"] == "b"


@pytest.mark.parametrize("name", ["TF_LOG", "TF_LOG_CORE", "TF_LOG_PROVIDER", "TF_LOG_PROVIDER_AWS", "TF_LOG_PATH", "TF_LOG_SDK_PROTO"])
def test_a_log_that_would_hold_the_databases_password_is_left_out_and_that_is_said(
    name: str, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shell, extra in (({name: "TRACE"}, {}), ({}, {name: "TRACE"})):
        assert name not in command.environment(shell, {}, extra)
    assert command.logging_names({name: "TRACE", "TF_LOG_X": "off", "PATH": "/bin"}) == [name]
    monkeypatch.setenv(name, "TRACE")
    fake.tell(codes={"plan": 2}, plan={"resource_changes": [CHANGE]})
    fake.run()
    assert f"{name}: left out, since that log would hold the database's password" in fake.reported


# --- OpenTofu: the script says what tofu says of itself; a real one was not to be had.


def made_by(kind: binary.Kind) -> dict[str, Any]:
    return {"version": 4, "resources": [{"type": "aws_vpc", "provider": f'provider["{kind.provider}"]'}]}


def test_opentofu_does_the_work_and_is_said(fake: Fake) -> None:
    fake.install("tofu")
    fake.tell(title="OpenTofu", version="1.11.1", codes={"plan": 2}, plan={"resource_changes": [CHANGE]})
    assert fake.run(binary="tofu")["changed"]
    assert "OpenTofu 1.11.1 with the AWS provider from the test" in fake.reported
    assert fake.commands() == ["init", "workspace", "state", "plan", "show", "apply", "output"]


def test_terraform_is_refused_before_anything_runs_where_opentofu_made_the_state(fake: Fake) -> None:
    (fake.folder / "work").mkdir()
    (fake.folder / "work" / "terraform.tfstate").write_text(json.dumps(made_by(binary.OPENTOFU)))
    with pytest.raises(RedashError, match="OpenTofu made this state, and Terraform can't go on with it. Set it to tofu"):
        fake.run(binary="terraform")
    with pytest.raises(RedashError, match="tofu was not found on PATH, and OpenTofu made the state"):
        fake.run()
    assert fake.commands() == []


@pytest.mark.parametrize(("workspace", "path"), [("default", "elsewhere.tfstate"), ("blue", "terraform.tfstate.d/blue/terraform.tfstate")])
def test_the_state_is_looked_for_where_the_backend_and_the_workspace_put_it(fake: Fake, workspace: str, path: str) -> None:
    state = fake.folder / "work" / path
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps(made_by(binary.OPENTOFU)))
    with pytest.raises(RedashError, match="OpenTofu made this state"):
        fake.run(binary="terraform", workspace=workspace, backend={"type": "local", "config": {"path": "elsewhere.tfstate"}})


def test_a_state_that_can_not_be_read_is_said_and_not_taken_for_none(fake: Fake) -> None:
    (fake.folder / "work" / "terraform.tfstate").mkdir(parents=True)
    with pytest.raises(RedashError, match="cannot read the state .*terraform.tfstate: Is a directory"):
        fake.run()


@pytest.mark.parametrize(
    ("title", "maker", "named", "refusal"),
    [
        ("Terraform", binary.OPENTOFU, "", "OpenTofu made this state, and Terraform can't go on with it"),
        ("Terraform", binary.OPENTOFU, "terraform", "OpenTofu made this state, and Terraform can't go on with it"),
        ("OpenTofu", binary.TERRAFORM, "", "Terraform made this state, and OpenTofu was found here. Set it to terraform, or to tofu"),
    ],
)
def test_a_state_in_s3_of_the_other_kind_is_refused_before_a_plan(
    fake: Fake, title: str, maker: binary.Kind, named: str, refusal: str
) -> None:
    fake.tell(title=title, state=made_by(maker))
    with pytest.raises(RedashError, match=refusal):
        fake.run(binary=named, backend={"type": "s3", "config": {}})
    assert fake.commands() == ["init", "workspace", "state"]


def test_opentofu_goes_on_with_terraforms_state_in_s3_where_it_is_named_and_says_so(fake: Fake) -> None:
    fake.install("tofu")
    fake.tell(title="OpenTofu", state=made_by(binary.TERRAFORM))
    fake.run(binary="tofu", backend={"type": "s3", "config": {}})
    assert "OpenTofu goes on with what Terraform made, as redash_terraform_binary asks" in fake.reported


def test_an_init_that_fails_at_opentofus_registry_says_whose_state_it_is(fake: Fake) -> None:
    error = {"severity": "error", "summary": "Failed to query available provider packages", "detail": "registry.opentofu.org: no such host"}
    fake.tell(codes={"init": 1}, events={"init": [{"type": "diagnostic", "diagnostic": error}]})
    with pytest.raises(RedashError, match="OpenTofu made this state"):
        fake.run(backend={"type": "s3", "config": {}})
