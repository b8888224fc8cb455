# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Molecule's scenarios: that every role has one, and those that need no demo. The others are in tests/e2e."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import yaml

from tools import molecule


def test_every_role_has_a_scenario() -> None:
    roles = {path.name for path in (molecule.ROOT / "roles").iterdir() if path.is_dir()}
    assert set(molecule.scenarios()) == roles


@pytest.mark.parametrize("scenario", molecule.scenarios())
def test_every_scenario_converges_and_verifies_and_is_idempotent_or_says_why_not(scenario: str) -> None:
    path = molecule.SCENARIOS / scenario
    text = (path / "molecule.yml").read_text()
    common = yaml.safe_load((molecule.SCENARIOS / "config.yml").read_text())
    sequence = {**common["scenario"], **yaml.safe_load(text)["scenario"]}["test_sequence"]
    assert {"converge", "verify"} <= set(sequence)
    assert (path / "tasks" / "converge.yml").is_file()
    assert "ansible.builtin.assert" in (path / "tasks" / "verify.yml").read_text()
    if "idempotence" not in sequence:
        assert "# " in text.split("scenario:", 1)[1], "say why a second run changes something"


def test_scenarios_that_need_no_demo_pass() -> None:
    # The role awx writes for a minute into the FAKE that tests/integration/awx asks more of: make molecule.
    names = [name for name in molecule.scenarios(demo=False) if name != "awx"]
    assert len(names) >= 7
    command = [sys.executable, "tools/molecule.py", *names]
    run = subprocess.run(command, cwd=molecule.ROOT, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-8000:]
    for name in names:
        # The arrow is the terminal's affair.
        assert re.search(rf"{name} \S+ verify: Executed: Successful", run.stdout + run.stderr), run.stdout[-8000:]
