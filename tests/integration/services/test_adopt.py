# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adopting an installation by docker-compose, on a local AWS."""

from __future__ import annotations

import json
from typing import Any

import yaml

from .conftest import LocalAws, Playbook, said
from .test_ssm_secrets_role import changes, stored

ENV = """\
REDASH_LOG_LEVEL=INFO
REDASH_COOKIE_SECRET=hush-cookie-secret
REDASH_MAIL_PASSWORD=hush-mail-password
REDASH_DATABASE_URL=postgresql://postgres:hush-postgres@postgres/postgres
REDASH_HOST=https://redash.example.com
"""


def tasks(playbook: Playbook) -> list[dict[str, Any]]:
    env_file = playbook.folder / "old.env"
    env_file.write_text(ENV)
    return [
        {"redash.ecs.redash_adopt": {"env_file": str(env_file), "prefix": "/redash/adopted"}, "register": "adopted"},
        {"copy": {"content": "{{ adopted | to_json }}", "dest": str(playbook.folder / "adopted.json")}},
    ]


def test_secrets_go_to_the_store_settings_to_the_inventory_and_no_value_is_shown(aws: LocalAws, playbook: Playbook) -> None:
    foretold = playbook.run(tasks(playbook)[:1], "--check", "--diff", "-vvvv")
    assert foretold.returncode == 0, foretold.stdout
    assert stored(aws, "/redash/adopted") == {}
    first = playbook.run(tasks(playbook), "--diff", "-vvvv")
    assert first.returncode == 0, first.stdout
    assert stored(aws, "/redash/adopted") == {
        "cookie_secret": "hush-cookie-secret",
        "secret_key": "hush-cookie-secret",
        "mail_password": "hush-mail-password",
    }
    adopted = json.loads((playbook.folder / "adopted.json").read_text())
    assert adopted["inventory"] == {
        "redash_host": "https://redash.example.com",
        "redash_secrets": {"mail_password": None},
        "redash_settings": {"REDASH_LOG_LEVEL": "INFO"},
    }
    assert "REDASH_DATABASE_URL -> not taken: composed anew" in "\n".join(adopted["reported"])
    assert "hush" not in foretold.stdout + first.stdout + yaml.safe_dump(adopted)
    assert changes(playbook.run(tasks(playbook)[:1]).stdout) == 0


def test_a_file_that_differs_from_what_is_stored_stops(aws: LocalAws, playbook: Playbook) -> None:
    aws.client("ssm").put_parameter(Name="/redash/other/secret_key", Value="in-use", Type="SecureString", KeyId="alias/aws/ssm")
    task = tasks(playbook)[0]
    task["redash.ecs.redash_adopt"]["prefix"] = "/redash/other"
    done = playbook.run([task])
    assert done.returncode == 2
    assert "/redash/other/secret_key: the value given differs from the stored one" in " ".join(done.stdout.split())
    assert stored(aws, "/redash/other") == {"secret_key": "in-use"}


def test_a_missing_file_is_one_line(playbook: Playbook) -> None:
    done = playbook.run([{"redash.ecs.redash_adopt": {"env_file": "/nonexistent/env", "prefix": "/redash/none"}}])
    assert done.returncode == 2
    assert "/nonexistent/env: it can't be read" in said(done)
    assert "Traceback" not in done.stdout
