"""Equations of the theory pages, and the lines of code that compute them.

In theory.md, below a formula or a paragraph:       In a level's file, above a statement or behind it:

    <!-- eq: softmax-backward -->                       # eq: softmax-backward

A name is an equation's alone in the whole repository; any number of lines may compute it.
`python -m rungs.pages.equations` prints them all.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from utils.chapters import LEVELS, ROOT, written_chapters

MARK = re.compile(r"^<!-- eq: ([a-z0-9-]+) -->[ \t]*$", re.M)
COMMENT = re.compile(r"# eq: ([a-z0-9-]+)")


@dataclass(frozen=True)
class Line:
    """A statement that computes an equation: `number` is where it begins, from 1."""

    equation: str
    level: str
    file: Path
    number: int
    code: str


@cache
def equations() -> dict[str, Path]:
    """Every marked equation, with its page.

    Raises:
        ValueError: two equations of one name.
    """
    found: dict[str, Path] = {}
    for chapter in written_chapters():
        for page in sorted(chapter.path.glob("*.md")):
            for name in MARK.findall(page.read_text(encoding="utf-8")):
                if name in found:
                    raise ValueError(f"two equations are called {name}: {found[name]} and {page}")
                found[name] = page
    return found


@cache
def lines() -> list[Line]:
    """Every marked line of every level, in the order of levels and files."""
    found = []
    for level in LEVELS:
        for chapter in written_chapters():
            for file in sorted((chapter.path / level).glob("*.py")):
                found += _lines(level, file)
    return found


def _lines(level: str, file: Path) -> Iterator[Line]:
    source = file.read_text(encoding="utf-8")
    if not COMMENT.search(source):
        return
    rows = source.split("\n")
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    for number, row in enumerate(rows, 1):
        if not (mark := COMMENT.search(row)):
            continue
        alone = row.strip().startswith("# eq:")
        # A statement that contains others is its first line only.
        inner = [s for s in statements if (s.lineno > number if alone else s.lineno <= number <= (s.end_lineno or 0))]
        if not inner:
            raise ValueError(f"{file.relative_to(ROOT)}, line {number}: no statement for the equation {mark[1]}")
        statement = (min if alone else max)(inner, key=lambda s: s.lineno)
        last = statement.lineno if hasattr(statement, "body") else statement.end_lineno
        code = textwrap.dedent("\n".join(rows[statement.lineno - 1 : last]))
        yield Line(mark[1], level, file, statement.lineno, COMMENT.sub("", code).rstrip())


def faults() -> list[str]:
    """Equations without a line, and lines without an equation, in words."""
    computed = {line.equation for line in lines()}
    return [
        *(
            f"{page.relative_to(ROOT)}: no line computes {name}"
            for name, page in equations().items()
            if name not in computed
        ),
        *(
            f"{line.file.relative_to(ROOT)}, line {line.number}: no page has the equation {line.equation}"
            for line in lines()
            if line.equation not in equations()
        ),
    ]


def listed() -> list[str]:
    """Every equation with its page, and below it the lines that compute it."""
    rows = []
    for name, page in equations().items():
        rows.append(f"{name} ({page.relative_to(ROOT)})")
        rows += [f"    {line.file.relative_to(ROOT)}:{line.number}" for line in lines() if line.equation == name]
    return rows


if __name__ == "__main__":
    print("\n".join(listed()))
