# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every molecule scenario, as `molecule test --all` runs them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import ecosystem

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.parent.name for path in ROOT.glob("extensions/molecule/*/molecule.yml"))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str, tmp_path: Path) -> None:
    # Molecule keeps what it has done below the home, and skips it the next time, also after a failure.
    environment = {**ecosystem.environment(), "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path), "NO_COLOR": "1"}
    run = subprocess.run(
        ["molecule", "test", "--scenario-name", scenario], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-5000:]
