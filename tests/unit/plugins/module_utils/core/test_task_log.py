# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import Event, LostPlace, Page, Reader, Stream, merge, streams


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


def a_task_definition(**options: str) -> dict[str, object]:
    return {"name": "web", "logConfiguration": {"logDriver": "awslogs", "options": options}}


def test_every_container_is_a_stream_or_a_line_that_says_why_not() -> None:
    whole = {"awslogs-group": "/g", "awslogs-stream-prefix": "p"}
    definitions = [
        {"name": "quiet"},
        {"name": "empty", "logConfiguration": {}},
        {"name": "other", "logConfiguration": {"logDriver": "splunk", "options": whole}},
        {"name": "nothing", "logConfiguration": {"logDriver": "awslogs"}},
        {**a_task_definition(**{"awslogs-stream-prefix": "p"}), "name": "no group"},
        {**a_task_definition(**{"awslogs-group": "/g"}), "name": "no prefix"},
        a_task_definition(**whole),
        {**a_task_definition(**whole, **{"awslogs-region": "eu-west-1"}), "name": "worker"},
    ]
    assert streams({"containerDefinitions": definitions}, "abc") == (
        [Stream("web", "/g", "p/web/abc", None), Stream("worker", "/g", "p/worker/abc", "eu-west-1")],
        [
            "quiet logs through no driver, not awslogs: its lines can't be shown",
            "empty logs through no driver, not awslogs: its lines can't be shown",
            "other logs through splunk, not awslogs: its lines can't be shown",
            "nothing has no awslogs-group or no awslogs-stream-prefix: its lines can't be found",
            "no group has no awslogs-group or no awslogs-stream-prefix: its lines can't be found",
            "no prefix has no awslogs-group or no awslogs-stream-prefix: its lines can't be found",
        ],
    )
    assert streams({}, "abc") == streams({"containerDefinitions": None}, "abc") == ([], [])


class Script:
    """Answers one after the other, and what was asked: the token and the start time."""

    def __init__(self, *answers: Page | Exception | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str | None, int | None]] = []

    def __call__(self, token: str | None, start_time: int | None) -> Page | None:
        self.asked.append((token, start_time))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("events", "calls"),
    [
        ([Event(1, "x")] * 4_999, 1),
        ([Event(1, "x")] * 5_000, 2),
        ([Event(1, "x" * 200_000), Event(1, "y" * 199_999)], 1),
        ([Event(1, "x" * 200_000), Event(1, "y" * 200_000)], 2),
        ([], 1),
    ],
)
def test_only_a_full_page_is_followed_by_another_call(events: list[Event], calls: int) -> None:
    script = Script(Page(events, "a"), Page([Event(2, "z")], "b"))
    reader = Reader(script)
    assert reader.read() == [*events, *[Event(2, "z")] * (calls - 1)]
    assert script.asked == [(None, None), ("a", None)][:calls]
    assert reader.exists and not reader.gone
    assert reader.empty is (events == [])


def test_an_empty_page_with_a_new_token_is_no_end() -> None:
    script = Script(Page([], "a"), Page([], "b"), Page([Event(1, "x")], "c"), Page([], "c"))
    reader = Reader(script)
    assert reader.read() == []
    assert reader.read() == [Event(1, "x")]
    assert reader.read() == []
    assert script.asked == [(None, None), ("a", None), ("b", None), ("c", None)]


def test_to_the_end_is_until_the_stream_says_so() -> None:
    script = Script(Page([Event(1, "x")], "a"), Page([Event(2, "y")], "b"), Page([], "b"))
    assert Reader(script).read(to_the_end=True) == [Event(1, "x"), Event(2, "y")]
    assert [token for token, _start in script.asked] == [None, "a", "b"]


def test_a_stream_that_vanishes_is_gone_and_one_that_never_was_is_not() -> None:
    reader = Reader(Script(None, Page([Event(1, "x")], "a"), None, Page([Event(2, "y")], "b")))
    assert (reader.exists, reader.gone, reader.empty) == (False, False, True)
    told = []
    for _read in range(4):
        reader.read()
        told.append((reader.exists, reader.gone))
    assert told == [(False, False), (True, False), (True, True), (True, False)]
    # It may vanish during the last read, too.
    late = Page([Event(1, "x"), Event(1, "late")], "n")
    last = Reader(Script(Page([Event(1, "x")], "a"), Page([], "a"), late, None))
    assert last.confirm() == [Event(1, "x"), Event(1, "late")]
    assert last.gone


@pytest.mark.parametrize(("newest", "start"), [(10, 0), (15_000, 0), (15_001, 1), (60_000, 45_000)])
def test_the_last_read_goes_over_the_newest_fifteen_seconds_again(newest: int, start: int) -> None:
    script = Script(
        Page([Event(newest, "x"), Event(newest - 1, "older")], "a"),
        Page([], "a"),
        Page([Event(start, "late"), Event(newest - 1, "older")], "n"),
        Page([Event(newest, "x"), Event(newest, "x")], "m"),
        Page([], "m"),
        # What has been confirmed is known.
        Page([], "a"),
        Page([Event(start, "late"), Event(newest - 1, "older"), Event(newest, "x"), Event(newest, "x")], "m"),
        Page([], "m"),
    )
    reader = Reader(script)
    assert reader.confirm() == [Event(newest, "x"), Event(newest - 1, "older"), Event(start, "late"), Event(newest, "x")]
    assert script.asked == [(None, None), ("a", None), (None, start), ("n", start), ("m", start)]
    assert reader.confirm() == []
    assert not script.answers


def test_what_is_forgotten_of_a_long_log_does_not_come_twice() -> None:
    events = [Event(0, "a"), Event(30_000, "b"), Event(60_000, "c")]
    script = Script(Page(events, "t"), Page([], "t"), Page([Event(60_000, "c")], "n"), Page([], "n"))
    assert Reader(script).confirm() == events


def test_a_stream_without_an_event_is_not_read_again_to_confirm_it() -> None:
    script = Script(Page([], "a"), Page([], "a"))
    assert Reader(script).confirm() == []
    assert script.asked == [(None, None), ("a", None)]


def test_a_lost_place_is_found_by_the_time_of_the_newest_event() -> None:
    known = Event(20_000, "a")
    script = Script(
        Page([known], "t"),
        LostPlace(),
        Throttled(),  # the place is still lost after that
        Page([known, Event(20_001, "b")], "n"),
        Page([], "n"),
        Page([], "n"),
        Page([Event(20_002, "c")], "o"),
    )
    reader = Reader(script)
    assert reader.read() == [known]
    for problem in (LostPlace, Throttled):
        with pytest.raises(problem):
            reader.read()
    assert reader.read() == [Event(20_001, "b")]
    assert reader.read() == [Event(20_002, "c")]
    assert script.asked == [(None, None), ("t", None), (None, 5_000), (None, 5_000), ("n", 5_000), ("n", 5_000), ("n", 5_000)]


def test_a_place_that_is_lost_before_the_first_event_is_the_head_again() -> None:
    script = Script(Page([], "t"), LostPlace(), Page([Event(1, "x")], "n"))
    reader = Reader(script)
    reader.read()
    with pytest.raises(LostPlace):
        reader.read()
    assert reader.read() == [Event(1, "x")]
    assert script.asked == [(None, None), ("t", None), (None, None)]


def test_events_of_the_same_time_stay_in_the_order_of_their_containers() -> None:
    merged = merge([("b", [Event(1, "1"), Event(1, "0")]), ("a", [Event(1, "2"), Event(0, "4")]), ("c", [])])
    assert merged == [("b", Event(1, "1")), ("b", Event(1, "0")), ("a", Event(1, "2")), ("a", Event(0, "4"))]
    assert merge([("b", [Event(1, "1")]), ("a", [Event(0, "2")])]) == [("a", Event(0, "2")), ("b", Event(1, "1"))]
    assert merge([]) == []
