# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The collections that redash.ecs depends on, beside it in collections/: from Galaxy, else out of PyPI."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import yaml
from packaging.specifiers import SpecifierSet

from demo.bootstrap import quiet
from demo.instance import ROOT, DemoError
from demo.show import step

REQUIREMENTS = ROOT / "collections" / "requirements.yml"
TARGET = ROOT / "collections" / "ansible_collections"
GALAXY = "https://galaxy.ansible.com/api/"
# Seconds. Galaxy answers at once or, behind a firewall, never.
PATIENCE = 5

# The PyPI package `ansible` carries amazon.aws; the release that belongs to the ansible-core in requirements.txt.
ANSIBLE = "12.3.0" if sys.version_info < (3, 12) else "13.8.0"


def installed_version(name: str, target: Path = TARGET) -> str | None:
    """The version of a collection below ``target``, None when it is not there or half there."""
    try:
        manifest = json.loads((target / name.replace(".", "/") / "MANIFEST.json").read_text())
        return str(manifest["collection_info"]["version"])
    except (OSError, ValueError, KeyError):
        return None


def missing(target: Path = TARGET, requirements: Path = REQUIREMENTS) -> list[str]:
    """The names of the required collections that are absent or of another version."""
    required = yaml.safe_load(requirements.read_text())["collections"]
    found = {item["name"]: installed_version(item["name"], target) for item in required}
    return [
        item["name"] for item in required if not (version := found[item["name"]]) or version not in SpecifierSet(item.get("version", ""))
    ]


def _galaxy_answers() -> bool:
    try:
        with urllib.request.urlopen(GALAXY, timeout=PATIENCE):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _from_galaxy(folder: Path) -> None:
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    quiet([galaxy, "collection", "install", "--requirements-file", REQUIREMENTS, "--collections-path", folder], "ansible-galaxy")


def _from_pypi(folder: Path, names: list[str]) -> None:
    """Unpack just the wanted collections from the wheel of `ansible`: 50 MB fetched, a few MB kept."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    quiet(
        [*command, "--dest", folder, f"ansible=={ANSIBLE}"], "pip download ansible", "Check that Galaxy or PyPI can be reached and rerun."
    )
    (wheel,) = folder.glob("ansible-*.whl")
    prefixes = tuple(f"ansible_collections/{name.replace('.', '/')}/" for name in names)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [member for member in archive.namelist() if member.startswith(prefixes)])


def ensure_collections() -> None:
    names = missing()
    if not names:
        return
    with step(f"Fetching the collections {', '.join(names)}"), tempfile.TemporaryDirectory(dir=TARGET.parent, prefix=".fetched-") as text:
        folder = Path(text)
        if _galaxy_answers():
            _from_galaxy(folder)
        else:
            _from_pypi(folder, names)
        for name in names:
            source = folder / "ansible_collections" / name.replace(".", "/")
            if not source.is_dir():
                raise DemoError(f"the collection {name} was not found on Galaxy nor in ansible {ANSIBLE}. Put it into {TARGET} and rerun.")
            target = TARGET / name.replace(".", "/")
            # Moved into place whole: an interrupted run leaves the old one or none, never a part.
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
    still = missing()
    if still:
        raise DemoError(f"the collections {', '.join(still)} are of a wrong version after fetching. See {REQUIREMENTS.relative_to(ROOT)}.")
