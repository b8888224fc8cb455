# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tells the module redash_release_record which process holds the lock: the ansible-playbook that runs this.

A module can't know: it is started by a worker through a shell. A worker is a child of ansible-playbook.
"""

from __future__ import annotations

import os
import platform
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.redash.ecs.plugins.module_utils.process import machine, started


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        playbook = os.getppid()
        process = {"host": platform.node(), "machine": machine(), "pid": playbook, "started": started(playbook)}
        return self._execute_module(module_args={**self._task.args, "process": process}, task_vars=task_vars)
