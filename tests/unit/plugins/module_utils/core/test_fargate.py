# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fargate's sizes: what is read from a person, what is refused, and what is offered instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.fargate import (
    FARGATE_SIZES,
    _gib,
    check_size,
    in_words,
    nearest_sizes,
    parse_cpu,
    parse_memory,
    smallest_holding,
)


@pytest.mark.parametrize(
    ("written", "units"),
    [
        ("1024", 1024),
        (256, 256),
        ("1 vCPU", 1024),
        ("1vcpu", 1024),
        (".25 vCPU", 256),
        ("0.5 vCPU", 512),
        ("16 vCPU", 16384),
        (" 512 ", 512),
        ("2 VCPU", 2048),
    ],
)
def test_cpu_is_read_in_every_form_that_ecs_takes(written: str | int, units: int) -> None:
    assert parse_cpu(written) == units


@pytest.mark.parametrize(
    ("written", "mib"),
    [
        ("2048", 2048),
        (512, 512),
        ("2GB", 2048),
        ("2.0GB", 2048),
        ("0.5 GB", 512),
        ("120 gb", 122880),
        (" 512 ", 512),
        ("2. GB", 2048),
        (".5GB", 512),
    ],
)
def test_memory_is_read_in_every_form_that_ecs_takes(written: str | int, mib: int) -> None:
    assert parse_memory(written) == mib


@pytest.mark.parametrize("written", ["", "one", "1 CPU", "-256", "1.5", True, "1024 units", "\u00b2", "1. vCPU", "1 vCPUs", "x1 vCPU"])
def test_what_is_no_cpu_is_refused_with_its_place(written: str) -> None:
    todo = "Write CPU units (1024) or vCPUs (1 vCPU)."
    for where, place in ((("redash_task_size.cpu",), "redash_task_size.cpu"), ((), "cpu")):
        with pytest.raises(RedashError) as caught:
            parse_cpu(written, *where)
        assert str(caught.value) == f"{place}: {written!r} is not a CPU size. {todo}"


@pytest.mark.parametrize("written", ["", "2G", "2048MB", "2 GiB", "-1", "1.5", False, "two GB", "2GBs", "x2GB"])
def test_what_is_no_memory_is_refused_with_its_place(written: str) -> None:
    todo = "Write MiB (2048) or GB (2GB)."
    for where, place in ((("redash_task_size.memory",), "redash_task_size.memory"), ((), "memory")):
        with pytest.raises(RedashError) as caught:
            parse_memory(written, *where)
        assert str(caught.value) == f"{place}: {written!r} is not a memory size. {todo}"


def test_a_range_of_gib_includes_both_ends_and_is_counted_in_mib() -> None:
    assert _gib(1, 3) == [1024, 2048, 3072]
    assert _gib(16, 24, 4) == [16384, 20480, 24576]


def test_the_table_ends_where_fargate_ends() -> None:
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
    edges = {cpu: (memories[0], memories[-1], len(memories)) for cpu, memories in FARGATE_SIZES.items()}
    assert FARGATE_SIZES[256] == [512, 1024, 2048]
    assert FARGATE_SIZES[8192][1] - FARGATE_SIZES[8192][0] == 4096
    assert FARGATE_SIZES[16384][1] - FARGATE_SIZES[16384][0] == 8192
    assert edges == {
        256: (512, 2048, 3),
        512: (1024, 4096, 4),
        1024: (2048, 8192, 7),
        2048: (4096, 16384, 13),
        4096: (8192, 30720, 23),
        8192: (16384, 61440, 12),
        16384: (32768, 122880, 12),
        32768: (61440, 249856, 3),
    }


@pytest.mark.parametrize(
    ("cpu", "memory", "message"),
    [
        (
            1024,
            1024,
            "redash_task_size: cpu 1024 with memory 1024 MiB is not a Fargate size. "
            "Nearest: cpu 512 with memory 1024, or cpu 1024 with memory 2048, or cpu 1024 with memory 3072.",
        ),
        (
            300,
            512,
            "redash_task_size: cpu 300 with memory 512 MiB is not a Fargate size "
            "(cpu is one of 256, 512, 1024, 2048, 4096, 8192, 16384, 32768). "
            "Nearest: cpu 256 with memory 512, or cpu 256 with memory 1024, or cpu 512 with memory 1024.",
        ),
    ],
)
def test_a_pair_that_fargate_has_not_is_answered_with_the_nearest(cpu: int, memory: int, message: str) -> None:
    assert [str(problem) for problem in check_size(cpu, memory, "redash_task_size")] == [message]


def test_every_size_of_the_table_is_good() -> None:
    assert [problem for cpu, memories in FARGATE_SIZES.items() for memory in memories for problem in check_size(cpu, memory, "")] == []


@given(cpu=st.integers(0, 40000), memory=st.integers(0, 250000))
def test_what_is_offered_is_always_valid_and_holds_what_was_asked_where_any_size_does(cpu: int, memory: int) -> None:
    offered = nearest_sizes(cpu, memory)
    assert offered
    assert all(m in FARGATE_SIZES[c] for c, m in offered)
    if cpu <= 32768 and memory <= 249856:
        assert any(c >= cpu and m >= memory for c, m in offered)


def test_the_smallest_size_that_holds_a_need() -> None:
    assert smallest_holding(1585, 256) == (256, 2048)
    assert smallest_holding(2049, 1024) == (1024, 3072)
    assert smallest_holding(9000, 256) == (2048, 9216)
    assert smallest_holding(200000, 256) == (32768, 249856)
    assert smallest_holding(250000, 256) is None


@pytest.mark.parametrize(
    ("memory", "cpu", "size"),
    [
        (2048, 256, (256, 2048)),
        (2049, 256, (512, 3072)),
        (512, 257, (512, 1024)),
        (122880, 16384, (16384, 122880)),
        (122881, 256, (32768, 249856)),
        (512, 16385, (32768, 61440)),
        (249857, 256, None),
        (512, 32769, None),
        (0, 0, (256, 512)),
    ],
)
def test_a_size_holds_a_need_that_is_as_big_as_itself(memory: int, cpu: int, size: tuple[int, int] | None) -> None:
    assert smallest_holding(memory, cpu) == size


@pytest.mark.parametrize(
    ("cpu", "memory", "count", "sizes"),
    [
        (256, 512, 1, [(256, 512)]),
        (256, 513, 1, [(256, 1024)]),
        (257, 512, 1, [(512, 1024)]),
        (16384, 122880, 2, [(16384, 114688), (16384, 122880)]),
        (16385, 122880, 1, [(32768, 122880)]),
        (100000, 1000000, 2, [(32768, 122880), (32768, 249856)]),
        (0, 0, 3, [(256, 512), (256, 1024), (256, 2048)]),
        (2, 512, 1, [(256, 512)]),
        (1024, 512, 3, [(512, 1024), (1024, 2048), (256, 512)]),
    ],
)
def test_the_nearest_are_by_ratio_and_one_of_them_is_smaller_in_nothing(
    cpu: int, memory: int, count: int, sizes: list[tuple[int, int]]
) -> None:
    assert nearest_sizes(cpu, memory, count) == sorted(sizes)


def test_sizes_in_words() -> None:
    assert in_words([(256, 512), (512, 1024)]) == "cpu 256 with memory 512, or cpu 512 with memory 1024"
    assert in_words([(256, 512)]) == "cpu 256 with memory 512"
