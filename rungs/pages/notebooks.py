"""`make notebooks`: the chapters' notebooks, executed anew from the text files beside them.

A notebook is written as text, `notebooks/NAME.py` in jupytext's percent format. `NAME.ipynb` has the same cells with their
outputs; this module makes it, always with the same bytes for the same outputs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from utils.chapters import ROOT, all_chapters

if TYPE_CHECKING:
    from nbformat import NotebookNode

SECONDS = 300  # for one cell, on a busy machine


def texts() -> list[Path]:
    """The text file of every notebook, in the order of the chapters."""
    return [path for chapter in all_chapters() for path in sorted((chapter.path / "notebooks").glob("*.py"))]


def read_text(text: Path) -> NotebookNode:
    """The notebook that a text file describes, without outputs."""
    import jupytext

    notebook = jupytext.read(text)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # jupytext draws a random one
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def execute(text: Path) -> NotebookNode:
    """Run the cells of a text file in order, in a fresh kernel of this environment.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raises an error.
    """
    from nbclient import NotebookClient

    notebook = read_text(text)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        record_timing=False,  # times of day would differ in every run
        coalesce_streams=True,
        resources={"metadata": {"path": str(text.parent)}},
    )
    client.execute()
    notebook.metadata["language_info"] = {"name": "python"}  # the kernel adds its version
    return notebook


def write(given: Iterable[Path]) -> None:
    """Execute the notebooks of these text files, and write each beside its text."""
    import nbformat

    for text in given:
        notebook = execute(text)
        path = text.with_suffix(".ipynb")
        nbformat.write(notebook, path)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    write([Path(name).resolve() for name in sys.argv[1:]] or texts())
