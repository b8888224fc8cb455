# Lets running queries end (drain), or workers work again (resume). While queries end, no worker takes a new
# job; those that run are waited for, up to a limit.
# Written for Python 2.7 to 3.13, and short (see look.py). argv: drain SECONDS | resume
import json
import sys
import time

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
    """Up to 8. Workers stop consuming; what is queued stays queued."""

    def __init__(self):
        from redash.worker import celery

        self.control = celery.control
        self.queues = sorted(set(queue["name"] for each in (self.control.inspect().active_queues() or {}).values() for queue in each))

    def suspend(self, seconds):
        for queue in self.queues:
            self.control.cancel_consumer(queue)

    def resume(self):
        # The workers that come up next consume by themselves: nothing was written down.
        pass

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
    if argv[0] == "resume":
        system.resume()
        return say([], 0)
    limit = int(argv[1])
    # Should everything after this be killed, the workers take up their work again by themselves.
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
