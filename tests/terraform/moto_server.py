# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""moto's server with what the Terraform module needs and moto 5.2.5 does not have.

``python moto_server.py <port>``. Each mend says what moto lacks; delete it when moto has it.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from typing import Any
from urllib.parse import unquote

# Attaching AWS's own policies to a role needs them to be there.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.backup.responses import BackupResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ecs import models as ecs_models
from moto.elasticache import models as cache_models
from moto.elasticache.responses import ElastiCacheResponse
from moto.rds import models as rds_models
from moto.server import main


class CacheParameterGroupNotFound(ServiceException):
    code = "CacheParameterGroupNotFound"


class ReplicationGroupNotFound(ServiceException):
    code = "ReplicationGroupNotFoundFault"


class BackupSelectionNotFound(ServiceException):
    code = "ResourceNotFoundException"


class InvalidParameterValue(ServiceException):
    code = "InvalidParameterValue"


def mend_cache_parameter_groups() -> None:
    """ElastiCache has no parameter groups at all."""

    def groups(response: Any) -> dict[str, dict[str, Any]]:
        backend = response.elasticache_backend
        if not hasattr(backend, "redash_parameter_groups"):
            backend.redash_parameter_groups = {}
        return backend.redash_parameter_groups

    def asked(response: Any) -> dict[str, Any]:
        name = response._get_param("CacheParameterGroupName")
        if name not in groups(response):
            raise CacheParameterGroupNotFound(f"CacheParameterGroup {name} not found.")
        return groups(response)[name]

    def create(self: Any) -> Any:
        parameters, backend = self._get_params(), self.elasticache_backend
        name = parameters["CacheParameterGroupName"]
        group = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": parameters["CacheParameterGroupFamily"],
            "Description": parameters["Description"],
            "IsGlobal": False,
            "ARN": f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:parametergroup:{name}",
            "set": {},
        }
        groups(self)[name] = group
        backend.tagging_service.tag_resource(group["ARN"], parameters.get("Tags") or [])
        return ActionResult({"CacheParameterGroup": group})

    def describe(self: Any) -> Any:
        found = [asked(self)] if self._get_param("CacheParameterGroupName") else list(groups(self).values())
        return ActionResult({"CacheParameterGroups": found})

    def parameters(self: Any) -> Any:
        return ActionResult(
            {
                "Parameters": [
                    {"ParameterName": name, "ParameterValue": value, "Source": "user"} for name, value in asked(self)["set"].items()
                ]
            }
        )

    def modify(self: Any) -> Any:
        for parameter in self._get_params().get("ParameterNameValues", []):
            asked(self)["set"][parameter["ParameterName"]] = parameter["ParameterValue"]
        return ActionResult({"CacheParameterGroupName": asked(self)["CacheParameterGroupName"]})

    def reset(self: Any) -> Any:
        for parameter in self._get_params().get("ParameterNameValues", []):
            asked(self)["set"].pop(parameter["ParameterName"], None)
        return ActionResult({"CacheParameterGroupName": asked(self)["CacheParameterGroupName"]})

    def delete(self: Any) -> Any:
        groups(self).pop(asked(self)["CacheParameterGroupName"])
        return EmptyResult()

    ElastiCacheResponse.create_cache_parameter_group = create
    ElastiCacheResponse.describe_cache_parameter_groups = describe
    ElastiCacheResponse.describe_cache_parameters = parameters
    ElastiCacheResponse.modify_cache_parameter_group = modify
    ElastiCacheResponse.reset_cache_parameter_group = reset
    ElastiCacheResponse.delete_cache_parameter_group = delete
    # Tags of groups that moto does not know as resources.
    cache_models.ElastiCacheBackend.list_tags_for_resource = lambda self, arn: self.tagging_service.list_tags_for_resource(arn)


def mend_replication_groups() -> None:
    """A replication group has no member clusters, can't be deleted, and its subnet group can't either."""
    backend = cache_models.ElastiCacheBackend
    create_without_members = backend.create_replication_group
    fields = [name for name in cache_models.CacheCluster.__init__.__annotations__ if name != "return"]

    def create(self: Any, **given: Any) -> Any:
        if not given.get("replicas_per_node_group"):
            given["replicas_per_node_group"] = (given.get("num_cache_clusters") or 1) - 1
        group = create_without_members(self, **given)
        for name in group.member_clusters:
            settings = {field: given.get(field) for field in fields}
            settings.update(account_id=self.account_id, region_name=self.region_name, cache_cluster_id=name, engine="redis")
            settings["engine_version"] = f"{given.get('engine_version') or '7.1'}.0"
            cluster = cache_models.CacheCluster(**settings)
            cluster.engine = given.get("engine") or "redis"
            cluster.cache_parameter_group = {
                "CacheParameterGroupName": given.get("cache_parameter_group_name"),
                "ParameterApplyStatus": "in-sync",
            }
            cluster.security_groups = [
                {"SecurityGroupId": group_id, "Status": "active"} for group_id in given.get("security_group_ids") or []
            ]
            cluster.at_rest_encryption_enabled = group.at_rest_encryption_enabled
            self.cache_clusters[name] = cluster
        return group

    def delete(self: Any, replication_group_id: str, retain_primary_cluster: bool | None = None) -> Any:
        if replication_group_id not in self.replication_groups:
            raise ReplicationGroupNotFound(f"ReplicationGroup {replication_group_id} not found.")
        group = self.replication_groups.pop(replication_group_id)
        group.status = "deleting"
        for name in group.member_clusters:
            self.cache_clusters.pop(name, None)
        return group

    def delete_subnet_group(self: Any) -> Any:
        self.elasticache_backend.cache_subnet_groups.pop(self._get_param("CacheSubnetGroupName"), None)
        return EmptyResult()

    backend.create_replication_group = create
    backend.delete_replication_group = delete
    ElastiCacheResponse.delete_cache_subnet_group = delete_subnet_group


def mend_auth_tokens() -> None:
    """ModifyReplicationGroup ignores the AUTH token. A mock of what ElastiCache's documentation says; nothing checks a token.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html
    """
    modify_without_token = ElastiCacheResponse.modify_replication_group

    def modify(self: Any) -> Any:
        token, strategy = self._get_param("AuthToken"), self._get_param("AuthTokenUpdateStrategy")
        answer = modify_without_token(self)
        if token:
            group = self.elasticache_backend.replication_groups[self._get_param("ReplicationGroupId")]
            tokens = getattr(group, "redash_tokens", [""])
            if not group.transit_encryption_enabled:
                raise InvalidParameterValue("The AUTH token modification is only supported when encryption-in-transit is enabled.")
            if strategy == "SET" and (len(tokens) != 2 or tokens[-1] != token):
                raise InvalidParameterValue("SET needs a token that was added by ROTATE.")
            group.redash_tokens = [token] if strategy == "SET" else [*tokens[-1:], token]
            group.auth_token_enabled = True
            group.auth_token_last_modified_date = utcnow()
        return answer

    ElastiCacheResponse.modify_replication_group = modify


def mend_backup() -> None:
    """A plan of AWS Backup has no selections of what it backs up; tags are found only where the path ends with a slash, as boto3's does."""

    def selections(response: Any) -> dict[str, dict[str, Any]]:
        backend = response.backup_backend
        if not hasattr(backend, "redash_selections"):
            backend.redash_selections = {}
        return backend.redash_selections

    def plan_and_selection(response: Any) -> list[str]:
        return unquote(response.path).strip("/").removeprefix("backup/plans/").replace("/selections", "").split("/")

    def create(self: Any) -> str:
        (plan,) = plan_and_selection(self)
        selection = {
            "BackupPlanId": plan,
            "SelectionId": str(uuid.uuid4()),
            "CreationDate": time.time(),
            "BackupSelection": json.loads(self.body)["BackupSelection"],
        }
        selections(self)[selection["SelectionId"]] = selection
        return json.dumps({key: value for key, value in selection.items() if key != "BackupSelection"})

    def asked(self: Any) -> dict[str, Any]:
        found = selections(self).get(plan_and_selection(self)[1])
        if found is None:
            raise BackupSelectionNotFound("Cannot find Backup selection.")
        return found

    def get(self: Any) -> str:
        return json.dumps(asked(self))

    def delete(self: Any) -> str:
        del selections(self)[asked(self)["SelectionId"]]
        return "{}"

    def list_tags(self: Any) -> str:
        arn = unquote(self.path).partition("/tags/")[2].rstrip("/")
        return json.dumps({"Tags": self.backup_backend.list_tags(resource_arn=arn)})

    BackupResponse.list_tags = list_tags
    BackupResponse.create_backup_selection = create
    BackupResponse.get_backup_selection = get
    BackupResponse.delete_backup_selection = delete


def mend_services() -> None:
    """A service of ECS that was deleted is listed for ever."""
    list_all = ecs_models.EC2ContainerServiceBackend.list_services

    def list_services(self: Any, *words: Any, **named: Any) -> list[str]:
        gone = {service.arn for service in self.services.values() if service.status == "INACTIVE"}
        return [arn for arn in list_all(self, *words, **named) if arn not in gone]

    ecs_models.EC2ContainerServiceBackend.list_services = list_services


def mend_rds() -> None:
    """Performance Insights are forgotten; a Serverless v2 cluster reports the scaling of v1."""
    create_without_insights = rds_models.RDSBackend.create_db_instance

    def create(self: Any, db_kwargs: dict[str, Any]) -> Any:
        instance = create_without_insights(self, db_kwargs)
        instance.performance_insights_enabled = bool(db_kwargs.get("enable_performance_insights"))
        return instance

    rds_models.RDSBackend.create_db_instance = create
    scaling = rds_models.DBCluster.scaling_configuration_info
    rds_models.DBCluster.scaling_configuration_info = property(lambda self: scaling.fget(self) if self.scaling_configuration else None)


def mend_security_groups() -> None:
    """A rule that names another group has no description."""
    SecurityGroupRule.description = property(
        lambda self: self.ip_range.get("Description") or self.source_group.get("Description"),
    )


if __name__ == "__main__":
    mend_cache_parameter_groups()
    mend_replication_groups()
    mend_auth_tokens()
    mend_backup()
    mend_rds()
    mend_services()
    mend_security_groups()
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
