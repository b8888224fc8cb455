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
