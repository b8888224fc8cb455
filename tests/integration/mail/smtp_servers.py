"""Real SMTP servers on loopback: the good ones take mail and keep it, the bad ones fail as servers do."""

from __future__ import annotations

import contextlib
import email
import email.policy
import secrets
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USERNAME = "redash"
# Another one in each process: what a test looks for on this machine must not be what another hands to a command.
PASSWORD = f"mail-{secrets.token_urlsafe(12)}"


@dataclass
class Post:
    """What arrived. ``sessions`` says for each mail whether it came over TLS and who was logged in."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)
    logged_in: list[bool] = field(default_factory=list)
    refuse_sender: str = ""
    refuse_recipient: str = ""
    refuse_data: str = ""

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.refuse_recipient:
            return self.refuse_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuse_data:
            return self.refuse_data
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        self.over_tls.append(session.ssl is not None or isinstance(server.transport.get_extra_info("ssl_object"), ssl.SSLObject))
        self.logged_in.append(bool(session.authenticated))
        return "250 OK"


def certificate(folder: Path) -> ssl.SSLContext:
    """A self-signed one, as an old company relay has it; Redash's smtplib does not verify it."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as listener:
        listener.bind((host, 0))
        return int(listener.getsockname()[1])


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (USERNAME.encode(), PASSWORD.encode()), handled=False)


@contextlib.contextmanager
def server(
    *,
    host: str = "127.0.0.1",
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    auth: bool = False,
    **refuse: str,
) -> Iterator[Post]:
    """An SMTP server: plain, with STARTTLS (then demanded), or with TLS from the first byte; with or without a login."""
    post = Post(port=free_port(host), **refuse)
    controller = Controller(
        post,
        hostname=host,
        port=post.port,
        tls_context=starttls,
        require_starttls=starttls is not None,
        ssl_context=tls,
        authenticator=_authenticate,
        auth_required=auth,
        # A login without TLS is taken where there is no TLS at all: the server inside one's own network.
        auth_require_tls=starttls is not None,
    ) if auth else Controller(
        post, hostname=host, port=post.port, tls_context=starttls, require_starttls=starttls is not None, ssl_context=tls
    )  # fmt: skip
    controller.start()
    try:
        yield post
    finally:
        controller.stop()


@contextlib.contextmanager
def silent(*, host: str = "127.0.0.1", greets: bool = False, hangs_up: bool = False) -> Iterator[int]:
    """A port that takes connections and says nothing, or greets and then says nothing, or hangs up at once."""
    listener = socket.create_server((host, 0))
    held: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if greets:
                connection.sendall(b"220 here\r\n")
            if hangs_up:
                connection.close()
            else:
                held.append(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for connection in held:
            connection.close()


@contextlib.contextmanager
def black_hole(*, host: str = "127.0.0.1") -> Iterator[int]:
    """A port whose connections are never even taken: its queue is full, so the kernel drops what comes."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listener.getsockname())
        yield int(listener.getsockname()[1])
