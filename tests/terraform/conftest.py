# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real Terraform with the real AWS provider, against moto."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform import binary, command, project, provider

REGION = "ap-northeast-1"
MODULE = Path(__file__).parents[2] / "roles" / "terraform_apply" / "files"


class Moto:
    """A running moto, and the connection options that lead to it."""

    def __init__(self, port: int) -> None:
        self.connection = {
            "endpoint_url": f"http://127.0.0.1:{port}",
            "region": REGION,
            "access_key": "test",
            "secret_key": "test",
        }

    def client(self, service: str) -> Any:
        options = self.connection
        return boto3.client(
            service,
            endpoint_url=options["endpoint_url"],
            region_name=REGION,
            aws_access_key_id=options["access_key"],
            aws_secret_access_key=options["secret_key"],
        )


@pytest.fixture(scope="session")
def terraform_environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment for terraform, without AWS; skips where Terraform or the provider can't be had."""
    folder = tmp_path_factory.mktemp("terraform")
    environ = command.environment(os.environ, {}, {})
    try:
        # By its name: some tests run terraform as a person would, beside the module.
        kind = binary.find(environ, "terraform").kind
        source = provider.find(environ, folder, kind)
    except RedashError as error:
        pytest.skip(str(error))
    if source.mirror:
        configuration = folder / "mirror.tfrc"
        project.write(configuration, provider.mirror_configuration(source.mirror, kind))
        environ["TF_CLI_CONFIG_FILE"] = str(configuration)
    elif provider.cli_configuration(environ, kind) is None:
        environ.pop("TF_CLI_CONFIG_FILE", None)
    return environ


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    if importlib.util.find_spec("moto") is None:
        pytest.skip("moto is not installed: pip install 'moto[server]==5.2.5'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("moto") / "log"
    with log.open("w") as output:
        server = subprocess.Popen([sys.executable, str(Path(__file__).parent / "moto_server.py"), str(port)], stdout=output, stderr=output)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        yield Moto(port)
    finally:
        server.terminate()
        server.wait(10)
