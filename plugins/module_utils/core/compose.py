# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compose files loaded: versions, variables, extends, merging of several files.

The ``version`` key decides how a file is read. None (with services at the top level), ``2`` and ``3`` are read
as ecs-cli reads them. Everything else that Compose has called a version, and a file with ``services`` and no
version, follows the current Compose Specification.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core import compose_merge, env_files
from ansible_collections.redash.ecs.plugins.module_utils.core.compose_schema import (
    SPECIFICATION,
    V1,
    V2,
    V3,
    check_services,
)
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.interpolation import InterpolationError, Lookup, interpolate
from ansible_collections.redash.ecs.plugins.module_utils.core.yaml_tree import YES_AND_NO, Map, Seq, load, where_of

Reader = Callable[[Path], bytes]
PathLike = str | os.PathLike[str]

# In the order in which Compose looks for them; ecs-cli knew only docker-compose.yml.
DEFAULT_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
MOST_EXTENDS = 20


def read_file(path: Path) -> bytes:
    return path.read_bytes()


@dataclass
class Files:
    """Reads text files, names them as a person would, turns what goes wrong into RedashError."""

    cwd: Path
    read: Reader = read_file

    def path(self, name: PathLike, beside: Path | None = None) -> Path:
        return (beside or self.cwd) / Path(name).expanduser() if str(name).startswith("~") else (beside or self.cwd) / Path(name)

    def shown(self, path: Path) -> str:
        return os.path.relpath(path, self.cwd) if path.is_relative_to(self.cwd) else str(path)

    def text(self, path: Path, asked_for: str = "") -> str:
        """``asked_for`` is the place that names the file."""
        where = asked_for or self.shown(path)
        try:
            return self.read(path).decode("utf-8")
        except FileNotFoundError:
            raise RedashError(
                Problem(f"there is no file {self.shown(path)}", where if asked_for else "", "Create it or correct the path.")
            ) from None
        except UnicodeDecodeError as error:
            raise RedashError(
                Problem(f"{self.shown(path)} is not UTF-8 text (byte {error.start})", asked_for, "Save it as UTF-8.")
            ) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RedashError(Problem(f"{self.shown(path)} can't be read: {reason}", asked_for, "Correct the path.")) from None

    def exists(self, path: Path) -> bool:
        try:
            self.read(path)
        except (OSError, ValueError):
            return False
        return True


@dataclass
class Project:
    """A Compose project: what its files say together, with variables filled in and no check of values yet.

    ``services``  name -> service, in the order of the files; ``environment`` is still as the version has it
    ``lookup``    variables: the shell's, then those of ``.env``
    ``warnings``  what a person should know, one line each
    """

    version: str
    name: str
    directory: Path
    services: dict[str, Map]
    volumes: Map
    secrets: Map
    lookup: Lookup
    shell: Lookup
    files: Files
    warnings: list[str] = field(default_factory=list)

    def warn(self, what: str, where: str = "") -> None:
        line = f"{where}: {what}" if where else what
        if line not in self.warnings:
            self.warnings.append(line)


def find_files(files: Files, environ: Mapping[str, str]) -> list[Path]:
    """The files that Compose takes when none is named: ``COMPOSE_FILE``, else the default name and its override."""
    named = environ.get("COMPOSE_FILE", "")
    if named:
        separator = environ.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
        return [files.path(name) for name in named.split(separator) if name]
    for name in DEFAULT_FILES:
        path = files.path(name)
        if files.exists(path):
            stem, _, suffix = name.rpartition(".")
            overrides = (files.path(f"{stem}.override.{ending}") for ending in dict.fromkeys((suffix, "yml", "yaml")))
            return [path, *[override for override in overrides if files.exists(override)][:1]]
    raise RedashError(Problem(f"no Compose file in {files.cwd}", "", f"Create {DEFAULT_FILES[2]} or name the file."))


def load_project(compose_files: Sequence[PathLike], environ: Mapping[str, str], cwd: PathLike, read: Reader = read_file) -> Project:
    """Load and merge ``compose_files`` (when empty, the default ones in ``cwd``).

    ``environ`` fills in variables, together with the ``.env`` beside the first file. Raises RedashError with
    all problems of the first file that has any.
    """
    files = Files(Path(cwd), read)
    paths = [files.path(name) for name in compose_files] or find_files(files, environ)
    directory = paths[0].parent
    warnings: list[str] = []

    documents: list[tuple[Path, Map]] = []
    versions: list[str] = []
    for path in paths:
        document, version = _load_document(files, path, warnings)
        if versions and version != versions[0]:
            raise RedashError(
                Problem(
                    f"the file is of another Compose version than {files.shown(paths[0])}",
                    document.where("version"),
                    "Give all files the same version key, or none.",
                )
            )
        versions.append(version)
        documents.append((path, document))
    version = versions[0]

    shell, lookup = _variables(files, directory, environ, version)
    project = Project(
        version=version,
        name="",
        directory=directory,
        services={},
        volumes=Map(files.shown(paths[0]), 1),
        secrets=Map(files.shown(paths[0]), 1),
        lookup=lookup,
        shell=shell,
        files=files,
        warnings=warnings,
    )
    for path, document in documents:
        _add_document(project, path, document)
    # Compose knows four names for the project; the directory's is the last resort.
    project.name = project.name or directory.resolve().name
    return project


def _on_duplicate(warnings: list[str]) -> Callable[[tuple[str, ...], str, str], bool]:
    def on_duplicate(path: tuple[str, ...], first: str, second: str) -> bool:
        warnings.append(f"{second}: {'.'.join(path)} stands twice (first in {first}); the last one counts")
        return False

    return on_duplicate


def _load_document(files: Files, path: Path, warnings: list[str]) -> tuple[Map, str]:
    text = files.text(path)
    source = files.shown(path)
    document, more = load(text, source, on_duplicate=_on_duplicate(warnings))
    if document is None:
        document = Map(source, 1)
    if not isinstance(document, Map):
        raise RedashError(Problem("the file is not a map of keys", f"{source}:1", "Write services: and the services below it."))
    version = _version(document)
    if more:
        if version == SPECIFICATION:
            raise RedashError(Problem("the file holds more than one YAML document", source, "Remove the line --- or make two files of it."))
        warnings.append(f"{source}: only the first YAML document of the file is read")
    if version == SPECIFICATION:
        document, _ = load(text, source, yes_and_no=False, on_duplicate=_refuse_duplicate)
    return document, version


def _refuse_duplicate(path: tuple[str, ...], first: str, second: str) -> bool:
    raise RedashError(Problem(f"{'.'.join(path)} stands twice (first in {first})", second, "Remove one of the two."))


def _version(document: Map) -> str:
    """``1``, ``2``, ``3``, or an empty string for the Compose Specification."""
    version = document.get("version")
    where = document.where("version")
    if version in (None, ""):
        return SPECIFICATION if _looks_modern(document) else V1
    text = str(version)
    if isinstance(version, bool) or not isinstance(version, str | int | float):
        text = "?"
    if text in ("2", "3"):
        return text
    # docker/cli reads 3.0 as 3; to libcompose 2.0 is a service of that name, which is an error.
    if text == "3.0":
        return V3
    major, _, minor = text.partition(".")
    if major in ("2", "3") and minor.isdigit():
        return SPECIFICATION
    raise RedashError(Problem(f"unknown Compose version {version!r}", where, 'Remove the version line, or write version: "3".'))


def _looks_modern(document: Map) -> bool:
    services = document.get("services")
    if "services" not in document:
        return "name" in document and not isinstance(document["name"], Map)
    # A version 1 file may have a service that is called "services".
    return services is None or (isinstance(services, Map) and not any(isinstance(services.get(key), str) for key in ("image", "build")))


def _variables(files: Files, directory: Path, environ: Mapping[str, str], version: str) -> tuple[Lookup, Lookup]:
    """What the shell has, and what the shell and ``.env`` have."""
    dot_env: dict[str, str] = {}
    path = directory / ".env"
    if files.exists(path):
        text = files.text(path)
        try:
            if version == SPECIFICATION:
                dot_env = {
                    name: value for name, value in env_files.parse_specification(text, environ.get, lambda _: None) if value is not None
                }
            else:
                for name, value in env_files.parse_docker(text, environ.get):
                    dot_env.setdefault(name, value)
        except env_files.EnvFileError as error:
            raise RedashError(Problem(str(error), f"{files.shown(path)}:{error.line}", "Correct the line.")) from None

    def lookup(name: str) -> str | None:
        value = environ.get(name)
        # libcompose takes an empty variable of the shell for an unset one.
        if value is None or (value == "" and version in (V1, V2)):
            value = dot_env.get(name)
        return value

    return environ.get, lookup


# The top-level keys that version 3.0 and the Specification know; version 2 ignores what it does not know.
_TOP_LEVEL = {
    V3: frozenset(("version", "services", "networks", "volumes")),
    SPECIFICATION: frozenset(("version", "name", "services", "networks", "volumes", "secrets", "configs", "include", "models")),
}


def _add_document(project: Project, path: Path, document: Map) -> None:
    problems = Problems()
    _check_top_level(project, document, problems)
    services = _filled_in(project, _services_of(document, project.version), problems)
    check_services(services, project.version, problems)
    volumes = _section(project, document, "volumes", problems)
    secrets = _section(project, document, "secrets", problems)
    problems.raise_if_any()

    if project.version == SPECIFICATION:
        name = document.get("name")
        if name is not None:
            project.name = _interpolated(project, str(name), problems)
    for service_name, service in (services or {}).items():
        service = _extended(project, path, services, service, chain=[])
        if project.version == V3:
            service = with_environment_v3(project, service)
        existing = project.services.get(service_name)
        project.services[service_name] = (
            compose_merge.without_resets(service)
            if existing is None
            else compose_merge.override(existing, service, project.version, problems)
        )
    for name, value in volumes.items():
        project.volumes.put(name, value, volumes.where(name))
    for name, value in secrets.items():
        project.secrets.put(name, value, secrets.where(name))
    problems.raise_if_any()


def _services_of(document: Map, version: str) -> Any:
    if version != V1:
        return document.get("services")
    services = document.like()
    for name, value in document.items():
        if name != "version":
            services.put(name, value, document.where(name))
    return services


def _check_top_level(project: Project, document: Map, problems: Problems) -> None:
    known = _TOP_LEVEL.get(project.version)
    if known is None:
        return
    for key in document:
        if key not in known and not (key.startswith("x-") and project.version == SPECIFICATION):
            problems.add(
                f"unknown top-level key {key}",
                where=document.where(key),
                todo="Remove it."
                if project.version == SPECIFICATION
                else "Remove the version line: the file is then read as the current Compose Specification.",
            )
    if project.version == SPECIFICATION and document.get("include"):
        problems.add("include is not supported", where=document.where("include"), todo="Name the included files beside this one.")


def _section(project: Project, document: Map, key: str, problems: Problems) -> Map:
    section = document.get(key) if project.version != V1 else None
    if section is None:
        return Map(document.source, document.line)
    if not isinstance(section, Map):
        problems.add(f"{key} is not a map", where=document.where(key), todo="Write one key per entry below it.")
        return Map(document.source, document.line)
    result = _interpolated(project, section, problems)
    if not isinstance(result, Map):
        raise AssertionError("interpolation keeps the kind of a value")
    return result


def _filled_in(project: Project, services: Any, problems: Problems) -> Any:
    """Services with variables filled in; where a key wants true or a number, the text of a variable becomes one."""
    result = _interpolated(project, services, problems)
    if project.version in (V3, SPECIFICATION) and isinstance(services, Map):
        for name, service in services.items():
            if isinstance(service, Map):
                _cast(service, result[name])
    return result


# docker/cli casts no other keys. Version 1 and 2 cast none.
_CAST_TO_BOOLEAN = frozenset(("privileged", "read_only", "stdin_open", "tty", "init", "disable"))
_CAST_TO_NUMBER = frozenset(("soft", "hard", "retries"))


def _cast(before: Map, after: Map, inside: str = "") -> None:
    for key, value in before.items():
        if isinstance(value, Map) and (not inside or inside == "ulimits"):
            if key in ("ulimits", "healthcheck") or inside:
                _cast(value, after[key], inside or key)
            continue
        text = after[key]
        if not isinstance(value, str) or "$" not in value or not isinstance(text, str):
            continue
        if key in _CAST_TO_BOOLEAN and text.lower() in YES_AND_NO:
            after[key] = YES_AND_NO[text.lower()]
        elif (key in _CAST_TO_NUMBER or inside == "ulimits") and text.isascii() and text.isdigit() and len(text) < 19:
            after[key] = int(text)


def _interpolated(project: Project, value: Any, problems: Problems, where: str = "") -> Any:
    """A copy of ``value`` with variables filled in; keys are left alone."""
    if isinstance(value, Map):
        result = value.like()
        for key, item in value.items():
            result[key] = _interpolated(project, item, problems, value.where(key))
        return result
    if isinstance(value, Seq):
        items = value.like()
        for index, item in enumerate(value):
            items.put(_interpolated(project, item, problems, value.where(index)), value.where(index))
        return items
    if not isinstance(value, str) or "$" not in value:
        return value
    try:
        return interpolate(value, project.lookup, lambda name: project.warn(f"the variable {name} is not set; it becomes blank", where))
    except InterpolationError as error:
        problems.add(str(error), where=where, todo=error.todo)
        return value


def _extended(project: Project, path: Path, services: Map, service: Map, chain: list[tuple[Path, str]]) -> Map:
    """The service with its env_file read (version 1 and 2) and what it extends merged in."""
    if project.version in (V1, V2):
        service = with_env_files_v2(project, path, service)
    elif project.version == SPECIFICATION:
        service = _with_absolute_paths(path, service)
    extends = service.get("extends")
    if extends is None or project.version == V3:
        return service
    where = service.where("extends")
    base_name = extends if isinstance(extends, str) else extends.get("service")
    base_file = None if isinstance(extends, str) else extends.get("file")
    if not isinstance(base_name, str) or not isinstance(base_file, str | None):
        raise RedashError(
            Problem("extends names no service", where, "Write extends: {service: NAME}, with file: if it is in another file.")
        )
    base_path, base_services = path, services
    if base_file is not None:
        base_path = project.files.path(base_file, path.parent)
        base_services = _services_to_extend(project, base_path, where)
    if (base_path, base_name) in chain or len(chain) > MOST_EXTENDS:
        raise RedashError(Problem(f"service {base_name} extends itself", where, "Break the circle."))
    if base_name not in base_services:
        raise RedashError(
            Problem(f"there is no service {base_name} to extend in {project.files.shown(base_path)}", where, "Correct the name.")
        )
    base = _extended(project, base_path, base_services, base_services[base_name], [*chain, (base_path, base_name)])
    if project.version in (V1, V2):
        for key in ("links", "volumes_from"):
            if key in base:
                raise RedashError(Problem(f"service {base_name} can't be extended, because it has {key}", where, f"Move {key} out of it."))
    problems = Problems()
    merged = compose_merge.extend(base, service, project.version, problems)
    problems.raise_if_any()
    return merged


def _services_to_extend(project: Project, path: Path, where: str) -> Map:
    text = project.files.text(path, asked_for=where)
    source = project.files.shown(path)
    document, _ = load(text, source, yes_and_no=project.version != SPECIFICATION, on_duplicate=_on_duplicate(project.warnings))
    if not isinstance(document, Map):
        raise RedashError(Problem("the file is not a map of keys", f"{source}:1", "Write services: and the services below it."))
    problems = Problems()
    # libcompose lets a version 1 file be extended from version 2 and the other way round.
    version = project.version if "services" in document else V1
    services = _filled_in(project, _services_of(document, version), problems)
    check_services(services, project.version, problems)
    problems.raise_if_any()
    return services if isinstance(services, Map) else Map(source, 1)


def _with_absolute_paths(path: Path, service: Map) -> Map:
    """env_file of a service that may be merged into one of another file: paths are relative to their own file."""
    entries = service.get("env_file")
    if entries is None:
        return service
    result = service.like()
    result.update(service)
    absolute = Seq(service.source, service.line)
    for index, entry in enumerate([entries] if isinstance(entries, str) else entries):
        place = entries.where(index) if isinstance(entries, Seq) else service.where("env_file")
        if isinstance(entry, str):
            absolute.put(str(path.parent / entry), place)
        elif isinstance(entry, Map) and isinstance(entry.get("path"), str):
            moved = entry.like()
            moved.update(entry, path=str(path.parent / entry["path"]))
            absolute.put(moved, place)
        else:
            raise RedashError(Problem("an entry of env_file is neither a path nor {path, required}", place, "Write a path."))
    result["env_file"] = absolute
    return result


def _env_file_names(service: Map) -> list[tuple[str, str]]:
    """The paths in env_file and where each stands."""
    value = service.get("env_file")
    if value is None:
        return []
    if isinstance(value, str):
        return [(value, service.where("env_file"))]
    return [(name, value.where(index)) for index, name in enumerate(value)]


def with_env_files_v2(project: Project, path: Path, service: Map) -> Map:
    """Version 1 and 2: the lines of the env files become entries of ``environment``."""
    names = _env_file_names(service)
    if not names:
        return service
    result = service.like()
    result.update({key: value for key, value in service.items() if key != "env_file"})
    variables = compose_merge.environment_entries(service.get("environment"))
    for name, where in reversed(names):
        text = project.files.text(project.files.path(name, path.parent), asked_for=where)
        if text.startswith(env_files.BOM):
            project.warn(f"{name} begins with a byte order mark, which becomes part of the first variable's name; save it without", where)
        env_files.add_libcompose(variables, text)
    entries = Seq(service.source, service.line, tag="env_file")
    for variable in variables:
        entries.put(variable, where_of(service.get("environment"), service.where("env_file")))
    result.put("environment", entries, service.where("environment") if "environment" in service else service.where("env_file"))
    return result


def with_environment_v3(project: Project, service: Map) -> Map:
    """Version 3: env files and environment of one file become one map of final values."""
    values: dict[str, str | None] = {}
    for name, where in _env_file_names(service):
        text = project.files.text(project.files.path(name, project.directory), asked_for=where)
        try:
            values.update(env_files.parse_docker(text, project.shell))
        except env_files.EnvFileError as error:
            raise RedashError(
                Problem(str(error), f"{project.files.shown(project.files.path(name, project.directory))}:{error.line}", "Correct the line.")
            ) from None
    values.update(compose_merge.environment_values(service.get("environment"), exponent=True))
    if not values and "environment" not in service:
        return service
    result = service.like()
    result.update({key: value for key, value in service.items() if key != "env_file"})
    environment = Map(service.source, service.line)
    for name, value in values.items():
        if not value:
            found = project.lookup(name)
            value = value if found is None else found
        environment.put(name, value or "", service.where("environment") if "environment" in service else service.where("env_file"))
    result.put("environment", environment, service.where("environment") if "environment" in service else service.where("env_file"))
    return result
