# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""inventories/discovered: installations are found by what Terraform tags."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ansible.release import __version__ as ansible_version

from .conftest import REGION, ROOT, LocalAws


def test_installations_are_found_and_nothing_else(aws: LocalAws, tmp_path: Path) -> None:
    rds = aws.client("rds")
    for name, tags in (
        ("found-prod", {"Application": "redash", "Installation": "found-prod"}),
        ("shop", {"Application": "shop"}),
        ("bare", {}),
    ):
        rds.create_db_cluster(
            DBClusterIdentifier=name,
            Engine="aurora-postgresql",
            MasterUsername="redash",
            MasterUserPassword="not-a-secret-here",
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
    rds.create_db_instance(
        DBInstanceIdentifier="found-prod-1",
        DBClusterIdentifier="found-prod",
        DBInstanceClass="db.serverless",
        Engine="aurora-postgresql",
        Tags=[{"Key": "Application", "Value": "redash"}, {"Key": "Installation", "Value": "found-prod"}],
    )
    inventory = tmp_path / "discovered"
    shutil.copytree(ROOT / "inventories" / "discovered", inventory)
    source = inventory / "redash.aws_rds.yml"
    source.write_text(source.read_text().replace("ap-northeast-1", REGION))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
    }
    program = str(Path(sys.executable).with_name("ansible-inventory"))
    run = subprocess.run(
        [program, "-i", str(inventory), "--list"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["redash"]["hosts"] == ["found-prod"]
    variables = found["_meta"]["hostvars"]["found-prod"]
    # What AWS says is marked as unsafe, never a template: since ansible-core 2.19, which keeps the mark through a template.
    marked = tuple(map(int, ansible_version.split(".")[:2])) >= (2, 19)
    assert variables["redash_region"] == ({"__ansible_unsafe": REGION} if marked else REGION)
    assert variables["ansible_connection"] == "local"
