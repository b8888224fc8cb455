# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""destroy.yml on an installation with a database: the real provider, on moto. What is asked, what goes, what stays.

moto's database holds no data: what of it a snapshot keeps is AWS's to show.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import REGION, Moto

ROOT = Path(__file__).parents[2]
NAME = "redash-going"
PREFIX = f"/redash/{NAME}"


class Installation:
    def __init__(self, folder: Path, moto: Moto, environ: dict[str, str]) -> None:
        self.moto = moto
        self.folder = folder
        self.environ = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
        if "TF_CLI_CONFIG_FILE" in environ:
            self.environ["TF_CLI_CONFIG_FILE"] = environ["TF_CLI_CONFIG_FILE"]
        host = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "redash_region": REGION,
            "redash_aws_connection": moto.connection,
            # Protected, as is the default: both stand in the way of a destroy.
            "redash_load_balancer": {"http_only": True, "deletion_protection": True},
            "redash_database": {"deletion_protection": True},
            "redash_network": {"nat_gateways": "none"},
        }
        self.inventory = folder / "hosts.yml"
        self.inventory.write_text(yaml.safe_dump({"redash": {"hosts": {NAME: host}}}))

    def play(self, playbook: str | Path, *options: str) -> tuple[int, str]:
        run = subprocess.run(
            [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(self.inventory), str(playbook), *options],
            cwd=ROOT,
            env=self.environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return run.returncode, " ".join(run.stdout.split())

    def make(self) -> None:
        """The steps of site.yml up to the infrastructure, and a service such as those after them leave."""
        roles = [{"ansible.builtin.import_role": {"name": f"redash.ecs.{name}"}} for name in ("redash", "ssm_secrets", "terraform_apply")]
        play = {"hosts": "redash", "gather_facts": False, "module_defaults": {}, "tasks": roles}
        play["module_defaults"] = {f"group/{group}.aws": "{{ redash_aws_connection }}" for group in ("redash.ecs", "amazon.aws")}
        (self.folder / "make.yml").write_text(yaml.safe_dump([play]))
        returncode, said = self.play(self.folder / "make.yml")
        assert returncode == 0, said[-4000:]
        ecs = self.moto.client("ecs")
        container = {"name": "server", "image": "redash/redash:25.8.0", "memory": 512}
        ecs.register_task_definition(family=NAME, containerDefinitions=[container])
        ecs.create_service(cluster=NAME, serviceName=NAME, taskDefinition=NAME, desiredCount=1)

    def services(self) -> list[str]:
        return list(self.moto.client("ecs").list_services(cluster=NAME)["serviceArns"])

    def databases(self) -> list[dict[str, Any]]:
        return list(self.moto.client("rds").describe_db_clusters()["DBClusters"])

    def snapshots(self) -> list[dict[str, Any]]:
        """Those that outlive their database: automated ones go with it."""
        return list(self.moto.client("rds").describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"])

    def secrets(self) -> dict[str, str]:
        pages = self.moto.client("ssm").get_paginator("get_parameters_by_path").paginate(Path=PREFIX, WithDecryption=True)
        return {parameter["Name"]: parameter["Value"] for page in pages for parameter in page["Parameters"]}


@pytest.fixture(scope="module")
def installation(moto: Moto, terraform_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Installation:
    installation = Installation(tmp_path_factory.mktemp("installation"), moto, terraform_environ)
    installation.make()
    return installation


# The tests below are the end of one installation, in this order.


@pytest.mark.parametrize("confirmation", [(), ("-e", "redash_destroy=true"), ("-e", "redash_destroy=redash-other")])
def test_nothing_goes_without_the_installation_s_name(installation: Installation, confirmation: tuple[str, ...]) -> None:
    returncode, said = installation.play("destroy.yml", *confirmation)
    assert returncode == 2 and f"Everything of {NAME} would be destroyed. Confirm with its name: -e redash_destroy={NAME}" in said
    assert installation.databases() and installation.services()


def test_check_mode_says_what_would_go_and_takes_nothing(installation: Installation) -> None:
    returncode, said = installation.play("destroy.yml", "--check", "--diff", "-e", f"redash_destroy={NAME}")
    assert returncode == 0 and "aws_rds_cluster.this will be DESTROYED" in said, said[-4000:]
    (database,) = installation.databases()
    assert database["DeletionProtection"] and installation.services() and not installation.snapshots()


def test_without_a_final_snapshot_only_where_that_is_said(installation: Installation) -> None:
    told = ("--check", "--diff", "-e", f"redash_destroy={NAME}")
    _returncode, usual = installation.play("destroy.yml", *told)
    returncode, without = installation.play("destroy.yml", *told, "-e", "redash_destroy_final_snapshot=false")
    assert returncode == 0 and "skip_final_snapshot: false -> true" in without and "skip_final_snapshot" not in usual


def test_the_service_the_database_and_all_else_go_and_the_final_snapshot_and_the_secrets_stay(installation: Installation) -> None:
    before = installation.secrets()
    assert {f"{PREFIX}/secret_key", f"{PREFIX}/database_password"} <= set(before)

    returncode, said = installation.play("destroy.yml", "-e", f"redash_destroy={NAME}")

    assert returncode == 0, said[-4000:]
    (snapshot,) = installation.snapshots()
    assert snapshot["DBClusterSnapshotIdentifier"].startswith(f"{NAME}-final-2")
    assert (snapshot["DBClusterIdentifier"], snapshot["Status"]) == (NAME, "available")
    assert installation.secrets() == before
    key = installation.moto.client("kms").describe_key(KeyId=f"alias/redash/{NAME}")["KeyMetadata"]
    assert key["KeyState"] == "Enabled"
    for what in (f"the final snapshot {NAME}-final-", f"the secrets below {PREFIX}", f"the key alias/redash/{NAME}"):
        assert what in said
    assert not [value for value in before.values() if value in said]

    assert installation.databases() == []
    assert installation.moto.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    (cluster,) = installation.moto.client("ecs").describe_clusters(clusters=[NAME])["clusters"] or [{"status": "INACTIVE"}]
    assert cluster["status"] == "INACTIVE"
    own = [{"Name": "tag:Installation", "Values": [NAME]}]
    assert installation.moto.client("ec2").describe_vpcs(Filters=own)["Vpcs"] == []


def test_a_second_time_there_is_nothing_left_to_take(installation: Installation) -> None:
    before = installation.secrets(), installation.snapshots()
    returncode, said = installation.play("destroy.yml", "-e", f"redash_destroy={NAME}")
    assert returncode == 0 and "changed=0" in said, said[-4000:]
    assert (installation.secrets(), installation.snapshots()) == before
