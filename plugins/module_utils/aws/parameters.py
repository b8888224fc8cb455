# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parameter Store as a store of Redash's secrets: SecureStrings below one path."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code, problem_of
from ansible_collections.redash.ecs.plugins.module_utils.aws.retry import retried
from ansible_collections.redash.ecs.plugins.module_utils.aws.store import Store
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import AlreadyExists, Stored, Written

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


def _key_may_be_new(error: Exception) -> bool:
    """Whether the key is not known: an alias that was made a second ago is not everywhere yet (AWS KMS, eventual consistency)."""
    code = error_code(error)
    return code in ("InvalidKeyId", "NotFoundException") or (code == "ValidationException" and "KeyId" in str(error))


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    names = list(names)
    for start in range(0, len(names), BATCH):
        yield names[start : start + BATCH]


def _stored(parameter: Mapping[str, Any], arn: str, *, decrypt: bool) -> Stored:
    encrypted = parameter["Type"] == "SecureString"
    return Stored(
        version=int(parameter["Version"]),
        arn=arn,
        value=parameter["Value"] if decrypt or not encrypted else None,
        encrypted=encrypted,
        modified=parameter["LastModifiedDate"].timestamp() if "LastModifiedDate" in parameter else None,
    )


class ParameterStore(Store):
    """A SecretStore (secret_store.py says what each method is for)."""

    name = "parameter_store"
    title = "Parameter Store"
    service = "ssm"
    resource = "parameter"

    def read(self, prefix: str, names: Iterable[str], *, decrypt: bool) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        for batch in _batches(names):
            try:
                answer = self._api.get_parameters(Names=[f"{prefix}/{name}" for name in batch], WithDecryption=decrypt)
            except (ClientError, BotoCoreError) as error:
                raise RedashError(_problem(error, f"read the parameters under {prefix}", "ssm:GetParameters")) from error
            for parameter in answer["Parameters"]:
                found[parameter["Name"].removeprefix(f"{prefix}/")] = _stored(parameter, parameter["ARN"], decrypt=decrypt)
        return found

    def create(self, path: str, value: str, *, kms_key_id: str | None, tags: Mapping[str, str]) -> Written:
        request: dict[str, Any] = {"Overwrite": False}
        if tags:
            request["Tags"] = [{"Key": key, "Value": text} for key, text in sorted(tags.items())]
        return self._put(path, value, kms_key_id, request)

    def update(self, path: str, value: str, *, kms_key_id: str | None, version: int) -> Written:
        """Parameter Store keeps the last hundred versions, and can't be told which one is expected to come next."""
        return self._put(path, value, kms_key_id, {"Overwrite": True})

    def _put(self, path: str, value: str, kms_key_id: str | None, request: dict[str, Any]) -> Written:
        if kms_key_id:
            request["KeyId"] = kms_key_id
        try:
            answer = retried(
                lambda: self._api.put_parameter(Name=path, Value=value, Type="SecureString", Tier="Standard", **request),
                _key_may_be_new,
                self._context,
                f"write the parameter {path}",
            )
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ParameterAlreadyExists":
                raise AlreadyExists(path) from None
            raise RedashError(_problem(error, f"write the parameter {path}", "ssm:PutParameter and ssm:AddTagsToResource")) from error
        return Written(int(answer["Version"]), self.arn(path))

    def restore(self, path: str) -> None:
        raise AssertionError(f"{path}: Parameter Store deletes at once and for good, so that nothing is ever read as deleted")

    def delete(self, prefix: str, names: Iterable[str], *, recovery_days: int) -> list[str]:
        """At once and for good: Parameter Store has no recovery, and the history goes with the parameter."""
        deleted: list[str] = []
        for batch in _batches(names):
            with aws_errors(f"delete parameters under {prefix}"):
                answer = self._api.delete_parameters(Names=[f"{prefix}/{name}" for name in batch])
            deleted += [path.removeprefix(f"{prefix}/") for path in answer.get("DeletedParameters", [])]
        return deleted

    def versions(self, path: str) -> list[Stored]:
        try:
            pages = self._api.get_paginator("get_parameter_history").paginate(Name=path, WithDecryption=True)
            found = [version for page in pages for version in page["Parameters"]]
        except (ClientError, BotoCoreError) as error:
            raise RedashError(_problem(error, f"read the history of {path}", "ssm:GetParameterHistory")) from error
        return [_stored(version, self.arn(path), decrypt=True) for version in sorted(found, key=lambda one: int(one["Version"]))]

    def version_at(self, path: str, seconds: float) -> Stored | None:
        before = [version for version in self.versions(path) if version.modified is not None and version.modified <= seconds]
        return before[-1] if before else None

    def owns(self, reference: str) -> bool:
        return ":secretsmanager:" not in reference

    def path_of(self, reference: str) -> str:
        return reference.partition(":parameter")[2] if reference.startswith("arn:") else reference

    def value(self, reference: str) -> str | None:
        try:
            return str(self._api.get_parameter(Name=reference, WithDecryption=True)["Parameter"]["Value"])
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ParameterNotFound":
                return None
            raise RedashError(_problem(error, f"read {reference}, which a task definition refers to", "ssm:GetParameter")) from error

    def missing(self, references: Iterable[str]) -> list[str]:
        gone: list[str] = []
        by_path = {self.path_of(reference): reference for reference in references}
        for batch in _batches(by_path.values()):
            try:
                # Decrypted, so that a key that may not be used is found, too.
                answer = self._api.get_parameters(Names=batch, WithDecryption=True)
                gone += [by_path[self.path_of(name)] for name in answer["InvalidParameters"]]
            except (ClientError, BotoCoreError) as error:
                raise RedashError(_problem(error, f"read {', '.join(batch)}", "ssm:GetParameters")) from error
        return gone
