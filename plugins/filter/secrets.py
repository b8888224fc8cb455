# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter of the roles that render: ``redash_secrets`` as the environment variables of the containers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import references


def secret_references(given: Mapping[str, Any] | None, prefix: str) -> dict[str, str]:
    """Environment variable -> parameter, for the secrets beyond those that every installation has."""
    return references(prefix, given or {})


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"secret_references": secret_references}
