"""Figures in one style: curves, image grids, filters, feature maps, boundaries, gradients, differences between levels.

Every function returns a `matplotlib.figure.Figure` whose size depends on the shapes of its input alone; `save` writes it
as SVG or PNG with the same bytes every time. A figure stands on an opaque light panel, so that it reads alike on a light
and on a dark page. Series differ in lightness, dash and marker, so that they can be told apart in greyscale. Lines drawn
first are wider: where two levels agree exactly, both remain visible. matplotlib is imported on first use, `pyplot` never.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT, DPI = 8.0, 4.5, 144  # inches, inches, dots per inch: 1152 x 648

PANEL, INK, MUTED, RULE = "#fbfbf9", "#22252b", "#656b76", "#dcdcd6"
COLORS = ("#15233f", "#8d1237", "#2563a6", "#bf5f15", "#45a592", "#c2a83a")  # dark to light
TINTS = ("#c9d3e6", "#f3dce0", "#e3eefa", "#fbe9d6", "#dff3ee", "#f6f0d4")  # the same hues, for areas behind points
DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.8)), (0, (1.2, 1.4)), (0, (7, 1.6, 1.2, 1.6)), (0, (3, 3)), (0, (9, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P")
SEQUENTIAL = ("#eef1f3", "#c3d4e6", "#7fa6cf", "#3a6cab", "#1b3a6b", "#101a30")  # light is little, dark is much

Series = ArrayLike | tuple[ArrayLike, ArrayLike]
"""Values (N,) over 0, 1, ..., or a tuple (x, y) of two arrays (N,)."""


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


# Curves


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
    _not_empty(panels, "curve_panels", "panel")
    names = list(dict.fromkeys(name for series in panels.values() for name in series))
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
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

    _not_empty(series, where, "series")
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
        style = index % len(COLORS)
        every = max(len(x) // 8, 1)
        axes.plot(
            x,
            y,
            label=name,
            color=COLORS[style],
            linestyle=DASHES[style],
            linewidth=2.8 - 1.4 * index / (count - 1),  # what lies below shows beside what lies above
            marker=MARKERS[style] if markers or len(x) == 1 else None,
            markersize=4.5,
            markeredgecolor=PANEL,
            markeredgewidth=0.6,
            markevery=(index * every // count, every),  # where curves coincide, their markers alternate
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


# Images


def image_grid(
    images: ArrayLike,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    *,
    title: str = "",
    ink: bool = False,
    share: bool = False,
) -> Figure:
    """Images in rows, in order, each with a title under which it stands.

    Args:
        images: (N, H, W) grey, or (N, 1, H, W), (N, 3, H, W), (N, H, W, 3). Colour is 0 to 1, or 0 to 255 for integers.
        titles: one for each image.
        columns: images in a row; at most 8 unless stated.
        ink: high values dark, as ink on paper; for handwritten digits. Grey only.
        share: one range of grey for all images; otherwise each has its own.

    Raises:
        ValueError: another shape, no image, or another number of titles.
    """
    tiles = _tiles(images, "image_grid")
    if titles is not None and len(titles) != len(tiles):
        raise ValueError(f"image_grid expected {len(tiles)} titles, one for each image, got {len(titles)}")
    columns = min(len(tiles), 8) if columns is None else columns
    if columns < 1:
        raise ValueError(f"image_grid expected columns >= 1, got {columns}")
    low, high = (float(tiles.min()), float(tiles.max())) if share else (None, None)
    rows = [list(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return _mosaic(rows, title, low, high, captions=titles, ink=ink)


def filters(weights: ArrayLike, *, title: str = "", most: int = 16) -> Figure:
    """The weights of a layer as images: mid grey is zero, white positive, black negative, one scale for all.

    Args:
        weights: (N, H, W), one image each; (N, 1, H, W) alike; (N, 3, H, W) in colour; (N, C, H, W), a column for
            each filter and a row for each input channel, `most` of each at most (the title then says so).

    Raises:
        ValueError: another shape, or no weights.
    """
    array = _array(weights, "filters", "(N, H, W) or (N, C, H, W)", (3, 4))
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    scale = float(np.abs(array).max()) or 1.0
    if array.ndim == 4 and array.shape[1] != 3:
        shown = array[:most, :most]
        if shown.shape != array.shape:
            sizes = (len(shown), len(array), shown.shape[1], array.shape[1])
            title = f"{title} ({sizes[0]} of {sizes[1]} filters, {sizes[2]} of {sizes[3]} input channels)".strip()
        rows = [list(channel) for channel in shown.transpose(1, 0, 2, 3)]
        beside, above = [f"channel {c}" for c in range(len(rows))], [str(n) for n in range(len(shown))]
        return _mosaic(rows, title, -scale, scale, beside=beside, above=above)
    if array.ndim == 4:
        array = 0.5 + 0.5 * array.transpose(0, 2, 3, 1) / scale
    columns = min(len(array), 10 if len(array) % 10 == 0 else 8)
    rows = [list(array[start : start + columns]) for start in range(0, len(array), columns)]
    return _mosaic(rows, title, -scale, scale)


def feature_maps(activation: ArrayLike | Mapping[str, ArrayLike], *, title: str = "", most: int = 8) -> Figure:
    """What a layer, or several, made of one image: each map in its own range of grey, high values white.

    Args:
        activation: (C, H, W) or (1, C, H, W); or layer name -> such an array, a row each, the first `most` maps of it.

    Raises:
        ValueError: another shape, a batch of more than one image, or nothing at all.
    """
    if not isinstance(activation, Mapping):
        maps = _maps(activation, "feature_maps")
        columns = min(len(maps), most)
        return _mosaic([list(maps[start : start + columns]) for start in range(0, len(maps), columns)], title)
    _not_empty(activation, "feature_maps", "layer")
    layers = {name: _maps(values, f"feature_maps: layer {name!r}") for name, values in activation.items()}
    beside = [f"{name}\n{maps.shape[0]} @ {maps.shape[1]}x{maps.shape[2]}" for name, maps in layers.items()]
    return _mosaic([list(maps[:most]) for maps in layers.values()], title, beside=beside)


def _mosaic(
    rows: Sequence[Sequence[np.ndarray]],
    title: str,
    low: float | None = None,
    high: float | None = None,
    *,
    captions: Sequence[str] | None = None,
    beside: Sequence[str] = (),
    above: Sequence[str] = (),
    ink: bool = False,
) -> Figure:
    """Images in rows, laid out in inches: `captions` over each image, `beside` each row, `above` each column."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    margin, gap, label = 0.2, 0.09, 0.21
    left = margin + (0.06 + 0.075 * max(len(line) for text in beside for line in text.split("\n")) if beside else 0)
    columns = max(map(len, rows))
    tall = max(tile.shape[0] / tile.shape[1] for row in rows for tile in row)
    width = min((WIDTH - left - margin - gap * (columns - 1)) / columns, 1.5)
    height = width * tall + (label if captions else 0)
    top = margin + (0.32 if title else 0) + (label if above else 0)
    total = round(top + len(rows) * (height + gap) - gap + margin, 2)
    with project_style():
        figure = Figure(figsize=(WIDTH, total))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        index = 0
        for i, row in enumerate(rows):
            y = top + i * (height + gap) + (label if captions else 0)
            for j, tile in enumerate(row):
                x = left + j * (width + gap)
                place = (x, x + width, y + width * tile.shape[0] / tile.shape[1], y)
                axes.imshow(tile, cmap="gray_r" if ink else "gray", vmin=low, vmax=high, extent=place)
                axes.add_patch(Rectangle((x, y), width, place[2] - y, fill=False, edgecolor=RULE, linewidth=0.8))
                if captions:
                    axes.text(x + width / 2, y - 0.05, captions[index], ha="center", va="bottom", fontsize=8)
                if above and i == 0:
                    axes.text(x + width / 2, y - 0.05, above[j], ha="center", va="bottom", fontsize=8, color=MUTED)
                index += 1
            if beside:
                axes.text(left - 0.1, y + width * tall / 2, beside[i], ha="right", va="center", fontsize=8)
        axes.set(xlim=(0, WIDTH), ylim=(total, 0), aspect="auto")
        if title:
            axes.text(0.16, margin, title, ha="left", va="top", fontsize=11, fontweight="bold")
    return figure


# Classifiers


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
    points = _array(x, "decision_boundary", "x of shape (N, 2)", (2,))
    labels = np.asarray(y)
    if points.shape[1] != 2:
        raise ValueError(f"decision_boundary expected x of shape (N, 2), got {points.shape}")
    if labels.shape != (len(points),) or not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
        raise ValueError(
            f"decision_boundary expected y of shape ({len(points)},), integers >= 0, got {labels.shape} {labels.dtype}"
        )
    (left, bottom), (right, top) = _box(points, 0.08)
    first, second = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    given = np.asarray(predict(np.stack([first.ravel(), second.ravel()], axis=1)))
    if given.ndim not in (1, 2) or len(given) != first.size or (given.ndim == 2 and given.shape[1] < 2):
        raise ValueError(
            f"decision_boundary expected predict to give ({first.size},) or ({first.size}, C >= 2), got {given.shape}"
        )
    probability = given.ndim == 1 and np.issubdtype(given.dtype, np.floating)
    classes = int(max(labels.max(), 1 if probability else (given.argmax(1) if given.ndim == 2 else given).max())) + 1
    with project_style():
        figure = new_figure(title=title)
        axes = figure.subplots()
        if probability:
            z = given.reshape(first.shape)
            colours = _blend(TINTS[0], PANEL, TINTS[3])
            shades = axes.contourf(first, second, z, levels=np.linspace(0, 1, 11), cmap=colours)
            axes.contour(first, second, z, levels=[0.5], colors=INK, linewidths=1.4)
            bar = figure.colorbar(shades, ax=axes, label="probability of class 1", ticks=[0, 0.25, 0.5, 0.75, 1])
            bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
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
    size = len(names) if names is not None else int(max(true.max(), told.max())) + 1
    if min(true.min(), told.min()) < 0 or max(true.max(), told.max()) >= size:
        worst = (
            max(true.max(), told.max(), key=abs) if max(true.max(), told.max()) >= size else min(true.min(), told.min())
        )
        raise ValueError(f"confusion_matrix expected classes from 0 to {size - 1}, got {worst}")
    counts = np.zeros((size, size), int)
    np.add.at(counts, (true, told), 1)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    shown = list(names) if names is not None else [str(k) for k in range(size)]
    with project_style():
        figure = new_figure(WIDTH * 0.72, title)
        axes = figure.subplots()
        # The square root lifts the few errors out of the background.
        image = axes.imshow(np.sqrt(share), cmap=_blend(*SEQUENTIAL), vmin=0, vmax=1)
        bar = figure.colorbar(
            image, ax=axes, label="share of the true class", ticks=np.sqrt([0, 0.01, 0.1, 0.25, 0.5, 1])
        )
        bar.ax.set_yticklabels(["0", "1 %", "10 %", "25 %", "50 %", "100 %"])
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
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
    _not_empty(panels, "heat_maps", "panel")
    arrays = {name: _array(a, f"heat_maps: panel {name!r}", "(M, N)", (2,)) for name, a in panels.items()}
    shape = next(iter(arrays.values())).shape
    for name, array in arrays.items():
        if array.shape != shape:
            raise ValueError(f"heat_maps expected panels of shape {shape}, got {array.shape} for {name!r}")
    for axis, names in ((1, x), (0, y)):
        if names is not None and len(names) != shape[axis]:
            raise ValueError(f"heat_maps expected {shape[axis]} names along axis {axis}, got {len(names)}")
    low, high = limits or (min(float(a.min()) for a in arrays.values()), max(float(a.max()) for a in arrays.values()))
    columns = min(columns, len(arrays))
    rows = -(-len(arrays) // columns)
    aspect = min(max(shape[0] / shape[1], 0.35), 0.6 if columns == 1 else 1.6)
    with project_style():
        figure = new_figure(1.3 + rows * (0.35 + 6.2 / columns * aspect), title)
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        image = None
        for axes, (name, array) in zip(grid.flat, arrays.items(), strict=False):
            image = axes.imshow(array, cmap=_blend(*SEQUENTIAL), vmin=low, vmax=high, aspect="auto")
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
        bar = figure.colorbar(image, ax=grid, shrink=0.6, pad=0.01)  # pyright: ignore[reportArgumentType]
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
        figure.supxlabel(xlabel, fontsize=9)
        figure.supylabel(ylabel, fontsize=9)
    return figure


# Inside a network


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
    _not_empty(grads, "gradient_flow", "setting")
    layers = list(next(iter(grads.values())))
    sizes: dict[str, list[float]] = {}
    for setting, by_layer in grads.items():
        _not_empty(by_layer, f"gradient_flow: setting {setting!r}", "layer")
        if list(by_layer) != layers:
            raise ValueError(f"gradient_flow expected layers {layers} in setting {setting!r}, got {list(by_layer)}")
        for layer, grad in by_layer.items():
            array = np.asarray(grad, dtype=float)
            if not array.size or not np.isfinite(array).all():
                raise ValueError(
                    f"gradient_flow expected a finite gradient of at least one element for layer {layer!r} in setting"
                    f" {setting!r}, got shape {array.shape} with {int((~np.isfinite(array)).sum())} non-finite"
                )
            sizes.setdefault(setting, []).append(float(np.sqrt(np.mean(array**2))))
    with project_style():
        figure = new_figure(title=title)
        axes = figure.subplots()
        for index, (setting, values) in enumerate(sizes.items()):
            style = index % len(COLORS)
            axes.plot(
                range(len(layers)),
                np.where(np.array(values) > 0, values, np.nan),  # a zero has no logarithm: it leaves a gap
                label=setting,
                color=COLORS[style],
                linestyle=DASHES[style],
                linewidth=2.0,
                marker=MARKERS[style],
                markersize=6,
                markeredgecolor=PANEL,
                markeredgewidth=0.7,
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
    _not_empty(activations, "histograms", "layer")
    nested = isinstance(next(iter(activations.values())), Mapping)
    rows: Mapping[str, Any] = activations if nested else {"": activations}
    values: dict[str, dict[str, np.ndarray]] = {}
    for setting, by_layer in rows.items():
        _not_empty(by_layer, f"histograms: setting {setting!r}", "layer")
        for layer, given in by_layer.items():
            array = np.asarray(given, dtype=float).ravel()
            if not array.size or not np.isfinite(array).all():
                raise ValueError(
                    f"histograms expected finite values for layer {layer!r}, got shape {np.shape(given)} with"
                    f" {int((~np.isfinite(array)).sum())} non-finite"
                )
            values.setdefault(setting, {})[layer] = array
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

    _not_empty(differences, "level_difference", "tensor")
    levels = list(dict.fromkeys(level for row in differences.values() for level in row))
    _not_empty(levels, "level_difference", "level")
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
        image = axes.imshow(np.clip(table, low, None), cmap=_blend(*SEQUENTIAL), norm=norm, aspect="auto")
        bar = figure.colorbar(
            image, ax=axes, label="largest absolute difference", shrink=min(1.0, 2.6 / figure.get_figheight() + 0.3)
        )
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
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
    _not_empty(paths, "loss_surface", "path")
    steps = {}
    for name, given in paths.items():
        array = _array(given, "loss_surface", "a path of shape (T, 2)", (2,))
        if array.shape[1] != 2 or len(array) < 2:
            raise ValueError(f"loss_surface expected a path of shape (T, 2) with T >= 2, got {array.shape}")
        steps[name] = array
    if limits is None:
        (left, bottom), (right, top) = _box(np.concatenate(list(steps.values())), 0.25)
    else:
        (left, right), (bottom, top) = limits
    first, second = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    losses = np.asarray(fn(np.stack([first.ravel(), second.ravel()], axis=1)), dtype=float)
    if losses.shape != (first.size,) or not np.isfinite(losses).all():
        raise ValueError(f"loss_surface expected fn to give ({first.size},) finite losses, got shape {losses.shape}")
    z = losses.reshape(first.shape)
    with project_style():
        figure = new_figure(title=title)
        axes = figure.subplots()
        # Quantiles in place of equal steps: rings stand evenly in a narrow valley too.
        rings = np.unique(np.quantile(z, np.linspace(0, 1, levels + 1) ** 1.5))
        axes.contourf(first, second, z, levels=rings, cmap=_blend("#e9eef5", "#b9c6d8", "#7f93b0"), extend="both")
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


# Shared


def _not_empty(given: Any, where: str, what: str) -> None:
    if not len(given):
        raise ValueError(f"{where} expected at least one {what}, got none")


def _array(given: ArrayLike, where: str, expected: str, dims: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(given)
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool):
        raise ValueError(f"{where} expected {expected} of numbers, got dtype {array.dtype}")
    if array.ndim not in dims or not array.size:
        raise ValueError(f"{where} expected {expected}, not empty, got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{where} expected finite numbers, got {int((~np.isfinite(array)).sum())} that are not")
    return array


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


def _tiles(images: ArrayLike, where: str) -> np.ndarray:
    expected = "(N, H, W), (N, 1, H, W), (N, 3, H, W) or (N, H, W, 3)"
    array = _array(images, where, expected, (3, 4))
    if array.ndim == 3:
        return array
    if array.shape[1] == 1:
        return array[:, 0]
    if array.shape[-1] != 3 and array.shape[1] == 3:
        array = array.transpose(0, 2, 3, 1)
    if array.shape[-1] != 3:
        raise ValueError(f"{where} expected {expected}, got {array.shape}")
    return np.clip(array, 0, 255 if np.issubdtype(array.dtype, np.integer) else 1)


def _maps(activation: ArrayLike, where: str) -> np.ndarray:
    array = _array(activation, where, "(C, H, W) or (1, C, H, W)", (3, 4))
    if array.ndim == 4:
        if len(array) != 1:
            raise ValueError(f"{where} expected one image, (1, C, H, W), got a batch of {len(array)}: {array.shape}")
        array = array[0]
    return array


def _box(points: np.ndarray, margin: float) -> tuple[np.ndarray, np.ndarray]:
    low, high = points.min(0), points.max(0)
    span = np.where(high > low, high - low, 1.0)
    return low - margin * span, high + margin * span


def _cell(axes: Axes, x: float, y: float, text: str, shade: float) -> None:
    axes.text(x, y, text, ha="center", va="center", fontsize=7.5, color="white" if shade > 0.45 else INK)


def _cells_apart(axes: Axes, columns: int, rows: int) -> None:
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(True, which="minor", color=PANEL, linewidth=1.2)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _blend(*colours: str) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("blend", colours)
