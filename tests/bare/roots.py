# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bare root file systems: a distribution's minimum with git, make and python3, and this checkout in it.

What a machine needs to reach the outside is handed in from the environment of the test and written into the root only: proxies, pip's
index, a bundle of certificates. Terraform and its provider are handed in where their sites can't be reached, and that is said.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform import binary, provider
from demo import terraform
from demo.instance import ROOT

HERE = Path(__file__).parent
# What the README asks for, and apt, which Ubuntu does not count to the minimum as Debian does. Nothing else.
PACKAGES = "apt,git,make,python3"
# Seconds that a site has to answer.
PATIENCE = 20
# Seconds for a root to be made, and for a demo in it: it installs packages, builds an image, and deploys.
MAKING = 900
DEMO = 2400

VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
# Each names a file, a bundle of certificates that the programs of this machine trust.
BUNDLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

# The keys that sign Ubuntu's archive, which Debian has no package of any more: out of Ubuntu's own, by its SHA-256, which several
# public build recipes state alike.
UBUNTU_KEYRING = Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")
UBUNTU_KEYRING_PACKAGE = "pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb"
UBUNTU_KEYRING_SHA256 = "36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8"


@dataclass(frozen=True)
class Distribution:
    """``name`` for people; ``suite``, ``mirror`` and ``components`` as apt knows them."""

    name: str
    suite: str
    mirror: str = "http://deb.debian.org/debian"
    components: str = "main"

    @property
    def is_ubuntu(self) -> bool:
        return "ubuntu" in self.mirror


DISTRIBUTIONS = (
    Distribution("Debian 12", "bookworm"),
    Distribution("Debian 13", "trixie"),
    Distribution("Ubuntu 24.04", "noble", "http://archive.ubuntu.com/ubuntu", "main,universe"),
)


def unreachable(url: str) -> str:
    """Why ``url`` can't be had; "" when it can."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE):
            return ""
    except (urllib.error.URLError, OSError) as error:
        return str(error)


def ubuntu_keyring(mirror: str, folder: Path) -> Path:
    """The system's own, else the pinned package's. Raises AssertionError when what comes is another one."""
    if UBUNTU_KEYRING.is_file():
        return UBUNTU_KEYRING
    package, keyring = folder / "ubuntu-keyring.deb", folder / "ubuntu-archive-keyring.gpg"
    with urllib.request.urlopen(f"{mirror}/{UBUNTU_KEYRING_PACKAGE}", timeout=PATIENCE) as answer:
        package.write_bytes(answer.read())
    assert hashlib.sha256(package.read_bytes()).hexdigest() == UBUNTU_KEYRING_SHA256, f"{mirror}/{UBUNTU_KEYRING_PACKAGE} is another one"
    content = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], check=True, capture_output=True).stdout
    command = ["tar", "--extract", "--to-stdout", "./usr/share/keyrings/ubuntu-archive-keyring.gpg"]
    keyring.write_bytes(subprocess.run(command, input=content, check=True, capture_output=True).stdout)
    return keyring


@dataclass
class Root:
    """A root file system in ``folder``; ``environ`` is what every command in it gets."""

    folder: Path
    environ: dict[str, str]

    @property
    def log(self) -> Path:
        """What the last script said, from its first line on; it stays when the root is gone."""
        return self.folder.with_name(f"{self.folder.name}.log")

    def run(self, script: str, timeout: float, user: str = "root") -> tuple[int, str]:
        """Run a shell script in the root; its exit code, and its output with stderr in it."""
        settings = [f"{name}={value}" for name, value in self.environ.items()]
        home = "/root" if user == "root" else f"/home/{user}"
        words = ["env", "-i", f"HOME={home}", f"USER={user}", *settings, "sh", "-c", script]
        if user != "root":
            words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *words]
        with self.log.open("wb") as output:
            done = subprocess.run(
                ["sh", str(HERE / "enter.sh"), str(self.folder), *words],
                env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            )
        return done.returncode, self.log.read_text(errors="replace")


def make(distribution: Distribution, folder: Path, port: int, note: Callable[[str], None]) -> Root:
    """Make the root and hand in what the demo can't fetch from here. Raises AssertionError with mmdebstrap's words."""
    remove(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    keyring = [f"--keyring={ubuntu_keyring(distribution.mirror, folder.parent)}"] if distribution.is_ubuntu else []
    command = ["mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", f"--components={distribution.components}", *keyring]
    made = subprocess.run(
        [*command, distribution.suite, str(folder), distribution.mirror], capture_output=True, text=True, timeout=MAKING, check=False
    )
    assert made.returncode == 0, f"{distribution.name}: mmdebstrap failed: {made.stderr[-2000:]}"
    environ = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "REDASH_DEMO_PORT": str(port),
        **{name: os.environ[name] for name in VARIABLES if name in os.environ},
    }
    (folder / "etc" / "resolv.conf").unlink(missing_ok=True)
    shutil.copy("/etc/resolv.conf", folder / "etc" / "resolv.conf")
    _hand_in_certificates(folder, environ)
    _hand_in_terraform(folder, note)
    return Root(folder, environ)


def check_out(root: Root, place: str) -> None:
    """This checkout as it stands, changes and new files included, at ``place`` in the root."""
    listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = [name for name in subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split("\0") if name]
    for name in names:
        source, target = ROOT / name, root.folder / place / name
        if source.is_symlink() or source.is_file():  # one that was deleted is still listed
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def remove(folder: Path) -> None:
    """Delete a root; what a rootless engine in it left belongs to other users."""
    if folder.exists():
        subprocess.run(["rm", "-rf", "--one-file-system", str(folder)], check=True)


def _hand_in_certificates(folder: Path, environ: dict[str, str]) -> None:
    for name in BUNDLES:
        bundle = Path(os.environ.get(name) or "/nonexistent")
        if bundle.is_file():
            target = Path("/etc/handed-in") / f"{name}.pem"
            (folder / target.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(bundle, folder / target.relative_to("/"))
            environ[name] = str(target)


def _hand_in_terraform(folder: Path, note: Callable[[str], None]) -> None:
    """Terraform and the AWS provider from this machine, each only where its site does not answer."""
    why = unreachable(f"{terraform.SITE}/terraform/{terraform.VERSION}/")
    if why:
        found = binary.find(os.environ)
        shutil.copy(Path(found.path).resolve(), folder / "usr/local/bin" / found.kind.name)
        note(f"{found.kind.title} {found.version} was handed in: {terraform.SITE} can't be reached ({why})")
    kind = binary.find(os.environ).kind if why else binary.TERRAFORM
    why = unreachable(f"https://{kind.registry}{provider.DISCOVERY}")
    if why:
        try:
            source = provider.find(os.environ, ROOT / "build" / "bare" / "nowhere", kind)
        except RedashError as error:
            raise AssertionError(f"no AWS provider to hand in: {error}") from error
        assert source.mirror, f"{kind.registry} can't be reached ({why}), and the provider comes {source.said}: no mirror to hand in"
        shutil.copytree(source.mirror / kind.provider, folder / "usr/local/share/terraform/plugins" / kind.provider)
        note(f"its AWS provider was handed in: {kind.registry} can't be reached ({why})")
