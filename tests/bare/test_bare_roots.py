# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make demo` and `make demo-clean` in bare roots of Debian and Ubuntu, as root and without: `make bare`, about ten minutes each.

What was said is kept in build/bare/<name>.log.
"""

from __future__ import annotations

import os
import shutil
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.bootstrap import can_install_packages, install_packages
from demo.instance import ROOT
from demo.system import FAMILIES
from tests.bare import roots

BUILD = ROOT / "build" / "bare"

# demo-clean always runs: the roots share this machine's network, and a failed demo must not leave an interface in it.
SCRIPT = """
cd PLACE
make demo
demo=$?
echo "make demo: exit code $demo"
test $demo = 0 || tail -n 20 .demo/*.log
make demo-clean
echo "make demo-clean: exit code $?"
test -e .demo && echo "LEFT: .demo"
podman ps --all --quiet | sed 's/^/LEFT: container /'
"""


@pytest.fixture(scope="session", autouse=True)
def mmdebstrap() -> None:
    if os.geteuid() != 0 or not Path("/proc/self/ns/pid").exists():
        pytest.skip("NOT TESTED: bare roots are made and entered by root on Linux")
    if not shutil.which("mmdebstrap"):
        if not can_install_packages():
            pytest.skip("NOT TESTED: mmdebstrap is missing; it makes the bare roots")
        install_packages("mmdebstrap")


@pytest.fixture
def root(request: pytest.FixtureRequest) -> Iterator[roots.Root]:
    distribution: roots.Distribution = request.param
    why = roots.unreachable(f"{distribution.mirror}/dists/{distribution.suite}/InRelease")
    if why:
        pytest.skip(f"NOT TESTED: {distribution.name}: {distribution.mirror} can't be reached ({why})")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    # A folder for each test: two of them may run side by side.
    folder = BUILD / f"{distribution.suite}{'-rootless' if 'without_root' in request.node.name else ''}"
    # pytest's summary shows warnings: what was handed in has not been tried here.
    yield roots.make(distribution, folder, port, lambda words: warnings.warn(f"{distribution.name}: {words}", stacklevel=1))
    roots.remove(folder)


def demo(root: roots.Root, place: str, user: str = "root") -> str:
    """Run both commands; what they said, once they have said that they succeeded and left nothing."""
    _code, said = root.run(SCRIPT.replace("PLACE", place), roots.DEMO, user)
    print(said)
    assert "make demo: exit code 0" in said and "make demo-clean: exit code 0" in said, said[-5000:]
    assert "LEFT: " not in said, said[-2000:]
    assert "Redash answers at   http://redash-demo.alb.localhost" in said
    # The answer of `manage.yml -e cmd="groups list"`, from a one-off task in a container.
    assert "Id: 1" in said and "Name: admin" in said
    return said


@pytest.mark.parametrize("root", roots.DISTRIBUTIONS, indirect=True, ids=lambda distribution: distribution.suite)
def test_the_demo_comes_up_on_a_machine_that_has_git_make_and_python_only(root: roots.Root) -> None:
    roots.check_out(root, "root/redash.ecs")
    said = demo(root, "/root/redash.ecs")
    assert "No container engine runs here: installing Podman" in said
    assert "Container engine: Podman" in said and "as root (started by the demo)" in said


@pytest.mark.parametrize("root", roots.DISTRIBUTIONS[1:2], indirect=True, ids=lambda distribution: distribution.suite)
def test_the_demo_comes_up_without_root_where_podman_is_rootless(root: roots.Root) -> None:
    packages = " ".join([*FAMILIES["debian"].engine, *FAMILIES["debian"].rootless, "python3-venv", "mmdebstrap"])
    # What an administrator does once; everything after it is done by somebody who may nothing.
    script = f"apt-get update -qq && apt-get install -qq -y --no-install-recommends {packages} && useradd --create-home person"
    code, said = root.run(f"export DEBIAN_FRONTEND=noninteractive; {script}", roots.MAKING)
    assert code == 0, said[-2000:]
    roots.check_out(root, "home/person/redash.ecs")
    code, said = root.run("chown -R person: /home/person", roots.PATIENCE * 6)
    assert code == 0, said
    code, said = root.run("unshare --user --map-root-user true", roots.PATIENCE * 6, "person")
    if code:
        pytest.skip(f"NOT TESTED: this machine's kernel refuses user namespaces to people: {said.strip()}")
    said = demo(root, "/home/person/redash.ecs", "person")
    assert "Container engine: Podman" in said and "rootless (started by the demo)" in said


def test_fedora_and_arch_are_named_as_not_tested() -> None:
    pytest.skip("NOT TESTED: Fedora and Arch: mmdebstrap makes Debian's kin only. Unit tests hold what the message names for them.")
