# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Redash 10.1.0 on a local AWS of its own, with people, groups and queries in it, put back to that before each test.

It takes minutes to make; REDASH_E2E_UPGRADE_HOME and REDASH_E2E_UPGRADE_PORT name one that is kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e_upgrade.installation import NAME, PEOPLE, ROOT, Installation

START = "start"
IMAGES = r"""
import os, sys
from demo import engine, images
from demo.instance import Instance
instance = Instance.from_environment(os.environ)
found = engine.ensure(instance)
base = images.ensure_base(found, instance)
for version in ("8.0.0", "9.0.0-beta", "10.0.0", "10.1.0", "25.8.0", "26.3.0"):
    images.build_stand_in(found, base, version)
images.build_stand_in(found, base, "10.1.0", fault="migration")
for fault in ("migration", "crash", "crash-server", "unhealthy"):
    images.build_stand_in(found, base, "25.8.0", fault=fault)
"""


@pytest.fixture(scope="session")
def made() -> Iterator[Installation]:
    kept = os.environ.get("REDASH_E2E_UPGRADE_HOME")
    home = Path(kept or ROOT / "build" / "e2e-upgrade")
    installation = Installation(home, int(os.environ.get("REDASH_E2E_UPGRADE_PORT", "4598")))
    environment = {**installation.environment, "REDASH_VERSION": "10.1.0"}
    if not installation.database_exists(START):
        subprocess.run([sys.executable, "-m", "demo", "up"], cwd=ROOT, env=environment, check=True, timeout=1500)
        subprocess.run([sys.executable, "-c", IMAGES], cwd=ROOT, env=environment, check=True, timeout=1500)
        groups = installation.run("manage.yml", cmd="groups create analysts")
        assert groups.rc == 0, groups.output
        installation.sql(PEOPLE)
        installation.copy_database("redash", START)
    yield installation
    if not kept:
        subprocess.run([sys.executable, "-m", "demo", "clean"], cwd=ROOT, env=environment, check=False, timeout=300)


@pytest.fixture
def redash(made: Installation) -> Installation:
    """10.1.0, running, as it was made: task definition 1, nothing released yet."""
    ecs, rds = made.client("ecs"), made.client("rds")
    made.stop_everything()
    made.copy_database(START, "redash")
    for family in (NAME, f"{NAME}-task-runner"):
        for arn in ecs.list_task_definitions(familyPrefix=family)["taskDefinitionArns"]:
            if not arn.endswith(":1"):
                ecs.deregister_task_definition(taskDefinition=arn)
    made.forget_releases()
    for snapshot in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]:
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=snapshot["DBClusterSnapshotIdentifier"])
    # What a restore kept aside.
    for instance in rds.describe_db_instances()["DBInstances"]:
        if "-before-" in instance["DBInstanceIdentifier"]:
            rds.delete_db_instance(DBInstanceIdentifier=instance["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    for cluster in rds.describe_db_clusters()["DBClusters"]:
        if cluster["DBClusterIdentifier"] != NAME:
            rds.delete_db_cluster(DBClusterIdentifier=cluster["DBClusterIdentifier"], SkipFinalSnapshot=True)
    for aside in made.sql("select datname from pg_database where datname like 'redash.before.%' or datname like 'snapshot.%'", "postgres"):
        made.sql(f'drop database "{aside}" with (force)', "postgres")
    # As site.yml makes a service of 10.1.0, two of whose schedulers must not meet.
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}, "minimumHealthyPercent": 0, "maximumPercent": 100}
    ecs.update_service(cluster=NAME, service=NAME, taskDefinition=f"{NAME}:1", desiredCount=1, deploymentConfiguration=breaker)
    made.wait_for((f"{NAME}:1", 1, 1))
    return made


@pytest.fixture
def split(made: Installation) -> Iterator[Installation]:
    """8.0.0, each of its processes a service of its own, made from an empty database on the same infrastructure."""
    variables = {"redash_version": "8.0.0", "redash_topology": "split"}
    made.stop_everything()
    made.remove_services()
    made.forget_releases()
    made.empty_database("redash")
    site = made.run("site.yml", **variables)
    assert site.rc == 0, site.output
    groups = made.run("manage.yml", cmd="groups create analysts", **variables)
    assert groups.rc == 0, groups.output
    made.sql(PEOPLE)
    yield made
    made.stop_everything()
    made.remove_services()
    made.forget_releases()
    made.copy_database(START, "redash")
    assert made.run("site.yml", redash_version="10.1.0").rc == 0
