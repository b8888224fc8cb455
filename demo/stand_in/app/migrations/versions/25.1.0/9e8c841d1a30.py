# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""fix_hash"""

from __future__ import annotations

from alembic import op

revision = "9e8c841d1a30"
down_revision = "7205816877ec"


def upgrade() -> None:
    from redash.query_runner import hash_of

    connection = op.get_bind()
    # Archived ones, too.
    queries = connection.exec_driver_sql(
        "SELECT q.id, q.query, q.query_hash, q.options, d.type"
        " FROM queries q LEFT JOIN data_sources d ON d.id = q.data_source_id ORDER BY q.id"
    )
    for identifier, text, before, options, kind in queries.fetchall():
        after = hash_of(text, options or {}, kind)
        print(f"Updating hash for query {identifier} from {before} to {after}", flush=True)
        connection.exec_driver_sql("UPDATE queries SET query_hash = %s WHERE id = %s", (after, identifier))
