# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redash's settings: which there are in which release, and what each may hold.

Redash reads its settings while it is imported. A value that it cannot read ends every process at start, and a name that it does not
know it leaves unread without a word. So both are said before anything is deployed. Read in redash/settings, redash/query_runner and
bin/docker-entrypoint of getredash/redash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem
from ansible_collections.redash.ecs.plugins.module_utils.core.mail import NO, YES
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES, number_of
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import HIDDEN, is_secret

Unknown = Literal["refuse", "allow"]

# The name of an environment variable.
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What the collection sets, and by which variable a person says how many.
COUNTS = ("REDASH_WEB_WORKERS", "WORKERS_COUNT")

_WHOLE = re.compile(r"[+-]?[0-9]+")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_RATE = re.compile(r"[0-9]+ *(?:/|per) *(?:[0-9]+ *)?(?:second|minute|hour|day|month|year)s?", re.IGNORECASE)


@dataclass(frozen=True)
class Kind:
    """What a setting of a kind may hold: ``takes`` decides, ``wants`` and ``todo`` say it to a person."""

    takes: Callable[[str], bool]
    wants: str
    todo: str


def _each(pattern: re.Pattern[str], separator: str = ",") -> Callable[[str], bool]:
    return lambda text: all(pattern.fullmatch(part.strip()) for part in re.split(separator, text) if part.strip())


def _whole(what: str, example: str) -> Kind:
    return Kind(lambda text: _WHOLE.fullmatch(text.strip()) is not None, f"is not {what}", f"Write {what}, such as {example}.")


def _one_of(*words: str) -> Kind:
    return Kind(lambda text: text in words, "holds a word that Redash does not know", f"Write one of {', '.join(words)}.")


KINDS: Mapping[str, Kind] = {
    "auth type": _one_of("api_key", "hmac"),
    "days": _whole("whole days", "7"),
    "fraction": Kind(
        lambda text: re.fullmatch(r"[0-9]*\.?[0-9]+", text.strip()) is not None, "is not a number", "Write a number such as 0.1."
    ),
    # logging.setLevel knows no lower case.
    "log level": _one_of("CRITICAL", "FATAL", "ERROR", "WARNING", "WARN", "INFO", "DEBUG", "NOTSET"),
    "minutes": _whole("whole minutes", "30"),
    "module": Kind(lambda text: _MODULE.fullmatch(text) is not None, "is not the path of a module", "Write one such as acme.settings."),
    "modules": Kind(
        _each(_MODULE), "is not a list of modules", "Write their paths, such as redash.query_runner.oracle, with commas between."
    ),
    "number": _whole("a whole number", "100"),
    "numbers": Kind(_each(_WHOLE), "is not a list of whole numbers", "Write them with commas between, such as 60,300,600."),
    "rate": Kind(_each(_RATE, "[,;|]"), "is not a rate", "Write one such as 50/hour."),
    "seconds": _whole("whole seconds", "300"),
    "switch": Kind(
        lambda text: text.strip().lower() in (*YES, *NO),
        "is not a switch",
        f"Write one of {', '.join((*YES, *NO))}; anything else ends every process at start.",
    ),
    "text": Kind(lambda text: True, "", ""),
}

# Kind, the first and the last release of the table of releases that reads it (empty: of all), names.
_TABLE: tuple[tuple[str, str, str, str], ...] = (
    (
        "auth type",
        "",
        "",
        "REDASH_AUTH_TYPE",
    ),
    (
        "days",
        "",
        "",
        "REDASH_QUERY_RESULTS_CLEANUP_MAX_AGE",
    ),
    (
        "fraction",
        "9.0.0",
        "",
        "SENTRY_TRACES_SAMPLE_RATE",
    ),
    (
        "log level",
        "",
        "",
        "REDASH_LOG_LEVEL",
    ),
    (
        "minutes",
        "",
        "",
        "REDASH_SCHEMAS_REFRESH_SCHEDULE",
    ),
    (
        "minutes",
        "8.0.0",
        "",
        "REDASH_SEND_FAILURE_EMAIL_INTERVAL",
    ),
    (
        "module",
        "8.0.0",
        "",
        "REDASH_DYNAMIC_SETTINGS_MODULE",
    ),
    (
        "modules",
        "",
        "",
        "REDASH_ADDITIONAL_DESTINATIONS REDASH_ADDITIONAL_QUERY_RUNNERS REDASH_DISABLED_QUERY_RUNNERS REDASH_ENABLED_DESTINATIONS"
        " REDASH_ENABLED_QUERY_RUNNERS",
    ),
    (
        "number",
        "",
        "",
        "REDASH_MAIL_MAX_EMAILS REDASH_MAIL_PORT REDASH_PROXIES_COUNT REDASH_QUERY_RESULTS_CLEANUP_COUNT REDASH_STATSD_PORT"
        " SQLALCHEMY_MAX_OVERFLOW SQLALCHEMY_POOL_SIZE",
    ),
    (
        "number",
        "6.0.0",
        "",
        "REDASH_KYLIN_LIMIT REDASH_KYLIN_OFFSET REDASH_PAGE_SIZE",
    ),
    (
        "number",
        "7.0.0",
        "",
        "REDASH_TABLE_CELL_MAX_JSON_SIZE",
    ),
    (
        "number",
        "8.0.0",
        "",
        "MAX_REQUESTS MAX_REQUESTS_JITTER REDASH_MAX_FAILURE_REPORTS_PER_QUERY",
    ),
    (
        "number",
        "8.0.0",
        "8.0.0",
        "REDASH_CELERY_BROKER_SSL_CERT_REQS REDASH_CELERY_WORKER_PREFETCH_MULTIPLIER",
    ),
    (
        "number",
        "10.0.0",
        "",
        "DATABRICKS_ROW_LIMIT",
    ),
    (
        "number",
        "26.3.0",
        "",
        "REDASH_GUNICORN_LIMIT_REQUEST_LINE",
    ),
    (
        "numbers",
        "",
        "",
        "REDASH_DASHBOARD_REFRESH_INTERVALS REDASH_QUERY_REFRESH_INTERVALS",
    ),
    (
        "numbers",
        "6.0.0",
        "",
        "REDASH_PAGE_SIZE_OPTIONS",
    ),
    (
        "rate",
        "",
        "",
        "REDASH_THROTTLE_LOGIN_PATTERN",
    ),
    (
        "rate",
        "10.0.0",
        "",
        "REDASH_THROTTLE_PASS_RESET_PATTERN",
    ),
    (
        "seconds",
        "",
        "",
        "REDASH_ADHOC_QUERY_TIME_LIMIT REDASH_BIGQUERY_HTTP_TIMEOUT REDASH_INVITATION_TOKEN_MAX_AGE REDASH_JOB_EXPIRY_TIME",
    ),
    (
        "seconds",
        "",
        "8.0.0",
        "REDASH_CELERY_TASK_RESULT_EXPIRES",
    ),
    (
        "seconds",
        "6.0.0",
        "8.0.0",
        "REDASH_CELERY_RESULT_EXPIRES",
    ),
    (
        "seconds",
        "8.0.0",
        "",
        "REDASH_HSTS_MAX_AGE REDASH_SCHEDULED_QUERY_TIME_LIMIT",
    ),
    (
        "seconds",
        "8.0.0",
        "8.0.0",
        "REDASH_CELERY_INIT_TIMEOUT",
    ),
    (
        "seconds",
        "9.0.0",
        "",
        "REDASH_JOB_DEFAULT_FAILURE_TTL",
    ),
    (
        "seconds",
        "10.0.0",
        "",
        "REDASH_CSRF_TIME_LIMIT REDASH_REMEMBER_COOKIE_DURATION REDASH_SESSION_EXPIRY_TIME",
    ),
    (
        "seconds",
        "25.1.0",
        "",
        "REDASH_GUNICORN_TIMEOUT REDASH_QUERY_RESULTS_EXPIRED_TTL REDASH_SCHEMAS_REFRESH_TIMEOUT",
    ),
    (
        "switch",
        "",
        "",
        "ATHENA_ANNOTATE_QUERY ATHENA_OPTIONAL_CREDENTIALS ATHENA_SHOW_EXTRA_SETTINGS MYSQL_SHOW_SSL_SETTINGS"
        " REDASH_ALLOW_PARAMETERS_IN_EMBEDS REDASH_ALLOW_SCRIPTS_IN_USER_INPUT REDASH_CORS_ACCESS_CONTROL_ALLOW_CREDENTIALS"
        " REDASH_ENFORCE_HTTPS REDASH_FEATURE_ALLOW_CUSTOM_JS_VISUALIZATIONS REDASH_FEATURE_AUTO_PUBLISH_NAMED_QUERIES"
        " REDASH_FEATURE_DISABLE_REFRESH_QUERIES REDASH_FEATURE_SHOW_PERMISSIONS_CONTROL REDASH_FEATURE_SHOW_QUERY_RESULTS_COUNT"
        " REDASH_JWT_LOGIN_ENABLED REDASH_LDAP_LOGIN_ENABLED REDASH_LOG_STDOUT REDASH_MAIL_ASCII_ATTACHMENTS REDASH_MAIL_USE_SSL"
        " REDASH_MAIL_USE_TLS REDASH_MULTI_ORG REDASH_PASSWORD_LOGIN_ENABLED REDASH_QUERY_RESULTS_CLEANUP_ENABLED"
        " REDASH_REMOTE_USER_LOGIN_ENABLED REDASH_SCHEMA_RUN_TABLE_SIZE_CALCULATIONS REDASH_SESSION_COOKIE_SECURE"
        " REDASH_STATSD_USE_TAGS REDASH_VERSION_CHECK SQLALCHEMY_DISABLE_POOL",
    ),
    (
        "switch",
        "",
        "5.0.2",
        "REDASH_FEATURE_DUMB_RECENTS",
    ),
    (
        "switch",
        "6.0.0",
        "",
        "REDASH_KYLIN_ACCEPT_PARTIAL SQLPARSE_FORMAT_REINDENT",
    ),
    (
        "switch",
        "7.0.0",
        "",
        "REDASH_LDAP_USE_SSL",
    ),
    (
        "switch",
        "8.0.0",
        "",
        "ATHENA_ASSUME_ROLE MULTI_BYTE_SEARCH_ENABLED REDASH_CONTENT_SECURITY_POLICY_REPORT_ONLY REDASH_COOKIES_SECURE"
        " REDASH_ENFORCE_FILE_SAVE REDASH_ENFORCE_HTTPS_PERMANENT REDASH_FEATURE_EXTENDED_ALERT_OPTIONS REDASH_HSTS_ENABLED"
        " REDASH_HSTS_INCLUDE_SUBDOMAINS REDASH_HSTS_PRELOAD REDASH_RATELIMIT_ENABLED REDASH_REMEMBER_COOKIE_HTTPONLY"
        " REDASH_REMEMBER_COOKIE_SECURE REDASH_SEND_EMAIL_ON_FAILED_SCHEDULED_QUERIES REDASH_SESSION_COOKIE_HTTPONLY",
    ),
    (
        "switch",
        "9.0.0",
        "",
        "HIDE_PLOTLY_MODE_BAR REDASH_ENFORCE_PRIVATE_IP_BLOCK REDASH_REQUESTS_ALLOW_REDIRECTS SQLALCHEMY_ENABLE_POOL_PRE_PING",
    ),
    (
        "switch",
        "10.0.0",
        "",
        "REDASH_DISABLE_PUBLIC_URLS REDASH_ENFORCE_CSRF",
    ),
    (
        "switch",
        "25.1.0",
        "",
        "REDASH_QUERY_RESULTS_EXPIRED_TTL_ENABLED",
    ),
    (
        "text",
        "",
        "",
        "DATABASE_URL REDASH_ALERTS_DEFAULT_MAIL_SUBJECT_TEMPLATE REDASH_COOKIE_SECRET REDASH_CORS_ACCESS_CONTROL_ALLOW_HEADERS"
        " REDASH_CORS_ACCESS_CONTROL_ALLOW_ORIGIN REDASH_CORS_ACCESS_CONTROL_REQUEST_METHOD REDASH_CSV_WRITER_ENCODING"
        " REDASH_CSV_WRITER_ERRORS REDASH_DATABASE_URL REDASH_DATE_FORMAT REDASH_EVENT_REPORTING_WEBHOOKS REDASH_GOOGLE_CLIENT_ID"
        " REDASH_GOOGLE_CLIENT_SECRET REDASH_HOST REDASH_JWT_AUTH_ALGORITHMS REDASH_JWT_AUTH_AUDIENCE REDASH_JWT_AUTH_COOKIE_NAME"
        " REDASH_JWT_AUTH_HEADER_NAME REDASH_JWT_AUTH_ISSUER REDASH_JWT_AUTH_PUBLIC_CERTS_URL REDASH_LDAP_BIND_DN"
        " REDASH_LDAP_BIND_DN_PASSWORD REDASH_LDAP_CUSTOM_USERNAME_PROMPT REDASH_LDAP_DISPLAY_NAME_KEY REDASH_LDAP_EMAIL_KEY"
        " REDASH_LDAP_SEARCH_DN REDASH_LDAP_SEARCH_TEMPLATE REDASH_LDAP_URL REDASH_LIMITER_STORAGE REDASH_LOG_FORMAT"
        " REDASH_LOG_PREFIX REDASH_MAIL_DEFAULT_SENDER REDASH_MAIL_PASSWORD REDASH_MAIL_SERVER REDASH_MAIL_USERNAME REDASH_REDIS_URL"
        " REDASH_REMOTE_USER_HEADER REDASH_SAML_ENTITY_ID REDASH_SAML_METADATA_URL REDASH_SAML_NAMEID_FORMAT REDASH_SEARCH_DN"
        " REDASH_SENTRY_DSN REDASH_STATIC_ASSETS_PATH REDASH_STATSD_HOST REDASH_STATSD_PREFIX REDIS_URL",
    ),
    (
        "text",
        "",
        "8.0.0",
        "REDASH_CELERYD_LOG_FORMAT REDASH_CELERYD_TASK_LOG_FORMAT REDASH_CELERY_BACKEND REDASH_CELERY_BROKER",
    ),
    (
        "text",
        "6.0.0",
        "",
        "SQLPARSE_FORMAT_KEYWORD_CASE",
    ),
    (
        "text",
        "6.0.0",
        "8.0.0",
        "REDASH_CELERYD_WORKER_LOG_FORMAT REDASH_CELERYD_WORKER_TASK_LOG_FORMAT REDASH_CELERY_RESULT_BACKEND",
    ),
    (
        "text",
        "7.0.0",
        "",
        "REDASH_FLOAT_FORMAT REDASH_INTEGER_FORMAT REDASH_LDAP_AUTH_METHOD REDASH_SECRET_KEY",
    ),
    (
        "text",
        "7.0.0",
        "8.0.0",
        "REDASH_SCHEMAS_REFRESH_QUEUE",
    ),
    (
        "text",
        "8.0.0",
        "",
        "REDASH_CONTENT_SECURITY_POLICY REDASH_CONTENT_SECURITY_POLICY_NONCE_IN REDASH_CONTENT_SECURITY_POLICY_REPORT_URI"
        " REDASH_FRAME_OPTIONS REDASH_FRAME_OPTIONS_ALLOW_FROM REDASH_REFERRER_POLICY REDASH_TIME_FORMAT",
    ),
    (
        "text",
        "8.0.0",
        "8.0.0",
        "REDASH_CELERY_ACCEPT_CONTENT REDASH_CELERY_BROKER_SSL_CA_CERTS REDASH_CELERY_BROKER_SSL_CERTFILE"
        " REDASH_CELERY_BROKER_SSL_KEYFILE REDASH_CELERY_RESULT_SERIALIZER REDASH_CELERY_TASK_SERIALIZER WORKER_EXTRA_OPTIONS",
    ),
    (
        "text",
        "9.0.0",
        "",
        "REDASH_RQ_WORKER_JOB_LOG_FORMAT REDASH_SAML_SCHEME_OVERRIDE REDASH_SENTRY_ENVIRONMENT RQ_REDIS_URL",
    ),
    (
        "text",
        "10.0.0",
        "",
        "REDASH_BLOCKED_DOMAINS REDASH_FLASK_TEMPLATE_PATH REDASH_SAML_AUTH_TYPE REDASH_SAML_ENCRYPTION_CERT_PATH"
        " REDASH_SAML_ENCRYPTION_PEM_PATH REDASH_SAML_SSO_URL REDASH_SAML_X509_CERT",
    ),
    (
        "text",
        "25.1.0",
        "",
        "DATADOG_HOST REDASH_ALERTS_DEFAULT_MAIL_BODY_TEMPLATE_FILE REDASH_FEATURE_POLICY REDASH_SAML_SP_SETTINGS",
    ),
    (
        "text",
        "25.8.0",
        "",
        "REDASH_GOOGLE_OAUTH_SCHEME_OVERRIDE REDASH_NULL_VALUE REDASH_SESSION_COOKIE_NAME",
    ),
)
# Redash ends with SystemExit(1) where it is set.
_FATAL = {"REDASH_SAML_LOCAL_METADATA_PATH": "Set REDASH_SAML_METADATA_URL instead: Redash reads metadata from an address only."}
# What redash_mail decides (core/mail.py).
_OF_MAIL = re.compile(
    r"REDASH_MAIL_(SERVER|PORT|USE_TLS|USE_SSL|USERNAME|PASSWORD|DEFAULT_SENDER)",
)


# Where people come by HTTPS. Redash's own defaults are off: its session cookie would cross the network in clear after one typed http://.
# A day of HSTS: a browser that has seen it refuses HTTP for so long, and nobody can take that back.
FOR_HTTPS = {
    "REDASH_ENFORCE_HTTPS": "true",
    "REDASH_COOKIES_SECURE": "true",
    "REDASH_HSTS_ENABLED": "true",
    "REDASH_HSTS_MAX_AGE": "86400",
}


@dataclass(frozen=True)
class Setting:
    """``since`` and ``until``: the first and the last known release that reads it; empty for no bound."""

    kind: str
    since: str
    until: str

    def read_by(self, version: str) -> bool:
        number = number_of(version)
        return (not self.since or number >= number_of(self.since)) and (not self.until or number <= number_of(self.until))


SETTINGS: Mapping[str, Setting] = {name: Setting(kind, since, until) for kind, since, until, names in _TABLE for name in names.split()}


def text_of(value: Any) -> str | None:
    """``value`` as Redash reads it: ``true`` for a boolean, nothing for null. None for what is not one value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def judge(name: Any, value: Any, unknown: Unknown = "refuse") -> Problem | None:
    """What is wrong with one entry of ``redash_settings`` as a person wrote it, whatever that is; None where nothing is."""
    where = "redash_settings"
    if not isinstance(name, str) or not NAME.fullmatch(name):
        todo = "Write NAME: value for each setting." if shown_name(name) != name else ""
        return Problem(f"{shown_name(name)!r} is not the name of an environment variable", where, todo)
    text = text_of(value)
    if text is None:
        setting = SETTINGS.get(name)
        lists = isinstance(value, list | tuple) and setting is not None and setting.kind in ("modules", "numbers")
        return Problem(f"{name} is a {type(value).__name__}, not one value", where, "Write one text, with commas between." if lists else "")
    if name in ("QUEUES", *COUNTS):
        return Problem(f"{name} is set for each service", where, "Say how many processes in redash_workers.")
    if problem := problem_of(name, text, unknown):
        return problem
    if re.search(r"[\x00-\x1f\x7f]", text):
        return Problem(f"{name} holds a line break or control character, which an env file cannot", where)
    if text != text.strip():
        return Problem(f"{name} begins or ends with a blank", where, "Remove it.")
    return None


def shown_name(name: Any) -> Any:
    """``name`` as it may be shown: up to what may be a value, where a person wrote ``NAME=value`` in its place."""
    return re.split(r"[=:]", name)[0] if isinstance(name, str) else name


def shown(settings: Mapping[Any, Any]) -> dict[Any, str]:
    """The names of ``settings``, none of their values: for the record of a run that refuses one of them."""
    return {shown_name(name): HIDDEN for name in settings}


def _place_of(name: str) -> str:
    """Where the secret ``name`` belongs."""
    own = name.removeprefix("REDASH_").lower()
    if own == name.lower():
        return "Put it into Parameter Store (redash_ssm_secrets)."
    if own in ("database_url", "redis_url"):
        return "Leave it out: it is composed of its parts (redash_ssm_secrets)."
    return "Give it as redash_mail.password." if name == "REDASH_MAIL_PASSWORD" else f"Give it as redash_secrets.{own}."


def problem_of(name: str, text: str, unknown: Unknown = "refuse") -> Problem | None:
    """What is wrong with one setting; None where nothing is.

    ``text``  the value as an environment variable; it is never shown, since a person may have put a secret there
    """
    where = "redash_settings"
    setting = SETTINGS.get(name)
    # ATHENA_OPTIONAL_CREDENTIALS is a switch; what a switch or a number may hold is no secret.
    if (setting is None or setting.kind == "text") and is_secret(name, text):
        return Problem(f"{name} is a secret and does not belong into a file", where, _place_of(name))
    if name in _FATAL:
        return Problem(f"{name} ends every process of Redash at start", where, _FATAL[name])
    if setting is not None:
        kind = KINDS[setting.kind]
        return None if not text or kind.takes(text) else Problem(f"{name} {kind.wants}", where, kind.todo)
    if name != name.upper() and (name.upper() in SETTINGS or name.upper().startswith("REDASH_")):
        return Problem(f"{name} is not in capital letters, and Redash does not read it", where, f"Write {name.upper()}.")
    if unknown == "allow":
        return None
    likely = _likely(name)
    if not likely and not name.startswith("REDASH_"):
        return None
    hint = f"{likely} is likely meant{' (it belongs into redash_mail)' if _OF_MAIL.fullmatch(likely) else ''}. " if likely else ""
    return Problem(f"{name} is not a setting of Redash", where, f"{hint}If it is right, set redash_settings_unknown: allow.")


def for_https(version: str) -> dict[str, str]:
    """Settings of a Redash that people reach by HTTPS, those that the release reads."""
    return {name: value for name, value in FOR_HTTPS.items() if SETTINGS[name].read_by(version)}


def _likely(name: str) -> str:
    """The setting that a person meant who wrote ``name``; empty where none comes near.

    Names of others belong to a query runner of one's own, to Python or to AWS; of them, only what looks like a slip is one.
    """
    first, _underscore, rest = name.partition("_")
    if f"REDASH_{name}" in SETTINGS:  # the beginning that all of them have was left out
        return f"REDASH_{name}"
    own = first == "REDASH" or bool(get_close_matches(first, ["REDASH"], cutoff=0.8))
    # Compared without that beginning.
    names = {known.removeprefix("REDASH_") if own else known: known for known in SETTINGS if not own or known.startswith("REDASH_")}
    found = get_close_matches(rest if own else name, names, n=1, cutoff=0.75 if own else 0.92)
    if not found:  # REDASHHOST
        found = get_close_matches(name, SETTINGS, n=1, cutoff=0.92)
    return names.get(found[0], found[0]) if found else ""


def unread(names: Iterable[str], version: str) -> list[str]:
    """One line for each of ``names`` that the release ``version`` does not read, though another one does."""
    lines = []
    for name in names:
        setting = SETTINGS.get(name)
        if setting is not None and not setting.read_by(version):
            span = f"from {setting.since} on" if setting.since and not setting.until else f"up to {setting.until}"
            lines.append(f"{name}: Redash {version} does not read it; it is read {span}")
    return lines


def problems_of(settings: Mapping[Any, Any], unknown: Unknown = "refuse", version: str = "") -> list[Problem]:
    """What is wrong with the names and values of ``redash_settings``, all at once.

    ``version``  the release; one that the table of releases lacks may read names that this table lacks
    """
    found = []
    if version and version not in RELEASES:
        unknown = "allow"
    for name, value in settings.items():
        problem = judge(name, value, unknown)
        found += [problem] if problem is not None else []
    return found
