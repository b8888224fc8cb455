# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Release records and the lock, in Parameter Store: ``<prefix>/releases/0012`` and ``<prefix>/releases/lock/0007``."""

from __future__ import annotations

import dataclasses
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws.client import aws_errors, error_code
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release_record import Lock, Record, parse, parse_lock


def _path(prefix: str) -> str:
    return f"{prefix.rstrip('/')}/releases"


def _below(ssm: Any, path: str) -> dict[int, str]:
    """The values right below a path, by number."""
    found: dict[int, str] = {}
    with aws_errors(f"read the release records below {path}"):
        for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=False):
            for parameter in page["Parameters"]:
                number = parameter["Name"].rpartition("/")[2]
                if number.isdigit():
                    found[int(number)] = parameter["Value"]
    return found


def read(ssm: Any, prefix: str) -> list[Record]:
    """Every record, oldest first."""
    path = _path(prefix)
    return [parse(text, f"{path}/{number:04d}") for number, text in sorted(_below(ssm, path).items())]


def write(ssm: Any, prefix: str, record: Record, *, new: bool) -> None:
    """Write a record; ``new`` ones never over another."""
    name = f"{_path(prefix)}/{record.number:04d}"
    with aws_errors(f"write {name}"):
        # Intelligent-Tiering: free up to 4 KB, and a record that grows past that is still written.
        ssm.put_parameter(
            Name=name,
            Value=record.text(),
            Type="String",
            Overwrite=not new,
            Tier="Intelligent-Tiering",
            Description=f"Redash release {record.number}",
        )


def newest_lock(ssm: Any, prefix: str) -> Lock | None:
    """The lock that counts, held or not."""
    locks = _below(ssm, f"{_path(prefix)}/lock")
    return parse_lock(max(locks), locks[max(locks)]) if locks else None


def take(ssm: Any, prefix: str, lock: Lock) -> bool:
    """Create a lock under its number; False when somebody else has just taken that or a higher one."""
    path = f"{_path(prefix)}/lock"
    name = f"{path}/{lock.number:04d}"
    with aws_errors(f"take the lock {name}"):
        try:
            ssm.put_parameter(Name=name, Value=lock.text(), Type="String", Overwrite=False, Description="Lock of redash.ecs")
        except ssm.exceptions.ClientError as error:
            if error_code(error) == "ParameterAlreadyExists":
                return False
            raise
    # Lower ones are done with, and are removed; so somebody who slept since reading could create one of them
    # again. Whoever has created a number that is not the highest has to give way.
    others = _below(ssm, path)
    stale = [number for number in others if number < lock.number]
    if max(others, default=lock.number) > lock.number:
        stale = [lock.number]
    with aws_errors(f"remove old locks below {path}"):
        for number in stale:
            try:
                ssm.delete_parameter(Name=f"{path}/{number:04d}")
            except ssm.exceptions.ClientError as error:
                if error_code(error) != "ParameterNotFound":
                    raise
    return stale != [lock.number]


def renew(ssm: Any, prefix: str, lock: Lock, *, expires: int, doing: str, released: bool = False) -> Lock:
    """Write a lock that is ours again. Raises RedashError when it no longer is."""
    newest = newest_lock(ssm, prefix)
    if newest is None or (newest.number, newest.host, newest.pid, newest.process_started) != (
        lock.number,
        lock.host,
        lock.pid,
        lock.process_started,
    ):
        raise RedashError(
            Problem(
                f"this run lost its lock to {newest.by if newest else 'nobody'}: it took longer than it may, or the lock was taken by hand",
                "upgrade lock",
                "Nothing more is done here; the other run goes on from the release record.",
            )
        )
    renewed = dataclasses.replace(lock, expires=expires, doing=doing, released=released)
    name = f"{_path(prefix)}/lock/{lock.number:04d}"
    with aws_errors(f"renew the lock {name}"):
        ssm.put_parameter(Name=name, Value=renewed.text(), Type="String", Overwrite=True)
    return renewed
