"""Write docs/variables.md from the argument specification and the defaults of the role `redash`.

One place says what a variable is (roles/redash/meta/argument_specs.yml), one what it defaults to
(roles/redash/defaults/main.yml); the page is made of both. `--check` fails when the page is stale.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "variables.md"
SPECIFICATION = ROOT / "roles" / "redash" / "meta" / "argument_specs.yml"
DEFAULTS = ROOT / "roles" / "redash" / "defaults" / "main.yml"

HEAD = """# Every variable

<!-- Made by tools/variables_page.py from roles/redash; edit that, then run `make docs`. -->

Set these for a host or group of the inventory; one host is one Redash.
[`inventories/example`](../inventories/example) shows them in use.

| Variable | Type | Default | What it is |
|---|---|---|---|
"""


def plain(text: str | list[str]) -> str:
    """Ansible's markup as Markdown, on one line."""
    joined = " ".join(text) if isinstance(text, list) else text
    return re.sub(r"\b[VCO]\(([^)]*)\)", r"`\1`", joined).replace("|", r"\|").strip()


def default_of(value: object) -> str:
    if value in ("", None):
        return ""
    shown = (
        " ".join(value.split()) if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True).strip().removesuffix("...")
    )
    return f"`{shown.strip()}`".replace("|", r"\|")


def page() -> str:
    options = yaml.safe_load(SPECIFICATION.read_text())["argument_specs"]["main"]["options"]
    defaults = yaml.safe_load(DEFAULTS.read_text())
    undocumented = sorted(set(defaults) - set(options))
    if undocumented:
        raise SystemExit(f"{SPECIFICATION.relative_to(ROOT)}: not described: {', '.join(undocumented)}")
    rows = []
    for name, option in options.items():
        rows.append(f"| `{name}` | {option['type']} | {default_of(defaults.get(name))} | {plain(option['description'])} |")
        for key, suboption in (option.get("options") or {}).items():
            rows.append(f"| `{name}.{key}` | {suboption['type']} | | {plain(suboption['description'])} |")
    return HEAD + "\n".join(rows) + "\n"


def main() -> None:
    text = page()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != text:
            raise SystemExit("docs/variables.md is stale: run make docs")
        return
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
