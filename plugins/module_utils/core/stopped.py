# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why an ECS task stopped or never started: the cause, whether anything ran, whether to try again, what to do.

ECS says it in four places: ``stopCode``, ``stoppedReason``, each container's ``reason`` and ``exitCode``,
and, for a task that was never made, RunTask's ``failures``. The last lines of the log say the rest (last_words.py).

The texts are AWS's own. Each table names where its wordings were read:

- DOCUMENTATION and the pages that it lists (resource-initialization-error, task_cannot_pull_image, failed-to-start-error,
  resource-not-found-error, spot-interruption-errors, container-runtime-error, service-event-messages, api_failures_messages)
- the source of github.com/aws/amazon-ecs-agent (error names, ``augmentErrMsg``), and issues there and in aws/containers-roadmap
- tests/unit/fixtures/cases/stopped_reasons.yml holds whole messages, each with its source

A reason may be cut ("context deadli..."): Fargate 1.4 and the console end long ones with three dots. What is left decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.core.last_words import why

DOCUMENTATION = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"
_EXPLAINED = f"AWS explains its reasons at {DOCUMENTATION}."


@dataclass(frozen=True)
class Stopped:
    """Why a task is not running any more, or never was.

    ``cause``  one word for programs: ``image``, ``secret``, ``capacity``, ...
    ``what``   one line for people, with AWS's own words
    ``ran``    True as soon as a process of this task may have started; then nothing is ever run again
    ``retry``  trying again is safe (nothing ran) and promising (the cause passes by itself)
    ``todo``   what to do about it
    ``said``   the line of its log that names the cause, without a secret; it stands in ``what``, too
    """

    cause: str
    what: str
    ran: bool
    retry: bool
    todo: str
    said: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class _Rule:
    pattern: re.Pattern[str]
    cause: str
    passing: bool  # the cause goes away by itself
    todo: str


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


def _rule(pattern: str, cause: str, todo: str, *, passing: bool = False) -> _Rule:
    return _Rule(_compiled(pattern), cause, passing, todo)


_SPOT = "AWS took the Spot capacity back: rerun, or use FARGATE for work that must not be cut off."
_HOST = "AWS took the host away: rerun."

# What comes before all else, whatever phase it is said of. The first that matches wins.
FIRST = (
    # task_cannot_pull_image; amazon-ecs-agent#1434; containers-roadmap#1598 (Windows)
    _rule(
        r"no space left on device|not enough space on the disk|disk quota exceeded",
        "disk",
        "Give the task more ephemeral storage (redash_task_size), or use a smaller image.",
    ),
    _rule(
        r"descriptor matching platform|no matching manifest for|no match for platform|exec format error"
        r"|does not match the (specified|detected)? ?(host )?platform|image operating system .* cannot be used|platform mismatch"
        r"|image platform \S+ does not match",
        "architecture",
        "The image is built for another processor: match runtimePlatform.cpuArchitecture to it.",
    ),
    _rule(r"normalize image reference|invalid reference format", "image", "Write the image as registry/name:tag; an ARN is none."),
    _rule(
        r"no processor for media-type",
        "image",
        "The image holds an attestation that this platform cannot read: build it with --provenance=false.",
    ),
    # Docker Hub's limit lasts for hours; public.ecr.aws says "Rate exceeded" and means seconds.
    _rule(
        r"toomanyrequests: *(rate|data) (limit )?exceeded",
        "image",
        "The registry throttles anonymous pulls: copy the image to ECR.",
        passing=True,
    ),
    _rule(
        r"toomanyrequests|pull rate limit|429 Too Many Requests",
        "image",
        "Docker Hub limits anonymous pulls: use an ECR pull-through cache, or sign in (repositoryCredentials).",
    ),
    _rule(
        r"unable to assume (the |a )?service[- ]linked role"
        r"|permission to create (the )?service[- ]linked role|service[- ]linked role exists",
        "role",
        "The first cluster of an account makes this role, which takes a minute: run again. Else: aws iam create-service-linked-role"
        " --aws-service-name ecs.amazonaws.com.",
        passing=True,
    ),
    _rule(
        r"unable to assume (the )?(role|service role)|assume the (role|service role)|proper trust relationship|Role is not valid"
        r"|sts:AssumeRole|cannot be assumed",
        "role",
        "Let ecs-tasks.amazonaws.com assume the role; a new role needs some seconds.",
        passing=True,
    ),
    # AWS and a service's owner stop tasks that are well.
    _rule(r"Spot (Task|Instance)\w* (was|were|is|has been) interrupted|SpotInterruption", "spot", _SPOT, passing=True),
    _rule(
        r"performing maintenance on the underlying infrastructure|Host EC2 \(instance|task retirement|underlying (host|hardware)",
        "infrastructure",
        _HOST,
        passing=True,
    ),
    _rule(
        r"Scaling activity initiated by|Service scheduler initiated|ECS service (was )?deleted|Task stopped by user|User initiated"
        r"|TaskStoppedBeforePullBegin|stopped before image pull could begin|DRAINING state",
        "stopped",
        "The ECS service or a person stopped this task: a scaling, a deployment, or a stop by hand. Rerun when that is settled.",
    ),
    _rule(
        r"ELB health ?checks?|target[- ]?group.* is unhealthy|is unhealthy in \(?(target-group|elb)|Health checks failed",
        "health_check",
        "Look at what the container answers on the health check's path and at the security groups.",
    ),
    _rule(
        r"(container|vpc lattice|service discovery)\w* health ?checks?|failed health ?checks?",
        "health_check",
        "Run the health check's command by hand; give a slow start a startPeriod.",
    ),
    _rule(
        r"OutOfMemory|out of memory|oom[- ]?kill|Container killed due to memory|cannot allocate memory|minimum memory limit",
        "out_of_memory",
        "Give the task more memory (redash_task_runner_size or redash_task_size).",
    ),
)

# What AWS prepares before a container starts, by the words that tell the phases apart, and the cause that a failure there has.
# "unable to pull secrets or registry auth" stands before all of them, so it decides nothing: it is the last.
_PHASES = tuple(
    (_compiled(pattern), name)
    for name, pattern in (
        ("volume", r"EFS utils|efs-utils|mount\.nfs|\bEFS\b|CannotCreateVolume|copy contents to volume"),
        ("pull", r"CannotPull\w*|can't pull the image|cannot pull \S+ from the (Amazon ECR repository|registry)|pull image manifest"),
        ("logger", r"logger args|logging driver|log driver|Cloudwatch log|Amazon CloudWatch|\blogs?:(Create|Put)\w+"),
        ("env_file", r"env(ironment)? files?\b"),
        ("registry_secret", r"registry auth from asm"),
        ("ecr", r"ecr registry auth|registry auth from Amazon ECR|\bapi\.ecr\b|ECR: GetAuthorizationToken|ecr:GetAuthorizationToken"),
        ("asm", r"from asm\b|\basm\b|Secrets Manager|secretsmanager"),
        ("ssm", r"from ssm\b|Systems Manager|SSM Parameter Store|ssm parameters?|\bssm:|operation error SSM|ParameterNotFound|\bssm\b"),
        ("secrets", r"unable to (pull|retrieve) secrets?|execution resource retrieval failed|secret data|KMS\b|\bkms:"),
    )
)
_CAUSES = {
    "volume": "volume", "pull": "image", "ecr": "image", "logger": "log_group", "env_file": "env_file",
    "registry_secret": "secret", "asm": "secret", "ssm": "secret", "secrets": "secret",
}  # fmt: skip

# What went wrong there. An answer of AWS proves that it was reached, so answers come before time-outs.
_KINDS = tuple(
    (_compiled(pattern), name)
    for name, pattern in (
        ("json_key", r"did not contain json key"),
        ("json", r"invalid character|unexpected end of JSON|cannot unmarshal|not valid JSON"),
        ("deleted", r"marked for deletion|scheduled for deletion|marked as deleted"),
        ("version", r"staging label|version[- ]?stage|ParameterVersion(Label)?NotFound|(secret|parameter) version|VersionId"),
        (
            "key",
            r"\bDisabledException|KMSInvalidState|KMSInvalidStateException|InvalidKeyId|key/[\w-]+ is (disabled|pending|unavailable)"
            r"|key is (disabled|pending)|is pending (deletion|import)|KMSKeyNotAccessible|KmsKeyInaccessible"
            r"|DecryptionFailure|KeyUnavailable",
        ),
        (
            "denied",
            r"AccessDenied|not authorized|Access to KMS is not allowed|\bForbidden\b|StatusCode: 40[13]\b|\b(401|403)\b|explicit deny"
            r"|security token included in the request is|UnrecognizedClient|no identity-based policy|unauthorized|no basic auth credentials"
            r"|authorization failed|pull access denied|requested access to the resource is denied|ExpiredToken|NoCredentialProviders"
            r"|role '?[^ ]*'? has (the )?permissions|that the role has the permissions|failed to authorize|incorrect username or password",
        ),
        ("throttled", r"Throttl|Rate ?exceeded|TooManyRequests|RequestLimitExceeded|SlowDown|LimitExceededException"),
        (
            "missing",
            r"invalid (ssm )?parameters?\b|ParameterNotFound|ResourceNotFound|NotFoundException"
            r"|can't find the specified secret|Check whether the secret"
            r" exists|secret ARN is correct|log group does not exist|does not exist|NoSuch(Key|Bucket)"
            r"|\bNotFound\b|StatusCode: 404\b|: not found"
            r"|manifest unknown|name unknown|no such image|manifest not found",
        ),
        (
            "unwell",
            r"StatusCode: 5\d\d|\b50[0-4]\b (Internal|Bad|Service|Gateway)|\b50[234]\b"
            r"|Internal(Server|Service)(Error|Exception)|InternalFailure"
            r"|Service ?Unavailable|unexpected EOF|: EOF\b|TLS handshake timeout|connection reset"
            r"|API error \(500\): .*internal server error",
        ),
        (
            "unreachable",
            r"i/o timeout|deadline exceeded|context cancell?ed|request cancell?ed|RequestCancell?ed|connection timed out|connection refused"
            r"|no route to host|(network|host) is unreachable|no such host|server misbehaving|send request failed|StatusCode: 0\b|dial tcp"
            r"|Client\.Timeout|connection issue between the task|network (configuration|connection)|awaiting headers|timed? ?out"
            r"|nil pointer dereference|signal: killed|failed to do request",
        ),
    )
)

_WAY = "give them a NAT gateway, VPC endpoints ({endpoints}), or the task a public IP; its security group must let port 443 out."
_ENDPOINTS = {
    "pull": ("the registry", "ecr.api, ecr.dkr, and s3 for the layers"),
    "ecr": ("ECR", "ecr.api, ecr.dkr, s3"),
    "logger": ("CloudWatch Logs", "logs"),
    "env_file": ("S3", "s3"),
    "registry_secret": ("Secrets Manager", "secretsmanager"),
    "asm": ("Secrets Manager", "secretsmanager"),
    "ssm": ("Parameter Store", "ssm"),
    "secrets": ("the secret store", "ssm or secretsmanager, and kms"),
}
_KMS = " Where the key is a customer's own: kms:Decrypt on it."
_TODO = {
    (
        "pull",
        "denied",
    ): "Allow the execution role to pull from that registry (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer), or correct the image's name.",
    ("pull", "missing"): "Correct the image's name and tag.",
    ("ecr", "denied"): "Allow the execution role ecr:GetAuthorizationToken on *.",
    ("registry_secret", "denied"): "Allow the execution role secretsmanager:GetSecretValue on the registry's secret." + _KMS,
    ("asm", "denied"): "Allow the execution role secretsmanager:GetSecretValue on that secret." + _KMS,
    ("ssm", "denied"): "Allow the execution role ssm:GetParameters on these parameters and kms:Decrypt on their key.",
    ("secrets", "denied"): "Allow the execution role to read these secrets and kms:Decrypt on their key.",
    ("asm", "missing"): "Create the secret in this region, or correct its ARN in the task definition.",
    ("ssm", "missing"): "Create the parameter (site.yml does), or correct its name in the task definition.",
    ("secrets", "missing"): "Create the secret or parameter (site.yml does), or correct its name in the task definition.",
    ("env_file", "denied"): "Allow the execution role s3:GetObject on the file and s3:GetBucketLocation on its bucket.",
    ("env_file", "missing"): "Put the file into the bucket, or correct its ARN in the task definition.",
    ("logger", "denied"): "Allow the execution role logs:CreateLogStream and logs:PutLogEvents on that log group.",
    ("logger", "missing"): "Create the log group (site.yml does), or correct awslogs-group in the task definition.",
}
_KIND_TODO = {
    "json_key": "The secret's JSON lacks that key: add it, or correct the key in the task definition's valueFrom.",
    "json": "The secret is no JSON object, though the task definition names a key of it: correct its value or the valueFrom.",
    "deleted": "The secret is being deleted: aws secretsmanager restore-secret.",
    "version": "The secret has no value with that version or stage: give it a value (AWSCURRENT), or correct the valueFrom.",
    "key": "The KMS key cannot be used: enable it (aws kms enable-key) or cancel its deletion.",
    "throttled": "AWS throttles this account: run again.",
    "unwell": "AWS or the registry was unwell for the moment: run again.",
}
_BY_PHASE = {
    "pull": "Correct the image's name and tag.",
    "volume": "Check the file system's mount targets and security groups.",
    "logger": "Check the log group that the task definition names and the execution role.",
}
_CUT_TODO = " ECS cut its reason: the execution role, the name and the network are what mostly is wrong."

# The rest; the first that matches wins, so the narrow ones stand before the wide ones.
REASONS = (
    _rule(
        r"account is (currently )?(blocked|suspended)|account.*(not|being) verified",
        "account",
        "AWS has blocked this account: ask AWS Support.",
    ),
    # service-event-messages, api_failures_messages; Managed Instances wrap EC2's own codes
    _rule(
        r"limit on the number of (vCPUs|tasks)|vCPU ?limit|VcpuLimitExceeded|MaxSpotInstanceCountExceeded|NetworkInterfaceLimitExceeded",
        "quota",
        "This account's quota is used up: stop something, or ask for more in Service Quotas.",
        passing=True,
    ),
    _rule(r"configuration is above your limit", "quota", "Ask for more in Service Quotas, or use a smaller size."),
    _rule(
        r"Capacity is (unavailable|not available)|RESOURCE:(FARGATE|CPU|MEMORY|GPU|PORTS)"
        r"|Insufficient\w*Capacity|no (Fargate |Spot )?capacity"
        r"|UnfulfillableCapacity|no Container Instances were found|met all of its requirements|insufficient (CPU units|memory) available",
        "capacity",
        "AWS has no capacity for this size in these zones now: try later, or name subnets in more zones.",
        passing=True,
    ),
    _rule(
        r"InsufficientFreeAddressesInSubnet|free addresses|enough (free )?IP ?addresses"
        # AWS's page: the reason where nothing follows
        r"|Create Network Interface with public IP assignment enabled in subnet '?[\w-]*'?\W*$",
        "addresses",
        "The subnet has no free address: use a larger or another subnet.",
    ),
    _rule(
        r"TagPolicyViolation",
        "policy",
        "A tag policy of the organization refuses the network interface: set the tags that it requires (redash_tags).",
    ),
    _rule(
        r"(InvalidSubnet|InvalidSecurityGroup|InvalidGroup|subnet ID .* does not exist"
        r"|security group .* does not exist|not in the same VPC)",
        "network",
        "Correct the subnets and security groups.",
    ),
    _rule(
        r"(Network Interface|subnet information).*(UnauthorizedOperation|not authorized|explicit deny)",
        "network",
        "Something forbids ECS to make network interfaces here: look at service control policies and the subnet's sharing.",
    ),
    _rule(
        r"network interface provision|RESOURCE:ENI|Create ?Network ?Interface|ElasticNetworkInterface"
        r"|network interface to be attached|attach network"
        r" interface|configure ENI|regular eni|Error retrieving (subnet|security group) information",
        "network_interface",
        "AWS could not attach the network interface: run again.",
        passing=True,
    ),
    # seen by dagster and others: the disk of the task was late
    _rule(
        r"EphemeralStorage|ephemeral storage provision",
        "infrastructure",
        "AWS could not attach the task's disk in time: run again.",
        passing=True,
    ),
    _rule(
        r"(ContainerRuntimeTimeout|DockerTimeout|ContainerRuntimeError|Could not transition to|timed out after waiting|Docker timeout)",
        "runtime",
        "The host was slow or its container engine failed: run again.",
        passing=True,
    ),
    _rule(
        r"executable file not found|no such file or directory|OCI runtime.*exec\b|permission denied: unknown|not a directory: unknown",
        "command",
        "Check the command: the image holds no such program.",
    ),
    _rule(
        r"unable to find user|no users found|no matching entries in passwd",
        "start",
        "The image knows no such user: correct user in the task definition.",
    ),
    _rule(
        r"CannotStartContainer|CannotCreateContainer|CannotInspectContainer|CannotStopContainer"
        r"|CannotGetDocker|DockerStateError|ContainerVanished",
        "start",
        f"Read the reason: the task definition and the image disagree. {_EXPLAINED}",
    ),
    _rule(r"\bvolumes?\b", "volume", "Check the file system's mount targets and security groups."),
    _rule(
        r"not compatible with the selected compute|ATTRIBUTE|placement constraint",
        "not_placed",
        "Look at the cluster's capacity and the task's constraints.",
    ),
    _rule(
        r"Throttling|Rate exceeded|RequestLimitExceeded|Too many concurrent attempts",
        "throttled",
        "AWS throttles this account: run again.",
        passing=True,
    ),
    _rule(r"InternalError|Internal error|Server(Exception| error)", "infrastructure", "AWS failed inside: run again.", passing=True),
    _rule(
        r"ResourceInitializationError|ResourceNotFoundException",
        "resources",
        f"Read the reason: AWS could not prepare what the task needs. {_EXPLAINED}",
    ),
)

# Phrases that decide: a reason may be cut inside of one.
_PHRASES = (
    "context deadline exceeded", "request context canceled", "i/o timeout", "connection timed out", "connection refused",
    "no route to host",
    "no such host", "send request failed", "connection issue between the task", "AccessDeniedException", "is not authorized to perform",
    "ResourceNotFoundException", "ParameterNotFound", "invalid parameters", "invalid ssm parameters", "did not contain json key",
    "ThrottlingException", "Rate exceeded", "no space left on device", "manifest unknown", "descriptor matching platform",
    "pull rate limit",
    "toomanyrequests", "InternalServerError", "RequestCanceled", "staging label", "marked for deletion",
    "The specified log group does not exist",
    "InsufficientFreeAddressesInSubnet", "Capacity is unavailable", "OutOfMemoryError", "is disabled",
)  # fmt: skip
_SHORTEST = 6  # characters that must be left of a phrase, and half of it
_CUT = re.compile(r"\s*(\.\.\.|…)\W*$")


def _whole(text: str) -> str:
    """A cut reason with the phrase that it was cut in: ``context deadli...`` -> ``context deadline exceeded...``."""
    if not _CUT.search(text):
        return text
    left = _CUT.sub("", text)
    for phrase in _PHRASES:
        for length in range(len(phrase) - 1, max(_SHORTEST, len(phrase) // 2) - 1, -1):
            if left.lower().endswith(phrase[:length].lower()) and not left[-length - 1 : -length].isalnum():
                return f"{left}{phrase[length:]}..."
    return text


def _matching(reason: str) -> _Rule | None:
    """The rule for what AWS says; None when nothing in it is known."""
    text = _whole(reason)
    rule = _first(FIRST, text)
    if rule:
        return rule
    phase = next((name for pattern, name in _PHASES if pattern.search(text)), None)
    return _in_phase(phase, text) if phase else _first(REASONS, text)


def _in_phase(phase: str, text: str) -> _Rule:
    cut = bool(_CUT.search(text))
    kind = next((name for pattern, name in _KINDS if pattern.search(text)), "")
    retried = re.search(r"retried (\d+) time", text, re.IGNORECASE)
    if not kind and cut and retried and int(retried[1]) > 1:
        # A refusal is tried once. A request without an answer is tried three or five times.
        kind = "unreachable"
    if kind == "unreachable" and phase != "volume":
        whither, endpoints = _ENDPOINTS[phase]
        return _Rule(_NOTHING, "no_route", False, f"The subnets have no way to {whither}: {_WAY.format(endpoints=endpoints)}")
    todo = (
        _TODO.get((phase, kind))
        or _KIND_TODO.get(kind)
        or _BY_PHASE.get(phase, f"Check the secrets that the task definition names and the execution role. {_EXPLAINED}")
    )
    return _Rule(_NOTHING, _CAUSES[phase], kind in ("throttled", "unwell"), todo + (_CUT_TODO if cut and not kind else ""))


_NOTHING = re.compile("")


_EXIT_CODES = {
    126: ("command", "The program is not executable in this image."),
    127: ("command", "Check the command: the image holds no such program."),
    134: ("crash", "The process aborted (SIGABRT): read its last lines."),
    137: ("killed", "The process was killed (SIGKILL), mostly for lack of memory: give the task more (redash_task_runner_size)."),
    139: ("crash", "The process crashed (SIGSEGV): read its last lines."),
    143: ("terminated", "The process was told to end (SIGTERM) by what stopped the task."),
}

_STOP_CODES = {
    "UserInitiated": ("stopped", "A person or a program stopped the task: rerun when you know why."),
    "SpotInterruption": ("spot", _SPOT),
    "TerminationNotice": ("infrastructure", _HOST),
    "InfrastructureHealth": ("infrastructure", "The host was unwell: rerun."),
    "ServiceSchedulerInitiated": ("stopped", "The ECS service replaced this task; a one-off task belongs to no service."),
}


def _first(rules: Iterable[_Rule], text: str) -> _Rule | None:
    return next((rule for rule in rules if rule.pattern.search(text)), None)


def anything_ran(task: Mapping[str, Any]) -> bool:
    """True unless ECS makes it plain that no process of this task ever started.

    ``startedAt`` is set when the task reaches RUNNING; a container that ran before that (``dependsOn``)
    shows by its exit code or by having been RUNNING.
    """
    if task.get("startedAt"):
        return True
    return any(
        container.get("exitCode") is not None or container.get("lastStatus") == "RUNNING" for container in task.get("containers") or []
    )


# AWS writes "can't" with either quote.
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u200b": None, "\ufeff": None})


def _plain(text: Any) -> str:
    """``text`` in one line, with straight quotes."""
    return " ".join(str(text or "").translate(_QUOTES).split())


def reasons(task: Mapping[str, Any]) -> str:
    """All that ECS gives as reason, the task's and the containers', in one line, nothing said twice."""
    said: list[str] = []
    for given in (task.get("stoppedReason"), *(container.get("reason") for container in task.get("containers") or [])):
        reason = _plain(given)
        if reason and not any(reason in other for other in said):
            said.append(reason)
    return "; ".join(said)


def _with(what: str, said: str) -> str:
    return f"{what}: {said}" if said and said not in what else what


def explain(task: Mapping[str, Any], lines: Sequence[str] = (), container: str | None = None) -> Stopped:
    """Why ``task`` (one of DescribeTasks' answers) stopped.

    ``lines`` are the last lines of its log, oldest first; ``container`` is the one that mattered, by name
    (default: the first that exited with something else than 0).
    """
    ran = anything_ran(task)
    reason = reasons(task)
    stop_code = str(task.get("stopCode") or "")
    containers = list(task.get("containers") or [])
    mattered = next((one for one in containers if one.get("name") == container), None) or next(
        (one for one in containers if one.get("exitCode")), None
    )
    exit_code = (mattered or {}).get("exitCode")
    ended = f"{mattered['name']} exited with {exit_code}" if mattered and exit_code is not None else ""
    told = reason or stop_code or "no reason given"
    with_code = f"{told} ({stop_code})" if stop_code and stop_code != told else told

    # What a person gives as the reason of a stop is not AWS's wording.
    rule = None if stop_code == "UserInitiated" else _matching(reason)
    if not ran:
        if rule:
            before = "the task was stopped before it started" if rule.cause in ("spot", "stopped") else "the task never started"
            return Stopped(rule.cause, f"{before}: {told}", False, rule.passing, rule.todo)
        if stop_code in _STOP_CODES:
            cause, todo = _STOP_CODES[stop_code]
            return Stopped(cause, f"the task was stopped before it started: {told}", False, cause in ("spot", "infrastructure"), todo)
        return Stopped(
            "never_started", f"the task never started: {told}", False, False, f"Look at the task in the ECS console. {_EXPLAINED}"
        )

    in_log = why(lines) if exit_code != 0 else None
    said = in_log.said if in_log else ""
    if rule and rule.cause in ("out_of_memory", "health_check"):
        known = said if in_log and in_log.cause else ""
        return Stopped(rule.cause, _with(f"{ended}: {reason}" if ended else reason, known), True, False, rule.todo, known)
    if rule and rule in FIRST and rule.cause in ("spot", "infrastructure"):
        return Stopped(rule.cause, with_code, True, False, rule.todo)
    if stop_code in _STOP_CODES:
        cause, todo = _STOP_CODES[stop_code]
        return Stopped(cause, with_code, True, False, todo)
    if in_log and in_log.cause:
        return Stopped(in_log.cause, _with(ended or told, said), True, False, in_log.todo, said)
    if rule:
        return Stopped(rule.cause, _with(f"{ended}: {reason}" if ended else told, said), True, False, rule.todo, said)
    if exit_code is not None:
        cause, todo = _EXIT_CODES.get(exit_code, ("exit_code", "Read the lines above."))
        return Stopped(cause, _with(ended, said), True, False, todo, said)
    todo = f"Look at the task in the ECS console. {_EXPLAINED}"
    return Stopped("no_exit_code", _with(f"the task stopped without an exit code: {told}", said), True, False, todo, said)


_FAILURES = {
    "MISSING": ("missing", "Check cluster and task definition."),
    "INACTIVE": ("inactive", "The cluster or the capacity provider is inactive."),
    "AGENT": ("agent", "The container instance's agent is not connected."),
}


def passes(message: str) -> bool:
    """Whether what AWS answered to RunTask goes away by itself, so that asking again makes sense."""
    rule = _matching(_plain(message))
    return rule is not None and rule.passing


def explain_failure(failure: Mapping[str, Any]) -> Stopped:
    """Why RunTask made no task: one of its ``failures`` ({arn, reason, detail}). Nothing ran, by definition."""
    said = _plain(f"{failure.get('reason') or 'no reason given'} {failure.get('detail') or ''}")
    what = f"ECS started no task: {said}"
    rule = None if failure.get("reason") in _FAILURES else _matching(said)
    if rule:
        return Stopped(rule.cause, what, False, rule.passing, rule.todo)
    cause, todo = _FAILURES.get(str(failure.get("reason")), ("not_placed", "Look at the cluster's capacity and the task's constraints."))
    return Stopped(cause, what, False, False, todo)
