# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module: reads its source, writes only what changes, shows what it did, leaves alone what is not its own."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.render import HEADER
from ansible_collections.redash.ecs.plugins.modules import redash_compose_render as module

FIXTURES = Path(__file__).parents[2] / "fixtures" / "redash_compose"
CONSOLIDATED = ["docker-compose.yml", "ecs-params.yml", "docker-compose-task-runner.yml", "ecs-params-task-runner.yml", "env"]


def params(dest: Path, **changes: Any) -> dict[str, Any]:
    """The module's options, with the defaults of its argument spec."""
    defaults = {name: spec.get("default") for name, spec in module.ARGUMENT_SPEC.items()}
    given = {
        "version": "25.8.0",
        "name": "redash-prod",
        "region": "ap-northeast-1",
        "log_group": "/redash/prod",
        "execution_role_arn": "arn:aws:iam::000000000000:role/redash-prod-execution",
        "subnets": ["subnet-0a"],
        "secrets": {
            f"REDASH_{name}": f"/redash/prod/{name.lower()}" for name in ("COOKIE_SECRET", "SECRET_KEY", "DATABASE_URL", "REDIS_URL")
        },
        "dest": str(dest),
    }
    return {**defaults, **given, **changes}


def snapshot(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Content, mode and inode of every file: a file that is written anew gets another inode."""
    return {path.name: (path.read_text(), path.stat().st_mode & 0o7777, path.stat().st_ino) for path in folder.iterdir()}


def test_the_first_run_writes_every_file_and_the_second_none(tmp_path: Path) -> None:
    dest = tmp_path / "work" / "compose"
    first = module.run(params(dest), check_mode=False)
    assert first["changed"] is True
    assert first["files"] == first["changed_files"] == [str(dest / name) for name in CONSOLIDATED]
    before = snapshot(dest)
    assert sorted(before) == sorted(CONSOLIDATED)
    assert {mode for _text, mode, _inode in before.values()} == {0o644}
    second = module.run(params(dest), check_mode=False)
    assert (second["changed"], second["changed_files"], second["diff"]) == (False, [], [])
    assert snapshot(dest) == before


def test_check_mode_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    dest = tmp_path / "compose"
    checked = module.run(params(dest), check_mode=True)
    assert not dest.exists()
    contents = checked.pop("contents")
    assert module.run(params(dest), check_mode=False) == checked
    assert {path: Path(path).read_text() for path in checked["files"]} == contents
    before = snapshot(dest)
    changed = params(dest, workers={"server": 2})
    checked = module.run(changed, check_mode=True)
    assert checked["changed"] is True
    assert snapshot(dest) == before
    checked.pop("contents")
    assert module.run(changed, check_mode=False) == checked


def test_a_change_writes_only_the_files_that_it_changes_and_shows_them(tmp_path: Path) -> None:
    module.run(params(tmp_path), check_mode=False)
    before = snapshot(tmp_path)
    result = module.run(params(tmp_path, settings={"REDASH_LOG_LEVEL": "DEBUG"}), check_mode=False)
    assert result["changed_files"] == [str(tmp_path / "env")]
    (diff,) = result["diff"]
    assert diff["before_header"] == diff["after_header"] == str(tmp_path / "env")
    assert "REDASH_LOG_LEVEL=INFO\n" in diff["before"]
    assert "REDASH_LOG_LEVEL=DEBUG\n" in diff["after"]
    after = snapshot(tmp_path)
    assert [name for name in after if after[name] != before[name]] == ["env"]


def test_the_files_of_another_topology_are_removed_and_a_persons_are_not(tmp_path: Path) -> None:
    module.run(params(tmp_path), check_mode=False)
    (tmp_path / "docker-compose-mine.yml").write_text("version: '3'\n")
    (tmp_path / "notes.txt").write_text(f"{HEADER}\n")
    result = module.run(params(tmp_path, topology="split"), check_mode=False)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"docker-compose-mine.yml", "notes.txt"} < names
    assert not {"docker-compose.yml", "ecs-params.yml"} & names
    assert str(tmp_path / "docker-compose.yml") in result["changed_files"]
    removed = next(entry for entry in result["diff"] if entry["before_header"] == str(tmp_path / "docker-compose.yml"))
    assert removed["before"].startswith(HEADER)
    assert removed["after"] == ""


def test_a_file_that_somebody_else_wrote_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("MINE=1\n")
    with pytest.raises(RedashError) as caught:
        module.run(params(tmp_path), check_mode=False)
    assert str(caught.value) == (
        f"{tmp_path}/env: exists and was not written by this module. Move it away; your own additions go into redash_compose_overrides."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["env"]
    assert (tmp_path / "env").read_text() == "MINE=1\n"


def test_a_changed_generated_file_and_a_changed_mode_are_put_right(tmp_path: Path) -> None:
    module.run(params(tmp_path), check_mode=False)
    with (tmp_path / "env").open("a") as file:
        file.write("MINE=1\n")
    (tmp_path / "docker-compose.yml").chmod(0o600)
    result = module.run(params(tmp_path), check_mode=False)
    assert sorted(result["changed_files"]) == [str(tmp_path / "docker-compose.yml"), str(tmp_path / "env")]
    assert "MINE" not in (tmp_path / "env").read_text()
    assert (tmp_path / "docker-compose.yml").stat().st_mode & 0o7777 == 0o644


def test_the_mode_is_the_one_asked_for_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        module.run(params(tmp_path / "a", mode="0664"), check_mode=False)
        module.run(params(tmp_path / "b", mode=0o640), check_mode=False)
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "env").stat().st_mode & 0o7777 == 0o664
    assert (tmp_path / "b" / "env").stat().st_mode & 0o7777 == 0o640
    with pytest.raises(RedashError, match="'rw-r--r--' is not a file mode"):
        module.run(params(tmp_path, mode="rw-r--r--"), check_mode=False)


def test_what_a_killed_run_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".env.new").write_text("half of it")
    module.run(params(tmp_path), check_mode=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(CONSOLIDATED)


def test_a_refused_input_writes_nothing(tmp_path: Path) -> None:
    module.run(params(tmp_path), check_mode=False)
    before = snapshot(tmp_path)
    with pytest.raises(RedashError):
        module.run(params(tmp_path, settings={"REDASH_X": "1"}, task_size={"cpu": 1, "memory": 1}), check_mode=False)
    assert snapshot(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RedashError, match="cannot be written: "):
        module.run(params(tmp_path / "file" / "compose"), check_mode=False)


# --- the source ------------------------------------------------------------------------------------------


def test_a_path_is_read_and_named_without_its_folder(tmp_path: Path) -> None:
    result = module.run(params(tmp_path, source=str(FIXTURES / "17-rq-tag-port.yml")), check_mode=False)
    assert "redis (ElastiCache instead)" in result["left_out"]
    text = (tmp_path / "docker-compose.yml").read_text()
    assert "# Source: 17-rq-tag-port.yml." in text
    assert str(FIXTURES) not in text


@pytest.fixture
def site() -> Iterator[str]:
    """The fixtures on a web server of this machine."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(FIXTURES))

        def log_message(self, *_arguments: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_url_is_read_if_its_checksum_is_right(tmp_path: Path, site: str) -> None:
    url = f"{site}/19-rq-tag.yml"
    checksum = hashlib.sha256((FIXTURES / "19-rq-tag.yml").read_bytes()).hexdigest()
    for given in (checksum, f"sha256:{checksum}", checksum.upper()):
        assert module.run(params(tmp_path, source=url, source_checksum=given), check_mode=False)["image"] == "redash/redash:25.8.0"
    assert f"# Source: {url}." in (tmp_path / "docker-compose.yml").read_text()


@pytest.mark.parametrize("user", ["me:hunter2@", "hunter2@", "me:hunter2/x@y@", "me:hunter2?x@"])
def test_credentials_of_a_url_are_in_no_error(tmp_path: Path, site: str, user: str) -> None:
    url = f"{site.replace('//', f'//{user}')}/nothing.yml?sig=hunter2"
    for checksum in (None, "00"):
        with pytest.raises(RedashError) as caught:
            module.run(params(tmp_path, source=url, source_checksum=checksum), check_mode=False)
        assert "hunter2" not in str(caught.value)
        assert str(caught.value).startswith("http://********@127.0.0.1:")


def test_credentials_of_a_url_are_in_no_file_and_no_name(tmp_path: Path, site: str) -> None:
    checksum = hashlib.sha256((FIXTURES / "19-rq-tag.yml").read_bytes()).hexdigest()
    for query in ("?X-Amz-Signature=hunter2", "?sig=hunter3"):
        url = f"{site.replace('//', '//me:hunter2@')}/19-rq-tag.yml{query}"
        assert module.run(params(tmp_path, source=url, source_checksum=checksum), check_mode=False)["changed"] is (query[1] == "X")
    texts = [path.read_text() for path in tmp_path.iterdir()]
    assert texts and not any("hunter" in text for text in texts)
    assert f"# Source: {site.replace('//', '//********@')}/19-rq-tag.yml?********." in (tmp_path / "docker-compose.yml").read_text()


def test_a_url_without_or_with_another_checksum_is_refused(tmp_path: Path, site: str) -> None:
    url = f"{site}/19-rq-tag.yml"
    with pytest.raises(RedashError, match="no checksum is given"):
        module.run(params(tmp_path, source=url), check_mode=False)
    with pytest.raises(RedashError, match=r"has the SHA-256 [0-9a-f]{64}, not 0000"):
        module.run(params(tmp_path, source=url, source_checksum="0000"), check_mode=False)
    assert list(tmp_path.iterdir()) == []


def test_a_source_or_override_that_cannot_be_read_is_said_with_every_other(tmp_path: Path, site: str) -> None:
    (tmp_path / "latin.yml").write_bytes(b"a: \xe4")
    with pytest.raises(RedashError) as caught:
        module.run(
            params(
                tmp_path / "x",
                source=f"{site}/nothing.yml",
                source_checksum="00",
                override_files=[str(tmp_path / "none.yml"), str(tmp_path / "latin.yml")],
            ),
            check_mode=False,
        )
    missing, none, latin = caught.value.problems
    assert "404" in str(missing)
    assert str(none) == f"{tmp_path}/none.yml: cannot be read: No such file or directory"
    assert str(latin) == f"{tmp_path}/latin.yml: is not UTF-8 (byte 3)"


# --- what comes back -------------------------------------------------------------------------------------


def test_the_next_steps_get_paths_that_exist(tmp_path: Path) -> None:
    own = tmp_path / "mine.yml"
    own.write_text('version: "3"\nservices: {worker: {environment: {A: b}}}\n')
    result = module.run(params(tmp_path / "compose", topology="split", override_files=[str(own)]), check_mode=False)
    entries = {entry["family"]: entry for entry in (*result["services"], result["task_runner"])}
    for entry in entries.values():
        assert all(Path(path).is_absolute() and Path(path).is_file() for path in (*entry["compose_files"], entry["ecs_params"]))
    assert entries["redash-prod-worker"]["compose_files"][1:] == [str(own)]
    assert entries["redash-prod-server"]["load_balancer"] == {"container_name": "server", "container_port": 5000}
    assert result["task_runner"]["container"] == "task-runner"
    assert result["release"]["commands"]["send_test_mail"] == "send-test-mail"
    assert result["release"]["alembic_head"] == "db0aca1ebd32"


def test_options_documentation_and_argument_spec_agree() -> None:
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
    assert set(documented) == set(module.ARGUMENT_SPEC)
    for name, spec in module.ARGUMENT_SPEC.items():
        for key in ("type", "required", "default", "choices", "elements"):
            assert documented[name].get(key) == spec.get(key), (name, key)


def test_the_role_hands_over_every_option() -> None:
    role = Path(module.__file__).parents[2] / "roles" / "compose_render"
    tasks = yaml.safe_load((role / "tasks" / "main.yml").read_text())
    (task,) = [task for task in tasks if "redash.ecs.redash_compose_render" in task]
    assert set(task["redash.ecs.redash_compose_render"]) == set(module.ARGUMENT_SPEC) - {"mode"}
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text())
    documented = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert set(defaults) == set(documented)


def test_what_is_returned_is_documented(tmp_path: Path) -> None:
    result = module.run(params(tmp_path), check_mode=True)
    documented = yaml.safe_load(module.RETURN)
    assert set(result) - {"changed", "diff"} == set(documented)
    assert set(result["services"][0]) == set(documented["services"]["contains"])
    assert set(result["release"]) == set(documented["release"]["contains"])


def as_ansible(tmp_path: Path, **changes: Any) -> subprocess.CompletedProcess[str]:
    given = {key: value for key, value in params(tmp_path, **changes).items() if value is not None}
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": given})
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, module.__file__]
    return subprocess.run(command, input=arguments, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=60, check=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": {"REDASH_ENFORCE_HTTPS": "hunter2", "A=hunter2": "x"}},
        {"source": "http://me:hunter2@127.0.0.1:9/x.yml?sig=hunter2", "source_checksum": "00"},
    ],
)
def test_what_is_refused_is_not_among_the_options_that_ansible_shows(tmp_path: Path, changes: dict[str, Any]) -> None:
    ran = as_ansible(tmp_path, **changes)
    answer = json.loads(ran.stdout)
    assert answer["failed"] is True
    assert answer["invocation"]["module_args"]["name"] == "redash-prod"
    assert "hunter2" not in ran.stdout + ran.stderr


def test_what_is_taken_is_shown_without_the_credentials_of_its_source(tmp_path: Path, site: str) -> None:
    checksum = hashlib.sha256((FIXTURES / "19-rq-tag.yml").read_bytes()).hexdigest()
    source = f"{site.replace('//', '//me:hunter2@')}/19-rq-tag.yml"
    ran = as_ansible(tmp_path, source=source, source_checksum=checksum, settings={"REDASH_LOG_LEVEL": "DEBUG"})
    answer = json.loads(ran.stdout)
    assert answer["changed"] is True
    assert answer["invocation"]["module_args"]["settings"] == {"REDASH_LOG_LEVEL": "DEBUG"}
    assert "hunter2" not in ran.stdout + ran.stderr


def test_run_as_ansible_runs_it_a_refusal_is_a_message_and_no_traceback(tmp_path: Path) -> None:
    ran = as_ansible(tmp_path, version="1.0.0")
    answer = json.loads(ran.stdout)
    assert answer["failed"] is True
    assert answer["msg"].startswith("redash_version: '1.0.0' is not a Redash release that is known. Known: 5.0.0,")
    assert "Traceback" not in ran.stdout + ran.stderr
