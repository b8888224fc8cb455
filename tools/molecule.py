"""Run molecule's scenarios, one for each role, with the services that they share.

    python tools/molecule.py                    # all of them; those of roles that run tasks need the demo: make demo
    python tools/molecule.py ssm_secrets smoke  # these

Plain molecule does the same: molecule test --scenario-name ssm_secrets. The scenario `mail` wants `make demo-mail` beside it;
here it is started.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import ecosystem  # noqa: E402

SCENARIOS = ROOT / "extensions" / "molecule"
# The scenario that starts and stops what the others share.
SHARED = "default"
# With services of its own: beside what ecs_cli_service deployed, it would find that service's secrets gone, and say so.
ALONE = ("ssm_secrets",)
# Seconds for the mail server to start.
PATIENCE = 60


def scenarios(demo: bool | None = None) -> list[str]:
    """The scenarios' names; only those that use the demo, or only the others, when asked."""
    found = {}
    for path in sorted(SCENARIOS.glob("*/molecule.yml")):
        if path.parent.name != SHARED:
            executor = (yaml.safe_load(path.read_text()).get("ansible") or {}).get("executor") or {}
            arguments = (executor.get("args") or {}).get("ansible_playbook") or []
            found[path.parent.name] = any(argument.endswith("inventories/local") for argument in arguments)
    return [name for name, needs in found.items() if demo in (None, needs)]


@contextlib.contextmanager
def mail_server(environment: dict[str, str]) -> Iterator[None]:
    """`make demo-mail` beside the demo that the environment names."""
    variables = Path(environment["REDASH_DEMO_HOME"]) / "mail.yml"
    variables.unlink(missing_ok=True)
    server = subprocess.Popen([sys.executable, "-m", "demo", "mail"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while not variables.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the scenario mail needs a mail server, and `make demo-mail` did not start")
            time.sleep(0.2)
        yield
    finally:
        server.terminate()
        server.wait(30)


def main(names: list[str]) -> int:
    """Run these scenarios, all where none is named; molecule's exit code."""
    if unknown := set(names) - set(scenarios()):
        raise SystemExit(f"no such scenario: {', '.join(sorted(unknown))}. There are {', '.join(scenarios())}.")
    names = names or scenarios()
    together = [[name] for name in names if name in ALONE] + [[name for name in names if name not in ALONE]]
    with tempfile.TemporaryDirectory(prefix="molecule-") as folder, contextlib.ExitStack() as beside:
        environment = {
            **ecosystem.environment(),
            # Molecule keeps what it has done below a folder of its own, and skips it the next time, also after a failure.
            "MOLECULE_EPHEMERAL_DIRECTORY": folder,
            "REDASH_DEMO_HOME": str(Path(os.environ.get("REDASH_DEMO_HOME") or ROOT / ".demo").absolute()),
        }
        if "mail" in names:
            beside.enter_context(mail_server(environment))
        codes = []
        for some in filter(None, together):
            chosen = [argument for name in some for argument in ("--scenario-name", name)]
            codes.append(subprocess.run(["molecule", "test", *chosen], cwd=ROOT, env=environment, check=False).returncode)
        return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
