# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A job as AWX 24.6.1 starts one, without AWX: what it lays out for ansible-runner, and ansible-runner itself.

AWX copies the project's checkout, its symlinks kept and `.git` left out, puts what collections/requirements.yml names
into a folder of its own, writes the inventory that it keeps as a script, hands every extra variable over as `!unsafe`
but those that the template itself sets, and sends all that through `ansible-runner transmit` to `ansible-runner worker`,
be it on the same machine. That starts ansible-playbook in the project, with `ANSIBLE_*` variables of AWX's own
(awx/main/tasks/jobs.py and receptor.py, awx/main/utils/safe_yaml.py). There is no container here: paths below /runner are those of
the job's folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = str(Path(sys.executable).parent)
NOTHING: Mapping[str, Any] = MappingProxyType({})


class _Unsafe(yaml.SafeDumper):
    def represent_data(self, data: Any) -> yaml.Node:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


def extra_variables(answers: Mapping[str, Any], of_the_template: Mapping[str, Any]) -> str:
    """The file of extra variables: what people answer can't be a template of Jinja, what the job template sets can."""
    about_the_job = {
        f"{name}_{variable}": value
        for name in ("awx", "tower")
        for variable, value in {"job_id": 17, "job_launch_type": "manual", "user_name": "ada", "inventory_name": "Redash"}.items()
    }
    texts = [yaml.dump({name: value}, Dumper=_Unsafe) for name, value in {**answers, **about_the_job}.items()]
    return "".join([yaml.safe_dump(dict(of_the_template)) if of_the_template else "", *texts])


@dataclass
class Job:
    folder: Path
    returncode: int
    # Kind and text of each event, in the order in which AWX would show them.
    events: list[tuple[str, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that was said, without colours; where lines are broken is Ansible's."""
        return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", " ".join(text for _kind, text in self.events)).split())


class Awx:
    """The checkout of the project and the collections, as AWX keeps them between jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.requirements = folder / "requirements_collections"
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True)
        for name in listed.stdout.splitlines():
            target = self.project / name
            if (ROOT / name).exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target, follow_symlinks=False)
        # What `ansible-galaxy collection install -r collections/requirements.yml` brings.
        for name in ("amazon", "awx"):
            (self.requirements / "ansible_collections").mkdir(parents=True, exist_ok=True)
            (self.requirements / "ansible_collections" / name).symlink_to(ROOT / "collections" / "ansible_collections" / name)

    def update_inventory(self, path: Path) -> None:
        """What the inventory's source yields is kept: ansible-inventory's words for it."""
        done = subprocess.run(
            ["ansible-inventory", "-i", str(path), "--list", "--export", "--playbook-dir", str(path.parent)],
            cwd=self.project, capture_output=True, text=True, env=self._environment(self.folder), check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.inventory: dict[str, Any] = json.loads(done.stdout)
        # AWX keeps hosts, groups and their variables, not how far ansible-core trusts them.
        self.inventory["_meta"].pop("profile", None)
        for name, variables in self.inventory["_meta"]["hostvars"].items():
            variables.update(remote_tower_enabled="true", remote_tower_id=len(name))

    def run(
        self,
        folder: Path,
        playbook: str,
        answers: Mapping[str, Any],
        of_the_template: Mapping[str, Any] = NOTHING,
        vault_password: str = "",
    ) -> Job:
        """One job of this playbook. A vault credential's password is typed where ansible-playbook asks for it.

        It is laid out in ``folder``/controller, sent as AWX sends it, and run in ``folder``/runner.
        """
        controller, runner = folder / "controller", folder / "runner"
        self._lay_out(controller, answers, of_the_template, vault_password)
        program = [sys.executable, "-m", "ansible_runner"]
        packed = subprocess.run(
            [*program, "transmit", str(controller), "--playbook", playbook, "--ident", "17"],
            capture_output=True, env=self._environment(controller), check=True,
        )  # fmt: skip
        done = subprocess.run(
            [*program, "worker", "--private-data-dir", str(runner)],
            input=packed.stdout, capture_output=True, env=self._environment(runner), check=False,
        )  # fmt: skip
        said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
        events = [(one["event"], one["stdout"]) for one in said if "event" in one]
        assert events, done.stdout + done.stderr
        return Job(runner, int((runner / "artifacts" / "17" / "rc").read_text()), events)

    def _lay_out(self, folder: Path, answers: Mapping[str, Any], of_the_template: Mapping[str, Any], vault_password: str) -> None:
        shutil.copytree(self.project, folder / "project", symlinks=True)
        (folder / "requirements_collections").symlink_to(self.requirements)
        for name in ("inventory", "env"):
            (folder / name).mkdir()
        script = folder / "inventory" / "hosts"
        script.write_text(f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(self.inventory)!r})\n")
        script.chmod(0o700)
        (folder / "env" / "extravars").write_text(extra_variables(answers, of_the_template))
        (folder / "env" / "cmdline").write_text("-u root --diff" + (" --ask-vault-pass" if vault_password else ""))
        if vault_password:
            (folder / "env" / "passwords").write_text(json.dumps({r"Vault password:\s*?$": vault_password}))
        (folder / "env" / "settings").write_text(json.dumps({"suppress_output_file": True}))

    @staticmethod
    def _environment(folder: Path) -> dict[str, str]:
        """What a job's container has, and nothing of the shell that runs the tests."""
        own = "/usr/share/ansible/collections"
        configured = "collections:~/.ansible/collections:/usr/share/ansible/collections"  # of the project's ansible.cfg
        return {
            "PATH": os.pathsep.join([PROGRAMS, "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(folder / "home"),
            "LANG": "C.UTF-8",
            "ANSIBLE_FORCE_COLOR": "True",
            "ANSIBLE_UNSAFE_WRITES": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_COLLECTIONS_PATH": ":".join([str(folder / "requirements_collections"), configured, "~/.ansible/collections", own]),
            "ANSIBLE_ROLES_PATH": ":".join([str(folder / "requirements_roles"), "~/.ansible/roles", "/usr/share/ansible/roles"]),
            "JOB_ID": "17",
            "INVENTORY_ID": "1",
            "PROJECT_REVISION": "0" * 40,
            "MAX_EVENT_RES": "700000",
            "AWX_HOST": "https://awx.example.com",
            "AWX_PRIVATE_DATA_DIR": str(folder),
        }
