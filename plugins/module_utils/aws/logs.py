# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CloudWatch Logs: one page of a stream, or its newest lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import botocore_exceptions, error_code
from ansible_collections.redash.ecs.plugins.module_utils.aws.tasks import was_throttled
from ansible_collections.redash.ecs.plugins.module_utils.core.sensitive import Masker
from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import Event, LostPlace, Page


def read_page(logs: Any, group: str, stream: str, token: str | None = None, start_time: int | None = None) -> Page | None:
    """Events from ``token`` (or from ``start_time``, or the stream's begin) on, oldest first.

    None while the stream or its group does not exist: a stream appears with the container's start. LostPlace when
    AWS does not take the token: it is valid for 24 hours. Any other botocore exception goes through.
    GetLogEvents, not FilterLogEvents: the latter allows a fifth of the calls.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
    """
    request: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
    if token is not None:
        request["nextToken"] = token
    if start_time is not None:
        request["startTime"] = start_time
    try:
        answer = logs.get_log_events(**request)
    except botocore_exceptions.ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        if error_code(error) == "InvalidParameterException" and token is not None and "token" in str(error).lower():
            raise LostPlace from error
        raise
    events = [Event(int(event["timestamp"]), str(event["message"])) for event in answer["events"]]
    return Page(events, answer["nextForwardToken"], was_throttled(answer))


def absence(logs: Any, group: str, stream: str) -> str:
    """What is not there, the stream or its group, in one line; empty where both are."""
    try:
        logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=False, limit=1)
    except botocore_exceptions.ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        # "The specified log group does not exist.", "The specified log stream does not exist."
        return f"there is no log group {group}" if "log group" in str(error) else f"there is no log stream {stream} in {group}"
    return ""


def last_lines(logs: Any, group: str, stream: str, count: int = 20) -> list[str] | None:
    """The newest ``count`` lines of a stream, oldest first, secrets masked; None when there is no such stream."""
    try:
        answer = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=False, limit=count)
    except botocore_exceptions.ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise
    return masked_lines(answer["events"])


def masked_lines(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The lines of consecutive events of one stream, as a person may see them: a traceback prints a password as readily as a name."""
    masker = Masker()
    return [line for event in events for line in masker.message(str(event["message"]).rstrip())]
