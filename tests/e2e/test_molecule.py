"""Molecule's scenarios of the roles that run tasks, on the demo."""

from __future__ import annotations

import sys

from tests.e2e.conftest import Demo
from tools import molecule


def test_scenarios_on_the_demo_pass(demo: Demo) -> None:
    names = molecule.scenarios(demo=True)
    assert {"task_runner", "access", "first_setup", "upgrade", "mail", "rotate_secrets"} <= set(names)
    done = demo.run(sys.executable, "tools/molecule.py", *names, timeout=1200)
    assert done.returncode == 0, done.stdout[-8000:]
    for name in names:
        assert f"{name} > verify: Executed: Successful" in done.stdout
