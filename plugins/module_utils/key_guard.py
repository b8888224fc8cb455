# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The encryption key as the store has it and as the containers got it. What follows is decided by core/key_safety.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import services
from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import SecretStore, store_of
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.key_safety import KEY, InUse, Read, key_in_use
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import Stored

# The new key of a rotation that has begun and not ended.
NEXT = "secret_key_next"
# Rotations whose other side may have either value, so that nothing else may be deployed meanwhile. A database that refused
# its new password has the old one, while Terraform's state says that the new one is set: only the rotation sets it again.
EITHER = {
    NEXT: "the data may be encrypted with either key",
    "database_password_next": "the database may have either password",
}

# The modules' option that says where an installation runs, as its documentation does in the modules.
INSTALLATION = {
    "cluster": {"type": "str", "required": True},
    "services": {"type": "list", "elements": "str", "required": True},
    "task_definitions": {"type": "list", "elements": "str", "default": []},
}


def containers(installation: Mapping[str, Any], context: Context) -> list[dict[str, Any]]:
    """The containers of an installation, with ``deployedAt``. What does not exist is left out."""
    return services.containers_in_use(
        context.client("ecs"), installation["cluster"], installation["services"], installation["task_definitions"]
    )


def in_use(
    running: Iterable[Mapping[str, Any]], store: SecretStore, prefix: str, stored: Mapping[str, Stored], context: Context
) -> InUse | None:
    """The key of the containers as they run. Raises RedashError when they disagree or it is gone.

    ``stored``  of the store, decrypted: ``secret_key`` and ``secret_key_next``
    """
    return key_in_use(running, _as_deployed(store, prefix, stored, context))


def _as_deployed(store: SecretStore, prefix: str, stored: Mapping[str, Stored], context: Context) -> Read:
    """Reads what a container got when it was deployed, not what the store would hand out now: somebody may have overwritten it."""
    key, following = stored.get("secret_key"), stored.get(NEXT)
    # Between its adoption and the deployment a rotated key is newer than what was deployed last, and everything is stopped.
    rotating = key is not None and following is not None and key.value == following.value

    def read(reference: str, deployed_at: float | None) -> tuple[str, str] | None:
        if not store.owns(reference) or store.path_of(reference) != f"{prefix}/secret_key":
            value = store_of(reference, context).value(reference)
            return None if value is None else (value, "")
        if key is None or key.value is None:
            return None
        if not rotating and deployed_at is not None and key.modified is not None and key.modified > deployed_at:
            older = store.version_at(f"{prefix}/secret_key", deployed_at)
            if older is not None and older.value is not None and older.value != key.value:
                return older.value, f"deployed with version {older.version}; version {key.version} was written later"
        return key.value, ""

    return read


def refuse_while_rotating(
    running: Iterable[Mapping[str, Any]], store: SecretStore, prefix: str, stored: Mapping[str, Stored], context: Context, own: str = ""
) -> None:
    """Stop everything but the rotation itself (``own``, the name of what it rotates): see EITHER.

    ``stored``  of the store: every name in EITHER that exists
    """
    begun = [name for name in EITHER if name in stored]
    for container in running:
        for item in container.get("secrets") or []:
            if item["name"] == KEY and not store.owns(item["valueFrom"]):  # the installation moves from another store
                other = store_of(item["valueFrom"], context)
                folder, _slash, name = other.path_of(item["valueFrom"]).rpartition("/")
                if name == "secret_key":
                    begun += [name for name in other.read(folder, list(EITHER), decrypt=False) if name not in begun]
    for name in begun:
        what = name.removesuffix("_next")
        if what != own:
            raise RedashError(
                Problem(
                    f"a rotation of {what} is unfinished, and {EITHER[name]}",
                    f"{prefix}/{name}",
                    f"Finish it first: rotate_secrets.yml -e rotate={what}",
                )
            )
