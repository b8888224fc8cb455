# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person reads last of an upgrade that did not work, and when files are rendered again: the role, as Ansible reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROLE = Path(__file__).parents[4] / "roles" / "upgrade"
UPGRADE = {
    "number": 3,
    "kind": "upgrade",
    "from_version": "10.1.0",
    "to_version": "25.8.0",
    "step": "deploy",
    "begun": ["read", "register"],
    "facts": {"snapshot": "redash-prod-release-3"},
    "error": "the server crashes",
}
RESTORE = {**UPGRADE, "kind": "restore", "to_version": "10.1.0", "begun": ["suspend"]}
# The newest record, what failed on the way back; whether the old release is back, and what is said.
CASES: list[tuple[dict[str, Any], str, bool, str]] = [
    (
        {**UPGRADE, "state": "stopped"},
        "",
        False,
        "The database is migrated, and 25.8.0 failed and is kept stopped (nobody can use Redash): the server crashes."
        " Mend it and run upgrade.yml -e redash_version=25.8.0 again, or go back to 10.1.0:"
        " restore.yml -e redash_restore=redash-prod (snapshot redash-prod-release-3).",
    ),
    ({**UPGRADE, "state": "undone"}, "", True, "The upgrade failed and everything is as it was: the server crashes."),
    ({**UPGRADE, "state": "refused"}, "", True, "Refused, nothing was touched: the server crashes."),
    ({**UPGRADE, "state": "refused", "begun": ["read"]}, "", False, "Refused, nothing was touched: the server crashes."),
    (
        {**UPGRADE, "state": "running", "step": "start_old"},
        "no connection",
        False,
        "Unfinished at step start_old: no connection. Run upgrade.yml -e redash_version=25.8.0 again: it goes on there.",
    ),
    (
        {**RESTORE, "state": "running", "step": "restore"},
        "",
        False,
        "Unfinished at step restore: the server crashes. Run restore.yml -e redash_restore=redash-prod again: it goes on there.",
    ),
]


def test_the_verdict_says_what_is_there_and_the_commands_that_are_left(tmp_path: Path) -> None:
    tasks = {task["name"]: task for task in yaml.safe_load((ROLE / "tasks" / "verdict.yml").read_text())}
    verdict = tasks["It did not work"]
    message = verdict["ansible.builtin.fail"]["msg"]
    said = {"ansible.builtin.copy": {"content": message, "dest": "{{ folder }}/said"}, "vars": verdict["vars"]}
    back = {"ansible.builtin.copy": {"content": "{{ upgrade_went_back }}", "dest": "{{ folder }}/back"}}
    plays = []
    for number, (record, failed_back, _back, _said) in enumerate(CASES):
        (tmp_path / str(number)).mkdir()
        given = {
            "folder": str(tmp_path / str(number)),
            "upgrade_name": "redash-prod",
            "upgrade_history": {"records": [record]},
            **({"upgrade_back_error": failed_back} if failed_back else {}),
        }
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars_files": [str(ROLE / "vars" / "main.yml")]}
        plays.append({**play, "vars": given, "tasks": [said, back]})
    (tmp_path / "play.yml").write_text(json.dumps(plays))
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", str(tmp_path / "play.yml")]
    done = subprocess.run(
        [*command, "-e", json.dumps({"ansible_python_interpreter": sys.executable})], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for number, (_record, _failed_back, is_back, wanted) in enumerate(CASES):
        assert (tmp_path / str(number) / "said").read_text() == wanted
        assert (tmp_path / str(number) / "back").read_text() == str(is_back)
