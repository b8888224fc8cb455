# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.adoption import adopt
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
