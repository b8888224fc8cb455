# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Redash release is. One table; no other part of the collection asks which version it is.

Where the facts come from: bin/docker-entrypoint, Dockerfile, requirements.txt or pyproject.toml,
redash/settings, redash/cli, redash/tasks and migrations/versions of each release's tag in
github.com/getredash/redash; the official compose file in github.com/getredash/setup; image tags and
upgrade order in Redash's "How to upgrade" page. 10.1.0, 25.1.0, 25.8.0 and 26.3.0 were also run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

Command = Literal["server", "scheduler", "worker"]
QueueSystem = Literal["celery", "rq"]


@dataclass(frozen=True)
class Service:
    """A service of the official compose file.

    ``queues``     what it consumes; empty for a server and for RQ's scheduler, which only puts jobs into queues
    ``processes``  how many work in it: gunicorn workers (server), WORKERS_COUNT (Celery, RQ worker); 1 for RQ's scheduler
    ``depends_on`` services of Redash that it waits for, with ECS's word for until when (START, HEALTHY, SUCCESS)
    """

    name: str
    command: Command
    queues: tuple[str, ...] = ()
    processes: int = 1
    depends_on: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Release:
    """One release.

    ``image``                  the official image
    ``queue_system``           who runs queries: Celery up to 8, RQ from 9
    ``queues``                 every queue of the release, the most urgent first: RQ workers empty them in this order
    ``unserved``               those of them that its own official compose file gave no worker
    ``services``               what its official compose file runs
    ``python``                 the interpreter in the image, for programs that run inside it
    ``curl``                   whether the image has curl
    ``arm64``                  False: the official image is for x86 alone (getredash/redash#5684)
    ``rq``, ``rq_scheduler``   the versions that its requirements.txt or pyproject.toml pins; empty on Celery
    ``commands``               manage commands whose spelling differs between releases: name with underscores -> as this one spells it
    ``create_tables_guarded``  False: create_tables marks every migration as applied, whatever the schema is; run
                               ``db upgrade`` before it, or run it on an empty database only
    ``has_reencrypt``          ``manage database reencrypt`` exists
    ``default_cookie_secret``  the secret that it used when none was set: data may be encrypted with it
    ``environment``            what Redash's own set-up puts into every container, secrets aside
    ``alembic_head``           the schema's revision after ``db upgrade``
    """

    version: str
    image: str
    queue_system: QueueSystem
    queues: tuple[str, ...]
    services: tuple[Service, ...]
    python: str
    curl: bool
    arm64: bool
    commands: Mapping[str, str]
    create_tables_guarded: bool
    has_reencrypt: bool
    alembic_head: str
    unserved: tuple[str, ...] = ()
    rq: str = ""
    rq_scheduler: str = ""
    default_cookie_secret: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def number(self) -> tuple[int, ...]:
        return number_of(self.version)

    @property
    def major(self) -> int:
        return self.number[0]

    @property
    def schedulers_may_overlap(self) -> bool:
        """Whether an old and a new scheduler may run side by side for the minute of a deployment.

        Each rq-scheduler from 0.10 on has a key of its own in Redis, and they lock each round. Of 0.9 there is one key for all: the
        second scheduler ends with "There's already an active RQ scheduler". Celery's beat sends everything twice.
        """
        return bool(self.rq_scheduler) and number_of(self.rq_scheduler) >= (0, 10)

    def command(self, name: str) -> str:
        """How this release spells the manage command ``name`` (given with underscores)."""
        return self.commands.get(name, name)

    @property
    def create_db(self) -> tuple[str, ...]:
        """The container command that makes the tables in an empty database."""
        return ("create_db",)

    @property
    def db_upgrade(self) -> tuple[str, ...]:
        """The container command that brings the schema to this release."""
        return ("manage", "db", "upgrade")


def number_of(version: str) -> tuple[int, ...]:
    """``9.0.0-beta`` -> (9, 0, 0)."""
    return tuple(int(part) for part in version.partition("-")[0].split("."))


# --- Celery, up to 8 -------------------------------------------------------------------------------------

# The scheduler is a Celery worker with the beat inside; its own queue is `celery`, where Redash's
# housekeeping and mail run. Without a consumer of it nothing is scheduled and no mail leaves.
_CELERY_QUEUES = ("celery", "scheduled_queries", "queries", "schemas")
_CELERY_SERVICES = (
    Service("server", "server", processes=4),
    Service("scheduler", "scheduler", ("celery",), 1),
    Service("scheduled_worker", "worker", ("scheduled_queries", "schemas"), 1),
    Service("adhoc_worker", "worker", ("queries",), 2),
)
# 5 and 6 send their reading of schemas to a queue that no official file gave a worker until 2019-02 (redash/tasks/queries.py).
# These services are that later file's.
_UNSERVED_5 = ("schemas",)

# --- RQ, from 9 ------------------------------------------------------------------------------------------

# `periodic` is where the scheduler puts its jobs: nobody there, and nothing is ever refreshed. `emails`
# without a worker is mail that never leaves.
_RQ_QUEUES = ("periodic", "emails", "default", "scheduled_queries", "queries", "schemas")
_RQ_SERVICES = (
    Service("server", "server", processes=4),
    Service("scheduler", "scheduler"),
    Service("scheduled_worker", "worker", ("scheduled_queries", "schemas"), 1),
    Service("adhoc_worker", "worker", ("queries",), 2),
    Service("worker", "worker", ("periodic", "emails", "default"), 1),
)

# Since 2024-04 the official file lets all wait for the server.
_RQ_SERVICES_25 = tuple(
    service if service.command == "server" else replace(service, depends_on=(("server", "START"),)) for service in _RQ_SERVICES
)

# Click 8 (from 25.1) turned the underscores of commands without an explicit name into hyphens.
_UNDERSCORES: dict[str, str] = {}
_HYPHENS = {"send_test_mail": "send-test-mail", "check_settings": "check-settings"}

# PYTHONUNBUFFERED: Python takes any text but the empty one as yes.
_ENVIRONMENT = {"PYTHONUNBUFFERED": "0", "REDASH_LOG_LEVEL": "INFO"}
_ENVIRONMENT_10 = {**_ENVIRONMENT, "REDASH_ENFORCE_CSRF": "true"}
_ENVIRONMENT_25 = {**_ENVIRONMENT_10, "REDASH_GUNICORN_TIMEOUT": "60"}

# Public: it stands in Redash's source.
_OLD_COOKIE_SECRET = "c292a0a3aa32397cdb050e233733900f"  # noqa: S105


def _celery(version: str, tag: str, alembic_head: str, unserved: tuple[str, ...] = ()) -> Release:
    return Release(
        version=version,
        image=f"redash/redash:{tag}",
        queue_system="celery",
        queues=_CELERY_QUEUES,
        unserved=unserved,
        services=_CELERY_SERVICES,
        python="2.7",
        curl=False,
        arm64=False,
        commands=_UNDERSCORES,
        create_tables_guarded=False,
        has_reencrypt=False,
        alembic_head=alembic_head,
        default_cookie_secret=_OLD_COOKIE_SECRET,
        environment=_ENVIRONMENT,
    )


def _rq(
    version: str,
    tag: str,
    alembic_head: str,
    python: str,
    *,
    rq: str = "1.16.1",
    rq_scheduler: str = "0.13.1",
    commands: Mapping[str, str] = _HYPHENS,
    environment: Mapping[str, str] = _ENVIRONMENT_25,
    create_tables_guarded: bool = True,
    default_cookie_secret: str | None = None,
) -> Release:
    return Release(
        version=version,
        image=f"redash/redash:{tag}",
        queue_system="rq",
        queues=_RQ_QUEUES,
        services=_RQ_SERVICES_25 if number_of(version)[0] >= 25 else _RQ_SERVICES,
        python=python,
        curl=True,
        arm64=number_of(version)[0] >= 25,
        rq=rq,
        rq_scheduler=rq_scheduler,
        commands=commands,
        create_tables_guarded=create_tables_guarded,
        has_reencrypt=True,
        alembic_head=alembic_head,
        default_cookie_secret=default_cookie_secret,
        environment=environment,
    )


RELEASES: dict[str, Release] = {
    release.version: release
    for release in (
        _celery("5.0.0", "5.0.0.b4754", "71477dadd6ef", _UNSERVED_5),
        _celery("5.0.1", "5.0.1.b4850", "71477dadd6ef", _UNSERVED_5),
        _celery("5.0.2", "5.0.2.b5486", "71477dadd6ef", _UNSERVED_5),
        _celery("6.0.0", "6.0.0.b8537", "71477dadd6ef", _UNSERVED_5),
        _celery("7.0.0", "7.0.0.b18042", "e5c7a4e2df4d"),
        _celery("8.0.0", "8.0.0.b32245", "e5c7a4e2df4d"),
        _rq(
            "9.0.0-beta",
            "9.0.0-beta.b42121",
            "e5c7a4e2df4d",
            "3.7",
            rq="1.1.0",
            rq_scheduler="0.9.1",
            commands=_UNDERSCORES,
            environment=_ENVIRONMENT,
            create_tables_guarded=False,
            default_cookie_secret=_OLD_COOKIE_SECRET,
        ),
        _rq(
            "10.0.0",
            "10.0.0.b50363",
            "89bc7873a3e0",
            "3.7",
            rq="1.5.0",
            rq_scheduler="0.9.1",
            commands=_UNDERSCORES,
            environment=_ENVIRONMENT_10,
            default_cookie_secret=_OLD_COOKIE_SECRET,
        ),
        _rq(
            "10.1.0",
            "10.1.0.b50633",
            "89bc7873a3e0",
            "3.7",
            rq="1.5.0",
            rq_scheduler="0.9.1",
            commands=_UNDERSCORES,
            environment=_ENVIRONMENT_10,
        ),
        _rq("25.1.0", "25.1.0", "9e8c841d1a30", "3.10"),
        _rq("25.8.0", "25.8.0", "db0aca1ebd32", "3.10"),
        _rq("26.3.0", "26.3.0", "db0aca1ebd32", "3.13"),
    )
}


def release(version: str) -> Release:
    """The release of that version. Raises RedashError naming the known ones."""
    try:
        return RELEASES[version]
    except KeyError:
        raise RedashError(
            Problem(
                f"{version!r} is not a Redash release that is known",
                "redash_version",
                f"Known: {', '.join(RELEASES)}. A newer one: upgrade.yml -e redash_version={version}, or redash_releases in the inventory.",
            )
        ) from None


def plain(version: str) -> str:
    """The release in what an image says of itself: official images carry their build, ``8.0.0+b32245``."""
    return version.partition("+")[0]


def release_of_image(image: str) -> Release | None:
    """The release whose official tag ``image`` carries (``registry.example.com/redash/redash:25.8.0``), if any."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    return next((known for known in RELEASES.values() if known.image.partition(":")[2] == tag), None)


# Redash's majors in the order in which an upgrade goes through them. 9 was only ever a beta: one can
# leave it, not pass through it. Each step runs the migrations of its own release; that is why none is
# skipped ("one at a time"), and why what is older than 7 must stop at 7: 8 would encrypt the data
# sources with a key that 7 has not yet set.
_MAJORS = (7, 8, 10, 25, 26)


def hops(current: str, target: str, goal: Release | None = None) -> list[str]:
    """The versions to install one after another to come from ``current`` to ``target``, ``target`` last.

    Empty when they are the same. ``current`` may be a release that the table lacks (25.5.0): what counts
    is where it lies. ``goal`` is the release of ``target`` where the table lacks it.

    Raises RedashError for a way back, which only a restored database allows: an older
    image cannot even start on a newer schema.
    """
    goal = goal or release(target)
    if not re.fullmatch(r"\d+\.\d+\.\d+(-\w+)?", current):
        raise RedashError(Problem(f"{current!r} is not a Redash version", "the running version", "Expected three numbers, such as 25.8.0."))
    if current == target:
        return []
    here = number_of(current)
    if here > goal.number and current in RELEASES and RELEASES[current].alembic_head == goal.alembic_head:
        raise RedashError(
            Problem(
                f"Redash {current} cannot be brought back to {target} by an upgrade, which goes forward only",
                "redash_version",
                f"If {current} is to stay, set redash_version: {current} in the inventory. To go back, their schema being the same:"
                " rollback.yml -e revision=...",
            )
        )
    if here > goal.number:
        raise RedashError(
            Problem(
                f"Redash {current} cannot be brought back to {target} by an upgrade: its database schema is newer",
                "redash_version",
                f"If {current} is to stay, set redash_version: {current} in the inventory. To go back, restore the snapshot that was taken"
                " before the upgrade: restore.yml.",
            )
        )
    between = [major for major in _MAJORS if here[0] < major < goal.major]
    return [_newest(major) for major in between] + [target]


def _newest(major: int) -> str:
    return max((known for known in RELEASES.values() if known.major == major), key=lambda known: known.number).version
