# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sizes, durations and numbers as Go's libraries read and write them, because Compose tools are written in Go."""

from __future__ import annotations

import re
from decimal import Decimal

MIB = 1024 * 1024

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
# https://pkg.go.dev/time#ParseDuration
_DURATION = re.compile(r"([-+]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "μs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
_LARGEST = 1 << 62


def size_in_bytes(text: str) -> int:
    """``512m``, ``0.5g``, ``1gb``, ``2GiB``, ``64 M`` -> bytes; all units are powers of 1024. Raises ValueError."""
    match = _SIZE.fullmatch(text)
    if not match or len(text) > 40:
        raise ValueError(f"{text[:40]!r} is not a size")
    size = int(Decimal(match.group(1)) * 1024 ** _POWERS[match.group(2).lower()])
    if size > _LARGEST:
        raise ValueError(f"{text!r} is not a size")
    return size


def duration_in_seconds(text: str) -> int:
    """``1m30s``, ``1.5h``, ``500ms`` -> whole seconds, the rest cut off. Raises ValueError."""
    if text in ("0", "+0", "-0"):
        return 0
    match = _DURATION.fullmatch(text)
    if not match or len(text) > 60:
        raise ValueError(f"{text[:60]!r} is not a duration")
    seconds = sum((Decimal(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text)), Decimal(0))
    return -int(seconds) if match.group(1) == "-" else int(seconds)


def float_text(number: float, *, exponent: bool) -> str:
    """A float as Go writes it: ``strconv.FormatFloat(x, 'f', -1, 64)``, or with ``exponent`` as ``fmt.Sprint(x)``."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "+Inf" if number > 0 else "-Inf"
    plain = format(Decimal(repr(number)), "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    if not exponent or number == 0:
        return plain
    # Go's %v of a float64 goes over to exponents below 1e-4 and from 1e+06 on.
    magnitude = Decimal(repr(number)).adjusted()
    if -4 <= magnitude < 6:
        return plain
    digits = Decimal(repr(number)).normalize()
    sign = "-" if number < 0 else ""
    figures = "".join(map(str, digits.as_tuple().digits))
    mantissa = figures[0] + ("." + figures[1:] if len(figures) > 1 else "")
    return f"{sign}{mantissa}e{'-' if magnitude < 0 else '+'}{abs(magnitude):02d}"
