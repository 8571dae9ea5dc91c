"""The mean prediction over four rotations.

K  classes    H, W  image
"""

from collections.abc import Callable

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Along the classes. logits: (K, H, W). Returns: (K, H, W)"""
    e = np.exp(logits - logits.max(axis=0))
    return e / e.sum(axis=0)


def mean_over_rotations(predict: Callable[[np.ndarray], np.ndarray], image: np.ndarray) -> np.ndarray:
    """Mean probabilities over four rotations, each turned back. predict: (H, W) -> logits (K, H, W). Returns: (K, H, W)"""
    views = [np.rot90(softmax(predict(np.rot90(image, q))), -q, axes=(1, 2)) for q in range(4)]
    return np.mean(views, axis=0)
