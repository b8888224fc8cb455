# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From 8 to 10, in services of their own: RQ instead of Celery, and another set of services."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e_upgrade.conftest import START
from tests.e2e_upgrade.installation import NAME, Installation, Run, calm, unchanged

BEFORE, AFTER = "e5c7a4e2df4d", "89bc7873a3e0"
SPLIT = {"redash_topology": "split"}


def test_from_8_to_10_the_set_of_services_changes_and_is_put_back_where_it_fails(split: Installation) -> None:
    people, services = split.people(), split.services()
    assert f"{NAME}-worker" not in services

    plan = split.run("upgrade.yml", "--check", **split.to("10.1.0"), **SPLIT)
    assert plan.rc == 0, plan.output
    for said in ("Redash 8.0.0 -> 10.1.0", "d7d747033183 encrypt alert destinations", "Stop the scheduler and the workers"):
        assert said in plan.output, plan.output
    assert split.services() == services

    # Killed when Celery's workers were told to take nothing new, and taken back: nobody was stopped, so nobody begins anew.
    assert split.kill("after", "drain", "power lost", "upgrade.yml", **split.to("10.1.0"), **SPLIT)
    back = split.upgrade("10.1.0", upgrade_undo=True, **SPLIT)
    assert split.record()["state"] == "undone", back.output
    assert split.services() == services
    assert set(split.jobs_done("8.0.0").values()) == {"done"}

    failed = split.upgrade("10.1.0", fault="migration", **SPLIT)
    assert "The upgrade failed and everything is as it was" in failed.message, failed.output
    # What Redash's own migration logged when it failed is shown above that, traceback and all.
    calm(Run(failed.rc, failed.message))
    assert split.services() == services
    assert split.schema() == BEFORE
    assert split.people() == people

    done = split.upgrade("10.1.0", **SPLIT)
    assert done.rc == 0, done.output
    calm(done)
    after = split.services()
    assert set(after) - set(services) == {f"{NAME}-worker"}
    assert all(running == desired == 1 for _definition, desired, running in after.values()), after
    assert split.schema() == AFTER
    assert split.people() == people
    # What runs last is stopped last: nobody queues what nobody takes.
    assert split.record()["done"].index("stop_workers") < split.record()["done"].index("stop_server")
    unchanged(split.run("site.yml", redash_version="10.1.0", **SPLIT))


@pytest.fixture
def nine(made: Installation) -> Iterator[Installation]:
    """9.0.0-beta in one service, made from an empty database on the same infrastructure."""
    made.stop_everything()
    made.remove_services()
    made.forget_releases()
    made.empty_database("redash")
    site = made.run("site.yml", redash_version="9.0.0-beta")
    assert site.rc == 0, site.output
    yield made
    made.stop_everything()
    made.remove_services()
    made.forget_releases()
    made.copy_database(START, "redash")
    assert made.run("site.yml", redash_version="10.1.0").rc == 0


def locked_out(redash: Installation) -> list[str]:
    """Tasks that ended because of their scheduler; it ends with 1 where it met another."""
    ecs = redash.client("ecs")
    arns = ecs.list_tasks(cluster=NAME, serviceName=NAME, desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=NAME, tasks=arns)["tasks"] if arns else []
    return [
        task["stoppedReason"] for task in tasks for one in task["containers"] if one["name"] == "scheduler" and one.get("exitCode") == 1
    ]


def test_from_9_to_10_and_on_one_scheduler_never_meets_another(nine: Installation) -> None:
    for version, path in (("10.0.0", "full"), ("10.1.0", "rolling")):
        done = nine.upgrade(version)
        assert done.rc == 0, done.output
        calm(done)
        assert (nine.record()["state"], nine.record()["path"]) == ("succeeded", path)
    back = nine.run("rollback.yml")
    assert back.rc == 0, back.output
    assert "Redash is back at 10.0.0" in back.output
    for level in ("DEBUG", "INFO"):
        again = nine.run("site.yml", redash_version="10.0.0", redash_settings={"REDASH_LOG_LEVEL": level})
        assert again.rc == 0, again.output
    assert locked_out(nine) == []
