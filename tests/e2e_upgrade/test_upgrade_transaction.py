# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""upgrade.yml on the local AWS: real containers, real migrations in a real PostgreSQL, images that fail on purpose."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e_upgrade.installation import NAME, NEW, PREFIX, REPOSITORY, STEPS, Installation, as_it_was, calm, unchanged

# A secret of the person's own, and the mail server's password: by environment variable.
OWN = {"REDASH_GOOGLE_CLIENT_SECRET": "own-client-secret-4e1f", "REDASH_MAIL_PASSWORD": "own-mail-password-9b27"}
MAIL = {"server": "mail.example.com", "port": 587, "security": "starttls", "username": "redash", "default_sender": "redash@example.com"}


@pytest.fixture
def furnished(redash: Installation, tmp_path: Path) -> Iterator[Installation]:
    """The same with mail and a secret of the person's own, as the inventory says and site.yml deploys it."""
    redash.inventory = tmp_path / "inventory.yml"
    secrets = {"google_client_secret": OWN["REDASH_GOOGLE_CLIENT_SECRET"]}
    mail = {**MAIL, "password": OWN["REDASH_MAIL_PASSWORD"]}
    redash.inventory.write_text(yaml.safe_dump({"redash_secrets": secrets, "redash_mail": mail}))
    try:
        site = redash.run("site.yml", redash_version="10.1.0")
        assert site.rc == 0, site.output
        yield redash
    finally:
        redash.inventory = None
        # For the tests after this one: tasks may no longer read what was the person's own.
        assert redash.run("site.yml", redash_version="10.1.0").rc == 0


def furniture_is_there(redash: Installation) -> None:
    """Every container has the mail server and refers to both secrets, and those that run hold them; no output did."""
    ecs = redash.client("ecs")
    for definition in (*(definition for definition, _desired, _running in redash.services().values()), redash.task_runner()):
        for container in ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["containerDefinitions"]:
            given = {one["name"]: one["value"] for one in container["environment"]}
            secrets = {one["name"]: one["valueFrom"] for one in container["secrets"]}
            assert given["REDASH_MAIL_SERVER"] == MAIL["server"], (definition, container["name"])
            assert secrets["REDASH_GOOGLE_CLIENT_SECRET"].endswith(f"{PREFIX}/google_client_secret"), (definition, container["name"])
            assert secrets["REDASH_MAIL_PASSWORD"].endswith(f"{PREFIX}/mail_password"), (definition, container["name"])
    said = (redash.home / "playbooks.log").read_text()
    for variable, value in OWN.items():
        held = redash.held(variable)
        assert len(held) >= len(redash.running_tasks()), held.keys()
        assert set(held.values()) == {value}
        assert value not in said


def state(redash: Installation) -> Any:
    return redash.services(), redash.task_runner(), redash.schema(), redash.people()


def test_success_and_a_second_run_that_changes_nothing(furnished: Installation) -> None:
    redash = furnished
    before, people = state(redash), redash.people()
    furniture_is_there(redash)
    plan = redash.run("upgrade.yml", "--check", **redash.to("25.8.0"))
    assert plan.rc == 0, plan.output
    for said in ("Redash 10.1.0 -> 25.8.0", "fd4fc850d7ea", "Expected downtime: about ", "Stop the server", "(snapshot)"):
        assert said in plan.output, plan.output
    calm(plan)
    assert redash.records() == []
    assert state(redash) == before

    done = redash.upgrade("25.8.0")
    assert done.rc == 0, done.output
    assert "Redash is 25.8.0 (release 1)" in done.message
    calm(done)
    assert redash.services()[NAME][1:] == (1, 1)
    assert redash.schema() == NEW
    assert redash.people() == people
    furniture_is_there(redash)
    # Migration fd4fc850d7ea alone would have emptied it.
    assert redash.sql("select details->>'is_invitation_pending' from users where email = 'invited@example.com'") == ["true"]
    record = redash.record()
    assert (record["state"], record["path"], record["done"]) == ("succeeded", "full", STEPS)
    assert record["facts"]["snapshot"] == f"{NAME}-release-1"
    snapshots = redash.client("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert [one["DBClusterSnapshotIdentifier"] for one in snapshots] == [f"{NAME}-release-1"]

    again = redash.upgrade("25.8.0")
    assert (again.rc, again.message) == (0, "Redash is 25.8.0 already (localhost/redash-stand-in:25.8.0).")
    unchanged(again)
    # The same roles with the same variables: nothing is left for site.yml to put right.
    unchanged(redash.run("site.yml", redash_version="25.8.0"))
    history = redash.run("history.yml")
    assert "10.1.0 -> 25.8.0" in history.output
    assert "succeeded" in history.output

    # 26.3.0 has the same schema: nothing is stopped.
    rolling = redash.upgrade("26.3.0")
    assert rolling.rc == 0, rolling.output
    assert redash.record()["path"] == "rolling"
    assert redash.record()["done"] == ["read", "register", "check", "deploy", "smoke", "tidy"]
    assert redash.people() == people
    furniture_is_there(redash)

    back = redash.run("rollback.yml")
    assert back.rc == 0, back.output
    assert "Redash is back at 25.8.0" in back.message
    assert redash.people() == people
    furniture_is_there(redash)
    unchanged(redash.run("site.yml", redash_version="25.8.0"))
    # 10.1.0 before it does not fit the schema.
    refused = redash.run("rollback.yml")
    assert refused.rc != 0
    assert "the database is at revision db0aca1ebd32, and 10.1.0 needs 89bc7873a3e0" in refused.message, refused.output
    assert redash.services()[NAME][1:] == (1, 1)

    # Back all the way: the database of before the upgrade, and the release of that time on it.
    redash.sql("insert into queries (org_id, name, query, query_hash, user_id) values (1, 'Written since', 'select 3', 'z', 1)")
    # What ran then is gone by now: the service is made anew.
    assert redash.run("site.yml", redash_version="25.8.0", redash_topology="split").rc == 0
    assert NAME not in redash.services()
    restored = redash.run("restore.yml", redash_restore=NAME)
    assert restored.rc == 0, restored.output
    assert f"The database is the one of {NAME}-release-1, and Redash is 10.1.0." in restored.message
    calm(restored)
    assert state(redash) == before
    furniture_is_there(redash)
    assert redash.sql("select count(*) from queries where name = 'Written since'", f"redash.before.{NAME}-release-1") == ["1"]
    # Nothing is left to put right, in the rendered files neither.
    unchanged(redash.run("site.yml", redash_version="10.1.0"))


def test_a_failing_migration_puts_everything_back(redash: Installation) -> None:
    people = redash.people()
    done = redash.upgrade("25.8.0", fault="migration")
    assert done.rc != 0
    assert "The upgrade failed and everything is as it was" in done.message, done.output
    assert redash.record()["state"] == "undone"
    as_it_was(redash, people)
    unchanged(redash.run("site.yml", redash_version="10.1.0"))
    # The pictures that were filled in for the migration are empty again.
    assert redash.sql("select count(*) from users where profile_image_url = ''") == ["0"]


def test_a_crashing_new_release_is_kept_stopped_and_a_mended_one_goes_on(redash: Installation) -> None:
    people = redash.people()
    done = redash.upgrade("25.8.0", fault="crash")
    # It crashes at every start, so it is found out before anything is stopped: it cannot look at the database.
    assert done.rc != 0
    assert redash.record()["state"] == "refused", done.output
    as_it_was(redash, people)


def test_unhealthy_targets_keep_the_new_release_stopped_and_a_mended_one_goes_on(redash: Installation) -> None:
    people = redash.people()
    done = redash.upgrade("25.8.0", fault="unhealthy")
    assert done.rc != 0
    assert "25.8.0 failed and is kept stopped" in done.message, done.output
    assert redash.record()["state"] == "stopped"
    assert redash.services()[NAME][1:] == (0, 0)
    assert redash.schema() == NEW

    # What a real run would do from here, and nothing else.
    planned = redash.run("upgrade.yml", "--check", **redash.to("25.8.0"))
    assert planned.rc == 0, planned.output
    assert "Release 1, the upgrade to 25.8.0, is stopped at step halt; it goes on from there." in planned.output
    assert "Nobody can use Redash until it runs again." in planned.output
    assert "Deploy the new release (deploy)" in planned.output
    assert "Take a snapshot" not in planned.output
    assert redash.record()["state"] == "stopped"
    # Not without the database of before: it is looked at, and all stays as it is.
    taken_back = redash.upgrade("25.8.0", upgrade_undo="true")
    assert "25.8.0 failed and is kept stopped" in taken_back.message, taken_back.output
    assert redash.services()[NAME][1:] == (0, 0)

    other = redash.upgrade("26.3.0")
    assert other.rc != 0
    assert "release 1, the upgrade to 25.8.0, is unfinished" in other.message

    mended = redash.upgrade("25.8.0")
    assert mended.rc == 0, mended.output
    assert redash.record()["number"] == 1
    assert redash.services()[NAME][1:] == (1, 1)
    assert redash.people() == people


def test_a_stopped_upgrade_whose_database_a_person_brought_back_is_taken_back(redash: Installation) -> None:
    """Without a snapshot of ours: the way back is the person's own backup."""
    people = redash.people()
    done = redash.upgrade("25.8.0", fault="crash-server", upgrade_snapshot="false")
    assert redash.record()["state"] == "stopped", done.output
    assert "bring back your own backup of the database, then run upgrade.yml -e redash_version=25.8.0 -e upgrade_undo=true." in done.message
    redash.copy_database("start", "redash")
    back = redash.upgrade("25.8.0", upgrade_undo="true")
    assert "The upgrade failed and everything is as it was" in back.message, back.output
    assert redash.record()["state"] == "undone"
    as_it_was(redash, people)


def test_a_rollback_that_fails_its_test_deploys_again_what_ran(redash: Installation) -> None:
    people = redash.people()
    redash.deploy_another_revision()
    before = redash.services(), redash.task_runner()
    failed = redash.run("rollback.yml", redash_smoke_url="http://127.0.0.1:9", smoke_timeout=10)
    assert failed.rc != 0
    assert "The rollback failed and everything is as it was: http://127.0.0.1:9/ping" in failed.message, failed.output
    calm(failed)
    assert redash.record()["state"] == "undone"
    assert (redash.services(), redash.task_runner()) == before
    assert redash.people() == people
    # And it can be tried again.
    again = redash.run("rollback.yml")
    assert again.rc == 0, again.output
    as_it_was(redash, people)


def test_a_record_that_nobody_can_finish_is_closed_at_a_persons_word(redash: Installation) -> None:
    assert redash.kill("in", "check", "power lost", "upgrade.yml", **redash.to("25.8.0"))
    number = redash.record()["number"]
    closed = redash.run("history.yml", abandon=number)
    assert closed.rc == 0, closed.output
    assert "abandoned" in closed.output
    assert redash.record()["state"] == "abandoned"
    assert redash.run("site.yml", redash_version="10.1.0").rc == 0


def test_a_crash_loop_is_stopped_and_restored_and_the_new_database_kept(redash: Installation) -> None:
    people = redash.people()
    done = redash.upgrade("25.8.0", fault="crash-server")
    assert "25.8.0 failed and is kept stopped" in done.message, done.output
    assert f"or go back to 10.1.0: restore.yml -e redash_restore={NAME} (snapshot {NAME}-release-1)." in done.message, done.output
    # The reason is the container's own last words, not a time that ran out.
    assert "this stand-in's server was built to crash at its start" in done.message, done.output
    calm(done)
    unconfirmed = redash.run("restore.yml")
    assert unconfirmed.rc != 0
    assert f"Confirm with -e redash_restore={NAME}" in unconfirmed.message, unconfirmed.output
    restored = redash.run("restore.yml", redash_restore=NAME)
    assert restored.rc == 0, restored.output
    assert redash.record()["state"] == "restored"
    as_it_was(redash, people)
    clusters = {one["DBClusterIdentifier"] for one in redash.client("rds").describe_db_clusters()["DBClusters"]}
    assert clusters == {NAME, f"{NAME}-before-1"}
    assert redash.sql("select version_num from alembic_version", f"redash.before.{NAME}-release-1") == [NEW]
    # Nothing is left to put right, in the rendered files neither.
    unchanged(redash.run("site.yml", redash_version="10.1.0"))


def test_restored_at_once_where_that_is_wished(redash: Installation) -> None:
    people = redash.people()
    done = redash.upgrade("25.8.0", fault="crash-server", upgrade_on_failure="restore")
    assert done.rc != 0
    assert f"The upgrade failed; the database was restored from {NAME}-release-1, and the old release runs" in done.message, done.output
    assert redash.record()["state"] == "restored"
    as_it_was(redash, people)


@pytest.fixture
def consolidated_again(redash: Installation) -> Iterator[Installation]:
    yield redash
    assert redash.run("site.yml", redash_version="10.1.0").rc == 0


def test_a_backup_of_one_topology_is_restored_in_the_other(consolidated_again: Installation) -> None:
    redash = consolidated_again
    people = redash.people()
    saved = redash.run("backup.yml")
    assert saved.message == f"Snapshot {NAME}-backup-1 is there.", saved.output
    redash.sql("insert into queries (org_id, name, query, query_hash, user_id) values (1, 'Written since', 'select 3', 'z', 1)")
    split = {"redash_version": "10.1.0", "redash_topology": "split"}
    moved = redash.run("site.yml", **split)
    assert moved.rc == 0, moved.output
    services = redash.services()
    assert NAME not in services
    # Its workers are begun together and then seen through.
    begun = re.findall(r"\[redash-demo\] (created|steady:) service redash-demo-(\w*worker)", moved.output)
    assert [verb for verb, _worker in begun] == sorted(verb for verb, _worker in begun), begun

    restored = redash.run("restore.yml", redash_restore=NAME, **split)
    assert restored.rc == 0, restored.output
    assert f"The database is the one of {NAME}-backup-1, and Redash is 10.1.0." in restored.message
    calm(restored)
    assert redash.services() == services
    assert all(running == desired == 1 for _definition, desired, running in services.values()), services
    assert redash.people() == people
    assert redash.sql("select count(*) from queries where name = 'Written since'", f"redash.before.{NAME}-backup-1") == ["1"]
    assert set(redash.jobs_done("10.1.0").values()) == {"done"}
    unchanged(redash.run("site.yml", **split))


def test_a_wrong_key_is_refused_before_anything_is_touched(redash: Installation) -> None:
    made = redash.run("manage.yml", cmd="""ds new warehouse --type pg --options '{"dbname": "x"}'""")
    assert made.rc == 0, made.output
    people = redash.people()
    ssm = redash.client("ssm")
    name = f"{PREFIX}/secret_key"
    right = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    try:
        ssm.put_parameter(Name=name, Value="0" * 32, Type="SecureString", Overwrite=True)
        done = redash.upgrade("25.8.0")
    finally:
        ssm.put_parameter(Name=name, Value=right, Type="SecureString", Overwrite=True)
    assert done.rc != 0
    # The key in use is known by its version in the store; a task of the new release would have got the other one.
    assert done.message.startswith("REDASH_SECRET_KEY of the container task-runner: it is another key than"), done.output
    assert "deployed with version 1; version 2 was written later" in done.message
    assert right not in done.output
    assert "0" * 32 not in done.output
    calm(done)
    assert redash.records() == []
    as_it_was(redash, people)


def test_a_second_run_at_the_same_time_is_refused(redash: Installation) -> None:
    first: list[Any] = []
    thread = threading.Thread(target=lambda: first.append(redash.upgrade("25.8.0")))
    thread.start()
    while "register" not in redash.record().get("begun", []):
        assert thread.is_alive(), first[0].output
        time.sleep(0.2)
    second = redash.upgrade("25.8.0")
    thread.join()
    assert second.rc != 0
    assert "is working on this installation" in second.message, second.output
    assert first[0].rc == 0, first[0].output
    assert len(redash.records()) == 1


@pytest.fixture
def arm_registry() -> Iterator[str]:
    """A registry on this machine whose images are made for ARM alone."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"manifests": [{"platform": {"os": "linux", "architecture": "arm64"}}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


# A snapshot that one may not take is asked of IAM, which the local AWS does not simulate: tests/unit/.../test_verify.py.
def test_bad_input_is_one_line_and_touches_nothing(redash: Installation, arm_registry: str, tmp_path: Path) -> None:
    people = redash.people()
    for variables, said in (
        # Ansible masks the local AWS's key, which is the word "test", in "latest", too.
        ({"redash_version": "latest"}, "redash_version: la******** names no release, and an upgrade must be nameable. Known: "),
        ({"redash_version": "25.2.0"}, "redash_version: '25.2.0' is not a Redash release that is known. Known: "),
        ({"redash_version": "8.0.0"}, "redash_version: Redash 10.1.0 cannot be brought back to 8.0.0 by an upgrade"),
        ({"redash_version": "26.3.0"}, "redash_version: from 10.1.0 to 26.3.0 is too far: one major version at a time"),
        ({"redash_version": "25.8.0", "redash_name": "nobody"}, "nobody: no service nobody or nobody-... in cluster"),
        ({"redash_version": "25.8.0", "redash_secrets": {"saml_key": "new"}}, f"{PREFIX}/saml_key: is new in the inventory and not in the"),
        # A folder without a state: of what was never made, and of what was made from another machine.
        ({"redash_version": "25.8.0", "redash_name": "nobody", "redash_work_dir": str(tmp_path)}, "nobody: no service nobody or"),
        (
            {"redash_version": "25.8.0", "redash_work_dir": str(tmp_path)},
            f"{NAME}: Terraform's state holds nothing of it (redash_terraform_backend: local). Run site.yml first",
        ),
        (
            {"redash_version": "25.8.0", "redash_image": f"{arm_registry}/redash:25.8.0"},
            f"{arm_registry}/redash:25.8.0: is made for arm64, and redash_cpu_architecture is X86_64 (amd64)",
        ),
        ({"redash_version": "25.8.0", "redash_image": REPOSITORY}, f"redash_image: {REPOSITORY} names no release, and an upgrade must be"),
        # As -e upgrade_snapshot=false hands it over: a string.
        (
            {"redash_version": "25.8.0", "upgrade_snapshot": "false", "upgrade_on_failure": "restore"},
            "upgrade_on_failure: restore, but upgrade_snapshot is false. There would be nothing to restore",
        ),
        (
            {"redash_version": "25.8.0", "redash_smoke_url": "http://127.0.0.1:9"},
            "http://127.0.0.1:9/ping: not reached from this machine (",
        ),
    ):
        done = redash.run("upgrade.yml", **{"redash_image": "", **variables})
        assert done.rc != 0
        assert done.message.startswith(said), done.output
        calm(done)
    # Before anything is stopped, and before the database is renamed.
    restoring = redash.run("restore.yml", redash_restore=NAME, snapshot="mistyped")
    assert restoring.rc != 0
    assert restoring.message.startswith("snapshot: mistyped is not there. Name one that is available"), restoring.output
    assert redash.records() == []
    as_it_was(redash, people)
