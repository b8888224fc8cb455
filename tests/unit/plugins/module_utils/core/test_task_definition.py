# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compose files and ecs-params.yml together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition import register_request

from .compose_helpers import indented, translated

FIXTURES = Path(__file__).parents[3] / "fixtures" / "compose_ecs"
ONE = 'version: "2"\nservices:\n  web: {image: i}\n'


def with_params(params: str, compose: str = ONE, **kwargs: Any) -> dict[str, Any]:
    return translated(compose, "task_definition:\n" + indented(params, 2), **kwargs).request


def service(params: str, compose: str = ONE) -> dict[str, Any]:
    """The container ``web`` with these settings in ecs-params.yml."""
    return with_params("services:\n  web:\n" + indented(params, 4), compose)["containerDefinitions"][0]


def test_files_on_disk() -> None:
    request = register_request(["docker-compose.yml"], "ecs-params.yml", "wiki", "FARGATE", {"WIKI_TAG": "1.2"}, FIXTURES / "wiki")
    assert request == json.loads((FIXTURES / "wiki" / "request.json").read_text())


def test_default_names_and_absolute_paths() -> None:
    explicit = register_request(
        [FIXTURES / "wiki/docker-compose.yml"], FIXTURES / "wiki/ecs-params.yml", "wiki", "FARGATE", {"WIKI_TAG": "1"}, "/"
    )
    assert register_request([], None, "", "FARGATE", {"WIKI_TAG": "1"}, FIXTURES / "wiki") == explicit


def test_ecs_params_is_looked_for_where_one_is_and_not_beside_the_compose_file(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "wiki", tmp_path / "sub")
    request = register_request(["sub/docker-compose.yml"], None, "", None, {}, tmp_path)
    assert "networkMode" not in request
    assert request["family"] == "sub"


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(RedashError, match="there is no file none.yml"):
        register_request([FIXTURES / "wiki/docker-compose.yml"], "none.yml", "x", None, {}, tmp_path)
    with pytest.raises(RedashError, match="can't be read"):
        register_request([tmp_path], None, "x", None, {}, tmp_path)


def test_the_launch_type_is_the_compatibility() -> None:
    assert translated(ONE, launch_type="EC2").request["requiresCompatibilities"] == ["EC2"]
    assert "requiresCompatibilities" not in translated(ONE).request


def test_task_level_keys_are_taken_verbatim() -> None:
    request = with_params(
        """
ecs_network_mode: awsvpc
task_role_arn: task
task_execution_role: execution
pid_mode: task
ipc_mode: none
task_size: {cpu_limit: 1024, mem_limit: 2.0GB}
placement_constraints: [{type: memberOf, expression: "a == b"}, {type: distinctInstance}]
runtime_platform: {cpu_architecture: ARM64, operating_system_family: LINUX}
ephemeral_storage: {size_in_gib: 50}
"""
    )
    del request["containerDefinitions"]
    assert request == {
        "family": "p",
        "networkMode": "awsvpc",
        "taskRoleArn": "task",
        "executionRoleArn": "execution",
        "pidMode": "task",
        "ipcMode": "none",
        "cpu": "1024",
        "memory": "2.0GB",
        "placementConstraints": [{"type": "memberOf", "expression": "a == b"}, {"type": "distinctInstance"}],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "ephemeralStorage": {"sizeInGiB": 50},
    }


def test_runtime_platform_of_ecs_params_wins() -> None:
    request = with_params("runtime_platform: {cpu_architecture: X86_64}", "services: {web: {image: i, platform: linux/arm64}}\n")
    assert request["runtimePlatform"] == {"cpuArchitecture": "X86_64"}


@pytest.mark.parametrize(
    ("params", "field", "expected"),
    [
        ("essential: true", "essential", True),
        ("init_process_enabled: true", "linuxParameters", {"initProcessEnabled": True}),
        ("init_process_enabled: false", "linuxParameters", None),
        ("repository_credentials: {credentials_parameter: arn}", "repositoryCredentials", {"credentialsParameter": "arn"}),
        ("cpu_shares: 100", "cpu", 100),
        ("mem_limit: 256m", "memory", 256),
        ("gpu: 2", "resourceRequirements", [{"type": "GPU", "value": "2"}]),
        ("secrets: [{name: A, value_from: /a}]", "secrets", [{"name": "A", "valueFrom": "/a"}]),
        (
            "secrets: [{name: A, value_from: /a}, {name: A, value_from: /b}]",
            "secrets",
            [{"name": "A", "valueFrom": "/a"}, {"name": "A", "valueFrom": "/b"}],
        ),
        (
            "firelens_configuration: {type: fluentbit, options: {a: true}}",
            "firelensConfiguration",
            {"type": "fluentbit", "options": {"a": "true"}},
        ),
        ("depends_on: [{container_name: b, condition: START}]", "dependsOn", [{"containerName": "b", "condition": "START"}]),
        ("healthcheck: {test: [curl x]}", "healthCheck", {"command": ["CMD-SHELL", "curl x"]}),
        ("healthcheck: {command: curl x}", "healthCheck", {"command": ["CMD-SHELL", "curl x"]}),
        (
            "healthcheck: {test: [CMD, curl], interval: 1m30s, timeout: 9, start_period: 5s, retries: 2}",
            "healthCheck",
            {"command": ["CMD", "curl"], "interval": 90, "timeout": 9, "startPeriod": 5, "retries": 2},
        ),
        ("healthcheck: {test: [curl, -f]}", "healthCheck", {"command": ["curl", "-f"]}),
        ("healthcheck:", "healthCheck", None),
    ],
)
def test_keys_of_a_service(params: str, field: str, expected: Any) -> None:
    assert service(params).get(field) == expected


def test_ecs_params_override_the_compose_file() -> None:
    compose = 'version: "2"\nservices:\n  web: {image: i, mem_limit: 128m, mem_reservation: 64m, cpu_shares: 10}\n'
    definition = service("cpu_shares: 100\nmem_limit: 1GB\nmem_reservation: 536870912", compose)
    assert (definition["cpu"], definition["memory"], definition["memoryReservation"]) == (100, 1024, 512)
    definition = service("cpu_shares: 0\nmem_limit: 0", compose)
    assert (definition["cpu"], definition["memory"]) == (10, 128)


def test_a_reservation_of_ecs_params_alone_sets_no_limit() -> None:
    definition = service("mem_reservation: 64m")
    assert (definition.get("memory"), definition["memoryReservation"]) == (None, 64)


def test_health_checks_are_overridden_field_by_field() -> None:
    compose = 'version: "3"\nservices:\n  web: {image: i, healthcheck: {test: [CMD, a], interval: 30s, timeout: 3s}}\n'
    assert service("healthcheck: {interval: 10s, retries: 5}", compose)["healthCheck"] == {
        "command": ["CMD", "a"],
        "interval": 10,
        "timeout": 3,
        "retries": 5,
    }


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("healthcheck: {test: a, command: b}", "healthcheck.test and healthcheck.command"),
        ("healthcheck: {interval: 5s}", "healthcheck without test"),
        ("healthcheck: {test: a, interval: soon}", "'soon' is not a time"),
        ("logging: {secret_options: [{name: a, value_from: b}]}", "secret_options and no logging driver"),
        ("essential: false", "no container is essential"),
        ("", "no container is essential"),
    ],
)
def test_settings_of_a_service_that_cannot_be(params: str, message: str) -> None:
    with pytest.raises(RedashError, match=message) as caught:
        service(params)
    assert caught.value.problems[0].where.startswith("ecs-params.yml:")


TWO = 'version: "2"\nservices:\n  web: {image: i}\n  two: {image: i}\n'


def test_essential() -> None:
    def essential(params: str) -> list[bool]:
        return [definition["essential"] for definition in with_params(params, TWO)["containerDefinitions"]]

    assert essential("services: {web: {}}") == [True, True]
    assert essential("services: {web: {essential: false}}") == [False, True]
    assert essential("services: {web: }") == [False, True]
    # ecs-cli counts entries without a container too and refuses this.
    assert essential("services: {other: {essential: false}, more: {essential: false}}") == [True, True]


def test_one_ecs_params_may_serve_several_compose_files() -> None:
    result = translated(ONE, "task_definition: {services: {web: {gpu: 1}, task-runner: {gpu: 1}}}\n")
    assert result.warnings == []
    result = translated(ONE.replace("web", "server"), "task_definition:\n  services:\n    sever: {gpu: 1}\n")
    assert result.warnings == ["ecs-params.yml:3: there is no service sever; did you mean server?"]


def test_secret_options_go_to_the_log_configuration() -> None:
    compose = 'version: "2"\nservices:\n  web: {image: i, logging: {driver: splunk}}\n'
    assert service("logging: {secret_options: [{name: splunk-token, value_from: /t}]}", compose)["logConfiguration"] == {
        "logDriver": "splunk",
        "secretOptions": [{"name": "splunk-token", "valueFrom": "/t"}],
    }


def test_volumes_of_ecs_params() -> None:
    request = with_params(
        """
docker_volumes:
  - {name: dv, scope: shared, autoprovision: true, driver: local, driver_opts: {type: nfs}, labels: {a: b}}
efs_volumes:
  - name: ev
    filesystem_id: fs-1
    root_directory: /d
    transit_encryption: ENABLED
    transit_encryption_port: 2049
    access_point: fsap-1
    iam: ENABLED
  - {name: plain, filesystem_id: fs-2}
""",
        'version: "2"\nservices:\n  web: {image: i, volumes: ["ev:/e"]}\nvolumes: {ev: }\n',
    )
    assert request["volumes"] == [
        {
            "name": "ev",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-1",
                "rootDirectory": "/d",
                "transitEncryption": "ENABLED",
                "transitEncryptionPort": 2049,
                "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
            },
        },
        {
            "name": "dv",
            "dockerVolumeConfiguration": {
                "scope": "shared",
                "autoprovision": True,
                "driver": "local",
                "driverOpts": {"type": "nfs"},
                "labels": {"a": "b"},
            },
        },
        {"name": "plain", "efsVolumeConfiguration": {"fileSystemId": "fs-2"}},
    ]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("efs_volumes: [{filesystem_id: fs-1}]", "an entry of efs_volumes has no name"),
        ("docker_volumes: [{driver: local}]", "an entry of docker_volumes has no name"),
        ("efs_volumes: [{name: e}]", "has no filesystem_id"),
        ("efs_volumes: [{name: e, filesystem_id: fs-1, access_point: fsap-1}]", "transit_encryption: ENABLED"),
        ("efs_volumes: [{name: e, filesystem_id: fs-1, iam: ENABLED, transit_encryption: DISABLED}]", "transit_encryption: ENABLED"),
    ],
)
def test_volumes_that_cannot_be(params: str, message: str) -> None:
    with pytest.raises(RedashError, match=message):
        with_params(params)


def test_a_health_check_that_is_empty_in_both_files_keeps_the_rest() -> None:
    compose = 'version: "3"\nservices:\n  web: {image: i, healthcheck: {interval: 5s}}\n'
    assert service("healthcheck: {retries: 2}", compose)["healthCheck"] == {"interval": 5, "retries": 2}


def test_places_name_the_file_and_line_of_each_field() -> None:
    places = translated(ONE, "task_definition:\n  task_size:\n    cpu_limit: 1\n  services:\n    web:\n      gpu: 1\n").places
    assert places["", "cpu"] == "ecs-params.yml:3"
    assert places["web", "resourceRequirements"] == "ecs-params.yml:6"
    assert places["web", "image"] == "docker-compose.yml:3"
