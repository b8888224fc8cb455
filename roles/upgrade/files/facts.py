# Tells the facts of a Redash release from the files of its image, and changes nothing. Needs neither database nor settings.
# Written for Python 2.7 to 3.13, and short: RunTask takes 8192 characters of overrides in all. Says them as one line of JSON.
# With a path as argument: of a source tree, whose Python and libraries are then what its files pin.
import io
import json
import os
import re
import sys

MARK = "redash-ecs-result: "
TREE = sys.argv[1] if len(sys.argv) > 1 else ""
ROOTS = [TREE] if TREE else [path or "." for path in sys.path] + ["/app"]
ROOT = ([path for path in ROOTS if os.path.exists(os.path.join(path, "redash", "__init__.py"))] or ROOTS[-1:])[0]


def text(*names):
    with io.open(os.path.join(ROOT, *names), encoding="utf-8") as file:
        return file.read()


def find(pattern, where, what):
    match = re.search(pattern, where, re.M)
    if not match:
        raise ValueError("%s not found" % what)
    return match.group(1)


def version():
    try:
        return find(r"^__version__ *= *[\"'](\d[^\"']*)", text("redash", "__init__.py"), "__version__")
    except ValueError:
        if TREE:
            raise
        import redash

        return redash.__version__


def alembic_head():
    # Read as text: some migrations import Redash, which wants settings.
    made, before = set(), set()
    for name in os.listdir(os.path.join(ROOT, "migrations", "versions")):
        if name.endswith(".py"):
            source = text("migrations", "versions", name)
            made.add(find(r"^revision *(?::.*?)?= *[\"'](\w+)", source, "revision of " + name))
            before.update(
                re.findall(r"[\"'](\w+)[\"']", find(r"^down_revision *(?::.*?)?= *(\([^)]*\)|.*)", source, "down_revision of " + name))
            )
    heads = sorted(made - before)
    if len(heads) != 1:
        raise ValueError("%s heads: %s" % (len(heads), ", ".join(heads)))
    return heads[0]


def entrypoint():
    cases = text("bin", "docker-entrypoint")
    return re.findall(r"^ *([a-z_]+)\)", cases[cases.rindex('case "$1"') :], re.M)


def queue_system():
    return "celery" if re.search(r"^(import|from) celery", text("redash", "worker.py"), re.M) else "rq"


def queues():
    if queue_system() == "celery":
        found = re.findall(r"QUEUES:-([\w,]+)", text("bin", "docker-entrypoint"))
        return sorted(set(",".join(found).split(",")))
    lists = dict(re.findall(r"^(\w+_queues) *= *([^#\n]*(?:\[[^\]]*\])?)", text("redash", "worker.py"), re.M))

    def names(expression):
        found = []
        for word, quoted in re.findall(r"(\w+_queues)|[\"'](\w+)[\"']", expression):
            found += names(lists[word]) if word else [quoted]
        return found

    return names(lists["default_queues"])


def python():
    if TREE:
        return find(r"(?s).*^FROM python:(\d+\.\d+)", text("Dockerfile"), "FROM python in Dockerfile")
    return "%s.%s" % sys.version_info[:2]


def library(name):
    if not TREE:
        try:
            from importlib.metadata import version as installed
        except ImportError:
            from pkg_resources import get_distribution

            return get_distribution(name).version
        return installed(name)
    pinned = r"(?i)^ *[\"']?%s(?: *= *[\"']|==)([\d.]+)" % name
    for each in ("pyproject.toml", "requirements.txt"):
        if os.path.exists(os.path.join(ROOT, each)) and re.search(pinned, text(each), re.M):
            return find(pinned, text(each), name)
    raise ValueError("no version of %s is pinned" % name)


def commands():
    # Click names a command after its function, from 7 on with hyphens, unless it has a name of its own.
    try:
        hyphens = int(library("click").split(".")[0]) >= 7
    except ValueError:
        if not TREE:
            raise
        hyphens = int(library("flask").split(".")[0]) >= 2  # which needs click 8
    names = re.findall(r"^@manager\.command\((.*)\)\n(?:@.*\n)*def (\w+)", text("redash", "cli", "__init__.py"), re.M)
    unnamed = [name for given, name in names if "_" in name and not re.match(r"[\"']|name", given)]
    if not unnamed:
        raise ValueError("no command of two words found")
    return dict((name, name.replace("_", "-")) for name in unnamed if hyphens)


def has_reencrypt():
    return "def reencrypt" in text("redash", "cli", "database.py")


def create_tables_guarded():
    return "is_db_empty()" in text("redash", "cli", "database.py")


def curl():
    if TREE:
        return bool(re.search(r"^\s+curl\b", text("Dockerfile"), re.M))
    return any(os.path.exists(os.path.join(path, "curl")) for path in os.environ["PATH"].split(":"))


seen, not_read = {}, {}
facts = [version, alembic_head, entrypoint, queue_system, queues, python, commands, has_reencrypt, create_tables_guarded, curl]
for name, fact in [(each.__name__, each) for each in facts] + [
    (n.replace("-", "_"), lambda n=n: library(n)) for n in ("rq", "rq-scheduler")
]:
    try:
        seen[name] = fact()
    except Exception as error:
        not_read[name] = "%s: %s" % (type(error).__name__, error)
seen["not_read"] = not_read
print(MARK + json.dumps(seen, sort_keys=True))
