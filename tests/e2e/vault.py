# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets handed to ansible-playbook as docs/mail.md has people do it: in an encrypted file, never on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def vault(folder: Path, **variables: str) -> list[str]:
    """Encrypt these variables into a file in ``folder``, and return the arguments with which ansible-playbook reads it."""
    word, hidden = folder / "vault-word", folder / "vault.yml"
    word.write_text("open-sesame\n")
    hidden.write_text(json.dumps(variables))
    opened = ["--vault-password-file", str(word)]
    encrypt = [str(Path(sys.executable).with_name("ansible-vault")), "encrypt", *opened, str(hidden)]
    subprocess.run(encrypt, check=True, capture_output=True)
    assert not any(value in hidden.read_text() for value in variables.values())
    return ["-e", f"@{hidden}", *opened]
