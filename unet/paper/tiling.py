"""Prediction for images of any size: overlapping tiles with mirrored borders (figure 2), and the mean over symmetries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from unet_paper import legal_sizes, output_size

Array = np.ndarray
Predict = Callable[[Array], Array]  # (H, W) -> (K, h, w)


# --8<-- [start:overlap_tile]
def predict_tiles(predict: Predict, image: Array, *, tile: int, depth: int = 4) -> Array:
    """A prediction for every pixel of an image of any size, tile by tile (figure 2). What a tile sees beyond the image is
    the image mirrored.

    Tiles begin at multiples of 2^depth, so that every pooling window holds the same pixels as in one pass over the whole
    padded image: the result is equal to that.

    Args:
        predict: the unpadded network, (tile, tile) -> (K, tile - border, tile - border).
        image: (H, W).
        tile: a legal side.

    Returns: (K, H, W)

    Raises:
        ValueError: a tile that the network does not take, or an image that is no (H, W).
    """
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"predict_tiles expected an image (H, W), got {image.shape}")
    out = output_size(tile, depth)
    margin, step = (tile - out) // 2, max(out // 2**depth, 1) * 2**depth
    if step > out:
        raise ValueError(
            f"a tile of {tile} predicts {out} pixels, fewer than the {step} between tiles; take a larger one"
        )
    H, W = image.shape
    rows, columns = (-(-n // step) for n in (H, W))  # rounded up
    after = [margin + (n - 1) * step + out - size for n, size in ((rows, H), (columns, W))]
    padded = np.pad(image, ((margin, after[0]), (margin, after[1])), mode="reflect")
    parts = [
        [
            predict(padded[i * step : i * step + tile, j * step : j * step + tile])[:, :step, :step]
            for j in range(columns)
        ]
        for i in range(rows)
    ]
    return np.concatenate([np.concatenate(row, axis=2) for row in parts], axis=1)[:, :H, :W]


# --8<-- [end:overlap_tile]


def tile_for(shape: tuple[int, int], depth: int, *, most: int = 1024) -> int:
    """The smallest tile that predicts an image of that shape in one pass, or the largest up to `most`."""
    sides = legal_sizes(max(most, 14 * 2**depth), depth)
    return next((n for n in sides if output_size(n, depth) // 2**depth * 2**depth >= max(shape)), sides[-1])


def predict_padded(predict: Predict, image: Array, *, depth: int = 4) -> Array:
    """The same for the padded network, which takes sides that 2^depth divides: one pass, mirrored at the bottom and right.

    predict: (h, w) -> (K, h, w). image: (H, W). Returns: (K, H, W)
    """
    H, W = image.shape
    padded = np.pad(image, [(0, -n % 2**depth) for n in (H, W)], mode="reflect")
    return predict(padded)[:, :H, :W]


# --8<-- [start:symmetries]
def mean_over_symmetries(predict: Predict, image: Array) -> Array:
    """The mean prediction over the eight rotations and reflections of an image, each turned back. (The paper: seven.)

    predict: (H, W) -> (K, H, W), and (W, H) -> (K, W, H). Returns: (K, H, W)
    """
    total = None
    for mirrored in (False, True):
        for quarters in range(4):
            turned = np.rot90(image[:, ::-1] if mirrored else image, quarters)
            back = np.rot90(predict(turned), -quarters, axes=(1, 2))
            back = back[:, :, ::-1] if mirrored else back
            total = back.copy() if total is None else total + back
    assert total is not None
    # eq: mean-over-symmetries
    return total / 8


# --8<-- [end:symmetries]
