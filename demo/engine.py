# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The container engine: the one that runs, else one that this starts, else one line that says what to install.

Everything speaks the Docker API, which Podman serves as well.
"""

from __future__ import annotations

import os
import platform
import pwd
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

# Who may use which user and group IDs in a user namespace.
SUBUID, SUBGID = Path("/etc/subuid"), Path("/etc/subgid")

MAC = (
    "containers run in a virtual machine whose addresses can't be reached: no load balancer, no Redash in the browser, no mail"
    " (`make demo-mail`), no end-to-end tests. OrbStack is the exception. Else run the demo on Linux."
)

STARTED = "started by the demo"

# A Unix socket's path has room for 107 bytes.
LONGEST_SOCKET = 107


@dataclass(frozen=True)
class Engine:
    """A container engine that answers.

    ``origin``    why this one, in words
    ``name``      Podman or Docker, as it says itself, whatever its socket is called; with its version
    ``rootless``  its containers' networks are in a network namespace of their own, out of reach of this machine's processes
    ``machine``   the virtual machine that it runs in, by the name of its product; "" where it runs on this system itself
    """

    url: str
    client: docker.DockerClient
    origin: str
    name: str
    rootless: bool
    machine: str

    @property
    def is_podman(self) -> bool:
        return self.name.startswith("Podman")

    def __str__(self) -> str:
        where = f", in the virtual machine of {self.machine}" if self.machine else ""
        return f"{self.name}, {'rootless' if self.rootless else 'as root'}{where} ({self.origin})"


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


def connect(url: str, origin: str) -> Engine:
    """Ask an engine what it is. Raises docker.errors.DockerException when it does not say."""
    client = client_for(url)
    version, info = client.version(), client.info()
    components = {str(part.get("Name")): str(part.get("Version")) for part in version.get("Components") or []}
    podman = components.get("Podman Engine")
    name = f"Podman {podman}" if podman else f"Docker {version.get('Version', '')}".strip()
    rootless = any("rootless" in str(option) for option in info.get("SecurityOptions") or [])
    system = str(info.get("OperatingSystem") or "")
    machine = next((product for product in ("Docker Desktop", "OrbStack") if product in system), "")
    if not machine and platform.system() == "Darwin":
        machine = "podman machine" if podman else "Docker"
    return Engine(url, client, origin, name, rootless, machine)


def unfit(engine: Engine) -> str:
    """Why the demo can't run with this engine, and what to do; "" where it can.

    The local AWS plays the load balancer: it must reach the containers at their own addresses.
    """
    todo = "Run the demo on Linux (a virtual machine, the devcontainer in Codespaces). `make unit` and `make checks` need no engine."
    # OrbStack routes the containers' addresses to the Mac.
    if engine.machine and engine.machine != "OrbStack":
        return (
            f"{engine.name} runs containers in the virtual machine of {engine.machine}, and their addresses can't be reached from here:"
            f" no load balancer, no Redash in the browser, no mail (`make demo-mail`), no end-to-end tests. {todo}"
        )
    if engine.rootless and not engine.is_podman:
        return (
            f"{engine.name} is rootless, and its containers' addresses can't be reached from here: no load balancer, no Redash in"
            " the browser. Use a rootless Podman or Docker as root; DOCKER_HOST names its socket."
        )
    if engine.rootless and not shutil.which("podman"):
        return f"{engine.name} is rootless, and the demo has to enter its network with the command podman, which is not on PATH here."
    return ""


def check(instance: Instance) -> None:
    """Raise DemoError where the engine that would be taken can't run the demo. Starts nothing."""
    found = find(instance)
    if found:
        problem = unfit(found)
        if problem:
            raise DemoError(problem)
        return
    if platform.system() == "Darwin":
        raise DemoError(f"no container engine runs here. {how_to_install(root=False, release={})}; but on a Mac {MAC}")
    if os.geteuid() != 0 and shutil.which("podman"):
        problems = rootless_problems(os_release())
        if problems:
            raise DemoError("\nerror: ".join(problems))


def rootless_problems(release: Mapping[str, str]) -> list[str]:
    """What a person who is not root lacks to start Podman, each with what to do."""
    found = []
    if not shutil.which("newuidmap", path=_system_path()):
        found.append(f"Podman without root needs newuidmap. {how_to_install_tool('newuidmap', release)}, and rerun.")
    user = pwd.getpwuid(os.geteuid())
    for kind, path in (("subuids", SUBUID), ("subgids", SUBGID)):
        try:
            lines = path.read_text().splitlines()
        except FileNotFoundError:
            lines = []
        if not any(line.split(":")[0] in (user.pw_name, str(user.pw_uid)) for line in lines):
            todo = f"Run `sudo usermod --add-{kind} 100000-165535 {user.pw_name}`, and rerun."
            found.append(f"{path} has no range for {user.pw_name}, which Podman without root needs. {todo}")
    if not any(shutil.which(tool, path=_system_path()) for tool in ("pasta", "slirp4netns")):
        found.append(f"Podman without root needs slirp4netns or pasta. {how_to_install_tool('pasta', release)}, and rerun.")
    return found


def socket_path(instance: Instance, kind: str = "podman") -> Path:
    """Where our own Podman service listens, or another server of this demo by its ``kind``."""
    path = instance.home / f"{kind}.sock"
    if len(os.fsencode(path)) > LONGEST_SOCKET:
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}")
        path = (runtime if runtime.is_dir() else Path("/run")) / f"{instance.name}{'' if kind == 'podman' else f'-{kind}'}.sock"
    return path


def candidates(instance: Instance, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(URL, why) of the engines to try, in order."""
    if environ.get("DOCKER_HOST"):
        yield environ["DOCKER_HOST"], "DOCKER_HOST"
    sockets = [Path("/var/run/docker.sock")]
    if environ.get("XDG_RUNTIME_DIR"):
        sockets += [Path(environ["XDG_RUNTIME_DIR"]) / "podman" / "podman.sock", Path(environ["XDG_RUNTIME_DIR"]) / "docker.sock"]
    if environ.get("HOME"):
        # Docker Desktop and `podman machine`, which need not put a socket into /var/run.
        home = Path(environ["HOME"])
        sockets += [home / ".docker" / "run" / "docker.sock", home / ".local/share/containers/podman/machine/podman.sock"]
    sockets.append(Path("/run/podman/podman.sock"))
    for path in sockets:
        if path.exists():
            yield f"unix://{path}", "it runs here"
    if socket_path(instance).exists():
        yield f"unix://{socket_path(instance)}", STARTED


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
            return connect(url, origin)
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
    return connect(url, STARTED)


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
