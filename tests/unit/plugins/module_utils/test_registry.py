# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking a registry over real HTTP; what its answers mean is tested in test_verify.py."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ansible_collections.redash.ecs.plugins.module_utils import registry


class Registry(BaseHTTPRequestHandler):
    """Answers with the status that it is asked for."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.send_header("WWW-Authenticate", 'Bearer realm="there"')
        self.end_headers()
        self.wfile.write((self.headers.get("Accept") or "").encode())

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize("status", [200, 401, 404])
def test_any_status_is_an_answer_with_its_headers_by_lower_case_names(address: str, status: int) -> None:
    found, headers, body = registry.get(f"{address}/{status}", {"Accept": "application/json"})
    assert (found, headers["www-authenticate"], body) == (status, 'Bearer realm="there"', b"application/json")


def test_no_answer_is_unreachable() -> None:
    with pytest.raises(registry.Unreachable, match="refused"):
        registry.get("http://127.0.0.1:1/", {})
