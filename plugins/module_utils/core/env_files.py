# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Env files, in the three dialects that Compose has had.

All three take ``NAME=value`` lines and ``#`` comments. Version 1 and 2 (libcompose) and version 3 (docker/cli)
keep quotes as part of the value; the Compose Specification removes them and knows inline comments,
``export`` and variables in values.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ansible_collections.redash.ecs.plugins.module_utils.core.interpolation import InterpolationError, Lookup, interpolate

# What Go's unicode.IsSpace accepts. Python's str.strip() would also remove the separators 0x1c to 0x1f.
GO_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
BOM = "\ufeff"


class EnvFileError(ValueError):
    """A line that cannot be read: ``line`` is its number, from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n")]


def add_libcompose(variables: list[str], text: str) -> None:
    """Append the lines of one file to ``variables`` (``NAME=value`` or ``NAME``), as libcompose does for version 1 and 2.

    A line is skipped when a variable before it starts with its name and equals sign. So what stands earlier
    wins, within a file too; a name without a value is no match for the same name with one; and a line
    ``NAME`` is lost to any variable that begins with those letters.
    """
    for line in _lines(text):
        line = line.strip(GO_SPACE)
        if not line or line.startswith("#"):
            continue
        name, equals, _ = line.partition("=")
        if not any(variable.startswith(name + equals) for variable in variables):
            variables.append(line)


def parse_docker(text: str, lookup: Lookup) -> list[tuple[str, str]]:
    """The variables of one file as docker/cli reads it for version 3; a bare ``NAME`` takes its value from ``lookup`` or is dropped.

    Raises EnvFileError.
    """
    variables: list[tuple[str, str]] = []
    for number, line in enumerate(_lines(text.removeprefix(BOM)), start=1):
        line = line.lstrip(GO_SPACE)
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if " " in name or "\t" in name:
            raise EnvFileError(number, f"the variable name {name!r} holds white space")
        if not name:
            raise EnvFileError(number, "there is no variable name before =")
        if equals:
            variables.append((name, value))
        else:
            from_shell = lookup(name)
            if from_shell is not None:
                variables.append((name.strip(GO_SPACE), from_shell))
    return variables


_NAME = re.compile(r"(?:export[ \t]+)?([^\s=:#'\"$]+)[ \t]*(=|:(?=[ \t])|$)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "$": "$$"}


def parse_specification(text: str, lookup: Lookup, unset: Callable[[str], None]) -> list[tuple[str, str | None]]:
    """The variables of one file by the Compose Specification; the value is None for a bare ``NAME``.

    ``lookup`` and the variables above a line fill in ``$NAME`` in unquoted and double-quoted values.
    Raises EnvFileError.
    """
    variables: list[tuple[str, str | None]] = []
    known: dict[str, str] = {}

    def find(name: str) -> str | None:
        value = lookup(name)
        return known.get(name) if value is None else value

    lines = _lines(text.removeprefix(BOM))
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        number += 1
        if not line or line.startswith("#"):
            continue
        match = _NAME.match(line)
        if not match:
            raise EnvFileError(number, f"{line.partition('=')[0][:40]!r} is not a variable name")
        name = match.group(1)
        if not match.group(2):
            variables.append((name, None))
            continue
        rest = line[match.end() :].lstrip()
        start = number
        try:
            if rest[:1] in ("'", '"'):
                quote = rest[0]
                # A quoted value may go over several lines.
                while _closing(rest, quote) < 0 and number < len(lines):
                    rest += "\n" + lines[number]
                    number += 1
                end = _closing(rest, quote)
                if end < 0:
                    raise EnvFileError(start, f"the quote that opens the value of {name} is never closed")
                value = rest[1:end]
                if quote == '"':
                    value = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape.group(1), "\\" + escape.group(1)), value)
                    value = interpolate(value, find, unset)
                else:
                    value = value.replace("\\'", "'")
            else:
                value = interpolate(re.split(r"(?:^|\s)#", rest, maxsplit=1)[0].rstrip(), find, unset)
        except InterpolationError as error:
            raise EnvFileError(start, str(error)) from None
        variables.append((name, value))
        known[name] = value
    return variables


def _closing(text: str, quote: str) -> int:
    """Where the quote that opens ``text`` is closed, or -1."""
    position = 1
    while position < len(text):
        if text[position] == "\\":
            position += 2
        elif text[position] == quote:
            return position
        else:
            position += 1
    return -1
