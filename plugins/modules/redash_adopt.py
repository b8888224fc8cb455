#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_adopt
short_description: Take the secrets and settings of a Redash that was installed otherwise
version_added: 0.1.0
description:
  - Reads the env file of an installation by docker-compose (mostly C(/opt/redash/env)) or an older ECS set-up.
  - Its secrets go into the secret store, the rest is returned as inventory variables. Each variable's destiny is named, no value of a
    secret is ever shown.
  - An installation without C(REDASH_SECRET_KEY) has been encrypting its data sources with the cookie secret. That value is carried forward.
  - A stored C(secret_key) or C(cookie_secret) that differs from the file's stops, see O(allow_change).
author:
  - The redash.ecs authors (@redash-ecs)
options:
  env_file:
    description: The env file, on the machine where the module runs.
    type: path
    required: true
  env_format:
    description:
      - How the old installation read it. V(compose) as docker compose does, which reads quotes, comments and C($); V(literal) as
        docker-compose 1 with files of version 2, ecs-cli and C(docker run) do, which keep what stands behind the C(=).
      - Needed only where the two differ; it is then asked for, with the variables' names.
    type: str
    choices: [compose, literal]
  kms_key_id:
    description: ARN, ID or alias of the KMS key that encrypts the secrets.
    type: str
  tags:
    description: Tags of the secrets that are made.
    type: dict
  allow_change:
    description: Names of protected secrets (V(secret_key), V(cookie_secret)) that the file's value may replace. Data is lost by that.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    details: Names every destiny and stores nothing.
  diff_mode:
    support: full
    details: Shows names and versions, never a value.
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - redash.ecs.options.secrets
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Take over what docker-compose ran with
  redash.ecs.redash_adopt:
    env_file: /tmp/old-redash/env
    prefix: /redash/prod
    kms_key_id: alias/redash/prod
"""

RETURN = r"""
destinies:
  description: What becomes of each variable, by name.
  returned: always
  type: dict
  sample:
    REDASH_COOKIE_SECRET: "secret: /redash/prod/cookie_secret"
    REDASH_LOG_LEVEL: "inventory: redash_settings"
inventory:
  description: Variables for the installation's inventory. None is secret.
  returned: always
  type: dict
  sample:
    redash_host: https://redash.example.com
    redash_settings: {REDASH_LOG_LEVEL: INFO}
parameters:
  description: As M(redash.ecs.redash_ssm_secrets) returns it.
  returned: always
  type: dict
"""

from ansible_collections.redash.ecs.plugins.module_utils.adopt import run
from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import STORE
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module

ARGUMENT_SPEC = {
    "store": STORE,
    "env_file": {"type": "path", "required": True},
    "env_format": {"type": "str", "choices": ["compose", "literal"]},
    "prefix": {"type": "str", "required": True},
    "kms_key_id": {"type": "str", "no_log": False},
    "tags": {"type": "dict"},
    "allow_change": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    run_aws_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
