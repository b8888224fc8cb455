# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processes and ports: what is ours, what is somebody else's, what is stale."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import services
from demo.instance import DemoError, Instance


@pytest.fixture
def listener() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_in_use_is_refused_with_who_uses_it_and_another_port(listener: int, tmp_path: Path) -> None:
    with pytest.raises(DemoError) as caught:
        services.check_port(Instance(tmp_path, listener))
    text = str(caught.value)
    assert f"port {listener} is in use by" in text and f"(process {os.getpid()})" in text
    assert f"REDASH_DEMO_PORT={listener + 1} make demo" in text
    assert "\n" not in text


def test_a_free_port_is_fine(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    services.check_port(Instance(tmp_path, port))


def test_a_pid_that_is_another_program_by_now_is_not_ours(tmp_path: Path) -> None:
    instance = Instance(tmp_path, 4566)
    instance.pid_file.write_text(str(os.getpid()))
    assert services.aws_pid(instance) is None
    assert services.stop_aws(instance) is False
    assert not instance.pid_file.exists()


@pytest.mark.parametrize("content", ["", "x", "999999999"])
def test_a_broken_pid_file_is_none(tmp_path: Path, content: str) -> None:
    instance = Instance(tmp_path, 4566)
    instance.pid_file.write_text(content)
    assert services.aws_pid(instance) is None


def _launcher(home: str) -> subprocess.Popen[str]:
    """A process that looks like a demo's local AWS, once it is up: before that it still looks like this one."""
    program = "import time; print('up', flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", program, "demo.local_aws.launcher", home], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "up\n"
    return child


def test_our_own_process_is_known_and_ended(tmp_path: Path) -> None:
    instance = Instance(tmp_path, 4566)
    child = _launcher(str(tmp_path))
    instance.pid_file.write_text(str(child.pid))
    assert services.aws_pid(instance) == child.pid
    assert services.stop_aws(instance) is True
    assert services.aws_pid(instance) is None
    # It is gone from the process list an instant before it can be waited for.
    assert child.wait(timeout=50) != 60


def test_the_process_of_another_home_is_not_ours(tmp_path: Path) -> None:
    child = _launcher("/another/home")
    try:
        instance = Instance(tmp_path, 4566)
        instance.pid_file.write_text(str(child.pid))
        assert services.aws_pid(instance) is None
    finally:
        child.kill()
        child.wait()
