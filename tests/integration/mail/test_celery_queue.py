"""The second proof on releases with Celery: a real Redis, real Celery workers and real SMTP servers."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from ansible_collections.redash.ecs.plugins.module_utils.core import mail_proof
from tests.integration.mail import smtp_servers
from tests.integration.mail.test_send_test_mail import settings

IMAGE = Path(__file__).parent / "image_8"
SUBJECT = "Redash prod: a test of the emails queue"
# Seconds for a worker to start, on a machine with much else to do.
PATIENCE = 120


@contextlib.contextmanager
def worker(redis_url: str, environment: dict[str, str], queues: str, log: Path) -> Iterator[None]:
    """A worker of ``queues``, as the image's entry point starts one."""
    environment = {"PATH": os.environ["PATH"], "REDASH_REDIS_URL": redis_url, **environment}
    command = [sys.executable, "-m", "celery", "--app=redash.worker", "worker", "-c1", f"-Q{queues}", "--loglevel=info", "-Ofair"]
    with log.open("w") as output, subprocess.Popen(command, cwd=IMAGE, env=environment, stdout=output, stderr=output) as process:
        try:
            until = time.monotonic() + PATIENCE
            while " ready." not in log.read_text():
                assert process.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.1)
            yield
        finally:
            # A job that hangs would hold a gentle end up.
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()


def prove(redis_url: str, environment: dict[str, str], log: Path | None, seconds: int = 5) -> mail_proof.Attempt:
    command = mail_proof.queue_command("8.0.0", "ada@example.com", SUBJECT, seconds)
    # The test does not wait the half minute that a worker gets to take the job.
    command[-1] = str(2 * seconds + 4)
    run = subprocess.run(
        [sys.executable, *command[1:]], cwd=IMAGE, env={"PATH": os.environ["PATH"], "REDASH_REDIS_URL": redis_url, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    said = log.read_text().splitlines() if log else []
    return mail_proof.judge_queue(run.returncode, run.stdout.splitlines(), "", environment, [said])


def test_a_mail_that_left_is_proven_by_the_workers_log(redis_url: str, tmp_path: Path) -> None:
    with smtp_servers.server() as post:
        environment = settings(post.port, "none")
        with worker(redis_url, environment, "celery", tmp_path / "log"):
            found = prove(redis_url, environment, tmp_path / "log", seconds=20)
        assert (found.sent, found.path) == (True, "the celery queue")
        (mail,) = post.mails
        assert (mail["Subject"], mail.get_content().strip().partition(":")[0]) == (SUBJECT, "Redash sent this mail through its queue")


def test_a_worker_keeps_redis_s_token_to_itself(redis_url: str, tmp_path: Path) -> None:
    """It begins its log with the address of Redis, and that log is read by mail.yml and shown by logs.yml."""
    token = secrets.token_urlsafe(24)
    server = redis.Redis.from_url(redis_url)
    server.config_set("requirepass", token)
    try:
        with worker(redis_url.replace("://", f"://:{token}@"), settings(2525, "none"), "celery", tmp_path / "log"):
            said = (tmp_path / "log").read_text()
    finally:
        server.auth(token)
        server.config_set("requirepass", "")
    assert "transport:   redis://:**@" in said, said
    assert token not in said


def test_a_mail_that_was_refused_is_told_although_its_job_succeeded(redis_url: str, tmp_path: Path) -> None:
    with smtp_servers.server(refuse_data="554 5.7.1 no such friend") as post:
        environment = settings(post.port, "none")
        with worker(redis_url, environment, "celery", tmp_path / "log"):
            found = prove(redis_url, environment, tmp_path / "log", seconds=20)
    assert found.failure is not None
    assert (found.sent, found.failure.cause) == (False, "message_refused")
    assert "554 5.7.1 no such friend" in found.failure.what


def test_a_server_that_says_nothing_holds_the_worker_and_that_is_said(redis_url: str, tmp_path: Path) -> None:
    with smtp_servers.silent() as port:
        environment = settings(port, "none")
        with worker(redis_url, environment, "celery", tmp_path / "log"):
            found = prove(redis_url, environment, None)
    assert found.failure is not None
    assert (found.failure.cause, found.failure.what) == ("stuck", "a worker took the mail and is still at it")


def test_a_queue_without_a_worker_is_named(redis_url: str, tmp_path: Path) -> None:
    environment = settings(2525, "none")
    with worker(redis_url, environment, "queries,schemas", tmp_path / "log"):
        found = prove(redis_url, environment, None, seconds=1)
    assert (found.path, found.failure and found.failure.cause) == ("the celery queue", "no_worker")
