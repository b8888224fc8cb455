# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether Redash answers, and how many schedulers there are, while something else happens."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from tests.e2e.conftest import Demo
from tests.e2e_upgrade.installation import NAME, Installation


class Watch:
    """Looks at the running tasks and asks for /ping, again and again, while something else happens."""

    def __init__(self, redash: Installation, demo: Demo) -> None:
        self.redash, self.demo = redash, demo
        self.schedulers: list[int] = []
        self.pings: list[int] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.over.set()
        self.thread.join(30)

    def look(self) -> None:
        ecs = self.redash.client("ecs")
        while not self.over.is_set():
            arns = [arn for status in ("RUNNING", "STOPPED") for arn in ecs.list_tasks(cluster=NAME, desiredStatus=status)["taskArns"]]
            tasks = ecs.describe_tasks(cluster=NAME, tasks=arns[:100])["tasks"] if arns else []
            alive = [container for task in tasks if task["lastStatus"] != "STOPPED" for container in task["containers"]]
            self.schedulers.append(sum(one["name"] == "scheduler" and one["lastStatus"] != "STOPPED" for one in alive))
            try:
                self.pings.append(self.demo.get("/ping")[0])
            except OSError:
                self.pings.append(0)
            time.sleep(0.3)


def answered(watch: Watch) -> bool:
    """Without a server the load balancer says 502 or 503 at once; no answer in time (0) is a machine that is busy."""
    return 200 in watch.pings and set(watch.pings) <= {200, 0}
