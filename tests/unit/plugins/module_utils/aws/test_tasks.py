# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ECS calls around tasks."""

from __future__ import annotations

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.tasks import describe


class Ecs:
    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> dict[str, Any]:
        self.asked.append(tasks)
        return {"tasks": [{"taskArn": arn} for arn in tasks if arn != "task-150"], "failures": []}


def test_many_tasks_are_described_a_hundred_in_a_call() -> None:
    ecs = Ecs()
    found = describe(ecs, "c", [f"task-{number}" for number in range(250)])
    assert [len(tasks) for tasks in ecs.asked] == [100, 100, 50]
    assert [task["taskArn"] for task in found] == [f"task-{number}" for number in range(250) if number != 150]
