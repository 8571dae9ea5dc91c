"""Where the code of a comparison is: the line of links that `rungs refresh` writes below it, for code hosts."""

from __future__ import annotations

import os
import re
from pathlib import Path

from utils.chapters import LEVELS

COMPARE = re.compile(r"^<!-- compare: ([\w-]+) -->\n(?:\nIn code: [^\n]*\n)?", re.M)


def with_places(text: str, page: Path) -> str:
    """The text of a page, with the links below each comparison made anew."""

    def write(mark: re.Match[str]) -> str:
        found = ", ".join(places(page.parent, mark[1]))
        return f"<!-- compare: {mark[1]} -->\n" + (f"\nIn code: {found}\n" if found else "")

    return COMPARE.sub(write, text)


def places(folder: Path, name: str) -> list[str]:
    """A link to file and line for each level of the chapter in `folder` that marks a section of this name."""
    found = []
    for level, label in LEVELS.items():
        for path in sorted((folder / level).glob("*.py")):
            rows = path.read_text(encoding="utf-8").split("\n")
            marks = [number for number, row in enumerate(rows, 1) if row.strip() == f"# --8<-- [start:{name}]"]
            found += [f"[{label}]({os.path.relpath(path, folder)}#L{number + 1})" for number in marks]
    return found
