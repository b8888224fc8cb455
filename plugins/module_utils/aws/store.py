# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What both stores of secrets have in common: their client, and the ARNs that they give."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors
from ansible_collections.redash.ecs.plugins.module_utils.context import Context


class Store:
    """The beginning of a SecretStore (secret_store.py says what each method is for).

    ``service``   boto3's name of it, which is the one in its ARNs
    ``resource``  what its ARNs have before a secret's path
    """

    service: str
    resource: str

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def _api(self) -> Any:
        return self._context.client(self.service)

    def arn(self, path: str) -> str:
        return f"{self._arn_prefix}{path}"

    @cached_property
    def _arn_prefix(self) -> str:
        """Neither answers nor check mode tell it; asked for once."""
        with aws_errors("learn this account's number (sts:GetCallerIdentity)"):
            account = self._context.client("sts").get_caller_identity()["Account"]
        meta = self._api.meta
        return f"arn:{meta.partition}:{self.service}:{meta.region_name}:{account}:{self.resource}"
