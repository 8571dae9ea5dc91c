"""A chapter in a temporary folder, made from sources: its level folders lie on the import path while a test runs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

Sources = Mapping[str, tuple[str, str]]
"""Level -> the name and the source of its module."""


def write_chapter(folder: Path, sources: Sources) -> None:
    (folder / "ladder.py").write_text("LADDERS = {}\n")
    for level, (name, source) in sources.items():
        (folder / level).mkdir()
        (folder / level / f"{name}.py").write_text(source)
        sys.path.insert(0, str(folder / level))
    importlib.invalidate_caches()


def forget_chapter(folder: Path, sources: Sources) -> None:
    for level, (name, _) in sources.items():
        sys.path.remove(str(folder / level))
        sys.modules.pop(name, None)
