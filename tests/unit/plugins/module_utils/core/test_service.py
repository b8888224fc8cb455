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


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (1, 2, "x: 1 -> 2"),
        (None, 0, "x: none -> 0"),
        ([], ["a"], "x: +a"),
        (["a", "b"], ["b", "c", "d"], "x: -a +c +d"),
        ({}, {"name": "a", "on": True}, "x: none -> (name a, on true)"),
        (["a"], None, "x: a -> none"),
        ({"names": ["a", "b"], "off": False}, [], "x: (names a, b, off false) -> none"),
        (TD.format(1), TD.format(2), f"x: {TD.format(1)} -> {TD.format(2)}"),
    ],
)
def test_a_difference_is_told_in_one_line(before: Any, after: Any, line: str) -> None:
    assert str(core.Difference("x", before, after)) == line


def test_a_service_of_which_ecs_tells_little_has_ecs_s_defaults() -> None:
    defaults = {
        "taskDefinition": "td",
        "desiredCount": 0,
        "launchType": None,
        "capacityProviderStrategy": [],
        "platformVersion": "LATEST",
        "healthCheckGracePeriodSeconds": 0,
        "enableExecuteCommand": False,
        "enableECSManagedTags": False,
        "propagateTags": "NONE",
        "availabilityZoneRebalancing": "DISABLED",
        "networkConfiguration": {"subnets": [], "securityGroups": [], "assignPublicIp": "DISABLED"},
        "loadBalancers": [],
        "deploymentConfiguration": {
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            "alarms": {"enable": False, "rollback": False, "alarmNames": []},
        },
    }
    assert core.current({"taskDefinition": "td"}) == defaults
    assert core.current({"taskDefinition": "td", "deploymentConfiguration": {"deploymentCircuitBreaker": None, "alarms": None}}) == defaults
    assert core.current({"taskDefinition": "td", "networkConfiguration": {"awsvpcConfiguration": {}}}) == defaults


def test_lists_whose_order_means_nothing_are_sorted_and_numbers_are_numbers() -> None:
    def balancer(group: str, container: str, port: Any) -> dict[str, Any]:
        return {"targetGroupArn": group, "containerName": container, "containerPort": port}

    service = existing(
        capacityProviderStrategy=[
            {"capacityProvider": "FARGATE_SPOT", "weight": "3", "base": None},
            {"capacityProvider": "FARGATE", "base": "1"},
        ],
        loadBalancers=[
            balancer("g2", "a", "1"),
            balancer("g1", "b", 2),
            balancer("g1", "a", 10),
            balancer("g1", "a", 9),
            {"loadBalancerName": "old"},
        ],
        desiredCount="2",
        healthCheckGracePeriodSeconds="30",
        deploymentConfiguration={"alarms": {"alarmNames": ["b", "a"], "enable": True}, "deploymentCircuitBreaker": {"enable": True}},
    )
    now = core.current(service)
    assert now["capacityProviderStrategy"] == [
        {"capacityProvider": "FARGATE", "weight": 0, "base": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0},
    ]
    assert now["loadBalancers"] == [
        balancer("g1", "a", 9),
        balancer("g1", "a", 10),
        balancer("g1", "b", 2),
        balancer("g2", "a", 1),
    ]
    assert (now["desiredCount"], now["healthCheckGracePeriodSeconds"]) == (2, 30)
    assert now["deploymentConfiguration"]["alarms"] == {"enable": True, "rollback": False, "alarmNames": ["a", "b"]}
    assert now["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": False}


def test_what_is_not_a_default_is_read_and_is_no_drift() -> None:
    network = {"subnets": ["subnet-a"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}
    fields = {"platformVersion": "1.4.0", "enableExecuteCommand": True, "enableECSManagedTags": True, "propagateTags": "SERVICE"}
    service = existing(
        **fields,
        networkConfiguration={"awsvpcConfiguration": network},
        launchType=None,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 2}],
    )
    now = core.current(service)
    assert {name: now[name] for name in fields} == fields
    assert now["networkConfiguration"] == network
    same = asked(
        platform_version="1.4.0",
        enable_execute_command=True,
        propagate_tags="SERVICE",
        subnets=["subnet-a"],
        assign_public_ip="ENABLED",
        launch_type=None,
        capacity_provider_strategy=[{"capacity_provider": "FARGATE_SPOT", "weight": 1, "base": 2}],
    )
    for params in (same, {**same, "capacity_provider_strategy": None}):
        assert core.drift(params, service) == []
        assert core.update_request(params, service) is None


def test_what_is_asked_for_holds_only_what_was_given() -> None:
    nothing = dict.fromkeys(SAME) | {"task_definition": "td"}
    assert core.wanted(nothing) == {"taskDefinition": "td"}
    alarms = {"alarm_names": ["b", "a"], "enable": True, "rollback": False}
    deployment = {"deployment_circuit_breaker": {"enable": None, "rollback": None}, "alarms": alarms, "maximum_percent": 0}
    assert core.wanted({**nothing, "deployment_configuration": deployment, "assign_public_ip": "DISABLED"}) == {
        "taskDefinition": "td",
        "networkConfiguration": {"assignPublicIp": "DISABLED"},
        "deploymentConfiguration": {"maximumPercent": 0, "alarms": {"alarmNames": ["a", "b"], "enable": True, "rollback": False}},
    }
    assert core.wanted({**nothing, "deployment_configuration": {"deployment_circuit_breaker": {"enable": False, "rollback": None}}}) == {
        "taskDefinition": "td",
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": False}},
    }


DELETE = "Delete the service (state: absent) and rerun: there is no other way, and it is down in between."
MY_MACHINES = [{"capacityProvider": "my-machines", "weight": 1}, {"capacityProvider": "FARGATE", "weight": 1}]
NO_ROOM = "with {} task(s), minimumHealthyPercent {} and maximumPercent {} leave no room to replace one."
RAISE = " Lower the one to 0 or raise the other to 200."
CLASSIC = [SERVICE["loadBalancers"][0], {"loadBalancerName": "old", "containerName": "server", "containerPort": 5000}]


@pytest.mark.parametrize(
    ("wish", "there", "lines"),
    [
        ({"subnets": None}, None, ["Fargate tasks need a network. Give subnets."]),
        ({"subnets": []}, None, ["Fargate tasks need a network. Give subnets."]),
        ({"subnets": None, "launch_type": "EC2"}, None, []),
        ({}, None, []),
        ({"subnets": None}, {}, []),
        # One is asked for where none is named; what ECS defaults to counts, too.
        (
            {"desired_count": None, "deployment_configuration": {"maximum_percent": 100}},
            None,
            [NO_ROOM.format(1, 100, 100) + RAISE],
        ),
        ({"desired_count": None, "deployment_configuration": {"minimum_healthy_percent": 100}}, None, []),
        ({"desired_count": None, "deployment_configuration": {"maximum_percent": 200}}, None, []),
        ({"desired_count": 1, "deployment_configuration": {"minimum_healthy_percent": 200}}, None, [NO_ROOM.format(1, 200, 200) + RAISE]),
        # Nothing is asked of the deployment: what is there stays.
        ({"deployment_configuration": None}, {"deploymentConfiguration": {"maximumPercent": 100}}, []),
        (
            {"deployment_configuration": {"minimum_healthy_percent": 100}},
            {"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 0}},
            [NO_ROOM.format(2, 100, 100) + RAISE],
        ),
        (
            {},
            {"deploymentController": {"type": "EXTERNAL"}, "schedulingStrategy": "DAEMON", "launchType": "EC2", "loadBalancers": CLASSIC},
            [
                f"its deployments are made by EXTERNAL, not by ECS's rolling update. {DELETE}",
                f"its schedulingStrategy is DAEMON, not REPLICA. {DELETE}",
                "launchType can't change from EC2 to FARGATE in place. Use a capacity_provider_strategy with FARGATE, or delete it.",
                f"it uses a Classic Load Balancer, which can't be replaced in place. {DELETE}",
            ],
        ),
        (
            {"launch_type": "EC2"},
            {},
            [
                "launchType can't change from FARGATE to EC2 in place."
                " Use a capacity_provider_strategy with a provider of yours, or delete it."
            ],
        ),
        (
            {},
            {"launchType": None, "capacityProviderStrategy": MY_MACHINES},
            [f"it can't go from the capacity providers FARGATE, my-machines to launchType FARGATE. {DELETE}"],
        ),
        ({"launch_type": "EC2"}, {"launchType": None, "capacityProviderStrategy": MY_MACHINES}, []),
        (
            {"launch_type": "EC2"},
            {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]},
            [f"it can't go from the capacity providers FARGATE_SPOT to launchType EC2. {DELETE}"],
        ),
        ({}, {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, []),
        ({"launch_type": None}, {"launchType": None, "capacityProviderStrategy": MY_MACHINES}, []),
        ({"launch_type": None}, {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, []),
        ({}, {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": one} for one in ("FARGATE", "FARGATE_SPOT")]}, []),
        ({"launch_type": "EC2"}, {"launchType": None}, []),
        ({"launch_type": None}, {"launchType": "EC2"}, []),
        ({}, {"launchType": None}, []),
        ({"load_balancers": None}, {"loadBalancers": CLASSIC}, []),
        ({}, {"deploymentController": None, "loadBalancers": None}, []),
    ],
)
def test_everything_that_ecs_would_refuse_is_said_at_once(wish: dict[str, Any], there: dict[str, Any] | None, lines: list[str]) -> None:
    said: list[str] = []
    try:
        core.check(asked(**wish), None if there is None else existing(**there))
    except RedashError as error:
        said = [str(problem) for problem in error.problems]
    assert said == [f"service redash: {line}" for line in lines]


def test_an_ecs_that_tells_no_controller_and_no_strategy_has_its_own() -> None:
    core.check(asked(), {name: value for name, value in SERVICE.items() if name not in ("deploymentController", "schedulingStrategy")})


def test_create_leaves_out_what_was_not_given() -> None:
    nothing = dict.fromkeys(SAME) | {"cluster": "c", "name": "n", "task_definition": "td"}
    assert core.create_request(nothing) == {"cluster": "c", "serviceName": "n", "taskDefinition": "td", "desiredCount": 1}
    assert core.create_request({**nothing, "desired_count": 0, "tags": {}})["desiredCount"] == 0
    assert core.create_request({**nothing, "tags": {"b": 2, "a": "x"}})["tags"] == [
        {"key": "a", "value": "x"},
        {"key": "b", "value": "2"},
    ]


def test_an_update_keeps_what_the_service_has_and_nobody_asked_for() -> None:
    kept = {"maximumPercent": 150, "deploymentCircuitBreaker": {"enable": True, "rollback": True, "x": 1}, "lifecycleHooks": []}
    service = existing(deploymentConfiguration=kept)
    params = asked(deployment_configuration={"minimum_healthy_percent": 50, "deployment_circuit_breaker": {"enable": False}})
    request = core.update_request(params, service)
    assert request and request["deploymentConfiguration"] == {
        **kept,
        "minimumHealthyPercent": 50,
        "deploymentCircuitBreaker": {"enable": False, "rollback": True, "x": 1},
    }
    assert set(request) == {"cluster", "service", "deploymentConfiguration"}
    request = core.update_request(params, existing(deploymentConfiguration=None))
    assert request and request["deploymentConfiguration"] == {"minimumHealthyPercent": 50, "deploymentCircuitBreaker": {"enable": False}}


def test_the_launch_type_is_never_sent_and_empties_a_strategy_only_where_there_is_one() -> None:
    assert core.update_request(asked(), existing(launchType="EC2")) is None
    bare = existing(launchType=None)
    assert core.update_request(asked(), bare) is None
    assert [str(one) for one in core.drift(asked(), bare)] == ["launchType: none -> FARGATE"]
    assert core.update_request(asked(launch_type=None), bare) is None


@pytest.mark.parametrize(
    ("wish", "there", "primary", "expected"),
    [
        ({}, {}, {"rolloutState": "FAILED"}, True),
        ({}, {}, {"rolloutState": "COMPLETED"}, False),
        ({}, {}, {}, False),
        ({}, {}, None, False),
        ({"desired_count": 1}, {"desiredCount": 0}, {"rolloutState": "FAILED"}, True),
        ({"desired_count": 0}, {}, {"rolloutState": "FAILED"}, False),
        # Autoscaling has the number.
        ({"desired_count": None}, {"desiredCount": 1}, {"rolloutState": "FAILED"}, True),
        ({"desired_count": None}, {"desiredCount": 0}, {"rolloutState": "FAILED"}, False),
        # A new deployment comes anyway.
        ({"task_definition": TD.format(8)}, {}, {"rolloutState": "FAILED"}, False),
    ],
)
def test_a_deployment_that_ecs_gave_up_starts_no_task_again(
    wish: dict[str, Any], there: dict[str, Any], primary: dict[str, Any] | None, expected: bool
) -> None:
    assert core.gave_up(asked(**wish), existing(**there), primary) is expected


def test_a_service_without_a_count_runs_nothing() -> None:
    bare = {name: value for name, value in SERVICE.items() if name != "desiredCount"}
    assert not core.gave_up(asked(desired_count=None), bare, {"rolloutState": "FAILED"})


def test_tags_are_text_and_those_to_set_and_to_remove_are_told_together() -> None:
    service = existing(tags=[{"key": "b", "value": "1"}, {"key": "a", "value": "x"}, {"key": "aws:x", "value": "y"}])
    params = asked(tags={"b": 1, "c": True})
    assert core.tag_changes(params, service) == ({"c": "True"}, ["a"])
    assert [str(one) for one in core.drift(params, service)] == ["tags.a: x -> none", "tags.c: none -> True"]
    assert core.tags_of(service) == {"b": "1", "a": "x"}
    assert core.tags_of({}) == core.tags_of({"tags": None}) == {}
    assert core.revision("redash:7") == core.revision(TD.format(7)) == "redash:7"


def test_which_fields_replace_the_tasks_is_what_aws_says() -> None:
    assert set(core.STARTS_DEPLOYMENT) == {"taskDefinition", "networkConfiguration", "platformVersion", "loadBalancers"}
    assert set(core.NEW_TASKS_ONLY) == {"enableExecuteCommand", "enableECSManagedTags", "propagateTags"}
