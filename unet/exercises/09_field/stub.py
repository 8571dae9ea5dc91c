"""The rows of an image that a row of the label map sees, measured."""

import numpy as np
from unet_numpy import UNet


def positive_unet(depth: int, width: int, rng: np.random.Generator) -> UNet:
    """A U-Net of one channel and two classes with positive weights and biases: no ReLU closes, no path cancels another."""
    model = UNet(in_channels=1, classes=2, depth=depth, width=width, rng=rng)
    for p in model.params.values():
        p[...] = rng.uniform(0.5, 1.5, p.shape)
    return model


def rows_seen(model: UNet, side: int) -> np.ndarray:
    """First and last row of the image that each row of the label map sees, in its middle column. Returns: (h, 2) integers"""
    raise NotImplementedError("rows_seen")


def sees_most(model: UNet, side: int) -> int:
    """The largest number of rows that some row of the label map sees."""
    raise NotImplementedError("sees_most")


def shortest_reach(model: UNet, side: int) -> int:
    """The smallest number of rows that some row of the label map sees above itself, or below itself."""
    raise NotImplementedError("shortest_reach")
