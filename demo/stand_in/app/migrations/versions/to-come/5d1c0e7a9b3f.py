# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""a table of a release to come"""

from __future__ import annotations

from alembic import op

revision = "5d1c0e7a9b3f"
down_revision = "db0aca1ebd32"


def upgrade() -> None:
    op.execute("CREATE TABLE to_come (id serial PRIMARY KEY)")
