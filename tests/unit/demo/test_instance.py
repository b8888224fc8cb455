# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which demo it is, and what of the person's shell its children get."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.instance import DemoError, Instance, shut_in


def test_without_any_variable_it_is_the_default_demo() -> None:
    instance = Instance.from_environment({})
    assert (instance.home.name, instance.port, instance.network) == (".demo", 4566, "redash-demo")


def test_another_port_is_another_network_and_other_containers() -> None:
    one, other = Instance(Path("/a"), 4566), Instance(Path("/a"), 4600)
    for name in ("network", "postgresql", "redis", "volume", "endpoint"):
        assert getattr(one, name) != getattr(other, name)


def test_the_data_of_another_home_are_other_data_even_on_the_same_port() -> None:
    assert Instance(Path("/a"), 4566).volume != Instance(Path("/b"), 4566).volume


@pytest.mark.parametrize("port", ["http", "80", "70000", "-1", "45 66"])
def test_a_port_that_is_none_is_refused_with_its_name_and_value(port: str) -> None:
    with pytest.raises(DemoError, match=f"REDASH_DEMO_PORT: {port} is not a port"):
        Instance.from_environment({"REDASH_DEMO_PORT": port})


def test_a_child_finds_the_same_demo_again() -> None:
    instance = Instance.from_environment({"REDASH_DEMO_HOME": "/tmp/elsewhere", "REDASH_DEMO_PORT": "4570"})
    assert Instance.from_environment(instance.environment) == instance


def test_nothing_of_the_persons_aws_is_left() -> None:
    shell = {
        "PATH": "/bin",
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL": "https://real",
        "AWS_CONFIG_FILE": "/home/me/.aws/config",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/x",
    }
    assert shut_in(shell) == {
        "PATH": "/bin",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
