# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether two task definitions are the same: any change of any field is seen, what ECS adds and any reordering is not."""

from __future__ import annotations

import copy
import datetime
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition import canonical, differences, masked
from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition_diff import HIDDEN

Request = dict[str, Any]

# Every field that the translation can set, and some that only others set.
FULL: Request = {
    "family": "redash",
    "taskRoleArn": "arn:aws:iam::000000000000:role/task",
    "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
    "networkMode": "awsvpc",
    "cpu": "1024",
    "memory": "2.0GB",
    "pidMode": "task",
    "ipcMode": "none",
    "requiresCompatibilities": ["FARGATE", "EC2"],
    "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
    "ephemeralStorage": {"sizeInGiB": 50},
    "placementConstraints": [{"type": "memberOf", "expression": "a"}, {"type": "memberOf", "expression": "b"}],
    "volumes": [
        {
            "name": "e",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-1",
                "rootDirectory": "/d",
                "transitEncryption": "ENABLED",
                "transitEncryptionPort": 2049,
                "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
            },
        },
        {
            "name": "d",
            "dockerVolumeConfiguration": {
                "scope": "shared",
                "autoprovision": True,
                "driver": "x",
                "driverOpts": {"o": "1"},
                "labels": {"l": "1"},
            },
        },
        {"name": "h", "host": {"sourcePath": "/h"}},
    ],
    "containerDefinitions": [
        {
            "name": "server",
            "image": "redash/redash:25.8.0",
            "essential": True,
            "cpu": 100,
            "memory": 512,
            "memoryReservation": 256,
            "command": ["server", "--verbose"],
            "entryPoint": ["/app/bin/docker-entrypoint", "x"],
            "environment": [
                {"name": "REDASH_WEB_WORKERS", "value": "4"},
                {"name": "REDASH_MAIL_PASSWORD", "value": "hunter2"},
                {"name": "EMPTY", "value": ""},
            ],
            "secrets": [{"name": "REDASH_SECRET_KEY", "valueFrom": "/redash/secret_key"}, {"name": "B", "valueFrom": "/b"}],
            "portMappings": [
                {"containerPort": 5000, "hostPort": 5000, "protocol": "tcp"},
                {"containerPort": 53, "protocol": "udp", "name": "dns"},
            ],
            "mountPoints": [
                {"sourceVolume": "e", "containerPath": "/e", "readOnly": True},
                {"sourceVolume": "d", "containerPath": "/d", "readOnly": False},
            ],
            "volumesFrom": [{"sourceContainer": "scheduler", "readOnly": True}],
            "dependsOn": [{"containerName": "scheduler", "condition": "START"}],
            "healthCheck": {"command": ["CMD", "curl", "x"], "interval": 10, "timeout": 9, "retries": 4, "startPeriod": 60},
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": "/g", "awslogs-region": "r"},
                "secretOptions": [{"name": "t", "valueFrom": "/t"}],
            },
            "dockerLabels": {"k": "v"},
            "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}, {"name": "nproc", "softLimit": 1, "hardLimit": 2}],
            "linuxParameters": {
                "initProcessEnabled": True,
                "sharedMemorySize": 64,
                "capabilities": {"add": ["A", "B"], "drop": ["C"]},
                "devices": [{"hostPath": "/dev/a", "containerPath": "/dev/b", "permissions": ["read", "write"]}],
                "tmpfs": [{"containerPath": "/run", "size": 64, "mountOptions": ["rw", "noexec"]}],
            },
            "stopTimeout": 30,
            "user": "redash",
            "workingDirectory": "/app",
            "hostname": "h",
            "privileged": True,
            "pseudoTerminal": True,
            "interactive": True,
            "readonlyRootFilesystem": True,
            "dnsServers": ["8.8.8.8", "1.1.1.1"],
            "dnsSearchDomains": ["example.com"],
            "extraHosts": [{"hostname": "a", "ipAddress": "1.2.3.4"}, {"hostname": "b", "ipAddress": "1.2.3.5"}],
            "links": ["db:database", "x"],
            "dockerSecurityOptions": ["label:user:USER", "y"],
            "repositoryCredentials": {"credentialsParameter": "arn:aws:secretsmanager:r:0:secret:s"},
            "resourceRequirements": [{"type": "GPU", "value": "2"}],
            "firelensConfiguration": {"type": "fluentbit", "options": {"enable-ecs-log-metadata": "true"}},
            "systemControls": [{"namespace": "net.core.somaxconn", "value": "1024"}],
        },
        {"name": "scheduler", "image": "redash/redash:25.8.0", "essential": False, "command": ["scheduler"]},
    ],
}


def as_ecs_returns_it(request: Request) -> Request:
    """What DescribeTaskDefinition gives for a request: defaults filled in, empty lists, ECS's own fields."""
    result = copy.deepcopy(request)
    result.update(
        taskDefinitionArn="arn:aws:ecs:r:0:task-definition/redash:7",
        revision=7,
        status="ACTIVE",
        requiresAttributes=[{"name": "com.amazonaws.ecs.capability.ecr-auth"}],
        compatibilities=["EC2", "FARGATE"],
        registeredAt=datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC),
        registeredBy="arn:aws:iam::0:user/x",
    )
    result.setdefault("volumes", [])
    result.setdefault("placementConstraints", [])
    for container in result["containerDefinitions"]:
        container.setdefault("cpu", 0)
        for key in ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"):
            container.setdefault(key, [])
        for port in container["portMappings"]:
            port["hostPort"] = port.get("hostPort") or port.get("containerPort")
    return result


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def changed(request: Request, path: tuple[Any, ...], value: Any) -> Request:
    result = copy.deepcopy(request)
    target: Any = result
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value
    return result


def without(request: Request, path: tuple[Any, ...]) -> Request:
    result = copy.deepcopy(request)
    target: Any = result
    for part in path[:-1]:
        target = target[part]
    del target[path[-1]]
    return result


LEAVES = list(leaves(FULL))
# Removing these leaves the same meaning: it is ECS's default.
DEFAULTS = {
    ("containerDefinitions", 0, "environment", 2, "value"),
    ("containerDefinitions", 0, "essential"),
    ("containerDefinitions", 0, "portMappings", 0, "hostPort"),
    ("containerDefinitions", 0, "portMappings", 0, "protocol"),
    ("containerDefinitions", 0, "mountPoints", 1, "readOnly"),
    ("runtimePlatform", "operatingSystemFamily"),
}


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if value == "":
        return "x"
    if value == "2.0GB":
        return "3GB"
    return f"{value}x"


@pytest.mark.parametrize(("path", "value"), LEAVES, ids=lambda item: ".".join(map(str, item)) if isinstance(item, tuple) else "")
def test_a_change_of_any_field_is_seen(path: tuple[Any, ...], value: Any) -> None:
    after = changed(FULL, path, other(value))
    assert canonical(FULL) != canonical(after)
    assert differences(as_ecs_returns_it(FULL), after)
    assert differences(FULL, after)


@pytest.mark.parametrize("path", [path for path, _ in LEAVES], ids=lambda path: ".".join(map(str, path)))
def test_the_removal_of_any_field_is_seen(path: tuple[Any, ...]) -> None:
    after = without(FULL, path)
    same = path in DEFAULTS
    assert (canonical(FULL) == canonical(after)) is same
    assert (differences(as_ecs_returns_it(FULL), after) == []) is same
    assert (differences(as_ecs_returns_it(after), FULL) == []) is same


@given(st.sampled_from(LEAVES), st.one_of(st.text(), st.integers(), st.booleans(), st.lists(st.text(), min_size=1)))
def test_any_other_value_of_any_field_is_seen(leaf: tuple[tuple[Any, ...], Any], value: Any) -> None:
    path, before = leaf
    # To Python, True is 1.
    if str(value) == str(before) or value == before:
        return
    after = changed(FULL, path, value)
    equal = canonical(FULL) == canonical(after)
    assert (differences(FULL, after) == []) is equal
    if equal:
        # Another way to write the same: a default, or a size with another unit.
        assert path in DEFAULTS or path in (("cpu",), ("memory",)) or value in (None, "", False, 0)


ORDERED = frozenset(("command", "entryPoint", "dnsServers", "dnsSearchDomains", "mountOptions", "environmentFiles"))


def shuffled(value: Any, shuffle: random.Random, key: str = "") -> Any:
    """A copy with maps and lists that have no order in another order."""
    if isinstance(value, dict):
        items = [(name, shuffled(item, shuffle, name)) for name, item in value.items()]
        shuffle.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        items = [shuffled(item, shuffle) for item in value]
        if key not in ORDERED:
            shuffle.shuffle(items)
        return items
    return value


@given(st.randoms(use_true_random=False))
def test_no_reordering_is_seen(shuffle: random.Random) -> None:
    after = shuffled(FULL, shuffle)
    assert canonical(after) == canonical(FULL)
    assert differences(as_ecs_returns_it(FULL), after) == []


@pytest.mark.parametrize("key", ["command", "entryPoint", "dnsServers"])
def test_where_the_order_counts_it_is_seen(key: str) -> None:
    after = copy.deepcopy(FULL)
    after["containerDefinitions"][0][key].reverse()
    assert len(differences(FULL, after)) == 1


def test_the_order_of_two_variables_of_one_name_is_seen() -> None:
    def with_values(*values: str) -> Request:
        return {"containerDefinitions": [{"name": "a", "environment": [{"name": "A", "value": value} for value in values]}]}

    assert differences(with_values("1", "2"), with_values("2", "1"))
    assert differences(with_values("1", "2"), with_values("1", "2")) == []


def test_what_ecs_adds_is_not_seen() -> None:
    assert differences(as_ecs_returns_it(FULL), FULL) == []
    assert canonical(as_ecs_returns_it(FULL)) == canonical(FULL)


def test_canonical_is_idempotent() -> None:
    assert canonical(canonical(FULL)) == canonical(FULL)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"cpu": "1 vCPU"}, {"cpu": "1024"}),
        ({"cpu": ".25 vcpu"}, {"cpu": "256"}),
        ({"memory": "2GB"}, {"memory": "2048"}),
        ({"memory": "0.5 GB"}, {"memory": "512"}),
        ({"networkMode": "bridge"}, {}),
        ({"taskRoleArn": ""}, {}),
        ({"runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}}, {}),
        ({"volumes": [{"name": "v", "host": {}}]}, {"volumes": [{"name": "v"}]}),
        (
            {
                "volumes": [
                    {"name": "v", "efsVolumeConfiguration": {"fileSystemId": "f", "rootDirectory": "/", "transitEncryption": "DISABLED"}}
                ]
            },
            {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "f"}}]},
        ),
        (
            {"volumes": [{"name": "v", "dockerVolumeConfiguration": {"scope": "task", "driver": "local", "autoprovision": False}}]},
            {"volumes": [{"name": "v", "dockerVolumeConfiguration": {}}]},
        ),
        (
            {"containerDefinitions": [{"name": "a", "healthCheck": {"command": ["CMD", "a"], "interval": 30, "timeout": 5, "retries": 3}}]},
            {"containerDefinitions": [{"name": "a", "healthCheck": {"command": ["CMD", "a"]}}]},
        ),
        (
            {
                "containerDefinitions": [
                    {"name": "a", "privileged": False, "linuxParameters": {"capabilities": {}}, "command": [], "cpu": 0}
                ]
            },
            {"containerDefinitions": [{"name": "a"}]},
        ),
        (
            {"containerDefinitions": [{"name": "a", "portMappings": [{"containerPort": 1, "hostPort": 0}]}]},
            {"containerDefinitions": [{"name": "a", "portMappings": [{"containerPort": 1, "protocol": "tcp"}]}]},
        ),
    ],
)
def test_two_ways_to_say_the_same(one: Request, two: Request) -> None:
    assert canonical(one) == canonical(two)
    assert differences(one, two) == []
    assert differences(two, one) == []


def test_a_host_port_of_0_is_any_port_in_bridge_mode_and_the_same_port_in_awsvpc() -> None:
    def with_port(mode: str, host: int) -> Request:
        return {"networkMode": mode, "containerDefinitions": [{"name": "a", "portMappings": [{"containerPort": 80, "hostPort": host}]}]}

    assert differences(with_port("awsvpc", 0), with_port("awsvpc", 80)) == []
    assert differences(with_port("bridge", 0), with_port("bridge", 80))


@pytest.mark.parametrize(
    ("registered", "given_role", "same"),
    [
        ("arn:aws:iam::000000000000:role/execution", "execution", True),
        ("arn:aws:iam::000000000000:role/path/execution", "execution", True),
        ("arn:aws:iam::000000000000:role/execution", "other", False),
        ("arn:aws:iam::000000000000:role/my-execution", "execution", False),
        ("arn:aws:iam::000000000000:role/execution", "arn:aws:iam::111111111111:role/execution", False),
        ("execution", "arn:aws:iam::000000000000:role/execution", True),
    ],
)
def test_a_role_by_name_and_its_arn_are_the_same(registered: str, given_role: str, same: bool) -> None:
    assert (differences({"executionRoleArn": registered}, {"executionRoleArn": given_role}) == []) is same


def lines(path: tuple[Any, ...], value: Any) -> list[str]:
    return differences(FULL, changed(FULL, path, value))


SERVER = ("containerDefinitions", 0)


def test_differences_in_words() -> None:
    assert lines((*SERVER, "environment", 0, "value"), "2") == ["server: REDASH_WEB_WORKERS 4 -> 2"]
    assert lines((*SERVER, "command"), ["worker"]) == ["server: command server --verbose -> worker"]
    assert lines((*SERVER, "image"), "redash/redash:26.1.0") == ["server: image redash/redash:25.8.0 -> redash/redash:26.1.0"]
    assert lines((*SERVER, "secrets", 0, "valueFrom"), "/x") == ["server: secret REDASH_SECRET_KEY /redash/secret_key -> /x"]
    assert lines(("cpu",), "2 vCPU") == ["task: cpu 1024 -> 2048"]
    assert lines(("memory",), "4GB") == ["task: memory 2048 -> 4096"]
    assert lines((*SERVER, "healthCheck", "interval"), 20) == ["server: health check interval 10 -> 20"]
    assert lines((*SERVER, "logConfiguration", "options", "awslogs-group"), "/x") == ["server: logging options awslogs-group /g -> /x"]
    assert lines((*SERVER, "environment", 2, "value"), "a  b") == ['server: EMPTY "" -> "a  b"']
    assert lines((*SERVER, "environment", 2, "name"), "FULL") == ['server: FULL "" added', 'server: EMPTY removed (was "")']


def test_a_new_a_gone_and_a_first_container() -> None:
    less = without(FULL, ("containerDefinitions", 1))
    assert differences(less, FULL) == ["scheduler: container added"]
    assert differences(FULL, less) == ["scheduler: container removed"]
    assert differences(None, FULL) == ["task: new, with scheduler, server"]


def test_values_that_look_secret_are_hidden() -> None:
    path = (*SERVER, "environment", 1, "value")
    assert lines(path, "hunter3") == ["server: REDASH_MAIL_PASSWORD changed (values hidden)"]
    removed = differences(FULL, without(FULL, path[:-1]))
    assert removed == ["server: REDASH_MAIL_PASSWORD removed (was ********)"]
    url = changed(FULL, (*SERVER, "environment", 0), {"name": "SOME_URL", "value": "postgres://redash:hunter4@db/redash"})
    everything = " ".join([*differences(FULL, url), *differences(url, FULL), str(masked(FULL)), str(masked(url))])
    assert "hunter" not in everything
    assert "REDASH_MAIL_PASSWORD" in str(masked(FULL))
    assert masked(FULL)["containerDefinitions"][0]["environment"][0] == {"name": "REDASH_WEB_WORKERS", "value": "4"}


@pytest.mark.parametrize(
    "name",
    [
        "REDASH_COOKIE_SECRET",
        "REDASH_SECRET_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "MAIL_PASSWORD",
        "API_TOKEN",
        "SENTRY_DSN",
        "KEY",
        "PGPASSWORD",
        "apikey",
    ],
)
def test_names_that_look_secret(name: str) -> None:
    before = {"containerDefinitions": [{"name": "a", "environment": [{"name": name, "value": "s3cret-1"}]}]}
    after = {"containerDefinitions": [{"name": "a", "environment": [{"name": name, "value": "s3cret-2"}]}]}
    assert "s3cret" not in str(differences(before, after)) + str(masked(after))
    assert differences(before, after)


def container(**keys: Any) -> Request:
    return {"containerDefinitions": [{"name": "a", **keys}]}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"cpu": "256"}, {}, ["task: cpu removed (was 256)"]),
        ({}, {"memory": "1GB"}, ["task: memory 1024 added"]),
        ({"cpu": "lots"}, {"cpu": "many"}, ["task: cpu lots -> many"]),
        (container(environment=[{"name": "A", "value": "1"}]), container(), ["a: A removed (was 1)"]),
        (container(), container(environment=[{"name": "A", "value": "a b"}]), ["a: A a b added"]),
        (container(), container(secrets=[{"name": "A", "valueFrom": "/a"}]), ["a: secret A /a added"]),
        (container(), container(command=["sh", "-c", "a b"]), ["a: command sh -c 'a b' added"]),
        (container(entryPoint=["a"]), container(entryPoint=["b"]), ["a: entrypoint a -> b"]),
        (container(), container(dockerLabels={"l": "1"}), ["a: label l 1 added"]),
        (container(), container(dockerLabels={"token": "1"}), ["a: label token ******** added"]),
        (container(dockerLabels={"token": "1"}), container(), ["a: label token removed (was ********)"]),
        (container(), container(portMappings=[{"containerPort": 80}]), ["a: port 80 hostPort 0 added", "a: port 80 protocol tcp added"]),
        (
            container(mountPoints=[{"containerPath": "/a", "sourceVolume": "v"}]),
            container(mountPoints=[{"containerPath": "/a", "sourceVolume": "w"}]),
            ["a: mount /a sourceVolume v -> w"],
        ),
        (container(), container(dependsOn=[{"containerName": "b", "condition": "START"}]), ["a: depends on b condition START added"]),
        (container(), container(linuxParameters={"initProcessEnabled": True}), ["a: initProcessEnabled true added"]),
        (
            container(),
            container(logConfiguration={"logDriver": "x", "secretOptions": [{"name": "t", "valueFrom": "/t"}]}),
            ["a: logging logDriver x added", "a: logging logging secret t /t added"],
        ),
        (
            container(),
            container(healthCheck={"command": ["CMD", "a"], "retries": None}),
            [
                "a: health check command CMD a added",
                "a: health check interval 30 added",
                "a: health check retries 3 added",
                "a: health check startPeriod 0 added",
                "a: health check timeout 5 added",
            ],
        ),
        ({}, {"tags": [{"key": "k", "value": "v"}]}, ["task: tag k v added"]),
        ({}, {"volumes": [{"name": "v"}]}, ["task: volume v name v added"]),
        (
            {},
            {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "f"}}]},
            [
                "task: volume v efsVolumeConfiguration fileSystemId f added",
                "task: volume v efsVolumeConfiguration rootDirectory / added",
                "task: volume v efsVolumeConfiguration transitEncryption DISABLED added",
            ],
        ),
        (
            container(environment=[{"name": "A", "value": "1"}]),
            container(environment=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
            ["a: A #2 2 added"],
        ),
        (container(user="1"), container(user=1), ['a: user "1" -> 1']),
        (
            container(environment=[{"name": "U", "value": "x"}]),
            container(environment=[{"name": "U", "value": "a://b:c@d"}]),
            ["a: U changed (values hidden)"],
        ),
        (container(command=["a://b:c@d"]), container(command=["x"]), ["a: command changed (values hidden)"]),
        (container(environment=[{"name": "U", "value": "a\nb"}]), container(), ['a: U removed (was "a\\nb")']),
        (container(environment=[{"name": "U", "value": "日  本"}]), container(), ['a: U removed (was "日  本")']),
        (None, {}, ["task: new, with "]),
        (None, {"containerDefinitions": [{}, {"name": "b"}]}, ["task: new, with ?, b"]),
        ({"containerDefinitions": [{"image": "i"}]}, {"containerDefinitions": [{"image": "j"}]}, ["?: image i -> j"]),
        ({}, {"containerDefinitions": [{"image": "i"}]}, ["?: container added"]),
    ],
)
def test_each_kind_of_difference_in_words(before: Request | None, after: Request, said: list[str]) -> None:
    assert differences(before, after) == said


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (
            {"runtimePlatform": {"cpuArchitecture": "ARM64"}},
            {"runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}},
            True,
        ),
        ({"runtimePlatform": {"operatingSystemFamily": "LINUX"}}, {}, True),
        ({"runtimePlatform": {}}, {}, True),
        ({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}, {}, False),
        ({"networkMode": "host"}, {}, False),
        ({"cpu": ""}, {}, True),
        ({"memory": None}, {}, True),
        *(({key: ""}, {}, True) for key in ("executionRoleArn", "pidMode", "ipcMode", "networkMode", "memory")),
        *((container(**{key: ""}), container(), True) for key in ("hostname", "user", "workingDirectory")),
        *(
            (container(**{key: False}), container(), True)
            for key in ("privileged", "pseudoTerminal", "readonlyRootFilesystem", "interactive")
        ),
        (container(disableNetworking=False), container(), True),
        (container(privileged=None), container(), True),
        (container(image=""), container(), False),
        (container(essential=True), container(), True),
        (container(essential=False), container(), False),
        (container(cpu=0), container(), True),
        (container(cpu=1), container(), False),
        (container(versionConsistency="enabled"), container(), True),
        (container(versionConsistency="disabled"), container(), False),
        (container(restartPolicy={"enabled": False, "ignoredExitCodes": [0]}), container(), True),
        (container(restartPolicy={"enabled": True}), container(), False),
        (container(restartPolicy={}), container(), True),
        (container(portMappings=[{"containerPort": 1, "hostPort": None}]), container(portMappings=[{"containerPort": 1}]), True),
        (
            container(portMappings=[{"containerPortRange": "1-2"}]),
            container(portMappings=[{"containerPortRange": "1-2", "protocol": "tcp"}]),
            True,
        ),
        (container(portMappings=[{"containerPort": 1, "protocol": "udp"}]), container(portMappings=[{"containerPort": 1}]), False),
        (container(environment=[{"name": "A"}]), container(environment=[{"name": "A", "value": ""}]), True),
        (container(healthCheck={}), container(), True),
        (container(healthCheck={"command": ["a"], "startPeriod": 0, "timeout": None}), container(healthCheck={"command": ["a"]}), True),
        *(
            (container(healthCheck={"command": ["a"], key: value}), container(healthCheck={"command": ["a"]}), False)
            for key, value in (("interval", 31), ("timeout", 6), ("retries", 4), ("startPeriod", 1))
        ),
        (container(dockerLabels={"b": "", "a": ""}), container(dockerLabels={"a": "", "b": ""}), True),
        (container(dockerLabels={"privileged": ""}), container(), False),
        (container(command=["a", "b"]), container(command=("a", "b")), True),
        (container(links=["a", "b"]), container(links=["b", "a"]), True),
        ({"requiresCompatibilities": ["EC2", "FARGATE"]}, {"requiresCompatibilities": ["FARGATE", "EC2"]}, True),
        (
            {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "f", "authorizationConfig": {"iam": "DISABLED"}}}]},
            {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "f", "rootDirectory": ""}}]},
            True,
        ),
        (
            {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "f", "authorizationConfig": {"iam": "ENABLED"}}}]},
            {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "f"}}]},
            False,
        ),
        (
            {
                "volumes": [
                    {"name": "v", "efsVolumeConfiguration": {"fileSystemId": "f", "rootDirectory": "/a", "transitEncryption": "ENABLED"}}
                ]
            },
            {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "f", "rootDirectory": "/a"}}]},
            False,
        ),
        (
            {"volumes": [{"name": "v", "dockerVolumeConfiguration": {"scope": "shared", "driver": None}}]},
            {"volumes": [{"name": "v", "dockerVolumeConfiguration": {"scope": "shared", "driver": "local"}}]},
            True,
        ),
        ({"volumes": [{"name": "v", "dockerVolumeConfiguration": {}}]}, {"volumes": [{"name": "v"}]}, False),
        ({"volumes": [{"name": "v", "host": {"sourcePath": ""}}]}, {"volumes": [{"name": "v"}]}, True),
        ({"volumes": [{"name": "v", "host": None}]}, {"volumes": [{"name": "v"}]}, True),
        ({"revision": 1, "status": "ACTIVE", "deregisteredAt": 1, "deleteRequestedAt": 2}, {}, True),
        ({"volumes": None, "containerDefinitions": None}, {}, True),
    ],
)
def test_what_means_the_same_and_what_does_not(one: Request, two: Request, same: bool) -> None:
    assert (canonical(one) == canonical(two)) is same
    assert (differences(one, two) == []) is same
    assert (differences(two, one) == []) is same


@pytest.mark.parametrize("mode", ["awsvpc", "host"])
def test_a_host_port_that_is_not_given_is_the_same_port_where_the_task_shares_one_network(mode: str) -> None:
    ports = {"networkMode": mode, **container(portMappings=[{"containerPort": 80}])}
    assert canonical(ports)["containerDefinitions"][0]["portMappings"] == [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]


@pytest.mark.parametrize(
    ("registered", "given_role", "same"),
    [
        ("arn:aws:iam::000000000000:role/task", "task", True),
        ("arn:aws:iam::000000000000:role/a/task", "b/task", True),
        ("arn:aws:iam::000000000000:user/task", "task", False),
        ("task", "other", False),
        ("", "task", False),
    ],
)
def test_the_tasks_own_role_by_name_and_its_arn_are_the_same(registered: str, given_role: str, same: bool) -> None:
    assert (differences({"taskRoleArn": registered}, {"taskRoleArn": given_role}) == []) is same
    assert (differences({"taskRoleArn": given_role}, {"taskRoleArn": registered}) == []) is same


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *(
            (name, True)
            for name in ("SECRETS", "PASSWD", "my_passphrase", "TOKENS", "CREDENTIAL", "PRIVATE", "API_KEY", "ACCESSKEY", "ACCESS_KEY")
        ),
        *((name, True) for name in ("SIGNING", "SALT", "COOKIE", "AUTH", "A_KEY", "PASS", "DB_PASS", "PASS_A", "PWD", "A_PWD", "dsn")),
        *((name, False) for name in ("KEYS", "MONKEY", "COMPASS", "PWDS", "A_KEYS_B", "HOST", "WORKERS_COUNT", "PASSED", "KEY_A")),
    ],
)
def test_where_a_name_looks_secret_its_value_is_masked_everywhere(name: str, secret: bool) -> None:
    shown = HIDDEN if secret else "v"
    labels = {name: "v", "other": "w"}
    request = container(
        environment=[{"name": name, "value": "v"}, {"name": "O", "value": "w"}],
        dockerLabels=labels,
        logConfiguration={"logDriver": name, "options": labels},
        secrets=[{"name": name, "valueFrom": "/v"}],
    )
    request["volumes"] = [{"name": name, "dockerVolumeConfiguration": {"driverOpts": labels, "labels": labels}}]
    expected = {name: shown, "other": "w"}
    assert masked(request) == {
        "containerDefinitions": [
            {
                "name": "a",
                "environment": [{"name": name, "value": shown}, {"name": "O", "value": "w"}],
                "dockerLabels": expected,
                "logConfiguration": {"logDriver": name, "options": expected},
                "secrets": [{"name": name, "valueFrom": "/v"}],
            }
        ],
        "volumes": [{"name": name, "dockerVolumeConfiguration": {"driverOpts": expected, "labels": expected}}],
    }


def test_masking_hides_the_password_of_a_url_and_nothing_else() -> None:
    request = container(
        image="a://u:p@h/i",
        command=("x", "b://:p@h", "c://u@h", "d://h:1"),
        cpu=1,
        environment=[{"name": "PASSWORD", "value": ""}, {"name": "U", "value": "e://u:p@h f://v:q@i"}, {"value": "g"}],
        dockerLabels={"secret": "", "url": "h://u:p@h"},
    )
    assert masked(request) == container(
        image=f"a://u:{HIDDEN}@h/i",
        command=["x", f"b://:{HIDDEN}@h", "c://u@h", "d://h:1"],
        cpu=1,
        environment=[{"name": "PASSWORD", "value": ""}, {"name": "U", "value": f"e://u:{HIDDEN}@h f://v:{HIDDEN}@i"}, {"value": "g"}],
        dockerLabels={"secret": "", "url": f"h://u:{HIDDEN}@h"},
    )


def test_masking_leaves_the_original_alone() -> None:
    before = copy.deepcopy(FULL)
    masked(FULL)
    canonical(FULL)
    differences(FULL, FULL)
    assert before == FULL
