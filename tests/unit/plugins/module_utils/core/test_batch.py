# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program that runs in the image is run here for real, with a small Redash beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.batch import (
    PROGRAM,
    Splitter,
    argv,
    check_size,
    mark_of,
    same_work,
    unmarked,
)
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.manage import DB_CURRENT, command

CLI = """\
import json, os, sys, time
def manager():
    words = sys.argv[1:]
    if words[:1] == ["show"]:
        sys.stdout.write(json.dumps({"words": words[1:], "program": sys.argv[0], "process": open("/proc/self/cmdline").read()}) + "\\n")
    elif words[:1] == ["both"]:
        for number in range(50):
            sys.stdout.write("out %d\\n" % number); sys.stdout.flush()
            sys.stderr.write("err %d\\n" % number); sys.stderr.flush()
    elif words[:1] == ["exit"]:
        sys.exit(int(words[1]))
    elif words[:2] == ["users", "create"]:
        sys.stdout.write(words[2])
    elif words[:1] == ["ds"]:
        sys.stdout.write("\\n".join(words[2:]))
        sys.exit(3 if words[1] == "test" else 0)
    elif words[:1] == ["kill"]:
        os.kill(os.getpid(), 9)
    elif words[:1] == ["crash"]:
        raise ValueError("no")
    elif words[:1] == ["cut"]:
        sys.stdout.write("no line end")
    elif words[:2] == ["users", "grant_admin"]:
        sys.stdout.write("User [%s] not found.\\n" % words[2])
    sys.exit(0)
"""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "redash").mkdir()
    (tmp_path / "redash" / "__init__.py").write_text("")
    (tmp_path / "redash" / "cli.py").write_text(CLI)
    return tmp_path


def run(
    image: Path, *typed: str | list[str], mark: str = "m4rk", keep_going: bool = False, python: str = sys.executable
) -> tuple[int, list[str]]:
    commands = [command(one, secrets={"PW": "SECRET"}) for one in typed]
    words = argv(commands, mark, keep_going=keep_going)
    done = subprocess.run(
        [python, *words[1:]],
        cwd=image,
        env={"PATH": os.environ["PATH"], "SECRET": "s3cr3t $PW \u00e9"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.stderr == ""  # all of it goes one way, or its order would be lost
    return done.returncode, done.stdout.splitlines()


def test_each_command_is_marked_with_its_exit_code(image: Path) -> None:
    code, lines = run(image, "both", "exit 3", keep_going=True)
    assert lines[0] == "m4rk begin 0"
    assert lines[1:101] == [f"{where} {number}" for number in range(50) for where in ("out", "err")]
    assert lines[101:] == ["m4rk end 0 0", "m4rk begin 1", "m4rk end 1 3"]
    assert code == 3


def test_it_stops_at_the_first_failure_or_goes_on_as_asked(image: Path) -> None:
    assert run(image, "exit 3", "exit 0")[1] == ["m4rk begin 0", "m4rk end 0 3"]
    code, lines = run(image, "exit 3", "exit 0", "exit 4", keep_going=True)
    assert [line for line in lines if "end" in line] == ["m4rk end 0 3", "m4rk end 1 0", "m4rk end 2 4"]
    assert code == 3


def test_a_failure_that_exits_with_0_stops_it_too(image: Path) -> None:
    code, lines = run(image, "users grant_admin x@y.z", "exit 0")
    assert lines == ["m4rk begin 0", "User [x@y.z] not found.", "m4rk end 0 0"]
    assert code == 1


def test_a_crash_and_a_kill_are_told_and_do_not_end_the_rest(image: Path) -> None:
    code, lines = run(image, "crash", "kill", "exit 0", keep_going=True)
    assert [line for line in lines if " end " in line] == ["m4rk end 0 1", "m4rk end 1 137", "m4rk end 2 0"]
    assert "ValueError: no" in lines and code == 1


def test_a_last_line_without_its_end_does_not_hide_the_mark(image: Path) -> None:
    assert run(image, "cut")[1] == ["m4rk begin 0", "no line end", "m4rk end 0 0"]


def test_a_secret_reaches_the_command_and_no_process_argument(image: Path) -> None:
    code, lines = run(image, ["show", "--password", "$PW", "a$PW", "$PWX", "*", "two words", '{"password": "$PW", "n": [1, "${PW}"]}'])
    shown = __import__("json").loads(lines[1])
    secret = "s3cr3t $PW \u00e9"
    assert shown["words"][:6] == ["--password", secret, f"a{secret}", "$PWX", "*", "two words"]
    assert __import__("json").loads(shown["words"][6]) == {"password": secret, "n": [1, secret]}
    assert "s3cr3t" not in shown["process"] and shown["program"] == "/app/manage.py"
    assert code == 0


def test_a_single_command_simply_runs(image: Path) -> None:
    code, lines = run(image, ["show", "$PW"], mark="")
    assert len(lines) == 1 and code == 0
    assert run(image, "exit 7", mark="")[0] == 7


# What Redash prints and a log would keep: options, settings, a row that could not be written.
PRINTED = [
    'Options: {"host": "h", "password": "zqhunter2", "port": 5432}',
    'Options: {"password": 8471236590, "host": "h"}',
    'Options: {"jsonKeyFile": "zqhunter2", "x": 1}',
    'Options: {"sslkeyFile": "zq\\"hunter2", "sslcertFile": "zqhunter2", "cert_key_File": "zqhunter2", "key": "zqhunter2", "h": 1}',
    'Options: {"aws_secret_key": "zqhunter2", "pat": "zqhunter2", "apikey": "zqhunter2", "private_key_pwd": "zqhunter2", "h": 1}',
    'Options: {"connection": "Server=db;Password=zqhunter2;Port=1", "h": 1}',
    'Options: {"connection": "mongodb://u:zq@hunter2@db/x", "h": 1}',
    'Options: {"url": "https://hooks.example.com/zqhunter2", "h": 1}',
    "SECRET_KEY = zqhunter2 zqhunter2",
    "MAIL_PASSWORD = zqhunter2",
    "REDASH_SAML_TOKEN = 8471236590",
    "SQLALCHEMY_DATABASE_URI = postgresql://redash:zqhunter2@db/redash",
    "[parameters: {'password_hash': u'$6$rounds=1$zqhunter2', 'api_key': 'zqhunter2', 'h': 1}]",
    "DETAIL:  Failing row contains (1, Ada, $6$rounds=1$zqhunter2$abc, h).",
    '{"cert": "-----BEGIN RSA PRIVATE KEY-----\\\\nzqhunter2"}',
]
PLAIN = [
    'Options: {"host": "h", "password": null, "sslmode": "require", "partition_key": "id", "key_column": "k"}',
    "INVITATION_TOKEN_MAX_AGE = 604800",
    "PASSWORD_LOGIN_ENABLED = True",
    "SESSION_COOKIE_SECURE = False",
    "MAIL_PASSWORD = None",
    "REDIS = redis://redis:6379/0",
    "Id: 1",
]


@pytest.mark.parametrize("mark", ["", "m4rk"])
def test_what_a_command_prints_is_masked_before_it_reaches_the_log(image: Path, mark: str) -> None:
    code, lines = run(image, ["ds", "test", *PRINTED, *PLAIN], mark=mark)
    if mark:
        assert (lines.pop(0), lines.pop()) == ("m4rk begin 0", "m4rk end 0 3")
    assert code == 3 and len(lines) == len(PRINTED) + len(PLAIN)
    assert lines[len(PRINTED) :] == PLAIN
    for line in lines[: len(PRINTED)]:
        assert "hunter2" not in line and "8471236590" not in line and "********" in line
        if line.startswith("Options: "):
            assert json.loads(line.removeprefix("Options: "))


def test_a_secret_is_not_cut_in_two_before_it_is_masked(image: Path) -> None:
    long = 'Options: {"x": "' + "y" * 65510 + '", "password": "zqhunter2", "h": 1}'
    lines = run(image, ["ds", "list", long, "end"], mark="")[1]
    assert lines == [long.replace("zqhunter2", "********"), "end"]


def pythons_of_the_images() -> list[str]:
    """Those Pythons of Redash's images that this machine has; a version manager's shim may answer and then fail."""
    found = [shutil.which(name) for name in ("python2.7", "python3.7", "python3.9", "python3.10", "python3.13")]
    working = [path for path in found if path and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0]
    return [sys.executable, *working]


@pytest.mark.parametrize("found", pythons_of_the_images())
def test_the_pythons_of_the_images_understand_it(image: Path, found: str) -> None:
    masked = run(image, ["ds", "list", *PRINTED], mark="", python=found)[1]
    assert "hunter2" not in str(masked) and len(masked) == len(PRINTED)
    code, lines = run(image, ["show", "$PW", '{"a": "$PW"}'], "exit 3", python=found)
    assert lines[-1] == "m4rk end 1 3" and code == 3


def test_it_is_written_for_python_2_too() -> None:
    """Where no old Python is at hand, its most likely tripwires are looked for."""
    assert not any(new in PROGRAM for new in ('f"', "f'", "print(", "nonlocal", "subprocess.run", ":="))
    assert len(PROGRAM) < 2500


def test_equal_work_is_recognised_in_spite_of_the_mark() -> None:
    one, other = argv([command("org list")], "a"), argv([command("org list")], "b")
    assert same_work(one, other) and one != other
    assert not same_work(one, argv([command("users list")], "a"))
    assert not same_work(one, argv([command("org list")], ""))
    assert not same_work(one, argv([command("org list")], "a", keep_going=True))
    assert not same_work(["/app/manage.py", "org", "list"], one)
    assert mark_of(one) == "a" and mark_of(["x"]) == ""


def test_lines_are_sorted_by_command_and_no_output_is_taken_for_a_mark() -> None:
    splitter = Splitter("m", 2)
    fed = [
        splitter.feed(line) for line in ("noise", "m begin 0", "x begin 1", "m begin 0 more", "m end 0 0", "m begin 1", "y", "m end 9 0")
    ]
    assert fed[1] == ("begin", 0) and fed[4] == ("end", 0)
    assert splitter.results[0].lines == ["x begin 1", "m begin 0 more"] and splitter.results[0].rc == 0
    assert splitter.results[1].lines == ["y", "m end 9 0"][:1] and splitter.results[1].rc is None


def test_what_the_program_is_given() -> None:
    grant = command("users grant_admin a@b.c")
    commands = [
        command(["users", "create_root", "a@b.c", "A", "--password", "$PW"], secrets={"PW": "SECRET"}),
        command(["groups", "create", "$OTHER"], secrets={"OTHER": "ANOTHER"}),
        command("db current"),
        grant,
    ]
    words = argv(commands, "m", keep_going=True)
    assert words[:3] == ["python", "-c", PROGRAM]
    assert json.loads(words[3]) == {
        "mark": "m",
        "keep_going": True,
        "secrets": {"PW": "SECRET", "OTHER": "ANOTHER"},
        "commands": [
            {"words": commands[0].words, **({"failed": commands[0].failed_though_0} if commands[0].failed_though_0 else {})},
            {"words": commands[1].words, **({"failed": commands[1].failed_though_0} if commands[1].failed_though_0 else {})},
            {"words": ["db", "current"], "python": DB_CURRENT},
            {"words": ["users", "grant_admin", "a@b.c"], "failed": grant.failed_though_0},
        ],
    }
    assert grant.failed_though_0
    # A single command simply runs; it is as short as can be, and the same for the same work.
    assert argv([command("version")], "")[3] == '{"commands":[{"words":["version"]}],"keep_going":false,"mark":"","secrets":{}}'
    assert json.loads(argv([grant], "")[3])["commands"] == [{"words": grant.words}]


def test_a_request_may_be_as_long_as_ecs_allows() -> None:
    check_size({"a": "x" * 8184}, "cmds")
    with pytest.raises(RedashError) as caught:
        check_size({"a": "x" * 8185}, "cmds")
    assert str(caught.value) == "cmds: the commands take 8193 characters, ECS allows 8192 for a task. Split them into several lists."


def test_the_work_is_told_without_its_mark() -> None:
    one, other = argv([command("org list")], "a"), argv([command("org list")], "b")
    single = argv([command("org list")], "")
    assert unmarked(one) == unmarked(other) == [*one[:3], json.dumps({**json.loads(one[3]), "mark": True}, sort_keys=True)]
    assert unmarked(single) == [*single[:3], json.dumps({**json.loads(single[3]), "mark": False}, sort_keys=True)]
    for words in (["/app/manage.py", "version"], ["a", "b", "c", "d"], [*one, "more"], [*one[:3], "[1]"], []):
        assert unmarked(words) == words
        assert mark_of(words) == ""
        assert same_work(words, list(words))
        assert not same_work(words, one) and not same_work(one, words)
    assert not same_work(["/app/manage.py", "org", "list", "a"], ["/app/manage.py", "org", "list", "b"])
    assert mark_of(single) == ""
    assert not same_work(one, ["python3", *other[1:]])
    assert same_work(single, list(single))


def test_each_line_goes_to_the_command_that_runs() -> None:
    splitter = Splitter("a.b", 2)
    assert [(one.rc, one.begun, one.lines) for one in splitter.results] == [(None, False, [])] * 2
    for line, answer in (
        ("before", "before"),
        ("axb begin 0", "axb begin 0"),  # the mark is no pattern
        ("a.b begin 1", ("begin", 1)),
        ("one", "one"),
        ("a.b begin 2", "a.b begin 2"),  # there is no third
        ("a.b end 1 137", ("end", 1)),
        ("after", "after"),
    ):
        assert splitter.feed(line) == answer
    assert [(one.rc, one.begun, one.lines) for one in splitter.results] == [(None, False, []), (137, True, ["one"])]


def test_a_user_s_row_is_masked_in_the_log(image: Path) -> None:
    row = "[parameters: {'email': 'a@b.c', 'password_hash': u'$6$rounds=1$hunter2/x', 'api_key': 'hunter2'}] (1, $6$rounds=1$hunter2$abc)"
    lines = run(image, ["users", "create", row, "--google"], mark="")[1]
    assert lines == ["[parameters: {'email': 'a@b.c', 'password_hash': u'********', 'api_key': '********'}] (1, ********)"]


@pytest.mark.parametrize(
    ("typed", "shows"),
    [
        *((typed, "any") for typed in ("ds list", "ds test x", "ds delete x", "check_settings", "check-settings")),
        *((typed, "row") for typed in ("users create a@b.c A --google", "users grant_admin x", "users delete x")),
        *((typed, "") for typed in ("users list", "groups list", "status", "version", "db upgrade", "ds list --help")),
    ],
)
def test_each_command_is_masked_as_far_as_what_it_prints_needs(typed: str, shows: str) -> None:
    assert command(typed).shows_secrets == shows
