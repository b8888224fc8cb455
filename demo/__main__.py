# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``python3 -m demo <verb>``: the virtual environment first, then the verb inside it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

VERBS = ("setup", "up", "services", "status", "password", "mail", "down", "clean")


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 (this is the file that says so)
        print(f"Python {sys.version.split()[0]} is too old. Install Python 3.11 or newer and rerun.", file=sys.stderr)
        return 1
    if len(arguments) != 1 or arguments[0] not in VERBS:
        print(f"usage: python3 -m demo {'|'.join(VERBS)}", file=sys.stderr)
        return 2
    from demo.bootstrap import DEVELOP, PYTHON, RUN, ensure_venv
    from demo.instance import ROOT, DemoError, shut_in

    try:
        ensure_venv(DEVELOP if arguments[0] == "setup" else RUN)
        if Path(sys.prefix) != PYTHON.parent.parent:
            # From here on with the pinned packages, and without the person's AWS.
            os.chdir(ROOT)
            os.execve(PYTHON, [str(PYTHON), "-m", "demo", *arguments], shut_in(os.environ))  # noqa: S606
        import docker.errors
        import requests.exceptions

        from demo.engine import hint
        from demo.road import run

        try:
            run(arguments[0])
        except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
            said = " ".join(str(error).split())[:500]
            raise DemoError(f"the container engine refused: {said}. {hint(said)}") from error
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # `make demo | head`: nobody reads on. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on where this stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
