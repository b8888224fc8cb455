# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Both stores on moto, by the same tests: what one does, the other does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ansible_collections.redash.ecs.plugins.module_utils.aws import secret_store
from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import STORES, SecretStore, open_store
from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import AlreadyExists
from ansible_collections.redash.ecs.plugins.module_utils.ssm_secrets import run

PREFIX = "/redash/x"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-1"}


class Aws:
    """moto's clients, counted; ``refuse`` makes one operation fail as AWS would."""

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}
        self.calls: list[str] = []
        self.refused: dict[str, ClientError] = {}
        self.slept: list[float] = []

    def __call__(self, service: str) -> Any:
        if service not in self.clients:
            client = boto3.client(service, **KEYS)
            client.meta.events.register("before-call", self._count)
            self.clients[service] = client
        return self.clients[service]

    def _count(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)
        if model.name in self.refused:
            raise self.refused[model.name]

    def refuse(self, operation: str, code: str, message: str) -> None:
        self.refused[operation] = ClientError({"Error": {"Code": code, "Message": message}}, operation)

    @property
    def context(self) -> Context:
        return Context(client=self, clock=Clock(sleep=self.slept.append), diff_mode=True)


@pytest.fixture
def aws() -> Iterator[Aws]:
    with mock_aws():
        yield Aws()


@pytest.fixture(params=list(STORES))
def store(request: pytest.FixtureRequest, aws: Aws) -> SecretStore:
    return open_store(request.param, aws.context)


@pytest.fixture
def manager(aws: Aws) -> SecretStore:
    return open_store("secrets_manager", aws.context)


def make(store: SecretStore, name: str = "secret_key", value: str = "A") -> str:
    return store.create(f"{PREFIX}/{name}", value, kms_key_id=None, tags={"Team": "data"}).arn


def test_what_was_made_is_read_with_its_arn_and_version(store: SecretStore) -> None:
    arn = make(store)
    found = store.read(PREFIX, ["secret_key", "gone"], decrypt=True)
    assert set(found) == {"secret_key"}
    assert (found["secret_key"].arn, found["secret_key"].version, found["secret_key"].value) == (arn, 1, "A")
    assert found["secret_key"].encrypted and found["secret_key"].modified
    assert store.read(PREFIX, ["secret_key"], decrypt=False)["secret_key"].value is None


def test_no_value_is_in_what_python_prints(store: SecretStore) -> None:
    make(store, value="hush-hush")
    assert "hush-hush" not in repr(store.read(PREFIX, ["secret_key"], decrypt=True))


def test_nothing_is_made_over_what_exists(store: SecretStore) -> None:
    make(store)
    with pytest.raises(AlreadyExists):
        make(store, value="B")
    assert store.read(PREFIX, ["secret_key"], decrypt=True)["secret_key"].value == "A"


def test_a_new_version_counts_one_more_and_the_old_one_stays(store: SecretStore) -> None:
    make(store)
    written = store.update(f"{PREFIX}/secret_key", "B", kms_key_id=None, version=1)
    found = store.read(PREFIX, ["secret_key"], decrypt=True)["secret_key"]
    assert (written.version, found.version, found.value, found.arn) == (2, 2, "B", written.arn)


def test_twenty_five_secrets_are_read_in_few_calls(aws: Aws, store: SecretStore) -> None:
    names = [f"secret_{number}" for number in range(25)]
    for name in names:
        make(store, name, f"value of {name}")
    aws.calls.clear()
    found = store.read(PREFIX, names, decrypt=True)
    assert {name: one.value for name, one in found.items()} == {name: f"value of {name}" for name in names}
    assert len(aws.calls) == {"parameter_store": 3, "secrets_manager": 2}[store.name]


def test_a_reference_leads_back_to_the_secret(store: SecretStore) -> None:
    arn = make(store)
    assert store.owns(arn)
    assert [name for name in STORES if open_store(name, Context(client=lambda _: None)).owns(arn)] == [store.name]
    assert store.path_of(arn) == f"{PREFIX}/secret_key"
    assert store.value(arn) == "A"


def test_references_that_lead_nowhere_are_found_in_one_call_for_each_store(aws: Aws) -> None:
    parameters, manager = (open_store(name, aws.context) for name in STORES)
    there = [make(parameters), make(manager), f"{PREFIX}/secret_key"]
    gone = ["/else/where", "arn:aws:ssm:eu-west-1:123456789012:parameter/no/such", f"{manager.arn('/no/such')}-AbCdEf"]
    aws.calls.clear()
    assert sorted(secret_store.missing(aws.context, [*there, *gone])) == sorted(gone)
    assert sorted(call for call in aws.calls if call != "GetCallerIdentity") == ["BatchGetSecretValue", "GetParameters"]


def test_deleting_deletes_what_is_named(store: SecretStore) -> None:
    make(store), make(store, "other")
    assert store.delete(PREFIX, ["secret_key"], recovery_days=0) == ["secret_key"]
    assert set(store.read(PREFIX, ["secret_key", "other"], decrypt=True)) == {"other"}
    make(store, value="C")
    assert store.read(PREFIX, ["secret_key"], decrypt=True)["secret_key"].value == "C"


def test_what_a_container_was_given_is_in_the_history(store: SecretStore) -> None:
    make(store)
    written = store.read(PREFIX, ["secret_key"], decrypt=True)["secret_key"].modified
    assert written is not None
    at = store.version_at(f"{PREFIX}/secret_key", written + 1)
    assert at is not None and (at.value, at.version) == ("A", 1)
    assert store.version_at(f"{PREFIX}/secret_key", written - 3600) is None


def test_a_deletion_in_secrets_manager_can_be_taken_back(manager: SecretStore) -> None:
    make(manager)
    manager.delete(PREFIX, ["secret_key"], recovery_days=7)
    assert manager.read(PREFIX, ["secret_key"], decrypt=True)["secret_key"].deleted
    manager.restore(f"{PREFIX}/secret_key")
    assert manager.read(PREFIX, ["secret_key"], decrypt=True)["secret_key"].value == "A"


def test_a_key_inside_a_secret_and_an_older_version_are_read_as_ecs_does(aws: Aws, manager: SecretStore) -> None:
    arn = make(manager, "all", '{"secret_key": "inside"}')
    assert manager.value(f"{arn}:secret_key::") == "inside"
    manager.update(f"{PREFIX}/all", '{"secret_key": "later"}', kms_key_id=None, version=1)
    assert manager.value(f"{arn}:secret_key:AWSPREVIOUS:") == "inside"
    assert manager.value(f"{manager.arn('/no/such')}-AbCdEf") is None


def test_a_version_that_somebody_else_wrote_counts_higher(aws: Aws, manager: SecretStore) -> None:
    make(manager)
    aws("secretsmanager").put_secret_value(SecretId=f"{PREFIX}/secret_key", SecretString="by hand")
    found = manager.read(PREFIX, ["secret_key"], decrypt=True)["secret_key"]
    assert found.value == "by hand" and found.version > 1_700_000_000
    assert manager.update(f"{PREFIX}/secret_key", "ours", kms_key_id=None, version=found.version).version == found.version + 1


def test_two_who_write_the_same_version_at_once_do_not_both_succeed(aws: Aws, manager: SecretStore) -> None:
    make(manager)
    aws.refuse("PutSecretValue", "ResourceExistsException", "a resource with the ID you requested already exists")
    with pytest.raises(AlreadyExists):
        manager.update(f"{PREFIX}/secret_key", "B", kms_key_id=None, version=1)


def test_a_name_that_was_just_freed_is_waited_for(aws: Aws, manager: SecretStore) -> None:
    aws.refuse("CreateSecret", "InvalidRequestException", "a secret with this name is already scheduled for deletion")
    with pytest.raises(RedashError, match="make the secret /redash/x/secret_key"):
        make(manager)
    assert (aws.calls.count("CreateSecret"), len(aws.slept)) == (10, 9)


@pytest.mark.parametrize(
    ("operation", "code", "message", "todo"),
    [
        ("BatchGetSecretValue", "AccessDeniedException", "not authorized", "Allow secretsmanager:BatchGetSecretValue"),
        ("BatchGetSecretValue", "AccessDeniedException", "Access to KMS is not allowed", "kms:Decrypt"),
        ("BatchGetSecretValue", "DecryptionFailure", "can't decrypt", "aws kms describe-key"),
        ("CreateSecret", "EncryptionFailure", "can't encrypt", "Check redash_kms_alias"),
        ("CreateSecret", "LimitExceededException", "too many", "Service Quotas"),
    ],
)
def test_refusals_are_one_line_with_the_way_out(aws: Aws, operation: str, code: str, message: str, todo: str) -> None:
    aws.refuse(operation, code, message)
    with pytest.raises(RedashError) as caught:
        work(aws, "secrets_manager", {"name": "secret_key"})
    assert todo in str(caught.value) and "\n" not in str(caught.value)


def work(aws: Aws, name: str, *secrets: dict[str, Any], check_mode: bool = False, **params: Any) -> dict[str, Any]:
    defaults = {"length": 32, "value": None, "compose": None, "values": None}
    nothing = {"kms_key_id": None, "tags": None, "allow_change": [], "put_back": [], "references": None, "installation": None}
    asked = {"store": name, "prefix": PREFIX, "state": "present", "confirm": None, "recovery_days": 30, **nothing, **params}
    context = aws.context
    context.check_mode = check_mode
    return run({**asked, "secrets": [{**defaults, **secret} for secret in secrets]}, context)


URL = {"name": "database_url", "compose": "postgresql://redash:{database_password}@{host}/redash", "values": {"host": "db"}}


@pytest.mark.parametrize("name", list(STORES))
def test_the_module_makes_once_follows_parts_and_deletes_in_either_store(aws: Aws, name: str) -> None:
    foretold = work(aws, name, {"name": "database_password"}, URL, check_mode=True)
    assert foretold["changed"] and open_store(name, aws.context).read(PREFIX, ["database_password"], decrypt=True) == {}
    first = work(aws, name, {"name": "database_password"}, URL)
    assert first["changed"] and not work(aws, name, {"name": "database_password"}, URL)["changed"]
    stored = open_store(name, aws.context).read(PREFIX, ["database_password", "database_url"], decrypt=True)
    password = str(stored["database_password"].value)
    assert stored["database_url"].value == f"postgresql://redash:{password}@db/redash"
    located = work(aws, name, {"name": "database_url"}, state="located")
    assert located["parameters"]["database_url"]["arn"] == stored["database_url"].arn == first["parameters"]["database_url"]["arn"]
    with pytest.raises(RedashError, match=r"/redash/x/none: does not exist in (Parameter Store|Secrets Manager)"):
        work(aws, name, {"name": "none"}, state="located")
    assert work(aws, name, {"name": "none"}, state="located", check_mode=True)["parameters"]["none"]["arn"]
    gone = work(aws, name, {"name": "database_url"}, state="absent", confirm=PREFIX)
    assert gone["deleted"] == ["database_url"]
    assert password not in str([foretold, first, located, gone])


def test_a_secret_in_its_recovery_is_restored_instead_of_made_anew(aws: Aws) -> None:
    work(aws, "secrets_manager", {"name": "secret_key"})
    before = open_store("secrets_manager", aws.context).read(PREFIX, ["secret_key"], decrypt=True)["secret_key"].value
    work(aws, "secrets_manager", {"name": "secret_key"}, state="absent", confirm=PREFIX)
    foretold = work(aws, "secrets_manager", {"name": "secret_key"}, check_mode=True)
    assert foretold["changed"] and foretold["parameters"]["secret_key"]["restored"]
    assert open_store("secrets_manager", aws.context).read(PREFIX, ["secret_key"], decrypt=True)["secret_key"].deleted
    result = work(aws, "secrets_manager", {"name": "secret_key"})
    assert result["changed"] and result["parameters"]["secret_key"]["restored"] and not result["parameters"]["secret_key"]["created"]
    assert "restored: it was deleted" in result["diff"]["after"]
    assert open_store("secrets_manager", aws.context).read(PREFIX, ["secret_key"], decrypt=True)["secret_key"].value == before
    assert not work(aws, "secrets_manager", {"name": "secret_key"})["changed"]


def test_a_rotations_copy_that_was_deleted_is_gone_though_aws_still_shows_it(manager: SecretStore) -> None:
    """Shown, it would be an unfinished rotation: every playbook would stop, and the rotation's next run would stop Redash."""
    make(manager, "secret_key_next")
    manager._api.delete_secret(SecretId=f"{PREFIX}/secret_key_next", RecoveryWindowInDays=7)  # type: ignore[attr-defined]
    assert manager.read(PREFIX, ["secret_key_next"], decrypt=True) == {}


def test_a_rotations_copy_is_deleted_for_good_whatever_is_kept_of_others(aws: Aws, manager: SecretStore) -> None:
    make(manager, "secret_key_next")
    manager.delete(PREFIX, ["secret_key_next"], recovery_days=30)
    make(manager, "secret_key_next", "B")
    assert manager.read(PREFIX, ["secret_key_next"], decrypt=True)["secret_key_next"].value == "B"


def test_what_was_deleted_for_good_is_made_anew(aws: Aws) -> None:
    """The copy beside a rotated secret: restored, it would pass for the next rotation's new value."""
    work(aws, "secrets_manager", {"name": "secret_key_next", "value": "B" * 32})
    work(aws, "secrets_manager", {"name": "secret_key_next"}, state="absent", confirm=PREFIX, recovery_days=0)
    assert work(aws, "secrets_manager", {"name": "secret_key_next"})["parameters"]["secret_key_next"]["created"]


def test_secrets_kept_elsewhere_that_do_not_exist_are_refused_before_anything_is_made(aws: Aws) -> None:
    references = {"redash_mail.password_parameter": "/shared/smtp", "another": "/shared/other"}
    with pytest.raises(RedashError) as caught:
        work(aws, "parameter_store", {"name": "secret_key"}, references=references)
    assert [str(problem) for problem in caught.value.problems] == [
        "redash_mail.password_parameter: /shared/smtp does not exist. Make it, or correct its name or ARN.",
        "another: /shared/other does not exist. Make it, or correct its name or ARN.",
    ]
    assert "PutParameter" not in aws.calls
    aws("ssm").put_parameter(Name="/shared/smtp", Value="hush", Type="SecureString")
    references.pop("another")
    assert work(aws, "parameter_store", {"name": "secret_key"}, references=references)["changed"]
