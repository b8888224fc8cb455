# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables in Compose files and in ecs-params.yml.

Compose files follow the Compose Specification's interpolation in every version
(https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md). ecs-cli reads ``${NAME:--1}``
as ``1``, lets a default leak into later variables and drops the text after ``$NAME-``; we do not.
ecs-params.yml follows Go's ``os.ExpandEnv``, as ecs-cli does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Lookup = Callable[[str], str | None]

_START = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_NAME = _START | frozenset("0123456789")
# What may stand between a variable's name and the word after it, the longer ones first.
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")
MAX_DEPTH = 50


class InterpolationError(ValueError):
    """The text cannot be interpolated; the message says why, without the file, and ``todo`` what to do."""

    def __init__(self, message: str, todo: str = "Write $$ for a dollar sign.") -> None:
        super().__init__(message)
        self.todo = todo


def interpolate(text: str, lookup: Lookup, unset: Callable[[str], None]) -> str:
    """Replace ``$NAME``, ``${NAME}``, ``${NAME:-default}``, ``${NAME-default}``, ``${NAME:?error}``,
    ``${NAME?error}``, ``${NAME:+replacement}``, ``${NAME+replacement}`` and ``$$``.

    ``lookup`` returns None for a variable that is not set; ``unset`` is told of each that becomes blank.
    Raises InterpolationError.
    """
    if "$" not in text:
        return text
    result, end = _expand(text, 0, lookup, unset, depth=0)
    if end != len(text):
        raise AssertionError(f"stopped at {end} of {len(text)} characters")
    return result


def _expand(text: str, start: int, lookup: Lookup, unset: Callable[[str], None], depth: int) -> tuple[str, int]:
    """Expand from ``start`` to the end of the text, or, inside braces, to the ``}`` that closes them."""
    if depth > MAX_DEPTH:
        raise InterpolationError(f"{text[:80]!r} nests variables too deeply")
    parts: list[str] = []
    position = start
    while position < len(text):
        character = text[position]
        if depth and character == "}":
            return "".join(parts), position
        if character != "$":
            parts.append(character)
            position += 1
            continue
        following = text[position + 1 : position + 2]
        if following == "$":
            parts.append("$")
            position += 2
        elif following == "{":
            value, position = _braced(text, position + 2, lookup, unset, depth + 1)
            parts.append(value)
        elif following and following in _START:
            name = _name_at(text, position + 1)
            parts.append(_value(name, lookup, unset))
            position += 1 + len(name)
        else:
            raise InterpolationError(f"{text!r} has a $ that starts no variable")
    if depth:
        raise InterpolationError(f"{text!r} has a ${{ that is never closed")
    return "".join(parts), position


def _braced(text: str, start: int, lookup: Lookup, unset: Callable[[str], None], depth: int) -> tuple[str, int]:
    name = _name_at(text, start)
    if not name or name[0] not in _START:
        raise InterpolationError(f"{text!r} has a ${{ without a variable name")
    position = start + len(name)
    if text[position : position + 1] == "}":
        return _value(name, lookup, unset), position + 1
    for operator in _OPERATORS:
        if text.startswith(operator, position):
            break
    else:
        raise InterpolationError(f"{text!r} is not a form of ${{{name}}} that Compose knows")
    value = lookup(name)
    given = bool(value) if operator.startswith(":") else value is not None
    # The word counts only where it is used: an unset variable in a default that is not needed is no matter.
    word_is_used = given if operator.endswith("+") else not given
    word, end = _expand(text, position + len(operator), lookup, unset if word_is_used else _nobody, depth)
    if operator.endswith("+"):
        result = word if given else ""
    elif given:
        result = value or ""
    elif operator.endswith("?"):
        lacks = "is not set" if value is None else "is empty"
        raise InterpolationError(f"the variable {name} {lacks}" + (f": {word}" if word else ""), f"Give {name} a value.")
    else:
        result = word
    return result, end + 1


def _nobody(name: str) -> None:
    pass


def _name_at(text: str, start: int) -> str:
    end = start
    while end < len(text) and text[end] in _NAME:
        end += 1
    return text[start:end]


def _value(name: str, lookup: Lookup, unset: Callable[[str], None]) -> str:
    value = lookup(name)
    if value is None:
        unset(name)
        return ""
    return value


def expand_env(text: str, environ: Mapping[str, str], unset: Callable[[str, int], None]) -> str:
    """Go's ``os.ExpandEnv``: ``$NAME`` and ``${anything}``, blank when unset, without escapes and defaults.

    ``unset`` is told the name and the line (from 1) of each variable that becomes blank.
    """
    parts: list[str] = []
    position = 0
    while True:
        dollar = text.find("$", position)
        if dollar < 0 or dollar + 1 >= len(text):
            parts.append(text[position:])
            return "".join(parts)
        parts.append(text[position:dollar])
        name, width = _shell_name(text, dollar + 1)
        if name:
            value = environ.get(name)
            if value is None:
                unset(name, text.count("\n", 0, dollar) + 1)
            parts.append(value or "")
        elif not width:
            parts.append("$")
        position = dollar + 1 + width


_SPECIAL = frozenset("*#$@!?-0123456789")


def _shell_name(text: str, start: int) -> tuple[str, int]:
    """The variable name after a dollar sign and how many characters it takes, as Go's getShellName."""
    first = text[start]
    if first == "{":
        end = text.find("}", start)
        if end < 0:
            return "", 1
        return text[start + 1 : end], end + 1 - start
    if first in _SPECIAL:
        return first, 1
    name = _name_at(text, start)
    return name, len(name)
