"""CIFAR-10 as the paper prepares it (section 4.2): per-pixel mean subtracted, padded crops and flips in training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from utils.config import ConfigError
from utils.data_loaders import load_dataset
from utils.ladder import Batch

Array = np.ndarray


@dataclass(frozen=True)
class Images:
    """The parts of a data set, as published (uint8), with the statistics of its training part."""

    train: Batch
    held_out: Batch  # the last images of the training files, never trained on
    test: Batch
    mean: Array  # (C, H, W), of every pixel
    std: float  # of all pixels together, around that mean
    source: str


def load_images(dataset: str, *, held_out: int, train_images: int | None = None, size: int | None = None) -> Images:
    """dataset: "cifar-10" or "digits".

    Args:
        held_out: how many images of the training files to keep apart, the last ones.
        train_images: train on the first so many only; None takes all.
        size: average-pool the images to this height and width, which must divide theirs.

    Raises:
        ValueError: more is asked for than there is.
    """
    files = {split: load_dataset(dataset, split) for split in ("train", "test")}
    every, test = (
        {"images": as_bchw(files[split].arrays["images"], size), "labels": files[split].arrays["labels"]}
        for split in ("train", "test")
    )
    rest = len(every["labels"]) - held_out
    count = rest if train_images is None else train_images
    if not 0 < count <= rest:
        raise ConfigError(f"{dataset} has {rest} training images beside {held_out} held out, asked for {count}")
    train = {name: array[:count] for name, array in every.items()}
    apart = {name: array[rest:] for name, array in every.items()}
    mean = train["images"].mean(axis=0, dtype=np.float64)  # (C, H, W)
    square = sum(np.square(x - mean).sum() for x in np.array_split(train["images"], 50)) / train["images"].size
    source = " and ".join(data.source for data in files.values())
    return Images(train, apart, test, mean.astype(np.float32), float(np.sqrt(square)), source)


def as_bchw(images: Array, size: int | None) -> Array:
    """(B, H, W) or (B, C, H, W) -> (B, C, size, size), by the mean of blocks of pixels."""
    images = images[:, None] if images.ndim == 3 else images
    if size is None or size == images.shape[2]:
        return images
    B, C, H, W = images.shape
    if H % size or W % size:
        raise ConfigError(f"image_size {size} must divide the images' {H} x {W} pixels")
    blocks = images.reshape(B, C, size, H // size, size, W // size)
    return blocks.mean(axis=(3, 5), dtype=np.float32).round().astype(images.dtype)


def prepare(batch: Batch, data: Images) -> Batch:
    """Per-pixel mean subtracted, divided by the overall standard deviation. Returns: images (B, C, H, W) float32, labels"""
    return {"images": (batch["images"] - data.mean) / np.float32(data.std), "labels": batch["labels"]}


# --8<-- [start:augmentation]
def augment(images: Array, rng: np.random.Generator, *, padding: int = 4, flip: bool = True) -> Array:
    """A random crop of the image padded with zeros (the mean colour), mirrored half of the time (section 4.2).

    images: (B, C, H, W), mean already subtracted. Returns: a new array of that shape
    """
    B, _, H, W = images.shape
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (H, W), axis=(2, 3))  # (B, C, 2p+1, 2p+1, H, W), a view
    top, left = rng.integers(0, 2 * padding + 1, size=(2, B))
    crops = windows[np.arange(B), :, top, left]  # (B, C, H, W)
    if flip:
        mirrored = rng.random(B) < 0.5
        crops[mirrored] = crops[mirrored, :, :, ::-1]
    return crops


# --8<-- [end:augmentation]
