# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make case insensitive hash of query text"""

from __future__ import annotations

from alembic import op

revision = "1038c2174f5d"
down_revision = "fd4fc850d7ea"


def upgrade() -> None:
    from redash.query_runner import text_hash

    connection = op.get_bind()
    for identifier, text in connection.exec_driver_sql("SELECT id, query FROM queries").fetchall():
        connection.exec_driver_sql("UPDATE queries SET query_hash = %s WHERE id = %s", (text_hash(text), identifier))
