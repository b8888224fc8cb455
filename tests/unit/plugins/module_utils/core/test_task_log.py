# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import Event, Page, Reader, merge, streams


class Throttled(Exception):
    pass


class Pages:
    """A stream that grows, whose pages hold ``size`` events, and whose calls fail when they are told to."""

    def __init__(self, size: int = 3) -> None:
        self.size = size
        self.events: list[Event] = []
        self.fail: list[bool] = []
        self.calls = 0
        self.exists = True

    def __call__(self, token: str | None, start_time: int | None) -> Page | None:
        self.calls += 1
        if self.fail and self.fail.pop(0):
            raise Throttled
        if not self.exists:
            return None
        marker = tuple(map(int, token.split("/"))) if token else (-1, -1)
        keyed = sorted((event.timestamp, number, event) for number, event in enumerate(self.events))
        found = [key for key in keyed if key[:2] > marker and key[0] >= (start_time or 0)][: self.size]
        if not found:
            return Page([], token or "-1/-1")
        return Page([key[2] for key in found], f"{found[-1][0]}/{found[-1][1]}")


def test_a_stream_that_does_not_exist_yet_is_no_error() -> None:
    pages = Pages()
    pages.exists = False
    reader = Reader(pages)
    assert reader.read() == [] and not reader.exists
    pages.exists = True
    pages.events = [Event(1, "a")]
    assert reader.read() == [Event(1, "a")] and reader.exists and not reader.empty


def test_a_quiet_look_costs_one_call() -> None:
    pages = Pages()
    pages.events = [Event(1, "a")]
    reader = Reader(pages)
    reader.read(to_the_end=True)
    pages.calls = 0
    assert reader.read() == [] and pages.calls == 1


def test_what_comes_late_before_the_place_already_read_is_found_by_confirm() -> None:
    pages = Pages()
    pages.events = [Event(10, "a"), Event(20, "c"), Event(20, "c")]
    reader = Reader(pages)
    assert len(reader.read(to_the_end=True)) == 3
    pages.events += [Event(15, "b"), Event(20, "c")]  # the second equal to one already seen twice
    assert sorted(reader.confirm()) == [Event(15, "b"), Event(20, "c")]
    assert reader.confirm() == []


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 20), st.sampled_from("ab")), max_size=6), max_size=6),
    st.integers(1, 4),
    st.lists(st.booleans(), max_size=30),
)
def test_every_event_comes_exactly_once_whatever_fails_on_the_way(
    batches: list[list[tuple[int, str]]], size: int, fail: list[bool]
) -> None:
    pages = Pages(size)
    pages.fail = list(fail)
    reader = Reader(pages)
    got: list[Event] = []

    def tried(confirm: bool = False) -> None:
        while True:
            try:
                got.extend(reader.confirm() if confirm else reader.read())
                return
            except Throttled:
                continue

    for batch in batches:
        pages.events += [Event(*event) for event in batch]
        tried()
    tried(confirm=True)
    assert Counter(got) == Counter(pages.events)


def test_merging_keeps_the_order_of_each_container_even_when_its_clock_was_set_back() -> None:
    merged = merge([("a", [Event(1, "1"), Event(5, "2"), Event(3, "3")]), ("b", [Event(4, "x"), Event(6, "y")])])
    assert [event.message for _, event in merged] == ["1", "x", "2", "3", "y"]


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        (None, "logs through no driver"),
        ({"logDriver": "splunk"}, "logs through splunk"),
        ({"logDriver": "awslogs", "options": {"awslogs-group": "g"}}, "no awslogs-stream-prefix"),
    ],
)
def test_containers_whose_lines_cannot_be_read_are_named(configuration: dict[str, object] | None, said: str) -> None:
    found, without = streams({"containerDefinitions": [{"name": "web", "logConfiguration": configuration}]}, "abc")
    assert found == [] and said in without[0] and without[0].startswith("web ")


def test_the_stream_is_prefix_container_and_task() -> None:
    options = {"awslogs-group": "/g", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "p"}
    found, _ = streams({"containerDefinitions": [{"name": "web", "logConfiguration": {"logDriver": "awslogs", "options": options}}]}, "abc")
    assert (found[0].name, found[0].group, found[0].region) == ("p/web/abc", "/g", "eu-west-1")
