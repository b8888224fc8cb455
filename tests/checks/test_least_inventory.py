# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The least that README asks for is enough: modules run on this machine, in the Python that runs Ansible."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# A module below the role that every playbook begins with.
LOOK = """
- name: Where a module runs
  hosts: redash
  gather_facts: false
  tasks:
    - name: Check what is asked for
      ansible.builtin.import_role:
        name: redash.ecs.redash
    - name: Run a module
      ansible.builtin.ping:
    - name: Write it down
      ansible.builtin.copy:
        dest: "{{ answer }}"
        content: "{{ [ansible_connection, ansible_python_interpreter] | to_json }}"
        mode: "0600"
"""


def readme() -> str:
    """The variables that README calls the least."""
    text = (ROOT / "README.md").read_text()
    found = re.search(r"The least it needs:\s+```yaml\n(.*?)```", text, re.DOTALL)
    assert found, "README no longer says what is the least"
    return dedent(found.group(1))


def play(folder: Path, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    (folder / "group_vars").mkdir()
    (folder / "group_vars" / "redash.yml").write_text(readme() + (yaml.safe_dump(variables) if variables else ""))
    (folder / "hosts.yml").write_text("redash: {hosts: {prod: {}}}\n")
    # A connection by SSH would end here, and not on a machine of that name.
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_CONNECTION"))},
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "ANSIBLE_SSH_EXECUTABLE": "/bin/false",
        "ANSIBLE_LOCAL_TEMP": str(folder / "t"),
        "ANSIBLE_REMOTE_TMP": str(folder / "r"),
        "ANSIBLE_NOCOLOR": "1",
    }
    return subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(folder / "hosts.yml"), *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_modules_run_here_in_the_python_of_ansible(tmp_path: Path) -> None:
    (tmp_path / "look.yml").write_text(LOOK)
    done = play(tmp_path, str(tmp_path / "look.yml"), answer=str(tmp_path / "answer"))
    assert done.returncode == 0, done.stdout + done.stderr
    connection, interpreter = yaml.safe_load((tmp_path / "answer").read_text())
    assert connection == "local"
    assert Path(interpreter).resolve() == Path(sys.executable).resolve()


def test_what_an_inventory_says_of_its_connection_holds(tmp_path: Path) -> None:
    done = play(tmp_path, "site.yml", "--check", ansible_connection="ssh")
    assert "UNREACHABLE" in done.stdout


def test_what_is_refused_is_shown_at_no_verbosity(tmp_path: Path) -> None:
    settings = {
        "REDASH_ENFORCE_HTTPS": "hunter2",
        "REDASH_SENTRY_DSN": "https://hunter2@sentry.example.com/2",
        "REDASH_LOG_LEVEL": ["hunter2"],
        "REDASH_X=hunter2": "x",
        "REDASH_MAIL_SEVER": "hunter2",
    }
    # Beside README's own redash_host, which group_vars hold already.
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "prod.yml").write_text("redash_host: https://me:hunter2@redash.example.com\n")
    done = play(tmp_path, "site.yml", "--check", "-vvvv", redash_settings=settings)
    output = done.stdout + done.stderr
    assert done.returncode == 2, output
    for said in ("REDASH_ENFORCE_HTTPS is not a switch", "REDASH_MAIL_SERVER is likely meant", "redash_host: https://********@redash"):
        assert said in output
    assert "hunter2" not in output


# awx.yml has localhost and says the same itself.
PLAYBOOKS = sorted(path for path in (ROOT / "playbooks").glob("*.yml") if path.name != "awx.yml")


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.name)
def test_every_playbook_begins_with_the_role_that_says_so(path: Path) -> None:
    for part in yaml.safe_load(path.read_text()):
        first = part["tasks"][0]
        assert first["ansible.builtin.import_role"]["name"] == "redash.ecs.redash", part["name"]
