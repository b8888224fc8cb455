"""The first site.yml of an installation, hunted: it makes every secret, the database with one of them, and runs the one-off tasks.

Runs last of all, since it begins with nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import MADE, Demo
from tests.e2e.hunt import hunt


@pytest.mark.slow
def test_each_secret_that_is_made_is_in_the_store_alone(demo: Demo, tmp_path: Path) -> None:
    # What `make demo` writes down for the local inventory before it runs site.yml.
    images = {name: (demo.home / name).read_text() for name in ("image", "image_repository")}
    demo.make("demo-clean")
    demo.make("demo-services")
    for name, text in images.items():
        (demo.home / name).write_text(text)
    assert demo.secrets() == {}
    found = hunt("site.yml", environment=demo.environment, client=demo.aws, home=demo.home, folder=tmp_path / "runner")
    found.clean()
    assert set(found.secrets) >= {f"/redash/redash-demo/{name}" for name in MADE}
    assert "created aws_rds_cluster.this" in found.output
    assert demo.get("/ping") == (200, "PONG.")
