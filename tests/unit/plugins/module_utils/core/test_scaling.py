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
