# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A FAKE AWX: as much of the REST API of AWX 24.6.1 as the role `awx` uses through awx.awx's modules.

It is no AWX: it runs no job and fetches no repository. It keeps objects, answers in the API's shapes and pages,
fills in the API's defaults, hides secrets as the API does, and refuses what the API refuses, wherever the role
could trip over it: types and lengths of fields, unknown objects, surveys, types of credentials, prompts, rules of
schedules, the graph of a workflow. What is refused and why was read in AWX's public source. `writes` lists what
changed it, so that a test can hold a second run to not one write; `launch` is what AWX does to a survey's answers.
"""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import dateutil.rrule
import jinja2
import jinja2.sandbox
import yaml

PAGE = 25
LONGEST_NAME = 512
ENCRYPTED = "$encrypted$"
ASK = (
    "variables", "inventory", "limit", "job_type", "diff_mode", "verbosity", "tags", "skip_tags", "scm_branch", "credential",
    "execution_environment", "forks", "instance_groups", "job_slice_count", "labels", "timeout",
)  # fmt: skip

# What an object of each kind has when nothing is said. The names of lists are the API's.
DEFAULTS: dict[str, dict[str, Any]] = {
    "organizations": {"name": None, "description": "", "max_hosts": 0, "default_environment": None},
    "execution_environments": {
        "name": None, "description": "", "organization": None, "image": None, "managed": False, "credential": None, "pull": "",
    },
    "credential_types": {"name": None, "description": "", "kind": None, "managed": False, "inputs": {}, "injectors": {}},
    "credentials": {"name": None, "description": "", "organization": None, "credential_type": None, "inputs": {}},
    "projects": {
        "name": None, "description": "", "organization": None, "scm_type": "", "scm_url": "", "scm_branch": "", "scm_refspec": "",
        "scm_clean": False, "scm_delete_on_update": False, "scm_track_submodules": False, "scm_update_on_launch": False,
        "scm_update_cache_timeout": 0, "allow_override": False, "timeout": 0, "credential": None, "default_environment": None,
        "scm_revision": "",
    },
    "inventories": {
        "name": None, "description": "", "organization": None, "kind": "", "host_filter": None, "variables": "",
        "prevent_instance_group_fallback": False,
    },
    "inventory_sources": {
        "name": None, "description": "", "inventory": None, "source": None, "source_path": "", "source_vars": "", "source_project": None,
        "overwrite": False, "overwrite_vars": False, "update_on_launch": False, "update_cache_timeout": 0, "verbosity": 1, "timeout": 0,
        "credential": None, "enabled_var": "", "enabled_value": "", "host_filter": "", "limit": "", "scm_branch": "",
        "execution_environment": None,
    },
    "notification_templates": {
        "name": None, "description": "", "organization": None, "notification_type": None, "notification_configuration": {},
        "messages": None,
    },
    "job_templates": {
        "name": None, "description": "", "organization": None, "job_type": "run", "inventory": None, "project": None, "playbook": "",
        "extra_vars": "", "limit": "", "forks": 0, "verbosity": 0, "diff_mode": False, "become_enabled": False, "survey_enabled": False,
        "allow_simultaneous": False, "execution_environment": None, "scm_branch": "", "job_tags": "", "skip_tags": "", "timeout": 0,
        **{f"ask_{name}_on_launch": False for name in ASK},
    },
    "workflow_job_templates": {
        "name": None, "description": "", "organization": None, "extra_vars": "", "inventory": None, "limit": None, "scm_branch": None,
        "survey_enabled": False, "allow_simultaneous": False, **{f"ask_{name}_on_launch": False for name in ASK},
    },
    "workflow_job_template_nodes": {
        "identifier": None, "workflow_job_template": None, "unified_job_template": None, "extra_data": {}, "inventory": None,
        "limit": None, "job_type": None, "diff_mode": None, "verbosity": None, "job_tags": None, "skip_tags": None, "scm_branch": None,
        "all_parents_must_converge": False,
    },
    "workflow_approval_templates": {"name": None, "description": "", "timeout": 0},
    "schedules": {
        "name": None, "description": "", "unified_job_template": None, "rrule": None, "enabled": True, "extra_data": {}, "inventory": None,
        "limit": None, "job_type": None, "diff_mode": None, "verbosity": None, "job_tags": None, "skip_tags": None, "scm_branch": None,
    },
    "teams": {"name": None, "description": "", "organization": None},
    "users": {"username": None, "is_superuser": False},
    "project_updates": {
        "project": None, "status": "running", "failed": False, "finished": None, "event_processing_finished": False, "scm_revision": "",
    },
    "roles": {"name": ""},
    "labels": {"name": None, "organization": None},
}  # fmt: skip
TYPES = {kind: kind.removesuffix("ies") + "y" if kind.endswith("ies") else kind.removesuffix("s") for kind in DEFAULTS}
UNIFIED = ("job_templates", "projects", "inventory_sources", "workflow_job_templates", "workflow_approval_templates")
REQUIRED = {
    "organizations": ["name"],
    "execution_environments": ["name", "image"],
    "credential_types": ["name", "kind"],
    "credentials": ["name", "credential_type"],
    "projects": ["name"],
    "inventories": ["name", "organization"],
    "inventory_sources": ["name", "inventory", "source"],
    "notification_templates": ["name", "organization", "notification_type"],
    "job_templates": ["name", "project", "playbook"],
    "workflow_job_templates": ["name"],
    "workflow_job_template_nodes": ["workflow_job_template"],
    "schedules": ["name", "unified_job_template", "rrule"],
    "teams": ["name", "organization"],
}
UNIQUE = {
    "inventory_sources": ["name", "inventory"],
    "schedules": ["name", "unified_job_template"],
    "workflow_job_template_nodes": ["identifier", "workflow_job_template"],
    "credentials": ["name", "organization", "credential_type"],
    **{kind: ["name"] for kind in ("organizations", "execution_environments")},
}
OBJECT_ROLES = {
    "organizations": ["admin", "execute", "member", "read", "approval"],
    "projects": ["admin", "use", "update", "read"],
    "inventories": ["admin", "use", "adhoc", "update", "read"],
    "credentials": ["admin", "use", "read"],
    "job_templates": ["admin", "execute", "read"],
    "workflow_job_templates": ["admin", "execute", "read", "approval"],
    "teams": ["admin", "member", "read"],
}
# Fields that are the number of another object, and of which kind.
REFERENCES = {
    "organization": "organizations", "credential": "credentials", "credential_type": "credential_types", "project": "projects",
    "source_project": "projects", "inventory": "inventories", "execution_environment": "execution_environments",
    "default_environment": "execution_environments", "workflow_job_template": "workflow_job_templates",
}  # fmt: skip
# Fields whose values are one of few.
CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "execution_environments": {"pull": ("", "always", "missing", "never")},
    # Others are AWX's own.
    "credential_types": {"kind": ("cloud", "net")},
    "projects": {"scm_type": ("", "git", "svn", "insights", "archive")},
    "inventories": {"kind": ("", "smart", "constructed")},
    "inventory_sources": {"source": ("file", "constructed", "scm", "ec2", "gce", "azure_rm", "vmware", "satellite6", "openstack", "rhv")},
    "job_templates": {"job_type": ("run", "check")},
    "workflow_job_template_nodes": {"job_type": ("run", "check")},
}
# A credential's environment may not reach into Ansible or AWX itself.
FORBIDDEN_ENVIRONMENT = re.compile(r"ANSIBLE_.*|PATH|PYTHONPATH|VIRTUAL_ENV|JOB_ID|INVENTORY_ID|AWX_HOST|PROJECT_REVISION")
# Fields of a notification's configuration, with their defaults; those of the type password are never shown.
NOTIFICATIONS: dict[str, dict[str, Any]] = {
    "awssns": {
        "aws_region": "", "aws_access_key_id": "", "aws_secret_access_key": "", "aws_session_token": "", "sns_topic_arn": "",
    },
    "email": {
        "host": None, "port": None, "username": None, "password": None, "use_tls": None, "use_ssl": None, "sender": None,
        "recipients": None, "timeout": 30,
    },
    "grafana": {"grafana_url": None, "grafana_key": None},
    "irc": {"server": None, "port": None, "nickname": None, "password": None, "use_ssl": None, "targets": None},
    "mattermost": {"mattermost_url": None, "mattermost_no_verify_ssl": None},
    "pagerduty": {"subdomain": None, "token": None, "service_key": None, "client_name": None},
    "rocketchat": {"rocketchat_url": None, "rocketchat_no_verify_ssl": None},
    "slack": {"channels": None, "token": None},
    "twilio": {"account_sid": None, "account_token": None, "from_number": None, "to_numbers": None},
    "webhook": {"url": None, "http_method": "POST", "headers": None, "disable_ssl_verification": False, "username": "", "password": ""},
}  # fmt: skip
NOTIFICATION_SECRETS = {"password", "token", "grafana_key", "account_token", "aws_secret_access_key", "aws_session_token"}
NOTIFICATION_TYPES: dict[str, type] = {
    "channels": list, "recipients": list, "targets": list, "to_numbers": list, "headers": dict, "port": int, "timeout": int,
    "disable_ssl_verification": bool, "use_tls": bool, "use_ssl": bool, "mattermost_no_verify_ssl": bool, "rocketchat_no_verify_ssl": bool,
}  # fmt: skip
# Kinds of credentials that a job may have.
JOB_CREDENTIALS = ("ssh", "vault", "cloud", "net", "kubernetes")
SURVEY_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,), "textarea": (str,), "password": (str,), "multiplechoice": (str,), "multiselect": (str,),
    "integer": (int,), "float": (float, int),
}  # fmt: skip


class Refused(Exception):
    """Status and body that the API answers with."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


def could_be_playbook(root: Path, path: Path) -> bool:
    """AWX's rule for its list of playbooks: any YAML with a line `hosts:` or an import, outside certain folders."""
    folders = path.relative_to(root).parts[:-1]
    if any(part in ("roles", "tasks", "group_vars", "host_vars") or part.startswith(".") for part in folders):
        return False
    pattern = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):\s*?.*?$")
    return path.suffix in (".yml", ".yaml") and any(pattern.match(line) for line in path.read_text(errors="replace").splitlines())


class FakeAwx:
    def __init__(self, playbooks: set[str], *, users: tuple[str, ...] = ()) -> None:
        # What the repository holds; a project knows it only once it was fetched.
        self.playbooks = playbooks
        self.fetched: dict[int, set[str]] = {}
        self.reachable = True
        self.objects: dict[str, dict[int, dict[str, Any]]] = {kind: {} for kind in DEFAULTS}
        self.secrets: dict[tuple[str, int, str], str] = {}
        self.surveys: dict[tuple[str, int], dict[str, Any]] = {}
        self.associations: dict[str, list[int]] = {}
        self.writes: list[str] = []
        self._next = 0
        self.make("organizations", {"name": "Default"})
        for user in users:
            self.make("users", {"username": user})
        self.writes.clear()

    # --- what a test asks ------------------------------------------------------------------------------
    def named(self, kind: str, name: str) -> dict[str, Any]:
        """The newest one of that name."""
        items = self.objects[kind].values()
        return [item for item in items if name in (item.get("name"), item.get("identifier"), item.get("username"))][-1]

    def names(self, kind: str) -> list[str]:
        return [str(item.get("name") or item.get("identifier") or item.get("username")) for item in self.objects[kind].values()]

    def survey(self, name: str, kind: str = "job_templates") -> dict[str, dict[str, Any]]:
        return {question["variable"]: question for question in self.surveys[kind, self.named(kind, name)["id"]]["spec"]}

    def related(self, kind: str, name: str, association: str) -> set[str]:
        ids = self.associations.get(f"{self.named(kind, name)['url']}{association}/", [])
        items = [item for kind in self.objects for number, item in self.objects[kind].items() if number in ids]
        return {str(item.get("name") or item.get("identifier")) for item in items}

    def holders(self, kind: str, name: str, role: str) -> set[str]:
        number = self.named(kind, name)["summary_fields"]["object_roles"][role]["id"]
        return {
            str(self.objects[actors][actor].get("name") or self.objects[actors][actor].get("username"))
            for actors in ("teams", "users")
            for actor in self.associations.get(f"/api/v2/roles/{number}/{actors}/", [])
        }

    # --- keeping objects -------------------------------------------------------------------------------
    def make(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        for field in REQUIRED.get(kind, []):
            if given.get(field) in (None, ""):
                raise Refused(400, {field: ["This field is required."]})
        unique = UNIQUE.get(kind, ["name", "organization"] if "organization" in DEFAULTS[kind] else [])
        if unique and any(all(item.get(field) == given.get(field) for field in unique) for item in self.objects[kind].values()):
            raise Refused(400, {"__all__": [f"{kind} with this {', '.join(unique)} already exists."]})
        self._next += 1
        number = self._next
        url = f"/api/v2/{kind}/{number}/"
        item = {"id": number, "type": TYPES[kind], "url": url, "related": {}, "summary_fields": {}, "created": "2026", "modified": "2026"}
        item.update(copy.deepcopy(DEFAULTS[kind]))
        if kind == "projects":
            item["related"]["update"] = f"{url}update/"
        if kind in ("job_templates", "workflow_job_templates"):
            item["related"]["survey_spec"] = f"{url}survey_spec/"
        self._apply(kind, item, given)
        self.objects[kind][number] = item
        roles = {}
        for role in OBJECT_ROLES.get(kind, []):
            self._next += 1
            self.objects["roles"][self._next] = {"id": self._next, "type": "role", "url": f"/api/v2/roles/{self._next}/", "name": role}
            roles[f"{role}_role"] = {"id": self._next, "name": role}
        item["summary_fields"]["object_roles"] = roles
        if kind == "projects" and item["scm_type"]:
            # Said in this answer only: afterwards the update is over, or it is asked for by its number.
            update = self.make("project_updates", {"project": number})
            return {**item, "summary_fields": {**item["summary_fields"], "current_update": {"id": update["id"]}}}
        return item

    def change(self, kind: str, item: dict[str, Any], given: dict[str, Any]) -> None:
        self._apply(kind, item, given)

    def fetch(self, update: dict[str, Any]) -> None:
        """The repository has arrived: the project knows its playbooks from now on."""
        revision = str(hash(frozenset(self.playbooks)))
        update.update(status="successful", finished="2026-01-01T00:00:00Z", event_processing_finished=True, scm_revision=revision)
        self.fetched[update["project"]] = set(self.playbooks)
        self.objects["projects"][update["project"]]["scm_revision"] = revision

    def _apply(self, kind: str, item: dict[str, Any], given: dict[str, Any]) -> None:
        """Take the fields that this kind has; the API ignores others. All is checked before anything is taken."""
        fields = {name: self._field(kind, name, value) for name, value in given.items() if name in DEFAULTS[kind]}
        # These are the project's and the inventory's; what a client says of them is ignored.
        if kind == "job_templates" and "project" in fields:
            fields["organization"] = self.objects["projects"][fields["project"]]["organization"]
        elif kind == "job_templates":
            fields.pop("organization", None)
        check: Callable[[dict[str, Any], dict[str, Any]], None] | None = getattr(self, f"_check_{kind}", None)
        if check:
            check({**item, **fields}, fields)
        item.update(fields)

    def _field(self, kind: str, name: str, value: Any) -> Any:
        """A value as Django REST framework would take it for a field like this."""

        def refuse(why: str) -> Refused:
            return Refused(400, {name: [why]})

        default = DEFAULTS[kind][name]
        if name in REFERENCES:
            if value in (None, ""):
                return None
            if value not in self.objects[REFERENCES[name]]:
                raise refuse(f'Invalid pk "{value}" - object does not exist.')
            return value
        if isinstance(default, bool):
            if not isinstance(value, bool):
                raise refuse("Must be a valid boolean.")
        elif isinstance(default, int):
            if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
                raise refuse("A valid integer is required.")
            value = int(value)
        elif isinstance(default, str) or name in ("name", "identifier", "image", "playbook", "rrule"):
            if isinstance(value, bool | dict | list):
                raise refuse("Not a valid string.")
            if value is None:
                raise refuse("This field may not be null.")
            # Whatever is kept is kept without space around it: the next run would see a difference.
            value = str(value).strip()
            if name in ("name", "identifier") and not 0 < len(value) <= LONGEST_NAME:
                raise refuse(f"Ensure this field is not blank and has no more than {LONGEST_NAME} characters.")
        if name in CHOICES.get(kind, {}) and value not in CHOICES[kind][name] and (value is not None or default is not None):
            raise refuse(f'"{value}" is not a valid choice.')
        if name == "extra_vars" and not isinstance(yaml.safe_load(value or "{}"), dict):
            raise refuse("Must be valid JSON or YAML of a dictionary.")
        return copy.deepcopy(value)

    # --- what the API refuses, fills in, hides -----------------------------------------------------------
    def _check_inventories(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        if "kind" in fields:
            fields["kind"] = fields["kind"] or ""

    def _check_execution_environments(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        credential = self.objects["credentials"].get(item["credential"])
        if credential and self.objects["credential_types"][credential["credential_type"]]["kind"] != "registry":
            raise Refused(400, {"credential": ["Only Container Registry credentials can be associated with an Execution Environment"]})

    def _check_projects(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        if item["scm_type"] and not item["scm_url"]:
            raise Refused(400, {"scm_url": ["SCM URL is required."]})

    def _check_inventory_sources(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        if item["source"] == "scm" and not item["source_project"]:
            raise Refused(400, {"source_project": ["Project required for scm type sources."]})
        if item["source"] != "scm" and (item["source_project"] or item["source_path"]):
            raise Refused(400, {"detail": "Cannot set source_project, source_path if not SCM type."})
        credential = self.objects["credentials"].get(item["credential"])
        if credential and self.objects["credential_types"][credential["credential_type"]]["kind"] in ("insights", "vault"):
            raise Refused(400, {"credential": ["Credentials of type insights and vault are disallowed for scm inventory sources."]})

    def _check_credential_types(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        # Compared as it is kept: with what is filled in below.
        before = copy.deepcopy(self.objects["credential_types"].get(item["id"], {}).get("inputs"))
        if set(item["inputs"]) - {"fields", "required"} or set(item["injectors"]) - {"file", "env", "extra_vars"}:
            raise Refused(400, {"inputs": ["Additional properties are not allowed"]})
        known: dict[str, Any] = {}
        for field in item["inputs"].get("fields", []):
            if strangers := set(field) - {
                "type", "format", "choices", "id", "label", "help_text", "multiline", "secret", "ask_at_runtime", "default",
            }:  # fmt: skip
                raise Refused(400, {"inputs": [f"Additional properties are not allowed ({strangers})"]})
            if not field.get("label") or not re.fullmatch(r"[a-zA-Z_]+[a-zA-Z0-9_]*", field.get("id", "")) or field["id"] == "tower":
                raise Refused(400, {"inputs": [f"{field.get('id')} is an invalid variable name, reserved, or without a label"]})
            if field["id"] in known:
                raise Refused(400, {"inputs": [f"field IDs must be unique ({field['id']})"]})
            # Without this the API adds it, and the next run would see a difference.
            field.setdefault("type", "string")
            if field["type"] != "string" and set(field) & {"choices", "multiline", "format", "secret"}:
                raise Refused(400, {"inputs": [f"not allowed for {field['type']} type ({field['id']})"]})
            known[field["id"]] = "EXAMPLE"
        for name in item["inputs"].get("required", []):
            if name not in known:
                raise Refused(400, {"inputs": [f"'{name}' is required and no field"]})
        files = item["injectors"].get("file", {})
        for name in files:
            if not re.fullmatch(r"template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?", name):
                raise Refused(400, {"injectors": [f"{name} is not a file"]})
        if "template" in files and len(files) > 1:
            raise Refused(400, {"injectors": ["Must use multi-file syntax when injecting multiple files"]})
        for name, text in item["injectors"].get("env", {}).items():
            if FORBIDDEN_ENVIRONMENT.fullmatch(name) or not re.fullmatch(r"[a-zA-Z_]+[a-zA-Z0-9_]*", name) or not text.isascii():
                raise Refused(400, {"injectors": [f"Environment variable {name} is not allowed to be used in credentials."]})
        # No field may be named that is none; AWX renders with every one of them filled in.
        environment = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
        tower = {"filename": "EXAMPLE"} if "template" in files else {}
        for entries in item["injectors"].values():
            for name, text in entries.items():
                try:
                    environment.from_string(text).render(**known, tower=tower)
                except jinja2.TemplateError as error:
                    raise Refused(400, {"injectors": [f"{name}: {error}"]}) from None
        in_use = any(credential["credential_type"] == item["id"] for credential in self.objects["credentials"].values())
        if in_use and item["inputs"] != before:
            raise Refused(403, {"detail": "Modifications to inputs are not allowed for credential types that are in use"})

    def _check_credentials(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        if item["organization"] is None:
            raise Refused(400, {"detail": "Missing 'user', 'team', or 'organization'."})
        kind = self.objects["credential_types"][item["credential_type"]]
        known = {field["id"]: field for field in kind["inputs"]["fields"]}
        for name, value in fields.get("inputs", {}).items():
            if name not in known:
                raise Refused(400, {"inputs": [f"Additional properties are not allowed ('{name}' was unexpected)"]})
            if known[name].get("secret") and value != ENCRYPTED:
                self.secrets["credentials", item["id"], name] = value
                fields["inputs"] = {**fields["inputs"], name: ENCRYPTED}
        if missing := [name for name in kind["inputs"].get("required", []) if name not in item["inputs"]]:
            raise Refused(400, {"inputs": [f"required for {kind['name']}: {', '.join(missing)}"]})

    def _check_notification_templates(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        known = NOTIFICATIONS[item["notification_type"]]
        configuration = fields.get("notification_configuration")
        if configuration is None:
            return
        for name, default in known.items():
            if name not in configuration:
                if default is None:
                    raise Refused(400, {"notification_configuration": [f"Missing required fields for Notification Configuration: {name}."]})
                configuration[name] = default
        for name, value in configuration.items():
            if name not in known:
                continue
            expected = NOTIFICATION_TYPES.get(name, str)
            if not isinstance(value, expected):
                raise Refused(400, {"notification_configuration": [f"Configuration field '{name}' incorrect type."]})
            if value == []:
                raise Refused(400, {"notification_configuration": [f"No values specified for field '{name}'"]})
            if name == "http_method" and value.lower() not in ("put", "post"):
                raise Refused(400, {"notification_configuration": ["HTTP method must be either 'POST' or 'PUT'."]})
        for name in NOTIFICATION_SECRETS & set(configuration):
            if configuration[name] and configuration[name] != ENCRYPTED:
                self.secrets["notification_templates", item["id"], name] = configuration[name]
                configuration[name] = ENCRYPTED

    def _check_job_templates(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        if item["project"] not in self.objects["projects"]:
            raise Refused(400, {"project": ["This field is required."]})
        if item["playbook"] not in self.fetched.get(item["project"], set()):
            raise Refused(400, {"playbook": ["Playbook not found for project."]})

    def _check_prompts(self, item: dict[str, Any], fields: dict[str, Any], *, required: bool = False) -> None:
        """A node or schedule may only hand over what its template asks for, and a schedule has to say all of it."""
        if not item.get("unified_job_template"):
            return
        template = self._unified(item["unified_job_template"])
        for name in ("inventory", "limit", "job_type", "diff_mode", "verbosity", "scm_branch"):
            if item.get(name) not in (None, "") and not template.get(f"ask_{name}_on_launch"):
                raise Refused(400, {name: ["Field is not configured to prompt on launch."]})
        _accepted, refused, errors = self._answers(template, item["extra_data"], required=required)
        if refused:
            raise Refused(400, {"extra_data": [f"Variables {', '.join(refused)} are not allowed on launch."]})
        if errors:
            raise Refused(400, {"variables_needed_to_start": errors})

    def _check_workflow_job_template_nodes(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        # The workflow's own survey may give what a node lacks.
        self._check_prompts(item, fields)

    def _check_schedules(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        rule = item["rrule"] or ""
        starts = re.findall(r"DTSTART(?:;[^:]+)?:[0-9]+T[0-9]+Z?", rule)
        rules = re.findall(r"RULE:[^\s]*", rule)
        errors = []
        if len(starts) != 1 or not rule.startswith(starts[0]):
            errors.append("Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ")
        elif re.match(r"DTSTART:[0-9]+T[0-9]+ ", rule):
            errors.append("DTSTART cannot be a naive datetime. Specify ;TZINFO= or YYYYMMDDTHHMMSSZZ.")
        if not rules:
            errors.append("One or more rule required in rrule.")
        for one in rules:
            if "interval" not in one.lower():
                errors.append(f"INTERVAL required in rrule: {one}")
            if "secondly" in one.lower():
                errors.append(f"SECONDLY is not supported: {one}")
            if "COUNT" in one and "UNTIL" in one:
                errors.append(f"RRULE may not contain both COUNT and UNTIL: {one}")
        try:
            first = next(iter(dateutil.rrule.rrulestr(rule, forceset=True)))
            if first.tzinfo is None:
                errors.append("A valid TZID must be provided (e.g., America/New_York)")
        except Exception as error:  # whatever it is, it is the caller's rule that is wrong
            errors.append(f"rrule parsing failed validation: {error}")
        if errors:
            raise Refused(400, {"rrule": errors})
        self._check_prompts(item, fields, required=True)

    # --- what AWX does to a survey's answers -------------------------------------------------------------
    def launch(self, name: str, answers: dict[str, Any], kind: str = "job_templates") -> dict[str, Any]:
        """The extra variables that a job of this template gets; what its survey does not ask for is dropped."""
        template = self.named(kind, name)
        accepted, _refused, errors = self._answers(template, answers, required=True)
        if errors:
            raise Refused(400, {"variables_needed_to_start": errors})
        return {**self._preset(template), **accepted}

    def launch_by_workflow(self, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        """What a job of this template gets as a workflow's step: all of the workflow's variables, asked for by it or not."""
        template = self.named("job_templates", name)
        _accepted, _refused, errors = self._answers(template, variables, required=True)
        if errors:
            raise Refused(400, {"variables_needed_to_start": errors})
        return {**self._preset(template), **variables}

    def _preset(self, template: dict[str, Any]) -> dict[str, Any]:
        """What a template sets by itself: its extra variables, and what its survey takes where nothing is answered."""
        variables = json.loads(template["extra_vars"] or "{}")
        for question in self._questions(template):
            if question.get("default") is not None and not self._wrong(question, question["default"]):
                variables[question["variable"]] = question["default"]
        return variables

    def _questions(self, template: dict[str, Any]) -> list[dict[str, Any]]:
        if not template.get("survey_enabled"):
            return []
        spec: list[dict[str, Any]] = self.surveys.get((f"{template['type']}s", template["id"]), {}).get("spec", [])
        return spec

    def _answers(self, template: dict[str, Any], given: dict[str, Any], *, required: bool) -> tuple[dict[str, Any], list[str], list[str]]:
        """What is accepted, what nobody asks for, and what is wrong."""
        questions = {question["variable"]: question for question in self._questions(template)}
        accepted, refused, errors = {}, [], []
        for name, value in given.items():
            if name in questions and (wrong := self._wrong(questions[name], value)):
                errors.append(wrong)
            elif name in questions or template.get("ask_variables_on_launch"):
                accepted[name] = value
            else:
                refused.append(name)
        if required:
            errors += [f"'{name}' value missing" for name, question in questions.items() if question["required"] and name not in given]
        return accepted, refused, errors

    @staticmethod
    def _wrong(question: dict[str, Any], value: Any) -> str:
        kind, name = question["type"], question["variable"]
        if kind in ("text", "textarea", "password"):
            if not isinstance(value, str):
                return f"Value {value} for '{name}' expected to be a string."
            size = len(value)
        elif kind == "integer":
            if isinstance(value, bool) or not isinstance(value, int):
                return f"Value {value} for '{name}' expected to be an integer."
            size = value
        elif kind == "multiplechoice":
            return "" if value in question["choices"] else f"Value {value} for '{name}' expected to be one of {question['choices']}."
        else:
            return ""
        if not (question.get("min") or 0) <= size <= (question.get("max") or float("inf")):
            return f"'{name}' value {value} is too small or too large."
        return ""

    def set_survey(self, kind: str, number: int, spec: dict[str, Any]) -> None:
        for field, expected in (("name", str), ("description", str), ("spec", list)):
            if not isinstance(spec.get(field), expected):
                raise Refused(400, {"error": f"Field '{field}' is missing from survey spec or of a wrong type."})
        if not spec["spec"]:
            raise Refused(400, {"error": "'spec' doesn't contain any items."})
        seen = set()
        for index, question in enumerate(spec["spec"]):
            for field in ("type", "question_name", "variable", "required"):
                if not isinstance(question.get(field), bool if field == "required" else str):
                    raise Refused(400, {"error": f"'{field}' missing from survey question {index} or of a wrong type."})
            if question["variable"] in seen:
                raise Refused(400, {"error": f"'variable' '{question['variable']}' duplicated in survey question {index}."})
            seen.add(question["variable"])
            types = SURVEY_TYPES.get(question["type"])
            if types is None or (question.get("default", "") != "" and not isinstance(question["default"], types)):
                raise Refused(400, {"error": f"Default value or type of survey question {index} is wrong."})
            for bound in ("min", "max"):
                if question["type"] in ("text", "textarea", "password", "integer") and not isinstance(question.get(bound, 0), int):
                    raise Refused(400, {"error": f"The {bound} limit in survey question {index} expected to be integer."})
            if question["type"] in ("multiplechoice", "multiselect"):
                choices = question.get("choices")
                if not choices:
                    raise Refused(400, {"error": f"Survey question {index} of type {question['type']} must specify choices."})
                if question["type"] == "multiplechoice" and len(question.get("default", "").splitlines()) > 1:
                    raise Refused(400, {"error": "Multiple Choice (Single Select) can only have one default value."})
                if any(default not in choices for default in question.get("default", "").splitlines()):
                    raise Refused(400, {"error": f"Default choice must be answered from the choices listed (question {index})."})
        self.surveys[kind, number] = spec

    def create_approval(self, number: int, given: dict[str, Any]) -> dict[str, Any]:
        node = self.objects["workflow_job_template_nodes"][number]
        template = self.make("workflow_approval_templates", given)
        node["unified_job_template"] = template["id"]
        node["related"]["unified_job_template"] = template["url"]
        return template

    def _unified(self, number: int) -> dict[str, Any]:
        return next(self.objects[kind][number] for kind in UNIFIED if number in self.objects[kind])

    # --- the API ---------------------------------------------------------------------------------------
    def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        parts = path.removeprefix("/api/v2/").strip("/").split("/")
        kind = parts[0]
        if kind == "tokens":
            return (201, {"id": 1, "token": "a-token"}) if method == "POST" else (204, None)
        if method != "GET":
            self.writes.append(f"{method} {path}")
        if len(parts) == 1:
            if method == "POST":
                return 201, self.make(kind, body)
            return 200, self._page(path, query, self._list(kind, query))
        number = int(parts[1])
        item = self.objects.get(kind, {}).get(number)
        if item is None:
            raise Refused(404, {"detail": "Not found."})
        if len(parts) == 2:
            if kind == "project_updates" and item["status"] == "running":
                # Who waits asks again; who does not wait finds a project without playbooks.
                answer = dict(item)
                if self.reachable:
                    self.fetch(item)
                else:
                    item.update(status="failed", failed=True, finished="2026-01-01T00:00:00Z", event_processing_finished=True)
                return 200, answer
            if method == "PATCH":
                self.change(kind, item, body)
            return 200, item
        if parts[2] == "survey_spec":
            if method == "POST":
                self.set_survey(kind, number, body)
                return 200, {}
            return 200, self.surveys.get((kind, number), {})
        if parts[2] == "create_approval_template":
            return 201, self.create_approval(number, body)
        if kind == "workflow_approval_templates":
            raise Refused(404, {"detail": "Not found."})
        if kind == "projects" and parts[2] == "update":
            update = self.make("project_updates", {"project": number})
            self.objects["project_updates"][update["id"]]["project"] = number
            return 202, {**update, "project_update": update["id"]}
        associated = self.associations.setdefault(path, [])
        if method == "POST":
            other = int(body["id"])
            if body.get("disassociate"):
                associated.remove(other)
                return 204, None
            self._check_association(kind, item, parts[2], other, associated)
            associated.append(other)
            return 204, None
        return 200, self._page(path, query, [{"id": one} for one in associated])

    def _check_association(self, kind: str, item: dict[str, Any], association: str, other: int, associated: list[int]) -> None:
        of = "notification_templates" if association.startswith("notification_templates_") else association
        of = {"success_nodes": "workflow_job_template_nodes", "galaxy_credentials": "credentials"}.get(of, of)
        found = self.objects.get(of, {}).get(other)
        if found is None:
            raise Refused(400, {"msg": f"{association}: no object {other}"})
        if of == "credentials" and kind == "job_templates":
            types = [self.objects["credentials"][one]["credential_type"] for one in associated]
            if found["credential_type"] in types:
                raise Refused(400, {"error": "Cannot assign multiple credentials of one type."})
            if (sort := self.objects["credential_types"][found["credential_type"]]["kind"]) not in JOB_CREDENTIALS:
                raise Refused(400, {"error": f"Cannot assign a Credential of kind `{sort}`."})
        if association == "success_nodes":
            if found["workflow_job_template"] != item["workflow_job_template"]:
                raise Refused(400, {"error": "Relationship not allowed."})
            if self._leads_to(other, item["id"]):
                raise Refused(400, {"error": "Cycle detected."})

    def _leads_to(self, start: int, end: int) -> bool:
        following = self.associations.get(f"/api/v2/workflow_job_template_nodes/{start}/success_nodes/", [])
        return start == end or any(self._leads_to(one, end) for one in following)

    def _page(self, path: str, query: dict[str, str], items: list[dict[str, Any]]) -> dict[str, Any]:
        """One page of a list, as the API gives it out."""
        number = int(query.get("page", 1))
        more = f"{path}?{urlencode({**query, 'page': number + 1})}" if number * PAGE < len(items) else None
        return {"count": len(items), "next": more, "previous": None, "results": items[(number - 1) * PAGE : number * PAGE]}

    def _list(self, kind: str, query: dict[str, str]) -> list[dict[str, Any]]:
        if kind == "unified_job_templates":
            items = [item for one in UNIFIED for item in self.objects[one].values()]
        elif kind in self.objects:
            items = list(self.objects[kind].values())
        else:
            raise Refused(404, {"detail": "Not found."})
        either = {name.removeprefix("or__"): value for name, value in query.items() if name.startswith("or__")}
        every = {name: value for name, value in query.items() if not name.startswith("or__") and name != "page"}
        for name in every:
            if items and all(name not in item for item in items):
                raise Refused(400, {"detail": f"{kind} has no field named '{name}'"})
        found = [item for item in items if all(str(item.get(name)) == value for name, value in every.items())]
        if either:
            found = [item for item in found if any(str(item.get(name)) == value for name, value in either.items())]
        return found


class Server:
    """The fake behind HTTP on a free port of loopback: ``with Server(awx) as url``."""

    def __init__(self, awx: FakeAwx) -> None:
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def _do(self) -> None:
                address = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                text = self.rfile.read(length)
                if not self.headers.get("Authorization"):
                    return self._say(401, {"detail": "Authentication credentials were not provided."})
                body = json.loads(text) if text else {}
                try:
                    with lock:
                        status, answer = awx.answer(self.command, address.path, dict(parse_qsl(address.query)), body)
                except Refused as refused:
                    status, answer = refused.status, refused.body
                return self._say(status, answer)

            def _say(self, status: int, answer: Any) -> None:
                text = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("X-API-Product-Name", "AWX")
                self.send_header("X-API-Product-Version", "24.6.1")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = do_DELETE = _do

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
