# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redash's official compose file, read: which services run, on which queues, and what is left out.

Every file that github.com/getredash/setup ever shipped is of one family (with and without ``version``,
``__TAG__`` for the image's tag, an ``x-redash-service`` anchor merged into each service, Celery's and
RQ's services), and so are the files that people derived from them. What has no place on ECS is left out
and named; what would be lost without a word is refused.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.given_releases import same_release, told
from ansible_collections.redash.ecs.plugins.module_utils.core.redash_settings import COUNTS, NAME
from ansible_collections.redash.ecs.plugins.module_utils.core.release import Command, Release, Service
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import is_secret

# What runs in the official file beside Redash, by the last part of its image, and what does it on AWS.
REPLACED = {
    "postgres": "Aurora PostgreSQL",
    "postgresql": "Aurora PostgreSQL",
    "pgautoupgrade": "Aurora PostgreSQL",
    "redis": "ElastiCache",
    "valkey": "ElastiCache",
    "nginx": "the load balancer",
}

# Keys of a service that mean nothing on Fargate, or that the collection sets itself.
LEFT_OUT = {
    "container_name": "ECS names containers after their service",
    "env_file": "settings come from redash_settings, secrets from Parameter Store",
    "expose": "the containers of a task share one network",
    "hostname": "ECS gives the host name",
    "healthcheck": "the release's own is set",
    "links": "the containers of a task share one network",
    "logging": "CloudWatch Logs is set",
    "networks": "the containers of a task share one network",
    "platform": "redash_cpu_architecture says it",
    "pull_policy": "every task pulls its image",
    "restart": "the ECS service replaces what stops",
}
# ``ports`` is where the host listened; a server's container always listens on 5000.
CARRIED_OVER = ("command", "depends_on", "environment", "image", "ports")

# Compose's conditions and ECS's words for them.
CONDITIONS = {"service_started": "START", "service_healthy": "HEALTHY", "service_completed_successfully": "SUCCESS"}

MAX_BYTES = 256 * 1024


@dataclass(frozen=True)
class SourceService:
    """A Redash service of the file: what it is, and the environment it has beyond queues and counts."""

    service: Service
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Source:
    """The file.

    ``image``            None where the file leaves it to the release
    ``left_out``         says in words what has no place on ECS
    ``scheduler_queues`` what the file lets RQ's scheduler consume, which it does not: Celery's did
    """

    services: tuple[SourceService, ...]
    image: str | None = None
    left_out: tuple[str, ...] = ()
    scheduler_queues: tuple[str, ...] = ()


class _TextLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Scalars stay the text that stands in the file: ``22:22`` is no number and ``off`` is no boolean here."""


# Only ``<<`` keeps its meaning, which PyYAML gives it by this tag.
_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:merge"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str, name: str) -> dict[str, Any]:
    """The mapping in ``text``, every scalar as text. Raises RedashError with file and line."""
    if len(text) > MAX_BYTES:
        raise RedashError(Problem(f"has {len(text)} characters, more than any compose file of Redash's", name))
    try:
        loaded = yaml.load(text, Loader=_TextLoader)  # noqa: S506 (derived from SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise RedashError(Problem(f"is not YAML: {error.problem or error.context}", f"{name}{line}")) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RedashError(Problem(f"is not YAML: {type(error).__name__}: {error}", name)) from None
    if not isinstance(loaded, dict):
        raise RedashError(Problem("is not a compose file: there is no mapping at its top", name))
    return loaded


def builtin_source(release: Release) -> Source:
    """What the collection itself knows of the release's compose file; no file and no network needed."""
    return Source(tuple(SourceService(service, {}) for service in release.services))


def parse_source(text: str, name: str, release: Release, own_names: Collection[str]) -> Source:
    """The official compose file ``text`` (called ``name`` in messages) of ``release``.

    ``own_names`` are the environment variables that the person sets otherwise, as settings or secrets:
    they win over the file. Raises RedashError with everything that is wrong with the file.
    """
    document = load_yaml(text, name)
    if "services" in document:
        services, prefix = document["services"], "services."
    else:  # Compose files of version 1 had none of the top-level keys.
        services, prefix = {key: value for key, value in document.items() if not key.startswith("x-")}, ""
    problems = Problems()
    if not isinstance(services, dict) or not services:
        raise RedashError(Problem("has no services", name))

    found: list[SourceService] = []
    images: dict[str, str] = {}
    replaced: dict[str, str] = {}
    left_out: dict[str, set[str]] = {}
    scheduler_queues: tuple[str, ...] = ()
    for key, body in services.items():
        where = f"{name}: {prefix}{key}"
        if not isinstance(key, str) or not isinstance(body, dict):
            problems.add("is not a service", where=where)
            continue
        image = body.get("image", "")
        if isinstance(image, str) and (instead := REPLACED.get(_repository(image))):
            replaced[key] = instead

    for key, body in services.items():
        if not isinstance(key, str) or not isinstance(body, dict) or key in replaced:
            continue
        where = f"{name}: {prefix}{key}"
        command = _command(body, where, problems)
        if command is None:
            continue
        for item, value in body.items():
            if item == "volumes":
                _check_volumes(value, where, problems)
                left_out.setdefault("volumes", set()).add(key)
            elif item in LEFT_OUT:
                left_out.setdefault(item, set()).add(key)
            elif item not in CARRIED_OVER:
                problems.add(
                    f"{item} is not carried over to ECS", where=where, todo="Put it into a file of your own (redash_compose_overrides)."
                )
        if image := body.get("image", ""):
            images[key] = str(image)
        environment = _environment(body.get("environment", {}), where, problems)
        if command == "scheduler" and release.queue_system == "rq":
            scheduler_queues += split_queues(environment.get("QUEUES", ""))
        service = _service(key, command, environment, where, release, set(replaced), own_names, problems)
        depends_on = _depends_on(body.get("depends_on", []), services, set(replaced), where, problems)
        found.append(replace(service, service=replace(service.service, depends_on=depends_on)))

    image = _image(images, name, release, problems)
    problems.raise_if_any()
    said = [f"{key} ({instead} instead)" for key, instead in replaced.items()]
    reasons = {**LEFT_OUT, "volumes": "a Fargate task has no host whose folders it could mount"}
    names = [entry.service.name for entry in found]
    for item, owners in sorted(left_out.items()):
        whose = "every service" if owners == set(names) else ", ".join(name for name in names if name in owners)
        said.append(f"{item} of {whose} ({reasons[item]})")
    return Source(tuple(found), image, tuple(said), scheduler_queues)


def _repository(image: str) -> str:
    """``registry:5000/redash/nginx:latest`` -> ``nginx``."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _command(body: Mapping[str, Any], where: str, problems: Problems) -> Command | None:
    # Without a command it is the image's own (CMD server), where the image is Redash's.
    command = body.get("command") or (["server"] if _repository(str(body.get("image", ""))) == "redash" else [])
    try:
        words = shlex.split(command) if isinstance(command, str) else [str(word) for word in command]
    except ValueError as error:
        problems.add(f"command {command!r} cannot be split into words: {error}", where=where)
        return None
    match words:
        case ["server"]:
            return "server"
        case ["scheduler"]:
            return "scheduler"
        case ["worker"]:
            return "worker"
    problems.add(
        f"command {' '.join(words)!r} of image {body.get('image', '')!r} is neither server, scheduler nor worker",
        where=where,
        todo="What is not Redash's goes into a file of your own (redash_compose_overrides).",
    )
    return None


def _check_volumes(volumes: Any, where: str, problems: Problems) -> None:
    """Host folders are left out, as Fargate has none; a named volume would be data lost without a word."""
    for volume in volumes if isinstance(volumes, list) else [volumes]:
        source = volume.get("source", "") if isinstance(volume, dict) else str(volume).partition(":")[0]
        if not str(source).startswith(("/", ".", "~")):
            problems.add(
                f"volume {volume!r} is no folder of the host, and is not carried over to ECS",
                where=where,
                todo="Put it into a file of your own (redash_compose_overrides).",
            )


def _depends_on(
    depends_on: Any, services: Collection[str], replaced: Collection[str], where: str, problems: Problems
) -> tuple[tuple[str, str], ...]:
    """What of the dependencies is left when the services that AWS replaces are gone."""
    if isinstance(depends_on, dict):
        pairs = [(name, body.get("condition", "service_started") if isinstance(body, dict) else "") for name, body in depends_on.items()]
    elif isinstance(depends_on, list):
        pairs = [(name, "service_started") for name in depends_on]
    else:
        pairs = [] if depends_on == "" else [(depends_on, "")]
    kept = []
    for name, condition in pairs:
        if not isinstance(name, str) or name not in services or condition not in CONDITIONS:
            problems.add(f"depends_on {name!r} is no service, or has no condition that Compose knows", where=where)
        elif name not in replaced:
            kept.append((name, CONDITIONS[condition]))
    return tuple(kept)


def _environment(environment: Any, where: str, problems: Problems) -> dict[str, str]:
    if isinstance(environment, list):
        pairs = [str(entry).partition("=")[::2] for entry in environment]
    elif isinstance(environment, dict):
        pairs = list(environment.items())
    elif environment == "":
        return {}
    else:
        problems.add("environment is neither a map nor a list", where=where)
        return {}
    result: dict[str, str] = {}
    for key, value in pairs:
        if not isinstance(key, str) or not NAME.fullmatch(key):
            problems.add(f"{key!r} is not the name of an environment variable", where=f"{where}.environment")
        elif not isinstance(value, str):
            problems.add(f"{key} is not a text", where=f"{where}.environment")
        elif value not in ("", "~", "null"):  # Redash crashes on an empty value; not set means the same to it
            result[key] = value
    return result


def _service(
    key: str,
    command: Command,
    environment: dict[str, str],
    where: str,
    release: Release,
    replaced: Collection[str],
    own_names: Collection[str],
    problems: Problems,
) -> SourceService:
    celery = release.queue_system == "celery"
    place = f"{where}.environment"
    queues: tuple[str, ...] = ()
    processes = 1
    if command == "server":
        processes = _count(environment, "REDASH_WEB_WORKERS", 4, place, problems)
    elif command == "worker" or celery:
        # What the entrypoint takes where nothing is set.
        default = ("celery",) if command == "scheduler" else release.queues
        queues = split_queues(environment["QUEUES"]) if "QUEUES" in environment else default
        processes = _count(environment, "WORKERS_COUNT", 1 if command == "scheduler" else 2, place, problems)
        if "$" in environment.get("QUEUES", ""):
            problems.add("QUEUES must be written out: it is checked that each queue has a worker", where=place)
    rest: dict[str, str] = {}
    for item, value in environment.items():
        if item in ("QUEUES", *COUNTS) or item in own_names or refers_to(value, replaced):
            continue
        if is_secret(item, value):
            problems.add(
                f"{item} is a secret and does not belong into a file", where=place, todo="Put it into Parameter Store (redash_ssm_secrets)."
            )
            continue
        rest[item] = value
    return SourceService(Service(key, command, queues, processes), rest)


def split_queues(text: str) -> tuple[str, ...]:
    """Queues are separated by commas in most of upstream's files, by spaces in one."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def refers_to(value: str, services: Collection[str]) -> bool:
    """Whether ``value`` is a URL to one of ``services`` (``redis://redis:6379/0``)."""
    match = re.match(r"[a-z][a-z0-9+.-]*://(?:[^/@]*@)?([^/:?@]+)", value, re.IGNORECASE)
    return match is not None and match[1] in services


def _count(environment: Mapping[str, str], name: str, default: int, where: str, problems: Problems) -> int:
    value = environment.get(name, str(default))
    if re.fullmatch(r"[1-9][0-9]{0,2}", value):
        return int(value)
    problems.add(f"{name} {value!r} is not a number of processes", where=where, todo="Write a number from 1 to 999.")
    return default


def _image(images: Mapping[str, str], name: str, release: Release, problems: Problems) -> str | None:
    """The image of the Redash services; None where it is the release's own."""
    tag = release.image.partition(":")[2]
    different = sorted({image.replace("__TAG__", tag) for image in images.values()})
    if len(different) > 1:
        problems.add(
            f"Redash's services have different images ({', '.join(different)})", where=name, todo="Give the one to run as redash_image."
        )
    for image in different:
        other = told(image)
        if other and not same_release(other, release.version):
            problems.add(
                f"the file runs {image}, but Redash {release.version} is asked for",
                where=name,
                todo=f"Set redash_version to {other}, or take the compose file of {release.version}.",
            )
        if "$" in image:
            problems.add(f"image {image} has a variable in it", where=name, todo="Write it out, or set redash_image.")
    return different[0] if len(different) == 1 else None
