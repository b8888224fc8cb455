# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.health_lines import fold, is_calm, newest

NAME = "2026/12/01 03:41:52 [worker_healthcheck]"
# A minute of a worker that is well, as CloudWatch Logs has it.
MINUTE = [
    f"{NAME} Received TICK_60 event from supervisor",
    f"{NAME} Performing `RQ Worker Healthcheck` check for process name worker-0",
    f"{NAME} Worker rq:worker:8d7cd42ba75a477684d2c9a2c6f3ff4f healthcheck: Is busy? False. Seen lately? True (3 seconds ago)."
    " Has nothing to do? True (0 jobs in watched queues). ==> Is healthy? True",
    f"{NAME} `RQ Worker Healthcheck` check succeeded for process worker-0",
    "RESULT 2",
    "OKREADY",
]
PING = "[2026-12-01 03:41:52,193][PID:12][INFO][metrics] method=GET path=/ping endpoint=redash_ping status=200 content_type=text/html"
JOB = "[2026-12-01 03:41:53,001][PID:31][INFO][rq.worker] periodic: 7ca1f3 (refresh)"


@pytest.mark.parametrize("line", [*MINUTE, "READY", "OK", PING + " content_length=5 duration=0.42", f"{MINUTE[0]}\n"])
def test_what_only_says_that_all_is_well_is_calm(line: str) -> None:
    assert is_calm(line)


@pytest.mark.parametrize(
    "line",
    [
        f"{NAME} Worker rq:worker:8d7c healthcheck: Is busy? False. Seen lately? False (91 seconds ago). ==> Is healthy? False",
        f"{NAME} Cannot find worker for hostname ip-10-0-0-1 and pid 9. ==> Is healthy? False",
        f"{NAME} `RQ Worker Healthcheck` check failed for process worker-0. Trying to restart.",
        f"{NAME} `RQ Worker Healthcheck` check raised error for process worker-0: Error 111 connecting to redis:6379.",
        f"{NAME} Trying to stop process worker:worker-0",
        f"{NAME} Failed to start process worker:worker-0: <Fault 60: 'ALREADY_STARTED'>",
        "RESULT 4",
        "FAILREADY",
        PING.replace("status=200", "status=500") + " content_length=5",
        PING.replace("/ping", "/api/queries") + " content_length=5",
        "OK: 3 rows",
        JOB,
        "",
    ],
)
def test_a_check_that_failed_and_what_others_say_is_not(line: str) -> None:
    assert not is_calm(line)


def test_runs_of_calm_lines_are_one_line_each() -> None:
    said = "-e health_checks=true shows them"
    assert fold([*MINUTE, JOB, *MINUTE, *MINUTE, JOB, "READY"], said) == [
        f"(6 lines of health checks that went well; {said})",
        JOB,
        f"(12 lines of health checks that went well; {said})",
        JOB,
        f"(1 line of health checks that went well; {said})",
    ]
    assert fold([], said) == []
    assert fold([JOB], said) == [JOB]


def test_the_newest_lines_are_counted_without_the_calm_ones() -> None:
    lines = ["first", *MINUTE, "second", *MINUTE, "third", *MINUTE]
    assert newest(lines, 2, "x") == [
        "second",
        "(6 lines of health checks that went well; x)",
        "third",
        "(6 lines of health checks that went well; x)",
    ]
    assert newest(lines, 9, "x")[0] == "first"
    assert newest(lines, 0, "x") == []
    assert newest(MINUTE, 3, "x") == ["(6 lines of health checks that went well; x)"]
