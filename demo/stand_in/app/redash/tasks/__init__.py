# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The jobs that workers do."""

from __future__ import annotations

import time

from redash import redis_connection, release
from redash.tasks.general import send_mail


def refresh() -> None:
    """The periodic job: leaves a sign that a worker did it."""
    redis_connection.hset("redash:status", "last_refresh_at", time.time())


if not release.AT_LEAST_9:
    from redash.worker import celery

    send_mail = celery.task(send_mail, name="redash.tasks.send_mail")
    refresh = celery.task(refresh, name="redash.tasks.refresh")

__all__ = ["refresh", "send_mail"]
