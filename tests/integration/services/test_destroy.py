# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""destroy.yml itself, on an installation of which only the secrets are there: what is asked, what goes and what stays."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform import binary, provider

from .conftest import LocalAws, Playbook
from .test_ssm_secrets_role import stored

NAME = "going"
PREFIX = f"/redash/{NAME}"


@pytest.fixture(autouse=True)
def _terraform(tmp_path: Path) -> None:
    try:
        provider.find(os.environ, tmp_path, binary.find(os.environ).kind)
    except RedashError as error:
        pytest.skip(str(error))


def destroy(playbook: Playbook, *options: str) -> subprocess.CompletedProcess[str]:
    variables = {"redash_load_balancer": {"http_only": True}, "redash_secrets": {"saml_key": ""}}
    return playbook.shipped("destroy.yml", NAME, variables, *options)


def test_destroy_asks_for_the_name_keeps_the_secrets_and_deletes_them_when_told_to(aws: LocalAws, playbook: Playbook) -> None:
    secrets = {"redash_name": NAME, "redash_secrets": {"saml_key": ""}}
    made = playbook.run([{"import_role": {"name": "redash.ecs.ssm_secrets"}}], variables=secrets)
    assert made.returncode == 0, made.stdout
    ssm = aws.client("ssm")
    ssm.put_parameter(Name=f"{PREFIX}/secret_key_next", Value="left-by-a-rotation", Type="SecureString")
    ssm.put_parameter(Name="/redash/another/secret_key", Value="somebody-elses", Type="SecureString")
    before = stored(aws, PREFIX)

    for confirmation in (("-e", "redash_destroy_secrets=true"), ("-e", "redash_destroy=another")):
        refused = destroy(playbook, *confirmation)
        assert refused.returncode == 2 and f"-e redash_destroy={NAME}" in " ".join(refused.stdout.split()), refused.stdout
    assert stored(aws, PREFIX) == before

    kept = destroy(playbook, "-e", f"redash_destroy={NAME}")
    assert kept.returncode == 0 and f"the secrets below {PREFIX}" in " ".join(kept.stdout.split()), kept.stdout
    assert stored(aws, PREFIX) == before

    told = ("-e", f"redash_destroy={NAME}", "-e", "redash_destroy_secrets=true")
    foretold = destroy(playbook, *told, "--check", "--diff")
    assert foretold.returncode == 0 and f"-{PREFIX}/secret_key: version 1" in foretold.stdout, foretold.stdout
    assert stored(aws, PREFIX) == before

    gone = destroy(playbook, *told, "--diff")
    assert gone.returncode == 0, gone.stdout
    assert stored(aws, PREFIX) == {} and stored(aws, "/redash/another") == {"secret_key": "somebody-elses"}
    assert aws.client("kms").describe_key(KeyId=f"alias/redash/{NAME}")["KeyMetadata"]["KeyState"] == "Enabled"
    said = refused.stdout + kept.stdout + foretold.stdout + gone.stdout
    assert [name for name, value in before.items() if value in said] == []
