"""The look that all figures share: size, colours, line styles; and the checks of what a figure is given.

A figure stands on an opaque light panel, so that it reads alike on a light and on a dark page. Series differ in lightness,
dash and marker, so that they can be told apart in greyscale. matplotlib is imported on first use, `pyplot` never.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT, DPI = 8.0, 4.5, 144  # inches, inches, dots per inch: 1152 x 648

PANEL, INK, MUTED, RULE = "#fbfbf9", "#22252b", "#656b76", "#dcdcd6"
COLORS = ("#15233f", "#8d1237", "#2563a6", "#bf5f15", "#45a592", "#c2a83a")  # dark to light
TINTS = ("#c9d3e6", "#f3dce0", "#e3eefa", "#fbe9d6", "#dff3ee", "#f6f0d4")  # the same hues, for areas behind points
DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.8)), (0, (1.2, 1.4)), (0, (7, 1.6, 1.2, 1.6)), (0, (3, 3)), (0, (9, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P")
SEQUENTIAL = ("#eef1f3", "#c3d4e6", "#7fa6cf", "#3a6cab", "#1b3a6b", "#101a30")  # light is little, dark is much


@contextmanager
def project_style() -> Iterator[None]:
    """The project's look, for whatever is drawn inside: `with project_style(): figure = new_figure()`."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "figure.facecolor": PANEL,
                "axes.facecolor": PANEL,
                "savefig.facecolor": PANEL,
                "figure.dpi": DPI,
                "savefig.dpi": DPI,
                "svg.hashsalt": "rungs",
                "svg.fonttype": "path",
                "font.family": "DejaVu Sans",  # ships with matplotlib
                "font.size": 9,
                "text.color": INK,
                "axes.titlesize": 9.5,
                "axes.titlelocation": "left",
                "axes.labelcolor": INK,
                "axes.labelsize": 9,
                "axes.edgecolor": MUTED,
                "axes.linewidth": 0.8,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.axisbelow": True,
                "grid.color": RULE,
                "grid.linewidth": 0.7,
                "xtick.color": MUTED,
                "ytick.color": MUTED,
                "xtick.labelcolor": INK,
                "ytick.labelcolor": INK,
                "xtick.labelsize": 8,
                "ytick.labelsize": 8,
                "legend.frameon": False,
                "legend.fontsize": 8.5,
                "legend.handlelength": 3.2,
                "image.interpolation": "nearest",
            }
        )
        yield


def new_figure(height: float = HEIGHT, title: str = "") -> Figure:
    """An empty figure of the fixed width and of `height` inches, to be drawn within `project_style()`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, round(height, 2)), layout="constrained")
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(w_pad=0.12, h_pad=0.12)  # pyright: ignore[reportCallIssue]
    if title:
        figure.suptitle(title, x=0.02, ha="left", fontsize=11, fontweight="bold")
    return figure


def line_style(index: int) -> dict[str, Any]:
    """Colour, dash and marker of the line of that number."""
    style = index % len(COLORS)
    return {
        "color": COLORS[style],
        "linestyle": DASHES[style],
        "marker": MARKERS[style],
        "markeredgecolor": PANEL,
    }


def blend(*colours: str) -> Any:
    """A colour map that runs through these colours."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("blend", colours)


def colour_bar(figure: Figure, image: Any, axes: Any, **options: Any) -> Any:
    """A colour bar without a frame."""
    bar = figure.colorbar(image, ax=axes, **options)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    return bar


def grid_size(count: int, columns: int) -> tuple[int, int]:
    """Rows and columns of a grid of so many panels, of which at most `columns` stand side by side."""
    columns = min(columns, count)
    return -(-count // columns), columns


# ---- what is given ----


def not_empty(given: Any, where: str, what: str) -> None:
    if not len(given):
        raise ValueError(f"{where} expected at least one {what}, got none")


def finite_array(given: ArrayLike, where: str, expected: str, dims: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(given)
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool):
        raise ValueError(f"{where} expected {expected} of numbers, got dtype {array.dtype}")
    if array.ndim not in dims or not array.size:
        raise ValueError(f"{where} expected {expected}, not empty, got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{where} expected finite numbers, got {int((~np.isfinite(array)).sum())} that are not")
    return array
