# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the binary, Terraform's or OpenTofu's: its environment, its output as it comes, its end.

Should this process be killed outright, Terraform must neither go on for long without anybody watching nor fall
in the middle of an apply, with resources made that are not in its state. So the kernel interrupts it (Linux;
other systems have no such thing, there it finishes alone): it ends what it has begun, saves its state and lets go
of its lock. And it writes to a file that is followed, not into a pipe, which would break at that moment.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import is_local_endpoint
from ansible_collections.redash.ecs.plugins.module_utils.context import Clock
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.terraform_events import Events
from ansible_collections.redash.ecs.plugins.module_utils.terraform.binary import Binary

# Seconds between two looks at Terraform's output.
INTERVAL = 0.2

# Loaded before any fork: a child must not load anything. prctl(2) exists on Linux alone.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1

# Variables of the person's shell that would change what is planned behind the playbook's back.
DISTURBING = re.compile(r"TF_(VAR_.*|CLI_ARGS.*|WORKSPACE|DATA_DIR|INPUT|IN_AUTOMATION)$")


# What makes Terraform or its providers log what they send: the AWS provider writes the database's password (MasterUserPassword) at TRACE.
# https://developer.hashicorp.com/terraform/internals/debugging
LOGGING = re.compile(r"TF_LOG(_.*)?$")


def logging_names(environ: Mapping[str, str]) -> list[str]:
    """The variables of ``environ`` that ask Terraform for a log of its own."""
    asks = {name for name, value in environ.items() if LOGGING.match(name) and str(value).upper() not in ("", "OFF")}
    return sorted(asks)


def environment(environ: Mapping[str, str], connection: Mapping[str, Any], extra: Mapping[str, str]) -> dict[str, str]:
    """Terraform's environment: the shell's, without what disturbs, with the AWS connection and ``extra``.

    ``connection`` holds the connection options of amazon.aws. An endpoint on this machine is an emulator:
    everything AWS in the shell, credentials first, is shut out. Whatever asks for Terraform's own log is left out (LOGGING).
    """
    result = {name: value for name, value in environ.items() if not DISTURBING.match(name)}
    if is_local_endpoint(connection.get("endpoint_url")):
        result = {name: value for name, value in result.items() if not name.startswith("AWS_")}
        result.update(
            AWS_CONFIG_FILE=os.devnull,
            AWS_SHARED_CREDENTIALS_FILE=os.devnull,
            AWS_EC2_METADATA_DISABLED="true",
            # What an emulator does not know it answers with 500, which the provider would retry for minutes.
            AWS_MAX_ATTEMPTS="2",
        )
    elif connection.get("access_key"):
        result.pop("AWS_PROFILE", None)
        result.pop("AWS_SESSION_TOKEN", None)
    names = {
        "AWS_ENDPOINT_URL": connection.get("endpoint_url"),
        "AWS_REGION": connection.get("region"),
        "AWS_DEFAULT_REGION": connection.get("region"),
        "AWS_PROFILE": None if is_local_endpoint(connection.get("endpoint_url")) else connection.get("profile"),
        "AWS_ACCESS_KEY_ID": connection.get("access_key"),
        "AWS_SECRET_ACCESS_KEY": connection.get("secret_key"),
        "AWS_SESSION_TOKEN": connection.get("session_token"),
        "AWS_CA_BUNDLE": connection.get("aws_ca_bundle"),
    }
    result.update({name: str(value) for name, value in names.items() if value})
    result.update(TF_IN_AUTOMATION="1", TF_INPUT="0", CHECKPOINT_DISABLE="1")
    result.update(extra)
    return {name: value for name, value in result.items() if not LOGGING.match(name)}


@dataclass
class Terraform:
    """The binary, in one folder with one environment.

    ``began``    called with each long command and the process that runs it
    ``crashed``  called when such a process was killed, or fell
    ``output``   the file that holds what it said last; for a person who wants all of it
    """

    binary: Binary
    folder: Path
    environ: Mapping[str, str]
    clock: Clock
    report: Callable[[str], None]
    began: Callable[[str, int], None] = lambda command, pid: None
    crashed: Callable[[], None] = lambda: None

    @property
    def output(self) -> Path:
        return self.folder / "terraform.log"

    def run(self, *arguments: str, expected: tuple[int, ...] = (0,)) -> int:
        """Run a command that speaks JSON (init, plan, apply), showing its progress. Its exit code.

        Raises RedashError with a problem for each of Terraform's errors when the code isn't an expected one.
        """
        events = Events(self.report)
        code = self._follow(list(arguments), events.read)
        if code in expected:
            return code
        if code != 1:  # its own way of saying that something went wrong
            self.crashed()
        problems = events.problems or [_crashed(f"{self.binary.kind.name} {arguments[0]}", code, events.other, self.output)]
        raise RedashError(problems, result={"lock": events.lock} if events.lock else None)

    def text(self, *arguments: str) -> str:
        """The standard output of a quiet command (show, output, workspace)."""
        answer = subprocess.run(
            [self.binary.path, *arguments],
            cwd=self.folder,
            env=dict(self.environ),
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
        )
        if answer.returncode != 0:
            raise RedashError(Problem(f"{self.binary.kind.name} {arguments[0]} failed: {' '.join(answer.stderr.split())}"))
        return answer.stdout

    def json(self, *arguments: str) -> Any:
        """The parsed JSON that a quiet command prints."""
        return json.loads(self.text(*arguments))

    def _follow(self, arguments: list[str], read: Callable[[str], None]) -> int:
        descriptor = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            # A session of its own: Ctrl-C in a terminal goes to every process of the foreground group, and a
            # second SIGINT makes Terraform give up without saving. It gets exactly one, from here.
            process = subprocess.Popen(
                [self.binary.path, *arguments],
                cwd=self.folder,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Unsafe only beside other threads that hold a lock; it takes none, and loads nothing.
                preexec_fn=_interrupted_with(os.getpid()),  # noqa: PLW1509
            )
        finally:
            os.close(descriptor)
        with self.output.open(encoding="utf-8", errors="replace") as file:
            lines = _Lines(file)
            try:
                self.began(arguments[0], process.pid)
                self._until_ended(process, lines, read, self.clock.sleep)
            except BaseException:
                if process.poll() is None:
                    self.report(f"interrupted: {self.binary.kind.title} finishes what it has begun and saves its state")
                    process.send_signal(signal.SIGINT)
                    # Not the clock's sleep: it may be what was interrupted, and would be again and again.
                    self._until_ended(process, lines, read, time.sleep)
                raise
        return process.returncode

    def _until_ended(
        self, process: subprocess.Popen[bytes], lines: _Lines, read: Callable[[str], None], sleep: Callable[[float], None]
    ) -> None:
        while True:
            ended = process.poll() is not None
            for line in lines.new():
                read(line)
            if ended:
                return
            sleep(INTERVAL)


class _Lines:
    """The whole lines that a growing file got since the last look."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._rest = ""

    def new(self) -> Iterator[str]:
        self._rest += self._file.read()
        *whole, self._rest = self._rest.split("\n")
        yield from whole


def _interrupted_with(parent: int) -> Callable[[], None] | None:
    """What a child does before it becomes Terraform: ask the kernel for SIGINT at its parent's death."""
    libc = LIBC
    if libc is None:
        return None

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:  # it died before it was asked
            os._exit(1)

    return ask


def _crashed(command: str, code: int, said: list[str], output: Path) -> Problem:
    words = " ".join(" ".join(said).split())
    return Problem(f"{command} ended with code {code}: {words[-300:] or 'no message'}", todo=f"See {output}.")
