# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verbs: from nothing to a Redash that answers, and back."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3

from demo import engine as engines
from demo import images, services, terraform
from demo.dependencies import ensure_collections
from demo.instance import ACCESS_KEY, REGION, ROOT, DemoError, Instance, shut_in
from demo.show import say, step

INVENTORY = "inventories/local"
# The one host in it.
INSTALLATION = "redash-demo"


def run(verb: str) -> None:
    instance = Instance.from_environment(os.environ)
    ensure_collections()
    sys.path.insert(0, str(ROOT / "collections"))
    if verb == "setup":
        try:
            terraform.ensure(os.environ)
        except terraform.NotFetched as error:
            # Most of the tests do without; those that need it say so.
            say(f"  NOTE: {error}")
        say("The virtual environment .venv and the collections are in place.")
        return
    if verb in ("status", "password", "mail"):
        {"status": status, "password": password, "mail": mail}[verb](instance)
        return
    instance.home.mkdir(parents=True, exist_ok=True)
    # The emulated Parameter Store holds its secrets as every AWS does; here that is a file.
    instance.home.chmod(0o700)
    with (instance.home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"another `make demo` is at work in {instance.home}. Wait for it, or set REDASH_DEMO_HOME to another folder."
            ) from None
        {"up": up, "services": only_services, "down": down, "clean": clean}[verb](instance)


def version() -> str:
    return os.environ.get("REDASH_VERSION") or images.DEFAULT_VERSION


def preflight(instance: Instance, wanted: str) -> None:
    """What can be known to fail is said before anything is started, all of it at once."""
    from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
    from ansible_collections.redash.ecs.plugins.module_utils.core.release import release
    from ansible_collections.redash.ecs.plugins.module_utils.terraform import binary, provider

    def check_terraform() -> None:
        terraform.ensure(os.environ)
        provider.find(os.environ, instance.home / "redash" / "terraform", binary.find(os.environ).kind)

    checks: list[Callable[[], object]] = [
        lambda: services.check_port(instance),
        lambda: engines.check(instance),
        lambda: release(wanted),
        check_terraform,
    ]
    found = []
    for check in checks:
        try:
            check()
        except (DemoError, RedashError) as error:
            found.append(str(error))
    if found:
        raise DemoError("\nerror: ".join(found))


@contextlib.contextmanager
def alone_on_this_machine() -> Iterator[None]:
    """What is installed or built here is for every demo on the machine: a second one waits, and finds it there.

    Two at once would take each other's lock of the package lists, and each would build the same image.
    """
    # Not to be led elsewhere by a link that another user has put there.
    path = Path(tempfile.gettempdir()) / f"redash-demo-{os.getuid()}.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise DemoError(f"{path} can't be opened: {error.strerror}. Delete it and rerun.") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("Waiting for another demo on this machine, which prepares what both need"):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def start_engine(instance: Instance) -> engines.Engine:
    engine = engines.ensure(instance)
    problem = engines.unfit(engine)
    if problem:
        raise DemoError(problem)
    say(f"  Container engine: {engine}")
    return engine


def start_services(instance: Instance, engine: engines.Engine, servers: tuple[str, str]) -> None:
    started = services.ensure_servers(engine, instance, *servers)
    if started:
        # Its tasks hold connections to servers, and names of addresses, that are no more.
        services.stop_aws(instance)
    services.ensure_aws(engine, instance)
    # What boto3 finds instead of the person's own configuration (inventories/local).
    (instance.home / "aws_config").write_text(f"[profile redash-demo]\nregion = {REGION}\n")


def only_services(instance: Instance) -> None:
    services.check_port(instance)
    with all_or_nothing(instance):
        with alone_on_this_machine():
            engine = start_engine(instance)
            servers = images.ensure_servers(engine, instance, images.registry_answers())
        start_services(instance, engine, servers)
    say(f"The local AWS answers at {instance.endpoint}, with PostgreSQL and Redis behind it. `make demo-down` stops them.")


def up(instance: Instance) -> None:
    started = time.monotonic()
    wanted = version()
    preflight(instance, wanted)
    with all_or_nothing(instance):
        with alone_on_this_machine():
            engine, reachable = start_engine(instance), images.registry_answers()
            repository = images.ensure_redash(engine, instance, wanted, reachable)
            servers = images.ensure_servers(engine, instance, reachable)
        start_services(instance, engine, servers)
        image = images.official_image(wanted) if repository == images.OFFICIAL_REPOSITORY else images.stand_in_image(wanted)
        # The local inventory reads these: the image, and the repository that has the stand-in of every release.
        (instance.home / "image").write_text(image)
        (instance.home / "image_repository").write_text(repository)

        arguments = ["-e", f"redash_version={wanted}"] if os.environ.get("REDASH_VERSION") else []
        playbook(instance, "site.yml", *arguments)
        playbook(instance, "manage.yml", "-e", 'cmd="groups list"', *arguments)
    farewell(instance, repository, time.monotonic() - started)


@contextlib.contextmanager
def all_or_nothing(instance: Instance) -> Iterator[None]:
    """Stop again what this run started when it fails; what ran before is left alone. State on disk is kept either way."""
    ran = services.aws_pid(instance) is not None
    try:
        yield
    except BaseException:
        if not ran:
            with contextlib.suppress(DemoError):
                stop(instance)
                engines.stop_podman(instance)
        raise


def playbook(instance: Instance, *arguments: str) -> None:
    """Run a playbook as a person would, with its output as it comes."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", INVENTORY, *arguments]
    say(f"\n$ ansible-playbook -i {INVENTORY} {' '.join(arguments)}")
    environment = {
        **shut_in(os.environ),
        **instance.environment,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "VIRTUAL_ENV": sys.prefix,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "1" if sys.stdout.isatty() else "0",
        "PYTHONUNBUFFERED": "1",
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        raise DemoError(f"{arguments[0]} failed (exit code {done.returncode}), its message is above. `make demo` goes on where it stopped.")


def farewell(instance: Instance, repository: str, seconds: float) -> None:
    prefix = " ".join(f"{name}={value}" for name, value in other_instance(instance).items())
    prefix = f"{prefix} " if prefix else ""
    say()
    if repository == images.STAND_IN_REPOSITORY:
        say("  A STAND-IN plays Redash here: the official image could not be had.")
    say(f"  Redash answers at   http://{INSTALLATION}.alb.localhost:{instance.port}/   (after {seconds:.0f} s)")
    # Each line fits a terminal of 80 columns, and the command can be copied whole.
    say(f"  Sign in as          admin@example.com; its password: {prefix}make demo-password")
    say(f"  Stop it             {prefix}make demo-down")
    say("  Go on               docs/first-hour.md")
    say("  Run a command:")
    say(f"  {prefix}.venv/bin/ansible-playbook -i {INVENTORY} manage.yml -e cmd='users list'")


def password(instance: Instance) -> None:
    """Print the administrator's password: asked for by name, and of a Redash that only this machine can reach."""
    if services.aws_pid(instance) is None:
        raise DemoError("the demo does not run. Start it with `make demo`.")
    ssm = boto3.client(
        "ssm", region_name=REGION, endpoint_url=instance.endpoint, aws_access_key_id=ACCESS_KEY, aws_secret_access_key=ACCESS_KEY
    )
    try:
        parameter = ssm.get_parameter(Name=f"/redash/{INSTALLATION}/admin_password", WithDecryption=True)
    except ssm.exceptions.ParameterNotFound:
        raise DemoError("there is no administrator yet. Run `make demo`.") from None
    say(parameter["Parameter"]["Value"])


def mail(instance: Instance) -> None:
    """A mail server beside the demo, until Ctrl-C; the demo goes on working meanwhile."""
    from demo.mail import server, until_interrupted

    engine = engines.find(instance)
    if engine is None or services.aws_pid(instance) is None:
        raise DemoError("the demo does not run. Start it with `make demo`.")
    if engine.rootless:
        raise DemoError(
            "containers run rootless here, so that they can't reach a mail server of yours. Run the demo as root for `make demo-mail`."
        )
    with server(instance.home, services.gateway(engine, instance)) as variables:
        prefix = "".join(f"{name}={value} " for name, value in other_instance(instance).items())
        say("  A mail server takes what this demo sends, and shows it here. Ctrl-C ends it.")
        say("  In another terminal, apply it and prove it:")
        shown = variables.relative_to(ROOT) if variables.is_relative_to(ROOT) else variables
        say(f"  {prefix}.venv/bin/ansible-playbook -i {INVENTORY} mail.yml -e @{shown}")
        until_interrupted()
    with contextlib.suppress(OSError):  # a terminal that was closed takes no last words
        say("\n  The mail server has ended; Redash in the demo still knows it until the next site.yml.")


def other_instance(instance: Instance) -> dict[str, str]:
    """The variables that a person must repeat to reach this demo and not the default one."""
    return {name: value for name, value in instance.environment.items() if os.environ.get(name)}


def down(instance: Instance) -> None:
    stop(instance)
    say("The demo is stopped. What it holds is kept: `make demo` brings it back, `make demo-clean` deletes it.")


def stop(instance: Instance) -> engines.Engine | None:
    engine = engines.find(instance)
    if engine is None and services.aws_pid(instance) is None and not engines.was_started(instance):
        return None
    if engine is None:
        # Our own Podman service ended; its containers may still run.
        engine = engines.ensure(instance)
    with step("Stopping the local AWS"):
        services.stop_aws(instance)
    with step("Stopping the containers"):
        services.remove_containers(engine, instance)
        services.remove_network(engine, instance)
    return engine


def clean(instance: Instance) -> None:
    engine = stop(instance) or engines.find(instance)
    if engine is not None:
        services.remove_volume(engine, instance)
    kept = images.built_here(engine.client) if engine is not None else []
    program = "podman" if engine is not None and engine.is_podman else "docker"
    engines.stop_podman(instance)
    shutil.rmtree(instance.home, ignore_errors=True)
    say("The demo and what it held are gone.")
    if kept:
        # A Podman that the demo started has ended; a command of its own reads the same store.
        say("Its images stay in the container engine, so that the next `make demo` is quick:")
        for name in kept:
            say(f"  {name}")
        say(f"Delete them with: {program} rmi {' '.join(kept)}")


def status(instance: Instance) -> None:
    engine = engines.find(instance)
    pid = services.aws_pid(instance)
    say(f"Home              {instance.home}")
    say(f"Container engine  {f'{engine}, {engine.url}' if engine else 'none runs'}")
    say(f"Local AWS         {f'{instance.endpoint}, process {pid}' if pid else 'not running'}")
    for item in services.ours(engine, instance) if engine else []:
        say(f"Container         {item.attrs['Names'][0].lstrip('/')}: {item.attrs['Status']}")
