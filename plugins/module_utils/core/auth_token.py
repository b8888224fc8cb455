# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far ElastiCache's AUTH token has come, and which steps are left.

ElastiCache never says which token it accepts. ROTATE adds the new one to what was accepted before (another token,
or none at all); SET, which it allows after a ROTATE alone, leaves the last one. A second ROTATE would forget the token that running tasks
still use, so what was done is written down where it was done: in a tag of the replication group. The tag names the
token by the version and the time of its secret, never by anything made of its value.
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Strategy = Literal["ROTATE", "SET"]
Accepted = Literal["no", "beside", "only"]

TAG = "AuthTokenVersion"
MARK = re.compile(r"(?P<token>\d+@\d+) (?P<step>rotat(?:ed|ing)|set(?:ting)?)(?: since (?P<before>\d+))?")


@dataclass(frozen=True)
class Mark:
    """What the tag says: which token, and how far it has come.

    ``before``  in the middle of a step: when the group's token was last modified until then (0: never). Once
                that has changed, the step was done, whatever became of the run that did it.
    """

    token: str
    step: Literal["rotating", "rotated", "setting", "set"]
    before: int | None = None

    def __str__(self) -> str:
        return f"{self.token} {self.step}{'' if self.before is None else f' since {self.before}'}"


def read_mark(tag: str | None) -> Mark | None:
    """The tag's mark; None where there is no tag, or one that is not ours."""
    match = MARK.fullmatch(tag or "")
    return Mark(match["token"], match["step"], int(match["before"]) if match["before"] else None) if match else None  # type: ignore[arg-type]


def accepted(mark: Mark | None, token: str, *, enabled: bool, modified: int) -> Accepted:
    """Whether the group accepts ``token``: not known to, beside what it accepted before, or it alone.

    ``enabled`` and ``modified`` are the group's AuthTokenEnabled and AuthTokenLastModifiedDate (0: never).
    """
    if mark is None or mark.token != token:
        return "no"
    step_was_done = modified != mark.before
    if mark.step == "rotating":
        return "beside" if step_was_done else "no"
    if mark.step == "rotated" or (mark.step == "setting" and not step_was_done):
        return "beside"
    return "only" if enabled else "no"  # somebody took it away by hand


def steps(now: Accepted, wanted: Strategy) -> list[Strategy]:
    """What is left to do for ``wanted``: ROTATE wants the token accepted, SET wants it alone."""
    left: list[Strategy] = ["ROTATE"] if now == "no" else []
    if wanted == "SET" and now != "only":
        left.append("SET")
    return left
