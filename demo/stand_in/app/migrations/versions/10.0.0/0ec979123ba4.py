# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""empty message"""

from __future__ import annotations

from alembic import op

revision = "0ec979123ba4"
down_revision = "e5c7a4e2df4d"


def upgrade() -> None:
    op.execute("ALTER TABLE dashboards ADD COLUMN options json NOT NULL DEFAULT '{}'")
