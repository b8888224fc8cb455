# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is secret: one answer for every form of a name and of a value, whatever asks."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.adoption import adopt
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.manage import command
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import (
    HIDDEN,
    Masker,
    is_secret,
    is_secret_name,
    mask,
    mask_arguments,
    secret_options,
)
from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition import differences, masked

SECRET_NAMES = [
    *("sslkeyFile", "cert_key_File", "jsonKeyFile", "private_key_File", "private_key_pwd", "aws_secret_key", "aws_secret_access_key"),
    *("bearer", "LDAP_PWD", "http_passwd", "http_password", "passwd", "apikey", "api_key", "ApiKey", "APIKey", "X-Api-Key", "cf_token"),
    *("REDASH_SENTRY_DSN", "REDASH_COOKIE_SECRET", "REDASH_SECRET_KEY", "REDASH_DATABASE_URL", "REDIS_URL", "REDASH_MAIL_PASSWORD"),
    *("REDASH_EVENT_REPORTING_WEBHOOKS", "SLACK_WEBHOOK_URL", "OAUTH_CLIENT_SECRET", "clientSecret", "dbpassword", "DB_PW", "DB_PASS"),
    *("sslrootcertFile", "sslCertificateFile", "ssl_ca_cert_File", "integration_key", "key", "pat", "credentials", "Authorization"),
    *("PASSPHRASE", "SALT", "COOKIE", "SIGNING_KEY", "JWT_KEY", "tokens", "password_hash", "privateKey", "session-token", "api_keys"),
]
OTHER_NAMES = [
    *("sslmode", "key_column", "monkey", "turkey", "keyboard", "primary_key", "public_key", "partitionKey", "kms_key", "KEYS", "compass"),
    *("REDASH_PASSWORD_LOGIN_ENABLED", "REDASH_INVITATION_TOKEN_MAX_AGE", "REDASH_THROTTLE_PASS_RESET_PATTERN", "REDASH_COOKIES_SECURE"),
    *("REDASH_JWT_AUTH_COOKIE_NAME", "REDASH_JWT_AUTH_ALGORITHMS", "REDASH_AUTH_TYPE", "REDASH_GOOGLE_CLIENT_ID", "REDASH_LDAP_EMAIL_KEY"),
    *("REDASH_LDAP_AUTH_METHOD", "tokenURI", "tokenizer", "REDASH_SECRETARY", "author", "AWS_ACCESS_KEY_ID", "max_tokens", "host", ""),
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_name_says_that_its_value_is_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_name_that_only_sounds_like_it_is_none(name: str) -> None:
    assert not is_secret_name(name)


VALUES = [
    ('Options: {"password": 8471236590}', 'Options: {"password": "********"}'),
    ("Server=db;Uid=u;Password=pa;Port=1", "Server=db;Uid=u;Password=********;Port=1"),
    ("Server=db;Pwd=two words;Port=1", "Server=db;Pwd=********;Port=1"),
    ("Driver=x;PWD={a;b};Port=1", "Driver=x;PWD=********;Port=1"),
    ("host=db password=s3cret port=1", "host=db password=******** port=1"),
    ("host=db password='s3 cret' port=1", "host=db password='********' port=1"),
    ("postgres://u:p@ss@db.example.com/x", "postgres://u:********@db.example.com/x"),
    ("rediss://:p:a@redis:6379/0, amqp://u:p@h", "rediss://:********@redis:6379/0, amqp://u:********@h"),
    ("jdbc:postgresql://h/db?user=a&password=b&ssl=true", "jdbc:postgresql://h/db?user=a&password=********&ssl=true"),
    ("https://chat.example.com/v1/x?key=abc&threadKey=1", "https://chat.example.com/v1/x?key=********&threadKey=********"),
    ("https://hooks.example.com/T0/B0/abcdef", "https://hooks.example.com/********"),
    ("https://x.webhook.example.com/webhookb2/abc@def/x", "https://x.webhook.example.com/********"),
    ("https://discord.example.com/api/webhooks/12/ab-c", "https://discord.example.com/api/webhooks/********"),
    ("https://0123456789abcdef0123456789abcdef@sentry.example.com/1", "https://********@sentry.example.com/1"),
    ("Authorization: Bearer abcDEF123", "Authorization: ********"),
    ('curl -H "Authorization: Bearer abcDEF123" http://x:80', 'curl -H "Authorization: ********" http://x:80'),
    ("got Bearer abcDEF123 from it", "got Bearer ******** from it"),
    ("bearer: abc", "bearer: ********"),
    ("'api_key': u'it\\'s', 'x': 1", "'api_key': u'********', 'x': 1"),
    ('"{\\"password\\": \\"a\\\\\\"b\\", \\"h\\": 1}"', '"{\\"password\\": \\"********\\", \\"h\\": 1}"'),
    ('{"credentials": {"a": [1, "}"]}, "x": 1}', '{"credentials": "********", "x": 1}'),
    ('{"cert": "-----BEGIN PRIVATE KEY-----\\nMII"}', '{"cert": "********'),
    ("SECRET_KEY = ab\"cd 'ef", "SECRET_KEY = ********"),
    ("('x', '$6$rounds=656000$abc$defghijkl')", "('x', '********')"),
    ("(1, Ada, Abcdefghij1234567890abcdefghij1234567890, f)", "(1, Ada, ********, f)"),
    ("SG.abcdefghijklmnop.qrs", "********"),
    # Cut where the log event ends.
    ('Options: {"host": "h", "password": "cut', 'Options: {"host": "h", "password": "********'),
    ("SQLALCHEMY_DATABASE_URI = postgresql://redash:cut", "SQLALCHEMY_DATABASE_URI = postgresql://redash:********"),
    ('{"credentials": {"a": [1, ', '{"credentials": "********"'),
]


@pytest.mark.parametrize(("value", "shown"), VALUES)
def test_a_secret_in_a_text_is_masked_and_the_rest_stays(value: str, shown: str) -> None:
    assert mask(value) == shown
    assert mask(shown) == shown


@pytest.mark.parametrize("value", [value for value, _shown in VALUES if "PRIVATE" not in value])
def test_the_same_forms_are_secrets_when_a_setting_holds_them(value: str) -> None:
    assert is_secret("REDASH_ANY", value)


@pytest.mark.parametrize(
    "text",
    [
        "http://host:8080/path?mail=a@b.c",
        "http://me@proxy.example.com:3128",
        "redis://redis:6379/0",
        "cryptography.fernet.InvalidToken: the key is another one",
        "botocore.exceptions.NoCredentialsError: Unable to locate credentials",
        'FATAL:  password authentication failed for user "redash"',
        "DETAIL:  Key (email)=(a@b.c) already exists.",
        "Error: unexpected token: foo",
        "Basic authentication failed",
        "MAIL_PASSWORD = None",
        '{"api_key": null, "password": "", "sslmode": "require", "partition_key": "id"}',
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:redash/prod/secret_key-AbCdEf",
        "commit 5836507e1c0e2f1d9b7f4fd3f1f3a3a1b2c3d4e5",
        "Permissions: [create_dashboard,view_source]",
        "see https://docs.example.com/hooks/ for more",
    ],
)
def test_what_holds_no_secret_is_shown_as_it_is(text: str) -> None:
    assert mask(text) == text
    assert not is_secret("REDASH_ANY", text)


@pytest.mark.parametrize("value", [None, True, False, "", " ", "true", "False", "none", [], {}])
def test_nothing_and_a_switch_are_no_secrets(value: object) -> None:
    assert not is_secret("REDASH_SECRET", value)


def test_a_value_is_searched_at_every_depth() -> None:
    assert is_secret("REDASH_SAML_SP_SETTINGS", '{"sp": {"key_file": "/x"}}')
    assert is_secret("SETTINGS", {"sp": [{"privateKey": "x"}]})
    assert is_secret("LIST", ["a", "postgres://u:p@h"])
    assert not is_secret("SETTINGS", {"sp": [{"host": "x"}]})


# A word without any character that ends a value in one of the forms, nor one that is a value of its own.
WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789!%+-.^_~", min_size=4, max_size=30).map(lambda text: f"zq{text}")
QUOTED = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=4, max_size=30).map(lambda t: f"zq{t}")
FORMS = [
    '{{"host": "h", "{name}": "{value}", "port": 1}}',
    "{{'{name}': '{value}'}}",
    "{{'{name}': u'{value}'}}",
    "[parameters: {{'{name}': '{value}', 'id': 3}}]",
    "{name}={value}",
    "{name} = {value}",
    "--{name}={value} --host=h",
    "a=b;{name}={value};c=d",
    "https://h/x?a=b&{name}={value}&c=d",
    "{name}: {value}",
    '{{"{name}": "{value}',
]


@given(form=st.sampled_from(FORMS), name=st.sampled_from([name for name in SECRET_NAMES if name != "key"]), value=WORDS)
def test_no_form_of_an_assignment_shows_a_secret(form: str, name: str, value: str) -> None:
    text = form.format(name=name, value=value)
    assert value not in mask(text)
    assert value not in mask(f"2026-12-01 INFO {text}") or ": " in text


@given(name=st.sampled_from(SECRET_NAMES), value=QUOTED, depth=st.integers(0, 2))
def test_json_at_any_depth_hides_a_secret_and_stays_json(name: str, value: str, depth: int) -> None:
    assume(name != "key" or depth == 0)
    text = json.dumps({"host": "h", name: value, "port": 1})
    for _level in range(depth):
        text = json.dumps(text)
    shown: object = mask(text)
    for _level in range(depth + 1):
        shown = json.loads(str(shown))
    assert shown == {"host": "h", name: HIDDEN, "port": 1}


@given(user=st.text("abc", max_size=3), password=WORDS | WORDS.map(lambda text: f"{text}@{text}"))
def test_the_password_of_a_url_ends_at_the_last_at_sign(user: str, password: str) -> None:
    assert mask(f"x postgresql://{user}:{password}@db.example.com/x y") == f"x postgresql://{user}:{HIDDEN}@db.example.com/x y"


@given(st.text(max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(names=st.sampled_from([name for name in SECRET_NAMES if is_secret_name(f"x_{name}")]), value=WORDS)
def test_masks_refusals_adoption_and_diffs_agree(names: str, value: str) -> None:
    variable = "REDASH_" + names.replace("-", "_")
    assume(variable not in ("REDASH_REDASH_DATABASE_URL", "REDASH_DATABASE_URL", "REDASH_REDIS_URL", "REDASH_SECRET_KEY"))
    assert is_secret(variable, value)
    adopted = adopt(f"REDASH_SECRET_KEY=k\nREDASH_COOKIE_SECRET=c\n{variable}={value}\n", "env", prefix="/x", env_format="literal")
    assert value not in str(adopted.settings)
    definition = {"containerDefinitions": [{"name": "a", "environment": [{"name": variable, "value": value}]}]}
    assert value not in str(masked(definition))
    assert value not in str(
        differences({"containerDefinitions": [{"name": "a", "environment": [{"name": variable, "value": "b"}]}]}, definition)
    )
    with pytest.raises(RedashError, match="is given in plain text"):
        command(["ds", "new", "x", "--type", "pg", "--options", json.dumps({names: value})])


def test_the_options_that_redash_declares_as_secret_are_refused_in_plain_text() -> None:
    options = {"host": "h", "key": "k", "secret": "s", "nested": {"cert_File": "c", "port": 1}, "dsn": "Pwd=x", "password": 12}
    assert dict(secret_options(options)) == {"key": "k", "secret": "s", "nested.cert_File": "c", "dsn": "Pwd=x", "password": 12}
    assert dict(secret_options({"url": "https://x.example.com/y"}, "slack")) == {"url": "https://x.example.com/y"}
    assert dict(secret_options({"url": "https://x.example.com/y"}, "json")) == {}


def test_the_word_behind_an_option_for_a_secret_is_hidden() -> None:
    words = ["run", "--password", "x", "--token=y", "--password-file", "/f", "--host", "h", "postgres://u:p@h"]
    assert mask_arguments(words) == [
        "run",
        *("--password", HIDDEN, f"--token={HIDDEN}", "--password-file", "/f", "--host", "h", f"postgres://u:{HIDDEN}@h"),
    ]


def test_a_private_key_of_many_lines_is_hidden_whole() -> None:
    masker = Masker()
    lines = ["a", "x -----BEGIN RSA PRIVATE KEY-----", "MII1", "MII2", "-----END RSA PRIVATE KEY----- b", "c"]
    assert [line for message in lines for line in masker.message(message)] == ["a", f"x {HIDDEN}", HIDDEN, HIDDEN, f"{HIDDEN} b", "c"]
    assert Masker().message("\n".join(lines)) == ["a", f"x {HIDDEN}", HIDDEN, HIDDEN, f"{HIDDEN} b", "c"]


def test_a_secret_that_goes_on_in_the_next_message_is_hidden_there_too() -> None:
    masker = Masker()
    first = 'Options: {"x": "' + "y" * 16 * 1024 + '", "password": "hun'
    assert masker.message(first)[0].endswith(f'"password": "{HIDDEN}')
    assert masker.message('ter2", "host": "h"}') == [f'{HIDDEN}", "host": "h"}}']
    assert masker.message('"host": "h"') == ['"host": "h"']
    # A short line that leaves a quote open is no cut: what follows stays.
    assert masker.message('{"password": "hun') == [f'{{"password": "{HIDDEN}']
    assert masker.message("ready") == ["ready"]


def test_a_url_that_goes_on_in_the_next_message_is_hidden_there_too() -> None:
    masker = Masker()
    masker.message("y" * 16 * 1024 + " postgres://u:hun")
    assert "ter2" not in masker.message("ter2@db/x and more")[0]


@pytest.mark.parametrize(
    "piece", ["a.", "a:", "://", "password=", '"password": "', "[", "{", "\\", "x@", "-----BEGIN PRIVATE KEY-----", "A1b"]
)
def test_a_long_line_takes_no_long_time(piece: str) -> None:
    text = piece * (256 * 1024 // len(piece))
    start = time.process_time()
    mask(text)
    Masker().message(text)
    assert time.process_time() - start < 10
