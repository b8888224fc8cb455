# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What no list of status codes tells: a person signs in at the demo's address, with a real browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demo.bootstrap import can_install_packages, install_packages
from demo.instance import DemoError
from tests.e2e.conftest import ROOT, Demo
from tools import pictures

REQUIREMENTS = ROOT / "requirements-browser.txt"
HOME = ROOT / "build" / "browser"
# Debian's names; Ubuntu's chromium is a snap, which a container can't run.
PACKAGES = ("chromium", "chromium-driver")


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python that has Selenium, with the browser installed beside it."""
    if not all(map(shutil.which, ("chromium", "chromedriver"))):
        if not can_install_packages():
            pytest.skip("chromium and chromium-driver are missing, and without root on Debian they can't be installed here")
        try:
            install_packages(*PACKAGES)
        except DemoError as error:
            pytest.skip(f"chromium and chromium-driver can't be installed here: {error}")
    stamp, wanted = HOME / "installed", f"{sys.version}\n{REQUIREMENTS.read_text()}"
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(HOME, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        pip = [str(HOME / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=True)
        # Written last: an interrupted installation is no installation.
        stamp.write_text(wanted)
    return HOME / "bin" / "python"


def test_a_person_signs_in_at_the_demos_address(demo: Demo, python: Path) -> None:
    url = f"http://redash-demo.alb.localhost:{demo.port}/"
    picture = pictures.RECORDED / "signed-in.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [str(python), str(Path(__file__).with_name("browser.py")), url, "admin@example.com", str(picture)],
        input=demo.secrets()["/redash/redash-demo/admin_password"],
        env={**os.environ, "NO_PROXY": "*", "SE_OFFLINE": "true"},
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    seen = json.loads(done.stdout)
    assert seen["asked"].startswith(f"{url}login"), seen
    assert "Wrong email or password." in seen["wrong"]["text"], seen
    assert seen["right"]["address"] == url, seen
    # The demo is reached without TLS, so Secure would lock everybody out. A script of another's must not read the session.
    assert seen["cookies"]["session"] == {"httpOnly": True, "secure": False}, seen
    assert picture.read_bytes().startswith(b"\x89PNG")
    if "stand-in" in (demo.home / "image").read_text():
        assert "Signed in as admin@example.com." in seen["right"]["text"], seen
