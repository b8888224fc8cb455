# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Task definitions in ECS, and what they refer to. Each function gets its boto3 client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code
from ansible_collections.redash.ecs.plugins.module_utils.aws.retry import retried
from ansible_collections.redash.ecs.plugins.module_utils.aws.tasks import is_throttled
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def newest_revision(ecs: Any, family: str) -> dict[str, Any] | None:
    """The newest active revision of ``family`` with its tags, or None when there is none. One call."""
    try:
        with aws_errors(f"read task definition {family}"):
            answer = ecs.describe_task_definition(taskDefinition=family, include=["TAGS"])
    except RedashError as error:
        # ECS says ClientException, and nothing finer, for a family that it does not know.
        if _code(error) == "ClientException":
            return None
        raise
    return {**answer["taskDefinition"], "tags": answer.get("tags") or []}


def register(ecs: Any, request: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Register a new revision and return it. AWS takes one a second in the long run, and one at a time for a family."""
    doing = f"register task definition {request.get('family')}"
    with aws_errors(doing):
        answer = retried(lambda: ecs.register_task_definition(**request), _waits_its_turn, context, doing)
    return {**answer["taskDefinition"], "tags": answer.get("tags") or []}


def _waits_its_turn(error: Exception) -> bool:
    return is_throttled(error) or "Too many concurrent attempts to create a new revision" in str(error)


def retag(ecs: Any, arn: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Give a registered revision the tags ``after`` instead of ``before``."""
    changed = [{"key": key, "value": value} for key, value in after.items() if before.get(key) != value]
    gone = [key for key in before if key not in after]
    with aws_errors(f"tag {arn}"):
        if changed:
            ecs.tag_resource(resourceArn=arn, tags=changed)
        if gone:
            ecs.untag_resource(resourceArn=arn, tagKeys=gone)


def log_group_exists(logs: Any, name: str) -> bool | None:
    """Whether the log group exists; None when we may not ask. One call."""
    try:
        with aws_errors(f"look for log group {name}"):
            answer = logs.describe_log_groups(logGroupNamePrefix=name, limit=50)
    except RedashError as error:
        if _code(error) in _DENIED:
            return None
        raise
    return any(group.get("logGroupName") == name for group in answer.get("logGroups", []))


def role_exists(iam: Any, name: str) -> bool | None:
    """Whether the account has the role, by its name or ARN; None when we may not ask. One call."""
    try:
        with aws_errors(f"look for role {name}"):
            iam.get_role(RoleName=name.rpartition("/")[2])
    except RedashError as error:
        if _code(error) == "NoSuchEntity":
            return False
        if _code(error) in _DENIED:
            return None
        raise
    return True


def _code(error: RedashError) -> str:
    return error_code(error.__cause__) if error.__cause__ else ""
