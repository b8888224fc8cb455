# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parameter Store: read many, make one, change one, delete some. Each function is given its ssm client."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code, problem_of
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import Stored

with contextlib.suppress(ImportError):  # amazon.aws says so before any of this runs
    from botocore.exceptions import BotoCoreError, ClientError

# GetParameters and DeleteParameters take ten names at most.
BATCH = 10

# What KMS says through Parameter Store, and the way out. Parameter Store wraps KMS's refusals in its own
# codes or in AccessDeniedException with "ciphertext" or "kms" in the message.
KMS_TODO = {
    "InvalidKeyId": "Check redash_kms_alias: no such key in this account and region.",
    "NotFoundException": "Check redash_kms_alias: no such key in this account and region.",
    "DisabledException": "Enable the KMS key (aws kms enable-key).",
    "KMSInvalidStateException": "The KMS key is disabled or waits for its deletion: aws kms cancel-key-deletion, then enable-key.",
    "ParameterLimitExceeded": "This account has reached its number of parameters: raise the quota in Service Quotas.",
    "TooManyUpdates": "Somebody else is writing this parameter; rerun.",
    "HierarchyLevelLimitExceededException": "Shorten redash_secret_prefix.",
}


class AlreadyExists(Exception):
    """Somebody else made the parameter between our look and our write."""


def _problem(error: Exception, doing: str, action: str) -> Problem:
    code = error_code(error)
    message = str(error)
    if code in KMS_TODO:
        return Problem(problem_of(error, doing).what, todo=KMS_TODO[code])
    if code == "ValidationException" and "KeyId" in message:
        return Problem(problem_of(error, doing).what, todo=KMS_TODO["InvalidKeyId"])
    if code == "AccessDeniedException":
        right = "the KMS key's kms:Encrypt and kms:Decrypt" if "kms" in message.lower() or "ciphertext" in message.lower() else action
        return Problem(problem_of(error, doing).what, todo=f"Allow {right} to the role or user that runs this playbook.")
    return problem_of(error, doing)


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    names = list(names)
    for start in range(0, len(names), BATCH):
        yield names[start : start + BATCH]


def read(ssm: Any, prefix: str, names: Iterable[str], *, decrypt: bool) -> dict[str, Stored]:
    """Those of ``names`` (below ``prefix``) that exist. Ten to a call."""
    found: dict[str, Stored] = {}
    for batch in _batches(names):
        try:
            answer = ssm.get_parameters(Names=[f"{prefix}/{name}" for name in batch], WithDecryption=decrypt)
        except (ClientError, BotoCoreError) as error:
            raise RedashError(_problem(error, f"read the parameters under {prefix}", "ssm:GetParameters")) from error
        for parameter in answer["Parameters"]:
            encrypted = parameter["Type"] == "SecureString"
            found[parameter["Name"].removeprefix(f"{prefix}/")] = Stored(
                version=int(parameter["Version"]),
                arn=parameter["ARN"],
                value=parameter["Value"] if decrypt or not encrypted else None,
                encrypted=encrypted,
                modified=parameter["LastModifiedDate"].timestamp() if "LastModifiedDate" in parameter else None,
            )
    return found


def read_reference(client: Callable[[str], Any], reference: str) -> str | None:
    """The value behind a task definition's ``valueFrom``; None when it is gone.

    A parameter by name or ARN, or a Secrets Manager ARN with ``:json-key:version-stage:version-id`` behind it.
    """
    try:
        if ":secretsmanager:" in reference:
            parts = reference.split(":")
            key, stage, version = [*parts[7:], "", "", ""][:3]
            request = {"SecretId": ":".join(parts[:7]), "VersionStage": stage, "VersionId": version}
            text = client("secretsmanager").get_secret_value(**{name: value for name, value in request.items() if value})["SecretString"]
            return str(json.loads(text)[key]) if key else str(text)
        return str(client("ssm").get_parameter(Name=reference, WithDecryption=True)["Parameter"]["Value"])
    except (ClientError, BotoCoreError) as error:
        if error_code(error) in ("ParameterNotFound", "ResourceNotFoundException"):
            return None
        raise RedashError(_problem(error, f"read {reference}, which a task definition refers to", "ssm:GetParameter")) from error


def create(ssm: Any, path: str, value: str, *, kms_key_id: str | None, tags: Mapping[str, str]) -> int:
    """Make the parameter; its version. Raises AlreadyExists, never overwrites."""
    request: dict[str, Any] = {"Overwrite": False}
    if tags:
        request["Tags"] = [{"Key": key, "Value": text} for key, text in sorted(tags.items())]
    return _put(ssm, path, value, kms_key_id, request)


def update(ssm: Any, path: str, value: str, *, kms_key_id: str | None) -> int:
    """Write a new version of an existing parameter; its number. Parameter Store keeps the last hundred."""
    return _put(ssm, path, value, kms_key_id, {"Overwrite": True})


def _put(ssm: Any, path: str, value: str, kms_key_id: str | None, request: dict[str, Any]) -> int:
    if kms_key_id:
        request["KeyId"] = kms_key_id
    try:
        answer = ssm.put_parameter(Name=path, Value=value, Type="SecureString", Tier="Standard", **request)
    except (ClientError, BotoCoreError) as error:
        if error_code(error) == "ParameterAlreadyExists":
            raise AlreadyExists(path) from None
        raise RedashError(_problem(error, f"write the parameter {path}", "ssm:PutParameter and ssm:AddTagsToResource")) from error
    return int(answer["Version"])


def delete(ssm: Any, prefix: str, names: Iterable[str]) -> list[str]:
    """Delete those of ``names`` that exist; the names deleted."""
    deleted: list[str] = []
    for batch in _batches(names):
        with aws_errors(f"delete parameters under {prefix}"):
            answer = ssm.delete_parameters(Names=[f"{prefix}/{name}" for name in batch])
        deleted += [path.removeprefix(f"{prefix}/") for path in answer.get("DeletedParameters", [])]
    return deleted
