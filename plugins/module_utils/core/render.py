# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redash's official compose file and an installation's settings -> the files for ECS.

Pure: text and plain data in, text and plain data out. First a plan is made (which task definitions, which
containers in each, who consumes which queue) and checked as a whole; then it is written down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ansible_collections.redash.ecs.plugins.module_utils.core import given_releases
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.fargate import (
    check_size,
    in_words,
    parse_cpu,
    parse_memory,
    smallest_holding,
)
from ansible_collections.redash.ecs.plugins.module_utils.core.health import HealthCheck, health_check
from ansible_collections.redash.ecs.plugins.module_utils.core.redash_compose import (
    Source,
    builtin_source,
    load_yaml,
    parse_source,
    split_queues,
)
from ansible_collections.redash.ecs.plugins.module_utils.core.redash_settings import NAME, Unknown, for_https, judge, text_of, unread
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES, Command, Release, Service
from ansible_collections.redash.ecs.plugins.module_utils.core.render_text import HEADER, compose_text, ecs_params_text, env_text
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import is_secret

Topology = Literal["consolidated", "split"]

SERVER_PORT = 5000
TASK_RUNNER = "task-runner"

# Without these Redash does not start (cookie secret: from 10.1), or starts on what it makes up: without
# REDASH_SECRET_KEY it encrypts data sources with the cookie secret (redash/settings).
REQUIRED_SECRETS = ("REDASH_COOKIE_SECRET", "REDASH_DATABASE_URL", "REDASH_REDIS_URL", "REDASH_SECRET_KEY")

# MiB that processes need while they work, a query result included; measured on none of the releases in
# production, so they are generous: gunicorn's master and its workers, supervisord, RQ's worker,
# Celery's master (with beat, and with the health check that starts a Redash) and its children.
GUNICORN, WEB_WORKER = 60, 200
RQ_SCHEDULER = 150
SUPERVISORD, RQ_WORKER = 50, 275
CELERY, CELERY_PROCESS = 200, 250
MANAGE_COMMAND = 300

# CPU units and MiB where a person says nothing.
DEFAULT_SIZE = {"server": (512, 2048), "scheduler": (256, 1024), "worker": (512, 2048)}

# In one task the original ran two processes on all queues; upstream's own file runs four in three containers.
CONSOLIDATED_WORKERS = 2


@dataclass(frozen=True)
class Override:
    """A Compose file of the person's own, merged over a generated one by Compose's rules. ``path`` is passed on as it is."""

    path: str
    text: str


@dataclass(frozen=True)
class Options:
    """What a person decides. Names are those of the module's options; sizes as a person writes them."""

    version: str
    name: str
    region: str
    log_group: str
    execution_role_arn: str
    subnets: Sequence[str]
    secrets: Mapping[str, str]
    security_groups: Sequence[str] = ()
    assign_public_ip: Literal["ENABLED", "DISABLED"] = "DISABLED"
    task_role_arn: str | None = None
    image: str | None = None
    topology: Topology = "consolidated"
    settings: Mapping[str, Any] = field(default_factory=dict)
    task_runner_secrets: Mapping[str, str] = field(default_factory=dict)
    task_size: Mapping[str, Any] = field(default_factory=lambda: {"cpu": 2048, "memory": 4096})
    task_runner_size: Mapping[str, Any] = field(default_factory=lambda: {"cpu": 512, "memory": 1024})
    service_sizes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    workers: Mapping[str, Any] = field(default_factory=dict)
    cpu_architecture: Literal["X86_64", "ARM64"] = "X86_64"
    overrides: Sequence[Override] = ()
    releases: Mapping[str, Any] = field(default_factory=dict)
    settings_unknown: Unknown = "refuse"
    # None: as the scheme of REDASH_HOST says, which is not there with several organizations.
    https: bool | None = None


@dataclass(frozen=True)
class Container:
    """One container of a task. ``queues`` and ``processes`` as in release.Service; ``environment`` is all that is written."""

    name: str
    command: Command | None
    about: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    memory: int
    queues: tuple[str, ...] = ()
    processes: int = 1
    depends_on: tuple[tuple[str, str], ...] = ()
    port: int | None = None
    stop_grace_period: int | None = None
    health: HealthCheck | None = None
    blocking_log: bool = False


@dataclass(frozen=True)
class TaskPlan:
    """One task definition, and the ECS service that runs it (none for the task runner)."""

    family: str
    about: str
    compose_file: str
    ecs_params: str
    containers: tuple[Container, ...]
    secrets: Mapping[str, str]
    cpu: int
    memory: int
    desired_count: int = 1
    overrides: tuple[str, ...] = ()

    @property
    def has_scheduler(self) -> bool:
        return any(container.command == "scheduler" for container in self.containers)

    @property
    def queues(self) -> list[str]:
        return list(dict.fromkeys(queue for container in self.containers for queue in container.queues))


@dataclass(frozen=True)
class Rendering:
    """``files``: name -> text, all of them, in the order in which a person would read them."""

    release: Release
    image: str
    files: dict[str, str]
    services: list[dict[str, Any]]
    task_runner: dict[str, Any]
    left_out: tuple[str, ...]
    # Settings that were given without a value, and so are not written.
    omitted: tuple[str, ...]
    # One line for each setting that this release does not read.
    unread: tuple[str, ...]


def render(options: Options, source_text: str | None = None, source_name: str = "built in") -> Rendering:
    """The files for ``options``. ``source_text`` is an official compose file, None the one built in.

    Raises RedashError with every problem of the input at once.
    """
    known = given_releases.known(options.version, options.releases)
    problems = Problems()
    settings, omitted = _settings(options, known, problems)
    _check_references(options, problems)
    source = _source(options, known, source_text, source_name, problems)
    if source is None:
        raise RedashError(problems.found)

    image = options.image or source.image or known.image
    try:
        given_releases.right_image(image, known.version, options.releases)
    except RedashError as error:
        problems.extend(error)
    if options.cpu_architecture == "ARM64" and image == known.image and not known.arm64:
        problems.add(
            f"{image} exists for x86 only",
            where="redash_cpu_architecture",
            todo="Use X86_64, or set redash_image to an image built for ARM64.",
        )
    label = source_name if source_text is not None else f"Redash {known.version}, as built into the collection"
    _check_services(source, known, label, problems)
    problems.raise_if_any()

    tasks = _plan(options, known, source, problems)
    tasks = _with_overrides(tasks, options, known, problems)
    problems.raise_if_any()
    for task in tasks:
        _check_memory(task, _size_option(task, options), problems)
    problems.raise_if_any()

    head = (
        f"Redash {known.version} on ECS Fargate, topology {options.topology}.",
        f"Source: {label}.",
    )
    files: dict[str, str] = {}
    for task in tasks:
        files[task.compose_file] = compose_text(task, head, source.left_out if task.containers[0].command else (), image, options)
        files[task.ecs_params] = ecs_params_text(task, head, options)
    files["env"] = env_text(settings, head)
    *services, runner = tasks
    return Rendering(
        release=known,
        image=image,
        files=files,
        services=[_as_service(task, known) for task in services],
        task_runner=_as_task_runner(runner),
        left_out=source.left_out,
        omitted=omitted,
        unread=tuple(unread(options.settings, known.version)),
    )


# --- the input -------------------------------------------------------------------------------------------


def _settings(options: Options, known: Release, problems: Problems) -> tuple[dict[str, str], tuple[str, ...]]:
    """Settings as they are written, sorted; and the names of those that have no value and so are not."""
    where = "redash_settings"
    https = str(options.settings.get("REDASH_HOST") or "").startswith("https://") if options.https is None else options.https
    settings = {**known.environment, **(for_https(known.version) if https else {})}
    omitted = []
    # A release that the table does not know may read names that it does not know.
    known_to_us = known.version in RELEASES
    for name, value in options.settings.items():
        text = text_of(value) or ""
        if problem := judge(name, value, options.settings_unknown if known_to_us else "allow"):
            problems.found.append(problem)
        elif not text:
            # An empty value crashes every process of Redash: int(""), parse_boolean("").
            settings.pop(name, None)
            omitted.append(name)
        else:
            settings[name] = text
    if "REDASH_HOST" in settings and settings.get("REDASH_MULTI_ORG", "").lower() in ("true", "yes", "on", "1"):
        # With several organizations Redash itself puts https:// before it (utils.base_url).
        settings["REDASH_HOST"] = re.sub(r"^https?://", "", settings["REDASH_HOST"])
    for name in sorted({*settings} & {*options.secrets, *options.task_runner_secrets}):
        problems.add(f"{name} is given as a setting and as a secret", where=where, todo="ECS refuses both; keep the secret.")
    return dict(sorted(settings.items())), tuple(sorted(omitted))


def _check_references(options: Options, problems: Problems) -> None:
    """Everything that is handed through to ECS: present, and nothing in it that the files would not carry."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,200}", options.name):
        problems.add(f"{options.name!r} cannot be the name of a task definition", where="redash_name", todo="Use letters, digits, - and _.")
    if not options.subnets:
        problems.add("no subnet is given", where="subnets", todo="A Fargate task needs at least one.")
    for name in REQUIRED_SECRETS:
        if name not in options.secrets:
            problems.add(f"{name} is missing", where="secrets", todo="Give the name or ARN of the parameter that holds it.")
    for where, secrets in (("secrets", options.secrets), ("task_runner_secrets", options.task_runner_secrets)):
        for name, reference in secrets.items():
            if not NAME.fullmatch(str(name)):
                problems.add(f"{name!r} is not the name of an environment variable", where=where)
            # The value itself is never shown: it may be the secret, given in its reference's place.
            if not re.fullmatch(r"arn:aws[a-z-]*:(ssm|secretsmanager):\S+|/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", str(reference)):
                problems.add(f"{name} is no reference", where=where, todo="Give the name or ARN of the parameter that holds it.")
    for name in sorted({*options.secrets} & {*options.task_runner_secrets}):
        problems.add(f"{name} is also among secrets, which the task runner gets too", where="task_runner_secrets", todo="Remove it.")
    plain = {
        "region": [options.region],
        "log_group": [options.log_group],
        "execution_role_arn": [options.execution_role_arn],
        "task_role_arn": [options.task_role_arn] if options.task_role_arn else [],
        "image": [options.image] if options.image else [],
        "subnets": options.subnets,
        "security_groups": options.security_groups,
    }
    for where, values in plain.items():
        for value in values:
            # ecs-cli would take a dollar sign for a variable in any of these.
            if not re.fullmatch(r"[A-Za-z0-9_.,:/@+=#-]+", str(value)):
                problems.add(f"{value!r} is not valid" if value else "is empty", where=where)


def _source(options: Options, known: Release, text: str | None, name: str, problems: Problems) -> Source | None:
    if text is None:
        return builtin_source(known)
    try:
        return parse_source(text, name, known, {*options.settings, *options.secrets, *options.task_runner_secrets})
    except RedashError as error:
        problems.extend(error)
        return None


def _check_services(source: Source, known: Release, where: str, problems: Problems) -> None:
    services = [found.service for found in source.services]
    for command in ("server", "scheduler"):
        names = [service.name for service in services if service.command == command]
        if len(names) != 1:
            problems.add(f"{len(names)} services run the {command} ({', '.join(names) or 'none'})", where=where, todo="There must be one.")
    for service in services:
        # It becomes part of file names and of a family's name.
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,50}", service.name) or service.name == TASK_RUNNER:
            problems.add(f"{service.name!r} cannot be the name of a service", where=where)
    hint = f"Add it to QUEUES of a worker; Redash {known.version} runs on {'Celery' if known.queue_system == 'celery' else 'RQ'}"
    if source.scheduler_queues:
        hint += f", whose scheduler consumes nothing: its QUEUES ({', '.join(source.scheduler_queues)}) are Celery's"
    _check_queues([service.queues for service in services], known, where, hint, problems)


def _check_queues(consumers: Iterable[Sequence[str]], known: Release, where: str, hint: str, problems: Problems) -> None:
    """Each queue of the release has a consumer, but those that its official file left without one, too.

    Queues beyond those are the person's (a data source may have its own).
    """
    consumed = {queue for queues in consumers for queue in queues}
    lost = {
        "celery": "nothing would be scheduled and no mail would leave",
        "periodic": "nothing would be scheduled",
        "emails": "no mail would leave",
        "default": "Redash's housekeeping would not run",
        "scheduled_queries": "no scheduled query would run",
        "queries": "no query would run",
        "schemas": "no schema would be read",
    }
    for queue in known.queues:
        if queue not in consumed and queue not in known.unserved:
            problems.add(f"queue {queue} has no worker: {lost[queue]}", where=where, todo=f"{hint}.")


# --- the plan --------------------------------------------------------------------------------------------


def _plan(options: Options, known: Release, source: Source, problems: Problems) -> list[TaskPlan]:
    """The task definitions, the task runner's last."""
    services = [(found.service, dict(found.environment)) for found in source.services]
    if options.topology == "consolidated":
        services = _consolidate(services, known, problems)
    counts = _counts([service for service, _environment in services], options, known, problems)
    containers = [_container(replace(service, processes=counts[service.name]), environment, known) for service, environment in services]

    tasks = []
    if options.topology == "consolidated":
        if options.service_sizes:
            problems.add("is for the topology split", where="redash_service_sizes", todo="The one task's size is redash_task_size.")
        cpu, memory = _size(options.task_size, (2048, 4096), "redash_task_size", problems)
        tasks.append(
            TaskPlan(
                family=options.name,
                about="All of Redash in one task.",
                compose_file="docker-compose.yml",
                ecs_params="ecs-params.yml",
                containers=tuple(containers),
                secrets=options.secrets,
                cpu=cpu,
                memory=memory,
            )
        )
    else:
        names = [container.name for container in containers]
        for name in options.service_sizes:
            if name not in names:
                problems.add(f"{name!r} is not a service", where="redash_service_sizes", todo=f"Services: {', '.join(names)}.")
        for container in containers:
            where = f"redash_service_sizes.{container.name}"
            given = options.service_sizes.get(container.name, {})
            cpu, memory = _size(given, DEFAULT_SIZE[str(container.command)], where, problems)
            tasks.append(
                TaskPlan(
                    family=f"{options.name}-{container.name}",
                    about=f"{container.name} alone, so that it can be scaled alone.",
                    compose_file=f"docker-compose-{container.name}.yml",
                    ecs_params=f"ecs-params-{container.name}.yml",
                    # What it waited for is another service's task.
                    containers=(replace(container, depends_on=()),),
                    secrets=options.secrets,
                    cpu=cpu,
                    memory=memory,
                    desired_count=_desired_count(given, container, where, problems),
                )
            )

    cpu, memory = _size(options.task_runner_size, (512, 1024), "redash_task_runner_size", problems)
    tasks.append(
        TaskPlan(
            family=f"{options.name}-{TASK_RUNNER}",
            about="One-off commands: each is a task of its own with its command in place of the one below.",
            compose_file=f"docker-compose-{TASK_RUNNER}.yml",
            ecs_params=f"ecs-params-{TASK_RUNNER}.yml",
            containers=(_task_runner(),),
            secrets={**options.secrets, **options.task_runner_secrets},
            cpu=cpu,
            memory=memory,
        )
    )
    return tasks


def _consolidate(
    services: list[tuple[Service, dict[str, str]]], known: Release, problems: Problems
) -> list[tuple[Service, dict[str, str]]]:
    """Every worker's queues in one container: Celery's scheduler, which is a worker itself; on RQ one worker."""
    server = next(entry for entry in services if entry[0].command == "server")
    scheduler = next(entry for entry in services if entry[0].command == "scheduler")
    workers = [entry for entry in services if entry[0].command == "worker"]
    merged = [scheduler, *workers] if known.queue_system == "celery" else workers
    consumed = list(dict.fromkeys(queue for service, _environment in merged for queue in service.queues))
    # The release's order first: RQ empties the first queue before it looks into the second.
    queues = (*(queue for queue in known.queues if queue in consumed), *(queue for queue in consumed if queue not in known.queues))
    environment: dict[str, str] = {}
    for service, own in merged:
        for name, value in own.items():
            if environment.setdefault(name, value) != value:
                problems.add(
                    f"{name} differs between the workers that become one",
                    where=f"services.{service.name}.environment",
                    todo="Set it in redash_settings, or use the topology split.",
                )
    one = Service("worker", "worker") if known.queue_system == "rq" else scheduler[0]
    # Who waited for one of the workers now waits for all of them; none for itself.
    renamed = {service.name: one.name for service, _environment in merged}

    def depends_on(*services: Service) -> tuple[tuple[str, str], ...]:
        pairs = [(renamed.get(name, name), condition) for service in services for name, condition in service.depends_on]
        own = {renamed.get(service.name, service.name) for service in services}
        return tuple(sorted({name: condition for name, condition in pairs if name not in own}.items()))

    one = replace(one, queues=queues, processes=CONSOLIDATED_WORKERS, depends_on=depends_on(*(service for service, _environment in merged)))
    # On Celery the scheduler keeps its name; upstream's files of 2017 to 2018 (5.0) call it worker.
    if known.queue_system == "rq" and "worker" in (server[0].name, scheduler[0].name):
        problems.add("'worker' must be a worker's name in the topology consolidated", where="services.worker", todo="Rename the service.")
    others = [server] if known.queue_system == "celery" else [server, scheduler]
    return [*((replace(service, depends_on=depends_on(service)), own) for service, own in others), (one, environment)]


def _counts(services: list[Service], options: Options, known: Release, problems: Problems) -> dict[str, int]:
    """How many processes each service runs, with the person's word (redash_workers) over the file's."""
    where = "redash_workers"
    counts = {service.name: service.processes for service in services}
    countable = [service.name for service in services if not (service.command == "scheduler" and known.queue_system == "rq")]
    for name, value in options.workers.items():
        if name not in countable:
            reason = "is one process" if name in counts else "is not a service"
            problems.add(f"{name!r} {reason}", where=where, todo=f"Services: {', '.join(countable)}.")
        elif not re.fullmatch(r"[1-9][0-9]{0,2}", str(value)):
            problems.add(f"{name} {value!r} is not a number of processes", where=where, todo="Write a number from 1 to 999.")
        else:
            counts[name] = int(value)
    return counts


def _container(service: Service, environment: dict[str, str], known: Release) -> Container:
    celery = known.queue_system == "celery"
    own = dict(environment)
    if service.command == "server":
        own["REDASH_WEB_WORKERS"] = str(service.processes)
        about = "The web server (gunicorn); the load balancer's target."
    elif celery or service.command == "worker":
        # Celery takes commas only; RQ takes both, and its own command line is written with spaces.
        own["QUEUES"] = ("," if celery else " ").join(service.queues)
        own["WORKERS_COUNT"] = str(service.processes)
        about = "Works through these queues."
        if service.command == "scheduler":
            about = "Puts due work into the queues, and works through these itself."
    else:
        about = "Puts due work into the queues; runs no query itself."
    if service.command == "scheduler":
        about += " There must be exactly one."
    return Container(
        name=service.name,
        command=service.command,
        about=about,
        argv=(service.command,),
        environment=own,
        memory=_memory(service.command, service.processes, celery),
        queues=service.queues,
        processes=service.processes,
        depends_on=service.depends_on,
        port=SERVER_PORT if service.command == "server" else None,
        # Celery finishes what it runs when it is told to stop: as much time as Fargate gives. RQ's supervisord
        # kills after 10 s whatever ECS allows, and gunicorn after 30, which is ECS's default.
        stop_grace_period=120 if celery and service.command != "server" else None,
        health=health_check(known, service.command),
    )


def _task_runner() -> Container:
    return Container(
        name=TASK_RUNNER,
        command=None,
        about="Redash's command line.",
        # Harmless if somebody runs the task without a command.
        argv=("/app/manage.py", "version"),
        environment={},
        memory=MANAGE_COMMAND,
        # Since June 2025 ECS drops log lines rather than wait; what a command says must arrive whole.
        blocking_log=True,
    )


def _memory(command: Command, processes: int, celery: bool) -> int:
    """MiB that a container's processes need."""
    if command == "server":
        return GUNICORN + processes * WEB_WORKER
    if celery:
        return CELERY + processes * CELERY_PROCESS
    return RQ_SCHEDULER if command == "scheduler" else SUPERVISORD + processes * RQ_WORKER


# --- sizes -----------------------------------------------------------------------------------------------


def _size(given: Mapping[str, Any], default: tuple[int, int], where: str, problems: Problems) -> tuple[int, int]:
    for key in given:
        if key not in ("cpu", "memory", "desired_count"):
            problems.add(f"{key!r} is not known here", where=where, todo="Known: cpu, memory.")
    try:
        cpu = parse_cpu(given.get("cpu", default[0]), f"{where}.cpu")
        memory = parse_memory(given.get("memory", default[1]), f"{where}.memory")
    except RedashError as error:
        problems.extend(error)
        return default
    problems.found.extend(check_size(cpu, memory, where))
    return cpu, memory


def _desired_count(given: Mapping[str, Any], container: Container, where: str, problems: Problems) -> int:
    value = given.get("desired_count", 1)
    if not re.fullmatch(r"[0-9]{1,4}", str(value)):
        problems.add(f"desired_count {value!r} is not a number of tasks", where=where)
        return 1
    if container.command == "scheduler" and int(value) > 1:
        problems.add(f"desired_count {value}: there must be exactly one scheduler", where=where, todo="Leave it at 1.")
    return int(value)


def _size_option(task: TaskPlan, options: Options) -> str:
    if task.containers[0].command is None:
        return "redash_task_runner_size"
    if options.topology == "consolidated":
        return "redash_task_size"
    return f"redash_service_sizes.{task.containers[0].name}"


def _check_memory(task: TaskPlan, where: str, problems: Problems) -> None:
    needed = sum(container.memory for container in task.containers)
    if needed <= task.memory or check_size(task.cpu, task.memory, where):
        return
    parts = ", ".join(f"{container.name} {container.memory}" for container in task.containers)
    # The same CPU first; where that cannot hold it, the next that can.
    holding = smallest_holding(needed, task.cpu)
    offer = f"Use {in_words([holding])}, or fewer" if holding else "Use fewer"
    problems.add(
        f"memory {task.memory} MiB is less than the about {needed} MiB that the processes need ({parts})",
        where=where,
        todo=f"{offer} processes (redash_workers).",
    )


# --- files of the person's own ---------------------------------------------------------------------------


def _with_overrides(tasks: list[TaskPlan], options: Options, known: Release, problems: Problems) -> list[TaskPlan]:
    """Give each override file to the task whose services it names, and judge what comes out of the merge."""
    for override in options.overrides:
        try:
            services = _override_services(override)
        except RedashError as error:
            problems.extend(error)
            continue
        owners = [task for task in tasks if any(container.name in services for container in task.containers)]
        if not owners and options.topology == "consolidated":
            owners = tasks[:1]  # a container of the person's own beside Redash's
        if len(owners) != 1:
            names = ", ".join(container.name for task in tasks for container in task.containers)
            what = "names services of more than one task definition" if owners else "names none of the services"
            problems.add(what, where=override.path, todo=f"Write one file for each task definition. Services: {names}.")
            continue
        (owner,) = owners
        changed = replace(
            owner,
            containers=tuple(
                _overridden(container, services.get(container.name), override.path, owner, known, problems)
                for container in owner.containers
            ),
            overrides=(*owner.overrides, override.path),
        )
        for name, body in services.items():
            if name not in [container.name for container in owner.containers]:
                _check_environment(body, f"{override.path}: services.{name}", {}, problems)
                if not body.get("image"):
                    problems.add("has no image", where=f"{override.path}: services.{name}", todo="A container of your own needs one.")
        tasks = [changed if task is owner else task for task in tasks]
    if options.overrides and not problems:
        _check_queues(
            [container.queues for task in tasks for container in task.containers],
            known,
            "redash_compose_overrides",
            "Leave it in QUEUES of a worker",
            problems,
        )
    return tasks


def _override_services(override: Override) -> dict[str, dict[str, Any]]:
    document = load_yaml(override.text, override.path)
    if document.get("version") not in ("3", "3.0"):
        raise RedashError(
            Problem(
                f"version is {document.get('version', 'not given')}",
                override.path,
                'Write version: "3", as in the generated files: ecs-cli refuses to merge different ones.',
            )
        )
    services = document.get("services")
    if not isinstance(services, dict) or not services:
        raise RedashError(Problem("has no services", override.path))
    bodies = {name: {} if body == "" else body for name, body in services.items()}
    if not all(isinstance(name, str) and isinstance(body, dict) for name, body in bodies.items()):
        raise RedashError(Problem("has a service that is not a map", override.path))
    return bodies


def _check_environment(body: Mapping[str, Any], where: str, secrets: Mapping[str, str], problems: Problems) -> dict[str, str]:
    """The environment of an override's service; what must not be in one is a problem."""
    environment = body.get("environment", {})
    if isinstance(environment, list):
        pairs = dict(str(entry).partition("=")[::2] for entry in environment)
    elif isinstance(environment, dict):
        pairs = environment
    else:
        problems.add("environment is neither a map nor a list", where=where)
        return {}
    checked: dict[str, str] = {}
    for name, value in pairs.items():
        if not isinstance(name, str) or not isinstance(value, str):
            problems.add(f"{name!r} is not a text", where=f"{where}.environment")
        elif value in ("", "~", "null"):
            problems.add(f"{name} is empty, and Redash crashes on that", where=f"{where}.environment", todo="Give it a value or remove it.")
        elif name in secrets or is_secret(name, value):
            problems.add(
                f"{name} is a secret and does not belong into a file",
                where=f"{where}.environment",
                todo="Put it into Parameter Store (redash_ssm_secrets).",
            )
        else:
            checked[name] = value
    return checked


def _overridden(
    container: Container, body: Mapping[str, Any] | None, path: str, task: TaskPlan, known: Release, problems: Problems
) -> Container:
    """What ``container`` is after the override is merged over it, as far as the checks need to know."""
    if body is None:
        return container
    where = f"{path}: services.{container.name}"
    for key in ("command", "entrypoint"):
        if key in body:
            problems.add(f"{key} decides what this container is", where=where, todo="Leave it out, or run a container of your own.")
    if "env_file" in body:
        problems.add("env_file would hide settings from the checks", where=where, todo="Use redash_settings.")
    changed = _check_environment(body, where, task.secrets, problems)
    if container.command is None:
        return container
    celery = known.queue_system == "celery"
    count_name = "REDASH_WEB_WORKERS" if container.command == "server" else "WORKERS_COUNT"
    processes = container.processes
    if count_name in changed and count_name in container.environment:
        if re.fullmatch(r"[1-9][0-9]{0,2}", changed[count_name]):
            processes = int(changed[count_name])
        else:
            problems.add(f"{count_name} {changed[count_name]!r} is not a number of processes", where=f"{where}.environment")
    queues = container.queues
    if "QUEUES" in changed and "QUEUES" in container.environment:
        queues = split_queues(changed["QUEUES"])
        if celery and changed["QUEUES"] != ",".join(queues):
            problems.add("QUEUES must be separated by commas on Celery", where=f"{where}.environment")
    return replace(container, queues=queues, processes=processes, memory=_memory(container.command, processes, celery))


# --- what the next steps are told ------------------------------------------------------------------------


def _as_service(task: TaskPlan, known: Release) -> dict[str, Any]:
    server = next((container for container in task.containers if container.port), None)
    # A service without a scheduler, or with one that may meet its successor, is replaced without a gap. Any
    # other is stopped first; the scheduler alone always is, since nobody notices its absence for a minute.
    alone = len(task.containers) == 1
    gap = task.has_scheduler and (alone or not known.schedulers_may_overlap)
    return {
        "name": task.family,
        "family": task.family,
        "compose_files": [task.compose_file, *task.overrides],
        "ecs_params": task.ecs_params,
        "containers": [container.name for container in task.containers],
        "load_balancer": {"container_name": server.name, "container_port": server.port} if server else None,
        "queues": task.queues,
        "desired_count": task.desired_count,
        "has_scheduler": task.has_scheduler,
        "deployment_configuration": {
            "minimum_healthy_percent": 0 if gap else 100,
            "maximum_percent": 100 if gap else 200,
        },
    }


def _as_task_runner(task: TaskPlan) -> dict[str, Any]:
    return {
        "family": task.family,
        "compose_files": [task.compose_file, *task.overrides],
        "ecs_params": task.ecs_params,
        "container": TASK_RUNNER,
    }


__all__ = ["HEADER", "Options", "Override", "Rendering", "render"]
