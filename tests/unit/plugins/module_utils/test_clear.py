# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.redash.ecs.plugins.module_utils import clear
from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError


class FakeEcs:
    """A cluster whose tasks stop at the second look after they were told to, and which starts one more meanwhile."""

    class exceptions:
        ClientError = ClientError

    def __init__(self, services: list[str], tasks: list[str], late: list[str] | None = None, stubborn: bool = False) -> None:
        self.services, self.tasks, self.late, self.stubborn = services, tasks, late or [], stubborn
        self.stopping: dict[str, int] = {}
        self.missing = False

    def get_paginator(self, operation: str) -> Any:
        fake = self

        class Pages:
            def paginate(self, cluster: str) -> list[dict[str, list[str]]]:
                if fake.missing:
                    raise ClientError({"Error": {"Code": "ClusterNotFoundException"}}, operation)
                if operation == "list_services":
                    return [{"serviceArns": [name]} for name in fake.services]
                for task in [task for task, looks in fake.stopping.items() if looks <= 0 and not fake.stubborn]:
                    fake.tasks.remove(task)
                    del fake.stopping[task]
                    fake.tasks += [fake.late.pop()] if fake.late else []
                fake.stopping = {task: looks - 1 for task, looks in fake.stopping.items()}
                return [{"taskArns": list(fake.tasks)}]

        return Pages()

    def delete_service(self, cluster: str, service: str, force: bool) -> None:
        assert force
        self.services.remove(service)

    def stop_task(self, cluster: str, task: str, reason: str) -> None:
        assert task not in self.stopping
        self.stopping[task] = 1


def run(fake: FakeEcs, **context: Any) -> tuple[dict[str, Any], list[str]]:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    shown: list[str] = []
    clock = Clock(monotonic=lambda: now[0], sleep=sleep)
    result = clear.run({"cluster": "c", "timeout": 60}, Context(client=lambda name: fake, report=shown.append, clock=clock, **context))
    return result, shown


def test_services_go_first_and_every_task_is_stopped_once() -> None:
    fake = FakeEcs(["a/s"], ["a/1", "a/2"], late=["a/3"])
    result, shown = run(fake)
    assert result["changed"] and fake.services == [] and fake.tasks == []
    assert shown == ["deleting the service s", "stopping the task 1", "stopping the task 2", "stopping the task 3"]


def test_check_mode_says_what_would_go_and_leaves_it() -> None:
    fake = FakeEcs(["a/s"], ["a/1"])
    result, _ = run(fake, check_mode=True)
    assert result["changed"] and result["diff"]["before"] == "s\n1\n" and fake.services and fake.tasks


def test_an_empty_cluster_and_one_that_is_gone_are_clear() -> None:
    assert run(FakeEcs([], []))[0]["changed"] is False
    fake = FakeEcs(["a/s"], [])
    fake.missing = True
    assert run(fake)[0]["changed"] is False


def test_a_task_that_does_not_stop_is_named() -> None:
    with pytest.raises(RedashError, match="1 tasks still run 60 s after they were told to stop: 1"):
        run(FakeEcs([], ["a/1"], stubborn=True))
