# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.stopped import (
    anything_ran,
    explain,
    explain_failure,
    passes,
    reasons,
)


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


# Each rule, by a piece of its remedy.
@pytest.mark.parametrize(
    ("reason", "cause", "passing", "todo"),
    [
        # Whatever phase it is said of.
        ("CannotPullContainerError: no space left on device", "disk", False, "more ephemeral storage"),
        ("CannotPullContainerError: no matching manifest for linux/arm64", "architecture", False, "runtimePlatform.cpuArchitecture"),
        ("CannotPullContainerError: invalid reference format", "image", False, "registry/name:tag"),
        ("CannotPullContainerError: no processor for media-type", "image", False, "--provenance=false"),
        ("CannotPullContainerError: toomanyrequests: Rate exceeded", "image", True, "copy the image to ECR"),
        ("CannotPullContainerError: 429 Too Many Requests", "image", False, "pull-through cache"),
        ("Unable to assume the service linked role", "role", True, "create-service-linked-role"),
        ("the role cannot be assumed", "role", True, "Let ecs-tasks.amazonaws.com assume the role"),
        ("Your Spot Task was interrupted.", "spot", True, "use FARGATE"),
        ("ECS is performing maintenance on the underlying infrastructure hosting the task", "infrastructure", True, "took the host away"),
        ("Scaling activity initiated by deployment ecs-svc/1", "stopped", False, "a scaling, a deployment, or a stop by hand"),
        ("Task failed ELB health checks in target-group x", "health_check", False, "the health check's path"),
        ("Task failed container health checks", "health_check", False, "startPeriod"),
        ("OutOfMemoryError: Container killed due to memory usage", "out_of_memory", False, "more memory"),
        # The rest.
        ("Your account is currently blocked", "account", False, "AWS Support"),
        ("You've reached the limit on the number of vCPUs", "quota", True, "stop something, or ask for more"),
        ("The task configuration is above your limit", "quota", False, "use a smaller size"),
        ("RESOURCE:FARGATE", "capacity", True, "subnets in more zones"),
        ("InsufficientFreeAddressesInSubnet", "addresses", False, "a larger or another subnet"),
        ("TagPolicyViolation: x", "policy", False, "redash_tags"),
        ("InvalidSubnetID.NotFound: The subnet ID 'subnet-1' does not exist", "network", False, "Correct the subnets"),
        ("Create Network Interface: UnauthorizedOperation", "network", False, "service control policies"),
        ("RESOURCE:ENI", "network_interface", True, "could not attach the network interface"),
        ("Timeout waiting for EphemeralStorage provisioning to complete", "infrastructure", True, "the task's disk in time"),
        ("DockerTimeoutError: x", "runtime", True, "its container engine failed"),
        ('CannotStartContainerError: exec: "x": executable file not found in $PATH', "command", False, "holds no such program"),
        ("CannotStartContainerError: unable to find user odd", "start", False, "The image knows no such user"),
        ("CannotCreateContainerError: odd", "start", False, "the task definition and the image disagree"),
        ("DockerStateError: odd", "start", False, "the task definition and the image disagree"),
        ("ContainerVanished: odd", "start", False, "the task definition and the image disagree"),
        ("CannotGetDockerClientError: odd", "start", False, "the task definition and the image disagree"),
        ("odd volumes", "volume", False, "mount targets"),
        ("ATTRIBUTE", "not_placed", False, "the task's constraints"),
        ("RequestLimitExceeded", "throttled", True, "throttles this account"),
        ("InternalError", "infrastructure", True, "failed inside"),
        ("ResourceInitializationError: odd", "resources", False, "could not prepare what the task needs"),
    ],
)
def test_each_cause_has_its_remedy_and_says_whether_it_passes(reason: str, cause: str, passing: bool, todo: str) -> None:
    stopped = explain(never_started(reason))
    assert (stopped.cause, stopped.retry) == (cause, passing)
    assert todo in stopped.todo
    assert passes(reason) is passing
    failure = explain_failure({"reason": reason})
    assert (failure.ran, failure.retry) == (False, passing)
    assert failure.what == f"ECS started no task: {reason}"


NOTHING_SAID = "execution role"
WAY = "give them a NAT gateway, VPC endpoints ({}), or the task a public IP; its security group must let port 443 out."
# What AWS was preparing: what it says, the cause, and the remedies where it was denied, where there is no such thing,
# and where it was not reached.
PREPARING = [
    ("mount.nfs: odd", "volume", "mount targets", "mount targets", "mount targets"),
    ("EFS utils: odd", "volume", "mount targets", "mount targets", "mount targets"),
    (
        "CannotPullContainerError: odd",
        "image",
        "ecr:BatchGetImage",
        "Correct the image's name and tag",
        f"the registry: {WAY.format('ecr.api, ecr.dkr, and s3 for the layers')}",
    ),
    (
        "failed to validate logger args: odd",
        "log_group",
        "logs:CreateLogStream",
        "Create the log group",
        f"CloudWatch Logs: {WAY.format('logs')}",
    ),
    ("failed to download env files: odd", "env_file", "s3:GetBucketLocation", "Put the file into the bucket", f"S3: {WAY.format('s3')}"),
    (
        "unable to retrieve registry auth from asm: odd",
        "secret",
        "on the registry's secret. Where the key is",
        NOTHING_SAID,
        f"Secrets Manager: {WAY.format('secretsmanager')}",
    ),
    (
        "unable to retrieve ecr registry auth: odd",
        "image",
        "ecr:GetAuthorizationToken on *",
        NOTHING_SAID,
        f"ECR: {WAY.format('ecr.api, ecr.dkr, s3')}",
    ),
    (
        "unable to retrieve secret from asm: odd",
        "secret",
        "on that secret. Where the key is",
        "Create the secret in this region",
        f"Secrets Manager: {WAY.format('secretsmanager')}",
    ),
    (
        "unable to retrieve secrets from ssm: odd",
        "secret",
        "ssm:GetParameters on these parameters",
        "Create the parameter (site.yml does)",
        f"Parameter Store: {WAY.format('ssm')}",
    ),
    (
        "unable to pull secrets: odd",
        "secret",
        "to read these secrets and kms:Decrypt",
        "Create the secret or parameter",
        f"the secret store: {WAY.format('ssm or secretsmanager, and kms')}",
    ),
]


@pytest.mark.parametrize(("phase", "cause", "denied", "missing", "unreachable"), PREPARING, ids=[row[0] for row in PREPARING])
def test_what_went_wrong_while_aws_prepared_the_task_decides_the_remedy(
    phase: str, cause: str, denied: str, missing: str, unreachable: str
) -> None:
    unreached = cause if cause == "volume" else "no_route"
    for said, expected, todo, retry in (
        ("AccessDeniedException", cause, denied, False),
        ("the thing does not exist", cause, missing, False),
        ("dial tcp 10.0.0.1:443: i/o timeout", unreached, unreachable, False),
        ("did not contain json key x", cause, "The secret's JSON lacks that key", False),
        ("invalid character 'x'", cause, "The secret is no JSON object", False),
        ("it is marked for deletion", cause, "restore-secret", False),
        ("no staging label AWSCURRENT", cause, "AWSCURRENT", False),
        ("DisabledException: x", cause, "aws kms enable-key", False),
        ("ThrottlingException", cause, "throttles this account", True),
        ("StatusCode: 503", cause, "was unwell for the moment", True),
        # An answer proves that AWS was reached, whatever timed out besides.
        ("AccessDeniedException, i/o timeout", cause, denied, False),
    ):
        stopped = explain(never_started(f"{phase}: {said}"))
        assert (stopped.cause, stopped.retry) == (expected, retry), said
        assert todo in stopped.todo, said
        assert "ECS cut its reason" not in stopped.todo
    assert "The subnets have no way to" not in explain(never_started(phase)).todo
    # What is cut before it says anything: refusals are tried once, what nobody answers is tried three times.
    for retried, expected in (("1", cause), ("2", unreached), ("3", unreached)):
        stopped = explain(never_started(f"{phase}: service call has been retried {retried} time(s): Req..."))
        assert stopped.cause == expected, retried
        assert ("ECS cut its reason" in stopped.todo) is (retried == "1")
    assert explain(never_started(f"{phase}: service call has been retried 3 time(s): Req")).cause == cause


# A reason that ECS cut inside of a phrase that decides: as long as half of it is there, it is understood.
@pytest.mark.parametrize(
    ("before", "phrase"),
    [
        ("from ssm: ", "context deadline exceeded"),
        ("from ssm: ", "request context canceled"),
        ("from ssm: ", "i/o timeout"),
        ("from ssm: ", "connection timed out"),
        ("from ssm: ", "connection refused"),
        ("from ssm: ", "no route to host"),
        ("from ssm: ", "no such host"),
        ("from ssm: ", "send request failed"),
        ("from ssm: ", "connection issue between the task"),
        ("from ssm: ", "AccessDeniedException"),
        ("from ssm: User x ", "is not authorized to perform"),
        ("from asm: ", "ResourceNotFoundException"),
        ("from ssm: ", "ParameterNotFound"),
        ("from ssm: ", "invalid parameters"),
        ("from ssm: ", "invalid ssm parameters"),
        ("from asm: ", "did not contain json key"),
        ("from ssm: ", "ThrottlingException"),
        ("from ssm: ", "Rate exceeded"),
        ("CannotPullContainerError: ", "no space left on device"),
        ("CannotPullContainerError: ", "manifest unknown"),
        ("CannotPullContainerError: no ", "descriptor matching platform"),
        ("CannotPullContainerError: your ", "pull rate limit"),
        ("CannotPullContainerError: ", "toomanyrequests"),
        ("from ssm: ", "InternalServerError"),
        ("from ssm: ", "RequestCanceled"),
        ("from asm: no ", "staging label"),
        ("from asm: it is ", "marked for deletion"),
        ("Cloudwatch log stream: ", "The specified log group does not exist"),
        ("", "InsufficientFreeAddressesInSubnet"),
        ("", "Capacity is unavailable"),
        ("", "OutOfMemoryError"),
        ("from ssm: key/1-2 ", "is disabled"),
    ],
)
def test_a_reason_cut_inside_a_phrase_is_understood_as_the_whole(before: str, phrase: str) -> None:
    whole = explain(never_started(before + phrase))
    nothing = explain(never_started(f"{before}..."))
    assert (whole.cause, whole.todo) != (nothing.cause, nothing.todo)
    for length in sorted({max(6, len(phrase) // 2), len(phrase) - 1}):
        for dots in ("...", "\u2026", " ...'"):
            cut = explain(never_started(f"{before}{phrase[:length]}{dots}"))
            assert (cut.cause, cut.todo, cut.retry) == (whole.cause, whole.todo, whole.retry), (phrase[:length], dots)


@pytest.mark.parametrize(
    "reason", ["from ssm: context...", "from ssm: i/o t...", "from ssm: xcontext deadli...", "from ssm: context deadli"]
)
def test_less_than_half_a_phrase_or_the_end_of_another_word_is_no_phrase(reason: str) -> None:
    assert explain(never_started(reason)).cause == "secret"


def a_task(started: bool, stop_code: str, reason: str, exit_code: int | None = None, own: str = "") -> dict[str, Any]:
    container = {"name": "runner", "lastStatus": "STOPPED", "exitCode": exit_code, "reason": own}
    return {
        "stopCode": stop_code,
        "stoppedReason": reason,
        "containers": [{"name": "proxy"}, container],
        **({"startedAt": "x"} if started else {}),
    }


SPOT = "Your Spot Task was interrupted."
ENDED = "Essential container in task exited"
OOM = "OutOfMemoryError: Container killed due to memory usage"
START = "CannotStartContainerError: odd words"


# (started, stopCode, stoppedReason, exit code, the container's reason), the log, and what is told: cause, what, retry, said.
@pytest.mark.parametrize(
    ("given", "log", "told"),
    [
        ((False, "SpotInterruption", ""), [], ("spot", "the task was stopped before it started: SpotInterruption", True, "")),
        ((False, "", SPOT), [], ("spot", f"the task was stopped before it started: {SPOT}", True, "")),
        ((False, "TerminationNotice", "odd"), [], ("infrastructure", "the task was stopped before it started: odd", True, "")),
        ((False, "InfrastructureHealth", "odd"), [], ("infrastructure", "the task was stopped before it started: odd", True, "")),
        ((False, "ServiceSchedulerInitiated", "odd"), [], ("stopped", "the task was stopped before it started: odd", False, "")),
        # A person's words are not AWS's.
        ((False, "UserInitiated", "RESOURCE:ENI"), [], ("stopped", "the task was stopped before it started: RESOURCE:ENI", False, "")),
        ((True, "UserInitiated", OOM, 143), ["odd"], ("stopped", f"{OOM} (UserInitiated)", False, "")),
        ((True, "UserInitiated", "", 143), [], ("stopped", "UserInitiated", False, "")),
        ((True, "SpotInterruption", "", 143), [], ("spot", "SpotInterruption", False, "")),
        ((False, "", "Task stopped by user"), [], ("stopped", "the task was stopped before it started: Task stopped by user", False, "")),
        ((False, "TaskFailedToStart", "RESOURCE:ENI"), [], ("network_interface", "the task never started: RESOURCE:ENI", True, "")),
        ((False, "TaskFailedToStart", ""), [], ("never_started", "the task never started: TaskFailedToStart", False, "")),
        ((False, "", ""), [], ("never_started", "the task never started: no reason given", False, "")),
        # It ran: nothing is tried again.
        ((True, "SpotInterruption", SPOT, 143), ["odd"], ("spot", f"{SPOT} (SpotInterruption)", False, "")),
        ((True, "", SPOT, 143), ["odd"], ("spot", SPOT, False, "")),
        ((True, "TerminationNotice", "odd", 143), [], ("infrastructure", "odd (TerminationNotice)", False, "")),
        ((True, "", ENDED, 137, OOM), ["odd"], ("out_of_memory", f"runner exited with 137: {ENDED}; {OOM}", False, "")),
        ((True, "", OOM), ["odd"], ("out_of_memory", OOM, False, "")),
        ((True, "", OOM, 137), ["Killed"], ("out_of_memory", f"runner exited with 137: {OOM}: Killed", False, "Killed")),
        (
            (True, "", "Task failed container health checks", 143),
            ["odd"],
            ("health_check", "runner exited with 143: Task failed container health checks", False, ""),
        ),
        ((True, "", ENDED, 1), [], ("exit_code", "runner exited with 1", False, "")),
        ((True, "", ENDED, 1), ["odd words"], ("exit_code", "runner exited with 1: odd words", False, "odd words")),
        ((True, "", ENDED, 1), ["InvalidToken: x"], ("key", "runner exited with 1: InvalidToken: x", False, "InvalidToken: x")),
        ((True, "", ENDED), ["InvalidToken: x"], ("key", f"{ENDED}: InvalidToken: x", False, "InvalidToken: x")),
        ((True, "", START), ["more"], ("start", f"{START}: more", False, "more")),
        ((True, "", START, 1), ["more"], ("start", f"runner exited with 1: {START}: more", False, "more")),
        ((True, "", START), ["odd words"], ("start", START, False, "odd words")),
        ((True, "", ENDED), ["odd"], ("no_exit_code", f"the task stopped without an exit code: {ENDED}: odd", False, "odd")),
        ((True, "", ""), [], ("no_exit_code", "the task stopped without an exit code: no reason given", False, "")),
    ],
)
def test_what_is_told_of_a_task_that_stopped(given: tuple[Any, ...], log: list[str], told: tuple[str, str, bool, str]) -> None:
    stopped = explain(a_task(*given), log)
    assert (stopped.cause, stopped.what, stopped.retry, stopped.said) == told
    assert stopped.ran is given[0]
    assert stopped.todo
    assert stopped.as_dict() == {
        "cause": told[0], "what": told[1], "ran": given[0], "retry": told[2], "todo": stopped.todo, "said": told[3],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("exit_code", "cause", "todo"),
    [
        (1, "exit_code", "Read the lines above."),
        (126, "command", "not executable"),
        (127, "command", "holds no such program"),
        (134, "crash", "SIGABRT"),
        (137, "killed", "SIGKILL"),
        (139, "crash", "SIGSEGV"),
        (143, "terminated", "SIGTERM"),
    ],
)
def test_an_exit_code_has_its_remedy(exit_code: int, cause: str, todo: str) -> None:
    stopped = explain(a_task(True, "EssentialContainerExited", ENDED, exit_code))
    assert stopped.cause == cause and todo in stopped.todo


@pytest.mark.parametrize(
    ("stop_code", "todo"),
    [
        ("UserInitiated", "rerun when you know why"),
        ("SpotInterruption", "use FARGATE"),
        ("TerminationNotice", "took the host away"),
        ("InfrastructureHealth", "The host was unwell"),
        ("ServiceSchedulerInitiated", "belongs to no service"),
    ],
)
def test_a_stop_code_has_its_remedy_before_and_after_the_start(stop_code: str, todo: str) -> None:
    assert todo in explain(a_task(False, stop_code, "odd")).todo
    assert todo in explain(a_task(True, stop_code, "odd", 143), ["InvalidToken: x"]).todo


def test_the_container_that_mattered_is_the_one_named_or_the_first_that_failed() -> None:
    ended = [{"name": "ok", "exitCode": 0}, {"name": "init", "exitCode": 1}, {"name": "runner", "exitCode": 2}]
    task = {"startedAt": "x", "containers": ended}
    for name, what in (("runner", "runner exited with 2"), (None, "init exited with 1"), ("nope", "init exited with 1")):
        assert explain(task, [], name).what == what
    # One without an exit code has not exited with any.
    assert explain(a_task(True, "", START), [], "runner").what == START
    # Of one that exited with 0 the log is not searched for a reason.
    assert explain(task, ["KeyError: 'x'"], "ok").what == "ok exited with 0"


@pytest.mark.parametrize(
    ("task", "own", "said"),
    [
        ("one", ["two", None, "three"], "one; two; three"),
        ("one and two", ["two", "one"], "one and two"),
        (None, ["two", "two"], "two"),
        ("  it\n can\u2019t \u2018be\u2019 \u201cread\u201d\u200b\ufeff ", [], "it can't 'be' \"read\""),
        (None, [], ""),
    ],
)
def test_reasons_are_told_in_one_line_and_once(task: str | None, own: list[str | None], said: str) -> None:
    assert reasons({"stoppedReason": task, "containers": [{"reason": one} for one in own] or None}) == said


@pytest.mark.parametrize(
    ("failure", "cause", "what", "todo"),
    [
        ({"reason": "MISSING"}, "missing", "MISSING", "Check cluster and task definition"),
        ({"reason": "INACTIVE", "detail": "x"}, "inactive", "INACTIVE x", "The cluster or the capacity provider is inactive"),
        ({"reason": "AGENT", "detail": "RESOURCE:ENI"}, "agent", "AGENT RESOURCE:ENI", "agent is not connected"),
        ({"reason": "odd", "detail": "it\u2019s\n x"}, "not_placed", "odd it's x", "Look at the cluster's capacity"),
        ({"detail": "RESOURCE:ENI"}, "network_interface", "no reason given RESOURCE:ENI", "run again"),
        ({}, "not_placed", "no reason given", "Look at the cluster's capacity"),
    ],
)
def test_what_is_told_of_a_task_that_was_never_made(failure: dict[str, str], cause: str, what: str, todo: str) -> None:
    stopped = explain_failure(failure)
    assert (stopped.cause, stopped.what) == (cause, f"ECS started no task: {what}")
    assert todo in stopped.todo
    assert not passes("odd words")
