# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""12-column dashboard layout"""

from __future__ import annotations

from alembic import op

revision = "db0aca1ebd32"
down_revision = "1655999df5e3"


def upgrade() -> None:
    # As in Redash: a widget without the value gets null for all of its options, and the column is NOT NULL.
    for path in ("{position,col}", "{position,sizeX}"):
        twice = "UPDATE widgets SET options = jsonb_set(options, %(path)s, to_jsonb((options #>> %(path)s)::int * 2))"
        op.get_bind().exec_driver_sql(twice, {"path": path})
