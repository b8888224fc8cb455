# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem
from ansible_collections.redash.ecs.plugins.module_utils.core.terraform_remains import (
    TAGGED,
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
    data = {**entry("aws_x.read", ["create"], after={"a": 1}), "mode": "data"}
    bare = entry("aws_y.this", ["create"])
    del bare["mode"]
    replaced = entry("aws_z.this", ["delete", "create"], after={})
    assert planned({"resource_changes": [data, bare, replaced]}) == [Planned("aws_y.this", "aws_y", {})]
    assert planned({}) == []
    assert Planned("a.b", "a", {}).tags == Planned("a.b", "a", {"tags_all": None}).tags == {}


def test_the_ids_of_the_state_are_known() -> None:
    resources = [{"mode": "managed", "values": {"id": "vpc-1"}}, {"mode": "data", "values": {"id": "read-only"}}]
    assert known_ids({"prior_state": {"values": {"root_module": {"resources": resources}}}}) == {"vpc-1"}
    assert known_ids({"prior_state": {"values": {"root_module": {"resources": [{"values": {"id": "a"}}]}}}}) == {"a"}
    assert known_ids({}) == known_ids({"prior_state": {}}) == known_ids({"prior_state": {"values": {}}}) == set()
    assert known_ids({"prior_state": {"values": {"root_module": {}}}}) == set()


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
    assert there_already([Problem("already exists"), Problem("already exists", "a.b"), Problem("x", "c.d")]) == {"a.b"}


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("aws_iam_role", {"name": "redash-prod-execution"}, "redash-prod-execution"),
        ("aws_route", {"route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0"}, "rtb-1_0.0.0.0/0"),
        ("aws_route", {"destination_cidr_block": "0.0.0.0/0"}, None),  # the table itself is to be made
        ("aws_route_table_association", {"subnet_id": "subnet-1", "route_table_id": "rtb-1"}, "subnet-1/rtb-1"),
        ("aws_rds_cluster", {"cluster_identifier": ""}, None),
        ("aws_rds_cluster", {"cluster_identifier": None}, None),
        ("aws_rds_cluster", {"cluster_identifier": "redash-prod"}, "redash-prod"),
        ("aws_rds_cluster_instance", {"identifier": "redash-prod-0", "cluster_identifier": "redash-prod"}, "redash-prod-0"),
        ("aws_ecr_pull_through_cache_rule", {"ecr_repository_prefix": "hub"}, "hub"),
        ("aws_elasticache_replication_group", {"replication_group_id": "redash-prod", "name": "x"}, "redash-prod"),
        ("aws_route53_record", {"zone_id": "Z1", "name": "redash.example.com", "type": "A"}, "Z1_redash.example.com_A"),
        *(
            (kind, {"name": "redash-prod"}, "redash-prod")
            for kind in (
                "aws_backup_vault",
                "aws_cloudwatch_log_group",
                "aws_db_subnet_group",
                "aws_ecs_cluster",
                "aws_elasticache_parameter_group",
                "aws_elasticache_subnet_group",
                "aws_kms_alias",
                "aws_rds_cluster_parameter_group",
            )
        ),
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


def test_what_is_not_ours_does_not_keep_another_from_being_found() -> None:
    nameless = Planned("aws_vpc.a", "aws_vpc", {"tags_all": {"Installation": "redash-prod"}})
    lone = Planned("aws_subnet.b", "aws_subnet", {"tags_all": OURS})
    vpc = Planned("aws_vpc.c", "aws_vpc", {"tags_all": OURS})
    found = {"aws_vpc": {"vpc-0": {}, "vpc-1": OURS, "vpc-2": OURS}}
    assert by_tags([nameless, lone, vpc], found, {"vpc-2"}) == {"aws_vpc.c": "vpc-1"}


def test_ec2_is_asked_for_each_type_that_a_tag_names() -> None:
    """The names are boto3's; each type is listed by one call, and its id has a name of its own."""
    for kind, (call, key, identifier) in TAGGED.items():
        operation = "".join(word.capitalize() for word in call.split("_"))
        output = botocore.session.get_session().get_service_model("ec2").operation_model(operation).output_shape
        assert identifier in output.members[key].member.members, kind


def test_what_could_not_be_taken_over_is_said_with_what_a_person_can_do() -> None:
    plan = {"resource_changes": [entry("aws_iam_role.execution", ["create"], after={"name": "redash-prod-execution"})]}
    problems = [Problem("EntityAlreadyExists: Role with name x", "aws_iam_role.execution"), Problem("AccessDenied", "aws_lb.this")]
    taken, other = with_way_out(problems, plan)
    assert str(taken) == (
        "aws_iam_role.execution: exists already on AWS, and Terraform's state does not know it: EntityAlreadyExists: Role with name x."
        " If it is this installation's, take it over:"
        """ -e '{"redash_terraform_import": {"aws_iam_role.execution": "redash-prod-execution"}}'."""
        " Otherwise choose another name, or delete it."
    )
    assert other == problems[1]
    # Refused for another reason, or no resource of the plan: it stays as it was said.
    others = [Problem("AccessDenied", "aws_iam_role.execution"), Problem("already exists", "aws_lb.this"), Problem("already exists")]
    assert with_way_out(others, plan) == others
    plan = {"resource_changes": [entry("aws_lb.this", ["create"], after={"name": "x"})]}
    (taken,) = with_way_out(others[1:2], plan)
    assert """{"aws_lb.this": "<its import ID>"}""" in str(taken)


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
    assert str(problem) == (
        "aws_lb.this: redash-prod exists already on AWS, and nothing says that it is this installation's:"
        " it has no tag Installation=redash-prod. Choose another redash_name, or delete it, or take it over all the same:"
        """ -e '{"redash_terraform_import": {"aws_lb.this": "redash-prod"}}'."""
    )
    assert list(foreign(plan, ["aws_vpc.this"])) == [problem]
    assert list(foreign(plan, ["aws_lb.this"])) == []
    assert list(foreign({})) == []


def test_every_tag_that_is_missing_or_another_is_named_in_order() -> None:
    for before in (None, {}, {"tags_all": None}, {"tags_all": {"Name": "another"}}):
        importing = {"importing": {}, "before": before, "after": {"tags_all": dict(sorted(OURS.items(), reverse=True))}}
        (problem,) = foreign({"resource_changes": [entry("aws_lb.this", ["update"], **importing)]})
        assert problem.what == (
            " exists already on AWS, and nothing says that it is this installation's:"
            " it has no tag Installation=redash-prod, Name=redash-prod"
        )


def test_what_has_no_tags_does_not_hide_what_comes_after_it() -> None:
    route = entry("aws_route.this", ["no-op"], importing={"id": "r"}, before={}, after=None)
    lb = entry("aws_lb.this", ["no-op"], importing={"id": "x"}, before={}, after={"tags_all": OURS})
    assert [problem.where for problem in foreign({"resource_changes": [entry("a.b", ["create"]), route, lb]})] == ["aws_lb.this"]


def test_an_import_with_our_tags_is_welcome() -> None:
    importing = {"importing": {"id": "vpc-1"}, "before": {"tags_all": OURS}, "after": {"tags_all": OURS}}
    assert list(foreign({"resource_changes": [entry("aws_vpc.this", ["no-op"], **importing)]})) == []


def test_without_tags_nothing_is_known_to_be_ours() -> None:
    importing = {"importing": {"id": "redash-prod"}, "before": {"tags_all": {}}, "after": {"tags_all": {}}}
    (problem,) = foreign({"resource_changes": [entry("aws_lb.this", ["update"], **importing)]})
    assert problem.what == (
        "redash-prod exists already on AWS, and nothing says that it is this installation's: it has no tag to know it by"
    )
