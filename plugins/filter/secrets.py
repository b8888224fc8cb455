# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter of the roles that render: ``redash_secrets`` as the environment variables of the containers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import given_problems, references


def secret_references(given: Mapping[str, Any] | None, prefix: str) -> dict[str, str]:
    """Environment variable -> parameter, for the secrets beyond those that every installation has."""
    return references(prefix, given or {})


def secrets_below(references: Mapping[str, str], prefix: str) -> list[dict[str, str]]:
    """What redash_ssm_secrets is to look for: the secrets of the installation itself, by their names."""
    paths = sorted({path for path in references.values() if path.startswith(f"{prefix}/")})
    return [{"name": path.removeprefix(f"{prefix}/")} for path in paths]


def secret_locations(references: Mapping[str, str], located: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The same variables with the ARN of each secret that was looked for."""
    arns = {found["name"]: found["arn"] for found in located.values()}
    return {variable: arns.get(path, path) for variable, path in references.items()}


def secret_problems(given: Any, infrastructure: Any = None) -> list[str]:
    """Everything that is wrong with redash_secrets, one line each; no line holds a value."""
    if not isinstance(given, Mapping):
        return ["redash_secrets: not a mapping. Write name: value for each secret."]
    return [str(problem) for problem in given_problems(given, made_here=not infrastructure)]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "secret_references": secret_references,
            "secrets_below": secrets_below,
            "secret_locations": secret_locations,
            "secret_problems": secret_problems,
        }
