# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The virtual environment: made by whatever Python runs this, with the standard library alone.

A stamp is written last, so that an environment whose making was interrupted is recognised and made anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from demo.instance import ROOT, DemoError
from demo.show import step

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST_PYTHON = (3, 11)

RUN = ("requirements.txt", "requirements-demo.txt")
DEVELOP = (*RUN, "requirements-development.txt")
CONSTRAINTS = "constraints.txt"


def quiet(command: Sequence[str | Path], what: str, todo: str = "") -> str:
    """Run ``command``, return what it printed; on failure a DemoError with the last line that it said."""
    run = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    if run.returncode:
        lines = [line.strip() for line in (run.stderr + run.stdout).splitlines() if line.strip()]
        said = next((line for line in lines if line.lower().startswith(("error", "e:"))), lines[-1] if lines else "it said nothing")
        raise DemoError(f"{what} failed: {said}. {todo}".strip())
    return run.stdout


def can_install_packages() -> bool:
    """Root on Debian, Ubuntu or one of their kin."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_packages(*packages: str) -> None:
    """Install Debian packages; the caller has asked can_install_packages()."""
    environment = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120", "-qq"]
    todo = f"Install {', '.join(packages)} by hand and rerun."
    # A fresh machine has no package lists yet; an old one may name versions that are gone.
    quiet([*environment, "update"], "apt-get update", todo)
    quiet([*environment, "install", "--yes", "--no-install-recommends", *packages], f"apt-get install {' '.join(packages)}", todo)


def _fingerprint(files: Sequence[str]) -> str:
    digest = sha256()
    for name in (*files, CONSTRAINTS):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _stamp(files: Sequence[str]) -> Path:
    return VENV / f".{files[-1]}.sha256"


def _is_ready(files: Sequence[str]) -> bool:
    stamp = _stamp(files)
    return os.access(PYTHON, os.X_OK) and stamp.is_file() and stamp.read_text() == _fingerprint(files)


def _ensure_ensurepip() -> None:
    """Debian keeps what makes virtual environments in a package of its own."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not can_install_packages():
            raise DemoError(f"{sys.executable} cannot make virtual environments. Install the package {package} and rerun.") from None
        with step(f"Installing {package}"):
            install_packages(package)


def ensure_venv(files: Sequence[str] = RUN) -> None:
    """Make .venv hold the pinned packages of ``files``; next to no time when it already does."""
    # What was installed for development serves for running, too.
    if _is_ready(files) or (files == RUN and _is_ready(DEVELOP)):
        return
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise DemoError(f"Python {sys.version.split()[0]} is too old. Install Python 3.11 or newer and rerun.")
    usable = os.access(PYTHON, os.X_OK) and any(_stamp(kind).is_file() for kind in (RUN, DEVELOP))
    if not usable:
        _ensure_ensurepip()
        with step("Making the virtual environment .venv"):
            quiet([sys.executable, "-m", "venv", "--clear", VENV], "making the virtual environment .venv")
    for kind in (RUN, DEVELOP):
        _stamp(kind).unlink(missing_ok=True)
    with step(f"Installing the pinned Python packages ({', '.join(files)})"):
        arguments = [part for name in files for part in ("--requirement", name)]
        quiet(
            [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", CONSTRAINTS, *arguments],
            "pip install",
            "Check that PyPI can be reached and rerun.",
        )
    _stamp(files).write_text(_fingerprint(files))
