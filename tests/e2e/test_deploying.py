# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What people do to a Redash that runs: back it up, scale it, change its topology, roll it back; and deploy what doesn't work.

tests/e2e_core has upgrades, and tests/e2e_upgrade every kind of failure and kills in each step.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import ROOT, Demo, changed
from tests.e2e.watch import Watch, answered
from tests.e2e_upgrade.installation import NAME, REPOSITORY, Installation, Run, calm

# Terraform has nothing to do with any of this.
QUICK = {"redash_terraform_skip_unchanged": True}
SPLIT = {**QUICK, "redash_topology": "split"}
SERVICES = {f"{NAME}-{part}" for part in ("server", "scheduler", "worker", "adhoc_worker", "scheduled_worker")}
QUEUES = ["periodic", "emails", "default", "scheduled_queries", "queries", "schemas"]
HEAD, OLDER = "db0aca1ebd32", "9e8c841d1a30"
CRASHING = """
import os
from demo import engine, images
from demo.instance import Instance
instance = Instance.from_environment(os.environ)
found = engine.ensure(instance)
images.build_stand_in(found, images.ensure_base(found, instance), "25.8.0", fault="crash")
"""


@pytest.fixture(scope="module")
def redash(demo: Demo) -> Iterator[Installation]:
    if (demo.home / "image_repository").read_text() != REPOSITORY:
        pytest.skip("the demo runs the official image, and these tests know the stand-in's parts")
    installation = Installation(demo.home, demo.port)
    yield installation
    # The demo as it was, for whoever comes after.
    ssm = installation.client("ssm")
    for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=f"/redash/{NAME}/releases", Recursive=True):
        for parameter in page["Parameters"]:
            ssm.delete_parameter(Name=parameter["Name"])
    done = installation.run("site.yml", **QUICK)
    assert done.rc == 0, done.output


def ok(run: Run) -> Run:
    assert run.rc == 0, run.output
    calm(run)
    return run


def test_a_backup_is_a_snapshot_with_a_record_and_check_mode_takes_none(redash: Installation) -> None:
    rds = redash.client("rds")

    def snapshots() -> dict[str, str]:
        found = rds.describe_db_cluster_snapshots(DBClusterIdentifier=NAME, SnapshotType="manual")["DBClusterSnapshots"]
        return {one["DBClusterSnapshotIdentifier"]: one["Status"] for one in found}

    before = snapshots()
    assert "Would take a snapshot of redash-demo" in ok(redash.run("backup.yml", "--check")).message
    assert (snapshots(), redash.records()) == (before, [])
    done = ok(redash.run("backup.yml"))
    assert done.message == f"Snapshot {NAME}-backup-1 is there."
    assert snapshots() == {**before, f"{NAME}-backup-1": "available"}
    assert (redash.record()["kind"], redash.record()["state"]) == ("backup", "succeeded")
    assert "backup" in ok(redash.run("history.yml")).output


def test_scaling_stops_and_starts_and_refuses_a_second_scheduler(redash: Installation) -> None:
    refused = redash.run("scale.yml", count=2)
    assert refused.rc != 0
    assert "count: 2 tasks of redash-demo would be as many schedulers" in refused.message
    assert redash.services()[NAME][1:] == (1, 1)
    stopped = ok(redash.run("scale.yml", count=0))
    assert redash.services()[NAME][1:] == (0, 0)
    assert "The next site.yml brings redash-demo back to 1" in stopped.message
    ok(redash.run("scale.yml", count=1))
    assert redash.services()[NAME][1:] == (1, 1)


@pytest.mark.slow
def test_the_topology_changes_there_and_back_without_a_gap_and_with_one_scheduler(redash: Installation, demo: Demo, tmp_path: Path) -> None:
    with Watch(redash, demo) as there:
        ok(redash.run("site.yml", **SPLIT))
    assert set(redash.services()) == SERVICES
    assert changed(ok(redash.run("site.yml", **SPLIT)).output) == {NAME: 0}

    # Each queue takes a job to its end.
    infrastructure = json.loads((demo.home / "redash" / "infrastructure.json").read_text())
    task = {
        "cluster": NAME,
        "task_definition": f"{NAME}-task-runner",
        "container": "task-runner",
        "command": ["python", "-c", (ROOT / "roles/upgrade/files/queues.py").read_text(), "60", *QUEUES],
        "subnets": infrastructure["private_subnet_ids"],
        "security_groups": infrastructure["task_security_group_ids"],
        "assign_public_ip": infrastructure["assign_public_ip"],
    }
    play = {
        "hosts": "redash",
        "gather_facts": False,
        "module_defaults": {"group/redash.ecs.aws": "{{ redash_aws_connection }}"},
        "tasks": [
            {"redash.ecs.redash_ecs_task": task, "register": "said"},
            {"ansible.builtin.copy": {"content": "{{ said.stdout_lines | join('\n') }}", "dest": str(tmp_path / "said")}},
        ],
    }
    (tmp_path / "queues.yml").write_text(yaml.safe_dump([play]))
    ok(redash.run(str(tmp_path / "queues.yml")))
    (result,) = re.findall(r"redash-ecs-result: ({.*})", (tmp_path / "said").read_text())
    assert json.loads(result)["queues"] == dict.fromkeys(QUEUES, "done")

    scaled = ok(redash.run("scale.yml", service="adhoc_worker", count=2, **SPLIT))
    assert redash.services()[f"{NAME}-adhoc_worker"][1:] == (2, 2)
    assert "set redash_service_sizes: {adhoc_worker: {desired_count: 2}}" in scaled.message
    refused = redash.run("scale.yml", service="scheduler", count=2, **SPLIT)
    assert (refused.rc != 0, redash.services()[f"{NAME}-scheduler"][1:]) == (True, (1, 1))
    status = ok(redash.run("status.yml", **SPLIT)).output
    assert f"{NAME}-adhoc_worker  2 of 2 running, revision " in status
    assert all(f"{service}  " in status for service in SERVICES)

    with Watch(redash, demo) as back:
        ok(redash.run("site.yml", **QUICK))
    assert set(redash.services()) == {NAME}
    for watch in (there, back):
        assert max(watch.schedulers) == 1, watch.schedulers
        assert answered(watch), Counter(watch.pings)


def test_old_revisions_are_pruned_and_a_rollback_goes_to_the_one_before_unless_the_schema_is_another(redash: Installation) -> None:
    ecs = redash.client("ecs")

    def active(family: str) -> set[int]:
        arns = ecs.list_task_definitions(familyPrefix=family, status="ACTIVE")["taskDefinitionArns"]
        return {int(arn.rpartition(":")[2]) for arn in arns if arn.rpartition("/")[2].rpartition(":")[0] == family}

    def deploy(level: str, **more: Any) -> int:
        """Another setting is another revision; the number of the one that runs then."""
        ok(redash.run("site.yml", redash_settings={"REDASH_LOG_LEVEL": level}, **more, **QUICK))
        return int(redash.services()[NAME][0].rpartition(":")[2])

    first = int(redash.services()[NAME][0].rpartition(":")[2])
    second = deploy("DEBUG")
    before = redash.services()
    assert {first, second} <= active(NAME)
    # What release records name is kept: of those there may be some by now.
    recorded = {int(number) for number in re.findall(rf"task-definition/{NAME}:(\d+)", json.dumps(redash.records()))}
    third = deploy("ERROR", redash_revisions_kept=1)
    newer = redash.services()
    assert first < second < third
    assert {second, third} <= active(NAME) <= {second, third, *recorded}

    redash.sql(f"update alembic_version set version_num = '{OLDER}'")
    try:
        refused = redash.run("rollback.yml")
    finally:
        redash.sql(f"update alembic_version set version_num = '{HEAD}'")
    assert refused.rc != 0
    assert f"the database is at revision {OLDER}, and 25.8.0 needs {HEAD}" in refused.message, refused.output
    unknown = redash.run("rollback.yml", revision=999)
    assert (unknown.rc != 0, "redash-demo:999 is not an active revision" in unknown.message) == (True, True), unknown.output
    assert redash.services() == newer
    named = ok(redash.run("rollback.yml", revision=second))
    assert "Redash is back at 25.8.0" in named.output
    assert redash.services() == before


@pytest.mark.slow
def test_a_crash_loop_fails_soon_with_the_first_tasks_reason_while_redash_goes_on(redash: Installation, demo: Demo) -> None:
    subprocess.run([sys.executable, "-c", CRASHING], cwd=ROOT, env={**os.environ, **redash.environment}, check=True)
    before = redash.services()
    with Watch(redash, demo) as watch:
        failed = redash.run("site.yml", redash_image=f"{REPOSITORY}:25.8.0-crash", **QUICK)
    assert failed.rc != 0
    assert re.search(r"circuit breaker was triggered|stopped for the same cause", failed.message), failed.output
    # The container's own reason and last words, whoever of ECS and the playbook gave up first.
    why = r"(First task|the same cause): \w+ exited with 1: RuntimeError: this stand-in was built to crash at its start"
    assert re.search(why, failed.message), failed.message
    assert "the first task that failed, " in failed.output
    # Once asked for, a line is told once.
    told = [line for line in failed.output.splitlines() if line.startswith(f"[{NAME}] task ")]
    assert len(told) == len(set(told))
    assert len(told) <= 20, "calm, although it is a loop"
    assert answered(watch), Counter(watch.pings)
    # The circuit breaker, which site.yml turns on, brings the service back to what ran.
    deadline = time.monotonic() + 60
    while redash.services() != before and time.monotonic() < deadline:
        time.sleep(1)
    assert redash.services() == before
