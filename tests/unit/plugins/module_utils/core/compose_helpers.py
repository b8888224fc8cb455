# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compose files that exist only in a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition import Translation, translate

CWD = Path("/project")


def read_from(files: dict[str, str | bytes]) -> Any:
    """A reader of ``files``, whose names are relative to the project."""

    def read(path: Path) -> bytes:
        name = str(path.relative_to(CWD)) if path.is_relative_to(CWD) else str(path)
        if name not in files:
            raise FileNotFoundError(name)
        content = files[name]
        return content.encode() if isinstance(content, str) else content

    return read


def translated(
    compose: str | list[str],
    params: str | None = None,
    *,
    files: dict[str, str | bytes] | None = None,
    environ: dict[str, str] | None = None,
    launch_type: str | None = None,
    project_name: str = "p",
) -> Translation:
    """``compose`` is the text of docker-compose.yml, or of 0.yml, 1.yml, ... in that order."""
    all_files: dict[str, str | bytes] = dict(files or {})
    names = ["docker-compose.yml"]
    if isinstance(compose, str):
        all_files[names[0]] = compose
    else:
        names = [f"{index}.yml" for index in range(len(compose))]
        all_files.update(zip(names, compose, strict=True))
    if params is not None:
        all_files["ecs-params.yml"] = params
    return translate(
        names, "ecs-params.yml" if params is not None else "", project_name, launch_type, environ or {}, CWD, read=read_from(all_files)
    )


def containers(*args: Any, **kwargs: Any) -> dict[str, dict[str, Any]]:
    """Container definitions by name."""
    return {definition["name"]: definition for definition in translated(*args, **kwargs).request["containerDefinitions"]}


def indented(text: str, spaces: int) -> str:
    return "\n".join(" " * spaces + line for line in text.strip("\n").split("\n"))


def web(version: str | None, body: str, rest: str = "", **kwargs: Any) -> dict[str, Any]:
    """The container of a service ``web`` with the keys in ``body``; ``version`` None is the Specification."""
    if version == "1":
        text = f"web:\n  image: i\n{indented(body, 2)}\n{rest}"
    else:
        head = f'version: "{version}"\n' if version else ""
        text = f"{head}services:\n  web:\n    image: i\n{indented(body, 4)}\n{rest}"
    return containers(text, **kwargs)["web"]


def environment(definition: dict[str, Any]) -> list[tuple[str, str]]:
    return [(entry["name"], entry["value"]) for entry in definition.get("environment", [])]
