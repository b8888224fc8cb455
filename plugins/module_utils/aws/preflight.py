# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of an installation that change nothing. Each adds what is wrong to ``problems``, so that all is said at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils import registry
from ansible_collections.redash.ecs.plugins.module_utils.aws import secret_store
from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problems, RedashError


def check_secrets(context: Context, secrets: Mapping[str, str], problems: Problems) -> None:
    """Every secret exists and can be decrypted by whoever runs this; the values are not kept.

    ``secrets`` environment variable -> ``valueFrom``.
    """
    variables = {value_from: variable for variable, value_from in secrets.items()}
    try:
        gone = secret_store.missing(context, sorted(variables))
    except RedashError as error:
        problems.extend(error)
        return
    for reference in gone:
        problems.add(
            f"{reference} does not exist ({variables[reference]})", where="secrets", todo="site.yml makes it, where it was never made."
        )


def check_key(kms: Any, key: str, problems: Problems) -> None:
    """The KMS key that encrypts the secrets is there and enabled."""
    try:
        with aws_errors(f"read KMS key {key}"):
            state = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    except RedashError as error:
        problems.extend(error)
        return
    if state != "Enabled":
        todo = (
            "Cancel its deletion at once: aws kms cancel-key-deletion." if state == "PendingDeletion" else "Enable it: aws kms enable-key."
        )
        problems.add(f"is {state}: no secret can be read", where=key, todo=todo)


def check_image(
    ecr_client: Any, image: str, cpu_architecture: str, problems: Problems, notes: list[str], get: registry.Get = registry.get
) -> None:
    """The image exists for the processor. What can't be asked from here becomes a note: ECS may well reach it.

    ``ecr_client`` a function from a region to a client of ECR there.
    """
    try:
        parsed = registry.parse(image)
        ecr = registry.ECR.match(parsed.registry)
        found = _in_ecr(ecr_client(ecr["region"]), ecr["account"], parsed, get) if ecr else registry.architectures(image, get)
    except registry.Missing:
        problems.add("does not exist in its registry", where=image, todo="Check redash_image and redash_version.")
        return
    except (registry.Unreachable, RedashError) as error:
        notes.append(f"image {image} was not checked: {error}")
        return
    wanted = registry.ARCHITECTURES[cpu_architecture]
    if found and wanted not in found:
        problems.add(
            f"is made for {', '.join(sorted(found))}, and redash_cpu_architecture is {cpu_architecture} ({wanted})",
            where=image,
            todo="Set redash_cpu_architecture accordingly, or take an image that is made for it.",
        )


def _in_ecr(ecr: Any, account: str, image: registry.Image, get: registry.Get) -> set[str]:
    identity = {"imageDigest": image.reference} if ":" in image.reference else {"imageTag": image.reference}
    with aws_errors(f"read image {image.repository} in ECR"):
        answer = ecr.batch_get_image(
            registryId=account,
            repositoryName=image.repository,
            imageIds=[identity],
            acceptedMediaTypes=list(registry.INDEXES + registry.MANIFESTS),
        )
    if not answer["images"]:
        raise registry.Missing(image.repository)
    manifest = json.loads(answer["images"][0]["imageManifest"])
    if "manifests" in manifest:
        return registry.of_index(manifest)
    # A single manifest names its processor in its configuration, which ECR hands out as it does a layer.
    with aws_errors(f"read the configuration of image {image.repository} in ECR"):
        where = ecr.get_download_url_for_layer(
            registryId=account, repositoryName=image.repository, layerDigest=manifest["config"]["digest"]
        )["downloadUrl"]
    status, _headers, body = get(where, {})
    if status != 200:
        raise registry.Unreachable(f"ECR answers {status} for its configuration")
    return {str(json.loads(body)["architecture"])}


def check_database(rds: Any, cluster: str, problems: Problems) -> str:
    """The Aurora cluster is there and free for a snapshot; its ARN, empty where it can't be read."""
    try:
        with aws_errors(f"read database cluster {cluster}"):
            found = rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"]
    except RedashError as error:
        problems.extend(error)
        return ""
    status = found[0]["Status"] if found else "gone"
    if status != "available":
        problems.add(f"is {status}, and a snapshot needs it available", where=f"database cluster {cluster}", todo="Wait, then run again.")
    return str(found[0].get("DBClusterArn", "")) if found else ""


SNAPSHOT = "rds:CreateDBClusterSnapshot"


def check_snapshot_right(sts: Any, iam: Any, cluster_arn: str, name: str, problems: Problems) -> None:
    """Whoever runs this may take a snapshot of this cluster: asked of the very resources, so that "no" is a proof.

    ``name`` is what the snapshots' names begin with. Where IAM does not let itself be asked, ``check_rights`` says so.
    """
    with aws_errors("ask who runs this"):
        caller = sts.get_caller_identity()["Arn"]
    if caller.endswith(":root"):
        return
    snapshot_arn = f"{cluster_arn.rpartition(':cluster:')[0]}:cluster-snapshot:{name}-release-1"
    try:
        answers = iam.simulate_principal_policy(
            PolicySourceArn=_principal(iam, caller), ActionNames=[SNAPSHOT], ResourceArns=[cluster_arn, snapshot_arn]
        )["EvaluationResults"]
    except iam.exceptions.ClientError:
        return
    # A policy with a condition (a tag, an address) can't be judged without what it asks about.
    if any(answer["EvalDecision"] != "allowed" and not answer.get("MissingContextValues") for answer in answers):
        problems.add(
            f"{caller} may not {SNAPSHOT} on {cluster_arn}",
            where="rights",
            todo="Allow it, or make a backup of your own and give -e upgrade_snapshot=false.",
        )


def check_rights(sts: Any, iam: Any, actions: Sequence[str], problems: Problems, notes: list[str]) -> None:
    """Whoever runs this may do what will be needed, as far as IAM lets itself be asked."""
    with aws_errors("ask who runs this"):
        caller = sts.get_caller_identity()["Arn"]
    if caller.endswith(":root"):
        return
    try:
        principal = _principal(iam, caller)
        answers = []
        for page in iam.get_paginator("simulate_principal_policy").paginate(PolicySourceArn=principal, ActionNames=list(actions)):
            answers += page["EvaluationResults"]
    except iam.exceptions.ClientError as error:
        notes.append(f"the rights of {caller} were not checked: IAM says {error_code(error)}")
        return
    # An action that is allowed on some resources only is simulated on "*" as denied implicitly: no proof.
    # An organisation's or a boundary's denial and a policy's Deny are.
    denied = sorted(answer["EvalActionName"] for answer in answers if answer["EvalDecision"] == "explicitDeny")
    unsure = sorted(
        answer["EvalActionName"] for answer in answers if answer["EvalDecision"] == "implicitDeny" and answer["EvalActionName"] != SNAPSHOT
    )
    if denied:
        problems.add(f"{caller} may not {', '.join(denied)}", where="rights", todo="Allow it, then run again.")
    if unsure:
        notes.append(f"{caller} may do {', '.join(unsure)} on some resources at most")


def _principal(iam: Any, caller: str) -> str:
    """The role or user behind a caller: a session's ARN lacks the role's path."""
    session = re.match(r"^arn:[\w-]+:sts::\d+:assumed-role/(?P<role>[^/]+)/", caller)
    return str(iam.get_role(RoleName=session["role"])["Role"]["Arn"]) if session else caller


def all_of(definitions: Iterable[Mapping[str, Any]], read: Any) -> dict[str, str]:
    """The secrets (``installation.secrets``) of several task definitions together."""
    return {name: value for definition in definitions for name, value in read(definition).items()}
