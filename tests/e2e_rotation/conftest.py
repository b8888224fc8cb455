# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Redash on a local AWS of its own. REDASH_E2E_ROTATION_HOME and REDASH_E2E_ROTATION_PORT name one that runs and is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e_upgrade.installation import ROOT, Installation


@pytest.fixture(scope="session")
def redash() -> Iterator[Installation]:
    kept = os.environ.get("REDASH_E2E_ROTATION_HOME")
    installation = Installation(Path(kept or ROOT / "build" / "e2e-rotation"), int(os.environ.get("REDASH_E2E_ROTATION_PORT", "4597")))
    if not kept:
        subprocess.run([sys.executable, "-m", "demo", "up"], cwd=ROOT, env=installation.environment, check=True, timeout=1500)
    yield installation
    if not kept:
        subprocess.run([sys.executable, "-m", "demo", "clean"], cwd=ROOT, env=installation.environment, check=False, timeout=300)
