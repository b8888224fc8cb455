# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A moved installation is refused in the first check, before secrets are made in another region."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.redash.ecs.plugins.filter.infrastructure import moved_problems


def test_another_name_and_region_than_those_noted_are_refused(tmp_path: Path) -> None:
    noted = tmp_path / "infrastructure.json"
    noted.write_text(json.dumps({"name": "redash-prod", "region": "eu-west-1"}))
    assert moved_problems(noted, "redash-prod", "eu-west-1") == []
    name, region = moved_problems(str(noted), "redash-new", "eu-central-1")
    assert name.startswith(f"redash_name: the installation exists with the name redash-prod, as {noted} says; redash-new would destroy")
    assert region.startswith(f"redash_region: the installation exists with the region eu-west-1, as {noted} says; eu-central-1 would")


def test_no_file_says_nothing_and_one_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    assert moved_problems(tmp_path / "infrastructure.json", "a", "b") == []
    (tmp_path / "infrastructure.json").write_text("{")
    (line,) = moved_problems(tmp_path / "infrastructure.json", "a", "b")
    assert line.startswith(f"{tmp_path}/infrastructure.json: cannot read the note of what exists: ") and "Restore it" in line
    assert "cannot read" in moved_problems(tmp_path, "a", "b")[0]
    (tmp_path / "infrastructure.json").write_text("[]")
    assert moved_problems(tmp_path / "infrastructure.json", "a", "b") == []
