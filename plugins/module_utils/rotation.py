# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_secret_rotation: look at the store and at what runs, and name the next step. Changes nothing."""

from __future__ import annotations

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import parameters, services
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import migration, rotation
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.key_safety import KEY, Way, decide, key_in_use
from ansible_collections.redash.ecs.plugins.module_utils.core.release import release


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """The next step of a rotation: ``step``, ``why``, ``done``. Raises RedashError, in which no value appears."""
    what: rotation.What = params["what"]
    prefix, installation = params["prefix"], params["installation"]
    stored = parameters.read(context.client("ssm"), prefix, [what, f"{what}_next", "secret_key"], decrypt=True)
    if what not in stored and f"{what}_next" not in stored and what == "database_password":
        raise RedashError(Problem("does not exist", f"{prefix}/{what}", "Run site.yml first."))
    containers = services.containers_in_use(
        context.client("ecs"), installation["cluster"], installation["services"], installation["task_definitions"]
    )
    in_use = key_in_use(containers, lambda reference: parameters.read_reference(context.client, reference))
    key = stored.get("secret_key")
    rotation.check_may_rotate(
        what,
        key_stored=key is not None,
        key_used=None if in_use is None else in_use.where.startswith(KEY),
        has_reencrypt=release(params["redash_version"]).has_reencrypt,
        given=params["given"],
    )
    decision = decide("rotate", given=None, stored=key.value if key else None, in_use=in_use)
    if decision.way is Way.STOP and what != "database_password":
        raise RedashError(Problem(decision.why, f"{prefix}/secret_key", decision.todo))
    new, now = stored.get(f"{what}_next"), stored.get(what)
    seen = migration.result(params["lines"], "read the database") if params["lines"] else None
    step = rotation.next_step(
        rotation.Observed(
            what=what,
            made=new is not None,
            adopted=new is not None and now is not None and new.value == now.value,
            rows=rotation.Rows(old=seen["old"], new=seen["new"], neither=tuple(seen["neither"])) if seen else None,
            done=frozenset(params["done"]),
        )
    )
    return {"changed": False, "step": step, "why": rotation.WHY[step], "done": sorted(rotation.remembered(params["done"], step))}
