# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which binary is taken. The stubs say what terraform and tofu print for ``version``; a real tofu was not to be had here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.terraform import binary
from ansible_collections.redash.ecs.plugins.module_utils.terraform.binary import OPENTOFU, TERRAFORM, Kind


def stub(path: Path, says: str, code: int = 0) -> Path:
    """A binary that prints ``says``, and fails where it is asked for anything but its version in words."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'#!/bin/sh\n[ "$*" = version ] && [ -z "$TF_CLI_ARGS$TF_CLI_ARGS_version" ] || exit 3\ncat <<"EOF"\n{says}\nEOF\nexit {code}\n'
    )
    path.chmod(0o755)
    return path


def terraform(folder: Path, version: str = "1.11.4", name: str = "terraform") -> Path:
    return stub(folder / name, f"Terraform v{version}\non linux_amd64")


def tofu(folder: Path, version: str = "1.11.1", name: str = "tofu") -> Path:
    return stub(folder / name, f"OpenTofu v{version}\non linux_amd64\n+ provider registry.opentofu.org/hashicorp/aws v6.0.0")


@pytest.fixture(autouse=True)
def no_virtual_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)


def environ(*folders: Path) -> dict[str, str]:
    return {"PATH": ":".join([*map(str, folders), "/usr/bin", "/bin"])}


def test_terraform_comes_before_tofu_wherever_they_are(tmp_path: Path) -> None:
    tofu(tmp_path / "first")
    found = binary.find(environ(tmp_path / "first", tmp_path / "second"))
    assert (found.kind, found.version) == (OPENTOFU, "1.11.1")
    place = terraform(tmp_path / "second")
    found = binary.find(environ(tmp_path / "first", tmp_path / "second"))
    assert (found.path, found.kind, found.version) == (str(place), TERRAFORM, "1.11.4")


@pytest.mark.parametrize(("make", "old", "kind"), [(terraform, "1.5.7", TERRAFORM), (tofu, "1.10.9", OPENTOFU)])
def test_one_that_is_too_old_is_passed_over_and_said_where_it_is_the_only_one(tmp_path: Path, make: Any, old: str, kind: Kind) -> None:
    place = make(tmp_path / "old", old)
    with pytest.raises(RedashError) as caught:
        binary.find(environ(tmp_path / "old"))
    assert str(caught.value) == f"{place} is {kind.title} {old}, too old. {kind.how_to_install}"
    make(tmp_path / "new", "1.11.0")
    assert binary.find(environ(tmp_path / "old", tmp_path / "new")).path.startswith(str(tmp_path / "new"))


def test_an_old_terraform_leaves_it_to_a_new_tofu(tmp_path: Path) -> None:
    terraform(tmp_path, "1.5.7")
    tofu(tmp_path)
    assert binary.find(environ(tmp_path)).kind is OPENTOFU


def test_both_too_old_are_both_said(tmp_path: Path) -> None:
    terraform(tmp_path, "1.5.7")
    tofu(tmp_path, "1.8.0")
    with pytest.raises(RedashError) as caught:
        binary.find(environ(tmp_path))
    assert ["Terraform 1.5.7" in str(problem) or "OpenTofu 1.8.0" in str(problem) for problem in caught.value.problems] == [True, True]


def test_a_binary_is_what_it_says_and_not_what_its_file_is_called(tmp_path: Path) -> None:
    place = tofu(tmp_path, name="terraform")
    assert binary.find(environ(tmp_path)).kind is OPENTOFU
    assert binary.find(environ(), str(place)).kind is OPENTOFU


def test_a_named_one_is_taken_and_no_other(tmp_path: Path) -> None:
    terraform(tmp_path)
    tofu(tmp_path)
    assert binary.find(environ(tmp_path), "tofu").kind is OPENTOFU
    terraform(tmp_path, "1.9.0", name="terraform-1.9")
    with pytest.raises(RedashError, match=r"terraform-1.9 is Terraform 1\.9\.0, too old"):
        binary.find(environ(tmp_path), "terraform-1.9")
    with pytest.raises(RedashError) as caught:
        binary.find(environ(tmp_path), "/nowhere/tofu")
    assert str(caught.value) == (
        "redash_terraform_binary: /nowhere/tofu was not found on PATH, or is not executable."
        " Give the name or the path of terraform or tofu."
    )


def test_none_at_all_is_one_line_that_names_both(tmp_path: Path) -> None:
    with pytest.raises(RedashError) as caught:
        binary.find({"PATH": str(tmp_path)})
    assert str(caught.value) == (
        "neither terraform nor tofu was found on PATH. Install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install."
        " Install OpenTofu 1.11 or newer: https://opentofu.org/docs/intro/install/"
    )


@pytest.mark.parametrize("says", ["", "Segmentation fault", "Terragrunt v1.11.4", '{"terraform_version": "1.11.4"}'])
def test_one_that_does_not_say_its_version_is_said(tmp_path: Path, says: str) -> None:
    stub(tmp_path / "terraform", says, 1)
    with pytest.raises(RedashError, match="terraform does not say its version: "):
        binary.find(environ(tmp_path))


def test_one_that_can_not_be_run_is_said(tmp_path: Path) -> None:
    (tmp_path / "terraform").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "terraform").chmod(0o755)
    with pytest.raises(RedashError, match="does not say its version: .*Exec format error"):
        binary.find(environ(tmp_path))


def test_a_prerelease_and_a_warning_before_the_version_are_read(tmp_path: Path) -> None:
    stub(tmp_path / "tofu", "There are some problems with the CLI configuration:\n\nOpenTofu v1.12.0-beta1\non darwin_arm64")
    assert binary.find(environ(tmp_path)).version == "1.12.0-beta1"


def test_arguments_of_the_persons_shell_are_kept_out_of_the_question(tmp_path: Path) -> None:
    terraform(tmp_path)
    assert binary.find({**environ(tmp_path), "TF_CLI_ARGS": "-no-color", "TF_CLI_ARGS_version": "-json"}).kind is TERRAFORM


def test_the_virtual_environments_own_comes_last_wherever_it_stands_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "venv" / "bin"
    terraform(own)
    monkeypatch.setattr(sys, "prefix", str(own.parent))
    assert binary.find(environ()).path == str(own / "terraform")
    terraform(tmp_path / "theirs", "1.13.0")
    assert binary.find(environ(own, tmp_path / "theirs")).version == "1.13.0"
    assert binary.find(environ(own)).path == str(own / "terraform")


def state(*hosts: str) -> str:
    return json.dumps({"version": 4, "resources": [{"type": "aws_vpc", "provider": f'provider["{host}/hashicorp/aws"]'} for host in hosts]})


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", None),
        ("not JSON", None),
        ("[]", None),
        (state(), None),
        (state("registry.example.com"), None),
        (state("registry.terraform.io"), TERRAFORM),
        (state("registry.opentofu.org"), OPENTOFU),
        (state("registry.terraform.io", "registry.opentofu.org"), OPENTOFU),
        (json.dumps({"meta": {}, "encrypted_data": "x", "encryption_version": "v0"}), OPENTOFU),
    ],
)
def test_a_state_says_who_made_it(text: str, kind: Kind | None) -> None:
    assert binary.of_state(text) is kind


def test_what_one_made_the_same_one_goes_on_with(tmp_path: Path) -> None:
    terraform(tmp_path)
    tofu(tmp_path)
    assert binary.find(environ(tmp_path), maker=OPENTOFU).kind is OPENTOFU
    assert binary.find(environ(tmp_path), maker=TERRAFORM).kind is TERRAFORM
    (tmp_path / "tofu").unlink()
    with pytest.raises(RedashError, match="^tofu was not found on PATH, and OpenTofu made the state. Install OpenTofu 1.11 or newer"):
        binary.find(environ(tmp_path), maker=OPENTOFU)


def test_terraform_does_not_go_on_with_opentofus_state_also_where_it_is_named(tmp_path: Path) -> None:
    terraform(tmp_path)
    with pytest.raises(
        RedashError, match="^redash_terraform_binary: OpenTofu made this state, and Terraform can't go on with it. Set it to tofu"
    ):
        binary.find(environ(tmp_path), "terraform", OPENTOFU)


def test_opentofu_goes_on_with_terraforms_state_where_it_is_named(tmp_path: Path) -> None:
    tofu(tmp_path)
    assert binary.find(environ(tmp_path), "tofu", TERRAFORM).kind is OPENTOFU
    with pytest.raises(RedashError, match="terraform was not found on PATH, and Terraform made the state"):
        binary.find(environ(tmp_path), "", TERRAFORM)


@pytest.mark.skipif(not shutil.which("terraform"), reason="no real terraform on PATH")
def test_a_real_terraform_says_its_version_as_the_stub_does() -> None:
    place = shutil.which("terraform")
    assert place and binary.find({"PATH": str(Path(place).parent)}, place).kind is TERRAFORM


@pytest.mark.skipif(not shutil.which("terraform"), reason="no real terraform on PATH")
def test_the_way_back_to_terraform_that_the_documentation_gives_is_one(tmp_path: Path) -> None:
    """The command of docs/terraform.md, as it stands there, by a real terraform."""
    page = (Path(__file__).parents[5] / "docs" / "terraform.md").read_text()
    [words] = [
        line.removeprefix("$ terraform ").split() for line in page.splitlines() if line.startswith("$ terraform state replace-provider")
    ]
    content = {
        "version": 4,
        "terraform_version": "1.11.1",
        "serial": 3,
        "lineage": "5e2f6a3c-0000-4000-8000-000000000000",
        "outputs": {},
        "resources": [
            {
                "mode": "managed",
                "type": "aws_vpc",
                "name": "this",
                "provider": f'provider["{OPENTOFU.provider}"]',
                "instances": [{"schema_version": 1, "attributes": {"id": "vpc-1"}, "sensitive_attributes": []}],
            }
        ],
    }
    file = tmp_path / "terraform.tfstate"
    file.write_text(json.dumps(content))
    assert binary.of_state(file.read_text()) is OPENTOFU
    run = subprocess.run(
        ["terraform", *words],
        cwd=tmp_path,
        input="yes\n",
        capture_output=True,
        text=True,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert binary.of_state(file.read_text()) is TERRAFORM
