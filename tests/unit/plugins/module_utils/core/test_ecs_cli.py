# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ecs-cli's command lines, held against ones that the real ecs-cli 1.21.0 was seen to accept.

The binary itself can't be had here; its options, their places and its output were observed elsewhere.
"""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.filter import ecs_cli as filters
from ansible_collections.redash.ecs.plugins.module_utils.core import ecs_cli
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import RedashError

GROUP = "arn:aws:elasticloadbalancing:ap-northeast-1:000000000000:targetgroup/redash/0123456789abcdef"
FILES = ("redash", ["docker-compose.yml"], "ecs-params.yml")
GROUPS = [{"target_group_arn": GROUP, "container_name": "server", "container_port": 5000}]

# Options that the real binary takes: before the subcommand, and after `service up`.
COMPOSE_OPTIONS = {"--project-name", "--file", "--ecs-params"}
SERVICE_UP_OPTIONS = {
    "--cluster",
    "--launch-type",
    "--timeout",
    "--target-groups",
    "--health-check-grace-period",
    "--deployment-max-percent",
    "--deployment-min-healthy-percent",
    "--force-deployment",
}


def test_service_up_is_the_command_line_that_was_seen_to_work() -> None:
    command = ecs_cli.service_up("ecs-cli", *FILES, cluster="redash", target_groups=GROUPS)
    seen = (
        "ecs-cli compose --project-name redash --file docker-compose.yml --ecs-params ecs-params.yml service up --cluster redash"
        f' --launch-type FARGATE --timeout 0 --target-groups "targetGroupArn={GROUP},containerName=server,containerPort=5000"'
    )
    assert command == shlex.split(seen)


def test_every_option_stands_on_the_side_of_the_subcommand_where_ecs_cli_knows_it() -> None:
    command = ecs_cli.service_up(
        "ecs-cli",
        "redash",
        ["docker-compose.yml", "docker-compose.override.yml"],
        "ecs-params.yml",
        cluster="redash",
        target_groups=GROUPS,
        health_check_grace_period=120,
        deployment={"maximum_percent": 200, "minimum_healthy_percent": 50},
        force=True,
    )
    place = command.index("service")
    assert command[place : place + 2] == ["service", "up"]
    assert {word for word in command[:place] if word.startswith("--")} == COMPOSE_OPTIONS
    assert {word for word in command[place:] if word.startswith("--")} == SERVICE_UP_OPTIONS
    assert command.count("--file") == 2
    assert shlex.join(command).endswith("--deployment-max-percent 200 --deployment-min-healthy-percent 50 --force-deployment")


def test_without_a_load_balancer_there_is_no_grace_period_which_ecs_cli_would_refuse() -> None:
    command = ecs_cli.service_up("ecs-cli", *FILES, cluster="redash", health_check_grace_period=120)
    assert "--health-check-grace-period" not in command
    assert "--target-groups" not in command


def test_without_ecs_params_the_option_is_left_out() -> None:
    assert ecs_cli.create("ecs-cli", "redash", ["docker-compose.yml"], None) == shlex.split(
        "ecs-cli compose --project-name redash --file docker-compose.yml create --launch-type FARGATE"
    )


def test_create_configure_and_rm() -> None:
    assert ecs_cli.create("ecs-cli", *FILES) == shlex.split(
        "ecs-cli compose --project-name redash --file docker-compose.yml --ecs-params ecs-params.yml create --launch-type FARGATE"
    )
    assert ecs_cli.configure("ecs-cli", "redash", "ap-northeast-1") == shlex.split(
        "ecs-cli configure --cluster redash --region ap-northeast-1 --default-launch-type FARGATE --config-name redash"
    )
    assert ecs_cli.service_rm("ecs-cli", *FILES, cluster="redash") == shlex.split(
        "ecs-cli compose --project-name redash --file docker-compose.yml --ecs-params ecs-params.yml service rm --cluster redash"
    )


@pytest.mark.parametrize(
    ("group", "what"),
    [
        ({"target_group_arn": "arn:x, arn:y"}, "target_group_arn 'arn:x, arn:y'"),
        ({"target_group_arn": "a,b"}, "target_group_arn 'a,b'"),
        ({"target_group_arn": "a=b"}, "target_group_arn 'a=b'"),
        ({"container_name": "a b"}, "container_name 'a b'"),
        ({"container_name": ""}, "container_name ''"),
        ({"container_port": None}, "container_port None"),
    ],
)
def test_what_would_be_fatal_in_target_groups_is_refused(group: dict[str, str], what: str) -> None:
    with pytest.raises(RedashError) as caught:
        ecs_cli.service_up("ecs-cli", *FILES, cluster="redash", target_groups=[{**GROUPS[0], **group}])
    assert str(caught.value) == f"service redash: {what} can't be given to --target-groups. No spaces, commas, '='."


def test_every_fatal_value_of_the_target_groups_is_said_at_once() -> None:
    with pytest.raises(RedashError) as caught:
        ecs_cli.service_up(
            "ecs-cli", *FILES, cluster="redash", target_groups=[{**GROUPS[0], "container_name": ""}, {"container_port": " "}]
        )
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ({}, ""),
        ({"force": True}, "--force-deployment"),
        (
            {"deployment": {"maximum_percent": 100, "minimum_healthy_percent": 0}},
            "--deployment-max-percent 100 --deployment-min-healthy-percent 0",
        ),
        ({"deployment": {"maximum_percent": 100}}, "--deployment-max-percent 100"),
        ({"deployment": {"minimum_healthy_percent": 0}}, "--deployment-min-healthy-percent 0"),
        ({"deployment": {"maximum_percent": None, "minimum_healthy_percent": None}}, ""),
    ],
)
def test_only_what_is_given_is_passed_on(options: dict[str, Any], end: str) -> None:
    beginning = "ecs-cli compose --project-name redash --file docker-compose.yml --ecs-params ecs-params.yml service up --cluster c"
    assert shlex.join(ecs_cli.service_up("ecs-cli", *FILES, cluster="c", **options)) == (
        f"{beginning} --launch-type FARGATE --timeout 0 {end}".rstrip()
    )


def test_a_grace_period_of_0_and_several_target_groups_are_passed_on() -> None:
    command = ecs_cli.service_up(
        "ecs-cli", *FILES, cluster="c", target_groups=[*GROUPS, {**GROUPS[0], "container_port": 80}], health_check_grace_period=0
    )
    place = command.index("--target-groups")
    assert command[place:] == [
        *("--target-groups", f"targetGroupArn={GROUP},containerName=server,containerPort=5000"),
        *("--target-groups", f"targetGroupArn={GROUP},containerName=server,containerPort=80"),
        *("--health-check-grace-period", "0"),
    ]
    assert "--health-check-grace-period" not in ecs_cli.service_up("ecs-cli", *FILES, cluster="c", target_groups=GROUPS)


OUTPUT = """\
time="2026-01-01T00:00:00Z" level=info msg="Using ECS task definition" TaskDefinition="redash:3"
time="2026-01-01T00:00:01Z" level=info msg="Created an ECS service" service=redash taskDefinition="redash:3"
"""
FAILED = """\
time="2026-01-01T00:00:00Z" level=error msg="Unable to open ECS Compose Project" error="Unsupported config option for web: 'foo'"
time="2026-01-01T00:00:00Z" level=fatal msg="Unable to create and read ECS Compose Project" error="the same"
"""


def test_the_revision_is_read_from_the_output_with_and_without_a_terminal() -> None:
    assert ecs_cli.used_task_definition(OUTPUT) == "redash:3"
    on_a_terminal = "INFO[0000] Using ECS task definition                     TaskDefinition=redash-prod_1:12\n"
    assert ecs_cli.used_task_definition(on_a_terminal) == "redash-prod_1:12"
    assert ecs_cli.used_task_definition(f"{OUTPUT}{on_a_terminal}") == "redash-prod_1:12"


@pytest.mark.parametrize(
    ("output", "told"), [("nothing of the kind\n", "nothing of the kind"), ("x" + "y" * 499 + "z", "y" * 499 + "z"), ("", "")]
)
def test_without_a_revision_the_end_of_the_output_is_told(output: str, told: str) -> None:
    with pytest.raises(RedashError) as caught:
        ecs_cli.used_task_definition(output)
    assert str(caught.value) == f"ecs-cli: did not say which task definition it uses. It said: {told}".rstrip()


def test_the_first_error_is_the_one_that_tells() -> None:
    assert ecs_cli.complaint(FAILED) == "Unable to open ECS Compose Project Unsupported config option for web: 'foo'"
    assert ecs_cli.complaint("panic: runtime error\n\ngoroutine 1") == "panic: runtime error goroutine 1"
    assert ecs_cli.complaint("x" * 501 + "y") == "x" * 499 + "y"
    assert ecs_cli.complaint('level=error msg="no \\"web\\""') == 'no "web"'
    assert ecs_cli.complaint('level=info msg="fine"\nlevel=fatal msg="gone" error="a \\"b\\" c"') == 'gone a "b" c'


def test_the_filter_takes_what_compose_render_returned() -> None:
    service = {"family": "redash", "compose_files": ["docker-compose.yml"], "ecs_params": "ecs-params.yml", "queues": []}
    assert filters.ecs_cli_command(service, "create", binary="ecs-cli") == ecs_cli.create("ecs-cli", *FILES)
    assert filters.ecs_cli_command(service, "service_up", binary="ecs-cli", cluster="c") == ecs_cli.service_up(
        "ecs-cli", *FILES, cluster="c"
    )
    with pytest.raises(filters.AnsibleFilterError, match="'down' is none of create, service_up, service_rm"):
        filters.ecs_cli_command(service, "down", binary="ecs-cli")


def test_every_filter_is_documented() -> None:
    from pathlib import Path

    folder = Path(filters.__file__).parent
    assert [name for name in filters.FilterModule().filters() if not (folder / f"{name}.yml").is_file()] == []


@pytest.mark.parametrize(
    ("arguments", "yes"),
    [
        (["compose", "--project-name", "up", "service", "up", "--cluster", "c"], True),
        (["compose", "--project-name", "shop", "--file", "f", "create", "--launch-type", "FARGATE"], True),
        (["compose", "--project-name", "shop", "service", "rm"], False),
        (["configure", "--cluster", "create"], False),
    ],
)
def test_only_create_and_service_up_use_a_task_definition(arguments: list[str], yes: bool) -> None:
    assert ecs_cli.registers(["ecs-cli", *arguments]) is yes


@pytest.mark.parametrize(
    ("output", "yes"),
    [
        ('msg="Created an ECS service" service=x', True),
        ('msg="Updated the ECS service with a new task definition. Old containers will be stopped"', True),
        ('msg="Deleted ECS service" service=x', True),
        ('msg="Updated ECS service successfully" desiredCount=1', False),
    ],
)
def test_a_change_is_what_ecs_cli_says_that_it_changed(output: str, yes: bool) -> None:
    assert ecs_cli.changed(output) is yes
