# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition_checks import validate

from .compose_helpers import translated

GOOD: dict[str, Any] = {
    "family": "redash-prod",
    "networkMode": "awsvpc",
    "cpu": "1 vCPU",
    "memory": "2GB",
    "executionRoleArn": "execution",
    "taskRoleArn": "arn:aws:iam::000000000000:role/path/task",
    "ephemeralStorage": {"sizeInGiB": 21},
    "runtimePlatform": {"cpuArchitecture": "ARM64"},
    "volumes": [{"name": "e", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}, {"name": "empty"}],
    "containerDefinitions": [
        {
            "name": "server",
            "image": "i",
            "essential": True,
            "cpu": 512,
            "memory": 1024,
            "portMappings": [
                {"containerPort": 5000, "hostPort": 5000, "protocol": "tcp"},
                {"containerPort": 53, "hostPort": 0, "protocol": "udp"},
            ],
            "environment": [{"name": "A", "value": "1"}],
            "secrets": [{"name": "B", "valueFrom": "/b"}],
            "healthCheck": {"command": ["CMD", "a"], "interval": 30},
            "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": "g", "awslogs-region": "r", "awslogs-stream-prefix": "p"},
            },
            "mountPoints": [{"sourceVolume": "e", "containerPath": "/e"}],
            "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}],
            "linuxParameters": {"capabilities": {"add": ["SYS_PTRACE"], "drop": ["ALL"]}, "initProcessEnabled": True},
            "stopTimeout": 120,
        },
        {"name": "init", "image": "i", "essential": False, "cpu": 0, "memory": 1024},
    ],
}


def messages(request: dict[str, Any], launch_type: str | None = "FARGATE") -> str:
    return "\n".join(map(str, validate(request, launch_type)))


def changed(path: str, value: Any) -> dict[str, Any]:
    """GOOD with one value changed: ``server.image`` is below the container, ``cpu`` below the task."""
    request = copy.deepcopy(GOOD)
    target: Any = request
    parts = path.split(".")
    if parts[0] in ("server", "init"):
        target = request["containerDefinitions"][0 if parts[0] == "server" else 1]
        parts = parts[1:]
    for part in parts[:-1]:
        target = target[int(part)] if part.isdigit() else target[part]
    if value is None:
        del target[parts[-1]]
    else:
        target[int(parts[-1]) if parts[-1].isdigit() else parts[-1]] = value
    return request


@pytest.mark.parametrize("launch_type", ["FARGATE", "EC2", None])
def test_nothing_is_wrong_with_a_good_task_definition(launch_type: str | None) -> None:
    assert validate(GOOD, launch_type) == []


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("family", "red.ash", "the family 'red.ash' is not a name"),
        ("containerDefinitions", [], "the task has no container"),
        ("server.essential", False, "no container is essential"),
        ("init.name", "server", "there are 2 containers called server"),
        ("networkMode", "bridge", "Fargate needs the network mode awsvpc, not bridge"),
        ("networkMode", None, "Fargate needs the network mode awsvpc, not bridge"),
        ("networkMode", "vpc", "unknown network mode vpc"),
        ("cpu", "300", "cpu 300 with memory 2048 MiB is not a Fargate size"),
        ("memory", "9GB", "cpu 1024 with memory 9216 MiB is not a Fargate size"),
        ("cpu", "lots", "'lots' is not a CPU size"),
        ("cpu", None, "there is no cpu_limit"),
        ("memory", None, "there is no mem_limit"),
        ("executionRoleArn", None, "there is no execution role, and service server has secrets"),
        ("taskRoleArn", "arn:aws:iam::1:user/x", "is not the ARN of a role"),
        ("runtimePlatform.cpuArchitecture", "ARM", "unknown architecture ARM"),
        ("ephemeralStorage.sizeInGiB", 20, "ephemeral storage of 20 GiB is out of range"),
        ("ephemeralStorage.sizeInGiB", 201, "ephemeral storage of 201 GiB is out of range"),
        ("placementConstraints", [{"type": "distinctInstance"}], "Fargate has no placement constraints"),
        ("ipcMode", "host", "Fargate has no IPC mode host"),
        ("pidMode", "host", "Fargate has no PID mode host"),
        ("server.name", "a.b", "the name has characters that ECS refuses"),
        ("server.image", "", "service server has no image"),
        ("server.memory", 4096, "service server has a limit of 4096 MiB, the task has 2048 MiB"),
        ("server.memory", 1025, "the containers reserve 2049 MiB, the task has 2048 MiB"),
        ("server.memory", 5, "a memory limit of 5 MiB"),
        ("server.cpu", 1025, "the containers reserve 1025 CPU units, the task has 1024"),
        ("server.portMappings.0.hostPort", 80, "the host port 80 is not the container port 5000, as awsvpc demands"),
        ("server.portMappings.0.containerPort", 70000, "port 70000 is out of range"),
        ("server.portMappings.0.protocol", "sctp", "ECS has no protocol sctp"),
        ("init.portMappings", [{"containerPort": 5000}], "port 5000 is taken by service server"),
        ("server.secrets.0.name", "A", "A is both a secret and an environment variable"),
        ("server.secrets", [{"name": "B", "valueFrom": "/b"}, {"name": "B", "valueFrom": "/c"}], "the secret B stands 2 times"),
        ("server.secrets.0.valueFrom", "", "a secret lacks its name or value_from"),
        ("server.environment.0.name", "", "an environment variable has no name"),
        ("server.environment.0.value", "x" * 65_000, "bytes of environment"),
        ("server.logConfiguration.logDriver", "", "logging has no driver"),
        ("server.logConfiguration.logDriver", "json-file", "Fargate has no log driver json-file"),
        ("server.logConfiguration.options.awslogs-group", None, "logging has no option awslogs-group"),
        ("server.logConfiguration.options.awslogs-stream-prefix", None, "logging has no option awslogs-stream-prefix"),
        ("server.healthCheck.command", ["curl"], "the health check's command begins with 'curl'"),
        ("server.healthCheck.command", [], "the health check's command begins with 'nothing'"),
        ("server.healthCheck.interval", 4, "the health check's interval is 4"),
        ("server.healthCheck.timeout", 121, "the health check's timeout is 121"),
        ("server.healthCheck.retries", 11, "the health check's retries is 11"),
        ("server.healthCheck.startPeriod", 301, "the health check's startPeriod is 301"),
        ("server.stopTimeout", 121, "a stop timeout of 121 s"),
        ("server.links", ["init"], "links does not exist in the network mode awsvpc"),
        ("server.hostname", "h", "hostname does not exist"),
        ("server.extraHosts", [{"hostname": "a", "ipAddress": "b"}], "extra_hosts does not exist"),
        ("server.dnsServers", ["1.1.1.1"], "dns does not exist"),
        ("server.privileged", True, "privileged does not exist on Fargate"),
        ("server.linuxParameters.devices", [{"hostPath": "/a"}], "devices does not exist on Fargate"),
        ("server.linuxParameters.sharedMemorySize", 64, "shm_size does not exist on Fargate"),
        ("server.linuxParameters.tmpfs", [{"size": 1}], "tmpfs does not exist on Fargate"),
        ("server.linuxParameters.capabilities.add", ["NET_ADMIN"], "cap_add"),
        ("server.resourceRequirements", [{"type": "GPU", "value": "1"}], "gpu does not exist on Fargate"),
        ("server.ulimits.0.name", "nproc", "Fargate has no ulimit nproc"),
        ("server.dependsOn.0.containerName", "gone", "depends on gone, which is not another container"),
        ("server.dependsOn.0.condition", "READY", "unknown condition 'READY'"),
        ("server.dependsOn.0.condition", "HEALTHY", "init to be healthy, which has no health check"),
        ("init.essential", True, "waits for init to end, which would end the task"),
        ("init.dependsOn", [{"containerName": "server", "condition": "START"}], "server, init wait for each other"),
        ("volumes.1.host", {"sourcePath": "/host"}, "the host path /host does not exist on Fargate"),
        ("volumes.1.dockerVolumeConfiguration", {}, "the Docker volume empty does not exist on Fargate"),
    ],
)
def test_what_ecs_would_refuse(path: str, value: Any, message: str) -> None:
    problems = validate(changed(path, value), "FARGATE")
    assert message in "\n".join(map(str, problems))
    assert all(problem.todo for problem in problems)


def test_ec2_takes_what_fargate_does_not() -> None:
    request = changed("server.privileged", True)
    request.update(networkMode="bridge", cpu="600")
    request["containerDefinitions"][0]["portMappings"][0]["hostPort"] = 80
    assert validate(request, "EC2") == []
    assert validate(request, "FARGATE") != []


def test_all_problems_come_at_once_each_with_file_and_line() -> None:
    compose = """version: "2"
services:
  web:
    image: i
    ports: ["80:5000"]
    logging:
      driver: json-file
  db:
    image: i
    privileged: true
"""
    params = """task_definition:
  ecs_network_mode: awsvpc
  task_execution_role: r
  task_size:
    cpu_limit: 300
    mem_limit: 1GB
  services:
    web:
      secrets:
        - {name: A, value_from: /a}
        - {name: A, value_from: /b}
"""
    result = translated(compose, params)
    places = [problem.where for problem in validate(result.request, "FARGATE", result.places)]
    assert sorted(places) == [
        "docker-compose.yml:10",
        "docker-compose.yml:5",
        "docker-compose.yml:6",
        "ecs-params.yml:5",
        "ecs-params.yml:9",
    ]
