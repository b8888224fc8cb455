# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A playbook run as AWX runs it, at -vvvv and with diffs, while every secret that there is is looked for wherever it could be read."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner

ROOT = Path(__file__).resolve().parents[2]


def stored(client: Callable[[str], Any], path: str = "/redash") -> dict[str, str]:
    """Every secret in both stores, by its name."""
    pages = client("ssm").get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True, WithDecryption=True)
    found = {one["Name"]: one["Value"] for page in pages for one in page["Parameters"] if one["Type"] == "SecureString"}
    manager = client("secretsmanager")
    for page in manager.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [path]}]):
        found |= {one["Name"] + " ": manager.get_secret_value(SecretId=one["ARN"])["SecretString"] for one in page["SecretList"]}
    return found


@dataclass
class Hunted:
    """What a run left: how it ended, what it printed, and where a secret was found (``leaks``)."""

    status: str = ""
    output: str = ""
    leaks: list[str] = field(default_factory=list)
    secrets: dict[str, set[str]] = field(default_factory=dict)
    command_lines: int = 0


def hunt(
    playbook: str,
    *,
    environment: dict[str, str],
    client: Callable[[str], Any],
    home: Path,
    folder: Path,
    needles: dict[str, str] | None = None,
    own: tuple[Path, ...] = (),
    **variables: Any,
) -> Hunted:
    """Run a playbook and search its output, its events (AWX's JSON), command lines, files, Terraform's state and task definitions.

    ``home``     the demo's; the folder ``aws`` in it is the inside of the emulated AWS
    ``folder``   where ansible-runner may write; everything there is searched
    ``needles``  secrets beside those that the stores hold at any time of the run
    ``own``      files that a person gave a secret in
    """
    folder.mkdir(parents=True, exist_ok=True)
    hunted, over = Hunted(), threading.Event()
    seen: set[str] = set()

    def learn() -> None:
        for name, value in {**stored(client), **(needles or {})}.items():
            # Shorter ones are words that mean something else elsewhere, too.
            if len(value) >= 12:
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
    threads = [threading.Thread(target=sample), threading.Thread(target=watch)]
    for thread in threads:
        thread.start()
    try:
        done = ansible_runner.run(
            private_data_dir=str(folder),
            project_dir=str(ROOT),
            playbook=playbook,
            inventory=str(ROOT / "inventories" / "local"),
            extravars=variables,
            cmdline="--diff",
            verbosity=4,
            envvars={
                **{name: value for name, value in environment.items() if name.startswith(("REDASH_", "AWS_", "DOCKER_"))},
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            },
            quiet=True,
        )
    finally:
        over.set()
        for thread in threads:
            thread.join()
    learn()
    hunted.status, hunted.output = done.status, done.stdout.read()
    hunted.command_lines = len(seen)
    places = {"a command line": "\n".join(seen), "the output": hunted.output}
    inside = home / "aws"
    for path in [*home.rglob("*"), *folder.rglob("*")]:
        # What a person hands over by -e is in the folder as they gave it.
        if path.is_file() and inside not in path.parents and path not in own and path.parts[-2:] != ("env", "extravars"):
            places[str(path)] = path.read_text(errors="replace")
    ecs = client("ecs")
    for family in ecs.list_task_definition_families(status="ACTIVE")["families"]:
        places[f"task definition {family}"] = str(ecs.describe_task_definition(taskDefinition=family)["taskDefinition"])
    hunted.leaks = [
        f"{name.strip()} is in {place}"
        for place, text in places.items()
        for name, values in hunted.secrets.items()
        if any(value in text for value in values)
    ]
    shutil.rmtree(folder / "artifacts", ignore_errors=True)
    return hunted
