# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one error type of this collection.

An error is a list of problems, so that an input is judged whole: everything that is wrong with it is
said at once. Each problem fits on one line: where it is, what is wrong, with which value, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    ``what``   what is wrong, with the offending value: ``cpu 300 is not a Fargate size``
    ``where``  the place: a file and line, an option, a resource; empty when there is none
    ``todo``   what to do about it; empty only when ``what`` already says it
    """

    what: str
    where: str = ""
    todo: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        text = f"{text.rstrip('.')}. {self.todo}" if self.todo else text
        # One line whatever came in: a YAML or AWS message may hold line breaks.
        return " ".join(text.split())


class RedashError(Exception):
    """Raised for everything that a person can do something about.

    ``problems`` is never empty. ``result`` holds what is known so far and belongs into the module's
    result beside the message (a task's ARN, the log lines seen), so that nothing is lost by failing.
    """

    def __init__(self, problems: Problem | str | Iterable[Problem], *, result: dict[str, Any] | None = None) -> None:
        if isinstance(problems, str):
            problems = [Problem(problems)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems: list[Problem] = list(problems)
        if not self.problems:
            raise ValueError("RedashError needs at least one problem")
        self.result: dict[str, Any] = dict(result or {})
        super().__init__(str(self))

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        return f"{len(self.problems)} problems:\n" + "\n".join(f"- {problem}" for problem in self.problems)


@dataclass
class Problems:
    """Collects problems while an input is checked; raises them together.

    >>> problems = Problems()
    >>> problems.add("cpu 300 is not a Fargate size", where="redash_task_size", todo="Use 256 or 512.")
    >>> problems.raise_if_any()
    Traceback (most recent call last):
    ...
    RedashError: redash_task_size: cpu 300 is not a Fargate size. Use 256 or 512.
    """

    found: list[Problem] = field(default_factory=list)

    def add(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.found.append(Problem(what, where, todo))

    def extend(self, error: RedashError) -> None:
        self.found.extend(error.problems)

    def __bool__(self) -> bool:
        return bool(self.found)

    def raise_if_any(self) -> None:
        if self.found:
            raise RedashError(self.found)
