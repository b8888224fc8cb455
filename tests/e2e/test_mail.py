"""mail.yml on the local AWS: a real SMTP server receives what real containers send, and failures are told apart."""

from __future__ import annotations

import contextlib
import json
import re
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Demo, changed
from tests.e2e.hunt import hunt
from tests.e2e.vault import vault
from tests.integration.mail import smtp_servers
from tests.integration.mail.smtp_servers import PASSWORD, USERNAME, Post

SENDER = "Redash <redash@example.com>"
TO = "admin@example.com"


@pytest.fixture(scope="module")
def address(demo: Demo) -> str:
    """This machine as the containers see it: the gateway of their network."""
    ecs = demo.aws("ecs")
    (arn,) = ecs.list_tasks(cluster="redash-demo", serviceName="redash-demo")["taskArns"]
    (task,) = ecs.describe_tasks(cluster="redash-demo", tasks=[arn])["tasks"]
    addresses = re.findall(r"'privateIPv4Address', 'value': '([\d.]+)'|'privateIpv4Address': '([\d.]+)'", str(task))
    return next(found for pair in addresses for found in pair if found).rsplit(".", 1)[0] + ".1"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return smtp_servers.certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def post(tls: ssl.SSLContext) -> Iterator[Post]:
    with smtp_servers.server(host="0.0.0.0", starttls=tls, auth=True) as running:
        yield running


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What gives ansible-playbook the mail server's password, and a wrong one."""
    return vault(tmp_path_factory.mktemp("vault"), vault_mail_password=PASSWORD, vault_wrong_password=f"wrong-{PASSWORD}")


def settings(address: str, post: Post, given: list[str], **more: Any) -> list[str]:
    mail = {
        "server": address,
        "port": post.port,
        "security": "starttls",
        "username": USERNAME,
        "password": "{{ vault_mail_password }}",
        "default_sender": SENDER,
    }
    return [*given, "-e", json.dumps({"redash_mail": {**mail, **more}})]


def mail(demo: Demo, *arguments: str) -> subprocess.CompletedProcess[str]:
    return demo.playbook("mail.yml", *arguments)


def message(said: str) -> str:
    """What the last failed task said, on one line again."""
    return " ".join(said.rsplit("fatal: ", 1)[-1].split())


def deployments(demo: Demo) -> list[str]:
    (service,) = demo.aws("ecs").describe_services(cluster="redash-demo", services=["redash-demo"])["services"]
    return [deployment["id"] for deployment in service["deployments"]]


def test_contradictions_are_refused_all_at_once_before_anything_is_deployed(demo: Demo, address: str, post: Post, given: list[str]) -> None:
    before = deployments(demo)
    done = mail(demo, *settings(address, post, given, port=465, default_sender="nobody", access_key_id="AKIAX"))
    assert done.returncode != 0
    for problem in (
        "redash_mail.port: 465 expects TLS",
        "redash_mail.default_sender: 'nobody'",
        "redash_mail.access_key_id: only preset ses",
    ):
        assert problem in message(done.stdout), done.stdout
    assert PASSWORD not in done.stdout
    assert deployments(demo) == before


def test_check_mode_says_what_would_change_and_sends_nothing(demo: Demo, address: str, post: Post, given: list[str]) -> None:
    before = deployments(demo)
    done = mail(demo, *settings(address, post, given), "--check", "--diff")
    assert done.returncode == 0, done.stdout
    assert "REDASH_MAIL_SERVER" in done.stdout
    assert "mail_password" in done.stdout
    assert PASSWORD not in done.stdout
    assert (post.mails, deployments(demo)) == ([], before)


def test_mail_is_applied_to_every_container_and_both_mails_arrive(
    demo: Demo, address: str, post: Post, given: list[str], tmp_path: Path
) -> None:
    """The whole run as AWX runs it, at -vvvv and with diffs; the password is hunted for wherever it could be read."""
    found = hunt(
        "mail.yml",
        environment=demo.environment,
        client=demo.aws,
        home=demo.home,
        folder=tmp_path / "runner",
        needles={"the password of the mail server": PASSWORD},
        arguments=tuple(settings(address, post, given)),
    )
    found.clean()

    assert [(received["Subject"], received["To"], received["From"]) for received in post.mails] == [
        (post.mails[0]["Subject"], TO, SENDER),
        ("Redash redash-demo: a test of the emails queue", TO, SENDER),
    ]
    assert post.mails[0]["Subject"].startswith("Test Message from Redash")
    assert (post.over_tls, post.logged_in) == ([True, True], [True, True])

    ecs = demo.aws("ecs")
    for family in ("redash-demo", "redash-demo-task-runner"):
        definition = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
        for container in definition["containerDefinitions"]:
            assert {"REDASH_MAIL_PASSWORD"} <= {secret["name"] for secret in container["secrets"]}, container["name"]
            environment = {variable["name"]: variable["value"] for variable in container["environment"]}
            assert environment["REDASH_MAIL_SERVER"] == address, container["name"]
            assert "" not in environment.values(), container["name"]
    (parameter,) = demo.aws("ssm").get_parameters(Names=["/redash/redash-demo/mail_password"])["Parameters"]
    assert parameter["Type"] == "SecureString"


def test_the_same_settings_deploy_nothing_and_send_nothing(demo: Demo, address: str, post: Post, given: list[str]) -> None:
    before, sent = deployments(demo), len(post.mails)
    done = mail(demo, *settings(address, post, given))
    assert done.returncode == 0, done.stdout
    assert changed(done.stdout) == {"redash-demo": 0}
    assert (deployments(demo), len(post.mails)) == (before, sent)


def test_site_yml_with_the_same_settings_finds_nothing_to_change(demo: Demo, address: str, post: Post, given: list[str]) -> None:
    # Terraform left out: mail.yml itself has just run it with these settings.
    done = demo.playbook("site.yml", *settings(address, post, given), "-e", "redash_terraform_skip_unchanged=true")
    assert done.returncode == 0, done.stdout
    assert changed(done.stdout) == {"redash-demo": 0}, done.stdout


def test_the_proof_alone_sends_two_mails_and_deploys_nothing(demo: Demo, address: str, post: Post, given: list[str]) -> None:
    before, sent = deployments(demo), len(post.mails)
    done = mail(demo, *settings(address, post, given), "-e", "mail_test=true")
    assert done.returncode == 0, done.stdout
    assert (deployments(demo), len(post.mails)) == (before, sent + 2)


def test_a_changed_password_reaches_the_containers_and_a_wrong_one_is_explained(
    demo: Demo, address: str, post: Post, given: list[str]
) -> None:
    before, sent = deployments(demo), len(post.mails)
    done = mail(demo, *settings(address, post, given, password="{{ vault_wrong_password }}"))
    assert done.returncode != 0
    assert f"{address} refuses the user name or password: 535 5.7.8" in message(done.stdout)
    assert "The settings are deployed as they are; the next mail.yml tries both ways again." in message(done.stdout)
    assert PASSWORD not in done.stdout
    assert deployments(demo) != before
    assert len(post.mails) == sent
    assert mail(demo, *settings(address, post, given)).returncode == 0
    assert len(post.mails) == sent + 2


def test_a_worker_that_does_not_listen_is_told_from_settings_that_are_wrong(demo: Demo, address: str, post: Post, given: list[str]) -> None:
    """The classic fault: send-test-mail works, and no mail of Redash's own ever leaves."""
    ecs = demo.aws("ecs")
    ecs.update_service(cluster="redash-demo", service="redash-demo", desiredCount=0)
    try:
        until = time.monotonic() + 120
        while ecs.list_tasks(cluster="redash-demo", serviceName="redash-demo")["taskArns"] and time.monotonic() < until:
            time.sleep(2)
        done = mail(demo, *settings(address, post, given), "-e", "mail_test=true", "-e", "mail_timeout=5")
        assert done.returncode != 0
        assert "The settings are right, but mails that Redash itself sends do not leave." in message(done.stdout)
        assert "the emails queue: no worker takes" in message(done.stdout)
    finally:
        ecs.update_service(cluster="redash-demo", service="redash-demo", desiredCount=1)
        until = time.monotonic() + 300
        while demo.get("/ping")[0] != 200 and time.monotonic() < until:
            time.sleep(2)


@contextlib.contextmanager
def nobody(*, host: str) -> Iterator[int]:
    """The port of a name that does not exist."""
    yield 587


@contextlib.contextmanager
def plain(*, host: str) -> Iterator[int]:
    """A server that knows no TLS."""
    with smtp_servers.server(host=host) as running:
        yield running.port


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trap", "server", "what"),
    [
        (nobody, "mail.no-such-host.invalid", "mail.no-such-host.invalid has no address: the name is not found. Check redash_mail.server"),
        (plain, "", "{server}:{port} does not offer STARTTLS. Use the port that does (587)"),
        (smtp_servers.black_hole, "", "{server}:{port} does not answer at all: packets get lost on the way. Check the security group"),
        (
            smtp_servers.silent,
            "",
            "{server}:{port} takes the connection and then says nothing. The port may expect TLS",
        ),
    ],
    ids=["name not found", "no STARTTLS", "black hole", "silence"],
)
def test_what_is_wrong_with_a_server_is_told_once_with_what_to_do(
    demo: Demo, address: str, post: Post, given: list[str], trap: Callable[..., AbstractContextManager[int]], server: str, what: str
) -> None:
    with trap(host=address) as port:
        done = mail(demo, *settings(address, post, given, server=server or address, port=port), "-e", "mail_timeout=5")
    assert done.returncode != 0
    said = message(done.stdout)
    assert f"No mail leaves, neither by send-test-mail nor by the emails queue: {what.format(server=address, port=port)}" in said, (
        done.stdout
    )
    assert "The settings are deployed as they are; the next mail.yml tries both ways again." in said
    for noise in ("redash-ecs-result", "[WARNING]", PASSWORD):
        assert noise not in done.stdout, done.stdout
