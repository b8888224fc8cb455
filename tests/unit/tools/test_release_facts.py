# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""tools/release_facts.py (`make release-facts`): a release's row of the table, from a source tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.plugins.modules.test_facts_program import tree

ROOT = Path(__file__).parents[3]


def facts(version: str, source: Path) -> tuple[int, list[str]]:
    """Exit code and lines of the tool, whose errors are lines, too."""
    command = [sys.executable, str(ROOT / "tools" / "release_facts.py"), version, "--source", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_a_new_release_is_one_line_of_the_table_and_what_that_can_t_say(tmp_path: Path) -> None:
    code, lines = facts("26.9.0", tree(tmp_path))
    assert code == 0
    assert lines[0] == """        _rq("26.9.0", "26.9.0", "dddddddddddd", "3.13", commands={'send_test_mail': 'send-test-mail'}),"""
    assert lines[1:] == ["        # dddddddddddd is not in MIGRATIONS of core/migration.py: add what leads to it."]


def test_of_a_release_in_the_table_every_difference_is_said(tmp_path: Path) -> None:
    (tree(tmp_path) / "redash" / "__init__.py").write_text('__version__ = "26.3.0"\n')
    code, lines = facts("26.3.0", tmp_path)
    assert code == 1
    assert [line.split(" is ")[0] for line in lines] == ["26.3.0: commands", "26.3.0: alembic_head"]


@pytest.mark.parametrize(
    ("version", "said"),
    [("26.10.0", "holds Redash 26.9.0, not 26.10.0"), ("latest", "holds Redash 26.9.0, not latest")],
)
def test_a_tree_of_another_release_is_refused_in_one_line(tmp_path: Path, version: str, said: str) -> None:
    code, lines = facts(version, tree(tmp_path))
    assert (code, len(lines)) == (2, 1)
    assert said in lines[0]


def test_a_folder_without_redash_is_refused_in_one_line(tmp_path: Path) -> None:
    code, lines = facts("26.9.0", tmp_path)
    assert (code, len(lines)) == (2, 1)
    assert "is no Redash: its version could not be read" in lines[0]
