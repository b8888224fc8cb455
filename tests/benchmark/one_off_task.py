# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long manage.yml takes, beside the shell script that it replaces. Needs a running `make demo`.

    python tests/benchmark/one_off_task.py [--runs 3] [--no-long]

Everything runs on one machine, so the times that the command prints from inside its container, those of
a poller that looks for the exit code ten times a second, and ours are one clock's. Ends with 1 when a
promised number is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import boto3

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "collections")]

from ansible_collections.redash.ecs.plugins.module_utils.context import Context  # noqa: E402
from ansible_collections.redash.ecs.plugins.module_utils.task import ARGUMENTS, run  # noqa: E402

PORT = os.environ.get("REDASH_DEMO_PORT", "4566")
CONNECTION = {
    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{PORT}",
    "AWS_DEFAULT_REGION": "ap-northeast-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if not name.startswith("AWS_")}, **CONNECTION}

# Lives two seconds, prints its own birth, a line on the way, and its death.
TWO_SECONDS = [
    "python",
    "-u",
    "-c",
    "import time;b=time.time();print('at %.3f born'%b)\n"
    "time.sleep(1);print('at %.3f half'%time.time());time.sleep(1);print('at %.3f dead'%time.time())",
]
BURST = ["python", "-c", "import sys,time;[sys.stdout.write('line %05d\\n'%n) or (n%2000==0 and time.sleep(1)) for n in range(10000)]"]


class Poller(threading.Thread):
    """Notes when the exit code of the newest task of the family can first be seen."""

    def __init__(self, cluster: str, family: str) -> None:
        super().__init__(daemon=True)
        self.ecs = boto3.client(
            "ecs",
            region_name="ap-northeast-1",
            endpoint_url=CONNECTION["AWS_ENDPOINT_URL"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.cluster, self.family = cluster, family
        self.before = set(self._all())
        self.visible: float | None = None
        self.over = False

    def _all(self) -> list[str]:
        arns: list[str] = []
        for status in ("RUNNING", "STOPPED"):
            arns += self.ecs.list_tasks(cluster=self.cluster, family=self.family, desiredStatus=status)["taskArns"]
        return arns

    def run(self) -> None:
        while not self.over and self.visible is None:
            new = [arn for arn in self._all() if arn not in self.before]
            if new:
                task = self.ecs.describe_tasks(cluster=self.cluster, tasks=new[:1])["tasks"][0]
                if any(container.get("exitCode") is not None for container in task["containers"]):
                    self.visible = time.time()
            time.sleep(0.1)


def watched(words: list[str], cluster: str, family: str) -> dict[str, Any]:
    """Run a program; note each line with the time it came, and when the exit code could be seen."""
    poller = Poller(cluster, family)
    poller.start()
    began = time.time()
    process = subprocess.Popen(words, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    lines = [(time.time(), line.rstrip("\n")) for line in process.stdout]
    code = process.wait()
    ended = time.time()
    poller.over = True
    poller.join()
    printed = {what: (float(at), shown) for shown, line in lines for at, what in re.findall(r"at (\d+\.\d+) (\w+)", line)}
    return {
        "code": code,
        "lines": [line for _, line in lines],
        "took": ended - began,
        "after_exit": ended - (poller.visible or ended),
        "overhead": ended - began - (printed["dead"][0] - printed["born"][0]) if "dead" in printed else None,
        "lag": max((shown - at for at, shown in printed.values()), default=None),
    }


def in_the_log(group: str, task: str) -> list[str]:
    """The numbers of the lines that CloudWatch holds of a task."""
    logs = boto3.client(
        "logs",
        region_name="ap-northeast-1",
        endpoint_url=CONNECTION["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    found: list[str] = []
    token: str | None = None
    while True:
        more = {"nextToken": token} if token else {}
        page = logs.get_log_events(logGroupName=group, logStreamName=f"task-runner/task-runner/{task}", startFromHead=True, **more)
        found += [number for event in page["events"] for number in re.findall(r"line (\d{5})", event["message"])]
        if page["nextForwardToken"] == token:
            return found
        token = page["nextForwardToken"]


def calls_of_two_minutes(cluster: str, family: str) -> tuple[int, int, float]:
    """ECS calls, log calls, and the seconds from the exit code to the result, of a task whose command takes two minutes."""
    calls: Counter[str] = Counter()

    def client(service: str, **_: Any) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        made = boto3.client(service, region_name="ap-northeast-1", endpoint_url=CONNECTION["AWS_ENDPOINT_URL"], **keys)
        made.meta.events.register("before-send", lambda **_: calls.update([service]))
        return made

    defaults = {name: option.get("default") for name, option in ARGUMENTS.items()}
    program = "import time\nfor n in range(24): print('at', n, flush=True); time.sleep(5)\nprint('done')"
    given = {**defaults, "cluster": cluster, "task_definition": family, "network_from": [cluster], "command": ["python", "-c", program]}
    poller = Poller(cluster, family)
    poller.start()
    result = run(given, Context(client=client))
    ended = time.time()
    poller.over = True
    poller.join()
    if result["rc"] != 0 or result["lines_total"] != 25:
        raise SystemExit(f"the task of two minutes went wrong: {result}")
    return calls["ecs"], calls["logs"], ended - (poller.visible or ended)


def manage(*extra: str) -> list[str]:
    playbook = shutil.which("ansible-playbook", path=f"{ROOT / '.venv/bin'}:{os.environ['PATH']}") or "ansible-playbook"
    return [playbook, "-i", "inventories/local", "manage.yml", *(word for one in extra for word in ("-e", one))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="redash-demo")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-long", action="store_true", help="without the task of two minutes and the hundred at once")
    options = parser.parse_args()
    name, family = options.name, f"{options.name}-task-runner"
    ecs = Poller(name, family).ecs
    definition = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
    group = definition["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-group"]
    services = ecs.list_services(cluster=name)["serviceArns"]
    service = ecs.describe_services(cluster=name, services=services[:1])["services"][0]
    subnet = service["networkConfiguration"]["awsvpcConfiguration"]["subnets"][0]
    if not shutil.which("aws"):
        ENVIRONMENT["AWS"] = f"{sys.executable} {HERE / 'aws_cli.py'}"

    missed: list[str] = []

    def promise(what: str, value: float, limit: float, unit: str = "s") -> None:
        kept = value <= limit
        print(f"{'ok    ' if kept else 'MISSED'} {what}: {value:.2f} {unit} (at most {limit:g})")
        if not kept:
            missed.append(what)

    ours = [watched(manage(json.dumps({"command": TWO_SECONDS})), name, family) for _ in range(options.runs)]
    script = ["sh", str(HERE / "one_off_task.sh"), name, family, subnet, group]
    theirs = [watched([*script, json.dumps(TWO_SECONDS)], name, family) for _ in range(options.runs)]

    def middle(runs: list[dict[str, Any]], key: str) -> float:
        return statistics.median(run[key] for run in runs)

    print(f"A command of two seconds, median of {options.runs} runs")
    print(f"       whole:           manage.yml {middle(ours, 'took'):.2f} s, script {middle(theirs, 'took'):.2f} s")
    print(f"       after the exit:  manage.yml {middle(ours, 'after_exit'):.2f} s, script {middle(theirs, 'after_exit'):.2f} s")
    print(f"       ratio after the exit: {middle(theirs, 'after_exit') / middle(ours, 'after_exit'):.1f}")
    promise("from the exit code being visible to the play's end", middle(ours, "after_exit"), 2.0)
    promise("the whole over the container's own life", middle(ours, "overhead"), 4.0)
    promise("a line shown after it was printed", middle(ours, "lag"), 2.0)

    failing = ["sh", "-c", "exit 3"]
    code = watched(manage(json.dumps({"command": failing})), name, family)["code"]
    lost = watched([*script, json.dumps(failing)], name, family)["code"]
    print(f"       a command that exits with 3: manage.yml ends with {code}, script with {lost}")
    promise("failures shown as success", float(code == 0), 0, "")

    burst = watched(manage(json.dumps({"command": BURST})), name, family)
    numbers = re.findall(r"line (\d{5})", "\n".join(line for line in burst["lines"] if line.startswith("[")))
    # Podman's log stream skips lines of a burst now and then, and the emulator's forwarder then sends some twice: what
    # counts is what its CloudWatch holds.
    held = in_the_log(group, next(task for line in burst["lines"] for task in re.findall(r"started task ([0-9a-f-]+)", line)))
    if len(set(held)) < 10_000:
        print(f"       the emulator kept {len(set(held))} of the 10000 lines")
    promise("of 10000 lines in 5 s: lost", len(set(held) - set(numbers)), 0, "lines")
    promise("of 10000 lines in 5 s: doubled", len(numbers) - len(held), 0, "lines")
    promise("of 10000 lines in 5 s: out of order", float(numbers != held), 0, "")

    before = set(Poller(name, family).before)
    batch = watched(manage(json.dumps({"cmds": ["version"] * 50})), name, family)
    promise("tasks for 50 commands", len(set(Poller(name, family).before) - before), 1, "")
    print(f"       50 commands took {batch['took']:.1f} s and ended with {batch['code']}")

    if not options.no_long:
        ecs_calls, log_calls, after = calls_of_two_minutes(name, family)
        promise("ECS calls of a task of two minutes", ecs_calls, 60, "calls")
        promise("log calls of a task of two minutes", log_calls, 70, "calls")
        promise("from its exit code being visible to its result", after, 2.0)
        # A hundred containers are too many for most machines: their AWS is played, with its limits and a time of its own.
        from tests.unit.plugins.module_utils.test_task import a_hundred_at_once

        took, done = a_hundred_at_once()
        promise("of 100 tasks at once, not completed under 20 DescribeTasks and 10 GetLogEvents a second", 100 - done, 0, "")
        print(f"       the last of them ended {took:.0f} s after the first was started; each ran for 60 s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
