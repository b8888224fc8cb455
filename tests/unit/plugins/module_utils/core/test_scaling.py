# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What redash_autoscaling may say, and what it becomes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import scaling

SERVICES = [
    {"family": "shop-server", "containers": ["server"], "has_scheduler": False, "load_balancer": {"container_name": "server"}},
    {"family": "shop-scheduler", "containers": ["scheduler"], "has_scheduler": True, "load_balancer": None},
    {"family": "shop-worker", "containers": ["worker"], "has_scheduler": False, "load_balancer": None},
    {"family": "shop-beat", "containers": ["beat"], "has_scheduler": True, "load_balancer": None},
]
GOOD = {"min": 1, "max": 4, "cpu_percent": 60}


def said(autoscaling: Any, topology: str = "split", services: Any = SERVICES) -> list[str]:
    return [str(problem) for problem in scaling.problems(autoscaling, topology, services)]


def test_server_and_workers_may_scale() -> None:
    assert said({"server": {"min": 1, "max": 1, "requests_per_target": 300, "memory_percent": 100}, "worker": GOOD}) == []


def test_nothing_asked_is_nothing_wrong_in_either_topology() -> None:
    assert said({}, "consolidated") == said({}) == []


def test_the_consolidated_topology_is_refused_in_one_line_that_says_what_to_do() -> None:
    (line,) = said({"server": GOOD}, "consolidated", None)
    assert "exactly one" in line
    assert "Set redash_topology: split" in line


@pytest.mark.parametrize("name", ["scheduler", "beat"])
def test_whatever_holds_the_scheduler_does_not_scale(name: str) -> None:
    (line,) = said({name: GOOD})
    assert line.startswith(f"redash_autoscaling.{name}: there must be exactly one scheduler")


def test_the_scheduler_is_refused_before_the_services_are_known() -> None:
    assert len(said({"scheduler": GOOD}, services=None)) == 1
    assert said({"any_other": GOOD}, services=None) == []


def test_a_service_that_does_not_exist_is_named_with_those_that_do() -> None:
    assert said({"wroker": GOOD}) == ["redash_autoscaling.wroker: wroker is not a service. Services: server, scheduler, worker, beat."]


def test_requests_are_for_who_gets_them() -> None:
    (line,) = said({"worker": {"min": 1, "max": 4, "requests_per_target": 300}})
    assert line == "redash_autoscaling.worker.requests_per_target: no load balancer sends it requests. Use cpu_percent."


def test_all_problems_are_said_at_once() -> None:
    lines = said({"server": {"min": 0, "max": True, "cpu_percent": 101, "cpu": 3}, "worker": {"min": 3, "max": 2}, "beat": None})
    assert lines == [
        "redash_autoscaling.server: cpu is not a setting of autoscaling."
        " Settings: min, max, cpu_percent, memory_percent, requests_per_target.",
        "redash_autoscaling.server.min: 0 is not a number of tasks from 1 on",
        "redash_autoscaling.server.max: True is not a number of tasks from 1 on",
        "redash_autoscaling.server.cpu_percent: 101 is more than 100 percent",
        "redash_autoscaling.worker: max 2 is less than min 3",
        "redash_autoscaling.worker: nothing says when to scale. Give one or more of cpu_percent, memory_percent, requests_per_target.",
        "redash_autoscaling.beat: there must be exactly one scheduler; two would queue everything twice. Leave it out.",
    ]


@pytest.mark.parametrize("value", [None, 3, "worker", ["worker"]])
def test_what_is_no_dictionary_is_refused(value: Any) -> None:
    assert len(said(value)) == 1
    assert len(said({"worker": value})) == 1


def test_by_the_names_on_ecs_with_nothing_for_the_others() -> None:
    assert scaling.by_family({"worker": GOOD}, SERVICES) == {
        "shop-server": {},
        "shop-scheduler": {},
        "shop-worker": GOOD,
        "shop-beat": {},
    }


def test_a_target_group_is_named_as_aws_wants_it() -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
    assert (
        scaling.resource_label(f"{arn}:loadbalancer/app/shop/50dc6c495c0c9188", f"{arn}:targetgroup/shop/943f017f100becff")
        == "app/shop/50dc6c495c0c9188/targetgroup/shop/943f017f100becff"
    )


@pytest.mark.parametrize(
    ("given", "topology", "services", "lines"),
    [
        (None, "split", SERVICES, ["redash_autoscaling: None is no dictionary. Give min, max and a target by service."]),
        (
            {"server": GOOD},
            "consolidated",
            SERVICES,
            [
                "redash_autoscaling: the topology consolidated can't scale: its one task holds the scheduler, which must be exactly one."
                " Set redash_topology: split, or leave redash_autoscaling out."
            ],
        ),
        ({"worker": "on"}, "split", None, ["redash_autoscaling.worker: 'on' is no dictionary. Give min, max and a target."]),
        (
            {"scheduler": "on", "worker": []},
            "split",
            SERVICES,
            [
                "redash_autoscaling.scheduler: there must be exactly one scheduler; two would queue everything twice. Leave it out.",
                "redash_autoscaling.worker: [] is no dictionary. Give min, max and a target.",
            ],
        ),
        # Whether a load balancer sends requests is not known before the services are.
        ({"any": {"min": 1, "max": 2, "requests_per_target": 1}}, "split", None, []),
        ({"server": {"min": 1, "max": 2, "cpu_percent": 100, "memory_percent": 1, "requests_per_target": 101}}, "split", SERVICES, []),
        (
            {"server": {"min": -1, "max": "2", "memory_percent": 0, "cpu_percent": "60", "requests_per_target": None}},
            "split",
            SERVICES,
            [
                "redash_autoscaling.server.min: -1 is not a number of tasks from 1 on",
                "redash_autoscaling.server.max: '2' is not a number of tasks from 1 on",
                "redash_autoscaling.server.cpu_percent: '60' is not a whole number from 1 on",
                "redash_autoscaling.server.memory_percent: 0 is not a whole number from 1 on",
                "redash_autoscaling.server.requests_per_target: None is not a whole number from 1 on",
            ],
        ),
        (
            {"server": {"memory_percent": 101, "cpu_percent": True, "requests_per_target": 1.5}},
            "split",
            None,
            [
                "redash_autoscaling.server.min: None is not a number of tasks from 1 on",
                "redash_autoscaling.server.max: None is not a number of tasks from 1 on",
                "redash_autoscaling.server.cpu_percent: True is not a whole number from 1 on",
                "redash_autoscaling.server.memory_percent: 101 is more than 100 percent",
                "redash_autoscaling.server.requests_per_target: 1.5 is not a whole number from 1 on",
            ],
        ),
        # One that is no number is not compared.
        (
            {"server": {"min": "9", "max": 2, "cpu_percent": 1}, "worker": {"min": 2, "max": True, "cpu_percent": 1}},
            "split",
            None,
            [
                "redash_autoscaling.server.min: '9' is not a number of tasks from 1 on",
                "redash_autoscaling.worker.max: True is not a number of tasks from 1 on",
            ],
        ),
        # What is wrong with one does not hide what is wrong with the next.
        (
            {"x": 1, "scheduler": GOOD, "worker": {"min": 2, "max": 1, "requests_per_target": 5}},
            "split",
            SERVICES,
            [
                "redash_autoscaling.x: x is not a service. Services: server, scheduler, worker, beat.",
                "redash_autoscaling.scheduler: there must be exactly one scheduler; two would queue everything twice. Leave it out.",
                "redash_autoscaling.worker: max 1 is less than min 2",
                "redash_autoscaling.worker.requests_per_target: no load balancer sends it requests. Use cpu_percent.",
            ],
        ),
    ],
)
def test_each_problem_is_said_where_it_is_and_at_its_limit(given: Any, topology: str, services: Any, lines: list[str]) -> None:
    assert said(given, topology, services) == lines


def policy(target: float, metric: str, **more: str) -> dict[str, Any]:
    return {
        "TargetValue": target,
        "PredefinedMetricSpecification": {"PredefinedMetricType": metric, **more},
        "ScaleOutCooldown": 60,
        "ScaleInCooldown": 300,
        "DisableScaleIn": False,
    }


def test_each_target_becomes_a_policy_by_a_name_of_ours() -> None:
    settings = {"min": 1, "max": 4, "cpu_percent": 60, "memory_percent": 70, "requests_per_target": 300}
    wanted = scaling.policies(settings, "app/shop/1/targetgroup/shop/2")
    assert wanted == {
        "redash-cpu_percent": policy(60.0, "ECSServiceAverageCPUUtilization"),
        "redash-memory_percent": policy(70.0, "ECSServiceAverageMemoryUtilization"),
        "redash-requests_per_target": policy(300.0, "ALBRequestCountPerTarget", ResourceLabel="app/shop/1/targetgroup/shop/2"),
    }
    assert all(isinstance(each["TargetValue"], float) for each in wanted.values())
    assert all(name.startswith(scaling.POLICY_PREFIX) for name in wanted)


def test_a_target_that_is_not_given_makes_no_policy() -> None:
    assert scaling.policies({}, "") == scaling.policies({"cpu_percent": None, "min": 1}, "") == {}
    assert list(scaling.policies({"cpu_percent": None, "memory_percent": 5}, "x")) == ["redash-memory_percent"]


def test_what_is_wanted_of_a_service_is_a_copy() -> None:
    wanted = scaling.by_family({"worker": GOOD}, SERVICES)
    assert wanted["shop-worker"] is not GOOD
