# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Redash logs each minute although all is well, folded into one line.

Redash's own words, from redash/cli/rq.py, worker.conf and redash/metrics/request.py of 9.0.0-beta to 26.3.0; the other words are of
supervisor_checks 0.8.1 and of supervisord's protocol with an event listener, which supervisord logs, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Only what says that all is well. A check that failed, and what was done about it, stays to be seen.
_CALM = (
    re.compile(
        r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[worker_healthcheck\] (?:"
        r"Received TICK_60 event from supervisor"
        r"|Performing `[^`]*` check for process name \S+"
        r"|Worker .* ==> Is healthy\? True"
        r"|`[^`]*` check succeeded for process \S+"
        r"|No processes in state RUNNING found for process \S+"
        r")"
    ),
    # READY, then OK for each event; without a line break between, where supervisord read both at once.
    re.compile(r"READY|RESULT 2|OK(?:READY)?"),
    # The load balancer's.
    re.compile(r"\[.*\]\[metrics\] method=GET path=/ping endpoint=\S* status=200 .*"),
)


def is_calm(line: str) -> bool:
    """Whether the line says no more than that a health check went well."""
    return any(pattern.fullmatch(line.strip()) for pattern in _CALM)


def fold(lines: Sequence[str], show: str) -> list[str]:
    """``lines`` with each run of calm ones as one that tells how many they were; ``show`` says how to see them."""
    folded: list[str] = []
    calm = 0
    for line in [*lines, None]:
        if line is not None and is_calm(line):
            calm += 1
            continue
        if calm:
            folded.append(f"({calm} {'line' if calm == 1 else 'lines'} of health checks that went well; {show})")
            calm = 0
        if line is not None:
            folded.append(line)
    return folded


def newest(lines: Sequence[str], count: int, show: str) -> list[str]:
    """The newest ``count`` of the lines that say something, with those between them folded; ``count`` 0 is none."""
    kept = [position for position, line in enumerate(lines) if not is_calm(line)]
    begin = kept[-count] if 0 < count <= len(kept) else 0
    return fold(lines[begin:], show) if count else []
