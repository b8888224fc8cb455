# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a process that held something still lives."""

from __future__ import annotations

import subprocess
from pathlib import Path


def machine() -> str:
    """What tells the processes of this system from those of another one of the same name; empty where the system says neither.

    A process's number means something in one boot of a machine, and in one namespace of process numbers: a container has its own.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def started(pid: int) -> str:
    """When a process was started, empty when there is none: with its number it names a process for good."""
    # POSIX: Linux and macOS know it. Not every container has ps, and /proc says the same on Linux.
    try:
        # Field 22, counted after the name in brackets, which may hold anything. A zombie (Z) is dead, as is what is being taken away (X).
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return "" if fields[0] in ("Z", "X") else fields[19]
    except OSError:
        pass
    try:
        answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return answer.stdout.strip()
