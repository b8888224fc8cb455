# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole work, against a mock of ElastiCache that does what its documentation says."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.redash.ecs.plugins.module_utils import elasticache_auth
from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

GROUP = "redash-prod"
ARN = f"arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:{GROUP}"
NOTHING = ""  # connecting without a token


class Killed(BaseException):
    """kill -9, between two calls."""


class MockElastiCache:
    """Tokens as https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html tells it; each change takes a while.

    ``dates_set``  whether a SET counts as a modification, which the documentation leaves open
    """

    class exceptions:
        ClientError = ClientError

    def __init__(self, *, dates_set: bool = True) -> None:
        self.accepted = [NOTHING]
        self.tags: dict[str, str] = {}
        self.group: dict[str, Any] = {
            "ReplicationGroupId": GROUP,
            "ARN": ARN,
            "Status": "available",
            "AuthTokenEnabled": False,
            "TransitEncryptionEnabled": True,
        }
        self.dates_set = dates_set
        self.looks = 0
        self.modified = 1_700_000_000
        self.calls: list[str] = []
        self.strategies: list[str] = []
        self.kill_at: int | None = None
        self.watch: Callable[[], None] = lambda: None

    def _called(self, name: str) -> None:
        self.watch()
        self.calls.append(name)
        if self.kill_at == len(self.calls):
            raise Killed

    def describe_replication_groups(self, ReplicationGroupId: str) -> dict[str, Any]:
        self._called("describe")
        if ReplicationGroupId != GROUP:
            raise ClientError({"Error": {"Code": "ReplicationGroupNotFoundFault"}}, "DescribeReplicationGroups")
        self.looks -= 1
        if self.looks <= 0:
            self.group["Status"] = "available"
        return {"ReplicationGroups": [dict(self.group)]}

    def list_tags_for_resource(self, ResourceName: str) -> dict[str, Any]:
        self._called("tags")
        return {"TagList": [{"Key": key, "Value": value} for key, value in self.tags.items()]}

    def add_tags_to_resource(self, ResourceName: str, Tags: list[dict[str, str]]) -> None:
        self._called("tag")
        assert self.group["Status"] == "available", "ElastiCache tags nothing that is being modified"
        self.tags |= {tag["Key"]: tag["Value"] for tag in Tags}

    def modify_replication_group(
        self, ReplicationGroupId: str, AuthToken: str, AuthTokenUpdateStrategy: str, ApplyImmediately: bool
    ) -> None:
        assert ApplyImmediately and self.group["Status"] == "available"
        if AuthTokenUpdateStrategy == "ROTATE":
            self.accepted = [*self.accepted[-1:], AuthToken]
        elif len(self.accepted) != 2 or self.accepted[-1] != AuthToken:
            self._called("modify")
            raise ClientError({"Error": {"Code": "InvalidParameterValue", "Message": f"not with {AuthToken}"}}, "ModifyReplicationGroup")
        else:
            self.accepted = [AuthToken]
        if AuthTokenUpdateStrategy == "ROTATE" or self.dates_set:
            self.modified += 100
            self.group["AuthTokenLastModifiedDate"] = datetime.datetime.fromtimestamp(self.modified, datetime.UTC)
        self.group |= {"AuthTokenEnabled": True, "Status": "modifying"}
        self.strategies.append(AuthTokenUpdateStrategy)
        self.looks = 3
        self._called("modify")


class MockStore:
    """Parameter Store with one parameter."""

    def __init__(self) -> None:
        self.version = 0
        self.value = ""

    def write(self, value: str) -> None:
        self.version += 1
        self.value = value

    def get_parameters(self, Names: list[str], WithDecryption: bool) -> dict[str, Any]:
        assert Names == ["/redash/redash-prod/redis_token"]
        if not self.version:
            return {"Parameters": []}
        parameter = {
            "Name": Names[0],
            "Type": "SecureString",
            "Version": self.version,
            "ARN": "arn",
            "Value": self.value if WithDecryption else "AQICAHh",
            "LastModifiedDate": datetime.datetime.fromtimestamp(1_600_000_000 + self.version, datetime.UTC),
        }
        return {"Parameters": [parameter]}


class Installation:
    def __init__(self, *, dates_set: bool = True) -> None:
        self.redis = MockElastiCache(dates_set=dates_set)
        self.store = MockStore()
        self.store.write("first-" + "t" * 26)
        self.now = 0.0
        self.reported: list[str] = []

    def run(self, strategy: str = "SET", *, check_mode: bool = False, **params: Any) -> dict[str, Any]:
        def sleep(seconds: float) -> None:
            self.now += seconds

        clients = {"elasticache": self.redis, "ssm": self.store}
        clock = Clock(monotonic=lambda: self.now, sleep=sleep)
        context = Context(client=clients.__getitem__, report=self.reported.append, check_mode=check_mode, diff_mode=True, clock=clock)
        given = {"replication_group_id": GROUP, "prefix": "/redash/redash-prod", "auth_token_update_strategy": strategy}
        defaults = {name: option.get("default") for name, option in elasticache_auth.ARGUMENT_SPEC.items()}
        return elasticache_auth.run({**defaults, **given, **params}, context)


@pytest.fixture
def installation() -> Installation:
    return Installation()


def test_a_group_without_a_token_gets_one_and_then_demands_it(installation: Installation) -> None:
    result = installation.run("ROTATE")
    assert result["steps"] == ["ROTATE"] and installation.redis.accepted == [NOTHING, installation.store.value]
    result = installation.run("SET")
    assert result["steps"] == ["SET"] and installation.redis.accepted == [installation.store.value]


def test_a_second_run_changes_nothing_and_decrypts_nothing(installation: Installation) -> None:
    installation.run()
    installation.store.value = "never read"
    for strategy in ("ROTATE", "SET"):
        result = installation.run(strategy)
        assert not result["changed"] and result["diff"]["before"] == result["diff"]["after"]
    assert installation.redis.strategies == ["ROTATE", "SET"]


def test_a_new_token_is_accepted_beside_the_old_one_until_it_is_set(installation: Installation) -> None:
    installation.run()
    old = installation.store.value
    installation.store.write("second-" + "t" * 25)
    assert installation.run("ROTATE")["changed"] and not installation.run("ROTATE")["changed"]
    assert installation.redis.accepted == [old, installation.store.value]
    installation.run("SET")
    assert installation.redis.accepted == [installation.store.value]


@pytest.mark.parametrize("dates_set", [True, False])
@pytest.mark.parametrize("at", range(1, 19))
def test_killed_at_any_call_of_a_rotation_it_converges_and_locks_nobody_out(at: int, dates_set: bool) -> None:
    """What runs holds the old token until it is deployed between ROTATE and SET, and the new one afterwards."""
    installation = Installation(dates_set=dates_set)
    redis, store = installation.redis, installation.store
    installation.run()
    holds = store.value
    store.write("second-" + "t" * 25)
    deployed = False

    def nobody_is_locked_out() -> None:
        assert holds in redis.accepted, redis.accepted

    redis.watch = nobody_is_locked_out
    redis.calls.clear()
    redis.kill_at = at
    killed = False
    for _attempt in range(3):
        try:
            installation.run("ROTATE")
            holds, deployed = store.value, True
            installation.run("SET")
            break
        except Killed:
            killed, redis.kill_at = True, None
    assert killed and deployed and redis.accepted == [store.value]
    assert not installation.run("SET")["changed"]


def test_a_refused_set_is_an_error_unless_an_earlier_run_did_it(installation: Installation) -> None:
    installation.run("ROTATE")
    installation.redis.accepted = [NOTHING, "somebody-else"]
    with pytest.raises(RedashError, match="InvalidParameterValue") as caught:
        installation.run("SET")
    assert installation.store.value not in str(caught.value)
    assert "set" not in installation.redis.tags["AuthTokenVersion"].split()


def test_the_token_is_nowhere_but_in_the_request(installation: Installation) -> None:
    result = installation.run()
    told = repr((result, installation.reported, installation.redis.tags))
    assert installation.store.value not in told and "version 1 of redis_token" in told


def test_a_secret_that_was_made_anew_is_another_one_though_its_version_is_the_same(installation: Installation) -> None:
    installation.run()
    installation.redis.tags["AuthTokenVersion"] = "1@1500000000 set"
    assert installation.run("ROTATE", check_mode=True)["steps"] == ["ROTATE"]


def test_check_mode_says_it_and_changes_nothing(installation: Installation) -> None:
    result = installation.run(check_mode=True)
    assert result["changed"] and result["diff"]["after"] == "redash-prod: version 1 of redis_token is the only one accepted\n"
    assert installation.redis.accepted == [NOTHING] and not installation.redis.tags
    installation.store.version = 0
    assert installation.run(check_mode=True)["steps"] == ["ROTATE", "SET"]


def test_a_token_that_the_store_does_not_hold_is_an_error(installation: Installation) -> None:
    installation.store.version = 0
    with pytest.raises(RedashError, match="redis_token: does not exist. Run site.yml"):
        installation.run()


def test_without_tls_there_is_no_token(installation: Installation) -> None:
    installation.redis.group["TransitEncryptionEnabled"] = False
    with pytest.raises(RedashError, match=r"only where TLS is on .*auth_token_enabled: false"):
        installation.run()


def test_a_user_group_excludes_a_token(installation: Installation) -> None:
    installation.redis.group["UserGroupIds"] = ["analysts"]
    with pytest.raises(RedashError, match="user group analysts"):
        installation.run()


def test_opting_out_changes_nothing_and_is_refused_once_a_token_is_demanded(installation: Installation) -> None:
    assert not installation.run(auth_token_enabled=False)["changed"]
    installation.run()
    with pytest.raises(RedashError, match="demands an AUTH token"):
        installation.run(auth_token_enabled=False)


def test_a_group_that_is_not_there_is_one_line(installation: Installation) -> None:
    with pytest.raises(RedashError, match="no such replication group"):
        installation.run(replication_group_id="other")


def test_a_group_that_never_becomes_available_ends_in_time(installation: Installation) -> None:
    installation.redis.group["Status"], installation.redis.looks = "modifying", 10**6
    with pytest.raises(RedashError, match="still modifying after 60 s"):
        installation.run(timeout=60)
