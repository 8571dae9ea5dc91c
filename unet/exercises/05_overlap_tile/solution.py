"""Prediction of a large image by overlapping tiles."""

from collections.abc import Callable

import numpy as np


def overlap_tile(predict: Callable[[np.ndarray], np.ndarray], image: np.ndarray, tile: int, out: int) -> np.ndarray:
    """A prediction of every pixel. Beyond its borders the image is mirrored about its outermost pixels.

    predict: (tile, tile) -> (out, out), the middle. image: (H, W), H and W multiples of out. Returns: (H, W)
    """
    margin = (tile - out) // 2
    padded = np.pad(image, margin, mode="reflect")
    result = np.empty(image.shape)
    for i in range(0, image.shape[0], out):
        for j in range(0, image.shape[1], out):
            result[i : i + out, j : j + out] = predict(padded[i : i + tile, j : j + tile])
    return result
