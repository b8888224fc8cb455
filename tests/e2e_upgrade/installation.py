# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One Redash on the local AWS, as tests of upgrades handle it: run playbooks, kill them, look, and put it back to the start."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from docker.errors import NotFound

from ansible_collections.redash.ecs.plugins.module_utils.core import migration
from ansible_collections.redash.ecs.plugins.module_utils.core.release import release
from demo import engine
from demo.instance import LABEL, Instance

ROOT = Path(__file__).resolve().parents[2]
NAME = "redash-demo"
PREFIX = f"/redash/{NAME}"
REPOSITORY = "localhost/redash-stand-in"
# The database's revision in 10.1.0, and in 25.8.0 and 26.3.0.
OLD, NEW = "89bc7873a3e0", "db0aca1ebd32"
# The full path of an upgrade.
STEPS = "read register check foresee snapshot suspend drain stop_workers stop_server migrate deploy smoke resume tidy".split()  # noqa: SIM905
PSQL = ("psql", "-h", "/var/run/postgresql")
PEOPLE = """
insert into queries (org_id, name, query, query_hash, user_id) values (1, 'Sales', 'select 1', 'x', 1), (1, 'Churn', 'select 2', 'y', 1);
insert into users (org_id, name, email, groups, api_key, details) values
    (1, 'Open Invitation', 'invited@example.com', '{2}', 'k1', '{"is_invitation_pending": true}');
"""
# In the environment of every process of one run.
MARK = "REDASH_E2E_RUN"


def processes_of(mark: str) -> list[int]:
    """The living processes whose environment carries ``mark``."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # A zombie has no environment any more.
            if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@dataclass
class Run:
    """What a playbook did."""

    rc: int
    output: str

    @property
    def message(self) -> str:
        """The last failure's msg, on one line; else the last debug message."""
        # YAML, folded: up to the next key of the same depth, or an empty line.
        found = [re.split(r"\n\n|\n    \w+:", part)[0] for part in self.output.split("    msg:")[1:]]
        return re.sub(r"^\|-?|^>-?", "", " ".join(found[-1].split())).strip("'\" ").replace("''", "'") if found else ""


def calm(run: Run) -> None:
    """Nothing in an output is for machines only, and nothing is of the kind that nobody can use."""
    for noise in ("redash-ecs-result", "Traceback", "[WARNING]", "[DEPRECATION"):
        assert noise not in run.output, run.output


def unchanged(run: Run) -> None:
    """A playbook that found nothing to do."""
    assert run.rc == 0, run.output
    assert " changed=0 " in run.output.rpartition("PLAY RECAP")[2], run.output


def as_it_was(redash: Installation, people: Any) -> None:
    """10.1.0 runs as in the beginning, on the same people's data."""
    assert redash.services() == {NAME: (f"{NAME}:1", 1, 1)}
    assert redash.task_runner().endswith(":1"), "manage.yml would run the new release on the old database"
    assert redash.schema() == OLD
    assert redash.people() == people


@dataclass
class Installation:
    home: Path
    port: int
    environment: dict[str, str] = field(init=False)
    killed_log: Path = field(init=False, repr=False)
    # What the inventory says besides, as YAML; for what must not stand on a command line.
    inventory: Path | None = field(init=False, default=None)
    # Where ansible-playbook is: beside the Python of the tests, or in an environment with another ansible-core (tools/matrix.py).
    programs: Path = Path(sys.executable).parent
    _clients: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))},
            "REDASH_DEMO_HOME": str(self.home),
            "REDASH_DEMO_PORT": str(self.port),
            "REDASH_STAND_IN_SMALL": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "ANSIBLE_NOCOLOR": "1",
        }

    def client(self, service: str) -> Any:
        # Kept: to make one takes longer than some of the moments that a run is to be killed in.
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name="ap-northeast-1",
                endpoint_url=f"http://127.0.0.1:{self.port}",
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self._clients[service]

    # Running playbooks.

    def run(self, playbook: str, *arguments: str, **variables: Any) -> Run:
        done = subprocess.run(
            self.command(playbook, *arguments, **variables),
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1500,
            check=False,
        )
        # What people would have seen, for who looks after the tests.
        with (self.home / "playbooks.log").open("a") as log:
            log.write(f"$ ansible-playbook {playbook} {' '.join(arguments)} {variables}\n{done.stdout}\n")
        return Run(done.returncode, done.stdout)

    def command(self, playbook: str, *arguments: str, **variables: Any) -> list[str]:
        playbooks = str(self.programs / "ansible-playbook")
        besides = ["-e", f"@{self.inventory}"] if self.inventory else []
        return [playbooks, "-i", "inventories/local", playbook, *arguments, *besides, "-e", json.dumps(variables)]

    def version(self) -> str:
        """What the ansible-playbook of ``programs`` says that it is."""
        said = subprocess.run([str(self.programs / "ansible-playbook"), "--version"], cwd=ROOT, capture_output=True, text=True, check=True)
        return said.stdout.splitlines()[0]

    def upgrade(self, version: str, fault: str = "", **variables: Any) -> Run:
        return self.run("upgrade.yml", **self.to(version, fault), **variables)

    def to(self, version: str, fault: str = "") -> dict[str, Any]:
        tag = f"{version}-{fault}" if fault else version
        return {"redash_version": version, "redash_image": f"{REPOSITORY}:{tag}", "upgrade_service_timeout": 240}

    def kill(self, moment: str, step: str, how: str, playbook: str, delay: float = 2.0, **variables: Any) -> bool:
        """Begin a playbook and kill it ``in`` a step (``delay`` seconds into it) or ``after`` it; False if it ended by itself.

        ``how``  ``ssh lost``: kill -9 of ansible-playbook alone. Its workers live in sessions of their own, so they, the modules
                 and Terraform go on for a while. ``power lost``: every process of that run, wherever it lives.
        """
        before = self.lock()["number"]
        mark = uuid.uuid4().hex
        # One for each run: what is left of the one before may still write into its own.
        self.killed_log = self.home / "killed" / f"{before:03d}-{moment}-{step}-{how.split()[0]}.log"
        self.killed_log.parent.mkdir(exist_ok=True)
        with self.killed_log.open("w") as output:
            process = subprocess.Popen(
                self.command(playbook, **variables),
                cwd=ROOT,
                # Whatever the run starts inherits it; the local AWS, which a power failure here does not reach, has it not.
                env={**self.environment, MARK: mark},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            while process.poll() is None:
                lock = self.lock()
                # Only once this run has the lock: what the one before it left is no sign. A short step may be over before it is hit.
                began = moment == "in" and lock["doing"].endswith(f"step {step}")
                if lock["number"] > before and lock["doing"] and (began or step in self.record().get("done", [])):
                    time.sleep(delay if moment == "in" else 0.0)
                    if process.poll() is not None:
                        return False
                    process.kill()
                    if how == "power lost":
                        while left := processes_of(mark):
                            for pid in left:
                                with contextlib.suppress(ProcessLookupError):
                                    os.kill(pid, signal.SIGKILL)
                    process.wait()
                    return True
                time.sleep(0.25)
        return False

    def went_on(self) -> str:
        """Where the run that was killed last went on, by its own words."""
        # As YAML prints it: between quotes where it needs them, and with its own doubled.
        found = re.search(r"Release \d+ goes on at: (.+)", self.killed_log.read_text())
        return found[1].strip().removesuffix("'").replace("''", "'") if found else ""

    # Looking.

    def records(self) -> list[dict[str, Any]]:
        pages = self.client("ssm").get_paginator("get_parameters_by_path").paginate(Path=f"{PREFIX}/releases")
        found = [json.loads(parameter["Value"]) for page in pages for parameter in page["Parameters"]]
        return sorted(found, key=lambda record: record["number"])

    def lock(self) -> dict[str, Any]:
        """The newest lock; number 0 where there was none yet."""
        parameters = self.client("ssm").get_parameters_by_path(Path=f"{PREFIX}/releases/lock")["Parameters"]
        locks = [{"number": int(parameter["Name"].rpartition("/")[2]), **json.loads(parameter["Value"])} for parameter in parameters]
        return max(locks, key=lambda lock: lock["number"], default={"number": 0, "doing": ""})

    def record(self) -> dict[str, Any]:
        return (self.records() or [{}])[-1]

    def services(self) -> dict[str, tuple[str, int, int]]:
        """By service: task definition, desired and running tasks."""
        ecs = self.client("ecs")
        arns = ecs.list_services(cluster=NAME)["serviceArns"]
        return {
            one["serviceName"]: (one["taskDefinition"].rpartition("/")[2], one["desiredCount"], one["runningCount"])
            for one in ecs.describe_services(cluster=NAME, services=arns)["services"]
            if one["status"] == "ACTIVE"
        }

    def images(self) -> set[str]:
        """What the services' task definitions run."""
        ecs = self.client("ecs")
        definitions = (ecs.describe_task_definition(taskDefinition=definition) for definition, *_counts in self.services().values())
        return {container["image"] for one in definitions for container in one["taskDefinition"]["containerDefinitions"]}

    def running_tasks(self) -> list[str]:
        ecs = self.client("ecs")
        arns = ecs.list_tasks(cluster=NAME)["taskArns"]
        tasks = ecs.describe_tasks(cluster=NAME, tasks=arns)["tasks"] if arns else []
        # An emulator that was restarted may list tasks that ended without it.
        return [task["taskArn"] for task in tasks if task["lastStatus"] != "STOPPED"]

    def logged(self, words: str, since: float) -> list[str]:
        """What the one-off tasks logged with ``words`` in it since then (seconds since the epoch)."""
        definition = self.client("ecs").describe_task_definition(taskDefinition=f"{NAME}-task-runner")["taskDefinition"]
        group = definition["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-group"]
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, startTime=int(since * 1000))
        return [event["message"] for page in pages for event in page["events"] if words in event["message"]]

    def stop_everything(self) -> None:
        """Every service to nought, every task ended."""
        ecs = self.client("ecs")
        for service in self.services():
            ecs.update_service(cluster=NAME, service=service, desiredCount=0)
        until = time.monotonic() + 120
        while (running := self.running_tasks()) and time.monotonic() < until:
            for arn in running:
                ecs.stop_task(cluster=NAME, task=arn)
            time.sleep(0.5)

    def deploy_another_revision(self) -> None:
        """The same release with another setting, as revision 2 of the service and of the task runner."""
        ecs = self.client("ecs")
        for family in (NAME, f"{NAME}-task-runner"):
            known = ecs.describe_task_definition(taskDefinition=f"{family}:1")["taskDefinition"]
            wanted = (
                "family",
                "taskRoleArn",
                "executionRoleArn",
                "networkMode",
                "requiresCompatibilities",
                "cpu",
                "memory",
                "runtimePlatform",
            )
            for container in known["containerDefinitions"]:
                container["environment"].append({"name": "REDASH_PAGE_SIZE", "value": "50"})
            request = {name: known[name] for name in (*wanted, "containerDefinitions") if name in known}
            arn = ecs.register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"]
            if family == NAME:
                ecs.update_service(cluster=NAME, service=NAME, taskDefinition=arn)
                self.wait_for((arn.rpartition("/")[2], 1, 1))

    def wait_for(self, wanted: tuple[str, int, int]) -> None:
        """Until the service of the consolidated topology has that task definition, and so many tasks desired and running."""
        until = time.monotonic() + 240
        while self.services()[NAME] != wanted and time.monotonic() < until:
            time.sleep(0.5)
        assert self.services()[NAME] == wanted

    def remove_services(self) -> None:
        for service in self.services():
            self.client("ecs").delete_service(cluster=NAME, service=service, force=True)

    def forget_releases(self) -> None:
        ssm = self.client("ssm")
        for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=f"{PREFIX}/releases", Recursive=True):
            for parameter in page["Parameters"]:
                ssm.delete_parameter(Name=parameter["Name"])

    def task_runner(self) -> str:
        return str(self.client("ecs").describe_task_definition(taskDefinition=f"{NAME}-task-runner")["taskDefinition"]["taskDefinitionArn"])

    def sql(self, statement: str, database: str = "redash") -> list[str]:
        """Rows of the real PostgreSQL, as psql prints them."""
        # Podman's stream of a command's output loses a piece now and then: what was read is whole where its end is there, in one write.
        command = ("sh", "-c", 'rows=$("$@") && printf "%s\nend\n" "$rows"', "sh", *PSQL, "-d", database, "-Atqc", statement)
        for _ in range(10):
            *rows, end = self.inside(*command).splitlines() or [""]
            if end == "end" or not statement.startswith("select"):
                return [] if rows == [""] else rows
        raise RuntimeError(f"no whole answer to {statement}")

    def inside(self, *command: str) -> str:
        """What a command in the PostgreSQL container prints. Raises RuntimeError with what it complained about."""
        container = self._engine.containers.get(Instance(self.home, self.port).postgresql)
        code, (output, complaint) = container.exec_run(list(command), user="postgres", demux=True)
        if code != 0:
            raise RuntimeError((complaint or b"").decode())
        return (output or b"").decode()

    def redis_accepts(self, token: str) -> bool:
        """Whether the real Redis, which has TLS then, answers to this token; the empty one is none."""
        container = self._engine.containers.get(Instance(self.home, self.port).redis)
        login = {"REDISCLI_AUTH": token} if token else {}
        _code, output = container.exec_run(["redis-cli", "--tls", "--insecure", "ping"], environment=login)
        assert "PONG" in output.decode() or "NOAUTH" in output.decode(), output.decode()
        return "PONG" in output.decode()

    @cached_property
    def _engine(self) -> Any:
        # On a busy machine one ping may go unanswered.
        for _ in range(12):
            found = engine.find(Instance(self.home, self.port))
            if found is not None:
                return found.client
            time.sleep(2)
        raise RuntimeError("no container engine runs")

    def held(self, variable: str) -> dict[str, str]:
        """What the running containers of ECS have under an environment variable, by container: the real thing, read from the engine."""
        found = {}
        for container in self._engine.containers.list(filters={"label": [f"{LABEL}={self.home}", "com.amazonaws.ecs.task-arn"]}):
            environment = dict(item.split("=", 1) for item in container.attrs["Config"]["Env"])
            if variable in environment:
                found[container.name] = environment[variable]
        return found

    def jobs_done(self, version: str) -> dict[str, str]:
        """What became of a job in each queue of that release, asked in a container of the service; ``waiting`` where nobody took it."""
        program = (ROOT / "roles" / "upgrade" / "files" / "queues.py").read_text()
        command = ["python", "-c", program, "120", *release(version).queues]
        container = self._engine.containers.list(filters={"label": [f"{LABEL}={self.home}", "com.amazonaws.ecs.task-arn"]})[0]
        code, output = container.exec_run(command)
        if code != 0:
            raise RuntimeError(output.decode())
        return dict(migration.result(output.decode().splitlines(), "send jobs")["queues"])

    def schema(self) -> str:
        return "+".join(self.sql("select version_num from alembic_version order by 1"))

    def people(self) -> tuple[list[str], list[str], list[str]]:
        """Users, groups and queries: what must survive everything."""
        return (
            self.sql("select name, email from users order by id"),
            self.sql("select name, permissions from groups order by id"),
            self.sql("select name, query from queries order by id"),
        )

    def database_exists(self, name: str) -> bool:
        try:
            return self.sql(f"select 1 from pg_database where datname = '{name}'", "postgres") == ["1"]
        except (RuntimeError, NotFound):
            return False

    def empty_database(self, name: str) -> None:
        self.sql(f"drop database if exists {name} with (force)", "postgres")
        self.sql(f"create database {name} owner redash", "postgres")

    def copy_database(self, source: str, target: str) -> None:
        """Make ``target`` what ``source`` is, whoever is connected to either."""
        self.inside(
            "sh",
            "-c",
            f"psql -h /var/run/postgresql -qc 'alter database {source} with allow_connections false'"
            f" -c \"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{source}'\""
            f" -c 'drop database if exists {target} with (force)' -c 'create database {target} template {source} owner redash'"
            f" -c 'alter database {source} with allow_connections true'",
        )
