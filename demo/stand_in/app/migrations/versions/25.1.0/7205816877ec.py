# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""change type of json fields from varchar to json"""

from __future__ import annotations

from alembic import op

revision = "7205816877ec"
down_revision = "7ce5925f832b"


def upgrade() -> None:
    for table, column in (("queries", "options"), ("widgets", "options"), ("dashboards", "options"), ("organizations", "settings")):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE jsonb USING {column}::jsonb")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT '{{}}'")
