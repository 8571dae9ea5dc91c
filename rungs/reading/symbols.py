"""Where a symbol stands: its source by its dotted name, found and parsed, never imported, so that it comes at once."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A class, function or module-level name as it stands in a file."""

    file: Path
    line: int  # its first line, decorators included
    text: str
    name: str  # "Block.forward": within its file


def find(symbol: str) -> Source | None:
    """The source of "timm.models.resnet.BasicBlock.forward": the longest path to a file, then names within it."""
    module, names = module_of(symbol)
    if module is None:
        return None
    try:
        text, tree = _parsed(module, module.stat().st_mtime_ns)
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None
    body: Iterable[ast.stmt] = tree.body
    node: ast.stmt | None = None
    for name in names:
        node = next((n for n in _statements(body) if name in names_defined(n)), None)
        if node is None:
            return None
        body = node.body if isinstance(node, ast.ClassDef) else ()
    if node is None:
        return Source(module, 1, text, "")
    return Source(module, first_line(node), source_of(node, text), ".".join(names))


def module_of(symbol: str) -> tuple[Path | None, list[str]]:
    """The file of the longest module on the way, and the names that are left. Nothing of a package is executed."""
    top, *rest = symbol.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None, [top, *rest]
    file = Path(spec.origin)
    while rest and file.name == "__init__.py":
        folder, name = file.parent, rest[0]
        if (folder / f"{name}.py").is_file():
            file = folder / f"{name}.py"
        elif (folder / name / "__init__.py").is_file():
            file = folder / name / "__init__.py"
        else:
            break
        rest = rest[1:]
    return file, rest


@lru_cache(maxsize=64)
def _parsed(file: Path, _changed: int) -> tuple[str, ast.Module]:
    text = file.read_text(encoding="utf-8")
    return text, ast.parse(text)


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body, those under `if` and `try` too."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            yield from _statements(node.body)
            yield from _statements(node.orelse)


def first_line(node: ast.stmt) -> int:
    """The number of a statement's first line, decorators included."""
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])


def source_of(node: ast.stmt, text: str) -> str:
    """The whole lines of a statement in the source that it was parsed from, decorators included."""
    return "".join(text.splitlines(keepends=True)[first_line(node) - 1 : node.end_lineno])


def names_defined(node: ast.stmt) -> list[str]:
    """The names that a statement defines."""
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def fingerprint(source: str) -> str:
    """SHA-256 of the code: without comments, docstrings, blank lines, trailing blanks and common indentation."""
    source = textwrap.dedent(source)
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(
            node, clean=False
        ):
            text = node.body[0]
            lines[text.lineno - 1 : text.end_lineno] = [""] * ((text.end_lineno or text.lineno) - text.lineno + 1)
    code = "\n".join(line.rstrip() for line in lines if line.strip())
    return hashlib.sha256(code.encode()).hexdigest()
