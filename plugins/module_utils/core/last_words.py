# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a log says about a failure: the one line that names its cause, and what to do about it.

The last line of a log is rarely the cause. SQLAlchemy ends with a link, gunicorn with "Shutting down", supervisor with
what it did next. So the exception is looked for, from the end on, and the table below knows the remedies.
Every place that tells of a failure asks ``why``: a command, a migration, a service.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.redash.ecs.plugins.module_utils.core import manage
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import mask
from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import FOR_PLAYBOOKS

# The lines that are looked at, from the end. A traceback of Redash under gunicorn has about 60 lines.
LAST = 400
# A sentence is cut behind this many characters: an exception may quote a whole query.
LONGEST = 400


@dataclass(frozen=True)
class LastWords:
    """``said`` is the line that names the cause, without a secret. ``cause`` is one word, empty where the table knows none."""

    said: str
    cause: str = ""
    todo: str = ""


@dataclass(frozen=True)
class _Rule:
    pattern: re.Pattern[str]
    cause: str
    todo: str
    near: re.Pattern[str] | None  # must be found in the lines of the same traceback


def _rule(pattern: str, cause: str, todo: str, *, near: str = "") -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE), cause, todo, re.compile(near, re.IGNORECASE) if near else None)


_REDIS_URL = "Set the password that Redis has in the Redis URL: rerun site.yml, which composes it."
_REDIS_PRIMARY = "The URL leads to a replica: use the primary endpoint (primary_endpoint_address) in the Redis URL."
_TLS = "The certificate is not trusted: use the name that it is made for, or add ?ssl_cert_reqs=none to the Redis URL (rediss://)."
_NO_DATABASE = "The database was not reached: check that it runs, its security group, and the database URL."
_NO_REDIS = "Redis was not reached: check that it runs, its security group, and the Redis URL."
_MEMORY = "Give the task more memory (redash_task_size; redash_task_runner_size for a command)."
_COMMAND = "Check the command: the image holds no such program."
_LOCKED = "Another session holds a lock on that table: find it in pg_stat_activity, let it end or end it, and run again."
_CONNECTIONS = "All connections of the database are in use: end idle ones, raise max_connections or the cluster's capacity, and run again."
_POISON = "A row holds text that jsonb refuses, mostly \\u0000: remove it from that row's options, and run again."
_VIEW = "Drop the view or rule that uses the column, run again, and create it again."
_NUMBER = "A setting that is a number has another value: correct it in redash_settings (60, not '5 min')."

# The first that matches wins, so the narrow ones stand before the wide ones. Wordings from:
# - PostgreSQL's and libpq's messages as psycopg2 hands them on: https://www.postgresql.org/docs/current/errcodes-appendix.html
# - redis-py's exceptions and Redis's own error codes: https://redis.io/docs/latest/develop/reference/protocol-spec/
# - gunicorn/arbiter.py; rq/worker.py and rq/timeouts.py; rq_scheduler/scheduler.py; celery/worker, billiard/exceptions.py, kombu
# - Redash: getredash/redash#5542, #5624, #5782, #7272, #7287, #7290, #7345, #7451, #7561; getredash/setup#62; contrib-helm-chart#127
RULES = (
    # PostgreSQL: what is wrong with the data or the schema.
    _rule(
        r'null value in column "options".*|NotNullViolation.*\boptions\b',
        "data",
        "A widget without a position stops the migration (db0aca1ebd32): place it on its dashboard again or delete it, and run again.",
        near=r"widgets",
    ),
    _rule(
        r"NotNullViolation|violates not-null constraint", "data", "A row lacks a value that the new schema requires: complete or delete it."
    ),
    _rule(r"UntranslatableCharacter|unsupported Unicode escape sequence|\\u0000 cannot be converted", "data", _POISON),
    _rule(r"InvalidTextRepresentation|invalid input syntax for (type )?json", "data", _POISON),
    _rule(
        r"gen_query_hash",
        "data",
        "A query belongs to a data source of a type that this image lacks: enable the type, or delete the data source.",
    ),
    _rule(
        r"IndexError: (string|list) index out of range",
        "data",
        "A query of an Elasticsearch data source has no text: give it one or delete it, also among the archived ones, and run again.",
        near=r"elasticsearch",
    ),
    _rule(r"cannot alter type of a column used by|used by a view or rule|DependentObjectsStillExist", "schema", _VIEW),
    _rule(
        r"UniqueViolation|duplicate key value violates unique",
        "exists",
        "It exists already: choose another name, or change the existing one.",
    ),
    _rule(
        r"ForeignKeyViolation|violates foreign key constraint",
        "data",
        "Something else refers to that row, or the row it refers to is missing.",
    ),
    _rule(r'UndefinedTable|relation "[^"]*" does not exist|no such table', "tables", "The tables are missing: run cmd=create_db first."),
    _rule(
        r"UndefinedColumn|column [^ ]+ does not exist",
        "schema",
        "The database's schema is older than the image: run cmd='db upgrade' (upgrade.yml does).",
    ),
    _rule(
        r"Can't locate revision identified by",
        "schema",
        "The database was migrated by a newer Redash: run that version, or restore the database.",
    ),
    _rule(
        r"Multiple head revisions are present|Requested revision .* overlaps|already have is_draft|Duplicate(Column|Table|Object)\b",
        "schema",
        "The schema and its recorded revision do not fit each other: restore the snapshot, or correct alembic_version.",
    ),
    _rule(
        r"psycopg2\.errors\.(SyntaxError|UndefinedFunction|UndefinedObject)|function [^ ]+ does not exist",
        "database",
        "PostgreSQL is too old for this release, or lacks an extension: upgrade it first.",
    ),
    _rule(
        r"(UndefinedFile|could not open extension control file|extension \"[^\"]*\" is not available)",
        "database",
        "PostgreSQL lacks that extension: allow or install it.",
    ),
    # PostgreSQL: what stands in the way.
    _rule(r"LockNotAvailable|lock timeout|could not obtain lock", "lock", _LOCKED),
    _rule(
        r"DeadlockDetected|deadlock detected|SerializationFailure|could not serialize access",
        "lock",
        "Run again: two sessions waited for each other.",
    ),
    _rule(
        r"statement timeout|QueryCanceled|idle-in-transaction timeout|IdleInTransactionSessionTimeout",
        "database",
        "The database ends statements that take this long: raise statement_timeout for redash's user, and run again.",
    ),
    _rule(
        r"ReadOnlySqlTransaction|read-only transaction",
        "database",
        "The database URL leads to a reader, or the cluster fails over: use the cluster's writer endpoint.",
    ),
    _rule(
        r"TooManyConnections|too many clients already|too many connections for (role|database)|remaining connection slots are reserved",
        "database",
        _CONNECTIONS,
    ),
    _rule(r"QueuePool limit of size", "database", "The process waits for a connection of its own pool: raise SQLALCHEMY_POOL_SIZE."),
    _rule(
        r"InsufficientPrivilege|permission denied for|must be owner of",
        "database",
        "Let redash's database user own the tables and the schema.",
    ),
    _rule(
        r"psycopg2\.errors\.(DiskFull|OutOfMemory)|could not extend file|could not write to file .*No space left",
        "disk",
        "The database has no room left: give it more storage or memory.",
    ),
    _rule(
        r"password authentication failed for user|InvalidPassword|no password supplied|PAM authentication failed",
        "database",
        "The database knows another password: rerun site.yml, which composes the database URL.",
    ),
    _rule(r'FATAL: +role "[^"]*" (does not exist|is not permitted)', "database", "Create that database user, or correct the database URL."),
    _rule(r'FATAL: +database "[^"]*" does not exist|InvalidCatalogName', "database", "Create that database, or correct the database URL."),
    _rule(
        r"no pg_hba\.conf entry|server requires SSL|SSL is required",
        "database",
        "The server refuses this client, mostly because TLS is required: add ?sslmode=require to the database URL.",
    ),
    _rule(r"server does not support SSL", "database", "The server offers no TLS: remove sslmode from the database URL, or enable TLS."),
    _rule(
        r"(psycopg2|connection to server).*(certificate verify failed|root certificate file .* does not exist|does not match host name)",
        "database",
        "Verification needs the authority's certificate in the image: use ?sslmode=require, or add it.",
    ),
    _rule(r"Can't load plugin: sqlalchemy\.dialects", "settings", "The database URL must begin with postgresql://."),
    _rule(
        r"Could not parse (rfc1738|SQLAlchemy) URL|invalid dsn|invalid (URI query parameter|port number|connection option)",
        "settings",
        "The database URL is malformed: percent-encode the special characters of its password. site.yml does.",
    ),
    # Redis. The server's answer decides; that it is a ConnectionError says nothing.
    _rule(
        r"NoPermissionError|this user has no permissions to",
        "redis",
        "Allow Redash's Redis user all commands and keys, or use the default user.",
    ),
    _rule(
        r"redis.*(NOAUTH|WRONGPASS|NOPERM|AuthenticationError|Authentication required|invalid (username-password|password))"
        r"|\b(NOAUTH|WRONGPASS|NOPERM)\b|AUTH <password> called without|sent AUTH, but no password is set|AuthenticationWrongNumberOfArgs",
        "redis",
        _REDIS_URL,
    ),
    _rule(r"ReadOnlyError|\bREADONLY\b|write against a read.only replica", "redis", _REDIS_PRIMARY),
    _rule(
        r"redis\.exceptions\.OutOfMemoryError|OOM command not allowed|used memory > '?maxmemory",
        "redis",
        "Redis is full: use a larger node, or delete old query results and jobs; maxmemory-policy must not be noeviction for a cache.",
    ),
    _rule(r"BusyLoadingError|loading the dataset in memory", "redis", "Redis is starting: run again in a minute."),
    _rule(
        r"\bMISCONF\b|unable to persist (on|to) disk|stop-writes-on-bgsave-error",
        "redis",
        "Redis cannot save to its disk: free it or disable saving.",
    ),
    _rule(
        r"\b(MOVED \d+|CROSSSLOT|CLUSTERDOWN|MASTERDOWN)\b|ClusterDownError|MovedError|MasterDownError"
        r"|Keys in request don't hash to the same slot",
        "redis",
        "Redash needs Redis with cluster mode disabled, and a primary that is up.",
    ),
    _rule(
        r"max number of clients reached|MaxConnectionsError",
        "redis",
        "Redis has no free connection: lower the number of workers, or use a larger node.",
    ),
    _rule(r"Redis URL must specify one of the following schemes", "settings", "The Redis URL must begin with redis:// or rediss://."),
    _rule(
        r"(redis|Error -?\d+ connecting to|:6379).*(CERTIFICATE_VERIFY_FAILED|certificate verify failed|hostname mismatch)", "redis", _TLS
    ),
    _rule(
        r"(redis|Error -?\d+ connecting to|:6379).*(WRONG_VERSION_NUMBER|wrong version number|record layer failure|unexpected eof)",
        "redis",
        "Redis speaks no TLS at this port: begin the Redis URL with redis://.",
    ),
    _rule(
        r"redis\.exceptions\.ConnectionError: Connection closed by server|Error while reading from (socket|.*:6379)",
        "redis",
        "Redis ended the connection; where it requires TLS, begin the Redis URL with rediss://.",
    ),
    _rule(
        r"redis\.exceptions\.\w*(ConnectionError|TimeoutError)|Error -?\d+ connecting to"
        r"|Timeout (connecting to server|reading from (socket|.*:6379))"
        r"|(Cannot connect to|Connection to broker) .*redis|kombu\.exceptions\.OperationalError",
        "redis",
        _NO_REDIS,
    ),
    _rule(r"redis\.exceptions\.ResponseError|redis\.exceptions\.\w+", "redis", "Look at what Redis answers; its version may be too old."),
    _rule(r"FATAL: +the database system is|CannotConnectNow", "database", "The database starts, stops or recovers: run again in a minute."),
    # The database in general, behind Redis: an OperationalError may be kombu's.
    _rule(
        r"(could not (connect to server|translate host name)|connection to server (at|on) .* failed|psycopg2\.(Operational|Interface)Error"
        r"|FATAL: +(the database system is|terminating connection)|CannotConnectNow|AdminShutdown|CrashShutdown|ConnectionException"
        r"|terminating connection due to|server closed the connection unexpectedly|SSL connection has been closed unexpectedly"
        r"|timeout expired|connection already closed)",
        "database",
        _NO_DATABASE,
    ),
    _rule(
        r"psycopg2\.|sqlalchemy\.exc\.(Operational|Internal|Interface|Database|Programming)Error",
        "database",
        "Look at what PostgreSQL answers.",
    ),
    # RQ and Celery.
    _rule(
        r"already an active RQ scheduler",
        "scheduler",
        "Another scheduler runs, or ran within the last seconds: only one may. Stop it, wait a minute, and run again.",
    ),
    _rule(
        r"There exists an active worker named",
        "worker",
        "A worker of that name runs, or was killed within the last minutes: wait, and run again.",
    ),
    _rule(
        r"(Work-horse|Worker exited prematurely|WorkerLostError).*(signal 9|returned 9|SIGKILL|returned 137|signal: 9)",
        "out_of_memory",
        _MEMORY,
    ),
    _rule(
        r"JobTimeoutException|exceeded maximum timeout value|(Soft)?TimeLimitExceeded|hard time limit",
        "timeout",
        "The job ran longer than its limit: raise the limit, or make the query faster.",
    ),
    # Memory, disk, processor, program.
    _rule(
        r"\AKilled\Z|was sent SIGKILL! Perhaps out of memory|\bMemoryError\b|Cannot allocate memory|Out of memory: Killed process"
        r"|\[Errno 12\]",
        "out_of_memory",
        _MEMORY,
    ),
    _rule(
        r"WORKER TIMEOUT",
        "timeout",
        "Loading took longer than gunicorn allows: give the task more CPU, or raise the limit (REDASH_GUNICORN_TIMEOUT from 25.1 on, before"
        " GUNICORN_CMD_ARGS=--timeout=120).",
    ),
    _rule(r"\[Errno 28\]|no space left on device", "disk", "Give the task more ephemeral storage."),
    _rule(
        r"\[Errno 30\]|Read-only file system", "disk", "The program writes where it may not: give it a writable volume there, mostly /tmp."
    ),
    _rule(r"\[Errno 24\]|Too many open files", "settings", "Raise the container's ulimit nofile."),
    _rule(
        r"exec format error|Illegal instruction",
        "architecture",
        "The image is built for another processor: match runtimePlatform.cpuArchitecture to it.",
    ),
    _rule(
        r"executable file not found|: command not found|exec: .*: not found|can't open file '"
        r"|OCI runtime.*exec|exec .*: no such file or directory",
        "command",
        _COMMAND,
    ),
    _rule(
        r"No such command '?|no such option|Got unexpected extra argument|Missing (argument|option|parameter)",
        "usage",
        "Correct the command: --help shows its options.",
    ),
    _rule(r"Connection in use: \(|Address already in use|\[Errno 98\]", "settings", "Another process of the task listens at that port."),
    _rule(r"(ModuleNotFoundError|ImportError): ", "image", "The image lacks that module, or a setting names one that does not exist."),
    # Settings and keys.
    _rule(r"InvalidToken\b", "key", "REDASH_SECRET_KEY is not the key this database was encrypted with: give back the old one."),
    _rule(
        r"(COOKIE_SECRET|SECRET_KEY).*(not set|must|required)|must set the REDASH_\w+",
        "settings",
        "Set the secret in the task definition (site.yml does).",
    ),
    _rule(
        r"Invalid boolean value ''|invalid literal for int\(\) with base 10: ''|could not convert string to float: ''",
        "settings",
        "A setting is empty: remove it, or give it a value.",
    ),
    _rule(r"invalid literal for int\(\)|could not convert string to float", "settings", _NUMBER),
    _rule(r"Invalid boolean value", "settings", "A setting that is true or false has another value: correct it in redash_settings."),
    _rule(r"KeyError: '(REDASH_|DATABASE_URL|REDIS_URL)", "settings", "Set that variable (redash_settings)."),
    # Mail; mail.yml knows more.
    _rule(r"smtplib\.|SMTP\w*(Error|Exception|Refused|Disconnected)", "mail", "Run mail.yml: it tells why mail does not leave."),
    _rule(
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed",
        "certificate",
        "Use the name that the certificate is made for, or add its authority.",
    ),
    # The network, where nothing narrower says whose.
    _rule(
        r"(gaierror|Name or service not known|Temporary failure in name resolution)",
        "network",
        "The name is not found: check it, and the VPC's DNS.",
    ),
    _rule(
        r"(ConnectionRefusedError|ConnectionResetError|NewConnectionError|MaxRetryError|ConnectTimeout|timed out)",
        "network",
        "The other side was not reached: check its address, that it runs, and the security groups.",
    ),
)

# Lines that never name a cause.
_NOISE = re.compile(
    r"\s*\Z"
    r"|\(Background on this error at:"
    r"|\[(SQL|parameters|generated in|cached since|no key|caused by|raw sql)\b"
    r"|(DETAIL|HINT|CONTEXT|QUERY|LOCATION|STATEMENT|WHERE|NOTICE):"
    r"|LINE \d+:"
    r"|[\s^~]+\Z"
    r"|Traceback \(most recent call last\)|(The above exception was the direct cause|During handling of the above exception)"
    r"|\s+File \"|\s"  # a traceback's lines, and whatever is indented
    r"|sys:1: |Exception ignored in|Error in (sys\.excepthook|atexit)|SystemExit\b|[\w./-]+\.py:\d+: \w*Warning"
    # supervisor: https://supervisord.org/events.html and its own log; redash's health listener
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ (INFO|WARN|CRIT|DEBG|TRAC|BLAT|ERRO) "
    r"|READY|RESULT \d|OK\Z|TICK|ver:\d|\{\"?eventname|No processes in state RUNNING"
    # what the entrypoint and gunicorn say of their normal work
    r"|Using (Database|Redis|external)|Starting (RQ|Celery|supervisor)"
    r"|INFO +\[|DEBUG +\[",
)
_CUT = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
# [2026-01-01 00:00:00,000][PID:7][ERROR][redash.app] text; [2026-01-01 00:00:00 +0000] [1] [CRITICAL] text;
# [2026-01-01 00:00:00,000: ERROR/MainProcess] text; ERROR [alembic.env] text
_LOGGED = re.compile(
    r"(?:\[\d{4}-\d\d-\d\d[^\]]*?(?:: (?P<celery>[A-Z]+)/[^\]]*)?\](?:\s*\[(?:PID:)?\d+\])?(?:\s*\[(?P<level>[A-Z]+)\])?(?:\s*\[[\w.\-]+\])"
    r"*"
    r"|(?P<bare>DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\s+\[[\w.\-]+\])\s*(?P<text>.*)"
)
_SOFT = ("DEBUG", "INFO", "WARNING", "WARN")
_EXCEPTION = re.compile(
    r"(?P<name>(?:[A-Za-z_]\w*\.)+(?:[A-Z]\w*|error|timeout|gaierror|herror)"
    r"|[A-Z]\w*(?:Error|Exception|Interrupt|Timeout|Refused|Disconnected|Exceeded|Lost|Warning)|Exception)(?::(?: (?P<text>.*))?)?\Z"
)
# sqlalchemy.exc.IntegrityError: (psycopg2.errors.NotNullViolation) null value ...
_WRAPPED = re.compile(
    r"(?:sqlalchemy\.exc\.)?\w+: \((?:raised as a result of Query-invoked autoflush[^)]*\) \()?(?P<name>[\w.]+)\) (?P<text>.+)"
)
_FRAME = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)')
_BUILT_IN = re.compile(r"[A-Z]\w*(?:Error|Exception)\b")
_PID = re.compile(r"pid: ?(\d+)")
# Said when something else went wrong already.
_GENERIC = re.compile(
    r"Worker failed to boot|Shutting down: |Worker \(pid:\d+\) exited with code|Exception in worker process|Exception on /|Worker exiting"
    r"|exception raised while executing|Aborted!|exit status|Handling signal|Reason: "
    r"|InFailedSqlTransaction|current transaction is aborted",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Candidate:
    said: str
    rule: _Rule | None
    exception: bool


def why(lines: Sequence[str]) -> LastWords | None:
    """The words of ``lines`` (a log, oldest first) that name why a program failed; None when there are none.

    In this order: the last exception or line that the table knows; an error that a log line tells; the last line.
    """
    cleaned = [text for line in lines[-LAST:] for text in _CUT.sub("", line).rstrip().splitlines() or [""]]
    found = _candidates(cleaned)
    best = next((one for one in reversed(found) if one.exception or one.rule), None) or (found[-1] if found else None)
    if best is None:
        return None
    said = _short(mask(best.said))
    return LastWords(said, best.rule.cause, best.rule.todo) if best.rule else LastWords(said)


def _candidates(lines: Sequence[str]) -> list[_Candidate]:
    """Each line that may name a cause, in order; without those that only tell what came of another."""
    found: list[_Candidate] = []
    plain: list[_Candidate] = []
    timed_out: set[str] = set()
    skipping = False
    until = -1  # the last line of the message before
    for number, line in enumerate(lines):
        if number <= until or line.startswith(FOR_PLAYBOOKS) or manage.NOISE.match(line):
            continue
        # [SQL: ...] and [parameters: ...] go on over lines, up to the bracket that ends them.
        if skipping and (line.startswith(("Traceback ", "The above ")) or _LOGGED.match(line)):
            skipping = False
        if skipping or line.startswith(("[SQL:", "[parameters:")):
            skipping = not (line.rstrip().endswith("]") or line.startswith("(Background"))
            continue
        logged = _LOGGED.match(line)
        level = (logged["level"] or logged["celery"] or logged["bare"] or "") if logged else ""
        text = logged["text"] if logged else line
        if level in _SOFT or (logged and not level):
            continue
        if not text or _NOISE.match(text):
            continue
        exception = _EXCEPTION.match(text) or _WRAPPED.match(text)
        if exception and not _GENERIC.search(text):
            found.append(_exception(lines, number, text))
            until = number + len(_continued(lines, number))
            continue
        rule = _known(text, "")
        pid = _PID.search(text)
        if rule and pid and rule.cause == "timeout":
            timed_out.add(pid[1])
        if rule and pid and rule.cause == "out_of_memory" and pid[1] in timed_out:
            continue  # gunicorn kills what timed out, and then wonders about memory
        if _GENERIC.search(text):
            plain.append(_Candidate(text.strip(), None, False))
        elif rule or level:
            found.append(_Candidate(text.strip(), rule, False))
        else:
            plain.append(_Candidate(text.strip(), None, False))
    # A line of which nothing is known counts only where no exception and no error was logged.
    return found or [one for one in plain if not _GENERIC.search(one.said)] or plain


def _exception(lines: Sequence[str], number: int, text: str) -> _Candidate:
    wrapped = _WRAPPED.match(text)
    said = text.strip()
    if wrapped:
        said = f"{wrapped['name']}: {wrapped['text']}"
        # The driver's own line, where it is there, may tell more.
        said = next((line.strip() for line in reversed(lines[:number]) if line.startswith(said.rstrip("."))), said)
    more = _continued(lines, number)
    start = next((back for back in range(number - 1, -1, -1) if lines[back].startswith("Traceback (")), max(0, number - 40))
    near = "\n".join(lines[start : number + 8])
    rule = _known(said, near)
    # The reason may be in the second line only, as where one address refuses TLS and the other the user.
    second = next(
        (line for line in more if (better := _known(line, near)) and (rule is None or RULES.index(better) < RULES.index(rule))), ""
    )
    if second:
        rule, said = _known(second, near), f"{said}; {second}"
    if _BUILT_IN.match(said) and not (rule and rule.cause == "settings"):
        said += _where(lines[start:number])
    return _Candidate(said, rule, True)


def _continued(lines: Sequence[str], number: int) -> list[str]:
    """What follows the first line of a message: libpq's have several."""
    if not lines[number].startswith(("psycopg2.", "sqlalchemy.")):
        return []
    more: list[str] = []
    for line in lines[number + 1 : number + 4]:
        if not line.strip() or line.startswith(("[", "(", "DETAIL", "HINT", "CONTEXT", "LINE", "The above", "Traceback", "During")):
            break
        if _EXCEPTION.match(line) or (_NOISE.match(line) and not line.startswith("\t")):
            break
        more.append(line.strip())
    return more


def _where(lines: Sequence[str]) -> str:
    """Where a built-in exception happened: by itself ``IndexError`` says nothing."""
    frame = next((match for match in map(_FRAME.match, reversed(lines)) if match and not match["file"].startswith("<")), None)
    return f" (in {frame['file']}, line {frame['line']}, {frame['function']})" if frame else ""


def _known(text: str, near: str) -> _Rule | None:
    return next((rule for rule in RULES if rule.pattern.search(text) and (rule.near is None or rule.near.search(f"{near}\n{text}"))), None)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 4].rstrip() + " ..."
