# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.redash.ecs.plugins.module_utils.core.infrastructure import SHAPE, _arn, problems

ARN = "arn:aws:{}:ap-northeast-1:123456789012:{}"
GOOD: dict[str, Any] = {
    "name": "redash-prod",
    "region": "ap-northeast-1",
    "account_id": "123456789012",
    "vpc_id": "vpc-0123456789abcdef0",
    "private_subnet_ids": ["subnet-0a", "subnet-0b"],
    "public_subnet_ids": [],
    "task_security_group_ids": ["sg-0a"],
    "assign_public_ip": "DISABLED",
    "cluster_name": "redash-prod",
    "cluster_arn": ARN.format("ecs", "cluster/redash-prod"),
    "execution_role_arn": "arn:aws:iam::123456789012:role/redash-prod",
    "task_role_arn": None,
    "log_group_name": "/redash/redash-prod",
    "target_group_arn": ARN.format("elasticloadbalancing", "targetgroup/redash-prod/0123"),
    "load_balancer_arn": ARN.format("elasticloadbalancing", "loadbalancer/app/redash-prod/0123"),
    "load_balancer_dns_name": "redash-prod.ap-northeast-1.elb.amazonaws.com",
    "url": "https://redash.example.com",
    "database": {"endpoint": "db.example.com", "port": 5432, "name": "redash", "username": "redash"},
    "redis": {"endpoint": "redis.example.com", "port": 6379, "tls": True},
    "kms_key_arn": ARN.format("kms", "key/0123"),
}


def test_a_right_one_has_no_problems() -> None:
    assert problems(GOOD) == []


def test_the_documentations_example_is_right() -> None:
    page = (Path(__file__).resolve().parents[5] / "docs" / "own-infrastructure.md").read_text()
    examples = [yaml.safe_load(example) for example in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    (given,) = (example["redash_infrastructure"] for example in examples if "redash_infrastructure" in (example or {}))
    assert problems(given) == []


def test_other_partitions_are_right_as_well() -> None:
    assert problems({**GOOD, "kms_key_arn": "arn:aws-cn:kms:cn-north-1:123456789012:key/1", "region": "us-gov-west-1"}) == []


def changed(path: str, value: Any) -> dict[str, Any]:
    given = copy.deepcopy(GOOD)
    parent, _separator, key = path.rpartition(".")
    (given[parent] if parent else given)[key] = value
    return given


def said(given: Any) -> list[str]:
    return [str(problem) for problem in problems(given)]


ROLE = "Give arn:aws:iam::123456789012:role/redash-prod."
DATABASE = "It needs endpoint, port, name, username, cluster_identifier."
REDIS = "It needs endpoint, port, tls, auth_token, replication_group_id."


@pytest.mark.parametrize(
    ("path", "todo"),
    [
        ("name", "Give redash-prod."),
        ("region", "Give ap-northeast-1."),
        ("account_id", "Give 123456789012 (in quotes: an account may begin with 0)."),
        ("vpc_id", "Give vpc-0123456789abcdef0."),
        ("private_subnet_ids", "Give a list, such as [subnet-0123456789abcdef0]."),
        ("public_subnet_ids", "Give a list, such as [subnet-0123456789abcdef0]."),
        ("task_security_group_ids", "Give a list, such as [sg-0123456789abcdef0]."),
        ("assign_public_ip", "Give ENABLED or DISABLED."),
        ("cluster_name", "Give a name."),
        ("cluster_arn", "Give arn:aws:ecs:ap-northeast-1:123456789012:cluster/redash-prod."),
        ("execution_role_arn", ROLE),
        ("log_group_name", "Give a name."),
        ("target_group_arn", "Give the ARN of a target group."),
        ("load_balancer_arn", "Give the ARN of an application load balancer."),
        ("load_balancer_dns_name", "Give a host name without scheme and port."),
        ("url", "Give https://redash.example.com (without a path)."),
        ("database", DATABASE),
        ("database.endpoint", "Give a host name without scheme and port."),
        ("database.port", "Give a port number."),
        ("database.name", "Give a name."),
        ("database.username", "Give a name."),
        ("redis", REDIS),
        ("redis.endpoint", "Give a host name without scheme and port."),
        ("redis.port", "Give a port number."),
        ("redis.tls", "Give true or false."),
        ("kms_key_arn", "Give arn:aws:kms:ap-northeast-1:123456789012:key/...."),
    ],
)
def test_each_missing_value_is_named(path: str, todo: str) -> None:
    given = changed(path, None)
    line = f"redash_infrastructure.{path}: is missing. {todo}"
    assert said(given) == [line]
    parent, _separator, key = path.rpartition(".")
    del (given[parent] if parent else given)[key]
    assert said(given) == [line]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("name", "Redash", "'Redash' does not look like redash-prod"),
        ("name", "1redash", "'1redash' does not look like redash-prod"),
        ("region", "tokyo", "'tokyo' does not look like ap-northeast-1"),
        ("region", "ap-northeast-1a", "'ap-northeast-1a' does not look like ap-northeast-1"),
        ("account_id", 123456789, "123456789 does not look like 123456789012 (in quotes: an account may begin with 0)"),
        ("account_id", "1234567890123", "'1234567890123' does not look like 123456789012 (in quotes: an account may begin with 0)"),
        ("vpc_id", "subnet-0a", "'subnet-0a' does not look like vpc-0123456789abcdef0"),
        ("private_subnet_ids", "subnet-0a", "'subnet-0a' is not a list. Give a list, such as [subnet-0123456789abcdef0]."),
        ("private_subnet_ids", [], "has 0 entries. It needs at least 1, such as subnet-0123456789abcdef0."),
        ("task_security_group_ids", [], "has 0 entries. It needs at least 1, such as sg-0123456789abcdef0."),
        ("assign_public_ip", True, "True does not look like ENABLED or DISABLED"),
        ("assign_public_ip", "enabled", "'enabled' does not look like ENABLED or DISABLED"),
        ("cluster_name", "a b", "'a b' does not look like a name"),
        ("cluster_name", ["a"], "['a'] does not look like a name"),
        ("cluster_name", {"a": "b"}, "{'a': 'b'} does not look like a name"),
        ("cluster_arn", ROLE, f"{ROLE!r} does not look like arn:aws:ecs:ap-northeast-1:123456789012:cluster/redash-prod"),
        ("execution_role_arn", "redash-prod", "'redash-prod' does not look like arn:aws:iam::123456789012:role/redash-prod"),
        ("task_role_arn", "redash-prod", "'redash-prod' does not look like arn:aws:iam::123456789012:role/redash-prod"),
        ("target_group_arn", GOOD["load_balancer_arn"], f"{GOOD['load_balancer_arn']!r} does not look like the ARN of a target group"),
        (
            "load_balancer_arn",
            GOOD["target_group_arn"],
            f"{GOOD['target_group_arn']!r} does not look like the ARN of an application load balancer",
        ),
        ("load_balancer_dns_name", "https://x", "'https://x' does not look like a host name without scheme and port"),
        ("load_balancer_zone_id", "z1", "'z1' does not look like Z14GRHDCWA56QT"),
        ("url", "redash.example.com", "'redash.example.com' does not look like https://redash.example.com (without a path)"),
        (
            "url",
            "https://redash.example.com/",
            "'https://redash.example.com/' does not look like https://redash.example.com (without a path)",
        ),
        ("database", "db.example.com", f"'db.example.com' is not a mapping. {DATABASE}"),
        ("database.port", "postgresql", "'postgresql' does not look like a port number"),
        ("database.port", 0, "0 does not look like a port number"),
        ("database.port", 100000, "100000 does not look like a port number"),
        ("database.port", True, "True does not look like a port number"),
        ("database.endpoint", "db.example.com:5432", "'db.example.com:5432' does not look like a host name without scheme and port"),
        ("database.cluster_identifier", "1a", "'1a' does not look like redash-prod"),
        ("redis.tls", "yes", "'yes' is neither true nor false"),
        ("redis.auth_token", "hunter", "'hunter' is neither true nor false"),
        ("redis.endpoint", "redis://a", "'redis://a' does not look like a host name without scheme and port"),
        ("redis.replication_group_id", "1a", "'1a' does not look like redash-prod"),
        ("kms_key_arn", "alias/redash", "'alias/redash' does not look like arn:aws:kms:ap-northeast-1:123456789012:key/..."),
        ("nat_public_ips", "198.51.100.7", "'198.51.100.7' is not a list. Give a list, such as [198.51.100.7]."),
        ("namn", "x", "is not known. Is name meant?"),
        ("database.usernam", "x", "is not known. Is username meant?"),
        ("zzz", "x", "is not known. Leave it out."),
    ],
)
def test_each_wrong_value_is_named(path: str, value: Any, line: str) -> None:
    assert said(changed(path, value)) == [f"redash_infrastructure.{path}: {line}"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("account_id", 123456789012),
        ("private_subnet_ids", ("subnet-0a",)),
        ("task_role_arn", GOOD["execution_role_arn"]),
        ("load_balancer_zone_id", "Z14GRHDCWA56QT"),
        ("url", "http://redash.example.com:8080"),
        ("database.cluster_identifier", "Redash-prod-1"),
        ("database.port", "65535"),
        ("redis.tls", False),
        ("redis.auth_token", True),
        ("redis.replication_group_id", "redash-prod"),
        ("nat_public_ips", []),
        ("nat_public_ips", ["198.51.100.7"]),
    ],
)
def test_what_else_is_right(path: str, value: Any) -> None:
    assert said(changed(path, value)) == []


def test_an_arn_is_one_of_its_service_and_resource() -> None:
    field = _arn("iam", r"role/\S+", "a role")
    assert field.required
    assert not _arn("iam", r"role/\S+", "a role", required=False).required
    assert field.problem("arn:aws-us-gov:iam::123456789012:role/x") is None
    for wrong in ("role/x", "arn:aws:ecs::123456789012:role/x", "arn:aws:iam::1:role/x", "arn:aws:iam::123456789012:user/x", "a role"):
        assert field.problem(wrong) == f"{wrong!r} does not look like a role"


def test_public_addresses_need_a_public_subnet() -> None:
    assert said({**GOOD, "assign_public_ip": "ENABLED", "public_subnet_ids": []}) == [
        "redash_infrastructure.public_subnet_ids: has no entry, and assign_public_ip is ENABLED. A task with a public address needs a "
        "subnet with a route to the internet: name one, or set assign_public_ip to DISABLED."
    ]
    assert problems({**GOOD, "assign_public_ip": "ENABLED", "public_subnet_ids": ["subnet-0c"]}) == []


def test_a_wrong_entry_of_a_list_is_named_by_its_place() -> None:
    assert said({**GOOD, "private_subnet_ids": ["subnet-0a", "vpc-0"], "nat_public_ips": ["198.51.100", "198.51.100.7"]}) == [
        "redash_infrastructure.private_subnet_ids[1]: 'vpc-0' does not look like subnet-0123456789abcdef0",
        "redash_infrastructure.nat_public_ips[0]: '198.51.100' does not look like 198.51.100.7",
    ]


def test_everything_is_said_at_once() -> None:
    assert len(problems({})) == sum(getattr(part, "required", True) for part in SHAPE.values())


@pytest.mark.parametrize("given", [None, [], "x"])
def test_what_is_no_mapping_is_one_problem(given: Any) -> None:
    assert said(given) == [f"redash_infrastructure: {given!r} is not a mapping. It needs {', '.join(SHAPE)}."]
