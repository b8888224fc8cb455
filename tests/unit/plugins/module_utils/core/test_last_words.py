# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One line of a log, and the cause and the remedy that a person is told for it; test_cases.py has whole logs."""

from __future__ import annotations

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.last_words import LAST, LONGEST, LastWords, why

DATABASE_DOWN = "The database was not reached"
REDIS_DOWN = "Redis was not reached"


@pytest.mark.parametrize(
    ("line", "cause", "todo"),
    [
        # PostgreSQL: the data and the schema.
        ('psycopg2.errors.NotNullViolation: null value in column "options" of relation "widgets"', "data", "on its dashboard again"),
        ('psycopg2.errors.NotNullViolation: null value in column "name" of relation "widgets"', "data", "A row lacks a value"),
        ('psycopg2.errors.NotNullViolation: null value in column "options" of relation "queries"', "data", "A row lacks a value"),
        ("ERROR:  unsupported Unicode escape sequence", "data", "jsonb refuses"),
        ("psycopg2.errors.InvalidTextRepresentation: invalid input syntax for type json", "data", "jsonb refuses"),
        ("AttributeError: 'NoneType' object has no attribute 'gen_query_hash'", "data", "enable the type, or delete the data source"),
        ("psycopg2.errors.DependentObjectsStillExist: cannot drop column", "schema", "Drop the view or rule"),
        ("psycopg2.errors.UniqueViolation: duplicate key value violates unique constraint", "exists", "choose another name"),
        ("psycopg2.errors.ForeignKeyViolation: insert or update on table", "data", "Something else refers to that row"),
        ('psycopg2.errors.UndefinedTable: relation "users" does not exist', "tables", "cmd=create_db"),
        ("psycopg2.errors.UndefinedColumn: column queries.tags does not exist", "schema", "older than the image"),
        ("ERROR [flask_migrate] Error: Can't locate revision identified by 'abc'", "schema", "migrated by a newer Redash"),
        ("ERROR [flask_migrate] Error: Multiple head revisions are present", "schema", "restore the snapshot"),
        ("psycopg2.errors.DuplicateColumn: column \"tags\" of relation \"queries\" already exists", "schema", "restore the snapshot"),
        ("psycopg2.errors.UndefinedFunction: function x() is unknown", "database", "PostgreSQL is too old"),
        ("psycopg2.errors.UndefinedFile: could not open extension control file", "database", "lacks that extension"),
        # PostgreSQL: what stands in the way.
        ("psycopg2.errors.LockNotAvailable: canceling statement due to lock timeout", "lock", "pg_stat_activity"),
        ("psycopg2.errors.DeadlockDetected: deadlock detected", "lock", "two sessions waited for each other"),
        ("psycopg2.errors.QueryCanceled: canceling statement due to statement timeout", "database", "raise statement_timeout"),
        ("psycopg2.errors.ReadOnlySqlTransaction: cannot execute UPDATE", "database", "writer endpoint"),
        ("psycopg2.OperationalError: FATAL:  sorry, too many clients already", "database", "raise max_connections"),
        ("sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached", "database", "SQLALCHEMY_POOL_SIZE"),
        ("psycopg2.errors.InsufficientPrivilege: permission denied for table users", "database", "own the tables and the schema"),
        ("psycopg2.errors.DiskFull: could not extend file", "disk", "more storage or memory"),
        ("psycopg2.OperationalError: FATAL:  no password supplied", "database", "knows another password"),
        ('psycopg2.OperationalError: FATAL:  role "redash" does not exist', "database", "Create that database user"),
        ('psycopg2.OperationalError: FATAL:  database "redash" does not exist', "database", "Create that database, or"),
        ("psycopg2.OperationalError: FATAL:  no pg_hba.conf entry for host", "database", "add ?sslmode=require"),
        ("psycopg2.OperationalError: server does not support SSL, but SSL was required", "database", "remove sslmode"),
        ("psycopg2.OperationalError: SSL error: certificate verify failed", "database", "authority's certificate in the image"),
        ("sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres", "settings", "begin with postgresql://"),
        ("sqlalchemy.exc.ArgumentError: Could not parse SQLAlchemy URL from string 'x'", "settings", "percent-encode"),
        # Redis.
        ("redis.exceptions.NoPermissionError: this user has no permissions to run the 'info' command", "redis", "all commands and keys"),
        ("redis.exceptions.AuthenticationError: invalid password", "redis", "the password that Redis has"),
        ("NOAUTH Authentication required.", "redis", "the password that Redis has"),
        ("redis.exceptions.ReadOnlyError: You can't write against a read only replica.", "redis", "primary endpoint"),
        ("redis.exceptions.OutOfMemoryError: OOM", "redis", "Redis is full"),
        ("redis.exceptions.BusyLoadingError: Redis is loading the dataset in memory", "redis", "run again in a minute"),
        ("redis.exceptions.ResponseError: MISCONF Redis is configured to save", "redis", "cannot save to its disk"),
        ("redis.exceptions.ResponseError: MOVED 123 10.0.0.1:6379", "redis", "cluster mode disabled"),
        ("redis.exceptions.ConnectionError: max number of clients reached", "redis", "no free connection"),
        ("ValueError: Redis URL must specify one of the following schemes", "settings", "begin with redis:// or rediss://"),
        ("redis.exceptions.ConnectionError: Error 1 connecting to redis:6379. certificate verify failed", "redis", "ssl_cert_reqs=none"),
        ("redis.exceptions.ConnectionError: Error 1 connecting to redis:6379. wrong version number", "redis", "speaks no TLS"),
        ("redis.exceptions.ConnectionError: Connection closed by server.", "redis", "where it requires TLS"),
        ("redis.exceptions.TimeoutError: Timeout reading from socket", "redis", REDIS_DOWN),
        ("kombu.exceptions.OperationalError: [Errno 111] Connection refused", "redis", REDIS_DOWN),
        ("redis.exceptions.ResponseError: unknown command 'LMOVE'", "redis", "its version may be too old"),
        # The database in general.
        ("psycopg2.OperationalError: FATAL:  the database system is starting up", "database", "run again in a minute"),
        ("psycopg2.OperationalError: timeout expired", "database", DATABASE_DOWN),
        ("psycopg2.errors.AdminShutdown: terminating connection due to administrator command", "database", DATABASE_DOWN),
        ("sqlalchemy.exc.ProgrammingError: odd", "database", "what PostgreSQL answers"),
        ("psycopg2.errors.Odd: odd", "database", "what PostgreSQL answers"),
        # Jobs, memory, disk, processor, program.
        ("ValueError: There's already an active RQ scheduler", "scheduler", "Another scheduler runs"),
        ("Work-horse terminated unexpectedly; waitpid returned 9 (signal 9)", "out_of_memory", "Give the task more memory"),
        ("ValueError: There exists an active worker named 'x' already", "worker", "wait, and run again"),
        ("rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (60 seconds)", "timeout", "longer than its limit"),
        ("Killed", "out_of_memory", "Give the task more memory"),
        ("MemoryError: Cannot allocate memory", "out_of_memory", "Give the task more memory"),
        ("[2026-01-01 00:00:00 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:9)", "timeout", "more CPU, or raise the limit"),
        ("OSError: [Errno 28] No space left on device", "disk", "more ephemeral storage"),
        ("OSError: [Errno 30] Read-only file system: '/x'", "disk", "a writable volume there"),
        ("OSError: [Errno 24] Too many open files", "settings", "ulimit nofile"),
        ("exec /usr/local/bin/python: exec format error", "architecture", "another processor"),
        ("sh: 1: nosuch: command not found", "command", "holds no such program"),
        ("Error: No such command 'frob'.", "usage", "--help shows its options"),
        ("[2026-01-01 00:00:00 +0000] [1] [ERROR] Connection in use: ('0.0.0.0', 5000)", "settings", "listens at that port"),
        ("ModuleNotFoundError: No module named 'x'", "image", "The image lacks that module"),
        # Settings, keys, mail, certificates, the network.
        ("cryptography.fernet.InvalidToken", "key", "give back the old one"),
        ("Exception: You must set the REDASH_COOKIE_SECRET environment variable", "settings", "Set the secret in the task definition"),
        ("ValueError: Invalid boolean value ''", "settings", "A setting is empty"),
        ("ValueError: invalid literal for int() with base 10: '5 min'", "settings", "A setting that is a number"),
        ("ValueError: Invalid boolean value 'maybe'", "settings", "true or false"),
        ("KeyError: 'REDASH_DATABASE_URL'", "settings", "Set that variable"),
        ("smtplib.SMTPAuthenticationError: (535, b'no')", "mail", "Run mail.yml"),
        ("ssl.SSLCertVerificationError: certificate verify failed", "certificate", "the name that the certificate is made for"),
        ("socket.gaierror: [Errno -2] Name or service not known", "network", "the VPC's DNS"),
        ("ConnectionRefusedError: [Errno 111] Connection refused", "network", "The other side was not reached"),
        # What the table does not know is shown without a remedy.
        ("RuntimeError: the moon is full", "", ""),
        ("the moon is full", "", ""),
    ],
)  # fmt: skip
def test_a_line_has_its_cause_and_its_remedy(line: str, cause: str, todo: str) -> None:
    words = why([line])
    assert words is not None
    assert words.cause == cause
    assert todo in words.todo and bool(words.todo) == bool(cause)
    assert line.rpartition("] ")[2] in words.said or line.rpartition(": ")[2] in words.said


@pytest.mark.parametrize("before", ["/app/redash/query_runner/elasticsearch.py", "/app/redash/query_runner/pg.py"])
def test_an_index_error_is_explained_only_where_the_traceback_names_elasticsearch(before: str) -> None:
    lines = ["Traceback (most recent call last):", f'  File "{before}", line 7, in parse', "IndexError: list index out of range"]
    known = before.endswith("elasticsearch.py")
    words = why(lines)
    assert words is not None
    assert words.said == f"IndexError: list index out of range (in {before}, line 7, parse)"
    assert (words.cause, "has no text" in words.todo) == (("data", True) if known else ("", False))
    # A traceback before it is another one's.
    again = why([*lines[:2], "KeyError: 'x'", "Traceback (most recent call last):", '  File "/app/x.py", line 1, in f', lines[2]])
    assert again == LastWords("IndexError: list index out of range (in /app/x.py, line 1, f)")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        # The last exception counts, not the last line.
        (["ValueError: first", "KeyError: 'x'", "later"], "KeyError: 'x'"),
        # A logged error counts more than a plain line, less than nothing else.
        (["plain", "[2026-01-01 00:00:00,000][PID:7][ERROR][redash.app] it broke", "plain too"], "it broke"),
        (["[2026-01-01 00:00:00,000: ERROR/MainProcess] it broke", "plain"], "it broke"),
        (["ERROR [alembic.env] it broke", "plain"], "it broke"),
        # An exception counts more than what was logged behind it, and what only follows from one less.
        (["KeyError: 'x'", "[2026-01-01 00:00:00,000][PID:7][ERROR][redash.app] it broke"], "KeyError: 'x'"),
        (["KeyError: 'x'", "sqlalchemy.exc.InternalError: (psycopg2.errors.InFailedSqlTransaction) no"], "KeyError: 'x'"),
        # Of plain lines the last.
        (["one", "two"], "two"),
        # What is only said because something else went wrong gives way, and is better than silence.
        (["one", "Aborted!"], "one"),
        (["Worker exiting", "Aborted!"], "Aborted!"),
        # What is logged as normal is no cause.
        (["one", "[2026-01-01 00:00:00,000][PID:7][INFO][redash.app] ValueError: no"], "one"),
        (["one", "[2026-01-01 00:00:00,000][PID:7][WARNING][redash.app] ValueError: no"], "one"),
        (["one", "WARN [alembic.env] two"], "one"),
        (["one", "DEBUG [alembic.env] two"], "one"),
        (["one", "[2026-01-01 00:00:00 +0000] two"], "one"),
        # Noise.
        (["one", "sys:1: ResourceWarning: unclosed"], "one"),
        (["one", "  ^^^^", "~~~", "    indented"], "one"),
        (["one", "DETAIL:  x", "HINT:  x", "LINE 1: select", "READY", "OK"], "one"),
        (["one", 'redash-ecs-result: {"rc": 1}'], "one"),
        (["one", "2026-01-01 00:00:00,000 INFO exited: worker-0"], "one"),
        # A statement and its parameters go on over lines, up to their bracket; what they hold is data of a person.
        (["one", "[SQL: SELECT", "KeyError: in a query", "FROM x]", "[parameters: {'a': 1,", "ValueError: in it", "'b': 2}]"], "one"),
        (["one", "[SQL: SELECT 1]", "two"], "two"),
        (["[SQL: SELECT", "never closed", "Traceback (most recent call last):", "KeyError: 'x'"], "KeyError: 'x'"),
        (["[SQL: SELECT", "never closed", "The above exception was the direct cause", "KeyError: 'x'"], "KeyError: 'x'"),
        (["[SQL: SELECT", "never closed", "[2026-01-01 00:00:00,000][PID:7][ERROR][redash.app] it broke"], "it broke"),
        # Colours, line ends and several lines in one.
        (["\x1b[31mKeyError: 'x'\x1b[0m\r"], "KeyError: 'x'"),
        (["KeyError: 'x'\nplain"], "KeyError: 'x'"),
        (["  spaced   out  ", "a   b"], "a b"),
        # The driver's exception is told, not the one around it; the driver's own line may tell more.
        (["sqlalchemy.exc.IntegrityError: (psycopg2.errors.Xyz) odd"], "psycopg2.errors.Xyz: odd"),
        (
            ["psycopg2.errors.Xyz: odd, and more", "sqlalchemy.exc.IntegrityError: (psycopg2.errors.Xyz) odd"],
            "psycopg2.errors.Xyz: odd, and more",
        ),
        (
            ["sqlalchemy.exc.IntegrityError: (raised as a result of Query-invoked autoflush; x) (psycopg2.errors.Xyz) odd"],
            "psycopg2.errors.Xyz: odd",
        ),
        # gunicorn kills what timed out, and then wonders about memory.
        (
            ["[2026-01-01 00:00:00 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:9)", "x was sent SIGKILL! Perhaps out of memory? (pid:9)"],
            "WORKER TIMEOUT (pid:9)",
        ),
        (
            ["[2026-01-01 00:00:00 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:9)", "x was sent SIGKILL! Perhaps out of memory? (pid:8)"],
            "x was sent SIGKILL! Perhaps out of memory? (pid:8)",
        ),
    ],
)
def test_which_line_of_several_names_the_cause(lines: list[str], said: str) -> None:
    words = why(lines)
    assert words is not None
    assert words.said == said


def test_the_second_line_of_a_drivers_message_counts_where_it_tells_more() -> None:
    first = 'psycopg2.OperationalError: connection to server at "db" (10.0.0.1), port 5432 failed: SSL error: unexpected eof'
    second = 'connection to server at "db" (10.0.0.2), port 5432 failed: FATAL:  password authentication failed for user "redash"'
    told = why([first, second, ""])
    assert told is not None
    assert told.said == " ".join(f"{first}; {second}".split())
    assert "knows another password" in told.todo
    # Three lines may follow; what ends the message before that makes the second line one of its own.
    alone = " ".join(second.split())
    assert [bool(words) and words.said == told.said for words in (why([first, *["and"] * more, second]) for more in range(4))] == [
        *[True] * 3,
        False,
    ]
    for end in (
        "",
        "[SQL: x]",
        "(Background on this error at: x)",
        "DETAIL:  x",
        "HINT:  x",
        "CONTEXT:  x",
        "LINE 1: x",
        "The above exception",
    ):
        assert [words and words.said for words in [why([first, "and", end, second])]] == [alone], end
    # An exception behind it is another one; a line that libpq indents is none.
    setting = "ValueError: Invalid boolean value ''"
    assert [words and words.said for words in [why([first, setting])]] == [setting]
    for exception in ("psycopg2.OperationalError: odd", "sqlalchemy.exc.OperationalError: odd"):
        words = why([exception, "\tFATAL:  no password supplied"])
        assert words is not None and words.said == f"{exception}; FATAL: no password supplied"
    # Nor do lines of another program's exception belong together.
    assert [words and words.said for words in [why(["redis.exceptions.ConnectionError: x", second])]] == [alone]
    ended = why([first, "", "no line of it: no pg_hba.conf entry"])
    assert ended is not None
    assert "add ?sslmode=require" in ended.todo and ended.said == "no line of it: no pg_hba.conf entry"


@pytest.mark.parametrize(
    ("frames", "where"),
    [
        (['  File "/a.py", line 1, in f', '  File "/b.py", line 22, in g'], " (in /b.py, line 22, g)"),
        (['  File "/a.py", line 1, in f', '  File "<string>", line 2, in g'], " (in /a.py, line 1, f)"),
        ([], ""),
    ],
)
def test_a_built_in_exception_tells_where_it_happened(frames: list[str], where: str) -> None:
    traceback = ["Traceback (most recent call last):", *frames]
    assert why([*traceback, "TypeError: no"]) == LastWords(f"TypeError: no{where}")
    # An exception with a name of its own needs no place, nor does a wrong setting.
    assert why([*traceback, "redash.errors.Odd: no"]) == LastWords("redash.errors.Odd: no")
    setting = why([*traceback, "ValueError: Invalid boolean value 'x'"])
    assert setting is not None and setting.said == "ValueError: Invalid boolean value 'x'"


def test_only_the_end_of_a_long_log_is_looked_at() -> None:
    rest = ["plain"] * (LAST - 1)
    assert why(["KeyError: 'x'", *rest]) == LastWords("KeyError: 'x'")
    assert why(["KeyError: 'x'", *rest, "plain"]) == LastWords("plain")


def test_a_long_line_is_cut_at_its_limit_and_says_so() -> None:
    assert why(["a" * LONGEST]) == LastWords("a" * LONGEST)
    assert why(["a" * (LONGEST + 1)]) == LastWords("a" * (LONGEST - 4) + " ...")
    assert why(["a" * (LONGEST - 5) + " " + "b" * 9]) == LastWords("a" * (LONGEST - 5) + " ...")
