# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_ssm_secrets: look once, decide, write what is missing, say names and never values."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils import key_guard
from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import SecretStore, missing, open_store, read_reference, store_of
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import secrets as core
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.key_safety import Way, decide
from ansible_collections.redash.ecs.plugins.module_utils.core.lost_secrets import find_again

# Each round after the first is a race lost to somebody who makes the same secrets at this moment.
ROUNDS = 3


def run(params: dict[str, Any], context: Context, choose: core.Choose = randomness.choice) -> dict[str, Any]:
    """Make what is missing, find where it is, or delete what is named.

    Returns ``changed``, ``parameters`` (by name: name, arn, version, created, updated, restored) and ``diff``.
    Raises RedashError, in which no value appears.
    """
    prefix = params["prefix"]
    store = open_store(params["store"], context)
    if params["state"] == "absent":
        return _absent(params, context, store)
    wanted = [
        core.Secret(
            name=item["name"],
            length=item["length"],
            value=item["value"],
            compose=item["compose"],
            values={name: str(value) for name, value in (item["values"] or {}).items()},
        )
        for item in params["secrets"]
    ]
    core.check(prefix, wanted)
    if params["state"] == "located":
        return _located(params, context, store, [secret.name for secret in wanted])
    _check_references(params["references"] or {}, context)
    for _ in range(ROUNDS):
        try:
            return _present(params, context, store, wanted, choose)
        except core.AlreadyExists:
            continue
    raise RedashError(Problem("somebody else keeps making the same secrets", prefix, "Run one playbook at a time."))


def _check_references(references: Mapping[str, str], context: Context) -> None:
    """Secrets that somebody else keeps have to be there before anything is deployed with them."""
    gone = set(missing(context, references.values()))
    problems = Problems()
    for variable, reference in references.items():
        if reference in gone:
            problems.add(f"{reference} does not exist", where=variable, todo="Make it, or correct its name or ARN.")
    problems.raise_if_any()


def _present(
    params: dict[str, Any], context: Context, store: SecretStore, wanted: list[core.Secret], choose: core.Choose
) -> dict[str, Any]:
    prefix, guarded = params["prefix"], params["installation"] is not None
    names = core.needed_names(wanted) + (["secret_key", *key_guard.EITHER, "database_url"] if guarded else [])
    decrypt = guarded or core.needs_values(wanted)
    stored = store.read(prefix, dict.fromkeys(names), decrypt=decrypt)
    deleted = [secret.name for secret in wanted if secret.name in stored and stored[secret.name].deleted]
    if deleted and not context.check_mode:
        for name in deleted:
            store.restore(f"{prefix}/{name}")
        stored |= store.read(prefix, deleted, decrypt=decrypt)
    if guarded:
        wanted = _found_and_guarded(params, context, store, wanted, stored)
    may_change = [*params["allow_change"], *params["put_back"]]
    steps = core.plan(prefix, wanted, stored, choose, allow_change=may_change, assume_parts=context.check_mode)
    steps = [
        replace(step, destiny=core.Destiny.RESTORE, why=core.RESTORED)
        if step.name in deleted and step.destiny is core.Destiny.KEEP
        else step
        for step in steps
    ]
    hidden = [step.value for step in steps] + [item.value for item in stored.values()]
    try:
        written = {step.name: _write(params, context, store, step, stored.get(step.name)) for step in steps}
    except RedashError as error:
        problems = [
            Problem(*(core.masked(text, hidden) for text in (problem.what, problem.where, problem.todo))) for problem in error.problems
        ]
        raise RedashError(problems) from None
    now = context.clock.now()
    result: dict[str, Any] = {
        "changed": any(step.destiny is not core.Destiny.KEEP for step in steps),
        "parameters": {
            step.name: {
                "name": f"{prefix}/{step.name}",
                "arn": written[step.name].arn,
                "version": written[step.name].version,
                "created": step.destiny is core.Destiny.CREATE,
                "updated": step.destiny is core.Destiny.UPDATE,
                "restored": step.destiny is core.Destiny.RESTORE,
                "modified": now if step.destiny in (core.Destiny.CREATE, core.Destiny.UPDATE) else stored[step.name].modified,
            }
            for step in sorted(steps, key=lambda step: step.name)
        },
    }
    if context.diff_mode:
        result["diff"] = core.describe(prefix, steps, stored, {name: one.version for name, one in written.items()})
    return result


def _found_and_guarded(
    params: dict[str, Any], context: Context, store: SecretStore, wanted: list[core.Secret], stored: Mapping[str, core.Stored]
) -> list[core.Secret]:
    """``wanted`` with what the containers have and the store has not; RedashError on any doubt about the encryption key."""
    prefix, action = params["prefix"], params["installation"]["action"]
    running = key_guard.containers(params["installation"], context)
    if action != "rotate":
        key_guard.refuse_while_rotating(running, store, prefix, stored, context)
    _refuse_older_ones(running, store, prefix, stored, context)
    wanted = find_again(
        wanted,
        stored,
        running,
        ours=lambda reference: _below(store, prefix, reference),
        read=lambda reference: read_reference(context, reference),
        allow_change=params["allow_change"],
    )
    secret = next((secret for secret in wanted if secret.name == "secret_key"), None)
    known = stored.get("secret_key")
    if secret is None or (known is not None and known.deleted):  # deleted: in check mode; else it has been restored
        return wanted
    if secret.value is not None and known is None:
        # It was deleted, and a person gives what they read from a container: as good as what the store would say.
        stored = {**stored, "secret_key": core.Stored(version=0, arn="", value=secret.value)}
    in_use = key_guard.in_use(running, store, prefix, stored, context)
    decision = decide(
        # Whether the key itself may be rotated is redash_secret_rotation's to say. Here it is one more deployment.
        "mail" if action == "rotate" else action,
        given=secret.value,
        stored=known.value if known else None,
        in_use=in_use,
        put_back="secret_key" in params["put_back"],
    )
    if decision.way is Way.STOP and "secret_key" not in params["allow_change"]:
        raise RedashError(Problem(decision.why, f"{prefix}/secret_key", decision.todo))
    if decision.way is Way.STORE:
        carried = replace(secret, value=decision.value, origin=decision.why)
        return [carried if one is secret else one for one in wanted]
    return wanted


def _refuse_older_ones(
    running: Iterable[Mapping[str, Any]], store: SecretStore, prefix: str, stored: Mapping[str, core.Stored], context: Context
) -> None:
    """An installation that moves here from another store must not find what it left behind when it moved there."""
    problems: dict[str, Problem] = {}
    references = {item["valueFrom"] for container in running for item in container.get("secrets") or []}
    for reference in sorted(reference for reference in references if not store.owns(reference)):
        other = store_of(reference, context)
        name = _below(other, prefix, reference)
        if name in stored and other.value(reference) not in (None, stored[name].value):
            problems[name] = Problem(
                f"{store.title} has another value of it than {other.title}, which the containers use",
                f"{prefix}/{name}",
                f"Delete what is below {prefix} in {store.title}; site.yml then brings over what is in use.",
            )
    if problems:
        raise RedashError(problems.values())


def _below(store: SecretStore, prefix: str, reference: str) -> str:
    """The name below the prefix that a ``valueFrom`` leads to, "" where it leads elsewhere."""
    path = store.path_of(reference) if store.owns(reference) else ""
    return path.removeprefix(f"{prefix}/") if path.startswith(f"{prefix}/") else ""


def _write(params: dict[str, Any], context: Context, store: SecretStore, step: core.Step, existing: core.Stored | None) -> core.Written:
    """Write one secret, if anything is to be written; its version, which check mode foretells."""
    path = f"{params['prefix']}/{step.name}"
    version = existing.version if existing else 0
    arn = existing.arn if existing else ""
    if step.destiny in (core.Destiny.KEEP, core.Destiny.RESTORE):
        return core.Written(version, arn)
    if context.check_mode:
        return core.Written(version + 1, arn or store.arn(path))
    if step.value is None:
        raise AssertionError("only check mode plans without values")
    if step.destiny is core.Destiny.CREATE:
        return store.create(path, step.value, kms_key_id=params["kms_key_id"], tags=params["tags"] or {})
    return store.update(path, step.value, kms_key_id=params["kms_key_id"], version=version)


def _located(params: dict[str, Any], context: Context, store: SecretStore, names: Iterable[str]) -> dict[str, Any]:
    """Where secrets are that other steps made. Check mode foretells those that are not made yet."""
    prefix = params["prefix"]
    stored = store.read(prefix, names, decrypt=False)
    problems = Problems()
    found = {}
    for name in names:
        if (name not in stored or stored[name].deleted) and not context.check_mode:
            problems.add(f"does not exist in {store.title}", where=f"{prefix}/{name}", todo="site.yml makes it.")
        arn = stored[name].arn if name in stored else store.arn(f"{prefix}/{name}")
        found[name] = {"name": f"{prefix}/{name}", "arn": arn, "version": stored[name].version if name in stored else 0}
    problems.raise_if_any()
    return {"changed": False, "parameters": found}


def _absent(params: dict[str, Any], context: Context, store: SecretStore) -> dict[str, Any]:
    prefix = params["prefix"]
    names = [item["name"] for item in params["secrets"]]
    if params["confirm"] != prefix:
        raise RedashError(
            Problem(
                "deleting secrets can't be undone: data sources encrypted with secret_key are lost with it",
                prefix,
                f"Set confirm: {prefix} if that is what you want.",
            )
        )
    core.check(prefix, [core.Secret(name) for name in names])
    stored = {name: item for name, item in store.read(prefix, names, decrypt=False).items() if not item.deleted}
    if stored and not context.check_mode:
        store.delete(prefix, stored, recovery_days=params["recovery_days"])
    result: dict[str, Any] = {"changed": bool(stored), "parameters": {}, "deleted": sorted(stored)}
    if context.diff_mode:
        lines = "".join(f"{prefix}/{name}: version {stored[name].version}\n" for name in sorted(stored))
        result["diff"] = {"before": lines, "after": ""}
    return result
