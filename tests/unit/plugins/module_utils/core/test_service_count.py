# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.service_count import ServiceCount, service_count

SPLIT = {
    "redash-prod-scheduler": {"has_scheduler": True},
    "redash-prod-server": {"has_scheduler": False},
    "redash-prod-worker": {"has_scheduler": False},
}
CONSOLIDATED = {"redash-prod": {"has_scheduler": True}}
NO_HISTORY = {"unfinished": False, "last": {}, "next_command": ""}


def judge(services: dict[str, Any] | None = None, **given: Any) -> ServiceCount:
    defaults = {"name": "redash-prod", "count": "2", "sizes": {}, "desired_count": 1, "autoscaling": {}, "history": NO_HISTORY}
    return service_count(services or SPLIT, **{**defaults, **given})


def problems(services: dict[str, Any] | None = None, **given: Any) -> list[str]:
    return [str(problem) for problem in judge(services, **given).problems]


@pytest.mark.parametrize(
    ("services", "asked", "meant"),
    [
        (SPLIT, "", "redash-prod-server"),
        (SPLIT, "worker", "redash-prod-worker"),
        (SPLIT, "redash-prod-worker", "redash-prod-worker"),
        (CONSOLIDATED, "", "redash-prod"),
    ],
)
def test_a_service_is_meant_by_its_whole_name_by_its_containers_or_it_is_the_server(
    services: dict[str, Any], asked: str, meant: str
) -> None:
    judged = judge(services, service=asked, count="1")
    assert (judged.service, judged.problems) == (meant, [])


@pytest.mark.parametrize("count", ["", "two", "-1", "1.5", "12345", "2\n", "²"])
def test_only_a_number_of_tasks_is_one(count: str) -> None:
    judged = judge(count=count)
    shown = " ".join(count.split()) or "not set"
    assert [str(problem) for problem in judged.problems] == [f"count: {shown} is not a number of tasks. Give -e count=2."]
    assert judged.note == ""


@pytest.mark.parametrize("count", ["0", "1", "9999"])
def test_any_number_of_servers_may_be(count: str) -> None:
    assert problems(count=count) == []


def test_an_unknown_service_is_named_with_those_that_there_are() -> None:
    assert problems(service="adhoc") == [
        "service: adhoc is no service of redash-prod; there are redash-prod-scheduler, redash-prod-server, redash-prod-worker."
    ]


def test_there_is_one_scheduler_at_most() -> None:
    assert problems(service="scheduler") == [
        "count: 2 tasks of redash-prod-scheduler would be as many schedulers, and each queues everything."
    ]
    assert problems(CONSOLIDATED) == [
        "count: 2 tasks of redash-prod would be as many schedulers, and each queues everything."
        " Set redash_topology: split in the inventory to scale server and workers."
    ]
    assert problems(service="scheduler", count="1") == problems(service="scheduler", count="0") == []


def test_where_autoscaling_decides_its_bounds_are_to_be_changed() -> None:
    deciding = {"redash-prod-worker": {"scale_in": False, "scale_out": True}}
    assert problems(service="worker", autoscaling=deciding) == [
        "service: autoscaling decides how many tasks redash-prod-worker has."
        " Change min and max of redash_autoscaling.worker, and run site.yml."
    ]
    assert problems(autoscaling=deciding) == []
    assert problems(service="worker", autoscaling={"redash-prod-worker": {"scale_in": True, "scale_out": True}}) == []


def test_an_unfinished_release_starts_what_it_stopped_itself() -> None:
    history = {
        "unfinished": True,
        "last": {"number": 3, "kind": "upgrade", "step": "deploy"},
        "next_command": "upgrade.yml -e redash_version=25.8.0",
    }
    assert problems(history=history) == [
        "release 3 (upgrade) is unfinished at step deploy, and starts what it stopped itself."
        " Finish it first: upgrade.yml -e redash_version=25.8.0"
    ]
    assert "at step none" in problems(history={**history, "last": {**history["last"], "step": ""}})[0]  # type: ignore[dict-item]
    assert problems(history={**history, "unfinished": False}) == []
    assert problems(history={**history, "last": {"number": 3, "kind": "backup", "step": "snapshot"}}) == []


def test_all_that_is_wrong_is_said_at_once() -> None:
    history = {"unfinished": True, "last": {"number": 3, "kind": "rollback", "step": "smoke"}, "next_command": "rollback.yml"}
    assert len(problems(service="adhoc", count="many", history=history)) == 3


@pytest.mark.parametrize(
    ("services", "given", "note"),
    [
        (
            SPLIT,
            {},
            "The next site.yml brings redash-prod-server back to 1, as the inventory says."
            " To keep 2, set redash_service_sizes: {server: {desired_count: 2}}.",
        ),
        (SPLIT, {"desired_count": 2}, ""),
        (SPLIT, {"desired_count": "2"}, ""),
        (SPLIT, {"sizes": {"server": {"desired_count": 2}}, "desired_count": 3}, ""),
        # A size that says nothing of the number.
        (SPLIT, {"sizes": {"server": {"cpu": 512}}, "desired_count": 2}, ""),
        (SPLIT, {"sizes": {"server": {"desired_count": 0}}, "count": "0"}, ""),
        (SPLIT, {"sizes": {"server": None}, "desired_count": 2}, ""),
        # redash_desired_count is the server's.
        (
            SPLIT,
            {"service": "worker", "desired_count": 2},
            "The next site.yml brings redash-prod-worker back to 1, as the inventory says."
            " To keep 2, set redash_service_sizes: {worker: {desired_count: 2}}.",
        ),
        (SPLIT, {"service": "worker", "sizes": {"worker": {"desired_count": 2}}}, ""),
        (CONSOLIDATED, {"count": "0", "desired_count": 5}, "The next site.yml brings redash-prod back to 1, as the inventory says."),
        (CONSOLIDATED, {"count": "1", "desired_count": 5}, ""),
    ],
)
def test_how_long_it_holds_is_told_with_what_keeps_it(services: dict[str, Any], given: dict[str, Any], note: str) -> None:
    assert judge(services, **given).note == note
