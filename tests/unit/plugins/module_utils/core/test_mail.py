"""redash_mail -> settings, one secret, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core import mail as core
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

PASSWORD = "correct-horse-battery"
SENDER = "Redash <redash@example.com>"


def mail(**changes: Any) -> dict[str, Any]:
    """A redash_mail that is fine, changed."""
    return {"server": "smtp.example.com", "username": "redash", "password": PASSWORD, "default_sender": SENDER, **changes}


def problems(given: Any, **more: Any) -> list[str]:
    try:
        core.read(given, **more)
    except RedashError as error:
        return [str(problem) for problem in error.problems]
    return []


# --- what comes out ------------------------------------------------------------------------------------


def test_a_server_by_itself_is_spoken_to_with_starttls_on_587() -> None:
    assert core.environment(mail()) == {
        "REDASH_MAIL_SERVER": "smtp.example.com",
        "REDASH_MAIL_PORT": "587",
        "REDASH_MAIL_USE_TLS": "true",
        "REDASH_MAIL_USE_SSL": "false",
        "REDASH_MAIL_USERNAME": "redash",
        "REDASH_MAIL_DEFAULT_SENDER": SENDER,
    }


@pytest.mark.parametrize(
    ("given", "port", "tls", "ssl"),
    [
        ({}, "587", "true", "false"),
        ({"port": 465}, "465", "false", "true"),
        ({"port": "2465"}, "2465", "false", "true"),
        ({"port": 2525}, "2525", "true", "false"),
        ({"security": "tls"}, "465", "false", "true"),
        ({"security": "starttls", "port": 8025}, "8025", "true", "false"),
        ({"security": "tls", "port": 8465}, "8465", "false", "true"),
        ({"security": "none", "port": 2525, "private_network": True}, "2525", "false", "false"),
    ],
)
def test_port_and_security_follow_from_each_other(given: dict[str, Any], port: str, tls: str, ssl: str) -> None:
    found = core.environment(mail(**given))
    assert (found["REDASH_MAIL_PORT"], found["REDASH_MAIL_USE_TLS"], found["REDASH_MAIL_USE_SSL"]) == (port, tls, ssl)


@pytest.mark.parametrize(
    ("given", "server", "port", "username"),
    [
        ({"preset": "sendgrid", "password": "SG.x"}, "smtp.sendgrid.net", "587", "apikey"),
        ({"preset": "ses", "username": "AKIAX", "password": "B" * 44}, "email-smtp.ap-northeast-1.amazonaws.com", "587", "AKIAX"),
        (
            {"preset": "ses", "region": "eu-west-1", "username": "AKIAX", "password": "B" * 44},
            "email-smtp.eu-west-1.amazonaws.com",
            "587",
            "AKIAX",
        ),
        (
            {"preset": "mailgun", "username": "postmaster@mg.example.com", "password": "x"},
            "smtp.mailgun.org",
            "587",
            "postmaster@mg.example.com",
        ),
        (
            {"preset": "mailgun", "region": "eu", "username": "p@mg.example.com", "password": "x"},
            "smtp.eu.mailgun.org",
            "587",
            "p@mg.example.com",
        ),
        ({"preset": "gmail", "username": "a@example.com", "password": "x"}, "smtp.gmail.com", "587", "a@example.com"),
        ({"preset": "relay", "server": "relay.example.com"}, "relay.example.com", "587", None),
        (
            {"preset": "ses", "port": 465, "username": "AKIAX", "password": "B" * 44},
            "email-smtp.ap-northeast-1.amazonaws.com",
            "465",
            "AKIAX",
        ),
    ],
)
def test_a_preset_is_the_providers_side(given: dict[str, Any], server: str, port: str, username: str | None) -> None:
    found = core.environment({"default_sender": SENDER, **given}, region="ap-northeast-1")
    assert (found["REDASH_MAIL_SERVER"], found["REDASH_MAIL_PORT"], found.get("REDASH_MAIL_USERNAME")) == (server, port, username)
    assert (found["REDASH_MAIL_USE_TLS"], found["REDASH_MAIL_USE_SSL"]) == (("false", "true") if port == "465" else ("true", "false"))


def test_gmail_sends_from_the_account_unless_told_otherwise() -> None:
    given = {"preset": "gmail", "username": "a@example.com", "password": "x"}
    assert core.environment(given)["REDASH_MAIL_DEFAULT_SENDER"] == "a@example.com"
    assert core.environment({**given, "default_sender": SENDER})["REDASH_MAIL_DEFAULT_SENDER"] == SENDER


@pytest.mark.parametrize("unset", [None, "", "  "])
def test_an_unset_value_is_left_out_and_never_empty(unset: str | None) -> None:
    found = core.environment(
        {"preset": "relay", "server": "relay.example.com", "default_sender": SENDER, "username": unset, "password": unset}
    )
    assert "REDASH_MAIL_USERNAME" not in found
    assert all(value for value in found.values())
    assert core.environment({"server": unset, "password": unset}) == {}


def test_the_password_is_a_secret_and_never_a_setting() -> None:
    read = core.read(mail())
    assert read is not None
    assert read.secrets == {"mail_password": PASSWORD}
    assert read.references == {}
    assert PASSWORD not in str(read.environment) + repr(read)


def test_a_password_that_somebody_else_keeps_is_a_reference() -> None:
    read = core.read(mail(password=None, password_parameter="/shared/mail/password"))
    assert read is not None
    assert read.secrets == {}
    assert read.references == {"REDASH_MAIL_PASSWORD": "/shared/mail/password"}


def test_settings_of_mail_that_redash_mail_does_not_decide_stay() -> None:
    found = core.environment(mail(), settings={"REDASH_MAIL_MAX_EMAILS": 10, "REDASH_LOG_LEVEL": "INFO"})
    assert found["REDASH_MAIL_MAX_EMAILS"] == "10"
    assert "REDASH_LOG_LEVEL" not in found


# --- Amazon SES ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "key", "password"),
    [
        # Known pairs, published with the AWS provider for Terraform (aws_iam_access_key.ses_smtp_password_v4).
        ("eu-central-1", "some+secret+key", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("eu-central-1", "another+secret+key", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
        ("us-west-1", "some+secret+key", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
        ("us-west-1", "another+secret+key", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"),
    ],
)
def test_the_smtp_password_of_ses_is_derived_region_by_region(region: str, key: str, password: str) -> None:
    assert core.ses_password(key, region) == password
    given = {"preset": "ses", "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": key, "default_sender": SENDER}
    read = core.read({**given, "region": region}, region="sa-east-1")
    assert read is not None
    assert (read.username, read.secrets) == ("AKIAIOSFODNN7EXAMPLE", {"mail_password": password})
    by_installation = core.read(given, region=region)
    assert by_installation == read
    assert key not in repr(read) + str(read.environment)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"access_key_id": None}, "redash_mail.access_key_id: not set, and the other half of the key is. Give both."),
        ({"secret_access_key": None}, "redash_mail.secret_access_key: not set, and the other half of the key is. Give both."),
        (
            {"access_key_id": "ASIAIOSFODNN7EXAMPLE"},
            "redash_mail.access_key_id: ASIAIOSFODNN7EXAMPLE is a temporary key, and SES takes none for SMTP. Make a key"
            " (AKIA...) of an IAM user who may ses:SendRawEmail.",
        ),
        ({"username": "AKIAX"}, "redash_mail.username: follows from access_key_id and secret_access_key. Give one or the other."),
        ({"password": "x"}, "redash_mail.password: follows from access_key_id and secret_access_key. Give one or the other."),
        ({"region": "Tokyo"}, "redash_mail.region: 'Tokyo' is not an AWS region. Give one such as ap-northeast-1."),
    ],
)
def test_a_key_of_ses_that_can_not_work_is_refused(changes: dict[str, Any], said: str) -> None:
    given = {"preset": "ses", "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "k" * 40, "default_sender": SENDER, **changes}
    (found,) = problems(given, region="eu-west-1")
    assert found == said
    assert "k" * 40 not in found


def test_an_iam_secret_given_as_the_password_is_recognised() -> None:
    given = {"preset": "ses", "username": "AKIAX", "password": "k" * 40, "default_sender": SENDER}
    (found,) = problems(given, region="eu-west-1")
    assert found == (
        "redash_mail.password: has the 40 characters of an IAM secret access key; SES's SMTP password has 44."
        " Give the key as access_key_id and secret_access_key: the password is derived from it."
    )


def test_ses_without_any_region_is_refused() -> None:
    (found,) = problems({"preset": "ses", "username": "AKIAX", "password": "B" * 44, "default_sender": SENDER})
    assert found == "redash_mail.region: not set. Name the AWS region in which SES sends; its password is valid there only."


# --- contradictions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"port": 465, "security": "starttls"},
            "redash_mail.port: 465 expects TLS from the first byte, and STARTTLS is asked for: both sides would wait for"
            " the other. Use security tls with 465, or port 587 with starttls.",
        ),
        (
            {"port": 2465, "security": "starttls"},
            "redash_mail.port: 2465 expects TLS from the first byte, and STARTTLS is asked for: both sides would wait for"
            " the other. Use security tls with 2465, or port 587 with starttls.",
        ),
        (
            {"port": 587, "security": "tls"},
            "redash_mail.port: 587 begins in clear and turns to TLS by STARTTLS, and TLS from the first byte is asked for."
            " Use security starttls with 587, or port 465 with tls.",
        ),
        (
            {"port": 2587, "security": "tls"},
            "redash_mail.port: 2587 begins in clear and turns to TLS by STARTTLS, and TLS from the first byte is asked"
            " for. Use security starttls with 2587, or port 465 with tls.",
        ),
        (
            {"port": 25},
            "redash_mail.port: 25 can't be reached from Fargate: AWS blocks it towards the internet. Use 587 with starttls"
            " or 465 with tls; for a server inside your own network set redash_mail.private_network: true.",
        ),
        (
            {"port": 25, "security": "none", "username": None, "password": None},
            "redash_mail.port: 25 can't be reached from Fargate: AWS blocks it towards the internet. Use 587 with starttls"
            " or 465 with tls; for a server inside your own network set redash_mail.private_network: true.",
        ),
        (
            {"port": 465, "security": "none", "username": None, "password": None},
            "redash_mail.port: 465 expects TLS from the first byte, and no encryption is asked for: both sides would wait"
            " for the other. Use security tls with 465, or port 587 with starttls.",
        ),
        (
            {"security": "none", "port": 2525},
            "redash_mail.security: none, and smtp.example.com gets a user name and password: they would cross the network"
            " in clear. Use starttls or tls; inside your own network say private_network: true.",
        ),
        (
            {"security": "none", "username": None, "password": None},
            "redash_mail.port: not set, and security none has no usual port that is open. Give the server's.",
        ),
        ({"security": "ssl"}, "redash_mail.security: 'ssl' is none of them. Use starttls, tls, none."),
        ({"security": False}, "redash_mail.security: False is none of them. Use starttls, tls, none."),
        ({"security": "ssl", "port": None}, "redash_mail.security: 'ssl' is none of them. Use starttls, tls, none."),
        ({"security": "ssl", "port": 465}, "redash_mail.security: 'ssl' is none of them. Use starttls, tls, none."),
        ({"port": "mail"}, "redash_mail.port: 'mail' is not a port. Give a number from 1 to 65535."),
        ({"port": 0}, "redash_mail.port: 0 is not a port. Give a number from 1 to 65535."),
        ({"port": 65536}, "redash_mail.port: 65536 is not a port. Give a number from 1 to 65535."),
        ({"port": "²"}, "redash_mail.port: '²' is not a port. Give a number from 1 to 65535."),
        ({"port": 70000}, "redash_mail.port: 70000 is not a port. Give a number from 1 to 65535."),
        ({"port": True}, "redash_mail.port: True is not a port. Give a number from 1 to 65535."),
        ({"server": None}, "redash_mail.server: not set. Name the SMTP server, or choose a preset: sendgrid, ses, mailgun, gmail."),
        (
            {"server": "localhost"},
            "redash_mail.server: localhost would be the container itself, where no mail server runs. Name the server that takes the mail.",
        ),
        (
            {"server": "LocalHost.localdomain."},
            "redash_mail.server: LocalHost.localdomain. would be the container itself, where no mail server runs."
            " Name the server that takes the mail.",
        ),
        (
            {"server": "::1"},
            "redash_mail.server: ::1 would be the container itself, where no mail server runs. Name the server that takes the mail.",
        ),
        (
            {"server": "127.0.0.1"},
            "redash_mail.server: 127.0.0.1 would be the container itself, where no mail server runs. Name the server that takes the mail.",
        ),
        (
            {"server": "smtp://smtp.example.com"},
            "redash_mail.server: 'smtp://smtp.example.com' is not a host name or an IP address. Give the name alone: no"
            " scheme, no port, no path. The port is redash_mail.port.",
        ),
        (
            {"server": "smtp.example.com:587"},
            "redash_mail.server: 'smtp.example.com:587' is not a host name or an IP address. Give the name alone: no"
            " scheme, no port, no path. The port is redash_mail.port.",
        ),
        (
            {"default_sender": None},
            "redash_mail.default_sender: not set; Redash sends nothing without. Give the address that mails come from.",
        ),
        (
            {"default_sender": "redash"},
            "redash_mail.default_sender: 'redash' is not an address. Give one such as redash@example.com or Redash <redash@example.com>.",
        ),
        (
            {"default_sender": "redash@example"},
            "redash_mail.default_sender: 'redash@example' is not an address. Give one such as redash@example.com or Redash"
            " <redash@example.com>.",
        ),
        (
            {"default_sender": "a@example.com, b@example.com"},
            "redash_mail.default_sender: 'a@example.com, b@example.com' is not an address. Give one such as"
            " redash@example.com or Redash <redash@example.com>.",
        ),
        (
            {"default_sender": "Redash redash@example.com"},
            "redash_mail.default_sender: 'Redash redash@example.com' is not an address. Give one such as"
            " redash@example.com or Redash <redash@example.com>.",
        ),
        (
            {"default_sender": "a@example.com\nBcc: b@example.com"},
            "redash_mail.default_sender: 'a@example.com\\nBcc: b@example.com' holds a control character. Give one address on one line.",
        ),
        ({"password": None}, "redash_mail.password: not set, and there is a username. Give it from a vault, or password_parameter."),
        ({"username": None}, "redash_mail.username: not set, and there is a password. Give it, or leave out the password."),
        ({"password_parameter": "/x"}, "redash_mail.password: given twice: as password and as password_parameter. Keep one of them."),
        (
            {"password": None, "password_parameter": "no such name"},
            "redash_mail.password_parameter: 'no such name' is not a parameter's name or ARN. Give one such as /mail/password.",
        ),
        ({"password": "pässword-of-mine"}, "redash_mail.password: holds a character that is not ASCII, which SMTP's login can't carry"),
        (
            {"username": "rédash"},
            "redash_mail.username: holds a character that is not ASCII, which SMTP's login can't carry",
        ),
        ({"secret_access_key": "x"}, "redash_mail.secret_access_key: only preset ses has one. Use username and password."),
        (
            {"access_key_id": "AKIAX", "secret_access_key": "x"},
            "redash_mail.access_key_id: only preset ses has one. Use username and password.",
        ),
        (
            {"preset": "mailgun", "region": "EU"},
            "redash_mail.region: 'EU' is not a region of Mailgun. Use us or eu, as the domain was made.",
        ),
        (
            {"preset": "ses", "region": "eu-west-1", "username": None, "password": None},
            "redash_mail: username and password are not set, and ses takes no mail without."
            " Give access_key_id and secret_access_key, or the SMTP username and password.",
        ),
        (
            {"preset": "ses", "region": "eu-west-1", "username": None},
            "redash_mail.username: not set, and there is a password. Give it, or leave out the password.",
        ),
        (
            {"preset": "mailgun", "username": None, "password": None},
            "redash_mail: username and password are not set, and mailgun takes no mail without. Give both.",
        ),
        (
            {"zzzz": "x"},
            "redash_mail.zzzz: is not a key of it. Known: preset, server, port, security, username, password, password_parameter,"
            " default_sender, region, access_key_id, secret_access_key, private_network.",
        ),
        ({"access_key_id": "AKIAX"}, "redash_mail.access_key_id: only preset ses has one. Use username and password."),
        ({"region": "eu"}, "redash_mail.region: only preset ses and mailgun have regions. Leave it out."),
        (
            {"preset": "mailgun", "region": "jp"},
            "redash_mail.region: 'jp' is not a region of Mailgun. Use us or eu, as the domain was made.",
        ),
        ({"preset": "sendmail"}, "redash_mail.preset: 'sendmail' is not a preset. Known: sendgrid, ses, mailgun, gmail, relay."),
        (
            {"security": "none", "port": 2525, "password": None, "username": "a", "private_network": "no", "password_parameter": "/a"},
            "redash_mail.security: none, and smtp.example.com gets a user name and password: they would cross the network in clear."
            " Use starttls or tls; inside your own network say private_network: true.",
        ),
        (
            {"default_sender": "a@example.com\x1f"},
            "redash_mail.default_sender: 'a@example.com\\x1f' holds a control character. Give one address on one line.",
        ),
        (
            {"default_sender": "Redash <redash@example.com> x"},
            "redash_mail.default_sender: 'Redash <redash@example.com> x' is not an address."
            " Give one such as redash@example.com or Redash <redash@example.com>.",
        ),
        (
            {"default_sender": "a@b.c <redash@example.com>"},
            "redash_mail.default_sender: 'a@b.c <redash@example.com>' is not an address."
            " Give one such as redash@example.com or Redash <redash@example.com>.",
        ),
        (
            {"preset": "sendgrid", "username": "redash"},
            "redash_mail.username: 'redash' is not what SendGrid takes. Leave it out: it is the word apikey.",
        ),
        (
            {"preset": "sendgrid", "username": None, "password": None},
            "redash_mail.password: not set, and there is a username. Give it from a vault, or password_parameter.",
        ),
        (
            {"preset": "gmail", "username": None, "password": None},
            "redash_mail: username and password are not set, and gmail takes no mail without. Give both.",
        ),
        ({"preset": "relay", "server": None, "username": None, "password": None}, "redash_mail.server: not set. Name the relay."),
        ({"servr": "x"}, "redash_mail.servr: is not a key of it. Did you mean server?"),
        ({"private_network": "perhaps"}, "redash_mail.private_network: 'perhaps' is neither true nor false"),
    ],
)
def test_a_contradiction_is_refused_in_one_line(changes: dict[str, Any], said: str) -> None:
    (found,) = problems(mail(**changes))
    assert found == said
    assert PASSWORD not in found
    assert "pässword" not in found


@pytest.mark.parametrize(
    "changes",
    [
        {"port": 25, "private_network": True, "security": "none", "username": None, "password": None},
        {"port": 25, "server": "10.83.1.20", "security": "none", "username": None, "password": None},
        {"port": 25, "server": "fd00::25", "security": "starttls"},
        {"security": "none", "port": 2525, "private_network": "yes"},
        {"security": "none", "port": 2525, "private_network": "On"},
        {"security": "none", "port": 2525, "private_network": "1"},
        {"security": "none", "port": 2525, "private_network": "true"},
    ],
)
def test_what_is_refused_towards_the_internet_is_taken_inside_the_own_network(changes: dict[str, Any]) -> None:
    assert problems(mail(**changes)) == []


@pytest.mark.parametrize(
    "sender", ["redash@example.com", "Redash <redash@example.com>", '"Redash, Inc." <redash@mail.example.co.jp>', "分析 <a@b.jp>"]
)
def test_a_sender_with_and_without_a_name_is_taken(sender: str) -> None:
    assert core.environment(mail(default_sender=sender))["REDASH_MAIL_DEFAULT_SENDER"] == sender


@pytest.mark.parametrize("said_no", ["no", "False", "off", "0", "none"])
def test_a_network_that_is_said_not_to_be_the_own_one_is_the_internet(said_no: str) -> None:
    (found,) = problems(mail(port=25, security="none", username=None, password=None, private_network=said_no))
    assert found.startswith("redash_mail.port: 25 can't be reached from Fargate")


@pytest.mark.parametrize("port", [1, 65535, " 2525 "])
def test_every_port_up_to_the_last_is_taken(port: Any) -> None:
    assert core.environment(mail(port=port))["REDASH_MAIL_PORT"] == str(port).strip()


@pytest.mark.parametrize("parameter", ["/a", "/a/b-c.d_e", "plain.name-1", "arn:aws:ssm:eu-west-1:123456789012:parameter/mail/password"])
def test_a_parameter_is_named_as_parameter_store_takes_it(parameter: str) -> None:
    assert problems(mail(password=None, password_parameter=parameter)) == []


@pytest.mark.parametrize("name", [*core.environment(mail()), "REDASH_MAIL_PASSWORD"])
def test_what_redash_mail_decides_is_no_setting_besides(name: str) -> None:
    assert problems(mail(), settings={name: "x"}) == [f"redash_settings.{name}: redash_mail decides it. Take it out of redash_settings."]


@pytest.mark.parametrize("changes", [{"username": "a@example.com"}, {"preset": "gmail", "username": "redash"}])
def test_only_an_account_of_gmail_that_is_an_address_is_its_own_sender(changes: dict[str, Any]) -> None:
    assert problems(mail(default_sender=None, **changes)) == [
        "redash_mail.default_sender: not set; Redash sends nothing without. Give the address that mails come from."
    ]


def test_a_wrong_security_does_not_hide_a_wrong_port() -> None:
    assert [line.partition(":")[0] for line in problems(mail(security="ssl", port="x"))] == [
        "redash_mail.security",
        "redash_mail.port",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        # Only SES's password has a length of its own.
        {"password": "k" * 40},
        {"preset": "ses", "server": "vpce-1.example.com", "region": "eu-west-1", "password": "B" * 44},
    ],
)
def test_what_looks_odd_and_is_right_is_taken(changes: dict[str, Any]) -> None:
    assert problems(mail(**changes)) == []


def test_mailgun_has_a_region_without_a_name_of_its_own() -> None:
    assert core.environment(mail(preset="mailgun", server=None, region="us"))["REDASH_MAIL_SERVER"] == "smtp.mailgun.org"


def test_settings_besides_redash_mail_are_checked_where_they_are_read() -> None:
    with pytest.raises(RedashError, match="redash_mail decides it"):
        core.environment(mail(), settings={"REDASH_MAIL_PORT": "587"})


def test_everything_that_is_wrong_is_said_at_once() -> None:
    given = {"port": 465, "security": "starttls", "username": "redash", "server": "localhost", "default_sender": "me", "sevrer": 1}
    where = [line.split(":")[0] for line in problems(given, settings={"REDASH_MAIL_PORT": "587"})]
    assert where == [
        "redash_mail.sevrer",
        "redash_settings.REDASH_MAIL_PORT",
        "redash_mail.server",
        "redash_mail.password",
        "redash_mail.port",
        "redash_mail.default_sender",
    ]


@pytest.mark.parametrize("given", ["smtp.example.com", ["server"], 587])
def test_anything_but_a_dictionary_is_refused(given: Any) -> None:
    (found,) = problems(given)
    assert found == f"redash_mail: is a {type(given).__name__}, not a dictionary. Give preset or server, default_sender, ..."


# --- settings made by hand -----------------------------------------------------------------------------

BY_HAND = {
    "REDASH_MAIL_SERVER": "smtp.example.com",
    "REDASH_MAIL_PORT": "587",
    "REDASH_MAIL_USE_TLS": "true",
    "REDASH_MAIL_DEFAULT_SENDER": SENDER,
}


def test_settings_by_hand_without_a_value_are_left_out() -> None:
    """``null`` would be the text None, and an empty port stops every process."""
    given = {
        "REDASH_MAIL_SERVER": "mail.example.com",
        "REDASH_MAIL_PORT": None,
        "REDASH_MAIL_USERNAME": "",
        "REDASH_MAIL_DEFAULT_SENDER": SENDER,
    }
    found = core.environment({}, settings=given)
    assert not {"REDASH_MAIL_PORT", "REDASH_MAIL_USERNAME"} & set(found)
    assert found["REDASH_MAIL_SERVER"] == "mail.example.com"


def test_settings_by_hand_are_taken_as_they_are() -> None:
    assert core.environment({}, settings={**BY_HAND, "REDASH_LOG_LEVEL": "INFO"}) == BY_HAND
    assert core.environment({}, settings={"REDASH_LOG_LEVEL": "INFO"}) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"REDASH_MAIL_USE_SSL": "1"},
            "redash_settings.REDASH_MAIL_USE_TLS: true, and REDASH_MAIL_USE_SSL too: STARTTLS inside TLS, which no server"
            " offers. Keep USE_TLS for port 587 or USE_SSL for port 465; or set redash_mail.",
        ),
        (
            {"REDASH_MAIL_PORT": 465},
            "redash_settings.REDASH_MAIL_PORT: 465 expects TLS from the first byte, and STARTTLS is asked for: both sides"
            " would wait for the other. Use security tls with 465, or port 587 with starttls.",
        ),
        (
            {"REDASH_MAIL_USE_TLS": "false", "REDASH_MAIL_USE_SSL": "on"},
            "redash_settings.REDASH_MAIL_PORT: 587 begins in clear and turns to TLS by STARTTLS, and TLS from the first"
            " byte is asked for. Use security starttls with 587, or port 465 with tls.",
        ),
        (
            {"REDASH_MAIL_PORT": "25"},
            "redash_settings.REDASH_MAIL_PORT: 25 can't be reached from Fargate: AWS blocks it towards the internet. Use"
            " 587 with starttls or 465 with tls; for a server inside your own network set redash_mail.private_network:"
            " true.",
        ),
        (
            {"REDASH_MAIL_DEFAULT_SENDER": ""},
            "redash_settings.REDASH_MAIL_DEFAULT_SENDER: not set; Redash sends nothing without. Give the address that mails come from.",
        ),
        (
            {"REDASH_MAIL_SERVER": "localhost"},
            "redash_settings.REDASH_MAIL_SERVER: localhost would be the container itself, where no mail server runs. Name"
            " the server that takes the mail.",
        ),
        (
            {"REDASH_MAIL_SERVER": "", "REDASH_MAIL_DEFAULT_SENDER": SENDER},
            "redash_settings.REDASH_MAIL_SERVER: not set, and other settings of mail are. Name the server, or set redash_mail.",
        ),
        (
            {"REDASH_MAIL_PORT": "x"},
            "redash_settings.REDASH_MAIL_PORT: 'x' is not a port. Give a number from 1 to 65535.",
        ),
        ({"REDASH_MAIL_USE_SSL": "x"}, "redash_settings.REDASH_MAIL_USE_SSL: 'x' is neither true nor false"),
        ({"REDASH_MAIL_USE_TLS": ""}, "redash_settings.REDASH_MAIL_USE_TLS: '' is neither true nor false"),
    ],
)
def test_the_same_contradictions_by_hand_are_refused(changes: dict[str, Any], said: str) -> None:
    (found,) = problems({}, settings={**BY_HAND, **changes})
    assert found == said


def test_settings_by_hand_that_redash_could_work_with_are_taken() -> None:
    """Without a port Redash takes 25, which only a server inside the own network answers."""
    internal = {"REDASH_MAIL_SERVER": "10.0.0.5", "REDASH_MAIL_DEFAULT_SENDER": SENDER}
    assert problems({}, settings=internal) == []
    (found,) = problems({}, settings={**internal, "REDASH_MAIL_SERVER": "smtp.example.com"})
    assert found.startswith("redash_settings.REDASH_MAIL_PORT: 25 can't be reached from Fargate")
    assert problems({}, settings={**BY_HAND, "REDASH_MAIL_PORT": "465", "REDASH_MAIL_USE_TLS": "no", "REDASH_MAIL_USE_SSL": "on"}) == []
    missing = problems({}, settings={"REDASH_MAIL_PORT": "587"})
    assert [line.split(":")[0] for line in missing] == [
        "redash_settings.REDASH_MAIL_SERVER",
        "redash_settings.REDASH_MAIL_DEFAULT_SENDER",
    ]


# --- REDASH_HOST ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "multi_org", "expected"),
    [
        ("https://redash.example.com", False, "https://redash.example.com"),
        ("https://redash.example.com/", False, "https://redash.example.com"),
        ("https://redash.example.com", True, "redash.example.com"),
        ("http://redash.example.com/", True, "redash.example.com"),
        ("redash.example.com", True, "redash.example.com"),
        (" https://redash.example.com/ ", False, "https://redash.example.com"),
        ("https://redash.example.com/https://", True, "redash.example.com/https:"),
    ],
)
def test_the_host_in_links_has_the_form_that_several_organizations_want(host: str, multi_org: bool, expected: str) -> None:
    assert core.host_setting(host, multi_org=multi_org) == expected


@pytest.mark.parametrize(("value", "expected"), [("true", True), (True, True), ("1", True), ("false", False), ("", False), (False, False)])
def test_several_organizations_are_recognised(value: Any, expected: bool) -> None:
    assert core.is_multi_org({"REDASH_MULTI_ORG": value}) is expected
    assert not core.is_multi_org({})


# --- for every input -----------------------------------------------------------------------------------

ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 70000), st.text(max_size=12), st.sampled_from(["tls", "ses", "25", "465", "a@b.c"])
)


@given(st.dictionaries(st.sampled_from(core.KEYS), ANYTHING), ANYTHING)
def test_whatever_is_given_ends_in_settings_without_an_empty_one_or_in_one_line_each(given: dict[str, Any], region: Any) -> None:
    secret = "S3cr3t-that-nobody-may-see"
    given = {key: f"{secret}{value}" if key in core.SECRET_KEYS and value else value for key, value in given.items()}
    try:
        read = core.read(given, region=str(region or ""))
    except RedashError as error:
        assert all("\n" not in str(problem) and secret not in str(problem) for problem in error.problems)
        return
    if read is not None:
        assert all(read.environment.values())
        assert secret not in str(read.environment)
        assert not (read.environment["REDASH_MAIL_USE_TLS"] == "true" and read.environment["REDASH_MAIL_USE_SSL"] == "true")
