# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which images play Redash, PostgreSQL and Redis, and what the stand-in's build is made of."""

from __future__ import annotations

import tarfile
from types import SimpleNamespace

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES
from demo import images
from demo.system import parse_os_release

DEBIAN = 'ID=debian\nVERSION_CODENAME=trixie\nNAME="Debian GNU/Linux"\n'
UBUNTU = "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n"


def test_the_packages_are_those_of_the_system_that_runs_here() -> None:
    assert images.system(parse_os_release(DEBIAN)) == images.System("trixie", "http://deb.debian.org/debian", "main")
    assert images.system(parse_os_release(UBUNTU)) == images.System("noble", "http://archive.ubuntu.com/ubuntu", "main,universe")


@pytest.mark.parametrize("text", ["", "ID=fedora\nVERSION_CODENAME=\n", "ID=debian\n", "nonsense"])
def test_another_system_gets_debian_12(text: str) -> None:
    assert images.system(parse_os_release(text)).suite == "bookworm"


def test_another_list_of_packages_is_another_image(monkeypatch: pytest.MonkeyPatch) -> None:
    before = images.base_image()
    assert before == images.base_image()
    monkeypatch.setattr(images, "PACKAGES", (*images.PACKAGES, "nano"))
    assert images.base_image() != before


def test_the_official_image_is_the_release_tables() -> None:
    assert images.official_image("10.1.0") == "redash/redash:10.1.0.b50633"


def _dockerfile(version: str, fault: str = "") -> tuple[str, set[str]]:
    with tarfile.open(fileobj=images._context("base:1", version, fault, "abc")) as archive:
        member = archive.extractfile("Dockerfile")
        assert member is not None
        return member.read().decode(), set(archive.getnames())


def test_the_build_runs_nothing() -> None:
    """RUN needs a working container inside the build, which not every engine without Docker Hub has."""
    text, _ = _dockerfile("25.8.0")
    assert not [line for line in text.splitlines() if line.startswith("RUN")]
    assert "USER redash" in text and 'ENTRYPOINT ["/app/bin/docker-entrypoint"]' in text and 'CMD ["server"]' in text


@pytest.mark.parametrize("version", images.STAND_IN_VERSIONS)
def test_an_image_carries_its_releases_migrations_and_no_newer_ones(version: str) -> None:
    _, names = _dockerfile(version)
    carried = {name.rpartition("/")[2].removesuffix(".py") for name in names if name.startswith("app/migrations/versions/")}
    heads = {known.alembic_head for known in RELEASES.values() if known.alembic_head}
    newer = {known.alembic_head for known in RELEASES.values() if known.alembic_head and known.number > RELEASES[version].number}
    assert RELEASES[version].alembic_head in carried
    assert not carried & (newer - {RELEASES[version].alembic_head})
    assert carried & heads


def test_rq_is_hidden_where_redash_has_celery() -> None:
    assert "app/rq.py" in _dockerfile("8.0.0")[1]
    assert "app/rq.py" not in _dockerfile("10.1.0")[1]


def test_a_fault_is_baked_in_and_makes_another_image() -> None:
    assert "ENV REDASH_STAND_IN_FAULT=crash" in _dockerfile("25.8.0", "crash")[0]
    assert "FAULT" not in _dockerfile("25.8.0")[0]


def test_a_release_with_a_schema_to_come_carries_one_migration_more() -> None:
    more = _dockerfile("26.3.0", "schema.migration")[1] - _dockerfile("26.3.0")[1]
    assert more == {"app/migrations/versions/5d1c0e7a9b3f.py"}


def test_changed_sources_are_another_fingerprint() -> None:
    files = images._files("25.8.0")
    less = dict(list(files.items())[1:])
    assert images._fingerprint("base", files) != images._fingerprint("base", less)
    assert images._fingerprint("base", files) != images._fingerprint("other base", files)


def test_every_release_of_the_stand_in_is_a_known_release() -> None:
    assert set(images.STAND_IN_VERSIONS) <= set(RELEASES)


class _Engine:
    """The engine's images, with names of other people's among them."""

    class images:
        @staticmethod
        def list() -> list[object]:
            return [
                SimpleNamespace(tags=["localhost/redash-stand-in:8.0.0", "localhost/redash-stand-in:25.8.0-crash"]),
                SimpleNamespace(tags=["localhost/redash-demo-base:0123456789ab"]),
                SimpleNamespace(tags=["postgres:17", "localhost/redash-stand-in-2:1"]),
                SimpleNamespace(tags=[]),
            ]


def test_what_stays_after_a_demo_is_named_and_nothing_else() -> None:
    assert images.built_here(_Engine()) == [  # type: ignore[arg-type]
        "localhost/redash-demo-base:0123456789ab",
        "localhost/redash-stand-in:25.8.0-crash",
        "localhost/redash-stand-in:8.0.0",
    ]
