# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What redash_ecs_task tells a person, word for word, and what its result holds; test_task.py is about what it does."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from ansible_collections.redash.ecs.plugins.module_utils.context import Context, Interrupted
from ansible_collections.redash.ecs.plugins.module_utils.core import batch
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.task import run
from tests.unit.plugins.module_utils.task_fakes import DEFINITION, Aws, client_error, container, params, ran

FIRST = "0" * 32
SECOND = "0" * 31 + "1"
ARN = f"arn:aws:ecs:eu-west-1:123456789012:task/redash-test/{FIRST}"
STREAM = f"task-runner/task-runner/{FIRST}"
ACCOUNT = "waited 2.0 s, pulled 3.0 s, ran 10.0 s; cost 15 vCPU-seconds, 30 GB-seconds"
IN_CONSOLE = "Stop it in the ECS console."
NOT_REACHED = botocore.exceptions.EndpointConnectionError(endpoint_url="https://x/")


def says(aws: Aws, *lines: str, at: float = 7.0) -> None:
    before = aws.on_start

    def on_start(arn: str) -> None:
        before(arn)
        for number, line in enumerate(lines):
            second = aws.time.now + at + number / 100
            aws.stream(arn).put(int(second * 1000), second + 0.5, line)

    aws.on_start = on_start


def failed(aws: Aws, **more: Any) -> RedashError:
    with pytest.raises(RedashError) as caught:
        run(params(**more), aws.context())
    return caught.value


def raising(error: BaseException) -> Callable[..., Any]:
    def call(**_request: Any) -> Any:
        raise error

    return call


def test_the_result_and_the_story_of_a_command() -> None:
    aws = Aws()
    says(aws, "Creating group (x)...", "done")
    result = run(params(cmd="groups create x"), aws.context())
    assert result == {
        "task_arn": ARN,
        "task_definition": DEFINITION,
        "container": "task-runner",
        "attached": False,
        "attempts": 1,
        "rc": 0,
        "stdout_lines": ["Creating group (x)...", "done"],
        "lines_total": 2,
        "lines_folded": 0,
        "log_streams": [{"container": "task-runner", "log_group": "/redash/test", "log_stream": STREAM}],
        "log_problem": None,
        "containers": [
            {"name": "task-runner", "essential": True, "exit_code": 0, "image": None, "last_status": "STOPPED", "reason": None},
        ],
        "phases": {"waited": 2.0, "pulled": 3.0, "ran": 10.0},
        "cost": {"vcpu_seconds": 15.0, "gb_seconds": 30.0},
        "results": [],
        "changed": True,
        "stopped": None,
        "parsed": None,
        "msg": "groups create x: done",
    }
    assert aws.reported == [
        f"started task {FIRST}: groups create x",
        "provisioning (0 s)",
        "pulling the image (3 s)",
        "Creating group (x)...",
        "done",
        "running (9 s)",
        ACCOUNT,
    ]


def test_a_long_start_is_told_every_ten_seconds_and_a_long_run_once() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, pending=40, runs=100)
    run(params(), aws.context())
    assert aws.reported[1:-1] == [
        "provisioning (0 s)",
        "provisioning (10 s)",
        "pulling the image (16 s)",
        "pulling the image (28 s)",
        "pulling the image (39 s)",
        "running (40 s)",
    ]


def test_a_task_that_is_not_waited_for_is_started_and_left_alone() -> None:
    aws = Aws()
    result = run(params(cmd="groups create x", wait=False), aws.context())
    assert result["msg"] == f"started task {FIRST}; not waiting for it"
    assert (result["rc"], result["changed"], result["phases"]["ran"], result["cost"]) == (None, True, None, None)
    assert aws.reported == [f"started task {FIRST}: groups create x"]
    assert aws.calls["DescribeTasks"] == aws.calls["GetLogEvents"] == 0
    aws.time.sleep(3.4)
    assert run(params(cmd="groups create x"), aws.context())["attached"]
    assert aws.reported == [
        f"attached to task {FIRST}, which runs this already, for 3 s",
        "pulling the image (0 s)",
        "running (3 s)",
        ACCOUNT,
    ]


def test_a_failure_is_one_line_with_what_to_do_and_holds_all_that_is_known() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, exit_code=2)
    says(aws, "one", "Error: no")
    error = failed(aws, cmd="groups create x")
    assert str(error) == "groups create x: task-runner exited with 2: Error: no. Read the lines above."
    assert error.result["stopped"] == {
        "cause": "exit_code",
        "what": "task-runner exited with 2: Error: no",
        "ran": True,
        "retry": False,
        "todo": "Read the lines above.",
        "said": "Error: no",
    }
    assert (error.result["changed"], error.result["parsed"], error.result["rc"]) == (True, None, 2)
    assert error.result["stdout_lines"] == ["one", "Error: no"]
    assert aws.reported[-1] == ACCOUNT
    # Where nothing ran, nothing has changed.
    never = Aws()
    never.failures = [{"reason": "MISSING"}]
    assert failed(never, cmd="groups create x").result["changed"] is False


@pytest.mark.parametrize(
    ("stop", "more", "told"),
    [
        (Interrupted(15), {}, f"interrupted by SIGTERM; task {FIRST} was stopped"),
        (Interrupted(2), {"on_interrupt": "leave"}, f"interrupted by SIGINT; task {FIRST} goes on. Run the same again to attach to it."),
    ],
)
def test_an_interrupt_is_told_with_what_becomes_of_the_task(stop: Interrupted, more: dict[str, Any], told: str) -> None:
    aws = Aws()
    says(aws, "one")
    aws.time.at(aws.time.now + 9, raising(stop))
    error = failed(aws, **more)
    assert str(error) == told
    assert (error.result["interrupted"], error.result["stdout_lines"], error.result["task_arn"]) == (True, ["one"], ARN)
    assert aws.stopped == ({} if more else {ARN: "redash_ecs_task: interrupted by SIGTERM"})
    assert aws.reported[-1] == told.partition(". ")[0]
    assert (f"interrupted by SIGTERM; stopping task {FIRST}" in aws.reported) is not bool(more)


def test_a_task_that_cannot_be_stopped_or_was_only_attached_to_is_told_to_go_on() -> None:
    aws = Aws()
    aws.stop_task = raising(client_error("AccessDeniedException", "no"))  # type: ignore[method-assign]
    aws.time.at(aws.time.now + 9, raising(Interrupted(15)))
    said = str(failed(aws))
    assert said.startswith(f"interrupted by SIGTERM; task {FIRST} could not be stopped and may go on: AWS refused to stop task {FIRST}")
    assert said.endswith(IN_CONSOLE)
    aws = Aws()
    run(params(wait=False), aws.context())
    aws.time.at(aws.time.now + 5, raising(Interrupted(2)))
    error = failed(aws)
    assert (
        str(error)
        == f"interrupted by SIGINT; task {FIRST} goes on, as another run started it. Stop it in the ECS console if it has to end."
    )
    assert error.result["attached"] and error.result["interrupted"]


def test_a_timeout_and_a_cut_off_are_told() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, runs=1000)
    began = aws.time.now
    error = failed(aws, timeout=30)
    assert str(error) == f"timed out after 30 s; task {FIRST} was stopped"
    assert aws.time.now - began == 30
    assert error.result["interrupted"]
    aws = Aws()
    aws.time.at(aws.time.now + 9, raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        run(params(), aws.context())
    assert aws.reported[-2:] == [
        f"cut off (KeyboardInterrupt); stopping task {FIRST}",
        f"cut off (KeyboardInterrupt); task {FIRST} was stopped",
    ]
    # Before anything was asked for there is nothing to stop.
    aws = Aws()
    aws.paginate = raising(Interrupted(15))  # type: ignore[method-assign]
    error = failed(aws)
    assert str(error) == "interrupted by SIGTERM; no task was started"
    assert error.result["task_arn"] is None and "interrupted" not in error.result
    # Nor is there where nothing can be found out.
    aws = Aws()
    aws.run_task = raising(Interrupted(15))  # type: ignore[method-assign]
    real, calls = aws.paginate, []

    def paginate(**request: Any) -> list[dict[str, Any]]:
        calls.append(request)
        if len(calls) > 2:
            raise client_error("AccessDeniedException", "no")
        return real(**request)

    aws.paginate = paginate  # type: ignore[method-assign]
    assert str(failed(aws)) == "interrupted by SIGTERM; no task was started"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (client_error("AccessDeniedException", "no"), f"AWS refused to follow task {ARN}: AccessDeniedException: no."),
        (NOT_REACHED, f"cannot follow task {ARN}, which goes on: AWS was not reached: "),
    ],
)
def test_a_task_that_cannot_be_followed_is_told_with_what_is_known(error: Exception, told: str) -> None:
    aws = Aws()
    aws.describe_tasks = raising(error)  # type: ignore[method-assign]
    caught = failed(aws)
    assert str(caught).startswith(told)
    assert (caught.result["task_arn"], caught.result["rc"]) == (ARN, None)
    assert not aws.stopped


def test_a_throttled_look_is_made_again_later_and_its_result_is_not_missed() -> None:
    aws = Aws()
    real, looks = aws.describe_tasks, []

    def describe_tasks(**request: Any) -> dict[str, Any]:
        looks.append(aws.time.now)
        if len(looks) <= 4:
            raise client_error("ThrottlingException", "Rate exceeded")
        return real(**request)

    aws.describe_tasks = describe_tasks  # type: ignore[method-assign]
    assert run(params(), aws.context())["rc"] == 0
    waits = [after - before for before, after in itertools.pairwise(looks[:4])]
    assert waits == sorted(waits) and waits[2] > 2 * waits[0]


@pytest.mark.parametrize(("missing_for", "found"), [(59.0, True), (75.0, False)])
def test_a_task_that_ecs_does_not_know_yet_is_waited_for_a_minute(missing_for: float, found: bool) -> None:
    aws = Aws()
    aws.missing_for = missing_for
    began = aws.time.now
    if found:
        assert run(params(), aws.context())["rc"] == 0
    else:
        assert str(failed(aws)) == f"ECS does not know task {ARN}. Look into its log: it may have ended more than an hour ago."
        assert 60 < aws.time.now - began < 70


def test_a_dead_sidecar_is_told_once_and_its_log_is_read_too() -> None:
    aws = Aws()
    aws.definition["containerDefinitions"].append(container("proxy"))

    def life(seconds: float) -> dict[str, Any]:
        fields = ran(seconds, runs=20)
        dead = {"exitCode": 1, "lastStatus": "STOPPED"} if seconds > 12 else {"lastStatus": "RUNNING"}
        return {**fields, "containers": [*fields["containers"], {"name": "proxy", **dead}]}

    aws.life = life
    error = failed(aws)
    assert aws.reported.count("essential container proxy has ended: ECS stops the task") == 1
    assert [one["container"] for one in error.result["log_streams"]] == ["task-runner", "proxy"]
    assert [(one["name"], one["exit_code"]) for one in error.result["containers"]] == [("task-runner", 0), ("proxy", 1)]


def test_lines_are_read_in_the_region_that_the_container_logs_to() -> None:
    for region, asked in (("eu-west-1", {}), ("us-east-1", {"region": "us-east-1"}), (None, {})):
        aws = Aws()
        aws.definition["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-region"] = region
        clients: list[tuple[str, dict[str, Any]]] = []

        def client(service: str, aws: Aws = aws, asked_for: Any = clients.append, **more: Any) -> Aws:
            asked_for((service, more))
            return aws

        run(params(), Context(client=client, clock=aws.time.clock, random=random.Random(1)))
        assert {str(more) for service, more in clients if service == "logs"} == {str(asked)}


def test_a_result_that_holds_a_part_of_the_lines_says_so() -> None:
    aws = Aws()
    says(aws, *map(str, range(30)))
    assert run(params(cmd="groups create x", log_lines_max=10), aws.context())["lines_total"] == 30
    assert aws.reported[-1] == "the result holds the last 10 of 30 lines; all are in the log stream"
    run(params(cmd="groups create y", log_lines_max=30), aws.context())
    assert not any("the result holds" in line for line in aws.reported)


# Output that could not be read.

NO_STREAM = f"there is no log stream {STREAM} in /redash/test"
READABLE = "Allow logs:GetLogEvents on the log group, or read the output in CloudWatch; then run again."


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"cmd": "groups list"}, f"groups list: exited with 0, but its output is missing: {NO_STREAM}. {READABLE}"),
        ({"cmds": ["groups list", "version"]}, f"2 commands: exited with 0, but its output is missing: {NO_STREAM}. {READABLE}"),
        (
            {"cmds": ["groups list", "groups create x"]},
            f"2 commands: exited with 0, but its output is missing: {NO_STREAM}. {READABLE} What it changed is done.",
        ),
        (
            {"cmd": "users grant_admin a@b.c"},
            "users grant_admin a@b.c: exited with 0, which proves nothing for this command, and its output is missing:"
            f" {NO_STREAM}. Look whether it did its work.",
        ),
    ],
)
def test_output_that_is_missing_is_told(given: dict[str, Any], told: str) -> None:
    aws = Aws()
    aws.on_start = lambda arn: aws.streams.clear()
    error = failed(aws, **given)
    assert str(error) == told
    assert error.result["stopped"]["cause"] == "no_log"
    assert "parsed" not in error.result
    assert error.result["log_problem"] == f"{NO_STREAM}. {READABLE}"


def test_a_change_whose_output_is_missing_or_was_deleted_is_done() -> None:
    aws = Aws()
    aws.on_start = lambda arn: aws.streams.clear()
    result = run(params(cmd="groups create x"), aws.context())
    assert result["msg"] == f"groups create x: exited with 0; its output is missing: {NO_STREAM}"
    assert aws.reported.count(f"{NO_STREAM}. {READABLE}") == 1
    aws = Aws()
    says(aws, "one")
    aws.time.at(aws.time.now + 15, aws.streams.clear)
    result = run(params(cmd="groups create x"), aws.context())
    assert result["msg"] == f"groups create x: exited with 0; its output is missing: {NO_STREAM}: it was deleted while it was read"
    assert result["stdout_lines"] == ["one"]


# Batches.


def test_a_batch_that_failed_names_its_first_failure_and_counts_the_rest() -> None:
    for failures, told in (
        (1, "1 of 3 commands failed: version: exited with 2. "),
        (2, "2 of 3 commands failed: version: exited with 2 (and 1 more). "),
    ):
        aws = Aws()
        aws.life = lambda seconds: ran(seconds, exit_code=2)

        def on_start(arn: str, aws: Aws = aws, failures: int = failures) -> None:
            mark = batch.mark_of(aws.requests[-1]["overrides"]["containerOverrides"][0]["command"])
            for index in range(3):
                code = 2 if index < failures else 0
                for line in (f"{mark} begin {index}", f"{mark} end {index} {code}"):
                    aws.stream(arn).put(int((aws.time.now + 7) * 1000), aws.time.now + 8, line)

        aws.on_start = on_start
        error = failed(aws, cmds=["version"] * 3, keep_going=True)
        assert str(error).startswith(told)
        assert error.result["parsed"] is None


def test_a_batch_without_its_end_and_a_command_that_did_nothing_are_told() -> None:
    error = failed(Aws(), cmds=["version", "status"])
    assert str(error) == "2 commands: the log does not tell the end of version. Read the lines above."
    assert error.result["stopped"]["cause"] == "no_effect"
    aws = Aws()
    says(aws, "User [a@b.c] not found.")
    error = failed(aws, cmd="users grant_admin a@b.c")
    assert str(error) == ("users grant_admin a@b.c: Redash exited with 0 but did nothing: User [a@b.c] not found. Correct the command.")
    assert error.result["stopped"]["cause"] == "no_effect"


# Starting.


def test_each_retry_is_told_with_its_wait() -> None:
    aws = Aws()
    aws.failures = [{"reason": "RESOURCE:ENI"}] * 9
    began = aws.time.now
    error = failed(aws, retries=2)
    assert 16 < aws.time.now - began < 18
    assert aws.reported == [
        "ECS started no task: RESOURCE:ENI; nothing ran, trying again in 5 s (1 of 2 retries)",
        "ECS started no task: RESOURCE:ENI; nothing ran, trying again in 12 s (2 of 2 retries)",
    ]
    assert str(error) == "groups list: ECS started no task: RESOURCE:ENI. AWS could not attach the network interface: run again."
    assert (error.result["attempts"], error.result["changed"]) == (3, False)
    assert len({request["clientToken"] for request in aws.requests}) == 3


@pytest.mark.parametrize(
    ("first", "second", "lock", "runs"),
    [
        ({"cmd": "db upgrade"}, {"cmd": "db downgrade"}, "database", "db upgrade"),
        ({"command": ["true"], "lock": "x"}, {"command": ["false"], "lock": "x"}, "x", "another command"),
        ({"cmd": ["groups", "create", "a b"], "lock": "x"}, {"cmd": "groups list", "lock": "x"}, "x", "groups create 'a b'"),
    ],
)
def test_who_holds_a_lock_is_told(first: dict[str, Any], second: dict[str, Any], lock: str, runs: str) -> None:
    aws = Aws()
    run(params(**first, wait=False), aws.context())
    error = failed(aws, **second)
    assert str(error) == (
        f"lock: task {FIRST} holds the lock {lock}: it runs {runs}. Wait until it has ended, or stop it in the ECS console."
    )
    assert error.result["task_arn"] == ARN


def test_a_task_that_is_stopping_is_waited_for_until_the_deadline() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, runs=1000)
    run(params(cmd="db upgrade", wait=False), aws.context())
    aws.stopped[ARN] = "x"
    began = aws.time.now
    error = failed(aws, cmd="db upgrade", timeout=10)
    assert str(error) == "timed out after 10 s; no task was started"
    assert aws.reported == [f"waiting for task {FIRST}, which is stopping"] * 5
    assert 10 <= aws.time.now - began < 13
    # Without a lock nothing is waited for.
    aws = Aws()
    run(params(wait=False), aws.context())
    aws.stopped[ARN] = "x"
    assert run(params(), aws.context())["task_arn"].endswith(SECOND)


def test_of_two_with_one_lock_the_later_one_stops_its_own_task_and_says_why() -> None:
    aws = Aws()
    run(params(cmd="db upgrade", wait=False), aws.context())
    real, hidden = aws.paginate, [1, 2]

    def paginate(**request: Any) -> list[dict[str, Any]]:
        return [{"taskArns": []}] if hidden and hidden.pop() else real(**request)

    aws.paginate = paginate  # type: ignore[method-assign]
    aws.time.sleep(1)
    failed(aws, cmd="db downgrade")
    assert list(aws.stopped.values()) == [f"lock database is held by {ARN}"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NOT_REACHED, "cannot run the task: AWS was not reached: "),
        (client_error("ClusterNotFoundException", "x"), "cluster: there is no cluster redash-test. "),
        (client_error("AccessDeniedException", "no"), "AWS refused to run the task: AccessDeniedException: no. "),
    ],
)
def test_a_refused_start_is_told_and_not_tried_again(error: Exception, told: str) -> None:
    aws = Aws()
    aws.run_task_errors = [error]
    caught = failed(aws)
    assert str(caught).startswith(told)
    assert (aws.calls["RunTask"], caught.result["task_arn"], caught.result["attempts"]) == (1, None, 1)


def test_a_refusal_that_passes_is_tried_again_and_an_empty_answer_is_a_failure() -> None:
    aws = Aws()
    aws.run_task_errors = [client_error("ClientException", "Capacity is unavailable at this time")]
    assert run(params(), aws.context())["attempts"] == 2
    assert aws.reported[0].startswith("ECS started no task: Capacity is unavailable at this time; nothing ran, trying again in 5 s")
    aws = Aws()
    aws.run_task = lambda **_request: {"tasks": [], "failures": []}  # type: ignore[method-assign]
    assert str(failed(aws)).startswith("groups list: ECS started no task: an empty answer. ")


def test_both_roles_are_named_where_they_may_not_be_passed() -> None:
    aws = Aws()
    aws.definition["taskRoleArn"] = "arn:aws:iam::123456789012:role/task"
    aws.run_task_errors = [client_error("AccessDeniedException", "not authorized to perform: iam:PassRole")]
    roles = "arn:aws:iam::123456789012:role/execution and arn:aws:iam::123456789012:role/task"
    assert f"Allow iam:PassRole on {roles} to whoever runs this playbook." in str(failed(aws))


def test_a_conflict_names_the_task_that_is_followed_even_if_ecs_does_not_show_it_yet() -> None:
    aws = Aws()
    aws.paginate = lambda **_request: [{"taskArns": []}]  # type: ignore[method-assign]
    run(params(cmds=["version"], wait=False), aws.context())
    aws.missing_for = 3.0
    context = aws.context()
    context.random = random.Random(99)
    assert run(params(cmds=["version"], wait=False), context)["task_arn"] == ARN
    assert len(aws.tasks) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"taskDefinition": DEFINITION.replace("task-runner", "other")},
        {"overrides": {"containerOverrides": [{"name": "other", "command": ["/app/manage.py", "groups", "list"]}]}},
        {"overrides": {"containerOverrides": [{"name": "task-runner"}]}},
        {"overrides": {}},
    ],
)
def test_a_task_of_the_same_name_that_does_other_work_is_not_attached_to(other: dict[str, Any]) -> None:
    aws = Aws()
    real = aws.run_task
    aws.run_task = lambda **request: real(**{**request, **other})  # type: ignore[method-assign]
    run(params(wait=False), aws.context())
    aws.run_task = real  # type: ignore[method-assign]
    aws.tokens.clear()
    assert not run(params(wait=False), aws.context())["attached"]
    assert len(aws.tasks) == 2


def test_of_several_tasks_that_do_the_work_the_oldest_is_attached_to() -> None:
    aws = Aws()
    for _start in range(3):
        aws.paginate, real = (lambda **_request: [{"taskArns": []}]), aws.paginate  # type: ignore[method-assign]
        aws.tokens.clear()
        run(params(wait=False), aws.context())
        aws.paginate = real  # type: ignore[method-assign]
        aws.time.sleep(1)
    real = aws.paginate
    aws.paginate = lambda **request: [{"taskArns": page["taskArns"][::-1]} for page in reversed(real(**request))]  # type: ignore[method-assign]
    result = run(params(wait=False), aws.context())
    assert (len(aws.tasks), result["attached"], result["task_arn"]) == (3, True, ARN)


def test_a_log_that_may_not_be_read_is_told_once_and_the_exit_code_counts() -> None:
    aws = Aws()
    aws.get_log_events = raising(client_error("AccessDeniedException", "no"))  # type: ignore[method-assign]
    refused = f"AWS refused to read log stream {STREAM}: AccessDeniedException: no"
    result = run(params(cmd="groups create x"), aws.context())
    assert result["msg"] == f"groups create x: exited with 0; its output is missing: {refused}"
    assert result["log_problem"].startswith(f"{refused}. ")
    assert aws.reported.count(result["log_problem"]) == 1
    assert (aws.calls["GetLogEvents"], result["log_streams"], "parsed" in result) == (0, [], False)
    aws.life = lambda seconds: ran(seconds, exit_code=1)
    told = str(failed(aws, cmd="groups create y"))
    assert (
        told
        == f"groups create y: task-runner exited with 1; its output is missing: {refused.replace(FIRST, SECOND)}. Read the lines above."
    )


def test_a_driver_that_cannot_be_read_is_told() -> None:
    aws = Aws()
    aws.definition["containerDefinitions"] = [container(logConfiguration={"logDriver": "splunk"})]
    told = "task-runner logs through splunk, not awslogs: its lines can't be shown"
    result = run(params(cmd="groups create x"), aws.context())
    assert result["msg"] == f"groups create x: exited with 0; its output is missing: {told}"
    assert result["log_problem"] == f"{told}. {READABLE}"
    assert told in aws.reported and f"{told}. {READABLE}" in aws.reported


def test_a_sidecar_that_cannot_be_read_is_told_and_nothing_of_the_command_is_missing() -> None:
    aws = Aws()
    aws.definition["containerDefinitions"].append(container("proxy"))

    def life(seconds: float) -> dict[str, Any]:
        fields = ran(seconds)
        return {**fields, "containers": [*fields["containers"], {"name": "proxy", "lastStatus": "RUNNING"}]}

    aws.life = life
    says(aws, "25.8.0")
    real = aws.get_log_events

    def get_log_events(**request: Any) -> dict[str, Any]:
        if request["logStreamName"].startswith("proxy/"):
            raise client_error("AccessDeniedException", "no")
        return real(**request)

    aws.get_log_events = get_log_events  # type: ignore[method-assign]
    result = run(params(cmd="version"), aws.context())
    assert (result["msg"], result["parsed"]) == ("version: done", "25.8.0")
    assert result["log_problem"].startswith(f"AWS refused to read log stream proxy/proxy/{FIRST}: AccessDeniedException: no")
    assert [one["container"] for one in result["log_streams"]] == ["task-runner"]


@pytest.mark.parametrize("offset", [0.0, -3600.0, 3600.0])
def test_a_clock_of_ours_that_is_wrong_makes_nothing_later_and_loses_no_line(offset: float) -> None:
    aws = Aws()
    says(aws, "last", at=15.5)
    clock = aws.time.clock
    reported: list[str] = []
    wrong = Context(
        client=lambda service, **_more: aws,
        report=reported.append,
        clock=type(clock)(monotonic=clock.monotonic, sleep=clock.sleep, now=lambda: aws.time.now + offset),
        random=random.Random(7),
    )
    began = aws.time.now
    assert run(params(cmd="groups create x"), wrong)["stdout_lines"] == ["last"]
    assert aws.time.now - began - 16 < 3.2


def test_an_answer_without_a_date_is_followed_as_well() -> None:
    for metadata in ({}, {"ResponseMetadata": {}}, {"ResponseMetadata": {"HTTPHeaders": {"date": "odd"}}}):
        aws = Aws()
        says(aws, "one")
        real = aws.describe_tasks

        added = tuple(metadata.items())

        def describe_tasks(real: Any = real, added: Any = added, **request: Any) -> dict[str, Any]:
            return {key: value for key, value in real(**request).items() if key != "ResponseMetadata"} | dict(added)

        aws.describe_tasks = describe_tasks  # type: ignore[method-assign]
        assert run(params(cmd="groups create x"), aws.context())["stdout_lines"] == ["one"]


def test_lines_that_are_not_wanted_are_not_shown() -> None:
    aws = Aws()
    says(aws, "one")
    assert run(params(cmd="groups create x", show_lines=False), aws.context())["stdout_lines"] == ["one"]
    assert "one" not in aws.reported


def test_a_log_that_does_not_end_is_told_with_the_last_refusal() -> None:
    aws = Aws()
    real = aws.get_log_events
    began = aws.time.now
    throttled = raising(client_error("ThrottlingException", "Rate exceeded"))

    def busy(**request: Any) -> dict[str, Any]:
        return dict((throttled if aws.time.now > began + 12 else real)(**request))

    aws.get_log_events = busy  # type: ignore[method-assign]
    result = run(params(cmd="groups create x"), aws.context())
    what = (
        "the log was not complete 300 s after the end; the last answer: "
        f"AWS refused to read log stream {STREAM}: ThrottlingException: Rate exceeded"
    )
    assert result["log_problem"] == f"{what}. Read the rest in CloudWatch."
    assert result["msg"] == f"groups create x: exited with 0; its output is missing: {what}"
    assert 300 < aws.time.now - began - 16 < 340
    # One that grows for ever was refused nothing.
    aws = Aws()

    def get_log_events(**_request: Any) -> dict[str, Any]:
        assert aws.time.now < 2000, "it reads on for ever"
        now = int(aws.time.now * 1000)
        return {"events": [{"timestamp": now, "message": str(now), "ingestionTime": now}], "nextForwardToken": f"f/{now}"}

    aws.get_log_events = get_log_events  # type: ignore[method-assign]
    result = run(params(cmd="groups create x"), aws.context())
    assert result["log_problem"] == "the log was not complete 300 s after the end. Read the rest in CloudWatch."
    assert result["stdout_lines"]
