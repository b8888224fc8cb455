# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of releases holds together, and an upgrade's way through it is the documented one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES, Release, hops, plain, release, release_of_image

EVERY = pytest.mark.parametrize("known", RELEASES.values(), ids=RELEASES)


@EVERY
def test_each_queue_of_a_release_is_consumed_by_exactly_one_of_its_services(known: Release) -> None:
    consumed = [queue for service in known.services for queue in service.queues]
    assert sorted(consumed) == sorted(known.queues)


@EVERY
def test_each_release_has_one_server_and_one_scheduler(known: Release) -> None:
    commands = [service.command for service in known.services]
    assert (commands.count("server"), commands.count("scheduler")) == (1, 1)


@EVERY
def test_only_celerys_scheduler_consumes_a_queue(known: Release) -> None:
    (scheduler,) = [service for service in known.services if service.command == "scheduler"]
    assert bool(scheduler.queues) == (known.queue_system == "celery")


# The stable releases that getredash/redash tagged from 5.0 on, with the beta of 9, which never became one. What each pins:
# requirements.txt up to 10.1.0, pyproject.toml from 25.1.0 on. Images: the releases' table in Redash's "How to upgrade" page.
TAGGED = {
    "5.0.0": ("5.0.0.b4754", "71477dadd6ef", "", ""),
    "5.0.1": ("5.0.1.b4850", "71477dadd6ef", "", ""),
    "5.0.2": ("5.0.2.b5486", "71477dadd6ef", "", ""),
    "6.0.0": ("6.0.0.b8537", "71477dadd6ef", "", ""),
    "7.0.0": ("7.0.0.b18042", "e5c7a4e2df4d", "", ""),
    "8.0.0": ("8.0.0.b32245", "e5c7a4e2df4d", "", ""),
    "9.0.0-beta": ("9.0.0-beta.b42121", "e5c7a4e2df4d", "1.1.0", "0.9.1"),
    "10.0.0": ("10.0.0.b50363", "89bc7873a3e0", "1.5.0", "0.9.1"),
    "10.1.0": ("10.1.0.b50633", "89bc7873a3e0", "1.5.0", "0.9.1"),
    "25.1.0": ("25.1.0", "9e8c841d1a30", "1.16.1", "0.13.1"),
    "25.8.0": ("25.8.0", "db0aca1ebd32", "1.16.1", "0.13.1"),
    "26.3.0": ("26.3.0", "db0aca1ebd32", "1.16.1", "0.13.1"),
}


def test_every_release_that_was_tagged_is_in_the_table() -> None:
    assert {
        version: (known.image.removeprefix("redash/redash:"), known.alembic_head, known.rq, known.rq_scheduler)
        for version, known in RELEASES.items()
    } == TAGGED


@EVERY
def test_schedulers_may_meet_only_where_each_has_a_key_of_its_own(known: Release) -> None:
    # rq-scheduler 0.9.1 ends with "There's already an active RQ scheduler"; 0.13.1 registers each under its own name.
    assert known.schedulers_may_overlap == (TAGGED[known.version][3] == "0.13.1")


@EVERY
def test_rq_is_pinned_where_it_is_used(known: Release) -> None:
    assert bool(known.rq) == bool(known.rq_scheduler) == (known.queue_system == "rq")


@EVERY
def test_nothing_in_the_environment_is_empty_since_redash_crashes_on_it(known: Release) -> None:
    assert all(known.environment.values())


def test_the_table_is_in_the_order_of_the_releases() -> None:
    numbers = [known.number for known in RELEASES.values()]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("version", "mail", "check"),
    [
        ("8.0.0", "send_test_mail", "check_settings"),
        ("10.1.0", "send_test_mail", "check_settings"),
        ("25.1.0", "send-test-mail", "check-settings"),
        ("26.3.0", "send-test-mail", "check-settings"),
    ],
)
def test_commands_are_spelt_as_the_release_spells_them(version: str, mail: str, check: str) -> None:
    assert release(version).command("send_test_mail") == mail
    assert release(version).command("check_settings") == check
    assert release(version).command("grant_admin") == "grant_admin"  # has an explicit name in every release


def test_an_unknown_version_is_answered_with_the_known_ones() -> None:
    known = r"^redash_version: '24\.1\.0' is not .* known\. Known: 5\.0\.0, .*, 26\.3\.0\."
    with pytest.raises(RedashError, match=known + r" A newer one: upgrade\.yml -e redash_version=24\.1\.0, or"):
        release("24.1.0")


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("redash/redash:8.0.0.b32245", "8.0.0"),
        ("registry.example.com:5000/tools/redash:25.8.0", "25.8.0"),
        ("redash/redash:25.8.0@sha256:" + "0" * 64, "25.8.0"),
        ("redash/redash:latest", None),
        ("redash/redash", None),
        ("registry.example.com:5000/redash", None),
    ],
)
def test_the_release_of_an_image_is_told_by_its_tag(image: str, version: str | None) -> None:
    found = release_of_image(image)
    assert (found.version if found else None) == version


@pytest.mark.parametrize(
    ("current", "target", "way"),
    [
        ("25.8.0", "25.8.0", []),
        ("25.1.0", "25.8.0", ["25.8.0"]),
        ("10.0.0", "10.1.0", ["10.1.0"]),
        ("10.1.0", "25.8.0", ["25.8.0"]),
        ("25.8.0", "26.3.0", ["26.3.0"]),
        ("10.1.0", "26.3.0", ["25.8.0", "26.3.0"]),
        ("8.0.0", "10.1.0", ["10.1.0"]),
        ("8.0.0", "25.8.0", ["10.1.0", "25.8.0"]),
        ("9.0.0-beta", "25.8.0", ["10.1.0", "25.8.0"]),
        ("8.0.0", "9.0.0-beta", ["9.0.0-beta"]),
        ("7.0.0", "8.0.0", ["8.0.0"]),
        ("5.0.0", "5.0.2", ["5.0.2"]),
        ("5.0.0", "6.0.0", ["6.0.0"]),
        ("5.0.0", "7.0.0", ["7.0.0"]),
        ("5.0.2", "26.3.0", ["7.0.0", "8.0.0", "10.1.0", "25.8.0", "26.3.0"]),
        ("6.0.0", "8.0.0", ["7.0.0", "8.0.0"]),
        ("25.5.0", "25.8.0", ["25.8.0"]),
    ],
)
def test_an_upgrade_goes_one_major_at_a_time(current: str, target: str, way: list[str]) -> None:
    assert hops(current, target) == way


@pytest.mark.parametrize(("current", "target"), [(b, a) for a, b in itertools.combinations(RELEASES, 2)])
def test_there_is_no_upgrade_back(current: str, target: str) -> None:
    stay = f"If {current} is to stay, set redash_version: {current} in the inventory. To go back,"
    with pytest.raises(RedashError) as caught:
        hops(current, target)
    if RELEASES[current].alembic_head == RELEASES[target].alembic_head and RELEASES[current].number != RELEASES[target].number:
        assert str(caught.value) == (
            f"redash_version: Redash {current} cannot be brought back to {target} by an upgrade, which goes forward only."
            f" {stay} their schema being the same: rollback.yml -e revision=..."
        )
    else:
        assert str(caught.value) == (
            f"redash_version: Redash {current} cannot be brought back to {target} by an upgrade: its database schema is newer."
            f" {stay} restore the snapshot that was taken before the upgrade: restore.yml."
        )


def test_of_a_release_that_the_table_lacks_it_counts_where_it_lies() -> None:
    assert hops("10.1.0", "26.9.0", replace(RELEASES["26.3.0"], version="26.9.0")) == ["25.8.0", "26.9.0"]
    with pytest.raises(RedashError, match=r"25\.9\.0 cannot be brought back to 25\.8\.0 by an upgrade: its database schema is newer"):
        hops("25.9.0", "25.8.0")
    with pytest.raises(RedashError, match="is not a Redash release that is known"):
        hops("25.8.0", "25.9.0")


PYTHONS = {"9.0.0-beta": "3.7", "10.0.0": "3.7", "10.1.0": "3.7", "25.1.0": "3.10", "25.8.0": "3.10", "26.3.0": "3.13"}
COOKIE_SECRET = "c292a0a3aa32397cdb050e233733900f"


@EVERY
def test_each_release_is_what_its_tag_holds(known: Release) -> None:
    """bin/docker-entrypoint, Dockerfile, redash/settings and redash/cli of the release's tag."""
    celery, years = known.major < 9, known.major >= 25
    assert known.queue_system == ("celery" if celery else "rq")
    assert known.python == PYTHONS.get(known.version, "2.7")
    assert (known.curl, known.arm64, known.has_reencrypt) == (not celery, years, not celery)
    assert known.create_tables_guarded == (known.major >= 10)
    assert known.default_cookie_secret == (None if years or known.version == "10.1.0" else COOKIE_SECRET)
    assert known.unserved == (("schemas",) if known.major < 7 else ())
    assert known.queues == (
        ("celery", "scheduled_queries", "queries", "schemas")
        if celery
        else ("periodic", "emails", "default", "scheduled_queries", "queries", "schemas")
    )
    assert known.environment == {
        "PYTHONUNBUFFERED": "0",
        "REDASH_LOG_LEVEL": "INFO",
        **({"REDASH_ENFORCE_CSRF": "true"} if known.major >= 10 else {}),
        **({"REDASH_GUNICORN_TIMEOUT": "60"} if years else {}),
    }
    waits = (("server", "START"),) if years else ()
    assert [(one.name, one.command, one.queues, one.processes, one.depends_on) for one in known.services] == [
        ("server", "server", (), 4, ()),
        ("scheduler", "scheduler", ("celery",) if celery else (), 1, waits),
        ("scheduled_worker", "worker", ("scheduled_queries", "schemas"), 1, waits),
        ("adhoc_worker", "worker", ("queries",), 2, waits),
        *([] if celery else [("worker", "worker", ("periodic", "emails", "default"), 1, waits)]),
    ]
    assert (known.create_db, known.db_upgrade) == (("create_db",), ("manage", "db", "upgrade"))


@pytest.mark.parametrize(("pinned", "may"), [("", False), ("0.9.1", False), ("0.10", True), ("0.10.0", True), ("1.0", True)])
def test_schedulers_may_meet_from_rq_scheduler_0_10_on(pinned: str, may: bool) -> None:
    assert replace(RELEASES["26.3.0"], rq_scheduler=pinned).schedulers_may_overlap is may


def test_the_build_in_an_images_own_version_is_no_part_of_the_release() -> None:
    assert [plain(version) for version in ("8.0.0+b32245", "5.0.0-beta+b4476", "25.8.0")] == ["8.0.0", "5.0.0-beta", "25.8.0"]


@pytest.mark.parametrize("current", ["", "latest", "25", "10.1.0.b50633", "1.2.3; rm"])
def test_what_is_no_version_is_refused(current: str) -> None:
    with pytest.raises(RedashError) as caught:
        hops(current, "25.8.0")
    assert str(caught.value) == f"the running version: {current!r} is not a Redash version. Expected three numbers, such as 25.8.0."
