# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redash's management commands: a line that a person typed -> the words that Redash gets, and what its output means.

Read in Redash's source and seen when it ran, 8.0.0 to 26.3.0:

- The image's ``manage`` entry splits its arguments again and expands ``*``; anything that is no entry of
  its own goes through ``exec "$@"`` untouched. So commands are sent as ``/app/manage.py WORD ...``.
- Two commands changed their names with click 8 (Redash 25.1): ``send_test_mail``, ``check_settings``.
- Some commands exit 0 though they did nothing; only their text tells.
- Some print passwords; these never reach the screen.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.groups import built_in_group
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import secret_options

MANAGE = "/app/manage.py"

# Redash's own ``db current`` crashes in every release with flask-migrate (TypeError: head_only), so the
# question is asked directly. Prints the revision, or nothing when the database is empty.
DB_CURRENT = (
    "from redash import create_app; create_app().app_context().push(); from redash.models import db; "
    "from sqlalchemy import inspect; "
    "print(db.session.execute(db.text('select version_num from alembic_version')).scalar() "
    "if inspect(db.engine).has_table('alembic_version') else '')"
)

_TAKES_A_VALUE = ("--org", "--password", "--groups", "--permissions", "--options", "--type", "--name", "--slug")
_REFERENCE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<bare>[A-Za-z_][A-Za-z0-9_]*))")
# Commands that only read: running them changes nothing.
_READS = (
    ("check-settings",),
    ("check_settings",),
    ("db", "current"),
    ("db", "heads"),
    ("db", "history"),
    ("db", "show"),
    ("ds", "list"),
    ("ds", "list_types"),
    ("ds", "test"),
    ("groups", "list"),
    ("org", "list"),
    ("org", "show_google_apps_domains"),
    ("status",),
    ("users", "list"),
    ("version",),
)

# Commands that print a secret, now or when they fail: data sources' options, settings, the row of a user that could not be written.
_SHOWS_SECRETS = (("check-settings",), ("check_settings",), ("ds",))
_SHOWS_ROWS = (("users",),)

# Words -> what Redash prints, exiting 0, when it did nothing. One regular expression per command, matched
# against whole lines; it also travels into the image (batch.py), so it is written for Python 2.7 too.
_FAILED_THOUGH_0 = (
    (("users", "grant_admin"), r"^User \[.*\] not found\."),
    (("users", "invite"), r"^(Cannot invite\. User already exists|The inviter \[.*\] was not found)"),
    (("users", "delete"), r"^Deleted 0 users\."),
    (("ds", "edit"), r"^(Couldn't find data source named|Error: )"),
    (("ds", "new"), r"^Error: (invalid configuration|the type )"),
    (("ds", "delete"), r"^Couldn't find data source named"),
    (("database", "reencrypt"), r"^Invalid Decryption Key for id "),
)


@dataclass(frozen=True)
class Command:
    """One Redash command, ready to be sent.

    ``words``    what Redash gets, without the program; references to secrets still in place
    ``secrets``  reference name -> environment variable of the container, those used only
    ``shown``    the command as a person may see it
    ``notes``    what was changed on the way, one line each
    """

    words: list[str]
    secrets: dict[str, str]
    shown: str
    notes: list[str] = field(default_factory=list)

    @property
    def argv(self) -> list[str]:
        """What the container is started with, when the command uses no secret and shows none."""
        if self.words == ["db", "current"]:
            return ["python", "-c", DB_CURRENT]
        return [MANAGE, *self.words]

    @property
    def reads(self) -> bool:
        return asks_for_help(self.words) or any(tuple(self.words[: len(start)]) == start for start in _READS)

    @property
    def shows_secrets(self) -> Literal["", "row", "any"]:
        """What of its output has to be masked inside the container, before it reaches the log: nothing, a user's row, any secret."""
        if asks_for_help(self.words) or self.words[:2] == ["users", "list"]:
            return ""
        if any(tuple(self.words[: len(start)]) == start for start in _SHOWS_SECRETS):
            return "any"
        return "row" if any(tuple(self.words[: len(start)]) == start for start in _SHOWS_ROWS) else ""

    @property
    def lock(self) -> str | None:
        """What must not run twice at the same time: whatever changes the schema or every row."""
        return "database" if self.words[0] in ("db", "database") and not self.reads else None

    @property
    def failed_though_0(self) -> str | None:
        return next((pattern for start, pattern in _FAILED_THOUGH_0 if tuple(self.words[: len(start)]) == start), None)


def split(command: str | Sequence[Any], where: str = "cmd") -> list[str]:
    """A command line or list -> words, as a POSIX shell would split it, without expanding anything."""
    if isinstance(command, str):
        try:
            words = shlex.split(command)
        except ValueError:
            raise RedashError(Problem(f"a quote is not closed in {command!r}", where, "Close it, or give the words as a list.")) from None
    else:
        words = [str(word) for word in command]
    # People paste what they know from Docker Compose: `manage groups list`, `./manage.py groups list`.
    if words and words[0] in ("manage", "manage.py", "./manage.py", MANAGE):
        words = words[1:]
    if not words or not words[0].strip():
        raise RedashError(Problem("the command is empty", where, 'Give one, for instance cmd="groups list".'))
    return words


def command(
    given: str | Sequence[Any],
    *,
    spelling: Callable[[str], str] | None = None,
    secrets: Mapping[str, str] | None = None,
    where: str = "cmd",
) -> Command:
    """Check a command and make it ready.

    ``spelling``  how the release spells a command given with underscores (Release.command); None when it is unknown
    ``secrets``   reference name -> environment variable that the container carries as a secret

    Raises RedashError with every problem: an open quote, a command that would ask, a password in plain sight.
    """
    secrets = secrets or {}
    words = split(given, where)
    notes: list[str] = []
    if words[0] == "create_db":  # the image's entry for it
        words = ["database", "create_tables", *words[1:]]
    if spelling is not None:
        words = [spelling(words[0].replace("-", "_")), *words[1:]]
    words = _with_group_list(words, notes)
    problems = Problems()
    if not asks_for_help(words):
        _check_prompts(words, where, problems)
        _check_secrets(words, secrets, where, problems)
    problems.raise_if_any()
    used = {name: secrets[name] for word in words for name in _references(word) if name in secrets}
    shown = " ".join(word if _REFERENCE.fullmatch(word) else shlex.quote(word) for word in words)
    return Command(words, used, shown, notes)


def _with_group_list(words: list[str], notes: list[str]) -> list[str]:
    """``users create --groups 3`` crashes in every release: it wants an empty entry to remove. ``3,`` works."""
    if words[0] != "users":
        return words
    words = list(words)
    for index, word in enumerate(words):
        value = words[index + 1] if word == "--groups" and index + 1 < len(words) else None
        if value is not None and re.fullmatch(r"\d+(,\d+)*", value):
            words[index + 1] = f"{value},"
        elif re.fullmatch(r"--groups=\d+(,\d+)*", word):
            words[index] = f"{word},"
        else:
            continue
        notes.append("--groups is sent with a comma at its end: Redash crashes without")
    return words


def options_and_arguments(words: Sequence[str]) -> tuple[dict[str, str | None], list[str]]:
    """Options (with their values) and plain arguments of a command."""
    options: dict[str, str | None] = {}
    arguments: list[str] = []
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            options[name] = value if equals else (next(rest, None) if name in _TAKES_A_VALUE else None)
        else:
            arguments.append(word)
    return options, arguments


def asks_for_help(words: Sequence[str]) -> bool:
    """Whether ``--help`` is an option of its own: not another one's value (``--type --help``), not an argument (behind ``--``)."""
    before = words[: list(words).index("--")] if "--" in words else words
    return "--help" in options_and_arguments(before)[0]


def is_reference(word: str) -> bool:
    """Whether ``word`` as a whole refers to a secret that the task carries: ``$NAME`` or ``${NAME}``."""
    return _REFERENCE.fullmatch(word) is not None


def _check_prompts(words: list[str], where: str, problems: Problems) -> None:
    """Nobody sits at a task's terminal: what would ask is refused, with the option that answers."""
    options, arguments = options_and_arguments(words)
    match arguments:
        case ["users", "create", *_] if "--password" not in options and "--google" not in options:
            problems.add("users create would ask for a password", where=where, todo="Add --password $NAME_OF_A_SECRET or --google.")
        case ["groups", "create", *names] if made := [name for name in names if built_in_group(name)]:
            problems.add(
                f"Redash makes the group {made[0]} itself, and a second one of that name could not be told from it",
                where=where,
                todo="Give another name.",
            )
        case ["ds", "new", *_]:
            missing = [name for name in ("--type", "--options") if name not in options]
            if len(arguments) < 3:
                missing.insert(0, "NAME")
            if missing:
                problems.add(f"ds new would ask for {', '.join(missing)}", where=where, todo="Give all of NAME, --type and --options.")
        case ["shell", *_] | ["db", "edit", *_]:
            problems.add(f"{' '.join(arguments[:2])} is interactive, a task is not", where=where, todo="Use ECS Exec for that.")


def _check_secrets(words: list[str], secrets: Mapping[str, str], where: str, problems: Problems) -> None:
    """A task's overrides can be read by anybody with ecs:DescribeTasks, and a process's arguments on its host."""
    options, arguments = options_and_arguments(words)
    plain: list[tuple[str, str | None]] = []
    if options.get("--password") is not None:
        plain.append(("--password", options["--password"]))
    match arguments:
        case ["users", "password", _, value, *_]:
            plain.append(("the new password", value))
        case ["database", "reencrypt", old, new, *_]:
            plain += [("the old key", old), ("the new key", new)]
    if options.get("--options"):
        plain += [(f"--options: {key}", value) for key, value in _secret_values(options["--options"] or "", options.get("--type") or "")]
    known = ", ".join(f"${name}" for name in sorted(secrets)) or "none"
    for what, text in plain:
        names = _references(text or "")
        if _REFERENCE.fullmatch(text or ""):
            if names[0] not in secrets:
                problems.add(
                    f"{what}: the task carries no secret {names[0]}", where=where, todo=f"Known: {known}. Add it to the task definition."
                )
        else:
            problems.add(
                f"{what} is given in plain text, which stays readable in the task for an hour and in its log of calls for longer",
                where=where,
                todo=f"Name a secret that the task carries instead: {known}.",
            )


def _secret_values(options: str, data_source_type: str) -> list[tuple[str, str]]:
    """Keys of a data source's JSON options that hold something secret, with their values."""
    try:
        values = json.loads(options)
    except ValueError:
        return []
    if not isinstance(values, dict):
        return []
    return [(key, value if isinstance(value, str) else json.dumps(value)) for key, value in secret_options(values, data_source_type)]


def _references(word: str) -> list[str]:
    return [match["braced"] or match["bare"] for match in _REFERENCE.finditer(word)]


# What comes out.

# Every command of 25.1 and later logs one such line about a file it includes; it says nothing about the command.
NOISE = re.compile(r"^\[\d{4}-\d\d-\d\d[^\]]*\](\[PID:\d+\])?\[INFO\]\[xmlschema\]")
# Redash's log lines, as opposed to what a command prints.
LOG_LINE = re.compile(r"^\[\d{4}-\d\d-\d\d[^\]]*\](\[[^\]]*\])+")
SEPARATOR = "-" * 20


def failure_in(pattern: str | None, lines: Iterable[str]) -> str | None:
    """The line that tells of a failure, although the exit code does not."""
    if pattern is None:
        return None
    return next((line for line in lines if re.search(pattern, line)), None)


def parse(words: Sequence[str], lines: Sequence[str]) -> Any:
    """The output of a listing command as data; None for any other command, or when it can't be read."""
    own = [line for line in lines if not LOG_LINE.match(line)]
    match list(words[:2]):
        case ["users", "list"] if "--json" in words:
            return _json(own)
        case [("groups" | "users" | "org" | "ds"), "list"]:
            return [_record(block) for block in _blocks(own)]
        case ["status", *_]:
            return _json(own)
        case ["version", *_]:
            return next((line.strip() for line in reversed(own) if line.strip()), None)
    return None


def _json(lines: Sequence[str]) -> Any:
    text = "\n".join(lines)
    starts = [position for position in (text.find("{"), text.find("[")) if position >= 0]
    if not starts:
        return None
    try:
        return json.JSONDecoder().raw_decode(text[min(starts) :])[0]
    except ValueError:
        return None


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip() == SEPARATOR:
            blocks.append([])
        elif line.strip():
            blocks[-1].append(line)
    return [block for block in blocks if any(line.startswith("Id:") for line in block)]


_RECORD_LINE = re.compile(r"^(Id|Name|Type|Organization|Permissions|Users|Email|Active|Groups|Slug|Options):(?: (.*)|)$")


def _record(block: Sequence[str]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for line in block:
        match = _RECORD_LINE.match(line)
        if match:
            key, value = match[1], (match[2] or "").strip()
            record[key.lower()] = _value(key, value)
    return record


def _value(key: str, value: str) -> Any:
    match key:
        case "Id":
            return int(value) if value.isdigit() else value
        case "Active":
            return value == "True"
        case "Permissions":
            return [word for word in value.strip("[]").split(",") if word]
        case "Users" | "Groups":
            return [name.strip() for name in value.split(", ") if name.strip()]
        case "Options":
            try:
                return json.loads(value)
            except ValueError:
                return value
    return value
