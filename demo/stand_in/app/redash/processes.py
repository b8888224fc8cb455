# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workers and scheduler on the real Redis, with RQ, as from Redash 9 on.

``python3 -m redash.processes`` is what the image's supervisord is: WORKERS_COUNT workers, started again when one ends.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import Any

from redash import create_app, models, redis_connection, release

# Seconds that supervisord gives a worker between SIGTERM and SIGKILL, whatever the container's stopTimeout is.
STOP = 10
# Seconds between two jobs of the scheduler, and where rq-scheduler writes down when the next one is due.
PERIOD = 30
SCHEDULED = "rq:scheduler:scheduled_jobs"


def queue_names() -> list[str]:
    return [name for name in re.split(r"[\s,]+", os.environ.get("QUEUES", "")) if name] or release.QUEUES


def enqueue_mail(recipients: list[str], subject: str, text: str) -> None:
    if not release.AT_LEAST_9:
        from redash.tasks import send_mail

        send_mail.delay(recipients, subject, "", text)  # type: ignore[attr-defined]
        return
    from rq import Queue

    from redash import rq_redis_connection

    Queue("emails", connection=rq_redis_connection).enqueue("redash.tasks.general.send_mail", recipients, subject, "", text)


def work(names: list[str]) -> None:
    from rq import Queue, Worker

    from redash import rq_redis_connection

    queues = [Queue(name, connection=rq_redis_connection) for name in names or queue_names()]
    Worker(queues, connection=rq_redis_connection).work(logging_level="INFO")


def schedule() -> None:
    """Put the periodic job into its queue again and again; what is due when stands in Redis, as rq-scheduler has it."""
    from rq import Queue

    from redash import rq_redis_connection

    print(f"Scheduler started, every {PERIOD} s on queue periodic", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        queue = Queue("periodic", connection=rq_redis_connection)
        if len(queue) < 10:
            queue.enqueue("redash.tasks.refresh", result_ttl=60)
        rq_redis_connection.zadd(SCHEDULED, {"refresh": time.time() + PERIOD})
        time.sleep(PERIOD)


def state() -> dict[str, Any]:
    """What /status.json and ``manage status`` show."""
    counts = {
        f"{table}_count": models.execute(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608 (constant names)
        for table in ("queries", "query_results", "dashboards", "widgets")
    }
    info = redis_connection.info("memory")
    prefix = "rq:queue:" if release.AT_LEAST_9 else ""
    manager = {key.decode(): value.decode() for key, value in redis_connection.hgetall("redash:status").items()}
    size = models.execute("SELECT pg_database_size(current_database())").scalar()
    return {
        "version": release.VERSION,
        "stand_in": True,
        "workers": [],
        "redis_used_memory": info["used_memory"],
        "redis_used_memory_human": info["used_memory_human"],
        **counts,
        "manager": {**manager, "queues": {name: {"size": redis_connection.llen(prefix + name)} for name in release.QUEUES}},
        "database_metrics": {"metrics": [["Query Results Size", 0], ["Redash DB Size", size]]},
    }


def supervise() -> None:
    create_app()
    count = int(os.environ.get("WORKERS_COUNT", "2"))
    command = [sys.executable, "-m", "redash.processes", "one"]
    children = [subprocess.Popen(command) for _ in range(count)]
    stopping = False

    def stop(*_: Any) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        time.sleep(0.2)
        for number, child in enumerate(children):
            if child.poll() is not None and not stopping:
                print(f"worker exited ({child.returncode}); it is started again", flush=True)
                time.sleep(1)
                children[number] = subprocess.Popen(command)
    for child in children:
        child.terminate()
    until = time.monotonic() + STOP
    for child in children:
        try:
            child.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def count_workers() -> int:
    from rq import Worker

    from redash import rq_redis_connection

    return int(Worker.count(connection=rq_redis_connection))


def main(arguments: list[str]) -> None:
    if arguments == ["one"]:
        work([])
    elif arguments == ["count"]:
        print(count_workers())
    else:
        supervise()


if __name__ == "__main__":
    main(sys.argv[1:])
