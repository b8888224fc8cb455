# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.modules.redash_ecs_task_definition import run

REGION = "ap-northeast-1"
GROUP = "/ecs/redash"
COMPOSE = f"""version: "3"
services:
  server:
    image: redash/redash:$TAG
    command: server
    ports: ["5000:5000"]
    environment:
      REDASH_WEB_WORKERS: 4
      REDASH_MAIL_PASSWORD: hunter2
    logging:
      driver: awslogs
      options: {{awslogs-group: {GROUP}, awslogs-region: {REGION}, awslogs-stream-prefix: server}}
"""
PARAMS = """version: 1
task_definition:
  ecs_network_mode: awsvpc
  task_execution_role: redash-execution
  task_size: {cpu_limit: 1024, mem_limit: 2.0GB}
  services:
    server:
      secrets: [{name: REDASH_SECRET_KEY, value_from: /redash/secret_key}]
"""


class Recorder:
    """boto3 clients that note every call, and may be told to refuse some."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.refuse: dict[str, str] = {}
        self.clients: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, *, region: str | None = None) -> Any:
        key = (service, region or REGION)
        if key not in self.clients:
            client = boto3.client(service, region_name=key[1])
            client.meta.events.register("before-call", self.note)
            self.clients[key] = client
        return self.clients[key]

    def note(self, model: Any, **kwargs: Any) -> None:
        self.calls.append(model.name)
        if model.name in self.refuse:
            raise ClientError({"Error": {"Code": self.refuse[model.name], "Message": "no"}}, model.name)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        boto3.client("iam", region_name=REGION).create_role(RoleName="redash-execution", AssumeRolePolicyDocument="{}")
        boto3.client("logs", region_name=REGION).create_log_group(logGroupName=GROUP)
        yield Recorder()


@pytest.fixture
def params(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)
    (tmp_path / "ecs-params.yml").write_text(PARAMS)
    return {
        "compose_files": [str(tmp_path / "docker-compose.yml")],
        "ecs_params": str(tmp_path / "ecs-params.yml"),
        "project_name": "redash",
        "launch_type": "FARGATE",
        "environment": {"TAG": "25.8.0"},
        "contents": {},
        "task_role_arn": None,
        "tags": None,
    }


def context(clients: Recorder, **kwargs: Any) -> tuple[Context, list[str]]:
    reported: list[str] = []
    return Context(client=clients, report=reported.append, **kwargs), reported


def apply(params: dict[str, Any], clients: Recorder, **kwargs: Any) -> dict[str, Any]:
    clients.calls.clear()
    return run(params, context(clients, **kwargs)[0])


def edit(params: dict[str, Any], old: str, new: str) -> None:
    for path in (Path(params["compose_files"][0]), Path(params["ecs_params"])):
        path.write_text(path.read_text().replace(old, new))


def test_the_first_run_registers_and_the_second_changes_nothing(params: dict[str, Any], clients: Recorder) -> None:
    first = apply(params, clients)
    assert (first["changed"], first["family"], first["revision"]) == (True, "redash", 1)
    assert first["task_definition_arn"].endswith(":task-definition/redash:1")
    assert first["differences"] == ["task: new, with server"]
    second = apply(params, clients)
    assert (second["changed"], second["revision"], second["differences"]) == (False, 1, [])
    assert clients.calls == ["DescribeTaskDefinition"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("REDASH_WEB_WORKERS: 4", "REDASH_WEB_WORKERS: 2", "server: REDASH_WEB_WORKERS 4 -> 2"),
        ("command: server", "command: worker", "server: command server -> worker"),
        ("/redash/secret_key", "/redash/other", "server: secret REDASH_SECRET_KEY /redash/secret_key -> /redash/other"),
        ("mem_limit: 2.0GB", "mem_limit: 3GB", "task: memory 2048 -> 3072"),
        ("hunter2", "hunter3", "server: REDASH_MAIL_PASSWORD changed (values hidden)"),
    ],
)
def test_every_change_registers_a_revision(params: dict[str, Any], clients: Recorder, old: str, new: str, line: str) -> None:
    apply(params, clients)
    edit(params, old, new)
    result = apply(params, clients)
    assert (result["changed"], result["revision"], result["differences"]) == (True, 2, [line])
    assert apply(params, clients)["changed"] is False


def test_what_check_mode_rendered_is_judged_although_it_is_not_written(params: dict[str, Any], clients: Recorder) -> None:
    apply(params, clients)
    path = params["compose_files"][0]
    changed = {**params, "contents": {path: COMPOSE.replace("REDASH_WEB_WORKERS: 4", "REDASH_WEB_WORKERS: 2")}}
    predicted = apply(changed, clients, check_mode=True)
    assert (predicted["registered"], predicted["differences"]) == (True, ["server: REDASH_WEB_WORKERS 4 -> 2"])
    new = str(Path(path).with_name("docker-compose-worker.yml"))
    first = apply({**params, "compose_files": [new], "contents": {new: COMPOSE}, "project_name": "redash-worker"}, clients, check_mode=True)
    assert first["differences"] == ["task: new, with server"]
    assert not Path(new).exists()


def test_check_mode_tells_and_registers_nothing(params: dict[str, Any], clients: Recorder) -> None:
    predicted = apply(params, clients, check_mode=True)
    assert (predicted["changed"], predicted["task_definition_arn"], predicted["revision"]) == (True, "", 0)
    assert "RegisterTaskDefinition" not in clients.calls
    apply(params, clients)
    edit(params, "WORKERS: 4", "WORKERS: 2")
    predicted = apply(params, clients, check_mode=True)
    assert (predicted["changed"], predicted["revision"]) == (True, 1)
    assert predicted["differences"] == apply(params, clients)["differences"]


def test_no_secret_value_is_in_result_or_diff(params: dict[str, Any], clients: Recorder) -> None:
    result = apply(params, clients, diff_mode=True)
    assert "hunter2" not in str(result)
    assert "REDASH_MAIL_PASSWORD" in result["diff"]["after"]
    edit(params, "WORKERS: 4", "WORKERS: 2")
    diff = apply(params, clients, diff_mode=True)["diff"]
    changed_lines = set(diff["before"].splitlines()) ^ set(diff["after"].splitlines())
    assert {line.strip() for line in changed_lines} == {"value: '4'", "value: '2'"}


def test_what_ecs_would_refuse_is_refused_without_a_call(params: dict[str, Any], clients: Recorder) -> None:
    edit(params, "5000:5000", "80:5000")
    edit(params, "cpu_limit: 1024", "cpu_limit: 300")
    with pytest.raises(RedashError) as caught:
        apply(params, clients)
    assert len(caught.value.problems) == 2
    assert clients.calls == []


def test_a_missing_role_and_log_group_are_both_named(params: dict[str, Any], clients: Recorder) -> None:
    edit(params, "redash-execution", "none-such")
    edit(params, f"awslogs-group: {GROUP}", "awslogs-group: /none/such")
    with pytest.raises(RedashError) as caught:
        apply(params, clients)
    text = str(caught.value)
    assert "ecs-params.yml:4: there is no role none-such" in text
    assert f"docker-compose.yml:10: there is no log group /none/such in {REGION}" in text
    assert "RegisterTaskDefinition" not in clients.calls


def test_a_log_group_that_is_only_a_prefix_of_another_is_missing(params: dict[str, Any], clients: Recorder) -> None:
    edit(params, f"awslogs-group: {GROUP}", "awslogs-group: /ecs/red")
    with pytest.raises(RedashError, match="there is no log group /ecs/red"):
        apply(params, clients)


def test_a_log_group_that_is_created_by_ecs_need_not_exist(params: dict[str, Any], clients: Recorder) -> None:
    edit(params, f"awslogs-group: {GROUP}", "awslogs-create-group: 'true', awslogs-group: /none/such")
    assert apply(params, clients)["changed"] is True


def test_what_may_not_be_looked_up_is_a_warning(params: dict[str, Any], clients: Recorder) -> None:
    clients.refuse = {"GetRole": "AccessDenied", "DescribeLogGroups": "AccessDeniedException"}
    with_context, reported = context(clients)
    assert run(params, with_context)["changed"] is True
    assert [line.split(" ")[1] for line in reported] == ["iam:GetRole", "logs:DescribeLogGroups"]


def test_other_refusals_are_errors(params: dict[str, Any], clients: Recorder) -> None:
    clients.refuse = {"DescribeTaskDefinition": "AccessDeniedException"}
    with pytest.raises(RedashError, match="AWS refused to read task definition redash"):
        apply(params, clients)
    clients.refuse = {"RegisterTaskDefinition": "ClientException"}
    with pytest.raises(RedashError, match="AWS refused to register task definition redash"):
        apply(params, clients)


def test_tags_are_compared_and_a_change_of_tags_alone_makes_no_revision(params: dict[str, Any], clients: Recorder) -> None:
    params["tags"] = {"env": "prod", "team": "data"}
    assert apply(params, clients)["revision"] == 1
    assert apply(params, clients)["changed"] is False
    params["tags"] = {"env": "staging", "cost": "1"}
    result = apply(params, clients)
    assert result["differences"] == ["task: tag cost 1 added", "task: tag env prod -> staging", "task: tag team removed (was data)"]
    assert (result["changed"], result["revision"]) == (True, 1)
    assert "RegisterTaskDefinition" not in clients.calls
    assert apply(params, clients)["changed"] is False
    params["tags"] = None
    assert apply(params, clients)["changed"] is False
    params["tags"] = {}
    assert len(apply(params, clients)["differences"]) == 2


def test_the_task_role_option_wins(params: dict[str, Any], clients: Recorder) -> None:
    boto3.client("iam", region_name=REGION).create_role(RoleName="task", AssumeRolePolicyDocument="{}")
    params["task_role_arn"] = "task"
    assert apply(params, clients)["task_definition"]["taskRoleArn"] == "task"


def test_without_ecs_params_none_is_looked_for(params: dict[str, Any], clients: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(params["ecs_params"]).parent)
    params = copy.deepcopy(params)
    params["ecs_params"] = None
    with pytest.raises(RedashError, match="Fargate needs a task size"):
        apply(params, clients)


def test_warnings_are_reported(params: dict[str, Any], clients: Recorder) -> None:
    params["environment"] = {}
    edit(params, "    command: server", "    command: server\n    restart: always")
    with_context, reported = context(clients)
    run(params, with_context)
    assert [line.split(": ", 2)[2] for line in reported] == [
        "the variable TAG is not set; it becomes blank",
        "service server: restart has no effect in ECS",
    ]


def test_the_documentation_is_that_of_the_argument_spec() -> None:
    import yaml

    from ansible_collections.redash.ecs.plugins.modules import redash_ecs_task_definition as module

    options = yaml.safe_load(module.DOCUMENTATION)["options"]
    for name, argument in module.ARGUMENTS.items():
        documented = {key: options[name].get(key) for key in argument}
        assert documented == argument
    assert set(options) == set(module.ARGUMENTS)
    assert yaml.safe_load(module.EXAMPLES)
    assert set(yaml.safe_load(module.RETURN)) == {
        "task_definition_arn",
        "registered",
        "family",
        "revision",
        "task_definition",
        "differences",
    }
