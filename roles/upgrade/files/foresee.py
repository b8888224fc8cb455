# Tries on the rows of the database what the migrations will do to them, and changes nothing: each function lives in this session only.
# What to try comes as JSON (core/foresight.py). Written for Python 2.7 to 3.13, and short (see look.py).
import json
import sys

from redash import create_app
from redash.models import db

MARK = "redash-ecs-result: "
ASKED = json.loads(sys.argv[1])
# Milliseconds for one statement, and rows that are named.
LIMIT, NAMED = 300000, 5
TRY = """create function pg_temp.try(v text) returns text language plpgsql as $f$ declare r text;
begin r := (%s)::text; return case when r is null then 'the new value would be null' end;
exception when others then return sqlerrm; end $f$"""
HERE = "c.relnamespace = (select oid from pg_namespace where nspname = current_schema())"
unread = []


def rows(query, **values):
    return [tuple(row) for row in db.session.execute(db.text(query), values)]


def ask(what, question, *arguments):
    # What could not be asked is said; it is not the same as nothing.
    try:
        db.session.execute(db.text("set local statement_timeout = %d" % LIMIT))
        return question(*arguments)
    except Exception as error:
        unread.append([what, (str(error).strip() or repr(error)).splitlines()[0]])
        return []
    finally:
        db.session.rollback()


def refused(revision, table, column, expression):
    there = "select count(*) from information_schema.columns where table_schema = current_schema()"
    if not rows(there + " and table_name = :t and column_name = :c", t=table, c=column)[0][0]:
        return []
    db.session.execute(db.text(TRY % expression))
    said = "from (select id, pg_temp.try(%s::text) as e from %s where %s is not null) t where e is not null" % (column, table, column)
    count = rows("select count(*) " + said)[0][0]
    first = rows("select id, e %s order by id limit %d" % (said, NAMED)) if count else []
    return [[revision, table, column, count, first]] if count else []


def dependents():
    found = rows(
        "select c.relname || '.' || a.attname, pg_describe_object(d.classid, d.objid, d.objsubid) from pg_depend d"
        " join pg_class c on c.oid = d.refobjid join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid where "
        + HERE
        + " and d.refclassid = 'pg_class'::regclass"
        " and d.classid in ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_trigger'::regclass) order by 1, 2"
    )
    return [list(row) for row in found if row[0] in ASKED["altered"]]


def foreign():
    found = rows(
        "select c.relname from pg_class c where " + HERE + " and c.relkind = 'r' and not pg_has_role(c.relowner, 'USAGE') order by 1"
    )
    return [name for (name,) in found if name in ASKED["tables"]]


def holders():
    query = (
        "select distinct a.pid, a.usename::text, a.application_name, a.state, extract(epoch from now() - a.xact_start)::int"
        " from pg_stat_activity a join pg_locks l on l.pid = a.pid join pg_class c on c.oid = l.relation"
        " where a.datname = current_database() and a.pid <> pg_backend_pid() and a.xact_start < now() - interval '10 minutes' and "
    )
    prepared = (
        "select gid, owner::text, extract(epoch from now() - prepared)::int from pg_prepared_xacts where database = current_database()"
    )
    names = ["'%s'" % name for name in ASKED["tables"]] or ["''"]
    held = [list(row) for row in rows(query + "c.relname in (%s)" % ", ".join(names))]
    return held + [[0, row[1], row[0], "prepared", row[2]] for row in rows(prepared)]


def server():
    return rows("select current_setting('server_version_num')::int, pg_is_in_recovery() or current_setting('transaction_read_only') = 'on'")


def hashes():
    # As migration 9e8c841d1a30 computes them, with this image's own query runners. It fails on a type that the image lacks, too.
    from redash.query_runner import BaseQueryRunner, get_query_runner

    found, lacking = [], {}
    joined = "from queries q left join data_sources d on d.id = q.data_source_id order by q.id"
    for number, name, archived, text, options, kind, source in rows(
        "select q.id, q.name, q.is_archived, q.query, q.options::text, d.type, d.name " + joined
    ):
        try:
            runner = get_query_runner(kind, {}) if kind else BaseQueryRunner({})
            if runner is None:
                lacking[source, kind] = lacking.get((source, kind), 0) + 1
            given = json.loads(options) if options else None
            limit = given.get("apply_auto_limit", False) if given else False
            if given:
                [one["name"] for one in given.get("parameters", [])]
            if runner is not None:
                runner.gen_query_hash(text, limit)
        except Exception as error:
            found.append([number, name, bool(archived), "%s: %s" % (type(error).__name__, error)])
    return found, sorted([source, kind, count] for (source, kind), count in lacking.items())


with create_app().app_context():
    db.session.rollback()
    found, lacking = (ask("types and hashes of queries", hashes) if ASKED["hashes"] else []) or ([], [])
    seen = {"refused": [], "lacking_count": len(lacking), "lacking": lacking[:20], "hashes_failed": len(found), "hashes": found[:NAMED]}
    for revision, table, column, expression in ASKED["trials"]:
        seen["refused"] += ask("%s.%s" % (table, column), refused, revision, table, column, expression)
    seen["dependents"] = ask("views, rules, policies and triggers", dependents)
    seen["foreign"] = ask("owners of the tables", foreign)
    seen["holders"] = ask("locks", holders)
    seen["server"] = (ask("version of the server", server) or [None])[0]
    seen["unread"] = unread
    print(MARK + json.dumps(seen, default=str))
