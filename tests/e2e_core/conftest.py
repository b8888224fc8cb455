# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One Redash 10.1.0 on a local AWS of its own, for one life. REDASH_E2E_CORE_HOME and REDASH_E2E_CORE_PORT name one that is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import free_port
from tests.e2e_rotation.encrypted import make_data_source
from tests.e2e_upgrade.installation import PEOPLE, ROOT, Installation

BEFORE = "10.1.0"
# Beside the images that the demo makes: one whose migration fails half-way.
FAULTY = """
import os
from demo import engine, images
from demo.instance import Instance
instance = Instance.from_environment(os.environ)
found = engine.ensure(instance)
images.build_stand_in(found, images.ensure_base(found, instance), "25.8.0", fault="migration")
"""


@pytest.fixture(scope="session")
def redash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    kept = os.environ.get("REDASH_E2E_CORE_HOME")
    installation = Installation(Path(kept or ROOT / "build" / "e2e-core"), int(os.environ.get("REDASH_E2E_CORE_PORT") or free_port()))
    environment = {**installation.environment, "REDASH_VERSION": BEFORE}

    # As in tests/e2e: measured with MEASURE only.
    installation.environment = {
        name: value for name, value in installation.environment.items() if "COVERAGE_FILE" in os.environ or not name.startswith("COVERAGE_")
    }
    # As the person's inventory, which follows what was released only when the person edits it.
    installation.inventory = tmp_path_factory.mktemp("inventory") / "inventory.yml"
    installation.inventory.write_text(yaml.safe_dump({"redash_version": BEFORE}))

    def demo(*command: str, check: bool = True) -> None:
        subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=check, timeout=1500)

    if not kept:
        # What an interrupted run left behind.
        demo("-m", "demo", "clean", check=False)
    try:
        if not kept or not installation.schema():
            demo("-m", "demo", "up")
            demo("-c", FAULTY)
            installation.sql(PEOPLE)
            make_data_source(installation)
        yield installation
    finally:
        if not kept:
            demo("-m", "demo", "clean", check=False)
