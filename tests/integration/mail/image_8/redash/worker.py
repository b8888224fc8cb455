import os

from celery import Celery

LOG = "[%(asctime)s][PID:%(process)d][%(levelname)s][%(processName)s]"

url = os.environ["REDASH_REDIS_URL"]
celery = Celery("redash", broker=url, backend=url, include=["redash.tasks"])
celery.conf.update(
    worker_log_format=LOG + " %(message)s",
    worker_task_log_format=LOG + " task_name=%(task_name)s task_id=%(task_id)s %(message)s",
    broker_connection_retry_on_startup=True,
)
