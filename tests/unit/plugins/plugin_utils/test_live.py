# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Live output. Its way through a real ansible-playbook is seen in the end-to-end tests; here are its decisions."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.context import Interrupted, Interruption, interruptible
from ansible_collections.redash.ecs.plugins.plugin_utils import live


def action(*, transport: str = "local", **task: Any) -> live.LiveActionBase:
    made = live.LiveActionBase.__new__(live.LiveActionBase)
    made._task = SimpleNamespace(**{"args": {}, "no_log": False, "async_val": 0, "delegate_to": None, **task})
    made._connection = SimpleNamespace(transport=transport)
    return made


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, True),
        ({"args": {"stream": False}}, False),
        ({"no_log": True}, False),
        ({"async_val": 60}, False),
        ({"transport": "ssh"}, False),
        ({"delegate_to": "localhost"}, True),
        ({"delegate_to": "bastion"}, False),
    ],
)
def test_when_lines_are_shown_live(given: dict[str, Any], shown: bool) -> None:
    assert action(**given)._shown_live() is shown


def test_a_log_line_cannot_rewrite_the_screen() -> None:
    assert (
        live.printable("ad\u200bmin \u202egro.elpmaxe\u2066 \ufeff\u00e4\u65e5 x")
        == "ad\\u200bmin \\u202egro.elpmaxe\\u2066 \\ufeff\u00e4\u65e5 x"
    )
    assert live.printable("a\x1b[2K\x1b]0;title\x07b\tc\r\x00d") == "ab    cd"


def test_lines_carry_their_host_and_go_to_the_terminal_itself_after_an_interrupt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    displayed: list[str] = []
    monkeypatch.setattr(live.display, "display", displayed.append)
    with (tmp_path / "terminal").open("w") as terminal:
        monkeypatch.setattr(live, "TERMINAL", terminal.fileno())
        interruption = Interruption()
        report = action()._reporter("redash-prod", interruption)
        report("one")
        interruption.signal_number = signal.SIGTERM
        report("two")
    assert displayed == ["[redash-prod] one"]
    assert (tmp_path / "terminal").read_text() == "[redash-prod] two\n"


def test_a_worker_s_line_goes_to_the_main_process_past_what_wraps_its_display(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """ansible-runner 2.4.0 wraps Display.display in the worker, and writes to its standard output: ansible-core warns of that."""
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr(live.display, "_final_q", SimpleNamespace(send_display=lambda *call: sent.append(call)))
    monkeypatch.setattr(type(live.display), "display", lambda self, line: print("\x1b[K" + line))
    action()._reporter("redash-prod", Interruption())("one")
    assert sent == [("display", "[redash-prod] one")]
    assert capsys.readouterr().out == ""


def test_a_signal_interrupts_once_and_is_remembered() -> None:
    # Coverage, and whatever else runs the tests, may have a handler of its own.
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted), interruptible() as interruption:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # an impatient second one does not disturb the clean-up
            time.sleep(0.01)
            assert interruption.signal_number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before


def test_sleeping_ends_when_ansible_playbook_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = iter([100, 100, 1])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    interruption = Interruption()
    sleep = live._sleep_unless_orphaned(interruption)
    with pytest.raises(Interrupted):
        sleep(0.01)
    assert interruption.signal_number == signal.SIGHUP
