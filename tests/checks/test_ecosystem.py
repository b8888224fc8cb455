# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The collection as Galaxy, AWX, ansible-builder and a person's empty folder see it."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tools import ecosystem

ROOT = Path(__file__).resolve().parents[2]


def check(*command: str | Path, cwd: Path = ROOT, environment: Mapping[str, str] | None = None, warnings: bool = True) -> str:
    """Run a command; on failure show all it said. Returns its output, with what it warned of unless that is not wished."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    run = subprocess.run(
        command, cwd=cwd, env=environment or {**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert run.returncode == 0, f"{' '.join(map(str, command))}\n{run.stdout[-20000:]}\n{run.stderr[-5000:]}"
    return run.stdout + run.stderr if warnings else run.stdout


@pytest.fixture(scope="session")
def tools() -> dict[str, str]:
    return ecosystem.environment()


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artefact")
    check("ansible-galaxy", "collection", "build", ROOT, "--output-path", folder)
    (path,) = folder.glob("redash-ecs-*.tar.gz")
    return path


class Installed:
    """The artefact in an otherwise empty folder, beside copies of what it depends on."""

    def __init__(self, folder: Path, artefact: Path) -> None:
        self.folder = folder
        for dependency in ("amazon", "awx"):
            shutil.copytree(ROOT / "collections" / "ansible_collections" / dependency, folder / "ansible_collections" / dependency)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        self.environment |= {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "ANSIBLE_COLLECTIONS_PATH": str(folder),
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "ANSIBLE_CONFIG": str(folder / "empty.cfg"),
        }
        (folder / "empty.cfg").touch()
        self.run("ansible-galaxy", "collection", "install", artefact, "--offline", "-p", folder)
        self.collection = folder / "ansible_collections" / "redash" / "ecs"
        (folder / "hosts.yml").write_text("redash: {hosts: {redash-prod: {ansible_connection: local, redash_region: eu-west-1}}}\n")

    def run(self, *command: str | Path) -> str:
        return check(*command, cwd=self.folder, environment=self.environment)

    def documentation(self, kind: str, names: Iterable[str]) -> dict[str, Any]:
        """What ansible-doc says of plugins or roles. The newest ansible-core warns beside it of what amazon.aws imports."""
        command = ("ansible-doc", "-t", kind, "--json", *names)
        return json.loads(check(*command, cwd=self.folder, environment=self.environment, warnings=False))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, artefact: Path) -> Installed:
    return Installed(tmp_path_factory.mktemp("elsewhere"), artefact)


def test_installed_elsewhere_every_playbook_and_all_that_it_names_is_found(installed: Installed) -> None:
    names = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
    assert {"site", "manage", "upgrade", "mail", "awx"} <= set(names)
    said = installed.run("ansible-playbook", "-i", "hosts.yml", "--list-tasks", *(f"redash.ecs.{name}" for name in names))
    for name in names:
        assert re.search(rf"playbook: .*/redash/ecs/playbooks/{name}\.yml$", said, re.MULTILINE), said


def test_installed_elsewhere_every_plugin_and_role_is_documented(installed: Installed) -> None:
    for kind, pattern in (("module", "plugins/modules/*.py"), ("filter", "plugins/filter/*.yml"), ("lookup", "plugins/lookup/*.py")):
        names = {f"redash.ecs.{path.stem}" for path in ROOT.glob(pattern)}
        assert set(installed.documentation(kind, sorted(names))) == names
    roles = {f"redash.ecs.{path.name}" for path in (ROOT / "roles").iterdir() if path.is_dir()}
    described = installed.documentation("role", sorted(roles))
    assert {name for name, role in described.items() if role["entry_points"]} == roles


def test_installed_elsewhere_every_name_of_the_collection_that_is_used_exists(installed: Installed) -> None:
    """`redash.ecs.<name>` in any playbook or role is a module, filter, lookup, role or playbook of the artefact."""
    known = {path.stem for path in installed.collection.glob("plugins/*/*") if path.parent.name in ("modules", "lookup", "action")}
    known |= {path.stem for path in installed.collection.glob("plugins/filter/*.yml")}
    known |= {path.name for path in (installed.collection / "roles").iterdir()} | {
        path.stem for path in installed.collection.glob("playbooks/*.yml")
    }
    known |= {"aws"}  # the action group
    used = {
        name
        for folder in ("playbooks", "roles")
        for path in (installed.collection / folder).rglob("*.yml")
        for name in re.findall(r"redash\.ecs\.(\w+)", path.read_text())
    }
    assert used and not used - known, sorted(used - known)


def test_installed_elsewhere_terraform_module_is_whole(installed: Installed) -> None:
    shipped = {path.name for path in (installed.collection / "roles" / "terraform_apply" / "files").glob("*.tf")}
    assert shipped == {path.name for path in (ROOT / "roles" / "terraform_apply" / "files").glob("*.tf")}


def test_every_module_that_talks_to_aws_gets_its_connection_by_the_action_group() -> None:
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]
    talking = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if "amazon.aws.common.modules" in path.read_text()}
    assert talking == set(groups["aws"])


# As galaxy-importer's own program, but with amazon.aws and awx.awx beside the collection: alone, it finds none of their
# documentation fragments and modules, and says so for every collection that needs another.
IMPORT = """
import logging
import sys
from galaxy_importer import config
from galaxy_importer.loaders.collection import CollectionLoader
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
path = sys.argv[1]
cfg = config.Config(config_data=config.ConfigFile.load())
CollectionLoader(path, None, cfg=cfg).load()
print("imported")
"""


def test_galaxy_would_take_it(installed: Installed, tools: dict[str, str]) -> None:
    """What galaxy.ansible.com finds wrong is a warning or an error; ansible-test is run by tests/checks/sanity.py."""
    python = Path(tools["PATH"].split(os.pathsep)[0]) / "python"
    said = check(python, "-c", IMPORT, installed.collection, cwd=installed.folder, environment=tools)
    assert said.rstrip().endswith("imported"), said[-5000:]
    complaints = [line for line in said.splitlines() if line.startswith(("ERROR", "WARNING"))]
    # Until the first release is made, its changes are fragments.
    assert not [line for line in complaints if "No changelog found" not in line]


def test_the_documentation_of_plugins_and_roles_follows_the_rules(tools: dict[str, str], tmp_path: Path) -> None:
    environment = {**tools, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
    check(
        *ecosystem.ANTSIBULL_DOCS,
        "lint-collection-docs",
        "--plugin-docs",
        "--validate-collection-refs=all",
        ROOT,
        environment={**environment, "HOME": str(tmp_path)},
    )
    # Ansible's own folder aside.
    assert {path.name for path in tmp_path.iterdir()} <= {".ansible"}, "it has left something in the person's home"


def test_the_changelog_s_fragments_follow_the_rules(tools: dict[str, str]) -> None:
    check("antsibull-changelog", "lint", environment=tools)


def test_github_understands_its_files(tools: dict[str, str]) -> None:
    """Workflows, issue forms and Dependabot's settings by GitHub's own schemas, which check-jsonschema carries."""
    check("check-jsonschema", "--builtin-schema", "vendor.dependabot", ROOT / ".github" / "dependabot.yml", environment=tools)
    forms = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
    check("check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", *forms, environment=tools)
    check(
        "check-jsonschema",
        "--builtin-schema",
        "vendor.github-issue-config",
        ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml",
        environment=tools,
    )
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    check("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows, environment=tools)
    steps = [step for path in workflows for job in yaml.safe_load(path.read_text())["jobs"].values() for step in job["steps"]]
    # What GitHub runs is what everybody else runs.
    assert "bash .ci/run" in [step.get("run") for step in steps]


def test_the_changelog_can_be_written_anew_and_names_nothing_that_is_gone(tools: dict[str, str], tmp_path: Path) -> None:
    """New plugins enter it when it is written (`make docs`, and every release)."""
    for name in ("galaxy.yml", "changelogs", "plugins", "roles", "meta"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    check("antsibull-changelog", "generate", cwd=tmp_path, environment=tools)

    def named(path: Path) -> set[str]:
        return set(re.findall(r"^\* redash\.ecs\.(\w+) ", path.read_text().replace("\\", ""), re.MULTILINE))

    written = named(tmp_path / "CHANGELOG.md")
    plugins = {path.stem for kind in ("modules/*.py", "filter/*.yml", "lookup/*.py") for path in ROOT.glob(f"plugins/{kind}")}
    assert plugins <= written
    # As it stands here, too.
    assert plugins <= named(ROOT / "CHANGELOG.md")
    assert not named(ROOT / "CHANGELOG.md") - written


def test_the_execution_environment_can_be_built(tools: dict[str, str], tmp_path: Path) -> None:
    """As far as without a registry: ansible-builder takes the definition, and what it would run in the image is sound shell."""
    check("ansible-builder", "create", "-f", "execution-environment.yml", "-c", tmp_path / "context", environment=tools)
    (containerfile,) = (tmp_path / "context").glob("*file")
    text = containerfile.read_text()
    assert (tmp_path / "context" / "_build" / "terraform" / "versions.tf").is_file()
    steps = [step.removeprefix("RUN ") for step in re.findall(r"^RUN (?:.*\\\n)*.*$", text, re.MULTILINE)]
    assert any("terraform_${TERRAFORM_VERSION}_SHA256SUMS" in step for step in steps)
    for step in steps:
        subprocess.run(["sh", "-n", "-c", step], check=True)


def test_an_execution_environment_with_this_collection_gets_what_it_needs(tools: dict[str, str], installed: Installed) -> None:
    said = check("ansible-builder", "introspect", installed.folder, environment=tools)
    ours = {re.split(r"[<>= ]", line)[0] for lines in yaml.safe_load(said).values() for line in lines if "collection redash.ecs" in line}
    assert ours == {"boto3", "botocore", "ca-certificates", "git"}


def test_what_an_execution_environment_gets_is_what_the_collection_imports_and_was_tried_with() -> None:
    wanted = {item.name.lower(): item.specifier for item in map(Requirement, requirements("meta/ee-requirements.txt"))}
    tried = {item.name.lower(): str(item.specifier).removeprefix("==") for item in map(Requirement, requirements("constraints.txt"))}
    for name, specifier in wanted.items():
        assert specifier.contains(tried[name]), f"{name}: {specifier} does not admit {tried[name]}, with which everything is tried"
    imported = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            imported |= {name.split(".")[0] for name in names}
    foreign = imported - set(sys.stdlib_module_names) - {"ansible", "ansible_collections"}
    # boto3 makes the clients; amazon.aws imports it for us.
    assert {{"yaml": "pyyaml"}.get(name, name) for name in foreign} | {"boto3"} == set(wanted)


def requirements(name: str) -> list[str]:
    lines = [line.split(" #")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_the_documentation_site_is_built_without_a_warning() -> None:
    check(sys.executable, "tools/docs_site.py")
    html = ROOT / "build" / "docs" / "html"
    for page in (
        *(f"pages/{path.stem}" for path in ROOT.glob("docs/*.md")),
        *(f"reference/{path.stem}_module" for path in ROOT.glob("plugins/modules/*.py")),
    ):
        assert (html / f"{page}.html").is_file(), page
