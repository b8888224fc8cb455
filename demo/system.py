# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The operating system under the demo: which one it is, and what its packages are called. Standard library only."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Family:
    """A family of distributions.

    ``install``   the command that installs packages, for a person
    ``engine``    what Podman needs to run containers on a network of their own, for root
    ``rootless``  what it needs besides for a person who is not root
    """

    install: str
    engine: tuple[str, ...]
    rootless: tuple[str, ...]


# By ID of /etc/os-release, and for all others by their ID_LIKE. Debian's Podman gets along without systemd, and without
# its recommended packages: so it is given a runtime, and both firewall tools. netavark used iptables up to Debian 12
# and Ubuntu 24.04 and uses nft since Debian 13. Without root and without aardvark-dns it fails when a container is removed.
FAMILIES: dict[str, Family] = {
    "debian": Family(
        "sudo apt-get install",
        ("podman", "runc", "iptables", "nftables", "ca-certificates"),
        ("uidmap", "slirp4netns", "passt", "fuse-overlayfs", "aardvark-dns"),
    ),
    "fedora": Family("sudo dnf install", ("podman", "nftables"), ("shadow-utils", "passt", "fuse-overlayfs")),
    "arch": Family("sudo pacman -S", ("podman", "nftables"), ("shadow", "passt", "fuse-overlayfs")),
}
# A tool that an engine calls -> the package that brings it, the same in each family but where a family is named.
TOOLS: dict[str, dict[str, str]] = {
    "nft": {"": "nftables"},
    "iptables": {"": "iptables", "fedora": "iptables-nft", "arch": "iptables-nft"},
    "newuidmap": {"": "uidmap", "fedora": "shadow-utils", "arch": "shadow"},
    "slirp4netns": {"": "slirp4netns"},
    "pasta": {"": "passt"},
    "fuse-overlayfs": {"": "fuse-overlayfs"},
}


def os_release(path: Path = Path("/etc/os-release")) -> dict[str, str]:
    """The fields of os-release(5); none where there is no such file (macOS)."""
    try:
        return parse_os_release(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return {}


def parse_os_release(text: str) -> dict[str, str]:
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in fields.items()}


def family(release: Mapping[str, str]) -> tuple[str, Family] | None:
    """The family's ID and what is known of it; None for one that isn't known."""
    for name in (release.get("ID", ""), *release.get("ID_LIKE", "").split()):
        if name in FAMILIES:
            return name, FAMILIES[name]
    return None


def how_to_install(*, root: bool, release: Mapping[str, str]) -> str:
    """What a person types to get a container engine here: ``Install Docker, or Podman with: sudo dnf install podman``."""
    if platform.system() == "Darwin":
        return "Install Podman (`brew install podman`, then `podman machine init` and `podman machine start`) or Docker Desktop"
    known = family(release)
    if known is None:
        return "Install Docker or Podman"
    packages = known[1].engine + (() if root else known[1].rootless)
    return f"Install Docker, or Podman with `{known[1].install} {' '.join(packages)}`"


def how_to_install_tool(tool: str, release: Mapping[str, str]) -> str:
    """How to get a tool that an engine did not find: ``Install it with: sudo apt-get install nftables``."""
    packages = TOOLS.get(tool)
    known = family(release)
    if packages is None or known is None:
        return f"Install {tool}"
    return f"Install it with `{known[1].install} {packages.get(known[0], packages[''])}`"
