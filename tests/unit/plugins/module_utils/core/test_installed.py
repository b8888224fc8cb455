# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What exists against what is wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import installed
from ansible_collections.redash.ecs.plugins.module_utils.core.installed import Installed

HERE = Installed("redash-prod", "ap-northeast-1", "123456789012", "aws")
CLUSTER = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/redash-prod"
OUTPUT = {"name": "redash-prod", "region": "ap-northeast-1", "account_id": "123456789012", "cluster_arn": CLUSTER}


def state(*resources: tuple[str, str, str], output: Any = None) -> dict[str, Any]:
    return {
        "outputs": {"redash": {"value": output}} if output else {},
        "resources": [{"mode": mode, "type": kind, "instances": [{"attributes": {"arn": arn}}]} for mode, kind, arn in resources],
    }


@pytest.mark.parametrize(
    ("fact", "value", "variable"),
    [
        ("name", "redash-test", "redash_name"),
        ("region", "eu-central-1", "redash_region"),
        ("account_id", "210987654321", "redash_aws_profile"),
        ("partition", "aws-cn", "redash_region"),
    ],
)
def test_each_fact_that_differs_is_one_line_with_both_values_and_what_a_move_needs(fact: str, value: str, variable: str) -> None:
    (problem,) = installed.moved("Terraform's state", HERE, replace(HERE, **{fact: value}))
    line = str(problem)
    assert problem.where == variable and "\n" not in line
    assert value in line and getattr(HERE, fact) in problem.what and getattr(HERE, fact) in problem.todo
    assert "Terraform's state" in line and "disaster-recovery.md" in line


def test_all_differences_are_said_at_once() -> None:
    assert len(installed.moved("the state", HERE, Installed("b", "eu-central-1", "210987654321", "aws-cn"))) == 4


@pytest.mark.parametrize(("exists", "wanted"), [(HERE, HERE), (Installed(), HERE), (HERE, Installed())])
def test_the_same_and_what_nothing_says_is_no_difference(exists: Installed, wanted: Installed) -> None:
    assert installed.moved("the state", exists, wanted) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, Installed()),
        (state(output=OUTPUT), HERE),
        (state(("managed", "aws_ecs_cluster", CLUSTER)), replace(HERE, name="")),
        # A data source, and a resource that may lie elsewhere, place nothing.
        (state(("data", "aws_ecs_cluster", CLUSTER)), Installed()),
        (state(("managed", "aws_wafv2_web_acl", "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b")), Installed()),
        (state(("managed", "aws_vpc", "")), Installed()),
    ],
)
def test_a_state_says_its_place_by_its_output_or_by_what_it_holds(content: dict[str, Any], expected: Installed) -> None:
    assert installed.of_state(content) == expected


@pytest.mark.parametrize("value", [None, "", [], "redash", {}, {"cluster_arn": "no ARN"}])
def test_what_is_no_infrastructure_says_nothing(value: Any) -> None:
    assert installed.of_output(value) == Installed()


def test_a_data_source_alone_leaves_a_state_empty() -> None:
    assert installed.is_empty(state(("data", "aws_vpc", ""))) and installed.is_empty({})
    assert not installed.is_empty(state(("managed", "aws_vpc", "")))


def test_a_lost_state_names_what_exists_and_the_ways_out() -> None:
    seen = {"aws_rds_cluster.this": "redash-prod", "aws_ecs_cluster.this": "redash-prod"}
    problems = installed.lost_state("redash-prod", "eu-central-1", seen, "backend local, workspace blue", ["green", "default"])
    assert [problem.where for problem in problems] == sorted(seen)
    for problem in problems:
        line = str(problem)
        assert "\n" not in line and "backend local, workspace blue" in line and "other workspaces: default, green" in line
        assert f'{{"redash_terraform_import": {{"{problem.where}": "redash-prod"}}}}' in line and "redash_name" in line
    assert "other workspaces" not in str(installed.lost_state("a", "b", seen, "c")[0])
