# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How two descriptions of one service become one."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.compose import load_project
from ansible_collections.redash.ecs.plugins.module_utils.core.compose_merge import environment_entries, environment_values, scalar_text
from ansible_collections.redash.ecs.plugins.module_utils.core.yaml_tree import Map, Seq, load

from .compose_helpers import CWD, indented, read_from


def shown(value: Any) -> str:
    """The values, each with the file that it is from: ``{ports@b: [80@a, 81@b]}``."""
    if isinstance(value, Map):
        return "{" + ", ".join(f"{key}@{value.where(key).partition(':')[0]}: {shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Seq):
        return "[" + ", ".join(f"{shown(item)}@{value.where(index).partition(':')[0]}" for index, item in enumerate(value)) + "]"
    return str(value)


def merged(version: str, first: str, second: str, *, extends: bool = False) -> str:
    """The service ``web`` of file b, over the one of file a or extending that file's ``base``."""
    files: dict[str, str | bytes] = {"e": "E=1\nA=e\n", "f": "F=1\nA=f\n"}
    head = f"version: '{version}'\n" if version else ""
    more = "\nextends: {file: a, service: base}" if extends else ""
    for file, name, body in (("a", "base" if extends else "web", first), ("b", "web", second + more)):
        files[file] = f"{name}:\n{indented(body, 2)}\n" if version == "1" else f"{head}services:\n  {name}:\n{indented(body, 4)}\n"
    return shown(load_project(["b"] if extends else ["a", "b"], {}, CWD, read_from(files)).services["web"])


@pytest.mark.parametrize(
    ("version", "first", "second", "over", "extending"),
    [
        ("1", "ports: ['1']", "ports: ['2']", "{ports@b: [1@a, 2@b]}", None),
        ("1", "command: [a]", "command: [b]", "{command@b: [b@b]}", None),
        (
            "1",
            "environment: {A: 1, B: 2.50}",
            "environment: {B: 3, C: }",
            "{environment@b: [A=1@a, B=3@b, C@b]}",
            "{environment@b: {A@a: 1, B@b: 3, C@b: None}}",
        ),
        ("1", "environment: [A=1, B]", "environment: {B: 3}", "{environment@b: [A=1@a, B=3@b]}", None),
        (
            "1",
            "environment: {A: 1, B: 2}",
            "environment: [B=3, C]",
            "{environment@b: [A=1@a, B=2@a, B=3@b, C@b]}",
            "{environment@b: [A=1@a, B=3@b, C@b]}",
        ),
        ("1", "env_file: e", "environment: [A=1, G=2]", "{environment@b: [E=1@a, A=1@b, G=2@b]}", None),
        ("1", "environment: [A=1, F=2]", "env_file: f", "{environment@b: [F=1@b, A=f@b]}", None),
        ("1", "labels: {a: x, b: x}", "labels: [b=y, c]", "{labels@b: {a@a: x, b@b: y, c@b: }}", None),
        ("1", "labels: [a=x, b=x]", "labels: {b: z}", "{labels@b: {a@a: x, b@b: z}}", None),
        ("1", "labels: [a, ' b ']", "labels: [c, a=x]", "{labels@b: {a@b: x, b@a: , c@b: }}", None),
        ("1", "labels: [a=x]", "labels: [a]", "{labels@b: {a@b: }}", None),
        ("1", "labels: [a]", "labels: {b: }", "{labels@b: {a@a: , b@b: None}}", None),
        ("1", "dns: a", "dns: [b]", "{dns@b: [a@a, b@b]}", "{dns@b: [b@b]}"),
        ("1", "dns: [a]", "dns: b", "{dns@b: b}", None),
        (
            "2",
            "logging: {driver: a, options: {x: 1}}",
            "logging: {options: {z: 2}}",
            "{logging@b: {driver@a: a, options@b: {z@b: 2}}}",
            None,
        ),
        ("1", "ulimits: {a: 1, b: 1}", "ulimits: {b: 2}", "{ulimits@b: {a@a: 1, b@b: 2}}", None),
        ("1", "hostname: a\nuser: u", "hostname: b", "{hostname@b: b, user@a: u}", None),
        ("3", "environment: {A: 1, B: 1}", "environment: [B=2, C]", "{environment@b: {A@a: 1, B@b: 2, C@b: }}", None),
        ("3", "volumes: [/z, '/h:/b']", "volumes: ['/i:/b', /a]", "{volumes@b: [/z@a, /i:/b@b, /a@b]}", None),
        ("3", "volumes: [/z, /b]", "hostname: h", "{volumes@a: [/z@a, /b@a], hostname@b: h}", None),
        ("3", "env_file: e", "env_file: f", "{environment@b: {E@a: 1, A@b: f, F@b: 1}}", None),
        (
            "3",
            "healthcheck: {test: [a], interval: 1s}",
            "healthcheck: {test: [b]}",
            "{healthcheck@b: {test@b: [b@b], interval@a: 1s}}",
            None,
        ),
        ("", "environment: {A: 1, B: 1000000.0}", "environment: [B=2, C]", "{environment@b: {A@a: 1, B@b: 2, C@b: None}}", None),
        ("", "environment: [A=1, B=1]", "environment: {B: , D: 1000000.0}", "{environment@b: {A@a: 1, B@b: None, D@b: 1000000.0}}", None),
        (
            "",
            "sysctls: [a=1]\nannotations: {a: 1}",
            "sysctls: {b: 2}\nannotations: [a=2]",
            "{sysctls@b: {a@a: 1, b@b: 2}, annotations@b: {a@b: 2}}",
            None,
        ),
        (
            "",
            "depends_on: [a, b]",
            "depends_on: {b: {condition: service_healthy}, c: {}}",
            "{depends_on@b: {a@a: {condition@a: service_started}, b@b: {condition@b: service_healthy}, c@b: {}}}",
            None,
        ),
        (
            "",
            "depends_on: {a: {condition: service_healthy}}",
            "depends_on: [a, b]",
            "{depends_on@b: {a@b: {condition@b: service_started}, b@b: {condition@b: service_started}}}",
            None,
        ),
        ("", "logging: {driver: a, options: {x: 1}}", "logging: {driver: b}", "{logging@b: {driver@b: b}}", None),
        (
            "",
            "logging: {driver: a, options: {x: 1}}",
            "logging: {driver: a, options: {z: 2}}",
            "{logging@b: {driver@b: a, options@b: {x@a: 1, z@b: 2}}}",
            None,
        ),
        ("", "logging: {options: {x: 1}}", "logging: {driver: a}", "{logging@b: {options@a: {x@a: 1}, driver@b: a}}", None),
        ("", "dns: a", "dns: [b, a]", "{dns@b: [a@b, b@b]}", None),
        ("", "env_file: e", "env_file: [f, e]", "{env_file@b: [/project/e@b, /project/f@b]}", None),
        ("", "tmpfs: a", "tmpfs: b", "{tmpfs@b: [a@a, b@b]}", None),
        (
            "",
            "volumes: ['a:/x', /y, {type: bind, source: /s, target: /z}]",
            "volumes: ['b:/x', '/q:/y', {type: volume, target: /z}, '/k:/z:ro']",
            "{volumes@b: [b:/x@b, /q:/y@b, /k:/z:ro@b]}",
            None,
        ),
        (
            "",
            "secrets: [a, {source: b}, {source: c, target: t}]",
            "secrets: [{source: a}, {source: b, target: u}, {source: d, target: t}, {source: b, uid: '1'}]",
            "{secrets@b: [{source@b: a}@b, {source@b: b, uid@b: 1}@b, {source@b: d, target@b: t}@b, {source@b: b, target@b: u}@b]}",
            None,
        ),
        ("", "ports: ['1', {target: 2}]", "ports: ['1', {target: 2}, '3']", "{ports@b: [1@b, {target@b: 2}@b, 3@b]}", None),
        (
            "",
            "healthcheck: {test: [CMD, a], interval: 1s, x-a: [1]}",
            "healthcheck: {test: [CMD, b], x-a: [1, 2]}",
            "{healthcheck@b: {test@b: [CMD@b, b@b], interval@a: 1s, x-a@b: [1@b, 2@b]}}",
            None,
        ),
        ("", "command: [a]\nentrypoint: [a]", "command: [b]\nentrypoint: [b]", "{command@b: [b@b], entrypoint@b: [b@b]}", None),
        (
            "",
            "deploy: {resources: {limits: {memory: 1m, cpus: '1'}}}",
            "deploy: {resources: {limits: {memory: 2m}}}",
            "{deploy@b: {resources@b: {limits@b: {memory@b: 2m, cpus@a: 1}}}}",
            None,
        ),
        (
            "",
            "ports: ['1']\nhostname: h\ndeploy: {a: 1}",
            "ports: !reset []\nhostname: !reset null\ndeploy: !override {b: 1}",
            "{deploy@b: {b@b: 1}}",
            None,
        ),
        (
            "",
            "ports: ['1']\nhealthcheck: {a: b, interval: 5s}",
            "ports: !override ['2']\nhealthcheck: {interval: !reset null}",
            "{ports@b: [2@b], healthcheck@b: {a@a: b}}",
            None,
        ),
        (
            "",
            "x-a: {command: [a]}\nx-b: [1]",
            "x-a: {command: [b], dns: [c]}\nx-b: {a: b}",
            "{x-a@b: {command@b: [a@a, b@b], dns@b: [c@b]}, x-b@b: {a@b: b}}",
            None,
        ),
        (
            "",
            "build: {environment: [a], dns: a}",
            "build: {environment: [a, b], dns: b}",
            "{build@b: {environment@b: [a@b, b@b], dns@b: b}}",
            None,
        ),
        ("", "build: a", "build: {context: b}", "{build@b: {context@b: b}}", None),
        ("1", "expose: [1]", "expose: ['2', 3]", "{expose@b: [1@a, 2@b, 3@b]}", None),
        ("", "annotations: {a: 1}", "annotations: 5", "{annotations@b: 5}", None),
        ("", "annotations: 5", "annotations: {a: 1}", "{annotations@b: {a@b: 1}}", None),
        (
            "",
            "configs: [a, {source: b}]",
            "configs: [b, {source: a, target: x}]",
            "{configs@b: [a@a, b@b, {source@b: a, target@b: x}@b]}",
            None,
        ),
        (
            "",
            "secrets: [a, {source: b, target: /run/secrets/c}]",
            "secrets: [{source: z, target: a}, c]",
            "{secrets@b: [{source@b: z, target@b: a}@b, c@b]}",
            None,
        ),
        ("", "logging: {driver: a}", "logging: {driver: '', options: {x: 1}}", "{logging@b: {driver@b: , options@b: {x@b: 1}}}", None),
        (
            "",
            "volumes: [{type: volume, target: /x}]",
            "volumes: [{type: volume, target: /y}, /z]",
            "{volumes@b: [{type@a: volume, target@a: /x}@a, {type@b: volume, target@b: /y}@b, /z@b]}",
            None,
        ),
    ],
)
def test_a_later_file_and_an_extending_service(version: str, first: str, second: str, over: str, extending: str | None) -> None:
    """``extending`` is None where it is the same; version 3 has no extends, and version 2 is as version 1."""
    for each in (version, "2") if version == "1" else (version,):
        assert merged(each, first, second) == over
        if version != "3":
            assert merged(each, first, second, extends=True) == (over if extending is None else extending)


def test_a_third_file_counts_most() -> None:
    files = {
        name: f"version: '3'\nservices: {{web: {{ports: ['{port}:80'], dns: {name}}}}}\n" for name, port in (("a", 3), ("b", 2), ("c", 1))
    }
    project = load_project(["a", "b", "c"], {}, CWD, read_from(dict(files)))
    assert shown(project.services["web"]) == "{ports@c: [3:80@a, 2:80@b, 1:80@c], dns@c: [a@a, b@b, c@c]}"
    assert project.services["web"]["ports"].tag == "merged"


def test_what_is_merged_is_left_as_it_was() -> None:
    base = "{environment: {A: 1}, dns: a, deploy: {a: {b: 1}}}"
    text = f"services:\n  base: {base}\n  web: {{extends: base, environment: {{B: 1}}, dns: b, deploy: {{a: {{c: 2}}}}}}\n"
    services = load_project(["a"], {}, CWD, read_from({"a": text})).services
    assert services["base"] == {"environment": {"A": 1}, "dns": "a", "deploy": {"a": {"b": 1}}}
    assert services["web"] == {"environment": {"A": 1, "B": 1}, "dns": ["a", "b"], "deploy": {"a": {"b": 1, "c": 2}}}


def test_a_reset_in_the_first_file_leaves_the_key_out() -> None:
    text = "services:\n  web: {image: i, ports: !reset ['1'], user: u}\n"
    assert shown(load_project(["a"], {}, CWD, read_from({"a": text})).services["web"]) == "{image@a: i, user@a: u}"


@pytest.mark.parametrize(
    ("value", "exponent", "text"),
    [
        (True, True, "true"),
        (False, True, "false"),
        (None, True, ""),
        (1, True, "1"),
        (1.50, True, "1.5"),
        (1e6, True, "1e+06"),
        (1e6, False, "1000000"),
        ("a", False, "a"),
    ],
)
def test_scalars_as_text(value: Any, exponent: bool, text: str) -> None:
    assert scalar_text(value, exponent=exponent) == text


@pytest.mark.parametrize(
    ("text", "entries", "values"),
    [
        ("", [], {}),
        ("{A: 1, B: , C: 1000000.0, D: ''}", ["A=1", "B", "C=1000000", "D="], {"A": "1", "B": None, "C": "1e+06", "D": ""}),
        ("[A=1, B, C=x=y, D=]", ["A=1", "B", "C=x=y", "D="], {"A": "1", "B": None, "C": "x=y", "D": ""}),
    ],
)
def test_the_environment_as_entries_and_as_values(text: str, entries: list[str], values: dict[str, str | None]) -> None:
    environment = load(text, "f")[0]
    assert environment_entries(environment) == entries
    assert environment_values(environment, exponent=True) == values
