# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ElastiCache, where MiniStack 1.5.33 differs from AWS (services/elasticache.py).

- It starts a Redis container of its own per group, from an image that may not be there. The local AWS has
  one real Redis already, which the group's endpoint stands for: an AWS-like name and port 6379.
- TLS and AUTH tokens are done to that server, too (demo.local_aws.cache), and TLS can be switched on in a group that has none.
- The key of a replication group and its clusters' automatic minor upgrades are forgotten: Terraform wants
  to replace the one and change the other at every run. A changed maintenance window is forgotten as well.
- DescribeCacheParameters ignores Source=user: Terraform takes the family's defaults for its own.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any

from ministack.services import elasticache

Parameters = dict[str, Any]
Handler = Callable[[Parameters], tuple[int, Any, Any]]
Record = dict[str, Any]


def apply() -> None:
    elasticache._get_docker = lambda: None
    elasticache._spawn_redis_container = _endpoint
    elasticache._rg_xml = _with_key(elasticache._rg_xml)
    elasticache._cluster_xml_inner = _with_minor_upgrades(elasticache._cluster_xml_inner)
    elasticache._create_replication_group = _remembered(elasticache._create_replication_group)
    elasticache._modify_replication_group = _remembered(elasticache._modify_replication_group)
    elasticache._update_auth_token = _by_the_server(elasticache._update_auth_token)
    elasticache._describe_cache_parameters = _only_the_users(elasticache._describe_cache_parameters)


def _endpoint(*, labels: dict[str, str], transit: bool = False, **_: Any) -> tuple[str, int, None]:
    """The endpoint as AWS names it: <group>.<id>.ng.<node group>.<region>.cache.amazonaws.com."""
    group = labels.get("rg_id") or labels.get("cluster_id") or "redis"
    identifier = hashlib.sha256(f"{labels.get('account_id')}{labels.get('region')}{group}".encode()).hexdigest()[:6]
    region = _short_region(labels.get("region", "us-east-1"))
    if transit:
        return f"master.{group}.{identifier}.{region}.cache.amazonaws.com", 6379, None
    return f"{group}.{identifier}.ng.{labels.get('node_group', '0001')}.{region}.cache.amazonaws.com", 6379, None


def _short_region(region: str) -> str:
    """ap-northeast-1 -> apne1, us-east-1 -> use1: as in ElastiCache's host names."""
    area, direction, number = region.rsplit("-", 2)
    letters = "".join(
        letter for word, letter in (("north", "n"), ("south", "s"), ("east", "e"), ("west", "w"), ("central", "c")) if word in direction
    )
    return f"{area}{letters}{number}"


def _with_key(render: Callable[[Record], str]) -> Callable[[Record], str]:
    def replication_group_xml(group: Record) -> str:
        key = group.get("KmsKeyId")
        return render(group) + (f"<KmsKeyId>{key}</KmsKeyId>" if key else "")

    return replication_group_xml


def _with_minor_upgrades(render: Callable[[Record], str]) -> Callable[[Record], str]:
    def cluster_xml(cluster: Record) -> str:
        upgrades = str(cluster.get("AutoMinorVersionUpgrade", False)).lower()
        return f"{render(cluster)}<AutoMinorVersionUpgrade>{upgrades}</AutoMinorVersionUpgrade>"

    return cluster_xml


def _remembered(handler: Handler) -> Handler:
    def handle(parameters: Parameters) -> tuple[int, Any, Any]:
        answer = handler(parameters)
        group = elasticache._replication_groups.get(elasticache._p(parameters, "ReplicationGroupId"))
        if answer[0] != 200 or group is None:
            return answer
        group["KmsKeyId"] = elasticache._p(parameters, "KmsKeyId") or group.get("KmsKeyId")
        clusters = [elasticache._clusters[name] for name in group["MemberClusters"] if name in elasticache._clusters]
        if elasticache._p(parameters, "TransitEncryptionEnabled").lower() == "true":
            for record in (group, *clusters):
                record.update(TransitEncryptionEnabled=True, TransitEncryptionMode="required")
            _encrypt()
        window = elasticache._p(parameters, "PreferredMaintenanceWindow")
        upgrades = elasticache._p(parameters, "AutoMinorVersionUpgrade")
        retention = elasticache._p(parameters, "SnapshotRetentionLimit")
        for cluster in clusters:
            if window:
                cluster["PreferredMaintenanceWindow"] = window
            if upgrades:
                cluster["AutoMinorVersionUpgrade"] = upgrades.lower() == "true"
            if retention:
                cluster["SnapshotRetentionLimit"] = int(retention)
        return answer

    return handle


def _by_the_server(update: Callable[[Record, str, str], None]) -> Callable[[Record, str, str], None]:
    """The real Redis accepts the tokens that the group does.

    Where a group gets its first, ElastiCache takes clients with it and clients without until SET. Redis itself can't have both: it
    refuses a token where none is demanded. So it demands it at once, of whoever connects from then on.
    """

    def update_auth_token(group: Record, token: str, strategy: str) -> None:
        before = (group.get("_auth_tokens") or [None])[-1]
        update(group, token, strategy)
        if _has_server():
            from demo.local_aws.cache import accept

            accept(group["_auth_tokens"], before)

    return update_auth_token


def _encrypt() -> None:
    if _has_server():
        from demo.local_aws.cache import encrypt

        encrypt(elasticache._install_node_tls)


def _has_server() -> bool:
    # MiniStack without a container engine has no Redis: the tests of Terraform run so.
    return bool(os.environ.get("DOCKER_HOST"))


def _only_the_users(handler: Handler) -> Handler:
    """DescribeCacheParameters with Source=user: what somebody set, without the family's defaults."""

    def handle(parameters: Parameters) -> tuple[int, Any, Any]:
        name = elasticache._p(parameters, "CacheParameterGroupName")
        everything = elasticache._param_group_params.get(name)
        if elasticache._p(parameters, "Source") != "user" or not everything:
            return handler(parameters)
        family = elasticache._param_groups[name]["CacheParameterGroupFamily"]
        defaults = elasticache._default_params_for_family(family)
        elasticache._param_group_params[name] = {
            key: value for key, value in everything.items() if key not in defaults or value.get("Value") != defaults[key].get("Value")
        }
        try:
            return handler(parameters)
        finally:
            elasticache._param_group_params[name] = everything

    return handle
