# Copyright (c) 2026 The redash.ecs authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Small faults put into a Python file on purpose: each is one function, or one table, with one thing changed.

The operators are mutmut's. Some are added, because mutmut has none for them: an operand left out of ``and`` and ``or``, a
condition turned round, a statement left out, a row left out of a table. Strings with a space in them are prose and stay as
they are: a test that holds every word of a message finds no fault, it only makes better words harder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

OPERATORS = [
    (kind, operator)
    for kind, operator in mutators.mutation_operators
    if operator not in (mutators.operator_string, mutators.operator_arg_removal)
]


@dataclass(frozen=True)
class Mutant:
    """One fault.

    ``place``   ``core/stopped.py``, the path below plugins/module_utils
    ``owner``   the function (``explain``), the method (``Stopped.as_dict``) or the table (``REASONS``) that it is in
    ``line``    of the original
    ``before``, ``after``  the changed piece of code, in one line
    ``source``  of a module with the changed function alone; of the whole module for a table
    """

    place: str
    owner: str
    line: int
    before: str
    after: str
    source: str
    table: bool = False

    @property
    def name(self) -> str:
        """What names it in survivors.md: stays the same when lines move."""
        return f"{self.place} {self.owner}: `{self.before}` -> `{self.after}`"


def _alike(left: str, right: str) -> int:
    """How many characters two texts have in common at their beginning."""
    return next((at for at, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), min(len(left), len(right)))


def told(before: str, after: str) -> tuple[str, str]:
    """Both in one line each; of long ones what differs, with a little around it."""
    left, right = (" ".join(code.split()).replace("`", "'") for code in (before, after))
    if max(len(left), len(right)) <= 100:
        return left, right
    start = _alike(left, right)
    end = _alike(left[:start:-1], right[:start:-1])
    first = max(0, start - 50)

    def piece(line: str) -> str:
        last = min(len(line), len(line) - end + 25)
        return f"{'...' if first else ''}{line[first:last]}{'...' if last < len(line) else ''}"

    return piece(left), piece(right)


class _Nodes(cst.CSTVisitor):
    """The nodes of a function or a table that can be changed: no annotation, no decorator, no documentation."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator):
            return False
        if isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString | cst.ConcatenatedString):
            return False
        if isinstance(node, cst.Raise) and node.exc is not None and cst.Module([]).code_for_node(node.exc).startswith("AssertionError"):
            return False  # what can't happen, said to the type checker
        self.nodes.append(node)
        return True


def _strings(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.SimpleString) and " " not in node.raw_value:
        yield node.with_changes(value=f"{node.prefix}{node.quote}XX{node.raw_value}XX{node.quote}")


def _arguments(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """An argument left out; one without a name also as None. mutmut does both to all, which is twice the same for most."""
    if not isinstance(node, cst.Call):
        return
    for index, argument in enumerate(node.args):
        left = [*node.args[:index], *node.args[index + 1 :]]
        if argument.keyword is not None or argument.star:
            yield node.with_changes(args=left)
        elif not isinstance(argument.value, cst.Name) or argument.value.value != "None":
            yield node.with_changes(args=[*node.args[:index], argument.with_changes(value=cst.Name("None")), *node.args[index + 1 :]])
            if len(node.args) > 1:
                yield node.with_changes(args=left)


def _operands(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.BooleanOperation):
        for operand in (node.left, node.right):
            yield operand.with_changes(lpar=[cst.LeftParen(), *operand.lpar], rpar=[*operand.rpar, cst.RightParen()])


def _conditions(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A condition that no other operator changes is turned round."""
    if not isinstance(node, cst.If | cst.While | cst.IfExp | cst.CompIf):
        return
    if isinstance(node.test, cst.Comparison | cst.BooleanOperation | cst.UnaryOperation):
        return
    inner = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    turned = cst.UnaryOperation(cst.Not(), inner)
    yield node.with_changes(test=turned)


def _statements(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.Raise) or (isinstance(node, cst.Expr) and isinstance(node.value, cst.Call | cst.Yield)):
        yield cst.Pass()
    if isinstance(node, cst.Return) and node.value is not None and not isinstance(node.value, cst.Name | cst.Integer):
        yield node.with_changes(value=cst.Name("None"))


def _rows(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if not isinstance(node, cst.Tuple | cst.List | cst.Set | cst.Dict):
        return
    for index in range(len(node.elements)):
        left = [element.with_changes(comma=cst.Comma()) for at, element in enumerate(node.elements) if at != index]
        if left or not isinstance(node, cst.Set | cst.Tuple):
            yield node.with_changes(elements=left)


def _changed(node: cst.CSTNode, *, table: bool) -> Iterator[cst.CSTNode]:
    for kind, operator in OPERATORS:
        if isinstance(node, kind):
            yield from operator(node)
    for added in (_strings, _arguments, _operands, _conditions, _statements, *((_rows,) if table else ())):
        yield from added(node)


def _with_owner(function: cst.FunctionDef, owner: str) -> cst.Module:
    body: cst.BaseStatement = function.with_changes(decorators=[], leading_lines=[])
    if owner:
        body = cst.ClassDef(cst.Name(owner), cst.IndentedBlock([body]))
    return cst.Module([cst.parse_statement("from __future__ import annotations\n"), body])


def _places(module: cst.Module) -> Iterator[tuple[str, cst.CSTNode, str]]:
    """Name, node and class of everything that can be changed."""
    for statement in module.body:
        if isinstance(statement, cst.FunctionDef):
            yield statement.name.value, statement, ""
        elif isinstance(statement, cst.ClassDef):
            for inner in statement.body.body:
                if isinstance(inner, cst.FunctionDef):
                    yield f"{statement.name.value}.{inner.name.value}", inner, statement.name.value
        elif isinstance(statement, cst.SimpleStatementLine):
            for small in statement.body:
                target = small.targets[0].target if isinstance(small, cst.Assign) else getattr(small, "target", None)
                if isinstance(small.value if isinstance(small, cst.Assign | cst.AnnAssign) else None, cst.Subscript):
                    continue  # a type's other name
                if isinstance(small, cst.Assign | cst.AnnAssign) and isinstance(target, cst.Name) and target.value != "__all__":
                    yield target.value, small, ""


def mutants(place: str, path: Path) -> Iterable[Mutant]:
    """Every mutant of the file at ``path``, in the order of its lines; two that are the same program are one."""
    text = path.read_text()
    module = cst.parse_module(text)
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    seen = {text}
    for name, root, owner in _places(module):
        table = not isinstance(root, cst.FunctionDef)
        visitor = _Nodes()
        root.visit(visitor)
        for node in visitor.nodes:
            if table and node is root:
                continue  # a table that is None tells nothing
            for new in _changed(node, table=table):
                changed = new if node is root else root.deep_replace(node, new)
                if table:
                    source = module.deep_replace(root, changed).code
                else:
                    if not isinstance(changed, cst.FunctionDef):
                        continue
                    source = _with_owner(changed, owner).code
                if source in seen:
                    continue
                seen.add(source)
                try:
                    compile(source, place, "exec")
                except SyntaxError:
                    continue
                before, after = module.code_for_node(node), module.code_for_node(new)
                if isinstance(node, cst.If | cst.While) and isinstance(new, cst.If | cst.While):
                    before, after = module.code_for_node(node.test), module.code_for_node(new.test)
                yield Mutant(place, name, positions[node].start.line, *told(before, after), source, table)
