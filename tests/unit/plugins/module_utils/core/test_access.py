# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.access import plan
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

GROUPS: list[dict[str, Any]] = [
    {"id": 1, "name": "admin", "type": "builtin", "permissions": ["admin", "super_admin"], "users": ["Root"]},
    {"id": 2, "name": "default", "type": "builtin", "permissions": ["view_query"], "users": []},
    {"id": 3, "name": "analysts", "type": "regular", "permissions": ["view_query", "execute_query"], "users": []},
]
USERS: list[dict[str, Any]] = [
    {"id": 1, "name": "Root", "email": "root@example.com", "active": True, "groups": ["admin", "default"]},
    {"id": 2, "name": "Ada", "email": "Ada@example.com", "active": True, "groups": ["analysts"]},
]
ROOT = "root@example.com"


def test_what_is_as_wanted_needs_nothing() -> None:
    made = plan(
        [{"name": "analysts", "permissions": ["execute_query", "view_query"]}, {"name": "default"}],
        [{"email": "ada@example.com", "name": "Ada", "groups": ["analysts"]}],
        GROUPS,
        USERS,
        ROOT,
    )
    assert (made.group_commands, made.user_commands, made.changes, made.impossible) == ([], [], [], [])


def test_a_missing_group_is_made_and_one_that_exists_is_never_made_again() -> None:
    made = plan([{"name": "ops", "permissions": ["view_query"]}, {"name": "bare"}, {"name": "analysts"}], [], GROUPS, USERS)
    assert made.group_commands == [["groups", "create", "ops", "--permissions", "view_query"], ["groups", "create", "bare"]]
    assert made.changes == ["create group ops with view_query", "create group bare"]


def test_permissions_that_differ_are_changed_by_id() -> None:
    made = plan([{"name": "analysts", "permissions": ["view_query", "list_alerts"]}], [], GROUPS, USERS)
    assert made.group_commands == [["groups", "change_permissions", "3", "--permissions", "view_query,list_alerts"]]
    assert made.changes == ["group analysts: +list_alerts, -execute_query"]


def test_of_two_groups_of_one_name_the_first_is_used_and_it_is_said() -> None:
    twice = [*GROUPS, {**GROUPS[2], "id": 9, "permissions": []}]
    made = plan([{"name": "analysts", "permissions": ["view_query", "execute_query"]}], [], twice, USERS)
    assert made.group_commands == []
    assert "more than once (ids 3, 9)" in made.impossible[0]


def test_new_users_are_invited_unless_they_have_google_or_a_password() -> None:
    made = plan(
        [],
        [
            {"email": "a@b.c", "name": "A", "groups": ["analysts", "default"]},
            {"email": "g@b.c", "google": True, "admin": True},
            {"email": "p@b.c", "password": "$PW", "groups": ["analysts"]},
            {"email": "i@b.c", "invited_by": "x@b.c", "admin": True},
        ],
        GROUPS,
        USERS,
        ROOT,
    )
    assert made.user_commands == [
        ["users", "invite", "a@b.c", "A", ROOT, "--groups", "3,2,"],
        ["users", "create", "g@b.c", "g", "--google", "--admin"],
        ["users", "create", "p@b.c", "p", "--password", "$PW", "--groups", "3,"],
        ["users", "invite", "i@b.c", "i", "x@b.c", "--admin", "true"],
    ]


def test_an_administrator_is_made_once() -> None:
    made = plan([], [{"email": "ada@example.com", "admin": True}, {"email": ROOT, "admin": True}], GROUPS, USERS, ROOT)
    assert made.user_commands == [["users", "grant_admin", "Ada@example.com"]]


def test_what_redash_has_no_command_for_is_said_and_not_tried() -> None:
    made = plan(
        [],
        [{"email": ROOT, "admin": False, "groups": ["analysts"]}, {"email": "ada@example.com", "name": "Lady Ada"}],
        GROUPS,
        USERS,
        ROOT,
    )
    assert made.user_commands == []
    assert ["take that away" in made.impossible[0], "+analysts, -default" in made.impossible[1], "rename" in made.impossible[2]] == [
        True
    ] * 3


def test_a_group_that_is_made_in_the_same_run_may_be_used() -> None:
    made = plan([{"name": "ops"}], [{"email": "a@b.c", "groups": ["ops"], "google": True}], GROUPS, USERS)
    assert made.group_commands and made.user_commands[0][-1] == "ops,"  # planned again once ops has its id


def test_where_nobody_may_become_an_administrator_every_way_to_it_is_refused() -> None:
    with pytest.raises(RedashError) as caught:
        plan(
            [{"name": "ops", "permissions": ["view_query", "super_admin"]}, {"name": "analysts", "permissions": ["admin"]}],
            [
                {"email": "a@b.c", "admin": True},
                {"email": "eve@b.c", "groups": ["admin"]},
                {"email": "mallory@b.c", "groups": ["ops"]},
                {"email": "ada@example.com", "admin": True},
            ],
            GROUPS,
            USERS,
            ROOT,
            administrators=False,
        )
    assert [str(problem).partition(". ")[0] for problem in caught.value.problems] == [
        "redash_groups[0]: super_admin would make administrators of ops",
        "redash_groups[1]: admin would make administrators of analysts",
        "redash_users[0]: a@b.c would become an administrator",
        "redash_users[1]: eve@b.c would become an administrator by group admin",
        "redash_users[2]: mallory@b.c would become an administrator by group ops",
        "redash_users[3]: ada@example.com would become an administrator",
    ]


def test_where_nobody_may_become_one_those_who_are_stay_and_others_are_made() -> None:
    made = plan(
        [{"name": "admin", "permissions": ["admin", "super_admin"]}, {"name": "analysts"}],
        [{"email": ROOT, "admin": True, "groups": ["default"]}, {"email": "new@b.c", "groups": ["analysts"]}],
        GROUPS,
        USERS,
        ROOT,
        administrators=False,
    )
    assert made.group_commands == []
    assert made.user_commands == [["users", "invite", "new@b.c", "new", ROOT, "--groups", "3,"]]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(RedashError) as caught:
        plan(
            [{"permissions": []}, {"name": "x", "colour": 1}, {"name": "x"}],
            [{"email": "nobody"}, {"email": "a@b.c", "password": "hunter2", "groups": ["nope"]}, {"email": "A@b.c", "google": True}],
            GROUPS,
            USERS,
        )
    said = str(caught.value)
    for part in (
        "a group without a name",
        "colour",
        "stands twice",
        "'nobody' is no mail",
        "plain text",
        "no group nope",
        "nobody invites",
    ):
        assert part in said
    assert "hunter2" not in said
