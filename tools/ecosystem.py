"""The virtual environment of the ecosystem's tools, build/ecosystem: made once, remade when their pins change.

python tools/ecosystem.py antsibull-changelog lint
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements-ecosystem.txt"
HOME = ROOT / "build" / "ecosystem"
ANTSIBULL_DOCS = ("antsibull-docs", "--config-file", str(ROOT / "tools" / "antsibull.cfg"))


def programs() -> Path:
    """The folder with the tools' programs; installs them first where they are missing or of other versions."""
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}\n{REQUIREMENTS.read_text()}"
    stamp = HOME / "installed"
    HOME.parent.mkdir(exist_ok=True)
    # Tests in two processes both want the tools: the second waits for the first to install them.
    with (HOME.parent / "ecosystem.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(stamp, wanted)
    return HOME / "bin"


def _install(stamp: Path, wanted: str) -> None:
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(HOME, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        pip = [str(HOME / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=True)
        # Written last: an interrupted installation is no installation.
        stamp.write_text(wanted)


def environment() -> dict[str, str]:
    """The shell's environment with these tools before any other of the same name."""
    return {**os.environ, "PATH": os.pathsep.join([str(programs()), os.environ.get("PATH", os.defpath)])}


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    sys.exit(subprocess.run([str(programs() / name), *arguments], env=environment(), check=False).returncode)
