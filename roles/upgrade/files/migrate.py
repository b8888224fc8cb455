# Migrates the database: `manage db upgrade` of this image, with what must be mended before it, and the
# revision read again after it. Written for Python 2.7 to 3.13, and short (see look.py).
import json
import subprocess
import sys

from redash import create_app
from redash.models import db

MARK = "redash-ecs-result: "


def rows(query):
    return [tuple(row) for row in db.session.execute(db.text(query))]


def revisions():
    found = [row[0] for row in rows("select version_num from alembic_version")]
    db.session.rollback()  # an open transaction would hold what the migration wants to lock
    return found


def change(query):
    count = db.session.execute(db.text(query)).rowcount
    db.session.commit()
    return count


def let_workers_work():
    # drain.py told RQ's workers to rest; those are gone by now, and the next ones shall not inherit it.
    try:
        from redash import rq_redis_connection
        from rq import suspension
    except ImportError:
        return
    suspension.resume(rq_redis_connection)


def has_pictures():
    query = "select count(*) from information_schema.columns where table_schema = current_schema()"
    found = rows(query + " and table_name = 'users' and column_name = 'profile_image_url'")[0][0] > 0
    db.session.rollback()
    return found


with create_app().app_context():
    let_workers_work()
    before = revisions()
    # Migration fd4fc850d7ea computes details || null = null for users without a picture, and their open
    # invitations are lost. With an empty picture it computes what it means to.
    mend = "89bc7873a3e0" in before and has_pictures()
    mended = change("update users set profile_image_url = '' where profile_image_url is null") if mend else 0
    if mended:
        print("%d users without a picture keep their details." % mended)
    sys.stdout.flush()
    code = subprocess.call(["/app/manage.py", "db", "upgrade"])
    after = revisions()
    if mended and after == before:
        change("update users set profile_image_url = null where profile_image_url = ''")
    print(MARK + json.dumps({"before": before, "revisions": after, "mended": mended, "rc": code}))
    sys.stdout.flush()
sys.exit(code)
