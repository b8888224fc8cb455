# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An account with one installation, in memory: what redash_ecs_verify and the modules beside it see and do there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.redash.ecs.plugins.module_utils import registry
from ansible_collections.redash.ecs.plugins.module_utils.aws import preflight
from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problems, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.verify import run
from ansible_collections.redash.ecs.plugins.modules import (
    redash_ecs_autoscaling,
    redash_ecs_info,
    redash_ecs_logs,
    redash_ecs_revisions,
    redash_ecs_rollback_info,
)
from tests.unit.plugins.module_utils.core.test_key_safety import CASES

ARN = "arn:aws:ecs:eu-west-1:123456789012:"


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Anything")


class Fake:
    """A client: its exceptions, its paginators (one item a page, so that paging that is forgotten shows)."""

    class exceptions:
        ClientError = ClientError

    class meta:
        endpoint_url = "https://service.eu-west-1.amazonaws.com"

    def get_paginator(self, operation: str) -> Any:
        client = self

        class Paginator:
            def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
                answer = getattr(client, operation)(**request)
                for key, items in answer.items():
                    yield from ({key: [item]} for item in items)

        return Paginator()


class Ecs(Fake):
    def __init__(self) -> None:
        self.cluster = True
        self.definitions: dict[str, dict[str, Any]] = {}
        self.services: dict[str, dict[str, Any]] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        # Of each deployment that ECS keeps a record of: its status and its task definition. None: it may not be read.
        self.deployments: list[tuple[str, str]] | None = []

    def define(self, family: str, revision: int, image: str, **secrets: str) -> str:
        arn = f"{ARN}task-definition/{family}:{revision}"
        given = secrets or {"REDASH_SECRET_KEY": "/redash/prod/secret_key"}
        self.definitions[arn] = {
            "taskDefinitionArn": arn,
            "family": family,
            "revision": revision,
            "status": "ACTIVE",
            "containerDefinitions": [
                {
                    "name": family.rpartition("-")[2],
                    "image": image,
                    "secrets": [{"name": name, "valueFrom": value} for name, value in given.items()],
                    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "group", "awslogs-stream-prefix": "pre"}},
                }
            ],
        }
        return arn

    def serve(self, name: str, definition: str, count: int = 1, status: str = "ACTIVE") -> None:
        self.services[name] = {
            "serviceName": name,
            "clusterArn": f"{ARN}cluster/prod",
            "status": status,
            "taskDefinition": definition,
            "desiredCount": count,
            "runningCount": count,
            "pendingCount": 0,
        }

    def list_services(self, cluster: str) -> dict[str, Any]:
        if not self.cluster:
            raise refusal("ClusterNotFoundException")
        return {"serviceArns": [f"{ARN}service/{cluster}/{name}" for name in self.services]}

    def describe_services(self, cluster: str, services: list[str], include: list[str] | None = None) -> dict[str, Any]:
        assert len(services) <= 10
        return {"services": [self.services[name] for name in services]}

    def describe_task_definition(self, taskDefinition: str) -> dict[str, Any]:
        if taskDefinition in self.definitions:
            return {"taskDefinition": self.definitions[taskDefinition]}
        newest = self.list_task_definitions(taskDefinition)["taskDefinitionArns"]
        if not newest:
            raise refusal("ClientException", "Unable to describe task definition.")
        return {"taskDefinition": self.definitions[newest[0]]}

    def list_task_definitions(self, familyPrefix: str, status: str = "ACTIVE", sort: str = "DESC") -> dict[str, Any]:
        # As emulators do: every family that begins so.
        found = [one for one in self.definitions.values() if one["family"].startswith(familyPrefix) and one["status"] == status]
        return {"taskDefinitionArns": [one["taskDefinitionArn"] for one in sorted(found, key=lambda one: -one["revision"])]}

    def deregister_task_definition(self, taskDefinition: str) -> None:
        if self.definitions[taskDefinition]["status"] == "INACTIVE":
            raise refusal("ClientException", "already inactive")
        self.definitions[taskDefinition]["status"] = "INACTIVE"

    def list_service_deployments(self, service: str, cluster: str, status: list[str], nextToken: str = "0") -> dict[str, Any]:
        """One a page, as its target only: ECS tells the task definition with the service revision."""
        assert service in self.services and cluster == f"{ARN}cluster/prod"
        if self.deployments is None:
            raise refusal("AccessDeniedException")
        found = [{"targetServiceRevisionArn": f"revision/{arn}"} for one, arn in self.deployments if one in status]
        at = int(nextToken)
        return {"serviceDeployments": found[at : at + 1], **({"nextToken": str(at + 1)} if found[at + 1 :] else {})}

    def describe_service_revisions(self, serviceRevisionArns: list[str]) -> dict[str, Any]:
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
        assert 1 <= len(serviceRevisionArns) <= 20
        return {"serviceRevisions": [{"taskDefinition": arn.removeprefix("revision/")} for arn in serviceRevisionArns]}

    def list_tasks(self, cluster: str, serviceName: str, desiredStatus: str, maxResults: int) -> dict[str, Any]:
        return {
            "taskArns": [
                arn
                for arn, task in self.tasks.items()
                if task["service"] == serviceName and (task["lastStatus"] == "STOPPED") == (desiredStatus == "STOPPED")
            ]
        }

    def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        return {"tasks": [self.tasks[arn] for arn in tasks]}


class Ssm(Fake):
    def __init__(self) -> None:
        self.parameters = {"/redash/prod/secret_key": "the-secret-itself"}
        self.denied = False

    def get_parameters(self, Names: list[str], WithDecryption: bool) -> dict[str, Any]:
        assert len(Names) <= 10
        if self.denied and WithDecryption:
            raise refusal("AccessDeniedException", "not allowed to decrypt")
        plain = {name: "/" + name.partition(":parameter/")[2] if ":parameter/" in name else name for name in Names}
        return {
            "Parameters": [
                {
                    "Name": name,
                    "Value": self.parameters[plain[name]] if WithDecryption else "AQICAH",
                    "Type": "SecureString",
                    "Version": 1,
                    "ARN": f"arn:{name}",
                }
                for name in Names
                if plain[name] in self.parameters
            ],
            "InvalidParameters": [name for name in Names if plain[name] not in self.parameters],
        }

    def get_parameter(self, Name: str, WithDecryption: bool) -> dict[str, Any]:
        name = "/" + Name.partition(":parameter/")[2] if ":parameter/" in Name else Name
        if name not in self.parameters:
            raise refusal("ParameterNotFound")
        return {"Parameter": {"Value": self.parameters[name]}}


class Kms(Fake):
    state = "Enabled"

    def describe_key(self, KeyId: str) -> dict[str, Any]:
        return {"KeyMetadata": {"KeyState": self.state}}


class Rds(Fake):
    status = "available"

    def describe_db_clusters(self, DBClusterIdentifier: str) -> dict[str, Any]:
        return {
            "DBClusters": [{"Status": self.status, "DBClusterArn": f"arn:aws:rds:eu-west-1:123456789012:cluster:{DBClusterIdentifier}"}]
        }


class Sts(Fake):
    arn = "arn:aws:sts::123456789012:assumed-role/deployer/jane"

    def get_caller_identity(self) -> dict[str, Any]:
        return {"Arn": self.arn}


class Iam(Fake):
    decisions: dict[str, str]
    closed = False

    def __init__(self) -> None:
        self.decisions = {}
        self.asked = ""
        self.resources: list[str] = []
        self.on_resources: dict[str, Any] = {"EvalDecision": "allowed"}

    def get_role(self, RoleName: str) -> dict[str, Any]:
        return {"Role": {"Arn": f"arn:aws:iam::123456789012:role/people/{RoleName}"}}

    def simulate_principal_policy(self, PolicySourceArn: str, ActionNames: list[str], ResourceArns: tuple[str, ...] = ()) -> dict[str, Any]:
        if self.closed:
            raise refusal("AccessDenied")
        self.asked = PolicySourceArn
        if ResourceArns:
            self.resources = list(ResourceArns)
            return {"EvaluationResults": [{"EvalActionName": name, **self.on_resources} for name in ActionNames]}
        return {
            "EvaluationResults": [{"EvalActionName": name, "EvalDecision": self.decisions.get(name, "allowed")} for name in ActionNames]
        }


class Autoscaling(Fake):
    def __init__(self) -> None:
        self.targets: dict[str, dict[str, bool]] = {}
        self.error: ClientError | None = None

    def describe_scalable_targets(self, ServiceNamespace: str, ResourceIds: list[str], ScalableDimension: str) -> dict[str, Any]:
        if self.error:
            raise self.error
        return {"ScalableTargets": [{"ResourceId": one, "SuspendedState": self.targets[one]} for one in ResourceIds if one in self.targets]}

    def register_scalable_target(
        self, ServiceNamespace: str, ResourceId: str, ScalableDimension: str, SuspendedState: dict[str, bool]
    ) -> None:
        self.targets[ResourceId] = SuspendedState


class Logs(Fake):
    def get_log_events(self, logGroupName: str, logStreamName: str, startFromHead: bool, limit: int) -> dict[str, Any]:
        return {"events": [{"message": f"{logGroupName} {logStreamName} {limit}"}]}


class Account:
    def __init__(self) -> None:
        self.ecs, self.ssm, self.kms, self.rds = Ecs(), Ssm(), Kms(), Rds()
        self.sts, self.iam, self.autoscaling, self.logs = Sts(), Iam(), Autoscaling(), Logs()
        self.notes: list[str] = []
        self.ecs.serve("prod", self.ecs.define("prod", 3, "redash/redash:25.1.0"))
        self.runner = self.ecs.define("prod-task-runner", 3, "redash/redash:25.1.0")

    def context(self, check_mode: bool = False) -> Context:
        clients = {"ecs": self.ecs, "ssm": self.ssm, "kms": self.kms, "rds": self.rds, "sts": self.sts, "iam": self.iam, "logs": self.logs}
        return Context(
            client=lambda name: {**clients, "application-autoscaling": self.autoscaling}[name],
            report=self.notes.append,
            check_mode=check_mode,
        )

    def verify(self, to_version: str = "", **params: Any) -> dict[str, Any]:
        defaults = {
            "cluster": "prod",
            "name": "prod",
            "to_version": to_version,
            "release": "",
            # Of no registry, so that no test asks Docker Hub.
            "image": "localhost/redash:mine" if to_version else "",
            "cpu_architecture": "X86_64",
            "releases": {},
            "kms_key_id": "alias/redash/prod",
            "database_cluster": "prod",
            "prefix": "/redash/prod",
            "store": "parameter_store",
            "check_key": True,
            "secrets": [],
            "encryption_key": "",
        }
        return run({**defaults, **params}, self.context())


@pytest.fixture
def account() -> Account:
    return Account()


def test_what_runs_is_told(account: Account) -> None:
    account.autoscaling.targets["service/prod/prod"] = {"DynamicScalingInSuspended": False}
    running = account.verify()["running"]
    assert running["version"] == "25.1.0"
    assert running["task_runner"] == account.runner
    assert running["services"]["prod"]["desired_count"] == 1
    assert running["autoscaling"] == {
        "prod": {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False}
    }


def test_how_a_services_tasks_are_replaced_is_told_for_the_way_back(account: Account) -> None:
    assert account.verify()["running"]["services"]["prod"]["deployment_configuration"] == {}
    account.ecs.services["prod"]["deploymentConfiguration"] = {"minimumHealthyPercent": 0, "maximumPercent": 100, "strategy": "ROLLING"}
    told = account.verify()["running"]["services"]["prod"]["deployment_configuration"]
    assert told == {"minimum_healthy_percent": 0, "maximum_percent": 100}


def test_no_secret_is_in_the_result(account: Account) -> None:
    assert "the-secret-itself" not in json.dumps(account.verify("25.8.0"))


def test_services_of_other_installations_are_not_its(account: Account) -> None:
    account.ecs.serve("prod2", account.ecs.define("prod2", 1, "redash/redash:8.0.0.b32245"))
    account.ecs.serve("prod-old", account.ecs.define("prod-old", 1, "redash/redash:25.1.0"), status="INACTIVE")
    assert list(account.verify()["running"]["services"]) == ["prod"]


def test_an_image_of_ones_own_has_no_version_unless_its_tag_says_so(account: Account) -> None:
    account.ecs.serve("prod", account.ecs.define("prod", 4, "registry.example.com/redash:mine"))
    assert account.verify()["running"]["version"] == ""
    account.ecs.serve("prod", account.ecs.define("prod", 5, "registry.example.com/redash:10.1.0"))
    assert account.verify()["running"]["version"] == "10.1.0"


@pytest.mark.parametrize("version", ["latest", "LATEST", "preview"])
def test_a_version_that_names_nothing_is_refused(account: Account, version: str) -> None:
    with pytest.raises(RedashError, match=f"redash_version: {version} names no release, and an upgrade must be nameable"):
        account.verify(version)


@pytest.mark.parametrize("image", ["redash/redash:latest", "redash/redash", "localhost:5000/redash"])
def test_an_image_that_names_nothing_is_refused(account: Account, image: str) -> None:
    with pytest.raises(RedashError, match=f"redash_image: {image} names no release"):
        account.verify("25.8.0", image=image)


@pytest.mark.parametrize(
    ("version", "said"),
    [("4.0.0", "'4.0.0' is not a Redash release that is known"), ("10.1.0", "cannot be brought back to 10.1.0 by an upgrade")],
)
def test_an_unknown_or_lower_version_is_refused(account: Account, version: str, said: str) -> None:
    with pytest.raises(RedashError, match=said) as caught:
        account.verify(version)
    assert len(caught.value.problems) == 1


def test_a_release_that_no_table_knows_is_verified_and_what_is_assumed_is_said(account: Account) -> None:
    assert any("No table knows 25.9.0" in note and "as in 25.8.0" in note for note in account.verify("25.9.0")["notes"])
    assert not any("No table" in note for note in account.verify("25.9.0", releases={"25.9.0": {"like": "25.8.0"}})["notes"])
    with pytest.raises(RedashError, match=r"redash_releases: 25\.9\.0\.python: 3 is not"):
        account.verify("25.9.0", releases={"25.9.0": {"python": 3}})


def test_an_image_whose_tag_names_another_release_is_refused(account: Account) -> None:
    with pytest.raises(RedashError, match=r"redash_image: acme/redash:26\.3\.0-1 is Redash 26\.3\.0, and redash_version is 25\.8\.0"):
        account.verify("25.8.0", image="acme/redash:26.3.0-1")


def test_another_release_than_the_one_that_should_run_is_a_problem(account: Account) -> None:
    runs = account.verify()["running"]["version"]
    assert "queries" in account.verify(release=runs)["queues"]
    with pytest.raises(
        RedashError, match=f"redash_version: prod runs {runs}, not 26.3.0. To come to it: upgrade.yml -e redash_version=26.3.0"
    ):
        account.verify(release="26.3.0")


def test_an_unfinished_rotation_is_a_problem_also_where_the_key_is_not_looked_at(account: Account) -> None:
    account.verify(check_key=False)
    account.ssm.parameters["/redash/prod/database_password_next"] = "other"
    with pytest.raises(RedashError, match=r"a rotation of database_password is unfinished.*rotate_secrets.yml -e rotate=database_password"):
        account.verify(check_key=False)
    account.verify(prefix="", check_key=False)


def test_a_service_that_was_never_set_up(account: Account) -> None:
    account.ecs.services.clear()
    with pytest.raises(RedashError, match=r"no service prod or prod-... in cluster prod: it was never set up. Run site.yml first"):
        account.verify("25.8.0")
    account.ecs.cluster = False
    with pytest.raises(RedashError, match="it was never set up"):
        account.verify("25.8.0")


def test_all_problems_at_once(account: Account) -> None:
    account.ssm.parameters.clear()
    account.kms.state = "PendingDeletion"
    account.rds.status = "backing-up"
    account.iam.decisions["rds:CreateDBClusterSnapshot"] = "explicitDeny"
    with pytest.raises(RedashError) as caught:
        account.verify("25.8.0")
    lines = [str(problem) for problem in caught.value.problems]
    assert len(lines) == 4
    assert "/redash/prod/secret_key, is gone from the secret store" in lines[0]
    assert "alias/redash/prod: is PendingDeletion: no secret can be read. Cancel its deletion at once" in lines[1]
    assert "database cluster prod: is backing-up" in lines[2]
    assert "may not rds:CreateDBClusterSnapshot" in lines[3]


def test_the_role_behind_a_session_is_asked_with_its_path(account: Account) -> None:
    account.verify("25.8.0")
    assert account.iam.asked == "arn:aws:iam::123456789012:role/people/deployer"


def test_rights_that_cannot_be_asked_are_a_note(account: Account) -> None:
    account.iam.closed = True
    account.verify("25.8.0")
    assert any("were not checked: IAM says AccessDenied" in note for note in account.notes)


def test_rights_on_some_resources_are_a_note(account: Account) -> None:
    account.iam.decisions["ecs:RunTask"] = "implicitDeny"
    account.verify("25.8.0")
    assert any("may do ecs:RunTask on some resources at most" in note for note in account.notes)


def test_secrets_that_may_not_be_decrypted_are_one_problem(account: Account) -> None:
    account.ssm.denied = True
    with pytest.raises(RedashError, match="AccessDeniedException: not allowed to decrypt"):
        account.verify()


def test_parameters_given_by_arn_are_read_too(account: Account) -> None:
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/redash/prod/secret_key"
    account.ecs.serve("prod", account.ecs.define("prod", 4, "redash/redash:25.1.0", REDASH_SECRET_KEY=arn))
    account.ecs.define("prod-task-runner", 4, "redash/redash:25.1.0", REDASH_SECRET_KEY=arn)
    account.verify()


def test_containers_with_different_keys_are_a_problem(account: Account) -> None:
    account.ssm.parameters["/redash/other/secret_key"] = "another"
    account.ecs.define("prod-task-runner", 4, "redash/redash:25.1.0", REDASH_SECRET_KEY="/redash/other/secret_key")
    with pytest.raises(RedashError, match="REDASH_SECRET_KEY of the container runner: it is another key than REDASH_SECRET_KEY of"):
        account.verify()
    with pytest.raises(RedashError, match="REDASH_SECRET_KEY: containers use different ones"):
        account.verify(prefix="")


def test_a_secret_that_is_new_with_the_upgrade_is_refused_before_a_task_could_fail_to_start(account: Account) -> None:
    account.ssm.parameters["/redash/prod/mail_password"] = "told-to-nobody"
    with pytest.raises(RedashError) as caught:
        account.verify("25.8.0", secrets=["google_client_secret", "mail_password"])
    assert [str(problem) for problem in caught.value.problems] == [
        "/redash/prod/google_client_secret: is new in the inventory and not in the secret store yet. "
        "Run site.yml with the version that runs now first; an upgrade changes one thing at a time."
    ]
    account.verify("25.8.0", secrets=["mail_password"])
    # Of what runs, containers are asked, not the inventory.
    account.verify(secrets=["google_client_secret"])


# The key matrix of upgrades, every row of it: given, stored, in the containers' environment.
@pytest.mark.parametrize(("given", "stored", "in_use", "expected"), [(*case[:3], case[4]) for case in CASES if case[3] == "upgrade"])
def test_the_key_of_an_upgrade(account: Account, given: str, stored: str, in_use: str, expected: str) -> None:
    keys = {"A": "key-of-a", "B": "key-of-b", "C": "key-of-c"}
    account.ssm.parameters = {"/redash/prod/secret_key": keys[stored]} if stored in keys else {}
    for definition in account.ecs.definitions.values():
        container = definition["containerDefinitions"][0]
        container["secrets"] = []
        container["environment"] = [{"name": "REDASH_SECRET_KEY", "value": keys[in_use]}] if in_use in keys else []
    if expected != "stop":
        # What is to be stored is the key in use, which is carried over by the role ssm_secrets.
        assert expected in ("keep", f"store:{in_use}")
        assert account.verify("25.8.0", encryption_key=keys.get(given, ""))["key_to_store"] is (expected != "keep")
        return
    with pytest.raises(RedashError) as caught:
        account.verify("25.8.0", encryption_key=keys.get(given, ""))
    if (stored, in_use) == ("-", "-"):
        said = "there is no installation: no key is stored or in use. Run site.yml first"
    elif "-" not in (stored, in_use) and stored != in_use:
        said = "the stored secret_key is not the key in use"
    else:
        said = "the secret_key given differs from the one that encrypts the data"
    assert [str(problem).startswith(f"/redash/prod/secret_key: {said}") for problem in caught.value.problems] == [True]
    assert "key-of" not in str(caught.value)


@pytest.mark.parametrize("decision", ["implicitDeny", "explicitDeny"])
def test_a_missing_right_to_take_a_snapshot_is_refused_and_asked_of_this_very_cluster(account: Account, decision: str) -> None:
    account.iam.decisions["rds:CreateDBClusterSnapshot"] = "implicitDeny"
    account.iam.on_resources = {"EvalDecision": decision}
    with pytest.raises(RedashError) as caught:
        account.verify("25.8.0")
    cluster = "arn:aws:rds:eu-west-1:123456789012:cluster:prod"
    assert [str(problem) for problem in caught.value.problems] == [
        f"rights: {account.sts.arn} may not rds:CreateDBClusterSnapshot on {cluster}. "
        "Allow it, or make a backup of your own and give -e upgrade_snapshot=false."
    ]
    assert account.iam.resources == [cluster, "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:prod-release-1"]
    # A condition on something that is not known here proves nothing.
    account.iam.on_resources["MissingContextValues"] = ["aws:RequestTag/team"]
    account.verify("25.8.0")


# Images in their registries.


def image_check(image: str, architecture: str, get: registry.Get, ecr: Any = None) -> tuple[list[str], list[str]]:
    problems, notes = Problems(), []
    preflight.check_image(lambda region: ecr, image, architecture, problems, notes, get)
    return [str(problem) for problem in problems.found], notes


INDEX = {
    "manifests": [
        {"platform": {"os": "linux", "architecture": "amd64"}},
        {"platform": {"os": "unknown", "architecture": "unknown"}},
    ]
}


def hub(url: str, headers: Any) -> tuple[int, dict[str, str], bytes]:
    """Docker Hub: a token first, then an index."""
    if url.startswith("https://auth.docker.io/token?"):
        assert "scope=repository%3Aredash%2Fredash%3Apull" in url
        return 200, {}, b'{"token": "t"}'
    assert url == "https://registry-1.docker.io/v2/redash/redash/manifests/25.8.0"
    if headers.get("Authorization") != "Bearer t":
        challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:redash/redash:pull"'
        return 401, {"www-authenticate": challenge}, b"{}"
    return 200, {}, json.dumps(INDEX).encode()


def test_an_image_for_the_processor_is_fine() -> None:
    assert image_check("redash/redash:25.8.0", "X86_64", hub) == ([], [])


def test_an_image_without_the_architecture_is_refused() -> None:
    problems, _notes = image_check("redash/redash:25.8.0", "ARM64", hub)
    assert problems == [
        "redash/redash:25.8.0: is made for amd64, and redash_cpu_architecture is ARM64 (arm64). "
        "Set redash_cpu_architecture accordingly, or take an image that is made for it."
    ]


def test_an_image_that_is_not_there_is_refused() -> None:
    problems, _notes = image_check("registry.example.com/redash:1", "X86_64", lambda url, headers: (404, {}, b""))
    assert problems == ["registry.example.com/redash:1: does not exist in its registry. Check redash_image and redash_version."]


def test_a_registry_that_wants_to_know_who_asks_is_a_note() -> None:
    problems, notes = image_check("registry.example.com/redash:1", "X86_64", lambda url, headers: (403, {}, b""))
    assert (problems, len(notes)) == ([], 1)


def test_a_single_manifest_says_its_processor_in_its_configuration() -> None:
    def answers(url: str, headers: Any) -> tuple[int, dict[str, str], bytes]:
        if "/blobs/sha256:c" in url:
            return 200, {}, b'{"architecture": "arm64"}'
        return 200, {}, b'{"config": {"digest": "sha256:c"}}'

    assert registry.architectures("127.0.0.1:5000/redash:1", answers) == {"arm64"}


def test_images_are_named_as_container_engines_read_them() -> None:
    assert registry.parse("redash/redash:25.8.0") == registry.Image("registry-1.docker.io", "redash/redash", "25.8.0")
    assert registry.parse("redis") == registry.Image("registry-1.docker.io", "library/redis", "latest")
    assert registry.parse("localhost:5000/a/b@sha256:ab") == registry.Image("localhost:5000", "a/b", "sha256:ab")
    assert registry.tag_of("localhost:5000/a/b@sha256:ab") == registry.tag_of("localhost:5000/a/b") == ""


def test_an_image_in_ecr_is_read_there() -> None:
    class Ecr(Fake):
        def batch_get_image(self, registryId: str, repositoryName: str, imageIds: Any, acceptedMediaTypes: Any) -> dict[str, Any]:
            assert (registryId, repositoryName, imageIds) == ("123456789012", "redash", [{"imageTag": "25.8.0"}])
            return {"images": [{"imageManifest": json.dumps(INDEX)}]}

    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/redash:25.8.0"

    def never(url: str, headers: Any) -> tuple[int, dict[str, str], bytes]:
        raise AssertionError(url)

    assert image_check(image, "X86_64", never, Ecr()) == ([], [])
    assert len(image_check(image, "ARM64", never, Ecr())[0]) == 1


def test_a_single_manifest_in_ecr_says_its_processor_in_its_configuration() -> None:
    class Ecr(Fake):
        def batch_get_image(self, **_asked: Any) -> dict[str, Any]:
            return {"images": [{"imageManifest": json.dumps({"config": {"digest": "sha256:c"}})}]}

        def get_download_url_for_layer(self, registryId: str, repositoryName: str, layerDigest: str) -> dict[str, Any]:
            assert (registryId, repositoryName, layerDigest) == ("123456789012", "redash", "sha256:c")
            return {"downloadUrl": "https://bucket.example.com/c?signed"}

    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/redash:25.8.0"
    answers = {"https://bucket.example.com/c?signed": (200, {}, b'{"architecture": "arm64"}')}
    assert image_check(image, "ARM64", lambda url, headers: answers[url], Ecr()) == ([], [])
    assert len(image_check(image, "X86_64", lambda url, headers: answers[url], Ecr())[0]) == 1
    problems, notes = image_check(image, "X86_64", lambda url, headers: (403, {}, b""), Ecr())
    assert (problems, notes) == ([], [f"image {image} was not checked: ECR answers 403 for its configuration"])


# The small modules beside it.


def test_autoscaling_is_suspended_and_put_back_as_it_was(account: Account) -> None:
    account.autoscaling.targets["service/prod/prod"] = {"ScheduledScalingSuspended": True}
    everything = {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": True, "ScheduledScalingSuspended": True}
    wished = {"cluster": "prod", "services": {"prod": everything, "prod-without": everything}}
    planned = redash_ecs_autoscaling.run(wished, account.context(check_mode=True))
    assert planned["changed"]
    assert account.autoscaling.targets["service/prod/prod"] == {"ScheduledScalingSuspended": True}
    first = redash_ecs_autoscaling.run(wished, account.context())
    assert account.autoscaling.targets == {"service/prod/prod": everything}
    assert not redash_ecs_autoscaling.run(wished, account.context())["changed"]
    redash_ecs_autoscaling.run({"cluster": "prod", "services": first["before"]}, account.context())
    assert account.autoscaling.targets["service/prod/prod"] == {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": True,
    }


def test_an_emulator_without_autoscaling_has_none_and_aws_is_believed(account: Account) -> None:
    account.autoscaling.error = refusal("400")
    with pytest.raises(RedashError):
        account.verify()
    account.autoscaling.meta = type("meta", (), {"endpoint_url": "http://127.0.0.1:4566"})  # type: ignore[assignment, misc]
    assert account.verify()["running"]["autoscaling"] == {}


def revisions(account: Account, **params: Any) -> list[str]:
    defaults = {"newer_than": [], "task_definitions": [], "installation": None, "cluster": "prod", "keep": 10, "in_use": []}
    check_mode = params.pop("check_mode", False)
    done = redash_ecs_revisions.run({**defaults, **params}, account.context(check_mode=check_mode))
    assert done["changed"] is bool(done["deregistered"])
    return [arn.rpartition("/")[2] for arn in done["deregistered"]]


def test_what_was_registered_since_is_taken_back_and_twice_is_once(account: Account) -> None:
    for revision in (4, 5):
        account.ecs.define("prod", revision, "redash/redash:25.8.0")
    before = account.ecs.services["prod"]["taskDefinition"]
    assert revisions(account, newer_than=[before]) == ["prod:4", "prod:5"]
    assert revisions(account, newer_than=[before]) == []
    # The family's name means the old one again; another family that begins alike is left alone.
    assert account.ecs.describe_task_definition(before)["taskDefinition"]["status"] == "ACTIVE"
    assert account.ecs.definitions[account.runner]["status"] == "ACTIVE"


def test_revisions_are_pruned_to_a_number_kept_but_for_those_in_use(account: Account) -> None:
    """prod:3 runs. Registered since and never deployed, or rolled back from: 4 to 6."""
    arns = {revision: account.ecs.define("prod", revision, "redash/redash:25.1.0") for revision in (1, 2, 4, 5, 6)}
    assert revisions(account, installation="prod", keep=2, check_mode=True) == ["prod:1", "prod:4"]
    assert account.ecs.definitions[arns[1]]["status"] == "ACTIVE", "check mode"
    assert revisions(account, installation="prod", keep=2, in_use=[arns[1]]) == ["prod:4"]
    # 5 and 6 are the newest, 3 runs, 2 is what rollback.yml goes to.
    assert revisions(account, installation="prod", keep=2) == ["prod:1"]
    assert revisions(account, installation="prod", keep=2) == []
    assert back(account)["services"]["prod"]["task_definition"] == arns[2]
    with pytest.raises(RedashError, match="keep: 0 is too few"):
        revisions(account, installation="prod", keep=0)


def test_what_an_unfinished_deployment_still_runs_is_kept_and_so_is_the_one_before_it(account: Account) -> None:
    arns = {revision: account.ecs.define("prod", revision, "redash/redash:25.1.0") for revision in (1, 2, 4, 5, 6)}
    account.ecs.services["prod"]["deployments"] = [
        {"status": "PRIMARY", "taskDefinition": arns[6]},
        {"status": "ACTIVE", "taskDefinition": account.ecs.services["prod"]["taskDefinition"]},
    ]
    account.ecs.services["prod"]["taskDefinition"] = arns[6]
    assert revisions(account, installation="prod", keep=1) == ["prod:1", "prod:4", "prod:5"]


def test_the_task_runner_keeps_a_revision_of_each_image_that_can_be_rolled_back_to(account: Account) -> None:
    account.ecs.serve("prod", account.ecs.define("prod", 4, "redash/redash:25.8.0"))
    for revision in (4, 5, 6, 7):
        account.ecs.define("prod-task-runner", revision, "redash/redash:25.8.0")
    assert account.runner.endswith("prod-task-runner:3"), "of 25.1.0, as prod:3"
    assert revisions(account, installation="prod", keep=2) == ["prod-task-runner:4", "prod-task-runner:5"]
    assert back(account)["task_runner"] == account.runner


def test_another_installation_in_the_cluster_whose_name_begins_alike_is_left_alone(account: Account) -> None:
    for revision in (1, 2, 3, 4):
        arn = account.ecs.define("prod-staging", revision, "redash/redash:25.8.0")
        account.ecs.definitions[arn]["containerDefinitions"][0]["name"] = "server"
    account.ecs.serve("prod-staging", arn)
    assert revisions(account, installation="prod", keep=1) == []
    assert list(account.verify()["running"]["services"]) == ["prod"]
    # A service of the split topology has the name of its container.
    account.ecs.serve("prod-exporter", account.ecs.define("prod-exporter", 1, "example.com/exporter:1"))
    assert list(services_of(account)) == ["prod", "prod-exporter"]


def services_of(account: Account) -> dict[str, Any]:
    return redash_ecs_info.run({"cluster": "prod", "services": None, "installation": "prod"}, account.context())["services"]


def back(account: Account, revision: int | None = None, version: str | None = None) -> dict[str, Any]:
    return redash_ecs_rollback_info.run({"cluster": "prod", "name": "prod", "revision": revision, "version": version}, account.context())


def test_going_back_is_to_the_revision_before_with_its_task_runner(account: Account) -> None:
    account.ecs.serve("prod", account.ecs.define("prod", 4, "redash/redash:25.8.0"), count=2)
    account.ecs.define("prod-task-runner", 4, "redash/redash:25.8.0")
    found = back(account)
    assert found["services"]["prod"] == {"task_definition": f"{ARN}task-definition/prod:3", "desired_count": 2}
    assert (found["task_runner"], found["version"]) == (account.runner, "25.1.0")


def test_a_revision_that_never_ran_is_passed_over(account: Account) -> None:
    arns = {revision: account.ecs.define("prod", revision, "redash/redash:25.1.0") for revision in (3, 4, 5, 6)}
    account.ecs.serve("prod", arns[6])
    account.ecs.deployments = [("SUCCESSFUL", arns[6]), ("ROLLBACK_SUCCESSFUL", arns[5]), ("STOPPED", arns[4]), ("SUCCESSFUL", arns[3])]
    assert back(account)["services"]["prod"]["task_definition"] == arns[3]
    # It is what rollback.yml goes to, so it is kept.
    assert revisions(account, installation="prod", keep=1) == ["prod:4", "prod:5"]


@pytest.mark.parametrize(
    "deployments", [[], None, [("SUCCESSFUL", f"{ARN}task-definition/prod:6")]], ids=["none", "forbidden", "only this"]
)
def test_without_a_record_of_what_ran_it_is_the_newest_one_before(account: Account, deployments: list[tuple[str, str]] | None) -> None:
    arns = {revision: account.ecs.define("prod", revision, "redash/redash:25.1.0") for revision in (3, 4, 5, 6)}
    account.ecs.serve("prod", arns[6])
    account.ecs.deployments = deployments
    assert back(account)["services"]["prod"]["task_definition"] == arns[5]


def test_a_task_runner_that_a_failed_deployment_left_is_not_the_one_that_runs(account: Account) -> None:
    account.ecs.define("prod-task-runner", 4, "redash/redash:25.8.0")
    found = account.verify()["running"]
    assert (found["task_runner"], found["version"]) == (account.runner, "25.1.0")


def test_the_task_runner_goes_back_to_the_settings_of_the_services(account: Account) -> None:
    """As rendered: the runner has what is common, a service that and what is its own."""

    def settings(arn: str, **variables: str) -> str:
        container = account.ecs.definitions[arn]["containerDefinitions"][0]
        container["environment"] = [{"name": name, "value": value} for name, value in variables.items()]
        return arn

    runners = {revision: account.ecs.define("prod-task-runner", revision, "redash/redash:25.1.0") for revision in (3, 4, 5, 6)}
    for revision, sender in ((3, "oldest"), (4, "old"), (5, "new"), (6, "newer")):
        settings(runners[revision], REDASH_MAIL_DEFAULT_SENDER=sender)
    old = settings(account.ecs.define("prod", 4, "redash/redash:25.1.0"), REDASH_MAIL_DEFAULT_SENDER="old", REDASH_WEB_WORKERS="2")
    account.ecs.serve("prod", settings(account.ecs.define("prod", 5, "redash/redash:25.1.0"), REDASH_MAIL_DEFAULT_SENDER="newer"))
    assert back(account)["task_runner"] == runners[4]
    # Nobody has these settings: the newest of that image is nearest.
    settings(old, REDASH_MAIL_DEFAULT_SENDER="by hand")
    assert back(account)["task_runner"] == runners[6]


@pytest.mark.parametrize(
    ("revision", "said"),
    [(None, r"prod:3: there is no active revision before it"), (9, r"revision: prod:9 is not an active revision. There are 3")],
)
def test_nothing_to_go_back_to_is_one_line(account: Account, revision: int | None, said: str) -> None:
    with pytest.raises(RedashError, match=said):
        back(account, revision)


def test_an_image_that_does_not_say_its_release_has_to_be_named(account: Account) -> None:
    account.ecs.define("prod", 2, "registry.example.com/redash:mine")
    account.ecs.define("prod-task-runner", 2, "registry.example.com/redash:mine")
    with pytest.raises(RedashError, match="cannot tell which release registry.example.com/redash:mine is"):
        back(account)
    assert back(account, version="25.1.0")["version"] == "25.1.0"


def test_logs_of_running_tasks_or_else_of_the_last_that_stopped(account: Account) -> None:
    definition = account.ecs.services["prod"]["taskDefinition"]
    for number, status in (("1", "STOPPED"), ("2", "STOPPED")):
        account.ecs.tasks[f"{ARN}task/prod/{number}"] = {
            "taskArn": f"{ARN}task/prod/{number}",
            "taskDefinitionArn": definition,
            "lastStatus": status,
            "service": "prod",
            "createdAt": number,
            "stoppedAt": number,
        }
    params = {"cluster": "prod", "name": "prod", "container": None, "lines": 7, "health_checks": True}
    (stream,) = redash_ecs_logs.run(params, account.context())["streams"]
    assert (stream["task"], stream["running"], stream["lines"]) == ("2", False, ["group pre/prod/2 7"])
    account.ecs.tasks[f"{ARN}task/prod/1"]["lastStatus"] = "RUNNING"
    (stream,) = redash_ecs_logs.run(params, account.context())["streams"]
    assert (stream["task"], stream["running"]) == ("1", True)
    with pytest.raises(RedashError, match="container: no container nobody. There are prod"):
        redash_ecs_logs.run({**params, "container": "nobody"}, account.context())
