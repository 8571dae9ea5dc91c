"""Curves: one panel, loss beside accuracy, several panels. Where two levels agree exactly, both lines remain visible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from utils.figures.style import MUTED, grid_size, line_style, new_figure, not_empty, project_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Series = ArrayLike | tuple[ArrayLike, ArrayLike]
"""Values (N,) over 0, 1, ..., or a tuple (x, y) of two arrays (N,)."""


def curves(
    series: Mapping[str, Series],
    *,
    xlabel: str = "step",
    ylabel: str = "loss",
    log: bool = False,
    title: str = "",
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """Lines over a common x axis, one for each entry.

    Args:
        series: name -> values (N,), or name -> (x, y), each (N,). Lengths may differ; NaN leaves a gap.
        log: a logarithmic y axis; every value must then be positive.
        marks: name -> value of a horizontal line, for a number to compare with (the paper's).

    Raises:
        ValueError: no series, an empty one, one of the wrong shape, or values that a logarithmic axis cannot show.
    """
    with project_style():
        figure = new_figure(title=title)
        _draw_curves(figure.subplots(), series, "curves", xlabel, ylabel, log, marks)
    return figure


def loss_and_accuracy(
    losses: Mapping[str, Series],
    accuracies: Mapping[str, Series],
    *,
    xlabel: str = "step",
    metric: str = "accuracy",
    log: bool = False,
    title: str = "",
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """Two panels: the loss of each series on the left, its accuracy (or another `metric`) on the right.

    Args:
        losses, accuracies: name -> values, as in `curves`. A name has the same line on both sides.
        log: a logarithmic loss axis.
        marks: name -> a number of the right panel to compare with.
    """
    names = [*losses, *(name for name in accuracies if name not in losses)]
    with project_style():
        figure = new_figure(title=title)
        left, right = figure.subplots(1, 2)
        _draw_curves(left, losses, "loss_and_accuracy", xlabel, "loss", log, None, order=names)
        _draw_curves(right, accuracies, "loss_and_accuracy", xlabel, metric, False, marks, order=names)
    return figure


def curve_panels(
    panels: Mapping[str, Mapping[str, Series]],
    *,
    xlabel: str = "x",
    ylabel: str = "",
    log: bool = False,
    columns: int = 4,
    title: str = "",
    share: bool = True,
) -> Figure:
    """Small panels of curves with one legend: the activations and their derivatives, one panel each.

    Args:
        panels: panel name -> series as in `curves`; a name has the same line in every panel.
        share: one range of both axes for all panels.
    """
    not_empty(panels, "curve_panels", "panel")
    names = list(dict.fromkeys(name for series in panels.values() for name in series))
    rows, columns = grid_size(len(panels), columns)
    with project_style():
        figure = new_figure(0.9 + 1.8 * rows, title)
        grid = figure.subplots(rows, columns, squeeze=False, sharex=share, sharey=share)
        for axes, (panel, series) in zip(grid.flat, panels.items(), strict=False):
            _draw_curves(axes, series, "curve_panels", "", "", log, None, order=names, legend=False, markers=False)
            axes.set_title(panel)
        for index, axes in enumerate(grid.flat):
            axes.set_visible(index < len(panels))
            axes.tick_params(labelbottom=not share or index + columns >= len(panels))
        figure.supxlabel(xlabel, fontsize=9)
        figure.supylabel(ylabel, fontsize=9)
        lines = {line.get_label(): line for axes in grid.flat for line in axes.lines}
        figure.legend(lines.values(), lines.keys(), loc="outside upper right", ncols=len(lines))
    return figure


def _draw_curves(
    axes: Axes,
    series: Mapping[str, Series],
    where: str,
    xlabel: str,
    ylabel: str,
    log: bool,
    marks: Mapping[str, float] | None,
    order: Sequence[str] = (),
    legend: bool = True,
    markers: bool = True,
) -> None:
    from matplotlib.ticker import MaxNLocator

    not_empty(series, where, "series")
    order = order or list(series)
    whole = True
    for name, values in series.items():
        x, y = _xy(values, f"{where}: series {name!r}")
        if log and np.nanmin(y) <= 0:
            raise ValueError(
                f"{where}: series {name!r} on a logarithmic axis: expected values > 0, got {np.nanmin(y):g}"
            )
        whole = whole and bool(np.all(x == np.round(x)))
        index, count = order.index(name), max(len(order), 2)
        style = line_style(index)
        if not markers and len(x) > 1:
            style["marker"] = None
        every = max(len(x) // 8, 1)
        axes.plot(
            x,
            y,
            label=name,
            linewidth=2.8 - 1.4 * index / (count - 1),  # what lies below shows beside what lies above
            markersize=4.5,
            markeredgewidth=0.6,
            markevery=(index * every // count, every),  # where curves coincide, their markers alternate
            **style,
        )
    for mark, value in (marks or {}).items():
        axes.axhline(value, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
        axes.annotate(
            f"{mark} {value:g}",
            (1, value),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 3),
            textcoords="offset points",
            ha="right",
            color=MUTED,
            fontsize=8,
        )
    if log:
        axes.set_yscale("log")
    if whole:
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(True)
    if legend and len(series) + len(marks or {}) > 1:
        axes.legend()


def _xy(values: Series, where: str) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(values, tuple) and len(values) == 2 and np.ndim(values[0]) == 1:
        x, y = np.asarray(values[0], dtype=float), np.asarray(values[1], dtype=float)
    else:
        y = np.asarray(values, dtype=float)
        x = np.arange(y.size, dtype=float)
    if y.ndim != 1 or x.shape != y.shape or not y.size:
        raise ValueError(
            f"{where} expected (N,) values, or x and y of one length, not empty; got {x.shape} and {y.shape}"
        )
    if not np.isfinite(y).any():
        raise ValueError(f"{where} expected numbers, got {y.size} values of which none is finite")
    return x, np.where(np.isfinite(y), y, np.nan)
