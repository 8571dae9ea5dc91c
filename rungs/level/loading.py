"""The learner's files as a level: they find each other, ours find them, and what they lack is reported as not written yet."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from utils.parity.reach import Reach
from utils.parity.stand_in import StandIn


def learners_level(level: str, files: Mapping[str, Path], ours: Mapping[str, Path], reach: Reach) -> StandIn:
    """The level with the learner's files in the place of ours; `reach` notes which of its functions run.

    What a file lacks of ours raises NotImplementedError when it is used.
    """

    def fill_in(module: ModuleType, when: str) -> None:
        name = module.__name__
        if when == "after" and name in files and name in ours:
            for missing in _names(ours[name].read_text(encoding="utf-8")):
                if not hasattr(module, missing):
                    setattr(module, missing, _missing(missing))

    return reach.stand_in(level, files, prepare=fill_in)


def uses(
    module: str, files: Mapping[str, Path], ours: Mapping[str, Path], seen: frozenset[str] = frozenset()
) -> set[str]:
    """The learner's modules among a module of ours and what it imports."""
    if module in files:
        source = files[module]
    elif module in ours:
        source = ours[module]
    else:
        return set()
    tree = ast.parse(source.read_bytes())
    imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
    imported |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    found = {module} & files.keys()
    for name in imported - seen:
        found |= uses(name, files, ours, seen | imported | {module})
    return found


def _names(source: str) -> list[str]:
    """Public functions and classes of a module."""
    tree = ast.parse(source)
    return [n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith("_")]


def _missing(name: str) -> type:
    """Stands in for what is not written yet; it raises when it is called, and may be subclassed."""

    def new(cls: type, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{name} is not there yet")

    return type(name, (), {"__new__": new})
