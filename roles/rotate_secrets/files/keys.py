# Says which key opens how many encrypted rows, and changes nothing. Written for Python 2.7 to 3.13, and
# short: RunTask takes 8192 characters of overrides in all. No value is printed, only counts and names.
import base64
import hashlib
import json
import os

from cryptography.fernet import Fernet, InvalidToken
from redash import create_app
from redash.models import db

MARK = "redash-ecs-result: "


def rows(query):
    return [tuple(row) for row in db.session.execute(db.text(query))]


def fernet(variable):
    # Without a key, Redash encrypts with its cookie secret.
    value = os.environ.get(variable) or os.environ["REDASH_COOKIE_SECRET"]
    # Derived as sqlalchemy-utils' FernetEngine does; read past the models, which fit one schema only.
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(value.encode("utf-8")).digest()))


def opens(key, value):
    try:
        key.decrypt(bytes(value))
    except InvalidToken:
        return False
    return True


def look():
    keys = [("old", fernet("REDASH_SECRET_KEY"))]
    if os.environ.get("REDASH_SECRET_KEY_NEXT"):
        keys.append(("new", fernet("REDASH_SECRET_KEY_NEXT")))
    seen = {"old": 0, "new": 0, "neither": []}
    for table in ("data_sources", "notification_destinations"):
        query = (
            "select count(*) from information_schema.columns where table_schema = current_schema() and column_name = 'encrypted_options'"
        )
        if not rows(query + " and table_name = '%s'" % table)[0][0]:
            continue
        for name, value in rows("select name, encrypted_options from %s where encrypted_options is not null order by id" % table):
            which = [each for each, key in keys if opens(key, value)]
            if which:
                seen[which[0]] += 1
            else:
                seen["neither"].append(name)
    seen["neither"] = seen["neither"][:100]
    return seen


with create_app().app_context():
    print(MARK + json.dumps(look()))
