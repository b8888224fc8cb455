"""Print the row of plugins/module_utils/core/release.py for a release of Redash, from its image or from a source tree.

    make release-facts VERSION=26.9.0                    # from the official image, in docker or podman
    make release-facts VERSION=26.9.0 IMAGE=acme/redash:1
    make release-facts VERSION=26.9.0 SOURCE=../redash   # from a checkout of getredash/redash at that release's tag

roles/upgrade/files/facts.py reads the facts, as it does in an upgrade to a release that the table lacks. Of a release that the table
has, each difference is printed instead, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.redash.ecs.plugins.module_utils.core import given_releases, migration  # noqa: E402
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError  # noqa: E402
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES, Release  # noqa: E402
from ansible_collections.redash.ecs.plugins.module_utils.core.upgrade import right_version  # noqa: E402

PROGRAM = ROOT / "roles" / "upgrade" / "files" / "facts.py"


def from_tree(source: Path) -> dict[str, Any]:
    """What the program says of a source tree. Raises RedashError where it says nothing."""
    return _answer([sys.executable, str(PROGRAM), str(source.resolve())])


def from_image(image: str) -> dict[str, Any]:
    """What the program says inside an image. Raises RedashError without an engine, or with its last words."""
    engine = next((name for name in ("docker", "podman") if shutil.which(name) and _answers(name)), None)
    if engine is None:
        raise RedashError("neither docker nor podman answers here. Start one, or give SOURCE=path of a checkout of the release.")
    # Without network and settings: the program reads files alone.
    return _answer([engine, "run", "--rm", "--network", "none", "--entrypoint", "python", image, "-c", PROGRAM.read_text()])


def _answers(engine: str) -> bool:
    return subprocess.run([engine, "info"], capture_output=True, check=False).returncode == 0


def _answer(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RedashError(f"{command[0]} ended with exit code {done.returncode}: {' '.join(done.stderr.split()) or 'it said nothing'}")
    return migration.result(done.stdout.splitlines(), "read the facts")


def as_the_table_has_it(known: Release, name: str) -> Any:
    """A fact of the table in the form in which the program says it."""
    if name == "queues":
        # A queue that the entrypoint serves nowhere is not seen in it. The order is the table's own: by urgency.
        return sorted(set(known.queues) - set(known.unserved))
    value = getattr(known, name)
    return dict(value) if isinstance(value, Mapping) else value


def differences(seen: Mapping[str, Any], known: Release) -> list[str]:
    """Each fact of which the release says another value than the table."""
    found = []
    for name in ("queue_system", *given_releases.LEARNT):
        said = sorted(seen[name]) if name == "queues" and name in seen else seen.get(name)
        if said is not None and said != as_the_table_has_it(known, name):
            found.append(f"{known.version}: {name} is {said!r}, and the table has {as_the_table_has_it(known, name)!r}")
    return found


def row(version: str, seen: Mapping[str, Any]) -> list[str]:
    """The lines for the table: one that makes the release, and a comment for each fact that it cannot express or that was not read."""
    learnt = given_releases.learnt(seen, version)
    release = given_releases.known(version, {version: learnt.facts})
    latest = list(RELEASES.values())[-1]
    words = [f'"{version}"', f'"{release.image.partition(":")[2]}"', f'"{release.alembic_head}"', f'"{release.python}"']
    words += [f'{name}="{getattr(release, name)}"' for name in ("rq", "rq_scheduler") if getattr(release, name) != getattr(latest, name)]
    if release.commands != latest.commands:
        words.append(f"commands={dict(release.commands)!r}")
    if not release.create_tables_guarded:
        words.append("create_tables_guarded=False")
    lines = [f"        _rq({', '.join(words)}),"]
    for name in ("queues", "curl", "has_reencrypt"):
        if name in learnt.facts:
            lines.append(f"        # {name} differs: {learnt.facts[name]!r}. _rq() says it for all: give it a parameter.")
    if release.alembic_head not in migration.ORDER:
        lines.append(f"        # {release.alembic_head} is not in MIGRATIONS of core/migration.py: add what leads to it.")
    return lines + [f"        # {note}" for note in learnt.notes]


def main() -> int:
    parser = argparse.ArgumentParser(description="Print a release's row for core/release.py.")
    parser.add_argument("version")
    parser.add_argument("--image", default="")
    parser.add_argument("--source", type=Path)
    given = parser.parse_args()
    try:
        seen = from_tree(given.source) if given.source else from_image(given.image or given_releases.expected(given.version).image)
        if not seen.get("version"):
            why = seen["not_read"].get("version", "not said")
            raise RedashError(f"{given.source or given.image or given.version} is no Redash: its version could not be read ({why}).")
        right_version(seen["version"], given.version)
        if given.version not in RELEASES:
            print("\n".join(row(given.version, seen)))
            return 0
    except (RedashError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    found = differences(seen, RELEASES[given.version])
    print("\n".join(found) or f"{given.version}: the table says the same.")
    for name, why in seen["not_read"].items():
        print(f"{given.version}: {name} was not compared: {why}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
