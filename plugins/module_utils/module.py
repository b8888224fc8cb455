# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How every module of this collection runs: options in, ``run(params, context)``, result or one message out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import client_factory
from ansible_collections.redash.ecs.plugins.module_utils.context import Context, Interrupted, interruptible
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

Work = Callable[[dict[str, Any], Context], dict[str, Any]]


def run_aws_module(work: Work, **specification: Any) -> None:
    """Run ``work`` as a module that talks to AWS.

    ``specification`` is what AnsibleAWSModule takes (argument_spec, mutually_exclusive, ...). The lines
    that the work reports come back as ``reported``, so that a run without live output loses nothing; where there are none,
    neither is ``reported``.
    """
    module = AnsibleAWSModule(supports_check_mode=True, **specification)
    reported: list[str] = []
    context = Context(
        client=client_factory(module.params, module._module._name),
        report=reported.append,
        check_mode=bool(module.check_mode),
        diff_mode=bool(module._module._diff),
    )
    try:
        with interruptible():
            result = work(dict(module.params), context)
    except RedashError as error:
        module.fail_json(**{**said(reported), **error.result, "msg": str(error)})
    except Interrupted as interrupted:
        module.fail_json(**said(reported), msg=f"interrupted by {interrupted.signal_name}")
    module.exit_json(**{**said(reported), **result})


def said(reported: list[str]) -> dict[str, list[str]]:
    return {"reported": reported} if reported else {}
