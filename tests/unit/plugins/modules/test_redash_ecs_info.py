"""redash_ecs_info: what exists is told, what does not is simply missing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.modules.redash_ecs_info import run


def service(name: str, status: str = "ACTIVE") -> dict[str, Any]:
    return {
        "serviceName": name,
        "status": status,
        "taskDefinition": f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{name}:3",
        "desiredCount": 2,
        "runningCount": 1,
        "pendingCount": 1,
        "deployments": [{"status": "ACTIVE", "rolloutState": "COMPLETED"}, {"status": "PRIMARY", "rolloutState": "IN_PROGRESS"}],
        "events": [{"message": f"event {number}", "createdAt": datetime(2026, 11, 23, 0, number, tzinfo=UTC)} for number in range(9)],
    }


@pytest.fixture
def ecs() -> Any:
    return boto3.client("ecs", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


def read(ecs: Any, *names: str) -> dict[str, Any]:
    return run({"cluster": "redash", "services": list(names), "installation": None}, Context(client=lambda service: ecs))["services"]


def test_an_active_service_is_told_with_its_newest_deployment(ecs: Any) -> None:
    with Stubber(ecs) as stub:
        stub.add_response("describe_services", {"services": [service("redash")]})
        told = read(ecs, "redash")["redash"]
    assert told["rollout_state"] == "IN_PROGRESS"
    assert (told["desired_count"], told["running_count"], told["pending_count"]) == (2, 1, 1)
    assert told["events"] == [f"2026-11-23 00:0{number} UTC  event {number}" for number in range(5)]


def test_a_deleted_service_does_not_exist(ecs: Any) -> None:
    with Stubber(ecs) as stub:
        stub.add_response("describe_services", {"services": [service("redash", "INACTIVE")]})
        assert read(ecs, "redash") == {}


def test_a_cluster_that_does_not_exist_has_no_services(ecs: Any) -> None:
    with Stubber(ecs) as stub:
        stub.add_client_error("describe_services", "ClusterNotFoundException")
        assert read(ecs, "redash") == {}


def test_eleven_services_take_two_calls(ecs: Any) -> None:
    names = [f"s{number}" for number in range(11)]
    with Stubber(ecs) as stub:
        stub.add_response(
            "describe_services", {"services": [service(name) for name in names[:10]]}, {"cluster": "redash", "services": names[:10]}
        )
        stub.add_response("describe_services", {"services": [service("s10")]}, {"cluster": "redash", "services": ["s10"]})
        assert sorted(read(ecs, *names)) == sorted(names)
        stub.assert_no_pending_responses()


def test_any_other_refusal_is_one_line_that_says_what_to_do(ecs: Any) -> None:
    with Stubber(ecs) as stub:
        stub.add_client_error("describe_services", "AccessDeniedException", "no")
        with pytest.raises(RedashError, match="read the services of cluster redash: AccessDeniedException: no. Allow that action"):
            read(ecs, "redash")


def read_failure(ecs: Any, logs: Any) -> str:
    given = {"cluster": "redash", "services": ["redash"], "installation": None, "failures": True}
    clients = {"ecs": ecs, "logs": logs}
    found = run(given, Context(client=lambda name: clients[name]))["services"]
    return str(found["redash"]["failure"])


def test_a_service_that_lacks_tasks_says_why_the_newest_one_failed(ecs: Any) -> None:
    logs = boto3.client("logs", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    definition = {
        "containerDefinitions": [
            {
                "name": "server",
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/redash", "awslogs-stream-prefix": "server"}},
            }
        ]
    }
    stopped = {
        "taskArn": "arn:aws:ecs:eu-west-1:1:task/redash/0123456789abcdef",
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:1:task-definition/redash:3",
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "startedAt": datetime(2026, 11, 23, tzinfo=UTC),
        "createdAt": datetime(2026, 11, 23, tzinfo=UTC),
        "stoppedAt": datetime(2026, 11, 23, 0, 1, tzinfo=UTC),
        "containers": [{"name": "server", "exitCode": 1, "lastStatus": "STOPPED"}],
    }
    older = {**stopped, "taskArn": "arn:aws:ecs:eu-west-1:1:task/redash/older", "stoppedAt": datetime(2026, 11, 22, tzinfo=UTC)}
    said = ["redis.exceptions.ReadOnlyError: You can't write against a read only replica.", "[2026-11-23 00:00:00 +0000] [1] [INFO] bye"]
    events = {"events": [{"timestamp": 1, "message": line, "ingestionTime": 1} for line in said], "nextForwardToken": "f"}
    for readable in (True, False):
        with Stubber(ecs) as stub, Stubber(logs) as log_stub:
            stub.add_response("describe_services", {"services": [service("redash")]})
            stub.add_response("list_tasks", {"taskArns": [older["taskArn"], stopped["taskArn"]]})
            stub.add_response("describe_tasks", {"tasks": [older, stopped]})
            stub.add_response("describe_task_definition", {"taskDefinition": definition})
            if readable:
                log_stub.add_response("get_log_events", events)
            else:
                log_stub.add_client_error("get_log_events", "AccessDeniedException", "no")
            failure = read_failure(ecs, logs)
        assert failure.startswith("task 01234567 failed: server exited with 1")
        assert ("read only replica. The URL leads to a replica" in failure) is readable
        assert ("AccessDeniedException" in failure) is not readable


def test_what_could_not_be_asked_of_a_service_is_said_and_the_rest_is_told(ecs: Any) -> None:
    with Stubber(ecs) as stub:
        stub.add_response("describe_services", {"services": [service("redash")]})
        stub.add_client_error("list_tasks", "AccessDeniedException", "no")
        assert "not known: AWS refused to read the stopped tasks of redash" in read_failure(ecs, None)
