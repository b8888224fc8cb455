# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The mail job. As in Redash, a failure is logged and the job is done."""

from __future__ import annotations

import logging

from redash import release
from redash.mail import send

logger = logging.getLogger("redash.tasks.general")
if not release.AT_LEAST_9:
    from celery.utils.log import get_task_logger

    logger = get_task_logger("redash.tasks.general")


def send_mail(to: list[str], subject: str, html: str, text: str) -> None:
    try:
        send(to, subject, text, html)
    except Exception:
        logger.exception("Failed sending message: %s", subject)
