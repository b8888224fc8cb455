#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ssm_secrets
short_description: Make Redash's secrets in Parameter Store, once, without ever showing them
version_added: 0.1.0
description:
  - Makes each secret that is missing as a SecureString parameter, encrypted with the KMS key given.
  - A secret that exists is never overwritten by a generated one.
  - A value given by you is compared with the stored one without either being shown. The names V(secret_key) and V(cookie_secret)
    are protected, since replacing them loses data; see O(allow_change).
  - A composed secret (a database URL) follows its parts. It is written only when the composed value differs from the stored one.
  - All secrets are read with one call for every ten of them. Stored values are decrypted only when there is something to compare.
  - No value is ever part of a result, a diff, a message or a log.
author:
  - The redash.ecs authors (@redash-ecs)
options:
  prefix:
    description: The path that the parameters' names begin with, for example V(/redash/prod).
    type: str
    required: true
  kms_key_id:
    description:
      - ARN, ID or alias (V(alias/redash/prod)) of the KMS key that encrypts the parameters.
      - Without it, AWS uses the account's own key for Parameter Store.
    type: str
  secrets:
    description: The secrets that have to exist (or, with O(state=absent), those to delete).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name below O(prefix).
        type: str
        required: true
      length:
        description: How many alphanumeric characters to generate when there is no such secret.
        type: int
        default: 32
      value:
        description: Your own value, instead of a generated one.
        type: str
      compose:
        description:
          - A template of the value. Each C({placeholder}) is replaced by one of O(secrets[].values) or else by the secret of that name,
            percent-encoded as URLs need it. The secret is taken from the store inside this module.
          - Excludes O(secrets[].value).
        type: str
      values:
        description: What is not secret in O(secrets[].compose).
        type: dict
  tags:
    description: Tags of the parameters that are made. Parameters that exist keep theirs.
    type: dict
  allow_change:
    description: Names of protected secrets (V(secret_key), V(cookie_secret)) that a differing O(secrets[].value) may replace.
    type: list
    elements: str
    default: []
  installation:
    description:
      - Where the installation runs, so that V(secret_key) can be held against the key in use. Redash encrypts data sources with
        C(REDASH_SECRET_KEY) or, without one, with the cookie secret.
      - A key in use that is not stored yet is carried over. A stored or given key that differs from the one in use is refused, and so are
        containers with different keys.
    type: dict
    suboptions:
      cluster:
        description: The ECS cluster. It need not exist.
        type: str
        required: true
      services:
        description: The ECS services, ten at most. They need not exist.
        type: list
        elements: str
        required: true
      task_definitions:
        description: Families whose newest revision counts too, such as the task runner's. They need not exist.
        type: list
        elements: str
        default: []
  state:
    description:
      - V(present) makes what is missing.
      - V(absent) deletes the secrets listed. It can't be undone and needs O(confirm).
    type: str
    choices: [present, absent]
    default: present
  confirm:
    description: With O(state=absent), O(prefix) once more.
    type: str
attributes:
  check_mode:
    support: full
    description: Says truthfully what would be made and changes nothing.
  diff_mode:
    support: full
    description: Shows names, versions and where a value comes from, never a value.
  action_group:
    support: full
    membership: [redash.ecs.aws]
    description: Use C(group/redash.ecs.aws) in C(module_defaults) to set the connection once.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Make what every Redash needs
  redash.ecs.redash_ssm_secrets:
    prefix: /redash/prod
    kms_key_id: alias/redash/prod
    secrets:
      - name: cookie_secret
      - name: secret_key
      - name: database_password

- name: Bring an encryption key along
  redash.ecs.redash_ssm_secrets:
    prefix: /redash/prod
    kms_key_id: alias/redash/prod
    secrets:
      - name: secret_key
        value: "{{ vault_redash_secret_key }}"

- name: Compose the database's address
  redash.ecs.redash_ssm_secrets:
    prefix: /redash/prod
    kms_key_id: alias/redash/prod
    secrets:
      - name: database_url
        compose: postgresql://{username}:{database_password}@{host}:{port}/{database}?sslmode=require
        values:
          username: redash
          host: redash-prod.cluster-abc.ap-northeast-1.rds.amazonaws.com
          port: 5432
          database: redash
"""

RETURN = r"""
parameters:
  description: By name, the parameter of each secret asked for.
  returned: always
  type: dict
  contains:
    name:
      description: The parameter's full name.
      type: str
    arn:
      description: The parameter's ARN, ready for a task definition's C(valueFrom).
      type: str
    version:
      description: Its version. In check mode the one that it would get.
      type: int
    created:
      description: Whether it was made now.
      type: bool
    updated:
      description: Whether it got a new version now.
      type: bool
    modified:
      description: When this version was written, in seconds since the epoch. Tasks that started before hold an older one.
      type: float
  sample:
    secret_key:
      name: /redash/prod/secret_key
      arn: arn:aws:ssm:ap-northeast-1:123456789012:parameter/redash/prod/secret_key
      version: 1
      created: true
      updated: false
      modified: 1767225600.0
deleted:
  description: The names that were deleted.
  returned: when O(state=absent)
  type: list
  elements: str
"""

from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module
from ansible_collections.redash.ecs.plugins.module_utils.ssm_secrets import run

ARGUMENT_SPEC = {
    "prefix": {"type": "str", "required": True},
    "kms_key_id": {"type": "str", "no_log": False},
    "secrets": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "no_log": False,
        "options": {
            "name": {"type": "str", "required": True},
            "length": {"type": "int", "default": 32},
            "value": {"type": "str", "no_log": True},
            "compose": {"type": "str"},
            "values": {"type": "dict"},
        },
    },
    "tags": {"type": "dict"},
    "allow_change": {"type": "list", "elements": "str", "default": []},
    "installation": {
        "type": "dict",
        "options": {
            "cluster": {"type": "str", "required": True},
            "services": {"type": "list", "elements": "str", "required": True},
            "task_definitions": {"type": "list", "elements": "str", "default": []},
        },
    },
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "confirm": {"type": "str"},
}


def main() -> None:
    run_aws_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
