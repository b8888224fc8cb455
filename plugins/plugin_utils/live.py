# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Live output: an action plugin that shows what its module's work reports, line by line.

A module can show nothing until it ends. An action plugin runs on the controller and may write through
Display while it works; ansible-playbook, ansible-runner and AWX all show such lines at once (tried on
ansible-core 2.19, 2.20, 2.21 and AWX 24.6.1).
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import client_factory
from ansible_collections.redash.ecs.plugins.module_utils.context import Clock, Context, Interrupted, Interruption, interruptible
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

# A log line may hold terminal escapes; shown raw they could rewrite what the person has already read.
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")
# Characters that nobody sees, and those that turn the order of what is seen: a name could pass for another one. Unicode Technical
# Report 36, "Bidirectional text spoofing".
UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb]")

display = Display()

# Ansible loads this file in its main process, before it forks a worker and takes the terminal away from it.
# Once a run is interrupted the main process shows nothing any more that a worker sends, so what became of
# the work is written here: a second handle on the main process's standard error.
try:
    TERMINAL: int | None = os.dup(2)
except OSError:
    TERMINAL = None


def show(line: str) -> None:
    """Show ``line`` at once.

    An action runs in a worker, whose Display sends each line to the main process. ansible-runner before 2.4.2 (AWX 24.6.1 has 2.4.0)
    wraps that method in the worker, too, and writes marks of its own to the worker's standard output: ansible-core then warns after
    each task. So the line goes into the queue itself; the main process shows it through whatever is wrapped there.
    """
    queue = getattr(display, "_final_q", None)
    if queue is None:
        display.display(line)
    else:
        queue.send_display("display", line)


def printable(line: str) -> str:
    """``line`` without terminal escapes and control characters; what would not be seen is written out (``\\u202e``)."""
    return UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", CONTROL.sub("", line.replace("\t", "    ")))


class LiveActionBase(ActionBase):
    """The action of a module whose work is ``run(params, context)``.

    A subclass names its module, its argument specification and its work. The module of the same name is
    run instead wherever live output can't be or isn't wanted: ``stream: false``, ``no_log``, a task that
    is delegated to another machine. Its result is the same.
    """

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True

    module_name: ClassVar[str]
    # The same keyword arguments that the module hands to AnsibleModule: argument_spec, mutually_exclusive, ...
    specification: ClassVar[Mapping[str, Any]]
    work: Callable[[dict[str, Any], Context], dict[str, Any]]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        super().run(tmp, task_vars)
        if not self._shown_live():
            return self._execute_module(module_name=self.module_name, task_vars=task_vars, wrap_async=bool(self._task.async_val))

        validation = ArgumentSpecValidator(**dict(self.specification)).validate(
            {name: value for name, value in self._task.args.items() if value is not None}
        )
        if validation.error_messages:
            return {"failed": True, "msg": "; ".join(validation.error_messages)}
        params = validation.validated_parameters

        try:
            with interruptible() as interruption:
                context = Context(
                    client=client_factory(params, self.module_name),
                    report=self._reporter(task_vars.get("inventory_hostname", ""), interruption),
                    check_mode=bool(self._task.check_mode),
                    diff_mode=bool(self._task.diff),
                    clock=Clock(sleep=_sleep_unless_orphaned(interruption)),
                )
                result = type(self).work(params, context)
        except RedashError as error:
            return {**error.result, "failed": True, "msg": str(error)}
        except Interrupted as interrupted:
            return {"failed": True, "msg": f"interrupted by {interrupted.signal_name}"}
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _shown_live(self) -> bool:
        if self._task.args.get("stream") in (False, "false", "no", "False", "No", 0) or self._task.no_log or self._task.async_val:
            return False
        # Work on another machine is that machine's: only a local connection means "here".
        return self._connection.transport == "local" and self._task.delegate_to in (None, "localhost", "127.0.0.1")

    def _reporter(self, host: str, interruption: Interruption) -> Callable[[str], None]:
        # Several hosts share one screen: each line says whose it is.
        prefix = f"[{host}] " if host else ""

        def report(line: str) -> None:
            line = (prefix + printable(line)).rstrip()
            if interruption.signal_number is None:
                show(line)
            elif TERMINAL is not None:
                with contextlib.suppress(OSError):
                    os.write(TERMINAL, f"{line}\n".encode())

        return report


def _sleep_unless_orphaned(interruption: Interruption) -> Callable[[float], None]:
    """Sleep that ends in Interrupted when ansible-playbook is gone.

    A killed ansible-playbook (SIGKILL, AWX's cancel among others) tells its workers nothing; they live on
    in a session of their own. Not for long where that was a pod's main process, so it is looked for often.
    """
    parent = os.getppid()

    def sleep(seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            if os.getppid() != parent:
                interruption.signal_number = signal.SIGHUP
                raise Interrupted(signal.SIGHUP)
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.2))

    return sleep
