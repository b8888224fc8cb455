# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file infrastructure.json, in which the last run noted what Terraform made."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.redash.ecs.plugins.module_utils.core import installed
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError


def installed_by(path: Path) -> installed.Installed:
    """Name and place of the installation that the file notes; empty where there is no file.

    Raises RedashError when it cannot be read.
    """
    try:
        return installed.of_output(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return installed.Installed()
    except (OSError, ValueError) as error:
        todo = "Restore it, or delete it; Terraform's state says the same."
        raise RedashError(Problem(f"cannot read the note of what exists: {error}", str(path), todo)) from error
