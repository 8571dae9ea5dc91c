"""Classes out of a classifier's outputs, and how many of them are right."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from utils.ladder import Batch, Trainer
from utils.training_utils import in_chunks


def predicted_classes(outputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """The class of every example: the smallest of the "distances", or what the first of the outputs says.

    outputs: scores (N, K), the largest of which wins, or logits (N,) of two classes, of which zero is the border.
    Returns: (N,)
    """
    if "distances" in outputs:
        return outputs["distances"].argmin(axis=1)
    scores = next(iter(outputs.values()))
    return scores > 0 if scores.ndim == 1 else scores.argmax(axis=1)


def accuracy(outputs: Mapping[str, np.ndarray], batch: Batch, labels: str = "labels") -> float:
    """Share of the examples whose class is right; `labels` is what the batch calls the right ones."""
    return float((predicted_classes(outputs) == batch[labels]).mean())


def error_rate(classes: np.ndarray, labels: np.ndarray) -> float:
    """Per cent of `classes` that differ from `labels`, both (N,)."""
    return 100.0 * int((classes != labels).sum()) / len(labels)


def predictions(
    trainer: Trainer, data: Batch, *, rows: int = 1000, prepare: Callable[[Batch], Batch] | None = None
) -> np.ndarray:
    """The class of every example, with the model in evaluation mode, `rows` examples at a time.

    prepare: what is done to the examples of a pass before the model gets them. Returns: (N,)
    """
    chunks = in_chunks(data, rows)
    return np.concatenate([predicted_classes(trainer.predict(prepare(c) if prepare else c)) for c in chunks])
