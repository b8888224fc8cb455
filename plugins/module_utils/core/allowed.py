# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which management commands may run, where somebody may run only some: an AWX job template for analysts.

A pattern is a command as a person types it. ``*`` stands for exactly one word, as the last word for any number
of them, also none; other words may hold ``*`` and ``?`` as a shell knows them. None of these stands for an option
(a word that begins with ``-``): ``users create *`` would else mean ``users create ... --admin``, too. Options that may
be added are named at the end in brackets, as usage lines have it: ``users invite * * * [--groups 3,]``. They may come
in any order. What no pattern matches is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.groups import ADMINISTRATORS, ADMINISTRATORS_ID, built_in_group
from ansible_collections.redash.ecs.plugins.module_utils.core.manage import options_and_arguments, split


@dataclass(frozen=True)
class _Pattern:
    """``words`` in their order; ``more``: any number of words after them; ``options``: what may be added, with its value if it has one."""

    words: list[str]
    more: bool = False
    options: dict[str, str | None] = field(default_factory=dict)


def refused(commands: Iterable[str | Sequence[Any]], patterns: str | Iterable[str]) -> list[str]:
    """One line for each command that no pattern allows; a command that can't be read is refused, too.

    Raises RedashError for a pattern that can't be read.
    """
    texts = [patterns] if isinstance(patterns, str) else [str(pattern) for pattern in patterns]
    known = [_pattern(pattern) for pattern in texts if pattern.strip()]
    lines = []
    for command in commands:
        try:
            words = _words(command)
        except RedashError as error:
            lines.append(str(error))
            continue
        arguments = options_and_arguments(words)[1]
        if arguments[:2] == ["groups", "create"] and any(built_in_group(name) for name in arguments[2:]):
            lines.append(f"cmd: {' '.join(words)} is not allowed here: Redash makes that group itself, and names are not unique")
        elif not any(_matches(words, pattern) for pattern in known):
            lines.append(f"cmd: {' '.join(words)} is not allowed here. Allowed: {', '.join(texts) or 'nothing'}")
    return lines


def _words(command: str | Sequence[Any]) -> list[str]:
    """The command's words; its own name in one spelling, since releases differ in it (send_test_mail, send-test-mail).

    ``--name=value`` is ``--name value``, as Redash's own reading of a command line has it.
    """
    words = split(command)
    found = [word.replace("_", "-") for word in words[:2]]
    for word in words[2:]:
        name, equals, value = word.partition("=")
        found += [name, value] if equals and name.startswith("--") else [word]
    return found


def _pattern(text: str) -> _Pattern:
    words = _words(text)
    start = next((index for index, word in enumerate(words) if word.startswith("[")), len(words))
    options: dict[str, str | None] = {}
    rest = words[start:]
    while rest:
        size = next((index + 1 for index, word in enumerate(rest) if word.endswith("]")), 0)
        name, *value = " ".join(rest[:size]).strip("[]").split(" ")
        if not size or not rest[0].startswith("[-") or len(value) > 1:
            raise RedashError(
                Problem(
                    f"{text!r} can't be read: in brackets stands one option, with its value if it has one, at the end",
                    "redash_allowed_commands",
                    "Such as: users invite * * * [--groups 3,]",
                )
            )
        options[name] = value[0] if value else None
        rest = rest[size:]
    more = start > 0 and words[start - 1] == "*"
    return _Pattern(words[: start - 1 if more else start], more, options)


def _matches(words: Sequence[str], pattern: _Pattern) -> bool:
    size = len(pattern.words)
    if len(words) < size or not all(_same(word, wanted) for word, wanted in zip(words, pattern.words, strict=False)):
        return False
    rest = list(words[size:])
    while rest and pattern.more and not rest[0].startswith("-"):
        if "$" in rest.pop(0):
            return False
    while rest and rest[0] in pattern.options:
        wanted = pattern.options[rest.pop(0)]
        if wanted is not None and not (rest and _same(rest.pop(0), wanted)):
            return False
    # No ``*`` stands for a permission or a group that makes administrators; only who writes them out in a pattern allows them.
    written = [*pattern.words, *_flat(pattern.options)]
    if (
        words[:2] == ["groups", "change-permissions"]
        and ADMINISTRATORS_ID in _ids(words[2:3])
        and ADMINISTRATORS_ID not in _ids(written[2:3])
    ):
        return False
    if ADMINISTRATORS_ID in _ids(_values(words, "--groups")) - _ids(_values(written, "--groups")):
        return False
    return not rest and _permissions(words) & ADMINISTRATORS <= _permissions(written)


def _flat(options: dict[str, str | None]) -> list[str]:
    return [word for name, value in options.items() for word in (name, value or "")]


def _permissions(words: Sequence[str]) -> set[str]:
    """What a command or a pattern gives by ``--permissions``."""
    return {one.strip() for value in _values(words, "--permissions") for one in value.split(",")}


def _values(words: Sequence[str], option: str) -> list[str]:
    return [value for name, value in pairwise(words) if name == option]


def _ids(words: Sequence[str]) -> set[str]:
    """Numbers of groups, as int() reads them: ``01`` is 1."""
    return {str(int(one)) for word in words for one in word.split(",") if one.strip().isdecimal()}


def _same(word: str, wanted: str) -> bool:
    # $NAME is filled in with a secret that the task runner carries; only who names it in a pattern allows that.
    plain = wanted.startswith("-") or not word.startswith("-")
    return fnmatchcase(word, wanted) and plain and ("$" in wanted or "$" not in word)
