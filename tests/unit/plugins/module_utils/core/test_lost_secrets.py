# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.lost_secrets import find_again, password_of
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import Secret, Stored

PREFIX = "/redash/x"
ELSEWHERE = {"/old/cookie": "old-cookie", "/old/url": "postgresql://redash:p%40ss@db/redash"}


def stored(**values: str) -> dict[str, Stored]:
    return {name: Stored(version=1, arn="arn", value=value) for name, value in values.items()}


def container(name: str, secrets: dict[str, str] | None = None, **environment: str) -> dict[str, object]:
    return {
        "name": name,
        "environment": [{"name": key, "value": value} for key, value in environment.items()],
        "secrets": [{"name": key, "valueFrom": value} for key, value in (secrets or {}).items()],
    }


def find(
    *names: str, store: dict[str, Stored] | None = None, containers: tuple[dict[str, object], ...] = (), allow_change: tuple[str, ...] = ()
) -> dict[str, tuple[str | None, str]]:
    found = find_again(
        [Secret(name) for name in names],
        store or {},
        containers,
        ours=lambda reference: reference.removeprefix(f"{PREFIX}/") if reference.startswith(PREFIX) else "",
        read=ELSEWHERE.get,
        allow_change=allow_change,
    )
    return {secret.name: (secret.value, secret.origin) for secret in found}


NEW = (None, "given")


def test_before_the_first_set_up_everything_is_new() -> None:
    assert find("cookie_secret", "secret_key", "database_password") == {
        "cookie_secret": NEW,
        "secret_key": NEW,
        "database_password": NEW,
    }


def test_the_databases_password_is_found_in_its_url() -> None:
    found = find("database_password", store=stored(database_url="postgresql://redash:p%40ss@db:5432/redash?sslmode=require"))
    assert found == {"database_password": ("p@ss", "found in database_url")}


@pytest.mark.parametrize("url", [None, "", "postgresql://db/redash", "postgresql://redash@db/redash"])
def test_a_url_without_a_password_holds_none(url: str | None) -> None:
    assert password_of(url) is None


@pytest.mark.parametrize(
    ("held", "value"),
    [
        (container("server", REDASH_COOKIE_SECRET="plain"), "plain"),
        (container("server", {"REDASH_COOKIE_SECRET": "/old/cookie"}), "old-cookie"),
    ],
)
def test_what_containers_got_from_elsewhere_is_carried_over(held: dict[str, object], value: str) -> None:
    found = find("cookie_secret", containers=(container("log-router"), held))
    assert found["cookie_secret"] == (value, "found in REDASH_COOKIE_SECRET of the container server")


def test_so_is_the_databases_password_in_a_url_of_theirs() -> None:
    found = find("database_password", containers=(container("server", {"REDASH_DATABASE_URL": "/old/url"}),))
    assert found["database_password"] == ("p@ss", "found in REDASH_DATABASE_URL of the container server")


def test_lost_secrets_are_asked_for_all_at_once_and_never_invented() -> None:
    server = container(
        "server",
        {
            "REDASH_COOKIE_SECRET": f"{PREFIX}/cookie_secret",
            "REDASH_DATABASE_URL": f"{PREFIX}/database_url",
            "REDASH_SAML_KEY": f"{PREFIX}/saml_key",
        },
    )
    with pytest.raises(RedashError) as caught:
        find("cookie_secret", "database_password", "saml_key", "google_client_secret", containers=(server,))
    lines = [str(problem) for problem in caught.value.problems]
    assert len(lines) == 3
    assert lines[0].startswith("REDASH_COOKIE_SECRET of the container server: its value, /redash/x/cookie_secret, is gone")
    assert "give it as redash_secrets.cookie_secret" in lines[0]
    assert "-e ssm_secrets_allow_change=cookie_secret" in lines[0]
    assert lines[1].startswith("REDASH_DATABASE_URL of the container server")
    assert "redash_secrets.database_password" in lines[1]
    assert "give it as redash_secrets.saml_key" in lines[2]
    assert "allow_change" not in lines[2]


def test_a_lost_cookie_secret_is_made_anew_for_those_who_say_so() -> None:
    server = container("server", {"REDASH_COOKIE_SECRET": f"{PREFIX}/cookie_secret"})
    assert find("cookie_secret", containers=(server,), allow_change=("cookie_secret",)) == {"cookie_secret": NEW}


def test_the_first_administrators_password_is_made_anew() -> None:
    runner = container("task-runner", {"REDASH_ADMIN_PASSWORD": f"{PREFIX}/admin_password"})
    assert find("admin_password", containers=(runner,)) == {"admin_password": NEW}


def test_what_is_stored_or_given_is_left_alone() -> None:
    server = container("server", REDASH_COOKIE_SECRET="another")
    assert find("cookie_secret", store=stored(cookie_secret="x"), containers=(server,)) == {"cookie_secret": NEW}
    given = find_again([Secret("cookie_secret", value="mine")], {}, [server], ours=lambda _: "", read=ELSEWHERE.get, allow_change=())
    assert [secret.value for secret in given] == ["mine"]


def test_no_value_is_in_what_python_prints_or_in_a_message() -> None:
    found = find_again(
        [Secret("cookie_secret")], {}, [container("s", REDASH_COOKIE_SECRET="hush")], ours=lambda _: "", read=ELSEWHERE.get, allow_change=()
    )
    assert "hush" not in repr(found)


def test_a_password_is_read_out_of_a_url_as_it_was_before_it_was_encoded() -> None:
    assert password_of("postgresql://redash:a%2Fb%25@db/redash") == "a/b%"


COOKIE, URL = "REDASH_COOKIE_SECRET", "REDASH_DATABASE_URL"


@pytest.mark.parametrize(
    ("name", "store", "containers", "found"),
    [
        # The stored URL comes before what containers have.
        (
            "database_password",
            stored(database_url="postgresql://redash:one@db/redash"),
            (container("a", REDASH_DATABASE_URL="postgresql://redash:two@db/redash"),),
            ("one", "found in database_url"),
        ),
        (
            "database_password",
            stored(database_url="postgresql://db/redash"),
            (container("a", REDASH_DATABASE_URL="postgresql://redash:two@db/redash"),),
            ("two", "found in REDASH_DATABASE_URL of the container a"),
        ),
        # Its own variable is none that a container has.
        ("database_password", {}, (container("a", REDASH_DATABASE_PASSWORD="x"),), NEW),
        ("database_password", {}, (container("a", REDASH_DATABASE_URL="postgresql://db/redash"),), NEW),
        # The first container that has one; an empty variable is none.
        (
            "cookie_secret",
            {},
            (container("a", REDASH_COOKIE_SECRET=""), container("b", REDASH_COOKIE_SECRET="x"), container("c", REDASH_COOKIE_SECRET="y")),
            ("x", f"found in {COOKIE} of the container b"),
        ),
        # One that got it from here, and from here it is gone; another still has it.
        (
            "cookie_secret",
            {},
            (container("a", {COOKIE: f"{PREFIX}/cookie_secret"}), container("b", {COOKIE: "/old/cookie"})),
            ("old-cookie", f"found in {COOKIE} of the container b"),
        ),
        # Elsewhere it is gone, too: it was not ours, so a new one is made.
        ("cookie_secret", {}, (container("a", {COOKIE: "/old/gone"}),), NEW),
        ("cookie_secret", {}, (container("a", {"REDASH_OTHER": "/old/cookie"}, REDASH_OTHER="x"),), NEW),
        ("cookie_secret", {}, ({"name": "a"}, {"name": "b", "environment": None, "secrets": None}), NEW),
        ("cookie_secret", {}, ({"name": "a", "environment": [{"name": COOKIE}]},), NEW),
        # The encryption key has rules of its own.
        ("secret_key", {}, (container("a", REDASH_SECRET_KEY="x"),), NEW),
        ("secret_key", {}, (container("a", {"REDASH_SECRET_KEY": f"{PREFIX}/secret_key"}),), NEW),
    ],
)
def test_where_a_missing_secret_is_found(
    name: str, store: dict[str, Stored], containers: tuple[dict[str, object], ...], found: tuple[str | None, str]
) -> None:
    assert find(name, store=store, containers=containers) == {name: found}


def test_no_place_of_ours_is_read_again() -> None:
    """The store has said already that it does not hold it."""
    reads: list[str] = []
    held = (container("a", {COOKIE: f"{PREFIX}/cookie_secret"}), container("b", {COOKIE: "/old/gone"}))
    with pytest.raises(RedashError):
        find_again(
            [Secret("cookie_secret")],
            {},
            held,
            ours=lambda reference: reference if reference.startswith(PREFIX) else "",
            read=reads.append,
            allow_change=(),
        )
    assert reads == ["/old/gone"]


@pytest.mark.parametrize(
    ("name", "variable", "ends"),
    [
        (
            "cookie_secret",
            COOKIE,
            "and give it as redash_secrets.cookie_secret."
            " Or have a new one made, then everybody logs in again: -e ssm_secrets_allow_change=cookie_secret",
        ),
        ("saml_key", "REDASH_SAML_KEY", "and give it as redash_secrets.saml_key."),
        (
            "database_password",
            URL,
            "or set a new one on the cluster (aws rds modify-db-cluster) and give that.",
        ),
    ],
)
def test_a_lost_secret_is_told_with_where_it_was_and_all_that_can_be_done(name: str, variable: str, ends: str) -> None:
    reference = f"{PREFIX}/{variable.removeprefix('REDASH_').lower()}"
    held = (container("other"), container("server", {variable: reference}))
    with pytest.raises(RedashError) as caught:
        find(name, containers=held)
    (problem,) = caught.value.problems
    assert problem.where == f"{variable} of the container server"
    assert problem.what == f"its value, {reference}, is gone from the secret store"
    assert problem.todo.endswith(ends)
    assert find(name, containers=held, allow_change=(name,)) == {name: NEW}
    with pytest.raises(RedashError):
        find(name, containers=held, allow_change=("another",))


def test_the_order_stays_and_what_is_composed_is_left_to_its_parts() -> None:
    wanted = [Secret("database_url", compose="{database_password}"), Secret("cookie_secret"), Secret("a", value="x", origin="given")]
    held = [container("s", REDASH_COOKIE_SECRET="c", REDASH_DATABASE_URL="d", REDASH_A="other")]
    found = find_again(iter(wanted), {}, iter(held), ours=lambda _reference: "", read=ELSEWHERE.get, allow_change=())
    assert found == [wanted[0], Secret("cookie_secret", value="c", origin="found in REDASH_COOKIE_SECRET of the container s"), wanted[2]]
