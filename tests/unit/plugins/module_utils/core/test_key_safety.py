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


@pytest.mark.parametrize(
    ("action", "given", "stored", "running", "put_back", "why"),
    [
        # Where a key comes from, and with which one another one was compared.
        ("setup", "A", None, None, False, "given"),
        ("setup", None, None, "A", False, "carried over from the server"),
        ("setup", None, "B", "A", True, "put back from the server"),
        ("setup", "B", "A", None, False, "the secret_key given differs from the one that encrypts the data (stored)"),
        ("setup", "B", "A", "A", False, "the secret_key given differs from the one that encrypts the data (stored)"),
        ("setup", "B", None, "A", False, "the secret_key given differs from the one that encrypts the data (the server)"),
        # What keeps a rotation from its start: first what site.yml would put right.
        ("rotate", None, None, None, False, "there is no installation: no key is stored or in use"),
        ("rotate", None, None, "A", False, "the key in use is not in the store"),
        ("rotate", "A", "A", None, False, "the secret_key given is the one in use"),
    ],
)
def test_a_decision_says_why(action: str, given: str | None, stored: str | None, running: str | None, put_back: bool, why: str) -> None:
    in_use = InUse(running, "the server") if running else None
    assert decide(action, given=given, stored=stored, in_use=in_use, put_back=put_back).why == why


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


def test_a_value_is_read_as_of_the_containers_deployment_and_says_from_where() -> None:
    """A container keeps the value with which it was started; the store may hold another one since."""
    versions = {1_764_000_000.0: ("old", "version 1"), None: ("new", "")}
    server = {**container("server", {"REDASH_SECRET_KEY": "/redash/x/secret_key"}), "deployedAt": 1_764_000_000.0}
    found = key_in_use([server], lambda _, deployed_at: versions[deployed_at])
    assert found == InUse("old", "REDASH_SECRET_KEY of the container server, version 1")
    anew = container("task-runner", {"REDASH_SECRET_KEY": "/redash/x/secret_key"})
    assert key_in_use([anew], lambda _, deployed_at: versions[deployed_at]) == InUse(
        "new", "REDASH_SECRET_KEY of the container task-runner"
    )


def test_a_container_without_variables_or_with_a_variable_without_a_value_has_no_key() -> None:
    """As DescribeTaskDefinition shows them: what is empty may be left out."""
    assert key_in_use([{"name": "proxy"}, {"name": "proxy", "environment": None, "secrets": None}], read) is None
    assert key_in_use([{"name": "server", "environment": [{"name": "REDASH_SECRET_KEY"}]}], read) is None


def test_a_lost_value_names_its_variable_container_and_setting() -> None:
    with pytest.raises(RedashError) as caught:
        key_in_use([container("worker", {"REDASH_COOKIE_SECRET": "/gone"})], read)
    (problem,) = caught.value.problems
    assert problem.where == "REDASH_COOKIE_SECRET of the container worker"
    assert "printenv REDASH_COOKIE_SECRET" in problem.todo
    assert problem.todo.endswith("redash_secrets.cookie_secret.")


def test_of_different_keys_the_way_out_is_said() -> None:
    different = [container("server", REDASH_SECRET_KEY="a"), container("worker", REDASH_SECRET_KEY="b")]
    with pytest.raises(RedashError) as caught:
        key_in_use(different, read)
    (problem,) = caught.value.problems
    assert problem.where == "REDASH_SECRET_KEY of the container worker"
    assert "REDASH_SECRET_KEY of the container server" in problem.what
    assert "redash_secrets.secret_key" in problem.todo
