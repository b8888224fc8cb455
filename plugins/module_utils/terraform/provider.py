# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where Terraform or OpenTofu gets the AWS provider from on this machine.

In this order: a CLI configuration that the person has; the mirror folders that Terraform looks into by
itself; a mirror folder below the usual install prefixes; the registry. The first two are left alone.
https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
https://opentofu.org/docs/cli/config/config-file/#provider-installation

A mirror that was made for one of the two is none for the other: its folders carry the registry's name.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.urls import open_url

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform.binary import OPENTOFU, Kind

# What both registries answer: https://developer.hashicorp.com/terraform/internals/remote-service-discovery
DISCOVERY = "/.well-known/terraform.json"
REGISTRY_SECONDS = 10

# Where packages, images and people put a provider mirror that Terraform doesn't look for itself.
PREFIXES = ("/opt", "/usr/local", "/usr/share", "/usr/lib", "/var/lib")
# Folders between a prefix and the folder with the registry's name.
DEPTH = 3


@dataclass(frozen=True)
class Source:
    """``said`` in words, and the mirror that a CLI configuration must name (None: Terraform needs nothing)."""

    said: str
    mirror: Path | None = None


def find(environ: Mapping[str, str], work_dir: Path, kind: Kind, prefixes: tuple[str, ...] = PREFIXES) -> Source:
    """Where the provider comes from.

    ``environ`` is the environment that the binary of ``kind`` would get, ``work_dir`` the folder it runs in.
    Raises RedashError when there is no provider and the registry is out of reach.
    """
    configuration = cli_configuration(environ, kind)
    if configuration:
        return Source(f"as {configuration} says")
    for folder in implied_mirrors(environ, work_dir, kind):
        if _holds_provider(folder, kind):
            return Source(f"from {folder}")
    for folder in mirrors((*prefixes, environ.get("HOME", "")), kind):
        return Source(f"from {folder}", folder)
    if any((work_dir / ".terraform" / "providers" / kind.provider).glob(f"*/{system()}")):
        return Source("installed before")
    if _registry_answers(kind):
        return Source(f"from {kind.registry}")
    raise RedashError(
        Problem(
            f"no AWS provider for {kind.title}: {kind.registry} does not answer and no mirror was found",
            todo=(
                f"Allow the registry (HTTPS_PROXY is honoured), or run `{kind.name} providers mirror /usr/local/share/terraform/plugins`"
                " where it is reached and copy that folder here."
            ),
        )
    )


def cli_configuration(environ: Mapping[str, str], kind: Kind) -> Path | None:
    """The person's CLI configuration. One that is named but isn't there counts as none: the binary only warns."""
    home = Path(environ.get("HOME", "/nonexistent"))
    named = environ.get("TF_CLI_CONFIG_FILE") or environ.get("TERRAFORM_CONFIG")
    if named:
        places = [Path(named)]
    elif kind is OPENTOFU:
        places = [home / ".tofurc", home / ".terraformrc"]
        if environ.get("XDG_CONFIG_HOME"):
            places.append(Path(environ["XDG_CONFIG_HOME"]) / "opentofu" / "tofurc")
    else:
        places = [home / ".terraformrc"]
    return next((path for path in places if path.is_file()), None)


def implied_mirrors(environ: Mapping[str, str], work_dir: Path, kind: Kind) -> Iterator[Path]:
    """The folders that ``init`` searches by itself on this kind of system. OpenTofu has kept Terraform's names for them."""
    home = Path(environ.get("HOME", "/nonexistent"))
    yield work_dir / "terraform.d" / "plugins"
    if kind is OPENTOFU and environ.get("XDG_DATA_HOME") and not (home / ".terraform.d").exists():
        yield Path(environ["XDG_DATA_HOME"]) / "opentofu" / "plugins"
    else:
        yield home / ".terraform.d" / "plugins"
    if platform.system() == "Darwin":
        yield home / "Library" / "Application Support" / "io.terraform" / "plugins"
        yield Path("/Library/Application Support/io.terraform/plugins")
        return
    yield Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "terraform" / "plugins"
    for folder in (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":"):
        yield Path(folder) / "terraform" / "plugins"


def mirrors(prefixes: tuple[str, ...], kind: Kind) -> Iterator[Path]:
    """Folders below ``prefixes`` that hold the provider for this machine, nearest first. Hidden folders are left out."""
    for prefix in prefixes:
        level = [Path(prefix)] if prefix else []
        for _ in range(DEPTH + 1):
            deeper: list[Path] = []
            for folder in level:
                children = _folders(folder)
                if any(child.name == kind.registry for child in children) and _holds_provider(folder, kind):
                    yield folder
                deeper += [child for child in children if not child.name.startswith(".")]
            level = deeper


def mirror_configuration(mirror: Path, kind: Kind) -> str:
    """A CLI configuration that takes the AWS provider from ``mirror`` and everything else as usual."""
    return (
        "disable_checkpoint = true\n"
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f"    path    = {json.dumps(str(mirror))}\n"
        f"    include = [{json.dumps(kind.provider)}]\n"
        "  }\n"
        "  direct {\n"
        f"    exclude = [{json.dumps(kind.provider)}]\n"
        "  }\n"
        "}\n"
    )


def system() -> str:
    """This machine as Terraform names it: linux_amd64, darwin_arm64."""
    machine = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


def _holds_provider(folder: Path, kind: Kind) -> bool:
    """Both layouts of a mirror: unpacked (<version>/<system>/) and packed (..._<version>_<system>.zip)."""
    provider = folder / kind.provider
    try:
        return any(provider.glob(f"*/{system()}")) or any(provider.glob(f"terraform-provider-aws_*_{system()}.zip"))
    except OSError:
        return False


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _registry_answers(kind: Kind) -> bool:
    try:
        with open_url(f"https://{kind.registry}{DISCOVERY}", timeout=REGISTRY_SECONDS, http_agent="redash.ecs", use_netrc=False) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False
