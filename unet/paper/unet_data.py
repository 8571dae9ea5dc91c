"""The chapter's data: a task made by a seeded generator, so that nothing is fetched.

TODO(rungs new): the data of the paper. `utils.data_loaders.load_dataset` gives sets by name, checked against a checksum.
"""

from __future__ import annotations

import numpy as np

from utils.ladder import Batch, Trainer
from utils.training_utils import streams

TASK = "random x with tanh(a x), made by a seeded generator"
SCALES = np.linspace(0.5, 1.5, 5)  # what the model is to find
ROWS = {"train": 200, "test": 100}


def load_task(split: str) -> Batch:
    """One split, "train" or "test". Returns: x (N, 5) from N(0, 1), target (N, 5)"""
    x = streams(0, *ROWS)[split].normal(size=(ROWS[split], len(SCALES)))
    return {"x": x, "target": np.tanh(SCALES * x)}


def error(trainer: Trainer, data: Batch) -> float:
    """The mean squared error."""
    return float(((trainer.predict(data)["y"] - data["target"]) ** 2).mean())
