# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One upgrade that fails and one that works, on the demo: what every change has to prove.

tests/e2e_upgrade has the rest: every kind of failure, restoring, kills in each step.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import ROOT, Demo
from tests.e2e_upgrade.installation import NAME, REPOSITORY, Installation, calm

HEAD, TO_COME = "db0aca1ebd32", "5d1c0e7a9b3f"
# The demo runs the newest schema: to have something to migrate, these images have one migration more.
IMAGES = """
import os
from demo import engine, images
from demo.instance import Instance
instance = Instance.from_environment(os.environ)
found = engine.ensure(instance)
base = images.ensure_base(found, instance)
for fault in ("schema", "schema.migration"):
    images.build_stand_in(found, base, "26.3.0", fault=fault)
"""


@pytest.fixture(scope="module")
def redash(demo: Demo) -> Iterator[Installation]:
    if (demo.home / "image_repository").read_text() != REPOSITORY:
        pytest.skip("the demo runs the official image, of which there is none that fails on purpose")
    installation = Installation(demo.home, demo.port)
    subprocess.run([sys.executable, "-c", IMAGES], cwd=ROOT, env={**os.environ, **installation.environment}, check=True)
    # Whatever another test has set: what is compared here begins with what site.yml makes.
    assert installation.run("site.yml").rc == 0
    yield installation
    # The demo as it was, for whoever comes after.
    installation.sql(f"drop table if exists to_come; update alembic_version set version_num = '{HEAD}'")
    installation.forget_releases()
    assert installation.run("site.yml").rc == 0


def state(redash: Installation) -> Any:
    return redash.services(), redash.task_runner(), redash.schema(), redash.people()


def test_a_failing_migration_puts_everything_back(redash: Installation) -> None:
    before = state(redash)
    done = redash.upgrade("26.3.0", fault="schema.migration")
    assert done.rc != 0
    assert "The upgrade failed and everything is as it was" in done.message, done.output
    assert "built to fail in its last migration" in done.message
    calm(done)
    assert redash.record()["state"] == "undone"
    assert state(redash) == before


def test_an_upgrade_migrates_and_loses_nobody(redash: Installation) -> None:
    people = redash.people()
    done = redash.upgrade("26.3.0", fault="schema")
    assert done.rc == 0, done.output
    assert "Redash is 26.3.0 (release 2). Set redash_version: 26.3.0 in the inventory." in done.message
    calm(done)
    assert (redash.record()["state"], redash.record()["path"]) == ("succeeded", "full")
    assert redash.schema() == TO_COME
    assert redash.people() == people
    assert redash.services()[NAME][1:] == (1, 1)
    # The same roles with the same variables: nothing is left for site.yml to put right.
    site = redash.run("site.yml", redash_version="26.3.0", redash_image=f"{REPOSITORY}:26.3.0-schema")
    assert "changed=0" in site.output, site.output
