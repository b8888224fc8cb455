# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is planned before a task is started, and how its lines are shown and kept; test_task.py runs whole tasks."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import batch
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.one_off.output import Output
from ansible_collections.redash.ecs.plugins.module_utils.one_off.plan import Plan, digest, prepare
from tests.unit.plugins.module_utils.task_fakes import DEFINITION, Aws, client_error, container, params


def planned(aws: Aws | None = None, **more: Any) -> Plan:
    return prepare(params(**more), (aws or Aws()).context())


def refused(aws: Aws | None = None, **more: Any) -> str:
    with pytest.raises(RedashError) as caught:
        planned(aws, **more)
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"cmd": "groups list"}, "groups list"),
        ({"cmd": ["groups", "create", "Data Science"]}, "groups create 'Data Science'"),
        ({"cmds": ["groups list"]}, "groups list"),
        ({"cmds": ["groups list", "version"]}, "2 commands"),
        ({"command": ["sh", "-c", "echo a b"]}, "sh -c 'echo a b'"),
        ({"command": ["sh", "-c", "echo a\necho b"]}, "sh -c 'echo a ..."),
        ({"command": ["python", "-c", "# Looks at it: more.\nprint()\n"]}, "Looks at it"),
        ({"command": ["python", "-c", "# Looks at it. More.\nprint()\n"]}, "Looks at it"),
        ({"command": ["python", "-c", "# Looks at\n# all of it\nprint()\n"]}, "Looks at all of it"),
        ({"command": ["python", "-c", "# Looks at it\n#\n# More\nprint()\n"]}, "Looks at it"),
        ({"command": ["echo", "# no program"]}, "echo '# no program'"),
        ({"command": ["echo", "no\n# program"]}, "echo 'no ..."),
    ],
)
def test_what_runs_is_told_in_a_few_words(given: dict[str, Any], shown: str) -> None:
    assert planned(**given).shown == shown


@pytest.mark.parametrize(
    ("given", "reads"),
    [
        ({"cmd": "groups list"}, True),
        ({"cmds": ["groups list", "users list"]}, True),
        ({"cmds": ["groups list", "groups create x"]}, False),
        ({"command": ["true"]}, False),
    ],
)
def test_only_listings_change_nothing(given: dict[str, Any], reads: bool) -> None:
    assert planned(**given).reads is reads


def test_a_container_is_essential_unless_its_definition_says_otherwise() -> None:
    aws = Aws()
    other = container("other")
    del other["essential"]
    aws.definition["containerDefinitions"] = [container(), container("helper", essential=False), other]
    assert planned(aws).essential == ["task-runner", "other"]


@pytest.mark.parametrize(
    ("names", "given", "found"),
    [
        (["web"], None, "web"),
        (["web", "task-runner"], None, "task-runner"),
        (["web", "task-runner"], "web", "web"),
        (["web", "proxy"], None, ""),
        (["web", "proxy"], "nope", ""),
    ],
)
def test_the_container_that_gets_the_command(names: list[str], given: str | None, found: str) -> None:
    aws = Aws()
    aws.definition["containerDefinitions"] = [container(name) for name in names]
    if found:
        plan = planned(aws, container=given)
        assert plan.container == found
        assert plan.request["overrides"]["containerOverrides"][0]["name"] == found
    else:
        assert refused(aws, container=given) == (
            f"container: task definition redash-test-task-runner:7 has no container {given or 'task-runner'}. It has web, proxy."
        )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"command": ["", "  "]}, "command: the command is empty. Give its words."),
        ({"cmds": []}, "cmds: the list of commands is empty. Give at least one."),
        (
            {"task_definition": "nope"},
            "task_definition: there is no task definition nope. Check its name and the region, or run site.yml first.",
        ),
        ({"subnets": []}, "subnets: no subnet is known. Give subnets, or run site.yml first."),
        (
            {"subnets": [], "network_from": ["one", "two"]},
            "subnets: no subnet is known, as there is no service one or two. Give subnets, or run site.yml first.",
        ),
        (
            {"secrets": {"X": "NOPE"}},
            "secrets: X: the task carries no secret NOPE. Known: REDASH_ADMIN_PASSWORD. Add it to the task definition.",
        ),
    ],
)
def test_what_is_refused_and_how_it_is_told(more: dict[str, Any], said: str) -> None:
    assert refused(**more) == said


def test_several_mistakes_are_told_together_and_one_that_follows_from_another_is_not() -> None:
    aws = Aws()
    aws.definition["containerDefinitions"] = [container(secrets=None)]
    said = refused(aws, cmds=["shell", "groups list", "db edit"], secrets={"A": "NOPE"}, subnets=[], network_from=["x"], cluster="nope")
    assert said.splitlines() == [
        "4 problems:",
        "- cluster: there is no cluster nope. Check its name and the region, or run site.yml first.",
        "- secrets: A: the task carries no secret NOPE. Known: none. Add it to the task definition.",
        "- cmds[0]: shell is interactive, a task is not. Use ECS Exec for that.",
        "- cmds[2]: db edit is interactive, a task is not. Use ECS Exec for that.",
    ]
    assert aws.calls["DescribeServices"] == 0
    assert refused(cmds=["", "groups 'x"]).splitlines() == [
        "2 problems:",
        '- cmds[0]: the command is empty. Give one, for instance cmd="groups list".',
        '- cmds[1]: a quote is not closed in "groups \'x". Close it, or give the words as a list.',
    ]


def test_a_task_without_a_network_of_its_own_needs_no_subnet() -> None:
    aws = Aws()
    aws.definition["networkMode"] = "bridge"
    request = planned(aws, subnets=[], launch_type="EC2").request
    assert "networkConfiguration" not in request
    assert request["launchType"] == "EC2"


def test_of_the_request_only_what_is_asked_for_is_sent() -> None:
    plan = planned(tags={}, propagate_tags="NONE")
    assert plan.request == {
        "cluster": "redash-test",
        "taskDefinition": DEFINITION,
        "count": 1,
        "startedBy": plan.started_by,
        "overrides": {"containerOverrides": [{"name": "task-runner", "command": ["/app/manage.py", "groups", "list"]}]},
        "launchType": "FARGATE",
        "networkConfiguration": {
            "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"},
        },
    }
    more = planned(
        capacity_provider_strategy=[
            {"capacity_provider": "FARGATE", "weight": 0, "base": 1},
            {"capacity_provider": "FARGATE_SPOT", "weight": 3, "base": None},
        ],
        tags={"b": 2, "a": True},
        propagate_tags="TASK_DEFINITION",
    ).request
    assert "launchType" not in more
    assert more["capacityProviderStrategy"] == [
        {"capacityProvider": "FARGATE", "weight": 0, "base": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ]
    assert more["tags"] == [{"key": "a", "value": "True"}, {"key": "b", "value": "2"}]
    assert more["propagateTags"] == "TASK_DEFINITION"


@pytest.mark.parametrize(
    ("given", "lock"),
    [
        ({"cmd": "db upgrade"}, "database"),
        ({"cmd": "db upgrade", "lock": "mine"}, "mine"),
        ({"cmds": ["groups list", "db upgrade"]}, "database"),
        ({"cmd": "db current"}, None),
        ({"command": ["true"]}, None),
        ({"command": ["true"], "lock": "mine"}, "mine"),
    ],
)
def test_what_changes_the_schema_takes_a_lock(given: dict[str, Any], lock: str | None) -> None:
    plan = planned(**given)
    assert plan.lock == lock
    assert re.fullmatch(f"redash-ecs/{'lock' if lock else 'run'}/[0-9a-f]{{32}}", plan.started_by)


def test_the_same_work_has_the_same_name_and_other_work_another() -> None:
    def name(aws: Aws | None = None, **more: Any) -> str:
        return planned(aws, **more).started_by

    another = Aws()
    another.definition["family"] = "another"
    same = [name(), name(timeout=5), name(subnets=["subnet-2"])]
    assert len(set(same)) == 1
    others = [name(cmd="users list"), name(job_id="1"), name(job_id="2"), name(another), name(cmds=["groups list"])]
    assert len({*same, *others}) == 6
    # Everyone who takes the lock has the same name, whatever it does.
    locked = [name(cmd="db upgrade"), name(cmd="db downgrade", job_id="1"), name(command=["true"], lock="database")]
    assert len(set(locked)) == 1
    assert len({*locked, name(another, cmd="db upgrade"), name(cmd="db upgrade", lock="mine")}) == 3
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1}, {"b": 2})


def test_only_a_batch_has_a_mark_and_only_it_or_a_secret_needs_the_program() -> None:
    single = planned()
    assert (single.mark, single.argv) == ("", ["/app/manage.py", "groups", "list"])
    many = planned(cmds=["groups list"], keep_going=True)
    assert re.fullmatch("[0-9a-f]{24}", many.mark)
    assert many.argv == batch.argv(many.commands, many.mark, keep_going=True)
    assert planned(cmds=["groups list"]).argv[3].count('"keep_going":false') == 1
    secret = planned(cmd=["users", "create", "a", "b", "--password", "$MINE"], secrets={"MINE": "REDASH_ADMIN_PASSWORD"})
    assert secret.argv == batch.argv(secret.commands, "")
    assert secret.commands[0].secrets == {"MINE": "REDASH_ADMIN_PASSWORD"}
    assert planned(command=["sh", "-c", "x"]).argv == ["sh", "-c", "x"]


@pytest.mark.parametrize(("given", "where"), [({"cmds": ["groups create " + "x" * 9000]}, "cmds"), ({"cmd": "x " + "y" * 9000}, "cmd")])
def test_what_is_too_long_for_ecs_is_named(given: dict[str, Any], where: str) -> None:
    assert re.match(rf"{where}: the commands take \d+ characters, ECS allows 8192", refused(**given))


def test_the_network_is_the_first_services_that_has_one() -> None:
    aws = Aws()
    networks: list[dict[str, Any]] = [{"subnets": [name], "securityGroups": ["sg"], "assignPublicIp": "DISABLED"} for name in ("a", "b")]
    aws.services = [
        {"serviceName": name, "status": "ACTIVE", "networkConfiguration": {"awsvpcConfiguration": network}}
        for name, network in zip(("one", "two"), networks, strict=True)
    ]
    given = {"subnets": [], "network_from": ["none", "two", "one"]}
    assert planned(aws, **given).request["networkConfiguration"] == {"awsvpcConfiguration": networks[1]}
    # A network that is given comes first, whole.
    own = planned(aws, subnets=["s"], network_from=["one"], assign_public_ip="ENABLED").request["networkConfiguration"]
    assert own == {"awsvpcConfiguration": {"subnets": ["s"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}}
    # The subnets of a service are looked at, too.
    aws.subnets = [{"SubnetId": "b", "AvailableIpAddressCount": 0}]
    assert "no free address is left in b" in refused(aws, **given)


def test_services_that_cannot_be_read_are_told_and_each_service_of_aws_is_asked_by_its_name() -> None:
    aws = Aws()
    context = aws.context()
    asked: list[str] = []

    def client(service: str, **_more: Any) -> Aws:
        asked.append(service)
        return aws

    context.client = client
    prepare(params(), context)
    assert asked == ["ecs", "ec2"]

    def describe_services(**_request: Any) -> dict[str, Any]:
        raise client_error("AccessDeniedException", "no")

    aws.describe_services = describe_services  # type: ignore[method-assign]
    said = refused(aws, subnets=[], network_from=["one"])
    assert said.startswith("AWS refused to read the services of cluster redash-test: AccessDeniedException: no.")


def test_a_release_that_is_given_decides_the_spelling() -> None:
    def words(**more: Any) -> list[str]:
        aws = Aws()
        aws.definition["containerDefinitions"] = [container(image=more.pop("image", "own/redash:latest"))]
        return planned(aws, cmd="send_test_mail", **more).commands[0].words

    assert words() == ["send_test_mail"]
    assert words(image="redash/redash:25.8.0") == ["send-test-mail"]
    assert words(redash_version="25.8.0") == ["send-test-mail"]
    assert words(image="redash/redash:25.8.0", redash_version="10.1.0") == ["send_test_mail"]
    assert "nope-99.0" in refused(redash_version="nope-99.0")
    without = Aws()
    without.definition["containerDefinitions"] = [{"name": "task-runner"}]
    assert planned(without, cmd="send_test_mail").commands[0].words == ["send_test_mail"]


# Lines.


def shown_and_kept(plan: Plan, *lines: str | tuple[str, str], maximum: int = 100, show: bool = True) -> tuple[Output, list[str]]:
    said: list[str] = []
    output = Output(plan, said.append, maximum, show=show)
    for line in lines:
        output.add(*(line if isinstance(line, tuple) else (plan.container, line)))
    return output, said


NOISE = "[2026-01-01 00:00:00,000][PID:1][INFO][xmlschema] Include schema from 'x'"
MASKED = 'Options: {"password": "********"}'
UNMASKED = 'Options: {"password": "hunter2"}'
PROGRAM = ["python", "-c", "# Looks at it.\nprint()\n"]


@pytest.mark.parametrize(
    ("given", "line", "lines", "folded"),
    [
        ({"cmd": "ds list"}, UNMASKED, [MASKED], 0),
        ({"command": ["x"]}, UNMASKED, [UNMASKED], 0),
        ({"cmd": "ds list"}, NOISE, [], 1),
        ({"command": PROGRAM}, NOISE, [], 1),
        ({"cmd": "ds list"}, f"{NOISE}\none\n{NOISE}", ["one"], 2),
        ({"command": ["x"]}, NOISE, [NOISE], 0),
        ({"command": ["x"]}, "one\ntwo", ["one", "two"], 0),
        ({"command": ["x"]}, "", [""], 0),
    ],
)
def test_lines_are_masked_and_folded(given: dict[str, Any], line: str, lines: list[str], folded: int) -> None:
    output, said = shown_and_kept(planned(**given), line)
    assert said == list(output.lines) == list(output.command_lines) == output.for_people == lines
    assert (output.total, output.folded, output.answered, output.complete) == (len(lines), folded, False, False)
    assert output.results() == []


def test_what_is_said_to_the_playbook_is_kept_and_not_shown() -> None:
    output, said = shown_and_kept(planned(command=PROGRAM), "one", "redash-ecs-result: {}", "two")
    assert said == output.for_people == list(output.command_lines) == ["one", "two"]
    assert list(output.lines) == ["one", "redash-ecs-result: {}", "two"]
    assert (output.total, output.answered) == (3, True)


def test_lines_of_a_sidecar_are_shown_with_its_name_and_are_no_answer_of_the_command() -> None:
    aws = Aws()
    aws.definition["containerDefinitions"] = [container(), container("proxy")]
    output, said = shown_and_kept(planned(aws), "one", ("proxy", "redash-ecs-result: {}"), ("proxy", "two"))
    assert said == ["task-runner: one", "proxy: redash-ecs-result: {}", "proxy: two"]
    assert list(output.command_lines) == ["one"]
    assert (output.total, output.answered) == (3, False)


@pytest.mark.parametrize(("cmd", "kept"), [("groups list", 5), ("groups create x", 3)])
def test_a_listing_is_kept_whole_and_anything_else_up_to_the_maximum(cmd: str, kept: int) -> None:
    output, said = shown_and_kept(planned(cmd=cmd), *"abcde", maximum=3)
    assert list(output.lines) == ["c", "d", "e"]
    assert len(output.command_lines) == kept
    assert (output.total, len(said)) == (5, 5)


@pytest.mark.parametrize(("count", "told"), [(0, []), (20, []), (21, ["the last 20 of 21 lines:"])])
def test_of_a_failure_the_last_twenty_lines_are_shown_after_all(count: int, told: list[str]) -> None:
    lines = [f"line {number}" for number in range(count)]
    hidden, said = shown_and_kept(planned(), *lines, show=False)
    assert said == []
    hidden.show_last()
    assert said == [*told, *lines[-20:]]
    shown, said = shown_and_kept(planned(), *lines)
    shown.show_last()
    assert said == lines


def test_each_command_of_a_batch_has_its_result() -> None:
    plan = planned(cmds=["version", "users grant_admin a@b.c", "ds delete x", "groups list", "org list"])
    mark = plan.mark
    output, said = shown_and_kept(
        plan,
        "before",
        f"{mark} begin 0", "25.8.0", f"{mark} end 0 0",
        f"{mark} begin 1", "User [a@b.c] not found.", f"{mark} end 1 0",
        f"{mark} begin 2", "Couldn't find data source named x", f"{mark} end 2 7",
        f"{mark} begin 3", "cut",
    )  # fmt: skip
    assert said == [
        "before", "[1/5] version", "25.8.0", "[2/5] users grant_admin a@b.c", "User [a@b.c] not found.",
        "[3/5] ds delete x", "Couldn't find data source named x", "[3/5] exited with 7", "[4/5] groups list", "cut",
    ]  # fmt: skip
    assert not output.complete
    ended = [
        {"cmd": "version", "rc": 0, "stdout_lines": ["25.8.0"], "parsed": "25.8.0", "failed": False, "skipped": False, "msg": ""},
        {
            "cmd": "users grant_admin a@b.c", "rc": 0, "stdout_lines": ["User [a@b.c] not found."], "parsed": None, "failed": True,
            "skipped": False, "msg": "User [a@b.c] not found.",
        },
        {
            "cmd": "ds delete x", "rc": 7, "stdout_lines": ["Couldn't find data source named x"],
            "parsed": None, "failed": True, "skipped": False,
            "msg": "exited with 7",
        },
    ]  # fmt: skip
    assert output.results() == [
        *ended,
        {
            "cmd": "groups list", "rc": None, "stdout_lines": ["cut"], "parsed": None, "failed": True, "skipped": False,
            "msg": "cut off",
        },
        {"cmd": "org list", "rc": None, "stdout_lines": [], "parsed": None, "failed": False, "skipped": True, "msg": ""},
    ]  # fmt: skip
    # A log is whole unless it is said not to be.
    assert output.results(0) == output.results(1, whole=True) == output.results()
    # Of a log that is not whole, nothing is claimed beyond the exit code of them all.
    for rc, known, msg in (
        (0, 0, "its output is missing"),
        (1, None, "its output is missing, and how it ended is not known"),
        (None, None, "its output is missing, and how it ended is not known"),
    ):
        assert output.results(rc, whole=False) == [
            *ended,
            {"cmd": "groups list", "rc": known, "msg": msg, "stdout_lines": ["cut"], "failed": False, "skipped": False},
            {"cmd": "org list", "rc": known, "msg": msg, "stdout_lines": [], "failed": False, "skipped": False},
        ]
    output.add(plan.container, f"{mark} begin 4")
    output.add(plan.container, f"{mark} end 4 0")
    assert output.complete
    assert output.results(0)[-1]["parsed"] == []
