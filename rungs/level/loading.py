"""Load the learner's modules under the names of ours, so that they find each other and ours find them.

What a learner's module lacks of ours raises NotImplementedError when it is used, and is reported as not written yet.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from rungs.level.files import level_modules
from utils.chapters import Chapter


def _names(source: str) -> list[str]:
    """Public functions and classes of a module."""
    tree = ast.parse(source)
    return [n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith("_")]


def _missing(name: str) -> type:
    """Stands in for what is not written yet; it raises when it is called, and may be subclassed."""

    def new(cls: type, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{name} is not there yet")

    return type(name, (), {"__new__": new})


class _Loader(SourceFileLoader):
    """Loads a learner's module, and fills in what it lacks of ours."""

    def __init__(self, name: str, path: str, ours: Path | None) -> None:
        super().__init__(name, path)
        self.ours = ours

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        for name in _names(self.ours.read_text(encoding="utf-8")) if self.ours else []:
            if not hasattr(module, name):
                setattr(module, name, _missing(name))

    def get_code(self, fullname: str) -> Any:
        """Always from the source: no __pycache__ in the learner's folder."""
        return compile(Path(self.path).read_bytes(), self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, files: Mapping[str, Path], ours: Mapping[str, Path]) -> None:
        self.files, self.ours = files, ours

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname not in self.files:
            return None
        file = str(self.files[fullname])
        loader = _Loader(fullname, file, self.ours.get(fullname))
        return importlib.util.spec_from_file_location(fullname, file, loader=loader)


@contextmanager
def _learners_modules(files: Mapping[str, Path], ours: Mapping[str, Path]) -> Iterator[None]:
    """While the block runs, imports of the level's modules find the learner's; afterwards ours are back."""
    held = {name: sys.modules.pop(name) for name in ours if name in sys.modules}
    finder = _Finder(files, ours)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in {*ours, *files}:
            sys.modules.pop(name, None)
        sys.modules.update(held)


def load_level(module: str, files: Mapping[str, Path], chapter: Chapter, level: str) -> ModuleType:
    """The module called `module`, the learner's or ours, in which every import of the level's modules found the learner's."""
    with _learners_modules(files, level_modules(chapter, level)):
        return importlib.import_module(module)


def uses(module: str, files: Mapping[str, Path], ours: Mapping[str, Path], seen: frozenset[str] = frozenset()) -> bool:
    """Whether a module is the learner's, or imports one that is."""
    if module in files:
        return True
    if module not in ours or module in seen:
        return False
    tree = ast.parse(ours[module].read_text(encoding="utf-8"))
    imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
    imported |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    return any(uses(name, files, ours, seen | {module}) for name in imported)
