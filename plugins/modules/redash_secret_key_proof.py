#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_secret_key_proof
short_description: Prove that the stored encryption key opens the rows of the database
version_added: 0.1.0
description:
  - Reads what a one-off task saw, which encrypted rows the stored C(secret_key) opens, and judges it.
  - A restored database is encrypted with the key of its time. Where the newest version in the store opens fewer rows than it leaves
    unreadable, the module puts back another version, and the task has to look again. It tries the version of the snapshot's time first.
  - Where no version opens a row, the version that was there at the beginning is put back, and the module fails.
  - Run it while Redash is stopped. A container gets its secrets at its start only.
  - No value is ever part of a result or a message.
author:
  - The redash.ecs authors (@redash-ecs)
options:
  kms_key_id:
    description: ID, ARN or alias of the KMS key that encrypts the secret. Left out, the store's own key does.
    type: str
  lines:
    description: The log lines of the task that read the database.
    type: list
    elements: str
    required: true
  tried:
    description: What was tried before in this run, as the module returned it.
    type: list
    elements: dict
    default: []
  version:
    description: Which version the task tried, as the module returned it. Left out, the newest one.
    type: int
  given:
    description: A key that a person gives (C(redash_secrets.secret_key)). It is tried like a version.
    type: str
  taken:
    description: When the snapshot was taken, as AWS writes it (C(2026-11-09T11:24:19+00:00)). The version of that time is tried first.
    type: str
  put_back:
    description: Whether to put back another version. V(false) only judges, and fails where the stored key does not fit.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: A secret has nothing that could be shown.
extends_documentation_fragment:
  - redash.ecs.attributes
  - redash.ecs.attributes.aws
  - redash.ecs.options.secrets
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Compare the key with the encrypted rows
  redash.ecs.redash_secret_key_proof:
    prefix: /redash/prod
    lines: "{{ rows.stdout_lines }}"
    put_back: false
"""

RETURN = r"""
look:
  description: Whether another version was put back, so that the task has to look again.
  returned: success
  type: bool
version:
  description: The version that opens the rows, or that is to be tried; 0 for the given key.
  returned: success
  type: int
  sample: 3
modified:
  description: When the newest version was written, in seconds since the epoch. Containers that started before it have another key.
  returned: success
  type: float
note:
  description: What a person should know; empty where the key opens every row.
  returned: success
  type: str
tried:
  description: What each version that was tried opens.
  returned: success
  type: list
  elements: dict
  sample: [{version: 4, opened: 0, unreadable: [warehouse]}]
"""

from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import STORE
from ansible_collections.redash.ecs.plugins.module_utils.key_proof import run
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module

ARGUMENT_SPEC = {
    "prefix": {"type": "str", "required": True},
    "store": STORE,
    "kms_key_id": {"type": "str", "no_log": False},
    "lines": {"type": "list", "elements": "str", "required": True},
    "tried": {"type": "list", "elements": "dict", "default": []},
    "version": {"type": "int"},
    "given": {"type": "str", "no_log": True},
    "taken": {"type": "str"},
    "put_back": {"type": "bool", "default": True},
}


def main() -> None:
    run_aws_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
