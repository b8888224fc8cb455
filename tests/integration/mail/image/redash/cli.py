"""manage.py's group with the one command that the proof calls."""

import click
from flask_mail import Message

from redash import create_app, mail


@click.group()
def manager():
    pass


@manager.command("send-test-mail")
@click.argument("email")
def send_test_mail(email):
    with create_app().app_context():
        mail.send(Message(subject="Test Message from Redash", recipients=[email], body="Test message."))
