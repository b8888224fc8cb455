# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The mutation run: does a test fail for each small fault that is put into the pure core and the one-off tasks?

    python -m tests.mutation.run                     all of it; fails below the goal
    python -m tests.mutation.run core/stopped.py     one file
    python -m tests.mutation.run core/stopped.py --tests tests/unit/plugins/module_utils/core/test_stopped.py

The tests are collected once. Each mutant is tried in a fork of that process: the function's code is exchanged in place, so
whoever imported it has the faulty one, then those tests run that called the function without a fault, the quickest first,
until one fails. mutmut's own runner needs the package in a folder of its name, which a collection is not; cosmic-ray starts
a Python for each mutant, which takes hours. Tests that start Ansible or another Python can't see a mutant and count for nothing.

The survivors are written to build/mutation/survivors.txt; those that tests/mutation/survivors.md explains are left out there.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import hypothesis
import pytest

from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
UTILS = ROOT / "plugins" / "module_utils"
PACKAGE = "ansible_collections.redash.ecs.plugins.module_utils"
FOLDERS = ("core", "one_off")
TESTS = "tests/unit/plugins"
GOAL = 90.0
KILLED, SURVIVED, BROKEN = 0, 1, 2


def module_of(place: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{place.removesuffix('.py').replace('/', '.')}")


def clear_caches() -> None:
    """What a function has remembered since the tests were collected hides a fault in it."""
    for name, module in list(sys.modules.items()):
        if name.startswith(PACKAGE):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


# Putting a mutant in place.


def _function(holder: Any, name: str) -> Any:
    value = vars(holder)[name]
    while not hasattr(value, "__code__") or hasattr(value, "__wrapped__"):
        for inner in ("__wrapped__", "fget", "__func__", "func"):
            if getattr(value, inner, None) is not None:
                value = getattr(value, inner)
                break
        else:
            raise LookupError(f"{name} is no function")
    return value


def apply(mutant: Mutant) -> None:
    """Put the mutant into this process."""
    module = module_of(mutant.place)
    if mutant.table:
        _exchange_tables(module, mutant.source)
        return
    owner, _, name = mutant.owner.rpartition(".")
    made = dict(vars(module))
    exec(compile(mutant.source, str(module.__file__), "exec"), made)
    original = _function(vars(module)[owner] if owner else module, name)
    changed = vars(made[owner])[name] if owner else made[name]
    changed = getattr(changed, "__func__", changed)
    original.__code__, original.__defaults__, original.__kwdefaults__ = changed.__code__, changed.__defaults__, changed.__kwdefaults__


def _is_data(value: Any) -> bool:
    return not callable(value) and not isinstance(value, ModuleType)


def _exchange_tables(module: ModuleType, source: str) -> None:
    """Make the module's data again from the faulty source, and give it to all that have imported the old."""
    made: dict[str, Any] = {key: vars(module)[key] for key in ("__name__", "__file__", "__builtins__", "__package__", "__spec__")}
    stand_in = ModuleType(module.__name__)
    vars(stand_in).update(made)
    sys.modules[module.__name__] = stand_in  # dataclasses look their module up
    try:
        exec(compile(source, str(module.__file__), "exec"), vars(stand_in))
    finally:
        sys.modules[module.__name__] = module
    old = {name: value for name, value in vars(module).items() if _is_data(value) and not name.startswith("__")}
    for other in list(sys.modules.values()):
        for name, value in list(getattr(other, "__dict__", {}).items()):
            if name in old and value is old[name] and name in vars(stand_in) and other is not stand_in:
                setattr(other, name, vars(stand_in)[name])


# The run.


class Run:
    """A pytest plugin: instead of running the tests once it runs them for each mutant."""

    def __init__(self, places: list[str], jobs: int) -> None:
        self.places = places
        self.jobs = jobs
        self.calls: dict[str, list[str]] = {}  # "core/stopped.py explain" -> node ids of the tests that call it, the quickest first
        self.seconds: dict[str, float] = {}
        self.states: list[tuple[Mutant, int]] = []
        self.uncovered: set[Mutant] = set()
        self.failed_without: list[str] = []
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = True
            if os.environ.get("REDASH_MUTATION_CHILD"):
                os._exit(KILLED)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        self._baseline(items)
        if self.failed_without:
            return True
        running: dict[int, tuple[Mutant, float]] = {}
        for place in self.places:
            untouched = Mutant(place, "", 0, "", "", (UTILS / place).read_text(), table=True)
            with_tables = self._alone(untouched, [items[test] for test in self._tests_of(untouched)]) == SURVIVED
            if not with_tables:
                print(f"{place}: its tables are left out, tests fail when they are only made again")
            for mutant in mutants(place, UTILS / place):
                if mutant.table and not with_tables:
                    continue
                tests = self._tests_of(mutant)
                if not tests:
                    self.uncovered.add(mutant)
                    self.states.append((mutant, SURVIVED))
                    continue
                while len(running) >= self.jobs:
                    self._wait(running)
                child = os.fork()
                if child == 0:
                    self._try(mutant, [items[test] for test in tests])
                running[child] = (mutant, time.monotonic() + 60 + 20 * sum(self.seconds[test] for test in tests))
            self._say(place, running)
        while running:
            self._wait(running)
        return True

    def _alone(self, mutant: Mutant, tests: list[pytest.Item]) -> int:
        child = os.fork()
        if child == 0:
            self._try(mutant, tests)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)

    def _tests_of(self, mutant: Mutant) -> list[str]:
        if not mutant.table:
            return self.calls.get(f"{mutant.place} {mutant.owner}", [])
        found = {test for key, tests in self.calls.items() if key.startswith(f"{mutant.place} ") for test in tests}
        stem = Path(mutant.place).stem
        found |= {test for test in self.seconds if f"/test_{stem}.py::" in test}
        return sorted(found, key=self.seconds.__getitem__)

    def _say(self, place: str, running: dict[int, tuple[Mutant, float]]) -> None:
        while any(mutant.place == place for mutant, _ in running.values()):
            self._wait(running)
        here = [state for mutant, state in self.states if mutant.place == place]
        killed = here.count(KILLED)
        print(f"{place:<40} {killed:>4} of {len(here):>4} killed {100 * killed / max(1, len(here)):6.1f} %", flush=True)

    def _wait(self, running: dict[int, tuple[Mutant, float]]) -> None:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child in running:
            mutant, _ = running.pop(child)
            # Killed by a limit: it went on for ever, which a test run would show, too.
            self.states.append((mutant, os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else KILLED))
            return
        for child, (_, until) in running.items():
            if time.monotonic() > until:
                os.kill(child, signal.SIGKILL)
        time.sleep(0.002)

    def _quiet(self) -> None:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)

    def _try(self, mutant: Mutant, tests: list[pytest.Item]) -> None:
        """In the child: never returns."""
        try:
            os.environ["REDASH_MUTATION_CHILD"] = "1"
            self._quiet()
            usual = sum(self.seconds[item.nodeid] for item in tests)
            limit = int(10 + 10 * usual)
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
            resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
            clear_caches()
            try:
                apply(mutant)
            except BaseException:
                os._exit(KILLED if mutant.table else BROKEN)  # with a faulty table the module may not even load
            for item, following in zip(tests, [*tests[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            os._exit(SURVIVED)
        except BaseException:
            os._exit(KILLED)

    def _baseline(self, items: dict[str, pytest.Item]) -> None:
        """Run every test without a fault, in a fork, and note which functions of the core it calls."""
        with tempfile.TemporaryDirectory() as folder:
            answer = Path(folder) / "calls.json"
            child = os.fork()
            if child == 0:
                try:
                    if not os.environ.get("REDASH_MUTATION_TALK"):
                        self._quiet()
                    answer.write_text(json.dumps(self._calls(list(items.values()))))
                    os._exit(0)
                except BaseException:
                    os._exit(1)
            _, status = os.waitpid(child, 0)
            if status:
                self.failed_without = ["the tests could not be run without a fault"]
                return
            calls, self.seconds, self.failed_without = json.loads(answer.read_text())
        self.calls = {key: sorted(tests, key=self.seconds.__getitem__) for key, tests in calls.items()}

    def _calls(self, items: list[pytest.Item]) -> tuple[dict[str, list[str]], dict[str, float], list[str]]:
        names: dict[CodeType, str | None] = {}
        by_test: dict[str, set[str]] = {}
        by_file: dict[str, set[str]] = defaultdict(set)
        seconds: dict[str, float] = {}
        failed: list[str] = []
        seen: set[str] = set()

        def name_of(code: CodeType) -> str | None:
            path = os.path.realpath(code.co_filename)
            if not path.startswith(f"{UTILS}/"):
                return None
            place = path.removeprefix(f"{UTILS}/")
            return f"{place} {code.co_qualname.partition('.<locals>')[0]}" if place.startswith(FOLDERS) else None

        def profile(frame: FrameType, event: str, _argument: Any) -> None:
            if event == "call":
                code = frame.f_code
                if code not in names:
                    names[code] = name_of(code)
                if (name := names[code]) is not None:
                    seen.add(name)

        class Setup:
            """A fixture that several tests share is made for the first of them."""

            @pytest.hookimpl(wrapper=True)
            def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
                yield
                by_file[str(item.path)] |= seen

        items[0].config.pluginmanager.register(Setup())
        for item, following in zip(items, [*items[1:], None], strict=True):
            clear_caches()
            seen.clear()
            self.failed = False
            began = time.process_time()
            threading.setprofile(profile)
            sys.setprofile(profile)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
            seconds[item.nodeid] = time.process_time() - began
            by_test[item.nodeid] = set(seen)
            if self.failed:
                failed.append(item.nodeid)
        calls: dict[str, list[str]] = defaultdict(list)
        for item in items:
            for name in by_test[item.nodeid] | by_file[str(item.path)]:
                calls[name].append(item.nodeid)
        return calls, seconds, failed


def explained() -> set[str]:
    """The names of the survivors that survivors.md gives a reason for."""
    lines = (Path(__file__).parent / "survivors.md").read_text().splitlines()
    return {line.removeprefix("- ").rpartition(": ")[0] for line in lines if line.startswith("- ")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="*", help="files below plugins/module_utils; all of core/ and one_off/ without any")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--tests", nargs="+", default=[TESTS], help="the tests that may find a mutant; fewer are quicker")
    parser.add_argument("--goal", type=float, default=GOAL, help="percentage of mutants that have to be killed")
    given = parser.parse_args()
    places = given.places or sorted(
        str(path.relative_to(UTILS)) for folder in FOLDERS for path in (UTILS / folder).glob("*.py") if path.name != "__init__.py"
    )
    os.environ["COLUMNS"] = "160"
    hypothesis.settings.register_profile("mutation", derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutation")
    run = Run(places, given.jobs)
    with tempfile.TemporaryDirectory() as folder:
        options = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:terminal", f"--basetemp={folder}/tests", "--capture=sys"]
        code = pytest.main([*given.tests, *options], plugins=[run])
    if run.failed_without:
        print("These tests fail without any fault:", *run.failed_without, sep="\n  ")
        return 2
    if code or not run.states:
        # Half a run is no run: its score would say nothing.
        print(f"The run was cut off after {len(run.states)} mutants; pytest ended with {code}.")
        return 2
    return report(run, given.goal)


def report(run: Run, goal: float) -> int:
    states = Counter(state for _, state in run.states)
    score = 100 * states[KILLED] / len(run.states)
    known = explained()
    lines = []
    for mutant, state in sorted(run.states, key=lambda each: (each[0].place, each[0].line)):
        if state != KILLED:
            word = "no test calls it" if mutant in run.uncovered else "can't be put in place" if state == BROKEN else "survived"
            if mutant.name not in known:
                lines.append(f"{mutant.name} (line {mutant.line}, {word})")
    out = ROOT / "build" / "mutation"
    out.mkdir(parents=True, exist_ok=True)
    (out / "survivors.txt").write_text("".join(f"{line}\n" for line in lines))
    print(f"{states[KILLED]} of {len(run.states)} mutants were killed: {score:.1f} %, the goal is {goal:.0f} %.")
    print(f"{len(lines)} survivors are without an explanation in tests/mutation/survivors.md; see build/mutation/survivors.txt.")
    return 0 if score >= goal else 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
