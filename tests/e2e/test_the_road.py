"""The whole road on real parts: Terraform, containers, PostgreSQL, Redis; only AWS itself is played."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.e2e.conftest import ROOT, Demo, changed
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


def test_a_second_run_changes_nothing(demo: Demo) -> None:
    done = demo.playbook("site.yml")
    assert done.returncode == 0, done.stdout
    assert changed(done.stdout) == {"redash-demo": 0}


def test_check_mode_on_a_finished_installation_would_change_nothing(demo: Demo) -> None:
    done = demo.playbook("site.yml", "--check", "--diff")
    assert done.returncode == 0, done.stdout
    assert changed(done.stdout) == {"redash-demo": 0}


def test_a_second_make_demo_reports_no_change(demo: Demo) -> None:
    said = demo.make("demo")
    # manage.yml runs a command, which is a change by its nature; site.yml is what must find nothing to do.
    site = said.split("manage.yml -e", 1)[0]
    assert changed(site) == {"redash-demo": 0}, said[-6000:]


def test_no_secret_is_anywhere_it_could_be_read(demo: Demo) -> None:
    """In what was printed at -vvvv, in files, in Terraform's state, in task definitions and in process lists."""
    secrets = demo.secrets()
    assert {name.rsplit("/", 1)[1] for name in secrets} >= {
        "cookie_secret",
        "secret_key",
        "database_password",
        "admin_password",
        "database_url",
    }
    needles = {name: value for name, value in secrets.items() if len(value) >= 16}
    assert len(needles) >= 5

    def search(text: str, where: str) -> None:
        for name, value in needles.items():
            # A composed URL holds the password: the part alone must not appear either, and it is a needle itself.
            assert value not in text, f"{name} is in {where}"

    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "inventories/local", "-vvvv", "--diff", "site.yml"]
    log = demo.home / "verbose.log"
    with log.open("w") as output:
        running = subprocess.Popen(command, cwd=ROOT, env=demo.environment, stdout=output, stderr=subprocess.STDOUT)
        while running.poll() is None:
            for process in Path("/proc").iterdir():
                if process.name.isdigit():
                    try:
                        search((process / "cmdline").read_text(errors="replace"), f"the command line of process {process.name}")
                    except OSError:
                        continue
            time.sleep(0.05)
    assert running.returncode == 0, log.read_text()[-5000:]
    search(log.read_text(), "the output of site.yml -vvvv --diff")
    for said in demo.said:
        search(said, "what a command printed")

    # The emulated AWS keeps Parameter Store in a file, as AWS keeps it somewhere: that folder is its inside.
    emulator = demo.home / "aws"
    for path in demo.home.rglob("*"):
        if path.is_file() and emulator not in path.parents:
            search(path.read_text(errors="replace"), str(path.relative_to(demo.home)))

    ecs = demo.aws("ecs")
    for family in ("redash-demo", "redash-demo-task-runner"):
        search(str(ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]), f"task definition {family}")
