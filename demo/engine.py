# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The container engine: the one that runs, else one that this starts, else one line that says what to install.

Everything speaks the Docker API, which Podman serves as well.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker
import docker.errors
import requests.exceptions

from demo.bootstrap import can_install_packages, install_packages
from demo.instance import DemoError, Instance
from demo.show import say, step
from demo.system import FAMILIES, how_to_install, how_to_install_tool, os_release

# Seconds that an engine has to answer a ping, and that a call to it may take (starting a container on a busy machine).
PING = 10
CALL = 180
# Seconds for a Podman service that was just started.
START = 30

# The programs that Podman calls for a container on a network of its own, and for a runtime of containers either of two.
PROGRAMS = {"podman": "podman", "runc": "runc", "iptables": "iptables", "nft": "nftables"}

# A Unix socket's path has room for 107 bytes.
LONGEST_SOCKET = 107


@dataclass(frozen=True)
class Engine:
    url: str
    client: docker.DockerClient
    # Why this one, in words.
    origin: str


def client_for(url: str, timeout: float = CALL) -> docker.DockerClient:
    return docker.DockerClient(base_url=url, timeout=timeout)


def answers(url: str) -> bool:
    try:
        client = docker.DockerClient(base_url=url, timeout=PING)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError, ValueError):
        return False


def socket_path(instance: Instance) -> Path:
    """Where our own Podman service listens."""
    path = instance.home / "podman.sock"
    if len(os.fsencode(path)) > LONGEST_SOCKET:
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}")
        path = (runtime if runtime.is_dir() else Path("/run")) / f"{instance.name}.sock"
    return path


def candidates(instance: Instance, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(URL, why) of the engines to try, in order."""
    if environ.get("DOCKER_HOST"):
        yield environ["DOCKER_HOST"], "DOCKER_HOST"
    sockets = [(Path("/var/run/docker.sock"), "Docker")]
    if environ.get("XDG_RUNTIME_DIR"):
        sockets.append((Path(environ["XDG_RUNTIME_DIR"]) / "podman" / "podman.sock", "Podman"))
    sockets.append((Path("/run/podman/podman.sock"), "Podman"))
    sockets.append((socket_path(instance), "Podman, started by the demo"))
    for path, why in sockets:
        if path.exists():
            yield f"unix://{path}", why


def containers_conf(has_runc: bool, has_crun: bool, has_systemd: bool, hard_files: int, hard_processes: int) -> str:
    """The configuration of the Podman service that the demo starts.

    Podman's own defaults ask for a million open files, which a machine with a lower hard limit refuses with
    "operation not permitted", and for systemd's cgroups and journal, which a machine without systemd has not.
    Soft and hard limits are the same: through its Docker API, Podman 4.3 takes the one for the other.
    """

    def limit(hard: int, wanted: int) -> int:
        return wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)

    files, processes = limit(hard_files, 65536), limit(hard_processes, 4096)
    lines = [
        "[containers]",
        f'default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]',
        "[engine]",
    ]
    if has_runc and not has_crun:
        lines.append('runtime = "runc"')
    if not has_systemd:
        lines += ['cgroup_manager = "cgroupfs"', 'events_logger = "file"']
    return "\n".join(lines) + "\n"


def _podman_pid(instance: Instance) -> int | None:
    """The Podman service that this demo started, None when it is gone: a pid written down may be another's by now."""
    try:
        pid = int((instance.home / "podman.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (OSError, ValueError):
        return None
    return pid if "podman" in command and str(socket_path(instance)) in command else None


def _start_podman(instance: Instance) -> str:
    url = f"unix://{socket_path(instance)}"
    pid = _podman_pid(instance)
    if pid:
        # It runs and did not answer in time: a busy machine. A second one would take its socket away.
        until = time.monotonic() + START
        while time.monotonic() < until:
            if answers(url):
                return url
            time.sleep(0.5)
        os.kill(pid, signal.SIGKILL)
    configuration = instance.home / "containers.conf"
    configuration.write_text(
        containers_conf(
            has_runc=shutil.which("runc") is not None,
            has_crun=shutil.which("crun") is not None,
            has_systemd=Path("/run/systemd/system").is_dir(),
            hard_files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
            hard_processes=resource.getrlimit(resource.RLIMIT_NPROC)[1],
        )
    )
    path = socket_path(instance)
    # What a killed service left; a living one would have answered.
    path.unlink(missing_ok=True)
    log = instance.home / "podman.log"
    with log.open("ab") as output:
        service = subprocess.Popen(
            ["podman", "system", "service", "--time=0", f"unix://{path}"],
            env={**os.environ, "CONTAINERS_CONF": str(configuration)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # It outlives this command, and Ctrl-C is not for it.
            start_new_session=True,
        )
    (instance.home / "podman.pid").write_text(str(service.pid))
    until = time.monotonic() + START
    while time.monotonic() < until:
        if path.exists() and answers(url):
            return url
        if service.poll() is not None:
            break
        time.sleep(0.1)
    lines = log.read_text(errors="replace").splitlines()
    raise DemoError(f"Podman did not start: {lines[-1] if lines else 'it said nothing'}. Its log is {log}.")


def missing_packages() -> list[str]:
    """What of Debian's packages is to be installed before Podman is started; nothing where all its programs are there."""
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program, path=_system_path())]
    if "runc" in missing and shutil.which("crun"):
        missing.remove("runc")
    # A machine without Podman has none of its certificates either.
    return list(FAMILIES["debian"].engine) if "podman" in missing else missing


def _system_path() -> str:
    """Where Podman itself looks for its helpers: a person's PATH need not name the folders of the system's tools."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def hint(message: str) -> str:
    """What to do about an engine's refusal: which package brings the program that it did not find."""
    found = re.search(
        r"unable to execute (\w+)|could not find [\"']?(\w+)[\"']?|exec: [\"']?([\w-]+)[\"']?: executable file not found", message
    )
    if not found:
        return "Put that right and rerun."
    return f"{how_to_install_tool(next(group for group in found.groups() if group), os_release())}, and rerun."


def find(instance: Instance) -> Engine | None:
    """The engine that runs now, None when none does. Starts nothing."""
    for url, origin in candidates(instance, os.environ):
        if answers(url):
            return Engine(url, client_for(url), origin)
        if origin == "DOCKER_HOST":
            raise DemoError(f"DOCKER_HOST: no container engine answers at {url}. Start it, or unset DOCKER_HOST.")
    return None


def ensure(instance: Instance) -> Engine:
    """The engine that runs, else Podman started, else Podman installed and started."""
    found = find(instance)
    if found:
        return found
    if not shutil.which("podman") and not can_install_packages():
        todo = how_to_install(root=os.geteuid() == 0, release=os_release())
        raise DemoError(f"no container engine runs here, and there is no Podman to start. {todo}, and rerun.")
    packages = missing_packages()
    if packages and can_install_packages():
        what = "Podman" if "podman" in packages else "what Podman lacks"
        say(f"  No container engine runs here: installing {what} from this system's packages.")
        with step(f"Installing {', '.join(packages)}"):
            install_packages(*packages)
    url = _start_podman(instance)
    return Engine(url, client_for(url), "Podman, started by the demo")


def was_started(instance: Instance) -> bool:
    """True when this demo once started a Podman service of its own: containers may be left of it."""
    return (instance.home / "podman.pid").exists()


def stop_podman(instance: Instance) -> bool:
    """End the Podman service that the demo started, if it did. Containers of others are not touched by that."""
    pid = _podman_pid(instance)
    if pid:
        os.kill(pid, signal.SIGTERM)
    (instance.home / "podman.pid").unlink(missing_ok=True)
    socket_path(instance).unlink(missing_ok=True)
    return pid is not None
