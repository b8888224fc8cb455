# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which services restore.yml brings up: vars/main.yml, as Ansible reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

VARS = Path(__file__).parents[4] / "roles" / "upgrade" / "vars" / "main.yml"
THEN = {"redash-prod": {"task_definition": "redash-prod:1", "desired_count": 1}}
SPLIT = {"redash-prod-server": {"task_definition": "redash-prod-server:1", "desired_count": 2}}
BACKUP = {"kind": "backup", "state": "succeeded", "from_version": "25.8.0", "facts": {"snapshot": "one", "services": THEN}}
# What runs, its release, the snapshot that is asked for; and what is to be brought up.
CASES = [
    (THEN, "25.8.0", "one", THEN),
    ({"redash-prod": {"task_definition": "redash-prod:9", "desired_count": 1}}, "25.8.0", "one", THEN),
    ({"redash-prod": {"task_definition": "redash-prod:9", "desired_count": 1}}, "26.3.0", "one", THEN),
    # The same release, in another topology since: what runs fits that database, too.
    (SPLIT, "25.8.0", "one", SPLIT),
    # Another release in another topology: the services of then are made anew.
    (SPLIT, "26.3.0", "one", THEN),
    # No record tells of it.
    (SPLIT, "25.8.0", "somebody's", SPLIT),
]
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars_files: [{vars}]
  tasks:
    - ansible.builtin.set_fact:
        found: "{{{{ found | default([]) + [upgrade_kept_services] }}}}"
      loop: "{{{{ cases }}}}"
      vars:
        upgrade_name: redash-prod
        upgrade_history: {{records: ["{{{{ backup }}}}"]}}
        upgrade_verified: {{running: "{{{{ item.running }}}}"}}
        snapshot: "{{{{ item.snapshot }}}}"
    - ansible.builtin.copy:
        content: "{{{{ found | to_json }}}}"
        dest: "{found}"
"""


def test_the_services_of_the_snapshots_time_are_brought_up_unless_only_the_topology_was_changed(tmp_path: Path) -> None:
    cases: list[dict[str, Any]] = [
        {"running": {"services": services, "version": version}, "snapshot": snapshot} for services, version, snapshot, _wanted in CASES
    ]
    play = tmp_path / "play.yml"
    play.write_text(PLAY.format(vars=VARS, found=tmp_path / "found.json"))
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", str(play)]
    done = subprocess.run(
        [*command, "-e", json.dumps({"cases": cases, "backup": BACKUP, "ansible_python_interpreter": sys.executable})],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "found.json").read_text()) == [wanted for *_given, wanted in CASES]
