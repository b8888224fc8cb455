# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A FAKE AWX: as much of the REST API of AWX 24.6.1 as the role `awx` uses through awx.awx's modules.

It is no AWX: it runs no job and fetches no repository. It keeps objects, answers in the API's shapes, fills in
the API's defaults, hides secrets as the API does, and refuses what the API refuses, wherever the role could
trip over it. `writes` lists what changed it, so that a test can hold a second run to not one write.
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
from urllib.parse import parse_qsl, urlsplit

import jinja2

ENCRYPTED = "$encrypted$"
ASK = ("variables", "inventory", "limit", "job_type", "diff_mode", "verbosity", "tags", "skip_tags", "scm_branch", "credential")

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
    "project_updates": {"status": "successful", "finished": "2026-01-01T00:00:00Z", "event_processing_finished": True},
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
# Fields of a notification's configuration, with their defaults; those of the type password are never shown.
NOTIFICATIONS: dict[str, dict[str, Any]] = {
    "webhook": {"url": None, "http_method": "POST", "headers": None, "disable_ssl_verification": False, "username": "", "password": ""},
    "slack": {"channels": None, "token": None, "hex_color": ""},
}
NOTIFICATION_SECRETS = {"password", "token"}
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
        self.playbooks = playbooks
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
        return next(
            item for item in self.objects[kind].values() if name in (item.get("name"), item.get("identifier"), item.get("username"))
        )

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
            item["summary_fields"]["current_update"] = {"id": self.make("project_updates", {})["id"]}
        return item

    def change(self, kind: str, item: dict[str, Any], given: dict[str, Any]) -> None:
        self._apply(kind, item, given)

    def _apply(self, kind: str, item: dict[str, Any], given: dict[str, Any]) -> None:
        """Take the fields that this kind has; the API ignores others. All is checked before anything is taken."""
        fields = {name: value for name, value in given.items() if name in DEFAULTS[kind]}
        check: Callable[[dict[str, Any], dict[str, Any]], None] | None = getattr(self, f"_check_{kind}", None)
        if check:
            check({**item, **fields}, fields)
        item.update(fields)

    # --- what the API refuses, fills in, hides -----------------------------------------------------------
    def _check_inventories(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        if "kind" in fields:
            fields["kind"] = fields["kind"] or ""

    def _check_credential_types(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        known = {}
        for field in item["inputs"].get("fields", []):
            # Without this the API adds it, and the next run would see a difference.
            field.setdefault("type", "string")
            known[field["id"]] = "EXAMPLE"
        for name in item["inputs"].get("required", []):
            if name not in known:
                raise Refused(400, {"inputs": [f"'{name}' is required and no field"]})
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
        for group, entries in item["injectors"].items():
            for name, text in entries.items():
                if group == "file" and not re.fullmatch(r"template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?", name):
                    raise Refused(400, {"injectors": [f"{name} is not a file"]})
                try:
                    environment.from_string(text).render(**known, tower={"filename": "EXAMPLE"})
                except jinja2.TemplateError as error:
                    raise Refused(400, {"injectors": [f"{name}: {error}"]}) from None

    def _check_credentials(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
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
        for name in NOTIFICATION_SECRETS & set(configuration):
            if configuration[name] and configuration[name] != ENCRYPTED:
                self.secrets["notification_templates", item["id"], name] = configuration[name]
                configuration[name] = ENCRYPTED

    def _check_job_templates(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        if item["project"] not in self.objects["projects"]:
            raise Refused(400, {"project": ["This field is required."]})
        if item["playbook"] not in self.playbooks:
            raise Refused(400, {"playbook": ["Playbook not found for project."]})

    def _check_prompts(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        """A node or schedule may only hand over what its template asks for."""
        if not item.get("unified_job_template"):
            return
        template = self._unified(item["unified_job_template"])
        for name in ("inventory", "limit", "job_type", "diff_mode", "verbosity", "scm_branch"):
            if item.get(name) not in (None, "") and not template.get(f"ask_{name}_on_launch"):
                raise Refused(400, {name: ["Field is not configured to prompt on launch."]})
        questions = {one["variable"]: one for one in self.surveys.get((f"{template['type']}s", template["id"]), {}).get("spec", [])}
        for name, value in item["extra_data"].items():
            if name not in questions and not template.get("ask_variables_on_launch"):
                raise Refused(400, {"extra_data": [f"Variables {name} are not allowed on launch."]})
            if questions[name]["type"] == "multiplechoice" and value not in questions[name]["choices"]:
                raise Refused(400, {"variables_needed_to_start": [f"Value {value} for '{name}' expected to be one of the choices"]})

    _check_workflow_job_template_nodes = _check_prompts

    def _check_schedules(self, item: dict[str, Any], fields: dict[str, Any]) -> None:
        rule = item["rrule"] or ""
        if not re.match(r"DTSTART(;TZID=[\w/+-]+:\d{8}T\d{6}|:\d{8}T\d{6}Z) ", rule) or "RRULE:" not in rule or "INTERVAL=" not in rule:
            raise Refused(400, {"rrule": ["Valid DTSTART required in rrule, RRULE required, INTERVAL required."]})
        self._check_prompts(item, fields)

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
            return 200, self._list(kind, query)
        number = int(parts[1])
        item = self.objects.get(kind, {}).get(number)
        if item is None:
            raise Refused(404, {"detail": "Not found."})
        if len(parts) == 2:
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
        associated = self.associations.setdefault(path, [])
        if method == "POST":
            (associated.remove if body.get("disassociate") else associated.append)(int(body["id"]))
            return 204, None
        return 200, {"count": len(associated), "next": None, "previous": None, "results": [{"id": one} for one in associated]}

    def _list(self, kind: str, query: dict[str, str]) -> dict[str, Any]:
        if kind == "unified_job_templates":
            items = [item for one in UNIFIED for item in self.objects[one].values()]
        elif kind in self.objects:
            items = list(self.objects[kind].values())
        else:
            raise Refused(404, {"detail": "Not found."})
        either = {name.removeprefix("or__"): value for name, value in query.items() if name.startswith("or__")}
        every = {name: value for name, value in query.items() if not name.startswith("or__")}
        for name in every:
            if items and all(name not in item for item in items):
                raise Refused(400, {"detail": f"{kind} has no field named '{name}'"})
        found = [item for item in items if all(str(item.get(name)) == value for name, value in every.items())]
        if either:
            found = [item for item in found if any(str(item.get(name)) == value for name, value in either.items())]
        return {"count": len(found), "next": None, "previous": None, "results": found}


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
