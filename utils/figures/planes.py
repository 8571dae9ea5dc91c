"""Figures of a plane: the regions of a classifier, the loss over two parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from utils.figures.style import (
    COLORS,
    DASHES,
    INK,
    MARKERS,
    PANEL,
    TINTS,
    blend,
    colour_bar,
    finite_array,
    new_figure,
    not_empty,
    project_style,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def decision_boundary(
    predict: Callable[[np.ndarray], ArrayLike],
    x: ArrayLike,
    y: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    xlabel: str = "$x_1$",
    ylabel: str = "$x_2$",
    title: str = "",
    resolution: int = 200,
) -> Figure:
    """The regions into which a classifier cuts the plane, with the points it was given.

    Args:
        predict: points (N, 2) -> classes (N,) as integers, or scores (N, C) of which the largest counts, or the
            probability of class 1, (N,) as floats, which is shaded.
        x: (N, 2). y: (N,) integers from 0.
        names: a name for each class.

    Raises:
        ValueError: wrong shapes of `x`, `y` or of what `predict` gave.
    """
    points = finite_array(x, "decision_boundary", "x of shape (N, 2)", (2,))
    labels = np.asarray(y)
    if points.shape[1] != 2:
        raise ValueError(f"decision_boundary expected x of shape (N, 2), got {points.shape}")
    if labels.shape != (len(points),) or not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
        raise ValueError(
            f"decision_boundary expected y of shape ({len(points)},), integers >= 0, got {labels.shape} {labels.dtype}"
        )
    (left, bottom), (right, top) = _box(points, 0.08)
    first, second, lattice = _lattice((left, right), (bottom, top), resolution)
    given = np.asarray(predict(lattice))
    if given.ndim not in (1, 2) or len(given) != first.size or (given.ndim == 2 and given.shape[1] < 2):
        raise ValueError(
            f"decision_boundary expected predict to give ({first.size},) or ({first.size}, C >= 2), got {given.shape}"
        )
    probability = given.ndim == 1 and np.issubdtype(given.dtype, np.floating)
    told = given.argmax(1) if given.ndim == 2 else given
    classes = max(int(labels.max()), 1 if probability else int(told.max())) + 1
    with project_style():
        figure = new_figure(title=title)
        axes = figure.subplots()
        if probability:
            z = given.reshape(first.shape)
            colours = blend(TINTS[0], PANEL, TINTS[3])
            shades = axes.contourf(first, second, z, levels=np.linspace(0, 1, 11), cmap=colours)
            axes.contour(first, second, z, levels=[0.5], colors=INK, linewidths=1.4)
            colour_bar(figure, shades, axes, label="probability of class 1", ticks=[0, 0.25, 0.5, 0.75, 1])
            palette = (COLORS[0], COLORS[3])
        else:
            # How far each class leads, (C, N): scores give a smooth boundary, classes only a stepped one.
            scores = given.T if given.ndim == 2 else (given == np.arange(classes)[:, None]).astype(float)
            for k in range(len(scores)):
                lead = (scores[k] - np.delete(scores, k, 0).max(0)).reshape(first.shape)
                if (lead > 0).any():
                    axes.contourf(first, second, lead, levels=[0, np.inf], colors=[TINTS[k % len(TINTS)]])
                    axes.contour(first, second, lead, levels=[0], colors=INK, linewidths=0.9, linestyles="solid")
            palette = COLORS
        for k in range(classes):
            chosen = points[labels == k]
            axes.scatter(
                *chosen.T,
                s=22,
                marker=MARKERS[k % len(MARKERS)],
                color=palette[k % len(palette)],
                edgecolor="white",
                linewidth=0.6,
                label=names[k] if names is not None else f"class {k}",
            )
        axes.set(xlim=(left, right), ylim=(bottom, top), xlabel=xlabel, ylabel=ylabel)
        figure.legend(loc="outside upper right", ncols=min(classes, 6), handlelength=1)
    return figure


def loss_surface(
    fn: Callable[[np.ndarray], ArrayLike],
    path: ArrayLike | Mapping[str, ArrayLike],
    *,
    xlabel: str = "$w_1$",
    ylabel: str = "$w_2$",
    title: str = "",
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    levels: int = 18,
    resolution: int = 120,
) -> Figure:
    """Contours of a loss over two parameters, with the path of the descent: a circle at its start, a star at its end.

    Args:
        fn: points (N, 2) -> losses (N,).
        path: (T, 2), T >= 2; or name -> path, to compare optimizers.
        limits: ((x low, x high), (y low, y high)); otherwise the box of all paths and a margin.

    Raises:
        ValueError: wrong shape of a path or of what `fn` gave, or values that are not finite.
    """
    paths = path if isinstance(path, Mapping) else {"": path}
    not_empty(paths, "loss_surface", "path")
    steps = {}
    for name, given in paths.items():
        array = finite_array(given, "loss_surface", "a path of shape (T, 2)", (2,))
        if array.shape[1] != 2 or len(array) < 2:
            raise ValueError(f"loss_surface expected a path of shape (T, 2) with T >= 2, got {array.shape}")
        steps[name] = array
    if limits is None:
        (left, bottom), (right, top) = _box(np.concatenate(list(steps.values())), 0.25)
    else:
        (left, right), (bottom, top) = limits
    first, second, lattice = _lattice((left, right), (bottom, top), resolution)
    losses = np.asarray(fn(lattice), dtype=float)
    if losses.shape != (first.size,) or not np.isfinite(losses).all():
        raise ValueError(f"loss_surface expected fn to give ({first.size},) finite losses, got shape {losses.shape}")
    z = losses.reshape(first.shape)
    with project_style():
        figure = new_figure(title=title)
        axes = figure.subplots()
        # Quantiles in place of equal steps: rings stand evenly in a narrow valley too.
        rings = np.unique(np.quantile(z, np.linspace(0, 1, levels + 1) ** 1.5))
        axes.contourf(first, second, z, levels=rings, cmap=blend("#e9eef5", "#b9c6d8", "#7f93b0"), extend="both")
        axes.contour(first, second, z, levels=rings, colors="white", linewidths=0.6)
        for index, (name, array) in enumerate(steps.items()):
            colour = COLORS[(index * 2 + 1) % len(COLORS)] if len(steps) < 4 else COLORS[index % len(COLORS)]
            shape = MARKERS[index % len(MARKERS)]
            axes.plot(*array.T, color=colour, linewidth=1.6, linestyle=DASHES[index % len(DASHES)], label=name)
            every = max(len(array) // 30, 1)
            axes.scatter(
                *array[::every].T, s=11, marker=shape, color=colour, edgecolor="white", linewidth=0.4, zorder=3
            )
            axes.scatter(*array[0], s=55, marker=shape, color="white", edgecolor=colour, linewidth=1.6, zorder=4)
            axes.scatter(*array[-1], s=150, marker="*", color=colour, edgecolor="white", linewidth=0.9, zorder=5)
        axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(left, right), ylim=(bottom, top))
        if any(steps):
            figure.legend(loc="outside upper right", ncols=len(steps))
    return figure


def _box(points: np.ndarray, margin: float) -> tuple[np.ndarray, np.ndarray]:
    low, high = points.min(0), points.max(0)
    span = np.where(high > low, high - low, 1.0)
    return low - margin * span, high + margin * span


def _lattice(
    x_limits: tuple[float, float], y_limits: tuple[float, float], resolution: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both coordinates (resolution, resolution) of a lattice, and its points (resolution^2, 2)."""
    first, second = np.meshgrid(np.linspace(*x_limits, resolution), np.linspace(*y_limits, resolution))
    return first, second, np.stack([first.ravel(), second.ravel()], axis=1)
