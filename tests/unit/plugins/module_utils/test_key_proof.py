# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_secret_key_proof, on both stores as moto plays them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import STORES, open_store
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.key_proof import run

PREFIX = "/redash/x"
PATH = f"{PREFIX}/secret_key"
FIRST, SECOND, THIRD = "first-key-1d5e", "second-key-77aa", "third-key-c90b"


class World:
    """A store with a history, and what a task sees in a database whose rows one key opens."""

    def __init__(self, store: str) -> None:
        self.refused: dict[str, ClientError] = {}
        self.said: list[str] = []
        clients: dict[str, Any] = {}

        def client(service: str) -> Any:
            if service not in clients:
                clients[service] = boto3.client(service, "eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")
                clients[service].meta.events.register("before-call", self._refuse)
            return clients[service]

        self.context = Context(client=client, report=self.said.append)
        self.name, self.store = store, open_store(store, self.context)
        self.store.create(PATH, FIRST, kms_key_id=None, tags={})
        for number, value in enumerate((SECOND, THIRD), 1):
            self.store.update(PATH, value, kms_key_id=None, version=number)

    def _refuse(self, model: Any, **_: Any) -> None:
        if model.name in self.refused:
            raise self.refused[model.name]

    @property
    def key(self) -> str | None:
        return self.store.read(PREFIX, ["secret_key"], decrypt=True)["secret_key"].value

    def look(self, opens: str, **params: Any) -> dict[str, Any]:
        fits = self.key == opens
        seen = {"old": 2 if fits else 0, "new": 0, "neither": [] if fits else ["sales", "churn"]}
        asked: dict[str, Any] = {
            "prefix": PREFIX,
            "store": self.name,
            "kms_key_id": None,
            "lines": ["[2026-11-23 00:31:48,000][PID:7][INFO][root] loading", f"redash-ecs-result: {json.dumps(seen)}"],
            "tried": [],
            "version": None,
            "given": None,
            "taken": None,
            "put_back": True,
        }
        return run({**asked, **params}, self.context)

    def prove(self, opens: str, **params: Any) -> dict[str, Any]:
        """As the role does: look again for as long as the module says so."""
        result = self.look(opens, **params)
        while result["look"]:
            result = self.look(opens, **{**params, "tried": result["tried"], "version": result["version"]})
        return result


@pytest.fixture(params=sorted(STORES))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with mock_aws():
        yield World(request.param)


def test_the_version_that_opens_the_rows_becomes_the_newest_one(world: World) -> None:
    result = world.prove(FIRST)
    assert (world.key, result["version"], len(result["tried"])) == (FIRST, 1, 3)
    assert result["modified"] is not None and result["modified"] > datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert world.said == [
        f"{PATH}: version 3 does not open the rows; trying version 2",
        f"{PATH}: version 2 does not open the rows; trying version 1",
    ]
    assert not any(key in repr((result, world.said)) for key in (FIRST, SECOND, THIRD))
    again = world.prove(FIRST)
    assert (again["changed"], again["note"]) == (False, "")


def test_a_given_key_is_written_where_it_is_the_one(world: World) -> None:
    result = world.prove("given-key-41ce", given="given-key-41ce")
    assert world.key == "given-key-41ce"
    assert result["version"] == 0
    assert "given-key-41ce" not in repr(result)


def test_where_none_fits_the_store_is_as_it_was(world: World) -> None:
    with pytest.raises(RedashError, match="none of the 3 keys that the store has opens an encrypted row: sales, churn") as raised:
        world.prove("of-another-redash")
    assert world.key == THIRD
    assert not any(key in str(raised.value) for key in (FIRST, SECOND, THIRD))


def test_a_look_that_only_judges_writes_nothing(world: World) -> None:
    assert world.look(THIRD, put_back=False)["changed"] is False
    with pytest.raises(RedashError, match=f"{PATH}: version 3 opens no encrypted row: sales, churn. Older versions may"):
        world.look(FIRST, put_back=False)
    assert world.key == THIRD


def test_check_mode_writes_nothing(world: World) -> None:
    world.context.check_mode = True
    assert world.look(FIRST)["changed"] is True
    assert world.key == THIRD


def test_a_rotation_that_is_unfinished_comes_first(world: World) -> None:
    world.store.create(f"{PATH}_next", "next-key-0a0a", kms_key_id=None, tags={})
    with pytest.raises(RedashError, match="a rotation of secret_key is unfinished"):
        world.prove(FIRST)
    assert world.key == THIRD


def test_a_history_that_cannot_be_read_is_no_empty_history(world: World) -> None:
    """Nothing is tried and nothing is written: another version may be the key."""
    for name in ("GetParameterHistory", "ListSecretVersionIds"):
        world.refused[name] = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not allowed"}}, name)
    with pytest.raises(RedashError, match="not allowed"):
        world.prove(FIRST)
    assert world.key == THIRD


def test_a_task_that_said_nothing_proves_nothing(world: World) -> None:
    with pytest.raises(RedashError, match="cannot try the encryption key: the task ended without saying what it saw"):
        world.look(FIRST, lines=["Killed"])
    assert world.key == THIRD


def test_a_time_that_is_none_is_refused(world: World) -> None:
    with pytest.raises(RedashError, match="taken: yesterday is no time. Write it as AWS does"):
        world.look(FIRST, taken="yesterday")
