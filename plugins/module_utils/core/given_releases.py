# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Releases that the table of release.py lacks: given by a person (``redash_releases``), told by an image, or expected.

No function here keeps anything: what was given comes in with each call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES, Release, Service, release_of_image

# How people and Redash write a release: 26.9.0, 9.0.0-beta, 26.08.0-dev.
VERSION = re.compile(r"\d+\.\d+\.\d+(-[A-Za-z]\w*)?")
PINNED = re.compile(r"\d+(\.\d+)*\w*")
QUEUE = re.compile(r"[A-Za-z][\w-]*")
REVISION = re.compile(r"[0-9a-f]{12}")


def known(version: str, given: Mapping[str, Any] | None = None) -> Release:
    """The release of that version: what ``given`` (``redash_releases``) says of it, else the table's.

    Raises RedashError with everything that is wrong with ``given``, or naming the known releases.
    """
    added = read(given or {})
    found = added.get(version) or RELEASES.get(version)
    if found is None:
        raise RedashError(unknown(version, added))
    return found


def unknown(version: str, added: Mapping[str, Release]) -> Problem:
    """What to say of a release that neither the table nor the inventory knows, with what to type."""
    names = ", ".join([*RELEASES, *(name for name in added if name not in RELEASES)])
    like = _before(version)
    todo = f"Known: {names}."
    if like:
        todo += (
            f" For a newer one, upgrade.yml -e redash_version={version} asks its image."
            f" Or put its facts into the inventory: redash_releases: {{{version}: {{like: {like.version}}}}}"
        )
    return Problem(f"{version!r} is not a Redash release that is known", "redash_version", todo)


def expected(version: str, given: Mapping[str, Any] | None = None) -> Release:
    """Like ``known``, and of a release that is unknown: as the newest known one before it.

    For an upgrade, which asks the image for the rest before it stops anything. Raises RedashError where there is no such release.
    """
    added = read(given or {})
    if version in added or version in RELEASES:
        return known(version, given)
    like = _before(version)
    if like is None:
        raise RedashError(unknown(version, added))
    return _renamed(version, like)


def is_known(version: str, given: Mapping[str, Any] | None = None) -> bool:
    """Whether the table or ``given`` has the release. Raises RedashError where ``given`` is wrong."""
    return version in RELEASES or version in read(given or {})


def like(version: str) -> str:
    """The newest release of the table that is not newer than ``version``; empty where there is none."""
    found = _before(version)
    return found.version if found else ""


def _before(version: str) -> Release | None:
    """The newest release of the table that is not newer than ``version``; None for what is no version, or older than all."""
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        return None
    number = tuple(int(part) for part in version.partition("-")[0].split("."))
    return max((each for each in RELEASES.values() if each.number <= number), key=lambda each: each.number, default=None)


def _renamed(version: str, like: Release) -> Release:
    # Since 25.1.0 the official image's tag is the release itself; of older ones the table has all.
    image = like.image if version == like.version else f"redash/redash:{version}"
    return replace(like, version=version, image=image)


# --- redash_releases -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fact:
    """How one fact is written in the inventory: ``read`` returns the release's value, or raises ValueError with what it must be."""

    read: Callable[[Any], Any]


def _text(pattern: re.Pattern[str] | None, expected_: str) -> _Fact:
    def read_text(value: Any) -> str:
        if not isinstance(value, str) or not value or (pattern and not pattern.fullmatch(value)):
            raise ValueError(f"is not {expected_}")
        return value

    return _Fact(read_text)


def _yes_or_no(value: Any) -> bool:
    # AWX and -e hand booleans over as text.
    if isinstance(value, str) and value.lower() in ("true", "yes", "false", "no"):
        return value.lower() in ("true", "yes")
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")
    return value


def _queues(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and QUEUE.fullmatch(name) for name in value):
        raise ValueError("is not a list of queues, such as [periodic, emails, default]")
    if len(set(value)) < len(value):
        raise ValueError("names a queue twice")
    return tuple(value)


def _pairs(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(part, str) and part for pair in value.items() for part in pair):
        raise ValueError("is not a mapping of texts")
    return dict(value)


def _services(value: Any) -> tuple[Service, ...]:
    form = "is not a list of services, such as {name: worker, command: worker, queues: [periodic, emails, default], processes: 1}"
    if not isinstance(value, list) or not value:
        raise ValueError(form)
    services = []
    for entry in value:
        if not isinstance(entry, dict) or not {"name", "command"} <= set(entry) <= {"name", "command", "queues", "processes"}:
            raise ValueError(form)
        name, command, processes = entry["name"], entry["command"], entry.get("processes", 1)
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
            raise ValueError(f"has a service whose name {name!r} is not of small letters, digits, - and _")
        if command not in ("server", "scheduler", "worker"):
            raise ValueError(f"has service {name} with command {command!r}, which is neither server, scheduler nor worker")
        if not re.fullmatch(r"[1-9]\d{0,2}", str(processes)) or isinstance(processes, bool):
            raise ValueError(f"has service {name} with processes {processes!r}, which is no number from 1 to 999")
        queues = _queues(entry["queues"]) if entry.get("queues") else ()
        if command == "worker" and not queues:
            raise ValueError(f"has service {name}, a worker without queues")
        services.append(Service(name, command, queues, int(processes), () if command == "server" else (("server", "START"),)))
    names = [service.name for service in services]
    if len(set(names)) < len(names):
        raise ValueError("names a service twice")
    servers = [service.name for service in services if service.command == "server"]
    if len(servers) != 1 or sum(service.command == "scheduler" for service in services) != 1:
        raise ValueError("does not have exactly one server and one scheduler")
    return tuple(replace(one, depends_on=((servers[0], "START"),)) if one.depends_on else one for one in services)


FACTS: dict[str, _Fact] = {
    "image": _text(re.compile(r"[\w.:/@-]+"), "an image, such as redash/redash:26.9.0"),
    "queues": _Fact(_queues),
    "services": _Fact(_services),
    "python": _text(re.compile(r"\d+\.\d+"), 'a version of Python in quotes, such as "3.13"'),
    "curl": _Fact(_yes_or_no),
    "arm64": _Fact(_yes_or_no),
    "rq": _text(PINNED, "a version in quotes, such as 1.16.1"),
    "rq_scheduler": _text(PINNED, "a version in quotes, such as 0.13.1"),
    "commands": _Fact(_pairs),
    "environment": _Fact(_pairs),
    "create_tables_guarded": _Fact(_yes_or_no),
    "has_reencrypt": _Fact(_yes_or_no),
    "alembic_head": _text(REVISION, "a revision of alembic: 12 digits of 0-9 and a-f, in quotes"),
}


def read(given: Mapping[str, Any]) -> dict[str, Release]:
    """``redash_releases`` as releases. Raises RedashError with everything that is wrong with it, one line each."""
    problems = Problems()
    if not isinstance(given, Mapping):
        raise RedashError(Problem(f"{given!r} is not a mapping", "redash_releases", "Write {26.9.0: {like: 26.3.0}}."))
    found = {}
    for version, facts in given.items():
        where = f"redash_releases: {version}"
        if not isinstance(version, str) or not VERSION.fullmatch(version):
            problems.add(f"{version!r} is not a version of Redash", where="redash_releases", todo="Write three numbers, such as 26.9.0.")
            continue
        if not isinstance(facts, Mapping):
            problems.add(f"{facts!r} is not a mapping of facts", where=where, todo="Write {like: 26.3.0}, or facts by their names.")
            continue
        entry = _entry(version, facts, where, problems)
        if entry:
            found[version] = entry
    problems.raise_if_any()
    return found


def _entry(version: str, facts: Mapping[str, Any], where: str, problems: Problems) -> Release | None:
    like = RELEASES.get(version) or _before(version)
    if "like" in facts:
        like = RELEASES.get(facts["like"]) if isinstance(facts["like"], str) else None
        if like is None:
            problems.add(f"{facts['like']!r} is not a release of the table", where=f"{where}.like", todo=f"Known: {', '.join(RELEASES)}.")
    elif like is None:
        problems.add(f"is older than every known release ({', '.join(RELEASES)})", where=where, todo="Say which it is like: {like: 5.0.0}.")
    values: dict[str, Any] = {}
    bad = len(problems.found)
    for name, value in facts.items():
        if name == "like":
            continue
        if name not in FACTS:
            problems.add(f"{name!r} is not a fact of a release", where=where, todo=f"Facts: like, {', '.join(FACTS)}.")
            continue
        try:
            values[name] = FACTS[name].read(value)
        except ValueError as error:
            problems.add(f"{value!r} {error}", where=f"{where}.{name}")
    if like is None or len(problems.found) > bad:
        return None
    if like.queue_system == "celery" and {"queues", "services", "rq", "rq_scheduler"} & set(values):
        problems.add(f"{like.version} works with Celery, and a release like it has its queues and services", where=where)
        return None
    made = replace(_renamed(version, like), **values)
    served = {queue for service in made.services for queue in service.queues}
    if "queues" in values and "services" not in values and served != set(made.queues):
        made = replace(made, services=_with_queues(made.services, made.queues))
    elif missing := [queue for queue in made.queues if queue not in served]:
        problems.add(
            f"no service works on {', '.join(missing)}", where=f"{where}.services", todo="Name each queue in the queues of a worker."
        )
    elif surplus := sorted(served - set(made.queues)):
        problems.add(f"{', '.join(surplus)} is not in queues", where=f"{where}.services", todo="Name it in queues, too.")
    return made


def _with_queues(services: tuple[Service, ...], queues: tuple[str, ...]) -> tuple[Service, ...]:
    """The services with these queues: a new queue goes to the last worker, where Redash's own small jobs are; one that is gone leaves."""
    served = {queue for service in services for queue in service.queues}
    new = tuple(queue for queue in queues if queue not in served)
    last = [service.name for service in services if service.command == "worker"][-1]
    kept = []
    for service in services:
        mine = tuple(queue for queue in service.queues if queue in queues) + (new if service.name == last else ())
        if mine or service.command != "worker":
            kept.append(replace(service, queues=mine))
    return tuple(kept)


# --- what an image, or a source tree, says of itself -----------------------------------------------------

# roles/upgrade/files/facts.py says these; what it could not read is in its "not_read".
LEARNT = ("queues", "python", "rq", "rq_scheduler", "commands", "alembic_head", "has_reencrypt", "create_tables_guarded", "curl")
ENTRYPOINT = ("server", "scheduler", "worker", "create_db", "manage")


@dataclass(frozen=True)
class Learnt:
    """What the program facts.py saw.

    ``version``  what the release calls itself
    ``facts``    its entry for ``redash_releases``
    ``notes``    what could not be learnt, and from which release it is taken
    """

    version: str
    facts: dict[str, Any]
    notes: list[str]


def learnt(seen: Mapping[str, Any], version: str) -> Learnt:
    """Judge what ``facts.py`` saw in the image, or tree, that is to hold ``version``.

    Raises RedashError where the collection could not run this release: an entrypoint without its commands, another queue system.
    """
    problems = Problems()
    like = _before(version)
    if like is None:
        raise RedashError(unknown(version, {}))
    not_read: Mapping[str, str] = seen.get("not_read", {})
    facts: dict[str, Any] = {"like": like.version}
    notes = []
    for name in LEARNT:
        if seen.get(name) is None:
            notes.append(f"{name} of {version} could not be learnt ({not_read.get(name, 'not said')}), and is taken as in {like.version}")
            continue
        try:
            FACTS[name].read(seen[name])
        except ValueError as error:
            notes.append(f"{name} of {version}: {seen[name]!r} {error}, so it is taken as in {like.version}")
            continue
        facts[name] = seen[name]
    if seen.get("entrypoint") is None:
        notes.append(
            f"the entrypoint of {version} could not be read ({not_read.get('entrypoint', 'not said')}), and is taken as in {like.version}"
        )
    elif missing := [name for name in ENTRYPOINT if name not in seen["entrypoint"]]:
        problems.add(
            f"has an entrypoint without {', '.join(missing)}",
            where=f"the image of {version}",
            todo="This collection starts containers by these words: a newer one of it is needed.",
        )
    if seen.get("queue_system") not in (None, like.queue_system):
        problems.add(
            f"has its queues in {seen['queue_system']}, and {like.version} has them in {like.queue_system}",
            where=f"the image of {version}",
            todo="Name a release like it in redash_releases, or wait for a newer collection.",
        )
    problems.raise_if_any()
    # Only what differs from the release that it is like: an entry that a person reads and pastes.
    base = _renamed(version, like)
    facts = {key: value for key, value in facts.items() if key == "like" or FACTS[key].read(value) != getattr(base, key)}
    if "queues" in facts and set(facts["queues"]) == set(base.queues):
        # Redash's own order is by name in some releases; the table's is by urgency.
        del facts["queues"]
    return Learnt(str(seen.get("version") or ""), facts, notes)


def entry_text(version: str, facts: Mapping[str, Any]) -> str:
    """The facts as one line for the inventory; JSON is YAML as well."""
    return f"redash_releases: {json.dumps({version: dict(facts)})}"


# --- which release an image holds -------------------------------------------------------------------------

NAMED = re.compile(r"v?(\d+\.\d+\.\d+)(-beta)?(?:[.+_-]\w[\w.+-]*)?")


def told(image: str, given: Mapping[str, Any] | None = None) -> str:
    """The release that an image's tag tells, empty where it tells none (``latest``, a digest, a numbering of one's own).

    The official tags, and tags that begin with the number of a release: ``26.3.0-acme1``. A number that no release has tells
    one only from 25 on, as Redash has been counted by years since then: ``1.0.4`` is a company's own.
    """
    official = release_of_image(image)
    if official:
        return official.version
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    match = NAMED.fullmatch(tag)
    if not match:
        return ""
    for name in (f"{match[1]}{match[2] or ''}", match[1]):
        if name in RELEASES or name in (given or {}):
            return name
    return match[1] if int(match[1].partition(".")[0]) >= 25 else ""


def same_release(seen: str, version: str) -> bool:
    """Whether what an image says of itself (``8.0.0+b32245``) is ``version``; a build's suffix is no difference."""
    return seen == version or seen.startswith((f"{version}-", f"{version}+", f"{version}."))


def right_image(image: str, version: str, given: Mapping[str, Any] | None = None) -> None:
    """Raises RedashError where the image's tag tells another release than ``version``: new code would meet an old schema."""
    other = told(image, given)
    if other and not same_release(other, version):
        raise RedashError(
            Problem(
                f"{image} is Redash {other}, and redash_version is {version}",
                "redash_image",
                f"To come to {other}: upgrade.yml -e redash_version={other} -e redash_image={image}."
                f" If it runs already, set redash_version: {other}. Else name an image of {version}.",
            )
        )
