"""Plausible changes of a solution's source: each a wrong answer that a checker must refuse."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator
from typing import NamedTuple

OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
WORDS = {"max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum", "sum": "mean", "mean": "sum"}
"""Functions and methods that are taken for one another."""


class Change(NamedTuple):
    """One changed solution."""

    name: str  # "ridge_fit: `x.mean(axis=0)` -> `x.mean(axis=1)`": under which exercise.toml may allow it
    source: str


def source_changes(source: str, functions: Iterable[str]) -> list[Change]:
    """Every single change of the functions' bodies.

    Args:
        functions: names of functions and methods ("Linear.backward").
    """
    tree = ast.parse(source)
    found: dict[str, str] = {}
    wanted = set(functions)
    for name, body in bodies(tree).items():
        if name not in wanted:
            continue
        for node, field, place, new in _edits(body):
            old = getattr(node, field)
            before = old if place is None else old[place]
            _put(node, field, place, new)
            text = ast.unparse(ast.fix_missing_locations(tree))
            _put(node, field, place, before)
            label = f"{name}: {_name(before, new)}"
            number = 2
            while label in found:  # the same words once more in this function
                label = f"{name}: {_name(before, new)} ({number})"
                number += 1
            found[label] = text
    original = ast.unparse(tree)
    return [Change(name, text) for name, text in found.items() if text != original]


def bodies(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """Functions and methods by name."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{child.name}": child for child in node.body if isinstance(child, ast.FunctionDef)}
    return found


Edit = tuple[ast.AST, str, int | None, ast.AST]
"""A node, its field, the place in the field if it is a list, and what comes there."""


def _put(node: ast.AST, field: str, place: int | None, new: ast.AST) -> None:
    if place is None:
        setattr(node, field, new)
    else:
        getattr(node, field)[place] = new


def _name(before: ast.AST, new: ast.AST) -> str:
    def short(node: ast.AST) -> str:
        text = " ".join(ast.unparse(ast.fix_missing_locations(node)).split())
        return text if len(text) <= 60 else text[:57] + "..."

    return f"`{short(before)}` -> `{short(new)}`"


def _edits(function: ast.FunctionDef) -> Iterator[Edit]:
    for place, statement in enumerate(function.body):
        yield from _within(statement, "body", place, function)


def _within(node: ast.AST, field: str, place: int | None, parent: ast.AST) -> Iterator[Edit]:
    """The edits of a node and of all below it."""
    skipped = isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )
    if skipped:  # messages, what the type checker needs, docstrings
        return
    for new in _replacements(node):
        yield parent, field, place, new
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "ctx", "op", "ops"):
            continue
        if isinstance(value, list):
            for i, child in enumerate(value):
                if isinstance(child, ast.AST):
                    yield from _within(child, name, i, node)
        elif isinstance(value, ast.AST):
            yield from _within(value, name, None, node)


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    """What may come in the place of one node."""
    match node:
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            yield _with(node, op=OPERATORS[type(op)]())
        case ast.BoolOp(op=op):
            yield _with(node, op=OPERATORS[type(op)]())
        case ast.Compare(ops=[op]) if type(op) in OPERATORS:
            yield _with(node, ops=[OPERATORS[type(op)]()])
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=float(value)):
            yield ast.Constant(2 * value or 1.0)
        case ast.Attribute(attr="T", value=value):
            yield value
        case ast.Call():
            yield from _calls(node)
        case ast.AugAssign(target=target, value=value):
            yield ast.Assign(targets=[copy.deepcopy(target)], value=value, lineno=node.lineno)
        case ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.If() if not node.orelse:
            yield _with(node, test=ast.Constant(False))
        case ast.IfExp(body=body, orelse=orelse):
            yield body
            yield orelse


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    """Another axis, a dropped keyword, a copy left out, one word for another, a clipped exponent."""
    for i, keyword in enumerate(node.keywords):
        if keyword.arg is None:
            continue
        others = node.keywords[:i] + node.keywords[i + 1 :]
        yield _with(node, keywords=others)
        if keyword.arg in ("axis", "dim") and (axis := _number(keyword.value)) is not None:
            other = {0: 1, 1: 0, -1: -2, -2: -1}.get(axis, 0)
            yield _with(node, keywords=[*others, ast.keyword(keyword.arg, ast.Constant(other))])
    if isinstance(node.func, ast.Attribute):
        word, owner = node.func.attr, node.func.value
        if word in WORDS:
            yield _with(node, func=ast.Attribute(owner, WORDS[word], ast.Load()))
        if word in ("copy", "clone", "detach", "contiguous") and not node.args:
            yield owner
        if word == "exp" and isinstance(owner, ast.Name) and owner.id == "np":
            clipped = ast.parse(f"np.exp(np.minimum({ast.unparse(node.args[0])}, 30.0))", mode="eval").body
            yield clipped


def _number(node: ast.AST) -> int | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return value if isinstance(value, int) else None


def _with(node: ast.AST, **fields) -> ast.AST:
    """The node with other fields; the original stays as it is."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new
