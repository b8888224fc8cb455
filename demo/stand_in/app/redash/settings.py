# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redash's settings, read as Redash reads them: an empty boolean or number is an error, not "unset"."""

from __future__ import annotations

import os

from redash import release

TRUE = ("yes", "true", "on", "1")
FALSE = ("no", "false", "off", "0", "none")


def parse_boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered in TRUE:
        return True
    if lowered in FALSE:
        return False
    raise ValueError(f"Invalid boolean value {text!r}")


def boolean(name: str, default: str) -> bool:
    return parse_boolean(os.environ.get(name, default))


def integer(name: str, default: str) -> int:
    return int(os.environ.get(name, default))


PID = os.getpid()
SMALL = boolean("REDASH_STAND_IN_SMALL", "false")
REDIS_URL = os.environ.get("REDASH_REDIS_URL", os.environ.get("REDIS_URL", "redis://localhost:6379/0"))
RQ_REDIS_URL = os.environ.get("RQ_REDIS_URL", REDIS_URL)
DATABASE_URL = os.environ.get("REDASH_DATABASE_URL", os.environ.get("DATABASE_URL", "postgresql:///postgres"))
# Up to 10.0 a missing secret fell back to one that everybody knows.
_WELL_KNOWN = None if release.NUMBER >= (10, 1) else "c292a0a3aa32397cdb050e233733900f"
COOKIE_SECRET = os.environ.get("REDASH_COOKIE_SECRET", _WELL_KNOWN)
SECRET_KEY = os.environ.get("REDASH_SECRET_KEY", COOKIE_SECRET)
DATASOURCE_SECRET_KEY = SECRET_KEY

PROXIES_COUNT = integer("REDASH_PROXIES_COUNT", "1")
ENFORCE_HTTPS = boolean("REDASH_ENFORCE_HTTPS", "false")
COOKIES_SECURE = boolean("REDASH_COOKIES_SECURE", str(ENFORCE_HTTPS))
HSTS_ENABLED = boolean("REDASH_HSTS_ENABLED", str(ENFORCE_HTTPS))
ENFORCE_CSRF = boolean("REDASH_ENFORCE_CSRF", "false")
MULTI_ORG = boolean("REDASH_MULTI_ORG", "false")
RATELIMIT_ENABLED = boolean("REDASH_RATELIMIT_ENABLED", "true")
VERSION_CHECK = boolean("REDASH_VERSION_CHECK", "true")
LOG_LEVEL = os.environ.get("REDASH_LOG_LEVEL", "INFO")
LOG_STDOUT = boolean("REDASH_LOG_STDOUT", "false")
HOST = os.environ.get("REDASH_HOST", "")

MAIL_SERVER = os.environ.get("REDASH_MAIL_SERVER", "localhost")
MAIL_PORT = integer("REDASH_MAIL_PORT", "25")
MAIL_USE_TLS = boolean("REDASH_MAIL_USE_TLS", "false")
MAIL_USE_SSL = boolean("REDASH_MAIL_USE_SSL", "false")
MAIL_USERNAME = os.environ.get("REDASH_MAIL_USERNAME")
MAIL_PASSWORD = os.environ.get("REDASH_MAIL_PASSWORD")
MAIL_DEFAULT_SENDER = os.environ.get("REDASH_MAIL_DEFAULT_SENDER")
MAIL_ASCII_ATTACHMENTS = boolean("REDASH_MAIL_ASCII_ATTACHMENTS", "false")


def require() -> None:
    if not COOKIE_SECRET or not SECRET_KEY:
        raise RuntimeError("You must set the REDASH_COOKIE_SECRET environment variable. (Redash stand-in)")


def all_settings() -> dict[str, object]:
    return {name: value for name, value in sorted(globals().items()) if name.isupper() and not name.startswith("_")}
