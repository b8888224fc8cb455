# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""redash_ecs_scaling against moto's ECS and Application Auto Scaling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ansible_collections.redash.ecs.plugins.module_utils import scaling
from ansible_collections.redash.ecs.plugins.module_utils.aws import autoscaling
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

REGION = "eu-west-1"
ARN = f"arn:aws:elasticloadbalancing:{REGION}:123456789012"
BALANCER = {
    "load_balancer_arn": f"{ARN}:loadbalancer/app/shop/50dc6c495c0c9188",
    "target_group_arn": f"{ARN}:targetgroup/shop/943f017f100becff",
}
KEY = {"ServiceNamespace": "ecs", "ResourceId": "service/shop/shop-worker", "ScalableDimension": "ecs:service:DesiredCount"}
WORKER = {"min": 2, "max": 6, "cpu_percent": 60}


class Aws:
    def __init__(self) -> None:
        keys = {"region_name": REGION, "aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.clients = {name: boto3.client(name, **keys) for name in ("ecs", "application-autoscaling")}
        self.ecs, self.scaling = self.clients["ecs"], self.clients["application-autoscaling"]
        self.writes: list[str] = []
        for client in self.clients.values():
            client.meta.events.register("before-call", self._note)

    def _note(self, model: Any, **_rest: Any) -> None:
        if not model.name.startswith("Describe"):
            self.writes.append(model.name)

    def scale(self, settings: dict[str, Any], service: str = "shop-worker", **context: Any) -> dict[str, Any]:
        self.writes.clear()
        params = {"cluster": "shop", "services": {service: settings}, **BALANCER}
        return scaling.run(params, Context(client=self.clients.__getitem__, **context))

    def target(self) -> dict[str, Any] | None:
        found = self.scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[KEY["ResourceId"]])["ScalableTargets"]
        return found[0] if found else None

    def policies(self) -> dict[str, Any]:
        found = self.scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=KEY["ResourceId"])["ScalingPolicies"]
        return {one["PolicyName"]: one["TargetTrackingScalingPolicyConfiguration"] for one in found}

    def count(self) -> int:
        return int(self.ecs.describe_services(cluster="shop", services=["shop-worker"])["services"][0]["desiredCount"])

    def put_policy_of_somebody_else(self) -> None:
        self.scaling.put_scaling_policy(
            **KEY,
            PolicyName="theirs",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 50.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"},
            },
        )


@pytest.fixture
def aws() -> Iterator[Aws]:
    with mock_aws():
        made = Aws()
        made.ecs.create_cluster(clusterName="shop")
        made.ecs.register_task_definition(family="shop", containerDefinitions=[{"name": "worker", "image": "x", "memory": 128}])
        made.ecs.create_service(cluster="shop", serviceName="shop-worker", taskDefinition="shop", desiredCount=1)
        yield made


def test_a_service_comes_to_scale_and_the_second_time_nothing_changes(aws: Aws) -> None:
    first = aws.scale(WORKER)
    assert first["differences"] == [
        "shop-worker: limits none -> 2 to 6 tasks",
        "shop-worker: redash-cpu_percent none -> 60",
        "shop-worker: desired count 1 -> 2",
    ]
    target = aws.target()
    assert target is not None
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 6)
    assert aws.policies() == {
        "redash-cpu_percent": {
            "TargetValue": 60.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 300,
            "DisableScaleIn": False,
        }
    }
    second = aws.scale(WORKER)
    assert (second["changed"], second["diff"], aws.writes) == (False, {"before": {}, "after": {}}, [])


def test_check_mode_says_the_same_and_does_nothing(aws: Aws) -> None:
    told = aws.scale(WORKER, check_mode=True)
    assert (aws.writes, aws.target()) == ([], None)
    assert told == aws.scale(WORKER)
    assert told["diff"]["after"] == {"shop-worker": {"limits": "2 to 6 tasks", "redash-cpu_percent": "60", "desired count": 2}}


@pytest.mark.parametrize(
    ("settings", "difference", "write"),
    [
        ({"min": 2, "max": 9, "cpu_percent": 60}, "limits 2 to 6 tasks -> 2 to 9 tasks", ["RegisterScalableTarget"]),
        ({"min": 2, "max": 6, "cpu_percent": 70}, "redash-cpu_percent 60 -> 70", ["PutScalingPolicy"]),
        ({**WORKER, "memory_percent": 80}, "redash-memory_percent none -> 80", ["PutScalingPolicy"]),
    ],
)
def test_only_what_differs_is_written(aws: Aws, settings: dict[str, Any], difference: str, write: list[str]) -> None:
    aws.scale(WORKER)
    told = aws.scale(settings)
    assert (told["differences"], aws.writes) == ([f"shop-worker: {difference}"], write)
    assert not aws.scale(settings)["changed"]


def test_a_cooldown_that_somebody_changed_is_put_back_and_named(aws: Aws) -> None:
    aws.scale(WORKER)
    changed = {**aws.policies()["redash-cpu_percent"], "ScaleInCooldown": 5}
    aws.scaling.put_scaling_policy(
        **KEY, PolicyName="redash-cpu_percent", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=changed
    )
    assert aws.scale(WORKER)["differences"] == ["shop-worker: redash-cpu_percent ScaleInCooldown 5 -> ScaleInCooldown 300"]
    assert aws.policies()["redash-cpu_percent"]["ScaleInCooldown"] == 300


def test_a_target_that_is_no_longer_asked_for_goes(aws: Aws) -> None:
    aws.scale({**WORKER, "memory_percent": 80})
    assert aws.scale(WORKER)["differences"] == ["shop-worker: redash-memory_percent 80 -> none"]
    assert list(aws.policies()) == ["redash-cpu_percent"]


def test_requests_name_the_target_group(aws: Aws) -> None:
    aws.scale({"min": 1, "max": 3, "requests_per_target": 300})
    assert aws.policies()["redash-requests_per_target"]["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "ALBRequestCountPerTarget",
        "ResourceLabel": "app/shop/50dc6c495c0c9188/targetgroup/shop/943f017f100becff",
    }


def test_requests_without_a_load_balancer_are_refused_before_anything_is_read() -> None:
    params = {"cluster": "shop", "services": {"s": {"requests_per_target": 3}}, "load_balancer_arn": None, "target_group_arn": None}
    with pytest.raises(RedashError, match="requests_per_target needs load_balancer_arn"):
        scaling.run(params, Context(client=lambda name: None))


def test_taken_out_it_is_removed_and_the_number_of_tasks_stays(aws: Aws) -> None:
    aws.scale(WORKER)
    told = aws.scale({})
    assert told["differences"] == ["shop-worker: limits 2 to 6 tasks -> none"]
    assert (aws.writes, aws.target(), aws.count()) == (["DeregisterScalableTarget"], None, 2)
    assert not aws.scale({})["changed"]


def test_what_somebody_else_made_stays(aws: Aws) -> None:
    aws.scaling.register_scalable_target(**KEY, MinCapacity=1, MaxCapacity=9)
    aws.put_policy_of_somebody_else()
    assert not aws.scale({})["changed"]
    aws.scale(WORKER)
    assert sorted(aws.policies()) == ["redash-cpu_percent", "theirs"]
    assert aws.scale({})["differences"] == ["shop-worker: redash-cpu_percent 60 -> none"]
    assert (list(aws.policies()), aws.target() is not None) == (["theirs"], True)


def test_too_many_tasks_become_max_and_a_number_between_is_autoscaling_s(aws: Aws) -> None:
    aws.ecs.update_service(cluster="shop", service="shop-worker", desiredCount=9)
    aws.scale(WORKER)
    assert aws.count() == 6
    aws.ecs.update_service(cluster="shop", service="shop-worker", desiredCount=4)
    assert not aws.scale(WORKER)["changed"]
    assert aws.count() == 4


def test_while_an_upgrade_has_it_suspended_nothing_is_started_or_resumed(aws: Aws) -> None:
    aws.scale(WORKER)
    autoscaling.suspend(aws.scaling, "shop", {"shop-worker": autoscaling.ALL})
    aws.ecs.update_service(cluster="shop", service="shop-worker", desiredCount=0)
    assert aws.scale({**WORKER, "max": 8})["differences"] == ["shop-worker: limits 2 to 6 tasks -> 2 to 8 tasks"]
    assert aws.count() == 0
    assert autoscaling.suspended(aws.scaling, "shop", ["shop-worker"]) == {"shop-worker": autoscaling.ALL}


def _refusing(aws: Aws, code: str) -> Callable[[], None]:
    def refuse(**_rest: Any) -> None:
        raise aws.scaling.exceptions.ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeScalableTargets")

    return lambda: aws.scaling.meta.events.register("before-call", refuse)


def test_a_refusal_is_one_line(aws: Aws) -> None:
    _refusing(aws, "AccessDeniedException")()
    with pytest.raises(RedashError, match="AWS refused to read the autoscaling of shop-worker: AccessDeniedException"):
        aws.scale({})
