# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Terraform for a machine that has none: a pinned release from HashiCorp's release site, into .venv/bin.

Terraform or OpenTofu on PATH always comes first; what is fetched is found after it, beside the Python that runs the playbooks.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import platform
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from demo.bootstrap import VENV
from demo.instance import DemoError
from demo.show import say, step

SITE = "https://releases.hashicorp.com"
VERSION = "1.11.4"
# SHA-256 of terraform_<version>_<system>.zip. Not copied from the release site's SHA256SUMS, which could not be reached when
# this was written: HashiCorp's Homebrew formula and other public package recipes state these sums, all of them alike.
# `python -m demo.terraform SHA256SUMS` compares them with a file that you got from the site.
SHA256 = {
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
}
# Seconds without a byte.
PATIENCE = 20
CHUNK = 1 << 20


class NotFetched(DemoError):
    """No Terraform could be fetched, and nothing was refused: the machine is as it was."""


def ensure(environ: Mapping[str, str], site: str = SITE, target: Path = VENV / "bin" / "terraform") -> None:
    """Fetch Terraform where there is no Terraform or OpenTofu that is new enough.

    Raises NotFetched, a DemoError, with what is wrong here and why it could not be fetched. Raises another DemoError when
    what came is not the release that is pinned.
    """
    from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
    from ansible_collections.redash.ecs.plugins.module_utils.terraform import binary

    try:
        binary.find(environ)
    except RedashError as error:
        missing = error.problems
    else:
        return
    for problem in missing:
        say(f"  {problem.what[:1].upper()}{problem.what[1:]}.")
    try:
        fetch(site, target)
    except NotFetched as error:
        todo = f"Or put a terraform binary for this system into {target.parent}, and rerun."
        raise NotFetched(f"{'; '.join(map(str, missing))}. {error} {todo}") from error


def fetch(site: str, target: Path, sums: Mapping[str, str] = SHA256) -> None:
    """Put the pinned release's binary at ``target``, whole or not at all. ``sums`` by system."""
    name = system()
    if name not in sums:
        raise NotFetched(f"None was fetched: there is no pinned Terraform for {name}, only for {', '.join(sorted(sums))}.")
    url = f"{site}/terraform/{VERSION}/terraform_{VERSION}_{name}.zip"
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        step(f"Fetching Terraform {VERSION} from {site} into {target.parent}"),
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".terraform-") as text,
    ):
        folder = Path(text)
        archive, unpacked = folder / "terraform.zip", folder / "terraform"
        with archive.open("wb") as file:
            found = _download(url, file)
        if found != sums[name]:
            raise DemoError(
                f"{url} is not the Terraform that this project knows: its SHA-256 is {found}, not {sums[name]}. It was deleted."
                " Find out who answers in the name of that site before you rerun."
            )
        with zipfile.ZipFile(archive) as content, content.open("terraform") as source, unpacked.open("wb") as file:
            while chunk := source.read(CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        unpacked.chmod(0o755)
        unpacked.replace(target)


def system() -> str:
    """This machine as HashiCorp names it: linux_amd64, darwin_arm64."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def _download(url: str, file: IO[bytes]) -> str:
    """Write what ``url`` answers to ``file``; its SHA-256. Raises NotFetched when it does not answer, or not to the end."""
    digest, size = hashlib.sha256(), 0
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 (SITE is https; tests hand in http on loopback)
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            expected = answer.headers.get("Content-Length")
    except urllib.error.HTTPError as error:
        raise NotFetched(f"None was fetched: {url} answers {error.code} {error.reason}.") from error
    except urllib.error.URLError as error:
        raise NotFetched(f"None was fetched: {url} can't be reached ({error.reason}; HTTPS_PROXY is honoured).") from error
    except (OSError, http.client.HTTPException) as error:
        raise NotFetched(f"None was fetched: {url} was cut off after {size} bytes ({error or type(error).__name__}).") from error
    if expected is not None and int(expected) != size:
        raise NotFetched(f"None was fetched: {url} was cut off after {size} of {expected} bytes.")
    return digest.hexdigest()


def differences(text: str) -> list[str]:
    """What a SHA256SUMS file of the release states otherwise than the table above, in words; nothing when all is alike."""
    stated = {name: digest for digest, name in (line.split() for line in text.splitlines() if len(line.split()) == 2)}
    found = []
    for name, digest in SHA256.items():
        archive = f"terraform_{VERSION}_{name}.zip"
        if stated.get(archive) != digest:
            found.append(f"{archive}: pinned {digest}, stated {stated.get(archive, 'nothing')}")
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        say(f"usage: python -m demo.terraform terraform_{VERSION}_SHA256SUMS")
        return 2
    found = differences(Path(arguments[0]).read_text(encoding="utf-8"))
    say("\n".join(found) or f"All {len(SHA256)} sums of Terraform {VERSION} are as pinned.")
    return 1 if found else 0


if __name__ == "__main__":
    import sys

    sys.exit(main(sys.argv[1:]))
