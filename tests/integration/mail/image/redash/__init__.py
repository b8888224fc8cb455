"""As much of Redash as sends mail, made of the libraries that Redash uses: Flask, Flask-Mail, click, RQ.

The programs of core/mail_proof.py run in it as they run in the image.
"""

import os

import redis
from flask import Flask
from flask_mail import Mail

rq_redis_connection = redis.from_url(os.environ.get("REDASH_REDIS_URL", "redis://127.0.0.1:1/0"))
mail = Mail()


def parse_boolean(text):
    text = text.lower()
    if text in ("yes", "true", "on", "1"):
        return True
    if text in ("no", "false", "off", "0", "none"):
        return False
    raise ValueError(f"Invalid boolean value {text!r}")


def create_app():
    app = Flask("redash")
    app.config.update(
        MAIL_SERVER=os.environ.get("REDASH_MAIL_SERVER", "localhost"),
        MAIL_PORT=int(os.environ.get("REDASH_MAIL_PORT", "25")),
        MAIL_USE_TLS=parse_boolean(os.environ.get("REDASH_MAIL_USE_TLS", "false")),
        MAIL_USE_SSL=parse_boolean(os.environ.get("REDASH_MAIL_USE_SSL", "false")),
        MAIL_USERNAME=os.environ.get("REDASH_MAIL_USERNAME"),
        MAIL_PASSWORD=os.environ.get("REDASH_MAIL_PASSWORD"),
        MAIL_DEFAULT_SENDER=os.environ.get("REDASH_MAIL_DEFAULT_SENDER"),
    )
    mail.init_app(app)
    return app
