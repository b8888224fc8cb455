# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The master user of the emulated Aurora, made in the real PostgreSQL server."""

from __future__ import annotations

import os

from demo.engine import client_for
from demo.instance import Instance

# Run by psql inside the server's container. The values come from the environment of that one process: not from
# an argument list, and not from a file. A statement that fails is not written to the server's log either.
SCRIPT = r"""
exec psql --quiet --no-psqlrc --username=postgres --dbname=postgres --set=ON_ERROR_STOP=1 <<'SQL'
\getenv username MASTER_USERNAME
\getenv password MASTER_PASSWORD
\getenv database MASTER_DATABASE
SET log_min_error_statement = panic;
SET password_encryption = 'scram-sha-256';
SELECT format('CREATE ROLE %I', :'username') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'username') \gexec
SELECT format('ALTER ROLE %I LOGIN CREATEDB CREATEROLE PASSWORD %L', :'username', :'password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'username')
    WHERE :'database' <> '' AND NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
SQL
"""


def set_master(username: str, password: str, database: str | None) -> None:
    """Create or alter the role, and create the database if there is none of that name; safe to repeat.

    Raises RuntimeError with PostgreSQL's message (which never holds the password) when it fails.
    """
    instance = Instance.from_environment(os.environ)
    client = client_for(os.environ["DOCKER_HOST"])
    try:
        container = client.containers.get(instance.postgresql)
        values = {"MASTER_USERNAME": username, "MASTER_PASSWORD": password, "MASTER_DATABASE": database or ""}
        result = container.exec_run(["sh", "-c", SCRIPT], environment=values, user="postgres")
    finally:
        client.close()
    if result.exit_code != 0:
        raise RuntimeError(f"PostgreSQL refused the master user {username}: {result.output.decode(errors='replace').strip()}")
