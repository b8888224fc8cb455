# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A playbook run as AWX runs it, at -vvvv and with diffs, while every secret that there is is looked for wherever it could be read."""

from __future__ import annotations

import base64
import contextlib
import os
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ansible_runner

ROOT = Path(__file__).resolve().parents[2]


def stored(client: Callable[[str], Any], path: str = "/redash") -> dict[str, str]:
    """Every secret in both stores, by its name."""
    pages = client("ssm").get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True, WithDecryption=True)
    found = {one["Name"]: one["Value"] for page in pages for one in page["Parameters"] if one["Type"] == "SecureString"}
    manager = client("secretsmanager")
    for page in manager.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [path]}]):
        for one in page["SecretList"]:
            # A rotation may take one away in between.
            with contextlib.suppress(manager.exceptions.ResourceNotFoundException):
                found[one["Name"] + " "] = manager.get_secret_value(SecretId=one["ARN"])["SecretString"]
    return found


@dataclass
class Hunted:
    """What a run left: how it ended, what it printed, and where a secret was found (``leaks``) of all that was searched."""

    status: str = ""
    output: str = ""
    leaks: list[str] = field(default_factory=list)
    searched: list[str] = field(default_factory=list)
    secrets: dict[str, set[str]] = field(default_factory=dict)
    command_lines: int = 0

    def clean(self) -> None:
        """The run went well, no secret is anywhere, and the search did look everywhere: a test that looks nowhere finds nothing, too."""
        assert self.status == "successful", self.output[-6000:]
        assert not self.leaks, self.leaks  # names and places; no value
        assert self.command_lines > 10, "the process list was not sampled"
        assert len(self.secrets) >= 2, "there was nothing to look for"
        for place in ("job_events/", "/stdout", "terraform.tfstate", "task definition redash", "log /"):
            assert any(place in searched for searched in self.searched), f"nothing of {place} was searched: {self.searched}"


def encoded(value: str) -> set[str]:
    """The value, and the core of what it is in base64 wherever in a longer text it begins."""
    raw = value.encode()
    cores = {base64.b64encode(b"x" * before + raw).decode()[4 if before else 0 : -4] for before in range(3)}
    return {value, *cores}


def container_logs(client: Callable[[str], Any]) -> dict[str, str]:
    """What containers logged, by log stream. Stream by stream: the emulator's FilterLogEvents ends after 10 000 events without a word."""
    logs = client("logs")
    groups = [group["logGroupName"] for page in logs.get_paginator("describe_log_groups").paginate() for group in page["logGroups"]]
    streams = [
        (group, stream["logStreamName"])
        for group in groups
        for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group)
        for stream in page["logStreams"]
    ]
    return {f"log {group} {stream}": "\n".join(stream_messages(logs, group, stream)) for group, stream in streams}


def stream_messages(logs: Any, group: str, stream: str) -> Iterator[str]:
    """Every message of a stream, oldest first."""
    token: str | None = None
    while True:
        more = {"nextToken": token} if token else {}
        page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **more)
        yield from (event["message"] for event in page["events"])
        if not page["events"] or page["nextForwardToken"] == token:
            return
        token = page["nextForwardToken"]


def task_definitions(client: Callable[[str], Any]) -> dict[str, str]:
    """Every revision of each family, also those that nothing runs with any more."""
    ecs = client("ecs")
    arns = [arn for page in ecs.get_paginator("list_task_definitions").paginate() for arn in page["taskDefinitionArns"]]
    return {
        f"task definition {arn.rpartition('/')[2]}": str(ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]) for arn in arns
    }


@contextlib.contextmanager
def unmeasured(environment: Mapping[str, str]) -> Iterator[None]:
    """ansible-runner hands on our whole environment. What makes every Python note which lines it ran is for ``environment`` to say."""
    if any(name.startswith("COVERAGE_") for name in environment):
        yield
        return
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("COVERAGE_")}
    try:
        yield
    finally:
        os.environ.update(kept)


def hunt(
    playbook: str,
    *,
    environment: dict[str, str],
    client: Callable[[str], Any],
    home: Path,
    folder: Path,
    needles: dict[str, str] | None = None,
    own: tuple[Path, ...] = (),
    arguments: tuple[str, ...] = (),
    **variables: Any,
) -> Hunted:
    """Run a playbook and search its output, its events (AWX's JSON), command lines, files, Terraform's state, task definitions and logs.

    ``home``     the demo's; the folder ``aws`` in it is the inside of the emulated AWS
    ``folder``   where ansible-runner, Ansible and what they start may write, temporary files too; all that is left there is searched
    ``needles``  secrets beside those that the stores hold at any time of the run
    ``own``      files that a person gave a secret in
    ``arguments``  more of them, for ansible-playbook
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "temporary"
    temporary.mkdir()
    hunted, over = Hunted(), threading.Event()
    seen: set[str] = set()
    # Made here, not in the threads: boto3 reads the environment, which changes while the run is started beside them.
    made = {service: client(service) for service in ("ssm", "secretsmanager")}

    def learn() -> None:
        for name, value in {**stored(made.__getitem__), **(needles or {})}.items():
            # Shorter ones are words that mean something else elsewhere, too. A Redis without a token has nothing secret in
            # its URL, and Celery's workers begin their log with it; test_celery_queue.py looks at one with a token.
            if len(value) >= 12 and not ("://" in value and urlsplit(value).password is None):
                hunted.secrets.setdefault(name, set()).add(value)

    def sample() -> None:
        while not over.is_set():
            for process in Path("/proc").iterdir():
                if process.name.isdigit() and int(process.name) != os.getpid():
                    try:
                        seen.add((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                    except OSError:
                        continue
            time.sleep(0.05)

    def watch() -> None:
        while not over.is_set():
            learn()
            over.wait(2)

    learn()
    beside = ThreadPoolExecutor()
    watching = [beside.submit(sample), beside.submit(watch)]
    try:
        with unmeasured(environment):
            done = ansible_runner.run(
                private_data_dir=str(folder),
                project_dir=str(ROOT),
                playbook=playbook,
                inventory=str(ROOT / "inventories" / "local"),
                extravars=variables,
                cmdline=shlex.join(["--diff", *arguments]),
                verbosity=4,
                envvars={
                    **{name: value for name, value in environment.items() if name.startswith(("REDASH_", "AWS_", "DOCKER_"))},
                    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                    "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                    **dict.fromkeys(("TMPDIR", "ANSIBLE_LOCAL_TEMP", "ANSIBLE_REMOTE_TEMP"), str(temporary)),
                },
                quiet=True,
            )
    finally:
        over.set()
        for one in watching:
            one.result()  # what went wrong in it: from there on it saw nothing
    learn()
    hunted.status, hunted.output = done.status, done.stdout.read()
    hunted.command_lines = len(seen)
    places = {"a command line": "\n".join(seen), "the output": hunted.output}
    inside = home / "aws"
    for path in [*home.rglob("*"), *folder.rglob("*")]:
        # What a person hands over by -e is in the folder as they gave it.
        if path.is_file() and inside not in path.parents and path not in own and path.parts[-2:] != ("env", "extravars"):
            places[str(path)] = path.read_text(errors="replace")
    places |= task_definitions(client) | container_logs(client)
    hunted.searched = list(places)
    forms = {name.strip(): set().union(*map(encoded, values)) for name, values in hunted.secrets.items()}
    hunted.leaks = [
        f"{name} is in {place}" for place, text in places.items() for name in forms if any(form in text for form in forms[name])
    ]
    shutil.rmtree(folder / "artifacts", ignore_errors=True)
    return hunted
