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
    with pytest.raises(RedashError, match=r"there is no file none\.yml"):
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


NOT_ESSENTIAL = "no container is essential. Set essential: true for the container that the task exists for."


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ("healthcheck: {test: a, command: b}", "4: service web has healthcheck.test and healthcheck.command. Remove one of them."),
        ("healthcheck: {interval: 5s}", "4: service web has a healthcheck without test. Write test: below it."),
        *(
            (
                f"healthcheck: {{test: a, {key}: soon}}",
                f"4: service web: healthcheck.{key} 'soon' is not a time. Write seconds (90) or a duration (1m30s).",
            )
            for key in ("interval", "timeout", "start_period")
        ),
        (
            "healthcheck: {test: a, interval: '999999999999999999'}",
            "4: service web: healthcheck.interval '999999999999999999' is not a time. Write seconds (90) or a duration (1m30s).",
        ),
        (
            "healthcheck: {test: a, interval: '\u0663'}",
            "4: service web: healthcheck.interval '\u0663' is not a time. Write seconds (90) or a duration (1m30s).",
        ),
        (
            "logging: {secret_options: [{name: a, value_from: b}]}",
            "4: service web has logging.secret_options and no logging driver. Set logging.driver in the Compose file.",
        ),
        (
            "mem_limit: 64m\nmem_reservation: 65m",
            "4: service web: the memory limit 64 MiB is below the reservation 65 MiB. Raise mem_limit or lower mem_reservation.",
        ),
        ("essential: false", f"3: {NOT_ESSENTIAL}"),
        ("", f"3: {NOT_ESSENTIAL}"),
    ],
)
def test_settings_of_a_service_that_cannot_be(params: str, line: str) -> None:
    with pytest.raises(RedashError) as caught:
        service(params)
    assert [str(problem) for problem in caught.value.problems] == [f"ecs-params.yml:{line}"]


def test_the_memory_limit_of_one_file_below_the_reservation_of_the_other_is_refused_at_a_place_that_is_known() -> None:
    compose = 'version: "2"\nservices:\n  web: {image: i, mem_reservation: 65m}\n'
    with pytest.raises(RedashError, match=r"^ecs-params\.yml:4: service web: the memory limit 64 MiB is below the reservation 65 MiB"):
        service("mem_limit: 64m", compose)
    compose = 'version: "2"\nservices:\n  web:\n    image: i\n    mem_limit: 64m\n'
    with pytest.raises(RedashError, match=r"^docker-compose\.yml:5: service web: the memory limit 64 MiB is below"):
        service("mem_reservation: 65m", compose)
    assert service("mem_limit: 64m\nmem_reservation: 64m")["memoryReservation"] == 64


@pytest.mark.parametrize(
    ("written", "seconds"), [("90", 90), ("'90'", 90), ("1m30s", 90), ("1h", 3600), ("'99999999999999999'", 99_999_999_999_999_999)]
)
def test_a_time_of_a_health_check_is_seconds_or_a_duration(written: str, seconds: int) -> None:
    check = service(f"healthcheck: {{test: a, interval: {written}, timeout: {written}, start_period: {written}}}")["healthCheck"]
    assert (check["interval"], check["timeout"], check["startPeriod"]) == (seconds, seconds, seconds)


@pytest.mark.parametrize(
    ("params", "memory"), [("", 512), ("task_size: {mem_limit: 1GB}", None), ("services: {web: {mem_reservation: 64m}}", None)]
)
def test_a_container_gets_a_memory_limit_where_nothing_else_limits_it(params: str, memory: int | None) -> None:
    request = with_params(params) if params else translated(ONE).request
    assert request["containerDefinitions"][0].get("memory") == memory


def test_a_name_of_the_project_is_the_option_the_variable_or_the_directory() -> None:
    assert translated(ONE).request["family"] == "p"
    assert translated(ONE, environ={"COMPOSE_PROJECT_NAME": "q"}).request["family"] == "p"
    assert translated(ONE, environ={"COMPOSE_PROJECT_NAME": "q"}, project_name="").request["family"] == "q"
    assert translated(ONE, project_name="").request["family"] == "project"


def test_dependencies_of_ecs_params_replace_those_of_the_compose_file_by_name() -> None:
    compose = "services:\n  web: {image: i, depends_on: [a, b]}\n  a: {image: i}\n  b: {image: i}\n"
    assert service("depends_on: [{container_name: a, condition: HEALTHY}, {condition: START}, {container_name: c}]", compose)[
        "dependsOn"
    ] == [
        {"containerName": "b", "condition": "START"},
        {"containerName": "a", "condition": "HEALTHY"},
        {"containerName": "", "condition": "START"},
        {"containerName": "c", "condition": ""},
    ]


@pytest.mark.parametrize(
    ("platforms", "architecture"),
    [
        (["linux/amd64"], "X86_64"),
        (["linux/x86_64"], "X86_64"),
        (["linux/arm64"], "ARM64"),
        (["linux/arm64/v8"], "ARM64"),
        (["linux/arm64", "linux/arm64"], "ARM64"),
    ],
)
def test_the_platform_of_the_services_is_the_tasks(platforms: list[str], architecture: str) -> None:
    text = "services:\n  none: {image: i}\n" + "".join(f"  s{n}:\n    image: i\n    platform: {name}\n" for n, name in enumerate(platforms))
    result = translated(text)
    assert result.request["runtimePlatform"] == {"cpuArchitecture": architecture, "operatingSystemFamily": "LINUX"}
    assert result.places["", "runtimePlatform"].startswith("docker-compose.yml:")
    assert "runtimePlatform" not in translated("services: {web: {image: i}}\n").request


@pytest.mark.parametrize(
    ("platforms", "what"),
    [
        (
            ["linux/arm64", "linux/amd64"],
            "the services have several platforms: linux/amd64, linux/arm64. A task has one platform; write the same one.",
        ),
        (["windows/amd64"], "the platform windows/amd64 is not one that ECS runs. Write linux/amd64 or linux/arm64."),
    ],
)
def test_a_platform_that_cannot_be_is_refused(platforms: list[str], what: str) -> None:
    text = "services:\n" + "".join(f"  s{n}: {{image: i, platform: {name}}}\n" for n, name in enumerate(platforms))
    with pytest.raises(RedashError) as caught:
        translated(text)
    (problem,) = caught.value.problems
    assert str(problem) == f"docker-compose.yml:2: {what}"


def test_no_essential_container_without_ecs_params_has_no_place() -> None:
    compose = "services:\n  a: {image: i, depends_on: {b: {condition: service_completed_successfully}}}\n  b: {image: i}\n"
    assert [container["essential"] for container in translated(compose).request["containerDefinitions"]] == [True, False]


def test_a_project_without_a_service_is_refused() -> None:
    with pytest.raises(RedashError) as caught:
        translated("services:\n  web: {image: i, profiles: [x]}\n")
    assert str(caught.value).endswith(": there is no service. Add a service to the Compose file.")


TWO = 'version: "2"\nservices:\n  web: {image: i}\n  two: {image: i}\n'


def test_essential() -> None:
    def essential(params: str) -> list[bool]:
        return [definition["essential"] for definition in with_params(params, TWO)["containerDefinitions"]]

    assert essential("services: {web: {}}") == [True, True]
    assert essential("services: {web: {essential: false}}") == [False, True]
    assert essential("services: {web: {essential: }}") == [False, True]
    assert essential("services: {web: {essential: , cpu_shares: 1}}") == [False, True]
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


NAME_IT = "Write name: and the name that the Compose file uses."
ENCRYPT = "the EFS volume e has an access point or IAM and no transit encryption. Write transit_encryption: ENABLED."


@pytest.mark.parametrize(
    ("params", "lines"),
    [
        ("efs_volumes: [{filesystem_id: fs-1}]", [f"2: an entry of efs_volumes has no name. {NAME_IT}"]),
        (
            "docker_volumes:\n  - {driver: local}\n  - {name: a}\n  - {driver: x}",
            [f"3: an entry of docker_volumes has no name. {NAME_IT}", f"5: an entry of docker_volumes has no name. {NAME_IT}"],
        ),
        ("efs_volumes: [{name: e}]", ["2: the EFS volume e has no filesystem_id. Write filesystem_id: fs-..."]),
        ("efs_volumes:\n  - name: e\n    filesystem_id: fs-1\n    access_point: fsap-1", [f"5: {ENCRYPT}"]),
        ("efs_volumes:\n  - name: e\n    filesystem_id: fs-1\n    iam: ENABLED\n    transit_encryption: DISABLED", [f"5: {ENCRYPT}"]),
        ("efs_volumes:\n  - name: e\n    filesystem_id: fs-1\n    iam: ENABLED\n    access_point: fsap-1", [f"6: {ENCRYPT}"]),
    ],
)
def test_volumes_that_cannot_be(params: str, lines: list[str]) -> None:
    with pytest.raises(RedashError) as caught:
        with_params(params)
    assert [str(problem) for problem in caught.value.problems] == [f"ecs-params.yml:{line}" for line in lines]


@pytest.mark.parametrize(
    ("settings", "configuration"),
    [
        ("iam: DISABLED", {"authorizationConfig": {"iam": "DISABLED"}}),
        ("transit_encryption: DISABLED", {"transitEncryption": "DISABLED"}),
        ("root_directory: /", {"rootDirectory": "/"}),
    ],
)
def test_an_efs_volume_has_what_is_written(settings: str, configuration: dict[str, Any]) -> None:
    (volume,) = with_params(f"efs_volumes: [{{name: e, filesystem_id: fs-1, {settings}}}]")["volumes"]
    assert volume == {"name": "e", "efsVolumeConfiguration": {"fileSystemId": "fs-1", **configuration}}


def test_a_health_check_that_is_empty_in_both_files_keeps_the_rest() -> None:
    compose = 'version: "3"\nservices:\n  web: {image: i, healthcheck: {interval: 5s}}\n'
    assert service("healthcheck: {retries: 2}", compose)["healthCheck"] == {"interval": 5, "retries": 2}


def test_places_name_the_file_and_line_of_each_field() -> None:
    params = """\
task_definition:
  ecs_network_mode: awsvpc
  task_role_arn: r
  task_execution_role: e
  task_size:
    cpu_limit: 1
    mem_limit: 2
  pid_mode: task
  ipc_mode: none
  placement_constraints: [{type: distinctInstance}]
  runtime_platform: {cpu_architecture: ARM64}
  ephemeral_storage: {size_in_gib: 30}
  services:
    web:
      essential: true
      cpu_shares: 1
      mem_limit: 64m
      mem_reservation: 32m
      repository_credentials: {credentials_parameter: p}
      gpu: 1
      secrets: [{name: A, value_from: /a}]
      firelens_configuration: {type: fluentbit}
      depends_on: [{container_name: two, condition: START}]
      healthcheck: {test: a}
    two:
"""
    places = translated(TWO, params).places
    assert {key: where for key, where in places.items() if where.startswith("ecs-params.yml:")} == {
        ("", "networkMode"): "ecs-params.yml:2",
        ("", "taskRoleArn"): "ecs-params.yml:3",
        ("", "executionRoleArn"): "ecs-params.yml:4",
        ("", "cpu"): "ecs-params.yml:6",
        ("", "memory"): "ecs-params.yml:7",
        ("", "pidMode"): "ecs-params.yml:8",
        ("", "ipcMode"): "ecs-params.yml:9",
        ("", "placementConstraints"): "ecs-params.yml:10",
        ("", "runtimePlatform"): "ecs-params.yml:11",
        ("", "ephemeralStorage"): "ecs-params.yml:12",
        ("web", "params"): "ecs-params.yml:14",
        ("web", "essential"): "ecs-params.yml:15",
        ("web", "cpu"): "ecs-params.yml:16",
        ("web", "memory"): "ecs-params.yml:17",
        ("web", "memoryReservation"): "ecs-params.yml:18",
        ("web", "repositoryCredentials"): "ecs-params.yml:19",
        ("web", "resourceRequirements"): "ecs-params.yml:20",
        ("web", "secrets"): "ecs-params.yml:21",
        ("web", "firelensConfiguration"): "ecs-params.yml:22",
        ("web", "dependsOn"): "ecs-params.yml:23",
        ("web", "healthCheck"): "ecs-params.yml:24",
        ("two", "params"): "ecs-params.yml:25",
        ("two", "essential"): "ecs-params.yml:25",
    }
    assert places["web", "image"] == "docker-compose.yml:3"
    assert places["two", "image"] == "docker-compose.yml:4"
