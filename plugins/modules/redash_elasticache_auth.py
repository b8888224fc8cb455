#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_elasticache_auth
short_description: Give an ElastiCache replication group the AUTH token that the secret store holds
version_added: 0.1.0
description:
  - Terraform's AWS provider has no write-only argument for the token before 6.x, so that Terraform would keep it in its state. This module
    reads it from the secret store and hands it to ElastiCache itself. It is in no option, result, diff or log.
  - ElastiCache accepts two tokens at most. V(ROTATE) makes it accept the stored one beside what it accepted before, so that nothing that
    runs is locked out; once everything runs with the new one, V(SET) makes it the only one. Both do only what is left to do, whatever
    an earlier run that was killed has done.
  - What was done is written into the group's tag C(AuthTokenVersion), as the version of the secret and its time. The Terraform module of
    this collection leaves that tag alone.
author:
  - The redash.ecs authors (@redash-ecs)
options:
  replication_group_id:
    description: The replication group. Its TLS must be on.
    type: str
    required: true
  name:
    description: The secret that holds the token, below O(prefix).
    type: str
    default: redis_token
  auth_token_enabled:
    description: With V(false) the group is left alone; one that demands a token already is an error, as nothing could reach it without.
    type: bool
    default: true
  auth_token_update_strategy:
    description: V(ROTATE) has the token accepted, V(SET) has it alone accepted.
    type: str
    choices: [ROTATE, SET]
    default: SET
  timeout:
    description: Seconds to wait for the group, each time that it changes.
    type: int
    default: 1800
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - redash.ecs.options.secrets
  - redash.ecs.options.stream
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Have Redis accept the stored token beside the one in use
  redash.ecs.redash_elasticache_auth:
    replication_group_id: redash-prod
    prefix: /redash/redash-prod
    auth_token_update_strategy: ROTATE
    region: ap-northeast-1

- name: Have it accept no other, once everything runs with it
  redash.ecs.redash_elasticache_auth:
    replication_group_id: redash-prod
    prefix: /redash/redash-prod
    region: ap-northeast-1
"""

RETURN = r"""
steps:
  description: What was done (in check mode, what would be).
  returned: success
  type: list
  elements: str
  sample: [ROTATE, SET]
version:
  description: Version of the secret that holds the token.
  returned: success
  type: int
  sample: 3
"""

from ansible_collections.redash.ecs.plugins.module_utils.elasticache_auth import SPECIFICATION, run
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module


def main() -> None:
    run_aws_module(run, **SPECIFICATION)


if __name__ == "__main__":
    main()
