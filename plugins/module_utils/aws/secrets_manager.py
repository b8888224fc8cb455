# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets Manager as a store of Redash's secrets: one secret for each, by the same names as in Parameter Store."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code, problem_of
from ansible_collections.redash.ecs.plugins.module_utils.aws.store import Store
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import AlreadyExists, Stored, Written

with contextlib.suppress(ImportError):  # amazon.aws says so before any of this runs
    from botocore.exceptions import BotoCoreError, ClientError

# BatchGetSecretValue takes twenty at most.
BATCH = 20

# A version's ID is chosen by whoever writes it: 32 to 64 characters. Ours carries a number, so that versions count as
# Parameter Store's do, and so that two who write the same number at once can't both succeed.
VERSION_ID = "redash-ecs-version-{:013d}"
OUR_VERSION = re.compile(r"redash-ecs-version-(\d{13})")

# Secrets Manager adds this to a secret's name in its ARN.
SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")

# For a while after a deletion without recovery its name is not free yet.
ATTEMPTS, PAUSE = 10, 3.0

TODO = {
    "DecryptionFailure": "The KMS key is disabled, waits for its deletion, or may not be used: look at it (aws kms describe-key).",
    "EncryptionFailure": "Check redash_kms_alias: the KMS key is not there, is disabled, or may not be used.",
    "LimitExceededException": "This account has reached its number of secrets: raise the quota in Service Quotas.",
    "MalformedPolicyDocumentException": "Look at the secret's resource policy.",
}


def _problem(error: Exception, doing: str, action: str) -> Problem:
    code = error_code(error)
    problem = problem_of(error, doing)
    if code == "AccessDeniedException":
        kms = "kms" in str(error).lower()
        right = "the KMS key's kms:GenerateDataKey and kms:Decrypt" if kms else action
        return Problem(problem.what, todo=f"Allow {right} to the role or user that runs this playbook.")
    return Problem(problem.what, todo=TODO.get(code, problem.todo))


def _number(version_id: str, created: float) -> int:
    """A version's number. One that somebody else wrote counts as the second in which it was written: later, and higher."""
    ours = OUR_VERSION.fullmatch(version_id)
    return int(ours.group(1)) if ours else int(created)


def _stored(answer: Mapping[str, Any], *, decrypt: bool) -> Stored:
    created = answer["CreatedDate"].timestamp()
    return Stored(
        version=_number(answer["VersionId"], created),
        arn=answer["ARN"],
        value=answer.get("SecretString") if decrypt else None,
        modified=created,
    )


def _is_copy(name: str) -> bool:
    """Whether it is a rotation's copy (core/rotation.py). One that was deleted ended its rotation: shown or restored, it would begin
    that again. AWS shows it for a while even after a deletion without recovery.
    """
    return name.endswith("_next")


class SecretsManager(Store):
    """A SecretStore (secret_store.py says what each method is for)."""

    name = "secrets_manager"
    title = "Secrets Manager"
    service = "secretsmanager"
    resource = "secret:"

    def _batches(self, identifiers: Iterable[str], doing: str) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
        """Answers by their ARN and name, and the error code of each that has none, batch by batch."""
        names = list(identifiers)
        for start in range(0, len(names), BATCH):
            try:
                answer = self._api.batch_get_secret_value(SecretIdList=names[start : start + BATCH])
            except (ClientError, BotoCoreError) as error:
                action = "secretsmanager:BatchGetSecretValue and secretsmanager:GetSecretValue"
                raise RedashError(_problem(error, doing, action)) from error
            refused = {}
            for refusal in answer.get("Errors") or []:
                code, message = refusal["ErrorCode"], refusal.get("Message", "")
                if code not in ("ResourceNotFoundException", "InvalidRequestException"):
                    failure = ClientError({"Error": {"Code": code, "Message": message}}, "BatchGetSecretValue")
                    raise RedashError(_problem(failure, f"read {refusal['SecretId']}", "secretsmanager:GetSecretValue"))
                refused[refusal["SecretId"]] = code
            yield {key: value for value in answer["SecretValues"] for key in (value["Name"], value["ARN"])}, refused

    def read(self, prefix: str, names: Iterable[str], *, decrypt: bool) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        paths = {f"{prefix}/{name}": name for name in names}
        for answers, refused in self._batches(paths, f"read the secrets under {prefix}"):
            found.update({paths[path]: _stored(answers[path], decrypt=decrypt) for path in answers if path in paths})
            # The only reason for InvalidRequestException here: it was deleted, and can be restored.
            deleted = [path for path, code in refused.items() if code == "InvalidRequestException" and not _is_copy(path)]
            found.update({paths[path]: Stored(version=0, arn=self.arn(path), deleted=True) for path in deleted})
        return found

    def create(self, path: str, value: str, *, kms_key_id: str | None, tags: Mapping[str, str]) -> Written:
        request: dict[str, Any] = {"Name": path, "SecretString": value, "ClientRequestToken": VERSION_ID.format(1)}
        if kms_key_id:
            request["KmsKeyId"] = kms_key_id
        if tags:
            request["Tags"] = [{"Key": key, "Value": text} for key, text in sorted(tags.items())]
        for attempt in range(ATTEMPTS):
            try:
                answer = self._api.create_secret(**request)
            except (ClientError, BotoCoreError) as error:
                if error_code(error) == "ResourceExistsException":
                    raise AlreadyExists(path) from None
                if error_code(error) == "InvalidRequestException" and "scheduled for deletion" in str(error) and attempt + 1 < ATTEMPTS:
                    self._context.clock.sleep(PAUSE)
                    continue
                action = "secretsmanager:CreateSecret and secretsmanager:TagResource"
                raise RedashError(_problem(error, f"make the secret {path}", action)) from error
            return Written(_number(answer["VersionId"], self._context.clock.now()), answer["ARN"])
        raise AssertionError("the last attempt returns or raises")

    def update(self, path: str, value: str, *, kms_key_id: str | None, version: int) -> Written:
        token = VERSION_ID.format(version + 1)
        try:
            answer = self._api.put_secret_value(SecretId=path, SecretString=value, ClientRequestToken=token)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ResourceExistsException":
                raise AlreadyExists(path) from None
            raise RedashError(_problem(error, f"write the secret {path}", "secretsmanager:PutSecretValue")) from error
        return Written(_number(answer["VersionId"], self._context.clock.now()), answer["ARN"])

    def restore(self, path: str) -> None:
        try:
            self._api.restore_secret(SecretId=path)
        except (ClientError, BotoCoreError) as error:
            raise RedashError(_problem(error, f"restore the deleted secret {path}", "secretsmanager:RestoreSecret")) from error

    def delete(self, prefix: str, names: Iterable[str], *, recovery_days: int) -> list[str]:
        deleted = []
        for name in names:
            keep = recovery_days and not _is_copy(name)
            how = {"RecoveryWindowInDays": recovery_days} if keep else {"ForceDeleteWithoutRecovery": True}
            with aws_errors(f"delete the secret {prefix}/{name}"):
                self._api.delete_secret(SecretId=f"{prefix}/{name}", **how)
            deleted.append(name)
        return deleted

    def versions(self, path: str) -> list[Stored]:
        with aws_errors(f"read the versions of {path}"):
            found = [self._api.get_secret_value(SecretId=path, VersionId=version["VersionId"]) for version in self._versions(path)]
        return sorted((_stored(version, decrypt=True) for version in found), key=lambda one: one.version)

    def version_at(self, path: str, seconds: float) -> Stored | None:
        doing = f"read the versions of {path}"
        with aws_errors(doing):
            versions = [version for version in self._versions(path) if version["CreatedDate"].timestamp() <= seconds]
            if not versions:
                return None
            newest = max(versions, key=lambda version: (version["CreatedDate"], _number(version["VersionId"], 0)))
            return _stored(self._api.get_secret_value(SecretId=path, VersionId=newest["VersionId"]), decrypt=True)

    def _versions(self, path: str) -> Iterator[dict[str, Any]]:
        """Every version that there still is; those without a stage, too. botocore has no paginator for it."""
        request: dict[str, Any] = {"SecretId": path, "IncludeDeprecated": True}
        while True:
            answer = self._api.list_secret_version_ids(**request)
            yield from answer["Versions"]
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]

    def owns(self, reference: str) -> bool:
        return ":secretsmanager:" in reference

    def path_of(self, reference: str) -> str:
        return SUFFIX.sub("", reference.split(":")[6])

    def value(self, reference: str) -> str | None:
        """Behind the ARN there may be ``:json-key:version-stage:version-id``."""
        parts = reference.split(":")
        key, stage, version = [*parts[7:], "", "", ""][:3]
        request = {"SecretId": ":".join(parts[:7]), "VersionStage": stage, "VersionId": version}
        try:
            text = self._api.get_secret_value(**{name: value for name, value in request.items() if value})["SecretString"]
        except (ClientError, BotoCoreError) as error:
            if error_code(error) in ("ResourceNotFoundException", "InvalidRequestException"):
                return None
            doing = f"read {reference}, which a task definition refers to"
            raise RedashError(_problem(error, doing, "secretsmanager:GetSecretValue")) from error
        return str(json.loads(text)[key]) if key else str(text)

    def missing(self, references: Iterable[str]) -> list[str]:
        by_arn = {":".join(reference.split(":")[:7]): reference for reference in references}
        gone: list[str] = []
        for _answers, refused in self._batches(by_arn, "read the secrets that are kept elsewhere"):
            gone += [by_arn[arn] for arn in refused]
        return gone
