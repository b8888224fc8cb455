# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the documentation says to type, set and read exists. One test per page, so that a page fails by its name."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from ansible.cli.playbook import PlaybookCLI
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.redash.ecs.plugins.module_utils.core import mail

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("roles/*/README.md")]
)
# What a fenced block may be: what is checked here, what is no instruction, and what another test makes and compares.
CHECKED = {"console", "json", "yaml"}
SHOWN = {"mermaid", "text"}
GENERATED = {"docs/terraform.md": {"hcl"}, "docs/site/index.md": {"{toctree}"}}
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for found in FENCE.finditer(page.read_text()):
        if found["language"] in languages:
            yield "\n".join(line.removeprefix(found["indent"]) for line in found["text"].splitlines()) + "\n"


def variables() -> set[str]:
    """Every variable that a person may set: those of the roles' specifications and defaults, and of the playbooks."""
    known = set()
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            known |= set(entry.get("options") or {})
    for path in ROOT.glob("roles/*/defaults/main.yml"):
        known |= set(yaml.safe_load(path.read_text()) or {})
    for path in [*ROOT.glob("playbooks/*.yml"), *ROOT.glob("roles/*/tasks/**/*.yml"), *ROOT.glob("roles/*/defaults/*.yml")]:
        known |= set(re.findall(r"\b(redash_\w+) *\| *default\(", path.read_text()))
    return known


# --- YAML: what a variable or a task may hold
@cache
def specifications() -> dict[str, list[dict[str, Any]]]:
    """For each variable the specifications that it has to fit: its own, and that of the role's variable which it is the default of."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            for name, option in (entry.get("options") or {}).items():
                found.setdefault(name, []).append(option)
                description = option.get("description", "")
                said = description if isinstance(description, str) else " ".join(description)
                for source in re.findall(r"Defaults to C\((redash_\w+)\)", said):
                    found.setdefault(source, []).append(option)
    return found


@cache
def terraform_keys() -> dict[str, set[str]]:
    """The keys of each of the Terraform module's variables that is an object, or a map of objects."""
    text = (ROOT / "roles" / "terraform_apply" / "files" / "variables.tf").read_text()
    found = {}
    for name, body in re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL):
        if kind := re.search(r"^  type += (?:map\()?object\(\{\n(.*?)^  \}\)", body, re.MULTILINE | re.DOTALL):
            found[name] = set(re.findall(r"^ +(\w+) +=", kind[1], re.MULTILINE))
    return found


def plain(value: Any) -> Any:
    """A value in which what Ansible would fill in is left out: its type is not known here."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if not (isinstance(inner, str) and "{{" in inner)}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def problems_of_variables(given: Mapping[str, Any]) -> Iterator[str]:
    for name, value in given.items():
        # What a person writes beside the variables: their own, and Ansible's.
        if not name.startswith(("redash_", "awx_")) or (isinstance(value, str) and "{{" in value):
            continue
        if name not in specifications():
            yield f"{name}: no role has such a variable"
        for option in specifications().get(name, []):
            wanted = {name: {key: inner for key, inner in option.items() if key not in ("description", "required", "default")}}
            for message in ArgumentSpecValidator(undescribed(wanted)).validate({name: plain(value)}).error_messages:
                yield f"{name}: {message}"
        terraform = name.removeprefix("redash_")
        if terraform in terraform_keys() and isinstance(value, dict):
            objects = value.values() if terraform == "vpc_peerings" else [value]
            for one in objects:
                for key in set(one) - terraform_keys()[terraform]:
                    yield f"{name}.{key}: the Terraform module has no such key"
        if name == "redash_mail":
            # A password of the reader's vault is as good as any.
            filled = {key: "x" * 40 if "{{" in str(inner) else inner for key, inner in value.items()}
            try:
                mail.read(filled, region="ap-northeast-1")
            except Exception as error:  # what it is is said below
                yield f"redash_mail: {error}"


def undescribed(options: Mapping[str, Any]) -> dict[str, Any]:
    """An argument specification as a module has it: without descriptions, and nothing required (a page shows parts)."""
    kept = ("type", "elements", "choices", "options")
    return {
        name: {key: undescribed(value) if key == "options" else value for key, value in option.items() if key in kept}
        for name, option in options.items()
    }


MODULES = sorted(path.stem for path in ROOT.glob("plugins/modules/*.py"))


@cache
def documentation() -> dict[str, Any]:
    """What ansible-doc says of this collection's modules, fragments put in."""
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", *(f"redash.ecs.{name}" for name in MODULES)]
    return dict(json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout))


def module_options(name: str) -> set[str]:
    options = documentation()[f"redash.ecs.{name}"]["doc"].get("options") or {}
    return {alias for option, said in options.items() for alias in (option, *said.get("aliases", []))}


def problems_of_tasks(tasks: list[Any]) -> Iterator[str]:
    for task in tasks:
        for key, value in task.items() if isinstance(task, dict) else ():
            if not key.startswith("redash.ecs."):
                continue
            name = key.removeprefix("redash.ecs.")
            if name not in MODULES:
                yield f"{key}: no such module"
            elif isinstance(value, dict):
                for option in set(value) - module_options(name):
                    yield f"{key}: no option {option}"
        for inner in ("tasks", "block", "rescue", "always", "pre_tasks", "post_tasks"):
            if isinstance(task, dict) and inner in task:
                yield from problems_of_tasks(task[inner])


def problems(document: Any) -> list[str]:
    if isinstance(document, list):
        return list(problems_of_tasks(document))
    if isinstance(document, dict):
        found = list(problems_of_variables(document))
        # An inventory: variables below a host or a group.
        for value in document.values():
            if isinstance(value, dict) and set(value) & {"hosts", "vars", "children"}:
                for inner in [value.get("vars"), *(value.get("hosts") or {}).values(), *(value.get("children") or {}).values()]:
                    found += problems(inner)
        return found
    return []


@cache
def names_in_playbooks() -> set[str]:
    """Every word of the playbooks and roles: a variable that is handed over is one of them, or nobody reads it."""
    return {
        word
        for pattern in ("playbooks/*.yml", "roles/*/tasks/**/*.yml", "roles/*/defaults/*.yml", "roles/*/meta/argument_specs.yml")
        for path in ROOT.glob(pattern)
        for word in re.findall(r"\b[a-z]\w+\b", path.read_text())
    }


def handed_over(line: str) -> Iterator[str]:
    """The names of the extra variables of a command line."""
    words = shlex.split(line, comments=True)
    for flag, value in itertools.pairwise(words):
        if flag not in ("-e", "--extra-vars") or value.startswith("@"):
            continue
        if value.startswith("{"):
            yield from json.loads(value)
        else:
            yield value.split("=", 1)[0]


def commands(text: str) -> list[str]:
    """The lines that a person types: those after a prompt, or all of them; continued ones whole."""
    text = text.replace("\\\n", " ")
    typed = [line.strip().removeprefix("$ ") for line in text.splitlines() if line.strip().startswith("$ ")]
    return typed or text.splitlines()


def told(page: Path, program: str) -> Iterator[str]:
    """Every command of ``program`` that the page tells a person to type, in a block or in a sentence."""
    typed = [line for text in blocks(page, "console") for line in commands(text)]
    for line in [*typed, *re.findall(r"`([^`\n]+)`", FENCE.sub("", page.read_text()))]:
        # Behind variables of the environment, in $(...), before a pipe.
        for found in re.finditer(rf"(?:^|[ (]){program} [^|)]+", line):
            yield found[0].strip("( ")


def wrong_for_ansible(line: str) -> str:
    """What ansible-playbook itself says of the words behind its name; nothing where it takes them."""
    cli = PlaybookCLI(["ansible-playbook"])
    cli.init_parser()
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.suppress(SystemExit):
        cli.parser.parse_args(shlex.split(line, comments=True)[1:])
    return said.getvalue()


# Commands and options of the command line itself, not of a service.
AWS_COMMANDS = {("sso", "login")}
AWS_OPTIONS = {"--endpoint-url", "--output", "--profile", "--query", "--region"}


def wrong_for_aws(line: str) -> str:
    """What of an ``aws`` command line AWS's own description of the service does not have."""
    session = botocore.session.Session()
    service, operation, *words = shlex.split(line, comments=True)[1:]
    if (service, operation) in AWS_COMMANDS:
        return ""
    if service not in session.get_available_services():
        return f"no service {service}"
    model = session.get_service_model(service)
    operations = {botocore.xform_name(name, "-"): name for name in model.operation_names}
    if operation not in operations:
        return f"{service} has no {operation}"
    shape = model.operation_model(operations[operation]).input_shape
    members = {f"--{botocore.xform_name(name, '-')}": name for name in (shape.members if shape else {})}
    given = {word for word in words if word.startswith("--")}
    # One that is only named in a sentence has no options; what is shown with some has all that it needs.
    required = {option for option, name in members.items() if shape and name in shape.required_members} if words else set()
    return " ".join(
        sorted([*(f"no {option}" for option in given - set(members) - AWS_OPTIONS), *(f"needs {one}" for one in required - given)])
    )


def test_the_checks_of_this_file_find_what_is_wrong() -> None:
    """Each with the fault that it is there for."""
    for wrong, said in (
        ({"redash_terraform_backend": {"type": "s3", "bucket": "x"}}, "bucket"),
        ({"redash_database": {"size": 1}}, "redash_database.size: the Terraform module has no such key"),
        ({"redash_vpc_peerings": {"a": {"vpc": "vpc-1"}}}, "redash_vpc_peerings.vpc"),
        ({"redash_mail": {"preset": "gmial"}}, "gmial"),
        ({"redash_desired_count": "many"}, "redash_desired_count"),
        ({"redash_nothing": 1}, "no role has such a variable"),
        ({"redash": {"hosts": {"a": {"redash_nothing": 1}}}}, "no role has such a variable"),
        ([{"redash.ecs.redash_ecs_task": {"comand": "x"}}], "no option comand"),
        ([{"block": [{"redash.ecs.redash_fly": {}}]}], "no such module"),
    ):
        assert said in "\n".join(problems(wrong)), wrong
    assert problems({"redash_terraform_backend": {"type": "s3", "config": {"bucket": "x"}}}) == []
    assert "unrecognized arguments: --verify" in wrong_for_ansible("ansible-playbook site.yml --verify")
    assert "expected one argument" in wrong_for_ansible("ansible-playbook site.yml -e")
    assert wrong_for_ansible("ansible-playbook -i x site.yml --check --diff -e a=b --limit c # as it is") == ""
    assert wrong_for_aws("aws ssn get-parameter") == "no service ssn"
    assert wrong_for_aws("aws ssm read-parameter") == "ssm has no read-parameter"
    assert wrong_for_aws("aws ssm get-parameter --decrypt --region eu-west-1") == "needs --name no --decrypt"
    assert wrong_for_aws("aws ssm get-parameter --name x --with-decryption --query Parameter.Value") == ""
    assert list(handed_over("ansible-playbook a.yml -e x=1 -e '{\"y\": 2}' -e @f # -e z=1")) == ["x", "y"]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_have_its_options(module: str) -> None:
    examples = documentation()[f"redash.ecs.{module}"]["examples"]
    assert problems(yaml.safe_load(examples)) == []
    assert f"redash.ecs.{module}:" in examples


def anchors(page: Path) -> set[str]:
    """What a link may name: the headings, as GitHub and the site's MyST write them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def is_name(word: str) -> bool:
    """Modules and other plugins begin with redash_, too; redash_* and redash_destroy_... are talk about names."""
    return not (ROOT / "plugins" / "modules" / f"{word}.py").exists() and word not in {"redash_ecs"} and not word.endswith("_")


def test_the_pictures_are_those_that_would_be_made() -> None:
    run = subprocess.run([sys.executable, "tools/pictures.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
class TestPage:
    def test_every_yaml_block_is_what_the_collection_takes(self, page: Path) -> None:
        for text in blocks(page, "yaml"):
            try:
                documents = list(yaml.safe_load_all(text))
            except yaml.YAMLError as error:
                pytest.fail(f"{error}\n{text}")
            found = [problem for document in documents for problem in problems(document)]
            assert not found, "\n".join([*found, text])

    def test_every_block_is_of_a_kind_that_is_looked_at(self, page: Path) -> None:
        known = CHECKED | SHOWN | GENERATED.get(page.relative_to(ROOT).as_posix(), set())
        fences = re.findall(r"^[ \t]*(?:```|~~~)[ \t]*(\S*)", page.read_text(), re.MULTILINE)
        # Every second one closes. One that the pattern for blocks does not see would be looked at by no test.
        assert set(fences[::2]) <= known and not any(fences[1::2]), fences
        assert len(fences) == 2 * len(FENCE.findall(page.read_text()))

    def test_every_command_of_ansible_has_options_that_it_takes(self, page: Path) -> None:
        for line in told(page, "ansible-playbook"):
            assert not (wrong := wrong_for_ansible(line)), f"{line}: {wrong}"

    def test_every_command_of_aws_is_one(self, page: Path) -> None:
        for line in told(page, "aws"):
            assert not (wrong := wrong_for_aws(line)), f"{line}: {wrong}"

    def test_every_json_block_is_json(self, page: Path) -> None:
        for text in blocks(page, "json"):
            json.loads(text)

    def test_every_playbook_that_one_is_told_to_run_exists(self, page: Path) -> None:
        for line in page.read_text().splitlines():
            if "ansible-playbook" not in line:
                continue
            for name in re.findall(r"(?<![\w/.@-])((?:playbooks/)?[a-z_]+\.yml)", line.split("ansible-playbook", 1)[1]):
                assert (ROOT / name).is_file(), f"{name}: {line}"
            for name in re.findall(r"redash\.ecs\.(\w+)", line.split("ansible-playbook", 1)[1]):
                assert (ROOT / "playbooks" / f"{name}.yml").is_file(), f"{name}: {line}"

    def test_every_variable_that_one_is_told_to_hand_over_is_read(self, page: Path) -> None:
        for text in blocks(page, "console"):
            for line in commands(text):
                if "ansible-playbook" in line:
                    assert not set(handed_over(re.sub(r" \[(-e [^\]]*)\]", r" \1", line))) - names_in_playbooks(), line

    def test_every_shell_command_is_sound(self, page: Path) -> None:
        for text in blocks(page, "console"):
            joined = "\n".join(commands(text))
            run = subprocess.run(["bash", "-n"], input=joined, text=True, capture_output=True, check=False)
            assert run.returncode == 0, f"{run.stderr}\n{joined}"

    def test_every_make_target_exists(self, page: Path) -> None:
        rules = re.findall(r"^([a-z][a-z0-9 -]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        targets = {target for rule in rules for target in rule.split()}
        for name in re.findall(r"`(?:\$ )?make ([a-z][a-z0-9-]*)[^`]*`|^\$ make ([a-z][a-z0-9-]*)", page.read_text(), re.MULTILINE):
            assert (name[0] or name[1]) in targets

    def test_every_test_that_one_is_told_to_run_exists(self, page: Path) -> None:
        for line in told(page, ".venv/bin/python -m pytest"):
            words = shlex.split(line, comments=True)[3:]
            paths = [ROOT / word.partition("::")[0] for word in words if "/" in word]
            assert all(path.exists() for path in paths), line
            if "-k" in words:
                names = "\n".join(
                    name for path in paths for file in path.rglob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text())
                )
                assert words[words.index("-k") + 1] in names, line

    def test_every_variable_exists(self, page: Path) -> None:
        named = {word for word in re.findall(r"\b(?:redash|awx)_[a-z0-9_]+\b", page.read_text()) if is_name(word)}
        roles = {path.name for path in (ROOT / "roles").iterdir()}
        plugins = {path.stem for path in ROOT.glob("plugins/*/*.py")} | roles
        unknown = {word for word in named - variables() - plugins if not word.endswith(("_redash", "_yml"))}
        assert not unknown, sorted(unknown)

    def test_every_name_of_the_collection_exists(self, page: Path) -> None:
        known = {path.stem for kind in ("modules", "lookup", "filter") for path in ROOT.glob(f"plugins/{kind}/*")}
        known |= {path.name for path in ROOT.glob("roles/*")} | {path.stem for path in ROOT.glob("playbooks/*.yml")}
        # The action group, and the file that ansible-galaxy builds.
        known |= {"aws", "tar"}
        assert not set(re.findall(r"\bredash\.ecs\.(\w+)", page.read_text())) - known

    def test_every_link_within_the_repository_leads_somewhere(self, page: Path) -> None:
        for target, anchor in re.findall(r"\]\((?!https?://|mailto:)([^)\s#]*)(#[^)\s]+)?\)", page.read_text()):
            path = page.parent / target if target else page
            assert path.exists(), target
            if anchor:
                assert anchor.removeprefix("#") in anchors(path), f"{target}{anchor}"
