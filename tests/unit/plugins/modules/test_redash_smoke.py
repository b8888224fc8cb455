# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The smoke test against real servers on the loopback, HTTPS with real certificates."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.context import Clock
from ansible_collections.redash.ecs.plugins.module_utils.core.smoke import NOT_ANSWERED
from ansible_collections.redash.ecs.plugins.modules import redash_smoke

HOST = "redash.example.com"


class Redash(BaseHTTPRequestHandler):
    """Answers for its own host only, as a rule of a load balancer does; ``broken`` answers are served first."""

    hosts: tuple[str, ...] = (HOST,)
    broken: ClassVar[list[int]] = []
    login = (200, "")
    headers_of_login: tuple[tuple[str, str], ...] = ()
    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        cls = type(self)
        cls.asked.append((str(self.headers.get("Host")), self.path))
        if self.path == "/ping" and cls.broken:
            status, location = cls.broken.pop(0), ""
        elif str(self.headers.get("Host")).partition(":")[0] not in cls.hosts:
            status, location = 404, ""
        else:
            status, location = (200, "") if self.path == "/ping" else cls.login
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        for name, value in type(self).headers_of_login if self.path == "/login" else ():
            self.send_header(name, value)
        self.end_headers()
        if status == 200:
            self.wfile.write(b"PONG.\n" if self.path == "/ping" else b"<html>")

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def server(certificate: Path | None = None, **answers: Any) -> Iterator[tuple[int, type[Redash]]]:
    handler = type("Handler", (Redash,), {"asked": [], "broken": [], **answers})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            listening.socket = context.wrap_socket(listening.socket, server_side=True)
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        try:
            yield listening.server_port, handler
        finally:
            listening.shutdown()
            thread.join()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a certificate for a name, which this process trusts."""

    def made(name: str) -> Path:
        path = tmp_path / f"{name}.pem"
        subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(path), "-out", f"{path}.crt"]
        subprocess.run([*command, *subject], check=True, capture_output=True)
        path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
        monkeypatch.setenv("SSL_CERT_FILE", f"{path}.crt")
        return path

    return made


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def smoke(url: str, *, check_mode: bool = False, names: dict[str, str] | None = None, **params: Any) -> dict[str, Any]:
    time = Time()
    given = {"host_header": "", "load_balancer": "", "login_path": "/login", "timeout": 20, "only_reach": False, "url": url, **params}
    names = {"127.0.0.1": "127.0.0.1"} if names is None else names

    def resolve(name: str) -> frozenset[str]:
        return frozenset({names[name]} if name in names else ())

    result = redash_smoke.run(given, check_mode, Clock(monotonic=lambda: time.now, sleep=time.sleep), resolve=resolve)
    return {**result, "waited": time.now}


def test_a_redash_that_works_passes() -> None:
    with server(hosts=("127.0.0.1",)) as (port, redash):
        result = smoke(f"http://127.0.0.1:{port}/")
        assert (result["msg"], result["status"], result["connected_to"], result.get("failed")) == ("", 200, "", None)
        assert [path for _host, path in redash.asked] == ["/ping", "/login"]


@pytest.mark.parametrize("names", [{"127.0.0.1": "127.0.0.1"}, {"127.0.0.1": "127.0.0.1", HOST: "203.0.113.9"}])
def test_a_name_that_does_not_lead_here_yet_is_asked_for_at_the_load_balancer(names: dict[str, str]) -> None:
    with server() as (port, redash):
        result = smoke(f"http://{HOST}:{port}", load_balancer="127.0.0.1", names=names)
        assert result["msg"] == "" and result["connected_to"] == "127.0.0.1" and "Point it to 127.0.0.1" in result["note"]
        assert redash.asked == [(f"{HOST}:{port}", "/ping"), (f"{HOST}:{port}", "/login")]


def test_over_https_the_certificate_must_be_the_name_s(certificate: Callable[[str], Path]) -> None:
    with server(certificate(HOST)) as (port, _redash):
        assert smoke(f"https://{HOST}:{port}", load_balancer="127.0.0.1")["msg"] == ""
    with server(certificate("another.example.com")) as (port, _redash):
        result = smoke(f"https://{HOST}:{port}", load_balancer="127.0.0.1", timeout=0)
        assert result["failed"] and "CERTIFICATE_VERIFY_FAILED" in result["msg"] and "Hostname mismatch" in result["msg"]
        assert "The load balancer's certificate is not valid for this name" in result["msg"] and "Point it to" in result["msg"]


def test_the_first_good_answer_is_waited_for() -> None:
    with server(hosts=("127.0.0.1",), broken=[502, 503]) as (port, _redash):
        assert smoke(f"http://127.0.0.1:{port}")["waited"] == 10
    with server(hosts=("127.0.0.1",), broken=[503] * 9) as (port, _redash):
        result = smoke(f"http://127.0.0.1:{port}")
        assert result["failed"] and result["status"] == 503 and result["waited"] == 20


@pytest.mark.parametrize(("login", "said"), [((302, "/setup"), "leads to /setup"), ((500, ""), "status 500"), ((302, "/x"), "status 302")])
def test_a_login_page_that_is_none_fails_and_no_redirect_is_followed(login: tuple[int, str], said: str) -> None:
    for host, connect in (("127.0.0.1", ""), (HOST, "127.0.0.1")):
        with server(hosts=(host,), login=login) as (port, redash):
            result = smoke(f"http://{host}:{port}", load_balancer=connect)
            assert result["failed"] and said in result["msg"]
            assert [path for _host, path in redash.asked] == ["/ping", "/login"]


def test_a_host_header_of_one_s_own_is_sent() -> None:
    with server(hosts=("own",)) as (port, redash):
        assert smoke(f"http://127.0.0.1:{port}", host_header="own")["msg"] == ""
        assert {host for host, _path in redash.asked} == {"own"}


def test_nothing_that_answers_is_told_in_one_line() -> None:
    with server() as (port, _redash):
        pass
    for url, more in (
        (f"http://127.0.0.1:{port}", {}),
        (f"https://{HOST}:{port}", {"load_balancer": "127.0.0.1"}),
        ("http://no-such.invalid", {}),
    ):
        result = smoke(url, **more)
        assert result["failed"] and result["status"] == NOT_ANSWERED and "\n" not in result["msg"]
        assert "Nothing answers there: check that this machine may reach the load balancer" in result["msg"]


def test_whether_anything_answers_is_asked_without_a_verdict() -> None:
    with server(hosts=(), broken=[503]) as (port, redash):
        result = smoke(f"http://127.0.0.1:{port}", only_reach=True, check_mode=True)
        assert (result["status"], result.get("failed"), len(redash.asked)) == (503, None, 1)
    result = smoke(f"http://127.0.0.1:{port}", only_reach=True)
    assert (result["status"], result.get("failed"), result["waited"]) == (NOT_ANSWERED, None, 4) and result["msg"]


def test_check_mode_asks_nothing() -> None:
    with server() as (port, redash):
        assert smoke(f"http://127.0.0.1:{port}", check_mode=True)["changed"] is False
        assert redash.asked == []


def test_cookies_and_headers_of_a_login_page_are_looked_at(certificate: Callable[[str], Path]) -> None:
    good = (
        ("Set-Cookie", "session=hush; Secure; HttpOnly"),
        ("Set-Cookie", "csrf=x; Secure"),
        ("Strict-Transport-Security", "max-age=86400"),
    )
    for headers, lines in ((good, 0), (good[1:2], 1), ((("Set-Cookie", "session=hush"),), 2)):
        with server(certificate(HOST), headers_of_login=headers) as (port, _redash):
            result = smoke(f"https://{HOST}:{port}", load_balancer="127.0.0.1")
            assert result["msg"] == "" and len(result["insecure"]) == lines and "hush" not in str(result)
