# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.redash.ecs.plugins.module_utils.core.infrastructure import SHAPE, problems

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


@pytest.mark.parametrize("key", sorted(GOOD.keys() - {"task_role_arn"}))
def test_each_missing_value_is_named(key: str) -> None:
    given = {name: value for name, value in GOOD.items() if name != key}
    assert [problem.where for problem in problems(given)] == [f"redash_infrastructure.{key}"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("account_id", 123456789),
        ("vpc_id", "subnet-0a"),
        ("private_subnet_ids", "subnet-0a"),
        ("private_subnet_ids", []),
        ("assign_public_ip", True),
        ("execution_role_arn", "redash-prod"),
        ("target_group_arn", GOOD["load_balancer_arn"]),
        ("url", "redash.example.com"),
        ("url", "https://redash.example.com/"),
        ("database.port", "postgresql"),
        ("database.endpoint", "db.example.com:5432"),
        ("database", "db.example.com"),
        ("redis.tls", "yes"),
        ("redis.endpoint", "redis://redis.example.com"),
        ("load_balancer_dns_name", "https://x"),
    ],
)
def test_each_wrong_value_is_named(path: str, value: Any) -> None:
    given = copy.deepcopy(GOOD)
    parent, _, key = path.rpartition(".")
    (given[parent] if parent else given)[key] = value
    (problem,) = problems(given)
    assert problem.where == f"redash_infrastructure.{path}"


def test_public_addresses_need_a_public_subnet() -> None:
    (problem,) = problems({**GOOD, "assign_public_ip": "ENABLED", "public_subnet_ids": []})
    assert str(problem).startswith("redash_infrastructure.public_subnet_ids: has no entry, and assign_public_ip is ENABLED")
    assert problems({**GOOD, "assign_public_ip": "ENABLED", "public_subnet_ids": ["subnet-0c"]}) == []


def test_a_wrong_entry_of_a_list_is_named_by_its_place() -> None:
    (problem,) = problems({**GOOD, "private_subnet_ids": ["subnet-0a", "vpc-0"]})
    assert problem.where == "redash_infrastructure.private_subnet_ids[1]"


def test_a_misspelt_key_is_refused_with_the_right_one() -> None:
    given = {**GOOD, "cluster_nam": "x"}
    assert "Is cluster_name meant?" in str(problems(given)[0])


def test_everything_is_said_at_once() -> None:
    assert len(problems({})) == sum(getattr(part, "required", True) for part in SHAPE.values())


@pytest.mark.parametrize("given", [None, [], "x"])
def test_what_is_no_mapping_is_one_problem(given: Any) -> None:
    assert len(problems(given)) == 1
