# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_secret_key_proof: hold the stored key against the rows, and put back an older version where it does not fit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils import key_guard
from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import SecretStore, open_store
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import key_proof, migration
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import AlreadyExists, Stored


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Judge the last look at the database; ``changed``, ``look``, ``version``, ``modified``, ``note``, ``tried``.

    Raises RedashError, in which no value appears, where no key fits. A key that was only tried is taken back before.
    """
    prefix, store = params["prefix"], open_store(params["store"], context)
    path = f"{prefix}/secret_key"
    seen = migration.result(params["lines"], "try the encryption key")
    names = ["secret_key", key_guard.NEXT]
    stored = store.read(prefix, names, decrypt=True)
    if "secret_key" not in stored or stored["secret_key"].deleted:
        raise RedashError(Problem(f"does not exist in {store.title}", path, "Run site.yml first."))
    if key_guard.NEXT in stored:
        todo = "Finish it first: rotate_secrets.yml -e rotate=secret_key"
        raise RedashError(Problem("a rotation of secret_key is unfinished, and the data may be encrypted with either key", path, todo))
    newest = stored["secret_key"]
    tried = key_proof.tried_from(params["tried"])
    # What is tried again under another number is the version that it was put back from.
    version = params["version"] if params["version"] is not None else newest.version
    tried.append(key_proof.Tried(version, int(seen["old"]), tuple(seen["neither"])))
    if not params["put_back"]:
        problem = key_proof.mismatch(tried[-1], path)
        if problem:
            raise RedashError(problem)
        decision = key_proof.decide([newest], None, tried, None, path)
    else:
        decision = key_proof.decide(store.versions(path), params["given"] or None, tried, _seconds(params["taken"]), path)
    modified = newest.modified
    if decision.put_back is not None:
        modified = _put_back(params, context, store, newest, decision.put_back)
    if decision.problem:
        raise RedashError(decision.problem)
    if decision.look:
        context.report(f"{path}: version {tried[-1].version} does not open the rows; trying {_title(decision.version)}")
    return {
        "changed": decision.put_back is not None,
        "look": decision.look,
        "version": decision.version,
        "modified": modified,
        "note": decision.note,
        "tried": [one.as_dict() for one in tried],
    }


def _seconds(taken: str | None) -> float | None:
    """Seconds since the epoch of a time as AWS writes it."""
    if not taken:
        return None
    try:
        return datetime.fromisoformat(taken).timestamp()
    except ValueError:
        todo = "Write it as AWS does: 2026-11-09T11:24:19+00:00."
        raise RedashError(Problem(f"{taken} is no time", "taken", todo)) from None


def _title(version: int) -> str:
    return "the given key" if version == key_proof.GIVEN else f"version {version}"


def _put_back(params: dict[str, Any], context: Context, store: SecretStore, newest: Stored, value: str) -> float | None:
    """Write ``value`` as one more version; when it was written (seconds since the epoch). Check mode writes nothing."""
    if context.check_mode:
        return newest.modified
    path = f"{params['prefix']}/secret_key"
    try:
        store.update(path, value, kms_key_id=params["kms_key_id"], version=newest.version)
    except AlreadyExists:
        raise RedashError(
            Problem("another run writes it at this moment", path, "Run one playbook at a time, then run this one again.")
        ) from None
    return context.clock.now()
