# Looks at the database from inside a Redash image and changes nothing. Written for Python 2.7 to 3.13, and
# short: RunTask takes 8192 characters of overrides in all. Says what it saw as one line of JSON.
import base64
import hashlib
import json
import os

import redash
from redash import create_app, settings
from redash.models import db

MARK = "redash-ecs-result: "
OLD_COOKIE_SECRET = "c292a0a3aa32397cdb050e233733900f"


def rows(query):
    return [tuple(row) for row in db.session.execute(db.text(query))]


def has_column(table, column):
    query = "select count(*) from information_schema.columns where table_schema = current_schema()"
    return rows(query + " and table_name = '%s' and column_name = '%s'" % (table, column))[0][0] > 0


def migrations(revisions):
    # `manage db current` is broken in most releases and `manage db heads` tells half of it.
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(redash.__file__))), "migrations"))
    try:
        pending = [[each.revision, each.doc] for each in scripts.iterate_revisions("heads", tuple(revisions))]
    except Exception:
        pending = None  # this image does not know the database's revision
    return {"heads": list(scripts.get_heads()), "pending": pending and pending[::-1]}


def encryption():
    # Derived as sqlalchemy-utils' FernetEngine does; read past the models, which fit one schema only.
    from cryptography.fernet import Fernet, InvalidToken

    key = getattr(settings, "DATASOURCE_SECRET_KEY", "") or ""
    fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode("utf-8")).digest()))
    opened, wrong = 0, []
    for table in ("data_sources", "notification_destinations"):
        if has_column(table, "encrypted_options"):
            for name, value in rows("select name, encrypted_options from %s where encrypted_options is not null order by id" % table):
                try:
                    fernet.decrypt(bytes(value))
                    opened += 1
                except InvalidToken:
                    wrong.append(name)
    return {
        "key_given": bool(os.environ.get("REDASH_SECRET_KEY")),
        "cookie_secret_default": os.environ.get("REDASH_COOKIE_SECRET", OLD_COOKIE_SECRET) == OLD_COOKIE_SECRET,
        "opened": opened,
        "wrong_key": wrong[:20],
    }


def users():
    # Migration fd4fc850d7ea empties `details` of those without a picture: an open invitation is lost with it.
    old = has_column("users", "profile_image_url")
    without = "select count(*) from users where profile_image_url is null"
    return {
        "users": rows("select count(*) from users")[0][0],
        "without_picture": rows(without)[0][0] if old else 0,
    }


def look():
    revisions = [row[0] for row in rows("select version_num from alembic_version")]
    seen = {"version": redash.__version__, "revisions": revisions}
    seen.update(migrations(revisions))
    seen.update(encryption())
    seen.update(users())
    seen["queries"] = rows("select count(*) from queries")[0][0]
    limits = "select current_setting('max_connections')::int, (select count(*) from pg_stat_activity), pg_database_size(current_database())"
    seen["max_connections"], seen["connections"], seen["bytes"] = rows(limits)[0]
    return seen


with create_app().app_context():
    print(MARK + json.dumps(look()))
