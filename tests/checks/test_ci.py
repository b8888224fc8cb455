# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What GitHub runs is what the Makefile has. zizmor, a hook of .pre-commit-config.yaml, looks for what is unsafe."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) +# (?P<version>v\d+\.\d+\.\d+)$")
MAKEFILE = (ROOT / "Makefile").read_text()


def jobs(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text())["jobs"])


def variable(name: str) -> list[str]:
    """The words of a variable of the Makefile."""
    found = re.search(rf"^{name} = (.*)$", MAKEFILE, re.MULTILINE)
    assert found, f"Makefile: no variable {name}"
    return found[1].split()


def nightly() -> dict[str, list[str]]:
    """For each job of nightly.yml the targets that it makes."""
    found = {}
    for name, job in jobs(ROOT / ".github" / "workflows" / "nightly.yml").items():
        (line,) = [step["run"] for step in job["steps"] if "run" in step]
        target = re.match(r'make "?\$?(\w+)"?', line)
        assert target, f"{name}: {line} is no target of the Makefile"
        included = job.get("strategy", {}).get("matrix", {}).get("include", [])
        found[name] = [one["target"] for one in included] if target[1] == "TARGET" else [target[1]]
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_a_commit_with_its_version_beside_it(path: Path) -> None:
    uses = [line.strip().removeprefix("- ") for line in path.read_text().splitlines() if re.match(r"[ -]*uses:", line)]
    assert uses
    assert not [line for line in uses if not PINNED.fullmatch(line)]


def test_an_action_is_the_same_commit_everywhere() -> None:
    """Two workflows of which only one is renewed test two things."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in WORKFLOWS:
        for line in path.read_text().splitlines():
            if pin := PINNED.search(line):
                found.setdefault(pin["action"], set()).add((pin["commit"], pin["version"]))
    assert found
    assert not {action: pins for action, pins in found.items() if len(pins) > 1}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_ends_and_may_do_no_more_than_read(path: Path) -> None:
    for name, job in jobs(path).items():
        assert job["timeout-minutes"], name
        assert job["permissions"] == {"contents": "read"}, name


def test_every_part_of_test_long_runs_at_night() -> None:
    made = [target for targets in nightly().values() for target in targets]
    assert sorted(set(made) - {"test", "coverage"}) == sorted(variable("LONG"))
    assert len(made) == len(set(made))


def test_every_part_of_test_long_is_a_target_that_help_explains() -> None:
    said = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in [*variable("LONG"), "test-long", "coverage"]:
        assert re.search(rf"^(?:[a-z0-9-]+ )*{target}(?: [a-z0-9-]+)*:", MAKEFILE, re.MULTILINE), target
        assert re.search(rf"^ *make {target} +\S", said, re.MULTILINE), target


def test_what_is_uploaded_is_what_a_target_that_measures_writes() -> None:
    for target in nightly()["measured"]:
        shown = subprocess.run(
            ["make", "--no-print-directory", "--dry-run", target, f"MEASURE={target}"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        # pytest-cov notes what ran, reports nothing, and does not fail for what one job alone covers.
        assert "--cov --cov-report= --cov-fail-under=0" in shown, shown


def test_what_two_runs_covered_becomes_one_report(tmp_path: Path) -> None:
    """The way of `make TARGET MEASURE=NAME` and `make coverage`, on a package of two functions."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "both.py").write_text("def one():\n    return 1\n\n\ndef two():\n    return 2\n")
    (tmp_path / "pyproject.toml").write_text('[tool.coverage.run]\nsource_dirs = ["plugins"]\nparallel = true\n')
    for name in ("one", "two"):
        (tmp_path / f"test_{name}.py").write_text(f"from plugins import both\n\n\ndef test_it():\n    both.{name}()\n")
    makefile = MAKEFILE.replace(".venv/bin/python", sys.executable).replace("coverage: setup", "coverage:").replace("fuzz: setup", "fuzz:")
    # These runs are measured into their own files, not into those of a run of `make test` around them.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    for name in ("one", "two"):
        (tmp_path / "Makefile").write_text(makefile.replace("-m hypothesis", "").replace("tests/fuzz tests/unit", f"-q test_{name}.py"))
        run = subprocess.run(
            ["make", "fuzz", f"MEASURE={name}"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
    for _round in range(2):  # a second report is the same
        report = subprocess.run(["make", "coverage"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert re.search(r"TOTAL +4 +0 +100", report.stdout), report.stdout + report.stderr
        assert report.returncode == 0
    assert (tmp_path / "build" / "coverage-report" / "html" / "index.html").is_file()
