# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Workers and scheduler on the real Redis, with RQ, under the queues' names of the release.

``python3 -m redash.worker`` is what the image's supervisord is: WORKERS_COUNT processes, started again when one ends.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import Any

from rq import Queue, Worker

from redash import create_app, models, redis_connection, release

# Seconds that supervisord gives a worker between SIGTERM and SIGKILL, whatever the container's stopTimeout is.
STOP = 10
# Seconds between two rounds of the scheduler.
PERIOD = 30


def queue_names() -> list[str]:
    return [name for name in re.split(r"[\s,]+", os.environ.get("QUEUES", "")) if name] or release.QUEUES


def refresh() -> None:
    """The periodic job: leaves a sign that a worker did it."""
    redis_connection.hset("redash:status", "last_refresh_at", time.time())


def send_mail(recipients: list[str], subject: str, text: str) -> None:
    """The mail job: as in Redash, a failure is logged and nothing else."""
    from redash.mail import send

    try:
        send(recipients, subject, text)
    except Exception as error:
        print(f"Failed sending message: {subject}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


def enqueue_mail(recipients: list[str], subject: str, text: str) -> None:
    queue = "emails" if release.AT_LEAST_10 else "celery"
    Queue(queue, connection=redis_connection).enqueue(send_mail, recipients, subject, text)


def work(names: list[str]) -> None:
    queues = [Queue(name, connection=redis_connection) for name in names or queue_names()]
    Worker(queues, connection=redis_connection).work(logging_level="INFO")


def schedule() -> None:
    name = "periodic" if release.AT_LEAST_10 else "celery"
    print(f"Scheduler started, every {PERIOD} s on queue {name}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        queue = Queue(name, connection=redis_connection)
        if len(queue) < 10:
            queue.enqueue(refresh, result_ttl=60)
        time.sleep(PERIOD)


def state() -> dict[str, Any]:
    """What /status.json and ``manage status`` show."""
    counts = {
        f"{table}_count": models.execute(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608 (constant names)
        for table in ("queries", "query_results", "dashboards", "widgets")
    }
    info = redis_connection.info("memory")
    names = sorted({*release.QUEUES, *(name for worker in Worker.all(connection=redis_connection) for name in worker.queue_names())})
    manager = {key.decode(): value.decode() for key, value in redis_connection.hgetall("redash:status").items()}
    return {
        "version": release.VERSION,
        "stand_in": True,
        "workers": [],
        "redis_used_memory": info["used_memory"],
        "redis_used_memory_human": info["used_memory_human"],
        **counts,
        "manager": {**manager, "queues": {name: {"size": len(Queue(name, connection=redis_connection))} for name in names}},
        "database_metrics": {
            "metrics": [
                ["Query Results Size", 0],
                ["Redash DB Size", models.execute("SELECT pg_database_size(current_database())").scalar()],
            ]
        },
    }


def supervise() -> None:
    create_app()
    count = int(os.environ.get("WORKERS_COUNT", "2"))
    command = [sys.executable, "-m", "redash.worker", "one"]
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


def main(arguments: list[str]) -> None:
    if arguments == ["one"]:
        work([])
    elif arguments == ["count"]:
        print(Worker.count(connection=redis_connection))
    elif os.environ.get("REDASH_STAND_IN_BEAT"):
        beat = subprocess.Popen([sys.executable, "-c", "from redash.worker import schedule; schedule()"])
        try:
            supervise()
        finally:
            beat.terminate()
    else:
        supervise()


if __name__ == "__main__":
    main(sys.argv[1:])
