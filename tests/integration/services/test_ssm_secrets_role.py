# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role ssm_secrets on a local AWS: what it makes, that it makes it once, and that no value is ever seen."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import LocalAws, Playbook, said

GIVEN = "g1ven-Pass/word?&%"
INFRASTRUCTURE = {
    "cluster_name": "prod",
    "database": {"endpoint": "db.example", "port": 5432, "name": "redash", "username": "redash"},
    "redis": {"endpoint": "redis.example", "port": 6379, "tls": True, "auth_token": True, "replication_group_id": "prod"},
}
ROLE = [
    {"import_role": {"name": "redash.ecs.ssm_secrets"}},
    {"import_role": {"name": "redash.ecs.ssm_secrets", "tasks_from": "composed"}},
]
BASE = ("cookie_secret", "secret_key", "database_password", "redis_token", "admin_password")


def changes(output: str) -> int:
    found = re.search(r"changed=(\d+) ", output)
    assert found, output
    return int(found.group(1))


def stored(aws: LocalAws, prefix: str) -> dict[str, str]:
    # MiniStack returns SecureStrings in the clear when decryption is asked for, as AWS does.
    answer = aws.client("ssm").get_parameters_by_path(Path=prefix, WithDecryption=True)
    return {parameter["Name"].removeprefix(f"{prefix}/"): parameter["Value"] for parameter in answer["Parameters"]}


@contextmanager
def command_lines() -> Iterator[set[str]]:
    """Every command line of this machine, sampled while the block runs."""
    seen: set[str] = set()
    over = threading.Event()

    def sample() -> None:
        while not over.is_set():
            for folder in Path("/proc").iterdir():
                if folder.name.isdigit() and int(folder.name) != os.getpid():
                    try:
                        seen.add((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                    except OSError:
                        continue
            time.sleep(0.02)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def test_secrets_are_made_once_follow_their_parts_and_are_never_seen(aws: LocalAws, playbook: Playbook) -> None:
    variables = {"redash_name": "once", "redash_infrastructure": INFRASTRUCTURE, "redash_secrets": {"saml_key": GIVEN}}

    foretold = playbook.run(ROLE, "--check", "--diff", variables=variables)
    assert foretold.returncode == 0, foretold.stdout
    assert stored(aws, "/redash/once") == {}

    with command_lines() as commands:
        first = playbook.run(ROLE, "-vvvv", "--diff", variables=variables)
        assert first.returncode == 0, first.stdout
        second = playbook.run(ROLE, "-vvvv", "--diff", variables=variables)
    assert (changes(foretold.stdout), changes(first.stdout), changes(second.stdout)) == (3, 3, 0)

    values = stored(aws, "/redash/once")
    assert set(values) == {*BASE, "database_url", "redis_url", "saml_key"}
    assert all(re.fullmatch("[A-Za-z0-9]{32}", values[name]) for name in BASE)
    assert len({values[name] for name in BASE}) == len(BASE)
    assert values["database_url"] == f"postgresql://redash:{values['database_password']}@db.example:5432/redash?sslmode=require"
    assert values["redis_url"] == f"rediss://:{values['redis_token']}@redis.example:6379/0"

    key = aws.client("kms").describe_key(KeyId="alias/redash/once")["KeyMetadata"]
    assert aws.client("kms").get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True
    parameters = aws.client("ssm").describe_parameters(ParameterFilters=[{"Key": "Path", "Values": ["/redash/once"]}])["Parameters"]
    assert {(parameter["Type"], parameter["KeyId"]) for parameter in parameters} == {("SecureString", "alias/redash/once")}

    # The play's own file holds what the person gave; Ansible's own folders and everything else must not.
    left = [path for path in playbook.folder.rglob("*") if path.is_file() and path.name != "play.yml"]
    files = "".join(path.read_text(errors="replace") for path in left)
    seen = {"output": foretold.stdout + first.stdout + second.stdout, "command lines": "\n".join(commands), "files": files}
    assert any("ansible-playbook" in command for command in commands), "the sampling saw nothing"
    for name in (*BASE, "saml_key", "database_url", "redis_url"):
        for place, text in seen.items():
            assert values[name] not in text, f"the value of {name} is in {place}"


def test_a_redis_that_demands_no_token_gets_none(aws: LocalAws, playbook: Playbook) -> None:
    open_redis = {**INFRASTRUCTURE, "redis": {"endpoint": "redis.example", "port": 6379, "tls": True}}
    assert playbook.run(ROLE, variables={"redash_name": "open", "redash_infrastructure": open_redis}).returncode == 0
    values = stored(aws, "/redash/open")
    assert values["redis_url"] == "rediss://redis.example:6379/0" and "redis_token" not in values


def test_secrets_manager_holds_them_by_the_same_names_and_they_are_never_seen(aws: LocalAws, playbook: Playbook) -> None:
    variables = {
        "redash_name": "manager",
        "redash_secret_store": "secrets_manager",
        "redash_infrastructure": INFRASTRUCTURE,
        "redash_secrets": {"saml_key": GIVEN},
    }
    with command_lines() as commands:
        first = playbook.run(ROLE, "-vvvv", "--diff", variables=variables)
        assert first.returncode == 0, first.stdout
        second = playbook.run(ROLE, "-vvvv", "--diff", variables=variables)
    assert (changes(first.stdout), changes(second.stdout)) == (3, 0)
    assert stored(aws, "/redash/manager") == {}

    manager = aws.client("secretsmanager")
    listed = manager.list_secrets(Filters=[{"Key": "name", "Values": ["/redash/manager/"]}])["SecretList"]
    values = {one["Name"].removeprefix("/redash/manager/"): manager.get_secret_value(SecretId=one["ARN"])["SecretString"] for one in listed}
    assert set(values) == {*BASE, "database_url", "redis_url", "saml_key"}
    assert values["database_url"] == f"postgresql://redash:{values['database_password']}@db.example:5432/redash?sslmode=require"
    left = [path for path in playbook.folder.rglob("*") if path.is_file() and path.name != "play.yml"]
    files = "".join(path.read_text(errors="replace") for path in left)
    seen = {"output": first.stdout + second.stdout, "command lines": "\n".join(commands), "files": files}
    for name, value in values.items():
        for place, text in seen.items():
            assert value not in text, f"the value of {name} is in {place}"


KEPT = {"redash_name": "kept", "redash_infrastructure": INFRASTRUCTURE}


@pytest.fixture(scope="module")
def kept(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Playbook:
    """An installation whose secrets are made."""
    playbook = Playbook(tmp_path_factory.mktemp("kept"), aws)
    made = playbook.run(ROLE, variables=KEPT)
    assert made.returncode == 0, made.stdout
    return playbook


def test_a_key_that_differs_from_the_stored_one_stops_the_play_in_one_line(aws: LocalAws, kept: Playbook) -> None:
    before = stored(aws, "/redash/kept")
    done = kept.run(ROLE, variables={**KEPT, "redash_secrets": {"secret_key": "another-key-of-somebody-s"}})
    assert done.returncode == 2
    assert "/redash/kept/secret_key: the secret_key given differs" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout
    assert "another-key-of-somebody-s" not in done.stdout
    assert stored(aws, "/redash/kept") == before


def test_a_changed_endpoint_moves_the_composed_secret_alone(aws: LocalAws, kept: Playbook) -> None:
    before = stored(aws, "/redash/kept")
    elsewhere = {**INFRASTRUCTURE, "database": {**INFRASTRUCTURE["database"], "endpoint": "restored.example"}}
    done = kept.run(ROLE, variables={**KEPT, "redash_infrastructure": elsewhere})
    assert changes(done.stdout) == 1
    after = stored(aws, "/redash/kept")
    assert after["database_url"] == before["database_url"].replace("db.example", "restored.example") != before["database_url"]
    assert {**after, "database_url": ""} == {**before, "database_url": ""}


def test_the_cookie_secret_of_an_installation_without_a_key_is_carried_over(aws: LocalAws, playbook: Playbook) -> None:
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="old")
    ecs.register_task_definition(
        family="old",
        containerDefinitions=[
            {
                "name": "server",
                "image": "redash/redash:8.0.0.b32245",
                "environment": [{"name": "REDASH_COOKIE_SECRET", "value": "old-cookie"}],
            }
        ],
    )
    ecs.create_service(cluster="old", serviceName="old", taskDefinition="old", desiredCount=0)
    variables = {"redash_name": "old", "redash_infrastructure": {**INFRASTRUCTURE, "cluster_name": "old"}}
    done = playbook.run(ROLE, "--diff", variables=variables)
    assert done.returncode == 0, done.stdout
    assert stored(aws, "/redash/old")["secret_key"] == "old-cookie"
    assert "carried over from REDASH_COOKIE_SECRET of the container server" in done.stdout


def test_a_composed_secret_can_t_be_given(playbook: Playbook) -> None:
    done = playbook.run(ROLE, variables={"redash_name": "url", "redash_secrets": {"database_url": "postgresql://x"}})
    assert done.returncode == 2
    assert "redash_secrets: database_url can't be given" in said(done)
