"""The two commands that prove mail, and what their output means.

tests/integration/mail runs both against real servers; what is here are the shapes that those don't make:
Python 2.7's wording, log noise around it, providers, tasks that never ran, and what both paths mean together.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core import mail_proof as proof
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import FOR_PLAYBOOKS

ENVIRONMENT = {"REDASH_MAIL_SERVER": "smtp.example.com", "REDASH_MAIL_PORT": "587", "REDASH_MAIL_DEFAULT_SENDER": "redash@example.com"}
NOISE = "[2026-11-23 00:00:00,000][PID:7][INFO][xmlschema] Include schema from 'file:///xml.xsd'"


def traceback(last: str) -> list[str]:
    return [NOISE, "Traceback (most recent call last):", '  File "/app/manage.py", line 9, in <module>', "    manager()", last]


# --- the commands --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "name"), [("8.0.0", "send_test_mail"), ("10.1.0", "send_test_mail"), ("25.8.0", "send-test-mail")])
def test_the_command_is_spelled_as_the_release_spells_it(version: str, name: str) -> None:
    command = proof.direct_command(version, "ada@example.com", 20)
    assert command[:2] == ["python", "-c"]
    assert command[3:] == [name, "ada@example.com", "20"]


@pytest.mark.parametrize(("version", "system"), [("8.0.0", "celery"), ("9.0.0-beta", "rq"), ("26.3.0", "rq")])
def test_the_queue_is_asked_in_the_releases_own_way(version: str, system: str) -> None:
    command = proof.queue_command(version, "ada@example.com", "A test", 20)
    assert (f"from {system}" in command[2], command[4:]) == (True, ["ada@example.com", "A test", "20", "70"])


@pytest.mark.parametrize("program", [proof.DIRECT_PROGRAM, proof.JOB, proof.RQ_PROGRAM, proof.CELERY_PROGRAM])
def test_the_programs_are_python(program: str) -> None:
    compile(program, "program", "exec")
    # Python 2.7 runs the direct one and Celery's: nothing of Python 3 alone.
    assert 'f"' not in program
    assert "nonlocal" not in program


def test_both_commands_fit_into_a_task_override() -> None:
    """ECS takes 8192 characters of overrides. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html"""
    for version in ("8.0.0", "25.8.0"):
        for command in (proof.direct_command(version, "a" * 60, 20), proof.queue_command(version, "a" * 60, "s" * 100, 20)):
            assert len(json.dumps({"containerOverrides": [{"name": "task-runner", "command": command}]})) < 6000


def test_what_is_no_release_is_refused() -> None:
    with pytest.raises(RedashError, match=r"redash_version: 'latest'"):
        proof.direct_command("latest", "a@b.c", 1)


def test_a_release_that_a_person_gave_spells_its_commands_as_it_says() -> None:
    given = {"26.9.0": {"commands": {"send_test_mail": "mail-test"}}}
    assert "mail-test" in proof.direct_command("26.9.0", "a@b.c", 1, given)


# --- what a failure means ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "cause"),
    [
        # Python 2.7 (Redash up to 8)
        ("socket.error: [Errno 111] Connection refused", "refused"),
        ("socket.gaierror: [Errno -2] Name or service not known", "name"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "name"),
        ("socket.timeout: timed out", "black_hole"),
        ("socket.error: [Errno 110] Connection timed out", "black_hole"),
        ("socket.error: [Errno 104] Connection reset by peer", "disconnected"),
        ("smtplib.SMTPException: STARTTLS extension not supported by server.", "starttls_not_offered"),
        ("smtplib.SMTPException: SMTP AUTH extension not supported by server.", "login_not_offered"),
        ("ssl.SSLError: [SSL: UNKNOWN_PROTOCOL] unknown protocol (_ssl.c:727)", "tls_mismatch"),
        # Python 3.7 to 3.13
        ("ConnectionRefusedError: [Errno 111] Connection refused", "refused"),
        ("OSError: [Errno 101] Network is unreachable", "unreachable"),
        ("OSError: [Errno 113] No route to host", "unreachable"),
        ("TimeoutError: [Errno 110] Connection timed out", "black_hole"),
        ("TimeoutError: timed out", "black_hole"),
        ("rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (70 seconds)", "black_hole"),
        ("smtplib.SMTPServerDisconnected: Connection unexpectedly closed: timed out", "silent"),
        ("smtplib.SMTPServerDisconnected: Connection unexpectedly closed", "disconnected"),
        ("smtplib.SMTPConnectError: (421, b'too many connections')", "disconnected"),
        ("smtplib.SMTPNotSupportedError: STARTTLS extension not supported by server.", "starttls_not_offered"),
        ("smtplib.SMTPNotSupportedError: SMTP AUTH extension not supported by server.", "login_not_offered"),
        ("ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1007)", "tls_mismatch"),
        ("ssl.SSLError: [SSL: RECORD_LAYER_FAILURE] record layer failure (_ssl.c:1029)", "tls_mismatch"),
        ("ssl.SSLZeroReturnError: TLS/SSL connection has been closed (EOF) (_ssl.c:1006)", "tls_mismatch"),
        (
            "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate",
            "certificate",
        ),
        ("smtplib.SMTPAuthenticationError: (535, b'5.7.8 Username and Password not accepted')", "login_refused"),
        ("smtplib.SMTPSenderRefused: (550, b'5.1.8 no such sender', 'redash@example.com')", "sender_refused"),
        ("smtplib.SMTPRecipientsRefused: {'ada@example.com': (550, b'5.7.1 Relaying denied')}", "recipient_refused"),
        ("smtplib.SMTPDataError: (554, b'Message rejected')", "message_refused"),
        ("AssertionError: The message does not specify a sender and a default sender has not been configured", "no_sender"),
        ("ValueError: Invalid boolean value ''", "setting"),
        ("ValueError: invalid literal for int() with base 10: ''", "setting"),
        ("KeyError: 'something else'", "unknown"),
        ("sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) could not connect", "unknown"),
    ],
)
def test_the_last_line_of_a_traceback_is_understood(last: str, cause: str) -> None:
    found = proof.explain(traceback(last), ENVIRONMENT)
    assert found.cause == cause
    assert "{" not in found.what.replace(last, "").replace("{'ada", "")
    assert found.todo


def test_the_words_of_the_server_are_told_without_pythons() -> None:
    found = proof.explain(traceback(r"smtplib.SMTPAuthenticationError: (535, b'5.7.8 not accepted\n5.7.8 see support')"), ENVIRONMENT)
    assert found.what == "smtp.example.com refuses the user name or password: 535 5.7.8 not accepted 5.7.8 see support"


def test_what_smtplib_says_while_cleaning_up_does_not_hide_the_cause() -> None:
    lines = [
        *traceback("smtplib.SMTPServerDisconnected: Connection unexpectedly closed: timed out"),
        "",
        "During handling of the above exception, another exception occurred:",
        *traceback("smtplib.SMTPServerDisconnected: please run connect() first"),
    ]
    assert proof.explain(lines, ENVIRONMENT).cause == "silent"


@pytest.mark.parametrize(
    ("server", "last", "told"),
    [
        (
            "email-smtp.eu-west-1.amazonaws.com",
            "smtplib.SMTPAuthenticationError: (535, b'Authentication Credentials Invalid')",
            "one region only",
        ),
        ("email-smtp.eu-west-1.amazonaws.com", "smtplib.SMTPDataError: (554, b'Email address is not verified')", "sandbox"),
        ("smtp.gmail.com", "smtplib.SMTPAuthenticationError: (535, b'5.7.8 BadCredentials')", "app password"),
        ("smtp.sendgrid.net", "smtplib.SMTPSenderRefused: (550, b'does not match a verified Sender Identity', 'a@b.c')", "SendGrid"),
        ("smtp.sendgrid.net", "smtplib.SMTPAuthenticationError: (535, b'Authentication failed')", "API key"),
        ("smtp.mailgun.org", "smtplib.SMTPAuthenticationError: (535, b'5.7.0 Mailgun is not loving your login')", "Mailgun"),
        ("smtp.example.com", "smtplib.SMTPAuthenticationError: (535, b'no')", "redash_mail.username and password"),
    ],
)
def test_a_providers_own_meaning_is_told(server: str, last: str, told: str) -> None:
    assert told in proof.explain(traceback(last), {**ENVIRONMENT, "REDASH_MAIL_SERVER": server}).todo


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "it ended without saying why"),
        (["", NOISE, "Error: No such command 'send_test_mail'."], "it ended without saying why: Error: No such command 'send_test_mail'."),
        (["Killed"], "it ended without saying why: Killed"),
    ],
)
def test_an_end_without_an_exception_is_told_with_its_last_words(lines: list[str], said: str) -> None:
    assert proof.explain(lines, ENVIRONMENT).what == said


@given(st.lists(st.text(max_size=80), max_size=12))
def test_any_output_ends_in_one_explanation(lines: list[str]) -> None:
    found = proof.explain(lines, ENVIRONMENT)
    assert found.cause
    assert found.what


# --- the paths -----------------------------------------------------------------------------------------


def report(status: str, workers: int = 2, ahead: int = 0) -> str:
    return FOR_PLAYBOOKS + json.dumps({"mail_job": "1", "status": status, "workers": workers, "ahead": ahead})


@pytest.mark.parametrize(
    ("rc", "lines", "sent", "cause"),
    [
        (0, [NOISE, report("finished")], True, ""),
        (0, [report("unproven", -1, -1)], None, "unproven"),
        (1, [*traceback("TimeoutError: timed out"), report("failed")], False, "black_hole"),
        (1, [report("queued", 0)], False, "no_worker"),
        (1, [report("queued", -1, -1)], False, "busy"),
        (1, [report("queued", 2, 31)], False, "busy"),
        (1, [report("started")], False, "stuck"),
        (1, [report("")], False, "stuck"),
        (1, traceback("redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused."), False, "unknown"),
        (0, [], False, "unknown"),
        (0, [FOR_PLAYBOOKS + '{"mail_job": nonsense'], False, "unknown"),
        (None, [], False, "task"),
    ],
)
def test_the_queues_outcome_is_read_from_its_report(rc: int | None, lines: list[str], sent: bool | None, cause: str) -> None:
    found = proof.judge_queue(rc, lines, "no capacity", ENVIRONMENT)
    assert (found.sent, found.failure.cause if found.failure else "") == (sent, cause)


@pytest.mark.parametrize(
    ("status", "workers", "cause", "what"),
    [
        ("queued", 0, "no_worker", "the celery queue: no worker takes jobs from it"),
        ("queued", 1, "busy", "the celery queue: no worker took the mail in time"),
        ("started", 1, "stuck", "the celery queue: a worker took the mail and is still at it"),
    ],
)
def test_where_mails_share_a_queue_that_one_is_named(status: str, workers: int, cause: str, what: str) -> None:
    line = FOR_PLAYBOOKS + json.dumps({"mail_job": "1", "status": status, "workers": workers, "ahead": -1, "queue": "celery"})
    found = proof.judge_queue(1, [line], "", ENVIRONMENT).as_dict()
    assert found["cause"] == cause
    assert found["message"].startswith(f"{what}. ")


JOB_ID = "0b8a1ff2-7d3e-4b5e-9a31-5a4c2c1d0e11"
UNPROVEN = FOR_PLAYBOOKS + json.dumps({"mail_job": JOB_ID, "status": "unproven", "workers": -1, "ahead": -1})
# As Redash 8 logs (CELERYD_WORKER_TASK_LOG_FORMAT) and Celery 4 says at the end of a task.
CELERY = "[2026-11-23 04:00:01,000][PID:31][INFO][Worker-1]"
OF_THE_JOB = f"[2026-11-23 04:00:01,200][PID:31][ERROR][Worker-1] task_name=redash.tasks.send_mail task_id={JOB_ID}"
SUCCEEDED = f"{CELERY} Task redash.tasks.send_mail[{JOB_ID}] succeeded in 0.12s: None"
OTHERS = f"{CELERY} Task redash.tasks.send_mail[another] succeeded in 0.12s: None"
FAILED = [
    f"{OF_THE_JOB} Failed sending message: a test",
    "Traceback (most recent call last):",
    '  File "/app/redash/tasks/general.py", line 50, in send_mail',
    "SMTPAuthenticationError: (535, '5.7.8 no such user')",
]


@pytest.mark.parametrize(
    ("logs", "sent", "cause"),
    [
        ([], None, "unproven"),
        ([[OTHERS], [f"{CELERY} Received task: redash.tasks.send_mail[{JOB_ID}]"]], None, "unproven"),
        ([[OTHERS], [OTHERS, SUCCEEDED]], True, ""),
        # Celery says "succeeded" of this one, too.
        ([[OTHERS], [*FAILED, SUCCEEDED]], False, "login_refused"),
        (
            [[f"{CELERY.replace('INFO', 'ERROR')} task_id=another Failed sending message: b", "socket.timeout: timed out", SUCCEEDED]],
            True,
            "",
        ),
    ],
)
def test_what_became_of_celerys_mail_is_in_its_workers_log(logs: list[list[str]], sent: bool | None, cause: str) -> None:
    found = proof.judge_queue(0, [UNPROVEN], "", ENVIRONMENT, logs)
    assert (found.sent, found.failure.cause if found.failure else "") == (sent, cause)


def test_where_the_log_does_not_tell_the_part_that_is_proven_is_said() -> None:
    message = proof.judge_queue(0, [UNPROVEN], "", ENVIRONMENT).as_dict()["message"]
    assert message.startswith("the emails queue: it is proven that a worker took the mail, not that it left")
    assert message.endswith("Look whether the second mail arrived.")


def test_how_many_were_ahead_is_told() -> None:
    found = proof.judge_queue(1, [report("queued", 2, 31)], "", ENVIRONMENT)
    assert "31 jobs were ahead of it" in found.as_dict()["message"]


def test_a_task_that_never_ran_is_told_in_its_own_words() -> None:
    found = proof.judge_direct(None, [], "no capacity in any zone", ENVIRONMENT)
    assert found.as_dict() == {
        "path": "send-test-mail",
        "sent": False,
        "cause": "task",
        "message": "send-test-mail: no capacity in any zone",
    }


GOOD = proof.Attempt("send-test-mail", True)
GOOD_QUEUE = proof.Attempt("the emails queue", True)
REFUSED = proof.Failure("refused", "smtp.example.com refuses connections on port 587", "Check redash_mail.port.")
NO_WORKER = proof.Failure("no_worker", "no worker takes jobs from it", "Look.")


def test_two_that_were_sent_are_a_success() -> None:
    assert proof.verdict(GOOD, GOOD_QUEUE) is None
    assert proof.verdict(GOOD, proof.Attempt("the emails queue", None, proof.Failure("unproven", "hidden"))) is None


def test_the_classic_fault_is_named_as_such() -> None:
    found = proof.verdict(GOOD, proof.Attempt("the emails queue", False, NO_WORKER))
    assert found is not None
    assert found.cause == "no_worker"
    assert found.what == (
        "The settings are right, but mails that Redash itself sends do not leave. the emails queue: no worker takes jobs from it. Look."
    )


def test_a_task_runner_that_alone_fails_is_named_as_such() -> None:
    found = proof.verdict(proof.Attempt("send-test-mail", False, REFUSED), GOOD_QUEUE)
    assert found is not None
    assert found.what.startswith("Mails that Redash itself sends do leave; only the one from the task runner does not. send-test-mail: ")


def test_the_same_failure_on_both_paths_is_said_once() -> None:
    found = proof.verdict(proof.Attempt("send-test-mail", False, REFUSED), proof.Attempt("the emails queue", False, REFUSED))
    assert found is not None
    assert (
        found.what == "No mail leaves, neither by send-test-mail nor by the emails queue: smtp.example.com refuses connections on port 587"
    )
    assert found.todo == "Check redash_mail.port."


def test_different_failures_are_both_said() -> None:
    found = proof.verdict(proof.Attempt("send-test-mail", False, REFUSED), proof.Attempt("the emails queue", False, NO_WORKER))
    assert found is not None
    assert found.what.startswith("No mail leaves. send-test-mail: smtp.example.com refuses")
    assert "the emails queue: no worker takes jobs from it" in found.what
