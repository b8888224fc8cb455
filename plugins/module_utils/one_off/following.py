# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Following one task from its start to its true end: its phases, its log, its exit code, or an interrupt."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.redash.ecs.plugins.module_utils.aws import logs as aws_logs
from ansible_collections.redash.ecs.plugins.module_utils.aws import tasks as aws_tasks
from ansible_collections.redash.ecs.plugins.module_utils.aws.client import (
    botocore_exceptions,
    is_passing,
    problem_of,
)
from ansible_collections.redash.ecs.plugins.module_utils.context import Interrupted
from ansible_collections.redash.ecs.plugins.module_utils.core import account, batch, manage, outcome, pace, task_log
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.stopped import Stopped, anything_ran
from ansible_collections.redash.ecs.plugins.module_utils.one_off.output import Output

if TYPE_CHECKING:
    from ansible_collections.redash.ecs.plugins.module_utils.one_off.work import Work

# After the exit code shows, the log counts as complete once it has been quiet for this long. The log
# driver sends its rest when the container ends, before or while ECS learns of the end; what remains is
# the second or so until CloudWatch shows it.
QUIET = 1.0
# Where nothing at all in the log is suspicious, it gets longer.
QUIET_WHEN_EMPTY = 5.0
# A stream that is not there may be late; only after this long is it taken for deleted.
QUIET_WHEN_MISSING = 20.0
# When ECS's own clock says that the process ended this long ago, one more look is enough.
SETTLED = 2.0
DRAIN_MAX = 300.0  # it still grows, or AWS throttles that hard
# ECS is eventually consistent: right after RunTask a task may be MISSING.
MISSING_MAX = 60.0
# ... and ListTasks may not tell of a task for some seconds. Fargate needs longer than this to start a container.
LOCK_SETTLES = 20.0
LOCK_LOOKS = 4.0  # seconds between two looks at who else holds it
HEARTBEAT = 10.0
# The beginning of the reason that a run gives when it stops its task.
STOPPED_BY = "redash_ecs_task: "


READABLE = "Allow logs:GetLogEvents on the log group, or read the output in CloudWatch; then run again."


class TimedOut(Exception):
    pass


def created(task: Mapping[str, Any]) -> float:
    created = task.get("createdAt")
    return created.timestamp() if isinstance(created, datetime) else 0.0


@dataclass
class _Source:
    """One container's log and how far it has been read."""

    stream: task_log.Stream
    reader: task_log.Reader


@dataclass
class _Moments:
    """Times on our own clock (monotonic seconds)."""

    began: float
    asked: float = 0.0  # RunTask was answered
    running: float | None = None
    ended: float | None = None
    last_line: float | None = None
    said: float = 0.0
    lock_looked: float = 0.0
    said_phase: str = ""


class Following:
    """One task, from its start to its end."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.plan = work.plan
        self.clock = work.clock
        self.context = work.context
        self.output = self._new_output()
        self.arn: str | None = None
        self.task: dict[str, Any] = {}
        self.sources: list[_Source] = []
        self.log_problem: str | None = None
        # Why the output of the command is not all there: "not read" is not "nothing said".
        self.unread: Problem | None = None
        self.refused: Problem | None = None  # the last passing refusal
        self.died_first: list[str] = []
        self.looks = pace.Looks()
        self.ahead: float | None = None  # AWS's clock before ours, in seconds; at least
        self.at = _Moments(began=self.clock.monotonic())

    def _new_output(self) -> Output:
        params = self.work.params
        return Output(self.plan, self.context.report, params["log_lines_max"], show=params["show_lines"])

    def adopt(self, task: dict[str, Any]) -> None:
        """Follow a task that somebody started before."""
        mark = batch.mark_of(self.work.command_of(task))
        if mark != self.plan.mark:
            self.plan.mark = mark
            self.output = self._new_output()
        since = f", for {max(0.0, self.clock.now() - created(task)):.0f} s" if created(task) else ""
        self.context.report(f"attached to task {aws_tasks.task_id(task['taskArn'])}, which runs this already{since}")

    def stopped_by_its_run(self) -> bool:
        """Whether the run that had started the task stopped it, being interrupted itself."""
        return str(self.task.get("stoppedReason", "")).startswith(STOPPED_BY)

    # The frame around: interrupts and time-outs.

    def run_guarded(self) -> Stopped | None:
        """Start and follow. Returns why it failed, None when it went well; raises RedashError when it was cut off."""
        try:
            stopped = self.work.attach_or_start(self)
            if stopped is not None:
                return stopped
            if not self.work.attached:
                self.context.report(f"started task {aws_tasks.task_id(str(self.arn))}: {self.plan.shown}")
            if not self.work.params["wait"]:
                return None
            return self.follow()
        except TimedOut:
            raise self._cut_off(f"timed out after {self.work.params['timeout']} s") from None
        except Interrupted as interrupted:
            raise self._cut_off(f"interrupted by {interrupted.signal_name}") from None
        except RedashError as error:
            raise RedashError(error.problems, result={**self._failed_facts(), **error.result}) from error
        except Exception:
            raise
        except BaseException as cause:  # Ansible's own task timeout, KeyboardInterrupt
            self._cut_off(f"cut off ({type(cause).__name__})")
            raise

    def _cut_off(self, why: str) -> RedashError:
        """Stop the task, or leave it, and say which. A run that only attached never stops what another one started."""
        arn = self.arn or (self._started_unseen() if self.work.asked_to_start else None)
        if arn is None:
            return RedashError(Problem(f"{why}; no task was started"), result=self._failed_facts())
        self.arn = arn
        name = aws_tasks.task_id(arn)
        if self.work.attached:
            what, todo = f"{why}; task {name} goes on, as another run started it", "Stop it in the ECS console if it has to end."
        elif self.work.params["on_interrupt"] == "leave":
            what, todo = f"{why}; task {name} goes on", "Run the same again to attach to it."
        else:
            self.context.report(f"{why}; stopping task {name}")
            try:
                aws_tasks.stop(self.work.ecs, self.plan.cluster, arn, f"{STOPPED_BY}{why}")
                what, todo = f"{why}; task {name} was stopped", ""
            except RedashError as error:
                what, todo = f"{why}; task {name} could not be stopped and may go on: {error}", "Stop it in the ECS console."
        self.context.report(what)
        return RedashError(Problem(what, todo=todo), result={**self._failed_facts(), "interrupted": True})

    def _started_unseen(self) -> str | None:
        """The task of a RunTask whose answer never arrived."""
        try:
            arns = aws_tasks.started_by(self.work.ecs, self.plan.cluster, self.plan.started_by)
            mine = [task for task in aws_tasks.describe(self.work.ecs, self.plan.cluster, arns) if self.work.is_this_work(task)]
        except RedashError:
            return None
        return str(mine[-1]["taskArn"]) if mine else None

    # Following.

    def follow(self) -> Stopped | None:
        self.at.asked = self.clock.monotonic()
        streams, without = task_log.streams(self.plan.task_definition, aws_tasks.task_id(str(self.arn)))
        self.sources = [_Source(stream, task_log.Reader(self._page_reader(stream))) for stream in streams]
        for line in without:
            self.context.report(line)
        if self.plan.container not in [stream.container for stream in streams]:
            self._miss(self.plan.container, Problem(without[0] if without else "its log is not known", todo=READABLE))
        next_task = next_log = self.clock.monotonic()
        while True:
            self.work.check_deadline()
            if self.clock.monotonic() >= next_task:
                self._look()
                if self.at.ended is not None:
                    break
                self._hold_lock()
                looked = self.clock.monotonic()
                next_task = looked + self.work.task_pace.of(self._look_interval())
            self._say_phase()
            # A container may print before ECS says that it runs.
            reading = bool(self.sources) and outcome.phase(self.task or None) not in ("provisioning", "preparing")
            if reading and self.clock.monotonic() >= next_log:
                newest = self.at.last_line
                self._show(lambda reader: reader.read())
                next_log = self.clock.monotonic() + self.work.log_pace.of(pace.LOG)
                if self.at.last_line != newest:
                    next_task = min(next_task, looked + self.work.task_pace.of(self._look_interval()))
            upcoming = min(next_task, next_log if reading else next_task, self.work.deadline)
            self.clock.sleep(max(0.0, upcoming - self.clock.monotonic()))
        if self.at.running is not None:
            self._drain()
            if self._look_for_what_is_gone(late=True):
                self._drain()
                self._look_for_what_is_gone()
        return self._judge()

    def _hold_lock(self) -> None:
        """Look again for another run with this lock, while what ECS lists may not be all."""
        now = self.clock.monotonic()
        settling = now - self.at.asked <= LOCK_SETTLES and now - self.at.lock_looked >= LOCK_LOOKS
        if self.plan.lock and not self.work.attached and settling:
            self.at.lock_looked = now
            self.work.hold_lock(self)

    def _look_interval(self) -> float:
        now = self.clock.monotonic()
        return self.looks.interval(
            now - self.at.asked,
            None if self.at.running is None else now - self.at.running,
            starting=outcome.phase(self.task or None) == "starting",
            quiet_for=None if self.at.last_line is None else now - self.at.last_line,
        )

    def _look(self) -> None:
        """One DescribeTasks."""
        self.looks.made()
        try:
            answer = self.work.ecs.describe_tasks(cluster=self.plan.cluster, tasks=[self.arn])
        except botocore_exceptions.ClientError as error:
            if aws_tasks.is_throttled(error):
                self.work.task_pace.throttled()
                return
            raise RedashError(problem_of(error, f"follow task {self.arn}")) from error
        except botocore_exceptions.BotoCoreError as error:
            raise RedashError(problem_of(error, f"follow task {self.arn}, which goes on")) from error
        if aws_tasks.was_throttled(answer):
            self.work.task_pace.throttled()
        else:
            self.work.task_pace.answered()
        self._compare_clocks(answer)
        now = self.clock.monotonic()
        if not answer["tasks"]:
            if self.task or now - self.at.asked > MISSING_MAX:
                raise RedashError(
                    Problem(f"ECS does not know task {self.arn}", todo="Look into its log: it may have ended more than an hour ago.")
                )
            return
        self.task = dict(answer["tasks"][0])
        if self.at.running is None and (self.task.get("lastStatus") == "RUNNING" or anything_ran(self.task)):
            self.at.running = now
        if outcome.ended(self.task, self.plan.container):
            self.at.ended = now
        else:
            for sidecar in outcome.dead_sidecars(self.task, self.plan.container, self.plan.essential):
                if sidecar not in self.died_first:
                    self.died_first.append(sidecar)
                    self.context.report(f"essential container {sidecar} has ended: ECS stops the task")

    def _say_phase(self) -> None:
        """What is happening, at each change and every ten seconds, until the command runs."""
        phase = outcome.phase(self.task or None)
        now = self.clock.monotonic()
        if phase == self.at.said_phase and (phase in ("running", "stopped") or now - self.at.said < HEARTBEAT):
            return
        self.at.said_phase, self.at.said = phase, now
        if phase != "stopped":
            self.context.report(f"{phase} ({now - self.at.asked:.0f} s)")

    # The log.

    def _page_reader(self, stream: task_log.Stream) -> task_log.ReadPage:
        client = self.work.logs(stream)

        def read(token: str | None, start_time: int | None) -> task_log.Page | None:
            page = aws_logs.read_page(client, stream.group, stream.name, token, start_time)
            if page is not None and page.throttled:
                self.work.log_pace.throttled()
            else:
                self.work.log_pace.answered()
            return page

        return read

    def _show(self, read: Callable[[task_log.Reader], list[task_log.Event]]) -> bool:
        """Read every stream and show what is new. False when something stood in the way (throttling)."""
        batches: list[tuple[str, list[task_log.Event]]] = []
        complete = True
        for source in self.sources:
            try:
                batches.append((source.stream.container, read(source.reader)))
            except task_log.LostPlace:
                complete = False
            except (botocore_exceptions.ClientError, botocore_exceptions.BotoCoreError) as error:
                problem = problem_of(error, f"read log stream {source.stream.name}")
                if is_passing(error):
                    self.work.log_pace.throttled()
                    self.refused = problem
                    complete = False
                    continue
                # Without the right to read it, the command is still run, followed and judged.
                self._miss(source.stream.container, problem)
                self.sources = [other for other in self.sources if other is not source]
        for container, event in task_log.merge(batches):
            self.at.last_line = self.clock.monotonic()
            self.output.add(container, event.message)
        return complete

    def _miss(self, container: str, problem: Problem) -> None:
        """Note that the log of a container is not whole, and why."""
        self.log_problem = str(problem)
        self.context.report(self.log_problem)
        if container == self.plan.container and self.unread is None:
            self.unread = problem

    def _look_for_what_is_gone(self, *, late: bool = False) -> bool:
        """Note what was deleted, a stream or its group; True when a stream was only ``late`` and is to be read after all.

        A log driver makes the stream before the program starts, so where there is none, something was deleted.
        """
        for source in self.sources:
            if source.reader.exists and not source.reader.gone:
                continue
            where, stream = source.stream.group, source.stream.name
            try:
                what = aws_logs.absence(self.work.logs(source.stream), where, stream)
            except (botocore_exceptions.ClientError, botocore_exceptions.BotoCoreError) as error:
                self._miss(source.stream.container, problem_of(error, f"read log stream {stream}"))
                continue
            if not what and late:
                return True
            if source.reader.exists:
                what = f"{what or f'log stream {stream} is another one'}: it was deleted while it was read"
            self._miss(source.stream.container, Problem(what or f"log stream {stream} came too late", todo=READABLE))
        return False

    def _drain(self) -> None:
        """Read on until the log is complete: a batch's end is in it, or it has been quiet for long enough after the end."""
        if self.at.ended is None:
            raise AssertionError("the log is drained after the end only")
        quiet_since = self.at.ended
        while self.sources:
            shown = self.output.total + self.output.folded
            long_enough = self._complete_in(quiet_since) <= 0
            complete = self._show((lambda reader: reader.confirm()) if long_enough else (lambda reader: reader.read(to_the_end=True)))
            now = self.clock.monotonic()
            if self.output.complete and len(self.sources) == 1 and complete:
                return
            if self.output.total + self.output.folded > shown:
                quiet_since = now
            elif complete and long_enough:
                return
            if now - self.at.ended > DRAIN_MAX:
                last = f"; the last answer: {self.refused.what}" if self.refused else ""
                problem = Problem(f"the log was not complete {DRAIN_MAX:.0f} s after the end{last}", todo="Read the rest in CloudWatch.")
                self._miss(self.plan.container, problem)
                return
            self.clock.sleep(self.work.log_pace.of(max(pace.DRAIN, min(QUIET, self._complete_in(quiet_since)))))

    def _complete_in(self, quiet_since: float) -> float:
        """Seconds until the log counts as complete if nothing more comes: quiet for long enough, or the process long dead."""
        suspicious = self._suspicious_silence()
        quiet_for = self.clock.monotonic() - quiet_since
        left = (suspicious or QUIET) - quiet_for
        stopped = self.task.get("executionStoppedAt")
        if self.ahead is None or not isinstance(stopped, datetime):
            return left
        # By AWS's own clock: ours may be wrong.
        dead_for = self.clock.now() + self.ahead - stopped.timestamp()
        return min(left, (suspicious or SETTLED) - dead_for)

    def _suspicious_silence(self) -> float:
        """Seconds that a silence must last which is not normal; 0 where it is.

        A start of Redash always leaves some lines, and a log driver makes its stream before the program starts.
        """
        command = next((source.reader for source in self.sources if source.stream.container == self.plan.container), None)
        if command is not None and not command.exists:
            return QUIET_WHEN_MISSING
        if self.plan.commands and all(source.reader.empty for source in self.sources):
            return QUIET_WHEN_EMPTY
        return 0.0

    def _compare_clocks(self, answer: Mapping[str, Any]) -> None:
        """AWS's clock by the Date headers. Each has lost its fraction of a second; of many, the greatest lost least."""
        text = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        with contextlib.suppress(TypeError, ValueError):
            ahead = parsedate_to_datetime(text).timestamp() - self.clock.now()
            self.ahead = ahead if self.ahead is None else max(self.ahead, ahead)

    # The end.

    def _judge(self) -> Stopped | None:
        lines = list(self.output.command_lines)
        stopped = outcome.judge(self.task, self.plan.container, essential=self.plan.essential, died_first=self.died_first, lines=lines)
        if stopped is not None:
            if stopped.ran and not self.whole and self.unread:
                return replace(stopped, what=f"{stopped.what}; its output is missing: {self.unread.what}")
            return stopped
        if not self.whole:
            return self._judge_unread()
        if self.plan.mark:
            missing = [result for result in self.output.results() if result["rc"] is None]
            if missing:
                return Stopped("no_effect", f"the log does not tell the end of {missing[0]['cmd']}", True, False, "Read the lines above.")
        elif self.plan.commands:
            said = manage.failure_in(self.plan.commands[0].failed_though_0, lines)
            if said:
                return Stopped("no_effect", f"Redash exited with 0 but did nothing: {said}", True, False, "Correct the command.")
        return None

    @property
    def whole(self) -> bool:
        """Whether all that the command said has been read; a batch and a program of ours have a last word that shows it."""
        return self.unread is None or self.output.complete or self.output.answered

    def _judge_unread(self) -> Stopped | None:
        """A command exited with 0 and its output is missing: well enough only where the output is not what it was run for."""
        if self.unread is None:
            raise AssertionError("the log is whole")
        why = f"its output is missing: {self.unread.what}"
        commands = self.plan.commands
        if any(command.reads for command in commands) or any(task_log.FOR_PLAYBOOKS in word for word in self.plan.argv):
            changed = "" if all(command.reads for command in commands) else " What it changed is done."
            return Stopped("no_log", f"exited with 0, but {why}", True, False, f"{self.unread.todo or READABLE}{changed}")
        if len(commands) == 1 and commands[0].failed_though_0:
            return Stopped(
                "no_log", f"exited with 0, which proves nothing for this command, and {why}", True, False, "Look whether it did its work."
            )
        return None

    def _facts(self) -> dict[str, Any]:
        """What is known of the task, whatever became of it."""
        ran_for = (self.at.ended or self.clock.monotonic()) - self.at.running if self.at.running is not None else None
        return {
            "task_arn": self.arn,
            "task_definition": self.plan.task_definition["taskDefinitionArn"],
            "container": self.plan.container,
            "attached": self.work.attached,
            "attempts": self.work.attempt,
            "rc": outcome.exit_code(self.task, self.plan.container),
            "stdout_lines": list(self.output.lines),
            "lines_total": self.output.total,
            "lines_folded": self.output.folded,
            "log_streams": [
                {"container": source.stream.container, "log_group": source.stream.group, "log_stream": source.stream.name}
                for source in self.sources
            ],
            "log_problem": self.log_problem,
            "containers": outcome.containers(self.task, self.plan.essential),
            "phases": account.phases(self.task, round(ran_for, 1) if ran_for is not None else None),
            "cost": account.cost(self.task, ran_for),
            "results": self.output.results(outcome.exit_code(self.task, self.plan.container), whole=self.whole),
        }

    def _failed_facts(self) -> dict[str, Any]:
        return {**self._facts(), "stdout_lines": self.output.for_people}

    def result(self, stopped: Stopped | None) -> dict[str, Any]:
        """The module's result; raises RedashError with it when the run failed."""
        facts = {
            **(self._facts() if stopped is None else self._failed_facts()),
            "changed": not self.plan.reads and (stopped is None or stopped.ran),
            "stopped": stopped.as_dict() if stopped else None,
            **({"parsed": None} if self.whole else {}),
        }
        if not self.work.params["wait"]:
            return {**facts, "msg": f"started task {aws_tasks.task_id(str(self.arn))}; not waiting for it"}
        if self.task:
            self.context.report(account.sentence(facts["phases"], facts["cost"]))
        if self.output.total > len(self.output.lines):
            self.context.report(
                f"the result holds the last {len(self.output.lines)} of {self.output.total} lines; all are in the log stream"
            )
        if stopped is None:
            if not self.whole and self.unread:
                return {**facts, "msg": f"{self.plan.shown}: exited with 0; its output is missing: {self.unread.what}"}
            if len(self.plan.commands) == 1 and not self.plan.mark:
                facts["parsed"] = manage.parse(self.plan.commands[0].words, list(self.output.command_lines))
            return {**facts, "msg": f"{self.plan.shown}: done"}
        self.output.show_last()
        failed = [one for one in facts["results"] if one["failed"]]
        if failed:
            said = f"{failed[0]['cmd']}: {failed[0]['msg']}" + (f" (and {len(failed) - 1} more)" if len(failed) > 1 else "")
            raise RedashError(Problem(f"{len(failed)} of {self.plan.shown} failed: {said}", todo=stopped.todo), result=facts)
        raise RedashError(Problem(f"{self.plan.shown}: {stopped.what}", todo=stopped.todo), result=facts)
