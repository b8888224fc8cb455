# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a long-running piece of work is handed: clients, a clock, a place to report to.

The work of redash_ecs_task, redash_ecs_service and redash_terraform is one function each,
``run(params, context) -> result``. The action plugin calls it on the controller with a ``report`` that
shows lines as they come; the module of the same name calls it with one that collects them. Neither the
function nor its tests know which of the two it is.
"""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any


class Interrupted(BaseException):
    """SIGINT or SIGTERM arrived: Ctrl-C, an AWX cancel, a task ``timeout``.

    A BaseException like KeyboardInterrupt: no ``except Exception`` on the way may swallow it.
    """

    def __init__(self, signal_number: int) -> None:
        self.signal_name = signal.Signals(signal_number).name
        super().__init__(self.signal_name)


@dataclass(frozen=True)
class Clock:
    """Time, handed in, so that a test decides what time it is.

    ``monotonic`` and ``sleep`` are in seconds; ``now`` is seconds since the epoch (AWS's timestamps).
    """

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time


def _ignore(line: str) -> None:
    pass


@dataclass
class Context:
    """Everything with an effect that a ``run`` function may use.

    ``client``      service name (``ecs``, ``logs``) -> a boto3 client; ``region=`` for another than the connection's
    ``report``      called with each line that a person should see now; lines hold no line break
    ``check_mode``  change nothing, say what would change
    ``diff_mode``   the caller wants before and after
    ``random``      jitter comes from here
    """

    client: Callable[..., Any]
    report: Callable[[str], None] = _ignore
    check_mode: bool = False
    diff_mode: bool = False
    clock: Clock = field(default_factory=Clock)
    random: random.Random = field(default_factory=random.Random)


@dataclass
class Interruption:
    """Whether the block has been interrupted; ``signal_number`` is None until then."""

    signal_number: int | None = None


@contextlib.contextmanager
def interruptible() -> Iterator[Interruption]:
    """Turn the first SIGINT or SIGTERM inside the block into Interrupted; ignore any after it.

    The work gets one chance to clean up, undisturbed by an impatient second Ctrl-C. In Ansible's worker
    processes ``finally`` does not run on a signal (seen on ansible-core 2.19 and 2.21), so without this
    an interrupted play would leave its ECS task running and say nothing.
    """

    def interrupt(signal_number: int, frame: FrameType | None) -> None:
        for number in handled:
            signal.signal(number, signal.SIG_IGN)
        interruption.signal_number = signal_number
        raise Interrupted(signal_number)

    interruption = Interruption()
    handled = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in handled}
    for number in handled:
        signal.signal(number, interrupt)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
