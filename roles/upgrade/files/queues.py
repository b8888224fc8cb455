# Sends a small harmless job through every queue and waits for each to be done: a queue without a worker,
# or with one that cannot work, is found here. Written for Python 2.7 to 3.13 (see look.py).
# argv: SECONDS QUEUE...
import json
import sys
import time

import redash

MARK = "redash-ecs-result: "


def rq_jobs(queues):
    from redash import rq_redis_connection
    from rq import Queue

    jobs = {}
    for name in queues:
        # Ahead of what waits there: a long queue is no fault. Python's own time.time is everywhere.
        queue = Queue(name, connection=rq_redis_connection)
        jobs[name] = queue.enqueue("time.time", job_timeout=60, result_ttl=60, failure_ttl=60, ttl=600, at_front=True)
    return jobs, lambda job: {"finished": "done", "failed": "failed"}.get(str(job.get_status()).rpartition(".")[2].lower(), "waiting")


def celery_jobs(queues):
    from redash.worker import celery

    # One of Celery's own tasks, which every worker knows: it returns what it is given.
    jobs = dict((name, celery.send_task("celery.accumulate", args=[1], queue=name, expires=600)) for name in queues)
    return jobs, lambda job: "done" if job.successful() else "failed" if job.failed() else "waiting"


def main(argv):
    limit, queues = int(argv[0]), argv[1:]
    try:
        import rq  # noqa: F401

        jobs, state = rq_jobs(queues)
    except ImportError:
        jobs, state = celery_jobs(queues)
    started, states = time.time(), {}
    while time.time() - started < limit:
        states = dict((name, state(job)) for name, job in jobs.items())
        if "waiting" not in states.values():
            break
        time.sleep(1)
    print(MARK + json.dumps({"version": redash.__version__, "queues": states, "waited": int(time.time() - started)}))


main(sys.argv[1:])
