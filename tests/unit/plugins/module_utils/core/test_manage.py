# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.manage import DB_CURRENT, NOISE, Command, command, failure_in, parse, split
from ansible_collections.redash.ecs.plugins.module_utils.core.release import release
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import mask

SECRETS = {"PW": "REDASH_ADMIN_PASSWORD", "DB_PASSWORD": "DB_PASSWORD"}


def refused(typed: Any, **more: Any) -> str:
    with pytest.raises(RedashError) as caught:
        command(typed, **more)
    return str(caught.value)


def each(typed: Any, **more: Any) -> list[str]:
    with pytest.raises(RedashError) as caught:
        command(typed, **more)
    return [str(problem) for problem in caught.value.problems]


@given(st.lists(st.text(min_size=1).filter(lambda word: word.strip() and "\0" not in word), min_size=1, max_size=6))
def test_words_survive_a_command_line(words: list[str]) -> None:
    assert split(["x", *words]) == ["x", *words]
    assert split(shlex.join(["x", *words])) == ["x", *words]


@pytest.mark.parametrize(
    "typed",
    ["manage groups list", "manage.py groups list", "./manage.py groups list", "/app/manage.py groups list", ["manage", "groups", "list"]],
)
def test_the_program_in_front_is_understood(typed: Any) -> None:
    assert command(typed).argv == ["/app/manage.py", "groups", "list"]


@pytest.mark.parametrize(
    ("typed", "reads"),
    [
        *((typed, True) for typed in ("check-settings", "check_settings", "status", "version", "groups create --help")),
        *((f"db {what}", True) for what in ("current", "heads", "history", "show", "show head")),
        *((f"ds {what}", True) for what in ("list", "list_types", "test", "test sales")),
        *((typed, True) for typed in ("groups list", "org list", "org show_google_apps_domains", "users list", "users list --json")),
        *(
            (typed, False)
            for typed in ("groups create helpers", "db upgrade", "ds delete list", "list users", "org set_google_apps_domains x")
        ),
    ],
)
def test_what_only_shows_something_changes_nothing(typed: str, reads: bool) -> None:
    assert command(typed).reads is reads


@pytest.mark.parametrize("typed", ["", "  ", [], [""], "manage"])
def test_an_empty_command_is_refused(typed: Any) -> None:
    assert refused(typed) == """cmd: the command is empty. Give one, for instance cmd="groups list"."""
    assert refused(typed, where="commands.3").startswith("commands.3: the command is empty.")


def test_an_open_quote_is_refused() -> None:
    said = """a quote is not closed in "groups create 'Data". Close it, or give the words as a list."""
    assert refused("groups create 'Data") == f"cmd: {said}"
    assert refused("groups create 'Data", where="commands.3") == f"commands.3: {said}"


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
        ("users create a@b.c A", "cmd: users create would ask for a password. Add --password $NAME_OF_A_SECRET or --google."),
        (
            "users create a@b.c A --admin --groups 3,",
            "cmd: users create would ask for a password. Add --password $NAME_OF_A_SECRET or --google.",
        ),
        ("ds new", "cmd: ds new would ask for NAME, --type, --options. Give all of NAME, --type and --options."),
        ("ds new mine --type pg", "cmd: ds new would ask for --options. Give all of NAME, --type and --options."),
        ("ds new --type pg --options {}", "cmd: ds new would ask for NAME. Give all of NAME, --type and --options."),
        ("shell", "cmd: shell is interactive, a task is not. Use ECS Exec for that."),
        ("db edit", "cmd: db edit is interactive, a task is not. Use ECS Exec for that."),
    ],
)
def test_commands_that_would_ask_are_refused_with_the_answer(typed: str, said: str) -> None:
    assert refused(typed) == said
    assert refused(typed, where="commands.3") == f"commands.3{said.removeprefix('cmd')}"


@pytest.mark.parametrize("option", ["--org x", "--org=x", "--groups x", "--permissions x", "--name x", "--slug x", "--password $PW"])
def test_the_value_of_an_option_is_no_argument(option: str) -> None:
    said = "cmd: ds new would ask for NAME. Give all of NAME, --type and --options."
    assert refused(f"ds new {option} --type pg --options {{}}", secrets=SECRETS) == said
    # One that takes no value leaves the next word alone.
    assert command(f"ds new {option} --google sales --type pg --options {{}}", secrets=SECRETS).words[:2] == ["ds", "new"]


def test_everything_that_is_wrong_with_a_command_is_said_at_once() -> None:
    said = each('ds new --options \'{"password": "hunter2", "token": "hunter2"}\'', secrets=SECRETS, where="commands.3")
    assert [line.split(" is given")[0] for line in said] == [
        "commands.3: ds new would ask for NAME, --type. Give all of NAME, --type and --options.",
        "commands.3: --options: password",
        "commands.3: --options: token",
    ]


@pytest.mark.parametrize(
    "typed",
    [
        "users create a@b.c A --google",
        "users create --help",
        "users create_root a@b.c A",
        "ds new x --type pg --options {}",
        "ds edit x --options [1]",
        "ds edit x --options nonsense",
        'ds edit x --options \'{"password": "", "port": 5432, "token": null}\'',
        "users password a@b.c",
        "database reencrypt --help hunter2 hunter3",
        "db upgrade",
        "shells",
    ],
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
    assert "hunter2" not in said
    assert said.startswith("cmd: ") and "\n" not in said
    assert said.endswith(
        " is given in plain text, which stays readable in the task for an hour and in its log of calls for longer."
        " Name a secret that the task carries instead: $DB_PASSWORD, $PW."
    )
    for line in each(typed.replace("$PW", "hunter2"), where="commands.3"):
        assert line.startswith("commands.3: ")
        assert line.endswith("Name a secret that the task carries instead: none.")


@pytest.mark.parametrize(
    ("typed", "what"),
    [
        ("users create a@b.c A --password hunter2", ["--password"]),
        ("users create a@b.c A --password=", ["--password"]),
        ("users password a@b.c hunter2", ["the new password"]),
        ("database reencrypt hunter2 hunter3", ["the old key", "the new key"]),
        ("""ds edit x --options '{"host": "h", "apiKey": "h2", "token": "h3"}'""", ["--options: apiKey", "--options: token"]),
    ],
)
def test_what_is_in_plain_text_is_named(typed: str, what: list[str]) -> None:
    assert [line.partition(" is given")[0] for line in each(typed)] == [f"cmd: {name}" for name in what]


def test_an_unknown_secret_is_refused_with_those_that_are_known() -> None:
    said = "the new password: the task carries no secret NOPE. Known: {}. Add it to the task definition."
    assert refused("users password a@b.c $NOPE", secrets=SECRETS) == f"cmd: {said.format('$DB_PASSWORD, $PW')}"
    assert refused("users password a@b.c ${NOPE}", where="commands.3") == f"commands.3: {said.format('none')}"


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


@pytest.mark.parametrize(
    ("typed", "sent", "notes"),
    [
        ("users create --groups 12,34 a@b.c A --google", "users create --groups 12,34, a@b.c A --google", 1),
        ("users create --google --groups=1 --groups 2", "users create --google --groups=1, --groups 2,", 2),
        ("users create a@b.c A --google --groups", "users create a@b.c A --google --groups", 0),
        ("users create a@b.c A --google --groups x1", "users create a@b.c A --google --groups x1", 0),
        ("users create a@b.c A --google --groups=1x", "users create a@b.c A --google --groups=1x", 0),
        ("users create a@b.c 7 --google", "users create a@b.c 7 --google", 0),
        ("groups create --groups 3", "groups create --groups 3", 0),
    ],
)
def test_only_group_ids_get_a_comma_and_each_is_told(typed: str, sent: str, notes: int) -> None:
    ready = command(typed)
    assert ready.words == sent.split()
    assert ready.notes == ["--groups is sent with a comma at its end: Redash crashes without"] * notes


def test_create_db_and_db_current_are_what_they_mean() -> None:
    assert command("create_db --help").words == ["database", "create_tables", "--help"]
    assert command("db current").argv == ["python", "-c", DB_CURRENT]
    assert command("db current -v").argv == ["/app/manage.py", "db", "current", "-v"]
    assert command("create_db").argv == ["/app/manage.py", "database", "create_tables"]
    assert command("db current").argv[:2] == ["python", "-c"]  # Redash's own crashes


def test_what_changes_the_schema_locks_itself() -> None:
    assert command("db upgrade").lock == command("create_db").lock == "database"
    assert command("database drop_tables").lock == "database"
    assert command("db heads").lock is None and command("groups list").lock is None
    assert command("db upgrade --help").lock is None and command("groups create x").lock is None


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


def test_the_first_line_that_tells_of_a_failure_is_told() -> None:
    lines = ["Deleted 10 users.", "Deleted 0 users. a", "Deleted 0 users. b"]
    assert failure_in(command("users delete x@y.z").failed_though_0, lines) == "Deleted 0 users. a"


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


@pytest.mark.parametrize(
    ("words", "lines", "found"),
    [
        ("ds list", ["Id: 1", "Options: none"], [{"id": 1, "options": "none"}]),
        ("users list", ["Id: abc", "Active: False"], [{"id": "abc", "active": False}]),
        (
            "groups list",
            ["Id: 1", "Users: Ada,  Bob", "Permissions: [a,,b]"],
            [{"id": 1, "users": ["Ada", "Bob"], "permissions": ["a", "b"]}],
        ),
        # What is between the records is none, nor is a line that Redash does not print of one.
        ("groups list", ["x", "", "-" * 20, "Id: 1", "", "Colour: red", f" {'-' * 20} ", "Name: lost"], [{"id": 1}]),
        ("groups list", ["Id: 1", "Name:  a b "], [{"id": 1, "name": "a b"}]),
        ("users list --json", ["x", '{"a": [1]} and more'], {"a": [1]}),
        ("users list --json", ['[{"a": 1}]', "x"], [{"a": 1}]),
        ("users list --json", ['{"a": ', "1", "}"], {"a": 1}),
        ("users list --json", ["[1", "2]"], None),
        ("users list --json", ["Id: 1"], None),
        ("status --x", ["{}"], {}),
        ("version", ["25.8.0", " 26.3.0 ", " "], "26.3.0"),
        ("version", [], None),
        ("users", ["Id: 1"], None),
        ("widgets list", ["Id: 1"], None),
    ],
)
def test_what_a_command_lists_is_read_in_every_form(words: str, lines: list[str], found: Any) -> None:
    assert parse(words.split(), lines) == found
    # Redash's own log lines are no part of it.
    assert parse(words.split(), [GROUPS[0], *lines, "[2026-01-01 00:00:00,000][PID:9] {[x"]) == found


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


@pytest.mark.parametrize(
    "typed",
    [
        "groups create admin",
        "groups create Admin --permissions view_query",
        "groups create default",
        "groups create --permissions view_query admin",
        "groups create --org=default admin",
        "groups create -- admin",
        "groups create 'ad\u200bmin'",
        "manage groups create ' admin'",
        ["groups", "create", "admin", "--permissions", "admin"],
        # No question for help: the word is another option's value, or stands behind --.
        "groups create admin --permissions --help",
        "groups create -- admin --help",
    ],
)
def test_a_group_that_redash_makes_itself_is_never_made_a_second_time(typed: Any) -> None:
    (line,) = each(typed)
    assert line.startswith("cmd: Redash makes the group ")
    assert line.endswith(" itself, and a second one of that name could not be told from it. Give another name.")


@pytest.mark.parametrize("typed", ["groups create analysts", "groups create administrators", "groups list admin", "groups create --help"])
def test_other_groups_may_be_made(typed: str) -> None:
    assert command(typed).words


@pytest.mark.parametrize(
    "typed",
    ["users password a@b.c hunter2 --org --help", "users create a@b.c A --name --help", "ds new x --type --help", "db edit -- --help"],
)
def test_a_word_that_asks_for_no_help_switches_no_check_off(typed: str) -> None:
    assert each(typed)


@pytest.mark.parametrize("typed", ["ds list --org --help", "ds new -- --help", "database create_tables -- --help"])
def test_a_word_that_asks_for_no_help_takes_no_mask_and_no_lock_away(typed: str) -> None:
    words = split(typed)
    made = Command(words, {}, typed)
    assert made.shows_secrets == ("any" if words[0] == "ds" else "")
    assert made.lock == ("database" if words[0] == "database" else None)
    shown = Command([*words[:2], "--help"], {}, typed)
    assert (shown.shows_secrets, shown.lock, shown.reads) == ("", None, True)
