# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""redash_ecs_cli with what ecs-cli says shown live."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.redash.ecs.plugins.module_utils.ecs_cli import SPECIFICATION, run
from ansible_collections.redash.ecs.plugins.plugin_utils.live import LiveActionBase


class ActionModule(LiveActionBase):
    module_name = "redash.ecs.redash_ecs_cli"
    specification: ClassVar[dict[str, Any]] = {**SPECIFICATION, "argument_spec": {**aws_argument_spec(), **SPECIFICATION["argument_spec"]}}
    work = staticmethod(run)
