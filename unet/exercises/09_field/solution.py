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
    images = np.zeros((side + 1, 1, side, side))  # the last one stays black
    rows = np.arange(side)
    images[rows, 0, rows, side // 2] = 1.0
    logits = model.forward(images, training=False)[:, 0]  # (side + 1, h, h)
    changed = logits[:-1, :, logits.shape[2] // 2] != logits[-1, :, logits.shape[2] // 2]  # (side, h)
    first = changed.argmax(axis=0)
    last = side - 1 - changed[::-1].argmax(axis=0)
    return np.stack([first, last], axis=1)


def sees_most(model: UNet, side: int) -> int:
    """The largest number of rows that some row of the label map sees."""
    first, last = rows_seen(model, side).T
    return int((last - first).max()) + 1


def shortest_reach(model: UNet, side: int) -> int:
    """The smallest number of rows that some row of the label map sees above itself, or below itself."""
    first, last = rows_seen(model, side).T
    h = len(first)
    place = np.arange(h) + (side - h) // 2  # of each row of the label map, in the image
    return int(min((place - first).min(), (last - place).min()))
