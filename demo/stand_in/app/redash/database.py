# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creating and migrating the tables, with the real Alembic and the revisions that this release's image carries."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from redash import models

# The revision of Redash 7 to 9, which models.TABLES are at.
OLDEST = "e5c7a4e2df4d"


def configuration(*, fresh: bool = False) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).resolve().parent.parent / "migrations"))
    config.attributes["fresh"] = fresh
    return config


def upgrade() -> None:
    """``db upgrade``: to this image's revision, in one transaction, announced on stderr."""
    logging.basicConfig(format="%(levelname)-5.5s [%(name)s] %(message)s", level=logging.INFO, stream=sys.stderr, force=True)
    # The first look at the database is over: an open transaction would be waited for.
    models.db.session.rollback()
    try:
        command.upgrade(configuration(), "head")
    except CommandError as error:
        logging.getLogger("flask_migrate").error("Error: %s", error)
        sys.exit(1)


def create_tables() -> None:
    """What a fresh installation gets: the oldest tables and every migration, unannounced."""
    models.execute(models.TABLES)
    models.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)")
    models.execute("INSERT INTO alembic_version VALUES (%s)", OLDEST)
    models.db.session.commit()
    command.upgrade(configuration(fresh=True), "head")


def stamp(revision: str = "head") -> None:
    models.db.session.rollback()
    command.stamp(configuration(), revision)


def heads() -> None:
    command.heads(configuration())
