# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Releases that the table lacks: as a person gives them, as an image tells them, as they are expected."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.redash.ecs.plugins.module_utils.core import given_releases
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.given_releases import FACTS, expected, known, learnt, read, right_image, told
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES

QUEUES = ["periodic", "emails", "default", "scheduled_queries", "queries", "schemas"]
# What facts.py says in an image that differs in nothing from 26.3.0.
SEEN: dict[str, Any] = {
    "version": "26.9.0",
    "alembic_head": "db0aca1ebd32",
    "entrypoint": ["worker", "server", "scheduler", "create_db", "manage", "help"],
    "queue_system": "rq",
    "queues": QUEUES,
    "python": "3.13",
    "commands": {"send_test_mail": "send-test-mail", "check_settings": "check-settings"},
    "has_reencrypt": True,
    "create_tables_guarded": True,
    "curl": True,
    "rq": "1.16.1",
    "rq_scheduler": "0.13.1",
    "not_read": {},
}


def test_a_release_like_a_known_one_differs_in_version_and_image_alone() -> None:
    found, like = known("26.9.0", {"26.9.0": {"like": "26.3.0"}}), RELEASES["26.3.0"]
    assert (found.version, found.image) == ("26.9.0", "redash/redash:26.9.0")
    assert found.queues == like.queues
    assert found.services == like.services
    assert found.alembic_head == like.alembic_head


def test_facts_that_are_given_count_and_the_rest_is_the_newest_known_release_before_it() -> None:
    found = known("26.9.0", {"26.9.0": {"python": "3.14", "alembic_head": "0123456789ab", "rq_scheduler": "0.9.1", "curl": "false"}})
    assert (found.python, found.alembic_head, found.schedulers_may_overlap, found.curl) == ("3.14", "0123456789ab", False, False)
    assert found.queues == RELEASES["26.3.0"].queues
    assert known("25.5.0", {"25.5.0": {}}).alembic_head == RELEASES["25.1.0"].alembic_head


def test_a_new_queue_gets_a_worker_and_one_that_is_gone_loses_it() -> None:
    found = known("26.9.0", {"26.9.0": {"queues": ["periodic", "emails", "default", "scheduled_queries", "queries", "exports"]}})
    assert {queue for service in found.services for queue in service.queues} == set(found.queues)
    assert [service.queues for service in found.services if service.name == "worker"] == [("periodic", "emails", "default", "exports")]


def test_services_of_one_s_own_wait_for_their_server() -> None:
    services = [
        {"name": "web", "command": "server", "processes": 2},
        {"name": "clock", "command": "scheduler"},
        {"name": "all", "command": "worker", "queues": QUEUES, "processes": "3"},
    ]
    found = known("26.9.0", {"26.9.0": {"services": services}})
    assert [(one.name, one.processes, one.depends_on) for one in found.services] == [
        ("web", 2, ()),
        ("clock", 1, (("web", "START"),)),
        ("all", 3, (("web", "START"),)),
    ]


def test_a_person_s_word_counts_more_than_the_table() -> None:
    assert known("25.8.0", {"25.8.0": {"python": "3.11"}}).python == "3.11"
    assert known("25.8.0", {"25.8.0": {}}).image == RELEASES["25.8.0"].image


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"newest": {}}, "redash_releases: 'newest' is not a version of Redash. Write three numbers, such as 26.9.0."),
        ({26.9: {}}, "redash_releases: 26.9 is not a version of Redash. Write three numbers, such as 26.9.0."),
        (
            {"26.9.0": "26.3.0"},
            "redash_releases: 26.9.0: '26.3.0' is not a mapping of facts. Write {like: 26.3.0}, or facts by their names.",
        ),
        (
            {"26.9.0": {"like": "26.4.0"}},
            "redash_releases: 26.9.0.like: '26.4.0' is not a release of the table. Known: 5.0.0, 5.0.1, 5.0.2, 6.0.0,"
            " 7.0.0, 8.0.0, 9.0.0-beta, 10.0.0, 10.1.0, 25.1.0, 25.8.0, 26.3.0.",
        ),
        (
            {"26.9.0": {"like": 26}},
            "redash_releases: 26.9.0.like: 26 is not a release of the table. Known: 5.0.0, 5.0.1, 5.0.2, 6.0.0, 7.0.0,"
            " 8.0.0, 9.0.0-beta, 10.0.0, 10.1.0, 25.1.0, 25.8.0, 26.3.0.",
        ),
        (
            {"4.0.0": {}},
            "redash_releases: 4.0.0: is older than every known release (5.0.0, 5.0.1, 5.0.2, 6.0.0, 7.0.0, 8.0.0,"
            " 9.0.0-beta, 10.0.0, 10.1.0, 25.1.0, 25.8.0, 26.3.0). Say which it is like: {like: 5.0.0}.",
        ),
        (
            {"26.9.0": {"queue": []}},
            "redash_releases: 26.9.0: 'queue' is not a fact of a release. Facts: like, image, queues, services, python,"
            " curl, arm64, rq, rq_scheduler, commands, environment, create_tables_guarded, has_reencrypt, alembic_head.",
        ),
        (
            {"26.9.0": {"queues": "periodic"}},
            "redash_releases: 26.9.0.queues: 'periodic' is not a list of queues, such as [periodic, emails, default]",
        ),
        ({"26.9.0": {"queues": ["a", "a"]}}, "redash_releases: 26.9.0.queues: ['a', 'a'] names a queue twice"),
        ({"26.9.0": {"python": 3.13}}, 'redash_releases: 26.9.0.python: 3.13 is not a version of Python in quotes, such as "3.13"'),
        (
            {"26.9.0": {"alembic_head": "head"}},
            "redash_releases: 26.9.0.alembic_head: 'head' is not a revision of alembic: 12 digits of 0-9 and a-f, in quotes",
        ),
        ({"26.9.0": {"rq_scheduler": 0.13}}, "redash_releases: 26.9.0.rq_scheduler: 0.13 is not a version in quotes, such as 0.13.1"),
        ({"26.9.0": {"curl": "perhaps"}}, "redash_releases: 26.9.0.curl: 'perhaps' is neither true nor false"),
        ({"26.9.0": {"commands": ["a"]}}, "redash_releases: 26.9.0.commands: ['a'] is not a mapping of texts"),
        ({"26.9.0": {"environment": {"A": ""}}}, "redash_releases: 26.9.0.environment: {'A': ''} is not a mapping of texts"),
        (
            {"26.9.0": {"services": [{"name": "server"}]}},
            "redash_releases: 26.9.0.services: [{'name': 'server'}] is not a list of services, such as {name: worker,"
            " command: worker, queues: [periodic, emails, default], processes: 1}",
        ),
        (
            {"26.9.0": {"services": [{"name": "s", "command": "server"}]}},
            "redash_releases: 26.9.0.services: [{'name': 's', 'command': 'server'}] does not have exactly one server and one scheduler",
        ),
        (
            {"26.9.0": {"services": [{"name": "w", "command": "worker"}]}},
            "redash_releases: 26.9.0.services: [{'name': 'w', 'command': 'worker'}] has service w, a worker without queues",
        ),
        (
            {"26.9.0": {"services": [{"name": "w", "command": "web"}]}},
            "redash_releases: 26.9.0.services: [{'name': 'w', 'command': 'web'}] has service w with command 'web', which"
            " is neither server, scheduler nor worker",
        ),
        (
            {"26.9.0": {"services": [{"name": "s", "command": "server"}, {"name": "c", "command": "scheduler"}]}},
            "redash_releases: 26.9.0.services: no service works on periodic, emails, default, scheduled_queries, queries,"
            " schemas. Name each queue in the queues of a worker.",
        ),
        (
            {"8.0.1": {"queues": ["celery"]}},
            "redash_releases: 8.0.1: 8.0.0 works with Celery, and a release like it has its queues and services",
        ),
        ([], "redash_releases: [] is not a mapping. Write {26.9.0: {like: 26.3.0}}."),
    ],
)
def test_what_is_wrong_is_said_with_its_place_in_one_line(given: Any, said: str) -> None:
    with pytest.raises(RedashError) as caught:
        read(given)
    assert len(caught.value.problems) == 1
    assert str(caught.value) == said


WEB, CLOCK = {"name": "web", "command": "server"}, {"name": "clock", "command": "scheduler"}
ALL: dict[str, Any] = {"name": "all", "command": "worker", "queues": QUEUES}
FORM = "is not a list of services, such as {name: worker, command: worker, queues: [periodic, emails, default], processes: 1}"
PROCESSES = "has service web with processes {}, which is no number from 1 to 999"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("image", "", "is not an image, such as redash/redash:26.9.0"),
        ("image", "a b", "is not an image, such as redash/redash:26.9.0"),
        ("rq", "x", "is not a version in quotes, such as 1.16.1"),
        ("rq", "", "is not a version in quotes, such as 1.16.1"),
        ("arm64", 1, "is neither true nor false"),
        ("has_reencrypt", "", "is neither true nor false"),
        ("create_tables_guarded", None, "is neither true nor false"),
        ("queues", [], "is not a list of queues, such as [periodic, emails, default]"),
        ("queues", ["a", 1], "is not a list of queues, such as [periodic, emails, default]"),
        ("queues", ["a", "b c"], "is not a list of queues, such as [periodic, emails, default]"),
        ("commands", {"a": 1}, "is not a mapping of texts"),
        ("commands", {1: "a"}, "is not a mapping of texts"),
        ("commands", {"": "a"}, "is not a mapping of texts"),
        ("services", [], FORM),
        ("services", {}, FORM),
        ("services", ["web"], FORM),
        ("services", [{"command": "server"}], FORM),
        ("services", [{**WEB, "port": 1}], FORM),
        ("services", [{**WEB, "name": "Web"}], "has a service whose name 'Web' is not of small letters, digits, - and _"),
        ("services", [{**WEB, "name": 1}], "has a service whose name 1 is not of small letters, digits, - and _"),
        ("services", [{**WEB, "processes": 0}], PROCESSES.format(0)),
        ("services", [{**WEB, "processes": 1000}], PROCESSES.format(1000)),
        ("services", [{**WEB, "processes": True}], PROCESSES.format(True)),
        ("services", [{**WEB, "processes": "1.5"}], PROCESSES.format("'1.5'")),
        ("services", [{**ALL, "queues": ["a b"]}], "is not a list of queues, such as [periodic, emails, default]"),
        ("services", [{**ALL, "queues": []}], "has service all, a worker without queues"),
        ("services", [WEB, CLOCK, ALL, {**ALL, "queues": ["x"]}], "names a service twice"),
        ("services", [WEB, {**WEB, "name": "web2"}, CLOCK], "does not have exactly one server and one scheduler"),
        ("services", [WEB, CLOCK, {**CLOCK, "name": "clock2"}], "does not have exactly one server and one scheduler"),
        ("services", [CLOCK], "does not have exactly one server and one scheduler"),
    ],
)
def test_a_fact_of_another_form_is_refused_with_the_form_that_it_has(name: str, value: Any, said: str) -> None:
    with pytest.raises(RedashError) as caught:
        read({"26.9.0": {name: value}})
    assert str(caught.value) == f"redash_releases: 26.9.0.{name}: {value!r} {said}"


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("image", "r.example.com:5000/a_b/c-d:1.0@sha256:0", "r.example.com:5000/a_b/c-d:1.0@sha256:0"),
        ("rq", "2", "2"),
        ("rq", "1.16.1rc1", "1.16.1rc1"),
        ("curl", True, True),
        *(("curl", text, True) for text in ("true", "Yes")),
        *(("arm64", text, False) for text in ("false", "NO")),
        ("environment", {"A": "b"}, {"A": "b"}),
        ("commands", {}, {}),
        ("services", [WEB, CLOCK, ALL], None),
        ("services", [{**WEB, "processes": 999, "name": "w-1_a"}, {**CLOCK, "queues": []}, {**ALL, "processes": "10"}], None),
    ],
)
def test_each_fact_is_taken_as_it_is_given(name: str, value: Any, kept: Any) -> None:
    found = getattr(known("26.9.0", {"26.9.0": {name: value}}), name)
    if name == "services":
        assert [(one.name, one.command, one.queues, one.processes) for one in found] == [
            (one["name"], one["command"], tuple(one.get("queues", ())), int(one.get("processes", 1))) for one in value
        ]
    else:
        assert found == kept


def test_queues_and_their_services_have_to_fit() -> None:
    with pytest.raises(RedashError) as caught:
        read({"26.9.0": {"services": [WEB, CLOCK, {**ALL, "queues": [*QUEUES, "zoo", "exports"]}]}})
    assert str(caught.value) == "redash_releases: 26.9.0.services: exports, zoo is not in queues. Name it in queues, too."
    given = {"queues": [*QUEUES, "zoo"], "services": [WEB, CLOCK, {**ALL, "queues": [*QUEUES, "zoo"]}]}
    assert known("26.9.0", {"26.9.0": given}).queues == (*QUEUES, "zoo")
    with pytest.raises(RedashError, match="no service works on zoo"):
        read({"26.9.0": {**given, "services": [WEB, CLOCK, ALL]}})


def test_a_worker_that_has_no_queue_left_is_gone_and_the_server_is_not() -> None:
    found = known("26.9.0", {"26.9.0": {"queues": ["periodic", "queries"]}})
    assert [(service.name, service.queues) for service in found.services] == [
        ("server", ()),
        ("scheduler", ()),
        ("adhoc_worker", ("queries",)),
        ("worker", ("periodic",)),
    ]
    # The same queues in another order are served as they were.
    assert known("26.9.0", {"26.9.0": {"queues": QUEUES[::-1]}}).services == RELEASES["26.3.0"].services


@pytest.mark.parametrize("name", ["queues", "services", "rq", "rq_scheduler"])
def test_a_release_like_one_with_celery_has_its_queues(name: str) -> None:
    value = {"queues": ["celery"], "services": [WEB, CLOCK]}.get(name, "1.0")
    with pytest.raises(RedashError) as caught:
        read({"8.0.1": {name: value}, "26.9.0": {"like": "8.0.0", name: value}})
    assert [str(problem) for problem in caught.value.problems] == [
        f"redash_releases: {version}: 8.0.0 works with Celery, and a release like it has its queues and services"
        for version in ("8.0.1", "26.9.0")
    ]
    assert known("8.0.1", {"8.0.1": {"curl": True}}).curl is True


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(RedashError) as caught:
        read({"26.9.0": {"python": 3, "rq": 1, "what": 1}, "26.10.0": {"like": "x"}, "x": {}})
    assert len(caught.value.problems) == 5


def test_an_unknown_release_is_refused_with_what_to_type() -> None:
    with pytest.raises(RedashError) as caught:
        known("26.9.0")
    said = str(caught.value)
    assert said == (
        f"redash_version: '26.9.0' is not a Redash release that is known. Known: {', '.join(RELEASES)}."
        " For a newer one, upgrade.yml -e redash_version=26.9.0 asks its image."
        " Or put its facts into the inventory: redash_releases: {26.9.0: {like: 26.3.0}}"
    )
    typed = said[said.index("redash_releases:") :].rstrip(".")
    assert known("26.9.0", yaml.safe_load(typed)["redash_releases"]).version == "26.9.0"


@pytest.mark.parametrize(("version", "like"), [("26.9.0", "26.3.0"), ("27.1.0", "26.3.0"), ("26.08.0-dev", "26.3.0"), ("25.5.0", "25.1.0")])
def test_an_upgrade_expects_an_unknown_release_to_be_as_the_newest_known_before_it(version: str, like: str) -> None:
    assert expected(version).alembic_head == RELEASES[like].alembic_head
    assert expected(version).image == f"redash/redash:{version}"


@pytest.mark.parametrize("version", ["latest", "4.0.0", "", "26", "26.9", "26.9.0; rm", "26.9.0\n"])
def test_what_is_no_release_is_not_expected_either(version: str) -> None:
    with pytest.raises(RedashError, match="is not a Redash release that is known"):
        expected(version)


@pytest.mark.parametrize("ask", [known, expected])
def test_the_releases_that_were_given_are_known_too(ask: Any) -> None:
    with pytest.raises(RedashError) as caught:
        ask("4.0.0", {"26.9.0": {}, "25.8.0": {}})
    assert str(caught.value) == f"redash_version: '4.0.0' is not a Redash release that is known. Known: {', '.join(RELEASES)}, 26.9.0."


def test_an_upgrade_expects_what_was_given_and_what_the_table_has() -> None:
    assert expected("26.9.0", {"26.9.0": {"python": "3.14"}}).python == "3.14"
    assert expected("25.8.0", {"25.8.0": {"python": "3.14"}}).python == "3.14"
    assert expected("25.8.0", {"26.9.0": {}}) == RELEASES["25.8.0"]
    with pytest.raises(RedashError, match="is not a version of Redash"):
        expected("25.8.0", {"x": {}})


@pytest.mark.parametrize(
    ("version", "like", "is_known"),
    [("26.3.0", "26.3.0", True), ("26.9.0", "26.3.0", False), ("8.0.1", "8.0.0", False), ("4.9.9", "", False), ("latest", "", False)],
)
def test_the_newest_release_before_one_is_told(version: str, like: str, is_known: bool) -> None:
    assert given_releases.like(version) == like
    assert given_releases.is_known(version) is is_known
    assert given_releases.is_known("26.9.0", {"26.9.0": {}})


def test_an_image_without_news_tells_one_fact() -> None:
    assert learnt(SEEN, "26.9.0") == given_releases.Learnt("26.9.0", {"like": "26.3.0"}, [])


@pytest.mark.parametrize("name", sorted(set(given_releases.LEARNT)))
def test_what_an_image_told_is_what_a_person_may_write(name: str) -> None:
    other = {"queues": [*QUEUES, "exports"], "python": "3.14", "commands": {"a_b": "a-b"}, "alembic_head": "0123456789ab"}
    seen = {**SEEN, name: other.get(name, not SEEN[name] if isinstance(SEEN[name], bool) else "9.9")}
    facts = learnt(seen, "26.9.0").facts
    assert set(facts) == {"like", name}
    typed = yaml.safe_load(given_releases.entry_text("26.9.0", facts))
    assert getattr(known("26.9.0", typed["redash_releases"]), name) == FACTS[name].read(seen[name])


@pytest.mark.parametrize("name", sorted(set(given_releases.LEARNT)))
def test_what_an_image_could_not_tell_is_said_and_taken_from_the_newest_known_release(name: str) -> None:
    seen = {key: value for key, value in SEEN.items() if key != name} | {"not_read": {name: "OSError: no such file"}}
    found = learnt(seen, "26.9.0")
    assert found.facts == {"like": "26.3.0"}
    assert found.notes == [f"{name} of 26.9.0 could not be learnt (OSError: no such file), and is taken as in 26.3.0"]


@pytest.mark.parametrize("value", [None, [], "", {"a": 1}, 5])
def test_an_answer_of_another_form_is_said_and_not_believed(value: Any) -> None:
    found = learnt({**SEEN, "alembic_head": value, "python": value}, "26.9.0")
    assert found.facts == {"like": "26.3.0"}
    why = "could not be learnt (not said), and is taken as in 26.3.0"
    assert found.notes == (
        [f"python of 26.9.0 {why}", f"alembic_head of 26.9.0 {why}"]
        if value is None
        else [
            f'python of 26.9.0: {value!r} is not a version of Python in quotes, such as "3.13", so it is taken as in 26.3.0',
            f"alembic_head of 26.9.0: {value!r} is not a revision of alembic: 12 digits of 0-9 and a-f, in quotes,"
            " so it is taken as in 26.3.0",
        ]
    )


@pytest.mark.parametrize(
    ("not_read", "why"),
    [({"not_read": {"entrypoint": "PermissionError"}}, "PermissionError"), ({"not_read": {}}, "not said"), ({}, "not said")],
)
def test_an_entrypoint_that_could_not_be_read_is_said(not_read: dict[str, Any], why: str) -> None:
    seen = {key: value for key, value in SEEN.items() if key not in ("entrypoint", "not_read", "queue_system", "version")}
    assert learnt({**seen, **not_read}, "26.9.0") == given_releases.Learnt(
        "", {"like": "26.3.0"}, [f"the entrypoint of 26.9.0 could not be read ({why}), and is taken as in 26.3.0"]
    )


def test_what_is_older_than_the_table_can_not_be_learnt() -> None:
    with pytest.raises(
        RedashError, match=r"^redash_version: '4\.0\.0' is not a Redash release that is known\. Known: 5\.0\.0, .*26\.3\.0\.$"
    ):
        learnt(SEEN, "4.0.0")


def test_the_order_of_queues_alone_is_no_news() -> None:
    assert learnt({**SEEN, "queues": QUEUES[::-1]}, "26.9.0").facts == {"like": "26.3.0"}


def test_an_image_that_this_collection_could_not_run_is_refused_whole() -> None:
    with pytest.raises(RedashError) as caught:
        learnt({**SEEN, "entrypoint": ["server", "worker"], "queue_system": "celery"}, "26.9.0")
    assert [str(problem) for problem in caught.value.problems] == [
        "the image of 26.9.0: has an entrypoint without scheduler, create_db, manage."
        " This collection starts containers by these words: a newer one of it is needed.",
        "the image of 26.9.0: has its queues in celery, and 26.3.0 has them in rq."
        " Name a release like it in redash_releases, or wait for a newer collection.",
    ]
    for word in given_releases.ENTRYPOINT:
        with pytest.raises(RedashError, match=f"has an entrypoint without {word}\\."):
            learnt({**SEEN, "entrypoint": [other for other in SEEN["entrypoint"] if other != word]}, "26.9.0")


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("redash/redash:8.0.0.b32245", "8.0.0"),
        ("redash/redash:9.0.0-beta.b42121", "9.0.0-beta"),
        ("registry.example.com:5000/redash:26.3.0-acme1", "26.3.0"),
        ("acme/redash:v25.8.0", "25.8.0"),
        ("acme/redash:10.1.0.b50633-2@sha256:" + "0" * 64, "10.1.0"),
        ("redash/redash:26.9.0", "26.9.0"),
        ("acme/redash:9.0.0-beta.7", "9.0.0-beta"),
        ("acme/redash:9.0.0-beta", "9.0.0-beta"),
        ("acme/redash:8.0.0-beta", "8.0.0"),
        ("acme/redash:25.0.0_x", "25.0.0"),
        ("acme/redash:24.9.0", ""),
        ("acme/redash:1.0.4", ""),
        ("acme/redash:12.0.0", ""),
        ("acme/redash:main", ""),
        ("redash/redash", ""),
        ("localhost:5000/redash", ""),
        ("redash/redash@sha256:" + "0" * 64, ""),
    ],
)
def test_a_tag_tells_its_release_only_where_it_names_one(image: str, version: str) -> None:
    assert told(image) == version


def test_a_given_release_makes_its_tag_tell() -> None:
    assert told("acme/redash:12.0.0", {"12.0.0": {}}) == "12.0.0"


@pytest.mark.parametrize("version", RELEASES)
def test_an_image_of_another_release_is_refused_for_every_pair_of_the_table(version: str) -> None:
    for other in RELEASES.values():
        if other.version == version:
            right_image(other.image, version)
            continue
        with pytest.raises(RedashError, match=rf"redash_image: .* is Redash {other.version}, and redash_version is {version}") as caught:
            right_image(other.image, version)
        assert str(caught.value) == (
            f"redash_image: {other.image} is Redash {other.version}, and redash_version is {version}."
            f" To come to {other.version}: upgrade.yml -e redash_version={other.version} -e redash_image={other.image}."
            f" If it runs already, set redash_version: {other.version}. Else name an image of {version}."
        )


def test_an_image_of_a_given_release_or_of_none_is_taken() -> None:
    right_image("acme/redash:main", "26.3.0")
    right_image("acme/redash:12.0.0", "26.3.0")
    with pytest.raises(RedashError, match=r"is Redash 12\.0\.0, and redash_version is 26\.3\.0"):
        right_image("acme/redash:12.0.0", "26.3.0", {"12.0.0": {}})


@pytest.mark.parametrize(
    ("seen", "same"),
    [
        ("8.0.0", True),
        ("8.0.0+b32245", True),
        ("8.0.0-x", True),
        ("8.0.0.b1", True),
        ("8.0.01", False),
        ("8.0.0_x", False),
        ("8.0.1", False),
    ],
)
def test_a_build_s_suffix_makes_no_other_release(seen: str, same: bool) -> None:
    assert given_releases.same_release(seen, "8.0.0") is same
