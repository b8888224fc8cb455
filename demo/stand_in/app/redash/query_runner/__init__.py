# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The types of data sources, and the hash of a query, which needs to know its data source's type."""

from __future__ import annotations

from hashlib import md5
from typing import Any

# Type -> the options that it can't do without.
query_runners: dict[str, tuple[str, ...]] = {
    "bigquery": ("projectId", "jsonKeyFile"),
    "mysql": ("db",),
    "pg": ("dbname",),
    "url": ("url",),
}


class QueryRunner:
    @staticmethod
    def gen_query_hash(text: str) -> str:
        return md5(text.lower().encode(), usedforsecurity=False).hexdigest()


def get_query_runner(kind: str) -> QueryRunner | None:
    return QueryRunner() if kind in query_runners else None


def update_hashes(connection: Any) -> None:
    """As in Redash's migrations: a query whose data source's type is not enabled ends them."""
    rows = connection.exec_driver_sql(
        "SELECT q.id, q.query, d.type FROM queries q LEFT JOIN data_sources d ON d.id = q.data_source_id ORDER BY q.id"
    ).fetchall()
    for identifier, text, kind in rows:
        runner: Any = get_query_runner(kind) if kind else QueryRunner()
        hashed = runner.gen_query_hash(text)
        print(f"Updating hash for query {identifier}", flush=True)
        connection.exec_driver_sql("UPDATE queries SET query_hash = %s WHERE id = %s", (hashed, identifier))
