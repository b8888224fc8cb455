# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.redash.ecs.plugins.module_utils.core.outcome import containers, dead_sidecars, ended, exit_code, find, judge, phase


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (None, "provisioning"),
        ({}, "provisioning"),
        ({"lastStatus": "PROVISIONING"}, "provisioning"),
        ({"lastStatus": "PENDING"}, "preparing"),
        ({"lastStatus": "ACTIVATING"}, "preparing"),
        ({"lastStatus": "PENDING", "pullStartedAt": 1}, "pulling the image"),
        ({"lastStatus": "ACTIVATING", "pullStartedAt": 1}, "pulling the image"),
        ({"lastStatus": "PENDING", "pullStartedAt": 1, "pullStoppedAt": 2}, "starting"),
        ({"lastStatus": "RUNNING", "pullStartedAt": 1, "pullStoppedAt": 2}, "running"),
        ({"lastStatus": "DEACTIVATING"}, "stopped"),
        ({"lastStatus": "STOPPING"}, "stopped"),
        ({"lastStatus": "DEPROVISIONING"}, "stopped"),
        ({"lastStatus": "STOPPED"}, "stopped"),
    ],
)
def test_what_is_happening_is_told_in_words(task: dict[str, Any] | None, words: str) -> None:
    assert phase(task) == words


def one(name: str, code: int | None = None, **more: Any) -> dict[str, Any]:
    """A container: it has ended where it has an exit code."""
    return {"name": name, "lastStatus": "RUNNING" if code is None else "STOPPED", **({} if code is None else {"exitCode": code}), **more}


def task(*those: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"lastStatus": "STOPPED", "startedAt": "now", "stopCode": "EssentialContainerExited", "containers": list(those), **more}


@pytest.mark.parametrize(
    ("seen", "code", "over"),
    [
        (task(one("redash", 0), lastStatus="DEPROVISIONING"), 0, True),  # 10 to 20 s before it is STOPPED
        (task(one("redash", 3), one("proxy"), lastStatus="RUNNING"), 3, True),
        (task(one("redash"), one("proxy", 0), lastStatus="RUNNING"), None, False),
        (task(one("redash"), lastStatus="DEPROVISIONING"), None, False),
        (task(one("redash")), None, True),
        (task(), None, True),
        ({"lastStatus": "PENDING", "containers": None}, None, False),
        ({}, None, False),
    ],
)
def test_a_command_has_ended_when_its_exit_code_is_there_or_its_task_has_stopped_without(
    seen: dict[str, Any], code: int | None, over: bool
) -> None:
    assert exit_code(seen, "redash") == code
    assert ended(seen, "redash") is over


def test_a_container_is_found_by_its_name() -> None:
    assert find(task(one("proxy", 1), one("redash", 0)), "redash") == one("redash", 0)
    assert find(task(one("proxy", 1)), "redash") is None
    assert find({}, "redash") is None


def test_sidecars_that_ended_are_those_that_the_task_cannot_do_without() -> None:
    seen = task(one("redash", 0), one("proxy", 1), one("log-router", 0), one("init", 0), one("agent"), one("unknown", 1))
    assert dead_sidecars(seen, "redash", ["redash", "proxy", "log-router", "agent"]) == ["proxy", "log-router"]
    assert dead_sidecars(seen, "redash", []) == []
    assert dead_sidecars({}, "redash", ["proxy"]) == []


ESSENTIAL = ["redash", "proxy", "agent"]


@pytest.mark.parametrize(
    ("those", "more", "died_first", "cause"),
    [
        # The command's own end.
        ([one("redash", 0)], {}, [], None),
        ([one("redash", 2)], {}, [], "exit_code"),
        ([one("redash")], {}, [], "no_exit_code"),
        ([], {}, [], "no_exit_code"),
        # What ECS stopped after the command ended with 0, by SIGTERM, by SIGKILL, or well-behaved.
        ([one("redash", 0), one("proxy", 0)], {}, [], None),
        ([one("redash", 0), one("proxy", 143)], {}, [], None),
        ([one("redash", 0), one("proxy", 137)], {}, [], None),
        # A sidecar's own death, seen only after all had ended.
        ([one("redash", 0), one("proxy", 1)], {}, [], "sidecar"),
        ([one("redash", 0), one("proxy", 139)], {}, [], "sidecar"),
        ([one("redash", 0), one("proxy", 137, reason="OutOfMemoryError: Container killed due to memory usage")], {}, [], "sidecar"),
        # One that the task can do without is none of its business.
        ([one("redash", 0), one("init", 1)], {}, [], None),
        # A command that failed by itself is told by its own exit code, unless the sidecar was seen to die first.
        ([one("redash", 2), one("proxy", 1)], {}, [], "exit_code"),
        ([one("redash", 143), one("proxy", 1)], {}, ["proxy"], "sidecar"),
        ([one("redash", 0), one("proxy", 0)], {}, ["proxy"], "sidecar"),
        # Without an exit code of the command, ECS's reason is the better one.
        ([one("redash"), one("proxy", 1)], {}, ["proxy"], "no_exit_code"),
        # 0 because it was told to end, not because it was done.
        ([one("redash", 0)], {"stopCode": "UserInitiated"}, [], "stopped"),
        ([one("redash", 0)], {"stopCode": "SpotInterruption"}, [], "spot"),
        ([one("redash", 0)], {"stopCode": None}, [], None),
        ([one("redash", 0)], {"stopCode": ""}, [], None),
    ],
)
def test_a_command_ended_well_only_when_nothing_else_explains_its_end(
    those: list[dict[str, Any]], more: dict[str, Any], died_first: list[str], cause: str | None
) -> None:
    stopped = judge(task(*those, **more), "redash", essential=ESSENTIAL, died_first=died_first)
    assert (stopped.cause if stopped else None) == cause
    if stopped is not None:
        assert stopped.ran
        assert not stopped.retry
        assert stopped.todo


def test_dead_sidecars_are_named_with_their_exit_codes_and_reasons() -> None:
    seen = task(one("redash", 0), one("proxy", 1, reason="CannotReach: no route"), one("agent", 2))
    stopped = judge(seen, "redash", essential=ESSENTIAL)
    assert stopped is not None
    assert stopped.what == (
        "essential container proxy exited with 1, agent exited with 2 (CannotReach: no route), so ECS stopped the task while redash ran"
    )
    assert stopped.todo == "Read the log of proxy."
    alone = judge(task(one("redash", 0), one("proxy", 1)), "redash", essential=ESSENTIAL)
    assert alone is not None
    assert alone.what == "essential container proxy exited with 1, so ECS stopped the task while redash ran"


def test_a_sidecar_that_died_before_anything_ran_says_so() -> None:
    unstarted = {"lastStatus": "STOPPED", "stopCode": "TaskFailedToStart", "containers": [{"name": "redash"}]}
    stopped = judge(unstarted, "redash", essential=ESSENTIAL)
    assert stopped is not None
    assert (stopped.cause, stopped.ran) == ("never_started", False)


def test_the_log_and_the_command_itself_explain_a_failure() -> None:
    """Of several that failed, the command's container counts; of its log the lines that were handed in."""
    seen = task(one("proxy", 137), one("redash", 1))
    stopped = judge(seen, "redash", lines=["cryptography.fernet.InvalidToken"])
    assert stopped is not None
    assert (stopped.cause, stopped.what) == ("key", "redash exited with 1: cryptography.fernet.InvalidToken")
    missing = judge(task(one("proxy", 137), one("redash"), stoppedReason="Host gone"), "redash", lines=["InvalidToken"])
    assert missing is not None
    assert (missing.cause, missing.ran) == ("key", True)
    told = judge(task(one("redash", 0), stopCode="UserInitiated", stoppedReason="by Jane"), "redash", lines=["InvalidToken"])
    assert told is not None
    assert told.what == "by Jane (UserInitiated)"


def test_the_containers_of_a_result() -> None:
    seen = task(one("redash", 0, image="redash/redash:25.8.0"), one("init", 1, image="busybox", reason="Error"))
    assert containers(seen, ["redash"]) == [
        {
            "name": "redash",
            "image": "redash/redash:25.8.0",
            "essential": True,
            "last_status": "STOPPED",
            "exit_code": 0,
            "reason": None,
        },
        {"name": "init", "image": "busybox", "essential": False, "last_status": "STOPPED", "exit_code": 1, "reason": "Error"},
    ]
    assert containers({}, []) == []
