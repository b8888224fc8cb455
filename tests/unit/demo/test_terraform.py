# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How Terraform is fetched: from a local server that plays HashiCorp's release site, well and badly."""

from __future__ import annotations

import hashlib
import http.server
import io
import platform
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import terraform
from demo.instance import DemoError

SCRIPT = f"#!/bin/sh\necho 'Terraform v{terraform.VERSION}'\n"


def archive(content: str = SCRIPT) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("LICENSE.txt", "x")
        packed.writestr("terraform", content)
    return buffer.getvalue()


class Site:
    """What the server answers: ``status`` and ``body``, of which it leaves out the last ``cut`` bytes."""

    def __init__(self) -> None:
        self.status, self.body, self.cut, self.length = 200, archive(), 0, True
        self.asked: list[str] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                self.send_response(site.status)
                if site.length:
                    self.send_header("Content-Length", str(len(site.body)))
                self.end_headers()
                self.wfile.write(site.body[: len(site.body) - site.cut])

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    site = Site()
    # The pinned sums are of the real release; these are of what the server has.
    monkeypatch.setitem(terraform.SHA256, terraform.system(), hashlib.sha256(site.body).hexdigest())
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "venv" / "bin" / "terraform"


def nothing_is_left(target: Path) -> bool:
    return not target.parent.exists() or list(target.parent.iterdir()) == []


def test_the_right_sum_is_put_in_place_and_can_be_run(site: Site, target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terraform.fetch(site.url, target)
    assert site.asked == [f"/terraform/{terraform.VERSION}/terraform_{terraform.VERSION}_{terraform.system()}.zip"]
    assert target.read_text() == SCRIPT and target.stat().st_mode & 0o777 == 0o755
    assert list(target.parent.iterdir()) == [target]
    assert f"Fetching Terraform {terraform.VERSION} from {site.url} into {target.parent}" in capsys.readouterr().out


def test_a_wrong_sum_is_refused_and_nothing_is_left(site: Site, target: Path) -> None:
    site.body = archive("#!/bin/sh\necho evil\n")
    with pytest.raises(DemoError, match="is not the Terraform that this project knows: its SHA-256 is") as caught:
        terraform.fetch(site.url, target)
    # `make setup` goes on without a Terraform that is out of reach, but not past one that somebody changed.
    assert not isinstance(caught.value, terraform.NotFetched)
    assert hashlib.sha256(site.body).hexdigest() in str(caught.value)
    assert nothing_is_left(target)


def test_a_wrong_sum_leaves_the_one_that_is_there(site: Site, target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.write_text("before")
    site.body = archive("other")
    with pytest.raises(DemoError):
        terraform.fetch(site.url, target)
    assert target.read_text() == "before" and list(target.parent.iterdir()) == [target]


def test_a_download_that_is_cut_off_is_said_and_nothing_is_left(site: Site, target: Path) -> None:
    site.cut = 20
    with pytest.raises(terraform.NotFetched, match=f"was cut off after {len(site.body) - 20} of {len(site.body)} bytes"):
        terraform.fetch(site.url, target)
    assert nothing_is_left(target)


def test_a_download_that_is_cut_off_and_had_no_length_does_not_pass_either(site: Site, target: Path) -> None:
    site.cut, site.length = 20, False
    with pytest.raises(DemoError, match="SHA-256"):
        terraform.fetch(site.url, target)
    assert nothing_is_left(target)


@pytest.mark.parametrize(("status", "words"), [(404, "404 Not Found"), (403, "403 Forbidden"), (503, "503 Service Unavailable")])
def test_a_site_that_has_it_not_is_said(site: Site, target: Path, status: int, words: str) -> None:
    site.status = status
    with pytest.raises(terraform.NotFetched, match=rf"terraform_.*\.zip answers {words}"):
        terraform.fetch(site.url, target)
    assert nothing_is_left(target)


def test_a_site_that_can_not_be_reached_is_said(site: Site, target: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(terraform.NotFetched, match="can't be reached .*Connection refused"):
        terraform.fetch(url, target)
    assert nothing_is_left(target)


def test_a_system_without_a_pinned_release_is_not_asked_for(site: Site, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(
        terraform.NotFetched, match="no pinned Terraform for linux_riscv64, only for darwin_amd64, darwin_arm64, linux_amd64"
    ):
        terraform.fetch(site.url, target)
    assert site.asked == []


@pytest.mark.parametrize(
    ("kernel", "machine", "name"),
    [
        ("Linux", "x86_64", "linux_amd64"),
        ("Linux", "aarch64", "linux_arm64"),
        ("Darwin", "arm64", "darwin_arm64"),
        ("Darwin", "x86_64", "darwin_amd64"),
    ],
)
def test_the_four_systems_are_pinned_by_their_names(monkeypatch: pytest.MonkeyPatch, kernel: str, machine: str, name: str) -> None:
    monkeypatch.setattr(platform, "system", lambda: kernel)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert terraform.system() == name and len(terraform.SHA256[name]) == 64


def environ(folder: Path) -> dict[str, str]:
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def install(path: Path, says: str = SCRIPT) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(says)
    path.chmod(0o755)


@pytest.fixture
def own(target: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The virtual environment that runs this is the one that Terraform is put into."""
    monkeypatch.setattr("sys.prefix", str(target.parent.parent))
    return target


@pytest.mark.parametrize("says", ["Terraform v1.12.0", "OpenTofu v1.11.0"])
def test_where_path_has_one_none_is_fetched(site: Site, own: Path, tmp_path: Path, says: str) -> None:
    install(tmp_path / "bin" / ("tofu" if "Tofu" in says else "terraform"), f"#!/bin/sh\necho {says}\n")
    terraform.ensure(environ(tmp_path / "bin"), site.url, own)
    assert site.asked == [] and not own.exists()


def test_where_path_has_none_it_is_fetched_once_and_kept(site: Site, own: Path, tmp_path: Path) -> None:
    terraform.ensure(environ(tmp_path / "bin"), site.url, own)
    terraform.ensure(environ(tmp_path / "bin"), site.url, own)
    assert len(site.asked) == 1 and own.read_text() == SCRIPT


def test_where_path_has_an_old_one_a_new_one_is_fetched_and_that_is_said(
    site: Site, own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path / "bin" / "terraform", "#!/bin/sh\necho Terraform v1.5.7\n")
    terraform.ensure(environ(tmp_path / "bin"), site.url, own)
    assert own.read_text() == SCRIPT and "terraform is Terraform 1.5.7, too old." in capsys.readouterr().out


def test_a_broken_one_in_its_place_is_replaced(site: Site, own: Path, tmp_path: Path) -> None:
    install(own, "#!/bin/sh\nexit 1\n")
    terraform.ensure(environ(tmp_path / "bin"), site.url, own)
    assert own.read_text() == SCRIPT


def test_what_is_missing_and_why_it_was_not_fetched_is_one_line(site: Site, own: Path, tmp_path: Path) -> None:
    site.status = 404
    with pytest.raises(terraform.NotFetched) as caught:
        terraform.ensure(environ(tmp_path / "bin"), site.url, own)
    said = str(caught.value)
    assert said.startswith("neither terraform nor tofu was found on PATH. Install Terraform 1.11 or newer: https://")
    assert "404 Not Found" in said and said.endswith(f"put a terraform binary for this system into {own.parent}, and rerun.")
    assert "\n" not in said


def test_a_sums_file_of_the_site_is_compared_with_what_is_pinned() -> None:
    stated = [f"{digest}  terraform_{terraform.VERSION}_{name}.zip" for name, digest in terraform.SHA256.items()]
    assert terraform.differences("\n".join([*stated, "0" * 64 + "  terraform_other.zip"])) == []
    assert len(terraform.differences("\n".join(stated[1:]))) == 1
    assert len(terraform.differences("\n".join(stated).replace("1ce99425", "00000000"))) == 1
