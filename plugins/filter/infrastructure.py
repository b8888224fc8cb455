# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with an infrastructure object, and whether it is another installation's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core import infrastructure
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.installed import Installed, moved
from ansible_collections.redash.ecs.plugins.module_utils.infrastructure_file import installed_by


def infrastructure_problems(value: Any) -> list[str]:
    """Everything that is wrong with ``redash_infrastructure``, a line each; empty when nothing is."""
    return [str(problem) for problem in infrastructure.problems(value)]


def moved_problems(path: Any, name: Any, region: Any) -> list[str]:
    """What differs between the installation that ``path`` (infrastructure.json) notes and the wanted one, a line each."""
    try:
        exists = installed_by(Path(str(path)))
    except RedashError as error:
        return [str(problem) for problem in error.problems]
    return [str(problem) for problem in moved(str(path), exists, Installed(str(name), str(region)))]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"infrastructure_problems": infrastructure_problems, "moved_problems": moved_problems}
