# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.interpolation import InterpolationError, expand_env, interpolate

VARIABLES = {"SET": "set", "EMPTY": "", "A1_b": "x"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$SET", "set"),
        ("${SET}", "set"),
        ("pre${SET}post$SET", "presetpostset"),
        ("$A1_b.", "x."),
        ("$SET-suffix", "set-suffix"),
        ("$UNSET-suffix", "-suffix"),
        ("${UNSET:-default}", "default"),
        ("${UNSET-default}", "default"),
        ("${EMPTY:-default}", "default"),
        ("${EMPTY-default}", ""),
        ("${UNSET:--1}", "-1"),
        ("${UNSET:-:8080}", ":8080"),
        ("${UNSET:-http://x/y?z=1}", "http://x/y?z=1"),
        ("${UNSET:-}", ""),
        ("${UNSET:-${SET}}", "set"),
        ("${UNSET:-a${OTHER:-b}c}", "abc"),
        ("${SET:+yes}", "yes"),
        ("${EMPTY:+yes}", ""),
        ("${EMPTY+yes}", "yes"),
        ("${UNSET+yes}", ""),
        ("${SET:?must}", "set"),
        ("${EMPTY?must}", ""),
        ("$$HOME", "$HOME"),
        ("$${SET}", "${SET}"),
        ("a$$$$b", "a$$b"),
        ("$$$SET", "$set"),
        ("}", "}"),
    ],
)
def test_forms_of_the_specification(text: str, expected: str) -> None:
    assert interpolate(text, VARIABLES.get, lambda name: None) == expected


def test_a_default_does_not_leak_into_later_variables() -> None:
    assert interpolate("${V:-d} $V", {}.get, lambda name: None) == "d "


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$", "starts no variable"),
        ("$5", "starts no variable"),
        ("cost: $ 5", "starts no variable"),
        ("${", "without a variable name"),
        ("${}", "without a variable name"),
        ("${5}", "without a variable name"),
        ("${A", "not a form"),
        ("${A:-b", "never closed"),
        ("${A=b}", "not a form"),
        ("${UNSET:?say this}", "UNSET is not set: say this"),
        ("${EMPTY:?}", "EMPTY is empty"),
        ("${UNSET?}", "UNSET is not set"),
    ],
)
def test_what_is_no_variable_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InterpolationError, match=reason):
        interpolate(text, VARIABLES.get, lambda name: None)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(InterpolationError, match="too deeply"):
        interpolate("${A:-" * 3000 + "}" * 3000, {}.get, lambda name: None)


def test_only_variables_that_become_blank_are_told() -> None:
    told: list[str] = []
    interpolate("$A ${B} ${C:-x} ${SET:-$D} ${E:-$F} $SET", VARIABLES.get, told.append)
    assert told == ["A", "B", "F"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$SET-x", "set-x"),
        ("${SET}", "set"),
        ("a$$b", "ab"),
        ("${SET:-default}", ""),
        ("$1x", "x"),
        ("$UNSET", ""),
        ("5 $ a $", "5 $ a $"),
        ("${}x", "x"),
        ("${SET", "SET"),
        ("$%", "$%"),
    ],
)
def test_ecs_params_are_expanded_as_go_does(text: str, expected: str) -> None:
    assert expand_env(text, VARIABLES, lambda name, line: None) == expected


def test_expand_env_tells_the_line_of_an_unset_variable() -> None:
    told: list[tuple[str, int]] = []
    expand_env("a: $SET\nb: $NO\n", VARIABLES, lambda name, line: told.append((name, line)))
    assert told == [("NO", 2)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a $ b", "'a $ b' has a $ that starts no variable"),
        ("${5}", "'${5}' has a ${ without a variable name"),
        ("${A", "'${A' is not a form of ${A} that Compose knows"),
        ("${A:-b", "'${A:-b' has a ${ that is never closed"),
        ("${UNSET:?say ${SET}}", "the variable UNSET is not set: say set"),
        ("${UNSET?}", "the variable UNSET is not set"),
    ],
)
def test_what_is_refused_is_said_whole(text: str, message: str) -> None:
    with pytest.raises(InterpolationError) as caught:
        interpolate(text, VARIABLES.get, lambda name: None)
    assert str(caught.value) == message


def test_fifty_variables_may_stand_in_each_other() -> None:
    assert interpolate("${A:-" * 50 + "x" + "}" * 50, {}.get, lambda name: None) == "x"
    with pytest.raises(InterpolationError, match="nests variables too deeply"):
        interpolate("${A:-" * 51 + "x" + "}" * 51, {}.get, lambda name: None)
