# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One-off tasks on real containers: a burst of lines, a database that vanishes, Ctrl-C, groups and users as code."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from demo import engine
from demo.instance import Instance
from tests.e2e.conftest import ROOT, Demo, changed
from tests.e2e.hunt import container_logs, stream_messages

# Eight thousand lines in five seconds, then two thousand at once, and the process ends.
BURST = """
import sys, time
for number in range(10000):
    sys.stdout.write("line %05d\\n" % number)
    if number < 8000 and number % 1600 == 1599:
        sys.stdout.flush()
        time.sleep(1)
"""
NOT_REACHED = "The database was not reached: check that it runs, its security group, and the database URL."


def watched(demo: Demo, at_line: Callable[[str], None], **answers: Any) -> tuple[int, list[str]]:
    """Run manage.yml; each line of its output is handed over as it comes."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "inventories/local", "manage.yml", "-e", json.dumps(answers)]
    running = subprocess.Popen(command, cwd=ROOT, env=demo.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    timer = threading.Timer(300, running.kill)
    timer.start()
    try:
        lines = []
        for line in running.stdout or ():
            lines.append(line.rstrip("\n"))
            at_line(lines[-1])
        demo.said.append("\n".join(lines))
        return running.wait(), lines
    finally:
        timer.cancel()
        running.kill()


def test_of_ten_thousand_lines_with_a_burst_at_the_exit_none_is_lost_and_none_comes_twice(demo: Demo) -> None:
    first: list[float] = []
    last: list[float] = []

    def at_line(line: str) -> None:
        if line.endswith("line 00000"):
            first.append(time.monotonic())
        if line.endswith("line 09999"):
            last.append(time.monotonic())

    code, lines = watched(demo, at_line, command=["python", "-c", BURST])
    assert code == 0, "\n".join(lines[-20:])
    shown = [match[1] for line in lines if (match := re.fullmatch(r"\[redash-demo\] line (\d{5})", line))]
    # Podman's stream of a container's log skips some lines of a burst now and then, and the emulator's forwarder then sends
    # others twice: what counts is what its CloudWatch holds.
    held = in_the_log(demo, next(task for line in lines for task in re.findall(r"started task ([0-9a-f-]+)", line)))
    assert len(set(held)) > 9_900
    assert shown == held
    # Live: what was printed first was shown while the rest was not there yet.
    assert last[0] - first[0] >= 3.0


def in_the_log(demo: Demo, task: str) -> list[str]:
    """The numbers of the lines that CloudWatch holds of a task, in its order."""
    logs = demo.aws("logs")
    (group,) = [group["logGroupName"] for group in logs.describe_log_groups(logGroupNamePrefix="/redash/redash-demo")["logGroups"]]
    messages = stream_messages(logs, group, f"task-runner/task-runner/{task}")
    return [match[1] for message in messages if (match := re.fullmatch(r"line (\d{5})", message))]


@contextlib.contextmanager
def stopped_database(demo: Demo) -> Iterator[Callable[[], None]]:
    """Hands over what stops PostgreSQL's container; starts it again afterwards, at the address that running tasks know."""
    instance = Instance.from_environment(demo.environment)
    found = engine.find(instance)
    if found is None:
        pytest.fail("the demo's container engine does not answer")
    container = found.client.containers.get(instance.postgresql)
    address = container.attrs["NetworkSettings"]["Networks"][instance.network]["IPAddress"]
    try:
        yield lambda: container.stop(timeout=20)
    finally:
        container.start()
        network = found.client.networks.get(instance.network)
        network.disconnect(container)
        network.connect(container, ipv4_address=address)
        until = time.monotonic() + 60
        while container.exec_run(["pg_isready", "-h", "127.0.0.1"]).exit_code:
            assert time.monotonic() < until, "PostgreSQL did not come back"
            time.sleep(0.5)


def messages(lines: list[str]) -> str:
    """What the play failed with, in one line."""
    end = "\n".join(lines).rsplit("fatal:", 1)[1].split("PLAY RECAP")[0]
    return " ".join(end.split())


def test_a_database_that_is_not_there_is_told_in_one_line_with_what_to_do(demo: Demo) -> None:
    with stopped_database(demo) as stop:
        stop()
        code, lines = watched(demo, lambda line: None, cmd="groups list")
    assert code != 0
    assert "groups list: task-runner exited with 1" in messages(lines), lines[-20:]
    assert NOT_REACHED in messages(lines)


def test_a_database_that_vanishes_under_a_running_task_is_told_in_one_line_as_well(demo: Demo) -> None:
    """The program holds a connection when the server stops, as a migration does."""
    program = """
import os, time
import psycopg2
connection = psycopg2.connect(os.environ["REDASH_DATABASE_URL"])
print("connected", flush=True)
for _ in range(100):
    connection.cursor().execute("SELECT 1")
    time.sleep(0.3)
"""
    with stopped_database(demo) as stop:
        code, lines = watched(demo, lambda line: stop() if line.endswith("] connected") else None, command=["python", "-c", program])
    assert code != 0
    assert "task-runner exited with 1" in messages(lines), lines[-20:]
    assert NOT_REACHED in messages(lines)
    # And when it is back, everything goes on.
    done = demo.playbook("manage.yml", "-e", "cmd=groups list")
    assert done.returncode == 0, done.stdout


def test_ctrl_c_stops_the_task_and_says_so(demo: Demo) -> None:
    lines: list[str] = []
    program = "import time; print('begun', flush=True); time.sleep(300)"
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "inventories/local", "manage.yml"]
    running = subprocess.Popen(
        [*command, "-e", json.dumps({"command": ["python", "-c", program]})],
        cwd=ROOT,
        env=demo.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    timer = threading.Timer(120, os.killpg, (running.pid, signal.SIGKILL))
    timer.start()
    try:
        for line in running.stdout or ():
            lines.append(line.rstrip("\n"))
            if line.endswith("] begun\n"):
                # A terminal sends it to every process in its foreground.
                os.killpg(running.pid, signal.SIGINT)
        assert running.wait() != 0
    finally:
        timer.cancel()
    text = "\n".join(lines)
    (task,) = re.findall(r"started task ([0-9a-f-]+)", text)
    assert f"task {task} was stopped" in text
    (seen,) = demo.aws("ecs").describe_tasks(cluster="redash-demo", tasks=[task])["tasks"]
    assert seen["desiredStatus"] == "STOPPED"
    assert seen["stopCode"] == "UserInitiated"


def test_groups_and_users_of_the_inventory_become_real_once(demo: Demo, tmp_path: Path) -> None:
    wanted = {
        "redash_groups": [{"name": "Data Science", "permissions": ["view_query", "execute_query"]}, {"name": "Sales"}],
        "redash_users": [{"email": "bob@example.com", "name": "Bob", "groups": ["Data Science"], "google": True}],
    }
    inventory = tmp_path / "access.json"
    inventory.write_text(json.dumps(wanted))

    def access(*options: str) -> tuple[str, int]:
        done = demo.playbook("access.yml", "-e", f"@{inventory}", *options)
        assert done.returncode == 0, done.stdout
        return done.stdout, changed(done.stdout)["redash-demo"]

    foretold, _ = access("--check")
    assert "create group Data Science with view_query,execute_query" in foretold
    assert "would run: groups create Sales" in foretold
    made, changes = access()
    assert changes > 0
    again, changes = access()
    assert changes == 0, again
    # Of what is there already, a company's whole directory, nothing is shown.
    assert "Email:" not in made + again
    wanted["redash_groups"][0]["permissions"] = ["view_query"]
    inventory.write_text(json.dumps(wanted))
    differing, changes = access()
    assert changes > 0
    assert "groups create" not in differing

    done = demo.playbook("manage.yml", "-e", json.dumps({"cmds": ["groups list", "nonsense", "users list"], "keep_going": True}))
    assert done.returncode != 0, "one of the three failed"
    assert "1 of 3 commands failed: nonsense: exited with 2" in " ".join(done.stdout.split())
    assert len(re.findall(r"\] Name: (?:Data Science|Sales)$", done.stdout, re.MULTILINE)) == 2, "made once each"
    assert re.search(r"\] Name: Data Science\n.*\n.*\n.*\] Permissions: \[view_query\]\n.*\] Users: Bob$", done.stdout, re.MULTILINE)
    assert "] Email: bob@example.com" in done.stdout


def test_the_same_work_is_followed_and_other_work_under_its_lock_refused(demo: Demo) -> None:
    def given(program: str) -> dict[str, Any]:
        return {"command": ["sh", "-c", program], "task_runner_lock": "once"}

    work = given("echo begun; sleep 40; echo done")
    others: dict[str, tuple[int, list[str]]] = {}
    threads = [
        threading.Thread(target=lambda: others.update(same=watched(demo, lambda line: None, **work))),
        threading.Thread(target=lambda: others.update(other=watched(demo, lambda line: None, **given("echo other")))),
    ]

    def at_line(line: str) -> None:
        if line.endswith("] begun"):
            for thread in threads:
                thread.start()

    code, lines = watched(demo, at_line, **work)
    for thread in threads:
        thread.join()
    (task,) = re.findall(r"started task ([0-9a-f-]+)", "\n".join(lines))
    assert code == 0
    code, same = others["same"]
    assert code == 0
    assert any(f"attached to task {task}, which runs this already" in line for line in same), same
    assert [line for line in same if line.endswith(("] begun", "] done"))] == ["[redash-demo] begun", "[redash-demo] done"]
    code, other = others["other"]
    assert code != 0
    assert f"lock: task {task} holds the lock once" in messages(other)


def test_what_redash_prints_of_data_sources_and_settings_reaches_no_log(demo: Demo) -> None:
    """Redash prints options and settings in plain text; the log group would keep them for months."""
    options = '{"host": "db.example.com", "user": "reader", "dbname": "x", "password": "$REDASH_COOKIE_SECRET"}'
    said = ""
    for words in (
        ["ds", "new", "hidden", "--type", "pg", "--options", options],
        ["ds", "list"],
        ["check_settings"],
        ["ds", "delete", "hidden"],
    ):
        done = demo.playbook("manage.yml", "-e", json.dumps({"cmd": words}))
        assert done.returncode == 0, done.stdout[-3000:]
        said += done.stdout
    assert '"host": "db.example.com"' in said and '"password": "********"' in said
    held = container_logs(demo.aws)
    assert '"password": "********"' in str(held), "the log was not read"
    # The demo's Redis has no password, so its address is no secret.
    secrets = {name: secret for name, secret in demo.secrets().items() if "://" not in secret or urlsplit(secret).password}
    assert len(secrets) >= 4
    for name, secret in secrets.items():
        assert secret not in said, name
        assert not [where for where, text in held.items() if secret in text], name
