"""Every check that needs nothing to run: style, types, lint, the built artefact."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest

from tests.checks import sanity
from tools import ansible_lint, lint

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


def test_lint_finds_nothing() -> None:
    """ruff, its formatting, yamllint, mypy, ansible-lint, zizmor, the page of variables: the hooks of pre-commit, side by side."""
    run = subprocess.run([sys.executable, "tools/lint.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-20000:] + run.stderr[-5000:]
    assert {line.split()[0] for line in run.stdout.splitlines() if " passed " in line} == set(lint.hooks())


# `make lint` runs these two, each over everything, whatever files a commit has.
SLOW = ("mypy", "ansible-lint")


def test_pre_commit_takes_the_hooks_and_each_has_files_to_look_at(clone: Path, tmp_path: Path) -> None:
    """A hook whose pattern matches nothing passes, and checks nothing."""
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path), "SKIP": ",".join(SLOW)}
    command = [".venv/bin/pre-commit", "run", "--all-files", "--show-diff-on-failure", "--color", "never"]
    run = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-20000:] + run.stderr[-5000:]
    assert "no files to check" not in run.stdout, run.stdout
    assert run.stdout.count("Passed") == len(lint.hooks()) - len(SLOW), run.stdout
    for name in SLOW:
        assert any(lint.is_for(lint.hooks()[name], file) for file in lint.files()), name


def test_lint_gives_each_hook_the_files_of_its_kind_and_writes_none() -> None:
    names = ["README.md", "plugins/modules/redash_mail.py", "playbooks/site.yml", "demo/stand_in/celery/bin/celery"]
    hooks = lint.hooks()
    assert lint.command(hooks["yamllint"], names) == [".venv/bin/yamllint", "--strict", "playbooks/site.yml"]
    assert lint.command(hooks["ruff"], names)[-2:] == ["plugins/modules/redash_mail.py", "demo/stand_in/celery/bin/celery"]
    assert "--fix" not in lint.command(hooks["ruff"], names) and "--check" in lint.command(hooks["ruff-format"], names)
    assert lint.command(hooks["ansible-lint"], names) == [".venv/bin/python", "tools/ansible_lint.py"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A playbook and a role, both sound."""
    for name, text in (
        ("site.yml", "- name: Site\n  hosts: localhost\n  roles: [one]\n"),
        ("roles/one/tasks/main.yml", "- name: Say it\n  ansible.builtin.debug:\n"),
    ):
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text(text)
    return tmp_path / "project"


ANSIBLE_PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))


def test_one_syntax_check_finds_an_error_in_a_playbook_and_in_a_role(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert ansible_lint.check_syntax(ANSIBLE_PLAYBOOK, project, tmp_path) == 0
    task = project / "roles" / "one" / "tasks" / "main.yml"
    task.write_text("- name: Say it\n  nobody.knows.this:\n")
    assert ansible_lint.check_syntax(ANSIBLE_PLAYBOOK, project, tmp_path) != 0
    assert "nobody.knows.this" in capfd.readouterr().out
    task.write_text("[]\n")
    (project / "site.yml").write_text("- name: Site\n  hosts: localhost\n  taks: []\n")
    assert ansible_lint.check_syntax(ANSIBLE_PLAYBOOK, project, tmp_path) != 0
    assert "taks" in capfd.readouterr().out


def test_ansible_lint_s_own_syntax_check_passes_at_once_what_was_checked_and_nothing_else(project: Path, tmp_path: Path) -> None:
    path = ansible_lint.stand_in(tmp_path, "/bin/echo", project)

    def said(*words: str) -> str:
        return subprocess.run([path, *words], cwd=project, check=True, capture_output=True, text=True).stdout

    with tempfile.NamedTemporaryFile("w", prefix="play", suffix=".yml") as importing:
        # As ansible-lint writes it.
        importing.write(
            "---\n- name: Temporary\n  hosts: localhost\n  tasks:\n    - ansible.builtin.import_role:\n        name: roles/one\n"
        )
        importing.flush()
        for passed in ("site.yml", str(project / "site.yml"), importing.name):
            assert said("--syntax-check", "-vv", passed) == ""
    assert said("--syntax-check", "-vv", "other.yml") == "--syntax-check -vv other.yml\n"
    assert said("site.yml") == "site.yml\n", "a play is run"


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


def test_sanity_judges_again_what_another_verdict_could_depend_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what failed: only a pass is noted."""
    files = tmp_path / "FILES.json"
    files.write_text("{}")
    monkeypatch.setattr(sanity, "PASSED", tmp_path / "passed")
    monkeypatch.setattr(sanity, "BUILD", tmp_path)
    monkeypatch.setattr(sanity, "prepare", lambda: tmp_path)
    ran: list[str] = []
    code = 1

    def ansible_test(command: list[str], **_others: object) -> subprocess.CompletedProcess[str]:
        ran.append(" ".join(command[1:3]))
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(sanity.subprocess, "run", ansible_test)
    assert sanity.main([]) == 1
    code = 0
    assert [sanity.main([]), sanity.main([])] == [0, 0]
    assert ran == ["sanity --color"] * 2, "failed, passed, not run"
    assert sanity.main(["--test", "yamllint"]) == 0
    assert sanity.main(["units"]) == 0
    assert len(ran) == 4, "other arguments"
    files.write_text('{"files": []}')
    assert sanity.main([]) == 0
    monkeypatch.setattr(sanity, "exceptions", lambda core, python: "plugins/modules/x.py import-3.11\n")
    assert sanity.main([]) == 0
    assert len(ran) == 6, "other content, other exceptions"
    monkeypatch.setattr(sanity.importlib.metadata, "version", lambda name: "2.99.0")
    assert sanity.main([]) == 0
    assert len(ran) == 7, "another ansible-core"


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
