# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The oldest and the newest ansible-core that the collection says it runs on. All of them, with sanity: make matrix."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.checks import sanity
from tools import matrix

ROOT = Path(__file__).resolve().parents[2]
CORES = list(matrix.CORES)
OLDEST, NEWEST = CORES[0], CORES[-1]


def test_the_matrix_begins_where_the_collection_says_it_does() -> None:
    assert yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"] == f">={OLDEST}.0"


def test_every_core_that_ci_tries_is_one_of_the_matrix() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "nightly.yml").read_text())["jobs"]
    assert jobs["matrix"]["strategy"]["matrix"]["core"] == list(matrix.CORES)


def test_a_name_on_path_that_runs_nothing_is_no_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the shims of pyenv: they are there for every version that somebody installed once."""
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setattr(matrix, "candidates", lambda version: iter([shim]))
    assert matrix.python("3.12") is None


# Units on the newest core are part of `make matrix`: make unit runs them on the core between the two.
@pytest.mark.parametrize(("core", "parts"), [(OLDEST, ["units", "playbooks"]), (NEWEST, ["playbooks"])])
def test_the_collection_works_on(core: str, parts: list[str]) -> None:
    if not any(matrix.python(version) for version in matrix.CORES[core]):
        pytest.skip(f"ansible-core {core} needs Python {' or '.join(matrix.CORES[core])}, and this machine has none of them")
    run = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "matrix.py"), "--core", core, *parts], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-10000:] + run.stderr[-3000:]
    assert run.stdout.count(" passed on Python ") == len(parts), run.stdout[-2000:]


def test_a_release_that_ran_gets_its_column_in_the_table_and_the_others_keep_theirs() -> None:
    page = "Before.\n\n| Playbook | 2.17 | 2.20 |\n| --- | --- | --- |\n| site.yml | passed | FAILED |\n\nAfter.\n"
    written = matrix.with_table(page, {"2.20": {"site.yml": "passed", "restore.yml": "passed"}, "2.9": {"site.yml": "FAILED"}})
    assert written == (
        "Before.\n\n| Playbook | 2.9 | 2.17 | 2.20 |\n| --- | --- | --- | --- |\n"
        "| site.yml | FAILED | passed | passed |\n| restore.yml | not run | not run | passed |\n\nAfter.\n"
    )
    assert matrix.columns(written)["2.20"] == {"site.yml": "passed", "restore.yml": "passed"}


def test_the_page_of_what_was_tried_has_a_table_of_known_releases() -> None:
    assert set(matrix.columns(matrix.PAGE.read_text())) <= set(matrix.CORES)


def test_an_exception_from_sanity_holds_on_the_releases_that_need_it() -> None:
    """On another one ansible-test calls it unnecessary, and fails."""
    oldest, newest = sanity.exceptions(OLDEST, "3.11"), sanity.exceptions(NEWEST, "3.13")
    assert "pylint:unsupported-binary-operation" in newest and "pylint:unsupported-binary-operation" not in oldest
    assert "pylint:raising-bad-type" in oldest and "pylint:raising-bad-type" not in newest
    assert "pylint:disallowed-name" in oldest and "pylint:disallowed-name" in newest
    assert "import-3.11 " in oldest and "import-3.13 " in newest
