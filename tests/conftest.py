# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where Terraform is, and what may run side by side: `make test` has four processes on two cores, as a demo waits as often as it works."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How many examples a property is tried with: HYPOTHESIS_PROFILE=long pytest -m hypothesis. `make fuzz` does that each night.
# Quick ones are the same in each run, so a change is never red for what it did not touch; the long ones look for new faults.
# No deadline: on a machine under load an example takes as long as it takes.
ANY_MACHINE: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("quick", max_examples=50, derandomize=True, **ANY_MACHINE)
settings.register_profile("long", max_examples=2000, print_blob=True, **ANY_MACHINE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# Where PATH has no Terraform, `make setup` has put one here. Last: a person's own comes first.
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.prefix) / "bin")])

# The tests of this folder share a demo, and some of them go on where the one before ended. Elsewhere a file is the unit, which
# keeps every process busy: each file makes what it needs itself (an emulated AWS, a Redis).
TOGETHER = ("tests/e2e",)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The tests of a folder that shares something stay in one process, in their order; elsewhere those of a file do."""
    from xdist.scheduler import LoadScopeScheduling  # only where tests run in more processes than one

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            return next((folder for folder in TOGETHER if path.startswith(f"{folder}/")), path)

    return Together(config, log)
