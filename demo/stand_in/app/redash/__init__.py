# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stand-in for Redash: its commands, its tables, its queues and its addresses; none of its dashboards.

Written for the demo and for tests where the official image can't be had. What it does the same is what the
collection relies on; it is not Redash and says so.
"""

from __future__ import annotations

import contextlib
import sys
import time

import redis

from redash import release, settings

# The official images up to 8.0.0 carry their build.
__version__ = release.VERSION + {"7.0.0": "+b18042", "8.0.0": "+b32245"}.get(release.VERSION, "")

redis_connection = redis.from_url(settings.REDIS_URL)
if release.AT_LEAST_9:
    rq_redis_connection = redis.from_url(settings.RQ_REDIS_URL)


def _noise() -> None:
    """The line that xmlschema logs whenever Redash >= 25.1 is loaded."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S,000")
    stream = sys.stdout if settings.LOG_STDOUT else sys.stderr
    print(f"[{stamp}][PID:{settings.PID}][INFO][xmlschema] Include schema from 'file:///app/stand-in.xsd'", file=stream, flush=True)


class _Context(contextlib.nullcontext):  # type: ignore[type-arg]
    def push(self) -> None:
        pass

    def pop(self) -> None:
        pass


class App:
    """As much of the Flask application as ``create_app().app_context().push()`` touches."""

    def app_context(self) -> _Context:
        return _Context(self)


# What a process of Redash takes of memory beyond the stand-in's own, in bytes, and of time until it is loaded, in seconds, both about.
# REDASH_STAND_IN_SMALL=true leaves them out: for tests, many of which run beside each other.
MEMORY = 130 * 1024 * 1024
LOADING = 3.0
_held: list[bytearray] = []


def _weigh() -> None:
    if settings.SMALL or _held:
        return
    block = bytearray(MEMORY)
    # Touched, or the kernel would not count it.
    block[::4096] = b"x" * len(block[::4096])
    _held.append(block)
    time.sleep(LOADING)


def create_app() -> App:
    """Load the application as every command does: it needs its settings and Redis, not the database."""
    settings.require()
    _weigh()
    if release.AT_LEAST_25:
        _noise()
    redis_connection.ping()
    return App()
