# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading the official compose file: what cannot go to ECS is said, and nothing is lost without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.redash_compose import (
    LEFT_OUT,
    REPLACED,
    Source,
    load_yaml,
    parse_source,
    refers_to,
    split_queues,
)
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


COUNT = "Write a number from 1 to 999."


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ("text", "services.server: environment is neither a map nor a list"),
        ("{A B: 1}", "services.server.environment: 'A B' is not the name of an environment variable"),
        ("{1A: 1}", "services.server.environment: '1A' is not the name of an environment variable"),
        ("[=1]", "services.server.environment: '' is not the name of an environment variable"),
        ("{A: [1]}", "services.server.environment: A is not a text"),
        ("{REDASH_WEB_WORKERS: four}", f"services.server.environment: REDASH_WEB_WORKERS 'four' is not a number of processes. {COUNT}"),
        ("{REDASH_WEB_WORKERS: 0}", f"services.server.environment: REDASH_WEB_WORKERS '0' is not a number of processes. {COUNT}"),
        ("{REDASH_WEB_WORKERS: 1000}", f"services.server.environment: REDASH_WEB_WORKERS '1000' is not a number of processes. {COUNT}"),
    ],
)
def test_an_environment_that_cannot_be_read_is_refused(environment: str, line: str) -> None:
    assert problems(service(environment=environment)) == [f"compose.yml: {line}"]


def test_queues_with_a_variable_in_them_are_refused_since_they_cannot_be_checked() -> None:
    assert problems("services: {w: {image: redash/redash:1, command: worker, environment: {QUEUES: '${QUEUES}'}}}") == [
        "compose.yml: services.w.environment: QUEUES must be written out: it is checked that each queue has a worker"
    ]


def test_images_that_differ_or_hold_a_variable_are_refused() -> None:
    (said,) = problems("services: {a: {image: redash/redash:1}, b: {image: redash/redash:2, command: worker}}")
    assert (
        said
        == "compose.yml: Redash's services have different images (redash/redash:1, redash/redash:2). Give the one to run as redash_image."
    )
    assert problems("services: {a: {image: 'redash/redash:${TAG}'}}") == [
        "compose.yml: image redash/redash:${TAG} has a variable in it. Write it out, or set redash_image."
    ]


@pytest.mark.parametrize(
    ("images", "image"),
    [
        (("redash/redash:__TAG__", "redash/redash:25.8.0"), "redash/redash:25.8.0"),
        (("acme/redash:main", "acme/redash:main"), "acme/redash:main"),
        (("''", "acme/redash:main"), "acme/redash:main"),
        (("''", "''"), None),
    ],
)
def test_the_image_of_a_file_is_the_one_of_all_its_services(images: tuple[str, str], image: str | None) -> None:
    one, two = images
    assert parse(f"services: {{a: {{image: {one}, command: server}}, b: {{image: {two}, command: worker}}}}").image == image


@pytest.mark.parametrize(
    ("depends_on", "name"),
    [
        ("[nobody]", "'nobody'"),
        ("[[a]]", "['a']"),
        ("{nobody: {condition: service_started}}", "'nobody'"),
        ("{server: {condition: whenever}}", "'server'"),
        ("{server: x}", "'server'"),
        ("postgres", "'postgres'"),
        ("server", "'server'"),
    ],
)
def test_a_dependency_on_nothing_is_refused(depends_on: str, name: str) -> None:
    assert problems(service(depends_on=depends_on)) == [
        f"compose.yml: services.server: depends_on {name} is no service, or has no condition that Compose knows"
    ]


@pytest.mark.parametrize(
    ("depends_on", "kept"),
    [
        ("[w, cache]", (("w", "START"),)),
        ("[cache, w]", (("w", "START"),)),
        ("''", ()),
        ("[]", ()),
        ("{cache: {condition: service_healthy}, w: {}}", (("w", "START"),)),
        ("{w: {condition: service_started}}", (("w", "START"),)),
        ("{w: {condition: service_healthy}}", (("w", "HEALTHY"),)),
        ("{w: {condition: service_completed_successfully}}", (("w", "SUCCESS"),)),
    ],
)
def test_a_dependency_stays_unless_aws_replaces_it(depends_on: str, kept: tuple[tuple[str, str], ...]) -> None:
    text = service(depends_on=depends_on) + "  w: {image: redash/redash:__TAG__, command: worker}\n  cache: {image: redis:7}\n"
    assert parse(text).services[0].service.depends_on == kept


@pytest.mark.parametrize(("count", "refused"), [(256 * 1024, False), (256 * 1024 + 1, True)])
def test_a_file_far_beyond_any_compose_file_is_refused(count: int, refused: bool) -> None:
    text = "a: " + "x" * (count - 3)
    if not refused:
        assert load_yaml(text, "compose.yml") == {"a": "x" * (count - 3)}
        return
    assert problems(text) == ["compose.yml: has 262145 characters, more than any compose file of Redash's"]


@pytest.mark.parametrize("key", sorted(LEFT_OUT))
def test_each_key_that_means_nothing_on_fargate_is_left_out_and_said(key: str) -> None:
    assert parse(service(**{key: "x"})).left_out == (f"{key} of every service ({LEFT_OUT[key]})",)


@pytest.mark.parametrize("key", ["build", "cap_add", "deploy", "devices", "entrypoint", "privileged", "secrets", "tmpfs", "user", "XX"])
def test_each_other_key_is_refused(key: str) -> None:
    assert problems(service(**{key: "x"})) == [
        f"compose.yml: services.server: {key} is not carried over to ECS. Put it into a file of your own (redash_compose_overrides)."
    ]


def test_ports_and_what_only_some_services_have_are_told_apart() -> None:
    text = service(ports="['80:5000']", restart="always", volumes="[./a:/a]") + (
        "  w: {image: redash/redash:__TAG__, command: worker, restart: always, links: [server]}\n"
        "  v: {image: redash/redash:__TAG__, command: worker, links: [server]}\n"
    )
    assert parse(text).left_out == (
        "links of w, v (the containers of a task share one network)",
        "restart of server, w (the ECS service replaces what stops)",
        "volumes of server (a Fargate task has no host whose folders it could mount)",
    )


@pytest.mark.parametrize(
    ("image", "instead"),
    [
        ("postgres:16", "Aurora PostgreSQL"),
        ("bitnami/postgresql", "Aurora PostgreSQL"),
        ("pgautoupgrade/pgautoupgrade:latest", "Aurora PostgreSQL"),
        ("redis", "ElastiCache"),
        ("registry:5000/valkey/valkey:8@sha256:0a", "ElastiCache"),
        ("redash/nginx:latest", "the load balancer"),
    ],
)
def test_what_aws_replaces_is_told_by_its_image(image: str, instead: str) -> None:
    assert set(REPLACED.values()) == {"Aurora PostgreSQL", "ElastiCache", "the load balancer"}
    assert parse(service() + f"  other: {{image: '{image}', x: y}}\n").left_out == (f"other ({instead} instead)",)


@pytest.mark.parametrize("volume", ["/a:/b", "./a:/b", "../a:/b", "~/a:/b", "{type: bind, source: /a, target: /b}"])
def test_a_folder_of_the_host_is_left_out(volume: str) -> None:
    assert parse(service(volumes=f"[{volume}]")).left_out == (
        "volumes of every service (a Fargate task has no host whose folders it could mount)",
    )


@pytest.mark.parametrize(
    ("volumes", "named"),
    [("[data:/b]", "'data:/b'"), ("[{source: data}]", "{'source': 'data'}"), ("[{type: tmpfs}]", "{'type': 'tmpfs'}"), ("data", "'data'")],
)
def test_a_volume_that_is_no_folder_of_the_host_is_refused(volumes: str, named: str) -> None:
    assert problems(service(volumes=volumes)) == [
        f"compose.yml: services.server: volume {named} is no folder of the host, and is not carried over to ECS. "
        "Put it into a file of your own (redash_compose_overrides)."
    ]


@pytest.mark.parametrize(
    ("version", "command", "environment", "queues", "processes"),
    [
        ("25.8.0", "server", "{}", (), 4),
        ("25.8.0", "server", "{REDASH_WEB_WORKERS: 999, WORKERS_COUNT: 7}", (), 999),
        ("25.8.0", "scheduler", "{QUEUES: a, WORKERS_COUNT: 3}", (), 1),
        ("25.8.0", "worker", "{}", release("25.8.0").queues, 2),
        ("25.8.0", "worker", "{QUEUES: 'a b', WORKERS_COUNT: 3}", ("a", "b"), 3),
        ("8.0.0", "scheduler", "{}", ("celery",), 1),
        ("8.0.0", "scheduler", "{QUEUES: 'celery,a', WORKERS_COUNT: 2}", ("celery", "a"), 2),
        ("8.0.0", "worker", "{}", release("8.0.0").queues, 2),
    ],
)
def test_queues_and_processes_are_the_files_or_what_the_entrypoint_takes(
    version: str, command: str, environment: str, queues: tuple[str, ...], processes: int
) -> None:
    found = parse_source(service(command=command, environment=environment), "compose.yml", release(version), ()).services[0]
    assert (found.service.queues, found.service.processes, dict(found.environment)) == (queues, processes, {})


def test_the_queues_of_rqs_scheduler_are_remembered_for_a_hint() -> None:
    text = service(command="scheduler", environment="{QUEUES: 'celery,a'}")
    assert parse(text).scheduler_queues == ("celery", "a")
    assert parse_source(text, "compose.yml", release("8.0.0"), ()).scheduler_queues == ()
    assert parse(service(environment="{QUEUES: a}")).scheduler_queues == ()


@pytest.mark.parametrize(
    ("text", "queues"), [("a,b", ("a", "b")), ("a b", ("a", "b")), (" a, b,,a ", ("a", "b")), ("", ()), ("a-b", ("a-b",))]
)
def test_queues_are_separated_by_commas_or_blanks(text: str, queues: tuple[str, ...]) -> None:
    assert split_queues(text) == queues


def test_a_file_of_version_1_has_its_services_at_the_top_and_is_told_so() -> None:
    assert [found.service.name for found in parse("x-a: {b: c}\nweb: {image: redash/redash:__TAG__}\n").services] == ["web"]
    assert problems("web: {image: redash/redash:__TAG__, user: x}") == [
        "compose.yml: web: user is not carried over to ECS. Put it into a file of your own (redash_compose_overrides)."
    ]


def test_everything_that_is_wrong_with_a_file_is_said_at_once() -> None:
    text = "services: {a: up, b: {image: mail, command: x}, c: {image: redash/redash:1, user: u}, d: {image: redash/redash:1, user: u}}"
    assert [line.partition(": services.")[2].partition(":")[0] for line in problems(text)] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("server --debug", "'server --debug'"),
        ("[manage, version]", "'manage version'"),
        ("celery_worker", "'celery_worker'"),
    ],
)
def test_a_command_that_is_not_redashs_is_named(command: str, said: str) -> None:
    assert problems(service(command=command)) == [
        f"compose.yml: services.server: command {said} of image 'redash/redash:__TAG__' is neither server, scheduler nor worker. "
        "What is not Redash's goes into a file of your own (redash_compose_overrides)."
    ]


def test_a_command_that_cannot_be_split_is_named() -> None:
    assert problems(service(command="'\"server'")) == [
        "compose.yml: services.server: command '\"server' cannot be split into words: No closing quotation"
    ]


def test_variables_that_point_to_what_aws_replaces_or_are_set_otherwise_go_and_all_others_stay() -> None:
    variables = "{R: 'redis://cache/0', A: 1, QUEUES: q, B: 2, MINE: 3, C: 'redis://other/0', D: 4}"
    text = service(environment=variables) + "  cache: {image: redis:7}\n"
    assert parse(text, ("MINE",)).services[0].environment == {"A": "1", "B": "2", "C": "redis://other/0", "D": "4"}


def test_every_secret_of_a_file_is_said() -> None:
    lines = problems(service(environment="{A_TOKEN: x, A: 1, B_TOKEN: y}"))
    assert [line.partition(".environment: ")[2].partition(" ")[0] for line in lines] == ["A_TOKEN", "B_TOKEN"]


def test_the_queues_of_every_scheduler_are_remembered() -> None:
    body = "{image: redash/redash:__TAG__, command: scheduler, environment: {QUEUES: %s}}"
    assert parse(f"services: {{s: {body % 'a'}, t: {body % 'b'}}}").scheduler_queues == ("a", "b")


def test_the_image_of_another_release_is_refused_with_both_ways_out() -> None:
    assert problems(service(image="redash/redash:26.3.0")) == [
        "compose.yml: the file runs redash/redash:26.3.0, but Redash 25.8.0 is asked for. "
        "Set redash_version to 26.3.0, or take the compose file of 25.8.0."
    ]


@pytest.mark.parametrize("tag", ["25.5.0", "26.9.0", "25.8.1-acme", "8.0.0.b32245", "10.1.0.b50633"])
def test_the_image_of_a_release_that_no_table_knows_is_refused_as_well(tag: str) -> None:
    (line,) = problems(service(image=f"registry.example.com/redash:{tag}"))
    assert f"the file runs registry.example.com/redash:{tag}, but Redash 25.8.0 is asked for" in line


@pytest.mark.parametrize("tag", ["25.8.0", "25.8.0-acme1", "latest", "1.0.4", "__TAG__"])
def test_an_image_of_the_release_or_of_one_s_own_numbering_is_taken(tag: str) -> None:
    assert (
        parse(service(image=f"registry.example.com/redash:{tag}")).image
        == f"registry.example.com/redash:{tag.replace('__TAG__', '25.8.0')}"
    )


def test_what_a_file_does_not_say_is_left_to_the_release() -> None:
    source = parse("services: {a: {command: scheduler}}")
    assert (source.image, source.scheduler_queues, source.left_out) == (None, (), ())


def test_a_service_without_image_and_command_is_refused() -> None:
    (line,) = problems("services: {a: {command: x}}")
    assert line.startswith("compose.yml: services.a: command 'x' of image '' is neither")


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
