# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""boto3 clients from the connection options of amazon.aws, and botocore's errors in one line.

amazon.aws builds its clients from a module object. An action plugin has none, so a small stand-in with
``params`` and ``fail_json`` is handed in: the options, their environment fall-backs and the user agent
are amazon.aws's own, whichever side of Ansible the work runs on.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from ansible_collections.amazon.aws.plugins.module_utils.botocore import boto3_conn, get_aws_connection_info

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError

try:
    import boto3
    import botocore.exceptions as botocore_exceptions
except ImportError:  # the module says so in one line: amazon.aws checks for boto3 before anything else
    botocore_exceptions = None  # type: ignore[assignment]

LOOPBACK = ("127.0.0.1", "localhost", "::1")

# boto3's "standard" mode backs off with jitter on throttling; ten tries last about a minute, which covers
# what AWS calls a burst. Adaptive mode would also slow down calls that nobody throttled.
RETRIES = {"retries": {"mode": "standard", "max_attempts": 10}}


class _Connection:
    """As much of an AnsibleAWSModule as amazon.aws's connection code touches."""

    def __init__(self, params: Mapping[str, Any], name: str) -> None:
        self.params = dict(params)
        self._name = name

    def fail_json(self, *, msg: str, **kwargs: Any) -> NoReturn:
        raise RedashError(msg)


def is_local_endpoint(endpoint_url: str | None) -> bool:
    """True for an emulator on this machine (MiniStack, moto)."""
    return bool(endpoint_url) and urlsplit(endpoint_url).hostname in LOOPBACK


@contextlib.contextmanager
def _without_profile() -> Iterator[None]:
    """boto3 looks for the shell's AWS_PROFILE by itself, and fails where its configuration is not there."""
    kept = {name: os.environ.pop(name) for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE") if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def client_factory(params: Mapping[str, Any], name: str) -> Callable[..., Any]:
    """A function that makes each boto3 client once: ``client("ecs")``, or ``client("logs", region="eu-west-1")``.

    ``params`` are validated module options (``region``, ``profile``, ``endpoint_url``, ...), ``name`` is
    the module's, for messages. Raises RedashError when no region or no usable credentials are given.
    """
    options = dict(params)
    if is_local_endpoint(options.get("endpoint_url")):
        # An emulator must never be spoken to with somebody's real profile, and amazon.aws refuses a
        # profile (it may come from AWS_PROFILE in the shell) beside keys.
        options["profile"] = None
        options["aws_ca_bundle"] = None
    config = {**RETRIES, **(options.get("aws_config") or {})}
    options["aws_config"] = config
    clients: dict[tuple[str, str | None], Any] = {}

    def client(service: str, *, region: str | None = None) -> Any:
        key = (service, region)
        if key not in clients:
            connection = _Connection(options, name)
            own_region, endpoint, connection_params = get_aws_connection_info(connection)  # type: ignore[arg-type]
            region = region or own_region
            if not region:
                raise RedashError(Problem("no AWS region is set", name, "Set redash_region (or AWS_REGION)."))
            with _without_profile() if is_local_endpoint(options.get("endpoint_url")) else contextlib.nullcontext():
                clients[key] = boto3_conn(
                    connection,  # type: ignore[arg-type]
                    conn_type="client",
                    resource=service,
                    region=region,
                    endpoint=endpoint,
                    **connection_params,
                )
        return clients[key]

    return client


def frozen_credentials(params: Mapping[str, Any], name: str) -> dict[str, str]:
    """The credentials that ``client_factory`` would sign with, for a program that is not boto3.

    ``params`` are validated module options, ``name`` is the module's, for messages. Returns ``access_key``, ``secret_key`` and
    ``session_token`` (empty where there is none). Raises RedashError when no usable credentials are given.
    """
    options = dict(params)
    if is_local_endpoint(options.get("endpoint_url")):
        options["profile"] = None
    given = get_aws_connection_info(_Connection(options, name))[2]  # type: ignore[arg-type]
    # A profile of the shell has no say beside keys.
    with _without_profile() if given.get("aws_access_key_id") else contextlib.nullcontext(), aws_errors("find AWS credentials"):
        session = boto3.session.Session(
            aws_access_key_id=given.get("aws_access_key_id"),
            aws_secret_access_key=given.get("aws_secret_access_key"),
            aws_session_token=given.get("aws_session_token"),
            profile_name=given.get("profile_name"),
        )
        found = session.get_credentials()
        if found is None:
            raise botocore_exceptions.NoCredentialsError()
        frozen = found.get_frozen_credentials()
    return {"access_key": frozen.access_key, "secret_key": frozen.secret_key, "session_token": frozen.token or ""}


def error_code(error: BaseException) -> str:
    """The AWS error code (``ClusterNotFoundException``), or an empty string when it is no AWS answer."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    return ""


# What AWS answers for a moment only, beside any status of 500 and above. Throttling has names of its own in each service.
PASSING = (
    "InternalErrorException",
    "InternalFailure",
    "InternalServerError",
    "InternalServiceException",
    "OperationAbortedException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "LimitExceededException",
)
# botocore's names for an answer that did not come, or not whole.
UNANSWERED = (
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "ConnectionError",
    "EndpointConnectionError",
    "HTTPClientError",
    "IncompleteReadError",
    "ProxyConnectionError",
    "ReadTimeoutError",
    "ResponseParserError",
    "ResponseStreamingError",
)


def is_passing(error: BaseException) -> bool:
    """Whether asking again may well be answered: AWS was unwell or throttled, or the connection broke."""
    code = error_code(error)
    if not code:
        return type(error).__name__ in UNANSWERED
    status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode")
    return code in PASSING or (isinstance(status, int) and status >= 500)


# Codes whose cure is always the same, whatever was asked. https://docs.aws.amazon.com/general/latest/gr/
TODO = {
    "AccessDenied": "Allow that action to the role or user that runs this playbook.",
    "AccessDeniedException": "Allow that action to the role or user that runs this playbook.",
    "UnauthorizedOperation": "Allow that action to the role or user that runs this playbook.",
    "ExpiredToken": "Sign in again (aws sso login) and rerun.",
    "ExpiredTokenException": "Sign in again (aws sso login) and rerun.",
    "InvalidClientTokenId": "Check the credentials: this account does not know them.",
    "UnrecognizedClientException": "Check the credentials: this account does not know them.",
    "ThrottlingException": "AWS is throttling this account; rerun, it goes on where it stopped.",
}


def problem_of(error: Exception, doing: str) -> Problem:
    """What a botocore exception means, in one line.

    ``doing`` is what was tried, in words: ``read cluster redash-prod``.
    """
    code = error_code(error)
    if code:
        message = getattr(error, "response", {}).get("Error", {}).get("Message", "") or "no message"
        return Problem(f"AWS refused to {doing}: {code}: {message}", todo=TODO.get(code, ""))
    name = type(error).__name__
    if name in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        return Problem(f"cannot {doing}: no AWS credentials", todo="Set redash_aws_profile, or sign in, or run where a role is assumed.")
    if name in ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError", "ReadTimeoutError"):
        return Problem(f"cannot {doing}: AWS was not reached: {error}", todo="Check the network and redash_region.")
    return Problem(f"cannot {doing}: {name}: {error}")


@contextlib.contextmanager
def aws_errors(doing: str, **result: Any) -> Iterator[None]:
    """Turn botocore's exceptions inside the block into RedashError: ``with aws_errors("read cluster x"):``."""
    try:
        yield
    except (botocore_exceptions.ClientError, botocore_exceptions.BotoCoreError) as error:
        raise RedashError(problem_of(error, doing), result=result) from error
