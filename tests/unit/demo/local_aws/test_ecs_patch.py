# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the ECS patch mends, on MiniStack itself, with containers that are played."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

ecs = pytest.importorskip("ministack.services.ecs")

from ministack.core.responses import request_scope  # noqa: E402
from ministack.services import ssm  # noqa: E402

from demo.local_aws.patches import ecs as patch  # noqa: E402

PATCHED = (
    "_begin_deployments",
    "_build_run_kwargs",
    "_fail_task_start",
    "_forward_awslogs",
    "_make_deployment",
    "_mark_task_stopped",
    "_maybe_mark_stopped",
    "_resolve_container_secrets",
    "_start_awslogs_forwarder",
    "_stop_task",
    "_task_is_active",
    "_ts_to_epoch",
    "_get_docker",
)


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """MiniStack's ECS module, its functions put back afterwards."""
    for name in PATCHED:
        if hasattr(ecs, name):
            monkeypatch.setattr(ecs, name, getattr(ecs, name))
    monkeypatch.setattr(ssm, "resolve_parameter_value", ssm.resolve_parameter_value)
    monkeypatch.setitem(ecs._ACTION_MAP, "StopTask", ecs._stop_task)
    with request_scope("000000000000", "ap-northeast-1"):
        yield ecs
        ecs._tasks.clear()


class Container:
    """A container that is played: it ends with ``exit_code`` some time after it is told to stop."""

    def __init__(self, identifier: str, exit_code: int, chunks: tuple[bytes, ...] = (), status: str = "running") -> None:
        self.id, self.exit_code, self.chunks, self.status = identifier, exit_code, chunks, status
        self.stop_timeouts: list[int] = []

    def logs(self, **_: Any) -> Iterator[bytes]:
        yield from self.chunks

    def stop(self, timeout: int) -> None:
        # Removing a container stops it once more, which is nothing to one that has ended.
        if self.status == "running":
            self.stop_timeouts.append(timeout)
            self.status = "exited"

    def wait(self, timeout: int = 0) -> dict[str, int]:
        return {"StatusCode": self.exit_code}

    def remove(self, **_: Any) -> None:
        self.status = "removed"


class Engine:
    def __init__(self, *containers: Container) -> None:
        self.known = {container.id: container for container in containers}
        self.containers = self

    def get(self, identifier: str) -> Container:
        return self.known[identifier]


def test_a_secure_string_reaches_the_container_as_plain_text(mended: Any) -> None:
    encrypted = "ENCRYPTED:" + base64.b64encode(b"secret").decode()
    ssm._parameters["/t/secret"] = {
        "Name": "/t/secret",
        "Type": "SecureString",
        "Value": encrypted,
        "OriginalValue": "secret",
        "Version": 1,
    }
    definition = {"secrets": [{"name": "PASSWORD", "valueFrom": "/t/secret"}]}
    try:
        assert mended._resolve_container_secrets(definition) == {"PASSWORD": encrypted}
        patch._decrypt_secrets()
        assert mended._resolve_container_secrets(definition) == {"PASSWORD": "secret"}
    finally:
        del ssm._parameters["/t/secret"]


def test_lines_and_characters_that_arrive_in_pieces_are_whole_events(mended: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    done = threading.Event()
    monkeypatch.setattr(ecs, "_ensure_awslogs_stream", lambda config: True)
    monkeypatch.setattr(ecs, "_emit_awslogs_event", lambda config, message: (events.append(message), message == "no end" and done.set()))
    patch._forward_whole_lines()
    umlaut = "ü".encode()
    container = Container("c1", 0, (b"on", b"e\ntwo \r\nthr", umlaut[:1], umlaut[1:] + b"\n\n", b"no end"))
    definition = {
        "name": "server",
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-stream-prefix": "s"}},
    }
    mended._start_awslogs_forwarder(container, definition, "0123456789")
    assert done.wait(60)
    patch._wait_for_the_log("c1")
    assert events == ["one", "two ", "thrü", "", "no end"]


def test_what_the_engine_cuts_off_when_a_container_ends_is_read_afterwards(mended: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cut(Container):
        def logs(self, *, follow: bool, **_: Any) -> Iterator[bytes]:
            yield from (b"one\ntw",) if follow else (b"one\n", b"two\nthree\n")

    events: list[str] = []
    monkeypatch.setattr(ecs, "_ensure_awslogs_stream", lambda config: True)
    monkeypatch.setattr(ecs, "_emit_awslogs_event", lambda config, message: events.append(message))
    patch._forward_whole_lines()
    options = {"awslogs-group": "g", "awslogs-stream-prefix": "s"}
    mended._start_awslogs_forwarder(Cut("c2", 0), {"name": "x", "logConfiguration": {"logDriver": "awslogs", "options": options}}, "0123")
    patch._wait_for_the_log("c2")
    assert events == ["one", "two", "three"]


def _task(*identifiers: str) -> dict[str, Any]:
    arn = "arn:aws:ecs:ap-northeast-1:000000000000:task/t/0123456789abcdef"
    task = {
        "taskArn": arn,
        "clusterArn": "arn:aws:ecs:ap-northeast-1:000000000000:cluster/t",
        "taskDefinitionArn": "",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "containers": [{"name": name, "lastStatus": "RUNNING"} for name in identifiers],
        "_docker_ids": list(identifiers),
        "_container_essentials": [True] * len(identifiers),
    }
    ecs._tasks[arn] = task
    return task


def _until_stopped(task: dict[str, Any]) -> None:
    until = time.monotonic() + 60
    while task["lastStatus"] != "STOPPED" and time.monotonic() < until:
        time.sleep(0.01)
    assert task["lastStatus"] == "STOPPED"


def test_stop_task_ends_with_the_containers_real_exit_codes(mended: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = Container("one", 143), Container("two", 0)
    monkeypatch.setattr(ecs, "_get_docker", lambda: Engine(one, two))
    patch._end_tasks_gently()
    task = _task("one", "two")
    ecs._ACTION_MAP["StopTask"]({"task": task["taskArn"], "cluster": "t", "reason": "enough"})
    assert task["desiredStatus"] == "STOPPED"
    _until_stopped(task)
    assert [container["exitCode"] for container in task["containers"]] == [143, 0]
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert one.stop_timeouts == [patch.STOP_TIMEOUT]


def test_the_container_whose_network_the_others_share_is_stopped_last(mended: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    class Told(Container):
        def stop(self, timeout: int) -> None:
            if self.status == "running":
                time.sleep(0.05 if self.id != "server" else 0)
                order.append(self.id)
            super().stop(timeout)

    monkeypatch.setattr(ecs, "_get_docker", lambda: Engine(*(Told(name, 0) for name in ("server", "scheduler", "worker"))))
    patch._end_tasks_gently()
    task = _task("server", "scheduler", "worker")
    ecs._ACTION_MAP["StopTask"]({"task": task["taskArn"], "cluster": "t", "reason": "enough"})
    _until_stopped(task)
    assert (set(order), order[-1]) == ({"server", "scheduler", "worker"}, "server")


def test_an_essential_container_that_ends_takes_the_others_with_it(mended: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, other = Container("ended", 3, status="exited"), Container("other", 137)
    monkeypatch.setattr(ecs, "_get_docker", lambda: Engine(ended, other))
    patch._end_tasks_gently()
    task = _task("ended", "other")
    ecs._mark_task_stopped(task["taskArn"], task, "Essential container exited", "EssentialContainerExited", 3)
    _until_stopped(task)
    assert [container["exitCode"] for container in task["containers"]] == [3, 137]
    assert task["stopCode"] == "EssentialContainerExited"
    assert other.stop_timeouts and not ended.stop_timeouts


@pytest.mark.parametrize("status", ["exited", "stopped"])
def test_a_first_container_that_ends_before_the_next_is_started_is_the_reason(
    mended: Any, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    ended = Container("ended", 1, status=status)
    engine = Engine(ended)
    monkeypatch.setattr(ecs, "_get_docker", lambda: engine)
    patch._end_tasks_gently()
    patch._end_while_starting()
    task = _task("ended", "never started")
    task["_docker_ids"] = ["ended"]
    ecs._fail_task_start(task, engine, "ResourceInitializationError: cannot get namespace path")
    _until_stopped(task)
    assert [container.get("exitCode") for container in task["containers"]] == [1, None]
    assert (task["stopCode"], task["stoppedReason"]) == ("EssentialContainerExited", "Essential container in task exited")

    # Where none has ended, it is what the engine says.
    running = Engine(Container("runs", 0))
    task = _task("runs", "never started")
    task["_docker_ids"] = ["runs"]
    ecs._fail_task_start(task, running, "ResourceInitializationError: no space left on device")
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", "ResourceInitializationError: no space left on device")


def test_the_exit_code_shows_only_when_the_whole_log_has_been_forwarded(mended: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst takes longer than its container lives; its end was cut off with the container."""
    events: list[str] = []
    going_on = threading.Event()

    class Slow(Container):
        def logs(self, **_: Any) -> Iterator[bytes]:
            yield b"first\n"
            assert going_on.wait(60)
            yield b"last\n"

    one = Slow("one", 0, status="exited")
    monkeypatch.setattr(ecs, "_get_docker", lambda: Engine(one))
    monkeypatch.setattr(ecs, "_ensure_awslogs_stream", lambda config: True)
    monkeypatch.setattr(ecs, "_emit_awslogs_event", lambda config, message: events.append(message))
    patch._end_tasks_gently()
    patch._forward_whole_lines()
    patch._end_after_the_log()
    task = _task("one")
    options = {"awslogs-group": "g", "awslogs-stream-prefix": "s"}
    ecs._start_awslogs_forwarder(one, {"name": "one", "logConfiguration": {"logDriver": "awslogs", "options": options}}, "0123456789")
    ecs._maybe_mark_stopped(task)
    assert "exitCode" not in task["containers"][0]
    assert one.status == "exited", "the container is still there"
    going_on.set()
    until = time.monotonic() + 60
    while task["lastStatus"] != "STOPPED" and time.monotonic() < until:
        ecs._maybe_mark_stopped(task)
        time.sleep(0.01)
    assert events == ["first", "last"]
    assert task["containers"][0]["exitCode"] == 0


def test_a_log_that_never_ends_does_not_keep_a_task_for_ever(mended: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(Container):
        def logs(self, **_: Any) -> Iterator[bytes]:
            done.wait(120)
            yield b""

    done = threading.Event()
    one = Endless("one", 0, status="exited")
    monkeypatch.setattr(ecs, "_get_docker", lambda: Engine(one))
    monkeypatch.setattr(ecs, "_ensure_awslogs_stream", lambda config: True)
    monkeypatch.setattr(patch, "LAST_LINES", 0.1)
    patch._end_tasks_gently()
    patch._forward_whole_lines()
    patch._end_after_the_log()
    task = _task("one")
    options = {"awslogs-group": "g", "awslogs-stream-prefix": "s"}
    ecs._start_awslogs_forwarder(one, {"name": "one", "logConfiguration": {"logDriver": "awslogs", "options": options}}, "0123456789")
    until = time.monotonic() + 60
    while task["lastStatus"] != "STOPPED" and time.monotonic() < until:
        ecs._maybe_mark_stopped(task)
        time.sleep(0.01)
    done.set()
    assert task["containers"][0]["exitCode"] == 0


def test_times_keep_their_milliseconds(mended: Any) -> None:
    assert ecs._ts_to_epoch("2026-11-23T00:00:00.250Z") % 1 == 0
    patch._tell_milliseconds()
    assert ecs._ts_to_epoch("2026-11-23T00:00:00.250Z") % 1 == 0.25
    assert ecs._ts_to_epoch("no time") == "no time"


def test_a_task_is_stopped_once(mended: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Container("one", 0)
    monkeypatch.setattr(ecs, "_get_docker", lambda: Engine(one))
    patch._end_tasks_gently()
    task = _task("one")
    for _ in range(3):
        ecs._stop_task({"task": task["taskArn"], "cluster": "t", "reason": "first"})
    _until_stopped(task)
    assert len(one.stop_timeouts) == 1
    assert task["stopCode"] == "ServiceSchedulerInitiated"


def test_a_new_services_deployment_is_not_complete_before_it_began(mended: Any) -> None:
    assert ecs._make_deployment("td:1", 1)["rolloutState"] == "COMPLETED"
    patch._begin_deployments()
    assert ecs._make_deployment("td:1", 1)["rolloutState"] == "IN_PROGRESS"
    assert ecs._make_deployment("td:1", 0)["rolloutState"] == "COMPLETED"
