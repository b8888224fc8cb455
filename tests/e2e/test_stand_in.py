# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stand-in is no friendlier than the Redash that it stands in for: what makes that fail makes it fail, and in its words.

What Redash does was read in its source and seen when it ran; demo/stand_in/README.md has the list.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo import engine, images
from demo.instance import Instance
from tests.e2e.conftest import Demo
from tests.e2e_upgrade.installation import NEW, OLD, REPOSITORY, Installation

pytestmark = pytest.mark.slow

DATABASE = "strict"
SOURCE = "insert into data_sources (org_id, name, type, encrypted_options) values (1, 'x', '{kind}', 'x');"
QUERY = "insert into queries (org_id, name, query, query_hash, is_archived, data_source_id) values (1, 'q', '{text}', 'h', {archived}, 1)"
DIRTY = r"""'{"a": "\u0000"}'"""
# What stands in the database -> what `db upgrade` to 25.8.0 ends with.
TRAPS = {
    "queries.options": (f"insert into queries (org_id, name, query, query_hash, options) values (1, 'q', '', '', {DIRTY})", "9h9h"),
    "queries.schedule": (f"insert into queries (org_id, name, query, query_hash, schedule) values (1, 'q', '', '', {DIRTY})", "9h9h"),
    "events": (f"insert into events (org_id, additional_properties) values (1, {DIRTY})", "9h9h"),
    "organizations": (f"update organizations set settings = {DIRTY}", "9h9h"),
    "alerts": (f"insert into alerts (name, options) values ('a', {DIRTY})", "9h9h"),
    "dashboards.options": (f"insert into dashboards (org_id, name, options) values (1, 'd', {DIRTY})", "9h9h"),
    "dashboards.layout": ("insert into dashboards (org_id, name, layout) values (1, 'd', '[1,')", "9h9h"),
    "changes": (f"insert into changes (object_type, object_id, change) values ('queries', 1, {DIRTY})", "9h9h"),
    "visualizations": (f"insert into visualizations (type, name, options) values ('TABLE', 't', {DIRTY})", "9h9h"),
    "widgets": (f"insert into widgets (options) values ({DIRTY})", "9h9h"),
    "widget without a position": ("insert into widgets (options) values ('{}')", "gkpj"),
    "view": ("create view looked_at as select options from visualizations", "tw8g"),
    "picture": ("""update users set profile_image_url = 'a"b'""", "9h9h"),
    "type": (
        SOURCE.format(kind="qubole") + QUERY.format(text="select 1", archived="false"),
        "'NoneType' object has no attribute 'gen_query_hash'",
    ),
    "archived": (
        SOURCE.format(kind="mapd") + QUERY.format(text="select 1", archived="true"),
        "'NoneType' object has no attribute 'gen_query_hash'",
    ),
    "empty": (SOURCE.format(kind="elasticsearch") + QUERY.format(text="", archived="false"), "IndexError: list index out of range"),
}


class Redash:
    """Containers of the stand-in beside the demo, on a database of their own in its PostgreSQL."""

    def __init__(self, installation: Installation, instance: Instance, container_engine: engine.Engine) -> None:
        self.installation, self.instance, self.engine = installation, instance, container_engine
        self.started: list[Any] = []

    def address(self, name: str) -> str:
        found = self.engine.client.containers.get(name)
        return str(found.attrs["NetworkSettings"]["Networks"][self.instance.network]["IPAddress"])

    def start(self, version: str, *command: str, **environment: str) -> Any:
        container = self.engine.client.containers.run(
            images.stand_in_image(version),
            list(command),
            detach=True,
            network=self.instance.network,
            environment={
                "REDASH_DATABASE_URL": f"postgresql://strict:strict@{self.address(self.instance.postgresql)}/{DATABASE}",
                # Not the demo's own database in Redis.
                "REDASH_REDIS_URL": f"redis://{self.address(self.instance.redis)}/9",
                "REDASH_COOKIE_SECRET": "cookie",
                "REDASH_SECRET_KEY": "key",
                "REDASH_STAND_IN_SMALL": "true",
                **environment,
            },
        )
        self.started.append(container)
        return container

    def run(self, version: str, *command: str, **environment: str) -> tuple[int, str]:
        container = self.start(version, *command, **environment)
        code = container.wait(timeout=300)["StatusCode"]
        return code, container.logs().decode()

    def revision(self) -> list[str]:
        return self.installation.sql("select version_num from alembic_version", DATABASE)


@pytest.fixture(scope="module")
def server(demo: Demo) -> Iterator[Redash]:
    if (demo.home / "image_repository").read_text() != REPOSITORY:
        pytest.skip("the demo runs the official image")
    instance = Instance(Path(demo.home), demo.port)
    found = engine.find(instance)
    assert found is not None
    redash = Redash(Installation(demo.home, demo.port), instance, found)
    # A run that was killed on a demo that is kept leaves it.
    if not redash.installation.sql("select 1 from pg_roles where rolname = 'strict'", "postgres"):
        redash.installation.sql("create role strict superuser login password 'strict'", "postgres")
    yield redash
    redash.installation.sql(f"drop database if exists {DATABASE} with (force)", "postgres")
    redash.installation.sql("drop role strict", "postgres")


@pytest.fixture
def redash(server: Redash) -> Iterator[Redash]:
    """An empty database."""
    server.installation.sql(f"drop database if exists {DATABASE} with (force)", "postgres")
    server.installation.sql(f"create database {DATABASE} owner strict", "postgres")
    yield server
    for container in server.started:
        container.remove(force=True)
    server.started.clear()


def until(true: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.5)
    return False


def made(redash: Redash, version: str) -> None:
    for command in (("create_db",), ("manage", "users", "create_root", "ann@example.com", "Ann", "--password", "secretsecret")):
        code, output = redash.run(version, *command)
        assert code == 0, output


@pytest.mark.parametrize("trap", TRAPS)
def test_a_migration_fails_on_data_as_redashs_does_and_leaves_nothing(redash: Redash, trap: str) -> None:
    made(redash, "10.1.0")
    data, end = TRAPS[trap]
    redash.installation.sql(data, DATABASE)
    code, output = redash.run("25.8.0", "manage", "db", "upgrade")
    last = output.strip().splitlines()[-1]
    assert (code, redash.revision()) == (1, [OLD]), output
    assert last == f"(Background on this error at: https://sqlalche.me/e/14/{end})" if len(end) == 4 else end in last, output


def test_data_that_is_in_order_is_migrated_from_7_to_26(redash: Redash) -> None:
    made(redash, "7.0.0")
    redash.installation.sql(
        """insert into widgets (options) values ('{"position": {"col": 1, "sizeX": 3}}');"""
        """insert into alerts (name, options) values ('a', '{"column": "x"}')""",
        DATABASE,
    )
    for version in ("9.0.0-beta", "10.0.0", "10.1.0", "25.1.0", "25.8.0", "26.3.0"):
        code, output = redash.run(version, "manage", "db", "upgrade")
        assert code == 0, output
    assert redash.revision() == [NEW]
    assert redash.installation.sql("select options from widgets", DATABASE) == ['{"position": {"col": 2, "sizeX": 6}}']
    assert redash.installation.sql("select options ->> 'selector' from alerts", DATABASE) == ["first"]


def test_up_to_10_a_second_scheduler_ends_at_once_and_so_does_one_after_a_kill(redash: Redash) -> None:
    first = redash.start("10.1.0", "scheduler")
    assert until(lambda: b"Scheduler started" in first.logs())
    code, output = redash.run("10.1.0", "scheduler")
    assert (code, output.strip().splitlines()[-1]) == (1, "ValueError: There's already an active RQ scheduler")
    first.kill()
    code, output = redash.run("10.1.0", "scheduler")
    assert (code, output.strip().splitlines()[-1]) == (1, "ValueError: There's already an active RQ scheduler")
    time.sleep(16)
    again = redash.start("10.1.0", "scheduler")
    assert until(lambda: b"Scheduler started" in again.logs()), again.logs()
    # One that is asked to end says so, and its successor may start at once.
    again.stop(timeout=30)
    successor = redash.start("10.1.0", "scheduler")
    assert until(lambda: b"Scheduler started" in successor.logs()), successor.logs()
    successor.stop(timeout=30)


def test_from_25_schedulers_may_meet(redash: Redash) -> None:
    both = [redash.start("25.8.0", "scheduler") for _ in range(2)]
    for scheduler in both:
        assert until(lambda scheduler=scheduler: b"Scheduler started" in scheduler.logs()), scheduler.logs()
        scheduler.reload()
        assert scheduler.status == "running"


def test_workers_without_redis_are_given_up_while_their_container_goes_on(redash: Redash) -> None:
    worker = redash.start("25.8.0", "worker", REDASH_REDIS_URL="redis://127.0.0.1:1/0", WORKERS_COUNT="1")
    assert until(lambda: b"worker-0 entered FATAL state" in worker.logs(), 120), worker.logs()
    worker.reload()
    assert worker.status == "running"


@pytest.mark.parametrize(
    ("version", "words"), [("10.1.0", 'Error: No such command "send-test-mail".'), ("25.8.0", "Error: No such command 'send_test_mail'.")]
)
def test_a_wrong_command_is_told_in_the_words_of_the_releases_click(redash: Redash, version: str, words: str) -> None:
    code, output = redash.run(version, "manage", words.split(words[-2])[1])
    assert (code, output.strip().splitlines()[-1]) == (2, words), output


def test_what_commands_leave_is_what_redash_leaves(redash: Redash) -> None:
    made(redash, "25.8.0")
    for _ in range(2):
        assert redash.run("25.8.0", "manage", "groups", "create", "analysts")[0] == 0
    assert redash.installation.sql("select count(*) from groups where name = 'analysts'", DATABASE) == ["2"]
    assert redash.run("25.8.0", "manage", "users", "invite", "ina@example.com", "Ina", "ann@example.com")[0] == 0
    assert redash.installation.sql("select details from users where name = 'Ina'", DATABASE) == ["{}"]
    # Another database in Redis: the other tests' schedulers put jobs into theirs.
    empty = f"redis://{redash.address(redash.instance.redis)}/10"
    code, output = redash.run("25.8.0", "manage", "status", REDASH_REDIS_URL=empty)
    assert code == 0
    assert '"queues": {}' in output, "nothing was put into any queue yet"
