# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform import provider


def mirror(folder: Path, *, packed: bool = False, system: str | None = None) -> Path:
    place = folder / provider.PROVIDER
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
    monkeypatch.setattr(provider, "_registry_answers", lambda: False)


def find(tmp_path: Path, environ: dict[str, str]) -> provider.Source:
    return provider.find(environ, tmp_path / "work", prefixes=(str(tmp_path / "opt"),))


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


def test_without_a_mirror_the_registry_is_used(tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "_registry_answers", lambda: True)
    assert "registry.terraform.io" in find(tmp_path, environ).said


def test_a_provider_that_is_installed_needs_no_registry(tmp_path: Path, environ: dict[str, str]) -> None:
    mirror(tmp_path / "work" / ".terraform" / "providers")
    assert find(tmp_path, environ).mirror is None


def test_no_provider_anywhere_is_one_line_with_the_way_out(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(RedashError) as caught:
        find(tmp_path, environ)
    assert len(caught.value.problems) == 1 and "terraform providers mirror" in str(caught.value)


def test_the_configuration_leaves_other_providers_as_usual() -> None:
    text = provider.mirror_configuration(Path('/opt/a "b"'))
    assert '"/opt/a \\"b\\""' in text and "direct" in text
