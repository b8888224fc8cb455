# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""fix_hash"""

from __future__ import annotations

from alembic import op

revision = "9e8c841d1a30"
down_revision = "7205816877ec"


def upgrade() -> None:
    from redash.query_runner import update_hashes

    update_hashes(op.get_bind())
