# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make docs/pictures/*.svg: of the terminal, of the CloudWatch dashboard, and of how things fit together.

    python tools/pictures.py            # out of what docs/pictures/ holds
    python tools/pictures.py --record   # first take over what the last end-to-end test has seen (make e2e)
    python tools/pictures.py --check    # say which picture is not the one that would be made

The terminal shows what `make demo` really said, the dashboard is drawn of the JSON that Terraform really made of
it: the end-to-end test writes both to build/pictures and fails when the ones in docs/pictures are of another kind.
Needs nothing but the library `rich`, and no network.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
RECORDED = ROOT / "build" / "pictures"

# --- the terminal -------------------------------------------------------------------------------------
COLUMNS = 100
# Lines of which one stands for all of its kind: a picture of the whole would be three hundred lines high.
KEPT_LIVE = re.compile(
    r"plan: |created aws_(vpc|lb|rds_cluster|elasticache_replication_group|ecs_cluster)\.this|started task|created service|"
    r"is healthy|steady: |Id: |Name: |Permissions: |Users: |waited "
)
# rich's own frame asks the network for a font; this one takes what the reader has.
FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>{title}</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def cleaned(text: str) -> str:
    """An output without what is this run's alone: colours, the demo's place and port, numbers of tasks, lines written over."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n")
    text = "\n".join(line.rsplit("\r", 1)[-1] for line in text.split("\n"))
    text = re.sub(r"(REDASH_DEMO_(HOME|PORT)=\S+ )", "", text)
    text = re.sub(r"(localhost|127\.0\.0\.1):\d+", r"\1:4566", text)
    text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "3cd3768e-6234-4050-8351-dc7ba6af5208", text)
    text = re.sub(r"target [\d.]+:5000", "target 10.89.0.7:5000", text)
    # A step that takes long says so again and again where nothing can be written over, its announcement first.
    lines = [line for line in text.split("\n") if not re.search(r"\.\.\. (\d+ min )?\d+ s$", line)]
    # What make says of itself where another make (of the tests) has started it.
    lines = [line for line in lines if not re.match(r"make\[\d+\]: ", line)]
    ended = {line.partition(" ... ")[0] for line in lines if line.endswith(", done")}
    lines = [line for line in lines if line.removesuffix(" ...") not in ended]
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def kind(text: str) -> list[str]:
    """What a recording has to have in common with another to be the same story: the commands and the last lines."""
    lines = cleaned(text).splitlines()
    commands = [line for line in lines if line.startswith("$ ansible-playbook")]
    closing = [re.sub(r"\d+", "N", line) for line in lines[-6:] if line.startswith("  ") and "STAND-IN" not in line]
    return [*commands, *closing]


def story(text: str) -> list[str]:
    """The lines that tell it: commands, steps, the best of what came live, how it ended."""
    shown = ["$ make demo"]
    for line in cleaned(text).splitlines():
        if re.match(r"\[[\w-]+\]", line):
            if KEPT_LIVE.search(line):
                shown.append(line)
        elif line.startswith(("$ ", "  ")) and not line.startswith("    "):
            shown.append(line)
        elif re.match(r"[\w-]+ +: ok=", line):
            shown += [re.sub(r" +: ok=", ": ok=", line), ""]
    return shown


def terminal(text: str, title: str) -> str:
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False)
    for line in text.splitlines():
        styled = Text(line, no_wrap=True, overflow="ellipsis")
        if line.startswith("$ "):
            styled.stylize("bold green")
        styled.highlight_regex(r"^\[[\w-]+\]", "cyan")
        styled.highlight_regex(r"\bchanged=[1-9]\d*", "yellow")
        styled.highlight_regex(r"\bok=\d+", "green")
        styled.highlight_regex(r"https?://\S+", "underline")
        styled.highlight_regex(r"^  (NOTE:|A STAND-IN).*", "yellow")
        console.print(styled, no_wrap=True, overflow="ellipsis", crop=True)
    return console.export_svg(title=title, theme=MONOKAI, code_format=FRAME.replace("{title}", escape(title)), unique_id="terminal")


# --- drawings -----------------------------------------------------------------------------------------
INK = "#1f2933"
FAINT = "#7b8794"
FILLS = {"": "#ffffff", "aws": "#fff4e0", "you": "#e6f0fa", "data": "#e8f5e9", "secret": "#f6e8f8", "zone": "#fafbfc"}


@dataclass(frozen=True)
class Box:
    """A rectangle with lines of text; ``at`` is its upper left corner in pixels."""

    text: str
    at: tuple[int, int]
    size: tuple[int, int] = (150, 44)
    fill: str = ""
    dashed: bool = False
    title: bool = False
    # The title on the right, where an arrow would cross it on the left.
    right: bool = False

    @property
    def centre(self) -> tuple[float, float]:
        return self.at[0] + self.size[0] / 2, self.at[1] + self.size[1] / 2

    def draw(self) -> str:
        (x, y), (width, height) = self.at, self.size
        dash = ' stroke-dasharray="5 4"' if self.dashed else ""
        parts = [
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{FILLS[self.fill]}" stroke="{FAINT}"{dash}/>',
        ]
        lines = self.text.split("\n")
        if self.title:
            at = f'x="{x + width - 12}" text-anchor="end"' if self.right else f'x="{x + 12}"'
            parts.append(f'<text {at} y="{y + 20}" class="title">{escape(self.text)}</text>')
        else:
            first = y + height / 2 - (len(lines) - 1) * 8 + 4
            for number, line in enumerate(lines):
                style = "first" if number == 0 else "more"
                parts.append(f'<text x="{x + width / 2:g}" y="{first + number * 16:g}" class="middle {style}">{escape(line)}</text>')
        return "\n".join(parts)


@dataclass(frozen=True)
class Arrow:
    """From one box's edge to another's, in a straight line, with words beside its middle."""

    start: str
    end: str
    words: str = ""
    dashed: bool = False

    def draw(self, boxes: dict[str, Box]) -> str:
        a, b = boxes[self.start], boxes[self.end]
        start, end = _edge(a, b.centre), _edge(b, a.centre)
        dash = ' stroke-dasharray="5 4"' if self.dashed else ""
        line = f'<line x1="{start[0]:.0f}" y1="{start[1]:.0f}" x2="{end[0]:.0f}" y2="{end[1]:.0f}" class="arrow"{dash}/>'
        if not self.words:
            return line
        x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        # Twice: white and thick below, so that the words can be read where they cross a line.
        return "\n".join(
            [line]
            + [f'<text x="{x:.0f}" y="{y - 5:.0f}" class="middle {style}">{escape(self.words)}</text>' for style in ("halo", "words")]
        )


def _edge(box: Box, towards: tuple[float, float]) -> tuple[float, float]:
    """Where a line from the box's centre to that point leaves the box."""
    x, y = box.centre
    dx, dy = towards[0] - x, towards[1] - y
    scale = min(
        (box.size[0] / 2) / abs(dx) if dx else float("inf"),
        (box.size[1] / 2) / abs(dy) if dy else float("inf"),
    )
    return x + dx * scale, y + dy * scale


STYLE = f"""\
text {{ font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; fill: {INK}; }}
.middle {{ text-anchor: middle; }} .first {{ font-weight: 600; }} .more {{ font-size: 12px; }}
.title {{ font-weight: 600; fill: {FAINT}; }} .words, .halo {{ font-size: 11px; fill: {FAINT}; }}
.halo {{ stroke: #ffffff; stroke-width: 4px; }} .small {{ font-size: 12px; font-weight: 600; }}
.arrow {{ stroke: {INK}; stroke-width: 1.3; marker-end: url(#head); }}"""


def drawing(title: str, size: tuple[int, int], groups: Iterable[Box], boxes: dict[str, Box], arrows: Sequence[Arrow]) -> str:
    body = [box.draw() for box in groups] + [arrow.draw(boxes) for arrow in arrows] + [box.draw() for box in boxes.values()]
    return svg(title, size, body)


def svg(title: str, size: tuple[int, int], body: Iterable[str]) -> str:
    head = '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" width="{size[0]}" height="{size[1]}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            f'<defs>{head}<path d="M0 0 L8 4 L0 8 z" fill="{INK}"/></marker></defs>',
            f'<rect width="{size[0]}" height="{size[1]}" fill="#ffffff"/>',
            *body,
            "</svg>\n",
        ]
    )


def architecture() -> str:
    groups = [
        Box("Your laptop, CI or AWX", (20, 20), (250, 500), "you", title=True),
        Box("AWS", (300, 20), (640, 500), "aws", title=True),
        Box("VPC, two zones", (320, 130), (420, 370), "zone", title=True),
        Box("ECS Fargate, private subnets", (340, 230), (380, 140), "", title=True, right=True),
    ]
    boxes = {
        "playbook": Box("site.yml", (70, 60), (150, 36)),
        "ssm": Box("redash_ssm_secrets", (40, 120), (210, 36)),
        "terraform": Box("redash_terraform", (40, 176), (210, 36)),
        "render": Box("redash_compose_render\nRedash's compose file", (40, 232), (210, 48)),
        "register": Box("redash_ecs_task_definition", (40, 304), (210, 36)),
        "service": Box("redash_ecs_service", (40, 360), (210, 36)),
        "task": Box("redash_ecs_task\nmanage.yml: any command", (40, 440), (210, 48)),
        "people": Box("People", (480, 40), (100, 34)),
        "balancer": Box("Load balancer", (455, 166), (150, 36)),
        "server": Box("server", (352, 270), (80, 36)),
        "scheduler": Box("scheduler", (440, 270), (90, 36)),
        "worker": Box("worker", (538, 270), (80, 36)),
        "oneoff": Box("one-off\ntask", (626, 264), (84, 48), dashed=True),
        "aurora": Box("Aurora PostgreSQL", (340, 420), (150, 44), "data"),
        "redis": Box("ElastiCache", (505, 420), (110, 44), "data"),
        "nat": Box("NAT gateway", (622, 420), (112, 44)),
        "store": Box("Parameter Store\nunder a KMS key", (770, 150), (150, 52), "secret"),
        "logs": Box("CloudWatch\nlogs, alarms", (770, 270), (150, 52)),
        "sources": Box("Data sources", (770, 420), (150, 44), "data"),
    }
    arrows = [
        Arrow("playbook", "ssm"),
        Arrow("ssm", "terraform"),
        Arrow("terraform", "render"),
        Arrow("render", "register"),
        Arrow("register", "service"),
        Arrow("people", "balancer", "HTTPS"),
        Arrow("balancer", "server", "5000"),
        Arrow("server", "aurora"),
        Arrow("worker", "redis"),
        Arrow("worker", "nat"),
        Arrow("nat", "sources"),
        Arrow("store", "oneoff", "secrets, by reference", dashed=True),
        Arrow("oneoff", "logs"),
    ]
    return drawing("How redash.ecs fits together", (960, 540), groups, boxes, arrows)


def queues() -> str:
    groups = [Box("Redis", (330, 20), (190, 330), "zone", title=True)]
    names = ("periodic", "emails", "default", "schemas", "scheduled_queries", "queries")
    boxes = {name: Box(name, (345, 50 + 48 * number), (160, 34), "data") for number, name in enumerate(names)}
    boxes |= {
        "server": Box("server\nanswers people", (60, 200), (160, 52)),
        "scheduler": Box("scheduler\nexactly one", (60, 70), (160, 52)),
        "worker": Box("worker", (640, 90), (200, 44)),
        "scheduled_worker": Box("scheduled_worker", (640, 200), (200, 44)),
        "adhoc_worker": Box("adhoc_worker", (640, 290), (200, 44)),
        "aurora": Box("Aurora\nresults", (900, 190), (110, 60), "data"),
    }
    arrows = [
        Arrow("scheduler", "periodic"),
        Arrow("server", "emails"),
        Arrow("server", "default"),
        Arrow("server", "schemas"),
        Arrow("server", "queries", "Execute"),
        Arrow("periodic", "worker"),
        Arrow("emails", "worker"),
        Arrow("default", "worker"),
        Arrow("schemas", "scheduled_worker"),
        Arrow("scheduled_queries", "scheduled_worker"),
        Arrow("queries", "adhoc_worker"),
        Arrow("worker", "aurora"),
        Arrow("scheduled_worker", "aurora"),
        Arrow("adhoc_worker", "aurora"),
    ]
    return drawing("Redash's queues, and who works on them (split topology)", (1040, 370), groups, boxes, arrows)


def roles() -> str:
    groups = [Box("A task of ECS", (330, 40), (300, 250), "zone", title=True)]
    boxes = {
        "agent": Box("Before a container starts\nECS itself", (350, 80), (260, 60)),
        "container": Box("In the container\nRedash", (350, 200), (260, 60)),
        "execution": Box("Execution role\nalways there", (60, 80), (190, 60), "aws"),
        "task": Box("Task role\nnone, unless you need one", (60, 200), (190, 60), "aws", dashed=True),
        "images": Box("Image", (700, 30), (220, 34)),
        "secrets": Box("Parameters and their key", (700, 84), (220, 34), "secret"),
        "logs": Box("Log streams", (700, 138), (220, 34)),
        "sources": Box("Athena, a shell by ECS Exec", (700, 213), (220, 34), "data"),
    }
    arrows = [
        Arrow("execution", "agent"),
        Arrow("task", "container", dashed=True),
        Arrow("agent", "images", "pulls"),
        Arrow("agent", "secrets", "reads"),
        Arrow("agent", "logs", "opens"),
        Arrow("container", "sources", "signs in", dashed=True),
    ]
    return drawing("The two IAM roles of a task", (940, 310), groups, boxes, arrows)


def dashboard(widgets: Sequence[dict[str, object]]) -> str:
    """A drawing of titles and layout; no numbers, since none were measured."""
    unit, gap = 40, 6
    caption = "A drawing of the dashboard that Terraform makes: its widgets, without measurements"
    body = [f'<text x="12" y="22" class="title">{escape(caption)}</text>']
    bottom = 0
    for widget in widgets:
        x, y, width, height = (int(str(widget[name])) for name in ("x", "y", "width", "height"))
        left, top = x * unit + gap, y * unit * 3 // 4 + 36
        size = width * unit - 2 * gap, height * unit * 3 // 4 - 2 * gap
        bottom = max(bottom, top + size[1] + gap)
        body.append(f'<rect x="{left}" y="{top}" width="{size[0]}" height="{size[1]}" rx="4" fill="#ffffff" stroke="{FAINT}"/>')
        if widget["type"] == "text":
            words = re.sub(r"\*\*|about \d+ USD", lambda found: "about ... USD" if "USD" in found[0] else "", str(widget["title"]))
            body.append(f'<text x="{left + 14}" y="{top + size[1] / 2 + 5:g}">{escape(words)}</text>')
            continue
        title, room = str(widget["title"]), size[0] - 24
        # A letter takes about seven pixels.
        narrow = f' textLength="{room}" lengthAdjust="spacingAndGlyphs"' if 7 * len(title) > room else ""
        body.append(f'<text x="{left + 12}" y="{top + 22}" class="small"{narrow}>{escape(title)}</text>')
        base = top + size[1] - 30
        body.append(f'<line x1="{left + 14}" y1="{base}" x2="{left + size[0] - 14}" y2="{base}" stroke="{FAINT}"/>')
        body.append(f'<line x1="{left + 14}" y1="{top + 36}" x2="{left + 14}" y2="{base}" stroke="{FAINT}"/>')
        labels = widget["labels"]
        assert isinstance(labels, list)
        body.append(f'<text x="{left + 14}" y="{base + 19}" class="more">{escape("   ".join(f"- {label}" for label in labels))}</text>')
    return svg("The CloudWatch dashboard, drawn", (24 * unit, bottom + 6), body)


def widgets(body: str, name: str) -> list[dict[str, object]]:
    """Of a dashboard's JSON what is to be seen and is not one installation's alone."""
    found = []
    for widget in json.loads(body.replace(name, "redash-prod"))["widgets"]:
        properties = widget["properties"]
        metrics = properties.get("metrics", [])
        labels = [next((part.get("label") for part in metric if isinstance(part, dict)), None) for metric in metrics]
        one = {key: widget[key] for key in ("type", "x", "y", "width", "height")}
        one["title"] = properties.get("title") or re.sub(r"about \d+ USD", "about 192 USD", properties["markdown"])
        found.append({**one, "labels": [label for label in labels if label]})
    return found


# --- all of them --------------------------------------------------------------------------------------
def made() -> dict[str, str]:
    """Every picture by its name, of what docs/pictures holds."""
    return {
        "demo.svg": terminal((PICTURES / "demo.txt").read_text(), "make demo"),
        "dashboard.svg": dashboard(json.loads((PICTURES / "dashboard.json").read_text())),
        "architecture.svg": architecture(),
        "queues.svg": queues(),
        "roles.svg": roles(),
    }


def record(folder: Path, said: str, dashboard_body: str, name: str) -> None:
    """Keep what a run has shown, as docs/pictures would keep it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demo.txt").write_text("\n".join(story(said)) + "\n")
    (folder / "dashboard.json").write_text(json.dumps(widgets(dashboard_body, name), indent=1) + "\n")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--record", action="store_true", help="take over what the last end-to-end test has seen")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a picture would be another")
    given = parser.parse_args(arguments)
    if given.record:
        for name in ("demo.txt", "dashboard.json"):
            (PICTURES / name).write_text((RECORDED / name).read_text())
    stale = []
    for name, text in made().items():
        path = PICTURES / name
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if not given.check:
                path.write_text(text)
    if given.check and stale:
        print(f"docs/pictures: {', '.join(stale)} would be another. Run python tools/pictures.py and look at it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
