# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role ecs_cli_service on a local AWS whose tasks exist by name only."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.redash.ecs.plugins.module_utils import service as deployment
from ansible_collections.redash.ecs.plugins.module_utils.context import Context

from .conftest import REGION, LocalAws, Playbook
from .test_ssm_secrets_role import changes

INFRASTRUCTURE = {
    "cluster_name": "shop",
    "private_subnet_ids": ["subnet-a", "subnet-b"],
    "public_subnet_ids": ["subnet-c"],
    "task_security_group_ids": ["sg-1"],
    "assign_public_ip": "DISABLED",
    "target_group_arn": None,
}
# What rendering says of a service whose scheduler must not meet its successor.
ONE_AT_A_TIME = {"minimum_healthy_percent": 0, "maximum_percent": 100}
# The role redash knows where tasks run; every playbook of the collection begins with it.
ROLE = [{"import_role": {"name": f"redash.ecs.{name}"}} for name in ("redash", "ecs_cli_service")]


def service(name: str, folder: Path, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "family": f"shop-{name}",
        "compose_files": [str(folder / f"docker-compose-{name}.yml")],
        "ecs_params": str(folder / f"ecs-params-{name}.yml"),
        "containers": [name],
        "load_balancer": None,
        "queues": [],
        "desired_count": None,
        **fields,
    }


@pytest.fixture
def variables(aws: LocalAws, tmp_path: Path) -> dict[str, Any]:
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="shop")
    for name in ("server", "scheduler", "worker"):
        ecs.register_task_definition(
            family=f"shop-{name}",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": name, "image": "redash/redash:25.8.0"}],
        )
    return {
        "redash_name": "shop",
        "redash_work_dir": str(tmp_path / "work"),
        "redash_infrastructure": INFRASTRUCTURE,
        "redash_topology": "split",
        "redash_desired_count": 2,
        "task_definition_arns": {},
        "compose_render_result": {
            "services": [
                service("worker", tmp_path),
                service("scheduler", tmp_path, desired_count=1, has_scheduler=True, deployment_configuration=ONE_AT_A_TIME),
            ],
        },
    }


def test_split_services_are_made_once_and_the_scheduler_is_never_two(aws: LocalAws, playbook: Playbook, variables: dict[str, Any]) -> None:
    first = playbook.run(ROLE, variables=variables)
    assert first.returncode == 0, first.stdout
    assert "[prod] created service shop-worker" in first.stdout, "live output"
    second = playbook.run(ROLE, variables=variables)
    assert (changes(first.stdout), changes(second.stdout)) == (2, 0)
    found = aws.client("ecs").describe_services(cluster="shop", services=["shop-worker", "shop-scheduler"])["services"]
    worker, scheduler = sorted(found, key=lambda one: one["serviceName"], reverse=True)
    assert (worker["desiredCount"], scheduler["desiredCount"]) == (2, 1)
    assert worker["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": ["subnet-a", "subnet-b"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "DISABLED",
    }
    percent = {one["serviceName"]: one["deploymentConfiguration"] for one in found}
    assert percent["shop-worker"]["minimumHealthyPercent"] == 100
    assert (percent["shop-scheduler"]["minimumHealthyPercent"], percent["shop-scheduler"]["maximumPercent"]) == (0, 100)


def test_workers_are_begun_together_and_seen_through_before_what_gives_them_work(
    aws: LocalAws, playbook: Playbook, variables: dict[str, Any]
) -> None:
    aws.client("ecs").create_cluster(clusterName="together")
    variables = {
        **variables,
        "redash_infrastructure": {**INFRASTRUCTURE, "cluster_name": "together"},
        "task_definition_arns": {"shop-adhoc": "shop-worker"},
        "compose_render_result": {
            "services": [
                service("scheduler", playbook.folder, desired_count=1, has_scheduler=True),
                service("adhoc", playbook.folder),
                service("worker", playbook.folder),
            ],
        },
    }
    done = playbook.run(ROLE, variables=variables)
    # Nothing runs here, so each is steady at once, and there is nothing to say of it.
    assert re.findall(r"^(changed|ok): \[prod\] => \(item=shop-(\w+)\)", done.stdout, re.MULTILINE) == [
        ("changed", "adhoc"),
        ("changed", "worker"),
        ("ok", "adhoc"),
        ("ok", "worker"),
        ("changed", "scheduler"),
    ]
    again = playbook.run(ROLE, variables=variables)
    assert (again.returncode, changes(again.stdout)) == (0, 0), again.stdout
    assert "\n[prod] " not in again.stdout, "what stands is not talked about"


def test_what_an_upgrade_stopped_is_started_as_it_was_and_ecs_may_roll_it_back_again(
    aws: LocalAws, playbook: Playbook, variables: dict[str, Any]
) -> None:
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="back")
    for name in ("worker", "scheduler"):
        ecs.create_service(
            cluster="back",
            serviceName=f"shop-{name}",
            taskDefinition=f"shop-{name}",
            desiredCount=0,
            # As the new release has them, whose schedulers may meet.
            deploymentConfiguration={
                "deploymentCircuitBreaker": {"enable": True, "rollback": False},
                "minimumHealthyPercent": 100,
                "maximumPercent": 200,
            },
        )
    before = ecs.register_task_definition(
        family="shop-worker",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="1024",
        containerDefinitions=[{"name": "worker", "image": "redash/redash:10.1.0"}],
    )["taskDefinition"]["taskDefinitionArn"]
    given = {
        **variables,
        "redash_infrastructure": {**INFRASTRUCTURE, "cluster_name": "back"},
        "ecs_cli_service_begun": ["shop-worker", "shop-scheduler"],
        "ecs_cli_service_counts": {"shop-worker": 2, "shop-scheduler": 1},
        "ecs_cli_service_task_definitions": {"shop-worker": before, "shop-scheduler": "shop-scheduler"},
        "ecs_cli_service_percents": {"shop-worker": {}, "shop-scheduler": ONE_AT_A_TIME},
    }
    start = [ROLE[0], {"import_role": {"name": "redash.ecs.ecs_cli_service", "tasks_from": "start"}}]
    done = playbook.run(start, variables=given)
    assert done.returncode == 0, done.stdout
    found = {
        one["serviceName"]: one for one in ecs.describe_services(cluster="back", services=["shop-worker", "shop-scheduler"])["services"]
    }
    assert {name: one["desiredCount"] for name, one in found.items()} == {"shop-worker": 2, "shop-scheduler": 1}
    assert found["shop-worker"]["taskDefinition"] == before
    for one in found.values():
        configuration = one["deploymentConfiguration"]
        assert configuration["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
        percents = (0, 100) if one["serviceName"] == "shop-scheduler" else (100, 200)
        assert (configuration["minimumHealthyPercent"], configuration["maximumPercent"]) == percents, "each service's own"
    # A secret that was written since: of what it only counted up ECS would say that it was deployed before.
    asked = playbook.run(start, variables={**given, "ecs_cli_service_redeploy_after": time.time() + 60})
    assert asked.stdout.count("a secret was changed after its containers started") == 2, asked.stdout


def test_tasks_with_a_public_address_run_in_the_public_subnets(aws: LocalAws, playbook: Playbook, variables: dict[str, Any]) -> None:
    """The service, the files for ecs-cli, and one-off tasks alike: the three once disagreed."""
    public = {
        **INFRASTRUCTURE,
        "assign_public_ip": "ENABLED",
        "region": REGION,
        "url": "http://redash.example.com",
        "log_group_name": "/shop",
        "execution_role_arn": "arn:aws:iam::123456789012:role/shop",
    }
    aws.client("ecs").register_task_definition(
        family="shop-task-runner",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "task-runner", "image": "redash/redash:25.8.0"}],
    )
    # The service is new here: what one has been made with stays until it is changed.
    services = [service("worker", playbook.folder, family="shop-public")]
    given = {
        **variables,
        "redash_infrastructure": public,
        "task_definition_arns": {"shop-public": "shop-worker"},
        "compose_render_result": {"services": services},
        "task_runner_cmd": "version",
    }
    done = playbook.run(
        [*ROLE, *({"import_role": {"name": f"redash.ecs.{name}"}} for name in ("compose_render", "task_runner"))], variables=given
    )
    found = aws.client("ecs").describe_services(cluster="shop", services=["shop-public"])["services"]
    network = {"subnets": ["subnet-c"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}
    assert [one["networkConfiguration"]["awsvpcConfiguration"] for one in found] == [network], done.stdout
    rendered = yaml.safe_load((playbook.folder / "work" / "compose" / "ecs-params-task-runner.yml").read_text())
    assert rendered["run_params"]["network_configuration"]["awsvpc_configuration"]["subnets"] == ["subnet-c"]
    # This AWS has no such subnet, which is how it can be seen which one the task was to run in.
    assert "subnet-c" in done.stdout.rsplit("fatal:", 1)[1], done.stdout
    assert "subnet-a" not in done.stdout


def test_a_change_of_topology_never_has_two_schedulers_and_leaves_no_service_behind(
    aws: LocalAws, playbook: Playbook, variables: dict[str, Any]
) -> None:
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="moving")
    infrastructure = {**INFRASTRUCTURE, "cluster_name": "moving"}
    # Another installation's, in the same cluster, whose name begins alike.
    for family, containers in (("shop", ["server", "scheduler", "worker"]), ("shop-staging", ["server", "scheduler", "worker"])):
        ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": name, "image": "redash/redash:25.8.0"} for name in containers],
        )
    ecs.create_service(cluster="moving", serviceName="shop-staging", taskDefinition="shop-staging", desiredCount=0)
    whole = service(
        "shop", playbook.folder, family="shop", desired_count=1, has_scheduler=True, containers=["server", "scheduler", "worker"]
    )
    split = variables["compose_render_result"]["services"]

    def services() -> list[str]:
        return sorted(arn.rpartition("/")[2] for arn in ecs.list_services(cluster="moving")["serviceArns"])

    def apply(rendered: list[dict[str, Any]], *options: str) -> list[str]:
        given = {**variables, "redash_infrastructure": infrastructure, "compose_render_result": {"services": rendered}}
        done = playbook.run(ROLE, *options, variables=given)
        assert done.returncode == 0, done.stdout
        apply.changes = changes(done.stdout)  # type: ignore[attr-defined]
        return re.findall(r"\[prod\] ((?:created|deleted) service [\w-]+)", done.stdout)

    apply([whole])
    assert services() == ["shop", "shop-staging"]
    foretold = apply(split, "--check")
    assert (foretold, services()) == ([], ["shop", "shop-staging"]), "check mode"
    assert apply.changes == 3, "two services to make, one to delete"  # type: ignore[attr-defined]
    assert apply(split) == ["created service shop-worker", "deleted service shop", "created service shop-scheduler"]
    assert services() == ["shop-scheduler", "shop-staging", "shop-worker"]
    assert apply(split) == []
    assert apply([whole]) == ["deleted service shop-scheduler", "created service shop", "deleted service shop-worker"]
    assert services() == ["shop", "shop-staging"]


def test_nothing_to_change_is_no_write_and_at_most_four_calls_to_ecs(aws: LocalAws, variables: dict[str, Any]) -> None:
    """Counted where botocore sends them, of the module's own work."""
    sent: list[str] = []

    def client(name: str, **others: Any) -> Any:
        made = aws.client(name)
        made.meta.events.register("before-send.ecs.*", lambda event_name, **more: sent.append(event_name.rpartition(".")[2]))
        return made

    asked = {name: option.get("default") for name, option in deployment.ARGUMENT_SPEC.items()} | {
        "cluster": "shop",
        "name": "shop-counted",
        "task_definition": "shop-worker",
        "desired_count": 1,
        "subnets": ["subnet-a"],
        "launch_type": "FARGATE",
        "tags": {"Name": "shop-counted"},
    }
    assert deployment.run(dict(asked), Context(client=client))["changed"] is True
    assert "CreateService" in sent
    sent.clear()
    assert deployment.run(dict(asked), Context(client=client))["differences"] == []
    assert 1 <= len(sent) <= 4
    assert set(sent) <= {"DescribeServices", "DescribeTaskDefinition"}, "nothing is written"


def test_a_count_left_empty_stays_autoscaling_s(aws: LocalAws, playbook: Playbook, variables: dict[str, Any]) -> None:
    assert playbook.run(ROLE, variables=variables).returncode == 0
    aws.client("ecs").update_service(cluster="shop", service="shop-worker", desiredCount=5)
    done = playbook.run(ROLE, variables={**variables, "redash_desired_count": ""})
    assert changes(done.stdout) == 0
    found = aws.client("ecs").describe_services(cluster="shop", services=["shop-worker"])["services"]
    assert found[0]["desiredCount"] == 5


def test_a_count_that_is_kept_stays_and_autoscaling_s_is_left_alone(aws: LocalAws, playbook: Playbook, variables: dict[str, Any]) -> None:
    aws.client("ecs").create_cluster(clusterName="kept")
    rendered = {"services": [service("worker", playbook.folder), service("server", playbook.folder, desired_count="")]}
    variables = {
        **variables,
        "redash_infrastructure": {**INFRASTRUCTURE, "cluster_name": "kept"},
        "compose_render_result": rendered,
        "ecs_cli_service_kept_counts": {"shop-worker": 3, "shop-server": 3},
    }
    done = playbook.run(ROLE, variables=variables)
    assert done.returncode == 0, done.stdout
    found = aws.client("ecs").describe_services(cluster="kept", services=["shop-worker", "shop-server"])["services"]
    assert {one["serviceName"]: one["desiredCount"] for one in found} == {"shop-worker": 3, "shop-server": 1}


def test_without_live_output_the_module_says_the_same(playbook: Playbook, variables: dict[str, Any]) -> None:
    tasks = [
        {
            "redash.ecs.redash_ecs_service": {
                "cluster": "shop",
                "name": "quiet",
                "task_definition": "shop-worker",
                "subnets": ["subnet-a"],
                "launch_type": "FARGATE",
                "stream": False,
            },
            "register": "made",
        },
        {"copy": {"content": "{{ made | to_json }}", "dest": str(playbook.folder / "made.json")}},
    ]
    done = playbook.run(tasks, variables=variables)
    assert done.returncode == 0, done.stdout
    assert "created service" not in done.stdout
    made = json.loads((playbook.folder / "made.json").read_text())
    assert made["changed"] is True
    assert made["reported"][0].startswith("created service quiet")
    assert made["service"]["name"] == "quiet"


def test_ecs_cli_writes_what_differs_and_the_deployment_is_watched(aws: LocalAws, playbook: Playbook, variables: dict[str, Any]) -> None:
    """With a recorder in ecs-cli's place: the real binary can't be had here. It only writes down how it is called."""
    recorder = playbook.folder / "ecs-cli"
    calls = playbook.folder / "calls"
    output = 'time="x" level=info msg="Using ECS task definition" TaskDefinition="shop-worker:1"'
    recorder.write_text(f"#!/bin/sh\nprintf '%s\\n' \"HOME=$HOME KEY=$AWS_ACCESS_KEY_ID $*\" >> {calls}\necho '{output}'\n")
    recorder.chmod(0o755)
    variables["compose_render_result"] = {"services": [service("worker", playbook.folder)]}
    assert playbook.run(ROLE, variables=variables).returncode == 0
    by_ecs_cli = {**variables, "redash_engine": "ecs-cli", "ecs_cli_service_binary": str(recorder)}
    start = f"HOME={playbook.folder}/work/ecs-cli KEY=test"
    configure = f"{start} configure --cluster shop --region eu-west-1 --default-launch-type FARGATE --config-name shop"
    up = (
        f"{start} compose --project-name shop-worker --file {playbook.folder}/docker-compose-worker.yml"
        f" --ecs-params {playbook.folder}/ecs-params-worker.yml service up --cluster shop --launch-type FARGATE --timeout 0"
        " --deployment-max-percent {} --deployment-min-healthy-percent 100"
    )

    # What runs is what is wanted: ecs-cli would replace every task.
    same = playbook.run(ROLE, variables=by_ecs_cli)
    assert same.returncode == 0, same.stdout
    assert calls.read_text().splitlines() == [configure]

    another = {**by_ecs_cli, "ecs_cli_service_deployment_configuration": {"minimum_healthy_percent": 100, "maximum_percent": 150}}
    calls.unlink()
    checked = playbook.run(ROLE, "--check", variables=another)
    assert checked.returncode == 0, checked.stdout
    assert re.search(r"changed=1 ", checked.stdout), checked.stdout
    assert not calls.exists()
    done = playbook.run(ROLE, variables=another)
    assert done.returncode == 0, done.stdout
    assert calls.read_text().splitlines() == [configure, up.format(150)]

    calls.unlink()
    forced = playbook.run(ROLE, variables={**by_ecs_cli, "ecs_cli_service_force_new_deployment": "true"})
    assert forced.returncode == 0, forced.stdout
    assert calls.read_text().splitlines() == [configure, f"{up.format(200)} --force-deployment"]


def test_ecs_cli_s_first_error_is_the_message(playbook: Playbook, variables: dict[str, Any]) -> None:
    """With a recorder in ecs-cli's place, which says what the real one says about a bad compose file."""
    recorder = playbook.folder / "ecs-cli"
    error = 'time="x" level=error msg="Unable to open ECS Compose Project" error="Unsupported config option: foo"'
    recorder.write_text(f"#!/bin/sh\n[ \"$1\" = configure ] && exit 0\necho '{error}'\nexit 1\n")
    recorder.chmod(0o755)
    done = playbook.run(ROLE, variables={**variables, "redash_engine": "ecs-cli", "ecs_cli_service_binary": str(recorder)})
    assert done.returncode == 2
    assert "ecs-cli: Unable to open ECS Compose Project Unsupported config option: foo" in " ".join(done.stdout.split())


def test_ecs_cli_is_refused_where_it_can_t_be_sent(playbook: Playbook, variables: dict[str, Any]) -> None:
    done = playbook.run(ROLE, variables={**variables, "redash_engine": "ecs-cli"})
    assert done.returncode == 2
    assert "redash_engine: ecs-cli talks to AWS itself only" in " ".join(done.stdout.split())
