# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.env_files import (
    EnvFileError,
    add_libcompose,
    parse_docker,
    parse_specification,
)

ODD = """# comment

  LEADING=space
TRAILING=space\x20\x20
DQ="double quoted"
INLINE=value # not a comment
EMPTY=
NOEQUALS
DOLLAR=$HOME and $$
DUP=first
DUP=second
BACKSLASH=a\\nb
JP=日本語
"""


def libcompose(text: str, *before: str) -> list[str]:
    variables = list(before)
    add_libcompose(variables, text)
    return variables


def test_libcompose_trims_lines_and_keeps_everything_else() -> None:
    assert libcompose(ODD) == [
        "LEADING=space",
        "TRAILING=space",
        'DQ="double quoted"',
        "INLINE=value # not a comment",
        "EMPTY=",
        "NOEQUALS",
        "DOLLAR=$HOME and $$",
        "DUP=first",
        "BACKSLASH=a\\nb",
        "JP=日本語",
    ]


def test_libcompose_lets_the_earlier_win_by_the_beginning_of_the_text() -> None:
    assert libcompose("A=2\nD=a\nFOO\n", "A=1", "D", "FOOBAR=1") == ["A=1", "D", "FOOBAR=1", "D=a"]


def test_libcompose_keeps_a_byte_order_mark_and_drops_carriage_returns() -> None:
    assert libcompose("\ufeffBOM=x\r\nCRLF=y\r\n") == ["\ufeffBOM=x", "CRLF=y"]


def test_libcompose_takes_odd_names() -> None:
    assert libcompose("export X=1\n=novalue\nSPACED = around\n") == ["export X=1", "=novalue", "SPACED = around"]


def test_docker_keeps_trailing_spaces_and_the_last_of_a_name() -> None:
    variables = parse_docker(ODD, {}.get)
    assert ("TRAILING", "space  ") in variables
    assert dict(variables)["DUP"] == "second"
    assert "NOEQUALS" not in dict(variables)


def test_docker_takes_a_bare_name_from_the_shell() -> None:
    assert parse_docker("NAME\n", {"NAME": "v"}.get) == [("NAME", "v")]


def test_docker_drops_a_byte_order_mark() -> None:
    assert parse_docker("\ufeffA=1\r\n", {}.get) == [("A", "1")]


@pytest.mark.parametrize(("text", "line"), [("export X=1", 1), ("A=1\nSPACED = x", 2), ("\n\n=x", 3), ("TAB\t=x", 1)])
def test_docker_refuses_white_space_in_names(text: str, line: int) -> None:
    with pytest.raises(EnvFileError) as caught:
        parse_docker(text, {}.get)
    assert caught.value.line == line


SPECIFICATION = [
    ("A=1", [("A", "1")]),
    ("export A=1", [("A", "1")]),
    ("A = 1", [("A", "1")]),
    ("A: 1", [("A", "1")]),
    ("A", [("A", None)]),
    ("A=", [("A", "")]),
    ('A="double quoted" # comment', [("A", "double quoted")]),
    ("A='single $NOT # this'", [("A", "single $NOT # this")]),
    ("A=value # comment", [("A", "value")]),
    ("A=a#b", [("A", "a#b")]),
    ('A="a\\nb"', [("A", "a\nb")]),
    ("A=a\\nb", [("A", "a\\nb")]),
    ('A="two\nlines"', [("A", "two\nlines")]),
    ("A=1\nB=${A}2", [("A", "1"), ("B", "12")]),
    ("A=$SHELL_SET", [("A", "from shell")]),
    ("A=${NO:-default}", [("A", "default")]),
    ('A="costs \\$5"', [("A", "costs $5")]),
    ("\ufeffA=1\r\n", [("A", "1")]),
    ("A=# nothing", [("A", "")]),
]


@pytest.mark.parametrize(("text", "variables"), SPECIFICATION)
def test_the_specification_knows_quotes_comments_and_variables(text: str, variables: list[tuple[str, str | None]]) -> None:
    assert parse_specification(text, {"SHELL_SET": "from shell"}.get, lambda name: None) == variables


@pytest.mark.parametrize(("text", "line"), [("A=1\nB='never closed\n", 2), ("A=1\n=x", 2), ("A=${", 1), ("A B=1", 1)])
def test_the_specification_refuses(text: str, line: int) -> None:
    with pytest.raises(EnvFileError) as caught:
        parse_specification(text, {}.get, lambda name: None)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("A=1\nB='never closed\nC=1\n", 2, "the quote that opens the value of B is never closed"),
        ("=x", 1, "'' is not a variable name"),
        ("\nA B=1", 2, "'A B' is not a variable name"),
        ("A=${", 1, "'${' has a ${ without a variable name"),
        ('A="a\n$"', 1, "'a\\n$' has a $ that starts no variable"),
    ],
)
def test_the_specification_says_what_it_refuses(text: str, line: int, message: str) -> None:
    with pytest.raises(EnvFileError) as caught:
        parse_specification(text, {}.get, lambda name: None)
    assert (caught.value.line, str(caught.value)) == (line, message)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("A='it\\'s'\n# c\n\nB=2", [("A", "it's"), ("B", "2")]),
        ('A="a\\tb\\rc\\\\d\\"e\\x"', [("A", 'a\tb\rc\\d"e\\x')]),
        ("A='x\ny\nz' # c\nB=1", [("A", "x\ny\nz"), ("B", "1")]),
        ("export\tA=1 \nB:\t2", [("A", "1"), ("B", "2")]),
        ("A=''\nB=\"\"", [("A", ""), ("B", "")]),
    ],
)
def test_the_specification_reads_quotes_and_escapes(text: str, variables: list[tuple[str, str | None]]) -> None:
    assert parse_specification(text, {}.get, lambda name: None) == variables


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("A=1\nB C=1", 2, "the variable name 'B C' holds white space"),
        ("# c\n=x", 2, "there is no variable name before ="),
    ],
)
def test_docker_says_what_it_refuses(text: str, line: int, message: str) -> None:
    with pytest.raises(EnvFileError) as caught:
        parse_docker(text, {}.get)
    assert (caught.value.line, str(caught.value)) == (line, message)
