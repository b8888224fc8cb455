# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_adopt: an old installation's env file into the secret store and the inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils import ssm_secrets
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.adoption import adopt
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import LENGTH


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Put the secrets into the store; return the rest as inventory variables and each variable's destiny, no secret value."""
    path = params["env_file"]
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RedashError(Problem(f"it can't be read: {error}", path, "Copy the old installation's env file here.")) from error
    found = adopt(text, path, prefix=params["prefix"], env_format=params["env_format"])
    secrets = [{"name": name, "length": LENGTH, "value": value, "compose": None, "values": None} for name, value in found.secrets.items()]
    nothing_more: dict[str, Any] = {"state": "present", "confirm": None, "installation": None, "references": None, "put_back": []}
    stored = ssm_secrets.run({**params, **nothing_more, "secrets": secrets}, context)
    for name, destiny in found.destinies.items():
        context.report(f"{name} -> {destiny}")
    inventory: dict[str, Any] = {"redash_settings": found.settings}
    if found.host:
        inventory["redash_host"] = found.host
    # Their values stay where they are now; only their names go into the inventory, so that containers get them.
    own = sorted(name for name in found.secrets if name not in ("cookie_secret", "secret_key"))
    if own:
        inventory["redash_secrets"] = dict.fromkeys(own)
    return {**stored, "destinies": found.destinies, "inventory": inventory}
