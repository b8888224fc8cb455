# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import MODULE


def test_checkov_finds_nothing_unexplained() -> None:
    checkov = shutil.which("checkov")
    if checkov is None:
        pytest.skip("checkov is not installed: pip install checkov, in an environment of its own")
    configuration = Path(__file__).parent / "checkov.yaml"
    answer = subprocess.run([checkov, "-d", str(MODULE), "--config-file", str(configuration)], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout
