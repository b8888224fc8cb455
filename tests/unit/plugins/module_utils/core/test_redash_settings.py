# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings as people write them: taken, refused with what helps, or told to be unread. No refusal shows a value."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.filter.settings import settings_problems
from ansible_collections.redash.ecs.plugins.module_utils.core.redash_settings import KINDS, SETTINGS, problem_of, shown, unread
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES

# Values of each kind that Redash takes, and some that end it at start or are not what was meant.
TAKEN = {
    "auth type": ["api_key", "hmac"],
    "days": ["7"],
    "fraction": ["0.1", "1", ".5", "0.0"],
    "log level": ["INFO", "DEBUG"],
    "minutes": ["30"],
    "module": ["acme.settings"],
    "modules": ["redash.query_runner.oracle", "redash.query_runner.oracle, acme.runner", "redash.query_runner.pg,"],
    "number": ["3", "-1", "+4"],
    "numbers": ["60,300,600", "60, 300"],
    "rate": ["50/hour", "10 per minute", "5/10 minutes; 100/day"],
    "seconds": ["300", "-1"],
    "switch": ["yes", "true", "on", "1", "no", "false", "off", "0", "none", "True", "OFF"],
    "text": ["anything", "{}"],
}
REFUSED = {
    "auth type": ["oauth"],
    "days": ["7d", "1.5"],
    "fraction": ["10%", "a"],
    "log level": ["info", "verbose"],
    "minutes": ["30m"],
    "module": ["acme"],
    "modules": ["oracle", "redash.query_runner.oracle, mysql", "redash/query_runner/oracle"],
    "number": ["3.5", "three", "0x10"],
    "numbers": ["1m,5m", "[60]"],
    "rate": ["fast", "50", "50/hours of"],
    "seconds": ["5 min", "5m", "1h", "300s", "1.5"],
    "switch": ["enabled", "disabled", "y", "2", "t"],
}


def test_every_kind_is_tried() -> None:
    assert set(TAKEN) == set(KINDS) and set(REFUSED) == set(KINDS) - {"text"}
    assert {setting.kind for setting in SETTINGS.values()} == set(KINDS)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in TAKEN.items() for text in texts])
def test_a_value_that_redash_takes_is_taken(kind: str, text: str) -> None:
    for name in (name for name, setting in SETTINGS.items() if setting.kind == kind and kind != "text"):
        assert problem_of(name, text) is None, name


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in REFUSED.items() for text in texts])
def test_a_value_that_ends_redash_is_refused_and_not_shown(kind: str, text: str) -> None:
    for name in (name for name, setting in SETTINGS.items() if setting.kind == kind):
        found = str(problem_of(name, text))
        assert found.startswith(f"redash_settings: {name} {KINDS[kind].wants}. ")
        assert len(text) < 3 or text not in found.replace(KINDS[kind].todo, "").replace(name, "")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "REDASH_MAIL_SEVER",
            "REDASH_MAIL_SEVER is not a setting of Redash. REDASH_MAIL_SERVER is likely meant (it belongs into redash_mail)."
            " If it is right, set redash_settings_unknown: allow.",
        ),
        ("REDASH_ENFORCE_HTPS", "REDASH_ENFORCE_HTPS is not a setting of Redash. REDASH_ENFORCE_HTTPS is likely meant."),
        ("REDASH_FEATURE_FROBNICATION", "REDASH_FEATURE_FROBNICATION is not a setting of Redash."),
        ("redash_mail_server", "redash_mail_server is not in capital letters, and Redash does not read it. Write REDASH_MAIL_SERVER."),
        ("Redash_Host", "Redash_Host is not in capital letters, and Redash does not read it. Write REDASH_HOST."),
        ("sqlalchemy_pool_size", "sqlalchemy_pool_size is not in capital letters"),
        ("SQLALCHEMY_POOLSIZE", "SQLALCHEMY_POOLSIZE is not a setting of Redash. SQLALCHEMY_POOL_SIZE is likely meant."),
        (
            "REDASH_SAML_LOCAL_METADATA_PATH",
            "REDASH_SAML_LOCAL_METADATA_PATH ends every process of Redash at start. Set REDASH_SAML_METADATA_URL",
        ),
    ],
)
def test_a_name_that_redash_does_not_read_is_refused_with_the_likely_one(name: str, line: str) -> None:
    assert str(problem_of(name, "x")).startswith(f"redash_settings: {line}")


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "NO_PROXY", "AWS_REGION", "TZ", "ORACLE_HOME", "http_proxy", "LD_LIBRARY_PATH", "A"])
def test_a_name_of_another_program_is_taken(name: str) -> None:
    assert problem_of(name, "http://proxy.example.com:3128") is None


def test_a_name_of_a_release_to_come_may_be_allowed() -> None:
    assert problem_of("REDASH_NEW", "x") is not None
    assert problem_of("REDASH_NEW", "x", "allow") is None
    assert problem_of("REDASH_ENFORCE_HTTPS", "enabled", "allow") is not None
    assert settings_problems({"REDASH_NEW": "x"}, "refuse", "99.1.0") == []
    assert settings_problems({"REDASH_NEW": "x"}, "refuse", next(reversed(RELEASES))) != []


@pytest.mark.parametrize(
    ("name", "value", "todo"),
    [
        ("REDASH_SENTRY_DSN", "https://abc123@sentry.example.com/2", "Give it as redash_secrets.sentry_dsn."),
        ("HTTPS_PROXY", "http://user:pw@proxy.example.com:3128", "Put it into Parameter Store (redash_ssm_secrets)."),
        ("REDASH_EVENT_REPORTING_WEBHOOKS", "https://hooks.example.com/x", "Give it as redash_secrets.event_reporting_webhooks."),
        ("REDASH_SAML_SP_SETTINGS", '{"key_file": "/x"}', "Give it as redash_secrets.saml_sp_settings."),
        ("REDASH_MAIL_PASSWORD", "hunter2", "Give it as redash_mail.password."),
        ("REDASH_DATABASE_URL", "postgresql://db/redash", "Leave it out: it is composed of its parts (redash_ssm_secrets)."),
    ],
)
def test_a_secret_is_refused_and_not_shown(name: str, value: str, todo: str) -> None:
    assert settings_problems({name: value}) == [f"redash_settings: {name} is a secret and does not belong into a file. {todo}"]


@pytest.mark.parametrize(
    ("name", "likely"),
    [
        ("REDAHS_HOST", "REDASH_HOST"),
        ("REDSAH_ENFORCE_HTTPS", "REDASH_ENFORCE_HTTPS"),
        ("REDASHHOST", "REDASH_HOST"),
        ("MAIL_SERVER", "REDASH_MAIL_SERVER"),
        ("GUNICORN_TIMEOUT", "REDASH_GUNICORN_TIMEOUT"),
        ("ENFORCE_HTTPS", "REDASH_ENFORCE_HTTPS"),
    ],
)
def test_a_slip_in_the_beginning_of_a_name_is_refused_with_the_likely_one(name: str, likely: str) -> None:
    assert str(problem_of(name, "x")).startswith(f"redash_settings: {name} is not a setting of Redash. {likely} is likely meant")
    assert problem_of(name, "x", "allow") is None


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"REDASH_LOG_LEVEL": ["hunter2"]}, "REDASH_LOG_LEVEL is a list, not one value"),
        ({"REDASH_LOG_LEVEL": {"hunter2": "hunter2"}}, "REDASH_LOG_LEVEL is a dict, not one value"),
        (
            {"REDASH_ENABLED_QUERY_RUNNERS": ["redash.query_runner.pg"]},
            "REDASH_ENABLED_QUERY_RUNNERS is a list, not one value. Write one text, with commas between.",
        ),
        ({"REDASH_LOG_PREFIX": "a\nhunter2"}, "REDASH_LOG_PREFIX holds a line break or control character, which an env file cannot"),
        ({"REDASH_ENFORCE_HTTPS": " true"}, "REDASH_ENFORCE_HTTPS begins or ends with a blank. Remove it."),
        ({"REDASH_WEB_WORKERS": 4}, "REDASH_WEB_WORKERS is set for each service. Say how many processes in redash_workers."),
        ({"QUEUES": "hunter2"}, "QUEUES is set for each service. Say how many processes in redash_workers."),
        ({1: "hunter2"}, "1 is not the name of an environment variable"),
        ({"REDASH-HOST": "hunter2"}, "'REDASH-HOST' is not the name of an environment variable"),
        (
            {"REDASH_X=hunter2": None},
            "'REDASH_X' is not the name of an environment variable. Write NAME: value for each setting.",
        ),
        ({"https://u:hunter2@h": ""}, "'https' is not the name of an environment variable. Write NAME: value for each setting."),
    ],
)
def test_the_first_check_judges_all_that_is_known_before_anything_is_made(settings: dict[Any, Any], line: str) -> None:
    assert settings_problems(settings) == [f"redash_settings: {line}"]
    assert "hunter2" not in str(shown(settings))


@pytest.mark.parametrize(
    ("name", "version", "span"),
    [
        ("REDASH_GUNICORN_TIMEOUT", "10.1.0", "from 25.1.0 on"),
        ("REDASH_GOOGLE_OAUTH_SCHEME_OVERRIDE", "10.1.0", "from 25.8.0 on"),
        ("REDASH_CELERY_RESULT_EXPIRES", "25.8.0", "up to 8.0.0"),
        ("REDASH_GUNICORN_TIMEOUT", "25.8.0", ""),
        ("REDASH_CELERY_RESULT_EXPIRES", "8.0.0", ""),
        ("HTTPS_PROXY", "8.0.0", ""),
    ],
)
def test_what_a_release_does_not_read_is_told(name: str, version: str, span: str) -> None:
    assert unread([name], version) == ([f"{name}: Redash {version} does not read it; it is read {span}"] if span else [])


def test_what_redashs_own_set_up_writes_is_taken_by_its_release() -> None:
    for release in RELEASES.values():
        for name, text in release.environment.items():
            assert problem_of(name, text) is None
            assert not unread([name], release.version), (name, release.version)


@pytest.mark.parametrize(
    "settings",
    [
        *({"REDASH_ENFORCE_HTTPS": True}, {"REDASH_ADHOC_QUERY_TIME_LIMIT": 300}, {"REDASH_HOST": ""}, {"REDASH_LOG_LEVEL": None}),
        {},
    ],
)
def test_yaml_s_own_values_are_taken(settings: dict[str, Any]) -> None:
    assert settings_problems(settings) == []


def test_all_problems_are_said_at_once_and_what_is_no_mapping_is_refused() -> None:
    lines = settings_problems({"REDASH_ENFORCE_HTTPS": "enabled", "redash_host": "x", "REDASH_ADHOC_QUERY_TIME_LIMIT": "5m"})
    assert [re.split(r"[ :]+", line)[1] for line in lines] == ["REDASH_ENFORCE_HTTPS", "redash_host", "REDASH_ADHOC_QUERY_TIME_LIMIT"]
    assert settings_problems(["x"]) == ["redash_settings: not a mapping. Write NAME: value for each setting."]
    assert settings_problems({}, "maybe") == ["redash_settings_unknown: maybe is neither refuse nor allow."]
