# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""encrypt alert destinations"""

from __future__ import annotations

from alembic import op

revision = "d7d747033183"
down_revision = "e5c7a4e2df4d"


def upgrade() -> None:
    import json

    from redash import settings
    from redash.models import encrypt

    op.execute("ALTER TABLE notification_destinations ADD COLUMN encrypted_options bytea")
    connection = op.get_bind()
    for identifier, options in connection.exec_driver_sql("SELECT id, options FROM notification_destinations").fetchall():
        content = encrypt(json.loads(options or "{}"), settings.DATASOURCE_SECRET_KEY or "")
        connection.exec_driver_sql("UPDATE notification_destinations SET encrypted_options = %s WHERE id = %s", (content, identifier))
    op.execute("ALTER TABLE notification_destinations DROP COLUMN options")
    op.execute("ALTER TABLE notification_destinations ALTER COLUMN encrypted_options SET NOT NULL")
