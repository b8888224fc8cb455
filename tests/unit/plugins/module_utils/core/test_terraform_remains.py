# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem
from ansible_collections.redash.ecs.plugins.module_utils.core.terraform_remains import (
    Planned,
    by_tags,
    foreign,
    import_id,
    known_ids,
    planned,
    there_already,
    with_way_out,
)

OURS = {"Installation": "redash-prod", "Name": "redash-prod"}


def entry(address: str, actions: list[str], **change: Any) -> dict[str, Any]:
    return {"address": address, "type": address.split(".")[0], "mode": "managed", "change": {"actions": actions, **change}}


def test_only_what_a_plan_creates_can_be_there_already() -> None:
    plan = {"resource_changes": [entry("aws_vpc.this", ["create"], after={"cidr_block": "10.0.0.0/16"}), entry("aws_lb.this", ["update"])]}
    assert planned(plan) == [Planned("aws_vpc.this", "aws_vpc", {"cidr_block": "10.0.0.0/16"})]


def test_the_ids_of_the_state_are_known() -> None:
    resources = [{"mode": "managed", "values": {"id": "vpc-1"}}, {"mode": "data", "values": {"id": "read-only"}}]
    assert known_ids({"prior_state": {"values": {"root_module": {"resources": resources}}}}) == {"vpc-1"}
    assert known_ids({}) == set()


@pytest.mark.parametrize(
    "said",
    [
        "creating IAM Role (x): operation error IAM: CreateRole, EntityAlreadyExists: Role with name x",
        "ELBv2 Load Balancer (redash-demo) already exists",
        "api error InvalidPermission.Duplicate: the specified rule already exists",
        "api error DuplicateTargetGroupName: a target group with the same name exists",
        "api error Resource.AlreadyAssociated: the specified association for route table rtb-1 conflicts",
        "api error InvalidSubnet.Conflict: The CIDR '10.0.0.0/19' conflicts with another subnet",
        "ResourceAlreadyExistsException: The specified log group already exists",
        "DBClusterAlreadyExistsFault: DB Cluster already exists",
    ],
)
def test_aws_says_in_many_ways_that_something_is_there(said: str) -> None:
    assert there_already([Problem(said, "aws_x.this"), Problem("AccessDenied", "aws_y.this")]) == {"aws_x.this"}


def test_a_problem_without_a_resource_names_nothing() -> None:
    assert there_already([Problem("already exists")]) == set()


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("aws_iam_role", {"name": "redash-prod-execution"}, "redash-prod-execution"),
        ("aws_route", {"route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0"}, "rtb-1_0.0.0.0/0"),
        ("aws_route", {"destination_cidr_block": "0.0.0.0/0"}, None),  # the table itself is to be made
        ("aws_route_table_association", {"subnet_id": "subnet-1", "route_table_id": "rtb-1"}, "subnet-1/rtb-1"),
        ("aws_rds_cluster", {"cluster_identifier": ""}, None),
        ("aws_lb", {"name": "redash-prod"}, None),  # by its ARN, which only AWS knows
    ],
)
def test_the_plan_tells_the_import_id_of_what_has_a_name(kind: str, values: dict[str, str], expected: str | None) -> None:
    assert import_id(Planned(f"{kind}.this", kind, values)) == expected


def test_what_has_every_planned_tag_is_ours() -> None:
    vpc = Planned("aws_vpc.this[0]", "aws_vpc", {"tags_all": OURS})
    assert by_tags([vpc], {"aws_vpc": {"vpc-1": {**OURS, "added": "by hand"}}}, set()) == {"aws_vpc.this[0]": "vpc-1"}
    assert by_tags([vpc], {"aws_vpc": {"vpc-1": {"Name": "redash-prod"}}}, set()) == {}


def test_an_address_and_its_gateway_of_the_same_name_are_told_apart() -> None:
    values = {"tags_all": OURS}
    resources = [Planned("aws_eip.nat", "aws_eip", values), Planned("aws_nat_gateway.this", "aws_nat_gateway", values)]
    found = {"aws_nat_gateway": {"nat-1": OURS}, "aws_eip": {"eipalloc-1": OURS}}
    assert by_tags(resources, found, set()) == {"aws_eip.nat": "eipalloc-1", "aws_nat_gateway.this": "nat-1"}


def test_what_the_state_holds_belongs_to_another_address() -> None:
    vpc = Planned("aws_vpc.this[0]", "aws_vpc", {"tags_all": OURS})
    assert by_tags([vpc], {"aws_vpc": {"vpc-1": OURS}}, {"vpc-1"}) == {}


def test_of_two_that_look_the_same_none_is_taken() -> None:
    vpc = Planned("aws_vpc.this[0]", "aws_vpc", {"tags_all": OURS})
    assert by_tags([vpc], {"aws_vpc": {"vpc-1": OURS, "vpc-2": OURS}}, set()) == {}


def test_what_could_not_be_taken_over_is_said_with_what_a_person_can_do() -> None:
    plan = {"resource_changes": [entry("aws_iam_role.execution", ["create"], after={"name": "redash-prod-execution"})]}
    problems = [Problem("EntityAlreadyExists: Role with name x", "aws_iam_role.execution"), Problem("AccessDenied", "aws_lb.this")]
    taken, other = with_way_out(problems, plan)
    assert """-e '{"redash_terraform_import": {"aws_iam_role.execution": "redash-prod-execution"}}'""" in str(taken)
    assert other == problems[1]


def test_what_a_person_asks_for_is_taken_over_whatever_its_tags() -> None:
    importing = {"importing": {"id": "redash-prod"}, "before": {"tags_all": {}}, "after": {"tags_all": OURS}}
    plan = {"resource_changes": [entry("aws_lb.this", ["update"], **importing)]}
    assert list(foreign(plan, {"aws_lb.this": "arn"})) == []
    assert len(list(foreign(plan))) == 1


def test_an_import_without_our_tags_is_refused_by_name() -> None:
    importing = {"importing": {"id": "redash-prod"}, "before": {"tags_all": {"Name": "redash-prod"}}, "after": {"tags_all": OURS}}
    plan = {
        "resource_changes": [
            entry("aws_lb.this", ["update"], **importing),
            entry("aws_vpc.this", ["create"], after={"tags_all": OURS}),
            entry("aws_route.this", ["no-op"], importing={"id": "rtb-1_0.0.0.0/0"}, before={}, after={}),
        ]
    }
    (problem,) = foreign(plan)
    assert problem.where == "aws_lb.this"
    assert "redash-prod exists already on AWS" in problem.what and "Installation=redash-prod" in problem.what


def test_an_import_with_our_tags_is_welcome() -> None:
    importing = {"importing": {"id": "vpc-1"}, "before": {"tags_all": OURS}, "after": {"tags_all": OURS}}
    assert list(foreign({"resource_changes": [entry("aws_vpc.this", ["no-op"], **importing)]})) == []


def test_without_tags_nothing_is_known_to_be_ours() -> None:
    importing = {"importing": {"id": "redash-prod"}, "before": {"tags_all": {}}, "after": {"tags_all": {}}}
    (problem,) = foreign({"resource_changes": [entry("aws_lb.this", ["update"], **importing)]})
    assert "no tag to know it by" in problem.what
