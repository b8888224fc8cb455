# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""awx.yml through the real awx.awx modules, against a FAKE of AWX's API (fake_awx.py). No real AWX takes part."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.redash.ecs.plugins.module_utils.core.release import RELEASES
from ansible_collections.redash.ecs.plugins.modules import redash_secret_rotation
from tests.integration.awx.fake_awx import ENCRYPTED, FakeAwx, Refused, Server, could_be_playbook

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "the-password-of-awx"
SECRET_KEY = "the-secret-key-of-aws"
TOKEN = "xoxb-the-token-of-slack"
TYPE = "AWS by assumed role"
HIDDEN = "hidden"

SETTINGS: dict[str, Any] = {
    "awx_project_url": "https://git.example.com/redash.git",
    "awx_installations": ["redash-prod", "redash-staging"],
    "awx_execution_environment_image": "registry.example.com/redash-ecs-ee:1",
    "awx_aws_role": {"role_arn": "arn:aws:iam::123456789012:role/awx", "access_key": "AKIAEXAMPLE", "secret_key": SECRET_KEY},
    "awx_operators": ["olga"],
    "awx_analysts": ["ada", "alan"],
    "awx_notifications": [
        {"name": "on-call", "type": "slack", "configuration": {"channels": ["#ops"], "token": TOKEN, "hex_color": ""}},
        {"name": "hook", "type": "webhook", "configuration": {"url": "https://example.com/hook", "headers": {}}},
        {"name": "topic", "type": "awssns", "configuration": {"sns_topic_arn": "arn:aws:sns:eu-west-1:123456789012:ops"}},
        {
            "name": "mail",
            "type": "email",
            "configuration": {
                "host": "smtp.example.com", "port": 25, "username": "", "password": "", "use_tls": False, "use_ssl": False,
                "sender": "awx@example.com", "recipients": ["ops@example.com"],
            },
        },
    ],
}  # fmt: skip

# Where it is not about them: one template, no workflow, no schedule.
FEW: dict[str, Any] = {
    "awx_job_templates": [{"name": "site", "playbook": "site.yml", "description": "", "check": True, "survey": "{{ [awx_question_one] }}"}],
    "awx_workflow": [],
    "awx_verify_schedule": "",
}


ROLE_VARS = re.sub(r"!unsafe ", "", (ROOT / "roles" / "awx" / "vars" / "main.yml").read_text())


def playbooks() -> set[str]:
    """What AWX would list of this repository, were it cloned."""
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [ROOT / name for name in files.splitlines()]
    return {path.relative_to(ROOT).as_posix() for path in paths if path.is_file() and could_be_playbook(ROOT, path)}


@dataclass
class Run:
    text: str
    returncode: int

    @property
    def words(self) -> str:
        """What was said; where lines are broken is ansible-core's."""
        return " ".join(self.text.split())

    @property
    def changed(self) -> int:
        return self._count("changed")

    @property
    def failed(self) -> int:
        return self._count("failed")

    @property
    def changes(self) -> set[tuple[str, str]]:
        """Task and item of each change; no item is an empty text. The item of a result that no_log hides is HIDDEN."""
        found, task = set(), ""
        for line in self.text.splitlines():
            if header := re.match(r"TASK \[(?:[\w.]+ : )?(.*?)\] \*", line):
                task = header[1]
            elif change := re.match(r"changed: \[localhost\](?: => \(item=(.*)\))?", line):
                # Which of the two is ansible-core's affair.
                found.add((task, HIDDEN if change[1] in ("None", "(censored due to no_log)") else change[1] or ""))
        return found

    def _count(self, what: str) -> int:
        found = re.search(rf"localhost\s+: .*\b{what}=(\d+)", self.text)
        assert found, self.text
        return int(found[1])


class Controller:
    """A fake AWX, and awx.yml run against it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.settings = {**SETTINGS, **settings}
        self.awx = FakeAwx(playbooks(), users=("olga", "ada", "alan"))
        # Another organization has a Redash, too: what awx.awx looks for by name alone, it then finds twice.
        other = self.awx.make("organizations", {"name": "Other"})["id"]
        kind = self.awx.make("credential_types", {"name": "Theirs", "kind": "cloud", "inputs": {"fields": []}})["id"]
        self.awx.make("credentials", {"name": "Redash AWS", "organization": other, "credential_type": kind})
        self.awx.make("inventories", {"name": "Redash", "organization": other})
        hook = {"url": "https://other.example.com/hook", "headers": {}}
        given = {"organization": other, "notification_type": "webhook", "notification_configuration": hook}
        self.awx.make("notification_templates", {"name": "hook", **given})
        for name in ("Redash operators", "Redash analysts"):
            self.awx.make("teams", {"name": name, "organization": other})
        project = self.awx.make("projects", {"name": "Redash", "organization": other, "scm_type": "git", "scm_url": "u"})
        self.awx.fetch(self.awx.objects["project_updates"][project["summary_fields"]["current_update"]["id"]])
        self.awx.make("job_templates", {"name": "Redash verify", "project": project["id"], "playbook": "verify.yml"})
        self.awx.make("workflow_job_templates", {"name": "Redash upgrade with approval", "organization": other})
        self.theirs = {item["id"] for kind in self.awx.objects.values() for item in kind.values() if item.get("organization") == other}
        self.awx.writes.clear()
        self.folder = folder

    def run(self, *arguments: str, **settings: Any) -> Run:
        variables = self.folder / "variables.yml"
        with Server(self.awx) as url:
            controller = {"controller_host": url, "controller_username": "admin", "controller_password": PASSWORD}
            variables.write_text(json.dumps({**self.settings, **settings, "awx_controller": controller}))
            environment = {name: value for name, value in os.environ.items() if not name.startswith(("CONTROLLER_", "TOWER_", "COVERAGE_"))}
            environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
            done = subprocess.run(
                ["ansible-playbook", "-i", "localhost,", "awx.yml", "-e", f"@{variables}", *arguments],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
        return Run(done.stdout + done.stderr, done.returncode)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """An AWX after awx.yml ran once; what it said is in ``first``."""
    controller = Controller(tmp_path_factory.mktemp("awx"))
    run = controller.run("-vvvv")
    assert run.returncode == 0, run.text[-6000:]
    controller.first = run  # type: ignore[attr-defined]
    return controller


def test_everything_is_made(made: Controller) -> None:
    # The first one is another organization's.
    assert made.awx.names("projects") == made.awx.names("inventories") == ["Redash", "Redash"]
    assert made.awx.names("execution_environments") == ["Redash"]
    source = made.awx.named("inventory_sources", "Redash")
    assert source["source_path"] == "inventories/example/hosts.yml"
    assert source["execution_environment"] == made.awx.named("execution_environments", "Redash")["id"]
    assert source["credential"] == made.awx.named("credentials", "Redash AWS")["id"]
    # A push of some buttons in a row waits for the repository and the inventory once.
    project = made.awx.named("projects", "Redash")
    assert (project["scm_update_on_launch"], project["scm_update_cache_timeout"]) == (True, 60)
    assert (source["update_on_launch"], source["update_cache_timeout"]) == (True, 60)
    wanted = {item["name"] for item in yaml.safe_load(ROLE_VARS)["awx_shipped_job_templates"]}
    assert {name.removeprefix("Redash ") for name in made.awx.names("job_templates")} == wanted
    assert made.awx.names("workflow_job_templates") == ["Redash upgrade with approval"] * 2
    assert made.awx.named("schedules", "Redash nightly verification")["enabled"] is True
    assert made.awx.related("job_templates", "Redash site", "credentials") == {"Redash AWS"}
    assert made.awx.related("job_templates", "Redash site", "notification_templates_error") == {"on-call", "hook", "topic", "mail"}
    mail = made.awx.named("notification_templates", "mail")["notification_configuration"]
    assert (mail["timeout"], mail["port"], mail["use_tls"]) == (30, 25, False)


def test_another_organization_s_objects_of_the_same_name_are_left_alone(made: Controller) -> None:
    used = {number for associated in made.awx.associations.values() for number in associated}
    used |= {template["inventory"] for template in made.awx.objects["job_templates"].values()}
    assert made.theirs and not made.theirs & used


def test_a_second_run_writes_nothing(made: Controller) -> None:
    made.awx.writes.clear()
    run = made.run()
    assert run.returncode == 0, run.text[-3000:]
    assert (run.changed, made.awx.writes) == (0, [])


@pytest.mark.parametrize("arguments", [["--check"], []])
def test_names_that_awx_does_not_have_are_said_at_once_before_anything_is_written(tmp_path: Path, arguments: list[str]) -> None:
    controller = Controller(
        tmp_path, **FEW, awx_project_credential="gti", awx_credentials=["Valut"], awx_operators=["olag", "olga"], awx_analysts=["ada"]
    )
    run = controller.run(*arguments)
    assert run.returncode != 0
    for line in (
        "awx_project_credential: AWX has no credential gti.",
        "awx_credentials: AWX has no credential Valut.",
        "awx_operators: AWX has no user olag.",
    ):
        assert line in run.words, run.text[-3000:]
    assert "olga." not in run.words and "user ada" not in run.words
    assert controller.awx.writes == []


def test_no_secret_is_said_even_at_vvvv(made: Controller) -> None:
    text = made.first.text  # type: ignore[attr-defined]
    assert "TASK [redash.ecs.awx : Credential]" in text
    for secret in (PASSWORD, SECRET_KEY, TOKEN):
        assert secret not in text


def test_the_upgrade_asks_before_it_upgrades(made: Controller) -> None:
    order = ["verify"]
    while following := made.awx.related("workflow_job_template_nodes", order[-1], "success_nodes"):
        order.extend(following)
    assert order == ["verify", "check", "approval", "snapshot", "upgrade", "smoke"]
    assert made.awx.named("workflow_job_template_nodes", "check")["job_type"] == "check"
    assert made.awx.named("workflow_job_template_nodes", "upgrade")["job_type"] is None
    assert made.awx.named("workflow_approval_templates", "Redash: upgrade as the check said?")["timeout"] == 86400
    assert made.awx.related("workflow_job_templates", "Redash upgrade with approval", "notification_templates_approvals") == {
        "on-call",
        "hook",
        "topic",
        "mail",
    }


def test_operators_may_run_all_and_approve(made: Controller) -> None:
    for name in made.awx.names("job_templates"):
        assert "Redash operators" in made.awx.holders("job_templates", name, "execute_role"), name
    for role in ("execute_role", "approval_role"):
        assert made.awx.holders("workflow_job_templates", "Redash upgrade with approval", role) == {"Redash operators"}
    assert made.awx.holders("teams", "Redash operators", "member_role") == {"olga"}


def test_analysts_may_run_two_templates_with_the_allow_list_and_no_other(made: Controller) -> None:
    allowed = {
        name for name in made.awx.names("job_templates") if "Redash analysts" in made.awx.holders("job_templates", name, "execute_role")
    }
    assert allowed == {"Redash manage (analysts)", "Redash access (analysts)"}
    for name in allowed:
        template = made.awx.named("job_templates", name)
        assert json.loads(template["extra_vars"])["redash_allowed_commands"]
        assert not [field for field, value in template.items() if field.startswith("ask_") and value and field != "ask_job_type_on_launch"]
        assert "redash_allowed_commands" not in made.awx.survey(name)
    commands = json.loads(made.awx.named("job_templates", "Redash access (analysts)")["extra_vars"])["redash_allowed_commands"]
    assert {command.split()[1] for command in commands if " " in command} == {"list", "create", "change_permissions", "invite"}
    assert made.awx.holders("teams", "Redash analysts", "member_role") == {"ada", "alan"}


def test_what_the_survey_does_not_ask_for_does_not_reach_the_job(made: Controller) -> None:
    """An analyst who calls the API by hand: the list of allowed commands stays, a command out of a survey's bounds is refused."""
    answers = {"redash_hosts": "redash-prod", "cmd": "users list"}
    job = made.awx.launch("Redash manage (analysts)", {**answers, "redash_allowed_commands": ["*"], "command": ["sh"]})
    assert job == {**answers, "redash_allowed_commands": ["groups list", "users list", "org list", "ds list", "status", "version"]}
    for wrong in ({"redash_hosts": "another"}, {"cmd": ""}, {"cmd": ["users", "list"]}):
        with pytest.raises(Refused):
            made.awx.launch("Redash manage (analysts)", {**answers, **wrong})
    with pytest.raises(Refused, match="'cmd' value missing"):
        made.awx.launch("Redash manage (analysts)", {"redash_hosts": "redash-prod"})


def test_what_the_workflow_asks_reaches_each_of_its_steps(made: Controller) -> None:
    asked = {"redash_hosts": "redash-prod", "redash_version": "26.3.0", "upgrade_on_failure": "restore"}
    launched = made.awx.launch("Redash upgrade with approval", asked, "workflow_job_templates")
    jobs = {
        step["identifier"]: made.awx.launch_by_workflow(f"Redash {step['template']}", launched)
        for step in yaml.safe_load(ROLE_VARS)["awx_workflow"]
        if "template" in step
    }
    # Those that their templates do not ask for, too: test_surveys.py takes a backup with them.
    assert jobs == dict.fromkeys(("verify", "check", "snapshot", "upgrade", "smoke"), asked)


def test_a_repository_that_can_t_be_fetched_is_said_with_what_helps(tmp_path: Path) -> None:
    """A new credential alone makes AWX fetch nothing, so the last step is the person's to ask for."""
    controller = Controller(tmp_path, awx_aws_role={}, awx_notifications=[], **FEW)
    controller.awx.reachable = False
    for given, said in (
        ({}, "Project update failed. The last job"),
        ({"awx_update_project": True}, "The Project Update - Redash, failed. The"),
    ):
        run = controller.run(**given)
        assert run.returncode == 2 and said in run.words and "needs awx_project_credential" in run.words, run.text[-3000:]
    controller.awx.reachable = True
    run = controller.run()
    assert run.returncode == 2 and "Playbook not found for project" in run.words
    assert controller.run(awx_update_project=True).returncode == 0


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("organizations", {"name": "x" * 513}, "no more than 512"),
        ("organizations", {"name": True}, "Not a valid string"),
        ("job_templates", {"name": "x", "project": 99, "playbook": "site.yml"}, "object does not exist"),
        ("execution_environments", {"name": "x", "image": "y", "pull": "sometimes"}, "is not a valid choice"),
        ("credential_types", {"name": "x", "kind": "ssh"}, "is not a valid choice"),
        ("credential_types", {"name": "x", "kind": "cloud", "inputs": {"fields": [{"id": "a-b", "label": "A"}]}}, "invalid variable name"),
        ("credential_types", {"name": "x", "kind": "cloud", "injectors": {"env": {"ANSIBLE_CONFIG": "x"}}}, "is not allowed"),
        ("credential_types", {"name": "x", "kind": "cloud", "injectors": {"env": {"A": "{{ tower.filename }}"}}}, "filename"),
        ("projects", {"name": "x", "scm_type": "git"}, "SCM URL is required"),
        ("notification_templates", {"name": "x", "organization": 1, "notification_type": "webhook",
                                    "notification_configuration": {"url": "u", "headers": {}, "http_method": "GET"}}, "POST"),
        ("notification_templates", {"name": "x", "organization": 1, "notification_type": "email",
                                    "notification_configuration": {"host": "h"}}, "Missing required fields .*: port"),
        ("notification_templates", {"name": "x", "organization": 1, "notification_type": "slack",
                                    "notification_configuration": {"token": "t", "channels": "#ops"}}, "'channels' incorrect type"),
        ("schedules", {"name": "x", "unified_job_template": 1, "rrule": "DTSTART:20260101T030000 RRULE:FREQ=DAILY;INTERVAL=1"}, "naive"),
        ("schedules", {"name": "x", "unified_job_template": 1, "rrule": "DTSTART:20260101T030000Z RRULE:FREQ=DAILY"}, "INTERVAL required"),
        ("schedules", {"name": "x", "unified_job_template": 1, "rrule": "DTSTART;TZID=A/B:20260101T030000 RRULE:FREQ=DAILY;INTERVAL=1"},
         "TZID"),
    ],
)  # fmt: skip
def test_the_fake_refuses_what_awx_refuses(kind: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        FakeAwx(set()).make(kind, given)


def test_the_fake_takes_no_credential_for_a_job_that_awx_would_not_take() -> None:
    awx = FakeAwx({"site.yml"})
    kind = awx.make("credential_types", {"name": "x", "kind": "cloud", "inputs": {"fields": []}})
    credential = awx.make("credentials", {"name": "x", "organization": 1, "credential_type": kind["id"]})
    project = awx.make("projects", {"name": "x", "organization": 1, "scm_type": "git", "scm_url": "u"})
    awx.fetch(awx.objects["project_updates"][project["summary_fields"]["current_update"]["id"]])
    template = awx.make("job_templates", {"name": "x", "project": project["id"], "playbook": "site.yml"})
    kind["kind"] = "registry"  # one of AWX's own
    with pytest.raises(Refused, match="Cannot assign a Credential of kind `registry`"):
        awx.answer("POST", f"{template['url']}credentials/", {}, {"id": credential["id"]})


def test_other_fields_in_a_type_of_credential_that_is_in_use_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    """By a later release, or by hand. What the refusal says to do, helps."""
    controller = Controller(tmp_path, **FEW, awx_notifications=[])
    assert controller.run().returncode == 0
    kind, credential = controller.awx.named("credential_types", TYPE), controller.awx.named("credentials", "Redash AWS")
    kind["inputs"]["fields"].append({"id": "profile", "type": "string", "label": "Of another release"})
    with pytest.raises(Refused, match="not allowed for credential types that are in use"):
        controller.awx.change("credential_types", kind, {"inputs": {"fields": []}, "injectors": {}})
    for mode in ([], ["--check"]):
        controller.awx.writes.clear()
        run = controller.run(*mode)
        assert run.returncode == 2 and f"{TYPE}: AWX has a type of credential of this name with other fields" in run.words, run.text[-3000:]
        assert controller.awx.writes == []

    kind["name"] = "AWS by assumed role (before)"
    check = controller.run("--check")
    assert (check.returncode, controller.awx.writes) == (0, []), check.text[-3000:]
    run = controller.run()
    assert run.returncode == 0, run.text[-3000:]
    made = controller.awx.named("credentials", "Redash AWS")
    assert made["id"] != credential["id"] and made["credential_type"] == controller.awx.named("credential_types", TYPE)["id"] != kind["id"]
    template = controller.awx.named("job_templates", "Redash site")
    assert controller.awx.associations[f"{template['url']}credentials/"] == [made["id"]]
    # Type, credential and every template: check mode had said so.
    assert check.changed == run.changed


def test_the_fields_of_the_type_of_credential_go_with_its_name() -> None:
    """AWX refuses other fields under a name that is in use: with new fields, write a new name here and in the role."""
    inputs = {
        "AWS by assumed role": {
            "fields": ["role_arn", "external_id", "region", "credential_source", "access_key", "secret_key"],
            "required": ["role_arn"],
            "secret": ["secret_key"],
        }
    }
    kind = yaml.safe_load(ROLE_VARS)["awx_aws_role_type"]
    fields = kind["inputs"]["fields"]
    assert inputs[kind["name"]] == {
        "fields": [field["id"] for field in fields],
        "required": kind["inputs"]["required"],
        "secret": [field["id"] for field in fields if field.get("secret")],
    }


def test_people_choose_from_lists(made: Controller) -> None:
    survey = made.awx.survey("Redash upgrade")
    assert survey["redash_hosts"]["choices"] == ["redash-prod", "redash-staging"]
    assert survey["redash_hosts"]["default"] == ""
    assert set(survey["redash_version"]["choices"]) <= set(RELEASES)
    assert list(RELEASES)[-1] in survey["redash_version"]["choices"]
    assert made.awx.survey("Redash verify")["redash_hosts"]["choices"] == ["redash", "redash-prod", "redash-staging"]


def test_the_assumed_role_reaches_the_aws_tools(made: Controller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file as AWX would write it for each job, read by botocore itself."""
    import botocore.session
    import jinja2.sandbox

    injectors = made.awx.named("credential_types", "AWS by assumed role")["injectors"]
    template = jinja2.sandbox.ImmutableSandboxedEnvironment().from_string(injectors["file"]["template"])
    for given, expected in (
        ({"access_key": "AKIA", "secret_key": "s"}, {"source_profile": "source"}),
        ({"credential_source": "EcsContainer", "external_id": "x"}, {"credential_source": "EcsContainer", "external_id": "x"}),
    ):
        path = tmp_path / "config"
        path.write_text(template.render(role_arn="arn:aws:iam::123456789012:role/awx", **given))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
        profiles = botocore.session.Session().full_config["profiles"]
        assert profiles["default"] == {"role_arn": "arn:aws:iam::123456789012:role/awx", "role_session_name": "awx", **expected}
        if "access_key" in given:
            assert profiles["source"] == {"aws_access_key_id": "AKIA", "aws_secret_access_key": "s"}


# The tests below are one life of an AWX with few templates: each run of awx.yml answers more than one question.

GALAXY = ("Ansible Galaxy", "Ours")
ANOTHER = {**SETTINGS["awx_aws_role"], "secret_key": "another"}


def shipped(*names: str) -> list[dict[str, Any]]:
    """Some of the role's own job templates."""
    return [item for item in yaml.safe_load(ROLE_VARS)["awx_shipped_job_templates"] if item["name"] in names]


def small_settings() -> dict[str, Any]:
    """Settings with which every task of the role has something to do, for few templates."""
    return {
        "awx_job_templates": shipped("verify", "manage (analysts)", "access (analysts)", "history"),
        "awx_workflow": [
            {"identifier": "check", "template": "verify", "success": ["approval"]},
            {"identifier": "approval", "success": ["snapshot"]},
            {"identifier": "snapshot", "template": "history", "success": []},
        ],
        "awx_notifications": SETTINGS["awx_notifications"][:2],
    }


class Life:
    """An AWX that awx.yml makes, that people then change, and that awx.yml repairs. ``runs`` holds what each run said."""

    def __init__(self, folder: Path) -> None:
        self.controller = Controller(folder, **small_settings())
        self.awx = self.controller.awx
        kind = self.awx.make("credential_types", {"name": "Galaxy", "kind": "cloud", "inputs": {"fields": []}})["id"]
        self.galaxy = [self.awx.make("credentials", {"name": name, "organization": 1, "credential_type": kind})["id"] for name in GALAXY]
        # The organization Default of a new AWX has one for galaxy.ansible.com.
        self.kept = self.awx.associations["/api/v2/organizations/1/galaxy_credentials/"] = self.galaxy[:1]
        self.awx.writes.clear()
        self.runs: dict[str, Run] = {}

    def run(self, name: str, *arguments: str, **settings: Any) -> Run:
        self.awx.writes.clear()
        run = self.runs[name] = self.controller.run(*arguments, **settings)
        assert run.returncode == 0, run.text[-6000:]
        return run

    def may(self) -> set[str]:
        """What analysts may run."""
        names = self.awx.names("job_templates")
        return {name for name in names if "Redash analysts" in self.awx.holders("job_templates", name, "execute_role")}

    def key(self) -> str:
        """The secret key of AWS that AWX keeps."""
        return self.awx.secrets["credentials", self.awx.named("credentials", "Redash AWS")["id"], "secret_key"]

    def channels(self) -> list[str]:
        return list(self.awx.named("notification_templates", "on-call")["notification_configuration"]["channels"])


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Life:
    return Life(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def small(empty: Life) -> Life:
    """After the first run, of which only what it left is asked."""
    empty.run("first")
    return empty


@dataclass
class Repaired:
    """How one run found an AWX that people had changed in many ways at once, and what it wrote."""

    life: Life
    run: Run
    writes: list[str]
    may_before: set[str]
    past: list[int]
    may: set[str]
    key: str
    channels: list[str]
    kept: list[int]


@pytest.fixture(scope="module")
def repaired(small: Life) -> Repaired:
    awx, may_before = small.awx, small.may()
    # People have changed a template, and what its survey asks.
    awx.named("job_templates", "Redash manage (analysts)")["ask_variables_on_launch"] = True
    awx.survey("Redash manage (analysts)")["cmd"]["required"] = False
    # They have drawn a way past the approval.
    nodes = {node["identifier"]: node for node in awx.objects["workflow_job_template_nodes"].values()}
    past = awx.associations.setdefault(f"{nodes['check']['url']}always_nodes/", [])
    past.append(nodes["snapshot"]["id"])
    # A playbook is new in the repository: AWX has no template for it, and has not fetched it.
    project = awx.named("projects", "Redash")
    del awx.objects["job_templates"][awx.named("job_templates", "Redash history")["id"]]
    awx.fetched[project["id"]].remove("history.yml")
    with pytest.raises(Refused, match="Playbook not found for project"):
        awx.make("job_templates", {"name": "x", "project": project["id"], "playbook": "history.yml"})
    # The settings differ, too: a channel, a template that is no longer for analysts, a secret, a credential for Galaxy.
    notifications = copy.deepcopy(small_settings()["awx_notifications"])
    notifications[0]["configuration"]["channels"] = ["#elsewhere"]
    fewer = shipped("verify", "manage (analysts)", "access (analysts)", "history")
    for item in fewer:
        if item["name"] == "access (analysts)":
            del item["analysts"]
    run = small.run(
        "repaired",
        awx_notifications=notifications,
        awx_job_templates=fewer,
        awx_aws_role=ANOTHER,
        awx_update_project=True,
        awx_galaxy_credentials=["Ours"],
    )
    return Repaired(small, run, list(awx.writes), may_before, past, small.may(), small.key(), small.channels(), list(small.kept))


@pytest.fixture(scope="module")
def back(repaired: Repaired) -> Life:
    """After a run with the first settings again, another secret and leave to send secrets, and no credential for Galaxy."""
    repaired.life.run("back", awx_aws_role=ANOTHER, awx_update_secrets=True, awx_galaxy_credentials=[])
    return repaired.life


# Default is there in each new AWX; what is looked for in it is missing, and not refused because of the organization.
@pytest.mark.parametrize("organization", ["Data", "Default"])
def test_check_mode_on_an_empty_awx_says_what_would_be_made_and_makes_nothing(empty: Life, organization: str) -> None:
    run = empty.run(f"check in {organization}", "--check", awx_organization=organization)
    assert run.failed == 0, run.text[-3000:]
    assert run.changed >= 14
    assert empty.awx.writes == []


def test_check_mode_on_what_is_there_reports_no_change(small: Life) -> None:
    assert small.run("check of what is there", "--check").changes == set()
    assert small.awx.writes == []


def test_the_organization_s_galaxy_credentials_are_left_alone_until_they_are_named(small: Life) -> None:
    """Where galaxy.ansible.com can't be reached, no job starts. Named ones and none: the two runs that follow."""
    assert small.kept == small.galaxy[:1]


def test_a_run_repairs_what_somebody_changed_and_nothing_else(repaired: Repaired) -> None:
    """Each change is one that a test below is about."""
    assert repaired.run.changes == {
        ("Organization", ""),
        ("Notifications", HIDDEN),
        ("Rights of analysts to templates that are none of theirs", ""),
        ("Job templates", "access (analysts)"),
        ("Job templates", "history"),
        ("Job templates", "manage (analysts)"),
        # Of the new template.
        ("Steps of the workflow", "snapshot"),
        ("Their order", "check"),
        ("Rights", "Redash operators: execute"),
    }
    template = repaired.life.awx.named("job_templates", "Redash manage (analysts)")
    assert template["ask_variables_on_launch"] is False
    assert repaired.life.awx.survey("Redash manage (analysts)")["cmd"]["required"] is True


def test_a_notification_with_a_secret_is_sent_again_when_anything_else_of_it_changed(repaired: Repaired, back: Life) -> None:
    assert repaired.channels == ["#elsewhere"]
    assert [write for write in repaired.writes if "/notification_templates/" in write and "PATCH" in write], repaired.writes
    assert back.channels() == ["#ops"], "and back"


def test_a_template_that_is_no_longer_for_analysts_is_taken_from_them(repaired: Repaired, back: Life) -> None:
    assert "Redash access (analysts)" in repaired.may_before
    assert repaired.may == repaired.may_before - {"Redash access (analysts)"}
    # Before its list of allowed commands goes.
    url = repaired.life.awx.named("job_templates", "Redash access (analysts)")["url"]
    places = [next(place for place, write in enumerate(repaired.writes) if part in write) for part in ("/roles/", url)]
    assert places == sorted(places), repaired.writes
    assert back.may() == repaired.may_before


def test_a_way_past_the_approval_that_somebody_drew_is_taken_away(repaired: Repaired) -> None:
    assert repaired.past == []


def test_known_secrets_are_sent_only_when_that_is_asked_for(repaired: Repaired, back: Life) -> None:
    assert back.awx.named("credentials", "Redash AWS")["inputs"]["secret_key"] == ENCRYPTED
    assert not [write for write in repaired.writes if "/api/v2/credentials/" in write], repaired.writes
    assert (repaired.key, back.key()) == (SECRET_KEY, "another")
    assert TOKEN in back.awx.secrets.values()


def test_a_playbook_that_is_new_in_the_repository_is_fetched_when_asked_for(repaired: Repaired) -> None:
    assert "Redash history" in repaired.life.awx.names("job_templates")


def test_the_organization_gets_the_galaxy_credentials_that_are_named_or_none(repaired: Repaired, back: Life) -> None:
    assert (repaired.kept, back.kept) == (back.galaxy[1:], [])


def test_what_is_missing_is_said_at_once(tmp_path: Path) -> None:
    controller = Controller(tmp_path)
    run = controller.run(
        awx_project_url="",
        awx_installations=[],
        awx_aws_role={"external_id": "x"},
        awx_notifications=[
            {"name": "chat", "type": "slack", "configuration": {"token": TOKEN}},
            {"name": "pager", "type": "pagerduty", "configuration": {"token": TOKEN, "subdomain": "x"}},
        ],
    )
    assert run.returncode == 2 and TOKEN not in run.text
    for lacking in ("chat, of type slack, lacks channels.", "pager, of type pagerduty, lacks client_name, service_key."):
        assert f"awx_notifications: {lacking}" in run.text
    for name in ("awx_project_url: not set", "awx_installations: none", "awx_aws_role: has no role_arn", "awx_aws_role: says neither"):
        assert name in run.text
    assert controller.awx.writes == []


def test_every_playbook_for_operators_has_its_template() -> None:
    # What needs a file of the person's, destroys, or is about AWX itself stays on a laptop.
    elsewhere = {"adopt.yml", "awx.yml", "destroy.yml"}
    root = {path.name for path in ROOT.glob("*.yml") if could_be_playbook(ROOT, path)} - elsewhere
    assert {item["playbook"] for item in yaml.safe_load(ROLE_VARS)["awx_shipped_job_templates"]} == root


def test_every_secret_that_can_be_rotated_can_be_chosen() -> None:
    (template,) = (item for item in yaml.safe_load(ROLE_VARS)["awx_shipped_job_templates"] if item["playbook"] == "rotate_secrets.yml")
    (question,) = (question for question in template["survey"] if isinstance(question, dict) and question["variable"] == "rotate")
    assert question["choices"] == redash_secret_rotation.ARGUMENT_SPEC["what"]["choices"]


def test_only_playbooks_are_in_awx_list_of_playbooks() -> None:
    strangers = {name for name in playbooks() if "/" in name and not name.startswith("playbooks/")}
    assert not strangers, f"AWX would offer these as playbooks: {sorted(strangers)}"


def test_no_playbook_asks_anything_while_it_runs() -> None:
    """A job of AWX has nobody to answer it: it would wait until its time-out."""
    asking = re.compile(r"^\s*-?\s*(vars_prompt|(ansible\.builtin\.)?pause):", re.MULTILINE)
    assert asking.search("- hosts: all\n  vars_prompt:\n")
    paths = [*ROOT.glob("playbooks/*.yml"), *ROOT.glob("roles/*/tasks/**/*.yml")]
    assert paths
    assert not [str(path) for path in paths if asking.search(path.read_text())]
