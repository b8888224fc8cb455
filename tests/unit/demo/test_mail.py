# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The demo's mail server, with the standard library's own client."""

from __future__ import annotations

import json
import signal
import smtplib
import socket
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.mail import environment
from demo import mail
from demo.instance import ROOT, DemoError


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def send(port: int, subject: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "redash@example.com", "ada@example.com", subject
    message.set_content("Hello")
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.send_message(message)


def test_what_arrives_is_told_and_kept(tmp_path: Path, port: int) -> None:
    told: list[str] = []
    with mail.server(tmp_path, "127.0.0.1", port, told.append):
        send(port, "Redash: a query has finished")
        send(port, "Grüße")
    assert "redash@example.com -> ada@example.com: Redash: a query has finished" in told[0]
    assert told[2].endswith(": Grüße")
    assert b"Hello" in (tmp_path / "mail" / "1.eml").read_bytes()
    assert told[3].endswith(str(tmp_path / "mail" / "2.eml"))


def test_its_variables_are_there_as_long_as_it_is(tmp_path: Path, port: int) -> None:
    with mail.server(tmp_path, "127.0.0.1", port) as file:
        given = json.loads(file.read_text())["redash_mail"]
        assert (given["server"], given["port"]) == ("127.0.0.1", port)
        # Redash's own settings: the collection takes these variables for what they are meant to be.
        variables = environment({**given, "server": "10.89.0.1"})
        assert (variables["REDASH_MAIL_SERVER"], variables["REDASH_MAIL_PORT"]) == ("10.89.0.1", str(port))
    assert not file.exists()


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = int(listener.getsockname()[1])
        with pytest.raises(DemoError, match=f"127.0.0.1:{taken}: Address already in use"), mail.server(tmp_path, "127.0.0.1", taken):
            pass
    assert not (tmp_path / "mail.yml").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_however_it_is_ended_its_variables_go_with_it(tmp_path: Path, port: int, number: signal.Signals) -> None:
    # A shell starts its background jobs deaf to SIGINT, and so is whatever these tests start then: a terminal's are not.
    program = (
        "import signal, sys; from pathlib import Path; from demo import mail\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        # It says so when its handlers are set and it waits.
        "pause = signal.pause\n"
        "def wait(): print('up', flush=True); pause()\n"
        "signal.pause = wait\n"
        f"with mail.server(Path(sys.argv[1]), '127.0.0.1', {port}): mail.until_interrupted()"
    )
    running = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert running.stdout and running.stdout.readline() == "up\n"
    assert (tmp_path / "mail.yml").exists()
    running.send_signal(number)
    assert running.wait(60) == 0
    assert not (tmp_path / "mail.yml").exists()
