# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Container health checks that tell the truth, for each release and each of its processes.

Redash's own are no use here. ``workers_healthcheck`` (from 25.1) passes while Redis is down, and counts
the workers of every task together; before that there is none (9, 10 print a notice and pass).
``manage.py rq healthcheck`` works inside supervisord only, and starts a whole Redash each time.

No check below contains a dollar sign: ecs-cli expands variables in the whole of ecs-params.yml.
Where the facts come from: rq 1.1 to 2.3 (worker.py, worker_registration.py), rq-scheduler 0.9 to 0.14
(scheduler.py), Celery's ``inspect ping``; tried on real ones, on Python 2.7 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.redash.ecs.plugins.module_utils.core.release import Command, Release


@dataclass(frozen=True)
class HealthCheck:
    """A health check as ECS takes it; times in seconds. ``why`` are lines for the file it is written into."""

    test: tuple[str, ...]
    why: tuple[str, ...]
    interval: int = 30
    timeout: int = 10
    retries: int = 3
    # A Redash on a quarter of a vCPU takes its time. Ending early costs nothing: the first success counts.
    start_period: int = 180


# The same address as Redash takes: RQ_REDIS_URL, else REDASH_REDIS_URL, else REDIS_URL (redash/settings).
_CONNECT = """\
e = os.environ
url = e.get("RQ_REDIS_URL") or e.get("REDASH_REDIS_URL") or e["REDIS_URL"]
r = redis.from_url(url, socket_timeout=5, socket_connect_timeout=5, decode_responses=True)
"""

_RQ_WORKER = f"""\
import os, socket, sys, redis
{_CONNECT}here = socket.gethostname()
alive = 0
for key in r.smembers("rq:workers"):
    host, pid = r.hmget(key, "hostname", "pid")
    alive += host == here and os.path.exists("/proc/%s" % pid)
sys.exit(alive < int(e["WORKERS_COUNT"]))
"""

_RQ_SCHEDULER = f"""\
import os, sys, time, redis
{_CONNECT}jobs = "rq:scheduler:scheduled_jobs"
sys.exit(r.zcard(jobs) == 0 or r.zcount(jobs, "-inf", time.time() - 120) > 0)
"""

# The node's name is Celery's default one. With Redis down `celery inspect` tries for ever, hence the timeout.
_CELERY_PING = """\
import os, socket, subprocess, sys
node = "celery@" + socket.gethostname()
ping = ["timeout", "25", "celery", "inspect", "ping", "--app=redash.worker", "--timeout=10", "-d", node]
sys.exit(subprocess.call(ping))
"""

# Celery's own ping is answered without the beat, too. The beat and the pool's processes are children of the
# same process; a pool that replaces one of them (--max-tasks-per-child) is complete again at the next try.
_CELERY_BEAT = """\
import os, sys
children = {}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        state, parent = open("/proc/%s/stat" % pid).read().rpartition(")")[2].split()[:2]
    except EnvironmentError:
        continue
    if state != "Z":
        children[parent] = children.get(parent, 0) + 1
if max(children.values()) < int(os.environ["WORKERS_COUNT"]) + 1:
    sys.exit(1)
"""

# Python 2 (up to Redash 8) and 3 have it in different places.
_PING = """\
try:
    from urllib.request import urlopen
except ImportError:
    from urllib2 import urlopen
urlopen("http://localhost:5000/ping", timeout=5)
"""

_SERVER_WHY = (
    "gunicorn answers. Redash's /ping does not ask the database, and that is right here: ECS would",
    "replace every server while the database is away, which helps nobody.",
)


def health_check(release: Release, command: Command) -> HealthCheck:
    """The health check of a container that runs ``command`` of ``release``."""
    if command == "server":
        if release.curl:
            curl = ("CMD", "curl", "--fail", "--silent", "--output", "/dev/null", "--max-time", "5", "http://localhost:5000/ping")
            return HealthCheck(curl, _SERVER_WHY)
        return HealthCheck(("CMD", "python", "-c", _PING), (*_SERVER_WHY, "This image has no curl."))
    if release.queue_system == "celery":
        why: tuple[str, ...] = (
            "This container's own Celery answers a ping that travels through Redis: it fails when Redis is",
            "down, and when this worker no longer consumes. It starts a Redash of its own, hence the long interval.",
        )
        program = _CELERY_PING
        if command == "scheduler":
            program = _CELERY_BEAT + _CELERY_PING
            why += ("Before that, its beat is looked for: Celery goes on without it, and nothing would be scheduled.",)
        return HealthCheck(("CMD", "python", "-c", program), why, interval=60, timeout=30)
    # Five tries of 30 s: a failover of ElastiCache is over by then, and no query was killed for it.
    if command == "worker":
        return HealthCheck(
            ("CMD", "python", "-c", _RQ_WORKER),
            (
                "As many RQ workers as WORKERS_COUNT are registered in Redis under this container's host name and live",
                "here under their process id: it fails when Redis is down, when supervisord gave one up, and when",
                "one hangs (its registration runs out). Redash's own workers_healthcheck passes in all three.",
            ),
            retries=5,
        )
    return HealthCheck(
        ("CMD", "python", "-c", _RQ_SCHEDULER),
        (
            "Redis answers, jobs are scheduled, and none of them is overdue by two minutes (the scheduler looks every",
            "five seconds): it fails when Redis is down or was emptied, and when the scheduler hangs.",
        ),
        retries=5,
    )
