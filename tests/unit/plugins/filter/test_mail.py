"""The filters: what playbooks get of redash_mail, through Ansible's own templating."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.redash.ecs.plugins.filter import mail as filters
from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import FOR_PLAYBOOKS

MAIL = {"preset": "sendgrid", "password": "SG.not-for-anybodys-eyes", "default_sender": "redash@example.com"}
SES = {"preset": "ses", "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "some+secret+key", "default_sender": "a@b.cd"}
ENVIRONMENT = {"REDASH_MAIL_SERVER": "smtp.example.com", "REDASH_MAIL_PORT": "587"}


def test_problems_are_lines_and_no_problem_is_no_line() -> None:
    assert filters.mail_problems(MAIL) == []
    assert filters.mail_problems({}) == []
    assert filters.mail_problems({**MAIL, "port": 465, "security": "starttls", "default_sender": "x"}) == [
        "redash_mail.port: 465 expects TLS from the first byte, and STARTTLS is asked for: both sides would wait for the other."
        " Use security tls with 465, or port 587 with starttls.",
        "redash_mail.default_sender: 'x' is not an address. Give one such as redash@example.com or Redash <redash@example.com>.",
    ]


def test_the_password_is_a_secret_with_its_reference_and_no_setting() -> None:
    assert filters.mail_secrets(MAIL) == {"mail_password": "SG.not-for-anybodys-eyes"}
    assert filters.mail_references(MAIL, "/redash/prod") == {"REDASH_MAIL_PASSWORD": "/redash/prod/mail_password"}
    assert "SG.not" not in str(filters.mail_environment(MAIL))


def test_the_key_of_ses_goes_nowhere() -> None:
    assert filters.mail_secrets(SES, "eu-central-1") == {"mail_password": "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"}
    everything = [filters.mail_environment(SES, "eu-central-1"), filters.mail_references(SES, "/p", "eu-central-1")]
    assert "some+secret" not in str(everything)
    assert "BMXh" not in str(everything)


def test_without_mail_there_is_nothing() -> None:
    assert (filters.mail_environment({}), filters.mail_secrets({}), filters.mail_references({}, "/redash/prod")) == ({}, {}, {})


def test_a_relay_without_a_password_has_no_reference() -> None:
    relay = {"preset": "relay", "server": "relay.example.com", "default_sender": "a@b.cd"}
    assert filters.mail_references(relay, "/redash/prod") == {}


def test_somebody_elses_parameter_is_the_reference() -> None:
    given = {**MAIL, "password": None, "password_parameter": "/shared/sendgrid"}
    assert filters.mail_references(given, "/redash/prod") == {"REDASH_MAIL_PASSWORD": "/shared/sendgrid"}
    assert filters.mail_secrets(given) == {}


@pytest.mark.parametrize("name", ["mail_environment", "mail_secrets"])
def test_a_contradiction_ends_a_template_in_one_line_without_the_secret(name: str) -> None:
    with pytest.raises(AnsibleFilterError) as raised:
        getattr(filters, name)({**MAIL, "port": 465, "security": "starttls"})
    assert "redash_mail.port: 465" in str(raised.value)
    assert "SG.not" not in str(raised.value)


def test_the_verdict_names_the_path_that_failed() -> None:
    direct = {"rc": 0, "stdout_lines": []}
    report = FOR_PLAYBOOKS + json.dumps({"mail_job": "1", "status": "queued", "workers": 0, "ahead": 0})
    found = filters.mail_verdict(direct, {"rc": 1, "stdout_lines": [report]}, ENVIRONMENT)
    assert (found["sent"], found["cause"], found["direct"]["sent"], found["queue"]["sent"]) == (False, "no_worker", True, False)
    assert found["message"].startswith("The settings are right, but mails that Redash itself sends do not leave.")


def test_the_verdict_on_two_sent_mails_is_that() -> None:
    report = FOR_PLAYBOOKS + json.dumps({"mail_job": "1", "status": "finished", "workers": 1, "ahead": 0})
    found = filters.mail_verdict({"rc": 0, "stdout_lines": []}, {"rc": 0, "stdout_lines": [report]}, ENVIRONMENT)
    assert (found["sent"], found["message"], found["cause"]) == (True, "", "")


def test_a_task_that_did_not_run_is_no_success() -> None:
    nothing: dict[str, Any] = {"failed": True, "msg": "the cluster does not exist"}
    old = filters.mail_verdict(nothing, nothing, ENVIRONMENT, command="send_test_mail")
    assert old["direct"]["message"] == "send_test_mail: the cluster does not exist"
    found = filters.mail_verdict(nothing, nothing, ENVIRONMENT)
    assert (found["sent"], found["cause"]) == (False, "task")
    assert "the cluster does not exist" in found["message"]


def test_the_host_loses_its_scheme_only_for_several_organizations() -> None:
    assert filters.mail_host("https://redash.example.com", {"REDASH_MULTI_ORG": True}) == "redash.example.com"
    assert filters.mail_host("https://redash.example.com") == "https://redash.example.com"


def test_every_filter_is_documented() -> None:
    from pathlib import Path

    folder = Path(filters.__file__).parent
    assert {path.stem for path in folder.glob("mail_*.yml")} == set(filters.FilterModule().filters())
