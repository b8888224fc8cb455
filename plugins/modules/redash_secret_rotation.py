#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: redash_secret_rotation
short_description: Name the next step of rotating one of Redash's secrets
version_added: 0.1.0
description:
  - Looks at the secret store and at the containers that run, and says which step comes next. It changes nothing.
  - The new value lies beside the old one as C(<name>_next) until it is in use, so an interrupted rotation goes on where it stopped.
  - Refuses what would lose data, such as a new cookie secret where there is no encryption key of its own.
  - No value is ever part of a result or a message.
author:
  - The redash.ecs authors (@redash-ecs)
options:
  what:
    description: The secret.
    type: str
    choices: [cookie_secret, secret_key, database_password, redis_token]
    required: true
  redash_version:
    description: The release that runs.
    type: str
    required: true
  value:
    description:
      - The new value, where a person gives one. Without it, one is made by the step V(make).
      - The value that is in use is refused.
    type: str
  installation:
    description: Where the installation runs.
    type: dict
    required: true
    suboptions:
      cluster:
        description: The ECS cluster.
        type: str
        required: true
      services:
        description: The ECS services, ten at most. They need not exist.
        type: list
        elements: str
        required: true
      task_definitions:
        description: Families whose newest revision counts too.
        type: list
        elements: str
        default: []
  lines:
    description: The log lines of the task that read the database. Left out where it was not read since it last changed.
    type: list
    elements: str
    default: []
  done:
    description: What this run has done already, as the module returned it.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - redash.ecs.options.releases
  - redash.ecs.attributes.info
  - redash.ecs.attributes.aws
  - redash.ecs.options.secrets
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: What comes next
  redash.ecs.redash_secret_rotation:
    prefix: /redash/prod
    what: secret_key
    redash_version: 25.8.0
    installation:
      cluster: redash-prod
      services: [redash-prod]
  register: rotation
"""

RETURN = r"""
step:
  description: V(make), V(look), V(stop), V(reencrypt), V(adopt), V(accept), V(deploy), V(prove), V(refuse), V(retire) or V(end).
  returned: success
  type: str
  sample: make
why:
  description: What that step does.
  returned: success
  type: str
  sample: a new value is made beside the old one
state:
  description:
    - How far the store says it is. V(untouched), there is no new value; V(made), it lies beside the old one; V(adopted), it is the secret.
  returned: success
  type: str
  sample: untouched
done:
  description: What to give as O(done) once the step is done.
  returned: success
  type: list
  elements: str
  sample: [stop]
"""

from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import STORE
from ansible_collections.redash.ecs.plugins.module_utils.core.rotation import WHAT
from ansible_collections.redash.ecs.plugins.module_utils.key_guard import INSTALLATION
from ansible_collections.redash.ecs.plugins.module_utils.module import run_aws_module
from ansible_collections.redash.ecs.plugins.module_utils.rotation import run

ARGUMENT_SPEC = {
    "prefix": {"type": "str", "required": True},
    "store": STORE,
    "what": {"type": "str", "required": True, "choices": list(WHAT)},
    "redash_version": {"type": "str", "required": True},
    "releases": {"type": "dict", "default": {}},
    "value": {"type": "str", "no_log": True},
    "installation": {"type": "dict", "required": True, "options": INSTALLATION},
    "lines": {"type": "list", "elements": "str", "default": []},
    "done": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    run_aws_module(run, argument_spec=ARGUMENT_SPEC)


if __name__ == "__main__":
    main()
