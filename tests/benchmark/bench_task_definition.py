# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long rendering a release's files and building all their requests takes, in one process.

    python tests/benchmark/bench_task_definition.py [--limit MILLISECONDS] [COMPOSE_FILE ECS_PARAMS]

Without files it renders the largest release that the collection has built in, in both topologies. With files
it only translates them. It prints medians; with --limit it fails when one is above.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "collections"))

from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES
from ansible_collections.redash.ecs.plugins.module_utils.core.render import Options, Rendering, Topology, render
from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition import register_request

ROUNDS = 50


def median_milliseconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, help="fail above this many milliseconds")
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()
    results = {}
    if arguments.files:
        compose, params = (path.resolve() for path in arguments.files)
        results["translate"] = median_milliseconds(lambda: register_request([compose], params, "redash", "FARGATE", {}, compose.parent))
    else:
        with tempfile.TemporaryDirectory() as folder:
            results = built_in(Path(folder))
    for name, milliseconds in results.items():
        print(f"{name:<40} {milliseconds:8.2f} ms")
    return int(arguments.limit is not None and max(results.values()) > arguments.limit)


def built_in(folder: Path) -> dict[str, float]:
    """Medians for the release with the most services."""
    known = max(RELEASES.values(), key=lambda candidate: len(candidate.services))
    results = {}
    topologies: tuple[Topology, ...] = ("consolidated", "split")
    names = ("REDASH_COOKIE_SECRET", "REDASH_SECRET_KEY", "REDASH_DATABASE_URL", "REDASH_REDIS_URL")
    for topology in topologies:
        options = Options(
            version=known.version,
            name="redash",
            region="ap-northeast-1",
            log_group="/ecs/redash",
            execution_role_arn="arn:aws:iam::000000000000:role/redash-execution",
            subnets=("subnet-0",),
            secrets={name: f"/redash/{name.lower()}" for name in names},
            topology=topology,
            settings={"REDASH_HOST": "https://redash.example.com"},
        )
        rendering = render(options)
        for name, text in rendering.files.items():
            (folder / name).write_text(text)

        def translate_all(rendering: Rendering = rendering) -> None:
            for task in [*rendering.services, rendering.task_runner]:
                register_request(task["compose_files"], task["ecs_params"], task["family"], "FARGATE", {}, folder)

        def render_and_translate(options: Options = options) -> None:
            translate_all(render(options))

        results[f"{known.version} {topology}: translate"] = median_milliseconds(translate_all)
        results[f"{known.version} {topology}: render and translate"] = median_milliseconds(render_and_translate)
    return results


if __name__ == "__main__":
    sys.exit(main())
