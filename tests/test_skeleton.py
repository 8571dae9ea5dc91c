"""The skeleton of a level: made from the tested source, importable, complete, and without the answer."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType

import pytest

from rungs.level.files import SUFFIX, level_modules
from rungs.level.skeleton import capstone_files, make_skeleton
from utils.chapters import find_chapter, written_chapters

MODULES = [path for c in written_chapters() for level in SUFFIX for path in level_modules(c, level).values()]

SOURCE = '''"""A module."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

SIZE = 3  # kept
CODES = _codes()
TABLE = build(SIZE)


# --8<-- [start:layer]
class Layer:
    """A layer.

    x: (B, in)
    """

    KIND = "dense"  # a class attribute

    def __init__(self, size: int) -> None:
        self.params = {"weight": secret()}

    def forward(self, x):
        """x: (B, in). Returns: (B, out)"""
        y = x @ self.params["weight"].T
        return y + 1  # (B, out)

    @property
    def area(self) -> int: return 3

    @staticmethod
    def helper(
        a: int,  # a comment within
        b: int = 2,
    ) -> int:
        # a comment of the body
        return a * b

    def zero_grads(self) -> None: ...

    def _private(self):
        return "secret"


# --8<-- [end:layer]


@dataclass(frozen=True)
class Config:
    size: int = 3


class _Base(dict):
    """Of the base."""

    def forward(self):
        """Runs."""
        return secret()

    def size(self):
        return secret()


class Derived(_Base):
    """Derived."""

    def size(self):
        """Its own."""
        return 3


class Shape(ABC):
    """A shape."""

    @abstractmethod
    def corners(self):
        """How many."""

    def angle(self):
        """The mean one."""
        return secret(self.corners())


class Square(Shape):
    """A square."""

    def corners(self):
        return 4


class Wrong(ValueError):
    """It went wrong."""


class Short(ValueError): ...


def build(n):
    def inner():
        return n
    return inner()


def _codes():
    return [1]


if __name__ == "__main__":
    build(3)
'''


def test_skeleton_of_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    text = make_skeleton(SOURCE)
    module = ModuleType("sample")
    monkeypatch.setitem(sys.modules, "sample", module)  # dataclasses look their module up
    exec(compile(text, "sample", "exec"), module.__dict__)
    for gone in (
        "secret",
        "_private",
        "_Base",
        "Of the base",
        "_codes",
        "--8<--",
        "__main__",
        "a comment of the body",
        "inner",
    ):
        assert gone not in text, gone
    for kept in (
        "SIZE = 3  # kept",
        "CODES = None",
        "TABLE = None",
        'KIND = "dense"',
        "# a comment within",
        "x: (B, in)",
        "(B, out)",
    ):
        assert kept in text, kept
    layer = object.__new__(module.Layer)
    for call, name in [
        (lambda: module.Layer(3), "Layer.__init__"),
        (lambda: layer.forward(1), "Layer.forward"),
        (lambda: layer.area, "Layer.area"),
        (lambda: module.Layer.helper(1), "Layer.helper"),
        (lambda: module.build(1), "build"),
        (lambda: module.Derived().forward(), "Derived.forward"),
        (lambda: module.Derived().size(), "Derived.size"),
        (lambda: module.Square().corners(), "Square.corners"),
        (lambda: module.Square().angle(), "Shape.angle"),
    ]:
        with pytest.raises(NotImplementedError, match=f"^{name}$"):
            call()
    assert layer.zero_grads() is None
    assert module.Shape.__abstractmethods__ == {"corners"}  # a declaration: nothing to write
    assert "Shape.corners" not in text
    assert module.Config(5).size == 5
    assert issubclass(module.Wrong, ValueError)
    assert issubclass(module.Short, ValueError)
    assert "# returns (B, out)" in text


def test_what_is_left_out_is_not_in_the_skeleton() -> None:
    text = make_skeleton(SOURCE, {"build", "Layer.helper", "Square"})
    assert "def build" not in text
    assert "helper" not in text
    assert "class Square" not in text
    assert "def forward" in text


@pytest.mark.parametrize("path", MODULES, ids=[path.stem for path in MODULES])
def test_skeleton_of_every_level_is_complete_and_holds_no_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = path.read_text(encoding="utf-8")
    text = make_skeleton(source)
    module = ModuleType(f"skeleton_of_{path.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(text, str(path), "exec"), module.__dict__)
    ours, skeleton = _surface(ast.parse(source)), _surface(ast.parse(text))
    assert skeleton.keys() >= ours.keys()
    for name, node in skeleton.items():
        if name not in ours:  # inherited from a private class
            assert "NotImplementedError" in ast.unparse(node.body[-1])
            continue
        assert ast.unparse(node.args) == ast.unparse(ours[name].args)
        assert ast.get_docstring(node) == ast.get_docstring(ours[name])
        last = ast.unparse(node.body[-1])
        assert last == f"raise NotImplementedError('{name}')" or ast.unparse(node) == ast.unparse(ours[name]), name
        assert len(node.body) <= 2


def _surface(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for child in node.body:
                if isinstance(child, ast.FunctionDef) and (
                    not child.name.startswith("_") or child.name.startswith("__")
                ):
                    found[f"{node.name}.{child.name}"] = child
    return found


def test_every_signature_is_documented_somewhere() -> None:
    """A skeleton can be written from only where its classes say what they are."""
    missing = []
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
                missing.append(f"{path.stem}.{node.name}")
    assert missing == []


def test_a_capstone_names_the_theory_from_where_the_learner_stands() -> None:
    text = "".join(capstone_files(find_chapter("01"), "numpy").values())
    assert "`01_Linear_Logistic/theory.md`" in text
    assert "../theory.md" not in text
