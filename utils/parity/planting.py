"""Planted mistakes: a level's module with a fault in its source, to show that the suite notices.

A chapter lists its mistakes in `mistakes.toml`, by ladder.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from utils.ladder import Ladder, Mistake


def load_mistakes(folder: Path) -> dict[str, tuple[Mistake, ...]]:
    """The mistakes of a chapter's `mistakes.toml` by the name of the ladder; a heading may name several, separated by spaces.

    Raises:
        TypeError: an entry lacks a field of `Mistake`, or has one too many.
    """
    mistakes: dict[str, tuple[Mistake, ...]] = {}
    for ladders, entries in tomllib.loads((folder / "mistakes.toml").read_text(encoding="utf-8")).items():
        for ladder in ladders.split():
            mistakes[ladder] = mistakes.get(ladder, ()) + tuple(Mistake(**entry) for entry in entries)
    return mistakes


@contextmanager
def plant(ladder: Ladder, mistake: Mistake) -> Iterator[ModuleType]:
    """The level's module with the mistake in its source, or in the source of the module that `mistake.module` names.

    Raises:
        ValueError: the text to replace does not stand exactly once in the source.
    """
    main = ladder.modules[mistake.level]
    changed = mistake.module or main
    source_path = Path(origin(changed))
    source = source_path.read_text(encoding="utf-8")
    if source.count(mistake.find) != 1:
        raise ValueError(
            f"{mistake.name}: {mistake.find!r} stands {source.count(mistake.find)} times in {source_path.name}, not once"
        )
    # Modules between the changed one and the level's own must see the change too: all of this level's are loaded anew.
    folder = Path(origin(main)).parent.name
    held = {name: m for name, m in sys.modules.items() if in_level(m, folder)}
    for name in held:
        del sys.modules[name]
    try:
        module = ModuleType(changed)
        module.__file__ = str(source_path)
        sys.modules[changed] = module
        exec(compile(source.replace(mistake.find, mistake.replace), str(source_path), "exec"), module.__dict__)
        yield module if changed == main else importlib.import_module(main)
    finally:
        for name in [name for name, m in sys.modules.items() if in_level(m, folder)]:
            del sys.modules[name]
        sys.modules.update(held)


def in_level(module: ModuleType | None, folder: str) -> bool:
    """Whether a module lies in a level folder of that name, in any chapter."""
    path = getattr(module, "__file__", None)
    if not path or folder not in path:  # most modules are of libraries: a look at the text is quick
        return False
    return Path(path).parent.name == folder and (Path(path).parents[1] / "ladder.py").exists()


def origin(module: str) -> str:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no module {module!r} among the level folders")
    return spec.origin
