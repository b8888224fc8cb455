# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way from a port here to a port in Podman's network namespace; a stub stands for podman, and stays in this namespace."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.instance import ROOT, Instance
from demo.local_aws import rootless


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


# In the namespace: an echo server in MiniStack's place, on the address of "in there", which a namespace would keep apart. It answers
# after its client has stopped sending, so that a half-closed connection is tried, too.
INSIDE = """
import signal, socket, sys, threading
from pathlib import Path
from demo.instance import Instance
from demo.local_aws import rootless
home, port = Path(sys.argv[1]), int(sys.argv[2])
rootless.inside(Instance(home, port))
def stop(number, frame):
    (home / "stopped").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
server = socket.create_server(("127.0.0.1", port))
def answer(connection):
    said = b""
    while data := connection.recv(65536):
        said += data
    connection.sendall(said[::-1])
    connection.close()
(home / "serves").touch()
while True:
    threading.Thread(target=answer, args=server.accept()[:1], daemon=True).start()
"""
# `podman unshare --rootless-netns PYTHON -m demo.local_aws.launcher HOME inside`: checked word for word.
PODMAN = """#!/bin/sh
test "$1 $2 $4 $5 $7" = "unshare --rootless-netns -m demo.local_aws.launcher inside" || exit 9
exec "$3" {inside} "$6" {port}
"""
SERVE = "import sys; from pathlib import Path; from demo.instance import Instance; from demo.local_aws import rootless\n"
SERVE += "sys.exit(rootless.serve(Instance(Path(sys.argv[1]), int(sys.argv[2]))))"


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Instance]]:
    instance = Instance(tmp_path, free_port())
    (tmp_path / "inside.py").write_text(INSIDE)
    (tmp_path / "podman").write_text(PODMAN.format(inside=tmp_path / "inside.py", port=free_port()))
    (tmp_path / "podman").chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(tmp_path), str(instance.port)], env=environ)
    wait_for(lambda: (tmp_path / "serves").exists() and answers(instance.port))
    yield process, instance
    process.kill()
    process.wait()


def wait_for(condition, seconds: float = 30) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def ask(port: int, said: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(65536):
            answer += data
        return answer


def answers(port: int) -> bool:
    try:
        return ask(port, b"ab") == b"ba"
    except OSError:
        return False


def test_what_comes_to_the_port_is_answered_from_inside_whole(serving: tuple[subprocess.Popen[bytes], Instance]) -> None:
    _process, instance = serving
    long = os.urandom(3_000_000)
    assert ask(instance.port, long) == long[::-1]


def test_many_at_once_do_not_wait_for_each_other(serving: tuple[subprocess.Popen[bytes], Instance]) -> None:
    _process, instance = serving
    with socket.create_connection(("127.0.0.1", instance.port)):
        assert ask(instance.port, b"xyz") == b"zyx"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_runs_inside_is_told_to_stop_however_the_one_outside_ends(
    serving: tuple[subprocess.Popen[bytes], Instance], number: signal.Signals
) -> None:
    process, instance = serving
    process.send_signal(number)
    wait_for((instance.home / "stopped").exists)
    code = process.wait(20)
    assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    if number == signal.SIGTERM:
        assert not rootless.relay_socket(instance).exists()


def test_a_connection_that_is_kept_open_does_not_keep_it_from_stopping(serving: tuple[subprocess.Popen[bytes], Instance]) -> None:
    """It did on Python 3.12 and newer."""
    process, instance = serving
    with socket.create_connection(("127.0.0.1", instance.port)) as kept:
        kept.sendall(b"x")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_podman_that_refuses_ends_it_with_its_code(tmp_path: Path) -> None:
    (tmp_path / "podman").write_text("#!/bin/sh\nexit 125\n")
    (tmp_path / "podman").chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", SERVE, str(tmp_path), str(free_port())], env=environ, timeout=30, check=False)
    assert done.returncode == 125
