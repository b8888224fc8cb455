# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which secrets an installation needs, and what has to happen to each: kept, made, or changed.

Nothing here prints or returns a value but in fields that are hidden from ``repr``; what is said about a
secret is its name and its destiny.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import quote

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError

# What Redash's own set-up uses (pwgen -1s 32). None of these characters needs escaping in a URL, which
# matters beyond beauty: Redash 8 and 9 can't migrate when the database URL holds a percent sign.
ALPHABET = string.ascii_letters + string.digits
LENGTH = 32

# Replacing one of these by accident loses something: secret_key encrypts every data source (and, in an
# installation that never set it, cookie_secret does); all sessions and invitations hang on cookie_secret.
# A database_password that site.yml would write reaches the database by Terraform, which notes it as set even where the database refused
# it: the next run would lock everybody out. Only the rotation proves it first.
PROTECTED = ("cookie_secret", "secret_key", "database_password")

# What every installation has; the containers' share of these is wired by the role compose_render.
OF_EVERY_INSTALLATION = ("cookie_secret", "secret_key", "database_password", "redis_token", "admin_password", "database_url", "redis_url")

# Parameter Store, Standard tier. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
LONGEST_VALUE = 4096
MOST_LEVELS = 15
NAME = re.compile(r"[A-Za-z0-9_.-]+")
PREFIX = re.compile(r"(/[A-Za-z0-9_.-]+)+")
PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_.-]+)\}")

# What AWS takes as a new value. Refused before a rotation begins: found out in its middle, the secret is the new one already.
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html (MasterUserPassword)
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html
TAKEN = {
    "database_password_next": (re.compile(r"[!#-.0-?A-~]{8,41}"), '8 to 41 printable ASCII characters, no blank, /, " or @ among them'),
    "redis_token_next": (re.compile(r"[A-Za-z0-9!&#$^<>-]{16,128}"), "16 to 128 letters, digits and !&#$^<>-"),
}

Choose = Callable[[str], str]


@dataclass(frozen=True)
class Secret:
    """One secret that has to exist.

    ``name``     below the installation's prefix: ``secret_key``
    ``length``   of the value that is made when there is none
    ``value``    given by a person; None when it is made here
    ``compose``  a template whose ``{placeholders}`` are ``values`` or other secrets; None when it is not composed
    ``values``   what is not secret in ``compose``: ``{"host": ..., "port": ...}``
    ``origin``   where ``value`` comes from, for people
    """

    name: str
    length: int = LENGTH
    value: str | None = field(default=None, repr=False)
    compose: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    origin: str = "given"

    @property
    def parts(self) -> list[str]:
        """The other secrets that this one is composed of."""
        return [name for name in dict.fromkeys(PLACEHOLDER.findall(self.compose or "")) if name not in self.values]


@dataclass(frozen=True)
class Stored:
    """A secret as the store holds it.

    ``value``     None when it was read without decryption
    ``modified``  when this version was written, in seconds since the epoch
    ``deleted``   it can't be read, but the store can still restore it (Secrets Manager)
    """

    version: int
    arn: str
    value: str | None = field(default=None, repr=False)
    encrypted: bool = True
    modified: float | None = None
    deleted: bool = False


@dataclass(frozen=True)
class Written:
    """What became of a write."""

    version: int
    arn: str


class AlreadyExists(Exception):
    """Somebody else made or changed the secret between our look and our write."""


# What is said of a secret that the store restored.
RESTORED = "restored: it was deleted, and the store still had it"


class Destiny(Enum):
    KEEP = "kept"
    CREATE = "created"
    UPDATE = "updated"
    RESTORE = "restored"


@dataclass(frozen=True)
class Step:
    """What happens to one secret.

    ``value`` is what gets written; None when it is kept, or (check mode) when a part does not exist yet.
    ``why`` says where the value comes from, without it.
    """

    name: str
    destiny: Destiny
    why: str
    value: str | None = field(default=None, repr=False)


def generate(length: int, choose: Choose) -> str:
    """``length`` characters of ALPHABET, each picked by ``choose`` (``secrets.choice``)."""
    return "".join(choose(ALPHABET) for _ in range(length))


def check(prefix: str, secrets: Iterable[Secret]) -> None:
    """Refuse what Parameter Store would refuse or what makes no sense; all problems at once."""
    problems = Problems()
    if not PREFIX.fullmatch(prefix):
        problems.add(f"{prefix!r} is not a parameter path", where="prefix", todo="Use letters, digits and _.-/, like /redash/prod.")
    elif prefix.split("/")[1].lower().startswith(("aws", "ssm")):
        problems.add(f"{prefix} is reserved by AWS", where="prefix", todo="Begin it with anything but aws or ssm.")
    elif prefix.count("/") >= MOST_LEVELS:
        problems.add(f"{prefix} has more than {MOST_LEVELS - 1} levels", where="prefix", todo="Shorten it.")
    seen: set[str] = set()
    for secret in secrets:
        where = f"secret {secret.name}"
        if not NAME.fullmatch(secret.name):
            problems.add("the name may hold letters, digits, '_', '.' and '-' only", where=where)
        if secret.name in seen:
            problems.add("it is listed twice", where=where, todo="Keep one.")
        seen.add(secret.name)
        if secret.value is not None and secret.compose is not None:
            problems.add("value and compose exclude each other", where=where, todo="Give one of them.")
        if secret.value == "":
            problems.add("the value given is empty", where=where, todo="Leave it out to have one made.")
        if secret.value is not None and len(secret.value) > LONGEST_VALUE:
            problems.add(f"the value given is longer than {LONGEST_VALUE} characters", where=where)
        if secret.value is not None and secret.value != secret.value.strip():
            problems.add("the value given begins or ends with white space", where=where, todo="Strip it: Redash would take it as it is.")
        if (taken := TAKEN.get(secret.name)) and secret.value and not taken[0].fullmatch(secret.value):
            problems.add("AWS would not take the value given", where=where, todo=f"Give {taken[1]}, or none to have one made.")
        if not 16 <= secret.length <= 128:
            problems.add(f"length {secret.length} is not between 16 and 128", where=where)
        if secret.name in secret.parts:
            problems.add("it is composed of itself", where=where)
        for name, value in secret.values.items():
            if value == "":
                problems.add(f"{name} is empty", where=where, todo="It is a part of the secret; give it.")
    problems.raise_if_any()


def given_problems(given: Mapping[str, Any], *, made_here: bool) -> list[Problem]:
    """What is wrong with the values of ``redash_secrets``, before anything exists. No line shows a value.

    ``given``      name -> value, as a person wrote it
    ``made_here``  Terraform makes the database and Redis, so that AWS's patterns hold for their first password and token, too. Those of
                   a person's own infrastructure are what they are.
    """
    found = []
    for name, value in given.items():
        where = f"redash_secrets.{name}"
        if value is None:  # as if it were left out: one is made
            continue
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            found.append(Problem(f"it is a {type(value).__name__}, not one text", where, "Give a text; write JSON in quotes."))
        elif made_here and (taken := TAKEN.get(f"{name}_next")) and not taken[0].fullmatch(str(value)):
            found.append(Problem("AWS would not take the value given", where, f"Give {taken[1]}, or leave it out to have one made."))
    return found


def needed_names(secrets: Iterable[Secret]) -> list[str]:
    """Every secret that has to be read: those listed and those that listed ones are composed of."""
    secrets = list(secrets)
    return list(dict.fromkeys([secret.name for secret in secrets] + [part for secret in secrets for part in secret.parts]))


def needs_values(secrets: Iterable[Secret]) -> bool:
    """Whether stored values have to be decrypted: only to compare one that is given or composed."""
    return any(secret.value is not None or secret.compose is not None for secret in secrets)


def compose(secret: Secret, parts: Mapping[str, str]) -> str:
    """The value of a composed secret; each part percent-encoded as a URL wants it."""
    known = {**secret.values, **parts}
    return PLACEHOLDER.sub(lambda match: quote(known[match.group(1)], safe=""), secret.compose or "")


def plan(
    prefix: str,
    secrets: Iterable[Secret],
    stored: Mapping[str, Stored],
    choose: Choose,
    *,
    allow_change: Iterable[str] = (),
    assume_parts: bool = False,
) -> list[Step]:
    """What happens to each secret, in an order in which parts come before what is composed of them.

    ``stored`` holds what exists, by name. ``allow_change`` names protected secrets that may be replaced.
    ``assume_parts`` (check mode) takes a missing part for one that an earlier step would have made.
    Raises RedashError with every secret that must not or can't be made.
    """
    problems = Problems()
    steps: list[Step] = []
    values = {name: item.value for name, item in stored.items()}
    listed = {secret.name: secret for secret in secrets}
    for name in _parts_first(listed):
        secret = listed[name]
        where = f"{prefix}/{name}"
        existing = stored.get(name)
        if existing is not None and not existing.encrypted:
            problems.add(
                "exists as a plain String, which anybody with ssm:GetParameter can read",
                where=where,
                todo="Parameter Store can't change the type: delete it and give its value as redash_secrets, or rename it.",
            )
            continue
        if existing is not None and existing.deleted:  # in check mode; else it has been restored before
            steps.append(Step(name, Destiny.RESTORE, RESTORED))
            continue
        if secret.compose is None and secret.value is None:
            if existing is None:
                value = generate(secret.length, choose)
                steps.append(Step(name, Destiny.CREATE, f"generated, {secret.length} alphanumerics", value))
                values[name] = value
            else:
                steps.append(Step(name, Destiny.KEEP, "exists"))
            continue
        if secret.compose is not None:
            missing = [part for part in secret.parts if values.get(part) is None]
            if missing and not assume_parts:
                problems.add(f"is composed of {', '.join(missing)}, which the store does not hold", where=where, todo="Make that first.")
                continue
            why = f"composed of {', '.join(secret.parts)}" if secret.parts else "composed"
            wanted = None if missing else compose(secret, {part: values[part] or "" for part in secret.parts})
        else:
            why, wanted = secret.origin, secret.value
        if existing is None:
            steps.append(Step(name, Destiny.CREATE, why, wanted))
        elif wanted is not None and wanted == existing.value:
            steps.append(Step(name, Destiny.KEEP, f"{why}, the same"))
        elif name in PROTECTED and name not in allow_change:
            problems.extend(_refusal(name, where))
            continue
        else:
            steps.append(Step(name, Destiny.UPDATE, why, wanted))
        values[name] = wanted
    problems.raise_if_any()
    return steps


def _refusal(name: str, where: str) -> RedashError:
    if name == "database_password":
        return RedashError(
            Problem(
                "the value given differs from the stored one, which the database has",
                where,
                "Change it by rotate_secrets.yml -e rotate=database_password. Where the database is your own and has the new one already,"
                ' give -e \'{"ssm_secrets_allow_change": ["database_password"]}\'.',
            )
        )
    loses = "every data source's password" if name == "secret_key" else "every session (and, without a secret_key, every data source)"
    return RedashError(
        Problem(
            f"the value given differs from the stored one, and replacing it loses {loses}",
            where,
            f"Leave it out to keep what is stored, change it by rotate_secrets.yml, or name {name} in allow_change.",
        )
    )


def _parts_first(listed: Mapping[str, Secret]) -> list[str]:
    """Names in an order in which a composed secret follows its parts. Raises RedashError on a circle."""
    order: list[str] = []
    path: list[str] = []

    def visit(name: str) -> None:
        if name in order or name not in listed:
            return
        if name in path:
            raise RedashError(Problem(f"it is composed of itself: {' -> '.join([*path[path.index(name) :], name])}", f"secret {name}"))
        path.append(name)
        for part in listed[name].parts:
            visit(part)
        path.pop()
        order.append(name)

    for name in listed:
        visit(name)
    return order


def describe(prefix: str, steps: Iterable[Step], stored: Mapping[str, Stored], versions: Mapping[str, int] | None = None) -> dict[str, str]:
    """Before and after, by name and destiny, for ``--diff``."""
    before, after = [], []
    for step in sorted(steps, key=lambda step: step.name):
        path = f"{prefix}/{step.name}"
        existing = stored.get(step.name)
        now = f"{path}: version {existing.version}" if existing else f"{path}: missing"
        before.append(now)
        if step.destiny is Destiny.KEEP:
            after.append(now)
        else:
            version = (versions or {}).get(step.name, existing.version + 1 if existing else 1)
            after.append(f"{path}: version {version} ({step.why})")
    return {"before": "".join(f"{line}\n" for line in before), "after": "".join(f"{line}\n" for line in after)}


def masked(text: str, values: Iterable[str | None]) -> str:
    """``text`` without any of ``values``: AWS may quote a parameter in what it says about it."""
    for value in sorted((value for value in values if value), key=len, reverse=True):
        text = text.replace(value, "********").replace(quote(value, safe=""), "********")
    return text


def references(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """Environment variable -> parameter of the secrets that a person added: ``saml_key`` is ``REDASH_SAML_KEY``."""
    return {f"REDASH_{name.upper()}": f"{prefix}/{name}" for name in sorted(names) if name not in OF_EVERY_INSTALLATION}
