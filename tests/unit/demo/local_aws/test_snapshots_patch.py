# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the patch of snapshots mends, on MiniStack itself, without the PostgreSQL behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

rds = pytest.importorskip("ministack.services.rds")

from ministack.core.responses import request_scope  # noqa: E402

from demo.local_aws.patches import snapshots as patch  # noqa: E402


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """MiniStack's table of actions, mended, and put back afterwards."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(rds, "_ACTION_MAP", dict(rds._ACTION_MAP))
    with request_scope("000000000000", "ap-northeast-1"):
        patch.apply()
        yield rds._ACTION_MAP
        rds._clusters.clear()
        rds._db_cluster_snapshots.clear()


@pytest.mark.parametrize(
    ("source", "asked", "encrypted"),
    [
        ({"StorageEncrypted": "true", "KmsKeyId": "key-1"}, {}, (True, "key-1")),
        ({"StorageEncrypted": "true", "KmsKeyId": "key-1"}, {"KmsKeyId": "key-2"}, (True, "key-2")),
        ({}, {"KmsKeyId": "key-2"}, (True, "key-2")),
        ({}, {}, (False, "")),
    ],
    ids=["as the snapshot", "with another key", "with a key from now on", "not at all"],
)
def test_a_restored_cluster_is_encrypted_as_its_snapshot_or_with_the_key_asked_for(
    actions: dict[str, Any], source: dict[str, str], asked: dict[str, str], encrypted: tuple[bool, str]
) -> None:
    """Else Terraform saw a cluster that has to be destroyed and made anew."""
    made = {"Engine": "aurora-postgresql", "MasterUsername": "redash", "MasterUserPassword": "not-a-secret", "DatabaseName": "redash"}
    assert actions["CreateDBCluster"]({"DBClusterIdentifier": "one", **made, **source})[0] == 200
    assert actions["CreateDBClusterSnapshot"]({"DBClusterIdentifier": "one", "DBClusterSnapshotIdentifier": "copy"})[0] == 200
    code, _headers, body = actions["RestoreDBClusterFromSnapshot"]({"DBClusterIdentifier": "two", "SnapshotIdentifier": "copy", **asked})
    assert (code, b"RestoreDBClusterFromSnapshotResult" in body) == (200, True)
    assert (rds._clusters["two"]["StorageEncrypted"], rds._clusters["two"]["KmsKeyId"]) == encrypted
