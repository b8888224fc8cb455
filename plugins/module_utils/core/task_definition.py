# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compose files and ecs-params.yml -> the RegisterTaskDefinition request.

For every input that ecs-cli 1.21 accepts, the request means the same as the one that ecs-cli sends;
docs/ecs-cli-differences.md lists the exceptions and why they are there.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core import ecs_params as params_file
from ansible_collections.redash.ecs.plugins.module_utils.core.compose import Files, PathLike, Project, Reader, load_project, read_file
from ansible_collections.redash.ecs.plugins.module_utils.core.compose_services import Container, Volumes, containers
from ansible_collections.redash.ecs.plugins.module_utils.core.ecs_params import EcsParams
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition_diff import canonical, differences, masked
from ansible_collections.redash.ecs.plugins.module_utils.core.units import MIB, duration_in_seconds
from ansible_collections.redash.ecs.plugins.module_utils.core.yaml_tree import Map

__all__ = ["Translation", "canonical", "differences", "masked", "register_request", "translate"]

DEFAULT_ECS_PARAMS = "ecs-params.yml"
# ecs-cli's, for a container that has no memory limit in a task that has none.
DEFAULT_MEMORY = 512


@dataclass
class Translation:
    """A request, and what there is to say about it.

    ``places``    (container, field) -> ``file:line`` that set it; an empty container name is the task itself
    ``warnings``  what was accepted and has no effect, or not the one that somebody may expect
    """

    request: dict[str, Any]
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def register_request(
    compose_files: Sequence[PathLike],
    ecs_params: PathLike | None,
    project_name: str,
    launch_type: str | None,
    environ: Mapping[str, str],
    cwd: PathLike,
) -> dict[str, Any]:
    """The RegisterTaskDefinition request for ``compose_files`` and ``ecs_params``.

    Without compose files those that Compose looks for in ``cwd`` are taken, without ``ecs_params`` the
    ``ecs-params.yml`` in ``cwd`` if there is one, without ``project_name`` (the task definition's family) the
    project's name or its directory's. ``launch_type`` None leaves requiresCompatibilities out. Raises RedashError.
    """
    return translate(compose_files, ecs_params, project_name, launch_type, environ, cwd).request


def translate(
    compose_files: Sequence[PathLike],
    ecs_params: PathLike | None,
    project_name: str,
    launch_type: str | None,
    environ: Mapping[str, str],
    cwd: PathLike,
    *,
    read: Reader = read_file,
) -> Translation:
    """As register_request, with places and warnings. An empty ``ecs_params`` is none at all; ``read`` reads a file."""
    project = load_project(compose_files, environ, cwd, read)
    params = _read_params(ecs_params, environ, Files(Path(cwd), read))
    problems = Problems()
    services, volumes = containers(project, problems)
    problems.raise_if_any()
    if not services:
        raise RedashError(Problem("there is no service", project.files.shown(project.directory), "Add a service to the Compose file."))
    _warn_of_unknown_services(project, params)

    request: dict[str, Any] = {"family": project_name or environ.get("COMPOSE_PROJECT_NAME") or project.name}
    places: dict[tuple[str, str], str] = {}
    _add_task(request, places, params)
    if launch_type:
        request["requiresCompatibilities"] = [launch_type]
    for name, container in services.items():
        places.update({(name, key): where for key, where in container.where.items()})
        _add_params(name, container, params, places, problems)
        _add_memory(name, container.definition, bool(request.get("memory")), places, problems)
    _check_essential(services, params, problems)
    _add_platform(request, services, problems, places)
    definitions = _volume_definitions(volumes, params, problems)
    problems.raise_if_any()
    request["containerDefinitions"] = [container.definition for container in services.values()]
    if definitions:
        request["volumes"] = definitions
    return Translation(request, places, [*project.warnings, *params.warnings])


def _read_params(ecs_params: PathLike | None, environ: Mapping[str, str], files: Files) -> EcsParams:
    path = files.path(ecs_params or DEFAULT_ECS_PARAMS)
    if ecs_params == "" or (ecs_params is None and not files.exists(path)):
        return EcsParams(Map(DEFAULT_ECS_PARAMS, 1), Map(DEFAULT_ECS_PARAMS, 1))
    return params_file.parse(files.text(path), files.shown(path), environ)


def _warn_of_unknown_services(project: Project, params: EcsParams) -> None:
    """One ecs-params.yml may serve several Compose files, so a service that is not here is no error, but it may be a typing error."""
    for name in params.services:
        if name not in project.services:
            close = difflib.get_close_matches(name, set(project.services) - set(params.services), n=1, cutoff=0.75)
            if close:
                project.warn(f"there is no service {name}; did you mean {close[0]}?", params.services.where(name))


def _add_task(request: dict[str, Any], places: dict[tuple[str, str], str], params: EcsParams) -> None:
    task = params.task_definition
    size = task.get("task_size") or Map(task.source, task.line)
    for source, key, name in (
        (task, "ecs_network_mode", "networkMode"),
        (task, "task_role_arn", "taskRoleArn"),
        (task, "task_execution_role", "executionRoleArn"),
        (size, "cpu_limit", "cpu"),
        (size, "mem_limit", "memory"),
        (task, "pid_mode", "pidMode"),
        (task, "ipc_mode", "ipcMode"),
    ):
        if source.get(key):
            request[name] = source[key]
            places["", name] = source.where(key)
    for constraint in task.get("placement_constraints") or ():
        entry = {name: constraint[name] for name in ("type", "expression") if constraint.get(name)}
        request.setdefault("placementConstraints", []).append(entry)
        places["", "placementConstraints"] = task.where("placement_constraints")
    platform = task.get("runtime_platform") or {}
    runtime = {
        name: platform[key]
        for key, name in (("cpu_architecture", "cpuArchitecture"), ("operating_system_family", "operatingSystemFamily"))
        if platform.get(key)
    }
    if runtime:
        request["runtimePlatform"] = runtime
        places["", "runtimePlatform"] = task.where("runtime_platform")
    storage = task.get("ephemeral_storage") or {}
    if storage.get("size_in_gib"):
        request["ephemeralStorage"] = {"sizeInGiB": storage["size_in_gib"]}
        places["", "ephemeralStorage"] = task.where("ephemeral_storage")


def _add_params(name: str, container: Container, params: EcsParams, places: dict[tuple[str, str], str], problems: Problems) -> None:
    """What ecs-params.yml says about one container, over what the Compose file says."""
    definition = container.definition
    services = params.services
    definition["essential"] = not container.not_essential
    if name not in services:
        return
    places[name, "params"] = services.where(name)
    settings = services[name]
    if settings is None:
        definition["essential"] = False
        places[name, "essential"] = services.where(name)
        return

    def put(key: str, field_name: str, value: Any) -> None:
        definition[field_name] = value
        places[name, field_name] = settings.where(key)

    if "essential" in settings:
        put("essential", "essential", settings["essential"])
    for key, field_name, divisor in (("cpu_shares", "cpu", 1), ("mem_limit", "memory", MIB), ("mem_reservation", "memoryReservation", MIB)):
        value = (settings.get(key) or 0) // divisor
        if value > 0:
            put(key, field_name, value)
    if settings.get("init_process_enabled"):
        definition.setdefault("linuxParameters", {})["initProcessEnabled"] = True
    credentials = (settings.get("repository_credentials") or {}).get("credentials_parameter")
    if credentials:
        put("repository_credentials", "repositoryCredentials", {"credentialsParameter": credentials})
    if settings.get("gpu"):
        put("gpu", "resourceRequirements", [{"type": "GPU", "value": settings["gpu"]}])
    if settings.get("secrets"):
        put("secrets", "secrets", [*definition.get("secrets", []), *_secrets(settings["secrets"])])
    firelens = settings.get("firelens_configuration") or {}
    if firelens.get("type"):
        value = {"type": firelens["type"], **({"options": dict(firelens["options"])} if firelens.get("options") else {})}
        put("firelens_configuration", "firelensConfiguration", value)
    depends_on = [
        {"containerName": entry.get("container_name", ""), "condition": entry.get("condition", "")}
        for entry in settings.get("depends_on") or ()
    ]
    if depends_on:
        put("depends_on", "dependsOn", _dependencies(definition.get("dependsOn", []), depends_on))
    _add_secret_options(name, definition, settings, problems)
    if settings.get("healthcheck") is not None:
        _add_healthcheck(name, definition, settings, places, problems)


def _secrets(entries: Sequence[Map]) -> list[dict[str, str]]:
    return [{"name": entry.get("name", ""), "valueFrom": entry.get("value_from", "")} for entry in entries]


def _dependencies(before: list[dict[str, str]], added: list[dict[str, str]]) -> list[dict[str, str]]:
    names = {entry["containerName"] for entry in added}
    return [*(entry for entry in before if entry["containerName"] not in names), *added]


def _add_secret_options(name: str, definition: dict[str, Any], settings: Map, problems: Problems) -> None:
    logging = settings.get("logging") or {}
    options = logging.get("secret_options")
    if not options:
        return
    if "logConfiguration" not in definition:
        problems.add(
            f"service {name} has logging.secret_options and no logging driver",
            where=settings.where("logging"),
            todo="Set logging.driver in the Compose file.",
        )
        return
    definition["logConfiguration"]["secretOptions"] = _secrets(options)


def _add_healthcheck(name: str, definition: dict[str, Any], settings: Map, places: dict[tuple[str, str], str], problems: Problems) -> None:
    check = settings["healthcheck"]
    where = settings.where("healthcheck")
    if check.get("test") and check.get("command"):
        problems.add(f"service {name} has healthcheck.test and healthcheck.command", where=where, todo="Remove one of them.")
        return
    command = check.get("test") or check.get("command") or []
    result: dict[str, Any] = dict(definition.get("healthCheck", {}))
    if command:
        result["command"] = ["CMD-SHELL", *command] if len(command) == 1 else command
    elif "healthCheck" not in definition:
        problems.add(f"service {name} has a healthcheck without test", where=where, todo="Write test: below it.")
        return
    for key, field_name in (("interval", "interval"), ("timeout", "timeout"), ("start_period", "startPeriod")):
        if check.get(key):
            seconds = _seconds(check[key])
            if seconds is None:
                problems.add(
                    f"service {name}: healthcheck.{key} {check[key]!r} is not a time",
                    where=check.where(key),
                    todo="Write seconds (90) or a duration (1m30s).",
                )
            else:
                result[field_name] = seconds
    if check.get("retries"):
        result["retries"] = check["retries"]
    definition["healthCheck"] = result
    places[name, "healthCheck"] = where


def _seconds(text: str) -> int | None:
    try:
        return duration_in_seconds(text)
    except ValueError:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def _add_memory(
    name: str, definition: dict[str, Any], task_has_memory: bool, places: dict[tuple[str, str], str], problems: Problems
) -> None:
    memory = definition.get("memory")
    reservation = definition.get("memoryReservation")
    if memory is None and reservation is None and not task_has_memory:
        definition["memory"] = DEFAULT_MEMORY
    elif memory is not None and reservation is not None and memory < reservation:
        problems.add(
            f"service {name}: the memory limit {memory} MiB is below the reservation {reservation} MiB",
            where=places.get((name, "memory")) or places.get((name, "memoryReservation"), ""),
            todo="Raise mem_limit or lower mem_reservation.",
        )


def _check_essential(services: Mapping[str, Container], params: EcsParams, problems: Problems) -> None:
    """At least one container must be essential."""
    if any(container.definition["essential"] for container in services.values()):
        return
    where = params.services.where(next(iter(params.services), None)) if params.services else ""
    problems.add("no container is essential", where=where, todo="Set essential: true for the container that the task exists for.")


def _add_platform(
    request: dict[str, Any], services: Mapping[str, Container], problems: Problems, places: dict[tuple[str, str], str]
) -> None:
    """The Specification's ``platform`` (``linux/arm64``) -> runtimePlatform, unless ecs-params.yml has one."""
    platforms = {container.platform for container in services.values() if container.platform}
    if not platforms or "runtimePlatform" in request:
        return
    where = next(container.where.get("", "") for container in services.values() if container.platform)
    if len(platforms) > 1:
        problems.add(
            f"the services have several platforms: {', '.join(sorted(platforms))}",
            where=where,
            todo="A task has one platform; write the same one.",
        )
        return
    platform = platforms.pop()
    architecture = {"linux/amd64": "X86_64", "linux/x86_64": "X86_64", "linux/arm64": "ARM64", "linux/arm64/v8": "ARM64"}.get(platform)
    if architecture is None:
        problems.add(f"the platform {platform} is not one that ECS runs", where=where, todo="Write linux/amd64 or linux/arm64.")
        return
    request["runtimePlatform"] = {"cpuArchitecture": architecture, "operatingSystemFamily": "LINUX"}
    places["", "runtimePlatform"] = where


def _volume_definitions(volumes: Volumes, params: EcsParams, problems: Problems) -> list[dict[str, Any]]:
    definitions = {definition["name"]: definition for definition in volumes.definitions()}
    task = params.task_definition
    for key, convert in (("docker_volumes", _docker_volume), ("efs_volumes", _efs_volume)):
        for index, volume in enumerate(task.get(key) or ()):
            where = task[key].where(index)
            name = volume.get("name")
            if not name:
                problems.add(f"an entry of {key} has no name", where=where, todo="Write name: and the name that the Compose file uses.")
                continue
            definitions[name] = {"name": name, **convert(volume, where, problems)}
    return list(definitions.values())


def _docker_volume(volume: Map, where: str, problems: Problems) -> dict[str, Any]:
    names = {"scope": "scope", "autoprovision": "autoprovision", "driver": "driver", "driver_opts": "driverOpts", "labels": "labels"}
    configuration = {
        name: dict(volume[key]) if isinstance(volume[key], Map) else volume[key]
        for key, name in names.items()
        if volume.get(key) is not None
    }
    return {"dockerVolumeConfiguration": configuration}


def _efs_volume(volume: Map, where: str, problems: Problems) -> dict[str, Any]:
    if volume.get("filesystem_id") is None:
        problems.add(f"the EFS volume {volume['name']} has no filesystem_id", where=where, todo="Write filesystem_id: fs-...")
    names = {
        "filesystem_id": "fileSystemId",
        "root_directory": "rootDirectory",
        "transit_encryption": "transitEncryption",
        "transit_encryption_port": "transitEncryptionPort",
    }
    configuration: dict[str, Any] = {name: volume[key] for key, name in names.items() if volume.get(key) is not None}
    authorization = {name: volume[key] for key, name in (("access_point", "accessPointId"), ("iam", "iam")) if volume.get(key) is not None}
    if authorization:
        configuration["authorizationConfig"] = authorization
    if ("accessPointId" in authorization or authorization.get("iam") == "ENABLED") and configuration.get("transitEncryption") != "ENABLED":
        problems.add(
            f"the EFS volume {volume['name']} has an access point or IAM and no transit encryption",
            where=volume.where("access_point" if "access_point" in volume else "iam"),
            todo="Write transit_encryption: ENABLED.",
        )
    return {"efsVolumeConfiguration": configuration}
