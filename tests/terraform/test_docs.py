# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/terraform.md says what the module's variables and outputs say; ``python -m tests.terraform.test_docs`` writes it."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "roles" / "terraform_apply" / "files"
PAGE = ROOT / "docs" / "terraform.md"

HEAD = """\
# The Terraform module

Made from `roles/terraform_apply/files`; `python -m tests.terraform.test_docs` writes it anew. In a playbook these are set by
`redash_network`, `redash_vpc_peerings`, `redash_load_balancer`, `redash_database`, `redash_redis` and `redash_operations`, every other one
by its name in `redash_terraform_variables`.

## Terraform or OpenTofu

Terraform 1.11 or newer and OpenTofu 1.11 or newer both do the work: from these releases on, write-only arguments keep the database's
password out of plan and state. `redash_terraform_binary` names one of them, as `tofu` or as a full path. Left empty, the one that made the
state is taken; for a new installation `terraform` on PATH, else `tofu`.

- **A provider mirror** must carry the name of the binary's registry: `registry.terraform.io` or `registry.opentofu.org`. OpenTofu reads
  `~/.tofurc`, too, before `~/.terraformrc`.
- **From Terraform to OpenTofu:** back up the state, then set `redash_terraform_binary: tofu`. OpenTofu reads the state, and from its first
  change on names its own registry there.
- **Back to Terraform:** Terraform is refused for such a state until the state names Terraform's registry again. Back up the state. Then, in
  the work folder (`.redash/<name>/terraform` beside the inventory), delete `.terraform.lock.hcl` and the folder `.terraform`, and run:

```console
$ terraform state replace-provider registry.opentofu.org/hashicorp/aws registry.terraform.io/hashicorp/aws
```

  With a state in S3 run `terraform init` before that; it asks the registry of OpenTofu for the provider once more.

"""


def blocks(kind: str, text: str) -> list[tuple[str, str]]:
    """Name and body of each top-level block of that kind; ``terraform fmt`` puts its closing brace into the first column."""
    return re.findall(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}', text, re.MULTILINE | re.DOTALL)


def attribute(name: str, body: str) -> str:
    """An attribute of a block: a quoted string, a here-document, or an expression as it stands."""
    heredoc = re.search(rf"^  {name}\s+= <<-EOT\n(.*?)^  EOT", body, re.MULTILINE | re.DOTALL)
    if heredoc:
        return textwrap.dedent(heredoc.group(1)).strip()
    expression = re.search(rf"^  {name}\s+= (.*?)(?=^  \w|\Z)", body, re.MULTILINE | re.DOTALL)
    value = textwrap.dedent("  " + expression.group(1)).strip() if expression else ""
    return str(json.loads(value)) if value.startswith('"') and name == "description" else value


def page() -> str:
    text = HEAD + "## Variables\n"
    for name, body in sorted(blocks("variable", (MODULE / "variables.tf").read_text())):
        default = attribute("default", body)
        text += f"\n### {name}\n\n{attribute('description', body)}\n\n"
        text += f"Default: `{default}`\n\n" if default else "Required.\n\n"
        text += f"```hcl\n{attribute('type', body)}\n```\n"
    text += "\n## Outputs\n"
    for name, body in blocks("output", (MODULE / "outputs.tf").read_text()):
        text += f"\n### {name}\n\n{attribute('description', body)}\n"
    return text


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "python -m tests.terraform.test_docs"


def test_every_variable_and_output_says_what_it_is() -> None:
    for kind, file in (("variable", "variables.tf"), ("output", "outputs.tf")):
        found = blocks(kind, (MODULE / file).read_text())
        assert found and all(attribute("description", body) for _, body in found)


if __name__ == "__main__":
    PAGE.write_text(page())
