# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the local AWS's state reaches the disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

persistence = pytest.importorskip("ministack.core.persistence")

from demo.instance import Instance  # noqa: E402
from demo.local_aws import launcher  # noqa: E402


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(persistence, "STATE_DIR", str(tmp_path / "aws"))
    monkeypatch.setattr(persistence, "PERSIST_STATE", True)
    monkeypatch.setattr(persistence, "save_state", persistence.save_state)
    launcher._save_atomically()
    return tmp_path / "aws"


def test_what_is_saved_is_read_again_by_ministack(folder: Path) -> None:
    persistence.save_state("ssm", {"parameters": {"/a": b"bytes"}})
    assert persistence.load_state("ssm") == {"parameters": {"/a": b"bytes"}}
    assert [path.name for path in folder.iterdir()] == ["ssm.json"]


def test_unchanged_state_is_not_written_again(folder: Path) -> None:
    persistence.save_state("ssm", {"a": 1})
    before = (folder / "ssm.json").stat().st_ino
    persistence.save_state("ssm", {"a": 1})
    assert (folder / "ssm.json").stat().st_ino == before
    persistence.save_state("ssm", {"a": 2})
    assert json.loads((folder / "ssm.json").read_text())["payload"] == {"a": 2}


def test_state_that_changes_while_it_is_read_leaves_the_last_whole_one(folder: Path) -> None:
    class Restless(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError("dictionary changed size during iteration")

    persistence.save_state("ssm", {"a": 1})
    persistence.save_state("ssm", Restless(a=2))
    assert persistence.load_state("ssm") == {"a": 1}


def test_the_emulator_listens_on_loopback_in_the_inventorys_region(tmp_path: Path) -> None:
    settings = launcher.environment(Instance(tmp_path, 4600))
    assert (settings["BIND_HOST"], settings["GATEWAY_PORT"], settings["MINISTACK_REGION"]) == ("127.0.0.1", "4600", "ap-northeast-1")
