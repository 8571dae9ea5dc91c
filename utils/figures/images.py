"""Figures made of images: image grids, the filters of a layer, its feature maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from utils.figures.saving import PHOTOGRAPH
from utils.figures.style import MUTED, RULE, WIDTH, finite_array, not_empty, project_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    return _mosaic(_rows(tiles, columns), title, low, high, captions=titles, ink=ink)


def filters(weights: ArrayLike, *, title: str = "", most: int = 16) -> Figure:
    """The weights of a layer as images: mid grey is zero, white positive, black negative, one scale for all.

    Args:
        weights: (N, H, W), one image each; (N, 1, H, W) alike; (N, 3, H, W) in colour; (N, C, H, W), a column for
            each filter and a row for each input channel, `most` of each at most (the title then says so).

    Raises:
        ValueError: another shape, or no weights.
    """
    array = finite_array(weights, "filters", "(N, H, W) or (N, C, H, W)", (3, 4))
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    scale = float(np.abs(array).max()) or 1.0
    if array.ndim == 4 and array.shape[1] != 3:
        shown = array[:most, :most]
        if shown.shape != array.shape:
            of_filters, of_channels = (f"{shown.shape[axis]} of {array.shape[axis]}" for axis in (0, 1))
            title = f"{title} ({of_filters} filters, {of_channels} input channels)".strip()
        rows = [list(channel) for channel in shown.transpose(1, 0, 2, 3)]
        beside, above = [f"channel {c}" for c in range(len(rows))], [str(n) for n in range(len(shown))]
        return _mosaic(rows, title, -scale, scale, beside=beside, above=above)
    if array.ndim == 4:
        array = 0.5 + 0.5 * array.transpose(0, 2, 3, 1) / scale
    columns = min(len(array), 10 if len(array) % 10 == 0 else 8)
    return _mosaic(_rows(array, columns), title, -scale, scale)


def feature_maps(activation: ArrayLike | Mapping[str, ArrayLike], *, title: str = "", most: int = 8) -> Figure:
    """What a layer, or several, made of one image: each map in its own range of grey, high values white.

    Args:
        activation: (C, H, W) or (1, C, H, W); or layer name -> such an array, a row each, the first `most` maps of it.

    Raises:
        ValueError: another shape, a batch of more than one image, or nothing at all.
    """
    if not isinstance(activation, Mapping):
        maps = _maps(activation, "feature_maps")
        return _mosaic(_rows(maps, min(len(maps), most)), title)
    not_empty(activation, "feature_maps", "layer")
    layers = {name: _maps(values, f"feature_maps: layer {name!r}") for name, values in activation.items()}
    beside = [f"{name}\n{maps.shape[0]} @ {maps.shape[1]}x{maps.shape[2]}" for name, maps in layers.items()]
    return _mosaic([list(maps[:most]) for maps in layers.values()], title, beside=beside)


def _rows(tiles: np.ndarray, columns: int) -> list[list[np.ndarray]]:
    return [list(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]


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
        figure.set_label(PHOTOGRAPH)
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


def _tiles(images: ArrayLike, where: str) -> np.ndarray:
    expected = "(N, H, W), (N, 1, H, W), (N, 3, H, W) or (N, H, W, 3)"
    array = finite_array(images, where, expected, (3, 4))
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
    array = finite_array(activation, where, "(C, H, W) or (1, C, H, W)", (3, 4))
    if array.ndim == 4:
        if len(array) != 1:
            raise ValueError(f"{where} expected one image, (1, C, H, W), got a batch of {len(array)}: {array.shape}")
        array = array[0]
    return array
