# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose a request is that comes in at a load balancer's host."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("ministack")

from ministack import app
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import alb

from demo.local_aws.patches import gateway

HOST = "redash-demo.alb.localhost:4566"
# Of Redash, and as other services of the emulator would take them.
REQUESTS = [
    ("POST", "/login"),
    ("POST", "/oauth2/login"),
    ("POST", "/oauth2/token"),
    ("GET", "/oauth2/authorize"),
    ("GET", "/login"),
    ("HEAD", "/ping"),
    ("OPTIONS", "/api/queries"),
    ("GET", "/_ministack/health"),
    ("GET", "/health"),
    ("GET", "/.well-known/jwks.json"),
    ("PUT", "/queries/1"),
    ("DELETE", "/api/queries/1"),
    ("POST", "/"),
    ("GET", "/iceberg/v1/config"),
    ("GET", "/static/app.js"),
]


@pytest.fixture
def balanced(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str, str]]]:
    """A load balancer, and what it was asked: method, path, query."""
    asked: list[tuple[str, str, str]] = []

    async def dispatch(balancer: Any, method: str, path: str, *_: Any, raw_query_string: str = "", **__: Any) -> Any:
        asked.append((method, path, raw_query_string))
        return 200, {"Content-Type": "text/plain"}, b"Redash"

    monkeypatch.setattr(alb, "dispatch_request", dispatch)
    for name in ("_handle_pre_body_request", "_handle_post_body_shortcuts", "_handle_special_data_plane_request"):
        monkeypatch.setattr(app, name, getattr(app, name))
    gateway.apply()
    # Without a signature, a request belongs to this account and region.
    with request_scope(get_account_id(), get_region()):
        alb._lbs["arn:test"] = {"LoadBalancerName": "redash-demo", "DNSName": "redash-demo-1.ap-northeast-1.elb.amazonaws.com"}
        yield asked
        del alb._lbs["arn:test"]


def ask(method: str, path: str, host: str, query: str = "") -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"email=a%40b.c&password=x", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", host.encode()), (b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"24")],
        "client": ("127.0.0.1", 1),
        "scheme": "http",
    }
    asyncio.run(app.app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return next(message["status"] for message in sent if message["type"] == "http.response.start"), body


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_every_request_to_its_host_is_the_load_balancers(balanced: list[tuple[str, str, str]], method: str, path: str) -> None:
    status, body = ask(method, path, HOST, "next=%2F")
    assert (status, body) == (200, b"Redash")
    assert balanced == [(method, path, "next=%2F")]


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "another.alb.localhost:4566", "cognito-idp.ap-northeast-1.amazonaws.com"])
def test_other_hosts_requests_stay_where_they_were(balanced: list[tuple[str, str, str]], host: str) -> None:
    _status, body = ask("POST", "/login", host)
    assert (balanced, body != b"Redash") == ([], True)
