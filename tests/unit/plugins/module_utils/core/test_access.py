# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core import access
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


HAS = "It has admin, email, google, groups, invited_by, name, password."
INVITES = "nobody invites {}. Give password, google or invited_by, or set redash_admin.email."


def test_each_thing_that_is_wrong_is_said_where_it_is_and_with_what_to_do() -> None:
    with pytest.raises(RedashError) as caught:
        plan(
            [{"permissions": []}, {"name": "x", "size": 2, "colour": 1}, {"name": "x"}, {"name": ""}],
            [
                {},
                {"email": "nobody"},
                {"email": "a@b.c", "password": "hunter2", "groups": ["nope", "x", "analysts"]},
                {"email": "A@b.c", "google": True, "roles": 1, "id": 1},
                {"email": "p@b.c", "password": "$PW"},
                {"email": "i@b.c", "invited_by": "x@b.c", "groups": None},
            ],
            GROUPS,
            USERS,
        )
    assert [str(problem) for problem in caught.value.problems] == [
        "redash_groups[0]: a group without a name. Give it one.",
        "redash_groups[1]: colour is nothing that a group has. It has name, permissions.",
        "redash_groups[1]: size is nothing that a group has. It has name, permissions.",
        "redash_groups[2]: group x stands twice. Keep one.",
        "redash_groups[3]: a group without a name. Give it one.",
        "redash_users[0]: None is no mail address. Give email.",
        f"redash_users[0]: {INVITES.format('this user')}",
        "redash_users[1]: 'nobody' is no mail address. Give email.",
        f"redash_users[1]: {INVITES.format('nobody')}",
        "redash_users[2]: there is no group nope. Add it to redash_groups, or correct the name.",
        "redash_users[2]: the password of a@b.c is given in plain text. Name a secret that the task runner carries: $NAME."
        " Or leave it out: then the person is invited by mail.",
        "redash_users[3]: a@b.c stands twice. Keep one.",
        f"redash_users[3]: id is nothing that a user has. {HAS}",
        f"redash_users[3]: roles is nothing that a user has. {HAS}",
    ]


def test_with_somebody_who_invites_an_address_is_enough() -> None:
    made = plan([], [{"email": "new@b.c"}], GROUPS, USERS, ROOT)
    assert made.user_commands == [["users", "invite", "new@b.c", "new", ROOT]]
    assert made.changes == ["invite new@b.c"]


def test_every_change_is_told_in_a_line() -> None:
    made = plan(
        [
            {"name": "none", "permissions": []},
            {"name": "two", "permissions": ["a", "b"]},
            {"name": "bare"},
            {"name": "default", "permissions": []},
            {"name": "analysts", "permissions": ["z", "view_query", "a"]},
        ],
        [
            {"email": "i@b.c", "groups": ["analysts", "two"]},
            {"email": "p@b.c", "password": "$PW", "groups": ["analysts", "default"], "google": False},
            {"email": "g@b.c", "google": True, "password": "$PW"},
            {"email": "ADA@example.com", "admin": True},
        ],
        GROUPS,
        USERS,
        ROOT,
    )
    assert made.group_commands == [
        ["groups", "create", "none", "--permissions", ""],
        ["groups", "create", "two", "--permissions", "a,b"],
        ["groups", "create", "bare"],
        ["groups", "change_permissions", "2", "--permissions", ""],
        ["groups", "change_permissions", "3", "--permissions", "z,view_query,a"],
    ]
    assert made.user_commands == [
        ["users", "invite", "i@b.c", "i", ROOT, "--groups", "3,two,"],
        ["users", "create", "p@b.c", "p", "--password", "$PW", "--groups", "3,2,"],
        ["users", "create", "g@b.c", "g", "--google"],
        ["users", "grant_admin", "Ada@example.com"],
    ]
    assert made.changes == [
        "create group none with no permission",
        "create group two with a,b",
        "create group bare",
        "group default: -view_query",
        "group analysts: +a, +z, -execute_query",
        "invite i@b.c to analysts, two",
        "create user p@b.c in analysts, default",
        "create user g@b.c",
        "make ADA@example.com an administrator",
    ]
    assert made.impossible == []


def test_a_group_whose_permissions_redash_does_not_list_has_none() -> None:
    groups = [{"id": "4", "name": "empty"}]
    assert plan([{"name": "empty", "permissions": []}], [], groups, []).group_commands == []
    made = plan([{"name": "empty", "permissions": ["b", "a"]}], [], groups, [])
    assert made.group_commands == [["groups", "change_permissions", "4", "--permissions", "b,a"]]
    assert made.changes == ["group empty: +a, +b"]


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (
            {"email": ROOT, "admin": False},
            "root@example.com is an administrator: Redash has no command to take that away, use its Users page",
        ),
        (
            {"email": "ada@example.com", "groups": ["default", "admin"]},
            "ada@example.com, groups +admin, +default, -analysts: Redash has no command to change members, use its Groups page",
        ),
        (
            {"email": "ada@example.com", "groups": []},
            "ada@example.com, groups -analysts: Redash has no command to change members, use its Groups page",
        ),
        (
            {"email": "ada@example.com", "name": "Lady"},
            "ada@example.com is called Ada: Redash has no command to rename, use its Users page",
        ),
        # `admin` comes with admin: true.
        ({"email": ROOT, "admin": True, "groups": ["default"]}, ""),
        ({"email": ROOT, "groups": None}, ""),
        ({"email": "ada@example.com", "admin": False, "name": "", "groups": ["analysts"]}, ""),
    ],
)
def test_what_there_is_no_command_for_is_a_line(wanted: dict[str, Any], line: str) -> None:
    made = plan([], [wanted], GROUPS, USERS, ROOT)
    assert (made.user_commands, made.group_commands, made.changes) == ([], [], [])
    assert made.impossible == ([line] if line else [])


def test_a_user_of_whom_redash_lists_no_group_is_in_none() -> None:
    unknown = [{"id": 4, "name": "x"}], [{"email": "x@b.c"}]
    with pytest.raises(RedashError, match=r"x@b.c would become an administrator"):
        plan([], [{"email": "x@b.c", "admin": True}], *unknown, ROOT, administrators=False)
    made = plan([], [{"email": "x@b.c", "groups": ["analysts"], "admin": True}], GROUPS, [{"email": "x@b.c"}], ROOT)
    assert made.user_commands == [["users", "grant_admin", "x@b.c"]]
    assert made.impossible == ["x@b.c, groups +analysts: Redash has no command to change members, use its Groups page"]


def test_a_name_that_stands_for_two_groups_is_refused_where_it_is_used() -> None:
    groups = [{"id": 10, "name": "ops"}, {"id": 9, "name": "ops"}, {"id": 3, "name": "old"}, {"id": 4, "name": "old"}]
    twice = [*GROUPS, *groups, {"id": 7, "name": "admin", "permissions": ["view_query"]}]
    users = [{"email": "x@b.c", "groups": ["old", "analysts"], "admin": "yes"}]
    assert problems([{"name": "ops", "permissions": ["a"]}], users, twice) == [
        "redash_groups[0]: group ops exists more than once (ids 9, 10). Rename or delete all but one on Redash's Groups page.",
        "redash_users[0]: group old exists more than once (ids 3, 4). Rename or delete all but one on Redash's Groups page.",
        "redash_users[0]: group admin exists more than once (ids 1, 7). Rename or delete all but one on Redash's Groups page.",
    ]
    assert problems([{"name": "analysts"}], [{"email": "x@b.c", "groups": ["analysts"]}], twice) == []


def test_the_powers_of_groups_of_one_name_are_united() -> None:
    twice = [*GROUPS, {"id": 7, "name": "admin", "permissions": ["view_query"]}]
    mallory = {"email": "mallory@example.com", "name": "M", "google": True, "groups": ["admin"]}
    assert "exists more than once" in str(problems([], [mallory], twice, administrators=False))
    with pytest.raises(RedashError, match="would become an administrator by group admin"):
        access._check_powers([], [mallory], twice, USERS)


def problems(
    groups: list[Any], users: list[Any], existing: list[dict[str, Any]] | None = None, inviter: str = ROOT, **more: Any
) -> list[str]:
    try:
        plan(groups, users, GROUPS if existing is None else existing, USERS, inviter, **more)
    except RedashError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize("name", ["admin", "Admin", "ADMIN", "default", "ad\u200bmin", "\uff41dmin"])
def test_a_group_that_redash_makes_itself_is_never_made(name: str) -> None:
    (line,) = problems([{"name": name, "permissions": ["admin", "super_admin"]}], [], [])
    assert line == f"redash_groups[0]: {name} is the name of a group that Redash makes itself. Give another name."


@pytest.mark.parametrize(
    ("permissions", "lost"), [(["view_query"], "admin, super_admin"), (["super_admin"], "admin"), ([], "admin, super_admin")]
)
def test_administrators_keep_their_rights(permissions: list[str], lost: str) -> None:
    assert problems([{"name": "admin", "permissions": permissions}], []) == [
        f"redash_groups[0]: group admin would lose {lost}, and with it every administrator."
        " Leave its permissions out, or make a group of another name."
    ]
    assert problems([{"name": "admin"}, {"name": "default", "permissions": ["view_query"]}], []) == []


@pytest.mark.parametrize("permission", ["view_query,admin", "admin ", "-x", "", "Admin", "a b", "$X"])
def test_a_permission_is_one_word_so_that_none_hides_in_another(permission: str) -> None:
    line = f"redash_groups[0]: {permission!r} is not a permission. Write one such as view_query for each."
    assert problems([{"name": "ops", "permissions": [permission]}], [], administrators=False) == [line]


@pytest.mark.parametrize("word", ["--admin", "-x", "a\nb", "$REDASH_COOKIE_SECRET", "${X}", " a", "a\u2028b"])
def test_no_name_becomes_an_option_a_line_or_a_secret(word: str) -> None:
    user = {"email": "x@b.c", "google": True}
    for found in (
        problems([{"name": word}], []),
        problems([], [{**user, "name": word}]),
        problems([], [{"email": "x@b.c", "invited_by": word}]),
        problems([], [{"email": "x@b.c"}], inviter=word),
    ):
        assert len(found) == 1 and repr(word) in found[0] and found[0].endswith("Correct it.")
    assert problems([], [{**user, "email": f"{word}@b.c"}])


@pytest.mark.parametrize(
    ("said", "may"), [("false", False), ("no", False), ("0", False), ("False", False), ("true", True), ("yes", True), (1, True)]
)
def test_switches_mean_the_same_as_texts(said: Any, may: bool) -> None:
    eve = {"email": "eve@b.c", "google": True, "admin": True}
    assert bool(problems([], [eve], administrators=said)) is not may
    made = plan([], [{"email": "x@b.c", "google": "true", "admin": said}], GROUPS, USERS)
    assert ("--admin" in made.user_commands[0]) is may
    made = plan([], [{"email": "x@b.c", "google": said}], GROUPS, USERS, ROOT)
    assert (made.user_commands[0][1] == "create") is may


def test_a_switch_that_is_none_is_refused() -> None:
    assert problems([], [{"email": "x@b.c", "google": "maybe"}], administrators="perhaps") == [
        "access_administrators: 'perhaps' is neither true nor false. Write true or false.",
        "redash_users[0].google: 'maybe' is neither true nor false. Write true or false.",
    ]


MAY = ". Somebody who may do that runs access.yml."


@pytest.mark.parametrize(
    ("groups", "users", "lines"),
    [
        (
            [{"name": "ops", "permissions": ["view_query", "super_admin", "admin"]}],
            [],
            [f"redash_groups[0]: admin, super_admin would make administrators of ops{MAY}"],
        ),
        # It is what they are already.
        ([{"name": "admin", "permissions": ["super_admin", "admin"]}], [{"email": ROOT, "admin": True}], []),
        ([], [{"email": "ROOT@example.com", "admin": True}], []),
        ([{"name": "ops", "permissions": None}], [{"email": "x@b.c", "groups": ["ops", "default"]}], []),
        ([], [{"email": "x@b.c", "admin": False, "groups": None}], []),
        ([], [{"email": "x@b.c", "admin": True}], [f"redash_users[0]: x@b.c would become an administrator{MAY}"]),
        ([], [{"email": "Ada@example.com", "admin": True}], [f"redash_users[0]: Ada@example.com would become an administrator{MAY}"]),
        (
            [{"name": "admin"}],
            [{"email": "x@b.c", "groups": ["admin"]}],
            [f"redash_users[0]: x@b.c would become an administrator by group admin{MAY}"],
        ),
        # Redash has no command to change members, so nothing comes of it.
        ([], [{"email": "ada@example.com", "groups": ["admin"]}], []),
        (
            [{"name": "ops", "permissions": ["admin"]}],
            [{"email": "x@b.c", "groups": ["ops"]}],
            [
                f"redash_groups[0]: admin would make administrators of ops{MAY}",
                f"redash_users[0]: x@b.c would become an administrator by group ops{MAY}",
            ],
        ),
    ],
)
def test_who_may_not_make_administrators_makes_none(groups: list[dict[str, Any]], users: list[dict[str, Any]], lines: list[str]) -> None:
    said: list[str] = []
    try:
        plan(groups, users, GROUPS, USERS, ROOT, administrators=False)
    except RedashError as error:
        said = [str(problem) for problem in error.problems]
    assert said == lines
    assert plan(groups, users, GROUPS, USERS, ROOT)


@pytest.mark.parametrize("name", ["1", "01", "+1", "1_0", "\u0661", "1,", "x,1", "a, b", 1])
def test_a_new_group_cannot_be_named_as_an_id_or_a_list(name: Any) -> None:
    """``users create --groups 1,`` takes ids with commas between: such a name would put people among the administrators."""
    user = {"email": "x@b.c", "google": True, "groups": [name]}
    (line,) = problems([{"name": name}], [user], administrators=False)
    assert line.startswith(f"redash_groups[0]: group {str(name)!r} would be read as ")
    # Where it is there already, it stands for its id.
    there = [*GROUPS, {"id": 8, "name": str(name), "permissions": []}]
    made = plan([{"name": name}], [user], there, USERS)
    assert made.group_commands == [] and made.user_commands[0][-2:] == ["--groups", "8,"]


@pytest.mark.parametrize("said", ["view_query,admin", "admin", " super_admin , view_query"])
def test_a_text_of_permissions_is_a_list_as_ansible_reads_one(said: str) -> None:
    group = {"name": "ops", "permissions": said}
    (line,) = problems([group], [], administrators=False)
    assert line.endswith(f"would make administrators of ops{MAY}")
    listed = ",".join(one.strip() for one in said.split(","))
    assert plan([group], [], GROUPS, USERS).group_commands == [["groups", "create", "ops", "--permissions", listed]]


def test_a_text_of_groups_is_a_list_as_ansible_reads_one() -> None:
    (line,) = problems([], [{"email": "x@b.c", "google": True, "groups": "analysts, admin"}], administrators=False)
    assert line == f"redash_users[0]: x@b.c would become an administrator by group admin{MAY}"
    made = plan([], [{"email": "x@b.c", "google": True, "groups": "analysts,default"}], GROUPS, USERS)
    assert made.user_commands == [["users", "create", "x@b.c", "x", "--google", "--groups", "3,2,"]]
    made = plan([], [{"email": "x@b.c", "google": True, "groups": ""}], GROUPS, USERS)
    assert made.user_commands == [["users", "create", "x@b.c", "x", "--google"]]


def test_a_text_of_nothing_takes_no_permission_away() -> None:
    (line,) = problems([{"name": "analysts", "permissions": ""}], [])
    assert "'' is not a permission" in line


@pytest.mark.parametrize("wrong", [["admin"], {"a": 1}, True])
def test_what_has_the_wrong_shape_is_a_line_and_no_traceback(wrong: Any) -> None:
    said = problems(
        [{"name": wrong}, "admin", None, {"name": "x", "permissions": {"a": 1}}, {"name": "y", "permissions": [wrong]}],
        [{"email": "x@b.c", "google": True, "name": wrong}, "x@b.c", {"email": "y@b.c", "google": True, "groups": {"a": 1}}],
    )
    kind = type(wrong).__name__
    assert said == [
        f"redash_groups[0].name: a {kind} is not one text. Write one.",
        "redash_groups[1]: a str is not a group. Write name and permissions.",
        "redash_groups[2]: a NoneType is not a group. Write name and permissions.",
        "redash_groups[3].permissions: a dict is not a list of texts. Write one.",
        "redash_groups[4].permissions: it holds a " + kind + ". Write texts.",
        f"redash_users[0].name: a {kind} is not one text. Write one.",
        "redash_users[1]: a str is not a user. Write email, name and the rest.",
        "redash_users[2].groups: a dict is not a list of texts. Write one.",
    ]
    assert problems(wrong if isinstance(wrong, dict) else {"a": 1}, []) == ["redash_groups: a dict is not a list. Write one."]  # type: ignore[arg-type]


def test_who_may_not_make_administrators_takes_no_rights_from_them_either() -> None:
    there = [*GROUPS, {"id": 9, "name": "ops", "permissions": ["admin", "view_query"]}]
    ops = {"name": "ops", "permissions": ["view_query"]}
    assert problems([ops], [], there, administrators="false") == [
        f"redash_groups[0]: admin would be taken from the administrators in ops{MAY}"
    ]
    assert problems([{"name": "ops"}, {"name": "analysts", "permissions": []}], [], there, administrators=False) == []
    assert plan([ops], [], there, USERS).changes == ["group ops: -admin"]


@pytest.mark.parametrize("password", ["$PW --admin", "$", "$PW$PW", "${PW", "$1", "x$PW", 5])
def test_a_password_is_a_whole_reference_or_refused_and_not_shown(password: Any) -> None:
    (line,) = problems([], [{"email": "x@b.c", "password": password}])
    assert line.startswith("redash_users[0]: the password of x@b.c is given in plain text.")
    for reference in ("$PW", "${PW}"):
        assert plan([], [{"email": "x@b.c", "password": reference}], GROUPS, USERS).user_commands[0][-1] == reference
