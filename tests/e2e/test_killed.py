"""Killed in the middle, `make demo` goes on: at each stretch of the road, when all power goes and when only the session is lost.

Runs last of all, since it begins with nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tests.e2e.conftest import FIRST, ROOT, Demo, changed

# Seconds until a stretch must have been reached.
REACHED = 600

# What `make demo` says when it is in the midst of a stretch. Not a time: machines differ, stretches do not.
STRETCHES = (
    ("power", r"\[redash-demo\] created aws_vpc\.", "Terraform's first resources"),
    ("power", r"\[redash-demo\] creat(ed|ing) aws_(rds_cluster|lb)\.", "Terraform's slow resources"),
    ("session", r"\[redash-demo\] created aws_", "Terraform, which goes on alone"),
    ("power", r"\[redash-demo\] \[1/2\] database create_tables", "the database's tables"),
    ("power", r"\[redash-demo\] created service", "the first deployment"),
)


def of(demo: Demo) -> Iterator[int]:
    """Every process that was started for this demo, whatever session it has made its own since.

    Not the container engine: it would take its containers' records with it, which no power cut does.
    """
    mark = f"REDASH_DEMO_HOME={demo.home}\0".encode()
    ours = {os.getpid(), os.getppid()}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(process.name) in ours or mark not in (process / "environ").read_bytes() + b"\0":
                continue
            if (process / "comm").read_text().strip() not in ("podman", "conmon", "runc"):
                yield int(process.name)


def kill_everything(demo: Demo) -> None:
    # Once more, for what was just being forked.
    for _attempt in range(3):
        for process in of(demo):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def until(pattern: str, output: Path, running: subprocess.Popen[bytes]) -> None:
    """Wait for a line in the output. Fails when the command ended, or nothing came."""
    end = time.monotonic() + REACHED
    while not re.search(pattern, output.read_text(errors="replace")):
        assert running.poll() is None, f"it ended (code {running.returncode}) before {pattern}:\n{tail(output.read_text(errors='replace'))}"
        assert time.monotonic() < end, f"no {pattern} within {REACHED} s:\n{tail(output.read_text(errors='replace'))}"
        time.sleep(0.05)


def tail(said: str, lines: int = 60) -> str:
    return "\n".join(said.splitlines()[-lines:])


def start(demo: Demo, output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["make", "demo"], cwd=ROOT, env=demo.environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )


def test_killed_in_each_stretch_it_goes_on(demo: Demo, tmp_path: Path) -> None:
    demo.make("demo-clean")
    for number, (lost, pattern, stretch) in enumerate(STRETCHES):
        output = tmp_path / f"{number}.log"
        with output.open("wb") as file:
            running = start(demo, file)
        until(pattern, output, running)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        if lost == "power":
            kill_everything(demo)
        print(f"killed ({lost}) in {stretch}")
    done = demo.run("make", "demo", timeout=FIRST)
    assert done.returncode == 0, tail(done.stdout)
    assert re.search(r"Name: admin\b", done.stdout)
    assert demo.get("/ping") == (200, "PONG.")
    # Again, undisturbed. manage.yml runs a command, which is a change by its nature; site.yml is what must find nothing to do.
    again = demo.make("demo").split("manage.yml -e", 1)[0]
    assert changed(again) == {"redash-demo": 0}, tail(again)
