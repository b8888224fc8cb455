# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_secret_rotation: look at the store and at what runs, and name the next step. Changes nothing."""

from __future__ import annotations

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils import key_guard
from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import open_store
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import migration, rotation
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.given_releases import expected
from ansible_collections.redash.ecs.plugins.module_utils.core.key_safety import KEY, Way, decide


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """The next step of a rotation: ``step``, ``why``, ``state``, ``done``. Raises RedashError, in which no value appears."""
    what: rotation.What = params["what"]
    prefix, store = params["prefix"], open_store(params["store"], context)
    stored = store.read(prefix, dict.fromkeys([what, f"{what}_next", "secret_key", *key_guard.EITHER]), decrypt=True)
    new, now, key = stored.get(f"{what}_next"), stored.get(what), stored.get("secret_key")
    if what not in rotation.OF_THE_KEYS and now is None and new is None:
        raise RedashError(Problem("does not exist", f"{prefix}/{what}", "Run site.yml first."))
    running = key_guard.containers(params["installation"], context)
    key_guard.refuse_while_rotating(running, store, prefix, stored, context, own=what)
    in_use = key_guard.in_use(running, store, prefix, stored, context)
    rotation.check_may_rotate(
        what,
        key_stored=key is not None,
        key_used=None if in_use is None else in_use.where.startswith(KEY),
        has_reencrypt=expected(params["redash_version"], params["releases"]).has_reencrypt,
    )
    given = rotation.given_value(what, params["value"] or None, now=now.value if now else None, new=new.value if new else None)
    decision = decide("rotate", given=given if what == "secret_key" else None, stored=key.value if key else None, in_use=in_use)
    if decision.way is Way.STOP and what in rotation.OF_THE_KEYS:
        raise RedashError(Problem(decision.why, f"{prefix}/secret_key", decision.todo))
    seen = migration.result(params["lines"], "read the database") if params["lines"] else None
    observed = rotation.Observed(
        what=what,
        made=new is not None,
        adopted=new is not None and now is not None and new.value == now.value,
        rows=rotation.Rows(old=seen["old"], new=seen["new"], neither=tuple(seen["neither"])) if seen else None,
        done=frozenset(params["done"]),
    )
    step = rotation.next_step(observed)
    return {
        "changed": False,
        "step": step,
        "why": rotation.why(observed, step),
        "state": observed.state,
        "done": sorted(rotation.remembered(params["done"], step)),
    }
