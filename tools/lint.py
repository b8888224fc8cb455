"""Run the hooks of .pre-commit-config.yaml on all files, side by side. They change no file here: `make lint`.

python tools/lint.py              # all of them
python tools/lint.py mypy ruff    # these
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = {"python": (".py",), "yaml": (".yml", ".yaml")}


def hooks() -> dict[str, dict[str, Any]]:
    """The hooks by their id, in the order of the file."""
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    return {hook["id"]: hook for repository in repositories for hook in repository["hooks"]}


def files() -> list[str]:
    """The files that are in the repository, or would be with the next commit."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink()]


def is_for(hook: dict[str, Any], name: str) -> bool:
    """Whether the hook looks at this file, by pre-commit's rules as far as our hooks use them."""
    if not re.search(hook.get("files", ""), name):
        return False
    return all(is_of(kind, name) for kind in hook.get("types", []))


def is_of(kind: str, name: str) -> bool:
    if name.endswith(SUFFIXES[kind]):
        return True
    # A program without a suffix says what it is in its first line.
    if kind != "python" or Path(name).suffix:
        return False
    with (ROOT / name).open("rb") as content:
        first = content.readline(200)
    return first.startswith(b"#!") and b"python" in first


def command(hook: dict[str, Any], names: list[str]) -> list[str]:
    """What the hook starts, told to write nothing."""
    words = [word for word in shlex.split(hook["entry"]) if word != "--fix"]
    if Path(words[0]).name == "ruff" and words[1] == "format":
        words.insert(2, "--check")
    return [*words, *([name for name in names if is_for(hook, name)] if hook.get("pass_filenames", True) else [])]


def run(hook: dict[str, Any], names: list[str]) -> tuple[int, str, float]:
    """Exit code, output and seconds of one hook."""
    started = time.monotonic()
    done = subprocess.run(
        command(hook, names), cwd=ROOT, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )  # fmt: skip
    return done.returncode, done.stdout, time.monotonic() - started


def main(chosen: list[str]) -> int:
    known = hooks()
    if unknown := set(chosen) - set(known):
        print(f"no such hook: {', '.join(sorted(unknown))}. There are {', '.join(known)}.")
        return 2
    names = files()
    some = {name: hook for name, hook in known.items() if name in (chosen or known)}
    failed = False
    with ThreadPoolExecutor(len(some)) as pool:
        # As many as there are: the slowest one, ansible-lint, is alone for most of its time.
        running = {name: pool.submit(run, hook, names) for name, hook in some.items()}
        for name, one in running.items():
            code, said, seconds = one.result()
            print(f"{name:<15} {'FAILED' if code else 'passed'}  {seconds:5.1f} s", flush=True)
            if code:
                failed = True
                print(said, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
