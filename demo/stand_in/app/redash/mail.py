# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mail through the real SMTP server that the settings name; a failure is an exception, as in Redash."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

from redash import settings


def send(recipients: list[str], subject: str, text: str, html: str = "") -> None:
    if not settings.MAIL_DEFAULT_SENDER:
        raise AssertionError("The message does not specify a sender and a default sender has not been configured")
    message = EmailMessage()
    message["From"] = settings.MAIL_DEFAULT_SENDER
    message["To"] = ", ".join(recipients)
    message["Subject"] = subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    kind = smtplib.SMTP_SSL if settings.MAIL_USE_SSL else smtplib.SMTP
    with kind(settings.MAIL_SERVER, settings.MAIL_PORT) as server:
        if settings.MAIL_USE_TLS:
            server.starttls()
        if settings.MAIL_USERNAME and settings.MAIL_PASSWORD:
            server.login(settings.MAIL_USERNAME, settings.MAIL_PASSWORD)
        server.send_message(message)
