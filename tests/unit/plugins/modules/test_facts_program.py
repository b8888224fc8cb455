# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""roles/upgrade/files/facts.py: what it reads in an image and in a source tree, and what it says of a file that it can't read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import migration
from ansible_collections.redash.ecs.plugins.module_utils.core.given_releases import LEARNT, learnt

ROOT = Path(__file__).parents[4]
PROGRAM = (ROOT / "roles" / "upgrade" / "files" / "facts.py").read_text()

# The places in Redash's source that the program reads, each in the form that it has there.
FILES = {
    "redash/__init__.py": 'import os\n\n__version__ = "26.9.0"\n',
    "redash/worker.py": (
        "from rq.decorators import job as rq_job\n\n"
        'default_operational_queues = ["periodic", "emails", "default"]\n'
        'default_query_queues = ["scheduled_queries", "queries", "schemas"]\n'
        "default_queues = default_operational_queues + default_query_queues\n"
    ),
    "redash/cli/__init__.py": (
        '@manager.command()\ndef status():\n    pass\n\n@manager.command("under_score")\ndef under_score():\n    pass\n\n'
        '@manager.command()\n@click.argument("email")\ndef send_test_mail(email=None):\n    pass\n'
    ),
    "redash/cli/database.py": "def create_tables():\n    if is_db_empty():\n        pass\n\ndef reencrypt(old, new):\n    pass\n",
    "bin/docker-entrypoint": (
        'manage_twice() {\n  case "$2" in\n    nothing)\n    ;;\n  esac\n}\n\ncase "$1" in\n  worker)\n    shift\n    ;;\n'
        "  server)\n    ;;\n  scheduler)\n    ;;\n"
        '  create_db)\n    ;;\n  manage)\n    exec /app/manage.py $*\n    ;;\n  *)\n    exec "$@"\n    ;;\nesac\n'
    ),
    "migrations/versions/a.py": 'revision = "aaaaaaaaaaaa"\ndown_revision = None\n',
    "migrations/versions/b.py": "revision = 'bbbbbbbbbbbb'\ndown_revision = 'aaaaaaaaaaaa'\n",
    "migrations/versions/c.py": "revision: str = 'cccccccccccc'\ndown_revision: str = 'aaaaaaaaaaaa'\n",
    "migrations/versions/d.py": "revision = 'dddddddddddd'\ndown_revision = (\n    'bbbbbbbbbbbb',\n    'cccccccccccc',\n)\n",
    "Dockerfile": "FROM node:24 AS frontend\nFROM python:3.13-slim-bookworm\nRUN apt-get install -y \\\n  curl \\\n  gnupg\n",
    "pyproject.toml": 'dependencies = [\n    "click==8.1.3",\n    "rq==1.16.1",\n    "rq-scheduler==0.13.1",\n]\n',
}


def tree(path: Path) -> Path:
    for name, text in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


def ask(path: Path, *arguments: str) -> dict[str, Any]:
    """What it says in ``path``, as playbooks read it."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, cwd=path, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
    return migration.result(done.stdout.splitlines(), "read the facts")


def test_of_a_source_tree_it_tells_every_fact(tmp_path: Path) -> None:
    assert ask(Path("/"), str(tree(tmp_path))) == {
        "version": "26.9.0",
        "alembic_head": "dddddddddddd",
        "entrypoint": ["worker", "server", "scheduler", "create_db", "manage"],
        "queue_system": "rq",
        "queues": ["periodic", "emails", "default", "scheduled_queries", "queries", "schemas"],
        "python": "3.13",
        "commands": {"send_test_mail": "send-test-mail"},
        "has_reencrypt": True,
        "create_tables_guarded": True,
        "curl": True,
        "rq": "1.16.1",
        "rq_scheduler": "0.13.1",
        "not_read": {},
    }


def test_in_an_image_the_interpreter_and_the_libraries_are_those_that_run_it(tmp_path: Path) -> None:
    (tree(tmp_path) / "rq_scheduler-0.14.9.dist-info").mkdir()
    (tmp_path / "rq_scheduler-0.14.9.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: rq-scheduler\nVersion: 0.14.9\n")
    seen = ask(tmp_path)
    assert (seen["python"], seen["rq_scheduler"]) == ("{}.{}".format(*sys.version_info[:2]), "0.14.9")
    assert seen["curl"] == bool(shutil.which("curl"))


def test_an_image_that_computes_its_version_is_asked_by_import(tmp_path: Path) -> None:
    (tree(tmp_path) / "redash" / "__init__.py").write_text('__version__ = ".".join(["26", "9", "0"])\n')
    assert ask(tmp_path)["version"] == "26.9.0"
    assert ask(Path("/"), str(tmp_path))["not_read"]["version"] == "ValueError: __version__ not found"


@pytest.mark.parametrize("pins", ['rq = "1.16.1"\nclick = "8.1.3"\n', '    "rq==1.16.1",\n    "click==8.1.3",\n'])
def test_pins_are_read_as_poetry_and_as_pip_write_them(tmp_path: Path, pins: str) -> None:
    tree(tmp_path)
    (tmp_path / "pyproject.toml").write_text(pins)
    seen = ask(Path("/"), str(tmp_path))
    assert seen["rq"] == "1.16.1"
    assert seen["commands"] == {"send_test_mail": "send-test-mail"}


def test_with_click_6_commands_keep_their_underscores(tmp_path: Path) -> None:
    (tree(tmp_path) / "pyproject.toml").write_text('click = "6.7"\n')
    assert ask(Path("/"), str(tmp_path))["commands"] == {}


def test_a_cli_of_another_form_is_not_taken_for_one_without_hyphens(tmp_path: Path) -> None:
    (tree(tmp_path) / "redash" / "cli" / "__init__.py").write_text("manager = make()\n")
    seen = ask(Path("/"), str(tmp_path))
    assert seen["not_read"] == {"commands": "ValueError: no command of two words found"}
    assert "commands" not in learnt(seen, "26.9.0").facts


@pytest.mark.parametrize("missing", [name for name in FILES if not name.startswith("migrations")])
def test_a_file_that_is_gone_costs_its_facts_alone_and_is_said(tmp_path: Path, missing: str) -> None:
    (tree(tmp_path) / missing).unlink()
    seen = ask(Path("/"), str(tmp_path))
    assert seen["not_read"]
    assert not set(seen["not_read"]) & set(seen)
    names = {"version", "entrypoint", "queue_system", *LEARNT}
    assert set(seen) | set(seen["not_read"]) == {*names, "not_read"}


def test_two_heads_are_no_head(tmp_path: Path) -> None:
    (tree(tmp_path) / "migrations" / "versions" / "d.py").unlink()
    assert ask(Path("/"), str(tmp_path))["not_read"]["alembic_head"] == "ValueError: 2 heads: bbbbbbbbbbbb, cccccccccccc"


def test_where_there_is_no_redash_it_says_so_of_every_fact(tmp_path: Path) -> None:
    seen = ask(tmp_path, str(tmp_path))
    assert {"version", "alembic_head", "queues", "entrypoint"} <= set(seen["not_read"])
    assert len(learnt(seen, "26.9.0").notes) == len(set(LEARNT) - set(seen)) + 1
