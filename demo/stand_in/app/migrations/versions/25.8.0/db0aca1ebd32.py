# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""12-column dashboard layout"""

from __future__ import annotations

revision = "db0aca1ebd32"
down_revision = "1655999df5e3"


def upgrade() -> None:
    pass
