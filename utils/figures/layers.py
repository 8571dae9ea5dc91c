"""Figures of what happens inside a network, layer by layer: the size of the gradient, the distribution of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from utils.figures.style import COLORS, line_style, new_figure, not_empty, project_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def gradient_flow(
    grads: Mapping[str, Mapping[str, ArrayLike]],
    *,
    ylabel: str = "root mean square of the gradient",
    title: str = "",
) -> Figure:
    """The size of the gradient at each layer, from input to output, one line for each setting; logarithmic.

    Args:
        grads: setting -> layer -> gradient of any shape (its root mean square is shown), in order of the network.

    Raises:
        ValueError: no setting, no layer, settings of different layers, an empty or non-finite gradient.
    """
    not_empty(grads, "gradient_flow", "setting")
    layers = list(next(iter(grads.values())))
    sizes: dict[str, list[float]] = {}
    for setting, by_layer in grads.items():
        not_empty(by_layer, f"gradient_flow: setting {setting!r}", "layer")
        if list(by_layer) != layers:
            raise ValueError(f"gradient_flow expected layers {layers} in setting {setting!r}, got {list(by_layer)}")
        for layer, grad in by_layer.items():
            wanted = f"a finite gradient of at least one element for layer {layer!r} in setting {setting!r}"
            array = _finite(grad, f"gradient_flow expected {wanted}")
            sizes.setdefault(setting, []).append(float(np.sqrt(np.mean(array**2))))
    with project_style():
        figure = new_figure(title=title)
        axes = figure.subplots()
        for index, (setting, values) in enumerate(sizes.items()):
            axes.plot(
                range(len(layers)),
                np.where(np.array(values) > 0, values, np.nan),  # a zero has no logarithm: it leaves a gap
                label=setting,
                linewidth=2.0,
                markersize=6,
                markeredgewidth=0.7,
                **line_style(index),
            )
        if any(value > 0 for values in sizes.values() for value in values):
            axes.set_yscale("log")
        axes.set_xticks(range(len(layers)), layers, rotation=30 if max(map(len, layers)) > 8 or len(layers) > 12 else 0)
        axes.set_xlabel("layer, from the input to the output")
        axes.set_ylabel(ylabel)
        axes.grid(True)
        if len(sizes) > 1:
            figure.legend(loc="outside upper right", ncols=min(len(sizes), 4))
    return figure


def histograms(
    activations: Mapping[str, ArrayLike] | Mapping[str, Mapping[str, ArrayLike]],
    *,
    bins: int = 40,
    limits: tuple[float, float] | None = None,
    xlabel: str = "value",
    title: str = "",
) -> Figure:
    """How the values of each layer are distributed, with mean and standard deviation; one panel for each layer.

    Args:
        activations: layer -> values of any shape; or setting -> layer -> values, a row for each setting.
        limits: range of the x axis, the same in every panel; otherwise the range of all values. Values beyond it are
            counted in the outermost bins.

    Raises:
        ValueError: nothing given, an empty or non-finite layer.
    """
    not_empty(activations, "histograms", "layer")
    nested = isinstance(next(iter(activations.values())), Mapping)
    rows: Mapping[str, Any] = activations if nested else {"": activations}
    values: dict[str, dict[str, np.ndarray]] = {}
    for setting, by_layer in rows.items():
        not_empty(by_layer, f"histograms: setting {setting!r}", "layer")
        for layer, given in by_layer.items():
            array = _finite(given, f"histograms expected finite values for layer {layer!r}")
            values.setdefault(setting, {})[layer] = array.ravel()
    everything = [array for by_layer in values.values() for array in by_layer.values()]
    low, high = limits or (min(a.min() for a in everything), max(a.max() for a in everything))
    edges = np.linspace(low, high if high > low else low + 1.0, bins + 1)
    columns = max(len(by_layer) for by_layer in values.values())
    with project_style():
        figure = new_figure(0.9 + 1.55 * len(values), title)
        grid = figure.subplots(len(values), columns, squeeze=False, sharex=True)
        for index, (row, (setting, by_layer)) in enumerate(zip(grid, values.items(), strict=True)):
            for axes in row[len(by_layer) :]:
                axes.set_visible(False)
            for axes, (layer, array) in zip(row, by_layer.items(), strict=False):
                share = np.histogram(np.clip(array, edges[0], edges[-1]), edges)[0] / array.size
                axes.stairs(share, edges, fill=True, color=COLORS[index % len(COLORS)], linewidth=0)
                axes.set_yticks([])
                axes.spines["left"].set_visible(False)
                axes.set_title(f"{layer}\nmean {array.mean():.1g}, sd {array.std():.2g}", fontsize=8, loc="center")
            if setting:
                row[0].set_ylabel(setting, fontsize=9)
        figure.supxlabel(xlabel, fontsize=9)
    return figure


def _finite(given: ArrayLike, expected: str) -> np.ndarray:
    array = np.asarray(given, dtype=float)
    if not array.size or not np.isfinite(array).all():
        raise ValueError(f"{expected}, got shape {array.shape} with {int((~np.isfinite(array)).sum())} non-finite")
    return array
