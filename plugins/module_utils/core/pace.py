# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How often to ask: seldom while nothing can have happened, often while it matters, slower when AWS says so.

Limits are per account and region: DescribeTasks 20 a second sustained, GetLogEvents about 10. Many runs
at once share them without knowing of each other, so each one halves its rate on every throttled answer and
recovers slowly, as TCP does.
"""

from __future__ import annotations

import random

PENDING_FIRST = 1.5  # seconds between looks while a task starts: Fargate needs 20 to 60 s
PENDING = 3.0
PENDING_FIRST_FOR = 4.5
RUNNING_FIRST = 0.5  # most commands last seconds, so the first looks come quickly ...
RUNNING = 3.0  # ... and the delay stays in proportion to what has passed: 58 calls in two minutes
RUNNING_SHARE = 6
LOG = 1.9  # a line is shown at most 2 s after it is in CloudWatch
DRAIN = 0.4

FACTOR_MAX = 32.0


def task_interval(*, running_for: float | None, pending_for: float) -> float:
    """Seconds until the next DescribeTasks. ``running_for`` is None while no container runs."""
    if running_for is None:
        return PENDING_FIRST if pending_for < PENDING_FIRST_FOR else PENDING
    return min(RUNNING, max(RUNNING_FIRST, running_for / RUNNING_SHARE))


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
        return interval * self.factor * self._random.uniform(0.7, 1.3)


def retry_delay(attempt: int, rng: random.Random) -> float:
    """Seconds before try number ``attempt`` + 1 (5, 15, 45, ... up to 2 minutes), with jitter."""
    return min(120.0, 5.0 * 3 ** (attempt - 1)) * rng.uniform(0.75, 1.25)
