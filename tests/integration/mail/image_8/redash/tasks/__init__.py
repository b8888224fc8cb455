"""The job behind every mail that Redash sends: it logs what went wrong and counts as succeeded."""

import os
import smtplib

from celery.utils.log import get_task_logger

from redash.worker import celery

logger = get_task_logger(__name__)


@celery.task(name="redash.tasks.send_mail")
def send_mail(to, subject, html, text):
    try:
        with smtplib.SMTP(os.environ["REDASH_MAIL_SERVER"], int(os.environ["REDASH_MAIL_PORT"])) as server:
            server.sendmail(os.environ["REDASH_MAIL_DEFAULT_SENDER"], to, f"Subject: {subject}\n\n{text}")
    except Exception:
        logger.exception("Failed sending message: %s", subject)
