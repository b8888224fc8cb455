# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses as they may be shown and written: without the credentials that a person put into them."""

from __future__ import annotations

import re

from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import HIDDEN, mask

# A user alone ends before the path. A password may hold anything, so it ends at the last @ there is: of an address with a port and an @
# in its path, too much is hidden, and never too little.
_USER = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^/?#@]*:.*|[^/?#]*)@", re.IGNORECASE | re.DOTALL)
# A signed address (S3, Azure) or one with a token carries its right in the query.
_QUERY = re.compile(r"([?#]).+", re.DOTALL)


def shown_address(address: str) -> str:
    """``address`` with its user, password, query and fragment as ``********``. A path of a file stays what it is."""
    if not re.match(r"[a-z][a-z0-9+.-]*://", address, re.IGNORECASE):
        return address
    return mask(_QUERY.sub(rf"\1{HIDDEN}", _USER.sub(rf"\1{HIDDEN}@", address, count=1)))
