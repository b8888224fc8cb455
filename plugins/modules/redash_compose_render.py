#!/usr/bin/python
# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: redash_compose_render
version_added: 0.1.0
short_description: Render Redash's official compose file for ECS Fargate
description:
  - Reads the official compose file of a Redash release and writes what ECS needs - Compose files, ecs-params files and an env file
    that a person can read, diff and hand to C(ecs-cli) or to M(redash.ecs.redash_ecs_task_definition).
  - PostgreSQL, Redis and nginx are left out, as AWS's services take their place, and so is what has no meaning on Fargate. Logging,
    secrets, health checks, sizes, network and roles are added.
  - It is checked that every queue of the release has a worker, that there is exactly one scheduler, and that the processes fit into
    the task's memory. Everything that is wrong is said at once, and nothing is written then.
  - Files are written only where they change. A file in I(dest) that this module did not write is never touched.
author:
  - The redash.ecs authors (@redash-ecs)
requirements:
  - PyYAML
attributes:
  check_mode:
    support: full
    details: Says what would change and writes nothing. A source given by URL is read all the same.
  diff_mode:
    support: full
    details: Shows each file before and after. No secret stands in any of them.
options:
  version:
    description: The Redash release, such as V(25.8.0).
    type: str
    required: true
  image:
    description: The image to run. By default the source's, or else the official one of the release.
    type: str
  releases:
    description:
      - Releases that the collection's table lacks, by version. Each is a mapping of facts such as C(queues), C(alembic_head),
        C(python), C(rq_scheduler) and C(commands).
      - Facts that are not given are taken from the release under C(like), by default the newest one of the table before it.
    type: dict
    default: {}
  source:
    description:
      - V(builtin) for what the collection itself knows of the release; otherwise the path or the URL of an official compose file, or
        of one that was made from it.
    type: str
    default: builtin
  source_checksum:
    description: The SHA-256 of the source, as 64 hexadecimal digits or V(sha256:<digits>). Required where I(source) is a URL.
    type: str
  topology:
    description:
      - V(consolidated) is one task with server, scheduler and, on RQ releases (from 9), one worker on every queue. On Celery releases
        (up to 8) the scheduler works on every queue.
      - V(split) is a task definition and a service for each service of the source, so that workers scale alone.
    type: str
    choices: [consolidated, split]
    default: consolidated
  name:
    description: The installation's name. Families and services are named after it.
    type: str
    required: true
  region:
    description: The AWS region of the log group.
    type: str
    required: true
  log_group:
    description: The CloudWatch log group. A stream is named C(<container>/<container>/<task ID>).
    type: str
    required: true
  execution_role_arn:
    description: The role with which ECS pulls the image, reads the secrets and writes the logs.
    type: str
    required: true
  task_role_arn:
    description: The role that Redash itself has, if any.
    type: str
  subnets:
    description: IDs of the subnets.
    type: list
    elements: str
    required: true
  security_groups:
    description: IDs of the security groups.
    type: list
    elements: str
    default: []
  assign_public_ip:
    description: Whether tasks get a public address. V(ENABLED) where there is no NAT gateway.
    type: str
    choices: [ENABLED, DISABLED]
    default: DISABLED
  settings:
    description:
      - Redash's settings (C(REDASH_*) and others) that are not secret. Every container gets them.
      - One without a value is left out, since Redash crashes on an empty one. One that is a secret by its name or value is refused.
      - A name that no known release reads, and a value that ends Redash at start, are refused as well. No refusal shows a value.
    type: dict
    default: {}
  https:
    description:
      - Whether people reach this Redash by HTTPS. Then C(REDASH_ENFORCE_HTTPS), C(REDASH_COOKIES_SECURE) and C(REDASH_HSTS_ENABLED) are on,
        and C(REDASH_HSTS_MAX_AGE) is a day, as far as the release reads them. What O(settings) says of them wins.
      - Left out, the scheme of C(REDASH_HOST) in O(settings) decides.
    type: bool
  settings_unknown:
    description:
      - V(refuse) refuses a name beginning with C(REDASH_) that no known release reads, with the likely one. V(allow) writes it.
      - Where O(version) is a release that the collection does not know, such a name is written.
    type: str
    choices: [refuse, allow]
    default: refuse
  secrets:
    description:
      - Environment variable to the name or ARN of the parameter (or Secrets Manager secret) that holds its value, for every container.
      - C(REDASH_COOKIE_SECRET), C(REDASH_SECRET_KEY), C(REDASH_DATABASE_URL) and C(REDASH_REDIS_URL) must be among them.
    type: dict
    required: true
  task_runner_secrets:
    description: The same, for the task runner alone, beside I(secrets).
    type: dict
    default: {}
  task_size:
    description: CPU units and MiB (or C(1 vCPU) and C(2GB)) of the one task. For O(topology=consolidated).
    type: dict
    default: {cpu: 2048, memory: 4096}
  task_runner_size:
    description: The same, for each one-off task.
    type: dict
    default: {cpu: 512, memory: 1024}
  service_sizes:
    description:
      - Service name to C(cpu), C(memory) and C(desired_count) (1). For O(topology=split).
      - By default a server and a worker have 512 CPU units and 2048 MiB, the scheduler 256 and 1024.
    type: dict
    default: {}
  workers:
    description:
      - Service name to the number of its processes, over what the source says - gunicorn workers of a server, worker processes of any
        other. With O(topology=consolidated) the services are V(server) and V(worker) (on Celery V(server) and V(scheduler)), and
        the latter has two processes by default.
    type: dict
    default: {}
  cpu_architecture:
    description: The tasks' CPU architecture. V(ARM64) is not known to C(ecs-cli).
    type: str
    choices: [X86_64, ARM64]
    default: X86_64
  override_files:
    description:
      - Compose files of your own, merged over the generated ones by Compose's own rules. Each belongs to the task definition whose
        service it names, and begins with C(version) V("3"), as the generated ones do.
    type: list
    elements: path
    default: []
  dest:
    description: The folder to write to; made if it is missing.
    type: path
    required: true
  mode:
    description: The files' mode.
    type: raw
    default: "0644"
seealso:
  - module: redash.ecs.redash_ecs_task_definition
extends_documentation_fragment:
  - redash.ecs.attributes
"""

EXAMPLES = r"""
- name: Render Redash 25.8.0 for ECS
  redash.ecs.redash_compose_render:
    version: 25.8.0
    name: redash-prod
    region: ap-northeast-1
    log_group: /redash/redash-prod
    execution_role_arn: arn:aws:iam::123456789012:role/redash-prod-execution
    subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    security_groups: [sg-0123456789abcdef0]
    settings:
      REDASH_HOST: https://redash.example.com
    secrets:
      REDASH_COOKIE_SECRET: /redash/redash-prod/cookie_secret
      REDASH_SECRET_KEY: /redash/redash-prod/secret_key
      REDASH_DATABASE_URL: /redash/redash-prod/database_url
      REDASH_REDIS_URL: /redash/redash-prod/redis_url
    task_runner_secrets:
      REDASH_ADMIN_PASSWORD: /redash/redash-prod/admin_password
    dest: "{{ playbook_dir }}/compose"

- name: The same from a file of upstream's, each service for itself, with more workers for queries
  redash.ecs.redash_compose_render:
    version: 25.8.0
    source: "{{ playbook_dir }}/files/compose.yaml"
    topology: split
    workers:
      adhoc_worker: 4
    service_sizes:
      adhoc_worker: {cpu: 1024, memory: 2048, desired_count: 3}
    name: redash-prod
    region: ap-northeast-1
    log_group: /redash/redash-prod
    execution_role_arn: arn:aws:iam::123456789012:role/redash-prod-execution
    subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
    security_groups: [sg-0123456789abcdef0]
    secrets:
      REDASH_COOKIE_SECRET: /redash/redash-prod/cookie_secret
      REDASH_SECRET_KEY: /redash/redash-prod/secret_key
      REDASH_DATABASE_URL: /redash/redash-prod/database_url
      REDASH_REDIS_URL: /redash/redash-prod/redis_url
    dest: "{{ playbook_dir }}/compose"
"""

RETURN = r"""
files:
  description: The paths of all rendered files, changed or not.
  returned: success
  type: list
  elements: str
  sample: [/srv/compose/docker-compose.yml, /srv/compose/ecs-params.yml]
changed_files:
  description: Those that were written or removed (in check mode - would be).
  returned: success
  type: list
  elements: str
contents:
  description: The rendered texts by path, for M(redash.ecs.redash_ecs_task_definition).
  returned: in check mode
  type: dict
services:
  description: One entry for each ECS service and its task definition.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the ECS service.
      type: str
    family:
      description: The family of the task definition; the project name for C(ecs-cli).
      type: str
    compose_files:
      description: The Compose files, those of your own last.
      type: list
      elements: str
    ecs_params:
      description: The ecs-params file.
      type: str
    containers:
      description: The containers' names.
      type: list
      elements: str
    load_balancer:
      description: C(container_name) and C(container_port) of the load balancer's target; null where there is none.
      type: dict
    queues:
      description: The queues that this service consumes.
      type: list
      elements: str
    desired_count:
      description: How many tasks.
      type: int
    has_scheduler:
      description: Whether the one scheduler is in it, so that there must never be two of its tasks.
      type: bool
    deployment_configuration:
      description:
        - C(minimum_healthy_percent) and C(maximum_percent). 0 and 100 where the old scheduler must have ended before the new one starts.
      type: dict
task_runner:
  description: C(family), C(compose_files), C(ecs_params) and C(container) of the task definition for one-off commands.
  returned: success
  type: dict
image:
  description: The image that runs.
  returned: success
  type: str
  sample: redash/redash:25.8.0
release:
  description: What the collection knows of the release and playbooks need.
  returned: success
  type: dict
  contains:
    version:
      description: The version.
      type: str
    queue_system:
      description: V(celery) or V(rq).
      type: str
    queues:
      description: Every queue of the release.
      type: list
      elements: str
    alembic_head:
      description: The schema's revision after C(db upgrade); null where it is not known.
      type: str
    create_db:
      description: The container command that makes the tables.
      type: list
      elements: str
    db_upgrade:
      description: The container command that migrates the database.
      type: list
      elements: str
    commands:
      description: Manage commands that this release spells differently from their name with underscores.
      type: dict
left_out:
  description: What of the source has no place on ECS, in words.
  returned: success
  type: list
  elements: str
unread_settings:
  description: Settings that this release of Redash does not read, a line each, also given as warnings.
  returned: success
  type: list
  elements: str
omitted_settings:
  description: Settings that have no value and therefore are not written.
  returned: success
  type: list
  elements: str
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url

from ansible_collections.redash.ecs.plugins.module_utils.core.addresses import shown_address
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.redash_settings import shown
from ansible_collections.redash.ecs.plugins.module_utils.core.release import Release
from ansible_collections.redash.ecs.plugins.module_utils.core.render import HEADER, Options, Override, Rendering, render

ARGUMENT_SPEC: dict[str, Any] = {
    "version": {"type": "str", "required": True},
    "image": {"type": "str"},
    "source": {"type": "str", "default": "builtin"},
    "source_checksum": {"type": "str"},
    "topology": {"type": "str", "choices": ["consolidated", "split"], "default": "consolidated"},
    "name": {"type": "str", "required": True},
    "region": {"type": "str", "required": True},
    "log_group": {"type": "str", "required": True},
    "execution_role_arn": {"type": "str", "required": True},
    "task_role_arn": {"type": "str"},
    "subnets": {"type": "list", "elements": "str", "required": True},
    "security_groups": {"type": "list", "elements": "str", "default": []},
    "assign_public_ip": {"type": "str", "choices": ["ENABLED", "DISABLED"], "default": "DISABLED"},
    "settings": {"type": "dict", "default": {}},
    "https": {"type": "bool"},
    "settings_unknown": {"type": "str", "choices": ["refuse", "allow"], "default": "refuse"},
    # References to secrets, none of them a secret itself.
    "secrets": {"type": "dict", "required": True, "no_log": False},
    "task_runner_secrets": {"type": "dict", "default": {}, "no_log": False},
    "task_size": {"type": "dict", "default": {"cpu": 2048, "memory": 4096}},
    "task_runner_size": {"type": "dict", "default": {"cpu": 512, "memory": 1024}},
    "service_sizes": {"type": "dict", "default": {}},
    "workers": {"type": "dict", "default": {}},
    "cpu_architecture": {"type": "str", "choices": ["X86_64", "ARM64"], "default": "X86_64"},
    "override_files": {"type": "list", "elements": "path", "default": []},
    "releases": {"type": "dict", "default": {}},
    "dest": {"type": "path", "required": True},
    "mode": {"type": "raw", "default": "0644"},
}

# Names that a rendering of any topology may have; only such files are ever looked at for removal.
OURS = re.compile(r"docker-compose(-[\w-]+)?\.yml|ecs-params(-[\w-]+)?\.yml|env")


def is_ours(text: str) -> bool:
    return text.partition("\n")[0] == HEADER


def read_source(source: str, checksum: str | None) -> tuple[str | None, str]:
    """The source's text (None for the one built in) and its name for messages and for the files.

    The name is a URL without its credentials, or a file's own name: a path would make the files differ between two machines.
    """
    if source == "builtin":
        return None, "built in"
    if re.match(r"https?://", source):
        name = place = shown_address(source)
        if not checksum:
            raise RedashError(Problem("source is a URL, and no checksum is given", place, "Give the file's SHA-256 as source_checksum."))
        try:
            content = open_url(source, timeout=30, http_agent="redash.ecs").read()
        except Exception as error:  # urllib's errors have no common base but OSError and ValueError, and more pass through
            # An error may quote a part of the address: nonnumeric port: 'password@host'.
            what = str(error) if place == source else told(error)
            raise RedashError(Problem(f"cannot be read: {what}", place, "Check the address, or use builtin or a path.")) from error
    else:
        name, place = Path(source).name, source
        content = read_file(source)
    if checksum:
        actual = hashlib.sha256(content).hexdigest()
        if checksum.lower().removeprefix("sha256:") != actual:
            raise RedashError(
                Problem(f"has the SHA-256 {actual}, not {checksum}", place, "Look at what changed in it, then give the new checksum.")
            )
    return decode(content, place), name


def told(error: Exception) -> str:
    """What ``error`` of an address with credentials says without quoting the address: its status, what the system said, or its kind."""
    if isinstance(error, HTTPError):
        return f"HTTP status {error.code}"
    reason = getattr(error, "reason", error)
    return (isinstance(reason, OSError) and reason.strerror) or type(error).__name__


def read_file(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise RedashError(Problem(f"cannot be read: {error.strerror}", path)) from error


def decode(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RedashError(Problem(f"is not UTF-8 (byte {error.start})", name)) from None


def file_mode(mode: str | int) -> int:
    if isinstance(mode, int):
        return mode
    if re.fullmatch(r"0?[0-7]{3}", mode):
        return int(mode, 8)
    raise RedashError(Problem(f"{mode!r} is not a file mode", "mode", 'Write it as "0644".'))


def render_from(params: dict[str, Any]) -> Rendering:
    """What the module's options ask for. Raises RedashError with what is wrong in all of its inputs."""
    problems = Problems()
    text, name = None, ""
    try:
        text, name = read_source(params["source"], params["source_checksum"])
    except RedashError as error:
        problems.extend(error)
    overrides = []
    for path in params["override_files"]:
        try:
            overrides.append(Override(path, decode(read_file(path), path)))
        except RedashError as error:
            problems.extend(error)
    problems.raise_if_any()
    own = ("source", "source_checksum", "override_files", "dest", "mode")
    options = Options(overrides=overrides, **{key: value for key, value in params.items() if key not in own})
    return render(options, text, name)


def write(path: Path, text: str, mode: int) -> None:
    """Write whole or not at all. Killed in between, the next run writes over what is left."""
    new = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    new.chmod(mode)
    new.replace(path)


def current_files(dest: Path) -> dict[str, str]:
    """What lies in ``dest`` under names that a rendering uses."""
    if not dest.is_dir():
        return {}
    return {
        path.name: path.read_text("utf-8", "replace") for path in sorted(dest.iterdir()) if OURS.fullmatch(path.name) and path.is_file()
    }


def put(rendering: Rendering, dest: Path, mode: int, check_mode: bool) -> dict[str, Any]:
    """Bring ``dest`` to ``rendering``; the result's ``changed``, ``changed_files`` and ``diff``."""
    try:
        before = current_files(dest)
        foreign = [name for name in rendering.files if name in before and not is_ours(before[name])]
        if foreign:
            todo = "Move it away; your own additions go into redash_compose_overrides."
            raise RedashError([Problem("exists and was not written by this module", str(dest / name), todo) for name in foreign])
        stale = [name for name, text in before.items() if name not in rendering.files and is_ours(text)]
        written = [name for name, text in rendering.files.items() if before.get(name) != text]
        remoded = [name for name in rendering.files if name in before and (dest / name).stat().st_mode & 0o7777 != mode]
        if not check_mode:
            dest.mkdir(parents=True, exist_ok=True)
            for name in dict.fromkeys((*written, *remoded)):
                write(dest / name, rendering.files[name], mode)
            for name in stale:
                (dest / name).unlink()
    except OSError as error:
        raise RedashError(Problem(f"cannot be written: {error.strerror}", str(error.filename or dest))) from error
    changed = list(dict.fromkeys((*written, *remoded, *stale)))
    return {
        "changed": bool(changed),
        "changed_files": [str(dest / name) for name in changed],
        "diff": [
            {
                "before_header": str(dest / name),
                "after_header": str(dest / name),
                "before": before.get(name, ""),
                "after": rendering.files.get(name, ""),
            }
            for name in (*written, *stale)
        ],
    }


def release_facts(release: Release) -> dict[str, Any]:
    return {
        "version": release.version,
        "queue_system": release.queue_system,
        "queues": list(release.queues),
        "alembic_head": release.alembic_head,
        "create_db": list(release.create_db),
        "db_upgrade": list(release.db_upgrade),
        "commands": dict(release.commands),
    }


def with_paths(entry: dict[str, Any], dest: Path) -> dict[str, Any]:
    """A service or the task runner, its file names as paths. An absolute one (an override) stays what it is."""
    return {
        **entry,
        "compose_files": [str(dest / name) for name in entry["compose_files"]],
        "ecs_params": str(dest / entry["ecs_params"]),
    }


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    mode = file_mode(params["mode"])
    dest = Path(params["dest"]).absolute()
    params = {**params, "override_files": [str(Path(path).absolute()) for path in params["override_files"]]}
    rendering = render_from(params)
    return {
        **put(rendering, dest, mode, check_mode),
        "files": [str(dest / name) for name in rendering.files],
        "services": [with_paths(service, dest) for service in rendering.services],
        "task_runner": with_paths(rendering.task_runner, dest),
        "image": rendering.image,
        "release": release_facts(rendering.release),
        "left_out": list(rendering.left_out),
        "omitted_settings": list(rendering.omitted),
        "unread_settings": list(rendering.unread),
        **({"contents": {str(dest / name): text for name, text in rendering.files.items()}} if check_mode else {}),
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    # Ansible shows a module's options at -vvv.
    options = {**module.params, "source": shown_address(module.params["source"])}
    try:
        result = run(dict(module.params), bool(module.check_mode))
    except RedashError as error:
        module.fail_json(msg=str(error), invocation={"module_args": {**options, "settings": shown(options["settings"])}})
    for line in result["unread_settings"]:
        module.warn(line)
    module.exit_json(**result, invocation={"module_args": options})


if __name__ == "__main__":
    main()
