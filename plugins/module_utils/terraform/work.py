# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of redash_terraform: plan, show, check, apply exactly that plan, read the outputs."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from ansible_collections.redash.ecs.plugins.module_utils.context import Context
from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError
from ansible_collections.redash.ecs.plugins.module_utils.core.terraform_plan import Plan, cut_off, read_plan, refused
from ansible_collections.redash.ecs.plugins.module_utils.core.terraform_remains import foreign, there_already, with_way_out
from ansible_collections.redash.ecs.plugins.module_utils.terraform import binary, command, installed, project, provider, remains, running

# What holds data, or an address that others rely on. Everything else can be made again.
PROTECTED = (
    "aws_ecs_cluster",
    "aws_eip",
    "aws_elasticache_replication_group",
    "aws_kms_key",
    "aws_rds_cluster",
    "aws_rds_cluster_instance",
    "aws_vpc",
)

# The plan that was refused, in words, secrets masked.
REFUSED = "refused.txt"

ARGUMENT_SPEC: dict[str, Any] = {
    "project_path": {"type": "path", "required": True},
    "work_dir": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "variables": {"type": "dict", "default": {}},
    "environment": {"type": "dict", "default": {}, "no_log": True},
    "binary": {"type": "str", "default": ""},
    "backend": {
        "type": "dict",
        "default": {"type": "local"},
        "options": {"type": {"type": "str", "default": "local"}, "config": {"type": "dict", "default": {}}},
    },
    "workspace": {"type": "str", "default": "default"},
    "protected": {"type": "list", "elements": "str", "default": list(PROTECTED)},
    "allow_replacement": {"type": "list", "elements": "str", "default": []},
    "half_made": {"type": "list", "elements": "str", "default": []},
    "targets": {"type": "list", "elements": "str", "default": []},
    "existing_only": {"type": "bool", "default": False},
    "imports": {"type": "dict", "default": {}},
    "recorded": {"type": "path"},
    "lock_timeout": {"type": "int", "default": 300},
    "force_unlock": {"type": "str"},
    "parallelism": {"type": "int", "default": 10},
    "skip_unchanged": {"type": "bool", "default": False},
    "stream": {"type": "bool", "default": True},
}
SPECIFICATION: dict[str, Any] = {"argument_spec": ARGUMENT_SPEC}


def run(params: dict[str, Any], context: Context) -> dict[str, Any]:
    """Bring the infrastructure to what the module and its variables say.

    Returns ``changed``, ``summary``, ``changes``, ``outputs`` (sensitive ones left out), ``work_dir`` and ``diff``.
    Raises RedashError with Terraform's own errors, one problem each.
    """
    work_dir = Path(params["work_dir"]).expanduser().absolute()
    project.make(Path(params["project_path"]), work_dir)
    with running.alone(work_dir, params["lock_timeout"], context.clock, context.report) as this:
        project.prepare(Path(params["project_path"]), work_dir, params["variables"], params["backend"], _imports(params))
        return _run(params, context, _terraform(params, context, work_dir, this), this)


def _run(params: dict[str, Any], context: Context, terraform: command.Terraform, this: running.Run) -> dict[str, Any]:
    work_dir = terraform.folder
    if params["skip_unchanged"] and params["state"] == "present" and _applied(work_dir) == _fingerprint(params, work_dir):
        context.report("module and variables are as they were last applied: Terraform is left out, as skip_unchanged asks")
        return _result(False, "not looked at: nothing was changed here since the last apply", None, terraform)

    _init(terraform)
    _select_workspace(terraform, params["workspace"])
    _check_remote_state(terraform, params, context)
    if params["force_unlock"]:
        _unlock(terraform, params["force_unlock"])
        this.remember()
    installed.check(terraform, params, context.client, cut_off=bool(this.cut_off))

    if params["existing_only"]:
        params = {**params, "targets": _existing(terraform, params["targets"])}
        if not params["targets"]:
            return _result(False, "none of the targets exists", None, terraform)

    whole = params["state"] == "present" and not params["targets"]
    if this.cut_off and not whole:
        goes = (
            "stays on AWS: apply once more before, or look for it there" if params["state"] == "absent" else "is looked for by a whole run"
        )
        context.report(f"what the killed run made without noting it is in no state; it {goes}")
    with tempfile.TemporaryDirectory(prefix=".plan-", dir=work_dir) as folder:
        # The plan is gone whatever happens: nobody can apply it later, when it is no longer true.
        try:
            plan = _plan_and_apply(params, context, terraform, Path(folder) / "plan", adopting=whole, search=whole and bool(this.cut_off))
        finally:
            project.write_imports(work_dir, _imports(params))

    if whole and not context.check_mode:
        this.forget()
        project.write(work_dir / project.FINGERPRINT, json.dumps({"fingerprint": _fingerprint(params, work_dir)}) + "\n")
    return _result(_changes(plan), plan.summary, plan, terraform)


def _changes(plan: Plan) -> bool:
    return bool(plan.changes or plan.outputs)


def _plan_and_apply(
    params: dict[str, Any], context: Context, terraform: command.Terraform, file: Path, *, adopting: bool, search: bool
) -> Plan:
    """Apply what was planned, and nothing else. The plan that was applied, or in check mode would be.

    ``adopting``  what a killed run made without noting it may be taken over. It is looked for as soon as there is
                  reason to: AWS says of a resource that it exists, or
    ``search``    a run was killed
    """
    work_dir = terraform.folder
    failure: RedashError | None = None
    there: set[str] = set()
    completed: set[str] = set()
    imports = _imports(params)
    while True:
        content = _plan(terraform, params, file, context.check_mode)
        if search:
            found = {address: id_ for address, id_ in remains.find(content, there, context.client).items() if address not in imports}
            if found:
                for address, id_ in sorted(found.items()):
                    context.report(f"{address} is there already ({id_}), made by a run that was killed: taking it over")
                imports.update(found)
                project.write_imports(work_dir, imports)
                # Once more: what belongs to it can be found by it now.
                failure = None
                continue
            if failure:
                raise RedashError(with_way_out(failure.problems, content), result=failure.result) from failure
            search = False
        plan = read_plan(content)
        if kept := [address for address in cut_off(plan) if address not in completed] if params["state"] == "present" else []:
            for address in kept:
                context.report(f"{address}: its creation was cut off; AWS protects it against deletion, so it stays and is completed")
            if not context.check_mode:
                for address in kept:
                    terraform.text("untaint", f"-lock-timeout={params['lock_timeout']}s", address)
                completed |= set(kept)
                continue
            plan = plan.without(kept)
        context.report(f"plan: {plan.summary}")
        unwanted = refused(plan, params["protected"], params["allow_replacement"], params["half_made"])
        problems = [*foreign(content, params["imports"]), *unwanted]
        if problems:
            # Nothing but what matters; who wants to know the rest of the plan finds it in a file.
            project.write(work_dir / REFUSED, plan.text())
            context.report(f"the whole plan, refused: {work_dir / REFUSED}")
            raise RedashError(problems)
        for change in plan.changes:
            # What is made or taken down as a whole is said when it is done; what is changed or lost, before.
            if change.action != "create" and params["state"] == "present":
                context.report(f"plan: {next(change.lines())}")
        if context.check_mode or not _changes(plan):
            return plan
        (work_dir / project.FINGERPRINT).unlink(missing_ok=True)
        try:
            _terraform_run(terraform, params, "apply", "-json", "-input=false", f"-parallelism={params['parallelism']}", str(file))
            return plan
        except RedashError as error:
            refused_now = there_already(error.problems) - there if adopting else set()
            if not refused_now:
                raise RedashError(with_way_out(error.problems, content), result=error.result) from error
            there |= refused_now
            search, failure = True, error


def _terraform(params: dict[str, Any], context: Context, work_dir: Path, this: running.Run) -> command.Terraform:
    environ = command.environment(os.environ, params, params["environment"])
    if asked := command.logging_names({**os.environ, **params["environment"]}):
        context.report(f"{', '.join(asked)}: left out, since that log would hold the database's password")
    kind_of_state = binary.of_state(_local_state(params, work_dir))
    found = binary.find(environ, params["binary"], kind_of_state)
    if kind_of_state and kind_of_state is not found.kind:
        context.report(f"{found.kind.title} goes on with what {kind_of_state.title} made, as redash_terraform_binary asks")
    source = provider.find(environ, work_dir, found.kind)
    if source.mirror:
        configuration = work_dir / "mirror.tfrc"
        project.write(configuration, provider.mirror_configuration(source.mirror, found.kind))
        environ["TF_CLI_CONFIG_FILE"] = str(configuration)
    elif provider.cli_configuration(environ, found.kind) is None:
        # One that is named but isn't there: Terraform would warn about it in the middle of its output.
        environ.pop("TF_CLI_CONFIG_FILE", None)
    context.report(f"{found.kind.title} {found.version} with the AWS provider {source.said}")
    return command.Terraform(found, work_dir, environ, context.clock, context.report, this.began, this.crashed)


def _local_state(params: dict[str, Any], work_dir: Path) -> str:
    """The state that lies in the work folder; "" where there is none, or where it lies elsewhere."""
    if params["backend"]["type"] != "local":
        return ""
    path = Path((params["backend"].get("config") or {}).get("path") or "terraform.tfstate")
    if params["workspace"] != "default":
        path = Path("terraform.tfstate.d") / params["workspace"] / "terraform.tfstate"
    try:
        return (work_dir / path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise RedashError(Problem(f"cannot read the state {work_dir / path}: {error.strerror}", "work_dir")) from error


def _init(terraform: command.Terraform) -> None:
    try:
        terraform.run("init", "-json", "-input=false")
    except RedashError as error:
        # The providers of a state are needed, too: this names a registry that Terraform would not ask by itself.
        if binary.OPENTOFU.registry in str(error):
            binary.refuse_foreign(terraform.binary.kind, binary.OPENTOFU)
        raise


def _check_remote_state(terraform: command.Terraform, params: dict[str, Any], context: Context) -> None:
    """What _terraform asked of a local state before anything ran; a backend's can be read only now."""
    if params["backend"]["type"] == "local":
        return
    maker = binary.of_state(terraform.text("state", "pull"))
    kind = terraform.binary.kind
    binary.refuse_foreign(kind, maker)
    if maker and maker is not kind:
        if not params["binary"]:
            raise RedashError(
                Problem(
                    f"{maker.title} made this state, and {kind.title} was found here",
                    "redash_terraform_binary",
                    f"Set it to {maker.name}, or to {kind.name} to go on with {kind.title} from now on.",
                )
            )
        context.report(f"{kind.title} goes on with what {maker.title} made, as redash_terraform_binary asks")


def _imports(params: dict[str, Any]) -> dict[str, str]:
    return {} if params["state"] == "absent" else {str(address): str(identifier) for address, identifier in params["imports"].items()}


def _terraform_run(
    terraform: command.Terraform, params: dict[str, Any], name: str, *arguments: str, expected: tuple[int, ...] = (0,)
) -> int:
    """Like Terraform.run; a state that somebody else has locked is waited for, saying for whom, and said with the way out."""
    timeout = params["lock_timeout"]
    try:
        # Terraform waits in silence. So it is asked first whether there is anything to wait for.
        return terraform.run(name, "-lock-timeout=0s", *arguments, expected=expected)
    except RedashError as error:
        lock = error.result.get("lock")
        if not lock:
            raise
        if timeout:
            terraform.report(f"the state is locked by {_holder(lock)}: waiting for it, up to {timeout} s")
    try:
        return terraform.run(name, f"-lock-timeout={timeout}s", *arguments, expected=expected)
    except RedashError as error:
        lock = error.result.get("lock")
        if not lock:
            raise
        raise RedashError(
            Problem(
                f"the state is locked by {_holder(lock)}, also after {timeout} s of waiting",
                todo=f"Let that run end. If it is dead, rerun with -e redash_terraform_force_unlock={lock.get('ID', '<ID>')}",
            )
        ) from error


def _holder(lock: dict[str, str]) -> str:
    return f"{lock.get('Who', 'somebody')} since {lock.get('Created', 'an unknown time')} ({lock.get('Operation', 'an unknown operation')})"


def _plan(terraform: command.Terraform, params: dict[str, Any], file: Path, check_mode: bool) -> dict[str, Any]:
    """Make a plan; its content as Terraform tells it."""
    arguments = ["-json", "-input=false", "-detailed-exitcode", f"-out={file}", f"-parallelism={params['parallelism']}"]
    if check_mode:
        # Check mode writes nothing, so it neither needs the lock nor leaves one behind.
        arguments.append("-lock=false")
    if params["state"] == "absent":
        arguments.append("-destroy")
    arguments += [f"-target={address}" for address in params["targets"]]
    _terraform_run(terraform, params, "plan", *arguments, expected=(0, 2))
    return dict(terraform.json("show", "-json", str(file)))


def _select_workspace(terraform: command.Terraform, workspace: str) -> None:
    if terraform.text("workspace", "show").strip() != workspace:
        terraform.text("workspace", "select", "-or-create", workspace)


def _existing(terraform: command.Terraform, targets: list[str]) -> list[str]:
    """Those of ``targets`` that the state holds."""
    state = terraform.json("show", "-json")
    resources = state.get("values", {}).get("root_module", {}).get("resources", [])
    return [target for target in targets if target in {resource["address"] for resource in resources}]


def _unlock(terraform: command.Terraform, lock_id: str) -> None:
    terraform.text("force-unlock", "-force", lock_id)
    terraform.report(f"lock {lock_id} was released by force")


def _fingerprint(params: dict[str, Any], work_dir: Path) -> str:
    return project.fingerprint(work_dir, params["workspace"])


def _applied(work_dir: Path) -> str | None:
    """The fingerprint of the last complete apply."""
    try:
        return str(json.loads((work_dir / project.FINGERPRINT).read_text(encoding="utf-8"))["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _shown(plan: Plan) -> dict[str, Any]:
    """The plan as it belongs into a result."""
    return {
        "changes": [{"address": change.address, "action": change.action, "attributes": list(change.attributes)} for change in plan.changes],
        "diff": {"prepared": plan.text()} if plan.changes or plan.outputs else {},
    }


def _result(changed: bool, summary: str, plan: Plan | None, terraform: command.Terraform) -> dict[str, Any]:
    outputs = terraform.json("output", "-json")
    return {
        "changed": changed,
        "summary": summary,
        "outputs": {name: output["value"] for name, output in outputs.items() if not output["sensitive"]},
        "work_dir": str(terraform.folder),
        **(_shown(plan) if plan else {"changes": [], "diff": {}}),
    }
