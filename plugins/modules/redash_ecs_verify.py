#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_ecs_verify
short_description: Check an installation, and whether it can be upgraded
version_added: 0.1.0
author:
  - The redash.ecs authors (@redash-ecs)
description:
  - Reads what the installation runs, and checks that its secrets exist and can be decrypted and that their key is enabled.
  - With O(to_version), also that this is one allowed step from what runs, that the image exists for the processor, that the database
    cluster is free for a snapshot, and that whoever runs this has the rights an upgrade needs.
  - Fails with all problems at once, one line each. Changes nothing.
options:
  name:
    description: Name of the installation.
    type: str
    required: true
  to_version:
    description: The release to upgrade to; empty to check what runs only.
    type: str
    default: ""
  release:
    description: The release that should run; another one that does is a problem. Empty where any may.
    type: str
    default: ""
  image:
    description: The image of that release; empty for the official one.
    type: str
    default: ""
  cpu_architecture:
    description: The processor that the tasks run on.
    type: str
    choices: [X86_64, ARM64]
    default: X86_64
  kms_key_id:
    description: The key that encrypts the secrets, by alias, ID or ARN; empty to leave it out.
    type: str
    default: ""
  database_cluster:
    description: Identifier of the Aurora cluster; empty where the database is none.
    type: str
    default: ""
  prefix:
    description:
      - Path of the secrets. With it, the encryption key in use is held against the stored one and O(encryption_key); a differing one
        is a problem.
    type: str
    required: false
    default: ""
  check_key:
    description:
      - With O(prefix), whether the encryption key is looked at. If not, only an unfinished rotation of a secret is a problem, during which
        nothing may be started that holds the old value.
    type: bool
    default: true
  secrets:
    description:
      - Names below O(prefix) of the secrets that the containers of O(to_version) get beside those of every installation. One that is
        not stored yet is a problem.
    type: list
    elements: str
    default: []
  encryption_key:
    description: The encryption key that a person gives, where one does.
    type: str
    default: ""
extends_documentation_fragment:
  - redash.ecs.options.releases
  - redash.ecs.attributes.info
  - redash.ecs.attributes.aws
  - redash.ecs.options.cluster
  - redash.ecs.options.secrets
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Check that an installation can be upgraded
  redash.ecs.redash_ecs_verify:
    cluster: redash-prod
    name: redash-prod
    to_version: 25.8.0
    kms_key_id: alias/redash/redash-prod
    database_cluster: redash-prod
    prefix: /redash/redash-prod
    secrets: [google_client_secret]
    region: ap-northeast-1
  register: verified
"""

RETURN = r"""
running:
  description: What the installation runs.
  returned: success
  type: dict
  contains:
    services:
      description: By name, C(desired_count), C(running_count) and C(task_definition).
      type: dict
    task_runner:
      description: ARN of the newest task definition for one-off commands.
      type: str
    version:
      description: The release by the image's tag; empty for an image of one's own.
      type: str
    images:
      description: The images.
      type: list
      elements: str
    autoscaling:
      description: By service, what of its autoscaling is suspended; services without autoscaling are left out.
      type: dict
  sample:
    services:
      redash-prod:
        desired_count: 1
        running_count: 1
        task_definition: arn:aws:ecs:ap-northeast-1:123456789012:task-definition/redash-prod:7
    task_runner: arn:aws:ecs:ap-northeast-1:123456789012:task-definition/redash-prod-task-runner:7
    version: 25.1.0
    images: ["redash/redash:25.1.0"]
    autoscaling: {}
image:
  description: The image of O(to_version).
  returned: success
  type: str
  sample: redash/redash:25.8.0
queues:
  description: Every queue of O(release).
  returned: success
  type: list
  elements: str
  sample: [periodic, emails, default, scheduled_queries, queries, schemas]
key_to_store:
  description: Whether the encryption key in use is not in the secret store yet and has to be carried over.
  returned: success
  type: bool
  sample: false
notes:
  description: What could not be checked, and why.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import STORE
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module
from ansible_collections.redash.ecs.plugins.module_utils.verify import run


def main() -> None:
    run_aws_module(
        run,
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "to_version": {"type": "str", "default": ""},
            "release": {"type": "str", "default": ""},
            "image": {"type": "str", "default": ""},
            "releases": {"type": "dict", "default": {}},
            "cpu_architecture": {"type": "str", "choices": ["X86_64", "ARM64"], "default": "X86_64"},
            "kms_key_id": {"type": "str", "default": "", "no_log": False},
            "database_cluster": {"type": "str", "default": ""},
            "prefix": {"type": "str", "default": ""},
            "check_key": {"type": "bool", "default": True},
            "store": STORE,
            "secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
            "encryption_key": {"type": "str", "default": "", "no_log": True},
        },
    )


if __name__ == "__main__":
    main()
