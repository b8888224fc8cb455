"""Build the documentation site below build/docs/html: the pages in docs/, and the reference of every plugin and role.

    python tools/docs_site.py

The reference is made by antsibull-docs of what the plugins and roles say about themselves. Any warning fails.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import ecosystem

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "docs"
PICTURES = ROOT / "docs" / "pictures"
REPOSITORY = "https://github.com/redash-ecs/redash.ecs/blob/main"


def copied(page: Path) -> str:
    """A page's text, its links to files that are no page or picture of the site leading to the repository."""

    def link(found: re.Match[str]) -> str:
        target, anchor = found[1], found[2] or ""
        path = (page.parent / target).resolve()
        if path.parent == PICTURES:
            return f"]({'pages/' if page.parent == ROOT else ''}pictures/{path.name})"
        if path.suffix == ".md" and path.parent == ROOT / "docs":
            return f"]({'pages/' if page.parent == ROOT else ''}{path.name}{anchor})"
        return f"]({REPOSITORY}/{path.relative_to(ROOT).as_posix()}{anchor})"

    return re.sub(r"\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?\)", link, page.read_text())


def build() -> Path:
    environment = ecosystem.environment()
    environment["ANSIBLE_COLLECTIONS_PATH"] = str(ROOT / "collections")
    shutil.rmtree(BUILD, ignore_errors=True)
    source = BUILD / "source"
    shutil.copytree(ROOT / "docs" / "site", source)
    (source / "pages").mkdir()
    for page in ROOT.glob("docs/*.md"):
        (source / "pages" / page.name).write_text(copied(page))
    shutil.copytree(PICTURES, source / "pages" / "pictures", ignore=shutil.ignore_patterns("*.txt", "*.json"))
    (source / "readme.md").write_text(copied(ROOT / "README.md"))
    # antsibull-docs refuses a folder that others may write to.
    reference = source / "reference"
    reference.mkdir(mode=0o700)
    antsibull = [
        *ecosystem.ANTSIBULL_DOCS,
        "collection",
        "--use-current",
        "--squash-hierarchy",
        "--fail-on-error",
        "--dest-dir",
        str(reference),
    ]
    subprocess.run([*antsibull, "redash.ecs"], check=True, env=environment, stdout=subprocess.DEVNULL)
    html = BUILD / "html"
    sphinx = ["sphinx-build", "-q", "-W", "--keep-going", "-b", "html", str(source), str(html)]
    subprocess.run(sphinx, check=True, env={**environment, "PYTHONWARNINGS": "ignore"}, cwd=ROOT)
    return html / "index.html"


if __name__ == "__main__":
    print(build())
