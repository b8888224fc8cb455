# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""As AWX runs a job: by ansible-runner, whose events are what AWX shows, and whose cancelling is AWX's.

AWX itself takes no part: no project of its own, no execution environment, no pod.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner

from tests.e2e.conftest import ROOT, Demo
from tests.e2e.hunt import unmeasured


@dataclass
class Job:
    status: str = ""
    # Kind and text of each event, as it came.
    events: list[tuple[str, str]] = field(default_factory=list)

    def at(self, words: str) -> int:
        return next(number for number, (_, text) in enumerate(self.events) if words in text)


def launch(demo: Demo, folder: Path, cancel_at: str = "", **survey: Any) -> Job:
    """Run manage.yml with a survey's answers; cancel it when an event says ``cancel_at``."""
    job, cancelled = Job(), threading.Event()

    def take(event: dict[str, Any]) -> bool:
        job.events.append((event["event"], event["stdout"]))
        if cancel_at and cancel_at in event["stdout"]:
            cancelled.set()
        return True

    with unmeasured(demo.environment):
        job.status = ansible_runner.run(
            private_data_dir=str(folder),
            project_dir=str(ROOT),
            playbook="manage.yml",
            inventory=str(ROOT / "inventories" / "local"),
            extravars={"redash_hosts": "redash-demo", "awx_job_id": 17, **survey},
            envvars={
                **{name: value for name, value in demo.environment.items() if name.startswith(("REDASH_", "AWS_"))},
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            },
            event_handler=take,
            cancel_callback=cancelled.is_set,
            quiet=True,
        ).status
    return job


def test_a_command_s_lines_are_events_of_their_own_before_the_task_ends(demo: Demo, tmp_path: Path) -> None:
    job = launch(demo, tmp_path, cmd="groups list")
    assert job.status == "successful"
    assert job.events[job.at("Name: default")][0] == "verbose"
    end = next(number for number in range(job.at("Name: default"), len(job.events)) if job.events[number][0] == "runner_on_ok")
    assert job.at("started task") < job.at("Name: default") < end


def test_cancelling_the_job_stops_the_task_which_carries_the_job_s_number(demo: Demo, tmp_path: Path) -> None:
    program = ["python", "-c", "import time; print('begun', flush=True); time.sleep(300)"]
    job = launch(demo, tmp_path, cancel_at="] begun", command=program)
    assert job.status == "canceled"
    started = job.events[job.at("started task")][1]
    number = started.split("started task ", 1)[1].split(":", 1)[0]
    (task,) = demo.aws("ecs").describe_tasks(cluster="redash-demo", tasks=[number], include=["TAGS"])["tasks"]
    assert task["lastStatus"] in ("STOPPED", "STOPPING", "DEACTIVATING", "DEPROVISIONING")
    assert {"key": "AwxJob", "value": "17"} in task["tags"]
