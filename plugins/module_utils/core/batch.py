# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several Redash commands in one task, or one that needs a secret: the small program that runs in the image.

The program imports Redash once and forks for each command, so fifty commands cost one cold start and one
import. It replaces references to secrets by the container's environment inside the process: neither the
task's overrides nor any process's arguments ever hold the value. Begin and end of each command are marked
in the log; the marks hold a random word, so that no command's output can be taken for one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.manage import DB_CURRENT, Command
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import IN_CONTAINER, NAME_IN_CONTAINER, ROW_IN_CONTAINER, ROW_NAMES

# The images hold Python 2.7, 3.7, 3.10 or 3.13, so this is written for all of them, and short: RunTask takes
# 8192 characters of overrides in all. What it is given (P) is JSON in the first argument.
#
# - Standard error goes into standard output: two pipes would reach the log in any order.
# - A process that is the first in its container does not end on SIGTERM by itself, so that is said here.
# - Without a mark there is one command, and this process becomes it, unless its output has to be masked.
# - Masks (H) see whole lines only, so that no secret is cut in two.
PROGRAM = r"""
import json,os,re,signal,sys
P=json.loads(sys.argv[1]);S=P["secrets"];M=P["mark"];A=sys.argv[2:]
H=[re.compile(p.replace("@N",A[0])) for p in A[1:]]
signal.signal(15,lambda *a:os._exit(143))
def text(b):return b.decode("utf-8","replace") if isinstance(b,bytes) else b
def fill(v):
    if isinstance(v,dict):return dict((k,fill(x)) for k,x in v.items())
    if isinstance(v,list):return [fill(x) for x in v]
    if not S or not hasattr(v,"split"):return v
    n="|".join(map(re.escape,S))
    return re.sub(r"\$(?:\{(%s)\}|(%s)(?![A-Za-z0-9_]))"%(n,n),lambda m:text(os.environ[S[m.group(1) or m.group(2)]]),v)
def hide(b):
    t=text(b)
    for p in H:t=p.sub(lambda m:m.group(1)+(m.group(2) or "")+"********"+(m.group(2) or ""),t)
    return t.encode("utf-8") if H else b
def word(w):
    if w[:1]=="{":
        try:w=json.dumps(fill(json.loads(w)))
        except ValueError:w=fill(w)
    else:w=fill(w)
    return w.encode("utf-8") if str is bytes else w
def run(c):
    if c.get("python"):exec(c["python"],{});sys.exit()
    sys.argv=["/app/manage.py"]+[word(w) for w in c["words"]]
    manager();sys.exit()
os.dup2(1,2)
sys.path.insert(0,os.getcwd())
from redash.cli import manager
if not M and not H:run(P["commands"][0])
out=os.fdopen(os.dup(1),"wb")
def say(*a):
    if M:out.write(("%s\n"%" ".join(map(str,(M,)+a))).encode());out.flush()
code=0
for i,c in enumerate(P["commands"]):
    say("begin",i);sys.stdout.flush();r,w=os.pipe();k=os.fork()
    if not k:
        os.close(r);os.dup2(w,1);os.dup2(w,2);run(c)
    os.close(w);t=h=b""
    while 1:
        b=os.read(r,65536);h+=b;n=len(h)
        if H and b:n=h.rfind(b"\n")+1
        o=hide(h[:n]);h=h[n:];out.write(o);out.flush();t=(t+o)[-65536:]
        if not b:break
    os.close(r);s=os.waitpid(k,0)[1];x=os.WEXITSTATUS(s) if os.WIFEXITED(s) else 128+os.WTERMSIG(s)
    if t and t[-1:]!=b"\n":out.write(b"\n")
    bad=x or (c.get("failed") and re.search(c["failed"],text(t),re.M) and 1) or 0
    say("end",i,x);code=code or bad
    if bad and not P["keep_going"]:break
sys.exit(code)
""".strip()

# By what commands show, the least first.
MASKS: dict[str, list[str]] = {"": [], "row": [ROW_NAMES, *ROW_IN_CONTAINER], "any": [NAME_IN_CONTAINER, *IN_CONTAINER]}

OVERRIDES_MAX = 8192  # characters, https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html


def argv(commands: Sequence[Command], mark: str, *, keep_going: bool = False) -> list[str]:
    """What the container is started with. An empty ``mark`` means a single command that simply runs."""
    secrets = {name: variable for command in commands for name, variable in command.secrets.items()}
    payload = {
        "mark": mark,
        "keep_going": keep_going,
        "secrets": secrets,
        "commands": [_entry(command, marked=bool(mark)) for command in commands],
    }
    # Not in the payload: the backslashes of a pattern would be doubled once more.
    masks = MASKS[max((command.shows_secrets for command in commands), key=list(MASKS).index)]
    return ["python", "-c", PROGRAM, json.dumps(payload, separators=(",", ":"), sort_keys=True), *masks]


def _entry(command: Command, *, marked: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"words": command.words}
    if command.words == ["db", "current"]:
        entry["python"] = DB_CURRENT
    if marked and command.failed_though_0:
        entry["failed"] = command.failed_though_0
    return entry


def check_size(overrides: Mapping[str, Any], where: str) -> None:
    size = len(json.dumps(overrides, separators=(",", ":")))
    if size > OVERRIDES_MAX:
        raise RedashError(
            Problem(f"the commands take {size} characters, ECS allows {OVERRIDES_MAX} for a task", where, "Split them into several lists.")
        )


def mark_of(command: Sequence[str]) -> str:
    """The mark inside a command made by ``argv``; empty when it is no such command."""
    return str(_payload(command).get("mark") or "")


def same_work(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two commands do the same: equal, but for the random mark."""
    if list(one) == list(other):
        return True
    first, second = _payload(one), _payload(other)
    if not first or not second or [*one[:3], *one[4:]] != [*other[:3], *other[4:]]:
        return False
    return {**first, "mark": ""} == {**second, "mark": ""} and bool(first.get("mark")) == bool(second.get("mark"))


def unmarked(command: Sequence[str]) -> list[str]:
    """``command`` without its random mark: what identifies the work."""
    payload = _payload(command)
    return (
        [*command[:3], json.dumps({**payload, "mark": bool(payload["mark"])}, sort_keys=True), *command[4:]] if payload else list(command)
    )


def _payload(command: Sequence[str]) -> dict[str, Any]:
    if len(command) < 4 or command[2] != PROGRAM or list(command[4:]) not in MASKS.values():
        return {}
    payload = json.loads(command[3])
    return payload if isinstance(payload, dict) else {}


@dataclass
class Result:
    """What one command of a batch did. ``rc`` is None when it was never reached or cut off."""

    lines: list[str] = field(default_factory=list)
    rc: int | None = None
    begun: bool = False


class Splitter:
    """Sorts the lines of a batch's log by command."""

    def __init__(self, mark: str, count: int) -> None:
        self._mark = re.compile(re.escape(mark) + r" (begin|end) (\d+)(?: (\d+))?$")
        self._current: int | None = None
        self.results = [Result() for _ in range(count)]

    def feed(self, line: str) -> tuple[str, int] | str | None:
        """A line in; out comes ``("begin", index)``, ``("end", index)``, the line, or None for a line of nobody's."""
        match = self._mark.match(line)
        if match is None:
            if self._current is not None:
                self.results[self._current].lines.append(line)
            return line
        index = int(match[2])
        if index >= len(self.results):
            return line
        if match[1] == "begin":
            self._current = index
            self.results[index].begun = True
        else:
            self._current = None
            self.results[index].rc = int(match[3])
        return match[1], index
