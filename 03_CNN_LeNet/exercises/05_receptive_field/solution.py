"""The receptive field of a unit, counted, and how much of it matters, measured."""

import numpy as np
from conv_numpy import Conv2d


def receptive_field(layers: list[tuple[int, int]]) -> tuple[int, int]:
    """layers: (k, stride) of each, from the image upward. Returns: the field's side and the jump, in pixels."""
    side, jump = 1, 1
    for k, stride in layers:
        side += (k - 1) * jump  # k neighbours below lie k - 1 jumps apart
        jump *= stride
    return side, jump


def gradient_image(depth: int, k: int, channels: int, rng: np.random.Generator) -> np.ndarray:
    """The squared gradient of one output of a random stack of `depth` convolutions, with `channels` maps everywhere.

    Returns: (r, r), the sum over the input maps, r being the side of the field.
    """
    stack = [Conv2d(channels, channels, k, bias=False, rng=rng) for _ in range(depth)]
    side, _ = receptive_field([(k, 1)] * depth)
    x = np.zeros((1, channels, side, side))  # linear: any image gives the same gradient
    for layer in stack:
        x = layer.forward(x)
    dx = np.zeros_like(x)  # (1, channels, 1, 1)
    dx[0, 0] = 1.0
    for layer in reversed(stack):
        dx = layer.backward_input(dx)
    return (dx[0] ** 2).sum(axis=0)


def spread(image: np.ndarray) -> float:
    """The standard deviation of the row number when a pixel is drawn with probability proportional to `image`, (r, w)."""
    rows = np.arange(len(image))
    p = image.sum(axis=1) / image.sum()  # the probability of each row
    mean = (p * rows).sum()
    return float(np.sqrt((p * (rows - mean) ** 2).sum()))


def growth(depths: list[int], k: int, channels: int, trials: int, rng: np.random.Generator) -> float:
    """The exponent with which the spread of the averaged gradient images grows with the depth."""
    spreads = [
        spread(np.mean([gradient_image(depth, k, channels, rng) for _ in range(trials)], axis=0)) for depth in depths
    ]
    slope, _ = np.polyfit(np.log(depths), np.log(spreads), 1)
    return float(slope)
