# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``command`` and ``entrypoint`` given as one string -> the list of words that ECS wants.

No shell ever sees these strings. Compose files of version 1 and 2 are split as go-shlex does (``#`` starts
a comment, ``&&`` is a word), those of version 3 as go-shellwords does (the rest after an unquoted ``; & | < >``
is dropped). A file of the current Compose Specification is split as a newer go-shellwords does, and nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Callable

# go-shlex knows these characters in a word, and no others outside quotes.
_SHLEX_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-,/@$*()+=:;&^%~|<>?[]{}!")
_SPACE = " \t\r\n"
_STOPS = frozenset(";&|<>")


def split_v2(text: str) -> list[str]:
    """Raises ValueError for an unclosed quote and for characters that go-shlex does not know unquoted."""
    words: list[str] = []
    word: list[str] | None = None
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character in _SPACE:
            if word is not None:
                words.append("".join(word))
                word = None
        elif character == "#" and word is None:
            end = text.find("\n", position)
            position = len(text) if end < 0 else end + 1
        elif character == "'":
            end = text.find("'", position)
            if end < 0:
                raise ValueError("a ' is never closed")
            word = [*(word or []), text[position:end]]
            position = end + 1
        elif character == '"':
            quoted, position = _double_quoted(text, position)
            word = [*(word or []), quoted]
        elif character == "\\":
            if position >= len(text):
                raise ValueError("it ends with a backslash")
            word = [*(word or []), text[position]]
            position += 1
        elif character == "#" or character in _SHLEX_WORD:
            word = [*(word or []), character]
        else:
            raise ValueError(f"{character} has to stand in quotes")
    if word is not None:
        words.append("".join(word))
    return words


def _double_quoted(text: str, position: int) -> tuple[str, int]:
    parts: list[str] = []
    while position < len(text):
        character = text[position]
        position += 1
        if character == '"':
            return "".join(parts), position
        if character == "\\":
            if position >= len(text):
                break
            character = text[position]
            position += 1
        parts.append(character)
    raise ValueError('a " is never closed')


def split_v3(text: str, dropped: Callable[[str], None], *, modern: bool = False) -> list[str]:
    """``dropped`` is told what is cut off. ``modern`` splits as the Specification's tools do, else as ecs-cli does.

    They have two go-shellwords: the newer one keeps ``""`` as a word, keeps ``$(a b)`` together and refuses any other parenthesis;
    in ecs-cli's a parenthesis is a character as any other, and quotes count within backticks, too.
    Raises ValueError for what is left open, and for a parenthesis that is refused.
    """
    words: list[str] = []
    word = ""
    got = False
    quote = ""  # the character that ends the quoted part: ' or "
    group = ""  # the character that ends what is kept together with it: ` or the ) of $(
    escaped = False
    for position, character in enumerate(text):
        if escaped:
            word += character
            got, escaped = True, False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            if character == quote:
                quote = ""
            else:
                word += character
                got = True
        elif character in "'\"" and not (modern and group):
            quote = character
            got = got or modern
        elif group:
            word += character
            group = "" if character == group else group
        elif character in _SPACE:
            if got:
                words.append(word)
            word, got = "", False
        elif character in _STOPS:
            dropped(text[position:])
            break
        else:
            if modern and character == "(" and not word.endswith("$"):
                raise ValueError("( has to stand in quotes")
            if character == "`" or (modern and character == "("):
                group = ")" if character == "(" else character
            word += character
            got = True
    if escaped or quote or group:
        raise ValueError("a quote or a backslash is left open")
    if got:
        words.append(word)
    return words
