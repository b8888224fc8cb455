# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an AWX survey sends is a string: "5", "true", or nothing. The playbooks take it, and go on to ask AWS.

Each is run as a job of AWX is (job.py), from a copy of the repository. The AWS of these tests is a port that nobody
listens on: a run that gets as far as that has taken every answer, and a run that is refused before has asked nothing.
"""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.awx.job import NOTHING, PROGRAMS, Awx, Job

NOT_REACHED = "Could not connect to the endpoint URL"

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


def awx_with(folder: Path, inventory: str) -> Awx:
    awx = Awx(folder)
    path = awx.project / "inventories" / "mine" / "hosts.yml"
    path.parent.mkdir()
    path.write_text(inventory)
    awx.update_inventory(path)
    return awx


@pytest.fixture(scope="module")
def awx(tmp_path_factory: pytest.TempPathFactory) -> Awx:
    return awx_with(tmp_path_factory.mktemp("awx"), yaml.safe_dump({"redash": {"hosts": {"redash-prod": INVENTORY}}}))


def play(awx: Awx, folder: Path, playbook: str, of_the_template: Any = NOTHING, **answers: Any) -> Job:
    return awx.run(folder, playbook, answers, of_the_template)


@pytest.mark.parametrize(
    ("playbook", "answers"),
    [
        ("site.yml", {"redash_hosts": "redash-prod"}),
        ("manage.yml", {"redash_hosts": "", "cmd": "users list", "keep_going": "true", "cmds": "", "command": ""}),
        ("manage.yml", {"redash_hosts": "redash-prod", "cmd": "", "cmds": "groups list\n\n# a comment\nusers list\n", "keep_going": ""}),
        ("access.yml", {"redash_hosts": "redash-prod"}),
        ("mail.yml", {"redash_hosts": "redash-prod", "mail_test": "true", "mail_test_recipient": ""}),
        (
            "upgrade.yml",
            {"redash_hosts": "redash-prod", "redash_version": "26.3.0", "upgrade_on_failure": "restore", "upgrade_undo": "false"},
        ),
        ("verify.yml", {"redash_hosts": "redash", "redash_version": ""}),
        ("status.yml", {"redash_hosts": "redash"}),
        ("history.yml", {"redash_hosts": ""}),
        ("scale.yml", {"redash_hosts": "redash-prod", "count": "5", "service": ""}),
        ("logs.yml", {"redash_hosts": "redash-prod", "container": "", "lines": ""}),
        ("backup.yml", {"redash_hosts": "redash-prod"}),
        # A step of the workflow gets all that the workflow was asked, be it about the snapshot or not.
        ("backup.yml", {"redash_hosts": "redash-prod", "redash_version": "26.3.0", "upgrade_on_failure": "restore"}),
        ("verify.yml", {"redash_hosts": "redash-prod", "redash_version": "26.3.0", "upgrade_on_failure": "restore"}),
        ("smoke.yml", {"redash_hosts": "redash-prod", "redash_version": "26.3.0", "upgrade_on_failure": "restore"}),
        ("rotate_secrets.yml", {"redash_hosts": "redash-prod", "rotate": "cookie_secret"}),
        ("rollback.yml", {"redash_hosts": "redash-prod", "revision": ""}),
        ("restore.yml", {"redash_hosts": "redash-prod", "redash_restore": "redash-prod", "snapshot": ""}),
    ],
)
def test_strings_and_empty_answers_are_taken(awx: Awx, tmp_path: Path, playbook: str, answers: dict[str, str]) -> None:
    job = play(awx, tmp_path, playbook, **answers)
    assert (job.returncode, NOT_REACHED in job.text) == (2, True), job.text[-2000:]


def test_what_people_answer_is_no_template_of_jinja(awx: Awx, tmp_path: Path) -> None:
    allowed = {"redash_allowed_commands": ["users list"]}
    job = play(awx, tmp_path, "manage.yml", allowed, redash_hosts="redash-prod", cmd="users {{ 'li' ~ 'st' }}")
    assert (job.returncode, "users {{ li ~ st }} is not allowed here" in job.text) == (2, True), job.text[-2000:]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"cmd": "users grant_admin eve@example.com"}, "cmd: users grant-admin eve@example.com is not allowed here. Allowed: users list"),
        ({"cmds": "users list\nds delete x"}, "cmd: ds delete x is not allowed here"),
        ({"cmd": "", "command": ["python", "-V"]}, "command: a program of any kind is not allowed here"),
    ],
)
def test_what_an_analyst_may_not_run_is_refused_before_anything_is_asked(
    awx: Awx, tmp_path: Path, answers: dict[str, object], said: str
) -> None:
    job = play(awx, tmp_path, "manage.yml", {"redash_allowed_commands": ["users list"]}, **answers)
    assert job.returncode == 2
    assert said in job.text
    assert NOT_REACHED not in job.text


def test_access_is_held_against_the_list_too(awx: Awx, tmp_path: Path) -> None:
    job = play(awx, tmp_path, "access.yml", {"redash_allowed_commands": ["groups list"]})
    assert (job.returncode, "cmd: users list is not allowed here" in job.text, NOT_REACHED in job.text) == (2, True, False), job.text[
        -2000:
    ]


def test_terraform_s_state_may_not_end_with_the_job(awx: Awx, tmp_path: Path) -> None:
    roles = [{"ansible.builtin.import_role": {"name": f"redash.ecs.{name}"}} for name in ("redash", "terraform_apply")]
    (awx.project / "infrastructure.yml").write_text(yaml.safe_dump([{"hosts": "redash", "gather_facts": False, "tasks": roles}]))
    job = play(awx, tmp_path, "infrastructure.yml", redash_infrastructure={})
    assert (job.returncode, "redash_terraform_backend: type local would keep" in job.text) == (2, True), job.text[-2000:]


def test_a_vaulted_value_of_the_inventory_opens_in_the_job(tmp_path: Path) -> None:
    """AWX keeps it as it is: it reads the inventory without the vault's password."""
    password = tmp_path / "password"
    password.write_text("of-the-vault")
    encrypt = [f"{PROGRAMS}/ansible-vault", "encrypt_string", "--vault-password-file", str(password), "--name", "cluster_name", "opened"]
    vaulted = subprocess.run(encrypt, check=True, capture_output=True, text=True).stdout
    infrastructure = "      redash_infrastructure:\n" + textwrap.indent(vaulted, " " * 8)
    hosts = {"redash": {"hosts": {"redash-prod": {name: value for name, value in INVENTORY.items() if name != "redash_infrastructure"}}}}
    awx = awx_with(tmp_path / "awx", yaml.safe_dump(hosts) + infrastructure)
    job = awx.run(tmp_path / "job", "status.yml", {"redash_hosts": "redash"}, vault_password="of-the-vault")
    assert "cannot read the services of cluster opened" in job.text, job.text[-2000:]
    assert "of-the-vault" not in job.text


def test_a_job_writes_into_its_own_folder_and_nowhere_else(awx: Awx, tmp_path: Path) -> None:
    """The home of a job's user may be read-only, and what AWX keeps between jobs is not the job's."""
    before = sorted(awx.project.rglob("*"))
    job = play(awx, tmp_path, "status.yml", redash_hosts="redash")
    assert (job.folder / "project" / "collections" / "ansible_collections" / "redash" / "ecs").is_symlink()
    assert sorted(awx.project.rglob("*")) == before
    kept = {"artifacts", "env", "inventory", "project", "requirements_collections"}
    assert {path.name for path in job.folder.iterdir()} == kept, "no home, and no folder of another name"
