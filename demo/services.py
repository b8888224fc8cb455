# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The demo's own servers: the network, PostgreSQL, Redis, and the local AWS that runs on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import docker
import docker.errors
from docker.types import Mount

from demo.engine import Engine
from demo.images import BASE_REPOSITORY
from demo.instance import LABEL, ROOT, DemoError, Instance, shut_in
from demo.show import step

# Seconds.
SERVER_START = 90
AWS_START = 60
AWS_STOP = 60

# One script for the official image and for ours. TLS is on, as in Aurora, so that sslmode=require means something.
# A cluster is made aside and moved into place whole: one whose making was interrupted is never used.
POSTGRESQL = r"""
set -eu
volume=/var/lib/demo
data=$volume/data
bin=$(dirname "$(command -v postgres || ls -d /usr/lib/postgresql/*/bin/postgres)")
mkdir -p /var/run/postgresql && chown postgres:postgres /var/run/postgresql "$volume" && chmod 2775 /var/run/postgresql
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$volume" "$@"; }
if [ ! -s "$data/PG_VERSION" ]; then
    rm -rf "$volume/new" "$data"
    as_postgres "$bin/initdb" --pgdata="$volume/new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
        --auth-local=peer --auth-host=scram-sha-256 >/dev/null
    as_postgres openssl req -new -x509 -days 3650 -nodes -subj "/CN=redash-demo" \
        -keyout "$volume/new/server.key" -out "$volume/new/server.crt" 2>/dev/null
    chmod 600 "$volume/new/server.key"
    echo "host all all all scram-sha-256" >>"$volume/new/pg_hba.conf"
    sync
    mv "$volume/new" "$data"
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups "$bin/postgres" -D "$data" \
    -c listen_addresses="*" -c unix_socket_directories=/var/run/postgresql -c ssl=on -c max_connections=200
"""
# In clear, or with TLS (demo.local_aws.cache); one that demands a token answers so.
REDIS_READY = ["sh", "-c", "redis-cli ping || redis-cli --tls --insecure ping"]
REDIS = ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--appendonly", "no"]  # noqa: S104 (inside its container)


def ensure_network(engine: Engine, instance: Instance) -> None:
    for network in engine.client.networks.list(names=[instance.network]):
        if network.name == instance.network:
            return
    engine.client.networks.create(instance.network, driver="bridge", labels={LABEL: str(instance.home)})


def gateway(engine: Engine, instance: Instance) -> str:
    """This machine's address on the demo's network, which is where containers find it."""
    network = engine.client.networks.get(instance.network)
    for pool in network.attrs["IPAM"]["Config"]:
        if pool.get("Gateway"):
            return str(pool["Gateway"])
    raise DemoError(f"the network {instance.network} has no gateway. Remove it with `make demo-clean`, then run `make demo`.")


def container(client: docker.DockerClient, name: str) -> Any | None:
    try:
        return client.containers.get(name)
    except docker.errors.NotFound:
        return None


def address(client: docker.DockerClient, name: str, network: str) -> str | None:
    """The address of a container on the demo's network; None when it does not run."""
    found = container(client, name)
    if found is None or found.status != "running":
        return None
    return found.attrs["NetworkSettings"]["Networks"].get(network, {}).get("IPAddress") or None


def _last_words(found: Any) -> str:
    lines = found.logs(tail=20).decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _ensure_server(engine: Engine, instance: Instance, name: str, image: str, ready: list[str], **options: Any) -> bool:
    """Make one server run and answer; True when it had to be started."""
    client = engine.client
    wanted = client.images.get(image).id
    found = container(client, name)
    if found is not None:
        if found.labels.get(LABEL) not in (None, str(instance.home)):
            if found.status == "running":
                raise DemoError(
                    f"the container {name} belongs to the demo in {found.labels[LABEL]}. Stop that with `make demo-down` there,"
                    " or set REDASH_DEMO_PORT to another port here."
                )
            found.remove(force=True)
            found = None
        elif found.status != "running" or found.image.id != wanted:
            found.remove(force=True)
            found = None
    started = found is None
    if found is None:
        found = client.containers.run(
            image, detach=True, name=name, hostname=name, network=instance.network, labels={LABEL: str(instance.home)}, **options
        )
    until = time.monotonic() + SERVER_START
    while True:
        found.reload()
        if found.status == "running" and found.exec_run(ready).exit_code == 0:
            return started
        if found.status in ("exited", "dead") or time.monotonic() > until:
            raise DemoError(f"{name} does not run: {_last_words(found)}. Look at it with `podman logs {name}` (or docker) and rerun.")
        time.sleep(0.2)


def ensure_servers(engine: Engine, instance: Instance, postgresql: str, redis: str) -> bool:
    """Make PostgreSQL and Redis run on the demo's network; True when one of them had to be started."""
    with step("PostgreSQL and Redis"):
        ensure_network(engine, instance)
        started = _ensure_server(
            engine,
            instance,
            instance.postgresql,
            postgresql,
            ["pg_isready", "--quiet", "--host=127.0.0.1"],
            entrypoint=["sh", "-c", POSTGRESQL],
            command=[],
            user="root",
            mounts=[Mount("/var/lib/demo", instance.volume, type="volume", labels={LABEL: str(instance.home)})],
            shm_size="128m",
            # Debian's wrapper for the client programs would look for a Debian-style cluster.
            environment={"PGHOST": "/var/run/postgresql"},
            # SIGTERM waits for every client to leave; SIGINT is PostgreSQL's fast and clean stop.
            stop_signal="SIGINT",
        )
        options: dict[str, Any] = {"command": REDIS}
        if redis.startswith(BASE_REPOSITORY):
            options["user"] = "redis"
        return _ensure_server(engine, instance, instance.redis, redis, REDIS_READY, **options) or started


# --- the local AWS


def _is_ours(pid: int, instance: Instance) -> bool:
    """True when that process is this demo's local AWS: a pid that was written down may be somebody else's by now."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        run = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        command = run.stdout.replace(" ", "\0")
    return "demo.local_aws.launcher" in command and str(instance.home) in command


def aws_pid(instance: Instance) -> int | None:
    try:
        pid = int(instance.pid_file.read_text())
    except (OSError, ValueError):
        return None
    return pid if _is_ours(pid, instance) else None


def aws_health(instance: Instance) -> dict[str, Any] | None:
    """What the local AWS says of itself; None when it does not answer."""
    try:
        with urllib.request.urlopen(f"{instance.endpoint}/_ministack/health", timeout=5) as answer:  # noqa: S310 (http, on loopback)
            return dict(json.load(answer))
    except (urllib.error.URLError, OSError, ValueError):
        return None


def _listener(port: int) -> str:
    """Who listens on a port, in words, as far as it can be told without privileges."""
    with contextlib.suppress(OSError, IndexError):
        inodes = set()
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                    return f" by {(process / 'comm').read_text().strip()} (process {process.name})"
    return ""


def check_port(instance: Instance) -> None:
    """Raise when something else than this demo's local AWS listens on its port."""
    if aws_pid(instance):
        return
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", instance.port)) != 0:
            return
    raise DemoError(
        f"port {instance.port} is in use{_listener(instance.port)}. Stop that, or choose another:"
        f" REDASH_DEMO_PORT={instance.port + 1} make demo."
    )


def ensure_aws(engine: Engine, instance: Instance) -> bool:
    """Make the local AWS run and answer; True when it had to be started."""
    if aws_pid(instance) and aws_health(instance):
        return False
    check_port(instance)
    stop_aws(instance)
    with step(f"The local AWS at {instance.endpoint}"):
        environment = {
            **shut_in(os.environ),
            **instance.environment,
            "DOCKER_HOST": engine.url,
            "PYTHONPATH": str(ROOT),
        }
        with instance.log.open("wb") as output:
            launcher = subprocess.Popen(
                [sys.executable, "-m", "demo.local_aws.launcher", str(instance.home), *(["rootless"] if engine.rootless else [])],
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # Written at once: whatever happens from here on, the process is known.
        instance.pid_file.write_text(str(launcher.pid))
        until = time.monotonic() + AWS_START
        while not aws_health(instance):
            if launcher.poll() is not None or time.monotonic() > until:
                stop_aws(instance)
                lines = instance.log.read_text(errors="replace").splitlines()
                raise DemoError(f"the local AWS did not start: {lines[-1] if lines else 'it said nothing'}. Its log is {instance.log}.")
            time.sleep(0.2)
    return True


def stop_aws(instance: Instance) -> bool:
    """End the local AWS: it saves its state and removes its tasks' containers. True when it ran."""
    pid = aws_pid(instance)
    if pid is None:
        instance.pid_file.unlink(missing_ok=True)
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        until = time.monotonic() + AWS_STOP
        while aws_pid(instance) and time.monotonic() < until:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.1)
    instance.pid_file.unlink(missing_ok=True)
    return True


def ours(engine: Engine, instance: Instance) -> list[Any]:
    """Every container of this demo: its servers and what the local AWS runs as ECS tasks."""
    return list(engine.client.containers.list(all=True, sparse=True, ignore_removed=True, filters={"label": f"{LABEL}={instance.home}"}))


def remove_containers(engine: Engine, instance: Instance) -> int:
    found = ours(engine, instance)
    for item in found:
        with contextlib.suppress(docker.errors.APIError):
            item.stop(timeout=10)
        with contextlib.suppress(docker.errors.APIError):
            item.remove(force=True)
    return len(found)


def remove_network(engine: Engine, instance: Instance) -> None:
    for network in engine.client.networks.list(names=[instance.network]):
        if network.name == instance.network:
            with contextlib.suppress(docker.errors.APIError):
                network.remove()


def remove_volume(engine: Engine, instance: Instance) -> None:
    with contextlib.suppress(docker.errors.NotFound):
        engine.client.volumes.get(instance.volume).remove(force=True)
