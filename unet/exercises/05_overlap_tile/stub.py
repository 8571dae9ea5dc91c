"""Prediction of a large image by overlapping tiles."""

from collections.abc import Callable

import numpy as np


def overlap_tile(predict: Callable[[np.ndarray], np.ndarray], image: np.ndarray, tile: int, out: int) -> np.ndarray:
    """A prediction of every pixel. Beyond its borders the image is mirrored about its outermost pixels.

    predict: (tile, tile) -> (out, out), the middle. image: (H, W), H and W multiples of out. Returns: (H, W)
    """
    raise NotImplementedError("overlap_tile")
