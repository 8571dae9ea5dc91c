"""What the ladders of the U-Net climb on, and the tiles that `rungs bench` times them with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from segmentation_metrics import iou
from unet_data import draw_tile, make_cells

from utils.ladder import Batch, Trainer

DEPTH, TILE = 2, 92  # of which 52 x 52 pixels are predicted


def output_size(side: int, depth: int) -> int:
    """Pixels of the label map's side: 12 2^depth - 8 are lost."""
    return side - (12 * 2**depth - 8)


def climb_batches(rng: np.random.Generator, steps: int) -> Iterator[Batch]:
    """A tile a step, deformed."""
    data = make_cells("train")
    for _ in range(steps):
        yield draw_tile(rng, data, TILE, depth=DEPTH)


def climb_test() -> Batch:
    """The middles of four images that no tile comes from: images (4, 1, 128, 128), labels (4, h, w)"""
    data = make_cells("test", count=4)
    side = len(data[0].image)
    lost = (side - output_size(side, DEPTH)) // 2
    middle = slice(lost, side - lost)
    return {
        "images": np.stack([one.image for one in data])[:, None],
        "labels": np.stack([one.labels[middle, middle] for one in data]),
    }


def mean_iou(trainer: Trainer, batch: Batch) -> float:
    """Intersection over union of the cells, over all test pixels together."""
    found = trainer.predict(batch)["logits"].argmax(axis=1) == 1
    return iou(found, batch["labels"] == 1)


def tile_batch(side: int, *, same: bool = False) -> Callable[[np.random.Generator], Batch]:
    """A random image of that side, with labels and weights where the network of depth 4 predicts."""

    def batch(rng: np.random.Generator) -> Batch:
        inner = side if same else output_size(side, 4)
        return {
            "images": rng.normal(size=(1, 1, side, side)),
            "labels": rng.integers(0, 2, (1, inner, inner)),
            "weights": rng.uniform(0.5, 2.0, (1, inner, inner)),
        }

    return batch
