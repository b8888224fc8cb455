# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""redash_release_record in the worker itself: an upgrade notes each step twice, and starting a module takes as long as a step.

It also says which process holds the lock: the ansible-playbook that runs this. A module can't know: a worker, which is a child
of ansible-playbook, starts it through a shell.
"""

from __future__ import annotations

import os
import platform
from typing import Any, ClassVar

from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.redash.ecs.plugins.module_utils.process import machine, started
from ansible_collections.redash.ecs.plugins.modules import redash_release_record
from ansible_collections.redash.ecs.plugins.plugin_utils.live import LiveActionBase


class ActionModule(LiveActionBase):
    module_name = "redash.ecs.redash_release_record"
    specification: ClassVar[dict[str, Any]] = {
        **redash_release_record.SPECIFICATION,
        "argument_spec": {**aws_argument_spec(), **redash_release_record.SPECIFICATION["argument_spec"]},
    }
    work = staticmethod(redash_release_record.run)

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        playbook = os.getppid()
        self._task.args["process"] = {"host": platform.node(), "machine": machine(), "pid": playbook, "started": started(playbook)}
        return super().run(tmp, task_vars)
