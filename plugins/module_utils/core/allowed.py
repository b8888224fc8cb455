# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which management commands may run, where somebody may run only some: an AWX job template for analysts.

A pattern is a command as a person types it. ``*`` stands for exactly one word, as the last word for any number
of them, also none; other words may hold ``*`` and ``?`` as a shell knows them. What no pattern matches is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.manage import split


def refused(commands: Iterable[str | Sequence[Any]], patterns: str | Iterable[str]) -> list[str]:
    """One line for each command that no pattern allows; a command that can't be read is refused, too."""
    texts = [patterns] if isinstance(patterns, str) else [str(pattern) for pattern in patterns]
    known = [_words(pattern) for pattern in texts if pattern.strip()]
    lines = []
    for command in commands:
        try:
            words = _words(command)
        except RedashError as error:
            lines.append(str(error))
            continue
        if not any(_matches(words, pattern) for pattern in known):
            lines.append(f"cmd: {' '.join(words)} is not allowed here. Allowed: {', '.join(texts) or 'nothing'}")
    return lines


def _words(command: str | Sequence[Any]) -> list[str]:
    """The command's words; its own name in one spelling, since releases differ in it (send_test_mail, send-test-mail)."""
    words = split(command)
    return [word.replace("_", "-") for word in words[:2]] + words[2:]


def _matches(words: Sequence[str], pattern: Sequence[str]) -> bool:
    if pattern[-1] == "*":
        pattern = pattern[:-1]
        rest, words = words[len(pattern) :], words[: len(pattern)]
    else:
        rest = []
    return (
        len(words) == len(pattern)
        and all(_same(word, wanted) for word, wanted in zip(words, pattern, strict=True))
        and not any("$" in word for word in rest)
    )


def _same(word: str, wanted: str) -> bool:
    # $NAME is filled in with a secret that the task runner carries; only who names it in a pattern allows that.
    return fnmatchcase(word, wanted) and ("$" in wanted or "$" not in word)
