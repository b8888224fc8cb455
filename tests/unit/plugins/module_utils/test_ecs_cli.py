# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_ecs_cli. A script stands in for ecs-cli, which can't be had here: it says what the real one was seen to say."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.ecs_cli import environment, run
from ansible_collections.redash.ecs.plugins.module_utils.process import started

KEYS = {"access_key": "AKIAOURS", "secret_key": "our-secret-5b1c", "session_token": "our-token-77e0"}
USING = 'time="x" level=info msg="Using ECS task definition" TaskDefinition="shop:7"'
CREATED = 'time="x" level=info msg="Created an ECS service" service=shop taskDefinition="shop:7"'
FAILED = 'time="x" level=error msg="Failed to create service" error="InvalidParameterException: no \\"subnet\\""'
UP = ["compose", "--project-name", "shop", "service", "up"]

Tool = Callable[..., dict[str, Any]]


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """Write a script in ecs-cli's place and run it through the module's work."""

    def call(script: str, *arguments: str, check_mode: bool = False, said: list[str] | None = None, **options: Any) -> dict[str, Any]:
        path = tmp_path / "ecs-cli"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        context = Context(client=lambda service: None, report=(said if said is not None else []).append, check_mode=check_mode)
        given = {"argv": [str(path), *arguments], "home": str(tmp_path), "timeout": 30, "region": "eu-west-1", **KEYS, **options}
        return run(given, context)

    return call


def test_the_process_gets_the_credentials_of_the_other_modules_and_nothing_else_of_aws(
    tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "ECS_"))]:
        monkeypatch.delenv(name)
    # amazon.aws itself refuses a profile of the shell beside keys; what is left of it is what ecs-cli would prefer.
    for name in ("AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_ENDPOINT_URL", "ECS_PROFILE"):
        monkeypatch.setenv(name, "theirs")
    tool(f"env > {tmp_path}/seen")
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().splitlines() if line.startswith(("AWS_", "ECS_", "HOME=")))
    assert seen == {
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "AKIAOURS",
        "AWS_SECRET_ACCESS_KEY": "our-secret-5b1c",
        "AWS_SESSION_TOKEN": "our-token-77e0",
        "AWS_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def test_a_profile_of_the_shell_is_never_inherited() -> None:
    environ = {"AWS_PROFILE": "theirs", "ECS_PROFILE": "theirs", "AWS_SESSION_TOKEN": "theirs", "PATH": "/bin", "AWS_CA_BUNDLE": "/ca"}
    assert environment(environ, "/work", "eu-west-1", {**KEYS, "session_token": ""}) == {
        "PATH": "/bin",
        "HOME": "/work",
        "AWS_ACCESS_KEY_ID": "AKIAOURS",
        "AWS_SECRET_ACCESS_KEY": "our-secret-5b1c",
        "AWS_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CA_BUNDLE": "/ca",
    }


def test_a_profile_that_the_playbook_names_becomes_its_keys(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("[bi]\naws_access_key_id = AKIABI\naws_secret_access_key = bi-secret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    tool(f"env > {tmp_path}/seen", profile="bi", access_key=None, secret_key=None, session_token=None)
    assert "AWS_SECRET_ACCESS_KEY=bi-secret" in (tmp_path / "seen").read_text().splitlines()


def test_no_secret_shows_in_the_output_the_result_or_the_process_list(tool: Tool, tmp_path: Path) -> None:
    said: list[str] = []
    result = tool(f'echo "key $AWS_SECRET_ACCESS_KEY token $AWS_SESSION_TOKEN"; ps -ww -eo args > {tmp_path}/processes', said=said)
    assert said == ["key ******** token ********"]
    everything = json.dumps(result) + (tmp_path / "processes").read_text()
    assert KEYS["secret_key"] not in everything
    assert KEYS["session_token"] not in everything


@pytest.mark.parametrize(("said", "changed"), [(CREATED, True), ("", False)])
def test_what_ecs_cli_says_is_the_result(tool: Tool, said: str, changed: bool) -> None:
    lines: list[str] = []
    result = tool(f"echo '{USING}'; echo '{said}'", *UP, said=lines)
    assert (result["changed"], result["task_definition"]) == (changed, "shop:7")
    assert lines == result["output"]
    assert lines[0] == USING


@pytest.mark.parametrize("code", [0, 1])
def test_an_error_line_is_a_failure_whatever_the_exit_code(tool: Tool, code: int) -> None:
    with pytest.raises(RedashError, match="^ecs-cli: Failed to create service InvalidParameterException: no") as caught:
        tool(f"cat <<'E'\n{USING}\n{FAILED}\n{CREATED}\nE\nexit {code}", *UP)
    assert "\n" not in str(caught.value)


def test_an_end_with_a_code_and_without_a_word_says_the_code(tool: Tool) -> None:
    with pytest.raises(RedashError, match="ecs-cli: it ended with code 3 and said nothing"):
        tool("exit 3", *UP)


def test_a_service_without_a_named_task_definition_is_a_failure(tool: Tool) -> None:
    with pytest.raises(RedashError, match="did not say which task definition it uses"):
        tool(f"echo '{CREATED}'", *UP)


def test_what_takes_too_long_is_stopped_with_its_children(tool: Tool, tmp_path: Path) -> None:
    began = time.monotonic()
    # The child holds the output open, and ignores what its parent ends of.
    script = f"echo waiting; sleep 60 & echo $! > {tmp_path}/child; wait"
    with pytest.raises(RedashError, match="ecs-cli: did not end within 1 seconds, and was stopped. See its last lines: waiting"):
        tool(script, *UP, timeout=1)
    assert time.monotonic() - began < 20
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 10
    while started(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not started(child)


def test_a_program_that_is_not_there_is_told_in_one_line(tool: Tool, tmp_path: Path) -> None:
    with pytest.raises(RedashError, match="ecs-cli: /nowhere/ecs-cli can't be started: No such file or directory"):
        tool("", argv=["/nowhere/ecs-cli"])


def test_check_mode_starts_nothing(tool: Tool, tmp_path: Path) -> None:
    assert tool(f"touch {tmp_path}/ran", *UP, check_mode=True) == {"changed": False, "output": []}
    assert not (tmp_path / "ran").exists()
