# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each key of a service becomes in each version of the Compose format."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

from .compose_helpers import containers, translated, web

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
    with pytest.raises(RedashError, match=r"docker-compose.yml:\d+: service web: (port|more ports)"):
        web(version, body)


def test_shared_memory() -> None:
    assert web("2", "shm_size: 128M")["linuxParameters"] == {"sharedMemorySize": 128}
    assert "linuxParameters" not in web("3", "shm_size: 128M")


@pytest.mark.parametrize(
    ("version", "body", "message"),
    [
        ("2", "labels: {num: 5}", 'Write num: "5"'),
        ("2", "extra_hosts: {h: 1.2.3.4}", "extra_hosts is a map"),
        ("2", "extra_hosts: ['h:::1']", "is not NAME:ADDRESS"),
        ("3", "extra_hosts: ['h:::1']", "is not NAME:ADDRESS"),
        ("2", "stop_grace_period: 30", "Write its unit too"),
        ("3", "stop_grace_period: '30'", "with its unit"),
        ("2", "devices: ['/dev/a:/dev/b:rx']", "other permissions"),
        ("2", "devices: ['a:b:c:d']", "is not HOST"),
        ("2", "tmpfs: /run", "has no size"),
        ("2", "tmpfs: '/run:rw'", "no size of at least 1 MiB"),
        ("2", "tmpfs: '/run:size=64'", "no size of at least 1 MiB"),
        ("2", "mem_limit: lots", "'lots' is not a size"),
        ("2", "command:", "command is empty"),
        ("2", "command: echo `date`", "has to stand in quotes"),
        ("2", 'command: echo "abc', "never closed"),
        ("2", "command: [1]", "Put 1 in quotes"),
        ("3", "command: f (x)", "has to stand in quotes"),
        (None, "command: a && b", r'\["sh", "-c", "..."\]'),
        ("2", "user: 1000", "Put the value in quotes"),
        ("2", "privileged: 'yes'", "not true or false"),
        ("2", "depends_on: {db: {condition: service_healthy}}", "depends_on is a map"),
        ("2", "ulimits: {nofile: many}", "ulimits is a map"),
        ("2", "volumes: ['named:/x']", "the volume named is not declared"),
        ("2", "volumes: ['/a:/b:z']", "neither ro nor rw"),
        ("3", "volumes: ['/a:/b:ro:x']", "is not \\[SOURCE:\\]TARGET"),
        ("3", "sysctls: {a: 1}", "sysctls is a map"),
        ("2", "volumes_from: ['a:b:c']", "volumes_from"),
        ("2", "logging: {driver: a, foo: 1}", "unknown key logging.foo"),
        ("2", "logging: {driver: a, options: {b: [1]}}", "logging option b is not text"),
        ("3", "healthcheck: {test: a, start_period: 3s}", "unknown key healthcheck.start_period"),
        ("3", "healthcheck: {test: a, interval: 30}", "with its unit"),
        ("3", "healthcheck: {test: 5}", "neither text nor a list"),
        (None, "healthcheck: {test: [curl]}", "does not begin with CMD"),
        (None, "healthcheck: {test: a, retries: many}", "is not a number"),
        (None, "configs: [c]", "has no counterpart in ECS"),
        (None, "cpus: lots", "is not a number"),
        (None, "volumes: [{type: npipe, target: /x}]", "no counterpart"),
        (None, "volumes: [{type: tmpfs, target: /x}]", "needs tmpfs.size"),
        (None, "volumes: [{type: volume}]", "no target"),
        (None, "secrets: [s]", "is not declared"),
    ],
)
def test_values_that_are_refused(version: str | None, body: str, message: str) -> None:
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
