# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proving that mail arrives: the two commands that try it, and what their output means.

Two paths, since Redash has two: ``send-test-mail`` sends from the process that is asked, and everything
Redash itself mails (invitations, password resets) is a job on the queue ``emails`` that a worker sends.
The first can work while the second does not, which is the classic fault, and it is silent: the job only
logs what went wrong and counts as finished.

Both programs run inside the image with its own Python (2.7 to 3.13) and need nothing else there. The second ends with
a line for playbooks that says what became of the job; its exit code says nothing of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem
from ansible_collections.redash.ecs.plugins.module_utils.core.given_releases import expected
from ansible_collections.redash.ecs.plugins.module_utils.core.last_words import why
from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import FOR_PLAYBOOKS

DIRECT = "send-test-mail"
QUEUE = "the emails queue"

# Redash gives smtplib no time limit: a port that nobody answers on would hang until TCP gives up, minutes
# later. The default time limit of sockets is ours for this one process; libpq and redis-py have their own.
DIRECT_PROGRAM = """\
import socket, sys
socket.setdefaulttimeout(float(sys.argv[3]))
sys.argv = ["manage.py", sys.argv[1], sys.argv[2]]
from redash.cli import manager
manager()
"""

# Runs in the worker, as the job: RQ calls builtins.exec with this text. Redash's own send_mail is what
# sends; only its habit of logging a failure and going on is taken away, or the job would always succeed.
JOB = """\
import socket
from redash.tasks import general
def fail(*args, **kwargs):
    raise
before = socket.getdefaulttimeout()
socket.setdefaulttimeout(seconds)
general.logger.exception = fail
try:
    general.send_mail([recipient], subject, html, text)
finally:
    del general.logger.exception
    socket.setdefaulttimeout(before)
"""

RQ_PROGRAM = """\
import json, sys, time
from rq import Queue, Worker
from redash import rq_redis_connection as connection
job_text, recipient, subject, seconds, wait = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5])
text = "Redash sent this mail through its emails queue: invitations and password resets arrive."
values = {"recipient": recipient, "subject": subject, "html": "<p>" + text + "</p>", "text": text, "seconds": seconds}
queue = Queue("emails", connection=connection)
ahead = queue.count
job = queue.enqueue_call("builtins.exec", args=(job_text, values), timeout=int(wait), result_ttl=300, failure_ttl=300)
until = time.time() + wait
status = ""
while time.time() < until:
    status = str(getattr(job.get_status(), "value", job.get_status()))
    if status not in ("queued", "started", "deferred", "scheduled"):
        break
    time.sleep(0.5)
job.refresh()
workers = [worker for worker in Worker.all(connection=connection) if "emails" in worker.queue_names()]
if status == "failed":
    print(job.exc_info or "")
elif status == "queued":
    job.delete()
print("redash-ecs-result: " + json.dumps({"mail_job": job.id, "status": status, "workers": len(workers), "ahead": ahead}))
"""

# Celery (Redash up to 8): the job can't be changed on its way, and Redash's own swallows what went wrong. So a
# finished job proves that a worker took it; what became of the mail is in the worker's log (worker_log). Nor has it
# a time limit: with a mail server that says nothing it does not end, and the workers are asked who has it. There mails
# have no queue of their own but share the one that every task without another goes to.
CELERY_PROGRAM = """\
import json, sys
from celery.exceptions import TimeoutError
from redash.tasks import send_mail
from redash.worker import celery
recipient, subject, wait = sys.argv[2], sys.argv[3], float(sys.argv[5])
text = "Redash sent this mail through its queue: invitations and password resets arrive."
queue = celery.conf.task_default_queue
result = send_mail.delay([recipient], subject, "<p>" + text + "</p>", text)
status, workers = "unproven", -1
try:
    result.get(timeout=wait, propagate=False)
except TimeoutError:
    asked = celery.control.inspect(timeout=5)
    listening = (asked.active_queues() or {}).values()
    workers = len([queues for queues in listening if queue in [each["name"] for each in queues]])
    working = [task["id"] for tasks in (asked.active() or {}).values() for task in tasks]
    status = "started" if result.id in working else "queued"
    if status == "queued":
        result.revoke()
print("redash-ecs-result: " + json.dumps({"mail_job": result.id, "status": status, "workers": workers, "ahead": -1, "queue": queue}))
"""


def direct_command(version: str, recipient: str, seconds: int, releases: Mapping[str, Any] | None = None) -> list[str]:
    """The container command that sends one mail from the task runner; a silent server fails after ``seconds``."""
    return ["python", "-c", DIRECT_PROGRAM, expected(version, releases).command("send_test_mail"), recipient, str(seconds)]


def queue_command(version: str, recipient: str, subject: str, seconds: int, releases: Mapping[str, Any] | None = None) -> list[str]:
    """The container command that has a worker send one mail.

    ``seconds`` is for the mail server; a worker gets as long again, and half a minute, to take the job.
    """
    program = RQ_PROGRAM if expected(version, releases).queue_system == "rq" else CELERY_PROGRAM
    return ["python", "-c", program, JOB, recipient, subject, str(seconds), str(2 * seconds + 30)]


@dataclass(frozen=True)
class Rule:
    """One way in which a mail fails. ``pattern`` is searched in the last exception of the output."""

    cause: str
    pattern: re.Pattern[str]
    what: str
    todo: str


def _rule(cause: str, pattern: str, what: str, todo: str) -> Rule:
    return Rule(cause, re.compile(pattern, re.IGNORECASE), what, todo)


# The first that fits. {server} and {port} are the settings', {said} is the server's answer.
# Python 2.7 names several of these differently (socket.error, smtplib.SMTPException), hence the numbers.
RULES = (
    _rule(
        "no_sender",
        r"AssertionError.*(does not specify a sender|default sender)",
        "Redash has no sender: REDASH_MAIL_DEFAULT_SENDER does not reach this container",
        "Set redash_mail.default_sender and run mail.yml.",
    ),
    _rule("setting", r"ValueError: (Invalid boolean|invalid literal)", "a setting of mail is empty or no number: {said}", "Leave it out."),
    _rule(
        "name",
        r"gaierror|Name or service not known|Temporary failure in name resolution|nodename nor servname",
        "{server} has no address: the name is not found",
        "Check redash_mail.server; a private name needs the VPC's DNS.",
    ),
    _rule(
        "refused",
        r"ConnectionRefusedError|\[Errno 111\]",
        "{server} refuses connections on port {port}: no mail server listens there",
        "Check redash_mail.port, and the server's firewall.",
    ),
    _rule(
        "unreachable",
        r"\[Errno (101|113)\]|Network is unreachable|No route to host",
        "there is no way to {server}",
        "Check the subnets' route to a NAT gateway, and VPC peering.",
    ),
    _rule(
        "silent",
        r"SMTPServerDisconnected.*timed out",
        "{server}:{port} takes the connection and then says nothing",
        "The port may expect TLS from the first byte (465: security tls), or a firewall holds the connection.",
    ),
    _rule(
        "certificate",
        r"CERTIFICATE_VERIFY_FAILED|CertificateError",
        "{server}'s certificate is not trusted: {said}",
        "Use the name that the certificate is made for.",
    ),
    _rule(
        "tls_mismatch",
        r"WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|SSLV3_ALERT|record layer failure",
        "{server}:{port} does not speak TLS from the first byte",
        "Use redash_mail.security starttls (port 587), or the server's TLS port (465).",
    ),
    _rule(
        "tls_mismatch",
        r"ssl\.SSL\w*Error|\[SSL",
        "TLS with {server}:{port} fails: {said}",
        "Check redash_mail.security and port: 465 is tls, 587 is starttls.",
    ),
    _rule(
        "black_hole",
        r"(TimeoutError|socket\.timeout|timed out|\[Errno 110\]|JobTimeoutException)",
        "{server}:{port} does not answer at all: packets get lost on the way",
        "Check the security group's outgoing rules, the NAT gateway, the server's firewall; port 25 is blocked on Fargate.",
    ),
    _rule(
        "starttls_not_offered",
        r"STARTTLS extension not supported",
        "{server}:{port} does not offer STARTTLS",
        "Use the port that does (587), or security tls with 465; security none only inside your own network.",
    ),
    _rule(
        "login_not_offered",
        r"AUTH extension not supported|No suitable authentication method",
        "{server}:{port} takes no login over this connection",
        "Most servers offer it after STARTTLS only: set redash_mail.security starttls; a relay needs no username and password.",
    ),
    _rule(
        "login_refused",
        r"SMTPAuthenticationError|\b535\b",
        "{server} refuses the user name or password: {said}",
        "Check redash_mail.username and password.",
    ),
    _rule(
        "sender_refused",
        r"SMTPSenderRefused",
        "{server} refuses the sender {sender}: {said}",
        "Verify that address or its domain with the provider, or set redash_mail.default_sender.",
    ),
    _rule(
        "recipient_refused",
        r"SMTPRecipientsRefused",
        "{server} refuses the recipient: {said}",
        "Check mail_test_recipient; a server that relays for its own clients only has to know the NAT gateway's address.",
    ),
    _rule(
        "message_refused",
        r"SMTPDataError",
        "{server} refuses the mail: {said}",
        "What it says is the reason; look at the provider's console.",
    ),
    _rule(
        "disconnected",
        r"SMTPServerDisconnected|SMTPConnectError|SMTPHeloError|ConnectionResetError|\[Errno 104\]|BrokenPipe",
        "{server}:{port} ends the connection: {said}",
        "A port that expects TLS from the first byte does so (465: security tls), and so does a server that blocks this address.",
    ),
)

# What a provider means by its refusal, beyond what it says.
PROVIDER_TODO = {
    ("amazonaws.com", "login_refused"): "SES's SMTP password is valid in one region only; give access_key_id and secret_access_key.",
    (
        "amazonaws.com",
        "message_refused",
    ): "Verify the sender in SES in this region; in its sandbox the recipient too.",
    ("gmail.com", "login_refused"): "Google takes an app password here (2-step verification on), never the account's own.",
    ("sendgrid.net", "login_refused"): "SendGrid takes an API key with the right Mail Send as the password.",
    ("sendgrid.net", "sender_refused"): "Verify the sender identity or the domain in SendGrid.",
    ("sendgrid.net", "message_refused"): "Verify the sender identity or the domain in SendGrid.",
    (
        "mailgun.org",
        "login_refused",
    ): "Mailgun takes the domain's SMTP credentials (postmaster@<domain>); region eu is apart.",
}

# An exception at the beginning of a line: the last one is what ended the program. Python's chained ones
# come before it, and RQ and Redash put log lines around it.
LOGGED = re.compile(r"\[\d{4}-\d\d-\d\d")
SUCCEEDED = re.compile(r"Task \S+ succeeded in ")
EXCEPTION = re.compile(r"^(?P<name>[A-Za-z_][\w.]*(?:Error|Exception|Refused|Disconnected|timeout|error|Interrupt))(?::\s*(?P<text>.*))?$")
USAGE = re.compile(r"^(Usage:|Error: )")
SMTP_ANSWER = re.compile(r"(\d{3}),\s*b?(['\"])(.*?)\2")


@dataclass(frozen=True)
class Failure:
    """Why a mail did not leave. ``cause`` is a word for programs, the rest is for people."""

    cause: str
    what: str
    todo: str = ""


def explain(lines: Iterable[str], environment: Mapping[str, str]) -> Failure:
    """What the output of a failed attempt means.

    ``lines`` is everything it said, log noise included; ``environment`` are the settings that it ran with
    (REDASH_MAIL_*). Knows Python 2.7's and 3's wording.
    """
    texts = [line.rstrip() for line in lines if not line.startswith(FOR_PLAYBOOKS)]
    found = [match for match in (EXCEPTION.match(line) for line in texts) if match]
    if not found:
        words = why(texts)
        said = next((line for line in reversed(texts) if USAGE.match(line)), "") or (words.said if words else "")
        todo = (words.todo if words else "") or "Look at the lines above."
        return Failure("unknown", f"it ended without saying why{': ' + said if said else ''}", todo)
    # The last exception is what ended it; but smtplib, cleaning up after a failure, complains once more
    # that there is no connection.
    last = next((match for match in reversed(found) if match.group("text") != "please run connect() first"), found[-1])
    text = last.group("text") or ""
    line = f"{last.group('name')}: {text}"
    server = environment.get("REDASH_MAIL_SERVER", "localhost")
    known = {
        "server": server,
        "port": environment.get("REDASH_MAIL_PORT", "25"),
        "sender": environment.get("REDASH_MAIL_DEFAULT_SENDER", "(none)"),
        "said": _said(text) or last.group("name"),
    }
    for rule in RULES:
        if rule.pattern.search(line):
            todo = next(
                (hint for (domain, cause), hint in PROVIDER_TODO.items() if cause == rule.cause and server.endswith(domain)), rule.todo
            )
            return Failure(rule.cause, rule.what.format(**known), todo)
    return Failure("unknown", f"{last.group('name')}: {text}".rstrip(": "), "Look at the lines above.")


def _said(text: str) -> str:
    """The server's answer out of an exception's text: ``(535, b'5.7.8 no')`` -> ``535 5.7.8 no``."""
    match = SMTP_ANSWER.search(text)
    if not match:
        return text.strip()
    return f"{match.group(1)} {match.group(3)}".replace("\\n", " ").replace("\\r", "").strip()


UNPROVEN = Failure(
    "unproven",
    "it is proven that a worker took the mail, not that it left: this release says so in the worker's log alone, which does not tell",
    "Look whether the second mail arrived.",
)


@dataclass(frozen=True)
class Attempt:
    """One path's outcome. ``sent`` is None when the release can't tell."""

    path: str
    sent: bool | None
    failure: Failure | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "sent": self.sent,
            "cause": self.failure.cause if self.failure else "",
            "message": str(Problem(self.failure.what, self.path, self.failure.todo)) if self.failure else "",
        }


def _unread(problem: str) -> Failure:
    """The command ended, and what it said could not be read."""
    return Failure("log", f"what it said could not be read: {problem.rstrip('.')}", "Run mail.yml again when the log can be read.")


def without_worker_log(attempt: Attempt, problem: str) -> Attempt:
    """An unproven attempt whose worker's log could not be read, and why."""
    return replace(attempt, failure=replace(UNPROVEN, what=f"{UNPROVEN.what} (it could not be read: {problem.rstrip('.')})"))


def judge_direct(
    rc: int | None,
    lines: Sequence[str],
    message: str,
    environment: Mapping[str, str],
    command: str = DIRECT,
    log_problem: str = "",
) -> Attempt:
    """Outcome of ``direct_command``. ``rc`` is None when the task never ran or was stopped; then ``message`` says why.

    ``command`` as the release spells it.
    ``log_problem`` why its log could not be read whole, empty where it was: a failure whose reason is missing says so.
    """
    if rc == 0:
        return Attempt(command, True)
    if rc is None:
        return Attempt(command, False, Failure("task", message or "the task did not end"))
    if log_problem:
        return Attempt(command, False, _unread(log_problem))
    return Attempt(command, False, explain(lines, environment))


def worker_log(job: str, lines: Iterable[str], environment: Mapping[str, str]) -> Attempt | None:
    """What Celery's worker logged of a mail; None where it says nothing (yet), or logs too little to tell.

    Redash 8 logs each line of a job with its task_id, a failure as "Failed sending message" with the traceback behind it,
    and goes on; Celery then says that the task succeeded. So success is the second without the first.
    """
    texts = [line.rstrip() for line in lines]
    for number, text in enumerate(texts):
        if job in text and "Failed sending message" in text:
            following = texts[number + 1 :]
            end = next((place for place, line in enumerate(following) if LOGGED.match(line)), len(following))
            return Attempt(QUEUE, False, explain(following[:end], environment))
    if any(job in text and SUCCEEDED.search(text) for text in texts):
        return Attempt(QUEUE, True)
    return None


def judge_queue(
    rc: int | None,
    lines: Sequence[str],
    message: str,
    environment: Mapping[str, str],
    worker_lines: Iterable[Sequence[str]] = (),
    log_problem: str = "",
) -> Attempt:
    """Outcome of ``queue_command``. ``worker_lines`` is what each worker's container logged, where that is needed to tell.

    ``log_problem`` why the command's log could not be read whole, empty where it was.
    """
    if rc is None:
        return Attempt(QUEUE, False, Failure("task", message or "the task did not end"))
    report = next((found for found in map(_report, reversed(lines)) if found), None)
    if report is None and log_problem:
        return Attempt(QUEUE, False, _unread(log_problem))
    if report is None:
        return Attempt(QUEUE, False, explain(lines, environment))
    path = f"the {report['queue']} queue" if report.get("queue") else QUEUE
    status = report["status"]
    if status == "finished":
        return Attempt(path, True)
    if status == "unproven":
        told = [found for found in (worker_log(str(report["mail_job"]), log, environment) for log in worker_lines) if found]
        return replace(told[0], path=path) if told else Attempt(path, None, UNPROVEN)
    if status == "failed":
        return Attempt(path, False, explain(lines, environment))
    if status == "queued" and report["workers"] == 0:
        return Attempt(
            path, False, Failure("no_worker", "no worker takes jobs from it", "Check that the worker runs: ansible-playbook status.yml.")
        )
    if status == "queued":
        ahead = f", {report['ahead']} jobs were ahead of it" if report["ahead"] > 0 else ""
        return Attempt(
            path, False, Failure("busy", f"no worker took the mail in time{ahead}", "Look at the workers' logs, or raise mail_timeout.")
        )
    if status == "started":
        return Attempt(
            path,
            False,
            Failure(
                "stuck",
                "a worker took the mail and is still at it",
                "The mail server may say nothing, and Redash waits for it without a limit: look at the workers' logs.",
            ),
        )
    return Attempt(
        path, False, Failure("stuck", f"a worker took the mail, and its job {status or 'vanished'}", "Look at the workers' logs.")
    )


def _report(line: str) -> dict[str, Any] | None:
    if not line.startswith(FOR_PLAYBOOKS):
        return None
    try:
        report = json.loads(line.removeprefix(FOR_PLAYBOOKS))
    except ValueError:
        return None
    return report if isinstance(report, dict) and {"mail_job", "status"} <= report.keys() else None


def verdict(direct: Attempt, queue: Attempt) -> Failure | None:
    """What both together mean; None when nothing failed.

    Only the difference between the two tells whether the settings or the workers are at fault.
    """
    if direct.sent is not False and queue.sent is not False:
        return None
    parts = [str(Problem(attempt.failure.what, attempt.path, attempt.failure.todo)) for attempt in (direct, queue) if attempt.failure]
    if direct.sent and queue.sent is False:
        lead = "The settings are right, but mails that Redash itself sends do not leave."
    elif queue.sent and direct.sent is False:
        lead = "Mails that Redash itself sends do leave; only the one from the task runner does not."
    elif direct.failure and queue.failure and direct.failure == queue.failure and direct.failure.cause == "task":
        return Failure("task", f"Neither test mail could be tried: {direct.failure.what}", direct.failure.todo)
    elif direct.failure and queue.failure and direct.failure == queue.failure:
        return Failure(
            direct.failure.cause,
            f"No mail leaves, neither by {direct.path} nor by {queue.path}: {direct.failure.what}",
            direct.failure.todo,
        )
    else:
        lead = "No mail leaves."
    failed = queue if direct.sent else direct
    return Failure(failed.failure.cause if failed.failure else "unknown", " ".join([lead, *parts]))
