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


class Everywhere(dict[tuple[str, str], str]):
    """Every field stands in a place of its own name: ``server.image``, ``cpu`` for the task's."""

    def __bool__(self) -> bool:
        return True

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        return ".".join(part for part in key if part) or default


def said(request: dict[str, Any], launch_type: str | None = "FARGATE") -> list[str]:
    """Where and what of each problem; each also says what to do."""
    problems = validate(request, launch_type, Everywhere())
    assert all(problem.todo for problem in problems)
    return [f"{problem.where}: {problem.what}" for problem in problems]


@pytest.mark.parametrize(
    ("path", "value", "lines"),
    [
        ("family", "red.ash", ["project_name: the family 'red.ash' is not a name"]),
        ("containerDefinitions", [], [": the task has no container"]),
        ("server.essential", False, ["essential: no container is essential"]),
        ("init.name", "server", ["server: there are 2 containers called server"]),
        ("networkMode", "bridge", ["networkMode: Fargate needs the network mode awsvpc, not bridge"]),
        ("networkMode", None, ["networkMode: Fargate needs the network mode awsvpc, not bridge"]),
        ("networkMode", "vpc", ["networkMode: unknown network mode vpc", "networkMode: Fargate needs the network mode awsvpc, not vpc"]),
        (
            "cpu",
            "300",
            [
                "cpu: cpu 300 with memory 2048 MiB is not a Fargate size (cpu is one of 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)",
                "cpu: the containers reserve 512 CPU units, the task has 300",
            ],
        ),
        ("memory", "9GB", ["cpu: cpu 1024 with memory 9216 MiB is not a Fargate size"]),
        ("cpu", "lots", ["cpu: 'lots' is not a CPU size"]),
        ("cpu", None, ["cpu: Fargate needs a task size, and there is no cpu_limit"]),
        ("memory", None, ["cpu: Fargate needs a task size, and there is no mem_limit"]),
        ("executionRoleArn", None, [": there is no execution role, and service server has secrets"]),
        ("taskRoleArn", "arn:aws:iam::1:user/x", ["taskRoleArn: arn:aws:iam::1:user/x is not the ARN of a role"]),
        ("runtimePlatform.cpuArchitecture", "ARM", ["runtimePlatform: unknown architecture ARM"]),
        ("ephemeralStorage.sizeInGiB", 20, ["ephemeralStorage: ephemeral storage of 20 GiB is out of range"]),
        ("ephemeralStorage.sizeInGiB", 201, ["ephemeralStorage: ephemeral storage of 201 GiB is out of range"]),
        ("placementConstraints", [{"type": "distinctInstance"}], ["placementConstraints: Fargate has no placement constraints"]),
        ("ipcMode", "host", ["ipcMode: Fargate has no IPC mode host"]),
        ("pidMode", "host", ["pidMode: Fargate has no PID mode host"]),
        ("server.name", "a.b", ["a.b: service a.b: the name has characters that ECS refuses"]),
        ("server.image", "", ["server.image: service server has no image"]),
        (
            "server.memory",
            4096,
            [
                "cpu: the containers reserve 5120 MiB, the task has 2048 MiB",
                "server.memory: service server has a limit of 4096 MiB, the task has 2048 MiB",
            ],
        ),
        ("server.memory", 1025, ["cpu: the containers reserve 2049 MiB, the task has 2048 MiB"]),
        ("server.memory", 5, ["server.memory: service server: a memory limit of 5 MiB"]),
        ("server.cpu", 1025, ["cpu: the containers reserve 1025 CPU units, the task has 1024"]),
        (
            "server.portMappings.0.hostPort",
            80,
            ["server.portMappings: service server: the host port 80 is not the container port 5000, as awsvpc demands"],
        ),
        (
            "server.portMappings.0.containerPort",
            70000,
            [
                "server.portMappings: service server: port 70000 is out of range",
                "server.portMappings: service server: the host port 5000 is not the container port 70000, as awsvpc demands",
            ],
        ),
        ("server.portMappings.0.protocol", "sctp", ["server.portMappings: service server: ECS has no protocol sctp"]),
        (
            "init.portMappings",
            [{"containerPort": 5000}],
            ["init.portMappings: service init: port 5000 is taken by service server in the same task"],
        ),
        ("server.secrets.0.name", "A", ["server.secrets: service server: A is both a secret and an environment variable"]),
        (
            "server.secrets",
            [{"name": "B", "valueFrom": "/b"}, {"name": "B", "valueFrom": "/c"}],
            ["server.secrets: service server: the secret B stands 2 times"],
        ),
        ("server.secrets.0.valueFrom", "", ["server.secrets: service server: a secret lacks its name or value_from"]),
        ("server.environment.0.name", "", ["server.environment: service server: an environment variable has no name"]),
        ("server.logConfiguration.logDriver", "", ["server.logConfiguration: service server: logging has no driver"]),
        (
            "server.logConfiguration.logDriver",
            "json-file",
            ["server.logConfiguration: service server: Fargate has no log driver json-file"],
        ),
        (
            "server.logConfiguration.options.awslogs-group",
            None,
            ["server.logConfiguration: service server: logging has no option awslogs-group"],
        ),
        (
            "server.logConfiguration.options.awslogs-stream-prefix",
            None,
            ["server.logConfiguration: service server: logging has no option awslogs-stream-prefix"],
        ),
        ("server.healthCheck.command", ["curl"], ["server.healthCheck: service server: the health check's command begins with 'curl'"]),
        ("server.healthCheck.command", [], ["server.healthCheck: service server: the health check's command begins with 'nothing'"]),
        ("server.healthCheck.interval", 4, ["server.healthCheck: service server: the health check's interval is 4"]),
        ("server.healthCheck.timeout", 121, ["server.healthCheck: service server: the health check's timeout is 121"]),
        ("server.healthCheck.retries", 11, ["server.healthCheck: service server: the health check's retries is 11"]),
        ("server.healthCheck.startPeriod", 301, ["server.healthCheck: service server: the health check's startPeriod is 301"]),
        ("server.stopTimeout", 121, ["server.stopTimeout: service server: a stop timeout of 121 s"]),
        ("server.links", ["init"], ["server.links: service server: links does not exist in the network mode awsvpc"]),
        ("server.hostname", "h", ["server.hostname: service server: hostname does not exist in the network mode awsvpc"]),
        (
            "server.extraHosts",
            [{"hostname": "a", "ipAddress": "b"}],
            ["server.extraHosts: service server: extra_hosts does not exist in the network mode awsvpc"],
        ),
        ("server.dnsServers", ["1.1.1.1"], ["server.dnsServers: service server: dns does not exist in the network mode awsvpc"]),
        ("server.privileged", True, ["server.privileged: service server: privileged does not exist on Fargate"]),
        ("server.linuxParameters.devices", [{"hostPath": "/a"}], ["server: service server: devices does not exist on Fargate"]),
        ("server.linuxParameters.sharedMemorySize", 64, ["server: service server: shm_size does not exist on Fargate"]),
        (
            "server.linuxParameters.capabilities.add",
            ["NET_ADMIN"],
            ["server: service server: cap_add (other than SYS_PTRACE) does not exist on Fargate"],
        ),
        (
            "server.resourceRequirements",
            [{"type": "GPU", "value": "1"}],
            ["server.resourceRequirements: service server: gpu does not exist on Fargate"],
        ),
        ("server.ulimits.0.name", "nproc", ["server.ulimits: service server: Fargate has no ulimit nproc"]),
        (
            "server.dependsOn.0.containerName",
            "gone",
            ["server.dependsOn: service server depends on gone, which is not another container of the task"],
        ),
        ("server.dependsOn.0.condition", "READY", ["server.dependsOn: service server: unknown condition 'READY'"]),
        (
            "server.dependsOn.0.condition",
            "HEALTHY",
            ["server.dependsOn: service server waits for init to be healthy, which has no health check"],
        ),
        ("init.essential", True, ["server.dependsOn: service server waits for init to end, which would end the task"]),
        ("init.dependsOn", [{"containerName": "server", "condition": "START"}], ["server.dependsOn: server, init wait for each other"]),
        ("volumes.1.host", {"sourcePath": "/host"}, [": the host path /host does not exist on Fargate"]),
        ("volumes.1.dockerVolumeConfiguration", {}, [": the Docker volume empty does not exist on Fargate"]),
        ("family", None, ["project_name: the family '' is not a name"]),
        ("containerDefinitions", None, [": the task has no container"]),
        ("executionRoleArn", "arn:aws:iam::1:role/x", ["executionRoleArn: arn:aws:iam::1:role/x is not the ARN of a role"]),
        ("taskRoleArn", "arn:aws:iam::000000000000:role/", ["taskRoleArn: arn:aws:iam::000000000000:role/ is not the ARN of a role"]),
        ("ipcMode", "none", ["ipcMode: Fargate has no IPC mode none"]),
        ("server.name", "a" * 256, [f"{'a' * 256}: service {'a' * 256}: the name has characters that ECS refuses"]),
        ("server.healthCheck.interval", 301, ["server.healthCheck: service server: the health check's interval is 301"]),
        ("server.healthCheck.timeout", 1, ["server.healthCheck: service server: the health check's timeout is 1"]),
        ("server.healthCheck.retries", 0, ["server.healthCheck: service server: the health check's retries is 0"]),
        ("server.healthCheck.startPeriod", -1, ["server.healthCheck: service server: the health check's startPeriod is -1"]),
        ("server.healthCheck", {}, ["server.healthCheck: service server: the health check's command begins with 'nothing'"]),
        ("server.stopTimeout", -1, ["server.stopTimeout: service server: a stop timeout of -1 s"]),
        (
            "server.dnsSearchDomains",
            ["a"],
            ["server.dnsSearchDomains: service server: dns_search does not exist in the network mode awsvpc"],
        ),
        ("server.dockerSecurityOptions", ["x"], ["server.dockerSecurityOptions: service server: security_opt does not exist on Fargate"]),
        (
            "server.portMappings.0.containerPort",
            0,
            [
                "server.portMappings: service server: port 0 is out of range",
                "server.portMappings: service server: the host port 5000 is not the container port 0, as awsvpc demands",
            ],
        ),
        (
            "server.portMappings.0.hostPort",
            65536,
            [
                "server.portMappings: service server: the host port 65536 is out of range",
                "server.portMappings: service server: the host port 65536 is not the container port 5000, as awsvpc demands",
            ],
        ),
        (
            "server.portMappings.0.hostPort",
            -1,
            [
                "server.portMappings: service server: the host port -1 is out of range",
                "server.portMappings: service server: the host port -1 is not the container port 5000, as awsvpc demands",
            ],
        ),
        ("server.secrets.0.name", "", ["server.secrets: service server: a secret lacks its name or value_from"]),
        (
            "server.logConfiguration.options",
            None,
            [
                "server.logConfiguration: service server: logging has no option awslogs-group",
                "server.logConfiguration: service server: logging has no option awslogs-region",
                "server.logConfiguration: service server: logging has no option awslogs-stream-prefix",
            ],
        ),
        (
            "server.logConfiguration.options.awslogs-region",
            "",
            ["server.logConfiguration: service server: logging has no option awslogs-region"],
        ),
        (
            "server.dependsOn.0.containerName",
            "server",
            ["server.dependsOn: service server depends on server, which is not another container of the task"],
        ),
        ("volumes.0.host", {"sourcePath": "/e"}, ["server.mountPoints: the host path /e does not exist on Fargate"]),
        ("volumes.0.dockerVolumeConfiguration", {}, ["server.mountPoints: the Docker volume e does not exist on Fargate"]),
        (
            "server.linuxParameters.capabilities.add",
            ["SYS_PTRACE", "NET_ADMIN"],
            ["server: service server: cap_add (other than SYS_PTRACE) does not exist on Fargate"],
        ),
        (
            "init.dependsOn",
            [{"containerName": "init", "condition": "START"}],
            ["init.dependsOn: service init depends on init, which is not another container of the task"],
        ),
        ("networkMode", "none", ["networkMode: Fargate needs the network mode awsvpc, not none"]),
        ("server.ulimits", [{"name": "core"}, {"name": "nofile"}], ["server.ulimits: service server: Fargate has no ulimit core"]),
        ("init.portMappings", [{"containerPort": 65536}], ["init.portMappings: service init: port 65536 is out of range"]),
        (
            "init.portMappings",
            [{"containerPort": 53, "protocol": "udp"}],
            ["init.portMappings: service init: port 53 is taken by service server in the same task"],
        ),
        ("server.memoryReservation", 1025, ["cpu: the containers reserve 2049 MiB, the task has 2048 MiB"]),
    ],
)
def test_what_ecs_would_refuse(path: str, value: Any, lines: list[str]) -> None:
    assert said(changed(path, value)) == lines


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("server.dependsOn.0.condition", "COMPLETE"),
        ("server.mountPoints", [{"sourceVolume": "empty", "containerPath": "/e"}]),
        ("server.healthCheck", None),
        ("server.healthCheck.command", ["NONE"]),
        ("server.healthCheck.command", ["CMD-SHELL", "x"]),
        ("server.healthCheck.interval", 5),
        ("server.healthCheck.interval", 300),
        ("server.healthCheck.timeout", 2),
        ("server.healthCheck.timeout", 120),
        ("server.healthCheck.retries", 1),
        ("server.healthCheck.retries", 10),
        ("server.healthCheck.startPeriod", 0),
        ("server.healthCheck.startPeriod", 300),
        ("server.stopTimeout", 0),
        ("server.memory", 6),
        ("ephemeralStorage.sizeInGiB", 200),
        ("runtimePlatform.cpuArchitecture", "X86_64"),
        ("runtimePlatform", None),
        ("runtimePlatform", {}),
        ("ephemeralStorage", {}),
        ("pidMode", "task"),
        ("family", "a" * 255),
        ("server.logConfiguration", None),
        ("server.logConfiguration.logDriver", "splunk"),
        ("server.logConfiguration.logDriver", "awsfirelens"),
        ("server.linuxParameters", None),
        ("server.portMappings", None),
        ("server.portMappings.0.hostPort", None),
        ("server.portMappings.0.protocol", None),
        ("server.portMappings.0.containerPort", None),
        ("init.portMappings", [{"containerPort": 5000, "protocol": "udp"}]),
        ("init.portMappings", [{"containerPort": 65535}]),
        ("init.portMappings", [{"containerPort": 1}]),
        ("server.essential", None),
        ("taskRoleArn", "arn:aws-cn:iam::123456789012:role/x"),
        ("taskRoleArn", "iam"),
        ("taskRoleArn", None),
        ("server.cpu", 1024),
        ("server.memory", None),
        ("server.environment", None),
        ("server.secrets", None),
        ("server.logConfiguration.secretOptions", [{}]),
        ("server.dependsOn", [{"containerName": "init", "condition": "START"}]),
        ("init.healthCheck", {"command": ["NONE"]}),
    ],
)
def test_what_ecs_takes(path: str, value: Any) -> None:
    assert said(changed(path, value)) == []


@pytest.mark.parametrize(("most", "more"), [("x" * 59_999, "x"), ("\u00e9" * 29_999 + "x", "x")])
def test_an_environment_is_measured_in_bytes(most: str, more: str) -> None:
    assert said(changed("server.environment.0.value", most)) == []
    assert said(changed("server.environment.0.value", most + more)) == ["server.environment: service server: 60001 bytes of environment"]


@pytest.mark.parametrize(
    ("path", "value", "todo"),
    [
        ("server.healthCheck.timeout", 1, "Write 2 to 120."),
        ("server.stopTimeout", 121, "Fargate takes up to 120 s."),
        ("server.memory", 5, "ECS takes 6 MiB and more."),
        ("ephemeralStorage.sizeInGiB", 20, "Write 21 to 200, or remove it for the 20 GiB that every task has."),
        ("server.links", ["x"], "Containers of one task reach each other as localhost."),
        ("server.hostname", "h", "Remove it."),
        ("server.secrets.0.name", "A", "Remove it from the environment (server.environment)."),
        ("server.logConfiguration.logDriver", "syslog", "Use one of awslogs, awsfirelens, splunk."),
        ("server.dependsOn.0.condition", "READY", "Use one of START, COMPLETE, SUCCESS, HEALTHY."),
    ],
)
def test_what_to_do_names_the_limits_and_the_choices(path: str, value: Any, todo: str) -> None:
    (problem,) = validate(changed(path, value), "FARGATE", Everywhere())
    assert problem.todo == todo


def on_ec2(**container: Any) -> dict[str, Any]:
    """A task of one container that needs nothing; ``mode`` is its network mode."""
    request: dict[str, Any] = {"family": "f", "containerDefinitions": [{"name": "a", "image": "i", "memory": 64, **container}]}
    if "mode" in container:
        request["networkMode"] = request["containerDefinitions"][0].pop("mode")
    return request


LOGS: dict[str, Any] = {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "r"}}
ROLE = "there is no execution role, and service a"


@pytest.mark.parametrize(
    ("request_", "lines"),
    [
        (on_ec2(), []),
        (on_ec2(links=["b"], hostname="h", extraHosts=[{}], dnsServers=["d"], dnsSearchDomains=["e"], stopTimeout=500), []),
        (on_ec2(mode="awsvpc", extraHosts=[{}], dnsServers=["d"], dnsSearchDomains=["e"]), []),
        (on_ec2(mode="awsvpc", links=["b"]), ["a.links: service a: links does not exist in the network mode awsvpc"]),
        (on_ec2(mode="awsvpc", hostname="h"), ["a.hostname: service a: hostname does not exist in the network mode awsvpc"]),
        (on_ec2(mode="none"), []),
        (on_ec2(mode="bridge", portMappings=[{"containerPort": 80, "hostPort": 8080}]), []),
        (
            on_ec2(mode="host", portMappings=[{"containerPort": 80, "hostPort": 8080}]),
            ["a.portMappings: service a: the host port 8080 is not the container port 80, as host demands"],
        ),
        (on_ec2(portMappings=[{"containerPort": 65535, "hostPort": 65535}, {"containerPort": 1, "hostPort": 0}]), []),
        (
            on_ec2(portMappings=[{"containerPort": 1, "hostPort": 65536}, {"containerPort": 65536}]),
            [
                "a.portMappings: service a: the host port 65536 is out of range",
                "a.portMappings: service a: port 65536 is out of range",
            ],
        ),
        (
            on_ec2(portMappings=[{"containerPortRange": "1-2"}, {"containerPort": 70_000}]),
            ["a.portMappings: service a: port 70000 is out of range"],
        ),
        (on_ec2(logConfiguration={"logDriver": "json-file"}), []),
        (on_ec2(logConfiguration=LOGS), []),
        (on_ec2(logConfiguration={}), ["a.logConfiguration: service a: logging has no driver"]),
        (on_ec2(secrets=[{"name": "A", "valueFrom": "/a"}]), [f": {ROLE} has secrets"]),
        (on_ec2(logConfiguration={**LOGS, "secretOptions": [{}]}), [f": {ROLE} has secrets"]),
        (on_ec2(repositoryCredentials={"credentialsParameter": "p"}), [f": {ROLE} has repository credentials"]),
        ({**on_ec2(), "ipcMode": "host", "pidMode": "host", "placementConstraints": [{}]}, []),
        ({**on_ec2(), "volumes": [{"name": "v", "host": {"sourcePath": "/v"}}]}, []),
        ({**on_ec2(memory=64, cpu=100), "cpu": "100", "memory": "64"}, []),
        ({**on_ec2(memory=65), "cpu": "100"}, []),
        (
            {**on_ec2(memory=65, cpu=101), "cpu": "100", "memory": "64"},
            [
                "cpu: the containers reserve 65 MiB, the task has 64 MiB",
                "a.memory: service a has a limit of 65 MiB, the task has 64 MiB",
                "cpu: the containers reserve 101 CPU units, the task has 100",
            ],
        ),
        (
            {**on_ec2(memory=65, memoryReservation=1), "cpu": "100", "memory": "64"},
            ["a.memory: service a has a limit of 65 MiB, the task has 64 MiB"],
        ),
    ],
)
def test_outside_fargate(request_: dict[str, Any], lines: list[str]) -> None:
    assert said(request_, "EC2") == lines


def test_fargate_needs_a_size_and_a_role_for_its_logs() -> None:
    request = on_ec2(mode="awsvpc", logConfiguration={**LOGS, "options": {**LOGS["options"], "awslogs-stream-prefix": "p"}})
    assert said(request) == [
        "cpu: Fargate needs a task size, and there is no cpu_limit and mem_limit",
        f": {ROLE} logs to CloudWatch Logs",
    ]


@pytest.mark.parametrize(
    ("edges", "line"),
    [
        ({"a": "b", "b": "c", "c": ""}, None),
        ({"a": "bc", "b": "c", "c": ""}, None),
        ({"a": "b", "b": "c", "c": "b"}, "a.dependsOn: a, b, c wait for each other"),
        ({"a": "", "b": "c", "c": "b"}, "b.dependsOn: b, c wait for each other"),
        ({"a": "b", "b": "c", "c": "a"}, "a.dependsOn: a, b, c wait for each other"),
    ],
)
def test_only_a_circle_of_dependencies_is_refused(edges: dict[str, str], line: str | None) -> None:
    request = on_ec2()
    request["containerDefinitions"] = [
        {"name": name, "image": "i", "dependsOn": [{"containerName": other, "condition": "START"} for other in others]}
        for name, others in edges.items()
    ]
    assert said(request, "EC2") == ([line] if line else [])


@pytest.mark.parametrize(
    ("places", "where"),
    [
        ({("server", "image"): "c.yml:3", ("server", ""): "c.yml:2"}, "c.yml:3"),
        ({("server", ""): "c.yml:2"}, "c.yml:2"),
        ({("", ""): "c.yml:1"}, ""),
        (None, ""),
    ],
)
def test_the_place_is_the_fields_or_else_the_services(places: dict[tuple[str, str], str] | None, where: str) -> None:
    assert [problem.where for problem in validate(changed("server.image", ""), "FARGATE", places)] == [where]


def test_the_place_of_a_size_is_its_memorys_where_only_that_is_written() -> None:
    (problem,) = validate(changed("cpu", None), "FARGATE", {("", "memory"): "p.yml:4"})
    assert problem.where == "p.yml:4"


def test_a_variable_that_is_a_secret_too_is_removed_from_either_where_its_place_is_not_known() -> None:
    (problem,) = validate(changed("server.secrets.0.name", "A"), "FARGATE")
    assert problem.todo == "Remove one of them."


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
