# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the person sees of a task, and what the result holds of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core import batch, manage
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import Masker
from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import FOR_PLAYBOOKS
from ansible_collections.redash.ecs.plugins.module_utils.one_off.plan import Plan

# Lines of a failed command that are shown although showing them was not wanted.
LAST = 20


class Output:
    """Lines as they come: folded, masked, sorted by command, shown, and kept up to a maximum."""

    def __init__(self, plan: Plan, report: Callable[[str], None], maximum: int, *, show: bool = True) -> None:
        self._plan = plan
        self._report = report
        self._show = show
        self._several = len(plan.task_definition["containerDefinitions"]) > 1
        self._maskers: dict[str, Masker] = {}
        self._splitter = batch.Splitter(plan.mark, len(plan.commands)) if plan.mark else None
        self.lines: deque[str] = deque(maxlen=maximum)
        # Without what is said to playbooks: what a failure's reason is looked for in.
        # A listing is read as data: one that lost its beginning would be taken for a shorter one.
        self.command_lines: deque[str] = deque(maxlen=None if any(command.reads for command in plan.commands) else maximum)
        # Whether a program of ours has said its word to its playbook.
        self.answered = False
        self.total = 0
        self.folded = 0

    def add(self, container: str, message: str) -> None:
        # A secret may go on in the next message of the same container.
        lines = self._maskers.setdefault(container, Masker()).message(message) if self._plan.commands else message.splitlines()
        for line in lines or [""]:
            self._add(container, line)

    def _add(self, container: str, line: str) -> None:
        # What Redash logs while it loads is of no use to anybody, whether a command loads it or a program of ours.
        if (self._plan.commands or self._plan.program) and manage.NOISE.match(line):
            self.folded += 1
            return
        if container == self._plan.container:
            if self._splitter is not None:
                fed = self._splitter.feed(line)
                if isinstance(fed, tuple):
                    self._mark(*fed)
                    return
            if line.startswith(FOR_PLAYBOOKS):
                self.lines.append(line)
                self.total += 1
                self.answered = True
                return
            self.command_lines.append(line)
        shown = f"{container}: {line}" if self._several else line
        self.lines.append(shown)
        self.total += 1
        if self._show:
            self._report(shown)

    def show_last(self) -> None:
        """What was not shown is shown after all, its end at least: the command failed."""
        if self._show:
            return
        last = self.for_people[-LAST:]
        if len(last) < self.total:
            self._report(f"the last {len(last)} of {self.total} lines:")
        for line in last:
            self._report(line)

    @property
    def for_people(self) -> list[str]:
        """What a failure shows: Ansible prints a failed result whole."""
        return [line for line in self.lines if not line.startswith(FOR_PLAYBOOKS)]

    def _mark(self, what: str, index: int) -> None:
        if self._splitter is None:
            raise AssertionError("only a batch has marks")
        command = self._plan.commands[index]
        if what == "begin":
            self._report(f"[{index + 1}/{len(self._plan.commands)}] {command.shown}")
        elif self._splitter.results[index].rc:
            self._report(f"[{index + 1}/{len(self._plan.commands)}] exited with {self._splitter.results[index].rc}")

    @property
    def complete(self) -> bool:
        """Whether the log tells the end of the last command of a batch: nothing of it can be missing then."""
        return self._splitter is not None and self._splitter.results[-1].rc is not None

    def results(self, rc: int | None = None, *, whole: bool = True) -> list[dict[str, Any]]:
        """Each command of a batch: ``skipped`` when it was never reached.

        Where the log is not ``whole``, a command without an end in it may have run: its ``parsed`` is absent, and its ``rc`` is
        0 if the batch's own (``rc``) is, which is 0 only when every command ended well; else null.
        """
        if self._splitter is None:
            return []
        results: list[dict[str, Any]] = []
        for command, result in zip(self._plan.commands, self._splitter.results, strict=True):
            if result.rc is None and not whole:
                known = 0 if rc == 0 else None
                msg = "its output is missing" if rc == 0 else "its output is missing, and how it ended is not known"
                unread = {"stdout_lines": result.lines, "failed": False, "skipped": False}
                results.append({"cmd": command.shown, "rc": known, "msg": msg, **unread})
                continue
            silent = manage.failure_in(command.failed_though_0, result.lines) if result.rc == 0 else None
            failed = result.begun and (result.rc != 0 or silent is not None)
            results.append(
                {
                    "cmd": command.shown,
                    "rc": result.rc,
                    "stdout_lines": result.lines,
                    "parsed": manage.parse(command.words, result.lines) if result.begun and not failed else None,
                    "failed": failed,
                    "skipped": not result.begun,
                    "msg": silent or (f"exited with {result.rc}" if result.rc else "cut off" if failed else ""),
                }
            )
        return results
