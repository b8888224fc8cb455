# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Terraform's machine-readable output: calm lines for a person, and one problem for each error.

``terraform init|plan|apply -json`` prints one JSON object per line:
https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem

DOING = {"create": "creating", "update": "changing", "delete": "destroying", "replace": "replacing"}
DONE = {"create": "created", "update": "changed", "delete": "destroyed", "replace": "replaced"}

# Terraform says every ten seconds that something still goes on; once a minute is enough, the first time sooner.
FIRST_PROGRESS = 20
NEXT_PROGRESS = 60

# Warnings about this collection's own choices: -target where it is used, a lock file for this machine alone.
HELPS_NOBODY = ("Resource targeting is in effect", "Applied changes may be incomplete", "Incomplete lock file information for providers")

# How the AWS SDK wraps what AWS says. The whole of it is in terraform.log, with the request's ID for AWS's support.
WRAPPING = re.compile(
    r"operation error [\w ]+: \w+, (?:exceeded maximum number of attempts, \d+, )?https response error StatusCode: \d+, RequestID: [^,]*, "
)

LOCK_INFO = re.compile(r"^\s*(ID|Path|Operation|Who|Created):\s*(.*?)\s*$", re.MULTILINE)


@dataclass
class Events:
    """Reads one command's output line by line.

    ``report``    called with each line that a person should see
    ``problems``  the errors seen so far
    ``lock``      who holds the state's lock (ID, Who, Created, ...), if that is one of them
    ``other``     lines that are no JSON: a crash, a warning about the CLI configuration
    """

    report: Callable[[str], None]
    problems: list[Problem] = field(default_factory=list)
    lock: dict[str, str] = field(default_factory=dict)
    other: list[str] = field(default_factory=list)
    _said: dict[str, float] = field(default_factory=dict)

    def read(self, line: str) -> None:
        """One line of output."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, Mapping):
            self.other.append(line)
            return
        kind = event.get("type")
        if kind == "diagnostic":
            self._diagnostic(event["diagnostic"])
        elif kind in ("apply_progress", "apply_complete", "apply_errored") and event["hook"]["action"] != "read":
            self._apply(str(kind), event["hook"])

    def _apply(self, kind: str, hook: Mapping[str, Any]) -> None:
        address, action, elapsed = hook["resource"]["addr"], hook["action"], float(hook.get("elapsed_seconds", 0))
        if kind == "apply_complete":
            self.report(f"{DONE.get(action, action)} {address}{f'  {elapsed:.0f} s' if elapsed >= 1 else ''}")
        elif kind == "apply_errored":
            self.report(f"failed {address}{f'  after {elapsed:.0f} s' if elapsed >= 1 else ''}")
        elif elapsed >= self._said.get(address, FIRST_PROGRESS - NEXT_PROGRESS) + NEXT_PROGRESS:
            self._said[address] = elapsed
            self.report(f"still {DOING.get(action, action)} {address} ... {elapsed:.0f} s")

    def _diagnostic(self, diagnostic: Mapping[str, Any]) -> None:
        summary, detail = diagnostic["summary"], diagnostic.get("detail", "")
        if diagnostic["severity"] != "error":
            if summary not in HELPS_NOBODY:
                self.report(f"warning: {' '.join(f'{summary}. {detail}'.split())}")
            return
        if summary == "Error acquiring the state lock":
            self.lock = dict(LOCK_INFO.findall(detail))
        self.problems.append(Problem(_what(summary, detail), _where(diagnostic)))


def _what(summary: str, detail: str) -> str:
    summary, detail = (WRAPPING.sub("", text) for text in (summary.removeprefix("Error: "), detail))
    # A failed check in the module explains itself; its title and Terraform's closing remark do not.
    if summary in ("Invalid value for variable", "Resource precondition failed", "Resource postcondition failed"):
        return detail.split("\n\nThis was checked by the validation rule")[0]
    return f"{summary}: {detail}" if detail else summary


def _where(diagnostic: Mapping[str, Any]) -> str:
    if diagnostic.get("address"):
        return str(diagnostic["address"])
    place = diagnostic.get("range")
    return f"{place['filename']} line {place['start']['line']}" if place else "terraform"
