"""The built artefact in an empty folder, on the demo: redash.ecs.site and redash.ecs.manage by their names alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.conftest import LATER, ROOT, Demo, changed


def test_site_and_manage_work_from_an_empty_folder(demo: Demo, tmp_path: Path) -> None:
    programs = Path(sys.executable).parent
    collections = tmp_path / "ansible_collections"
    for dependency in ("amazon", "awx"):
        shutil.copytree(ROOT / "collections" / "ansible_collections" / dependency, collections / dependency)
    environment = {
        **demo.environment,
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_CONFIG": str(tmp_path / "empty.cfg"),
    }
    (tmp_path / "empty.cfg").touch()
    # An inventory of one's own, in one's own folder.
    shutil.copytree(ROOT / "inventories" / "local", tmp_path / "inventory")

    def run(program: str, *arguments: str | Path) -> str:
        command = [str(programs / program), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LATER, check=False
        )
        demo.said.append(done.stdout)
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    run("ansible-galaxy", "collection", "build", ROOT, "--output-path", tmp_path)
    (artefact,) = tmp_path.glob("redash-ecs-*.tar.gz")
    run("ansible-galaxy", "collection", "install", artefact, "--offline", "-p", tmp_path)

    # Terraform included: the module of the artefact is the one that the checkout applied.
    said = run("ansible-playbook", "-i", "inventory", "redash.ecs.site")
    assert changed(said) == {"redash-demo": 0}, said[-6000:]
    said = run("ansible-playbook", "-i", "inventory", "redash.ecs.manage", "-e", "cmd=users list")
    assert "admin@example.com" in said
