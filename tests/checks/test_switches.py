# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Switches of roles arrive as texts from AWX's surveys and from -e name=false, and "false" as such counts as true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.parsing import convert_bool
from ansible.plugins.filter.core import to_bool

from ansible_collections.redash.ecs.plugins.module_utils.core.booleans import boolean
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problems

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    [
        *ROOT.glob("roles/*/tasks/**/*.yml"),
        *ROOT.glob("roles/*/vars/*.yml"),
        *ROOT.glob("roles/*/defaults/*.yml"),
        *ROOT.glob("playbooks/*.yml"),
    ]
)
# Filters that read a switch by themselves, with a test of that (test_switches_mean_the_same_as_texts).
READS_TEXTS = ("redash.ecs.access_plan",)


def switches(options: dict[str, Any]) -> Iterator[str]:
    for name, option in (options or {}).items():
        if option.get("type") == "bool":
            yield name


SWITCHES = sorted(
    {
        name
        for path in ROOT.glob("roles/*/meta/argument_specs.yml")
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values()
        for name in switches(entry.get("options"))
    }
)


def inner(options: dict[str, Any]) -> Iterator[str]:
    """Switches within an option: ``check`` of awx_job_templates."""
    for option in (options or {}).values():
        yield from switches(option.get("options"))
        yield from inner(option.get("options"))


INNER = sorted(
    {
        name
        for path in ROOT.glob("roles/*/meta/argument_specs.yml")
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values()
        for name in inner(entry.get("options"))
    }
)


def uncast(name: str, text: str, beginning: str = "") -> list[str]:
    """Lines in which the switch ``name`` decides something without ``| bool``.

    ``beginning``  a regular expression of what stands before ``name`` where it is a part of something (``item.``)
    """
    found = []
    for statement in re.split(r"\n(?=\s*(?:- )?[\w.]+:|\s*- )", text):
        code = re.sub(r"(?m)^\s*#.*$|\s#\s.*$", "", statement)
        code = re.sub(rf"^\s*(?:- )?{name}:", "", code)
        code = re.sub(rf"^\s*variable: {name}$|'[^'\n]*'", "", code)  # a survey's question, a sentence
        # Handed on whole, to a module that casts it or to another switch.
        if re.fullmatch(rf"""\s*(?:- )?[\w.]+:\s*["']?{{{{\s*{beginning}{name}(?:\s*\|\s*default\([^()]*\))?\s*}}}}["']?\s*""", code):
            continue
        if any(reader in code for reader in READS_TEXTS):
            continue
        for match in re.finditer(rf"(?<![\w.'=-]){beginning}{name}\b(?!\s*[:=(])", code):
            after = code[match.end() :]
            if not re.match(r"\s*(?:\|\s*default\([^()]*\)\s*)?(?:\|\s*(?:ansible\.builtin\.)?bool\b)", after) and not re.match(
                r"\s+is\s+(?:not\s+)?defined", after
            ):
                found.append(code.strip())
    return found


def test_there_are_switches() -> None:
    assert len(SWITCHES) > 15


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_cast_wherever_it_decides(name: str) -> None:
    found = {str(path.relative_to(ROOT)): lines for path in FILES if (lines := uncast(name, path.read_text()))}
    assert found == {}


@pytest.mark.parametrize("name", INNER)
def test_a_switch_within_an_option_is_cast_wherever_it_decides(name: str) -> None:
    assert {"admin", "check", "google"} <= set(INNER)
    found = {str(path.relative_to(ROOT)): lines for path in FILES if (lines := uncast(name, path.read_text(), r"\w+\."))}
    assert found == {}


AWX_SENDS = {
    "true": True,
    "True": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "False": False,
    "no": False,
    "off": False,
    "0": False,
}


@pytest.mark.parametrize(("said", "means"), AWX_SENDS.items())
def test_every_reader_of_switches_means_the_same_by_the_texts_of_awx(said: str, means: bool) -> None:
    """``| bool``, which roles cast with, modules' type bool, and the reader of access.yml."""
    problems = Problems()
    assert (to_bool(said), convert_bool.boolean(said), boolean(said, "x", problems)) == (means, means, means)
    assert not problems


def test_the_check_itself_finds_what_decides_within_an_option() -> None:
    assert uncast("switch", "  when: item.switch\n", r"\w+\.")
    assert uncast("switch", "  when: item.switch | bool\n", r"\w+\.") == []
    assert uncast("switch", '  undo: "{{ item.switch }}"\n', r"\w+\.") == []


@pytest.mark.parametrize(
    ("text", "decides"),
    [
        ("- name: X\n  when: switch\n", True),
        ("  when: not switch\n", True),
        ('  value: "{{ [1] if switch else [] }}"\n', True),
        ("  when: switch | bool\n", False),
        ("  when: switch | default(false) | bool\n", False),
        ('  undo: "{{ switch }}"\n', False),
        ('  undo: "{{ switch | default(false) }}"\n', False),
        ("  when: switch is defined\n", False),
        ("switch: false\n", False),
        ("# switch\n", False),
        ("  msg: run it with -e switch=true\n", False),
    ],
)
def test_the_check_itself_finds_what_decides(text: str, decides: bool) -> None:
    assert bool(uncast("switch", text)) is decides
