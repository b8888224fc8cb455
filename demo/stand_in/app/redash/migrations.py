# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The migrations between the releases: Redash's own revisions, each changing the tables a little."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from hashlib import md5

from redash import models, release, settings


@dataclass(frozen=True)
class Migration:
    down: str
    revision: str
    title: str
    statements: tuple[str, ...] = ()


CHAIN = (
    Migration("e5c7a4e2df4d", "0ec979123ba4", "empty message", ("ALTER TABLE dashboards ADD COLUMN options text DEFAULT '{}'",)),
    Migration(
        "0ec979123ba4",
        "d7d747033183",
        "encrypt alert destinations",
        ("ALTER TABLE notification_destinations ADD COLUMN encrypted_options bytea",),
    ),
    Migration("d7d747033183", "89bc7873a3e0", "fix_multiple_heads"),
    Migration(
        "89bc7873a3e0",
        "fd4fc850d7ea",
        "Convert user details to jsonb and move user profile image url into details column",
        (
            "ALTER TABLE users ALTER COLUMN details DROP DEFAULT",
            # As in Redash: details are lost for users without a picture.
            "ALTER TABLE users ALTER COLUMN details TYPE jsonb USING"
            " CASE WHEN profile_image_url IS NULL THEN NULL"
            " ELSE details::jsonb || jsonb_build_object('profile_image_url', profile_image_url) END",
            "ALTER TABLE users ALTER COLUMN details SET DEFAULT '{}'",
            "ALTER TABLE users DROP COLUMN profile_image_url",
        ),
    ),
    Migration("fd4fc850d7ea", "1038c2174f5d", "Make case insensitive hash of query text"),
    Migration("1038c2174f5d", "7ce5925f832b", "create sqlalchemy_searchable expressions"),
    Migration(
        "7ce5925f832b",
        "7205816877ec",
        "change type of json fields from varchar to json",
        (
            "ALTER TABLE queries ALTER COLUMN options DROP DEFAULT, ALTER COLUMN options TYPE jsonb USING options::jsonb",
            "ALTER TABLE queries ALTER COLUMN options SET DEFAULT '{}'",
            "ALTER TABLE widgets ALTER COLUMN options TYPE jsonb USING options::jsonb",
            "ALTER TABLE organizations ALTER COLUMN settings DROP DEFAULT, ALTER COLUMN settings TYPE jsonb USING settings::jsonb",
            "ALTER TABLE organizations ALTER COLUMN settings SET DEFAULT '{}'",
        ),
    ),
    Migration("7205816877ec", "9e8c841d1a30", "fix_hash"),
    Migration(
        "9e8c841d1a30",
        "1655999df5e3",
        "default alert selector",
        ('UPDATE alerts SET options = \'{"selector": "first"}\' WHERE options IS NULL',),
    ),
    Migration("1655999df5e3", "db0aca1ebd32", "12-column dashboard layout"),
)
REVISIONS = (CHAIN[0].down, *(migration.revision for migration in CHAIN))


def _known() -> tuple[str, ...]:
    """The revisions that this release's image carries."""
    return REVISIONS[: REVISIONS.index(release.HEAD) + 1]


def _say(text: str) -> None:
    print(f"INFO  [alembic.runtime.migration] {text}", file=sys.stderr, flush=True)


def _rehash() -> None:
    for query in models.execute("SELECT id, query FROM queries ORDER BY id"):
        print(f"Updating hash for query {query['id']}", flush=True)
        hashed = md5(query["query"].lower().encode(), usedforsecurity=False).hexdigest()
        models.execute("UPDATE queries SET query_hash = %s WHERE id = %s", hashed, query["id"])


def _encrypt_destinations() -> None:
    import json

    for row in models.execute("SELECT id, options FROM notification_destinations").fetchall():
        content = models.encrypt(json.loads(row["options"] or "{}"), settings.SECRET_KEY or "")
        models.execute("UPDATE notification_destinations SET encrypted_options = %s WHERE id = %s", content, row["id"])


def _apply(migration: Migration) -> None:
    for statement in migration.statements:
        models.execute(statement)
    if migration.revision in ("1038c2174f5d", "9e8c841d1a30"):
        _rehash()
    if migration.revision == "d7d747033183":
        _encrypt_destinations()


def upgrade() -> None:
    """Bring the tables to this release's revision, in one transaction."""
    _say("Context impl PostgresqlImpl.")
    _say("Will assume transactional DDL.")
    current = models.revision()
    if current is None:
        raise RuntimeError("there is no table alembic_version: this database was not made by create_db")
    if current not in _known():
        print(f"ERROR [flask_migrate] Error: Can't locate revision identified by '{current}'", file=sys.stderr, flush=True)
        sys.exit(1)
    pending = CHAIN[REVISIONS.index(current) : REVISIONS.index(release.HEAD)]
    for migration in pending:
        _say(f"Running upgrade {migration.down} -> {migration.revision}, {migration.title}")
        _apply(migration)
        if release.FAULT == "migration" and migration is pending[-1]:
            raise RuntimeError("this stand-in was built to fail in its last migration")
        models.execute("UPDATE alembic_version SET version_num = %s", migration.revision)
    models.db.session.commit()


def create_tables() -> None:
    """What a fresh installation gets: the first tables, and every migration up to this release, unannounced."""
    models.execute(models.TABLES)
    for migration in CHAIN[: REVISIONS.index(release.HEAD)]:
        _apply(migration)
    stamp()


def stamp() -> None:
    models.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)")
    models.execute("DELETE FROM alembic_version")
    models.execute("INSERT INTO alembic_version VALUES (%s)", release.HEAD)
