# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The log of a task: where each container writes, and reading a stream so that no line is lost and none comes twice.

A forward token of CloudWatch Logs marks a place in a stream; reading on from it is exact for everything that
is written behind that place. What comes late *before* it (a late delivery with an older time stamp) would
be passed by. So the last read of a stream goes over its newest part again and compares: events are counted,
not just remembered, because a program may well print the same line twice in one millisecond.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

# What our own programs (roles/*/files) say to the playbook that runs them. People are told in sentences.
FOR_PLAYBOOKS = "redash-ecs-result: "

# How far back the last read looks for late events, in milliseconds of the events' own time.
WINDOW = 15_000

# A page this full has a successor worth asking for at once; a page holds at most 10,000 events or 1 MB.
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
FULL_EVENTS = 5_000
FULL_CHARACTERS = 400_000


class Event(NamedTuple):
    """``timestamp`` in milliseconds since the epoch, as the container's host wrote it."""

    timestamp: int
    message: str


class Page(NamedTuple):
    events: list[Event]
    token: str  # where the next read begins; the same as was asked with at the end of the stream
    throttled: bool = False  # AWS is near its limit


class LostPlace(Exception):
    """AWS does not take a token any more; reading goes on from a time."""


# (token, start_time) -> a page, or None while the stream does not exist. Raises LostPlace.
ReadPage = Callable[[str | None, int | None], Page | None]


@dataclass(frozen=True)
class Stream:
    """Where one container writes."""

    container: str
    group: str
    name: str
    region: str | None


def streams(task_definition: Mapping[str, Any], task_id: str) -> tuple[list[Stream], list[str]]:
    """The log streams of a task, and for each container without a readable one a line that says so.

    awslogs writes to ``<awslogs-stream-prefix>/<container>/<task id>``. On Fargate the prefix is compulsory;
    without it the stream is named after the container's id on its host.
    """
    found: list[Stream] = []
    missing: list[str] = []
    for container in task_definition.get("containerDefinitions") or []:
        name = str(container["name"])
        configuration = container.get("logConfiguration") or {}
        driver = configuration.get("logDriver")
        options = configuration.get("options") or {}
        if driver != "awslogs":
            missing.append(f"{name} logs through {driver or 'no driver'}, not awslogs: its lines can't be shown")
        elif not options.get("awslogs-group") or not options.get("awslogs-stream-prefix"):
            missing.append(f"{name} has no awslogs-group or no awslogs-stream-prefix: its lines can't be found")
        else:
            stream = f"{options['awslogs-stream-prefix']}/{name}/{task_id}"
            found.append(Stream(name, str(options["awslogs-group"]), stream, options.get("awslogs-region")))
    return found, missing


class Reader:
    """Reads one stream to its present end, again and again.

    >>> reader = Reader(read_page)
    >>> reader.read()     # what is new
    >>> reader.confirm()  # what is new, and what came late

    When a call fails (throttling), what had been read before it is kept for the next read. A token that AWS does not take
    any more costs nothing either: the newest part is read again from its time on, and what is known of it is left out.

    ``exists`` whether the stream was ever there; ``gone`` whether it was there and is no longer; ``empty`` whether no event was read.
    """

    def __init__(self, read_page: ReadPage) -> None:
        self._read_page = read_page
        self._token: str | None = None
        self._newest = 0
        self._seen: Counter[Event] = Counter()
        self._unreturned: list[Event] = []
        self._start: int | None = None  # what the present token belongs to
        self._lost = False
        self.exists = False
        self.gone = False
        self.empty = True

    def read(self, *, to_the_end: bool = False) -> list[Event]:
        """New events. One call unless the page is full; ``to_the_end`` asks until the stream says it has ended."""
        self._read(to_the_end)
        return self._returned()

    def confirm(self) -> list[Event]:
        """Like ``read`` to the end, and what has been delivered late into the newest part already read."""
        self._read(True)
        if not self.empty:
            self._read_again(max(0, self._newest - WINDOW))
        return self._returned()

    def _read(self, to_the_end: bool) -> None:
        while True:
            if self._lost:
                self._find_place()
            asked_with = self._token
            try:
                page = self._read_page(asked_with, self._start)
            except LostPlace:
                self._lost = True
                raise
            if page is None:
                self.gone = self.exists
                return
            self.exists, self.gone = True, False
            self._token = page.token
            self._remember(page.events)
            if page.token == asked_with:
                return
            full = len(page.events) >= FULL_EVENTS or sum(len(event.message) for event in page.events) >= FULL_CHARACTERS
            # An empty page with a new token is no end: more may follow behind it.
            skipped = not page.events and asked_with is not None
            if not (to_the_end or full or skipped):
                return

    def _find_place(self) -> None:
        start = None if self.empty else max(0, self._newest - WINDOW)
        token = None if start is None else self._read_again(start)
        self._token, self._start, self._lost = token, start, False

    def _read_again(self, start: int) -> str | None:
        """Read from ``start`` to the end, remember what is new there, and return the token of the end."""
        known = Counter({event: count for event, count in self._seen.items() if event.timestamp >= start})
        there: Counter[Event] = Counter()
        order: list[Event] = []
        token: str | None = None
        while True:
            page = self._read_page(token, start)
            if page is None:
                self.gone = self.exists
                break
            there.update(page.events)
            order += page.events
            if page.token == token:
                break
            token = page.token
        missed = there - known
        late: list[Event] = []
        for event in order:
            if missed[event] > 0:
                missed[event] -= 1
                late.append(event)
        self._remember(late)
        return token

    def _remember(self, events: Sequence[Event]) -> None:
        if not events:
            return
        self.empty = False
        self._unreturned += events
        self._seen.update(events)
        self._newest = max(self._newest, *(event.timestamp for event in events))
        oldest = self._newest - 2 * WINDOW
        if any(event.timestamp < oldest for event in self._seen):
            self._seen = Counter({event: count for event, count in self._seen.items() if event.timestamp >= oldest})

    def _returned(self) -> list[Event]:
        events, self._unreturned = self._unreturned, []
        return events


def merge(batches: Iterable[tuple[str, Sequence[Event]]]) -> list[tuple[str, Event]]:
    """Events of several containers in the order of their time; those of one container never change their order.

    A container's stream is in order already, save for a clock that was set back on its host: each event
    counts as no older than the one before it.
    """
    timed: list[tuple[int, int, str, Event]] = []
    for name, events in batches:
        time = 0
        for event in events:
            time = max(time, event.timestamp)
            timed.append((time, len(timed), name, event))
    return [(name, event) for _, _, name, event in sorted(timed, key=lambda entry: entry[:2])]
