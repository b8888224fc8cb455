# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an editor is told (.editorconfig, .devcontainer) agrees with what the checks ask for and with what the project needs."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from editorconfig import get_properties
from yamllint.config import YamlLintConfig

from demo.instance import DEFAULT_PORT

ROOT = Path(__file__).resolve().parents[2]
FEATURES = "ghcr.io/devcontainers/features/"


def told(name: str) -> dict[str, str]:
    """What .editorconfig says of a file of this name."""
    return dict(get_properties(str(ROOT / name)))


def container() -> dict[str, Any]:
    return dict(json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text()))


def test_editors_are_told_of_python_what_ruff_asks_for() -> None:
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]
    said = told("plugins/modules/new.py")
    assert said["max_line_length"] == str(ruff["line-length"])
    # ruff's own defaults where pyproject.toml is silent.
    assert said["indent_size"] == str(ruff.get("indent-width", 4))
    assert said["indent_style"] == ruff.get("format", {}).get("indent-style", "space")


@pytest.mark.parametrize("name", ["playbooks/site.yml", "new.yaml"])
def test_editors_are_told_of_yaml_what_yamllint_asks_for(name: str) -> None:
    rules = YamlLintConfig(file=str(ROOT / ".yamllint")).rules
    said = told(name)
    assert said["max_line_length"] == str(rules["line-length"]["max"])
    assert said["indent_style"] == "space"
    assert said["insert_final_newline"] == str(bool(rules["new-line-at-end-of-file"])).lower()
    assert said["trim_trailing_whitespace"] == str(bool(rules["trailing-spaces"])).lower()
    assert (said["end_of_line"] == "lf") is (rules["new-lines"]["type"] == "unix")


# No text: an editor does not change them line by line.
PICTURES = (".png",)


def test_every_file_is_as_editors_are_told() -> None:
    """Otherwise saving a file changes lines that nobody touched."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    wrong = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_symlink() or not path.is_file() or path.suffix in PICTURES:
            continue
        said, content = told(name), path.read_bytes()
        try:
            text = content.decode()
        except UnicodeDecodeError:
            wrong.append(f"{name}: not UTF-8")
            continue
        if "\r\n" in text:
            wrong.append(f"{name}: lines end with CR and LF")
        if said["insert_final_newline"] == "true" and text and not text.endswith("\n"):
            wrong.append(f"{name}: no newline at the end")
        if said["trim_trailing_whitespace"] == "true" and re.search(r"[ \t]$", text, re.MULTILINE):
            wrong.append(f"{name}: spaces at the end of a line")
        if said["indent_style"] == "space" and re.search(r"^ *\t", text, re.MULTILINE):
            wrong.append(f"{name}: a tab")
    assert not wrong, "\n".join(wrong)


def test_the_container_has_what_the_readme_asks_for() -> None:
    """Python, a container engine, Terraform. git and make are in the image."""
    image = re.fullmatch(r"mcr\.microsoft\.com/devcontainers/python:(3\.\d+)-\w+", container()["image"])
    assert image, container()["image"]
    features = {name.removeprefix(FEATURES).partition(":")[0]: options for name, options in container()["features"].items()}
    assert set(features) == {"docker-in-docker", "terraform"}
    # The Python that CI tests on is that of the container.
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["test"]["steps"]
    assert image[1] in [step.get("with", {}).get("python-version") for step in steps]
    required = re.search(r'required_version = ">= (\d+)\.(\d+)', (ROOT / "roles" / "terraform_apply" / "files" / "versions.tf").read_text())
    assert required
    given = tuple(int(part) for part in features["terraform"]["version"].split("."))
    assert given >= (int(required[1]), int(required[2]))


def test_what_the_container_runs_and_names_exists() -> None:
    said = container()
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    command = said["postCreateCommand"].split()
    assert command[0] == "make" and set(command[1:]) <= targets
    assert said["forwardPorts"] == [DEFAULT_PORT]
    paths = re.findall(r"\$\{containerWorkspaceFolder\}/([^\"]+)", json.dumps(said))
    assert paths and set(paths) == {".venv/bin/python"}


def test_every_feature_of_the_container_is_of_a_named_major_version() -> None:
    for name in container()["features"]:
        assert re.fullmatch(rf"{re.escape(FEATURES)}[a-z-]+:\d+", name), name
