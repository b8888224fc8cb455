# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""RDS, where MiniStack 1.5.33 differs from AWS (services/rds.py).

- It starts a PostgreSQL container of its own per cluster, from an image that may not be there. The local
  AWS has one real PostgreSQL already: the cluster's master role and database are made in that one, and
  follow a change of the password (demo.local_aws.database.set_master).
- The cluster's endpoint turns from its AWS-like name into localhost as soon as it has an instance.
- Log exports are forgotten, so that Terraform wants to switch them on at every run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import rds

Parameters = dict[str, Any]
Handler = Callable[[Parameters], tuple[int, Any, Any]]


def apply() -> None:
    rds._get_docker = lambda: None
    rds._sync_cluster_endpoints = lambda cluster: None
    rds._cluster_xml = _with_log_exports(rds._cluster_xml)
    for action in ("CreateDBCluster", "ModifyDBCluster"):
        rds._ACTION_MAP[action] = _followed(rds._ACTION_MAP[action])


def _with_log_exports(render: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
    def cluster_xml(cluster: dict[str, Any]) -> str:
        exports = "".join(f"<member>{name}</member>" for name in cluster.get("EnabledCloudwatchLogsExports", []))
        return f"{render(cluster)}<EnabledCloudwatchLogsExports>{exports}</EnabledCloudwatchLogsExports>"

    return cluster_xml


def _followed(handler: Handler) -> Handler:
    """What a cluster's creation or change means beyond the record that MiniStack keeps."""

    def handle(parameters: Parameters) -> tuple[int, Any, Any]:
        name = rds._p(parameters, "DBClusterIdentifier")
        password = rds._p(parameters, "MasterUserPassword")
        if password:
            # First the real server: if that fails, no cluster is on record and the request can be repeated.
            known = rds._clusters.get(name) or {}
            username = known.get("MasterUsername") or rds._p(parameters, "MasterUsername")
            try:
                _set_master(username, password, known.get("DatabaseName") or rds._p(parameters, "DatabaseName") or None)
            except RuntimeError as refused:
                # An answer that nobody asks for again: Terraform repeats what failed with a 500, or for the cluster's state, for minutes.
                return rds._error("InvalidParameterValue", escape(str(refused)), 400)
        answer = handler(parameters)
        cluster = rds._clusters.get(name)
        if answer[0] != 200 or cluster is None:
            return answer

        exports = set(cluster.get("EnabledCloudwatchLogsExports", []))
        exports |= _members(parameters, "EnableCloudwatchLogsExports")
        exports |= _members(parameters, "CloudwatchLogsExportConfiguration.EnableLogTypes")
        exports -= _members(parameters, "CloudwatchLogsExportConfiguration.DisableLogTypes")
        cluster["EnabledCloudwatchLogsExports"] = sorted(exports)
        return answer

    return handle


def _members(parameters: Parameters, name: str) -> set[str]:
    return {rds._p(parameters, key) for key in parameters if key.startswith(f"{name}.member.")}


def _set_master(username: str, password: str, database: str | None) -> None:
    # MiniStack without a container engine has no PostgreSQL: the tests of Terraform run so.
    if os.environ.get("DOCKER_HOST"):
        from demo.local_aws.database import set_master

        set_master(username, password, database)
