# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redis's token, by the role, on a local AWS whose ElastiCache knows ROTATE and SET."""

from __future__ import annotations

from typing import Any

from .conftest import LocalAws, Playbook
from .test_ssm_secrets_role import changes, command_lines, stored

NAME = "token"
INFRASTRUCTURE = {"redis": {"auth_token": True, "replication_group_id": NAME}}


def token(strategy: str) -> dict[str, Any]:
    role = {"name": "redash.ecs.terraform_apply", "tasks_from": "redis_token"}
    return {"import_role": role, "vars": {"terraform_apply_auth_token_update_strategy": strategy}}


def test_redis_takes_the_stored_token_which_is_never_seen(aws: LocalAws, playbook: Playbook) -> None:
    elasticache = aws.client("elasticache")
    elasticache.create_replication_group(
        ReplicationGroupId=NAME,
        ReplicationGroupDescription="test",
        Engine="redis",
        CacheNodeType="cache.t4g.micro",
        NumCacheClusters=1,
        TransitEncryptionEnabled=True,
    )
    variables = {"redash_name": NAME}
    secrets = {"import_role": {"name": "redash.ecs.ssm_secrets"}}
    made = playbook.run([secrets], variables=variables)
    assert made.returncode == 0, made.stdout

    variables["redash_infrastructure"] = INFRASTRUCTURE
    tasks = [token("ROTATE"), token("SET")]
    with command_lines() as commands:
        foretold = playbook.run(tasks, "--check", "--diff", variables=variables)
        first = playbook.run(tasks, "-vvvv", "--diff", variables=variables)
        second = playbook.run(tasks, "-vvvv", "--diff", variables=variables)
    assert [run.returncode for run in (foretold, first, second)] == [0, 0, 0], first.stdout
    assert (changes(first.stdout), changes(second.stdout)) == (2, 0)
    assert "+token: version 1 of redis_token is the only one accepted" in foretold.stdout

    (group,) = elasticache.describe_replication_groups(ReplicationGroupId=NAME)["ReplicationGroups"]
    tags = {tag["Key"]: tag["Value"] for tag in elasticache.list_tags_for_resource(ResourceName=group["ARN"])["TagList"]}
    assert group["AuthTokenEnabled"] and tags["AuthTokenVersion"].startswith("1@") and tags["AuthTokenVersion"].endswith(" set")

    value = stored(aws, f"/redash/{NAME}")["redis_token"]
    files = "".join(path.read_text(errors="replace") for path in playbook.folder.rglob("*") if path.is_file())
    seen = {"output": foretold.stdout + first.stdout + second.stdout, "command lines": "\n".join(commands), "files": files}
    assert [place for place, text in seen.items() if value in text] == []
