# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run by Alembic: the tables' changes from release to release, under Redash's own revision numbers."""

from __future__ import annotations

from typing import Any

from alembic import context
from redash import release
from redash.models import db

HEADS = context.script.get_heads()


def fail_at_the_end(step: Any, **_: Any) -> None:
    if "migration" in release.FAULTS and step.up_revision_id in HEADS and not context.config.attributes.get("fresh"):
        raise RuntimeError("this stand-in was built to fail in its last migration")


with db.engine.connect() as connection:
    context.configure(connection=connection, on_version_apply=fail_at_the_end)
    with context.begin_transaction():
        context.run_migrations()
