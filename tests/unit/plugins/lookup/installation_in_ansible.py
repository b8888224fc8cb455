# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, lookup_loader
from ansible.template import Templar

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19, every string is a template
    trust_as_template = str

init_plugin_loader()

OUTPUTS = {"vpc_id": "vpc-1", "nat_public_ips": ["198.51.100.7"], "database": {"endpoint": "db.example.com", "port": 5432}}


def look(tmp_path: Path, *terms: str, key: str | None = None, of_host: dict[str, Any] | None = None) -> list[Any]:
    folder = tmp_path / ".redash" / "redash-prod"
    folder.mkdir(parents=True)
    (folder / "infrastructure.json").write_text(json.dumps(OUTPUTS))
    hosts = {
        "redash-prod": {"inventory_hostname": "redash-prod", "inventory_dir": str(tmp_path), **(of_host or {})},
        "redash-new": {"inventory_hostname": "redash-new", "inventory_dir": str(tmp_path)},
    }
    variables = {**hosts["redash-prod"], "hostvars": hosts}
    plugin = lookup_loader.get("redash.ecs.installation", loader=DataLoader(), templar=Templar(DataLoader(), variables=variables))
    return list(plugin.run(list(terms), variables, **({"key": key} if key else {})))


def test_what_terraform_made_is_read_for_the_host_at_hand_or_a_named_one(tmp_path: Path) -> None:
    assert look(tmp_path) == [OUTPUTS]
    assert look(tmp_path / "again", "redash-prod") == [OUTPUTS]


@pytest.mark.parametrize(("key", "value"), [("nat_public_ips", ["198.51.100.7"]), ("database.endpoint", "db.example.com")])
def test_a_part_of_it(tmp_path: Path, key: str, value: object) -> None:
    assert look(tmp_path, key=key) == [value]


def test_infrastructure_that_is_given_is_returned(tmp_path: Path) -> None:
    assert look(tmp_path, key="vpc_id", of_host={"redash_infrastructure": {"vpc_id": "vpc-own"}}) == ["vpc-own"]


def test_a_folder_of_ones_own_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "infrastructure.json").write_text('{"vpc_id": "vpc-2"}')
    of_host = {"redash_work_dir": trust_as_template("{{ inventory_dir }}/state")}
    assert look(tmp_path, key="vpc_id", of_host=of_host) == ["vpc-2"]


@pytest.mark.parametrize(
    ("terms", "key", "said"),
    [
        (["nobody"], None, "nobody is no host of the inventory"),
        (["redash-new"], None, "Run site.yml on it first"),
        ([], "database.colour", "redash-prod has no database.colour. It has database, nat_public_ips, vpc_id."),
    ],
)
def test_what_is_wrong_is_said_in_a_line(tmp_path: Path, terms: list[str], key: str | None, said: str) -> None:
    with pytest.raises(AnsibleError, match="redash.ecs.installation: ") as error:
        look(tmp_path, *terms, key=key)
    assert said in str(error.value)
