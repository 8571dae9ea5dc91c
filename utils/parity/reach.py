"""Which functions of a level the proofs run: green must not be claimed for code that never ran."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from utils.parity.stand_in import StandIn

MARK = "__reached__"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def public_functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """The public functions and methods of a module with something to do: ("Linear.forward", node).

    Left out: a body that is a docstring or `...` alone, and what a private class or function holds.
    """
    for node in tree.body:
        if isinstance(node, Function) and is_public(node.name) and has_body(node):
            yield node.name, node
        elif isinstance(node, ast.ClassDef) and is_public(node.name):
            for member in node.body:
                if isinstance(member, Function) and is_public(member.name) and has_body(member):
                    yield f"{node.name}.{member.name}", member


def has_body(node: Function) -> bool:
    documented = ast.get_docstring(node) is not None
    return [ast.unparse(statement) for statement in node.body[documented:]] not in ([], ["..."])


class Reach:
    """Notes the public functions of a level's modules that run, as "linear_numpy.Linear.forward".

    `blank` names one that raises NotImplementedError in place of running: what the proofs make of it shows whether they
    depend on it.
    """

    def __init__(self) -> None:
        self.ran: set[str] = set()
        self.blank = ""

    def stand_in(self, level: str, sources: Mapping[str, Path] | None = None, **options: Any) -> StandIn:
        """The level, with every public function saying that it runs. Lines keep their numbers."""
        prepare = options.pop("prepare", lambda module, when: None)

        def before(module: ModuleType, when: str) -> None:
            if when == "before":
                module.__dict__[MARK] = self.enter
            prepare(module, when)

        return StandIn(level, sources, change=_marked, prepare=before, **options)

    def enter(self, name: str) -> None:
        self.ran.add(name)
        if name == self.blank:
            raise NotImplementedError(name.partition(".")[2])


def _marked(module: str, tree: ast.Module) -> ast.Module:
    """The tree in which each public function first calls `__reached__("module.Class.method")`."""
    for name, node in public_functions(tree):
        call = ast.parse(f"{MARK}({f'{module}.{name}'!r})").body[0]
        first = int(ast.get_docstring(node) is not None)
        for part in ast.walk(call):
            ast.copy_location(part, node.body[first])
        node.body.insert(first, call)
    return tree
