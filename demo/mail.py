# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A mail server for the demo: it takes what the containers send, says what arrived, and sends nothing on."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from types import FrameType
from typing import NoReturn

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from demo.instance import DemoError
from demo.show import say

# On the network's own address, so two demos' mail servers are not in each other's way.
PORT = 1025
SENDER = "Redash <redash@example.com>"


class Mailbox:
    """aiosmtpd's handler: each mail is a file, and a line for the person."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._tell = tell

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        message = email.message_from_bytes(content, policy=email.policy.default)
        number = sum(1 for _ in self._folder.glob("*.eml")) + 1
        path = self._folder / f"{number}.eml"
        path.write_bytes(content)
        subject = message["Subject"] if isinstance(message, EmailMessage) else ""
        self._tell(f"  {time.strftime('%H:%M:%S')}  {envelope.mail_from} -> {', '.join(envelope.rcpt_tos)}: {subject}")
        self._tell(f"            {path}")
        return "250 OK"


def settings(address: str, port: int) -> dict[str, object]:
    """What the inventory would say of this server: no login and no TLS, which only a network of one's own may have."""
    return {
        "redash_mail": {
            "preset": "relay",
            "server": address,
            "port": port,
            "security": "none",
            "private_network": True,
            "default_sender": SENDER,
        }
    }


@contextlib.contextmanager
def server(home: Path, address: str, port: int = PORT, tell: Callable[[str], None] = say) -> Iterator[Path]:
    """Take mail until the block ends. Yields the file with the variables for mail.yml, which goes with the server."""
    folder = home / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    controller = Controller(Mailbox(folder, tell), hostname=address, port=port, ready_timeout=60)
    try:
        # Asked first: aiosmtpd tells of a port in use only after the five seconds that it gives a server to start.
        socket.create_server((address, port)).close()
        controller.start()
    except OSError as error:
        # asyncio wraps the reason in a sentence of its own.
        why = os.strerror(error.errno) if error.errno else str(error)
        raise DemoError(
            f"no mail server can listen at {address}:{port}: {why}. If another `make demo-mail` runs, use that;"
            " with a rootless engine that address is not this machine's, so name a mail server of your own in redash_mail."
        ) from None
    variables = home / "mail.yml"
    variables.write_text(json.dumps(settings(address, port), indent=2) + "\n")
    try:
        yield variables
    finally:
        variables.unlink(missing_ok=True)
        controller.stop()


def until_interrupted() -> None:
    """Wait for Ctrl-C, for a polite end from elsewhere, or for the terminal to be closed."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            signal.pause()
