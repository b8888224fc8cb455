# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starting a task once: attach to the one that does the work already, hold the lock, try again when nothing ran."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import tasks as aws_tasks
from ansible_collections.redash.ecs.plugins.module_utils.aws.client import botocore_exceptions, error_code, problem_of
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core import batch, manage, pace
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.stopped import Stopped, explain_failure, passes
from ansible_collections.redash.ecs.plugins.module_utils.core.task_log import Stream
from ansible_collections.redash.ecs.plugins.module_utils.one_off.following import Following, TimedOut, created
from ansible_collections.redash.ecs.plugins.module_utils.one_off.plan import Plan, digest

THROTTLED_TODO = "AWS throttles this account: run again."


def _age(task: Mapping[str, Any]) -> tuple[float, str]:
    return created(task), str(task["taskArn"])


class Work:
    """One run: start or attach, follow, try again, judge."""

    def __init__(self, params: Mapping[str, Any], context: Context, plan: Plan) -> None:
        self.params = params
        self.context = context
        self.plan = plan
        self.clock = context.clock
        self.ecs = context.client("ecs")
        self.task_pace = pace.Pace(context.random)
        self.log_pace = pace.Pace(context.random)
        self.deadline = self.clock.monotonic() + params["timeout"]
        self.finished: set[str] = set()  # tasks of this work that ended before: they make the client token new
        self.attempt = 1
        self.attached = False
        self.asked_to_start = False

    def logs(self, stream: Stream) -> Any:
        """The client for the region that a container logs to."""
        own = stream.region in (None, self.ecs.meta.region_name)
        return self.context.client("logs") if own else self.context.client("logs", region=stream.region)

    def run(self) -> dict[str, Any]:
        while True:
            following = Following(self)
            stopped = following.run_guarded()
            if stopped is not None and following.arn and self.attached and following.stopped_by_its_run():
                # What is left of a run that was killed, or cut off by Ctrl-C, stops its task some seconds later.
                self.context.report(f"the run that had started task {aws_tasks.task_id(following.arn)} has stopped it; starting it anew")
                self.finished.add(following.arn)
                continue
            if stopped is None or stopped.ran or not stopped.retry or self.attempt > self.params["retries"]:
                return following.result(stopped)
            delay = pace.retry_delay(self.attempt, self.context.random)
            self.context.report(
                f"{stopped.what}; nothing ran, trying again in {delay:.0f} s ({self.attempt} of {self.params['retries']} retries)"
            )
            if following.arn:
                self.finished.add(following.arn)
            if self.clock.monotonic() + delay >= self.deadline:
                return following.result(stopped)
            self.clock.sleep(delay)
            self.attempt += 1

    # Starting.

    def attach_or_start(self, following: Following) -> Stopped | None:
        """Set ``following.arn``: the task that does this work already, or a new one. Returns why there is none."""
        running = self._running()
        if running is not None:
            self.attached = True
            following.arn = running["taskArn"]
            following.adopt(running)
            return None
        self.attached = False
        family = self.plan.task_definition["family"]
        self.finished |= {task["taskArn"] for task in aws_tasks.to_stop(self.ecs, self.plan.cluster, self.plan.started_by, family)}
        while True:
            self.check_deadline()
            failure, task = self._run_task()
            if failure is not None or task is None:
                return failure
            # A token that belonged to a task which has ended: for an hour ECS answers with that one, and
            # with no more of it than its ARN and status.
            if task.get("lastStatus") != "STOPPED" or "createdAt" in task:
                break
            self.finished.add(task["taskArn"])
        following.arn = task["taskArn"]
        if self.plan.lock:
            self.hold_lock(following)
        return None

    def _run_task(self) -> tuple[Stopped | None, dict[str, Any] | None]:
        # The same request, after the same tasks have ended, has the same token: two controllers that start
        # the same work at the same moment get the same task.
        token = digest(self.plan.request | {"overrides": batch.unmarked(self.plan.argv)}, sorted(self.finished), self.attempt)[:64]
        self.asked_to_start = True
        try:
            answer = self.ecs.run_task(**self.plan.request, clientToken=token)
        except botocore_exceptions.ClientError as error:
            existing = error.response.get("resourceIds") if error_code(error) == "ConflictException" else None
            if existing:  # the same work with another random mark, started at the same moment
                found = aws_tasks.describe(self.ecs, self.plan.cluster, existing[:1])
                if found and found[0].get("lastStatus") == "STOPPED":
                    return None, {key: found[0][key] for key in ("taskArn", "lastStatus")}
                return None, found[0] if found else {"taskArn": existing[0]}
            message = str(error.response.get("Error", {}).get("Message", ""))
            if passes(message):
                return explain_failure({"reason": message}), None
            if aws_tasks.is_throttled(error):  # whatever its words are
                return Stopped("throttled", f"ECS started no task: {error_code(error)}: {message}", False, True, THROTTLED_TODO), None
            roles = [self.plan.task_definition[key] for key in ("executionRoleArn", "taskRoleArn") if self.plan.task_definition.get(key)]
            raise RedashError(aws_tasks.run_task_problem(error, self.plan.request, roles)) from error
        except botocore_exceptions.BotoCoreError as error:
            raise RedashError(problem_of(error, "run the task")) from error
        if answer.get("failures"):
            return explain_failure(answer["failures"][0]), None
        if not answer.get("tasks"):
            return explain_failure({"reason": "an empty answer"}), None
        return None, dict(answer["tasks"][0])

    def _holders(self) -> list[dict[str, Any]]:
        """Tasks with our ``startedBy`` that have not stopped, the oldest first."""
        cluster, name = self.plan.cluster, self.plan.started_by
        tasks = aws_tasks.describe(self.ecs, cluster, aws_tasks.started_by(self.ecs, cluster, name))
        if self.plan.lock:
            # A task that was told to stop may still be migrating.
            tasks += aws_tasks.to_stop(self.ecs, cluster, name, self.plan.task_definition["family"])
        found = {task["taskArn"]: task for task in tasks if task.get("lastStatus") != "STOPPED"}
        return sorted(found.values(), key=_age)

    def command_of(self, task: Mapping[str, Any]) -> list[str]:
        overrides = (task.get("overrides") or {}).get("containerOverrides") or []
        return next((list(one.get("command") or []) for one in overrides if one.get("name") == self.plan.container), [])

    def is_this_work(self, task: Mapping[str, Any]) -> bool:
        same_family = f"/{self.plan.task_definition['family']}:" in str(task.get("taskDefinitionArn"))
        return same_family and batch.same_work(self.command_of(task), self.plan.argv)

    def _running(self) -> dict[str, Any] | None:
        """The task that does this work already. With a lock: RedashError when another work holds it."""
        while True:
            holders = self._holders()
            ending = [task for task in holders if task.get("desiredStatus") == "STOPPED"]
            staying = [task for task in holders if task.get("desiredStatus") != "STOPPED"]
            for task in staying:
                if self.is_this_work(task):
                    return task
                if self.plan.lock:
                    raise self._locked(task)
            if not ending or not self.plan.lock:
                return None
            self.context.report(f"waiting for task {aws_tasks.task_id(ending[0]['taskArn'])}, which is stopping")
            self.check_deadline()
            self.clock.sleep(pace.SLOW)

    def _locked(self, task: Mapping[str, Any]) -> RedashError:
        command = self.command_of(task)
        shown = shlex.join(command[1:]) if command[:1] == [manage.MANAGE] else "another command"
        return RedashError(
            Problem(
                f"task {aws_tasks.task_id(task['taskArn'])} holds the lock {self.plan.lock}: it runs {shown}",
                "lock",
                "Wait until it has ended, or stop it in the ECS console.",
            ),
            result={"task_arn": task["taskArn"]},
        )

    def hold_lock(self, following: Following) -> None:
        """Two that started at the same moment see each other sooner or later: the older one keeps the lock.

        ListTasks lags some seconds behind, so this is asked again while the task starts (LOCK_SETTLES).
        """
        cluster = self.plan.cluster
        arns = dict.fromkeys([*aws_tasks.started_by(self.ecs, cluster, self.plan.started_by), str(following.arn)])
        if len(arns) == 1:
            return
        # What has just ended may still be listed.
        tasks = [
            task
            for task in aws_tasks.describe(self.ecs, cluster, arns)
            if "STOPPED" not in (task.get("lastStatus"), task.get("desiredStatus"))
        ]
        holders = sorted(tasks, key=_age)
        oldest = holders[0] if holders else {}
        if following.arn in [task["taskArn"] for task in holders[1:]]:
            aws_tasks.stop(self.ecs, self.plan.cluster, str(following.arn), f"lock {self.plan.lock} is held by {oldest['taskArn']}")
            following.arn = None
            raise self._locked(oldest)

    def check_deadline(self) -> None:
        if self.clock.monotonic() >= self.deadline:
            raise TimedOut
