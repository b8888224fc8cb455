# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets on the demo: adopted, rotated, lost and found. tests/e2e_rotation has every rotation, kills, and Secrets Manager."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Demo, changed
from tests.e2e.hunt import Hunted, hunt
from tests.e2e_upgrade.installation import Installation

PREFIX = "/redash/redash-demo"
# Terraform has nothing to do with what a test looks at.
QUICK = ("-e", "redash_terraform_skip_unchanged=true")


def hunted(demo: Demo, folder: Path, playbook: str, **more: Any) -> Hunted:
    return hunt(playbook, environment=demo.environment, client=demo.aws, home=demo.home, folder=folder, **more)


def message(said: str) -> str:
    """What the last failed task said, on one line again."""
    return " ".join(said.rsplit("fatal: ", 1)[-1].split())


@pytest.mark.parametrize("store", ["parameter_store", "secrets_manager"])
def test_an_adopted_env_file_leaves_its_secrets_in_the_store_alone(demo: Demo, tmp_path: Path, store: str) -> None:
    given = {"cookie": "adopted-Cookie-9f2K", "google": "adopted-Google-Xw31", "old": "adopted-Database-77a"}
    env_file = tmp_path / "env"
    env_file.write_text(
        f"REDASH_COOKIE_SECRET={given['cookie']}\nREDASH_GOOGLE_CLIENT_SECRET={given['google']}\nREDASH_LOG_LEVEL=INFO\n"
        f"POSTGRES_PASSWORD={given['old']}\nREDASH_DATABASE_URL=postgresql://postgres:{given['old']}@postgres/postgres\n"
    )
    prefix = f"/redash/adopted-{store.replace('_', '-')}"
    found = hunted(
        demo,
        tmp_path / "runner",
        "adopt.yml",
        needles=given,
        own=(env_file,),
        env_file=str(env_file),
        redash_secret_prefix=prefix,
        redash_secret_store=store,
        redash_work_dir=str(tmp_path / "work"),
    )
    found.clean()
    held = {name.strip().removeprefix(f"{prefix}/"): values for name, values in found.secrets.items() if name.startswith(prefix)}
    # The file has no key of its own: its cookie secret has been encrypting.
    assert held == {"cookie_secret": {given["cookie"]}, "secret_key": {given["cookie"]}, "google_client_secret": {given["google"]}}
    assert "REDASH_LOG_LEVEL" in (tmp_path / "work" / "adopted.yml").read_text()


def test_an_unfinished_rotation_of_the_key_stops_every_other_playbook_in_one_line(demo: Demo) -> None:
    ssm = demo.aws("ssm")
    ssm.put_parameter(Name=f"{PREFIX}/secret_key_next", Value="n" * 32, Type="SecureString")
    try:
        relay = {"server": "10.0.0.1", "security": "none", "port": 25, "private_network": True, "default_sender": "a@b.example"}
        mail = json.dumps({"redash_mail": relay})
        for playbook, more in (("site.yml", []), ("mail.yml", ["-e", mail]), ("upgrade.yml", [])):
            done = demo.playbook(playbook, *more)
            assert done.returncode != 0
            assert (
                f"{PREFIX}/secret_key_next: a rotation of secret_key is unfinished, and the data may be encrypted with either key."
                " Finish it first: rotate_secrets.yml -e rotate=secret_key"
            ) in message(done.stdout), (playbook, done.stdout[-3000:])
    finally:
        ssm.delete_parameter(Name=f"{PREFIX}/secret_key_next")


def test_a_lost_database_password_is_found_in_its_url(demo: Demo) -> None:
    ssm = demo.aws("ssm")
    before = demo.secrets()
    ssm.delete_parameter(Name=f"{PREFIX}/database_password")
    done = demo.playbook("site.yml", "--diff", *QUICK)
    assert done.returncode == 0, done.stdout[-4000:]
    assert f"{PREFIX}/database_password: version 1 (found in database_url)" in done.stdout
    # That site.yml then finds nothing to do is asserted once, below.
    assert demo.secrets() == before


def test_a_rotated_cookie_secret_is_what_containers_hold_and_is_nowhere_else(demo: Demo, tmp_path: Path) -> None:
    before = demo.secrets()[f"{PREFIX}/cookie_secret"]
    foretold = demo.playbook("rotate_secrets.yml", "-e", "rotate=cookie_secret", "--check")
    assert foretold.returncode == 0, foretold.stdout[-3000:]
    assert "the next step would be make" in " ".join(foretold.stdout.split())
    assert demo.secrets()[f"{PREFIX}/cookie_secret"] == before

    found = hunted(demo, tmp_path / "runner", "rotate_secrets.yml", rotate="cookie_secret")
    found.clean()
    after = demo.secrets()
    assert after[f"{PREFIX}/cookie_secret"] != before
    assert f"{PREFIX}/cookie_secret_next" not in after
    assert found.secrets[f"{PREFIX}/cookie_secret"] == {before, after[f"{PREFIX}/cookie_secret"]}
    held = Installation(demo.home, demo.port).held("REDASH_COOKIE_SECRET")
    assert set(held.values()) == {after[f"{PREFIX}/cookie_secret"]}
    assert changed(demo.playbook("site.yml").stdout) == {"redash-demo": 0}
