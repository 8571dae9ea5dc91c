"""The capstone of a chapter: the skeleton of a whole level, made from its tested source so that it cannot go stale.

A skeleton keeps a module's docstring, imports, constants, public classes and functions with their signatures and
docstrings. Every body is replaced by `raise NotImplementedError`, save where there is nothing to write: an abstract method
is a docstring and stays one. Private helpers are left out: how to cut the work up is the learner's own decision.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from rungs.level.files import modules_to_write, unproved
from utils.chapters import Chapter
from utils.parity.reach import has_body, is_public


def _shapes(lines: list[str], node: ast.FunctionDef) -> list[str]:
    """The shape comments behind `return` lines: "(B, C, H, W)"."""
    found = []
    for child in ast.walk(node):
        if isinstance(child, ast.Return) and child.value is not None:
            comment = re.search(r"#.*(\([^()]*\))$", lines[child.end_lineno - 1].rstrip() if child.end_lineno else "")
            if comment:
                found.append(comment[1])
    return found


class _Skeleton:
    def __init__(self, source: str, left_out: Collection[str]) -> None:
        self.left_out = left_out
        self.lines = source.splitlines()
        self.tree = ast.parse(source)
        self.defined = {node.name for node in self.tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        self.out: list[str] = []

    def text(self, first: int, last: int) -> list[str]:
        """Lines first to last, counted from 1, without the markers of sections."""
        return [line for line in self.lines[first - 1 : last] if "--8<--" not in line]

    def make(self) -> str:
        for node in self.tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in self.left_out:
                continue
            if isinstance(node, ast.FunctionDef):
                if is_public(node.name):
                    self.gap(2)
                    self.function(node, "", node.name)
            elif isinstance(node, ast.ClassDef):
                if is_public(node.name):
                    self.gap(2)
                    self.klass(node)
            elif isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
                continue
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                self.constant(node)
            else:
                self.gap(0 if self.lines[node.lineno - 2].strip() else 1)
                self.out += self.text(node.lineno, node.end_lineno or node.lineno)
        return "\n".join(self.out).strip() + "\n"

    def gap(self, count: int) -> None:
        while self.out and not self.out[-1]:
            self.out.pop()
        if self.out:
            self.out += [""] * count

    def constant(self, node: ast.Assign | ast.AnnAssign) -> None:
        """A constant stays, unless its value is computed by a function that the learner has yet to write."""
        target = ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        calls = {c.func.id for c in ast.walk(node) if isinstance(c, ast.Call) and isinstance(c.func, ast.Name)}
        used = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
        if not is_public(target):
            return
        self.gap(1)
        if calls & self.defined or {name for name in used & self.defined if not is_public(name)}:
            self.out.append(f"{target} = None  # to be computed: see where it is used")
        else:
            self.out += self.text(node.lineno, node.end_lineno or node.lineno)

    def klass(self, node: ast.ClassDef) -> None:
        """A private base class is taken apart: its public members become members of the class itself."""
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        body = node.body
        if body[0].lineno == node.lineno:  # class Error(ValueError): ...
            self.out += self.text(first, node.lineno)
            return
        private = [base for base in node.bases if isinstance(base, ast.Name) and not is_public(base.id)]
        kept = [ast.unparse(base) for base in [*node.bases, *node.keywords] if base not in private]
        if private:
            self.out += self.text(first, node.lineno - 1)
            self.out.append(f"class {node.name}({', '.join(kept)}):" if kept else f"class {node.name}:")
        else:
            header = self.text(first, body[0].lineno - 1)
            while not header[-1].split("#")[0].rstrip().endswith(":"):
                header.pop()  # what stands before the first member belongs to it
            self.out += header
        before = len(self.out)
        self.members(node, node, private)
        if len(self.out) == before:
            self.out.append("    pass")

    def members(self, node: ast.ClassDef, owner: ast.ClassDef, private: list[ast.Name]) -> None:
        """What stands in `node`, as members of `owner`, then what `node` inherits from private classes of the module."""
        own = {child.name for child in owner.body if isinstance(child, ast.FunctionDef)}
        for child in node.body:
            if isinstance(child, ast.FunctionDef):
                written = f"{owner.name}.{child.name}" not in self.left_out
                if written and is_public(child.name) and (node is owner or child.name not in own):
                    self.gap(1)
                    self.function(child, " " * child.col_offset, f"{owner.name}.{child.name}")
            elif node is owner or not isinstance(child, ast.Expr):  # a private class's docstring speaks of that class
                self.out += self.text(child.lineno, child.end_lineno or child.lineno)
        for base in private:
            for parent in self.tree.body:
                if isinstance(parent, ast.ClassDef) and parent.name == base.id:
                    inner = [b for b in parent.bases if isinstance(b, ast.Name) and not is_public(b.id)]
                    self.members(parent, owner, inner)

    def function(self, node: ast.FunctionDef, indent: str, title: str) -> None:
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        body = node.body
        documented = ast.get_docstring(node) is not None
        if not has_body(node):  # nothing to write
            self.out += self.text(first, node.end_lineno or node.lineno)
            return
        # The signature ends with the last line before the body; comments between the two belong to the body.
        last = body[0].lineno - 1 if body[0].lineno > node.lineno else node.lineno
        signature = self.text(first, last)
        if body[0].lineno == node.lineno:
            signature[-1] = signature[-1][: body[0].col_offset].rstrip()
        while not signature[-1].split("#")[0].rstrip().endswith(":"):
            signature.pop()
        self.out += signature
        if documented:
            self.out += self.text(body[0].lineno, body[0].end_lineno or body[0].lineno)
        shapes = _shapes(self.lines, node)
        if shapes:
            self.out.append(f"{indent}    # returns {' or '.join(dict.fromkeys(shapes))}")
        self.out.append(f"{indent}    raise NotImplementedError({title!r})".replace("'", '"'))


def make_skeleton(source: str, left_out: Collection[str] = ()) -> str:
    """The skeleton of a module's source.

    Args:
        left_out: functions, classes and methods ("Class.method") that the learner does not write.

    Returns: source that imports, whose every public function and method raises NotImplementedError with its own name.
    """
    return _Skeleton(source, left_out).make()


def briefing(chapter: Chapter, level: str, module: str) -> str:
    """What the suite will ask of a module, as comments for its skeleton: parameters with shapes, activations, layers."""
    import numpy as np

    from utils.ladder import load_ladders

    lines = []
    for ladder in load_ladders(chapter.id).values():
        if ladder.modules.get(level) != module:
            continue
        lines += ["#", f"# {ladder.name}: parameters, with the names and shapes that every level uses"]
        params = ladder.init(np.random.default_rng(0))
        lines += [f"#     {name:28} {value.shape}" for name, value in params.items()]
        lines += ["# (the sizes are those of the suite's small model)"]
        if ladder.activations:
            lines.append(f"# activations that are compared, in order: {', '.join(ladder.activations)}")
        if level == "numpy" and ladder.layers:
            lines.append(f"# layers that are checked alone: {', '.join(case.name for case in ladder.layers)}")
    return "\n".join(lines) + "\n" if lines else ""


def capstone_files(chapter: Chapter, level: str) -> dict[str, str]:
    """The files of a capstone: name -> text."""
    files, excused = {}, unproved(chapter)
    for name, path in modules_to_write(chapter, level).items():
        left_out = {full.removeprefix(f"{name}.") for full in excused if full.startswith(f"{name}.")}
        head = (
            f"# The {level} level of chapter {chapter.id}, {chapter.title}: yours to write.\n"
            f"#     rungs verify {chapter.id} --mine --level {level}      runs the equality suite on it\n"
            "# What raises NotImplementedError counts as not written yet; the rest is checked. Without this file, the tested\n"
            "# one takes its place.\n"
        )
        skeleton = make_skeleton(path.read_text(encoding="utf-8"), left_out)
        skeleton = skeleton.replace("../theory.md", f"{chapter.folder}/theory.md")
        files[f"{name}.py"] = f"{head}{briefing(chapter, level, name)}\n{skeleton}"
    return files
