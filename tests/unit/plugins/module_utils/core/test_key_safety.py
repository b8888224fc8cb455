# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import itertools

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.key_safety import Decision, InUse, Way, decide, key_in_use

ACTIONS = ("setup", "upgrade", "mail", "rotate")

# Every combination of the key given, the one stored and the one in use; "-" is none, a letter is a key.
# What each action does: keep | store:<key> | generate | rotate:<key or *> | stop
MATRIX = """
given stored in_use | setup     upgrade   mail      rotate
-     -      -      | generate  stop      stop      stop
A     -      -      | store:A   stop      stop      stop
-     A      -      | keep      keep      keep      rotate:*
A     A      -      | keep      keep      keep      stop
B     A      -      | stop      stop      stop      rotate:B
-     -      A      | store:A   store:A   store:A   stop
A     -      A      | store:A   store:A   store:A   stop
B     -      A      | stop      stop      stop      stop
-     A      A      | keep      keep      keep      rotate:*
A     A      A      | keep      keep      keep      stop
B     A      A      | stop      stop      stop      rotate:B
-     B      A      | stop      stop      stop      stop
A     B      A      | stop      stop      stop      stop
B     B      A      | stop      stop      stop      stop
C     B      A      | stop      stop      stop      stop
"""
ROWS = [line.replace("|", "").split() for line in MATRIX.strip().splitlines()[1:]]
CASES = [(*row[:3], action, row[3 + number]) for row in ROWS for number, action in enumerate(ACTIONS)]


def said(decision: Decision) -> str:
    if decision.way is Way.STORE:
        return f"store:{decision.value}"
    if decision.way is Way.ROTATE:
        return f"rotate:{decision.value or '*'}"
    return decision.way.name.lower()


@pytest.mark.parametrize(("given", "stored", "running", "action", "expected"), CASES)
def test_the_matrix(given: str, stored: str, running: str, action: str, expected: str) -> None:
    decision = decide(
        action,
        given=None if given == "-" else given,
        stored=None if stored == "-" else stored,
        in_use=None if running == "-" else InUse(running, "REDASH_SECRET_KEY of the container server"),
    )
    assert said(decision) == expected
    if decision.way is Way.STOP:
        assert decision.why
        assert decision.todo


def test_the_matrix_has_every_combination() -> None:
    def shape(row: tuple[str, ...]) -> tuple[int, ...]:
        """Which of the three are there and which are equal, whatever their letters."""
        letters: dict[str, int] = {}
        return tuple(-1 if key == "-" else letters.setdefault(key, len(letters)) for key in row)

    every = {shape(row) for row in itertools.product("-ABC", repeat=3)}
    assert {shape(tuple(row[:3])) for row in ROWS} == every
    assert len(ROWS) == len(every)


def test_no_decision_ever_replaces_a_key_that_is_in_use() -> None:
    for given, stored, running, action in itertools.product([None, "A", "B"], [None, "A", "B"], ["A", "B"], ACTIONS):
        decision = decide(action, given=given, stored=stored, in_use=InUse(running, "x"))
        if decision.way is Way.STORE:
            assert decision.value == running
        assert decision.way is not Way.GENERATE


def test_no_key_is_in_what_is_said() -> None:
    for action in ACTIONS:
        decision = decide(action, given="hush-given", stored="hush-stored", in_use=InUse("hush-running", "server"))
        assert "hush" not in decision.why + decision.todo + repr(decision)


# A person asks for the key in use to be stored again (ssm_secrets_put_back). A key that is given beside it must be that one.
PUT_BACK = """
given stored in_use | what is done
-     B      A      | store:A
A     B      A      | store:A
B     B      A      | stop
C     B      A      | stop
-     A      A      | keep
-     A      -      | keep
-     -      A      | store:A
-     -      -      | generate
"""


@pytest.mark.parametrize(("given", "stored", "running", "expected"), [line.replace("|", "").split() for line in PUT_BACK.split("\n")[2:-1]])
def test_the_key_in_use_is_put_back_unless_another_one_is_given(given: str, stored: str, running: str, expected: str) -> None:
    decision = decide(
        "setup",
        given=None if given == "-" else given,
        stored=None if stored == "-" else stored,
        in_use=None if running == "-" else InUse(running, "REDASH_SECRET_KEY of the container server"),
        put_back=True,
    )
    assert said(decision) == expected


STORE = {"/redash/x/secret_key": "key", "/redash/x/cookie_secret": "cookie", "/old/key": "key", "/other": "other"}


def read(reference: str, deployed_at: float | None) -> tuple[str, str] | None:
    return (STORE[reference], "") if reference in STORE else None


def container(name: str, secrets: dict[str, str] | None = None, **environment: str) -> dict[str, object]:
    return {
        "name": name,
        "environment": [{"name": key, "value": value} for key, value in environment.items()],
        "secrets": [{"name": key, "valueFrom": value} for key, value in (secrets or {}).items()],
    }


@pytest.mark.parametrize(
    ("containers", "value", "where"),
    [
        ([container("server", {"REDASH_SECRET_KEY": "/redash/x/secret_key"})], "key", "REDASH_SECRET_KEY of the container server"),
        ([container("server", REDASH_SECRET_KEY="plain")], "plain", "REDASH_SECRET_KEY of the container server"),
        (
            [container("server", {"REDASH_SECRET_KEY": "/redash/x/secret_key", "REDASH_COOKIE_SECRET": "/redash/x/cookie_secret"})],
            "key",
            "REDASH_SECRET_KEY of the container server",
        ),
        (
            [container("server", {"REDASH_COOKIE_SECRET": "/redash/x/cookie_secret"})],
            "cookie",
            "REDASH_COOKIE_SECRET of the container server",
        ),
        ([container("server", REDASH_SECRET_KEY="", REDASH_COOKIE_SECRET="c")], "c", "REDASH_COOKIE_SECRET of the container server"),
        (
            [container("log-router"), container("worker", {"REDASH_SECRET_KEY": "/old/key"}), container("server", REDASH_SECRET_KEY="key")],
            "key",
            "REDASH_SECRET_KEY of the container worker",
        ),
    ],
)
def test_the_key_in_use_is_found_wherever_it_is_kept(containers: list[dict[str, object]], value: str, where: str) -> None:
    assert key_in_use(containers, read) == InUse(value, where)


def test_without_redash_containers_no_key_is_in_use() -> None:
    assert key_in_use([container("log-router")], read) is None


def test_containers_with_different_keys_are_refused() -> None:
    different = [
        container("server", {"REDASH_SECRET_KEY": "/redash/x/secret_key"}),
        container("task-runner", {"REDASH_SECRET_KEY": "/other"}),
    ]
    with pytest.raises(
        RedashError, match="REDASH_SECRET_KEY of the container task-runner: it is another key than REDASH_SECRET_KEY of the"
    ):
        key_in_use(different, read)


def test_a_lost_parameter_says_where_the_value_still_is() -> None:
    with pytest.raises(RedashError, match=r"/gone, is gone from the secret store.*don't stop them.*redash_secrets\.secret_key"):
        key_in_use([container("server", {"REDASH_SECRET_KEY": "/gone"})], read)
