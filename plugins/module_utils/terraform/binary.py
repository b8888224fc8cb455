# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which binary does Terraform's work: Terraform or OpenTofu, where it is, and which of them made what there is.

The two speak the same language and the same JSON. They differ in their registry, so a state that names OpenTofu's
registry is not Terraform's any more. OpenTofu reads Terraform's states:
https://opentofu.org/docs/intro/migration/migration-guide
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

# Seconds that a binary has to say its version.
VERSION_SECONDS = 60


@dataclass(frozen=True)
class Kind:
    """What differs between the two.

    ``title``     its name in a sentence
    ``name``      the binary's name on PATH
    ``oldest``    the first release with write-only arguments, which keep the database's password out of plan and state
    ``install``   where a person gets it
    ``registry``  the host that a provider without a host comes from
    """

    title: str
    name: str
    oldest: tuple[int, int, int]
    install: str
    registry: str

    @property
    def provider(self) -> str:
        """The full address of the AWS provider, as states and lock files write it."""
        return f"{self.registry}/hashicorp/aws"

    @property
    def how_to_install(self) -> str:
        return f"Install {self.title} {self.oldest[0]}.{self.oldest[1]} or newer: {self.install}"


TERRAFORM = Kind("Terraform", "terraform", (1, 11, 0), "https://developer.hashicorp.com/terraform/install", "registry.terraform.io")
# https://opentofu.org/docs/language/ephemerality/write-only-attributes/
OPENTOFU = Kind("OpenTofu", "tofu", (1, 11, 0), "https://opentofu.org/docs/intro/install/", "registry.opentofu.org")
# In the order in which they are looked for.
KINDS = (TERRAFORM, OPENTOFU)

# The first line of `terraform version` and `tofu version`. Their JSON does not tell one from the other.
VERSION = re.compile(r"^(Terraform|OpenTofu) v(\d+)\.(\d+)\.(\d+)(\S*)", re.MULTILINE)
# The provider of a resource in a state: provider["registry.terraform.io/hashicorp/aws"].
STATE_PROVIDER = re.compile(r'provider\["([^"/]+)/')


@dataclass(frozen=True)
class Binary:
    """``path`` of the binary, which kind it is, and its version as it says it (1.11.4)."""

    path: str
    kind: Kind
    version: str


def find(environ: Mapping[str, str], wanted: str = "", maker: Kind | None = None) -> Binary:
    """The binary to work with.

    ``environ``  the environment that it would get
    ``wanted``   a name or a path: this one and no other
    ``maker``    the kind that made the state, where one exists: without ``wanted``, only this kind will do

    Raises RedashError when there is none, or it is too old, or it can't go on with what the other kind made.
    """
    path = _search_path(environ)
    if wanted:
        place = shutil.which(os.path.expanduser(wanted), path=path)  # noqa: PTH111 (a name must stay a name)
        if place is None:
            problem = f"{wanted} was not found on PATH, or is not executable"
            raise RedashError(Problem(problem, "redash_terraform_binary", "Give the name or the path of terraform or tofu."))
        binary = _ask(place, environ)
        refuse_foreign(binary.kind, maker)
        return binary
    kinds = (maker,) if maker else KINDS
    problems = []
    for place in _places(kinds, path):
        try:
            return _ask(place, environ)
        except RedashError as error:
            problems += error.problems
    if problems:
        raise RedashError(problems)
    names = " nor ".join(kind.name for kind in kinds)
    missing = f"{names} was not found on PATH" if maker else f"neither {names} was found on PATH"
    if maker:
        missing += f", and {maker.title} made the state"
    raise RedashError(Problem(missing, todo=". ".join(kind.how_to_install for kind in kinds)))


def of_state(text: str) -> Kind | None:
    """Which kind wrote a state, by the providers that it names; None where it holds no resource."""
    try:
        state = json.loads(text)
    except ValueError:
        return None  # the binary itself says what is wrong with it
    if not isinstance(state, dict):
        return None
    if "encrypted_data" in state:
        return OPENTOFU  # https://opentofu.org/docs/language/state/encryption/: Terraform has nothing like it
    resources = state.get("resources") or []
    hosts = {host for resource in resources for host in STATE_PROVIDER.findall(str(resource.get("provider", "")))}
    # One OpenTofu address is enough to stop Terraform.
    return next((kind for kind in (OPENTOFU, TERRAFORM) if kind.registry in hosts), None)


def refuse_foreign(kind: Kind, maker: Kind | None) -> None:
    """Raise RedashError when ``kind`` can't go on with what ``maker`` made. OpenTofu can with Terraform's, when asked to."""
    if kind is TERRAFORM and maker is OPENTOFU:
        raise RedashError(
            Problem(
                "OpenTofu made this state, and Terraform can't go on with it",
                "redash_terraform_binary",
                f"Set it to {OPENTOFU.name}. docs/terraform.md says how to move the state back to Terraform.",
            )
        )


def _search_path(environ: Mapping[str, str]) -> str:
    """PATH, and after it the virtual environment that runs this: `make setup` puts a Terraform there where PATH has none.

    Wherever that folder stands on PATH, a person's own binary comes first.
    """
    folders = [folder for folder in environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    if sys.prefix != sys.base_prefix:
        own = str(Path(sys.prefix) / "bin")
        folders = [*(folder for folder in folders if folder != own), own]
    return os.pathsep.join(folders)


def _places(kinds: tuple[Kind, ...], path: str) -> Iterator[str]:
    """Every binary of these kinds by its name, in the order of ``kinds`` and of PATH."""
    for kind in kinds:
        for folder in path.split(os.pathsep):
            place = shutil.which(kind.name, path=folder)
            if place:
                yield place


def _ask(place: str, environ: Mapping[str, str]) -> Binary:
    """What the binary at ``place`` is. Raises RedashError when it is neither kind, or too old."""
    # Arguments from the shell would change what is asked, and nothing is to be asked of the vendor's servers.
    asked = {name: value for name, value in environ.items() if not name.startswith("TF_CLI_ARGS")} | {"CHECKPOINT_DISABLE": "1"}
    try:
        answer = subprocess.run(
            [place, "version"], capture_output=True, text=True, errors="replace", env=asked, timeout=VERSION_SECONDS, check=False
        )
        said = answer.stderr or answer.stdout
        found = VERSION.search(answer.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        said, found = str(error), None
    if not found:
        words = " ".join(said.split())[:200]
        raise RedashError(Problem(f"{place} does not say its version: {words or 'it said nothing'}", todo=TERRAFORM.how_to_install))
    kind = next(kind for kind in KINDS if kind.title == found[1])
    version = f"{found[2]}.{found[3]}.{found[4]}{found[5]}"
    if (int(found[2]), int(found[3]), int(found[4])) < kind.oldest:
        raise RedashError(Problem(f"{place} is {kind.title} {version}, too old", todo=kind.how_to_install))
    return Binary(place, kind, version)
