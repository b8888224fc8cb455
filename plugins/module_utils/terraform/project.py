# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The folder that Terraform works in: a copy of the module, its variables, its backend.

Never the module's own folder: a collection may lie in a read-only place, and many installations share it.
A person may run terraform in the folder by hand: everything it needs is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform import running

VARIABLES = "terraform.tfvars.json"  # read by Terraform without being named
BACKEND = "backend_override.tf.json"
IMPORTS = "redash_imports.tf.json"
FINGERPRINT = "applied.json"
# In a module's folder, but not part of it.
FOREIGN = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfplan", "*.tfvars*", "tests", ".git", "crash*.log", "override.tf*")


def make(source: Path, work_dir: Path) -> None:
    """Make ``work_dir`` for the module in ``source``.

    Raises RedashError when ``source`` holds no module or ``work_dir`` can't be made.
    """
    if not any(source.glob("*.tf")) and not any(source.glob("*.tf.json")):
        raise RedashError(Problem(f"{source} holds no Terraform module (*.tf)", "project_path"))
    if source.resolve() == work_dir.resolve():
        raise RedashError(Problem(f"{work_dir} is the module's own folder", "work_dir", "Name another: the module is copied there."))
    try:
        work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        (work_dir / running.FILE).touch(mode=0o600)
    except OSError as error:
        raise _cannot_prepare(work_dir, error) from error


def prepare(source: Path, work_dir: Path, variables: Mapping[str, Any], backend: Mapping[str, Any], imports: Mapping[str, str]) -> None:
    """Bring ``work_dir`` in line with the module in ``source``; its state, lock file and providers stay.

    ``imports`` are addresses and IDs of what exists on AWS and is to come into the state.
    Raises RedashError when ``work_dir`` can't be written.
    """
    try:
        for stale in [*work_dir.glob("*.tf"), *work_dir.glob("*.tf.json")]:
            stale.unlink()
        shutil.copytree(source, work_dir, ignore=FOREIGN, dirs_exist_ok=True, copy_function=_copy_writable)
        write(work_dir / VARIABLES, json.dumps(variables, indent=2, sort_keys=True) + "\n")
        configuration = {"terraform": {"backend": {backend["type"]: dict(backend.get("config") or {})}}}
        write(work_dir / BACKEND, json.dumps(configuration, indent=2, sort_keys=True) + "\n")
        write_imports(work_dir, imports)
    except OSError as error:
        raise _cannot_prepare(work_dir, error) from error


def write_imports(work_dir: Path, imports: Mapping[str, str]) -> None:
    """Have the next plan take over what exists: address -> import ID. Nothing to take over, no file.

    https://developer.hashicorp.com/terraform/language/import
    """
    if not imports:
        (work_dir / IMPORTS).unlink(missing_ok=True)
        return
    blocks = {"import": [{"to": address, "id": identifier} for address, identifier in sorted(imports.items())]}
    write(work_dir / IMPORTS, json.dumps(blocks, indent=2) + "\n")


def fingerprint(work_dir: Path, *facts: str) -> str:
    """One hash of everything that decides what a plan looks like: the module, the variables, the backend, ``facts``."""
    digest = hashlib.sha256()
    ours = (FINGERPRINT, running.FILE)
    files = sorted(path for path in work_dir.rglob("*") if path.is_file() and ".terraform" not in path.parts and path.name not in ours)
    for path in files:
        if path.suffix in (".tf", ".json", ".hcl", ".tftpl"):
            digest.update(f"{path.relative_to(work_dir)}\0".encode())
            digest.update(path.read_bytes())
    digest.update("\0".join(facts).encode())
    return digest.hexdigest()


def write(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    aside = path.with_name(f"{path.name}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    aside.replace(path)


def _cannot_prepare(work_dir: Path, error: OSError) -> RedashError:
    return RedashError(Problem(f"cannot prepare {work_dir}: {error.strerror}: {error.filename}", "work_dir"))


def _copy_writable(source: str, target: str) -> None:
    # A read-only collection must not make its copy read-only: the next run replaces it.
    shutil.copyfile(source, target)
