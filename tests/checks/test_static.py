"""Every check that needs nothing to run: style, types, lint, the built artefact."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
HOOKS = ".pre-commit-config.yaml"


def check(*command: str, **environment: str) -> None:
    """Run a command from the project's root; on failure show all it said."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    run = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path, **environment}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{' '.join(command)}\n{run.stdout[-20000:]}\n{run.stderr[-5000:]}"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files as they would be committed, in a repository of their own: hooks may change what they find."""
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / name
        # What was deleted and not yet committed is listed, too.
        if source.exists() or source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    for dependency in ("amazon", "awx"):
        (folder / "collections" / "ansible_collections" / dependency).symlink_to(ROOT / "collections" / "ansible_collections" / dependency)
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    # The hooks name their tools by path. Whichever environment runs this test has them.
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.mark.parametrize("hook", [hook["id"] for repo in yaml.safe_load((ROOT / HOOKS).read_text())["repos"] for hook in repo["hooks"]])
def test_hook_finds_nothing(hook: str, clone: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """ruff, its formatting, yamllint, mypy, ansible-lint, zizmor, the page of variables: as pre-commit runs them on a commit."""
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path_factory.getbasetemp() / "pre-commit")}
    command = [".venv/bin/pre-commit", "run", hook, "--all-files", "--show-diff-on-failure"]
    run = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-20000:] + run.stderr[-5000:]
    # A hook whose pattern matches nothing passes, and checks nothing.
    assert "no files to check" not in run.stdout, run.stdout


def test_a_commit_is_refused_for_a_fault_and_taken_without(tmp_path: Path) -> None:
    """As CONTRIBUTING says: .venv/bin/pre-commit install. The shell does not have .venv active, as an editor's has not."""
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    (folder / ".venv").symlink_to(sys.prefix)
    # What is tried here is what would be committed, not what was.
    for name in (HOOKS, "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    folders = [entry for entry in os.environ["PATH"].split(os.pathsep) if not Path(entry).is_relative_to(sys.prefix)]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "GIT_"))},
        **{f"GIT_{who}_{what}": f"{who}@example.com".lower() for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        "PATH": os.pathsep.join(folders),
        "PRE_COMMIT_HOME": str(tmp_path / "pre-commit"),
    }

    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)

    installed = subprocess.run(
        [".venv/bin/pre-commit", "install"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert installed.returncode == 0, installed.stdout + installed.stderr
    new = folder / "tools" / "new.py"
    for text, taken in (('"""A tool."""\n\nprint(name)\n', False), ('"""A tool."""\n\nprint("name")\n', True)):
        new.write_text(text)
        git("add", HOOKS, "pyproject.toml", "tools/new.py")
        before = git("rev-parse", "HEAD").stdout
        said = git("commit", "--message", "Add a tool")
        assert (said.returncode == 0) is taken, said.stdout + said.stderr
        assert (git("rev-parse", "HEAD").stdout != before) is taken
        assert taken or "Undefined name `name`" in said.stdout + said.stderr


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
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    assert not artefact - set(listed) - {"MANIFEST.json", "FILES.json"}, "what nobody has committed would be published"
    # What lies at the top is told one by one: a new file there is either for users, or belongs into build_ignore of galaxy.yml.
    assert {name.split("/")[0] for name in artefact} <= {
        "CHANGELOG.md", "CONTRIBUTING.md", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "SECURITY.md",
        ".ansible-lint", ".yamllint", "pyproject.toml", "requirements.txt", "execution-environment.yml",
        "changelogs", "docs", "inventories", "meta", "playbooks", "plugins", "roles", "tests",
    }  # fmt: skip
    strangers = {
        name
        for name in artefact
        if name.startswith(("tests/e2e", "docs/site/", "changelogs/fragments/"))
        or name.endswith((".pyc", ".tfstate", ".tfplan", ".tfvars"))
        or "/.terraform" in name
    }
    assert not strangers, sorted(strangers)
