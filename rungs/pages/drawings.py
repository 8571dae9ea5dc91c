"""Explanatory drawings: what the chapters' figures/drawings.py draw, as SVG files for code hosts and for the site."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from utils.chapters import written_chapters
from utils.figures.drawing import standalone


def drawings() -> Iterator[tuple[Path, str]]:
    """Every drawing of the chapters: the file, and what belongs in it."""
    for chapter in written_chapters():
        source = chapter.path / "figures" / "drawings.py"
        if source.is_file():
            for name, draw in _functions(source).items():
                yield source.with_name(f"{name}.svg"), standalone(draw())


def _functions(source: Path) -> Mapping[str, Callable[[], str]]:
    spec = importlib.util.spec_from_file_location(f"drawings_of_{source.parent.parent.name}", source)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.DRAWINGS
