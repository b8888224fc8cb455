"""Run ansible-lint on everything, with one syntax check for all playbooks and roles instead of one process for each.

    python tools/ansible_lint.py [arguments of ansible-lint]

ansible-lint starts `ansible-playbook --syntax-check` about 100 times: for each playbook, each role and each import of a
playbook. That took three quarters of its time. Here one process checks all of them first, and ansible-lint finds on PATH an
ansible-playbook that knows which files passed. It hands every other call to the real program.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

# What ansible-lint takes for a playbook, by .ansible-lint and by its own rules. A file that is missing here costs time only.
PLAYBOOKS = ("*.yml", "playbooks/*.yml", "extensions/molecule/*/tasks/*.yml")
PLAY = re.compile(r"^- (?:name: .*\n +)?(?:hosts|(?:ansible\.builtin\.)?import_playbook):", re.MULTILINE)

# For a role, ansible-lint writes a playbook that imports it: then the role's path is what has to have passed.
PROGRAM = """\
#!/bin/sh
if [ "$1" = --syntax-check ]; then
  for last; do :; done
  case "$last" in
    {temporary}/play*) what=$(sed -n 's/^        name: //p' "$last") ;;
    *) what=$last ;;
  esac
  if [ -n "$what" ] && grep -qxF -e "$what" {passed}; then exit 0; fi
fi
exec {program} "$@"
"""


def playbooks(root: Path) -> list[Path]:
    """The playbooks below ``root`` that ansible-lint checks."""
    found = (path for pattern in PLAYBOOKS for path in sorted(root.glob(pattern)))
    return [path for path in found if PLAY.search(path.read_text(encoding="utf-8"))]


def roles(root: Path) -> list[Path]:
    """The folders of the roles below ``root``."""
    return [path for path in sorted(root.glob("roles/*")) if path.is_dir()]


def check_syntax(program: str, root: Path, folder: Path) -> int:
    """Check every playbook and role in one process; return its exit code. It stops at the first error and says it."""
    importing = folder / "roles.yml"
    importing.write_text(
        "".join(
            f"- name: {role.name}\n  hosts: localhost\n  tasks:\n    - ansible.builtin.import_role:\n        name: {role}\n"
            for role in roles(root)
        )
    )
    done = subprocess.run(
        [program, "--syntax-check", *map(str, playbooks(root)), str(importing)],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        print(done.stdout[-2000:] + done.stderr, end="")
    return done.returncode


def stand_in(folder: Path, program: str, root: Path) -> Path:
    """Write an ansible-playbook that passes what `check_syntax` passed, and starts ``program`` for all else; return its path."""
    passed = folder / "passed"
    whole = [*playbooks(root), *roles(root)]
    passed.write_text("".join(f"{path}\n{path.relative_to(root)}\n" for path in whole))
    path = folder / "bin" / "ansible-playbook"
    path.parent.mkdir()
    words = {"temporary": tempfile.gettempdir(), "passed": str(passed), "program": program}
    path.write_text(PROGRAM.format(**{key: shlex.quote(value) for key, value in words.items()}))
    path.chmod(0o755)
    return path


def main(arguments: list[str]) -> int:
    # pre-commit starts hooks in the root of the repository, which may be another checkout than this file's.
    root = Path.cwd()
    programs = Path(sys.executable).parent
    program = str(programs / "ansible-playbook")
    with tempfile.TemporaryDirectory(prefix="ansible-lint-") as name:
        folder = Path(name)
        if code := check_syntax(program, root, folder):
            return code
        path = os.pathsep.join([str(stand_in(folder, program, root).parent), str(programs), os.environ.get("PATH", os.defpath)])
        command = [str(programs / "ansible-lint"), "--offline", "--strict", *arguments]
        return subprocess.run(command, cwd=root, env={**os.environ, "PATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
