# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The types of data sources, and the hash of a query, which needs to know its data source's type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from redash import release


@dataclass(frozen=True)
class QueryRunner:
    """``required`` the options that it can't do without; ``secret`` those that Redash masks; ``limited`` whether it adds LIMIT 1000."""

    required: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    limited: bool = True

    def configuration_schema(self) -> dict[str, Any]:
        return {"type": "object", "required": list(self.required), "secret": list(self.secret)}

    def gen_query_hash(self, text: str, auto_limit: bool = False) -> str:
        return text_hash(text)


class Elasticsearch(QueryRunner):
    def gen_query_hash(self, text: str, auto_limit: bool = False) -> str:
        # As in Redash, which looks at the first statement of a text that has none.
        statements = [part for part in text.split(";") if part.strip()]
        statements[0].upper()
        return text_hash(text)


# Type -> runner, the names and secret options of the images (redash/query_runner of the tags). Only the commonest of them are here.
query_runners: dict[str, QueryRunner] = {
    "athena": QueryRunner(("region", "s3_staging_dir"), ("aws_secret_key",)),
    "bigquery": QueryRunner(("projectId", "jsonKeyFile"), ("jsonKeyFile",)),
    "clickhouse": QueryRunner(("dbname",), ("password",)),
    "elasticsearch": Elasticsearch(("server",), ("basic_auth_password",), limited=False),
    "google_spreadsheets": QueryRunner(("jsonKeyFile",), ("jsonKeyFile",), limited=False),
    "mongodb": QueryRunner(("connectionString", "dbName"), ("password",), limited=False),
    "mysql": QueryRunner(("db",), ("passwd",)),
    "pg": QueryRunner(("dbname",), ("password", "sslrootcertFile", "sslcertFile", "sslkeyFile")),
    "prometheus": QueryRunner(("url",), ("cert_File", "cert_key_File", "ca_cert_File"), limited=False),
    "redshift": QueryRunner(("dbname", "user", "password", "host", "port"), ("password",)),
    "snowflake": QueryRunner(("account", "user", "database", "warehouse"), ("password",)),
    "uptycs": QueryRunner(("url", "customer_id", "key", "secret"), ("secret", "key")),
    "url": QueryRunner(("url",), (), limited=False),
}
if release.AT_LEAST_25:
    query_runners |= {"influxdbv2": QueryRunner(("url", "org", "token"), ("token", "cert_File", "cert_key_File", "cert_key_password"))}
else:
    # What 25.1 no longer has: a query of theirs stops its migration.
    query_runners |= {"mapd": QueryRunner(("host",), ("password",)), "qubole": QueryRunner(("endpoint", "token"), ("token",))}


def BaseQueryRunner(configuration: dict[str, Any]) -> QueryRunner:
    """What Redash takes for a query without a data source."""
    return QueryRunner()


def get_query_runner(kind: str, configuration: dict[str, Any]) -> QueryRunner | None:
    return query_runners.get(kind)


def text_hash(text: str) -> str:
    """The MD5 of a query's text without comments and white space; up to 10.1 without regard to upper and lower case."""
    bare = "".join(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).split())
    return md5((bare if release.AT_LEAST_25 else bare.lower()).encode(), usedforsecurity=False).hexdigest()


def hash_of(text: str, options: Any, kind: str | None) -> str:
    """As in Redash's migration: a type that the image lacks is an error, and so are options of a shape that it does not expect."""
    auto_limit = bool(options.get("apply_auto_limit", False))
    for parameter in options.get("parameters", []):
        parameter["name"]
    runner: Any = get_query_runner(kind, {}) if kind else BaseQueryRunner({})
    return str(runner.gen_query_hash(text, auto_limit))
