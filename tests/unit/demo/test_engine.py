# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which container engine is taken, and how Podman is configured when the demo starts it."""

from __future__ import annotations

import os
import resource
from pathlib import Path

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
