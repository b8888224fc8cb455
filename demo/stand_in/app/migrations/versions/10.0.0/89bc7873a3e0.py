# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""fix_multiple_heads"""

from __future__ import annotations

revision = "89bc7873a3e0"
down_revision = ("0ec979123ba4", "d7d747033183")


def upgrade() -> None:
    pass
