"""One demo for all end-to-end tests: its own home, its own port, brought up as a person would and taken down."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform import binary
from demo import engine
from demo.instance import Instance
from tools import pictures

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "e2e"
REGION = "ap-northeast-1"
# The secrets that site.yml makes by itself. The demo's Redis has no token: its address, redis_url, is none.
MADE = ("cookie_secret", "secret_key", "database_password", "admin_password", "database_url")
# Seconds. The first `make demo` builds an image and makes a database; a later one does neither.
FIRST = 1500
LATER = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks at the demo as `make demo` left it comes before what changes it, and what starts anew comes last.

    All of it comes before the other tests: it takes longest, and those run beside it.
    """
    order = {"test_the_road.py": 0, "test_killed.py": 2, "test_from_nothing.py": 3}
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        if item.path.parent == here:
            return order.get(item.path.name, 1)
        # A demo of its own, beside this one.
        return 4 if item.path.parent.name == "e2e_core" else 5

    items.sort(key=place)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Demo:
    """A demo and everything it said."""

    home: Path
    port: int
    said: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        # A person's real credentials: whoever uses them instead of the local AWS's fails here.
        return {
            # `make test` measures unit and integration tests only: here it would slow down what people wait for. With MEASURE
            # (see the Makefile), which sets COVERAGE_FILE, it is wanted.
            **{name: value for name, value in os.environ.items() if "COVERAGE_FILE" in os.environ or not name.startswith("COVERAGE_")},
            "REDASH_DEMO_HOME": str(self.home),
            "REDASH_DEMO_PORT": str(self.port),
            "REDASH_STAND_IN_SMALL": "true",
            "AWS_PROFILE": "somebodys-real-account",
            "AWS_ACCESS_KEY_ID": "AKIASOMEBODYSREALKEY",
            "AWS_SECRET_ACCESS_KEY": "somebodys-real-secret",
        }

    def run(self, *command: str, timeout: float = LATER) -> subprocess.CompletedProcess[str]:
        """Run a command from the project's root, as a person would; keep what it said."""
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
        self.said.append(done.stdout)
        return done

    def make(self, target: str, timeout: float = LATER) -> str:
        done = self.run("make", target, timeout=timeout)
        assert done.returncode == 0, done.stdout[-20000:]
        return done.stdout

    def playbook(self, *arguments: str, timeout: float = LATER) -> subprocess.CompletedProcess[str]:
        playbook = str(Path(sys.executable).with_name("ansible-playbook"))
        return self.run(playbook, "-i", "inventories/local", *arguments, timeout=timeout)

    def get(self, path: str) -> tuple[int, str]:
        """Ask Redash through the load balancer; status and body, redirects not followed."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *args: Any) -> None:
                return None

        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Host": f"redash-demo.alb.localhost:{self.port}"})
        try:
            with urllib.request.build_opener(Stay).open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def aws(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=boto3.session.Config(retries={"max_attempts": 2}),
        )

    def secrets(self) -> dict[str, str]:
        """Every secret there is, by its parameter's name."""
        pages = self.aws("ssm").get_paginator("get_parameters_by_path").paginate(Path="/redash", Recursive=True, WithDecryption=True)
        return {
            parameter["Name"]: parameter["Value"]
            for page in pages
            for parameter in page["Parameters"]
            if parameter["Type"] == "SecureString"
        }


def changed(recap: str) -> dict[str, int]:
    """changed= of every PLAY RECAP in an output, by host."""
    found: dict[str, int] = {}
    plain = re.sub(r"\x1b\[[0-9;]*m", "", recap)
    for host, count in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", plain, re.MULTILINE):
        found[host] = found.get(host, 0) + int(count)
    return found


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """`make demo`, run once from nothing; its output is the first of `said`.

    REDASH_E2E_HOME and REDASH_E2E_PORT name a demo that runs and is kept, for one test at a time while it is written.
    """
    if kept := os.environ.get("REDASH_E2E_HOME"):
        yield Demo(Path(kept), int(os.environ["REDASH_E2E_PORT"]))
        return
    if not shutil.which("make"):
        pytest.skip("make is missing: the end-to-end tests bring up the whole demo")
    try:
        binary.find(os.environ)
    except RedashError as error:
        pytest.skip(f"{error}: the end-to-end tests bring up the whole demo")
    running = Demo(HOME, free_port())
    # A docker client on PATH is no engine.
    if os.geteuid() != 0 and not shutil.which("podman") and engine.find(Instance(running.home, running.port)) is None:
        pytest.skip("no container engine, and without root none can be installed")
    # What an interrupted run left behind.
    subprocess.run(["make", "demo-clean"], cwd=ROOT, env=running.environment, check=False, capture_output=True)
    try:
        said = running.make("demo", timeout=FIRST)
        # For `python tools/pictures.py --record`, should the pictures in the documentation have grown old.
        (dashboard,) = running.aws("cloudwatch").list_dashboards()["DashboardEntries"]
        body = running.aws("cloudwatch").get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"]
        pictures.record(pictures.RECORDED, said, body, "redash-demo")
        yield running
    finally:
        running.run("make", "demo-clean")


@pytest.fixture
def infrastructure(demo: Demo) -> dict[str, Any]:
    return json.loads((demo.home / "redash" / "infrastructure.json").read_text())
