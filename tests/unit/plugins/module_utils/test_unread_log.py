# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A log that cannot be read is not an empty one: what redash_ecs_task says, and what nobody may plan on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import botocore.exceptions
import pytest
from ansible.errors import AnsibleFilterError
from botocore.stub import Stubber

from ansible_collections.redash.ecs.plugins.filter.access_plan import access_plan
from ansible_collections.redash.ecs.plugins.filter.mail import mail_verdict
from ansible_collections.redash.ecs.plugins.module_utils.aws import logs as aws_logs
from ansible_collections.redash.ecs.plugins.module_utils.aws.client import is_passing
from ansible_collections.redash.ecs.plugins.module_utils.core import batch
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import Event, LostPlace, Page, Reader
from ansible_collections.redash.ecs.plugins.module_utils.task import run
from tests.unit.plugins.module_utils.task_fakes import Aws, client_error, container, params, ran

GROUPS = ["Id: 1", "Name: admin", "Type: builtin", "Organization: default", "Permissions: [admin]", "Users: ada", "-" * 20]


def denied(aws: Aws) -> None:
    aws.get_log_events = lambda **_: (nothing for nothing in ()).throw(client_error("AccessDeniedException", "no"))  # type: ignore[method-assign]


def another_driver(aws: Aws) -> None:
    aws.definition["containerDefinitions"] = [container(logConfiguration={"logDriver": "awsfirelens"})]


def no_prefix(aws: Aws) -> None:
    aws.definition["containerDefinitions"] = [
        container(logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "/redash/test"}})
    ]


def no_stream(aws: Aws) -> None:
    aws.on_start = lambda arn: aws.streams.clear()


def deleted_in_the_middle(aws: Aws) -> None:
    before = aws.on_start

    def on_start(arn: str) -> None:
        before(arn)
        aws.time.at(aws.time.now + 15, aws.streams.clear)

    aws.on_start = on_start


def always_unwell(aws: Aws) -> None:
    error = client_error("ServiceUnavailableException", "later", ResponseMetadata={"HTTPStatusCode": 503})
    aws.get_log_events = lambda **_: (nothing for nothing in ()).throw(error)  # type: ignore[method-assign]


def never_reached(aws: Aws) -> None:
    error = botocore.exceptions.ConnectionClosedError(endpoint_url="https://logs.eu-west-1.amazonaws.com/")
    aws.get_log_events = lambda **_: (nothing for nothing in ()).throw(error)  # type: ignore[method-assign]


UNREADABLE = [denied, another_driver, no_prefix, no_stream, deleted_in_the_middle, always_unwell, never_reached]
every_way = pytest.mark.parametrize("unreadable", UNREADABLE, ids=lambda way: way.__name__)


def says(aws: Aws, *lines: str) -> None:
    before = aws.on_start

    def on_start(arn: str) -> None:
        before(arn)
        for number, line in enumerate(lines):
            second = aws.time.now + 7 + number / 100
            aws.stream(arn).put(int(second * 1000), second + 0.5, line)

    aws.on_start = on_start


def fails(aws: Aws, **more: Any) -> RedashError:
    with pytest.raises(RedashError) as caught:
        run(params(**more), aws.context())
    return caught.value


@every_way
def test_a_listing_whose_output_is_missing_is_a_failure_that_tells_the_exit_code_and_why(unreadable: Callable[[Aws], None]) -> None:
    aws = Aws()
    says(aws, *GROUPS)
    unreadable(aws)
    error = fails(aws, cmd="groups list")
    assert "groups list: exited with 0, but its output is missing: " in str(error)
    assert error.result["rc"] == 0
    assert "parsed" not in error.result
    assert error.result["log_problem"]
    assert error.result["stopped"]["cause"] == "no_log"
    assert not error.result["changed"]


@every_way
def test_a_change_whose_output_is_missing_ends_as_its_exit_code_says_and_tells_what_is_missing(unreadable: Callable[[Aws], None]) -> None:
    aws = Aws()
    says(aws, "Creating group (x)...")
    unreadable(aws)
    result = run(params(cmd="groups create x"), aws.context())
    assert result["rc"] == 0
    assert result["changed"]
    assert "parsed" not in result
    assert "exited with 0; its output is missing: " in result["msg"]
    assert any(result["log_problem"] in line for line in aws.reported)


@every_way
def test_a_failed_command_says_that_the_reason_could_not_be_read(unreadable: Callable[[Aws], None]) -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, exit_code=1)
    unreadable(aws)
    error = fails(aws, cmd="groups create x")
    assert "exited with 1; its output is missing: " in str(error)


@every_way
def test_an_exit_code_that_proves_nothing_is_no_success_without_the_output(unreadable: Callable[[Aws], None]) -> None:
    aws = Aws()
    unreadable(aws)
    assert "proves nothing" in str(fails(aws, cmd="users grant_admin x@example.com"))


@every_way
def test_a_program_that_could_not_answer_its_playbook_is_a_failure(unreadable: Callable[[Aws], None]) -> None:
    aws = Aws()
    unreadable(aws)
    program = "# Looks at the database.\nprint('redash-ecs-result: {}')\n"
    assert "its output is missing" in str(fails(aws, command=["python", "-c", program]))


# Case log_of_groups_list: unreadable. Before: changed=0, and a second group of the same name.
@every_way
def test_nothing_is_planned_on_groups_that_could_not_be_read(unreadable: Callable[[Aws], None]) -> None:
    aws = Aws()
    unreadable(aws)
    error = fails(aws, cmds=["groups list", "users list"])
    listed = error.result["results"]
    assert [one["rc"] for one in listed] == [0, 0]  # of the whole batch
    assert not any(one["skipped"] or one["failed"] or "parsed" in one for one in listed)
    with pytest.raises(AnsibleFilterError, match="could not be read"):
        access_plan({"groups": [{"name": "analysts"}]}, listed[0].get("parsed"), listed[1].get("parsed"))


@pytest.mark.parametrize(("groups", "users"), [(None, []), ([], None), ("", []), ([], "")])
def test_the_plan_refuses_what_is_no_list(groups: Any, users: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="Nothing was planned"):
        access_plan({"groups": [{"name": "analysts"}]}, groups, users)
    assert access_plan({"groups": [{"name": "analysts"}]}, [], [])["group_commands"]


def test_a_batch_that_failed_unread_claims_nothing_of_its_commands() -> None:
    aws = Aws()
    aws.life = lambda seconds: ran(seconds, exit_code=1)
    denied(aws)
    results = fails(aws, cmds=["groups create a", "groups create b"]).result["results"]
    assert [one["rc"] for one in results] == [None, None]
    assert not any(one["skipped"] for one in results)
    assert all("not known" in one["msg"] for one in results)


def test_what_was_read_of_a_batch_before_its_log_was_lost_counts() -> None:
    aws = Aws()
    before = aws.on_start

    def on_start(arn: str) -> None:
        before(arn)
        mark = batch.mark_of(aws.requests[-1]["overrides"]["containerOverrides"][0]["command"])
        for number, line in enumerate([f"{mark} begin 0", *GROUPS, f"{mark} end 0 0", f"{mark} begin 1"]):
            second = aws.time.now + 7 + number / 100
            aws.stream(arn).put(int(second * 1000), second + 0.1, line)
        aws.time.at(aws.time.now + 12, lambda: denied(aws))

    aws.on_start = on_start
    first, second = fails(aws, cmds=["groups list", "users list"]).result["results"]
    assert first["parsed"][0]["name"] == "admin"
    assert "parsed" not in second


def test_a_sidecar_whose_log_cannot_be_read_does_not_touch_the_output() -> None:
    aws = Aws()
    aws.definition["containerDefinitions"] = [container(), container("proxy", logConfiguration={"logDriver": "none"})]
    says(aws, *GROUPS)
    assert run(params(cmd="groups list", container="task-runner"), aws.context())["parsed"][0]["name"] == "admin"


def test_a_long_listing_is_read_whole_though_the_result_holds_its_end_only() -> None:
    aws = Aws()
    says(aws, *(line for number in range(50) for line in [f"Id: {number}", f"Name: g{number}", "-" * 20]))
    result = run(params(cmd="groups list", log_lines_max=10), aws.context())
    assert len(result["parsed"]) == 50
    assert len(result["stdout_lines"]) == 10


def test_a_stream_that_is_only_late_is_read_whole() -> None:
    for late in (3, 12, 19.9):
        aws = Aws()
        says(aws, *GROUPS)
        original = aws.get_log_events
        end = aws.time.now + 16

        def hidden(original: Any = original, aws: Aws = aws, until: float = end + late, **request: Any) -> dict[str, Any]:
            if aws.time.now < until:
                raise client_error("ResourceNotFoundException", "The specified log stream does not exist.")
            return dict(original(**request))

        aws.get_log_events = hidden  # type: ignore[method-assign]
        assert run(params(cmd="groups list"), aws.context())["parsed"][0]["name"] == "admin", late


def test_a_deleted_stream_and_a_deleted_group_are_told_apart() -> None:
    for message, said in (
        ("The specified log stream does not exist.", "there is no log stream task-runner/"),
        ("The specified log group does not exist.", "there is no log group /redash/test"),
    ):
        aws = Aws()
        error = client_error("ResourceNotFoundException", message)
        aws.get_log_events = lambda error=error, **_: (nothing for nothing in ()).throw(error)  # type: ignore[method-assign, misc]
        assert said in str(fails(aws, cmd="groups list"))


# Passing refusals.

PASSING = [
    client_error("ServiceUnavailableException", "later", ResponseMetadata={"HTTPStatusCode": 503}),
    client_error("InternalFailure", "x", ResponseMetadata={"HTTPStatusCode": 500}),
    client_error("ThrottlingException", "Rate exceeded"),
    client_error("502", "Bad Gateway", ResponseMetadata={"HTTPStatusCode": 502}),
    botocore.exceptions.ConnectionClosedError(endpoint_url="https://x/"),
    botocore.exceptions.ReadTimeoutError(endpoint_url="https://x/"),
    botocore.exceptions.EndpointConnectionError(endpoint_url="https://x/"),
]


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__ + str(getattr(error, "response", ""))[:40])
def test_a_passing_refusal_is_tried_again_and_no_line_is_lost(error: Exception) -> None:
    aws = Aws()
    says(aws, *GROUPS)
    aws.log_errors = [error] * 9
    result = run(params(cmd="groups list"), aws.context())
    assert [group["name"] for group in result["parsed"]] == ["admin"]
    assert result["log_problem"] is None


@pytest.mark.parametrize(
    "error",
    [
        client_error("AccessDeniedException", "no"),
        client_error("ExpiredTokenException", "The security token included in the request is expired"),
        client_error("UnrecognizedClientException", "no"),
        botocore.exceptions.NoCredentialsError(),
    ],
)
def test_a_lasting_refusal_is_not_waited_out(error: Exception) -> None:
    assert not is_passing(error)
    aws = Aws()
    aws.get_log_events = lambda **_: (nothing for nothing in ()).throw(error)  # type: ignore[method-assign]
    began = aws.time.now
    fails(aws, cmd="groups list")
    assert aws.time.now - began < 60


def test_a_refusal_that_does_not_pass_ends_at_a_deadline_and_is_named() -> None:
    aws = Aws()
    always_unwell(aws)
    began = aws.time.now
    assert "ServiceUnavailableException" in str(fails(aws, cmd="groups list"))
    assert 300 < aws.time.now - began < 400


def test_a_token_that_aws_no_longer_takes_loses_no_line_and_repeats_none() -> None:
    aws = Aws()
    lines = [f"line {number % 7}" for number in range(60)]
    before = aws.on_start

    def on_start(arn: str) -> None:
        before(arn)
        for number, line in enumerate(lines):
            second = aws.time.now + 6.5 + number / 7
            aws.stream(arn).put(int(second * 1000), second + 0.2, line)

    aws.on_start = on_start
    original = aws.get_log_events
    calls = 0

    def refusing(**request: Any) -> dict[str, Any]:
        nonlocal calls
        calls += 1
        if calls % 5 == 0 and request.get("nextToken"):
            raise client_error("InvalidParameterException", "The specified nextToken is invalid.")
        return original(**request)

    aws.get_log_events = refusing  # type: ignore[method-assign]
    result = run(params(command=["sh", "-c", "x"]), aws.context())
    assert result["log_problem"] is None, aws.reported
    assert result["stdout_lines"] == lines
    assert calls > 10


def test_a_lost_place_before_the_first_line_begins_at_the_head() -> None:
    answers: list[Any] = [Page([], "a"), LostPlace(), Page([Event(1, "x")], "b"), Page([], "b")]

    def read_page(token: str | None, start: int | None) -> Page | None:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    reader = Reader(read_page)
    assert reader.read() == []
    with pytest.raises(LostPlace):
        reader.read()
    assert reader.read() == [Event(1, "x")]


# CloudWatch Logs' own answers, through botocore.


def stubbed() -> tuple[Any, Stubber]:
    client = boto3.client("logs", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    return client, Stubber(client)


def test_what_is_gone_is_told_apart() -> None:
    client, stub = stubbed()
    stub.add_client_error("get_log_events", "ResourceNotFoundException", "The specified log group does not exist.", 400)
    stub.add_client_error("get_log_events", "ResourceNotFoundException", "The specified log stream does not exist.", 400)
    stub.add_response("get_log_events", {"events": [], "nextForwardToken": "f/1", "nextBackwardToken": "b/1"})
    with stub:
        assert aws_logs.absence(client, "/redash/x", "s") == "there is no log group /redash/x"
        assert aws_logs.absence(client, "/redash/x", "s") == "there is no log stream s in /redash/x"
        assert aws_logs.absence(client, "/redash/x", "s") == ""


def test_only_a_refused_token_is_a_lost_place() -> None:
    client, stub = stubbed()
    for _round in range(2):
        stub.add_client_error("get_log_events", "InvalidParameterException", "The specified nextToken is invalid.", 400)
    stub.add_client_error("get_log_events", "InvalidParameterException", "limit must be positive", 400)
    stub.add_client_error("get_log_events", "ResourceNotFoundException", "The specified log stream does not exist.", 400)
    with stub:
        with pytest.raises(LostPlace):
            aws_logs.read_page(client, "g", "s", "f/1")
        with pytest.raises(botocore.exceptions.ClientError):
            aws_logs.read_page(client, "g", "s")
        with pytest.raises(botocore.exceptions.ClientError):
            aws_logs.read_page(client, "g", "s", "f/1")
        assert aws_logs.last_lines(client, "g", "s") is None


# Mail.


def test_a_test_mail_whose_answer_could_not_be_read_is_told_as_that() -> None:
    settings = {"REDASH_MAIL_SERVER": "mail.example.com"}
    unread = {"rc": 1, "stdout_lines": [], "log_problem": "AWS refused to read log stream x: AccessDeniedException: no"}
    verdict = mail_verdict(unread, {**unread, "rc": 0}, settings)
    assert not verdict["sent"]
    assert verdict["cause"] == "log"
    assert "AccessDeniedException" in verdict["message"]
    assert "without saying why" not in verdict["message"]
