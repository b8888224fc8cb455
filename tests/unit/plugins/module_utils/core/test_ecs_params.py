# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest

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
