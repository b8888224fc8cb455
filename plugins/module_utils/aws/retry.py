# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Retry one call to AWS while it refuses for a moment only: what was made a second ago is not everywhere yet, or too many ask at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import botocore_exceptions, error_code
from ansible_collections.redash.ecs.plugins.module_utils.context import Context

Answer = TypeVar("Answer")

# Seconds in which AWS's control planes usually agree; facts differ by service, none of them promises a time.
PATIENCE = 30.0
_FIRST, _LONGEST = 1.0, 8.0


def retried(
    call: Callable[[], Answer], passes: Callable[[Exception], bool], context: Context, doing: str, patience: float = PATIENCE
) -> Answer:
    """The answer of ``call``, which is made again after a refusal that ``passes`` by itself, and each wait is told.

    ``passes``    whether asking again makes sense
    ``doing``     what the call does, for a person: ``write the parameter /redash/prod/secret_key``
    ``patience``  seconds after which the last refusal is raised

    Raises what ``call`` raises, when it does not pass or patience is over.
    """
    deadline = context.clock.monotonic() + patience
    wait = _FIRST
    while True:
        try:
            return call()
        except botocore_exceptions.ClientError as error:
            delay = wait * context.random.uniform(0.75, 1.25)
            if not passes(error) or context.clock.monotonic() + delay > deadline:
                raise
            context.report(f"{doing}: AWS refuses it for the moment ({error_code(error)}); retrying in {delay:.0f} s")
            context.clock.sleep(delay)
            wait = min(wait * 2, _LONGEST)
