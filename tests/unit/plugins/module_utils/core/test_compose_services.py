# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each key of a service becomes in each version of the Compose format."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import compose_services
from ansible_collections.redash.ecs.plugins.module_utils.core.compose import load_project
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problems, RedashError

from .compose_helpers import CWD, containers, environment, indented, read_from, translated, web

ALL = ["1", "2", "3", None]
OLD = ["1", "2", "3"]
SIZED = "task_definition: {task_size: {mem_limit: 1GB}}"


def key_of(definition: dict[str, Any], path: str) -> Any:
    value: Any = definition
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ("command: manage users list", "command", ["manage", "users", "list"]),
        ('command: ["a b", c]', "command", ["a b", "c"]),
        ("command: []", "command", None),
        ("command: ''", "command", None),
        ('entrypoint: /bin/entry "with space"', "entryPoint", ["/bin/entry", "with space"]),
        ("hostname: h", "hostname", "h"),
        ("user: '1000'", "user", "1000"),
        ("working_dir: /app", "workingDirectory", "/app"),
        ("privileged: true", "privileged", True),
        ("privileged: false", "privileged", None),
        ("read_only: true", "readonlyRootFilesystem", True),
        ("tty: true", "pseudoTerminal", True),
        ("dns: 8.8.8.8", "dnsServers", ["8.8.8.8"]),
        ("dns_search: [example.com]", "dnsSearchDomains", ["example.com"]),
        ("security_opt: ['label:user:USER']", "dockerSecurityOptions", ["label:user:USER"]),
        ("links: ['db:database']", "links", ["db:database"]),
        ("cap_add: [NET_ADMIN]\ncap_drop: [MKNOD]", "linuxParameters.capabilities", {"add": ["NET_ADMIN"], "drop": ["MKNOD"]}),
        ("labels: ['k=v', k2, 'k3=a=b']", "dockerLabels", {"k": "v", "k2": "", "k3": "a=b"}),
        ("labels: {k: v, e: ''}", "dockerLabels", {"k": "v", "e": ""}),
        ("extra_hosts: ['somehost:162.242.195.82']", "extraHosts", [{"hostname": "somehost", "ipAddress": "162.242.195.82"}]),
        (
            "ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 65535}",
            "ulimits",
            [{"name": "nofile", "softLimit": 1024, "hardLimit": 2048}, {"name": "nproc", "softLimit": 65535, "hardLimit": 65535}],
        ),
        (
            "devices: ['/dev/sda:/dev/xvdc:rwm', /dev/null]",
            "linuxParameters.devices",
            [{"hostPath": "/dev/sda", "containerPath": "/dev/xvdc", "permissions": ["mknod", "read", "write"]}, {"hostPath": "/dev/null"}],
        ),
    ],
)
def test_keys_that_mean_the_same_in_all_versions(version: str | None, body: str, field: str, expected: Any) -> None:
    assert key_of(web(version, body), field) == expected


@pytest.mark.parametrize("version", ["2", "3", None])
@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ("stop_grace_period: 1m30s", "stopTimeout", 90),
        ("stop_grace_period: 1500ms", "stopTimeout", 1),
        (
            "tmpfs: '/run:rw,noexec,size=64m'",
            "linuxParameters.tmpfs",
            [{"containerPath": "/run", "mountOptions": ["rw", "noexec"], "size": 64}],
        ),
        (
            "logging: {driver: awslogs, options: {awslogs-group: g, num: 5, f: 1.50}}",
            "logConfiguration",
            {"logDriver": "awslogs", "options": {"awslogs-group": "g", "num": "5", "f": "1.5"}},
        ),
        ("logging: {driver: json-file, options: {b: true}}", "logConfiguration.options", {"b": "true"}),
    ],
)
def test_keys_that_came_with_version_2(version: str | None, body: str, field: str, expected: Any) -> None:
    assert key_of(web(version, body), field) == expected


def test_version_1_logging() -> None:
    body = "log_driver: awslogs\nlog_opt: {awslogs-group: g}"
    assert web("1", body)["logConfiguration"] == {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}


def test_logging_without_a_driver() -> None:
    assert "logConfiguration" not in web("2", "logging: {options: {a: b}}")
    assert "logConfiguration" not in web(None, "logging: {options: {a: b}}")
    assert web("3", "logging: {options: {a: b}}")["logConfiguration"] == {"logDriver": "", "options": {"a": "b"}}


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    ("text", "mebibytes"),
    [
        ("512m", 512),
        ("536870912", 512),
        ("0.5g", 512),
        ("1gb", 1024),
        ('"300MB"', 300),
        ("1500k", 1),
        ('"64 M"', 64),
        ("2GiB", 2048),
    ],
)
def test_mem_limit(version: str, text: str, mebibytes: int) -> None:
    assert web(version, f"mem_limit: {text}")["memory"] == mebibytes


def test_memory_of_a_container() -> None:
    assert web("2", "hostname: h")["memory"] == 512
    assert "memory" not in web("2", "hostname: h", params=SIZED)
    assert web("2", "mem_limit: 4096")["memory"] == 512
    assert (lambda c: (c["memory"], c["memoryReservation"]))(web("2", "mem_reservation: 256m")) == (256, 256)
    specification = web(None, "mem_reservation: 256m")
    assert (specification.get("memory"), specification["memoryReservation"]) == (None, 256)
    with pytest.raises(RedashError, match="memory limit 64 MiB is below the reservation 128 MiB"):
        web("2", "mem_limit: 64m\nmem_reservation: 128m")


def test_cpu_shares() -> None:
    assert web("2", "cpu_shares: 10")["cpu"] == 10
    assert web("2", "cpu_shares: '10'")["cpu"] == 10
    assert "cpu" not in web("2", "cpu_shares: 0.5")


@pytest.mark.parametrize("version", ["1", "2"])
def test_ports_of_version_2(version: str) -> None:
    body = 'ports: ["80", 8081, "127.0.0.1:9000:9001", "53:53/udp", "8443:443/tcp"]'
    assert [(p["hostPort"], p["containerPort"], p["protocol"]) for p in web(version, body)["portMappings"]] == [
        (0, 80, "tcp"),
        (0, 8081, "tcp"),
        (9000, 9001, "tcp"),
        (53, 53, "udp"),
        (8443, 443, "tcp"),
    ]


def test_ports_of_version_3() -> None:
    body = 'ports: ["8000-8001:9000-9001", "80", 8081, "127.0.0.1:7000:7001", "53:53/UDP", "3000-3001", "5000-5001:80", "9999-10000"]'
    assert [(p["hostPort"], p["containerPort"], p["protocol"]) for p in web("3", body)["portMappings"]] == [
        (8000, 9000, "tcp"),
        (8001, 9001, "tcp"),
        (0, 80, "tcp"),
        (0, 8081, "tcp"),
        (7000, 7001, "tcp"),
        (53, 53, "udp"),
        (0, 3000, "tcp"),
        (0, 3001, "tcp"),
        (5000, 80, "tcp"),
        (5001, 80, "tcp"),
        (0, 10000, "tcp"),
        (0, 9999, "tcp"),
    ]


def test_ports_of_the_specification() -> None:
    body = """
ports:
  - "5000:5000"
  - "80"
  - {target: 443, published: "8443", protocol: tcp, mode: host, name: https, app_protocol: http2}
  - {target: 53, protocol: udp}
"""
    assert web(None, body)["portMappings"] == [
        {"containerPort": 5000, "hostPort": 5000, "protocol": "tcp"},
        {"containerPort": 80, "protocol": "tcp"},
        {"containerPort": 443, "hostPort": 8443, "protocol": "tcp", "name": "https", "appProtocol": "http2"},
        {"containerPort": 53, "protocol": "udp"},
    ]


@pytest.mark.parametrize(
    ("version", "body"),
    [
        ("2", 'ports: ["8000-8001:9000-9001"]'),
        ("2", 'ports: ["53:53/sctp"]'),
        ("2", 'ports: ["a"]'),
        ("2", 'ports: ["1:2:3:4"]'),
        ("2", "ports: [{target: 80}]"),
        ("2", 'ports: ["80", "80"]'),
        ("3", "ports: [{target: 80}]"),
        ("3", 'ports: ["80:"]'),
        ("3", 'ports: ["8000-8002:80-81"]'),
        ("3", 'ports: ["99999"]'),
        ("3", 'ports: ["80/icmp"]'),
        ("3", 'ports: ["9-1"]'),
        (None, "ports: [{published: 80}]"),
        (None, "ports: [{target: x}]"),
        (None, "ports: [{target: 80, tarjet: 1}]"),
        (None, 'ports: ["1-60000"]'),
    ],
)
def test_ports_that_are_refused(version: str | None, body: str) -> None:
    with pytest.raises(RedashError, match=r"docker-compose.yml:\d+: service web: (port|more ports|entry 1 of ports)"):
        web(version, body)


def test_shared_memory() -> None:
    assert web("2", "shm_size: 128M")["linuxParameters"] == {"sharedMemorySize": 128}
    assert "linuxParameters" not in web("3", "shm_size: 128M")


DECLARE = " Write NAME:/path and declare NAME under volumes."
WRITE = ' Write "5000:5000".'


@pytest.mark.parametrize(
    ("version", "body", "line", "message"),
    [
        ("2", "labels:\n  num: 5", 6, 'label num is not text. Write num: "5".'),
        ("1", "labels:\n  a: b\n  num: 1.50", 5, 'label num is not text. Write num: "1.5".'),
        ("2", "extra_hosts: {h: 1.2.3.4}", 5, "extra_hosts is a map. Write a list of NAME:ADDRESS."),
        ("3", "extra_hosts: ['h:::1', 'a:1.1.1.1']", 5, "extra host 'h:::1' is not NAME:ADDRESS. Write it so, with an IPv4 address."),
        (None, "extra_hosts: 5", 4, "extra_hosts is not a list of texts. Write a list of NAME:ADDRESS."),
        (None, "extra_hosts: [5]", 4, "extra_hosts is not a list of texts. Write a list of NAME:ADDRESS."),
        (None, "extra_hosts: [h]", 4, "extra host 'h' is not NAME:ADDRESS. Write it so, with an IPv4 address."),
        (
            "3",
            "stop_grace_period: '30'",
            5,
            "stop_grace_period '30' is not a duration. Write a duration with its unit, such as 30s or 1m30s.",
        ),
        (
            None,
            "devices:\n  - /dev/a\n  - /dev/b:/dev/c:rx",
            6,
            "device '/dev/b:/dev/c:rx' has other permissions than r, w and m. Write some of rwm.",
        ),
        (
            "2",
            "devices:\n  - /dev/a\n  - /dev/b:/dev/c:rwmr",
            7,
            "device '/dev/b:/dev/c:rwmr' has other permissions than r, w and m. Write some of rwm.",
        ),
        ("2", "devices:\n  - /dev/a\n  - a:b:c:d", 7, "device 'a:b:c:d' is not HOST[:CONTAINER[:rwm]]. Write it so."),
        (None, "devices:\n  - /dev/a\n  - {source: /dev/b}", 6, "device {'source': '/dev/b'} is not HOST[:CONTAINER[:rwm]]. Write it so."),
        ("2", "tmpfs: /run", 5, "tmpfs '/run' has no size. Write /run:size=64m."),
        ("2", "tmpfs: '/run:rw'", 5, "tmpfs '/run:rw' has no size of at least 1 MiB. Write /run:size=64m."),
        ("2", "mem_limit: lots", 5, "mem_limit 'lots' is not a size. Write a size such as 512m or 2g."),
        (None, "mem_limit: .inf", 4, "mem_limit inf is too large. Write a size such as 512m."),
        (None, "mem_limit: .nan", 4, "mem_limit nan is too large. Write a size such as 512m."),
        (None, "mem_limit: 9223372036854775808", 4, "mem_limit 9223372036854775808 is too large. Write a size such as 512m."),
        ("2", "cpu_shares: many", 5, "cpu_shares 'many' is not a size. Write a size such as 512m or 2g."),
        ("2", "command: echo `date`", 5, "command 'echo `date`' can't be split into words: ` has to stand in quotes. Write it as a list."),
        ("2", 'entrypoint: echo "abc', 5, "entrypoint 'echo \"abc' can't be split into words: a \" is never closed. Write it as a list."),
        (None, "command: [a, 5, b]", 4, "command has an item that is not text. Put numbers and true or false in quotes."),
        (None, "command: 5", 4, "command is neither text nor a list of texts. Put it in quotes."),
        (None, "entrypoint: {a: b}", 4, "entrypoint is neither text nor a list of texts. Put it in quotes."),
        (None, "command: f (x)", 4, "command 'f (x)' can't be split into words: ( has to stand in quotes. Write it as a list."),
        (None, "command: a && b", 4, 'command holds \'&\' outside quotes. No shell reads it; write ["sh", "-c", "..."] if one should.'),
        ("2", "volumes:\n  - /a\n  - named:/x", 7, f"volume 'named:/x': the volume named is not declared.{DECLARE}"),
        ("2", "volumes:\n  - /a\n  - /a:/b:z", 7, f"volume '/a:/b:z': the mode z is neither ro nor rw.{DECLARE}"),
        ("3", "volumes:\n  - /a\n  - /a:/b:ro:x", 7, f"volume '/a:/b:ro:x': it is not [SOURCE:]TARGET[:MODE].{DECLARE}"),
        ("3", "volumes: ['a:']", 5, f"volume 'a:': it is not [SOURCE:]TARGET[:MODE].{DECLARE}"),
        (None, "volumes:\n  - /a\n  - 5", 6, f"volume 5: it is not text.{DECLARE}"),
        (
            None,
            "volumes:\n  - {type: npipe, target: /x}",
            5,
            f"volume {{'type': 'npipe', 'target': '/x'}}: the type npipe has no counterpart in ECS.{DECLARE}",
        ),
        (None, "volumes:\n  - {type: tmpfs, target: /x}", 5, f"volume {{'type': 'tmpfs', 'target': '/x'}}: ECS needs tmpfs.size.{DECLARE}"),
        (
            None,
            "volumes:\n  - {type: tmpfs, target: /x, tmpfs: 5}",
            5,
            f"volume {{'type': 'tmpfs', 'target': '/x', 'tmpfs': 5}}: ECS needs tmpfs.size.{DECLARE}",
        ),
        (
            None,
            "volumes:\n  - {type: tmpfs, target: /x, tmpfs: {size: 1048575}}",
            5,
            f"volume {{'type': 'tmpfs', 'target': '/x', 'tmpfs': {{'size': 1048575}}}}: ECS needs tmpfs.size.{DECLARE}",
        ),
        (
            None,
            "volumes:\n  - {type: tmpfs, target: /x, tmpfs: {size: lots}}",
            5,
            "tmpfs.size 'lots' is not a size. Write a size such as 512m or 2g.",
        ),
        (None, "volumes:\n  - {type: volume}", 5, f"volume {{'type': 'volume'}}: there is no target.{DECLARE}"),
        (None, "volumes:\n  - {type: volume, target: 5}", 5, f"volume {{'type': 'volume', 'target': 5}}: there is no target.{DECLARE}"),
        (
            None,
            "volumes:\n  - {type: volume, target: /x, source: 5}",
            5,
            f"volume {{'type': 'volume', 'target': '/x', 'source': 5}}: there is no target.{DECLARE}",
        ),
        (
            None,
            "volumes:\n  - {type: bind, target: /x, source: named}",
            5,
            f"volume {{'type': 'bind', 'target': '/x', 'source': 'named'}}: the source of a bind mount is a path.{DECLARE}",
        ),
        (
            None,
            "volumes:\n  - {type: bind, target: /x}",
            5,
            f"volume {{'type': 'bind', 'target': '/x'}}: the source of a bind mount is a path.{DECLARE}",
        ),
        ("2", "volumes_from:\n  - a\n  - b:c:d", 7, "volumes_from 'b:c:d' is not [container:]NAME[:ro|rw]. Write it so."),
        ("2", "volumes_from:\n  - a\n  - b:rx", 7, "volumes_from 'b:rx' is not [container:]NAME[:ro|rw]. Write it so."),
        (
            "2",
            "volumes_from:\n  - a\n  - container:b:ro:d",
            7,
            "volumes_from 'container:b:ro:d' is not [container:]NAME[:ro|rw]. Write it so.",
        ),
        ("2", "logging:\n  driver: a\n  foo: 1", 7, "unknown key logging.foo. Remove it."),
        ("2", "logging: {driver: 5}", 5, "logging is not {driver, options}. Write driver: awslogs and options: below it."),
        ("2", "logging: {driver: a, options: 5}", 5, "logging is not {driver, options}. Write driver: awslogs and options: below it."),
        ("2", "logging:\n  driver: a\n  options:\n    b: [1]", 8, "logging option b is not text. Write one value."),
        ("3", "logging:\n  driver: a\n  options:\n    c: d\n    b: {x: y}", 9, "logging option b is not text. Write one value."),
        ("1", "log_driver: a\nlog_opt:\n  b: [1]", 5, "logging option b is not text. Write one value."),
        (
            "3",
            "healthcheck:\n  test: a\n  start_period: 3s",
            7,
            "unknown key healthcheck.start_period. Set it in ecs-params.yml, or remove it.",
        ),
        ("3", "healthcheck:\n  test: a\n  x-y: 3s", 7, "unknown key healthcheck.x-y. Set it in ecs-params.yml, or remove it."),
        (
            "3",
            "healthcheck:\n  test: a\n  start_interval: 3s",
            7,
            "unknown key healthcheck.start_interval. Set it in ecs-params.yml, or remove it.",
        ),
        (None, "healthcheck:\n  test: a\n  tries: 3", 6, "unknown key healthcheck.tries. Set it in ecs-params.yml, or remove it."),
        (
            "3",
            "healthcheck:\n  test: a\n  interval: 30",
            7,
            "healthcheck.interval '30' is not a duration. Write a duration with its unit, such as 30s or 1m30s.",
        ),
        ("3", "healthcheck:\n  interval: 5s\n  test: 5", 7, 'healthcheck.test is neither text nor a list of texts. Write ["CMD", "..."].'),
        ("3", "healthcheck: {test: [a, 5]}", 5, 'healthcheck.test is neither text nor a list of texts. Write ["CMD", "..."].'),
        (None, "healthcheck: 5", 4, "healthcheck is not a map. Write test: below it."),
        (
            None,
            "healthcheck:\n  interval: 5s\n  test: [curl]",
            6,
            'healthcheck.test does not begin with CMD or CMD-SHELL. Write ["CMD", "..."].',
        ),
        (None, "healthcheck:\n  test: a\n  retries: many", 6, "healthcheck.retries 'many' is not a number. Write a number."),
        (None, "healthcheck:\n  test: a\n  retries: true", 6, "healthcheck.retries True is not a number. Write a number."),
        (None, "healthcheck:\n  test: a\n  retries: .nan", 6, "healthcheck.retries nan is not a number. Write a number."),
        (None, "healthcheck:\n  test: a\n  retries: 2147483649", 6, "healthcheck.retries 2147483649 is not a number. Write a number."),
        (None, "healthcheck:\n  test: a\n  retries: -2147483649", 6, "healthcheck.retries -2147483649 is not a number. Write a number."),
        (None, "healthcheck:\n  test: a\n  retries: '٣'", 6, "healthcheck.retries '٣' is not a number. Write a number."),
        (None, "configs: [c]", 4, "configs has no counterpart in ECS. Remove it, or build it into the image."),
        (None, "models: {a: }", 4, "models has no counterpart in ECS. Remove it, or build it into the image."),
        (None, "provider: {type: x}", 4, "provider has no counterpart in ECS. Remove it, or build it into the image."),
        (None, "use_api_socket: true", 4, "use_api_socket has no counterpart in ECS. Remove it, or build it into the image."),
        (None, "cpus: lots", 4, "cpus 'lots' is not a number. Write a number of CPUs such as 0.5."),
        (None, "cpus: .inf", 4, "cpus inf is not a number. Write a number of CPUs such as 0.5."),
        (None, "deploy: {resources: 5}", 4, "deploy.resources is not a map. Write limits and reservations below it."),
        (None, "deploy:\n  resources:\n    limits: 5", 6, "deploy.resources.limits is not a map. Write cpus and memory below it."),
        (
            None,
            "deploy:\n  resources:\n    limits: {cpus: '1'}\n    reservations: [a]",
            7,
            "deploy.resources.reservations is not a map. Write cpus and memory below it.",
        ),
        (None, "ulimits: 5", 4, "ulimits is not a map. Write nofile: {soft: 1024, hard: 2048}."),
        (None, "ulimits:\n  nproc: 5\n  nofile: many", 6, "ulimit nofile is not a whole number. Write nofile: {soft: 1024, hard: 2048}."),
        (
            None,
            "ulimits:\n  nproc: 5\n  nofile: {soft: 5}",
            6,
            "ulimit nofile is not a whole number. Write nofile: {soft: 1024, hard: 2048}.",
        ),
        (None, "ulimits:\n  nproc: true", 5, "ulimit nproc is not a whole number. Write nofile: {soft: 1024, hard: 2048}."),
        (None, "secrets:\n  - s", 5, "the secret 's' is not declared. Declare it under the top-level key secrets."),
        (None, "secrets:\n  - {target: s}", 5, "the secret None is not declared. Declare it under the top-level key secrets."),
        ("2", "ports:\n  - 80\n  - a", 7, f"port 'a': 'a' is not a number.{WRITE}"),
        ("2", "ports:\n  - 80\n  - 1:2:3:4", 7, f"port '1:2:3:4': it is not [HOST:]CONTAINER.{WRITE}"),
        ("2", "ports:\n  - 80\n  - 53:53/sctp", 7, f"port '53:53/sctp': '53/sctp' is not a number.{WRITE}"),
        ("2", "ports: ['80:0x1']", 5, f"port '80:0x1': '0x1' is not a number.{WRITE}"),
        ("2", "ports: ['80:1234567890123456789']", 5, f"port '80:1234567890123456789': '1234567890123456789' is not a number.{WRITE}"),
        ("3", "ports:\n  - 80\n  - '80:'", 7, f"port '80:': it is not [HOST:]CONTAINER[/PROTOCOL].{WRITE}"),
        ("3", "ports: ['8000-8002:80-81']", 5, f"port '8000-8002:80-81': the two ranges differ in length.{WRITE}"),
        ("3", "ports: ['99999']", 5, f"port '99999': '99999' is not a range of ports.{WRITE}"),
        ("3", "ports: ['65536']", 5, f"port '65536': '65536' is not a range of ports.{WRITE}"),
        ("3", "ports: ['123456']", 5, f"port '123456': '123456' is not a port.{WRITE}"),
        ("3", "ports: ['1-123456']", 5, f"port '1-123456': '1-123456' is not a port.{WRITE}"),
        ("3", "ports: ['1-']", 5, f"port '1-': '1-' is not a port.{WRITE}"),
        ("3", "ports: ['80/icmp']", 5, f"port '80/icmp': icmp is not a protocol.{WRITE}"),
        ("3", "ports: ['9-1']", 5, f"port '9-1': '9-1' is not a range of ports.{WRITE}"),
        (None, "ports:\n  - 80\n  - {published: 80}", 6, f"port {{'published': 80}}: there is no target.{WRITE}"),
        (None, "ports: [{target: x}]", 4, f"port {{'target': 'x'}}: 'x' is not a port.{WRITE}"),
        (None, "ports: [{target: 80, x-a: 1, tarjet: 1}]", 4, f"port {{'target': 80, 'x-a': 1, 'tarjet': 1}}: unknown key tarjet.{WRITE}"),
        (None, "ports: [{target: 80, tarjet: 1}]", 4, f"port {{'target': 80, 'tarjet': 1}}: unknown key tarjet.{WRITE}"),
        (None, "ports: [{target: 80, protocol: icmp}]", 4, f"port {{'target': 80, 'protocol': 'icmp'}}: icmp is not a protocol.{WRITE}"),
        (None, "ports: ['1-60000']", 4, "more ports than a container can have. Name the ports that are needed."),
        (None, "ports: ['1-1001']", 4, "more ports than a container can have. Name the ports that are needed."),
        (
            "2",
            "mem_limit: 64m\nmem_reservation: 128m",
            5,
            "the memory limit 64 MiB is below the reservation 128 MiB. Raise mem_limit or lower mem_reservation.",
        ),
    ],
)
def test_values_that_are_refused(version: str | None, body: str, line: int, message: str) -> None:
    with pytest.raises(RedashError) as caught:
        web(version, body)
    assert str(caught.value) == f"docker-compose.yml:{line}: service web: {message}"


@pytest.mark.parametrize(
    ("version", "body", "messages"),
    [
        (
            "2",
            "tmpfs: ['/run:size=1m', '/run:size=64k', '/b:size=1.1.1m']",
            [
                "docker-compose.yml:5: service web: tmpfs '/run:size=64k' has no size of at least 1 MiB. Write /run:size=64m.",
                "docker-compose.yml:5: service web: tmpfs '1.1.1m' is not a size. Write /b:size=64m.",
            ],
        ),
        (
            None,
            "deploy:\n  resources:\n    limits:\n      cpus: lots\n      memory: more",
            [
                "docker-compose.yml:7: service web: cpus 'lots' is not a number. Write a number of CPUs such as 0.5.",
                "docker-compose.yml:8: service web: deploy.resources.limits.memory 'more' is not a size. Write a size such as 512m or 2g.",
            ],
        ),
        (
            None,
            "env_file:\n  - {path: absent}\n  - bad\n  - {path: latin, required: false}\n  - {path: raw, format: raw}",
            [
                "docker-compose.yml:5: there is no file absent. Create it or correct the path.",
                "bad:2: service web: 'B B' is not a variable name. Correct the line.",
                "docker-compose.yml:7: latin is not UTF-8 text (byte 0). Save it as UTF-8.",
                "raw:1: service web: the variable name 'A B' holds white space. Correct the line.",
            ],
        ),
        (
            None,
            "devices: [{a: b}, 'a:b:c:d', /dev/a]\nextra_hosts: [a, 'b:c']\nulimits: {a: x, b: 5}\nvolumes_from: ['a:b', c]",
            [
                "docker-compose.yml:4: service web: device {'a': 'b'} is not HOST[:CONTAINER[:rwm]]. Write it so.",
                "docker-compose.yml:4: service web: device 'a:b:c:d' is not HOST[:CONTAINER[:rwm]]. Write it so.",
                "docker-compose.yml:5: service web: extra host 'a' is not NAME:ADDRESS. Write it so, with an IPv4 address.",
                "docker-compose.yml:6: service web: ulimit a is not a whole number. Write nofile: {soft: 1024, hard: 2048}.",
                "docker-compose.yml:7: service web: volumes_from 'a:b' is not [container:]NAME[:ro|rw]. Write it so.",
            ],
        ),
    ],
)
def test_all_problems_of_a_service_are_named(version: str | None, body: str, messages: list[str]) -> None:
    with pytest.raises(RedashError) as caught:
        web(version, body, files={"bad": "A=1\nB B=2\n", "latin": b"\xff", "raw": "A B=1\n"})
    assert [str(problem) for problem in caught.value.problems] == messages


@pytest.mark.parametrize(
    ("version", "body", "expected"),
    [
        ("2", "labels: [' a = b ', c]", {"dockerLabels": {"a ": " b", "c": ""}}),
        ("3", "labels: [' a = b ', c]", {"dockerLabels": {" a ": " b ", "c": ""}}),
        ("3", "labels: {a: 1.50, m: 1000000.0}", {"dockerLabels": {"a": "1.5", "m": "1e+06"}}),
        (
            "1",
            "extra_hosts: ['b:1.1.1.1', 'a:2.2.2.2']",
            {"extraHosts": [{"hostname": "b", "ipAddress": "1.1.1.1"}, {"hostname": "a", "ipAddress": "2.2.2.2"}]},
        ),
        (
            None,
            "extra_hosts: {b: 1.1.1.1, a: 2.2.2.2}",
            {"extraHosts": [{"hostname": "a", "ipAddress": "2.2.2.2"}, {"hostname": "b", "ipAddress": "1.1.1.1"}]},
        ),
        (
            None,
            "extra_hosts: ['a=::1', 'b:[::2]', 'c:1.1.1.1']",
            {
                "extraHosts": [
                    {"hostname": "a", "ipAddress": "::1"},
                    {"hostname": "b", "ipAddress": "::2"},
                    {"hostname": "c", "ipAddress": "1.1.1.1"},
                ]
            },
        ),
        (
            "2",
            "devices: ['/a:/b:r', '/c:/d:wm']",
            {
                "linuxParameters": {
                    "devices": [
                        {"hostPath": "/a", "containerPath": "/b", "permissions": ["read"]},
                        {"hostPath": "/c", "containerPath": "/d", "permissions": ["mknod", "write"]},
                    ]
                }
            },
        ),
        (None, "shm_size: 2097151", {"linuxParameters": {"sharedMemorySize": 1}}),
        (None, "shm_size: 1048576\nmem_limit: 1048576", {"memory": 1, "linuxParameters": {"sharedMemorySize": 1}}),
        ("2", "mem_limit: 1048575", {}),
        (
            "2",
            "tmpfs: ['/a:size=1m', '/b:exec,size=2097152,uid=1']",
            {
                "linuxParameters": {
                    "tmpfs": [{"containerPath": "/a", "size": 1}, {"containerPath": "/b", "size": 2, "mountOptions": ["exec", "uid=1"]}]
                }
            },
        ),
        (
            None,
            "tmpfs: '/a:size=1m'\nvolumes: [{type: tmpfs, target: /b, tmpfs: {size: 1048576}}]",
            {"linuxParameters": {"tmpfs": [{"containerPath": "/a", "size": 1}, {"containerPath": "/b", "size": 1}]}},
        ),
        (
            None,
            "volumes: [{type: tmpfs, target: /b, tmpfs: {size: 2m}}]\ntmpfs: ['/a:size=1m', '/c:size=1m']",
            {
                "linuxParameters": {
                    "tmpfs": [{"containerPath": "/b", "size": 2}, {"containerPath": "/a", "size": 1}, {"containerPath": "/c", "size": 1}]
                }
            },
        ),
        (
            "2",
            "ports: ['x:80', '1:2/tcp', '5/udp', 9]",
            {
                "portMappings": [
                    {"hostPort": 0, "containerPort": 80, "protocol": "tcp"},
                    {"hostPort": 1, "containerPort": 2, "protocol": "tcp"},
                    {"hostPort": 0, "containerPort": 5, "protocol": "udp"},
                    {"hostPort": 0, "containerPort": 9, "protocol": "tcp"},
                ]
            },
        ),
        (
            "2",
            "ports: ['+1:-2', '123456789012345678:1']",
            {
                "portMappings": [
                    {"hostPort": 1, "containerPort": -2, "protocol": "tcp"},
                    {"hostPort": 123456789012345678, "containerPort": 1, "protocol": "tcp"},
                ]
            },
        ),
        (
            "3",
            "ports: ['0:65535', '127.0.0.1::80', '[::1]:1:2', '1-2:1-2', '5-6:7-8/Udp', '1-3:9', 7-7]",
            {
                "portMappings": [
                    {"containerPort": 65535, "hostPort": 0, "protocol": "tcp"},
                    {"containerPort": 80, "hostPort": 0, "protocol": "tcp"},
                    {"containerPort": 2, "hostPort": 1, "protocol": "tcp"},
                    {"containerPort": 1, "hostPort": 1, "protocol": "tcp"},
                    {"containerPort": 2, "hostPort": 2, "protocol": "tcp"},
                    {"containerPort": 7, "hostPort": 5, "protocol": "udp"},
                    {"containerPort": 8, "hostPort": 6, "protocol": "udp"},
                    {"containerPort": 9, "hostPort": 1, "protocol": "tcp"},
                    {"containerPort": 9, "hostPort": 2, "protocol": "tcp"},
                    {"containerPort": 9, "hostPort": 3, "protocol": "tcp"},
                    {"containerPort": 7, "hostPort": 0, "protocol": "tcp"},
                ]
            },
        ),
        (
            None,
            "ports: [{target: '80-81', published: '90-91'}, {target: 5, published: 6, protocol: sctp}]",
            {
                "portMappings": [
                    {"containerPort": 80, "hostPort": 90, "protocol": "tcp"},
                    {"containerPort": 81, "hostPort": 91, "protocol": "tcp"},
                    {"containerPort": 5, "hostPort": 6, "protocol": "sctp"},
                ]
            },
        ),
        (None, "stop_grace_period: 0s", {"stopTimeout": 0}),
        (None, "cpus: '0.0004'", {}),
        (None, "cpus: 0.0005", {"cpu": 1}),
        ("2", "mem_limit: 1g\nmem_reservation: 512m", {"memory": 1024, "memoryReservation": 512}),
        (
            "3",
            "healthcheck: {test: [CMD, a], retries: 2.0, timeout: , disable: false}",
            {"healthCheck": {"command": ["CMD", "a"], "retries": 2}},
        ),
        (
            None,
            "healthcheck: {test: [CMD-SHELL, a], retries: '5', x-a: 1, start_period: 1m}",
            {"healthCheck": {"command": ["CMD-SHELL", "a"], "retries": 5, "startPeriod": 60}},
        ),
        (None, "healthcheck: {test: [], retries: 2147483648}", {"healthCheck": {"command": [], "retries": 2147483648}}),
        (None, "healthcheck: {interval: 5s}", {"healthCheck": {"interval": 5}}),
        ("3", "logging: {x-a: b, driver: d}", {"logConfiguration": {"logDriver": "d"}}),
        (
            "3",
            "logging: {driver: d, options: {m: 1000000.0, e: }}",
            {"logConfiguration": {"logDriver": "d", "options": {"m": "1e+06", "e": ""}}},
        ),
        ("2", "logging: {driver: d, options: {m: 1000000.0}}", {"logConfiguration": {"logDriver": "d", "options": {"m": "1000000"}}}),
        (None, "sysctls: [a=1, b]", {"systemControls": [{"namespace": "a", "value": "1"}, {"namespace": "b", "value": ""}]}),
        (None, "deploy: {x-a: 1, resources: }", {}),
        (None, "deploy: {resources: {limits: , reservations: {memory: 5m}}}", {"memoryReservation": 5}),
        (
            None,
            "ulimits: {a: 5, b: {soft: 1, hard: 2}}",
            {"ulimits": [{"name": "a", "softLimit": 5, "hardLimit": 5}, {"name": "b", "softLimit": 1, "hardLimit": 2}]},
        ),
        (
            None,
            "dns_search: a\ndns: [b]\nlinks: [a, b]\nsecurity_opt: []\nuser: ''",
            {"dnsSearchDomains": ["a"], "dnsServers": ["b"], "links": ["a", "b"]},
        ),
        (
            None,
            "volumes_from: ['container', 'container:c:ro', 'x:']",
            {
                "volumesFrom": [
                    {"sourceContainer": "container", "readOnly": False},
                    {"sourceContainer": "c", "readOnly": True},
                    {"sourceContainer": "x", "readOnly": False},
                ]
            },
        ),
        (None, "command: [a, b]\nentrypoint: x 'y z' ''", {"command": ["a", "b"], "entryPoint": ["x", "y z", ""]}),
        ("3", "command: x 'y z' ''", {"command": ["x", "y z"]}),
    ],
)
def test_what_a_service_becomes(version: str | None, body: str, expected: dict[str, Any]) -> None:
    definition = web(version, body)
    assert (definition.pop("name"), definition.pop("image"), definition.pop("essential")) == ("web", "i", True)
    assert definition == {"memory": 512, **expected} if "memoryReservation" not in expected else expected


@pytest.mark.parametrize(
    ("version", "body", "warnings"),
    [
        (None, "logging: {options: {a: b}}", ["docker-compose.yml:4: service web: logging without a driver has no effect"]),
        (
            None,
            "restart: always\nnetworks: {}\nscale: 0\nstop_signal: ''\nmem_swappiness: 0",
            ["docker-compose.yml:4: service web: restart has no effect in ECS"],
        ),
        (
            "2",
            "command: a\nports: ['127.0.0.1:1:2']",
            ["docker-compose.yml:6: service web: the address of port 127.0.0.1:1:2 has no effect in ECS"],
        ),
        (
            "3",
            "command: a\nports: ['127.0.0.1:1:2', '[::1]:3:4', '127.0.0.1::80']",
            [
                "docker-compose.yml:6: service web: the address of port 127.0.0.1:1:2 has no effect in ECS",
                "docker-compose.yml:6: service web: the address of port [::1]:3:4 has no effect in ECS",
                "docker-compose.yml:6: service web: the address of port 127.0.0.1::80 has no effect in ECS",
            ],
        ),
        (
            None,
            "command: a\nports:\n  - {target: 5, host_ip: 127.0.0.1, x-a: 1}",
            ["docker-compose.yml:6: service web: host_ip of a port has no effect in ECS"],
        ),
        (
            "3",
            "command: a && b",
            [
                "docker-compose.yml:5: service web: command is cut off before '&& b'. "
                'No shell reads it; write ["sh", "-c", "..."] if one should.'
            ],
        ),
        (
            "3",
            "deploy: {resources: {limits: {memory: 1g}}}",
            ["docker-compose.yml:5: service web: deploy has no effect in ECS; service-level resources belong in ecs-params.yml"],
        ),
        ("3", "deploy: {replicas: 1}", ["docker-compose.yml:5: service web: deploy has no effect in ECS"]),
        (
            None,
            "deploy:\n  replicas: 2\n  x-a: 1\n  resources:\n    limits:\n      pids: 5",
            [
                "docker-compose.yml:5: service web: deploy.replicas has no effect in ECS",
                "docker-compose.yml:9: service web: deploy.resources.limits.pids has no effect in ECS",
            ],
        ),
        (
            None,
            "healthcheck:\n  test: a\n  start_interval: 5s",
            ["docker-compose.yml:6: service web: healthcheck.start_interval has no effect in ECS"],
        ),
        (
            "2",
            "hostname: h\nenvironment: [A, B=]",
            [
                "docker-compose.yml:6: service web: the variable A has no value and becomes blank",
                "docker-compose.yml:6: service web: the variable B has no value and becomes blank",
            ],
        ),
        (None, "hostname: h\nenv_file:\n  - e", ["docker-compose.yml:6: the variable B is not set; it becomes blank"]),
        ("3", "hostname: h\nenvironment: [A]", []),
    ],
)
def test_what_has_no_effect_is_said_with_its_place(version: str | None, body: str, warnings: list[str]) -> None:
    head = f'version: "{version}"\n' if version else ""
    text = f"{head}services:\n  web:\n    image: i\n{indented(body, 4)}\n"
    assert translated(text, files={"e": "A=$B\nC\n"}).warnings == warnings


def test_the_greatest_number_of_ports() -> None:
    assert len(web(None, "ports: ['1-1000']")["portMappings"]) == 1000
    assert len(web(None, "ports: ['1-999', 5000]")["portMappings"]) == 1000
    with pytest.raises(RedashError, match="more ports than a container can have"):
        web(None, "ports: ['1-1000', 5000]")


@pytest.mark.parametrize(
    ("version", "body", "expected"),
    [
        (None, "environment: {A: , B: '', C: 1000000.0, X: }", [("B", ""), ("C", "1e+06"), ("X", "x")]),
        (None, "env_file: [{path: e}, {path: f, required: false}]\nenvironment: [Q]", [("A", "x"), ("D", "$X")]),
        (None, "env_file: [{path: e, format: raw}]", [("A", "$X"), ("D", "'$X'")]),
        (None, "env_file: e\nenvironment: {A: own}", [("A", "own"), ("D", "$X")]),
        ("2", "environment: {A: , X: ''}", [("A", ""), ("X", "x")]),
        ("3", "environment: {C: 1000000.0, X: ''}", [("C", "1e+06"), ("X", "x")]),
    ],
)
def test_the_environment(version: str | None, body: str, expected: list[tuple[str, str]]) -> None:
    assert environment(web(version, body, files={"e": "A=$X\nC\nD='$X'\n"}, environ={"X": "x"})) == expected


def test_each_field_knows_the_line_that_set_it() -> None:
    text = """
services:
  web:
    image: i
    command: a
    entrypoint: b
    ports: [80]
    mem_limit: 2m
    mem_reservation: 1m
    cpus: 1
    logging: {driver: d}
    labels: {a: b}
    ulimits: {a: 5}
    extra_hosts: ['a:1.1.1.1']
    links: [db]
    dns: 1.1.1.1
    stop_grace_period: 5s
    volumes: [/x]
    volumes_from: [db]
    healthcheck: {test: a}
    env_file: e
    depends_on: [db]
    sysctls: [a=b]
    secrets: [s]
  db: {image: j, environment: [A=1], env_file: e}
secrets: {s: {external: true, name: n}}
"""
    project = load_project(["c.yml"], {}, CWD, read_from({"c.yml": text, "e": "A=1\n"}))
    problems = Problems()
    services, _volumes = compose_services.containers(project, problems)
    problems.raise_if_any()
    fields = (
        "image command entryPoint portMappings memory memoryReservation cpu logConfiguration dockerLabels ulimits extraHosts links "
        "dnsServers stopTimeout mountPoints volumesFrom healthCheck environment dependsOn systemControls secrets"
    )
    assert services["web"].where == {"": "c.yml:4", **{name: f"c.yml:{line}" for line, name in enumerate(fields.split(), start=4)}}
    assert services["db"].where == {"": "c.yml:25", "image": "c.yml:25", "environment": "c.yml:25"}


def test_a_reservation_alone_is_the_limit_in_version_2_with_its_line() -> None:
    project = load_project(
        ["c.yml"], {}, CWD, read_from({"c.yml": "version: '2'\nservices:\n  web:\n    image: i\n    mem_reservation: 5m\n"})
    )
    web_service = compose_services.containers(project, Problems())[0]["web"]
    assert (web_service.definition["memory"], web_service.where["memory"]) == (5, "c.yml:5")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "version: '2'\nservices:\n  web: {hostname: h}\n",
            "docker-compose.yml:3: service web: there is neither an image nor a build context. Set image.",
        ),
        (
            "web:\n  build: .\n  image: i\n",
            "docker-compose.yml:3: service web: there are both an image and a build path. Remove build: ECS needs the image.",
        ),
        (
            "web:\n  dockerfile: d\n  image: i\n",
            "docker-compose.yml:3: service web: there are both an image and a build path. Remove build: ECS needs the image.",
        ),
        (
            "services:\n  web: {image: i}\nvolumes:\n  v:\n    name: n\n    x-a: 1\n    external: true\n    labels: {}\n    driver: d\n",
            "docker-compose.yml:9: volume v: driver has no counterpart in ECS. "
            "Describe the volume in ecs-params.yml (task_definition.efs_volumes or docker_volumes).",
        ),
        (
            "version: '3'\nservices:\n  web: {image: i}\nvolumes:\n  u:\n  v: {driver: d}\n",
            "docker-compose.yml:6: volume v: settings of a volume are not taken from Compose files. "
            "Leave the volume empty here and describe it in ecs-params.yml (task_definition.efs_volumes or docker_volumes).",
        ),
        (
            "services:\n  web:\n    image: i\n    depends_on:\n      - db\n      - gone\n  db: {image: i}\n",
            "docker-compose.yml:6: service web depends on gone, which does not exist. Remove it, or set required: false.",
        ),
        (
            "services:\n  web:\n    image: i\n    depends_on:\n      db:\n      off: {required: true}\n  db: {image: i}\n"
            "  off: {image: i, profiles: [p]}\n",
            "docker-compose.yml:6: service web depends on off, which is in no active profile. Remove it, or set required: false.",
        ),
        (
            "services:\n  web:\n    image: i\n    depends_on:\n      db: {}\n      gone: {condition: ready}\n  db: {image: i}\n",
            "docker-compose.yml:6: service web: unknown condition 'ready'. "
            "Use one of service_started, service_healthy, service_completed_successfully.",
        ),
        (
            "services:\n  web:\n    image: i\n    secrets: [s]\nsecrets:\n  r: {external: true, name: r}\n  s:\n    external: true\n",
            "docker-compose.yml:7: service web: the secret s names no parameter. "
            "Declare it as {external: true, name: <name of an SSM parameter, or ARN of it or of a Secrets Manager secret>}.",
        ),
    ],
)
def test_what_a_project_lacks_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(RedashError) as caught:
        translated(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("version", ["1", "2", "3"])
def test_a_build_context_stands_for_an_image_until_ecs_wants_one(version: str) -> None:
    head = f"version: '{version}'\nservices:\n  web: {{build: .}}\n" if version != "1" else "web: {build: .}\n"
    project = load_project(["c.yml"], {}, CWD, read_from({"c.yml": head}))
    problems = Problems()
    assert compose_services.containers(project, problems)[0]["web"].definition["image"] == ""
    assert not problems


def test_settings_of_a_dependency_have_defaults() -> None:
    text = "services:\n  web: {image: i, depends_on: {db: {}, log: , gone: {required: false}}}\n  db: {image: i}\n  log: {image: i}\n"
    assert containers(text)["web"]["dependsOn"] == [
        {"containerName": "db", "condition": "START"},
        {"containerName": "log", "condition": "START"},
    ]
    assert "dependsOn" not in containers("services: {web: {image: i, depends_on: {gone: {required: false}}}}\n")["web"]


@pytest.mark.parametrize("version", ["2", "3"])
def test_old_versions_have_depends_on_without_effect(version: str) -> None:
    text = f"version: '{version}'\nservices:\n  web: {{image: i, depends_on: [gone]}}\n"
    assert "dependsOn" not in containers(text)["web"]


@pytest.mark.parametrize(
    ("version", "body", "message"),
    [
        ("2", "stop_grace_period: 30", "Write its unit too"),
        ("2", "command:", "command is empty"),
        ("2", "command: [1]", "Put 1 in quotes"),
        ("2", "user: 1000", "Put the value in quotes"),
        ("2", "privileged: 'yes'", "not true or false"),
        ("2", "depends_on: {db: {condition: service_healthy}}", "depends_on is a map"),
        ("2", "ulimits: {nofile: many}", "nofile of ulimits is 'many'"),
        ("3", "sysctls: {a: 1}", "sysctls is a map"),
    ],
)
def test_values_of_another_type_are_refused(version: str | None, body: str, message: str) -> None:
    with pytest.raises(RedashError, match=message) as caught:
        web(version, body)
    assert all(problem.where.startswith("docker-compose.yml:") and problem.todo for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("version", "keys"),
    [
        (
            "2",
            "restart: always\ndepends_on: [db]\ncontainer_name: c\nexpose: ['5000']\nstdin_open: true\nstop_signal: SIGINT\n"
            "network_mode: b\n"
            "domainname: d\nmac_address: x\npid: host\nipc: host\nmem_limit: 1g\nmemswap_limit: 1g\ncpuset: '0'\ncpu_quota: 5\n"
            "external_links: [x]\ngroup_add: [g]\nvolume_driver: v\noom_score_adj: 10\ncgroup_parent: x\nbuild: .",
        ),
        ("3", "restart: always\ndeploy: {replicas: 2}\nsysctls: [a=1]\nuserns_mode: host\nshm_size: 1m\nstdin_open: true"),
        (None, "restart: always\ncontainer_name: c\npull_policy: always\nnetworks: {a: }\nscale: 2"),
    ],
)
def test_keys_without_effect_are_warnings(version: str | None, keys: str) -> None:
    head = f'version: "{version}"\n' if version else ""
    body = "".join(f"    {line}\n" for line in keys.split("\n"))
    result = translated(f"{head}services:\n  web:\n    image: i\n{body}  db: {{image: j}}\n")
    definition = result.request["containerDefinitions"][0]
    assert set(definition) == {"name", "image", "essential", "memory"}
    named = {key.split(":")[0] for key in keys.split("\n")} - {"mem_limit"}
    assert {warning.split(": ")[2].split(" ")[0] for warning in result.warnings} == named


def test_a_command_that_version_3_cuts_off_is_a_warning() -> None:
    result = translated('version: "3"\nservices:\n  web:\n    image: i\n    command: a && b\n')
    assert result.request["containerDefinitions"][0]["command"] == ["a"]
    assert "cut off before '&& b'" in result.warnings[0]


# ---- volumes -------------------------------------------------------------------------------------------

DECLARED = "volumes:\n  named:\n"


def volumes(version: str, body: str, rest: str = DECLARED) -> tuple[list[Any], list[Any]]:
    request = translated(f'version: "{version}"\nservices:\n  web:\n    image: i\n    {body}\n{rest}').request
    return request["containerDefinitions"][0].get("mountPoints"), sorted(request.get("volumes", []), key=lambda volume: volume["name"])


def test_volumes_of_version_2() -> None:
    mounts, definitions = volumes("2", "volumes: ['named:/data', '/host:/h:ro', /anon, './rel:/rel', '/host:/again']")
    assert mounts == [
        {"sourceVolume": "named", "containerPath": "/data", "readOnly": False},
        {"sourceVolume": "volume-1", "containerPath": "/h", "readOnly": True},
        {"sourceVolume": "volume-2", "containerPath": "/anon", "readOnly": False},
        {"sourceVolume": "volume-3", "containerPath": "/rel", "readOnly": False},
        {"sourceVolume": "volume-1", "containerPath": "/again", "readOnly": False},
    ]
    assert definitions == [
        {"name": "named"},
        {"name": "volume-1", "host": {"sourcePath": "/host"}},
        {"name": "volume-2"},
        {"name": "volume-3", "host": {"sourcePath": "./rel"}},
    ]


def test_volumes_of_version_3() -> None:
    mounts, definitions = volumes("3", "volumes: ['named:/data:ro', './rel:/rel:z,ro', '../up:/up', /anon]")
    assert [(mount["sourceVolume"], mount["readOnly"]) for mount in mounts] == [
        ("named", True),
        ("volume-1", True),
        ("volume-2", False),
        ("volume-3", False),
    ]
    assert [volume.get("host", {}).get("sourcePath") for volume in definitions] == [None, "/project/rel", "/up", None]


def test_a_declared_volume_is_in_the_task_even_if_nobody_mounts_it() -> None:
    assert volumes("2", "hostname: h")[1] == [{"name": "named"}]


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize("settings", ["{driver: local}", "{driver_opts: {a: b}}", "{external: true}"])
def test_settings_of_volumes_belong_into_ecs_params(version: str, settings: str) -> None:
    with pytest.raises(RedashError, match=r"volume v: settings of a volume.*ecs-params.yml"):
        volumes(version, "hostname: h", f"volumes: {{v: {settings}}}\n")


def test_an_empty_map_is_a_setting_in_version_2_only() -> None:
    with pytest.raises(RedashError):
        volumes("2", "hostname: h", "volumes: {v: {}}\n")
    assert volumes("3", "hostname: h", "volumes: {v: {}}\n")[1] == [{"name": "v"}]


def test_long_volumes_of_the_specification() -> None:
    body = """
volumes:
  - {type: volume, source: named, target: /data, read_only: true}
  - {type: bind, source: /host, target: /h}
  - {type: tmpfs, target: /t, tmpfs: {size: 64m}}
"""
    definition = web(None, body, DECLARED)
    assert [(mount["containerPath"], mount["readOnly"]) for mount in definition["mountPoints"]] == [("/data", True), ("/h", False)]
    assert definition["linuxParameters"]["tmpfs"] == [{"containerPath": "/t", "size": 64}]


@pytest.mark.parametrize(
    ("version", "mounts", "paths"),
    [
        ("2", "['~/x:/y', './r:/r']", ["~/x", "./r"]),
        (
            "3",
            "['~/x:/y', '~:/z', '../../up/./a:/u', './:/r', './b/c:/b', /abs:/abs]",
            ["/home/u/x", "/home/u", "/up/a", "/project", "/project/b/c", "/abs"],
        ),
        (None, "[{type: bind, source: ~/x, target: /c}, {type: bind, source: ./d, target: /d}]", ["/home/u/x", "/project/d"]),
    ],
)
def test_host_paths(version: str | None, mounts: str, paths: list[str]) -> None:
    head = f'version: "{version}"\n' if version else ""
    request = translated(f"{head}services: {{web: {{image: i, volumes: {mounts}}}}}\n", environ={"HOME": "/home/u"}).request
    assert [volume["host"]["sourcePath"] for volume in request["volumes"]] == paths
    assert [mount["sourceVolume"] for mount in request["containerDefinitions"][0]["mountPoints"]] == [v["name"] for v in request["volumes"]]


def test_a_home_that_is_not_known_stays_a_tilde() -> None:
    assert translated("version: '3'\nservices: {web: {image: i, volumes: ['~/x:/y']}}\n").request["volumes"] == [
        {"name": "volume-0", "host": {"sourcePath": "~/x"}}
    ]


def test_volumes_from() -> None:
    body = "volumes_from: [a, 'b:ro', 'container:c', 'container:d:rw']"
    assert [(v["sourceContainer"], v["readOnly"]) for v in web("2", body)["volumesFrom"]] == [
        ("a", False),
        ("b", True),
        ("c", False),
        ("d", False),
    ]


# ---- health checks -------------------------------------------------------------------------------------


def test_health_checks_of_version_3() -> None:
    body = "healthcheck: {test: curl -f http://localhost/, interval: 1m30s, timeout: 10s, retries: 3}"
    assert web("3", body)["healthCheck"] == {
        "command": ["CMD-SHELL", "curl -f http://localhost/"],
        "interval": 90,
        "timeout": 10,
        "retries": 3,
    }
    assert web("3", "healthcheck: {test: [NONE]}")["healthCheck"] == {"command": ["NONE"]}
    assert "healthCheck" not in web("3", "healthcheck: {test: a, disable: true}")


def test_health_checks_of_the_specification() -> None:
    body = "healthcheck: {test: [CMD, true], start_period: 40s, start_interval: 5s}".replace("true", '"true"')
    assert web(None, body)["healthCheck"] == {"command": ["CMD", "true"], "startPeriod": 40}
    assert "healthCheck" not in web(None, "healthcheck: {test: [NONE]}")
    assert "healthCheck" not in web(None, "healthcheck: {disable: true}")


# ---- the Specification only ----------------------------------------------------------------------------


def test_depends_on_becomes_depends_on() -> None:
    result = containers("""
services:
  web:
    image: i
    depends_on:
      db: {condition: service_healthy}
      init: {condition: service_completed_successfully}
      log: {condition: service_started}
      gone: {condition: service_started, required: false}
  db: {image: i, healthcheck: {test: a}}
  init: {image: i}
  log: {image: i, depends_on: [db]}
""")
    assert result["web"]["dependsOn"] == [
        {"containerName": "db", "condition": "HEALTHY"},
        {"containerName": "init", "condition": "SUCCESS"},
        {"containerName": "log", "condition": "START"},
    ]
    assert result["log"]["dependsOn"] == [{"containerName": "db", "condition": "START"}]
    assert {name: definition["essential"] for name, definition in result.items()} == {"web": True, "db": True, "init": False, "log": True}


@pytest.mark.parametrize(
    ("depends_on", "message"),
    [
        ("[gone]", "depends on gone, which does not exist"),
        ("[hidden]", "which is in no active profile"),
        ("{db: {condition: service_ready}}", "unknown condition 'service_ready'"),
    ],
)
def test_depends_on_that_cannot_be(depends_on: str, message: str) -> None:
    with pytest.raises(RedashError, match=message):
        containers(f"services:\n  web: {{image: i, depends_on: {depends_on}}}\n  db: {{image: i}}\n  hidden: {{image: i, profiles: [x]}}\n")


def test_deploy_resources() -> None:
    body = "deploy: {replicas: 2, resources: {limits: {cpus: '0.5', memory: 1G}, reservations: {cpus: '0.25', memory: 256M}}}"
    definition = web(None, body)
    assert (definition["cpu"], definition["memory"], definition["memoryReservation"]) == (512, 1024, 256)
    assert web(None, "cpus: 0.25")["cpu"] == 256


def test_secrets_refer_to_parameters() -> None:
    text = """
services:
  web:
    image: i
    secrets: [REDASH_SECRET_KEY, {source: cookie, target: REDASH_COOKIE_SECRET}, {source: key, target: /run/secrets/KEY}]
secrets:
  REDASH_SECRET_KEY: {external: true, name: /redash/secret_key}
  cookie: {external: true, name: "arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:cookie"}
  key: {external: true, name: $PREFIX/key}
"""
    assert containers(text, environ={"PREFIX": "/redash"})["web"]["secrets"] == [
        {"name": "REDASH_SECRET_KEY", "valueFrom": "/redash/secret_key"},
        {"name": "REDASH_COOKIE_SECRET", "valueFrom": "arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:cookie"},
        {"name": "KEY", "valueFrom": "/redash/key"},
    ]


@pytest.mark.parametrize("declaration", ["{file: ./s}", "{environment: S}", "{external: true}", "{external: true, name: ''}"])
def test_secrets_that_are_no_parameters_are_refused(declaration: str) -> None:
    with pytest.raises(RedashError, match="names no parameter"):
        web(None, "secrets: [s]", f"secrets: {{s: {declaration}}}\n")


def test_other_keys_of_the_specification() -> None:
    definition = web(
        None, "init: true\nstdin_open: true\nsysctls: {net.core.somaxconn: 1024}\nx-aws-role: {a: b}\nextra_hosts: {a: 1.2.3.4}"
    )
    assert definition["linuxParameters"] == {"initProcessEnabled": True}
    assert definition["interactive"] is True
    assert definition["systemControls"] == [{"namespace": "net.core.somaxconn", "value": "1024"}]
    assert definition["extraHosts"] == [{"hostname": "a", "ipAddress": "1.2.3.4"}]


def test_platform_is_the_tasks() -> None:
    request = translated("services: {a: {image: i, platform: linux/arm64}, b: {image: i}}\n").request
    assert request["runtimePlatform"] == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    with pytest.raises(RedashError, match="several platforms"):
        translated("services: {a: {image: i, platform: linux/arm64}, b: {image: i, platform: linux/amd64}}\n")
    with pytest.raises(RedashError, match="not one that ECS runs"):
        translated("services: {a: {image: i, platform: linux/riscv64}}\n")


def test_top_level_keys_of_the_specification() -> None:
    result = translated(
        "x-aws-vpc: v\nname: n\nservices: {web: {image: i, x-aws-min: 1}}\nnetworks: {a: {x-aws: 1}}\nvolumes: {v: {x-aws: 1}}\n"
    )
    assert result.warnings == []
    assert result.request["volumes"] == [{"name": "v"}]


SIZES = ["mem_limit: {}", "mem_reservation: {}", "shm_size: {}", "deploy: {{resources: {{limits: {{memory: {}}}}}}}"]


@pytest.mark.parametrize("line", SIZES)
@pytest.mark.parametrize(
    ("size", "todo"), [("512", "512m"), ("'64'", "64m"), ("1", "1m"), ("1023k", "512m"), ("0.5m", "512m"), ("900b", "512m")]
)
def test_a_size_that_would_vanish_is_refused_with_the_unit_that_was_meant(line: str, size: str, todo: str) -> None:
    with pytest.raises(RedashError, match=rf"less than 1 MiB\. .*{todo}\.$"):
        containers(f"services:\n  web:\n    image: x\n    {line.format(size)}\n")


@pytest.mark.parametrize("line", SIZES[:3])
def test_a_size_that_vanishes_in_version_2_is_warned_about(line: str) -> None:
    said = translated(f'version: "2"\nservices:\n  web:\n    image: x\n    {line.format(512)}\n').warnings
    assert [str(warning) for warning in said] == [
        f"docker-compose.yml:5: service web: {line.format(512).replace(':', '')} is 512 bytes, less than 1 MiB, and has no effect."
        " Write its unit: 512m."
    ]


@pytest.mark.parametrize("key", ["mem_limit", "shm_size"])
def test_minus_one_is_no_limit_in_version_2_and_refused_today(key: str) -> None:
    web = containers(f'version: "2"\nservices:\n  web:\n    image: x\n    {key}: -1\n')["web"]
    assert web["memory"] == 512
    assert "linuxParameters" not in web
    with pytest.raises(RedashError, match=f"{key} -1 is less than nothing"):
        containers(f"services:\n  web:\n    image: x\n    {key}: -1\n")


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("labels: {a: true, b: 1}", "dockerLabels", {"a": "true", "b": "1"}),
        ("environment: {A: false}", "environment", [{"name": "A", "value": "false"}]),
        ("sysctls: {net.a: true}", "systemControls", [{"namespace": "net.a", "value": "true"}]),
        ("ulimits: {nofile: '65536'}", "ulimits", [{"name": "nofile", "softLimit": 65536, "hardLimit": 65536}]),
        ("ulimits: {nofile: {soft: '-1', hard: 2}}", "ulimits", [{"name": "nofile", "softLimit": -1, "hardLimit": 2}]),
        ("init: 'true'", "linuxParameters", {"initProcessEnabled": True}),
        ("init: 'False'", "linuxParameters", None),
        ("read_only: 'true'", "readonlyRootFilesystem", True),
        ("read_only: 'off'", "readonlyRootFilesystem", None),
        ("tty: 'yes'", "pseudoTerminal", True),
        ("stdin_open: 'on'", "interactive", True),
        ("healthcheck: {test: a, disable: 'true'}", "healthCheck", None),
        ("healthcheck: {test: a, disable: 'false'}", "healthCheck", {"command": ["CMD-SHELL", "a"]}),
    ],
)
def test_the_specification_casts_scalars(line: str, field: str, value: Any) -> None:
    assert containers(f"services:\n  web:\n    image: x\n    {line}\n")["web"].get(field) == value


@pytest.mark.parametrize(
    "line", ["tty: 'maybe'", "init: 1", "healthcheck: {disable: 'maybe'}", "ulimits: {nofile: 'many'}", "labels: {a: [1]}"]
)
def test_what_is_no_such_scalar_is_refused_by_line(line: str) -> None:
    with pytest.raises(RedashError, match=r"^docker-compose\.yml:4: service web: "):
        containers(f"services:\n  web:\n    image: x\n    {line}\n")


@pytest.mark.parametrize(("test", "warned"), [("[CMD-SHELL, a, '|', b]", True), ("[CMD-SHELL, a | b]", False), ("[CMD, a, b]", False)])
def test_words_that_a_shell_never_gets_are_warned_about(test: str, warned: bool) -> None:
    said = translated(f"services:\n  web:\n    image: x\n    healthcheck: {{test: {test}}}\n").warnings
    assert any("healthcheck.test runs only 'a'" in str(line) for line in said) is warned


def test_a_text_and_a_number_are_two_ports_in_version_2() -> None:
    assert containers('version: "2"\nservices:\n  web:\n    image: x\n    expose: ["80", 80]\n')
    with pytest.raises(RedashError, match="expose has 80 twice"):
        containers('version: "2"\nservices:\n  web:\n    image: x\n    expose: [80, 80]\n')
