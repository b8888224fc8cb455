# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every rotation on real containers, a real PostgreSQL and a real Redis, in both stores, killed and resumed; one life, in this order."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet

from tests.e2e.hunt import stored
from tests.e2e_rotation.encrypted import decrypts, good, good_list, make_data_source, rotate_hunted, rows, store_of, value
from tests.e2e_upgrade.installation import PREFIX, PSQL, ROOT, Installation, Run, calm, processes_of

MANAGER: dict[str, Any] = {"redash_secret_store": "secrets_manager"}
# Tokens need TLS; the certificate of the local Redis is one that nobody signed.
TOKEN: dict[str, Any] = {
    "redash_redis": {"transit_encryption_enabled": True, "snapshot_retention_days": 0},
    "ssm_secrets_redis_options": "ssl_cert_reqs=none",
}


def another_key(content: bytes = b"{}") -> str:
    """Encrypted as Redash does it, with a key that nobody holds any more; in hexadecimal."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"lost in 2019").digest())).encrypt(content).hex()


def stopped(run: Run, why: str, stands: str) -> None:
    """A rotation that failed: calm, the reason said, and as the last thing how things stand."""
    assert run.rc != 0, run.output[-4000:]
    calm(run)
    assert why in " ".join(run.output.split()).replace("''", "'"), run.output[-6000:]
    assert run.message == stands, run.message


def unchanged(run: Run) -> None:
    assert "changed=0" in good(run).output.rsplit("PLAY RECAP", 1)[-1], run.output[-5000:]


def logs_in(redash: Installation, password: str) -> bool:
    """Whether the real PostgreSQL takes the password over TCP, as Redash's containers use it."""
    address = redash.inside("hostname", "-i").split()[0]
    try:
        return redash.inside("psql", f"postgresql://redash:{password}@{address}:5432/redash", "-Atqc", "select 1").strip() == "1"
    except RuntimeError as refused:
        assert "password authentication failed" in str(refused)
        return False


def test_a_data_source_is_there_to_be_encrypted(redash: Installation) -> None:
    make_data_source(redash)


def test_a_row_that_no_key_opens_is_named_and_can_be_emptied(redash: Installation) -> None:
    before, services = value(redash, "secret_key"), redash.services()
    columns = "org_id, name, type, encrypted_options"
    redash.sql(f"insert into data_sources ({columns}) values (1, 'lost', 'pg', '\\x{another_key()}')")
    stopped(
        redash.run("rotate_secrets.yml", rotate="secret_key"),
        "database: no key that the store holds opens these encrypted rows: lost. Without the key that they were encrypted with, their"
        " settings are lost to Redash already: empty them, so that they can be filled in anew (docs/secrets.md, A row that no key opens).",
        "rotate=secret_key: stopped at the step look (the database is read: which key encrypts what), for the reason above."
        " Nothing was changed. Once that is mended, the same command goes on from there.",
    )
    assert (value(redash, "secret_key"), value(redash, "secret_key_next"), redash.services()) == (before, None, services)
    page = (ROOT / "docs" / "secrets.md").read_text()
    (emptying,) = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "WAREHOUSE" in block]
    good_list(redash.run("manage.yml", **yaml.safe_load(emptying.replace('"WAREHOUSE"', '"lost"'))))
    assert "lost" in good_list(redash.run("manage.yml", command=["/app/manage.py", "ds", "list"])).output


def test_a_key_that_is_not_the_data_s_is_told_and_nothing_is_changed(redash: Installation) -> None:
    before, services = value(redash, "secret_key"), redash.services()
    redash.sql("create table kept as select id, encrypted_options from data_sources")
    redash.sql(f"update data_sources set encrypted_options = '\\x{another_key()}'")
    stopped(
        redash.run("rotate_secrets.yml", rotate="secret_key"),
        "database: no encrypted row opens with the secret_key that the store holds: warehouse, lost. It is not the key of this data.",
        "rotate=secret_key: stopped at the step look (the database is read: which key encrypts what), for the reason above."
        " Nothing was changed. Once that is mended, the same command goes on from there.",
    )
    assert (value(redash, "secret_key"), value(redash, "secret_key_next"), redash.services()) == (before, None, services)
    redash.sql("update data_sources set encrypted_options = kept.encrypted_options from kept where kept.id = data_sources.id")
    redash.sql("drop table kept")
    unchanged(redash.run("site.yml"))


def kill_at(redash: Installation, words: str, number: int = 1, **variables: Any) -> None:
    """Begin a rotation and kill every process of it once it says ``words`` for the ``number``th time."""
    log = redash.home / "killed.log"
    mark = f"rotation-{time.monotonic_ns()}"
    with log.open("w") as output:
        process = subprocess.Popen(
            redash.command("rotate_secrets.yml", **variables),
            cwd=ROOT,
            env={**redash.environment, "REDASH_E2E_RUN": mark},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        while process.poll() is None and log.read_text().count(words) < number:
            time.sleep(0.1)
        assert process.poll() is None, log.read_text()[-4000:]
        process.kill()
        while left := processes_of(mark):
            for pid in left:
                subprocess.run(["kill", "-9", str(pid)], check=False, capture_output=True)
        process.wait()


# The titles of tasks that each step begins with, and which of their times in that run. The database is read with the key in use
# alone, with both, when everything is stopped, and once more when it is encrypted anew. The run after the one that was killed
# while it encrypted has nothing left to encrypt, and so no third look: in its second it sees that.
READ = "the database is read"
STEPS = (
    (READ, 1),
    ("a new value is made beside the old one", 1),
    (READ, 1),
    ("every service is stopped", 1),
    (READ, 2),
    ("encrypted with the new key", 1),
    # Nobody waits any more for a task that encrypts, while it goes on.
    (": database reencrypt $REDASH_SECRET_KEY", 1),
    (READ, 2),
    ("the new value becomes the secret", 1),
    ("everything is deployed with it", 1),
    ("a task with it reads", 1),
    ("the copy beside it is removed", 1),
)


def test_the_key_is_rotated_though_it_is_killed_at_every_step(redash: Installation) -> None:
    old, before = value(redash, "secret_key"), rows(redash)
    for words, number in STEPS:
        kill_at(redash, words, number, rotate="secret_key")
        if value(redash, "secret_key_next"):
            refused = redash.run("site.yml")
            assert refused.rc != 0
            assert "a rotation of secret_key is unfinished" in refused.message
    good(redash.run("rotate_secrets.yml", rotate="secret_key"))
    assert value(redash, "secret_key") not in (old, None)
    assert value(redash, "secret_key_next") is None
    assert rows(redash) != before
    assert set(redash.held("REDASH_SECRET_KEY").values()) == {value(redash, "secret_key")}
    decrypts(redash)
    unchanged(redash.run("site.yml"))


def test_the_databases_password_is_rotated_and_the_old_one_is_worth_nothing(redash: Installation, tmp_path: Path) -> None:
    old = value(redash, "database_password")
    assert old and logs_in(redash, old)
    services = redash.services()
    redash.sql("alter role postgres set default_transaction_read_only = on", "postgres")
    try:
        stopped(
            redash.run("rotate_secrets.yml", rotate="database_password"),
            "PostgreSQL refused the master user redash: ERROR: cannot execute ALTER ROLE in a read-only transaction",
            "rotate=database_password: stopped at the step deploy (everything is deployed with it), for the reason above. database_password"
            " is the new one, and the old one is in its history, so nothing is lost. What runs may still have the old one."
            " Until this has finished, site.yml, mail.yml and upgrade.yml refuse to run."
            " Once that is mended, the same command goes on from there.",
        )
    finally:
        redash.inside(
            "env", "PGOPTIONS=-c default_transaction_read_only=off", *PSQL, "-c", "alter role postgres reset default_transaction_read_only"
        )
    # Terraform has it on record as set. Whatever went by that would deploy what the database refuses.
    refused = redash.run("site.yml")
    assert refused.rc != 0 and "a rotation of database_password is unfinished" in refused.message
    # Nobody is locked out: what runs has the password that the database takes still.
    assert logs_in(redash, old) and redash.services() == services
    assert all(old in url for url in redash.held("REDASH_DATABASE_URL").values())
    # The database has the new password, and the URL that containers get still the old one.
    kill_at(redash, "Secrets composed of parts", rotate="database_password")
    assert (logs_in(redash, value(redash, "database_password") or ""), logs_in(redash, old)) == (True, False)
    rotate_hunted(redash, tmp_path, rotate="database_password")
    new = value(redash, "database_password")
    assert new and new != old
    assert (logs_in(redash, new), logs_in(redash, old)) == (True, False)
    assert all(new in url for url in redash.held("REDASH_DATABASE_URL").values())
    unchanged(redash.run("site.yml"))


def test_the_installation_moves_to_secrets_manager_with_the_same_values(redash: Installation) -> None:
    names = ("cookie_secret", "secret_key", "database_password", "admin_password", "database_url", "redis_url")
    before = {name: value(redash, name) for name in names}
    good(redash.run("site.yml", **MANAGER))
    assert {name: value(redash, name, "secrets_manager") for name in names} == before
    assert store_of(redash) == "secrets_manager"
    assert set(redash.held("REDASH_SECRET_KEY").values()) == {before["secret_key"]}
    decrypts(redash)
    unchanged(redash.run("site.yml", **MANAGER))


@pytest.mark.parametrize("what", ["cookie_secret", "secret_key", "database_password"])
def test_there_secrets_rotate_too_and_are_nowhere_else(redash: Installation, tmp_path: Path, what: str) -> None:
    old = value(redash, what, "secrets_manager")
    rotate_hunted(redash, tmp_path, rotate=what, **MANAGER)
    assert value(redash, what, "secrets_manager") not in (old, None)
    assert value(redash, f"{what}_next", "secrets_manager") is None
    decrypts(redash)


def test_a_deleted_secret_is_restored(redash: Installation) -> None:
    before = value(redash, "secret_key", "secrets_manager")
    redash.client("secretsmanager").delete_secret(SecretId=f"{PREFIX}/secret_key", RecoveryWindowInDays=7)
    run = good(redash.run("site.yml", "--diff", **MANAGER))
    assert "secret_key: version" in run.output and "restored: it was deleted" in run.output
    assert value(redash, "secret_key", "secrets_manager") == before
    unchanged(redash.run("site.yml", **MANAGER))


def test_it_moves_back(redash: Installation) -> None:
    # What was rotated there since is what counts; the parameters of before are older.
    for name in ("cookie_secret", "secret_key", "database_password", "admin_password", "database_url", "redis_url", "redis_token"):
        redash.client("ssm").delete_parameters(Names=[f"{PREFIX}/{name}"])
    good(redash.run("site.yml"))
    assert value(redash, "secret_key") == value(redash, "secret_key", "secrets_manager")
    decrypts(redash)


def test_a_redis_that_took_anybody_gets_tls_and_a_token(redash: Installation) -> None:
    good(redash.run("site.yml", **TOKEN))
    token = value(redash, "redis_token")
    assert token
    assert (redash.redis_accepts(token), redash.redis_accepts("another" * 5), redash.redis_accepts("")) == (True, False, False)
    assert all(url.startswith("rediss://") and f":{token}@" in url for url in redash.held("REDASH_REDIS_URL").values())
    unchanged(redash.run("site.yml", **TOKEN))


def test_redis_s_token_is_rotated_and_the_old_one_is_worth_nothing(redash: Installation, tmp_path: Path) -> None:
    old = value(redash, "redis_token")
    assert old
    kill_at(redash, "Redis accepts the new token beside the old one", rotate="redis_token", **TOKEN)
    kill_at(redash, "everything is deployed with it", rotate="redis_token", **TOKEN)
    new = value(redash, "redis_token")
    # Nobody is locked out in between: what runs has the old one still.
    assert new and new != old
    assert (redash.redis_accepts(new), redash.redis_accepts(old)) == (True, True)
    kill_at(redash, "Redis accepts the old token no longer", rotate="redis_token", **TOKEN)
    rotate_hunted(redash, tmp_path, rotate="redis_token", **TOKEN)
    assert value(redash, "redis_token") == new
    assert (redash.redis_accepts(new), redash.redis_accepts(old)) == (True, False)
    assert all(f":{new}@" in url for url in redash.held("REDASH_REDIS_URL").values())
    unchanged(redash.run("site.yml", **TOKEN))


def test_the_token_moves_to_secrets_manager_and_is_rotated_there(redash: Installation, tmp_path: Path) -> None:
    held = value(redash, "redis_token")
    # What was moved away from here is older.
    for name in stored(redash.client, PREFIX):
        if name.endswith(" "):
            redash.client("secretsmanager").delete_secret(SecretId=name.strip(), ForceDeleteWithoutRecovery=True)
    good(redash.run("site.yml", **TOKEN, **MANAGER))
    old = value(redash, "redis_token", "secrets_manager")
    assert old and old == held
    kill_at(redash, "everything is deployed with it", rotate="redis_token", **TOKEN, **MANAGER)
    new = value(redash, "redis_token", "secrets_manager")
    assert new and new != old
    assert (redash.redis_accepts(new), redash.redis_accepts(old)) == (True, True)
    rotate_hunted(redash, tmp_path, rotate="redis_token", **TOKEN, **MANAGER)
    assert value(redash, "redis_token", "secrets_manager") == new
    assert value(redash, "redis_token_next", "secrets_manager") is None
    assert (redash.redis_accepts(new), redash.redis_accepts(old)) == (True, False)
    assert all(f":{new}@" in url for url in redash.held("REDASH_REDIS_URL").values())
    assert value(redash, "redis_token") == held, "the parameter that was moved away from was written to"
    unchanged(redash.run("site.yml", **TOKEN, **MANAGER))
