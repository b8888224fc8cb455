# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import service as core
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

TD = "arn:aws:ecs:eu-west-1:1:task-definition/redash:{}"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/redash/1"

# As DescribeServices shows a Fargate service on ECS, defaults and all.
SERVICE: dict[str, Any] = {
    "serviceArn": "arn:aws:ecs:eu-west-1:1:service/redash/redash",
    "serviceName": "redash",
    "clusterArn": "arn:aws:ecs:eu-west-1:1:cluster/redash",
    "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "server", "containerPort": 5000}],
    "status": "ACTIVE",
    "desiredCount": 2,
    "launchType": "FARGATE",
    "platformVersion": "LATEST",
    "taskDefinition": TD.format(7),
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    },
    "networkConfiguration": {
        "awsvpcConfiguration": {"subnets": ["subnet-b", "subnet-a"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}
    },
    "healthCheckGracePeriodSeconds": 120,
    "schedulingStrategy": "REPLICA",
    "deploymentController": {"type": "ECS"},
    "enableECSManagedTags": True,
    "propagateTags": "TASK_DEFINITION",
    "enableExecuteCommand": False,
    "availabilityZoneRebalancing": "ENABLED",
    "tags": [{"key": "Name", "value": "redash"}, {"key": "aws:cloudformation:stack", "value": "x"}],
}

SAME: dict[str, Any] = {
    "cluster": "redash",
    "name": "redash",
    "task_definition": TD.format(7),
    "desired_count": 2,
    "subnets": ["subnet-a", "subnet-b"],
    "security_groups": ["sg-1"],
    "assign_public_ip": "DISABLED",
    "load_balancers": [{"target_group_arn": GROUP, "container_name": "server", "container_port": 5000}],
    "health_check_grace_period_seconds": 120,
    "deployment_configuration": {
        "minimum_healthy_percent": 100,
        "maximum_percent": 200,
        "deployment_circuit_breaker": {"enable": True, "rollback": True},
        "alarms": None,
    },
    "platform_version": "LATEST",
    "launch_type": "FARGATE",
    "capacity_provider_strategy": None,
    "enable_execute_command": False,
    "enable_ecs_managed_tags": True,
    "propagate_tags": "TASK_DEFINITION",
    "availability_zone_rebalancing": "ENABLED",
    "tags": {"Name": "redash"},
    "purge_tags": True,
    "force_new_deployment": False,
}


def asked(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SAME), **changes}


def existing(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SERVICE), **changes}


def drift(**changes: Any) -> list[str]:
    return [str(difference) for difference in core.drift(asked(**changes), existing())]


def test_the_same_service_has_no_drift_and_needs_no_write() -> None:
    assert core.drift(asked(), existing()) == []
    assert core.update_request(asked(), existing()) is None
    assert core.tag_changes(asked(), existing()) == ({}, [])


def test_what_is_not_asked_for_is_left_alone() -> None:
    nothing = dict.fromkeys(SAME) | {"cluster": "redash", "name": "redash", "purge_tags": True, "force_new_deployment": False}
    params = {**nothing, "task_definition": TD.format(8)}
    assert [str(one) for one in core.drift(params, existing())] == ["taskDefinition: redash:7 -> redash:8"]
    assert core.update_request(params, existing()) == {"cluster": "redash", "service": "redash", "taskDefinition": TD.format(8)}


# Every field that can drift: how it is asked for, how it is named, and what goes to UpdateService.
DRIFTS: list[tuple[dict[str, Any], list[str], dict[str, Any]]] = [
    ({"task_definition": TD.format(8)}, ["taskDefinition: redash:7 -> redash:8"], {"taskDefinition": TD.format(8)}),
    ({"desired_count": 3}, ["desiredCount: 2 -> 3"], {"desiredCount": 3}),
    ({"desired_count": 0}, ["desiredCount: 2 -> 0"], {"desiredCount": 0}),
    (
        {"subnets": ["subnet-a", "subnet-c"]},
        ["networkConfiguration.subnets: -subnet-b +subnet-c"],
        {
            "networkConfiguration": {
                "awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-c"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}
            }
        },
    ),
    (
        {"subnets": None, "security_groups": ["sg-1", "sg-2"], "assign_public_ip": None},
        ["networkConfiguration.securityGroups: +sg-2"],
        {
            "networkConfiguration": {
                "awsvpcConfiguration": {
                    "subnets": ["subnet-a", "subnet-b"],
                    "securityGroups": ["sg-1", "sg-2"],
                    "assignPublicIp": "DISABLED",
                }
            }
        },
    ),
    (
        {"assign_public_ip": "ENABLED"},
        ["networkConfiguration.assignPublicIp: DISABLED -> ENABLED"],
        {
            "networkConfiguration": {
                "awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}
            }
        },
    ),
    (
        {"load_balancers": [{"target_group_arn": GROUP, "container_name": "server", "container_port": 5001}]},
        [
            f"loadBalancers: -(targetGroupArn {GROUP}, containerName server, containerPort 5000)"
            f" +(targetGroupArn {GROUP}, containerName server, containerPort 5001)"
        ],
        {"loadBalancers": [{"targetGroupArn": GROUP, "containerName": "server", "containerPort": 5001}]},
    ),
    (
        {"load_balancers": []},
        [f"loadBalancers: -(targetGroupArn {GROUP}, containerName server, containerPort 5000)"],
        {"loadBalancers": []},
    ),
    (
        {"health_check_grace_period_seconds": 0},
        ["healthCheckGracePeriodSeconds: 120 -> 0"],
        {"healthCheckGracePeriodSeconds": 0},
    ),
    (
        {"deployment_configuration": {"maximum_percent": 150}},
        ["deploymentConfiguration.maximumPercent: 200 -> 150"],
        {"deploymentConfiguration": {**SERVICE["deploymentConfiguration"], "maximumPercent": 150}},
    ),
    (
        {"deployment_configuration": {"deployment_circuit_breaker": {"enable": True, "rollback": False}}},
        ["deploymentConfiguration.deploymentCircuitBreaker.rollback: true -> false"],
        {
            "deploymentConfiguration": {
                **SERVICE["deploymentConfiguration"],
                "deploymentCircuitBreaker": {"enable": True, "rollback": False},
            }
        },
    ),
    (
        {"deployment_configuration": {"alarms": {"alarm_names": ["errors"], "enable": True, "rollback": True}}},
        [
            "deploymentConfiguration.alarms.alarmNames: +errors",
            "deploymentConfiguration.alarms.enable: false -> true",
            "deploymentConfiguration.alarms.rollback: false -> true",
        ],
        {
            "deploymentConfiguration": {
                **SERVICE["deploymentConfiguration"],
                "alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True},
            }
        },
    ),
    ({"platform_version": "1.4.0"}, ["platformVersion: LATEST -> 1.4.0"], {"platformVersion": "1.4.0"}),
    (
        {"launch_type": None, "capacity_provider_strategy": [{"capacity_provider": "FARGATE_SPOT", "weight": 1, "base": 0}]},
        ["capacityProviderStrategy: +(capacityProvider FARGATE_SPOT, weight 1, base 0)"],
        {
            "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
            "forceNewDeployment": True,
        },
    ),
    ({"enable_execute_command": True}, ["enableExecuteCommand: false -> true"], {"enableExecuteCommand": True}),
    ({"enable_ecs_managed_tags": False}, ["enableECSManagedTags: true -> false"], {"enableECSManagedTags": False}),
    ({"propagate_tags": "SERVICE"}, ["propagateTags: TASK_DEFINITION -> SERVICE"], {"propagateTags": "SERVICE"}),
    (
        {"availability_zone_rebalancing": "DISABLED"},
        ["availabilityZoneRebalancing: ENABLED -> DISABLED"],
        {"availabilityZoneRebalancing": "DISABLED"},
    ),
    ({"force_new_deployment": True}, ["forceNewDeployment: false -> true"], {"forceNewDeployment": True}),
]


@pytest.mark.parametrize(("changes", "named", "request_fields"), DRIFTS, ids=[case[1][0].split(":")[0] for case in DRIFTS])
def test_every_field_that_drifts_is_named_and_sent(changes: dict[str, Any], named: list[str], request_fields: dict[str, Any]) -> None:
    assert drift(**changes) == named
    assert core.update_request(asked(**changes), existing()) == {"cluster": "redash", "service": "redash", **request_fields}


def test_the_table_of_drifts_covers_every_field_that_is_compared() -> None:
    covered = {named.split(":")[0].split(".")[0] for _, names, _ in DRIFTS for named in names}
    # launchType can't change in place: see below.
    assert covered - {"forceNewDeployment"} == set(core.current(existing())) - {"launchType"}


def test_order_spelling_and_defaults_are_no_drift() -> None:
    bare = existing(deploymentConfiguration={}, platformVersion="", healthCheckGracePeriodSeconds=None)
    for field in ("propagateTags", "enableECSManagedTags", "enableExecuteCommand", "availabilityZoneRebalancing"):
        bare.pop(field)
    params = asked(
        deployment_configuration={"minimum_healthy_percent": 100, "maximum_percent": 200},
        health_check_grace_period_seconds=0,
        propagate_tags="NONE",
        enable_ecs_managed_tags=False,
        enable_execute_command=False,
        availability_zone_rebalancing="DISABLED",
    )
    assert core.drift(params, bare) == []


def test_going_back_from_a_fargate_provider_to_the_launch_type_empties_the_strategy() -> None:
    service = existing(launchType=None, capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}])
    assert [str(one) for one in core.drift(asked(), service)] == [
        "launchType: none -> FARGATE",
        "capacityProviderStrategy: -(capacityProvider FARGATE_SPOT, weight 1, base 0)",
    ]
    request = core.update_request(asked(), service)
    assert request == {"cluster": "redash", "service": "redash", "capacityProviderStrategy": [], "forceNewDeployment": True}


def test_tags_are_compared_without_aws_s_own() -> None:
    assert core.tag_changes(asked(tags={"Name": "redash", "Team": "data"}), existing()) == ({"Team": "data"}, [])
    assert core.tag_changes(asked(tags={}), existing()) == ({}, ["Name"])
    assert core.tag_changes(asked(tags={}, purge_tags=False), existing()) == ({}, [])
    assert core.tag_changes(asked(tags=None), existing()) == ({}, [])
    assert drift(tags={"Name": "other"}) == ["tags.Name: redash -> other"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "deployments are made by CODE_DEPLOY.*state: absent"),
        ({"schedulingStrategy": "DAEMON"}, "schedulingStrategy is DAEMON"),
        ({"launchType": "EC2"}, "launchType can't change from EC2 to FARGATE in place.*capacity_provider_strategy"),
        (
            {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "my-machines", "weight": 1}]},
            "can't go from the capacity providers my-machines to launchType FARGATE",
        ),
        ({"loadBalancers": [{"loadBalancerName": "old", "containerName": "server", "containerPort": 5000}]}, "Classic Load Balancer"),
    ],
)
def test_what_ecs_cannot_change_in_place_is_said_with_what_to_do(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(RedashError, match=says):
        core.check(asked(), existing(**changes))


def test_what_can_be_changed_in_place_passes() -> None:
    core.check(asked(), existing())
    core.check(asked(launch_type=None, capacity_provider_strategy=[{"capacity_provider": "FARGATE", "weight": 1, "base": 0}]), existing())


@pytest.mark.parametrize(
    ("count", "least", "most", "stuck"),
    [
        (1, 100, 100, True),
        (1, 50, 150, True),
        (1, 100, 200, False),
        (1, 0, 100, False),
        (2, 50, 100, False),
        (3, 100, 133, True),
        (0, 100, 100, False),
    ],
)
def test_percentages_that_leave_no_room_to_replace_a_task_are_refused(count: int, least: int, most: int, stuck: bool) -> None:
    params = asked(desired_count=count, deployment_configuration={"minimum_healthy_percent": least, "maximum_percent": most})
    if stuck:
        with pytest.raises(RedashError, match="leave no room to replace one"):
            core.check(params, existing())
    else:
        core.check(params, existing())


def test_the_room_is_reckoned_with_the_count_that_autoscaling_owns() -> None:
    params = asked(desired_count=None, deployment_configuration={"minimum_healthy_percent": 50, "maximum_percent": 100})
    core.check(params, existing(desiredCount=2))
    with pytest.raises(RedashError, match="with 1 task"):
        core.check(params, existing(desiredCount=1))


def test_a_new_fargate_service_needs_a_network() -> None:
    with pytest.raises(RedashError, match="Fargate tasks need a network"):
        core.check(asked(subnets=None), None)


def test_create_asks_for_everything_and_counts_one_if_not_told() -> None:
    request = core.create_request(asked(desired_count=None))
    assert request == {
        "cluster": "redash",
        "serviceName": "redash",
        "taskDefinition": TD.format(7),
        "desiredCount": 1,
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "healthCheckGracePeriodSeconds": 120,
        "enableExecuteCommand": False,
        "enableECSManagedTags": True,
        "propagateTags": "TASK_DEFINITION",
        "availabilityZoneRebalancing": "ENABLED",
        "networkConfiguration": {
            "awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}
        },
        "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "server", "containerPort": 5000}],
        "deploymentConfiguration": {
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        "tags": [{"key": "Name", "value": "redash"}],
    }


def test_requests_are_ones_that_botocore_accepts() -> None:
    import botocore.session
    from botocore.validate import ParamValidator

    model = botocore.session.get_session().get_service_model("ecs")
    requests = [("CreateService", core.create_request(asked()))]
    requests += [("UpdateService", core.update_request(asked(**changes), existing()) or {}) for changes, _, _ in DRIFTS]
    for operation, request in requests:
        report = ParamValidator().validate(request, model.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize(
    ("redeploy_after", "primary", "expected"),
    [
        (100.5, {"createdAt": datetime.fromtimestamp(100, tz=UTC)}, True),
        (100.0, {"createdAt": datetime.fromtimestamp(100, tz=UTC)}, False),
        (99.0, {"createdAt": datetime.fromtimestamp(100, tz=UTC)}, False),
        (None, {"createdAt": datetime.fromtimestamp(100, tz=UTC)}, False),
        (100.0, None, False),
        (100.0, {}, False),
    ],
)
def test_containers_older_than_their_newest_secret_are_outdated(redeploy_after: float | None, primary: Any, expected: bool) -> None:
    assert core.is_outdated(redeploy_after, primary) is expected
