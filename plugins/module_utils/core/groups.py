# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Redash's groups are: which permissions make an administrator, and which groups every organization has."""

from __future__ import annotations

import unicodedata

# Permissions that make an administrator: whoever has one can give himself all others. models/users.py of getredash/redash.
ADMINISTRATORS = {"admin", "super_admin"}
# Groups that Redash makes in each organization, administrators' first: in the first organization its id is 1. models/__init__.py.
BUILT_IN_GROUPS = ("admin", "default")
ADMINISTRATORS_ID = "1"


def built_in_group(name: str) -> bool:
    """Whether ``name`` is, or looks to a person like, the name of a group that Redash makes itself."""
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", name) if unicodedata.category(letter)[0] not in "CZ")
    return seen.casefold() in BUILT_IN_GROUPS
