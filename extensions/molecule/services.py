"""What the scenarios share: a local AWS without a container engine, a FAKE AWX, and a FAKE of Redash's two addresses.

    python extensions/molecule/services.py <folder>

Runs until SIGTERM. Once all of it answers, <folder>/services.json says where, and what Terraform would have made there.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.integration.awx.fake_awx import FakeAwx, Server, could_be_playbook  # noqa: E402

REGION = "ap-northeast-1"
INSTALLATIONS = ("redash-one", "redash-split")
# Seconds for MiniStack to start, on a machine with other work.
PATIENCE = 120


class Redash(BaseHTTPRequestHandler):
    """As much of Redash as the smoke test asks for; below /new it is one that nobody has set up yet."""

    def do_GET(self) -> None:
        new = self.path.startswith("/new/")
        path = self.path.removeprefix("/new")
        status = {"/ping": 200, "/login": 302 if new else 200}.get(path, 404)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/setup")
        self.end_headers()
        if status == 200:
            self.wfile.write(b"PONG." if path == "/ping" else b"Login to Redash")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def ministack(folder: Path) -> Iterator[str]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {
        **os.environ,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "TMPDIR": str(folder),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # Without an engine, tasks and services exist by name only.
        "DOCKER_HOST": "unix:///nonexistent",
    }
    log = folder / "ministack.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, stdout=output, stderr=output, cwd=folder)
    try:
        endpoint, deadline = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=5):
                    break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"MiniStack does not answer: {log.read_text()[-2000:]}") from None
                time.sleep(0.2)
        yield endpoint
    finally:
        process.terminate()
        process.wait(20)


def infrastructure(endpoint: str, name: str) -> dict[str, Any]:
    """Make what Terraform would have made of ECS's surroundings, and describe it as the output `redash` does."""

    def client(service: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test")

    client("logs").create_log_group(logGroupName=f"/ecs/{name}")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
    role = client("iam").create_role(
        RoleName=f"{name}-task-execution", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]
    cluster = client("ecs").create_cluster(clusterName=name)["cluster"]
    return {
        "name": name,
        "region": REGION,
        "account_id": cluster["clusterArn"].split(":")[4],
        "vpc_id": "vpc-0123456789abcdef0",
        "private_subnet_ids": ["subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5a60718"],
        "public_subnet_ids": [],
        "task_security_group_ids": ["sg-0123456789abcdef0"],
        "assign_public_ip": "DISABLED",
        "cluster_name": name,
        "cluster_arn": cluster["clusterArn"],
        "execution_role_arn": role["Arn"],
        "task_role_arn": None,
        "log_group_name": f"/ecs/{name}",
        "url": "http://redash.example.com",
        # Its tasks have no address that a load balancer could ask.
        "target_group_arn": None,
        "load_balancer_arn": None,
        "load_balancer_dns_name": None,
        "database": {"endpoint": "database.example.com", "port": 5432, "name": "redash", "username": "redash", "cluster_identifier": name},
        "redis": {"endpoint": "redis.example.com", "port": 6379, "tls": True},
        "kms_key_arn": None,
    }


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    said = folder / "services.json"
    said.unlink(missing_ok=True)
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    redash = ThreadingHTTPServer(("127.0.0.1", 0), Redash)
    threading.Thread(target=redash.serve_forever, daemon=True).start()
    awx = FakeAwx({path.name for path in ROOT.glob("*.yml") if could_be_playbook(ROOT, path)}, users=("olga", "ada"))
    with tempfile.TemporaryDirectory() as scratch, ministack(Path(scratch)) as aws, Server(awx) as controller:
        found = {
            "pid": os.getpid(),
            "aws": aws,
            "awx": controller,
            "redash": f"http://127.0.0.1:{redash.server_address[1]}",
            "infrastructure": {name: infrastructure(aws, name) for name in INSTALLATIONS},
        }
        part = folder / "services.json.part"
        part.write_text(json.dumps(found, indent=2) + "\n")
        # Whoever sees the file sees all of it.
        part.rename(said)
        end.wait()
        said.unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
