# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What MiniStack's ECS does otherwise than Fargate, mended. Seen with MiniStack 1.5.33."""

from __future__ import annotations

import codecs
import contextlib
import functools
import logging
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from ministack.services import alb, ecs, elasticache, rds, ssm

from demo.instance import LABEL, Instance
from demo.local_aws import health
from demo.local_aws.addresses import hosts
from demo.local_aws.targets import probe
from demo.services import address

logger = logging.getLogger("ecs")

# Seconds that Fargate gives a container between SIGTERM and SIGKILL when the definition has no stopTimeout.
STOP_TIMEOUT = 30
# Seconds between two looks at a running task's containers, and that an ended container's last lines may take.
WATCH_PERIOD = 0.5
LAST_LINES = 60.0

# Where the demo was started with it, so are its containers: the stand-in leaves out what a real Redash weighs.
SMALL = "REDASH_STAND_IN_SMALL"

# Tasks that are being ended by this thread; see _end.
_ending = threading.local()
_forwarders: dict[str, threading.Thread] = {}
# When a container was first seen to have ended, by its id.
_ended_at: dict[str, float] = {}


def apply() -> None:
    _decrypt_secrets()
    _complete_containers()
    _use_local_images()
    _begin_deployments()
    _end_tasks_gently()
    _end_while_starting()
    _check_health()
    _forward_whole_lines()
    _end_after_the_log()
    _watch_calmly()
    _tell_milliseconds()


def _decrypt_secrets() -> None:
    """A SecureString reached the container as "ENCRYPTED:<base64>": ECS's resolver forgets to ask for the plain text."""
    resolve = ssm.resolve_parameter_value

    def resolve_decrypted(name_or_arn: str, version: Any = None, decrypt: bool = True) -> Any:
        return resolve(name_or_arn, version, decrypt)

    ssm.resolve_parameter_value = resolve_decrypted


def _definition_of(task_arn: str, name: str) -> dict[str, Any]:
    task = ecs._tasks.get(task_arn) or {}
    definition = ecs._task_defs.get(ecs._resolve_td_key(task.get("taskDefinitionArn", ""))) or {}
    return next((item for item in definition.get("containerDefinitions", []) if item["name"] == name), {})


def _complete_containers() -> None:
    """Parts of a container definition never reached the container, and there is no VPC with its DNS.

    Dropped were: entryPoint, user, workingDirectory, hostname. In awsvpc mode the containers of a task share one
    network interface: the first one owns it here, the others join it. The endpoints of Aurora and ElastiCache,
    which VPC DNS would resolve, are written into its /etc/hosts with the real servers' addresses.
    """
    build = ecs._build_run_kwargs
    instance = Instance.from_environment(os.environ)

    def build_completely(definition: dict[str, Any], task_definition: dict[str, Any], *arguments: Any) -> dict[str, Any]:
        options: dict[str, Any] = build(definition, task_definition, *arguments)
        options["labels"][LABEL] = str(instance.home)
        options["name"] = options["name"].replace("ministack-ecs-", f"{instance.name}-ecs-", 1)
        for member, option in (("entryPoint", "entrypoint"), ("user", "user"), ("workingDirectory", "working_dir")):
            if definition.get(member):
                options[option] = definition[member]
        if os.environ.get(SMALL):
            options["environment"] = {**(options.get("environment") or {}), SMALL: os.environ[SMALL]}
        client = ecs._get_docker()
        task_arn = options["labels"]["com.amazonaws.ecs.task-arn"]
        first = next(iter((ecs._tasks.get(task_arn) or {}).get("_docker_ids") or []), None)
        if task_definition.get("networkMode") == "awsvpc" and first:
            for option in ("network", "extra_hosts", "ports"):
                options.pop(option, None)
            options["network_mode"] = f"container:{first}"
        elif options.get("network_mode") != "host":
            options["network"] = instance.network
            options["extra_hosts"] = {
                **(options.get("extra_hosts") or {}),
                **hosts(
                    (rds._clusters.values(), rds._instances.values()),
                    (elasticache._replication_groups.values(), elasticache._clusters.values()),
                    address(client, instance.postgresql, instance.network),
                    address(client, instance.redis, instance.network),
                ),
            }
        return options

    ecs._build_run_kwargs = build_completely


def _use_local_images() -> None:
    """A service asked the registry for each image at each deployment, and pulled it again, although it was in the engine.

    Without a network that is three failing look-ups and a failing pull per container. ECS says CannotPullContainerError
    when an image can't be had; RunTask said something else.
    """
    run = ecs._run_docker_container

    def run_local(client: Any, definition: dict[str, Any], options: dict[str, Any], **others: Any) -> Any:
        from docker.errors import DockerException, ImageNotFound

        try:
            client.images.get(definition["image"])
        except ImageNotFound:
            try:
                client.images.pull(definition["image"])
            except DockerException as error:
                raise ecs._ImagePullError(f"pull image manifest has been retried 1 time(s): {error}") from error
        return run(client, definition, options, **{**others, "refresh_image": False})

    ecs._run_docker_container = run_local
    ecs._supports_image_resolution = lambda context, task_definition: False


def _begin_deployments() -> None:
    """A new service's first deployment was COMPLETED before a task had started, and its circuit breaker never counted."""
    make = ecs._make_deployment

    def make_in_progress(task_definition: str, desired_count: int, status: str = "PRIMARY") -> dict[str, Any]:
        deployment: dict[str, Any] = make(task_definition, desired_count, status)
        if desired_count > 0:
            deployment.update(rolloutState="IN_PROGRESS", rolloutStateReason="ECS deployment in progress.")
        return deployment

    ecs._make_deployment = make_in_progress


def _end_tasks_gently() -> None:
    """StopTask reported STOPPED with exit code 0 before it had touched a container, and killed after 5 seconds.

    When an essential container ended, the task's other containers ran on for ever, and their exit code was said to be
    the first one's. Here a task goes the way it goes on Fargate: DEACTIVATING, STOPPING, each container is sent SIGTERM
    and, after its stopTimeout, SIGKILL; then STOPPED with the containers' real exit codes.
    """
    is_active, mark_stopped = ecs._task_is_active, ecs._mark_task_stopped

    def is_active_or_ending(task_arn: str, task: dict[str, Any]) -> bool:
        return getattr(_ending, "task", None) is task or is_active(task_arn, task)

    def begin(task: dict[str, Any], reason: str, code: str) -> bool:
        task_arn = task["taskArn"]
        with ecs.resource_lock("ecs-task", task_arn):
            if not is_active(task_arn, task):
                return False
            ecs._bump_task_version(task)
            task.update(desiredStatus="STOPPED", lastStatus="DEACTIVATING", stoppingAt=ecs._iso(), stoppedReason=reason, stopCode=code)
            if code == "EssentialContainerExited":
                task["executionStoppedAt"] = ecs._iso()
        cluster = ecs._cluster_name_from_arn(task.get("clusterArn", ""))
        ecs._recount_cluster(cluster)
        # The load balancer's targets follow the running tasks: from here on no new request comes in.
        ecs._refresh_service_state(cluster, task.get("group", ""))
        account, region = ecs.get_account_id(), ecs.get_region()
        threading.Thread(target=end, args=(task, reason, code, account, region), daemon=True, name=f"end-{task_arn[-8:]}").start()
        return True

    def end(task: dict[str, Any], reason: str, code: str, account: str, region: str) -> None:
        with ecs.request_scope(account, region):
            client = ecs._get_docker()
            task["lastStatus"] = "STOPPING"
            identifiers = list(task.get("_docker_ids") or [])
            # The first one's network is the others', and goes with it: a scheduler that can't tell Redis that it ends leaves its
            # successor locked out. On Fargate the network is the task's, and there until all have ended.
            first, *others = list(enumerate(identifiers)) or [None]
            with ThreadPoolExecutor(max_workers=max(1, len(others))) as pool:
                last = list(pool.map(lambda pair: stop(client, task, *pair), others))
            codes = [*([stop(client, task, *first)] if first else []), *last]
            for container, exit_code in zip(task.get("containers", []), codes, strict=False):
                container["exitCode"] = exit_code
            _ending.task = task
            try:
                mark_stopped(task["taskArn"], task, reason, code)
            finally:
                _ending.task = None
            ecs._cleanup_task_resources(task, client)
            if task.get("group", "").startswith("service:"):
                # A service whose task somebody stopped was left one short.
                cluster = ecs._cluster_name_from_arn(task["clusterArn"])
                ecs._reconcile_service_tasks(cluster, f"{cluster}/{task['group'].split(':', 1)[1]}")

    def stop(client: Any, task: dict[str, Any], index: int, identifier: str) -> int | None:
        try:
            container = client.containers.get(identifier)
            if container.status != "exited":
                container.stop(timeout=stop_timeout(task, index))
            exit_code: int = container.wait(timeout=30)["StatusCode"]
        except Exception as error:
            logger.warning("ECS: container %s could not be stopped: %s", identifier[:12], error)
            return None
        finally:
            _wait_for_the_log(identifier)
        return exit_code

    def stop_timeout(task: dict[str, Any], index: int) -> int:
        names = [container["name"] for container in task.get("containers", [])]
        definition = _definition_of(task["taskArn"], names[index]) if index < len(names) else {}
        return int(definition.get("stopTimeout") or STOP_TIMEOUT)

    def mark_stopped_after_containers(task_arn: str, task: dict[str, Any], reason: str, code: str, exit_code: int | None = None) -> bool:
        if code == "EssentialContainerExited":
            begin(task, reason, code)
            # False: nothing is left to be done by the caller.
            return False
        return bool(mark_stopped(task_arn, task, reason, code, exit_code))

    def stop_task(data: dict[str, Any], code: str = "ServiceSchedulerInitiated") -> Any:
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        if cluster is None:
            return ecs.error_response_json("ClusterNotFoundException", "Cluster not found.", 400)
        task = ecs._resolve_task(data.get("task", ""), cluster)
        if not task:
            return ecs.error_response_json("InvalidParameterException", "The referenced task was not found.", 400)
        begin(task, data.get("reason") or "Task stopped by user", code)
        return ecs.json_response({"task": ecs._sanitize(task)})

    ecs._task_is_active = is_active_or_ending
    ecs._mark_task_stopped = mark_stopped_after_containers
    # The service scheduler calls the function, a person's StopTask comes through the table.
    ecs._stop_task = stop_task
    ecs._ACTION_MAP["StopTask"] = functools.partial(stop_task, code="UserInitiated")


def _end_while_starting() -> None:
    """A task whose first container ended before the next was started "never started", and the container's own reason was lost.

    The containers of a task share the first one's network, and that is gone with it. On Fargate the network is the task's, and an
    essential container that ends stops the task, whatever else was still to be started.
    """
    fail = ecs._fail_task_start

    def end_or_fail(task: dict[str, Any], client: Any, reason: str) -> None:
        if any(_has_ended(client, identifier) for identifier in task.get("_docker_ids") or []):
            ecs._mark_task_stopped(task["taskArn"], task, "Essential container in task exited", "EssentialContainerExited")
        else:
            fail(task, client, reason)

    ecs._fail_task_start = end_or_fail


def _check_health() -> None:
    """Health checks were dropped: healthStatus stayed UNKNOWN, and a service took a task for healthy after a second.

    The container's check is run inside it here, since not every engine does that by itself (Podman wants systemd for
    it); the load balancer's is an HTTP request. A rollout waits until its tasks pass both, and a service replaces a
    task that fails one.
    """
    attach, record_healthy, watch_lifecycle = ecs._attach_started_container, ecs._record_service_task_healthy, ecs._watch_task_lifecycle

    def attach_and_check(task: dict[str, Any], container: Any, index: int, token: str, network: str | None) -> bool:
        attached = bool(attach(task, container, index, token, network))
        check = health.Check.from_definition(_definition_of(task["taskArn"], task["containers"][index]["name"]))
        if attached and check:
            # Known as soon as the container is: from here on the task is not healthy before it was seen to be.
            task["containers"][index]["_checked"] = True
            arguments = (task, container, index, check, ecs.get_account_id(), ecs.get_region())
            threading.Thread(target=watch, args=arguments, daemon=True, name=f"health-{container.id[:8]}").start()
        return attached

    def watch(task: dict[str, Any], container: Any, index: int, check: health.Check, account: str, region: str) -> None:
        state = health.Health(check)
        started = time.monotonic()
        with ecs.request_scope(account, region):
            while True:
                time.sleep(check.interval)
                if not ecs._task_is_active(task["taskArn"], task):
                    return
                before = task.get("healthStatus")
                task["containers"][index]["healthStatus"] = state.observe(succeeds(container, check), time.monotonic() - started)
                after = task["healthStatus"] = of_task(task)
                if before != after and task.get("group", "").startswith("service:"):
                    changed(task, after, account, region)

    def succeeds(container: Any, check: health.Check) -> bool:
        codes: list[int] = []

        def run() -> None:
            with contextlib.suppress(Exception):
                codes.append(container.exec_run(list(check.command)).exit_code)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(check.timeout)
        return codes == [0]

    def of_task(task: dict[str, Any]) -> str:
        essentials = task.get("_container_essentials") or []
        return health.of_task(
            (essential, container.get("healthStatus") if container.get("_checked") else None)
            for essential, container in zip(essentials, task["containers"], strict=False)
        )

    def changed(task: dict[str, Any], status: str, account: str, region: str) -> None:
        if status == health.HEALTHY:
            ecs._schedule_service_deployment_completion(*service_of(task), account, region, healthy_task=task)
        elif status == health.UNHEALTHY:
            fail(task, "Task failed container health checks")

    def service_of(task: dict[str, Any]) -> tuple[str, str]:
        cluster = ecs._cluster_name_from_arn(task["clusterArn"])
        return cluster, f"{cluster}/{task['group'].split(':', 1)[1]}"

    def fail(task: dict[str, Any], reason: str) -> None:
        cluster, _ = service_of(task)
        ecs._record_service_task_failure(task)
        ecs._stop_task({"cluster": cluster, "task": task["taskArn"], "reason": reason})

    def watch_lifecycle_and_targets(task: dict[str, Any], client: Any, account: str, region: str) -> None:
        service = ecs._services.get(service_of(task)[1]) if task.get("group", "").startswith("service:") else None
        groups = [item["targetGroupArn"] for item in (service or {}).get("loadBalancers") or [] if item.get("targetGroupArn")]
        if service and groups:
            task["_targets_healthy"] = False
            arguments = (task, service, groups, account, region)
            threading.Thread(target=watch_targets, args=arguments, daemon=True, name=f"targets-{task['taskArn'][-8:]}").start()
        watch_lifecycle(task, client, account, region)

    def watch_targets(task: dict[str, Any], service: dict[str, Any], groups: list[str], account: str, region: str) -> None:
        started, failures = time.monotonic(), 0
        with ecs.request_scope(account, region):
            records = [alb._tgs.get(arn) or {} for arn in groups]
            ports = {item.get("targetGroupArn"): int(item.get("containerPort") or 80) for item in service["loadBalancers"]}
            interval = min(int(record.get("HealthCheckIntervalSeconds") or 30) for record in records)
            threshold = max(int(record.get("UnhealthyThresholdCount") or 2) for record in records)
            while True:
                # Until it is healthy for the first time, somebody is waiting for just that.
                time.sleep(interval if task["_targets_healthy"] or failures else min(interval, 1))
                if not ecs._task_is_active(task["taskArn"], task):
                    return
                address_of_task = ecs._task_ip(task) or ""
                if all(probe(address_of_task, ports[arn], record).healthy for arn, record in zip(groups, records, strict=True)):
                    failures = 0
                    if not task["_targets_healthy"]:
                        task["_targets_healthy"] = True
                        ecs._schedule_service_deployment_completion(*service_of(task), account, region, healthy_task=task)
                elif time.monotonic() - started > grace(service, interval):
                    failures += 1
                    if failures >= threshold:
                        fail(task, f"Task failed ELB health checks in (target-group {groups[0]})")

    def grace(service: dict[str, Any], interval: int) -> int:
        return int(service.get("healthCheckGracePeriodSeconds") or interval)

    def record_when_healthy(svc_key: str, task: dict[str, Any]) -> None:
        checked = any(container.get("_checked") for container in task.get("containers", []))
        if task.get("_targets_healthy") is not False and (not checked or task.get("healthStatus") == health.HEALTHY):
            record_healthy(svc_key, task)

    ecs._watch_task_lifecycle = watch_lifecycle_and_targets
    ecs._attach_started_container = attach_and_check
    ecs._record_service_task_healthy = record_when_healthy


def _forward_whole_lines() -> None:
    """A line that arrived in two pieces became two events, a character cut in two two question marks; a burst lost its end."""

    def forward(container: Any, config: dict[str, Any], account: str, region: str) -> None:
        with ecs.request_scope(account, region):
            if not ecs._ensure_awslogs_stream(config):
                return
            decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
            rest = ""
            try:
                for chunk in whole_log(container):
                    *lines, rest = (rest + decoder.decode(chunk)).split("\n")
                    for line in lines:
                        ecs._emit_awslogs_event(config, line.rstrip("\r"))
            except Exception as error:
                logger.warning("ECS: the log of %s was lost from here on: %s", config["stream"], error)
            rest += decoder.decode(b"", final=True)
            if rest:
                ecs._emit_awslogs_event(config, rest)

    def whole_log(container: Any) -> Iterator[bytes]:
        # Podman ends the stream when the container ends, however much it has not sent yet: the rest is read afterwards.
        sent = 0
        for follow in (True, False):
            if not follow:
                container.wait()
            passed = 0
            for chunk in container.logs(stream=True, follow=follow, stdout=True, stderr=True):
                fresh = chunk[max(0, sent - passed) :]
                passed += len(chunk)
                if fresh:
                    sent += len(fresh)
                    yield fresh

    def start(container: Any, definition: dict[str, Any], task_id: str) -> None:
        config = ecs._awslogs_config(definition, task_id, container.id)
        if not config:
            return
        region = config["region"] or ecs.get_region()
        arguments = (container, config, ecs.get_account_id(), region)
        thread = threading.Thread(target=forward, args=arguments, daemon=True, name=f"awslogs-{task_id[:8]}-{definition['name']}")
        _forwarders[container.id] = thread
        thread.start()

    ecs._start_awslogs_forwarder = start


def _has_ended(client: Any, identifier: str) -> bool:
    try:
        # Podman says "stopped" until it has tidied up after a container.
        return client.containers.get(identifier).status in ("exited", "stopped")
    except Exception as error:
        # An engine that does not answer says nothing about the container.
        logger.debug("ECS: container %s could not be looked at: %s", identifier[:12], error)
        return False


def _wait_for_the_log(identifier: str) -> None:
    forwarder = _forwarders.pop(identifier, None)
    if forwarder:
        forwarder.join(LAST_LINES)
        if forwarder.is_alive():
            logger.warning("ECS: the log of container %s did not end within %s s: its last lines may be lost", identifier[:12], LAST_LINES)


def _end_after_the_log() -> None:
    """The exit code was there, and the container gone, while its log was still being forwarded: a burst lost its end.

    A log driver sends what it holds before its container counts as ended. Never waited for here: this also runs while
    DescribeTasks is answered.
    """
    look = ecs._maybe_mark_stopped

    def look_after_the_log(task: dict[str, Any], client: Any = None) -> None:
        docker = client or ecs._get_docker()
        identifiers = list(task.get("_docker_ids") or [])
        if docker and identifiers:
            ended = [identifier for identifier in identifiers if _has_ended(docker, identifier)]
            if not ended or any(is_forwarding(identifier) for identifier in ended):
                return
        look(task, client)

    def is_forwarding(identifier: str) -> bool:
        forwarder = _forwarders.get(identifier)
        if forwarder is None or not forwarder.is_alive():
            _ended_at.pop(identifier, None)
            return False
        return time.monotonic() - _ended_at.setdefault(identifier, time.monotonic()) < LAST_LINES

    ecs._maybe_mark_stopped = look_after_the_log


def _tell_milliseconds() -> None:
    """Times lost their fraction of a second in answers: a task of half a second waited, pulled and ran for 0.0 s."""

    def to_epoch(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        except ValueError:
            return value

    ecs._ts_to_epoch = to_epoch


def _watch_calmly() -> None:
    """Every running container was inspected ten times a second, which keeps a whole processor core busy."""
    look = ecs._maybe_mark_stopped

    def look_now_and_then(task: dict[str, Any], client: Any = None) -> None:
        # Only the watching thread hands in its client; DescribeTasks and ListTasks look at once.
        if client is not None:
            time.sleep(WATCH_PERIOD)
        look(task, client)

    ecs._maybe_mark_stopped = look_now_and_then
