# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""roles/upgrade/vars: which release is asked for, and when an image is asked, as Ansible itself works it out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[4]
ARN = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/"
MINE = "acme/redash:main"
SERVICE = {"prod": {"images": [MINE], "task_definition": f"{ARN}prod:7"}}
FILES = [ROOT / "roles" / "redash" / "vars" / "main.yml", ROOT / "roles" / "upgrade" / "vars" / "main.yml"]


def values(folder: Path, cases: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """By its name what each case's variable is; ``upgrade_version`` is 26.9.0 where a case says nothing else."""
    tasks = []
    for name, (variable, given) in cases.items():
        arguments = {"path": str(folder / name), "content": f"{{{{ {variable} | to_json }}}}"}
        task = {
            "name": name,
            "ansible.builtin.copy": {"dest": arguments["path"], "content": arguments["content"], "mode": "0600"},
            "vars": {"upgrade_version": "26.9.0", "redash_releases": {}, **given},
        }
        tasks.append(task)
    play = [{"name": "Cases", "hosts": "localhost", "gather_facts": False, "vars_files": [str(path) for path in FILES], "tasks": tasks}]
    (folder / "play.yml").write_text(yaml.safe_dump(play))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), str(folder / "play.yml")],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_LOCAL_TEMP": str(folder / "t"), "ANSIBLE_REMOTE_TMP": str(folder / "r"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: json.loads((folder / name).read_text()) for name in cases}


def test_what_a_release_is_taken_for_and_when_its_image_is_asked(tmp_path: Path) -> None:
    told, before, given = {"like": "26.3.0", "python": "3.14"}, {"like": "26.3.0"}, {"like": "25.8.0"}
    history = {"upgrade_history": {"releases": {"26.9.0": before}}}
    record = {"upgrade_next": {"record": {"facts": {"release": told}}}}
    person = {"redash_releases": {"26.9.0": given}}
    running = {
        "upgrade_present": {"services": SERVICE},
        "compose_render_result": {"image": MINE},
        "task_definition_arns": {"prod": f"{ARN}prod:7"},
    }
    cases: dict[str, tuple[str, dict[str, Any]]] = {
        "unknown": ("upgrade_unknown", {}),
        "unknown_again": ("upgrade_unknown", history),
        "known_by_table": ("upgrade_unknown", {"upgrade_version": "25.8.0"}),
        "known_by_person": ("upgrade_unknown", person),
        "nothing_told": ("upgrade_releases", {}),
        "told_before": ("upgrade_releases", history),
        "told_now": ("upgrade_releases", {**history, "upgrade_told": told}),
        "told_before_a_kill": ("upgrade_releases", {**history, **record}),
        "person": ("upgrade_releases", {**history, **record, **person}),
        "table": ("upgrade_releases", {"upgrade_version": "25.8.0"}),
        "runs": ("upgrade_new_image", running),
        "other_revision": ("upgrade_new_image", {**running, "task_definition_arns": {"prod": f"{ARN}prod:8"}}),
        "other_image": ("upgrade_new_image", {**running, "compose_render_result": {"image": "acme/redash:next"}}),
        "task_runner_alone": ("upgrade_new_image", {**running, "task_definition_arns": {"prod-task-runner": f"{ARN}prod-task-runner:8"}}),
        "first": ("upgrade_new_image", {**running, "upgrade_present": {"services": {}}}),
        "tag_tells": ("upgrade_image_tells", {"compose_render_result": {"image": "acme/redash:26.9.0-1"}}),
        "tag_tells_not": ("upgrade_image_tells", running),
    }
    assert values(tmp_path, cases) == {
        "unknown": True,
        "unknown_again": True,
        "known_by_table": False,
        "known_by_person": False,
        "nothing_told": {"26.9.0": {}},
        "told_before": {"26.9.0": before},
        "told_now": {"26.9.0": told},
        "told_before_a_kill": {"26.9.0": told},
        "person": {"26.9.0": given},
        "table": {},
        "runs": False,
        "other_revision": True,
        "other_image": True,
        "task_runner_alone": False,
        "first": True,
        "tag_tells": "26.9.0",
        "tag_tells_not": "",
    }
