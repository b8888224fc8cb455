# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where secrets are kept: Parameter Store or Secrets Manager, behind one interface. What is done with them is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from ansible_collections.redash.ecs.plugins.module_utils.aws.parameters import ParameterStore
from ansible_collections.redash.ecs.plugins.module_utils.aws.secrets_manager import SecretsManager
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import Stored, Written


class SecretStore(Protocol):
    """A secret's path is its name behind the installation's prefix: ``/redash/prod/secret_key``."""

    # As redash_secret_store names it, and as people know it.
    name: str
    title: str

    def read(self, prefix: str, names: Iterable[str], *, decrypt: bool) -> dict[str, Stored]:
        """Those of ``names`` (below ``prefix``) that exist, in as few calls as there can be."""

    def create(self, path: str, value: str, *, kms_key_id: str | None, tags: Mapping[str, str]) -> Written:
        """Make the secret. Raises core.secrets.AlreadyExists, never overwrites."""

    def update(self, path: str, value: str, *, kms_key_id: str | None, version: int) -> Written:
        """Write the version after ``version``. Raises core.secrets.AlreadyExists where somebody else has."""

    def restore(self, path: str) -> None:
        """Take back the deletion of a secret that was read as ``deleted``."""

    def delete(self, prefix: str, names: Iterable[str], *, recovery_days: int) -> list[str]:
        """Delete those of ``names`` that exist; the names deleted. They can be restored for ``recovery_days``, where the store can."""

    def versions(self, path: str) -> list[Stored]:
        """Every version that the store still has, values included, oldest first."""

    def version_at(self, path: str, seconds: float) -> Stored | None:
        """What a container that started ``seconds`` after the epoch was given; None where the history does not reach back."""

    def arn(self, path: str) -> str:
        """The ARN that the secret will have, as far as it can be known."""

    def owns(self, reference: str) -> bool:
        """Whether a task definition's ``valueFrom`` leads to this store."""

    def path_of(self, reference: str) -> str:
        """The path of the secret that a ``valueFrom`` leads to."""

    def value(self, reference: str) -> str | None:
        """The value behind a ``valueFrom``; None when it is gone."""

    def missing(self, references: Iterable[str]) -> list[str]:
        """Those of ``references`` that lead nowhere, in as few calls as there can be."""


STORES: dict[str, Callable[[Context], SecretStore]] = {store.name: store for store in (ParameterStore, SecretsManager)}
# The option of every module that reads or writes secrets.
STORE = {"type": "str", "choices": list(STORES), "default": ParameterStore.name}


def open_store(name: str, context: Context) -> SecretStore:
    """The store that redash_secret_store names."""
    return STORES[name](context)


def store_of(reference: str, context: Context) -> SecretStore:
    """The store that a task definition's ``valueFrom`` leads to."""
    return next(store for store in (make(context) for make in STORES.values()) if store.owns(reference))


def read_reference(context: Context, reference: str) -> str | None:
    """The value behind a task definition's ``valueFrom``; None when it is gone."""
    return store_of(reference, context).value(reference)


def missing(context: Context, references: Iterable[str]) -> list[str]:
    """Those of ``references`` (``valueFrom``) that lead nowhere. One batch for each store."""
    by_store: dict[str, list[str]] = {}
    for reference in references:
        by_store.setdefault(store_of(reference, context).name, []).append(reference)
    return [gone for name, own in by_store.items() for gone in open_store(name, context).missing(own)]
