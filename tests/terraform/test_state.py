# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state: in S3 with its lock, and where AWS and the state know different things. Real Terraform on moto."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform import work

from .conftest import REGION, Moto

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
    tags = { Installation = "small" }
  }
}
"""


class Small:
    """A small module, and runs of redash_terraform with it."""

    def __init__(self, folder: Path, moto: Moto, environ: dict[str, str], module: str) -> None:
        self.folder = folder
        self.moto = moto
        self.reported: list[str] = []
        (folder / "module").mkdir()
        (folder / "module" / "main.tf").write_text(PROVIDER + module)
        defaults = {name: option.get("default") for name, option in work.ARGUMENT_SPEC.items()}
        self.params: dict[str, Any] = {
            **defaults,
            **moto.connection,
            "project_path": str(folder / "module"),
            "work_dir": str(folder / "work"),
            "environment": {name: value for name, value in environ.items() if name == "TF_CLI_CONFIG_FILE"},
        }

    def run(self, *, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        context = Context(client=self.moto.client, report=self.reported.append, check_mode=check_mode)
        return work.run({**self.params, **params}, context)


LOG_GROUPS = """
resource "aws_cloudwatch_log_group" "this" {
  count = COUNT
  name  = "/test/s3/${count.index}"
}
"""


def test_the_state_in_s3_its_lock_and_the_way_out_of_a_lock_that_a_dead_run_left(
    tmp_path: Path, moto: Moto, terraform_environ: dict[str, str]
) -> None:
    """One life, because each run of the provider takes seconds."""
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": REGION})
    backend = {
        "type": "s3",
        "config": {
            "bucket": "states",
            "key": "redash/prod.tfstate",
            "region": REGION,
            "use_lockfile": True,
            # moto's side of it; the same file on AWS needs none of these.
            "use_path_style": True,
            "skip_credentials_validation": True,
            "skip_requesting_account_id": True,
            "skip_metadata_api_check": True,
            "endpoints": {"s3": moto.connection["endpoint_url"]},
        },
    }
    small = Small(tmp_path, moto, terraform_environ, LOG_GROUPS.replace("COUNT", "25"))
    small.params["backend"] = backend
    small.params["parallelism"] = 1

    # Everything is killed at once, as when the machine goes: nobody is left to let go of the lock.
    child = os.fork()
    if child == 0:
        small.run()
        os._exit(0)
    logs = moto.client("logs")
    until = time.monotonic() + 120
    while len(logs.describe_log_groups(logGroupNamePrefix="/test/s3/")["logGroups"]) < 2:
        assert time.monotonic() < until and os.waitpid(child, os.WNOHANG) == (0, 0)
        time.sleep(0.05)
    terraform = json.loads((tmp_path / "work" / "running.json").read_text())["pid"]
    for pid in (child, terraform):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(child, 0)
    lock = json.loads(s3.get_object(Bucket="states", Key="redash/prod.tfstate.tflock")["Body"].read())

    # The next run says who holds it, waits, and then says what to do.
    with pytest.raises(RedashError) as caught:
        small.run(lock_timeout=2)
    said = str(caught.value)
    assert f"the state is locked by {lock['Who']} since " in said and "also after 2 s of waiting" in said
    assert said.endswith(f"rerun with -e redash_terraform_force_unlock={lock['ID']}") and "\n" not in said
    assert any(line.endswith("waiting for it, up to 2 s") for line in small.reported)
    assert any(line.startswith("a run before this one was killed (terraform apply, pid") for line in small.reported)

    # A wrong ID releases nothing.
    with pytest.raises(RedashError, match="force-unlock"):
        small.run(force_unlock="00000000-0000-0000-0000-000000000000", lock_timeout=0)
    assert s3.get_object(Bucket="states", Key="redash/prod.tfstate.tflock")

    # What was made when the power went is on AWS and not in the state: it is taken over. One that somebody else
    # made is not, until a person says so.
    names = {group["logGroupName"] for group in logs.describe_log_groups(logGroupNamePrefix="/test/s3/")["logGroups"]}
    ours, theirs = sorted({f"/test/s3/{number}" for number in range(25)} - names)[:2]
    logs.create_log_group(logGroupName=ours, tags={"Installation": "small"})
    logs.create_log_group(logGroupName=theirs)
    with pytest.raises(RedashError) as caught:
        small.run(force_unlock=lock["ID"])
    assert any(f"is there already ({ours})" in line for line in small.reported)
    (problem,) = caught.value.problems
    assert f"{theirs} exists already on AWS" in problem.what
    imports = json.loads(problem.todo.split("-e '")[1].split("'")[0])["redash_terraform_import"]
    assert small.run(imports=imports)["changed"]
    assert len(logs.describe_log_groups(logGroupNamePrefix="/test/s3/")["logGroups"]) == 25
    assert not small.run(imports=imports)["changed"], "it may stay in the variables"
    assert s3.list_objects_v2(Bucket="states")["KeyCount"] == 1, "the state alone, no lock"
    assert not (tmp_path / "work" / "terraform.tfstate").exists()


DATABASE = """
resource "aws_rds_cluster" "this" {
  cluster_identifier  = "cut-off"
  engine              = "aurora-postgresql"
  master_username     = "redash"
  master_password     = "only-for-the-tests"
  skip_final_snapshot = true
  deletion_protection = true
}
"""


def test_a_database_whose_creation_was_cut_off_is_kept(tmp_path: Path, moto: Moto, terraform_environ: dict[str, str]) -> None:
    small = Small(tmp_path, moto, terraform_environ, DATABASE)
    small.run()
    (before,) = moto.client("rds").describe_db_clusters(DBClusterIdentifier="cut-off")["DBClusters"]
    subprocess.run(["terraform", "taint", "aws_rds_cluster.this"], cwd=tmp_path / "work", check=True, capture_output=True)
    assert small.run(check_mode=True)["summary"] == "nothing to change"
    assert not small.run()["changed"]
    assert any("its creation was cut off" in line for line in small.reported)
    (after,) = moto.client("rds").describe_db_clusters(DBClusterIdentifier="cut-off")["DBClusters"]
    assert after["DbClusterResourceId"] == before["DbClusterResourceId"]
