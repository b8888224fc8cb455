# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest
import yaml

from ansible_collections.redash.ecs.plugins.module_utils.core.ecs_params import parse
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError


def test_values_have_the_types_of_the_schema() -> None:
    params = parse(
        """
version: 1
task_definition:
  task_size: {cpu_limit: 1024, mem_limit: 2.0GB}
  services:
    web:
      essential: yes
      cpu_shares: 0x10
      mem_limit: 1g
      mem_reservation: 536870912
      gpu: 2
      healthcheck: {test: curl localhost, retries: 3, interval: 90}
      firelens_configuration: {type: fluentbit, options: {a: true, b: 1.50, c: }}
    null_entry:
""",
        "p.yml",
        {},
    )
    assert params.task_definition["task_size"] == {"cpu_limit": "1024", "mem_limit": "2.0GB"}
    assert params.services["web"] == {
        "essential": True,
        "cpu_shares": 16,
        "mem_limit": 1 << 30,
        "mem_reservation": 1 << 29,
        "gpu": "2",
        "healthcheck": {"test": ["curl localhost"], "retries": 3, "interval": "90"},
        "firelens_configuration": {"type": "fluentbit", "options": {"a": "true", "b": "1.50", "c": ""}},
    }
    assert params.services["null_entry"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("run_params:\n  services: {web: {}}\n", "p.yml:2: services has no meaning in run_params. Move the block to task_definition."),
        ("services: {web: {}}\n", "p.yml:1: services has no meaning in the top level. Move the block to task_definition."),
        (
            "task_definition:\n  secrets: []\n",
            "p.yml:2: secrets has no meaning in task_definition. Move the block to task_definition.services.<service>.",
        ),
        ("task_definition:\n  subnets: []\n", "Move the key to run_params.network_configuration.awsvpc_configuration."),
        (
            "task_definition:\n  task_executon_role: x\n",
            "p.yml:2: unknown key task_executon_role in task_definition. Did you mean task_execution_role?",
        ),
        ("task_definition:\n  execution_role_arn: x\n", "It is called task_execution_role here."),
        ("task_definition:\n  task_size: {cpu: 1}\n", "It is called cpu_limit here."),
        ("task_definition:\n  services:\n    web:\n      secrets:\n        - {valueFrom: a, name: b}\n", "p.yml:5: unknown key valueFrom"),
        ("task_definition:\n  services: {web: {secret: []}}\n", "Did you mean secrets?"),
        ("task_definitions: {}\n", "Did you mean task_definition?"),
        ("run_params:\n  awsvpc_configuration: {}\n", "Move the key to run_params.network_configuration."),
        ("task_definition:\n  ves: 1\n", "Did you mean version?"),
        ("run_params:\n  task_definition: {}\n", "Move the block to the top level."),
        ("task_definition:\n  zzz: 1\n", "Remove it; the keys here are ecs_network_mode"),
        ("task_definition:\n  subnet: 1\n", "Did you mean run_params.network_configuration.awsvpc_configuration.subnets?"),
    ],
)
def test_misplaced_and_unknown_keys_are_named_with_what_was_probably_meant(text: str, message: str) -> None:
    with pytest.raises(RedashError) as caught:
        parse(text, "p.yml", {})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task_definition: []\n", "task_definition is not a map"),
        ("task_definition: {services: [web]}\n", "services is not a map. Write one key per service"),
        ("task_definition: {services: {web: {essential: 'true'}}}\n", "essential is 'true', not true or false"),
        ("task_definition: {services: {web: {essential: maybe}}}\n", "essential is 'maybe'"),
        ("task_definition: {services: {web: {cpu_shares: '5'}}}\n", "cpu_shares is '5', not a whole number"),
        ("task_definition: {services: {web: {mem_limit: lots}}}\n", "mem_limit is 'lots', not a size"),
        ("task_definition: {services: {web: {secrets: {}}}}\n", "secrets is not a list"),
        ("task_definition: {services: {web: {healthcheck: {test: [1]}}}}\n", "has an item that is not text"),
        ("task_definition: {services: {web: {healthcheck: {test: {}}}}}\n", "test is a map"),
        ("task_definition: {ecs_network_mode: [a]}\n", "ecs_network_mode is a list, not text"),
        ("task_definition: {efs_volumes: [{transit_encryption_port: x}]}\n", "transit_encryption_port is 'x'"),
        ("just text\n", "not a map of keys"),
        ("a: [\n", "not valid YAML"),
    ],
)
def test_wrong_types_are_refused(text: str, message: str) -> None:
    with pytest.raises(RedashError, match=r"^p.yml:\d+: ") as caught:
        parse(text, "p.yml", {})
    assert message in str(caught.value)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(RedashError) as caught:
        parse("task_definition:\n  foo: 1\n  services: {web: {bar: 1, essential: x}}\nbaz: 1\n", "p.yml", {})
    assert len(caught.value.problems) == 4


def test_variables_are_expanded_as_ecs_cli_does() -> None:
    params = parse("task_definition:\n  task_execution_role: a$$b-${ROLE:-default}-$SET-z\n# $COMMENT\n", "p.yml", {"SET": "s"})
    assert params.task_definition["task_execution_role"] == "ab--s-z"
    assert params.warnings == [
        "p.yml:2: the variable $ is not set; it becomes blank",
        "p.yml:2: the variable ROLE:-default is not set; it becomes blank",
    ]


def test_a_second_services_block_adds_to_the_first() -> None:
    text = """
task_definition:
  services:
    a: {gpu: 1, essential: false}
    b: {gpu: 2}
  services:
    a: {gpu: 3}
    c: {gpu: 4}
"""
    params = parse(text, "p.yml", {})
    assert params.services == {"a": {"gpu": "3"}, "b": {"gpu": "2"}, "c": {"gpu": "4"}}
    assert "p.yml:6: task_definition.services stands twice (first in p.yml:3); both count" in params.warnings


def test_an_empty_file_says_nothing() -> None:
    params = parse("", "p.yml", {})
    assert (dict(params.task_definition), dict(params.run_params), params.services) == ({}, {}, {})


def test_empty_sections_are_as_if_absent() -> None:
    params = parse("task_definition:\n  services:\n  task_size:\n  efs_volumes:\nrun_params:\n", "p.yml", {})
    assert dict(params.task_definition) == {}


EVERYTHING = """
version: 1
task_definition:
  ecs_network_mode: a
  task_role_arn: b
  task_execution_role: c
  task_size: {cpu_limit: '5', mem_limit: '6'}
  pid_mode: d
  ipc_mode: e
  placement_constraints:
    - {type: f, expression: g}
  services:
    any:
      essential: false
      init_process_enabled: true
      repository_credentials: {credentials_parameter: h}
      cpu_shares: 7
      mem_limit: 8m
      mem_reservation: 9MB
      gpu: '2'
      healthcheck: {test: [i], command: [j, k], interval: '1', timeout: '2', start_period: '3', retries: 4}
      firelens_configuration:
        type: l
        options: {any: '5'}
      secrets:
        - {value_from: m, name: n}
      logging:
        secret_options:
          - {value_from: o, name: p}
      depends_on:
        - {container_name: q, condition: r}
  docker_volumes:
    - name: s
      scope: t
      autoprovision: true
      driver: u
      driver_opts: {any: '6'}
      labels: {any: '7'}
  efs_volumes:
    - name: v
      filesystem_id: w
      root_directory: x
      transit_encryption: '8'
      transit_encryption_port: 10
      access_point: z
      iam: '9'
  runtime_platform: {cpu_architecture: a, operating_system_family: b}
  ephemeral_storage: {size_in_gib: 11}
run_params:
  network_configuration:
    awsvpc_configuration:
      subnets: ['12']
      security_groups: ['13', c]
      assign_public_ip: d
  task_placement:
    strategy:
      - {type: e, field: f}
    constraints:
      - {type: g, expression: h}
  service_discovery:
    container_name: i
    container_port: 14
    private_dns_namespace: {id: j, name: k, vpc: l, description: m}
    public_dns_namespace: {id: o, name: p}
    service_discovery_service:
      name: q
      description: r
      dns_config: {type: s, ttl: 15}
      healthcheck_custom_config: {failure_threshold: 16}
"""


def test_every_key_is_read() -> None:
    params = parse(EVERYTHING, "p.yml", {})
    expected = yaml.safe_load(EVERYTHING)
    expected["task_definition"]["services"]["any"].update(mem_limit=8 << 20, mem_reservation=9 << 20)
    assert (params.task_definition, params.run_params, params.warnings) == (expected["task_definition"], expected["run_params"], [])


@pytest.mark.parametrize(
    ("place", "other", "name"),
    [
        ("task_definition", "network_mode", "ecs_network_mode"),
        ("task_definition", "networkMode", "ecs_network_mode"),
        ("task_definition", "execution_role_arn", "task_execution_role"),
        ("task_definition", "execution_role", "task_execution_role"),
        ("task_definition", "task_execution_role_arn", "task_execution_role"),
        ("task_definition", "executionRoleArn", "task_execution_role"),
        ("task_definition", "task_role", "task_role_arn"),
        ("task_definition", "taskRoleArn", "task_role_arn"),
        ("task_definition.task_size", "cpu", "cpu_limit"),
        ("task_definition.task_size", "memory", "mem_limit"),
        ("task_definition.services.web", "memory", "mem_limit"),
        ("task_definition", "runtimePlatform", "runtime_platform"),
        ("task_definition", "ephemeralStorage", "ephemeral_storage"),
        ("task_definition", "container_definitions", "services"),
        ("task_definition.services.web", "health_check", "healthcheck"),
        ("task_definition.services.web", "dependsOn", "depends_on"),
        ("task_definition.services.web.healthcheck", "startPeriod", "start_period"),
        ("run_params.network_configuration.awsvpc_configuration", "assignPublicIp", "assign_public_ip"),
    ],
)
def test_names_from_elsewhere_are_known(place: str, other: str, name: str) -> None:
    parts = place.split(".")
    text = "".join(f"{'  ' * depth}{part}:\n" for depth, part in enumerate([*parts, other]))
    with pytest.raises(RedashError) as caught:
        parse(text, "p.yml", {})
    assert str(caught.value) == f"p.yml:{len(parts) + 1}: unknown key {other} in {place}. It is called {name} here."


ALL_KEYS = (
    "ecs_network_mode, task_role_arn, task_execution_role, task_size, pid_mode, ipc_mode, placement_constraints, services, "
    "docker_volumes, efs_volumes, runtime_platform, ephemeral_storage."
)
NUMBER = "a whole number. Write a number without quotes."
SIZE = "a size. Write a size such as 512m or 2GB."
YES_OR_NO = "true or false. Write true or false without quotes."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task_definition: []\n", f"1: task_definition is not a map. Its keys are {ALL_KEYS}"),
        ("task_definition:\n  services: [web]\n", "2: services is not a map. Write one key per service below it."),
        ("task_definition:\n  services:\n    web: {essential: 'true'}\n", f"3: essential is 'true', not {YES_OR_NO}"),
        ("task_definition: {services: {web: {essential: 1}}}\n", f"1: essential is '1', not {YES_OR_NO}"),
        ("task_definition: {services: {web: {cpu_shares: '5'}}}\n", f"1: cpu_shares is '5', not {NUMBER}"),
        ("task_definition: {services: {web: {cpu_shares: true}}}\n", f"1: cpu_shares is 'true', not {NUMBER}"),
        (
            "task_definition: {services: {web: {cpu_shares: 9223372036854775808}}}\n",
            f"1: cpu_shares is '9223372036854775808', not {NUMBER}",
        ),
        ("task_definition: {services: {web: {mem_limit: 9223372036854775808}}}\n", f"1: mem_limit is '9223372036854775808', not {SIZE}"),
        ("task_definition: {services: {web: {mem_limit: true}}}\n", f"1: mem_limit is 'true', not {SIZE}"),
        ("task_definition: {services: {web: {mem_limit: lots}}}\n", f"1: mem_limit is 'lots', not {SIZE}"),
        (f"task_definition: {{services: {{web: {{mem_limit: {'x' * 81}}}}}}}\n", f"1: mem_limit is '{'x' * 80}', not {SIZE}"),
        ("task_definition: {services: {web: {mem_limit: {}}}}\n", "1: mem_limit is a map, not a size. Write one value."),
        ("task_definition: {services: {web: {cpu_shares: []}}}\n", "1: cpu_shares is a list, not a whole number. Write one value."),
        ("task_definition: {services: {web: {essential: []}}}\n", "1: essential is a list, not true or false. Write one value."),
        ("task_definition:\n  services:\n    web:\n      secrets: {}\n", "4: secrets is not a list. Begin each entry with a dash."),
        *(
            (
                f"task_definition: {{services: {{web: {{healthcheck: {{test: {test}}}}}}}}}\n",
                "1: test has an item that is not text. Put numbers and true or false in quotes.",
            )
            for test in ("[a, 1]", "[a, [b]]", "[~]", "[{a: b}]", "[yes]")
        ),
        (
            "task_definition: {services: {web: {healthcheck: {test: {}}}}}\n",
            "1: test is a map, not text or a list of texts. Write one value.",
        ),
        ("task_definition: {ecs_network_mode: [a]}\n", "1: ecs_network_mode is a list, not text. Write one value."),
        ("task_definition: {ecs_network_mode: {a: b}}\n", "1: ecs_network_mode is a map, not text. Write one value."),
        (
            "task_definition:\n  efs_volumes:\n    - {name: a}\n    - {transit_encryption_port: x}\n",
            f"4: transit_encryption_port is 'x', not {NUMBER}",
        ),
        (
            "task_definition:\n  placement_constraints:\n    - {type: a}\n    - text\n",
            "4: placement_constraints[1] is not a map. Its keys are type, expression.",
        ),
        (
            "run_params:\n  network_configuration:\n    awsvpc_configuration:\n      subnets:\n        - a\n        - [b]\n",
            "6: subnets[1] is a list, not text. Write one value.",
        ),
        ("[a]\n", "1: the file is not a map of keys. Write task_definition: and its keys below it."),
        ("task_definition:\n  zzz: 1\n", f"2: unknown key zzz in task_definition. Remove it; the keys here are {ALL_KEYS}"),
        ("zzz: 1\n", "1: unknown key zzz in the top level. Remove it; the keys here are version, task_definition, run_params."),
        ("run_params: {version: 1}\n", "1: version has no meaning in run_params. Move the key to the top level."),
        ("task_definition:\n  run_params: {}\n", "2: run_params has no meaning in task_definition. Move the block to the top level."),
        ("run_params:\n  task_definition: {}\n", "2: task_definition has no meaning in run_params. Move the block to the top level."),
        ("run_params:\n  services: {}\n", "2: services has no meaning in run_params. Move the block to task_definition."),
        (
            "task_definition:\n  secrets: []\n",
            "2: secrets has no meaning in task_definition. Move the block to task_definition.services.<service>.",
        ),
        (
            "task_definition:\n  services: {web: {executionRoleArn: x}}\n",
            "2: executionRoleArn has no meaning in task_definition.services.web. Move the key to task_definition.",
        ),
        (
            "task_definition: {services: {web: {valueFrom: x}}}\n",
            "1: valueFrom has no meaning in task_definition.services.web. Move the key to task_definition.services.<service>.secrets.",
        ),
        (
            "task_definition: {services: {web: {secret: []}}}\n",
            "1: unknown key secret in task_definition.services.web. Did you mean secrets?",
        ),
        (
            "task_definition:\n  subnet: 1\n",
            "2: unknown key subnet in task_definition. Did you mean run_params.network_configuration.awsvpc_configuration.subnets?",
        ),
    ],
)
def test_a_mistake_is_said_whole(text: str, message: str) -> None:
    with pytest.raises(RedashError) as caught:
        parse(text, "p.yml", {})
    assert str(caught.value) == f"p.yml:{message}"


@pytest.mark.parametrize(
    ("text", "task_definition", "warnings"),
    [
        (
            "task_definition: {services: {web: {mem_limit: 9223372036854775807, cpu_shares: 1.9, mem_reservation: 1.9}}}\n",
            {"services": {"web": {"mem_limit": (1 << 63) - 1, "cpu_shares": 1, "mem_reservation": 1}}},
            [],
        ),
        (
            "task_definition: {services: {web: {healthcheck: {test: [a, '1'], command: }, secrets: [{name: a}, ~]}}}\n",
            {"services": {"web": {"healthcheck": {"test": ["a", "1"]}, "secrets": [{"name": "a"}, {}]}}},
            [],
        ),
        ("version: 1\n---\na: b\n", {}, ["p.yml: only the first YAML document of the file is read"]),
        ("version: {a: b}\n", {}, []),
        (
            "task_definition: {pid_mode: a}\n# x $A\n  # y $B\ntask_definition: {ipc_mode: $C}\n",
            {"pid_mode": "a"},
            [
                "p.yml:4: the variable C is not set; it becomes blank",
                "p.yml:4: task_definition stands twice (first in p.yml:1); both count",
            ],
        ),
        (
            "task_definition:\n  services:\n    a: {gpu: 1, healthcheck: {retries: 1}}\n    a: {cpu_shares: 2}\n",
            {"services": {"a": {"cpu_shares": 2}}},
            ["p.yml:4: task_definition.services.a stands twice (first in p.yml:3); the last one counts"],
        ),
    ],
)
def test_what_is_read_and_what_is_warned_of(text: str, task_definition: dict[str, object], warnings: list[str]) -> None:
    params = parse(text, "p.yml", {})
    assert (params.task_definition, params.warnings) == (task_definition, warnings)


def test_an_empty_entry_of_a_list_of_texts_is_an_empty_text() -> None:
    params = parse("run_params: {network_configuration: {awsvpc_configuration: {subnets: [a, ~]}}}\n", "p.yml", {})
    assert params.run_params == {"network_configuration": {"awsvpc_configuration": {"subnets": ["a", ""]}}}


def test_places_of_what_is_read() -> None:
    params = parse("run_params:\ntask_definition:\n  pid_mode: a\n  placement_constraints:\n    - type: a\n    -\n", "p.yml", {})
    constraints = params.task_definition["placement_constraints"]
    assert (params.task_definition.where("pid_mode"), constraints.where(0), constraints.where(1)) == ("p.yml:3", "p.yml:5", "p.yml:6")
    assert (params.services.where(), params.run_params.where(), constraints[1].where()) == ("p.yml:3", "p.yml:1", "p.yml:5")


def test_extension_keys_are_passed_over_and_lend_their_anchors() -> None:
    text = """
version: 1
x-secrets: &secrets
  - {value_from: a, name: B}
task_definition:
  x-note: mine
  services:
    web:
      x-more: {a: 1}
      secrets: *secrets
"""
    read = parse(text, "ecs-params.yml", {})
    assert dict(read.services["web"]["secrets"][0]) == {"value_from": "a", "name": "B"}


def test_essential_without_a_value_is_false_and_said() -> None:
    for empty in ("", "~", "null"):
        params = parse(
            f"task_definition:\n  services:\n    web:\n      essential: {empty}\n      cpu_shares:\n    two: {{essential: true}}\n",
            "p.yml",
            {},
        )
        assert dict(params.services["web"]) == {"essential": False}
        assert dict(params.services["two"]) == {"essential": True}
        assert params.warnings == ["p.yml:4: essential of web has no value, which means false"]
