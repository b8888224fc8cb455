# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The virtual environment's making: what is said when a command fails, and what counts as made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo import bootstrap
from demo.instance import ROOT, DemoError


def test_a_failing_command_is_one_line_with_what_it_said_and_what_to_do() -> None:
    script = "import sys; print('noise'); print('ERROR: no such package', file=sys.stderr); print('hint', file=sys.stderr); sys.exit(1)"
    with pytest.raises(DemoError) as caught:
        bootstrap.quiet([sys.executable, "-c", script], "pip install", "Check the network.")
    assert str(caught.value) == "pip install failed: ERROR: no such package. Check the network."


def test_a_command_that_succeeds_returns_its_output() -> None:
    assert bootstrap.quiet([sys.executable, "-c", "print('x')"], "it") == "x\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a finished .venv."""
    for name in (*bootstrap.DEVELOP, bootstrap.CONSTRAINTS):
        (tmp_path / name).write_text(name)
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", venv)
    monkeypatch.setattr(bootstrap, "PYTHON", venv / "bin" / "python")
    bootstrap._stamp(bootstrap.RUN).write_text(bootstrap._fingerprint(bootstrap.RUN))
    return tmp_path


def test_a_finished_environment_is_ready(checkout: Path) -> None:
    assert bootstrap._is_ready(bootstrap.RUN)
    assert not bootstrap._is_ready(bootstrap.DEVELOP)


def test_a_changed_requirement_makes_it_unready(checkout: Path) -> None:
    (checkout / bootstrap.CONSTRAINTS).write_text("another version")
    assert not bootstrap._is_ready(bootstrap.RUN)


def test_one_that_was_interrupted_is_unready(checkout: Path) -> None:
    bootstrap._stamp(bootstrap.RUN).unlink()
    assert not bootstrap._is_ready(bootstrap.RUN)


def test_one_whose_python_is_gone_is_unready(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "python").unlink()
    assert not bootstrap._is_ready(bootstrap.RUN)


def test_every_package_that_is_asked_for_is_pinned() -> None:
    for name in bootstrap.DEVELOP:
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
        assert lines and all("==" in line for line in lines), name


def test_the_way_in_needs_the_standard_library_only() -> None:
    """Until the virtual environment exists nothing else may be imported: -S and -I leave nothing else to import."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import demo.__main__, demo.bootstrap, demo.instance, demo.show"
    run = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_an_unknown_verb_is_answered_with_the_known_ones() -> None:
    run = subprocess.run([sys.executable, "-m", "demo", "fly"], cwd=ROOT, capture_output=True, text=True, env=dict(os.environ))
    assert run.returncode == 2
    assert "setup|up|services|status|password|mail|down|clean" in run.stderr
