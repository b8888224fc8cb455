# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slowing down while AWS throttles, and waiting before a start is tried again; test_task_pace.py tells when tasks are looked at."""

from __future__ import annotations

import random

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.pace import DRAIN, LOG, SLOWEST, Looks, Pace, retry_delay


def test_nothing_is_stretched_while_aws_answers() -> None:
    pace = Pace(random.Random(1))
    assert [pace.of(1.4) for _look in range(5)] == [1.4] * 5


def test_each_throttled_answer_doubles_the_interval_and_answers_bring_it_back() -> None:
    pace = Pace(random.Random(1))
    for _look in range(3):
        pace.throttled()
    assert 8 * 0.7 <= pace.of(1.0) <= 8 * 1.3
    for _look in range(40):
        pace.answered()
    assert pace.of(1.0) == 1.0


def test_however_hard_aws_throttles_a_task_is_looked_at_again() -> None:
    pace = Pace(random.Random(1))
    for _look in range(50):
        pace.throttled()
    assert max(pace.of(3.2) for _look in range(100)) <= SLOWEST * 1.3


def test_those_that_collided_part() -> None:
    waits = set()
    for seed in range(20):
        pace = Pace(random.Random(seed))
        pace.throttled()
        waits.add(round(pace.of(1.0), 3))
    assert len(waits) > 15


def test_retries_wait_longer_each_time_with_jitter_and_an_end() -> None:
    for attempt, middle in ((1, 5), (2, 15), (3, 45), (4, 120), (9, 120)):
        delays = [retry_delay(attempt, random.Random(seed)) for seed in range(50)]
        assert middle * 0.75 <= min(delays) < middle < max(delays) <= middle * 1.25


class Highest(random.Random):
    """The most of what chance may give."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def test_the_longest_waits_there_are() -> None:
    pace = Pace(Highest())
    for _look in range(9):
        pace.throttled()
    assert pace.factor == 32
    assert pace.of(0.5) == 0.5 * 32 * 1.3
    assert pace.of(3.2) == 20 * 1.3
    assert [retry_delay(attempt, Highest()) for attempt in (1, 3, 4, 9)] == [5 * 1.25, 45 * 1.25, 120 * 1.25, 120 * 1.25]
    assert LOG < 2  # a line is shown at most two seconds after it is in CloudWatch
    assert DRAIN < 1


@pytest.mark.parametrize(
    ("pending_for", "starting", "quiet_for", "seconds"),
    [
        (0.0, False, None, 1.5),
        (4.4, False, None, 1.5),
        (4.5, False, None, 6.0),
        (60.0, False, None, 6.0),
        (60.0, True, None, 1.0),
        # A line came, so something runs.
        (60.0, False, 0.0, 1.0),
        (60.0, False, 4.0, 1.0),
        (60.0, False, 4.1, 6.0),
    ],
)
def test_when_a_task_is_looked_at_that_does_not_run_yet(
    pending_for: float, starting: bool, quiet_for: float | None, seconds: float
) -> None:
    assert Looks().interval(pending_for, None, starting=starting, quiet_for=quiet_for) == seconds
    assert Looks().interval(60.0, None) == 6.0


@pytest.mark.parametrize(
    ("made", "running_for", "quiet_for", "seconds"),
    [
        # Often at first, while there are plenty of looks to spare; then in proportion to what has passed.
        (0, 0.0, None, 0.5),
        (5, 0.0, None, 0.5),
        (6, 0.0, None, 0.8),
        (6, 1.6, None, 0.8),
        (0, 4.0, None, 1.0),
        (0, 5.2, None, 1.3),
        (0, 8.0, None, 1.4),
        (0, 60.0, None, 1.4),
        # Three looks are kept for the seconds after a line.
        (18, 20.0, None, 1.4),
        (19, 20.0, None, 3.2),
        (19, 20.8, None, 3.2),
        (19, 20.0, 4.1, 3.2),
        (19, 20.0, 4.0, 1.3),
        (20, 20.0, 0.0, 1.3),
        (21, 20.8, 0.0, 1.3),
        (21, 20.0, 0.0, 3.2),
        (0, 0.0, 0.0, 0.5),
        (0, 60.0, 4.1, 1.4),
        # After two minutes only a line makes it quicker.
        (0, 119.9, None, 1.4),
        (0, 120.0, None, 3.2),
        (0, 130.0, 0.0, 1.3),
        (0, 130.0, None, 3.2),
    ],
)
def test_when_a_task_is_looked_at_that_runs(made: int, running_for: float, quiet_for: float | None, seconds: float) -> None:
    looks = Looks()
    for _look in range(made):
        looks.made()
    assert looks.interval(99.0, running_for, quiet_for=quiet_for) == seconds


def test_every_two_minutes_have_their_own_looks() -> None:
    looks = Looks()
    for _look in range(50):
        looks.made()
    assert looks.interval(9.0, 119.0, quiet_for=0.0) == 1.3
    assert looks.interval(9.0, 60.0, quiet_for=0.0) == 3.2
    assert looks.interval(9.0, 120.0, quiet_for=0.0) == 1.3
    for _look in range(14):
        looks.made()
    assert looks.interval(9.0, 120.0, quiet_for=0.0) == 1.3
    looks.made()
    assert looks.interval(9.0, 120.0, quiet_for=0.0) == 3.2
    assert looks.interval(9.0, 250.0, quiet_for=0.0) == 1.3
