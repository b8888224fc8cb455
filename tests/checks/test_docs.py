# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the documentation says to type, set and read exists. One test per page, so that a page fails by its name."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("roles/*/README.md")]
)
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for found in FENCE.finditer(page.read_text()):
        if found["language"] in languages:
            yield "\n".join(line.removeprefix(found["indent"]) for line in found["text"].splitlines()) + "\n"


def variables() -> set[str]:
    """Every variable that a person may set: those of the roles' specifications and defaults, and of the playbooks."""
    known = set()
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            known |= set(entry.get("options") or {})
    for path in ROOT.glob("roles/*/defaults/main.yml"):
        known |= set(yaml.safe_load(path.read_text()) or {})
    for path in [*ROOT.glob("playbooks/*.yml"), *ROOT.glob("roles/*/tasks/**/*.yml"), *ROOT.glob("roles/*/defaults/*.yml")]:
        known |= set(re.findall(r"\b(redash_\w+) *\| *default\(", path.read_text()))
    return known


def is_name(word: str) -> bool:
    """Modules and other plugins begin with redash_, too; redash_* and redash_destroy_... are talk about names."""
    return not (ROOT / "plugins" / "modules" / f"{word}.py").exists() and word not in {"redash_ecs"} and not word.endswith("_")


def test_the_pictures_are_those_that_would_be_made() -> None:
    run = subprocess.run([sys.executable, "tools/pictures.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
class TestPage:
    def test_every_yaml_block_is_yaml(self, page: Path) -> None:
        for text in blocks(page, "yaml", "yml"):
            try:
                list(yaml.safe_load_all(text))
            except yaml.YAMLError as error:
                pytest.fail(f"{error}\n{text}")

    def test_every_playbook_that_one_is_told_to_run_exists(self, page: Path) -> None:
        for line in page.read_text().splitlines():
            if "ansible-playbook" not in line:
                continue
            for name in re.findall(r"(?<![\w/.@-])((?:playbooks/)?[a-z_]+\.yml)", line.split("ansible-playbook", 1)[1]):
                assert (ROOT / name).is_file(), f"{name}: {line}"
            for name in re.findall(r"redash\.ecs\.(\w+)", line.split("ansible-playbook", 1)[1]):
                assert (ROOT / "playbooks" / f"{name}.yml").is_file(), f"{name}: {line}"

    def test_every_shell_command_is_sound(self, page: Path) -> None:
        for text in blocks(page, "console", "sh", "bash", "shell"):
            commands = (
                [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")] if "$ " in text else text.splitlines()
            )
            joined = "\n".join(commands)
            run = subprocess.run(["bash", "-n"], input=joined, text=True, capture_output=True, check=False)
            assert run.returncode == 0, f"{run.stderr}\n{joined}"

    def test_every_make_target_exists(self, page: Path) -> None:
        targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        for name in re.findall(r"`(?:\$ )?make ([a-z][a-z0-9-]*)`|^\$ make ([a-z][a-z0-9-]*)", page.read_text(), re.MULTILINE):
            assert (name[0] or name[1]) in targets

    def test_every_variable_exists(self, page: Path) -> None:
        named = {word for word in re.findall(r"\b(?:redash|awx)_[a-z0-9_]+\b", page.read_text()) if is_name(word)}
        roles = {path.name for path in (ROOT / "roles").iterdir()}
        plugins = {path.stem for path in ROOT.glob("plugins/*/*.py")} | roles
        unknown = {word for word in named - variables() - plugins if not word.endswith(("_redash", "_yml"))}
        assert not unknown, sorted(unknown)

    def test_every_link_within_the_repository_leads_somewhere(self, page: Path) -> None:
        for target in re.findall(r"\]\((?!https?://|mailto:|#)([^)\s#]+)", page.read_text()):
            assert (page.parent / target).exists(), target
