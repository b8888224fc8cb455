# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command that people are told after the first set-up leads to where the password is."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[4]
PARAMETER = "aws ssm get-parameter --with-decryption --query Parameter.Value --output text --name /redash/a/admin_password"
SECRET = "aws secretsmanager get-secret-value --query SecretString --output text --secret-id /redash/a/admin_password"


CASES: list[tuple[dict[str, Any], str]] = [
    ({"redash_region": "eu-west-1"}, f"{PARAMETER} --region eu-west-1"),
    (
        {"redash_region": "eu-west-1", "redash_aws_profile": "my prod", "redash_secret_store": "secrets_manager"},
        f"{SECRET} --region eu-west-1 --profile 'my prod'",
    ),
    (
        {"redash_aws_connection": {"region": "eu-west-1", "endpoint_url": "http://127.0.0.1:4566", "access_key": "x", "profile": ""}},
        f"{PARAMETER} --region eu-west-1 --endpoint-url http://127.0.0.1:4566",
    ),
]


def test_it_goes_through_the_installation_s_own_connection(tmp_path: Path) -> None:
    """By the roles' own defaults; a play for each case, in one run."""
    defaults = [str(ROOT / "roles" / role / "defaults" / "main.yml") for role in ("redash", "first_setup")]
    plays = []
    for number, (variables, _command) in enumerate(CASES):
        given = tmp_path / f"given-{number}.yml"
        given.write_text(json.dumps({"redash_name": "a", **variables}))
        copy = {"content": "{{ first_setup_read_password }}", "dest": str(tmp_path / f"told-{number}")}
        tasks = [{"ansible.builtin.copy": copy}]
        plays.append({"hosts": "localhost", "gather_facts": False, "vars_files": [*defaults, str(given)], "tasks": tasks})
    (tmp_path / "play.yml").write_text(yaml.safe_dump(plays))
    run = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), str(tmp_path / "play.yml")],
        cwd=ROOT, env={**os.environ, "ANSIBLE_NOCOLOR": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    told = [shlex.split((tmp_path / f"told-{number}").read_text()) for number in range(len(CASES))]
    assert told == [shlex.split(command) for _variables, command in CASES]


def test_in_the_demo_it_is_the_demo_s_own() -> None:
    ansible = str(Path(sys.executable).with_name("ansible"))
    asked = [ansible, "-i", "inventories/local", "redash-demo", "-m", "ansible.builtin.debug", "-a", "var=first_setup_read_password"]
    run = subprocess.run(asked, cwd=ROOT, env={**os.environ, "ANSIBLE_NOCOLOR": "1"}, capture_output=True, text=True, check=False)
    assert re.search(r'first_setup_read_password"?: "?make demo-password', run.stdout), run.stdout + run.stderr
