# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person says about mail (``redash_mail``) -> Redash's settings, one secret, and refusals.

Redash takes REDASH_MAIL_SERVER, _PORT, _USE_TLS (STARTTLS), _USE_SSL (TLS from the first byte), _USERNAME,
_PASSWORD and _DEFAULT_SENDER, by the same names in every release (redash/settings). It sends with Flask-Mail,
that is with smtplib. A variable that is set and empty stops every process of Redash, so one that is
unset is never written.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError

# The name of the password below the installation's secret prefix; role ssm_secrets makes the environment
# variable REDASH_MAIL_PASSWORD of it, in every container.
SECRET_NAME = "mail_password"  # noqa: S105 (a name)
PASSWORD_VARIABLE = "REDASH_MAIL_PASSWORD"  # noqa: S105 (a name)

KEYS = (
    "preset",
    "server",
    "port",
    "security",
    "username",
    "password",
    "password_parameter",
    "default_sender",
    "region",
    "access_key_id",
    "secret_access_key",
    "private_network",
)
SECRET_KEYS = ("password", "secret_access_key")
SECURITIES = ("starttls", "tls", "none")

# What a port means to the server behind it: RFC 8314 (465, 587); 2465, 2587 and 2525 are the doubles of
# SES, SendGrid and Mailgun for networks that block the others.
ONLY_TLS = (465, 2465)
ONLY_STARTTLS = (25, 587, 2525, 2587)
DEFAULT_PORT = {"starttls": 587, "tls": 465}
BLOCKED_PORT = 25

YES = ("yes", "true", "on", "1")
NO = ("no", "false", "off", "0", "none")

ADDRESS = re.compile(r"[^@\s<>()\[\],;:\"\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9_-]{0,62}))*\.?")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")


@dataclass(frozen=True)
class Preset:
    """A provider's own side of the settings. ``server`` may hold ``{region}``."""

    server: str = ""
    port: int = 587
    security: str = "starttls"
    username: str = ""
    # Whether it takes no mail without a user name and password.
    needs_login: bool = True


PRESETS: dict[str, Preset] = {
    # https://www.twilio.com/docs/sendgrid/for-developers/sending-email/integrating-with-the-smtp-api
    # The user name is the word apikey, the password an API key.
    "sendgrid": Preset("smtp.sendgrid.net", username="apikey"),
    # https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html
    "ses": Preset("email-smtp.{region}.amazonaws.com"),
    # https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-smtp
    "mailgun": Preset("smtp{region}.mailgun.org"),
    # https://support.google.com/a/answer/176600 (an app password; the account's own is refused)
    "gmail": Preset("smtp.gmail.com"),
    # A server that knows its clients by their address: Google Workspace's smtp-relay.gmail.com, a company's own.
    "relay": Preset(needs_login=False),
}
MAILGUN_REGIONS = {"us": "", "eu": ".eu"}


@dataclass(frozen=True)
class Mail:
    """How Redash sends mail; checked. ``password`` is hidden from ``repr``."""

    server: str
    port: int
    security: str
    default_sender: str
    username: str = ""
    password: str = field(default="", repr=False)
    password_parameter: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The settings that are not secret, by environment variable; none is empty."""
        settings = {
            "REDASH_MAIL_SERVER": self.server,
            "REDASH_MAIL_PORT": str(self.port),
            "REDASH_MAIL_USERNAME": self.username,
            "REDASH_MAIL_DEFAULT_SENDER": self.default_sender,
        }
        # Both are written, so that a merge over older settings can't leave both on.
        settings["REDASH_MAIL_USE_TLS"] = "true" if self.security == "starttls" else "false"
        settings["REDASH_MAIL_USE_SSL"] = "true" if self.security == "tls" else "false"
        return {name: value for name, value in settings.items() if value}

    @property
    def secrets(self) -> dict[str, str]:
        """The password as a secret of the installation, by its name below the prefix."""
        return {SECRET_NAME: self.password} if self.password else {}

    @property
    def references(self) -> dict[str, str]:
        """Environment variable -> parameter, for a password that somebody else keeps in Parameter Store."""
        return {PASSWORD_VARIABLE: self.password_parameter} if self.password_parameter else {}


# What redash_mail decides; the same name in redash_settings would win or lose by chance.
DECIDED = (*Mail("s", 1, "none", "a", "u").environment, PASSWORD_VARIABLE)


def ses_password(secret_access_key: str, region: str) -> str:
    """The SMTP password that belongs to an IAM secret access key in one region.

    AWS's published algorithm, version 4: https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html
    The date is a fixed one there. The password is valid in ``region`` only.
    """
    signature = f"AWS4{secret_access_key}".encode()
    for message in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.new(signature, message.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + signature).decode()


def read(mail: Mapping[str, Any], *, region: str = "", settings: Mapping[str, Any] | None = None) -> Mail | None:
    """``redash_mail`` with its preset applied; None when mail is not set up by it.

    ``region``    the installation's; SES's too unless ``redash_mail.region`` says otherwise
    ``settings``  redash_settings, which may set up mail by hand and must not contradict
    Raises RedashError with every problem at once. No message holds a secret.
    """
    problems = Problems()
    settings = settings or {}
    if not isinstance(mail, Mapping):
        todo = "Give preset or server, default_sender, ..."
        raise RedashError(Problem(f"is a {type(mail).__name__}, not a dictionary", "redash_mail", todo))
    # An empty value is what a template of an undefined variable leaves: unset, never empty.
    given = {str(key): value for key, value in mail.items() if value is not None and str(value).strip() != ""}
    if not given:
        _check_by_hand(problems, settings)
        problems.raise_if_any()
        return None
    for key in given:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, 1)
            problems.add(
                "is not a key of it", where=f"redash_mail.{key}", todo=f"Did you mean {near[0]}?" if near else f"Known: {_list(KEYS)}."
            )
    for name in settings:
        if name in DECIDED:
            problems.add("redash_mail decides it", where=f"redash_settings.{name}", todo="Take it out of redash_settings.")

    preset_name = str(given.get("preset", ""))
    preset = PRESETS.get(preset_name, Preset(needs_login=False))
    if preset_name and preset_name not in PRESETS:
        problems.add(f"{preset_name!r} is not a preset", where="redash_mail.preset", todo=f"Known: {_list(PRESETS)}.")
    private = _boolean(problems, given.get("private_network", False), "redash_mail.private_network")

    mail_region = _region(problems, given, preset_name, region)
    server = _server(problems, given, preset_name, preset, mail_region)
    port, security = _transport(problems, given)
    if _is_private(server):
        private = True
    username, password = _login(problems, given, preset_name, preset, mail_region)
    if port is not None and security:
        _check_transport(problems, port, security, private=private, where="redash_mail.port")
    if security == "none" and (username or password) and not private:
        problems.add(
            f"none, and {server or 'the server'} gets a user name and password: they would cross the network in clear",
            where="redash_mail.security",
            todo="Use starttls or tls; inside your own network say private_network: true.",
        )
    sender = str(given.get("default_sender", ""))
    if not sender and preset_name == "gmail" and ADDRESS.fullmatch(username):
        sender = username
    _check_sender(problems, sender, "redash_mail.default_sender")
    problems.raise_if_any()
    return Mail(
        server=server,
        port=port or 0,
        security=security,
        default_sender=sender,
        username=username,
        password=password,
        password_parameter=str(given.get("password_parameter", "")),
    )


def environment(mail: Mapping[str, Any], *, region: str = "", settings: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Every REDASH_MAIL_* that the containers get, password aside: from ``redash_mail``, or by hand from ``settings``."""
    found = read(mail, region=region, settings=settings)
    # As redash_settings has it: what has no value is left out, since an empty one stops every process.
    given = {
        name: "" if value is None else str(value).strip() for name, value in (settings or {}).items() if name.startswith("REDASH_MAIL_")
    }
    by_hand = {name: value for name, value in given.items() if value}
    return by_hand if found is None else {**by_hand, **found.environment}


def host_setting(host: str, *, multi_org: bool) -> str:
    """REDASH_HOST as links in mails need it.

    Redash puts the organization's slug behind it. With several organizations it writes ``https://`` in
    front itself (redash/utils base_url), so the scheme has to go; with one it takes what is there.
    """
    host = host.strip().rstrip("/")
    return re.sub(r"^https?://", "", host) if multi_org else host


def is_multi_org(settings: Mapping[str, Any]) -> bool:
    """Whether REDASH_MULTI_ORG is on in these settings."""
    return str(settings.get("REDASH_MULTI_ORG", "")).lower() in YES


def _list(names: Any) -> str:
    return ", ".join(names)


def _boolean(problems: Problems, value: Any, where: str) -> bool:
    text = str(value).lower()
    if text not in (*YES, *NO):
        problems.add(f"{value!r} is neither true nor false", where=where)
    return text in YES


def _region(problems: Problems, given: Mapping[str, Any], preset: str, region: str) -> str:
    where = "redash_mail.region"
    own = str(given.get("region", ""))
    if preset == "ses":
        found = own or region
        if not found:
            problems.add("not set", where=where, todo="Name the AWS region in which SES sends; its password is valid there only.")
        elif not REGION.fullmatch(found):
            problems.add(f"{found!r} is not an AWS region", where=where, todo="Give one such as ap-northeast-1.")
            return ""
        return found
    if preset == "mailgun":
        if own and own not in MAILGUN_REGIONS:
            problems.add(f"{own!r} is not a region of Mailgun", where=where, todo="Use us or eu, as the domain was made.")
        return MAILGUN_REGIONS.get(own, "")
    if own:
        problems.add("only preset ses and mailgun have regions", where=where, todo="Leave it out.")
    return ""


def _server(problems: Problems, given: Mapping[str, Any], preset_name: str, preset: Preset, region: str) -> str:
    where = "redash_mail.server"
    server = str(given.get("server", ""))
    if not server and preset_name == "ses" and not region:
        return ""  # the missing region is said already
    server = server or preset.server.format(region=region)
    if not server:
        todo = f"Name the SMTP server, or choose a preset: {_list(name for name in PRESETS if name != 'relay')}."
        problems.add("not set", where=where, todo="Name the relay." if preset_name == "relay" else todo)
    else:
        _check_server(problems, server, where)
    return server


def _check_server(problems: Problems, server: str, where: str) -> None:
    if server.lower().rstrip(".") in ("localhost", "localhost.localdomain") or _address(server, "is_loopback"):
        todo = "Name the server that takes the mail."
        problems.add(f"{server} would be the container itself, where no mail server runs", where=where, todo=todo)
    elif not HOST_NAME.fullmatch(server) and _parsed(server) is None:
        todo = "Give the name alone: no scheme, no port, no path. The port is redash_mail.port."
        problems.add(f"{server!r} is not a host name or an IP address", where=where, todo=todo)


def _parsed(server: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(server)
    except ValueError:
        return None


def _address(server: str, what: str) -> bool:
    address = _parsed(server)
    return address is not None and bool(getattr(address, what))


def _is_private(server: str) -> bool:
    return _address(server, "is_private") and not _address(server, "is_loopback")


def _transport(problems: Problems, given: Mapping[str, Any]) -> tuple[int | None, str]:
    """Port and security, each following from the other where only one is given."""
    security = str(given.get("security", "")).lower()
    if "security" in given and security not in SECURITIES:
        # YAML reads a bare `no` as false; `none` is text.
        problems.add(f"{given['security']!r} is none of them", where="redash_mail.security", todo=f"Use {_list(SECURITIES)}.")
        security = ""
        port = _port(problems, given.get("port"), "redash_mail.port")
        return port, security
    port = _port(problems, given["port"], "redash_mail.port") if "port" in given else None
    if "port" in given and port is None:
        return None, security
    if not security:
        security = "tls" if port in ONLY_TLS else "starttls"
    if port is None:
        port = DEFAULT_PORT.get(security)
        if port is None:
            problems.add("not set, and security none has no usual port that is open", where="redash_mail.port", todo="Give the server's.")
    return port, security


def _port(problems: Problems, value: Any, where: str) -> int | None:
    if value is None:
        return None
    text = str(value).strip()
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        problems.add(f"{value!r} is not a port", where=where, todo="Give a number from 1 to 65535.")
        return None
    return int(text)


def _check_transport(problems: Problems, port: int, security: str, *, private: bool, where: str) -> None:
    if port == BLOCKED_PORT and not private:
        problems.add(
            "25 can't be reached from Fargate: AWS blocks it towards the internet",
            where=where,
            todo="Use 587 with starttls or 465 with tls; for a server inside your own network set redash_mail.private_network: true.",
        )
    elif port in ONLY_TLS and security != "tls":
        spoken = "STARTTLS" if security == "starttls" else "no encryption"
        problems.add(
            f"{port} expects TLS from the first byte, and {spoken} is asked for: both sides would wait for the other",
            where=where,
            todo=f"Use security tls with {port}, or port 587 with starttls.",
        )
    elif port in ONLY_STARTTLS and security == "tls":
        problems.add(
            f"{port} begins in clear and turns to TLS by STARTTLS, and TLS from the first byte is asked for",
            where=where,
            todo=f"Use security starttls with {port}, or port 465 with tls.",
        )


def _login(problems: Problems, given: Mapping[str, Any], preset_name: str, preset: Preset, region: str) -> tuple[str, str]:
    """User name and password, derived for SES where its IAM key is given."""
    username = str(given.get("username", ""))
    password = str(given.get("password", ""))
    parameter = str(given.get("password_parameter", ""))
    access_key, secret_key = str(given.get("access_key_id", "")), str(given.get("secret_access_key", ""))

    if (access_key or secret_key) and preset_name != "ses":
        where = "redash_mail.access_key_id" if access_key else "redash_mail.secret_access_key"
        problems.add("only preset ses has one", where=where, todo="Use username and password.")
    elif access_key or secret_key:
        for key, value in (("access_key_id", access_key), ("secret_access_key", secret_key)):
            if not value:
                problems.add("not set, and the other half of the key is", where=f"redash_mail.{key}", todo="Give both.")
        if access_key.startswith("ASIA"):
            problems.add(
                f"{access_key} is a temporary key, and SES takes none for SMTP",
                where="redash_mail.access_key_id",
                todo="Make a key (AKIA...) of an IAM user who may ses:SendRawEmail.",
            )
        for key, value in (("username", username), ("password", password), ("password_parameter", parameter)):
            if value:
                problems.add("follows from access_key_id and secret_access_key", where=f"redash_mail.{key}", todo="Give one or the other.")
        return access_key, ses_password(secret_key, region) if secret_key and region else ""

    username = username or preset.username
    if preset_name == "sendgrid" and username != preset.username:
        problems.add(f"{username!r} is not what SendGrid takes", where="redash_mail.username", todo="Leave it out: it is the word apikey.")
    if password and parameter:
        problems.add("given twice: as password and as password_parameter", where="redash_mail.password", todo="Keep one of them.")
    has_password = bool(password or parameter)
    if preset.needs_login and not username and not has_password:
        todo = "Give access_key_id and secret_access_key, or the SMTP username and password." if preset_name == "ses" else "Give both."
        problems.add(f"username and password are not set, and {preset_name} takes no mail without", where="redash_mail", todo=todo)
    elif username and not has_password:
        problems.add("not set, and there is a username", where="redash_mail.password", todo="Give it from a vault, or password_parameter.")
    elif has_password and not username:
        problems.add("not set, and there is a password", where="redash_mail.username", todo="Give it, or leave out the password.")
    # smtplib encodes both as ASCII and would end in a UnicodeEncodeError in front of an open connection.
    for key, value in (("username", username), ("password", password)):
        if not value.isascii():
            problems.add("holds a character that is not ASCII, which SMTP's login can't carry", where=f"redash_mail.{key}")
    if preset_name == "ses" and len(password) == 40:
        problems.add(
            "has the 40 characters of an IAM secret access key; SES's SMTP password has 44",
            where="redash_mail.password",
            todo="Give the key as access_key_id and secret_access_key: the password is derived from it.",
        )
    if parameter and not re.fullmatch(r"(/[\w.-]+)+|[\w.-]+|arn:[\w:/.-]+", parameter):
        problems.add(
            f"{parameter!r} is not a parameter's name or ARN",
            where="redash_mail.password_parameter",
            todo="Give one such as /mail/password.",
        )
    return username, password


def _check_sender(problems: Problems, sender: str, where: str) -> None:
    """``redash@example.com`` or ``Redash <redash@example.com>``."""
    if not sender:
        problems.add("not set; Redash sends nothing without", where=where, todo="Give the address that mails come from.")
        return
    if any(ord(character) < 32 for character in sender):
        problems.add(f"{sender!r} holds a control character", where=where, todo="Give one address on one line.")
        return
    _, address = parseaddr(sender)
    plain = sender.strip() == address
    named = sender.strip().endswith(f"<{address}>") and sender.count("@") == 1
    if not ADDRESS.fullmatch(address) or not (plain or named):
        problems.add(
            f"{sender!r} is not an address", where=where, todo="Give one such as redash@example.com or Redash <redash@example.com>."
        )


def _check_by_hand(problems: Problems, settings: Mapping[str, Any]) -> None:
    """The same contradictions in REDASH_MAIL_* that somebody put into redash_settings by hand."""
    mail = {name.removeprefix("REDASH_MAIL_"): value for name, value in settings.items() if name.startswith("REDASH_MAIL_")}
    if not mail:
        return

    def where(name: str) -> str:
        return f"redash_settings.REDASH_MAIL_{name}"

    use_tls = _boolean(problems, mail.get("USE_TLS", "false"), where("USE_TLS"))
    use_ssl = _boolean(problems, mail.get("USE_SSL", "false"), where("USE_SSL"))
    server = str(mail.get("SERVER", ""))
    if not server:
        problems.add("not set, and other settings of mail are", where=where("SERVER"), todo="Name the server, or set redash_mail.")
    else:
        _check_server(problems, server, where("SERVER"))
    port = _port(problems, mail.get("PORT", BLOCKED_PORT), where("PORT"))
    if use_tls and use_ssl:
        problems.add(
            "true, and REDASH_MAIL_USE_SSL too: STARTTLS inside TLS, which no server offers",
            where=where("USE_TLS"),
            todo="Keep USE_TLS for port 587 or USE_SSL for port 465; or set redash_mail.",
        )
    elif port is not None:
        security = "tls" if use_ssl else "starttls" if use_tls else "none"
        _check_transport(problems, port, security, private=_is_private(server), where=where("PORT"))
    _check_sender(problems, str(mail.get("DEFAULT_SENDER", "")), where("DEFAULT_SENDER"))
