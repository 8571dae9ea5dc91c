"""The receptive field of a unit, counted, and how much of it matters, measured."""

import numpy as np
from conv_numpy import Conv2d  # noqa: F401  for gradient_image


def receptive_field(layers: list[tuple[int, int]]) -> tuple[int, int]:
    """layers: (k, stride) of each, from the image upward. Returns: the field's side and the jump, in pixels."""
    raise NotImplementedError("receptive_field")


def gradient_image(depth: int, k: int, channels: int, rng: np.random.Generator) -> np.ndarray:
    """The squared gradient of one output of a random stack of `depth` convolutions, with `channels` maps everywhere.

    Returns: (r, r), the sum over the input maps, r being the side of the field.
    """
    raise NotImplementedError("gradient_image")


def spread(image: np.ndarray) -> float:
    """The standard deviation of the row number when a pixel is drawn with probability proportional to `image`, (r, w)."""
    raise NotImplementedError("spread")


def growth(depths: list[int], k: int, channels: int, trials: int, rng: np.random.Generator) -> float:
    """The exponent with which the spread of the averaged gradient images grows with the depth."""
    raise NotImplementedError("growth")
