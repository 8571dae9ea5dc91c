"""`rungs refresh`: the generated parts of the Markdown pages, rewritten from receipts, ladders and the manifest; and the
import roots in pyproject.toml.

A page holds

    <!-- generated: deviations -->
    <!-- /generated -->

and what is between the two lines belongs to the machine; a name may follow that of the block (`results ablations`).
With `--check`, nothing is written, and a stale block is an error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from rungs.errors import Failed, RungsError
from rungs.house import roots
from rungs.names import suggestion
from rungs.pages import diagrams, drawings, graph
from rungs.pages.blocks import BLOCKS
from rungs.pages.places import with_places
from utils.chapters import ROOT, written_chapters
from utils.figures.drawing import standalone

EXAMPLE = "rungs refresh --check"
PROJECT = ROOT / "pyproject.toml"
BLOCK = re.compile(
    r"^<!-- generated: (?P<name>[\w-]+)(?P<what>(?: [\w-]+)?) -->\n(?P<content>.*?)^<!-- /generated -->$",
    re.MULTILINE | re.DOTALL,
)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def refresh(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if something is out of date.")] = False,
) -> None:
    """Rewrite the generated parts of the pages, and the import roots."""
    stale = rewrite(check=check)
    print("everything generated is up to date" if not stale else f"rewritten: {', '.join(map(str, stale))}")


def rewrite(paths: Iterable[Path] | None = None, *, check: bool = False) -> list[Path]:
    """Bring the files up to date; returns those that were not, relative to the repository.

    Args:
        paths: pages, and pyproject.toml for the import roots; all of them when None.

    Raises:
        Failed: with `check`, and a file is out of date.
    """
    if not check:
        roots.install()  # first: a page shows what ladders declare, and these import the chapters' modules
    stale = []
    for path in [PROJECT, *pages()] if paths is None else paths:
        text = path.read_text(encoding="utf-8")
        fresh = roots.renewed(text) if path == PROJECT else renewed(text, path)
        if fresh == text:
            continue
        stale.append(path.relative_to(ROOT))
        if not check:
            draft = path.with_name(f".{path.name}.new")
            draft.write_text(fresh, encoding="utf-8")
            os.replace(draft, path)
    if paths is None:
        stale += redraw(check=check)
    if check and stale:
        raise Failed(f"out of date: {', '.join(map(str, stale))}; run `rungs refresh`")
    return stale


def redraw(*, check: bool = False) -> list[Path]:
    """Draw anew what pictures are out of date, or only say which. Returns: their paths, relative to the root"""
    return [path.relative_to(ROOT) for path, text in pictures() if _redrawn(path, text, check=check)]


def pictures() -> Iterator[tuple[Path, str]]:
    """The pictures that are made of text: the graph of chapters, the diagrams, the explanatory drawings."""
    yield graph.FILE, standalone(graph.chapter_graph())
    yield from diagrams.drawings()
    yield from drawings.drawings()


def _redrawn(path: Path, text: str, *, check: bool) -> bool:
    fresh = not path.exists() or path.read_text(encoding="utf-8") != text
    if fresh and not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return fresh


def pages() -> Iterator[Path]:
    """Every Markdown page of the project that may hold a generated block."""
    yield from sorted(ROOT.glob("*.md"))
    yield from sorted((ROOT / "docs").glob("*.md"))
    yield from sorted((ROOT / "benchmarks").glob("*.md"))
    for chapter in written_chapters():
        yield from sorted(chapter.path.rglob("*.md"))


def renewed(text: str, path: Path) -> str:
    """The text of the page at `path` with every generated block made anew; blocks inside code fences are examples."""
    fences = [match.span() for match in FENCE.finditer(text)]

    def replace(match: re.Match[str]) -> str:
        if any(start < match.start() < end for start, end in fences):
            return match.group()
        name = match["name"]
        if name not in BLOCKS:
            raise RungsError(f"{path.relative_to(ROOT)}: no generated block {name!r}{suggestion(name, list(BLOCKS))}")
        content = BLOCKS[name](path, *match["what"].split())
        return f"<!-- generated: {name}{match['what']} -->\n\n{content.strip()}\n\n<!-- /generated -->"

    return with_places(BLOCK.sub(replace, text), path)
