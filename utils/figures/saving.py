"""Figures as files: whole or not at all, and the same bytes for the same figure."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from utils.figures.style import project_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save(figure: Figure, path: str | Path, *, colours: int | None = None) -> Path:
    """Write `figure` to `path`, as SVG or PNG by its suffix; the file appears whole or not at all.

    The same figure gives the same bytes: no date, no random element names. A PNG with photographs in it is several times
    smaller with a palette of so many `colours`.

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
            metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
            figure.savefig(draft, format=kind, metadata=metadata)
        if colours is not None:
            from PIL import Image

            with Image.open(draft) as image:
                image.convert("RGB").quantize(colours).save(draft, format="PNG", optimize=True)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path
