"""The job behind every mail that Redash sends: it logs what went wrong and counts as finished."""

import logging

from flask_mail import Message

from redash import mail

logger = logging.getLogger("rq.job." + __name__)


def send_mail(to, subject, html, text):
    try:
        message = Message(recipients=to, subject=subject, html=html, body=text)
        mail.send(message)
    except Exception:
        logger.exception("Failed sending message: %s", message.subject)
