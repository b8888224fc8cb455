# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters about releases that the collection's table lacks. The knowledge is in core/given_releases.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.redash.ecs.plugins.module_utils.core import given_releases
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError


def releases_problems(releases: Any) -> list[str]:
    """Everything that is wrong with redash_releases, one line each."""
    try:
        given_releases.read(releases)
    except RedashError as error:
        return [str(problem) for problem in error.problems]
    return []


def release_problems(version: Any, image: Any, releases: Any = None) -> list[str]:
    """What is against deploying a release in an image, one line each: a release that is unknown, an image of another one."""
    try:
        found = given_releases.known(str(version), releases)
        given_releases.right_image(str(image) or found.image, found.version, releases)
    except RedashError as error:
        return [str(problem) for problem in error.problems]
    return []


def is_known_release(version: Any, releases: Mapping[str, Any] | None = None) -> bool:
    """Whether the collection's table, or redash_releases, has the release."""
    try:
        return given_releases.is_known(str(version), releases)
    except RedashError as error:
        raise AnsibleFilterError(str(error)) from error


def image_release(image: Any, releases: Mapping[str, Any] | None = None) -> str:
    """The release that an image's tag tells; empty where it tells none."""
    return given_releases.told(str(image), releases)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "releases_problems": releases_problems,
            "release_problems": release_problems,
            "is_known_release": is_known_release,
            "image_release": image_release,
        }
