# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.adoption import Format, adopt
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

ENV = """\
PYTHONUNBUFFERED=0
REDASH_LOG_LEVEL=INFO
REDASH_HOST=https://redash.example.com
REDASH_REDIS_URL=redis://redis:6379/0
POSTGRES_PASSWORD=hush-postgres
REDASH_COOKIE_SECRET=hush-cookie
REDASH_SECRET_KEY=hush-key
REDASH_DATABASE_URL=postgresql://postgres:hush-postgres@postgres/postgres
REDASH_MAIL_SERVER=smtp.example.com
REDASH_MAIL_PASSWORD=hush-mail
REDASH_GOOGLE_CLIENT_SECRET=hush-google
REDASH_MAIL_USE_SSL=
SQLALCHEMY_POOL_SIZE=10
"""


def test_each_variable_has_a_destiny_and_no_value_is_in_it() -> None:
    found = adopt(ENV, "env", prefix="/redash/x")
    assert found.secrets == {
        "cookie_secret": "hush-cookie",
        "secret_key": "hush-key",
        "mail_password": "hush-mail",
        "google_client_secret": "hush-google",
    }
    assert found.settings == {"REDASH_LOG_LEVEL": "INFO", "REDASH_MAIL_SERVER": "smtp.example.com", "SQLALCHEMY_POOL_SIZE": "10"}
    assert found.host == "https://redash.example.com"
    assert {name: destiny.split(":")[0] for name, destiny in found.destinies.items()} == {
        "PYTHONUNBUFFERED": "not taken",
        "REDASH_LOG_LEVEL": "inventory",
        "REDASH_HOST": "inventory",
        "REDASH_REDIS_URL": "not taken",
        "POSTGRES_PASSWORD": "not taken",
        "REDASH_COOKIE_SECRET": "secret",
        "REDASH_SECRET_KEY": "secret",
        "REDASH_DATABASE_URL": "not taken",
        "REDASH_MAIL_SERVER": "inventory",
        "REDASH_MAIL_PASSWORD": "secret",
        "REDASH_GOOGLE_CLIENT_SECRET": "secret",
        "REDASH_MAIL_USE_SSL": "not taken",
        "SQLALCHEMY_POOL_SIZE": "inventory",
    }
    assert "hush" not in repr(found)


def test_without_a_key_the_cookie_secret_is_carried_forward() -> None:
    found = adopt("REDASH_COOKIE_SECRET=hush\n", "env", prefix="/redash/x")
    assert found.secrets == {"cookie_secret": "hush", "secret_key": "hush"}
    assert "taken from REDASH_COOKIE_SECRET" in found.destinies["REDASH_SECRET_KEY"]


@pytest.mark.parametrize("text", ["", "REDASH_LOG_LEVEL=INFO\n", "REDASH_COOKIE_SECRET=\n"])
def test_without_any_key_nothing_is_adopted(text: str) -> None:
    with pytest.raises(RedashError, match="env: it holds neither REDASH_SECRET_KEY nor REDASH_COOKIE_SECRET"):
        adopt(text, "env", prefix="/redash/x")


def test_a_url_that_holds_a_password_is_a_secret_whatever_its_name() -> None:
    found = adopt("REDASH_COOKIE_SECRET=c\nREDASH_STATSD=https://me:hush@statsd.example\n", "env", prefix="/redash/x")
    assert found.secrets["statsd"] == "https://me:hush@statsd.example"
    assert found.settings == {}


def test_the_last_of_two_values_wins_as_in_compose() -> None:
    found = adopt("REDASH_SECRET_KEY=old\nREDASH_SECRET_KEY=new\nREDASH_COOKIE_SECRET=c\n", "env", prefix="/redash/x")
    assert found.secrets["secret_key"] == "new"


@pytest.mark.parametrize("line", ["REDASH_MAIL_PASSWORD='hush", "hush hush"])
def test_a_line_that_cannot_be_read_is_named_and_not_quoted(line: str) -> None:
    with pytest.raises(RedashError, match=r"^env:2: the line can't be read as NAME=value") as caught:
        adopt(f"REDASH_COOKIE_SECRET=c\n{line}\n", "env", prefix="/redash/x")
    assert "hush" not in str(caught.value)


AMBIGUOUS = 'REDASH_COOKIE_SECRET=ab$cd12\nREDASH_SECRET_KEY="abcd"\nREDASH_NAME=a # b\nREDASH_LOG_LEVEL=INFO \n'


def test_what_composes_of_old_read_otherwise_is_asked_for_by_name() -> None:
    """A key that loses its quotes, or what follows a $, opens no data source."""
    with pytest.raises(RedashError) as caught:
        adopt(AMBIGUOUS, "env", prefix="/redash/x")
    assert str(caught.value).startswith("env: REDASH_COOKIE_SECRET, REDASH_SECRET_KEY, REDASH_NAME: quotes, # or $ mean one thing")
    assert "-e env_format=compose, or literal" in str(caught.value)
    assert "cd12" not in str(caught.value) and "abcd" not in str(caught.value)


def test_the_format_that_is_said_decides() -> None:
    compose = adopt(AMBIGUOUS, "env", prefix="/redash/x", env_format="compose")
    assert (compose.secrets["secret_key"], compose.settings["REDASH_NAME"]) == ("abcd", "a")
    literal = adopt(AMBIGUOUS, "env", prefix="/redash/x", env_format="literal")
    assert literal.secrets == {"cookie_secret": "ab$cd12", "secret_key": '"abcd"'}
    assert literal.settings == {"REDASH_NAME": "a # b", "REDASH_LOG_LEVEL": "INFO"}


def test_what_is_not_taken_may_be_read_either_way() -> None:
    found = adopt("REDASH_SECRET_KEY=k\nREDASH_COOKIE_SECRET=c\nPOSTGRES_PASSWORD='p'\n", "env", prefix="/redash/x")
    assert found.secrets == {"secret_key": "k", "cookie_secret": "c"}


def test_an_empty_key_is_a_key_and_is_not_taken_for_none() -> None:
    with pytest.raises(RedashError, match="REDASH_SECRET_KEY is empty, and Redash takes the empty text itself as the key"):
        adopt("REDASH_COOKIE_SECRET=c\nREDASH_SECRET_KEY=\n", "env", prefix="/redash/x")


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "SENDGRID_APIKEY", "FTP_PASS", "GCP_CREDENTIALS", "my_pwd"])
def test_a_secret_under_a_name_that_containers_would_not_get_it_by_is_said_and_stands_nowhere(name: str) -> None:
    found = adopt(f"REDASH_SECRET_KEY=k\nREDASH_COOKIE_SECRET=c\n{name}=hush\n", "env", prefix="/redash/x")
    assert found.destinies[name].startswith("not taken: a secret reaches containers as REDASH_...")
    assert "hush" not in str(found.settings) + str(found.secrets)


@pytest.mark.parametrize("name", ["REDASH_AWS_SECRET_ACCESS_KEY", "REDASH_SENDGRID_APIKEY", "REDASH_FTP_PWD", "REDASH_JWT_KEY"])
def test_more_names_of_secrets_are_known(name: str) -> None:
    found = adopt(f"REDASH_SECRET_KEY=k\nREDASH_COOKIE_SECRET=c\n{name}=hush\n", "env", prefix="/redash/x")
    assert found.secrets[name.removeprefix("REDASH_").lower()] == "hush"
    assert found.settings == {}


@pytest.mark.parametrize(
    "name", ["AWS_ACCESS_KEY_ID", "REDASH_LDAP_EMAIL_KEY", "REDASH_GOOGLE_CLIENT_ID", "REDASH_THROTTLE_PASS_RESET_PATTERN"]
)
def test_names_that_only_look_like_it_are_settings(name: str) -> None:
    found = adopt(f"REDASH_SECRET_KEY=k\nREDASH_COOKIE_SECRET=c\n{name}=x\n", "env", prefix="/redash/x")
    assert found.settings == {name: "x"}


@pytest.mark.parametrize(
    "name",
    [
        "PYTHONUNBUFFERED", "POSTGRES_PASSWORD", "REDASH_DATABASE_URL", "DATABASE_URL", "REDASH_REDIS_URL", "REDIS_URL",
        "REDASH_CELERY_BROKER", "REDASH_CELERY_BACKEND", "REDASH_LIMITER_STORAGE", "RQ_REDIS_URL", "REDASH_WEB_WORKERS",
        "WORKERS_COUNT", "QUEUES",
    ],
)  # fmt: skip
def test_what_points_to_the_old_installation_is_not_taken(name: str) -> None:
    found = adopt(f"REDASH_SECRET_KEY=k\nREDASH_COOKIE_SECRET=c\n{name}=redis://old/0\n", "env", prefix="/redash/x")
    assert found.destinies[name].startswith("not taken: ")
    assert "reaches containers" not in found.destinies[name], "its own reason says more than that of any secret"
    assert found.settings == {}
    assert set(found.secrets) == {"secret_key", "cookie_secret"}


def test_a_url_with_a_password_under_a_name_that_containers_would_not_get_it_by_stands_nowhere() -> None:
    found = adopt("REDASH_SECRET_KEY=k\nPROXY=https://me:hush@proxy.example\n", "env", prefix="/redash/x")
    assert found.destinies["PROXY"].startswith("not taken: a secret reaches containers as REDASH_...")
    assert "hush" not in str(found.settings) + str(found.secrets)


@pytest.mark.parametrize(
    ("text", "todo"),
    [
        ("REDASH_LOG_LEVEL=INFO\n", "printenv"),
        ("REDASH_SECRET_KEY=\n", "reencrypt"),
        ("REDASH_COOKIE_SECRET=c\nhush hush\n", "Correct it."),
    ],
)
def test_what_stops_an_adoption_names_the_file_and_the_way_out(text: str, todo: str) -> None:
    with pytest.raises(RedashError) as caught:
        adopt(text, "old/env", prefix="/redash/x")
    (problem,) = caught.value.problems
    assert problem.where.startswith("old/env")
    assert todo in problem.todo


# A line that only docker compose can read: several lines in quotes, which the older ones take for lines of their own.
ONLY_COMPOSE = 'REDASH_SECRET_KEY=k\nREDASH_BANNER="one\nnot a name two"\n'


def test_what_only_docker_compose_can_read_is_meant_for_it() -> None:
    assert adopt(ONLY_COMPOSE, "env", prefix="/redash/x").settings == {"REDASH_BANNER": "one\nnot a name two"}
    with pytest.raises(RedashError, match=r"^env:\d+: the line can't be read"):
        adopt(ONLY_COMPOSE, "env", prefix="/redash/x", env_format="literal")


def test_a_name_without_a_value_is_empty_in_both_formats() -> None:
    for env_format in ("compose", "literal", None):
        found = adopt("REDASH_SECRET_KEY=k\nREDASH_NAME\n", "env", prefix="/redash/x", env_format=env_format)
        assert found.settings == {}
        assert found.secrets == {"secret_key": "k"}


@pytest.mark.parametrize(
    ("text", "env_format", "value"),
    [
        # Each can be read by one of the two only.
        ("REDASH_NAME='one\nnot a name two'\n", "compose", "one\nnot a name two"),
        ("REDASH_NAME='open\n", "literal", "'open"),
        # A variable that the file does not set is empty, not 0.
        ("REDASH_NAME=a${NOT_SET}b\n", "compose", "ab"),
        ("REDASH_NAME=a${NOT_SET}b\n", "literal", "a${NOT_SET}b"),
    ],
)
def test_a_file_is_read_in_the_format_that_is_said_and_in_no_other(text: str, env_format: Format, value: str) -> None:
    assert adopt(f"REDASH_SECRET_KEY=k\n{text}", "env", prefix="/x", env_format=env_format).settings == {"REDASH_NAME": value}
