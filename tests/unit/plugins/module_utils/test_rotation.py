# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_secret_rotation: what it makes of the store and of the containers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.rotation import run

PREFIX = "/redash/x"
KEY = {"name": "REDASH_SECRET_KEY", "valueFrom": f"{PREFIX}/secret_key"}
COOKIE = {"name": "REDASH_COOKIE_SECRET", "valueFrom": f"{PREFIX}/cookie_secret"}


class Aws:
    def __init__(self, values: dict[str, str], secrets: list[dict[str, str]]) -> None:
        self.values = {f"{PREFIX}/{name}": value for name, value in values.items()}
        self.container = {"name": "server", "secrets": secrets}

    def __call__(self, service: str) -> Aws:
        assert service in ("ssm", "ecs")
        return self

    def get_parameters(self, *, Names: list[str], WithDecryption: bool) -> dict[str, Any]:
        written = datetime(2026, 1, 1, tzinfo=UTC)
        common = {"Type": "SecureString", "Version": 1, "ARN": "arn", "LastModifiedDate": written}
        return {"Parameters": [{"Name": name, "Value": self.values[name], **common} for name in Names if name in self.values]}

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> dict[str, Any]:
        return {"Parameter": {"Value": self.values[Name]}}

    def describe_services(self, **_: Any) -> dict[str, Any]:
        return {"services": [{"taskDefinition": "x:1", "status": "ACTIVE"}]}

    def describe_task_definition(self, **_: Any) -> dict[str, Any]:
        return {"taskDefinition": {"containerDefinitions": [self.container]}}


def look(aws: Aws, what: str, **params: Any) -> dict[str, Any]:
    installation = {"cluster": "x", "services": ["x"], "task_definitions": []}
    asked = {
        "prefix": PREFIX,
        "what": what,
        "redash_version": "25.8.0",
        "releases": {},
        "store": "parameter_store",
        "value": None,
        "installation": installation,
        "lines": [],
        "done": [],
    }
    return run({**asked, **params}, Context(client=aws, report=print))


def test_the_step_follows_from_what_is_in_the_store() -> None:
    values = {"secret_key": "A", "cookie_secret": "C"}
    assert look(Aws(values, [KEY, COOKIE]), "cookie_secret")["step"] == "make"
    assert look(Aws({**values, "cookie_secret_next": "D"}, [KEY, COOKIE]), "cookie_secret")["step"] == "adopt"
    assert look(Aws({**values, "cookie_secret_next": "C"}, [KEY, COOKIE]), "cookie_secret")["step"] == "deploy"


def test_the_key_is_made_once_the_one_in_use_has_opened_every_row() -> None:
    aws = Aws({"secret_key": "A"}, [KEY])
    assert (look(aws, "secret_key")["step"], look(aws, "secret_key")["state"]) == ("look", "untouched")
    seen = "redash-ecs-result: " + json.dumps({"old": 2, "new": 0, "neither": []})
    assert look(aws, "secret_key", lines=[seen])["step"] == "make"


def test_one_rotation_at_a_time_where_the_other_side_may_have_either_value() -> None:
    values = {"secret_key": "A", "cookie_secret": "C", "database_password": "P", "redis_token": "T"}
    for begun in ("secret_key", "database_password"):
        aws = Aws({**values, f"{begun}_next": "N"}, [KEY, COOKIE])
        for what in values:
            if what == begun:
                assert look(aws, what)["state"] == "made"
                continue
            with pytest.raises(RedashError, match=f"/redash/x/{begun}_next: a rotation of {begun} is unfinished"):
                look(aws, what)


def test_what_the_task_saw_in_the_database_is_read_from_its_log() -> None:
    aws = Aws({"secret_key": "A", "secret_key_next": "B"}, [KEY])
    assert look(aws, "secret_key")["step"] == "look"
    seen = "redash-ecs-result: " + json.dumps({"old": 2, "new": 0, "neither": []})
    assert look(aws, "secret_key", lines=["[INFO] loading", seen])["step"] == "stop"
    answer = look(aws, "secret_key", lines=[seen], done=["stop"])
    assert (answer["step"], answer["done"]) == ("reencrypt", ["reencrypt", "stop"])
    assert answer["why"].endswith("(encrypted rows: 2 with the old key)")
    none_left = "redash-ecs-result: " + json.dumps({"old": 0, "new": 2, "neither": []})
    answer = look(aws, "secret_key", lines=[none_left], done=["stop", "reencrypt"])
    assert (answer["step"], answer["why"].rpartition(" (")[2]) == ("adopt", "encrypted rows: 2 with the new one)")
    aws = Aws({"secret_key": "B", "secret_key_next": "B"}, [KEY])
    in_use = "redash-ecs-result: " + json.dumps({"old": 2, "new": 0, "neither": []})
    answer = look(aws, "secret_key", lines=[in_use], done=["deploy", "prove"])
    assert (answer["step"], answer["why"].rpartition(" (")[2]) == ("retire", "encrypted rows: 2 with the key in use)")


def test_a_task_that_said_nothing_is_no_answer() -> None:
    aws = Aws({"secret_key": "A", "secret_key_next": "B"}, [KEY])
    with pytest.raises(RedashError, match="without saying what it saw"):
        look(aws, "secret_key", lines=["Killed"])


def test_the_cookie_secret_stays_where_it_is_the_encryption_key() -> None:
    with pytest.raises(RedashError, match="what encrypts the data"):
        look(Aws({"cookie_secret": "C"}, [COOKIE]), "cookie_secret")
    with pytest.raises(RedashError, match="without REDASH_SECRET_KEY"):
        look(Aws({"cookie_secret": "C", "secret_key": "C"}, [COOKIE]), "cookie_secret")


def test_a_release_without_reencrypt_is_refused() -> None:
    with pytest.raises(RedashError, match="no `database reencrypt`"):
        look(Aws({"secret_key": "A"}, [KEY]), "secret_key", redash_version="8.0.0")


def test_no_value_is_said() -> None:
    key, other = "Zq7Zq7Zq7Zq7Zq7Z", "Xw9Xw9Xw9Xw9Xw9X"
    aws = Aws({"secret_key": key, "secret_key_next": other}, [KEY])
    assert key not in str(look(aws, "secret_key"))
    literal = Aws({"secret_key": key}, [])
    literal.container["environment"] = [{"name": "REDASH_SECRET_KEY", "value": other}]  # type: ignore[assignment]
    with pytest.raises(RedashError, match="is not the key in use") as refused:
        look(literal, "secret_key")
    assert key not in str(refused.value)
    assert other not in str(refused.value)
