# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether AWS takes the names that are made from an installation's name: asked before the key and the secrets exist."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem


@dataclass(frozen=True)
class Rule:
    """``broken`` finds what AWS refuses; ``what`` says it, with who refuses it."""

    broken: re.Pattern[str]
    what: str


# The shape leaves room for what is added to the name: a target group (name-server) has 32 characters.
_SHAPE = re.compile(r"[a-z][a-z0-9-]{1,18}[a-z0-9]")
RULES = (
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    Rule(re.compile(r"internal-.*"), "begins with internal-, which a load balancer's name must not"),
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html, and the same of CreateReplicationGroup
    Rule(re.compile(r".*--.*"), "has two hyphens in a row, which the names of a database cluster and of a cache must not"),
)
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html#sysman-parameter-name-constraints
_PREFIX = re.compile(r"(/[A-Za-z0-9_.-]+){1,13}")
_PREFIX_OF_AWS = re.compile(r"/?(aws|ssm)", re.IGNORECASE)
# https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
_ALIAS = re.compile(r"alias/[A-Za-z0-9/_-]{1,250}")


def problems(name: str, host: str, secret_prefix: str = "", kms_alias: str = "") -> list[Problem]:
    """What AWS would refuse of ``redash_name`` and of the names that a person may set beside it.

    ``host``  the host of the inventory, for a person who never wrote the name
    """
    found = []
    if not _SHAPE.fullmatch(name):
        found.append(
            Problem(
                f"{name or repr(name)} does not fit: 3 to 20 lower-case letters, digits and hyphens, a letter first (AWS names come of it)",
                "redash_name",
                f"Set redash_name for host {host}.",
            )
        )
    found += [Problem(f"{name} {rule.what}", "redash_name", "Choose another name.") for rule in RULES if rule.broken.fullmatch(name)]
    if secret_prefix and _PREFIX_OF_AWS.match(secret_prefix):
        found.append(
            Problem(f"{secret_prefix} begins with aws or ssm, which AWS keeps for itself", "redash_secret_prefix", "Choose another one.")
        )
    elif secret_prefix and not _PREFIX.fullmatch(secret_prefix):
        found.append(Problem(f"{secret_prefix} is not a path", "redash_secret_prefix", "Write one such as /redash/redash-prod."))
    if kms_alias and (not _ALIAS.fullmatch(kms_alias) or kms_alias.startswith("alias/aws/")):
        found.append(
            Problem(
                f"{kms_alias} is not the name of a key's alias",
                "redash_kms_alias",
                "Write one such as alias/redash/redash-prod, not alias/aws/.",
            )
        )
    return found
