# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person sees: one line per step, and a sign of life from those that take long. Standard library only."""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from collections.abc import Iterator

# Seconds. On a terminal the line itself is kept up to date; in a log a new line now and then is enough.
TERMINAL_PERIOD = 1.0
LOG_PERIOD = 15.0


def say(text: str = "") -> None:
    print(text, flush=True)


def _elapsed(seconds: float) -> str:
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s" if seconds >= 60 else f"{int(seconds)} s"


@contextlib.contextmanager
def step(doing: str) -> Iterator[None]:
    """Announce ``doing`` and show how long it has been going on until the block ends."""
    started = time.monotonic()
    terminal = sys.stdout.isatty()
    ended = threading.Event()

    def line(end: str) -> str:
        return f"  {doing} ... {_elapsed(time.monotonic() - started)}{end}"

    def fitting() -> str:
        """For a line that is written over itself: one wider than the terminal would go on below, again and again."""
        text = line("")
        too_much = len(text) - (shutil.get_terminal_size().columns - 1)
        if too_much > 0:
            return text.replace(doing, doing[: max(0, len(doing) - too_much)].rstrip(), 1)
        return text

    def live() -> None:
        while not ended.wait(TERMINAL_PERIOD if terminal else LOG_PERIOD):
            print(f"{fitting()}\r" if terminal else line("\n"), end="", flush=True)

    if terminal:
        print(f"{fitting()}\r", end="", flush=True)
    else:
        print(f"  {doing} ...", flush=True)
    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        ended.set()
        thread.join()
        if terminal or outcome == "failed" or time.monotonic() - started >= 2:
            print(line(f", {outcome}"), flush=True)
