# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run at a time in a working folder, and what became of the one before.

Terraform's own lock guards the state. This one guards the folder, which every run rewrites, and can say what
Terraform's lock can't: which process holds it, and whether that process still lives. It holds while the run
lives (flock: the kernel lets go when a process dies, however it dies) or the Terraform that it started, which
is left alone for a while when Ansible is killed.

What it says of a run that was killed stays until a run has looked for what that one made without noting it
(core.terraform_remains): a run that fails before, for a missing variable or an expired sign-in, passes it on.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from ansible_collections.redash.ecs.plugins.module_utils.context import Clock
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.process import started

FILE = "running.json"
# Seconds between two looks at a folder that somebody else uses.
INTERVAL = 1.0


@dataclass(frozen=True)
class Record:
    """What a run writes down: ``pid`` of the Terraform that it started last, ``command`` that it runs, and since when.

    ``started`` tells the process apart from a later one with the same number.
    """

    host: str
    run: int  # pid of the run itself
    since: str
    command: str = ""
    pid: int = 0
    started: str = ""

    def terraform_lives(self) -> bool:
        return bool(self.started) and self.host == socket.gethostname() and started(self.pid) == self.started

    def __str__(self) -> str:
        what = f"terraform {self.command}, pid {self.pid}" if self.pid else f"pid {self.run}"
        return f"{what}, on {self.host}, since {self.since}"


class Run:
    """This run's hold on the folder.

    ``cut_off``  the latest work that was killed, and whose remains no run has looked for; None when there is none
    """

    def __init__(self, file: IO[str], clock: Clock) -> None:
        self._file = file
        self._now = Record(
            host=socket.gethostname(),
            run=os.getpid(),
            since=datetime.datetime.fromtimestamp(clock.now(), datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        )
        self.cut_off = _read(file)
        self._write(self._now)

    def began(self, command: str, pid: int) -> None:
        """Write down the Terraform that has just been started."""
        self._now = replace(self._now, command=command, pid=pid, started=started(pid))
        self._write(self._now)

    def crashed(self) -> None:
        """Its Terraform did not end by itself. What an apply was just making is in no state."""
        if self._now.command == "apply":
            self.remember()

    def remember(self) -> None:
        """Something was cut off, by whomever: the next run looks for its remains, unless this one does."""
        self.cut_off = self._now

    def forget(self) -> None:
        """Nothing of what was cut off is missing in the state any more."""
        self.cut_off = None

    def ended(self) -> None:
        """Nothing is left running. The next run is told what this one was told, unless that is done with."""
        if self.cut_off:
            self._write(self.cut_off)
        else:
            self._file.truncate(0)

    def _write(self, record: Record) -> None:
        # The new one over the old one, then what is too much goes: at no instant is there none.
        self._file.seek(0)
        self._file.write(json.dumps(vars(record)) + "\n")
        self._file.flush()
        self._file.truncate()


@contextlib.contextmanager
def alone(work_dir: Path, timeout: int, clock: Clock, report: Callable[[str], None]) -> Iterator[Run]:
    """Hold the folder for the block, once whoever works there has ended; waits ``timeout`` seconds for that.

    Raises RedashError that names the other run when it goes on for longer.
    """
    descriptor = os.open(work_dir / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        _wait(file, work_dir, timeout, clock, report)
        run = Run(file, clock)
        if run.cut_off:
            report(f"a run before this one was killed ({run.cut_off}); nothing of it lives any more: going on from the state that it left")
        try:
            yield run
        finally:
            run.ended()


def _wait(file: IO[str], work_dir: Path, timeout: int, clock: Clock, report: Callable[[str], None]) -> None:
    until = clock.monotonic() + timeout
    said = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except BlockingIOError:
            free = False
        except OSError as error:
            # Some network file systems have none. Terraform's own lock still guards the state.
            report(f"{work_dir} is on a file system without locks ({error.strerror}): see that no other run works there")
            return
        holder = _read(file)
        if free and not (holder and holder.terraform_lives()):
            if said:
                report("it has ended: going on")
            return
        if free:
            # Not ours yet: another run that waits must be able to see it, too.
            fcntl.flock(file, fcntl.LOCK_UN)
        who = str(holder) if holder else "it has not said which"
        if clock.monotonic() >= until:
            stop = f"stop it with `kill -INT {holder.pid}` (it saves its state first)" if holder and holder.pid else "stop it"
            raise RedashError(
                Problem(
                    f"another run works in {work_dir} ({who}), also after {timeout} s of waiting",
                    todo=f"Let it end, or {stop}, and rerun.",
                )
            )
        if not said:
            said = True
            orphan = "its Ansible is gone, it ends what it has begun" if free else "alive"
            report(f"another run works in {work_dir} ({who}; {orphan}): waiting for its end, up to {timeout} s")
        clock.sleep(INTERVAL)


def _read(file: IO[str]) -> Record | None:
    """What the folder's last run wrote; None when it ended by itself (or is just writing)."""
    file.seek(0)
    try:
        # The first line: behind it may stand the end of a longer one, if its writer was killed.
        content: Any = json.loads(file.readline())
        return Record(**content)
    except (ValueError, TypeError):
        return None
