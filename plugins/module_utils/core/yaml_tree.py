# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML as Compose tools read it, with the line of every key.

Two things differ from ``yaml.safe_load``. Maps and lists know the file and line that they came from, so
that a message can name them. And plain scalars follow the resolvers of the Go libraries: gopkg.in/yaml.v2
for Compose files of version 1 to 3 and for ecs-params.yml (``22:22`` and dates are text, ``y`` is a boolean,
``0o17`` is a number), gopkg.in/yaml.v3 for the Compose Specification (only ``true`` and ``false`` are booleans).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from ansible_collections.redash.ecs.plugins.module_utils.core.errors import Problem, RedashError


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml's parser where it is built in, without PyYAML's own idea of what a scalar means."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        return ""

    # Called around every node. libyaml's composer recurses in C: some ten thousand brackets would crash Python.
    depth = 0

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise RecursionError

    def ascend_resolver(self) -> None:
        self.depth -= 1


# A file of a few kilobytes can stand for billions of values through nested aliases.
MAX_NODES = 200_000
MAX_DEPTH = 100

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
TRUE_AND_FALSE = {text: value for value, word in ((True, "true"), (False, "false")) for text in (word, word.title(), word.upper())}
YES_AND_NO = {
    **TRUE_AND_FALSE,
    **{
        text: value
        for value, words in ((True, ("y", "yes", "on")), (False, ("n", "no", "off")))
        for word in words
        for text in (word, word.title(), word.upper())
    },
}
_FLOATS = {".inf": "inf", "+.inf": "inf", "-.inf": "-inf", ".nan": "nan"}
# yaml.v2 wants a sign in an exponent: ``1e3`` is text.
_FLOAT_V2 = re.compile(r"[-+]?[0-9]*\.?[0-9]+([eE][-+][0-9]+)?")
_FLOAT_V3 = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# Go's ParseInt with base 0.
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")


class Map(dict[str, Any]):
    """A YAML map. ``where(key)`` is ``docker-compose.yml:12``; ``odd`` holds the keys that YAML does not read as text."""

    def __init__(self, source: str, line: int, tag: str = "") -> None:
        super().__init__()
        self.source = source
        self.line = line
        self.tag = tag
        self.lines: dict[str, str] = {}
        self.odd: dict[str, Any] = {}

    def where(self, key: str | None = None) -> str:
        return self.lines.get(key or "", f"{self.source}:{self.line}")

    def put(self, key: str, value: Any, where: str) -> None:
        self[key] = value
        self.lines[key] = where

    def like(self) -> Map:
        """An empty map from the same place."""
        new = Map(self.source, self.line, self.tag)
        new.lines = dict(self.lines)
        new.odd = self.odd
        return new


class Seq(list[Any]):
    """A YAML list. ``where(index)`` is ``docker-compose.yml:12``."""

    def __init__(self, source: str, line: int, tag: str = "") -> None:
        super().__init__()
        self.source = source
        self.line = line
        self.tag = tag
        self.lines: list[str] = []

    def where(self, index: int | None = None) -> str:
        return self.lines[index] if index is not None and index < len(self.lines) else f"{self.source}:{self.line}"

    def put(self, value: Any, where: str) -> None:
        self.append(value)
        self.lines.append(where)

    def like(self) -> Seq:
        return Seq(self.source, self.line, self.tag)


class Reset:
    """Compose's ``!reset``: forget what the files before said about this key."""


RESET = Reset()


class Text(str):
    """A scalar as it is written; ``plain`` when it has no quotes, so that it may also be read as a number."""

    plain: bool = False


def is_reset(value: Any) -> bool:
    return value is RESET or getattr(value, "tag", "") == "!reset"


def where_of(value: Any, default: str = "") -> str:
    """The place of a map or list, else ``default``."""
    return value.where() if isinstance(value, Map | Seq) else default


def resolve(text: str, *, yes_and_no: bool = True) -> Any:
    """What a plain scalar means: None, bool, int, float or str.

    ``yes_and_no`` as yaml.v2 reads it (``y``, ``on`` are booleans), else as yaml.v3.
    """
    if text in NULLS:
        return None
    booleans = YES_AND_NO if yes_and_no else TRUE_AND_FALSE
    if text in booleans:
        return booleans[text]
    if text.lower() in _FLOATS and text[-3:] in ("inf", "Inf", "INF", "nan", "NaN", "NAN"):
        return float(_FLOATS[text.lower()])
    if not text.isascii() or text[0] not in "+-.0123456789":
        return text
    plain = text.replace("_", "")
    match = _INTEGER.fullmatch(plain)
    if match:
        sign, hexadecimal, binary, octal, decimal = match.groups()
        if hexadecimal:
            number = int(hexadecimal, 16)
        elif binary:
            number = int(binary, 2)
        elif octal:
            number = int(octal, 8)
        else:
            # Longer than any 64-bit number: int() would refuse more than 4300 digits with a traceback.
            number = int(decimal) if len(decimal) <= 20 else 1 << 64
        if number < 1 << 64:
            return -number if sign == "-" else number
    float_pattern = _FLOAT_V2 if yes_and_no else _FLOAT_V3
    if float_pattern.fullmatch(plain):
        return float(plain)
    return text


class _Builder:
    def __init__(
        self,
        source: str,
        keep_text: bool,
        yes_and_no: bool,
        on_duplicate: Callable[[tuple[str, ...], str, str], bool],
    ) -> None:
        self.source = source
        self.keep_text = keep_text
        self.yes_and_no = yes_and_no
        self.on_duplicate = on_duplicate
        self.nodes = 0

    def fail(self, node: yaml.Node, what: str, todo: str = "") -> RedashError:
        return RedashError(Problem(what, self.where(node), todo))

    def where(self, node: yaml.Node) -> str:
        return f"{self.source}:{self.line(node)}"

    def line(self, node: yaml.Node) -> int:
        return int(node.start_mark.line) + 1

    def build(self, node: yaml.Node, path: tuple[str, ...] = ()) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise self.fail(node, "the YAML is nested too deeply or repeats itself too often through anchors", "Write it out.")
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if isinstance(node, yaml.SequenceNode):
            seq = Seq(self.source, self.line(node), _own_tag(node))
            for index, item in enumerate(node.value):
                seq.put(self.build(item, (*path, str(index))), self.where(item))
            return seq
        result = Map(self.source, self.line(node), _own_tag(node))
        self.fill(result, node, path)
        return result

    def fill(self, result: Map, node: yaml.Node, path: tuple[str, ...]) -> None:
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.fail(key_node, "a key is a map or a list", "Write a plain word as the key.")
            if key_node.value == "<<" and not key_node.style:
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                continue
            key = key_node.value
            meaning = self.scalar(key_node)
            if not isinstance(meaning, str):
                result.odd[key] = meaning
            value = self.build(value_node, (*path, key))
            if key in result and self.on_duplicate((*path, key), result.where(key), self.where(key_node)):
                _merge_into(result[key], value, path=(*path, key), builder=self)
            else:
                result.put(key, value, self.where(key_node))
        # The map's own keys win over merged ones, an earlier merged map over a later one.
        for source_node in merged:
            if not isinstance(source_node, yaml.MappingNode):
                raise self.fail(source_node, "<< does not name a map", "Point it to an anchor on a map.")
            base = self.build(source_node, (*path, "<<"))
            for key, value in base.items():
                if key not in result:
                    result.put(key, value, base.where(key))
                    if key in base.odd:
                        result.odd[key] = base.odd[key]

    def scalar(self, node: yaml.ScalarNode) -> Any:
        text = node.value
        tag = _own_tag(node)
        if tag == "!reset":
            return RESET
        # libyaml gives plain scalars the style ``""``, PyYAML's own parser ``None``.
        plain = not node.style and not tag
        if self.keep_text:
            if plain and text in NULLS:
                return None
            result = Text(text)
            result.plain = plain
            return result
        if plain or tag in ("!!int", "!!float", "!!bool", "!!null"):
            return resolve(text, yes_and_no=self.yes_and_no)
        return text


def _merge_into(existing: Any, new: Any, path: tuple[str, ...], builder: _Builder) -> None:
    if not isinstance(existing, Map) or not isinstance(new, Map):
        return
    for key, value in new.items():
        both = key in existing and isinstance(existing[key], Map) and isinstance(value, Map)
        if both and builder.on_duplicate((*path, key), existing.where(key), new.where(key)):
            _merge_into(existing[key], value, (*path, key), builder)
        else:
            existing.put(key, value, new.where(key))


def _own_tag(node: yaml.Node) -> str:
    """A tag written in the file (``!reset``, ``!!str``), else an empty string."""
    return str(node.tag or "").replace("tag:yaml.org,2002:", "!!")


def _last_wins(path: tuple[str, ...], first: str, second: str) -> bool:
    return False


def load(
    text: str,
    source: str,
    *,
    keep_text: bool = False,
    yes_and_no: bool = True,
    on_duplicate: Callable[[tuple[str, ...], str, str], bool] = _last_wins,
) -> tuple[Any, bool]:
    """Parse the first YAML document of ``text``; the second value says whether there are more.

    ``source`` is the file's name, for messages. ``keep_text`` leaves scalars as Text, for readers that know
    which type they want. ``on_duplicate`` gets the path of a key that stands twice in a map and both places:
    it returns True to merge the two maps, False to let the last one win, or raises.

    Raises RedashError for anything that is not YAML.
    """
    loader = None
    try:
        loader = _Loader(text)
        if not loader.check_node():
            return None, False
        node = loader.get_node()
        more = loader.check_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{source}:{mark.line + 1}" if mark else source
        raise RedashError(
            Problem(f"not valid YAML: {error.problem or error.context}", where, "Check the indentation and quotes.")
        ) from None
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        raise RedashError(Problem(f"not valid YAML: {error}", source, "Save the file as UTF-8 text.")) from None
    except RecursionError:
        raise RedashError(Problem("the YAML is nested too deeply", source, "Write it flatter.")) from None
    finally:
        if loader is not None:
            loader.dispose()
    builder = _Builder(source, keep_text, yes_and_no, on_duplicate)
    return builder.build(node), more
