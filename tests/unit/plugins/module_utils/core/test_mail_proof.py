"""The two commands that prove mail, and what their output means.

tests/integration/mail runs both against real servers; what is here are the shapes that those don't make:
Python 2.7's wording, log noise around it, providers, tasks that never ran, and what both paths mean together.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core import last_words
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
    assert proof.direct_command(version, "ada@example.com", 20) == ["python", "-c", proof.DIRECT_PROGRAM, name, "ada@example.com", "20"]


@pytest.mark.parametrize(("version", "system"), [("8.0.0", "celery"), ("9.0.0-beta", "rq"), ("26.3.0", "rq")])
def test_the_queue_is_asked_in_the_releases_own_way(version: str, system: str) -> None:
    command = proof.queue_command(version, "ada@example.com", "A test", 20)
    assert f"from {system}" in command[2]
    assert command == ["python", "-c", command[2], proof.JOB, "ada@example.com", "A test", "20", "70"]


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
    assert proof.queue_command("26.9.0", "a@b.c", "s", 1, {"26.9.0": {"like": "8.0.0"}})[2] == proof.CELERY_PROGRAM


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
    found = proof.explain(traceback(r"smtplib.SMTPAuthenticationError: (535, b'5.7.8 not accepted\r\n5.7.8 see support')"), ENVIRONMENT)
    assert found.what == "smtp.example.com refuses the user name or password: 535 5.7.8 not accepted 5.7.8 see support"


@pytest.mark.parametrize(
    ("last", "what", "todo"),
    [
        (
            "AssertionError: The message does not specify a sender and a default sender has not been configured",
            "Redash has no sender: REDASH_MAIL_DEFAULT_SENDER does not reach this container",
            "Set redash_mail.default_sender and run mail.yml.",
        ),
        ("ValueError: Invalid boolean value ''", "a setting of mail is empty or no number: Invalid boolean value ''", "Leave it out."),
        ("socket.gaierror: nodename nor servname provided, or not known", "smtp.example.com has no address: the name is not found", ""),
        ("OSError: [Errno 111] x", "smtp.example.com refuses connections on port 587: no mail server listens there", ""),
        ("OSError: [Errno 101] x", "there is no way to smtp.example.com", ""),
        ("OSError: [Errno 113] x", "there is no way to smtp.example.com", ""),
        ("OSError: Network is unreachable", "there is no way to smtp.example.com", ""),
        ("OSError: No route to host", "there is no way to smtp.example.com", ""),
        ("smtplib.SMTPServerDisconnected: timed out", "smtp.example.com:587 takes the connection and then says nothing", ""),
        ("ssl.CertificateError: other name", "smtp.example.com's certificate is not trusted: other name", ""),
        ("ssl.SSLError: SSLV3_ALERT_HANDSHAKE", "smtp.example.com:587 does not speak TLS from the first byte", ""),
        ("ssl.SSLEOFError: EOF", "TLS with smtp.example.com:587 fails: EOF", ""),
        ("OSError: [Errno 110] x", "smtp.example.com:587 does not answer at all: packets get lost on the way", ""),
        ("smtplib.SMTPException: No suitable authentication method found.", "smtp.example.com:587 takes no login over this connection", ""),
        ("smtplib.SMTPSenderRefused: (553, b'no')", "smtp.example.com refuses the sender redash@example.com: 553 no", ""),
        ("smtplib.SMTPRecipientsRefused: {'a@b.c': (550, b'no')}", "smtp.example.com refuses the recipient: 550 no", ""),
        ("smtplib.SMTPDataError: (554, b'no')", "smtp.example.com refuses the mail: 554 no", ""),
        ("smtplib.SMTPResponseException: 535 no", "smtp.example.com refuses the user name or password: 535 no", ""),
        ("smtplib.SMTPHeloError: (501, b'no')", "smtp.example.com:587 ends the connection: 501 no", ""),
        ("ConnectionResetError: gone", "smtp.example.com:587 ends the connection: gone", ""),
        ("OSError: [Errno 104] x", "smtp.example.com:587 ends the connection: [Errno 104] x", ""),
        ("BrokenPipeError: gone", "smtp.example.com:587 ends the connection: gone", ""),
        # Without a word of its own, the exception's name is all there is.
        ("smtplib.SMTPServerDisconnected", "smtp.example.com:587 ends the connection: smtplib.SMTPServerDisconnected", ""),
        ("KeyError: 'x'", "KeyError: 'x'", "Look at the lines above."),
        ("KeyError", "KeyError", "Look at the lines above."),
    ],
)
def test_each_cause_is_told_with_the_settings_that_it_had(last: str, what: str, todo: str) -> None:
    found = proof.explain(traceback(last), ENVIRONMENT)
    assert found.what == what
    assert found.todo == todo if todo else found.todo


def test_without_settings_it_is_redashs_own_defaults_that_are_told() -> None:
    told = [proof.explain(traceback(last), {}).what for last in ("OSError: [Errno 110] x", "smtplib.SMTPSenderRefused: (553, b'no')")]
    assert told == [
        "localhost:25 does not answer at all: packets get lost on the way",
        "localhost refuses the sender (none): 553 no",
    ]


def test_of_two_exceptions_the_last_one_counts_and_the_programs_own_line_is_none() -> None:
    lines = [*traceback("KeyError: 'first'"), *traceback("socket.timeout: timed out"), FOR_PLAYBOOKS + "KeyError: 'x'"]
    assert proof.explain(lines, ENVIRONMENT).cause == "black_hole"
    # Nothing but smtplib's last complaint: better than nothing.
    only = proof.explain(traceback("smtplib.SMTPServerDisconnected: please run connect() first"), ENVIRONMENT)
    assert (only.cause, only.what) == ("disconnected", "smtp.example.com:587 ends the connection: please run connect() first")


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
        ("smtp.sendgrid.net", "smtplib.SMTPDataError: (550, b'does not match a verified Sender Identity')", "SendGrid"),
        ("smtp.mailgun.org", "smtplib.SMTPAuthenticationError: (535, b'5.7.0 Mailgun is not loving your login')", "Mailgun"),
        ("smtp.example.com", "smtplib.SMTPAuthenticationError: (535, b'no')", "redash_mail.username and password"),
    ],
)
def test_a_providers_own_meaning_is_told(server: str, last: str, told: str) -> None:
    assert told in proof.explain(traceback(last), {**ENVIRONMENT, "REDASH_MAIL_SERVER": server}).todo


@pytest.mark.parametrize(
    ("lines", "said", "todo"),
    [
        ([], "it ended without saying why", "Look at the lines above."),
        (
            ["", NOISE, "Error: No such command 'send_test_mail'."],
            "it ended without saying why: Error: No such command 'send_test_mail'.",
            None,
        ),
        (["Error: first", "Usage: manage.py", "Killed"], "it ended without saying why: Usage: manage.py", None),
        (["Killed"], "it ended without saying why: Killed", None),
    ],
)
def test_an_end_without_an_exception_is_told_with_its_last_words(lines: list[str], said: str, todo: str | None) -> None:
    found = proof.explain(lines, ENVIRONMENT)
    assert (found.cause, found.what) == ("unknown", said)
    words = last_words.why(lines)
    assert found.todo == todo if todo else found.todo == ((words.todo if words else "") or "Look at the lines above.")


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
    ("report_", "message"),
    [
        (
            report("queued", 0),
            "the emails queue: no worker takes jobs from it. Check that the worker runs: ansible-playbook status.yml.",
        ),
        (
            report("queued", 2, 1),
            "the emails queue: no worker took the mail in time, 1 jobs were ahead of it. Look at the workers' logs, or raise mail_timeout.",
        ),
        (
            report("queued", 1, 0),
            "the emails queue: no worker took the mail in time. Look at the workers' logs, or raise mail_timeout.",
        ),
        (
            report("started"),
            "the emails queue: a worker took the mail and is still at it."
            " The mail server may say nothing, and Redash waits for it without a limit: look at the workers' logs.",
        ),
        (report("canceled"), "the emails queue: a worker took the mail, and its job canceled. Look at the workers' logs."),
        (report(""), "the emails queue: a worker took the mail, and its job vanished. Look at the workers' logs."),
    ],
)
def test_a_mail_that_stayed_in_the_queue_is_told_with_what_to_look_at(report_: str, message: str) -> None:
    assert proof.judge_queue(1, ["x", report_, "y"], "", ENVIRONMENT).as_dict() == {
        "path": "the emails queue",
        "sent": False,
        "cause": proof.judge_queue(1, [report_], "", ENVIRONMENT).as_dict()["cause"],
        "message": message,
    }


@pytest.mark.parametrize(
    "line",
    ["[1]", '{"mail_job": "1"}', '{"status": "finished"}', "5", "null"],
)
def test_a_report_of_another_form_is_none(line: str) -> None:
    found = proof.judge_queue(0, [FOR_PLAYBOOKS + line], "", ENVIRONMENT)
    assert (found.path, found.sent, found.failure) == ("the emails queue", False, proof.explain([], ENVIRONMENT))


def test_a_report_needs_no_more_than_the_job_and_its_status() -> None:
    assert proof.judge_queue(0, [FOR_PLAYBOOKS + '{"mail_job": "1", "status": "finished"}'], "", ENVIRONMENT).sent is True


def test_the_last_report_counts() -> None:
    assert proof.judge_queue(0, [report("queued"), report("finished")], "", ENVIRONMENT).sent is True


OF_CELERY = FOR_PLAYBOOKS + json.dumps({"mail_job": "1", "status": "finished", "workers": 1, "ahead": -1, "queue": "celery"})
FAILED_JOB = OF_CELERY.replace("finished", "failed")


def test_both_paths_say_what_failed_in_the_server_s_words() -> None:
    lines = traceback("smtplib.SMTPDataError: (554, b'no')")
    direct = proof.judge_direct(1, lines, "ignored", ENVIRONMENT, "send_test_mail")
    assert direct == proof.Attempt("send_test_mail", False, proof.explain(lines, ENVIRONMENT))
    assert "smtp.example.com refuses the mail: 554 no" in direct.as_dict()["message"]
    queue = proof.judge_queue(0, [*lines, FAILED_JOB], "ignored", ENVIRONMENT)
    assert queue == proof.Attempt("the celery queue", False, proof.explain(lines, ENVIRONMENT))
    assert proof.judge_queue(1, lines, "ignored", ENVIRONMENT) == proof.Attempt("the emails queue", False, direct.failure)


def test_both_paths_say_that_it_was_sent() -> None:
    assert proof.judge_direct(0, ["x"], "", ENVIRONMENT) == proof.Attempt("send-test-mail", True)
    assert proof.judge_direct(0, ["x"], "", ENVIRONMENT, "send_test_mail").as_dict() == {
        "path": "send_test_mail",
        "sent": True,
        "cause": "",
        "message": "",
    }
    assert proof.judge_queue(0, [OF_CELERY], "", ENVIRONMENT) == proof.Attempt("the celery queue", True)


def test_a_log_that_could_not_be_read_is_said_and_is_no_failure_of_the_mail() -> None:
    unread = proof.Failure("log", "what it said could not be read: AccessDenied", "Run mail.yml again when the log can be read.")
    assert proof.judge_direct(1, [], "", ENVIRONMENT, "send_test_mail", "AccessDenied.") == proof.Attempt("send_test_mail", False, unread)
    assert proof.judge_queue(1, [], "", ENVIRONMENT, log_problem="AccessDenied.") == proof.Attempt("the emails queue", False, unread)
    # What was read counts.
    assert proof.judge_direct(0, [], "", ENVIRONMENT, log_problem="AccessDenied").sent is True
    assert proof.judge_queue(1, [report("finished")], "", ENVIRONMENT, log_problem="AccessDenied").sent is True


def test_a_task_that_did_not_end_says_at_least_that() -> None:
    never = proof.Failure("task", "the task did not end")
    assert proof.judge_direct(None, [], "", ENVIRONMENT, "send_test_mail", "AccessDenied") == proof.Attempt("send_test_mail", False, never)
    assert proof.judge_queue(None, [], "", ENVIRONMENT, log_problem="AccessDenied") == proof.Attempt("the emails queue", False, never)
    assert proof.judge_queue(None, [], "no capacity", ENVIRONMENT).failure == proof.Failure("task", "no capacity")


def test_a_worker_s_log_that_could_not_be_read_leaves_it_open() -> None:
    attempt = proof.judge_queue(0, [OF_CELERY.replace("finished", "unproven")], "", ENVIRONMENT)
    assert attempt == proof.Attempt("the celery queue", None, proof.UNPROVEN)
    told = proof.without_worker_log(attempt, "AccessDenied.").as_dict()
    assert (told["path"], told["sent"], told["cause"]) == ("the celery queue", None, "unproven")
    assert told["message"].endswith(" which does not tell (it could not be read: AccessDenied). Look whether the second mail arrived.")


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
    in_celery = UNPROVEN.replace('"ahead"', '"queue": "celery", "ahead"')
    assert proof.judge_queue(0, [in_celery], "", ENVIRONMENT, logs) == replace(found, path="the celery queue")


def test_of_a_worker_s_log_only_the_job_s_own_traceback_counts() -> None:
    """Up to the next line that Redash logs; with the settings that the mail was sent with."""
    later = [f"{CELERY} another job", "socket.timeout: timed out"]
    found = proof.worker_log(JOB_ID, ["KeyError: 'before'", *(f"{line}  " for line in FAILED), *later], ENVIRONMENT)
    assert found == proof.Attempt("the emails queue", False, proof.explain(FAILED[1:], ENVIRONMENT))
    assert found.failure is not None
    assert found.failure.what == "smtp.example.com refuses the user name or password: 535 5.7.8 no such user"
    assert proof.worker_log(JOB_ID, FAILED, ENVIRONMENT) == found
    assert proof.worker_log(JOB_ID, [SUCCEEDED], ENVIRONMENT) == proof.Attempt("the emails queue", True)
    assert proof.worker_log("another job's", [*FAILED, SUCCEEDED], ENVIRONMENT) is None


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


DIRECT_REFUSED = "send-test-mail: smtp.example.com refuses connections on port 587. Check redash_mail.port."
QUEUE_REFUSED = DIRECT_REFUSED.replace("send-test-mail", "the emails queue")
QUEUE_IDLE = "the emails queue: no worker takes jobs from it. Look."
UNTRIED = proof.Failure("task", "no capacity", "Try again.")
OPEN = proof.Failure("unproven", "it is open", "Look.")


@pytest.mark.parametrize(
    ("direct", "queue", "cause", "what", "todo"),
    [
        (
            (False, REFUSED),
            (True, None),
            "refused",
            f"Mails that Redash itself sends do leave; only the one from the task runner does not. {DIRECT_REFUSED}",
            "",
        ),
        ((True, None), (False, None), "unknown", "The settings are right, but mails that Redash itself sends do not leave.", ""),
        (
            (False, None),
            (True, None),
            "unknown",
            "Mails that Redash itself sends do leave; only the one from the task runner does not.",
            "",
        ),
        (
            (False, REFUSED),
            (False, REFUSED),
            "refused",
            "No mail leaves, neither by send-test-mail nor by the emails queue: smtp.example.com refuses connections on port 587",
            "Check redash_mail.port.",
        ),
        ((False, REFUSED), (False, NO_WORKER), "refused", f"No mail leaves. {DIRECT_REFUSED} {QUEUE_IDLE}", ""),
        ((False, UNTRIED), (False, UNTRIED), "task", "Neither test mail could be tried: no capacity", "Try again."),
        (
            (False, UNTRIED),
            (False, REFUSED),
            "task",
            f"No mail leaves. send-test-mail: no capacity. Try again. {QUEUE_REFUSED}",
            "",
        ),
        ((False, REFUSED), (None, OPEN), "refused", f"No mail leaves. {DIRECT_REFUSED} the emails queue: it is open. Look.", ""),
        ((False, REFUSED), (False, None), "refused", f"No mail leaves. {DIRECT_REFUSED}", ""),
        ((False, None), (False, REFUSED), "unknown", f"No mail leaves. {QUEUE_REFUSED}", ""),
        ((False, None), (False, None), "unknown", "No mail leaves.", ""),
    ],
)
def test_only_the_difference_between_both_paths_tells_what_is_at_fault(
    direct: tuple[bool | None, proof.Failure | None],
    queue: tuple[bool | None, proof.Failure | None],
    cause: str,
    what: str,
    todo: str,
) -> None:
    found = proof.verdict(proof.Attempt("send-test-mail", *direct), proof.Attempt("the emails queue", *queue))
    assert found == proof.Failure(cause, what, todo)
