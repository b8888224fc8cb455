# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tables, in the real PostgreSQL, and the little that the commands and pages read and write."""

from __future__ import annotations

import json
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import sqlalchemy
from cryptography.fernet import Fernet
from sqlalchemy.orm import scoped_session, sessionmaker

from redash import release, settings

DEFAULT_PERMISSIONS = [
    "create_dashboard",
    "create_query",
    "edit_dashboard",
    "edit_query",
    "view_query",
    "view_source",
    "execute_query",
    "list_users",
    "schedule_query",
    "list_dashboards",
    "list_alerts",
    "list_data_sources",
]
ADMIN_PERMISSIONS = ["admin", "super_admin"]

# The tables of Redash 7 to 9, as far as they matter here; each migration in /app/migrations changes them. The types and NOT NULL are
# Redash's. Beyond Redash, which lets Python fill them in, columns have defaults, so that a test's INSERT may leave them out.
TABLES = """
CREATE TABLE organizations (id serial PRIMARY KEY, name varchar(255) NOT NULL, slug varchar(255) UNIQUE,
    settings text NOT NULL DEFAULT '{}', created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE groups (id serial PRIMARY KEY, org_id integer NOT NULL REFERENCES organizations, type varchar(255) NOT NULL DEFAULT 'regular',
    name varchar(100) NOT NULL, permissions varchar(255)[] NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE users (id serial PRIMARY KEY, org_id integer NOT NULL REFERENCES organizations, name varchar(320) NOT NULL,
    email varchar(255) NOT NULL, profile_image_url varchar(320), password_hash varchar(256), groups integer[],
    api_key varchar(40) NOT NULL UNIQUE, disabled_at timestamptz, details json DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now());
CREATE UNIQUE INDEX users_org_id_email ON users (org_id, email);
CREATE TABLE data_sources (id serial PRIMARY KEY, org_id integer NOT NULL REFERENCES organizations, name varchar(255) NOT NULL,
    type varchar(255) NOT NULL, encrypted_options bytea NOT NULL, queue_name varchar(255) NOT NULL DEFAULT 'queries',
    scheduled_queue_name varchar(255) NOT NULL DEFAULT 'scheduled_queries', created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE notification_destinations (id serial PRIMARY KEY, org_id integer NOT NULL REFERENCES organizations,
    name varchar(255) NOT NULL, type varchar(255) NOT NULL, options text NOT NULL);
CREATE TABLE queries (id serial PRIMARY KEY, org_id integer NOT NULL REFERENCES organizations,
    data_source_id integer REFERENCES data_sources, name varchar(255) NOT NULL, query text NOT NULL, query_hash varchar(32) NOT NULL,
    user_id integer REFERENCES users, tags varchar[], options text NOT NULL DEFAULT '{}', schedule text,
    is_archived boolean NOT NULL DEFAULT false);
CREATE TABLE query_results (id serial PRIMARY KEY, org_id integer NOT NULL REFERENCES organizations, query_hash varchar(32), data text);
CREATE TABLE dashboards (id serial PRIMARY KEY, org_id integer NOT NULL REFERENCES organizations, slug varchar(140),
    name varchar(100) NOT NULL, layout text NOT NULL DEFAULT '[]');
CREATE TABLE visualizations (id serial PRIMARY KEY, query_id integer REFERENCES queries, type varchar(100) NOT NULL,
    name varchar(255) NOT NULL, options text NOT NULL);
CREATE TABLE widgets (id serial PRIMARY KEY, dashboard_id integer REFERENCES dashboards,
    visualization_id integer REFERENCES visualizations, options text NOT NULL);
CREATE TABLE alerts (id serial PRIMARY KEY, name varchar(255) NOT NULL, query_id integer REFERENCES queries, options text NOT NULL);
CREATE TABLE changes (id serial PRIMARY KEY, object_type varchar(255) NOT NULL, object_id integer NOT NULL, change text NOT NULL);
CREATE TABLE events (id serial PRIMARY KEY, org_id integer REFERENCES organizations, action varchar(255),
    additional_properties text DEFAULT '{}', created_at timestamptz DEFAULT now());
"""
NAMES = [*re.findall(r"CREATE TABLE (\w+)", TABLES), "alembic_version"]


class _Database:
    """The names that Flask-SQLAlchemy's ``db`` has, as far as scripts that run inside the image use them."""

    text = staticmethod(sqlalchemy.text)

    def __init__(self) -> None:
        self.engine = sqlalchemy.create_engine(settings.DATABASE_URL.replace("postgres://", "postgresql://", 1))
        self.session = scoped_session(sessionmaker(self.engine))


db = _Database()


class _Result:
    """Rows as dictionaries, read at once."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows

    def scalar(self) -> Any:
        return next(iter(self.rows[0].values())) if self.rows else None

    def first(self) -> Any:
        return self.rows[0] if self.rows else None

    def fetchall(self) -> list[Any]:
        return self.rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)


def execute(statement: str, *parameters: Any) -> _Result:
    """Run one statement in psycopg2's parameter style."""
    # By name: SQLAlchemy takes a tuple that begins with a list (an array) for many rows of parameters.
    numbers = iter(range(len(parameters)))
    named = re.sub("%s", lambda _: f"%(p{next(numbers)})s", statement)
    result = db.session.connection().exec_driver_sql(named, {f"p{number}": value for number, value in enumerate(parameters)})
    return _Result([dict(row) for row in result.mappings()] if result.returns_rows else [])


def is_empty() -> bool:
    return not execute("SELECT 1 FROM pg_tables WHERE schemaname = current_schema() LIMIT 1").rows


def revision() -> str | None:
    if not execute("SELECT to_regclass('alembic_version') AS found").scalar():
        return None
    found: str | None = execute("SELECT version_num FROM alembic_version").scalar()
    return found


# --- encryption: Redash's scheme, Fernet with a key that is the SHA-256 of the secret


def _fernet(secret: str) -> Fernet:
    return Fernet(urlsafe_b64encode(sha256(secret.encode()).digest()))


def encrypt(options: dict[str, Any], secret: str) -> bytes:
    return _fernet(secret).encrypt(json.dumps(options).encode())


def decrypt(content: Any, secret: str) -> dict[str, Any]:
    options: dict[str, Any] = json.loads(_fernet(secret).decrypt(bytes(content)))
    return options


# --- what several commands and pages do


def organization(slug: str) -> Any:
    return execute("SELECT * FROM organizations WHERE slug = %s", slug).first()


def has_organization() -> bool:
    return bool(execute("SELECT 1 FROM organizations LIMIT 1").rows)


def add_organization(name: str, slug: str) -> int:
    return int(execute("INSERT INTO organizations (name, slug) VALUES (%s, %s) RETURNING id", name, slug).scalar())


def add_group(org_id: int | None, name: str, permissions: list[str], kind: str = "regular") -> int:
    statement = "INSERT INTO groups (org_id, name, type, permissions) VALUES (%s, %s, %s, %s) RETURNING id"
    return int(execute(statement, org_id, name, kind, permissions).scalar())


def add_user(org_id: int, name: str, email: str, password: str | None, groups: list[int]) -> int:
    from werkzeug.security import generate_password_hash

    statement = "INSERT INTO users (org_id, name, email, password_hash, groups, api_key) VALUES (%s, %s, %s, %s, %s, %s) RETURNING id"
    hashed = generate_password_hash(password, method="pbkdf2:sha256:50000") if password else None
    return int(execute(statement, org_id, name, email, hashed, groups, secrets.token_hex(20)).scalar())


def details_of(user: Any) -> dict[str, Any]:
    """A user's details: json up to 10.1, jsonb from 25.1 on. A newer release on an older schema stops here."""
    if release.AT_LEAST_25 and "profile_image_url" in user:
        raise TypeError("users has the column profile_image_url: the schema is older than this release")
    return user["details"] or {}
