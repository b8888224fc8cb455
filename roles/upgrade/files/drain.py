# Lets running queries end (drain), or workers work again (resume). While queries end, no worker takes a new
# job; those that run are waited for, up to a limit.
# Written for Python 2.7 to 3.13, and short (see look.py). argv: drain RELEASE SECONDS | resume RELEASE
import json
import sys
import time

from redash import redis_connection

MARK = "redash-ecs-result: "


class Rq(object):
    """From 9 on. `rq suspend`: workers finish what they have and take nothing new; what is queued stays queued."""

    def __init__(self):
        from redash import rq_redis_connection
        from rq import suspension

        self.connection, self.suspension = rq_redis_connection, suspension

    def suspend(self, seconds):
        self.suspension.suspend(self.connection, seconds)

    def resume(self):
        self.suspension.resume(self.connection)

    def running(self):
        # Of workers that are alive: a job of one that was killed stays in the registries for hours.
        from rq import Worker

        return [worker.get_current_job_id() for worker in Worker.all(connection=self.connection) if worker.get_current_job_id()]


class Celery(object):
    """Up to 8. Workers stop consuming; what is queued stays queued. Who took from which queue is kept in Redis until they work again."""

    KEPT = "redash-ecs:drained"

    def __init__(self):
        from redash.worker import celery

        self.control = celery.control

    def kept(self):
        return json.loads((redis_connection.get(self.KEPT) or b"{}").decode("utf-8"))

    def suspend(self, seconds):
        queues = self.kept()
        for worker, each in (self.control.inspect().active_queues() or {}).items():
            # One that was told to rest by a run that was killed takes from none now: what was kept then holds.
            queues[worker] = [queue["name"] for queue in each] or queues.get(worker, [])
        # Longer than for RQ's: nobody takes up work again by himself.
        redis_connection.set(self.KEPT, json.dumps(queues), ex=7 * 86400)
        for worker, names in queues.items():
            for name in names:
                self.control.cancel_consumer(name, destination=[worker], reply=True)

    def resume(self):
        for worker, names in self.kept().items():
            for name in names:
                self.control.add_consumer(name, destination=[worker], reply=True)
        redis_connection.delete(self.KEPT)

    def running(self):
        return [task["id"] for each in (self.control.inspect().active() or {}).values() for task in each]


def say(running, seconds):
    print(MARK + json.dumps({"running": len(running), "waited": int(seconds)}))
    sys.stdout.flush()


def main(argv):
    try:
        system = Rq()
    except ImportError:
        system = Celery()
    over = "redash-ecs:drain-over:" + argv[1]
    if argv[0] == "resume":
        redis_connection.set(over, "1", ex=86400)
        system.resume()
        return say([], 0)
    if redis_connection.get(over):
        # The run that started this was killed, and the release taken back while this task was still starting.
        return say([], 0)
    limit = int(argv[2])
    # Should everything after this be killed, RQ's workers take up their work again by themselves.
    system.suspend(limit + 1800)
    started = time.time()
    shown = None
    while True:
        running = system.running()
        waited = time.time() - started
        if not running or waited >= limit:
            return say(running, waited)
        if len(running) != shown:
            print("%d jobs still run; waiting for up to %d s more." % (len(running), limit - waited))
            sys.stdout.flush()
            shown = len(running)
        time.sleep(1)


main(sys.argv[1:])
