"""Figures as files: whole or not at all, and the same bytes for the same figure."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from utils.figures.style import project_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


KIND, PHOTOGRAPH = "Category", "photograph"
"""What a PNG that is made of images says of itself: the site does not turn it round in the dark."""


def save(figure: Figure, path: str | Path, *, colours: int | None = None) -> Path:
    """Write `figure` to `path`, as SVG or PNG by its suffix; the file appears whole or not at all.

    The same figure gives the same bytes: no date, no random element names. A PNG with photographs in it is several times
    smaller with a palette of so many `colours`. It is noted in the file as `KIND`, as in those of `utils.figures.images`.

    Raises:
        ValueError: the suffix is neither .svg nor .png, or a palette is asked for in an SVG.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("svg", "png"):
        raise ValueError(f"save expected a path that ends in .svg or .png, got {path.name!r}")
    if colours is not None and kind == "svg":
        raise ValueError(f"save can give a PNG a palette of {colours} colours, not {path.name!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        with project_style():
            metadata: dict[str, str | None] = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
            if kind == "png" and (colours is not None or figure.get_label() == PHOTOGRAPH):
                metadata[KIND] = PHOTOGRAPH
            figure.savefig(draft, format=kind, metadata=metadata)
        if kind == "svg":
            drawn = Path(draft).read_text(encoding="utf-8")
            Path(draft).write_text(rounded(drawn), encoding="utf-8")
        if colours is not None:
            from PIL import Image, PngImagePlugin

            note = PngImagePlugin.PngInfo()
            note.add_text(KIND, PHOTOGRAPH)
            with Image.open(draft) as image:
                image.convert("RGB").quantize(colours).save(draft, format="PNG", optimize=True, pnginfo=note)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path


def rounded(svg: str) -> str:
    """The drawing with the points of its paths to a hundredth: a third smaller, and no eye sees it."""

    def shorter(points: re.Match[str]) -> str:
        return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", points[0])

    return re.sub(r' d="[^"]*"', shorter, svg)
