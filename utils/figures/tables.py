"""Figures of tables, whose cells are shaded by value: confusion matrices, attention, differences between levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from utils.figures.style import (
    COLORS,
    INK,
    PANEL,
    SEQUENTIAL,
    WIDTH,
    blend,
    colour_bar,
    finite_array,
    grid_size,
    new_figure,
    not_empty,
    project_style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def confusion_matrix(
    labels: ArrayLike, predictions: ArrayLike, names: Sequence[str] | None = None, *, title: str = ""
) -> Figure:
    """Counts of each true class (row) told as each class (column); shade is the share of the row.

    Args:
        labels, predictions: (N,) integers from 0.
        names: a name for each class; their number sets the size of the matrix.

    Raises:
        ValueError: unequal lengths, nothing to count, or a class that `names` does not have.
    """
    true, told = np.asarray(labels), np.asarray(predictions)
    if true.ndim != 1 or true.shape != told.shape or not true.size:
        raise ValueError(
            f"confusion_matrix expected labels and predictions of one shape (N >= 1,), got {true.shape}, {told.shape}"
        )
    for what, values in (("labels", true), ("predictions", told)):
        if not np.issubdtype(values.dtype, np.integer):
            raise ValueError(f"confusion_matrix expected {what} as integers, got {values.dtype}")
    lowest, highest = int(min(true.min(), told.min())), int(max(true.max(), told.max()))
    size = len(names) if names is not None else highest + 1
    if lowest < 0 or highest >= size:
        worst = highest if highest >= size else lowest
        raise ValueError(f"confusion_matrix expected classes from 0 to {size - 1}, got {worst}")
    counts = np.zeros((size, size), int)
    np.add.at(counts, (true, told), 1)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    shown = list(names) if names is not None else [str(k) for k in range(size)]
    with project_style():
        figure = new_figure(WIDTH * 0.72, title)
        axes = figure.subplots()
        # The square root lifts the few errors out of the background.
        image = axes.imshow(np.sqrt(share), cmap=blend(*SEQUENTIAL), vmin=0, vmax=1)
        ticks = np.sqrt([0, 0.01, 0.1, 0.25, 0.5, 1])
        bar = colour_bar(figure, image, axes, label="share of the true class", ticks=ticks)
        bar.ax.set_yticklabels(["0", "1 %", "10 %", "25 %", "50 %", "100 %"])
        if size <= 20:
            for row, column in zip(*np.nonzero(counts), strict=True):
                _cell(axes, column, row, str(counts[row, column]), float(np.sqrt(share[row, column])))
        axes.set_xticks(range(size), shown, rotation=45 if max(map(len, shown)) > 3 else 0)
        axes.set_yticks(range(size), shown)
        axes.tick_params(length=0)
        axes.set(xlabel="predicted", ylabel="true")
        _cells_apart(axes, size, size)
    return figure


def heat_maps(
    panels: Mapping[str, ArrayLike],
    *,
    x: Sequence[str] | None = None,
    y: Sequence[str] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    columns: int = 4,
    limits: tuple[float, float] | None = None,
    title: str = "",
) -> Figure:
    """Matrices as shaded cells, one panel each: the attention of every head, a table of positions.

    Args:
        panels: panel name -> (M, N), all of one shape.
        x, y: names of the N columns and M rows, such as tokens; numbers otherwise.
        limits: values of the lightest and the darkest shade, the same in every panel; otherwise the range of all values.

    Raises:
        ValueError: no panel, one that is empty or not finite, unequal shapes, names that do not fit the shape.
    """
    not_empty(panels, "heat_maps", "panel")
    arrays = {name: finite_array(a, f"heat_maps: panel {name!r}", "(M, N)", (2,)) for name, a in panels.items()}
    shape = next(iter(arrays.values())).shape
    for name, array in arrays.items():
        if array.shape != shape:
            raise ValueError(f"heat_maps expected panels of shape {shape}, got {array.shape} for {name!r}")
    for axis, names in ((1, x), (0, y)):
        if names is not None and len(names) != shape[axis]:
            raise ValueError(f"heat_maps expected {shape[axis]} names along axis {axis}, got {len(names)}")
    low, high = limits or (min(float(a.min()) for a in arrays.values()), max(float(a.max()) for a in arrays.values()))
    rows, columns = grid_size(len(arrays), columns)
    aspect = min(max(shape[0] / shape[1], 0.35), 0.6 if columns == 1 else 1.6)
    with project_style():
        figure = new_figure(1.3 + rows * (0.35 + 6.2 / columns * aspect), title)
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        image = None
        for axes, (name, array) in zip(grid.flat, arrays.items(), strict=False):
            image = axes.imshow(array, cmap=blend(*SEQUENTIAL), vmin=low, vmax=high, aspect="auto")
            axes.set_title(name, loc="center", fontsize=8)
            axes.tick_params(length=0, labelsize=7)
            for side in ("left", "bottom"):
                axes.spines[side].set_visible(False)
            if x is not None:
                axes.set_xticks(range(shape[1]), x, rotation=90)
            if y is not None:
                axes.set_yticks(range(shape[0]), y)
        for index, axes in enumerate(grid.flat):
            axes.set_visible(index < len(arrays))
            axes.tick_params(labelbottom=index + columns >= len(arrays))
        colour_bar(figure, image, grid, shrink=0.6, pad=0.01)
        figure.supxlabel(xlabel, fontsize=9)
        figure.supylabel(ylabel, fontsize=9)
    return figure


def level_difference(
    differences: Mapping[str, Mapping[str, float]], *, tolerance: float | None = None, title: str = ""
) -> Figure:
    """Largest absolute difference of each tensor (row) at each level or reference (column); logarithmic shade.

    Args:
        differences: tensor -> level -> largest absolute difference; a missing level leaves an empty cell, an exact zero
            reads "0".
        tolerance: cells above it are framed.

    Raises:
        ValueError: nothing given, or a negative or non-finite difference.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Rectangle

    not_empty(differences, "level_difference", "tensor")
    levels = list(dict.fromkeys(level for row in differences.values() for level in row))
    not_empty(levels, "level_difference", "level")
    table = np.array([[row.get(level, np.nan) for level in levels] for row in differences.values()], dtype=float)
    for (i, j), value in np.ndenumerate(table):
        name = list(differences)[i]
        if (value < 0 or np.isinf(value)) or (np.isnan(value) and levels[j] in differences[name]):
            raise ValueError(
                f"level_difference expected finite differences >= 0, got {value} for {name!r} at {levels[j]!r}"
            )
    low, high = 1e-17, max(float(np.nanmax(table)), 1e-9)
    with project_style():
        figure = new_figure(1.1 + 0.27 * len(differences), title)
        axes = figure.subplots()
        norm = LogNorm(low, high)
        image = axes.imshow(np.clip(table, low, None), cmap=blend(*SEQUENTIAL), norm=norm, aspect="auto")
        shrink = min(1.0, 2.6 / figure.get_figheight() + 0.3)
        colour_bar(figure, image, axes, label="largest absolute difference", shrink=shrink)
        for (i, j), value in np.ndenumerate(table):
            if np.isnan(value):
                continue
            _cell(axes, j, i, "0" if value == 0 else f"{value:.0e}".replace("e-0", "e-"), float(norm(max(value, low))))
            if tolerance is not None and value > tolerance:
                frame = Rectangle(
                    (j - 0.47, i - 0.44), 0.94, 0.88, fill=False, edgecolor=COLORS[1], linewidth=2.2, zorder=3
                )
                axes.add_patch(frame)
        axes.set_xticks(range(len(levels)), levels)
        axes.set_yticks(range(len(differences)), list(differences))
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        _cells_apart(axes, len(levels), len(differences))
    return figure


def _cell(axes: Axes, x: float, y: float, text: str, shade: float) -> None:
    axes.text(x, y, text, ha="center", va="center", fontsize=7.5, color="white" if shade > 0.45 else INK)


def _cells_apart(axes: Axes, columns: int, rows: int) -> None:
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(True, which="minor", color=PANEL, linewidth=1.2)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
