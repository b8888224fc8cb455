"""The first proof against real SMTP servers: mails are received and read, failures are explained."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import mail as core
from ansible_collections.redash.ecs.plugins.module_utils.core import mail_proof
from tests.integration.mail import smtp_servers
from tests.integration.mail.smtp_servers import PASSWORD, USERNAME, Post

IMAGE = Path(__file__).parent / "image"
SENDER = "Redash <redash@example.com>"


def send(environment: dict[str, str], seconds: int = 5) -> subprocess.CompletedProcess[str]:
    """Run the container command of the first proof as the image's entry point would."""
    command = mail_proof.direct_command("25.8.0", "ada@example.com", seconds)
    assert command[0] == "python"
    return subprocess.run(
        [sys.executable, *command[1:]], cwd=IMAGE, env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60,
    )  # fmt: skip


def settings(port: int, security: str, **more: Any) -> dict[str, str]:
    """The environment that redash_mail makes, with the server moved to loopback where the test's is."""
    read = core.read({"server": "10.0.0.1", "port": 2526, "security": security, "default_sender": SENDER, **more})
    assert read is not None
    secret = {core.PASSWORD_VARIABLE: read.password} if read.password else {}
    return {**read.environment, **secret, "REDASH_MAIL_SERVER": "127.0.0.1", "REDASH_MAIL_PORT": str(port)}


def explained(environment: dict[str, str], **more: Any) -> mail_proof.Attempt:
    run = send(environment, **more)
    return mail_proof.judge_direct(run.returncode, run.stdout.splitlines(), "", environment)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return smtp_servers.certificate(tmp_path_factory.mktemp("certificate"))


def arrived(post: Post, *, over_tls: bool, logged_in: bool) -> None:
    (mail,) = post.mails
    assert (mail["Subject"], mail["To"], mail["From"]) == ("Test Message from Redash", "ada@example.com", SENDER)
    assert mail.get_content().strip() == "Test message."
    assert (post.over_tls, post.logged_in) == ([over_tls], [logged_in])


# --- it arrives ----------------------------------------------------------------------------------------


def test_a_mail_arrives_in_clear() -> None:
    with smtp_servers.server() as post:
        assert explained(settings(post.port, "none")).sent
        arrived(post, over_tls=False, logged_in=False)


def test_a_mail_arrives_by_starttls_and_login(tls: ssl.SSLContext) -> None:
    with smtp_servers.server(starttls=tls, auth=True) as post:
        assert explained(settings(post.port, "starttls", username=USERNAME, password=PASSWORD)).sent
        arrived(post, over_tls=True, logged_in=True)


def test_a_mail_arrives_over_tls_from_the_first_byte(tls: ssl.SSLContext) -> None:
    with smtp_servers.server(tls=tls) as post:
        assert explained(settings(post.port, "tls")).sent
        arrived(post, over_tls=True, logged_in=False)


# --- it does not ---------------------------------------------------------------------------------------


def failure(environment: dict[str, str], **more: Any) -> mail_proof.Failure:
    attempt = explained(environment, **more)
    assert attempt.sent is False
    assert attempt.failure is not None
    assert PASSWORD not in str(attempt)
    return attempt.failure


def test_a_refused_connection_is_explained() -> None:
    port = smtp_servers.free_port()
    found = failure(settings(port, "none"))
    assert (found.cause, found.what) == ("refused", f"127.0.0.1 refuses connections on port {port}: no mail server listens there")


def test_a_name_that_is_not_found_is_explained() -> None:
    found = failure({**settings(25, "none"), "REDASH_MAIL_SERVER": "no-such-host.invalid"}, seconds=10)
    assert (found.cause, found.what) == ("name", "no-such-host.invalid has no address: the name is not found")


def test_missing_starttls_is_explained() -> None:
    with smtp_servers.server() as post:
        found = failure(settings(post.port, "starttls"))
        assert (found.cause, found.what) == ("starttls_not_offered", f"127.0.0.1:{post.port} does not offer STARTTLS")
        assert post.mails == []


def test_tls_from_the_first_byte_against_a_server_that_begins_in_clear_is_explained() -> None:
    with smtp_servers.server() as post:
        found = failure(settings(post.port, "tls"))
        assert (found.cause, found.what) == ("tls_mismatch", f"127.0.0.1:{post.port} does not speak TLS from the first byte")


def test_a_server_that_waits_for_tls_is_explained_within_the_time_limit(tls: ssl.SSLContext) -> None:
    with smtp_servers.server(tls=tls) as post:
        began = time.monotonic()
        found = failure(settings(post.port, "starttls"), seconds=2)
        assert time.monotonic() - began < 15
        assert found.cause == "silent"
        assert "465: security tls" in found.todo


def test_a_refused_login_is_explained(tls: ssl.SSLContext) -> None:
    with smtp_servers.server(starttls=tls, auth=True) as post:
        found = failure(settings(post.port, "starttls", username=USERNAME, password="wrong-" + PASSWORD))
        assert found.cause == "login_refused"
        assert found.what.startswith("127.0.0.1 refuses the user name or password: 535 5.7.8 ")
        assert post.mails == []


def test_a_login_that_is_not_offered_is_explained() -> None:
    with smtp_servers.server() as post:
        assert failure(settings(post.port, "none", username=USERNAME, password=PASSWORD)).cause == "login_not_offered"


def test_a_login_that_is_demanded_and_not_made_is_explained(tls: ssl.SSLContext) -> None:
    with smtp_servers.server(starttls=tls, auth=True) as post:
        found = failure(settings(post.port, "starttls"))
        assert (found.cause, "530" in found.what) == ("sender_refused", True)


def test_a_missing_sender_is_explained() -> None:
    with smtp_servers.server() as post:
        environment = settings(post.port, "none")
        del environment["REDASH_MAIL_DEFAULT_SENDER"]
        assert failure(environment).cause == "no_sender"


@pytest.mark.parametrize(
    ("refuse", "cause", "said"),
    [
        ({"refuse_sender": "550 5.1.8 Sender identity not verified"}, "sender_refused", "550 5.1.8 Sender identity not verified"),
        ({"refuse_recipient": "550 5.7.1 Relaying denied"}, "recipient_refused", "550 5.7.1 Relaying denied"),
        ({"refuse_data": "554 Message rejected: Email address is not verified."}, "message_refused", "554 Message rejected"),
    ],
)
def test_what_the_server_refuses_is_told_in_its_own_words(refuse: dict[str, str], cause: str, said: str) -> None:
    with smtp_servers.server(**refuse) as post:
        found = failure(settings(post.port, "none"))
        assert found.cause == cause
        assert said in found.what
        assert post.mails == []


@pytest.mark.parametrize(
    ("trap", "cause"),
    [
        (smtp_servers.black_hole, "black_hole"),
        (smtp_servers.silent, "silent"),
        (lambda: smtp_servers.silent(greets=True), "silent"),
        (lambda: smtp_servers.silent(hangs_up=True), "disconnected"),
    ],
    ids=["black hole", "takes connections and says nothing", "greets and says no more", "hangs up"],
)
def test_a_server_that_does_not_answer_fails_within_the_time_limit(trap: Callable[[], AbstractContextManager[int]], cause: str) -> None:
    with trap() as port:
        began = time.monotonic()
        found = failure(settings(port, "none"), seconds=2)
        assert (found.cause, time.monotonic() - began < 15) == (cause, True)


def test_an_empty_setting_is_explained() -> None:
    assert failure({**settings(25, "none"), "REDASH_MAIL_PORT": ""}).cause == "setting"
    assert failure({**settings(25, "none"), "REDASH_MAIL_USE_TLS": ""}).cause == "setting"
