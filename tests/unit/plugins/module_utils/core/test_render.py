# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redash's official compose file becomes files for ECS: every release, both topologies, every shape upstream shipped."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES, release
from ansible_collections.redash.ecs.plugins.module_utils.core.render import HEADER, Options, Override, Rendering, render
from ansible_collections.redash.ecs.plugins.module_utils.core.render_text import quoted
from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition import register_request
from ansible_collections.redash.ecs.plugins.module_utils.core.task_definition_checks import validate

FIXTURES = Path(__file__).parents[3] / "fixtures" / "redash_compose"
TOPOLOGIES = ("consolidated", "split")
SECRETS = {
    "REDASH_COOKIE_SECRET": "/redash/prod/cookie_secret",
    "REDASH_DATABASE_URL": "arn:aws:ssm:ap-northeast-1:000000000000:parameter/redash/prod/database_url",
    "REDASH_REDIS_URL": "/redash/prod/redis_url",
    "REDASH_SECRET_KEY": "/redash/prod/secret_key",
}
# Each of upstream's shapes with the release that it is for.
SHAPES = {
    "00-celery-5.yml": "5.0.0",
    "01-celery-5-schemas.yml": "5.0.0",
    "02-celery-8.yml": "8.0.0",
    "14-celery-8-pgautoupgrade.yml": "8.0.0",
    "16-rq-10-spaces.yml": "10.1.0",
    "17-rq-tag-port.yml": "25.1.0",
    "19-rq-tag.yml": "26.3.0",
    "derived-other-forms.yml": "25.8.0",
}
EVERY_SHAPE = pytest.mark.parametrize(("shape", "topology"), list(itertools.product(SHAPES, TOPOLOGIES)))
EVERY_RELEASE = pytest.mark.parametrize(("version", "topology"), list(itertools.product(RELEASES, TOPOLOGIES)))


def options(version: str = "25.8.0", topology: str = "consolidated", **changes: Any) -> Options:
    given: dict[str, Any] = {
        "version": version,
        "topology": topology,
        "name": "redash-prod",
        "region": "ap-northeast-1",
        "log_group": "/redash/prod",
        "execution_role_arn": "arn:aws:iam::000000000000:role/redash-prod-execution",
        "task_role_arn": "arn:aws:iam::000000000000:role/redash-prod-task",
        "subnets": ["subnet-0a", "subnet-0b"],
        "security_groups": ["sg-0a"],
        "settings": {"REDASH_HOST": "https://redash.example.com"},
        "secrets": SECRETS,
        "task_runner_secrets": {"REDASH_ADMIN_PASSWORD": "/redash/prod/admin_password"},
    }
    return Options(**{**given, **changes})


def from_shape(shape: str, topology: str = "consolidated", **changes: Any) -> Rendering:
    return render(options(SHAPES[shape], topology, **changes), (FIXTURES / shape).read_text(), shape)


def compose_services(rendering: Rendering) -> dict[str, dict[str, Any]]:
    """Every service of every Compose file but the task runner's."""
    services: dict[str, dict[str, Any]] = {}
    for entry in rendering.services:
        services |= yaml.safe_load(rendering.files[entry["compose_files"][0]])["services"]
    return services


def params(rendering: Rendering) -> dict[str, dict[str, Any]]:
    return {name: yaml.safe_load(text) for name, text in rendering.files.items() if name.startswith("ecs-params")}


def env(rendering: Rendering) -> dict[str, str]:
    lines = [line for line in rendering.files["env"].splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def refusal(call: Options, text: str | None = None, name: str = "compose.yml") -> list[str]:
    """What is said about an input that is refused: one line for each problem."""
    with pytest.raises(RedashError) as caught:
        render(call, text, name)
    return [str(problem) for problem in caught.value.problems]


def requests(rendering: Rendering, folder: Path) -> list[dict[str, Any]]:
    """The RegisterTaskDefinition request of each task definition, from the files as they lie in a folder."""
    for name, text in rendering.files.items():
        (folder / name).write_text(text)
    return [
        register_request(
            [folder / name for name in entry["compose_files"]], folder / entry["ecs_params"], entry["family"], "FARGATE", {}, folder
        )
        for entry in (*rendering.services, rendering.task_runner)
    ]


# --- what is removed -------------------------------------------------------------------------------------


@EVERY_SHAPE
def test_nothing_is_left_of_what_aws_replaces(shape: str, topology: str) -> None:
    rendering = from_shape(shape, topology)
    for service in compose_services(rendering).values():
        assert set(service) <= {"image", "command", "env_file", "environment", "ports", "logging", "stop_grace_period"}
        assert service["env_file"] == "env"  # and no path of a host
    uncommented = re.sub(r"#.*", "", "".join(rendering.files.values()))
    for gone in ("postgres", "nginx", "restart", "/opt/redash", "redis:", "valkey", "__TAG__", "__PORT__", "localtime"):
        assert gone not in uncommented


def test_what_is_left_out_is_said_with_what_takes_its_place() -> None:
    assert from_shape("19-rq-tag.yml").left_out == (
        "redis (ElastiCache instead)",
        "postgres (Aurora PostgreSQL instead)",
        "nginx (the load balancer instead)",
        "env_file of every service (settings come from redash_settings, secrets from Parameter Store)",
        "restart of every service (the ECS service replaces what stops)",
    )


def test_depends_on_stays_where_the_other_is_in_the_same_task() -> None:
    services = params(from_shape("17-rq-tag-port.yml"))["ecs-params.yml"]["task_definition"]["services"]
    assert "depends_on" not in services["server"]
    assert services["scheduler"]["depends_on"] == [{"container_name": "server", "condition": "START"}]
    assert services["worker"]["depends_on"] == [{"container_name": "server", "condition": "START"}]


def test_depends_on_goes_where_the_other_is_another_task() -> None:
    for file in params(from_shape("17-rq-tag-port.yml", "split")).values():
        assert all("depends_on" not in service for service in file["task_definition"]["services"].values())


def test_a_dependency_on_a_worker_follows_it_into_the_one_worker() -> None:
    text = (FIXTURES / "16-rq-10-spaces.yml").read_text()
    text = text.replace(
        "    command: scheduler\n", "    command: scheduler\n    depends_on: {adhoc_worker: {condition: service_healthy}}\n"
    )
    text = text.replace("      WORKERS_COUNT: 2\n", "      WORKERS_COUNT: 2\n    depends_on: [worker, redis]\n")
    services = params(render(options("10.1.0"), text, "x"))["ecs-params.yml"]["task_definition"]["services"]
    assert services["scheduler"]["depends_on"] == [{"container_name": "worker", "condition": "HEALTHY"}]
    assert "depends_on" not in services["worker"]


def test_a_variable_that_points_to_a_removed_service_goes_with_it() -> None:
    assert "REDASH_REDIS_URL" not in compose_services(from_shape("derived-other-forms.yml"))["server"]["environment"]


# --- what is added ---------------------------------------------------------------------------------------


@EVERY_SHAPE
def test_each_container_logs_to_a_stream_of_its_own_name(shape: str, topology: str) -> None:
    for name, service in compose_services(from_shape(shape, topology)).items():
        assert service["logging"] == {
            "driver": "awslogs",
            "options": {"awslogs-group": "/redash/prod", "awslogs-region": "ap-northeast-1", "awslogs-stream-prefix": name},
        }


@EVERY_SHAPE
def test_each_container_gets_every_secret_by_reference_and_a_health_check(shape: str, topology: str) -> None:
    rendering = from_shape(shape, topology)
    expected = [{"name": name, "value_from": reference} for name, reference in sorted(SECRETS.items())]
    checked = []
    for entry in rendering.services:
        services = params(rendering)[entry["ecs_params"]]["task_definition"]["services"]
        assert list(services) == entry["containers"]
        for name, service in services.items():
            assert service["secrets"] == expected
            assert service["healthcheck"]["test"][0] == "CMD"
            checked.append(name)
    assert sorted(checked) == sorted(compose_services(rendering))


def test_the_task_runner_has_its_own_secret_beside_the_others() -> None:
    service = params(render(options()))["ecs-params-task-runner.yml"]["task_definition"]["services"]["task-runner"]
    assert [secret["name"] for secret in service["secrets"]] == ["REDASH_ADMIN_PASSWORD", *sorted(SECRETS)]
    assert "healthcheck" not in service
    others = [name for name in params(render(options())) if name != "ecs-params-task-runner.yml"]
    assert "ADMIN_PASSWORD" not in "".join(render(options()).files[name] for name in others)


def test_the_task_runner_waits_for_its_log_lines_and_does_no_harm_without_a_command() -> None:
    service = yaml.safe_load(render(options()).files["docker-compose-task-runner.yml"])["services"]["task-runner"]
    assert service["logging"]["options"]["mode"] == "blocking"
    assert service["command"] == ["/app/manage.py", "version"]


def test_network_roles_and_size_are_those_given() -> None:
    rendering = render(options(task_size={"cpu": "4 vCPU", "memory": "8GB"}, assign_public_ip="ENABLED"))
    file = params(rendering)["ecs-params.yml"]
    assert file["run_params"]["network_configuration"]["awsvpc_configuration"] == {
        "subnets": ["subnet-0a", "subnet-0b"],
        "security_groups": ["sg-0a"],
        "assign_public_ip": "ENABLED",
    }
    task = file["task_definition"]
    assert task["task_size"] == {"cpu_limit": "4096", "mem_limit": "8192"}
    assert task["ecs_network_mode"] == "awsvpc"
    assert task["task_execution_role"] == "arn:aws:iam::000000000000:role/redash-prod-execution"
    assert task["task_role_arn"] == "arn:aws:iam::000000000000:role/redash-prod-task"


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_server_is_the_load_balancers_only_target_with_the_same_port_on_both_sides(topology: str) -> None:
    rendering = render(options(topology=topology))
    targets = [entry["load_balancer"] for entry in rendering.services if entry["load_balancer"]]
    assert targets == [{"container_name": "server", "container_port": 5000}]
    ports = {name: service["ports"] for name, service in compose_services(rendering).items() if "ports" in service}
    assert ports == {"server": ["5000:5000"]}


def test_celery_is_given_the_time_to_finish_what_it_runs() -> None:
    services = compose_services(render(options("8.0.0", "split")))
    assert {name: service.get("stop_grace_period") for name, service in services.items()} == {
        "server": None,
        "scheduler": "120s",
        "scheduled_worker": "120s",
        "adhoc_worker": "120s",
    }


# --- topologies and queues -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["01-celery-5-schemas.yml", "02-celery-8.yml", "14-celery-8-pgautoupgrade.yml"])
def test_consolidated_on_celery_is_a_server_and_a_scheduler_that_takes_every_queue(shape: str) -> None:
    services = compose_services(from_shape(shape))
    assert list(services) == ["server", "scheduler"]
    assert services["server"]["environment"] == {"REDASH_WEB_WORKERS": "4"}
    queues = services["scheduler"]["environment"]["QUEUES"].split(",")
    assert sorted(queues) == ["celery", "queries", "scheduled_queries", "schemas"]
    assert services["scheduler"]["environment"]["WORKERS_COUNT"] == "2"


@pytest.mark.parametrize("shape", ["16-rq-10-spaces.yml", "17-rq-tag-port.yml", "19-rq-tag.yml"])
def test_consolidated_on_rq_is_a_server_a_scheduler_and_one_worker_on_every_queue(shape: str) -> None:
    services = compose_services(from_shape(shape))
    assert list(services) == ["server", "scheduler", "worker"]
    assert "environment" not in services["scheduler"]  # it consumes nothing
    assert services["worker"]["environment"] == {
        "QUEUES": "periodic emails default scheduled_queries queries schemas",
        "WORKERS_COUNT": "2",
    }


@pytest.mark.parametrize("shape", ["02-celery-8.yml", "16-rq-10-spaces.yml", "19-rq-tag.yml"])
def test_split_keeps_every_group_of_workers_as_the_source_has_it(shape: str) -> None:
    rendering = from_shape(shape, "split")
    environments = {name: service.get("environment", {}) for name, service in compose_services(rendering).items()}
    groups = {name: sorted(re.split(r"[ ,]", own["QUEUES"])) for name, own in environments.items() if "QUEUES" in own}
    expected = {service.name: sorted(service.queues) for service in release(SHAPES[shape]).services if service.queues}
    assert groups == expected
    assert {name: own["WORKERS_COUNT"] for name, own in environments.items() if "QUEUES" in own} == {
        service.name: str(service.processes) for service in release(SHAPES[shape]).services if service.queues
    }


@EVERY_RELEASE
def test_every_queue_of_a_release_is_consumed_once_and_one_scheduler_runs(version: str, topology: str) -> None:
    rendering = render(options(version, topology))
    consumed = [queue for entry in rendering.services for queue in entry["queues"]]
    assert sorted(consumed) == sorted(release(version).queues)
    commands = [service["command"] for service in compose_services(rendering).values()]
    assert (commands.count(["scheduler"]), commands.count(["server"])) == (1, 1)
    assert [entry["has_scheduler"] for entry in rendering.services].count(True) == 1


@EVERY_RELEASE
def test_celery_gets_commas_and_rq_blanks(version: str, topology: str) -> None:
    for service in compose_services(render(options(version, topology))).values():
        queues = service.get("environment", {}).get("QUEUES", "x")
        assert not re.search(r"\s" if release(version).queue_system == "celery" else ",", queues)


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape[0].isdigit() and shape != "00-celery-5.yml"])
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_what_is_built_in_is_what_the_official_file_gives(shape: str, topology: str) -> None:
    built_in, official = render(options(SHAPES[shape], topology)), from_shape(shape, topology)
    assert compose_services(built_in) == compose_services(official)
    assert params(built_in) == params(official)


@pytest.mark.parametrize(
    ("version", "queue"), [(known.version, queue) for known in RELEASES.values() for queue in known.queues if queue not in known.unserved]
)
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_a_file_that_leaves_a_queue_without_a_worker_is_refused_with_the_queues_name(version: str, queue: str, topology: str) -> None:
    shape = "02-celery-8.yml" if release(version).queue_system == "celery" else "19-rq-tag.yml"
    text = (FIXTURES / shape).read_text().replace("8.0.0.b32245", "__TAG__")
    without = re.sub(rf"(?<=[\",]){queue}(?=[\",])", "own", text)
    assert render(options(version, topology), text, "x")  # the file as it was is fine
    (line,) = refusal(options(version, topology), without)
    assert line.startswith(f"compose.yml: queue {queue} has no worker: ")


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_an_rq_image_with_celerys_queues_is_refused(topology: str) -> None:
    lines = refusal(options("10.1.0", topology), (FIXTURES / "15-rq-image-celery-queues.yml").read_text())
    todo = "Add it to QUEUES of a worker; Redash 10.1.0 runs on RQ, whose scheduler consumes nothing: its QUEUES (celery) are Celery's."
    assert lines == [
        f"compose.yml: queue periodic has no worker: nothing would be scheduled. {todo}",
        f"compose.yml: queue emails has no worker: no mail would leave. {todo}",
        f"compose.yml: queue default has no worker: Redash's housekeeping would not run. {todo}",
    ]


def test_a_worker_without_queues_takes_them_all_as_the_entrypoint_does() -> None:
    services = compose_services(from_shape("derived-other-forms.yml", "split"))
    assert services["everything"]["environment"]["QUEUES"].split() == list(release("25.8.0").queues)
    assert services["warehouse"]["environment"] == {"QUEUES": "warehouse", "WORKERS_COUNT": "3"}


def test_a_queue_of_the_persons_own_stays_consumed_in_one_task() -> None:
    assert compose_services(from_shape("derived-other-forms.yml"))["worker"]["environment"]["QUEUES"].endswith(" schemas warehouse")


@pytest.mark.parametrize("command", ["server", "scheduler"])
def test_two_or_none_of_what_must_be_one_are_refused(command: str) -> None:
    text = (FIXTURES / "16-rq-10-spaces.yml").read_text()
    second = text.replace("services:\n", f"services:\n  second:\n    image: redash/redash:10.1.0.b50633\n    command: {command}\n")
    assert refusal(options("10.1.0"), second) == [f"compose.yml: 2 services run the {command} (second, {command}). There must be one."]
    none = text.replace(f"    command: {command}\n", "    command: worker\n")
    assert refusal(options("10.1.0"), none) == [f"compose.yml: 0 services run the {command} (none). There must be one."]


def percents(version: str, topology: str) -> dict[str, tuple[int, int]]:
    return {entry["name"]: tuple(entry["deployment_configuration"].values()) for entry in render(options(version, topology)).services}


@pytest.mark.parametrize("version", RELEASES)
def test_a_service_with_the_scheduler_never_has_two_of_it(version: str) -> None:
    # Where two of them may meet, one task is replaced by the next without a gap; else the old one ends first.
    assert percents(version, "consolidated") == {"redash-prod": (100, 200) if version in ("25.1.0", "25.8.0", "26.3.0") else (0, 100)}
    split = percents(version, "split")
    assert split.pop("redash-prod-scheduler") == (0, 100)
    assert set(split) == {f"redash-prod-{service.name}" for service in RELEASES[version].services} - {"redash-prod-scheduler"}
    assert set(split.values()) == {(100, 200)}


@pytest.mark.parametrize("topology", ["consolidated", "split"])
@pytest.mark.parametrize("version", RELEASES)
def test_every_release_is_rendered_with_a_worker_for_each_of_its_queues(version: str, topology: str) -> None:
    rendering = render(options(version, topology))
    assert rendering.image == RELEASES[version].image
    consumed = [queue for service in rendering.services for queue in service["queues"]]
    assert sorted(consumed) == sorted(RELEASES[version].queues)


@pytest.mark.parametrize("version", ["5.0.0", "5.0.1", "5.0.2", "6.0.0"])
def test_an_official_file_that_forgot_a_queue_is_taken_as_it_is(version: str) -> None:
    text = (FIXTURES / "00-celery-5.yml").read_text().replace("redash/redash:5.0.0.b4754", RELEASES[version].image)
    rendering = render(options(version, "split"), text, "compose.yml")
    assert "schemas" not in [queue for service in rendering.services for queue in service["queues"]]


def test_workers_scale_alone_and_the_scheduler_does_not() -> None:
    sizes = {"adhoc_worker": {"cpu": 1024, "memory": "4GB", "desired_count": 3}}
    rendering = render(options(topology="split", service_sizes=sizes, workers={"adhoc_worker": 5}))
    assert {entry["name"]: entry["desired_count"] for entry in rendering.services}["redash-prod-adhoc_worker"] == 3
    assert params(rendering)["ecs-params-adhoc_worker.yml"]["task_definition"]["task_size"] == {"cpu_limit": "1024", "mem_limit": "4096"}
    assert compose_services(rendering)["adhoc_worker"]["environment"]["WORKERS_COUNT"] == "5"
    assert refusal(options(topology="split", service_sizes={"scheduler": {"desired_count": 2}})) == [
        "redash_service_sizes.scheduler: desired_count 2: there must be exactly one scheduler. Leave it at 1."
    ]


def test_counts_for_what_has_none_are_refused_with_the_names_that_have() -> None:
    assert refusal(options(workers={"scheduler": 2, "adhoc_worker": 2, "server": 0, "worker": "many"})) == [
        "redash_workers: 'scheduler' is one process. Services: server, worker.",
        "redash_workers: 'adhoc_worker' is not a service. Services: server, worker.",
        "redash_workers: server 0 is not a number of processes. Write a number from 1 to 999.",
        "redash_workers: worker 'many' is not a number of processes. Write a number from 1 to 999.",
    ]


# --- the image -------------------------------------------------------------------------------------------


def test_the_image_is_the_persons_or_else_the_files_or_else_the_releases() -> None:
    assert from_shape("19-rq-tag.yml").image == "redash/redash:26.3.0"
    assert from_shape("derived-other-forms.yml").image == "registry.example.com:5000/tools/redash:25.8.0"
    assert from_shape("derived-other-forms.yml", image="mine/redash:1").image == "mine/redash:1"
    assert {service["image"] for service in compose_services(from_shape("19-rq-tag.yml")).values()} == {"redash/redash:26.3.0"}
    assert render(options("10.1.0")).image == "redash/redash:10.1.0.b50633"


def test_a_file_of_another_release_is_refused() -> None:
    assert refusal(options("10.1.0"), (FIXTURES / "02-celery-8.yml").read_text())[0] == (
        "compose.yml: the file runs redash/redash:8.0.0.b32245, but Redash 10.1.0 is asked for. "
        "Set redash_version to 8.0.0, or take the compose file of 10.1.0."
    )


def test_arm_is_refused_where_the_official_image_has_none() -> None:
    assert refusal(options("10.1.0", cpu_architecture="ARM64")) == [
        "redash_cpu_architecture: redash/redash:10.1.0.b50633 exists for x86 only. "
        "Use X86_64, or set redash_image to an image built for ARM64."
    ]
    own = render(options("10.1.0", cpu_architecture="ARM64", image="mine/redash:arm"))
    assert params(own)["ecs-params.yml"]["task_definition"]["runtime_platform"]["cpu_architecture"] == "ARM64"


# --- settings and secrets --------------------------------------------------------------------------------


def test_settings_are_written_as_redash_reads_them_and_empty_ones_not_at_all() -> None:
    settings = {
        "REDASH_MAIL_USE_TLS": True,
        "REDASH_MAIL_PORT": 587,
        "REDASH_MAIL_USERNAME": "",
        "REDASH_MAIL_SERVER": None,
        "REDASH_GUNICORN_TIMEOUT": "",
        "REDASH_DATE_FORMAT": 'a "b" $c #d \\e',
    }
    rendering = render(options(settings=settings))
    assert env(rendering) == {
        "PYTHONUNBUFFERED": "0",
        "REDASH_DATE_FORMAT": 'a "b" $c #d \\e',
        "REDASH_ENFORCE_CSRF": "true",
        "REDASH_LOG_LEVEL": "INFO",
        "REDASH_MAIL_PORT": "587",
        "REDASH_MAIL_USE_TLS": "true",
    }
    assert rendering.omitted == ("REDASH_GUNICORN_TIMEOUT", "REDASH_MAIL_SERVER", "REDASH_MAIL_USERNAME")


@EVERY_SHAPE
def test_no_value_is_ever_empty(shape: str, topology: str) -> None:
    rendering = from_shape(shape, topology)
    assert all(env(rendering).values())
    assert all(all(service.get("environment", {}).values()) for service in compose_services(rendering).values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDASH_COOKIE_SECRET", "x"),
        ("REDASH_SECRET_KEY", "x"),
        ("REDASH_DATABASE_URL", "postgresql://redash@db/redash"),
        ("REDASH_REDIS_URL", "redis://cache:6379/0"),
        ("REDASH_MAIL_PASSWORD", "x"),
        ("REDASH_GOOGLE_CLIENT_SECRET", "x"),
        ("REDASH_LDAP_BIND_DN_PASSWORD", "x"),
        ("REDASH_STATSD_SOMEWHERE", "https://me:hunter2@statsd.example.com"),
    ],
)
def test_a_secret_among_the_settings_is_refused_and_not_shown(name: str, value: str) -> None:
    secrets = {key: reference for key, reference in SECRETS.items() if key != name}
    lines = refusal(options(settings={name: value}, secrets={**secrets, **({} if name not in SECRETS else {name: "/x"})}))
    assert any(line.startswith(f"redash_settings: {name} is a secret and does not belong into a file. ") for line in lines)
    assert "hunter2" not in str(lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDASH_PASSWORD_LOGIN_ENABLED", "false"),
        ("REDASH_INVITATION_TOKEN_MAX_AGE", "3600"),
        ("REDASH_THROTTLE_PASS_RESET_PATTERN", "10/hour"),
        ("REDASH_LDAP_EMAIL_KEY", "https://me@www.example.com/1"),
    ],
)
def test_a_setting_that_only_sounds_like_a_secret_is_not_one(name: str, value: str) -> None:
    assert env(render(options(settings={name: value})))[name] == value


def test_what_redash_cannot_take_is_refused_and_what_it_does_not_read_is_told() -> None:
    lines = refusal(options(settings={"REDASH_ENFORCE_HTTPS": "enabled", "REDASH_MAIL_SEVER": "x", "REDASH_HSTS_MAX_AGE": "5 min"}))
    assert [line.split(" ")[1] for line in lines] == ["REDASH_ENFORCE_HTTPS", "REDASH_MAIL_SEVER", "REDASH_HSTS_MAX_AGE"]
    assert env(render(options(settings={"REDASH_NEW": "x"}, settings_unknown="allow")))["REDASH_NEW"] == "x"
    found = render(options(version="10.1.0", settings={"REDASH_GUNICORN_TIMEOUT": 300}))
    assert found.unread == ("REDASH_GUNICORN_TIMEOUT: Redash 10.1.0 does not read it; it is read from 25.1.0 on",)
    assert render(options(settings={"REDASH_GUNICORN_TIMEOUT": 300})).unread == ()


def test_every_problem_of_the_settings_is_said_at_once() -> None:
    settings = {"A B": "1", "LIST": [1], "QUEUES": "x", "REDASH_WEB_WORKERS": 2, "LINES": "a\nb", "BLANK": " a", "REDASH_DATE_FORMAT": "1"}
    lines = refusal(options(settings=settings, secrets={**SECRETS, "REDASH_DATE_FORMAT": "/x"}))
    assert lines == [
        "redash_settings: 'A B' is not the name of an environment variable",
        "redash_settings: LIST is a list, not one value",
        "redash_settings: QUEUES is set for each service. Say how many processes in redash_workers.",
        "redash_settings: REDASH_WEB_WORKERS is set for each service. Say how many processes in redash_workers.",
        "redash_settings: LINES holds a line break or control character, which an env file cannot",
        "redash_settings: BLANK begins or ends with a blank. Remove it.",
        "redash_settings: REDASH_DATE_FORMAT is given as a setting and as a secret. ECS refuses both; keep the secret.",
    ]


def test_missing_or_impossible_references_are_refused_without_showing_a_value() -> None:
    secrets = {"REDASH_COOKIE_SECRET": "hunter2 hunter2", "REDASH_DATABASE_URL": "postgresql://a:hunter2@b/c", "REDASH_REDIS_URL": ""}
    lines = refusal(options(secrets=secrets, subnets=[], execution_role_arn="", region="$REGION"))
    todo = "Give the name or ARN of the parameter that holds it."
    assert lines == [
        "subnets: no subnet is given. A Fargate task needs at least one.",
        f"secrets: REDASH_SECRET_KEY is missing. {todo}",
        f"secrets: REDASH_COOKIE_SECRET is no reference. {todo}",
        f"secrets: REDASH_DATABASE_URL is no reference. {todo}",
        f"secrets: REDASH_REDIS_URL is no reference. {todo}",
        "region: '$REGION' is not valid",
        "execution_role_arn: is empty",
    ]


def test_with_several_organizations_redash_wants_its_host_without_the_scheme() -> None:
    settings = {"REDASH_HOST": "https://redash.example.com", "REDASH_MULTI_ORG": True}
    assert env(render(options(settings=settings)))["REDASH_HOST"] == "redash.example.com"


def test_a_persons_setting_wins_over_the_files() -> None:
    rendering = from_shape("derived-other-forms.yml", settings={"REDASH_FEATURE_DUMB_RECENTS": False})
    assert env(rendering)["REDASH_FEATURE_DUMB_RECENTS"] == "false"
    assert compose_services(rendering)["server"]["environment"] == {"REDASH_WEB_WORKERS": "2"}


# --- sizes -----------------------------------------------------------------------------------------------


def test_a_pair_that_fargate_has_not_is_refused_with_the_nearest() -> None:
    assert refusal(options(task_size={"cpu": 1024, "memory": 1536}, task_runner_size={"cpu": 100, "memory": 512})) == [
        "redash_task_size: cpu 1024 with memory 1536 MiB is not a Fargate size. "
        "Nearest: cpu 512 with memory 2048, or cpu 1024 with memory 2048, or cpu 1024 with memory 3072.",
        "redash_task_runner_size: cpu 100 with memory 512 MiB is not a Fargate size "
        "(cpu is one of 256, 512, 1024, 2048, 4096, 8192, 16384, 32768). "
        "Nearest: cpu 256 with memory 512, or cpu 256 with memory 1024, or cpu 512 with memory 1024.",
    ]


def test_memory_that_the_processes_do_not_fit_into_is_refused_with_a_size_that_holds_them() -> None:
    assert refusal(options(task_size={"cpu": 1024, "memory": 2048}, workers={"server": 8})) == [
        "redash_task_size: memory 2048 MiB is less than the about 2410 MiB that the processes need "
        "(server 1660, scheduler 150, worker 600). Use cpu 1024 with memory 3072, or fewer processes (redash_workers)."
    ]
    assert render(options(task_size={"cpu": 1024, "memory": 3072}, workers={"server": 8}))


def test_memory_is_checked_for_each_service_of_a_split() -> None:
    lines = refusal(options(topology="split", workers={"server": 12, "adhoc_worker": 8}, service_sizes={"server": {"cpu": 256}}))
    assert lines == [
        "redash_service_sizes.server: memory 2048 MiB is less than the about 2460 MiB that the processes need (server 2460). "
        "Use cpu 512 with memory 3072, or fewer processes (redash_workers).",
        "redash_service_sizes.adhoc_worker: memory 2048 MiB is less than the about 2250 MiB that the processes need (adhoc_worker 2250). "
        "Use cpu 512 with memory 3072, or fewer processes (redash_workers).",
    ]


def test_more_processes_than_any_task_holds_are_refused() -> None:
    (line,) = refusal(options(workers={"worker": 990}, task_size={"cpu": 16384, "memory": 122880}))
    assert line.endswith("Use fewer processes (redash_workers).")


@EVERY_RELEASE
def test_the_default_sizes_hold_every_release(version: str, topology: str) -> None:
    assert render(options(version, topology))


def test_sizes_for_what_is_not_there_are_refused() -> None:
    assert refusal(options(service_sizes={"server": {}})) == [
        "redash_service_sizes: is for the topology split. The one task's size is redash_task_size."
    ]
    lines = refusal(options(topology="split", service_sizes={"sever": {}, "server": {"ram": 1, "desired_count": -1}}))
    assert lines == [
        "redash_service_sizes: 'sever' is not a service. Services: server, scheduler, scheduled_worker, adhoc_worker, worker.",
        "redash_service_sizes.server: 'ram' is not known here. Known: cpu, memory.",
        "redash_service_sizes.server: desired_count -1 is not a number of tasks",
    ]


# --- override files --------------------------------------------------------------------------------------


def test_an_override_is_merged_by_the_next_step_and_its_environment_key_by_key(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    text = (
        'version: "3"\nservices:\n  worker:\n    environment:\n      REDASH_FEATURE: "on"\n      WORKERS_COUNT: "4"\n'
        "  proxy:\n    image: envoy:1\n"
    )
    path.write_text(text)
    plain, rendering = render(options()), render(options(overrides=[Override(str(path), text)]))
    # Never into generated files; but the comment beside the size counts the processes that will run.
    assert {name for name in plain.files if plain.files[name] != rendering.files[name]} == {"ecs-params.yml"}
    assert plain.files["ecs-params.yml"].replace("1610", "2160").replace("worker 600", "worker 1150") == rendering.files["ecs-params.yml"]
    assert rendering.services[0]["compose_files"] == ["docker-compose.yml", str(path)]
    (main, _runner) = requests(rendering, tmp_path)
    containers = {container["name"]: container for container in main["containerDefinitions"]}
    assert set(containers) == {"server", "scheduler", "worker", "proxy"}
    environment = {pair["name"]: pair["value"] for pair in containers["worker"]["environment"]}
    assert environment["REDASH_FEATURE"] == "on"
    assert environment["WORKERS_COUNT"] == "4"
    assert environment["QUEUES"] == "periodic emails default scheduled_queries queries schemas"


def test_each_override_belongs_to_the_task_definition_whose_service_it_names() -> None:
    def own(service: str) -> Override:
        return Override(f"/{service}.yml", f'version: "3"\nservices: {{{service}: {{environment: {{A: b}}}}}}')

    rendering = render(options(topology="split", overrides=[own("worker"), own("task-runner")]))
    files = {entry["family"]: entry["compose_files"][1:] for entry in (*rendering.services, rendering.task_runner)}
    assert {family: own for family, own in files.items() if own} == {
        "redash-prod-worker": ["/worker.yml"],
        "redash-prod-task-runner": ["/task-runner.yml"],
    }


PUT = "Put it into Parameter Store (redash_ssm_secrets)."
VERSION = 'Write version: "3", as in the generated files: ecs-cli refuses to merge different ones.'
LEAVE = "Leave it in QUEUES of a worker."
ONE_FILE = "Write one file for each task definition. Services:"
OF_ONE_TASK = "server, scheduler, worker, task-runner."
OF_THE_SPLIT = "server, scheduler, scheduled_worker, adhoc_worker, worker, task-runner."


def own(service: str, body: str) -> str:
    return f'version: "3"\nservices: {{{service}: {{{body}}}}}'


@pytest.mark.parametrize(
    ("topology", "text", "lines"),
    [
        ("consolidated", "services: {worker: {}}", [f"/mine.yml: version is not given. {VERSION}"]),
        ("consolidated", 'version: "2"\nservices: {worker: {}}', [f"/mine.yml: version is 2. {VERSION}"]),
        ("consolidated", 'version: "3"', ["/mine.yml: has no services"]),
        ("consolidated", 'version: "3"\nservices: {}', ["/mine.yml: has no services"]),
        ("consolidated", 'version: "3"\nservices: [worker]', ["/mine.yml: has no services"]),
        ("consolidated", 'version: "3"\nservices: {worker: [1]}', ["/mine.yml: has a service that is not a map"]),
        (
            "consolidated",
            'version: "3"\nservices: {worker: {}, task-runner: {}}',
            [f"/mine.yml: names services of more than one task definition. {ONE_FILE} {OF_ONE_TASK}"],
        ),
        (
            "split",
            'version: "3"\nservices: {worker: {}, server: {}}',
            [f"/mine.yml: names services of more than one task definition. {ONE_FILE} {OF_THE_SPLIT}"],
        ),
        ("split", own("proxy", "image: envoy"), [f"/mine.yml: names none of the services. {ONE_FILE} {OF_THE_SPLIT}"]),
        ("consolidated", own("proxy", ""), ["/mine.yml: services.proxy: has no image. A container of your own needs one."]),
        (
            "consolidated",
            own("proxy", "image: envoy, environment: {TOKEN: x}"),
            [f"/mine.yml: services.proxy.environment: TOKEN is a secret and does not belong into a file. {PUT}"],
        ),
        *(
            (
                "consolidated",
                own("server", f"environment: {environment}"),
                ["/mine.yml: services.server.environment: A is empty, and Redash crashes on that. Give it a value or remove it."],
            )
            for environment in ('{A: ""}', "{A: ~}", "{A: null}", "[A=]", "[A]")
        ),
        ("consolidated", own("server", "environment: x"), ["/mine.yml: services.server: environment is neither a map nor a list"]),
        ("consolidated", own("server", "environment: {A: [1]}"), ["/mine.yml: services.server.environment: 'A' is not a text"]),
        (
            "consolidated",
            own("server", "environment: {REDASH_MAIL_PASSWORD: x, REDASH_SECRET_KEY: y, REDASH_X: z}"),
            [
                f"/mine.yml: services.server.environment: REDASH_MAIL_PASSWORD is a secret and does not belong into a file. {PUT}",
                f"/mine.yml: services.server.environment: REDASH_SECRET_KEY is a secret and does not belong into a file. {PUT}",
            ],
        ),
        *(
            (
                "consolidated",
                own(service, f"{key}: worker"),
                [f"/mine.yml: services.{service}: {key} decides what this container is. Leave it out, or run a container of your own."],
            )
            for service, key in (("server", "command"), ("worker", "entrypoint"), ("task-runner", "command"))
        ),
        (
            "consolidated",
            own("server", "env_file: x"),
            ["/mine.yml: services.server: env_file would hide settings from the checks. Use redash_settings."],
        ),
        (
            "consolidated",
            own("worker", 'environment: {QUEUES: "periodic default queries scheduled_queries"}'),
            [
                f"redash_compose_overrides: queue emails has no worker: no mail would leave. {LEAVE}",
                f"redash_compose_overrides: queue schemas has no worker: no schema would be read. {LEAVE}",
            ],
        ),
        (
            "consolidated",
            own("worker", "environment: {WORKERS_COUNT: x}"),
            ["/mine.yml: services.worker.environment: WORKERS_COUNT 'x' is not a number of processes"],
        ),
        (
            "consolidated",
            own("server", "environment: {REDASH_WEB_WORKERS: 1000}"),
            ["/mine.yml: services.server.environment: REDASH_WEB_WORKERS '1000' is not a number of processes"],
        ),
        (
            "consolidated",
            own("worker", "environment: {WORKERS_COUNT: 20}"),
            [
                "redash_task_size: memory 4096 MiB is less than the about 6560 MiB that the processes need "
                "(server 860, scheduler 150, worker 5550). Use cpu 2048 with memory 7168, or fewer processes (redash_workers)."
            ],
        ),
        ("consolidated", "a: [", ["/mine.yml:2: is not YAML: did not find expected node content"]),
    ],
)
def test_what_an_override_must_not_be_is_refused(topology: str, text: str, lines: list[str]) -> None:
    assert refusal(options(topology=topology, overrides=[Override("/mine.yml", text)])) == lines


def test_every_override_is_judged_and_one_task_may_have_several() -> None:
    bad = [Override("/a.yml", "a: ["), Override("/b.yml", own("proxy", "")), Override("/c.yml", 'version: "3"')]
    assert refusal(options(overrides=bad)) == [
        "/a.yml:2: is not YAML: did not find expected node content",
        "/b.yml: services.proxy: has no image. A container of your own needs one.",
        "/c.yml: has no services",
    ]
    good = [
        Override("/a.yml", own("server", "environment: {REDASH_WEB_WORKERS: 1}")),
        Override("/b.yml", own("server", "environment: [A=b]")),
        Override("/c.yml", 'version: "3.0"\nservices: {worker: }'),
    ]
    rendering = render(options(overrides=good))
    assert rendering.services[0]["compose_files"] == ["docker-compose.yml", "/a.yml", "/b.yml", "/c.yml"]
    assert "server 260, scheduler 150, worker 600." in rendering.files["ecs-params.yml"]


def test_a_queue_that_an_override_moves_is_told_to_the_next_steps() -> None:
    text = own("worker", "environment: {QUEUES: 'periodic emails default scheduled_queries queries schemas mine'}")
    assert render(options(overrides=[Override("/a.yml", text)])).services[0]["queues"][-1] == "mine"


@pytest.mark.parametrize(
    ("queues", "lines"),
    [
        ("celery,queries,scheduled_queries,schemas", []),
        (
            "celery queries scheduled_queries schemas",
            ["/a.yml: services.scheduler.environment: QUEUES must be separated by commas on Celery"],
        ),
    ],
)
def test_celery_takes_commas_from_an_override_too(queues: str, lines: list[str]) -> None:
    given = options("8.0.0", overrides=[Override("/a.yml", own("scheduler", f'environment: {{QUEUES: "{queues}"}}'))])
    assert (refusal(given) if lines else render(given) and []) == lines


def test_variables_that_are_none_of_a_containers_counts_change_nothing() -> None:
    # The scheduler of RQ has no queues, and the server no WORKERS_COUNT.
    overrides = [
        Override("/a.yml", own("scheduler", "environment: {WORKERS_COUNT: 9, QUEUES: x}")),
        Override("/b.yml", own("server", "environment: {WORKERS_COUNT: 9}")),
        Override("/c.yml", own("task-runner", "environment: {WORKERS_COUNT: 9}")),
    ]
    assert render(options(overrides=overrides)).files == render(options()).files


# --- the files -------------------------------------------------------------------------------------------


@EVERY_SHAPE
def test_what_is_rendered_is_what_ecs_takes(shape: str, topology: str, tmp_path: Path) -> None:
    rendering = from_shape(shape, topology)
    made = requests(rendering, tmp_path)
    assert [request["family"] for request in made] == [*(entry["family"] for entry in rendering.services), "redash-prod-task-runner"]
    for request in made:
        assert validate(request, "FARGATE") == []
        for container in request["containerDefinitions"]:
            assert {pair["name"]: pair["value"] for pair in container["environment"]}.items() >= env(rendering).items()
            assert len(container["secrets"]) >= len(SECRETS)


@EVERY_RELEASE
def test_a_health_check_arrives_at_ecs_as_it_was_meant(version: str, topology: str, tmp_path: Path) -> None:
    for request in requests(render(options(version, topology)), tmp_path):
        for container in request["containerDefinitions"]:
            if container["name"] == "task-runner":
                continue
            check = container["healthCheck"]
            if check["command"][1] == "python":
                compile(check["command"][3], container["name"], "exec")
            assert 5 <= check["interval"] <= 300
            assert 2 <= check["timeout"] <= 60
            assert 1 <= check["retries"] <= 10
            assert 0 <= check["startPeriod"] <= 300


@EVERY_RELEASE
def test_ecs_cli_finds_no_variable_to_expand(version: str, topology: str) -> None:
    files = render(options(version, topology)).files
    assert not [name for name, text in files.items() if "$" in text]


RENDERED = {
    "25.8.0-consolidated": lambda: from_shape(
        "derived-other-forms.yml",
        cpu_architecture="ARM64",
        image="acme/redash:main",
        task_role_arn=None,
        security_groups=[],
        settings={"REDASH_HOST": "https://redash.example.com", "REDASH_STATSD_HOST": "", "REDASH_LOG_LEVEL": "INFO"},
    ),
    "8.0.0-split": lambda: render(options("8.0.0", "split")),
}


@pytest.mark.parametrize("name", RENDERED)
def test_the_files_are_those_that_were_read_and_found_right(name: str) -> None:
    """Each of tests/unit/fixtures/rendered holds all files of a rendering, in the order in which a person reads them."""
    text = "".join(f"=== {file}\n{content}" for file, content in RENDERED[name]().files.items())
    assert text.splitlines() == (FIXTURES.parent / "rendered" / f"{name}.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        *((word, word) for word in ("redash", "/redash/prod", "a-b_c.d", "Z9", "yesterday")),
        *((word, f'"{word}"') for word in ("", "y", "No", "ON", "off", "True", "false", "null", "1a", "a b", "a:b", "-a", ".a", "日本")),
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
    ],
)
def test_a_text_stays_a_text_to_every_reader_of_yaml(text: str, written: str) -> None:
    assert quoted(text) == written
    assert yaml.safe_load(f"a: {written}") == {"a": text}


def test_what_the_next_steps_are_told() -> None:
    rendering = render(options(topology="split"))
    assert rendering.task_runner == {
        "family": "redash-prod-task-runner",
        "compose_files": ["docker-compose-task-runner.yml"],
        "ecs_params": "ecs-params-task-runner.yml",
        "container": "task-runner",
    }
    assert [entry["name"] for entry in rendering.services] == [
        f"redash-prod-{name}" for name in ("server", "scheduler", "scheduled_worker", "adhoc_worker", "worker")
    ]
    assert rendering.services[2] == {
        "name": "redash-prod-scheduled_worker",
        "family": "redash-prod-scheduled_worker",
        "compose_files": ["docker-compose-scheduled_worker.yml"],
        "ecs_params": "ecs-params-scheduled_worker.yml",
        "containers": ["scheduled_worker"],
        "load_balancer": None,
        "queues": ["scheduled_queries", "schemas"],
        "desired_count": 1,
        "has_scheduler": False,
        "deployment_configuration": {"minimum_healthy_percent": 100, "maximum_percent": 200},
    }
    (one,) = render(options("10.1.0")).services
    assert one == {
        "name": "redash-prod",
        "family": "redash-prod",
        "compose_files": ["docker-compose.yml"],
        "ecs_params": "ecs-params.yml",
        "containers": ["server", "scheduler", "worker"],
        "load_balancer": {"container_name": "server", "container_port": 5000},
        "queues": ["periodic", "emails", "default", "scheduled_queries", "queries", "schemas"],
        "desired_count": 1,
        "has_scheduler": True,
        "deployment_configuration": {"minimum_healthy_percent": 0, "maximum_percent": 100},
    }


REFERENCE = "Give the name or ARN of the parameter that holds it."


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"name": ""}, ["redash_name: '' cannot be the name of a task definition. Use letters, digits, - and _."]),
        ({"name": "-a"}, ["redash_name: '-a' cannot be the name of a task definition. Use letters, digits, - and _."]),
        ({"name": "a" * 202}, [f"redash_name: '{'a' * 202}' cannot be the name of a task definition. Use letters, digits, - and _."]),
        ({"image": "a b"}, ["image: 'a b' is not valid"]),
        ({"task_role_arn": "$ROLE"}, ["task_role_arn: '$ROLE' is not valid"]),
        ({"log_group": "/a b"}, ["log_group: '/a b' is not valid"]),
        ({"execution_role_arn": "a;b"}, ["execution_role_arn: 'a;b' is not valid"]),
        ({"subnets": ["subnet-0a", "a b"]}, ["subnets: 'a b' is not valid"]),
        ({"security_groups": ["sg-0a", ""]}, ["security_groups: is empty"]),
        ({"task_runner_secrets": {"A B": "/x"}}, ["task_runner_secrets: 'A B' is not the name of an environment variable"]),
        ({"task_runner_secrets": {"A": "hunter 2"}}, [f"task_runner_secrets: A is no reference. {REFERENCE}"]),
        ({"task_runner_secrets": {"A": "/x/"}}, [f"task_runner_secrets: A is no reference. {REFERENCE}"]),
        ({"secrets": {**SECRETS, "1": "/x"}}, ["secrets: '1' is not the name of an environment variable"]),
        (
            {"task_runner_secrets": {"REDASH_SECRET_KEY": "/x"}},
            ["task_runner_secrets: REDASH_SECRET_KEY is also among secrets, which the task runner gets too. Remove it."],
        ),
        (
            {"task_runner_secrets": {"MINE": "/x"}, "settings": {"MINE": "1"}},
            ["redash_settings: MINE is given as a setting and as a secret. ECS refuses both; keep the secret."],
        ),
        *(
            ({"secrets": {key: value for key, value in SECRETS.items() if key != name}}, [f"secrets: {name} is missing. {REFERENCE}"])
            for name in SECRETS
        ),
        ({"settings": {"TAB": "a\tb"}}, ["redash_settings: TAB holds a line break or control character, which an env file cannot"]),
        ({"settings": {"DEL": "a\x7fb"}}, ["redash_settings: DEL holds a line break or control character, which an env file cannot"]),
        ({"settings": {1: "a"}}, ["redash_settings: 1 is not the name of an environment variable"]),
        (
            {"settings": {"WORKERS_COUNT": 1}},
            ["redash_settings: WORKERS_COUNT is set for each service. Say how many processes in redash_workers."],
        ),
        ({"workers": {"worker": 1000}}, ["redash_workers: worker 1000 is not a number of processes. Write a number from 1 to 999."]),
        ({"task_size": {"cpu": "big"}}, ["redash_task_size.cpu: 'big' is not a CPU size. Write CPU units (1024) or vCPUs (1 vCPU)."]),
        ({"task_size": {"memory": "big"}}, ["redash_task_size.memory: 'big' is not a memory size. Write MiB (2048) or GB (2GB)."]),
        ({"task_runner_size": {"cpus": 1}}, ["redash_task_runner_size: 'cpus' is not known here. Known: cpu, memory."]),
        (
            {"topology": "split", "service_sizes": {"worker": {"desired_count": 10_000}}},
            ["redash_service_sizes.worker: desired_count 10000 is not a number of tasks"],
        ),
        (
            {"workers": {"worker": 990}, "task_size": {"cpu": 16384, "memory": 122880}},
            [
                "redash_task_size: memory 122880 MiB is less than the about 273310 MiB that the processes need "
                "(server 860, scheduler 150, worker 272300). Use fewer processes (redash_workers)."
            ],
        ),
    ],
)
def test_what_a_person_must_not_give_is_refused(changes: dict[str, Any], lines: list[str]) -> None:
    assert refusal(options(**changes)) == lines


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "a" * 201},
        {"task_role_arn": ""},
        {"image": ""},
        {"task_runner_secrets": {"A": "arn:aws-cn:secretsmanager:cn-north-1:0:secret:a-b", "B": "a/b.c_d-e"}},
        {"workers": {"worker": 1, "server": "5"}},
        {"topology": "split", "service_sizes": {"worker": {"desired_count": 9999}, "scheduler": {"desired_count": 0}}},
        {"task_size": {}},
        {"task_size": {"memory": "5GB"}},
        {"task_size": {"cpu": 1024, "memory": 3072}, "workers": {"server": 11}},
    ],
)
def test_what_a_person_may_give(changes: dict[str, Any]) -> None:
    assert render(options(**changes))


def test_a_size_that_is_not_given_is_the_default() -> None:
    def sizes(**changes: Any) -> dict[str, tuple[str, str]]:
        return {name: tuple(file["task_definition"]["task_size"].values()) for name, file in params(render(options(**changes))).items()}

    assert sizes(task_size={}, task_runner_size={}) == {"ecs-params.yml": ("2048", "4096"), "ecs-params-task-runner.yml": ("512", "1024")}
    assert sizes() == sizes(task_size={}, task_runner_size={})
    assert sizes(topology="split") == {
        "ecs-params-server.yml": ("512", "2048"),
        "ecs-params-scheduler.yml": ("256", "1024"),
        "ecs-params-scheduled_worker.yml": ("512", "2048"),
        "ecs-params-adhoc_worker.yml": ("512", "2048"),
        "ecs-params-worker.yml": ("512", "2048"),
        "ecs-params-task-runner.yml": ("512", "1024"),
    }


@pytest.mark.parametrize(
    ("several", "host"),
    [
        ("true", "a.example.com"),
        ("YES", "a.example.com"),
        ("on", "a.example.com"),
        ("1", "a.example.com"),
        ("false", "http://a.example.com"),
        ("", "http://a.example.com"),
    ],
)
def test_the_host_keeps_its_scheme_unless_there_are_several_organizations(several: str, host: str) -> None:
    settings = {"REDASH_HOST": "http://a.example.com", "REDASH_MULTI_ORG": several}
    assert env(render(options(settings=settings)))["REDASH_HOST"] == host


def test_workers_with_different_variables_cannot_become_one() -> None:
    text = (FIXTURES / "16-rq-10-spaces.yml").read_text()
    text = re.sub(r"      WORKERS_COUNT: (\d)\n", r"      WORKERS_COUNT: \1\n      REDASH_OWN: 'x\1'\n", text)
    (line,) = {line.partition(": ")[2] for line in refusal(options("10.1.0"), text)}
    assert line == ("REDASH_OWN differs between the workers that become one. Set it in redash_settings, or use the topology split.")
    assert render(options("10.1.0", "split"), text, "x")


@pytest.mark.parametrize("name", ["task-runner", "a" * 52, "-a", "a.b"])
def test_a_service_that_cannot_be_part_of_a_files_name_is_refused(name: str) -> None:
    text = (FIXTURES / "19-rq-tag.yml").read_text().replace("  adhoc_worker:", f"  {name}:")
    assert refusal(options("26.3.0"), text) == [f"compose.yml: {name!r} cannot be the name of a service"]


@EVERY_RELEASE
def test_every_file_says_that_it_is_generated_and_what_from(version: str, topology: str) -> None:
    for text in render(options(version, topology)).files.values():
        assert text.splitlines()[0] == HEADER
        assert f"Redash {version}" in text
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_the_same_input_in_another_order_gives_the_same_bytes() -> None:
    settings = {letter: letter for letter in "QWERTY"}
    one = options(settings=settings)
    other = options(settings=dict(reversed(settings.items())), secrets=dict(reversed(SECRETS.items())))
    assert render(one).files == render(other).files


def test_the_bytes_do_not_depend_on_pythons_hashes() -> None:
    program = (
        "import hashlib, json, sys; sys.path[:0] = json.loads(sys.argv[1])\n"
        "from ansible_collections.redash.ecs.plugins.module_utils.core.render import Options, render\n"
        "o = Options(version='25.8.0', name='a', region='r', log_group='l', execution_role_arn='e', subnets=['s'], topology='split',\n"
        "            secrets=json.loads(sys.argv[2]), settings={'B': 1, 'A': 2})\n"
        "print(hashlib.sha256(json.dumps(render(o, open(sys.argv[3]).read(), 'x').files).encode()).hexdigest())"
    )
    arguments = [sys.executable, "-c", program, json.dumps(sys.path), json.dumps(SECRETS), str(FIXTURES / "19-rq-tag.yml")]
    text = {subprocess.run(arguments, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True).stdout for seed in ("1", "2", "3")}
    assert len(text) == 1
    assert re.fullmatch(r"[0-9a-f]{64}\n", text.pop())


def test_a_path_is_not_in_the_files_so_that_two_machines_agree() -> None:
    text = (FIXTURES / "19-rq-tag.yml").read_text()
    assert "19-rq-tag.yml" in render(options("26.3.0"), text, "19-rq-tag.yml").files["docker-compose.yml"]
    assert str(FIXTURES) not in "".join(render(options("26.3.0"), text, "19-rq-tag.yml").files.values())


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("image", ["redash/redash:26.3.0", "acme/redash:26.3.0-1", "redash/redash:10.1.0.b50633"])
def test_an_image_of_another_release_is_never_rendered(image: str, topology: str) -> None:
    said = refusal(options("25.8.0", topology, image=image))
    assert len(said) == 1
    assert said[0].startswith(f"redash_image: {image} is Redash ")
    assert "upgrade.yml -e redash_version=" in said[0]


def test_an_image_whose_tag_names_no_release_is_left_to_the_task_that_asks_it() -> None:
    assert render(options("25.8.0", image="acme/redash:main")).image == "acme/redash:main"


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_a_release_that_a_person_gave_is_rendered_with_its_queues(topology: str) -> None:
    given = {"26.9.0": {"queues": ["periodic", "emails", "default", "scheduled_queries", "queries", "exports"]}}
    rendering = render(options("26.9.0", topology, releases=given))
    assert rendering.image == "redash/redash:26.9.0"
    served = {name for service in compose_services(rendering).values() for name in service.get("environment", {}).get("QUEUES", "").split()}
    assert served == set(given["26.9.0"]["queues"])
    assert "redash_releases" in refusal(options("26.9.0", topology))[0]


@pytest.mark.parametrize(
    ("version", "on"),
    [
        ("25.8.0", ["REDASH_COOKIES_SECURE", "REDASH_ENFORCE_HTTPS", "REDASH_HSTS_ENABLED", "REDASH_HSTS_MAX_AGE"]),
        ("7.0.0", ["REDASH_ENFORCE_HTTPS"]),
    ],
)
def test_where_people_come_by_https_cookies_and_headers_are_for_https(version: str, on: list[str]) -> None:
    names = ("REDASH_COOKIES_SECURE", "REDASH_ENFORCE_HTTPS", "REDASH_HSTS_ENABLED", "REDASH_HSTS_MAX_AGE")

    def written(**more: Any) -> list[str]:
        found = render(options(version=version, **more))
        assert found.unread == ()
        return sorted(name for name in names if name in env(found))

    assert written(settings={"REDASH_HOST": "https://redash.example.com"}) == on
    assert written(settings={"REDASH_HOST": "http://redash.example.com"}) == []
    # With several organizations the host has no scheme.
    assert written(settings={"REDASH_HOST": "redash.example.com", "REDASH_MULTI_ORG": True}, https=True) == on
    assert written(settings={"REDASH_HOST": "https://redash.example.com"}, https=False) == []


def test_a_person_s_own_word_on_https_wins() -> None:
    own = {
        "REDASH_HOST": "https://redash.example.com",
        "REDASH_ENFORCE_HTTPS": "false",
        "REDASH_HSTS_MAX_AGE": 31536000,
        "REDASH_HSTS_ENABLED": "",
    }
    found = env(render(options(settings=own)))
    assert (found["REDASH_ENFORCE_HTTPS"], found["REDASH_HSTS_MAX_AGE"]) == ("false", "31536000")
    assert "REDASH_HSTS_ENABLED" not in found and found["REDASH_COOKIES_SECURE"] == "true"


@pytest.mark.parametrize("topology", ["consolidated", "split"])
def test_a_scheduler_that_is_called_worker_is_one_as_in_upstreams_files_up_to_5(topology: str) -> None:
    body = "{image: 'redash/redash:latest', command: %s, environment: {%s}}"
    worker = body % ("scheduler", "QUEUES: 'queries,scheduled_queries,celery', WORKERS_COUNT: 2")
    text = f"services: {{server: {body % ('server', 'REDASH_WEB_WORKERS: 4')}, worker: {worker}}}"
    found = render(options(version="5.0.2", topology=topology, image="redash/redash:5.0.2.b5486"), text)
    composed = compose_services(found)
    assert "scheduler" in composed["worker"]["command"]
    environment = composed["worker"]["environment"]
    assert sorted(environment["QUEUES"].split(",")) == ["celery", "queries", "scheduled_queries"] and environment["WORKERS_COUNT"] == "2"
    names = [service["name"] for service in found.services]
    assert names == (["redash-prod"] if topology == "consolidated" else ["redash-prod-server", "redash-prod-worker"])
