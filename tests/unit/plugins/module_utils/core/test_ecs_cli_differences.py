# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each row of the first table of docs/ecs-cli-differences.md, shown by an input that the real ecs-cli was given, too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition import translate

from .compose_helpers import CWD, read_from

ROOT = Path(__file__).parents[5]
CASES = yaml.safe_load((ROOT / "tests/unit/fixtures/cases/ecs_cli_differences.yml").read_text(encoding="utf-8"))
# Maps of a person's own names, in which an empty text is a value.
FREE = ("environment", "dockerLabels", "options")


def without_defaults(value: Any, inside: str = "") -> Any:
    """Without what ecs-cli sends where nothing is said: false, and empty texts, lists and maps. The order of variables is chance there."""
    if isinstance(value, dict):
        pairs = ((key, without_defaults(item, key)) for key, item in value.items())
        return {key: item for key, item in pairs if inside in FREE or item not in (None, False, [], {}, "")}
    if isinstance(value, list):
        items = [without_defaults(item, inside) for item in value]
        return sorted(items, key=lambda item: str(item["name"])) if inside == "environment" else items
    return value


def of_the_case(case: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """By container, the fields of a request that the two sides of the case differ in."""
    fields = {field for side in ("ecs_cli", "here") for container in case[side].values() for field in container}
    return {
        container["name"]: {field: value for field, value in without_defaults(container).items() if field in fields}
        for container in request["containerDefinitions"]
    }


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case['row'][:40]}" for number, case in enumerate(CASES)])
def test_the_difference_is_as_the_table_says(case: dict[str, Any]) -> None:
    named = [] if case.get("default") else [name for name in case["files"] if name.endswith((".yml", ".yaml"))]
    request = translate(named, "", "p", "FARGATE", case.get("environ", {}), CWD, read=read_from(case["files"])).request
    assert of_the_case(case, request) == case["here"]
    assert case["here"] != case["ecs_cli"], "no difference"


def test_the_table_and_the_cases_have_the_same_rows() -> None:
    page = (ROOT / "docs/ecs-cli-differences.md").read_text(encoding="utf-8")
    section = page.partition("## The same input, another task definition\n")[2].partition("\n## ")[0]
    rows = [line.removeprefix("| ").partition(" | ")[0] for line in section.splitlines() if re.match(r"\| (?!Input )", line)]
    assert len(rows) > 10
    assert rows == list(dict.fromkeys(case["row"] for case in CASES)), json.dumps(rows, indent=1)
