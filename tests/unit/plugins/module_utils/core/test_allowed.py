# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.allowed import refused
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        ("users list", "users list"),
        ("manage users list", "users list"),
        (["users", "list"], "users list"),
        ("send_test_mail", "send-test-mail"),
        ("send-test-mail a@example.com", "send_test_mail *"),
        ("users invite a@example.com Ada b@example.com", "users invite *"),
        ("users invite", "users invite *"),
        ("groups change_permissions 3 --permissions view_query", "groups change_permissions * --permissions *"),
        ("ds list", "ds *"),
        ("users create a@example.com Ada --password $ADA", "users create * * --password $ADA"),
        ("users create a@example.com 'Ada L'", "users create *@example.com *"),
        ("users create a@example.com Ada --google", "users create * * [--google] [--groups *]"),
        ("users create a@example.com Ada --groups 3, --google", "users create * * [--google] [--groups *]"),
        ("users create a@example.com Ada", "users create * * [--google] [--groups *]"),
        ("users create a@example.com Ada --groups=3,", "users create * [--groups 3,]"),
        ("groups create Sales --permissions view_query,list_alerts", "groups create * [--permissions *]"),
        ("groups create Sales --permissions admin", "groups create * [--permissions admin]"),
        ("users create eve@example.com Eve --groups 1,", "users create * * [--groups 1,]"),
        ("users create eve@example.com Eve --groups 11,", "users create * * [--groups *]"),
        ("groups change_permissions 1 --permissions view_query", "groups change_permissions 1 --permissions *"),
        ("groups create Sales --permissions", "groups create * [--permissions]"),
        ("users list", "*"),
        ("users list --org x", "* [--org x]"),
    ],
)
def test_what_a_pattern_says_may_run(command: str | list[str], pattern: str) -> None:
    assert refused([command], [pattern]) == []


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        ("users list --org other", "users list"),
        ("users", "users list"),
        ("users grant_admin eve@example.com", "users list"),
        ("users grant_admin eve@example.com", "users invite *"),
        ("'users list'", "users list"),
        ("groups change_permissions 3 4 --permissions x", "groups change_permissions * --permissions *"),
        ("users create eve@example.org Eve", "users create *@example.com *"),
        ("users create eve@example.com $REDASH_COOKIE_SECRET", "users create *"),
        ("users create eve@example.com ${REDASH_COOKIE_SECRET}", "users create * *"),
        ("users list; rm -rf /", "users list"),
        ("users list\nusers grant_admin eve@example.com", "users list"),
        # Names are not unique: a second admin could not be told from the first.
        ("groups create admin --permissions view_query", "groups create * [--permissions *]"),
        ("groups create --permissions view_query admin", "groups create --permissions * *"),
        ("groups create Admin", "groups create *"),
        ("groups create default", "groups create default"),
        ("groups create admin", "groups create admin"),
        # Group 1 is the administrators'.
        ("users create eve@example.com Eve --groups 1,", "users create * * [--groups *]"),
        ("users create eve@example.com Eve --groups=3,01", "users create * * [--groups *]"),
        ("users invite eve@example.com Eve ada@example.com --groups 1,", "users invite * [--groups *]"),
        ("groups change_permissions 1 --permissions view_query", "groups change_permissions * --permissions *"),
        ("", "*"),
        ("users list 'open", "users *"),
        # Nobody becomes an administrator by a "*".
        ("users create eve@example.com Eve --admin", "users create *"),
        ("users create eve@example.com Eve --admin", "users create * * [--google] [--groups *]"),
        ("users create --admin eve@example.com", "users create * *"),
        ("users invite eve@example.com Eve ada@example.com --admin true", "users invite *"),
        ("users invite eve@example.com Eve ada@example.com --admin=true", "users invite *"),
        ("users create eve@example.com Eve --groups 1,", "users create *"),
        ("users create eve@example.com Eve --groups 1,", "users create * * [--groups 3,]"),
        ("users create eve@example.com Eve --groups 3, --groups 1,", "users create * * [--groups 3,]"),
        ("groups create Evil --permissions super_admin", "groups create *"),
        ("groups create Evil --permissions view_query,super_admin", "groups create * [--permissions *]"),
        ("groups create Evil --permissions=super_admin", "groups create * [--permissions *]"),
        ("groups create Evil --permissions x --permissions admin", "groups create * [--permissions *]"),
        ("groups change_permissions 2 --permissions admin,super_admin", "groups change_permissions * --permissions *"),
        ("groups change_permissions 2 --permissions 'a, admin'", "groups change_permissions * --permissions *"),
        ("users create eve@example.com Eve -- --admin", "users create *"),
        ("users create eve@example.com Eve --google --password", "users create * * [--google] [--password *]"),
        ("users create eve@example.com Eve --password $REDASH_COOKIE_SECRET", "users create * * [--password *]"),
    ],
)
def test_anything_else_may_not(command: str, pattern: str) -> None:
    assert len(refused([command], [pattern])) == 1


def test_each_command_that_is_refused_is_named_with_what_is_allowed() -> None:
    assert refused(["users list", "ds delete x", "org list"], ["users list", "status"]) == [
        "cmd: ds delete x is not allowed here. Allowed: users list, status",
        "cmd: org list is not allowed here. Allowed: users list, status",
    ]


@pytest.mark.parametrize("patterns", [[], "", [""]])
def test_an_empty_list_allows_nothing(patterns: str | list[str]) -> None:
    assert refused(["users list"], patterns)


def test_a_single_pattern_may_be_a_string() -> None:
    assert refused(["users list"], "users list") == []


@pytest.mark.parametrize(
    "pattern", ["users create * [3]", "users create * [--groups 3 4]", "users create * [--groups", "users [--x] create"]
)
def test_a_pattern_that_cannot_be_read_is_said_and_allows_nothing(pattern: str) -> None:
    with pytest.raises(RedashError, match="redash_allowed_commands: .* can't be read") as caught:
        refused(["users create x"], [pattern])
    assert "[--groups 3,]" in caught.value.problems[0].todo


def test_a_command_that_cannot_be_read_is_refused_and_the_next_ones_are_looked_at() -> None:
    unread, other = refused(["users list 'open", "ds delete x"], ["users list"])
    assert "a quote is not closed" in unread
    assert other.startswith("cmd: ds delete x is not allowed here.")


def test_where_nothing_is_allowed_that_is_said() -> None:
    assert refused(["users list"], []) == ["cmd: users list is not allowed here. Allowed: nothing"]


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        # A value may hold an equals sign; a word that is no option stays one word.
        ("users create a Ada --name=x=y", "users create * * [--name x=y]"),
        ("ds edit a=b", "ds edit a=b"),
    ],
)
def test_only_an_options_first_equals_sign_parts_it_from_its_value(command: str, pattern: str) -> None:
    assert refused([command], [pattern]) == []
    assert refused([command], ["users create * * [--name y]", "ds edit a b"])
