# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters of the role mail: ``redash_mail`` as settings, secret and refusals; the proof and its verdict.

Filters and no module: they work wherever a playbook renders or makes secrets, so mail can't be left out
by one of them, and neither a password nor an IAM key is ever an argument or a result of a task that could
show it. Their documentation is beside this file, one .yml each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.redash.ecs.plugins.module_utils.core import mail as core
from ansible_collections.redash.ecs.plugins.module_utils.core import mail_proof
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError


def mail_problems(mail: Any, region: str = "", settings: Mapping[str, Any] | None = None) -> list[str]:
    """Everything that is wrong with ``redash_mail``, a line each; empty when nothing is."""
    try:
        core.read(mail, region=region, settings=settings)
    except RedashError as error:
        return [str(problem) for problem in error.problems]
    return []


def mail_environment(mail: Any, region: str = "", settings: Mapping[str, Any] | None = None) -> dict[str, str]:
    """REDASH_MAIL_* without the password."""
    return _checked(lambda: core.environment(mail, region=region, settings=settings))


def mail_secrets(mail: Any, region: str = "") -> dict[str, str]:
    """The password as a secret to be stored: ``{"mail_password": ...}``, or nothing."""
    read = _checked(lambda: core.read(mail, region=region))
    return read.secrets if read else {}


def mail_references(mail: Any, prefix: str, region: str = "") -> dict[str, str]:
    """Environment variable -> parameter of the password, or nothing."""
    read = _checked(lambda: core.read(mail, region=region))
    if read is None:
        return {}
    return read.references or ({core.PASSWORD_VARIABLE: f"{prefix}/{core.SECRET_NAME}"} if read.secrets else {})


def mail_host(host: str, settings: Mapping[str, Any] | None = None) -> str:
    """REDASH_HOST in the form that links in mails need."""
    return core.host_setting(host, multi_org=core.is_multi_org(settings or {}))


def mail_direct_command(version: str, recipient: str, seconds: int, releases: Mapping[str, Any] | None = None) -> list[str]:
    """The container command of the first proof."""
    return _checked(lambda: mail_proof.direct_command(version, recipient, int(seconds), releases))


def mail_queue_command(version: str, recipient: str, subject: str, seconds: int, releases: Mapping[str, Any] | None = None) -> list[str]:
    """The container command of the second proof."""
    return _checked(lambda: mail_proof.queue_command(version, recipient, subject, int(seconds), releases))


def mail_verdict(
    direct: Mapping[str, Any],
    queue: Mapping[str, Any],
    environment: Mapping[str, str],
    logs: Mapping[str, Any] | None = None,
    command: str = mail_proof.DIRECT,
) -> dict[str, Any]:
    """What two results of redash_ecs_task say about mail; ``logs``, of redash_ecs_logs, where the second can't tell.

    ``command`` the first one's name in the release that runs.
    """
    workers = [stream["lines"] for stream in (logs or {}).get("streams") or []]
    first = mail_proof.judge_direct(
        direct.get("rc"),
        direct.get("stdout_lines", []),
        str(direct.get("msg", "")),
        environment,
        command,
        str(direct.get("log_problem") or ""),
    )
    second = mail_proof.judge_queue(
        queue.get("rc"), queue.get("stdout_lines", []), str(queue.get("msg", "")), environment, workers, str(queue.get("log_problem") or "")
    )
    if second.failure == mail_proof.UNPROVEN and logs and not workers:
        second = mail_proof.without_worker_log(second, str(logs.get("msg") or "no worker runs"))
    failure = mail_proof.verdict(first, second)
    return {
        "sent": failure is None,
        "cause": failure.cause if failure else "",
        "message": " ".join(f"{failure.what.rstrip('.')}. {failure.todo}".split()) if failure else "",
        "direct": first.as_dict(),
        "queue": second.as_dict(),
    }


def _checked(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except RedashError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "mail_problems": mail_problems,
            "mail_environment": mail_environment,
            "mail_secrets": mail_secrets,
            "mail_references": mail_references,
            "mail_host": mail_host,
            "mail_direct_command": mail_direct_command,
            "mail_queue_command": mail_queue_command,
            "mail_verdict": mail_verdict,
        }
