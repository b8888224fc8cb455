# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""kill -9 in the middle of an apply, with a real ansible-playbook, and the next run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Moto

ROOT = Path(__file__).parents[2]
COUNT = 20
PROVIDER = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
provider "aws" {
  default_tags {
    tags = { Installation = "FOLDER" }
  }
}
"""
LOG_GROUPS = """
resource "aws_cloudwatch_log_group" "this" {
  count = COUNT
  name  = "/killed/FOLDER/${count.index}"
}
""".replace("COUNT", str(COUNT))
NETWORK = """
resource "aws_vpc" "this" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "/killed/FOLDER/" }
}
"""


class Folder:
    """A small module, a playbook that applies it one resource at a time, and where both are."""

    def __init__(self, folder: Path, moto: Moto, environ: dict[str, str], resources: str = LOG_GROUPS) -> None:
        self.work = folder / "work"
        self.moto = moto
        # The tests share one moto: each has names of its own in it.
        self.prefix = f"/killed/{folder.name}/"
        (folder / "module").mkdir()
        (folder / "module" / "main.tf").write_text((PROVIDER + resources).replace("FOLDER", folder.name))
        options = {
            "project_path": str(folder / "module"),
            "work_dir": str(self.work),
            "parallelism": 1,
            "environment": {name: value for name, value in environ.items() if name == "TF_CLI_CONFIG_FILE"},
            **moto.connection,
        }
        task = {"redash.ecs.redash_terraform": options}
        self.playbook = folder / "play.json"
        self.playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(Path(sys.executable).parent / "ansible-playbook"), str(self.playbook)],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def made(self) -> set[str]:
        pages = self.moto.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=self.prefix)
        return {group["logGroupName"] for page in pages for group in page["logGroups"]}

    def terraform(self) -> int:
        return int(json.loads((self.work / "running.json").read_text())["pid"])

    def networks(self) -> list[str]:
        filters = [{"Name": "tag:Name", "Values": [self.prefix]}]
        return [vpc["VpcId"] for vpc in self.moto.client("ec2").describe_vpcs(Filters=filters)["Vpcs"]]

    def kill_in_the_middle(self, begun: Callable[[], bool] | None = None) -> int:
        """Terraform's pid, after the group of ansible-playbook was killed with the apply ``begun`` and not ended."""
        play = self.start()
        until = time.monotonic() + 120
        while not (begun() if begun else len(self.made()) >= 3):
            assert play.poll() is None and time.monotonic() < until, play.communicate()
            time.sleep(0.05)
        os.killpg(play.pid, signal.SIGKILL)
        play.wait()
        return self.terraform()


@pytest.fixture
def folder(tmp_path: Path, moto: Moto, terraform_environ: dict[str, str]) -> Folder:
    return Folder(tmp_path, moto, terraform_environ)


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc; and only Linux ends Terraform with its parent")
@pytest.mark.parametrize("also", [(), ("worker",), ("worker", "terraform")], ids=["group", "worker", "everything"])
def test_a_killed_ansible_leaves_nothing_that_hinders_the_next_run(folder: Folder, also: tuple[str, ...]) -> None:
    """Ansible's workers are in a session of their own: killing its group leaves them, and Terraform below them.

    A worker that notices ends Terraform itself; if it dies too, the kernel does, and the next run says what it finds.
    """
    terraform = folder.kill_in_the_middle()
    doomed: list[Any] = [parent(terraform)] if "worker" in also else []
    for pid in [*doomed, *([terraform] if "terraform" in also else [])]:
        os.kill(pid, signal.SIGKILL)
    assert len(folder.made()) < COUNT - 1, "it was not in the middle"

    play = folder.start()
    said, _nothing = play.communicate(timeout=300)
    assert play.returncode == 0, said
    assert not also or f"pid {terraform}" in said, said
    # What was made before the kill is in the state, or was taken over: anything made a second time would have failed.
    assert folder.made() == {f"{folder.prefix}{number}" for number in range(COUNT)}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_network_is_not_made_twice_although_a_run_failed_after_the_one_that_was_killed(
    tmp_path: Path, moto: Moto, terraform_environ: dict[str, str]
) -> None:
    """AWS makes a second VPC of the same name without a word: nothing but the record of the kill guards against it."""
    folder = Folder(tmp_path, moto, terraform_environ, NETWORK)
    terraform = folder.kill_in_the_middle(lambda: bool(folder.networks()))
    for pid in (parent(terraform), terraform):
        os.kill(pid, signal.SIGKILL)
    [network] = folder.networks()
    # On a slow machine Terraform may have come to write it down: then the kill came an instant earlier.
    (folder.work / "terraform.tfstate").unlink(missing_ok=True)

    missing = tmp_path / "module" / "variable.tf"
    missing.write_text('variable "missing" {}\n')
    play = folder.start()
    said, _nothing = play.communicate(timeout=300)
    assert play.returncode != 0 and "No value for required variable" in said, said
    missing.unlink()

    play = folder.start()
    said, _nothing = play.communicate(timeout=300)
    assert play.returncode == 0 and f"aws_vpc.this is there already ({network})" in said, said
    assert folder.networks() == [network]
    play = folder.start()
    said, _nothing = play.communicate(timeout=300)
    assert play.returncode == 0 and "killed" not in said and "changed=0" in said, said
