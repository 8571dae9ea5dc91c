"""The chapter's data: each set as rows of features and a target, scaled by what the training split shows."""

from __future__ import annotations

import numpy as np

from utils.data_loaders import load_dataset

Batch = dict[str, np.ndarray]

PIXEL_MAX = {"digits": 16.0, "mnist": 255.0}


def load_rows(name: str, split: str) -> Batch:
    """One split of a data set, float64.

    diabetes        inputs (n, 10), targets (n, 1), each column of both with mean 0 and variance 1 over the training split
    breast_cancer   inputs (n, 30), scaled alike, targets (n,): 1.0 for benign
    digits, mnist   inputs (n, 64) or (n, 784), pixels from 0 to 1, targets (n,): the digit
    """
    arrays = load_dataset(name, split).arrays
    if name in PIXEL_MAX:
        images = arrays["images"]
        return {"inputs": images.reshape(len(images), -1) / PIXEL_MAX[name], "targets": arrays["labels"]}
    train = load_dataset(name, "train").arrays
    inputs = _standardise(arrays["inputs"], train["inputs"])
    if name == "diabetes":
        return {"inputs": inputs, "targets": _standardise(arrays["targets"], train["targets"])[:, np.newaxis]}
    return {"inputs": inputs, "targets": arrays["labels"].astype(np.float64)}


def _standardise(values: np.ndarray, train: np.ndarray) -> np.ndarray:
    return (values - train.mean(axis=0)) / train.std(axis=0)
