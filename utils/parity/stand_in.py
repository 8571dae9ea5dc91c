"""A level with some of its modules taken from elsewhere: a learner's files, or ours with a change to their source.

Ours stay loaded beside it. Whatever of that level imports a changed module, in any chapter, is loaded anew, so that the
change reaches it; the rest of the project is shared.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any


class StandIn:
    """A `Load` for one level; names of other levels give ours.

    Args:
        level: "numpy", "pytorch_lowlevel" or "paper".
        sources: module -> the file that it comes from.
        change: (module, syntax tree) -> the tree that is run in its place; for every module of the level.
        changes: the modules that `change` is for, where not all.
        prepare: called with a module before and after its source has run ("before", "after").
    """

    def __init__(
        self,
        level: str,
        sources: Mapping[str, Path] | None = None,
        *,
        change: Callable[[str, ast.Module], ast.Module] = lambda module, tree: tree,
        changes: Collection[str] | None = None,
        prepare: Callable[[ModuleType, str], None] = lambda module, when: None,
    ) -> None:
        self.level, self.sources, self.change, self.prepare = level, dict(sources or {}), change, prepare
        self.changes = changes
        self.loaded: dict[str, ModuleType] = {}

    def __call__(self, name: str) -> ModuleType:
        if name in self.loaded:
            return self.loaded[name]
        if self.find_spec(name) is None:
            return importlib.import_module(name)
        with self._apart():
            return importlib.import_module(name)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The hook of the import system: modules of this level come from `sources`, or from their own file, changed."""
        file = self.sources.get(name) or _file_of(name, self.level)
        if file is None:
            return None
        return importlib.util.spec_from_file_location(name, str(file), loader=_Loader(name, str(file), self))

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """While it lasts, imports of this level's modules find the stand-in's; afterwards ours are back."""
        finder: Any = self
        held = self._take_out()
        sys.modules.update(self.loaded)
        sys.meta_path.insert(0, finder)
        try:
            yield
            self.loaded.update(self._of_level())
        finally:
            sys.meta_path.remove(finder)
            self._take_out()
            sys.modules.update(held)

    def _of_level(self) -> dict[str, ModuleType]:
        names = {*self.sources, *_names_of(self.level)}
        return {name: sys.modules[name] for name in names if name in sys.modules}

    def _take_out(self) -> dict[str, ModuleType]:
        found = self._of_level()
        for name in found:
            del sys.modules[name]
        return found


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, stand_in: StandIn) -> None:
        super().__init__(name, path)
        self.stand_in = stand_in

    def exec_module(self, module: ModuleType) -> None:
        self.stand_in.prepare(module, "before")
        super().exec_module(module)
        self.stand_in.prepare(module, "after")

    def get_code(self, fullname: str) -> Any:
        """From the source: there is no __pycache__ in a learner's folder, and none of a changed module."""
        changes = self.stand_in.changes
        if changes is not None and fullname not in {*changes, *self.stand_in.sources}:
            return super().get_code(fullname)  # ours as it is
        tree = ast.parse(Path(self.path).read_bytes(), filename=self.path)
        return compile(self.stand_in.change(fullname, tree), self.path, "exec")


def origin(module: str) -> Path:
    """The file of a module of ours.

    Raises:
        ModuleNotFoundError: there is none of that name.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no module {module!r} among the level folders")
    return Path(spec.origin)


def _file_of(name: str, level: str) -> Path | None:
    """The file of a module if it belongs to that level, in any chapter."""
    if "." in name:
        return None
    return next((file for folder in _folders_of(level) if (file := folder / f"{name}.py").is_file()), None)


def _names_of(level: str) -> list[str]:
    """The modules of that level in all chapters."""
    return [file.stem for folder in _folders_of(level) for file in folder.glob("*.py")]


def _folders_of(level: str) -> list[Path]:
    """The folders of that level where Python looks for modules."""
    folders = [Path(root) for root in sys.path if root.endswith(level)]  # a look at the text is quick
    return [f for f in folders if f.name == level and (f.parent / "ladder.py").exists()]
