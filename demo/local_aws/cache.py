# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What TLS and AUTH tokens of the emulated ElastiCache mean, done to the real Redis server.

It holds until that server's container is made anew (`make demo-down`, `make demo`), which begins in clear as the demo wants it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from demo.engine import client_for
from demo.instance import Instance

# Where MiniStack puts certificates into a container (its _NODE_TLS_DIR).
TLS = "/ministack-elasticache-tls"
# One redis-cli for all of it: the port that it came in by is closed on the way. Clients verify nothing or the whole chain;
# none of them needs a certificate of its own.
ENCRYPT = f"""
redis-cli -e <<'EOF'
CONFIG SET tls-cert-file {TLS}/server.crt
CONFIG SET tls-key-file {TLS}/server.key
CONFIG SET tls-ca-cert-file {TLS}/ca.crt
CONFIG SET tls-auth-clients no
CONFIG SET port 0
CONFIG SET tls-port 6379
EOF
"""
# The tokens come from the environment of that one process, and go in by its standard input: no argument list holds them.
# A server that takes anybody has no use for REDISCLI_AUTH, and says so on standard error.
ACCEPT = """
redis-cli -e --tls --insecure <<EOF
ACL SETUSER default on resetpass $RULES
EOF
"""


def encrypt(install: Callable[[Any, str, str], None]) -> None:
    """TLS instead of clear text on Redis's port; safe to repeat. ``install`` puts a certificate into a container."""
    with server() as container:
        # In clear first: a server without TLS lets a client that begins with it wait for ever.
        if container.exec_run(["redis-cli", "ping"]).exit_code != 0:
            return
        install(container, container.name, "127.0.0.1")
        container.exec_run(["chmod", "-R", "a+rX", TLS], user="root")
        run(container, ENCRYPT, {})


def accept(tokens: list[str], login: str | None) -> None:
    """The tokens that Redis accepts from now on; none: it takes anybody. ``login``, one that it accepts now."""
    rules = " ".join(f">{token}" for token in tokens) or "nopass"
    with server() as container:
        run(container, ACCEPT, {"RULES": rules, **({"REDISCLI_AUTH": login} if login else {})})


@contextmanager
def server() -> Iterator[Any]:
    client = client_for(os.environ["DOCKER_HOST"])
    try:
        yield client.containers.get(Instance.from_environment(os.environ).redis)
    finally:
        client.close()


def run(container: Any, script: str, environment: dict[str, str]) -> None:
    result = container.exec_run(["sh", "-c", script], environment=environment)
    if result.exit_code != 0:
        raise RuntimeError(f"Redis refused: {result.output.decode(errors='replace').strip()}")
