# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs inside the health checks, run as ECS runs them, against a stand-in for the ``redis`` package.

What they read of rq and rq-scheduler was seen on the real ones (rq 1.1, 1.5, 1.16, 2.3; rq-scheduler 0.9, 0.10, 0.13, 0.14),
and Celery's on Celery 4.3 with Python 2.7.
"""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.health import health_check
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES, release

# As much of redis-py as the checks use. Its content comes from the test; without any, Redis is down.
REDIS = """
import json, os
class Client:
    def __init__(self):
        if "CONTENT" not in os.environ: raise OSError("connection refused")
        self.content = json.loads(os.environ["CONTENT"])
    def smembers(self, key): return self.content.get(key, [])
    def hmget(self, key, *names): return [self.content.get(key, {}).get(name) for name in names]
    def zcard(self, key): return len(self.content.get(key, []))
    def zcount(self, key, low, high): return len([s for s in self.content.get(key, []) if s <= high])
def from_url(url, decode_responses, socket_timeout, socket_connect_timeout):
    assert url == os.environ["EXPECTED_URL"] and decode_responses
    return Client()
"""
URL = "rediss://cache.example.com:6379/0"
HERE = socket.gethostname()


def run(tmp_path: Path, version: str, command: Any, content: dict[str, Any] | None, **environment: str) -> int:
    """The exit status of the health check's program."""
    (tmp_path / "redis.py").write_text(REDIS)
    check = health_check(release(version), command)
    assert check.test[:3] == ("CMD", "python", "-c")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "REDASH_REDIS_URL": URL, "EXPECTED_URL": URL, "WORKERS_COUNT": "2"}
    if content is not None:
        env["CONTENT"] = json.dumps(content)
    return subprocess.run([sys.executable, "-c", check.test[3]], env={**env, **environment}, capture_output=True, timeout=60).returncode


def registered(*workers: tuple[str, int]) -> dict[str, Any]:
    names = [f"rq:worker:{number}" for number, _worker in enumerate(workers)]
    entries = {name: {"hostname": host, "pid": str(pid)} for name, (host, pid) in zip(names, workers, strict=True)}
    return {"rq:workers": names, **entries}


@pytest.fixture
def processes() -> Any:
    """The ids of two processes that live, and of one that does not."""
    living = [subprocess.Popen(["sleep", "60"]) for _ in range(2)]
    gone = subprocess.Popen(["true"])
    gone.wait()
    yield [*(process.pid for process in living), gone.pid]
    for process in living:
        process.kill()
        process.wait()


def test_a_worker_is_healthy_while_all_of_its_own_processes_are_registered_and_live(tmp_path: Path, processes: list[int]) -> None:
    one, two, gone = processes
    assert run(tmp_path, "25.8.0", "worker", registered((HERE, one), (HERE, two))) == 0
    assert run(tmp_path, "25.8.0", "worker", registered((HERE, one), (HERE, gone))) == 1
    assert run(tmp_path, "25.8.0", "worker", registered((HERE, one))) == 1
    assert run(tmp_path, "25.8.0", "worker", registered((HERE, one)), WORKERS_COUNT="1") == 0


def test_the_workers_of_other_containers_do_not_count(tmp_path: Path, processes: list[int]) -> None:
    one, two, _gone = processes
    others = registered((HERE, one), ("ip-10-0-0-1.internal", two), ("ip-10-0-0-2.internal", one))
    assert run(tmp_path, "10.1.0", "worker", others) == 1


def test_a_registration_that_has_run_out_does_not_count(tmp_path: Path, processes: list[int]) -> None:
    one, two, _gone = processes
    content = registered((HERE, one), (HERE, two))
    del content["rq:worker:1"]  # the hash expires, its name stays in the set
    assert run(tmp_path, "25.8.0", "worker", content) == 1


@pytest.mark.parametrize("command", ["worker", "scheduler"])
def test_nothing_is_healthy_while_redis_is_down_or_empty(tmp_path: Path, command: str) -> None:
    assert run(tmp_path, "25.8.0", command, None) == 1
    assert run(tmp_path, "25.8.0", command, {}) == 1


def test_a_scheduler_is_healthy_while_no_job_is_overdue(tmp_path: Path) -> None:
    now = time.time()
    jobs = "rq:scheduler:scheduled_jobs"
    assert run(tmp_path, "25.8.0", "scheduler", {jobs: [now + 30, now - 20]}) == 0
    assert run(tmp_path, "25.8.0", "scheduler", {jobs: [now + 30, now - 300]}) == 1


def test_redis_is_looked_for_where_redash_looks_for_it(tmp_path: Path) -> None:
    content = {"rq:scheduler:scheduled_jobs": [time.time() + 30]}
    queue = "redis://queue.example.com/1"
    assert run(tmp_path, "25.8.0", "scheduler", content, RQ_REDIS_URL=queue, EXPECTED_URL=queue) == 0
    assert run(tmp_path, "25.8.0", "scheduler", content, REDASH_REDIS_URL="", REDIS_URL=queue, EXPECTED_URL=queue) == 0


def celery(tmp_path: Path, status: int) -> dict[str, str]:
    """A ``celery`` on PATH that answers with ``status`` and remembers how it was called."""
    program = tmp_path / "bin" / "celery"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/called\nexit {status}\n')
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


def test_celery_is_asked_for_this_very_worker(tmp_path: Path) -> None:
    assert run(tmp_path, "8.0.0", "worker", None, **celery(tmp_path, 0)) == 0
    assert (tmp_path / "called").read_text().split() == [
        *("inspect", "ping", "--app=redash.worker", "--timeout=10", "-d"),
        f"celery@{HERE}",
    ]
    assert run(tmp_path, "8.0.0", "worker", None, **celery(tmp_path, 69)) == 69


def test_celerys_scheduler_is_unhealthy_without_its_beat_although_celery_answers(tmp_path: Path) -> None:
    # More children than any process of this machine has: what it looks like when the beat is missing.
    answers = celery(tmp_path, 0)
    assert run(tmp_path, "8.0.0", "scheduler", None, **answers, WORKERS_COUNT="100000") == 1
    assert not (tmp_path / "called").exists()
    children = [subprocess.Popen(["sleep", "60"]) for _ in range(3)]
    try:
        assert run(tmp_path, "8.0.0", "scheduler", None, **answers, WORKERS_COUNT="2") == 0
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert (tmp_path / "called").exists()


@pytest.mark.parametrize("version", RELEASES)
def test_a_server_is_asked_with_what_its_image_has(version: str) -> None:
    test = health_check(release(version), "server").test
    assert test[1] == ("curl" if release(version).curl else "python")


@pytest.mark.parametrize(
    ("version", "command", "times"),
    [
        ("25.8.0", "server", (30, 10, 3, 180)),
        ("8.0.0", "server", (30, 10, 3, 180)),
        ("25.8.0", "worker", (30, 10, 5, 180)),
        ("25.8.0", "scheduler", (30, 10, 5, 180)),
        ("8.0.0", "worker", (60, 30, 3, 180)),
        ("8.0.0", "scheduler", (60, 30, 3, 180)),
    ],
)
def test_a_check_takes_as_long_and_is_tried_as_often_as_its_process_needs(version: str, command: Any, times: tuple[int, ...]) -> None:
    check = health_check(release(version), command)
    assert (check.interval, check.timeout, check.retries, check.start_period) == times
    assert all(isinstance(line, str) and line for line in check.why)


def test_a_server_with_curl_is_asked_for_an_answer_that_is_no_error() -> None:
    assert health_check(release("25.8.0"), "server").test == (
        *("CMD", "curl", "--fail", "--silent", "--output", "/dev/null", "--max-time", "5"),
        "http://localhost:5000/ping",
    )


def test_what_is_special_about_a_check_is_said_beside_it() -> None:
    def why(version: str, command: Any) -> str:
        return " ".join(health_check(release(version), command).why)

    assert "Redash's /ping does not ask the database" in why("25.8.0", "server")
    assert why("8.0.0", "server") == f"{why('25.8.0', 'server')} This image has no curl."
    assert "its beat is looked for" in why("8.0.0", "scheduler")
    assert why("8.0.0", "scheduler").startswith(why("8.0.0", "worker"))


def test_a_server_without_curl_is_healthy_while_ping_is_answered_with_200(tmp_path: Path) -> None:
    class Answer(http.server.BaseHTTPRequestHandler):
        status = 200

        def do_GET(self) -> None:
            self.send_response(self.status if self.path == "/ping" else 404)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    program = health_check(release("8.0.0"), "server").test[3].replace("localhost:5000", f"127.0.0.1:{server.server_port}")
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0
    Answer.status = 500
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 1
    server.shutdown()
    server.server_close()
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 1


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("command", ["server", "scheduler", "worker"])
def test_no_check_relies_on_redashs_own_that_lie_or_on_a_dollar_sign(version: str, command: Any) -> None:
    check = health_check(release(version), command)
    assert not any("healthcheck" in word or "$" in word for word in check.test)
    assert check.why
