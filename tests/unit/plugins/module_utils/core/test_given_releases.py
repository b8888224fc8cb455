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
        ({"newest": {}}, "redash_releases: 'newest' is not a version of Redash"),
        ({26.9: {}}, "redash_releases: 26.9 is not a version"),
        ({"26.9.0": "26.3.0"}, "26.9.0: '26.3.0' is not a mapping of facts"),
        ({"26.9.0": {"like": "26.4.0"}}, "26.9.0.like: '26.4.0' is not a release of the table. Known: 5.0.0"),
        ({"26.9.0": {"like": 26}}, "26.9.0.like: 26 is not a release of the table"),
        ({"4.0.0": {}}, "4.0.0: is older than every known release"),
        ({"26.9.0": {"queue": []}}, "26.9.0: 'queue' is not a fact of a release. Facts: like, image"),
        ({"26.9.0": {"queues": "periodic"}}, "26.9.0.queues: 'periodic' is not a list of queues"),
        ({"26.9.0": {"queues": ["a", "a"]}}, "names a queue twice"),
        ({"26.9.0": {"python": 3.13}}, "26.9.0.python: 3.13 is not a version of Python in quotes"),
        ({"26.9.0": {"alembic_head": "head"}}, "26.9.0.alembic_head: 'head' is not a revision of alembic"),
        ({"26.9.0": {"rq_scheduler": 0.13}}, "26.9.0.rq_scheduler: 0.13 is not a version in quotes"),
        ({"26.9.0": {"curl": "perhaps"}}, "26.9.0.curl: 'perhaps' is neither true nor false"),
        ({"26.9.0": {"commands": ["a"]}}, "26.9.0.commands: ['a'] is not a mapping of texts"),
        ({"26.9.0": {"environment": {"A": ""}}}, "is not a mapping of texts"),
        ({"26.9.0": {"services": [{"name": "server"}]}}, "is not a list of services"),
        ({"26.9.0": {"services": [{"name": "s", "command": "server"}]}}, "does not have exactly one server and one scheduler"),
        ({"26.9.0": {"services": [{"name": "w", "command": "worker"}]}}, "a worker without queues"),
        ({"26.9.0": {"services": [{"name": "w", "command": "web"}]}}, "neither server, scheduler nor worker"),
        (
            {"26.9.0": {"services": [{"name": "s", "command": "server"}, {"name": "c", "command": "scheduler"}]}},
            "26.9.0.services: no service works on periodic, emails",
        ),
        ({"8.0.1": {"queues": ["celery"]}}, "8.0.0 works with Celery"),
        ([], "redash_releases: [] is not a mapping"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_in_one_line(given: Any, said: str) -> None:
    with pytest.raises(RedashError) as caught:
        read(given)
    assert len(caught.value.problems) == 1
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(RedashError) as caught:
        read({"26.9.0": {"python": 3, "rq": 1, "what": 1}, "26.10.0": {"like": "x"}, "x": {}})
    assert len(caught.value.problems) == 5


def test_an_unknown_release_is_refused_with_what_to_type() -> None:
    with pytest.raises(RedashError) as caught:
        known("26.9.0")
    said = str(caught.value)
    assert "upgrade.yml -e redash_version=26.9.0" in said
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
    assert len(found.notes) == 2


def test_the_order_of_queues_alone_is_no_news() -> None:
    assert learnt({**SEEN, "queues": QUEUES[::-1]}, "26.9.0").facts == {"like": "26.3.0"}


def test_an_image_that_this_collection_could_not_run_is_refused_whole() -> None:
    with pytest.raises(RedashError) as caught:
        learnt({**SEEN, "entrypoint": ["server", "worker"], "queue_system": "celery"}, "26.9.0")
    assert [problem.what for problem in caught.value.problems] == [
        "has an entrypoint without scheduler, create_db, manage",
        "has its queues in celery, and 26.3.0 has them in rq",
    ]


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("redash/redash:8.0.0.b32245", "8.0.0"),
        ("redash/redash:9.0.0-beta.b42121", "9.0.0-beta"),
        ("registry.example.com:5000/redash:26.3.0-acme1", "26.3.0"),
        ("acme/redash:v25.8.0", "25.8.0"),
        ("acme/redash:10.1.0.b50633-2@sha256:" + "0" * 64, "10.1.0"),
        ("redash/redash:26.9.0", "26.9.0"),
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
        assert f"upgrade.yml -e redash_version={other.version} -e redash_image={other.image}" in str(caught.value)
