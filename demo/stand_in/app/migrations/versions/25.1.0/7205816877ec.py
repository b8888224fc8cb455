# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""change type of json fields from varchar to json"""

from __future__ import annotations

from alembic import op

revision = "7205816877ec"
down_revision = "7ce5925f832b"

# The same ten, in the same order, as in Redash's migration; "nullable" are those that lose NOT NULL by it.
COLUMNS = (
    ("queries", "options", "nullable"),
    ("queries", "schedule", "nullable"),
    ("events", "additional_properties", "nullable"),
    ("organizations", "settings", "nullable"),
    ("alerts", "options", "nullable"),
    ("dashboards", "options", ""),
    ("dashboards", "layout", ""),
    ("changes", "change", ""),
    ("visualizations", "options", ""),
    ("widgets", "options", ""),
)


def upgrade() -> None:
    for table, column, nullable in COLUMNS:
        if nullable:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")
        # A text's default is no jsonb's.
        default = op.get_bind().exec_driver_sql(
            "SELECT column_default FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = %s AND column_name = %s",
            (table, column),
        )
        value = (default.scalar() or "").partition("::")[0]
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE jsonb USING {column}::jsonb")
        if value:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value}")
