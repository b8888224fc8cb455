# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A filter of the role ecs_cli_service. Its documentation is in deployment_order.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.topology import deployment_order


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"deployment_order": deployment_order}
