# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Versions, files, variables, extends, merging. What each key becomes is in test_compose_services.py."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.compose import load_project
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

from .compose_helpers import CWD, containers, environment, read_from, translated, web

V2 = 'version: "2"\n'
V3 = 'version: "3"\n'


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("web: {image: i}\n", "1"),
        ("version: 2\nservices: {web: {image: i}}\n", "2"),
        ("version: '2'\nservices: {web: {image: i}}\n", "2"),
        ("version: 3\nservices: {web: {image: i}}\n", "3"),
        ("version: '3.0'\nservices: {web: {image: i}}\n", "3"),
        ("version: 3.0\nservices: {web: {image: i}}\n", "3"),
        ("version: 2.0\nservices: {web: {image: i}}\n", ""),
        ("version: '2.1'\nservices: {web: {image: i}}\n", ""),
        ("version: '3.8'\nservices: {web: {image: i}}\n", ""),
        ("services: {web: {image: i}}\n", ""),
        ("services: {image: {image: i}}\n", ""),
        ("name: redash\nservices: {web: {image: i}}\n", ""),
        ("services: {image: i}\n", "1"),
    ],
)
def test_how_a_file_is_read(text: str, version: str) -> None:
    assert load_project(["f.yml"], {}, CWD, read_from({"f.yml": text})).version == version


@pytest.mark.parametrize("version", ["1", "4", "true", "[2]", "latest", "2.x", "1.0"])
def test_other_versions_are_refused(version: str) -> None:
    with pytest.raises(RedashError, match=r"docker-compose.yml:1: unknown Compose version"):
        translated(f"version: {version}\nservices: {{web: {{image: i}}}}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (V2 + "services:\n  web:\n    image: i\n    foo: 1\n", "docker-compose.yml:5: service web: unknown key foo. Remove it."),
        (V2 + "services:\n  web:\n    image: i\n    port: [1]\n", "Did you mean ports?"),
        (V2 + "services:\n  web:\n    image: i\n    healthcheck: {}\n", "Remove the version line"),
        (V2 + "services:\n  web:\n    image: i\n    init: true\n", "Remove the version line"),
        (V2 + "services:\n  web:\n    image: i\n    x-a: 1\n", "Remove the version line"),
        (V2 + "services:\n  web:\n    image: i\n    deploy: {}\n", "Remove the version line"),
        (V3 + "services:\n  web:\n    image: i\n    mem_limit: 1g\n", "mem_limit in ecs-params.yml"),
        (V3 + "services:\n  web:\n    image: i\n    mem_reservation: 1g\n", "mem_reservation in ecs-params.yml"),
        (V3 + "services:\n  web:\n    image: i\n    cpu_shares: 1\n", "cpu_shares in ecs-params.yml"),
        (V3 + "services:\n  web:\n    image: i\n    secrets: [s]\n", "Remove the version line"),
        (V3 + "name: x\nservices:\n  web:\n    image: i\n", "docker-compose.yml:2: unknown top-level key name"),
        (V3 + "x-a: x\nservices:\n  web:\n    image: i\n", "unknown top-level key x-a"),
        (V2 + 'services:\n  "we b": {image: i}\n', "invalid service name 'we b'"),
        (V2 + "services:\n  web:\n", "service web is not a map"),
        (V2 + "services: [web]\n", "services is not a map"),
        (V2 + "services:\n  web: {}\n", "neither an image nor a build context"),
        (V2 + "services: {}\n", "there is no service"),
        ("- a\n", "not a map of keys"),
        ("", "there is no service"),
        ("services:\n  web:\n    image: i\n    imag: 1\n", "Did you mean image?"),
        ("services:\n  web:\n    image: i\n---\nservices: {}\n", "more than one YAML document"),
        ("services:\n  web:\n    image: i\n    image: j\n", "docker-compose.yml:4: services.web.image stands twice"),
        ("include: [a.yml]\nservices: {web: {image: i}}\n", "include is not supported"),
        ("web: {image: i, build: .}\n", "both an image and a build path"),
        ("web: {image: i, mem_reservation: 1g}\n", "unknown key mem_reservation"),
        ("web: {image: i, memswap_limit: 1g}\n", "memswap_limit without mem_limit"),
    ],
)
def test_mistakes_are_named_with_place_and_remedy(text: str, message: str) -> None:
    with pytest.raises(RedashError) as caught:
        translated(text)
    assert message in str(caught.value)


def test_all_mistakes_of_a_file_are_named_at_once() -> None:
    with pytest.raises(RedashError) as caught:
        translated(V2 + "services:\n  a: {image: 5, foo: 1}\n  b: {privileged: 'yes', ports: 1}\n")
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize("key", ["y", "N", "off", "12", "~"])
def test_a_key_that_yaml_does_not_read_as_text_is_refused_in_old_versions(version: str, key: str) -> None:
    with pytest.raises(RedashError, match=f'Write "{key}" in quotes'):
        web(version, f"environment:\n  {key}: 1")


def test_the_specification_takes_such_a_key_as_text() -> None:
    assert environment(web(None, "environment:\n  y: 1\n  12: 2")) == [("y", "1"), ("12", "2")]


def test_version_2_ignores_unknown_top_level_keys_and_more_documents() -> None:
    result = translated(V2 + "name: x\nx-a: {1: 2}\nservices: {web: {image: i}}\n---\nservices: {}\n")
    assert [definition["name"] for definition in result.request["containerDefinitions"]] == ["web"]
    assert "docker-compose.yml: only the first YAML document of the file is read" in result.warnings


def test_a_key_that_stands_twice_is_a_warning_in_version_2() -> None:
    result = translated(V2 + "services:\n  web:\n    image: i\n    image: j\n")
    assert result.request["containerDefinitions"][0]["image"] == "j"
    assert any("stands twice" in warning for warning in result.warnings)


def test_services_keep_the_order_of_the_file() -> None:
    assert list(containers(V2 + "services: {z: {image: i}, a: {image: i}, m: {image: i}}\n")) == ["z", "a", "m"]


# ---- files ---------------------------------------------------------------------------------------------


def project(files: dict[str, str], environ: dict[str, str] | None = None, names: list[str] | None = None) -> Any:
    return load_project(names or [], environ or {}, CWD, read_from(dict(files)))


def test_the_default_files_are_those_of_compose() -> None:
    services = "services: {web: {image: %s}}\n"
    assert project({"docker-compose.yml": services % "a"}).services["web"]["image"] == "a"
    assert project({"compose.yaml": services % "b", "docker-compose.yml": services % "a"}).services["web"]["image"] == "b"
    assert project({"docker-compose.yml": services % "a", "docker-compose.override.yml": services % "c"}).services["web"]["image"] == "c"
    assert project({"a.yml": services % "a", "b.yml": services % "b"}, {"COMPOSE_FILE": "a.yml:b.yml"}).services["web"]["image"] == "b"


def test_no_file_and_files_of_several_versions_are_refused() -> None:
    with pytest.raises(RedashError, match="no Compose file in /project"):
        project({})
    with pytest.raises(RedashError, match="there is no file a.yml"):
        project({}, names=["a.yml"])
    with pytest.raises(RedashError, match=r"b.yml:1: the file is of another Compose version than a.yml"):
        project({"a.yml": V2 + "services: {}\n", "b.yml": V3 + "services: {}\n"}, names=["a.yml", "b.yml"])


def test_a_file_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(RedashError, match="not UTF-8"):
        load_project(["a.yml"], {}, CWD, lambda path: b"\xff\xfe")


def test_the_family_is_the_project_name_or_the_directory() -> None:
    text = V2 + "services: {web: {image: i}}\n"
    assert translated(text, project_name="given").request["family"] == "given"
    assert translated(text, project_name="", environ={"COMPOSE_PROJECT_NAME": "shell"}).request["family"] == "shell"
    assert translated(text, project_name="").request["family"] == "project"
    assert translated("name: of-file\nservices: {web: {image: i}}\n", project_name="").request["family"] == "of-file"


# ---- variables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2", "3", None])
def test_variables_come_from_the_shell_then_from_dot_env(version: str | None) -> None:
    body = "hostname: ${BOTH}\nuser: ${DOT}\nworking_dir: a-$NONE-b"
    definition = web(version, body, files={".env": "BOTH=dot\nDOT=a=b\n"}, environ={"BOTH": "shell"})
    assert (definition["hostname"], definition["user"], definition["workingDirectory"]) == ("shell", "a=b", "a--b")


def test_an_unset_variable_is_a_warning_with_its_place() -> None:
    result = translated(V2 + "services:\n  web:\n    image: i:$TAG\n")
    assert result.warnings == ["docker-compose.yml:4: the variable TAG is not set; it becomes blank"]


def test_keys_and_env_files_are_not_interpolated() -> None:
    definition = web("2", "env_file: e\nlabels: {$A: x}", files={"e": "B=$A\n"}, environ={"A": "1"})
    assert environment(definition) == [("B", "$A")]
    assert definition["dockerLabels"] == {"$A": "x"}


def test_a_malformed_variable_is_refused_with_its_place() -> None:
    with pytest.raises(RedashError, match=r"docker-compose.yml:5: .*the variable NO is not set: say why. Give NO a value.$"):
        web("3", "hostname: ${NO:?say why}")
    with pytest.raises(RedashError, match=r"docker-compose.yml:6: .*starts no variable. Write \$\$"):
        web("2", "command:\n  - costs $5")


def test_a_malformed_dot_env_is_refused() -> None:
    with pytest.raises(RedashError, match=r"\.env:2: "):
        web("3", "hostname: h", files={".env": "A=1\nexport B=1\n"})


# ---- environment ---------------------------------------------------------------------------------------


def test_version_2_env_files_and_environment() -> None:
    body = "env_file: [a.env, b.env]\nenvironment:\n  C: from_environment\n  D:\n  FOOBAR: 1\n  E: ''"
    files = {"a.env": "A=a\nAB=a\nC=a\nD=a\nE=a\nFOO\nFO=a\n", "b.env": "AB=b\nB=b\nC=b\n"}
    assert sorted(environment(web("2", body, files=files))) == [
        ("A", "a"),
        ("AB", "b"),
        ("B", "b"),
        ("C", "from_environment"),
        ("D", ""),
        ("D", "a"),
        ("E", ""),
        ("FO", "a"),
        ("FOOBAR", "1"),
    ]


def test_version_3_env_files_and_environment() -> None:
    body = "env_file: [a.env, b.env]\nenvironment:\n  C: from_environment\n  D:\n  E: ''"
    files = {"a.env": "A=a\nAB=a\nC=a\nD=a\nE=a\nA=last\n", "b.env": "AB=b\nB=b\nC=b\n"}
    assert dict(environment(web("3", body, files=files))) == {"A": "last", "AB": "b", "B": "b", "C": "from_environment", "D": "", "E": ""}


@pytest.mark.parametrize("version", ["1", "2", "3"])
def test_an_empty_value_is_filled_from_the_shell(version: str) -> None:
    body = "environment: [A=1, B, C=, D=x=y, UNSET]"
    environ = {"A": "shell", "B": "shellB", "C": "shellC"}
    assert environment(web(version, body, environ=environ)) == [("A", "1"), ("B", "shellB"), ("C", "shellC"), ("D", "x=y"), ("UNSET", "")]


def test_version_2_sends_both_of_two_variables_of_one_name() -> None:
    assert environment(web("2", "environment: [A=1, A=2]")) == [("A", "1"), ("A", "2")]
    assert environment(web("3", "environment: [A=1, A=2]")) == [("A", "2")]


NUMBERS = "environment: {I: 4, F: 1.50, M: 1000000.0, O: 0755, H: 0x1F, U: 1_000, E: 1e3, D: 2021-02-04, T: 12:30:45, B: 'true'}"


def test_numbers_in_the_environment() -> None:
    common = {"I": "4", "F": "1.5", "O": "493", "H": "31", "U": "1000", "E": "1e3", "D": "2021-02-04", "T": "12:30:45", "B": "true"}
    assert dict(environment(web("2", NUMBERS))) == {**common, "M": "1000000"}
    assert dict(environment(web("3", NUMBERS))) == {**common, "M": "1e+06"}


@pytest.mark.parametrize("version", ["1", "2", "3", None])
@pytest.mark.parametrize("body", ["environment: {A: true}", "environment:", "environment: 5", "environment: [5]", "environment: {A: [1]}"])
def test_what_is_no_environment_is_refused(version: str | None, body: str) -> None:
    if version is None and body == "environment: {A: true}":  # the Specification takes every scalar as text
        assert web(version, body)["environment"] == [{"name": "A", "value": "true"}]
        return
    with pytest.raises(RedashError, match="environment is"):
        web(version, body)


@pytest.mark.parametrize("version", ["1", "2", "3"])
def test_a_list_that_repeats_itself_is_refused(version: str) -> None:
    with pytest.raises(RedashError, match="environment has 'A=1' twice"):
        web(version, "environment: [A=1, A=1]")


def test_an_env_file_that_is_not_there_is_named_with_the_place_that_asks_for_it() -> None:
    with pytest.raises(RedashError, match=r"docker-compose.yml:5: there is no file e"):
        web("2", "env_file: e")


def test_an_env_file_lies_beside_its_compose_file() -> None:
    files = {"sub/dc.yml": V2 + "services: {web: {image: i, env_file: e}}\n", "sub/e": "A=1\n"}
    loaded = load_project(["sub/dc.yml"], {}, CWD, read_from(dict(files)))
    assert list(loaded.services["web"]["environment"]) == ["A=1"]


def test_the_specification_reads_env_files_with_quotes_and_options() -> None:
    body = """
env_file:
  - a.env
  - {path: absent.env, required: false}
  - {path: raw.env, format: raw}
environment: [FROM_SHELL, GONE, E=]
"""
    files = {"a.env": 'A="quoted" # comment\nB=$SHELL_B\n', "raw.env": 'R="kept"\n'}
    definition = web(None, body, files=files, environ={"FROM_SHELL": "s", "SHELL_B": "b", "E": "not used"})
    assert environment(definition) == [("A", "quoted"), ("B", "b"), ("R", '"kept"'), ("FROM_SHELL", "s"), ("E", "")]


def test_the_specification_wants_a_required_env_file() -> None:
    with pytest.raises(RedashError, match=r"there is no file absent.env"):
        web(None, "env_file: [{path: absent.env}]")


# ---- extends and merging -------------------------------------------------------------------------------


def test_extends_in_one_file() -> None:
    result = containers(
        V2
        + """
services:
  base: {image: i, environment: {A: 1, B: 1}, ports: ["1:1"], command: [a]}
  web: {extends: base, environment: {B: 2}, ports: ["2:2"], command: [b]}
"""
    )
    assert dict(environment(result["web"])) == {"A": "1", "B": "2"}
    assert [port["hostPort"] for port in result["web"]["portMappings"]] == [1, 2]
    assert result["web"]["command"] == ["b"]
    assert dict(environment(result["base"])) == {"A": "1", "B": "1"}


@pytest.mark.parametrize("version", ["", V2])
def test_extends_from_another_file(version: str) -> None:
    files = {
        "docker-compose.yml": version + "services:\n  web:\n    extends: {file: sub/base.yml, service: base}\n    environment: {B: 2}\n",
        "sub/base.yml": version + "services:\n  base: {image: $IMAGE, env_file: e, environment: {B: 1}}\n",
        "sub/e": "A=1\n",
    }
    result = containers(str(files.pop("docker-compose.yml")), files=dict(files), environ={"IMAGE": "i"})
    assert dict(environment(result["web"])) == {"A": "1", "B": "2"}
    assert result["web"]["image"] == "i"


@pytest.mark.parametrize(
    ("services", "message"),
    [
        ("a: {image: i, extends: b}\n  b: {image: i, extends: a}", "extends itself"),
        ("a: {image: i, extends: none}", "there is no service none to extend"),
        ("a: {image: i, extends: {file: none.yml, service: x}}", "there is no file none.yml"),
        ("a: {image: i, extends: {file: x.yml}}", "extends names no service"),
        ("a: {image: i, links: [b]}\n  b: {image: i, extends: a}", "because it has links"),
    ],
)
def test_extends_that_cannot_be(services: str, message: str) -> None:
    with pytest.raises(RedashError, match=message):
        translated(V2 + f"services:\n  {services}\n")


def merged(version: str, first: str, second: str, **kwargs: Any) -> dict[str, Any]:
    texts = [f"{version}services:\n  web: {{image: i, {body}}}\n" for body in (first, second)]
    return containers(texts, **kwargs)["web"]


def test_version_2_appends_lists_and_keeps_the_base_environment() -> None:
    assert [port["hostPort"] for port in merged(V2, 'ports: ["1:1"]', 'ports: ["2:2"]')["portMappings"]] == [1, 2]
    assert environment(merged(V2, "environment: [A=1]", "environment: [A=2, B=2]")) == [("A", "1"), ("A", "2"), ("B", "2")]
    # ecs-cli would drop A here.
    assert dict(environment(merged(V2, "environment: {A: 1, B: 1}", "environment: {B: 2}"))) == {"A": "1", "B": "2"}
    # ecs-cli would send ["a", "b"].
    assert merged(V2, "command: [a]", "command: [b]")["command"] == ["b"]
    assert merged(V2, "labels: {a: x, b: x}", "labels: [b=y]")["dockerLabels"] == {"a": "x", "b": "y"}
    assert merged(V2, "dns: 1.1.1.1", "dns: [2.2.2.2]")["dnsServers"] == ["1.1.1.1", "2.2.2.2"]


@pytest.mark.parametrize("version", [V3, ""])
def test_version_3_and_the_specification_merge(version: str) -> None:
    assert dict(environment(merged(version, "environment: {A: 1, B: 1}", "environment: [B=2]"))) == {"A": "1", "B": "2"}
    assert merged(version, "command: [a]", "command: [b]")["command"] == ["b"]
    assert merged(version, "labels: {a: x, b: x}", "labels: [b=y]")["dockerLabels"] == {"a": "x", "b": "y"}
    options = merged(version, "logging: {driver: awslogs, options: {a: 1, b: 1}}", "logging: {options: {b: 2}}")["logConfiguration"]
    assert options == {"logDriver": "awslogs", "options": {"a": "1", "b": "2"}}
    other = merged(version, "logging: {driver: awslogs, options: {a: 1}}", "logging: {driver: splunk, options: {b: 2}}")["logConfiguration"]
    assert other == {"logDriver": "splunk", "options": {"b": "2"}}


def test_an_override_file_may_add_a_service_and_an_env_file() -> None:
    texts = [V3 + "services:\n  a: {image: i, env_file: a.env}\n", V3 + "services:\n  a: {env_file: b.env}\n  b: {image: j}\n"]
    result = containers(texts, files={"a.env": "A=1\nB=1\n", "b.env": "B=2\n"})
    assert dict(environment(result["a"])) == {"A": "1", "B": "2"}
    assert result["b"]["image"] == "j"


def test_the_specification_resets_and_overrides() -> None:
    assert "portMappings" not in merged("", 'ports: ["1:1"]', "ports: !reset []")
    assert [port["hostPort"] for port in merged("", 'ports: ["1:1"]', 'ports: !override ["2:2"]')["portMappings"]] == [2]
    assert "hostname" not in merged("", "hostname: h", "hostname: !reset null")
    assert "hostname" not in containers("services: {web: {image: i, hostname: !reset null}}\n")["web"]


def test_the_specification_merges_volumes_by_target() -> None:
    texts = [
        "services: {web: {image: i, volumes: ['a:/x', 'a:/y']}}\nvolumes: {a: , b: }\n",
        "services: {web: {volumes: ['b:/x']}}\n",
    ]
    mounts = containers(texts)["web"]["mountPoints"]
    assert [(mount["sourceVolume"], mount["containerPath"]) for mount in mounts] == [("b", "/x"), ("a", "/y")]


def test_services_of_a_profile_take_part_only_when_it_is_active() -> None:
    text = "services:\n  a: {image: i}\n  b: {image: i, profiles: [debug]}\n"
    assert list(containers(text)) == ["a"]
    assert list(containers(text, environ={"COMPOSE_PROFILES": "x, debug"})) == ["a", "b"]
    assert list(containers(text, environ={"COMPOSE_PROFILES": "*"})) == ["a", "b"]


def test_version_3_orders_ports_that_it_merges_and_keeps_the_order_of_volumes() -> None:
    definition = merged(V3, 'ports: ["9:9", "5:5", "80"], volumes: [/z, /a]', 'ports: ["7:7", "5:6"], volumes: [/m]')
    assert [(port["hostPort"], port["containerPort"]) for port in definition["portMappings"]] == [(0, 80), (5, 6), (7, 7), (9, 9)]
    assert [mount["containerPath"] for mount in definition["mountPoints"]] == ["/z", "/a", "/m"]


@pytest.mark.parametrize(
    ("bodies", "ports"),
    [
        (('ports: ["9:9", "5:5"]', "user: u"), [5, 9]),
        (("user: u", 'ports: ["9:9", "5:5"]'), [9, 5]),
        (("user: u", 'ports: ["9:9", "5:5"]', "hostname: h"), [5, 9]),
    ],
)
def test_version_3_orders_ports_as_soon_as_a_file_follows_theirs(bodies: tuple[str, ...], ports: list[int]) -> None:
    files = [f'version: "3"\nservices: {{web: {{image: i, volumes: ["/z:/z", "/a:/a"], {body}}}}}\n' for body in bodies]
    files[1:] = [text.replace(' volumes: ["/z:/z", "/a:/a"],', "") for text in files[1:]]
    definition = containers(files)["web"]
    assert [port["hostPort"] for port in definition["portMappings"]] == ports
    assert [mount["containerPath"] for mount in definition["mountPoints"]] == ["/z", "/a"]


@pytest.mark.parametrize("version", ["3", None])
def test_a_variable_becomes_a_boolean_or_number_where_one_is_wanted(version: str | None) -> None:
    body = """
privileged: $YES
tty: ${NO}
ulimits: {nofile: {soft: $N, hard: '$N'}, nproc: $N}
healthcheck: {test: a, retries: $N}
hostname: $N
"""
    definition = web(version, body, environ={"YES": "true", "NO": "off", "N": "7"})
    assert definition["privileged"] is True
    assert "pseudoTerminal" not in definition
    assert [limit["softLimit"] for limit in definition["ulimits"]] == [7, 7]
    assert definition["healthCheck"]["retries"] == 7
    assert definition["hostname"] == "7"


def test_version_2_casts_no_variable() -> None:
    with pytest.raises(RedashError, match="privileged is 'true', not true or false"):
        web("2", "privileged: $YES", environ={"YES": "true"})


def test_version_3_wants_no_image() -> None:
    assert containers(V3 + "services: {web: {command: x}}\n")["web"]["image"] == ""


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no Compose file in /project. Create docker-compose.yml or name the file."),
        ({"compose.yaml": "[a]"}, "compose.yaml:1: the file is not a map of keys. Write services: and the services below it."),
        ({"compose.yaml": "\nversion: 9\n"}, 'compose.yaml:2: unknown Compose version 9. Remove the version line, or write version: "3".'),
        (
            {"compose.yaml": "services: {}\n---\na: b\n"},
            "compose.yaml: the file holds more than one YAML document. Remove the line --- or make two files of it.",
        ),
        (
            {"compose.yaml": "services:\n  a: {user: u,\n    user: v}\n"},
            "compose.yaml:3: services.a.user stands twice (first in compose.yaml:2). Remove one of the two.",
        ),
        ({"compose.yaml": "services: {}\nfoo: 1\n"}, "compose.yaml:2: unknown top-level key foo. Remove it."),
        (
            {"compose.yaml": "services: {}\ninclude: [a]\n"},
            "compose.yaml:2: include is not supported. Name the included files beside this one.",
        ),
        ({"compose.yaml": "services: {}\nvolumes: [a]\n"}, "compose.yaml:2: volumes is not a map. Write one key per entry below it."),
        ({"compose.yaml": "services: {}\nsecrets: [a]\n"}, "compose.yaml:2: secrets is not a map. Write one key per entry below it."),
        ({"compose.yaml": "services: {}\n", ".env": "A=1\n=x\n"}, ".env:2: '' is not a variable name. Correct the line."),
        (
            {"compose.yaml": "services:\n  a:\n    user: $5\n"},
            "compose.yaml:3: '$5' has a $ that starts no variable. Write $$ for a dollar sign.",
        ),
        (
            {"compose.yaml": "services:\n  a:\n    extends: {file: b.yml}\n"},
            "compose.yaml:3: extends names no service. Write extends: {service: NAME}, with file: if it is in another file.",
        ),
        (
            {"compose.yaml": "services:\n  a:\n    extends: {file: b.yml, service: c}\n", "b.yml": "services: {d: {image: i}}\n"},
            "compose.yaml:3: there is no service c to extend in b.yml. Correct the name.",
        ),
        (
            {"compose.yaml": "services:\n  a:\n    extends: {file: b.yml, service: c}\n", "b.yml": "[c]\n"},
            "b.yml:1: the file is not a map of keys. Write services: and the services below it.",
        ),
        (
            {"compose.yaml": "services:\n  a:\n    extends: b\n  b:\n    extends: a\n"},
            "compose.yaml:3: service b extends itself. Break the circle.",
        ),
        (
            {"compose.yaml": "services:\n  a:\n    env_file:\n      - e\n      - {required: true}\n"},
            "compose.yaml:5: an entry of env_file is neither a path nor {path, required}. Write a path.",
        ),
        (
            {"compose.yaml": "version: '2'\nservices:\n  a: {image: i, links: [c]}\n  b:\n    extends: a\n"},
            "compose.yaml:5: service a can't be extended, because it has links. Move links out of it.",
        ),
        (
            {"compose.yaml": "version: '3'\nservices:\n  a:\n    env_file: e\n", "e": "A=1\nB C=1\n"},
            "e:2: the variable name 'B C' holds white space. Correct the line.",
        ),
    ],
)
def test_what_a_project_can_not_be_is_said_whole(files: dict[str, str], message: str) -> None:
    with pytest.raises(RedashError) as caught:
        project(files)
    assert str(caught.value) == message
