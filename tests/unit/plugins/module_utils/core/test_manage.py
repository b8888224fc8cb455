# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.manage import NOISE, command, failure_in, mask, parse, split
from ansible_collections.redash.ecs.plugins.module_utils.core.release import release

SECRETS = {"PW": "REDASH_ADMIN_PASSWORD", "DB_PASSWORD": "DB_PASSWORD"}


def refused(typed: Any, **more: Any) -> str:
    with pytest.raises(RedashError) as caught:
        command(typed, **more)
    return str(caught.value)


@given(st.lists(st.text(min_size=1).filter(lambda word: word.strip() and "\0" not in word), min_size=1, max_size=6))
def test_words_survive_a_command_line(words: list[str]) -> None:
    assert split(["x", *words]) == ["x", *words]
    assert split(shlex.join(["x", *words])) == ["x", *words]


@pytest.mark.parametrize(
    "typed", ["manage groups list", "./manage.py groups list", "/app/manage.py groups list", ["manage", "groups", "list"]]
)
def test_the_program_in_front_is_understood(typed: Any) -> None:
    assert command(typed).argv == ["/app/manage.py", "groups", "list"]


@pytest.mark.parametrize(
    ("typed", "reads"),
    [("groups list", True), ("groups create --help", True), ("groups create helpers", False)],
)  # fmt: skip
def test_what_only_shows_something_changes_nothing(typed: str, reads: bool) -> None:
    assert command(typed).reads is reads


@pytest.mark.parametrize("typed", ["", "  ", [], [""], "manage"])
def test_an_empty_command_is_refused(typed: Any) -> None:
    assert "the command is empty" in refused(typed)


def test_an_open_quote_is_refused() -> None:
    assert "a quote is not closed" in refused("groups create 'Data")


@pytest.mark.parametrize(
    ("version", "typed", "sent"),
    [
        ("25.8.0", "send_test_mail a@b.c", "send-test-mail a@b.c"),
        ("26.3.0", "check_settings", "check-settings"),
        ("10.1.0", "send-test-mail", "send_test_mail"),
        ("8.0.0", "check-settings", "check_settings"),
        ("25.8.0", "groups change_permissions 3", "groups change_permissions 3"),
        ("25.8.0", "ds list_types", "ds list_types"),
    ],
)
def test_names_are_those_of_the_release(version: str, typed: str, sent: str) -> None:
    assert command(typed, spelling=release(version).command).words == sent.split()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("users create a@b.c A", "Add --password $NAME_OF_A_SECRET or --google"),
        ("users create a@b.c A --admin --groups 3,", "Add --password"),
        ("ds new", "would ask for NAME, --type, --options"),
        ("ds new mine --type pg", "would ask for --options"),
        ("ds new --type pg --options {}", "would ask for NAME"),
        ("shell", "is interactive"),
        ("db edit", "is interactive"),
    ],
)
def test_commands_that_would_ask_are_refused_with_the_answer(typed: str, said: str) -> None:
    assert said in refused(typed)


@pytest.mark.parametrize(
    "typed", ["users create a@b.c A --google", "users create --help", "users create_root a@b.c A", "ds new x --type pg --options {}"]
)
def test_commands_that_do_not_ask_pass(typed: str) -> None:
    command(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "users create a@b.c A --password hunter2",
        "users create a@b.c A --password=hunter2",
        "users create_root a@b.c A --password hunter2",
        "users password a@b.c hunter2",
        "users password --org default a@b.c hunter2",
        "database reencrypt hunter2 $PW",
        "database reencrypt $PW hunter2",
        """ds new x --type pg --options '{"host": "h", "password": "hunter2"}'""",
        """ds edit x --options '{"jsonKeyFile": "hunter2"}'""",
        "users create a@b.c A --password hunter2$PW",
    ],
)
def test_passwords_in_plain_text_are_refused_without_being_repeated(typed: str) -> None:
    said = refused(typed, secrets=SECRETS)
    assert "plain text" in said and "$PW" in said and "hunter2" not in said


def test_an_unknown_secret_is_refused_with_those_that_are_known() -> None:
    assert "carries no secret NOPE. Known: $DB_PASSWORD, $PW" in refused("users password a@b.c $NOPE", secrets=SECRETS)


@pytest.mark.parametrize("word", ["$PW", "${PW}"])
def test_a_secret_by_reference_passes_and_only_those_used_are_sent(word: str) -> None:
    ready = command(["users", "create_root", "a@b.c", "Ada L", "--password", word], secrets=SECRETS)
    assert ready.secrets == {"PW": "REDASH_ADMIN_PASSWORD"}
    assert ready.shown == f"users create_root a@b.c 'Ada L' --password {word}"


def test_a_dollar_that_names_no_secret_is_text() -> None:
    ready = command(["groups", "create", "Costs $US and $PWX"], secrets=SECRETS)
    assert ready.secrets == {} and ready.argv[-1] == "Costs $US and $PWX"


def test_a_data_sources_password_can_be_a_reference_inside_its_options() -> None:
    ready = command(["ds", "new", "x", "--type", "pg", "--options", '{"password": "$DB_PASSWORD"}'], secrets=SECRETS)
    assert ready.secrets == {"DB_PASSWORD": "DB_PASSWORD"}


@pytest.mark.parametrize(("given", "sent"), [("3", "3,"), ("3,", "3,"), ("1,3", "1,3,"), ("", "")])
def test_group_ids_end_with_the_comma_that_redash_needs(given: str, sent: str) -> None:
    assert command(["users", "create", "a@b.c", "A", "--google", "--groups", given]).words[-1] == sent
    assert command(["users", "create", "a@b.c", "A", "--google", f"--groups={given}"]).words[-1] == f"--groups={sent}"


def test_create_db_and_db_current_are_what_they_mean() -> None:
    assert command("create_db").argv == ["/app/manage.py", "database", "create_tables"]
    assert command("db current").argv[:2] == ["python", "-c"]  # Redash's own crashes


def test_what_changes_the_schema_locks_itself() -> None:
    assert command("db upgrade").lock == command("create_db").lock == "database"
    assert command("db heads").lock is None and command("groups list").lock is None


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("users grant_admin x@y.z", "User [x@y.z] not found."),
        ("users invite a@b.c A x@y.z", "The inviter [x@y.z] was not found."),
        ("users invite a@b.c A x@y.z", "Cannot invite. User already exists [a@b.c]"),
        ("users delete x@y.z", "Deleted 0 users."),
        ("ds edit nope --name x", "Couldn't find data source named: nope"),
        ("ds edit x --type nope", 'Error: the type "nope" is not supported (pg, mysql).'),
        ("ds delete nope", "Couldn't find data source named: nope"),
        ("ds new x --type nope --options {}", 'Error: the type "nope" is not supported (pg, mysql).'),
        ("ds new x --type pg --options {}", "Error: invalid configuration."),
        ("database reencrypt $PW $DB_PASSWORD", "Invalid Decryption Key for id 1 in table data_sources"),
    ],
)
def test_failures_that_exit_with_0_are_known_by_their_text(typed: str, line: str) -> None:
    assert failure_in(command(typed, secrets=SECRETS).failed_though_0, ["before", line]) == line


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("users grant_admin x@y.z", "User is already an admin."),
        ("users grant_admin x@y.z", "User updated."),
        ("users invite a@b.c A x@y.z", "An invitation was sent to [A] at [a@b.c]."),
        ("users delete x@y.z", "Deleted 10 users."),
        ("ds delete sales", "Deleted data source: sales"),
        ("groups create 'User [x] not found.'", "Creating group (User [x] not found.)..."),
    ],
)
def test_successes_are_not_mistaken(typed: str, line: str) -> None:
    assert failure_in(command(typed).failed_though_0, [line]) is None


GROUPS = """\
[2026-01-01 00:00:00,000][PID:9][INFO][xmlschema] Include schema from 'x'
Id: 1
Name: admin
Type: builtin
Organization: default
Permissions: [admin,super_admin]
Users: Ada Lovelace, Bob
--------------------
Id: 3
Name: Data: Science
Type: regular
Organization: default
Permissions: []
Users:
""".splitlines()


def test_groups_list_as_data() -> None:
    assert parse(["groups", "list"], GROUPS) == [
        {
            "id": 1,
            "name": "admin",
            "type": "builtin",
            "organization": "default",
            "permissions": ["admin", "super_admin"],
            "users": ["Ada Lovelace", "Bob"],
        },
        {"id": 3, "name": "Data: Science", "type": "regular", "organization": "default", "permissions": [], "users": []},
    ]


def test_the_trailing_space_of_older_releases_makes_no_difference() -> None:
    assert parse(["groups", "list"], ["Id: 1", "Name: x", "Users: "])[0]["users"] == []


def test_users_org_ds_status_and_version_as_data() -> None:
    users = ["Id: 1", "Name: Ada", "Email: a@b.c", "Organization: Acme", "Active: True", "Groups: admin, default"]
    assert parse(["users", "list"], users) == [
        {"id": 1, "name": "Ada", "email": "a@b.c", "organization": "Acme", "active": True, "groups": ["admin", "default"]}
    ]
    assert parse(["users", "list", "--json"], ['[{"id": 1, "email": "a@b.c"}]']) == [{"id": 1, "email": "a@b.c"}]
    assert parse(["org", "list"], ["Id: 1", "Name: Acme", "Slug: default"]) == [{"id": 1, "name": "Acme", "slug": "default"}]
    sources = ["Id: 1", "Name: db", "Type: pg", 'Options: {"host": "h", "password": "********"}']
    assert parse(["ds", "list"], sources)[0]["options"] == {"host": "h", "password": "********"}
    assert parse(["status"], ["[2026-01-01 00:00:00][PID:1][WARNING][x] y", "{", '  "version": "25.8.0"', "}"]) == {"version": "25.8.0"}
    assert parse(["version"], [GROUPS[0], "25.8.0"]) == "25.8.0"


def test_empty_lists_are_empty_and_other_commands_are_not_parsed() -> None:
    assert parse(["users", "list"], []) == []
    assert parse(["groups", "create", "x"], ["Id: 1"]) is None
    assert parse(["status"], ["no json"]) is None


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ('Options: {"password": "x", "host": "h"}', 'Options: {"password": "********", "host": "h"}'),
        ("[parameters: {'api_key': 'abc', 'password_hash': '$6$x', 'name': 'Ada'}]",
         "[parameters: {'api_key': '********', 'password_hash': '********', 'name': 'Ada'}]"),
        (r'{"password": "a\"b", "port": 1}', '{"password": "********", "port": 1}'),
        # A data source's key of many lines is one string in JSON, its line ends escaped.
        (r'{"private_key": "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n", "project": "x"}',
         '{"private_key": "********", "project": "x"}'),
        ("{'privateKey': u'MII', 'ssl_passphrase': 'x'}", "{'privateKey': u'********', 'ssl_passphrase': '********'}"),
        ('{"jsonKeyFile": "ewog", "credentials": "c", "aws_secret_key": "s", "Token": "t"}',
         '{"jsonKeyFile": "********", "credentials": "********", "aws_secret_key": "********", "Token": "********"}'),
        ("SECRET_KEY = abc", "SECRET_KEY = ********"),
        ("DATASOURCE_SECRET_KEY: abc def", "DATASOURCE_SECRET_KEY: ********"),
        ("MAIL_PASSWORD = None", "MAIL_PASSWORD = None"),
        ("SQLALCHEMY_DATABASE_URI = postgresql://redash:s3cret@db/redash", "SQLALCHEMY_DATABASE_URI = postgresql://redash:********@db/redash"),
        ("rediss://:s3cret@redis:6379/0", "rediss://:********@redis:6379/0"),
        ("Permissions: [create_dashboard,view_source]", "Permissions: [create_dashboard,view_source]"),
    ],
)  # fmt: skip
def test_secrets_in_the_output_are_masked(line: str, masked: str) -> None:
    assert mask(line) == masked


def test_only_redashs_known_noise_is_folded() -> None:
    assert NOISE.match(GROUPS[0])
    assert not NOISE.match("[2026-01-01 00:00:00,000][PID:9][INFO][alembic.runtime.migration] Running upgrade a -> b")
    assert not NOISE.match("Name: [2026-01-01][INFO][xmlschema]")
