# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which system this is, and the packages that a message names for it."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from demo import system
from demo.engine import hint

# As the distributions write them, shortened.
RELEASES = {
    "debian": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\n',
    "ubuntu": "ID=ubuntu\nID_LIKE=debian\n",
    "mint": 'ID=linuxmint\nID_LIKE="ubuntu debian"\n',
    "fedora": "ID=fedora\nVERSION_ID=43\n",
    "rocky": 'ID="rocky"\nID_LIKE="rhel centos fedora"\n',
    "arch": "# made by filesystem\nID=arch\n",
    "manjaro": "ID=manjaro\nID_LIKE=arch\n",
    "nixos": "ID=nixos\n",
    "none": "",
}


@pytest.fixture(autouse=True)
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("debian", "debian"),
        ("ubuntu", "debian"),
        ("mint", "debian"),
        ("fedora", "fedora"),
        ("rocky", "fedora"),
        ("arch", "arch"),
        ("manjaro", "arch"),
        ("nixos", None),
        ("none", None),
    ],
)
def test_a_family_is_known_by_id_or_by_id_like(name: str, family: str | None) -> None:
    found = system.family(system.parse_os_release(RELEASES[name]))
    assert (found and found[0]) == family


@pytest.mark.parametrize(
    ("name", "root", "words"),
    [
        ("fedora", True, "Install Docker, or Podman with `sudo dnf install podman nftables`"),
        ("rocky", False, "Install Docker, or Podman with `sudo dnf install podman nftables shadow-utils passt fuse-overlayfs`"),
        ("manjaro", True, "Install Docker, or Podman with `sudo pacman -S podman nftables`"),
        ("ubuntu", True, "Install Docker, or Podman with `sudo apt-get install podman runc iptables nftables ca-certificates`"),
        ("nixos", True, "Install Docker or Podman"),
    ],
)
def test_the_message_names_the_packages_of_the_system(name: str, root: bool, words: str) -> None:
    assert system.how_to_install(root=root, release=system.parse_os_release(RELEASES[name])) == words


def test_on_macos_it_names_what_there_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert "brew install podman" in system.how_to_install(root=False, release={})


def test_a_machine_without_os_release_is_none_that_is_known(tmp_path: Path) -> None:
    assert system.os_release(tmp_path / "missing") == {}


@pytest.mark.parametrize(
    ("name", "tool", "words"),
    [
        ("debian", "nft", "Install it with `sudo apt-get install nftables`"),
        ("fedora", "iptables", "Install it with `sudo dnf install iptables-nft`"),
        ("arch", "pasta", "Install it with `sudo pacman -S passt`"),
        ("nixos", "nft", "Install nft"),
        ("debian", "unheard-of", "Install unheard-of"),
    ],
)
def test_a_tool_that_is_missing_is_named_by_its_package(name: str, tool: str, words: str) -> None:
    assert system.how_to_install_tool(tool, system.parse_os_release(RELEASES[name])) == words


@pytest.mark.parametrize(
    ("said", "tool"),
    [
        # Podman's own words, as its API handed them on.
        ('500 Server Error ("netavark: nftables error: unable to execute nft: No such file or directory (os error 2)")', "nft"),
        ('could not find "pasta" in one of [/usr/libexec/podman]', "pasta"),
        ('exec: "newuidmap": executable file not found in $PATH', "newuidmap"),
    ],
)
def test_a_refusal_that_names_a_missing_program_says_how_to_get_it(said: str, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.engine.os_release", lambda: system.parse_os_release(RELEASES["debian"]))
    assert hint(said) == f"{system.how_to_install_tool(tool, {'ID': 'debian'})}, and rerun."


def test_another_refusal_is_left_to_the_person() -> None:
    assert hint("500 Server Error: no space left on device") == "Put that right and rerun."
