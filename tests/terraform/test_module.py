# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils import elasticache_auth
from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context
from ansible_collections.redash.ecs.plugins.module_utils.core import infrastructure, terraform_remains
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform import command, running, work

from .conftest import MODULE, REGION, Moto

NAME = "redash-test"


def terraform(folder: Path, environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["terraform", *words], cwd=folder, env=environ, capture_output=True, text=True, timeout=900)


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory, terraform_environ: dict[str, str]) -> Path:
    folder = tmp_path_factory.mktemp("module") / "files"
    shutil.copytree(MODULE, folder)
    answer = terraform(folder, terraform_environ, "init", "-input=false", "-no-color")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return folder


def test_it_is_formatted(terraform_environ: dict[str, str]) -> None:
    answer = terraform(MODULE, terraform_environ, "fmt", "-check", "-recursive", "-diff")
    assert answer.returncode == 0, answer.stdout


def assert_valid(folder: Path, environ: dict[str, str]) -> None:
    """Valid, and nothing in it is deprecated."""
    answer = json.loads(terraform(folder, environ, "validate", "-json").stdout)
    assert answer["valid"] and answer["diagnostics"] == [], answer["diagnostics"]


def test_it_is_valid(initialised: Path, terraform_environ: dict[str, str]) -> None:
    assert_valid(initialised, terraform_environ)


def test_it_is_valid_under_the_newest_provider_as_well(tmp_path: Path, terraform_environ: dict[str, str]) -> None:
    """6.x, from whatever mirror or registry this machine has."""
    folder = tmp_path / "files"
    shutil.copytree(MODULE, folder)
    (folder / "newest_override.tf.json").write_text(
        json.dumps({"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 6.0.0, < 7.0.0"}}}})
    )
    answer = terraform(folder, terraform_environ, "init", "-input=false", "-no-color")
    if answer.returncode != 0 and any(text in answer.stderr for text in ("no available releases match", "Failed to query available")):
        pytest.skip("no AWS provider 6.x: neither a mirror on this machine nor the registry has one")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert_valid(folder, terraform_environ)


def test_every_way_to_ask_for_it_plans_as_it_should(initialised: Path, terraform_environ: dict[str, str], moto: Moto) -> None:
    environ = command.environment(terraform_environ, moto.connection, {})
    answer = terraform(initialised, environ, "test", "-no-color")
    assert answer.returncode == 0, answer.stdout + answer.stderr


class Installation:
    """One installation on moto: what redash_terraform is given, and the password and token that must be nowhere."""

    def __init__(self, moto: Moto, folder: Path) -> None:
        self.moto = moto
        self.folder = folder
        self.reported: list[str] = []
        self.passwords: list[str] = []
        self.password_version = 0
        key = moto.client("kms").create_key()["KeyMetadata"]["KeyId"]
        moto.client("kms").create_alias(AliasName=f"alias/redash/{NAME}", TargetKeyId=key)
        zone = moto.client("route53").create_hosted_zone(Name="example.com", CallerReference="test")["HostedZone"]["Id"].split("/")[-1]
        self.variables: dict[str, Any] = {
            "name": NAME,
            "region": REGION,
            "kms_key_alias": f"alias/redash/{NAME}",
            "network": {"az_count": 3, "nat_gateways": "per_az", "interface_endpoints": ["logs"]},
            "load_balancer": {
                "internal": False,
                "ingress_cidrs": ["198.51.100.0/24"],
                "host": "redash.example.com",
                "zone_id": zone,
                "web_acl": True,
                "deletion_protection": False,
            },
            "database": {"instance_count": 2, "deletion_protection": False, "skip_final_snapshot": True, "backup_plan": True},
            "redis": {"num_cache_clusters": 2},
            "operations": {"emails": ["oncall@example.com"]},
            "ecs_exec": True,
        }
        self.rotate()
        self._write("redis_token")

    def rotate(self) -> None:
        self.password_version = self._write("database_password")

    def _write(self, name: str) -> int:
        self.passwords.append(secrets.token_hex(16))
        parameter = {"Value": self.passwords[-1], "Type": "SecureString", "KeyId": f"alias/redash/{NAME}", "Overwrite": True}
        return int(self.moto.client("ssm").put_parameter(Name=f"/redash/{NAME}/{name}", **parameter)["Version"])

    def redis_token(self, strategy: str) -> dict[str, Any]:
        given = {"replication_group_id": NAME, "prefix": f"/redash/{NAME}", "auth_token_update_strategy": strategy}
        defaults = {name: option.get("default") for name, option in elasticache_auth.ARGUMENT_SPEC.items()}
        clock = Clock(sleep=lambda seconds: None)
        return elasticache_auth.run({**defaults, **given}, Context(client=self.moto.client, report=self.reported.append, clock=clock))

    def run(self, *, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        defaults = {name: option.get("default") for name, option in work.ARGUMENT_SPEC.items()}
        variables = {**self.variables, "database_password_version": self.password_version}
        given = {"project_path": str(MODULE), "work_dir": str(self.folder), "variables": variables, "parallelism": 20}
        context = Context(client=self.moto.client, report=self.reported.append, check_mode=check_mode)
        return work.run({**defaults, **self.moto.connection, **given, **params}, context)

    def leaks(self, *texts: Any) -> list[str]:
        """Where one of the passwords is to be found: the folder's files, what was reported, ``texts``."""
        places = {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and ".terraform/" not in str(path)}
        places["reported"] = "\n".join(self.reported).encode()
        places["results"] = repr(texts).encode()
        return [place for place, content in places.items() if any(password.encode() in content for password in self.passwords)]


@pytest.fixture(scope="module")
def installation(moto: Moto, terraform_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(moto, tmp_path_factory.mktemp("work") / "terraform")


# The tests below are one life of an installation, in this order.


def test_check_mode_shows_everything_and_makes_nothing(installation: Installation, moto: Moto) -> None:
    result = installation.run(check_mode=True)
    assert result["changed"] and "aws_rds_cluster.this will be created" in result["diff"]["prepared"]
    assert moto.client("ecs").list_clusters()["clusterArns"] == []
    assert installation.leaks(result) == []


def test_it_is_made_and_says_what_the_later_steps_read(installation: Installation) -> None:
    result = installation.run()
    assert result["changed"]
    assert infrastructure.problems(result["outputs"]["redash"]) == []
    assert len(result["outputs"]["redash"]["nat_public_ips"]) == 3
    assert installation.leaks(result) == []
    assert not list(installation.folder.glob(".plan-*"))


def test_redis_gets_its_token_and_a_second_run_neither_undoes_it_nor_changes_anything(installation: Installation, moto: Moto) -> None:
    assert installation.redis_token("ROTATE")["steps"] == ["ROTATE"]
    assert installation.redis_token("SET")["steps"] == ["SET"]
    (group,) = moto.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert group["AuthTokenEnabled"] and group["TransitEncryptionEnabled"]
    result = installation.run()
    assert not result["changed"], result["diff"]["prepared"]
    assert not installation.redis_token("SET")["changed"]
    assert result["outputs"]["redash"]["redis"] | {"endpoint": ""} == {
        "endpoint": "",
        "port": 6379,
        "tls": True,
        "auth_token": True,
        "replication_group_id": NAME,
    }
    assert installation.leaks(result) == []


def forget(installation: Installation, environ: dict[str, str], *types: str) -> list[str]:
    """Take resources out of the state, and only there: what it looks like when a machine died before they were noted."""
    listed = terraform(installation.folder, environ, "state", "list").stdout.splitlines()
    addresses = [address for address in listed if address.split(".")[0] in types]
    answer = terraform(installation.folder, environ, "state", "rm", *addresses)
    assert answer.returncode == 0, answer.stderr
    return addresses


def counts(moto: Moto) -> dict[str, int]:
    """How many there are of what AWS lets one make twice."""
    ec2 = moto.client("ec2")
    nat_gateways = ec2.describe_nat_gateways(Filters=[{"Name": "state", "Values": ["pending", "available"]}])["NatGateways"]
    return {
        "vpcs": len(ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]),
        "addresses": len(ec2.describe_addresses()["Addresses"]),
        "nat_gateways": len(nat_gateways),
        "endpoints": len(ec2.describe_vpc_endpoints()["VpcEndpoints"]),
        "groups": len(ec2.describe_security_groups(Filters=[{"Name": "tag:Installation", "Values": [NAME]}])["SecurityGroups"]),
    }


def test_what_a_killed_run_made_without_noting_it_is_taken_over(
    installation: Installation, terraform_environ: dict[str, str], moto: Moto
) -> None:
    before = counts(moto)
    # Everything that is found by its tags, and some of what AWS refuses to make twice. moto lets one make a listener, a
    # database's subnet group or a cluster a second time, so those can't be shown with it.
    types = [*terraform_remains.TAGGED, "aws_cloudwatch_log_group", "aws_iam_role", "aws_lb"]
    forgotten = forget(installation, terraform_environ, *types)
    assert len(forgotten) > 25
    record = running.Record(socket.gethostname(), 1, "2026-01-01 00:00:00 UTC", "apply", 2**22, "never")
    (installation.folder / running.FILE).write_text(json.dumps(vars(record)))

    result = installation.run()

    assert result["changed"]
    taken = {line.split()[0] for line in installation.reported if line.endswith("taking it over")}
    assert taken == set(forgotten)
    assert counts(moto) == before
    assert not list(installation.folder.glob("remains*"))
    assert installation.leaks(result) == []
    assert not installation.run()["changed"]


def test_what_aws_says_is_there_is_taken_over_even_if_nothing_tells_of_a_kill(
    installation: Installation, terraform_environ: dict[str, str]
) -> None:
    """A lost machine: another one goes on with the state in S3."""
    types = ["aws_lb_target_group", "aws_elasticache_replication_group", "aws_elasticache_subnet_group"]
    types += ["aws_vpc_security_group_ingress_rule", "aws_wafv2_web_acl"]
    forgotten = forget(installation, terraform_environ, *types)
    installation.reported.clear()

    assert installation.run()["changed"]

    assert {line.split()[0] for line in installation.reported if line.endswith("taking it over")} == set(forgotten)
    assert not installation.run()["changed"]


def test_what_is_somebody_elses_is_not_taken_over(installation: Installation, terraform_environ: dict[str, str], moto: Moto) -> None:
    forget(installation, terraform_environ, "aws_cloudwatch_log_group")
    logs = moto.client("logs")
    arn = logs.describe_log_groups(logGroupNamePrefix=f"/redash/{NAME}")["logGroups"][0]["arn"].removesuffix(":*")
    logs.untag_resource(resourceArn=arn, tagKeys=["Installation"])
    try:
        with pytest.raises(RedashError) as refusal:
            installation.run()
        (problem,) = refusal.value.problems
        assert problem.where == "aws_cloudwatch_log_group.this"
        assert f"no tag Installation={NAME}" in problem.what
    finally:
        logs.tag_resource(resourceArn=arn, tags={"Installation": NAME})
    assert installation.run()["changed"]


def test_the_execution_role_may_read_these_parameters_and_no_others(installation: Installation, moto: Moto) -> None:
    role = installation.run(skip_unchanged=True)["outputs"]["redash"]["execution_role_arn"].split("/")[-1]
    document = moto.client("iam").get_role_policy(RoleName=role, PolicyName="secrets")["PolicyDocument"]
    by_name = {statement["Sid"]: statement for statement in document["Statement"]}
    names = {arn.split(f"/redash/{NAME}/")[1] for arn in by_name["Secrets"]["Resource"]}
    assert names == {"admin_password", "cookie_secret", "database_url", "redis_url", "secret_key"}
    assert by_name["Secrets"]["Action"] == "ssm:GetParameters" and by_name["Decrypt"]["Action"] == "kms:Decrypt"
    assert ":key/" in by_name["Decrypt"]["Resource"]


def test_a_change_is_shown_in_words_and_made(installation: Installation) -> None:
    installation.variables["load_balancer"]["idle_timeout"] = 180
    shown = installation.run(check_mode=True)
    # All of it: what the tests before took over is settled, too.
    assert shown["diff"]["prepared"] == "aws_lb.this will be changed in place\n    idle_timeout: 120 -> 180\n1 to change\n"
    assert installation.run()["summary"] == "1 to change"
    # That it is settled then, the run of the next test shows: it changes one other resource.


def test_a_rotated_password_is_written_to_the_cluster_and_is_nowhere_else(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installation.rotate()
    # The AWS provider logs the password at this level, wherever it is told to.
    monkeypatch.setenv("TF_LOG", "TRACE")
    monkeypatch.setenv("TF_LOG_PATH", str(tmp_path / "trace.log"))
    result = installation.run()
    assert [(change["address"], change["action"]) for change in result["changes"]] == [("aws_rds_cluster.this", "update")]
    assert installation.leaks(result) == []
    assert not (tmp_path / "trace.log").exists()
    assert not installation.run()["changed"]


def test_what_would_replace_the_database_is_refused(installation: Installation, moto: Moto) -> None:
    before = moto.client("rds").describe_db_clusters()["DBClusters"][0]["DbClusterResourceId"]
    installation.variables["database"]["username"] = "another"
    with pytest.raises(RedashError, match=r"aws_rds_cluster\.this will be DESTROYED and made anew because of master_username"):
        installation.run()
    installation.variables["database"].pop("username")
    assert moto.client("rds").describe_db_clusters()["DBClusters"][0]["DbClusterResourceId"] == before


def test_a_destroy_is_refused_without_leave_and_complete_with_it(installation: Installation, moto: Moto) -> None:
    with pytest.raises(RedashError, match="protected"):
        installation.run(state="absent")
    installation.run(state="absent", allow_replacement=["all"])
    assert moto.client("rds").describe_db_clusters()["DBClusters"] == []
    assert moto.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    # What was there before stays: the secret and the key that opens it.
    assert moto.client("ssm").get_parameter(Name=f"/redash/{NAME}/database_password", WithDecryption=True)
    assert not installation.run(state="absent", allow_replacement=["all"])["changed"]
    assert installation.leaks() == []
