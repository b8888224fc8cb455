# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What counts as an installed collection."""

from __future__ import annotations

import json
from pathlib import Path

from demo import dependencies


def _install(target: Path, version: str) -> Path:
    folder = target / "amazon" / "aws"
    folder.mkdir(parents=True)
    (folder / "MANIFEST.json").write_text(json.dumps({"collection_info": {"version": version}}))
    return folder


def _missing(target: Path) -> list[str]:
    requirements = target / "requirements.yml"
    requirements.write_text('collections: [{name: amazon.aws, version: ">=10.1.0,<12.0.0"}]')
    return dependencies.missing(target, requirements)


def test_a_collection_of_the_required_version_is_not_missing(tmp_path: Path) -> None:
    _install(tmp_path, "10.1.2")
    assert _missing(tmp_path) == []


def test_an_absent_an_old_and_a_half_collection_are_missing(tmp_path: Path) -> None:
    assert _missing(tmp_path) == ["amazon.aws"]
    folder = _install(tmp_path, "9.0.0")
    assert _missing(tmp_path) == ["amazon.aws"]
    (folder / "MANIFEST.json").write_text("{")
    assert _missing(tmp_path) == ["amazon.aws"]
