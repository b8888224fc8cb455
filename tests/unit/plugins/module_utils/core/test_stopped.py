# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.stopped import anything_ran, explain, explain_failure


def never_started(reason: str) -> dict[str, Any]:
    return {"stopCode": "TaskFailedToStart", "stoppedReason": reason, "containers": [{"name": "server", "lastStatus": "STOPPED"}]}


# Texts as AWS writes them (developer guide and re:Post), shortened.
@pytest.mark.parametrize(
    ("reason", "cause", "retry"),
    [
        ("CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/redash/redash:25.99.0:"
         " docker.io/redash/redash:25.99.0: not found", "image", False),
        ("CannotPullContainerError: inspect image has been retried 1 time(s): httpReadSeeker: failed open: unexpected status code"
         " https://registry-1.docker.io/v2/redash/redash/manifests/25.8.0: 429 Too Many Requests - Server message: toomanyrequests:"
         " You have reached your pull rate limit", "image", False),
        ("CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do request:"
         " Get https://prod-starport-layer-bucket.s3.amazonaws.com/: dial tcp 52.219.0.1:443: i/o timeout", "no_route", False),
        ("CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/arm64'", "architecture", False),
        ("CannotPullContainerError: failed to resolve ref: unexpected status from HEAD request to https://x: 503 Service Unavailable",
         "image", True),
        ("ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve"
         " secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: User:"
         " arn:aws:sts::1:assumed-role/x is not authorized to perform: ssm:GetParameters", "secret", False),
        ("ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve"
         " secrets from ssm: service call has been retried 1 time(s): invalid parameters: /redash/prod/cookie_secret", "secret", False),
        ("ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve"
         " secrets from ssm: RequestCanceled: request context canceled caused by: context deadline exceeded", "no_route", False),
        ("ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve ecr registry auth: service call has been"
         " retried 3 time(s): RequestError: send request failed caused by: Post https://api.ecr.ap-northeast-1.amazonaws.com/:"
         " dial tcp 10.0.0.1:443: i/o timeout", "no_route", False),
        ("ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch"
         " log stream: ResourceNotFoundException: The specified log group does not exist.", "log_group", False),
        ("Capacity is unavailable at this time. Please try again later or in a different availability zone", "capacity", True),
        ("Timeout waiting for network interface provisioning to complete.", "network_interface", True),
        ("Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1': InsufficientFreeAddressesInSubnet",
         "addresses", False),
        ("ECS was unable to assume the role 'arn:aws:iam::1:role/execution'", "role", True),
        ("CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: OCI runtime create failed:"
         " exec: \"nosuch\": executable file not found in $PATH", "command", False),
        ("something AWS has never said before", "never_started", False),
    ],
)  # fmt: skip
def test_a_task_that_never_started_is_told_by_its_reason(reason: str, cause: str, retry: bool) -> None:
    stopped = explain(never_started(reason))
    assert (stopped.cause, stopped.ran, stopped.retry) == (cause, False, retry)
    assert reason in stopped.what and stopped.todo


@pytest.mark.parametrize(
    "reason", ["Capacity is unavailable at this time", "Timeout waiting for network interface provisioning to complete."]
)
def test_nothing_is_worth_a_retry_once_something_ran(reason: str) -> None:
    assert not explain({**never_started(reason), "startedAt": "now"}).retry
    assert not explain({**never_started(reason), "containers": [{"name": "init", "exitCode": 0}]}).retry


@pytest.mark.parametrize(
    ("exit_code", "cause"), [(1, "exit_code"), (2, "exit_code"), (127, "command"), (137, "killed"), (139, "crash"), (143, "terminated")]
)
def test_exit_codes(exit_code: int, cause: str) -> None:
    task = {"startedAt": "x", "stopCode": "EssentialContainerExited", "containers": [{"name": "task-runner", "exitCode": exit_code}]}
    stopped = explain(task)
    assert stopped.cause == cause and f"task-runner exited with {exit_code}" in stopped.what


def test_lack_of_memory_is_told_by_the_containers_reason() -> None:
    task = {
        "startedAt": "x",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"name": "worker", "exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"}],
    }
    assert explain(task).cause == "out_of_memory"


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ('psycopg2.OperationalError: could not translate host name "db" to address: Name or service not known', "database"),
        ('connection to server at "10.0.0.1", port 5432 failed: FATAL:  password authentication failed for user "redash"', "database"),
        ("psycopg2.errors.AdminShutdown: terminating connection due to administrator command", "database"),
        ("psycopg2.DatabaseError: server closed the connection unexpectedly", "database"),
        ("redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.", "redis"),
        ('psycopg2.errors.UndefinedTable: relation "organizations" does not exist', "tables"),
        ("alembic.util.exc.CommandError: Can't locate revision identified by 'db0aca1ebd32'", "schema"),
        ("cryptography.fernet.InvalidToken", "key"),
        ("ValueError: Invalid boolean value ''", "settings"),
    ],
)
def test_the_log_says_why_when_ecs_does_not(line: str, cause: str) -> None:
    task = {
        "startedAt": "x",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"name": "task-runner", "exitCode": 1}],
    }
    assert explain(task, ["Traceback", line]).cause == cause


def test_stop_codes_of_others_come_before_exit_codes() -> None:
    task = {"startedAt": "x", "containers": [{"name": "a", "exitCode": 143}]}
    assert explain({**task, "stopCode": "SpotInterruption"}).cause == "spot"
    assert explain({**task, "stopCode": "UserInitiated"}).cause == "stopped"
    before = {"stopCode": "SpotInterruption", "containers": []}
    assert explain(before).retry and not explain(before).ran


@pytest.mark.parametrize(
    ("failure", "cause", "retry"),
    [
        ({"reason": "Capacity is unavailable at this time. Please try again later"}, "capacity", True),
        ({"reason": "RESOURCE:ENI"}, "network_interface", True),
        ({"reason": "RESOURCE:MEMORY", "arn": "x"}, "capacity", True),
        ({"reason": "You've reached the limit on the number of vCPUs you can run concurrently"}, "quota", True),
        ({"reason": "MISSING"}, "missing", False),
        ({"reason": "ATTRIBUTE", "detail": "x"}, "not_placed", False),
        ({}, "not_placed", False),
    ],
)
def test_failures_of_run_task(failure: dict[str, str], cause: str, retry: bool) -> None:
    stopped = explain_failure(failure)
    assert (stopped.cause, stopped.retry, stopped.ran) == (cause, retry, False)


@pytest.mark.parametrize(
    ("task", "ran"),
    [
        ({"lastStatus": "STOPPED", "startedAt": "now"}, True),
        # Cut off between the container's start and the task's: no startedAt, no exit code, and yet a process worked.
        ({"lastStatus": "DEPROVISIONING", "containers": [{"name": "task-runner", "lastStatus": "RUNNING"}]}, True),
        ({"containers": [{"name": "proxy", "lastStatus": "PENDING"}, {"name": "init", "lastStatus": "RUNNING"}]}, True),
        ({"containers": [{"name": "init", "lastStatus": "STOPPED", "exitCode": 0}]}, True),
        ({"containers": [{"name": "task-runner", "lastStatus": "PENDING"}]}, False),
        ({"containers": [{"name": "task-runner", "lastStatus": "STOPPED", "exitCode": None}]}, False),
        ({"containers": None}, False),
        ({}, False),
    ],
)
def test_whatever_may_have_run_counts_as_having_run(task: dict[str, Any], ran: bool) -> None:
    assert anything_ran(task) is ran
    # So nothing is run a second time: neither for a passing cause nor for a stop of AWS's own.
    for why in ({"stoppedReason": "Capacity is unavailable at this time"}, {"stopCode": "SpotInterruption"}):
        stopped = explain({**task, **why})
        assert (stopped.ran, stopped.retry) == (ran, not ran)
