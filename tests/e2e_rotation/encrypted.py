# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests of rotations ask: which secret is in the store, what is encrypted in the database, and whether Redash reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.hunt import hunt, stored
from tests.e2e_upgrade.installation import NAME, PREFIX, Installation, Run, calm

SECRET = "the-data-sources-own-password"
OPTIONS = json.dumps({"dbname": "redash", "host": "10.0.0.1", "user": "nobody", "password": SECRET})


def value(redash: Installation, name: str, store: str = "parameter_store") -> str | None:
    mark = {"parameter_store": "", "secrets_manager": " "}[store]
    return stored(redash.client, PREFIX).get(f"{PREFIX}/{name}{mark}")


def good(run: Run) -> Run:
    assert run.rc == 0, run.output[-5000:]
    calm(run)
    return run


def rotate_hunted(redash: Installation, folder: Path, **variables: Any) -> None:
    """A whole rotation that succeeds, and leaves no secret anywhere but in its store."""
    found = hunt(
        "rotate_secrets.yml",
        environment=redash.environment,
        client=redash.client,
        home=redash.home,
        folder=folder / "runner",
        **variables,
    )
    found.clean()


def rows(redash: Installation) -> list[str]:
    return redash.sql("select encode(encrypted_options, 'base64') from data_sources order by id")


def decrypts(redash: Installation) -> None:
    """Redash itself, with the key that its task gets, reads what is encrypted in the database."""
    listed = redash.run("manage.yml", command=["/app/manage.py", "ds", "list"], redash_secret_store=store_of(redash))
    assert SECRET in good_list(listed).output


def good_list(run: Run) -> Run:
    assert run.rc == 0, run.output[-4000:]
    return run


def store_of(redash: Installation) -> str:
    definition = redash.client("ecs").describe_task_definition(taskDefinition=NAME)["taskDefinition"]
    reference = next(item["valueFrom"] for item in definition["containerDefinitions"][0]["secrets"] if item["name"] == "REDASH_SECRET_KEY")
    return "secrets_manager" if ":secretsmanager:" in reference else "parameter_store"


def make_data_source(redash: Installation) -> None:
    """A data source whose password the database holds encrypted."""
    made = redash.run("manage.yml", command=["/app/manage.py", "ds", "new", "warehouse", "--type", "pg", "--options", OPTIONS])
    assert made.rc == 0, made.output[-3000:]
    assert rows(redash)
    decrypts(redash)
