# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What may run side by side. `make test` gives the tests to two processes: the demo waits much more than it works."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Tests below these folders share what takes long to make (a demo, an emulated AWS, an environment of tools), and some
# of them go on where the one before ended.
TOGETHER = ("checks", "e2e", "integration", "terraform")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a folder that shares something stay together, in their order; elsewhere those of a file do."""
    for item in items:
        below = item.path.relative_to(HERE)
        group = below.parts[0] if below.parts[0] in TOGETHER else below.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))
