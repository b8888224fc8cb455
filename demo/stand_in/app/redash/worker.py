# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``redash.worker.celery``, which releases up to 8 have; none of it from 9 on."""

from __future__ import annotations

from redash import release, settings

if not release.AT_LEAST_9:
    from celery import Celery

    # As Redash 8 has it: a job's own lines carry its id.
    log = "[%(asctime)s][PID:%(process)d][%(levelname)s][%(processName)s]"
    celery = Celery("redash", broker=settings.REDIS_URL, backend=settings.REDIS_URL, include=["redash.tasks"])
    celery.conf.update(
        task_default_queue="celery",
        worker_log_format=f"{log} %(message)s",
        worker_task_log_format=f"{log} task_name=%(task_name)s task_id=%(task_id)s %(message)s",
        broker_connection_retry_on_startup=True,
        beat_schedule={"refresh": {"task": "redash.tasks.refresh", "schedule": 30, "options": {"expires": 25}}},
    )
