# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""remove query tracker keys"""

from __future__ import annotations

revision = "e5c7a4e2df4d"
down_revision = None


def upgrade() -> None:
    pass
