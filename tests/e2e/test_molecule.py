"""Molecule's scenarios of roles that run tasks, on the demo: the quick ones. All of them: make molecule."""

from __future__ import annotations

import re
import sys

import pytest

from tests.e2e.conftest import Demo


@pytest.mark.slow
def test_scenarios_on_the_demo_pass(demo: Demo) -> None:
    names = ["task_runner", "first_setup"]
    done = demo.run(sys.executable, "tools/molecule.py", *names)
    assert done.returncode == 0, done.stdout[-8000:]
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    for name in names:
        # The arrow is the terminal's affair.
        assert re.search(rf"{name} \S+ verify: Executed: Successful", said), said[-8000:]
