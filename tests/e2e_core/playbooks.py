# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbooks on a demo, one after the other, with the ansible-core of the Python that runs this: part ``demo`` of tools/matrix.py.

    build/matrix/core-2.17-python3.11/bin/python -m tests.e2e_core.playbooks RESULTS

RESULTS is a JSON file: how each playbook ended, by its name. It is written after each of them, so a run that is cut off has its part.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.e2e.conftest import free_port
from tests.e2e_upgrade.installation import NAME, NEW, OLD, PEOPLE, ROOT, Installation, Run, unchanged

BEFORE, AFTER, NEWEST = "10.1.0", "25.8.0", "26.3.0"
GROUPS = {"redash_groups": [{"name": "Sales", "permissions": ["view_query"]}]}


def good(run: Run) -> Run:
    assert run.rc == 0, run.message or run.output[-1000:]
    return run


def upgrade(redash: Installation, version: str, path: str, schema: str) -> None:
    people = redash.people()
    good(redash.upgrade(version))
    record = redash.record()
    assert (record["state"], record["path"], redash.schema(), redash.people()) == ("succeeded", path, schema, people)


def steps(redash: Installation) -> list[tuple[str, Callable[[], object]]]:
    """What a person runs in the life of an installation, in an order in which each finds what it needs."""
    services = redash.services()

    def roll_back() -> None:
        ran = redash.services()
        upgrade(redash, NEWEST, "rolling", NEW)
        assert "Redash is back at" in good(redash.run("rollback.yml", redash_version=NEWEST)).message
        assert (redash.services(), redash.schema()) == (ran, NEW)

    def restore() -> None:
        good(redash.run("restore.yml", redash_restore=NAME, redash_version=AFTER))
        assert (redash.services(), redash.schema()) == (services, OLD)

    def rotate() -> None:
        held = redash.held("REDASH_SECRET_KEY")
        good(redash.run("rotate_secrets.yml", rotate="secret_key"))
        assert not set(held.values()) & set(redash.held("REDASH_SECRET_KEY").values())

    return [
        ("site.yml, again: no change", lambda: unchanged(redash.run("site.yml"))),
        ("site.yml --check --diff", lambda: unchanged(redash.run("site.yml", "--check", "--diff"))),
        ("manage.yml", lambda: good(redash.run("manage.yml", cmd="users list"))),
        ("status.yml", lambda: good(redash.run("status.yml"))),
        ("verify.yml", lambda: good(redash.run("verify.yml"))),
        ("access.yml", lambda: good(redash.run("access.yml", **GROUPS))),
        ("rotate_secrets.yml", rotate),
        ("backup.yml", lambda: good(redash.run("backup.yml"))),
        ("upgrade.yml --check", lambda: good(redash.run("upgrade.yml", "--check", **redash.to(AFTER)))),
        ("upgrade.yml, with a migration", lambda: upgrade(redash, AFTER, "full", NEW)),
        ("upgrade.yml, without one, and rollback.yml", roll_back),
        ("restore.yml", restore),
        ("history.yml", lambda: good(redash.run("history.yml"))),
    ]


def main(results: Path) -> int:
    ended: dict[str, str] = {}
    # What this needs to find itself is nothing for Ansible.
    os.environ.pop("PYTHONPATH", None)
    results.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        redash = Installation(ROOT / "build" / "e2e-matrix", free_port())
        redash.inventory = Path(folder) / "inventory.yml"
        redash.inventory.write_text(yaml.safe_dump({"redash_version": BEFORE}))

        def demo(verb: str) -> None:
            command = [sys.executable, "-m", "demo", verb]
            subprocess.run(command, cwd=ROOT, env={**redash.environment, "REDASH_VERSION": BEFORE}, check=verb == "up", timeout=1800)

        demo("clean")
        try:
            demo("up")
            redash.sql(PEOPLE)
            print(redash.version(), flush=True)
            for name, step in steps(redash):
                started = time.monotonic()
                try:
                    step()
                    ended[name] = "passed"
                except (AssertionError, subprocess.TimeoutExpired, RuntimeError) as error:
                    ended[name] = "FAILED"
                    print(f"{name}: {error}", flush=True)
                print(f"{name}: {ended[name]} ({time.monotonic() - started:.0f} s)", flush=True)
                results.write_text(json.dumps(ended, indent=2) + "\n")
        finally:
            # What people would have seen, for a failure.
            if (log := redash.home / "playbooks.log").exists():
                results.with_suffix(".log").write_text(log.read_text())
            demo("clean")
    return 1 if "FAILED" in ended.values() else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
