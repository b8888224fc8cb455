# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.terraform_plan import (
    SECRET,
    cut_off,
    masked,
    read_plan,
    refused,
)


def resource(address: str, actions: list[str], before: Any = None, after: Any = None, **change: Any) -> dict[str, Any]:
    return {
        "address": address,
        "type": address.split(".")[-2] if "module." in address else address.split(".")[0],
        "mode": "managed",
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": {}, **change},
    }


def plan(*resources: dict[str, Any], **outputs: dict[str, Any]) -> dict[str, Any]:
    return {"resource_changes": list(resources), "output_changes": outputs}


def test_a_changed_attribute_is_said_with_both_values() -> None:
    read = read_plan(plan(resource("aws_lb.this", ["update"], {"idle_timeout": 60, "name": "x"}, {"idle_timeout": 120, "name": "x"})))
    assert read.text() == "aws_lb.this will be changed in place\n    idle_timeout: 60 -> 120\n1 to change\n"
    assert read.changes[0].type == "aws_lb" and not read.changes[0].destroys and not read.first


def test_what_does_not_change_and_what_is_only_read_is_left_out() -> None:
    data = {**resource("data.aws_vpc.x", ["read"], None, {"id": "1"}), "mode": "data"}
    read = read_plan(plan(resource("aws_vpc.this", ["no-op"], {"id": "1"}, {"id": "1"}), data))
    assert read.changes == () and read.summary == "nothing to change"
    for entry in ({**data, "mode": "managed"}, {**resource("data.aws_vpc.x", ["create"], None, {"id": "1"}), "mode": "data"}):
        assert read_plan(plan(entry)).changes == ()


@pytest.mark.parametrize("actions", [["delete", "create"], ["create", "delete"]])
def test_both_orders_of_a_replacement_are_one(actions: list[str]) -> None:
    read = read_plan(plan(resource("aws_rds_cluster.this", actions, {"name": "a"}, {"name": "b"}, replace_paths=[["name"]])))
    (change,) = read.changes
    assert change.action == "replace" and change.destroys
    assert list(change.lines()) == ["aws_rds_cluster.this will be DESTROYED and made anew because of name", "    name: a -> b"]
    assert read.summary == "1 to create, 1 to destroy"


def test_of_a_replacement_only_what_was_chosen_is_said() -> None:
    before = {"name": "a", "port": 1, "arn": "arn:old", "domain": "", "iam": False, "log": "x"}
    after = {"name": "b", "port": 2, "domain": None, "iam": None, "log": None}
    entry = resource("aws_rds_cluster.this", ["delete", "create"], before, after, after_unknown={"arn": True}, replace_paths=[["name"]])
    (change,) = read_plan(plan(entry)).changes
    assert change.attributes == ("log: x -> (none)", "name: a -> b", "port: 1 -> 2")


def test_a_tainted_resource_says_why_it_is_replaced() -> None:
    entry = {**resource("aws_lb.this", ["delete", "create"], {"name": "a"}, {"name": "a"}), "action_reason": "replace_because_tainted"}
    (change,) = read_plan(plan(entry)).changes
    assert list(change.lines()) == [
        "aws_lb.this will be DESTROYED and made anew because of a creation that failed half-way (it is tainted)",
    ]
    assert change.tainted
    # A change that makes the replacement necessary is the better reason.
    (change,) = read_plan(plan({**entry, "change": {**entry["change"], "replace_paths": [["name"]]}})).changes
    assert (change.forced_by, change.tainted) == (("name",), True)
    # Only a replacement is one because of it.
    (change,) = read_plan(plan({**entry, "change": {**entry["change"], "actions": ["delete"]}})).changes
    assert (change.forced_by, change.tainted) == ((), False)


@pytest.mark.parametrize(
    ("before", "because", "kept"),
    [
        ({"deletion_protection": True}, [], True),
        ({"enable_deletion_protection": True}, [], True),
        ({"deletion_protection": False}, [], False),
        ({"deletion_protection": True}, [["master_username"]], False),
    ],
)
def test_what_was_cut_off_and_cant_be_deleted_is_kept(before: dict[str, Any], because: list[Any], kept: bool) -> None:
    entry = resource("aws_rds_cluster.this", ["delete", "create"], before, before, replace_paths=because)
    read = read_plan(plan({**entry, "action_reason": "replace_because_tainted"}))
    assert cut_off(read) == (["aws_rds_cluster.this"] if kept else [])
    assert read.without(["aws_rds_cluster.this"]).summary == "nothing to change"


def test_each_thing_that_a_plan_does_is_one_line_and_is_counted() -> None:
    entries = [
        resource("aws_a.x", ["create"], None, {"n": 1}),
        resource("aws_b.x", ["delete"], {"n": 1, "enable_deletion_protection": True}, None),
        resource("aws_c.x", ["forget"], {"n": 1}, None),
        resource("aws_d.x", ["no-op"], {"n": 1}, {"n": 1}, importing={"id": "d"}),
        resource("aws_e.x", ["update"], {"n": 1}, {"n": 2}, importing={"id": "e"}),
        resource("aws_f.x", ["create", "delete"], {"n": 1}, {"n": 2}, importing={"id": "f"}),
        resource("aws_g.x", ["update"], {"n": 1}, {"n": 2}),
        resource("aws_h.x", ["no-op"], {"n": 1}, {"n": 1}),
    ]
    read = read_plan(plan(*entries, url={"actions": ["update"], "before": "a", "after": "b"}))
    assert read.text() == (
        "aws_a.x will be created\n"
        "aws_b.x will be DESTROYED\n"
        "aws_c.x will no longer be managed; it stays as it is\n"
        "aws_d.x exists already and will be taken over\n"
        "aws_e.x exists already and will be taken over\n"
        "    n: 1 -> 2\n"
        "aws_f.x will be DESTROYED and made anew\n"
        "    n: 1 -> 2\n"
        "aws_g.x will be changed in place\n"
        "    n: 1 -> 2\n"
        "outputs:\n"
        "    url: a -> b\n"
        "2 to create, 2 to take over, 1 to change, 2 to destroy, 1 to forget\n"
    )
    assert [change.undeletable for change in read.changes] == [False, True, *[False] * 5]
    assert [change.destroys for change in read.changes] == [False, True, False, False, False, True, False]
    assert read.without(["aws_a.x"]).changes == read.changes[1:]
    assert read.without(["aws_a.x"]).outputs == read.outputs


def test_what_no_plan_holds_is_nothing_to_change() -> None:
    for empty in ({}, plan(url={"actions": ["no-op"], "before": "a", "after": "a"})):
        read = read_plan(empty)
        assert (read.changes, read.outputs, read.first, read.summary) == ((), (), False, "nothing to change")
        assert read.text() == "nothing to change\n"


def test_outputs_are_said_in_the_order_of_their_names() -> None:
    outputs: dict[str, Any] = {
        "url": {"actions": ["create"], "before": None, "after": "b"},
        "arns": {"actions": ["update"], "before": ["a", {"n": 1}], "after": ["b", {"n": 2}]},
        "gone": {"actions": ["delete"], "before": "a", "after": None},
    }
    assert read_plan(plan(**outputs)).outputs == ("arns[0]: a -> b", "arns[1].n: 1 -> 2", "gone: a -> (none)", "url: (none) -> b")


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (None, "text", "n: (none) -> text"),
        ("", "two\nlines", 'n: "" -> "two\\nlines"'),
        (True, 0, "n: true -> 0"),
        ({"b": 1, "a": "é"}, ["é"], 'n: {"a": "é", "b": 1} -> ["é"]'),
        ([1, 2], [1], "n: [1, 2] -> [1]"),
        (["a"], "b", 'n: ["a"] -> b'),
        ("a", ["b"], 'n: a -> ["b"]'),
        ("a", {"b": 1}, 'n: a -> {"b": 1}'),
        ("a" * 120, "b" * 121, f"n: {'a' * 120} -> {'b' * 120}..."),
        ({"x": {"y": [1, {"z": 1}]}}, {"x": {"y": [1, {"z": 2}]}}, "n.x.y[1].z: 1 -> 2"),
        ({"x": 1}, {"y": 1}, "n.x: 1 -> (none)|n.y: (none) -> 1"),
        ([1, 2], [3, 4], "n[0]: 1 -> 3|n[1]: 2 -> 4"),
    ],
)
def test_a_value_is_shown_in_one_line_with_its_path(before: Any, after: Any, lines: str) -> None:
    (change,) = read_plan(plan(resource("aws_x.this", ["update"], {"n": before}, {"n": after}))).changes
    assert change.attributes == tuple(lines.split("|"))


@pytest.mark.parametrize(
    ("before", "after", "unknown", "lines"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}, {"a": {"b": True}}, ("a.b: 1 -> (known after apply)",)),
        ({"a": [1, 2]}, {"a": [None, 2]}, {"a": [True]}, ("a[0]: 1 -> (known after apply)",)),
        ({"a": [1, 2]}, {"a": [3, 2]}, {"a": [False, False, True]}, ("a[0]: 1 -> 3",)),
        ({"a": 1}, {}, {"a": True}, ("a: 1 -> (known after apply)",)),
        ({"a": 1}, None, {"a": True}, ("a: 1 -> (known after apply)",)),
        ({"a": "x"}, {"a": "y"}, {"a": False}, ("a: x -> y",)),
        ({"a": 1}, {"a": 2}, {}, ("a: 1 -> 2",)),
        ({"a": 1}, {"a": 2}, None, ("a: 1 -> 2",)),
    ],
)
def test_what_is_known_only_after_the_apply_is_said_where_it_lies(before: Any, after: Any, unknown: Any, lines: Any) -> None:
    (change,) = read_plan(plan(resource("aws_x.this", ["update"], before, after, after_unknown=unknown))).changes
    assert change.attributes == lines


@pytest.mark.parametrize(
    ("value", "sensitive", "shown"),
    [
        ("x", True, SECRET),
        (None, True, None),
        ("x", False, "x"),
        ("x", None, "x"),
        ({"a": "x"}, True, SECRET),
        ({"a": "x", "b": "y"}, {"a": True}, {"a": SECRET, "b": "y"}),
        (["x", "y", "z"], [False, True], ["x", SECRET, "z"]),
        (["x"], [True, True], [SECRET]),
        ("xyz", [True], "xyz"),
        ({"a": "x"}, [True], {"a": "x"}),
        (["x"], {"a": True}, ["x"]),
    ],
)
def test_only_what_is_marked_is_masked(value: Any, sensitive: Any, shown: Any) -> None:
    assert masked(value, sensitive) == shown


def test_a_secret_is_masked_wherever_it_lies() -> None:
    before = {"password": "old-one", "nested": [{"token": "old-token", "user": "a"}], "tags": {"x": "1"}}
    after = {"password": "new-one", "nested": [{"token": "new-token", "user": "b"}], "tags": {"x": "1"}}
    marks = {"password": True, "nested": [{"token": True}]}
    read = read_plan(plan(resource("aws_x.this", ["update"], before, after, before_sensitive=marks, after_sensitive=marks)))
    assert not any(secret in read.text() for secret in ("old-one", "new-one", "old-token", "new-token"))
    assert "nested[0].user: a -> b" in read.text()


def test_a_change_of_nothing_but_a_secret_is_still_said() -> None:
    marks = {"password": True}
    entry = resource("aws_x.this", ["update"], {"password": "old"}, {"password": "new"}, before_sensitive=marks, after_sensitive=marks)
    read = read_plan(plan(entry))
    assert read.changes[0].attributes == (f"{SECRET} changes",)
    output = {"actions": ["update"], "before": "old", "after": "new", "before_sensitive": True, "after_sensitive": True}
    assert read_plan(plan(password=output)).outputs == (f"password: {SECRET} changes",)
    unchanged = resource("aws_x.this", ["update"], {"password": "old"}, {"password": "old"}, before_sensitive=marks, after_sensitive=marks)
    assert read_plan(plan(unchanged)).changes[0].attributes == ()


def test_a_secret_that_is_no_longer_marked_afterwards_is_masked_before() -> None:
    entry = resource("aws_x.this", ["update"], {"token": "old"}, {"token": None}, before_sensitive={"token": True}, after_sensitive={})
    assert f"token: {SECRET} -> (none)" in read_plan(plan(entry)).text()


def test_a_whole_sensitive_output_is_masked() -> None:
    read = read_plan(
        plan(secret={"actions": ["create"], "before": None, "after": "s3cr3t", "after_sensitive": True, "after_unknown": False})
    )
    assert "s3cr3t" not in read.text() and read.summary == "only outputs change"


def test_values_known_only_after_apply_are_named_when_they_replace_a_known_one() -> None:
    entry = resource("aws_x.this", ["update"], {"arn": "a", "new": None}, {}, after_unknown={"arn": True, "new": True})
    assert read_plan(plan(entry)).changes[0].attributes == ("arn: a -> (known after apply)",)


def test_a_long_value_is_cut() -> None:
    entry = resource("aws_x.this", ["update"], {"policy": "a" * 500}, {"policy": "b" * 500})
    assert all(len(line) < 300 for line in read_plan(plan(entry)).changes[0].attributes)


def test_an_import_and_a_forgotten_resource_are_told_apart_from_changes() -> None:
    read = read_plan(
        plan(
            resource("aws_a.this", ["no-op"], {"n": 1}, {"n": 1}, importing={"id": "a"}),
            resource("aws_b.this", ["update"], {"n": 1}, {"n": 2}, importing={"id": "b"}),
            resource("aws_c.this", ["forget"], {"n": 1}, None),
        )
    )
    assert [change.action for change in read.changes] == ["import", "import", "forget"]
    assert read.summary == "2 to take over, 1 to forget"


CLUSTER = resource("aws_rds_cluster.this", ["delete", "create"], {}, {})
INSTANCE = resource("aws_rds_cluster_instance.this[0]", ["delete"], {}, None)


@pytest.mark.parametrize("entry", [CLUSTER, INSTANCE, resource("aws_rds_cluster.this", ["delete"], {}, None)])
def test_a_protected_resource_is_not_destroyed(entry: dict[str, Any]) -> None:
    (problem,) = refused(read_plan(plan(entry)), ["aws_rds_cluster", "aws_rds_cluster_instance"], [])
    verb = "DESTROYED and made anew" if entry is CLUSTER else "DESTROYED"
    assert str(problem) == (
        f"{entry['address']} will be {verb}, and it is protected. Change what asks for it, or allow it:"
        f""" -e '{{"redash_allow_replacement": ["{entry["address"]}"]}}'."""
    )
    for protected in (entry["address"], entry["address"].removesuffix("[0]")):
        assert refused(read_plan(plan(entry)), [protected], []) == [problem]
    assert refused(read_plan(plan(entry)), ["aws_lb"], []) == []


@pytest.mark.parametrize(
    "allowed", ["aws_rds_cluster_instance", "aws_rds_cluster_instance.this", "aws_rds_cluster_instance.this[0]", "all"]
)
def test_it_is_when_it_is_allowed_by_type_or_address(allowed: str) -> None:
    assert refused(read_plan(plan(INSTANCE)), ["aws_rds_cluster_instance"], [allowed]) == []


def test_leave_for_one_is_no_leave_for_another() -> None:
    problems = refused(read_plan(plan(CLUSTER, INSTANCE)), ["aws_rds_cluster", "aws_rds_cluster_instance"], ["aws_rds_cluster_instance"])
    assert [problem.what.split()[0] for problem in problems] == ["aws_rds_cluster.this"]


TAINTED = {**CLUSTER, "action_reason": "replace_because_tainted"}


def test_what_a_killed_first_apply_left_half_made_is_made_anew_without_leave() -> None:
    assert refused(read_plan(plan(TAINTED, redash={"actions": ["create"]})), ["aws_rds_cluster"], []) == []


@pytest.mark.parametrize("actions", [["no-op"], ["update"]])
def test_once_an_apply_has_come_to_its_end_a_tainted_resource_is_protected_like_any_other(actions: list[str]) -> None:
    changed = plan(TAINTED, redash={"actions": actions, "before": {"name": "a"}, "after": {"name": "b"}})
    assert len(refused(read_plan(changed), ["aws_rds_cluster"], [])) == 1


def test_what_the_caller_knows_to_be_half_made_is_made_anew_without_leave() -> None:
    """A database that is being restored from a snapshot, and whose creation was cut off: nothing is in it that the snapshot has not."""
    changed = plan(TAINTED, redash={"actions": ["no-op"]})
    assert refused(read_plan(changed), ["aws_rds_cluster"], [], ["aws_rds_cluster.this"]) == []
    assert len(refused(read_plan(plan(CLUSTER, redash={"actions": ["no-op"]})), ["aws_rds_cluster"], [], ["aws_rds_cluster.this"])) == 1


def test_before_the_first_end_everything_but_what_is_tainted_is_protected() -> None:
    assert len(refused(read_plan(plan(CLUSTER, redash={"actions": ["create"]})), ["aws_rds_cluster"], [])) == 1


@pytest.mark.parametrize("actions", [["create"], ["update"], ["forget"]])
def test_nothing_else_is_refused(actions: list[str]) -> None:
    assert refused(read_plan(plan(resource("aws_rds_cluster.this", actions, {"a": 1}, {"a": 2}))), ["aws_rds_cluster"], []) == []


def test_half_made_is_said_by_type_or_address_and_leaves_the_others_protected() -> None:
    changed = read_plan(plan(TAINTED, INSTANCE, redash={"actions": ["no-op"]}))
    for half_made in ("aws_rds_cluster", "aws_rds_cluster.this"):
        problems = refused(changed, ["aws_rds_cluster", "aws_rds_cluster_instance"], [], [half_made])
        assert [problem.what.split()[0] for problem in problems] == ["aws_rds_cluster_instance.this[0]"]


def test_masking_keeps_the_structure() -> None:
    assert masked({"a": [1, {"b": "x", "c": "y"}], "d": None}, {"a": [False, {"b": True}], "d": True}) == {
        "a": [1, {"b": SECRET, "c": "y"}],
        "d": None,
    }
