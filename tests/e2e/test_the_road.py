"""The whole road on real parts: Terraform, containers, PostgreSQL, Redis; only AWS itself is played."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.e2e.conftest import MADE, Demo, changed
from tests.e2e.hunt import hunt
from tools import pictures


def test_it_ends_by_saying_where_redash_is_and_what_to_do_next(demo: Demo) -> None:
    end = demo.said[0].splitlines()[-8:]
    assert any(f"http://redash-demo.alb.localhost:{demo.port}/" in line for line in end), end
    assert any("manage.yml" in line for line in end), end
    assert any("make demo-down" in line for line in end), end


def test_the_picture_in_the_readme_tells_the_same_story(demo: Demo) -> None:
    """Times and numbers differ each time; the commands and how it ends do not."""
    shown = pictures.kind((pictures.PICTURES / "demo.txt").read_text())
    assert shown == pictures.kind(demo.said[0]), "run python tools/pictures.py --record and look at docs/pictures"
    assert len(shown) >= 6


def test_the_drawing_of_the_dashboard_has_the_widgets_that_terraform_made(demo: Demo) -> None:
    made = json.loads((pictures.RECORDED / "dashboard.json").read_text())
    assert json.loads((pictures.PICTURES / "dashboard.json").read_text()) == made
    assert len(made) > 6


def test_the_command_it_ran_answered_with_redashs_groups(demo: Demo) -> None:
    assert re.search(r"Name: admin\b", demo.said[0])
    assert re.search(r"Name: default\b", demo.said[0])


def test_the_load_balancer_leads_to_redash(demo: Demo) -> None:
    assert demo.get("/ping") == (200, "PONG.")
    status, page = demo.get("/login")
    assert status == 200
    assert "Redash" in page


def test_nobody_can_make_himself_administrator(demo: Demo) -> None:
    status, _page = demo.get("/setup")
    assert status == 302


def test_a_stand_in_says_that_it_is_one(demo: Demo) -> None:
    if "stand-in" in (demo.home / "image").read_text():
        assert "STAND-IN" in demo.said[0]
        assert "stand-in" in demo.get("/login")[1].lower()


def test_server_scheduler_and_worker_run_as_containers(demo: Demo) -> None:
    ecs = demo.aws("ecs")
    (arn,) = ecs.list_tasks(cluster="redash-demo", serviceName="redash-demo")["taskArns"]
    (task,) = ecs.describe_tasks(cluster="redash-demo", tasks=[arn])["tasks"]
    assert {container["name"]: container["lastStatus"] for container in task["containers"]} == {
        "server": "RUNNING",
        "scheduler": "RUNNING",
        "worker": "RUNNING",
    }


def test_the_administrator_can_be_listed(demo: Demo) -> None:
    done = demo.playbook("manage.yml", "-e", "cmd=users list")
    assert done.returncode == 0, done.stdout
    assert "Email: admin@example.com" in done.stdout


def test_a_command_that_fails_fails_the_play(demo: Demo) -> None:
    done = demo.playbook("manage.yml", "-e", "cmd=users password nobody@example.com $REDASH_ADMIN_PASSWORD")
    assert done.returncode != 0
    assert "nobody@example.com" in done.stdout
    assert "Traceback" not in done.stdout


def test_check_mode_on_a_finished_installation_would_change_nothing(demo: Demo) -> None:
    done = demo.playbook("site.yml", "--check", "--diff")
    assert done.returncode == 0, done.stdout
    assert changed(done.stdout) == {"redash-demo": 0}


def test_a_second_run_changes_nothing_and_no_secret_is_anywhere_it_could_be_read(demo: Demo, tmp_path: Path) -> None:
    """Printed by any command until here, or left by a site.yml at -vvvv. test_from_nothing.py hunts the run that makes them."""
    found = hunt("site.yml", environment=demo.environment, client=demo.aws, home=demo.home, folder=tmp_path / "runner")
    found.clean()
    assert changed(found.output) == {"redash-demo": 0}
    assert set(found.secrets) >= {f"/redash/redash-demo/{name}" for name in MADE}
    for said in demo.said:
        for name, values in found.secrets.items():
            assert not any(value in said for value in values), f"{name} is in what a command printed"
