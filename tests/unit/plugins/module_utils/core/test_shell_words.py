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
        ("echo $(date -u) x", ["echo", "$(date", "-u)", "x"], []),
        ("python -c print(1)", ["python", "-c", "print(1)"], []),
    ],
)
def test_version_3_stops_at_operators_and_says_so(text: str, words: list[str], dropped: list[str]) -> None:
    told: list[str] = []
    assert split_v3(text, told.append) == words
    assert told == dropped


def test_the_specification_keeps_empty_words() -> None:
    assert split_v3('echo "" x', lambda rest: None, modern=True) == ["echo", "", "x"]


OPEN = "a quote or a backslash is left open"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\tb\r\nc", ["a", "b", "c"]),
        (r"a\ b", ["a b"]),
        ("a'b'c", ["abc"]),
        ("'a'\"b\"c", ["abc"]),
        (r"'a\b' c", [r"a\b", "c"]),
        (r'"a\"b"', ['a"b']),
        (r'"a\\b" c', [r"a\b", "c"]),
        ("\\'a\\' b", ["'a'", "b"]),
        ("a  b ", ["a", "b"]),
        ("'a b'", ["a b"]),
        ("x'a b'", ["xa b"]),
        ('"a b"c d', ["a bc", "d"]),
        ("A._-,/@$*+=:%~?[]{}!^9 z", ["A._-,/@$*+=:%~?[]{}!^9", "z"]),
    ],
)
def test_more_that_both_splitters_agree_on(text: str, words: list[str]) -> None:
    assert split_v2(text) == words
    assert split_3(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("''", [""]),
        ("'' a", ["", "a"]),
        ("a ''", ["a", ""]),
        ("a # b # c\nd", ["a", "d"]),
        ("#\na", ["a"]),
        ("# b", []),
        ("a#b #c", ["a#b"]),
        ("'a'#b", ["a#b"]),
        ("f (x) <a >b", ["f", "(x)", "<a", ">b"]),
        (r"\a", ["a"]),
        (r"\日", ["日"]),
        (r"x\#y", ["x#y"]),
    ],
)
def test_words_of_version_2(text: str, words: list[str]) -> None:
    assert split_v2(text) == words


@pytest.mark.parametrize(
    ("text", "modern", "words", "dropped"),
    [
        ("''", False, [], []),
        ("''", True, [""], []),
        ("'' a ''", True, ["", "a", ""], []),
        ("a''b ''", False, ["ab"], []),
        ("a ; b", False, ["a"], ["; b"]),
        ("a|b", False, ["a"], ["|b"]),
        ("a<b", False, ["a"], ["<b"]),
        ("a>b", False, ["a"], [">b"]),
        ("; a", False, [], ["; a"]),
        ("'a;b' c", False, ["a;b", "c"], []),
        (r"a\;b", False, ["a;b"], []),
        (r"\(a", False, ["(a"], []),
        (r"a\ ", False, ["a "], []),
        ("`a;b` c", False, ["`a;b`", "c"], []),
        ("`a b`c", False, ["`a b`c"], []),
        ("$(a;b) c", True, ["$(a;b)", "c"], []),
        ("$(a;b) c", False, ["$(a"], [";b) c"]),
        ("a$(b 'c) d", True, ["a$(b 'c)", "d"], []),
        ("a$(b 'c) d' (e)", False, ["a$(b", "c) d", "(e)"], []),
        ("`a 'b`", True, ["`a 'b`"], []),
        ('`a "b c"` d', True, ['`a "b c"`', "d"], []),
        ('`a "b c"` d', False, ["`a b c`", "d"], []),
        ("`a 'b` c'` d", False, ["`a b` c`", "d"], []),
        ("f (x)", False, ["f", "(x)"], []),
        ("f(x) (y", False, ["f(x)", "(y"], []),
        ("print(1);x", False, ["print(1)"], [";x"]),
        ("'`a' b", False, ["`a", "b"], []),
        ("'$(a' b", False, ["$(a", "b"], []),
        ('"it\'s" a', False, ["it's", "a"], []),
        ("'a\"b' c", False, ['a"b', "c"], []),
        ("a) b", False, ["a)", "b"], []),
        ("'(a)' b", False, ["(a)", "b"], []),
        ("\\a", False, ["a"], []),
    ],
)
def test_words_of_version_3(text: str, modern: bool, words: list[str], dropped: list[str]) -> None:
    told: list[str] = []
    assert split_v3(text, told.append, modern=modern) == words
    assert told == dropped


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo `date`", "` has to stand in quotes"),
        ('echo "abc', 'a " is never closed'),
        ("echo 'abc", "a ' is never closed"),
        ("'", "a ' is never closed"),
        ('"', 'a " is never closed'),
        ("echo \\", "it ends with a backslash"),
        ("日本", "日 has to stand in quotes"),
        ('a "b\\', 'a " is never closed'),
        ('a "b\\"', 'a " is never closed'),
    ],
)
def test_version_2_refuses(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        split_v2(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('echo "abc', OPEN),
        ("echo 'abc", OPEN),
        ("echo 'a\\' b'", OPEN),
        ("echo `abc", OPEN),
        ("`a 'b`", OPEN),
        ("echo \\", OPEN),
    ],
)
def test_version_3_refuses(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        split_3(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('echo "abc', OPEN),
        ("echo `abc", OPEN),
        ("echo $(abc", OPEN),
        ("echo \\", OPEN),
        ("f (x)", "( has to stand in quotes"),
        ("f(x)", "( has to stand in quotes"),
        ("(x)", "( has to stand in quotes"),
    ],
)
def test_the_specification_refuses(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        split_v3(text, lambda rest: None, modern=True)
    assert str(caught.value) == message
