# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compose services -> ECS container definitions (the part of them that a Compose file can say).

Each key of a service has one reader. A reader gets the value, knows the version, and puts what it means into
the container definition under RegisterTaskDefinition's names:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core import env_files
from ansible_collections.redash.ecs.plugins.module_utils.core.compose import Project
from ansible_collections.redash.ecs.plugins.module_utils.core.compose_merge import (
    MERGED,
    environment_entries,
    environment_values,
    scalar_text,
)
from ansible_collections.redash.ecs.plugins.module_utils.core.compose_schema import EFFECTIVE, KEYS, SPECIFICATION, V1, V2, V3, truth
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.shell_words import split_v2, split_v3
from ansible_collections.redash.ecs.plugins.module_utils.core.units import MIB, duration_in_seconds, size_in_bytes
from ansible_collections.redash.ecs.plugins.module_utils.core.yaml_tree import Map, Seq

CONDITIONS = {"service_started": "START", "service_healthy": "HEALTHY", "service_completed_successfully": "SUCCESS"}
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_TMPFS_SIZE = re.compile(r"size=(\d+(?:\.\d+)* ?[kKmMgGtTpP]?[bB]?)", re.ASCII)
_PORT_V3 = re.compile(r"(?:(?P<ip>\[[^\]]*\]|[^:]*):)?(?:(?P<host>[0-9-]*):)?(?P<container>[0-9-]+)(?:/(?P<protocol>[A-Za-z]+))?", re.ASCII)
MOST_PORTS = 1000


@dataclass
class Container:
    """One container definition in the making.

    ``where``          field of the definition -> the place in the file that set it
    ``not_essential``  another service waits for this one to end, so ECS must not stop the task when it does
    ``platform``       the Specification's ``platform``, a property of the whole task in ECS
    """

    definition: dict[str, Any]
    where: dict[str, str]
    not_essential: bool = False
    platform: str = ""


@dataclass
class Volumes:
    """The task's volumes: named ones from the top-level key, numbered ones for host paths and anonymous mounts."""

    named: list[str] = field(default_factory=list)
    hosts: dict[str, str] = field(default_factory=dict)

    def number(self) -> str:
        return f"volume-{len(self.named) + len(self.hosts)}"

    def source(self, source: str) -> str:
        """The name of the volume for what stands before the colon of a mount. Raises ValueError for an unknown name."""
        if not source:
            name = self.number()
            self.named.append(name)
            return name
        if not source.startswith((".", "/", "~")):
            if source not in self.named:
                raise ValueError(f"the volume {source} is not declared")
            return source
        return self.hosts.setdefault(source, self.number())

    def definitions(self) -> list[dict[str, Any]]:
        return [
            *({"name": name, "host": {"sourcePath": path}} for path, name in self.hosts.items()),
            *({"name": name} for name in self.named),
        ]


def containers(project: Project, problems: Problems) -> tuple[dict[str, Container], Volumes]:
    """The container definitions of all services that take part, in the order of the files, and the task's volumes."""
    volumes = _volumes(project, problems)
    services = _active(project)
    result: dict[str, Container] = {}
    for name, service in services.items():
        result[name] = _Service(project, name, service, volumes, problems).container()
    for name, service in services.items():
        _depend(project, name, service, services, result, problems)
    return result, volumes


def _volumes(project: Project, problems: Problems) -> Volumes:
    volumes = Volumes()
    for name, settings in project.volumes.items():
        where = project.volumes.where(name)
        if project.version == SPECIFICATION:
            for key in settings if isinstance(settings, Map) else ():
                if key not in ("name", "external", "labels") and not key.startswith("x-"):
                    problems.add(
                        f"volume {name}: {key} has no counterpart in ECS",
                        where=settings.where(key),
                        todo="Describe the volume in ecs-params.yml (task_definition.efs_volumes or docker_volumes).",
                    )
        elif settings is not None and (project.version == V2 or settings != {}):
            problems.add(
                f"volume {name}: settings of a volume are not taken from Compose files",
                where=where,
                todo="Leave the volume empty here and describe it in ecs-params.yml (task_definition.efs_volumes or docker_volumes).",
            )
        volumes.named.append(name)
    return volumes


def _active(project: Project) -> dict[str, Map]:
    """Services without a profile, and those of the profiles in COMPOSE_PROFILES."""
    chosen = {profile.strip() for profile in (project.lookup("COMPOSE_PROFILES") or "").split(",")}
    active = {}
    for name, service in project.services.items():
        profiles = service.get("profiles") or []
        if not profiles or "*" in chosen or chosen & set(profiles):
            active[name] = service
    return active


def _depend(project: Project, name: str, service: Map, services: dict[str, Map], result: dict[str, Container], problems: Problems) -> None:
    """The Specification's depends_on -> dependsOn. Versions 1 to 3 have it without effect, as in ecs-cli."""
    depends_on = service.get("depends_on")
    if project.version != SPECIFICATION or not depends_on:
        return
    entries = depends_on.items() if isinstance(depends_on, Map) else [(other, None) for other in depends_on]
    dependencies = []
    for other, settings in entries:
        where = depends_on.where(other) if isinstance(depends_on, Map) else depends_on.where(list(depends_on).index(other))
        condition = settings.get("condition", "service_started") if isinstance(settings, Map) else "service_started"
        required = not isinstance(settings, Map) or settings.get("required", True) is not False
        if condition not in CONDITIONS:
            problems.add(f"service {name}: unknown condition {condition!r}", where=where, todo=f"Use one of {', '.join(CONDITIONS)}.")
        elif other in services:
            dependencies.append({"containerName": other, "condition": CONDITIONS[condition]})
            if condition == "service_completed_successfully":
                result[other].not_essential = True
        elif required:
            reason = "is in no active profile" if other in project.services else "does not exist"
            problems.add(f"service {name} depends on {other}, which {reason}", where=where, todo="Remove it, or set required: false.")
    if dependencies:
        result[name].definition["dependsOn"] = dependencies
        result[name].where["dependsOn"] = service.where("depends_on")


class _Service:
    """Reads the keys of one service."""

    def __init__(self, project: Project, name: str, service: Map, volumes: Volumes, problems: Problems) -> None:
        self.project = project
        self.version = project.version
        self.name = name
        self.service = service
        self.volumes = volumes
        self.problems = problems
        self.definition: dict[str, Any] = {}
        self.where: dict[str, str] = {"": service.where()}
        self.linux: dict[str, Any] = {}
        self.capabilities: dict[str, Any] = {}

    # A problem with a key: say it and go on with the next key.
    def problem(self, key: str, what: str, todo: str = "", where: str = "") -> None:
        self.problems.add(f"service {self.name}: {what}", where=where or self.service.where(key), todo=todo)

    def set(self, field_name: str, value: Any, key: str) -> None:
        self.definition[field_name] = value
        self.where[field_name] = self.service.where(key)

    def container(self) -> Container:
        self.definition["name"] = self.name
        self.definition["image"] = ""
        self.definition["essential"] = True
        readers: dict[str, Callable[[str, Any], None]] = {
            "image": self.image,
            "command": lambda key, value: self.words("command", key, value),
            "entrypoint": lambda key, value: self.words("entryPoint", key, value),
            "ports": self.ports,
            "mem_limit": lambda key, value: self.memory("memory", key, value),
            "mem_reservation": lambda key, value: self.memory("memoryReservation", key, value),
            "cpu_shares": self.cpu_shares,
            "cpus": self.cpus,
            "logging": lambda key, value: self.logging(key, value.get("driver"), value.get("options")),
            "labels": self.labels,
            "ulimits": self.ulimits,
            "extra_hosts": self.extra_hosts,
            "links": self.plain("links"),
            "dns": self.plain("dnsServers"),
            "dns_search": self.plain("dnsSearchDomains"),
            "security_opt": self.plain("dockerSecurityOptions"),
            "privileged": self.plain("privileged"),
            "read_only": self.plain("readonlyRootFilesystem"),
            "tty": self.plain("pseudoTerminal"),
            "stdin_open": self.plain("interactive"),
            "user": self.plain("user"),
            "working_dir": self.plain("workingDirectory"),
            "hostname": self.plain("hostname"),
            "cap_add": lambda key, value: self.capabilities.update(add=list(value)),
            "cap_drop": lambda key, value: self.capabilities.update(drop=list(value)),
            "devices": self.devices,
            "shm_size": self.shm_size,
            "tmpfs": self.tmpfs,
            "init": lambda key, value: self.linux.update({"initProcessEnabled": True} if truth(value) else {}),
            "stop_grace_period": self.stop_grace_period,
            "volumes": self.mounts,
            "volumes_from": self.volumes_from,
            "healthcheck": self.healthcheck,
            "deploy": self.deploy,
            "secrets": self.secrets,
            "sysctls": self.sysctls,
        }
        effective = EFFECTIVE[self.version]
        for key, value in self.service.items():
            if key in readers and key in effective:
                if value is not None:
                    readers[key](key, value)
            elif key not in effective and not key.startswith("x-"):
                self.ignore(key, value)
        if "log_driver" in self.service and self.version == V1:
            self.logging("log_driver", self.service["log_driver"], self.service.get("log_opt"))
        self.environment()
        if self.version == V2 and "memoryReservation" in self.definition and "memory" not in self.definition:
            # To libcompose a reservation alone is the limit too.
            self.set("memory", self.definition["memoryReservation"], "mem_reservation")
        # docker/cli wants neither; ECS does, and validate() says so.
        if "image" not in self.service and "build" not in self.service and self.version != V3:
            self.problem("", "there is neither an image nor a build context", "Set image.", where=self.service.where())
        if self.version == V1 and "image" in self.service and {"build", "dockerfile"} & set(self.service):
            self.problem("image", "there are both an image and a build path", "Remove build: ECS needs the image.")
        if self.capabilities:
            self.linux["capabilities"] = self.capabilities
        if self.linux:
            self.definition["linuxParameters"] = self.linux
        return Container(self.definition, self.where, platform=str(self.service.get("platform") or ""))

    def ignore(self, key: str, value: Any) -> None:
        if self.version == SPECIFICATION and key in ("configs", "models", "provider", "use_api_socket"):
            self.problem(key, f"{key} has no counterpart in ECS", "Remove it, or build it into the image.")
        elif value not in (None, False, {}, [], ""):
            todo = (
                "; service-level resources belong in ecs-params.yml"
                if key == "deploy" and isinstance(value, Map) and value.get("resources")
                else ""
            )
            self.project.warn(f"service {self.name}: {key} has no effect in ECS{todo}", self.service.where(key))

    def plain(self, field_name: str) -> Callable[[str, Any], None]:
        """A reader that takes the value over as it is; a text where ECS wants a list becomes a list of one."""

        def read(key: str, value: Any) -> None:
            if field_name in ("dnsServers", "dnsSearchDomains"):
                value = [value] if isinstance(value, str) else list(value)
            elif isinstance(value, Seq):
                value = list(value)
            elif KEYS[self.version][key] == "literal yes or no":
                value = truth(value)
            if value not in ("", [], False):
                self.set(field_name, value, key)

        return read

    def image(self, key: str, value: str) -> None:
        self.set("image", value, key)

    def words(self, field_name: str, key: str, value: Any) -> None:
        if isinstance(value, Seq):
            if not all(isinstance(word, str) for word in value):
                self.problem(key, f"{key} has an item that is not text", "Put numbers and true or false in quotes.")
            words = [str(word) for word in value]
        elif not isinstance(value, str):
            self.problem(key, f"{key} is neither text nor a list of texts", "Put it in quotes.")
            return
        else:
            try:
                words = split_v2(value) if self.version in (V1, V2) else self.words_v3(key, value)
            except ValueError as error:
                self.problem(key, f"{key} {value!r} can't be split into words: {error}", "Write it as a list.")
                return
        if words:
            self.set(field_name, words, key)

    def words_v3(self, key: str, value: str) -> list[str]:
        modern = self.version == SPECIFICATION
        dropped: list[str] = []
        words = split_v3(value, dropped.append, modern=modern)
        if dropped:
            todo = 'No shell reads it; write ["sh", "-c", "..."] if one should.'
            if modern:
                self.problem(key, f"{key} holds {dropped[0][0]!r} outside quotes", todo)
            else:
                self.project.warn(f"service {self.name}: {key} is cut off before {dropped[0]!r}. {todo}", self.service.where(key))
        return words

    # ---- environment -------------------------------------------------------------------------------

    def environment(self) -> None:
        value = self.service.get("environment")
        if self.version == V3:
            variables = list(environment_values(value, exponent=True).items())
        elif self.version == SPECIFICATION:
            variables = self.environment_of_specification(value)
        else:
            variables = [self.variable_v2(entry) for entry in environment_entries(value)]
        if variables:
            self.definition["environment"] = [{"name": name, "value": text or ""} for name, text in variables]
            self.where["environment"] = self.service.where("environment" if "environment" in self.service else "env_file")

    def variable_v2(self, entry: str) -> tuple[str, str]:
        """An empty value is looked up in the shell and in .env; libcompose makes no difference to an absent one."""
        name, _, value = entry.partition("=")
        if value:
            return name, value
        found = self.project.lookup(name)
        if not found:
            self.project.warn(f"service {self.name}: the variable {name} has no value and becomes blank", self.service.where("environment"))
        return name, found or ""

    def environment_of_specification(self, value: Any) -> list[tuple[str, str | None]]:
        values: dict[str, str | None] = {}
        for path, required, raw, where in self.env_files():
            try:
                text = self.project.files.text(path, asked_for=where)
            except RedashError as error:
                if required or self.project.files.exists(path):
                    self.problems.extend(error)
                continue
            try:
                if raw:
                    values.update(env_files.parse_docker(text, self.project.lookup))
                else:
                    values.update(env_files.parse_specification(text, self.project.lookup, self.unset_at(where)))
            except env_files.EnvFileError as error:
                self.problem("env_file", str(error), "Correct the line.", where=f"{self.project.files.shown(path)}:{error.line}")
        values.update(environment_values(value, exponent=True))
        # A name without a value is taken from the shell; when it is not set there, the container does not get it.
        resolved = [(name, self.project.lookup(name) if text is None else text) for name, text in values.items()]
        return [(name, text) for name, text in resolved if text is not None]

    def unset_at(self, where: str) -> Callable[[str], None]:
        return lambda name: self.project.warn(f"the variable {name} is not set; it becomes blank", where)

    def env_files(self) -> list[tuple[Path, bool, bool, str]]:
        """Path, whether it must exist, whether it is read without quotes and variables, where it stands."""
        result = []
        entries: Seq = self.service.get("env_file") or Seq("", 0)
        for index, entry in enumerate(entries):
            where = entries.where(index)
            if isinstance(entry, Map):
                result.append((Path(entry["path"]), entry.get("required", True) is not False, entry.get("format") == "raw", where))
            else:
                result.append((Path(entry), True, False, where))
        return result

    # ---- ports -------------------------------------------------------------------------------------

    def ports(self, key: str, value: Seq) -> None:
        mappings: list[dict[str, Any]] = []
        for index, port in enumerate(value):
            try:
                if isinstance(port, Map):
                    mappings += self.port_long(port)
                elif self.version in (V1, V2):
                    mappings.append(self.port_v2(scalar_text(port, exponent=False)))
                else:
                    mappings += self.ports_v3(scalar_text(port, exponent=False))
            except ValueError as error:
                self.problem(
                    key, f"port {port if not isinstance(port, Map) else dict(port)!r}: {error}", 'Write "5000:5000".', value.where(index)
                )
            if len(mappings) > MOST_PORTS:
                self.problem(key, "more ports than a container can have", "Name the ports that are needed.")
                return
        if value.tag == MERGED:
            # A later file's port replaces an earlier one's on the same host port.
            by_host = {mapping["hostPort"] or (mapping["containerPort"], mapping["protocol"]): mapping for mapping in mappings}
            mappings = sorted(by_host.values(), key=lambda mapping: mapping["hostPort"])
        if mappings:
            self.set("portMappings", mappings, key)

    def port_v2(self, text: str) -> dict[str, Any]:
        port, slash, protocol = text.rpartition("/")
        if not slash or protocol not in ("tcp", "udp"):
            port, protocol = text, "tcp"
        parts = port.split(":")
        if len(parts) > 3:
            raise ValueError("it is not [HOST:]CONTAINER")
        if len(parts) == 3:
            self.project.warn(f"service {self.name}: the address of port {text} has no effect in ECS", self.service.where("ports"))
        # ecs-cli looks at the container port only when both are given: a bad host port becomes 0.
        host = _port_number(parts[-2], strict=False) if len(parts) > 1 else 0
        return {"hostPort": host, "containerPort": _port_number(parts[-1]), "protocol": protocol}

    def ports_v3(self, text: str) -> list[dict[str, Any]]:
        match = _PORT_V3.fullmatch(text)
        if not match:
            raise ValueError("it is not [HOST:]CONTAINER[/PROTOCOL]")
        ip, host, container = match["ip"], match["host"], match["container"]
        if host is None and ip is not None:
            # "8000:80" has no address: what stands before the colon is the host port.
            ip, host = None, ip
        if ip:
            self.project.warn(f"service {self.name}: the address of port {text} has no effect in ECS", self.service.where("ports"))
        return self.port_range(container, host or "", (match["protocol"] or "tcp").lower())

    def port_range(self, container: str, host: str, protocol: str) -> list[dict[str, Any]]:
        if protocol not in ("tcp", "udp", "sctp"):
            raise ValueError(f"{protocol} is not a protocol")
        first, last = _port_range(container)
        host_first, host_last = _port_range(host) if host else (0, 0)
        if host and host_last - host_first != last - first and first != last:
            raise ValueError("the two ranges differ in length")
        if host and first == last:
            pairs = [(first, port) for port in range(host_first, host_last + 1)]
        else:
            pairs = [(port, host_first + port - first if host else 0) for port in range(first, last + 1)]
        # docker/cli orders the ports of a range as text.
        pairs.sort(key=lambda pair: f"{pair[0]}/{protocol}")
        mappings = []
        for container_port, host_port in pairs:
            mapping = {"containerPort": container_port, "hostPort": host_port, "protocol": protocol}
            if self.version == SPECIFICATION and not host:
                del mapping["hostPort"]
            mappings.append(mapping)
        return mappings

    def port_long(self, port: Map) -> list[dict[str, Any]]:
        known = ("target", "published", "protocol", "host_ip", "mode", "app_protocol", "name")
        unknown = [key for key in port if key not in known and not key.startswith("x-")]
        if unknown:
            raise ValueError(f"unknown key {unknown[0]}")
        if "target" not in port:
            raise ValueError("there is no target")
        if port.get("host_ip"):
            self.project.warn(f"service {self.name}: host_ip of a port has no effect in ECS", port.where("host_ip"))
        mappings = self.port_range(
            scalar_text(port["target"], exponent=False),
            scalar_text(port.get("published"), exponent=False),
            str(port.get("protocol") or "tcp"),
        )
        for mapping in mappings:
            if port.get("name"):
                mapping["name"] = str(port["name"])
            if port.get("app_protocol"):
                mapping["appProtocol"] = str(port["app_protocol"])
        return mappings

    # ---- resources ---------------------------------------------------------------------------------

    def bytes(self, key: str, value: Any, where: str = "") -> int | None:
        """Bytes of a number or text; None when it is neither, which has been said by then. ``key`` may be a path, with ``where``."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            if value != value or abs(value) >= 1 << 63:
                self.problem(key, f"{key} {value} is too large", "Write a size such as 512m.", where)
                return None
            return int(value)
        try:
            return size_in_bytes(str(value))
        except ValueError as error:
            self.problem(key, f"{key} {error}", "Write a size such as 512m or 2g.", where)
            return None

    def mib(self, key: str, value: Any, where: str = "") -> int:
        """MiB of a number or text, which count bytes where no unit is named; 0 for none, and for what has been refused."""
        size = self.bytes(key, value, where)
        if size is None or (size == -1 and self.version in (V1, V2)):  # -1 is libcompose's "not set"
            return 0
        if size < 0:
            self.problem(key, f"{key} {value} is less than nothing", "Write a size such as 512m.", where)
            return 0
        if 0 < size < MIB:
            todo = f"Write its unit: {value}m." if _WHOLE.fullmatch(str(value)) else "Write a size such as 512m."
            what = f"{key} {value} is {size} bytes, less than 1 MiB"
            if self.version == SPECIFICATION:
                self.problem(key, what, todo, where)
            else:  # as ecs-cli, whose files of these versions run somewhere
                self.project.warn(f"service {self.name}: {what}, and has no effect. {todo}", where or self.service.where(key))
            return 0
        return size // MIB

    def memory(self, field_name: str, key: str, value: Any, name: str = "", where: str = "") -> None:
        size = self.mib(name or key, value, where)
        if size:
            self.set(field_name, size, key)

    def cpu_shares(self, key: str, value: Any) -> None:
        # libcompose reads text here as a size, so that "1k" is 1024.
        shares = self.bytes(key, value)
        if shares:
            self.set("cpu", shares, key)

    def cpus(self, key: str, value: Any, where: str = "") -> None:
        try:
            units = round(float(scalar_text(value, exponent=False)) * 1024)
        except (ValueError, OverflowError):
            self.problem(key, f"cpus {value!r} is not a number", "Write a number of CPUs such as 0.5.", where)
            return
        if units:
            self.set("cpu", units, key)

    def deploy(self, key: str, value: Map) -> None:
        resources = value.get("resources")
        for name in value:
            if name != "resources" and not name.startswith("x-"):
                self.project.warn(f"service {self.name}: deploy.{name} has no effect in ECS", value.where(name))
        if not isinstance(resources, Map):
            if resources is not None:
                self.problem(key, "deploy.resources is not a map", "Write limits and reservations below it.")
            return
        for part, field_name in (("reservations", "memoryReservation"), ("limits", "memory")):
            settings = resources.get(part)
            if settings is None:
                continue
            if not isinstance(settings, Map):
                self.problem(key, f"deploy.resources.{part} is not a map", "Write cpus and memory below it.", resources.where(part))
                continue
            for name, item in settings.items():
                if name == "memory":
                    self.memory(field_name, key, item, f"deploy.resources.{part}.memory", settings.where(name))
                elif name == "cpus":
                    # A container's cpu in ECS is both its share and, beside other containers, its limit.
                    self.cpus(key, item, settings.where(name))
                else:
                    self.project.warn(f"service {self.name}: deploy.resources.{part}.{name} has no effect in ECS", settings.where(name))

    def shm_size(self, key: str, value: Any) -> None:
        size = self.mib(key, value)
        if size:
            self.linux["sharedMemorySize"] = size

    def ulimits(self, key: str, value: Any) -> None:
        if not isinstance(value, Map):
            self.problem(key, "ulimits is not a map", "Write nofile: {soft: 1024, hard: 2048}.")
            return
        limits = []
        for name, limit in value.items():
            soft, hard = (limit.get("soft"), limit.get("hard")) if isinstance(limit, Map) else (limit, limit)
            if self.version == SPECIFICATION:  # which casts a text
                soft, hard = (int(str(number)) if _WHOLE.fullmatch(str(number)) else number for number in (soft, hard))
            if not all(isinstance(number, int) and not isinstance(number, bool) for number in (soft, hard)):
                self.problem(key, f"ulimit {name} is not a whole number", "Write nofile: {soft: 1024, hard: 2048}.", value.where(name))
                continue
            limits.append({"name": name, "softLimit": soft, "hardLimit": hard})
        if limits:
            self.set("ulimits", limits, key)

    def stop_grace_period(self, key: str, value: str) -> None:
        seconds = self.seconds(key, value, self.service.where(key))
        if seconds is not None:
            self.set("stopTimeout", seconds, key)

    def seconds(self, key: str, value: Any, where: str) -> int | None:
        try:
            return duration_in_seconds(str(value))
        except ValueError as error:
            self.problem(key, f"{key} {error}", "Write a duration with its unit, such as 30s or 1m30s.", where)
            return None

    # ---- logging, labels, hosts --------------------------------------------------------------------

    def logging(self, key: str, driver: Any, options: Any) -> None:
        if isinstance(self.service.get("logging"), Map) and self.version != V1:
            unknown = [name for name in self.service["logging"] if name not in ("driver", "options") and not name.startswith("x-")]
            if unknown:
                self.problem(key, f"unknown key logging.{unknown[0]}", "Remove it.", self.service["logging"].where(unknown[0]))
        if not isinstance(driver, str | None) or not isinstance(options, Map | None):
            self.problem(key, "logging is not {driver, options}", "Write driver: awslogs and options: below it.")
            return
        texts = {}
        for name, option in (options or {}).items():
            if isinstance(option, Map | Seq):
                self.problem(key, f"logging option {name} is not text", "Write one value.", options.where(name) if options else "")
            texts[name] = scalar_text(option, exponent=self.version not in (V1, V2))
        if not driver and self.version != V3:
            self.project.warn(f"service {self.name}: logging without a driver has no effect", self.service.where(key))
            return
        configuration: dict[str, Any] = {"logDriver": driver or ""}
        if texts:
            configuration["options"] = texts
        self.set("logConfiguration", configuration, key)

    def labels(self, key: str, value: Any) -> None:
        labels: dict[str, str] = {}
        if isinstance(value, Map):
            for name, text in value.items():
                if self.version in (V1, V2) and not isinstance(text, str):
                    self.problem(
                        key, f"label {name} is not text", f'Write {name}: "{scalar_text(text, exponent=False)}".', value.where(name)
                    )
                labels[name] = scalar_text(text, exponent=True)
        else:
            for entry in value:
                name, _, text = (entry.strip(env_files.GO_SPACE) if self.version in (V1, V2) else entry).partition("=")
                labels[name] = text
        if labels:
            self.set("dockerLabels", labels, key)

    def extra_hosts(self, key: str, value: Any) -> None:
        modern = self.version == SPECIFICATION
        if isinstance(value, Map):
            if self.version in (V1, V2):
                self.problem(key, "extra_hosts is a map", "Write a list of NAME:ADDRESS.")
                return
            entries = sorted(f"{name}:{address}" for name, address in value.items())
        elif isinstance(value, Seq) and all(isinstance(entry, str) for entry in value):
            entries = list(value)
        else:
            self.problem(key, "extra_hosts is not a list of texts", "Write a list of NAME:ADDRESS.")
            return
        hosts = []
        for entry in entries:
            if modern:
                name, _, address = entry.partition("=") if "=" in entry else entry.partition(":")
                parts = [name, address.strip("[]")] if address else [entry]
            else:
                parts = entry.split(":")
            if len(parts) != 2:
                self.problem(key, f"extra host {entry!r} is not NAME:ADDRESS", "Write it so, with an IPv4 address.")
                continue
            hosts.append({"hostname": parts[0], "ipAddress": parts[1]})
        if hosts:
            self.set("extraHosts", hosts, key)

    def sysctls(self, key: str, value: Any) -> None:
        values = environment_values(value, exponent=False)
        self.set("systemControls", [{"namespace": name, "value": text or ""} for name, text in values.items()], key)

    # ---- devices and volumes -----------------------------------------------------------------------

    def devices(self, key: str, value: Seq) -> None:
        devices = []
        for index, text in enumerate(value):
            where = value.where(index)
            parts = str(text).split(":")
            if not isinstance(text, str) or len(parts) > 3:
                self.problem(key, f"device {text!r} is not HOST[:CONTAINER[:rwm]]", "Write it so.", where)
                continue
            device: dict[str, Any] = {"hostPath": parts[0]}
            if len(parts) > 1:
                device["containerPath"] = parts[1]
            if len(parts) > 2:
                if len(parts[2]) > 3 or set(parts[2]) - set("rwm"):
                    self.problem(key, f"device {text!r} has other permissions than r, w and m", "Write some of rwm.", where)
                    continue
                names = {"m": "mknod", "r": "read", "w": "write"}
                device["permissions"] = [names[letter] for letter in names if letter in parts[2]]
            devices.append(device)
        if devices:
            self.linux["devices"] = devices

    def tmpfs(self, key: str, value: Any) -> None:
        mounts = []
        for mount in [value] if isinstance(value, str) else value:
            path, colon, options = mount.partition(":")
            if not colon:
                self.problem(key, f"tmpfs {mount!r} has no size", f"Write {path}:size=64m.")
                continue
            size = 0
            others = []
            for option in options.split(","):
                match = _TMPFS_SIZE.search(option)
                if match is None:
                    others.append(option)
                    continue
                try:
                    size = size_in_bytes(match.group(1)) // MIB
                except ValueError as error:
                    self.problem(key, f"tmpfs {error}", f"Write {path}:size=64m.")
                    size = -1
            if size == 0:
                self.problem(key, f"tmpfs {mount!r} has no size of at least 1 MiB", f"Write {path}:size=64m.")
            if size > 0:
                entry: dict[str, Any] = {"containerPath": path, "size": size}
                if others:
                    entry["mountOptions"] = others
                mounts.append(entry)
        if mounts:
            self.linux["tmpfs"] = [*self.linux.get("tmpfs", []), *mounts]

    def mounts(self, key: str, value: Seq) -> None:
        mounts = []
        for index, volume in enumerate(value):
            try:
                mount = self.mount_long(volume) if isinstance(volume, Map) else self.mount_short(volume)
            except ValueError as error:
                shown = dict(volume) if isinstance(volume, Map) else volume
                self.problem(key, f"volume {shown!r}: {error}", "Write NAME:/path and declare NAME under volumes.", value.where(index))
                continue
            if mount:
                mounts.append(mount)
        if mounts:
            self.set("mountPoints", mounts, key)

    def mount_short(self, text: Any) -> dict[str, Any]:
        if not isinstance(text, str):
            raise ValueError("it is not text")
        if self.version in (V1, V2):
            parts = text.split(":", 2)
            mode = parts[2] if len(parts) == 3 else ""
            if mode not in ("", "ro", "rw"):
                raise ValueError(f"the mode {mode} is neither ro nor rw")
            return self.mount(parts[0] if len(parts) > 1 else "", parts[-1 if len(parts) < 3 else 1], mode == "ro")
        parts = text.split(":")
        if len(parts) > 3 or not all(parts):
            raise ValueError("it is not [SOURCE:]TARGET[:MODE]")
        modes = parts[2].split(",") if len(parts) == 3 else []
        # docker/cli ignores options that it does not know; the last of ro and rw counts.
        read_only = ([mode == "ro" for mode in modes if mode in ("ro", "rw")] or [False])[-1]
        return self.mount(self.absolute(parts[0]) if len(parts) > 1 else "", parts[0] if len(parts) == 1 else parts[1], read_only)

    def absolute(self, source: str) -> str:
        """A host path of version 3 and later is relative to the first Compose file."""
        if source.startswith("~"):
            home = self.project.lookup("HOME") or "~"
            return home + source[1:]
        if source.startswith("."):
            path = Path(self.project.files.cwd.resolve() / self.project.directory / source)
            return str(Path(*[part for part in path.parts if part != "."])) if ".." not in path.parts else str(path.resolve())
        return source

    def mount(self, source: str, target: str, read_only: bool) -> dict[str, Any]:
        return {"sourceVolume": self.volumes.source(source), "containerPath": target, "readOnly": read_only}

    def mount_long(self, volume: Map) -> dict[str, Any] | None:
        kind = volume.get("type")
        target = volume.get("target")
        source = volume.get("source")
        if not isinstance(target, str) or not isinstance(source, str | None):
            raise ValueError("there is no target")
        if kind == "tmpfs":
            settings = volume.get("tmpfs")
            size = settings.get("size") if isinstance(settings, Map) else None
            in_bytes = self.bytes("tmpfs.size", size, volume.where("tmpfs")) if size is not None else 0
            if in_bytes is None:
                return None
            if in_bytes < MIB:
                raise ValueError("ECS needs tmpfs.size")
            self.linux["tmpfs"] = [*self.linux.get("tmpfs", []), {"containerPath": target, "size": in_bytes // MIB}]
            return None
        if kind not in ("volume", "bind"):
            raise ValueError(f"the type {kind} has no counterpart in ECS")
        if kind == "bind" and not (source or "").startswith((".", "/", "~")):
            raise ValueError("the source of a bind mount is a path")
        return self.mount(self.absolute(source) if source else "", target, volume.get("read_only") is True)

    def volumes_from(self, key: str, value: Seq) -> None:
        entries = []
        for index, text in enumerate(value):
            parts = str(text).split(":")
            if parts[0] == "container" and len(parts) > 1:
                parts = parts[1:]
            mode = parts[1] if len(parts) > 1 else ""
            if len(parts) > 2 or mode not in ("", "ro", "rw"):
                self.problem(key, f"volumes_from {text!r} is not [container:]NAME[:ro|rw]", "Write it so.", value.where(index))
                continue
            entries.append({"sourceContainer": parts[0], "readOnly": mode == "ro"})
        if entries:
            self.set("volumesFrom", entries, key)

    # ---- health check and secrets ------------------------------------------------------------------

    def healthcheck(self, key: str, value: Any) -> None:
        if not isinstance(value, Map):
            self.problem(key, "healthcheck is not a map", "Write test: below it.")
            return
        modern = self.version == SPECIFICATION
        disabled = value.get("disable")
        if disabled is not None and truth(disabled) is None:
            self.problem(key, f"healthcheck.disable is {disabled!r}, not true or false", "Write true or false.", value.where("disable"))
        if truth(disabled):
            return
        check: dict[str, Any] = {}
        known = {"interval": "interval", "timeout": "timeout", **({"start_period": "startPeriod"} if modern else {})}
        for name, item in value.items():
            where = value.where(name)
            if item is None or name == "disable":
                continue
            if name == "test":
                command = self.health_command(key, item, where, modern)
                if command is None:
                    return
                check["command"] = command
            elif name in known:
                seconds = self.seconds(f"healthcheck.{name}", item, where)
                if seconds is not None:
                    check[known[name]] = seconds
            elif name == "retries":
                number = item if not isinstance(item, str) or not item.isascii() or not item.isdigit() else int(item)
                if isinstance(number, bool) or not isinstance(number, int | float) or number != number or abs(number) > 1 << 31:
                    self.problem(key, f"healthcheck.retries {item!r} is not a number", "Write a number.", where)
                else:
                    check["retries"] = int(number)
            elif modern and name == "start_interval":
                self.project.warn(f"service {self.name}: healthcheck.start_interval has no effect in ECS", where)
            elif not (modern and name.startswith("x-")):
                self.problem(key, f"unknown key healthcheck.{name}", "Set it in ecs-params.yml, or remove it.", where)
        self.set("healthCheck", check, key)

    def health_command(self, key: str, test: Any, where: str, modern: bool) -> list[str] | None:
        if isinstance(test, str):
            return ["CMD-SHELL", test]
        if not isinstance(test, Seq) or not all(isinstance(word, str) for word in test):
            self.problem(key, "healthcheck.test is neither text nor a list of texts", 'Write ["CMD", "..."].', where)
            return []
        if modern and list(test) == ["NONE"]:
            return None
        if modern and test and test[0] not in ("CMD", "CMD-SHELL", "NONE"):
            self.problem(key, "healthcheck.test does not begin with CMD or CMD-SHELL", 'Write ["CMD", "..."].', where)
        if test and test[0] == "CMD-SHELL" and len(test) > 2:
            # Docker gives the shell the first text as its script, and the rest as that script's arguments.
            self.project.warn(
                f"service {self.name}: healthcheck.test runs only {test[1]!r}, because CMD-SHELL takes one text; "
                "put the whole command into it",
                where,
            )
        return list(test)

    def secrets(self, key: str, value: Seq) -> None:
        """The Specification's secrets are files; ECS has them as variables, so a secret's target is a variable's name."""
        secrets = []
        for index, entry in enumerate(value):
            where = value.where(index)
            source = entry.get("source") if isinstance(entry, Map) else entry
            if not isinstance(source, str) or source not in self.project.secrets:
                self.problem(key, f"the secret {source!r} is not declared", "Declare it under the top-level key secrets.", where)
                continue
            target = entry.get("target") if isinstance(entry, Map) else None
            name = str(target or source).rsplit("/", 1)[-1]
            settings = self.project.secrets[source]
            reference = settings.get("name") if isinstance(settings, Map) and settings.get("external") else None
            if not isinstance(reference, str) or not reference:
                self.problem(
                    key,
                    f"the secret {source} names no parameter",
                    "Declare it as {external: true, name: <name of an SSM parameter, or ARN of it or of a Secrets Manager secret>}.",
                    self.project.secrets.where(source),
                )
                continue
            secrets.append({"name": name, "valueFrom": reference})
        if secrets:
            self.set("secrets", secrets, key)


def _port_number(text: str, *, strict: bool = True) -> int:
    """Go's strconv.Atoi. Raises ValueError, or gives 0 when not ``strict``."""
    if re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        return int(text)
    if strict:
        raise ValueError(f"{text!r} is not a number")
    return 0


def _port_range(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if not re.fullmatch(r"[0-9]{1,5}", first) or (dash and not re.fullmatch(r"[0-9]{1,5}", last)):
        raise ValueError(f"{text!r} is not a port")
    start, end = int(first), int(last) if dash else int(first)
    if end < start or end > 65535:
        raise ValueError(f"{text!r} is not a range of ports")
    return start, end
