# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.topology import deployment_order, has_scheduler

BALANCED = {"container_name": "server", "container_port": 5000}


def service(family: str, scheduler: bool = False, balanced: bool = False) -> dict[str, Any]:
    return {"family": family, "has_scheduler": scheduler, "load_balancer": BALANCED if balanced else None}


CONSOLIDATED = [service("redash", scheduler=True, balanced=True)]
SPLIT = [
    service("redash-server", balanced=True),
    service("redash-scheduler", scheduler=True),
    service("redash-adhoc_worker"),
    service("redash-worker"),
]


def present(services: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["family"]: {"has_scheduler": one["has_scheduler"]} for one in services}


def told(wanted: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What happens to which service, in order."""
    order = deployment_order(wanted, present(before))
    assert list(order) == ["first", "stop", "then", "remove"]
    return [
        (("deploy", item["family"]) if part in ("first", "then") else ("delete", item)) for part, items in order.items() for item in items
    ]


def test_workers_come_before_what_gives_them_work_and_nothing_goes_that_stays() -> None:
    deployed = [
        ("deploy", "redash-adhoc_worker"),
        ("deploy", "redash-worker"),
        ("deploy", "redash-server"),
        ("deploy", "redash-scheduler"),
    ]
    assert told(SPLIT, []) == deployed
    assert told(SPLIT, SPLIT) == deployed
    assert told(CONSOLIDATED, CONSOLIDATED) == [("deploy", "redash")]


def test_from_consolidated_to_split_the_old_service_goes_between_server_and_scheduler() -> None:
    assert told(SPLIT, CONSOLIDATED)[2:] == [("deploy", "redash-server"), ("delete", "redash"), ("deploy", "redash-scheduler")]


def test_from_split_to_consolidated_the_scheduler_goes_first_and_the_rest_when_the_new_service_answers() -> None:
    assert told(CONSOLIDATED, SPLIT) == [
        ("delete", "redash-scheduler"),
        ("deploy", "redash"),
        ("delete", "redash-adhoc_worker"),
        ("delete", "redash-server"),
        ("delete", "redash-worker"),
    ]


@pytest.mark.parametrize(("wanted", "before"), [(SPLIT, CONSOLIDATED), (CONSOLIDATED, SPLIT)])
@pytest.mark.parametrize("killed_after", range(9))
def test_killed_anywhere_and_run_again_there_are_never_two_schedulers_nor_none_that_answers(
    wanted: list[dict[str, Any]], before: list[dict[str, Any]], killed_after: int
) -> None:
    known = {one["family"]: one for one in CONSOLIDATED + SPLIT}
    running = {one["family"] for one in before}

    def do(steps: list[tuple[str, str]]) -> None:
        for what, name in steps:
            running.add(name) if what == "deploy" else running.discard(name)
            assert sum(known[one]["has_scheduler"] for one in running) <= 1, (what, name, running)
            assert any(known[one]["load_balancer"] for one in running), (what, name, running)

    do(told(wanted, before)[:killed_after])
    do(told(wanted, [known[name] for name in running]))
    assert running == {one["family"] for one in wanted}


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ([{"name": "server", "command": ["server"]}], False),
        ([{"name": "server"}, {"name": "scheduler", "command": ["scheduler"]}], True),
        ([{"name": "beat", "command": ["scheduler"]}], True),
        ([{"name": "scheduler"}], True),
        ([{"name": "worker", "command": []}], False),
    ],
)
def test_a_scheduler_is_known_by_its_name_or_command(containers: list[dict[str, Any]], expected: bool) -> None:
    assert has_scheduler({"containerDefinitions": containers}) is expected
