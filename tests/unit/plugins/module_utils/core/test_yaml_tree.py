# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.yaml_tree import load, resolve


@pytest.mark.parametrize(
    ("text", "version_2", "specification"),
    [
        ("4", 4, 4),
        ("-1", -1, -1),
        ("1.50", 1.5, 1.5),
        ("1e3", "1e3", 1000.0),
        ("1e+3", 1000.0, 1000.0),
        ("0755", 493, 493),
        ("0o17", 15, 15),
        ("0x1F", 31, 31),
        ("0b11", 3, 3),
        ("1_000", 1000, 1000),
        (".5", 0.5, 0.5),
        ("08", 8.0, 8.0),
        ("5.", "5.", 5.0),
        ("12:30:45", "12:30:45", "12:30:45"),
        ("22:22", "22:22", "22:22"),
        ("2021-02-04", "2021-02-04", "2021-02-04"),
        ("y", True, "y"),
        ("off", False, "off"),
        ("Yes", True, "Yes"),
        ("True", True, True),
        ("tRUE", "tRUE", "tRUE"),
        ("~", None, None),
        ("null", None, None),
        ("", None, None),
        (".inf", float("inf"), float("inf")),
        ("8.0.0.b32245", "8.0.0.b32245", "8.0.0.b32245"),
        ("+5", 5, 5),
        ("-", "-", "-"),
    ],
)
def test_plain_scalars_mean_what_they_mean_to_go(text: str, version_2: object, specification: object) -> None:
    assert resolve(text) == version_2
    assert type(resolve(text)) is type(version_2)
    assert resolve(text, yes_and_no=False) == specification


def test_a_number_of_any_length_is_read() -> None:
    assert isinstance(resolve("9" * 5000), float)


def test_quoted_and_tagged_scalars() -> None:
    tree, _ = load("a: '4'\nb: !!str 4\nc: !!int '4'\nd: \"y\"\n", "f")
    assert tree == {"a": "4", "b": "4", "c": 4, "d": "y"}


def test_places() -> None:
    tree, _ = load("a:\n  - x\n  - y: 1\nb: 2\n", "f.yml")
    assert tree.where("b") == "f.yml:4"
    assert tree["a"].where(1) == "f.yml:3"
    assert tree["a"][1].where("y") == "f.yml:3"


def test_merged_maps_give_way_to_own_keys_and_to_earlier_maps() -> None:
    tree, _ = load("x: &x {a: 1, b: 1}\ny: &y {a: 2, c: 2}\nz:\n  <<: [*x, *y]\n  b: 3\n", "f")
    assert tree["z"] == {"a": 1, "b": 3, "c": 2}
    assert tree["z"].where("c") == "f:2"


def test_the_last_of_two_equal_keys_wins_unless_they_are_to_be_merged() -> None:
    text = "s: {a: 1}\ns: {b: 2}\n"
    assert load(text, "f")[0] == {"s": {"b": 2}}
    assert load(text, "f", on_duplicate=lambda path, first, second: True)[0] == {"s": {"a": 1, "b": 2}}


def test_only_the_first_document_counts_and_the_rest_is_told() -> None:
    assert load("a: 1\n---\nb: 2\n", "f") == ({"a": 1}, True)


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "\ta: b",
        "a: b: c",
        "? [1]\n: 2",
        "&a [*a]",
        "<<: 5",
        "a: *nowhere",
        "[" * 50_000,
        "[" * 5_000 + "]" * 5_000,
        "\x01",
        "a: \ud800",
        "%YAML 9.9\n---\na",
    ],
)
def test_what_is_no_yaml_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(RedashError) as caught:
        load(text, "f.yml")
    assert str(caught.value).startswith("f.yml")
    assert "\n" not in str(caught.value)


def test_anchors_that_multiply_are_refused() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
    with pytest.raises(RedashError, match="anchors"):
        load(text, "f")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b\n? [1]\n: 2", "f:2: a key is a map or a list. Write a plain word as the key."),
        ("a: b\n<<: 5", "f:2: << does not name a map. Point it to an anchor on a map."),
        ("[" * 5_000 + "]" * 5_000, "f: the YAML is nested too deeply. Write it flatter."),
    ],
)
def test_what_is_no_yaml_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(RedashError) as caught:
        load(text, "f")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "version_2", "specification"),
    [
        *((word, True, word) for word in ("y", "Y", "yes", "YES", "on", "On", "ON")),
        *((word, False, word) for word in ("n", "N", "no", "No", "NO", "Off", "OFF")),
        *((word, True, True) for word in ("true", "TRUE")),
        *((word, False, False) for word in ("false", "False", "FALSE")),
        *((word, None, None) for word in ("Null", "NULL")),
        *((word, float("inf"), float("inf")) for word in (".Inf", ".INF", "+.inf")),
        ("-.inf", float("-inf"), float("-inf")),
        (".iNF", ".iNF", ".iNF"),
        ("18446744073709551615", (1 << 64) - 1, (1 << 64) - 1),
        ("18446744073709551616", float(1 << 64), float(1 << 64)),
        ("-0x1f", -31, -31),
        ("+0B11", 3, 3),
        ("-017", -15, -15),
        ("1.5e-3", 0.0015, 0.0015),
        ("1_0.5", 10.5, 10.5),
        ("\u0663", "\u0663", "\u0663"),
    ],
)
def test_words_and_the_limits_of_numbers(text: str, version_2: object, specification: object) -> None:
    assert (resolve(text), resolve(text, yes_and_no=False)) == (version_2, specification)


def test_places_of_what_is_not_there_are_those_of_the_whole() -> None:
    tree = load("\na:\n  - x\nb: {c: 1}\n", "f")[0]
    assert (tree.where(), tree.where("z"), tree["a"].where(), tree["a"].where(1), tree["b"].where("c")) == (
        "f:2",
        "f:2",
        "f:3",
        "f:3",
        "f:4",
    )
    assert load("", "f") == (None, False)
    assert load("a: 1\n", "f") == ({"a": 1}, False)


def test_keys_that_yaml_reads_as_something_else_are_kept_with_their_meaning() -> None:
    tree = load("x: &x {y: 1, 'n': 2, 3: 4}\nz: {<<: *x}\n", "f")[0]
    assert tree["x"].odd == tree["z"].odd == {"y": True, "3": 3}
    assert load("y: 1\n", "f", yes_and_no=False)[0].odd == {}
