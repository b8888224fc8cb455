# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The load balancer's health check, against a real HTTP server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from demo.local_aws import targets
from demo.local_aws.targets import Answer, matches, probe


class _Target(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ping" else 500)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Target)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_the_path_and_the_matcher_decide(port: int) -> None:
    assert probe("127.0.0.1", port, {"HealthCheckPath": "/ping"}) == Answer(True)
    answer = probe("127.0.0.1", port, {"HealthCheckPath": "/other", "Matcher": {"HttpCode": "200"}})
    assert answer == Answer(False, "Target.ResponseCodeMismatch", "Health checks failed with these codes: [500]")
    assert probe("127.0.0.1", port, {"HealthCheckPath": "/other", "Matcher": {"HttpCode": "200,500-502"}}).healthy


def test_nobody_there_is_unhealthy() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert probe("127.0.0.1", closed.getsockname()[1], {}).reason == "Target.FailedHealthChecks"


def test_silence_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "LONGEST_WAIT", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert probe("127.0.0.1", silent.getsockname()[1], {"HealthCheckTimeoutSeconds": 1}).reason == "Target.Timeout"


@pytest.mark.parametrize(
    ("code", "matcher", "expected"),
    [(200, "200", True), (302, "200,302", True), (302, "200-399", True), (404, "200-399", False), (201, "200", False)],
)
def test_matcher(code: int, matcher: str, expected: bool) -> None:
    assert matches(code, matcher) is expected
