"""Clients: made from amazon.aws's options; an emulator is never spoken to as somebody real; errors are one line."""

from __future__ import annotations

import os
from pathlib import Path

import botocore.exceptions
import pytest

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, client_factory, is_local_endpoint
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

LOCAL = {"endpoint_url": "http://127.0.0.1:4566", "region": "eu-west-1", "access_key": "test", "secret_key": "test", "validate_certs": True}


@pytest.fixture
def somebodys_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebodys-real-account")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "missing"))


def test_an_emulator_gets_its_own_keys_whatever_the_shell_says(somebodys_shell: None) -> None:
    client = client_factory({**LOCAL, "profile": "somebodys-real-account"}, "redash_ecs_task")("ecs")
    assert client._request_signer._credentials.access_key == "test"
    assert client.meta.endpoint_url == "http://127.0.0.1:4566"
    assert os.environ["AWS_PROFILE"] == "somebodys-real-account"


def test_aws_itself_is_asked_with_the_shells_profile(somebodys_shell: None) -> None:
    with pytest.raises(RedashError, match="somebodys-real-account"):
        client_factory({"region": "eu-west-1", "validate_certs": True}, "redash_ecs_task")("ecs")


def test_a_client_is_made_once_for_each_region() -> None:
    client = client_factory(LOCAL, "redash_ecs_task")
    assert client("ecs") is client("ecs")
    assert client("logs", region="us-east-1").meta.region_name == "us-east-1"
    assert client("logs").meta.region_name == "eu-west-1"


def test_a_missing_region_is_said_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(RedashError, match="redash_ecs_task: no AWS region is set. Set redash_region"):
        client_factory({**LOCAL, "region": None}, "redash_ecs_task")("ecs")


@pytest.mark.parametrize(
    ("url", "local"),
    [("http://127.0.0.1:4566", True), ("http://localhost:1", True), ("https://ecs.eu-west-1.amazonaws.com", False), (None, False)],
)
def test_which_endpoints_are_on_this_machine(url: str | None, local: bool) -> None:
    assert is_local_endpoint(url) is local


def test_a_refusal_names_what_was_tried_and_what_to_do() -> None:
    refusal = botocore.exceptions.ClientError({"Error": {"Code": "ExpiredToken", "Message": "gone"}}, "DescribeServices")
    with pytest.raises(RedashError) as caught, aws_errors("read service redash", task_arn="arn:1"):
        raise refusal
    assert str(caught.value) == "AWS refused to read service redash: ExpiredToken: gone. Sign in again (aws sso login) and rerun."
    assert caught.value.result == {"task_arn": "arn:1"}


def test_an_endpoint_that_is_not_reached_is_no_traceback() -> None:
    error = botocore.exceptions.EndpointConnectionError(endpoint_url="https://ecs.nowhere.amazonaws.com")
    with pytest.raises(RedashError, match="cannot read service redash: AWS was not reached"), aws_errors("read service redash"):
        raise error
