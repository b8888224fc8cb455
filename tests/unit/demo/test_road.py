# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

import pytest

from demo import road
from demo.instance import DemoError


def test_a_second_demo_waits_until_the_first_has_prepared_what_both_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    waiting, prepared = threading.Event(), threading.Event()

    def second() -> None:
        waiting.set()
        with road.alone_on_this_machine():
            prepared.set()

    thread = threading.Thread(target=second)
    with road.alone_on_this_machine():
        thread.start()
        assert waiting.wait(10)
        assert not prepared.wait(0.3)
    assert prepared.wait(10)
    thread.join(10)


def test_a_link_in_place_of_the_lock_is_refused_and_what_it_leads_to_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    lock = tmp_path / f"redash-demo-{os.getuid()}.lock"
    lock.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DemoError, match=r"Delete it and rerun\.$"), road.alone_on_this_machine():
        pass
    assert not (tmp_path / "elsewhere").exists()
