# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The env file of an installation made otherwise: what of it is a secret, what a setting, what has no place here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ansible_collections.redash.ecs.plugins.module_utils.core.env_files import EnvFileError, parse_docker, parse_specification
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import is_secret

Format = Literal["compose", "literal"]

# Not taken over, and why. The new installation has a database and a Redis of its own; what it needs to
# reach them is composed of the infrastructure.
NOT_TAKEN = {
    "POSTGRES_PASSWORD": "the old database's own; the new one gets its own",
    "REDASH_DATABASE_URL": "composed anew of redash_infrastructure; bring the data over by pg_dump and pg_restore",
    "DATABASE_URL": "composed anew of redash_infrastructure; bring the data over by pg_dump and pg_restore",
    "REDASH_REDIS_URL": "composed anew of redash_infrastructure",
    "REDIS_URL": "composed anew of redash_infrastructure",
    "PYTHONUNBUFFERED": "rendered anyway",
    "REDASH_CELERY_BROKER": "the Redis of redash_infrastructure is used",
    "REDASH_CELERY_BACKEND": "the Redis of redash_infrastructure is used",
    "REDASH_LIMITER_STORAGE": "the Redis of redash_infrastructure is used",
    "RQ_REDIS_URL": "the Redis of redash_infrastructure is used",
    "REDASH_WEB_WORKERS": "rendered for each service; see redash_workers",
    "WORKERS_COUNT": "rendered for each service; see redash_workers",
    "QUEUES": "rendered for each service",
}


@dataclass
class Adoption:
    """``secrets`` by their name in the store, hidden; ``settings`` by environment variable; ``destinies`` by variable."""

    host: str = ""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    settings: dict[str, str] = field(default_factory=dict)
    destinies: dict[str, str] = field(default_factory=dict)


def adopt(text: str, path: str, *, prefix: str, env_format: Format | None = None) -> Adoption:
    """Where each variable of an env file goes.

    ``env_format``  ``compose`` reads quotes, comments and ``$`` as docker compose does, ``literal`` keeps what stands behind the ``=``
                    as docker-compose 1 (files of version 2), ecs-cli and ``docker run --env-file`` do; None where both mean the same

    Raises RedashError when it can't be read, when the formats differ and none is given, or when it holds no key at all.
    """
    result = Adoption()
    for name, value in _read(text, path, env_format):
        if name in NOT_TAKEN:
            result.destinies[name] = f"not taken: {NOT_TAKEN[name]}"
        elif name == "REDASH_SECRET_KEY" and not value:
            raise RedashError(
                Problem(
                    "REDASH_SECRET_KEY is empty, and Redash takes the empty text itself as the key of the data",
                    path,
                    "Encrypt the data with a real one in the old installation (manage database reencrypt '' NEW), and put that here.",
                )
            )
        elif not value:
            result.destinies[name] = "not taken: it is empty, and an empty value stops Redash"
        elif name == "REDASH_HOST":
            result.host = value
            result.destinies[name] = "inventory: redash_host"
        elif is_secret(name, value) and not name.startswith("REDASH_"):
            result.destinies[name] = "not taken: a secret reaches containers as REDASH_..., and this one would not have its own name"
        elif is_secret(name, value):
            secret = name.removeprefix("REDASH_").lower()
            result.secrets[secret] = value
            result.destinies[name] = f"secret: {prefix}/{secret}"
        else:
            result.settings[name] = value
            result.destinies[name] = "inventory: redash_settings"
    cookie = result.secrets.get("cookie_secret")
    if "secret_key" not in result.secrets:
        if cookie is None:
            raise RedashError(
                Problem(
                    "it holds neither REDASH_SECRET_KEY nor REDASH_COOKIE_SECRET, so the key of the data is set elsewhere",
                    path,
                    "Find it in the compose file or the containers (printenv) and add it to the file.",
                )
            )
        # Redash falls back to the cookie secret; a fresh key instead would lose every data source.
        result.secrets["secret_key"] = cookie
        result.destinies["REDASH_SECRET_KEY"] = (
            f"secret: {prefix}/secret_key, taken from REDASH_COOKIE_SECRET, which has been encrypting the data"
        )
    return result


def _read(text: str, path: str, env_format: Format | None) -> list[tuple[str, str]]:
    """Each variable once, as the old installation's containers got it."""
    read: dict[Format, list[tuple[str, str]]] = {}
    try:
        if env_format != "literal":
            read["compose"] = _last(parse_specification(text, lambda name: None, lambda name: None))
        if env_format != "compose":
            # Blanks at the end are kept by some, dropped by others; nobody means them.
            read["literal"] = [(name, value.strip()) for name, value in _last(parse_docker(text, lambda name: None))]
    except EnvFileError as error:
        # Not the parser's words: they quote the line, which may hold a secret. What only one of them can read is meant for that one.
        if env_format is not None or "compose" not in read:
            raise RedashError(Problem("the line can't be read as NAME=value", f"{path}:{error.line}", "Correct it.")) from None
        return read["compose"]
    if env_format is None:
        literal = dict(read["literal"])
        unlike = [name for name, value in read["compose"] if name not in NOT_TAKEN and literal.get(name, value) != value]
        if unlike:
            raise RedashError(
                Problem(
                    f"{', '.join(unlike)}: quotes, # or $ mean one thing to docker compose and another to what came before it",
                    path,
                    "Say how it was read: -e env_format=compose, or literal (docker-compose 1, ecs-cli, docker run)."
                    " In a container of the old installation, printenv shows which.",
                )
            )
    return read[env_format or "compose"]


def _last(pairs: Iterable[tuple[str, str | None]]) -> list[tuple[str, str]]:
    """Each variable once, the last value winning, in the order of the file."""
    return list({name: value or "" for name, value in pairs}.items())
