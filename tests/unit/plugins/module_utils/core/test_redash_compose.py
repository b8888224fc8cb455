# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading the official compose file: what cannot go to ECS is said, and nothing is lost without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.redash_compose import Source, looks_secret, parse_source, refers_to
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES, release

FIXTURES = Path(__file__).parents[3] / "fixtures" / "redash_compose"


def parse(text: str, own_names: tuple[str, ...] = ()) -> Source:
    return parse_source(text, "compose.yml", release("25.8.0"), own_names)


def problems(text: str, own_names: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(RedashError) as caught:
        parse(text, own_names)
    return [str(problem) for problem in caught.value.problems]


def service(**keys: str) -> str:
    """A compose file with one server, plus ``keys`` as flow YAML."""
    given = {"image": "redash/redash:__TAG__", "command": "server", **keys}
    return "services:\n  server:\n" + "".join(f"    {key}: {value}\n" for key, value in given.items())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "compose.yml: is not a compose file: there is no mapping at its top"),
        ("- a", "compose.yml: is not a compose file: there is no mapping at its top"),
        ("services: {}", "compose.yml: has no services"),
        ("services: [a]", "compose.yml: has no services"),
        ("x-only: {}", "compose.yml: has no services"),
        ("services:\n  server: up", "compose.yml: services.server: is not a service"),
        ("a: b\n  c: d", "compose.yml:2: is not YAML: mapping values are not allowed in this context"),
        ("a: *b", "compose.yml:1: is not YAML: found undefined alias"),
        ("a: !!python/object:os.system x", "compose.yml:1: is not YAML: could not determine a constructor"),
        ("\x00", "compose.yml: is not YAML: ReaderError: "),
    ],
)
def test_what_is_no_compose_file_is_refused_in_one_line(text: str, line: str) -> None:
    (said,) = problems(text)
    assert said.startswith(line)


@pytest.mark.parametrize("words", ["server", '"server"', "[server]", '["server"]', "'server'"])
def test_a_command_is_read_in_each_of_its_forms(words: str) -> None:
    assert parse(service(command=words)).services[0].service.command == "server"


def test_without_a_command_redashs_image_is_a_server_and_any_other_is_not_redashs() -> None:
    assert parse("services: {web: {image: registry:5000/redash/redash:1}}").services[0].service.command == "server"
    (said,) = problems("services: {mail: {image: maildev/maildev}}")
    assert said == (
        "compose.yml: services.mail: command '' of image 'maildev/maildev' is neither server, scheduler nor worker. "
        "What is not Redash's goes into a file of your own (redash_compose_overrides)."
    )


@pytest.mark.parametrize("words", ["celery_worker", "server --debug", "dev_server", "[manage, version]", '"server', "{a: b}"])
def test_a_command_whose_queues_are_not_known_is_refused(words: str) -> None:
    if words == '"server':
        words = "'\"server'"
    (said,) = problems(service(command=words))
    assert said.startswith("compose.yml: services.server: command ")


def test_what_has_no_place_on_ecs_is_refused_by_name() -> None:
    assert problems(service(privileged="true", volumes="[data:/data, /host:/host, ./here:/here]")) == [
        "compose.yml: services.server: privileged is not carried over to ECS. Put it into a file of your own (redash_compose_overrides).",
        "compose.yml: services.server: volume 'data:/data' is no folder of the host, and is not carried over to ECS. "
        "Put it into a file of your own (redash_compose_overrides).",
    ]


def test_a_secret_in_the_file_is_refused_unless_the_store_has_it() -> None:
    text = service(environment="{REDASH_COOKIE_SECRET: hunter2}")
    (said,) = problems(text)
    assert said == (
        "compose.yml: services.server.environment: REDASH_COOKIE_SECRET is a secret and does not belong into a file. "
        "Put it into Parameter Store (redash_ssm_secrets)."
    )
    assert parse(text, ("REDASH_COOKIE_SECRET",)).services[0].environment == {}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("{A: 1, B: true, C: 0755, D: 22:22, E: 1e3, F: off}", {"A": "1", "B": "true", "C": "0755", "D": "22:22", "E": "1e3", "F": "off"}),
        ("[A=1, 'B=x=y']", {"A": "1", "B": "x=y"}),
        ("{A: '', B: null, C: ~, D: 1}", {"D": "1"}),
        ("[A=, B, C=1]", {"C": "1"}),
        ("", {}),
    ],
)
def test_values_stay_the_text_that_stands_in_the_file_and_empty_ones_go(environment: str, expected: dict[str, str]) -> None:
    assert parse(service(environment=environment)).services[0].environment == expected


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ("text", "services.server: environment is neither a map nor a list"),
        ("{A B: 1}", "services.server.environment: 'A B' is not the name of an environment variable"),
        ("{A: [1]}", "services.server.environment: A is not a text"),
        ("{REDASH_WEB_WORKERS: four}", "services.server.environment: REDASH_WEB_WORKERS 'four' is not a number of processes"),
        ("{REDASH_WEB_WORKERS: 0}", "services.server.environment: REDASH_WEB_WORKERS '0' is not a number of processes"),
    ],
)
def test_an_environment_that_cannot_be_read_is_refused(environment: str, line: str) -> None:
    (said,) = problems(service(environment=environment))
    assert line in said


def test_queues_with_a_variable_in_them_are_refused_since_they_cannot_be_checked() -> None:
    (said,) = problems("services: {w: {image: redash/redash:1, command: worker, environment: {QUEUES: '${QUEUES}'}}}")
    assert "QUEUES must be written out" in said


def test_images_that_differ_or_hold_a_variable_are_refused() -> None:
    (said,) = problems("services: {a: {image: redash/redash:1}, b: {image: redash/redash:2, command: worker}}")
    assert (
        said
        == "compose.yml: Redash's services have different images (redash/redash:1, redash/redash:2). Give the one to run as redash_image."
    )
    (said,) = problems("services: {a: {image: 'redash/redash:${TAG}'}}")
    assert "image redash/redash:${TAG} has a variable in it" in said


def test_a_dependency_on_nothing_is_refused() -> None:
    assert len(problems(service(depends_on="[nobody]"))) == 1
    assert len(problems(service(depends_on="{server: {condition: whenever}}"))) == 1
    assert len(problems(service(depends_on="postgres"))) == 1


def test_a_file_far_beyond_any_compose_file_is_refused() -> None:
    (said,) = problems("a: " + "x" * 300_000)
    assert "more than any compose file" in said


def test_aliases_that_stand_for_billions_do_not_stop_the_world() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    assert len(problems("\n".join(lines))) > 0


@pytest.mark.parametrize(
    ("value", "refers"),
    [
        ("redis://redis:6379/0", True),
        ("rediss://:secret@redis/0", True),
        ("postgresql://redash@redis", True),
        ("redis://redis.example.com:6379/0", False),
        ("redis", False),
        ("https://example.com/redis", False),
    ],
)
def test_a_reference_to_a_service_is_told_by_the_host_of_its_url(value: str, refers: bool) -> None:
    assert refers_to(value, {"redis"}) is refers


def test_a_secret_is_told_by_its_name_or_by_a_password_in_its_url() -> None:
    assert looks_secret("REDASH_SECRET_KEY", "x")
    assert looks_secret("PROXY", "http://me:hunter2@proxy.example.com")
    assert not looks_secret("PROXY", "http://me@proxy.example.com:3128")
    assert not looks_secret("REDASH_SECRETARY", "x")


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12))
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3))
)
KEYS = st.sampled_from(["image", "command", "environment", "depends_on", "volumes", "env_file", "ports", "restart", "x", "<<"])


@given(
    version=st.sampled_from(list(RELEASES)),
    services=st.dictionaries(st.sampled_from(["server", "scheduler", "worker", "redis", "a b", ""]), st.dictionaries(KEYS, VALUES)),
)
def test_whatever_is_in_a_service_there_is_a_source_or_one_of_our_errors(version: str, services: dict[str, object]) -> None:
    import json

    try:
        parse_source(json.dumps({"services": services}), "compose.yml", release(version), ())
    except RedashError as error:
        assert all("\n" not in str(problem) for problem in error.problems)


@given(text=st.text())
def test_whatever_the_text_is_there_is_a_source_or_one_of_our_errors(text: str) -> None:
    try:
        parse(text)
    except RedashError as error:
        assert error.problems


@given(data=st.data())
def test_an_official_file_cut_or_changed_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    text = (FIXTURES / "19-rq-tag.yml").read_text()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    changed = text[:start] + data.draw(st.text(alphabet="&*<>:{}[]|-!'\"\n \t#%@`$ax", max_size=10)) + text[end:]
    try:
        parse(changed)
    except RedashError as error:
        assert error.problems
