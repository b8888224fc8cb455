# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_ssm_secrets: look once, decide, write what is missing, say names and never values."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import parameters, services
from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import secrets as core
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.key_safety import Way, decide, key_in_use

# Each round after the first is a race lost to somebody who makes the same secrets at this moment.
ROUNDS = 3


def run(params: dict[str, Any], context: Context, choose: core.Choose = randomness.choice) -> dict[str, Any]:
    """Make what is missing, or delete what is named.

    Returns ``changed``, ``parameters`` (by name: name, arn, version, created, updated) and ``diff``.
    Raises RedashError, in which no value appears.
    """
    prefix = params["prefix"]
    if params["state"] == "absent":
        return _absent(params, context)
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
    for _ in range(ROUNDS):
        try:
            return _present(params, context, wanted, choose)
        except parameters.AlreadyExists:
            continue
    raise RedashError(Problem("somebody else keeps making the same secrets", prefix, "Run one playbook at a time."))


def _present(params: dict[str, Any], context: Context, wanted: list[core.Secret], choose: core.Choose) -> dict[str, Any]:
    prefix = params["prefix"]
    ssm = context.client("ssm")
    guarded = params["installation"] and any(secret.name == "secret_key" for secret in wanted)
    stored = parameters.read(ssm, prefix, core.needed_names(wanted), decrypt=bool(guarded) or core.needs_values(wanted))
    if guarded:
        wanted = _with_the_key_in_use(params, context, wanted, stored)
    steps = core.plan(prefix, wanted, stored, choose, allow_change=params["allow_change"], assume_parts=context.check_mode)
    versions = {name: item.version for name, item in stored.items()}
    arns = {name: item.arn for name, item in stored.items()}
    modified = {name: item.modified for name, item in stored.items()}
    modified.update({step.name: context.clock.now() for step in steps if step.destiny is not core.Destiny.KEEP})
    if any(step.destiny is core.Destiny.CREATE for step in steps):
        start = _arn_start(context, ssm)
        arns.update({step.name: f"{start}{prefix}/{step.name}" for step in steps if step.destiny is core.Destiny.CREATE})
    hidden = [step.value for step in steps] + [item.value for item in stored.values()]
    try:
        for step in steps:
            if step.destiny is not core.Destiny.KEEP:
                versions[step.name] = _write(params, context, ssm, step, versions.get(step.name, 0))
    except RedashError as error:
        problems = [
            Problem(*(core.masked(text, hidden) for text in (problem.what, problem.where, problem.todo))) for problem in error.problems
        ]
        raise RedashError(problems) from None
    result: dict[str, Any] = {
        "changed": any(step.destiny is not core.Destiny.KEEP for step in steps),
        "parameters": {
            step.name: {
                "name": f"{prefix}/{step.name}",
                "arn": arns[step.name],
                "version": versions[step.name],
                "created": step.destiny is core.Destiny.CREATE,
                "updated": step.destiny is core.Destiny.UPDATE,
                "modified": modified[step.name],
            }
            for step in sorted(steps, key=lambda step: step.name)
        },
    }
    if context.diff_mode:
        result["diff"] = core.describe(prefix, steps, stored, versions)
    return result


def _with_the_key_in_use(
    params: dict[str, Any], context: Context, wanted: list[core.Secret], stored: Mapping[str, core.Stored]
) -> list[core.Secret]:
    """``wanted`` with the encryption key carried over from the containers as they run; RedashError on any doubt."""
    installation = params["installation"]
    containers = services.containers_in_use(
        context.client("ecs"), installation["cluster"], installation["services"], installation["task_definitions"]
    )
    secret = next(secret for secret in wanted if secret.name == "secret_key")
    # A parameter that was deleted: the person who read the key from a running container gives it.
    in_use = key_in_use(containers, lambda reference: parameters.read_reference(context.client, reference) or secret.value)
    known = stored.get("secret_key")
    decision = decide("setup", given=secret.value, stored=known.value if known else None, in_use=in_use)
    if decision.way is Way.STOP and "secret_key" not in params["allow_change"]:
        raise RedashError(Problem(decision.why, f"{params['prefix']}/secret_key", decision.todo))
    if decision.way is Way.STORE:
        carried = replace(secret, value=decision.value, origin=decision.why)
        return [carried if one is secret else one for one in wanted]
    return wanted


def _write(params: dict[str, Any], context: Context, ssm: Any, step: core.Step, version: int) -> int:
    """Write one secret; its new version, which check mode foretells."""
    if context.check_mode:
        return version + 1
    path = f"{params['prefix']}/{step.name}"
    if step.value is None:
        raise AssertionError("only check mode plans without values")
    if step.destiny is core.Destiny.CREATE:
        return parameters.create(ssm, path, step.value, kms_key_id=params["kms_key_id"], tags=params["tags"] or {})
    return parameters.update(ssm, path, step.value, kms_key_id=params["kms_key_id"])


def _arn_start(context: Context, ssm: Any) -> str:
    """What a parameter's ARN begins with. PutParameter does not return one, and check mode needs it too."""
    with aws_errors("learn this account's number (sts:GetCallerIdentity)"):
        account = context.client("sts").get_caller_identity()["Account"]
    return f"arn:{ssm.meta.partition}:ssm:{ssm.meta.region_name}:{account}:parameter"


def _absent(params: dict[str, Any], context: Context) -> dict[str, Any]:
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
    ssm = context.client("ssm")
    stored = parameters.read(ssm, prefix, names, decrypt=False)
    if stored and not context.check_mode:
        parameters.delete(ssm, prefix, stored)
    result: dict[str, Any] = {"changed": bool(stored), "parameters": {}, "deleted": sorted(stored)}
    if context.diff_mode:
        lines = "".join(f"{prefix}/{name}: version {stored[name].version}\n" for name in sorted(stored))
        result["diff"] = {"before": lines, "after": ""}
    return result
