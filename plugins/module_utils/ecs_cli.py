# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_ecs_cli: ecs-cli as a process, in the account of every other module, and no longer than it may take."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import frozen_credentials
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import ecs_cli
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

ARGUMENT_SPEC: dict[str, Any] = {
    "argv": {"type": "list", "elements": "str", "required": True},
    "home": {"type": "path", "required": True},
    "chdir": {"type": "path"},
    "timeout": {"type": "int", "default": 600},
}
SPECIFICATION: dict[str, Any] = {"argument_spec": ARGUMENT_SPEC}

# Seconds between SIGTERM and SIGKILL.
GRACE = 5.0
MASK = "********"


def environment(environ: Mapping[str, str], home: str, region: str | None, credentials: Mapping[str, str]) -> dict[str, str]:
    """ecs-cli's environment: ``environ`` without AWS's and ecs-cli's own variables, with these credentials alone.

    ecs-cli prefers AWS_PROFILE and its own ECS_PROFILE to a key (seen on 1.21): an inherited one leads to another account.
    AWS_CA_BUNDLE and the files of profiles stay out, too: the credentials are found already.
    """
    result = {name: value for name, value in environ.items() if not name.startswith(("AWS_", "ECS_"))}
    # HOME keeps ecs-cli's configuration and its cache apart from a person's own.
    result["HOME"] = home
    given = {
        "AWS_ACCESS_KEY_ID": credentials["access_key"],
        "AWS_SECRET_ACCESS_KEY": credentials["secret_key"],
        "AWS_SESSION_TOKEN": credentials["session_token"],
        "AWS_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    # For a CA of one's own the bundle is needed, and says nothing about the account.
    if environ.get("AWS_CA_BUNDLE"):
        given["AWS_CA_BUNDLE"] = environ["AWS_CA_BUNDLE"]
    return {**result, **{name: value for name, value in given.items() if value}}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Run ecs-cli once, reporting its lines as they come; in check mode not at all.

    Returns ``changed``, ``output`` (its lines) and, after ``create`` and ``service up``, ``task_definition`` (``family:revision``).
    Raises RedashError when it ends with another code than 0, says an error, or takes longer than ``timeout`` seconds.
    """
    if context.check_mode:
        return {"changed": False, "output": []}
    credentials = frozen_credentials(params, "redash_ecs_cli")
    environ = environment(os.environ, params["home"], params.get("region"), credentials)
    secrets = [value for name, value in credentials.items() if value and name != "access_key"]
    lines: list[str] = []
    code = None
    with _process(params, environ) as (process, expired):
        for line in process.stdout or ():
            said = _masked(line.rstrip("\n"), secrets)
            lines.append(said)
            context.report(said)
        code = process.wait()
        if expired.is_set():
            todo = f"See its last lines: {' '.join(lines[-3:]) or 'it said nothing'}. Raise ecs_cli_service_timeout if it needs longer."
            raise RedashError(Problem(f"did not end within {params['timeout']} seconds, and was stopped", "ecs-cli", todo))
    output = "\n".join(lines)
    # ecs-cli ends with 0 although a creation failed: what it says decides.
    if code or ecs_cli.FATAL.search(output):
        said = ecs_cli.complaint(output) or f"it ended with code {code} and said nothing"
        raise RedashError(f"ecs-cli: {said}")
    result: dict[str, Any] = {"changed": ecs_cli.changed(output), "output": lines}
    if ecs_cli.registers(params["argv"]):
        result["task_definition"] = ecs_cli.used_task_definition(output)
    return result


@contextlib.contextmanager
def _process(params: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[str], threading.Event]]:
    """ecs-cli in a process group of its own, and what is set when its time is over. No process of it outlives the block."""
    expired = threading.Event()
    try:
        process = subprocess.Popen(
            params["argv"],
            cwd=params.get("chdir"),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        todo = "Check ecs_cli_service_binary."
        raise RedashError(Problem(f"{params['argv'][0]} can't be started: {error.strerror}", "ecs-cli", todo)) from error

    def expire() -> None:
        expired.set()
        _stop(process)

    timer = threading.Timer(params["timeout"], expire)
    timer.daemon = True
    timer.start()
    try:
        yield process, expired
    finally:
        timer.cancel()
        _stop(process)
        if process.stdout:
            process.stdout.close()


def _stop(process: subprocess.Popen[str]) -> None:
    """Stop the whole group: a child of ecs-cli that held its output would keep it open for ever."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)


def _masked(line: str, secrets: list[str]) -> str:
    for secret in secrets:
        line = line.replace(secret, MASK)
    return line
