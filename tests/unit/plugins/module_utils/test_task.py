# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""redash_ecs_task as a whole, on a stand-in for AWS whose time is its own (task_fakes.py)."""

from __future__ import annotations

import json
import random
import threading
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context, Interrupted
from ansible_collections.redash.ecs.plugins.module_utils.core import batch
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.task import run
from tests.unit.plugins.module_utils.task_fakes import Aws, Bucket, Time, client_error, container, params, ran


def lines_at(aws: Aws, *lines: tuple[float, str], late: float = 0.5, name: str = "task-runner") -> None:
    """Have the next task print lines so many seconds after RunTask; each can be read ``late`` seconds afterwards."""

    def on_start(arn: str) -> None:
        before(arn)
        for second, line in lines:
            aws.stream(arn, name).put(int((aws.time.now + second) * 1000), aws.time.now + second + late, line)

    before = aws.on_start
    aws.on_start = on_start


def failed(aws: Aws, **more: Any) -> RedashError:
    with pytest.raises(RedashError) as caught:
        run(params(**more), aws.context())
    return caught.value


# The command and its end.


def test_the_words_of_a_command_reach_redash_as_they_are() -> None:
    aws = Aws()
    run(params(cmd="groups create 'Data Science' '*'"), aws.context())
    overrides = aws.requests[0]["overrides"]["containerOverrides"]
    assert overrides == [{"name": "task-runner", "command": ["/app/manage.py", "groups", "create", "Data Science", "*"]}]


def test_a_raw_command_is_sent_without_any_knowledge_of_redash() -> None:
    aws = Aws()
    lines_at(aws, (7, "[2026-01-01 00:00:00,000][PID:1][INFO][xmlschema] Include schema x"), (8, 'postgresql://u:secret@h "password": "x"'))
    result = run(params(command=["sh", "-c", "echo $HOME"]), aws.context())
    assert aws.requests[0]["overrides"]["containerOverrides"][0]["command"] == ["sh", "-c", "echo $HOME"]
    assert len(result["stdout_lines"]) == 2
    assert result["changed"]


def test_what_a_program_says_to_its_playbook_is_in_the_result_and_never_shown() -> None:
    aws = Aws()
    noise = "[2026-01-01 00:00:00,000][PID:1][INFO][xmlschema] Include schema from 'x'"
    lines_at(aws, (6.5, noise), (7, "2 jobs still run"), (8, 'redash-ecs-result: {"running": 0}'))
    program = "# Lets running queries end, up to a limit.\n# Written for Python 2.7 to 3.13.\nimport json\n"
    result = run(params(command=["python", "-c", program, "drain"]), aws.context())
    shown = aws.reported
    assert result["stdout_lines"] == ["2 jobs still run", 'redash-ecs-result: {"running": 0}']
    assert "2 jobs still run" in shown
    assert any(line.endswith(": Lets running queries end, up to a limit") for line in shown), shown
    assert "redash-ecs-result" not in "".join(shown)
    assert "xmlschema" not in "".join(shown)


def test_a_failure_shows_nothing_of_what_a_program_says_to_its_playbook() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, runs=10, exit_code=1)
    lines_at(aws, (7, "Can't locate revision"), (8, 'redash-ecs-result: {"rc": 1}'))
    error = failed(aws, command=["python", "-c", "# Migrates the database: all of it.\nprint()\n"])
    assert "redash-ecs-result" not in json.dumps(error.result) + str(error)
    assert str(error).startswith("Migrates the database: ")
    assert "Can't locate revision" in str(error)


def test_a_failure_without_details_is_its_message_the_task_and_the_exit_code() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, runs=10, exit_code=3)
    error = failed(aws, command=["false"], failure_details=False)
    assert set(error.result) == {"task_arn", "rc"}
    assert error.result["rc"] == 3


def test_the_exit_is_seen_while_deprovisioning_and_the_log_is_read_to_its_end_first() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, runs=10, deprovisioning=15)
    lines_at(aws, (7, "first"), (15.9, "last"))
    began = aws.time.now
    result = run(params(), aws.context())
    assert result["rc"] == 0
    assert result["stdout_lines"] == ["first", "last"]
    assert aws.time.now - began - 16 < 4  # the exit code shows after 16 s, STOPPED would after 31 s


def test_from_the_exit_code_to_the_end_takes_less_than_two_seconds_for_a_short_command() -> None:
    for runs in (1.0, 1.37, 2.0, 2.71, 4.2):
        aws = Aws()
        aws.life = lambda seconds, runs=runs: ran(seconds, pending=2, runs=runs)
        lines_at(aws, (2 + runs - 0.1, "done"), late=0.05)
        began = aws.time.now
        run(params(), aws.context())
        assert aws.time.now - began - (2 + runs) <= 2.0, runs


def test_the_exit_code_of_the_container_is_the_rc_of_a_failure() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, exit_code=2)
    lines_at(aws, (8, "Usage: manage.py groups create [OPTIONS] NAME"), (8, "Error: Got unexpected extra argument (Science)"))
    error = failed(aws, cmd="groups create Data Science")
    assert error.result["rc"] == 2
    assert "exited with 2: Error: Got unexpected extra argument (Science)" in str(error)
    assert len(str(error).splitlines()) == 1
    assert error.result["stdout_lines"][-1] == "Error: Got unexpected extra argument (Science)"


def test_a_command_that_did_nothing_and_exited_with_0_failed() -> None:
    aws = Aws()
    lines_at(aws, (8, "User [x@y.z] not found."))
    error = failed(aws, cmd="users grant_admin x@y.z")
    assert "did nothing: User [x@y.z] not found." in str(error)
    assert error.result["rc"] == 0


def test_a_task_that_never_started_is_a_failure_and_shows_no_exit_code() -> None:
    aws = Aws()
    aws.life = lambda seconds: {
        "lastStatus": "STOPPED" if seconds > 5 else "PENDING",
        "stopCode": "TaskFailedToStart" if seconds > 5 else None,
        "stoppedReason": "CannotPullContainerError: pull image manifest has been retried 1 time(s): redash/redash:nope: not found",
        "containers": [{"name": "task-runner", "lastStatus": "PENDING"}],
    }
    error = failed(aws)
    assert error.result["rc"] is None
    assert error.result["stopped"]["cause"] == "image"
    assert aws.calls["RunTask"] == 1
    assert aws.calls["GetLogEvents"] == 0


def test_a_stopped_task_without_any_container_is_a_failure() -> None:
    aws = Aws()
    aws.life = lambda seconds: {"lastStatus": "STOPPED", "startedAt": 1.0, "containers": []}
    assert failed(aws).result["stopped"]["cause"] == "no_exit_code"


def test_a_missing_exit_code_is_a_failure() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, exit_code=None)
    assert "without an exit code" in str(failed(aws))


def test_an_essential_sidecars_death_is_a_failure_though_the_command_exits_with_0() -> None:
    aws = Aws()
    aws.definition["containerDefinitions"].append(container("proxy"))

    def life(seconds: float) -> dict[str, Any]:
        fields = ran(seconds, runs=20)
        dead = {"exitCode": 1, "lastStatus": "STOPPED"} if seconds > 12 else {"lastStatus": "RUNNING"}
        return {**fields, "containers": [*fields["containers"], {"name": "proxy", **dead}]}

    aws.life = life
    error = failed(aws)
    assert error.result["stopped"]["cause"] == "sidecar"
    assert "proxy exited with 1" in str(error)


def test_a_sidecar_that_ecs_stopped_after_the_command_is_no_failure() -> None:
    aws = Aws()
    aws.definition["containerDefinitions"].append(container("proxy"))

    def life(seconds: float) -> dict[str, Any]:
        fields = ran(seconds)
        over = seconds >= 16
        return {
            **fields,
            "containers": [*fields["containers"], {"name": "proxy", **({"exitCode": 143} if over else {"lastStatus": "RUNNING"})}],
        }

    aws.life = life
    assert run(params(), aws.context())["rc"] == 0


def test_a_command_that_somebody_stopped_failed_even_if_it_exited_with_0() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, stopCode="UserInitiated", stoppedReason="Task stopped by user")
    assert failed(aws).result["stopped"]["cause"] == "stopped"


def test_lines_are_shown_at_most_two_seconds_after_they_can_be_read() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, runs=60)
    printed = [(6 + step * 2.3, f"line {step}") for step in range(24)]
    lines_at(aws, *printed, late=0.0)
    began = aws.time.now
    shown: dict[str, float] = {}
    context = aws.context()
    context.report = lambda line: shown.setdefault(line, aws.time.now - began)
    run(params(), context)
    for second, line in printed[2:]:  # the first ones may fall into the seconds before RUNNING is seen
        assert shown[line] - second <= 2.0, line


def test_a_two_minute_task_takes_few_calls() -> None:
    for pending, runs in ((0.5, 120.0), (25.0, 95.0)):
        aws = Aws()
        aws.life = lambda seconds, pending=pending, runs=runs: ran(seconds, pending=pending, runs=runs)
        lines_at(aws, *((pending + second, f"line {second}") for second in range(0, int(runs), 3)))
        run(params(), aws.context())
        ecs = sum(count for name, count in aws.calls.items() if name != "GetLogEvents")
        assert ecs <= 60, (pending, aws.calls)
        assert aws.calls["GetLogEvents"] <= 70, (pending, aws.calls)


def test_ten_thousand_lines_in_one_burst_at_the_exit_come_once_each_and_in_order() -> None:
    aws = Aws()
    aws.page_limit = 997
    aws.life = lambda seconds: ran(seconds, runs=5)
    expected = [f"line {number}" for number in range(10_000)]
    lines_at(aws, *((10.9 + number / 100_000, line) for number, line in enumerate(expected)), late=0.8)
    result = run(params(), aws.context())
    assert result["stdout_lines"] == expected


@example([(0, 4.0, "a"), (0, 0.0, "a")], 1)  # the late one of two equal lines comes to lie before the one already read
@given(
    st.lists(
        st.tuples(st.integers(0, 12_000), st.sampled_from([0.0, 0.1, 1.0, 4.0]), st.sampled_from(["a", "b"])),
        max_size=60,
    ),
    st.sampled_from([1, 3, 10_000]),
)
def test_no_line_is_lost_and_none_comes_twice(events: list[tuple[int, float, str]], page_limit: int) -> None:
    """Equal lines in the same millisecond, pages of one event, lines delivered seconds late and before others."""
    aws = Aws()
    aws.page_limit = page_limit
    aws.life = lambda seconds: ran(seconds, runs=12)
    # Delivered at the latest one second after the exit code shows: what comes later can't be waited for.
    lines_at(aws, *[])
    before = aws.on_start

    def on_start(arn: str) -> None:
        before(arn)
        for offset, late, message in events:
            visible = min(aws.time.now + 6 + offset / 1000 + late, aws.time.now + 18 + 1.0)
            aws.stream(arn).put(int((aws.time.now + 6) * 1000) + offset, visible, message)

    aws.on_start = on_start
    result = run(params(command=["x"]), aws.context())
    assert sorted(result["stdout_lines"]) == sorted(message for _, _, message in events)


def test_lines_of_several_containers_come_in_the_order_of_their_time_with_their_containers_name() -> None:
    aws = Aws()
    aws.definition["containerDefinitions"].append(container("proxy"))

    def life(seconds: float) -> dict[str, Any]:
        fields = ran(seconds)
        return {**fields, "containers": [*fields["containers"], {"name": "proxy", "lastStatus": "RUNNING"}]}

    aws.life = life
    lines_at(aws, (7.0, "one"), (7.4, "three"))
    lines_at(aws, (7.2, "two"), name="proxy")
    result = run(params(), aws.context())
    assert result["stdout_lines"] == ["task-runner: one", "proxy: two", "task-runner: three"]


def test_lines_that_come_after_the_end_are_waited_for_when_the_log_is_still_empty() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, runs=1)
    lines_at(aws, (6.5, "only line"), late=4.5)  # 4 s after the exit
    assert run(params(), aws.context())["stdout_lines"] == ["only line"]


def test_a_program_that_prints_nothing_is_not_waited_for_once_its_stream_is_there() -> None:
    """A log driver makes the stream before the program starts; a command of Redash's without a line is another matter."""
    took = {}
    for name, command in (("program", {"command": ["true"]}), ("command of Redash's", {"cmd": "groups list"})):
        aws = Aws()
        aws.life = lambda seconds: ran(seconds, pending=2, runs=3)
        aws.on_start = lambda arn, aws=aws: aws.stream(arn) and None
        began = aws.time.now
        run(params(**command), aws.context())
        took[name] = aws.time.now - began - 5
    assert took["program"] <= 1.7
    assert took["command of Redash's"] >= 4.0


def test_the_result_is_capped_and_says_where_the_rest_is() -> None:
    aws = Aws()
    lines_at(aws, *((8, f"line {number}") for number in range(30)))
    result = run(params(log_lines_max=10), aws.context())
    assert result["stdout_lines"] == [f"line {number}" for number in range(20, 30)]
    assert result["lines_total"] == 30
    assert "log stream" in " ".join(aws.reported)
    assert result["log_streams"][0]["log_stream"].startswith("task-runner/task-runner/")


def test_noise_is_folded_and_counted_and_secrets_are_masked() -> None:
    aws = Aws()
    lines_at(
        aws,
        (8, "[2026-01-01 00:00:00,000][PID:7][INFO][xmlschema] Include schema from 'x'"),
        (8, 'Options: {"host": "db", "password": "hunter2"}'),
    )
    result = run(params(cmd="ds list"), aws.context())
    assert result["stdout_lines"] == ['Options: {"host": "db", "password": "********"}']
    assert result["lines_folded"] == 1
    assert "hunter2" not in json.dumps(result) + "".join(aws.reported)


@pytest.mark.parametrize(("exit_code", "shown"), [(0, []), (2, [f"line {number}" for number in range(80, 100)])])
def test_lines_that_are_not_wanted_are_shown_only_of_a_failure(exit_code: int, shown: list[str]) -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, exit_code=exit_code)
    lines_at(aws, *((7 + number / 100, f"line {number}") for number in range(100)))
    given = params(show_lines=False)
    if exit_code:
        with pytest.raises(RedashError) as caught:
            run(given, aws.context())
        result = caught.value.result
    else:
        result = run(given, aws.context())
    assert len(result["stdout_lines"]) == 100
    assert [line for line in aws.reported if line.startswith("line ")] == shown
    assert any(line.startswith("running") for line in aws.reported)
    assert ("the last 20 of 100 lines:" in aws.reported) is bool(exit_code)


def test_a_batch_whose_log_cannot_be_read_is_judged_by_its_exit_code() -> None:
    """Its program exits with 0 only when every command did: that the log doesn't tell so is no proof against it."""
    aws = Aws()
    aws.get_log_events = lambda **_: (_ for _ in ()).throw(client_error("AccessDeniedException", "no"))  # type: ignore[method-assign]
    result = run(params(cmds=["groups create a", "groups create b"]), aws.context())
    assert result["rc"] == 0
    assert "AccessDeniedException" in result["log_problem"]
    assert [one["rc"] for one in result["results"]] == [0, 0]


@pytest.mark.parametrize("what", ["it grows without end", "AWS throttles without end"])
def test_a_log_that_never_gets_complete_is_given_up_five_minutes_after_the_end(what: str) -> None:
    aws = Aws()

    written = {"lines": 0, "at": 0.0}

    def get_log_events(*, nextToken: str = "f/0", **_: Any) -> dict[str, Any]:
        if 1020 < aws.time.now < 2000 and what.startswith("AWS"):
            raise client_error("ThrottlingException", "Rate exceeded")
        now = aws.time.now
        assert now < 2000, "it reads on for ever"
        if now - written["at"] >= 0.5:  # a line each half second
            written.update(lines=written["lines"] + 1, at=now)
        token = f"f/{written['lines']:.0f}"
        event = {"timestamp": int(now * 1000), "message": token, "ingestionTime": int(now * 1000)}
        return {"events": [event] if token != nextToken else [], "nextForwardToken": token}

    aws.get_log_events = get_log_events  # type: ignore[method-assign]
    began = aws.time.now
    result = run(params(cmd="groups create x"), aws.context())
    assert result["rc"] == 0
    assert result["log_problem"].startswith("the log was not complete 300 s after the end")
    assert ("ThrottlingException" in result["log_problem"]) is what.startswith("AWS")
    assert result["log_problem"] in aws.reported
    assert 300 < aws.time.now - began - 16 < 400


def test_another_log_driver_is_said_and_the_command_is_run_without_lines() -> None:
    aws = Aws()
    aws.definition["containerDefinitions"] = [container(logConfiguration={"logDriver": "awsfirelens"})]
    assert run(params(cmd="groups create x"), aws.context())["rc"] == 0
    assert any("awsfirelens" in line for line in aws.reported)


# What the person sees.


def test_phases_are_told_with_their_time_and_an_account_at_the_end() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, pending=40)
    result = run(params(), aws.context())
    told = "\n".join(aws.reported)
    assert "provisioning (0 s)" in told
    assert told.count("pulling the image") >= 2  # at the change, and again while it goes on
    assert "running (4" in told
    assert result["phases"] == {"waited": 13.3, "pulled": 25.7, "ran": 10.0}
    assert result["cost"] == {"vcpu_seconds": 15.0, "gb_seconds": 30.0}
    assert "waited 13.3 s, pulled 25.7 s, ran 10.0 s; cost 15 vCPU-seconds, 30 GB-seconds" in told


# Retries.


def test_a_start_is_tried_again_when_nothing_ran_and_the_cause_passes() -> None:
    aws = Aws()
    aws.failures = [{"reason": "Capacity is unavailable at this time"}, {"reason": "RESOURCE:ENI"}]
    result = run(params(), aws.context())
    assert result["attempts"] == 3
    assert sum("trying again" in line for line in aws.reported) == 2


def test_a_start_is_not_tried_again_for_ever() -> None:
    aws = Aws()
    aws.failures = [{"reason": "Capacity is unavailable at this time"}] * 9
    assert failed(aws, retries=2).result["attempts"] == 3
    assert aws.calls["RunTask"] == 3


def test_a_retry_that_would_begin_after_the_deadline_is_not_waited_for() -> None:
    aws = Aws()
    aws.failures = [{"reason": "Capacity is unavailable at this time"}] * 9
    began = aws.time.now
    error = failed(aws, retries=9, timeout=15)
    # After about 5 s a second try; the third would come 15 s later.
    assert aws.calls["RunTask"] == 2
    assert aws.time.now - began < 15
    assert "Capacity is unavailable" in str(error)
    assert error.result["stopped"]["cause"] == "capacity"


def test_nothing_is_tried_again_once_a_process_ran() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, exit_code=None, stopCode="SpotInterruption", stoppedReason="Your Spot Task was interrupted.")
    assert failed(aws).result["attempts"] == 1


def test_a_task_that_failed_on_its_network_interface_is_replaced_by_a_new_one() -> None:
    aws = Aws()
    broken = {
        "lastStatus": "STOPPED",
        "stopCode": "TaskFailedToStart",
        "stoppedReason": "Timeout waiting for network interface provisioning to complete.",
        "containers": [{"name": "task-runner"}],
    }
    aws.on_start = lambda arn: aws.tasks[arn].update(life=lambda seconds: broken) if len(aws.tasks) == 1 else None
    result = run(params(), aws.context())
    assert result["attempts"] == 2
    assert len({request["clientToken"] for request in aws.requests}) == 2


# Once.


def test_missing_right_after_the_start_is_normal() -> None:
    aws = Aws()
    aws.missing_for = 4.0
    assert run(params(), aws.context())["rc"] == 0


def test_a_task_that_ecs_has_forgotten_is_an_error_not_an_endless_wait() -> None:
    aws = Aws()
    aws.missing_for = 10_000.0
    assert "does not know task" in str(failed(aws))


def test_a_task_that_vanishes_from_ecs_while_it_is_followed_is_an_error_at_once() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, runs=1000)
    began = aws.time.now
    aws.time.at(began + 30, lambda: setattr(aws, "missing_for", 10_000.0))
    error = failed(aws)
    assert "does not know task" in str(error)
    assert error.result["rc"] is None
    assert aws.time.now - began < 50  # right after RunTask it had been waited for a minute
    assert aws.calls["RunTask"] == 1


def test_the_same_work_attaches_to_the_task_that_does_it_already() -> None:
    aws = Aws()
    run(params(wait=False), aws.context())
    aws.time.sleep(3)
    lines_at(aws)
    result = run(params(), aws.context())
    assert result["attached"] and aws.calls["RunTask"] == 1
    assert result["rc"] == 0


def test_other_work_and_another_job_do_not_attach() -> None:
    aws = Aws()
    run(params(wait=False), aws.context())
    run(params(cmd="users list", wait=False), aws.context())
    run(params(job_id="43", wait=False), aws.context())
    assert aws.calls["RunTask"] == 3 and len(aws.tasks) == 3


def test_the_same_work_after_its_end_is_a_new_task_although_aws_remembers_the_token() -> None:
    aws = Aws()
    arns = [run(params(), aws.context())["task_arn"] for _ in range(4)]
    assert len(set(arns)) == 4


def test_two_controllers_at_the_same_moment_start_one_task() -> None:
    """Neither sees the other's task yet: AWS's lists lag. The client token is what holds."""
    aws = Aws()
    real = aws.paginate
    aws.paginate = lambda **_: [{"taskArns": []}]  # type: ignore[method-assign]
    first = run(params(wait=False), aws.context())
    second = run(params(wait=False), aws.context())
    aws.paginate = real  # type: ignore[method-assign]
    assert first["task_arn"] == second["task_arn"]


def test_a_batch_attaches_to_the_same_batch_in_spite_of_its_random_mark() -> None:
    aws = Aws()
    run(params(cmds=["groups list", "org list"], wait=False), aws.context())
    aws.time.sleep(1)
    mark = batch.mark_of(aws.requests[0]["overrides"]["containerOverrides"][0]["command"])
    arn = next(iter(aws.tasks))
    for line in (f"{mark} begin 0", f"{mark} end 0 0", f"{mark} begin 1", "Id: 1", "Name: default", f"{mark} end 1 0"):
        aws.stream(arn).put(int(aws.time.now * 1000), aws.time.now + 7, line)
    context = aws.context()
    context.random = random.Random(99)
    result = run(params(cmds=["groups list", "org list"]), context)
    assert result["attached"]
    assert result["results"][1]["parsed"] == [{"id": 1, "name": "default"}]


def test_a_batch_after_the_same_batch_has_ended_is_a_new_task_though_the_lists_forgot_the_old_one() -> None:
    """ECS knows the token still, and refuses it because of the batch's other mark: the task that it names has ended."""
    aws = Aws()
    aws.paginate = lambda **_: [{"taskArns": []}]  # type: ignore[method-assign]
    first = run(params(cmds=["groups list", "org list"], wait=False), aws.context())
    aws.time.sleep(60)
    context = aws.context()
    context.random = random.Random(99)
    second = run(params(cmds=["groups list", "org list"], wait=False), context)
    assert second["task_arn"] != first["task_arn"]
    assert len(aws.tasks) == 2


def test_a_batch_started_at_the_same_moment_with_another_mark_is_followed() -> None:
    aws = Aws()
    aws.paginate = lambda **_: [{"taskArns": []}]  # type: ignore[method-assign]
    first = run(params(cmds=["groups list", "org list"], wait=False), aws.context())
    context = aws.context()
    context.random = random.Random(99)
    assert run(params(cmds=["groups list", "org list"], wait=False), context)["task_arn"] == first["task_arn"]
    assert len(aws.tasks) == 1


def test_an_ecs_that_answers_with_ended_tasks_for_ever_is_given_up_at_the_deadline() -> None:
    aws = Aws()
    began = aws.time.now

    def run_task(**request: Any) -> dict[str, Any]:
        aws.calls["RunTask"] += 1
        aws.time.sleep(1)
        assert aws.time.now - began < 100, "it asks on for ever"
        return {"tasks": [{"taskArn": f"arn:task/{aws.calls['RunTask']}", "lastStatus": "STOPPED"}], "failures": []}

    aws.run_task = run_task  # type: ignore[method-assign]
    assert "timed out after 60 s" in str(failed(aws, timeout=60))
    assert aws.time.now - began < 63


def test_a_second_migration_is_refused_and_the_same_one_is_followed() -> None:
    aws = Aws()
    run(params(cmd="db upgrade", wait=False), aws.context())
    error = failed(aws, cmd="db downgrade")
    assert "holds the lock database: it runs db upgrade" in str(error)
    assert run(params(cmd="db upgrade"), aws.context())["attached"]
    assert aws.calls["RunTask"] == 1


def test_a_migration_that_is_being_stopped_still_holds_its_lock() -> None:
    aws = Aws()
    run(params(cmd="db upgrade", wait=False), aws.context())
    aws.stopped[next(iter(aws.tasks))] = "somebody"
    result = run(params(cmd="db downgrade"), aws.context())
    assert any("which is stopping" in line for line in aws.reported)
    assert aws.started[result["task_arn"]] >= aws.started[next(iter(aws.tasks))] + 31


def test_of_two_that_took_the_lock_at_the_same_moment_the_later_one_gives_way() -> None:
    aws = Aws()
    run(params(cmd="db upgrade", wait=False), aws.context())
    first = next(iter(aws.tasks))
    hidden = {"left": 2}  # the lists do not show the first one yet
    real = aws.paginate

    def paginate(**request: Any) -> list[dict[str, Any]]:
        if hidden["left"]:
            hidden["left"] -= 1
            return [{"taskArns": []}]
        return real(**request)

    aws.paginate = paginate  # type: ignore[method-assign]
    aws.time.sleep(1)
    error = failed(aws, cmd="db downgrade")
    assert "holds the lock" in str(error) and error.result["task_arn"] == first
    assert list(aws.stopped) == [arn for arn in aws.tasks if arn != first]


@pytest.mark.parametrize("unlisted_for", [0.0, 3.0, 8.0, 15.0])
def test_of_two_runs_in_the_same_second_one_wins_although_what_ecs_lists_lags_behind(unlisted_for: float) -> None:
    aws = Aws()
    aws.unlisted_for = unlisted_for
    aws.life = lambda seconds: ran(seconds, pending=25.0)
    run(params(cmd="db upgrade", wait=False), aws.context())
    (first,) = aws.tasks
    aws.time.sleep(0.2)
    error = failed(aws, cmd="db downgrade")
    assert "holds the lock database: it runs db upgrade" in str(error) and error.result["task_arn"] == first
    if len(aws.tasks) > 1:  # it was started, and stopped before any container was
        (second,) = (arn for arn in aws.tasks if arn != first)
        assert list(aws.stopped) == [second] and aws.time.now - aws.started[second] < 25
    assert first not in aws.stopped


@pytest.mark.parametrize("desired", ["RUNNING", "STOPPED"])
def test_a_task_that_has_ended_holds_no_lock_although_it_is_still_listed(desired: str) -> None:
    aws = Aws()
    run(params(cmd="db upgrade", wait=False), aws.context())
    (ended,) = aws.tasks
    aws.tasks[ended]["life"] = lambda seconds: {"lastStatus": "STOPPED", "desiredStatus": desired, "containers": []}
    real = aws.paginate
    aws.paginate = lambda **request: [{"taskArns": [ended]}, *real(**request)]  # type: ignore[method-assign]
    assert run(params(cmd="db downgrade"), aws.context())["rc"] == 0
    assert list(aws.stopped) == []


def test_the_older_of_two_runs_keeps_the_lock_and_goes_on() -> None:
    aws = Aws()
    aws.unlisted_for = 5.0
    aws.life = lambda seconds: ran(seconds, pending=25.0)

    def another(arn: str) -> None:
        if len(aws.tasks) == 1:
            aws.time.at(aws.time.now + 0.3, lambda: run(params(cmd="db downgrade", wait=False), aws.context()))

    aws.on_start = another
    assert run(params(cmd="db upgrade"), aws.context())["rc"] == 0
    assert len(aws.tasks) == 2 and next(iter(aws.tasks)) not in aws.stopped


def test_a_run_without_a_lock_asks_for_no_other_run() -> None:
    calls = []
    for more in ({}, {"lock": "mine"}):
        aws = Aws()
        aws.life = lambda seconds: ran(seconds, pending=25.0)
        run(params(**more), aws.context())
        calls.append(aws.calls["ListTasks"])
    assert calls[0] <= 2 and calls[0] < calls[1] <= 10


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "ThrottlingException", "TooManyRequestsException"])
def test_a_throttled_start_is_tried_again_whatever_its_words_are(code: str) -> None:
    aws = Aws()
    aws.run_task_errors = [client_error(code, "slower, please")]
    assert run(params(), aws.context())["attempts"] == 2
    assert any(code in line and "nothing ran" in line for line in aws.reported)


# Interrupts.


def test_an_interrupt_stops_the_task_and_says_so() -> None:
    aws = Aws()

    def interrupt() -> None:
        raise Interrupted(15)

    aws.time.at(aws.time.now + 9, interrupt)
    error = failed(aws)
    assert list(aws.stopped) == list(aws.tasks)
    assert "interrupted by SIGTERM; task" in str(error) and "was stopped" in str(error)
    assert error.result["interrupted"]


def test_an_interrupt_leaves_the_task_when_that_is_wanted() -> None:
    aws = Aws()

    def interrupt() -> None:
        raise Interrupted(2)

    aws.time.at(aws.time.now + 9, interrupt)
    assert "goes on" in str(failed(aws, on_interrupt="leave"))
    assert not aws.stopped


def test_a_timeout_stops_the_task() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, runs=10_000)
    began = aws.time.now
    assert "timed out after 60 s" in str(failed(aws, timeout=60))
    assert aws.time.now - began < 63 and len(aws.stopped) == 1


def test_ansibles_own_timeout_stops_the_task_and_goes_through() -> None:
    class TaskTimeoutError(BaseException):
        """As in ansible-core: no Exception."""

    aws = Aws()

    def interrupt() -> None:
        raise TaskTimeoutError

    aws.time.at(aws.time.now + 9, interrupt)
    with pytest.raises(TaskTimeoutError):
        run(params(), aws.context())
    assert list(aws.stopped) == list(aws.tasks)
    assert sum("was stopped" in line for line in aws.reported) == 1


def test_an_interrupt_before_run_tasks_answer_still_finds_the_task() -> None:
    aws = Aws()
    real = aws.run_task

    def run_task(**request: Any) -> dict[str, Any]:
        real(**request)
        raise Interrupted(15)

    aws.run_task = run_task  # type: ignore[method-assign]
    failed(aws)
    assert list(aws.stopped) == list(aws.tasks)


def test_an_interrupt_before_run_tasks_answer_leaves_another_works_task_alone() -> None:
    """Two works take the same lock at the same moment: the lists show the other's task only, and ours was never made."""
    aws = Aws()
    real = aws.run_task

    def run_task(**request: Any) -> dict[str, Any]:
        other = [{"name": "task-runner", "command": ["/app/manage.py", "db", "downgrade"]}]
        real(**{**request, "overrides": {"containerOverrides": other}, "clientToken": "another"})
        raise Interrupted(15)

    aws.run_task = run_task  # type: ignore[method-assign]
    assert "interrupted by SIGTERM; no task was started" in str(failed(aws, cmd="db upgrade"))
    assert len(aws.tasks) == 1
    assert not aws.stopped


def test_a_run_that_only_attached_never_stops_what_another_one_started() -> None:
    aws = Aws()
    run(params(wait=False), aws.context())

    def interrupt() -> None:
        raise Interrupted(2)

    aws.time.at(aws.time.now + 5, interrupt)
    assert "goes on, as another run started it" in str(failed(aws))
    assert not aws.stopped


def attached_to_a_task_that_is_stopped(aws: Aws, reason: str) -> str:
    """Its ARN: a run has started it, another one will attach to it, and two seconds later somebody stops it."""
    arn = str(run(params(wait=False), aws.context())["task_arn"])
    container = {"name": "task-runner", "lastStatus": "STOPPED", "exitCode": 143}
    life = {"lastStatus": "STOPPED", "startedAt": 1.0, "stopCode": "UserInitiated", "stoppedReason": reason, "containers": [container]}
    aws.time.at(aws.time.now + 2, lambda: aws.tasks[arn].update(life=lambda _: life))
    return arn


def test_a_task_that_its_killed_run_stops_late_is_started_anew() -> None:
    """The killed run's worker notices after seconds that nobody is left; by then the next run has attached."""
    aws = Aws()
    first = attached_to_a_task_that_is_stopped(aws, "redash_ecs_task: interrupted by SIGHUP")
    result = run(params(), aws.context())
    assert any("has stopped it; starting it anew" in line for line in aws.reported), aws.reported
    assert (result["rc"], result["attached"], aws.calls["RunTask"]) == (0, False, 2)
    assert result["task_arn"] != first


def test_a_task_that_a_person_stopped_is_not_started_anew() -> None:
    aws = Aws()
    attached_to_a_task_that_is_stopped(aws, "by Jane, in the console")
    assert "by Jane, in the console" in str(failed(aws))
    assert aws.calls["RunTask"] == 1


def test_an_interrupt_before_anything_was_asked_for_stops_nothing() -> None:
    aws = Aws()
    run(params(wait=False), aws.context())

    def describe_tasks(**_: Any) -> dict[str, Any]:
        raise Interrupted(2)

    aws.describe_tasks = describe_tasks  # type: ignore[method-assign]
    assert "no task was started" in str(failed(aws))
    assert not aws.stopped


# Many.


def test_a_batch_is_one_task_with_a_result_for_each_command() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, exit_code=2)

    def on_start(arn: str) -> None:
        mark = batch.mark_of(aws.requests[-1]["overrides"]["containerOverrides"][0]["command"])
        lines = [f"{mark} begin 0", "25.8.0", f"{mark} end 0 0", f"{mark} begin 1", "Error: no", f"{mark} end 1 2"]
        for line in lines:
            aws.stream(arn).put(int((aws.time.now + 7) * 1000), aws.time.now + 8, line)

    aws.on_start = on_start
    error = failed(aws, cmds=["version", "groups frob", "org list"])
    results = error.result["results"]
    assert [(one["rc"], one["failed"], one["skipped"]) for one in results] == [(0, False, False), (2, True, False), (None, False, True)]
    assert results[0]["parsed"] == "25.8.0"
    assert "1 of 3 commands failed: groups frob: exited with 2" in str(error)
    assert error.result["stdout_lines"] == ["25.8.0", "Error: no"]
    assert aws.calls["RunTask"] == 1


def test_the_end_of_a_batch_is_told_as_soon_as_its_log_and_its_exit_code_are_there() -> None:
    """Its last line is known, so nothing has to be waited for; and long before, no other look would have come so soon."""
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, pending=6, runs=90.5)

    def on_start(arn: str) -> None:
        mark = batch.mark_of(aws.requests[-1]["overrides"]["containerOverrides"][0]["command"])
        for second, line in ((8, f"{mark} begin 0"), (95.9, "25.8.0"), (95.9, f"{mark} end 0 0")):
            aws.stream(arn).put(int((aws.time.now + second) * 1000), aws.time.now + second, line)

    aws.on_start = on_start
    began = aws.time.now
    result = run(params(cmds=["version"]), aws.context())
    assert result["results"][0]["parsed"] == "25.8.0"
    assert aws.time.now - began - 96.5 <= 1.5


def test_a_batch_whose_end_is_not_in_the_log_is_no_success() -> None:
    aws = Aws()
    assert "does not tell the end" in str(failed(aws, cmds=["version"]))


def test_fifty_commands_fit_into_one_task() -> None:
    aws = Aws()
    commands = [f"users create person{number}@example.com 'Person {number}' --google --groups 3" for number in range(50)]
    run(params(cmds=commands, wait=False), aws.context())
    assert aws.calls["RunTask"] == 1


def test_too_many_commands_for_one_task_are_refused_before_anything_starts() -> None:
    aws = Aws()
    assert "8192" in str(failed(aws, cmds=["groups create " + "x" * 100] * 100))
    assert aws.calls["RunTask"] == 0


class Hall:
    """Many threads, one virtual time: whoever sleeps waits for its turn, the earliest first."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.condition = threading.Condition()
        self.waiting: dict[int, float] = {}
        self.members = 0
        self.turn: int | None = None

    def sleep(self, seconds: float) -> None:
        me = threading.get_ident()
        with self.condition:
            self.waiting[me] = self.time.now + max(0.0, seconds)
            self.turn = None
            self._next()
            self.condition.wait_for(lambda: self.turn == me)
            self.time.now = max(self.time.now, self.waiting.pop(me))

    def _next(self) -> None:
        if self.turn is None and self.waiting and len(self.waiting) == self.members:
            self.turn = min(self.waiting, key=lambda one: (self.waiting[one], one))
            self.condition.notify_all()

    def run(self, works: list[Any]) -> None:
        self.members = len(works)

        def body(work: Any) -> None:
            self.sleep(0)
            try:
                work()
            finally:
                with self.condition:
                    self.members -= 1
                    self.turn = None
                    self._next()

        threads = [threading.Thread(target=body, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def a_hundred_at_once() -> tuple[float, int]:
    """A hundred tasks that run for a minute: seconds until the last was told, and how many were told whole."""
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, pending=20, runs=60)
    aws.limits = {"DescribeTasks": Bucket(aws.time, 20, 20), "GetLogEvents": Bucket(aws.time, 10, 10)}
    lines_at(aws, *((25 + second, f"line {second}") for second in range(0, 50, 5)))
    hall = Hall(aws.time)
    results: list[dict[str, Any]] = []

    def work(number: int) -> Any:
        def go() -> None:
            context = Context(
                client=lambda service, **_: aws,
                clock=Clock(monotonic=lambda: aws.time.now, sleep=hall.sleep, now=lambda: aws.time.now),
                random=random.Random(number),
            )
            results.append(run(params(job_id=str(number)), context))

        return go

    began = aws.time.now
    hall.run([work(number) for number in range(100)])
    return aws.time.now - began, sum(1 for result in results if result["rc"] == 0 and len(result["stdout_lines"]) == 10)


def test_a_hundred_tasks_at_once_complete_under_aws_limits() -> None:
    """20 DescribeTasks and 10 GetLogEvents a second: the stand-in refuses the rest, as AWS does."""
    took, told_whole = a_hundred_at_once()
    assert told_whole == 100
    # Each reads its log some fifteen times, so a thousand and a half calls at ten a second bound it from below.
    assert took < 80 + 120


# Bad input.


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"cmd": ""}, "cmd: the command is empty"),
        ({"cmd": "   "}, "cmd: the command is empty"),
        ({"command": []}, "command: the command is empty"),
        ({"cmds": []}, "cmds: the list of commands is empty"),
        ({"cmds": ["version", ""]}, "cmds[1]: the command is empty"),
        ({"cmd": "groups create 'Data"}, "cmd: a quote is not closed"),
        ({"cluster": "nope"}, "cluster: there is no cluster nope"),
        ({"task_definition": "nope"}, "task_definition: there is no task definition nope"),
        ({"container": "nope"}, "container: task definition redash-test-task-runner:7 has no container nope. It has task-runner."),
        ({"subnets": []}, "subnets: no subnet is known"),
        ({"subnets": [], "network_from": ["redash-test"]}, "as there is no service redash-test"),
        ({"redash_version": "99.0"}, "99.0"),
        ({"secrets": {"X": "NOPE"}}, "secrets: X: the task carries no secret NOPE. Known: REDASH_ADMIN_PASSWORD"),
        ({"cmd": "users create a@b.c A"}, "users create would ask for a password"),
        ({"cmd": "users create a@b.c A --password hunter2"}, "--password is given in plain text"),
    ],
)
def test_bad_input_is_one_line_and_starts_nothing(more: dict[str, Any], said: str) -> None:
    aws = Aws()
    error = failed(aws, **more)
    assert said in str(error)
    assert len(error.problems) == 1
    assert aws.calls["RunTask"] == 0
    assert "hunter2" not in str(error)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    aws = Aws()
    error = failed(aws, cluster="nope", container="nope", secrets={})
    assert len(error.problems) == 2


def test_a_subnet_without_addresses_and_an_unknown_one_start_nothing() -> None:
    aws = Aws()
    aws.subnets = [{"SubnetId": "subnet-1", "AvailableIpAddressCount": 0}]
    assert "no free address is left in subnet-1" in str(failed(aws))
    assert "subnet-9" in str(failed(aws, subnets=["subnet-9"]))
    assert aws.calls["RunTask"] == 0


def test_a_role_that_may_not_be_passed_is_one_line_with_the_way_out() -> None:
    aws = Aws()
    message = "User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/execution"
    aws.run_task_errors = [client_error("AccessDeniedException", message)]
    error = failed(aws)
    assert "Allow iam:PassRole on arn:aws:iam::123456789012:role/execution" in str(error)
    assert len(str(error).splitlines()) == 1


def test_an_inactive_cluster_is_refused() -> None:
    aws = Aws()
    aws.cluster_status = "INACTIVE"
    assert "cluster redash-test is INACTIVE" in str(failed(aws))


# Parameters.


def test_check_mode_starts_nothing_and_says_what_would_run() -> None:
    aws = Aws()
    result = run(params(cmd="groups create x"), aws.context(check_mode=True))
    assert result["changed"] and aws.calls["RunTask"] == 0
    assert "would run: groups create x" in aws.reported
    assert not run(params(), aws.context(check_mode=True))["changed"]


def test_a_command_that_only_reads_changes_nothing() -> None:
    assert not run(params(cmd="users list"), Aws().context())["changed"]
    assert run(params(cmd="users grant_admin a@b.c"), Aws().context())["changed"]


def test_the_network_of_a_running_service_is_used_when_none_is_given() -> None:
    aws = Aws()
    network = {"subnets": ["subnet-7"], "securityGroups": ["sg-7"], "assignPublicIp": "ENABLED"}
    aws.services = [{"serviceName": "redash-test-server", "status": "ACTIVE", "networkConfiguration": {"awsvpcConfiguration": network}}]
    run(params(subnets=[], network_from=["redash-test", "redash-test-server"]), aws.context())
    assert aws.requests[0]["networkConfiguration"] == {"awsvpcConfiguration": network}


def test_what_run_task_is_asked() -> None:
    aws = Aws()
    run(
        params(
            capacity_provider_strategy=[{"capacity_provider": "FARGATE_SPOT", "weight": 1, "base": None}],
            platform_version="1.4.0",
            enable_execute_command=True,
            propagate_tags="TASK_DEFINITION",
            tags={"team": "data"},
            assign_public_ip="ENABLED",
        ),
        aws.context(),
    )
    request = {**aws.requests[0]}
    token, started_by = request.pop("clientToken"), request.pop("startedBy")
    assert len(token) <= 64 and len(started_by) <= 128
    assert request == {
        "cluster": "redash-test",
        "taskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/redash-test-task-runner:7",
        "count": 1,
        "overrides": {"containerOverrides": [{"name": "task-runner", "command": ["/app/manage.py", "groups", "list"]}]},
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}},
        "platformVersion": "1.4.0",
        "enableExecuteCommand": True,
        "propagateTags": "TASK_DEFINITION",
        "tags": [{"key": "team", "value": "data"}],
    }


def test_a_task_gets_a_public_address_only_where_one_is_asked_for() -> None:
    aws = Aws()
    run(params(), aws.context())
    assert aws.requests[0]["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"


def test_command_names_follow_the_release_of_the_image_or_the_one_given() -> None:
    def sent(image: str, **more: Any) -> list[str]:
        aws = Aws()
        aws.definition["containerDefinitions"] = [container(image=image)]
        run(params(**more, wait=False), aws.context())
        return list(aws.requests[0]["overrides"]["containerOverrides"][0]["command"][1:])

    assert sent("redash/redash:25.8.0", cmd="send_test_mail a@b.c") == ["send-test-mail", "a@b.c"]
    assert sent("redash/redash:10.1.0.b50633", cmd="send-test-mail") == ["send_test_mail"]
    assert sent("own/redash:latest", cmd="send_test_mail", redash_version="25.8.0") == ["send-test-mail"]
    assert sent("own/redash:latest", cmd="send-test-mail") == ["send-test-mail"]


def test_a_secret_is_named_in_the_overrides_and_never_given() -> None:
    aws = Aws()
    run(params(cmd=["users", "create_root", "a@b.c", "A", "--password", "$REDASH_ADMIN_PASSWORD"], wait=False), aws.context())
    command = aws.requests[0]["overrides"]["containerOverrides"][0]["command"]
    assert command[:2] == ["python", "-c"]
    payload = json.loads(command[3])
    assert payload["secrets"] == {"REDASH_ADMIN_PASSWORD": "REDASH_ADMIN_PASSWORD"}
    assert payload["commands"][0]["words"][-1] == "$REDASH_ADMIN_PASSWORD"
