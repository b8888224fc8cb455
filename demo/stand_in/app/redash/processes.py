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
from uuid import uuid4

from redis.exceptions import RedisError

from redash import __version__, create_app, models, redis_connection, release

# Seconds that supervisord gives a worker between SIGTERM and SIGKILL, whatever the container's stopTimeout is.
STOP = 10
# Seconds between two looks at the workers, and after which supervisord calls one RUNNING (startsecs, from Redash 10 on).
TICK = 60
STEADY = 300 if release.AT_LEAST_10 else 1
# How often supervisord starts again what does not stay.
RETRIES = 3
# Seconds between two looks of the scheduler and between two of its jobs, and where rq-scheduler writes down when the next one is due.
ROUND = 5
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


class Scheduler:
    """rq-scheduler's bookkeeping in Redis: its keys, its life times, its refusal.

    ``0.9.1``, up to Redash 10.1, has one key for all: a second scheduler is refused, and so is one within 15 seconds after another
    was killed. ``0.13.1`` has a key for each of them, and a lock for each round.
    """

    def __init__(self) -> None:
        from redash import rq_redis_connection

        self.redis = rq_redis_connection
        self.key = f"rq:scheduler_instance:{uuid4().hex}" if release.AT_LEAST_25 else "rq:scheduler"
        self.lock = "rq:scheduler_lock"
        self.locked = False

    def register_birth(self) -> None:
        if self.redis.exists(self.key) and not self.redis.hexists(self.key, "death"):
            raise ValueError("There's already an active RQ scheduler" + (f" named: {self.key!r}" if release.AT_LEAST_25 else ""))
        with self.redis.pipeline() as together:
            together.delete(self.key).hset(self.key, "birth", time.time()).expire(self.key, ROUND + 10).execute()

    def register_death(self) -> None:
        with self.redis.pipeline() as together:
            together.hset(self.key, "death", time.time()).expire(self.key, 60).execute()
        if self.locked:
            self.redis.delete(self.lock)

    def round(self) -> None:
        """What is due goes into its queue; when the next is due stands in Redis."""
        from rq import Queue

        self.redis.expire(self.key, ROUND + 10)
        self.locked = bool(self.redis.set(self.lock, time.time(), ex=ROUND + 10, nx=True))
        if not self.locked:
            print("Lock already taken - skipping run", flush=True)
            return
        due = self.redis.zscore(SCHEDULED, "refresh") or 0
        if due <= time.time():
            Queue("periodic", connection=self.redis).enqueue("redash.tasks.refresh", result_ttl=60)
            self.redis.zadd(SCHEDULED, {"refresh": time.time() + PERIOD})
        self.redis.delete(self.lock)
        self.locked = False


def schedule() -> None:
    """Put the periodic job into its queue again and again, as ``manage rq scheduler`` does."""
    scheduler = Scheduler()
    # Redash makes its plan before it knows whether it may: due now.
    scheduler.redis.zadd(SCHEDULED, {"refresh": time.time()})
    scheduler.register_birth()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"Scheduler started, every {PERIOD} s on queue periodic", flush=True)
    try:
        while True:
            scheduler.round()
            time.sleep(ROUND)
    finally:
        scheduler.register_death()


def state() -> dict[str, Any]:
    """What /status.json and ``manage status`` show."""
    counts = {
        f"{table}_count": models.execute(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608 (constant names)
        for table in ("queries", "query_results", "dashboards", "widgets")
    }
    info = redis_connection.info("memory")
    if release.AT_LEAST_9:
        # As in Redash: those that something was ever put into, not those that there may be.
        prefix = "rq:queue:"
        names = sorted(key.decode().removeprefix(prefix) for key in redis_connection.smembers("rq:queues"))
    else:
        # Of Celery: its own, and those that the data sources name.
        sources = models.execute("SELECT queue_name AS name FROM data_sources UNION SELECT scheduled_queue_name FROM data_sources")
        prefix, names = "", sorted({"celery", *(row["name"] for row in sources)})
    manager = {key.decode(): value.decode() for key, value in redis_connection.hgetall("redash:status").items()}
    size = models.execute("SELECT pg_database_size(current_database())").scalar()
    return {
        "version": __version__,
        "stand_in": True,
        "workers": [],
        "redis_used_memory": info["used_memory"],
        "redis_used_memory_human": info["used_memory_human"],
        **counts,
        "manager": {**manager, "queues": {name: {"size": redis_connection.llen(prefix + name)} for name in names}},
        "database_metrics": {"metrics": [["Query Results Size", 0], ["Redash DB Size", size]]},
    }


def said(text: str) -> None:
    """As supervisord writes of itself, to standard output."""
    now = time.time()
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))},{int(now % 1 * 1000):03d} {text}", flush=True)


class Child:
    """One worker under supervisord: started again at most three times while it does not stay, as long as worker.conf says."""

    command = (sys.executable, "-m", "redash.processes", "one")

    def __init__(self, number: int) -> None:
        self.number = number
        self.fails = 0
        self.due = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self.process, self.since, self.steady = subprocess.Popen(self.command), time.monotonic(), False
        said(f"INFO spawned: 'worker-{self.number}' with pid {self.process.pid}")

    def look(self) -> None:
        now = time.monotonic()
        if self.process is None:
            if self.due and now > self.due:
                self.start()
        elif self.process.poll() is not None:
            said(f"INFO exited: worker-{self.number} (exit status {self.process.returncode}; not expected)")
            self.fails = 0 if self.steady else self.fails + 1
            self.process, self.due = None, now + self.fails
            if self.fails > RETRIES:
                # The container goes on without it: nobody outside hears of that.
                self.due = 0.0
                said(f"INFO gave up: worker-{self.number} entered FATAL state, too many start retries too quickly")
        elif not self.steady and now - self.since > STEADY:
            self.steady = True
            said(f"INFO success: worker-{self.number} entered RUNNING state, process has stayed up for > than {STEADY} seconds (startsecs)")

    def end(self, until: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            said(f"WARN killing 'worker-{self.number}' ({self.process.pid}) with SIGKILL")
            self.process.kill()
        said(f"INFO stopped: worker-{self.number} (exit status {self.process.wait()})")


def supervise() -> None:
    """What supervisord does by Redash's worker.conf: WORKERS_COUNT workers, and a look at them each minute."""
    said("INFO supervisord started with pid 1")
    children = [Child(number) for number in range(int(os.environ.get("WORKERS_COUNT", "2")))]
    listener = Listener()
    stopping = False

    def stop(*_: Any) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        time.sleep(0.2)
        for child in children:
            child.look()
        listener.look({child.number: child.process.pid for child in children if child.process and child.steady})
    said("WARN received SIGTERM indicating exit request")
    said(f"INFO waiting for worker_healthcheck, {', '.join(f'worker-{child.number}' for child in children)} to die")
    for child in children:
        if child.process:
            child.process.terminate()
    until = time.monotonic() + STOP
    for child in children:
        child.end(until)


class Listener:
    """supervisord's event listener, ``manage rq healthcheck``: its lines each minute, on standard error, and its protocol, on the other."""

    def __init__(self) -> None:
        self.next = time.monotonic() + TICK
        print("READY", flush=True)

    def say(self, text: str) -> None:
        print(f"{time.strftime('%Y/%m/%d %H:%M:%S')} [worker_healthcheck] {text}", file=sys.stderr, flush=True)

    def look(self, running: dict[int, int]) -> None:
        if time.monotonic() < self.next:
            return
        self.next += TICK
        self.say("Received TICK_60 event from supervisor")
        for number, pid in running.items():
            self.say(f"Performing `RQ Worker Healthcheck` check for process name worker-{number}")
            try:
                well = self.check(pid)
            except RedisError as error:
                self.say(f"`RQ Worker Healthcheck` check raised error for process worker-{number}: {error}")
                continue
            if well:
                self.say(f"`RQ Worker Healthcheck` check succeeded for process worker-{number}")
        if not running:
            self.say("No processes in state RUNNING found for process worker")
        print("RESULT 2\nOKREADY", flush=True)

    def check(self, pid: int) -> bool:
        from rq import Worker

        from redash import rq_redis_connection

        known = {worker.pid: worker for worker in Worker.all(connection=rq_redis_connection) if worker.hostname == os.uname().nodename}
        if pid not in known:
            self.say(f"Cannot find worker for hostname {os.uname().nodename} and pid {pid}. ==> Is healthy? False")
            return False
        jobs = sum(len(queue) for queue in known[pid].queues)
        self.say(
            f"Worker {known[pid].key} healthcheck: Is busy? False. Seen lately? True (3 seconds ago)."
            f" Has nothing to do? {not jobs} ({jobs} jobs in watched queues). ==> Is healthy? True"
        )
        return True


def count_workers() -> int:
    from rq import Worker

    from redash import rq_redis_connection

    return int(Worker.count(connection=rq_redis_connection))


def main(arguments: list[str]) -> None:
    if arguments == ["one"]:
        create_app()
        work([])
    elif arguments == ["count"]:
        print(count_workers())
    else:
        supervise()


if __name__ == "__main__":
    main(sys.argv[1:])
