"""The chapter's data: slices of the EM challenge, and touching cells made by a seeded generator.

A set is a list of `Slice`s: an image, the class of each of its pixels, its cells one by one, and its weight map.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from deformation import change_grey, deformed_grid, sample, straight_grid
from unet_paper import output_size
from weight_map import class_weights, instances, weight_map

from utils.data_loaders import load_dataset
from utils.ladder import Batch
from utils.training_utils import streams

Array = np.ndarray

HELD_OUT = (5, 11, 17, 23, 29)  # of the 30 slices: every sixth, since neighbouring slices resemble each other
CELLS = "touching cells made by a seeded generator"
GAP = 3.0  # pixels between two cells that touch


@dataclass(frozen=True)
class Slice:
    """image: (H, W) with mean 0 and variance 1 over the set. labels: (H, W), 1 a cell, 0 membrane or background. cells: (H, W),
    numbered from 1. weights: (H, W), equation 2."""

    image: Array
    labels: Array
    cells: Array
    weights: Array


def make_slice(image: Array, labels: Array, *, gaps: bool = True) -> Slice:
    """gaps: whether the weights have the second term of equation 2."""
    cells = instances(labels == 1)
    weights = weight_map(labels, cells) if gaps else class_weights(labels, 2)[labels]
    return Slice(image.astype(np.float32), labels, cells, weights.astype(np.float32))


# ---- the EM challenge ----


@lru_cache(maxsize=4)
def load_slices(split: str, *, count: int | None = None, gaps: bool = True) -> tuple[Slice, ...]:
    """The 25 slices to train on or the 5 held out ("train", "test"); its first `count` for a small set.

    Raises:
        DatasetNotFound: the data is not there.
        ValueError: no such split, or fewer slices than asked for.
    """
    if split not in ("train", "test"):
        raise ValueError(f"the EM slices are split into 'train' and 'test', got {split!r}")
    data = load_dataset("isbi2012", "train").arrays
    images, labels = data["images"] / 255.0, data["labels"]
    kept = [i for i in range(len(images)) if (i in HELD_OUT) == (split == "test")]
    training = [i for i in range(len(images)) if i not in HELD_OUT]
    if count is not None and not 1 <= count <= len(kept):
        raise ValueError(f"the EM slices have {len(kept)} for {split!r}, {count} were asked for")
    mean, sd = images[training].mean(), images[training].std()
    return tuple(make_slice((images[i] - mean) / sd, labels[i].astype(np.int64), gaps=gaps) for i in kept[:count])


# ---- touching cells ----


# --8<-- [start:cells]
def touching_cells(rng: np.random.Generator, side: int, *, cells: int = 9) -> tuple[Array, Array]:
    """Discs of several sizes that crowd together; between two that touch runs a gap of a few dark pixels.

    A pixel lies in the disc whose edge is farthest outwards of it, unless another one's is about as far.

    Returns: image (side, side), grey values about 0 and 1 with noise; labels (side, side), 1 in a disc
    """
    centres = rng.uniform(0.0, side, (cells, 2))
    radii = rng.uniform(0.10, 0.22, cells) * side
    pixels = np.mgrid[:side, :side]
    to_edge = (
        np.sqrt(((pixels - centres[:, :, None, None]) ** 2).sum(axis=1)) - radii[:, None, None]
    )  # (cells, side, side)
    first, second = np.partition(to_edge, 1, axis=0)[:2]
    labels = ((first < 0) & (second - first > GAP)).astype(np.int64)
    brightness = rng.uniform(0.6, 1.0, cells)[to_edge.argmin(axis=0)]
    image = np.where(labels == 1, brightness, 0.15) + 0.1 * rng.standard_normal((side, side))
    return image, labels


# --8<-- [end:cells]


@lru_cache(maxsize=8)
def make_cells(split: str, *, count: int = 20, side: int = 128, gaps: bool = True) -> tuple[Slice, ...]:
    """The same slices on every machine; "train" and "test" have no draw in common."""
    rng = streams(0, split)[split]
    made = (touching_cells(rng, side) for _ in range(count))
    return tuple(make_slice((image - 0.5) / 0.35, labels, gaps=gaps) for image, labels in made)


# ---- tiles ----


# --8<-- [start:tile]
def draw_tile(
    rng: np.random.Generator,
    data: tuple[Slice, ...],
    tile: int,
    *,
    depth: int,
    same: bool = False,
    elastic: bool = True,
) -> Batch:
    """One training tile: a slice, shifted, rotated, mirrored and deformed, its grey values changed.

    Image, labels and weights are looked up at the same places: the labels at the nearest pixel, and only where the network
    predicts.

    Returns: images (1, 1, tile, tile), labels (1, h, w), weights (1, h, w)
    """
    one = data[int(rng.integers(len(data)))]
    grid = (deformed_grid if elastic else straight_grid)(rng, one.labels.shape, tile)
    lost = (tile - output_size(tile, depth, same=same)) // 2
    inner = grid[:, lost : tile - lost, lost : tile - lost]
    image = change_grey(rng, sample(one.image, grid))
    return {
        "images": image[None, None].astype(np.float32),
        "labels": sample(one.labels, inner, nearest=True)[None],
        "weights": sample(one.weights, inner)[None].astype(np.float32),
    }


# --8<-- [end:tile]
