# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether an image exists in its registry, and for which processors: the OCI distribution API.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.urls import open_url

INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
ECR = re.compile(r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?$")
# Seconds. A registry answers at once or, behind a firewall, never.
PATIENCE = 10
# ECS's names of processors -> the registry's.
ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64"}

# (url, headers) -> (status, headers in lower case, body)
Get = Callable[[str, Mapping[str, str]], tuple[int, Mapping[str, str], bytes]]


class Unreachable(Exception):
    """The registry can't be asked from here; that says nothing about the image."""


class Missing(Exception):
    """The registry has no such image."""


@dataclass(frozen=True)
class Image:
    """``registry`` is a host; ``reference`` a tag or digest."""

    registry: str
    repository: str
    reference: str


def parse(image: str) -> Image:
    """An image's name as container engines read it: ``redash/redash:25.8.0`` is on Docker Hub."""
    name, _at, digest = image.partition("@")
    first, _slash, rest = name.partition("/")
    if rest and ("." in first or ":" in first or first == "localhost"):
        registry, name = first, rest
    else:
        registry = "registry-1.docker.io"
        name = name if "/" in name else f"library/{name}"
    repository, _colon, tag = name.partition(":")
    return Image("registry-1.docker.io" if registry == "docker.io" else registry, repository, digest or tag or "latest")


def tag_of(image: str) -> str:
    """The tag; empty when the image is named by digest or not at all."""
    return "" if "@" in image else image.rpartition("/")[2].partition(":")[2]


def is_named(image: str) -> bool:
    """Whether it says which image of its repository is meant: by a tag or by a digest."""
    return "@" in image or bool(tag_of(image))


def get(url: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
    try:
        with open_url(url, headers=dict(headers), timeout=PATIENCE, http_agent="redash.ecs", use_netrc=False) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()
    except (OSError, ValueError) as error:
        raise Unreachable(str(getattr(error, "reason", error))) from error


def architectures(image: str, get: Get = get) -> set[str]:
    """The processors (``amd64``, ``arm64``) that an image in a public registry is made for.

    Raises Missing, and Unreachable where the registry can't be asked or wants to know who asks.
    """
    parsed = parse(image)
    if parsed.registry == "localhost":
        raise Unreachable("the image is of a container engine, not of a registry")
    scheme = "http" if parsed.registry.partition(":")[0] in ("localhost", "127.0.0.1") else "https"
    base = f"{scheme}://{parsed.registry}/v2/{parsed.repository}"
    headers = {"Accept": ", ".join(INDEXES + MANIFESTS)}
    status, answered, body = get(f"{base}/manifests/{parsed.reference}", headers)
    if status == 401:
        token = _token(answered.get("www-authenticate", ""), get)
        if token:
            headers["Authorization"] = f"Bearer {token}"
            status, answered, body = get(f"{base}/manifests/{parsed.reference}", headers)
    if status == 404:
        raise Missing(image)
    if status != 200:
        raise Unreachable(f"{parsed.registry} answered {status}")
    manifest = json.loads(body)
    if "manifests" in manifest:
        return of_index(manifest)
    status, answered, body = get(f"{base}/blobs/{manifest['config']['digest']}", headers)
    if status != 200:
        raise Unreachable(f"{parsed.registry} answered {status}")
    return {str(json.loads(body).get("architecture", ""))}


def of_index(index: Mapping[str, Any]) -> set[str]:
    # Signatures and attestations in an index are of the platform unknown/unknown.
    return {each["platform"]["architecture"] for each in index["manifests"] if each.get("platform", {}).get("os") == "linux"}


def _token(challenge: str, get: Get) -> str:
    """A token for anonymous reading, as the registry's challenge says where to get one."""
    given = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    if not challenge.lower().startswith("bearer ") or "realm" not in given:
        return ""
    query = urllib.parse.urlencode({name: given[name] for name in ("service", "scope") if name in given})
    status, _headers, body = get(f"{given['realm']}?{query}", {})
    if status != 200:
        return ""
    answer = json.loads(body)
    return str(answer.get("token") or answer.get("access_token") or "")
