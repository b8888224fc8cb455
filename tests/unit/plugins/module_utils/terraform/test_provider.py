# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform import provider
from ansible_collections.redash.ecs.plugins.module_utils.terraform.binary import KINDS, OPENTOFU, TERRAFORM, Kind


def mirror(folder: Path, *, packed: bool = False, system: str | None = None, kind: Kind = TERRAFORM) -> Path:
    place = folder / kind.provider
    system = system or provider.system()
    if packed:
        place.mkdir(parents=True)
        (place / f"terraform-provider-aws_5.100.0_{system}.zip").touch()
    else:
        (place / "5.100.0" / system).mkdir(parents=True)
    return folder


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "XDG_DATA_DIRS": str(tmp_path / "share")}


@pytest.fixture(autouse=True)
def no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "_registry_answers", lambda kind: False)


def find(tmp_path: Path, environ: dict[str, str], kind: Kind = TERRAFORM) -> provider.Source:
    return provider.find(environ, tmp_path / "work", kind, prefixes=(str(tmp_path / "opt"),))


def test_a_persons_cli_configuration_is_left_alone(tmp_path: Path, environ: dict[str, str]) -> None:
    mirror(tmp_path / "opt")
    (tmp_path / "home" / ".terraformrc").touch()
    assert find(tmp_path, environ).mirror is None


def test_one_that_is_named_but_is_not_there_counts_as_none(tmp_path: Path, environ: dict[str, str]) -> None:
    mirror(tmp_path / "opt")
    environ["TF_CLI_CONFIG_FILE"] = str(tmp_path / "missing")
    assert find(tmp_path, environ).mirror == tmp_path / "opt"


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_that_terraform_looks_into_itself_needs_nothing(tmp_path: Path, environ: dict[str, str], packed: bool) -> None:
    mirror(tmp_path / "share" / "terraform" / "plugins", packed=packed)
    mirror(tmp_path / "opt")
    assert find(tmp_path, environ).mirror is None


@pytest.mark.parametrize("below", ["", "a", "a/b", "a/b/c"])
def test_a_mirror_below_an_install_prefix_is_found(tmp_path: Path, environ: dict[str, str], below: str) -> None:
    folder = mirror(tmp_path / "opt" / below)
    assert find(tmp_path, environ).mirror == folder


def test_a_mirror_in_the_home_folder_is_found(tmp_path: Path, environ: dict[str, str]) -> None:
    assert find(tmp_path, environ | {"X": mirror(tmp_path / "home" / "mirror").name}).mirror == tmp_path / "home" / "mirror"


@pytest.mark.parametrize("below", ["a/b/c/d"])
def test_the_search_does_not_go_deeper_than_it_says(tmp_path: Path, environ: dict[str, str], below: str) -> None:
    mirror(tmp_path / "opt" / below)
    with pytest.raises(RedashError):
        find(tmp_path, environ)


def test_a_mirror_for_another_system_is_none(tmp_path: Path, environ: dict[str, str]) -> None:
    mirror(tmp_path / "opt", system="plan9_386")
    with pytest.raises(RedashError):
        find(tmp_path, environ)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_without_a_mirror_the_registry_is_used(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    monkeypatch.setattr(provider, "_registry_answers", lambda kind: True)
    assert find(tmp_path, environ, kind).said == f"from {kind.registry}"


def test_a_provider_that_is_installed_needs_no_registry(tmp_path: Path, environ: dict[str, str]) -> None:
    mirror(tmp_path / "work" / ".terraform" / "providers")
    assert find(tmp_path, environ).mirror is None


def test_no_provider_anywhere_is_one_line_with_the_way_out(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(RedashError) as caught:
        find(tmp_path, environ)
    assert len(caught.value.problems) == 1 and "terraform providers mirror" in str(caught.value)
    with pytest.raises(RedashError, match="no AWS provider for OpenTofu: registry.opentofu.org does not answer.*`tofu providers mirror"):
        find(tmp_path, environ, OPENTOFU)


def test_a_mirror_for_the_one_is_none_for_the_other(tmp_path: Path, environ: dict[str, str]) -> None:
    mirror(tmp_path / "opt" / "terraforms")
    with pytest.raises(RedashError, match="OpenTofu"):
        find(tmp_path, environ, OPENTOFU)
    mirror(tmp_path / "opt" / "tofus", kind=OPENTOFU)
    assert find(tmp_path, environ, OPENTOFU).mirror == tmp_path / "opt" / "tofus"
    assert find(tmp_path, environ).mirror == tmp_path / "opt" / "terraforms"


# The places are OpenTofu's, from its documentation and its source (internal/command/cliconfig); no real tofu was asked.
@pytest.mark.parametrize("place", ["home/.tofurc", "home/.terraformrc", "config/opentofu/tofurc"])
def test_the_cli_configurations_that_opentofu_reads(tmp_path: Path, environ: dict[str, str], place: str) -> None:
    environ["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    assert provider.cli_configuration(environ, OPENTOFU) is None
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).touch()
    assert provider.cli_configuration(environ, OPENTOFU) == tmp_path / place
    assert (provider.cli_configuration(environ, TERRAFORM) is None) == (place != "home/.terraformrc")


def test_a_tofurc_comes_before_a_terraformrc(tmp_path: Path, environ: dict[str, str]) -> None:
    for name in (".terraformrc", ".tofurc"):
        (tmp_path / "home" / name).touch()
    assert provider.cli_configuration(environ, OPENTOFU) == tmp_path / "home" / ".tofurc"
    environ["TF_CLI_CONFIG_FILE"] = str(tmp_path / "home" / ".terraformrc")
    assert provider.cli_configuration(environ, OPENTOFU) == tmp_path / "home" / ".terraformrc"


def test_opentofus_own_data_folder_is_searched_where_there_is_no_terraform_d(tmp_path: Path, environ: dict[str, str]) -> None:
    environ["XDG_DATA_HOME"] = str(tmp_path / "data")
    mirror(tmp_path / "data" / "opentofu" / "plugins", kind=OPENTOFU)
    assert find(tmp_path, environ, OPENTOFU).said == f"from {tmp_path}/data/opentofu/plugins"
    (tmp_path / "home" / ".terraform.d").mkdir()
    with pytest.raises(RedashError):
        find(tmp_path, environ, OPENTOFU)


def test_the_configuration_leaves_other_providers_as_usual() -> None:
    text = provider.mirror_configuration(Path('/opt/a "b"'), OPENTOFU)
    assert text.count('["registry.opentofu.org/hashicorp/aws"]') == 2
    assert '"/opt/a \\"b\\""' in text and "direct" in text
