# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever stands in a Compose file, an ecs-params.yml or an env file: a task definition comes out, or RedashError.

A run of the test suite tries 150 inputs of each kind, the same ones each time. More::

    REDASH_FUZZ_EXAMPLES=25000 pytest tests/fuzz        # four kinds: 100 000 inputs
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ansible_collections.redash.ecs.plugins.module_utils.core.compose_schema import KEYS
from ansible_collections.redash.ecs.plugins.module_utils.core.ecs_params import SCHEMA
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition import differences, masked, translate
from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition_checks import validate

EXAMPLES = int(os.environ.get("REDASH_FUZZ_EXAMPLES", "150"))
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    # A short run is the same each time; a long one looks for new faults, and says how to try them again.
    derandomize=EXAMPLES <= 1000,
    print_blob=True,
    database=None,
)

COMPOSE = """version: "2"
x-common: &common
  image: redash/redash:$TAG
  env_file: env
services:
  server:
    <<: *common
    command: server --name "a b"
    ports: ["5000:5000", 80]
    environment: {A: 4, B: '${C:-d}', E: }
    logging: {driver: awslogs, options: {awslogs-group: g}}
    ulimits: {nofile: {soft: 1, hard: 2}}
    volumes: ["named:/x", "/host:/y:ro", /anon]
    mem_limit: 512m
  worker: {extends: server, tmpfs: "/run:size=64m", stop_grace_period: 1m30s}
volumes: {named: }
"""
PARAMS = """version: 1
task_definition:
  task_execution_role: $ROLE
  ecs_network_mode: awsvpc
  task_size: {cpu_limit: 1024, mem_limit: 2.0GB}
  services:
    server:
      essential: true
      mem_limit: 1g
      secrets: [{name: A, value_from: /a}]
      healthcheck: {test: [CMD, a], interval: 1m30s}
  efs_volumes: [{name: named, filesystem_id: fs-1, iam: ENABLED, transit_encryption: ENABLED}]
"""
ENV = "# comment\nA=1\nB='2\n3'\nC=\"$A\"\nexport D=4\nE\n\n=f\n"


def attempt(compose: bytes, params: bytes = b"", env: bytes = b"", override: bytes | None = None, dot_env: bytes = b"TAG=1\n") -> None:
    """Translate; let nothing but RedashError out, and that as one line for each problem."""
    files = {"c.yml": compose, "p.yml": params, "env": env, ".env": dot_env, **({} if override is None else {"o.yml": override})}

    def read(path: Path) -> bytes:
        if path.name not in files:
            raise FileNotFoundError(path)
        return files[path.name]

    names = ["c.yml", *(["o.yml"] if override is not None else [])]
    try:
        translation = translate(names, "p.yml", "project", "FARGATE", {"TAG": "1", "X": ""}, "/project", read=read)
    except RedashError as error:
        assert all("\n" not in str(problem) and str(problem) for problem in error.problems)
        return
    request = translation.request
    assert differences(request, request) == []
    differences(None, request)
    masked(request)
    validate(request, "FARGATE", translation.places)


# ---- 1: anything at all --------------------------------------------------------------------------------


@fuzz
@example(b"[" * 20_000, b"", b"")
@example(b"&a [*a]", b"&a {b: *a}", b"")
@example(b"\xff\xfe", b"\xff", b"\xff")
@given(st.binary(max_size=300), st.binary(max_size=200), st.binary(max_size=100))
def test_any_bytes(compose: bytes, params: bytes, env: bytes) -> None:
    attempt(compose, params, env)
    attempt(COMPOSE.encode(), params, env)
    attempt(COMPOSE.encode(), PARAMS.encode(), env, dot_env=env)


# ---- 2: good files with something wrong in them --------------------------------------------------------

SCRAPS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["$", "${", "${A:-", "}", "\n", "\n  ", ": ", "- ", "[", "]", "{", "&a ", "*a", "<<: ", "? ", "|", "#", "'", '"', "\\"]
    ),
    st.sampled_from(["!!str ", "!reset ", "!!binary ", "~", "y", "1e999", "-1", "0x", "9" * 30, ".inf", ".nan", "---\n", "version: 3\n"]),
    st.sampled_from(["\t", "\r", "\0", "\ud800", "\ufeff", "é"]),
)


@st.composite
def damaged(draw: Any, text: str) -> str:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 8)))
        text = text[:start] + draw(SCRAPS) + text[end:]
    return text


@fuzz
@given(damaged(COMPOSE), damaged(PARAMS), damaged(ENV), st.sampled_from(["2", "3", "3.8", ""]))
def test_damaged_files(compose: str, params: str, env: str, version: str) -> None:
    compose = compose.replace('version: "2"', f'version: "{version}"' if version else "name: x")
    attempt(compose.encode("utf-8", "surrogatepass"), params.encode("utf-8", "surrogatepass"), env.encode("utf-8", "surrogatepass"))


# ---- 3 and 4: known keys with values of any shape ------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 70), 1 << 70),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from(
        ["80:80", "1-2:3-4", "512m", "1m30s", "a=b", "a:b", "/a:/b:ro", "$A", "${A:?x}", "service_healthy", "CMD", "named", "server"]
    ),
)
INNER_KEYS = st.one_of(
    st.sampled_from(
        ["a", "b", "driver", "options", "soft", "hard", "test", "interval", "retries", "target", "published", "source", "type"]
    ),
    st.sampled_from(["condition", "service", "file", "path", "required", "resources", "limits", "memory", "cpus", "name", "external"]),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(INNER_KEYS, inner, max_size=3), max_leaves=6)


@st.composite
def projects(draw: Any) -> dict[str, Any]:
    version = draw(st.sampled_from(list(KEYS)))
    keys = st.sampled_from([*KEYS[version], "x-a", "unknown"])
    service = st.dictionaries(keys, VALUES, max_size=5).map(lambda body: {"image": "i", **body})
    services = draw(st.dictionaries(st.sampled_from(["server", "worker", "a", "b c"]), st.one_of(service, VALUES), min_size=1, max_size=3))
    if version == "1":
        return services
    top = draw(
        st.dictionaries(st.sampled_from(["volumes", "networks", "secrets", "configs", "name", "x-a", "include"]), VALUES, max_size=2)
    )
    return {**({"version": version} if version else {}), "services": services, **top}


@fuzz
@given(projects(), st.none() | projects())
def test_known_keys_of_compose_files(project: dict[str, Any], override: dict[str, Any] | None) -> None:
    attempt(
        yaml.safe_dump(project, allow_unicode=True).encode("utf-8", "replace"),
        b"",
        ENV.encode(),
        None if override is None else yaml.safe_dump(override, allow_unicode=True).encode("utf-8", "replace"),
    )


def of_schema(schema: Any) -> st.SearchStrategy[Any]:
    """Values that mostly fit ``schema``."""
    if isinstance(schema, list):
        fitting: st.SearchStrategy[Any] = st.lists(of_schema(schema[0]), max_size=2)
    elif isinstance(schema, dict):
        named = {key: of_schema(below) for key, below in schema.items() if key != "*"}
        fitting = st.fixed_dictionaries({}, optional=named)
        if "*" in schema:
            fitting = st.dictionaries(st.sampled_from(["server", "worker", "a"]), of_schema(schema["*"]), max_size=2)
    else:
        fitting = SCALARS
    return st.one_of(fitting, fitting, fitting, VALUES)


@fuzz
@given(of_schema({key: SCHEMA[key] for key in ("task_definition", "version")}))
def test_known_keys_of_ecs_params(params: Any) -> None:
    attempt(COMPOSE.encode(), yaml.safe_dump(params, allow_unicode=True).encode("utf-8", "replace"), b"A=1\n")
