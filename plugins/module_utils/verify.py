# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_ecs_verify: look at an installation, and at what an upgrade of it needs, without touching it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils import key_guard, registry
from ansible_collections.redash.ecs.plugins.module_utils.aws import autoscaling, installation, preflight
from ansible_collections.redash.ecs.plugins.module_utils.aws.secret_store import open_store
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import given_releases, upgrade
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.key_safety import KEY, Way, decide
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES
from ansible_collections.redash.ecs.plugins.module_utils.core.secrets import Stored

# What the steps of an upgrade call.
UPGRADE_ACTIONS = (
    "ecs:RegisterTaskDefinition",
    "ecs:DeregisterTaskDefinition",
    "ecs:CreateService",
    "ecs:UpdateService",
    "ecs:DeleteService",
    "ecs:RunTask",
    "ecs:DescribeTasks",
    "iam:PassRole",
    "logs:GetLogEvents",
    "application-autoscaling:RegisterScalableTarget",
    "rds:CreateDBClusterSnapshot",
    "rds:AddTagsToResource",
    "rds:DescribeDBClusterSnapshots",
    "ssm:PutParameter",
    "ssm:DeleteParameter",
    "ssm:GetParametersByPath",
)

# Words that name no release: what they mean changes while nobody looks.
UNNAMEABLE = ("latest", "preview", "nightly", "stable", "master", "main")


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Look, and raise RedashError with every problem found; else return what runs."""
    given_releases.read(params["releases"])
    problems = Problems()
    notes: list[str] = []
    _wanted_version(params, problems)
    running = _running(params, context, problems)
    definitions = running.pop("definitions", [])
    if params["release"] and running["services"] and running["version"] not in ("", params["release"]):
        problems.add(
            f"{params['name']} runs {running['version']}, not {params['release']}",
            where="redash_version",
            todo=f"To come to it: upgrade.yml -e redash_version={params['release']}. Else set redash_version: {running['version']}.",
        )
    if running["services"]:
        _checks(params, context, running, definitions, problems, notes)
    for note in notes:
        context.report(note)
    problems.raise_if_any()
    key_to_store = running.pop("key_to_store", False)
    image = _image(params) if params["to_version"] else ""
    queues = list(given_releases.expected(params["release"], params["releases"]).queues) if params["release"] else []
    return {"changed": False, "running": running, "notes": notes, "image": image, "key_to_store": key_to_store, "queues": queues}


def _wanted_version(params: dict[str, Any], problems: Problems) -> None:
    version, image = params["to_version"], params["image"]
    if not version:
        return
    # An image with neither tag nor digest is the one that is tagged "latest".
    if version.lower() in UNNAMEABLE or registry.tag_of(image).lower() in UNNAMEABLE or (image and not registry.is_named(image)):
        problems.add(
            f"{version if version.lower() in UNNAMEABLE else image} names no release, and an upgrade must be nameable",
            where="redash_version" if version.lower() in UNNAMEABLE else "redash_image",
            todo=f"Known: {', '.join(RELEASES)}.",
        )
        return
    try:
        given_releases.expected(version, params["releases"])
        given_releases.right_image(_image(params), version, params["releases"])
    except RedashError as error:
        problems.extend(error)


def _image(params: dict[str, Any]) -> str:
    return str(params["image"] or given_releases.expected(params["to_version"], params["releases"]).image)


def _running(params: dict[str, Any], context: Context, problems: Problems) -> dict[str, Any]:
    """What the installation runs now."""
    ecs, cluster, name = context.client("ecs"), params["cluster"], params["name"]
    services = installation.services(ecs, cluster, name)
    if not services:
        problems.add(f"no service {name} or {name}-... in cluster {cluster}: it was never set up", where=name, todo="Run site.yml first.")
        return {"services": {}}
    definitions = []
    for service in services:
        definition = installation.task_definition(ecs, service["taskDefinition"])
        if definition:
            definitions.append(definition)
    # The one that fits what runs: a site.yml that failed has registered a newer one, with other settings or of another release.
    runner = installation.task_definition(ecs, installation.newest_runner(ecs, name, definitions) or f"{name}-task-runner")
    if runner is None:
        problems.add("has no task definition", where=f"{name}-task-runner", todo="Run site.yml with the version that runs now first.")
    else:
        definitions.append(runner)
    images = sorted({image for definition in definitions for image in installation.images(definition)})
    running = {image for definition in definitions if definition is not runner for image in installation.images(definition)}
    versions = {version_of(image, params["releases"]) for image in running}
    return {
        "services": {
            service["serviceName"]: {
                "desired_count": service["desiredCount"],
                "running_count": service["runningCount"],
                "task_definition": service["taskDefinition"],
                "deployment_configuration": _percents(service),
            }
            for service in services
        },
        "task_runner": runner["taskDefinitionArn"] if runner else "",
        "images": images,
        # By the tag; empty for an image of one's own, or in the middle of a deployment.
        "version": versions.pop() if len(versions) == 1 else "",
        "autoscaling": autoscaling.suspended(context.client("application-autoscaling"), cluster, [one["serviceName"] for one in services]),
        "definitions": definitions,
    }


def _percents(service: Mapping[str, Any]) -> dict[str, int]:
    """Whether a service's old tasks end before the new ones start, as its scheduler may need it: the way back puts that back, too."""
    deployment = service.get("deploymentConfiguration") or {}
    names = {"minimum_healthy_percent": "minimumHealthyPercent", "maximum_percent": "maximumPercent"}
    return {ours: deployment[theirs] for ours, theirs in names.items() if theirs in deployment}


def version_of(image: str, releases: Mapping[str, Any] | None = None) -> str:
    """The release by the image's tag: the official one, or one that begins with the release's number."""
    return given_releases.told(image, releases)


def _checks(
    params: dict[str, Any],
    context: Context,
    running: dict[str, Any],
    definitions: list[dict[str, Any]],
    problems: Problems,
    notes: list[str],
) -> None:
    in_use = preflight.all_of(definitions, installation.secrets)
    by_reference = ["REDASH_COOKIE_SECRET"]
    if params["prefix"] and params["check_key"]:
        running["key_to_store"] = _key(params, context, running["services"], problems)
        in_use.pop(KEY, None)
    else:
        by_reference.append(KEY)
    if params["prefix"] and not params["check_key"]:
        _rotation(params, context, running["services"], problems)
    for variable in by_reference:
        held = {installation.secrets(one).get(variable) for one in definitions}
        if len(held) > 1:
            problems.add(
                f"containers use different ones: {', '.join(sorted(str(one) for one in held))}",
                where=variable,
                todo="Run site.yml with the version that runs now.",
            )
    preflight.check_secrets(context, in_use, problems)
    if params["kms_key_id"]:
        preflight.check_key(context.client("kms"), params["kms_key_id"], problems)
    try:
        goal = given_releases.expected(params["to_version"], params["releases"]) if params["to_version"] else None
    except RedashError:  # said already
        return
    if goal is None:
        return
    notes += upgrade.assumptions(params["to_version"], params["releases"])
    if running["version"]:
        try:
            upgrade.next_hop(running["version"], params["to_version"], goal)
        except RedashError as error:
            problems.extend(error)
    preflight.check_image(lambda region: context.client("ecr"), _image(params), params["cpu_architecture"], problems, notes)
    _new_secrets(params, context, problems)
    if params["database_cluster"]:
        arn = preflight.check_database(context.client("rds"), params["database_cluster"], problems)
        if arn:
            preflight.check_snapshot_right(context.client("sts"), context.client("iam"), arn, params["name"], problems)
    preflight.check_rights(context.client("sts"), context.client("iam"), UPGRADE_ACTIONS, problems, notes)


def _new_secrets(params: dict[str, Any], context: Context, problems: Problems) -> None:
    """Secrets that the new release's containers are to get and that nobody has stored: tasks that refer to them could not start.

    An upgrade does not store them itself, because the execution role has to be allowed to read each as well, which Terraform sees to.
    """
    if not params["secrets"]:
        return
    try:
        stored = open_store(params["store"], context).read(params["prefix"], params["secrets"], decrypt=True)
    except RedashError as error:
        problems.extend(error)
        return
    for name in params["secrets"]:
        if name not in stored:
            problems.add(
                "is new in the inventory and not in the secret store yet",
                where=f"{params['prefix']}/{name}",
                todo="Run site.yml with the version that runs now first; an upgrade changes one thing at a time.",
            )


def _rotation(params: dict[str, Any], context: Context, services: Iterable[str], problems: Problems) -> None:
    """A problem while a rotation is unfinished after which the data, or the database, may want either value."""
    try:
        store = open_store(params["store"], context)
        stored = store.read(params["prefix"], list(key_guard.EITHER), decrypt=False)
        key_guard.refuse_while_rotating(_containers(params, context, services), store, params["prefix"], stored, context)
    except RedashError as error:
        problems.extend(error)


def _containers(params: dict[str, Any], context: Context, services: Iterable[str]) -> list[dict[str, Any]]:
    runner = f"{params['name']}-task-runner"
    return key_guard.containers({"cluster": params["cluster"], "services": services, "task_definitions": [runner]}, context)


def _key(params: dict[str, Any], context: Context, services: Iterable[str], problems: Problems) -> bool:
    """Whether the encryption key in use has yet to be put into the secret store; a problem where another one would be used."""
    try:
        containers = _containers(params, context, services)
        given = params["encryption_key"] or None
        store = open_store(params["store"], context)
        stored = store.read(params["prefix"], ["secret_key", *key_guard.EITHER], decrypt=True)
        key_guard.refuse_while_rotating(containers, store, params["prefix"], stored, context)
        # A secret that was deleted: the person who read the key from a running container gives it.
        known = stored if "secret_key" in stored or given is None else {"secret_key": Stored(version=0, arn="", value=given)}
        in_use = key_guard.in_use(containers, store, params["prefix"], known, context)
        decision = decide("upgrade", given=given, stored=stored["secret_key"].value if "secret_key" in stored else None, in_use=in_use)
    except RedashError as error:
        problems.extend(error)
        return False
    if decision.way is Way.STOP:
        problems.add(decision.why, where=f"{params['prefix']}/secret_key", todo=decision.todo)
    return decision.way is Way.STORE
