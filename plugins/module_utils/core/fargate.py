# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Task sizes that AWS Fargate takes.

CPU is counted in CPU units (1024 = 1 vCPU), memory in MiB, both for a whole task. The table is the one
of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
"""

from __future__ import annotations

import math
import re

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError


def _gib(first: int, last: int, step: int = 1) -> list[int]:
    return [gib * 1024 for gib in range(first, last + 1, step)]


FARGATE_SIZES: dict[int, list[int]] = {
    256: [512, 1024, 2048],
    512: _gib(1, 4),
    1024: _gib(2, 8),
    2048: _gib(4, 16),
    4096: _gib(8, 30),
    8192: _gib(16, 60, 4),
    16384: _gib(32, 120, 8),
    # Since 2026, Linux only: these three and none between.
    32768: [gib * 1024 for gib in (60, 120, 244)],
}

CPU = re.compile(r"(\d+|\d*\.\d+)\s*vcpu", re.IGNORECASE)
MEMORY = re.compile(r"(\d+|\d*\.\d+|\d+\.)\s*gb", re.IGNORECASE)


def parse_cpu(cpu: str | int, where: str = "cpu") -> int:
    """CPU units from what RegisterTaskDefinition takes: ``1024``, ``"1024"``, ``"1 vCPU"``, ``".25 vCPU"``.

    Raises RedashError when it is none of these. Whether Fargate has that size is check_size's question.
    """
    text = str(cpu).strip()
    if re.fullmatch(r"[0-9]+", text):
        return int(text)
    if match := CPU.fullmatch(text):
        return round(float(match[1]) * 1024)
    raise RedashError(Problem(f"{cpu!r} is not a CPU size", where, "Write CPU units (1024) or vCPUs (1 vCPU)."))


def parse_memory(memory: str | int, where: str = "memory") -> int:
    """MiB from what RegisterTaskDefinition takes: ``2048``, ``"2048"``, ``"2GB"``, ``"2.0 GB"`` (1 GB = 1024 MiB).

    Raises RedashError when it is none of these. Whether Fargate has that size is check_size's question.
    """
    text = str(memory).strip()
    if re.fullmatch(r"[0-9]+", text):
        return int(text)
    if match := MEMORY.fullmatch(text):
        return round(float(match[1]) * 1024)
    raise RedashError(Problem(f"{memory!r} is not a memory size", where, "Write MiB (2048) or GB (2GB)."))


def nearest_sizes(cpu: int, memory: int, count: int = 3) -> list[tuple[int, int]]:
    """The ``count`` Fargate sizes (CPU units, MiB) nearest to the one given, ordered by size.

    Nearest is by ratio: 512 is as far from 1024 as 2048 is. The nearest that is smaller in nothing is
    always among them, so that there is one which holds what was meant to run.
    """

    def distance(size: tuple[int, int]) -> float:
        # A size of 0 has no ratio; 1 is as good as nothing.
        return abs(math.log2(size[0] / max(cpu, 1))) + abs(math.log2(size[1] / max(memory, 1)))

    ranked = sorted(((c, m) for c, memories in FARGATE_SIZES.items() for m in memories), key=distance)
    nearest = ranked[:count]
    holding = next((size for size in ranked if size[0] >= cpu and size[1] >= memory), None)
    if holding and holding not in nearest:
        nearest[-1] = holding
    return sorted(nearest)


def in_words(sizes: list[tuple[int, int]]) -> str:
    """``cpu 512 with memory 1024, or cpu 512 with memory 2048``."""
    return ", or ".join(f"cpu {cpu} with memory {memory}" for cpu, memory in sizes)


def check_size(cpu: int, memory: int, where: str) -> list[Problem]:
    """What is wrong with a Fargate task of ``cpu`` units and ``memory`` MiB: nothing, or one problem that
    names the nearest sizes. ``where`` is the option or file that the size stands in."""
    memories = FARGATE_SIZES.get(cpu)
    if memories and memory in memories:
        return []
    what = f"cpu {cpu} with memory {memory} MiB is not a Fargate size"
    if not memories:
        what += f" (cpu is one of {', '.join(map(str, FARGATE_SIZES))})"
    return [Problem(what, where, f"Nearest: {in_words(nearest_sizes(cpu, memory))}.")]


def smallest_holding(memory: int, cpu: int) -> tuple[int, int] | None:
    """The smallest Fargate size with at least ``memory`` MiB and ``cpu`` units; None if none is big enough."""
    fitting = [(c, m) for c, memories in FARGATE_SIZES.items() for m in memories if c >= cpu and m >= memory]
    return min(fitting, default=None)
