# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The local AWS beside rootless containers.

A rootless Podman keeps its networks in a network namespace of its own, where no process of this machine reaches a
container's address. So MiniStack runs in there (``inside``), and this process (``serve``) hands on what comes to its port:
127.0.0.1 here -> a Unix socket, which a file system shares across network namespaces -> 127.0.0.1 in there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

from demo.engine import socket_path
from demo.instance import Instance

# Seconds that MiniStack has to save its state and to remove its tasks' containers.
STOP = 50
CHUNK = 1 << 16

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def relay_socket(instance: Instance) -> Path:
    return socket_path(instance, "aws")


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
        # The other direction may still have something to say.
        target.write_eof()


def relay(connect: Callable[[], Awaitable[Connection]]) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """What a server does with each connection: copy both ways to what ``connect`` opens, until both have ended."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            other_reader, other_writer = await connect()
        except OSError:
            writer.close()  # no server answers in there, so the client is refused, as without a relay
            return
        await asyncio.gather(_copy(reader, other_writer), _copy(other_reader, writer))
        other_writer.close()
        writer.close()

    return handle


def inside(instance: Instance) -> None:
    """Called in the namespace, before MiniStack serves: take connections from the socket, and end when ``serve`` has."""

    async def listen() -> None:
        path = relay_socket(instance)
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(relay(lambda: asyncio.open_connection("127.0.0.1", instance.port)), path)
        await server.serve_forever()

    def watch() -> None:
        # `serve` holds the other end: it is closed however that process ends.
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=lambda: asyncio.run(listen()), daemon=True, name="relay").start()
    threading.Thread(target=watch, daemon=True, name="watch").start()


def serve(instance: Instance) -> int:
    """Run MiniStack in Podman's network namespace, and its port here, until SIGTERM; the exit code."""
    process = subprocess.Popen(
        ["podman", "unshare", "--rootless-netns", sys.executable, "-m", "demo.local_aws.launcher", str(instance.home), "inside"],
        stdin=subprocess.PIPE,
    )

    async def listen() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        server = await asyncio.start_server(relay(lambda: asyncio.open_unix_connection(relay_socket(instance))), "127.0.0.1", instance.port)
        ended = loop.run_in_executor(None, process.wait)
        await asyncio.wait({asyncio.ensure_future(stop.wait()), ended}, return_when=asyncio.FIRST_COMPLETED)
        # Not `async with`: from Python 3.12 on it waits for the last connection, and a browser keeps its own open.
        server.close()
        assert process.stdin
        process.stdin.close()
        try:
            return await asyncio.wait_for(asyncio.shield(ended), STOP)
        except TimeoutError:
            process.kill()
            return 1

    try:
        return asyncio.run(listen())
    finally:
        relay_socket(instance).unlink(missing_ok=True)
