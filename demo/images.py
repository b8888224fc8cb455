# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The images: the official ones where they can be had, else built here from the system's own packages.

Without Docker Hub one small root file system is made of Debian's packages. PostgreSQL and Redis in it are the
real servers; Redash in it is a stand-in (demo/stand_in), which says so wherever it can be seen.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import tarfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import docker
import docker.errors
import requests.exceptions

from demo.bootstrap import can_install_packages, install_packages
from demo.engine import Engine
from demo.instance import DemoError, Instance
from demo.show import say, step
from demo.system import os_release

STAND_IN = Path(__file__).resolve().parent / "stand_in"
STAND_IN_REPOSITORY = "localhost/redash-stand-in"
BASE_REPOSITORY = "localhost/redash-demo-base"
OFFICIAL_REPOSITORY = "redash/redash"
# An image's label that says of which sources it was built.
SOURCES = "org.redash-ecs.sources"
# The releases that the stand-in can stand in for.
STAND_IN_VERSIONS = ("7.0.0", "8.0.0", "9.0.0-beta", "10.0.0", "10.1.0", "25.1.0", "25.8.0", "26.3.0")
DEFAULT_VERSION = "25.8.0"

DOCKER_HUB = "https://registry-1.docker.io/v2/"
# Seconds. A registry answers at once or, behind a firewall, never.
PATIENCE = 5

PACKAGES = (
    "ca-certificates",
    "celery",
    "curl",
    "gunicorn",
    "openssl",
    "postgresql",
    "python-is-python3",
    "python3-alembic",
    "python3-click",
    "python3-cryptography",
    "python3-flask",
    "python3-psycopg2",
    "python3-redis",
    "python3-rq",
    "python3-sqlalchemy",
    "redis-server",
)
# What the servers and the stand-in never open; two thirds of the size.
EXCLUDED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/i18n",
    "usr/share/perl",
    "usr/lib/*-linux-*/perl",
    "usr/lib/*-linux-*/gconv",
    "usr/lib/*-linux-*/libLLVM*",
    "usr/lib/*-linux-*/libz3*",
    "usr/lib/postgresql/*/lib/bitcode",
    "usr/lib/postgresql/*/lib/llvmjit*",
    "var/lib/postgresql/*",
    "var/lib/apt/lists",
    "var/cache/apt",
)
NO_CLUSTER = 'mkdir -p "$1"/etc/postgresql-common && echo create_main_cluster=false >"$1"/etc/postgresql-common/createcluster.conf'


def official_image(version: str) -> str:
    """The official image of a release, from the collection's own table."""
    from ansible_collections.redash.ecs.plugins.module_utils.core.release import release

    return release(version).image


def stand_in_image(version: str) -> str:
    return f"{STAND_IN_REPOSITORY}:{version}"


def registry_answers() -> bool:
    """True when Docker Hub can be reached from here; what it answers (401 without a token) does not matter."""
    try:
        with urllib.request.urlopen(DOCKER_HUB, timeout=PATIENCE):
            return True
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, OSError):
        return False


def labels(client: docker.DockerClient, image: str) -> dict[str, str] | None:
    """The labels of an image in the engine, None when there is no such image."""
    try:
        found = client.images.get(image)
    except docker.errors.ImageNotFound:
        return None
    return dict(found.labels or {})


def has(client: docker.DockerClient, image: str) -> bool:
    return labels(client, image) is not None


def built_here(client: docker.DockerClient) -> list[str]:
    """The names of all images that a demo built, sorted."""
    tags = [tag for image in client.images.list() for tag in image.tags]
    return sorted(tag for tag in tags if tag.rpartition(":")[0] in (STAND_IN_REPOSITORY, BASE_REPOSITORY))


def pull(client: docker.DockerClient, image: str) -> bool:
    try:
        with step(f"Pulling {image}"):
            client.images.pull(image)
    except (docker.errors.APIError, requests.exceptions.RequestException) as error:
        say(f"  {image} could not be pulled: {' '.join(str(error).split())[:200]}")
        return False
    return True


@dataclass(frozen=True)
class System:
    """The Debian or Ubuntu whose packages the images are made of: the one that runs here, else Debian 12."""

    suite: str
    mirror: str
    components: str


def system(fields: Mapping[str, str]) -> System:
    """The system by its fields of os-release."""
    suite = fields.get("VERSION_CODENAME", "")
    if fields.get("ID") == "ubuntu" and suite:
        return System(suite, "http://archive.ubuntu.com/ubuntu", "main,universe")
    if fields.get("ID") == "debian" and suite:
        return System(suite, "http://deb.debian.org/debian", "main")
    return System("bookworm", "http://deb.debian.org/debian", "main")


def _mmdebstrap(target: Path) -> list[str]:
    chosen = system(os_release())
    removed = " ".join(f'"$1"/{pattern}' for pattern in EXCLUDED)
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        '--aptopt=APT::Install-Recommends "false"',
        f"--components={chosen.components}",
        f"--include={','.join(PACKAGES)}",
        # The Debian package would set up a cluster that nobody uses.
        f"--essential-hook={NO_CLUSTER}",
        '--customize-hook=chroot "$1" useradd --system --create-home --shell /usr/sbin/nologin redash',
        # Debian's psql and pg_isready are wrappers in Perl; the programs themselves are wanted.
        """--customize-hook=chroot "$1" sh -c 'ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/'""",
        f"--customize-hook=rm -rf {removed}",
        chosen.suite,
        str(target),
        chosen.mirror,
    ]


def base_image() -> str:
    """The name of the root file system's image; another list of packages is another name."""
    recipe = shlex.join([*_mmdebstrap(Path("rootfs.tar")), os.uname().machine])
    return f"{BASE_REPOSITORY}:{sha256(recipe.encode()).hexdigest()[:12]}"


def ensure_base(engine: Engine, instance: Instance) -> str:
    image = base_image()
    if has(engine.client, image):
        return image
    if not shutil.which("mmdebstrap"):
        if not can_install_packages():
            raise DemoError(
                "Docker Hub can't be reached, and without mmdebstrap no image can be built here. Install mmdebstrap, or load"
                f" {official_image(DEFAULT_VERSION)}, postgres:17 and redis:7 into the container engine, and rerun."
            )
        with step("Installing mmdebstrap"):
            install_packages("mmdebstrap")
    archive = instance.home / f"rootfs-{image.rsplit(':', 1)[1]}.tar"
    if not archive.exists():
        aside = archive.with_name("rootfs.tar.new")
        with step("Building a root file system with PostgreSQL, Redis and Python from the system's packages (about a minute, once)"):
            run = subprocess.run(_mmdebstrap(aside), capture_output=True, text=True, errors="replace", check=False)
        if run.returncode:
            aside.unlink(missing_ok=True)
            lines = [line for line in run.stderr.splitlines() if line.startswith("E: ")] or run.stderr.splitlines()
            said = lines[-1] if lines else "it said nothing"
            raise DemoError(f"mmdebstrap failed: {said}. Check that the package mirror can be reached and rerun.")
        aside.rename(archive)
    with step("Loading it into the container engine"):
        # The tag as a part of the repository: Podman 4.3 does not read it where the API has it.
        engine.client.api.import_image_from_file(str(archive), repository=image)
    archive.unlink()
    return image


def _files(version: str, fault: str = "") -> dict[str, Path]:
    """Path below /app -> file, for one release: its migrations and no newer ones, Celery's overlay up to 8."""
    number = tuple(int(part) for part in version.partition("-")[0].split("."))
    layers = [STAND_IN / "app", *([STAND_IN / "celery"] if number < (9,) else [])]
    found = {}
    for layer in layers:
        for path in sorted(layer.rglob("*")):
            parts = path.relative_to(layer).parts
            if not path.is_file() or "__pycache__" in parts:
                continue
            if parts[:2] == ("migrations", "versions"):
                # A folder for each release in which the migrations came; in the image they lie side by side.
                if parts[2] == "to-come":
                    if "schema" not in fault.split("."):
                        continue
                elif tuple(int(part) for part in parts[2].split(".")) > number:
                    continue
                parts = (*parts[:2], parts[3])
            found["/".join(parts)] = path
    return found


def _fingerprint(recipe: str, files: Mapping[str, Path]) -> str:
    digest = sha256(recipe.encode())
    for name, path in sorted(files.items()):
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _context(base: str, version: str, fault: str, sources: str) -> io.BytesIO:
    """A build context: the stand-in's files and a Dockerfile without RUN, which builds wherever nothing may run."""
    dockerfile = [
        f"FROM {base}",
        "COPY app /app",
        "WORKDIR /app",
        f"ENV REDASH_STAND_IN_VERSION={version} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LANG=C.UTF-8",
        "ENV SQLALCHEMY_SILENCE_UBER_WARNING=1",
        "ENV PATH=/app/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        *([f"ENV REDASH_STAND_IN_FAULT={fault}"] if fault else []),
        f"LABEL {SOURCES}={sources} org.redash-ecs.stand-in={version}",
        "EXPOSE 5000",
        "USER redash",
        'ENTRYPOINT ["/app/bin/docker-entrypoint"]',
        'CMD ["server"]',
    ]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:

        def add(name: str, content: bytes, mode: int) -> None:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))

        add("Dockerfile", "\n".join(dockerfile).encode(), 0o644)
        for name, path in _files(version, fault).items():
            add(f"app/{name}", path.read_bytes(), 0o755 if os.access(path, os.X_OK) else 0o644)
    buffer.seek(0)
    return buffer


def build_stand_in(engine: Engine, base: str, version: str, *, fault: str = "", tag: str = "") -> str:
    """Build the stand-in for one release and return its name; nothing is done when it is there already.

    ``fault`` makes one that fails on purpose, for tests of upgrades: ``crash`` (every process ends at its
    start), ``crash-server`` (only the server does), ``migration`` (``db upgrade`` fails half-way), ``unhealthy``
    (/ping answers 500); or that has one migration more than its release, so that the newest can be upgraded, too:
    ``schema``. Two of them with a dot between.
    """
    image = tag or stand_in_image(f"{version}-{fault}" if fault else version)
    sources = _fingerprint(f"{base} {version} {fault}", _files(version, fault))
    if (labels(engine.client, image) or {}).get(SOURCES) != sources:
        engine.client.images.build(fileobj=_context(base, version, fault, sources), custom_context=True, tag=image, rm=True, forcerm=True)
    return image


def ensure_servers(engine: Engine, instance: Instance, reachable: bool) -> tuple[str, str]:
    """The images of PostgreSQL and Redis: official when they are there or can be pulled, else our own base."""
    chosen = []
    for image in ("postgres:17", "redis:7"):
        if has(engine.client, image) or (reachable and pull(engine.client, image)):
            chosen.append(image)
        else:
            chosen.append(ensure_base(engine, instance))
    return chosen[0], chosen[1]


def ensure_redash(engine: Engine, instance: Instance, version: str, reachable: bool) -> str:
    """The repository of the image that plays Redash: the official one, else the stand-in."""
    official = official_image(version)
    if has(engine.client, official) or (reachable and pull(engine.client, official)):
        return OFFICIAL_REPOSITORY
    if version not in STAND_IN_VERSIONS:
        raise DemoError(
            f"REDASH_VERSION: {official} is not in the container engine and Docker Hub can't be reached;"
            f" the stand-in knows {', '.join(STAND_IN_VERSIONS)}. Choose one of these, or load the image."
        )
    base = ensure_base(engine, instance)
    with step("Building the stand-in images for Redash"):
        for known in STAND_IN_VERSIONS:
            build_stand_in(engine, base, known)
    say(f"  NOTE: Docker Hub can't be reached, and {official} is not here.")
    say(f"  NOTE: a STAND-IN plays Redash: {stand_in_image(version)}. It has the")
    say("  commands, tables, queues and addresses of Redash, and no dashboards.")
    return STAND_IN_REPOSITORY
