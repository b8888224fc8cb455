# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""mail.yml on Redash 8: a real Celery worker, which tells nobody what became of a mail, and a real SMTP server. One life, in this order."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo import engine, services
from demo.instance import Instance
from tests.e2e.hunt import Hunted, hunt
from tests.e2e.vault import vault
from tests.e2e_upgrade.installation import NAME, Installation, Run
from tests.integration.mail import smtp_servers
from tests.integration.mail.smtp_servers import PASSWORD, USERNAME, Post


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    return smtp_servers.certificate(tmp_path)


@pytest.fixture
def post(tls: ssl.SSLContext) -> Iterator[Post]:
    with smtp_servers.server(host="0.0.0.0", starttls=tls, auth=True) as running:
        yield running


def settings(redash: Installation, port: int, **more: Any) -> dict[str, Any]:
    """What the inventory says of this release, and of the mail server: this machine, as the containers see it."""
    instance = Instance(redash.home, redash.port)
    found = engine.find(instance)
    assert found is not None
    mail = {
        "server": services.gateway(found, instance),
        "port": port,
        "security": "starttls",
        "username": USERNAME,
        "password": "{{ vault_mail_password }}",
        "default_sender": "Redash <redash@example.com>",
    }
    return {"redash_version": "8.0.0", "redash_topology": "split", "redash_mail": {**mail, **more}}


def hunted(playbook: str, redash: Installation, folder: Path, opened: list[str], **variables: Any) -> Hunted:
    needles = {"the password of the mail server": PASSWORD}
    return hunt(
        playbook,
        environment=redash.environment,
        client=redash.client,
        home=redash.home,
        folder=folder,
        needles=needles,
        arguments=tuple(opened),
        **variables,
    )


def failure(run: Run) -> str:
    assert run.rc != 0, run.output[-4000:]
    assert PASSWORD not in run.output
    # What is for playbooks is not shown; the traceback, which the message explains, is.
    assert "redash-ecs-result" not in run.output
    assert "[WARNING]" not in run.output
    return run.message


def test_both_ways_are_proven_and_each_fault_is_told_apart(split: Installation, post: Post, tmp_path: Path) -> None:
    # The demo's folder, where the tests note what they ran, is searched, too.
    opened = vault(tmp_path, vault_mail_password=PASSWORD)
    good = settings(split, post.port)
    found = hunted("mail.yml", split, tmp_path / "mail", opened, **good)
    found.clean()
    assert "by send_test_mail and through the celery queue." in found.output
    assert [mail["Subject"] for mail in post.mails] == [post.mails[0]["Subject"], f"Redash {NAME}: a test of the emails queue"]
    assert (post.over_tls, post.logged_in) == ([True, True], [True, True])

    # The worker's job succeeds, whatever the server says: its log is what tells.
    post.refuse_data = "554 5.7.1 Message rejected: not verified"
    refused = failure(split.run("mail.yml", *opened, mail_test=True, **good))
    assert refused.startswith("No mail leaves, neither by send_test_mail nor by the celery queue: "), refused
    assert "refuses the mail: 554 5.7.1 Message rejected: not verified" in refused
    post.refuse_data = ""

    # A server that says nothing: the job never ends.
    with smtp_servers.silent(host="0.0.0.0") as port:
        hangs = failure(split.run("mail.yml", *opened, mail_timeout=5, **settings(split, port)))
        assert f":{port} takes the connection and then says nothing" in hangs
        assert "the celery queue: a worker took the mail and is still at it" in hangs

    # Mails share the scheduler's queue there.
    assert split.run("mail.yml", *opened, **good).rc == 0
    arrived = len(post.mails)
    ecs = split.client("ecs")
    ecs.update_service(cluster=NAME, service=f"{NAME}-scheduler", desiredCount=0)
    for arn in ecs.list_tasks(cluster=NAME, serviceName=f"{NAME}-scheduler")["taskArns"]:
        ecs.stop_task(cluster=NAME, task=arn)
    nobody = failure(split.run("mail.yml", *opened, mail_test=True, mail_timeout=5, **good))
    assert nobody.startswith(
        "The settings are right, but mails that Redash itself sends do not leave. the celery queue: no worker takes jobs"
    )
    assert len(post.mails) == arrived + 1
    ecs.update_service(cluster=NAME, service=f"{NAME}-scheduler", desiredCount=1)

    # An upgrade with a snapshot and a migration leaves no secret anywhere, either.
    found = hunted("upgrade.yml", split, tmp_path / "upgrade", opened, **{**good, **split.to("10.1.0")})
    found.clean()
    assert split.schema() == "89bc7873a3e0"
