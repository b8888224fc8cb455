# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The env file of an installation made otherwise: what of it is a secret, what a setting, what has no place here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ansible_collections.redash.ecs.plugins.module_utils.core.env_files import EnvFileError, parse_specification
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.redash_compose import SECRET_NAME, SECRET_VALUE

# Not taken over, and why. The new installation has a database and a Redis of its own; what it needs to
# reach them is composed of the infrastructure.
NOT_TAKEN = {
    "POSTGRES_PASSWORD": "the old database's own; the new one gets its own",
    "REDASH_DATABASE_URL": "composed anew of redash_infrastructure; bring the data over by pg_dump and pg_restore",
    "DATABASE_URL": "composed anew of redash_infrastructure; bring the data over by pg_dump and pg_restore",
    "REDASH_REDIS_URL": "composed anew of redash_infrastructure",
    "REDIS_URL": "composed anew of redash_infrastructure",
    "PYTHONUNBUFFERED": "rendered anyway",
    "WORKERS_COUNT": "rendered for each service; see redash_workers",
    "QUEUES": "rendered for each service",
}
# Names of the secrets that every installation has.
KNOWN = {"REDASH_COOKIE_SECRET": "cookie_secret", "REDASH_SECRET_KEY": "secret_key"}


@dataclass
class Adoption:
    """``secrets`` by their name in the store, hidden; ``settings`` by environment variable; ``destinies`` by variable."""

    host: str = ""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    settings: dict[str, str] = field(default_factory=dict)
    destinies: dict[str, str] = field(default_factory=dict)


def adopt(text: str, path: str, *, prefix: str) -> Adoption:
    """Where each variable of an env file goes. Raises RedashError when it can't be read or holds no key at all."""
    try:
        pairs = parse_specification(text, lambda name: None, lambda name: None)
    except EnvFileError as error:
        # Not the parser's words: they quote the line, which may hold a secret.
        raise RedashError(Problem("the line can't be read as NAME=value", f"{path}:{error.line}", "Correct it.")) from None
    result = Adoption()
    for name, value in _last(pairs):
        if name in NOT_TAKEN:
            result.destinies[name] = f"not taken: {NOT_TAKEN[name]}"
        elif not value:
            result.destinies[name] = "not taken: it is empty, and an empty value stops Redash"
        elif name == "REDASH_HOST":
            result.host = value
            result.destinies[name] = "inventory: redash_host"
        elif name in KNOWN or SECRET_NAME.search(name) or SECRET_VALUE.search(value):
            secret = KNOWN.get(name, name.removeprefix("REDASH_").lower())
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


def _last(pairs: Iterable[tuple[str, str | None]]) -> list[tuple[str, str]]:
    """Each variable once, the last value winning, in the order of the file."""
    return list({name: value or "" for name, value in pairs}.items())
