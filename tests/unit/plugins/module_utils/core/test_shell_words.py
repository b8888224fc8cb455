# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.shell_words import split_v2, split_v3

BOTH = [
    ("server", ["server"]),
    ("manage users list", ["manage", "users", "list"]),
    ("sh -c \"echo 'a b' c\"", ["sh", "-c", "echo 'a b' c"]),
    (r"""echo a\ b "c\"d" 'e"f'""", ["echo", "a b", 'c"d', 'e"f']),
    ("echo a#b", ["echo", "a#b"]),
    ("sh -c 'a && b | c; d > e'", ["sh", "-c", "a && b | c; d > e"]),
    ('--opt="x y" -v', ["--opt=x y", "-v"]),
    ("multi line\nsecond\n", ["multi", "line", "second"]),
    ('"日本 語"', ["日本 語"]),
    (r"echo back\\slash", ["echo", r"back\slash"]),
    ("", []),
    ("  ", []),
]


def split_3(text: str) -> list[str]:
    return split_v3(text, lambda rest: None)


@pytest.mark.parametrize(("text", "words"), BOTH)
def test_what_both_splitters_agree_on(text: str, words: list[str]) -> None:
    assert split_v2(text) == words
    assert split_3(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo a #comment", ["echo", "a"]),
        ("#comment\nserver", ["server"]),
        ("a && b | c", ["a", "&&", "b", "|", "c"]),
        ('echo "" x', ["echo", "", "x"]),
        ("a; b", ["a;", "b"]),
    ],
)
def test_version_2_knows_comments_and_no_operators(text: str, words: list[str]) -> None:
    assert split_v2(text) == words


@pytest.mark.parametrize(
    ("text", "words", "dropped"),
    [
        ("echo a #comment", ["echo", "a", "#comment"], []),
        ("a && b | c", ["a"], ["&& b | c"]),
        ("a;b", ["a"], [";b"]),
        ('echo "" x', ["echo", "x"], []),
        ("echo 日本", ["echo", "日本"], []),
        ("echo `date`", ["echo", "`date`"], []),
        ("echo $(date -u) x", ["echo", "$(date -u)", "x"], []),
    ],
)
def test_version_3_stops_at_operators_and_says_so(text: str, words: list[str], dropped: list[str]) -> None:
    told: list[str] = []
    assert split_v3(text, told.append) == words
    assert told == dropped


def test_the_specification_keeps_empty_words() -> None:
    assert split_v3('echo "" x', lambda rest: None, keep_empty=True) == ["echo", "", "x"]


@pytest.mark.parametrize("text", ["echo `date`", 'echo "abc', "echo 'abc", "echo \\", "日本", 'a "b\\'])
def test_version_2_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        split_v2(text)


@pytest.mark.parametrize("text", ['echo "abc', "echo 'abc", "echo `abc", "echo $(abc", "echo \\", "f (x)"])
def test_version_3_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        split_3(text)
