# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys and which types each version of the Compose format takes."""

from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.compose_schema import (
    EFFECTIVE,
    KEYS,
    SPECIFICATION,
    V1,
    V2,
    V3,
    check_services,
)
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problems
from ansible_collections.redash.ecs.plugins.module_utils.core.yaml_tree import load

from .compose_helpers import indented

MODERN = "Remove the version line: the file is then read as the current Compose Specification."

# The versions, S for the Specification; the type; the keys.
TYPES = [
    ("123S", "list of texts", "cap_add cap_drop external_links links security_opt"),
    ("123", "list of texts", "devices volumes"),
    ("12S", "list of texts", "volumes_from"),
    ("23", "list of texts", "depends_on"),
    ("2", "list of texts", "dns_opt"),
    ("3", "list of texts", "sysctls"),
    ("S", "list of texts", "profiles"),
    ("123S", "text", "cgroup_parent container_name domainname hostname image ipc mac_address restart stop_signal user working_dir"),
    ("12S", "text", "cpuset volume_driver"),
    ("1", "text", "build dockerfile log_driver net"),
    ("23S", "text", "network_mode"),
    ("2", "text", "isolation"),
    ("3", "text", "userns_mode"),
    ("S", "text", "platform"),
    ("123", "text or list of texts", "command entrypoint env_file"),
    ("123S", "text or list of texts", "dns dns_search"),
    ("23S", "text or list of texts", "tmpfs"),
    ("123", "list or map", "environment labels"),
    ("S", "list or map of scalars", "environment labels sysctls"),
    ("123", "list or map", "extra_hosts"),
    ("123S", "ports", "expose"),
    ("123", "ports", "ports"),
    ("123S", "text or null", "pid"),
    ("123", "yes or no", "privileged read_only stdin_open tty"),
    ("S", "literal yes or no", "init privileged read_only stdin_open tty"),
    ("2", "yes or no", "oom_kill_disable"),
    ("123S", "number or text", "shm_size"),
    ("12S", "number or text", "cpu_quota cpu_shares mem_limit memswap_limit"),
    ("2S", "number or text", "mem_reservation"),
    ("123", "ulimits", "ulimits"),
    ("12S", "text or map", "extends"),
    ("23S", "text or map", "build"),
    ("12S", "whole number", "mem_swappiness"),
    ("2", "whole number", "oom_score_adj"),
    ("1", "map", "log_opt"),
    ("23S", "map", "logging"),
    ("3S", "map", "deploy"),
    ("3", "map", "healthcheck"),
    ("23S", "list of texts or map", "networks"),
    ("S", "list of texts or map", "depends_on"),
    ("23S", "duration", "stop_grace_period"),
    ("2", "list", "group_add"),
    ("S", "list", "devices ports secrets volumes"),
    (
        "S",
        "any",
        "annotations attach blkio_config cgroup command configs cpu_count cpu_percent cpu_period cpu_rt_period "
        "cpu_rt_runtime cpus credential_spec develop device_cgroup_rules dns_opt driver_opts entrypoint extra_hosts "
        "gpus group_add healthcheck isolation label_file models oom_kill_disable oom_score_adj pids_limit post_start "
        "pre_stop provider pull_policy runtime scale storage_opt ulimits use_api_socket userns_mode uts",
    ),
    ("S", "text or list", "env_file"),
]
# For each type: what is said of a wrong value, and values that are right.
VALUES: dict[str, tuple[str, list[str]]] = {
    "any": ("", ["5", "[1]", "{a: b}"]),
    "text": ("text. Put the value in quotes.", ["a", "'5'"]),
    "text or null": ("text. Put the value in quotes.", ["a", ""]),
    "duration": ("a duration. Write its unit too, such as 30s.", ["5s"]),
    "yes or no": ("true or false. Write true or false.", ["true", "false"]),
    "whole number": ("a whole number. Write a whole number.", ["5", "-1"]),
    "number or text": ("a number or text. Put the value in quotes.", ["5", "0.5", "5m"]),
    "list of texts": ("a list of texts. Put the value in quotes.", ["[]", "[a, '5']"]),
    "text or list of texts": ("text or a list of texts. Put the value in quotes.", ["a", "[a, b]"]),
    "list or map": (
        "a map of names and values, or a list of NAME=value. Put the value in quotes.",
        ["[a]", "{a: b, c: 5, d: 0.5, e: }"],
    ),
    "list or map of scalars": (
        "a map of names and values, or a list of NAME=value. Write a map of names and values, or a list of NAME=value.",
        ["[a]", "{a: b, c: 5, d: true, e: }"],
    ),
    "literal yes or no": ("true or false. Write true or false.", ["true", "'false'", "'Yes'"]),
    "ports": ("a list of ports. Write a list of ports.", ["[80, '81', 8.5]"]),
    "ulimits": ("a map of names and limits. Write a map of names and limits.", ["{a: 5, b: {soft: 1, hard: 2}}"]),
    "list": ("a list. Write a list.", ["[1, {a: b}]"]),
    "map": ("a map. Write a map.", ["{a: [1]}"]),
    "text or map": ("text or a map. Put the value in quotes.", ["a", "{a: b}"]),
    "list of texts or map": ("a list of texts or a map. Put the value in quotes.", ["[a]", "{a: }"]),
    "text or list": ("text or a list. Put the value in quotes.", ["a", "[{a: b}]"]),
}
# What is wrong for these is 5, since true is right or has another hint.
FIVE = ("yes or no", "literal yes or no", "duration")
VERSIONS = {"1": V1, "2": V2, "3": V3, "S": SPECIFICATION}


def found(version: str, body: str) -> list[str]:
    """What is said about a service with these keys; its first line is ``f:2``."""
    problems = Problems()
    tree, _more = load(f"web:\n{indented(body, 2)}\n", "f", yes_and_no=version != SPECIFICATION)
    check_services(tree, version, problems)
    return [str(problem) for problem in problems.found]


def types_of(version: str) -> dict[str, str]:
    return {key: kind for versions, kind, keys in TYPES if version in versions for key in keys.split()}


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_has_its_keys_and_takes_their_types(version: str) -> None:
    types = types_of(version)
    assert set(KEYS[VERSIONS[version]]) == set(types)
    for at in range(3):
        body = "\n".join(f"{key}: {VALUES[kind][1][min(at, len(VALUES[kind][1]) - 1)]}" for key, kind in types.items())
        assert found(VERSIONS[version], body) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_says_which_type_a_key_wants(version: str) -> None:
    wanted = {key: kind for key, kind in types_of(version).items() if kind != "any"}
    body = "\n".join(f"{key}: {'5' if kind in FIVE else 'true'}" for key, kind in wanted.items())
    said = [
        f"f:{line}: service web: {key} is {'5' if kind in FIVE else 'true'}, not {VALUES[kind][0]}"
        for line, (key, kind) in enumerate(wanted.items(), start=2)
    ]
    assert found(VERSIONS[version], body) == said


@pytest.mark.parametrize(
    ("version", "body", "messages"),
    [
        ("2", "user: 1000", ["f:2: service web: user is 1000, not text. Put the value in quotes."]),
        ("2", "user: true", ["f:2: service web: user is true, not text. Put the value in quotes."]),
        ("2", "user:", ["f:2: service web: user is empty, not text. Give it a value or remove the key."]),
        ("2", "stop_grace_period: 30", ["f:2: service web: stop_grace_period is 30, not a duration. Write its unit too, such as 30s."]),
        ("2", "command: [a, 1.5]", ["f:2: service web: entry 2 of command is 1.5, not text. Put 1.5 in quotes."]),
        ("2", "command: [a, true]", ["f:2: service web: entry 2 of command is true, not text. Put true in quotes."]),
        ("2", "labels: {a: b, c: [x]}", ["f:2: service web: c of labels is a list, not text. Write text."]),
        ("2", "environment: {a: b, c: true}", ["f:2: service web: c of environment is true, not text. Put true in quotes."]),
        ("2", "environment: [a, 5]", ["f:2: service web: entry 2 of environment is 5, not NAME=value. Write NAME=value."]),
        ("2", "ports: 80", ["f:2: service web: ports is 80, not a list of ports. Write a list of ports."]),
        ("2", "ports: [{a: b}]", ['f:2: service web: entry 1 of ports is a map, not [HOST:]CONTAINER. Write "5000:5000".']),
        ("2", "ports: [true]", ['f:2: service web: entry 1 of ports is true, not [HOST:]CONTAINER. Write "5000:5000".']),
        ("2", "ports: [80, 80]", ["f:2: service web: ports has 80 twice. Remove one of the two."]),
        ("2", "dns:\n  - a\n  - b\n  - a", ["f:5: service web: dns has 'a' twice. Remove one of the two."]),
        ("2", "command: [a, a]", []),
        (
            "2",
            "ulimits: {a: true}",
            ["f:2: service web: a of ulimits is true, not a whole number or {soft, hard}. Write nofile: {soft: 1024, hard: 2048}."],
        ),
        (
            "2",
            "ulimits: {a: {soft: 1}}",
            ["f:2: service web: a of ulimits is a map, not a whole number or {soft, hard}. Write nofile: {soft: 1024, hard: 2048}."],
        ),
        (
            "2",
            "ulimits: {a: {soft: 1, hard: x}}",
            ["f:2: service web: a of ulimits is a map, not a whole number or {soft, hard}. Write nofile: {soft: 1024, hard: 2048}."],
        ),
        ("2", "ulimits: []", ["f:2: service web: ulimits is a list, not a map of names and limits. Write a map of names and limits."]),
        ("2", "ulimits: {a: {soft: 1, hard: 2}, b: 5}", []),
        ("2", "mem_limit: true", ["f:2: service web: mem_limit is true, not a number or text. Put the value in quotes."]),
        ("2", "mem_limit: []", ["f:2: service web: mem_limit is a list, not a number or text. Write a number or text."]),
        ("2", "mem_swappiness: 1.5", ["f:2: service web: mem_swappiness is 1.5, not a whole number. Write a whole number."]),
        ("2", "mem_swappiness: true", ["f:2: service web: mem_swappiness is true, not a whole number. Write a whole number."]),
        ("2", "pid:", []),
        ("2", "pid: 5", ["f:2: service web: pid is 5, not text. Put the value in quotes."]),
        ("2", "privileged: 1", ["f:2: service web: privileged is 1, not true or false. Write true or false."]),
        ("2", "group_add: {}", ["f:2: service web: group_add is a map, not a list. Write a list."]),
        ("2", "logging: x", ["f:2: service web: logging is 'x', not a map. Write a map."]),
        ("2", "build: 5", ["f:2: service web: build is 5, not text or a map. Put the value in quotes."]),
        ("2", "networks: [5]", ["f:2: service web: entry 1 of networks is 5, not text. Put 5 in quotes."]),
        ("", "env_file: 5", ["f:2: service web: env_file is 5, not text or a list. Put the value in quotes."]),
        ("", "x-a: 1", []),
        ("", "ports: !reset null", []),
        ("", "dns: [a, a]", []),
        ("2", "x-a: 1", [f"f:2: service web: unknown key x-a. {MODERN}"]),
        ("2", "hostnam: 1", ["f:2: service web: unknown key hostnam. Did you mean hostname?"]),
        ("2", "zzzzz: 1", ["f:2: service web: unknown key zzzzz. Remove it."]),
        (
            "3",
            "cpu_quota: 1",
            [
                "f:2: service web: unknown key cpu_quota. Compose files of version 3 "
                "have no cpu_quota; use the service's settings in ecs-params.yml, or remove the version line."
            ],
        ),
        (
            "3",
            "extends: a",
            [
                "f:2: service web: unknown key extends. Compose files of version 3 "
                "have no extends; use the service's settings in ecs-params.yml, or remove the version line."
            ],
        ),
        (
            "3",
            "cpu_shares: 1",
            [
                "f:2: service web: unknown key cpu_shares. Compose files of version 3 "
                "have no cpu_shares; use the service's cpu_shares in ecs-params.yml, or remove the version line."
            ],
        ),
        (
            "3",
            "mem_limit: 1",
            [
                "f:2: service web: unknown key mem_limit. Compose files of version 3 "
                "have no mem_limit; use the service's mem_limit in ecs-params.yml, or remove the version line."
            ],
        ),
        (
            "3",
            "mem_reservation: 1",
            [
                "f:2: service web: unknown key mem_reservation. Compose files of version 3 "
                "have no mem_reservation; use the service's mem_reservation in ecs-params.yml, or remove the version line."
            ],
        ),
        (
            "3",
            "volumes_from: [a]",
            [
                "f:2: service web: unknown key volumes_from. Compose files of version 3 "
                "have no volumes_from; use the service's settings in ecs-params.yml, or remove the version line."
            ],
        ),
        ("2", "init: true", [f"f:2: service web: unknown key init. {MODERN}"]),
        ("1", "networks: []", [f"f:2: service web: unknown key networks. {MODERN}"]),
        ("2", "memswap_limit: 1", ["f:2: service web: memswap_limit without mem_limit. Set mem_limit too."]),
        ("1", "memswap_limit: 1", ["f:2: service web: memswap_limit without mem_limit. Set mem_limit too."]),
        ("", "memswap_limit: 1", []),
        ("2", "memswap_limit: 1\nmem_limit: 2", []),
        (
            "2",
            "12: x",
            ['f:2: service web: the key 12 is read as 12 by YAML. Write "12" in quotes.', "f:2: service web: unknown key 12. Remove it."],
        ),
        ("2", "environment:\n  - a\nlabels:\n  yes: 5", ['f:5: service web: the key yes is read as True by YAML. Write "yes" in quotes.']),
        ("3", "deploy:\n  a:\n    - {y: 1}", ['f:4: service web: the key y is read as True by YAML. Write "y" in quotes.']),
        ("", "labels:\n  y: 1", []),
    ],
)
def test_what_is_said_about_a_service(version: str, body: str, messages: list[str]) -> None:
    assert found(version, body) == messages


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", []),
        ("[web]", ["f:1: services is not a map. Write one key per service below it."]),
        ("web", ["services is not a map. Write one key per service below it."]),
        ("a: {}\nweb: x", ["f:2: service web is not a map. Write its keys (image, command, ...) below it."]),
        ("A.b_c-9: {}\n'a b': {}", ["f:2: invalid service name 'a b'. Use letters, digits, dots, dashes and underscores only."]),
        ("'\u0663': {}", ["f:1: invalid service name '\u0663'. Use letters, digits, dots, dashes and underscores only."]),
        (
            "a: {user: 5}\nb: {foo: 5}",
            ["f:1: service a: user is 5, not text. Put the value in quotes.", "f:2: service b: unknown key foo. Remove it."],
        ),
    ],
)
def test_what_is_said_about_services(text: str, messages: list[str]) -> None:
    problems = Problems()
    check_services(load(text, "f")[0], V2, problems)
    assert [str(problem) for problem in problems.found] == messages


def test_a_health_check_has_an_effect_from_version_3_on() -> None:
    assert {version: "healthcheck" in keys for version, keys in EFFECTIVE.items()} == {V1: False, V2: False, V3: True, SPECIFICATION: True}


@pytest.mark.parametrize("version", ["1", "2", "3"])
@pytest.mark.parametrize(
    ("body", "what", "short"),
    [
        ("ports:\n  - '1:1'\n  - {target: 80, published: 8080, mode: host}", "ports is a map, not [HOST:]CONTAINER", '"8080:80"'),
        ("ports:\n  - '1:1'\n  - {target: 53, protocol: udp}", "ports is a map, not [HOST:]CONTAINER", '"53/udp"'),
        ("ports:\n  - '1:1'\n  - {target: 53, published: '53', protocol: tcp}", "ports is a map, not [HOST:]CONTAINER", '"53:53"'),
        ("volumes:\n  - a:/a\n  - {type: bind, source: /b, target: /c, read_only: true}", "volumes is a map, not text", "/b:/c:ro"),
        ("env_file:\n  - a.env\n  - {path: b.env, required: false}", "env_file is a map, not text", "b.env"),
    ],
)
def test_a_long_form_that_came_later_is_named_at_its_line_with_the_short_one(version: str, body: str, what: str, short: str) -> None:
    said = f"f:4: service web: entry 2 of {what}. Write {short}, or remove the version line: "
    assert found(VERSIONS[version], body) == [f"{said}the file is then read as the current Compose Specification."]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("entry", ["{A: hunter2}", "{name: A, value: hunter2}"])
def test_an_environment_of_maps_is_told_without_its_values(version: str, entry: str) -> None:
    said = "f:4: service web: entry 2 of environment is a map, not NAME=value. Write A: and its value without the dash, or - A=value."
    assert found(VERSIONS[version], f"environment:\n  - B=b\n  - {entry}") == [said]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_entry_that_is_wrong_has_its_own_line(version: str) -> None:
    assert found(VERSIONS[version], "environment:\n  A: [1]\n  B: b\n  C: {d: e}") == [
        "f:3: service web: A of environment is a list, not text. Write text.",
        "f:5: service web: C of environment is a map, not text. Write text.",
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_environment_that_is_one_text_is_not_repeated(version: str) -> None:
    (said,) = found(VERSIONS[version], "environment: PASSWORD=hunter2")
    assert "hunter2" not in said
    assert "environment is text, not a map of names and values" in said
