# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role ecs_cli_service and autoscaling: MiniStack has none, so moto's server stands in where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from .conftest import LocalAws, Playbook
from .test_ecs_cli_service_role import INFRASTRUCTURE, service
from .test_ssm_secrets_role import changes

ROLE = [{"import_role": {"name": "redash.ecs.ecs_cli_service", "tasks_from": "autoscaling"}}]


@pytest.fixture
def moto_aws() -> Iterator[LocalAws]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield LocalAws(f"http://{host}:{port}")
    finally:
        server.stop()


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, Any]:
    return {
        "redash_name": "shop",
        "redash_topology": "split",
        "redash_infrastructure": {**INFRASTRUCTURE, "cluster_name": "scaling"},
        "task_definition_arns": {},
        "compose_render_result": {
            "services": [
                service("worker", tmp_path, desired_count=1, has_scheduler=False),
                service("scheduler", tmp_path, desired_count=1, has_scheduler=True),
            ]
        },
    }


def test_workers_scale_once_asked_and_no_longer_once_taken_out(moto_aws: LocalAws, tmp_path: Path, variables: dict[str, Any]) -> None:
    ecs, scaling = moto_aws.client("ecs"), moto_aws.client("application-autoscaling")
    ecs.create_cluster(clusterName="scaling")
    ecs.register_task_definition(family="shop", containerDefinitions=[{"name": "worker", "image": "x", "memory": 128}])
    for name in ("shop-worker", "shop-scheduler"):
        ecs.create_service(cluster="scaling", serviceName=name, taskDefinition="shop", desiredCount=1)
    playbook = Playbook(tmp_path, moto_aws)
    asked = {**variables, "redash_autoscaling": {"worker": {"min": 2, "max": 6, "cpu_percent": 60}}}

    assert changes(playbook.run(ROLE, "--check", variables=asked).stdout) == 1
    assert scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
    first = playbook.run(ROLE, variables=asked)
    assert first.returncode == 0, first.stdout
    assert (changes(first.stdout), changes(playbook.run(ROLE, variables=asked).stdout)) == (1, 0)
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) == ("service/scaling/shop-worker", 2, 6)

    assert changes(playbook.run(ROLE, variables=variables).stdout) == 1
    assert scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []


def test_a_service_that_scales_keeps_its_number_while_the_others_get_theirs(
    aws: LocalAws, playbook: Playbook, variables: dict[str, Any]
) -> None:
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="scaling")
    for name in ("shop-worker", "shop-scheduler"):
        ecs.register_task_definition(
            family=name,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": name.removeprefix("shop-"), "image": "redash/redash:25.8.0"}],
        )
    deploy = [{"import_role": {"name": f"redash.ecs.{name}"}} for name in ("redash", "ecs_cli_service")]
    first = playbook.run(deploy, variables=variables)
    assert first.returncode == 0, first.stdout
    for name in ("shop-worker", "shop-scheduler"):
        ecs.update_service(cluster="scaling", service=name, desiredCount=3)
    asked = {**variables, "redash_autoscaling": {"worker": {"min": 2, "max": 6, "cpu_percent": 60}}}
    assert playbook.run(deploy, variables=asked).returncode == 0
    found = ecs.describe_services(cluster="scaling", services=["shop-worker", "shop-scheduler"])["services"]
    assert {one["serviceName"]: one["desiredCount"] for one in found} == {"shop-worker": 3, "shop-scheduler": 1}


def test_on_a_local_aws_without_autoscaling_nothing_asked_is_nothing_done(playbook: Playbook, variables: dict[str, Any]) -> None:
    done = playbook.run(ROLE, variables=variables)
    assert (done.returncode, changes(done.stdout)) == (0, 0), done.stdout


def test_the_consolidated_topology_is_refused_before_anything_is_called(playbook: Playbook, variables: dict[str, Any]) -> None:
    asked = {**variables, "redash_topology": "consolidated", "redash_autoscaling": {"server": {"min": 1, "max": 2, "cpu_percent": 60}}}
    done = playbook.run([{"import_role": {"name": "redash.ecs.redash"}}], variables=asked)
    assert done.returncode == 2
    assert "Set redash_topology: split, or leave redash_autoscaling out." in " ".join(done.stdout.split())
