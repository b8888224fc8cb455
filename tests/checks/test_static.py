"""Every check that needs nothing to run: style, types, lint, the built artefact."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(*command: str, **environment: str) -> None:
    """Run a command from the project's root; on failure show all it said."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    run = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path, **environment}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{' '.join(command)}\n{run.stdout[-20000:]}\n{run.stderr[-5000:]}"


def test_ruff_finds_nothing() -> None:
    check("ruff", "check", ".")


def test_the_code_is_formatted() -> None:
    check("ruff", "format", "--check", ".")


def test_yamllint_finds_nothing() -> None:
    check("yamllint", "--strict", ".")


def test_types_hold() -> None:
    check("mypy", "-p", "ansible_collections.redash.ecs.plugins", MYPYPATH="collections")


def test_ansible_lint_finds_nothing() -> None:
    check("ansible-lint", "--offline", "--strict")


def test_ansible_test_sanity_passes() -> None:
    check(sys.executable, "tests/checks/sanity.py")


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in the collection as it would be published."""
    folder = tmp_path_factory.mktemp("artefact")
    check("ansible-galaxy", "collection", "build", ".", "--output-path", str(folder))
    (path,) = folder.glob("redash-ecs-*.tar.gz")
    with tarfile.open(path) as archive:
        return {member.name for member in archive.getmembers() if member.isfile()}


def test_the_artefact_holds_what_a_user_needs(artefact: set[str]) -> None:
    needed = {"README.md", "LICENSE", "meta/runtime.yml", "playbooks/site.yml", "playbooks/manage.yml"}
    needed |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("plugins/modules/*.py")}
    needed |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("roles/terraform_apply/files/*.tf")}
    assert needed <= artefact, sorted(needed - artefact)


def test_the_artefact_holds_nothing_else(artefact: set[str]) -> None:
    strangers = {
        name
        for name in artefact
        if (name.startswith(("collections/", "demo/", "build/", "tests/e2e/", ".")) and name not in {".ansible-lint", ".yamllint"})
        or name.endswith((".pyc", ".tfstate", ".tfplan"))
        or "/.terraform" in name
    }
    assert not strangers, sorted(strangers)


def test_the_page_of_variables_is_up_to_date() -> None:
    check(sys.executable, "tools/variables_page.py", "--check")
