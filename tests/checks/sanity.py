"""Run ansible-test, sanity or units, without a network beyond PyPI and without Docker.

ansible-test insists on a real path ``ansible_collections/redash/ecs`` (the checkout's symlink is refused)
and makes virtual environments whose pip it wants to download from a host that isolated machines do not
reach. So: the built artefact is installed below build/, and a stub stands where ansible-test looks for its
cached get-pip script; the stub installs pip from PyPI's wheel.

What passed is noted in build/sanity/passed by the artefact's content: the same content is not judged twice by the same
ansible-core with the same arguments. Delete that folder to judge it again.

Usage: python tests/checks/sanity.py [arguments of ansible-test sanity]
       python tests/checks/sanity.py units [arguments of ansible-test units]
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
CORE = ".".join(importlib.metadata.version("ansible-core").split(".")[:2])
# A folder for each release, so that tools/matrix.py does not throw away the environments of the other ones.
BUILD = ROOT / "build" / "sanity" / f"core-{CORE}-python{PYTHON}"
PASSED = ROOT / "build" / "sanity" / "passed"
# Which releases of ansible-core need an exception, where not all do: in others it would be an error for being unnecessary.
ONLY_ON = re.compile(r"# core(>=|<)(\d+\.\d+): ")
# The pip versions that the supported ansible-core releases ask for (ansible_test/_util/target/setup/bootstrap.sh
# and _internal/bootstrap.py name them in the file they look for).
PIP_VERSIONS = ("23.1.2", "24.2", "25.2")

# Unit tests that ansible-test can't run. What they test is not in the artefact (the demo, tools), or they start their own Python, which
# finds ansible-test's instead of the real one. `make unit` runs them all.
NOT_BY_ANSIBLE_TEST = (
    "tests/unit/demo/",
    "tests/unit/tools/",
    "tests/unit/plugins/lookup/test_installation.py",
    "tests/unit/roles/rotate_secrets/test_keys.py",
)

STUB = '''"""Stands in for get-pip.py: installs pip from a wheel that is already here."""
import os, sys
wheel = {wheel!r}
sys.path.insert(0, wheel)
from pip._internal.cli.main import main
sys.exit(main(["install", "--no-index", "--no-cache-dir", "--disable-pip-version-check", wheel]))
'''


def exceptions(core: str, python: str) -> str:
    """Those of sanity-exceptions.txt for this release of ansible-core on this Python, in the form of ansible-test's ignore files."""
    lines = (ROOT / "tests" / "checks" / "sanity-exceptions.txt").read_text().splitlines(keepends=True)
    return "".join(line.replace("{python}", python) for line in lines if _is_for(line, core))


def _is_for(line: str, core: str) -> bool:
    found = ONLY_ON.search(line)
    if not found:
        return True
    this, bound = ([int(number) for number in version.split(".")] for version in (core, found[2]))
    return this >= bound if found[1] == ">=" else this < bound


def prepare() -> Path:
    """Lay the collection and what it depends on below build/sanity; return the collection's folder."""
    if BUILD.exists():
        for entry in BUILD.iterdir():
            if entry.name != "home":
                shutil.rmtree(entry)
    artefacts = BUILD / "artefact"
    artefacts.mkdir(parents=True)
    subprocess.run(
        ["ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(artefacts)],
        check=True, cwd=BUILD, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    (artefact,) = artefacts.glob("redash-ecs-*.tar.gz")
    collections = BUILD / "ansible_collections"
    target = collections / "redash" / "ecs"
    target.mkdir(parents=True)
    shutil.unpack_archive(artefact, target)
    for dependency in ("amazon",):
        shutil.copytree(ROOT / "collections" / "ansible_collections" / dependency, collections / dependency)
    # ansible-test reads its exceptions from a file for each of its releases and knows import only by the Python.
    ignore = target / "tests" / "sanity" / f"ignore-{CORE}.txt"
    ignore.parent.mkdir(parents=True, exist_ok=True)
    ignore.write_text(exceptions(CORE, PYTHON))
    # ansible-test asks git which files there are, and would be told by the checkout around it: none.
    subprocess.run(["git", "init", "--quiet"], check=True, cwd=target)
    subprocess.run(["git", "add", "--all"], check=True, cwd=target)
    cache = BUILD / "home" / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in PIP_VERSIONS:
        stub = cache / f"get_pip_{version.replace('.', '_')}.py"
        if not stub.exists():
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(cache), f"pip=={version}"],
                check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            wheel = cache / f"pip-{version}-py3-none-any.whl"
            stub.write_text(STUB.format(wheel=str(wheel)))
    return target


def key(target: Path, command: list[str]) -> str:
    """What the verdict depends on: the artefact's files, the exceptions, this program, ansible-core, Python, the arguments."""
    # FILES.json has the checksum of each file of the artefact.
    contents = [(target / "FILES.json").read_bytes(), Path(__file__).read_bytes(), exceptions(CORE, PYTHON).encode()]
    contents += [importlib.metadata.version("ansible-core").encode(), sys.version.encode(), *(word.encode() for word in command)]
    # Each by its own checksum, so that no two lists of contents look alike.
    return sha256(b"".join(sha256(content).digest() for content in contents)).hexdigest()


def main(arguments: list[str]) -> int:
    command = ["sanity", *arguments]
    if arguments[:1] == ["units"]:
        command = [*arguments, *(word for path in NOT_BY_ANSIBLE_TEST for word in ("--exclude", path))]
    target = prepare()
    passed = PASSED / key(target, command)
    if passed.exists():
        print(f"ansible-test {command[0]} has passed on this very content with ansible-core {CORE}: see {passed}")
        return 0
    # pyenv's shims answer to every python3.x and then fail; ansible-test takes a shim for the real thing.
    path = os.pathsep.join(entry for entry in os.environ["PATH"].split(os.pathsep) if "shims" not in Path(entry).parts)
    path = os.pathsep.join([str(Path(sys.executable).parent), path])
    code = subprocess.run(
        ["ansible-test", *command, "--color", "no", "--python", PYTHON],
        cwd=target, env={**os.environ, "PATH": path, "HOME": str(BUILD / "home")}, check=False,
    ).returncode  # fmt: skip
    if code == 0:
        PASSED.mkdir(exist_ok=True)
        passed.write_text(f"ansible-test {' '.join(command)}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
