"""The second proof against a real Redis, real RQ workers and real SMTP servers."""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import mail_proof
from tests.integration.mail import smtp_servers
from tests.integration.mail.smtp_servers import PASSWORD, USERNAME
from tests.integration.mail.test_send_test_mail import IMAGE, SENDER, settings

SUBJECT = "Redash prod: a test of the emails queue"


@contextlib.contextmanager
def worker(redis_url: str, environment: dict[str, str], *queues: str) -> Iterator[None]:
    """A worker of ``queues`` with its own environment: what a container that was not redeployed has is what it had."""
    environment = {"PATH": os.environ["PATH"], "REDASH_REDIS_URL": redis_url, **environment}
    with subprocess.Popen([sys.executable, "worker.py", *queues], cwd=IMAGE, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield
        finally:
            process.terminate()
            process.communicate(timeout=20)


def prove(redis_url: str, environment: dict[str, str], seconds: int = 5) -> mail_proof.Attempt:
    command = mail_proof.queue_command("25.8.0", "ada@example.com", SUBJECT, seconds)
    # The test does not wait the half minute that a worker gets to take the job.
    command[-1] = str(2 * seconds + 4)
    run = subprocess.run(
        [sys.executable, *command[1:]], cwd=IMAGE, env={"PATH": os.environ["PATH"], "REDASH_REDIS_URL": redis_url},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert PASSWORD not in run.stdout
    return mail_proof.judge_queue(run.returncode, run.stdout.splitlines(), "", environment)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return smtp_servers.certificate(tmp_path_factory.mktemp("certificate"))


def test_a_mail_goes_through_the_queue_and_arrives(redis_url: str, tls: ssl.SSLContext) -> None:
    with smtp_servers.server(starttls=tls, auth=True) as post:
        environment = settings(post.port, "starttls", username=USERNAME, password=PASSWORD)
        with worker(redis_url, environment, "periodic", "emails", "default"):
            assert prove(redis_url, environment).sent
        (mail,) = post.mails
        assert (mail["Subject"], mail["To"], mail["From"]) == (SUBJECT, "ada@example.com", SENDER)
        text = mail.get_body(("plain",))
        assert text is not None
        assert "through its emails queue" in text.get_content()
        assert (post.over_tls, post.logged_in) == ([True], [True])


def test_what_redash_only_logs_is_seen(redis_url: str) -> None:
    """Redash's own job counts as finished whatever happened: without our change of it this could not fail."""
    port = smtp_servers.free_port()
    environment = settings(port, "none")
    with worker(redis_url, environment, "emails"):
        attempt = prove(redis_url, environment)
    assert attempt.failure is not None
    assert (attempt.sent, attempt.failure.cause) == (False, "refused")
    assert str(port) in attempt.failure.what


def test_the_worker_is_judged_by_its_own_settings(redis_url: str) -> None:
    """A worker that was not redeployed fails although the task that asks has the right settings."""
    with smtp_servers.server() as post:
        right = settings(post.port, "none")
        old = {name: value for name, value in right.items() if name != "REDASH_MAIL_DEFAULT_SENDER"}
        with worker(redis_url, old, "emails"):
            attempt = prove(redis_url, right)
        assert attempt.failure is not None
        assert (attempt.failure.cause, post.mails) == ("no_sender", [])


def test_a_queue_without_a_worker_is_named(redis_url: str) -> None:
    environment = settings(2525, "none")
    with worker(redis_url, environment, "queries", "schemas"):
        attempt = prove(redis_url, environment, seconds=1)
    assert attempt.failure is not None
    assert (attempt.failure.cause, attempt.failure.what) == ("no_worker", "no worker takes jobs from it")


def test_a_mail_that_nobody_took_is_not_sent_later(redis_url: str) -> None:
    with smtp_servers.server() as post:
        environment = settings(post.port, "none")
        assert prove(redis_url, environment, seconds=1).sent is False
        with worker(redis_url, environment, "emails"):
            assert prove(redis_url, environment).sent
        assert len(post.mails) == 1


def test_a_black_hole_fails_in_the_worker_too(redis_url: str) -> None:
    with smtp_servers.black_hole() as port:
        environment = settings(port, "none")
        with worker(redis_url, environment, "emails"):
            attempt = prove(redis_url, environment, seconds=2)
    assert attempt.failure is not None
    assert attempt.failure.cause == "black_hole"


def test_a_worker_does_its_next_mail_as_before(redis_url: str) -> None:
    """The proof leaves nothing behind: Redash's own job logs and goes on again."""
    with smtp_servers.server(refuse_data="554 no") as post:
        environment = settings(post.port, "none")
        with worker(redis_url, environment, "emails"):
            attempt = prove(redis_url, environment)
            own = (
                "import sys, time\n"
                "from rq import Queue\n"
                "from redash import rq_redis_connection\n"
                "job = Queue('emails', connection=rq_redis_connection).enqueue_call("
                "'redash.tasks.general.send_mail', args=(['a@example.com'], 's', 'h', 't'))\n"
                "until = time.time() + 15\n"
                "while time.time() < until and job.get_status() not in ('finished', 'failed'):\n"
                "    time.sleep(0.2)\n"
                "print(job.get_status())\n"
            )
            run = subprocess.run(
                [sys.executable, "-c", own], cwd=IMAGE, env={"PATH": os.environ["PATH"], "REDASH_REDIS_URL": redis_url},
                capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
        assert attempt.failure is not None
        assert attempt.failure.cause == "message_refused"
        assert run.stdout.strip() == "finished"
