# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a command or with where it is to run: one line each, and nothing is started.

On a local AWS whose tasks exist by name only. It judges no iam:PassRole and its subnets never fill up: these two are
tested on the stand-in of tests/unit/plugins/module_utils/task_fakes.py.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import LocalAws, Playbook

GOOD = {"cluster": "bad-input", "task_definition": "bad-input-task-runner", "cmd": "version"}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an empty command": ({"cmd": ""}, "cmd: the command is empty. Give one"),
    "a list with an empty command": ({"cmd": "{{ omit }}", "cmds": ["version", " "]}, "cmds[1]: the command is empty"),
    "an empty list": ({"cmd": "{{ omit }}", "cmds": []}, "cmds: the list of commands is empty. Give at least one."),
    "an unbalanced quote": ({"cmd": "groups create 'Data Science"}, "cmd: a quote is not closed"),
    "an unknown cluster": ({"cluster": "nowhere"}, "cluster: there is no cluster nowhere. Check its name and the region"),
    "an unknown task definition": ({"task_definition": "nothing"}, "task_definition: there is no task definition nothing. Check its name"),
    "an unknown revision": ({"task_definition": "bad-input-task-runner:99"}, "there is no task definition bad-input-task-runner:99"),
    "a container that is not there": (
        {"container": "worker"},
        "container: task definition bad-input-task-runner:1 has no container worker",
    ),
    "no subnet": ({"subnets": []}, "subnets: no subnet is known"),
    "an unknown subnet": ({"subnets": ["subnet-00000000000000000"]}, "subnet-00000000000000000"),
    "a command that would ask": ({"cmd": "users create a@example.com A"}, "users create would ask for a password"),
}


@pytest.fixture
def subnets(aws: LocalAws) -> dict[str, str]:
    ec2, ecs = aws.client("ec2"), aws.client("ecs")
    ecs.create_cluster(clusterName="bad-input")
    ecs.register_task_definition(
        family="bad-input-task-runner",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "task-runner", "image": "redash/redash:25.8.0"}],
    )
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    return {"good_subnet": ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/28")["Subnet"]["SubnetId"]}


def test_each_is_one_line_and_nothing_is_started(aws: LocalAws, playbook: Playbook, subnets: dict[str, str]) -> None:
    tasks: list[dict[str, Any]] = []
    for name, (more, _words) in WRONG.items():
        given = {**GOOD, "subnets": ["{{ good_subnet }}"], **more}
        tasks.append({"name": name, "redash.ecs.redash_ecs_task": given, "register": "said", "ignore_errors": True})
        tasks.append({"ansible.builtin.set_fact": {"all_said": "{{ all_said | default([]) + [said] }}"}})
    tasks.append({"ansible.builtin.copy": {"content": "{{ all_said | to_json }}", "dest": str(playbook.folder / "said.json")}})
    done = playbook.run(tasks, variables=subnets)
    assert done.returncode == 0, done.stdout
    said = json.loads((playbook.folder / "said.json").read_text())
    for (name, (_more, words)), result in zip(WRONG.items(), said, strict=True):
        assert result["failed"], name
        assert words in result["msg"], (name, result["msg"])
        assert len(result["msg"].splitlines()) == 1, (name, result["msg"])
    assert "Traceback" not in done.stdout
    ecs = aws.client("ecs")
    for status in ("RUNNING", "STOPPED"):
        assert ecs.list_tasks(cluster="bad-input", desiredStatus=status)["taskArns"] == []
