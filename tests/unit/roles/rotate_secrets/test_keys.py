# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""files/keys.py, the program that counts in the image which key opens what, against a stand-in for Redash's modules."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet

PROGRAM = Path(__file__).parents[4] / "roles" / "rotate_secrets" / "files" / "keys.py"
OLD, NEXT = "OldOldOldOldOldOldOldOldOldOldOl", "NewNewNewNewNewNewNewNewNewNewNe"


def encrypted(key: str) -> memoryview:
    """As sqlalchemy-utils' FernetEngine derives its key; psycopg2 gives bytea as a memoryview."""
    return memoryview(Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())).encrypt(b"{}"))


def seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tables: dict[str, list[tuple[str, Any]]], next_key: str | None
) -> dict[str, Any]:
    def execute(query: str) -> list[tuple[Any, ...]]:
        if "information_schema" in query:
            return [(int(any(f"'{table}'" in query for table in tables)),)]
        return list(next(rows for table, rows in tables.items() if f"from {table} " in query))

    redash, models = ModuleType("redash"), ModuleType("redash.models")
    redash.create_app = lambda: SimpleNamespace(app_context=contextlib.nullcontext)  # type: ignore[attr-defined]
    models.db = SimpleNamespace(session=SimpleNamespace(execute=execute), text=str)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "redash", redash)
    monkeypatch.setitem(sys.modules, "redash.models", models)
    monkeypatch.setenv("REDASH_SECRET_KEY", OLD)
    monkeypatch.delenv("REDASH_SECRET_KEY_NEXT", raising=False)
    if next_key:
        monkeypatch.setenv("REDASH_SECRET_KEY_NEXT", next_key)
    runpy.run_path(str(PROGRAM))
    said = capsys.readouterr().out
    assert OLD not in said
    assert NEXT not in said
    return dict(json.loads(said.removeprefix("redash-ecs-result: ")))


def test_each_row_is_counted_for_the_key_that_opens_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    tables = {
        "data_sources": [("one", encrypted(OLD)), ("two", encrypted(NEXT)), ("lost", encrypted("another"))],
        "notification_destinations": [("mail", encrypted(NEXT))],
    }
    assert seen(monkeypatch, capsys, tables, NEXT) == {"old": 1, "new": 2, "neither": ["lost"]}


def test_with_one_key_alone_only_its_rows_open(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Releases before 10 have no encrypted destinations."""
    tables = {"data_sources": [("one", encrypted(OLD)), ("two", encrypted(NEXT))]}
    assert seen(monkeypatch, capsys, tables, None) == {"old": 1, "new": 0, "neither": ["two"]}


def test_it_fits_into_a_tasks_overrides() -> None:
    assert len(json.dumps(PROGRAM.read_text())) < 8192 - 500
