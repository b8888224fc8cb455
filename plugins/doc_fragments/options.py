# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that mean the same in every module that has them."""

from __future__ import annotations


class ModuleDocFragment:
    CLUSTER = r"""
options:
  cluster:
    description: Name or ARN of the ECS cluster.
    type: str
    required: true
"""

    # Of a module that asks the table of releases.
    RELEASES = r"""
options:
  releases:
    description:
      - Releases that the collection's table lacks, by version. Each is a mapping of facts such as C(queues), C(alembic_head),
        C(python), C(rq_scheduler) and C(commands).
      - Facts that are not given are taken from the release under C(like), by default the newest one of the table before it.
    type: dict
    default: {}
"""

    # Of a module with an action plugin that shows lines live.
    STREAM = r"""
options:
  stream:
    description: Whether to show what happens while it happens. V(false) keeps the output of machine-readable callbacks clean.
    type: bool
    default: true
"""

    # Of a module that reads or writes secrets.
    SECRETS = r"""
options:
  prefix:
    description: The path that the secrets' names begin with, for example V(/redash/prod).
    type: str
    required: true
  store:
    description: Where the secrets are kept. Their names are the same in both.
    type: str
    choices: [parameter_store, secrets_manager]
    default: parameter_store
"""
