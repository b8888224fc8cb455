# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs that run inside Redash's images: short enough for RunTask, and readable by the oldest Python there."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.batch import OVERRIDES_MAX

FILES = Path(__file__).parents[4] / "roles" / "upgrade" / "files"
PROGRAMS = sorted(FILES.glob("*.py"))

# As much of Redash, RQ and a database as the programs touch.
FAKE = """
import json, sys, types
STATE = json.loads(sys.argv.pop(1))
redash, models, rq, suspension = (types.ModuleType(name) for name in ("redash", "redash.models", "rq", "rq.suspension"))
class Redis:
    def get(self, key): return STATE.get("redis", {}).get(key)
    def set(self, key, value, ex): print("SET", key)
redash.redis_connection = Redis()
redash.__version__, redash.rq_redis_connection, redash.models = "25.8.0", "redis", models
class Context:
    def __enter__(self): return self
    def __exit__(self, *_): pass
redash.create_app = lambda: types.SimpleNamespace(app_context=Context)
suspension.suspend = lambda connection, seconds: print("SUSPEND", seconds)
suspension.resume = lambda connection: print("RESUME")
rq.suspension = suspension
class Worker:
    @staticmethod
    def all(connection):
        left = STATE["running"]
        STATE["running"] = left[1:]
        return [types.SimpleNamespace(get_current_job_id=lambda job=job: job) for job in (left[0] if left else [])]
class Job:
    def __init__(self, queue): self.queue = queue
    def get_status(self): return STATE["queues"][self.queue]
class Queue:
    def __init__(self, name, connection): self.name = name
    def enqueue(self, function, **options): return Job(self.name)
rq.Worker, rq.Queue = Worker, Queue
class Session:
    def execute(self, text):
        print("SQL", " ".join(text.split()))
        rows = [[STATE["revision"]]] if "alembic_version" in text else [[1]]
        return Rows(rows)
    def commit(self): print("COMMIT")
    def rollback(self): pass
class Rows(list):
    rowcount = 2
models.db = types.SimpleNamespace(text=str, session=Session())
import subprocess
def call(argv):
    print("RUN", " ".join(argv))
    STATE["revision"] = STATE.get("after", STATE["revision"])
    return STATE.get("rc", 0)
subprocess.call = call
import time
time.sleep = lambda seconds: None
for module in (redash, models, rq, suspension):
    sys.modules[module.__name__] = module
sys.argv = ["-c"] + sys.argv[2:] if sys.argv[0] == "-c" and len(sys.argv) > 1 else sys.argv
"""


def run(name: str, state: dict[str, object], *arguments: str) -> tuple[int, list[str], dict[str, object]]:
    """Exit code, lines but the result, and the result."""
    program = FAKE + "\nsys.argv = ['-c'] + json.loads(STATE['argv'])\n" + (FILES / name).read_text()
    state = {**state, "argv": json.dumps(list(arguments))}
    done = subprocess.run([sys.executable, "-c", program, json.dumps(state)], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    result = [line for line in lines if line.startswith("redash-ecs-result: ")]
    assert len(result) == 1, done.stdout + done.stderr
    return done.returncode, [line for line in lines if line not in result], json.loads(result[0].partition(": ")[2])


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_it_fits_into_the_overrides_of_a_task(program: Path) -> None:
    overrides = {"containerOverrides": [{"name": "task-runner", "command": ["python", "-c", program.read_text(), "x" * 200]}]}
    assert len(json.dumps(overrides, separators=(",", ":"))) < OVERRIDES_MAX


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_python_2_7_could_read_it(program: Path) -> None:
    """No syntax newer than 2.7's: no f-string, annotation, async, walrus, keyword-only argument or `raise from`."""
    for node in ast.walk(ast.parse(program.read_text())):
        assert not isinstance(node, (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Nonlocal)), ast.dump(node)
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not node.args.kwonlyargs
            assert not any(argument.annotation for argument in node.args.args)
        if isinstance(node, ast.Raise):
            assert node.cause is None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            assert not node.keywords


def test_pictures_are_filled_in_before_the_migration_that_needs_them() -> None:
    code, lines, result = run("migrate.py", {"revision": "89bc7873a3e0", "after": "db0aca1ebd32"})
    assert code == 0
    assert result == {"before": ["89bc7873a3e0"], "revisions": ["db0aca1ebd32"], "mended": 2, "rc": 0}
    order = [line for line in lines if line.startswith(("SQL update", "RUN", "RESUME"))]
    assert order == [
        "RESUME",
        "SQL update users set profile_image_url = '' where profile_image_url is null",
        "RUN /app/manage.py db upgrade",
    ]


def test_pictures_are_emptied_again_when_the_migration_was_rolled_back() -> None:
    code, lines, result = run("migrate.py", {"revision": "89bc7873a3e0", "rc": 1})
    assert (code, result["revisions"]) == (1, ["89bc7873a3e0"])
    assert lines[-2:] == ["SQL update users set profile_image_url = null where profile_image_url = ''", "COMMIT"]


def test_other_migrations_touch_no_picture() -> None:
    _code, lines, result = run("migrate.py", {"revision": "9e8c841d1a30", "after": "db0aca1ebd32"})
    assert result["mended"] == 0
    assert not any("update users" in line for line in lines)


def test_draining_stops_new_jobs_and_waits_for_the_running_ones() -> None:
    code, lines, result = run("drain.py", {"running": [["a", "b"], ["a"], []]}, "drain", "7", "300")
    assert (code, result["running"]) == (0, 0)
    assert lines[0] == "SUSPEND 2100"
    assert [line.split(";")[0] for line in lines[1:]] == ["2 jobs still run", "1 jobs still run"]


def test_draining_ends_at_its_limit_and_says_what_still_runs() -> None:
    code, _lines, result = run("drain.py", {"running": [["a"]] * 5}, "drain", "7", "0")
    assert (code, result["running"]) == (0, 1)


# Redash 8: Celery's workers, each with the queues that it takes from, and a Redis.
FAKE_CELERY = """
import json, sys, types
STATE = json.loads(sys.argv.pop(1))
redash, worker = types.ModuleType("redash"), types.ModuleType("redash.worker")
class Redis:
    def get(self, key): return STATE["redis"].get(key, "").encode() or None
    def set(self, key, value, ex): STATE["redis"][key] = value
    def delete(self, key): STATE["redis"].pop(key, None)
class Control:
    def inspect(self): return self
    def active_queues(self): return {name: [{"name": queue} for queue in queues] for name, queues in STATE["workers"].items()}
    def active(self): return {}
    def cancel_consumer(self, queue, destination, reply):
        # Celery answers the same to a worker that takes from no such queue.
        STATE["workers"][destination[0]] = [each for each in STATE["workers"][destination[0]] if each != queue]
    def add_consumer(self, queue, destination, reply):
        if destination[0] in STATE["workers"]:
            STATE["workers"][destination[0]].append(queue)
redash.redis_connection, worker.celery = Redis(), types.SimpleNamespace(control=Control())
sys.modules.update({"redash": redash, "redash.worker": worker})
"""


def celery(state: dict[str, dict[str, object]], *arguments: str) -> dict[str, dict[str, object]]:
    """Workers' queues and Redis after drain.py."""
    program = f"{FAKE_CELERY}\nsys.argv = {['-c', *arguments]!r}\n{(FILES / 'drain.py').read_text()}\nprint(json.dumps(STATE))"
    done = subprocess.run([sys.executable, "-c", program, json.dumps(state)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_celerys_workers_rest_and_work_again_each_on_its_own_queues() -> None:
    workers: dict[str, object] = {"celery@adhoc": ["queries"], "celery@scheduled": ["scheduled_queries", "schemas"]}
    drained = celery({"workers": workers, "redis": {}}, "drain", "7", "0")
    assert drained["workers"] == {"celery@adhoc": [], "celery@scheduled": []}
    # The run was killed, and the next one drains again: nothing is forgotten.
    again = celery(drained, "drain", "7", "0")
    assert celery(again, "resume", "7")["workers"] == workers


def test_workers_are_told_to_go_on() -> None:
    _code, lines, _result = run("drain.py", {"running": []}, "resume", "7")
    assert lines == ["SET redash-ecs:drain-over:7", "RESUME"]


def test_a_drain_that_starts_after_its_release_was_taken_back_stops_nobody() -> None:
    code, lines, result = run("drain.py", {"running": [["a"]], "redis": {"redash-ecs:drain-over:7": "1"}}, "drain", "7", "300")
    assert (code, lines, result["running"]) == (0, [], 0)
    _code, lines, _result = run("drain.py", {"running": [], "redis": {"redash-ecs:drain-over:7": "1"}}, "drain", "8", "300")
    assert lines == ["SUSPEND 2100"]


def test_each_queue_says_what_became_of_its_job() -> None:
    states = {"queries": "finished", "emails": "failed", "schemas": "queued"}
    code, _lines, result = run("queues.py", {"queues": states}, "0", *states)
    # With no time left nothing was looked at: a limit of 0 proves that the loop ends.
    assert (code, result["queues"]) == (0, {})
    _code, _lines, result = run("queues.py", {"queues": {**states, "schemas": "finished"}}, "5", *states)
    assert result["queues"] == {"queries": "done", "emails": "failed", "schemas": "done"}
    assert result["version"] == "25.8.0"


# A database that has only these queries, and an image with one type of data source. SQL itself is tried in tests/e2e_upgrade.
FAKE_QUERIES = """
import json, sys, types
STATE = json.loads(sys.argv.pop(1))
redash, models, runners = (types.ModuleType(name) for name in ("redash", "redash.models", "redash.query_runner"))
class Context:
    def __enter__(self): return self
    def __exit__(self, *_): pass
redash.create_app = lambda: types.SimpleNamespace(app_context=Context)
class Session:
    def execute(self, text, values=None):
        if "from queries q" in text and STATE["queries"] is None:
            raise RuntimeError("connection lost")
        return STATE["queries"] if "from queries q" in text else []
    def rollback(self): pass
models.db = types.SimpleNamespace(text=str, session=Session())
class BaseQueryRunner:
    def __init__(self, configuration): pass
    def gen_query_hash(self, text, limit): return text[0]
runners.BaseQueryRunner = BaseQueryRunner
runners.get_query_runner = lambda kind, configuration: BaseQueryRunner({}) if kind == "pg" else None
sys.modules.update({"redash": redash, "redash.models": models, "redash.query_runner": runners})
"""


def foreseen(queries: list[list[object]] | None, hashes: bool = True) -> dict[str, Any]:
    """What foresee.py says where it is asked for hashes only."""
    asked = json.dumps({"trials": [], "altered": [], "tables": [], "hashes": hashes})
    program = f"{FAKE_QUERIES}\nsys.argv = ['-c', {asked!r}]\n{(FILES / 'foresee.py').read_text()}"
    state = json.dumps({"queries": queries})
    done = subprocess.run([sys.executable, "-c", program, state], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.partition(": ")[2]))


def test_queries_of_types_that_the_image_lacks_are_counted_by_data_source() -> None:
    # id, name, archived, text, options, type, data source
    queries: list[list[object]] = [
        [1, "a", False, "select 1", "{}", "pg", "warehouse"],
        [2, "b", True, "select 1", "{}", "treasuredata", "old"],
        [3, "c", False, "select 1", "[]", "treasuredata", "old"],
        [4, "d", False, "select 1", None, "rockset", "aged"],
        [5, "e", False, "select 1", None, None, None],
    ]
    found = foreseen(queries)
    assert found["lacking"] == [["aged", "rockset", 1], ["old", "treasuredata", 2]]
    assert (found["lacking_count"], found["hashes"], found["hashes_failed"]) == (2, [], 0)


def test_a_query_of_a_lacking_type_with_bad_options_is_told_for_both() -> None:
    found = foreseen([[2, "b", True, "select 1", '{"parameters": [{}]}', "treasuredata", "old"]])
    assert found["lacking"] == [["old", "treasuredata", 1]]
    assert found["hashes"] == [[2, "b", True, "KeyError: 'name'"]]


def test_more_data_sources_of_lacking_types_than_are_named_are_counted() -> None:
    found = foreseen([[number, "q", False, "x", None, "gone", f"source {number:02}"] for number in range(25)])
    assert (found["lacking_count"], len(found["lacking"])) == (25, 20)


def test_the_image_of_the_running_release_is_not_asked_for_types() -> None:
    found = foreseen([[1, "a", False, "", "{}", "gone", "old"]], hashes=False)
    assert (found["lacking"], found["hashes"]) == ([], [])


def test_queries_that_could_not_be_read_are_said_and_are_not_nothing() -> None:
    found = foreseen(None)
    assert ["types and hashes of queries", "connection lost"] in found["unread"]
    assert found["lacking"] == []
