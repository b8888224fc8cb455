# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slowing down while AWS throttles, and waiting before a start is tried again; test_task_pace.py tells when tasks are looked at."""

from __future__ import annotations

import random

from ansible_collections.redash.ecs.plugins.module_utils.core.pace import SLOWEST, Pace, retry_delay


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
