#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ssm_secrets
short_description: Make Redash's secrets in Parameter Store or Secrets Manager, once, without ever showing them
version_added: 0.1.0
description:
  - Makes each secret that is missing, encrypted with the KMS key given, as a SecureString parameter or as a secret of Secrets Manager.
  - A secret that exists is never overwritten by a generated one.
  - A value given by you is compared with the stored one without either being shown. The names V(secret_key) and V(cookie_secret)
    are protected, since replacing them loses data; see O(allow_change).
  - A composed secret (a database URL) follows its parts. It is written only when the composed value differs from the stored one.
  - All secrets are read with one call for every ten of them (twenty in Secrets Manager). Values of parameters are decrypted only when
    there is something to compare.
  - With O(installation), a secret that the store has lost is found again where its value still is (in Secrets Manager's recovery, in
    containers that got it from elsewhere, the database's password in its URL). What can't be found is asked for, never made anew.
  - No value is ever part of a result, a diff, a message or a log.
author:
  - The redash.ecs authors (@redash-ecs)
options:
  kms_key_id:
    description:
      - ARN, ID or alias (V(alias/redash/prod)) of the KMS key that encrypts the secrets.
      - Without it, AWS uses the account's own key for the store.
    type: str
  secrets:
    description: The secrets that have to exist (with O(state=absent), those to delete; with O(state=located), those to find).
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
    description: Tags of the secrets that are made. Those that exist keep theirs.
    type: dict
  allow_change:
    description:
      - Names of protected secrets (V(secret_key), V(cookie_secret)) that a differing O(secrets[].value) may replace.
      - A lost secret of that name may be made anew, V(secret_key) excepted.
    type: list
    elements: str
    default: []
  put_back:
    description: With V(secret_key), the key that the containers were deployed with is stored again where somebody has overwritten it.
    type: list
    elements: str
    default: []
  references:
    description:
      - Secrets that somebody else keeps, by the variable that they are given in - names or ARNs of parameters, or ARNs of Secrets Manager.
      - Those that do not exist are refused.
    type: dict
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
      action:
        description:
          - What is being done. Only V(setup) makes a key where there is none.
          - While a rotation of V(secret_key) is unfinished, everything but V(rotate) is refused.
        type: str
        choices: [setup, upgrade, mail, rotate]
        default: setup
  state:
    description:
      - V(present) makes what is missing.
      - V(located) changes nothing and returns where the secrets are; one that is missing is an error.
      - V(absent) deletes the secrets listed and needs O(confirm). In Parameter Store it can't be undone.
    type: str
    choices: [present, located, absent]
    default: present
  recovery_days:
    description:
      - With O(state=absent) in Secrets Manager, for how many days the secrets can be restored; V(0) deletes them for good.
      - Within these days O(state=present) restores them.
    type: int
    default: 30
  confirm:
    description: With O(state=absent), O(prefix) once more.
    type: str
attributes:
  check_mode:
    support: full
    details: Says truthfully what would be made and changes nothing.
  diff_mode:
    support: full
    details: Shows names, versions and where a value comes from, never a value.
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - redash.ecs.options.secrets
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

- name: The same in Secrets Manager
  redash.ecs.redash_ssm_secrets:
    store: secrets_manager
    prefix: /redash/prod
    kms_key_id: alias/redash/prod
    secrets:
      - name: cookie_secret
      - name: secret_key

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
  description: By name, where each secret asked for is.
  returned: always
  type: dict
  contains:
    name:
      description: Its full name.
      type: str
    arn:
      description: Its ARN, ready for a task definition's C(valueFrom).
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
    restored:
      description: Whether its deletion was taken back now.
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
      restored: false
      modified: 1767225600.0
deleted:
  description: The names that were deleted.
  returned: when O(state=absent)
  type: list
  elements: str
"""

from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import STORE
from ansible_collections.redash.ecs.plugins.module_utils.key_guard import INSTALLATION
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module
from ansible_collections.redash.ecs.plugins.module_utils.ssm_secrets import run

ARGUMENT_SPEC = {
    "store": STORE,
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
    "put_back": {"type": "list", "elements": "str", "default": []},
    "references": {"type": "dict"},
    "installation": {
        "type": "dict",
        "options": {**INSTALLATION, "action": {"type": "str", "choices": ["setup", "upgrade", "mail", "rotate"], "default": "setup"}},
    },
    "state": {"type": "str", "choices": ["present", "located", "absent"], "default": "present"},
    "recovery_days": {"type": "int", "default": 30},
    "confirm": {"type": "str"},
}


def main() -> None:
    run_aws_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
