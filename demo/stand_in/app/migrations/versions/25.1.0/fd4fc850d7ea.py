# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Convert user details to jsonb and move user profile image url into details column"""

from __future__ import annotations

from alembic import op

revision = "fd4fc850d7ea"
down_revision = "89bc7873a3e0"


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN details TYPE jsonb")
    # As in Redash: null || anything is null, and the details of users without a picture are lost; a quote in the address is no JSON.
    op.execute("UPDATE users SET details = details || ('{\"profile_image_url\": \"' || profile_image_url || '\"}')::jsonb")
    op.execute("ALTER TABLE users DROP COLUMN profile_image_url")
