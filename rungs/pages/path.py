"""The path through a chapter: idea, theory, code, exercises, results, production, each a page or more of its own."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from utils.chapters import Chapter

STOPS = {
    "Idea": ("README.md",),
    "Theory": ("theory.md", "theory_*.md"),
    "Code": ("code.md", "code_*.md"),
    "Exercises": ("exercises/README.md",),
    "Results": ("results.md", "results_*.md"),
    "Production": ("production/README.md", "production/*.md"),
}
"""Stop -> the files that make it. A page that has grown too long is continued in a second file: `code_training.md`."""
ABOUT = {
    "Idea": "what the model is, and why it matters",
    "Theory": "every gradient, derived",
    "Code": "each piece at every level, side by side",
    "Exercises": "to do yourself, and the mistakes that are easy to make",
    "Results": "what was measured, beside the paper's numbers; where we depart from it",
    "Production": "the same model in a library that others maintain",
}


def chapter_path(chapter: Chapter) -> dict[str, list[Path]]:
    """The chapter's pages in the order of the path, by stop. Other pages in its folder follow the theory."""
    found = {
        stop: list(dict.fromkeys(page for name in names for page in sorted(chapter.path.glob(name))))
        for stop, names in STOPS.items()
    }
    placed = {page for pages in found.values() for page in pages}
    found["Theory"] += sorted(set(chapter.path.glob("*.md")) - placed)
    return {stop: pages for stop, pages in found.items() if pages}


def heading(page: Path) -> str:
    """The text of the page's first heading."""
    found = re.search(r"^# +(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1].strip() if found else page.stem


def notebooks(chapter: Chapter) -> dict[Path, str]:
    """The chapter's notebooks with what their headings say."""
    found = {}
    for page in sorted((chapter.path / "notebooks").glob("*.ipynb")):
        cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
        title = "".join(cells[0]["source"]).partition("\n")[0].lstrip("# ").partition(": ")[2]
        found[page] = title[:1].upper() + title[1:]
    return found


def path_list(chapter: Chapter, folder: Path) -> str:
    """The path as a numbered list of links from a page in `folder`, and below it where the proofs are."""
    lines = []
    for number, (stop, pages) in enumerate(chapter_path(chapter).items(), 1):
        links = [f"[{stop}]({os.path.relpath(pages[0], folder)})"]
        links += [f"[{heading(page).rpartition(': ')[2]}]({os.path.relpath(page, folder)})" for page in pages[1:]]
        lines.append(f"{number}. {', '.join(links)}: {ABOUT[stop]}")
    if own := notebooks(chapter):
        links = [f"[{title}]({os.path.relpath(page, folder)})" for page, title in own.items()]
        lines += ["", f"To run and to change, as a notebook (`make notebook`): {'; '.join(links)}"]
    ladder, proofs = (os.path.relpath(chapter.path / name, folder) for name in ("ladder.py", "proofs"))
    return "\n".join(
        [*lines, "", f"[ladder.py]({ladder}) says what is proved, [proofs/]({proofs}/) holds what it takes."]
    )
