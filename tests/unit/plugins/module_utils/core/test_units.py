# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import units
from ansible_collections.redash.ecs.plugins.module_utils.core.units import duration_in_seconds, float_text, size_in_bytes

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512m", 512 * MIB),
        ("0.5g", 512 * MIB),
        ("1gb", 1024 * MIB),
        ("2GiB", 2048 * MIB),
        ("64 M", 64 * MIB),
        ("1500k", 1500 * 1024),
        ("4096", 4096),
        ("1t", 1 << 40),
        ("7b", 7),
        ("1p", 1 << 50),
        ("4096p", 1 << 62),
        ("7".zfill(40), 7),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert size_in_bytes(text) == size


@pytest.mark.parametrize(
    "text", ["", "m", "-1m", "1.m", "1x", "1.5.2g", "1 mb ", "9" * 50, "999999999p", "4097p", "7".zfill(41), "\uff11m"]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        size_in_bytes(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1m30s", 90),
        ("1.5h", 5400),
        ("500ms", 0),
        ("1999ms", 1),
        ("0", 0),
        ("+0", 0),
        ("-0", 0),
        ("-5s", -5),
        ("1h2m3s4ms", 3723),
        (".5m", 30),
        ("1000000000ns", 1),
        ("1000000us", 1),
        ("1000000\u00b5s", 1),
        ("1000000\u03bcs", 1),
        ("1s".zfill(60), 1),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert duration_in_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "s", "1d", "1 s", "1s ", "1m30", "9" * 70 + "s", "1s".zfill(61), "\uff11s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        duration_in_seconds(text)


def test_of_a_text_that_is_too_long_its_beginning_is_shown() -> None:
    with pytest.raises(ValueError, match=f"^'{'9' * 40}' is not a size$"):
        size_in_bytes("9" * 50)
    with pytest.raises(ValueError, match=f"^'{'9' * 60}' is not a duration$"):
        duration_in_seconds("9" * 70)
    assert units.MIB == MIB


@pytest.mark.parametrize(
    ("number", "plain", "with_exponent"),
    [
        (1.5, "1.5", "1.5"),
        (2.0, "2", "2"),
        (1000000.0, "1000000", "1e+06"),
        (123456.5, "123456.5", "123456.5"),
        (1234567.5, "1234567.5", "1.2345675e+06"),
        (0.0001, "0.0001", "0.0001"),
        (0.00001, "0.00001", "1e-05"),
        (-2.5e-7, "-0.00000025", "-2.5e-07"),
        (0.0, "0", "0"),
        (float("inf"), "+Inf", "+Inf"),
        (float("-inf"), "-Inf", "-Inf"),
        (float("nan"), "NaN", "NaN"),
    ],
)
def test_floats_as_go_writes_them(number: float, plain: str, with_exponent: str) -> None:
    assert float_text(number, exponent=False) == plain
    assert float_text(number, exponent=True) == with_exponent
