# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts MiniStack on loopback, mended, and saves its state every other second.

Run by demo.services as ``python -m demo.local_aws.launcher <home>``, with REDASH_DEMO_HOME, REDASH_DEMO_PORT
and DOCKER_HOST in the environment. Where containers run rootless, ``rootless`` follows the home (demo.local_aws.rootless),
which runs this once more with ``inside``.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import pkgutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

from demo.instance import REGION, Instance
from demo.local_aws import patches, rootless

# Seconds between two looks at what has changed.
SAVE_PERIOD = 2.0

logger = logging.getLogger("launcher")


def environment(instance: Instance) -> dict[str, str]:
    """MiniStack's settings; it reads them when it is imported."""
    temporary = instance.home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(instance.port),
        # Requests without a signature (a browser's) belong to this region: it must be the inventory's.
        "MINISTACK_REGION": REGION,
        "MINISTACK_HOSTNAME": instance.name,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(instance.aws_state),
        "TMPDIR": str(temporary),
        # A busy machine takes longer than the default of ten seconds to start a container.
        "MINISTACK_DOCKER_TIMEOUT": "180",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": os.environ.get("REDASH_DEMO_LOG_LEVEL", "INFO"),
    }


def mend() -> None:
    for module in sorted(pkgutil.iter_modules(patches.__path__), key=lambda module: module.name):
        importlib.import_module(f"{patches.__name__}.{module.name}").apply()


def _save_atomically() -> None:
    """Replace MiniStack's writer of one service's state: whole files that survive a power cut, and only when something changed."""
    from ministack.core import persistence

    written: dict[str, bytes] = {}

    def save_state(service: str, data: Any) -> None:
        document = {"__ministack_format__": persistence._state_format_version(service), "payload": data}
        try:
            content = json.dumps(document, default=persistence._json_default).encode()
        except (RuntimeError, TypeError) as error:
            # A dictionary that changed while it was read: the next look is two seconds away.
            logger.debug("%s: not saved this time: %s", service, error)
            return
        if written.get(service) == content:
            return
        folder = Path(persistence.STATE_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f"{service}.json.new"
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(folder / f"{service}.json")
        written[service] = content

    persistence.save_state = save_state


def _save_often() -> None:
    """MiniStack saves when it is asked to stop; a machine that is switched off does not ask."""
    from ministack import app

    restore = app._load_persisted_state

    def save_for_ever() -> None:
        while True:
            time.sleep(SAVE_PERIOD)
            try:
                app.save_all(app._build_persistence_save_dict())
            except Exception:
                logger.exception("the state could not be saved")

    def restore_then_save() -> None:
        # Not before: an empty service would overwrite what is about to be read.
        restore()
        threading.Thread(target=save_for_ever, daemon=True, name="save-state").start()

    app._load_persisted_state = restore_then_save


def main() -> None:
    instance = Instance.from_environment(os.environ)
    if "rootless" in sys.argv[2:]:
        sys.exit(rootless.serve(instance))
    if "inside" in sys.argv[2:]:
        rootless.inside(instance)
    os.environ.update(environment(instance))
    from ministack.app import main as serve

    _save_atomically()
    _save_often()
    mend()
    sys.argv = [sys.argv[0]]
    serve()


if __name__ == "__main__":
    main()
