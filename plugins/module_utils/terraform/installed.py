# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what exists, for core.installed: Terraform's state, the file of the last run, AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code
from ansible_collections.redash.ecs.plugins.module_utils.core import installed as core
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.installed import Installed
from ansible_collections.redash.ecs.plugins.module_utils.infrastructure_file import installed_by
from ansible_collections.redash.ecs.plugins.module_utils.terraform import command


def check(terraform: command.Terraform, params: dict[str, Any], client: Callable[..., Any], *, cut_off: bool) -> None:
    """Refuse a run that would destroy or forget an installation. Changes nothing.

    ``cut_off``  a run was killed: what it made without noting it is looked for after the plan

    Raises RedashError with a problem for each difference, and when the state, the file or AWS cannot be read.
    """
    state = json.loads(terraform.text("state", "pull") or "{}")
    existing = {"Terraform's state": core.of_state(state)}
    if params["recorded"]:
        existing[params["recorded"]] = installed_by(Path(params["recorded"]))
    variables = params["variables"]
    name, region = str(variables.get("name") or ""), str(variables.get("region") or "")
    caller = Installed()
    if any(place.account_id for place in existing.values()):
        with aws_errors("look which AWS account this is"):
            caller = core.of_arn(client("sts").get_caller_identity()["Arn"])
    wanted = Installed(name, region, caller.account_id, caller.partition)
    problems = {problem: None for source, place in existing.items() for problem in core.moved(source, place, wanted)}
    looked_for = bool(name and region) and core.is_empty(state) and not (cut_off or params["imports"] or params["targets"])
    if not problems and looked_for and (seen := _seen(name, client)):
        where = f"backend {params['backend']['type']}, workspace {params['workspace']}"
        listed = {line.strip("* ") for line in terraform.text("workspace", "list").splitlines()}
        problems = dict.fromkeys(core.lost_state(name, region, seen, where, listed - {"", params["workspace"]}))
    if problems:
        raise RedashError(problems)


def _seen(name: str, client: Callable[..., Any]) -> dict[str, str]:
    """Address in the module -> import ID of what holds data or runs tasks under this name.

    An empty cluster is neither: a run that was cut off may have left it.
    """
    seen = {}
    with aws_errors("look whether the installation exists"):
        clusters = client("ecs").describe_clusters(clusters=[name])["clusters"]
        if any(cluster["status"] == "ACTIVE" and cluster.get("activeServicesCount") for cluster in clusters):
            seen["aws_ecs_cluster.this"] = name
        try:
            databases = client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
        except Exception as error:
            if "NotFound" not in error_code(error):
                raise
            databases = []
        if databases:
            seen["aws_rds_cluster.this"] = name
    return seen
