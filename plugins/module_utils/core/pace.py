# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How often to ask: seldom while nothing can have happened, often while it matters, slower when AWS says so.

Limits are per account and region: DescribeTasks 20 a second sustained, GetLogEvents about 10. Many runs
at once share them without knowing of each other, so each one halves its rate on every throttled answer and
recovers slowly, as TCP does.
"""

from __future__ import annotations

import random

# What a run of two minutes may ask of ECS, and how much of that other calls than DescribeTasks take:
# DescribeTaskDefinition, DescribeClusters, DescribeServices, ListTasks (twice), RunTask; one for a lock.
PERIOD = 120.0
ECS_CALLS = 60
OTHER_CALLS = 7

# Seconds between two looks at a task.
PENDING_FIRST = 1.5  # it may fail at once
PENDING_FIRST_FOR = 4.5
PENDING = 6.0  # Fargate needs 20 to 60 s
STARTING = 1.0  # the image is there: any moment now, and a short command is over soon after
RUNNING_SOONEST = 0.5  # most commands last seconds; this while there are PLENTY of looks to spare, as after a quick start
PLENTY = 10
RUNNING_FIRST = 0.8
RUNNING_SHARE = 4  # then the delay stays in proportion to what has passed ...
RUNNING = 1.4  # ... up to this, as long as there are looks to spare
HINTED = 1.3  # a line came: ...
HINTED_FOR = 4.0  # ... for so long it may have been the last
FOR_HINTS = 3  # looks that are kept for that
SLOW = 3.2  # nothing tells that it could be over

LOG = 1.9  # a line is shown at most 2 s after it is in CloudWatch
DRAIN = 0.4

FACTOR_MAX = 32.0
SLOWEST = 20.0  # seconds; 400 tasks at once still keep within 20 calls a second


class Looks:
    """When to look at one task (DescribeTasks), so that a command of two minutes takes at most ECS_CALLS.

    At that limit nobody can ask more often than every two or three seconds all the time. So the looks that are not
    needed for asking every SLOW seconds are spent where the end is likely: in the first seconds of a command, and for
    some seconds after a line. Most commands end with one; and the log driver sends what it still holds when its
    container ends, before ECS tells the exit code.
    """

    def __init__(self) -> None:
        self._made = OTHER_CALLS
        self._period = 0

    def made(self) -> None:
        self._made += 1

    def interval(self, pending_for: float, running_for: float | None, *, starting: bool = False, quiet_for: float | None = None) -> float:
        """Seconds from the last look to the next.

        ``running_for`` is None while no container runs, ``starting`` says that its image is there; ``quiet_for`` are
        the seconds since the newest line, None when there is none.
        """
        hinted = quiet_for is not None and quiet_for <= HINTED_FOR
        if running_for is None:
            if starting or hinted:
                return STARTING
            return PENDING_FIRST if pending_for < PENDING_FIRST_FOR else PENDING
        period = int(running_for // PERIOD)
        if period != self._period:
            self._period, self._made = period, OTHER_CALLS
        spare = ECS_CALLS - self._made - ((period + 1) * PERIOD - running_for) / SLOW
        soonest = RUNNING_SOONEST if spare > PLENTY else RUNNING_FIRST
        by_time = min(RUNNING, max(soonest, running_for / RUNNING_SHARE))
        if hinted and spare >= 1:
            return min(HINTED, by_time)
        return by_time if period == 0 and spare > FOR_HINTS else SLOW


class Pace:
    """Stretches intervals while AWS throttles."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self.factor = 1.0

    def throttled(self) -> None:
        self.factor = min(FACTOR_MAX, self.factor * 2)

    def answered(self) -> None:
        self.factor = max(1.0, self.factor * 0.93)

    def of(self, interval: float) -> float:
        """``interval`` as AWS bears it now. Jitter only while throttled, to part those that collided."""
        if self.factor == 1.0:
            return interval
        return min(SLOWEST, interval * self.factor) * self._random.uniform(0.7, 1.3)


def retry_delay(attempt: int, rng: random.Random) -> float:
    """Seconds before try number ``attempt`` + 1 (5, 15, 45, ... up to 2 minutes), with jitter."""
    return min(120.0, 5.0 * 3 ** (attempt - 1)) * rng.uniform(0.75, 1.25)
