# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an AWX survey sends is a string: "5", "true", or nothing. The playbooks take it, and go on to ask AWS.

The AWS of these tests is a port that nobody listens on: a run that gets as far as that has taken every answer,
and a run that is refused before has asked nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
NOT_REACHED = "AWS was not reached"

INVENTORY = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    "redash_region": "ap-northeast-1",
    "redash_admin": {"email": "ops@example.com", "name": "Ops"},
    "redash_mail": {"preset": "relay", "server": "mail.example.com", "default_sender": "redash@example.com"},
    "redash_infrastructure": {"cluster_name": "redash-prod", "private_subnet_ids": ["subnet-1"], "task_security_group_ids": ["sg-1"]},
    "redash_aws_connection": {
        "region": "ap-northeast-1", "endpoint_url": "http://127.0.0.1:9", "access_key": "x", "secret_key": "x",
        "aws_config": {"retries": {"total_max_attempts": 1}},
    },
}  # fmt: skip


def play(folder: Path, playbook: str, **answers: object) -> tuple[int, str]:
    """Run a playbook as AWX would: the survey's answers as one JSON of extra variables."""
    inventory = folder / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"redash": {"hosts": {"redash-prod": {**INVENTORY, "redash_work_dir": str(folder / "work")}}}}))
    done = subprocess.run(
        ["ansible-playbook", "-i", str(inventory), playbook, "-e", json.dumps(answers)],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])},
    )  # fmt: skip
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("playbook", "answers"),
    [
        ("manage.yml", {"redash_hosts": "", "cmd": "users list", "keep_going": "true", "cmds": "", "command": ""}),
        ("manage.yml", {"redash_hosts": "redash-prod", "cmd": "", "cmds": "groups list\n\n# a comment\nusers list\n", "keep_going": ""}),
        ("access.yml", {"redash_hosts": "redash-prod"}),
        ("mail.yml", {"redash_hosts": "redash-prod", "mail_test": "true", "mail_test_recipient": ""}),
        (
            "upgrade.yml",
            {"redash_hosts": "redash-prod", "redash_version": "26.3.0", "upgrade_on_failure": "restore", "upgrade_undo": "false"},
        ),
        ("scale.yml", {"redash_hosts": "redash-prod", "count": "5", "service": ""}),
        ("logs.yml", {"redash_hosts": "redash-prod", "container": "", "lines": ""}),
        ("rollback.yml", {"redash_hosts": "redash-prod", "revision": ""}),
    ],
)
def test_strings_and_empty_answers_are_taken(tmp_path: Path, playbook: str, answers: dict[str, str]) -> None:
    returncode, text = play(tmp_path, playbook, **answers)
    assert (returncode, NOT_REACHED in text) == (2, True), text[-2000:]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"cmd": "users grant_admin eve@example.com"}, "cmd: users grant-admin eve@example.com is not allowed here. Allowed: users list"),
        ({"cmds": "users list\nds delete x"}, "cmd: ds delete x is not allowed here"),
        ({"cmd": "", "command": ["python", "-V"]}, "command: a program of any kind is not allowed here"),
    ],
)
def test_what_an_analyst_may_not_run_is_refused_before_anything_is_asked(tmp_path: Path, answers: dict[str, object], said: str) -> None:
    returncode, text = play(tmp_path, "manage.yml", redash_allowed_commands=["users list"], **answers)
    assert returncode == 2
    assert said in text
    assert NOT_REACHED not in text


def test_access_is_held_against_the_list_too(tmp_path: Path) -> None:
    returncode, text = play(tmp_path, "access.yml", redash_allowed_commands=["groups list"])
    assert (returncode, "cmd: users list is not allowed here" in text, NOT_REACHED in text) == (2, True, False), text[-2000:]


def test_terraform_s_state_may_not_end_with_the_job(tmp_path: Path) -> None:
    playbook = tmp_path / "infrastructure.yml"
    roles = [{"ansible.builtin.import_role": {"name": f"redash.ecs.{name}"}} for name in ("redash", "terraform_apply")]
    playbook.write_text(yaml.safe_dump([{"hosts": "redash", "gather_facts": False, "tasks": roles}]))
    answers = {"redash_infrastructure": {}, "redash_work_dir": "/runner/inventory/.redash/redash-prod", "awx_job_id": 17}
    returncode, text = play(tmp_path, str(playbook), **answers)
    assert (returncode, "redash_terraform_backend: type local would keep" in text) == (2, True), text[-2000:]
