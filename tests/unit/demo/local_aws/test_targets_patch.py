# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the local load balancer sends a request, while one of two targets only starts."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

pytest.importorskip("ministack")

from ministack.core.responses import request_scope
from ministack.services import alb

from demo.local_aws.patches import targets

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/test/1"


class _Redash(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"PONG.")

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Redash)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def starting() -> Iterator[int]:
    """A port that nobody listens on, and that nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def statuses(monkeypatch: pytest.MonkeyPatch, *ports: int) -> set[int]:
    monkeypatch.setattr(alb, "_forward_to_tg", alb._forward_to_tg)
    monkeypatch.setitem(alb._ACTION_MAP, "DescribeTargetHealth", alb._ACTION_MAP["DescribeTargetHealth"])
    targets.apply()

    async def ask() -> Any:
        return await alb._forward_to_tg(ARN, "GET", "/ping", {}, b"", {})

    with request_scope("123456789012", "eu-west-1"):
        alb._tgs[ARN] = {"TargetType": "ip", "Port": 5000, "HealthCheckPath": "/ping"}
        alb._targets[ARN] = [{"Id": "127.0.0.1", "Port": port} for port in ports]
        try:
            return {asyncio.run(ask())[0] for _time in range(20)}
        finally:
            del alb._tgs[ARN], alb._targets[ARN]


def test_a_target_that_only_starts_gets_no_request(monkeypatch: pytest.MonkeyPatch, port: int, starting: int) -> None:
    assert statuses(monkeypatch, starting, port) == {200}


def test_where_none_is_healthy_they_are_asked_all_the_same(monkeypatch: pytest.MonkeyPatch, starting: int) -> None:
    assert statuses(monkeypatch, starting, starting) == {502}
