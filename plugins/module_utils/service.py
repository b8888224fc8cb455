# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_ecs_service: bring one service to what is asked for and see it through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils import failures
from ansible_collections.redash.ecs.plugins.module_utils.aws import services
from ansible_collections.redash.ecs.plugins.module_utils.context import Context, Interrupted
from ansible_collections.redash.ecs.plugins.module_utils.core import service as core
from ansible_collections.redash.ecs.plugins.module_utils.core.deployment import SETTLE, Snapshot, State, Verdict, Watch, primary_of
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

# Seconds between looks. Each look is four to six calls; AWS lets an account make twenty a second of each.
INTERVAL = 3.0
# Seconds without a line after which one says what is waited for: soon the first time, then once a minute, as of Terraform.
FIRST_PROGRESS = 20
NEXT_PROGRESS = 60
LOG_LINES = 20
# Looks in which the deployment's own record is searched for. There is none on MiniStack, nor without the right to read it.
RECORD_LOOKS = 5

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "cluster": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "task_definition": {"type": "str"},
    "desired_count": {"type": "int"},
    "subnets": {"type": "list", "elements": "str"},
    "security_groups": {"type": "list", "elements": "str"},
    "assign_public_ip": {"type": "str", "choices": ["ENABLED", "DISABLED"]},
    "load_balancers": {
        "type": "list",
        "elements": "dict",
        "options": {
            "target_group_arn": {"type": "str", "required": True},
            "container_name": {"type": "str", "required": True},
            "container_port": {"type": "int", "required": True},
        },
    },
    "health_check_grace_period_seconds": {"type": "int"},
    "deployment_configuration": {
        "type": "dict",
        "options": {
            "minimum_healthy_percent": {"type": "int"},
            "maximum_percent": {"type": "int"},
            "deployment_circuit_breaker": {
                "type": "dict",
                "aliases": ["circuit_breaker"],
                "options": {"enable": {"type": "bool", "required": True}, "rollback": {"type": "bool", "required": True}},
            },
            "alarms": {
                "type": "dict",
                "options": {
                    "alarm_names": {"type": "list", "elements": "str", "required": True},
                    "enable": {"type": "bool", "default": True},
                    "rollback": {"type": "bool", "default": True},
                },
            },
        },
    },
    "platform_version": {"type": "str"},
    "launch_type": {"type": "str", "choices": ["FARGATE", "EC2"]},
    "capacity_provider_strategy": {
        "type": "list",
        "elements": "dict",
        "options": {
            "capacity_provider": {"type": "str", "required": True},
            "weight": {"type": "int", "default": 0},
            "base": {"type": "int", "default": 0},
        },
    },
    "enable_execute_command": {"type": "bool"},
    "enable_ecs_managed_tags": {"type": "bool"},
    "propagate_tags": {"type": "str", "choices": ["TASK_DEFINITION", "SERVICE", "NONE"]},
    "availability_zone_rebalancing": {"type": "str", "choices": ["ENABLED", "DISABLED"]},
    "tags": {"type": "dict"},
    "purge_tags": {"type": "bool", "default": True},
    "force_new_deployment": {"type": "bool", "default": False},
    "redeploy_after": {"type": "float"},
    "restart_failed_deployment": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 900},
    "stream": {"type": "bool", "default": True},
}
SPECIFICATION: dict[str, Any] = {
    "argument_spec": ARGUMENT_SPEC,
    "mutually_exclusive": [("launch_type", "capacity_provider_strategy")],
    "required_if": [("state", "present", ["task_definition"])],
}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Create, update or delete the service.

    Returns ``changed``, ``differences`` (one line for each drifted field), ``service`` and ``diff``.
    Raises RedashError when it can't be brought there, or did not become steady in time.
    """
    ecs = context.client("ecs")
    if params["state"] == "absent":
        return _absent(params, context, ecs)
    # Check mode comes by before cluster and task definition are made: then both would be there by now.
    existing = services.describe(ecs, params["cluster"], params["name"], cluster_may_lack=context.check_mode)
    task_definition = services.full_task_definition(ecs, params["task_definition"])
    if task_definition is None and not context.check_mode:
        raise RedashError(Problem("there is no such task definition", params["task_definition"], "Register it first."))
    params = {**params, "task_definition": task_definition or params["task_definition"]}
    if existing is not None and existing["status"] == "DRAINING":
        # Deleted, with tasks still stopping: ECS takes no new service of that name before they have.
        if not context.check_mode:
            _wait_until_gone(params, context, ecs)
        existing = None
    if existing is not None and core.is_outdated(params["redeploy_after"], primary_of(existing)):
        context.report("a secret was changed after its containers started: they are replaced")
        params = {**params, "force_new_deployment": True}
    if existing is not None and params["restart_failed_deployment"] and core.gave_up(params, existing, primary_of(existing)):
        context.report("ECS gave the newest deployment up and starts no more tasks of it: it is begun anew")
        params = {**params, "force_new_deployment": True}
    if existing is None:
        core.check(params, None)
        result = _result(params, context, {}, core.wanted(params), ["the service does not exist"])
        if context.check_mode:
            return result
        try:
            service = services.create(ecs, core.create_request(params))
        except services.AlreadyExists:
            existing = services.describe(ecs, params["cluster"], params["name"])
            if existing is None:
                raise RedashError(
                    Problem("somebody else makes and deletes it at this moment", f"service {params['name']}", "Rerun.")
                ) from None
        else:
            context.report(f"created {services.name_of(service)}")
            return _see_through(params, context, ecs, service, None, {**result, "service": _account(service)})
    return _update(params, context, ecs, existing)


def _update(params: dict[str, Any], context: Context, ecs: Any, existing: dict[str, Any]) -> dict[str, Any]:
    core.check(params, existing)
    drift = core.drift(params, existing)
    before = {difference.field: difference.before for difference in drift}
    after = {difference.field: difference.after for difference in drift}
    result = _result(params, context, before, after, [str(difference) for difference in drift])
    result["service"] = _account(existing)
    if context.check_mode:
        return result
    service = existing
    request = core.update_request(params, existing)
    if request is not None:
        service = services.update(ecs, request)
        for difference in drift:
            context.report(f"changed {difference}")
        only_new = [name for name in core.NEW_TASKS_ONLY if name in request]
        if only_new and "forceNewDeployment" not in request and not any(name in request for name in core.STARTS_DEPLOYMENT):
            context.report(f"{', '.join(only_new)} holds for tasks that start from now on; force_new_deployment replaces those running")
    to_set, to_remove = core.tag_changes(params, existing)
    if to_set or to_remove:
        services.change_tags(ecs, existing["serviceArn"], to_set, to_remove)
    result["service"] = _account(service)
    return _see_through(params, context, ecs, service, existing, result)


def _result(params: Mapping[str, Any], context: Context, before: Any, after: Any, differences: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"changed": bool(differences), "differences": differences}
    if context.diff_mode:
        result["diff"] = {"before": before, "after": after, "before_header": params["name"], "after_header": params["name"]}
    return result


def _account(service: Mapping[str, Any]) -> dict[str, Any]:
    """What callers get to know of a service."""
    primary = primary_of(service) or {}
    return {
        "arn": service["serviceArn"],
        "name": service["serviceName"],
        "cluster_arn": service["clusterArn"],
        "status": service["status"],
        "task_definition": service["taskDefinition"],
        "desired_count": service.get("desiredCount", 0),
        "running_count": service.get("runningCount", 0),
        "pending_count": service.get("pendingCount", 0),
        "deployment_id": primary.get("id"),
        "rollout_state": primary.get("rolloutState"),
    }


def _see_through(
    params: Mapping[str, Any],
    context: Context,
    ecs: Any,
    service: dict[str, Any],
    before: Mapping[str, Any] | None,
    result: dict[str, Any],
) -> dict[str, Any]:
    """Follow the deployment to its end, telling what changes. ``before`` is the service before our write."""
    if not params["wait"]:
        return result
    primary = primary_of(service)
    if primary is None:
        raise RedashError(
            Problem("ECS shows no deployment of it", f"service {params['name']}", "Rerun; if it stays so, delete it."), result=result
        )
    old = primary_of(before) if before else None
    is_ours = old is None or old["id"] != primary["id"]
    is_new = is_ours or primary.get("rolloutState") == "IN_PROGRESS"
    watch = Watch(primary["id"], params["task_definition"], primary["createdAt"], is_new, is_ours)
    look = _Look(params, context, ecs, service, primary if is_new else None)
    if not is_new and not result["changed"]:
        quiet = look.without_tasks(service)
        if watch.verdict(quiet).state is State.DONE:
            return result
    deadline = context.clock.monotonic() + params["timeout"]
    settled_since: float | None = None
    last_news, next_progress = context.clock.monotonic(), FIRST_PROGRESS
    try:
        while True:
            snapshot = look.again()
            news = watch.news(snapshot)
            for line in news:
                context.report(line)
            verdict = watch.verdict(snapshot)
            now = context.clock.monotonic()
            if news:
                last_news, next_progress = now, FIRST_PROGRESS
            elif verdict.state is State.GOING and now - last_news >= next_progress:
                context.report(f"still waiting for {verdict.reason} ... {now - last_news:.0f} s")
                next_progress += NEXT_PROGRESS
            result["service"] = _account(snapshot.service)
            if verdict.state is State.FAILED:
                raise _failure(params, context, ecs, verdict, result)
            if verdict.state is State.GOING:
                settled_since = None
            elif not is_new or (settled_since is not None and now - settled_since >= SETTLE):
                context.report(f"steady: {services.name_of(snapshot.service)}, {snapshot.service['runningCount']} running")
                return result
            elif settled_since is None:
                settled_since = now
            if now >= deadline:
                raise RedashError(
                    Problem(
                        f"not steady after {params['timeout']} s: {watch.standing(snapshot)}",
                        f"service {params['name']}",
                        "ECS goes on trying. Look at the reasons above, raise timeout if it only is slow, and rerun.",
                    ),
                    result=result,
                )
            context.clock.sleep(INTERVAL)
    except Interrupted:
        context.report("interrupted: ECS goes on with the deployment; a rerun follows it again")
        raise


class _Look:
    """Looks at a service, its tasks, its targets and the deployment's record."""

    def __init__(
        self, params: Mapping[str, Any], context: Context, ecs: Any, service: Mapping[str, Any], deployment: Mapping[str, Any] | None
    ) -> None:
        self.params, self.context, self.ecs = params, context, ecs
        self.tasks: dict[str, dict[str, Any]] = {}
        # Only a deployment that is under way has a record worth reading. It may come a moment after UpdateService's answer.
        self.service, self.deployment = service, deployment
        self.record_arn: str | None = None
        self.record_looks = RECORD_LOOKS if deployment else 0

    def without_tasks(self, service: Mapping[str, Any]) -> Snapshot:
        groups = [balancer["targetGroupArn"] for balancer in service.get("loadBalancers") or [] if balancer.get("targetGroupArn")]
        targets = services.targets(self.context.client("elbv2"), groups) if groups else None
        return Snapshot(service, (), targets)

    def again(self) -> Snapshot:
        name = self.params["name"]
        service = services.describe(self.ecs, self.params["cluster"], name)
        if service is None:
            raise RedashError(Problem("it is gone: somebody deleted it", f"service {name}", "Find out who, and rerun."))
        self.tasks = services.tasks(self.ecs, self.params["cluster"], name, self.tasks)
        if self.deployment and not self.record_arn and self.record_looks:
            self.record_looks -= 1
            self.record_arn = services.service_deployment_arn(self.ecs, self.service, self.deployment["createdAt"])
        record = services.service_deployment(self.ecs, self.record_arn) if self.record_arn else None
        bare = self.without_tasks(service)
        return Snapshot(service, tuple(self.tasks.values()), bare.targets, record)


def _failure(params: Mapping[str, Any], context: Context, ecs: Any, verdict: Verdict, result: dict[str, Any]) -> RedashError:
    where = f"service {params['name']}"
    problem = Problem(verdict.reason, where, verdict.todo)
    if verdict.task is None:
        return RedashError(problem, result=result)
    task = verdict.task
    failure = failures.of_task(ecs, context.client("logs"), task)
    why, lines, unread = failure.why, failure.lines[-LOG_LINES:], failure.unread
    context.report(f"the first task that failed, {task['taskArn'].rsplit('/', 1)[-1]}: {why.what}")
    for line in lines:
        context.report(f"  {line}")
    # The verdict was reached without the log: what it says of the task is not said twice.
    bare = why.what.removesuffix(f": {why.said}")
    what = f"{verdict.reason}: {why.said}" if why.said and bare in verdict.reason else verdict.reason
    if bare not in verdict.reason:
        what = f"{verdict.reason}. First task: {why.what}"
    if why.ran and unread:
        what += f" ({unread})"
    return RedashError(
        Problem(what, where, why.todo),
        result={**result, "stopped": {**why.as_dict(), "task_arn": task["taskArn"], "lines": lines}},
    )


def _absent(params: Mapping[str, Any], context: Context, ecs: Any) -> dict[str, Any]:
    existing = services.describe(ecs, params["cluster"], params["name"], cluster_may_lack=True)
    if existing is None:
        return _result(params, context, {}, {}, [])
    result = _result(params, context, {"status": existing["status"]}, {}, [f"service {params['name']} is deleted"])
    if context.check_mode:
        return result
    if existing["status"] == "ACTIVE":
        if existing.get("desiredCount", 0):
            services.update(ecs, {"cluster": params["cluster"], "service": params["name"], "desiredCount": 0})
            context.report(f"stopping {services.name_of(existing)}")
        if params["wait"]:
            _wait(params, context, ecs, lambda service: service is None or _all_stopped(params, ecs, service), "stop")
        services.delete(ecs, params["cluster"], params["name"])
    if params["wait"]:
        _wait_until_gone(params, context, ecs)
    context.report(f"deleted service {params['name']}")
    return result


def _all_stopped(params: Mapping[str, Any], ecs: Any, service: Mapping[str, Any]) -> bool:
    """Whether nothing of it runs. A task leaves the counts when it is told to stop, its containers may take a while."""
    if service["runningCount"] + service["pendingCount"]:
        return False
    tasks = services.tasks(ecs, params["cluster"], params["name"], {})
    return all(task.get("lastStatus") == "STOPPED" for task in tasks.values())


def _wait_until_gone(params: Mapping[str, Any], context: Context, ecs: Any) -> None:
    _wait(params, context, ecs, lambda service: service is None, "disappear")


def _wait(params: Mapping[str, Any], context: Context, ecs: Any, done: Any, what: str) -> None:
    deadline = context.clock.monotonic() + params["timeout"]
    last = ""
    while True:
        service = services.describe(ecs, params["cluster"], params["name"])
        if done(service):
            return
        line = f"{service['status']}, {service['runningCount']} running" if service else ""
        if line != last:
            context.report(f"service {params['name']} is to {what}: {line}")
            last = line
        if context.clock.monotonic() >= deadline:
            raise RedashError(
                Problem(
                    f"its tasks did not {what} within {params['timeout']} s ({line})",
                    f"service {params['name']}",
                    "Rerun, or raise timeout.",
                )
            )
        context.clock.sleep(INTERVAL)
