"""The collection on every release of ansible-core that meta/runtime.yml admits, each on a Python that it supports.

    python tools/matrix.py                        # every release, every part
    python tools/matrix.py --core 2.17 units      # one release, one part

A release whose Pythons are all missing from this machine is left out, and the last lines say so. The environments are
kept in build/matrix/ and made anew when what they hold changes.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "matrix"
PAGE = ROOT / "docs" / "ansible-core.md"

# What each release runs on (its own metadata), the Python to be preferred first: between them, the releases try all
# Pythons. The oldest release is tried on the oldest Python of this collection.
CORES = {
    "2.17": ("3.11", "3.12"),
    "2.18": ("3.12", "3.11", "3.13"),
    "2.19": ("3.13", "3.12", "3.11"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.13", "3.14", "3.12"),
}
PARTS = {
    # By ansible-test, on the built artefact: the tests of the demo are not in it.
    "units": ("tests/checks/sanity.py", "units"),
    # Playbooks, roles, action plugins and filters: templating is what differs most between releases.
    "roles": ("-m", "pytest", "-q", "tests/integration/services", "tests/integration/awx"),
    "playbooks": ("-m", "pytest", "-q", "tests/checks/test_ecosystem.py", "-k", "installed_elsewhere"),
    "sanity": ("tests/checks/sanity.py",),
    # A life of an installation on the local AWS; how each playbook ended becomes a column of docs/ansible-core.md.
    "demo": ("-m", "tests.e2e_core.playbooks", f"{BUILD}/demo-{{core}}.json"),
}
# They judge the code, whatever it runs on, and some pin a release of ansible-core.
NOT_NEEDED = {"ansible-core", "ansible-lint", "editorconfig", "mypy", "pre-commit", "pytest-cov", "ruff", "yamllint", "zizmor"}
# Older releases of ansible-core need older ones of these.
FREE = {"resolvelib"}


def name_of(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0].lower()


def wanted() -> list[str]:
    """What tests need beside ansible-core: the project's requirements without what measures and judges."""
    files = ("requirements.txt", "requirements-demo.txt", "requirements-development.txt")
    lines = [line for name in files for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
    return [line for line in lines if name_of(line) not in NOT_NEEDED]


def candidates(version: str) -> Iterator[Path]:
    """Where a Python may be: on PATH, and where pyenv and uv put those that are not."""
    home = Path.home()
    folders = [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry]
    folders += sorted(Path(os.environ.get("PYENV_ROOT") or home / ".pyenv").glob("versions/*/bin"))
    folders += sorted((home / ".local" / "share" / "uv" / "python").glob("*/bin"))
    yield from (folder / f"python{version}" for folder in folders)


def python(version: str) -> str | None:
    """A Python of this version that runs and can make virtual environments. A shim's mere presence says nothing."""
    for candidate in candidates(version):
        if os.access(candidate, os.X_OK):
            asked = [str(candidate), "-c", "import ensurepip, sys, venv; print(sys.base_prefix, sys.version_info[:2])"]
            run = subprocess.run(asked, capture_output=True, text=True, check=False)
            major, minor = version.split(".")
            if run.returncode == 0 and run.stdout.strip().endswith(f"({major}, {minor})"):
                return str(candidate)
    return None


def environment(core: str) -> tuple[Path, str] | None:
    """The Python of a virtual environment with this release, made where it is missing, and its version."""
    found = next(((version, path) for version in CORES[core] if (path := python(version))), None)
    if found is None:
        return None
    version, base = found
    home = BUILD / f"core-{core}-python{version}"
    BUILD.mkdir(parents=True, exist_ok=True)
    # Two processes of the tests may ask for the same one.
    with (BUILD / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return install(core, base, home), version


def install(core: str, base: str, home: Path) -> Path:
    """The Python of the virtual environment ``home``, made again where it holds other packages than it should."""
    requirements = [f"ansible-core=={core}.*", *wanted()]
    constraints = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if name_of(line) not in FREE]
    stamp, content = home / "installed", sha256("\n".join([*requirements, *constraints]).encode()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != content:
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([base, "-m", "venv", str(home)], check=True)
        (home / "constraints.txt").write_text("\n".join(constraints) + "\n")
        pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "--constraint", str(home / "constraints.txt"), *requirements], check=True)
        # Written last: an interrupted installation is no installation.
        stamp.write_text(content)
    return home / "bin" / "python"


def columns(page: str) -> dict[str, dict[str, str]]:
    """By ansible-core and by playbook, how it ended: what the table of a page says."""
    header, _line, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    return {core: {row[0]: row[number] for row in rows} for number, core in enumerate(header) if number}


def with_table(page: str, ran: Mapping[str, Mapping[str, str]]) -> str:
    """The page with these columns in place of what its table said of the same releases; the others stay."""
    known = {**columns(page), **{core: dict(ended) for core, ended in ran.items()}}
    cores = sorted(known, key=lambda core: [int(part) for part in core.split(".")])
    playbooks = list(dict.fromkeys(playbook for ended in known.values() for playbook in ended))
    lines = [["Playbook", *cores], ["---"] * (len(cores) + 1)]
    lines += [[playbook, *(known[core].get(playbook, "not run") for core in cores)] for playbook in playbooks]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    before, after = re.split(r"(?:^\|.*\n)+", page, maxsplit=1, flags=re.MULTILINE)
    return f"{before}{table}\n{after}"


def run(core: str, parts: list[str]) -> dict[str, str]:
    """How each part ended on this release."""
    made = environment(core)
    if made is None:
        return {part: f"left out: needs Python {' or '.join(CORES[core])}" for part in parts}
    executable, version = made
    shell = {**os.environ, "PATH": os.pathsep.join([str(executable.parent), os.environ.get("PATH", os.defpath)])}
    ended = {}
    for part in parts:
        started = time.monotonic()
        print(f"\n=== {part} on ansible-core {core}, Python {version}", flush=True)
        command = [str(executable), *(word.format(core=core) for word in PARTS[part])]
        # As pyproject.toml has it for pytest.
        path = {"PYTHONPATH": str(ROOT / "collections")} if part == "demo" else {}
        done = subprocess.run(command, cwd=ROOT, env={**shell, **path}, check=False)
        ended[part] = f"{'passed' if done.returncode == 0 else 'FAILED'} on Python {version} in {time.monotonic() - started:.0f} s"
    return ended


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Try the collection on every ansible-core.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them by default")
    parser.add_argument("--core", action="append", choices=CORES, help="a release of ansible-core; all of them by default")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}. There are {', '.join(PARTS)}.")
    results = {core: run(core, chosen.parts or list(PARTS)) for core in chosen.core or CORES}
    if tried := {core: path for core in results if (path := BUILD / f"demo-{core}.json").is_file() and "demo" in results[core]}:
        PAGE.write_text(with_table(PAGE.read_text(), {core: json.loads(path.read_text()) for core, path in tried.items()}))
    print()
    for core, ended in results.items():
        for part, how in ended.items():
            print(f"ansible-core {core}  {part:<9}  {how}")
    hows = [how for ended in results.values() for how in ended.values()]
    # Where nothing at all could be tried, nothing was shown.
    return 1 if any(how.startswith("FAILED") for how in hows) or all(how.startswith("left out") for how in hows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
