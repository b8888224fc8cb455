# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ElastiCache replication groups: look, wait, change the AUTH token. Each function is given its elasticache client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code
from ansible_collections.redash.ecs.plugins.module_utils.context import Clock
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

# Seconds between two looks, and between two lines about one that is still being changed.
INTERVAL = 5.0
NEXT_PROGRESS = 60.0

# https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ReplicationGroup.html
LOST = ("create-failed", "deleting")


def find(elasticache: Any, group_id: str) -> dict[str, Any] | None:
    """The group as DescribeReplicationGroups answers; None when there is none."""
    with aws_errors(f"read the replication group {group_id}"):
        try:
            answer = elasticache.describe_replication_groups(ReplicationGroupId=group_id)
        except elasticache.exceptions.ClientError as error:
            if error_code(error) in ("ReplicationGroupNotFoundFault", "ReplicationGroupNotFound"):
                return None
            raise
    groups: list[dict[str, Any]] = answer["ReplicationGroups"]
    return groups[0] if groups else None


def available(elasticache: Any, group_id: str, timeout: float, clock: Clock, report: Callable[[str], None]) -> dict[str, Any]:
    """The group once nothing changes in it any more. Raises RedashError after ``timeout`` seconds."""
    began = said = clock.monotonic()
    while True:
        group = find(elasticache, group_id)
        status = group["Status"] if group else "gone"
        if group and status == "available" and not group.get("PendingModifiedValues", {}).get("AuthTokenStatus"):
            return group
        if not group or status in LOST:
            raise RedashError(Problem(f"the replication group is {status}", group_id, "Run site.yml: Terraform makes it."))
        now = clock.monotonic()
        if now - began >= timeout:
            raise RedashError(
                Problem(f"the replication group is still {status} after {timeout:.0f} s", group_id, "Rerun: it goes on where it stopped.")
            )
        if now - said >= NEXT_PROGRESS:
            said = now
            report(f"still {status} {group_id} ... {now - began:.0f} s")
        clock.sleep(INTERVAL)


def tags(elasticache: Any, arn: str) -> dict[str, str]:
    """The group's tags."""
    with aws_errors(f"read the tags of {arn}"):
        return {tag["Key"]: tag["Value"] for tag in elasticache.list_tags_for_resource(ResourceName=arn)["TagList"]}


def tag(elasticache: Any, arn: str, key: str, value: str) -> None:
    """Write one tag."""
    with aws_errors(f"tag {arn}"):
        elasticache.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": key, "Value": value}])


def change_token(elasticache: Any, group_id: str, token: str, strategy: str) -> None:
    """Begin the change of the AUTH token; ``available`` sees its end."""
    with aws_errors(f"{strategy} the AUTH token of {group_id}"):
        elasticache.modify_replication_group(
            ReplicationGroupId=group_id, AuthToken=token, AuthTokenUpdateStrategy=strategy, ApplyImmediately=True
        )
