# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.key_proof import GIVEN, Decision, Tried, decide, mismatch, tried_from
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import Stored

PATH = "/redash/x/secret_key"


def versions(*values: str) -> list[Stored]:
    """Version 1 was written in second 100, version 2 in second 200 and so on."""
    return [Stored(number, "arn", value, modified=number * 100.0) for number, value in enumerate(values, 1)]


def run(
    history: list[Stored], rows: dict[str, str], given_key: str | None = None, taken: float | None = None
) -> tuple[Decision, list[str]]:
    """Look and decide until it ends, with the store and the database acted out; the decision and the keys in the order of the looks.

    ``rows``  by name of the data source, the key that opens it
    """
    history, tried, looked, number = list(history), [], [], None
    while True:
        key = history[-1].value or ""
        looked.append(key)
        opened = sum(of_row == key for of_row in rows.values())
        tried.append(Tried(number or history[-1].version, opened, tuple(name for name, of_row in rows.items() if of_row != key)))
        if number == GIVEN:
            tried[-1] = Tried(GIVEN, tried[-1].opened, tried[-1].unreadable)
        decision = decide(history, given_key, tried, taken, PATH)
        if decision.put_back is not None:
            history.append(Stored(history[-1].version + 1, "arn", decision.put_back, modified=1000.0))
        if not decision.look:
            assert len(looked) < 20
            return decision, [*looked, history[-1].value or ""]
        number = decision.version


def test_a_key_that_opens_everything_is_left_alone_without_a_word() -> None:
    decision, looked = run(versions("A", "B"), {"sales": "B"})
    assert decision == Decision(False, 2)
    assert looked == ["B", "B"]


def test_a_database_without_encrypted_rows_proves_nothing_and_says_so() -> None:
    decision, _looked = run(versions("A", "B"), {})
    assert decision.put_back is None
    assert decision.note == f"{PATH}: the database has no encrypted row, so nothing proves the key"


def test_the_version_of_the_snapshot_s_time_is_tried_first() -> None:
    decision, looked = run(versions("A", "B", "C", "D"), {"sales": "B", "churn": "B"}, taken=250.0)
    assert looked == ["D", "B", "B"]
    assert decision.note == f"{PATH}: version 2 opens all 2 encrypted rows and is the newest version again; version 4 did not"


def test_without_that_time_the_newest_comes_first_and_no_key_is_tried_twice() -> None:
    decision, looked = run(versions("A", "B", "A", "C"), {"sales": "B"})
    assert looked == ["C", "A", "B", "B"]
    assert decision.version == 2


def test_a_key_that_a_person_gives_is_tried_like_a_version() -> None:
    decision, looked = run(versions("A", "B"), {"sales": "G"}, given_key="G")
    assert looked == ["B", "G", "G"]
    assert "the key of redash_secrets.secret_key opens all 1 encrypted rows" in decision.note


def test_rows_that_were_unreadable_before_are_named_and_do_not_hide_the_key() -> None:
    decision, looked = run(versions("A", "B"), {"sales": "A", "churn": "A", "lost": "Z"})
    assert looked == ["B", "A", "A"]
    assert decision.problem is None
    assert decision.note == (
        f"{PATH}: version 1 opens 2 encrypted rows, but not lost. No key opens those: docs/secrets.md, A row that no key opens."
    )


def test_one_row_that_was_saved_under_the_wrong_key_does_not_make_it_the_key() -> None:
    """People worked on a restored database for a day before they noticed."""
    decision, looked = run(versions("A", "B"), {"sales": "A", "churn": "A", "new": "B"})
    assert looked[-1] == "A"
    assert decision.problem is None


def test_where_no_version_opens_half_of_them_the_one_that_opens_the_most_is_the_key() -> None:
    rows = {"a": "A", "b": "A", "c": "B", **dict.fromkeys(("x", "y", "z"), "Z")}
    decision, looked = run(versions("A", "B", "C"), rows)
    assert looked == ["C", "B", "A", "A"]
    assert (decision.version, decision.put_back, decision.problem) == (1, None, None)
    decision, looked = run(versions("B", "A", "C"), rows)
    assert looked == ["C", "A", "B", "A"]
    assert (decision.version, decision.put_back) == (2, "A")


def test_where_no_key_opens_a_row_the_first_one_is_put_back_and_all_stays_stopped() -> None:
    decision, looked = run(versions("A", "B"), {"sales": "Z", "churn": "Z"})
    assert looked == ["B", "A", "B"]
    assert decision.problem
    assert str(decision.problem) == (
        f"{PATH}: none of the 2 keys that the store has opens an encrypted row: sales, churn. Find the key of that time (a vault, a backup,"
        " another store), give it as redash_secrets.secret_key, and run the same command again."
    )
    decision, looked = run(versions("A"), {f"row {number}": "Z" for number in range(23)})
    assert looked == ["A", "A"]
    assert decision.problem
    assert "the only key that the store has opens no encrypted row: row 0, " in decision.problem.what
    assert decision.problem.what.endswith("row 19 and 3 more")


@given(
    st.lists(st.sampled_from("ABCD"), min_size=1, max_size=8),
    st.dictionaries(st.sampled_from("pqrstu"), st.sampled_from("ABCDZ"), max_size=6),
    st.sampled_from([None, "A", "G"]),
    st.one_of(st.none(), st.floats(0, 1000)),
)
def test_it_always_ends_with_a_key_that_opens_something_or_with_the_first_one(
    values: list[str], rows: dict[str, str], given_key: str | None, taken: float | None
) -> None:
    decision, looked = run(versions(*values), rows, given_key, taken)
    *tried, last = looked
    assert len(set(tried)) == len(tried), "a key was tried twice"
    opened = {key: sum(of_row == key for of_row in rows.values()) for key in {*values, *([given_key] if given_key else [])}}
    if rows and not any(opened.values()):
        assert decision.problem
        assert last == values[-1]
    else:
        assert decision.problem is None
        assert not rows or 2 * opened[last] >= len(rows) or opened[last] == max(opened.values())


def test_a_look_that_must_not_write_says_how_to_put_the_key_back() -> None:
    assert mismatch(Tried(2, 3, ("lost",)), PATH) is None
    assert mismatch(Tried(2, 0), PATH) is None
    problem = mismatch(Tried(2, 0, ("sales", "churn")), PATH)
    assert str(problem) == (
        f"{PATH}: version 2 opens no encrypted row: sales, churn. Older versions may:"
        " site.yml -e ssm_secrets_put_back=secret_key tries each one and puts the fitting one back."
    )
    problem = mismatch(Tried(2, 1, ("sales", "churn")), PATH)
    assert problem and problem.what == "version 2 opens 1 encrypted rows, but not sales, churn"


@pytest.mark.parametrize("tried", [Tried(3, 2, ("a", "b")), Tried(0, 0)])
def test_what_was_tried_survives_the_way_through_ansible(tried: Tried) -> None:
    assert tried_from([{**tried.as_dict(), "version": str(tried.version)}]) == [tried]


def test_no_value_is_in_what_is_printed() -> None:
    decision, _looked = run(versions("first-key", "second-key"), {"sales": "first-key"})
    assert "first-key" not in repr(decision)
    assert "first-key" not in repr(decide(versions("first-key", "second-key"), None, [Tried(2, 0, ("sales",))], None, PATH))


@pytest.mark.parametrize(
    ("taken", "second"),
    [(None, "C"), (99.9, "C"), (100.0, "A"), (199.9, "A"), (200.0, "B"), (350.0, "C"), (400.0, "C")],
)
def test_a_version_is_of_the_snapshot_s_time_from_the_second_in_which_it_was_written(taken: float | None, second: str) -> None:
    _decision, looked = run(versions("A", "B", "C", "D"), {"sales": "Z"}, taken=taken)
    assert looked[:2] == ["D", second]


def test_a_given_key_comes_after_the_one_of_that_time_and_before_the_others() -> None:
    _decision, looked = run(versions("A", "B", "C", "D"), {"sales": "Z"}, given_key="G", taken=150.0)
    assert looked == ["D", "A", "G", "C", "B", "D"]


def test_a_version_whose_time_the_store_does_not_tell_is_tried_with_the_others() -> None:
    history = [Stored(1, "arn", "A"), Stored(2, "arn", "B", modified=200.0), Stored(3, "arn", "C")]
    assert decide(history, None, [Tried(3, 0, ("a",))], 500.0, PATH) == Decision(True, 2, "B")
    assert decide(history[::2], None, [Tried(3, 0, ("a",))], 500.0, PATH) == Decision(True, 1, "A")


@pytest.mark.parametrize(("opened", "unreadable", "fits"), [(1, 1, True), (1, 2, False), (0, 0, True), (0, 1, False), (2, 1, True)])
def test_a_key_that_opens_half_of_the_rows_is_the_key(opened: int, unreadable: int, fits: bool) -> None:
    tried = Tried(2, opened, tuple("ab"[:unreadable]))
    assert tried.fits is fits
    assert (mismatch(tried, PATH) is None) is fits


def test_the_history_may_come_in_any_order_and_the_newest_is_what_tasks_get() -> None:
    history = versions("A", "B", "C")
    for one in (history, history[::-1]):
        assert decide(one, None, [Tried(3, 0, ("a",))], None, PATH) == Decision(True, 2, "B")
        # The best of them is what tasks get already: nothing is to be written.
        tried = [Tried(2, 0, ("a",) * 3), Tried(1, 0, ("a",) * 3), Tried(3, 1, ("a", "b"))]
        decision = decide(one, None, tried, None, PATH)
        assert (decision.look, decision.version, decision.put_back, decision.problem) == (False, 3, None, None)
        assert decision.note.startswith(f"{PATH}: version 3 opens 1 encrypted rows, but not a, b. No key opens those: ")


@pytest.mark.parametrize(("count", "end"), [(20, "row 19"), (21, "row 19 and 1 more")])
def test_twenty_rows_are_named_and_the_rest_is_counted(count: int, end: str) -> None:
    problem = mismatch(Tried(2, 0, tuple(f"row {number}" for number in range(count))), PATH)
    assert problem and problem.what.startswith("version 2 opens no encrypted row: row 0, row 1, ")
    assert problem.what.endswith(end)


def test_where_none_fits_the_given_key_is_counted_and_the_first_one_is_named() -> None:
    decision, looked = run(versions("A"), {"sales": "Z", "churn": "Z"}, given_key="G")
    assert looked == ["A", "G", "A"]
    assert decision.problem
    assert decision.problem.where == PATH
    assert decision.problem.what == "none of the 2 keys that the store has opens an encrypted row: sales, churn"
    assert (decision.look, decision.version, decision.note) == (False, 1, "")


def test_a_fitting_key_that_is_the_first_needs_no_word_unless_rows_are_unreadable() -> None:
    assert decide(versions("A"), None, [Tried(1, 1)], None, PATH) == Decision(False, 1)
    assert decide(versions("A"), None, [Tried(1, 1, ("x",))], None, PATH).note == (
        f"{PATH}: version 1 opens 1 encrypted rows, but not x. No key opens those: docs/secrets.md, A row that no key opens."
    )


def test_what_was_tried_goes_to_ansible_as_plain_data() -> None:
    assert Tried(2, 3, ("a",)).as_dict() == {"version": 2, "opened": 3, "unreadable": ["a"]}
    assert tried_from([{"version": "2", "opened": "3", "unreadable": ["a"]}]) == [Tried(2, 3, ("a",))]
