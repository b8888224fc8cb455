# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_ssm_secrets against a Parameter Store of our own that counts what it is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.ssm_secrets import run

NOW = 1_795_396_800.0
WRITTEN = NOW - 86400
DEPLOYED = WRITTEN + 60

PREFIX = "/redash/x"
URL = {
    "name": "database_url",
    "compose": "postgresql://redash:{database_password}@{host}/redash",
    "values": {"host": "db.example"},
}


def virtual_clock() -> Clock:
    elapsed = [0.0]

    def sleep(seconds: float) -> None:
        elapsed[0] += seconds

    return Clock(now=lambda: NOW, monotonic=lambda: elapsed[0], sleep=sleep)


def refused(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class FakeParameterStore:
    """As much of the ssm client as the work uses; ``before_put`` lets a test meddle in between."""

    meta = SimpleNamespace(partition="aws", region_name="eu-west-1")

    def __init__(self, **values: str) -> None:
        self.parameters: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.error: ClientError | None = None
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.before_put = lambda: None
        for name, value in values.items():
            self.store(f"{PREFIX}/{name}", value)

    def store(self, path: str, value: str, type_: str = "SecureString", at: float = WRITTEN) -> int:
        version = self.parameters.get(path, {}).get("Version", 0) + 1
        arn = f"arn:aws:ssm:eu-west-1:111122223333:parameter{path}"
        written = datetime.fromtimestamp(at, tz=UTC)
        self.parameters[path] = {"Name": path, "Value": value, "Version": version, "ARN": arn, "Type": type_, "LastModifiedDate": written}
        self.history.setdefault(path, []).append(self.parameters[path])
        return version

    def get_parameters(self, *, Names: list[str], WithDecryption: bool) -> dict[str, Any]:
        self.calls.append(("GetParameters", {"Names": Names, "WithDecryption": WithDecryption}))
        assert len(Names) <= 10
        found = [dict(self.parameters[name]) for name in Names if name in self.parameters]
        for parameter in found:
            if not WithDecryption and parameter["Type"] == "SecureString":
                parameter["Value"] = "AQICAHg="
        return {"Parameters": found, "InvalidParameters": [name for name in Names if name not in self.parameters]}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "get_parameter_history"
        self.calls.append(("GetParameterHistory", {}))
        return SimpleNamespace(paginate=lambda *, Name, WithDecryption: [{"Parameters": self.history[Name]}])

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> dict[str, Any]:
        assert WithDecryption
        path = Name.split(":parameter", 1)[-1]
        if path not in self.parameters:
            raise refused("GetParameter", "ParameterNotFound", "")
        return {"Parameter": self.parameters[path]}

    def put_parameter(self, **request: Any) -> dict[str, Any]:
        self.calls.append(("PutParameter", request))
        self.before_put()
        if self.error is not None:
            raise self.error
        if request["Name"] in self.parameters and not request["Overwrite"]:
            raise refused("PutParameter", "ParameterAlreadyExists", "The parameter already exists.")
        if request["Overwrite"] and "Tags" in request:
            raise refused("PutParameter", "ValidationException", "Tags and overwrite can't be used together.")
        return {"Version": self.store(request["Name"], request["Value"]), "Tier": "Standard"}

    def delete_parameters(self, *, Names: list[str]) -> dict[str, Any]:
        self.calls.append(("DeleteParameters", {"Names": Names}))
        return {"DeletedParameters": [name for name in Names if self.parameters.pop(name, None)]}

    @property
    def writes(self) -> list[str]:
        return [request["Name"] for call, request in self.calls if call == "PutParameter"]

    def value(self, name: str) -> str:
        return str(self.parameters[f"{PREFIX}/{name}"]["Value"])


class FakeSts:
    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "111122223333"}


class FakeSecretsManager:
    def batch_get_secret_value(self, *, SecretIdList: list[str]) -> dict[str, Any]:
        held = {"/redash/x/secret_key_next": "next"}
        written = datetime.fromtimestamp(WRITTEN, tz=UTC)
        found = [
            {"Name": name, "ARN": f"arn:{name}", "SecretString": held[name], "VersionId": "v", "CreatedDate": written}
            for name in SecretIdList
            if name in held
        ]
        missing = [name for name in SecretIdList if name not in held]
        return {"SecretValues": found, "Errors": [{"SecretId": name, "ErrorCode": "ResourceNotFoundException"} for name in missing]}

    def get_secret_value(self, **request: str) -> dict[str, str]:
        if request == {"SecretId": "arn:aws:secretsmanager:eu-west-1:1:secret:/redash/x/cookie_secret-AbCdEf"}:
            return {"SecretString": "the-newer-cookie"}
        assert request == {"SecretId": "arn:aws:secretsmanager:eu-west-1:1:secret:redash-AbCdEf"}
        return {"SecretString": json.dumps({"secret_key": "key-in-secrets-manager"})}


class FakeEcs:
    """Task definitions by family; services by name. Nothing else exists."""

    def __init__(self, services: dict[str, str] | None = None, **families: dict[str, dict[str, str]]) -> None:
        self.services = services
        self.families = families

    def describe_services(self, *, cluster: str, services: list[str]) -> dict[str, Any]:
        if self.services is None:
            raise refused("DescribeServices", "ClusterNotFoundException", "Cluster not found.")
        deployments = [
            {"status": "ACTIVE", "createdAt": datetime.fromtimestamp(0, tz=UTC)},
            {"status": "PRIMARY", "createdAt": datetime.fromtimestamp(DEPLOYED, tz=UTC)},
        ]
        found = [
            {"taskDefinition": self.services[name], "status": "ACTIVE", "deployments": deployments}
            for name in services
            if name in self.services
        ]
        return {"services": found, "failures": []}

    def describe_task_definition(self, *, taskDefinition: str) -> dict[str, Any]:
        if taskDefinition not in self.families:
            raise refused("DescribeTaskDefinition", "ClientException", "Unable to describe task definition.")
        container = self.families[taskDefinition]
        return {
            "taskDefinition": {
                "containerDefinitions": [
                    {
                        "name": taskDefinition,
                        "environment": [{"name": key, "value": value} for key, value in container.get("environment", {}).items()],
                        "secrets": [{"name": key, "valueFrom": value} for key, value in container.get("secrets", {}).items()],
                    }
                ]
            }
        }


INSTALLATION = {"cluster": "x", "services": ["x"], "task_definitions": ["runner"], "action": "setup"}


def work(
    store: FakeParameterStore, *secrets: dict[str, Any], check_mode: bool = False, ecs: FakeEcs | None = None, **params: Any
) -> dict[str, Any]:
    clients = {"ssm": store, "sts": FakeSts(), "ecs": ecs, "secretsmanager": FakeSecretsManager()}
    defaults = {"length": 32, "value": None, "compose": None, "values": None}
    return run(
        {
            "store": "parameter_store",
            "prefix": PREFIX,
            "kms_key_id": "alias/redash/x",
            "tags": None,
            "allow_change": [],
            "state": "present",
            "confirm": None,
            "installation": None,
            "references": None,
            "put_back": [],
            "recovery_days": 30,
            **params,
            "secrets": [{**defaults, **secret} for secret in secrets],
        },
        Context(client=clients.__getitem__, check_mode=check_mode, diff_mode=True, clock=virtual_clock()),
    )


def test_what_is_missing_is_made_encrypted_tagged_and_never_overwriting() -> None:
    store = FakeParameterStore()
    result = work(store, {"name": "secret_key"}, tags={"Team": "data"})
    assert result["changed"] is True
    assert result["parameters"] == {
        "secret_key": {
            "name": "/redash/x/secret_key",
            "arn": "arn:aws:ssm:eu-west-1:111122223333:parameter/redash/x/secret_key",
            "version": 1,
            "created": True,
            "updated": False,
            "restored": False,
            "modified": NOW,
        }
    }
    request = next(request for call, request in store.calls if call == "PutParameter")
    assert {key: request[key] for key in ("Type", "Tier", "KeyId", "Overwrite", "Tags")} == {
        "Type": "SecureString",
        "Tier": "Standard",
        "KeyId": "alias/redash/x",
        "Overwrite": False,
        "Tags": [{"Key": "Team", "Value": "data"}],
    }


def test_a_second_run_makes_one_read_without_decryption_and_writes_nothing() -> None:
    store = FakeParameterStore(secret_key="a", cookie_secret="b")
    result = work(store, {"name": "secret_key"}, {"name": "cookie_secret"})
    assert result["changed"] is False
    assert store.calls == [("GetParameters", {"Names": [f"{PREFIX}/secret_key", f"{PREFIX}/cookie_secret"], "WithDecryption": False})]


def test_more_than_ten_secrets_are_read_in_batches_of_ten() -> None:
    store = FakeParameterStore(**{f"s{number}": "v" for number in range(21)})
    assert work(store, *({"name": f"s{number}"} for number in range(21)))["changed"] is False
    assert [len(request["Names"]) for _, request in store.calls] == [10, 10, 1]


def test_check_mode_tells_what_would_be_and_writes_nothing() -> None:
    store = FakeParameterStore(cookie_secret="kept")
    result = work(store, {"name": "secret_key"}, {"name": "cookie_secret"}, URL, check_mode=True)
    assert result["changed"] is True
    assert store.writes == []
    assert {name: parameter["created"] for name, parameter in result["parameters"].items()} == {
        "cookie_secret": False,
        "database_url": True,
        "secret_key": True,
    }
    assert result["parameters"]["secret_key"]["arn"].endswith(":parameter/redash/x/secret_key")


def test_check_mode_and_the_real_run_return_the_same() -> None:
    foretold = work(FakeParameterStore(database_password="p", database_url="old"), URL, {"name": "secret_key"}, check_mode=True)
    real = work(FakeParameterStore(database_password="p", database_url="old"), URL, {"name": "secret_key"})
    assert foretold == real


def test_a_composed_secret_is_written_with_a_new_version_only_when_its_part_changed() -> None:
    store = FakeParameterStore(database_password="first")
    work(store, URL)
    assert store.value("database_url") == "postgresql://redash:first@db.example/redash"
    assert work(store, URL)["changed"] is False
    store.store(f"{PREFIX}/database_password", "second")
    result = work(store, URL)
    assert store.value("database_url") == "postgresql://redash:second@db.example/redash"
    assert result["parameters"]["database_url"] == {
        "name": "/redash/x/database_url",
        "arn": "arn:aws:ssm:eu-west-1:111122223333:parameter/redash/x/database_url",
        "version": 2,
        "created": False,
        "updated": True,
        "restored": False,
        "modified": NOW,
    }


def test_a_race_is_lost_gracefully_the_other_s_value_is_kept_and_used() -> None:
    store = FakeParameterStore()

    def somebody_else() -> None:
        store.before_put = lambda: None
        store.store(f"{PREFIX}/database_password", "theirs")

    store.before_put = somebody_else
    result = work(store, {"name": "database_password"}, URL)
    assert store.value("database_password") == "theirs"
    assert store.value("database_url") == "postgresql://redash:theirs@db.example/redash"
    assert result["parameters"]["database_password"]["created"] is False


def test_a_race_that_never_ends_is_given_up() -> None:
    store = FakeParameterStore()
    store.error = refused("PutParameter", "ParameterAlreadyExists", "exists")
    with pytest.raises(RedashError, match="Run one playbook at a time"):
        work(store, {"name": "secret_key"})


def test_a_differing_protected_value_stops_before_anything_is_written() -> None:
    store = FakeParameterStore(secret_key="in-use")
    with pytest.raises(RedashError, match="replacing it loses every data source"):
        work(store, {"name": "new_one"}, {"name": "secret_key", "value": "another"})
    assert store.writes == []
    assert store.value("secret_key") == "in-use"


@pytest.mark.parametrize(
    ("code", "message", "todo"),
    [
        ("AccessDeniedException", "User is not authorized to perform: ssm:PutParameter", "Allow ssm:PutParameter"),
        ("AccessDeniedException", "The ciphertext refers to a key you have no access to (kms)", "kms:Encrypt and kms:Decrypt"),
        ("InvalidKeyId", "Alias arn:aws:kms:eu-west-1:1:alias/redash/x is not found.", "Check redash_kms_alias"),
        ("ValidationException", "Invalid KeyId alias/redash/x", "Check redash_kms_alias"),
        ("KMSInvalidStateException", "key is pending deletion", "cancel-key-deletion"),
        ("ParameterLimitExceeded", "too many", "Service Quotas"),
    ],
)
def test_aws_s_refusals_are_one_line_each_with_the_way_out(code: str, message: str, todo: str) -> None:
    store = FakeParameterStore()
    store.error = refused("PutParameter", code, message)
    with pytest.raises(RedashError) as caught:
        work(store, {"name": "secret_key"})
    text = str(caught.value)
    assert "\n" not in text
    assert "/redash/x/secret_key" in text
    assert todo in text


def test_no_value_is_in_results_or_messages_even_if_aws_quotes_it() -> None:
    store = FakeParameterStore(database_password="sesame-open")
    given = {"name": "mail_password", "value": "mail-hush-hush"}
    text = json.dumps(work(store, {"name": "secret_key"}, given, URL))
    for value in ("sesame-open", "mail-hush-hush", store.value("secret_key"), store.value("database_url")):
        assert value not in text

    store = FakeParameterStore()
    store.error = refused("PutParameter", "ValidationException", "Value 'mail-hush-hush' at 'value' failed to satisfy constraint")
    with pytest.raises(RedashError) as caught:
        work(store, given)
    assert "mail-hush-hush" not in str(caught.value)
    assert "********" in str(caught.value)


def test_deleting_needs_the_prefix_once_more() -> None:
    store = FakeParameterStore(secret_key="a")
    with pytest.raises(RedashError, match=r"can't be undone.*Set confirm: /redash/x"):
        work(store, {"name": "secret_key"}, state="absent", confirm="yes")
    assert store.value("secret_key") == "a"


def test_deleting_deletes_what_is_named_and_nothing_else() -> None:
    store = FakeParameterStore(secret_key="a", cookie_secret="b")
    assert work(store, {"name": "secret_key"}, {"name": "gone"}, state="absent", confirm=PREFIX, check_mode=True)["deleted"] == [
        "secret_key"
    ]
    result = work(store, {"name": "secret_key"}, {"name": "gone"}, state="absent", confirm=PREFIX)
    assert (result["changed"], result["deleted"]) == (True, ["secret_key"])
    assert set(store.parameters) == {f"{PREFIX}/cookie_secret"}
    assert work(store, {"name": "secret_key"}, state="absent", confirm=PREFIX)["changed"] is False


# --- the encryption key is held against the one in use


def test_before_the_first_set_up_a_key_is_made() -> None:
    store = FakeParameterStore()
    work(store, {"name": "secret_key"}, ecs=FakeEcs(), installation=INSTALLATION)
    assert len(store.value("secret_key")) == 32


def test_an_installation_that_uses_the_stored_key_is_left_alone() -> None:
    store = FakeParameterStore(secret_key="key")
    reference = {"secrets": {"REDASH_SECRET_KEY": "arn:aws:ssm:eu-west-1:1:parameter/redash/x/secret_key"}}
    ecs = FakeEcs({"x": "x"}, x=reference, runner=reference)
    assert work(store, {"name": "secret_key"}, ecs=ecs, installation=INSTALLATION)["changed"] is False


@pytest.mark.parametrize(
    ("container", "key", "where"),
    [
        ({"environment": {"REDASH_COOKIE_SECRET": "cookie-value"}}, "cookie-value", "REDASH_COOKIE_SECRET of the container x"),
        ({"environment": {"REDASH_SECRET_KEY": "plain", "REDASH_COOKIE_SECRET": "c"}}, "plain", "REDASH_SECRET_KEY of the container x"),
        ({"secrets": {"REDASH_SECRET_KEY": "/old/key"}}, "old-key", "REDASH_SECRET_KEY of the container x"),
        (
            {"secrets": {"REDASH_SECRET_KEY": "arn:aws:secretsmanager:eu-west-1:1:secret:redash-AbCdEf:secret_key::"}},
            "key-in-secrets-manager",
            "REDASH_SECRET_KEY of the container x",
        ),
    ],
)
def test_the_key_of_an_installation_made_otherwise_is_carried_over(container: dict[str, dict[str, str]], key: str, where: str) -> None:
    store = FakeParameterStore()
    store.store("/old/key", "old-key")
    result = work(store, {"name": "secret_key"}, ecs=FakeEcs({"x": "x"}, x=container), installation=INSTALLATION)
    assert store.value("secret_key") == key
    assert f"/redash/x/secret_key: version 1 (carried over from {where})" in result["diff"]["after"]
    assert key not in json.dumps(result)


def test_a_stored_key_that_is_not_the_one_in_use_stops_before_anything_is_written() -> None:
    store = FakeParameterStore(secret_key="stored-key")
    ecs = FakeEcs({"x": "x"}, x={"environment": {"REDASH_SECRET_KEY": "running-key"}})
    with pytest.raises(RedashError, match=r"/redash/x/secret_key: the stored secret_key is not the key in use") as caught:
        work(store, {"name": "cookie_secret"}, {"name": "secret_key"}, ecs=ecs, installation=INSTALLATION)
    assert store.writes == []
    assert "stored-key" not in str(caught.value)
    assert "running-key" not in str(caught.value)


def test_a_task_runner_with_another_key_stops() -> None:
    store = FakeParameterStore(secret_key="key")
    ecs = FakeEcs({"x": "x"}, x={"environment": {"REDASH_SECRET_KEY": "key"}}, runner={"environment": {"REDASH_SECRET_KEY": "other"}})
    with pytest.raises(RedashError, match="container runner: it is another key than REDASH_SECRET_KEY of the container x"):
        work(store, {"name": "secret_key"}, ecs=ecs, installation=INSTALLATION)


def test_a_parameter_that_somebody_deleted_stops_instead_of_being_made_anew() -> None:
    store = FakeParameterStore()
    ecs = FakeEcs({"x": "x"}, x={"secrets": {"REDASH_SECRET_KEY": "/redash/x/secret_key"}})
    with pytest.raises(RedashError, match="is gone from the secret store"):
        work(store, {"name": "secret_key"}, ecs=ecs, installation=INSTALLATION)
    assert store.writes == []


def test_a_deleted_key_that_a_person_read_from_a_container_is_put_back() -> None:
    store = FakeParameterStore()
    ecs = FakeEcs({"x": "x"}, x={"secrets": {"REDASH_SECRET_KEY": "/redash/x/secret_key"}})
    work(store, {"name": "secret_key", "value": "read-by-exec"}, ecs=ecs, installation=INSTALLATION)
    assert store.value("secret_key") == "read-by-exec"


def test_when_each_secret_was_written_is_told() -> None:
    """Containers that started before hold an older value, which redash_ecs_service is told by this."""
    result = work(FakeParameterStore(cookie_secret="c" * 32), {"name": "cookie_secret"}, {"name": "secret_key"})
    assert {name: parameter["modified"] for name, parameter in result["parameters"].items()} == {
        "cookie_secret": WRITTEN,
        "secret_key": NOW,
    }


# --- a key that was overwritten since the containers were deployed

OURS = {"secrets": {"REDASH_SECRET_KEY": f"{PREFIX}/secret_key", "REDASH_COOKIE_SECRET": f"{PREFIX}/cookie_secret"}}


def overwritten() -> tuple[FakeParameterStore, FakeEcs]:
    store = FakeParameterStore(secret_key="the-key-of-the-data", cookie_secret="c" * 32)
    store.store(f"{PREFIX}/secret_key", "somebodys-mistake", at=DEPLOYED + 1)
    return store, FakeEcs({"x": "x"}, x=OURS, runner={"environment": {}})


def test_an_overwritten_key_is_seen_in_the_history_and_stops() -> None:
    store, ecs = overwritten()
    with pytest.raises(RedashError) as caught:
        work(store, {"name": "secret_key"}, ecs=ecs, installation=INSTALLATION)
    assert str(caught.value) == (
        "/redash/x/secret_key: the stored secret_key is not the key in use (REDASH_SECRET_KEY of the container x, deployed with version 1;"
        " version 2 was written later). The data is encrypted with the one in use; to store that one again:"
        " -e ssm_secrets_put_back=secret_key (site.yml)."
    )
    assert store.writes == []


def test_it_is_put_back_out_of_the_history_for_those_who_say_so() -> None:
    store, ecs = overwritten()
    result = work(store, {"name": "secret_key"}, ecs=ecs, installation=INSTALLATION, put_back=["secret_key"])
    assert store.value("secret_key") == "the-key-of-the-data"
    assert (
        "/redash/x/secret_key: version 3 (put back from REDASH_SECRET_KEY of the container x, deployed with version 1"
        in result["diff"]["after"]
    )
    assert "the-key" not in json.dumps(result) and "mistake" not in json.dumps(result)
    after = work(store, {"name": "secret_key"}, ecs=ecs, installation=INSTALLATION)
    assert after["changed"] is False


def test_the_same_value_written_again_is_no_other_key() -> None:
    store = FakeParameterStore(secret_key="key", cookie_secret="c" * 32)
    store.store(f"{PREFIX}/secret_key", "key", at=DEPLOYED + 1)
    assert not work(store, {"name": "secret_key"}, ecs=FakeEcs({"x": "x"}, x=OURS), installation=INSTALLATION)["changed"]


def test_the_history_is_not_asked_for_where_nothing_was_written_since() -> None:
    store = FakeParameterStore(secret_key="key", cookie_secret="c" * 32)
    work(store, {"name": "secret_key"}, ecs=FakeEcs({"x": "x"}, x=OURS), installation=INSTALLATION)
    assert "GetParameterHistory" not in [call for call, _ in store.calls]


# --- while the key is being rotated


@pytest.mark.parametrize("action", ["setup", "upgrade", "mail"])
def test_an_unfinished_rotation_of_the_key_stops_everything_else(action: str) -> None:
    store = FakeParameterStore(secret_key="key", secret_key_next="next", cookie_secret="c" * 32)
    with pytest.raises(RedashError) as caught:
        work(store, {"name": "secret_key"}, ecs=FakeEcs({"x": "x"}, x=OURS), installation={**INSTALLATION, "action": action})
    assert str(caught.value) == (
        "/redash/x/secret_key_next: a rotation of secret_key is unfinished, and the data may be encrypted with either key."
        " Finish it first: rotate_secrets.yml -e rotate=secret_key"
    )


@pytest.mark.parametrize("action", ["setup", "upgrade", "mail"])
def test_an_unfinished_rotation_of_the_database_s_password_stops_everything_else(action: str) -> None:
    """A database that refused it has the old one: what is deployed with the new one would be locked out."""
    store = FakeParameterStore(secret_key="key", database_password="new", database_password_next="new", cookie_secret="c" * 32)
    with pytest.raises(RedashError) as caught:
        work(store, {"name": "database_password"}, ecs=FakeEcs({"x": "x"}, x=OURS), installation={**INSTALLATION, "action": action})
    assert str(caught.value) == (
        "/redash/x/database_password_next: a rotation of database_password is unfinished, and the database may have either password."
        " Finish it first: rotate_secrets.yml -e rotate=database_password"
    )
    assert store.writes == []
    rotating = {**INSTALLATION, "action": "rotate"}
    assert not work(store, {"name": "database_password"}, ecs=FakeEcs({"x": "x"}, x=OURS), installation=rotating)["changed"]


def test_the_rotation_itself_goes_on_also_once_the_new_key_is_the_secret() -> None:
    store = FakeParameterStore(secret_key="key", cookie_secret="c" * 32)
    store.store(f"{PREFIX}/secret_key_next", "next", at=DEPLOYED + 1)
    rotating = {**INSTALLATION, "action": "rotate"}
    ecs = FakeEcs({"x": "x"}, x=OURS)
    assert not work(store, {"name": "secret_key"}, ecs=ecs, installation=rotating)["changed"]
    store.store(f"{PREFIX}/secret_key", "next", at=DEPLOYED + 2)
    assert not work(store, {"name": "secret_key"}, ecs=ecs, installation=rotating)["changed"]


def test_an_installation_that_moves_from_the_other_store_finishes_its_rotation_there() -> None:
    there = {"secrets": {"REDASH_SECRET_KEY": "arn:aws:secretsmanager:eu-west-1:1:secret:/redash/x/secret_key-AbCdEf"}}
    with pytest.raises(RedashError, match="a rotation of secret_key is unfinished"):
        work(FakeParameterStore(), {"name": "secret_key"}, ecs=FakeEcs({"x": "x"}, x=there), installation=INSTALLATION)


def test_what_was_left_behind_when_it_moved_is_not_taken_for_what_is_in_use() -> None:
    there = {"secrets": {"REDASH_COOKIE_SECRET": "arn:aws:secretsmanager:eu-west-1:1:secret:/redash/x/cookie_secret-AbCdEf"}}
    store = FakeParameterStore(secret_key="key", cookie_secret="the-older-cookie")
    with pytest.raises(RedashError) as caught:
        work(store, {"name": "cookie_secret"}, ecs=FakeEcs({"x": "x"}, x=there), installation=INSTALLATION)
    assert str(caught.value) == (
        "/redash/x/cookie_secret: Parameter Store has another value of it than Secrets Manager, which the containers use."
        " Delete what is below /redash/x in Parameter Store; site.yml then brings over what is in use."
    )
    moved = FakeParameterStore(secret_key="the-newer-cookie")
    work(moved, {"name": "cookie_secret"}, {"name": "secret_key"}, ecs=FakeEcs({"x": "x"}, x=there), installation=INSTALLATION)
    assert moved.value("cookie_secret") == "the-newer-cookie"


@pytest.mark.parametrize("action", ["upgrade", "mail"])
def test_only_a_set_up_makes_a_key(action: str) -> None:
    store = FakeParameterStore()
    with pytest.raises(RedashError, match=r"there is no installation: no key is stored or in use. Run site.yml first"):
        work(store, {"name": "secret_key"}, ecs=FakeEcs(), installation={**INSTALLATION, "action": action})
    assert store.writes == []


# --- what the store has lost


def test_the_databases_password_is_restored_out_of_its_url() -> None:
    store = FakeParameterStore(secret_key="key", database_url="postgresql://redash:sesame@db/redash")
    result = work(store, {"name": "secret_key"}, {"name": "database_password"}, ecs=FakeEcs({"x": "x"}, x=OURS), installation=INSTALLATION)
    assert store.value("database_password") == "sesame"
    assert "/redash/x/database_password: version 1 (found in database_url)" in result["diff"]["after"]
    assert "sesame" not in json.dumps(result)


def test_a_lost_cookie_secret_stops_and_nothing_is_written() -> None:
    store = FakeParameterStore(secret_key="key")
    with pytest.raises(RedashError, match=r"REDASH_COOKIE_SECRET of the container x: its value, /redash/x/cookie_secret, is gone"):
        work(store, {"name": "secret_key"}, {"name": "cookie_secret"}, ecs=FakeEcs({"x": "x"}, x=OURS), installation=INSTALLATION)
    assert store.writes == []
