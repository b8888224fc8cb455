# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person sees of a step."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from demo import show


def lines(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Each line says that 0 s have passed. What is returned waits for so many of them, however slow the machine is."""
    shown = threading.Semaphore(0)

    def elapsed(seconds: float) -> str:
        shown.release()
        return "0 s"

    def wait_for(number: int) -> None:
        for _line in range(number):
            assert shown.acquire(timeout=60)

    monkeypatch.setattr(show, "_elapsed", elapsed)
    return wait_for


def test_a_short_step_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with show.step("Doing it"):
        pass
    assert capsys.readouterr().out == "  Doing it ...\n"


def test_a_long_step_shows_that_it_is_alive(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for = lines(monkeypatch)
    monkeypatch.setattr(show, "LOG_PERIOD", 0.001)
    with show.step("Doing it"):
        wait_for(2)
    assert capsys.readouterr().out.count("  Doing it ... 0 s\n") >= 2


def test_a_failed_step_says_so_and_lets_the_error_through(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no"), show.step("Doing it"):
        raise ValueError("no")
    assert capsys.readouterr().out.endswith("  Doing it ... 0 s, failed\n")


def test_on_a_terminal_no_line_that_is_written_over_itself_is_wider_than_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for = lines(monkeypatch)
    monkeypatch.setattr(show, "TERMINAL_PERIOD", 0.001)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(show.sys.stdout, "isatty", lambda: True)
    with show.step("Installing many packages that nobody has ever heard of"):
        wait_for(3)
    *live, end = capsys.readouterr().out.split("\r")
    assert len(live) >= 3
    assert {len(line) for line in live} == {39}
    assert all(line.endswith("... 0 s") for line in live)
    assert end == "  Installing many packages that nobody has ever heard of ... 0 s, done\n"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.9, "59 s"), (60, "1 min 00 s"), (125, "2 min 05 s")])
def test_elapsed_time_in_words(seconds: float, text: str) -> None:
    assert show._elapsed(seconds) == text
