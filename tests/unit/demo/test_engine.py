# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which container engine is taken, and how Podman is configured when the demo starts it."""

from __future__ import annotations

import os
import pwd
import re
import resource
from pathlib import Path
from typing import Any

import pytest

from demo import engine
from demo.instance import DemoError, Instance


def test_docker_host_comes_first(tmp_path: Path) -> None:
    found = list(engine.candidates(Instance(tmp_path, 4566), {"DOCKER_HOST": "tcp://10.0.0.1:2375"}))
    assert found[0] == ("tcp://10.0.0.1:2375", "DOCKER_HOST")


def test_the_persons_podman_comes_before_our_own(tmp_path: Path) -> None:
    (tmp_path / "podman.sock").touch()
    theirs = tmp_path / "run" / "podman" / "podman.sock"
    theirs.parent.mkdir(parents=True)
    theirs.touch()
    urls = [url for url, _ in engine.candidates(Instance(tmp_path, 4566), {"XDG_RUNTIME_DIR": str(tmp_path / "run")})]
    assert urls.index(f"unix://{theirs}") < urls.index(f"unix://{tmp_path / 'podman.sock'}")


def test_a_docker_host_that_does_not_answer_is_said_and_nothing_else_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(DemoError, match="DOCKER_HOST: no container engine answers at unix:.*nobody.sock. Start it, or unset DOCKER_HOST."):
        engine.find(Instance(tmp_path, 4566))


def test_a_stale_socket_is_no_engine(tmp_path: Path) -> None:
    (tmp_path / "podman.sock").touch()
    assert not engine.answers(f"unix://{tmp_path}/podman.sock")


def test_the_socket_stays_within_what_unix_allows(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    assert len(str(engine.socket_path(Instance(deep, 4566)))) <= engine.LONGEST_SOCKET
    assert engine.socket_path(Instance(tmp_path, 4566)) == tmp_path / "podman.sock"


def test_limits_are_what_the_machine_allows_and_soft_is_hard() -> None:
    text = engine.containers_conf(True, False, False, 20000, 1000)
    assert 'default_ulimits = ["nofile=20000:20000", "nproc=1000:1000"]' in text
    text = engine.containers_conf(True, False, False, resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    assert 'default_ulimits = ["nofile=65536:65536", "nproc=4096:4096"]' in text


def test_without_systemd_podman_is_told_so() -> None:
    assert "cgroupfs" in engine.containers_conf(True, False, False, 1, 1)
    assert "cgroupfs" not in engine.containers_conf(True, False, True, 1, 1)


def test_runc_is_named_only_where_podmans_own_choice_is_missing() -> None:
    assert "runc" in engine.containers_conf(True, False, True, 1, 1)
    assert "runc" not in engine.containers_conf(True, True, True, 1, 1)
    assert "runc" not in engine.containers_conf(False, False, True, 1, 1)


@pytest.mark.parametrize("content", ["", "x", "999999999"])
def test_a_pid_that_is_no_podman_of_ours_is_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / "podman.pid").write_text(content)
    assert engine._podman_pid(Instance(tmp_path, 4566)) is None
    (tmp_path / "podman.pid").write_text(str(os.getpid()))
    assert engine.stop_podman(Instance(tmp_path, 4566)) is False
    assert not (tmp_path / "podman.pid").exists()


ALL = {"podman", "runc", "iptables", "nft"}


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        (ALL, []),
        (ALL - {"nft"}, ["nftables"]),
        (ALL - {"nft", "iptables"}, ["iptables", "nftables"]),
        (ALL - {"runc"} | {"crun"}, []),
        (ALL - {"runc"}, ["runc"]),
        (ALL - {"podman"}, ["podman", "runc", "iptables", "nftables", "ca-certificates"]),
    ],
)
def test_what_podman_lacks_is_known_before_it_is_started(there: set[str], missing: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.engine.shutil.which", lambda name, path=None: f"/usr/bin/{name}" if name in there else None)
    assert engine.missing_packages() == missing


def test_no_engine_and_no_way_to_install_one_names_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find", lambda instance: None)
    monkeypatch.setattr(engine, "can_install_packages", lambda: False)
    monkeypatch.setattr(engine, "os_release", lambda: {"ID": "fedora"})
    monkeypatch.setattr("demo.engine.shutil.which", lambda name, path=None: None)
    with pytest.raises(
        DemoError, match="no container engine runs here, and there is no Podman to start. .*`sudo dnf install podman nftables"
    ):
        engine.ensure(Instance(tmp_path, 4566))


class Client:
    """What an engine says of itself, in the form of Docker's API. Podman's is of Podman 5.4 and 4.3, shortened."""

    def __init__(self, components: list[str], options: list[str], system: str = "debian") -> None:
        self.components, self.options, self.system = components, options, system

    def version(self) -> dict[str, Any]:
        return {"Version": "28.1.0", "Components": [{"Name": name, "Version": "5.4.2"} for name in self.components]}

    def info(self) -> dict[str, Any]:
        return {"OperatingSystem": self.system, "SecurityOptions": self.options}


ROOTLESS_PODMAN = Client(["Podman Engine", "Conmon"], ["name=seccomp,profile=default", "name=rootless"])
PODMAN = Client(["Podman Engine", "Conmon"], ["name=seccomp,profile=default"])
DOCKER = Client(["Engine", "containerd"], ["name=apparmor", "name=cgroupns"])
ROOTLESS_DOCKER = Client(["Engine", "rootlesskit"], ["name=rootless"])
DESKTOP = Client(["Engine"], ["name=seccomp"], "Docker Desktop")
ORBSTACK = Client(["Engine"], ["name=seccomp"], "OrbStack")


def connected(client: Client, monkeypatch: pytest.MonkeyPatch, kernel: str = "Linux") -> engine.Engine:
    monkeypatch.setattr(engine, "client_for", lambda url: client)
    monkeypatch.setattr("demo.engine.platform.system", lambda: kernel)
    return engine.connect("unix:///x.sock", "it runs here")


@pytest.mark.parametrize(
    ("client", "said"),
    [
        (ROOTLESS_PODMAN, "Podman 5.4.2, rootless (it runs here)"),
        (PODMAN, "Podman 5.4.2, as root (it runs here)"),
        (DOCKER, "Docker 28.1.0, as root (it runs here)"),
        (DESKTOP, "Docker 28.1.0, as root, in the virtual machine of Docker Desktop (it runs here)"),
    ],
)
def test_an_engine_is_what_it_says_and_not_what_its_socket_is_called(client: Client, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(connected(client, monkeypatch)) == said


def test_podman_runs_the_demo_rootless_and_as_root_docker_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.engine.shutil.which", lambda name, path=None: f"/usr/bin/{name}")
    for client in (ROOTLESS_PODMAN, PODMAN, DOCKER):
        assert engine.unfit(connected(client, monkeypatch)) == ""


@pytest.mark.parametrize(
    ("client", "kernel", "said"),
    [
        (
            DESKTOP,
            "Darwin",
            "virtual machine of Docker Desktop.* can't be reached from here: no load balancer.*`make unit` and `make checks`",
        ),
        (DESKTOP, "Linux", "virtual machine of Docker Desktop"),
        (PODMAN, "Darwin", "virtual machine of podman machine"),
        (ROOTLESS_DOCKER, "Linux", "Docker 28.1.0 is rootless.*Use a rootless Podman or Docker as root"),
    ],
)
def test_an_engine_whose_containers_can_not_be_reached_is_said_before_anything_starts(
    client: Client, kernel: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = connected(client, monkeypatch, kernel)
    monkeypatch.setattr(engine, "find", lambda instance: found)
    with pytest.raises(DemoError, match=said):
        engine.check(Instance(tmp_path, 4566))


def test_orbstack_routes_the_addresses_of_its_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.unfit(connected(ORBSTACK, monkeypatch, "Darwin")) == ""


def test_a_rootless_podman_without_its_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.engine.shutil.which", lambda name, path=None: None)
    assert "the command podman, which is not on PATH" in engine.unfit(connected(ROOTLESS_PODMAN, monkeypatch))


def test_a_mac_without_an_engine_is_told_what_can_not_work_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find", lambda instance: None)
    monkeypatch.setattr("demo.engine.platform.system", lambda: "Darwin")
    monkeypatch.setattr("demo.system.platform.system", lambda: "Darwin")
    with pytest.raises(DemoError, match="brew install podman.*but on a Mac containers run in a virtual machine.*no load balancer"):
        engine.check(Instance(tmp_path, 4566))


def test_a_docker_client_without_an_engine_is_no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\necho 'Docker version 28.1.0'\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engine, "candidates", lambda instance, environ: iter([("unix:///nowhere/docker.sock", "it runs here")]))
    monkeypatch.setattr(engine, "can_install_packages", lambda: False)
    monkeypatch.setattr("demo.engine.platform.system", lambda: "Linux")
    with pytest.raises(DemoError, match="no container engine runs here"):
        engine.ensure(Instance(tmp_path, 4566))


@pytest.mark.parametrize(
    ("tools", "ids", "said"),
    [
        ({"newuidmap", "pasta"}, "{user}:100000:65536\n", []),
        ({"newuidmap", "slirp4netns"}, "{uid}:100000:65536\n", []),
        ({"pasta"}, "{user}:100000:65536\n", ["newuidmap. Install it with `sudo apt-get install uidmap`"]),
        ({"newuidmap", "pasta"}, "other:1:1\n", ["no range for {user}.*--add-subuids", "no range for {user}.*--add-subgids"]),
        ({"newuidmap", "pasta"}, None, ["no range", "no range"]),
        (set(), "", ["newuidmap", "no range", "no range", "slirp4netns or pasta"]),
    ],
)
def test_what_a_person_lacks_for_podman_without_root_is_said_all_at_once(
    tools: set[str], ids: str | None, said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = pwd.getpwuid(os.geteuid())
    monkeypatch.setattr("demo.engine.shutil.which", lambda name, path=None: f"/usr/bin/{name}" if name in tools else None)
    for name in ("SUBUID", "SUBGID"):
        if ids is not None:
            (tmp_path / name).write_text(ids.format(user=user.pw_name, uid=user.pw_uid))
        monkeypatch.setattr(engine, name, tmp_path / name)
    found = engine.rootless_problems({"ID": "debian"})
    assert len(found) == len(said)
    for problem, words in zip(found, said, strict=True):
        assert re.search(words.format(user=user.pw_name), problem), problem
