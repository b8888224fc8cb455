# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""set default alert selector"""

from __future__ import annotations

from alembic import op

revision = "1655999df5e3"
down_revision = "9e8c841d1a30"


def upgrade() -> None:
    op.execute("UPDATE alerts SET options = jsonb_set(options, '{selector}', '\"first\"') WHERE options ->> 'selector' IS NULL")
