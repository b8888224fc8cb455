# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What deploys redash_version of the inventory looks first at what was released, and touches nothing when that is another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ROOT, LocalAws, Playbook, said

VARIABLES = {
    "redash_version": "25.8.0",
    "redash_admin": {"email": "ada@example.com", "name": "Ada"},
    "redash_load_balancer": {"http_only": True},
    "redash_mail": {"preset": "relay", "server": "mail.example.com", "default_sender": "redash@example.com"},
}
# A restore that was cut off: the database is renamed away, and Terraform would make an empty one of its name.
UNFINISHED = {"number": 3, "kind": "restore", "state": "running", "step": "restore", "begun": ["restore"]}
RELEASED = {"number": 3, "kind": "upgrade", "state": "succeeded", "from_version": "25.8.0", "to_version": "26.3.0", "ended": 1}


@pytest.mark.parametrize("name", ["site.yml", "mail.yml"])
@pytest.mark.parametrize(
    ("record", "message"),
    [
        (UNFINISHED, "Release 3 (restore to a snapshot) is running at step restore. Finish it first: restore.yml"),
        (RELEASED, "redash_version: 25.8.0, but Redash is 26.3.0 since release 3. Set redash_version: 26.3.0 in the inventory"),
    ],
    ids=["unfinished", "released"],
)
def test_nothing_is_touched(aws: LocalAws, playbook: Playbook, name: str, record: dict[str, Any], message: str) -> None:
    host = f"{name.removesuffix('.yml')}-{record['kind']}"
    ssm = aws.client("ssm")
    ssm.put_parameter(Name=f"/redash/{host}/releases/0003", Value=json.dumps(record), Type="String")
    run = playbook.shipped(name, host, VARIABLES)
    assert run.returncode == 2, run.stdout
    assert message in said(run), run.stdout
    assert "changed=0" in run.stdout
    names = [each["Name"] for each in ssm.get_parameters_by_path(Path=f"/redash/{host}", Recursive=True)["Parameters"]]
    assert names == [f"/redash/{host}/releases/0003"], "secrets were made"
    assert f"alias/redash/{host}" not in [each["AliasName"] for each in aws.client("kms").list_aliases()["Aliases"]]


TAGGED = "registry.example.com/redash:26.3.0-acme1"


@pytest.mark.parametrize("name", ["site.yml", "mail.yml", "rotate_secrets.yml"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"redash_image": TAGGED}, f"redash_image: {TAGGED} is Redash 26.3.0, and redash_version is 25.8.0"),
        ({"redash_version": "26.9.0"}, "'26.9.0' is not a Redash release that is known"),
        ({"redash_releases": {"26.9.0": {"python": 3.13}}}, "redash_releases: 26.9.0.python: 3.13 is not a version of Python in quotes"),
    ],
    ids=["image", "unknown", "facts"],
)
def test_a_release_that_is_not_known_or_not_in_the_image_is_refused_before_anything_is_made(
    aws: LocalAws, playbook: Playbook, name: str, given: dict[str, Any], message: str
) -> None:
    host = f"{name.partition('.')[0].replace('_', '-')[:6]}-{next(iter(given)).removeprefix('redash_')[:8]}"
    run = playbook.shipped(name, host, {**VARIABLES, "rotate": "cookie_secret", **given})
    assert run.returncode == 2, run.stdout
    assert message in said(run), run.stdout
    assert "Traceback" not in run.stdout
    assert "changed=0" in run.stdout
    assert not aws.client("ssm").get_parameters_by_path(Path=f"/redash/{host}", Recursive=True)["Parameters"]


def test_a_release_that_an_upgrade_s_image_told_is_known_afterwards(aws: LocalAws, playbook: Playbook) -> None:
    record = {**RELEASED, "to_version": "26.9.0", "facts": {"release": {"like": "26.3.0"}}}
    aws.client("ssm").put_parameter(Name="/redash/told/releases/0003", Value=json.dumps(record), Type="String")
    run = playbook.shipped("mail.yml", "told", {**VARIABLES, "redash_version": "26.9.0"})
    assert "is not a Redash release that is known" not in run.stdout
    assert "Check that the inventory follows what was released" in run.stdout


def test_site_yml_looks_again_after_terraform_before_it_deploys() -> None:
    (play,) = yaml.safe_load((ROOT / "playbooks" / "site.yml").read_text())
    named = [task.get("ansible.builtin.import_role") or task["ansible.builtin.include_role"] for task in play["tasks"]]
    roles = [(role["name"], role.get("tasks_from")) for role in named]
    guards = [place for place, role in enumerate(roles) if role == ("redash.ecs.upgrade", "guard")]
    assert guards[0] < roles.index(("redash.ecs.ssm_secrets", None))
    assert roles.index(("redash.ecs.terraform_apply", None)) < guards[1] < roles.index(("redash.ecs.compose_render", None))


def test_without_credentials_site_yml_says_how_to_get_them(playbook: Playbook, tmp_path: Path) -> None:
    """The first thing that a newcomer to AWS sees. A module of amazon.aws would only say "Unable to locate credentials"."""
    nobody = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    nobody |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"), "")
    connection = {"region": "eu-west-1", "endpoint_url": playbook.aws.endpoint}
    run = playbook.shipped("site.yml", "nobody", {**VARIABLES, "redash_aws_connection": connection}, environment=nobody)
    assert run.returncode == 2, run.stdout
    assert "no AWS credentials. Set redash_aws_profile, or sign in, or run where a role is assumed." in said(run), run.stdout
