# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A MiniStack of these tests' own, without a container engine: its tasks exist by name only. Playbooks run against it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
REGION = "eu-west-1"
KEYS = {"access_key": "test", "secret_key": "test"}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class LocalAws:
    endpoint: str

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=self.endpoint, aws_access_key_id="test", aws_secret_access_key="test")

    @property
    def connection(self) -> dict[str, str]:
        return {"region": REGION, "endpoint_url": self.endpoint, **KEYS}


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    port = free_port()
    home = tmp_path_factory.mktemp("ministack")
    environment = {
        **os.environ,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "TMPDIR": str(home),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, stdout=log, stderr=log, cwd=home)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=5):
                    break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"MiniStack does not answer: {(home / 'log').read_text()[-2000:]}")
                time.sleep(0.2)
        yield LocalAws(endpoint)
    finally:
        process.terminate()
        process.wait(20)


@dataclass
class Playbook:
    """Runs tasks as a play on one installation and keeps all that was said."""

    folder: Path
    aws: LocalAws

    def run(self, tasks: list[dict[str, Any]], *options: str, variables: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        connection = "{{ redash_aws_connection }}"
        play = {
            "hosts": "redash",
            "gather_facts": False,
            "module_defaults": {"group/redash.ecs.aws": connection, "group/amazon.aws.aws": connection},
            "vars": {"redash_aws_connection": self.aws.connection, "redash_region": REGION, **(variables or {})},
            "tasks": tasks,
        }
        (self.folder / "play.yml").write_text(yaml.safe_dump([play]))
        return self._play(self.folder / "play.yml", "prod", {}, options, {})

    def shipped(
        self, name: str, host: str, variables: dict[str, Any], *options: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One of the collection's own playbooks (``site.yml``) on an installation of this name."""
        own = {"redash_region": REGION, "redash_aws_connection": self.aws.connection, **variables}
        return self._play(ROOT / name, host, own, options, environment or {})

    def _play(
        self, play: Path, host: str, variables: dict[str, Any], options: tuple[str, ...], environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        own = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **variables}
        (self.folder / "inventory.yml").write_text(yaml.safe_dump({"redash": {"hosts": {host: own}}}))
        return subprocess.run(
            [str(Path(sys.executable).with_name("ansible-playbook")), "-i", self.folder / "inventory.yml", play, *options],
            cwd=ROOT,
            env={
                **os.environ,
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_LOCAL_TEMP": str(self.folder / "local"),
                "ANSIBLE_REMOTE_TMP": str(self.folder / "remote"),
                **environment,
            },
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            check=False,
        )


def said(run: subprocess.CompletedProcess[str]) -> str:
    """What a playbook said, in one line. Before 2.19, ansible-core doubles an apostrophe in a message, as YAML's single quotes need it."""
    return " ".join(run.stdout.split()).replace("''", "'")


@pytest.fixture
def playbook(tmp_path: Path, aws: LocalAws) -> Playbook:
    return Playbook(tmp_path, aws)
