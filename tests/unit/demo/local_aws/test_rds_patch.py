# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A change of the master's password on the local AWS: the real server first, and what it refuses changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

rds = pytest.importorskip("ministack.services.rds")

from demo.local_aws.patches import rds as patch  # noqa: E402

ASKED = {"DBClusterIdentifier": ["prod"], "MasterUserPassword": ["sesame"], "MasterUsername": ["redash"]}


def test_a_server_that_refuses_is_an_answer_that_nobody_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(username: str, password: str, database: str | None) -> None:
        raise RuntimeError(f"PostgreSQL refused the master user {username}: <why>")

    asked: list[Any] = []
    monkeypatch.setattr(patch, "_set_master", refuse)
    status, _headers, body = patch._followed(lambda parameters: asked.append(parameters) or (200, {}, b""))(ASKED)
    # Terraform's provider repeats what fails with a 5xx, and InvalidDBClusterStateFault.
    assert (status, b"<Code>InvalidParameterValue</Code>" in body) == (400, True)
    assert b"refused the master user redash: &lt;why&gt;" in body
    assert b"sesame" not in body
    assert asked == [], "the cluster is on record with a password that its server does not take"


def test_a_server_that_takes_it_comes_before_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(patch, "_set_master", lambda *_: order.append("server"))
    monkeypatch.setattr(rds, "_clusters", {})
    patch._followed(lambda parameters: order.append("record") or (200, {}, b""))(ASKED)
    assert order == ["server", "record"]
