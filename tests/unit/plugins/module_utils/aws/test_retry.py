# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWS refuses for a moment only is asked again, told, and given up in time."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.redash.ecs.plugins.module_utils.aws import task_definitions
from ansible_collections.redash.ecs.plugins.module_utils.aws.parameters import ParameterStore
from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

TURN = ("ClientException", "Too many concurrent attempts to create a new revision of the specified family.")
ALIAS = ("InvalidKeyId", "Alias arn:aws:kms:eu-west-1:1:alias/redash/x is not found.")


class Aws:
    """Refuses ``refusals`` in their order, then answers ``answer``; with ``forever`` the last refusal stays."""

    def __init__(self, answer: dict[str, Any], *refusals: tuple[str, str], forever: bool = False) -> None:
        self.answer, self.refusals, self.forever = answer, list(refusals), forever
        self.now = 0.0
        self.asked: list[float] = []
        self.told: list[str] = []

    def call(self, **request: Any) -> dict[str, Any]:
        self.asked.append(self.now)
        if self.refusals:
            code, message = self.refusals[0] if self.forever else self.refusals.pop(0)
            raise ClientError({"Error": {"Code": code, "Message": message}}, "Call")
        return self.answer

    def context(self) -> Context:
        def sleep(seconds: float) -> None:
            self.now += seconds

        meta = SimpleNamespace(partition="aws", region_name="eu-west-1")
        client = SimpleNamespace(put_parameter=self.call, meta=meta, get_caller_identity=lambda: {"Account": "1"})
        clock = Clock(monotonic=lambda: self.now, sleep=sleep, now=lambda: self.now)
        return Context(client=lambda service: client, report=self.told.append, clock=clock, random=random.Random(3))

    def register(self) -> dict[str, Any]:
        return task_definitions.register(SimpleNamespace(register_task_definition=self.call), {"family": "redash"}, self.context())

    def put(self) -> Any:
        return ParameterStore(self.context()).create("/redash/x/secret_key", "hush", kms_key_id="alias/redash/x", tags={})


@pytest.mark.parametrize("refusal", [TURN, ("ThrottlingException", "Rate exceeded"), ("RequestLimitExceeded", "")])
def test_a_revision_waits_for_its_turn(refusal: tuple[str, str]) -> None:
    aws = Aws({"taskDefinition": {"taskDefinitionArn": "a:2"}}, refusal, refusal)
    assert aws.register() == {"taskDefinitionArn": "a:2", "tags": []}
    assert len(aws.asked) == 3 and 1.5 < aws.asked[2] < 4
    assert len(aws.told) == 2 and aws.told[0].startswith(f"register task definition redash: AWS refuses it for the moment ({refusal[0]});")


@pytest.mark.parametrize(
    "refusal",
    [ALIAS, ("NotFoundException", "Alias is not found"), ("ValidationException", "Invalid KeyId alias/redash/x")],
)
def test_an_alias_that_was_just_made_is_waited_for(refusal: tuple[str, str]) -> None:
    aws = Aws({"Version": 1}, refusal, refusal, refusal)
    assert aws.put().version == 1
    assert len(aws.asked) == 4 and "hush" not in str(aws.told)
    assert "write the parameter /redash/x/secret_key: AWS refuses it for the moment" in aws.told[0]


def test_patience_ends_after_half_a_minute_with_the_refusal() -> None:
    aws = Aws({}, ALIAS, forever=True)
    with pytest.raises(RedashError, match="Check redash_kms_alias"):
        aws.put()
    assert 15 < aws.asked[-1] <= 30
    aws = Aws({}, TURN, forever=True)
    with pytest.raises(RedashError, match="Too many concurrent attempts"):
        aws.register()
    assert 15 < aws.asked[-1] <= 30


def test_another_refusal_is_final_at_once() -> None:
    for refusal in (("ClientException", "Invalid 'cpu' setting for task."), ("AccessDeniedException", "no")):
        aws = Aws({}, refusal)
        with pytest.raises(RedashError):
            aws.register()
        assert len(aws.asked) == 1 and not aws.told
    aws = Aws({}, ("AccessDeniedException", "no"))
    with pytest.raises(RedashError):
        aws.put()
    assert len(aws.asked) == 1
