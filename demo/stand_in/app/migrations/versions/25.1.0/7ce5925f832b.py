# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""create sqlalchemy_searchable expressions"""

from __future__ import annotations

revision = "7ce5925f832b"
down_revision = "1038c2174f5d"


def upgrade() -> None:
    pass
