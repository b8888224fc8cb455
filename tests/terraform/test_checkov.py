# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import MODULE

ROOT = Path(__file__).resolve().parents[2]
# Its pins clash with those of Ansible's tools, so it lives in an environment of its own.
VERSION = "3.3.30"


@pytest.fixture(scope="session")
def checkov() -> Path:
    """checkov's program, installed once; a half-made installation lacks the stamp and is made anew."""
    home = ROOT / "build" / "tools" / f"checkov-{VERSION}-python{sys.version_info.major}.{sys.version_info.minor}"
    stamp = home / "ready"
    if not stamp.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", f"checkov=={VERSION}"]
        subprocess.run(pip, check=True)
        stamp.touch()
    return home / "bin" / "checkov"


def test_checkov_finds_nothing_unexplained(checkov: Path) -> None:
    configuration = Path(__file__).parent / "checkov.yaml"
    answer = subprocess.run(
        [str(checkov), "-d", str(MODULE), "--config-file", str(configuration)], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout
