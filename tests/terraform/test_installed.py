# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Another name, region, account or workspace than what exists: refused before a plan. Real Terraform on moto."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

from .conftest import REGION, Moto
from .test_state import Small

MODULE = """
variable "name" {}
variable "region" {}
data "aws_caller_identity" "this" {}
resource "aws_ecs_cluster" "this" {
  name = var.name
}
output "redash" {
  value = {
    name        = var.name
    region      = var.region
    account_id  = data.aws_caller_identity.this.account_id
    cluster_arn = aws_ecs_cluster.this.arn
  }
}
"""
NAME = "moved-prod"
WANTED = {"name": NAME, "region": REGION}


def test_nothing_is_planned_where_what_exists_is_another(tmp_path: Path, moto: Moto, terraform_environ: dict[str, str]) -> None:
    """One life, because each run of the provider takes seconds."""
    name, wanted = NAME, WANTED
    small = Small(tmp_path, moto, terraform_environ, MODULE)
    recorded = tmp_path / "infrastructure.json"
    recorded.write_text(json.dumps(small.run(variables=wanted)["outputs"]["redash"]))
    state = tmp_path / "work" / "terraform.tfstate"
    before = state.read_bytes()

    def refused(*, check_mode: bool = False, **params: Any) -> str:
        small.reported.clear()
        with pytest.raises(RedashError) as caught:
            small.run(check_mode=check_mode, **{"variables": wanted, **params})
        assert not [line for line in small.reported if line.startswith("plan:")], "it planned"
        assert state.read_bytes() == before
        return "\n".join(str(problem) for problem in caught.value.problems)

    for check_mode in (True, False):
        said = refused(check_mode=check_mode, variables={"name": "another", "region": "eu-central-1"})
        assert [line.split(":")[0] for line in said.splitlines()] == ["redash_name", "redash_region"]
    assert refused(variables={**wanted, "region": "eu-central-1"}, state="absent").startswith("redash_region: ")

    # The file of the last run says it, too: the state lies elsewhere, and is empty.
    elsewhere = {"work_dir": str(tmp_path / "fresh")}
    foreign = {**json.loads(recorded.read_text()), "account_id": "210987654321"}
    recorded.write_text(json.dumps(foreign))
    said = refused(recorded=str(recorded), **elsewhere)
    assert said.startswith("redash_aws_profile: ") and "210987654321" in said and str(recorded) in said
    recorded.write_text("{")
    assert "cannot read" in refused(recorded=str(recorded))

    # An empty state beside a database: another workspace, a lost state.
    moto.client("rds").create_db_cluster(
        DBClusterIdentifier=name, Engine="aurora-postgresql", MasterUsername="redash", MasterUserPassword="not-a-secret"
    )
    said = refused(workspace="blue")
    assert said.startswith("aws_rds_cluster.this: ") and "workspace blue" in said and "other workspaces: default" in said
    assert refused(check_mode=True, **elsewhere).startswith("aws_rds_cluster.this: ")
    assert moto.client("ecs").describe_clusters(clusters=[name])["clusters"][0]["status"] == "ACTIVE"
    assert not small.run(variables=wanted)["changed"], "the right one goes on"
