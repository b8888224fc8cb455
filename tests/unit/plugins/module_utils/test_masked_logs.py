# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No way on which a container's log reaches a person shows a secret."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import logs, services
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import HIDDEN

EVENTS = [
    {"message": "could not connect to postgresql://redash:hunter2@db/redash"},
    {"message": "-----BEGIN PRIVATE KEY-----"},
    {"message": "hunter2"},
    {"message": "-----END PRIVATE KEY-----\n"},
    {"message": ""},
    {"message": "ready "},
]
SHOWN = [f"could not connect to postgresql://redash:{HIDDEN}@db/redash", HIDDEN, HIDDEN, HIDDEN, "", "ready"]


def client(**answers: Any) -> Any:
    return SimpleNamespace(**{name: lambda answer=answer, **_asked: answer for name, answer in answers.items()})


def test_the_newest_lines_of_a_stream_show_no_secret() -> None:
    assert logs.last_lines(client(get_log_events={"events": EVENTS}), "g", "s") == SHOWN


def test_the_last_lines_of_a_failed_deployment_show_no_secret() -> None:
    container = {"name": "server", "logConfiguration": {"options": {"awslogs-stream-prefix": "p", "awslogs-group": "g"}}}
    ecs = client(describe_task_definition={"taskDefinition": {"containerDefinitions": [container]}})
    task = {"taskDefinitionArn": "x:1", "taskArn": "a/b"}
    lines, unread = services.last_log_lines(ecs, client(get_log_events={"events": EVENTS}), task, "server", 20)
    assert (lines, unread) == ([f"server: {line}" for line in SHOWN], "")
