# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_elasticache_auth: the AUTH token of a replication group follows its secret."""

from __future__ import annotations

from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import replication_groups
from ansible_collections.redash.ecs.plugins.module_utils.aws.client import error_code
from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import STORE, open_store
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import auth_token
from ansible_collections.redash.ecs.plugins.module_utils.core.auth_token import Mark
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import Stored, masked

ARGUMENT_SPEC: dict[str, Any] = {
    "replication_group_id": {"type": "str", "required": True},
    "prefix": {"type": "str", "required": True},
    "name": {"type": "str", "default": "redis_token"},
    "store": STORE,
    "auth_token_enabled": {"type": "bool", "default": True, "no_log": False},
    "auth_token_update_strategy": {"type": "str", "choices": ["ROTATE", "SET"], "default": "SET", "no_log": False},
    "timeout": {"type": "int", "default": 1800},
    "stream": {"type": "bool", "default": True},
}
SPECIFICATION: dict[str, Any] = {"argument_spec": ARGUMENT_SPEC}

SAID = {
    "no": "is not accepted",
    "beside": "is accepted beside what was accepted before",
    "only": "is the only one accepted",
}

BECOMES = {
    "ROTATE": "is accepted from now on beside what was accepted before",
    "SET": "becomes the only one accepted",
}

# How ElastiCache refuses a request that makes no sense in the group's present state.
ALREADY_SET = ("InvalidParameterValue", "InvalidParameterCombination")


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Make the group accept the stored token: beside the old one (ROTATE) or alone (SET).

    Returns ``changed``, ``steps``, ``version`` and ``diff``. Raises RedashError, in which no value appears.
    """
    group_id, elasticache = params["replication_group_id"], context.client("elasticache")
    group = replication_groups.find(elasticache, group_id)
    if group is None:
        raise RedashError(Problem("there is no such replication group", group_id, "Run site.yml: Terraform makes it."))
    if not params["auth_token_enabled"]:
        return _without(group)
    _check(group)
    secret = _secret(params, context, decrypt=False)
    token = _name(secret)
    if not context.check_mode:
        group = replication_groups.available(elasticache, group_id, params["timeout"], context.clock, context.report)
    mark = auth_token.read_mark(replication_groups.tags(elasticache, group["ARN"]).get(auth_token.TAG))
    before = auth_token.accepted(mark, token, enabled=bool(group.get("AuthTokenEnabled")), modified=_modified(group))
    steps = auth_token.steps(before, params["auth_token_update_strategy"])
    if steps and not context.check_mode:
        _do(params, context, group, steps, begun=bool(mark and mark.token == token and mark.step == "setting"))
    after = {"SET": "only", "ROTATE": "beside"}[steps[-1]] if steps else before
    version = secret.version if secret else 1
    return {
        "changed": bool(steps),
        "steps": steps,
        "version": version,
        "diff": {
            "before": f"{group_id}: version {version} of {params['name']} {SAID[before]}\n",
            "after": f"{group_id}: version {version} of {params['name']} {SAID[after]}\n",
        },
    }


def _without(group: dict[str, Any]) -> dict[str, Any]:
    # Redash's URL is about to lose the token, and nothing that runs could reach Redis any more.
    if group.get("AuthTokenEnabled"):
        raise RedashError(
            Problem(
                "this Redis demands an AUTH token, and ElastiCache gives up one only for a user group",
                "redash_redis.auth_token_enabled: false",
                f"Leave it out, or have {group['ReplicationGroupId']} made anew (its queues are lost):"
                ' -e \'{"redash_allow_replacement": ["aws_elasticache_replication_group.this"]}\'.',
            )
        )
    return {"changed": False, "steps": [], "version": None, "diff": {}}


def _check(group: dict[str, Any]) -> None:
    name = group["ReplicationGroupId"]
    todo = "Set redash_redis.auth_token_enabled: false to do without a token."
    if not group.get("TransitEncryptionEnabled"):
        raise RedashError(Problem("ElastiCache has AUTH tokens only where TLS is on (redash_redis.transit_encryption_enabled)", name, todo))
    if group.get("UserGroupIds"):
        raise RedashError(
            Problem(f"it has the user group {', '.join(group['UserGroupIds'])}, and ElastiCache takes one or the other", name, todo)
        )


def _secret(params: dict[str, Any], context: Context, *, decrypt: bool) -> Stored | None:
    """The stored token; None only in check mode, where an earlier step would have made it."""
    secret = open_store(params["store"], context).read(params["prefix"], [params["name"]], decrypt=decrypt).get(params["name"])
    if secret is None and not context.check_mode:
        raise RedashError(
            Problem("does not exist", f"{params['prefix']}/{params['name']}", "Run site.yml: its first step makes the secrets.")
        )
    return secret


def _name(secret: Stored | None) -> str:
    """The token's name in the tag. The time beside the version: a secret that was deleted and made again begins with 1."""
    return f"{secret.version}@{secret.modified or 0:.0f}" if secret else "none"


def _modified(group: dict[str, Any]) -> int:
    date = group.get("AuthTokenLastModifiedDate")
    return int(date.timestamp()) if date else 0


def _do(params: dict[str, Any], context: Context, group: dict[str, Any], steps: list[auth_token.Strategy], *, begun: bool) -> None:
    """``begun``: an earlier run wrote down that it was about to SET this token."""
    elasticache, group_id, arn = context.client("elasticache"), group["ReplicationGroupId"], group["ARN"]
    secret = _secret(params, context, decrypt=True)
    if secret is None or secret.value is None:
        raise AssertionError("a secret that was decrypted has a value")
    token = _name(secret)
    for step in steps:
        context.report(f"{group_id}: version {secret.version} of {params['name']} {BECOMES[step]}")
        doing = Mark(token, "rotating" if step == "ROTATE" else "setting", _modified(group))
        replication_groups.tag(elasticache, arn, auth_token.TAG, str(doing))
        try:
            replication_groups.change_token(elasticache, group_id, secret.value, step)
        except RedashError as error:
            # SET needs a second token to take away: there is none any more if that earlier run did it.
            if not (step == "SET" and begun and error_code(error.__cause__ or error) in ALREADY_SET):
                raise RedashError([Problem(masked(str(problem), [secret.value])) for problem in error.problems]) from None
        context.clock.sleep(replication_groups.INTERVAL)
        group = replication_groups.available(elasticache, group_id, params["timeout"], context.clock, context.report)
        replication_groups.tag(elasticache, arn, auth_token.TAG, str(Mark(token, "rotated" if step == "ROTATE" else "set")))
