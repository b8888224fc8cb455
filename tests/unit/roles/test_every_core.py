# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML that every supported ansible-core reads alike: what older releases read differently is refused here, by file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("roles/*/tasks", "roles/*/handlers", "roles/*/vars", "roles/*/defaults", "playbooks", "inventories")
FILES = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/**/*.yml"))
TASKS = [path for path in FILES if path.parts[len(ROOT.parts)] == "roles" and {"tasks", "handlers"} & set(path.parts)]
# Keywords whose value is an expression without braces.
BARE = {"when", "that", "until", "changed_when", "failed_when"}
# Ansible doubles each backslash of an expression before Jinja reads it, so that a regular expression is written as it is. What is not
# one suffers: `\n` stays a backslash and an n, and a quote is not escaped. Before 2.19 the text ends there: a template error.
OF_A_REGULAR_EXPRESSION = re.compile(r"\\[sSdDwWbB0-9.$^*+?()\[\]{}|/-]")
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


class Loader(yaml.SafeLoader):
    """Reads Ansible's own tags, too, as text."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
Loader.add_constructor("!vault", lambda loader, node: "")


def expressions(node: Any, key: str = "") -> Iterator[str]:
    """Every text in a YAML node that Jinja reads."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from expressions(value, str(name))
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value, key)
    elif isinstance(node, str):
        yield from [node] if key in BARE else EXPRESSION.findall(node)


def misread(text: str) -> list[str]:
    """The backslashes in the expressions of a YAML text that escape something, with what follows them."""
    return [
        expression[found.start() : found.start() + 20]
        for expression in expressions(yaml.load(text, Loader))
        for found in re.finditer(r"\\.", OF_A_REGULAR_EXPRESSION.sub("__", expression), re.DOTALL)
    ]


def imports(text: str) -> list[str]:
    """The tasks of a YAML text, at any depth, that import others."""

    def below(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            names = {str(name).rpartition(".")[2] for name in node}
            if names & {"import_tasks", "import_role"}:
                yield str(node.get("name", node))
        for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from below(value)

    return list(below(yaml.safe_load(text)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_backslash_in_an_expression_belongs_to_a_regular_expression(path: Path) -> None:
    assert misread(path.read_text()) == [], "use the other quotes; write a line break in YAML's double quotes"


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_tasks_are_included_not_imported(path: Path) -> None:
    """Before 2.19, an import asks for the file names of all includes above it, at a time when registered variables are not there.

    `include_tasks: "steps/{{ upgrade_next.step }}.yml"` above it then fails: 'upgrade_next' is undefined. Which file is below
    which include no file can know, so a role includes everywhere. Playbooks import: nothing is above them.
    """
    assert imports(path.read_text()) == [], "take ansible.builtin.include_tasks or include_role"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"""a: "{{ 'this installation\\'s' }}" """, [r"\'s' }}"]),
        (r"""a: ["{{ x | join('\\n') }}"]""", [r"\n') }}"]),
        (r"""a: {when: "x == 'it\\'s'"}""", [r"\'s'"]),
        (r"""a: {when: "x | regex_replace('^(\\d+)[.\\s]$', '\\1') == y"}""", []),
        (r"""a: "{{ x | join('\n') }}" """, []),
        (r"""a: 'C:\new'""", []),
    ],
)
def test_what_is_misread_is_found(text: str, found: list[str]) -> None:
    assert misread(text) == found


def test_an_import_in_a_block_is_found() -> None:
    assert imports("- block:\n    - name: Look\n      ansible.builtin.import_tasks: look.yml\n- name: Go\n  include_tasks: a.yml\n") == [
        "Look"
    ]
