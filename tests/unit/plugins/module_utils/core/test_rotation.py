# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every rotation against a small world that keeps only what the store, the database and the services keep."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.rotation import (
    STEPS,
    WHAT,
    WHY,
    Observed,
    Rows,
    Step,
    What,
    check_may_rotate,
    given_value,
    next_step,
    remembered,
    why,
)

WHOLE = {
    "cookie_secret": ["make", "adopt", "deploy", "prove", "retire", "end"],
    "secret_key": ["look", "make", "look", "stop", "look", "reencrypt", "look", "adopt", "deploy", "prove", "retire", "end"],
    "database_password": ["make", "adopt", "deploy", "prove", "retire", "end"],
    "redis_token": ["make", "adopt", "accept", "deploy", "prove", "refuse", "retire", "end"],
}


@dataclass
class World:
    """``rows``: the value that each encrypted row is encrypted with. ``running``: the value that the containers hold.
    ``accepted``: the tokens that Redis takes."""

    what: What
    value: str = "A"
    beside: str | None = None
    rows: list[str] = field(default_factory=lambda: ["A", "A"])
    running: str | None = "A"
    seen: Rows | None = None
    done: frozenset[str] = frozenset()
    accepted: set[str] = field(default_factory=lambda: {"A"})

    def killed(self) -> None:
        """What only the run knew is gone."""
        self.seen, self.done = None, frozenset()

    def observed(self) -> Observed:
        return Observed(self.what, self.beside is not None, self.beside == self.value, self.seen, self.done)

    def step(self) -> str:
        step = next_step(self.observed())
        self.done = remembered(self.done, step)
        getattr(self, step)()
        assert self.what != "redis_token" or self.running in self.accepted, f"{step} locks out what runs"
        return step

    def accept(self) -> None:
        self.accepted = {*self.accepted, self.value}

    def refuse(self) -> None:
        self.accepted = {self.value}

    def make(self) -> None:
        assert self.beside is None, "a value that may be in use already would be lost"
        self.beside, self.seen = "B", None

    def look(self) -> None:
        if self.what != "secret_key":
            self.seen = Rows(len(self.rows), 0)
            return
        opened = [row for row in self.rows if row in (self.value, self.beside)]
        old = opened.count(self.value)
        self.seen = Rows(old, len(opened) - old, tuple(f"row {row}" for row in self.rows if row not in opened))

    prove = look

    def stop(self) -> None:
        self.running, self.seen = None, None

    def reencrypt(self) -> None:
        assert self.running is None, "a container with the old key still writes"
        assert self.beside
        self.rows, self.seen = [self.beside if row == self.value else row for row in self.rows], None

    def adopt(self) -> None:
        assert self.beside
        if self.what == "secret_key":
            assert self.running is None
            assert self.value not in self.rows, "rows of the old key would be lost"
        self.value = self.beside

    def deploy(self) -> None:
        self.running = self.value

    def retire(self) -> None:
        assert self.running == self.value == self.beside
        self.beside = None

    def end(self) -> None:
        pass

    def to_the_end(self) -> list[str]:
        steps = [self.step()]
        while steps[-1] != "end":
            steps.append(self.step())
            assert len(steps) < 20, steps
        return steps

    def is_rotated(self) -> bool:
        of_the_key = self.what != "secret_key" or set(self.rows) <= {"B"}
        of_redis = self.what != "redis_token" or self.accepted == {"B"}
        return self.value == self.running == "B" and self.beside is None and of_the_key and of_redis


@pytest.mark.parametrize("what", WHAT)
def test_the_steps_of_a_rotation_that_nothing_disturbs(what: What) -> None:
    world = World(what)
    assert world.to_the_end() == WHOLE[what]
    assert world.is_rotated()


# Killed after the last effect (retire), nothing is left to finish: the next run is a new rotation.
@pytest.mark.parametrize(("what", "count"), [(what, count) for what in WHAT for count in range(1, len(WHOLE[what]) - 1)])
def test_killed_after_any_step_the_next_run_finishes(what: What, count: int) -> None:
    world = World(what)
    for _ in range(count):
        world.step()
    if world.is_rotated():
        return
    world.killed()
    world.to_the_end()
    assert world.is_rotated()


@pytest.mark.parametrize("count", range(1, len(WHOLE["secret_key"]) - 2))
def test_killed_before_a_step_was_noted_or_half_way_through_the_rows(count: int) -> None:
    world = World("secret_key", rows=["A", "A", "A"])
    for _ in range(count):
        world.step()
    if world.beside and world.value == "A" and world.running is None and "A" in world.rows:
        world.rows[0] = "B"
    world.killed()
    world.to_the_end()
    assert world.is_rotated()


def test_a_database_without_encrypted_rows_is_rotated_without_reencrypt() -> None:
    world = World("secret_key", rows=[])
    assert "reencrypt" not in world.to_the_end()
    assert world.is_rotated()


def test_a_row_that_no_key_opens_is_named_before_anything_is_made_or_stopped() -> None:
    world = World("secret_key", rows=["A", "Z"])
    with pytest.raises(RedashError, match="no key that the store holds opens these encrypted rows: row Z.*A row that no key opens"):
        world.to_the_end()
    assert (world.value, world.beside, world.running) == ("A", None, "A")


def test_the_wrong_key_is_told_from_a_row_that_is_lost() -> None:
    world = World("secret_key", rows=["Z", "Z"])
    with pytest.raises(RedashError, match="no encrypted row opens with the secret_key.*not the key of this data.*allow_change=secret_key"):
        world.to_the_end()
    assert (world.value, world.beside, world.running) == ("A", None, "A")


def test_a_row_that_comes_in_between_stops_before_anything_is_stopped() -> None:
    world = World("secret_key")
    assert [world.step(), world.step()] == ["look", "make"]
    world.rows.append("Z")
    with pytest.raises(RedashError, match="opens these encrypted rows: row Z"):
        world.to_the_end()
    assert (world.value, world.beside, world.running) == ("A", "B", "A")


@pytest.mark.parametrize("what", WHAT)
def test_how_far_the_store_says_it_is(what: What) -> None:
    world, states = World(what), ["untouched"]
    while world.step() != "end":
        if world.observed().state != states[-1]:
            states.append(world.observed().state)
    assert states == ["untouched", "made", "adopted", "untouched"]


def test_reencrypt_that_did_nothing_is_seen_although_it_exits_0() -> None:
    with pytest.raises(RedashError, match="2 rows are still encrypted with the old key"):
        next_step(Observed("secret_key", True, False, Rows(2, 0), frozenset({"stop", "reencrypt"})))


def test_the_copy_is_kept_where_the_proof_fails() -> None:
    with pytest.raises(RedashError, match="row Z"):
        next_step(Observed("secret_key", True, True, Rows(1, 0, ("row Z",)), frozenset({"deploy", "prove"})))


def test_another_secret_is_rotated_although_a_row_was_unreadable_before() -> None:
    assert next_step(Observed("cookie_secret", True, True, Rows(1, 0, ("row Z",)), frozenset({"deploy", "prove"}))) == "retire"


def test_every_step_says_what_it_does() -> None:
    assert set(WHY) == {step for steps in WHOLE.values() for step in steps}
    assert set(STEPS) == set(WHY) - {"end"}
    assert set(WHAT) == set(WHOLE)


WITHOUT_KEY = (
    "containers run without REDASH_SECRET_KEY, so that the cookie secret encrypts the data."
    " Run site.yml first: it gives them the stored key."
)
MADE, ADOPTED = (True, False), (True, True)


@pytest.mark.parametrize(
    ("what", "there", "rows", "done", "step"),
    [
        ("secret_key", (False, False), None, (), "look"),
        ("secret_key", (False, False), Rows(0, 0), (), "make"),
        ("secret_key", (False, False), Rows(2, 0), ("retire",), "end"),
        ("secret_key", MADE, None, (), "look"),
        ("secret_key", MADE, Rows(2, 0), (), "stop"),
        ("secret_key", MADE, Rows(0, 2), (), "stop"),
        ("secret_key", MADE, Rows(1, 1), ("stop",), "reencrypt"),
        ("secret_key", MADE, Rows(0, 2), ("stop",), "adopt"),
        ("secret_key", MADE, Rows(0, 2), ("stop", "reencrypt"), "adopt"),
        # Not looked at since then.
        ("secret_key", MADE, None, ("stop", "reencrypt"), "look"),
        ("secret_key", ADOPTED, None, (), "deploy"),
        ("secret_key", ADOPTED, Rows(2, 0), ("prove",), "deploy"),
        ("secret_key", ADOPTED, Rows(2, 0), ("deploy",), "prove"),
        ("secret_key", ADOPTED, None, ("deploy", "prove"), "prove"),
        ("secret_key", ADOPTED, Rows(2, 0), ("deploy", "prove"), "retire"),
        ("cookie_secret", (False, False), None, (), "make"),
        ("cookie_secret", MADE, None, (), "adopt"),
        ("cookie_secret", ADOPTED, None, (), "deploy"),
        ("redis_token", ADOPTED, None, (), "accept"),
        ("redis_token", ADOPTED, None, ("accept",), "deploy"),
        ("redis_token", ADOPTED, Rows(0, 0), ("accept", "deploy"), "prove"),
        ("redis_token", ADOPTED, Rows(0, 0), ("accept", "deploy", "prove"), "refuse"),
        ("redis_token", ADOPTED, Rows(0, 0), ("accept", "deploy", "prove", "refuse"), "retire"),
        ("database_password", ADOPTED, Rows(0, 0), ("deploy", "prove"), "retire"),
    ],
)
def test_the_next_step_follows_from_what_there_is(
    what: What, there: tuple[bool, bool], rows: Rows | None, done: tuple[str, ...], step: str
) -> None:
    assert next_step(Observed(what, *there, rows, frozenset(done))) == step


@pytest.mark.parametrize(
    ("observed", "place", "says", "todo"),
    [
        (
            Observed("secret_key", False, False, Rows(1, 0, ("a", "b"))),
            "database",
            "no key that the store holds opens these encrypted rows: a, b",
            "docs/secrets.md, A row that no key opens",
        ),
        (
            Observed("secret_key", True, False, Rows(1, 1, ("a",)), frozenset({"stop"})),
            "database",
            "no key that the store holds opens these encrypted rows: a",
            "docs/secrets.md",
        ),
        (
            Observed("secret_key", False, False, Rows(0, 0, tuple(f"r{number}" for number in range(1, 22)))),
            "database",
            f"no encrypted row opens with the secret_key that the store holds: {', '.join(f'r{number}' for number in range(1, 21))}",
            "give it as redash_secrets.secret_key, and run site.yml -e ssm_secrets_allow_change=secret_key",
        ),
        (
            Observed("secret_key", True, False, Rows(1, 4), frozenset({"stop", "reencrypt"})),
            "database",
            "1 rows are still encrypted with the old key after `database reencrypt`",
            "complained",
        ),
    ],
)
def test_a_rotation_that_would_lose_rows_stops_and_says_which(observed: Observed, place: str, says: str, todo: str) -> None:
    with pytest.raises(RedashError) as caught:
        next_step(observed)
    (problem,) = caught.value.problems
    assert (problem.where, problem.what) == (place, says)
    assert todo in problem.todo


def test_a_rerun_does_again_what_only_this_run_knew_of() -> None:
    noted = {"stop", "reencrypt", "accept", "deploy", "prove", "refuse", "retire"}
    for step in STEPS:
        assert remembered(["before"], step) == ({"before", step} if step in noted else {"before"}), step


@pytest.mark.parametrize(
    ("step", "adopted", "rows", "counts"),
    [
        ("stop", False, None, None),
        ("look", False, Rows(2, 1), None),
        ("end", True, Rows(2, 1), None),
        ("stop", False, Rows(2, 1), "2 with the old key, 1 with the new one"),
        ("stop", False, Rows(2, 0), "2 with the old key"),
        ("adopt", False, Rows(0, 1), "1 with the new one"),
        ("make", False, Rows(0, 0), "none"),
        ("make", False, Rows(1, 0, ("a", "b")), "1 with the old key, 2 with neither"),
        # Once it is adopted, the store holds one key.
        ("retire", True, Rows(2, 1), "3 with the key in use"),
        ("prove", True, Rows(0, 0, ("a",)), "1 with neither"),
        ("deploy", True, Rows(0, 0), "none"),
    ],
)
def test_a_step_is_told_with_the_rows_that_each_key_opens(step: Step, adopted: bool, rows: Rows | None, counts: str | None) -> None:
    told = why(Observed("secret_key", True, adopted, rows), step)
    assert told == WHY[step] + (f" (encrypted rows: {counts})" if counts else "")


@pytest.mark.parametrize(
    ("what", "key_stored", "key_used", "has_reencrypt", "says"),
    [
        (
            "cookie_secret",
            False,
            None,
            True,
            "there is no secret_key in the store. The cookie secret is what encrypts the data then."
            " Run site.yml first: it carries the key in use over.",
        ),
        ("cookie_secret", True, False, True, WITHOUT_KEY),
        ("cookie_secret", True, True, False, None),
        ("cookie_secret", True, None, False, None),
        (
            "secret_key",
            True,
            True,
            False,
            "this release of Redash has no `database reencrypt`. Upgrade to 9 or later first: upgrade.yml.",
        ),
        ("secret_key", False, None, True, "there is no secret_key in the store. Run site.yml first: it carries the key in use over."),
        ("secret_key", True, False, True, WITHOUT_KEY),
        ("secret_key", True, True, True, None),
        ("secret_key", True, None, True, None),
        ("database_password", False, False, False, None),
        ("redis_token", False, False, False, None),
    ],
)
def test_what_would_lose_something_is_refused(
    what: What, key_stored: bool, key_used: bool | None, has_reencrypt: bool, says: str | None
) -> None:
    def check() -> None:
        check_may_rotate(what, key_stored=key_stored, key_used=key_used, has_reencrypt=has_reencrypt)

    if says is None:
        check()
    else:
        with pytest.raises(RedashError) as caught:
            check()
        assert str(caught.value) == f"rotate={what}: {says}"


@pytest.mark.parametrize("what", WHAT)
def test_a_value_given_is_the_new_one_and_never_the_one_to_go_back_to(what: What) -> None:
    assert given_value(what, None, now="A", new=None) is None
    assert given_value(what, None, now="A", new="B") is None
    assert given_value(what, "B", now="A", new=None) == "B"
    assert given_value(what, "B", now="A", new="B") is None, "the rotation that it began goes on"
    assert given_value(what, "B", now="B", new="B") is None, "also once it is adopted"
    with pytest.raises(RedashError, match=f"redash_secrets.{what}: the {what} given is the one in use. Remove it there"):
        given_value(what, "A", now="A", new=None)
    unfinished = f"redash_secrets.{what}: an unfinished rotation brings another value into use than the {what} given. Leave it out until"
    for value in ("A", "C"):
        with pytest.raises(RedashError, match=unfinished):
            given_value(what, value, now="A", new="B")
