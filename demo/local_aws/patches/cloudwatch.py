# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CloudWatch, where MiniStack 1.5.33 differs from AWS (services/cloudwatch.py).

In the query protocol, which Terraform speaks, an alarm comes back without its description, dimensions,
actions, period, statistic and treatment of missing data, and an alarm on an expression loses its queries.
Terraform would set all of them again at every run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import cloudwatch

Parameters = dict[str, Any]
Handler = Callable[..., tuple[int, Any, Any]]


def apply() -> None:
    cloudwatch._put_metric_alarm = _with_queries(cloudwatch._put_metric_alarm)
    cloudwatch._describe_alarms = _whole(cloudwatch._describe_alarms)


def _with_queries(handler: Handler) -> Handler:
    def put_metric_alarm(params: Parameters, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> tuple[int, Any, Any]:
        answer = handler(params, cbor_data, is_cbor, is_json)
        alarm = cloudwatch._alarms.get(cloudwatch._p(params, "AlarmName"))
        if alarm is not None and not is_cbor and not is_json:
            alarm["Metrics"] = _structure(params, "Metrics")
            if alarm["Metrics"]:
                for name in ("Statistic", "Period", "MetricName", "Namespace"):
                    alarm[name] = None
        return answer

    return put_metric_alarm


def _whole(handler: Handler) -> Handler:
    def describe_alarms(params: Parameters, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> tuple[int, Any, Any]:
        if is_cbor or is_json:
            return handler(params, cbor_data, is_cbor, is_json)
        asked = {name: cloudwatch._p(params, name) for name in ("AlarmNamePrefix", "StateValue", "MaxRecords", "NextToken")}
        request = {name: value for name, value in asked.items() if value}
        for name in ("AlarmNames", "AlarmTypes"):
            request[name] = [str(value) for value in _structure(params, name)]
        status, _, body = handler({}, request, False, True)
        if status != 200:
            return handler(params, cbor_data, is_cbor, is_json)
        return cloudwatch._xml(200, "DescribeAlarmsResponse", f"<DescribeAlarmsResult>{_xml(json.loads(body))}</DescribeAlarmsResult>")

    return describe_alarms


def _structure(params: Parameters, name: str) -> Any:
    """A member of the query protocol (Metrics.member.1.MetricStat.Stat=Sum) as lists, mappings and strings."""
    if name in params:
        return cloudwatch._p(params, name)
    keys = {key[len(name) + 1 :].split(".")[0] for key in params if key.startswith(f"{name}.")}
    if not keys or keys == {"member"}:
        numbers = sorted({int(key[len(name) + 8 :].split(".")[0]) for key in params if key.startswith(f"{name}.member.")})
        return [_structure(params, f"{name}.member.{number}") for number in numbers]
    return {key: _structure(params, f"{name}.{key}") for key in keys}


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        # Seconds since the epoch in the store, a date in XML.
        dated = {key: _date(item) if key.endswith("Timestamp") else item for key, item in value.items()}
        return "".join(f"<{key}>{_xml(item)}</{key}>" for key, item in dated.items() if item not in (None, ""))
    if isinstance(value, list):
        return "".join(f"<member>{_xml(item)}</member>" for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return escape(str(value))


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
