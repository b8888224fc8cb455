# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names that a VPC's DNS would know: endpoints of Aurora and ElastiCache -> the real servers' addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# Members of MiniStack's records that hold an endpoint's host name: a DBCluster's Endpoint and ReaderEndpoint are
# strings, a DBInstance's Endpoint and ElastiCache's endpoints are objects with an Address.
MEMBERS = ("Address", "Endpoint", "ReaderEndpoint")
HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+")


def endpoints(record: Any) -> Iterator[str]:
    """Every endpoint's host name inside a record, however deep."""
    if isinstance(record, Mapping):
        for name, value in record.items():
            if name in MEMBERS and isinstance(value, str) and HOST_NAME.fullmatch(value) and not value.replace(".", "").isdecimal():
                yield value
            else:
                yield from endpoints(value)
    elif isinstance(record, (list, tuple)):
        for item in record:
            yield from endpoints(item)


def hosts(databases: Any, caches: Any, postgresql: str | None, redis: str | None) -> dict[str, str]:
    """Host name -> address, for the servers that run."""
    found = dict.fromkeys(endpoints(databases), postgresql) if postgresql else {}
    found.update(dict.fromkeys(endpoints(caches), redis) if redis else {})
    return found
