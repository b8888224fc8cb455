# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.allowed import refused


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
        ("", "*"),
        ("users list 'open", "users *"),
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
