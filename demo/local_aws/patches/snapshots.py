# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots of Aurora clusters, where MiniStack 1.5.33 differs from AWS (services/rds.py).

- A cluster snapshot is a record without data. Here it is a copy of the database in the real PostgreSQL.
- RestoreDBClusterFromSnapshot is unknown. Here it makes a cluster as CreateDBCluster does, and puts the copy
  in the database's place; what was there before is kept aside, as the old cluster is on AWS.
- A cluster or an instance cannot be renamed (NewDBClusterIdentifier, NewDBInstanceIdentifier).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from ministack.services import rds

Parameters = dict[str, Any]
Answer = tuple[int, Any, Any]
Handler = Callable[[Parameters], Answer]

# Names of databases come from identifiers, which hold letters, digits and hyphens only; quoted all the same.
COPY = r"""
set -eu
export PGHOST=/var/run/postgresql
psql -qd postgres -c "drop database if exists \"$TARGET.new\""
psql -qd postgres -c "create database \"$TARGET.new\" owner \"$OWNER\""
pg_dump "$SOURCE" | psql -qd "$TARGET.new" -v ON_ERROR_STOP=1 >/dev/null
if [ -n "$ASIDE" ]; then
    # A snapshot can be restored more than once; what was kept is never overwritten.
    if psql -Atqd postgres -c "select datname from pg_database" | grep -qxF "$ASIDE"; then ASIDE="$ASIDE.$(date +%s)"; fi
    psql -qd postgres -c "select pg_terminate_backend(pid) from pg_stat_activity where datname = '$TARGET'" >/dev/null
    psql -qd postgres -c "alter database \"$TARGET\" rename to \"$ASIDE\""
fi
psql -qd postgres -c "alter database \"$TARGET.new\" rename to \"$TARGET\""
"""


def apply() -> None:
    actions = rds._ACTION_MAP
    actions["CreateDBClusterSnapshot"] = _copied(actions["CreateDBClusterSnapshot"])
    actions["RestoreDBClusterFromSnapshot"] = _restored(actions["CreateDBCluster"])
    actions["ModifyDBCluster"] = _renamed_cluster(actions["ModifyDBCluster"])
    actions["ModifyDBInstance"] = _renamed_instance(actions["ModifyDBInstance"])


def _copy(source: str, target: str, owner: str, aside: str = "") -> None:
    # MiniStack without a container engine has no PostgreSQL: the tests of Terraform run so.
    if not os.environ.get("DOCKER_HOST"):
        return
    from demo.engine import client_for
    from demo.instance import Instance

    client = client_for(os.environ["DOCKER_HOST"])
    try:
        container = client.containers.get(Instance.from_environment(os.environ).postgresql)
        values = {"SOURCE": source, "TARGET": target, "OWNER": owner, "ASIDE": aside}
        result = container.exec_run(["sh", "-c", COPY], environment=values, user="postgres")
    finally:
        client.close()
    if result.exit_code != 0:
        raise RuntimeError(f"PostgreSQL did not copy {source} to {target}: {result.output.decode(errors='replace').strip()}")


def _copied(handler: Handler) -> Handler:
    def handle(parameters: Parameters) -> Answer:
        cluster = rds._clusters.get(rds._p(parameters, "DBClusterIdentifier")) or {}
        name = rds._p(parameters, "DBClusterSnapshotIdentifier")
        if cluster.get("DatabaseName") and name and name not in rds._db_cluster_snapshots:
            # First the data: what is on record is there.
            _copy(cluster["DatabaseName"], f"snapshot.{name}", cluster["MasterUsername"])
        answer = handler(parameters)
        if answer[0] == 200 and cluster.get("DatabaseName"):
            rds._db_cluster_snapshots[name]["DatabaseName"] = cluster["DatabaseName"]
        return answer

    return handle


def _restored(create: Handler) -> Handler:
    def handle(parameters: Parameters) -> Answer:
        name = rds._p(parameters, "SnapshotIdentifier").rpartition(":")[2]
        identifier = rds._p(parameters, "DBClusterIdentifier")
        snapshot = rds._db_cluster_snapshots.get(name)
        if snapshot is None:
            answer: Answer = rds._error("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {name} not found.", 404)
            return answer
        database, owner = snapshot.get("DatabaseName", ""), snapshot["MasterUsername"]
        if database and identifier not in rds._clusters:
            _copy(f"snapshot.{name}", database, owner, aside=f"{database}.before.{name}")
        # Encrypted as the snapshot is, or with the key that is asked for.
        key = rds._p(parameters, "KmsKeyId") or snapshot.get("KmsKeyId", "")
        encrypted = snapshot.get("StorageEncrypted") or rds._p(parameters, "KmsKeyId")
        from_snapshot = {"MasterUsername": owner, "DatabaseName": database, "Engine": snapshot["Engine"], "KmsKeyId": key}
        code, headers, body = create({**parameters, **from_snapshot, "StorageEncrypted": "true" if encrypted else "false"})
        text = body.decode() if isinstance(body, bytes) else body
        text = re.sub(r"CreateDBCluster(Response|Result)", r"RestoreDBClusterFromSnapshot\1", text)
        return code, headers, text.encode() if isinstance(body, bytes) else text

    return handle


def _renamed_cluster(modify: Handler) -> Handler:
    def handle(parameters: Parameters) -> Answer:
        old, new = rds._p(parameters, "DBClusterIdentifier"), rds._p(parameters, "NewDBClusterIdentifier")
        cluster = rds._clusters.get(old)
        if not new or cluster is None:
            return modify(parameters)
        if new in rds._clusters:
            answer: Answer = rds._error("DBClusterAlreadyExistsFault", f"DB cluster {new} already exists.", 400)
            return answer
        _move_tags(cluster, "DBClusterArn", old, new)
        cluster["DBClusterIdentifier"] = new
        for name in ("Endpoint", "ReaderEndpoint"):
            cluster[name] = cluster[name].replace(f"{old}.", f"{new}.", 1)
        rds._clusters[new] = cluster
        del rds._clusters[old]
        for instance in rds._instances.values():
            if instance.get("DBClusterIdentifier") == old:
                instance["DBClusterIdentifier"] = new
        return modify({**parameters, "DBClusterIdentifier": new, "NewDBClusterIdentifier": ""})

    return handle


def _renamed_instance(modify: Handler) -> Handler:
    def handle(parameters: Parameters) -> Answer:
        old, new = rds._p(parameters, "DBInstanceIdentifier"), rds._p(parameters, "NewDBInstanceIdentifier")
        instance = rds._instances.get(old)
        if not new or instance is None:
            return modify(parameters)
        _move_tags(instance, "DBInstanceArn", old, new)
        instance["DBInstanceIdentifier"] = new
        rds._instances[new] = instance
        del rds._instances[old]
        for member in (rds._clusters.get(instance.get("DBClusterIdentifier", "")) or {}).get("DBClusterMembers", []):
            if member.get("DBInstanceIdentifier") == old:
                member["DBInstanceIdentifier"] = new
        return modify({**parameters, "DBInstanceIdentifier": new, "NewDBInstanceIdentifier": ""})

    return handle


def _move_tags(resource: dict[str, Any], key: str, old: str, new: str) -> None:
    arn = resource[key]
    resource[key] = arn.removesuffix(old) + new
    if arn in rds._tags:
        rds._tags[resource[key]] = rds._tags[arn]
        del rds._tags[arn]
