"""A notebook as a page: its text, its code, and the outputs that are kept in it."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from rungs.pages.publish.code import code_block

NOTEBOOK = ".ipynb"
RUN = (
    "This page is a notebook as it was last executed. "
    '<a href="{name}" download>Download it</a>, or open it with `make notebook` to run and to change it.'
)


def notebook_page(path: Path) -> str:
    """The page of the notebook at `path`, in Markdown: what it says of itself follows its heading."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    heading, _, rest = "".join(cells[0]["source"]).partition("\n")
    parts = [heading, rest.strip(), RUN.format(name=path.name)]
    for cell in cells[1:]:
        text = "".join(cell["source"])
        parts += [text] if cell["cell_type"] == "markdown" else [code_block(text, "python", ""), *_outputs(cell)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _outputs(cell: dict[str, Any]) -> list[str]:
    return [_output(output) for output in cell["outputs"]]


def _output(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        alt = html.escape(output["metadata"].get("image/png", {}).get("alt", "images"))
        png = "".join(data["image/png"]).replace("\n", "")
        return f'<img alt="{alt}" src="data:image/png;base64,{png}">'
    if "text/markdown" in data:
        return "".join(data["text/markdown"])
    return code_block("".join(output.get("text", data.get("text/plain", ""))), "text", "")
