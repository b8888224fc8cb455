# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make case insensitive hash of query text"""

from __future__ import annotations

from alembic import op

revision = "1038c2174f5d"
down_revision = "fd4fc850d7ea"


def upgrade() -> None:
    from redash.query_runner import update_hashes

    update_hashes(op.get_bind())
