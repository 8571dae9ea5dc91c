"""Real images without a network: the digits of scikit-learn, for the climbs of the ladders.

climb = Climb(
    dataset=DIGITS,
    batches=lambda rng, steps: digit_batches(digits("train"), 32, rng, steps),
    test=lambda: digits("test"),
    metric="accuracy",
    score=accuracy,                                             # of utils.classification
    ...
)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from utils.data_loaders import load_dataset
from utils.ladder import Batch

DIGITS = "digits (1,797 images of 8x8, scikit-learn)"


def digits(
    split: str, *, flat: bool = False, scale: Callable[[np.ndarray], np.ndarray] = lambda grey: grey / 16.0
) -> Batch:
    """One split of the digits, float64.

    Args:
        split: "train" or "test".
        flat: a row of pixels per image, for networks without convolutions.
        scale: from grey levels between 0 and 16 to what the network expects; by default to between 0 and 1.

    Returns: images (N, 1, 8, 8), or (N, 64) if flat; labels (N,)
    """
    arrays = load_dataset("digits", split).arrays
    grey = arrays["images"].reshape((-1, 64) if flat else (-1, 1, 8, 8))
    return {"images": scale(grey.astype(np.float64)), "labels": arrays["labels"]}


def digit_batches(data: Batch, size: int, rng: np.random.Generator, steps: int) -> Iterator[Batch]:
    """`steps` batches of `size` examples of `data`, drawn with replacement. Each is drawn when it is asked for."""
    for _ in range(steps):
        rows = rng.integers(0, len(data["labels"]), size)
        yield {name: array[rows] for name, array in data.items()}
