# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""manage.py: the commands, with the names, words and exit codes of the release that is stood in for."""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Callable
from typing import Any

import click

from redash import __version__, create_app, models, release, settings
from redash.query_runner import query_runners

RULE = "-" * 20
# click 6 kept underscores in the commands that Redash did not name itself; click 8 makes hyphens of them.
HYPHENS = release.AT_LEAST_25


def with_app(function: Callable[..., None]) -> Callable[..., None]:
    """Load the application first, as every command does but ``--help`` and usage errors; commit at the end."""

    @functools.wraps(function)
    def run(*arguments: Any, **options: Any) -> None:
        create_app()
        function(*arguments, **options)
        models.db.session.commit()

    return run


class NoResultFound(Exception):
    """SQLAlchemy 1.3's, under its name there."""


NoResultFound.__module__ = "sqlalchemy.orm.exc"


def organization(slug: str) -> Any:
    found = models.organization(slug)
    if found is None:
        raise NoResultFound("No row was found for one()")
    return found


def optional_organization(slug: str | None) -> int | None:
    return organization(slug)["id"] if slug else None


org_option = click.option("--org", default="default")
any_org_option = click.option("--org", default=None)


class Manager(click.Group):
    """Complains of a wrong command line as the release's click does: 6.6 and 6.7 up to Redash 10.1, 8.1.3 from 25.1 on."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        if HYPHENS:
            return super().main(*arguments, **options)
        try:
            return super().main(*arguments, **{**options, "standalone_mode": False})
        except click.UsageError as error:
            if error.ctx:
                click.echo(error.ctx.get_usage() + "\n", err=True)
            words = error.format_message()
            if isinstance(error, click.MissingParameter) and error.param:
                words = f'Missing {error.param.param_type_name} "{error.param.opts[0]}".'
            words = re.sub(r"'([^']*)'", r'"\1"', words).replace("No such option", "no such option", 1)
            click.echo(f"Error: {words}", err=True)
            sys.exit(2)
        except click.Abort:
            click.echo("Aborted!", err=True)
            sys.exit(1)


@click.group(cls=Manager)
def manager() -> None:
    """Management script for Redash (STAND-IN)"""


@manager.command()
@with_app
def version() -> None:
    """Displays Redash version."""
    print(__version__)


@manager.command()
@with_app
def status() -> None:
    """Shows the state of the installation, as JSON."""
    from redash.processes import state

    print(json.dumps(state(), indent=2))


@manager.command("check-settings" if HYPHENS else "check_settings")
@with_app
def check_settings() -> None:
    """Shows the settings as Redash sees them (useful for debugging)."""
    for name, value in settings.all_settings().items():
        print(f"{name} = {value}")


@manager.command("send-test-mail" if HYPHENS else "send_test_mail")
@click.argument("email", default=None, required=False)
@with_app
def send_test_mail(email: str | None = None) -> None:
    """Sends a test message to EMAIL (default: the sender)."""
    from redash.mail import send

    recipient = email or settings.MAIL_DEFAULT_SENDER
    send([recipient] if recipient else [], "Test Message from Redash (stand-in)", "Test message.")


@manager.command()
@with_app
def shell() -> None:
    import code

    code.interact(local={"models": models, "settings": settings})


# --- database and db


@manager.group()
def database() -> None:
    """Manage the database (create/drop tables. reencrypt data.)."""


@database.command("create_tables")
@with_app
def create_tables() -> None:
    from redash import database as tables

    if models.is_empty():
        tables.create_tables()
    elif not release.AT_LEAST_10:
        # Up to 9 the newest revision was stamped whatever the tables were.
        tables.stamp()


@database.command("drop_tables")
@with_app
def drop_tables() -> None:
    models.execute(f"DROP TABLE IF EXISTS {', '.join(models.NAMES)} CASCADE")


@database.command("reencrypt")
@click.argument("old_secret")
@click.argument("new_secret")
@click.option("--show-sql/--no-show-sql", default=False)
@with_app
def reencrypt(old_secret: str, new_secret: str, show_sql: bool) -> None:
    for row in models.execute("SELECT id, encrypted_options FROM data_sources ORDER BY id").fetchall():
        try:
            options = models.decrypt(row["encrypted_options"], old_secret)
        except Exception:
            if not release.AT_LEAST_25:
                raise
            print(f"Invalid Decryption Key for id {row['id']} in table data_sources", file=sys.stderr)
            continue
        models.execute("UPDATE data_sources SET encrypted_options = %s WHERE id = %s", models.encrypt(options, new_secret), row["id"])


@manager.group()
def db() -> None:
    """Perform database migrations."""


@db.command("upgrade")
@with_app
def db_upgrade() -> None:
    from redash import database as tables

    tables.upgrade()


@db.command("heads")
@with_app
def db_heads() -> None:
    from redash import database as tables

    tables.heads()


@db.command("current")
@with_app
def db_current() -> None:
    if release.AT_LEAST_10:
        raise TypeError("current() got an unexpected keyword argument 'head_only'")
    print(models.revision() or "")


@db.command("stamp")
@click.argument("revision", default="head")
@with_app
def db_stamp(revision: str) -> None:
    from redash import database as tables

    tables.stamp(revision)


# --- groups


def permissions_of(text: str | None) -> list[str]:
    return list(models.DEFAULT_PERMISSIONS) if not text else [part.strip() for part in text.split(",")]


@manager.group()
def groups() -> None:
    """Groups management commands."""


@groups.command("create")
@click.argument("name")
@org_option
@click.option("--permissions", default=None)
@with_app
def groups_create(name: str, org: str, permissions: str | None) -> None:
    print(f"Creating group ({name})...")
    wanted = permissions_of(permissions)
    print(f"permissions: [{','.join(wanted)}]")
    found = models.organization(org)
    models.add_group(found["id"] if found else None, name, wanted)


@groups.command("change_permissions")
@click.argument("group_id")
@click.option("--permissions", default=None)
@with_app
def groups_change_permissions(group_id: str, permissions: str | None) -> None:
    print(f"Change permissions of group {group_id} ...")
    found = models.execute("SELECT * FROM groups WHERE id = %s", group_id).first()
    if found is None:
        raise AttributeError("'NoneType' object has no attribute 'permissions'")
    wanted = permissions_of(permissions)
    print(f"current permissions [{','.join(found['permissions'])}] will be modify to [{','.join(wanted)}]")
    models.execute("UPDATE groups SET permissions = %s WHERE id = %s", wanted, group_id)


@groups.command("list")
@any_org_option
@with_app
def groups_list(org: str | None) -> None:
    rows = models.execute(
        "SELECT g.*, o.slug FROM groups g JOIN organizations o ON o.id = g.org_id WHERE %s::integer IS NULL OR o.id = %s ORDER BY g.name",
        *[optional_organization(org)] * 2,
    ).fetchall()
    for number, group in enumerate(rows):
        if number:
            print(RULE)
        members = models.execute("SELECT name FROM users WHERE groups @> ARRAY[%s] ORDER BY name", group["id"]).fetchall()
        names = ", ".join(member["name"] for member in members)
        print(f"Id: {group['id']}\nName: {group['name']}\nType: {group['type']}\nOrganization: {group['slug']}")
        print(f"Permissions: [{','.join(group['permissions'])}]")
        print(f"Users: {names}" if names or not release.AT_LEAST_25 else "Users:")


# --- users


@manager.group()
def users() -> None:
    """Users management commands."""


def build_groups(org_id: int, text: str | None, is_admin: bool) -> list[int]:
    if text is not None:
        parts = text.split(",")
        # As in Redash: without a comma at the end this is a ValueError.
        parts.remove("")
        return [int(part) for part in parts]
    kinds = ("admin", "default") if is_admin else ("default",)
    rows = models.execute(
        "SELECT id FROM groups WHERE org_id = %s AND type = 'builtin' AND name = ANY(%s) ORDER BY id", org_id, list(kinds)
    )
    return [row["id"] for row in rows]


def find_user(email: str, org: str) -> Any:
    return models.execute("SELECT * FROM users WHERE email = %s AND org_id = %s", email, organization(org)["id"]).first()


@users.command("create")
@click.argument("email")
@click.argument("name")
@org_option
@click.option("--admin", "is_admin", is_flag=True, default=False)
@click.option("--google", "google_auth", is_flag=True, default=False)
@click.option("--password", default=None)
@click.option("--groups", "groups_text", default=None)
@with_app
def users_create(email: str, name: str, org: str, is_admin: bool, google_auth: bool, password: str | None, groups_text: str | None) -> None:
    print(f"Creating user ({email}, {name}) in organization {org}...")
    print(f"Admin: {is_admin}")
    print(f"Login with Google Auth: {google_auth}\n")
    found = organization(org)
    wanted = build_groups(found["id"], groups_text, is_admin)
    if not password and not google_auth:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        models.add_user(found["id"], name, email, password, wanted)
    except Exception as error:
        models.db.session.rollback()
        print(f"Failed creating user: {error}")
        sys.exit(1)


@users.command("create_root")
@click.argument("email")
@click.argument("name")
@click.option("--org", default="default")
@click.option("--google", "google_auth", is_flag=True, default=False)
@click.option("--password", default=None)
@with_app
def users_create_root(email: str, name: str, org: str, google_auth: bool, password: str | None) -> None:
    print(f"Creating root user ({email}, {name}) in organization {org}...")
    print(f"Login with Google Auth: {google_auth}\n")
    if models.execute("SELECT 1 FROM users WHERE email = %s", email).rows:
        print(f"User [{email}] is already exists.")
        sys.exit(1)
    found = models.organization("default")
    org_id = found["id"] if found else models.add_organization(org, "default")
    admins = models.add_group(org_id, "admin", models.ADMIN_PERMISSIONS, "builtin")
    everybody = models.add_group(org_id, "default", models.DEFAULT_PERMISSIONS, "builtin")
    models.add_user(org_id, name, email, password, [admins, everybody])


@users.command("grant_admin")
@click.argument("email")
@org_option
@with_app
def users_grant_admin(email: str, org: str) -> None:
    user = find_user(email, org)
    if user is None:
        print(f"User [{email}] not found.")
        return
    (admins,) = build_groups(user["org_id"], None, True)[:1]
    if admins in user["groups"]:
        print("User is already an admin.")
        return
    models.execute("UPDATE users SET groups = groups || %s WHERE id = %s", admins, user["id"])
    print("User updated.")


@users.command("password")
@click.argument("email")
@click.argument("password")
@any_org_option
@with_app
def users_password(email: str, password: str, org: str | None) -> None:
    from werkzeug.security import generate_password_hash

    user = find_user(email, org or "default")
    if user is None:
        print(f"User [{email}] not found.")
        sys.exit(1)
    hashed = generate_password_hash(password, method="pbkdf2:sha256:50000")
    models.execute("UPDATE users SET password_hash = %s WHERE id = %s", hashed, user["id"])
    print("User updated.")


@users.command("invite")
@click.argument("email")
@click.argument("name")
@click.argument("inviter_email")
@org_option
@click.option("--admin", "is_admin", type=bool, default=False)
@click.option("--groups", "groups_text", default=None)
@with_app
def users_invite(email: str, name: str, inviter_email: str, org: str, is_admin: bool, groups_text: str | None) -> None:
    from redash.processes import enqueue_mail

    found = organization(org)
    wanted = build_groups(found["id"], groups_text, is_admin)
    if find_user(inviter_email, org) is None:
        print(f"The inviter [{inviter_email}] was not found.")
        return
    if find_user(email, org) is not None:
        print(f"Cannot invite. User already exists [{email}]")
        return
    # As in Redash: nothing in the user says that the invitation is open, unlike one that was sent from the page.
    models.add_user(found["id"], name, email, None, wanted)
    models.db.session.commit()
    # And without a sender nothing is sent, whatever it says next.
    if settings.MAIL_DEFAULT_SENDER:
        enqueue_mail([email], "You were invited to Redash (stand-in)", f"Open {settings.HOST}/invite to join.")
    print(f"An invitation was sent to [{name}] at [{email}].")


@users.command("delete")
@click.argument("email")
@any_org_option
@with_app
def users_delete(email: str, org: str | None) -> None:
    rows = models.execute("SELECT id FROM users WHERE email = %s", email).fetchall()
    models.execute("DELETE FROM users WHERE email = %s", email)
    print(f"Deleted {len(rows)} users.")


def _users_list(org: str | None, as_json: bool) -> None:
    rows = models.execute(
        "SELECT u.*, o.name AS org_name, o.slug FROM users u JOIN organizations o ON o.id = u.org_id"
        " WHERE %s::integer IS NULL OR o.id = %s ORDER BY u.name",
        *[optional_organization(org)] * 2,
    ).fetchall()
    for user in rows:
        models.details_of(user)
    if as_json:
        fields = [
            {
                "id": user["id"],
                "name": user["name"],
                "email": user["email"],
                "org": {"slug": user["slug"], "name": user["org_name"]},
                "active": user["disabled_at"] is None,
            }
            for user in rows
        ]
        print(json.dumps(fields, indent=2))
        return
    for number, user in enumerate(rows):
        if number:
            print(RULE)
        names = models.execute("SELECT name FROM groups WHERE id = ANY(%s) ORDER BY name", user["groups"] or []).fetchall()
        print(f"Id: {user['id']}\nName: {user['name']}\nEmail: {user['email']}\nOrganization: {user['org_name']}")
        print(f"Active: {user['disabled_at'] is None}\nGroups: {', '.join(group['name'] for group in names)}")


if release.AT_LEAST_26:

    @users.command("list")
    @any_org_option
    @click.option("--json", "as_json", is_flag=True, default=False)
    @with_app
    def users_list_or_json(org: str | None, as_json: bool) -> None:
        _users_list(org, as_json)

else:

    @users.command("list")
    @any_org_option
    @with_app
    def users_list(org: str | None) -> None:
        _users_list(org, False)


# --- organizations


@manager.group()
def org() -> None:
    """Organization management commands."""


@org.command("list")
@with_app
def org_list() -> None:
    for number, row in enumerate(models.execute("SELECT * FROM organizations ORDER BY name").fetchall()):
        if number:
            print(RULE)
        print(f"Id: {row['id']}\nName: {row['name']}\nSlug: {row['slug']}")


def _org_settings() -> tuple[int, dict[str, Any]]:
    row = models.execute("SELECT * FROM organizations ORDER BY id LIMIT 1").first()
    value = row["settings"]
    return row["id"], json.loads(value) if isinstance(value, str) else value


@org.command("set_google_apps_domains")
@click.argument("domains")
@with_app
def org_set_google_apps_domains(domains: str) -> None:
    org_id, values = _org_settings()
    values["google_apps_domains"] = [part.strip() for part in domains.split(",")]
    models.execute("UPDATE organizations SET settings = %s WHERE id = %s", json.dumps(values), org_id)
    print(f"Updated list of allowed domains to: {values['google_apps_domains']}")


@org.command("show_google_apps_domains")
@with_app
def org_show_google_apps_domains() -> None:
    print(f"Current list of Google Apps domains: {', '.join(_org_settings()[1].get('google_apps_domains', []))}")


if release.AT_LEAST_25:

    @org.command("create")
    @click.argument("name")
    @click.option("--slug", "org_slug", default="default")
    @with_app
    def org_create(name: str, org_slug: str) -> None:
        print(f"Creating organization ({name})...")
        org_id = models.add_organization(name, org_slug)
        models.add_group(org_id, "admin", models.ADMIN_PERMISSIONS, "builtin")
        models.add_group(org_id, "default", models.DEFAULT_PERMISSIONS, "builtin")


# --- data sources


@manager.group()
def ds() -> None:
    """Data sources management commands."""


def find_source(name: str, org: str) -> Any:
    return models.execute("SELECT * FROM data_sources WHERE name = %s AND org_id = %s", name, organization(org)["id"]).first()


def options_of(source: Any) -> dict[str, Any]:
    return models.decrypt(source["encrypted_options"], settings.SECRET_KEY or "")


def check_options(kind: str, options: dict[str, Any]) -> None:
    if any(name not in options for name in query_runners[kind].required):
        print("Error: invalid configuration.")
        sys.exit(1 if release.AT_LEAST_25 else 0)


@ds.command("list")
@any_org_option
@with_app
def ds_list(org: str | None) -> None:
    rows = models.execute(
        "SELECT * FROM data_sources WHERE %s::integer IS NULL OR org_id = %s ORDER BY name", *[optional_organization(org)] * 2
    ).fetchall()
    for number, source in enumerate(rows):
        if number:
            print(RULE)
        print(
            f"Id: {source['id']}\nName: {source['name']}\nType: {source['type']}\nOptions: {json.dumps(options_of(source), sort_keys=True)}"
        )


@ds.command("list_types")
@with_app
def ds_list_types() -> None:
    print("Enabled Query Runners:")
    for kind in sorted(query_runners):
        print(kind)
    print(f"Total of {len(query_runners)}.")


@ds.command("new")
@click.argument("name", default=None, required=False)
@click.option("--type", "kind", default=None)
@click.option("--options", "options_text", default=None)
@org_option
@with_app
def ds_new(name: str | None, kind: str | None, options_text: str | None, org: str) -> None:
    name = name or click.prompt("Name")
    kind = kind or click.prompt("Type")
    if kind not in query_runners:
        print(f'Error: the type "{kind}" is not supported (supported types: {", ".join(query_runners)}).')
        print("OJNK")
        sys.exit(1)
    options = json.loads(options_text or click.prompt("Options"))
    check_options(kind, options)
    print(f"Creating {kind} data source ({name}) with options:\n{json.dumps(options)}")
    source_id = models.execute(
        "INSERT INTO data_sources (org_id, name, type, encrypted_options) VALUES (%s, %s, %s, %s) RETURNING id",
        organization(org)["id"],
        name,
        kind,
        models.encrypt(options, settings.SECRET_KEY or ""),
    ).scalar()
    print(f"Id: {source_id}")


@ds.command("test")
@click.argument("name")
@org_option
@with_app
def ds_test(name: str, org: str) -> None:
    source = find_source(name, org)
    if source is None:
        print(f"Couldn't find data source named: {name}")
        sys.exit(1)
    print(f"Testing connection to data source: {name} (id={source['id']})")
    try:
        options = options_of(source)
        if source["type"] == "pg":
            import psycopg2

            names = {"host": "host", "port": "port", "user": "user", "password": "password", "dbname": "dbname"}
            psycopg2.connect(connect_timeout=5, **{ours: options[theirs] for theirs, ours in names.items() if options.get(theirs)}).close()
    except Exception as error:
        print(f"Failure: {error}")
        sys.exit(1)
    print("Success")


@ds.command("edit")
@click.argument("name")
@click.option("--name", "new_name", default=None)
@click.option("--options", "options_text", default=None)
@click.option("--type", "kind", default=None)
@org_option
@with_app
def ds_edit(name: str, new_name: str | None, options_text: str | None, kind: str | None, org: str) -> None:
    source = find_source(name, org)
    if source is None:
        print(f"Couldn't find data source named: {name}")
        return
    if options_text is not None:
        options = json.loads(options_text)
        check_options(kind or source["type"], options)
        models.execute(
            "UPDATE data_sources SET encrypted_options = %s WHERE id = %s", models.encrypt(options, settings.SECRET_KEY or ""), source["id"]
        )
    for column, value in (("name", new_name), ("type", kind)):
        if value:
            print(f"Updating {column} {source[column]} to: {value}")
            models.execute(f"UPDATE data_sources SET {column} = %s WHERE id = %s", value, source["id"])  # noqa: S608 (two constant names)


@ds.command("delete")
@click.argument("name")
@org_option
@with_app
def ds_delete(name: str, org: str) -> None:
    source = find_source(name, org)
    if source is None:
        print(f"Couldn't find data source named: {name}")
        sys.exit(1)
    print(f"Deleting data source: {name} (id={source['id']})")
    models.execute("DELETE FROM data_sources WHERE id = %s", source["id"])


# --- queries and rq


@manager.group()
def queries() -> None:
    """Queries management commands."""


def _change_tag(query_id: str, change: str, tag: str) -> None:
    if not models.execute("SELECT 1 FROM queries WHERE id = %s", query_id).rows:
        print("Query not found.")
        sys.exit(1)
    models.execute(f"UPDATE queries SET tags = {change}(tags, %s) WHERE id = %s", tag, query_id)  # noqa: S608 (two constant names)


@queries.command("add_tag")
@click.argument("query_id")
@click.argument("tag")
@with_app
def queries_add_tag(query_id: str, tag: str) -> None:
    _change_tag(query_id, "array_append", tag)
    print("Tag added.")


@queries.command("remove_tag")
@click.argument("query_id")
@click.argument("tag")
@with_app
def queries_remove_tag(query_id: str, tag: str) -> None:
    _change_tag(query_id, "array_remove", tag)
    print("Tag removed.")


if release.AT_LEAST_9:

    @manager.group()
    def rq() -> None:
        """RQ management commands."""

    @rq.command("scheduler")
    @with_app
    def rq_scheduler() -> None:
        from redash.processes import schedule

        schedule()

    @rq.command("worker")
    @click.argument("names", nargs=-1)
    @with_app
    def rq_worker(names: tuple[str, ...]) -> None:
        from redash.processes import work

        work(list(names))

    @rq.command("healthcheck")
    @with_app
    def rq_healthcheck() -> None:
        raise KeyError("SUPERVISOR_SERVER_URL")
