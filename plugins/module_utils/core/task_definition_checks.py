# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ECS would refuse about a task definition, said before it is asked, all at once.

ECS names one fault per call, without a file or a line. The rules are those of
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html and, for Fargate,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.fargate import check_size, parse_cpu, parse_memory

Places = Mapping[tuple[str, str], str]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_CONDITIONS = ("START", "COMPLETE", "SUCCESS", "HEALTHY")
_NETWORK_MODES = ("awsvpc", "bridge", "host", "none")
_LOG_DRIVERS_ON_FARGATE = ("awslogs", "awsfirelens", "splunk")
_AWSLOGS_REQUIRED = ("awslogs-group", "awslogs-region")
# Seconds; healthCheck's ranges are in API_HealthCheck, stopTimeout's upper end is Fargate's.
_HEALTH_RANGES = {"interval": (5, 300), "timeout": (2, 120), "retries": (1, 10), "startPeriod": (0, 300)}
_STOP_TIMEOUT = (0, 120)
_EPHEMERAL = (21, 200)
_SMALLEST_MEMORY = 6
_MOST_ENVIRONMENT_BYTES = 60_000


def validate(request: Mapping[str, Any], launch_type: str | None, places: Places | None = None) -> list[Problem]:
    """Everything that ECS would refuse about ``request``; empty when it would take it.

    ``launch_type`` is FARGATE, EC2, EXTERNAL or None. ``places`` are Translation.places.
    """
    return list(_Checks(request, launch_type == "FARGATE", places or {}).all())


@dataclass
class _Checks:
    request: Mapping[str, Any]
    fargate: bool
    places: Places

    def where(self, container: str, field_name: str = "") -> str:
        return self.places.get((container, field_name)) or self.places.get((container, ""), "")

    @property
    def network_mode(self) -> str:
        return str(self.request.get("networkMode") or "bridge")

    def all(self) -> Iterator[Problem]:
        family = str(self.request.get("family", ""))
        if not _NAME.fullmatch(family):
            yield Problem(f"the family {family!r} is not a name", "project_name", "Use up to 255 letters, digits, dashes and underscores.")
        containers = self.request.get("containerDefinitions") or []
        if not containers:
            yield Problem("the task has no container", "", "Add a service to the Compose file.")
        elif not any(container.get("essential", True) for container in containers):
            yield Problem("no container is essential", self.where("", "essential"), "Set essential: true for one of them.")
        for name, count in Counter(container.get("name") for container in containers).items():
            if count > 1:
                yield Problem(f"there are {count} containers called {name}", self.where(str(name)), "Rename one.")
        yield from self.task()
        for container in containers:
            yield from self.container(container)
        yield from self.ports(containers)
        yield from self.dependencies(containers)
        yield from self.volumes(containers)

    def task(self) -> Iterator[Problem]:
        if self.network_mode not in _NETWORK_MODES:
            yield Problem(f"unknown network mode {self.network_mode}", self.where("", "networkMode"), "Set ecs_network_mode: awsvpc.")
        if self.fargate and self.network_mode != "awsvpc":
            yield Problem(
                f"Fargate needs the network mode awsvpc, not {self.network_mode}",
                self.where("", "networkMode"),
                "Set task_definition.ecs_network_mode: awsvpc in ecs-params.yml.",
            )
        yield from self.size()
        roles = [name for name in ("executionRoleArn", "taskRoleArn") if self.request.get(name)]
        for name in roles:
            role = str(self.request[name])
            if role.startswith("arn:") and not re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", role):
                yield Problem(
                    f"{role} is not the ARN of a role", self.where("", name), "Write the role's name or arn:aws:iam::...:role/..."
                )
        if "executionRoleArn" not in roles:
            reason = self.needs_execution_role()
            if reason:
                yield Problem(f"there is no execution role, and {reason}", "", "Set task_definition.task_execution_role in ecs-params.yml.")
        platform = self.request.get("runtimePlatform") or {}
        if platform.get("cpuArchitecture", "X86_64") not in ("X86_64", "ARM64"):
            yield Problem(
                f"unknown architecture {platform['cpuArchitecture']}",
                self.where("", "runtimePlatform"),
                "Write cpu_architecture: X86_64 or ARM64.",
            )
        storage = (self.request.get("ephemeralStorage") or {}).get("sizeInGiB")
        if storage is not None and not _EPHEMERAL[0] <= storage <= _EPHEMERAL[1]:
            yield Problem(
                f"ephemeral storage of {storage} GiB is out of range",
                self.where("", "ephemeralStorage"),
                f"Write {_EPHEMERAL[0]} to {_EPHEMERAL[1]}, or remove it for the 20 GiB that every task has.",
            )
        if self.fargate and self.request.get("placementConstraints"):
            yield Problem("Fargate has no placement constraints", self.where("", "placementConstraints"), "Remove placement_constraints.")
        if self.fargate and self.request.get("ipcMode"):
            yield Problem(f"Fargate has no IPC mode {self.request['ipcMode']}", self.where("", "ipcMode"), "Remove ipc_mode.")
        if self.fargate and self.request.get("pidMode", "task") != "task":
            yield Problem(
                f"Fargate has no PID mode {self.request['pidMode']}", self.where("", "pidMode"), "Write pid_mode: task, or remove it."
            )

    def size(self) -> Iterator[Problem]:
        cpu, memory = self.request.get("cpu"), self.request.get("memory")
        where = self.where("", "cpu") or self.where("", "memory")
        if not cpu or not memory:
            if self.fargate:
                missing = " and ".join(name for name, value in (("cpu_limit", cpu), ("mem_limit", memory)) if not value)
                yield Problem(
                    f"Fargate needs a task size, and there is no {missing}", where, "Set task_definition.task_size in ecs-params.yml."
                )
            return
        try:
            units, mib = parse_cpu(cpu, where), parse_memory(memory, where)
        except RedashError as error:
            yield from error.problems
            return
        if self.fargate:
            yield from check_size(units, mib, where)
        containers = self.request.get("containerDefinitions") or []
        # A container's hard limit counts as its share when it reserves less; nothing may exceed the task.
        reserved = sum(container.get("memoryReservation") or container.get("memory") or 0 for container in containers)
        if reserved > mib:
            yield Problem(
                f"the containers reserve {reserved} MiB, the task has {mib} MiB", where, "Raise mem_limit or lower the containers'."
            )
        for container in containers:
            if (container.get("memory") or 0) > mib:
                name = str(container.get("name"))
                yield Problem(
                    f"service {name} has a limit of {container['memory']} MiB, the task has {mib} MiB",
                    self.where(name, "memory"),
                    "Lower it.",
                )
        shares = sum(container.get("cpu") or 0 for container in containers)
        if shares > units:
            yield Problem(f"the containers reserve {shares} CPU units, the task has {units}", where, "Raise cpu_limit or lower cpu_shares.")

    def needs_execution_role(self) -> str:
        for container in self.request.get("containerDefinitions") or []:
            logging = container.get("logConfiguration") or {}
            if container.get("secrets") or logging.get("secretOptions"):
                return f"service {container.get('name')} has secrets"
            if self.fargate and logging.get("logDriver") == "awslogs":
                return f"service {container.get('name')} logs to CloudWatch Logs"
            if container.get("repositoryCredentials"):
                return f"service {container.get('name')} has repository credentials"
        return ""

    def container(self, container: Mapping[str, Any]) -> Iterator[Problem]:
        name = str(container.get("name", ""))
        service = f"service {name}"
        if not _NAME.fullmatch(name):
            yield Problem(
                f"{service}: the name has characters that ECS refuses", self.where(name), "Use letters, digits, dashes and underscores."
            )
        if not container.get("image"):
            yield Problem(f"{service} has no image", self.where(name, "image"), "Set image; ECS builds nothing.")
        yield from self.variables(name, container)
        yield from self.logging(name, container.get("logConfiguration"))
        check = container.get("healthCheck") or {}
        if container.get("healthCheck") is not None:
            command = check.get("command") or []
            if not command or command[0] not in ("CMD", "CMD-SHELL", "NONE"):
                yield Problem(
                    f"{service}: the health check's command begins with {command[0] if command else 'nothing'!r}",
                    self.where(name, "healthCheck"),
                    'Begin it with CMD or CMD-SHELL: ["CMD", "curl", "..."].',
                )
        for field_name, (low, high) in _HEALTH_RANGES.items():
            value = check.get(field_name)
            if value is not None and not low <= value <= high:
                yield Problem(
                    f"{service}: the health check's {field_name} is {value}", self.where(name, "healthCheck"), f"Write {low} to {high}."
                )
        stop = container.get("stopTimeout")
        if self.fargate and stop is not None and not _STOP_TIMEOUT[0] <= stop <= _STOP_TIMEOUT[1]:
            yield Problem(
                f"{service}: a stop timeout of {stop} s", self.where(name, "stopTimeout"), f"Fargate takes up to {_STOP_TIMEOUT[1]} s."
            )
        memory = container.get("memory")
        if memory is not None and memory < _SMALLEST_MEMORY:
            yield Problem(
                f"{service}: a memory limit of {memory} MiB", self.where(name, "memory"), f"ECS takes {_SMALLEST_MEMORY} MiB and more."
            )
        if self.network_mode == "awsvpc":
            for field_name, key in (
                ("links", "links"),
                ("hostname", "hostname"),
                ("extraHosts", "extra_hosts"),
                ("dnsServers", "dns"),
                ("dnsSearchDomains", "dns_search"),
            ):
                if container.get(field_name) and (field_name in ("links", "hostname") or self.fargate):
                    reason = "Containers of one task reach each other as localhost." if field_name == "links" else "Remove it."
                    yield Problem(f"{service}: {key} does not exist in the network mode awsvpc", self.where(name, field_name), reason)
        if self.fargate:
            yield from self.fargate_only(name, container)

    def fargate_only(self, name: str, container: Mapping[str, Any]) -> Iterator[Problem]:
        linux = container.get("linuxParameters") or {}
        for found, key, field_name in (
            (container.get("privileged"), "privileged", "privileged"),
            (container.get("dockerSecurityOptions"), "security_opt", "dockerSecurityOptions"),
            (linux.get("devices"), "devices", ""),
            (linux.get("sharedMemorySize"), "shm_size", ""),
            (set((linux.get("capabilities") or {}).get("add") or ()) - {"SYS_PTRACE"}, "cap_add (other than SYS_PTRACE)", ""),
            (container.get("resourceRequirements"), "gpu", "resourceRequirements"),
        ):
            if found:
                yield Problem(f"service {name}: {key} does not exist on Fargate", self.where(name, field_name), "Remove it.")
        for limit in container.get("ulimits") or ():
            if limit.get("name") != "nofile":
                yield Problem(
                    f"service {name}: Fargate has no ulimit {limit.get('name')}", self.where(name, "ulimits"), "Only nofile can be set."
                )

    def variables(self, name: str, container: Mapping[str, Any]) -> Iterator[Problem]:
        secrets = [str(secret.get("name")) for secret in container.get("secrets") or ()]
        for secret, count in Counter(secrets).items():
            if count > 1:
                yield Problem(
                    f"service {name}: the secret {secret} stands {count} times", self.where(name, "secrets"), "Remove all but one."
                )
        for variable in sorted({str(entry.get("name")) for entry in container.get("environment") or ()} & set(secrets)):
            yield Problem(
                f"service {name}: {variable} is both a secret and an environment variable",
                self.where(name, "secrets"),
                f"Remove it from the environment ({self.where(name, 'environment')})."
                if self.where(name, "environment")
                else "Remove one of them.",
            )
        for secret in container.get("secrets") or ():
            if not secret.get("name") or not secret.get("valueFrom"):
                yield Problem(f"service {name}: a secret lacks its name or value_from", self.where(name, "secrets"), "Write both.")
        size = sum(
            len(str(entry.get(part, "")).encode(errors="replace"))
            for entry in container.get("environment") or ()
            for part in ("name", "value")
        )
        if size > _MOST_ENVIRONMENT_BYTES:
            yield Problem(
                f"service {name}: {size} bytes of environment", self.where(name, "environment"), "A task definition holds 64 KiB in all."
            )
        if any(not entry.get("name") for entry in container.get("environment") or ()):
            yield Problem(
                f"service {name}: an environment variable has no name",
                self.where(name, "environment"),
                "Look for a line that begins with =.",
            )

    def logging(self, name: str, logging: Mapping[str, Any] | None) -> Iterator[Problem]:
        if logging is None:
            return
        where = self.where(name, "logConfiguration")
        driver = logging.get("logDriver")
        options = logging.get("options") or {}
        if not driver:
            yield Problem(f"service {name}: logging has no driver", where, "Write driver: awslogs.")
        elif self.fargate and driver not in _LOG_DRIVERS_ON_FARGATE:
            yield Problem(f"service {name}: Fargate has no log driver {driver}", where, f"Use one of {', '.join(_LOG_DRIVERS_ON_FARGATE)}.")
        if driver == "awslogs":
            required = (*_AWSLOGS_REQUIRED, "awslogs-stream-prefix") if self.fargate else _AWSLOGS_REQUIRED
            for option in required:
                if not options.get(option):
                    yield Problem(f"service {name}: logging has no option {option}", where, f"Write {option} below options.")

    def ports(self, containers: list[Mapping[str, Any]]) -> Iterator[Problem]:
        taken: dict[tuple[int, str], str] = {}
        for container in containers:
            name = str(container.get("name"))
            where = self.where(name, "portMappings")
            for port in container.get("portMappings") or ():
                inside, outside = port.get("containerPort"), port.get("hostPort")
                protocol = str(port.get("protocol", "tcp"))
                if inside is None:
                    continue
                if not 1 <= inside <= 65535:
                    yield Problem(f"service {name}: port {inside} is out of range", where, "Write 1 to 65535.")
                if not 0 <= (outside or 0) <= 65535:
                    yield Problem(f"service {name}: the host port {outside} is out of range", where, "Write 1 to 65535.")
                if protocol not in ("tcp", "udp"):
                    yield Problem(f"service {name}: ECS has no protocol {protocol}", where, "Write tcp or udp.")
                if self.network_mode in ("awsvpc", "host") and outside and outside != inside:
                    yield Problem(
                        f"service {name}: the host port {outside} is not the container port {inside}, as {self.network_mode} demands",
                        where,
                        f'Write "{inside}:{inside}".',
                    )
                # In these modes all containers of a task share one network.
                if self.network_mode in ("awsvpc", "host"):
                    owner = taken.setdefault((inside, protocol), name)
                    if owner != name:
                        yield Problem(
                            f"service {name}: port {inside} is taken by service {owner} in the same task", where, "Use another port."
                        )

    def dependencies(self, containers: list[Mapping[str, Any]]) -> Iterator[Problem]:
        by_name = {str(container.get("name")): container for container in containers}
        for name, container in by_name.items():
            where = self.where(name, "dependsOn")
            for entry in container.get("dependsOn") or ():
                other, condition = str(entry.get("containerName")), entry.get("condition")
                if other not in by_name or other == name:
                    yield Problem(
                        f"service {name} depends on {other}, which is not another container of the task", where, "Correct the name."
                    )
                    continue
                if condition not in _CONDITIONS:
                    yield Problem(f"service {name}: unknown condition {condition!r}", where, f"Use one of {', '.join(_CONDITIONS)}.")
                if condition == "HEALTHY" and not by_name[other].get("healthCheck"):
                    yield Problem(
                        f"service {name} waits for {other} to be healthy, which has no health check", where, f"Give {other} a healthcheck."
                    )
                if condition in ("COMPLETE", "SUCCESS") and by_name[other].get("essential", True):
                    yield Problem(
                        f"service {name} waits for {other} to end, which would end the task",
                        where,
                        f"Set essential: false for {other} in ecs-params.yml.",
                    )
        yield from self.circles(by_name)

    def circles(self, by_name: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
        remaining = {
            name: {str(entry.get("containerName")) for entry in container.get("dependsOn") or ()} & set(by_name) - {name}
            for name, container in by_name.items()
        }
        while free := [name for name, others in remaining.items() if not others & set(remaining)]:
            for name in free:
                del remaining[name]
        if remaining:
            first = next(iter(remaining))
            yield Problem(f"{', '.join(remaining)} wait for each other", self.where(first, "dependsOn"), "Break the circle in depends_on.")

    def volumes(self, containers: list[Mapping[str, Any]]) -> Iterator[Problem]:
        volumes = {str(volume.get("name")): volume for volume in self.request.get("volumes") or ()}
        if not self.fargate:
            return
        for name, volume in volumes.items():
            users = [str(c.get("name")) for c in containers if any(m.get("sourceVolume") == name for m in c.get("mountPoints") or ())]
            where = self.where(users[0], "mountPoints") if users else ""
            path = (volume.get("host") or {}).get("sourcePath")
            if path:
                yield Problem(
                    f"the host path {path} does not exist on Fargate", where, "Use a named volume, or EFS (task_definition.efs_volumes)."
                )
            if "dockerVolumeConfiguration" in volume:
                yield Problem(f"the Docker volume {name} does not exist on Fargate", where, "Use EFS (task_definition.efs_volumes).")
