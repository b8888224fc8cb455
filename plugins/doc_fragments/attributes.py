# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules of this collection have in common, as ansible-doc shows it."""

from __future__ import annotations


class ModuleDocFragment:
    # Of a module that changes something: it adds the support itself, and details.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Says truthfully what would change, and writes nothing.
  diff_mode:
    description: Shows what differs, before and after, with secrets masked.
"""

    # Of a module that only reads.
    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Says truthfully what would change, and writes nothing.
    support: full
    details: Reads only; the same in check mode.
  diff_mode:
    description: Shows what differs, before and after, with secrets masked.
    support: none
    details: Changes nothing, so there is no difference to show.
"""

    # Of a module that talks to AWS.
    AWS = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/redash.ecs.aws) in C(module_defaults) to set the connection once.
    support: full
    membership: [redash.ecs.aws]
"""
